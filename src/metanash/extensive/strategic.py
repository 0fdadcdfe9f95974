"""The strategic form of an extensive game, of reduced pure strategies: what a player does at the sets it may come to.

Its size grows exponentially with the tree, so it is counted first. A tree without perfect recall has one too: there a
pure strategy is one action for each information set, also where its player is absent-minded.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from metanash._inner.checks import integer
from metanash._inner.frozen import Frozen, sealed
from metanash.extensive.games import ExtensiveGame, check_extensive
from metanash.extensive.treeplex import Treeplex
from metanash.extensive.trees import Tree
from metanash.typing import Booleans, Floats, Integers

__all__ = ["MOST_PROFILES", "StrategicForm", "strategic_form", "strategic_size"]

MOST_PROFILES = 1_000_000
"""Profiles of pure strategies that are worked out unless more are asked for."""
_MOST_ENTRIES = 10**8
"""Numbers in memory at a time: terminals for each profile of all players but the last."""

Own = tuple[tuple[int, int], ...]
"""What a player did: information sets and actions."""


@dataclass(frozen=True, eq=False)
class StrategicForm(Frozen):
    """Payoffs of all profiles of reduced pure strategies.

    Attributes
    ----------
    payoff : (N, A_1, ..., A_N) array
        In the units of the game; ``metanash.gambit.from_payoffs`` makes a Markov game of them.
    choices : tuple of (A_i, I_i) int arrays
        For each player and strategy the action at each information set, in the order of the game (of a tree: in which
        they are first met); -1 where the strategy never comes.

    Examples
    --------
    >>> from metanash.extensive import Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> strategic_form(game).payoff[0].tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """

    payoff: Floats
    choices: tuple[Integers, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "payoff", sealed(self.payoff))
        object.__setattr__(self, "choices", tuple(map(sealed, self.choices)))


def strategic_size(game: ExtensiveGame) -> tuple[int, ...]:
    """Number of reduced pure strategies of each player: at each sequence one for each choice at the sets that follow.

    >>> plex = Treeplex([0, 1], [2, 3])
    >>> strategic_size(ExtensiveGame((plex,), [[2, 3, 4, 5]], [[0, 1, 2, 3]], np.ones(4)))
    (4,)
    """
    check_extensive("strategic_size", game)
    return tuple(_count(plex) for plex in game.players)


def _count(plex: Treeplex) -> int:
    following = [1] * plex.n_sequences
    for j in reversed(range(plex.n_sets)):
        following[plex.parent[j]] *= sum(following[plex.first[j] : plex.first[j] + plex.n_actions[j]])
    return following[0]


def strategic_form(game: ExtensiveGame | Tree, most: int = MOST_PROFILES) -> StrategicForm:
    """Work out the strategic form of a game, or of a tree with or without perfect recall.

    Payoffs of a profile are sums of floats over the terminals that it leads to, so they are rounded.

    Parameters
    ----------
    game : ExtensiveGame or Tree
        One game, no batch.
    most : int
        Profiles that it may have.

    Raises
    ------
    ValueError
        If it would have more profiles, or it is a batch.

    Examples
    --------
    Player 2 moves only after the first action of player 1:

    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2], [1, 2, 0]], [[3, 0, 1], [0, 1, 1]], [1, 1, 1])
    >>> strategic_form(game).payoff[0].tolist()
    [[3.0, 0.0], [1.0, 1.0]]
    """
    integer("most", most, 1)
    if isinstance(game, Tree):
        return _of_tree(game, most)
    check_extensive("strategic_form", game)
    if game.batch_shape:
        raise ValueError(f"strategic_form takes one game, got a batch of shape {game.batch_shape}")
    _enough(strategic_size(game), game.n_terminals, most)
    rows = [[*_plans(plex)] for plex in game.players]
    chosen = [np.array(of, dtype=np.int64).reshape(len(of), n) for of, n in zip(rows, game.n_sets, strict=True)]
    played = [_played(plex, of)[:, ends] for plex, of, ends in zip(game.players, chosen, game.sequences, strict=True)]
    return StrategicForm(_payoffs(game.payoff, played), tuple(chosen))


def _enough(sizes: Sequence[int], terminals: int, most: int) -> None:
    """Raise ValueError if there are too many profiles."""
    profiles, shape = math.prod(sizes), " x ".join(f"{n:,}" if n < 10**12 else f"{float(n):.3g}" for n in sizes)
    if profiles > most or len(sizes) * math.prod(sizes[:-1]) * terminals > _MOST_ENTRIES:
        raise ValueError(
            f"the strategic form would have {shape} reduced strategies and {terminals:,} terminals; at most {most:,} "
            f"profiles and {_MOST_ENTRIES:,} numbers at a time are worked out; use the sequence form"
        )


def _plans(plex: Treeplex) -> Iterator[list[int]]:
    """Reduced pure strategies: the action at each set, -1 where it never comes."""
    options: list[list[Own]] = [[()] for _ in range(plex.n_sequences)]  # what may follow each sequence
    for j in reversed(range(plex.n_sets)):
        first, parent = int(plex.first[j]), int(plex.parent[j])
        here = [((j, a), *rest) for a in range(plex.n_actions[j]) for rest in options[first + a]]
        options[parent] = [(*one, *other) for one, other in itertools.product(here, options[parent])]
    for own in sorted(options[0]):
        row = [-1] * plex.n_sets
        for j, a in own:
            row[j] = a
        yield row


def _played(plex: Treeplex, chosen: Integers) -> Booleans:
    """Whether each strategy plays each sequence: (A, S)."""
    sequences = np.where(chosen >= 0, plex.first + chosen, 0)
    played = np.zeros((len(chosen), plex.n_sequences), dtype=np.bool_)
    np.put_along_axis(played, sequences, True, axis=1)
    played[:, 0] = True
    return played


def _payoffs(payoff: Floats, played: Sequence[Booleans]) -> Floats:
    """Sums over the terminals (N, L) that all play: (N, A_1, ..., A_N)."""
    *others, last = played
    table = payoff
    for rows in others:
        table = table[..., np.newaxis, :] * rows
    return np.asarray(table @ last.T.astype(np.float64))


# Trees, with perfect recall or without ----------------------------------------------------------------------


def _of_tree(tree: Tree, most: int) -> StrategicForm:
    own = _own_moves(tree)
    ends = [node for node in tree.ends if tree.weights[node]]
    chosen, played = [], []
    for i in range(len(tree.players)):
        sets = [m for m, moves in enumerate(tree.moves) if moves.player == i]
        histories: dict[int, set[Own]] = {m: set() for m in sets}
        for node, m in enumerate(tree.at):
            if m in histories:
                histories[m].add(own[node][i])
        rows = [*itertools.islice(_reduced(tree, histories), most + 1)]
        if len(rows) > most:
            raise ValueError(
                f"the strategic form would have more than {most:,} reduced strategies of player {i + 1} alone; "
                "a tree with perfect recall has a sequence form (from_tree)"
            )
        of = np.array([[row.get(m, -1) for m in sets] for row in rows], dtype=np.int64)
        chosen.append(of.reshape(len(rows), len(sets)))
        played.append(
            np.array([[all(row.get(m) == a for m, a in own[node][i]) for node in ends] for row in rows], dtype=np.bool_)
        )
    _enough([len(rows) for rows in chosen], len(ends), most)
    payoff = np.array([[float(tree.weights[k] * worth) for worth in tree.earned[k]] for k in ends]).T
    return StrategicForm(_payoffs(payoff, played), tuple(chosen))


def _own_moves(tree: Tree) -> list[tuple[Own, ...]]:
    """What each player did before each node."""
    found: list[tuple[Own, ...]] = []
    for parent, action in zip(tree.parent, tree.action, strict=True):
        before: tuple[Own, ...] = found[parent] if parent >= 0 else ((),) * len(tree.players)
        i = tree.owner(parent) if parent >= 0 else -1
        if i >= 0:
            before = (*before[:i], (*before[i], (tree.at[parent], action)), *before[i + 1 :])
        found.append(before)
    return found


def _reduced(tree: Tree, histories: dict[int, set[Own]]) -> Iterator[dict[int, int]]:
    """Reduced pure strategies of a player, set by set: the first that may be reached and has no action yet."""
    todo: list[dict[int, int]] = [{}]
    while todo:
        chosen = todo.pop()
        for m, ways in histories.items():
            if m not in chosen and any(all(chosen.get(n) == a for n, a in own) for own in ways):
                todo += [chosen | {m: a} for a in reversed(range(len(tree.moves[m].actions)))]
                break
        else:
            yield chosen
