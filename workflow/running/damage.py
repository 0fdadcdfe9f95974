"""Files of earlier runs that are not as they were made: found at the beginning of a run, set aside, and so made anew.

A job leaves a record of its outputs (``metanash_workflow.made``). What Snakemake writes after a job has ended, its log
and its benchmark, and ``kernels.json``, made before there can be records, are in a list that the run writes at its end,
``logs/digests.json``. Everything is read whole, since a disk that forgets a bit changes no time and no size.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from metanash_replication.seals import NOT_A_FILE, Places, digest, digests_in, read_record, sealed, unsealed

__all__ = ["ASIDE", "Damage", "begin_list", "damaged", "end_list", "in_words", "set_aside"]

ASIDE = Path(".snakemake/damaged")
LIST = "logs/digests.json"
_UNRECORDED = ("logs/**/*", "benchmarks/**/*", "kernels.json")
_SHOWN = 20


@dataclass(frozen=True)
class Damage:
    """A file that is not as it was made.

    Attributes
    ----------
    path : path
    words : str
        What is wrong with it.
    mark : path or None
        An output of the job that made it: without it, Snakemake runs the job again.
    """

    path: Path
    words: str
    mark: Path | None = None


@dataclass(frozen=True)
class _Wanted:
    """What a file should be: its digest, and those of the files in it if it is a folder."""

    path: Path
    digest: str
    words: str
    mark: Path
    files: Mapping[str, str] = field(default_factory=dict)

    def faults(self) -> list[Damage]:
        """What is missing is none: Snakemake sees that."""
        try:
            found = digest(self.path)
            if found in {"", self.digest}:
                return []
            inside = digests_in(self.path) if self.path.is_dir() else {}
        except OSError as error:
            return [Damage(self.path, f"cannot be read ({error.strerror or error})", self.mark)]
        odd = [name for name, one in inside.items() if self.files.get(name) != one]  # none where one is missing
        words = "no file" if found == NOT_A_FILE else self.words
        return [Damage(self.path / name, words, self.mark) for name in odd or ["."]]


def damaged(results: str, figures: str) -> list[Damage]:
    """All damaged files below two folders, in the order of their names.

    Files that no job is known to have made are not looked at.
    """
    found: list[Damage] = []
    wanted = [*_of_records(Places(results, figures), found), *_of_list(Path(results), found)]
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        for faults in pool.map(_Wanted.faults, wanted):
            found += faults
    return sorted(found, key=lambda damage: damage.path)


def _of_records(places: Places, odd: list[Damage]) -> Iterator[_Wanted]:
    """Outputs of all jobs; records that are damaged themselves go into ``odd``."""
    for path in sorted(places.path("{results}/made").rglob("*.json")):
        try:
            record = read_record(path)
        except (OSError, ValueError) as error:
            odd.append(Damage(path, f"damaged, or of an earlier version ({error})"))
            continue
        words = f"truncated, or changed since rule {record['rule']} made it"
        for name in filter(places.is_made, record["outputs"]):
            files = record["folders"].get(name, {})
            yield _Wanted(places.path(name), record["outputs"][name], words, path, files)


def _of_list(results: Path, odd: list[Damage]) -> Iterator[_Wanted]:
    """What no record has."""
    path = results / LIST
    try:
        listed = unsealed(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, ValueError) as error:
        odd.append(Damage(path, f"damaged ({error})"))
        return
    for name, wanted in listed.items():
        yield _Wanted(results / name, wanted, "truncated, or changed since the last run ended", _mark(results, name))


def _mark(results: Path, name: str) -> Path:
    """Record of the job whose log or benchmark this is: they are called alike. The kernels have none."""
    record = results.joinpath("made", *Path(name).parts[1:]).with_suffix(".json")
    return record if record.exists() else results / "kernels.json"


def set_aside(found: Sequence[Damage]) -> None:
    """Move damaged files away, so that nothing is lost that somebody has written there, and have them made anew.

    Raises
    ------
    OSError
        If one cannot be moved.
    """
    for damage in found:
        path = Path(os.path.relpath(damage.path))
        target = ASIDE.joinpath(*(part for part in path.parts if part != os.pardir))
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            shutil.rmtree(target)
        shutil.move(path, target)
    for mark in {damage.mark for damage in found if damage.mark}:
        mark.unlink(missing_ok=True)


def in_words(found: Sequence[Damage]) -> str:
    """A line for each damaged file, up to a bound."""
    lines = [f"{damage.path}: {damage.words}" for damage in found[:_SHOWN]]
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return "\n  ".join([f"damaged files, which a run sets aside in {ASIDE} and makes anew:", *lines, *more])


def begin_list(results: str) -> None:
    """Delete the list: jobs are about to write what is in it. A run that is killed leaves none."""
    Path(results, LIST).unlink(missing_ok=True)


def end_list(results: str) -> None:
    """Write the list of what no record has."""
    folder = Path(results)
    files = sorted(file for pattern in _UNRECORDED for file in folder.glob(pattern) if file.is_file())
    names = [file.relative_to(folder).as_posix() for file in files]
    found = {name: digest(folder / name) for name in names if name != LIST}
    part = folder / f"{LIST}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(sealed(found))
    part.replace(folder / LIST)
