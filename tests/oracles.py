"""Slow references that share no code with the library: loops, enumeration, fractions.

Nothing is imported from ``metanash``, and nothing from NumPy either: arguments are anything that can be indexed,
``table[i][j]`` or ``table[i, j]``, and :func:`exact` turns an array into nested lists of fractions. Functions without
``exp`` or ``log`` work in floats and in fractions alike.
"""

import itertools
import math
from dataclasses import dataclass, field
from fractions import Fraction


def exact(table):
    """Nested lists of fractions, equal to the floats of an array."""
    return _map(Fraction, table.tolist())


def plain(table):
    """Nested lists of floats."""
    return table.tolist()


def _map(function, nested):
    return [_map(function, part) for part in nested] if isinstance(nested, list) else function(nested)


def at(table, indices):
    """``table[i][j]...`` for indices (i, j, ...)."""
    for index in indices:
        table = table[index]
    return table


def joint_actions(actions):
    return itertools.product(*map(range, actions))


# Linear algebra -----------------------------------------------------------------------------------------


def solve(matrix, right):
    """Solve a square system by elimination with pivoting, exactly in fractions; None if it is singular."""
    n = len(matrix)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        if rows[pivot][k] == 0:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(n):
            if i != k:
                factor = rows[i][k] / rows[k][k]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def subsets(n):
    return itertools.chain.from_iterable(itertools.combinations(range(n), k) for k in range(1, n + 1))


def project_by_supports(x):
    """The point of the simplex nearest to x: the best over all supports.

    With a given support the nearest point of its affine hull is x plus the same amount everywhere on it.
    """
    best, distance = None, math.inf
    for support in subsets(len(x)):
        shift = (1 - sum(x[i] for i in support)) / len(support)
        point = [x[i] + shift if i in support else 0 * x[i] for i in range(len(x))]
        if min(point) >= 0:
            here = sum((p - y) ** 2 for p, y in zip(point, x, strict=True))
            if here < distance:
                best, distance = point, here
    return best


# Distributions ------------------------------------------------------------------------------------------


def kl(p, q):
    total = 0.0
    for x, y in zip(p, q, strict=True):
        if x > 0:
            if y == 0:
                return math.inf
            total += x * math.log(x / y)
    return total


def mix_with_uniform(p, alpha):
    """[p]_alpha, printed below equation (5)."""
    return [(1 - alpha) * x + alpha / len(p) for x in p]


def best_response_with_ties(payoffs, tie):
    """Uniform over the actions within ``tie`` of the best."""
    best = [a for a, payoff in enumerate(payoffs) if payoff >= max(payoffs) - tie]
    return [(1 / len(best) if a in best else 0.0) for a in range(len(payoffs))]


def meta_update(targets, alpha):
    """Equation (5) for one row: the average over the games seen of the mixed targets."""
    mixed = [mix_with_uniform(target, alpha) for target in targets]
    return [sum(column) / len(targets) for column in zip(*mixed, strict=True)]


# Finite horizon: enumeration ----------------------------------------------------------------------------


def finite_value(reward, kernel, initial, policies):
    """Value of a product Markov policy for one reward (H, S, A_1, ..., A_N)."""
    horizon, states = len(kernel), len(initial)
    actions = [len(policy[0][0]) for policy in policies]
    value = [0] * states
    for h in reversed(range(horizon)):
        now = []
        for s in range(states):
            total = 0
            for joint in joint_actions(actions):
                weight = math.prod(policy[h][s][a] for policy, a in zip(policies, joint, strict=True))
                if weight:
                    chance = at(kernel, (h, s, *joint))
                    onward = sum(p * v for p, v in zip(chance, value, strict=True))
                    total += weight * (at(reward, (h, s, *joint)) + onward)
            now.append(total)
        value = now
    return sum(p * v for p, v in zip(initial, value, strict=True))


def deterministic_policies(horizon, states, actions):
    """Every map from (h, s) to an action, as a policy."""
    for choice in itertools.product(range(actions), repeat=horizon * states):
        yield [[[int(choice[h * states + s] == a) for a in range(actions)] for s in range(states)]
               for h in range(horizon)]  # fmt: skip


