"""Independent gradient play, slowly: loops, enumeration and complex steps.

As in :mod:`oracles`, nothing is imported from ``metanash`` or NumPy. The softmax gradient is not the closed form of the
policy gradient theorem but the derivative of the value function itself: the imaginary part of f(x + 1e-30 i) is
1e-30 f'(x), without cancellation (Squire and Trapp 1998).
"""

import cmath
import math

import oracles

STEP = 1e-30


def softmax(logits):
    """One row; logits may be complex, and -inf."""
    top = max(complex(x).real for x in logits)
    weights = [cmath.exp(x - top) for x in logits]
    total = sum(weights)
    return [w / total for w in weights]


def logits_of(policies):
    """Logarithms, -inf of 0."""
    return [[[math.log(p) if p else -math.inf for p in row] for row in player] for player in policies]


def policies_of(logits):
    """Real policies [player][s][a]."""
    return [[[p.real for p in softmax(row)] for row in player] for player in logits]


def softmax_value(reward, kernel, discount, initial, logits):
    """Value of softmax policies; complex where a logit is."""
    policies = [[softmax(row) for row in player] for player in logits]
    values = oracles.discounted_values(reward, kernel, discount, policies)
    return sum(p * v for p, v in zip(initial, values, strict=True))


def softmax_gradient(reward, kernel, discount, initial, logits, player):
    """Derivatives [s][a] of a player's value by its own logits."""

    def derivative(s, a):
        moved = [[list(row) for row in part] for part in logits]
        moved[player][s][a] = complex(moved[player][s][a], STEP)
        return softmax_value(reward, kernel, discount, initial, moved).imag / STEP

    return [[derivative(s, a) for a in range(len(row))] for s, row in enumerate(logits[player])]


def softmax_iterates(rewards, kernel, discount, initial, logits, step, iterations):
    """Logits before the first, second, ... iteration and after the last: all players move at once."""
    iterates = [logits]
    for _ in range(iterations):
        gradients = [softmax_gradient(rewards[i], kernel, discount, initial, logits, i) for i in range(len(logits))]
        logits = [
            [[x + step * g for x, g in zip(row, slope, strict=True)] for row, slope in zip(part, slopes, strict=True)]
            for part, slopes in zip(logits, gradients, strict=True)
        ]
        iterates.append(logits)
    return iterates


def projected_iterates(rewards, kernel, discount, policies, step, iterations):
    """Policies of equation (7), as :func:`softmax_iterates`."""
    iterates = [policies]
    for _ in range(iterations):
        iterates.append(oracles.q_ascent(rewards, kernel, discount, iterates[-1], step, 1))
    return iterates


def mean_gap(rewards, kernel, discount, initial, iterates):
    """Mean NE-gap of policies, each by enumeration of all deterministic deviations."""
    gaps = [max(oracles.discounted_gains(rewards, kernel, discount, initial, policies)) for policies in iterates]
    return math.fsum(gaps) / len(gaps)


def least_best(rewards, kernel, discount, policies, tie=1e-12):
    """Least probability, over players and states, of the actions within ``tie`` of the largest averaged Q-value."""
    least = 1.0
    for i, policy in enumerate(policies):
        values = oracles.discounted_values(rewards[i], kernel, discount, policies)
        q = oracles.averaged_q(rewards[i], kernel, discount, policies, i, values)
        for row, payoffs in zip(policy, q, strict=True):
            mass = sum(p for p, payoff in zip(row, payoffs, strict=True) if payoff >= max(payoffs) - tie)
            least = min(least, mass)
    return least
