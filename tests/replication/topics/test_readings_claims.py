"""Claims on the start of a new game, judged on planted tables on both sides of the threshold."""

import itertools
import math

import pandas as pd
import pytest

from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, REPAIRED, VIOLATED
from metanash_replication.topics.readings.claims import CLAIMS

JUDGES = {claim.id: claim.judge for claim in CLAIMS}
LOWER, HIGHER, UNCLEAR, EQUAL = (0.5, 0.4, 0.6, "lower"), (1.5, 1.2, 1.8, "higher"), (0.9, 0.7, 1.1, "unclear"), (
    1.0, 1.0, 1.0, "equal",
)  # fmt: skip
PAPER, AVERAGED, SHARED = "best_response", ("last_stage_average", "output_policy"), "shared_best_response"
ARMS = {PAPER: EQUAL, "last_stage_average": LOWER, "output_policy": LOWER, SHARED: UNCLEAR, "stage_average": EQUAL}


def reading(family, kind, arm, start, **changed):
    """Rows of a reading, one for each gap to reach."""
    staged = family == "zero_sum"
    row = {
        "family": family, "base_kind": kind, "varied": math.nan, "horizon": 2 if staged else math.nan,
        "discount": math.nan if staged else 0.9, "games": 10, "perturbation": 0.1, "learning_rate": 0.2, "arm": arm,
        "alpha": 0.3 if staged else math.nan, "alpha_of_theory": staged,
    }  # fmt: skip
    row |= dict(zip(("start", "start_low", "start_high", "begins"), start, strict=True)) | changed
    return [row | {"level": level, "end": 3.0, "end_low": 2.0, "end_high": 4.0} for level in (0.5, 0.25)]


def table_of(starts, more=()):
    """Readings of three perturbations, two of them similar, in all kinds; ``starts`` by arm and kind, or arm alone.

    The commonest perturbation is that of the reference, 0.1.
    """
    rows = []
    for (arm, usual), kind, (size, horizon) in itertools.product(
        {**ARMS, "carry_over": LOWER}.items(), ("mixed", "pure", "team"), ((0.1, 2), (0.1, 5), (0.02, 2), (0.4, 2))
    ):
        if (kind == "team") != (arm == "carry_over"):
            continue
        start = HIGHER if size > 0.1 else starts.get((arm, kind), starts.get(arm, usual))
        family = "potential" if kind == "team" else "zero_sum"
        rows += reading(family, kind, arm, start, perturbation=size, horizon=math.nan if kind == "team" else horizon)
    return pd.DataFrame([*rows, *more])


def verdict(claim, starts=None, more=()):
    return JUDGES[f"better-initialization-{claim}"]({"readings": table_of(starts or {}, more)})


def rows_of(starts):
    return {"readings": table_of(starts).to_dict("records")}


ZERO_SUM_ARMS = (PAPER, *AVERAGED, SHARED)
PLANTED = {
    "better-initialization-zero-sum": {
        HOLDS: [rows_of({PAPER: LOWER})],
        REPAIRED: [rows_of({}), rows_of({PAPER: HIGHER})],
        VIOLATED: [rows_of(dict.fromkeys(ZERO_SUM_ARMS, HIGHER)),
                   rows_of({**dict.fromkeys(ZERO_SUM_ARMS, UNCLEAR), PAPER: EQUAL})],
        INCONCLUSIVE: [rows_of({PAPER: UNCLEAR})],
    },
    "better-initialization-potential": {
        HOLDS: [rows_of({})],
        VIOLATED: [rows_of({"carry_over": HIGHER})],
        INCONCLUSIVE: [rows_of({"carry_over": UNCLEAR})],
    },
}  # fmt: skip
HIGHER_ALL = table_of(dict.fromkeys((*ZERO_SUM_ARMS, "carry_over"), HIGHER))
IGNORED = {  # of the other family, whatever the arm
    f"better-initialization-{claim}": {"readings": HIGHER_ALL.assign(family=other).to_dict("records")}
    for claim, other in (("zero-sum", "potential"), ("potential", "zero_sum"))
}


# Zero-sum games -----------------------------------------------------------------------------------------


def test_an_equal_start_is_no_better_one():
    found = verdict("zero-sum")
    assert found.name == REPAIRED
    assert plain(found.headline) == "The first gap is that of individual learning in 6 of 6 settings, on every seed."
    assert "Meta: last full stages: helps in 6, hurts in none of 6 settings" in plain(found.result)


