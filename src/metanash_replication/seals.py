"""Digests of files, JSON texts that carry one of themselves, and records of what a job made: no changed bit gets past.

Standard library only, since Snakemake reads this at every start.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = [
    "NOT_A_FILE",
    "STAMP",
    "Places",
    "Record",
    "digest",
    "digest_of_text",
    "digests_in",
    "fault_of",
    "read_record",
    "sealed",
    "unsealed",
]

Record = dict[str, Any]
"""``rule``; digests of ``inputs``, ``outputs`` and files in ``folders``, of ``code`` and ``parameters``."""

STAMP = ".snakemake_timestamp"
"""What Snakemake puts into a folder that is an output."""
NOT_A_FILE = "no file"
"""Digest of a pipe, a socket or a device, of which nothing is read: it might never answer."""
_SEAL = "digest"


def digest_of_text(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and digests of all files in a folder; empty if there is none.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    if path.is_dir():
        return digest_of_text("".join(f"{found} {name}\n" for name, found in digests_in(path).items()))
    if not path.exists():
        return ""
    if not path.is_file():
        return NOT_A_FILE
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digests_in(folder: Path) -> dict[str, str]:
    """Digest of each file in a folder and its folders, by name relative to it and in the order of names.

    Raises
    ------
    OSError
        If one cannot be read.
    """
    files = (file for file in folder.rglob("*") if not file.is_dir() and file.name != STAMP)
    return {name: digest(folder / name) for name in sorted(file.relative_to(folder).as_posix() for file in files)}


def sealed(content: Mapping[str, Any]) -> str:
    """Text of named entries with a digest of them all.

    Raises
    ------
    ValueError
        If an entry has the name of the digest.

    Examples
    --------
    >>> unsealed(sealed({"rule": "learn"}))
    {'rule': 'learn'}
    """
    if _SEAL in content:
        raise ValueError(f"no entry may be called {_SEAL}")
    seal = digest_of_text(json.dumps(content, sort_keys=True))
    return json.dumps({**content, _SEAL: seal}, indent=1) + "\n"


def unsealed(text: str) -> dict[str, Any]:
    """What :func:`sealed` was given.

    Raises
    ------
    ValueError
        If a single bit of the text is another.
    """
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(found, dict) or _SEAL not in found:
        raise ValueError("it has no digest of itself")
    content = {name: value for name, value in found.items() if name != _SEAL}
    if sealed(content) != text:
        raise ValueError("its digest is not that of what it says")
    return content


# Records of jobs ----------------------------------------------------------------------------------------


def read_record(path: Path) -> Record:
    """Read the record of a job.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not as it was written.
    """
    record = unsealed(path.read_text(encoding="utf-8"))
    parts = {"rule": str, "inputs": dict, "code": str, "parameters": str, "outputs": dict, "folders": dict}
    if any(not isinstance(record.get(name), kind) for name, kind in parts.items()):
        raise ValueError(f"no record, which has {', '.join(parts)}")
    return record


class Places:
    """Names of files in records, which leave open where a run writes to.

    Parameters
    ----------
    results, figures : str
        The two folders of the configuration.
    """

    def __init__(self, results: str, figures: str) -> None:
        self.folders = {"{figures}": figures, "{results}": results}  # the figures may lie in the folder of results

    def name(self, path: str) -> str:
        """Name of a file in records."""
        for word, folder in self.folders.items():
            if Path(path).is_relative_to(folder):
                return f"{word}/{Path(path).relative_to(folder).as_posix()}"
        return path

    def path(self, name: str) -> Path:
        """File of a name."""
        for word, folder in self.folders.items():
            if name.startswith(f"{word}/"):
                return Path(folder, name.removeprefix(f"{word}/"))
        return Path(name)

    def is_made(self, name: str) -> bool:
        """Whether jobs make it; anything else is the user's, or the repository's."""
        return name.startswith(tuple(f"{word}/" for word in self.folders)) and ".." not in Path(name).parts


def fault_of(results: Path, name: str) -> str:
    """What is wrong with a file of results by the record of its job; empty if nothing, or if there is no record.

    Records that are damaged themselves say nothing here; the next run finds them.

    Parameters
    ----------
    results : path
        Folder of results.
    name : str
        Of a file in it, such as ``claims.csv``.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    for path in sorted((results / "made").rglob("*.json")):
        try:
            record = read_record(path)
        except (OSError, ValueError):
            continue
        wanted = record["outputs"].get(f"{{results}}/{name}")
        if wanted is not None:
            changed = digest(results / name) != wanted
            return f"truncated, or changed since rule {record['rule']} made it" if changed else ""
    return ""
