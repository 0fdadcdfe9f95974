"""Words and numbers of Gambit files. Every error says the line and what was expected there."""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, NoReturn

from metanash._inner.files import read_at_most
from metanash.archive import ArchiveError, allowed_bytes, check_readable
from metanash.gambit.units import LARGEST

__all__ = [
    "MOST_BITS",
    "MOST_BYTES",
    "QUOTED",
    "SPACE",
    "TOO_LONG",
    "Reader",
    "Token",
    "decimal",
    "plain_number",
    "quoted",
    "text_of",
    "unquoted",
]

MOST_BITS = 2**16
"""Bits of denominators of exact chances and sums; what takes more is refused, since each step takes ever longer."""
MOST_BYTES = 2**26
"""Bytes of a text; a tree of a million nodes has half of them, and takes 20 times as many in memory."""
TOO_LONG = f"is a fraction of more than {int(MOST_BITS * 0.30103):,} digits; round the numbers of the file"


SPACE = r"[\s,]"
QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'
"""Patterns of what stands between tokens, and of a quoted text."""

_TOKEN = re.compile(rf'(?P<space>{SPACE}+)|(?P<text>{QUOTED})|(?P<brace>[{{}}])|(?P<word>[^\s,"{{}}]+)', re.DOTALL)
_SPACES = re.compile(rf"{SPACE}*")
_NUMBER = re.compile(r"[+-]?(?:\d+/\d+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
_QUOTES = re.compile(rf'{QUOTED}|"', re.DOTALL)
_OPEN = "a quote that is opened here is never closed"
_SHOWN = 40
"""Characters of the file that an error message repeats."""
_LONGEST = 4000
"""Characters of a number. Python converts at most 4,300 digits unless it is told to; we write at most 800."""
_MOST_EXPONENT = 999
_BOUND = int(LARGEST)


def text_of(path: Path) -> str:
    """Text of a file.

    Raises
    ------
    ArchiveError
        If it is missing, no file but a pipe or the like, no UTF-8, or longer than :data:`MOST_BYTES` and than what
        ``METANASH_MOST_BYTES`` allows.

    Examples
    --------
    >>> _ = Path("short.nfg").write_text("NFG 1 R")
    >>> text_of(Path("short.nfg"))
    'NFG 1 R'
    """
    check_readable(path, "text file")
    try:
        with path.open("rb") as file:
            most = allowed_bytes() or MOST_BYTES
            content = read_at_most(file, most)
        if len(content) > most:
            raise ArchiveError(
                f"{path}: a text of more than {most:,} bytes. If you know where it is from, and memory is there for 20 "
                f"times its size, set METANASH_MOST_BYTES={path.stat().st_size}"
            )
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ArchiveError(f"{path}: no text file ({error}); save it as UTF-8") from error


class Token(NamedTuple):
    """A piece of a file: ``kind`` is text, word, ``{``, ``}`` or end; ``place`` is where it begins.

    Examples
    --------
    >>> Token("word", "NFG", 0).value
    'NFG'
    """

    kind: str
    value: str
    place: int


class Reader:
    """The tokens of a file, taken one by one.

    Raises
    ------
    ArchiveError
        If the file is missing or no UTF-8 text; and, when it is met, at a quote without end.

    Attributes
    ----------
    text : str
        The whole file, its lines ended by newlines.
    place : int
        How far it was read: where the last token that was taken ends.

    Examples
    --------
    >>> _ = Path("words.txt").write_text('NFG 1 "a title"')
    >>> reader = Reader("words.txt")
    >>> reader.take("word", "the word NFG").value, reader.number("the version"), reader.line(reader.place)
    ('NFG', Fraction(1, 1), 1)
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        text = text_of(self.path)
        self.text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
        self.place = 0
        self._ahead: tuple[int, Token, int] | None = None
        self._numbers: dict[str, Fraction] = {}

    def line(self, place: int) -> int:
        """Number of the line, from 1, of a place in the text."""
        return self.text.count("\n", 0, place) + 1

    def fail(self, place: int, reason: str) -> NoReturn:
        """Raise ArchiveError at the line of a place; a quote without end is the first thing to mend."""
        for found in _QUOTES.finditer(self.text):
            if found.group() == '"':
                place, reason = found.start(), _OPEN
        raise ArchiveError(f"{self.path}:{self.line(place)}: {reason}")

    def expected(self, what: str) -> NoReturn:
        """Raise ArchiveError: something else than the next token should be here."""
        self.fail(self.peek.place, f"{what} was expected, found {self.shown()}")

    def expected_in_list(self, what: str) -> NoReturn:
        """Raise ArchiveError as :meth:`expected`, at the line before where a list seems to lack its closing brace."""
        before, here = self.line(self.place), self.line(self.peek.place)
        if before == here:
            self.expected(what)
        self.fail(self.place, f"{what} was expected next, found {self.shown()} on line {here}")

    def shown(self) -> str:
        """The next token, for messages."""
        token = self.peek
        shown = {"end": "the end of the file", "text": f'the text "{token.value[:_SHOWN]}"'}
        return shown.get(token.kind, repr(token.value[:_SHOWN]))

    def on_this_line(self) -> bool:
        """Whether the next token is in the line in which the last one ended."""
        return "\n" not in self.text[self.place : self.peek.place]

    def _look(self) -> tuple[int, Token, int]:
        """Where the look began, the next token and where it ends; the end of a file is in the line of its last token.

        The token is worked out once for each place.
        """
        if self._ahead is not None and self._ahead[0] == self.place:
            return self._ahead
        start = _SPACES.match(self.text, self.place).end()  # type: ignore[union-attr]  # it matches nothing, too
        if start == len(self.text):
            last = len(self.text)
            while last and self.text[last - 1].isspace():
                last -= 1
            self._ahead = self.place, Token("end", "", last), start
            return self._ahead
        found = _TOKEN.match(self.text, start)
        if found is None:
            self.fail(start, _OPEN)
        part, kind = found.group(), str(found.lastgroup)
        value = unquoted(part) if kind == "text" else part
        self._ahead = self.place, Token(part if kind == "brace" else kind, value, start), found.end()
        return self._ahead

    @property
    def peek(self) -> Token:
        """The next token, which stays."""
        return self._look()[1]

    def count(self) -> int:
        """How many tokens are left; none is taken."""
        before, found = self.place, 0
        while self.peek.kind != "end":
            found, self.place = found + 1, self._look()[2]
        self.place = before
        return found

    def take(self, kind: str, what: str) -> Token:
        """The next token, if it is of this kind."""
        _, token, end = self._look()
        if token.kind != kind:
            self.expected(what)
        self.place = end
        return token

    def option(self, kind: str) -> Token | None:
        """The next token if it is of this kind, else None."""
        return self.take(kind, kind) if self.peek.kind == kind else None

    def number(self, what: str) -> Fraction:
        """An integer, a decimal or a fraction, exactly."""
        token = self.take("word", what)
        known = self._numbers.get(token.value)
        if known is None:
            known = self._numbers[token.value] = self._exact(token, what)
        return known

    def _exact(self, token: Token, what: str) -> Fraction:
        word, shown = token.value, repr(token.value[:_SHOWN])
        if not _NUMBER.fullmatch(word):
            self.fail(token.place, f"{shown} is no number ({what}); write an integer, a decimal or a fraction like 1/3")
        if len(word) > _LONGEST:
            self.fail(
                token.place,
                f"{shown}... ({what}) is a number of {len(word):,} characters; at most {_LONGEST:,} are read: round it",
            )
        try:
            value = fraction(word)
        except ZeroDivisionError:
            self.fail(token.place, f"{shown} is no number ({what}); its denominator is 0")
        except OverflowError:
            self.fail(token.place, f"the exponent of {shown} ({what}) has more than 3 digits; use another unit")
        except ValueError as error:  # a limit that somebody has set
            self.fail(token.place, f"{shown}... ({what}) is a number of {len(word):,} characters: {error}")
        if _beyond(value):
            self.fail(token.place, f"{word[:_SHOWN]} ({what}) is beyond 1e100; use another unit")
        return value

    def integer(self, what: str, low: int, high: int | None = None) -> int:
        """An integer in a range."""
        place, value = self.peek.place, self.number(what)
        if value.denominator != 1 or value < low or (high is not None and value > high):
            upper = "" if high is None else f" and at most {high}"
            found = str(value)[:_SHOWN] if value.denominator < 10**_SHOWN else "a fraction"
            self.fail(place, f"{what} must be an integer of at least {low}{upper}, found {found}")
        return int(value)

    def texts(self, what: str) -> list[str]:
        """Quoted texts in braces."""
        self.take("{", f"the list of {what}, in braces,")
        found = []
        while not self.option("}"):
            if self.peek.kind != "text":
                self.expected_in_list(f"the next of the {what}, in quotes, or a closing brace")
            found.append(self.take("text", what).value)
        return found

    def payoffs(self, players: int, place: int) -> tuple[Fraction, ...]:
        """Numbers up to a closing brace, one for each player; the outcome is that at a place."""
        found = []
        while not self.option("}"):
            if self.peek.kind != "word" or not (_NUMBER.fullmatch(self.peek.value) or self.on_this_line()):
                self.expected_in_list("a payoff or a closing brace")
            found.append(self.number("a payoff"))
        if len(found) != players:
            self.fail(place, f"an outcome has one payoff for each player, {players} in all; found {len(found)}")
        return tuple(found)

    def header(self, magic: str, versions: Sequence[str]) -> tuple[str, list[str]]:
        """Title and names of the players."""
        if (self.peek.kind, self.peek.value) != ("word", magic):
            self.expected(f"the word {magic} of a .{magic.lower()} file")
        self.take("word", magic)
        if self.peek.value not in versions:
            self.expected(f"version {' or '.join(versions)} of the format")
        self.take("word", "a version")
        if self.peek.value not in {"R", "D"}:
            self.expected("R or D (rational or decimal numbers)")
        self.take("word", "R or D")
        title = self.take("text", "the title, in quotes,").value
        place, players = self.peek.place, self.texts("players")
        if not players:
            self.fail(place, "a game needs a player; the list of players is empty")
        return title, players


def fraction(word: str) -> Fraction:
    """Exact value of an integer, a decimal or a fraction.

    Raises
    ------
    OverflowError
        If an exponent has more than three digits.
    ZeroDivisionError, ValueError
        If a denominator is 0, or there are more digits than Python converts.
    """
    if "/" in word:
        above, _, below = word.partition("/")
        return Fraction(int(above), int(below))
    number, _, exponent = word.lower().partition("e")
    whole, _, part = number.partition(".")
    if exponent and len(exponent.lstrip("+-0")) > len(str(_MOST_EXPONENT)):
        raise OverflowError(f"exponents may have {len(str(_MOST_EXPONENT))} digits")
    digits, places = int(whole + part), len(part) - int(exponent or 0)
    return Fraction(digits, 10**places) if places > 0 else Fraction(digits * 10**-places)


def plain_number(word: str) -> Fraction | None:
    """Exact value of a word, or None if :meth:`Reader.number` would refuse it.

    Examples
    --------
    >>> plain_number("1/3"), plain_number("2.5e1"), plain_number("none")
    (Fraction(1, 3), Fraction(25, 1), None)
    """
    if not _NUMBER.fullmatch(word) or len(word) > _LONGEST:
        return None
    try:
        value = fraction(word)
    except (ValueError, OverflowError, ZeroDivisionError):
        return None
    return None if _beyond(value) else value


def _beyond(value: Fraction) -> bool:
    return abs(value.numerator) > _BOUND * value.denominator


def decimal(number: float | Decimal) -> str:
    """Shortest decimal that is read as the same float, or all digits of a Decimal; without an exponent.

    Examples
    --------
    >>> decimal(0.1), decimal(1e-7), decimal(Decimal("2.50"))
    ('0.1', '0.0000001', '2.5')
    """
    text = format(number if isinstance(number, Decimal) else Decimal(repr(float(number))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def quoted(text: str) -> str:
    r"""The text in quotes.

    Examples
    --------
    >>> quoted('the "second" game')
    '"the \\"second\\" game"'
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquoted(text: str) -> str:
    """The text inside quotes; the inverse of :func:`quoted`.

    Examples
    --------
    >>> unquoted(quoted('the "second" game')) == 'the "second" game'
    True
    """
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL) if "\\" in text else text[1:-1]
