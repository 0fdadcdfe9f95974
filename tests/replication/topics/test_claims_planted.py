"""Every claim that has a rule is judged on planted tables: in the file of its topic, with two verdicts or more."""

import importlib
import re

import pytest
from pages import REFERENCE
from planted import each_planted, frames, joined, turned, without_rows
from recalculations import has_a_rule

from metanash_replication.ledger import Entry
from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, REPAIRED, VERDICTS, VIOLATED
from metanash_replication.ledger.telling import SCALES
from metanash_replication.paper import CLAIMS
from metanash_replication.plans import read_plan
from metanash_replication.topics import TOPICS

FILES = {topic: importlib.import_module(f"test_{topic}_claims") for topic in TOPICS if read_plan(topic).claims}
RULED = [claim for claim in CLAIMS if has_a_rule(claim)]
TOPIC_OF = {name: topic for topic in TOPICS for name in read_plan(topic).claims}
NEVER_REFUTED = {"last-terms-negligible"}
"""Claims about a limit that no number of games is large enough to refute."""
CLAIM = {claim.id: claim for claim in CLAIMS}
JUDGES = {claim.id: claim.judge for claim in CLAIMS}
PLANTED = {claim: cases for file in FILES.values() for claim, cases in file.PLANTED.items()}
IGNORED = {claim: rows for file in FILES.values() for claim, rows in file.IGNORED.items()}
each_claim = pytest.mark.parametrize("claim", RULED, ids=lambda claim: claim.id)


def planted(claim):
    return FILES[TOPIC_OF[claim.id]].PLANTED.get(claim.id, {})


@pytest.mark.parametrize(("claim", "verdict", "tables"), each_planted(PLANTED))
def test_planted_tables(claim, verdict, tables):
    assert JUDGES[claim](frames(tables)).name == verdict


@pytest.mark.parametrize(("claim", "verdict", "tables"), each_planted(PLANTED))
def test_every_verdict_can_be_told_in_plain_words(claim, verdict, tables):
    """By a sentence of its own, whose facts the verdict has; and with marks that can stand on a map."""
    found = Entry(CLAIM[claim], JUDGES[claim](frames(tables)), (), ())
    sentence = found.plain
    assert found.verdict.name == verdict
    assert "{" not in sentence
    assert plain(sentence).endswith(".")
    assert not re.search(r"\bnan\b|no number|\bunknown\b", plain(sentence))
    if found.word != "open":
        others = [text for word, text in CLAIM[claim].plain.items() if word != found.word]
        assert sentence not in others
    assert all(mark.scale in SCALES and mark.form in {"printed", "repaired"} for mark in found.verdict.marks)
    for mark in found.verdict.marks:
        assert not mark.low > mark.high


@each_claim
def test_plain_sentences_type_no_number(claim):
    """Digits are citations, mathematics or references to the paper."""
    for text in claim.plain.values():
        bare = re.sub(REFERENCE, "", "".join(text.split("$")[::2]))
        assert not re.search(r"\d", bare), text


@pytest.mark.parametrize("claim", [claim for claim, rows in IGNORED.items() if rows])
def test_rows_of_something_else_turn_nothing(claim):
    assert turned(JUDGES[claim], PLANTED[claim], IGNORED[claim]) == []
    assert JUDGES[claim](frames(IGNORED[claim])).name == INCONCLUSIVE


@each_claim
def test_a_claim_is_planted_on_both_sides(claim):
    """It holds in one table and not in another. Add a new claim to PLANTED in the file of its topic."""
    verdicts = {name for name, some in planted(claim).items() if some}
    assert HOLDS in verdicts
    assert verdicts & ({VIOLATED, REPAIRED} if claim.id not in NEVER_REFUTED else {INCONCLUSIVE})
    assert verdicts <= set(VERDICTS)


@each_claim
def test_a_claim_has_rows_that_it_must_not_read(claim):
    """Or none, said in so many words, if every row of its tables is about it."""
    assert claim.id in FILES[TOPIC_OF[claim.id]].IGNORED


def test_what_is_planted_is_a_claim_of_its_topic():
    ruled = {claim.id for claim in RULED}
    for topic, file in FILES.items():
        assert set(file.IGNORED) == set(file.PLANTED) == ruled & set(read_plan(topic).claims)


@each_claim
def test_no_row_decides_nothing(claim):
    tables = next(iter(planted(claim).values()))[0]
    assert claim.judge(without_rows(tables)).name == INCONCLUSIVE


@each_claim
def test_the_order_of_rows_does_not_matter(claim):
    for name, some in planted(claim).items():
        turned = {table: rows[::-1] for table, rows in some[-1].items()}
        assert claim.judge(frames(turned)).name == name


@each_claim
def test_tables_that_are_planted_are_those_of_the_claim(claim):
    every = joined(*(tables for some in planted(claim).values() for tables in some))
    assert set(every) <= {*claim.tables, *claim.needs}
