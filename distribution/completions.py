"""The scripts that ``metanash completion`` prints, made of the parser: run this after a change of an argument.

shtab (of the extra ``dev``) writes them; told here is which arguments are files, folders and names of claims.
"""

import argparse
from pathlib import Path

import shtab

from metanash.cli import COMMANDS, parser
from metanash.commands.completion import SHELLS
from metanash_replication.commands import COMMANDS as OTHERS
from metanash_replication.falsification import FALSIFIABLE

FOLDER = Path(__file__).resolve().parents[1] / "src/metanash/commands"
FOLDERS = {"output", "results"}
FILES = {"file"}
NAMES = {"claim": sorted(name.replace("_", "-") for name in FALSIFIABLE)}


def made(shell):
    """The script of a shell."""
    commands = dict(sorted((COMMANDS | OTHERS).items()))
    whole = parser(commands, commands)
    for action in arguments(whole):
        if action.dest in FOLDERS:
            action.complete = shtab.DIRECTORY
        elif action.dest in FILES or action.type is Path:
            action.complete = shtab.FILE
        elif action.dest in NAMES:
            action.choices = NAMES[action.dest]
    lines = shtab.complete(whole, shell).splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def arguments(one):
    """All actions of a parser and of those below it."""
    for action in one._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from arguments(below)


if __name__ == "__main__":
    for shell in SHELLS:
        (FOLDER / f"completion.{shell}").write_text(made(shell), encoding="utf-8")
