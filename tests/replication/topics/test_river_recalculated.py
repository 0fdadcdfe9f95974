"""The number that decides the claim on river endgames, worked out again on nested trees, deal by deal.

From the library come the sequences' boards, weights and chips. Rules, learning, best responses and gaps are oracles.
"""

import math

import numpy as np
import oracles_cfr
import oracles_poker as poker
import oracles_river
import oracles_trees
import pandas as pd
import pytest
from game_trees import nodes, sets
from oracles_regret import PredictiveRegretMatchingPlus

from metanash.river import river_sequence
from metanash_replication.topics.river.claims import CLAIMS
from metanash_replication.topics.river.measure import ARMS, endgames
from metanash_replication.topics.river.tables import make

SETTINGS = {"games": 3, "perturbation": 0.2, "n_hands": 2, "pot": 100.0, "stack": 250.0, "sizes": [0.5], "raises": 1}
HOW = {"rate_per_hand": 4.0, "alpha": 0.1, "iterations": 4, "n_checkpoints": 3}
SEEDS, ROOT_SEED = [0, 2], 3


def tree_of(endgame):
    """The nested tree, in floats."""
    hands = poker.all_hands(poker.pairs(endgame.board))
    ranges = [{hands[h]: float(row[h]) for h in np.flatnonzero(row)} for row in endgame.weights]
    pot, stack = endgame.pot, endgame.betting.stack
    root = oracles_river.tree(endgame.board, ranges, pot, stack, ("0.5",), SETTINGS["raises"], all_in=True)
    for node in nodes(root):
        node.chances = [float(chance) for chance in node.chances]
        node.payoffs = node.payoffs and tuple(map(float, node.payoffs))
    return root


def uniform(root):
    return [{key: [1 / len(actions)] * len(actions) for key, actions in part.items()} for part in sets(root, 2)]


def best_responses(root, strategies):
    """Set by set from the last to the first; actions that are as good share."""
    found = []
    for i, part in enumerate(sets(root, 2)):
        now = [dict(own) for own in strategies]
        for key in reversed(part):
            loss = oracles_cfr.losses(root, i, key, now, 2)
            tied = [float(entry <= min(loss) + 1e-9) for entry in loss]
            now[i][key] = [entry / sum(tied) for entry in tied]
        found.append(now[i])
    return found


def averages_after(root, start, rate):
    """Average strategies after each iteration, from initial regrets in proportion to the start, or 0."""
    learning = oracles_cfr.Learning(root, 2, start, power=2)
    if rate is not None:
        won = [node.payoffs[0] for node in nodes(root) if node.payoffs]
        scale = (max(won) - min(won)) / rate
        learning.sets = [
            {key: PredictiveRegretMatchingPlus([scale * p for p in law], law) for key, law in part.items()}
            for part in start
        ]
    for t in range(1, HOW["iterations"] + 1):
        learning.play(t, alternating=True)
        yield [
            {key: law or [1 / len(flat[key])] * len(flat[key]) for key, law in part.items()}
            for part, flat in zip(learning.averages(), uniform(root), strict=True)
        ]


def mixed(told, flat):
    """Mean of what was told, with alpha of the uniform strategy."""
    alpha = HOW["alpha"]
    return [
        {
            key: [(1 - alpha) * sum(one[i][key][a] for one in told) / len(told) + alpha * p for a, p in enumerate(law)]
            for key, law in flat[i].items()
        }
        for i in (0, 1)
    ]


def learned(kind, seed, arm):
    """Exploitability in pots of each endgame at T = 1, 2, 3, 4."""
    games = {key: value for key, value in SETTINGS.items() if key != "games"}
    sequence = river_sequence(kind, ROOT_SEED, "river trees", seed, n_games=SETTINGS["games"], **games)
    rate, told, found = None if arm == "individual" else HOW["rate_per_hand"] * SETTINGS["n_hands"], [], []
    for endgame in sequence:
        root = tree_of(endgame)
        start = mixed(told, uniform(root)) if told else uniform(root)
        outputs = list(averages_after(root, start, rate))
        found.append([sum(oracles_trees.gains(root, output, 2)) / 2 / endgame.pot for output in outputs])
        if arm == "best_response":
            told.append(best_responses(root, outputs[-1]))
        elif arm == "output_policy":
            told.append(outputs[-1])
    return found


@pytest.fixture(scope="module")
def measured():
    return endgames("alternating", SEEDS, ROOT_SEED, **SETTINGS, **HOW)


@pytest.fixture(scope="module")
def gaps():
    return {arm: np.array([learned("alternating", seed, arm) for seed in SEEDS]) for arm in ARMS}


def test_each_arm_is_learned_as_the_pseudo_code_says(measured, gaps):
    assert measured["checkpoints"].tolist() == [1, 2, 4]
    assert measured["sets"] == 6
    for arm in ARMS:
        np.testing.assert_allclose(measured[arm], gaps[arm][..., [0, 1, 3]], atol=1e-9)
    assert not np.allclose(gaps["individual"][:, 0], gaps["individual_at_rate"][:, 0], rtol=0.01)


@pytest.mark.recalculates("river-trees")
def test_the_ratio_that_decides(measured, gaps):
    """Endgames 2 and 3 at T = 4; of two seeds a quarter of the resamples has only the one, and a quarter the other."""
    spec = {"base_kind": "alternating", **SETTINGS, **HOW, "seeds": SEEDS, "file": "river/alternating.npz"}
    tables = make({"endgames": [(spec, measured)]}, 400, 1)
    (claim,) = CLAIMS
    place = claim.judge(tables).place
    later = {arm: found[:, 1:, -1].mean(axis=1) for arm, found in gaps.items()}
    own, base = later["best_response"], later["individual"]
    assert place["base_kind"] == "alternating"
    assert place["ratio"] == pytest.approx(own.mean() / base.mean(), rel=1e-6)
    assert (place["ratio_low"], place["ratio_high"]) == pytest.approx(tuple(sorted(own / base)), rel=1e-6)
    table = tables["river"].set_index("arm")
    rates = later["output_policy"].mean() / later["individual_at_rate"].mean()
    assert table.loc["output_policy", "at_rate"] == pytest.approx(rates, rel=1e-6)
    starts = {arm: found[:, 1:, 0].mean() for arm, found in gaps.items()}
    ratio = starts["output_policy"] / starts["individual"]
    assert table.loc["output_policy", "start"] == pytest.approx(ratio, rel=1e-6)
    assert table.loc["best_response", "gap"] == pytest.approx(own.mean(), rel=1e-6)
    curves = tables["river_curves"].query("arm == 'output_policy'")
    each = gaps["output_policy"][:, 1:][..., [0, 1, 3]].mean(axis=1)
    np.testing.assert_allclose(curves["mean"], each.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(curves["std"], np.abs(each[0] - each[1]) / math.sqrt(2), rtol=1e-5)
    assert isinstance(tables["river"], pd.DataFrame)
