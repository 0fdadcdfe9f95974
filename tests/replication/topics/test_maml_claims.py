"""Claims of MAML, judged on planted tables on both sides of each threshold."""

import math

from planted import OVER, Bounds, Effects, bound_row, frames, judges_of

from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, VIOLATED
from metanash_replication.topics.maml.claims import CLAIMS

JUDGES = judges_of(CLAIMS)
SHARPER = "sharper: ascent lemma"
THEOREM_4 = Bounds("theorem 4", repairs=(SHARPER,))
CONSTANTS = ("gradient at most G", "Hessian at most L", "change of the Hessian at most R")

# Constants ----------------------------------------------------------------------------------------------


def constants(*over):
    """Ratios of norms to their constants, in three settings each; they have no trivial range."""
    return {"theory": [
        bound_row(name, "derived", f"setting {k}", OVER if (name, k) in over else 1.0, trivial=0.0)
        for name in CONSTANTS for k in range(3)
    ]}  # fmt: skip


# The inner loop -----------------------------------------------------------------------------------------


def loops(*spans, missing=()):
    """Exponents of 1/epsilon in their intervals (low, exponent, high); ``missing``: rows of runs not there in time."""
    rows = [
        {"base_kind": "team", "discount": 0.5, "probability": 0.1 * k, "largest": 0.5, "smallest": 5e-5,
         "not_reached": int(k in missing), "exponent": value, "low": low, "high": high}
        for k, (low, value, high) in enumerate(spans)
    ]  # fmt: skip
    return {"inner_loop_rates": rows, "inner_loop_slopes": [{"slope": -0.8}, {"slope": -0.9}]}


LINEAR, QUADRATIC, NOWHERE = (0.9, 1.0, 1.1), (1.9, 1.95, 2.0), (math.nan,) * 3

# Adaptation ---------------------------------------------------------------------------------------------


def adapted(arm, k, low, ratio, high, step=None, steps=None):
    """After one, two, ... steps, as many as in meta-training."""
    steps = steps or k + 1
    return {"initialisation": arm, "base_kind": "team", "discount": 0.5, "inner_steps": steps,
            "step": steps if step is None else step, "ratio": ratio, "ratio_low": low, "ratio_high": high}  # fmt: skip


ADAPTS = Effects("adaptation", adapted, "maml", ("first_order", "carry_over"))
OTHER_STEPS = [
    adapted(arm, k, 5.0, 6.0, 7.0, step=step)
    for arm in ("maml", "first_order", "carry_over") for k in range(1, 4) for step in (0, k, k + 2, 100)
]  # fmt: skip


def checks(*differences):
    """The worst distributions by kind, discount and inner steps."""
    return {"gradient_checks": [
        {"base_kind": "team", "discount": 0.5, "inner_steps": k, "distributions": 9, "difference": value}
        for k, value in enumerate(differences)
    ]}  # fmt: skip


PLANTED = {
    "equation-10": {
        HOLDS: [checks(1e-9, 1e-6, 1e-10)],
        VIOLATED: [checks(1e-9, 1.001e-6, 1e-10), checks(1.001e-6), checks(1e-9, 1e-9, 0.5)],
    },
    "theorem-4": THEOREM_4.planted(),
    "smoothness": {
        HOLDS: [constants()],
        VIOLATED: [constants((name, k)) for name in CONSTANTS for k in range(3)],
    },
    "inner-loop": {
        HOLDS: [loops(LINEAR, QUADRATIC, LINEAR), loops(QUADRATIC)],
        VIOLATED: [loops(LINEAR, (2.001, 2.1, 2.2), LINEAR), loops((2.001, 2.1, 2.2), LINEAR),
                   loops(LINEAR, (2.001, 2.1, 2.2), missing=[0]), loops(NOWHERE, (2.001, 2.1, 2.2))],
        INCONCLUSIVE: [loops(LINEAR, (1.9, 1.95, 2.001), LINEAR), loops((1.9, 2.1, 2.3)), loops((2.0, 2.1, 2.3)),
                       loops(LINEAR, LINEAR, missing=[1]), loops(LINEAR, NOWHERE), loops(NOWHERE)],
    },
    "maml-adapts": ADAPTS.planted(),
}  # fmt: skip
IGNORED = {
    "equation-10": {},  # every row is about the claim
    "inner-loop": {},  # every row is about the claim
    "theorem-4": THEOREM_4.ignored(*constants(*((name, 0) for name in CONSTANTS))["theory"],
                                   bound_row("theorem 3", SHARPER, "first", 9.0)),
    "smoothness": {"theory": [bound_row("theorem 4", "printed", "first", 9.0),
                              *(bound_row(name, "derived", "all", 9.0, total=True) for name in CONSTANTS)]},
    "maml-adapts": ADAPTS.ignored(*OTHER_STEPS, arms=("scratch", "individual", "random")),
}  # fmt: skip


def test_the_exponent_whose_interval_ends_last_is_told():
    """1.2 with an interval to 1.9, not 1.5 with one to 1.6; runs that are not there in time are counted."""
    found = JUDGES["inner-loop"](frames(loops(LINEAR, (0.5, 1.2, 1.9), (1.4, 1.5, 1.6), missing=[0, 2])))
    assert found.name == INCONCLUSIVE
    assert "an exponent of at most 1.20 [0.50, 1.90] (team, discount=0.5, probability=0.1)" in plain(found.result)
    assert "; 2 runs do not get there in time" in plain(found.result)
    assert "an exponent from 0.80 to 0.90" in plain(found.result)
