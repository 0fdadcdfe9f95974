"""The walkthroughs of docs/extending.md, followed to the letter in a copy of the repository."""

import re

import pandas as pd
import pytest
from conftest import ROOT

PAGE = (ROOT / "docs/extending.md").read_text()


def section(title):
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def follow(project, title, configuration):
    """Steps 1 to 3: the file, the registry, the configuration. Return the targets of the command of step 4."""
    text = section(title)
    (file,) = re.findall(r"\*\*1\.\*\* Write `(.*?)`", text)
    (registry,) = re.findall(r"\*\*2\.\*\* Register it in `(.*?)`", text)
    (project.folder / file).write_text(blocks(text, "python")[0])
    imported, entry = (line.removeprefix("+") for line in blocks(text, "diff")[0].splitlines())
    old = (project.folder / registry).read_text()
    head, tail = old.split("\n__all__ = [", 1)
    body, end = tail.rsplit("\n}\n", 1)
    (project.folder / registry).write_text(f"{head}{imported}\n\n__all__ = [{body}\n{entry}\n}}\n{end}")
    with (project.folder / "config/own.yaml").open("a") as handle:
        handle.write(configuration(blocks(text, "yaml")[0]))
    program, *command = blocks(text, "sh")[0].split()
    assert program == "snakemake"
    return command


@pytest.fixture(scope="module")
def walked(bare, tmp_path_factory):
    """A copy in which both walkthroughs were followed, and what the commands said."""
    project = bare.copied_to(tmp_path_factory.mktemp("walked") / "project")
    answers = []
    for title in ("A family of games", "A learner"):
        command = follow(project, title, lambda text: text)
        answers.append(project.command("-m", "snakemake", *command))
        assert answers[-1].code == 0, answers[-1].text
    return project, answers


@pytest.mark.parametrize(("name", "arms"), [("own_stakes", 3), ("own_hedge", 2)])
def test_what_appears_where(walked, name, arms):
    project, _ = walked
    table = pd.read_csv(project.folder / f"results/{name}.csv")
    assert list(table) == ["figure", "base_kind", "arm", "seed", "games", "iteration", "ne_gap"]
    assert (table["arm"].nunique(), table["seed"].nunique(), set(table["games"])) == (arms, 10, {5})
    for kind in ("pdf", "png"):
        assert (project.folder / f"paper_figures/{name}.{kind}").stat().st_size > 3000
    for place in re.findall(r"^\| `(\S*own_stakes\S*)` \|", PAGE, flags=re.MULTILINE):
        assert (project.folder / place).exists(), place


def test_nothing_else_is_made(walked):
    project, answers = walked
    for answer, name in zip(answers, ("own_stakes", "own_hedge"), strict=True):
        assert {"games": 1, f"learn_{name}": 1, "own_table": 1, "own_figure": 1}.items() <= answer.jobs().items()
        assert sum(answer.jobs().values()) <= 5
    assert {path.name for path in (project.folder / "results/runs").iterdir()} == {"own_stakes", "own_hedge"}


def test_what_the_page_shows_next_runs(walked):
    project, _ = walked
    shown = [blocks(section("A family of games"), "python")[1], blocks(section("A learner"), "python")[1]]
    for code in shown:
        answer = project.command("-c", code)
        assert answer.code == 0, answer.text
    assert re.search(r"own_hedge +0\.\d+\nown_stakes +0\.\d+", answer.text)
