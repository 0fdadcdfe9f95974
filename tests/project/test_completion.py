"""Completion in real shells: bash by its own variables, zsh in a terminal, fish by its own command."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from metanash import cli
from metanash.commands.completion import SHELLS, script
from metanash.learners import LEARNERS

ROOT = Path(__file__).parents[2]
CASES = {
    ("so",): {"solve"},
    ("learn", "--learner", "reg"): {"regret_matching"},
    ("learn", "--learner", "p"): {"plain_mirror_descent", "predictive_cfr", "projected_q_ascent"},
    ("learn", "--it"): {"--iterations"},
    ("solve", "pen"): {"pennies.nfg"},
    ("solve", "--format", "n"): {"nfg", "npz"},
    ("gap", "pennies.nfg", "fo"): {"found.json"},
    ("convert", "pennies.nfg", "pen"): {"pennies.nfg"},
    ("falsify", "theorem-5"): {"theorem-5"},
    ("completion", "z"): {"zsh"},
}
"""Words after ``metanash``, the last one cut off, and what it may become."""


def shell(name):
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"not checked: {name} is not installed")
    return path


@pytest.fixture
def folder(tmp_path):
    """A game, policies and the scripts."""
    for name in ("pennies.nfg", "found.json", "other.txt"):
        (tmp_path / name).touch()
    (tmp_path / "scripts").mkdir()
    for name in SHELLS:
        (tmp_path / "scripts" / name).write_text(script(name))
    return tmp_path


@pytest.mark.parametrize("name", SHELLS)
def test_the_scripts_are_those_of_the_parser(name, monkeypatch):
    pytest.importorskip("shtab", reason="not checked: shtab is not installed; ./do setup")
    monkeypatch.syspath_prepend(ROOT / "distribution")
    made = __import__("completions").made(name)
    assert script(name) == made, "python distribution/completions.py writes them"


@pytest.mark.parametrize("words", CASES, ids=" ".join)
def test_bash(folder, words):
    typed = " ".join(f"'{word}'" for word in ("metanash", *words))
    code = f"""
        source scripts/bash
        complete -p metanash
        COMP_WORDS=({typed}) COMP_CWORD={len(words)}
        $(complete -p metanash | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run([shell("bash"), "--norc", "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    registered, *offered = done.stdout.split("\n")
    assert re.fullmatch(r"complete .*-F \w+ metanash", registered)
    assert {word.strip() for word in offered} - {""} == CASES[words]


@pytest.mark.parametrize("words", CASES, ids=" ".join)
def test_fish(folder, words):
    code = f"source scripts/fish; complete --do-complete 'metanash {' '.join(words)}'"
    clean = {**os.environ, "HOME": str(folder / "home"), "XDG_CONFIG_HOME": str(folder / "home")}
    command = [shell("fish"), "--no-config", "-c", code]
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=True)
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == CASES[words]


class Terminal:
    """A shell in a terminal of its own, which is ended with the test."""

    def __init__(self, command, folder):
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, {**os.environ, "TERM": "dumb", "ZDOTDIR": str(folder), "PS1": "> "})

    def type(self, text):
        os.write(self.end, text.encode())

    def read_until(self, pattern, seconds=20):
        seen, limit = "", time.monotonic() + seconds
        while time.monotonic() < limit:
            if select.select([self.end], [], [], 0.1)[0]:
                seen += os.read(self.end, 4096).decode(errors="replace")
                if re.search(pattern, seen):
                    return seen
        raise AssertionError(f"{pattern} does not come; the terminal shows {seen!r}")

    def close(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.end)


def test_zsh(folder):
    """Cases with one answer: zsh writes it out at the tab."""
    terminal = Terminal([shell("zsh"), "-f", "-i"], folder)
    try:
        terminal.type("unsetopt zle_bracketed_paste; fpath=(scripts $fpath); autoload -U compinit; compinit -u -D\n")
        terminal.type(
            "cp scripts/zsh scripts/_metanash; autoload -U _metanash; compdef _metanash metanash; echo re''ady\n"
        )
        terminal.read_until("ready\r")
        for words, answers in CASES.items():
            if len(answers) == 1 and not answers & {*words}:  # what is typed is seen too
                terminal.type(f"metanash {' '.join(words)}\t")
                terminal.read_until(re.escape(*answers) + r"\b")
                terminal.type("\x15")
    finally:
        terminal.close()


@pytest.mark.parametrize("name", SHELLS)
def test_the_command_prints_the_script_and_loads_little(name):
    """Neither shtab nor the replication is needed."""
    code = f"import sys, metanash.cli as c; c.main(['completion', '{name}']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == script(name)
    assert not {"shtab", "metanash_replication", "numpy"} & set(done.stderr.split())


def test_every_learner_and_command_is_in_each_script():
    for name in SHELLS:
        text = script(name)
        assert not [word for word in (*LEARNERS, *cli.COMMANDS) if word not in text]


def test_another_shell_is_refused():
    with pytest.raises(ValueError, match="not for 'tcsh'"):
        script("tcsh")
