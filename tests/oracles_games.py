"""What follows from games of the library by the oracles: only their numbers are read, nothing of them is run.

Zero-sum games by the listing of Algorithm 1, discounted ones by enumeration of deterministic policies.
"""

import itertools
import math
from fractions import Fraction

import numpy as np
import oracles

from metanash.games import GameBatch

TIE = 1e-12

# Zero-sum -----------------------------------------------------------------------------------------------


def numbers_of(game):
    """Rewards, transition probabilities and initial distribution as nested lists."""
    kernel = [game.transition.at(h).tolist() for h in range(game.horizon)]
    return game.reward.tolist(), kernel, game.initial.tolist()


def _uniform(horizon, states, actions):
    return [[[[1 / actions] * actions for _ in range(states)] for _ in range(horizon)]]


def largest(horizon):
    return 1 / (8 * horizon**2)


def played(game, eta, iterations, tilde=None):
    """The listing on a game, from uniform policies unless others are given."""
    reward, kernel, _ = numbers_of(game)
    tilde = tilde or [_uniform(game.horizon, game.n_states, n) for n in game.n_actions]
    return oracles.algorithm_1(reward, kernel, eta, iterations, *tilde)


def gap_of(game, trace):
    return oracles.zero_sum_gap(*numbers_of(game), trace.mu, trace.nu)


def farthest(game, trace, tilde=None):
    """The divergence of Theorem 1: the worst of tied best responses in hindsight."""
    total = 0.0
    for tau, h in itertools.product(range(len(trace.stages)), range(game.horizon)):
        each = []
        for s in range(game.n_states):
            both = 0.0
            for i, n in enumerate(game.n_actions):
                payoff = trace.stages[tau].payoff(i, h, s)
                start = tilde[i][min(tau, len(tilde[i]) - 1)][h][s] if tilde else [1 / n] * n
                both += max(-math.log(start[a]) for a in range(n) if payoff[a] >= max(payoff) - TIE)
            each.append(both)
        total += max(each)
    return total


def lengths_of(horizon, iterations):
    """Stages by the definition: each 1 + 1/H times as long as the one before, rounded down; T cuts the last."""
    length, found = horizon, []
    while sum(found) < iterations:
        found.append(min(length, iterations - sum(found)))
        length = math.floor(length * (1 + Fraction(1, horizon)))
    return found


def tilde_of(seen, alpha):
    """Initial policies by equation (5) from the best responses of the games seen: [player][stage][h][s]."""
    places = max(seen[0][0])
    stages, horizon, states = (n + 1 for n in places)
    return [
        [
            [[oracles.meta_update([one[i][tau, h, s] for one in seen], alpha) for s in range(states)]
             for h in range(horizon)]
            for tau in range(stages)
        ]
        for i in (0, 1)
    ]  # fmt: skip


def responses_of(game, trace):
    """Best responses in hindsight, of tied ones the uniform mixture: for each player by (stage, h, s)."""
    places = list(itertools.product(range(len(trace.stages)), range(game.horizon), range(game.n_states)))
    return [
        {place: oracles.best_response_with_ties(trace.stages[place[0]].payoff(i, *place[1:]), TIE) for place in places}
        for i in (0, 1)
    ]


def learned_in_turn(games, eta, iterations, arm):
    """For each game of a sequence its trace, and the initial policies that it was learned from (None: uniform)."""
    found, seen = [], []
    for game in games:
        tilde = tilde_of(seen, 1 / math.sqrt(len(games))) if seen and arm == "best_response" else None
        trace = played(game, eta, iterations, tilde)
        found.append((trace, tilde))
        seen.append(responses_of(game, trace))
    return found


def dissimilarity_of(games, traces):
    """Delta: KL of each game's best responses to their mean, the largest over states, all else summed."""
    seen, total = [responses_of(game, trace) for game, trace in zip(games, traces, strict=True)], 0.0
    stages, horizon, states = (n + 1 for n in max(seen[0][0]))
    for i, one, tau, h in itertools.product((0, 1), seen, range(stages), range(horizon)):
        each = []
        for s in range(states):
            rows = [other[i][tau, h, s] for other in seen]
            each.append(oracles.kl(one[i][tau, h, s], [sum(column) / len(rows) for column in zip(*rows, strict=True)]))
        total += max(each)
    return total


# Discounted ---------------------------------------------------------------------------------------------


def kernel_of(game):
    batch = GameBatch((game,))
    dense = batch.transitions.dense(0)[batch.transitions.index]
    return dense.reshape(game.n_states, *game.n_actions, game.n_states).tolist()


def rewards_of(game):
    return [game.reward[i if len(game.reward) > 1 else 0].tolist() for i in range(game.n_players)]


def lists(policy):
    return [part.tolist() for part in policy]


def gap_by_loops(game, policy):
    rho = game.initial.tolist()
    return max(oracles.discounted_gains(rewards_of(game), kernel_of(game), game.discount, rho, lists(policy)))


def value_by_loops(game, stage, policy):
    values = oracles.discounted_values(stage.tolist(), kernel_of(game), game.discount, lists(policy))
    return sum(p * v for p, v in zip(game.initial.tolist(), values, strict=True))


def potential_by_loops(game, policy):
    return value_by_loops(game, game.potential, policy)


def pure_policies(game):
    """All deterministic joint policies: an action of each player in each state."""
    joint = list(itertools.product(*map(range, game.n_actions)))
    for choice in itertools.product(joint, repeat=game.n_states):
        yield tuple(np.eye(n)[[actions[i] for actions in choice]] for i, n in enumerate(game.n_actions))


def kappa_by_loops(game):
    """The largest visit frequency over rho, by inverting I - gamma P for every deterministic joint policy."""
    kernel, worst, states = np.array(kernel_of(game)), 1.0, range(game.n_states)
    for policy in pure_policies(game):
        chosen = [tuple(int(part[s].argmax()) for part in policy) for s in states]
        chain = np.stack([kernel[(s, *chosen[s])] for s in states])
        visits = (1 - game.discount) * game.initial @ np.linalg.inv(np.eye(len(chain)) - game.discount * chain)
        worst = max(worst, float((visits / game.initial).max()))
    return worst


def theory_step(game, kappa):
    return (1 - game.discount) ** 4 / (8 * kappa**3 * game.n_players * max(game.n_actions))


def ascent_by_loops(game, start, step, iterations):
    """pi^0, ..., pi^T of equation (7), from the listing in loops."""
    policies = [start]
    for _ in range(iterations):
        after = oracles.q_ascent(
            rewards_of(game), kernel_of(game), game.discount, [p.tolist() for p in policies[-1]], step, 1
        )
        policies.append(tuple(map(np.array, after)))
    return policies


def uniform_start(game):
    return tuple(np.full((game.n_states, n), 1 / n) for n in game.n_actions)


def ascended_in_turn(games, step, iterations, arm):
    """For each game of a sequence the policies after 0, 1, ..., T iterations of equation (7)."""
    found = []
    for game in games:
        start = found[-1][-1] if found and arm == "carry_over" else uniform_start(game)
        found.append(ascent_by_loops(game, start, step, iterations))
    return found
