"""Numbers of a file, thousands at a time; :class:`metanash.gambit.text.Reader` has the last word on odd ones."""

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from metanash.gambit.exact import Decimals
from metanash.gambit.text import QUOTED, SPACE, Reader, plain_number
from metanash.typing import Integers

__all__ = ["Pieces", "joined", "read_numbers", "read_outcomes"]

_PIECE = 1 << 16
"""Characters that are looked at together."""
_PLAIN = re.compile(r"[0-9+\-.,/eE \t\n]*")
_BREAK = re.compile(SPACE)
_NAMED = re.compile(rf"\{{{SPACE}*{QUOTED}", re.DOTALL)

_Parts = tuple[Integers, npt.NDArray[np.int8], dict[int, Fraction]]
Pieces = list[_Parts]
"""Mantissas and places of decimals, and what is no such number, by its place; one after another."""


def joined(pieces: Pieces, players: int) -> Decimals:
    """Numbers of which each player has one in turn; the pieces are used up.

    Examples
    --------
    >>> pieces = [(np.array([15, 2, 3]), np.array([1, 0, 0], dtype=np.int8), {}), (np.array([4]), np.array([0],
    ...     dtype=np.int8), {})]
    >>> table = joined(pieces, players=2)
    >>> [[str(table.number(i, k)) for k in range(2)] for i in range(2)]
    [['3/2', '3'], ['2', '4']]
    """
    size = sum(len(mantissas) for mantissas, _, _ in pieces)
    table = np.empty((size // players, players), dtype=np.int64), np.empty((size // players, players), dtype=np.int8)
    others, before = dict[tuple[int, int], Fraction](), 0
    pieces.reverse()
    while pieces:
        mantissas, places, rare = pieces.pop()
        here = slice(before, before + len(mantissas))
        table[0].reshape(-1)[here], table[1].reshape(-1)[here] = mantissas, places
        others |= {((before + k) % players, (before + k) // players): value for k, value in rare.items()}
        before += len(mantissas)
    return Decimals(table[0].T, table[1].T, others)


def read_numbers(reader: Reader, wanted: int, what: str, wrong: Callable[[int, int], NoReturn]) -> Pieces:
    """Numbers up to the end of the file, in pieces.

    Parameters
    ----------
    reader : Reader
    wanted : int
        How many there should be, at least one.
    what : str
        What one is, such as "a payoff".
    wrong : function
        Called with the number found and a place of the text where there are more or fewer.

    Raises
    ------
    ArchiveError
        If there is something that is no number; the message names the line.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("numbers.txt").write_text("1 2.5 -3")
    >>> pieces = read_numbers(Reader("numbers.txt"), 3, "a payoff", lambda *_: None)
    >>> table = joined(pieces, players=3)
    >>> [str(table.number(k, 0)) for k in range(3)]
    ['1', '5/2', '-3']
    """
    text, pieces, missing = reader.text, list[_Parts](), wanted
    while missing and reader.peek.kind != "end":
        start = reader.place
        cut = _BREAK.search(text, min(start + _PIECE, len(text)))
        end = cut.start() if cut else len(text)
        parts = _numbers(text[start:end])
        if parts is None or len(parts[0]) > missing:
            parts = _one_by_one(reader, end, what, missing)
        else:
            reader.place = end
        pieces.append(parts)
        missing -= len(parts[0])
    if missing or reader.peek.kind != "end":
        place = reader.peek.place
        wrong(wanted - missing + reader.count(), place)
    return pieces


def read_outcomes(reader: Reader, players: int) -> Pieces:
    """Payoffs of outcomes, in pieces, up to the brace that closes them: each a name, if any, and numbers, in braces.

    Raises
    ------
    ArchiveError
        If there is anything else; the message names the line.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("outcomes.txt").write_text('{ "win" 1, -1 } { "lose" -1, 1 } }')
    >>> table = joined(read_outcomes(Reader("outcomes.txt"), 2), 2)
    >>> table.shape, int(table.number(0, 0))
    ((2, 2), 1)
    """
    text, pieces = reader.text, list[_Parts]()
    while not reader.option("}"):
        start = reader.place
        end = text.find("}", start + _PIECE) + 1
        parts = _outcomes(text[start:end], players) if end else None
        if parts is None:
            parts = _one_outcome(reader, players)
        else:
            reader.place = end
        pieces.append(parts)
    return pieces


def _one_outcome(reader: Reader, players: int) -> _Parts:
    place = reader.take("{", "an outcome, in braces,").place
    reader.option("text")  # its name
    return _sorted_out(reader.payoffs(players, place))


def _outcomes(piece: str, players: int) -> _Parts | None:
    """Payoffs of whole outcomes, or None if they are not like each other."""
    unnamed = _NAMED.sub("{", piece)
    letters = np.frombuffer(unnamed.encode(), dtype=np.uint8)
    opened, closed = (np.flatnonzero(letters == ord(brace)) for brace in "{}")
    if len(opened) != len(closed) or (opened > closed).any() or (opened[1:] < closed[:-1]).any():
        return None
    between = (letters <= ord(" ")) | (letters == ord(",")) | (letters == ord("{")) | (letters == ord("}"))
    words = np.flatnonzero(~between[1:] & between[:-1]) + 1  # where they begin
    if (np.searchsorted(words, closed) - np.searchsorted(words, opened) != players).any():
        return None
    parts = _numbers(unnamed.replace("{", " ").replace("}", " "))
    return parts if parts is not None and len(parts[0]) == len(opened) * players else None


def _one_by_one(reader: Reader, end: int, what: str, most: int) -> _Parts:
    """Numbers up to a place of the text, with errors that name the line."""
    values = list[Fraction]()
    while len(values) < most and reader.place < end and reader.peek.kind != "end":
        values.append(reader.number(what))
    return _sorted_out(values)


def _sorted_out(values: Sequence[Fraction]) -> _Parts:
    """Decimals, and numbers that are none of the wanted size."""
    mantissas, places = np.zeros(len(values), dtype=np.int64), np.zeros(len(values), dtype=np.int8)
    others = {}
    for k, value in enumerate(values):
        parts = _decimal(value)
        if parts is None:
            others[k] = value
        else:
            mantissas[k], places[k] = parts
    return mantissas, places, others


def _decimal(value: Fraction) -> tuple[int, int] | None:
    """Mantissa and places of a decimal of the sizes of :class:`metanash.gambit.exact.Decimals`."""
    below, places = value.denominator, 0
    twos = (below & -below).bit_length() - 1
    below >>= twos
    fives = 0
    while below % 5 == 0:
        below, fives = below // 5, fives + 1
    places = max(twos, fives)
    mantissa = value.numerator * (10**places // value.denominator)
    fits = below == 1 and places <= Decimals.MOST_PLACES and abs(mantissa) < Decimals.LARGEST
    return (mantissa, places) if fits else None


def _numbers(piece: str) -> _Parts | None:
    """Numbers of a piece of text, or None if it holds anything that :meth:`Reader.number` should look at."""
    if not _PLAIN.fullmatch(piece):
        return None
    words = piece.replace(",", " ").split()
    odd = set[int]()
    if "e" in piece or "E" in piece or "/" in piece:
        odd |= {k for k, word in enumerate(words) if "e" in word or "E" in word or "/" in word}
    line = " ".join(["0" if k in odd else word for k, word in enumerate(words)] if odd else words)
    places = _places(line, len(words))
    digits = line.replace(".", "").split()
    if places is None or len(digits) != len(words):  # a point alone
        return None
    try:
        whole = [int(word) for word in digits]
    except ValueError:
        return None
    odd |= set(np.flatnonzero(places > Decimals.MOST_PLACES).tolist())
    if whole and max(*whole, -min(whole)) >= Decimals.LARGEST:
        odd |= {k for k, number in enumerate(whole) if abs(number) >= Decimals.LARGEST}
    for k in odd:
        whole[k] = places[k] = 0
    mantissas, others = np.array(whole, dtype=np.int64), dict[int, Fraction]()
    for k in odd:
        value = plain_number(words[k])
        if value is None:
            return None
        parts = _decimal(value)
        if parts is None:
            others[k] = value
        else:
            mantissas[k], places[k] = parts
    return mantissas, places.astype(np.int8), others


def _places(line: str, count: int) -> Integers | None:
    """Digits after the point of words between single spaces, or None if one has two points."""
    places = np.zeros(count, dtype=np.int64)
    if "." in line:
        letters = np.frombuffer(line.encode(), dtype=np.uint8)
        ends = np.append(np.flatnonzero(letters == ord(" ")), len(letters))
        points = np.flatnonzero(letters == ord("."))
        words = np.searchsorted(ends, points)
        if (np.diff(words) == 0).any():
            return None
        places[words] = ends[words] - points - 1
    return places
