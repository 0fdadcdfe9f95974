"""Claims of general-sum games, judged on planted tables on both sides of each threshold.

Each has a table in which it holds, one in which a single cell turns the verdict, and ones in which that cell is where
it must not count: another claim, form, total, arm, schedule or perturbation.
"""

import numpy as np
import pandas as pd
import pytest
from planted import OVER, UNDER, Bounds, Effects, bound_row, joined, judges_of

from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, REPAIRED, VACUOUS, VIOLATED
from metanash_replication.topics.general_sum.claims import CLAIMS

JUDGES = judges_of(CLAIMS)
TOLD, EXACT = "theorem 5", "theorem 5, exact CCE-gap"
ELEVEN, SIX = "equation 11", "theorem 6: theorem 5, mean over games"
WORST, TERM, CUBIC = "repaired: worst best response", "repaired: burn-in term", "proven: third power of eta"
FORMS = ("printed", WORST, TERM, CUBIC)
RANDOM, LONG, BURN_IN = "random games, random, H=2, N=2", "long runs, random, H=3, N=2, quarter rate", "burn-in, H=1"


def row(claim, form, setting, left=0.5, *, total=False):
    """A row of a setting of the kind that its name begins with."""
    return bound_row(claim, form, setting, left, total=total, file=f"theory/{setting[0]}.npz")


def planted(*changes):
    """Everything that the claims of bounds are judged on, at most half of each bound; with rows changed or added."""
    rows = {}
    for claim in (TOLD, EXACT):
        for setting in (RANDOM, LONG, BURN_IN):
            rows |= {(claim, form, setting): row(claim, form, setting) for form in FORMS}
    for setting in (f"{RANDOM}, A_max=2", LONG):
        rows[ELEVEN, "printed", setting] = row(ELEVEN, "printed", setting)
    for arm in ("individual", "best_response"):
        setting = f"sequences, random, {arm}, H=2"
        rows |= {(SIX, form, setting): row(SIX, form, setting) for form in (WORST, CUBIC)}
    rows["theorem 1", "printed", RANDOM] = row("theorem 1", "printed", RANDOM)
    for made in changes:
        rows[made["claim"], made["form"], made["setting"]] = made
    return {"theory": pd.DataFrame(list(rows.values()))}


def judged(claim, *changes):
    return JUDGES[claim](planted(*changes)).name


def test_these_are_the_claims():
    assert list(JUDGES) == [
        "theorem-5", "theorem-5-exact", "equation-11", "rate-equation-11", "rate-can-be-improved", "theorem-6",
        "sharper-general-sum",
    ]  # fmt: skip


BOUNDS = {
    "theorem-5": (EXACT, "printed", RANDOM),
    "theorem-5-exact": (EXACT, "printed", RANDOM),
    "equation-11": (ELEVEN, "printed", f"{RANDOM}, A_max=2"),
    "rate-can-be-improved": (EXACT, CUBIC, RANDOM),
    "theorem-6": (SIX, CUBIC, "sequences, random, best_response, H=2"),
}
"""A row that decides each claim."""


@pytest.mark.parametrize("claim", list(BOUNDS))
def test_a_bound_holds_up_to_its_right_side_and_no_further(claim):
    place = BOUNDS[claim]
    assert judged(claim) == HOLDS
    assert judged(claim, row(*place, UNDER)) == HOLDS
    assert judged(claim, row(*place, OVER)) in {VIOLATED, REPAIRED}
    found = JUDGES[claim](planted(row(*place, OVER)))
    assert (found.worst, found.row, found.files) == (place[2], place[0], (f"theory/{place[2][0]}.npz",))
    assert "violated in 1 of " in plain(found.headline)


@pytest.mark.parametrize("claim", list(BOUNDS))
def test_a_total_a_refuted_form_and_another_claim_do_not_count(claim):
    name, form, setting = BOUNDS[claim]
    others = [
        row(name, form, "random games, all", OVER, total=True),
        row("theorem 1", form, RANDOM, OVER),
        *(row(other, form, setting, OVER) for other, *_ in BOUNDS.values() if other != name),
    ]
    assert judged(claim, *others) == HOLDS


@pytest.mark.parametrize("claim", list(BOUNDS))
def test_a_bound_that_is_above_the_trivial_range_is_vacuous(claim):
    tables = planted()
    tables["theory"]["first_informative"] = np.nan
    assert JUDGES[claim](tables).name == VACUOUS
    assert JUDGES[claim]({"theory": tables["theory"].iloc[-1:]}).name == INCONCLUSIVE  # Theorem 1 only


