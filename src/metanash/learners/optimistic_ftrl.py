r"""Optimistic follow-the-regularised-leader (FTRL) with incremental value updates, for zero-sum Markov games.

No algorithm of Mao et al. (2023), who compare theirs with it. With the entropy as regulariser and the weights w_i of
:mod:`metanash.learners.smooth`, the max-player plays

.. math:: \mu_h^t(a \mid s) \propto \tilde\mu_h(a \mid s) \exp\Big( \frac{\eta}{w_t} \Big[ \sum_{i < t} w_i
          (Q_h^i \nu_h^i)(s, a) + w_t (Q_h^{t-1} \nu_h^{t-1})(s, a) \Big] \Big), \qquad Q^0 = 0,

the min-player the same with a minus sign, and the average with weights alpha_T^t comes out: Yang and Ma (2022, "O(1/T)
convergence of optimistic-follow-the-regularized-leader in two-player zero-sum Markov games"), who prove an NE-gap of
order H^5 log(AB) / T for learning rates of a constant, at most 1/8, over H^2. Zhang et al. (2022, "Policy optimization
for Markov games: unified framework and faster convergence") have the algorithm first, and T^(-5/6) for it.

What is ours: priors tilde mu other than the uniform policy.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from metanash import simplex
from metanash.kernels.incremental import FTRL
from metanash.learners.base import Policies
from metanash.learners.smooth import SmoothLearner, SmoothState
from metanash.typing import Floats

__all__ = ["OptimisticFTRL", "PayoffSums"]


class PayoffSums(NamedTuple):
    """What FTRL remembers: three pairs ((G, H, S, A), (G, H, S, B)).

    Attributes
    ----------
    prior : tuple of arrays
        Logits of the initial policies.
    sums : tuple of arrays
        Sums of w_i times the payoffs of iteration i over i <= t, divided by w_{t+1}.
    last : tuple of arrays
        Payoffs of iteration t, the prediction of the next; 0 at first.

    Notes
    -----
    Only differences between actions count: where both players have two, the compiled kernel keeps what the first one
    has over the second, and 0 for that.

    Examples
    --------
    The first row pays 1/2 against uniform play; before the next iteration the sum is divided by w_2 = 2.

    >>> import metanash as mn
    >>> still = mn.Transition.shared(np.ones((1, 2, 2, 1)))
    >>> game = mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 0.0]]]], still)
    >>> memory = mn.learn(game, OptimisticFTRL(0.1), 1).state.memory
    >>> memory.sums[0].ravel().tolist(), memory.last[0].ravel().tolist()
    ([0.25, 0.0], [0.5, 0.0])
    """

    prior: Policies
    sums: Policies
    last: Policies


@dataclass(frozen=True)
class OptimisticFTRL(SmoothLearner[PayoffSums]):
    """Optimistic FTRL with incremental value updates (Yang and Ma 2022, Algorithm 1); see the module.

    Parameters
    ----------
    learning_rate : float or (G,) array
        eta, in [1e-100, 1e100]. The proof asks for at most 1 / (8 H^2).

    Notes
    -----
    Initial policies, the priors, have axes (game, h, s, action), one array per player; a game axis of length 1 stands
    for the same in every game. An action of probability 0 is never played.

    Examples
    --------
    >>> import metanash as mn
    >>> from metanash.learners import OptimisticFTRL
    >>> games = mn.families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.0)
    >>> run = mn.learn(games, OptimisticFTRL(0.2), iterations=1000)
    >>> bool(run.ne_gap[0, -1] < 0.05)
    True
    """

    _rule = FTRL

    def _parts(self, memory: PayoffSums) -> PayoffSums:
        return memory

    def _memory(self, anchor: Policies, sums: Policies, last: Policies) -> PayoffSums:
        return PayoffSums(anchor, sums, last)

    def _begin(self, policies: Policies, payoffs: Policies, eta: Floats) -> PayoffSums:  # noqa: ARG002
        nothing = tuple(np.zeros_like(policy) for policy in policies)
        return PayoffSums(tuple(simplex.logits(policy) for policy in policies), nothing, nothing)

    def _play(self, memory: PayoffSums, eta: Floats) -> Policies:
        return tuple(
            simplex.softmax(prior + eta * (total + payoff)) for prior, total, payoff in zip(*memory, strict=True)
        )

    def _observe(self, memory: PayoffSums, eta: Floats, q: Floats, payoffs: Policies, less: float) -> PayoffSums:  # noqa: ARG002
        sums = tuple(less * (total + payoff) for total, payoff in zip(memory.sums, payoffs, strict=True))
        return memory._replace(sums=sums, last=payoffs)

    def output(self, state: SmoothState[PayoffSums]) -> Policies:
        """Return the average of the iterates with weights alpha_T^t, ((G, H, S, A), (G, H, S, B))."""
        return self.averaged(state)
