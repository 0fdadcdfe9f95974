"""Extensive games whose trees are Markov games: read as such, with exact payoffs and chances."""

import itertools
import math
import re
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from metanash._inner.late import scipy
from metanash.archive import ArchiveError
from metanash.gambit.exact import Fractions
from metanash.gambit.scaling import scaled_game
from metanash.gambit.staged import Level, Stage, Staging
from metanash.gambit.text import Reader
from metanash.gambit.trees import read_tree
from metanash.gambit.turns import AnyOrder
from metanash.gambit.units import Units
from metanash.games import MarkovGame, ZeroSumGame
from metanash.transitions import Transition, enough_axes
from metanash.typing import Integers

__all__ = ["read_efg"]

_LABEL = re.compile(r"(\d{1,6}):(\d{1,4})(:\d+)?", re.ASCII)

_MOST_DENSE = 64
"""Kernels of more states than this are sparse."""
_MOST_ENTRIES = 10**8
"""Of the rewards of a player."""


class _States(NamedTuple):
    """Which state each stage of each level is, the number of states, and the one after the end of the game, if any."""

    of: list[list[int]]
    size: int
    end: int | None = None


def _by_label(levels: list[Level]) -> _States | None:
    """States as the labels ``h:s:n`` say, or None where they say nothing or stages of one label are not the same."""
    states: list[list[int]] = []
    for h, level in enumerate(levels):
        found = [_LABEL.fullmatch(stage.node.label) for stage in level]
        states.append([int(match[2]) for match in found if match and int(match[1]) == h])
        if len(states[h]) < len(level):
            return None
    for h, level in enumerate(levels):
        known: dict[int, Any] = {}
        for stage, s in zip(level, states[h], strict=True):
            law = (
                stage.movers,
                stage.widths,
                stage.earned,
                [_state_law(chances, states[h + 1 :]) for chances in stage.following],
            )
            if known.setdefault(s, law) != law:
                return None
    return _States(states, 1 + max(itertools.chain(*states)))


def _state_law(chances: dict[int, Fraction], later: list[list[int]]) -> dict[int, Fraction]:
    """Chances of the states of the next level; those that lead to one state add up."""
    law: dict[int, Fraction] = {}
    for stage, chance in chances.items():
        state = later[0][stage]
        law[state] = law[state] + chance if state in law else chance
    return law


def _which(states: list[int], count: int) -> Integers:
    """The stage of each state; a state that cannot be reached at this step is like the first that can."""
    found = np.zeros(count, dtype=np.int64)
    found[states] = np.arange(len(states))
    return found


class _Joint:
    """Which of its own joint actions each joint action of the game is at a stage.

    A player who has fewer actions there, or does not move, has its last one several times.
    """

    def __init__(self, actions: tuple[int, ...]) -> None:
        self.actions, self._known = actions, dict[Any, Integers]()

    def of(self, stage: Stage) -> Integers:
        """Numbers (A_1 ... A_N,) of entries of ``stage.earned``."""
        key = stage.movers, stage.widths
        if key not in self._known:
            own = np.arange(math.prod(stage.widths)).reshape(stage.widths).transpose(np.argsort(stage.movers))
            widths = np.ones(len(self.actions), dtype=np.int64)
            widths[list(stage.movers)] = stage.widths
            taken = (np.minimum(np.arange(all_), width - 1) for all_, width in zip(self.actions, widths, strict=True))
            self._known[key] = own.reshape(widths)[np.ix_(*taken)].reshape(-1)
        return self._known[key]

    def places(self, level: Level, before: int = 0) -> Integers:
        """Numbers (stages, A_1 ... A_N) of entries of all stages of a level, one after another."""
        begins = before + np.cumsum([0, *(len(stage.earned) for stage in level)])[:-1]
        return begins[:, np.newaxis] + np.stack([self.of(stage) for stage in level])


