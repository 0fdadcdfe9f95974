"""Claims on meta-updates beside (5), judged on planted tables on both sides of each threshold."""

import math

import pytest
from planted import OVER, UNDER, frames, joined, judges_of

from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, VIOLATED
from metanash_replication.topics.updates.claims import CLAIMS

JUDGES = judges_of(CLAIMS)
ALLOWED = 1.02


def compared(kind, high, k=0, arm="tracking", beside="best_response", phase="verdict"):
    row = {
        "setting": f"{phase}-{k}", "phase": phase, "family": "zero_sum", "learner": "optimistic_mirror_descent",
        "learning_rate": 0.2, "games": 10, "iterations": 1000, "horizon": 2, "base_kind": kind, "perturbation": 0.1,
        "n_seeds": 4, "dissimilarity": 9.0, "arm": arm, "beside": beside, "gap": 0.1, "gap_low": 0.0, "gap_high": 0.2,
        "ratio": 0.4, "ratio_low": 0.3, "ratio_high": high, "allowed": ALLOWED,
    }  # fmt: skip
    return {"updates": [row]}


def several(kinds, highs, **how):
    return joined(*(compared(kinds[k % len(kinds)], high, k, **how) for k, high in enumerate(highs)))


def of_ratios(kinds, level, **how):
    return {
        HOLDS: [several(kinds, [0.5 * level, UNDER * level], **how), several(kinds, [level], **how)],
        VIOLATED: [several(kinds, [OVER * level, 0.5], **how), several(kinds, [0.5, 0.5, OVER * level], **how)],
        INCONCLUSIVE: [several(kinds, [0.5, math.nan], **how)],
    }


def other_rows(*own):
    """Far above every level: games to choose on, other kinds, updates and things beside."""
    rows = [
        compared("pure", 9.0, 5, phase="choose"), compared("mixed", 9.0, 6, phase="choose"),
        compared("random", 9.0, 7, phase="choose"), compared("pure", 9.0, 8, arm="learned"),
        compared("mixed", 9.0, 9, arm="learned"), compared("random", 9.0, 9, arm="learned"),
        compared("pure", 9.0, 10, beside="individual"), compared("mixed", 9.0, 10, beside="individual"),
        compared("random", 9.0, 10, beside="individual"),
        compared("pure", 9.0, 11, arm="tuned_tracking", beside="individual"),
        compared("pure", 9.0, 11, arm="tuned_individual", beside="individual"),
        compared("pure", 9.0, 11, arm="tuned_tracking", beside="tracking", phase="choose"),
    ]  # fmt: skip
    return joined(*rows, *(compared(kind, 9.0, 12) for kind in own))


def candidate(arm, mean, *, fits=True):
    return {
        "arm": arm, "cases": 3, "mean_ratio": mean, "largest_high": 0.9, "largest_to_individual": 1.0,
        "allowed_to_individual": 1.1, "can_be_chosen": fits, "chosen": False, "default": arm == "tracking",
    }  # fmt: skip


def choice(*rows):
    return {"updates_choice": [candidate(*row[:2], fits=row[2]) for row in rows]}


def sharper(values, arm="annealed_best_response"):
    return {
        "updates_crossover": [
            {"base_kind": "pure", "perturbation": 0.0, "games": 5 + k, "arm": arm, "tightest": value}
            for k, value in enumerate(values)
        ]
    }


def bounds(*pairs):
    return {
        "updates_bounds": [
            {"horizon": 1 + k, "n_states": 1, "max_actions": 2, "iterations": 1000, "share": 0.0, "annealed": annealed,
             "paper": paper}
            for k, (annealed, paper) in enumerate(pairs)
        ]
    }  # fmt: skip


def regret(*values):
    return {
        "updates_regret": [
            {"base_kind": "pure", "kind": kind, "averages": 4, "excess": value, "allowed": 1.0}
            for kind, value in zip(("still", "drift", "abrupt"), values, strict=False)
        ]
    }


def moved(*values, arm="tracking", kinds=("drift", "abrupt", "clusters")):
    return {
        "updates_moving": [
            {"base_kind": "mixed", "kind": kind, "arm": arm, "gap": 0.1, "ratio": 0.4, "ratio_low": 0.3,
             "ratio_high": value}
            for kind, value in zip(kinds, values, strict=False)
        ]
    }  # fmt: skip


def clusters(*pairs, kind="clusters"):
    """Upper end of what knows clusters and lower end of the default, for each base kind."""
    bases = ("mixed", "pure", "random")
    return {
        "updates_moving": [
            {
                "base_kind": base,
                "kind": kind,
                "arm": arm,
                "gap": 0.1,
                "ratio": 0.3,
                "ratio_low": low,
                "ratio_high": high,
            }
            for base, (own, default) in zip(bases, pairs, strict=False)
            for arm, low, high in (("recognised", 0.1, own), ("tracking", default, 2.0))
        ]
    }


