"""The stages of Algorithm 1 with other steps inside: optimistic FTRL, which is the same, and plain mirror descent.

With the entropy, anchors of mirror descent are the prior times the exponential of all payoffs met so far. So FTRL with
the initial policy as prior *is* Algorithm 1 (Mao et al. 2023) inside a stage. :class:`StagedFTRL` keeps the sum of
payoffs, Algorithm 1 the logits of the anchor; tests hold the policies against each other. What the initial policies met
counts as a payoff, as in line 3 there.

:class:`PlainMirrorDescent` leaves out the prediction (line 6): it plays the anchors, which is multiplicative weights in
stages. For H = 1 and a learning rate of order 1 / sqrt(T) its average has an NE-gap of order 1 / sqrt(T) (Freund and
Schapire 1999); with a constant rate it goes around mixed equilibria and nothing is promised.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from metanash import simplex
from metanash._inner.reductions import summed
from metanash.games import GameBatch, ZeroSumGame, check_batch
from metanash.kernels.twin import CHUNK
from metanash.learners.base import Policies
from metanash.learners.mirror_descent import MirrorState, OptimisticMirrorDescent
from metanash.learners.smooth import payoffs_of
from metanash.learners.stages import before_first
from metanash.typing import Floats

__all__ = ["PlainMirrorDescent", "StagedFTRL", "StagedSums"]


@dataclass(eq=False)
class StagedSums(MirrorState):
    """State of FTRL in stages.

    Attributes
    ----------
    iteration, stage, length, done, eta, q, anchor, iterate, finished_sums, initial, initial_logits, stages, stage_sums
        As in :class:`metanash.learners.mirror_descent.MirrorState`; the anchors stay at the logits of the priors.
    payoff_sums : ((G, H, S, A), (G, H, S, B))
        Sums of Q nu and -mu^T Q over the policies met in the stage, that of its initial policies included.

    Examples
    --------
    Stage 1 is one iteration with Q = 0; in stage 2 the initial policies have met 1/2 for the first action.

    >>> import metanash as mn
    >>> still = mn.Transition.shared(np.ones((1, 2, 2, 1)))
    >>> game = mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 0.0]]]], still)
    >>> state = mn.learn(game, StagedFTRL(0.1), 2).state
    >>> state.stage, [part.ravel().tolist() for part in state.payoff_sums]
    (2, [[0.5, 0.0], [-0.5, 0.0]])
    """

    payoff_sums: Policies


@dataclass(frozen=True)
class StagedFTRL(OptimisticMirrorDescent):
    """Optimistic FTRL with entropy in the stages of Algorithm 1, the initial policies as priors; see the module.

    Parameters
    ----------
    learning_rate, keep_stages
        As in :class:`metanash.learners.OptimisticMirrorDescent`, and so are initial policies.

    Examples
    --------
    It is Algorithm 1.

    >>> import metanash as mn
    >>> games = mn.families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.0)
    >>> runs = [mn.learn(games, learner(0.1), 300) for learner in (mn.learners.StagedFTRL, mn.OptimisticMirrorDescent)]
    >>> bool(np.allclose(runs[0].ne_gap, runs[1].ne_gap, atol=1e-12))
    True
    """

    _predicts: ClassVar[bool] = True
    """Whether the last payoffs are taken as those of the next iteration."""

    def start(self, games: GameBatch[ZeroSumGame], initial: Policies | None = None) -> StagedSums:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.

        Raises
        ------
        ValueError
            As in :meth:`metanash.learners.OptimisticMirrorDescent.start`.
        """
        check_batch(type(self).__name__, games, ZeroSumGame)
        begun = before_first(games, self.learning_rate, initial)
        mu, nu = begun.iterate
        return StagedSums(
            **vars(begun),
            stage_sums=(np.zeros((2, *mu.shape)), np.zeros((2, *nu.shape)), np.zeros((2, *begun.eta.shape))),
            payoff_sums=(np.zeros_like(mu), np.zeros_like(nu)),
        )

    def _iterate(self, state: MirrorState, iterations: int) -> None:
        if not isinstance(state, StagedSums):
            name = type(self).__name__
            raise ValueError(f"{name} advances what {name}.start makes, got a {type(state).__name__}")
        eta, iterate = state.eta[..., np.newaxis], state.iterate
        sums = state.payoff_sums if state.done else tuple(np.zeros_like(part) for part in iterate)
        payoffs = payoffs_of(state.q, iterate)
        for t in range(state.done + 1, state.done + iterations + 1):
            sums = tuple(total + payoff for total, payoff in zip(sums, payoffs, strict=True))
            leaning = tuple(map(np.add, sums, payoffs)) if self._predicts else sums
            iterate = tuple(
                simplex.softmax(prior + eta * total) for prior, total in zip(state.anchor, leaning, strict=True)
            )
            payoffs = payoffs_of(state.q, iterate)
            _add(state.stage_sums, (*iterate, summed(iterate[0] * payoffs[0])), fold=t % CHUNK == 0)
        state.payoff_sums, state.iterate = sums, iterate


def _add(sums: tuple[Floats, ...], met: tuple[Floats, ...], *, fold: bool) -> None:
    """Add to the running sums, and these to the totals at the end of a chunk: no small term meets a large sum."""
    for total, new in zip(sums, met, strict=True):
        total[1] += new
        if fold:
            total[0] += total[1]
            total[1] = 0.0


@dataclass(frozen=True)
class PlainMirrorDescent(StagedFTRL):
    """Mirror descent with entropy in the stages of Algorithm 1, without its prediction; see the module.

    Parameters
    ----------
    learning_rate, keep_stages
        As in :class:`metanash.learners.OptimisticMirrorDescent`, and so are initial policies.

    Examples
    --------
    With a constant rate it goes around the equilibrium, and what predicts does not.

    >>> import metanash as mn
    >>> games = mn.families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.0, horizon=1)
    >>> runs = [mn.learn(games, learner(1.0), 2000) for learner in (PlainMirrorDescent, StagedFTRL)]
    >>> bool(runs[0].ne_gap[0, -1] > 3 * runs[1].ne_gap[0, -1])
    True
    """

    _predicts = False
