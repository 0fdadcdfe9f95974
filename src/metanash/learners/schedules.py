"""When stages end: L_1 = H, L_{tau+1} = floor((1 + 1/H) L_tau), whatever is learned (Mao et al. 2023, Algorithm 1)."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from metanash._inner.frozen import sealed
from metanash.typing import Integers

__all__ = ["MOST_KEPT", "Place", "Schedule", "next_stage_length", "schedule", "stage_count"]

MOST_KEPT = 256
"""Looks, at most, of schedules that are kept for the next run that is alike; a look takes some 200 bytes."""


def next_stage_length(length: int, horizon: int) -> int:
    """floor((1 + 1/H) L), exactly.

    Examples
    --------
    >>> [next_stage_length(length, horizon=2) for length in (2, 3, 4)]
    [3, 4, 6]
    """
    return length * (horizon + 1) // horizon


@dataclass(frozen=True)
class Place:
    """Where a run stands at a look.

    Attributes
    ----------
    iterations, ended : int
        Iterations, and stages that have ended, since the schedule began.
    length, done : int
        L_tau of the running stage, and iterations done in it.

    Examples
    --------
    >>> schedule(1, 0, 1, (2, 2)).places  # the first look is after the first of two iterations of the second stage
    (Place(iterations=2, ended=1, length=2, done=1), Place(iterations=4, ended=2, length=4, done=1))
    """

    iterations: int
    ended: int
    length: int
    done: int


@dataclass(frozen=True)
class Schedule:
    """How a run goes on: pieces inside stages, in the form that kernels take; see :mod:`metanash.kernels.schedules`.

    Attributes
    ----------
    pieces, fresh, looks : (n,) of int64
        Iterations of each piece, whether a stage ends before it, whether somebody looks after it.
    before, since : (looks,) of int64
        Stages that have ended before each look, and iterations done in the next.
    ended : tuple of int
        Lengths of the stages that end.
    places : tuple of Place
        At the looks, the last of which is the end.

    Examples
    --------
    >>> schedule(1, 0, 1, (2, 2)).pieces.tolist()  # stages 1, 2, 4, ...; somebody looks after 2 and after 4
    [1, 1, 1, 1]
    """

    pieces: Integers
    fresh: Integers
    looks: Integers
    before: Integers
    since: Integers
    ended: tuple[int, ...]
    places: tuple[Place, ...]


@lru_cache(maxsize=256)
def schedule(length: int, done: int, horizon: int, wanted: tuple[int, ...]) -> Schedule:
    """From a stage of this length, of which so many iterations are done, on by the wanted numbers of iterations.

    Examples
    --------
    >>> found = schedule(1, 1, 1, (3,))
    >>> found.pieces.tolist(), found.fresh.tolist(), found.looks.tolist(), found.ended, found.places
    ([2, 1], [1, 1], [0, 1], (1, 2), (Place(iterations=3, ended=2, length=4, done=1),))
    """
    pieces, ended, places, total = [], [], [], 0
    for iterations in wanted:
        left = iterations
        while left:
            is_fresh = done == length
            if is_fresh:
                ended.append(length)
                length, done = next_stage_length(length, horizon), 0
            now = min(left, length - done)
            done, left = done + now, left - now
            pieces.append((now, is_fresh, not left))
        total += iterations
        places.append(Place(total, len(ended), length, done))
    reached = [(place.ended, place.done) for place in places]
    columns = (np.array(rows, dtype=np.int64).reshape(-1, n).T for rows, n in ((pieces, 3), (reached, 2)))
    numbers, begun, seen, before, since = (sealed(column) for part in columns for column in part)
    return Schedule(numbers, begun, seen, before, since, tuple(ended), tuple(places))


def stage_count(iterations: int, horizon: int) -> int:
    """Number of stages that a run of so many iterations begins, bar tau = tau(T).

    Examples
    --------
    >>> [stage_count(iterations, horizon=1) for iterations in (1, 2, 3, 4, 7, 8)]  # lengths 1, 2, 4, 8
    [1, 2, 2, 3, 3, 4]
    """
    count, length, covered = 0, horizon, 0
    while covered < iterations:
        count, covered, length = count + 1, covered + length, next_stage_length(length, horizon)
    return count
