"""Extensive games whose trees are Markov games: recognised, or refused with line and reason.

A *stage* is a position at which a step begins: players 1, ..., N move in this order, each without seeing the moves of
the step. It is a node, or several to which chance leads and that nobody can tell apart, each with its share. Payoffs
count for the step that leads to them, those before the first move for the first step; those that hang on the next
chance move count with their expectation, which leaves all values as they are.
"""

import itertools
import math
import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from metanash._inner.late import scipy
from metanash.archive import ArchiveError
from metanash.gambit.exact import Fractions
from metanash.gambit.scaling import scaled_game
from metanash.gambit.text import MOST_BITS, TOO_LONG, Reader
from metanash.gambit.trees import Node, Payoffs, read_tree
from metanash.gambit.units import Units
from metanash.games import MarkovGame, ZeroSumGame
from metanash.transitions import Transition, enough_axes
from metanash.typing import Integers

__all__ = ["read_efg"]

_LABEL = re.compile(r"(\d{1,6}):(\d{1,4})(:\d+)?", re.ASCII)

_MOST_DENSE = 64
"""Kernels of more states than this are sparse."""
_ONE = Fraction(1)

Level = list["_Stage"]
Draws = list[tuple[Fraction, Node, Payoffs | None]]
"""Where chance leads: its share, the node, and the payoffs on the way, if any."""


@dataclass
class _Stage:
    """A step from one public history.

    ``nodes`` are its nodes with their shares, which sum to one. ``earned`` and ``following`` have one entry for each
    joint action, in C order: payoffs, and chances of stages of the next level, by their index there.
    """

    nodes: list[tuple[Fraction, Node]]
    actions: tuple[int, ...]
    earned: list[Payoffs] = field(default_factory=list)
    following: list[dict[int, Fraction]] = field(default_factory=list)

    @property
    def node(self) -> Node:
        """The first node."""
        return self.nodes[0][1]


class _States(NamedTuple):
    """Which state each stage of each level is, and the number of states."""

    of: list[list[int]]
    size: int


def _add(one: Payoffs | None, other: Payoffs | None, weight: Fraction = _ONE) -> Payoffs | None:
    """Sum of payoffs; None stands for zeros."""
    if other is None:
        return one
    if weight != 1:
        other = tuple(weight * payoff for payoff in other)
    return other if one is None else tuple(a + b for a, b in zip(one, other, strict=True))


def _draws(reader: Reader, node: Node) -> Draws:
    """Where chance leads from a node."""
    if node.kind != "c":
        return [(_ONE, node, node.payoffs)]
    found: Draws = []
    todo: Draws = [(_ONE, node, None)]
    while todo:
        share, node, owed = todo.pop()
        owed = _add(owed, node.payoffs)
        if share.denominator.bit_length() > MOST_BITS:
            reader.fail(node.place, f"the chance to come here {TOO_LONG}")
        if node.kind != "c":
            found.append((share, node, owed))
            continue
        branches = zip(reversed(node.chances), reversed(node.children), strict=True)
        todo += [(share * chance, child, owed) for chance, child in branches if chance]
    return found