def deviation_values(reward, kernel, initial, policies, player):
    """Values to a player of all its deterministic Markov deviations."""
    horizon, states, actions = len(kernel), len(initial), len(policies[player][0][0])
    for own in deterministic_policies(horizon, states, actions):
        yield finite_value(reward, kernel, initial, [*policies[:player], own, *policies[player + 1 :]])


def finite_gains(rewards, kernel, initial, policies):
    """What each player gains by its best deviation."""
    return [
        max(deviation_values(rewards[i], kernel, initial, policies, i))
        - finite_value(rewards[i], kernel, initial, policies)
        for i in range(len(policies))
    ]


def zero_sum_gap(reward, kernel, initial, mu, nu):
    """V^{dagger, nu} - V^{mu, dagger}, both by enumeration."""
    best = max(deviation_values(reward, kernel, initial, [mu, nu], 0))
    worst = min(deviation_values(reward, kernel, initial, [mu, nu], 1))
    return best - worst


# Discounted: enumeration --------------------------------------------------------------------------------


def discounted_values(reward, kernel, discount, policies):
    """Values (S,) of a stationary product policy for one reward (S, A_1, ..., A_N)."""
    states = len(kernel)
    actions = [len(policy[0]) for policy in policies]
    matrix, earned = [], []
    for s in range(states):
        row, total = [1 if z == s else 0 for z in range(states)], 0
        for joint in joint_actions(actions):
            weight = math.prod(policy[s][a] for policy, a in zip(policies, joint, strict=True))
            chance = at(kernel, (s, *joint))
            total += weight * at(reward, (s, *joint))
            row = [entry - discount * weight * p for entry, p in zip(row, chance, strict=True)]
        matrix.append(row)
        earned.append(total)
    return solve(matrix, earned)


def discounted_best_values(reward, kernel, discount, policies, player):
    """Values (S,) to a player of its best stationary deviation: the largest in every state at once."""
    states, actions = len(kernel), len(policies[player][0])
    best = None
    for (own,) in deterministic_policies(1, states, actions):
        deviated = [*policies[:player], own, *policies[player + 1 :]]
        values = discounted_values(reward, kernel, discount, deviated)
        best = values if best is None else [max(pair) for pair in zip(best, values, strict=True)]
    return best


def discounted_gains(rewards, kernel, discount, initial, policies):
    gains = []
    for i in range(len(policies)):
        best = discounted_best_values(rewards[i], kernel, discount, policies, i)
        values = discounted_values(rewards[i], kernel, discount, policies)
        gains.append(sum(p * (b - v) for p, b, v in zip(initial, best, values, strict=True)))
    return gains


def averaged_q(reward, kernel, discount, policies, player, values):
    """Qbar_i(s, a_i): the others averaged out, their weights multiplied for each joint action."""
    states = len(kernel)
    actions = [len(policy[0]) for policy in policies]
    table = [[0] * actions[player] for _ in range(states)]
    for s in range(states):
        for joint in joint_actions(actions):
            weight = math.prod(policies[j][s][a] for j, a in enumerate(joint) if j != player)
            onward = sum(p * v for p, v in zip(at(kernel, (s, *joint)), values, strict=True))
            table[s][joint[player]] += weight * (at(reward, (s, *joint)) + discount * onward)
    return table


def q_ascent(rewards, kernel, discount, policies, step, iterations):
    """Equation (7), all players at once; the policies after the last iteration."""
    for _ in range(iterations):
        moved = []
        for i, policy in enumerate(policies):
            values = discounted_values(rewards[i], kernel, discount, policies)
            q = averaged_q(rewards[i], kernel, discount, policies, i, values)
            moved.append(
                [
                    project_by_supports([x + step * y for x, y in zip(row, gradient, strict=True)])
                    for row, gradient in zip(policy, q, strict=True)
                ]
            )
        policies = moved
    return policies


