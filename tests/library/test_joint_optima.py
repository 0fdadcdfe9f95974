"""Joint optima of teams in a batch: each game with a kernel of its own, unequal actions, ties, dense and sparse."""

import itertools
import math

import numpy as np
import pytest
from strategies import random_tables

from metanash import GameBatch, gaps


def best_of_all_policies(reward, kernel, discount):
    """Largest value at each state over deterministic joint policies, each evaluated by a long sum in loops."""
    states, joint = len(reward), list(itertools.product(*map(range, reward.shape[1:])))
    best = [-math.inf] * states
    for choice in itertools.product(joint, repeat=states):
        value = [0.0] * states
        for _ in range(200):  # 0.5^200 is below rounding
            value = [
                float(reward[s][choice[s]])
                + discount * sum(float(kernel[s][choice[s]][z]) * value[z] for z in range(states))
                for s in range(states)
            ]
        best = [max(pair) for pair in zip(best, value, strict=True)]
    return best


@pytest.mark.parametrize("storage", ["shared", "sparse_shared"])
@pytest.mark.parametrize(("states", "actions"), [(1, (2, 3)), (2, (3, 2)), (2, (1, 2, 2)), (3, (2,))])
def test_joint_optima_of_games_with_kernels_of_their_own(states, actions, storage):
    rng = np.random.default_rng((7, states, *actions))
    tables = [
        random_tables(
            rng, "discounted", 1, states, actions, storage=storage, discount=0.5, reward_rows=1, flavour=flavour
        )
        for flavour in ("fine", "coarse", "fine")
    ]
    games = [table.game() for table in tables]
    again = tables[2].game(games[0].transition)  # two games with one kernel, a third with another
    batch = GameBatch.of([games[0], games[1], again])
    kernels = [tables[0].kernel[0], tables[1].kernel[0], tables[0].kernel[0]]
    expected = [
        best_of_all_policies(table.reward[0], kernel, 0.5) for table, kernel in zip(tables, kernels, strict=True)
    ]
    np.testing.assert_allclose(gaps.team_optima(batch), expected, atol=1e-12)
    # another stage reward in the same games, as for the potential of a game that is no team
    stage = np.stack([tables[k].reward[0] for k in (1, 2, 0)])
    other = [best_of_all_policies(stage[k], kernels[k], 0.5) for k in range(3)]
    np.testing.assert_allclose(gaps.joint_optima(batch, stage), other, atol=1e-12)


@pytest.mark.parametrize("storage", ["shared", "sparse_shared"])
def test_values_of_discounted_games_dense_and_sparse(storage):
    """The value of a policy by a long sum in loops; the batch has two kernels."""
    rng = np.random.default_rng(11)
    tables = [random_tables(rng, "discounted", 1, 2, (2, 3), storage=storage, discount=0.5) for _ in range(2)]
    policies = [table.random_policy(rng, "interior") for table in tables]
    batch = GameBatch.of([table.game() for table in tables])
    policy = [np.stack([one[i] for one in policies]) for i in range(2)]
    for player in range(2):
        found = gaps.values(batch, policy, player)
        for g, (table, (mu, nu)) in enumerate(zip(tables, policies, strict=True)):
            value = [0.0, 0.0]
            for _ in range(200):
                value = [
                    sum(
                        float(mu[s, a] * nu[s, b])
                        * (
                            float(table.reward[player, s, a, b])
                            + 0.5 * sum(float(table.kernel[0, s, a, b, z]) * value[z] for z in range(2))
                        )
                        for a in range(2)
                        for b in range(3)
                    )
                    for s in range(2)
                ]
            np.testing.assert_allclose(found[g], value, atol=1e-12)
