"""Trees that are Markov games by steps: recognised, or refused with line and reason.

A *stage* is a position at which a step begins: players 1, ..., N move in this order, each without seeing the moves of
the step. It is a node, or several to which chance leads and that nobody can tell apart, each with its share. Payoffs
count for the step that leads to them, those before the first move for the first step; those that hang on the next
chance move count with their expectation, which leaves all values as they are.
"""

import itertools
from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar, NoReturn

from metanash.gambit.text import MOST_BITS, TOO_LONG, Reader
from metanash.gambit.trees import Node, Payoffs

__all__ = ["Level", "Stage", "Staging", "draws_from"]

_ONE = Fraction(1)

Level = list["Stage"]
Draws = list[tuple[Fraction, Node, Payoffs | None]]
"""Where chance leads: its share, the node, and the payoffs on the way, if any."""


@dataclass
class Stage:
    """A step from one public history.

    Attributes
    ----------
    nodes : list
        Its nodes with their shares, which sum to one.
    movers, widths : tuple of int
        Who moves, in the order of the tree, and the numbers of their actions.
    earned, following : list
        For each joint action, those of the first mover slowest: payoffs, and chances of stages of the next level, by
        their index there; what they miss of one is the chance that the game ends.

    Examples
    --------
    >>> Stage([], movers=(1, 0), widths=(2, 3)).earned
    []
    """

    nodes: list[tuple[Fraction, Node]]
    movers: tuple[int, ...]
    widths: tuple[int, ...]
    earned: list[Payoffs] = field(default_factory=list)
    following: list[dict[int, Fraction]] = field(default_factory=list)

    @property
    def node(self) -> Node:
        """The first node."""
        return self.nodes[0][1]


def _add(one: Payoffs | None, other: Payoffs | None, weight: Fraction = _ONE) -> Payoffs | None:
    """Sum of payoffs; None stands for zeros."""
    if other is None:
        return one
    if weight != 1:
        other = tuple(weight * payoff for payoff in other)
    return other if one is None else tuple(a + b for a, b in zip(one, other, strict=True))


def draws_from(reader: Reader, node: Node) -> Draws:
    """Where chance leads from a node.

    Examples
    --------
    >>> [(share, node.kind) for share, node, _ in draws_from(Reader.__new__(Reader), Node("t", 0))]
    [(Fraction(1, 1), 't')]
    """
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


class Staging:
    """Cuts a tree into levels of stages, at each of which players 1 to N move in this order.

    Examples
    --------
    >>> Staging(Reader.__new__(Reader), Node("t", 0), players=2).nothing
    (Fraction(0, 1), Fraction(0, 1))
    """

    rule: ClassVar[str] = (
        "A game is read if it goes by steps at which players 1 to {} move in this order without seeing each other's "
        "move, with nothing but chance moves between steps (any_order=True: in any order)"
    )

    def __init__(self, reader: Reader, root: Node, players: int) -> None:
        self.reader, self.root, self.players = reader, root, players
        self.owner: dict[tuple[int, int], Node] = {}
        self.nothing: Payoffs = (Fraction(0),) * players
        self.ends_early = False

    def refuse(self, node: Node, reason: str) -> NoReturn:
        """Raise ArchiveError with the line of a node and the reason."""
        self.reader.fail(
            node.place,
            f"no Markov game: {reason}. {self.rule.format(self.players)}; "
            "metanash.extensive.read_extensive reads every tree with perfect recall",
        )

    def levels(self) -> tuple[list[Fraction], list[Level]]:
        """Chances of the stages of the first level, and all levels."""
        first = draws_from(self.reader, self.root)
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

    def stage(self, draws: Draws) -> Stage:
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
        return Stage(first, tuple(range(self.players)), tuple(actions))

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
        """Why the moves of a step are not simultaneous."""
        others = "others do" if self.players > 1 else "it should not"
        return f"player {player + 1} sees what {others} in the same step, or what chance did and others do not see"

    def leaves(self, node: Node, movers: int) -> list[tuple[Node, Payoffs | None]]:
        """The successor of each joint action of so many movers, and the payoffs inside the step."""
        found: list[tuple[Node, Payoffs | None]] = [(child, None) for child in node.children]
        for _ in range(movers - 1):
            found = [(child, _add(owed, parent.payoffs)) for parent, owed in found for child in parent.children]
        return found

    def follow(self, level: Level, given: list[Payoffs | None]) -> Level:
        """The stages of the next level, empty at the end of the game; ``given`` are payoffs whatever is played."""
        following: Level = []
        ended: list[Node] = []
        for stage, owed in zip(level, given, strict=True):
            for joint in zip(*(self.leaves(node, len(stage.movers)) for _, node in stage.nodes), strict=True):
                earned, draws = owed, Draws()
                for (weight, _), (leaf, inside) in zip(stage.nodes, joint, strict=True):
                    earned = _add(earned, inside, weight)
                    draws += [(weight * share, node, payoffs) for share, node, payoffs in draws_from(self.reader, leaf)]
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
            self.end_early(ended[0])
        return following

    def end_early(self, node: Node) -> None:
        """Called with a node at which the game ends while it goes on elsewhere."""
        self.refuse(node, "it ends here, and goes on elsewhere after as many steps")

    def check_actions(self, levels: list[Level]) -> None:
        """Refuse numbers of actions that differ between stages."""
        wanted = levels[0][0].widths
        for stage in itertools.chain(*levels):
            if stage.widths != wanted:
                self.refuse(stage.node, f"there are {stage.widths} actions here and {wanted} in the first step")
