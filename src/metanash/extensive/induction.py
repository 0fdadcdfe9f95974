"""Backward induction: a subgame perfect equilibrium of a tree in which everybody sees everything."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from metanash.extensive.recall import recalled
from metanash.extensive.trees import CHANCE, Tree
from metanash.gambit.trees import Payoffs
from metanash.typing import Floats, Policies

__all__ = ["SubgamePerfect", "backward_induction"]


class SubgamePerfect(NamedTuple):
    """A subgame perfect equilibrium in pure strategies.

    Attributes
    ----------
    value : (N,) array
        Payoffs of the players, worked out in fractions and rounded once.
    strategies : tuple of (S_i,) arrays
        Behaviour strategies in the game that :func:`metanash.extensive.from_tree` makes of the tree.
    unique : bool
        Whether no player anywhere has two best actions; then it is the only subgame perfect equilibrium.

    Examples
    --------
    >>> SubgamePerfect(np.array([2.0, 2.0]), (np.array([1.0, 1.0, 0.0]),), True).unique
    True
    """

    value: Floats
    strategies: Policies
    unique: bool


def backward_induction(tree: Tree) -> SubgamePerfect:
    """Solve a tree of any number of players from its ends; of equal actions the first one is taken.

    Raises
    ------
    ArchiveError
        If an information set has several nodes; the message names it and lines. (Games without perfect information have
        subgame perfect equilibria too, but not by this.)

    Examples
    --------
    >>> from pathlib import Path
    >>> from metanash.extensive import read_tree
    >>> text = '''EFG 2 R "entry" { "entrant" "incumbent" } p "" 1 1 "" { "out" "in" } 0 t "" 1 "" { 0 2 }
    ... p "" 2 1 "" { "fight" "share" } 0 t "" 2 "" { -1 -1 } t "" 3 "" { 1 1 }'''
    >>> _ = Path("entry.efg").write_text(text)
    >>> solution = backward_induction(read_tree("entry.efg"))
    >>> solution.value.tolist(), [part.tolist() for part in solution.strategies], solution.unique
    ([1.0, 1.0], [[1.0, 0.0, 1.0], [1.0, 0.0, 1.0]], True)
    """
    _refuse_hidden(tree)
    chosen, unique = dict[int, int](), True
    worth: dict[int, Payoffs] = {}
    below: list[list[int]] = [[] for _ in tree.parent]
    for node, parent in enumerate(tree.parent[1:], start=1):
        below[parent].append(node)
    nothing = (Fraction(0),) * len(tree.players)
    for node in reversed(range(len(tree))):
        children = [worth.pop(child) for child in below[node]]
        after, player = nothing, tree.owner(node)
        if player == CHANCE:
            chances = tree.moves[tree.at[node]].chances
            after = tuple(
                sum((p * child[i] for p, child in zip(chances, children, strict=True)), Fraction(0))
                for i in range(len(tree.players))
            )
        elif children:
            mine = [child[player] for child in children]
            action = mine.index(max(mine))
            unique = unique and mine.count(mine[action]) == 1
            chosen[tree.at[node]], after = action, children[action]
        own = tree.payoffs[node]
        worth[node] = after if own is None else tuple(a + b for a, b in zip(own, after, strict=True))
    return SubgamePerfect(np.array([*map(float, worth[0])]), _strategies(tree, chosen), unique)


def _refuse_hidden(tree: Tree) -> None:
    seen: dict[int, int] = {}
    for node, m in enumerate(tree.at):
        if m >= 0 and tree.moves[m].player != CHANCE and seen.setdefault(m, node) != node:
            tree.refuse(
                node,
                f"no perfect information: {tree.named(m)} has two nodes, lines {tree.lines[seen[m]]} and "
                f"{tree.lines[node]}; solve_constant_sum and learners take games of imperfect information",
            )


def _strategies(tree: Tree, chosen: dict[int, int]) -> Policies:
    game, sets, _ = recalled(tree)
    strategies = [np.append(1.0, np.zeros(n - 1)) for n in game.n_sequences]
    for m, action in chosen.items():
        i = tree.moves[m].player
        strategies[i][game.players[i].first[sets[m]] + action] = 1.0
    return tuple(strategies)