def _payoffs(levels: list[Level], states: _States, joint: _Joint) -> tuple[Fractions, Integers]:
    """Payoffs of all stages, and where those of (h, s, a) are among them: (H, S, A_1, ..., A_N)."""
    actions = joint.actions
    earned = [payoffs for level in levels for stage in level for payoffs in stage.earned]
    nothing = len(earned)
    if states.end is not None:
        earned.append((Fraction(0),) * len(actions))
    table = np.empty((len(actions), len(earned)), dtype=object)
    for i, row in enumerate(zip(*earned, strict=True)):
        table[i] = row
    places, before = np.empty((len(levels), states.size, math.prod(actions)), dtype=np.int64), 0
    for h, level in enumerate(levels):
        places[h] = joint.places(level, before)[_which(states.of[h], states.size)]
        before += sum(len(stage.earned) for stage in level)
    if states.end is not None:
        places[0, states.end] = places[0, 0]  # as of others that nobody is in at the first step
        places[1:, states.end] = nothing
    return Fractions(table), places.reshape(len(levels), states.size, *actions)


def _transition(levels: list[Level], states: _States, joint: _Joint, dense: bool) -> Transition:
    """The kernels; at the last step every state stays, which nobody gets to see."""
    actions, count, matrices = joint.actions, math.prod(joint.actions), []
    for h, level in enumerate(levels[:-1]):
        laws = [_state_law(chances, states.of[h + 1 :]) for stage in level for chances in stage.following]
        of = joint.places(level)[_which(states.of[h], states.size)]
        if states.end is not None:
            for law in laws:
                if rest := 1 - sum(law.values(), Fraction(0)):
                    law[states.end] = rest
            of[states.end] = len(laws)
            laws.append({states.end: Fraction(1)})
        ends = np.cumsum([0, *map(len, laws)])
        columns = np.array([z for law in laws for z in law], dtype=np.int64)
        shares = np.array([float(chance) for law in laws for chance in law.values()])
        of_row = scipy.sparse.csr_array((shares, columns, ends), shape=(len(laws), states.size))
        matrices.append(of_row[of.reshape(-1)])
    stay = np.arange(states.size).repeat(count)
    matrices.append(
        scipy.sparse.csr_array((np.ones(len(stay)), stay, np.arange(len(stay) + 1)), shape=(len(stay), states.size))
    )
    if not dense:
        return Transition.sparse(matrices, actions)
    return Transition.per_step(
        np.stack([matrix.toarray().reshape(states.size, *actions, states.size) for matrix in matrices])
    )


def _constant_sum(levels: list[Level]) -> Fraction | None:
    """The expected sum of all payoffs of two players, if it is the same whatever they play from any stage on."""
    later: list[Fraction] = []
    for level in reversed(levels):
        sums = [
            {
                sum(earned, sum((chance * later[k] for k, chance in chances.items()), Fraction(0)))
                for earned, chances in zip(stage.earned, stage.following, strict=True)
            }
            for stage in level
        ]
        if any(len(found) > 1 for found in sums):
            return None
        later = [found.pop() for found in sums]
    return later[0] if len(set(later)) == 1 else None


def _balance(levels: list[Level]) -> None:
    """Let player 2 be paid at the first step what both get in all, if that is a constant, and its losses at each step.

    So values stay as they are, and a game of constant sum that ends earlier here than there has a constant sum at each
    step, which is how zero-sum games are known.
    """
    total = _constant_sum(levels)
    if total is not None:
        for h, level in enumerate(levels):
            for stage in level:
                stage.earned = [(first, (0 if h else total) - first) for first, _ in stage.earned]


def _most_actions(levels: list[Level], players: int) -> tuple[int, ...]:
    """For each player, the largest number of actions at a stage; one, if it never moves."""
    most = [1] * players
    for stage in itertools.chain(*levels):
        for player, width in zip(stage.movers, stage.widths, strict=True):
            most[player] = max(most[player], width)
    return tuple(most)


def _check_size(actions: tuple[int, ...], horizon: int, states: int) -> None:
    """Refuse a game that is much larger than its tree: actions of one state are there at all of them."""
    entries = horizon * states * math.prod(actions)
    if entries > _MOST_ENTRIES:
        raise ValueError(
            f"as a Markov game it would have {horizon} steps, {states} states and {actions} actions at each of them, "
            f"{entries} entries a player and more than {_MOST_ENTRIES}; "
            "metanash.extensive.read_extensive reads it as the tree that it is"
        )


