"""The summary says what the tables say: every number of the page is found in them, every row of them in the page."""

import re

import numpy as np
import pandas as pd
import pytest

from metanash.plotting import ARM_LABELS, KIND_LABELS
from metanash.report import summary

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
        (figure, "pure", "individual", seed, game, iteration, 0.777)
        for figure, (seeds, games, last) in sizes.items()
        for seed in range(seeds)
        for game in range(1, games + 1)
        for iteration in (1, last)
    ]
    return pd.DataFrame(rows, columns=["figure", "base_kind", "arm", "seed", "game", "iteration", "ne_gap"])


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


@pytest.fixture(scope="module")
def page():
    return summary(figure1_rows(), SPEED_UP, SENSITIVITY)


def sections(page):
    """Text below each heading."""
    parts = re.split(r"^(#+ .*)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows_of(text):
    """Cells of a Markdown table, header first, without the line of dashes."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert {len(row) for row in cells} == {len(cells[0])}
    assert set(cells[1]) == {"---"}
    return [cells[0], *cells[2:]]


def test_sizes_are_those_of_the_runs(page):
    assert "Figure 1a: 17 seeds, K = 11, T = 1234; Figure 1b: 19 seeds, K = 13, T = 4321." in page


def test_speed_ups_cell_by_cell(page):
    (text,) = [text for title, text in sections(page).items() if "Iterations to reach" in title]
    head, *rows = rows_of(text)
    assert head == ["figure", "base games", "meta-update", "NE-gap", "iterations, individual", "iterations, meta",
                    "speed-up"]  # fmt: skip
    names = [[row.figure, KIND_LABELS[row.base_kind], ARM_LABELS[row.arm]] for row in SPEED_UP.itertuples()]
    assert rows == [
        [*names[0], "0.3", "321.2", "81.8", "3.93 [2.87, 5.11]"],
        [*names[1], "0.15", "not reached", "411.0", "at least 2.44 [1.67, 3.01]"],
        [*names[2], "0.05", "612.4", "not reached", "at most 0.61 [0.38, 0.87]"],
        [*names[3], "0.0125", "not reached", "not reached", "neither gets there"],
    ]


def test_final_gaps_cell_by_cell(page):
    found = {}
    for title, text in sections(page).items():
        rate = re.search(r"learning rate (\S+)$", title)
        if rate is None:
            continue
        head, *rows = rows_of(text)
        for row in rows:
            for label, cell in zip(head[1:], row[1:], strict=True):
                found[float(rate[1]), title.split(":")[0], row[0], label] = cell
    wanted = {}
    for row in SENSITIVITY.itertuples():
        family = "## Potential games" if row.base_kind == "team" else "## Zero-sum games"
        size = "identical games" if row.perturbation == 0 else f"perturbation {row.perturbation:g}"
        place = (row.learning_rate, family, f"{KIND_LABELS[row.base_kind]}, {size}", ARM_LABELS[row.arm])
        wanted[place] = f"{row.ne_gap:.4f} [{row.low:.4f}, {row.high:.4f}]"
    assert found == wanted


FIXED = {"95", "2", "5"}
"""95 % intervals, games 2 to K, equation (5)."""


def test_every_number_comes_from_a_table(page):
    numbers = [table.select_dtypes("number").to_numpy().ravel() for table in (SPEED_UP, SENSITIVITY)]
    forms = ("{:g}", "{:.1f}", "{:.2f}", "{:.4f}")
    known = {form.format(value) for value in np.concatenate(numbers) for form in forms}
    known |= {"17", "11", "1234", "19", "13", "4321"}  # seeds, K, T
    text = re.sub(r"\b[Ff]igure ?1[ab]?|\b1[ab]\b", "", page)  # names of figures and files
    found = re.findall(r"\d+(?:\.\d+)?", text)
    assert len(found) > 100
    assert set(found) <= known | FIXED


def test_other_tables_give_another_page(page):
    """Each number that is shown is read: a change of any of them shows."""
    for column in ("ne_gap", "iterations_individual", "iterations_meta", "speed_up", "low", "high"):
        assert summary(figure1_rows(), SPEED_UP.assign(**{column: SPEED_UP[column] * 1.5}), SENSITIVITY) != page
    for column in ("ne_gap", "low", "high", "learning_rate", "perturbation"):
        assert summary(figure1_rows(), SPEED_UP, SENSITIVITY.assign(**{column: SENSITIVITY[column] * 1.5})) != page


def test_files_named_in_the_page_are_those_it_is_made_of(page):
    assert set(re.findall(r"`(\S+)`", page)) == {"figure1.csv", "speed_up.csv", "sensitivity.csv"}


def test_page_ends_with_one_newline(page):
    assert page.endswith("|\n")
    assert "\n\n\n" not in page
