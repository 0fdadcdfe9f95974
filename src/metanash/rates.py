"""How fast: iterations to reach a gap, speed-ups, and bootstrap intervals over seeds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from metanash.checks import integer

__all__ = ["SpeedUp", "bootstrap_means", "iterations_to_reach", "percentile_interval", "speed_up"]

Floats = npt.NDArray[np.float64]


def bootstrap_means(samples: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    """Means of resampled seeds.

    Parameters
    ----------
    samples : (seeds, ...) array
        Curves or numbers, one a seed.

    Returns
    -------
    (resamples, ...) array
    """
    integer("resamples", resamples, 1)
    seeds = len(samples)
    weights = rng.multinomial(seeds, np.full(seeds, 1.0 / seeds), size=resamples) / seeds
    return np.asarray(np.tensordot(weights, samples, axes=1))


def percentile_interval(estimates: Floats, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap estimates."""
    low, high = np.quantile(estimates, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def iterations_to_reach(iterations: npt.ArrayLike, gap: npt.ArrayLike, level: float) -> Floats:
    """Iterations at which each curve first falls to ``level``, interpolated between checkpoints.

    The interpolation is linear in log iterations and log gap. A curve that starts at or below the level gets the
    first checkpoint, one that never gets there infinity.

    Parameters
    ----------
    iterations : (C,) array
        Checkpoints.
    gap : (..., C) array
        Gaps, at least 0.
    level : float
        Above 0.

    Returns
    -------
    (...) array
    """
    if not level > 0.0:
        raise ValueError(f"the gap to reach must be above 0, got {level}")
    t, curve = np.log(np.asarray(iterations, dtype=np.float64)), np.asarray(gap, dtype=np.float64)
    below = curve <= level
    first = below.argmax(axis=-1)
    before = np.maximum(first - 1, 0)
    y0, y1 = (
        np.log(np.maximum(np.take_along_axis(curve, i[..., np.newaxis], axis=-1)[..., 0], np.finfo(np.float64).tiny))
        for i in (before, first)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(first > 0, (y0 - np.log(level)) / (y0 - y1), 1.0)
    reached = np.exp(t[before] + share * (t[first] - t[before]))
    return np.where(below.any(axis=-1), reached, np.inf)


@dataclass(frozen=True)
class SpeedUp:
    """Iterations of individual learning to a gap, over those of meta-learning.

    Attributes
    ----------
    level : float
        The gap.
    individual, meta : float
        Iterations to reach it of the mean curves; infinite where it is not reached in the run.
    ratio, low, high : float
        individual / meta with its 95 % bootstrap interval. A side that does not get there counts as the length of
        the run, see ``status``; NaN where neither gets there.
    status : str
        ``measured``, ``at least`` (individual learning never gets there), ``at most`` (meta-learning never does)
        or ``neither``.
    censored : float
        Share of the resamples in which a side did not get there.
    """

    level: float
    individual: float
    meta: float
    ratio: float
    low: float
    high: float
    status: str
    censored: float


def speed_up(
    iterations: npt.ArrayLike,
    individual: Floats,
    meta: Floats,
    level: float,
    rng: np.random.Generator,
    resamples: int = 2000,
) -> SpeedUp:
    """Speed-up of meta-learning at a gap, paired over seeds.

    Parameters
    ----------
    iterations : (C,) array
        Checkpoints.
    individual, meta : (seeds, C) arrays
        Gap curves of the same seeds.
    level : float
        Gap to reach, above 0.

    Raises
    ------
    ValueError
        If the curves differ in shape or the level is not above 0.
    """
    if individual.shape != meta.shape or individual.ndim != 2:
        raise ValueError(
            f"individual and meta must be (seeds, checkpoints) of one shape, got {individual.shape} and {meta.shape}"
        )
    end = float(np.asarray(iterations)[-1])
    both = np.stack([individual, meta], axis=1)
    times = iterations_to_reach(iterations, both.mean(axis=0), level)
    resampled = iterations_to_reach(iterations, bootstrap_means(both, resamples, rng), level)
    reached = np.isfinite(times)
    status = {(1, 1): "measured", (0, 1): "at least", (1, 0): "at most", (0, 0): "neither"}[
        (int(reached[0]), int(reached[1]))
    ]
    ratios = np.minimum(resampled[:, 0], end) / np.minimum(resampled[:, 1], end)
    low, high = percentile_interval(ratios) if status != "neither" else (np.nan, np.nan)
    return SpeedUp(
        level=level,
        individual=float(times[0]),
        meta=float(times[1]),
        ratio=float(np.minimum(times[0], end) / np.minimum(times[1], end)) if status != "neither" else np.nan,
        low=low,
        high=high,
        status=status,
        censored=float(1.0 - np.isfinite(resampled).all(axis=1).mean()),
    )