@pytest.mark.parametrize("setting", [RANDOM, LONG, BURN_IN])
def test_theorem_5_is_about_random_games_long_runs_and_burn_in(setting):
    assert judged("theorem-5", row(EXACT, "printed", setting, OVER)) == REPAIRED
    assert judged("rate-can-be-improved", row(EXACT, CUBIC, setting, OVER)) == VIOLATED
    exact = REPAIRED if setting == RANDOM else HOLDS
    assert judged("theorem-5-exact", row(EXACT, "printed", setting, OVER)) == exact


@pytest.mark.parametrize("claim", ["theorem-5", "theorem-5-exact"])
def test_theorem_5_is_repaired_if_one_repair_is_never_exceeded(claim):
    printed = row(EXACT, "printed", RANDOM, OVER)
    violated = [row(EXACT, form, RANDOM, OVER) for form in (WORST, TERM, CUBIC)]
    assert judged(claim, printed, *violated) == VIOLATED
    for k in range(3):
        assert judged(claim, printed, *violated[:k], *violated[k + 1 :]) == REPAIRED
    assert judged(claim, *violated) == HOLDS  # what the paper prints is never exceeded


def test_who_is_told_the_stage_exceeds_nothing_where_the_exact_gap_does_not():
    told = [row(TOLD, form, setting, OVER) for form in FORMS for setting in (RANDOM, LONG, BURN_IN)]
    for claim in ("theorem-5", "theorem-5-exact", "rate-can-be-improved"):
        assert judged(claim, *told) == HOLDS, claim


def test_where_only_the_bound_is_known_it_confirms_and_does_not_refute():
    """Long runs of five steps: nothing exact. Games of which one of two runs is exact are judged by the bound, too."""
    large = "long runs, random, H=5, N=2, quarter rate"
    part = row(EXACT, "printed", RANDOM) | {"runs": 1}
    for place, changes in ((large, []), (RANDOM, [part])):
        assert judged("theorem-5", row(TOLD, "printed", place, UNDER), *changes) == HOLDS
        assert judged("theorem-5", row(TOLD, "printed", place, OVER), *changes) == INCONCLUSIVE
    assert judged("rate-can-be-improved", row(TOLD, CUBIC, large, UNDER)) == HOLDS
    assert judged("rate-can-be-improved", row(TOLD, CUBIC, large, OVER)) == INCONCLUSIVE
    assert judged("theorem-5-exact", row(TOLD, "printed", RANDOM, OVER), part) == HOLDS
    assert judged("theorem-5", row(TOLD, WORST, large, OVER), row(EXACT, "printed", RANDOM, OVER)) == REPAIRED
    bounds = [row(TOLD, form, large, OVER) for form in (WORST, TERM, CUBIC)]
    assert judged("theorem-5", row(EXACT, "printed", RANDOM, OVER), *bounds) == VIOLATED


@pytest.mark.parametrize("form", ["printed", WORST, TERM])
def test_the_better_rate_is_that_of_the_form_with_the_third_power(form):
    assert judged("rate-can-be-improved", row(EXACT, form, RANDOM, OVER)) == HOLDS


def test_equation_11_has_no_repair_and_theorem_6_that_at_the_worst_best_response():
    assert judged("equation-11", row(ELEVEN, "printed", LONG, OVER)) == VIOLATED
    assert judged("equation-11", row(ELEVEN, WORST, LONG, OVER)) == HOLDS
    place = BOUNDS["theorem-6"][2]
    assert judged("theorem-6", row(SIX, WORST, place, OVER)) == HOLDS
    assert judged("theorem-6", row(SIX, CUBIC, place, OVER)) == REPAIRED
    assert judged("theorem-6", row(SIX, CUBIC, place, OVER), row(SIX, WORST, place, OVER)) == VIOLATED
    assert judged("theorem-6", row(SIX, CUBIC, "sequences, random, individual, H=2", OVER)) == REPAIRED


# Rates --------------------------------------------------------------------------------------------------