# Zero-sum equilibria ------------------------------------------------------------------------------------


def matrix_value(matrix):
    """Value and one pair of optimal strategies of a matrix game in fractions, rows maximising (Shapley and Snow 1950).

    Some square submatrix B of the matrix, moved up so that its value is not 0, is nonsingular and gives optimal
    strategies B^-T 1 / (1^T B^-1 1) and B^-1 1 / (1^T B^-1 1): all submatrices are tried.
    """
    rows, columns = len(matrix), len(matrix[0])
    lift = 1 - min(min(row) for row in matrix)
    for chosen_rows, chosen_columns in itertools.product(subsets(rows), subsets(columns)):
        if len(chosen_rows) != len(chosen_columns):
            continue
        part = [[matrix[a][b] + lift for b in chosen_columns] for a in chosen_rows]
        ones = [Fraction(1)] * len(part)
        nu, mu = solve(part, ones), solve([list(column) for column in zip(*part, strict=True)], ones)
        if nu is None or min(nu) < 0 or min(mu) < 0 or sum(nu) == 0:
            continue
        value = 1 / sum(nu) - lift
        x, y = _spread(mu, chosen_rows, rows), _spread(nu, chosen_columns, columns)
        guaranteed = min(sum(x[a] * matrix[a][b] for a in range(rows)) for b in range(columns))
        conceded = max(sum(matrix[a][b] * y[b] for b in range(columns)) for a in range(rows))
        if guaranteed == conceded == value:
            return value, x, y
    raise AssertionError("every matrix game has such a submatrix")


def _spread(weights, places, length):
    total = sum(weights)
    spread = [0 * total] * length
    for place, weight in zip(places, weights, strict=True):
        spread[place] = weight / total
    return spread


def shapley_values(reward, kernel):
    """V*_h(s) of a zero-sum Markov game in fractions, by backward induction: nested lists (H, S)."""
    horizon, states = len(kernel), len(kernel[0])
    value, table = [0] * states, []
    for h in reversed(range(horizon)):
        now = []
        for s in range(states):
            stage = [
                [
                    reward[h][s][a][b] + sum(p * v for p, v in zip(kernel[h][s][a][b], value, strict=True))
                    for b in range(len(reward[h][s][a]))
                ]
                for a in range(len(reward[h][s]))
            ]
            now.append(matrix_value(stage)[0])
        value = now
        table.insert(0, value)
    return table


# Algorithm 1 --------------------------------------------------------------------------------------------


@dataclass
class StageTrace:
    """What the listing of Algorithm 1 does in one stage; every list is indexed [iteration][h][s]."""

    index: int
    q: list
    mu: list = field(default_factory=list)
    nu: list = field(default_factory=list)

    @property
    def iterations(self):
        return len(self.mu)

    def average(self, player, h, s):
        played = self.mu if player == 0 else self.nu
        actions = len(played[0][h][s])
        return [math.fsum(policy[h][s][a] for policy in played) / self.iterations for a in range(actions)]

    def payoff(self, player, h, s):
        """Mean payoff of each action against the other player's iterates."""
        rewards = [
            row_payoffs(self.q[h][s], nu[h][s]) if player == 0 else [-x for x in column_payoffs(self.q[h][s], mu[h][s])]
            for mu, nu in zip(self.mu, self.nu, strict=True)
        ]
        return [math.fsum(column) / self.iterations for column in zip(*rewards, strict=True)]

    def value(self, h, s):
        return math.fsum(
            bilinear(mu[h][s], self.q[h][s], nu[h][s]) for mu, nu in zip(self.mu, self.nu, strict=True)
        ) / self.iterations  # fmt: skip

    def regret(self, player, h, s):
        """Equation (3), and its counterpart for the min-player."""
        sign = 1 if player == 0 else -1
        return max(self.payoff(player, h, s)) - sign * self.value(h, s)


def row_payoffs(q, nu):
    return [sum(q[a][b] * nu[b] for b in range(len(nu))) for a in range(len(q))]


