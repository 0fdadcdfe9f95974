"""Extensive games whose trees are Markov games: recognised, or refused with line and reason.

A *stage* is a node at which a step begins: players 1, ..., N move in this order, each without seeing the moves of the
step. Public histories are its position in the tree. Payoffs count for the step that leads to them; those that hang on
the next chance move count with their expectation, which leaves all values as they are.
"""

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt
import scipy

from metanash.archive import ArchiveError
from metanash.gambit.text import Reader
from metanash.gambit.trees import Node, Payoffs, read_tree
from metanash.gambit.units import Units, scaled_game
from metanash.games import MarkovGame, ZeroSumGame
from metanash.transitions import Transition

__all__ = ["read_efg"]

_LABEL = re.compile(r"(\d{1,6}):(\d{1,4})(:\d+)?", re.ASCII)

_MOST_DENSE = 64
"""Kernels of more states than this are sparse."""

Level = list["_Stage"]


@dataclass
class _Stage:
    """A step from one public history.

    ``earned`` and ``following`` have one entry a joint action, in C order: payoffs, and chances of stages of the next
    level, by their index there.
    """

    node: Node
    actions: tuple[int, ...]
    earned: list[Payoffs] = field(default_factory=list)
    following: list[dict[int, Fraction]] = field(default_factory=list)


class _States(NamedTuple):
    """Which state each stage of each level is, and the number of states."""

    of: list[list[int]]
    size: int


def _add(one: Payoffs, other: Payoffs, weight: Fraction = Fraction(1)) -> Payoffs:
    return tuple(a + weight * b for a, b in zip(one, other, strict=True))


class _Staging:
    """Cuts a tree into levels of stages."""

    def __init__(self, reader: Reader, root: Node, players: int) -> None:
        self.reader, self.root, self.players = reader, root, players
        self.owner: dict[tuple[int, int], Node] = {}

    def refuse(self, line: int, reason: str) -> NoReturn:
        self.reader.fail(
            line,
            f"no Markov game: {reason}. A game is read if it goes by steps at which players 1 to {self.players} move "
            "in this order without seeing each other's move, with nothing but chance moves between steps",
        )

    def draws(self, node: Node) -> Iterator[tuple[Fraction, Node, Payoffs]]:
        """Where chance leads from a node: its share, the node, and the payoffs on the way."""
        if node.kind != "c":
            yield Fraction(1), node, node.payoffs
            return
        for chance, child in zip(node.chances, node.children, strict=True):
            if chance:
                for share, end, payoffs in self.draws(child):
                    yield chance * share, end, _add(node.payoffs, payoffs)

    def levels(self) -> tuple[list[Fraction], list[Level]]:
        """Chances of the stages of the first level, and all levels."""
        first = list(self.draws(self.root))
        for _, node, payoffs in first:
            if node.kind == "t":
                self.refuse(node.line, "it ends before anybody moves")
            if any(payoffs):
                self.refuse(node.line, "there are payoffs before the first move")
        level = [self.stage(node) for _, node, _ in first]
        levels = [level]
        while following := self.follow(level):
            level = following
            levels.append(level)
        return [share for share, _, _ in first], levels

    def stage(self, node: Node) -> _Stage:
        """The moves of one step, checked to be simultaneous."""
        nodes, actions = [node], []
        for player in range(self.players):
            number = self.check_moves(nodes, player)
            if self.owner.setdefault((player, number), node) is not node:
                line = self.owner[player, number].line
                self.refuse(node.line, f"player {player + 1} cannot tell it from the position of line {line}")
            actions.append(nodes[0].width)
            nodes = [child for parent in nodes for child in parent.children]
        return _Stage(node, tuple(actions))

    def check_moves(self, nodes: list[Node], player: int) -> int:
        """Number of the one information set that all these nodes of a step must be in."""
        for node in nodes:
            if node.kind != "p" or node.player != player:
                found = {"c": "chance moves", "t": "the game ends"}.get(node.kind, f"player {node.player + 1} moves")
                self.refuse(node.line, f"{found} where player {player + 1} should")
            if node.information_set != nodes[0].information_set:
                self.refuse(node.line, f"player {player + 1} sees what another does in the same step")
        return nodes[0].information_set

    def leaves(self, node: Node, player: int, owed: Payoffs) -> Iterator[tuple[Node, Payoffs]]:
        """What follows each joint action, and the payoffs inside the step."""
        for child in node.children:
            if player + 1 < self.players:
                yield from self.leaves(child, player + 1, _add(owed, child.payoffs))
            else:
                yield child, owed

    def follow(self, level: Level) -> Level:
        """The stages of the next level, empty at the end of the game."""
        following: Level = []
        ended: list[int] = []
        for stage in level:
            for leaf, owed in self.leaves(stage.node, 0, (Fraction(0),) * self.players):
                chances: dict[int, Fraction] = {}
                earned = owed
                for share, node, payoffs in self.draws(leaf):
                    earned = _add(earned, payoffs, share)
                    if node.kind == "t":
                        ended.append(node.line)
                    else:
                        chances[len(following)] = share
                        following.append(self.stage(node))
                stage.earned.append(earned)
                stage.following.append(chances)
        if ended and following:
            self.refuse(ended[0], "it ends here, and goes on elsewhere after as many steps")
        return following


