"""The locks of a run."""

import hashlib
import os
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # a system without them: the locks of Snakemake are all there is
    fcntl = None

__all__ = ["AlreadyRunningError", "Turn", "is_dry", "only_looks", "take_turn", "tidy"]

HELD = Path(".snakemake/runs")
SNAKEMAKE = Path(".snakemake/locks")


_LOOKS = {
    "--dry-run", "--dryrun", "--summary", "--detailed-summary", "--list", "--list-rules", "--list-target-rules",
    "--list-changes", "--list-input-changes", "--list-params-changes", "--list-untracked", "--list-code-changes",
    "--dag", "--rulegraph", "--filegraph", "--d3dag", "--lint", "--report", "--help", "--version", "--unlock",
    "--archive", "--print-compilation", "--export-cwl", "--containerize", "--generate-unit-tests",
}  # fmt: skip
"""Options with which Snakemake makes nothing."""
_LOOKS_IN_SHORT = frozenset("nSDlhv")
_DRY = {"--dry-run", "--dryrun"}


class AlreadyRunningError(Exception):
    """Another run writes to the same folder."""


@dataclass(frozen=True)
class Turn:
    """The locks that a run holds, until its process ends.

    Attributes
    ----------
    descriptors : tuple of int
        Of the files that are locked.
    removed : int
        How many locks of a run that was killed have been deleted.
    """

    descriptors: tuple[int, ...]
    removed: int = 0

    def end(self) -> None:
        """Give the locks back."""
        for descriptor in self.descriptors:
            os.close(descriptor)


def _file_of(folder: str, held: Path) -> Path:
    name = hashlib.sha256(os.path.realpath(folder).encode()).hexdigest()[:16]
    return held / f"{name}.lock"


def _is_taken(descriptor: int) -> bool:
    """Take the lock if it is free; whether somebody else has it. A file system without locks has none that is taken."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _holder(descriptor: int) -> str:
    process = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
    return f"process {process}" if process.isdigit() else "another process"


@contextmanager
def _alone(held: Path) -> Iterator[None]:
    """One process at a time looks at the locks."""
    descriptor = os.open(held / "all", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def take_turn(folders: Sequence[str], held: Path = HELD, snakemake: Path = SNAKEMAKE) -> Turn:
    """Be the only run that writes to some folders, and delete what is left of the locks of a run that was killed.

    Locks of Snakemake do not say whose they are, so they are deleted only if no run at all goes on here.

    Raises
    ------
    AlreadyRunningError
        If another run writes to one of the folders.
    """
    if fcntl is None:
        return Turn(())
    held.mkdir(parents=True, exist_ok=True)
    mine: list[int] = []
    with _alone(held):
        for folder in dict.fromkeys(map(os.path.realpath, folders)):
            descriptor = os.open(_file_of(folder, held), os.O_RDWR | os.O_CREAT, 0o666)
            mine.append(descriptor)
            if _is_taken(descriptor):
                holder = _holder(descriptor)
                Turn(tuple(mine)).end()
                raise AlreadyRunningError(
                    f"another run ({holder}) is writing to {os.path.relpath(folder)}: wait for its end, or stop it"
                )
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        removed = 0 if _others(held, mine) else _delete(snakemake)
    return Turn(tuple(mine), removed)


def tidy(held: Path = HELD, snakemake: Path = SNAKEMAKE) -> int:
    """Delete what is left of the locks of Snakemake, if no run goes on here; how many there were."""
    if fcntl is None or not held.is_dir() or not any(snakemake.glob("*.lock")):
        return 0
    with _alone(held):
        return 0 if _others(held, ()) else _delete(snakemake)


def only_looks(arguments: Sequence[str]) -> bool:
    """Whether Snakemake, called with these arguments, makes nothing."""
    return _has_any(arguments, _LOOKS, _LOOKS_IN_SHORT)


def is_dry(arguments: Sequence[str]) -> bool:
    """Whether Snakemake, called with these arguments, only says what it would make."""
    return _has_any(arguments, _DRY, frozenset("n"))


def _has_any(arguments: Sequence[str], options: Set[str], in_short: Set[str]) -> bool:
    names = {argument.partition("=")[0] for argument in arguments}
    short = (name[1:] for name in names if name[:1] == "-" and name[:2] != "--")
    return bool(names & options) or any(in_short & {*letters} and letters.isalpha() for letters in short)


def _others(held: Path, mine: Sequence[int]) -> bool:
    """Whether any other run goes on here, for other folders."""
    own = {os.fstat(descriptor).st_ino for descriptor in mine}
    for path in held.glob("*.lock"):
        descriptor = os.open(path, os.O_RDWR)
        try:
            if os.fstat(descriptor).st_ino not in own and _is_taken(descriptor):
                return True
        finally:
            os.close(descriptor)
    return False


def _delete(snakemake: Path) -> int:
    locks = [*snakemake.glob("*.lock")]
    for path in locks:
        path.unlink(missing_ok=True)
    return len(locks)
