"""Trees of .efg files as they stand, with or without perfect recall, and back to files.

A :class:`Tree` keeps what the sequence form averages out: chance moves, payoffs inside the tree, names and lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, NoReturn

from metanash.archive import ArchiveError, write_text
from metanash.gambit.text import MOST_BITS, TOO_LONG, Reader, quoted
from metanash.gambit.trees import Node, Payoffs
from metanash.gambit.trees import read_tree as read_nodes

__all__ = ["CHANCE", "END", "Moves", "Tree", "efg_text", "read_tree", "write_efg"]

CHANCE, END = -1, -2
"""Who moves at a node where no player does."""


class Moves(NamedTuple):
    """An information set of a player, or the like of chance.

    Attributes
    ----------
    player : int
        From 0; :data:`CHANCE` for chance.
    number : int
        In the file.
    label : str
    actions : tuple of str
    chances : tuple of Fraction
        Of chance; they sum to exactly one. () of a player.

    Examples
    --------
    >>> Moves(0, 1, "first move", ("left", "right"), ()).actions
    ('left', 'right')
    """

    player: int
    number: int
    label: str
    actions: tuple[str, ...]
    chances: tuple[Fraction, ...]


@dataclass(frozen=True, eq=False)
class Tree:
    """A game tree in prefix order: each node stands before its children, which follow in the order of actions.

    Made by :func:`read_tree`, and not checked again.

    Attributes
    ----------
    title : str
    players : tuple of str
        Names.
    moves : tuple of Moves
        Information sets, in the order in which they are first met.
    parent : tuple of int
        For each node the node before; -1 for the root.
    action : tuple of int
        For each node which action leads there; -1 for the root.
    at : tuple of int
        For each node its information set, by its place in ``moves``; -1 where the game ends.
    payoffs : tuple of (tuple of Fraction, or None)
        For each node what players get for coming here, if anything.
    lines : tuple of int
        For each node its line in the file.
    source : str
        The file, for messages.

    Examples
    --------
    >>> from metanash.extensive import End, Move, build_tree
    >>> hidden = {"heads": {"heads": 1, "tails": -1}, "tails": {"heads": -1, "tails": 1}}
    >>> replies = {a: Move(1, "Bob", {b: End([x, -x]) for b, x in row.items()}) for a, row in hidden.items()}
    >>> tree = build_tree("Pennies", ["Ann", "Bob"], Move(0, "Ann", replies))
    >>> tree.title, len(tree.parent), [moves.label for moves in tree.moves]
    ('Pennies', 7, ['Ann', 'Bob'])
    """

    title: str
    players: tuple[str, ...]
    moves: tuple[Moves, ...]
    parent: tuple[int, ...]
    action: tuple[int, ...]
    at: tuple[int, ...]
    payoffs: tuple[Payoffs | None, ...]
    lines: tuple[int, ...]
    source: str

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.parent)

    def owner(self, node: int) -> int:
        """Who moves at a node: a player from 0, :data:`CHANCE` or :data:`END`."""
        return self.moves[self.at[node]].player if self.at[node] >= 0 else END

    @cached_property
    def first_node(self) -> tuple[int, ...]:
        """For each information set the node at which it is first met."""
        found: dict[int, int] = {}
        for node, m in enumerate(self.at):
            found.setdefault(m, node)
        return tuple(found[m] for m in range(len(self.moves)))

    @cached_property
    def weights(self) -> tuple[Fraction, ...]:
        """For each node the chance to come there when all players play towards it."""
        found = [Fraction(1)]
        for parent, action in zip(self.parent[1:], self.action[1:], strict=True):
            moves, weight = self.moves[self.at[parent]], found[parent]
            found.append(weight * moves.chances[action] if moves.player == CHANCE else weight)
            if found[-1].denominator.bit_length() > MOST_BITS:
                self.refuse(len(found) - 1, f"the chance to come here {TOO_LONG}")
        return tuple(found)

    @cached_property
    def earned(self) -> tuple[Payoffs, ...]:
        """For each node the sum of payoffs on the way, its own among them."""
        found: list[Payoffs] = []
        nothing = (Fraction(0),) * len(self.players)
        for parent, own in zip(self.parent, self.payoffs, strict=True):
            before = found[parent] if parent >= 0 else nothing
            if own is None:
                found.append(before)
            elif before is nothing:
                found.append(own)
            else:
                found.append(tuple(a + b for a, b in zip(before, own, strict=True)))
                if max(payoff.denominator.bit_length() for payoff in found[-1]) > MOST_BITS:
                    self.refuse(len(found) - 1, f"the sum of payoffs up to here {TOO_LONG}")
        return tuple(found)

    @property
    def ends(self) -> Iterator[int]:
        """Nodes at which the game ends."""
        return (node for node, m in enumerate(self.at) if m < 0)

    def named(self, m: int) -> str:
        """An information set, for messages: ``player 2, information set 3 'name'``."""
        moves = self.moves[m]
        label = f" {moves.label!r}" if moves.label else ""
        return f"player {moves.player + 1}, information set {moves.number}{label}"

    def refuse(self, node: int, reason: str) -> NoReturn:
        """Raise ArchiveError at the line of a node."""
        raise ArchiveError(f"{self.source}:{self.lines[node]}: {reason}")


def read_tree(path: Path | str) -> Tree:
    """Read the tree of an .efg file (Gambit 16 or 17), of any extensive game.

    Chances must sum to exactly one. Decimals of at least 15 digits after the point, as floats are written, may miss it
    by half a unit of the last digit of each and are divided by their sum.

    Raises
    ------
    ArchiveError
        If the file is missing or malformed; the message names the line and what was expected.

    Examples
    --------
    >>> text = 'EFG 2 R "coin" { "Ann" } c "" 1 "" { "h" 1/2 "t" 1/2 } 0 t "" 1 "" { 3 } t "" 2 "" { 1/3 }'
    >>> _ = Path("coin.efg").write_text(text)
    >>> tree = read_tree("coin.efg")
    >>> len(tree), tree.weights[1], tree.earned[2]
    (3, Fraction(1, 2), (Fraction(1, 3),))
    """
    reader = Reader(path)
    title, players = reader.header("EFG", ["2"])
    root = read_nodes(reader, len(players))
    known: dict[tuple[int, int], int] = {}
    moves: list[Moves] = []
    parents, actions, at, payoffs, lines = list[int](), list[int](), list[int](), list[Payoffs | None](), list[int]()
    todo, line, before = [(root, -1, -1)], 1, 0
    while todo:
        node, parent, action = todo.pop()
        line, before = line + reader.text.count("\n", before, node.place), node.place  # nodes stand in prefix order
        todo += [(child, len(parents), a) for a, child in reversed([*enumerate(node.children)])]
        parents.append(parent)
        actions.append(action)
        payoffs.append(node.payoffs)
        lines.append(line)
        at.append(_number(node, known, moves))
    return Tree(
        title, tuple(players), tuple(moves), tuple(parents), tuple(actions), tuple(at), tuple(payoffs), tuple(lines),
        str(path),
    )  # fmt: skip


def _number(node: Node, known: dict[tuple[int, int], int], moves: list[Moves]) -> int:
    """Place of the node's information set among all; -1 of an end."""
    if node.kind == "t":
        return -1
    key = node.player, node.information_set
    if key not in known:
        known[key] = len(moves)
        moves.append(Moves(node.player, node.information_set, node.label, node.names, node.chances))
    return known[key]


