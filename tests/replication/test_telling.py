"""Numbers for plain sentences and marks of the map: on small tables by hand, by every kind of rule."""

import math

import pandas as pd
import pytest

from metanash_replication.ledger.cited import plain, render
from metanash_replication.ledger.rules import bound, comparison, effect, growth, most, never_falls, rate, speed
from metanash_replication.ledger.telling import human, percent

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (10573.0, "10,573"),  # counts are whole
        (5208.33, "5,210"),
        (999.9, "1,000"),
        (65.391, "65.4"),
        (-0.00081912, "-0.000819"),
        (1.77e-10, "1.77e-10"),
        (INF, "infinitely many"),
        (NAN, "no number"),
    ],
)
def test_numbers_for_people(value, words):
    assert human(value) == words


def test_parts_in_percent():
    assert percent(0.0021572) == "0.216 %"


def told(verdict):
    return {name: plain(fact) for name, fact in verdict.facts.items()}


def places(verdict):
    return [(mark.form, mark.name, mark.value, mark.low, mark.high, mark.scale) for mark in verdict.marks]


# Bounds ------------------------------------------------------------------------------------------------------


def sides(form, ratio, violations=0, iteration=10):
    return {"claim": "c", "form": form, "setting": f"s{ratio}", "iteration": iteration, "ratio": ratio,
            "runs": 8, "violations": violations, "unresolved": 0, "first_informative": 1.0, "total": False,
            "file": "f"}  # fmt: skip


def test_bounds_tell_the_worst_of_what_is_printed_and_of_the_tightest_repair_that_holds():
    rows = [sides("printed", 2.0, 1), sides("printed", 4000.0, 2, 1000), sides("a", 0.25), sides("b", 0.5),
            sides("b", 0.75), sides("c", 3.0, 1)]  # fmt: skip
    found = bound("c", repaired=("a", "b", "c", "absent"))({"theory": pd.DataFrame(rows)})
    assert told(found) == {"runs": "16", "violated": "3", "ratio": "4,000", "share": "400,000 %", "repaired": "0.75",
                           "times": "4,000 times as large ($T$ = 1,000)"}  # fmt: skip
    assert [place[:3] for place in places(found)] == [("printed", "printed", 4000.0), ("repaired", "b", 0.75)]
    assert found.marks[0].scale == "bound"
    assert math.isnan(found.marks[0].low)


def test_a_bound_without_a_repair_has_one_mark():
    found = bound("c")({"theory": pd.DataFrame([sides("printed", 0.5)])})
    assert told(found)["violated"] == "none"
    assert len(found.marks) == 1


# Effects -----------------------------------------------------------------------------------------------------


def effects(arm, *spans):
    rows = [{"arm": arm, "games": k, "ratio": value, "ratio_low": low, "ratio_high": high}
            for k, (low, value, high) in enumerate(spans)]  # fmt: skip
    return pd.DataFrame(rows)


def judged(*parts, **options):
    return effect("t", "best_response", ("games",), **options)({"t": pd.concat(parts)})


GOOD, BETTER, BAD, UNCLEAR = (0.3, 0.4, 0.5), (0.1, 0.2, 0.3), (1.5, 2.5, 4.0), (0.8, 0.9, 1.1)


def test_effects_tell_how_often_and_by_how_much():
    facts = told(judged(effects("best_response", GOOD, BAD, UNCLEAR)))
    assert facts == {"settings": "3", "helps": "1", "least": "40 %", "most": "250 %", "instead": "",
                     "worse": " and a larger one in 1, up to 2.5 times as large"}  # fmt: skip
    facts = told(judged(effects("best_response", GOOD, BETTER)))
    assert (facts["least"], facts["most"], facts["worse"]) == ("20 %", "40 %", "")
    assert told(judged(effects("best_response", UNCLEAR)))["helps"] == "none"


def test_differences_tell_reductions_and_have_no_mark():
    own = effects("best_response", (-0.5, -0.4, -0.3), (-0.3, -0.2, -0.1), (0.1, 0.2, 0.3))
    found = judged(own, neutral=0.0)
    facts = told(found)
    assert (facts["least"], facts["most"], facts["worse"]) == ("-0.2", "0.4", " and a larger one in 1")
    assert found.marks == ()


def test_the_update_that_works_instead_is_the_one_that_always_does_and_in_most_settings():
    """Not one that always does in fewer settings, nor one that helps in more of more settings."""
    own = effects("best_response", BAD, BAD, BAD)
    often = effects("stage_average", GOOD, GOOD, UNCLEAR)
    always = effects("output_policy", GOOD, GOOD)
    rarely = effects("shared_best_response", BETTER)
    arms = ("stage_average", "output_policy", "shared_best_response")
    found = judged(own, often, always, rarely, repaired=arms)
    assert told(found)["instead"] == "; with output policies as targets instead it is smaller in 2 of 2"
    assert places(found) == [
        ("printed", "best_response", 2.5, 1.5, 4.0, "gap"),
        ("repaired", "output_policy", 0.4, 0.3, 0.5, "gap"),
    ]
    found = judged(own, effects("output_policy", GOOD), effects("stage_average", BETTER), repaired=arms)
    assert told(found)["instead"].startswith("; with averages of stages as targets instead")  # the smaller gap


# Speed-ups ---------------------------------------------------------------------------------------------------


def speeds(arm, *spans, status="measured"):
    columns = ["figure", "base_kind", "arm", "ne_gap", "speed_up", "low", "high", "status"]
    rows = [("1a", "pure", arm, 0.1**k, value, low, high, status) for k, (low, value, high) in enumerate(spans)]
    return pd.DataFrame(rows, columns=columns)


