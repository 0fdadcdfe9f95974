"""Parts of the report say what the tables say, cell by cell."""

import itertools

import numpy as np
import pandas as pd
import pytest
from pages import citations_in, rows_of, stands_in, strangers, tables_read, text_of, theory_of

from metanash_replication.plans import read_plan
from metanash_replication.plotting import ARM_LABELS, KIND_LABELS
from metanash_replication.report.content import MANY, claims_part
from metanash_replication.topics import TOPICS
from metanash_replication.topics.simulations import claims as simulation_claims
from metanash_replication.topics.simulations import plan as simulation_plan
from metanash_replication.topics.simulations import section as simulations
from metanash_replication.topics.zero_sum import section as zero_sum

INF, NAN = float("inf"), float("nan")

SPEED_UP = pd.DataFrame(
    [
        ("1a", "pure", "best_response", 0.3, 321.25, 81.75, 3.931, 2.871, 5.113, "measured", 0.0, 17),
        ("1a", "pure", "stage_average", 0.15, INF, 411.04, 2.443, 1.667, 3.009, "at least", 1.0, 17),
        ("1a", "mixed", "best_response", 0.05, 612.36, INF, 0.613, 0.377, 0.871, "at most", 0.9, 17),
        ("1b", "team", "carry_over", 0.0125, INF, INF, NAN, NAN, NAN, "neither", 1.0, 17),
    ],
    columns=["figure", "base_kind", "arm", "ne_gap", "iterations_individual", "iterations_meta", "speed_up", "low",
             "high", "status", "censored", "n_seeds"],
)  # fmt: skip


def figure1_rows():
    sizes = {"1a": (17, 11, 1234), "1b": (19, 13, 4321)}
    rows = [
        (figure, "pure", "individual", seed, games, iteration, 0.777)
        for figure, (seeds, games, last) in sizes.items()
        for seed in range(seeds)
        for iteration in (1, last)
    ]
    return pd.DataFrame(rows, columns=["figure", "base_kind", "arm", "seed", "games", "iteration", "ne_gap"])


def sensitivity_rows():
    rng = np.random.default_rng(6)
    rows = []
    for kind, arms, rates in (
        ("pure", ("individual", "best_response", "stage_average"), (0.03125, 0.5)),
        ("mixed", ("individual", "best_response", "stage_average"), (0.03125, 0.5)),
        ("team", ("individual", "carry_over"), (0.002,)),
    ):
        for rate in rates:
            for size in (0.0, 0.45):
                for arm in arms:
                    low, gap, high = np.sort(rng.uniform(size=3))
                    rows.append((kind, rate, size, arm, gap, low, high, *rng.uniform(5, 6, size=4), 17))
    return pd.DataFrame(
        rows,
        columns=["base_kind", "learning_rate", "perturbation", "arm", "ne_gap", "low", "high", "std", "ratio",
                 "ratio_low", "ratio_high", "n_seeds"],
    )  # fmt: skip


SENSITIVITY = sensitivity_rows()


def page_of(**changed):
    return simulations.parts({"figure1": figure1_rows(), "speed_up": SPEED_UP, "sensitivity": SENSITIVITY} | changed)


def test_sizes_are_those_of_the_runs():
    wanted = "Figure 1a: 17 seeds, $K$ = 11, $T$ = 1234; Figure 1b: 19 seeds, $K$ = 13, $T$ = 4321."
    assert wanted in text_of(page_of())


def test_speed_ups_cell_by_cell():
    head, rows = rows_of(page_of(), "Iterations to reach")
    assert head == ["figure", "base games", "meta-update", "NE-gap", "iterations, individual", "iterations, meta",
                    "speed-up"]  # fmt: skip
    names = [[row.figure, KIND_LABELS[row.base_kind], ARM_LABELS[row.arm]] for row in SPEED_UP.itertuples()]
    assert rows == [
        [*names[0], "0.3", "321.2", "81.8", "3.93 [2.87, 5.11]"],
        [*names[1], "0.15", "not reached", "411.0", "at least 2.44 [1.67, 3.01]"],
        [*names[2], "0.05", "612.4", "not reached", "at most 0.61 [0.38, 0.87]"],
        [*names[3], "0.0125", "not reached", "not reached", "neither gets there"],
    ]


