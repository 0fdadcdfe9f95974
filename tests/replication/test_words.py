"""Words of replication: from kind and verdict, on both sides of the threshold; every planted verdict has its word."""

import itertools
from dataclasses import replace

import pandas as pd
import pytest
from words_page import BEGIN, END, PAGE, table

from metanash_replication.ledger import judge_all
from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.rules import comparison, effect, most, never_falls, not_tested, rate, speed
from metanash_replication.ledger.verdict import (
    HOLDS,
    INCONCLUSIVE,
    NOT_TESTED,
    REPAIRED,
    VACUOUS,
    VERDICTS,
    VIOLATED,
    Verdict,
)
from metanash_replication.ledger.words import KINDS, PARTLY, WORDS, word_of, words_of
from metanash_replication.paper import CLAIMS


def said(kind, name, fitting=0, cases=0):
    return word_of(kind, Verdict(name, "", fitting=fitting, cases=cases))


THEOREMS = {
    HOLDS: "holds",
    VACUOUS: "vacuous",
    REPAIRED: "violated as printed",
    VIOLATED: "violated",
    INCONCLUSIVE: "open",
    NOT_TESTED: "open",
}
TOLD = {
    HOLDS: "replicated",
    VACUOUS: "open",  # a bound that says nothing shows nothing
    REPAIRED: "partly replicated",
    VIOLATED: "not replicated",
    INCONCLUSIVE: "open",
    NOT_TESTED: "open",
}


@pytest.mark.parametrize("name", VERDICTS)
def test_a_word_follows_from_kind_and_verdict(name):
    assert said("theorem", name) == THEOREMS[name]
    assert said("experiment", name) == said("sentence", name) == TOLD[name]
    assert said("definition", name) == "definition"


@pytest.mark.parametrize("kind", ["experiment", "sentence"])
@pytest.mark.parametrize(("name", "otherwise"), [(VIOLATED, "not replicated"), (INCONCLUSIVE, "open")])
def test_half_of_the_cases_are_a_part(kind, name, otherwise):
    assert PARTLY == 0.5
    assert said(kind, name, 2, 4) == said(kind, name, 3, 4) == said(kind, name, 3, 5) == "partly replicated"
    assert said(kind, name, 1, 4) == said(kind, name, 2, 5) == said(kind, name, 0, 4) == otherwise


def test_cases_change_nothing_else():
    """A theorem is as true as its worst case, and what is as stated or not tested has no parts."""
    for fitting, kind in itertools.product((0, 3, 4), KINDS):
        for name in VERDICTS:
            if kind in {"theorem", "definition"} or name not in {VIOLATED, INCONCLUSIVE}:
                assert said(kind, name, fitting, 4) == said(kind, name)


def test_unknown_kinds_and_counts_are_refused():
    with pytest.raises(ValueError, match="kind 'lemma' is none of theorem, experiment"):
        said("lemma", HOLDS)
    for fitting, cases in ((5, 4), (-1, 4)):
        with pytest.raises(ValueError, match="cases fit"):
            said("theorem", HOLDS, fitting, cases)


def test_every_word_can_be_said_and_only_of_its_kinds():
    found = {
        kind: {said(kind, name, *cases) for name in VERDICTS for cases in ((0, 0), (0, 4), (4, 4))} for kind in KINDS
    }
    assert found == {kind: set(words_of(kind)) for kind in KINDS}
    assert len({word.name for word in WORDS}) == len({word.rule for word in WORDS}) == len(WORDS)


# Rules count cases ---------------------------------------------------------------------------------------


def ratios(*spans, arm="a"):
    """Low ends and high ends by setting; the third helps, the others as given."""
    rows = [{"arm": arm, "games": k, "ratio": (low + high) / 2, "ratio_low": low, "ratio_high": high}
            for k, (low, high) in enumerate(spans)]  # fmt: skip
    return {"t": pd.DataFrame(rows)}


HELPS, UNCLEAR, HURTS = (0.5, 0.9), (0.9, 1.1), (1.5, 1.6)


@pytest.mark.parametrize(
    ("spans", "word"),
    [
        ([HELPS, HELPS], "replicated"),
        ([HELPS, UNCLEAR], "partly replicated"),
        ([HELPS, UNCLEAR, UNCLEAR], "open"),
        ([UNCLEAR, UNCLEAR], "open"),
        ([HELPS, HURTS], "partly replicated"),
        ([HELPS, HURTS, UNCLEAR], "not replicated"),
        ([HURTS, UNCLEAR], "not replicated"),
    ],
)
def test_effects_are_partly_replicated_where_they_help_in_half_of_the_settings(spans, word):
    assert word_of("experiment", effect("t", "a", ("games",))(ratios(*spans))) == word


