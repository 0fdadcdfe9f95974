"""Claims of the simulations, judged on planted tables on both sides of each threshold."""

import pytest
from planted import Effects, each_planted, frames, joined, judges_of, speed_planted, turned

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


def of_others(place):
    """Other panels, kinds of games and arms, in which meta-learning is slower."""
    figure, kind, arm = place
    places = [(other, kind, arm) for other in ("1a", "1b", "1b_theory", "appendix_poker") if other != figure]
    places += [(figure, other, arm) for other in ("pure", "mixed", "team", "action_independent") if other != kind]
    arms = ("individual", "other", "best_response", "carry_over")
    places += [(figure, kind, other) for other in arms if other != arm]
    return {"speed_up": [speed_of(*other)(k, 0.1, 0.2, 0.3, "measured") for other in places for k in range(3)]}


# Equilibria ---------------------------------------------------------------------------------------------


def equilibria(*probabilities, kind="mixed", state=1, other=0.5, column="mu_a1"):
    """A player's equilibrium of one game after the other; the opponent's does not move."""
    columns = {"mu_a1", "nu_b1"}
    return [
        {"base_kind": kind, "game": k, "state": state, "value": 9.0 * k}
        | {name: p if name == column else other for name in columns}
        for k, p in enumerate(probabilities)
    ]  # fmt: skip


NARROW = (0.2, 0.3, 0.7)

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
    **{claim: speed_planted("speed_up", speed_of(*place)) for claim, place in FIGURES.items()},
    "figure-1c": {
        HOLDS: [
            {"equilibria": equilibria(0.2, 0.3, 0.7)},
            {"equilibria": equilibria(0.75, 0.25, 0.5, column="nu_b1") + equilibria(0.1, 0.5, 0.6)},
            # each state and kind by itself
            {"equilibria": equilibria(0.1, 0.2) + equilibria(0.8, 0.9, state=2) + equilibria(0.5, kind="pure")},
            {"equilibria": equilibria(0.1, 0.2) + equilibria(0.8, 0.9, kind="pure")},
            {"equilibria": equilibria(0.0)},
        ],
        VIOLATED: [
            {"equilibria": equilibria(0.2, 0.5, 0.8)},  # a range of .6
            {"equilibria": equilibria(0.7001, 0.3, 0.2)},
            {"equilibria": equilibria(0.2, 0.8, column="nu_b1")},
            *({"equilibria": equilibria(0.2, 0.8, **place) + equilibria(0.5, 0.5, state=3) + equilibria(0.5, kind="a")}
              for place in ({}, {"state": 2}, {"kind": "pure"}, {"kind": "pure", "state": 4, "column": "nu_b1"})),
        ],
    },
    "simulations-zero-sum": SWEEPS["simulations-zero-sum"].planted(),
    "simulations-potential": SWEEPS["simulations-potential"].planted(),
}  # fmt: skip
IGNORED = {
    "figure-1c": {},  # every row is about the claim
    **{claim: of_others(place) for claim, place in FIGURES.items()},
    **{claim: sweep.ignored(*not_of(claim)) for claim, sweep in SWEEPS.items()},
}


@pytest.mark.parametrize(("claim", "verdict", "tables"), each_planted(PLANTED))
def test_planted_tables(claim, verdict, tables):
    assert JUDGES[claim](frames(tables)).name == verdict


@pytest.mark.parametrize("claim", [claim for claim, rows in IGNORED.items() if rows])
def test_rows_of_something_else_turn_nothing(claim):
    assert turned(JUDGES[claim], PLANTED[claim], IGNORED[claim]) == []
    assert JUDGES[claim](frames(IGNORED[claim])).name == INCONCLUSIVE


@pytest.mark.parametrize("claim", list(FIGURES))
def test_variants_of_an_arm_are_told_and_not_judged(claim):
    """Beside best responses stage averages and output policies; beside carry-over none."""
    figure, kind, arm = FIGURES[claim]
    own = {"speed_up": [speed_of(figure, kind, arm)(1, 2.5, 3.0, 4.0, "measured")]}
    names = ("output_policy", "stage_average")
    slow = {"speed_up": [speed_of(figure, kind, name)(1, 0.1, 0.25, 0.3, "measured") for name in names]}
    found = JUDGES[claim](frames(joined(slow, own)))
    assert (found.name, found.worst) == (HOLDS, f"{kind}, {arm}")
    assert plain(found.result).count("speed-up 0.25 [0.1, 0.3]") == (2 if figure == "1a" else 0)


def test_the_widest_range_is_told():
    rows = equilibria(*NARROW) + equilibria(0.1, 0.95, 0.4, state=2, column="nu_b1") + equilibria(0.1, 0.9, kind="pure")
    found = JUDGES["figure-1c"](frames({"equilibria": rows}))
    assert (found.name, found.worst) == (VIOLATED, "mixed, state=2")
    assert plain(found.result) == "2 of 3 cases fail; worst: a range of 0.85 beside 0.5 (mixed, state=2)."


def test_identical_games_are_similar_and_those_of_figure_1_are():
    """Perturbed by 0 and by .1: both decide."""
    for claim, sweep in SWEEPS.items():
        for k in (0, 1):
            assert JUDGES[claim](frames(sweep.tables({k: sweep.unclear}))).name == INCONCLUSIVE
