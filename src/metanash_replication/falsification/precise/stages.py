"""Algorithms 1 and 2 with 50 digits, iteration by iteration, and what Theorems 1, 2, 5 and 6 say of their output.

A zero-sum game is the game with the rewards r and -r. Rewards are (N, H, S, A_1, ..., A_N), transitions
(H, S, A_1, ..., A_N, S), initial policies (stages or 1, H, S, A_i) for each player.
"""

import itertools
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from metanash_replication.falsification.precise.arithmetic import Decimals, decimals, normalised

__all__ = [
    "PreciseStage",
    "cce_gap_bound",
    "divergences",
    "greedy",
    "log",
    "nearest_divergence",
    "run",
    "shared_response",
    "zero_sum_gap",
]

_TIE = Decimal("1e-30")
"""Payoffs that are equal but for rounding."""


@dataclass(frozen=True)
class PreciseStage:
    """A stage: its iterations, initial policies, joint of the iterates and payoffs of each player's actions."""

    iterations: int
    initial: list[Decimals]
    joint: Decimals
    payoff: list[Decimals]


def _product(policies: Sequence[Decimals]) -> Decimals:
    table = policies[0]
    for policy in policies[1:]:
        table = np.multiply.outer(table, policy)
    return table


def _others(joint: Decimals, player: int) -> Decimals:
    """Distribution of the others' actions, their axes in order."""
    return np.asarray(joint.sum(axis=player))


def _payoffs(table: Decimals, joint: Decimals, player: int) -> Decimals:
    """Payoff of each own action while the others follow the joint without it."""
    moved = np.moveaxis(table, player, 0)
    others = _others(joint, player)
    return np.array([(row * others).sum() for row in moved], dtype=object)


def _flat_product(policies: Sequence[Sequence[Decimal]]) -> list[Decimal]:
    """Probabilities of the joint actions of independent players, the last player's action changing first."""
    if not policies:
        return [Decimal(1)]
    table = list(policies[0])
    for policy in policies[1:]:
        table = [p * q for p in table for q in policy]
    return table


class _Iterates:
    """The iterates of one stage at one state and step, and the sum of their products.

    Plain lists: with arrays of so few numbers most of the time would go into calls of NumPy, and runs may be long.
    Anchors are weights, no distributions: exponents of a Decimal have room for any run.
    """

    def __init__(self, q: Sequence[Decimals], start: Sequence[Decimals], eta: Decimal) -> None:
        self._q, self._start, self._eta = list(q), list(start), eta
        self._actions = [len(policy) for policy in start]
        self._choosing = [i for i, n in enumerate(self._actions) if n > 1]
        rows = [np.moveaxis(table, i, 0) for i, table in enumerate(q)]
        self._gains = [[list((row - first).ravel()) for row in others] for first, *others in rows]
        self._begin()

    def _begin(self) -> None:
        self._done = 0
        self._anchor, self._now = [list(policy) for policy in self._start], [list(policy) for policy in self._start]
        self._total = [Decimal(0)] * math.prod(self._actions)

    def are_of(self, q: Sequence[Decimals], start: Sequence[Decimals]) -> bool:
        """Whether these are the iterates on such payoffs from such policies."""
        pairs = zip([*self._q, *self._start], [*q, *start], strict=True)
        return all(bool((own == other).all()) for own, other in pairs)

    def total(self, iterations: int) -> Decimals:
        """Sum of the products of so many iterates; those that were added up before are not gone through again."""
        if iterations < self._done:
            self._begin()
        self._advance(iterations - self._done)
        self._done = iterations
        return np.array(self._total, dtype=object).reshape(self._actions)

    def _advance(self, iterations: int) -> None:
        eta, anchor, now, total, choosing = self._eta, self._anchor, self._now, self._total, self._choosing
        gained = [[Decimal(0) for _ in gains] for gains in self._gains]
        factor = [[Decimal(1) for _ in gains] for gains in self._gains]
        for _ in range(iterations):
            others = [_flat_product(now[:i] + now[i + 1 :]) for i in choosing]
            for i, faced in zip(choosing, others, strict=True):
                own, weight = anchor[i], anchor[i][:1]  # as to scale, that of the first action may stay
                for a, gains in enumerate(self._gains[i]):
                    gain = sum(map(operator.mul, gains, faced))
                    if gain != gained[i][a]:  # payoffs do not move where nobody else does; exp takes most of the time
                        gained[i][a], factor[i][a] = gain, (eta * gain).exp()
                    own[a + 1] *= factor[i][a]
                    weight.append(own[a + 1] * factor[i][a])
                mass = sum(weight)
                now[i] = [w / mass for w in weight]
            total = list(map(operator.add, total, _flat_product(now)))
        self._total = total


