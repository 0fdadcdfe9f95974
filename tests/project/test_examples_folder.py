"""The scripts of ``examples`` run as a newcomer runs them, and what they print is right, by hand or by theorem."""

import ast
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))
NUMBER = r"[-\d.]+(?:e[-+]\d+)?"


@pytest.fixture
def printed(tmp_path):
    """Call with the name of a script: its numbers, line by line, run in an empty folder with warnings as errors."""

    def run(name):
        plain = {"PYTHONPATH": str(ROOT / "src"), "MPLBACKEND": "Agg", "MPLCONFIGDIR": str(tmp_path / "matplotlib")}
        environment = {**os.environ, **plain}
        command = [sys.executable, "-W", "error", ROOT / "examples" / f"{name}.py"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def numbers(line):
    return [float(number) for number in re.findall(rf"(?<![\w-]){NUMBER}(?=[\s,]|$)", line)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_is_short_says_what_it_shows_and_needs_little(script):
    text = script.read_text()
    tree = ast.parse(text)
    assert len(text.splitlines()) < 40
    assert ast.get_docstring(tree)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in found]
    foreign = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"metanash", "numpy"}
    assert foreign == ({"matplotlib"} if "Needs matplotlib." in text else set())


def test_the_readme_leads_to_each():
    linked = re.findall(r"\]\(examples/(\w+\.py)\)", (ROOT / "README.md").read_text())
    assert sorted(linked) == [script.name for script in SCRIPTS]
    assert len(SCRIPTS) == 5


def test_matrix_game(printed):
    """Goals as in the figure's test below; of two drivers one dares: pure equilibria (7, 2) and (2, 7)."""
    worth, kicker, keeper, _, chicken, *_ = printed("matrix_game")
    assert numbers(worth)[0] == pytest.approx(76.875, abs=0.006)
    assert numbers(worth)[1] < 1e-9
    assert numbers(kicker) == [0.125, 0.875, 0.0]
    assert numbers(keeper) == [0.375, 0.625]
    assert re.search(r"payoffs (2, 7|7, 2), NE-gap 0$", chicken)


def test_game_file(printed, tmp_path):
    """By hand: x left kicks make both dives equal at 80 - 25 x = 75 + 15 x, so x = 1/8, and 76.875 goals.

    y dives to the left make those kicks equal at 90 - 35 y = 75 + 5 y, y = 3/8; a kick to the right then earns 60.6.
    """
    worth, kicker, keeper, _, slow, fast, _ = printed("game_file")
    assert worth.startswith("zero-sum game, value 76.875 to player 1")
    assert numbers(kicker)[1:] == [0.125, 0.875, 0]
    assert numbers(keeper)[1:] == [0.375, 0.625]
    assert (numbers(slow)[-1], numbers(fast)[-1]) == (10_000, 10_000)
    assert 0 < numbers(fast)[0] < 1e-6 < numbers(slow)[0] < 1
    assert (tmp_path / "kick.png").read_bytes().startswith(b"\x89PNG")


def test_sequence(printed):
    """Both meta-updates help where equilibria are pure, and the factors are those of the means above them."""
    *means, best, output = printed("sequence")
    individual, *updated = (float(line.split()[-1]) for line in means)
    for mean, line in zip(updated, (best, output), strict=True):
        factor = float(re.search(rf"is ({NUMBER}) times", line)[1])
        assert 1.5 < factor == pytest.approx(individual / mean, abs=0.06)


def test_one_card_poker(printed):
    """Its docstring has the strategies by hand: 1/3 from indifference of Bob, 2/3 from that of Ann's low cards."""
    worth, ann, bob, *learned = printed("one_card_poker")
    assert numbers(worth)[0] == pytest.approx(1 / 3, abs=1e-4)
    assert numbers(worth)[1] < 1e-9
    assert numbers(ann) == [1.0, 0.3333]
    assert numbers(bob) == [0.6667]
    gaps = [float(line.split()[-1]) for line in learned]
    assert len(gaps) == 3
    assert 1e-1 > gaps[0] > 10 * gaps[1] > 100 * gaps[2] >= 0


def test_own_learner(printed):
    """Hedge's regret is at most log n / eta + eta T / 8 (Cesa-Bianchi and Lugosi 2006, Theorem 2.2), and the gap of
    the averages is the sum of both regrets over T.
    """
    hedge, matching = (float(line.split()[-1]) for line in printed("own_learner"))
    eta, iterations = 0.05, 4000
    assert 1e-4 < hedge <= (math.log(2) + math.log(3)) / (eta * iterations) + 2 * eta / 8
    assert matching < 1e-6
