"""How files are written: whole or not at all, in parts, and with a digest."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from metanash.typing import Array

__all__ = ["Hashed", "Parts", "read_at_most", "replace"]

_CHUNK = 16 * 1024**2
"""Bytes that are compressed at a time, as :func:`numpy.lib.format.write_array` does."""


class Hashed:
    """A file of which a digest is taken while it is written or read, from front to back."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._hash = stream, hashlib.sha256()

    def write(self, data: Any) -> None:
        self._hash.update(data)
        self._stream.write(data)

    def read(self, size: int) -> bytes:
        data = bytes(self._stream.read(size))
        self._hash.update(data)
        return data

    def tell(self) -> int:
        return int(self._stream.tell())

    def digest(self) -> str:
        return self._hash.hexdigest()


@dataclass(frozen=True, eq=False)
class Parts:
    """An array that lies in memory in parts, which together, in C order, are its numbers.

    Attributes
    ----------
    shape : tuple of int
        Of the whole.
    dtype : dtype
        Of the whole; parts are converted.
    parts : sequence of arrays
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    parts: Sequence[Array]

    @classmethod
    def stacked(cls, parts: Sequence[Array]) -> "Parts":
        """As :func:`numpy.stack` lays arrays of one shape and type."""
        return cls((len(parts), *parts[0].shape), parts[0].dtype, parts)

    @classmethod
    def joined(cls, parts: Sequence[Array], dtype: npt.DTypeLike) -> "Parts":
        """As :func:`numpy.concatenate` lays vectors."""
        return cls((sum(len(part) for part in parts),), np.dtype(dtype), parts)

    def write(self, stream: Any) -> None:
        """Write an ``.npy``, the bytes that :func:`numpy.lib.format.write_array` writes of the whole."""
        descr = np.lib.format.dtype_to_descr(self.dtype)
        np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": self.shape})
        waiting = bytearray()
        for part in self.parts:
            flat = np.ascontiguousarray(part, dtype=self.dtype).reshape(-1)
            for start in range(0, len(flat), step := max(_CHUNK // self.dtype.itemsize, 1)):
                waiting += flat[start : start + step].tobytes()
                whole = len(waiting) - len(waiting) % _CHUNK
                if whole:
                    stream.write(bytes(waiting[:whole]))
                    del waiting[:whole]
        stream.write(bytes(waiting))


def read_at_most(stream: BinaryIO, most: int) -> bytes:
    """Read so many bytes and one more, if there are as many; memory is taken for those that are there."""
    parts, left = [], most + 1
    while left and (part := stream.read(min(left, 2**20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def replace(path: Path, content: Callable[[BinaryIO], object]) -> None:
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
