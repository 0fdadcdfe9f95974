"""``./do bench-successors``: what is printed, what is above the limit, and the table of the page."""

import pytest

from benchmarks import successors

ROWS = [
    (successors.ZERO_SUM, "optimistic_ftrl", 1, "S2 2x2 H1", 2e-6, 1.25),
    (successors.ZERO_SUM, "entropy_omwu", 1, "S2 2x2 H1", 2e-6, 3.5),
    (successors.ZERO_SUM, "optimistic_ftrl", 100, "S2 2x2 H1", 5e-6, 0.5),
    (successors.ZERO_SUM, "entropy_omwu", 100, "S2 2x2 H1", 5e-6, 3.0),
    (successors.GENERAL, "log_barrier_ftrl", 1, "S2 2x2 H1", 1e-6, 20.0),
    (successors.GENERAL, "log_barrier_ftrl", 100, "S2 2x2 H1", 1e-6, 10.0),
]


def test_what_is_above_the_limit_is_named_but_for_the_log_barrier(capsys):
    missed = successors.print_successors(1, ROWS)
    assert missed == ["entropy_omwu, 1 game S2 2x2 H1: 3.50 times optimistic_mirror_descent"]
    assert (
        "1 game S2 2x2 H1          optimistic_mirror_descent 2.00 us: optimistic_ftrl 1.25" in capsys.readouterr().out
    )


def test_the_table_has_least_and_largest_ratios():
    assert successors.lines(ROWS)[2:] == [
        "| `optimistic_ftrl` | `optimistic_mirror_descent` | 1.2 to 1.2 | 0.5 to 0.5 |  |",
        "| `entropy_omwu` | `optimistic_mirror_descent` | 3.5 to 3.5 | 3 to 3 | 1 x S2 2x2 H1 (3.5) |",
        "| `log_barrier_ftrl` | `correlated_mirror_descent` | 20 to 20 | 10 to 10 | all |",
    ]


@pytest.mark.parametrize("base", successors.BESIDE)
def test_all_learners_of_a_class_are_timed_on_the_same_games(base):
    games = successors.games_of(base, 2, 2, 2, 1)
    found = successors.measured(base, games, 1, 1)
    assert list(found) == [base, *successors.BESIDE[base]]
    assert all(seconds > 0.0 for seconds in found.values())


def test_the_page_names_every_learner_once():
    page = successors.PAGE.read_text(encoding="utf-8")
    table = page.partition(successors.BEGIN)[2].partition(successors.END)[0]
    for learners in successors.BESIDE.values():
        assert all(table.count(f"| `{learner}` |") == 1 for learner in learners)