def test_final_gaps_cell_by_cell():
    page = page_of()
    found = {}
    for title in ("Zero-sum games", "Potential games"):
        head, rows = rows_of(page, title)
        for row in rows:
            for label, cell in zip(head[3:], row[3:], strict=True):
                found[title, *row[:3], label] = cell
    wanted = {}
    for row in SENSITIVITY.itertuples():
        family = "Potential games" if row.base_kind == "team" else "Zero-sum games"
        place = (f"{row.learning_rate:g}", KIND_LABELS[row.base_kind], f"{row.perturbation:g}", ARM_LABELS[row.arm])
        wanted[family, *place] = f"{row.ne_gap:.4f} [{row.low:.4f}, {row.high:.4f}]"
    assert found == wanted


def test_every_number_of_the_page_is_read():
    """A change of any number that is shown shows."""
    page = text_of(page_of())
    for column in ("ne_gap", "iterations_individual", "iterations_meta", "speed_up", "low", "high"):
        assert text_of(page_of(speed_up=SPEED_UP.assign(**{column: SPEED_UP[column] * 1.5}))) != page
    for column in ("ne_gap", "low", "high", "learning_rate", "perturbation"):
        assert text_of(page_of(sensitivity=SENSITIVITY.assign(**{column: SENSITIVITY[column] * 1.5}))) != page


# Theorems -----------------------------------------------------------------------------------------------

ORIGINS = {"random games": "random_games", "long runs": "long_runs", "sequences": "sequences"}
THEORY = theory_of(
    [
        ("theorem 1", "printed", "random games, all", 1, 0.5, 0.25, 3056.0824, 432, 7, 3, NAN),
        ("theorem 1", "printed", "random games, mixed, H = 1", 1, 0.5, 0.25, 77.25, 48, 6, 0, NAN),
        ("theorem 1", "repaired: burn-in term", "long runs, mixed, H = 1", 200, 0.1, 8.4, 0.020555, 59, 0, 0, 4801.0),
        ("theorem 2", "printed", "sequences, mixed", 200, 0.1, 8.4, 66.25, 58, 5, 0, NAN),
        ("theorem 5", "printed", "random games, all", 1, 0.5, 0.25, 13.5, 43, 2, 0, NAN),
        ("equation 11", "printed", "random games, all", 1, 0.5, 0.25, 14.5, 44, 1, 0, NAN),
        ("proposition 1", "printed", "random games, all", 1, 0.5, 0.25, 15.5, 45, 4, 0, NAN),
    ],
    ORIGINS,
)
SLOPES = pd.DataFrame(
    [
        ("mixed", 1, 1e2, 1e3, -0.8799, -1.0897, -0.8106, -1.0551, -0.8248, 0.03, NAN, 17),
        ("mixed", 1, 1e3, 1e4, -0.8382, -0.8782, -0.8158, -0.9623, -0.8758, 0.03, "inconclusive", 17),
        ("pure", 3, 1e3, 1e4, -1.5, -1.6, -1.4, -1.7, -0.9, 0.03, "consistent", 17),
    ],
    columns=["base_kind", "horizon", "start", "end", "slope", "low", "high", "slope_without_log", "bound_slope",
             "margin", "verdict", "n_seeds"],
)  # fmt: skip
STAGE_RATES = pd.DataFrame(
    [
        ("mixed", 1, 1e4, 1e7, 11, 0.2345, 0.2211, 0.2478, 1.25e-3, 0.0871, 0.0821, 0.0913, 6.5e-3, 0.72, 0.61, 0.83,
         "consistent"),
        ("pure", 3, 1e4, 1e7, 13, 7.5, 6.5, 8.5, 0.025, 0.31, 0.29, 0.33, 0.019, -0.12, -0.25, 0.01, "violated"),
        ("pure", 2, 1e2, 1e4, 17, 9.9, 9.8, 10.1, 0.5, 0.91, 0.88, 0.93, 0.6, 0.1, 0.0, 0.2, NAN),
    ],
    columns=["base_kind", "horizon", "start", "end", "points", "increment", "increment_low", "increment_high",
             "misfit_affine", "power", "power_low", "power_high", "misfit_power", "advantage", "advantage_low",
             "advantage_high", "verdict"],
)  # fmt: skip
SEQUENCES = pd.DataFrame(
    [
        ("mixed", "individual", 1, 5, 0.1, 1000, 0.125, True, 0.3, 0.3, 1.0, 1.0, 1.0, 1.0, 1.0, NAN, NAN, 17),
        ("mixed", "best_response", 1, 6, 0.1, 1000, 0.125, True, 0.31, 0.0137, 1.29, 1.06, 4.78, 7, 13.99, 36.6, 3, 17),
        ("pure", "best_response", 2, 7, 0.0, 100, 0.2, False, 0.32, 0.1998, 0.25, 0.19, 0.45, 9, 25.37, 1077.6, 7, 17),
        ("pure", "stage_average", 2, 8, 0.05, 100, 0.2, True, 0.33, 0.25, 0.97, 0.93, 1.02, 126, 2.37, 99.5, 7, 17),
    ],
    columns=["base_kind", "arm", "horizon", "games", "perturbation", "iterations", "learning_rate", "within", "ne_gap",
             "later_gap", "ratio", "ratio_low", "ratio_high", "similarity", "similarity_per_game", "bound",
             "instantiated", "n_seeds"],
)  # fmt: skip


