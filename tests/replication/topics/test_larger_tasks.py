"""Ledger and report of the larger tasks, the user's games and the searches: what they say is what the tables say."""

import pandas as pd
import pytest
from pages import tables_read

from metanash_replication.ledger import judge_all
from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, NOT_TESTED, REPAIRED, VACUOUS, VIOLATED
from metanash_replication.paper import OUTLINES
from metanash_replication.plans import read_plan
from metanash_replication.topics.falsification import section as counterexamples
from metanash_replication.topics.larger_tasks import claims as larger_tasks
from metanash_replication.topics.larger_tasks import section as pages
from metanash_replication.topics.own_games import section as own_games

NAN = float("nan")
OWN = own_games.PARTS["own-games"]
RUNS = {run: {} for run in (
    *(f"runs/appendix_{name}/random/{arm}/block-0.npz" for name in ("poker", "poker_large", "poker_long")
      for arm in ("individual", "best_response")),
    "runs/appendix_tracking/shared/carry_over/block-0.npz",
)}  # fmt: skip


def row(experiment, arm, **changed):
    poker = "poker" in experiment
    values = {
        "experiment": experiment, "family": "river_poker" if poker else "tracking",
        "base_kind": "random" if poker else "shared", "n_actions": "27x64", "games": 10, "iterations": 1000, "arm": arm,
        "learning_rate": 16.0, "perturbation": 0.5, "unit": "pots" if poker else "reward", "gap": 0.0125, "low": 0.0121,
        "high": 0.0129, "ratio": 0.43, "ratio_low": 0.41, "ratio_high": 0.47, "level": 0.02,
        "iterations_individual": 400.0, "iterations_meta": 100.0, "speed_up": 4.0, "speed_up_low": 3.5,
        "speed_up_high": 4.5, "status": "measured", "rate_shown": True, "perturbation_shown": True,
    }  # fmt: skip
    return values | changed


def value(experiment, arm, **changed):
    poker = "poker" in experiment
    extra = {
        "checked": 20, "reference": 0.5, "reference_gap": 1e-13 if poker else NAN, "error": 0.003, "error_low": 0.002,
        "error_high": 0.004, "error_max": 0.01, "excess": -0.001 if poker else NAN,
    }  # fmt: skip
    return {**row(experiment, arm), **extra, **changed}


POKER = [f"appendix_{name}" for name in ("poker", "poker_large", "poker_long")]


def tables(appendix=(), values=(), theory=()):
    """Tables in which all claims hold, but for the rows that are given on top."""
    arms = [(name, arm) for name in POKER for arm in ("individual", "best_response", "output_policy", "stage_average")]
    arms += [("appendix_tracking", arm) for arm in ("individual", "carry_over")]
    bound = {"claim": "equation 4", "form": "printed", "setting": "appendix_poker, random", "iteration": 3,
             "ratio": 0.1, "runs": 5, "violations": 0, "unresolved": 0, "first_informative": NAN, "total": False,
             "measurement": "appendix_poker", "file": "runs/appendix_poker/random/individual/block-0.npz"}  # fmt: skip
    return {
        "appendix": pd.DataFrame([*(row(*arm) for arm in arms), *appendix]),
        "appendix_equilibria": pd.DataFrame([*(value(*arm) for arm in arms), *values]),
        "theory": pd.DataFrame([bound, *theory]),
    }


def verdicts(read):
    return {entry.claim.id: entry.verdict for entry in judge_all(read, RUNS, larger_tasks.CLAIMS)}


def test_all_hold_on_tables_made_for_it():
    found = {name: verdict.name for name, verdict in verdicts(tables()).items()}
    assert found.pop("larger-tasks-equation-4") == VACUOUS
    assert found.pop("larger-tasks-growth") == NOT_TESTED
    assert set(found.values()) == {HOLDS}
    assert len(found) == 8


