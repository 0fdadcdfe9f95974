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
    most = max(x for p, x in zip(prior, exponents, strict=True) if p > 0)
    return normalised([p * math.exp(x - most) if p else 0.0 for p, x in zip(prior, exponents, strict=True)])


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


# Swap deviations -----------------------------------------------------------------------------------------


def swap_play(rewards, kernel, start, table, player, answer):
    """Expected reward of a player in one stage, play by play; it takes ``answer(history, advice)``.

    ``table[h][s]`` maps advised joint actions to probabilities. A history is (state, advised joint action, state, ...).
    """

    def go(h, s, history):
        total = 0
        for advised, weight in table[h][s].items():
            if not weight:
                continue
            own = answer((*history, s), advised[player])
            played = (*advised[:player], own, *advised[player + 1 :])
            onward = 0
            if h + 1 < len(kernel):
                chances = enumerate(oracles.at(kernel[h][s], played))
                onward = sum(p * go(h + 1, z, (*history, s, advised)) for z, p in chances if p)
            total += weight * (oracles.at(rewards[player][h][s], played) + onward)
        return total

    return sum(p * go(0, s, ()) for s, p in enumerate(start) if p)


def best_of_all_swaps(rewards, kernel, start, shares, tables, player):
    """Value of the best deterministic swap deviation that depends on the history, by trying every one of them."""
    actions = [1 + max(a[i] for a in tables[0][0][0]) for i in range(len(rewards))]
    states, known = range(len(start)), []
    before = [()]
    for _ in kernel:
        now = [(*history, s) for history in before for s in states]
        known += [(history, own) for history in now for own in range(actions[player])]
        before = [(*history, advised) for history in now for advised in oracles.joint_actions(actions)]
    best = None
    for chosen in itertools.product(range(actions[player]), repeat=len(known)):
        table = dict(zip(known, chosen, strict=True))
        value = sum(
            share * swap_play(rewards, kernel, start, stage, player, lambda *key, table=table: table[key])
            for share, stage in zip(shares, tables, strict=True)
        )
        best = value if best is None else max(best, value)
    return best


def best_swap_by_beliefs(rewards, kernel, start, shares, tables, player):
    """The same value by Bayes' rule: the best answer to each advice for the belief about the stage after it."""
    own = 1 + max(a[player] for a in tables[0][0][0])

    def value(h, s, belief):
        if h == len(kernel):
            return 0
        total = 0
        for advice in range(own):
            best = None
            for answer in range(own):
                found = 0
                for advised in tables[0][h][s]:
                    if advised[player] != advice:
                        continue
                    joint = [b * stage[h][s][advised] for b, stage in zip(belief, tables, strict=True)]
                    if not sum(joint):
                        continue
                    after = [x / sum(joint) for x in joint]
                    played = (*advised[:player], answer, *advised[player + 1 :])
                    onward = sum(
                        p * value(h + 1, z, after) for z, p in enumerate(oracles.at(kernel[h][s], played)) if p
                    )
                    found += sum(joint) * (oracles.at(rewards[player][h][s], played) + onward)
                best = found if best is None else max(best, found)
            total += best
        return total

    return sum(p * value(0, s, list(shares)) for s, p in enumerate(start) if p)


def told_swap(rewards, kernel, start, shares, tables, player):
    """Value of the best swap deviation that is told the stage: one stage alone is a belief without doubt."""
    return sum(
        share * best_swap_by_beliefs(rewards, kernel, start, [1], [stage], player)
        for share, stage in zip(shares, tables, strict=True)
    )


# The log barrier against swap deviations -----------------------------------------------------------------


def barrier_maximum(lean, prior):
    """Maximiser of <x, lean> + sum_b (log x_b - x_b / prior_b), its multiplier by bisection."""
    gap = [1 / p - value for p, value in zip(prior, lean, strict=True)]
    low, high = -min(gap), len(gap) - min(gap)
    for _ in range(200):
        middle = (low + high) / 2
        mass = math.inf if middle + min(gap) <= 0 else sum(1 / (middle + g) for g in gap)
        low, high = (middle, high) if mass > 1 else (low, middle)
    return [1 / (high + g) for g in gap]