def theorems_of(**changed):
    tables = {"theory": THEORY, "slopes": SLOPES, "stage_rates": STAGE_RATES, "sequences": SEQUENCES} | changed
    return [*zero_sum.theorem_1(tables), *zero_sum.theorem_2(tables)]


def test_claims_cell_by_cell():
    """Each setting of the random games and of the sequences has its row in the table only, other theorems elsewhere."""
    head, rows = rows_of(theorems_of(), "Theorem 1: measured gap over bound")
    assert head == ["claim", "form", "setting", "largest left / right", "runs", "violated in", "unresolved",
                    "informative from"]  # fmt: skip
    assert rows == [
        ["theorem 1", "printed", "random games, all", "3.06e+03", "432", "7", "3", ""],
        ["theorem 1", "repaired: burn-in term", "long runs, mixed, H = 1", "0.0206", "59", "0", "0", "4801"],
    ]


@pytest.mark.parametrize("measurement", [*MANY, "long_runs", "random_games_2"])
@pytest.mark.parametrize("total", [False, True])
def test_settings_are_hidden_by_what_the_row_says(measurement, total):
    """Of measurements with many settings, all but totals; what the setting is called in words is nothing to go by."""
    common = {"form": "printed", "ratio": 0.5, "runs": 7, "violations": 0, "unresolved": 0, "first_informative": NAN}
    settings = ("random games, all", "random games, H=1", "all sequences", "sequences, mixed", "long runs", "all")
    rows = [
        {"claim": claim, "setting": setting, "measurement": measurement, "total": total, **common}
        for claim, setting in itertools.product(("theorem 8", "theorem 9", "theorem 10"), settings)
    ]
    part = claims_part(pd.DataFrame(rows), ("theorem 8", "theorem 10"), "Title", "Text.")
    shown = [] if measurement in MANY and not total else [*settings, *settings]
    assert [row[2] for row in rows_of([part], "Title")[1]] == shown
    assert [row[0] for row in rows_of([part], "Title")[1]] == (["theorem 8"] * 6 + ["theorem 10"] * 6) * bool(shown)


def test_measurements_with_many_settings_are_measured():
    """Each is the name of a measurement in a plan that has rows of ``theory.csv``, so no name here is a mistake."""
    plans = [read_plan(topic) for topic in TOPICS]
    names = {one.name for plan in plans if plan.bounds for one in plan.measurements}
    assert set(MANY) <= names
    assert len(set(MANY)) == len(MANY) == 4


def test_tables_of_figure_1_are_judged_if_they_are_read():
    scaling = pd.DataFrame({"base_kind": ["team"], "difference": [0.0], "step_factor": [1.0]})
    tables = {"figure1": figure1_rows(), "speed_up": SPEED_UP, "sensitivity": SENSITIVITY, "step_scaling": scaling}
    judges = [claim.judge for claim in simulation_claims.CLAIMS]
    read = tables_read([*judges, *simulations.PARTS.values()], tables)
    assert read == {*simulation_plan.PLAN.judged, "step_scaling"}  # that of the potential games