def fast(*parts, others=()):
    return speed("1a", "pure", "best_response", others)({"speed_up": pd.concat(parts)})


def test_speed_ups_tell_their_span():
    found = fast(speeds("best_response", (20.0, 24.5, 30.0), (4.0, 5.0, 8.0), (1.5, 1.84, 2.5)))
    assert told(found) == {"gaps": "3", "fitting": "2", "span": "1.84 to 24", "instead": ""}
    ((form, name, *ends, scale),) = places(found)
    assert (form, name, scale) == ("printed", "best_response", "speed")
    assert ends == pytest.approx([2 / 1.84, 2 / 2.5, 2 / 1.5])  # of the slowest; a faster end is a smaller ratio
    assert (found.fitting, found.cases) == (2, 3)
    assert told(fast(speeds("best_response", (3.0, 4.0, 5.0))))["span"] == "4"
    assert told(fast(speeds("best_response", (3.0, 4.0, 5.0), status="at least")))["span"] == "at least 4"


def test_the_fastest_other_update_stands_beside():
    """Fastest where it is slowest; one that never gets there does not count."""
    parts = (
        speeds("best_response", (0.9, 1.0, 1.1)),
        speeds("output_policy", (1.4, 1.5, 1.6), (8.0, 9.0, 10.0)),
        speeds("stage_average", (2.5, 3.0, 4.0), (3.0, 4.0, 5.0)),
        speeds("carry_over", (NAN, NAN, NAN)),
    )
    found = fast(*parts, others=("output_policy", "stage_average", "carry_over"))
    assert told(found)["instead"] == "; with averages of stages as targets instead it is 3 to 4 times"
    form, name, value, low, high, _ = places(found)[1]
    assert (form, name) == ("repaired", "stage_average")
    assert (value, low, high) == pytest.approx((2 / 3, 2 / 4, 2 / 2.5))


def test_where_nobody_gets_there_nothing_is_marked():
    assert fast(speeds("best_response", (NAN, NAN, NAN))).marks == ()


# Others ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "ratio"), [(3.0, 2.0, 1.5), (1.0, 0.0, INF), (0.0, 0.0, NAN), (0.0, 2.0, 0.0)]
)
def test_comparisons_mark_their_worst_row(left, right, ratio):
    table = pd.DataFrame({"base_kind": ["mixed"], "games": [100], "left": [left], "right": [right]})
    judge = comparison("t", lambda tables: tables["t"], ("base_kind", "games"), "{left} {right} {where}")
    found = judge({"t": table})
    assert found.marks[0].value == pytest.approx(ratio, nan_ok=True)
    assert found.marks[0].scale == "comparison"
    facts = told(found)
    assert (facts["base_kind"], facts["most_games"], facts["cases"]) == ("mixed equilibria", "100", "1")
    assert facts["failing"] == ("1" if left > right else "none")


def test_shares_mark_how_far_they_are_from_one_half():
    table = pd.DataFrame({"seed": range(20), "left": [0.0] * 15 + [1.0] * 5, "right": 0.5})
    found = most("t", lambda tables: tables["t"], ("seed",), "{share} {median} {largest} {right}")({"t": table})
    (mark,) = found.marks
    assert mark.value == pytest.approx(0.5 / 0.75)
    assert mark.low < mark.value < mark.high < 1.0  # the exact interval begins above one half
    assert told(found)["good"] == "15"


def test_falls_mark_what_is_not_excluded():
    steps = pd.DataFrame({"games": [1, 2], "value": [10.0, 2.0], "next_value": 0.0, "difference": 0.0,
                          "low": [-0.02, -0.03], "high": 0.1})  # fmt: skip
    (mark,) = never_falls("t", ("games",), "x", 0.01)({"t": steps}).marks
    assert (mark.value, mark.scale) == (pytest.approx(0.03 / 0.02), "fall")


@pytest.mark.parametrize(("slope", "low", "high", "value"), [(-1.0, -1.25, -0.8, 0.5), (0.1, -0.1, 0.2, INF)])
def test_rates_mark_the_claimed_over_the_measured_one(slope, low, high, value):
    table = pd.DataFrame({"horizon": [1], "start": 1.0, "end": 10.0, "slope": slope, "low": low, "high": high,
                          "bound_slope": -0.5, "verdict": ["consistent"]})  # fmt: skip
    found = rate("t", ("horizon",))({"t": table})
    (mark,) = found.marks
    assert mark.value == value
    assert mark.low <= mark.high
    assert told(found)["claimed"] == "0.5"


def test_growth_marks_the_misfit_of_the_logarithm_over_that_of_the_power():
    usual = {"horizon": 1, "start": 1.0, "end": 1000.0, "misfit_affine": 0.1, "increment": 1.0, "increment_low": 1.0,
             "increment_high": 1.0, "misfit_power": 0.2, "power": 0.1, "power_low": 0.1, "power_high": 0.1,
             "verdict": "consistent"}  # fmt: skip
    table = pd.DataFrame([usual | {"advantage_low": 2.0}, usual | {"advantage_low": 1.0, "horizon": 2}])
    found = growth("t", ("horizon",))({"t": table})
    assert [(mark.value, mark.scale) for mark in found.marks] == [(pytest.approx(0.1), "growth")]
    assert told(found) == {"fitting": "2", "cases": "2", "end": "1,000"}


def test_all_facts_cite_the_table_of_the_rule():
    sources = set()
    found = judged(effects("best_response", BAD, GOOD), effects("output_policy", GOOD), repaired=("output_policy",))
    for fact in found.facts.values():
        render(fact, lambda _, source: sources.add(source) or "")
    assert sources == {"t.csv"}