def run(
    reward: Decimals, transition: Decimals, initial: Sequence[Decimals], eta: Decimal, iterations: int
) -> list[PreciseStage]:
    """All stages of a run of so many iterations, the last one cut."""
    players, (horizon, states) = range(len(reward)), reward.shape[1:3]
    actions = reward.shape[3:]
    places = list(itertools.product(range(horizon), range(states)))
    q, learning = reward - reward, dict[tuple[int, int], _Iterates]()
    length, left, stages = horizon, iterations, list[PreciseStage]()
    while left:
        n = min(length, left)
        tilde = [policy[min(len(stages), len(policy) - 1)] for policy in initial]
        joint = np.empty((horizon, states, *actions), dtype=object)
        payoff = [np.empty((horizon, states, n_own), dtype=object) for n_own in actions]
        value = np.empty((len(reward), horizon, states), dtype=object)
        for h, s in places:
            here = [q[i, h, s] for i in players]
            own = [policy[h, s] for policy in tilde]
            # payoffs of the last step are the rewards: from the same policies a stage begins like the one before it
            if (h, s) not in learning or not learning[h, s].are_of(here, own):
                learning[h, s] = _Iterates(here, own, eta)
            joint[h, s] = learning[h, s].total(n) / Decimal(n)
            for i in players:
                payoff[i][h, s] = _payoffs(here[i], joint[h, s], i)
                value[i, h, s] = (here[i] * joint[h, s]).sum()
        stages.append(PreciseStage(n, tilde, joint, payoff))
        q = reward.copy()
        for i, h in itertools.product(players, range(horizon - 1)):
            q[i, h] = q[i, h] + (transition[h] * value[i, h + 1]).sum(axis=-1)
        left, length = left - n, length * (horizon + 1) // horizon
    return stages


def _best_responses(payoff: Decimals) -> Any:
    """Which actions (..., A) are best responses in hindsight, up to rounding."""
    return payoff >= payoff.max(axis=-1, keepdims=True) - _TIE


def shared_response(payoff: Decimals) -> Decimals:
    """Best response in hindsight whose ties share it evenly."""
    return normalised(decimals(_best_responses(payoff)))


def greedy(policy: Decimals, alpha: Decimal) -> Decimals:
    """(1 - alpha) policy + alpha / A."""
    return np.asarray((1 - alpha) * policy + alpha / policy.shape[-1])


def _vertex(payoff: Decimals, initial: Decimals, worst: bool) -> Decimals:
    """Divergence of a vertex among the best responses from the initial policy, (H, S)."""
    best = _best_responses(payoff)
    found = np.empty(payoff.shape[:-1], dtype=object)
    for place in np.ndindex(*found.shape):
        tied = [initial[place][a] for a in np.flatnonzero(best[place])]
        found[place] = -(min(tied) if worst else tied[0]).ln()
    return found


