"""What is fuzzed: readers of files and the command line, each a function of bytes.

A target may refuse its input in a message of bounded length that names the file, and nothing else: any other exception,
a message of many screens, a traceback on the terminal or a result that is not the same again is a fault.
"""

import contextlib
import copy
import io
import os
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from metanash import cli
from metanash.archive import ArchiveError, read_archive
from metanash.extensive import from_tree, read_tree
from metanash.gamefile import FORMAT, SCHEMA, read_games
from metanash.solution.files import load
from workflow.configuration import mistakes, refused_files, verdict

__all__ = ["LONGEST", "TARGETS", "FaultError"]

LONGEST = 3000
"""Characters of what is said about a bad input."""
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
    read_games(path)


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
    said, printed = io.StringIO(), io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape")
    with _folder():
        for name in ("game.efg", "game.nfg"):
            Path(name).write_bytes(text)
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(printed), _no_input():
            try:
                code: object = cli.main(arguments)
            except SystemExit as left:
                code = left.code
    if code not in {None, 0, 1, 2}:
        raise FaultError(f"the command ends with {code!r}")
    if "Traceback" in said.getvalue() or len(said.getvalue()) > LONGEST:
        raise FaultError(f"the command says {said.getvalue()[:200]!r}")


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
    "gam": _reading("game.gam", read_games),
    "csv": _reading("game.csv", load),
    "json": _reading("game.json", load),
    "arguments": command_line,
}