def read_efg(
    path: Path | str, zero_sum: bool | None = None, *, scaled: bool = True, any_order: bool = False
) -> tuple[ZeroSumGame | MarkovGame, Units]:
    """Read an extensive game that goes by steps at which all players move without seeing each other.

    States are those of the labels ``h:s:n`` (or ``h:s``) that :func:`metanash.gambit.write_efg` gives its information
    sets, where stages of one h and s have the same payoffs and chances; else every public history is a state. Kernels
    of more than 64 states are sparse.
    (So it is with payoffs that all stand at the end: nobody can tell which step they belong to.) States that cannot be
    reached at a step are there like the first that can; at the last step every state stays.

    Chances must sum to exactly one. Decimals of at least 15 digits after the point, as floats are written, may miss it
    by half a unit of the last digit of each (or half that of floats below one) and are divided by their sum. Chances
    that lead to one state add up. Payoffs before the first move belong to the first step.

    With ``any_order``, a step is a move, and all others that follow it without anybody seeing anything in between, in
    whatever order and of whichever players: so are turns, where one moves at a time, players who move seldom or never,
    and other orders in other places. All players have to know the position at which a step begins, up to chance moves
    that nobody sees. A player who has fewer actions at a state than elsewhere, or does not move there, has its last
    one several times, which changes no value and no gap: what a policy does there is the sum over these. Where the game
    ends earlier than elsewhere it goes on in a last state, in which nobody earns anything.

    Parameters
    ----------
    path, zero_sum, scaled
        As in :func:`metanash.gambit.read_nfg`; zero-sum if payoffs have exactly the same sum all over a step.
    any_order : bool
        Whether steps may be other than moves of players 1 to N, with the same actions everywhere, up to one last step.

    Returns
    -------
    game : ZeroSumGame or MarkovGame
        Its name is the title of the file.
    units : Units
        From values to payoffs.

    Raises
    ------
    ArchiveError
        If the file is missing, malformed, or no game of this shape; the message names the line and the reason.

    Warns
    -----
    NearlyZeroSumWarning, VanishingPayoffWarning
        As :func:`metanash.gambit.read_nfg`.

    Examples
    --------
    >>> from metanash.gambit import Units, write_efg
    >>> from metanash import MarkovGame, Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> chicken = MarkovGame([[[[[6 / 7, 2 / 7], [1, 0]]]], [[[[6 / 7, 1], [2 / 7, 0]]]]], still, name="Chicken")
    >>> units = Units((0.0, 0.0), (7.0, 7.0))
    >>> write_efg("chicken.efg", chicken, units)
    >>> game, units = read_efg("chicken.efg")
    >>> game.name, game.horizon, game.n_actions, units.scale
    ('Chicken', 1, (2, 2), (7.0, 7.0))
    """
    reader = Reader(path)
    title, players = reader.header("EFG", ["2"])
    try:
        enough_axes(len(players))
    except ValueError as error:
        reader.fail(reader.place, str(error))
    root = read_tree(reader, len(players))
    staging = (AnyOrder if any_order else Staging)(reader, root, len(players))
    first, levels = staging.levels()
    try:
        staging.check_actions(levels)
        if staging.ends_early and len(players) == 2 and zero_sum is not False:
            _balance(levels)
        joint = _Joint(_most_actions(levels, len(players)))
        histories = [list(range(len(level))) for level in levels]
        states = _by_label(levels) or _States(histories, max(map(len, levels)))
        if staging.ends_early:
            states = _States(states.of, states.size + 1, end=states.size)
        _check_size(joint.actions, len(levels), states.size)
        starts: dict[int, Fraction] = {}
        for s, share in zip(states.of[0], first, strict=True):
            starts[s] = starts.get(s, Fraction(0)) + share
        initial = np.array([float(starts.get(s, Fraction(0))) for s in range(states.size)])
        transition = _transition(levels, states, joint, dense=states.size <= _MOST_DENSE)
        payoffs, places = _payoffs(levels, states, joint)
        return scaled_game(payoffs, places, transition, initial, title, zero_sum=zero_sum, scaled=scaled)
    except ArchiveError:
        raise
    except ValueError as error:
        raise ArchiveError(f"{path}: {error}") from error
