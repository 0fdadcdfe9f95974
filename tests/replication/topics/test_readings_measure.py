"""Readings of Figure 1, each learned by itself: sequence by sequence, and as the experiments do."""

import itertools
import statistics

import numpy as np
import pytest

import metanash as mn
from metanash.learners import checkpoints
from metanash.meta import TARGETS, AverageTarget
from metanash_replication.experiments import Learning, Sequences, generate_games, run_arm
from metanash_replication.topics.readings import measure
from metanash_replication.topics.readings.settings import reading_settings

ROOT_SEED = 11
SEEDS = [3, 0, 5]
GRID = checkpoints(40, 6)
COMMON = {"iterations": 40, "n_checkpoints": 6, "n_states": 2, "n_actions": [2, 2]}
REFERENCE = {
    "horizon": 2, "games": 4, "perturbation": 0.2, "learning_rate": 0.3, "arm": "best_response", "alpha": "theory",
}  # fmt: skip
READINGS = [
    REFERENCE,
    *(REFERENCE | {"arm": arm} for arm in TARGETS if arm != "best_response"),
    REFERENCE | {"alpha": 0.1},
    REFERENCE | {"horizon": 1, "arm": "last_stage_average"},
    REFERENCE | {"learning_rate": 1.5, "arm": "output_policy", "alpha": 0.02},
    REFERENCE | {"games": 3},
    REFERENCE | {"learning_rate": 1.5, "arm": "stage_average"},
    REFERENCE | {"perturbation": 0.0, "arm": "shared_best_response"},
]
"""Readings of the same games stand apart, so that their order shows."""
STEPS = [
    {"discount": 0.9, "games": 4, "perturbation": 0.2, "learning_rate": 0.03},
    {"discount": 0.5, "games": 4, "perturbation": 0.2, "learning_rate": 0.03},
    {"discount": 0.9, "games": 4, "perturbation": 0.2, "learning_rate": 0.2},
    {"discount": 0.9, "games": 3, "perturbation": 0.05, "learning_rate": 0.03},
]


def zero_sum(kind, readings=READINGS, seeds=SEEDS, **changed):
    return measure.zero_sum_readings(kind, seeds, ROOT_SEED, readings=readings, **COMMON | changed)


def potential(kind, readings=STEPS, seeds=SEEDS, **changed):
    return measure.potential_readings(kind, seeds, ROOT_SEED, readings=readings, **COMMON | changed)


def mean_curve(games, learner, update):
    """Mean over the games, learned one after another, by the public functions of the library."""
    gaps = mn.learn_sequence(games, learner, update, 40, at=GRID).ne_gap
    return [statistics.fmean(gaps[0, :, c].tolist()) for c in range(len(GRID))]


@pytest.mark.recalculates("better-initialization-zero-sum")
@pytest.mark.parametrize("kind", ["mixed", "pure", "random"])
def test_zero_sum_readings_one_sequence_at_a_time(kind):
    found = zero_sum(kind)
    assert set(found) == {"seeds", "checkpoints", "individual", "meta"}
    assert found["seeds"].tolist() == SEEDS
    assert found["checkpoints"].tolist() == GRID.tolist()
    assert found["individual"].shape == found["meta"].shape == (len(READINGS), 3, len(GRID))
    for (i, one), (s, seed) in itertools.product(enumerate(READINGS), enumerate(SEEDS)):
        games = mn.families.zero_sum_sequence(
            kind, ROOT_SEED, "zero_sum", seed, n_games=one["games"], perturbation=one["perturbation"],
            horizon=one["horizon"],
        )  # fmt: skip
        learner = mn.OptimisticMirrorDescent(one["learning_rate"])
        alpha = 1 / one["games"] ** 0.5 if one["alpha"] == "theory" else one["alpha"]
        alone = mean_curve(games, learner, mn.META_UPDATES["individual"](one["games"]))
        meta = mean_curve(games, learner, AverageTarget(TARGETS[one["arm"]], alpha))
        np.testing.assert_allclose(found["individual"][i, s], alone, rtol=1e-12)
        np.testing.assert_allclose(found["meta"][i, s], meta, rtol=1e-12)