def staying(matrix):
    """The distribution p with p M = p, by elimination."""
    n = len(matrix)
    rows = [[matrix[j][k] - (1 if j == k else 0) for j in range(n)] for k in range(n - 1)]
    return oracles.solve([*rows, [1] * n], [0] * (n - 1) + [1])


class SwapPlayers:
    """Cai et al. (2024), all players, steps and states of a general-sum game; everything that was played is kept."""

    def __init__(self, rewards, kernel, eta, priors):
        self.rewards, self.kernel, self.eta, self.priors = rewards, kernel, eta, priors
        self.players, self.horizon, self.states = len(rewards), len(kernel), len(kernel[0])
        self.played = []  # [t][player][h][s]
        self.payoffs = []

    def play(self):
        t = len(self.played) + 1
        w = [weight(i, t, self.horizon) / weight(1, t, self.horizon) for i in range(1, t + 1)]
        found = []
        for i, prior in enumerate(self.priors):
            found.append(
                [[self._of_state(i, h, s, prior[h][s], w) for s in range(self.states)] for h in range(self.horizon)]
            )
        return found

    def _of_state(self, i, h, s, prior, w):
        past = [
            [[p * g for g in pay[i][h][s]] for p in policies[i][h][s]]
            for policies, pay in zip(self.played, self.payoffs, strict=True)
        ]
        experts = []
        for a in range(len(prior)):
            rows = [met[a] for met in past] + ([past[-1][a]] if past else [[0.0] * len(prior)])
            experts.append(barrier_maximum([self.eta / w[-1] * x for x in combined(w, rows, len(prior))], prior))
        return staying(experts)

    def answered(self, policies, i, h, s, values):
        """Payoff of each own action at (h, s) with these next values, against the others' policies."""
        actions = [len(policy[h][s]) for policy in policies]
        found = [0.0] * actions[i]
        for joint in oracles.joint_actions(actions):
            chance = math.prod(policies[j][h][s][a] for j, a in enumerate(joint) if j != i)
            onward = dot(oracles.at(self.kernel[h][s], joint), values) if values else 0.0
            found[joint[i]] += chance * (oracles.at(self.rewards[i][h][s], joint) + onward)
        return found

    def run(self, iterations):
        for _ in range(iterations):
            self.played.append(self.play())
            self.payoffs.append(None)
            self.payoffs[-1] = [
                [
                    [
                        self.answered(self.played[-1], i, h, s, self.values("followed", len(self.played), i, h + 1))
                        for s in range(self.states)
                    ]
                    for h in range(self.horizon)
                ]
                for i in range(self.players)
            ]

    def values(self, kind, t, i, h):
        """Values (S,) from step h of the policy that comes out of t iterations: draw j with alpha_t^j, go on from j."""
        if h == self.horizon:
            return None
        found = []
        for s in range(self.states):
            count = len(self.priors[i][h][s])
            table = [[0.0] * count for _ in range(count)]  # [advice][answer]
            for j in range(1, t + 1):
                pay = self.answered(self.played[j - 1], i, h, s, self.values(kind, j, i, h + 1))
                for a, b in itertools.product(range(count), repeat=2):
                    table[a][b] += weight(j, t, self.horizon) * self.played[j - 1][i][h][s][a] * pay[b]
            found.append(
                {
                    "followed": sum(table[a][a] for a in range(count)),
                    "answers": sum(max(row) for row in table),
                    "fixed": max(sum(column) for column in zip(*table, strict=True)),
                }[kind]
            )
        return found


# Cautious optimism ---------------------------------------------------------------------------------------


def paced(regrets, prior, caution):
    """lambda in (0, 1] that maximises the objective of Soleymani et al. (2025) as it is printed, by golden section."""
    length = -math.log(min(p for p in prior if p > 0))
    alpha = caution * length**2 + 2 * length + 2

    def objective(x):
        exponents = [x * r + math.log(p) for r, p in zip(regrets, prior, strict=True) if p > 0]
        most = max(exponents)
        return (alpha - 1) * math.log(x) + most + math.log(sum(math.exp(e - most) for e in exponents))

    low, high, ratio = 1e-12, 1.0, (math.sqrt(5) - 1) / 2
    for _ in range(100):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if objective(left) > objective(right) else (left, high)
    return 1.0 if objective(1.0) >= objective(low) else (low + high) / 2


