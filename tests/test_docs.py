"""What the documentation shows is run, and what it points to exists."""

import re
from pathlib import Path

import numpy as np
import pytest

from metanash import META_UPDATES, OptimisticMirrorDescent, families, learn, learn_sequence
from metanash.experiments import Learning, Sequences, generate_games, run_arm
from metanash.falsify import FALSIFIABLE
from metanash.families import FAMILIES
from metanash.learners import LEARNERS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL)


def run_block(code: str) -> dict[str, object]:
    scope: dict[str, object] = {"__name__": "example"}
    exec(compile(code, "documentation", "exec"), scope)
    return scope


def test_readme_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(ROOT / "README.md")
    run_block(code)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 6
    assert (tmp_path / "my-game.npz").exists()


def test_gambit_example_runs(tmp_path, monkeypatch, capsys):
    """Chicken against a fair coin: to dare is worth (7 + 0) / 2, to swerve (6 + 2) / 2, the coin 15 / 4."""
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(ROOT / "docs" / "game-file.md")
    scope = run_block(code)
    assert capsys.readouterr().out.splitlines() == ["a gap of 0.25 in payoffs", "[[1.  0. ]", " [0.  0.5]]"]
    assert type(scope["again"]) is type(scope["pennies"])
    np.testing.assert_array_equal(scope["again"].reward, scope["pennies"].reward)


@pytest.mark.usefixtures("registries")
def test_a_new_claim_is_searched(capsys):
    (code,) = blocks(ROOT / "docs" / "falsify.md")
    run_block(code)
    assert capsys.readouterr().out.splitlines() == [
        "printed: no violation in 200 evaluations, worst ratio 1.000",
        "with a factor 0.9: violated (verified), worst ratio 1.111",
    ]


@pytest.fixture
def registries():
    """Put back what the examples register."""
    saved = [(registry, dict(registry)) for registry in (FAMILIES, LEARNERS, META_UPDATES, FALSIFIABLE)]
    yield
    for registry, before in saved:
        registry.clear()
        registry.update(before)


@pytest.mark.usefixtures("registries")
def test_additions_of_the_extending_page_work_in_an_experiment():
    family, learner, update = map(run_block, blocks(ROOT / "docs" / "extending.md"))
    assert {"one_state_sequence"} <= family.keys()
    assert {"StandStill"} <= learner.keys()
    assert {"last_iterate_target"} <= update.keys()

    games, provenance = generate_games(Sequences("one_state", "any", {}, (0.1,), 3), [0, 1], 7)
    spec = {"learning_rates": (0.1,), "iterations": 5, "checkpoints": 2, "keep_stages": False, "rate_unit": "absolute"}
    still = run_arm(Learning("individual", "stand_still", **spec), games, provenance)["ne_gap"]
    assert still.shape == (1, 1, 2, 3, 2)
    assert (still[..., 0] == still[..., 1]).all()
    moved = run_arm(Learning("last_iterate", "optimistic_mirror_descent", **spec), games, provenance)["ne_gap"]
    assert not np.array_equal(moved, still)


@pytest.mark.usefixtures("registries")
def test_last_iterate_example_is_what_it_says():
    run_block(blocks(ROOT / "docs" / "extending.md")[2])
    games = families.zero_sum_sequence("pure", 1, "docs", n_games=2, perturbation=0.1)
    rule = OptimisticMirrorDescent(0.2)
    first = learn(games[0], rule, 50)
    second = learn_sequence(games, rule, META_UPDATES["last_iterate"](2), 50).runs[1]
    alpha = 1 / np.sqrt(2)
    expected = (1 - alpha) * first.state.iterate[0] + alpha / 2
    np.testing.assert_allclose(second.state.initial[0][:, 0], expected, atol=1e-15)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)", prose):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} points to {target}"


def test_readme_begins_with_the_two_commands():
    first_screen = (ROOT / "README.md").read_text().splitlines()[:32]
    assert "./do reproduce" in first_screen
    assert "./do test" in first_screen
