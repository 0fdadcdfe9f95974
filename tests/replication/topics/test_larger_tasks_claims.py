"""Claims of larger tasks, judged on planted tables on both sides of each threshold."""

import math

from planted import Bounds, Effects, bound_row, frames, judges_of, speed_planted

from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, VIOLATED
from metanash_replication.topics.larger_tasks.claims import CLAIMS

JUDGES = judges_of(CLAIMS)
POKER = ("appendix_poker", "appendix_poker_large", "appendix_poker_long")
SLOW = {"speed_up": 0.2, "speed_up_low": 0.1, "speed_up_high": 0.3, "status": "measured"}
HURTS = {"ratio": 6.0, "ratio_low": 5.0, "ratio_high": 7.0}

# Effects and speed-ups ----------------------------------------------------------------------------------


def row(experiment, kind, arm, **changed):
    """A cell that is drawn, in which nothing is known; ``low`` and ``high`` are those of the gap."""
    family = "tracking" if experiment == "appendix_tracking" else "river_poker"
    return {
        "experiment": experiment, "family": family, "base_kind": kind, "arm": arm, "learning_rate": 16.0,
        "perturbation": 0.5, "gap": 0.1, "low": 0.3, "high": 0.4, "level": 0.02, "rate_shown": True,
        "perturbation_shown": True, "ratio": math.nan, "ratio_low": math.nan, "ratio_high": math.nan,
        "speed_up": math.nan, "speed_up_low": math.nan, "speed_up_high": math.nan, "status": "neither",
    } | changed  # fmt: skip


def effect_of(places):
    """Experiments and kinds in turn, of which every other is not drawn: it counts all the same."""

    def made(arm, k, low, ratio, high):
        experiment, kind = places[k]
        spans = {"ratio": ratio, "ratio_low": low, "ratio_high": high}
        return row(experiment, kind, arm, learning_rate=0.1 * k, rate_shown=k % 2 == 0, **spans)

    return made


ON_POKER = [(POKER[0], "random"), (POKER[0], "sorted"), (POKER[1], "random"), (POKER[2], "random")]
ON_TRACKING = [("appendix_tracking", kind) for kind in ("shared", "own", "shared", "own")]
EFFECTS = {
    "larger-tasks-poker": Effects("appendix", effect_of(ON_POKER), "best_response", ("output_policy", "stage_average")),
    "larger-tasks-tracking": Effects("appendix", effect_of(ON_TRACKING), "carry_over"),
}
SPEEDS = {
    "larger-tasks-iterations-poker": (POKER[0], "random", "best_response"),
    "larger-tasks-iterations-poker-large": (POKER[1], "random", "best_response"),
    "larger-tasks-iterations-poker-long": (POKER[2], "random", "best_response"),
    "larger-tasks-iterations-tracking": ("appendix_tracking", "shared", "carry_over"),
}
"""Experiment, kind and arm of each claim."""


def speed_of(place):
    def made(k, low, value, high, status):
        spans = {"speed_up": value, "speed_up_low": low, "speed_up_high": high}
        return row(*place, level=0.1**k, status=status, **spans)

    return made


def not_drawn(place):
    """Cells that are not drawn, other experiments, kinds and arms: meta-learning is slower there."""
    experiment, kind, arm = place
    others = [(other, kind, arm) for other in (*POKER, "appendix_tracking") if other != experiment]
    others += [(experiment, other, arm) for other in ("random", "sorted", "shared", "own") if other != kind]
    others += [(experiment, kind, other) for other in ("individual", "other", "best_response", "carry_over")
               if other != arm]  # fmt: skip
    hidden = ({"rate_shown": False}, {"perturbation_shown": False}, {"rate_shown": False, "perturbation_shown": False})
    return {"appendix": [row(*other, **SLOW) for other in others] + [row(*place, **SLOW, **part) for part in hidden]}


# Values and optima --------------------------------------------------------------------------------------


def excesses(*values, errors=1.0):
    """By how much values are farther from the exact ones than their gap: in pots, of poker only."""
    rows = [row(POKER[k % 3], "random", ("individual", "best_response")[k % 2], excess=value, error=errors)
            for k, value in enumerate(values)]  # fmt: skip
    return {"appendix_equilibria": rows}


TRACKED = {"appendix_equilibria": [row("appendix_tracking", "shared", arm, excess=math.nan, error=9.0)
                                   for arm in ("individual", "carry_over")]}  # fmt: skip


def shortfalls(*pairs):
    """Of carry-over and of individual learning, cell by cell; the cells of one arm are in another order."""
    rows = [row("appendix_tracking", ("shared", "own")[k % 2], arm, learning_rate=0.1 * k, error=value,
                error_low=0.0, excess=math.nan)
            for arm, i, order in (("carry_over", 0, 1), ("individual", 1, -1))
            for k, value in [(k, pair[i]) for k, pair in enumerate(pairs)][::order]]  # fmt: skip
    return {"appendix_equilibria": rows}


