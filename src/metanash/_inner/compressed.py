"""Sparse kernels at the door: matrices in compressed rows (CSR), of which nothing is believed before it is checked.

SciPy trusts the column numbers and row pointers that a matrix is made of. Where they are wrong, a product reads, and a
change of format writes, memory that is not the matrix's: numbers come out, or the interpreter ends. So everything
here is checked with NumPy alone, before SciPy works with it.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from metanash._inner.checks import ROUNDING, SUM_TOLERANCE, float_array, name_entry, real_numbers
from metanash._inner.frozen import sealed
from metanash._inner.late import scipy
from metanash.typing import Array

__all__ = ["Rows", "check_parts", "kernel_rows", "matrix_of", "matrix_of_parts"]


class Rows(NamedTuple):
    """The parts of a matrix in compressed rows: numbers, their columns, and where each row begins."""

    data: Array
    indices: Array
    indptr: Array


def check_parts(name: str, parts: Rows, shape: tuple[int, int], major: str = "row", minor: str = "column") -> None:
    """Check that the parts of a compressed matrix fit together, so that a product stays inside them.

    Parameters
    ----------
    name : str
        Of the matrix, for messages.
    parts : Rows
        Of compressed rows, or of columns or blocks likewise.
    shape : (int, int)
        Rows and columns (or columns and rows).
    major, minor : str
        What they are called.

    Raises
    ------
    ValueError
        If a part is no list of its kind of number; the pointers are not one more than there are rows, do not begin at
        0, fall, or end behind the last entry; or a column number lies outside the matrix. The message names the entry.
    """
    data, indices, indptr = parts
    for part, array in (("indices", indices), ("indptr", indptr)):
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise ValueError(f"{name}: {part} must be a list of integers, got {array.dtype} of shape {array.shape}")
    real_numbers(f"{name}: data", data.dtype)
    if data.ndim == 0 or len(data) != len(indices):
        raise ValueError(f"{name}: data and indices must be of one length, got shapes {data.shape} and {indices.shape}")
    if len(indptr) != shape[0] + 1:
        raise ValueError(f"{name}: indptr must have {shape[0] + 1} entries, one more than {major}s; got {len(indptr)}")
    if indptr[0] != 0:
        raise ValueError(f"{name}: indptr must begin with 0, got {indptr[0]}")
    falls = indptr[1:] < indptr[:-1]
    if falls.any():
        row = int(falls.argmax())
        raise ValueError(
            f"{name}: indptr must not fall; after {major} {row} it goes from {indptr[row]} to {indptr[row + 1]}"
        )
    if indptr[-1] > len(indices):
        raise ValueError(f"{name}: indptr ends with {indptr[-1]}, but there are {len(indices)} entries")
    columns = indices[: int(indptr[-1])]
    outside = (columns < 0) | (columns >= shape[1])
    if outside.any():
        entry = int(outside.argmax())
        row = int(np.searchsorted(indptr, entry, side="right")) - 1
        raise ValueError(
            f"{name}: {minor} numbers must lie in [0, {shape[1] - 1}]; in {major} {row}, entry {entry}, "
            f"there is {columns[entry]}"
        )


def matrix_of(rows: Rows, shape: tuple[int, int]) -> Any:
    """The matrix of checked parts, which it shares."""
    return scipy.sparse.csr_array(tuple(rows), shape=shape)


def matrix_of_parts(name: str, parts: Rows, shape: tuple[int, int]) -> Any:
    """The matrix of parts that come from anywhere. Raises ValueError as :func:`check_parts` does."""
    check_parts(name, parts, shape)
    return matrix_of(parts, shape)


def _check_form(name: str, matrix: Any) -> None:
    """Check what a conversion to compressed rows believes of a sparse array of any form."""
    if matrix.format in {"csr", "bsr"}:
        height, width = getattr(matrix, "blocksize", (1, 1))
        shape = (matrix.shape[0] // height, matrix.shape[1] // width)
        check_parts(name, Rows(matrix.data, matrix.indices, matrix.indptr), shape)
    elif matrix.format == "csc":
        check_parts(name, Rows(matrix.data, matrix.indices, matrix.indptr), matrix.shape[::-1], "column", "row")
    elif matrix.format == "coo":
        for axis, (numbers, size) in enumerate(zip(matrix.coords, matrix.shape, strict=True)):
            if len(numbers) != len(matrix.data) or ((numbers < 0) | (numbers >= size)).any():
                raise ValueError(
                    f"{name}: coordinates of axis {axis} must be one per entry ({len(matrix.data)}), in [0, {size - 1}]"
                )
    elif matrix.format == "lil" and [len(row) for row in matrix.rows] != [len(row) for row in matrix.data]:
        raise ValueError(f"{name}: rows and data of a LIL matrix must be of the same lengths")


def _canonical(name: str, matrix: Any, copy: bool) -> Any:
    """A sparse array as CSR of float64, columns in order and none twice; shared memory unless ``copy`` is needed."""
    real_numbers(name, matrix.dtype)
    _check_form(name, matrix)
    found = scipy.sparse.csr_array(matrix, dtype=np.float64)
    # made again of its parts: what SciPy remembers of the order of columns may be out of date
    csr = matrix_of_parts(name, Rows(found.data, found.indices, found.indptr), found.shape)
    if copy and not csr.has_canonical_format:
        csr = csr.copy()
    csr.sum_duplicates()
    return csr


def _held(array: Array, copy: bool) -> Array:
    """Sealed, or read-only where the memory is taken over; without gaps, as kernels read it."""
    array = np.ascontiguousarray(array)
    if copy:
        return sealed(array)
    array.setflags(write=False)
    return array.view()  # of a read-only array, so not to be made writeable again by itself


def kernel_rows(step: int, matrix: Any, states: int, actions: tuple[int, ...], *, copy: bool) -> Rows:
    """Frozen rows of a sparse transition kernel; see :meth:`metanash.transitions.Transition.sparse`.

    Raises
    ------
    ValueError
        If the size is wrong, the parts do not fit together, or a row is no distribution.
    """
    name = f"sparse transition of step {step}"
    if not scipy.sparse.issparse(matrix):
        matrix = scipy.sparse.csr_array(np.atleast_2d(float_array(name, matrix)))
    wanted = (states * math.prod(actions), states)
    if matrix.shape != wanted:
        raise ValueError(
            f"{name} must have a row for each (state, joint action) and a column "
            f"for each next state, {wanted}; got {matrix.shape}"
        )
    csr = _canonical(name, matrix, copy)

    def refuse(row: int, what: str) -> ValueError:
        place = name_entry("(h, s, a)", (step, *np.unravel_index(row, (states, *actions))))
        return ValueError(f"transition rows must be distributions; at {place} {what}")

    bad = ~(np.isfinite(csr.data) & (csr.data >= -ROUNDING))
    if bad.any():
        entry = int(bad.argmax())
        row = int(np.searchsorted(csr.indptr, entry, side="right")) - 1
        raise refuse(row, f"entry {csr.indices[entry]} is {csr.data[entry]:.6g}")
    rounded = csr.data < 0.0
    if rounded.any():
        csr = matrix_of(Rows(np.maximum(csr.data, 0.0), csr.indices, csr.indptr), wanted)
    mass = np.asarray(csr @ np.ones(states))
    wrong = np.abs(mass - 1.0) > SUM_TOLERANCE
    if wrong.any():
        row = int(wrong.argmax())
        raise refuse(row, f"the mass is {mass[row]:.10g}")
    if rounded.any():  # as metanash._inner.checks.distributions does
        row_of = np.repeat(np.arange(wanted[0]), np.diff(csr.indptr))
        touched = np.zeros(wanted[0], dtype=bool)
        touched[row_of[rounded]] = True
        csr.data = csr.data / np.where(touched, mass, 1.0)[row_of]
    narrow = np.int32 if len(csr.data) < 2**31 else np.int64  # whatever they came in: kernels in C read 32 bits
    places = (part.astype(narrow, copy=False) for part in (csr.indices, csr.indptr))
    return Rows(*(_held(part, copy) for part in (csr.data, *places)))
