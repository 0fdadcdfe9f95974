"""Every claim with a rule has a test that works out by a second way what decides it; the page lists them."""

import ast

import pytest
from recalculations import BEGIN, END, PAGE, ROOT, has_a_rule, marked, table

from metanash_replication.paper import CLAIMS

RULED = [claim.id for claim in CLAIMS if has_a_rule(claim)]


@pytest.fixture(scope="module")
def found():
    return marked()


@pytest.mark.parametrize("claim", RULED)
def test_a_claim_is_worked_out_again(found, claim):
    """By a test with ``@pytest.mark.recalculates("the-id-of-the-claim")``."""
    assert found.get(claim)


def test_marks_are_of_claims_and_on_tests(found):
    assert set(found) <= set(RULED)
    for file, name in {tuple(test.split("::")) for tests in found.values() for test in tests}:
        (path,) = (ROOT / "tests" / "replication").rglob(file)
        outer = [getattr(node, "name", "") for node in ast.parse(path.read_text()).body]
        assert name.startswith("test_")  # so that it is collected
        assert outer.count(name) == 1, f"{file}::{name}"


def test_the_page_lists_them():
    """``python tests/recalculations.py`` renews it."""
    assert PAGE.read_text().split(BEGIN)[1].split(END)[0] == table(RULED)
