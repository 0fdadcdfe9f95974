"""The examples in the docstrings of the modules below run."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest

import metanash.solution

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    "extensive.build": 4,
    "extensive.exact": 6,
    "extensive.flat": 2,
    "extensive.games": 7,
    "extensive.gaps": 5,
    "extensive.induction": 6,
    "extensive.learners": 5,
    "extensive.recall": 6,
    "extensive.runs": 8,
    "extensive.strategic": 4,
    "extensive.treeplex": 3,
    "extensive.trees": 6,
    "families.small_poker": 4,
    "gambit.gametracer": 1,
    "kernels.tree_steps": 8,
    "neighbours": 1,
    "river.betting": 3,
    "river.blocks": 8,
    "river.cards": 4,
    "river.endgames": 2,
    "river.gaps": 6,
    "river.learners": 7,
    "river.matchup": 3,
    "river.runs": 9,
    "river.sequences": 3,
    "river.strength": 3,
    "river.trees": 6,
    "commands.inputs": 1,
    "learners.cautious": 8,
    "learners.last_iterate": 10,
    "learners.natural_gradient": 5,
    "learners.optimistic_ftrl": 5,
    "learners.smooth": 1,
    "learners.swap_ftrl": 8,
    "swaps": 8,
    **{f"solution.{found.name}": 1 for found in pkgutil.iter_modules(metanash.solution.__path__)},
}
"""Modules, and how many examples each has at least."""


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = doctest.testmod(importlib.import_module(f"metanash.{name}"), extraglobs={"np": np})
    assert ran.failed == 0
    assert ran.attempted >= MODULES[name]


def test_the_page_on_extensive_games_runs(tmp_path, monkeypatch, capsys):
    """The bluff by hand: betting x of the low cards makes Bob indifferent at (-2 + 2x) / (1 + x) = -1, so x = 1/3.

    If Bob folds a share y, low cards are indifferent at y - 2 (1 - y) = -1, so y = 1/3: high cards earn 1/3 + 4/3 and
    low ones -1, together 1/3. Uniform play is worth (5/4 - 3/4) / 2 = 1/4; who always bets against it gets
    (3/2 - 1/2) / 2 = 1/2. Half the time Ann bets, then calling is worth 0 to Bob, uniform play -1/2.
    """
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "extensive.md").read_text(), flags=re.DOTALL)
    exec(compile(code, "docs/extensive.md", "exec"), {})
    value, bluff, gains, *learned = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"value 0\.3333, gap \de-1[5-9]", value)
    assert bluff == "bets with a low card: 0.3333"
    assert gains == "against uniform play they gain 0.25 0.25"
    for line, most in zip(learned, (1e-3, 0.3), strict=True):
        name, early, late = line.split()
        assert name in {"PredictiveCFR", "DilatedMirrorDescent"}
        assert float(late) < min(most, 0.5 * float(early))


def test_the_page_on_river_endgames_runs(tmp_path, monkeypatch, capsys):
    """The bluff-catcher by hand (Chen and Ankenman 2006): a bet of the pot has half as many bluffs as value bets."""
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "river.md").read_text(), flags=re.DOTALL)
    exec(compile(code, "docs/river.md", "exec"), {})
    bluff, value, size, *learned, before = capsys.readouterr().out.splitlines()
    assert bluff == "bets with air: 0.50, with the nuts: 1.00"
    assert value == "worth 25.00 on the tree, 25.00 learned"
    assert size == "1081 hands a side, 34 betting nodes"
    gaps = [float(line.split()[-1]) for line in learned]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 0.05
    alone, meta = (float(word) for word in before.split() if word.startswith("0."))
    assert meta < alone


def test_the_page_on_what_came_after_the_paper_runs(tmp_path, monkeypatch, capsys):
    """FTRL and its stages have small gaps, plain mirror descent not; CE-gaps are no less than CCE-gaps."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "successors.md").read_text()
    for code in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(compile(code, "docs/successors.md", "exec"), {})
    *learned, both, barrier = capsys.readouterr().out.splitlines()
    gaps = {line.split()[0]: [float(x) for x in re.findall(r"\d\.\d*", line)] for line in learned}
    assert max(gaps["optimistic_ftrl"]) < min(gaps["staged_ftrl"]) < min(gaps["plain_mirror_descent"])
    cce, ce = (float(x) for x in re.findall(r"-?\d[\d.e-]*", both))
    assert cce < ce
    (left,) = (float(x) for x in re.findall(r"-?\d[\d.e-]*", barrier))
    assert 0.0 <= left < 0.1 * ce


def test_the_readme_shows_what_solve_prints():
    """The blocks of the kind ``pycon``, which other tests do not run."""
    text = (ROOT / "README.md").read_text()
    shown = "".join(part.partition("```")[0] for part in text.split("```pycon\n")[1:])
    case = doctest.DocTestParser().get_doctest(shown, {}, "README.md", None, 0)
    assert doctest.DocTestRunner().run(case) == (0, len(case.examples))
    assert case.examples
