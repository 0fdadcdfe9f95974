"""Averages of targets that know no number of games: annealed, forgetting, geometric, of a window."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metanash._inner.checks import integer
from metanash._inner.reductions import summed
from metanash.learners.base import Policies, Run
from metanash.simplex import alpha_greedy, softmax
from metanash.typing import Floats
from metanash.updates.base import AnyStaged, Target

__all__ = ["Anneal", "AnnealedTarget", "GeometricTarget", "WindowTarget", "krichevsky_trofimov", "uniform_weight"]

Anneal = Callable[[float, int], float]
"""Weight of the uniform policy after so many games, among so many actions."""


def uniform_weight(power: float) -> Anneal:
    """Weight ``(k + 1)^-power`` after k games: 1/2 is Theorem 2's 1 / sqrt(K) without knowing K.

    Raises ValueError if the power is not positive.

    Examples
    --------
    >>> [uniform_weight(2.0)(k, 3) for k in (1.0, 3.0)]
    [0.25, 0.0625]
    """
    if not 0.0 < power < np.inf:
        raise ValueError(f"the power of an annealed weight must be positive and finite, got {power}")
    return lambda games, actions: (games + 1.0) ** -power  # noqa: ARG005


def krichevsky_trofimov(games: float, actions: int) -> float:
    """Weight ``(d / 2) / (k + d / 2)``: an average of k distributions with half a count more for each of d actions.

    Krichevsky and Trofimov (1981). For whatever sequence of K distributions, the divergences from these predictions
    exceed those from the best fixed one by at most (d - 1) / 2 log K + log d
    (:func:`metanash.bounds.sequences.annealed_regret`).

    Examples
    --------
    >>> [krichevsky_trofimov(k, 2) for k in (0, 1, 3)]
    [1.0, 0.5, 0.25]
    """
    return 0.5 * actions / (games + 0.5 * actions)


def _normalised(policies: Floats) -> Floats:
    return np.asarray(policies / summed(policies, keepdims=True))


@dataclass(frozen=True)
class AnnealedTarget:
    """The average of the targets, mixed with the uniform policy by a weight that falls from game to game.

    tilde^{k+1} = [sum_{k'} g^{k-k'} target^{k'} / n]_{alpha(n)} with n = sum_{k'} g^{k-k'}, per stage, step and state.
    Equation (5) is the case g = 1 and alpha(n) = 1 / sqrt(K), whatever n: mixing and averaging commute.

    Parameters
    ----------
    target : function
        What a game recommends (:data:`metanash.meta.TARGETS`).
    alpha : function of n and the number of actions
        Weight of the uniform policy, in (0, 1].
    discount : float
        g, in [0, 1]: how much each game counts of what the next one counts. Below 1 it forgets.
    total : tuple of (game, stage, h, s, action) arrays
        Discounted sums of the targets so far.
    count : float
        n.

    Raises
    ------
    ValueError
        If the discount is out of range, or a weight of the uniform policy is.

    Examples
    --------
    >>> update = AnnealedTarget(lambda learner, run: run, uniform_weight(1.0))
    >>> for action in (0, 0, 1):
    ...     update = update.observe(None, (np.eye(2)[action],))
    >>> update.initial()[0].round(4).tolist()  # two thirds, less a quarter of the way to one half
    [0.625, 0.375]
    """

    target: Target
    alpha: Anneal
    discount: float = 1.0
    total: Policies | None = None
    count: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.discount <= 1.0:
            raise ValueError(f"discount must lie in [0, 1], got {self.discount}; 1 forgets nothing")

    def observe(self, learner: AnyStaged, run: Run[Any]) -> "AnnealedTarget":
        """Add the target of this run to the average."""
        return self.seen(self.target(learner, run))

    def seen(self, targets: Policies) -> "AnnealedTarget":
        """Add a target that is known already."""
        before = tuple(np.zeros_like(part) for part in targets) if self.total is None else self.total
        total = tuple(self.discount * old + new for old, new in zip(before, targets, strict=True))
        return replace(self, total=total, count=self.discount * self.count + 1.0)

    def initial(self) -> Policies | None:
        """Return the average of the targets so far, mixed with the uniform policy."""
        if self.total is None:
            return None
        return tuple(alpha_greedy(_normalised(part), self._weight(part.shape[-1])) for part in self.total)

    def _weight(self, actions: int) -> float:
        weight = self.alpha(self.count, actions)
        if not 0.0 < weight <= 1.0:
            raise ValueError(f"alpha must lie in (0, 1], got {weight} after {self.count:g} games of {actions} actions")
        return weight


@dataclass(frozen=True)
class GeometricTarget:
    """tilde^{k+1} proportional to the geometric mean of the [target^{k'}]_alpha, per stage, step and state.

    Where equation (5) has the p that minimises sum_k KL([target^k]_alpha || p), this is the one that minimises
    sum_k KL(p || [target^k]_alpha), the centroid of the reversed divergence.

    Parameters
    ----------
    target : function
        What a game recommends.
    alpha : float
        Weight of the uniform policy in each target, in (0, 1): without it an action that one game does without would
        never be played again.
    total : tuple of (game, stage, h, s, action) arrays
        Sums of logarithms.

    Raises
    ------
    ValueError
        If alpha is out of range.

    Examples
    --------
    >>> update = GeometricTarget(lambda learner, run: run, 0.2)
    >>> for action in (0, 0, 1):
    ...     update = update.observe(None, (np.eye(2)[action],))
    >>> update.initial()[0].round(4).tolist()  # (0.9 * 0.9 * 0.1)^(1/3) to (0.1 * 0.1 * 0.9)^(1/3)
    [0.6753, 0.3247]
    """

    target: Target
    alpha: float
    total: Policies | None = None
    count: int = 0

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 1.0:
            raise ValueError(f"alpha must lie in (0, 1), got {self.alpha}; Theorem 2 takes 1 / sqrt(K)")

    def observe(self, learner: AnyStaged, run: Run[Any]) -> "GeometricTarget":
        """Add the logarithm of this run's target."""
        logs = tuple(np.log(alpha_greedy(policy, self.alpha)) for policy in self.target(learner, run))
        total = logs if self.total is None else tuple(a + b for a, b in zip(self.total, logs, strict=True))
        return replace(self, total=total, count=self.count + 1)

    def initial(self) -> Policies | None:
        """Return the geometric mean of the targets so far, normalised."""
        return None if self.total is None else tuple(softmax(total / self.count) for total in self.total)


@dataclass(frozen=True)
class WindowTarget:
    """The average of the last few targets, mixed with the uniform policy: what is older is forgotten.

    Parameters
    ----------
    target : function
        What a game recommends.
    alpha : function of the number of games in the window and the number of actions
        Weight of the uniform policy, in (0, 1].
    window : int
        Games that count, at least 1.
    recent : tuple of tuples of (game, stage, h, s, action) arrays
        Their targets, oldest first.

    Raises
    ------
    ValueError
        If the window is out of range, or a weight of the uniform policy is.

    Examples
    --------
    >>> update = WindowTarget(lambda learner, run: run, uniform_weight(1.0), window=2)
    >>> for action in (0, 1, 1):
    ...     update = update.observe(None, (np.eye(2)[action],))
    >>> update.initial()[0].round(4).tolist()  # (0, 1), less a third of the way to one half
    [0.1667, 0.8333]
    """

    target: Target
    alpha: Anneal
    window: int
    recent: tuple[Policies, ...] = ()

    def __post_init__(self) -> None:
        integer("window", self.window, 1)

    def observe(self, learner: AnyStaged, run: Run[Any]) -> "WindowTarget":
        """Take this run's target in, and the oldest out."""
        return replace(self, recent=(*self.recent, self.target(learner, run))[-self.window :])

    def initial(self) -> Policies | None:
        """Return the average of the window, mixed with the uniform policy."""
        average = AnnealedTarget(self.target, self.alpha)
        for targets in self.recent:
            average = average.seen(targets)
        return average.initial()