PLAYED = {"appendix_equilibria": [row(name, "random", arm, error=value, excess=-0.1)
                                  for name in POKER for arm, value in (("individual", 1.0), ("carry_over", 2.0))]
          + [row("appendix_tracking", "shared", "other", error=9.0, excess=math.nan)]}  # fmt: skip

# Growth -------------------------------------------------------------------------------------------------


def exponents(*lows):
    """Lower ends of the exponents of time against states, and of bytes of arrays against possible transitions."""
    what = [("iteration", "n_states"), ("array_bytes", "nonzeros"), ("iteration", "n_states"),
            ("array_bytes", "nonzeros")]  # fmt: skip
    return {"growth_exponents": [
        {"series": f"series {k}", "quantity": quantity, "against": against, "exponent": 1.5, "low": low, "high": 2.0,
         "expected": 1.0} for k, (low, (quantity, against)) in enumerate(zip(lows, what, strict=False))
    ]}  # fmt: skip


OTHER_COSTS = {"growth_exponents": [
    {"series": "series 0", "quantity": quantity, "against": against, "exponent": 3.0, "low": low, "high": 3.5,
     "expected": 1.0}
    for quantity, against, low in (("iteration", "operations", 2.0), ("iteration", "joint_actions", 2.0),
                                   ("memory", "nonzeros", 2.0), ("stage_end", "nonzeros", 2.0),
                                   ("iteration", "n_states", math.nan), ("array_bytes", "nonzeros", math.nan))
]}  # fmt: skip

EQUATION_4 = Bounds("equation 4", measurement="appendix_poker")
NOT_POKER = [
    bound_row("equation 4", "printed", "first", 9.0, measurement=name)
    for name in ("long_runs", "random_games", "appendix_poker_large", "small_step")
]

PLANTED = {
    **{claim: own.planted() for claim, own in EFFECTS.items()},
    **{claim: speed_planted("appendix", speed_of(place)) for claim, place in SPEEDS.items()},
    "larger-tasks-values": {
        HOLDS: [excesses(-0.1, 1e-6, 0.0), excesses(1e-6)],
        VIOLATED: [excesses(-0.1, 1.001e-6), excesses(1.001e-6, -0.1, -0.1), excesses(-0.1, -0.1, 1e-3)],
        INCONCLUSIVE: [TRACKED],
    },
    "larger-tasks-optimum": {
        HOLDS: [shortfalls((0.2, 0.2), (0.1, 0.3)), shortfalls((0.0, 0.0)), shortfalls((0.5, 0.6), (0.2, 0.3))],
        VIOLATED: [shortfalls((0.2001, 0.2), (0.1, 0.3)), shortfalls((0.1, 0.2), (0.6, 0.5)),
                   shortfalls((1e-9, 0.0), (0.1, 0.3))],
    },
    "larger-tasks-equation-4": EQUATION_4.planted(),
    "larger-tasks-growth": {
        HOLDS: [exponents(1.0, 0.9, 0.5, 1.0), exponents(0.9)],
        VIOLATED: [exponents(*(1.001 if k == at else 0.9 for k in range(4))) for at in range(4)],
        INCONCLUSIVE: [OTHER_COSTS],
    },
}  # fmt: skip
IGNORED = {
    "larger-tasks-poker": EFFECTS["larger-tasks-poker"].ignored(
        *(row("appendix_tracking", "shared", arm, **HURTS) for arm in ("best_response", "output_policy", "carry_over")),
        *(row(POKER[0], "random", "carry_over", **HURTS) for _ in range(2)),
    ),
    "larger-tasks-tracking": EFFECTS["larger-tasks-tracking"].ignored(
        *(row(name, "random", arm, **HURTS) for name in POKER for arm in ("carry_over", "best_response")),
        row("appendix_tracking", "shared", "best_response", **HURTS),
    ),
    **{claim: not_drawn(place) for claim, place in SPEEDS.items()},
    "larger-tasks-values": TRACKED,
    "larger-tasks-optimum": PLAYED,
    "larger-tasks-equation-4": EQUATION_4.ignored(*NOT_POKER),
    "larger-tasks-growth": OTHER_COSTS,
}


def test_the_gap_of_a_poker_claim_is_named_with_its_own_level():
    claim = "larger-tasks-iterations-poker"
    found = JUDGES[claim](frames({"appendix": [speed_of(SPEEDS[claim])(2, 2.5, 3.0, 4.0, "at least")]}))
    assert plain(found.result).endswith("speed-up at least 3 [2.5, 4] at NE-gap 0.01.")
