"""The notebooks as they are committed: their form, and their last cell, in which a reader changes one thing."""

import ast
import itertools
import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
CHANGES = {
    "zero_sum": "0.3",
    "potential": "0.4",
    "general_sum": '"shapley"',
    "larger_tasks": "20",
    "findings": "0.5",
    "own_game": "0.6",
}
"""What the reader of each notebook could write in the line that says "change me"."""

REFERENCE = re.compile(
    r"(theorems?|propositions?|algorithms?|figures?|(equations?|update) \()\s*\d+\)?(\([a-c]\))?( and \d+)?",
    re.IGNORECASE,
)
"""Numbers of the paper: ``Theorem 1``, ``Figure 1(a)``, ``equation (4)``, ``update (5)``."""


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code_of(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_there_is_one_for_each_section():
    about_the_paper = {"zero_sum", "potential", "general_sum", "larger_tasks", "findings"}
    assert {path.stem for path in NOTEBOOKS} == about_the_paper | {"own_game"}


def test_opens_with_what_it_shows_and_ends_with_the_cell_to_change(notebook):
    opening = notebook.cells[0].source
    assert len(opening.split()) >= 30
    assert "last cell" in opening
    assert "ipynb" not in opening
    before, last = notebook.cells[-2:]
    assert before.source.startswith("## Change one thing and see")
    assert last.cell_type == "code"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_finds_its_results_from_the_folder_in_which_jupyter_runs_it(path, monkeypatch):
    """Without the variable that the pipeline sets, and in the folder of the notebook."""
    monkeypatch.delenv("METANASH_RESULTS", raising=False)
    monkeypatch.chdir(path.parent)
    scope = {}
    first = code_of(nbformat.read(path, as_version=4))[0]
    exec(compile(first.replace("plotting.use_style()", ""), "cell", "exec"), scope)
    if path.stem == "own_game":
        assert "results" not in scope
    else:
        assert scope["results"].resolve() == path.parents[1] / "results"


def test_nothing_is_executed(notebook):
    """What is committed has no outputs, so that a change of a cell is all that a change shows."""
    nbformat.validate(notebook)
    assert [
        cell for cell in notebook.cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)
    ] == []
    assert [cell.id for cell in notebook.cells] == [f"cell-{n}" for n in range(len(notebook.cells))]


def test_every_cell_of_code_is_introduced(notebook):
    assert notebook.cells[0].source.startswith("# ")
    for before, cell in itertools.pairwise(notebook.cells):
        if cell.cell_type == "code":
            assert before.cell_type == "markdown", cell.source
            assert len(before.source.split()) >= 5, before.source


def test_cells_are_short(notebook):
    for source in code_of(notebook):
        assert len(source.splitlines()) <= 16, source
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            assert len(cell.source.split()) <= 100, cell.source


def typed_numbers(text):
    """Numbers in prose that are no reference to the paper and in no formula: what should come from a cell."""
    prose = REFERENCE.sub("", re.sub(r"\$.*?\$", "", text))
    formulas = re.findall(r"`[^`]+`", prose)
    for formula in formulas:
        if re.search(r"(?<![\d.])[A-Za-z_]", formula):
            prose = prose.replace(formula, "")
    return re.findall(r"\d[\d.,e+-]*", prose)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a gap of 0.25 in Theorem 2", ["0.25"]),
        ("Theorems 1 and 2, Figure 1(a), equation (4) and update (5); `768 H^5 log T`, $10^5$", []),
        ("it took `1000` iterations, `1e-9` apart", ["1000", "1e-9"]),
        ("20 seeds", ["20"]),
    ],
)
def test_typed_numbers_are_found(text, found):
    assert typed_numbers(text) == found


def test_no_number_is_typed(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            assert typed_numbers(cell.source) == [], cell.source


def test_code_draws_nothing_by_itself(notebook):
    """Figures are functions of the packages: of plotting or of a topic's figures, given a width. pandas needs none."""
    for source in code_of(notebook):
        called = {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
        assert not called & {"subplots", "figure", "fill_between", "errorbar", "scatter", "imshow"}, source


def value_of(source, scope):
    """Run a cell; return the value of its last line."""
    *body, last = ast.parse(source).body
    exec(compile(ast.Module(body, []), "cell", "exec"), scope)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), scope)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_last_cell_shows_what_the_reader_changes(path):
    """It needs the first cell only, gives the same numbers twice, and others when the marked line is changed."""
    first, *_, last = code_of(nbformat.read(path, as_version=4))
    start, *rest = last.splitlines()
    assert re.fullmatch(r"\w+ = .+  # change me", start)
    changed = "\n".join([f"{start.split(' = ')[0]} = {CHANGES[path.stem]}", *rest])
    scope = {}
    exec(compile(first.replace("plotting.use_style()", ""), "cell", "exec"), scope)
    shown, again, other = (value_of(source, dict(scope)) for source in (last, last, changed))
    pd.testing.assert_frame_equal(shown, again, check_exact=True)
    assert np.isfinite(shown.to_numpy(dtype=float)).all()
    assert not np.array_equal(shown.to_numpy(), other.to_numpy())
