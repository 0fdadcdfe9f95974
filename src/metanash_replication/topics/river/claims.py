"""The claim of appendix F on poker, tested on whole endgames."""

from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.plainly import of_effect
from metanash_replication.ledger.rules import effect
from metanash_replication.ledger.words import EXPERIMENT

__all__ = ["CLAIMS"]

CLAIMS = [
    Claim(
        id="river-trees",
        kind=EXPERIMENT,
        place="Section 6; Appendix F",
        statement="Meta-learning with update (5) helps in a poker endgame that is not simplified.",
        tested=(
            r"River endgames as trees, with many hands a side, bets, raises and all-in, learned by predictive regret "
            r"matching+: exploitability at $T$ of endgames $2$ to $K$ over that of individual learning as published, "
            r"in three orders."
        ),
        plain=of_effect("Update (5) in river endgames as trees", gap="exploitability"),
        judge=effect("river", "best_response", ("base_kind", "games", "perturbation"), repaired=("output_policy",)),
        figures=("river",),
        tables=("river",),
        runs=("river/*",),
    ),
]
