"""What is fuzzed: readers of files and the command line, each a function of bytes.

A target may refuse its input in a message of bounded length that names the file, and nothing else: any other exception,
a message of many screens, a traceback on the terminal or a result that is not the same again is a fault. So is a game
that has another value when it is written and read again, and an equilibrium whose gap another command denies.
"""

import contextlib
import copy
import io
import json
import math
import os
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from metanash import StochasticGame, Transition, ZeroSumGame, cli
from metanash.archive import ArchiveError, read_archive
from metanash.extensive import End, Move, build_tree, from_tree, read_tree, write_efg
from metanash.gambit import Units, read_efg
from metanash.gambit import write_efg as write_steps
from metanash.gamefile import FORMAT, SCHEMA, read_games, write_games
from metanash.games import GameBatch, MarkovGame
from metanash.gaps import from_start, values
from metanash.river import ne_gains, river_endgame
from metanash.solution.files import load
from metanash.stochastic import write_stochastic
from workflow.configuration import mistakes, refused_files, verdict

__all__ = ["LONGEST", "TARGETS", "FaultError"]

LONGEST = 3000
"""Characters of what is said about a bad input."""
CLOSE = 1e-6
"""Differences of values and gaps up to this, of what the largest payoff is, are rounding."""
MOST_NODES = 2000
"""Larger games are not written again as trees, which grow with each step."""
ROOT = Path(__file__).parents[2]
COMMANDS = ("info", "show", "gap", "solve", "convert", "claims")
"""Those that end soon whatever they are asked; ``learn`` and ``falsify`` take as long as their user wants."""
DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))


class FaultError(Exception):
    """What a target must not do."""


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """An empty working directory."""
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield Path(name)


def _refused(message: str, name: str) -> None:
    if len(message) > LONGEST:
        raise FaultError(f"a message of {len(message):,} characters: {message[:80]!r}")
    if name not in message:
        raise FaultError(f"a message without the name of the file: {message[:200]!r}")


def _reading(name: str, read: Callable[[Path], object]) -> Callable[[bytes], None]:
    """A target that writes its input to a file and reads it."""

    def target(data: bytes) -> None:
        with _folder():
            Path(name).write_bytes(data)
            try:
                read(Path(name))
            except ArchiveError as error:
                _refused(str(error), name)

    return target


def _npz(path: Path) -> None:
    """Any archive, then as games; what is read once is read again."""
    with contextlib.suppress(ArchiveError):
        header, arrays = read_archive(path, FORMAT, SCHEMA)
        again = read_archive(path, FORMAT, SCHEMA)
        if repr(header) != repr(again[0]) or any(
            array.tobytes() != again[1][name].tobytes() for name, array in arrays.items()
        ):
            raise FaultError("an archive that is another one when it is read again")
    with contextlib.suppress(ArchiveError):
        read_games(path)
    load(path)


def entries(data: bytes) -> None:
    """An archive whose check sums are right, whatever its entries say: ``name``, a newline, content, up to ``--``."""
    with _folder():
        path = Path("game.npz")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for part in data.split(b"--"):
                name, _, content = part.partition(b"\n")
                file.writestr(name.decode("latin1").replace("\0", "") + ".npy", content)
        try:
            _npz(path)
        except ArchiveError as error:
            _refused(str(error), path.name)


def _efg(path: Path) -> None:
    """As a tree, in sequence form, and by steps."""
    with contextlib.suppress(ArchiveError):
        from_tree(read_tree(path))
    load(path)


def _steps(path: Path) -> None:
    """As a Markov game, in the order of the players and in any; what is written of it has its values."""
    for any_order in (False, True):
        with contextlib.suppress(ArchiveError):
            game, units = read_efg(path, any_order=any_order)
            if (game.n_states * math.prod(game.n_actions)) ** game.horizon > MOST_NODES:
                continue
            again = Path("again.efg")
            try:
                write_steps(again, game, units)
            except ValueError as error:
                _refused(str(error), "")
                continue
            try:
                read, known = read_efg(again, isinstance(game, ZeroSumGame))
            except ArchiveError as error:
                raise FaultError(f"what is written cannot be read: {error}") from error
            for i, (before, after) in enumerate(zip(_paid(game, units), _paid(read, known), strict=True)):
                if abs(before - after) > CLOSE * max(1.0, abs(units.offset[i]) + abs(units.scale[i]) * game.horizon):
                    raise FaultError(f"player {i} gets {before}, and {after} when it is written and read again")
    read_efg(path, any_order=True)


