"""What verdicts say, to the letter, on tables where the worst row, the counts and the limits differ from each other."""

import pandas as pd
import pytest

from metanash_replication.ledger.cited import plain, render
from metanash_replication.ledger.rules import (
    HOLDS,
    INCONCLUSIVE,
    REPAIRED,
    VIOLATED,
    bound,
    comparison,
    effect,
    never_exceeded,
    rate,
    speed,
)

NAN = float("nan")


def sources(text: str) -> set[str]:
    """Tables that the numbers of a text are from."""
    found: set[str] = set()
    render(text, lambda content, source: found.add(source) or content)
    return found


def claims(*rows: dict[str, object]) -> dict[str, pd.DataFrame]:
    usual = {"claim": "theorem 9", "form": "printed", "setting": "long runs, H=1", "iteration": 7, "ratio": 0.5,
             "runs": 10, "violations": 0, "unresolved": 0, "first_informative": 3.0, "total": False,
             "file": "a.npz"}  # fmt: skip
    return {"theory": pd.DataFrame([{**usual, **row} for row in rows])}


# Bounds -------------------------------------------------------------------------------------------------


def test_a_bound_tells_its_forms_one_after_the_other():
    tables = claims(
        {"ratio": 0.5, "violations": 1, "runs": 30, "first_informative": NAN},
        {"ratio": 1.23456, "violations": 2, "setting": "long runs, H=2", "iteration": 500},
        {"form": "repaired: b", "ratio": 0.7, "violations": 4},
        {"form": "repaired: a", "ratio": 0.1},
        {"form": "repaired: a", "ratio": 0.2, "runs": 5},
        {"form": "tried", "ratio": 9.0, "violations": 3},
    )
    found = bound("theorem 9", repaired=("repaired: a", "repaired: b", "repaired: none"))(tables)
    assert (found.name, found.worst, found.row) == (REPAIRED, "long runs, H=2", "theorem 9")
    assert plain(found.result) == (
        "Printed: violated in 3 of 40 runs, largest left side over right side 1.235 (long runs, H=2, T=500); "
        "informative in 1 of 2 settings. "
        "Repaired: a: violated in none of 15 runs, largest left side over right side 0.2. "
        "Repaired: b: violated in 4 of 10 runs, largest left side over right side 0.7."
    )
    assert sources(found.result) == {"theory.csv"}


def test_another_form_may_be_the_printed_one():
    tables = claims({"violations": 1}, {"form": "as derived", "ratio": 0.25})
    found = bound("theorem 9", printed="as derived")(tables)
    assert found.name == HOLDS
    assert plain(found.result).startswith("As derived: violated in none of 10 runs, largest left side over right")


def test_what_nothing_measures_is_said():
    said = "No run of this configuration measures it."
    frame = pd.DataFrame({"arm": ["a"], "ratio": [1.0], "ratio_low": [1.0], "ratio_high": [1.0], "left": [1.0]})
    none = pd.DataFrame({"left": [], "right": []})
    ups = pd.DataFrame({"figure": ["1a"], "base_kind": ["pure"], "arm": ["a"], "speed_up": [3.0]})
    judges = {
        "bound": (bound("theorem 8"), claims({})),
        "constant": (never_exceeded("theorem 8"), claims({})),
        "effect": (effect("t", "b", ()), {"t": frame}),
        "speed": (speed("1a", "pure", "b"), {"speed_up": ups}),
        "comparison": (comparison("t", lambda _: none, (), ""), {"t": none}),
    }
    for name, (judge, tables) in judges.items():
        found = judge(tables)
        assert (found.name, found.result) == (INCONCLUSIVE, said), name
    slopes = pd.DataFrame({"verdict": [NAN], "slope": [1.0], "bound_slope": [1.0]})
    found = rate("t", ())({"t": slopes})
    assert (found.name, found.result) == (INCONCLUSIVE, "No slope of this configuration has a verdict.")


def test_constants_of_several_claims_are_told_one_by_one():
    tables = claims(
        {"claim": "kappa", "setting": "random games, all", "violations": 9, "ratio": 9.0, "total": True},
        {"claim": "kappa", "setting": "random games, H=2", "ratio": 0.25},
        {"claim": "delta", "ratio": 0.75, "runs": 4},
        {"claim": "other", "ratio": 5.0, "violations": 1},
    )
    found = never_exceeded("kappa", "delta")(tables)
    assert (found.name, found.worst, found.row) == (HOLDS, "long runs, H=1", "delta")
    assert plain(found.result) == (
        "Delta: violated in none of 4 runs, largest left side over right side 0.75. "
        "Kappa: violated in none of 10 runs, largest left side over right side 0.25."
    )
    assert sources(found.result) == {"theory.csv"}
    assert never_exceeded("other", "kappa")(tables).name == VIOLATED


# Rates --------------------------------------------------------------------------------------------------

