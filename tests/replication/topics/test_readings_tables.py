"""The table of readings, of curves that can be followed by hand."""

import math

import numpy as np
import pytest

from metanash_replication.plans import read_plan
from metanash_replication.topics.readings.tables import make, reading_table

GRID = np.array([1, 10, 100, 1000])
LEVELS = [0.5, 0.25]
REFERENCE = {
    "horizon": 2, "games": 16, "perturbation": 0.1, "learning_rate": 0.2, "arm": "best_response", "alpha": "theory",
}  # fmt: skip
STEP = {"discount": 0.9, "games": 10, "perturbation": 0.1, "learning_rate": 0.01}
COLUMNS = [
    "family", "base_kind", "varied", "horizon", "discount", "games", "perturbation", "learning_rate", "arm", "alpha",
    "alpha_of_theory", "start", "start_low", "start_high", "end", "end_low", "end_high", "begins", "level", "ne_gap",
    "iterations_individual", "iterations_meta", "speed_up", "low", "high", "status", "censored", "n_seeds",
]  # fmt: skip


def measured(cases, kind="pure", grid=GRID):
    """A measurement of readings, each with curves (seeds, C) of individual and of meta-learning."""
    spec = {"base_kind": kind, "readings": [reading for reading, _, _ in cases], "file": f"{kind}.npz"}
    arrays = {"checkpoints": grid, "seeds": np.arange(len(cases[0][1]))}
    arrays |= {name: np.stack([case[1 + i] for case in cases]) for i, name in enumerate(("individual", "meta"))}
    return spec, arrays


def table_of(cases, **changed):
    settings = {"family": "zero_sum", "arm": "best_response", "levels": LEVELS, "resamples": 300, "root_seed": 7}
    return reading_table([measured(cases)], **settings | changed)


def seeds(curve, weights=(1.0, 1.0, 1.0)):
    """One curve for each seed, each a multiple of the same."""
    return np.outer(weights, curve)


SLOW, FAST = 1.0 / GRID, 0.5 / GRID


def test_columns():
    assert list(table_of([(REFERENCE, seeds(SLOW), seeds(FAST))])) == COLUMNS


def test_numbers_by_hand():
    """Gaps 1/t and 1/(2t): half of the first gap at t = 2 and 1, a quarter at 4 and 2, half of the gap everywhere."""
    table = table_of([(REFERENCE, seeds(SLOW), seeds(FAST))])
    assert len(table) == 2
    for row, level, t in zip(table.itertuples(), LEVELS, (2.0, 4.0), strict=True):
        assert (row.level, row.ne_gap) == (level, level)
        assert row.iterations_individual == pytest.approx(t, rel=1e-12)
        assert row.iterations_meta == pytest.approx(t / 2, rel=1e-12)
        for name in ("speed_up", "low", "high"):
            assert getattr(row, name) == pytest.approx(2.0, rel=1e-12)
        for name in ("start", "start_low", "start_high", "end", "end_low", "end_high"):
            assert getattr(row, name) == pytest.approx(0.5, rel=1e-12)
        assert (row.status, row.censored, row.begins, row.n_seeds) == ("measured", 0.0, "lower", 3)


def test_gaps_to_reach_are_shares_of_the_first_gap_of_individual_learning():
    """In the same reading: whatever its scale, and that of meta-learning."""
    other = REFERENCE | {"horizon": 5}
    table = table_of([(REFERENCE, seeds(SLOW), seeds(FAST)), (other, seeds(3.0 * SLOW), seeds(0.3 * SLOW))])
    assert table["ne_gap"].tolist() == pytest.approx([0.5, 0.25, 1.5, 0.75])
    assert table["iterations_individual"].tolist() == pytest.approx([2.0, 4.0] * 2)
    assert table["iterations_meta"].tolist() == pytest.approx([1.0, 2.0, 1.0, 1.0])
    assert table["start"].tolist() == pytest.approx([0.5, 0.5, 0.1, 0.1])


def test_last_gap_and_who_gets_there():
    """Individual learning stands still; meta-learning starts at the same gap, and ends above and below."""
    still, down, up = np.ones(4), np.array([1.0, 0.6, 0.4, 0.3]), np.array([1.0, 1.0, 1.0, 1.2])
    cases = [
        (REFERENCE, seeds(still), seeds(down)),
        (REFERENCE | {"games": 4}, seeds(still), seeds(up)),
        (REFERENCE | {"horizon": 1}, seeds(down), seeds(still)),
    ]
    table = table_of(cases)
    assert table["status"].tolist() == ["at least", "neither", "neither", "neither", "at most", "neither"]
    assert table["end"].tolist() == pytest.approx([0.3, 0.3, 1.2, 1.2, 1 / 0.3, 1 / 0.3])
    assert table["begins"].tolist() == ["equal"] * 6
    half = 10 ** (1 + math.log(0.6 / 0.5) / math.log(0.6 / 0.4))
    assert table["iterations_meta"].iloc[0] == pytest.approx(half)
    assert table["speed_up"].iloc[[0, 4]].tolist() == pytest.approx([1000 / half, half / 1000])
    assert table["speed_up"].isna().tolist() == [False, True, True, True, False, True]


def test_seeds_are_paired():
    """Seeds a hundred times apart, and the ratio the same on each: there is nothing to be uncertain about."""
    weights = (1.0, 100.0, 0.3, 7.0)
    row = table_of([(REFERENCE, seeds(SLOW, weights), seeds(FAST, weights))]).iloc[0]
    assert [row[name] for name in ("start_low", "start_high", "end_low", "end_high")] == pytest.approx([0.5] * 4)


