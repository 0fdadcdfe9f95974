"""Oracles of stochastic games: loops over states and joint actions, nothing from ``metanash``."""

import itertools
import math
from fractions import Fraction

import numpy as np


def one_player(game, policies, player):
    """Rewards and transitions of a player's decision problem: lists by state of lists by own action."""
    problem = []
    for s, sizes in enumerate(game.n_actions):
        rows = [[0.0, np.zeros(game.n_states)] for _ in range(sizes[player])]
        for actions in itertools.product(*map(range, sizes)):
            weight = math.prod(policies[j][s, a] for j, a in enumerate(actions) if j != player)
            row = rows[actions[player]]
            row[0] += weight * game.rewards[s][(player, *actions)]
            row[1] = row[1] + weight * game.transitions[s][actions]
        problem.append(rows)
    return problem


def values_of(game, policies, player, steps=20_000):
    """Values of the policies, by iterating what they pay."""
    problem, discount = one_player(game, policies, player), float(game.discounts[player])
    own = policies[player]
    value = np.zeros(game.n_states)
    for _ in range(steps):
        new = np.array([
            sum(own[s, a] * (paid + discount * chance @ value) for a, (paid, chance) in enumerate(rows))
            for s, rows in enumerate(problem)
        ])  # fmt: skip
        if np.abs(new - value).max() <= 1e-14 * max(1.0, np.abs(new).max()):
            return new
        value = new
    return value


def best_values(game, policies, player, steps=20_000):
    """Values of best responses, by value iteration."""
    problem, discount = one_player(game, policies, player), float(game.discounts[player])
    value = np.zeros(game.n_states)
    for _ in range(steps):
        new = np.array([max(paid + discount * chance @ value for paid, chance in rows) for rows in problem])
        if np.abs(new - value).max() <= 1e-14 * max(1.0, np.abs(new).max()):
            return new
        value = new
    return value


def gains_of(game, policies):
    """Gains (N, S)."""
    players = range(game.n_players)
    return np.array([best_values(game, policies, i) - values_of(game, policies, i) for i in players])


def pure_equilibria(game, tolerance=1e-9):
    """All pure stationary policies from which nobody gains: lists of actions (S,) by player."""
    found = []
    choices = [[*itertools.product(*(range(sizes[i]) for sizes in game.n_actions))] for i in range(game.n_players)]
    most = [max(sizes[i] for sizes in game.n_actions) for i in range(game.n_players)]
    for chosen in itertools.product(*choices):
        policies = [np.eye(n)[list(actions)] for n, actions in zip(most, chosen, strict=True)]
        if gains_of(game, policies).max() <= tolerance:
            found.append(chosen)
    return found


def exact_gains(game, policies):
    """Gains (N, S) in fractions, of pure or mixed policies: all pure responses are tried, each solved exactly."""
    return [
        [max(column) - value for column, value in zip(zip(*answers, strict=True), values, strict=True)]
        for answers, values in (_answers(game, policies, i) for i in range(game.n_players))
    ]


def _answers(game, policies, player):
    discount = Fraction(float(game.discounts[player]))
    problem = []
    for s, sizes in enumerate(game.n_actions):
        rows = [[Fraction(0), [Fraction(0)] * game.n_states] for _ in range(sizes[player])]
        for actions in itertools.product(*map(range, sizes)):
            weight = Fraction(1)
            for j, a in enumerate(actions):
                if j != player:
                    weight *= Fraction(policies[j][s, a]) / sum(map(Fraction, policies[j][s].tolist()))
            row = rows[actions[player]]
            row[0] += weight * Fraction(game.rewards[s][(player, *actions)])
            row[1] = [x + weight * Fraction(p) for x, p in zip(row[1], game.transitions[s][actions], strict=True)]
        problem.append(rows)
    own = []
    for s, rows in enumerate(problem):
        shares = [Fraction(p) for p in policies[player][s, : len(rows)].tolist()]
        paid = sum(p * row[0] for p, row in zip(shares, rows, strict=True)) / sum(shares)
        mixed = [sum(p * row[1][k] for p, row in zip(shares, rows, strict=True)) / sum(shares)
                 for k in range(game.n_states)]  # fmt: skip
        own.append((paid, mixed))
    answers = [_solved(discount, choice) for choice in itertools.product(*problem)]
    return answers, _solved(discount, own)


def _solved(discount, rows):
    """(I - discount P)^-1 r by elimination, in fractions."""
    n = len(rows)
    table = [
        [Fraction(k == s) - discount * chance[k] for k in range(n)] + [paid] for s, (paid, chance) in enumerate(rows)
    ]
    for k in range(n):
        table[k] = [x / table[k][k] for x in table[k]]  # diagonally dominant, so no pivot is 0
        for s in range(n):
            if s != k:
                table[s] = [x - table[s][k] * y for x, y in zip(table[s], table[k], strict=True)]
    return [row[-1] for row in table]
