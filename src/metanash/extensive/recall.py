"""From a tree to the sequence form: perfect recall is checked, chance averaged out, sums are exact and rounded once."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from metanash.archive import ArchiveError
from metanash.extensive.games import ExtensiveGame
from metanash.extensive.treeplex import Treeplex
from metanash.extensive.trees import CHANCE, Moves, Tree, read_tree
from metanash.gambit.text import MOST_BITS, TOO_LONG
from metanash.typing import Integers

__all__ = ["LEAST_CHANCE", "Recalled", "from_tree", "read_extensive", "recalled"]

LEAST_CHANCE = Fraction(1, 10**290)
"""Ends of a smaller chance are left out, before products of it leave the range of floats."""


@dataclass
class _Player:
    """Information sets of a player in the order in which they are met; sequences are numbered as they come."""

    parent: dict[int, int] = field(default_factory=dict)
    """Parent sequence of each information set of the tree."""
    first: dict[int, int] = field(default_factory=dict)
    size: int = 1

    def meet(self, m: int, sequence: int, actions: int) -> None:
        self.parent[m], self.first[m] = sequence, self.size
        self.size += actions


class Recalled(NamedTuple):
    """A tree in sequence form.

    Attributes
    ----------
    game : ExtensiveGame
    sets : dict from int to int
        Index of each information set of the tree, by its place in ``tree.moves``, among those of its player.
    exact : tuple of tuples of Fraction
        Payoffs times chance (N, L), of which those of the game are rounded.

    Examples
    --------
    >>> from metanash.extensive import End, Move, build_tree
    >>> hidden = {"heads": {"heads": 1, "tails": -1}, "tails": {"heads": -1, "tails": 1}}
    >>> replies = {a: Move(1, "Bob", {b: End([x, -x]) for b, x in row.items()}) for a, row in hidden.items()}
    >>> tree = build_tree("Pennies", ["Ann", "Bob"], Move(0, "Ann", replies))
    >>> recalled(tree).sets
    {0: 0, 1: 0}
    """

    game: ExtensiveGame
    sets: dict[int, int]
    exact: tuple[tuple[Fraction, ...], ...]


def recalled(tree: Tree) -> Recalled:
    """Sequence form of a tree, and where its information sets are in it; see :func:`from_tree`.

    Examples
    --------
    >>> from metanash.extensive import End, Move, build_tree
    >>> hidden = {"heads": {"heads": 1, "tails": -1}, "tails": {"heads": -1, "tails": 1}}
    >>> replies = {a: Move(1, "Bob", {b: End([x, -x]) for b, x in row.items()}) for a, row in hidden.items()}
    >>> tree = build_tree("Pennies", ["Ann", "Bob"], Move(0, "Ann", replies))
    >>> recalled(tree).game.n_sets
    (1, 1)
    """
    found = [_Player() for _ in tree.players]
    reached = _reached(tree, found)
    players, renumbered, sets = [], [], dict[int, int]()
    for name, player in zip(tree.players, found, strict=True):
        order, numbers = _by_depth(player, tree.moves)
        sets.update((m, j) for j, m in enumerate(order))
        renumbered.append(numbers)
        players.append(
            Treeplex(
                parent=numbers[[player.parent[m] for m in order]] if order else np.empty(0, dtype=np.int64),
                n_actions=np.array([len(tree.moves[m].actions) for m in order], dtype=np.int64),
                name=name,
                labels=tuple(tree.moves[m].label or str(tree.moves[m].number) for m in order),
                actions=tuple(tree.moves[m].actions for m in order),
            )
        )
    table = _terminals(tree, reached)
    sequences = np.array([*table], dtype=np.int64).reshape(len(table), len(players)).T
    sequences = np.stack([numbers[row] for numbers, row in zip(renumbered, sequences, strict=True)])
    places = np.lexsort(sequences[::-1])
    listed = [*table.values()]
    rows = [listed[k] for k in places.tolist()]
    sums = np.array([[float(entry) for entry in row] for row in rows]).T
    game = ExtensiveGame(tuple(players), sequences[:, places], sums[1:], sums[0], name=tree.title)
    return Recalled(game, sets, tuple(zip(*rows, strict=True))[1:])


def _reached(tree: Tree, players: list[_Player]) -> list[tuple[int, ...]]:
    """Last sequence of each player at each node; ``players`` are filled in."""
    found: list[tuple[int, ...]] = []
    for node, (parent, action, m) in enumerate(zip(tree.parent, tree.action, tree.at, strict=True)):
        before = found[parent] if parent >= 0 else (0,) * len(players)
        mover = tree.moves[tree.at[parent]].player if parent >= 0 else CHANCE
        if mover != CHANCE:
            moved = players[mover].first[tree.at[parent]] + action
            before = (*before[:mover], moved, *before[mover + 1 :])
        found.append(before)
        if m < 0 or tree.moves[m].player == CHANCE:
            continue
        player = players[tree.moves[m].player]
        here = before[tree.moves[m].player]
        if m not in player.parent:
            player.meet(m, here, len(tree.moves[m].actions))
        elif player.parent[m] != here:
            _refuse(tree, m, node)
    return found


def _refuse(tree: Tree, m: int, node: int) -> NoReturn:
    """Refuse a node whose player does not know what it has done before."""
    player, way = tree.moves[m].player, "strategic_form(read_tree(path)) takes trees without perfect recall"
    above = tree.parent[node]
    while above >= 0:
        if tree.at[above] == m:
            tree.refuse(
                node,
                f"no perfect recall: {tree.named(m)}: a path comes here twice, lines {tree.lines[above]} and "
                f"{tree.lines[node]}, so player {player + 1} is absent-minded; {way}",
            )
        above = tree.parent[above]
    first = tree.first_node[m]
    done = [_own_moves(tree, other, player) for other in (first, node)]
    tree.refuse(
        node,
        f"no perfect recall: {tree.named(m)}: reached after different moves of player {player + 1}, lines "
        f"{tree.lines[first]} and {tree.lines[node]} (after {done[0]}, and after {done[1]}); {way}",
    )


def _own_moves(tree: Tree, node: int, player: int) -> str:
    """What a player did last before a node, for messages."""
    while (above := tree.parent[node]) >= 0:
        moves = tree.moves[tree.at[above]]
        if moves.player == player:
            return f"{moves.actions[tree.action[node]]!r} at information set {moves.number}"
        node = above
    return "none"


def _by_depth(player: _Player, moves: tuple[Moves, ...]) -> tuple[list[int], Integers]:
    """Information sets by depth, parent and first meeting; and the new number of each sequence."""
    met = [*player.parent]
    owner = {0: -1}
    for m in met:
        owner.update((player.first[m] + a, m) for a in range(len(moves[m].actions)))
    depth: dict[int, int] = {-1: -1}
    levels: list[list[int]] = []
    for m in met:
        depth[m] = depth[owner[player.parent[m]]] + 1
        levels += [[]] if depth[m] == len(levels) else []
        levels[depth[m]].append(m)
    numbers, order, after = np.zeros(player.size, dtype=np.int64), list[int](), 1
    for level in levels:
        for m in sorted(level, key=lambda m: int(numbers[player.parent[m]])):
            order.append(m)
            size = len(moves[m].actions)
            numbers[player.first[m] : player.first[m] + size] = np.arange(after, after + size)
            after += size
    return order, numbers


def _terminals(tree: Tree, reached: list[tuple[int, ...]]) -> dict[tuple[int, ...], list[Fraction]]:
    """Chance and payoffs times chance of all ends with the same sequences, but those that never come about."""
    table: dict[tuple[int, ...], list[Fraction]] = {}
    products: dict[tuple[int, int], list[Fraction]] = {}
    for node in tree.ends:
        weight, earned = tree.weights[node], tree.earned[node]
        if weight < LEAST_CHANCE:
            continue
        # weights and sums of payoffs are shared by many nodes, and the tree keeps them alive
        pair = id(weight), id(earned)
        if pair not in products:
            products[pair] = [weight, *(weight * payoff for payoff in earned)]
        row = products[pair]
        before = table.get(reached[node])
        table[reached[node]] = row if before is None else [a + b for a, b in zip(before, row, strict=True)]
        if max(number.denominator.bit_length() for number in table[reached[node]]) > 2 * MOST_BITS:
            tree.refuse(node, f"a payoff times its chance, summed over chance, {TOO_LONG}")
    return table


def from_tree(tree: Tree) -> ExtensiveGame:
    """Make the sequence form of a tree with perfect recall.

    Payoffs inside the tree add up along the path. Information sets are ordered by the number of own moves before them,
    then by their parent sequence, then as the file meets them; terminals by the sequence of player 1, of player 2, ...
    Sums over chance are worked out in fractions and rounded once. Ends of chance 0 are left out, and those of less than
    1e-290, such as after a thousand coins. A tree that is only an end is a game of no moves.

    Raises
    ------
    ArchiveError
        If a player does not remember what it has done; the message names the information set and lines.

    Examples
    --------
    >>> text = 'EFG 2 R "" { "Ann" } p "" 1 1 "up" { "l" "r" } 1 "" { 5 } t "" 2 "" { 1 } t "" 3 "" { -1/2 }'
    >>> _ = Path("up.efg").write_text(text)
    >>> game = from_tree(read_tree("up.efg"))
    >>> game.payoff.tolist(), game.players[0].labels, game.players[0].actions
    ([[6.0, 4.5]], ('up',), (('l', 'r'),))
    """
    return recalled(tree).game


def read_extensive(path: Path | str) -> ExtensiveGame:
    """Read an extensive game with perfect recall from an .efg file (Gambit 16 or 17), in the payoffs of the file.

    Raises
    ------
    ArchiveError
        If the file is missing or malformed, or the game has no perfect recall; the message names line and reason.

    Examples
    --------
    >>> text = 'EFG 2 R "" { "A" "B" } p "" 1 1 "" { "l" "r" } 0 t "" 1 "" { 1 0 } t "" 2 "" { 0 2 }'
    >>> _ = Path("two.efg").write_text(text)
    >>> read_extensive("two.efg").payoff.tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    tree = read_tree(path)
    try:
        return from_tree(tree)
    except ArchiveError:
        raise
    except ValueError as error:
        raise ArchiveError(f"{path}: {error}") from error
