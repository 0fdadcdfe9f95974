"""The command ``metanash``: subcommands of ``COMMANDS``, and those that other packages add.

A subcommand is a module with a docstring, ``add_arguments(parser)`` and ``run(options)``, which returns an exit code.
It is imported when it is asked for, so the ones that need nothing but NumPy start at once. A package adds some by an
entry point of the group ``metanash.commands``, a dictionary like ``COMMANDS``; one that cannot be loaded, or whose
names are taken, is left out, which a line on stderr says.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from metanash import __version__

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["COMMANDS", "main", "parser"]

COMMANDS = {
    "completion": ("metanash.commands.completion", "what makes a shell complete this command"),
    "convert": ("metanash.commands.convert", "write a game in another format"),
    "gap": ("metanash.commands.gap", "how far policies of a game are from an equilibrium"),
    "info": ("metanash.commands.info", "versions, kernels and machine, for a bug report"),
    "learn": ("metanash.commands.learn", "learn a game by play, and how the gap falls"),
    "show": ("metanash.commands.show", "what a file of games, runs or measurements holds, or a table"),
    "solve": ("metanash.commands.solve", "an equilibrium of a game, with the gap that certifies it"),
}
"""Modules of the subcommands, and the purpose of each in a line."""
_GROUP = "metanash.commands"


def entry_points(group: str) -> "Sequence[EntryPoint]":
    """Those of all packages; looking for them takes a tenth of the time of a small command, which does without.

    Examples
    --------
    >>> entry_points("metanash.nothing")
    []
    """
    found: Any = importlib.import_module("importlib.metadata")
    return sorted(found.entry_points(group=group), key=lambda point: (_package(point), point.name))


def _package(point: "EntryPoint") -> str:
    return point.dist.name if point.dist else "a package"


def _added(point: "EntryPoint", taken: Collection[str]) -> dict[str, tuple[str, str]]:
    """Subcommands of another package, none if there is something wrong with them: the others are to work."""
    try:
        found = {str(name): (str(module), str(purpose)) for name, (module, purpose) in point.load().items()}
        clash = sorted(found.keys() & taken)
        fault = f"{', '.join(clash)} is there already" if clash else ""
    except Exception as error:  # whatever an import raises
        fault = f"{type(error).__name__}: {error}"
    if not fault:
        return found
    print(f"metanash: what {_package(point)} adds ({point.value}) is left out: {fault}", file=sys.stderr)
    return {}


def _commands(name: str | None) -> dict[str, tuple[str, str]]:
    """Those of this package, which suffice for a subcommand of its own, else with those of others."""
    if name in COMMANDS:
        return COMMANDS
    found = dict(COMMANDS)
    for point in entry_points(_GROUP):
        found |= _added(point, found)
    return dict(sorted(found.items()))


def parser(commands: Mapping[str, tuple[str, str]], wanted: Collection[str]) -> argparse.ArgumentParser:
    """Make a parser of subcommands; only those that are wanted are imported and have arguments.

    Parameters
    ----------
    commands : dict from str to (module, purpose)
        As :data:`COMMANDS`.
    wanted : collection of str
        Names.

    Examples
    --------
    >>> parser(COMMANDS, ["solve"]).parse_args(["solve", "game.nfg", "--json"]).file
    'game.nfg'
    """
    made = argparse.ArgumentParser(prog="metanash", description="Learning of equilibria in tabular Markov games.")
    made.add_argument(
        "--version", action="version", version=f"metanash {__version__}", help="show the version and exit"
    )
    subs = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, purpose) in commands.items():
        own = importlib.import_module(module) if name in wanted else None
        sub = subs.add_parser(name, help=purpose, description=own.__doc__ if own else purpose)
        if own:
            own.add_arguments(sub)
            sub.set_defaults(run=own.run)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    r"""Run a subcommand; a ValueError, ArithmeticError, unreadable file or lack of memory is told in one line.

    The exit code is then 1; that of wrong usage is 2.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("game.csv").write_text("0,2\n3,1\n")
    >>> main(["solve", "game.csv"])
    game.csv: strategic, constant sum, 2 x 2 actions
    zero-sum game, value 1.5 to player 1, NE-gap 0
    player 1  0.5       0.5
    player 2  0.25      0.75
    by the simplex method
    0
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser(_commands(given[0] if given else None), given[:1]).parse_args(given)
    try:
        code = int(options.run(options))
        sys.stdout.flush()  # here, where a reader who has gone away is dealt with
        return code
    except BrokenPipeError:  # whoever reads has seen enough, as in `metanash show FILE | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, ArithmeticError, OSError, MemoryError) as error:
        print(f"metanash {options.command}: {_told(error)}", file=sys.stderr)
        return 1


def _told(error: Exception) -> str:
    """In one line, file first."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    return " ".join(str(error).split()) if "\n" in str(error) else str(error)


if __name__ == "__main__":
    sys.exit(main())