@pytest.mark.recalculates("better-initialization-potential")
@pytest.mark.parametrize("kind", ["team", "action_independent"])
def test_potential_readings_one_sequence_at_a_time(kind):
    found = potential(kind)
    assert found["individual"].shape == found["meta"].shape == (len(STEPS), 3, len(GRID))
    for (i, one), (s, seed) in itertools.product(enumerate(STEPS), enumerate(SEEDS)):
        games = mn.families.potential_sequence(
            kind, ROOT_SEED, "potential", seed, n_games=one["games"], perturbation=one["perturbation"],
            discount=one["discount"],
        )  # fmt: skip
        learner = mn.ProjectedQAscent(one["learning_rate"])
        for name, arm in (("individual", "individual"), ("meta", "carry_over")):
            curve = mean_curve(games, learner, mn.META_UPDATES[arm](one["games"]))
            np.testing.assert_allclose(found[name][i, s], curve, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("family", ["zero_sum", "potential"])
def test_a_reading_with_the_numbers_of_an_experiment_meets_its_games(family):
    """And its curves, which the records have game by game."""
    staged = family == "zero_sum"
    options = {"horizon": 2, "n_states": 2} if staged else {"n_states": 2, "discount": 0.9}
    games = {"family": family, "base_kind": "pure" if staged else "team", "options": options}
    made = generate_games(
        Sequences.from_config({**games, "perturbations": [0.2], "count": 4}), SEEDS, ROOT_SEED
    )  # fmt: skip
    learning = {
        "learner": "optimistic_mirror_descent" if staged else "projected_q_ascent", "rate_unit": "absolute",
        "learning_rates": [0.3 if staged else 0.03], "iterations": 40, "checkpoints": 6, "keep_stages": False,
    }  # fmt: skip
    found = zero_sum("pure", READINGS[:1]) if staged else potential("team", STEPS[:1])
    for name, arm in (("individual", "individual"), ("meta", "best_response" if staged else "carry_over")):
        gap = run_arm(Learning.from_config(learning | {"arm": arm}), *made)["ne_gap"]
        np.testing.assert_allclose(found[name][0], gap[0, 0].mean(axis=1), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("measured", [zero_sum, potential])
def test_readings_and_seeds_do_not_mix(measured):
    """Alone, or with others of the same games and other ones: the same bits."""
    kind, readings = ("random", READINGS) if measured is zero_sum else ("team", STEPS)
    whole = measured(kind)
    for i, one in enumerate(readings):
        alone = measured(kind, [one])
        for name in ("individual", "meta"):
            np.testing.assert_array_equal(alone[name][0], whole[name][i])
    few = measured(kind, seeds=[5])
    np.testing.assert_array_equal(few["meta"][:, 0], whole["meta"][:, 2])
    other = measured("pure" if measured is zero_sum else "action_independent")
    assert not np.isin(other["meta"], whole["meta"]).any()


@pytest.mark.parametrize("kind", ["mixed", "pure", "random"])
def test_targets_of_each_stage_start_where_individual_learning_does(kind):
    """Q^1 = 0, so nothing is known of stage 1; targets that the stages share start elsewhere."""
    found = zero_sum(kind)
    first = found["meta"][..., 0] - found["individual"][..., 0]
    for one, difference in zip(READINGS, first, strict=True):
        if one["arm"] in {"best_response", "stage_average"}:
            assert np.abs(difference).max() < 1e-14
        else:
            assert np.abs(difference).min() > 1e-4
    assert (np.abs(found["meta"] - found["individual"])[..., -1] > 1e-4).all()


def test_carry_over_starts_lower_where_games_are_the_same():
    """The game before has ended near an equilibrium, but for the first of four, which starts uniform."""
    same = [STEPS[0] | {"perturbation": 0.0, "learning_rate": 0.1}]
    found = potential("team", same, seeds=range(8), iterations=400)
    ratio = found["meta"][0, :, 0].mean() / found["individual"][0, :, 0].mean()
    assert 0.25 <= ratio < 0.3


# Which readings -----------------------------------------------------------------------------------------


def test_readings_are_the_reference_and_every_grid_once():
    reference = {"games": 10, "perturbation": 0.1, "learning_rate": 0.2}
    grids = [
        {"games": [10, 30]},
        {"perturbation": [0.0, 0.1], "learning_rate": [0.2, 1.0]},
        {"learning_rate": [1.0, 0.2]},
    ]
    config = {"readings": {"zero_sum": {"reference": reference, "grids": grids}}}
    assert [tuple(one.values()) for one in reading_settings(config, "zero_sum")] == [
        (10, 0.1, 0.2), (30, 0.1, 0.2), (10, 0.0, 0.2), (10, 0.0, 1.0), (10, 0.1, 1.0)
    ]  # fmt: skip
    assert all(list(one) == list(reference) for one in reading_settings(config, "zero_sum"))