SLOPES = pd.DataFrame(
    {
        "kind": ["mixed", "pure", "pure"],
        "horizon": [1, 2, 3],
        "learning_rate": [0.1, 0.25, 1 / 3],
        "start": [1e3, 2e3, 1.0],
        "end": [1e4, 2e5, 2.0],
        "slope": [-0.5, -0.8, -0.1],
        "low": [-0.625, -0.9, -0.2],
        "high": [-0.375, -0.7, 0.0],
        "bound_slope": [-0.45, -0.9375, -0.5],
        "verdict": pd.Series(["consistent", "inconclusive", NAN], dtype=object),
    }
)


def test_a_rate_tells_the_slope_that_is_farthest_above_its_own_bound():
    """-0.8 beside -0.9375, not -0.5, the largest of the slopes that were judged, and not -0.1, which was not judged."""
    found = rate("slopes", ("horizon", "learning_rate", "kind"))({"slopes": SLOPES})
    assert (found.name, found.worst) == (INCONCLUSIVE, "H=2, learning rate=0.25, kind=pure")
    assert plain(found.result) == (
        "Slopes on the last window, T from 2000 to 200000: 1 consistent, 1 inconclusive. Farthest above the slope of "
        "the bound: -0.800 [-0.900, -0.700] beside -0.938 (H=2, learning rate=0.25, kind=pure)."
    )
    assert sources(found.result) == {"slopes.csv"}


def test_a_rate_is_judged_on_the_rows_that_are_asked_for():
    chosen = rate("slopes", ("horizon",), rows=lambda table: table[table["horizon"] == 1])({"slopes": SLOPES})
    assert (chosen.name, chosen.worst) == (HOLDS, "H=1")


# Effects ------------------------------------------------------------------------------------------------


def ratios(arm: str, *spans: tuple[float, float, float], ratio: str = "ratio", column: str = "arm") -> pd.DataFrame:
    return pd.DataFrame(
        [{column: arm, "base_kind": "mixed", "games": k, ratio: value, f"{ratio}_low": low, f"{ratio}_high": high}
         for k, (low, value, high) in enumerate(spans)]
    )  # fmt: skip


def test_an_effect_tells_the_settings_that_it_helps_in_and_the_largest_ratio():
    own = ratios("carry_over", (0.5, 0.6789, 0.75), (1.1, 1.2345, 1.5), (1.5, 1.6, 2.0), (0.9, 1.01, 1.1))
    one = ratios("weighted_x", (0.1, 0.2, 0.3), (0.9, 0.95, 1.05))
    two = ratios("weighted_y", (0.1, 0.2, 0.3))
    judge = effect("seq", "carry_over", ("base_kind", "games"), repaired=("weighted_x", "absent", "weighted_y"))
    found = judge({"seq": pd.concat([one, own, two])})
    assert (found.name, found.worst) == (REPAIRED, "mixed, K=2")
    first, *others = plain(found.result).split(". ")
    assert first.endswith(
        ": helps in 1, hurts in 2 of 4 settings, ratio of gaps from 0.68 to 1.6 (largest: mixed, K=2)"
    )
    assert others == [
        "Weighted x: helps in 1, hurts in none of 2 settings, ratio of gaps from 0.2 to 0.95",
        "Weighted y: helps in 1, hurts in none of 1 settings, ratio of gaps from 0.2 to 0.2.",
    ]
    assert sources(found.result) == {"seq.csv"}


@pytest.mark.parametrize(
    ("spans", "wanted"),
    [
        ([(0.5, 0.9, 1.0)], INCONCLUSIVE),  # an interval that ends at 1 does not lie below it
        ([(0.5, 0.9, 0.999)], HOLDS),
        ([(1.0, 1.1, 1.2)], INCONCLUSIVE),  # nor does one that begins at 1 lie above it
        ([(1.001, 1.1, 1.2)], VIOLATED),
    ],
)
def test_an_interval_with_one_at_its_end_is_on_no_side(spans, wanted):
    assert effect("t", "a", ("games",))({"t": ratios("a", *spans)}).name == wanted


def test_an_effect_that_helps_nowhere_says_so():
    found = effect("t", "a", ("games",))({"t": ratios("a", (1.1, 1.2, 1.3), (0.9, 1.0, 1.1))})
    assert plain(found.result).startswith("A: helps in none, hurts in 1 of 2 settings, ratio of gaps from 1 to 1.2")


def test_an_effect_may_have_columns_and_rows_of_its_own():
    table = pd.concat(
        [
            ratios("a", (0.5, 0.6, 0.7), (2.0, 3.0, 4.0), ratio="share", column="loop"),
            ratios("b", (2.0, 3.0, 4.0), ratio="share", column="loop"),
        ]
    )
    judge = effect("t", "a", ("games",), ratio="share", column="loop", rows=lambda rows: rows[rows["games"] == 0])
    found = judge({"t": table})
    assert (found.name, found.worst) == (HOLDS, "K=0")


def test_an_effect_may_be_a_difference():
    own = ratios("a", (-0.5, -0.25, -0.125), (0.05, 0.0625, 0.1), (-0.1, 0.01, 0.1), ratio="change")
    judge = effect("seq", "a", ("games",), ratio="change", neutral=0.0, repaired=("b",))
    found = judge({"seq": pd.concat([own, ratios("b", (-0.5, -0.25, -0.125), ratio="change")])})
    assert (found.name, found.worst) == (REPAIRED, "K=1")
    assert plain(found.result) == (
        "A: helps in 1, hurts in 1 of 3 settings, difference of gaps from -0.25 to 0.0625 (largest: K=1). "
        "B: helps in 1, hurts in none of 1 settings, difference of gaps from -0.25 to -0.25."
    )


