"""Arithmetic with 50 digits, on NumPy arrays of :class:`decimal.Decimal`.

Nothing here is shared with the kernels or with the modules that they serve: loops, enumeration and elimination.
"""

import itertools
from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash.typing import Array

__all__ = [
    "DIGITS",
    "choices",
    "contract",
    "decimals",
    "enough_digits",
    "normalised",
    "solve",
    "transition_average",
]

Decimals = Array

DIGITS = 50


def enough_digits() -> Any:
    """A context in which sums and products have :data:`DIGITS` digits."""
    return localcontext(prec=DIGITS)


_exactly = np.frompyfunc(lambda x: Decimal(float(x)), 1, 1)


def decimals(array: npt.ArrayLike) -> Decimals:
    """The numbers that doubles stand for, exactly."""
    return np.asarray(_exactly(np.asarray(array, dtype=np.float64)), dtype=object)


def normalised(weight: Decimals) -> Decimals:
    """Weights over their sum along the last axis."""
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True))


def contract(table: Decimals, policies: Sequence[Decimals], keep: int | None = None) -> Any:
    """Average a table (A_1, ..., A_N, ...) over independent players; the axis of ``keep`` stays."""
    for player in reversed(range(len(policies))):
        if player != keep:
            table = np.tensordot(policies[player], table, axes=(0, player))
    return table


def transition_average(kernel: Decimals, policies: Sequence[Decimals]) -> Decimals:
    """Chain (S, S) of a kernel (S, A_1, ..., A_N, S) under policies (S, A_i)."""
    return np.stack([contract(kernel[s], [policy[s] for policy in policies]) for s in range(len(kernel))])


def solve(matrix: Decimals, right: Decimals) -> Decimals:
    """Solution of ``matrix x = right``, strictly diagonally dominant: Gauss elimination without pivots."""
    a, b = matrix.copy(), right.copy()
    for k in range(len(a)):
        for i in range(k + 1, len(a)):
            factor = a[i, k] / a[k, k]
            a[i] = a[i] - factor * a[k]
            b[i] = b[i] - factor * b[k]
    for k in reversed(range(len(a))):
        b[k] = (b[k] - (a[k, k + 1 :] * b[k + 1 :]).sum()) / a[k, k]
    return b


def choices(n_states: int, n_actions: int) -> Iterator[Decimals]:
    """All deterministic policies (S, A)."""
    rows = decimals(np.eye(n_actions))
    for chosen in itertools.product(range(n_actions), repeat=n_states):
        yield rows[list(chosen)]