@pytest.mark.parametrize(
    ("claim", "planted", "wanted"),
    [
        ("larger-tasks-poker", {"appendix": [row("appendix_poker", "best_response", ratio_high=1.01)]}, INCONCLUSIVE),
        ("larger-tasks-poker", {"appendix": [row("appendix_poker", "best_response", ratio_low=1.01, ratio_high=2.0)]},
         REPAIRED),
        ("larger-tasks-tracking", {"appendix": [row("appendix_tracking", "carry_over", ratio_low=1.1, ratio_high=2.0)]},
         VIOLATED),
        ("larger-tasks-iterations-poker", {"appendix": [row("appendix_poker", "best_response", speed_up_high=1.9,
                                                            speed_up_low=1.5)]}, VIOLATED),
        ("larger-tasks-values", {"values": [value("appendix_poker", "output_policy", excess=0.001)]}, VIOLATED),
        ("larger-tasks-equation-4", {"theory": [{
            "claim": "equation 4", "form": "printed", "setting": "appendix_poker, sorted", "iteration": 3, "ratio": 1.1,
            "runs": 5, "violations": 1, "unresolved": 0, "first_informative": NAN, "total": False,
            "measurement": "appendix_poker", "file": ""}]},
         VIOLATED),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)  # fmt: skip
def test_planted_rows_turn_the_verdict(claim, planted, wanted):
    assert verdicts(tables(**planted))[claim].name == wanted


def test_another_setting_of_equation_4_is_not_its_business():
    other = {"claim": "equation 4", "form": "printed", "setting": "appendix_, not by its name", "iteration": 3,
             "ratio": 1.1, "runs": 5, "violations": 1, "unresolved": 0, "first_informative": 2.0, "total": False,
             "measurement": "long_runs", "file": ""}  # fmt: skip
    assert verdicts(tables(theory=[other]))["larger-tasks-equation-4"].name == VACUOUS


def test_rates_that_are_not_drawn_do_not_count_as_iterations():
    slow = row("appendix_poker", "best_response", speed_up_high=1.0, speed_up_low=0.9, rate_shown=False)
    assert verdicts(tables(appendix=[slow]))["larger-tasks-iterations-poker"].name == HOLDS


@pytest.mark.parametrize(("error", "wanted"), [(0.0029, HOLDS), (0.0031, VIOLATED)])
def test_shortfall_of_carry_over(error, wanted):
    read = tables()
    own = read["appendix_equilibria"]["arm"] == "carry_over"
    read["appendix_equilibria"].loc[own, "error"] = error
    assert verdicts(read)["larger-tasks-optimum"].name == wanted


def growth(**changed):
    base = {"series": "sparse_zero_sum", "points": 9, "exponent": 0.98, "low": 0.94, "high": 1.02, "expected": 1.0}
    rows = [base | {"quantity": "iteration", "against": "n_states"},
            base | {"quantity": "array_bytes", "against": "nonzeros"},
            base | {"quantity": "memory", "against": "nonzeros", "low": NAN, "high": NAN}]  # fmt: skip
    rows[0] |= changed
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("low", "wanted"), [(0.94, HOLDS), (1.05, VIOLATED)])
def test_growth_where_it_was_measured(low, wanted):
    entries = judge_all(tables() | {"growth_exponents": growth(low=low)}, RUNS, larger_tasks.CLAIMS)
    (entry,) = (one for one in entries if one.claim.id == "larger-tasks-growth")
    assert entry.verdict.name == wanted
    assert entry.tables == ("growth_exponents",)
    (entry,) = (one for one in judge_all(tables(), RUNS, larger_tasks.CLAIMS) if one.claim.id == "larger-tasks-growth")
    assert entry.tables == ()


def test_tables_that_are_judged_are_those_read():
    """Growth is a topic of its own, which the larger tasks tell of."""
    read = tables() | {"growth_exponents": growth()}
    judges = [claim.judge for claim in larger_tasks.CLAIMS]
    judged = {*read_plan("larger_tasks").judged, *read_plan("scale").judged}
    assert tables_read([*judges, *pages.PARTS.values()], read) == {"theory", *judged}


# The report ---------------------------------------------------------------------------------------------


def text(part):
    return [[plain(cell) for cell in line] for line in part.rows]


def test_parts_cell_by_cell():
    gaps, iterations, references, claims = pages.parts(tables())
    first = text(gaps)[0]
    assert first == ["appendix_poker, 27x64, random order", "10", "1000", "16", "0.5", "meta: best responses (5)",
                     "0.0125 [0.0121, 0.0129] pots", "0.43 [0.41, 0.47]", "helps"]  # fmt: skip
    assert len(text(gaps)) == 10
    assert text(iterations)[-1][5:] == ["meta: carry-over", "0.02 reward", "400.0", "100.0", "4.00 [3.50, 4.50]"]
    assert text(references)[0][6:] == ["20", "0.003 [0.002, 0.004] pots", "-0.001", "1e-13"]
    assert text(references)[-1][7:] == ["0.003 [0.002, 0.004] reward", "", ""]
    assert claims.rows == ()


