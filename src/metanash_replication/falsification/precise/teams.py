"""Projected Q-ascent on discounted teams with 50 digits; best responses, kappa and potentials by enumeration.

Rewards are (S, A_1, ..., A_N), transitions (S, A_1, ..., A_N, S), policies (S, A_i) for each player.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from metanash_replication.falsification.precise.arithmetic import (
    Decimals,
    choices,
    contract,
    decimals,
    normalised,
    solve,
    transition_average,
)

__all__ = ["Policy", "Team", "largest_step", "project", "team"]

Policy = Sequence[Decimals]


def project(point: Decimals) -> Decimals:
    """Euclidean projection onto the simplex: the threshold is the largest over k of (x_1 + ... + x_k - 1) / k."""
    best = sorted(point, reverse=True)
    threshold = max((sum(best[:k]) - 1) / Decimal(k) for k in range(1, len(best) + 1))
    return np.array([max(x - threshold, Decimal(0)) for x in point], dtype=object)


@dataclass(frozen=True)
class Team:
    """A discounted game whose players share one reward, their potential."""

    reward: Decimals
    transition: Decimals
    start: Decimals
    discount: Decimal

    @property
    def actions(self) -> tuple[int, ...]:
        """A_1, ..., A_N."""
        return self.reward.shape[1:]

    def _values(self, stage: Decimals, policy: Policy) -> Decimals:
        """Discounted value of a stage reward from each state."""
        states = range(len(stage))
        earned = np.array([contract(stage[s], [part[s] for part in policy]) for s in states], dtype=object)
        chain = transition_average(self.transition, policy)
        return solve(decimals(np.eye(len(stage))) - self.discount * chain, earned)

    def value(self, policy: Policy, stage: Decimals | None = None) -> Decimal:
        """Value from the start, of the reward or of another stage reward."""
        return Decimal((self.start * self._values(self.reward if stage is None else stage, policy)).sum())

    def _deviations(self, policy: Policy) -> Iterator[Policy]:
        for i, n in enumerate(self.actions):
            for own in choices(len(self.reward), n):
                yield [*policy[:i], own, *policy[i + 1 :]]

    def ne_gap(self, policy: Policy) -> Decimal:
        """Largest gain of a player."""
        return max(self.value(other) for other in self._deviations(policy)) - self.value(policy)

    def largest(self, stage: Decimals) -> Decimal:
        """Largest value of a stage reward, of any policy."""
        every = itertools.product(*(list(choices(len(stage), n)) for n in self.actions))
        return max(self.value(policy, stage) for policy in every)

    def mismatch(self) -> Decimal:
        """kappa: the largest d_rho^pi(s) / rho(s) of any policy, at least 1."""
        found = [Decimal(1)]
        for state in range(len(self.reward)):
            there = self.reward - self.reward
            there[state] = there[state] + (1 - self.discount)
            found.append(self.largest(there) / self.start[state])
        return max(found)

    def step(self, policy: Policy, size: Decimal) -> Policy:
        """One iteration of projected Q-ascent."""
        q = self.reward + self.discount * (self.transition * self._values(self.reward, policy)).sum(axis=-1)
        states = range(len(q))
        return [
            np.stack([project(own[s] + size * contract(q[s], [p[s] for p in policy], keep=i)) for s in states])
            for i, own in enumerate(policy)
        ]

    def mean_gap(self, policy: Policy, size: Decimal, iterations: int) -> tuple[Decimal, Policy]:
        """Mean NE-gap of the first iterates, and the last policy."""
        total = Decimal(0)
        for _ in range(iterations):
            total += self.ne_gap(policy)
            policy = self.step(policy, size)
        return total / iterations, policy


def largest_step(discount: Decimal, mismatch: Decimal, actions: Sequence[int]) -> Decimal:
    """(1 - gamma)^4 / (8 kappa^3 N A_max)."""
    return (1 - discount) ** 4 / (8 * mismatch**3 * len(actions) * max(actions))


def team(reward: npt.ArrayLike, transition: npt.ArrayLike, start: npt.ArrayLike, discount: float) -> Team:
    """A team from doubles, distributions normalised again."""
    kernel = normalised(decimals(transition))
    return Team(decimals(reward), kernel, normalised(decimals(start)), Decimal(discount))
