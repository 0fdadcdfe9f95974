"""Words and numbers of Gambit files. Every error says the line and what was expected there."""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, NoReturn

from metanash.archive import ArchiveError
from metanash.gambit.units import LARGEST

__all__ = ["Reader", "Token", "decimal", "quoted"]

_TOKEN = re.compile(r'(?P<space>[\s,]+)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<brace>[{}])|(?P<word>[^\s,"{}]+)', re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+/\d+|(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?)", re.ASCII)
_SHOWN = 40
"""Characters of the file that an error message repeats."""


class Token(NamedTuple):
    """A piece of a file: ``kind`` is text, word, ``{``, ``}`` or end."""

    kind: str
    value: str
    line: int


class Reader:
    """The tokens of a file, taken one by one.

    Raises
    ------
    ArchiveError
        If the file is missing or no UTF-8 text, or has a quote without end.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            text = self.path.read_text(encoding="utf-8-sig")
        except FileNotFoundError as error:
            raise ArchiveError(f"{path}: no such file") from error
        except (OSError, UnicodeDecodeError) as error:
            raise ArchiveError(f"{path}: no text file ({error}); save it as UTF-8") from error
        self._tokens = self._split(text)
        self._next = 0

    def _split(self, text: str) -> list[Token]:
        tokens, line, place = [], 1, 0
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                self.fail(line, "a quote that is opened here is never closed")
            part = found.group()
            if found.lastgroup == "text":
                tokens.append(Token("text", re.sub(r"\\(.)", r"\1", part[1:-1], flags=re.DOTALL), line))
            elif found.lastgroup != "space":
                tokens.append(Token(part if found.lastgroup == "brace" else "word", part, line))
            line, place = line + part.count("\n"), found.end()
        return [*tokens, Token("end", "", line)]

    def fail(self, line: int, reason: str) -> NoReturn:
        """Raise ArchiveError at a line."""
        raise ArchiveError(f"{self.path}:{line}: {reason}")

    def expected(self, what: str) -> NoReturn:
        """Raise ArchiveError: something else than the next token should be here."""
        token = self.peek
        shown = {"end": "the end of the file", "text": f'the text "{token.value[:_SHOWN]}"'}
        self.fail(token.line, f"{what} was expected, found {shown.get(token.kind, repr(token.value[:_SHOWN]))}")

    @property
    def peek(self) -> Token:
        """The next token, which stays."""
        return self._tokens[self._next]

    @property
    def left(self) -> int:
        """How many tokens are left before the end."""
        return len(self._tokens) - 1 - self._next

    def ahead(self, count: int) -> Token:
        """The token so many places after the next, or the end."""
        return self._tokens[min(self._next + count, len(self._tokens) - 1)]

    def take(self, kind: str, what: str) -> Token:
        """The next token, if it is of this kind."""
        token = self.peek
        if token.kind != kind:
            self.expected(what)
        self._next += 1
        return token

    def option(self, kind: str) -> Token | None:
        """The next token if it is of this kind, else None."""
        return self.take(kind, kind) if self.peek.kind == kind else None

    def number(self, what: str) -> Fraction:
        """An integer, a decimal or a fraction, exactly."""
        token = self.take("word", what)
        try:
            value = Fraction(token.value) if _NUMBER.fullmatch(token.value) else None
        except (ValueError, ZeroDivisionError):
            value = None
        if value is None:
            shown = repr(token.value[:_SHOWN])
            self.fail(token.line, f"{shown} is no number ({what}); write an integer, a decimal or a fraction like 1/3")
        if abs(value) > LARGEST:
            self.fail(token.line, f"{token.value[:_SHOWN]} ({what}) is beyond 1e100; use another unit")
        return value

    def integer(self, what: str, low: int, high: int | None = None) -> int:
        """An integer in a range."""
        line, value = self.peek.line, self.number(what)
        if value.denominator != 1 or value < low or (high is not None and value > high):
            upper = "" if high is None else f" and at most {high}"
            self.fail(line, f"{what} must be an integer of at least {low}{upper}, found {value}")
        return int(value)

    def texts(self, what: str) -> list[str]:
        """Quoted texts in braces."""
        self.take("{", f"the list of {what}, in braces,")
        found = []
        while not self.option("}"):
            found.append(self.take("text", f"the next of the {what}, in quotes, or a closing brace").value)
        return found

    def payoffs(self, players: int) -> tuple[Fraction, ...]:
        """Numbers up to the closing brace, one a player."""
        line, found = self.peek.line, []
        while not self.option("}"):
            found.append(self.number("a payoff"))
        if len(found) != players:
            self.fail(line, f"an outcome has one payoff a player, {players} in all; found {len(found)}")
        return tuple(found)

    def header(self, magic: str, versions: Sequence[str]) -> tuple[str, list[str]]:
        """Title and names of the players."""
        if self.peek.value != magic:
            self.expected(f"the word {magic} of a .{magic.lower()} file")
        self.take("word", magic)
        if self.peek.value not in versions:
            self.expected(f"version {' or '.join(versions)} of the format")
        self.take("word", "a version")
        if self.peek.value not in {"R", "D"}:
            self.expected("R or D (rational or decimal numbers)")
        self.take("word", "R or D")
        title = self.take("text", "the title, in quotes,").value
        line, players = self.peek.line, self.texts("players")
        if not players:
            self.fail(line, "a game needs a player; the list of players is empty")
        return title, players


def decimal(number: float | Decimal) -> str:
    """Shortest decimal that is read as the same float, or all digits of a Decimal; without an exponent."""
    text = format(number if isinstance(number, Decimal) else Decimal(repr(float(number))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def quoted(text: str) -> str:
    """The text in quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
