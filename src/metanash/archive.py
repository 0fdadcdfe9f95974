"""Files of named arrays with a header: the container of game files and run records.

An archive is a NumPy ``.npz`` (a zip of ``.npy``) without pickled objects, with one extra entry ``header``: a
JSON text that has at least ``format`` and ``schema``. Equal content gives equal bytes. Writing is atomic: the
file appears whole under its name or not at all. Large arrays are written and read in parts (:class:`Parts`,
:meth:`Archive.parts`), so that they need not be in memory twice.

What is written here has ``sha256`` in its header, the digest of each array as an ``.npy``, and every read compares: no
array is missing, another one's or changed. A file that another program has written without them is read too, by the
check sums of the zip (CRC-32 of each entry). A file that would fill far more memory than it is long is refused before
memory is taken, unless the environment variable ``METANASH_MOST_BYTES`` allows as much (:data:`MOST_BYTES`).
"""

import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from metanash._inner.files import Hashed, Parts, replace
from metanash._inner.foreign import kind_of, unreadable
from metanash.typing import Array

__all__ = [
    "MOST_BYTES",
    "Archive",
    "ArchiveError",
    "Parts",
    "allowed_bytes",
    "check_readable",
    "check_size",
    "open_archive",
    "read_archive",
    "write_archive",
    "write_text",
]

Header = dict[str, Any]

_MOST_COMPRESSION = 1032
"""Bytes that a byte of a deflated stream stands for at most; a zip that says more is made to fill the memory."""

_MOST_OF_NOTHING = 10**6

MOST_BYTES = 2**28
"""Bytes that the arrays of any file may have; a long file may have 200 times its own length."""
_MOST_TIMES = 200  # zeros are compressed a thousand times, the games of the replication 60 times at most
_ALLOWED = "METANASH_MOST_BYTES"
_DIGESTS = "sha256"


class ArchiveError(ValueError):
    """A file that is missing, truncated, of another format or of an unknown schema version.

    Examples
    --------
    >>> issubclass(ArchiveError, ValueError)
    True
    """


# Writing ------------------------------------------------------------------------------------------------


def write_text(path: Path | str, text: str) -> None:
    """Write a UTF-8 text file atomically.

    Examples
    --------
    >>> write_text("note.txt", "exact")
    >>> Path("note.txt").read_text()
    'exact'
    """
    replace(Path(path), lambda handle: handle.write(text.encode()))


