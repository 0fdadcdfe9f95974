"""The pages Start and Tutorial: every block is run, and what stands below it is what it prints."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["docs/start.md", "docs/tutorial.md", "docs/site/index.md"]


def blocks(page):
    """Language and code of each block, in order."""
    return re.findall(r"^```(\S+)\n(.*?)^```", (ROOT / page).read_text(), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_python_of_a_page_runs(page, tmp_path, monkeypatch):
    if page == "docs/tutorial.md":
        pytest.importorskip("pandas", reason="not checked: pandas is not installed")
        pytest.importorskip("xarray", reason="not checked: xarray is not installed; ./do setup")
    monkeypatch.chdir(tmp_path)
    shown = "".join(code for language, code in blocks(page) if language == "pycon")
    case = doctest.DocTestParser().get_doctest(shown, {}, page, None, 0)
    assert len(case.examples) >= {"docs/start.md": 3, "docs/tutorial.md": 50, "docs/site/index.md": 2}[page]
    assert doctest.DocTestRunner().run(case) == (0, len(case.examples))


@pytest.fixture
def shell(tmp_path):
    """Run a line with the command ``metanash`` on the path, in an empty folder."""
    command = tmp_path / "bin" / "metanash"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m metanash.cli "$@"\n')
    command.chmod(0o755)
    paths = {"PATH": f"{command.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")}
    work = tmp_path / "work"
    work.mkdir()

    def run(line):
        done = subprocess.run(
            ["sh", "-ec", line], cwd=work, env={**os.environ, **paths}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.folder = work
    return run


def test_commands_of_the_start_print_what_it_shows(shell):
    install, solve = (code for language, code in blocks("docs/start.md") if language == "sh")
    (printed,) = (code for language, code in blocks("docs/start.md") if language == "text")
    assert install == "pip install .\n"  # tests of set-up and of the wheel do this
    assert shell(solve) == printed


def test_commands_of_the_tutorial_run(shell):
    """Stag hunt, by hand: both hunt the stag, 4 each; nobody gains; the average of what is learned comes near it."""
    (code,) = (code for language, code in blocks("docs/tutorial.md") if language == "sh")
    (text,) = re.findall(r'>>> text = """(.*?)"""', (ROOT / "docs/tutorial.md").read_text(), flags=re.DOTALL)
    (shell.folder / "stag.nfg").write_text(text.replace("\n... ", "\n"))
    solve, solve_json, gap, learn = code.splitlines()
    assert "general-sum game, payoffs 4, 4, NE-gap 0" in shell(solve)
    assert shell(solve_json) == ""
    assert shell(gap).splitlines()[-1] == "NE-gap 0, the largest"
    *_, last = [line for line in shell(learn).splitlines() if re.match(r" +\d+ ", line)]
    assert int(last.split()[0]) == 10_000
    assert float(last.split()[1]) < 0.02