class _Staging:
    """Cuts a tree into levels of stages."""

    def __init__(self, reader: Reader, root: Node, players: int) -> None:
        self.reader, self.root, self.players = reader, root, players
        self.owner: dict[tuple[int, int], Node] = {}
        self.nothing: Payoffs = (Fraction(0),) * players

    def refuse(self, node: Node, reason: str) -> NoReturn:
        self.reader.fail(
            node.place,
            f"no Markov game: {reason}. A game is read if it goes by steps at which players 1 to {self.players} move "
            "in this order without seeing each other's move, with nothing but chance moves between steps; "
            "metanash.extensive.read_extensive reads every tree with perfect recall",
        )

    def levels(self) -> tuple[list[Fraction], list[Level]]:
        """Chances of the stages of the first level, and all levels."""
        first = _draws(self.reader, self.root)
        for _, node, _ in first:
            if node.kind == "t":
                self.refuse(node, "it ends before anybody moves")
        groups = self.groups(first)
        level = [self.stage(group) for group in groups]
        given = [self.expected(group) for group in groups]
        levels = [level]
        while following := self.follow(level, given):
            level, given = following, [None] * len(following)
            levels.append(level)
        return [sum((share for share, _, _ in group), Fraction(0)) for group in groups], levels

    def groups(self, draws: Draws) -> list[Draws]:
        """Draws by what the players know: those that lead to one information set of player 1 are one stage."""
        found: dict[int, Draws] = {}
        for draw in draws:
            found.setdefault(draw[1].information_set if draw[1].player == 0 else -1 - len(found), []).append(draw)
        return list(found.values())

    def expected(self, draws: Draws) -> Payoffs | None:
        """Mean payoffs of draws of one stage, given that they lead there."""
        total = sum(share for share, _, _ in draws)
        mean: Payoffs | None = None
        for share, _, payoffs in draws:
            mean = _add(mean, payoffs, share / total if len(draws) > 1 else _ONE)
        return mean

    def stage(self, draws: Draws) -> _Stage:
        """The moves of one step, checked to be simultaneous."""
        total = sum(share for share, _, _ in draws)
        first = [(share / total if len(draws) > 1 else _ONE, node) for share, node, _ in draws]
        nodes, actions = [node for _, node in first], []
        for player in range(self.players):
            number = self.check_moves(nodes, player)
            if self.owner.setdefault((player, number), first[0][1]) is not first[0][1]:
                line = self.reader.line(self.owner[player, number].place)
                self.refuse(first[0][1], f"player {player + 1} cannot tell it from the position of line {line}")
            actions.append(nodes[0].width)
            nodes = [child for parent in nodes for child in parent.children]
        return _Stage(first, tuple(actions))

    def check_moves(self, nodes: list[Node], player: int) -> int:
        """Number of the one information set that all these nodes of a step must be in."""
        for node in nodes:
            if node.kind != "p" or node.player != player:
                found = {"c": "chance moves", "t": "the game ends"}.get(node.kind, f"player {node.player + 1} moves")
                self.refuse(node, f"{found} where player {player + 1} should move")
            if node.information_set != nodes[0].information_set:
                self.refuse(node, self.sees(player))
        return nodes[0].information_set

    def sees(self, player: int) -> str:
        others = "others do" if self.players > 1 else "it should not"
        return f"player {player + 1} sees what {others} in the same step, or what chance did and others do not see"

    def leaves(self, node: Node) -> list[tuple[Node, Payoffs | None]]:
        """The successor of each joint action, and the payoffs inside the step."""
        found: list[tuple[Node, Payoffs | None]] = [(child, None) for child in node.children]
        for _ in range(self.players - 1):
            found = [(child, _add(owed, parent.payoffs)) for parent, owed in found for child in parent.children]
        return found

    def follow(self, level: Level, given: list[Payoffs | None]) -> Level:
        """The stages of the next level, empty at the end of the game; ``given`` are payoffs whatever is played."""
        following: Level = []
        ended: list[Node] = []
        for stage, owed in zip(level, given, strict=True):
            for joint in zip(*(self.leaves(node) for _, node in stage.nodes), strict=True):
                earned, draws = owed, Draws()
                for (weight, _), (leaf, inside) in zip(stage.nodes, joint, strict=True):
                    earned = _add(earned, inside, weight)
                    draws += [(weight * share, node, payoffs) for share, node, payoffs in _draws(self.reader, leaf)]
                for share, _, payoffs in draws:
                    earned = _add(earned, payoffs, share)
                ended += [node for _, node, _ in draws if node.kind == "t"]
                chances: dict[int, Fraction] = {}
                for group in self.groups([draw for draw in draws if draw[1].kind != "t"]):
                    chances[len(following)] = sum((share for share, _, _ in group), Fraction(0))
                    following.append(self.stage(group))
                stage.earned.append(earned or self.nothing)
                stage.following.append(chances)
        if ended and following:
            self.refuse(ended[0], "it ends here, and goes on elsewhere after as many steps")
        return following