TUNED = {"arm": "tuned_tracking", "beside": "tracking"}
PLANTED = {
    "updates-choice": {
        HOLDS: [choice(("tracking", 0.5, True), ("learned", 0.6, True), ("window", 0.4, False))],
        VIOLATED: [
            choice(("tracking", 0.5 * OVER, True), ("learned", 0.5, True)),
            choice(("tracking", 0.4, False), ("learned", 0.5, True)),
        ],
        INCONCLUSIVE: [choice(("tracking", 0.5, False), ("learned", 0.6, False))],
    },
    "updates-pure": of_ratios(["pure"], ALLOWED),
    "updates-mixed": of_ratios(["mixed"], 1.0),
    "updates-others": of_ratios(["random", "congestion"], ALLOWED),
    "updates-rate": of_ratios(["pure", "mixed", "random"], 1.0, **TUNED),
    "updates-sharper": {
        HOLDS: [sharper([0.2, UNDER]), sharper([1.0])],
        VIOLATED: [sharper([0.2, OVER]), sharper([OVER, 0.2])],
        INCONCLUSIVE: [sharper([0.2, math.nan])],
    },
    "updates-crossover": {
        HOLDS: [bounds((2.0, 900.0), (110.0, 110.0))],
        VIOLATED: [bounds((2.0, 900.0), (111.0, 110.0)), bounds((math.inf, 900.0), (2.0, 5.0))],
        INCONCLUSIVE: [bounds((2.0, 900.0), (math.nan, 110.0))],
    },
    "updates-regret": {
        HOLDS: [regret(0.1, UNDER), regret(-0.5, 0.2)],
        VIOLATED: [regret(0.1, OVER), regret(OVER, 0.1)],
        INCONCLUSIVE: [regret(0.1, math.nan)],
    },
    "updates-moving": {
        HOLDS: [moved(0.5, UNDER, 0.2), moved(1.0)],
        VIOLATED: [moved(OVER, 0.5, 0.5), moved(0.5, 0.5, OVER)],
        INCONCLUSIVE: [moved(0.5, math.nan)],
    },
    "updates-clusters": {
        HOLDS: [clusters((0.5 * UNDER, 0.5), (0.2, 0.6)), clusters((0.5, 0.5)), clusters((1.0, 1.5))],
        VIOLATED: [
            clusters((0.5 * OVER, 0.5), (0.2, 0.6)),
            clusters((0.2, 0.6), (0.5 * OVER, 0.5)),
            clusters((OVER, 1.5)),
        ],
        INCONCLUSIVE: [clusters((0.2, 0.6), (0.2, math.nan))],
    },
}
IGNORED = {
    "updates-choice": choice(("annealed_last_stage", 0.1, False)),
    "updates-pure": other_rows("mixed", "random"),
    "updates-mixed": other_rows("pure", "random"),
    "updates-others": other_rows("pure", "mixed"),
    "updates-rate": other_rows("pure", "mixed", "random"),
    "updates-sharper": joined(sharper([9.0], arm="best_response"), sharper([math.nan], arm="individual")),
    "updates-crossover": {},
    "updates-regret": {},
    "updates-moving": joined(moved(9.0, kinds=("still",)), moved(9.0, 9.0, arm="discounted")),
    "updates-clusters": joined(
        clusters((9.0, 0.1), kind="abrupt"),
        moved(9.0, arm="discounted", kinds=("clusters",)),
    ),
}


@pytest.mark.parametrize("claim", ["updates-pure", "updates-mixed", "updates-others", "updates-rate"])
def test_the_worst_case_is_named(claim):
    good, bad = (JUDGES[claim](frames(PLANTED[claim][name][0])) for name in (HOLDS, VIOLATED))
    assert plain(good.result).startswith("None of 2 cases fail")
    assert plain(bad.result).startswith("1 of 2 cases fail")
    assert bad.place["setting"] == "verdict-0"


def test_where_none_can_be_chosen_it_is_said_why():
    """And not that an infinity stands beside nothing."""
    found = JUDGES["updates-choice"](frames(choice(("tracking", 0.5, False), ("learned", 0.6, False))))
    assert found.name == INCONCLUSIVE
    assert plain(found.result) == (
        "None of the candidates can be chosen. Of the default the interval of the ratio to (5) ends at 0.9 where it "
        "ends last, and has to end below one; its ratio to individual learning is at most 1, beside 1.1."
    )


def test_the_default_that_cannot_be_chosen_fails_whatever_its_ratio():
    found = JUDGES["updates-choice"](frames(PLANTED["updates-choice"][VIOLATED][1]))
    assert found.name == VIOLATED
