"""Claims on rates of learners after the paper, judged on planted tables on both sides of the threshold."""

import math

import pytest
from planted import OVER, UNDER, frames, judges_of

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


SIDES = {
    "after-plain": "plain", "after-stages": "stages", "after-gradient": "gradient", "after-predictive": "predictive",
    "after-entropy": "entropy", "after-natural": "single", "after-natural-mean": "team",
}  # fmt: skip
SPEEDS = {
    "after-plain-rate": ("plain", "log T / sqrt T"), "after-natural-rate": ("team", "1 / sqrt T"),
    "after-natural-unique": ("team", "1 / T"),
}  # fmt: skip


def promised(promise, k, factor=1.0, within=True):
    return {
        "case": f"{promise}, {k}", "promise": promise, "learner": "some", "base_kind": "random", "horizon": 1,
        "n_players": 2, "iterations": 1000, "n_seeds": 4, "factor": factor, "within": within, "rate": 0.1,
    }  # fmt: skip


def sides(promise, *lefts, **place):
    """A row for each left side, beside 1."""
    return [
        promised(promise, k, **place) | {"iteration": 10, "left": left, "right": 1.0, "ratio": left, "violations": 0}
        for k, left in enumerate(lefts)
    ]


def sides_planted(promise):
    return {
        HOLDS: [{"successors_promises": sides(promise, UNDER, 0.1)}, {"successors_promises": sides(promise, 0.1, 1.0)}],
        VIOLATED: [
            {"successors_promises": sides(promise, OVER, 0.1)},
            {"successors_promises": sides(promise, 0.1, OVER)},
            {"successors_promises": sides(promise, math.nan, OVER)},
        ],
        INCONCLUSIVE: [
            {"successors_promises": sides("another", 0.1)},
            {"successors_promises": sides(promise, math.nan)},
        ],
    }


def speeds(promise, form, *verdicts, **place):
    rows = [row("", "", k, verdict, -0.9 if verdict == "consistent" else -0.1) for k, verdict in enumerate(verdicts)]
    return [made | promised(promise, k, **place) | {"form": form} for k, made in enumerate(rows)]


def speeds_planted(promise, form):
    good, bad, open_ = "consistent", "violated", "inconclusive"
    every = {HOLDS: [(good, good)], VIOLATED: [(bad, good), (good, bad)], INCONCLUSIVE: [(open_, good), (good, open_)]}
    return {
        name: [{"successors_speeds": speeds(promise, form, *some)} for some in cases] for name, cases in every.items()
    }


PLANTED = {claim: planted(claim) for claim in OF}
PLANTED |= {claim: sides_planted(promise) for claim, promise in SIDES.items()}
PLANTED |= {claim: speeds_planted(*some) for claim, some in SPEEDS.items()}
IGNORED = {claim: ignored(claim) for claim in OF}
IGNORED |= {
    claim: {
        "successors_promises": [
            *sides(promise, 9.0, factor=4.0, within=False),
            *(one for other in SIDES.values() if other != promise for one in sides(other, 9.0)),
        ]
    }
    for claim, promise in SIDES.items()
}
IGNORED |= {
    claim: {
        "successors_speeds": [
            *speeds(promise, form, "violated", factor=4.0, within=False),
            *speeds(promise, "linear", "violated"),
            *(one for other in SPEEDS.values() if other != (promise, form) for one in speeds(*other, "violated")),
        ]
    }
    for claim, (promise, form) in SPEEDS.items()
}


@pytest.mark.parametrize("claim", OF)
def test_what_is_said(claim):
    good, bad = (JUDGES[claim](frames(PLANTED[claim][name][0])) for name in (HOLDS, VIOLATED))
    assert "2 consistent" in plain(good.result)
    assert "1 consistent, 1 violated" in plain(bad.result)
    assert f"learner={OF[claim][1][0]}" in plain(bad.result)


@pytest.mark.parametrize("claim", SIDES)
def test_what_is_said_of_two_sides(claim):
    name = SIDES[claim]
    good, bad = (JUDGES[claim](frames({"successors_promises": sides(name, 0.5, left)})) for left in (0.25, 3.0))
    assert plain(good.result) == f"None of 2 cases fail; worst: 0.5 beside 1 (case={name}, 0, factor=1)."
    assert plain(bad.result) == f"1 of 2 cases fail; worst: 3 beside 1 (case={name}, 1, factor=1)."
    (claimed,) = (one for one in CLAIMS if one.id == claim)
    assert plain(claimed.plain["violated"].format(**bad.facts)).endswith(
        "comes to 3 times what is promised; it is too large in 1 cases."
    )
