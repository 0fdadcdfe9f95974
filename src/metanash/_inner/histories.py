r"""Best answers to one of several Markov policies, by a player who is not told which of them was drawn.

One of K policies of the others is drawn before a play. The player knows how likely each of them was, sees states and
everybody's actions, and remembers them. What it believes depends on the history only through unnormalised weights
w_k = P(k was drawn, and the others' actions so far), since transitions are the same whatever was drawn; what the
player itself did says nothing. With m_h^k(b | s) the chance that the others play b,

.. math:: U_h(w, s) = \max_a \sum_b \Big[ \sum_k w_k m_h^k(b \mid s) r_h(s, a, b)
          + \sum_{s'} P_h(s' \mid s, a, b) U_{h+1}\big((w_k m_h^k(b \mid s))_k, s'\big) \Big].

The weights after a history do not depend on the player's own actions, nor on the state that is reached last, so step h
has (S B)^{h-1} of them. The tree is gone through depth first, in blocks. Every sum is taken one term after another, so
that no bit depends on the blocks, nor on the other games of a batch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["BLOCK", "Step", "best_values", "tree_size"]

Floats = npt.NDArray[np.float64]

BLOCK = 2**17
"""Numbers in an array of weights, about: a megabyte, which stays in the cache. There is one such array for each step."""


@dataclass(frozen=True, eq=False)
class Step:
    """One step of G games, which are the last axis, for one player.

    Attributes
    ----------
    chance : (K, S, B, G)
        How likely the others play b.
    reward : (S, A, B, G)
        Of the player, for its action a.
    onward : (S, A, B, Z, G)
        Chances of the Z states of the next step; not read at the last.
    """

    chance: Floats
    reward: Floats
    onward: Floats

    def of_states(self, part: slice) -> "Step":
        """The same step from some of its states."""
        return Step(self.chance[:, part], self.reward[part], self.onward[part])


def tree_size(policies: int, events: Sequence[int]) -> int:
    """Weights that are worked out, per game, if step h has ``events[h]`` pairs of a state and an action of the others.

    That many products and sums, and a few more: K (S B + (S B)^2 + ... + (S B)^H) if every pair can be met.
    """
    return policies * sum(math.prod(events[: h + 1]) for h in range(len(events)))


def best_values(weights: Sequence[float], steps: Sequence[Step]) -> Floats:
    """U_1, (S, G): values by the state of the first step, if policy k is drawn with probability ``weights[k]``."""
    games = steps[0].reward.shape[-1]
    start = np.empty((len(weights), 1, games))
    start[:] = np.reshape(weights, (-1, 1, 1))
    return _values(start, steps)[:, 0]


def _values(weights: Floats, steps: Sequence[Step]) -> Floats:
    """U_h of nodes with weights (K, n, G), (S, n, G)."""
    states, _, others, games = steps[0].reward.shape
    nodes, per_node = weights.shape[1], others * games * (len(weights) if steps[1:] else 1)
    most = max(1, BLOCK // per_node)  # nodes with one state
    if nodes > most:
        parts = [_values(weights[:, n : n + most], steps) for n in range(0, nodes, most)]
        return np.concatenate(parts, axis=1)
    width = max(1, most // nodes)
    starts = range(0, states, width)
    return np.concatenate([_of_states(weights, steps[0].of_states(slice(s, s + width)), steps[1:]) for s in starts])


def _of_states(weights: Floats, step: Step, later: Sequence[Step]) -> Floats:
    """The same, for as many states and nodes as make a block."""
    states, actions, others, games = step.reward.shape
    count, nodes = weights.shape[:2]
    mass = np.zeros((states, others, nodes, games))
    payoff = np.zeros((states, actions, nodes, games))
    if not later:
        for k in range(count):
            mass += weights[k] * step.chance[k, :, :, np.newaxis]
    else:
        met = weights[:, np.newaxis, np.newaxis] * step.chance[:, :, :, np.newaxis]
        for k in range(count):
            mass += met[k]
        value = _values(met.reshape(count, -1, games), later).reshape(-1, *mass.shape)
        for b in range(others):
            for z in range(len(value)):
                payoff += step.onward[:, :, b, z, np.newaxis] * value[z, :, np.newaxis, b]
    for b in range(others):
        payoff += step.reward[:, :, b, np.newaxis] * mass[:, np.newaxis, b]
    return np.asarray(payoff.max(axis=1))
