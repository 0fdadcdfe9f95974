"""Files that hold a game: those of :func:`metanash.read_games`, and payoffs as a table (.csv, .tsv) or as JSON.

A table is one matrix, of a zero-sum game, or two of one shape with an empty line between them, for players 1 and 2. In
JSON the payoffs are nested lists: a matrix, a pair of matrices, or a tensor for each of N players. Numbers are
integers, decimals or, in tables, fractions, and are exact until they are rewards, as those of Gambit's files are.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from metanash.archive import ArchiveError, check_readable
from metanash.extensive import ExtensiveGame, Tree, from_tree, read_tree
from metanash.gambit import Units, from_bimatrix, from_payoffs
from metanash.gambit.scaling import Vanished, keeping_payoffs
from metanash.gambit.text import plain_number, text_of
from metanash.gamefile import read_games_in_units, read_provenance
from metanash.games import Game
from metanash.stochastic import StochasticGame, read_stochastic
from metanash.stochastic.files import is_stochastic
from metanash.typing import Array

__all__ = ["FORMATS", "STRATEGIC", "Loaded", "LoadedStochastic", "LoadedTree", "load"]

STRATEGIC = (".nfg", ".gam", ".csv", ".tsv", ".json")
"""Formats of games of one state and one step."""
FORMATS = (*STRATEGIC, ".efg", ".npz")
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


class Loaded(NamedTuple):
    r"""What a file holds.

    Attributes
    ----------
    path : Path
    games : list of games
        Of one class and size; only an .npz holds more than one.
    units : Units
        From values of the games to payoffs.
    strategic : bool
        Whether the format is one of strategic games, whose policies are strategies (A_i,).
    vanished : Vanished, or None
        Of a strategic game: its payoffs, if rewards do not tell them apart, or not well.

    Examples
    --------
    >>> _ = Path("game.csv").write_text("0,2\n3,1\n")
    >>> loaded = load(Path("game.csv"))
    >>> loaded.strategic, loaded.units.scale, type(loaded.game(0)).__name__
    (True, (3.0, 3.0), 'ZeroSumGame')
    """

    path: Path
    games: list[Game]
    units: Units
    strategic: bool
    vanished: Vanished | None = None

    def game(self, number: int | None) -> Game:
        """Return the game of a number, from 0; None stands for the only one. Raises ValueError if there is none."""
        count = len(self.games)
        if number is None and count > 1:
            raise ValueError(
                f"{self.path} holds {count} games, numbered from 0; one of them must be chosen by its number"
            )
        if number is not None and not 0 <= number < count:
            there = "it holds one, game 0" if count == 1 else f"its games are numbered from 0 to {count - 1}"
            raise ValueError(f"{self.path} has no game {number}; {there}")
        return self.games[number or 0]

    def check_rewards(self, what: str) -> None:
        """Raise ValueError if the games lack payoffs that rewards do not tell apart, and ``what`` would need them."""
        if self.vanished is not None and self.vanished.lost:
            raise ValueError(
                f"{self.path}: {self.vanished.reason}; {what} works on rewards. metanash solve and gap take such "
                "payoffs; else use units in which payoffs are nearer to each other"
            )


class LoadedTree(NamedTuple):
    """An .efg that is no Markov game of steps and states.

    Attributes
    ----------
    path : Path
    tree : Tree
        With perfect recall or without.

    Examples
    --------
    >>> from metanash.extensive import End, Move, build_tree
    >>> hidden = {"heads": {"heads": 1, "tails": -1}, "tails": {"heads": -1, "tails": 1}}
    >>> replies = {a: Move(1, "Bob", {b: End([x, -x]) for b, x in row.items()}) for a, row in hidden.items()}
    >>> tree = build_tree("Pennies", ["Ann", "Bob"], Move(0, "Ann", replies))
    >>> LoadedTree(Path("pennies.efg"), tree).game.n_players
    2
    """

    path: Path
    tree: Tree

    @property
    def game(self) -> ExtensiveGame:
        """Its sequence form, in the payoffs of the file; ArchiveError if a player forgets."""
        return from_tree(self.tree)

    def check_number(self, number: int | None) -> None:
        """Raise ValueError if a number is that of no game; there is one, game 0."""
        _check_only(self.path, number)


class LoadedStochastic(NamedTuple):
    """A stochastic game of an .npz, in its own payoffs (:mod:`metanash.stochastic.files`).

    Examples
    --------
    >>> from metanash.stochastic import write_stochastic
    >>> write_stochastic("game.npz", StochasticGame([[[1.0, 2.0]]], [[[0.5], [1.0]]], 0.9, name="stop or go"))
    >>> load("game.npz").game.name
    'stop or go'
    """

    path: Path
    game: StochasticGame

    def check_number(self, number: int | None) -> None:
        """Raise ValueError if a number is that of no game; there is one, game 0."""
        _check_only(self.path, number)


def _check_only(path: Path, number: int | None) -> None:
    if number not in {None, 0}:
        raise ValueError(f"{path} has no game {number}; it holds one, game 0")


def load(path: Path | str, zero_sum: bool | None = None) -> Loaded | LoadedTree | LoadedStochastic:
    r"""Read the games of a file by the end of its name, one of :data:`FORMATS`.

    The units of an .npz that ``metanash convert`` has made are those of the payoffs that it was made of.

    Parameters
    ----------
    path : path
    zero_sum : bool, optional
        As in :func:`metanash.gambit.read_nfg`; not for .npz files.

    Raises
    ------
    ValueError
        If the file is missing, malformed or of another format; the message names the file, the line or entry and what
        can be done.

    Warns
    -----
    NearlyZeroSumWarning
        As :func:`metanash.gambit.read_nfg`. Payoffs that rewards do not tell apart are kept instead, in
        :attr:`Loaded.vanished` or as a tree.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "game.csv")
    ...     _ = path.write_text("3, -1\n-1, 1/2\n")
    ...     loaded = load(path)
    >>> loaded.units.payoff(loaded.game(0).reward[0, 0], 0)
    array([[ 3. , -1. ],
           [-1. ,  0.5]])
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in _DELIMITERS:
        return _in_words(path, _table, zero_sum)
    if suffix == ".json":
        return _in_words(path, _json, zero_sum)
    if suffix == ".efg":
        return _tree_or_markov(path, zero_sum)
    if suffix == ".npz" and is_stochastic(path):
        if zero_sum is not None:
            raise ArchiveError(f"{path}: zero_sum is for games whose sums of payoffs are in doubt; leave it out")
        return LoadedStochastic(path, read_stochastic(path))
    with keeping_payoffs() as kept:
        games, found = read_games_in_units(path, zero_sum)
    if suffix == ".npz":
        found = _units_of_provenance(path, games[0].n_players) or found
    return Loaded(path, games, found, suffix in STRATEGIC, next(iter(kept), None))