def _same_actions(staging: _Staging, levels: list[Level]) -> tuple[int, ...]:
    wanted = levels[0][0].actions
    for stage in itertools.chain(*levels):
        if stage.actions != wanted:
            staging.refuse(stage.node, f"there are {stage.actions} actions here and {wanted} in the first step")
    return wanted


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
            law = stage.earned, [_state_law(chances, states[h + 1 :]) for chances in stage.following]
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


def _payoffs(levels: list[Level], states: _States, actions: tuple[int, ...]) -> tuple[Fractions, Integers]:
    """Payoffs of all stages, and where those of (h, s, a) are among them: (H, S, A_1, ..., A_N)."""
    joint = math.prod(actions)
    earned = [payoffs for level in levels for stage in level for payoffs in stage.earned]
    table = np.empty((len(actions), len(earned)), dtype=object)
    for i, row in enumerate(zip(*earned, strict=True)):
        table[i] = row
    places, before = np.empty((len(levels), states.size, joint), dtype=np.int64), 0
    for h, level in enumerate(levels):
        places[h] = before + _which(states.of[h], states.size)[:, np.newaxis] * joint + np.arange(joint)
        before += len(level) * joint
    return Fractions(table), places.reshape(len(levels), states.size, *actions)


def _transition(levels: list[Level], states: _States, actions: tuple[int, ...], dense: bool) -> Transition:
    """The kernels; at the last step every state stays, which nobody gets to see."""
    joint, matrices = math.prod(actions), []
    for h, level in enumerate(levels[:-1]):
        laws = [_state_law(chances, states.of[h + 1 :]) for stage in level for chances in stage.following]
        ends = np.cumsum([0, *map(len, laws)])
        columns = np.array([z for law in laws for z in law], dtype=np.int64)
        shares = np.array([float(chance) for law in laws for chance in law.values()])
        of = (_which(states.of[h], states.size)[:, np.newaxis] * joint + np.arange(joint)).reshape(-1)
        of_row = scipy.sparse.csr_array((shares, columns, ends), shape=(len(laws), states.size))
        matrices.append(of_row[of])
    stay = np.arange(states.size).repeat(joint)
    matrices.append(
        scipy.sparse.csr_array((np.ones(len(stay)), stay, np.arange(len(stay) + 1)), shape=(len(stay), states.size))
    )
    if not dense:
        return Transition.sparse(matrices, actions)
    return Transition.per_step(
        np.stack([matrix.toarray().reshape(states.size, *actions, states.size) for matrix in matrices])
    )


def read_efg(
    path: Path | str, zero_sum: bool | None = None, *, scaled: bool = True
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

    Parameters
    ----------
    path, zero_sum, scaled
        As in :func:`metanash.gambit.read_nfg`; zero-sum if payoffs have exactly the same sum all over a step.

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
    staging = _Staging(reader, root, len(players))
    first, levels = staging.levels()
    try:
        actions = _same_actions(staging, levels)
        histories = _States([list(range(len(level))) for level in levels], max(map(len, levels)))
        states = _by_label(levels) or histories
        starts: dict[int, Fraction] = {}
        for s, share in zip(states.of[0], first, strict=True):
            starts[s] = starts.get(s, Fraction(0)) + share
        initial = np.array([float(starts.get(s, Fraction(0))) for s in range(states.size)])
        transition = _transition(levels, states, actions, dense=states.size <= _MOST_DENSE)
        payoffs, places = _payoffs(levels, states, actions)
        return scaled_game(payoffs, places, transition, initial, title, zero_sum=zero_sum, scaled=scaled)
    except ArchiveError:
        raise
    except ValueError as error:
        raise ArchiveError(f"{path}: {error}") from error
