"""The examples in the docstrings of the modules below run."""

import doctest
import importlib
import inspect
import itertools
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest

import metanash

ROOT = Path(__file__).resolve().parents[2]
MODULES = ["metanash"] + [
    found.name
    for found in pkgutil.walk_packages(metanash.__path__, "metanash.")
    if "._" not in found.name and found.name != "metanash.kernels.compiled"
]


def public(module):
    """Functions and classes of ``__all__`` that a module makes, by name."""
    home = importlib.import_module(module)
    found = {name: getattr(home, name) for name in getattr(home, "__all__", ())}
    made = (inspect.isclass, inspect.isfunction)
    return {name: one for name, one in found.items() if any(kind(one) for kind in made) and one.__module__ == module}


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_has_an_example_and_all_run(module, tmp_path, monkeypatch):
    """What is public and offered by several modules is looked at in the one that makes it."""
    monkeypatch.chdir(tmp_path)
    home = importlib.import_module(module)
    without = [name for name, one in public(module).items() if ">>>" not in (one.__doc__ or "")]
    assert without == []
    ran = doctest.testmod(home, extraglobs={"np": np}, optionflags=doctest.ELLIPSIS)
    assert ran.failed == 0
    assert ran.attempted >= len(public(module))


def test_views_of_runs_are_shown(tmp_path, monkeypatch):
    """They are public by inheritance, from an inner module."""
    pytest.importorskip("pandas", reason="not checked: pandas is not installed")
    pytest.importorskip("xarray", reason="not checked: xarray is not installed; ./do setup")
    monkeypatch.chdir(tmp_path)
    ran = doctest.testmod(importlib.import_module("metanash._inner.views"))
    assert (ran.failed, ran.attempted) == (0, 10)


def test_all_names_are_looked_at():
    """By another way: every name of the two largest lists of users is in one of the lists here."""
    seen = {id(one) for module in MODULES for one in public(module).values()}
    for home in (metanash, metanash.extensive):
        left = [name for name in home.__all__ if id(getattr(home, name)) not in seen]
        assert left == [name for name in ("META_UPDATES", "families") if home is metanash]
    assert len(seen) > 390


def test_the_page_on_extensive_games_runs(tmp_path, monkeypatch, capsys):
    """The bluff by hand: betting x of the low cards makes Bob indifferent at (-2 + 2x) / (1 + x) = -1, so x = 1/3.

    If Bob folds a share y, low cards are indifferent at y - 2 (1 - y) = -1, so y = 1/3: high cards earn 1/3 + 4/3 and
    low ones -1, together 1/3. Uniform play is worth (5/4 - 3/4) / 2 = 1/4; who always bets against it gets
    (3/2 - 1/2) / 2 = 1/2. Half the time Ann bets, then calling is worth 0 to Bob, uniform play -1/2.
    """
    monkeypatch.chdir(tmp_path)
    code, package = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "extensive.md").read_text(), flags=re.DOTALL)
    exec(compile(package, "docs/extensive.md", "exec"), {})
    assert float(capsys.readouterr().out) == pytest.approx(-1 / 18)
    exec(compile(code, "docs/extensive.md", "exec"), {})
    value, bluff, gains, *learned = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"value 0\.3333, gap (0e\+00|\de-1[5-9])", value)
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


def test_the_page_on_meta_updates_runs(tmp_path, monkeypatch, capsys):
    """Each is better than the one before, on games with saddle points."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "meta-updates.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    exec(compile(code, "docs/meta-updates.md", "exec"), {})
    gaps = [float(line.split()[1]) for line in capsys.readouterr().out.splitlines()]
    assert len(gaps) == 4
    assert all(later < 0.9 * former for former, later in itertools.pairwise(gaps))


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