def _tree_or_markov(path: Path, zero_sum: bool | None) -> Loaded | LoadedTree:
    """A Markov game if the tree is one by steps and rewards tell its payoffs apart, else its sequence form."""
    try:
        with keeping_payoffs() as kept:
            games, units = read_games_in_units(path, zero_sum)
    except ArchiveError:
        return LoadedTree(path, read_tree(path))  # which says what is wrong if it is no game at all
    return LoadedTree(path, read_tree(path)) if kept else Loaded(path, games, units, False)


def _in_words(path: Path, payoffs: Callable[[Path], Array], zero_sum: bool | None) -> Loaded:
    try:
        table = payoffs(path)
        with keeping_payoffs() as kept:
            made = from_bimatrix if table.ndim == 2 else from_payoffs
            game, units = made(table, zero_sum=zero_sum)
        return Loaded(path, [game], units, True, next(iter(kept), None))
    except ArchiveError:
        raise
    except ValueError as error:
        raise ArchiveError(f"{path}: {error}") from error


def _text(path: Path) -> str:
    check_readable(path, "file of games")
    return text_of(path)


def _table(path: Path) -> Array:
    """Payoffs (A, B) or (2, A, B) of a table, as Fractions."""
    blocks: list[list[tuple[int, list[Fraction]]]] = [[]]
    lines = _text(path).splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            blocks += [[]] * bool(blocks[-1])
            continue
        fields = line.split(_DELIMITERS[path.suffix.lower()])
        blocks[-1] = [*blocks[-1], (number, [_number(path, number, k, field) for k, field in enumerate(fields, 1)])]
    blocks = [block for block in blocks if block]
    if not blocks:
        raise ArchiveError(f"{path}: empty; write a row of payoffs a line, with commas (tabs in a .tsv) between them")
    if len(blocks) > 2:
        raise ArchiveError(
            f"{path}:{blocks[2][0][0]}: a third matrix begins here; a table holds one or two, of more players a .json, "
            ".nfg or .gam does"
        )
    width = len(blocks[0][0][1])
    for number, row in (entry for block in blocks for entry in block):
        if len(row) != width:
            raise ArchiveError(f"{path}:{number}: {len(row)} payoffs, the first row has {width}; rows are equally long")
    if len(blocks) == 2 and len(blocks[0]) != len(blocks[1]):
        raise ArchiveError(
            f"{path}:{blocks[1][0][0]}: the matrix of player 2 has {len(blocks[1])} rows, that of player 1 "
            f"{len(blocks[0])}; both have one row for each action of player 1"
        )
    tables = np.array([[row for _, row in block] for block in blocks], dtype=object)
    return tables[0] if len(tables) == 1 else tables


