"""Verdicts on Figure 1(c): all sequences count, and the stage Q-functions beside the rewards."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, VIOLATED, share_interval
from metanash_replication.topics.simulations.claims import CLAIMS

JUDGES = {claim.id: claim.judge for claim in CLAIMS}


def sequences(kind, ranges, payoffs="rewards"):
    """A sequence of three games and two states for each range, which is that of nu in state 2."""
    rows = []
    for seed, width in enumerate(ranges):
        for game, (state, place) in [(k, s) for k in (1, 2, 3) for s in ((1, 0.0), (2, width))]:
            nu = 0.1 + place * (game - 1) / 2
            rows.append((kind, seed, payoffs, game, state, 0.5, nu, 0.5))
    return pd.DataFrame(
        rows, columns=["base_kind", "seed", "payoffs", "game", "state", "mu_a1", "nu_b1", "value"]
    )  # fmt: skip


def table(mixed, pure, whole_mixed=(), whole_pure=()):
    parts = [
        ("mixed", mixed),
        ("pure", pure),
        ("mixed", whole_mixed, "Q-functions"),
        ("pure", whole_pure, "Q-functions"),
    ]
    return {"equilibria": pd.concat([sequences(*part) for part in parts])}


@pytest.mark.parametrize("kind", ["mixed", "pure"])
@pytest.mark.parametrize(
    ("close", "wide", "wanted"),
    [
        (20, 0, HOLDS), (15, 5, HOLDS), (14, 6, INCONCLUSIVE), (10, 10, INCONCLUSIVE), (6, 14, INCONCLUSIVE),
        (5, 15, VIOLATED), (0, 20, VIOLATED), (1, 0, INCONCLUSIVE), (0, 1, INCONCLUSIVE), (6, 0, HOLDS),
    ],
)  # fmt: skip
def test_most_sequences_must_be_close(kind, close, wide, wanted):
    """A range of 0.6 fails; the first seed alone decides nothing, nor does the other kind, nor do Q-functions."""
    own, other = [0.4] * close + [0.6] * wide, [0.6 if wanted == HOLDS else 0.1] * 20
    tables = table(own, other) if kind == "mixed" else table(other, own)
    against = pd.concat([tables["equilibria"], sequences(kind, other, "Q-functions")])
    for found in (tables["equilibria"], against):
        verdict = JUDGES[f"figure-1c-{kind}"]({"equilibria": found})
        assert verdict.name == wanted
        assert verdict.place["base_kind"] == kind
        assert verdict.worst == f"{kind}, seed={close if wide else 0}, state=2"


def test_a_range_of_one_half_is_close():
    ranges = [0.5] * 20
    assert JUDGES["figure-1c-pure"](table(ranges, ranges)).name == HOLDS


@pytest.mark.parametrize(("successes", "cases"), [(0, 1), (1, 1), (3, 20), (10, 20), (20, 20), (0, 20), (57, 100)])
def test_the_interval_of_a_share_is_that_of_scipy(successes, cases):
    exact = binomtest(successes, cases).proportion_ci(0.95, method="exact")
    assert share_interval(successes, cases) == pytest.approx((exact.low, exact.high), abs=1e-12)


@pytest.mark.parametrize(
    ("mixed", "pure", "wanted", "worst"),
    [
        ([0.1, 0.3], [0.2, 0.2], HOLDS, "mixed, seed=1"),
        ([0.1, 0.1], [0.2, 0.4], HOLDS, "pure, seed=1"),
        ([0.1, 0.1], [0.2, 0.2], VIOLATED, "mixed, seed=0"),
        ([0.0, 0.0], [0.1, 0.1], VIOLATED, "mixed, seed=0"),
    ],
)
def test_one_sequence_is_enough_for_a_possibility(mixed, pure, wanted, worst):
    """Beside rewards whose ranges are .1 in mixed games and .2 in pure ones."""
    found = JUDGES["figure-1c-q-functions"](table([0.1, 0.1], [0.2, 0.2], mixed, pure))
    assert (found.name, found.worst) == (wanted, worst)
    assert found.place == {"base_kind": worst.split(",")[0]}
    counts = [f"wider in {sum(np.array(own) > base)}" for own, base in ((mixed, 0.1), (pure, 0.2))]
    assert all(words.replace("wider in ", "") in found.result for words in counts)


def test_without_equilibria_nothing_is_known():
    empty = table([0.1], [0.1])["equilibria"].iloc[:0]
    for claim in ("figure-1c-mixed", "figure-1c-pure", "figure-1c-q-functions"):
        assert JUDGES[claim]({"equilibria": empty}).name == INCONCLUSIVE
