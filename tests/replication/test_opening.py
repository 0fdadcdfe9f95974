"""The first screen: what is said of claims decides where they stand, and the conclusions follow the tables."""

import re
from dataclasses import replace

import pytest
from pages import REFERENCE

from metanash_replication.ledger import Entry
from metanash_replication.ledger.cited import number, plain
from metanash_replication.ledger.claim import AFTER, Claim
from metanash_replication.ledger.rules import not_tested
from metanash_replication.ledger.verdict import HOLDS, INCONCLUSIVE, REPAIRED, VACUOUS, VIOLATED, Verdict
from metanash_replication.ledger.words import words_of
from metanash_replication.paper import CLAIMS, OPENING, SUBJECTS
from metanash_replication.report import Subjects, open_with, to_markdown
from metanash_replication.report.assembly import Report
from metanash_replication.report.opening import MOST

FACTS = {"n": number(7, "d", "t.csv"), "base_kind": number(8, "d", "t.csv")}


def entry(name, kind, verdict, fitting=0, cases=0):
    sentences = {word: f"{name} is {word}, by {{n}}." for word in words_of(kind)}
    claim = Claim(name, kind, "p", "s", "t", not_tested(""), sentences)
    return Entry(claim, Verdict(verdict, "R.", fitting=fitting, cases=cases, facts=FACTS), (), ())


ENTRIES = [
    entry("holding", "theorem", HOLDS),
    entry("empty", "theorem", VACUOUS),
    entry("mended", "theorem", REPAIRED),
    entry("false", "theorem", VIOLATED),
    entry("unknown", "theorem", INCONCLUSIVE),
    entry("faster", "experiment", HOLDS),
    entry("sometimes", "experiment", VIOLATED, 1, 2),
    entry("slower", "experiment", VIOLATED),
    entry("untold", "experiment", INCONCLUSIVE),
    entry("true-sentence", "sentence", HOLDS),
    entry("half-a-sentence", "sentence", REPAIRED),
    entry("false-sentence", "sentence", VIOLATED),
]
ORDER = tuple(one.claim.id for one in ENTRIES)
SUBJECT = Subjects(
    theorems=[(name, name.capitalize()) for name in ORDER[:5]],
    speed_ups=[(name, f"{name} games") for name in ORDER[5:9]],
    cause="half-a-sentence",
    reasons={"partly replicated": "; because of {n}"},
)


def opening(entries=ENTRIES, order=ORDER, subjects=SUBJECT):
    return open_with(entries, order, subjects)


def ids(lines):
    return [line.claim_id for line in lines]


def test_words_decide_where_a_claim_stands():
    found = opening()
    assert ids(found.wrong) == ["mended", "false", "false-sentence"]
    assert ids(found.replicates) == ["holding", "faster", "true-sentence"]
    assert ids(found.does_not) == ["sometimes", "slower", "half-a-sentence"]
    assert plain(found.wrong[0].text) == "mended is violated as printed, by 7."


def test_lists_are_short_and_in_the_declared_order():
    many = [entry(f"c{k}", "theorem", HOLDS) for k in range(MOST + 3)]
    order = [one.claim.id for one in many][::-1]
    found = opening([*ENTRIES, *many], [*order, "faster"])
    assert ids(found.replicates) == order[:MOST]
    assert found.wrong == found.does_not == ()


def test_conclusions_name_each_word_once():
    theory, speed, counts = map(plain, opening().conclusion)
    assert theory == (
        "Holding holds in every run; Mended is false as printed, and holds in every run once repaired; False is false; "
        "Empty is too weak to say anything here; Unknown stays open."
    )
    assert speed == (
        "Whether meta-learning is at least twice as fast as learning each game alone, as Figure 1 shows it: yes in "
        "faster games; only for some gaps in sometimes games; no in slower games; not decided in untold games."
    )
    assert counts == (
        "Of 7 experiments and sentences of the text 2 replicate, 2 do in part, 2 do not, and 1 stay open; because of 7."
    )


def test_conclusions_change_with_the_verdicts():
    """All is well in another configuration, and then the pages say so, and give no reason for what fails."""
    well = [replace(one, verdict=replace(one.verdict, name=HOLDS)) for one in ENTRIES]
    found = opening(well)
    theory, speed, counts = map(plain, found.conclusion)
    assert theory == "Holding, Empty, Mended, False and Unknown hold in every run."
    assert speed.endswith("yes in faster games, sometimes games, slower games and untold games.")
    assert counts == "Of 7 experiments and sentences of the text 7 replicate, 0 do in part, 0 do not."
    assert found.wrong == found.does_not == ()


def test_what_others_claim_is_not_counted_among_the_sentences_of_the_paper():
    own = entry("own", "experiment", HOLDS)
    other = replace(own, claim=replace(own.claim, id="other", place=f"{AFTER}: somebody else"))
    assert opening([*ENTRIES, other]).conclusion[2] == opening().conclusion[2]
    assert plain(opening([*ENTRIES, own]).conclusion[2]).startswith("Of 8 experiments and sentences of the text 3")


def test_a_claim_that_is_not_there_is_told():
    with pytest.raises(ValueError, match="there is not: nobody"):
        opening(order=("nobody",))
    with pytest.raises(ValueError, match="there is not: no-cause"):
        opening(subjects=replace(SUBJECT, cause="no-cause"))


def test_what_the_paper_declares_is_there():
    known = {claim.id: claim for claim in CLAIMS}
    assert len(set(OPENING)) == len(OPENING)
    assert set(OPENING) <= set(known)
    assert {known[name].kind for name, _ in SUBJECTS.theorems} == {"theorem"}
    assert {known[name].kind for name, _ in SUBJECTS.speed_ups} == {"experiment"}
    assert set(SUBJECTS.reasons) <= set(words_of(known[SUBJECTS.cause].kind))
    for text in SUBJECTS.reasons.values():
        assert not re.search(r"\d", re.sub(REFERENCE, "", text))


def test_the_summary_opens_with_it():
    text = to_markdown(Report((), opening()), "../figures")
    places = [text.index(words) for words in (
        "1. Holding holds", "2. Whether", "3. Of 7", "## What is wrong in the paper", "- mended is violated as printed",
        "## What replicates", "## What does not, or only in part", "(`half-a-sentence`)", "## All claims in numbers",
    )]  # fmt: skip
    assert places == sorted(places)
    assert "What is wrong" not in to_markdown(Report(()), "../figures")
