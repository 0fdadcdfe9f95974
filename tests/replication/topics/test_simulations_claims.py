"""Claims of the simulations, judged on planted tables on both sides of each threshold."""

import pytest
from planted import Effects, frames, joined, judges_of, speed_planted

from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, VIOLATED
from metanash_replication.topics.simulations.claims import CLAIMS

JUDGES = judges_of(CLAIMS)

# Speed-ups ----------------------------------------------------------------------------------------------

FIGURES = {
    "figure-1a-pure": ("1a", "pure", "best_response"),
    "figure-1a-mixed": ("1a", "mixed", "best_response"),
    "figure-1b-team": ("1b", "team", "carry_over"),
    "figure-1b-action-independent": ("1b", "action_independent", "carry_over"),
    "figure-1b-team-theory-step": ("1b_theory", "team", "carry_over"),
    "figure-1b-action-independent-theory-step": ("1b_theory", "action_independent", "carry_over"),
}
"""Panel, kind of games and arm of each claim."""


def speed_of(figure, kind, arm):
    def row(k, low, value, high, status):
        return {"figure": figure, "base_kind": kind, "arm": arm, "ne_gap": 0.1**k, "speed_up": value, "low": low,
                "high": high, "status": status}  # fmt: skip

    return row


def scaling(kind, *differences):
    """Curves at other steps beside those at the theory's, relative."""
    return [{"base_kind": kind, "step_factor": 10.0**k, "difference": d} for k, d in enumerate(differences)]


def planted_speeds(claim):
    """At the step of the theory curves have to scale with the step, up to one percent."""
    cases = speed_planted("speed_up", speed_of(*FIGURES[claim]))
    if not claim.endswith("theory-step"):
        return cases
    kind = FIGURES[claim][1]
    same = {"step_scaling": scaling(kind, 0.0, 0.01, -0.01)}
    apart = [{"step_scaling": scaling(kind, *spans)} for spans in ((0.0, -0.0101, 0.0), (0.0101,), (0.0, 0.0, 0.02))]
    scaled = {verdict: [joined(tables, same) for tables in some] for verdict, some in cases.items()}
    scaled[INCONCLUSIVE] += [joined(cases[verdict][0], part) for verdict in (HOLDS, VIOLATED) for part in apart]
    return scaled


def of_others(place):
    """Other panels, kinds of games and arms, in which meta-learning is slower."""
    figure, kind, arm = place
    places = [(other, kind, arm) for other in ("1a", "1b", "1b_theory", "appendix_poker") if other != figure]
    places += [(figure, other, arm) for other in ("pure", "mixed", "team", "action_independent") if other != kind]
    arms = ("individual", "other", "best_response", "carry_over")
    places += [(figure, kind, other) for other in arms if other != arm]
    slow = {"speed_up": [speed_of(*other)(k, 0.1, 0.2, 0.3, "measured") for other in places for k in range(3)]}
    if not figure.endswith("theory"):
        return slow
    apart = [row for other in ("team", "action_independent") if other != kind for row in scaling(other, 0.5)]
    return slow | {"step_scaling": apart}


# Equilibria ---------------------------------------------------------------------------------------------


def equilibria(*probabilities, kind="mixed", state=1, column="mu_a1", seed=0, payoffs="rewards"):
    """A player's equilibrium of one game after the other; the opponent's does not move."""
    return [
        {"base_kind": kind, "seed": seed, "payoffs": payoffs, "game": k, "state": state, "value": 9.0 * k}
        | {name: p if name == column else 0.5 for name in ("mu_a1", "nu_b1")}
        for k, p in enumerate(probabilities)
    ]  # fmt: skip


NARROW, WIDE, Q = (0.2, 0.3, 0.7), (0.2, 0.5, 0.8), "Q-functions"


def sequences(kind, ranges, payoffs="rewards", **place):
    """A sequence for each seed: one state whose equilibria do not move, and one whose do."""
    rows = [row for seed, own in enumerate(ranges)
            for row in (*equilibria(0.9, 0.9, 0.9, kind=kind, seed=seed, payoffs=payoffs),
                        *equilibria(*own, kind=kind, state=2, seed=seed, payoffs=payoffs, **place))]  # fmt: skip
    return {"equilibria": rows}


def close(kind):
    """15 of 20 are most, 5 are not, and 14 may be either: exact intervals from .51, up to .49, from .46 to .88."""
    return {
        HOLDS: [sequences(kind, [NARROW] * 15 + [WIDE] * 5, column=column) for column in ("mu_a1", "nu_b1")],
        VIOLATED: [sequences(kind, [WIDE] * 15 + [NARROW] * 5, column=column) for column in ("mu_a1", "nu_b1")],
        INCONCLUSIVE: [sequences(kind, [NARROW] * 14 + [WIDE] * 6), sequences(kind, [WIDE])],
    }


