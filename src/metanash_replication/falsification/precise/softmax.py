"""Values of softmax policies on discounted teams, their derivatives and MAML with 50 digits.

Gradients in closed form, everything else by central differences with steps so small that 50 digits leave more than 20.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from metanash_replication.falsification.precise.arithmetic import (
    Decimals,
    contract,
    decimals,
    normalised,
    solve,
    transition_average,
)

__all__ = ["Constants", "Parts", "SoftmaxTeam", "constants", "meta_gradient", "meta_smoothness", "norm", "unit"]

Parts = Sequence[Decimals]
"""One array (S, A_i) per player."""

_STEP = Decimal("1e-7")
"""Of differences: errors of 1e-14 of the order of the second derivative after the wanted one."""
_META_STEP = Decimal("1e-15")


@dataclass(frozen=True)
class Constants:
    """G, L and R of ``docs/constants.md``, for one reward."""

    gradient: Decimal
    smoothness: Decimal
    hessian_lipschitz: Decimal


def constants(discount: Decimal) -> Constants:
    """Evaluate them."""
    rest = 1 - discount
    third = (1 + discount) * (1 + 4 * discount + discount**2)
    return Constants(
        gradient=((1 + discount) / (8 * rest**3)).sqrt(),
        smoothness=(1 + discount) / (2 * rest**2),
        hessian_lipschitz=Decimal("1.04") * (third / rest**5).sqrt(),
    )


def meta_smoothness(of: Constants, step: Decimal, inner_steps: int) -> Decimal:
    """L_F."""
    growth = 1 + step * of.smoothness
    spread = growth ** (inner_steps - 1) * (growth**inner_steps - 1)
    return of.smoothness * growth ** (2 * inner_steps) + of.hessian_lipschitz * of.gradient / of.smoothness * spread


def norm(parts: Parts) -> Decimal:
    """Euclidean norm over players, states and actions."""
    return Decimal(sum((part * part).sum() for part in parts)).sqrt()


def unit(parts: Parts) -> Parts:
    """The direction scaled to length 1."""
    length = norm(parts)
    return [part / length for part in parts]


def _moved(theta: Parts, direction: Parts, distance: Decimal) -> Parts:
    return [x + distance * u for x, u in zip(theta, direction, strict=True)]


@dataclass(frozen=True)
class SoftmaxTeam:
    """Reward (S, A_1, ..., A_N), transitions (S, A_1, ..., A_N, S), initial distribution and discount."""

    reward: Decimals
    transition: Decimals
    start: Decimals
    discount: Decimal

    def _policy(self, theta: Parts) -> Parts:
        return [normalised(np.exp(part)) for part in theta]

    def _solved(self, policy: Parts) -> tuple[Decimals, Decimals]:
        """Values of the states, and expected discounted visits."""
        states = range(len(self.reward))
        kernel, start = normalised(self.transition), normalised(self.start)
        matrix = decimals(np.eye(len(self.reward))) - self.discount * transition_average(kernel, policy)
        earned = [contract(self.reward[s], [part[s] for part in policy]) for s in states]
        return solve(matrix, np.array(earned, dtype=object)), solve(matrix.T.copy(), start.copy())

    def value(self, theta: Parts) -> Decimal:
        """Phi(pi_theta)."""
        values, _ = self._solved(self._policy(theta))
        return Decimal((normalised(self.start) * values).sum())

    def gradient(self, theta: Parts) -> Parts:
        """d(s) pi_i(a | s) (Qbar_i(s, a) - V(s)) for each player."""
        policy = self._policy(theta)
        values, visits = self._solved(policy)
        q = self.reward + self.discount * (normalised(self.transition) * values).sum(axis=-1)
        found = []
        for i, own in enumerate(policy):
            averaged = np.stack([contract(q[s], [part[s] for part in policy], keep=i) for s in range(len(q))])
            found.append(visits[:, np.newaxis] * own * (averaged - values[:, np.newaxis]))
        return found

    def derivative(self, theta: Parts, direction: Parts, order: int) -> Decimal:
        """Second or third derivative of Phi along a direction, by central differences of the value."""
        weights = {2: {1: 1, 0: -2, -1: 1}, 3: {2: 1, 1: -2, -1: 2, -2: -1}}[order]
        total = sum(
            (w * self.value(_moved(theta, direction, place * _STEP)) for place, w in weights.items()), start=Decimal(0)
        )
        return total / (_STEP**order * (2 if order == 3 else 1))


def _objective(tasks: Sequence[SoftmaxTeam], theta: Parts, step: Decimal, inner_steps: int) -> Decimal:
    total = Decimal(0)
    for task in tasks:
        adapted = theta
        for _ in range(inner_steps):
            adapted = _moved(adapted, task.gradient(adapted), step)
        total += task.value(adapted)
    return total / len(tasks)


def meta_gradient(tasks: Sequence[SoftmaxTeam], theta: Parts, step: Decimal, inner_steps: int) -> Parts:
    """Gradient of the MAML objective by central differences, coordinate by coordinate."""
    found = [part - part for part in theta]
    for i, part in enumerate(theta):
        for place in np.ndindex(*part.shape):
            ends = []
            for sign in (1, -1):
                moved = [other.copy() for other in theta]
                moved[i][place] += sign * _META_STEP
                ends.append(_objective(tasks, moved, step, inner_steps))
            found[i][place] = (ends[0] - ends[1]) / (2 * _META_STEP)
    return found
