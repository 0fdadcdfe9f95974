"""Averages mixed by how well each of them has foretold the games so far: the weight of uniform play learned on line."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metanash._inner.reductions import summed
from metanash.learners.base import Policies, Run
from metanash.simplex import kl_divergence, logits, softmax, uniform
from metanash.typing import Floats
from metanash.updates.averages import AnnealedTarget
from metanash.updates.base import AnyStaged

__all__ = ["LearnedTarget"]


def _forecasts(experts: tuple[AnnealedTarget, ...], like: Policies) -> tuple[Floats, ...]:
    """What the experts and the uniform policy start from, (experts + 1, game, stage, h, s, action) for each player."""
    found = [expert.initial() for expert in experts]
    parts = []
    for player, policy in enumerate(like):
        even = uniform(*policy.shape)
        parts.append(np.stack([*(even if one is None else one[player] for one in found), even]))
    return tuple(parts)


@dataclass(frozen=True)
class LearnedTarget:
    r"""A mixture of averages of one target, each weighted by exp(-sum of its divergences from the targets so far).

    Vovk's aggregating algorithm for the logarithmic loss, a Bayesian mixture. With ``together`` false a row (a player's
    policy in a stage, step and state) has weights of its own. Then, for whatever games, with N averages besides the
    uniform policy,

    .. math:: \sum_k KL(target^k || tilde^k) \le \min_j \sum_k KL(target^k || tilde^{k, j}) + \log(N + 1)

    in each row: by Hölder, the sum over j of w_j times exp(sum_a p_a log q_j(a)) is at most the product over a of
    (sum_j w_j q_j(a))^{p_a}. It needs neither K nor how alike the games are. With ``together`` all rows of a sequence
    share the weights, divergences being summed over rows: more is learned of each game, and nothing is promised.

    Parameters
    ----------
    experts : tuple of AnnealedTarget
        The averages, before any game; they must have one target. The uniform policy is one more.
    together : bool
        Whether all players, stages, steps and states of a sequence share their weights.
    share : float
        In [0, 1): this part of the weight goes round evenly after every game, so that what was best long ago can be
        left (Herbster and Warmuth 1998). 0 for games that do not move.
    weights : tuple of (experts + 1, game, stage, h, s) arrays
        Logarithms of the weights.

    Raises
    ------
    ValueError
        If there is no average, their targets differ, one has seen games, or ``share`` is out of range.

    Examples
    --------
    >>> from metanash.updates import uniform_weight
    >>> experts = tuple(AnnealedTarget(lambda learner, run: run, uniform_weight(power)) for power in (0.5, 2.0))
    >>> update = LearnedTarget((experts[0],))
    >>> for _ in range(9):
    ...     update = update.observe(None, (np.array([[[[[1.0, 0.0]]]]]),))
    >>> update.initial()[0].ravel().round(2).tolist()  # nearly the average: the uniform policy has foretold nothing
    [0.83, 0.17]
    """

    experts: tuple[AnnealedTarget, ...]
    together: bool = False
    share: float = 0.0
    weights: tuple[Floats, ...] | None = None

    def __post_init__(self) -> None:
        if not self.experts:
            raise ValueError("experts must have at least one average")
        if any(expert.target is not self.experts[0].target for expert in self.experts):
            raise ValueError("experts must be averages of one target, the same function for all")
        if self.weights is None and any(expert.total is not None for expert in self.experts):
            raise ValueError("experts must have seen no game before")
        if not 0.0 <= self.share < 1.0:
            raise ValueError(f"share must lie in [0, 1), got {self.share}; 0 is for games that do not move")

    def observe(self, learner: AnyStaged, run: Run[Any]) -> "LearnedTarget":
        """Charge each average with its divergence from the target of this run, then add it to all."""
        targets = self.experts[0].target(learner, run)
        costs = [
            kl_divergence(target, forecast)
            for target, forecast in zip(targets, _forecasts(self.experts, targets), strict=True)
        ]
        if self.together:
            total = np.sum([cost.sum(axis=(2, 3, 4), keepdims=True) for cost in costs], axis=0)
            costs = [np.broadcast_to(total, cost.shape) for cost in costs]
        before = [np.zeros_like(cost) for cost in costs] if self.weights is None else self.weights
        weights = tuple(self._shared(old - cost) for old, cost in zip(before, costs, strict=True))
        return replace(self, experts=tuple(expert.seen(targets) for expert in self.experts), weights=weights)

    def _shared(self, weights: Floats) -> Floats:
        if self.share == 0.0:
            return np.asarray(weights - weights.max(axis=0))
        return logits((1.0 - self.share) * softmax(weights, axis=0) + self.share / len(weights))

    def initial(self) -> Policies | None:
        """Return the mixture of what the averages would start from."""
        like = self.experts[0].initial()
        if like is None or self.weights is None:
            return None
        mixed = [
            summed(np.moveaxis(softmax(weight, axis=0)[..., np.newaxis] * forecast, 0, -1))
            for weight, forecast in zip(self.weights, _forecasts(self.experts, like), strict=True)
        ]
        return tuple(policy / summed(policy, keepdims=True) for policy in mixed)
