"""What loops over iterations share, of whatever kind of game: checkpoints, and a warning of starts."""

from functools import cache

import numpy as np

from metanash._inner.checks import integer
from metanash.typing import Array, Integers

__all__ = ["PureStartWarning", "checkpoints", "checkpoints_to"]


class PureStartWarning(UserWarning):
    """An initial policy has a probability of 0, and the learner can never raise it."""


def checkpoints(iterations: int, count: int = 60) -> Integers:
    """At most ``count`` log-spaced iterations from 1 to ``iterations``, both included.

    Raises
    ------
    ValueError
        If ``iterations`` < 1 or ``count`` < 1.
    """
    return _spaced(integer("iterations", iterations, 1), integer("count", count, 1)).copy()


@cache
def _spaced(iterations: int, count: int) -> Integers:
    grid = np.unique(np.rint(np.geomspace(1, iterations, count)).astype(np.int64))
    grid[-1] = iterations
    return grid


def checkpoints_to(iterations: int, given: Array) -> Integers:
    """Checkpoints as int64; raises ValueError unless they are integers that increase from 1 at least to the last."""
    grid = given.astype(np.int64)
    if (
        (grid != given).any()
        or grid.ndim != 1
        or grid.size == 0
        or grid[0] < 1
        or (np.diff(grid) <= 0).any()
        or grid[-1] != iterations
    ):
        raise ValueError(f"checkpoints must be integers that increase to {iterations}, got {given.tolist()}")
    return grid
