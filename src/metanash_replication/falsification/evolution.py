"""Evolution of a population of vectors in the unit cube, for instances that are half a puzzle.

Worst instances of staged algorithms have rewards and transitions at extremes, and initial policies at the best
responses that follow from them. A change of the game that could be better is worse until the policies have followed, so
children may have their policies moved to the best responses that were measured on them (``respond``). Vectors that are
alike in their value, newer ones first, keep the population moving on a plateau.
"""

from collections.abc import Callable

import numpy as np

from metanash.typing import Booleans, Floats, Integers

__all__ = ["Respond", "evolved", "seeds"]

Respond = Callable[[Floats], Floats]
"""Vectors (m, d) with what the claim's own dynamics would make of their policies."""

_PLAIN = (0.0, 0.5, 1.0)
_RESPONDING = 0.8
"""Share of the children that respond; half of them twice."""
_CROSSED = 0.5
_IN_A_PIECE = 0.7
"""Share of the crossed that take one piece of the other parent, as neighbours belong to one state; others take half."""
_STOP = 0.35
"""Of the geometric number of coordinates that change."""
_PIECES = 0.6, 8
"""Share of children of which a piece changes, and its largest length."""
_DRAWN, _PLAINLY = 0.05, 0.95
"""Of the coordinates that change: drawn anew, made plain up to here, moved a little beyond."""
_ALIKE = 10.0
"""Values within a factor of exp(0.1) or so are alike."""
_LEAST = 1e-9


def seeds(units: Floats, respond: Respond) -> Floats:
    """Random vectors (m, d), those of the first and third quarter plain, the first half after two responses.

    Quarters, as restarts take turns in the vectors, and each should have some of all kinds.
    """
    units, quarter = units.copy(), len(units) // 4
    for some in (slice(quarter), slice(2 * quarter, 3 * quarter)):
        units[some] = np.floor(units[some] * len(_PLAIN)) / (len(_PLAIN) - 1)
    if quarter:
        units[: 2 * quarter] = respond(respond(units[: 2 * quarter]))
    return units


def _piece(rng: np.random.Generator, count: int, dimension: int, longest: int) -> Booleans:
    """Consecutive coordinates of each vector, round the end, (count, d)."""
    start, length = rng.integers(dimension, size=(count, 1)), rng.integers(1, longest + 1, size=(count, 1))
    return np.asarray((np.arange(dimension) - start) % dimension < length)


def _children(rng: np.random.Generator, parents: Floats, count: int) -> Floats:
    members, d = parents.shape
    first = (members * rng.random(count) ** 2).astype(np.int64)  # better parents have more children
    second = rng.integers(members, size=count)
    taken = np.where(
        rng.random((count, 1)) < _IN_A_PIECE, _piece(rng, count, d, max(d // 2, 1)), rng.random((count, d)) < 0.5
    )
    crossed = rng.random((count, 1)) < _CROSSED
    child = np.where(taken & crossed, parents[second], parents[first])
    place = rng.random((count, d)).argsort(axis=1).argsort(axis=1)
    changed = place < np.minimum(rng.geometric(_STOP, size=(count, 1)), d)
    share, longest = _PIECES
    changed |= _piece(rng, count, d, min(longest, d)) & (rng.random((count, 1)) < share)
    kind = rng.random((count, d))
    moved = np.clip(child + rng.normal(size=(count, d)) * 10.0 ** rng.uniform(-3.0, -0.5, size=(count, 1)), 0.0, 1.0)
    new = np.where(kind < _DRAWN, rng.random((count, d)), moved)
    new = np.where((kind >= _DRAWN) & (kind < _PLAINLY), rng.choice(_PLAIN, size=(count, d)), new)
    return np.where(changed, new, child)


def _survivors(values: Floats, members: int) -> Integers:
    """The best vector, then by how good they are up to likeness, the newest first."""
    level = np.round(np.log(np.maximum(values, _LEAST)) * _ALIKE)
    order = np.lexsort((-np.arange(len(values)), -level))
    best = int(values.argmax())
    return np.concatenate([[best], order[order != best]])[:members]


def evolved(
    value: Callable[[Floats], Floats], population: Floats, generations: int, rng: np.random.Generator, respond: Respond
) -> Floats:
    """A population (m, d) after some generations of m children each, its best vector first.

    Parameters
    ----------
    value : function
        Of vectors (n, d): (n,), to be maximised. The population is evaluated once, and every child.
    """
    values = value(population)
    members = len(population)
    for _ in range(generations):
        children = _children(rng, population, members)
        once, twice = int(_RESPONDING * members), int(_RESPONDING * members) // 2
        if once:
            children[:once] = respond(children[:once])
        if twice:
            children[:twice] = respond(children[:twice])
        everyone, both = np.concatenate([population, children]), np.concatenate([values, value(children)])
        kept = _survivors(both, members)
        population, values = everyone[kept], both[kept]
    return population
