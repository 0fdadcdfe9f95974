"""Files of named arrays with a header: the container of game files and run records.

An archive is a NumPy ``.npz`` (a zip of ``.npy``) without pickled objects, with one extra entry ``header``: a
JSON text that has at least ``format`` and ``schema``. Equal content gives equal bytes. Writing is atomic: the
file appears whole under its name or not at all.
"""

import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

__all__ = ["ArchiveError", "read_archive", "write_archive", "write_text"]

Header = dict[str, Any]


class ArchiveError(ValueError):
    """A file that is missing, truncated, of another format or of an unknown schema version."""


def _replace(path: Path, content: Callable[[BinaryIO], object]) -> None:
    """Call ``content(handle)`` on a temporary neighbour of ``path``, then move it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            content(handle)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp makes files that only their owner may read
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_text(path: Path | str, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    _replace(Path(path), lambda handle: handle.write(text.encode()))


def write_archive(
    path: Path | str,
    format_name: str,
    schema: int,
    header: Mapping[str, Any],
    arrays: Mapping[str, npt.ArrayLike],
) -> None:
    """Write an archive atomically.

    Parameters
    ----------
    path : path
        Its folder is created.
    format_name, schema : str, int
        What the file is and the version of its layout.
    header : mapping
        Anything that JSON can hold.
    arrays : mapping from str to array
        Named arrays; not called ``header``.

    Raises
    ------
    TypeError
        If the header holds something that JSON cannot, or an array holds Python objects.
    ValueError
        If an array is called ``header``, or the header holds a number that is not finite.
    """
    full = {**header, "format": format_name, "schema": schema}
    text = json.dumps(full, sort_keys=True, indent=1, allow_nan=False)
    if "header" in arrays:
        raise ValueError("an array of an archive must not be called header")
    # memory order is no content, so all arrays are written in C order
    entries = {"header": np.array(text)} | {name: np.array(arrays[name], order="C") for name in sorted(arrays)}
    for name, array in entries.items():
        if array.dtype.hasobject:
            raise TypeError(f"array {name} holds Python objects; an archive holds numbers and text")

    def write(handle: BinaryIO) -> None:
        with zipfile.ZipFile(handle, "w") as archive:
            for name, array in entries.items():
                entry = zipfile.ZipInfo(f"{name}.npy")  # of 1980: no time is written
                entry.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(entry, "w", force_zip64=True) as stream:
                    np.lib.format.write_array(stream, array, allow_pickle=False)

    _replace(Path(path), write)


def read_archive(path: Path | str, format_name: str, schema: int) -> tuple[Header, dict[str, npt.NDArray[Any]]]:
    """Read an archive whole.

    Returns
    -------
    header : dict
    arrays : dict from str to array

    Raises
    ------
    ArchiveError
        If the file is missing, damaged, of another format or of another schema version; the message says
        which and what to do.
    """
    path = Path(path)
    if not path.exists():
        raise ArchiveError(f"{path}: no such file")
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {}
            for entry in archive.namelist():
                with archive.open(entry) as stream:
                    arrays[entry.removesuffix(".npy")] = np.lib.format.read_array(stream, allow_pickle=False)
        header = json.loads(str(arrays.pop("header")))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, ValueError, RuntimeError) as error:
        raise ArchiveError(f"{path}: truncated, damaged or no {format_name} file ({error}); make it again") from error
    if not isinstance(header, dict) or header.get("format") != format_name:
        found = header.get("format") if isinstance(header, dict) else None
        raise ArchiveError(f"{path}: a {format_name} file was expected, this one says {found!r}")
    if header.get("schema") != schema:
        raise ArchiveError(
            f"{path}: schema version {header.get('schema')!r} of {format_name}, this metanash reads version "
            f"{schema}; make the file again, or read it with the version that wrote it"
        )
    return header, arrays