def efg_text(tree: Tree) -> str:
    """Write a tree as the text of an .efg file; fractions stay exact. Names of nodes and outcomes are not kept.

    >>> _ = Path("end.efg").write_text('EFG 2 R "end" { "Ann" } t "" 1 "" { 1.50 }')
    >>> print(efg_text(read_tree("end.efg")))
    EFG 2 R "end" { "Ann" } ""
    t "" 1 "" { 3/2 }
    <BLANKLINE>
    """
    outcomes: dict[Payoffs, int] = {}
    lines = [f'EFG 2 R {quoted(tree.title)} {{ {" ".join(map(quoted, tree.players))} }} ""']
    for m, payoffs in zip(tree.at, tree.payoffs, strict=True):
        if payoffs is None:
            worth = "0"
        else:
            number = outcomes.setdefault(payoffs, len(outcomes) + 1)
            worth = f'{number} "" {{ {", ".join(map(str, payoffs))} }}'
        node = _node_text(tree.moves[m]) if m >= 0 else 't ""'
        lines.append(f"{node} {worth}")
    return "\n".join([*lines, ""])


def _node_text(moves: Moves) -> str:
    if moves.player == CHANCE:
        listed = " ".join(f"{quoted(a)} {p}" for a, p in zip(moves.actions, moves.chances, strict=True))
        return f'c "" {moves.number} {quoted(moves.label)} {{ {listed} }}'
    listed = " ".join(map(quoted, moves.actions))
    return f'p "" {moves.player + 1} {moves.number} {quoted(moves.label)} {{ {listed} }}'


def write_efg(path: Path | str, tree: Tree) -> None:
    """Write a tree as an .efg file; see :func:`efg_text`.

    Examples
    --------
    >>> from metanash.extensive import End, Move, build_tree
    >>> hidden = {"heads": {"heads": 1, "tails": -1}, "tails": {"heads": -1, "tails": 1}}
    >>> replies = {a: Move(1, "Bob", {b: End([x, -x]) for b, x in row.items()}) for a, row in hidden.items()}
    >>> tree = build_tree("Pennies", ["Ann", "Bob"], Move(0, "Ann", replies))
    >>> write_efg("pennies.efg", tree)
    >>> read_tree("pennies.efg").title
    'Pennies'
    """
    write_text(path, efg_text(tree))