def test_a_repair_has_to_help_in_all_of_its_settings():
    own, half = ratios("a", (1.1, 1.2, 1.3)), ratios("b", (0.1, 0.2, 0.3), (0.9, 1.0, 1.1))
    assert effect("t", "a", ("games",), repaired=("b",))({"t": pd.concat([own, half])}).name == VIOLATED
    assert effect("t", "a", ("games",), repaired=("absent",))({"t": own}).name == VIOLATED
    helped = ratios("a", (0.1, 0.2, 0.3), (0.9, 1.0, 1.1))  # inconclusive, which no repair can mend
    mended = pd.concat([helped, ratios("b", (0.1, 0.2, 0.3))])
    assert effect("t", "a", ("games",), repaired=("b",))({"t": mended}).name == INCONCLUSIVE


# Speed-ups ----------------------------------------------------------------------------------------------


def ups(*rows: tuple[object, ...]) -> pd.DataFrame:
    columns = ["figure", "base_kind", "arm", "ne_gap", "speed_up", "low", "high", "status"]
    return pd.DataFrame([("1a", "pure", *row) for row in rows], columns=columns)


def test_speed_ups_are_told_gap_by_gap_with_what_they_are():
    table = ups(
        ("one", 0.1, 3.14159, 2.5, 4.0, "measured"),
        ("one", 0.01, 12.0, 10.0, 20.0, "at least"),
        ("one", 0.001, NAN, NAN, NAN, "neither"),
        ("two", 0.1, 1.0, 0.5, 1.5, "at most"),
        ("three", 0.1, NAN, NAN, NAN, "neither"),
    )
    found = speed("1a", "pure", "one", others=("two", "absent", "three"))({"speed_up": table})
    assert (found.name, found.worst) == (INCONCLUSIVE, "pure, one")
    assert plain(found.result) == (
        "One: speed-up 3.14 [2.5, 4] at NE-gap 0.1, at least 12 [10, 20] at NE-gap 0.01; neither side gets to the "
        "other gaps. Two: speed-up at most 1 [0.5, 1.5] at NE-gap 0.1. Three: speed-up nowhere measured; neither side "
        "gets to the other gaps."
    )
    assert sources(found.result) == {"speed_up.csv"}


@pytest.mark.parametrize(
    ("low", "high", "wanted"), [(2.0, 2.0, HOLDS), (1.5, 2.0, INCONCLUSIVE), (1.0, 1.999, VIOLATED)]
)
def test_twice_is_much_and_an_end_at_twice_is_not_below_it(low, high, wanted):
    assert speed("1a", "pure", "a")({"speed_up": ups(("a", 0.1, 1.9, low, high, "measured"))}).name == wanted


def test_speed_ups_of_another_figure_kind_or_arm_do_not_count():
    slow = ups(("a", 0.1, 1.0, 0.5, 1.5, "measured"))
    fast = ups(("a", 0.1, 3.0, 2.5, 3.5, "measured"))
    for column, other in (("figure", "1b"), ("base_kind", "mixed"), ("arm", "b")):
        table = pd.concat([fast, slow.assign(**{column: other})])
        assert speed("1a", "pure", "a")({"speed_up": table}).name == HOLDS, column
    elsewhere = speed("1a", "pure", "a", rows=lambda tables: tables["own"], source="own.csv")({"own": slow})
    assert elsewhere.name == VIOLATED
    assert sources(elsewhere.result) == {"own.csv"}


# Comparisons --------------------------------------------------------------------------------------------


def compared(left: list[float], right: list[float]) -> object:
    table = pd.DataFrame({"arm": "a", "step_size": [0.1 * k for k in range(len(left))], "left": left, "right": right})
    keys, sentence = ("arm", "step_size"), "{left} over {right} at {where}"
    return comparison("t", lambda tables: tables["t"], keys, sentence)({"t": table})


def test_a_comparison_tells_the_row_with_the_largest_left_over_right():
    found = compared([4.0, 2.0, 1.5], [8.0, 1.0, 1.0])
    assert (found.name, found.worst) == (VIOLATED, "a, step=0.1")
    assert plain(found.result) == "2 of 3 cases fail; worst: 2 over 1 at a, step=0.1."
    assert sources(found.result) == {"t.csv"}
    assert plain(compared([1.0, 1.0], [1.0, 2.0]).result) == "None of 2 cases fail; worst: 1 over 1 at a, step=0."


def test_a_right_side_of_zero_is_the_worst_there_is():
    found = compared([4.0, 1e-9, 0.125], [1.0, 0.0, 0.25])
    assert (found.name, found.worst) == (VIOLATED, "a, step=0.1")
    small = compared([0.5, 0.3], [1.0, 0.5])  # a right side below 1 is a right side
    assert small.worst == "a, step=0.1"
