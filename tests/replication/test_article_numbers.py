"""Numbers of the article, on tables of a few rows in which each is known."""

import pandas as pd
import pytest

from metanash_replication.ledger import Entry
from metanash_replication.ledger.cited import cited, plain
from metanash_replication.ledger.claim import AFTER, Claim
from metanash_replication.ledger.rules import HOLDS, VIOLATED, Verdict
from metanash_replication.ledger.words import words_of
from metanash_replication.report import Report, Section
from metanash_replication.report.article_numbers import numbers_of


def frame(columns, *rows):
    return pd.DataFrame(rows, columns=columns.split())


TABLES = {
    "figure1": frame("figure base_kind arm seed games iteration ne_gap",
                     ("1a", "pure", "individual", 0, 10, 1, 0.5), ("1a", "pure", "individual", 3, 10, 20000, 0.1)),
    "speed_up": frame(
        "figure base_kind arm ne_gap speed_up low high status",
        ("1a", "pure", "best_response", 0.3, 24.5, 20.0, 30.0, "measured"),
        ("1a", "pure", "best_response", 0.15, 7.031, 5.784, 7.971, "measured"),
        ("1a", "mixed", "best_response", 0.03, 1.5, 1.25, 1.75, "at least"),
        ("1a", "mixed", "stage_average", 0.03, float("nan"), float("nan"), float("nan"), "neither"),
    ),
    "equilibria": frame(
        "base_kind seed payoffs game state mu_a1 nu_b1",
        ("pure", 0, "rewards", 1, 1, 0.0, 0.5), ("pure", 0, "rewards", 2, 1, 0.51, 0.5),
        ("pure", 1, "rewards", 1, 1, 0.0, 0.5), ("pure", 1, "rewards", 2, 1, 0.5, 0.5),
        ("pure", 1, "rewards", 1, 2, 0.6, 0.5), ("pure", 1, "Q-functions", 2, 1, 1.0, 0.5),
    ),
    "sensitivity": frame(
        "base_kind arm perturbation ratio ratio_low ratio_high",
        ("mixed", "individual", 0.1, 1.0, 1.0, 1.0), ("mixed", "best_response", 0.0, 0.5, 0.4, 0.6),
        ("mixed", "best_response", 0.05, 1.2, 0.9, 1.3), ("mixed", "best_response", 0.1, 1.333, 1.164, 1.552),
        ("mixed", "best_response", 0.2, 3.0, 2.0, 4.0),
    ),
    "theory": frame(
        "claim form setting ratio runs violations total",
        ("theorem 1", "printed", "a", 0.5, 100, 2, False), ("theorem 1", "printed", "b", 5208.3, 11, 3, False),
        ("theorem 1", "printed", "all", 9999.0, 111, 5, True), ("theorem 2", "printed", "c", float("nan"), 7, 0, False),
    ),
    "falsification": frame(
        "claim form size evaluations verified_ratio",
        ("theorem_1", "printed", "small", 1000, 3131.7), ("theorem_1", "repaired", "small", 1000, 0.5),
        ("theorem_1", "printed", "large", 500, 782.9), ("hessian", "derived", "small", 500, 0.5),
    ),
    "similarity_steps": frame("base_kind perturbation value",
                              ("mixed", 0.0, 43.57), ("mixed", 0.0, 26.0), ("mixed", 0.1, 50.0)),
    "sequences": frame("within bound alone", (True, 0.272, 0.065), (True, 0.499, 0.23), (False, 0.1, 0.2)),
    "restarts": frame("base_kind iterate iteration ratio ratio_low ratio_high",
                      ("mixed", "average", 84, 1.0, 1.0, 1.0), ("mixed", "average", 951, 0.25, 0.125, 0.5)),
    "leaders": frame("seed difference", (0, 2e-16), (1, 4e-16)),
    "last_terms": frame("horizon max_actions games ratio",
                        (1, 2, 100, 1.5), (1, 2, 1000, 0.9), (1, 2, 10000, 0.5), (2, 2, 100, 0.9)),
}  # fmt: skip
"""A row that must not be read beside each that must: larger gaps, Q-functions, other perturbations, totals."""


def entry(kind, verdict, place="Section 3"):
    claim = Claim(
        id="some",
        place=place,
        statement="",
        tested="",
        judge=lambda _: verdict,
        kind=kind,
        plain=dict.fromkeys(words_of(kind), "So."),
    )
    return Entry(claim, verdict, (), ())


@pytest.fixture(scope="module")
def numbers():
    verdicts = [
        ("theorem", HOLDS), ("theorem", VIOLATED), ("experiment", HOLDS), ("sentence", VIOLATED), ("definition", HOLDS)
    ]  # fmt: skip
    entries = tuple(entry(kind, Verdict(name, f"Said of {kind}. More.")) for kind, name in verdicts)
    entries += (entry("theorem", Verdict(HOLDS, "Said of it."), f"{AFTER}: others (2025)"),)  # is not counted
    return numbers_of(Report((Section("one", "One", entries, (), ()),)), TABLES)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("claims", "5"),
        ("theorems", "2"),
        ("told", "2"),
        ("word/holds", "1"),
        ("word/violated", "1"),
        ("word/replicated", "1"),
        ("word/not replicated", "1"),
        ("word/open", "0"),
        ("1a/seeds", "2"),
        ("1a/games", "10"),
        ("1a/iterations", "20,000"),
        ("1a/pure/best_response/gap", "0.15"),
        ("1a/pure/best_response/speed-up", "7.03 [5.78, 7.97]"),
        ("1a/mixed/best_response/speed-up", "at least 1.5 [1.25, 1.75]"),
        ("equilibria/pure/far", "1"),
        ("equilibria/pure/sequences", "2"),
        ("sweep/mixed/best_response/settings", "3"),
        ("sweep/mixed/best_response/helps", "1"),
        ("sweep/mixed/best_response/hurts", "1"),
        ("sweep/mixed/best_response/most", "1.33 [1.16, 1.55]"),
        ("theorem 1/printed/runs", "111"),
        ("theorem 1/printed/violations", "5"),
        ("theorem 1/printed/ratio", "5,208"),
        ("theorem 1/printed/worst", "b"),
        ("search/evaluations", "2,000"),
        ("search/claims", "2"),
        ("search/theorem_1/printed/ratio", "3,132"),
        ("similarity/mixed/identical", "43.6"),
        ("equation 6/sequences", "0.499"),
        ("equation 4/sequences", "0.23"),
        ("restarts/mixed/average", "0.25 [0.125, 0.5]"),
        ("leaders/difference", "4.0e-16"),
        ("last terms/least", "100"),
        ("last terms/most", "1,000"),
    ],
)
def test_numbers(numbers, name, text):
    assert plain(numbers[name]) == text


def test_every_number_cites_its_table(numbers):
    assert numbers["claims"] == cited("5", "claims.csv")
    assert numbers["1a/pure/best_response/gap"] == cited("0.15", "speed_up.csv")
    assert all("\ue000" in text for text in numbers.values())


def test_gaps_that_neither_side_reaches_have_no_speed_up(numbers):
    assert "1a/mixed/stage_average/gap" in numbers
    assert "1a/mixed/stage_average/speed-up" not in numbers
