"""Games that commands are given: a file, or standard input, and what reading it warns of."""

import argparse
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from metanash._inner.files import read_at_most
from metanash.archive import allowed_bytes
from metanash.gambit.text import MOST_BYTES
from metanash.games import DiscountedGame, ZeroSumGame
from metanash.solution.files import FORMATS, Loaded, LoadedStochastic, LoadedTree, load

__all__ = ["SCHEMA", "add_game", "described", "head", "notes", "read"]

SCHEMA = 1
"""Of what ``--json`` prints; entries may be added without a new number."""
_KINDS = [suffix.removeprefix(".") for suffix in FORMATS]


def add_game(parser: argparse.ArgumentParser, examples: str) -> None:
    """Add the arguments that say which game, and examples below the help.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_game(parser, "  metanash solve game.csv")
    >>> options = parser.parse_args(["-", "--format", "csv", "--zero-sum"])
    >>> options.file, options.format, options.zero_sum
    ('-', 'csv', True)
    """
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        f"examples:\n{examples}\n\nexit codes: 0, or 1 if something is wrong with the game, 2 with the usage"
    )
    parser.add_argument("file", help=f"a file whose name ends in {', '.join(FORMATS)}, or - for standard input")
    parser.add_argument("--format", choices=_KINDS, help="of standard input, or of a file with another name")
    sums = parser.add_mutually_exclusive_group()
    sums.add_argument(
        "--zero-sum", action="store_true", default=None, help="sums of payoffs are constant up to rounding"
    )
    sums.add_argument("--general-sum", dest="zero_sum", action="store_false", help="take sums as they are")
    parser.set_defaults(misused=parser.error, zero_sum=None)


@contextmanager
def notes(command: str) -> Iterator[None]:
    """Print warnings as lines on stderr.

    Examples
    --------
    >>> import contextlib
    >>> with contextlib.redirect_stderr(sys.stdout), notes("solve"):
    ...     warnings.warn("payoffs are close")
    metanash solve: note: payoffs are close
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            for warning in caught:
                print(f"metanash {command}: note: {' '.join(str(warning.message).split())}", file=sys.stderr)


def _content(path: Path | None, shown: str) -> bytes:
    """What stands in a file or comes from standard input, up to a bound."""
    most = allowed_bytes() or MOST_BYTES
    if path is None:
        content = read_at_most(sys.stdin.buffer, most)
    else:
        with path.open("rb") as file:
            content = read_at_most(file, most)
    if len(content) > most:
        raise ValueError(f"{shown}: more than {most:,} bytes; METANASH_MOST_BYTES allows more")
    return content


def read(options: argparse.Namespace) -> Loaded | LoadedTree | LoadedStochastic:
    r"""Read the game of the arguments; ValueError as :func:`metanash.solution.files.load`, exit 2 without a format.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_game(parser, "")
    >>> _ = Path("game.csv").write_text("3,-1\n-1,1\n")
    >>> options = parser.parse_args(["game.csv"])
    >>> options.command = "solve"
    >>> head(read(options))
    'game.csv: strategic, constant sum, 2 x 2 actions'
    """
    with notes(options.command):
        if options.file == "-" and options.format is None:
            options.misused(f"--format is needed with -, one of {', '.join(_KINDS)}")
        path = Path(options.file)
        if options.file != "-" and options.format in {None, path.suffix.lower().removeprefix(".")}:
            try:
                return load(path, options.zero_sum)
            except ValueError as error:
                if path.suffix.lower() in FORMATS or not path.is_file():
                    raise
                raise ValueError(f"{error}; of a name that does not end in its format, --format says it") from error
        with tempfile.TemporaryDirectory() as folder:
            copy, shown = Path(folder) / f"game.{options.format}", "standard input" if options.file == "-" else path
            copy.write_bytes(_content(None if options.file == "-" else path, str(shown)))
            try:
                return load(copy, options.zero_sum)._replace(path=Path(str(shown)))
            except ValueError as error:
                raise ValueError(str(error).replace(str(copy), str(shown))) from error


def head(loaded: Loaded, number: int = 0) -> str:
    """Title, kind and sizes of a game of a file in a line.

    Examples
    --------
    >>> from metanash.gambit import from_bimatrix
    >>> game, units = from_bimatrix([[3, -1], [-1, 1]], name="pennies")
    >>> head(Loaded(Path("pennies.nfg"), [game], units, True))
    'pennies.nfg: pennies, strategic, constant sum, 2 x 2 actions'
    """
    game = loaded.game(number)
    parts = [game.name] * bool(game.name)
    if loaded.strategic:
        parts.append("strategic")
    elif isinstance(game, DiscountedGame):
        parts.append(f"discount {game.discount:g}")
    else:
        parts.append(f"{game.horizon} steps")
    parts += ["constant sum" if isinstance(game, ZeroSumGame) else "general sum"] * (
        not isinstance(game, DiscountedGame)
    )
    parts += [] if loaded.strategic else [f"{game.n_states} states"]
    return f"{loaded.path}: {', '.join(parts)}, {' x '.join(map(str, game.n_actions))} actions"


def described(loaded: Loaded, number: int) -> dict[str, Any]:
    """What ``--json`` says of a game of a file.

    Examples
    --------
    >>> from metanash.gambit import from_bimatrix
    >>> game, units = from_bimatrix([[3, -1], [-1, 1]], name="pennies")
    >>> described(Loaded(Path("pennies.nfg"), [game], units, True), 0)
    {'game': 0, 'name': 'pennies', 'players': 2, 'actions': [2, 2], 'states': 1, 'steps': 1, 'discount': None}
    """
    game = loaded.game(number)
    return {
        "game": number,
        "name": game.name,
        "players": game.n_players,
        "actions": list(game.n_actions),
        "states": game.n_states,
        "steps": None if isinstance(game, DiscountedGame) else game.horizon,
        "discount": game.discount if isinstance(game, DiscountedGame) else None,
    }