def growth_of(**verdicts):
    """Rows of ``rate_growth.csv``; the later, the nearer to a power."""
    rows = []
    for k, (setting, verdict) in enumerate(verdicts.items()):
        rows.append(
            {"horizon": int(setting[1]), "n_players": int(setting[4]), "start": 1e4, "end": 1e7, "verdict": verdict,
             "misfit_affine": 0.001, "misfit_power": 0.02, "increment": 2.0, "increment_low": 1.9,
             "increment_high": 2.1,
             "power": 0.1, "power_low": 0.09, "power_high": 0.11, "advantage_low": 0.3 - 0.1 * k}
        )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("verdicts", "wanted", "worst"),
    [
        ({"H1_N2": "consistent", "H2_N3": "consistent"}, HOLDS, "H=2, N=3"),
        ({"H1_N2": "consistent", "H2_N3": "violated"}, VIOLATED, "H=2, N=3"),
        ({"H1_N2": "violated", "H2_N3": "inconclusive"}, VIOLATED, "H=1, N=2"),
        ({"H1_N2": "inconclusive", "H2_N3": "consistent"}, INCONCLUSIVE, "H=1, N=2"),
        ({"H1_N2": "", "H2_N3": "consistent"}, HOLDS, "H=2, N=3"),
        ({"H1_N2": "", "H2_N3": ""}, INCONCLUSIVE, ""),
    ],
)
def test_the_rate_of_equation_11_is_judged_by_growth(verdicts, wanted, worst):
    """Slopes decide nothing, and settings with too few T are left out."""
    tables = {"rate_growth": growth_of(**verdicts)}
    found = JUDGES["rate-equation-11"](tables)
    assert (found.name, found.worst) == (wanted, worst)
    assert ("eta T" in found.result) == (worst != "")


# Benefit ------------------------------------------------------------------------------------------------

HELPS, UNCLEAR, HURTS, NEARLY = (-0.2, -0.1), (-0.1, 0.1), (0.0275, 0.2275), (0.027, 0.227)
"""Of four settings at once: .1 times 2.4977 / 1.9600, the normal quantiles of .0125 and .05, is .12744."""


def benefit(changes=(), without=()):
    """Three arms help in the reference, at all perturbations and on other kinds of games; with cells planted."""
    settings = [("random", 0.1), ("random", 0.0), ("random", 0.4), ("shapley", 0.1), ("chicken", 0.1)]
    cells = {
        (arm, *setting): HELPS for arm in ("best_response", "stage_average", "output_policy") for setting in settings
    }
    cells |= {("individual", *setting): (0.0, 0.0) for setting in settings}
    cells |= dict(changes)
    sizes = {"horizon": 2, "n_players": 2, "max_actions": 2, "games": 10}
    rows = [
        {"arm": arm, "base_kind": kind, **sizes, "perturbation": size, "difference": (low + high) / 2,
         "difference_low": low, "difference_high": high}
        for (arm, kind, size), (low, high) in cells.items() if arm not in without
    ]  # fmt: skip
    return JUDGES["sharper-general-sum"]({"general_sequences": pd.DataFrame(rows)})


PAPER = "best_response"


def test_meta_learning_is_sharper_if_its_interval_is_below_0_in_every_setting():
    found = benefit()
    assert found.name == HOLDS
    assert plain(found.headline).startswith("Meta: best responses (5): helps in 4, hurts in none of 4 settings")
    assert benefit({(PAPER, "random", 0.0): (-0.2, -1e-6)}).name == HOLDS
    assert benefit({(PAPER, "random", 0.0): (-0.2, 1e-6)}).name == INCONCLUSIVE
    assert benefit({(PAPER, "shapley", 0.1): UNCLEAR}).name == INCONCLUSIVE
    assert benefit({(PAPER, "shapley", 0.1): NEARLY}).name == INCONCLUSIVE
    assert benefit(without=[PAPER]).name == INCONCLUSIVE


@pytest.mark.parametrize("setting", [("random", 0.1), ("random", 0.0), ("shapley", 0.1), ("chicken", 0.1)])
def test_it_is_not_if_it_hurts_in_one(setting):
    found = benefit({(PAPER, *setting): HURTS})
    assert found.name == REPAIRED
    assert found.worst == f"{setting[0]}, H=2, N=2, A=2, K=10, perturbation={setting[1]:g}"
    both = {(arm, *setting): HURTS for arm in (PAPER, "stage_average")}
    assert benefit(both).name == REPAIRED  # by output policies
    every = {(arm, *setting): UNCLEAR for arm in ("stage_average", "output_policy")}
    assert benefit(every | {(PAPER, *setting): HURTS}).name == VIOLATED
    assert benefit({(PAPER, *setting): HURTS}, without=["stage_average", "output_policy"]).name == VIOLATED


