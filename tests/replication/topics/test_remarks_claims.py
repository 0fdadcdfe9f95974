"""Claims that are sentences of the text, judged on planted tables on both sides of each threshold."""

from planted import Bounds, Effects, judges_of

from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, VIOLATED
from metanash_replication.topics.remarks.claims import CLAIMS

JUDGES = judges_of(CLAIMS)
WORST, TERM = "repaired: worst best response", "repaired: burn-in term"
PROVEN = "proven: any best response"
INITIAL = Bounds("theorem 1, random initial states", PROVEN, (WORST, TERM))
THEOREM_1 = Bounds("theorem 1", PROVEN, (WORST, TERM))

# Iterates -----------------------------------------------------------------------------------------------


def restarts(first=(0.3, 0.4, 0.5), last=(0.1, 0.2, 0.3), average=(0.1, 0.2, 0.3), kind="mixed", early=(5.0, 6.0, 7.0)):
    """Gap at the largest T over that at the start, for each iterate; what it is earlier decides nothing."""
    spans = {"last": last, "first": first, "average": average}
    return [
        {"base_kind": kind, "iterate": iterate, "iteration": t, "ratio_low": low, "ratio": ratio, "ratio_high": high}
        for iterate, own in spans.items() for t, (low, ratio, high) in ((1000, own), (10, early))
    ]  # fmt: skip


# Contrasts ----------------------------------------------------------------------------------------------

INCREMENTAL = "incremental, mirror descent"


def rates(incremental=0.95, leader=0.4, stages=0.3):
    """Mean regret at the largest T over that at the smallest; what it is earlier decides nothing."""
    ratios = {INCREMENTAL: incremental, "incremental, leader": leader, "stages, mirror descent": stages}
    return {"dynamic_rates": [{"algorithm": name, "iteration": t, "ratio": ratio}
                              for name, own in ratios.items() for t, ratio in ((1000, own), (10, 0.7))]}  # fmt: skip


def leaders(*differences):
    return {"leaders": [{"seed": k, "difference": value} for k, value in enumerate(differences)]}


def several(same, random):
    """Dissimilarity from the same initial policies and from random ones, seed by seed."""
    return {"several_equilibria": [{"seed": k, "start": start, "similarity_per_game": value}
                                   for start, values in (("random", random), ("same", same))
                                   for k, value in enumerate(values)]}  # fmt: skip


def carried(arm, k, low, ratio, high, **place):
    own = {"base_kind": f"kind {k}", "perturbation": 0.1 if k else 0.0, "ratio": ratio, "ratio_low": low}
    return own | {"ratio_high": high, "arm": arm, "drop": 1.0, "shifted": 1.0} | place


CARRIED = Effects("carried_policies", carried, "carry_over")


def shifted(*pairs):
    """Delta_Phi of games, and of the same with half the rewards and constants on top."""
    return {"carried_policies": [{"base_kind": "team", "perturbation": 0.1 * k, "drop": drop, "shifted": value}
                                 for k, (drop, value) in enumerate(pairs)]}  # fmt: skip


# Bounds -------------------------------------------------------------------------------------------------


def last_terms(*ratios, horizon=2):
    """(6) of identical games over (4), by K = 10, 100, ..."""
    return [{"horizon": horizon, "max_actions": 2, "games": 10 ** (k + 1), "ratio": ratio}
            for k, ratio in enumerate(ratios)]  # fmt: skip


def grown(*spans):
    return {"bound_growth": [
        {"number": f"number {k}", "bound": "H^5", "least": 1, "most": 8, "factor": 9.0, "side": 3.0, "exponent": value,
         "low": low, "high": high} for k, (low, value, high) in enumerate(spans)
    ]}  # fmt: skip


