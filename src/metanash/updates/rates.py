"""The learning rate, learned from game to game by what the games before cost."""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from metanash._inner.reductions import largest
from metanash.learners.base import Policies, Run
from metanash.learners.stages import StagedMirrorDescent
from metanash.typing import Floats
from metanash.updates.base import AnyStaged, MetaUpdate, TunesLearner

__all__ = ["LearnedRate", "regret_and_divergence"]

AnyLearner = TypeVar("AnyLearner")


def regret_and_divergence(learner: AnyStaged, run: Run[Any]) -> tuple[Floats, Floats]:
    """What a game cost, and how far its start was off: two (G,) arrays.

    Parameters
    ----------
    learner, run
        Of Algorithm 1 or 2, with stages kept.

    Returns
    -------
    regret : (G,) array
        sum over stages, steps and players of n_tau times the largest regret of a state, in units of reward.
    divergence : (G,) array
        sum over stages, steps and players of the largest KL(best response in hindsight || start) of a state, in nats.

    Raises
    ------
    ValueError
        If stages were not kept.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> learner = mn.OptimisticMirrorDescent(0.125)
    >>> run = mn.learn(mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still), learner, 100)
    >>> regret, divergence = regret_and_divergence(learner, run)
    >>> bool(0 < regret[0] < divergence[0] / 0.125)
    True
    """
    regret, divergence = (np.zeros(len(run.state.eta)) for _ in range(2))
    for stage in learner.stages(run.state):
        for player in range(len(stage.average)):
            regret += stage.iterations * largest(stage.regret(player)).sum(axis=-1)
            divergence += largest(stage.kl_to_initial(player)).sum(axis=-1)
    return regret, divergence


@dataclass(frozen=True)
class LearnedRate:
    """Any meta-update, with the learning rate that would have been best for the games so far.

    Regrets of mirror descent are at most U_k(eta) = B_k / eta + eta V_k, B_k being the divergence of the best responses
    in hindsight from the start, and V_k the variation of the payoffs (Khodak, Balcan and Talwalkar 2019, for online
    convex optimisation; Harris et al. 2022, for optimistic learners of normal-form games). The next game has the rate
    that minimises the sum of U_k over the games so far, sqrt(sum B_k / sum V_k): follow the leader. It is kept within
    ``low`` and ``high`` times the learner's own rate, with which the first game is learned.

    V_k is not measured, but the least that explains the regret: max(0, R_k - B_k / eta_k) / eta_k **[choice]**. Between
    optimistic learners of a zero-sum game regrets are below B_k / eta_k as long as the rate is not too large; then
    V_k = 0, and the rate goes up to ``high``. So a game that is learned badly at a large rate is what brings it down.

    Parameters
    ----------
    update : MetaUpdate
        Chooses the initial policies.
    low, high : float
        Ends of the factor of the learner's rate.
    divergence, variation : (G,) arrays
        Sums of B_k and of V_k.

    Raises
    ------
    ValueError
        Unless 0 < low <= 1 <= high, both finite; of a learner without stages, when it is to be tuned.

    Examples
    --------
    >>> import metanash as mn
    >>> from metanash.meta import Individual, learn_sequence
    >>> games = mn.families.zero_sum_sequence("pure", 2023, "docs", n_games=3, perturbation=0.1)
    >>> run = learn_sequence(games, mn.OptimisticMirrorDescent(0.25), LearnedRate(Individual(), high=8.0), 100)
    >>> [one.state.eta[0, 0, 0].item() for one in run.runs]  # saddle points: the largest rate is best
    [0.25, 2.0, 2.0]
    """

    update: MetaUpdate
    low: float = 0.25
    high: float = 32.0
    divergence: Floats | None = None
    variation: Floats | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.low <= 1.0 <= self.high < np.inf:
            raise ValueError(f"factors must be 0 < low <= 1 <= high < infinity, got low {self.low}, high {self.high}")

    def tuned(self, learner: AnyLearner) -> AnyLearner:
        """Return the learner with the learned rate, one for each game of a batch."""
        if not isinstance(learner, StagedMirrorDescent):
            raise ValueError(
                "learning rates are learned for Algorithms 1 and 2 (StagedMirrorDescent), not for "
                f"{type(learner).__name__}; take the meta-update alone, without LearnedRate"
            )
        changed: Any = self.update.tuned(learner) if isinstance(self.update, TunesLearner) else learner
        if self.divergence is None or self.variation is None:
            return changed  # type: ignore[no-any-return]
        own = np.asarray(learner.learning_rate, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            best = np.where(self.divergence > 0.0, np.sqrt(self.divergence / self.variation), own)
        rate = np.clip(best, self.low * own, self.high * own)
        return replace(changed, learning_rate=rate)  # type: ignore[no-any-return]

    def observe(self, learner: AnyStaged, run: Run[Any]) -> "LearnedRate":
        """Add what this run cost, and let the meta-update see it."""
        regret, divergence = regret_and_divergence(learner, run)
        rate = run.state.eta[:, 0, 0]
        variation = np.maximum(regret - divergence / rate, 0.0) / rate
        return replace(
            self,
            update=self.update.observe(learner, run),
            divergence=divergence if self.divergence is None else self.divergence + divergence,
            variation=variation if self.variation is None else self.variation + variation,
        )

    def initial(self) -> Policies | None:
        """Return the initial policies of the meta-update."""
        return self.update.initial()