def test_slopes_cell_by_cell():
    head, rows = rows_of(theorems_of(), "Slopes of the gap, as an illustration")
    assert head == ["base games", "$H$", "window", "slope", r"slope of gap over $\log T$", "slope of (4)", "verdict"]
    mixed, pure = KIND_LABELS["mixed"], KIND_LABELS["pure"]
    assert rows == [
        [mixed, "1", "1e+02 to 1e+03", "-0.880 [-1.090, -0.811]", "-1.055", "-0.825", ""],
        [mixed, "1", "1e+03 to 1e+04", "-0.838 [-0.878, -0.816]", "-0.962", "-0.876", "inconclusive"],
        [pure, "3", "1e+03 to 1e+04", "-1.500 [-1.600, -1.400]", "-1.700", "-0.900", "consistent"],
    ]
    assert "by 0.03 and still count" in text_of(theorems_of())


def test_rates_at_stage_ends_cell_by_cell():
    """Windows without a verdict are left out."""
    head, rows = rows_of(theorems_of(), "Rate of Algorithm 1 at stage ends")
    assert head == ["base games", "$H$", "window", "stages", "$b$", "misfit", "$p$", "misfit", "advantage", "verdict"]
    assert rows == [
        [KIND_LABELS["mixed"], "1", "1.0e+04 to 1.0e+07", "11", "0.2345 [0.2211, 0.2478]", "1.3e-03",
         "0.087 [0.082, 0.091]", "6.5e-03", "0.72 [0.61, 0.83]", "consistent"],
        [KIND_LABELS["pure"], "3", "1.0e+04 to 1.0e+07", "13", "7.5 [6.5, 8.5]", "2.5e-02", "0.310 [0.290, 0.330]",
         "1.9e-02", "-0.12 [-0.25, 0.01]", "violated"],
    ]  # fmt: skip


def test_sequences_cell_by_cell():
    """An effect is one whose interval excludes 1; the bound is given for update (5) at admitted rates only."""
    head, rows = rows_of(theorems_of(), "Theorem 2: what meta-learning gains")
    assert head == ["base games", "meta-update", "$H$", "$K$", "perturbation", "$T$", r"$\Delta_{\mu,\nu}/K$",
                    "gap / individual", "effect", "gap", "(6)"]  # fmt: skip
    mixed, pure = KIND_LABELS["mixed"], KIND_LABELS["pure"]
    update, average = ARM_LABELS["best_response"], ARM_LABELS["stage_average"]
    assert rows == [
        [mixed, update, "1", "6", "0.1", "1000", "14.0", "1.29 [1.06, 4.78]", "hurts", "0.014", "37"],
        [pure, update, "2", "7", "0", "100", "25.4", "0.25 [0.19, 0.45]", "helps", "0.2", ""],
        [pure, average, "2", "8", "0.05", "100", "2.4", "0.97 [0.93, 1.02]", "no clear effect", "0.25", ""],
    ]


# Citations ----------------------------------------------------------------------------------------------


def test_cells_cite_the_table_that_they_are_from():
    tables = {"figure1": figure1_rows(), "speed_up": SPEED_UP, "sensitivity": SENSITIVITY}
    page = page_of()
    assert strangers(page, tables) == []
    sources = {part.title: {source for _, source in citations_in(part.rows)} for part in page}
    assert list(sources.values()) == [{"speed_up.csv"}, {"sensitivity.csv"}, {"sensitivity.csv"}]
    theorems = {"theory": THEORY, "slopes": SLOPES, "stage_rates": STAGE_RATES, "sequences": SEQUENCES}
    page = theorems_of()
    assert strangers(page, theorems) == []
    sources = {part.title.partition(":")[0]: {source for _, source in citations_in(part.rows)} for part in page}
    assert sources["Theorem 1"] == {"theory.csv"}
    assert {"slopes.csv", "stage_rates.csv", "sequences.csv"} <= set.union(*sources.values())
    # every cell, not only those with three digits: no number of one table stands in the other here
    for part in page_of():
        for text, source in citations_in(part.rows):
            assert stands_in(text, tables[source.removesuffix(".csv")]), (part.title, text, source)


def test_a_wrong_citation_is_found():
    tables = {"figure1": figure1_rows(), "speed_up": SENSITIVITY, "sensitivity": SPEED_UP}
    found = strangers(page_of(), tables)
    assert ("321.2", "speed_up.csv") in found
    assert {source for _, source in found} == {"speed_up.csv", "sensitivity.csv"}