def write_archive(
    path: Path | str,
    format_name: str,
    schema: int,
    header: Mapping[str, Any],
    arrays: Mapping[str, npt.ArrayLike | Parts],
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
    arrays : mapping from str to array or Parts
        Named arrays; not called ``header``.

    Raises
    ------
    TypeError
        If the header holds something that JSON cannot, or an array holds Python objects.
    ValueError
        If an array is called ``header`` or an entry of the header ``sha256``, or the header holds a number that is not
        finite.

    Examples
    --------
    >>> write_archive("one.npz", "numbers", 1, {"unit": "chips"}, {"a": [1, 2, 3]})
    >>> write_archive("one.npz", "numbers", 1, {}, {"header": [1]})
    Traceback (most recent call last):
    ValueError: an array of an archive must not be called header
    """
    full = {**header, "format": format_name, "schema": schema}
    json.dumps(full, allow_nan=False)  # an error before a file is begun
    for word, what, names in (("header", "an array", arrays), (_DIGESTS, "an entry of the header", header)):
        if word in names:
            raise ValueError(f"{what} of an archive must not be called {word}")
    entries: dict[str, Array | Parts] = {}
    for name in sorted(arrays):
        array = arrays[name]
        # memory order is no content, so all arrays are written in C order
        entries[name] = array if isinstance(array, Parts) else np.asarray(array, order="C")
    for name, entry in entries.items():
        if entry.dtype.hasobject:
            raise TypeError(f"array {name} holds Python objects; an archive holds numbers and text")

    def write(handle: BinaryIO) -> None:
        with zipfile.ZipFile(handle, "w") as archive:
            digests = {name: _write_entry(archive, name, content) for name, content in entries.items()}
            text = json.dumps({**full, _DIGESTS: digests}, sort_keys=True, indent=1, allow_nan=False)
            _write_entry(archive, "header", np.array(text))

    replace(Path(path), write)


def _write_entry(archive: zipfile.ZipFile, name: str, content: Array | Parts) -> str:
    """Write an ``.npy`` into an archive; its digest."""
    entry = zipfile.ZipInfo(f"{name}.npy")  # of 1980: no time is written
    entry.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(entry, "w", force_zip64=True) as file:
        stream = Hashed(file)
        if isinstance(content, Parts):
            content.write(stream)
        else:
            np.lib.format.write_array(cast(IO[bytes], stream), content, allow_pickle=False)
    return stream.digest()


# Reading ------------------------------------------------------------------------------------------------


class _DamagedError(Exception):
    """A file describes itself in a way that cannot be."""


def allowed_bytes() -> int:
    """Bytes that the user allows by ``METANASH_MOST_BYTES``; 0 if nothing is said.

    Raises
    ------
    ValueError
        If it is no number.

    Examples
    --------
    >>> allowed_bytes() == int(os.environ.get("METANASH_MOST_BYTES", 0))
    True
    """
    text = os.environ.get(_ALLOWED, "")
    if text and not text.isdecimal():
        raise ValueError(f"{_ALLOWED} must be a number of bytes, it is {text!r}")
    return int(text or 0)


def check_size(path: Path, entries: Sequence[zipfile.ZipInfo]) -> None:
    """Raise ArchiveError if what a zip is to fill in memory is out of all proportion to its length.

    Examples
    --------
    >>> write_archive("one.npz", "numbers", 1, {}, {"a": [1, 2, 3]})
    >>> with zipfile.ZipFile("one.npz") as opened:
    ...     check_size(Path("one.npz"), opened.infolist())
    """
    length, size = path.stat().st_size, sum(entry.file_size for entry in entries)
    most = allowed_bytes() or max(MOST_BYTES, _MOST_TIMES * length)
    if size > most:
        raise ArchiveError(
            f"{path}: its arrays have {size:,} bytes, the file {length:,}; at most {most:,} are read. If you know "
            f"where it is from, set {_ALLOWED}={size}"
        )


class Archive:
    """An open archive: ``header``, ``names`` of its arrays, and the arrays one by one.

    Every method raises ArchiveError if the file is damaged.

    Examples
    --------
    >>> write_archive("two.npz", "numbers", 1, {"made": "by hand"}, {"a": [1, 2], "b": [[0.5]]})
    >>> with open_archive("two.npz", "numbers", 1) as archive:
    ...     print(archive.header["made"], sorted(archive.names), archive.array("a"))
    by hand ['a', 'b'] [1 2]
    """

    def __init__(self, path: Path, file: zipfile.ZipFile, format_name: str) -> None:
        self.path, self._file, self._format = path, file, format_name
        self._digests: dict[str, str] | None = None
        with self._told():
            entries = file.infolist()
            if sum(entry.compress_size for entry in entries) > path.stat().st_size:
                raise _DamagedError("its entries are longer than the file")
            self._entries = {entry.filename.removesuffix(".npy"): entry for entry in entries}
            if len(self._entries) < len(entries):
                raise _DamagedError("it has two entries of one name")
            for name, entry in self._entries.items():
                if entry.file_size > _MOST_COMPRESSION * (entry.compress_size + 1):
                    raise _DamagedError(
                        f"its array {name} says {entry.file_size:,} bytes in {entry.compress_size:,}, which cannot be"
                    )
        check_size(path, entries)
        with self._told():
            text = self._whole("header")
            if text.shape != () or text.dtype.kind != "U":
                raise _DamagedError("its header is no text")
            self.header: Any = json.loads(str(text))
            self.names = [name for name in self._entries if name != "header"]
            self._take_digests()

    def _take_digests(self) -> None:
        if not isinstance(self.header, dict) or _DIGESTS not in self.header:
            return
        self._digests = self.header.pop(_DIGESTS)
        if not isinstance(self._digests, dict) or self._digests.keys() != set(self.names):
            raise _DamagedError("its arrays are not those that its header lists")

    def _check_digest(self, name: str, stream: Hashed) -> None:
        if self._digests is not None and name != "header" and stream.digest() != self._digests[name]:
            raise _DamagedError(f"the digest of its array {name} is another than its header says")

    def array(self, name: str) -> Array:
        """An array whole. Raises KeyError if there is none of this name."""
        self._entries[name]
        with self._told():
            return self._whole(name)

    def parts(self, name: str) -> Iterator[Array]:
        """The array along its first axis, one at a time; what has been passed is not kept. KeyError as ``array``."""
        self._entries[name]
        return self._parts(name)

    def _parts(self, name: str) -> Iterator[Array]:
        with self._told(), self._file.open(self._entries[name]) as stream:
            shape, fortran, dtype = self._head(name, stream)
            if not shape:
                raise _DamagedError(f"its array {name} is a single number")
            if fortran:  # none of ours; its parts do not lie one after another
                stream.close()
                whole = self._whole(name)
            size = int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
        # opened again, since an error of whoever uses the parts is not one of the file
        if fortran:
            yield from whole
            return
        with self._file.open(self._entries[name]) as file:
            hashed = Hashed(file)
            with self._told():
                self._head(name, hashed)
            for number in range(shape[0]):
                with self._told():
                    part = np.frombuffer(self._exactly(hashed, size), dtype).reshape(shape[1:])
                    if number == shape[0] - 1:
                        self._check_digest(name, hashed)
                yield part

    @staticmethod
    def _exactly(stream: Any, size: int) -> bytes:
        data = bytes(stream.read(size))
        if len(data) != size:
            raise _DamagedError("it ends early")
        return data

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Every failure inside becomes an ArchiveError: zip, zlib, NumPy's headers, JSON and memory fail in many."""
        try:
            yield
        except Exception as error:
            raise _damaged(self.path, self._format, error) from error

    def _head(self, name: str, stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
        """Shape, order and type, if the entry can hold as much as they say. Nothing large is in memory yet."""
        entry = self._entries[name]
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise _DamagedError(f"its array {name} is compressed in a way that NumPy does not use")
        readers: dict[tuple[int, int], Any] = {
            (1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0
        }  # fmt: skip
        version = np.lib.format.read_magic(stream)
        if version not in readers:
            raise _DamagedError(f"its array {name} is in version {version} of .npy")
        shape, fortran, dtype = readers[version](stream)
        if dtype.hasobject:
            raise _DamagedError(f"its array {name} holds Python objects, which are not read")
        count, left = 1, entry.file_size - stream.tell()
        for length in shape:
            count *= length
        if count == 0 and max(shape) > _MOST_OF_NOTHING:
            raise _DamagedError(f"its array {name} says {max(shape):,} parts of nothing")
        if min(shape, default=0) < 0 or count * dtype.itemsize != left:
            raise _DamagedError(f"its array {name} says {count * dtype.itemsize:,} bytes, there are {left:,}")
        return shape, fortran, dtype

    def _whole(self, name: str) -> Array:
        with self._file.open(self._entries[name]) as stream:
            self._head(name, stream)
        with self._file.open(self._entries[name]) as file:
            hashed = Hashed(file)
            array: Array = np.lib.format.read_array(cast(IO[bytes], hashed), allow_pickle=False)
        self._check_digest(name, hashed)
        return array


_REASONS: dict[type[BaseException], str] = {
    RecursionError: "nested too deeply",
    MemoryError: "its arrays do not fit into memory",
    KeyError: "it has no header",
    NotImplementedError: "it is compressed in an unknown way",
}


def _damaged(path: Path, format_name: str, error: Exception) -> ArchiveError:
    """The fault of a file that is none of ours or broken, in one line."""
    reason = next((words for kind, words in _REASONS.items() if isinstance(error, kind)), None)
    if path.stat().st_size == 0:
        reason = "it is empty"
    elif reason is None:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
    found, remedy = ("", "") if isinstance(error, MemoryError) else kind_of(path)
    if found:
        return ArchiveError(f"{path}: {found}, no {format_name} file" + f"; {remedy}" * bool(remedy))
    return ArchiveError(f"{path}: truncated, damaged or no {format_name} file ({reason}); make it again")


@contextmanager
def open_archive(path: Path | str, format_name: str, schema: int | None) -> Iterator[Archive]:
    """Open an archive, to read some of it.

    Parameters
    ----------
    path : path
    format_name : str
    schema : int or None
        None: of any format and schema; ``format_name`` is what the file is called in messages.

    Raises
    ------
    ArchiveError
        As :func:`read_archive`.

    Examples
    --------
    >>> write_archive("one.npz", "numbers", 1, {}, {"a": [1, 2, 3]})
    >>> with open_archive("one.npz", "numbers", 1) as archive:
    ...     int(archive.array("a").sum())
    6
    """
    path = Path(path)
    check_readable(path, f"{format_name} file")
    try:
        file = zipfile.ZipFile(path)
    except Exception as error:
        raise _damaged(path, format_name, error) from error
    with file:
        archive = Archive(path, file, format_name)
        if schema is not None:
            _check_format(path, archive.header, format_name, schema)
        yield archive


def check_readable(path: Path, wanted: str) -> None:
    """Raise ArchiveError if this is no file that can be opened; ``wanted`` is what it should have been.

    Examples
    --------
    >>> check_readable(Path("nowhere.npz"), "a game file")
    Traceback (most recent call last):
    metanash.archive.ArchiveError: nowhere.npz: no such file; look at the name
    """
    try:
        odd = unreadable(path)
        if odd:
            told = odd[0] if odd[0] == "no such file" else f"{odd[0]}, no {wanted}"
            raise ArchiveError(f"{path}: {told}; {odd[1]}")
        with path.open("rb"):
            return
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read ({error.strerror or error}); look at its permissions") from error


def _check_format(path: Path, header: Any, format_name: str, schema: int) -> None:
    if not isinstance(header, dict) or header.get("format") != format_name:
        found = header.get("format") if isinstance(header, dict) else None
        raise ArchiveError(f"{path}: a {format_name} file was expected, this one says {found!r}")
    if header.get("schema") != schema:
        raise ArchiveError(
            f"{path}: schema version {header.get('schema')!r} of {format_name}, this metanash reads version "
            f"{schema}; make the file again, or read it with the version that wrote it"
        )


def read_archive(path: Path | str, format_name: str, schema: int) -> tuple[Header, dict[str, Array]]:
    """Read an archive whole.

    Returns
    -------
    header : dict
    arrays : dict from str to array

    Raises
    ------
    ArchiveError
        If the file is missing, damaged, of another format or of another schema version, or its arrays are far larger
        than the file; the message says which and what to do.

    Examples
    --------
    >>> write_archive("one.npz", "numbers", 1, {"unit": "chips"}, {"a": [1, 2, 3]})
    >>> header, arrays = read_archive("one.npz", "numbers", 1)
    >>> header["unit"], arrays["a"].tolist()
    ('chips', [1, 2, 3])
    """
    with open_archive(path, format_name, schema) as archive:
        return archive.header, {name: archive.array(name) for name in archive.names}