def column_payoffs(q, mu):
    return [sum(mu[a] * q[a][b] for a in range(len(mu))) for b in range(len(q[0]))]


def bilinear(mu, q, nu):
    return sum(x * y for x, y in zip(mu, row_payoffs(q, nu), strict=True))


def multiplied(policy, payoffs, eta):
    """Multiplicative weights: policy(a) exp(eta payoff(a)), normalised."""
    weights = [p * math.exp(eta * g) for p, g in zip(policy, payoffs, strict=True)]
    total = sum(weights)
    return [w / total for w in weights]


@dataclass
class Trace:
    mu: list
    """Output policies [h][s][a]."""
    nu: list
    stages: list


def algorithm_1(reward, kernel, eta, iterations, tilde_mu, tilde_nu):
    """Algorithm 1, line by line.

    ``tilde_mu[tau][h][s]`` is the initial policy of stage tau + 1; a single entry stands for all stages. As in the
    listing but for the sign of the min-player (it descends) and for line 10 (the iterate of the last iteration of a
    stage belongs to its value update and to the output, the next iteration starts at tilde^{tau+1}).
    """
    horizon, states = len(reward), len(reward[0])
    rows, columns = len(reward[0][0]), len(reward[0][0][0])
    places = [(h, s) for h in range(horizon) for s in range(states)]

    def initial(tilde, tau):
        return [[list(row) for row in step] for step in tilde[min(tau, len(tilde)) - 1]]

    def blank():
        return [[None] * states for _ in range(horizon)]

    tau, started, length = 1, 1, horizon  # line 2
    mu = initial(tilde_mu, 1)  # line 3
    nu = initial(tilde_nu, 1)
    hat_mu, hat_nu = initial(tilde_mu, 1), initial(tilde_nu, 1)
    q = [[[[0.0] * columns for _ in range(rows)] for _ in range(states)] for _ in range(horizon)]
    stage = StageTrace(tau, q)
    stages, played = [stage], []
    for t in range(1, iterations + 1):  # line 4
        new_mu, new_nu, new_hat_mu, new_hat_nu = blank(), blank(), blank(), blank()
        for h, s in places:
            up = row_payoffs(q[h][s], nu[h][s])
            down = [-x for x in column_payoffs(q[h][s], mu[h][s])]
            new_hat_mu[h][s] = multiplied(hat_mu[h][s], up, eta)  # line 5
            new_hat_nu[h][s] = multiplied(hat_nu[h][s], down, eta)
            new_mu[h][s] = multiplied(new_hat_mu[h][s], up, eta)  # line 6
            new_nu[h][s] = multiplied(new_hat_nu[h][s], down, eta)
        mu, nu, hat_mu, hat_nu = new_mu, new_nu, new_hat_mu, new_hat_nu
        stage.mu.append(mu)
        stage.nu.append(nu)
        played.append((mu, nu))
        if t - started + 1 >= length:  # line 7
            started, length = t + 1, length + length // horizon  # line 8
            new_q = [[[[0.0] * columns for _ in range(rows)] for _ in range(states)] for _ in range(horizon)]
            for h, s in places:  # line 9
                for a, b in itertools.product(range(rows), range(columns)):
                    onward = 0.0
                    for z in range(states):
                        if h + 1 < horizon:
                            onward += kernel[h][s][a][b][z] * stage.value(h + 1, z)
                    new_q[h][s][a][b] = reward[h][s][a][b] + onward
            q, tau = new_q, tau + 1  # line 10
            mu, nu = initial(tilde_mu, tau), initial(tilde_nu, tau)
            hat_mu, hat_nu = initial(tilde_mu, tau), initial(tilde_nu, tau)
            if t < iterations:
                stage = StageTrace(tau, q)
                stages.append(stage)
    output = [
        [[[math.fsum(pair[i][h][s][a] for pair in played) / iterations for a in range((rows, columns)[i])]
          for s in range(states)] for h in range(horizon)]
        for i in (0, 1)
    ]  # line 11  # fmt: skip
    return Trace(*output, stages)
