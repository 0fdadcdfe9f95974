"""Game trees built in Python, of nested nodes: :class:`Move`, :class:`Draw` and :class:`End`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

from metanash._inner.checks import SUM_TOLERANCE
from metanash.extensive.trees import CHANCE, Moves, Tree
from metanash.gambit.trees import Payoffs

__all__ = ["Draw", "End", "Move", "TreeNode", "build_tree"]

Number: TypeAlias = int | float | Fraction | Decimal


@dataclass(frozen=True, eq=False)
class End:
    """The game ends, and each player gets a payoff.

    Examples
    --------
    >>> build_tree("Nothing to do", ["Ann", "Bob"], End([1, 2])).payoffs
    ((Fraction(1, 1), Fraction(2, 1)),)
    """

    payoffs: Sequence[Number]


@dataclass(frozen=True, eq=False)
class Move:
    """A player moves.

    Parameters
    ----------
    player : int
        From 0.
    information_set : str
        Its name; nodes of a player with one name are one information set, with the same actions in the same order.
    actions : mapping from str to node
    payoffs : sequence of numbers, optional
        What players get for coming here.

    Examples
    --------
    >>> offer = Move(0, "offer", {"fair": End([2, 2]), "greedy": Move(1, "answer", {"take": End([3, 1]),
    ...     "leave": End([0, 0])})})
    >>> [(moves.label, moves.actions) for moves in build_tree("Ultimatum", ["Ann", "Bob"], offer).moves]
    [('offer', ('fair', 'greedy')), ('answer', ('take', 'leave'))]
    """

    player: int
    information_set: str
    actions: "Mapping[str, TreeNode]"
    payoffs: Sequence[Number] | None = None


@dataclass(frozen=True, eq=False)
class Draw:
    """Chance moves.

    Parameters
    ----------
    outcomes : mapping from str to (chance, node)
        Chances sum to one: integers, Fractions and Decimals exactly, floats up to 1e-9, and are divided by their sum.
    payoffs : sequence of numbers, optional
        What players get for coming here.

    Examples
    --------
    >>> coin = Draw({"heads": (0.5, End([1])), "tails": (0.5, End([0]))})
    >>> build_tree("A coin", ["Ann"], coin).players
    ('Ann',)
    """

    outcomes: "Mapping[str, tuple[Number, TreeNode]]"
    payoffs: Sequence[Number] | None = None


TreeNode: TypeAlias = Move | Draw | End


def build_tree(title: str, players: Sequence[str], root: TreeNode) -> Tree:
    """Make a tree of nested nodes; numbers are taken exactly, floats too.

    Messages about it name the lines of :func:`metanash.extensive.efg_text`.

    Parameters
    ----------
    title : str
    players : sequence of str
        Their names.
    root : node

    Raises
    ------
    ValueError
        If a node is none or lacks actions, a player does not exist, a number is not finite, payoffs are too many or too
        few, an information set has other actions elsewhere, or chances are no distribution; the message names the way
        to the node.

    Examples
    --------
    >>> from metanash.extensive import from_tree
    >>> second = {x: Move(1, "b", {"h": End([x, -x]), "t": End([-x, x])}) for x in (1, -1)}
    >>> tree = build_tree("pennies", ["Ann", "Bob"], Move(0, "a", {"h": second[1], "t": second[-1]}))
    >>> from_tree(tree).payoff.tolist()
    [[1.0, -1.0, -1.0, 1.0], [-1.0, 1.0, 1.0, -1.0]]
    """
    names = tuple(map(str, players))
    if not names:
        raise ValueError("a game needs a player")
    built = _Builder(names)
    todo: list[tuple[Any, int, int]] = [(root, -1, -1)]
    while todo:
        node, parent, action = todo.pop()
        built.parent.append(parent)
        built.action.append(action)
        try:
            children = built.add(node)
        except ValueError as error:
            raise ValueError(f"tree {title!r}, {built.way()}: {error}") from None
        todo += [(child, len(built.parent) - 1, a) for a, child in reversed([*enumerate(children)])]
    return Tree(
        title=title,
        players=names,
        moves=tuple(built.moves),
        parent=tuple(built.parent),
        action=tuple(built.action),
        at=tuple(built.at),
        payoffs=tuple(built.payoffs),
        lines=tuple(range(2, 2 + len(built.parent))),
        source=f"efg_text of {title!r}",
    )


class _Builder:
    """Nodes so far, in prefix order."""

    def __init__(self, players: tuple[str, ...]) -> None:
        self.players = players
        self.known: dict[tuple[int, str], int] = {}
        self.count = dict.fromkeys(range(CHANCE, len(players)), 0)
        self.moves: list[Moves] = []
        self.parent: list[int] = []
        self.action: list[int] = []
        self.at: list[int] = []
        self.payoffs: list[Payoffs | None] = []

    def add(self, node: Any) -> Sequence[TreeNode]:
        """Add a node whose parent and action were added; return its children."""
        if not isinstance(node, Move | Draw | End):
            raise ValueError(f"a node is a Move, a Draw or an End, got a {type(node).__name__}")
        paid: Payoffs | None = None
        if node.payoffs is not None:
            if len(node.payoffs) != len(self.players):
                raise ValueError(
                    f"payoffs must be one for each player, {len(self.players)} in all; got {len(node.payoffs)}"
                )
            paid = tuple(_exact("a payoff", number) for number in node.payoffs)
        self.payoffs.append(paid)
        if isinstance(node, End):
            self.at.append(-1)
            return ()
        if isinstance(node, Draw):
            self.at.append(self.new(CHANCE, "", node.outcomes, _chances(node)))
            return [child for _, child in node.outcomes.values()]
        self.at.append(self.information_set(node))
        return [*node.actions.values()]

    def new(self, player: int, label: str, actions: Mapping[str, Any], chances: tuple[Fraction, ...]) -> int:
        """Add an information set, or a draw, and return its place."""
        if not actions:
            raise ValueError("a move needs an action")
        self.count[player] += 1
        self.moves.append(Moves(player, self.count[player], label, tuple(map(str, actions)), chances))
        return len(self.moves) - 1

    def information_set(self, node: Move) -> int:
        player: object = node.player
        if isinstance(player, bool) or not isinstance(player, int) or not 0 <= player < len(self.players):
            raise ValueError(f"player must be an integer from 0 to {len(self.players) - 1}, got {player!r}")
        key, names = (player, str(node.information_set)), tuple(map(str, node.actions))
        if key not in self.known:
            self.known[key] = self.new(player, key[1], node.actions, ())
        elif self.moves[self.known[key]].actions != names:
            raise ValueError(
                f"information set {key[1]!r} of player {player} has the actions {names} here, "
                f"{self.moves[self.known[key]].actions} elsewhere"
            )
        return self.known[key]

    def way(self) -> str:
        """How the last node is reached, for messages."""
        node, found = len(self.parent) - 1, list[str]()
        while self.parent[node] >= 0:
            found.append(repr(self.moves[self.at[self.parent[node]]].actions[self.action[node]]))
            node = self.parent[node]
        return f"after {', '.join(reversed(found))}" if found else "at the root"


def _exact(what: str, number: Any) -> Fraction:
    plain = number.item() if hasattr(number, "item") else number  # of NumPy
    try:
        if isinstance(plain, bool | str):
            raise ValueError(plain)
        return Fraction(plain)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{what} must be a finite number, got {number!r}") from None


def _chances(node: Draw) -> tuple[Fraction, ...]:
    given = [chance for chance, _ in node.outcomes.values()]
    found = [_exact("a chance", chance) for chance in given]
    total, slack = sum(found, Fraction(0)), SUM_TOLERANCE if any(isinstance(c, float) for c in given) else 0
    if min(found, default=0) < 0 or abs(total - 1) > slack:
        raise ValueError(
            f"chances must be at least 0 and sum to one; they are {', '.join(map(str, given))} and sum to "
            f"{float(total)!r}"
        )
    return tuple(chance / total for chance in found)