def test_lower_everywhere_holds():
    assert verdict("zero-sum", {PAPER: LOWER}).name == HOLDS
    assert verdict("zero-sum", {PAPER: (0.999, 0.9985, 0.9999, "lower")}).name == HOLDS
    assert "individual learning in" not in plain(verdict("zero-sum", {PAPER: LOWER}).result)


@pytest.mark.parametrize("kind", ["mixed", "pure"])
def test_one_kind_decides(kind):
    """Equal or higher in one kind of games is no better start; unclear in one leaves it open."""
    other = "pure" if kind == "mixed" else "mixed"
    for start, wanted in ((EQUAL, REPAIRED), (HIGHER, REPAIRED), (UNCLEAR, INCONCLUSIVE)):
        assert verdict("zero-sum", {(PAPER, kind): start, (PAPER, other): LOWER}).name == wanted


def test_without_a_repair_it_is_violated():
    """Targets that all stages share are the repair, if one of them is lower throughout; stage averages are not one."""
    worse = dict.fromkeys(AVERAGED, UNCLEAR)
    assert verdict("zero-sum", worse).name == VIOLATED
    assert verdict("zero-sum", worse | {PAPER: HIGHER}).name == VIOLATED
    assert verdict("zero-sum", worse | {"stage_average": LOWER}).name == VIOLATED
    assert verdict("zero-sum", {"last_stage_average": EQUAL, ("output_policy", "pure"): UNCLEAR}).name == VIOLATED
    for arm in (*AVERAGED, SHARED):
        assert verdict("zero-sum", worse | {arm: LOWER}).name == REPAIRED
        assert verdict("zero-sum", worse | {arm: LOWER, (arm, "pure"): HIGHER}).name == VIOLATED


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ({}, True),
        ({"games": 100}, True),
        ({"perturbation": 0.0}, True),
        ({"perturbation": 0.2}, False),
        ({"alpha": 0.01, "alpha_of_theory": False}, False),
    ],
)
def test_which_readings_count(changed, counts):
    """Similar games, and the alpha of Theorem 2; all else is the paper's to choose."""
    more = reading("zero_sum", "random", PAPER, HIGHER, **changed)
    assert verdict("zero-sum", {PAPER: LOWER}, more).name == (REPAIRED if counts else HOLDS)
    more = reading("zero_sum", "random", PAPER, EQUAL, **changed)
    assert verdict("zero-sum", {PAPER: LOWER}, more).name == (REPAIRED if counts else HOLDS)


def test_other_families_do_not_count():
    assert verdict("zero-sum", {PAPER: LOWER, "carry_over": HIGHER}).name == HOLDS
    assert verdict("potential", {PAPER: HIGHER, "last_stage_average": HIGHER}).name == HOLDS


def test_a_start_is_no_end():
    """What gaps are like at T is another claim's: the planted ends are all higher."""
    table = table_of({PAPER: LOWER})
    assert (table["end_low"] > 1).all()
    assert JUDGES["better-initialization-zero-sum"]({"readings": table}).name == HOLDS


def test_readings_count_once_whatever_gaps_are_to_reach():
    found = verdict("zero-sum", {PAPER: LOWER})
    assert "of 6 settings" in plain(found.result)
    assert "of 3 settings" in plain(verdict("potential").result)


def test_no_reading_with_the_update_decides_nothing():
    table = table_of({})
    found = JUDGES["better-initialization-zero-sum"]({"readings": table[table["arm"] != PAPER]})
    assert (found.name, found.result) == (INCONCLUSIVE, "No run of this configuration measures it.")


# Potential games ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "wanted"),
    [
        (LOWER, HOLDS),
        (UNCLEAR, INCONCLUSIVE),
        (HIGHER, VIOLATED),
        (EQUAL, VIOLATED),
        ((1.0, 0.999, 1.001, "unclear"), INCONCLUSIVE),
    ],
)
def test_potential_games(start, wanted):
    assert verdict("potential", {"carry_over": start}).name == wanted


def test_one_potential_reading_decides():
    more = reading("potential", "action_independent", "carry_over", HIGHER, learning_rate=1.0)
    found = verdict("potential", more=more)
    assert found.name == VIOLATED
    assert found.place["base_kind"] == "action_independent"
    assert found.worst == "action_independent, discount=0.9, K=10, perturbation=0.1, learning rate=1"
