"""Verdicts are computed: each rule on tables made for it, where a planted violation or cell turns the verdict."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from metanash_replication.ledger import judge_all, ledger_table
from metanash_replication.ledger.cited import cited, number, plain, render
from metanash_replication.ledger.claim import Claim, deciding_runs, runs_behind
from metanash_replication.ledger.rules import (
    HOLDS,
    INCONCLUSIVE,
    NOT_TESTED,
    REPAIRED,
    VACUOUS,
    VIOLATED,
    Verdict,
    bound,
    comparison,
    effect,
    never_exceeded,
    not_tested,
    rate,
    similar,
    speed,
)
from metanash_replication.paper import CLAIMS, OPENING, OUTLINES, claims_of
from metanash_replication.plans import Plan, Section, read_plan
from metanash_replication.report.content import effect_of
from metanash_replication.topics import TOPICS

NAN = float("nan")
ROOT = Path(__file__).parents[2]


def theory(**changed):
    """A claim in a printed and a repaired form, in two settings and in all."""
    rows = [
        {"claim": "theorem 9", "form": form, "setting": setting, "iteration": 7, "left": 0.5, "right": 1.0,
         "ratio": ratio, "runs": 10, "violations": 0, "unresolved": 0, "first_informative": 3.0,
         "total": setting.endswith("all"), "measurement": setting.split(",")[0].replace(" ", "_"),
         "file": f"theory/{setting[-3:]}.npz"}
        for form, ratio in (("printed", 0.5), ("repaired: a", 0.25))
        for setting in ("random games, all", "random games, mixed, H=1", "long runs, mixed, H=2")
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    for name, values in changed.items():
        table[name] = values
    return {"theory": table}


def rows_about(measurement):
    return lambda table: table[table["measurement"] == measurement]


def judge(**changed):
    return bound("theorem 9", repaired=("repaired: a",))(theory(**changed))


class TestBound:
    def test_holds_without_violations_if_informative_somewhere(self):
        assert judge().name == HOLDS
        assert judge(first_informative=[NAN, 5, NAN, NAN, NAN, NAN]).name == HOLDS

    def test_is_vacuous_if_informative_nowhere(self):
        assert judge(first_informative=NAN).name == VACUOUS

    def test_totals_are_no_setting(self):
        """Their runs would count twice, and they are informative nowhere."""
        assert judge(first_informative=[5, NAN, NAN, 5, 5, 5]).name == VACUOUS
        assert "none of 20 runs" in plain(judge().result)

    def test_one_violation_flips_it(self):
        assert judge(violations=[0, 1, 0, 0, 0, 0]).name == REPAIRED

    def test_a_violated_repair_repairs_nothing(self):
        assert judge(violations=[0, 1, 0, 0, 0, 1]).name == VIOLATED
        assert judge(violations=[0, 0, 0, 0, 0, 1]).name == HOLDS

    def test_without_a_repair_it_is_violated(self):
        assert bound("theorem 9")(theory(violations=[0, 1, 0, 0, 0, 0])).name == VIOLATED

    def test_unresolved_throughout_decides_nothing(self):
        assert judge(unresolved=10).name == INCONCLUSIVE
        assert judge(unresolved=[10, 10, 9, 10, 10, 10]).name == HOLDS

    def test_without_rows_it_is_inconclusive(self):
        assert bound("theorem 10")(theory()).name == INCONCLUSIVE
        assert bound("theorem 9", rows=rows_about("sequences"))(theory()).name == INCONCLUSIVE

    def test_rows_are_those_asked_for(self):
        only = bound("theorem 9", rows=rows_about("long_runs"))
        assert only(theory(violations=[0, 9, 0, 0, 0, 0])).name == HOLDS
        assert only(theory(violations=[0, 0, 9, 0, 0, 0])).name == VIOLATED

    def test_iterations_of_theorem_1_are_those_at_the_largest_rate(self):
        """By the column, whatever the settings are called; rows whose runs differ in their rates are left out."""
        (claim,) = (claim for claim in CLAIMS if claim.id == "iterations-theorem-1")
        changed = {"claim": "equation 4", "rate_factor": [1.0, 1.0, 0.1, 1.0, 1.0, 0.1]}
        found = claim.judge(theory(violations=[0, 0, 9, 0, 0, 0], **changed))
        assert (found.name, found.worst) == (HOLDS, "random games, mixed, H=1")
        assert claim.judge(theory(violations=[0, 9, 0, 0, 0, 0], **changed)).name == VIOLATED
        assert claim.judge(theory(**changed | {"rate_factor": NAN})).name == INCONCLUSIVE

    def test_tells_the_worst_setting_with_its_numbers(self):
        found = judge(ratio=[9, 0.25, 0.75, 0.1, 0.1, 0.1], violations=[3, 0, 3, 0, 0, 0])
        assert (found.worst, found.row) == ("long runs, mixed, H=2", "theorem 9")
        assert found.files == ("theory/H=2.npz",)
        assert plain(found.headline) == (
            "Printed: violated in 3 of 20 runs, largest left side over right side 0.75 (long runs, mixed, H=2, T=7); "
            "informative in 2 of 2 settings."
        )
        assert plain(found.result).endswith(
            "Repaired: a: violated in none of 20 runs, largest left side over right side 0.1."
        )


TOLD, KNOWN = "theorem 9", "theorem 9, exactly"


def row_of(claim, form="printed", setting="random games, H=2", **changed):
    usual = {"iteration": 7, "ratio": 0.5, "runs": 10, "violations": 0, "unresolved": 0, "first_informative": 3.0,
             "total": False, "file": f"{claim[-4:]}/{setting[-3:]}.npz".replace(" ", "_")}  # fmt: skip
    return {"claim": claim, "form": form, "setting": setting, **usual, **changed}


def better(*rows, **options):
    return bound(TOLD, repaired=("repaired: a",), better=KNOWN, **options)({"theory": pd.DataFrame(rows)})


VIOLATES = {"violations": 2, "ratio": 1.5}


def _random(table):
    return table[table["setting"].str.startswith("random")]


class TestBoundWithBetterRows:
    def test_they_take_the_place_of_the_row_of_the_same_form_and_setting(self):
        """With verdict, counts, worst, the name of the row and its file."""
        found = better(row_of(TOLD, **VIOLATES), row_of(KNOWN, ratio=0.75, iteration=9))
        assert (found.name, found.worst, found.row) == (HOLDS, "random games, H=2", KNOWN)
        assert found.files == ("ctly/H=2.npz",)
        assert plain(found.headline) == (
            "Printed: violated in none of 10 runs, largest left side over right side 0.75 (random games, H=2, T=9); "
            "informative in 1 of 1 settings."
        )
        found = better(row_of(TOLD), row_of(KNOWN, **VIOLATES))
        assert (found.name, found.row) == (VIOLATED, KNOWN)

    @pytest.mark.parametrize("first", [True, False])
    def test_in_any_order(self, first):
        rows = [row_of(TOLD, **VIOLATES), row_of(KNOWN)]
        assert better(*rows[:: 1 if first else -1]).name == HOLDS

    def test_not_of_another_form(self):
        found = better(row_of(TOLD), row_of(KNOWN, "repaired: a", **VIOLATES))
        assert (found.name, found.row) == (HOLDS, TOLD)
        found = better(row_of(KNOWN, **VIOLATES), row_of(TOLD, "repaired: a", **VIOLATES), row_of(KNOWN, "repaired: a"))
        assert found.name == REPAIRED
        found = better(row_of(KNOWN, **VIOLATES), row_of(TOLD, "repaired: a"), row_of(KNOWN, "repaired: a", **VIOLATES))
        assert found.name == VIOLATED

    def test_not_of_another_setting(self):
        """Long runs are not exact: the row that decides, its file and its name are theirs."""
        other = row_of(TOLD, setting="long runs, H=3", ratio=0.9, runs=3, first_informative=NAN)
        found = better(row_of(TOLD, **VIOLATES), row_of(KNOWN), other)
        assert (found.name, found.worst, found.row) == (HOLDS, "long runs, H=3", TOLD)
        assert found.files == ("em_9/H=3.npz",)
        assert "none of 13 runs" in plain(found.result)
        assert "informative in 1 of 2 settings" in plain(found.result)

    def test_what_only_a_larger_left_side_exceeds_is_undecided(self):
        repair = row_of(TOLD, "repaired: a")
        for rows in ([], [repair]):
            found = better(row_of(TOLD, **VIOLATES), row_of(KNOWN, setting="long runs, H=3"), *rows)
            assert found.name == INCONCLUSIVE
            assert plain(found.result).endswith(
                ". No exact left side exceeds the bound, only some that are known to be at least as large."
            )
        both = [row_of(TOLD, **VIOLATES), row_of(KNOWN, setting="long runs, H=3", **VIOLATES)]
        assert better(*both).name == VIOLATED
        assert better(*both, repair).name == REPAIRED
        assert "No exact" not in plain(better(*both).result)

    def test_rows_about_fewer_runs_take_no_place(self):
        """Nothing is lost and nothing counts twice."""
        found = better(row_of(TOLD, violations=1, ratio=1.1), row_of(KNOWN, runs=9))
        assert (found.name, found.row) == (INCONCLUSIVE, TOLD)
        assert "violated in 1 of 10 runs" in plain(found.result)
        assert better(row_of(TOLD), row_of(KNOWN, runs=9)).name == HOLDS

    def test_they_may_be_the_only_ones(self):
        assert better(row_of(KNOWN, **VIOLATES)).name == VIOLATED
        assert better(row_of(KNOWN)).row == KNOWN
        assert better(row_of("theorem 8")).name == INCONCLUSIVE

    def test_totals_and_other_settings_do_not_count(self):
        rows = [row_of(TOLD), row_of(KNOWN), row_of(KNOWN, setting="random games, all", total=True, **VIOLATES)]
        assert better(*rows).name == HOLDS
        assert better(*rows, row_of(KNOWN, setting="long runs, H=1", **VIOLATES)).name == VIOLATED
        assert better(*rows, row_of(KNOWN, setting="long runs, H=1", **VIOLATES), rows=_random).name == HOLDS

    def test_without_better_rows_asked_for_none_is_taken(self):
        rows = pd.DataFrame([row_of(TOLD, **VIOLATES), row_of(KNOWN), row_of("", **VIOLATES)])
        assert bound(TOLD)({"theory": rows}).name == VIOLATED
        rows = pd.DataFrame([row_of(TOLD), row_of(KNOWN, **VIOLATES)])
        assert bound(TOLD)({"theory": rows}).name == HOLDS


def test_constants_need_no_informative_row():
    assert never_exceeded("theorem 9")(theory(first_informative=NAN)).name == HOLDS
    assert never_exceeded("theorem 9")(theory(violations=[0, 0, 0, 0, 0, 2])).name == VIOLATED
    assert never_exceeded("theorem 8")(theory()).name == INCONCLUSIVE


@pytest.mark.parametrize(
    ("verdicts", "wanted"),
    [
        (["consistent", "consistent"], HOLDS),
        (["consistent", "inconclusive"], INCONCLUSIVE),
        (["violated", "consistent"], VIOLATED),
        ([NAN, "consistent"], HOLDS),
        ([NAN, NAN], INCONCLUSIVE),
    ],
)
def test_rates(verdicts, wanted):
    table = pd.DataFrame({"horizon": [1, 2], "start": 1e3, "end": 1e4, "slope": [-0.9, -0.8], "low": -1.0, "high": -0.7,
                          "bound_slope": -0.95, "verdict": pd.Series(verdicts, dtype=object)})  # fmt: skip
    found = rate("slopes", ("horizon",))({"slopes": table})
    assert found.name == wanted
    assert found.worst in {"H=2", ""}


def gaps(*intervals, arm="a"):
    return pd.DataFrame(
        [{"arm": arm, "games": k, "ratio": (low + high) / 2, "ratio_low": low, "ratio_high": high}
         for k, (low, high) in enumerate(intervals)]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("own", "other", "wanted"),
    [
        ([(0.5, 0.9), (0.2, 0.4)], [(1.1, 1.2)], HOLDS),
        ([(0.5, 0.9), (0.9, 1.1)], [(0.2, 0.3)], INCONCLUSIVE),
        ([(0.5, 0.9), (1.1, 1.3)], [(0.9, 1.1)], VIOLATED),
        ([(0.5, 0.9), (1.1, 1.3)], [(0.2, 0.3)], REPAIRED),
        ([], [(0.2, 0.3)], INCONCLUSIVE),
    ],
)
def test_effects(own, other, wanted):
    table = pd.concat([gaps(*own), gaps(*other, arm="b")])
    assert effect("sequences", "a", ("games",), repaired=("b",))({"sequences": table}).name == wanted


@pytest.mark.parametrize(
    ("own", "other", "wanted"),
    [
        ([(-0.5, -0.1), (-0.2, -0.1)], [(0.1, 0.2)], HOLDS),
        ([(-0.5, -0.1), (-0.1, 0.0)], [(-0.3, -0.2)], INCONCLUSIVE),  # 0 at its end is on no side
        ([(-0.5, -0.1), (0.0, 0.1)], [(-0.3, -0.2)], INCONCLUSIVE),
        ([(-0.5, -0.1), (-0.1, 0.9)], [(-0.3, -0.2)], INCONCLUSIVE),
        ([(-0.5, -0.1), (0.1, 0.3)], [(-0.1, 0.1)], VIOLATED),  # below 1, the neutral ratio, and above 0
        ([(-0.5, -0.1), (0.1, 0.3)], [(-0.3, -0.2)], REPAIRED),
        ([(-0.5, -0.1), (0.1, 0.3)], [(-0.3, -0.2), (0.1, 0.2)], VIOLATED),
        ([(0.1, 0.3)], [], VIOLATED),
    ],
)
def test_effects_of_differences(own, other, wanted):
    names = {"ratio": "change", "ratio_low": "change_low", "ratio_high": "change_high"}
    table = pd.concat([gaps(*own), gaps(*other, arm="b")]).rename(columns=names)
    judge_of = effect("sequences", "a", ("games",), repaired=("b",), ratio="change", neutral=0.0)
    found = judge_of({"sequences": table})
    assert found.name == wanted
    assert "difference of gaps from " in plain(found.result)
    assert "ratio of gaps" not in plain(found.result)


def test_the_effect_of_a_row_is_told_by_the_ends_of_its_interval():
    row = {"ratio_low": 0.5, "ratio_high": 0.9, "change_low": -0.2, "change_high": -0.1}
    assert (effect_of(row), effect_of(row, "change", 0.0)) == ("helps", "helps")
    row = {"ratio_low": 1.1, "ratio_high": 1.9, "change_low": 0.1, "change_high": 0.2}
    assert (effect_of(row), effect_of(row, "change", 0.0)) == ("hurts", "hurts")
    for low, high in ((0.9, 1.1), (0.9, 1.0), (1.0, 1.1)):
        row = {"ratio_low": low, "ratio_high": high, "change_low": low - 1.0, "change_high": high - 1.0}
        assert {effect_of(row), effect_of(row, "change", 0.0)} == {"no clear effect"}


def test_similar_games_are_perturbed_no_more_than_the_reference():
    table = pd.DataFrame({"perturbation": [0.0, 0.1, 0.1, 0.4]})
    assert similar(table)["perturbation"].tolist() == [0.0, 0.1, 0.1]


@pytest.mark.parametrize(
    ("spans", "wanted"),
    [
        ([(3.0, 5.0), (2.0, 9.0)], HOLDS),
        ([(3.0, 5.0), (1.9, 9.0)], INCONCLUSIVE),
        ([(3.0, 5.0), (1.5, 1.9)], VIOLATED),
        ([(3.0, 5.0), (NAN, NAN)], INCONCLUSIVE),
        ([], INCONCLUSIVE),
    ],
)
def test_much_fewer_iterations_are_half_as_many(spans, wanted):
    columns = ["figure", "base_kind", "arm", "ne_gap", "speed_up", "low", "high", "status"]
    table = pd.DataFrame([("1a", "pure", "a", 0.1, low, low, high, "measured") for low, high in spans], columns=columns)
    assert speed("1a", "pure", "a")({"speed_up": table}).name == wanted
    assert speed("1a", "mixed", "a")({"speed_up": table}).name == INCONCLUSIVE


@pytest.mark.parametrize(("left", "wanted"), [([0.1, 0.5], HOLDS), ([0.1, 0.51], VIOLATED), ([], INCONCLUSIVE)])
def test_comparisons(left, wanted):
    table = pd.DataFrame({"games": range(len(left)), "left": left, "right": 0.5})
    found = comparison("t", lambda tables: tables["t"], ("games",), "{left} beside {right} ({where})")({"t": table})
    assert found.name == wanted
    assert not left or f"{left[1]} beside 0.5 (K=1)" in plain(found.result)


def test_untested_claims_say_why():
    assert not_tested("No run.")({}) == Verdict(NOT_TESTED, "No run.")


def test_a_verdict_is_one_of_the_known():
    with pytest.raises(ValueError, match="maybe"):
        Verdict("maybe", "")


# Citations ----------------------------------------------------------------------------------------------


def test_citations_remember_their_table():
    text = f"gap {number(0.12345, '.2f', 'a.csv')} in {cited('H=1', 'b.csv')}"
    assert plain(text) == "gap 0.12 in H=1"
    assert render(text, lambda content, source: f"<{source}:{content}>") == "gap <a.csv:0.12> in <b.csv:H=1>"


# Claims -------------------------------------------------------------------------------------------------


def test_ids_are_unique_and_sections_and_figures_known():
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS) > 35
    without = {"counterexamples", "map-of-claims", "own-games"}  # sections that no claim of the paper belongs to
    assert {claim.section for claim in CLAIMS} == {plan.id for plan, _ in OUTLINES} - without
    drawn = {name for plan, _ in OUTLINES for name in plan.figures}
    assert {name for claim in CLAIMS for name in claim.figures} <= drawn
    assert set(OPENING) <= {claim.id for claim in CLAIMS}
    plans = [read_plan(topic) for topic in TOPICS]
    assert drawn <= {figure.name for plan in plans for figure in plan.figures}
    tables = {table.name for plan in plans for table in plan.tables}
    assert {name for claim in CLAIMS for name in claim.tables} <= {"theory", *tables}


def test_every_theorem_proposition_and_numbered_equation_is_there():
    places = " ".join(claim.place for claim in CLAIMS)
    wanted = [*(f"Theorem {k}" for k in range(1, 7)), "Proposition 1", *(f"({k})" for k in range(1, 12))]
    assert [name for name in wanted if name not in places] == []
    assert [f"Figure 1({p})" for p in "abc" if f"Figure 1({p})" not in places] == []


PLAIN = {"open": "Nobody knows."}
CLAIM = Claim("a-claim", "sentence", "here", "It holds.", "Somehow.", not_tested("No."), PLAIN, runs=("theory/a/*",))


def of(*files):
    return {file: {} for file in files}


def test_bad_claims_are_refused():
    with pytest.raises(ValueError, match="A claim"):
        Claim("A claim", "sentence", *["x"] * 3, not_tested(""), PLAIN)
    with pytest.raises(ValueError, match="dollar"):
        Claim("a", "sentence", "p", "costs 5$", "t", not_tested(""), PLAIN)
    with pytest.raises(ValueError, match="kind 'lemma' is none of theorem, "):
        Claim("a", "lemma", "p", "s", "t", not_tested(""), PLAIN)
    with pytest.raises(ValueError, match=r"plain sentences are for words of a theorem, holds, .*; found replicated"):
        Claim("a", "theorem", "p", "s", "t", not_tested(""), {"holds": "Yes.", "replicated": "Yes."})
    with pytest.raises(ValueError, match="found none"):
        Claim("a", "theorem", "p", "s", "t", not_tested(""), {})
    with pytest.raises(ValueError, match="a-claim"):
        judge_all({}, of("theory/a/x.npz"), [CLAIM, CLAIM])
    with pytest.raises(ValueError, match=r"theory/a/\*"):
        judge_all({}, of("theory/b/x.npz"), [CLAIM])


def test_ledger_table_has_a_row_a_claim():
    (entry,) = judge_all({}, of("theory/b/x.npz", "theory/a/y.npz", "theory/a/x.npz"), [CLAIM])
    (row,) = ledger_table([entry], "../figures").to_dict("records")
    assert row["runs"] == "theory/a/x.npz theory/a/y.npz"
    assert (row["id"], row["kind"], row["verdict"]) == ("a-claim", "sentence", "open")
    assert (row["result"], row["worst_runs"], row["plain"]) == ("No.", "", "Nobody knows.")


@pytest.mark.parametrize("sentences", [{"replicated": "Yes."}, {"open": "It is {so}."}])
def test_a_word_without_a_sentence_and_a_fact_that_is_not_there_are_told(sentences):
    (entry,) = judge_all({}, of("theory/a/x.npz"), [replace(CLAIM, plain=sentences)])
    with pytest.raises(ValueError, match="claim a-claim: no plain sentence if it is 'open'"):
        entry.plain  # noqa: B018


BEHIND = {
    f"theory/sequences/{kind}-{arm}.npz": {"base_kind": kind, "arm": arm}
    for kind in ("mixed", "pure")
    for arm in ("best_response", "individual")
}
SCHEDULES = {
    "theory/schedules/H2-N2.npz": {"setting": "H2-N2", "horizon": 2, "n_players": 2},
    "theory/schedules/H2-N3.npz": {"setting": "H2-N3", "horizon": 2, "n_players": 3},
}


@pytest.mark.parametrize(
    ("place", "behind", "wanted"),
    [
        ({"base_kind": "pure", "horizon": 2, "arm": "individual"}, BEHIND, ["pure-individual"]),
        ({"base_kind": "pure", "horizon": 2}, BEHIND, ["pure-best_response", "pure-individual"]),
        ({"horizon": 2}, BEHIND, [Path(name).stem for name in BEHIND]),
        ({"horizon": 2, "n_players": 3.0}, SCHEDULES, []),
        ({"horizon": 2, "n_players": 3, "verdict": "violated"}, SCHEDULES, ["H2-N3"]),
    ],
)
def test_a_row_leads_to_the_files_that_are_about_nothing_else(place, behind, wanted):
    assert [Path(run).stem for run in deciding_runs(Verdict(HOLDS, "", "there", place=place), behind)] == wanted


def test_a_row_of_the_table_of_bounds_knows_its_files():
    """Also where a name would lead to another."""
    found = Verdict(HOLDS, "", "pure", "theorem 1", ("theory/sequences/mixed-individual.npz", "elsewhere.npz"))
    assert deciding_runs(found, BEHIND) == ["theory/sequences/mixed-individual.npz"]


def test_claims_and_plan_name_each_other():
    section = Section(id="there", title="There", claims=("a-claim",))
    (found,) = claims_of(Plan("Games", sections=(section,)), [CLAIM])
    assert (found.id, found.section) == ("a-claim", "there")
    with pytest.raises(ValueError, match="'a-claim' is in the module claims, and no section"):
        claims_of(Plan("Games"), [CLAIM])
    with pytest.raises(ValueError, match="'a-claim' is in the plan, and no claim"):
        claims_of(Plan("Games", sections=(section,)), [])


def test_runs_behind_a_claim_are_sorted():
    found = runs_behind(CLAIM, of("theory/a/y.npz", "theory/b.npz", "theory/a/b.npz"))
    assert list(found) == ["theory/a/b.npz", "theory/a/y.npz"]
