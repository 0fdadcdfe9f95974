"""What loops over iterations share, of whatever kind of game: checkpoints, measurements, starts of the next game."""

from collections.abc import Sequence
from functools import lru_cache
from operator import lt
from typing import Any

import numpy as np

from metanash._inner.checks import integer
from metanash.typing import Array, Floats, Integers, Policies

__all__ = ["PureStartWarning", "checkpoints", "checkpoints_to", "grid_of", "measured_run", "mixed_means"]


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


@lru_cache(maxsize=256)
def _spaced(iterations: int, count: int) -> Integers:
    grid = np.rint(np.geomspace(1, iterations, count)).astype(np.int64)
    grid = grid[np.diff(grid, prepend=0) > 0]  # np.unique would import a package, which takes longer than a small run
    grid[-1] = iterations
    return grid


def checkpoints_to(iterations: int, given: Array) -> Integers:
    """Checkpoints as int64; raises ValueError unless they are integers that increase from 1 at least to the last."""
    grid = given.astype(np.int64)
    times = grid.tolist() if grid.ndim == 1 else []
    if (
        not times
        or times != given.tolist()
        or times[0] < 1
        or not all(map(lt, times, times[1:]))
        or times[-1] != iterations
    ):
        raise ValueError(f"checkpoints must be integers that increase to {iterations}, got {given.tolist()}")
    return grid


def grid_of(iterations: int, at: Sequence[int] | Integers | None) -> Integers:
    """Checkpoints that a user has given, or 60 log-spaced ones. Raises ValueError as :func:`checkpoints_to`."""
    integer("iterations", iterations, 1)
    return checkpoints(iterations) if at is None else checkpoints_to(iterations, np.asarray(at))


def measured_run(
    learner: Any, game: Any, state: Any, grid: Integers, remedy: str, together: int | None = None
) -> tuple[Any, dict[str, Floats]]:
    """Advance a state to the last checkpoint, and measure it at each: the state and (..., C) measures by name.

    ``together`` is how many checkpoints a learner with ``advance_and_measure`` goes through in one call; without it the
    learner advances and measures in turns.

    Raises
    ------
    ArithmeticError
        If a measure is not finite; ``remedy`` says what may help.
    """
    measures: dict[str, list[Floats]] = {}
    done = 0
    for begin in range(0, len(grid), together or 1):
        times = grid[begin : begin + (together or 1)].tolist()
        found: dict[str, Floats]
        if together:
            pieces = [after - before for before, after in zip([done, *times], times, strict=False)]
            state, found = learner.advance_and_measure(game, state, pieces)
        else:
            state = learner.advance(game, state, times[0] - done)
            found = {name: np.asarray(value)[..., np.newaxis] for name, value in learner.measure(game, state).items()}
        done = times[-1]
        for name, values in found.items():
            finite = np.isfinite(values)
            if np.count_nonzero(finite) < finite.size:
                first = times[int(np.flatnonzero(~finite.reshape(-1, len(times)).all(axis=0))[0])]
                raise ArithmeticError(f"{name} is not finite after {first} iterations; {remedy}")
            measures.setdefault(name, []).append(values)
    whole = {name: parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1) for name, parts in measures.items()}
    return state, {name: np.ascontiguousarray(values) for name, values in whole.items()}


def mixed_means(game: Any, strategies: Sequence[Any], uniform: Sequence[Floats], alpha: float, kind: str) -> Policies:
    """(1 - alpha) times the mean of each player's strategies, checked by the game, plus alpha times uniform ones.

    Raises
    ------
    ValueError
        If there are no strategies, one is none, or alpha is out of range; ``kind`` is what games are called.
    """
    number: Any = alpha
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0.0 <= number <= 1.0:
        raise ValueError(f"alpha must lie in [0, 1], got {alpha!r}")
    if not strategies:
        raise ValueError(f"mean_strategies needs the strategies of at least one {kind}")
    checked = [game.checked(profile) for profile in strategies]
    means = [np.stack(parts).mean(axis=0) for parts in zip(*checked, strict=True)]
    return tuple((1.0 - alpha) * mean + alpha * flat for mean, flat in zip(means, uniform, strict=True))
