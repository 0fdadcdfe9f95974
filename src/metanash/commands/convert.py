"""Write a game in another format: .nfg and .efg of Gambit, .gam of GameTracer, .csv, .json, .npz.

Strategic formats hold games of one state and one step, and the strategic form of an extensive game,
with perfect recall or without; .efg holds any game of finite horizon, .npz any game but an extensive
one that is no Markov game, with payoffs as rewards in [0, 1] and the units in which they are payoffs
beside them.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from metanash.archive import ArchiveError, write_text
from metanash.commands import stochastic, trees
from metanash.commands.inputs import add_game, head, read
from metanash.gambit import Units, from_payoffs, read_efg, write_efg, write_gam, write_nfg
from metanash.gambit.matrices import only_one_shot
from metanash.gambit.scaling import keeping_payoffs
from metanash.gambit.text import decimal
from metanash.gambit.units import written_payoffs
from metanash.gamefile import write_games
from metanash.games import DiscountedGame, MarkovGame, ZeroSumGame
from metanash.solution.files import Loaded, LoadedStochastic, LoadedTree

__all__ = ["add_arguments", "run"]

OneShot = ZeroSumGame | MarkovGame
_EXAMPLES = """\
  metanash convert chicken.nfg chicken.gam
  metanash convert payoffs.csv payoffs.nfg
  metanash convert games.npz second.efg --game 1
  metanash convert - game.nfg --format json < payoffs.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the game, the file to write and whether it may be there already.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["game.csv", "game.nfg", "--force"]).force
    True
    """
    add_game(parser, _EXAMPLES)
    parser.add_argument("target", type=Path, help=f"the file to write; its name ends in {', '.join(_WRITERS)}")
    parser.add_argument("--game", type=int, metavar="K", help="of a file with several games: this one, from 0")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def run(options: argparse.Namespace) -> int:
    r"""Write the file and say what it holds; ValueError says why it cannot be.

    Examples
    --------
    >>> from metanash.cli import main
    >>> _ = Path("game.csv").write_text("3,-1\n-1,1\n")
    >>> main(["convert", "game.csv", "game.nfg", "--force"])
    game.nfg: strategic, constant sum, 2 x 2 actions
    0
    """
    target: Path = options.target
    suffix = target.suffix.lower()
    if suffix not in _WRITERS:
        options.misused(f"{target}: what is written has a name that ends in {', '.join(_WRITERS)}")
    if target.exists() and not options.force:
        raise ValueError(f"{target} is there already; --force writes over it")
    loaded = read(options)
    if isinstance(loaded, LoadedTree):
        loaded.check_number(options.game)
        return _tree(target, loaded)
    if isinstance(loaded, LoadedStochastic):
        raise stochastic.refused(loaded, "convert")
    if options.game is not None:
        loaded = loaded._replace(games=[loaded.game(options.game)])
    loaded.check_rewards("converting")
    if suffix == ".npz":
        write_games(target, loaded.games, {"source": str(loaded.path), "units": _named(loaded.units)})
        print(f"{head(loaded._replace(path=target))}, {len(loaded.games)} games")
        return 0
    game = loaded.game(None)
    if isinstance(game, DiscountedGame):
        raise ValueError(
            f"{loaded.path} has a discounted game, which only .npz holds; a {suffix} file ends after its moves"
        )
    try:
        _WRITERS[suffix](target, game, loaded.units)
    except ValueError as error:
        raise ValueError(f"{loaded.path} cannot be written as {suffix}: {error}") from error
    print(head(loaded._replace(path=target)))
    return 0


def _named(units: Units) -> dict[str, list[float]]:
    return {"offset": list(units.offset), "scale": list(units.scale)}


def _tree(target: Path, loaded: LoadedTree) -> int:
    """Write a tree as .efg, or its strategic form."""
    suffix = target.suffix.lower()
    if suffix == ".npz":
        return _steps(target, loaded)
    if suffix == ".efg":
        trees.write(target, loaded)
        return 0
    with keeping_payoffs() as kept:
        game, units = from_payoffs(trees.strategic(loaded), name=loaded.tree.title)
    Loaded(loaded.path, [game], units, True, next(iter(kept), None)).check_rewards("converting")
    try:
        _WRITERS[suffix](target, game, units)
    except ValueError as error:
        raise ValueError(f"{loaded.path} cannot be written as {suffix}: {error}") from error
    return 0


def _steps(target: Path, loaded: LoadedTree) -> int:
    """Write a tree as the Markov game that it is, if all players know where its steps begin."""
    if not loaded.path.exists():
        raise ValueError(f"{loaded.path} holds an extensive game: save it as an .efg file first, to write it as .npz")
    try:
        game, units = read_efg(loaded.path, any_order=True)
    except ArchiveError as error:
        raise ValueError(
            f"{loaded.path} is an extensive game, and .npz holds Markov games; write .efg, .nfg or .json ({error})"
        ) from error
    found = Loaded(target, [game], units, strategic=False)
    write_games(target, found.games, {"source": str(loaded.path), "units": _named(units)})
    print(f"{head(found)}; a position with fewer actions has its last one several times")
    return 0


def _tables(game: OneShot, units: Units | None) -> Any:
    """Payoffs (N, A_1, ..., A_N) as decimals in text; of a game that sums to 0 the matrix of player 1, (A, B)."""
    only_one_shot(game)
    if game.n_players == 1:
        raise ValueError("a single row is read as a matrix of two players; .nfg and .gam hold games of one player")
    payoffs = written_payoffs(game, units)[:, 0, 0]
    if isinstance(game, ZeroSumGame) and not (payoffs[0] + payoffs[1]).any():
        payoffs = payoffs[0]
    return payoffs


def _write_csv(path: Path, game: OneShot, units: Units | None) -> None:
    payoffs = _tables(game, units)
    if payoffs.ndim > 3:
        raise ValueError(
            f"a table holds games of two players, this one has {game.n_players}; .json, .nfg and .gam hold more"
        )
    between = "\t" if path.suffix.lower() == ".tsv" else ","
    tables = [payoffs] if payoffs.ndim == 2 else list(payoffs)
    write_text(path, "\n".join("".join(between.join(map(decimal, row)) + "\n" for row in table) for table in tables))


def _write_json(path: Path, game: OneShot, units: Units | None) -> None:
    write_text(path, _nested(_tables(game, units).tolist()) + "\n")


def _nested(found: Any) -> str:
    if isinstance(found, list):
        return f"[{', '.join(map(_nested, found))}]"
    return decimal(found)


_WRITERS: dict[str, Callable[[Path, Any, Units | None], None]] = {
    ".nfg": write_nfg,
    ".gam": write_gam,
    ".csv": _write_csv,
    ".tsv": _write_csv,
    ".json": _write_json,
    ".efg": write_efg,
    ".npz": lambda path, game, _: write_games(path, [game]),
}
