"""Every claim with a rule has a test that works out by a second way what decides it; the page lists them."""

import pytest
from recalculations import BEGIN, END, PAGE, ROOT, has_a_rule, marked, table

from metanash_replication.paper import CLAIMS

RULED = [claim.id for claim in CLAIMS if has_a_rule(claim)]


@pytest.mark.parametrize("claim", RULED)
def test_a_claim_is_worked_out_again(claim):
    """By a test with ``@pytest.mark.recalculates("the-id-of-the-claim")``, a function outside classes."""
    assert marked().get(claim)


def test_marks_are_of_claims_and_on_tests():
    """That is, on functions that are collected."""
    found = marked()
    assert set(found) <= set(RULED)
    assert all(test.split("::")[1].startswith("test_") for tests in found.values() for test in tests)
    files = [path.name for path in (ROOT / "tests" / "replication").rglob("test_*.py")]
    assert len(set(files)) == len(files)  # a name is enough


def test_the_page_lists_them():
    """``python tests/recalculations.py`` renews it."""
    assert PAGE.read_text().split(BEGIN)[1].split(END)[0] == table(RULED)
