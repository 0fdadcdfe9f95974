"""Gambit's strategic games, .nfg: Markov games of one state and one step."""

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

import numpy as np

from metanash.archive import ArchiveError, write_text
from metanash.gambit.bulk import joined, read_numbers, read_outcomes
from metanash.gambit.exact import Decimals
from metanash.gambit.matrices import one_shot, only_one_shot
from metanash.gambit.text import Reader, decimal, quoted
from metanash.gambit.units import Units, written_payoffs
from metanash.games import MarkovGame, ZeroSumGame, check_game
from metanash.transitions import enough_axes
from metanash.typing import Array, Integers

__all__ = ["nfg_text", "read_nfg", "write_nfg"]


def read_nfg(
    path: Path | str, zero_sum: bool | None = None, *, scaled: bool = True
) -> tuple[ZeroSumGame | MarkovGame, Units]:
    r"""Read a strategic game; payoffs one by one or as numbered outcomes.

    Parameters
    ----------
    path : path
    zero_sum : bool, optional
        True: read as zero-sum, the sums of payoffs may differ by rounding (1e-9 of their range). False: as general-sum.
        Default: zero-sum if there are two players whose payoffs have exactly the same sum everywhere.
    scaled : bool
        Each player's payoffs, from the least to the largest, become the rewards [0, 1], so that it does not matter in
        which units a player counts. False: payoffs are the rewards as they are, such as those of a game that was
        written without units (of a zero-sum game: payoffs of player 1); they must lie in [0, 1].

    Returns
    -------
    game : ZeroSumGame or MarkovGame
        Of one state and one step; its name is the title of the file.
    units : Units
        From values to payoffs.

    Raises
    ------
    ArchiveError
        If the file is missing or malformed, naming the line and what was expected; has more than 60 players; or is not
        zero-sum, or its payoffs no rewards, but should be.

    Warns
    -----
    NearlyZeroSumWarning
        If sums of payoffs are constant up to rounding, but not exactly, and ``zero_sum`` is left out.
    VanishingPayoffWarning
        If payoffs of a player that differ cannot be told apart as rewards, since its range is 2^53 (9e15) times as
        large as their difference.

    Examples
    --------
    >>> _ = Path("chicken.nfg").write_text('NFG 1 R "Chicken" { "Ann" "Bob" } { 2 2 }\n6 6 7 2 2 7 0 0\n')
    >>> game, units = read_nfg("chicken.nfg")
    >>> game.name, game.n_actions, units.scale
    ('Chicken', (2, 2), (7.0, 7.0))
    """
    title, payoffs, places = _read(path)
    try:
        return one_shot(payoffs, places, zero_sum=zero_sum, name=title, scaled=scaled)
    except ValueError as error:
        raise ArchiveError(f"{path}: {error}") from error


def _read(path: Path | str) -> tuple[str, Decimals, Integers]:
    """Title, payoffs, and which of them each profile has; the text of the file is given up."""
    reader = Reader(path)
    title, players = reader.header("NFG", ["1"])
    actions = _strategies(reader, len(players))
    reader.option("text")  # a comment
    return title, *(_by_outcome if reader.peek.kind == "{" else _one_by_one)(reader, actions)


def _strategies(reader: Reader, players: int) -> list[int]:
    """Numbers of actions: given as such, or as lists of their names."""
    place = reader.take("{", "the list of strategies, in braces,").place
    try:
        enough_axes(players)
    except ValueError as error:
        reader.fail(place, str(error))
    actions = []
    while not reader.option("}"):
        if reader.peek.kind == "{":
            start = reader.peek.place
            actions.append(len(reader.texts("strategies")))
            if not actions[-1]:
                reader.fail(start, f"player {len(actions)} has no strategy; a player needs one")
        else:
            if reader.peek.kind != "word":
                reader.expected_in_list("a number of strategies, the list of their names or a closing brace")
            actions.append(reader.integer("a number of strategies", 1))
    if len(actions) != players:
        reader.fail(
            place,
            f"strategies must be given for each player: the list before names {players}, this one has {len(actions)}",
        )
    return actions