def test_a_repair_makes_a_part():
    """The printed update helps nowhere, and another one everywhere."""
    judge = effect("t", "a", ("games",), repaired=("b",))
    both = pd.concat([ratios(HURTS, HURTS)["t"], ratios(HELPS, HELPS, arm="b")["t"]])
    assert word_of("sentence", judge({"t": both})) == "partly replicated"
    both = pd.concat([ratios(HURTS, HURTS)["t"], ratios(HELPS, UNCLEAR, arm="b")["t"]])
    assert word_of("sentence", judge({"t": both})) == "not replicated"


def speeds(*lows):
    rows = [("1a", "pure", "a", 0.1, low + 0.04, low, low + 0.08, "measured") for low in lows]
    columns = ["figure", "base_kind", "arm", "ne_gap", "speed_up", "low", "high", "status"]
    return {"speed_up": pd.DataFrame(rows, columns=columns)}


@pytest.mark.parametrize(
    ("lows", "word"),
    [
        ((2.0, 3.0), "replicated"),
        ((1.95, 2.0), "partly replicated"),
        ((1.95, 1.95, 2.0), "open"),
        ((1.95, 1.9, 2.0), "not replicated"),
        ((2.0, float("nan")), "partly replicated"),
        ((float("nan"), float("nan")), "open"),
    ],
)
def test_speed_ups_are_partly_replicated_at_half_of_the_gaps(lows, word):
    assert word_of("experiment", speed("1a", "pure", "a")(speeds(*lows))) == word


def compared(*left, **options):
    table = pd.DataFrame({"games": range(len(left)), "left": left, "right": 1.0})
    judge = comparison("t", lambda tables: tables["t"], ("games",), "{left} beside {right} ({where})", **options)
    return judge({"t": table})


def test_comparisons_count_their_rows_unless_these_make_one_claim():
    assert word_of("sentence", compared(0.5, 1.0, 1.5)) == "partly replicated"
    assert word_of("sentence", compared(0.5, 1.5, 1.5)) == "not replicated"
    assert word_of("sentence", compared(0.5, 1.0, 1.5, whole=True)) == "not replicated"
    assert word_of("sentence", compared(0.5, float("nan"))) == "partly replicated"  # no number is not as claimed


def test_slopes_and_steps_count_theirs():
    slopes = pd.DataFrame({"horizon": [1, 2, 3], "start": 1e3, "end": 1e4, "slope": -0.9, "low": -1.0, "high": -0.7,
                           "bound_slope": -0.95, "verdict": ["consistent", "violated", "inconclusive"]})  # fmt: skip
    found = rate("t", ("horizon",))({"t": slopes})
    assert (found.name, found.fitting, found.cases) == (VIOLATED, 1, 3)
    steps = pd.DataFrame({"value": 1.0, "next_value": 1.0, "difference": 0.0, "low": [-0.1, 0.0, -0.3],
                          "high": [0.1, 0.0, -0.2], "games": [1, 2, 3]})  # fmt: skip
    found = never_falls("t", ("games",), "x", 0.01)({"t": steps})
    assert (found.name, found.fitting, found.cases) == (VIOLATED, 1, 3)


def test_most_is_about_a_share_which_has_no_parts():
    """14 of 20 may be most or not: that is open, and no part."""
    table = pd.DataFrame({"seed": range(20), "left": [0.0] * 14 + [1.0] * 6, "right": 0.5})
    found = most("t", lambda tables: tables["t"], ("seed",), "{share} {median} {largest} {right}")({"t": table})
    assert word_of("experiment", found) == "open"


# In the ledger -------------------------------------------------------------------------------------------


def test_an_entry_has_the_word_of_its_kind():
    claim = Claim("a", "theorem", "p", "s", "t", not_tested("No."), {"open": "No."})
    for kind, word in (("theorem", "open"), ("definition", "definition")):
        (entry,) = judge_all({}, {}, [replace(claim, kind=kind, plain={word: "No."})])
        assert entry.word == word


def test_kinds_are_those_of_the_places():
    """Experiments are those of section 6 and appendix F; there nothing else is but a possibility and a bound."""
    assert {claim.kind for claim in CLAIMS} == set(KINDS)
    simulated = {claim.id for claim in CLAIMS if "Section 6" in claim.place or "Appendix F" in claim.place}
    experiments = {claim.id for claim in CLAIMS if claim.kind == "experiment"}
    assert simulated - experiments == {"figure-1c-q-functions", "larger-tasks-equation-4"}
    assert experiments <= simulated


def test_the_glossary_lists_them():
    """``python tests/words_page.py`` renews the table."""
    assert PAGE.read_text().split(BEGIN)[1].split(END)[0] == table()
