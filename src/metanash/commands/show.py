"""Print the contents of a file: games, runs, measurements (.npz), a game (.nfg, .efg, .gam), a table (.csv, .tsv).

Of an .npz that is what it was made from, and its arrays; of a game its players, actions and payoffs; of a table its
columns and first rows.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from metanash._inner.foreign import kind_of, unreadable
from metanash.archive import ArchiveError, open_archive
from metanash.commands.tables import Table, read_table
from metanash.extensive import read_extensive
from metanash.gambit import read_efg, to_payoffs
from metanash.gamefile import read_games_in_units
from metanash.games import DiscountedGame, Game

__all__ = ["add_arguments", "run"]

_OPENED = ".npz of metanash, .nfg and .efg of Gambit, .gam of GameTracer, .csv and .tsv"
_ROWS, _WIDEST = 5, 24
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the file, and an array to print whole.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["games.npz", "reward"]).array
    'reward'
    """
    parser.add_argument(
        "file", type=Path, help="an .npz file that the pipeline has made, an .nfg, .efg, .gam, .csv or .tsv file"
    )
    parser.add_argument("array", nargs="?", help="of an .npz: print this array whole; of a table: this column")


def _line(name: str, array: np.ndarray[Any, Any]) -> str:
    span = f"{array.min():.6g} to {array.max():.6g}" if array.size and array.dtype.kind in "fiu" else ""
    return f"{name:24s} {array.dtype!s:8s} {array.shape!s:28s} {span}".rstrip()


def _archive(path: Path, wanted: str | None) -> None:
    found, remedy = ("", "") if unreadable(path) else kind_of(path)
    if found and not remedy:
        raise ValueError(f"{path}: {found}, no metanash file; any editor opens it, metanash show opens {_OPENED}")
    with open_archive(path, "metanash", None) as archive:
        if wanted is None:
            lines = [_line(name, archive.array(name)) for name in archive.names]
            print(json.dumps(archive.header, indent=1), *lines, sep="\n")
            return
        if wanted not in archive.names:
            raise ValueError(f"{path} has no array {wanted!r}; there are {', '.join(archive.names) or 'none'}")
        array = archive.array(wanted)
    with np.printoptions(threshold=100_000, linewidth=120):
        print(array)


def _kind(game: Game) -> str:
    return {"ZeroSumGame": "two players, constant sum", "MarkovGame": "general sum"}.get(
        type(game).__name__, "discounted"
    )


def _gambit(path: Path, wanted: str | None) -> None:
    maker = "GameTracer" if path.suffix.lower() == ".gam" else "Gambit"
    if wanted is not None:
        raise ValueError(f"{path} is a {maker} file, which has no arrays; leave {wanted!r} out")
    try:
        (game, *_), units = read_games_in_units(path)
    except ArchiveError:
        if path.suffix.lower() != ".efg" or unreadable(path):
            raise
        _tree(path)  # a tree that is no Markov game; what is wrong with any other file it says too
        return
    print(f"{maker:9s} {'extensive' if path.suffix.lower() == '.efg' else 'strategic'} game, {_kind(game)}")
    print(f"{'title':10s}{game.name}")
    print(f"{'players':10s}{game.n_players}")
    print(f"{'actions':10s}{' x '.join(map(str, game.n_actions))}")
    print(f"{'steps':10s}{getattr(game, 'horizon', 1)}, states {game.n_states}")
    if not isinstance(game, DiscountedGame) and game.horizon == game.n_states == 1:
        for i, payoffs in enumerate(to_payoffs(game, units)):
            print(f"{'payoffs':10s}of player {i + 1}: {float(payoffs.min()):.6g} to {float(payoffs.max()):.6g}")
    print(f"{'read it':10s}metanash.read_games({str(path)!r})")


def _steps(path: Path) -> str:
    try:
        game, _ = read_efg(path, any_order=True)
    except ArchiveError:
        return "no Markov game of steps and states"
    sizes = f"{game.horizon} steps, {game.n_states} states and {' x '.join(map(str, game.n_actions))} actions"
    return f"as a Markov game (metanash.read_games) {sizes}"


def _tree(path: Path) -> None:
    game = read_extensive(path)
    print(f"{'Gambit':10s}extensive game with perfect recall; {_steps(path)}")
    print(f"{'title':10s}{game.name}")
    for i, plex in enumerate(game.players):
        sizes = f"{plex.n_sets} information sets, {plex.n_sequences} sequences"
        print(f"{'player':10s}{i + 1} {plex.name!r}: {sizes}, payoffs in a range of {game.spread[i]:.6g}")
    print(f"{'terminals':10s}{game.n_terminals} combinations of sequences, chance averaged out")
    print(f"{'read it':10s}metanash.extensive.read_extensive({str(path)!r})")


def _cell(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def _table(path: Path, wanted: str | None) -> None:
    table: Table = read_table(path, delimiter=_DELIMITERS[path.suffix.lower()])
    if wanted is not None:
        if wanted not in table.columns:
            raise ValueError(f"{path} has no column {wanted!r}; there are {', '.join(table.columns)}")
        print(*(row[wanted] for row in table.rows), sep="\n")
        return
    print(f"a table: {len(table.rows)} rows, {len(table.columns)} columns")
    shown = [table.columns, *([row[name] for name in table.columns] for row in table.rows[:_ROWS])]
    for name, *cells in zip(*shown, strict=True):
        print(f"{name:24s} {'  '.join(map(_cell, cells))}".rstrip())
    if len(table.rows) > _ROWS:
        print(f"(values of the first {_ROWS} rows)")


def run(options: argparse.Namespace) -> int:
    r"""Print the contents of the file, or one array; ValueError says why it cannot, or names the arrays.

    Examples
    --------
    >>> from metanash.cli import main
    >>> _ = Path("table.csv").write_text("game,gap\n0,0.5\n1,0.25\n")
    >>> main(["show", "table.csv", "gap"])
    0.5
    0.25
    0
    """
    suffix = options.file.suffix.lower()
    show = _gambit if suffix in {".nfg", ".efg", ".gam"} else _table if suffix in _DELIMITERS else _archive
    show(options.file, options.array)
    return 0
