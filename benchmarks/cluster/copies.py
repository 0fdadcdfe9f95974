"""Copies of the repository to run the pipeline in, and a comparison of what was made in two of them."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Comparison", "compare", "copy_repository", "environment"]

ROOT = Path(__file__).resolve().parents[2]
_UNMADE = ("logs", "benchmarks")
"""Folders of results with times in them: what no job has made, and measurements of time."""
_FIGURES = "paper_figures"


def copy_repository(folder: Path) -> None:
    """Copy all files that git knows or would add, and the compiled kernels, with their times."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    kernels = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("src/metanash/kernels/compiled*.so")]
    for name in {*filter(None, listed.split("\0")), *kernels}:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def environment(folder: Path) -> dict[str, str]:
    """Environment of commands in a copy: its own packages come first, and nothing of a run around it."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("METANASH_", "SNAKEMAKE_", "SLURM_"))
    }
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    paths = [folder / "src", folder / "workflow/terminal", os.environ.get("METANASH_PLUGINS", "")]
    return kept | {"PYTHONPATH": os.pathsep.join(str(path) for path in paths if str(path))}


@dataclass(frozen=True)
class Comparison:
    """Files of two runs.

    Attributes
    ----------
    equal : int
        How many have the same bytes.
    lost : tuple of str
        Those that are missing, or others than they should be.
    timed : tuple of str
        Those that differ, and may: made of measured times, or saying when and where they were made.
    """

    equal: int
    lost: tuple[str, ...]
    timed: tuple[str, ...]


def compare(wanted: Path, found: Path) -> Comparison:
    """Compare the results of two runs and the figures beside them, byte for byte.

    Results of other runs in folders within (``results/smoke`` in ``results``) are not looked at.

    A file may differ if the records of the run that was wanted (``made``) lead from it back to a measurement of times,
    or to where and when the run was; records themselves hold digests of such files.
    """
    may = _timed(wanted)
    ones, others = _files(wanted), _files(found)
    equal, lost, timed = 0, [], []
    for name in sorted(ones | others):
        if name.split("/")[0] in _UNMADE:
            continue
        one, other = ones.get(name, wanted / name), others.get(name, found / name)
        if one.is_file() and other.is_file() and one.read_bytes() == other.read_bytes():
            equal += 1
        elif one.is_file() and other.is_file() and (name in may or _is_record_of(one, may)):
            timed.append(name)
        else:
            lost.append(name)
    return Comparison(equal, tuple(lost), tuple(timed))


def _files(results: Path) -> dict[str, Path]:
    """Files of a run by their names; figures of the default run are beside its results, those of others within."""
    others = [made.parent for made in results.glob("*/made") if made.is_dir()]
    roots = {"": results} | ({} if (results / _FIGURES).is_dir() else {f"{_FIGURES}/": results.parent / _FIGURES})
    return {
        prefix + path.relative_to(root).as_posix(): path
        for prefix, root in roots.items()
        for path in root.rglob("*")
        if path.is_file() and not any(path.is_relative_to(other) for other in others)
    }


def _timed(results: Path) -> set[str]:
    """Files that were made, over however many jobs, from measured times or from what the machine says of itself."""
    records = [json.loads(path.read_text()) for path in results.glob("made/**/*.json")]
    found = {_plain(name) for record in records for name in record["outputs"] if "/benchmarks/" in name}
    found |= {_plain(name) for record in records if record["rule"] == "provenance" for name in record["outputs"]}
    while True:
        more = {
            _plain(name)
            for record in records
            if found & {_plain(name) for name in record["inputs"]}
            for name in record["outputs"]
        }
        if more <= found:
            return found
        found |= more


def _plain(name: str) -> str:
    return name.replace("{results}/", "").replace("{figures}/", f"{_FIGURES}/")


def _is_record_of(path: Path, timed: set[str]) -> bool:
    if path.suffix != ".json" or "made" not in path.parts:
        return False
    record = json.loads(path.read_text())
    return bool(timed & {_plain(name) for name in [*record["outputs"], *record["inputs"]]})
