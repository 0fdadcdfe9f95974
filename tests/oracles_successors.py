"""Oracles of the learners after the paper: plain loops over lists, written from the papers' formulas.

Nothing of the package and nothing of NumPy is used. Every sum over the past is taken anew from all that was played,
with weights that are products of the value rates as the papers print them; the package keeps running sums.
"""

import itertools
import math

import oracles


def value_rate(t, horizon):
    return (horizon + 1) / (horizon + t)


def weight(i, t, horizon):
    """alpha_t^i, as printed: alpha_i times (1 - alpha_j) for j = i + 1, ..., t."""
    return value_rate(i, horizon) * math.prod(1 - value_rate(j, horizon) for j in range(i + 1, t + 1))


def normalised(weights):
    total = sum(weights)
    return [w / total for w in weights]


def gibbs(prior, exponents):
    """Proportional to prior times exp(exponent)."""
    most = max(exponents)
    return normalised([p * math.exp(x - most) for p, x in zip(prior, exponents, strict=True)])


def dot(x, y):
    return sum(a * b for a, b in zip(x, y, strict=True))


def combined(coefficients, vectors, length):
    """Sum of coefficients times vectors."""
    return [sum(c * v[k] for c, v in zip(coefficients, vectors, strict=True)) for k in range(length)]


def weighted_mean(coefficients, vectors):
    return combined(coefficients, vectors, len(vectors[0]))


def places(reward):
    """All (h, s)."""
    return list(itertools.product(range(len(reward)), range(len(reward[0]))))


def next_q(reward, kernel, h, s, values):
    """r_h + P_h V_{h+1} at (h, s); ``values[h][s]``, none after the last step."""
    if h == len(reward) - 1:
        return [list(row) for row in reward[h][s]]
    return [
        [r + dot(kernel[h][s][a][b], values[h + 1]) for b, r in enumerate(row)] for a, row in enumerate(reward[h][s])
    ]


def payoffs_of(q, mu, nu):
    """Payoff of each action to its player: Q nu and -mu^T Q."""
    return oracles.row_payoffs(q, nu), [-y for y in oracles.column_payoffs(q, mu)]


def incremental_ftrl(reward, kernel, eta, iterations, priors):
    """Yang and Ma (2022), Algorithm 1, for priors [player][h][s]; Q is moved, as printed, not V.

    Returns last iterates and averages with weights alpha_T^t, both [player][h][s].
    """
    horizon = len(reward)
    q = {(h, s): [[0.0] * len(row) for row in [reward[h][s][0]] * len(reward[h][s])] for h, s in places(reward)}
    met = {(h, s): [] for h, s in places(reward)}
    played = {(h, s): [] for h, s in places(reward)}
    for t in range(1, iterations + 1):
        w = [weight(i, t, horizon) / weight(1, t, horizon) for i in range(1, t + 1)]
        for h, s in places(reward):
            past, pair = met[h, s], []
            for i in (0, 1):
                prior = priors[i][h][s]
                predicted = past[-1][i] if past else [0.0] * len(prior)
                total = combined(w, [*(pay[i] for pay in past), predicted], len(prior))
                pair.append(gibbs(prior, [eta / w[-1] * x for x in total]))
            played[h, s].append(pair)
        for h in reversed(range(horizon)):
            rate = value_rate(t, horizon)
            values = {}
            if h < horizon - 1:
                values = [
                    oracles.bilinear(played[h + 1, s][-1][0], q[h + 1, s], played[h + 1, s][-1][1])
                    for s in range(len(reward[0]))
                ]
            for s in range(len(reward[0])):
                target = next_q(reward, kernel, h, s, {h + 1: values})
                q[h, s] = [
                    [(1 - rate) * old + rate * new for old, new in zip(*rows, strict=True)]
                    for rows in zip(q[h, s], target, strict=True)
                ]
                met[h, s].append(payoffs_of(q[h, s], *played[h, s][-1]))
    shares = [weight(i, iterations, horizon) for i in range(1, iterations + 1)]
    last = [[[played[h, s][-1][i] for s in range(len(reward[0]))] for h in range(horizon)] for i in (0, 1)]
    mean = [
        [
            [weighted_mean(shares, [pair[i] for pair in played[h, s]]) for s in range(len(reward[0]))]
            for h in range(horizon)
        ]
        for i in (0, 1)
    ]
    return last, mean


