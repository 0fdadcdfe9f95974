"""What the documentation shows is run, and what it points to exists."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from metanash import META_UPDATES, OptimisticMirrorDescent, families, learn, learn_sequence, ne_gap
from metanash.exact import matrix_equilibrium
from metanash.families import FAMILIES
from metanash.learners import LEARNERS
from metanash.solution.entry import SOLVERS
from metanash.streams import stream
from metanash_replication.experiments import Learning, Sequences, generate_games, run_arm
from metanash_replication.falsification import FALSIFIABLE
from metanash_replication.paper import claims_of
from metanash_replication.plans import read_plan
from metanash_replication.records import RunRecord
from metanash_replication.topics.simulations import claims as simulations

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), ROOT / "config" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str = "python") -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), flags=re.DOTALL)


def section(title: str) -> dict[str, list[str]]:
    """Blocks of a section of the extending page, by language."""
    text = (ROOT / "docs" / "extending.md").read_text().split(f"## {title}\n")[1].split("\n## ")[0]
    found: dict[str, list[str]] = {}
    for language, code in re.findall(r"```(\w+)\n(.*?)```", text, flags=re.DOTALL):
        found.setdefault(language, []).append(code)
    return found


def run_block(code: str) -> dict[str, object]:
    scope: dict[str, object] = {"__name__": "example"}
    exec(compile(code, "documentation", "exec"), scope)
    return scope


def test_readme_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(ROOT / "README.md")
    run_block(code)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 7
    assert (tmp_path / "my-game.npz").exists()


def test_gambit_example_runs(tmp_path, monkeypatch, capsys):
    """Chicken against a fair coin: to dare is worth (7 + 0) / 2, to swerve (6 + 2) / 2, the coin 15 / 4, for both."""
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(ROOT / "docs" / "game-file.md")
    scope = run_block(code)
    assert capsys.readouterr().out.splitlines() == ["gains in payoffs: 0.25 0.25", "[[1.  0. ]", " [0.  0.5]]"]
    assert type(scope["again"]) is type(scope["pennies"])
    np.testing.assert_array_equal(scope["again"].reward, scope["pennies"].reward)


@pytest.mark.usefixtures("registries")
def test_a_new_claim_is_searched(capsys):
    (code,) = blocks(ROOT / "docs" / "falsification.md")
    run_block(code)
    assert capsys.readouterr().out.splitlines() == [
        "printed: no violation in 200 evaluations, worst ratio 1.000",
        "with a factor 0.9: violated (verified), worst ratio 1.111",
    ]


@pytest.fixture
def registries():
    """Put back what the examples register."""
    saved = [(registry, dict(registry)) for registry in (FAMILIES, LEARNERS, META_UPDATES, FALSIFIABLE, SOLVERS)]
    yield
    for registry, before in saved:
        registry.clear()
        registry.update(before)


def learned(configured: dict[str, Any], arm: str) -> RunRecord:
    """An arm of an experiment of the page, as the rules make it, from the first two seeds."""
    (kind,) = configured["base_kinds"]
    games, provenance = generate_games(Sequences.from_config({**configured["games"], "base_kind": kind}), [0, 1], 7)
    return run_arm(Learning.from_config({**configured["learning"], "arm": arm}), games, provenance)


@pytest.mark.usefixtures("registries")
def test_family_of_the_extending_page():
    """Its games by hand: the loser pays the winner the stake of what wins, and rewards are (1 + payment / 2) / 2."""
    page = section("A family of games")
    FAMILIES["stakes"] = stakes = run_block(page["python"][0])["stakes_sequence"]
    for k, game in enumerate(stakes("even", 7, "docs", n_games=3, perturbation=0.2, rock=1.5)):
        z = stream(7, "docs", "noise", k).uniform(-1, 1, size=3)
        rock, paper, scissors = 1.5 * (1 + 0.2 * z[0]), 1 + 0.2 * z[1], 1 + 0.2 * z[2]
        paid = [[0, -paper, rock], [paper, 0, -scissors], [-rock, scissors, 0]]
        np.testing.assert_allclose(game.reward[0, 0], 0.5 + np.array(paid) / 4, atol=1e-15)
        assert matrix_equilibrium(game.reward[0, 0]).value == pytest.approx(0.5, abs=1e-9)  # symmetric
    for wrong in ({"kind": "odd"}, {"rock": 2.1}, {"perturbation": 1.0}):
        given = {"kind": "even", "perturbation": 0.0, **wrong}
        with pytest.raises(ValueError, match=r"even|\(0, 2\]"):
            stakes(given.pop("kind"), 7, n_games=1, **given)

    (text,) = page["yaml"]
    record = learned(yaml.safe_load(text)["experiments"]["own_stakes"], "output_policy")
    assert record["ne_gap"].shape == (1, 1, 2, 5, len(record["checkpoints"]))
    assert (record["ne_gap"][..., -1] < 0.05).all()


@pytest.mark.usefixtures("registries")
def test_learner_of_the_extending_page():
    """Its iterates by hand for three iterations, and however a run is cut into calls."""
    FAMILIES["stakes"] = stakes = run_block(section("A family of games")["python"][0])["stakes_sequence"]
    page = section("A learner")
    LEARNERS["hedge"] = hedge = run_block(page["python"][0])["Hedge"]
    (game,) = stakes("even", 7, n_games=1, perturbation=0.2)
    matrix, start = game.reward[0, 0], (np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.1, 0.8]))
    iterates, paid = [start], [np.zeros(3), np.zeros(3)]
    for _ in range(2):
        paid = [paid[0] + matrix @ iterates[-1][1], paid[1] + iterates[-1][0] @ matrix]
        weights = [start[0] * np.exp(0.5 * paid[0]), start[1] * np.exp(-0.5 * paid[1])]
        iterates.append(tuple(weight / weight.sum() for weight in weights))
    initial = tuple(part[np.newaxis, np.newaxis, np.newaxis] for part in start)
    for at in ([3], [1, 2, 3]):
        run = learn(game, hedge(0.5), 3, at=at, initial=initial)
        for i in (0, 1):
            wanted = np.mean([pair[i] for pair in iterates], axis=0)
            np.testing.assert_allclose(run.policy[i][0, 0, 0], wanted, atol=1e-15)
        assert run.ne_gap[0, -1] == pytest.approx(ne_gap(game, [part[0] for part in run.policy]))
    with pytest.raises(ValueError, match="H = S = 1"):
        learn(families.zero_sum_sequence("pure", 1, n_games=1, perturbation=0.1), hedge(0.5), 3)

    (text,) = page["yaml"]
    configured = yaml.safe_load(f"experiments:\n{text}")["experiments"]["own_hedge"]
    alone, carried = (learned(configured, arm)["ne_gap"] for arm in ("individual", "carry_over"))
    np.testing.assert_array_equal(alone[..., 0, :], carried[..., 0, :])
    assert not np.array_equal(alone, carried)


@pytest.mark.usefixtures("registries")
def test_solver_of_the_extending_page(capsys):
    """Ten times a game of value 3/2, by hand."""
    run_block(section("A solver of a class of games")["python"][0])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "zero-sum game, value 15 to player 1, NE-gap 0"
    assert printed[-1] == "by the simplex method, every time"


@pytest.mark.usefixtures("registries")
def test_last_iterate_example_is_what_it_says():
    run_block(section("A meta-update")["python"][0])
    games = families.zero_sum_sequence("pure", 1, "docs", n_games=2, perturbation=0.1)
    rule = OptimisticMirrorDescent(0.2)
    first = learn(games[0], rule, 50)
    second = learn_sequence(games, rule, META_UPDATES["last_iterate"](2), 50).runs[1]
    alpha = 1 / np.sqrt(2)
    expected = (1 - alpha) * first.state.iterate[0] + alpha / 2
    np.testing.assert_allclose(second.state.initial[0][:, 0], expected, atol=1e-15)


def test_claim_of_the_extending_page_gets_its_verdict(capsys):
    """A gap of 0.25 is more than half of 0.4, 0.1 is not. It stands where the page says that it would."""
    claim = run_block(section("A claim")["python"][0])["claim"]
    (line,) = capsys.readouterr().out.splitlines()
    assert line == "['partly replicated', 'Larger learning rates do not halve the final gap in 1 of 2 cases.']"
    (figure_1,) = (one for one in read_plan("simulations").sections if one.id == "figure-1")
    plan = replace(read_plan("simulations"), sections=(replace(figure_1, claims=(*figure_1.claims, claim.id)),))
    assert claims_of(plan, [*simulations.CLAIMS, claim])[-1] == replace(claim, section="figure-1")
    for claims, planned in ((simulations.CLAIMS, plan), ([*simulations.CLAIMS, claim], read_plan("simulations"))):
        with pytest.raises(ValueError, match="larger-rates-are-faster"):
            claims_of(planned, claims)


INNER_LOOP = re.compile(r"\binner_loop(_\w+)?\b|\binner-loop\b|maml_inner_loop|The constant of the inner loop")
"""How the files that have to do with the measurement call it; ``inner_loops`` are settings of another."""


def test_files_of_a_measurement_are_those_of_the_extending_page():
    """The page's list has all files that know the measurement, but for tests and what is optional, and counts them."""
    text = (ROOT / "docs" / "extending.md").read_text().split("## A new measurement, ")[1].split("\n## ")[0]
    listed = set(re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE))
    folders = ("config", "notebooks", "src", "workflow", "tests/replication", "tests/workflow")
    kinds = {".py", ".yaml", ".ipynb", ".rst", ".smk"}
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in kinds]
    found = {path.relative_to(ROOT) for path in files if INNER_LOOP.search(path.name + path.read_text())}
    found -= {Path("tests/workflow/test_new_measurement.py")}  # which is about this page
    optional = {path for path in found if path.parts[0] == "notebooks" or path.name == "deep.yaml"}
    of_results = {path for path in found if path.parts[:2] == ("tests", "replication")}
    of_pipeline = {path for path in found if path.parts[:2] == ("tests", "workflow")}
    code = found - optional - of_results - of_pipeline
    assert {path.as_posix() for path in code} == listed
    assert {path.as_posix() for path in of_results} == set(re.findall(r"\(`(tests/[^`]+)`\)", text))
    counted = [
        f"{len(some)} in {len({path.parent for path in some})} folders" for some in (code, code | of_results, found)
    ]
    assert re.findall(r"\| (\d+ in \d+ folders) \| \d+ in \d+ folders \|", text) == counted


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)", prose):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} points to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_of_the_repository_that_pages_name_are_there(page):
    """``NAME`` stands for any name."""
    named = re.findall(r"`((?:docs|findings|src|tests|workflow)/[\w./*-]*)", page.read_text())
    added = {"src/metanash/families/stakes.py", "src/metanash/learners/hedge.py"} if page.name == "extending.md" else {}
    gone = {name for name in named if not any(ROOT.glob(name.rstrip("/").replace("NAME", "*")))}
    assert page.name == "CHANGELOG.md" or gone == {*added}  # files of then; files that the reader adds


def test_readme_begins_with_the_two_commands():
    first_screen = (ROOT / "README.md").read_text().splitlines()[:32]
    assert "./do reproduce" in first_screen
    assert "./do test" in first_screen
