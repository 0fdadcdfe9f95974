"""The pages of those who change something: CONTRIBUTING and the README of the configuration."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from workflow.configuration import mistakes

update_config = pytest.importorskip("snakemake.utils").update_config

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"
CONTRIBUTING, CONFIGURATION = ROOT / "CONTRIBUTING.md", ROOT / "config" / "README.md"


def commands(page):
    """Words of each command that a page shows, without comments."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(), flags=re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [words for words in lines if words]


def offered():
    """Commands that ``./do`` lists."""
    usage = subprocess.run([ROOT / "do"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^  ([a-z][a-z-]*)", usage, flags=re.MULTILINE))


@pytest.mark.parametrize("page", [CONTRIBUTING, CONFIGURATION], ids=lambda page: page.name)
def test_every_command_is_one_of_do(page):
    assert len(commands(page)) > 2
    for first, command, *_ in commands(page):
        assert first == "./do"
        assert command in offered()


def test_set_up_tests_lint_and_smoke_are_told():
    told = [command for _, command, *_ in commands(CONTRIBUTING)]
    assert [*dict.fromkeys(told)][:4] == ["setup", "test", "lint", "smoke"]


def test_the_tests_that_are_named_are_collected():
    """Names of files and words of ``-k`` are those of tests that there are."""
    (arguments,) = [words for _, command, *words in commands(CONTRIBUTING) if command == "test" and words]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_folder_of_tests_and_sources_has_a_place():
    """The folders that hold Python are those that the table of CONTRIBUTING tells apart."""
    text = CONTRIBUTING.read_text()
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")} | set((ROOT / "src").glob("metanash*/"))
    for folder in folders:
        if not folder.name.endswith(".egg-info"):
            assert f"`{folder.relative_to(ROOT).as_posix()}`" in text
    named = re.findall(r"`((?:src|tests|workflow|docs|benchmarks|findings)[\w/]*)`", text)
    assert all((ROOT / name).is_dir() for name in named)


def keys(head):
    """First cells of the table of the configuration's page whose head begins so."""
    table = CONFIGURATION.read_text().split(f"| {head} |")[1].split("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)


def test_every_key_has_a_line():
    schema = yaml.safe_load(SCHEMA.read_text())["properties"]
    assert keys("key") == list(schema)
    assert keys("section of `theory`") == list(schema["theory"]["properties"])


def test_every_line_says_what_a_change_does():
    for head in ("key", "section of `theory`"):
        table = CONFIGURATION.read_text().split(f"| {head} |")[1].split("\n\n")[0]
        for line in table.splitlines()[2:]:
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            assert len(cells) == 3
            assert all(cells)


def test_every_file_of_the_folder_has_a_line():
    named = re.findall(r"^\| \[`([\w.]+)`\]", CONFIGURATION.read_text(), flags=re.MULTILINE)
    assert sorted(named) == sorted(path.name for path in CONFIGURATION.parent.iterdir() if path != CONFIGURATION)


def default():
    return yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


def test_the_example_is_accepted_and_merged_as_the_page_says():
    (text,) = re.findall(r"```yaml\n(.*?)```", CONFIGURATION.read_text(), flags=re.DOTALL)
    merged, given = default(), yaml.safe_load(text)
    update_config(merged, given)
    assert mistakes(merged, SCHEMA) == []
    learning = merged["experiments"]["figure1_zero_sum"]["learning"]
    assert learning == {**default()["experiments"]["figure1_zero_sum"]["learning"], "iterations": 3000}
    assert merged["theory"]["zero_sum"]["long_runs"]["horizons"] == [1, 2]  # replaced, not joined
    assert merged["theory"]["zero_sum"]["slopes"] == default()["theory"]["zero_sum"]["slopes"]


def test_entries_of_the_command_line_are_top_level_ones():
    pairs = [word for words in commands(CONFIGURATION) if "--config" in words for word in words if "=" in word]
    assert len(pairs) == 3
    merged = default()
    update_config(merged, {name: yaml.safe_load(value) for name, value in (pair.split("=") for pair in pairs)})
    assert merged.keys() == default().keys()
    assert mistakes(merged, SCHEMA) == []


def test_a_source_distribution_takes_the_pages_along():
    taken = (ROOT / "MANIFEST.in").read_text().splitlines()[0].split()[1:]
    assert {"CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff", "LICENSE"} <= set(taken)
