"""Zero-sum games as the trees that other packages read, and policies of trees back.

In the tree of :func:`metanash.gambit.write_efg` a player knows the whole history, and information set k + 1 of either
player belongs to the k-th history. So the tree is a Markov game again whose states are the histories: in it, whatever a
package hands over is a Markov policy, and metanash has its exact NE-gap.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from metanash import GameBatch, Transition, ZeroSumGame, families, gambit
from metanash.gaps import ne_gaps


def histories(game: ZeroSumGame) -> ZeroSumGame:
    """The game with its histories as states, numbered as the information sets of its tree."""
    actions = list(itertools.product(*map(range, game.n_actions)))
    places: list[tuple[int, int]] = []
    moves: list[tuple[int, tuple[int, ...], int, float]] = []

    def visit(h: int, s: int) -> int:
        number = len(places)
        places.append((h, s))
        if h + 1 < game.horizon:
            for joint in actions:
                row = game.transition.at(h)[(s, *joint)]
                moves.extend((number, joint, visit(h + 1, z), row[z]) for z in np.flatnonzero(row).tolist())
        return number

    visit(0, int(game.initial.argmax()))
    count = len(places)
    chance = np.zeros((count, *game.n_actions, count))
    for number, joint, child, share in moves:
        chance[(number, *joint, child)] = share
    last = [k for k, (h, _) in enumerate(places) if h + 1 == game.horizon]
    chance[last, ..., last] = 1.0
    reward = np.stack([game.reward[h, s] for h, s in places])
    return ZeroSumGame(np.broadcast_to(reward, (game.horizon, *reward.shape)), Transition.shared(chance))


@dataclass(frozen=True, eq=False)
class Tree:
    """A game with its tree, starting in one state."""

    game: ZeroSumGame

    @cached_property
    def text(self) -> str:
        """The .efg file, with payoffs at the end, where OpenSpiel wants them."""
        return gambit.efg_text(self.game, when="end")

    @cached_property
    def batch(self) -> GameBatch:
        """The game as learners of metanash take it."""
        return GameBatch.of(self.game)

    @cached_property
    def unrolled(self) -> GameBatch:
        """The game of the histories."""
        return GameBatch.of(histories(self.game))

    @property
    def matrix(self) -> np.ndarray:
        """Payoffs, of a game with one step and one state."""
        return self.game.reward[0, 0]

    def gap(self, policy: Iterable[np.ndarray]) -> float:
        """NE-gap of a policy (H, S, A_i) a player."""
        return float(ne_gaps(self.batch, [np.asarray(part)[np.newaxis] for part in policy])[0])

    def matrix_gap(self, mu: np.ndarray, nu: np.ndarray) -> float:
        """NE-gap of mixed actions."""
        return self.gap([np.asarray(part, dtype=np.float64)[np.newaxis, np.newaxis] for part in (mu, nu)])

    def tree_gap(self, tables: Iterable[dict[int, Iterable[float]]]) -> float:
        """NE-gap of probabilities of actions by number of information set (from 1), one table per player.

        Solvers leave rounding, and nothing at all where play never comes: that becomes uniform.
        """
        policy = []
        for table in tables:
            rows = np.clip([table[k + 1] for k in range(len(table))], 0.0, None)
            total = rows.sum(axis=1, keepdims=True)
            rows = np.where(total > 0.0, rows / np.where(total > 0.0, total, 1.0), 1.0 / rows.shape[1])
            policy.append(np.broadcast_to(rows, (1, self.game.horizon, *rows.shape)))
        return float(ne_gaps(self.unrolled, policy)[0])


def in_order(chances: Mapping[int, float]) -> list[float]:
    """Probabilities by number of action as a list."""
    return [chances[action] for action in sorted(chances)]


def set_number(information_state: str) -> int:
    """The number at the end of the label of an information set."""
    return int(information_state.rsplit(":", 1)[1])


def matrix_game(n: int, seed: int) -> Tree:
    """An n x n game of payoffs uniform on [0, 1]."""
    payoff = np.random.default_rng([n, seed]).uniform(size=(1, 1, n, n))
    return Tree(ZeroSumGame(payoff, Transition.shared(np.ones((1, n, n, 1)))))


def markov_game(horizon: int, states: int, actions: int, seed: int) -> Tree:
    """A Markov game of uniform rewards and random transitions."""
    (game,) = families.zero_sum_sequence(
        "random", seed, "peers", n_games=1, perturbation=0.0,
        horizon=horizon, n_states=states, n_actions=(actions, actions), stationary=False,
    )  # fmt: skip
    return Tree(game)
