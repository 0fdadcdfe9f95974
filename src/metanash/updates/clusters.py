"""Averages of clusters of games: which one a game belongs to is recognised by its first stages."""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from metanash._inner.checks import integer
from metanash._inner.reductions import summed
from metanash.learners.base import Policies, Run
from metanash.learners.stages import FinishedStages, StagedMirrorDescent
from metanash.simplex import kl_divergence, uniform
from metanash.typing import Booleans, Floats, Integers
from metanash.updates.averages import Anneal
from metanash.updates.base import AnyStaged, Target

__all__ = ["ClusterTarget"]

AnyLearner = TypeVar("AnyLearner")


@dataclass(frozen=True)
class ClusterTarget:
    r"""An average of the targets for each cluster of games, chosen for a game by what its first stages showed.

    Stages up to ``look`` start uniform in every game, so the average policies x of stage ``look`` tell games apart by
    nothing but their payoffs. A cluster has the mean of the x of its games, and the average of their targets. A game is
    of the cluster whose mean has the smallest divergence from its x, summed over players, steps and states; from the
    next stage on it starts from that cluster's average, mixed with the uniform policy by ``alpha`` of the number n of
    its games. It is like none if the uniform policy is as near: then it goes on from the uniform policy and makes a
    cluster of its own afterwards, unless there are ``most`` of them, when it joins the nearest. All of it is ours;
    bounds of single games hold, since initial policies of a stage may depend on the stages before.

    Parameters
    ----------
    target : function
        What a game recommends (:data:`metanash.meta.TARGETS`), with one policy for all stages or one for each.
    alpha : function of n and the number of actions
        Weight of the uniform policy, in (0, 1].
    look : int
        The stage that is looked at, at least 2: before it estimates are 0.
    most : int
        Clusters at most.
    seen, total : tuple of (clusters, game, ...) arrays
        Sums of x, and of the targets, over the games of each cluster; in each sequence of a batch by itself.
    count : (clusters, game) array
        Numbers of games.

    Raises
    ------
    ValueError
        If a number is out of range; of a learner without stages, when it is to be tuned; of a run without a whole stage
        ``look``; if a weight of the uniform policy is not in (0, 1].

    Examples
    --------
    Games of two kinds in turn: the third one is known by its first stages.

    >>> import metanash as mn
    >>> from metanash.meta import TARGETS, learn_sequence
    >>> from metanash.updates import uniform_weight
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> up, down = (mn.ZeroSumGame([[m]], still) for m in ([[0.9, 0.6], [0.5, 0.3]], [[0.3, 0.5], [0.6, 0.9]]))
    >>> update = ClusterTarget(TARGETS["last_stage_average"], uniform_weight(2.0))
    >>> run = learn_sequence([up, down, up, down], mn.OptimisticMirrorDescent(0.2), update, 200)
    >>> sorted(run.ne_gap[0, :, -1].argsort()[:2].tolist())  # the later ones are learned best
    [2, 3]
    """

    target: Target
    alpha: Anneal
    look: int = 3
    most: int = 2
    seen: Policies | None = None
    total: Policies | None = None
    count: Integers | None = None

    def __post_init__(self) -> None:
        integer("look", self.look, 2)
        integer("most", self.most, 1)

    def tuned(self, learner: AnyLearner) -> AnyLearner:
        """Return the learner that chooses its initial policies anew after stage ``look``."""
        if not isinstance(learner, StagedMirrorDescent):
            raise ValueError(
                "clusters are recognised by the stages of Algorithms 1 and 2 (StagedMirrorDescent), which "
                f"{type(learner).__name__} has not; take individual or carry_over"
            )
        return learner if self.count is None else replace(learner, reconsider=self.recognised)

    def recognised(self, stages: FinishedStages[Any]) -> Policies | None:
        """Return where the stages after ``look`` start, (G, 1 or stages, H, S, A_i); None at any other stage."""
        if len(stages) != self.look or self.total is None or self.count is None:
            return None
        nearest, known = self._nearest(stages[-1].average)
        games = np.arange(len(nearest))
        count = self.count[nearest, games]
        starts = []
        for total in self.total:
            actions = total.shape[-1]
            weight = np.array([self._weight(n, actions) if own else 1.0 for n, own in zip(count, known, strict=True)])
            weight = weight.reshape(-1, *(1,) * (total.ndim - 2))
            mean = total[nearest, games] / np.maximum(count, 1).reshape(weight.shape)
            mixed = (1.0 - weight) * mean + weight / actions
            starts.append(mixed / summed(mixed, keepdims=True))
        return tuple(starts)

    def _weight(self, games: float, actions: int) -> float:
        weight = self.alpha(games, actions)
        if not 0.0 < weight <= 1.0:
            raise ValueError(f"alpha must lie in (0, 1], got {weight} after {games:g} games of {actions} actions")
        return weight

    def _nearest(self, seen: Policies) -> tuple[Integers, Booleans]:
        """The nearest cluster of each game, (G,), and whether it is nearer than the uniform policy."""
        assert self.seen is not None
        assert self.count is not None  # who calls has looked
        distance: Floats = np.zeros(self.count.shape)
        even: Floats = np.zeros(self.count.shape[1])
        for sums, own in zip(self.seen, seen, strict=True):
            mean = sums / np.maximum(self.count, 1).reshape(*self.count.shape, *(1,) * (sums.ndim - 2))
            mean = np.where(mean > 0.0, mean, 1.0 / own.shape[-1])  # of clusters without a game
            distance += kl_divergence(np.broadcast_to(own, mean.shape), mean).sum(axis=(2, 3))
            even += kl_divergence(own, uniform(*own.shape)).sum(axis=(1, 2))
        distance = np.where(self.count > 0, distance, np.inf)
        return distance.argmin(axis=0), distance.min(axis=0) < even

    def observe(self, learner: AnyStaged, run: Run[Any]) -> "ClusterTarget":
        """Add the target of this run to the average of its cluster."""
        stages = learner.stages(run.state)
        if len(stages) < self.look or (len(stages) == self.look and run.state.done < run.state.length):
            raise ValueError(
                f"clusters are recognised after stage {self.look}, which a run of {run.state.iteration} iterations "
                "does not finish; take more iterations or a smaller look"
            )
        seen, targets = stages[self.look - 1].average, self.target(learner, run)
        games = np.arange(len(seen[0]))
        if self.seen is None or self.total is None or self.count is None:
            count = np.zeros((self.most, len(games)), dtype=np.int64)
            sums, total = (tuple(np.zeros((self.most, *part.shape)) for part in parts) for parts in (seen, targets))
            joined = np.zeros(len(games), dtype=np.int64)
        else:
            count, sums, total = self.count.copy(), *(tuple(x.copy() for x in y) for y in (self.seen, self.total))
            nearest, known = self._nearest(seen)
            free = count.min(axis=0) == 0
            joined = np.where(known | ~free, nearest, (count == 0).argmax(axis=0))
        count[joined, games] += 1
        for kept, new in zip((*sums, *total), (*seen, *targets), strict=True):
            kept[joined, games] += new
        return replace(self, seen=sums, total=total, count=count)

    def initial(self) -> None:
        """Start from the learner's default, the uniform policy: what comes later is chosen by :meth:`recognised`."""