def _paid(game: ZeroSumGame | MarkovGame, units: Units) -> list[float]:
    """Payoffs of uniform policies."""
    uniform = [np.full((1, game.horizon, game.n_states, n), 1.0 / n) for n in game.n_actions]
    batch: GameBatch[Any] = GameBatch.of(game)
    found = [from_start(batch, values(batch, uniform, i))[0] for i in range(game.n_players)]
    return [float(units.payoff(value, i)) for i, value in enumerate(found)]


def trees(data: bytes) -> None:
    """A tree in each command: what solve finds gap judges alike, and what convert writes is solved alike."""
    with _folder():
        Path("game.efg").write_bytes(data)
        code, said = _command(["solve", "game.efg", "--json"])
        for suffix in ("nfg", "json", "npz", "gam"):
            _command(["convert", "game.efg", f"new.{suffix}"])
        if code:
            return
        Path("found.json").write_text(said, encoding="utf-8")
        solved = json.loads(said)["games"][0]
        code, said = _command(["gap", "game.efg", "found.json", "--json"])
        if code:
            raise FaultError("gap refuses what solve has found")
        judged = json.loads(said)
        size = max([1.0, *map(abs, judged["payoffs"])])
        if not abs(judged["gap"] - solved["gap"]) <= CLOSE * size:
            raise FaultError(f"solve says that the gap is {solved['gap']}, gap that it is {judged['gap']}")
        if _command(["convert", "game.efg", "new.efg"])[0] == 0 and _command(["solve", "new.efg", "--json"])[0]:
            raise FaultError("what convert has written is not solved, but what it was made of is")


def policies(data: bytes) -> None:
    """Policies, as text or, where the bytes are those of one, an archive, of the game that the first line names."""
    name, _, content = data.partition(b"\n")
    kind = name.decode("latin1")
    if kind not in GAMES:
        return
    given = "found.npz" if content[:2] == b"PK" else "found.json"
    with _folder():
        Path(given).write_bytes(content)
        game = GAMES[kind]()
        _command(["gap", game, given], names=(game, given))


def _table() -> str:
    Path("game.csv").write_text("3,-1,0\n-1,1,2\n", encoding="utf-8")
    return "game.csv"


def _tree() -> str:
    replies = {"left": Move(1, "Bob", {"in": End([1, -1]), "out": End([0, 0])}), "right": End([0.5, -0.5])}
    write_efg("game.efg", build_tree("Small", ["Ann", "Bob"], Move(0, "Ann", replies)))
    return "game.efg"


def _markov() -> str:
    rows = np.full((2, 2, 3, 2), 0.5)
    write_games("game.npz", [ZeroSumGame(np.linspace(0.0, 1.0, 24).reshape(2, 2, 2, 3), Transition.shared(rows))])
    return "game.npz"


def _stochastic() -> str:
    write_stochastic("game.npz", StochasticGame([[[1.0, 2.0]], [[0.0]]], [[[0.5, 0.5], [0.0, 0.9]], [[1.0, 0.0]]], 0.9))
    return "game.npz"


GAMES: dict[str, Callable[[], str]] = {"table": _table, "tree": _tree, "markov": _markov, "stochastic": _stochastic}
"""Small games that policies are for; each writes its file."""