def divergences(stages: Sequence[PreciseStage], *, worst: bool, largest: bool) -> Decimal:
    """Sum over stages and steps of the divergence, the largest over states of the players' sum or their largest."""
    total = Decimal(0)
    for stage in stages:
        own = np.stack([_vertex(p, start, worst) for p, start in zip(stage.payoff, stage.initial, strict=True)])
        both = own.max(axis=0) if largest else own.sum(axis=0)
        total += both.max(axis=-1).sum()
    return total


def nearest_divergence(stages: Sequence[PreciseStage]) -> Decimal:
    """As :func:`divergences`, summed over players, at the best responses that are nearest to the initial policies."""
    total = Decimal(0)
    for stage in stages:
        horizon, states = stage.payoff[0].shape[:2]
        for h in range(horizon):
            here = []
            for s in range(states):
                likeliest = [
                    max(start[h, s][_best_responses(payoff[h, s])])
                    for payoff, start in zip(stage.payoff, stage.initial, strict=True)
                ]
                here.append(-sum((p.ln() for p in likeliest), start=Decimal(0)))
            total += max(here)
    return total


def _best_value(reward: Decimals, transition: Decimals, start: Decimals, other: Decimals, player: int) -> Decimal:
    """Value of the best response of one of two players to a policy (H, S, A) of the other."""
    value = reward[0, :, 0, 0] - reward[0, :, 0, 0]  # nothing after the last step
    for h in reversed(range(len(reward))):
        q = reward[h] + (transition[h] * value).sum(axis=-1)
        value = np.array(
            [np.tensordot(other[h, s], q[s], axes=(0, 1 - player)).max() for s in range(len(q))], dtype=object
        )
    return Decimal((start * value).sum())


def zero_sum_gap(stages: Sequence[PreciseStage], reward: Decimals, transition: Decimals, start: Decimals) -> Decimal:
    """NE-gap of the average of all iterates; ``reward`` (H, S, A, B) is the max-player's."""
    count = Decimal(sum(stage.iterations for stage in stages))
    average = [sum(Decimal(stage.iterations) * stage.joint.sum(axis=3 - i) for stage in stages) / count for i in (0, 1)]
    gain = _best_value(reward, transition, start, np.asarray(average[1]), 0)
    return gain + _best_value(-reward, transition, start, np.asarray(average[0]), 1)


def cce_gap_bound(
    stages: Sequence[PreciseStage], reward: Decimals, transition: Decimals, start: Decimals, initial: Sequence[Decimals]
) -> Decimal:
    """The most that a player gains who is told the stage, from the output of Algorithm 2."""
    players, (horizon, states) = range(len(reward)), reward.shape[1:3]
    first = np.empty(stages[0].joint.shape, dtype=object)
    for h, s in np.ndindex(horizon, states):
        first[h, s] = _product([policy[0, h, s] for policy in initial])
    gains = []
    for i in players:

        def values(joint: Decimals, followed: Decimals, deviated: Decimals, i: int = i) -> tuple[Decimals, Decimals]:
            """Values (H + 1, S) of one stage from those of the stage before it."""
            new = followed.copy(), deviated.copy()
            for h, s in np.ndindex(horizon, states):
                here = [reward[i, h, s] + (transition[h, s] * old[h + 1]).sum(axis=-1) for old in (followed, deviated)]
                new[0][h, s] = (here[0] * joint[h, s]).sum()
                new[1][h, s] = _payoffs(here[1], joint[h, s], i).max()
            return new

        zero = np.full((horizon + 1, states), Decimal(0), dtype=object)
        pair = zero, zero
        for _ in range(horizon):
            pair = values(first, *pair)
        total = Decimal(0)
        for stage in stages:
            pair = values(stage.joint, *pair)
            total += stage.iterations * (start * (pair[1][0] - pair[0][0])).sum()
        gains.append(total / sum(stage.iterations for stage in stages))
    return Decimal(max(gains))


def log(value: int) -> Decimal:
    """Natural logarithm of an integer."""
    return Decimal(value).ln()