def staged_descent(reward, kernel, eta, iterations, tildes, *, predicts):
    """Algorithm 1 of Mao et al. (2023), or without its line 6, by the sum of all that was met in the stage.

    Returns the averages of all iterates [player][h][s].
    """
    horizon, states = len(reward), len(reward[0])
    q = {(h, s): [[0.0] * len(reward[h][s][0]) for _ in reward[h][s]] for h, s in places(reward)}
    played, length, done = {place: [] for place in q}, horizon, 0
    stage = {(h, s): [[tilde[h][s] for tilde in tildes]] for h, s in q}  # the initial policies are met too
    for _ in range(iterations):
        if done == length:
            values = [
                [sum(oracles.bilinear(mu, q[h, s], nu) for mu, nu in stage[h, s][1:]) / length for s in range(states)]
                for h in range(horizon)
            ]
            q = {(h, s): next_q(reward, kernel, h, s, values) for h, s in q}
            length, done = math.floor((1 + 1 / horizon) * length + 1e-9), 0
            stage = {(h, s): [[tilde[h][s] for tilde in tildes]] for h, s in q}
        done += 1
        for h, s in q:
            met = [payoffs_of(q[h, s], *pair) for pair in stage[h, s]]
            met += [met[-1]] if predicts else []
            pair = [
                gibbs(tildes[i][h][s], [eta * sum(column) for column in zip(*(pay[i] for pay in met), strict=True)])
                for i in (0, 1)
            ]
            stage[h, s].append(pair)
            played[h, s].append(pair)
    return [
        [
            [weighted_mean([1 / iterations] * iterations, [pair[i] for pair in played[h, s]]) for s in range(states)]
            for h in range(horizon)
        ]
        for i in (0, 1)
    ]


# Last iterates -------------------------------------------------------------------------------------------


def entropy(policy):
    return -sum(p * math.log(p) for p in policy if p > 0)


class GradientPair:
    """Optimistic gradient descent-ascent at one step and state (Wei et al. 2021)."""

    def __init__(self, policies, _q, eta):
        self.anchor, self.last, self.eta = policies, None, eta

    def step(self, payoffs):
        moved = [
            [x + self.eta * g for x, g in zip(*rows, strict=True)] for rows in zip(self.anchor, payoffs, strict=True)
        ]
        return [oracles.project_by_supports(row) for row in moved]

    def play(self):
        return self.step(self.last) if self.last else self.anchor

    def see(self, _q, _played, payoffs):
        self.anchor, self.last = self.step(payoffs), payoffs

    def worth(self, q, played):
        return oracles.bilinear(played[0], q, played[1])

    def result(self, played):
        return played


class EntropyPair:
    """The predictive update or optimistic multiplicative weights, with entropy (Cen et al. 2021), by powers."""

    def __init__(self, policies, q, eta, tau, *, predictive):
        self.x, self.eta, self.tau, self.predictive = policies, eta, tau, predictive
        self.prediction = payoffs_of(q, *policies)

    def step(self, payoffs):
        found = []
        for policy, pay in zip(self.x, payoffs, strict=True):
            weights = [
                p ** (1 - self.eta * self.tau) * math.exp(self.eta * g) for p, g in zip(policy, pay, strict=True)
            ]
            found.append(normalised(weights))
        return found

    def play(self):
        return self.step(self.prediction)

    def see(self, q, _played, payoffs):
        self.x = self.step(payoffs)
        self.prediction = payoffs_of(q, *self.x) if self.predictive else payoffs

    def worth(self, q, played):
        return oracles.bilinear(played[0], q, played[1]) + self.tau * (entropy(played[0]) - entropy(played[1]))

    def result(self, _played):
        return self.x


def last_iterates(reward, kernel, iterations, initial, make, rate_of):
    """Any pair of players at each step and state, values moved at the rate ``rate_of(t)``: results [player][h][s]."""
    horizon, states = len(reward), len(reward[0])
    pairs = {(h, s): make([policy[h][s] for policy in initial], reward[h][s]) for h, s in places(reward)}
    values = [[0.0] * states for _ in range(horizon)]
    for t in range(1, iterations + 1):
        played = {place: pair.play() for place, pair in pairs.items()}
        for h in reversed(range(horizon)):
            for s in range(states):
                q = next_q(reward, kernel, h, s, values)
                worth = pairs[h, s].worth(q, played[h, s])
                values[h][s] = (1 - rate_of(t)) * values[h][s] + rate_of(t) * worth
                pairs[h, s].see(q, played[h, s], payoffs_of(q, *played[h, s]))
    return [[[pairs[h, s].result(played[h, s])[i] for s in range(states)] for h in range(horizon)] for i in (0, 1)]


def quantal_response(matrix, tau):
    """Equilibrium with entropy of a 2 x 2 game, by bisection: mu(0) answers nu(0) in one monotone equation."""

    def answers(p):
        nu = gibbs([1, 1], [-y / tau for y in oracles.column_payoffs(matrix, [p, 1 - p])])
        return gibbs([1, 1], [x / tau for x in oracles.row_payoffs(matrix, nu)]), nu

    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if answers(middle)[0][0] > middle else (low, middle)
    return answers(low)


def regularized_gap(reward, kernel, initial, mu, nu, tau):
    """By dynamic programming on the best response itself, a Gibbs policy: its payoff plus tau times its entropy."""
    ends = []
    for player in (0, 1):
        values = [[0.0] * len(step) for step in reward]
        for h, s in reversed(places(reward)):
            q, sign = next_q(reward, kernel, h, s, values), 1 if player == 0 else -1
            pay = payoffs_of(q, mu[h][s], nu[h][s])[player]
            best = gibbs([1] * len(pay), [x / tau for x in pay])
            other = (nu, mu)[player][h][s]
            values[h][s] = sign * (dot(best, pay) + tau * entropy(best) - tau * entropy(other))
        ends.append(dot(initial, values[0]))
    return ends[0] - ends[1]