def cards(data: bytes) -> None:
    """A river endgame of the board in the first line, the ranges in the next two, and numbers of chips and bets.

    A range has hands, with weights after a colon; without hands it is all of them. The fourth line has pot, stacks and
    sizes of bets.
    """
    board, first, second, numbers, *_ = [*data.decode("utf-8", "replace").split("\n"), "", "", "", ""]
    try:
        chips = [float(word) for word in numbers.split()]
        ranges = [_range(line) for line in (first, second)]
    except ValueError:
        return
    if not 3 <= len(chips) <= 5:  # trees grow with the number of sizes
        return
    pot, mine, theirs, *sizes = chips
    try:
        endgame = river_endgame(board, ranges, pot=pot, stacks=(mine, theirs), sizes=sizes, raises=2)
    except ValueError as error:
        _refused(str(error), "")
        return
    gains = ne_gains(endgame, endgame.uniform())
    if not (np.isfinite(gains).all() and (gains >= -CLOSE * (pot + min(mine, theirs))).all()):
        raise FaultError(f"best responses to uniform play gain {gains}")


def _range(line: str) -> dict[str, float] | None:
    """Hands of a line with their weights; a hand that is there again counts by its last weight."""
    words = [word.partition(":") for word in line.split()]
    return {hand: float(weight or 1) for hand, _, weight in words} or None


def configuration(data: bytes) -> None:
    """A configuration file over the default configuration, as Snakemake merges them."""
    with _folder():
        path = Path("mine.yaml")
        path.write_bytes(data)
        refused = refused_files([path])
        if refused:
            _refused(verdict(refused), path.name)
            return
        found, config = yaml.safe_load(path.read_text(encoding="utf-8")), copy.deepcopy(DEFAULT)
        if isinstance(found, dict):
            _update(config, found)
            told = verdict(mistakes(config, ROOT / "workflow/schemas/config.schema.yaml"))
            if len(told) > LONGEST:
                raise FaultError(f"a message of {len(told):,} characters")


def _update(config: dict[object, object], other: dict[object, object]) -> None:
    for key, value in other.items():
        before = config.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            _update(before, value)
        else:
            config[key] = value


def command_line(data: bytes) -> None:
    """Arguments, a line each; after an empty line the text of a game, which they call ``game.efg`` or ``game.nfg``."""
    head, _, text = data.partition(b"\n\n")
    arguments = [word.decode("utf-8", "surrogateescape") for word in head.split(b"\n")]
    if arguments[0] not in COMMANDS or any("/" in word or "\0" in word for word in arguments):
        return  # nothing outside of the folder is named, or written
    with _folder():
        for name in ("game.efg", "game.nfg"):
            Path(name).write_bytes(text)
        _command(arguments)


def _command(arguments: list[str], names: tuple[str, ...] = ()) -> tuple[int, str]:
    """Give a command: its exit code, and what it prints; if it fails it says so in few words, with one of the names."""
    said, content = io.StringIO(), io.BytesIO()
    printed = io.TextIOWrapper(content, "utf-8", "surrogateescape", write_through=True)
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(printed), _no_input():
        try:
            code: object = cli.main(arguments)
        except SystemExit as left:
            code = left.code
    if code not in {None, 0, 1, 2}:
        raise FaultError(f"the command ends with {code!r}")
    if "Traceback" in said.getvalue() or len(said.getvalue()) > LONGEST:
        raise FaultError(f"the command says {said.getvalue()[:200]!r}")
    if code and names and not any(name in said.getvalue() for name in names):
        raise FaultError(f"the command fails without the name of a file: {said.getvalue()[:200]!r}")
    return int(str(code or 0)), content.getvalue().decode("utf-8", "surrogateescape")


@contextlib.contextmanager
def _no_input() -> Iterator[None]:
    with open(os.devnull, encoding="utf-8") as nothing:
        before, sys.stdin = sys.stdin, nothing
        try:
            yield
        finally:
            sys.stdin = before


TARGETS: dict[str, Callable[[bytes], None]] = {
    "config": configuration,
    "npz": _reading("game.npz", _npz),
    "entries": entries,
    "nfg": _reading("game.nfg", read_games),
    "efg": _reading("game.efg", _efg),
    "steps": _reading("game.efg", _steps),
    "trees": trees,
    "policies": policies,
    "cards": cards,
    "gam": _reading("game.gam", read_games),
    "csv": _reading("game.csv", load),
    "json": _reading("game.json", load),
    "arguments": command_line,
}
