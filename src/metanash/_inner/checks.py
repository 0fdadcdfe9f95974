"""Checks at the door: every error names the first bad entry and what would be right."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash import kernels
from metanash._inner.frozen import sealed
from metanash._inner.reductions import summed
from metanash.typing import Booleans, Floats

__all__ = ["LARGEST_RATE", "ROUNDING", "SUM_TOLERANCE", "all_integers", "distributions", "float_array", "integer"]
__all__ += ["name_entry", "policy_array", "positive", "real_numbers", "within", "within_floats"]

SUM_TOLERANCE = 1e-9
"""How far the mass of a distribution may be from one."""
ROUNDING = 1e-12
"""How far below 0 an entry of a distribution may be, and count as 0: solvers of linear programs return -1e-18."""
LARGEST_RATE = 1e100
"""Learning rates and step sizes beyond this, or below its inverse, are refused: sums of payoffs times the rate would
leave the range of floats in long runs. From a rate of about 40 / d on, a payoff difference of d decides alone."""


def name_entry(axes: str, place: Sequence[int | np.integer]) -> str:
    """``(h, s, a) = (0, 1, 0, 2)``; a single index loses its brackets."""
    numbers = tuple(int(i) for i in place)
    return f"{axes} = {numbers if len(numbers) != 1 else numbers[0]}"


def _first(bad: Booleans) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(bad)[0])


def real_numbers(name: str, dtype: "np.dtype[Any]") -> None:
    """Raise ValueError unless numbers of this type are real."""
    if dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers, got an array of {dtype}")


def float_array(name: str, value: npt.ArrayLike) -> Floats:
    """A C-contiguous float64 copy of ``value`` that nobody can write to (:mod:`metanash._inner.frozen`).

    Raises
    ------
    ValueError
        If ``value`` is no array of finite real numbers.
    """
    try:
        raw = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array: {error}") from error
    real_numbers(name, raw.dtype)
    if raw.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {raw.shape}")
    with np.errstate(over="ignore"):  # a number too large for float64 is refused as infinite
        array = sealed(raw.astype(np.float64, copy=False))
    bad = ~np.isfinite(array)
    if bad.any():
        place = _first(bad)
        where = f"; at index {place} there is {array[place]}" if array.ndim else f", got {float(array):g}"
        raise ValueError(f"{name} must be finite{where}")
    return array


def within(name: str, array: Floats, low: float, high: float, axes: str) -> Floats:
    """Return ``array`` if its entries lie in [low, high], else raise ValueError naming the first that does not."""
    bad = (array < low) | (array > high)
    if bad.any():
        place = _first(bad)
        raise ValueError(
            f"{name} must lie in [{low:g}, {high:g}]; at {name_entry(axes, place)} it is {array[place]:.6g}; "
            "rescale it first"
        )
    return array


def distributions(name: str, array: Floats, axes: str) -> Floats:
    """Return ``array`` if its last axis holds distributions, else raise ValueError naming the first bad one.

    Rows whose only fault is rounding come back mended, in a copy: entries in [-1e-12, 0) count as 0, and the others are
    divided by their sum. That moves no probability by more than 1e-12 times the number of entries, plus what the mass
    was off, which is at most 1e-9. A row without a negative entry is never touched.
    """
    *rows, columns = array.shape
    if kernels.off_simplex(np.ascontiguousarray(array), math.prod(rows), columns, SUM_TOLERANCE) < 0:
        return array
    bad = ~(array >= -ROUNDING)  # NaN is bad too
    if bad.any():
        place = _first(bad)
        raise ValueError(
            f"{name} rows must be distributions; at {name_entry(axes, place[:-1])} "
            f"entry {place[-1]} is {array[place]:.6g}"
        )
    mended = np.maximum(array, 0.0)
    mass = np.asarray(summed(mended))
    bad = ~(np.abs(mass - 1.0) <= SUM_TOLERANCE)
    if bad.any():
        place = _first(bad)
        raise ValueError(
            f"{name} rows must be distributions; at {name_entry(axes, place)} the mass is {mass[place]:.10g}"
        )
    touched = (array < 0.0).any(axis=-1, keepdims=True)
    return np.asarray(np.where(touched, mended / mass[..., np.newaxis], array))


def integer(name: str, value: object, low: int) -> int:
    """Return ``value`` if it is an int of at least ``low``, else raise ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
        raise ValueError(f"{name} must be an integer of at least {low}, got {value!r}")
    return int(value)


def all_integers(name: str, values: Sequence[Any], low: int) -> tuple[int, ...]:
    """The values as ints, if there are some and each is an int of at least ``low``, else raise ValueError."""
    found = tuple(values)
    if not found:
        raise ValueError(f"{name}: there must be one at least")
    if set(map(type, found)) == {int} and min(found) >= low:  # of many the quick way
        return found
    return tuple(integer(f"{name}: each", value, low) for value in found)


def policy_array(name: str, value: npt.ArrayLike) -> Floats:
    """Return ``value`` as a C-contiguous float64 array, itself if it is one. Raises ValueError if it is none."""
    try:
        raw = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array: {error}") from error
    real_numbers(name, raw.dtype)
    return np.asarray(raw, dtype=np.float64, order="C")


def positive(name: str, value: npt.ArrayLike) -> Floats:
    """Return ``value`` as an array if all of it is finite and above 0, else raise ValueError."""
    array = float_array(name, value)
    _refuse(name, array, array <= 0.0, "be above 0")
    return array


def within_floats(name: str, value: npt.ArrayLike) -> Floats:
    """Return a learning rate or step size as an array if all of it lies in [1e-100, 1e100], else raise ValueError."""
    number: Any = value
    if isinstance(number, float) and 1.0 / LARGEST_RATE <= number <= LARGEST_RATE:  # as nearly always
        return np.array(number)
    array = positive(name, value)
    beyond = (array > LARGEST_RATE) | (array < 1.0 / LARGEST_RATE)
    _refuse(name, array, beyond, f"lie in [{1.0 / LARGEST_RATE:g}, {LARGEST_RATE:g}]")
    return array


def _refuse(name: str, array: Floats, bad: Booleans, rule: str) -> None:
    if bad.any():
        place = _first(bad)
        where = f"; at index {place} it is {array[place]:g}" if array.ndim else f", got {float(array):g}"
        raise ValueError(f"{name} must {rule}{where}")
