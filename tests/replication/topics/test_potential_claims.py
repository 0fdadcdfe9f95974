"""Claims of potential games, judged on planted tables on both sides of each threshold."""

import math

from planted import Bounds, Effects, frames, joined, judges_of

from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, VIOLATED
from metanash_replication.topics.potential.claims import CLAIMS

JUDGES = judges_of(CLAIMS)
KAPPA = "repaired: 1920/959 kappa"
PROPOSITION_1, THEOREM_3 = Bounds("proposition 1", repairs=(KAPPA,)), Bounds("theorem 3", repairs=(KAPPA,))
FINITE = Bounds("proposition 1, finite horizon", repairs=(KAPPA,))
BEYOND = Bounds("proposition 1, beyond its step size", repairs=(KAPPA,))
EVERYWHERE = [(form, 0) for form in ("printed", KAPPA)]

# Slopes -------------------------------------------------------------------------------------------------


def slope(verdict, value=-0.6, factor=1.0, *, bound=-0.9, k=0):
    """A slope beside the claimed -1/2; that of the bound, from which it is farther, is not what is claimed."""
    row = {"base_kind": "team", "discount": 0.1 * k, "step_factor": factor, "start": 1e5, "end": 1e6, "slope": value}
    return row | {"low": value - 0.01, "high": value + 0.01, "bound_slope": bound, "claimed": -0.5, "verdict": verdict}


def slopes(*verdicts):
    return {"potential_slopes": [slope(verdict, k=k) for k, verdict in enumerate(verdicts)]}


LARGER = {"potential_slopes": [slope("violated", 0.3, factor) for factor in (1.0 + 1e-9, 30.0, 1000.0)]
          + [slope("consistent", -0.9, 1000.0), slope("", 0.4), slope(math.nan, 0.5)]}  # fmt: skip
"""Steps that the proposition does not admit, and windows that have no verdict."""

# Benefit ------------------------------------------------------------------------------------------------


def effect_of(ratio, other):
    """Settings of teams and of action-independent games; the column of the other claim says the opposite."""

    def row(arm, k, low, value, high, **place):
        own = {"arm": arm, "family": "potential", "base_kind": ("team", "action_independent")[k % 2], "discount": 0.5,
               "games": 10 + k, "n_players": 2, "step_size": 0.1, "perturbation": 0.1 if k < 3 else 0.0}  # fmt: skip
        own |= {ratio: value, f"{ratio}_low": low, f"{ratio}_high": high}
        low, value, high = (0.1, 0.2, 0.3) if value > 0.8 else (5.0, 6.0, 7.0)
        return own | {other: value, f"{other}_low": low, f"{other}_high": high} | place

    return row


MEAN, LAST = effect_of("ratio", "last_ratio"), effect_of("last_ratio", "ratio")
BENEFIT = {"sharper-potential": Effects("potential_sequences", MEAN, "carry_over"),
           "carry-over-start": Effects("potential_sequences", LAST, "carry_over")}  # fmt: skip


def not_of(row):
    """Dissimilar games, and ones without a potential, so many that their perturbation is the commonest of all."""
    far = [row("carry_over", k, 5.0, 6.0, 7.0, perturbation=size) for k, size in enumerate((0.11, 0.2, 0.4))]
    return far + [row("carry_over", k, 5.0, 6.0, 7.0, family="congestion", perturbation=0.4) for k in range(30)]


PLANTED = {
    "proposition-1": PROPOSITION_1.planted(),
    "theorem-3": THEOREM_3.planted(),
    "finite-horizon-potential": FINITE.planted(),
    "iterations-proposition-1": {
        HOLDS: [slopes("consistent", "consistent"), slopes("consistent", "", math.nan),
                {"potential_slopes": [slope("consistent", factor=1.0), slope("consistent", factor=0.5)]}],
        VIOLATED: [slopes("consistent", "violated"), slopes("violated", "consistent", "inconclusive"),
                   {"potential_slopes": [slope("violated", factor=0.5), slope("consistent")]},
                   {"potential_slopes": [slope("consistent", factor=0.5), slope("violated")]}],
        INCONCLUSIVE: [slopes("consistent", "inconclusive"), slopes("inconclusive", "consistent"), slopes("", math.nan),
                       LARGER],
    },
    "sharper-potential": BENEFIT["sharper-potential"].planted(),
    "carry-over-start": BENEFIT["carry-over-start"].planted(),
}  # fmt: skip
IGNORED = {
    "proposition-1": PROPOSITION_1.ignored(*THEOREM_3.tables(over=EVERYWHERE)["theory"],
                                           *FINITE.tables(over=EVERYWHERE)["theory"],
                                           *BEYOND.tables(over=EVERYWHERE)["theory"]),
    "finite-horizon-potential": FINITE.ignored(*PROPOSITION_1.tables(over=EVERYWHERE)["theory"]),
    "theorem-3": THEOREM_3.ignored(*PROPOSITION_1.tables(over=EVERYWHERE)["theory"]),
    "iterations-proposition-1": LARGER,
    "sharper-potential": BENEFIT["sharper-potential"].ignored(*not_of(MEAN)),
    "carry-over-start": BENEFIT["carry-over-start"].ignored(*not_of(LAST)),
}  # fmt: skip


def test_the_slope_that_is_told_is_farthest_above_the_claim():
    """-0.4 beside -0.5; -0.6 is farther from the slope of its bound."""
    rows = [
        slope("consistent", -0.6, bound=-2.0),
        slope("consistent", -0.4, bound=-0.3, k=1),
        slope("consistent", -0.7),
    ]
    found = JUDGES["iterations-proposition-1"](frames(joined({"potential_slopes": rows}, LARGER)))
    assert (found.name, found.worst) == (HOLDS, "team, discount=0.1, step / theory=1")
    assert "slope of the claim: -0.400 [-0.410, -0.390] beside -0.500" in plain(found.result)


def test_a_setting_is_named_with_all_that_it_has():
    own = BENEFIT["sharper-potential"]
    found = JUDGES["sharper-potential"](frames(own.tables({2: own.unclear})))
    assert found.worst == "team, discount=0.5, K=12, N=2, perturbation=0.1, step=0.1"
