"""Claims on bandit feedback, judged on planted tables on both sides of the threshold."""

import pytest
from planted import frames, judges_of

from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, VIOLATED
from metanash_replication.topics.bandit.claims import CLAIMS

JUDGES = judges_of(CLAIMS)


def slope(case, verdict="consistent", learner="v_learning"):
    found = -0.5 if verdict == "consistent" else -0.3
    return {
        "case": case, "concept": "nash", "base_kind": "mixed", "horizon": 2, "n_players": 2, "episodes": 1000,
        "n_seeds": 4, "learner": learner, "rate": 1.0, "gap": 0.1, "gap_low": 0.05, "gap_high": 0.2,
        "promise": "sqrt(log T / T)", "start": 100.0, "end": 1000.0, "slope": found, "low": found - 0.05,
        "high": found + 0.05, "promised_slope": -0.46, "verdict": verdict,
    }  # fmt: skip


def ratio(kind, low, high, feedback="sampled", arm="best_response"):
    return {
        "case": f"{kind}, K=10", "base_kind": kind, "games": 10, "horizon": 2, "perturbation": 0.1, "batch": 100,
        "n_seeds": 4, "feedback": feedback, "arm": arm, "iterations": 1000, "gap": 0.1, "gap_low": 0.05,
        "gap_high": 0.2, "ratio": (low + high) / 2, "ratio_low": low, "ratio_high": high,
    }  # fmt: skip


def slopes(*verdicts, learner="v_learning"):
    return {"bandit": [slope(f"nash, {k}", verdict, learner) for k, verdict in enumerate(verdicts)]}


def planted_slopes(learner):
    every = {
        HOLDS: [("consistent",), ("consistent", "consistent")],
        VIOLATED: [("violated",), ("consistent", "violated"), ("inconclusive", "violated")],
        INCONCLUSIVE: [("inconclusive", "consistent")],
    }
    return {name: [slopes(*some, learner=learner) for some in cases] for name, cases in every.items()}


def ratios(*intervals):
    return {"bandit_meta": [ratio(f"kind {k}", *one) for k, one in enumerate(intervals)]}


PLANTED = {
    "bandit-v-learning": planted_slopes("v_learning"),
    "bandit-swap": planted_slopes("swap_v_learning"),
    "bandit-meta": {
        HOLDS: [ratios((0.2, 0.4)), ratios((0.2, 0.4), (0.9, 1.0))],
        VIOLATED: [ratios((1.01, 1.2)), ratios((0.2, 0.4), (1.01, 1.2)), ratios((0.9, 1.1), (1.5, 2.0))],
        INCONCLUSIVE: [ratios((0.9, 1.1)), ratios((0.2, 0.4), (0.999, 1.001))],
    },
}
IGNORED = {
    "bandit-v-learning": {
        "bandit": [slope("nash, 9", "violated", "sampled_mirror_descent"), slope("nash, 9", "violated", "optimistic")]
    },
    "bandit-swap": {"bandit": [slope("nash, 9", "violated"), slope("nash, 9", "violated", "optimistic")]},
    "bandit-meta": {
        "bandit_meta": [
            ratio("kind 9", 1.5, 2.0, feedback="full"), ratio("kind 9", 1.5, 2.0, arm="output_policy"),
            ratio("kind 9", 1.5, 2.0, arm="individual"),
        ]
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("claim", "word", "told"),
    [
        ("bandit-v-learning", HOLDS, "1 consistent"),
        ("bandit-v-learning", VIOLATED, "1 violated"),
        ("bandit-meta", HOLDS, "None of 1 cases fail; worst: gap over that of individual learning 0.3"),
        ("bandit-meta", VIOLATED, "1 of 1 cases fail; worst: gap over that of individual learning 1.1"),
    ],
)
def test_what_is_said(claim, word, told):
    assert told in plain(JUDGES[claim](frames(PLANTED[claim][word][0])).result)