def not_close(kind):
    """The other kind, and the equilibria in Q-functions."""
    other = {"mixed": "pure", "pure": "mixed"}[kind]
    return joined(sequences(other, [WIDE] * 30), sequences(other, [WIDE] * 30, Q), sequences(kind, [WIDE] * 30, Q))


# Sensitivity --------------------------------------------------------------------------------------------

KINDS = {"simulations-zero-sum": ("mixed", "pure"), "simulations-potential": ("team", "action_independent")}


def cell_of(kinds):
    """Cells of both kinds at learning rates of their own, one of them of identical games."""

    def row(arm, k, low, ratio, high, **place):
        own = {"base_kind": kinds[k % 2], "learning_rate": 0.1 * 2**k, "perturbation": 0.0 if k == 0 else 0.1}
        return own | {"arm": arm, "ratio": ratio, "ratio_low": low, "ratio_high": high} | place

    return row


SWEEPS = {
    "simulations-zero-sum": Effects("sensitivity", cell_of(("mixed", "pure")), "best_response",
                                    ("output_policy", "stage_average")),
    "simulations-potential": Effects("sensitivity", cell_of(("team", "action_independent")), "carry_over"),
}  # fmt: skip


def not_of(claim):
    """Games that are perturbed more than those of Figure 1, and games of the other kinds and of none."""
    sweep = SWEEPS[claim]
    arms = (sweep.arm, *sweep.repairs)
    others = [kind for name, kinds in KINDS.items() for kind in kinds if name != claim]
    far = [sweep.row(arm, k, 5.0, 6.0, 7.0, perturbation=size)
           for arm in arms for k in (0, 1) for size in (0.1 + 1e-9, 0.2, 0.4)]  # fmt: skip
    kinds = [*others, "random", "river"]
    return far + [sweep.row(arm, k, 5.0, 6.0, 7.0, base_kind=kind) for arm in arms for k in (0, 1) for kind in kinds]


PLANTED = {
    **{claim: planted_speeds(claim) for claim in FIGURES},
    **{f"figure-1c-{kind}": close(kind) for kind in ("mixed", "pure")},
    "figure-1c-q-functions": {
        HOLDS: [joined(sequences("mixed", [NARROW] * 3), sequences("mixed", [NARROW, NARROW, WIDE], Q)),
                joined(sequences("pure", [NARROW]), sequences("pure", [WIDE], Q),
                       sequences("mixed", [WIDE]), sequences("mixed", [NARROW], Q))],
        VIOLATED: [joined(sequences("mixed", [NARROW, WIDE]), sequences("mixed", [NARROW, WIDE], Q)),
                   joined(sequences("mixed", [WIDE, WIDE]), sequences("mixed", [NARROW, NARROW], Q))],
    },
    "simulations-zero-sum": SWEEPS["simulations-zero-sum"].planted(),
    "simulations-potential": SWEEPS["simulations-potential"].planted(),
}  # fmt: skip
IGNORED = {
    **{f"figure-1c-{kind}": not_close(kind) for kind in ("mixed", "pure")},
    "figure-1c-q-functions": {},  # every row is about the claim
    **{claim: of_others(place) for claim, place in FIGURES.items()},
    **{claim: sweep.ignored(*not_of(claim)) for claim, sweep in SWEEPS.items()},
}


@pytest.mark.parametrize("claim", list(FIGURES))
def test_variants_of_an_arm_are_told_and_not_judged(claim):
    """Beside best responses stage averages and output policies; beside carry-over none."""
    figure, kind, arm = FIGURES[claim]
    own = {"speed_up": [speed_of(figure, kind, arm)(1, 2.5, 3.0, 4.0, "measured")],
           "step_scaling": scaling(kind, 0.0)}  # fmt: skip
    names = ("output_policy", "stage_average")
    slow = {"speed_up": [speed_of(figure, kind, name)(1, 0.1, 0.25, 0.3, "measured") for name in names]}
    found = JUDGES[claim](frames(joined(slow, own)))
    assert (found.name, found.worst) == (HOLDS, f"{kind}, {arm}")
    assert plain(found.result).count("speed-up 0.25 [0.1, 0.3]") == (2 if figure == "1a" else 0)


def test_identical_games_are_similar_and_those_of_figure_1_are():
    """Perturbed by 0 and by .1: both decide."""
    for claim, sweep in SWEEPS.items():
        for k in (0, 1):
            assert JUDGES[claim](frames(sweep.tables({k: sweep.unclear}))).name == INCONCLUSIVE
