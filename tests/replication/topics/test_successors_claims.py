"""Claims on rates of learners after the paper, judged on planted tables on both sides of the threshold."""

import pytest
from planted import frames, judges_of

from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, VIOLATED
from metanash_replication.topics.successors.claims import CLAIMS

JUDGES = judges_of(CLAIMS)
OF = {
    "after-leader": ("average", ("optimistic_ftrl",)),
    "after-cautious": ("cce", ("cautious_omwu", "staged_cautious_omwu")),
    "after-barrier": ("ce", ("log_barrier_ftrl",)),
}
EVERY = dict(OF.values())


def row(concept, learner, k, verdict="consistent", slope=-0.9):
    return {
        "case": f"{concept}, {k}", "concept": concept, "base_kind": "random", "horizon": 1, "n_players": 2,
        "iterations": 1000, "n_seeds": 4, "learner": learner, "rate": 1.0, "gap": 0.1, "gap_low": 0.0, "gap_high": 0.2,
        "held": 100.0, "promise": "log T / T", "start": 100.0, "end": 1000.0, "slope": slope, "low": slope - 0.1,
        "high": slope + 0.1, "promised_slope": -0.85, "verdict": verdict,
    }  # fmt: skip


def of(claim, *verdicts):
    """A row for each verdict, the learners of the claim in turn; what is not consistent is slower."""
    concept, names = OF[claim]
    return {
        "successors": [
            row(concept, names[k % len(names)], k, verdict, -0.9 if verdict == "consistent" else -0.5)
            for k, verdict in enumerate(verdicts)
        ]
    }


def planted(claim):
    good, bad, open_ = "consistent", "violated", "inconclusive"
    return {
        HOLDS: [of(claim, good, good), of(claim, good, good, "no gap left")],
        VIOLATED: [of(claim, bad, good), of(claim, good, bad), of(claim, open_, bad)],
        INCONCLUSIVE: [of(claim, open_, good), of(claim, good, open_), of(claim, "no gap left", "no gap left")],
    }


def ignored(claim):
    """Other learners and concepts, far from what is promised."""
    concept, names = OF[claim]
    others = [
        row(concept, "optimistic_mirror_descent", 7, "violated", -0.1),
        row("last", names[0], 8, "violated", -0.1),
    ]
    others += [row(other, some[0], 9, "violated", -0.1) for other, some in EVERY.items() if other != concept]
    return {"successors": others}


PLANTED = {claim: planted(claim) for claim in OF}
IGNORED = {claim: ignored(claim) for claim in OF}


@pytest.mark.parametrize("claim", OF)
def test_what_is_said(claim):
    good, bad = (JUDGES[claim](frames(PLANTED[claim][name][0])) for name in (HOLDS, VIOLATED))
    assert "2 consistent" in plain(good.result)
    assert "1 consistent, 1 violated" in plain(bad.result)
    assert f"learner={OF[claim][1][0]}" in plain(bad.result)