def test_intervals_are_those_of_a_bootstrap_over_seeds():
    """Beside resamples drawn one by one."""
    rng = np.random.default_rng(1)
    individual, meta = rng.uniform(0.5, 1.5, size=(2, 12, 4)) / GRID * np.array([1.0, 0.7]).reshape(2, 1, 1)
    row = table_of([(REFERENCE, individual, meta)], resamples=4000).iloc[0]
    drawn = [rng.integers(12, size=12) for _ in range(4000)]
    for name, c in (("start", 0), ("end", -1)):
        assert row[name] == pytest.approx(meta[:, c].mean() / individual[:, c].mean())
        ratios = [meta[some, c].mean() / individual[some, c].mean() for some in drawn]
        wanted = np.quantile(ratios, [0.025, 0.975])
        np.testing.assert_allclose([row[f"{name}_low"], row[f"{name}_high"]], wanted, rtol=0.02)
    assert row["begins"] == "lower"


def first_gaps(individual, meta):
    """A reading of these first gaps, a seed each."""
    return (REFERENCE, np.outer(individual, SLOW), np.outer(meta, SLOW))


def test_how_a_reading_begins():
    """By the interval; equal only if every seed is, to rounding."""
    ones = np.ones(40)
    mixed = np.where(np.arange(40) % 2, 1.5, 0.5)
    cases = {
        "lower": 0.9 * ones,
        "higher": 1.1 * ones,
        "unclear": mixed,
        "equal": ones * (1 + 1e-12),
    }
    for wanted, meta in cases.items():
        assert set(table_of([first_gaps(ones, meta)])["begins"]) == {wanted}
    for share in (0.95, 1.05):  # the estimate is on one side, the interval on both
        row = table_of([first_gaps(ones, share * mixed)]).iloc[0]
        assert row["start_low"] < 1 < row["start_high"]
        assert (row["start"] < 1, row["begins"]) == (share < 1, "unclear")
    swapped = table_of([first_gaps(mixed, mixed[::-1])]).iloc[0]  # means are equal, seeds are not
    assert swapped["start"] == 1.0
    assert swapped["begins"] == "unclear"
    assert set(table_of([first_gaps(ones, np.append(ones[1:], 1.001))])["begins"]) == {"unclear"}


def test_what_a_reading_is():
    readings = [
        REFERENCE,
        REFERENCE | {"alpha": 0.01},
        REFERENCE | {"arm": "output_policy", "games": 100},
        REFERENCE | {"learning_rate": 1.0, "arm": "last_stage_average"},
    ]
    table = table_of([(one, seeds(SLOW), seeds(FAST)) for one in readings], levels=[0.5])
    assert table["varied"].tolist() == ["", "alpha", "games arm", "learning_rate arm"]
    assert table["alpha"].tolist() == pytest.approx([0.25, 0.01, 0.1, 0.25])
    assert table["alpha_of_theory"].tolist() == [True, False, True, True]
    assert table["arm"].tolist() == ["best_response", "best_response", "output_policy", "last_stage_average"]
    assert table["learning_rate"].tolist() == [0.2, 0.2, 0.2, 1.0]
    assert table["discount"].isna().all()
    assert set(table["base_kind"]) == {"pure"}
    step = table_of([(STEP, seeds(SLOW), seeds(FAST))], family="potential", arm="carry_over").iloc[0]
    assert (step["arm"], step["alpha_of_theory"], step["discount"]) == ("carry_over", False, 0.9)
    assert math.isnan(step["alpha"])
    assert math.isnan(step["horizon"])


def test_draws_are_addressed():
    """Other readings and kinds beside a reading change none of its digits; another root seed does."""
    rng = np.random.default_rng(2)
    cases = [(REFERENCE | {"games": k}, *rng.uniform(0.5, 1.5, size=(2, 6, 4)) / GRID) for k in (2, 3, 4)]
    whole = table_of(cases)
    spec, arrays = measured(cases)
    again = {"base_kind": "mixed"}
    two = reading_table(
        [measured(cases), (spec | again, arrays)], "zero_sum", "best_response", LEVELS, resamples=300, root_seed=7
    )
    assert two.iloc[:6].equals(whole)
    assert two["start"].iloc[6:].tolist() == whole["start"].tolist()
    assert two["start_low"].iloc[6:].tolist() != whole["start_low"].tolist()
    few = table_of([cases[0], cases[2]])
    assert few.equals(whole.iloc[[0, 1, 4, 5]].reset_index(drop=True))
    assert table_of(cases, root_seed=8)["start_low"].tolist() != whole["start_low"].tolist()


def test_one_table_of_both_families():
    """By the names of the plan, zero-sum games first."""
    names = [one.name for one in read_plan("readings").measurements]
    found = make(
        {
            names[0]: [measured([(REFERENCE, seeds(SLOW), seeds(FAST))], kind) for kind in ("mixed", "random")],
            names[1]: [measured([(STEP, seeds(SLOW), seeds(FAST))], "team")],
        },
        levels=[0.5], resamples=50, root_seed=7,
    )  # fmt: skip
    assert list(found) == ["readings"]
    table = found["readings"]
    assert table[["family", "base_kind", "arm"]].to_numpy().tolist() == [
        ["zero_sum", "mixed", "best_response"],
        ["zero_sum", "random", "best_response"],
        ["potential", "team", "carry_over"],
    ]
    assert table.index.tolist() == [0, 1, 2]