def test_growth_is_a_part_where_it_was_measured():
    (*_, part) = pages.parts(tables() | {"growth_exponents": growth()})
    assert text(part)[0] == ["sparse_zero_sum", "iteration against n states", "9", "0.98 [0.94, 1.02]", "1"]
    assert text(part)[2][3] == "0.98"


def refused(*rows):
    return pd.DataFrame(rows, columns=["own", "file", "reason"])


def test_own_games_show_the_last_gap_and_the_payoffs():
    gaps = pd.DataFrame(
        {"own": "mine", "learner": "optimistic_mirror_descent", "learning_rate": 0.2, "measure": "ne_gap",
         "arm": "individual", "game": 1, "iteration": [1, 1, 50, 50], "player": [1, 2, 2, 1],
         "gap": [0.5, 0.5, 0.125, 0.125], "gain": [0.25, 0.25, 0.0625, 0.125], "gain_in_payoffs": [2.0, 3.0, 0.5, 75.0]}
    )  # fmt: skip
    note = "mine: payoffs 1 and 2 are nearly 3"
    payoffs = pd.DataFrame(
        {"own": "mine", "arm": "individual", "game": 1, "player": [2, 1], "payoff": [-1.5, 1.5], "note": "",
         "solved": NAN, "solved_gap": NAN, "solved_by": NAN}
    )  # fmt: skip
    policies = pd.DataFrame(
        {"own": "mine", "arm": ["individual"] * 4 + ["best_response"], "game": 1, "player": [1, 1, 2, 2, 2], "step": 1,
         "state": 1, "action": [2, 1, 1, 2, 1], "probability": [0.75, 0.25, 1.0, 0.0, 0.5],
         "state_name": NAN, "action_name": NAN}
    )  # fmt: skip
    given = {"own_games": gaps, "own_payoffs": payoffs, "own_policies": policies, "own_refused": refused()}
    part, played = OWN(given)
    assert tables_read([OWN], given) == set(read_plan("own_games").judged)
    noted = {**given, "own_payoffs": payoffs.assign(note=note)}
    assert text(OWN(noted)[1]) == [["mine", note]]
    unnoted = {**given, "own_payoffs": payoffs.assign(note=NAN)}  # as a table of no notes is read
    assert len(OWN(unnoted)) == 2
    assert text(played) == [["mine", "1", "1", "1", "1", "0.250, 0.750"], ["mine", "1", "2", "1", "1", "1.000, 0.000"]]
    many = pd.concat([policies.assign(state=s) for s in range(1, 14)])
    assert len(OWN({**given, "own_policies": many})) == 1
    assert text(part) == [
        [
            "mine",
            "1",
            "optimistic mirror descent",
            "individual",
            "50",
            "0.125 (NE-gap)",
            "0.125, 0.0625",
            "75, 0.5",
            "1.5, -1.5",
        ]
    ]


def test_sections_that_need_tables_say_so():
    assert {plan.id: plan.needs for plan, _ in OUTLINES if plan.needs} == {"own-games": ("own_games",)}


def test_counterexamples_cell_by_cell():
    columns = ["title", "form", "size", "verdict", "worst_ratio", "verified_ratio", "found_at", "evaluations",
               "iteration", "structure", "replay"]  # fmt: skip
    rows = [
        ("Claim", "printed", "2x2", "violated (verified)", 1.5, 1.25, 9, 70, 1, "T = 1", "replay this"),
        ("Claim", "repaired", "2x2", "no violation in 70 evaluations", 0.5, NAN, 3, 70, 4, "", ""),
    ]
    tables = {"falsification": pd.DataFrame(rows, columns=columns)}
    worst, structure = counterexamples.parts(tables)
    assert tables_read([counterexamples.parts], tables) == set(read_plan("falsification").judged)
    assert text(worst) == [
        ["Claim", "printed", "2x2", "1.25", "violated (verified)", "9 of 70", "1"],
        ["Claim", "repaired", "2x2", "0.5 (not verified)", "no violation in 70 evaluations", "3 of 70", "4"],
    ]
    assert text(structure) == [["Claim", "printed", "T = 1", "`replay this`"]]