def action_worth(table, policies, player):
    """Payoff of each own action against the others' policies."""
    actions = [len(policy) for policy in policies]
    found = [0.0] * actions[player]
    for joint in oracles.joint_actions(actions):
        chance = math.prod(policies[j][a] for j, a in enumerate(joint) if j != player)
        found[joint[player]] += chance * oracles.at(table, joint)
    return found


class CautiousPlayers:
    """All players of a one-shot game with tables [player][a_1]...[a_N]: what was played is kept."""

    def __init__(self, tables, priors, eta, caution):
        self.tables, self.priors, self.eta, self.caution = tables, priors, eta, caution
        self.played, self.paces = [], []

    def play(self):
        policies, paces = [], []
        for i, prior in enumerate(self.priors):
            met = []
            for now in self.played:
                worth = action_worth(self.tables[i], now, i)
                met.append([g - dot(worth, now[i]) for g in worth])
            met += [met[-1]] if met else [[0.0] * len(prior)]
            lean = [self.eta * sum(column) for column in zip(*met, strict=True)]
            paces.append(paced(lean, prior, self.caution))
            policies.append(gibbs(prior, [paces[-1] * x for x in lean]))
        self.played.append(policies)
        self.paces.append(paces)

    def joint(self):
        actions = [len(prior) for prior in self.priors]
        return {
            a: sum(math.prod(p[k] for p, k in zip(now, a, strict=True)) for now in self.played) / len(self.played)
            for a in oracles.joint_actions(actions)
        }


def staged_cautious(rewards, kernel, eta, caution, iterations, priors):
    """In stages: last iterates [player][h][s], and the joints of the stages, [stage][h, s][a]."""
    horizon, states, players = len(kernel), len(kernel[0]), len(rewards)
    actions = [len(prior[0][0]) for prior in priors]
    every = list(oracles.joint_actions(actions))
    q = {(i, h, s): dict.fromkeys(every, 0.0) for i in range(players) for h in range(horizon) for s in range(states)}
    spots = list(itertools.product(range(horizon), range(states)))

    def nested(table, prefix=()):
        if len(prefix) == len(actions):
            return table[prefix]
        return [nested(table, (*prefix, k)) for k in range(actions[len(prefix)])]

    def begin():
        return {
            (h, s): CautiousPlayers(
                [nested(q[i, h, s]) for i in range(players)], [prior[h][s] for prior in priors], eta, caution
            )
            for h, s in spots
        }

    length, done, joints, games = horizon, 0, [], begin()
    for _ in range(iterations):
        if done == length:
            joints.append({spot: games[spot].joint() for spot in spots})
            worth = {
                (i, h, s): sum(p * q[i, h, s][a] for a, p in joints[-1][h, s].items())
                for i in range(players)
                for h, s in spots
            }
            q = {
                (i, h, s): {
                    a: oracles.at(rewards[i][h][s], a)
                    + (
                        sum(p * worth[i, h + 1, z] for z, p in enumerate(oracles.at(kernel[h][s], a)))
                        if h + 1 < horizon
                        else 0
                    )
                    for a in every
                }
                for i, h, s in q
            }
            length, done = length + length // horizon, 0
            games = begin()
        for game in games.values():
            game.play()
        done += 1
    joints.append({spot: games[spot].joint() for spot in spots})
    return [
        [[games[h, s].played[-1][i] for s in range(states)] for h in range(horizon)] for i in range(players)
    ], joints


# Natural policy gradient ---------------------------------------------------------------------------------


def natural_gradient(rewards, kernel, discount, policies, step, iterations):
    """Multiplicative form, all players at once; the policies after the last iteration."""
    for _ in range(iterations):
        moved = []
        for i, policy in enumerate(policies):
            values = oracles.discounted_values(rewards[i], kernel, discount, policies)
            q = oracles.averaged_q(rewards[i], kernel, discount, policies, i, values)
            moved.append(
                [
                    gibbs(row, [step / (1 - discount) * (g - v) for g in gradient])
                    for row, gradient, v in zip(policy, q, values, strict=True)
                ]
            )
        policies = moved
    return policies
