"""What decides the claims on bandit feedback, worked out again from the games in plain Python.

From the library come the games and the keys of the random numbers. Learners are oracles, gaps are sums over actions,
and slopes are those of NumPy's polynomials. One step and one state.
"""

import numpy as np
import oracles
import oracles_bandit
import pytest

from metanash import GameBatch, families
from metanash.simulation import draw_keys
from metanash_replication.topics.bandit.claims import CLAIMS
from metanash_replication.topics.bandit.measure import bandit, bandit_sequences
from metanash_replication.topics.bandit.tables import make

SEEDS, ROOT_SEED, EPISODES, ONE = [0, 1], 5, 200, (0, 0)
ALONE = {"n_states": 1, "perturbation": 0.1, "episodes": EPISODES, "batch": 1, "exploration": 0.1, "n_checkpoints": 15}
SEQUENCE = {
    "base_kind": "pure", "games": 3, "arms": ["individual", "best_response"], "n_actions": [2, 2], "n_states": 1,
    "horizon": 1, "perturbation": 0.1, "learning_rate": 0.5, "iterations": 10, "batch": 4, "exploration": 0.1,
}  # fmt: skip
CASES = {
    "nash": ("zero_sum", "mixed", [2, 2], 1.0),
    "cce": ("general_sum", "random", [2, 3], 2.0),
    "ce": ("general_sum", "random", [2, 3], 2.0),
}
LEARNER = {"nash": "v_learning", "cce": "v_learning", "ce": "swap_v_learning"}


@pytest.fixture(scope="module")
def tables():
    found = {"bandit": [], "bandit_sequences": []}
    for concept, (_, kind, actions, rate) in CASES.items():
        spec = ALONE | {"concept": concept, "base_kind": kind, "n_actions": actions, "rates": {LEARNER[concept]: rate}}
        found["bandit"].append((spec | {"horizon": 1}, bandit(seeds=SEEDS, root_seed=ROOT_SEED, **spec, horizon=1)))
    found["bandit_sequences"].append(
        (SEQUENCE, bandit_sequences(seeds=SEEDS, root_seed=ROOT_SEED, n_checkpoints=4, **SEQUENCE))
    )
    return make(found, margin=0.03, resamples=50, root_seed=1)


def drawn(family, kind, name, seed, count, actions):
    return families.FAMILIES[family](
        kind, ROOT_SEED, name, seed, n_games=count, perturbation=0.1, n_states=1, n_actions=actions, horizon=1
    )


def flat(game):
    """Payoffs of the players [i][h][s][j]: r and 1 - r, or those of the game; the only state comes again."""
    tables = game.reward[:, 0, 0] if game.reward.ndim == 5 else np.stack([game.reward[0, 0], 1 - game.reward[0, 0]])
    rewards = [[[table.ravel().tolist()]] for table in tables]
    return rewards, [[[[1.0]] * tables[0].size]], [1.0]


def key_of(game, seed):
    return draw_keys(GameBatch.of(game), [seed]).tolist()[0]


def slope_of(at, means):
    inside = [k for k, t in enumerate(at) if EPISODES / 10 <= t <= EPISODES]
    x = np.log([at[k] for k in inside])
    return np.polynomial.polynomial.polyfit(x, np.log([means[k] for k in inside]), 1)[1]


@pytest.mark.recalculates("bandit-v-learning", "bandit-swap")
def test_the_slopes_of_v_learning(tables):
    table, curves = tables["bandit"].set_index("concept"), tables["bandit_curves"]
    at = sorted(set(curves["episode"]))
    for concept, (family, kind, actions, rate) in CASES.items():
        own = []
        for seed in SEEDS:
            (game,) = drawn(family, kind, "bandit", seed, 1, actions)
            make = oracles_bandit.SwapVLearner if concept == "ce" else oracles_bandit.VLearner
            learner, gaps = make(*flat(game), actions, key_of(game, seed), rate), []
            for t in range(1, EPISODES + 1):
                learner.play()
                if t in at:
                    gains = learner.swap_gains() if concept == "ce" else learner.gains()
                    gaps.append(sum(gains) if concept == "nash" else max(gains))
            own.append(gaps)
        means = np.mean(own, axis=0)
        mean = curves[curves["concept"] == concept]["mean"]
        np.testing.assert_allclose(mean, means, atol=1e-10)
        assert table.loc[concept, "gap"] == pytest.approx(means[-1])
        assert table.loc[concept, "slope"] == pytest.approx(slope_of(at, means), abs=1e-9)
        promise = np.sqrt(np.log(at) / np.array(at))
        assert table.loc[concept, "promised_slope"] == pytest.approx(slope_of(at, promise))
    above = table["slope"] - table["promised_slope"]
    assert CLAIMS[0].judge(tables).place["case"] == table.loc[above.drop("ce").idxmax(), "case"]
    assert CLAIMS[1].judge(tables).place["case"] == table.loc["ce", "case"]


def gap_of(matrix, average):
    mu, nu = average[ONE]
    return max(oracles.row_payoffs(matrix, nu)) - min(oracles.column_payoffs(matrix, mu))


@pytest.mark.recalculates("bandit-meta")
def test_the_ratio_of_meta_learning(tables):
    """Equation (5) by hand: best responses to the mean estimates of each stage, ties within 1e-12 shared, mixed with
    1 / sqrt(K) of the uniform policy, averaged over the games so far."""
    final, alpha = {"individual": [], "best_response": []}, 1 / np.sqrt(3)
    for arm, gaps in final.items():
        for seed in SEEDS:
            targets = []
            for k, game in enumerate(drawn("zero_sum", "pure", "bandit sequences", seed, 3, [2, 2])):

                def initial(stage, targets=targets):
                    parts = [np.mean([target[stage - 1][i] for target in targets], axis=0) for i in range(2)]
                    return {ONE: [part.tolist() for part in parts]}

                told = []
                average, _, _ = oracles_bandit.sampled_mirror(
                    *flat(game), [2, 2], key_of(game, seed), 0.5, 4, 0.1, 10,
                    initial if k and arm == "best_response" else None, told,
                )  # fmt: skip
                target = []
                for stage in told:
                    best = [[x >= max(pay) - 1e-12 for x in pay] for pay in stage[ONE]]
                    target.append([[(1 - alpha) * b / sum(one) + alpha / 2 for b in one] for one in best])
                targets.append(target)
                if k:
                    gaps.append(gap_of(game.reward[0, 0].tolist(), average))
    table = tables["bandit_meta"]
    rows = table[table["feedback"] == "sampled"].set_index("arm")
    for arm, gaps in final.items():
        assert rows.loc[arm, "gap"] == pytest.approx(np.mean(gaps), abs=1e-10)
    ratio = np.mean(final["best_response"]) / np.mean(final["individual"])
    assert rows.loc["best_response", "ratio"] == pytest.approx(ratio)
    assert CLAIMS[2].judge(tables).place["ratio"] == rows.loc["best_response", "ratio"]
