"""Arrays that cannot be written to, and objects that stay as they are when they are copied or sent to a process.

NumPy's flag ``writeable`` protects little: an array that owns its memory may be made writeable again, and copies of
it, also those that pickle makes for another process, are writeable from the start. What is *sealed* here lies in an
object of Python that cannot change: ``setflags(write=True)`` is refused, and so is every assignment. What is left are
Python's back doors (``object.__setattr__``, :mod:`ctypes`).
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from metanash.typing import Array, Floats

__all__ = ["Frozen", "sealed", "sealed_again", "sealed_stack"]

Number = TypeVar("Number", bound=np.generic)
AnyFrozen = TypeVar("AnyFrozen", bound="Frozen")


def _is_sealed(array: Array) -> bool:
    base: object = array
    while isinstance(base, np.ndarray):
        if base.flags.writeable:  # arrays that come out of a pickle write to its bytes
            return False
        base = base.base
    return isinstance(base, bytes)


def sealed(array: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """The same numbers, C-contiguous, in memory that cannot change; a copy unless they are in such memory already."""
    if array.size == 0 or (array.flags.c_contiguous and _is_sealed(array)):
        return array
    return np.frombuffer(array.tobytes(), dtype=array.dtype).reshape(array.shape)


def sealed_again(array: npt.NDArray[Number], count: int) -> npt.NDArray[Number]:
    """The entries along the first axis so many times, one round after the other, sealed."""
    return np.frombuffer(array.tobytes() * count, dtype=array.dtype).reshape(count * len(array), *array.shape[1:])


def sealed_stack(arrays: Sequence[Floats], *lead: int) -> Floats:
    """Arrays of one shape with a new first axis, or new ones of lengths ``lead``, sealed; one alone is not copied."""
    shape = (*(lead or (len(arrays),)), *arrays[0].shape)
    if len(arrays) == 1:
        return sealed(arrays[0]).reshape(shape)
    joined = b"".join(np.ascontiguousarray(array).data for array in arrays)  # one copy; np.stack would make it two
    return np.frombuffer(joined, dtype=np.float64).reshape(shape)


def _built(cls: "type[AnyFrozen]", values: dict[str, Any]) -> AnyFrozen:
    return cls(**values)


class Frozen:
    """A frozen dataclass of sealed arrays. It is its own copy; pickle builds it anew, so that it is checked again."""

    def __copy__(self: AnyFrozen) -> AnyFrozen:
        return self

    def __deepcopy__(self: AnyFrozen, memo: dict[int, Any]) -> AnyFrozen:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        fields: Any = dataclasses.fields(self)  # type: ignore[arg-type]  # every subclass is a dataclass
        return _built, (type(self), {field.name: getattr(self, field.name) for field in fields if field.init})