def _same_actions(staging: _Staging, levels: list[Level]) -> tuple[int, ...]:
    wanted = levels[0][0].actions
    for stage in itertools.chain(*levels):
        if stage.actions != wanted:
            staging.refuse(stage.node.line, f"there are {stage.actions} actions here and {wanted} in the first step")
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
    law: dict[int, Fraction] = {}
    for stage, chance in chances.items():
        law[later[0][stage]] = law.get(later[0][stage], Fraction(0)) + chance
    return law


def _first_stages(level: Level, states: list[int], count: int) -> Iterator[tuple[int, _Stage]]:
    """A stage for each state; one that cannot be reached at this step is like the first that can."""
    found = dict(zip(states, level, strict=True))
    for s in range(count):
        yield s, found.get(s, level[0])


def _payoffs(levels: list[Level], states: _States, actions: tuple[int, ...]) -> npt.NDArray[Any]:
    """(N, H, S, A_1, ..., A_N) of Fractions."""
    rows = [
        [stage.earned for _, stage in _first_stages(level, states.of[h], states.size)] for h, level in enumerate(levels)
    ]
    table = np.array(rows, dtype=object)
    return np.moveaxis(table, -1, 0).reshape(len(actions), len(levels), states.size, *actions)


def _transition(levels: list[Level], states: _States, actions: tuple[int, ...], dense: bool) -> Transition:
    """The kernels; at the last step every state stays, which nobody gets to see."""
    joint, matrices = math.prod(actions), []
    for h, level in enumerate(levels):
        entries: list[tuple[int, int, float]] = []
        for s, stage in _first_stages(level, states.of[h], states.size):
            for a, chances in enumerate(stage.following):
                law = _state_law(chances, states.of[h + 1 :]) or {s: Fraction(1)}
                entries += [(s * joint + a, z, float(chance)) for z, chance in law.items()]
        rows, columns, shares = zip(*entries, strict=True)
        shape = (states.size * joint, states.size)
        matrices.append(scipy.sparse.csr_array((np.array(shares), (np.array(rows), np.array(columns))), shape=shape))
    if not dense:
        return Transition.sparse(matrices, actions)
    return Transition.per_step(
        np.stack([matrix.toarray().reshape(states.size, *actions, states.size) for matrix in matrices])
    )


def read_efg(path: Path | str, zero_sum: bool | None = None) -> tuple[ZeroSumGame | MarkovGame, Units]:
    """Read an extensive game that goes by steps at which all players move without seeing each other.

    States are those of the labels ``h:s:n`` (or ``h:s``) that :func:`metanash.gambit.write_efg` gives its information
    sets, where stages of one h and s have the same payoffs and chances; else every public history is a state. Kernels
    of more than 64 states are sparse.
    (So it is with payoffs that all stand at the end: nobody can tell which step they belong to.) States that cannot be
    reached at a step are there like the first that can; at the last step every state stays.

    Parameters
    ----------
    path, zero_sum
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
    """
    reader = Reader(path)
    title, players = reader.header("EFG", ["2"])
    root = read_tree(reader, len(players))
    staging = _Staging(reader, root, len(players))
    try:
        first, levels = staging.levels()
        actions = _same_actions(staging, levels)
        histories = _States([list(range(len(level))) for level in levels], max(map(len, levels)))
        states = _by_label(levels) or histories
        initial = np.zeros(states.size)
        for s, share in zip(states.of[0], first, strict=True):
            initial[s] += float(share)
        transition = _transition(levels, states, actions, dense=states.size <= _MOST_DENSE)
        return scaled_game(_payoffs(levels, states, actions), transition, initial, title, zero_sum)
    except RecursionError as error:
        raise ArchiveError(f"{path}: chance moves or players follow each other by the hundred; too deep") from error
    except ArchiveError:
        raise
    except ValueError as error:
        raise ArchiveError(f"{path}: {error}") from error
