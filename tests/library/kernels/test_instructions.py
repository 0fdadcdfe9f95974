"""Instructions of the kernels against their committed budgets; noise cannot change a count."""

import pytest

from benchmarks import instructions
from benchmarks.kernel_calls import CASES


def test_a_count_has_a_budget_of_two_percent():
    budget = {"a": 1000, "b": 1000, "c": 1000}
    assert instructions.complaints({"a": 1020, "b": 1000, "c": 900}, budget) == []
    more, less = instructions.complaints({"a": 1021, "b": 1000, "c": 899}, budget)
    assert more == "a: +2.1% instructions (1000 to 1021)"
    assert less == "c: -10.1% instructions, to be committed; ./do bench-instructions --renew"


def test_a_case_without_a_budget_and_a_budget_without_its_case_are_named():
    new, old = instructions.complaints({"a": 1, "new": 1}, {"a": 1, "old": 1})
    assert new.startswith("new: only counted;")
    assert old.startswith("old: only in the budget;")


def test_every_budget_is_for_the_cases_there_are():
    for budget in instructions.committed().values():
        assert list(budget) == list(CASES)


def test_kernels_keep_within_their_budgets():
    if reason := instructions.obstacle():
        pytest.skip(reason)
    built_by = instructions.compiler(instructions.extension())
    budget = instructions.committed().get(built_by)
    if budget is None:
        pytest.skip(f"the kernels were built by {built_by}, for which {instructions.BUDGETS.name} has no budget")
    assert instructions.complaints(instructions.count(), budget) == []