@pytest.mark.parametrize(
    "cell",
    [(PAPER, "random", 0.4), ("individual", "random", 0.1), ("output_policy", "random", 0.1), ("other", "random", 0.1)],
)
def test_dissimilar_games_and_other_arms_do_not_count(cell):
    assert benefit({cell: HURTS}).name == HOLDS


def test_a_repair_is_judged_on_similar_games_too():
    hurt = {(PAPER, "shapley", 0.1): HURTS}
    apart = {("stage_average", "random", 0.4): HURTS, ("output_policy", "random", 0.4): HURTS}
    assert benefit(hurt | apart).name == REPAIRED


# Registry -----------------------------------------------------------------------------------------------

PLACES = (RANDOM, LONG, BURN_IN)
THEOREM_5 = Bounds(EXACT, repairs=(WORST, TERM, CUBIC), settings=PLACES)
ON_RANDOM_GAMES = Bounds(EXACT, repairs=(WORST, TERM, CUBIC), settings=[f"{RANDOM}, {k}" for k in range(3)])
EQUATION_11, BETTER_RATE = Bounds(ELEVEN, settings=PLACES), Bounds(EXACT, CUBIC, settings=PLACES)
THEOREM_6 = Bounds(SIX, CUBIC, (WORST,))
TOLD_ONLY = Bounds(TOLD, repairs=(WORST, TERM, CUBIC), settings=PLACES)
OTHERS = {
    "theorem-5": (EQUATION_11, THEOREM_6), "theorem-5-exact": (EQUATION_11, THEOREM_6, TOLD_ONLY),
    "equation-11": (THEOREM_5, THEOREM_6, TOLD_ONLY), "rate-can-be-improved": (EQUATION_11, THEOREM_6),
    "theorem-6": (EQUATION_11, THEOREM_5, TOLD_ONLY),
}  # fmt: skip
"""Bounds that a claim is not about."""
OF_BOUNDS = {"theorem-5": THEOREM_5, "theorem-5-exact": ON_RANDOM_GAMES, "equation-11": EQUATION_11,
             "rate-can-be-improved": BETTER_RATE, "theorem-6": THEOREM_6}  # fmt: skip


def unlike(claim):
    """Rows over the right side: of other forms and bounds, and totals."""
    own = OF_BOUNDS[claim]
    printed = [] if own.printed == "printed" else [row(own.claim, "printed", RANDOM, 9.0)]
    over = [other.tables(over=[(other.printed, 0), *((form, 0) for form in other.repairs)]) for other in OTHERS[claim]]
    return joined(own.ignored(*printed), *over)


def difference_of(arm, k, low, value, high, **place):
    own = {"arm": arm, "base_kind": "random", "horizon": 2, "n_players": 2, "max_actions": 2, "games": 10 + k,
           "perturbation": 0.0 if k == 3 else 0.1}  # fmt: skip
    return own | {"difference": value, "difference_low": low, "difference_high": high} | place


BENEFIT = Effects("general_sequences", difference_of, PAPER, ("stage_average", "output_policy"), difference=True)
UNLIKE = [difference_of(arm, 0, 5.0, 6.0, 7.0, perturbation=size)
          for arm in (PAPER, "stage_average", "output_policy") for size in (0.11, 0.4)]  # fmt: skip


def prescribed(**verdicts):
    return {"rate_growth": growth_of(**verdicts).to_dict("records")}


PLANTED = {
    **{claim: bounds.planted() for claim, bounds in OF_BOUNDS.items()},
    "rate-equation-11": {
        HOLDS: [prescribed(H1_N2="consistent", H2_N3="consistent"), prescribed(H1_N2="consistent", H2_N3="")],
        VIOLATED: [prescribed(H1_N2="consistent", H2_N3="violated"),
                   prescribed(H1_N2="violated", H2_N3="inconclusive")],
        INCONCLUSIVE: [prescribed(H1_N2="consistent", H2_N3="inconclusive"), prescribed(H1_N2="", H2_N3="")],
    },
    "sharper-general-sum": BENEFIT.planted(),
}  # fmt: skip
IGNORED = {
    **{claim: unlike(claim) for claim in OF_BOUNDS},
    "rate-equation-11": prescribed(H1_N2="", H2_N3=np.nan),  # too few T for a verdict
    "sharper-general-sum": BENEFIT.ignored(*UNLIKE),
}  # fmt: skip