def _number(path: Path, line: int, entry: int, field: str) -> Fraction:
    value = plain_number(field.strip())
    if value is None:
        raise ArchiveError(
            f"{path}:{line}: entry {entry} is {field.strip()[:40]!r}, no number up to 1e100; write an integer, a "
            "decimal or a fraction like 1/3, and no names of rows or columns"
        )
    return value


def _json(path: Path) -> Array:
    """Payoffs of nested lists, decimals as Fractions."""
    try:
        found = json.loads(_text(path), parse_int=_decimal, parse_float=_decimal, parse_constant=_NoPayoff)
    except json.JSONDecodeError as error:
        raise ArchiveError(f"{path}:{error.lineno}: no JSON ({error.msg}, column {error.colno})") from error
    if not isinstance(found, list):
        raise ArchiveError(
            f"{path}: payoffs in JSON are nested lists, a matrix or one tensor for each player; found "
            f"{_kind(found)} at the top"
        )
    _same_lengths(path, found, ())
    table: Array = np.array(found, dtype=object)
    if table.ndim < 2:
        raise ArchiveError(f"{path}: one list of numbers is no game; a matrix is a list of lists")
    return table


def _kind(found: Any) -> str:
    return {dict: "an object", str: "a text", type(None): "null", bool: "a truth value"}.get(type(found), "a number")


def _same_lengths(path: Path, found: Any, place: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of nested lists; ArchiveError names the first part that is no number or has another shape."""
    where = f"index {list(place)}"
    if not isinstance(found, list):
        if isinstance(found, _NoPayoff):
            raise ArchiveError(
                f"{path}: at {where} there is {found.word[:40]}; payoffs are finite numbers up to 1e100; use another "
                "unit"
            )
        if not isinstance(found, Fraction):
            raise ArchiveError(f"{path}: at {where} there is {_kind(found)}; payoffs are numbers")
        return ()
    if not found:
        raise ArchiveError(f"{path}: the list at {where} is empty; each player needs an action")
    shapes = [_same_lengths(path, part, (*place, k)) for k, part in enumerate(found)]
    for k, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ArchiveError(
                f"{path}: at index {[*place, k]} there are payoffs of shape {shape}, at index {[*place, 0]} of "
                f"{shapes[0]}; they must be equally long"
            )
    return (len(found), *shapes[0])


@dataclass(frozen=True)
class _NoPayoff:
    """A word of JSON in the place of a number, kept until it is known where it stands."""

    word: str


def _decimal(word: str) -> Fraction | _NoPayoff:
    value = plain_number(word)
    return _NoPayoff(word) if value is None else value


def _units_of_provenance(path: Path, players: int) -> Units | None:
    """Units that an archive remembers; None if it remembers none."""
    found = read_provenance(path).get("units")
    if found is None:
        return None
    try:
        units = Units(tuple(found["offset"]), tuple(found["scale"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ArchiveError(f"{path}: units of its provenance cannot be read: {error}") from error
    if len(units.offset) != players:
        raise ArchiveError(
            f"{path}: units of its provenance are of {len(units.offset)} players, the games of {players}"
        )
    return units
