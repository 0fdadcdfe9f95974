"""The claim on river endgames as trees, judged on planted tables on both sides of the threshold."""

from planted import Effects, frames, judges_of

from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import HOLDS, VIOLATED
from metanash_replication.topics.river.claims import CLAIMS

JUDGES = judges_of(CLAIMS)


def row(arm, k, low, ratio, high):
    """The k-th order; at the same rate and at the first iteration all arms are far worse, which is not the claim."""
    worse = {f"{name}{end}": 9.0 for name in ("at_rate", "start") for end in ("", "_low", "_high")}
    return {
        "base_kind": ["random", "sorted", "alternating", "other"][k], "games": 10, "perturbation": 0.2, "n_hands": 200,
        "iterations": 30, "sets": 10, "n_seeds": 4, "arm": arm, "gap": 0.01, "low": 0.009, "high": 0.011,
        "ratio": ratio, "ratio_low": low, "ratio_high": high,
    } | worse  # fmt: skip


EFFECT = Effects("river", row, "best_response", ("output_policy",))
PLANTED = {"river-trees": EFFECT.planted()}
IGNORED = {"river-trees": EFFECT.ignored(arms=("individual", "individual_at_rate"))}


def test_what_is_said():
    for name, words in ((HOLDS, "hurts in none of 4 settings"), (VIOLATED, "Meta: output policies: helps in 3")):
        found = JUDGES["river-trees"](frames(PLANTED["river-trees"][name][0]))
        assert words in plain(found.result)
