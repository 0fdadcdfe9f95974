"""Gambit's strategic games, .nfg: Markov games of one state and one step."""

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash.archive import ArchiveError, write_text
from metanash.gambit.matrices import from_payoffs, to_payoffs
from metanash.gambit.text import Reader, decimal, quoted
from metanash.gambit.units import Units
from metanash.games import MarkovGame, ZeroSumGame

__all__ = ["nfg_text", "read_nfg", "write_nfg"]


def read_nfg(path: Path | str, zero_sum: bool | None = None) -> tuple[ZeroSumGame | MarkovGame, Units]:
    """Read a strategic game; payoffs one by one or as numbered outcomes.

    Parameters
    ----------
    path : path
    zero_sum : bool, optional
        True: read as zero-sum, the sums of payoffs may differ by rounding. False: as general-sum. Default: zero-sum
        if there are two players whose payoffs have exactly the same sum everywhere.

    Returns
    -------
    game : ZeroSumGame or MarkovGame
        Of one state and one step; its name is the title of the file.
    units : Units
        From values to payoffs. Payoffs that lie in [0, 1] are the rewards as they are.

    Raises
    ------
    ArchiveError
        If the file is missing or malformed, naming the line and what was expected; or is not zero-sum but should be.
    """
    reader = Reader(path)
    title, players = reader.header("NFG", ["1"])
    actions = _strategies(reader, len(players))
    reader.option("text")  # a comment
    table = (_by_outcome if reader.peek.kind == "{" else _one_by_one)(reader, actions)
    try:
        # the action of player 1 runs fastest
        payoffs = np.array(table, dtype=object).reshape(*reversed(actions), len(actions)).T
        return from_payoffs(payoffs, zero_sum=zero_sum, name=title)
    except ValueError as error:
        raise ArchiveError(f"{path}: {error}") from error


def _strategies(reader: Reader, players: int) -> list[int]:
    """Numbers of actions: given as such, or as lists of their names."""
    line = reader.take("{", "the strategies of the players, in braces,").line
    actions = []
    while not reader.option("}"):
        if reader.peek.kind == "{":
            start = reader.peek.line
            actions.append(len(reader.texts("strategies")))
            if not actions[-1]:
                reader.fail(start, f"player {len(actions)} has no strategy; a player needs one")
        else:
            actions.append(reader.integer("a number of strategies", 1))
    if len(actions) != players:
        reader.fail(line, f"strategies must be given for each of {players} players; found {len(actions)}")
    return actions


def _count(reader: Reader, what: str, wanted: int, actions: list[int]) -> None:
    """Refuse a wrong number of entries up to the end of the file."""
    if reader.left != wanted:
        line = reader.ahead(min(wanted, reader.left)).line
        shape = " x ".join(map(str, actions))
        reader.fail(line, f"a game of {shape} strategies has {wanted} {what}; found {reader.left}")


def _one_by_one(reader: Reader, actions: list[int]) -> list[Fraction]:
    wanted = math.prod(actions) * len(actions)
    _count(reader, "payoffs", wanted, actions)
    return [reader.number("a payoff") for _ in range(wanted)]


def _by_outcome(reader: Reader, actions: list[int]) -> list[tuple[Fraction, ...]]:
    """Numbered outcomes with payoffs, then the number of the outcome of each profile; 0 is worth nothing."""
    reader.take("{", "the outcomes, in braces,")
    outcomes = [(Fraction(0),) * len(actions)]
    while not reader.option("}"):
        reader.take("{", "an outcome, in braces,")
        reader.option("text")  # its name
        outcomes.append(reader.payoffs(len(actions)))
    wanted = math.prod(actions)
    _count(reader, "numbers of outcomes", wanted, actions)
    return [outcomes[reader.integer("the number of an outcome", 0, len(outcomes) - 1)] for _ in range(wanted)]


def nfg_text(game: ZeroSumGame | MarkovGame, units: Units | None = None) -> str:
    """Write a game as the text of an .nfg file; see :func:`write_nfg`."""
    payoffs: npt.NDArray[Any] = to_payoffs(game, units)
    players = " ".join(quoted(str(i + 1)) for i in range(len(payoffs)))
    header = f"NFG 1 R {quoted(game.name)} {{ {players} }} {{ {' '.join(map(str, payoffs.shape[1:]))} }}"
    profiles = payoffs.T.reshape(-1, len(payoffs))
    return "\n".join([header, "", *(" ".join(map(decimal, row)) for row in profiles), ""])


def write_nfg(path: Path | str, game: ZeroSumGame | MarkovGame, units: Units | None = None) -> None:
    """Write a game of one state and one step as an .nfg file.

    Parameters
    ----------
    path : path
    game : ZeroSumGame or MarkovGame
    units : Units, optional
        What reading returned: then the payoffs are those that were read, up to rounding. Default: rewards as they
        are (r and -r if zero-sum), of which every bit comes back.

    Raises
    ------
    ValueError
        If the game has more than one state or step; :func:`metanash.gambit.write_efg` writes those.
    """
    write_text(path, nfg_text(game, units))