SLOW, FAST = (0.1, 0.2, 0.3), (1.001, 1.1, 1.2)
PLANTED = {
    "iterates-converge": {
        HOLDS: [{"restarts": restarts()}, {"restarts": restarts() + restarts(kind="pure", last=(0.3, 0.4, 0.5))}],
        VIOLATED: [
            {"restarts": restarts(first=(0.501, 0.6, 0.7))},
            {"restarts": restarts() + restarts(kind="pure", first=(0.501, 0.6, 0.7))},
            {"restarts": restarts(kind="pure", average=(0.501, 0.6, 0.7)) + restarts()},
        ],
        INCONCLUSIVE: [
            {"restarts": restarts(first=(0.3, 0.4, 0.501))},
            {"restarts": restarts(first=(0.5, 0.6, 0.7)) + restarts(kind="pure")},
            {"restarts": restarts() + restarts(kind="pure", last=(0.3, 0.4, 0.501))},
        ],
    },
    "mirror-descent-or-leader": {
        HOLDS: [leaders(0.1, 1e-10, 0.3)],
        VIOLATED: [leaders(0.1, 0.9e-10, 0.3), leaders(0.0, 0.1), leaders(0.1, 0.2, 0.0)],
    },
    "dynamic-rates": {
        HOLDS: [rates(), rates(0.9001, 0.5, 0.5), rates(1.2, 0.0, 0.0)],
        VIOLATED: [rates(incremental=0.899), rates(leader=0.501), rates(stages=0.501)],
    },
    "random-initial-states": INITIAL.planted(),
    "several-equilibria": {
        HOLDS: [several([0.0, 0.0, 0.0], [1.0, 2.0, 3.0]), several([0.0, 0.2, 0.1], [1.0, 2.0, 3.0])],
        VIOLATED: [several([0.0, 0.201, 0.0], [1.0, 2.0, 3.0]), several([0.201, 0.0], [3.0, 1.0]),
                   several([0.0, 0.0, 1e-9], [0.0, 0.0, 0.0])],
    },
    "last-terms-negligible": {
        HOLDS: [{"last_terms": last_terms(9.0, 0.5, 0.0999)},
                {"last_terms": last_terms(9.0, 0.05) + last_terms(50.0, 5.0, 0.09, horizon=5)}],
        INCONCLUSIVE: [{"last_terms": last_terms(9.0, 0.5, 0.1)},
                       {"last_terms": last_terms(9.0, 0.05) + last_terms(50.0, 5.0, 0.5, horizon=5)},
                       {"last_terms": last_terms(50.0, 5.0, 0.5, horizon=5) + last_terms(9.0, 0.05)}],
    },
    "growth-of-bounds": {
        HOLDS: [grown(SLOW, (0.8, 0.9, 1.0), SLOW)],
        VIOLATED: [grown(SLOW, FAST, SLOW), grown(FAST, SLOW), grown(SLOW, FAST)],
        INCONCLUSIVE: [grown(SLOW, (0.8, 0.9, 1.001)), grown((1.0, 1.1, 1.2), SLOW), grown((0.9, 1.1, 1.2))],
    },
    "carried-policy": {
        verdict: [tables for tables in some if any(row["arm"] == "carry_over" for row in tables["carried_policies"])]
        for verdict, some in CARRIED.planted().items()
    },
    "potential-metric": {
        HOLDS: [shifted((1.0, 0.5), (2.0, 1.0999), (1.0, 0.451))],
        VIOLATED: [shifted((1.0, 0.5), (2.0, 1.101), (1.0, 0.5)), shifted((1.0, 0.449), (1.0, 0.5)),
                   shifted((1.0, 0.5), (1.0, 1.0)), shifted((0.0, 0.1))],
    },
}  # fmt: skip
IGNORED = {
    "iterates-converge": {},  # every row is about the claim, and so it is where nothing else is said
    "mirror-descent-or-leader": {},
    "dynamic-rates": {},
    "random-initial-states": INITIAL.ignored(*THEOREM_1.tables(over=[(PROVEN, 0), (WORST, 0), (TERM, 0)])["theory"]),
    "several-equilibria": {},
    "last-terms-negligible": {},
    "growth-of-bounds": {},
    "carried-policy": {"carried_policies": [carried("", 9, 5.0, 6.0, 7.0, perturbation=size)
                                            for size in (0.1 + 1e-9, 0.2, 0.4)]},
    "potential-metric": {},
}  # fmt: skip