def _wrong_count(reader: Reader, what: str, wanted: int, actions: list[int]) -> Callable[[int, int], NoReturn]:
    def wrong(found: int, place: int) -> NoReturn:
        shape = " x ".join(map(str, actions))
        reader.fail(place, f"a game of {shape} strategies has {what}, {wanted} in all; found {found}")

    return wrong


def _profiles(entries: Integers, actions: list[int]) -> Integers:
    """Entries in the order of a file, where the action of player 1 runs fastest, as an array (A_1, ..., A_N)."""
    return entries.reshape(*reversed(actions)).T


def _one_by_one(reader: Reader, actions: list[int]) -> tuple[Decimals, Integers]:
    profiles = math.prod(actions)
    wanted = profiles * len(actions)
    wrong = _wrong_count(reader, "a payoff of each player for each profile", wanted, actions)
    pieces = read_numbers(reader, wanted, "a payoff", wrong)
    return joined(pieces, len(actions)), _profiles(np.arange(profiles), actions)


def _by_outcome(reader: Reader, actions: list[int]) -> tuple[Decimals, Integers]:
    """Numbered outcomes with payoffs, then the number of the outcome of each profile; 0 is worth nothing."""
    reader.take("{", "the outcomes, in braces,")
    nothing = np.zeros(len(actions), dtype=np.int64), np.zeros(len(actions), dtype=np.int8), dict[int, Fraction]()
    outcomes = joined([nothing, *read_outcomes(reader, len(actions))], len(actions))
    wanted, before = math.prod(actions), reader.place
    wrong = _wrong_count(reader, "the number of an outcome for each profile", wanted, actions)
    numbers = joined(read_numbers(reader, wanted, "the number of an outcome", wrong), 1)
    which, last = numbers.mantissas[0], outcomes.shape[1] - 1
    if numbers.others or numbers.places.any() or which.min() < 0 or which.max() > last:
        reader.place = before  # once more, for the line
        for _ in range(wanted):
            reader.integer("the number of an outcome", 0, last)
    used, places = np.unique(which, return_inverse=True)
    return outcomes.part(used), _profiles(places.reshape(-1), actions)


def nfg_text(game: ZeroSumGame | MarkovGame, units: Units | None = None) -> str:
    """Write a game as the text of an .nfg file; see :func:`write_nfg`.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import MarkovGame, Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> chicken = MarkovGame([[[[[6 / 7, 2 / 7], [1, 0]]]], [[[[6 / 7, 1], [2 / 7, 0]]]]], still, name="Chicken")
    >>> units = Units((0.0, 0.0), (7.0, 7.0))
    >>> nfg_text(chicken, units).splitlines()[0]
    'NFG 1 R "Chicken" { "1" "2" } { 2 2 }'
    """
    check_game("nfg_text", game, ZeroSumGame, MarkovGame)
    only_one_shot(game)
    payoffs: Array = written_payoffs(game, units)[:, 0, 0]
    players = " ".join(quoted(str(i + 1)) for i in range(len(payoffs)))
    header = f"NFG 1 R {quoted(game.name)} {{ {players} }} {{ {' '.join(map(str, payoffs.shape[1:]))} }}"
    profiles = payoffs.T.reshape(-1, len(payoffs))
    return "\n".join([header, "", *(" ".join(map(decimal, row)) for row in profiles), ""])


def write_nfg(path: Path | str, game: ZeroSumGame | MarkovGame, units: Units | None = None) -> None:
    """Write a game of one state and one step as an .nfg file.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

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

    Examples
    --------
    >>> from metanash import MarkovGame, Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> chicken = MarkovGame([[[[[6 / 7, 2 / 7], [1, 0]]]], [[[[6 / 7, 1], [2 / 7, 0]]]]], still, name="Chicken")
    >>> units = Units((0.0, 0.0), (7.0, 7.0))
    >>> write_nfg("chicken.nfg", chicken, units)
    >>> read_nfg("chicken.nfg")[1].scale
    (7.0, 7.0)
    """
    check_game("write_nfg", game, ZeroSumGame, MarkovGame)
    write_text(path, nfg_text(game, units))
