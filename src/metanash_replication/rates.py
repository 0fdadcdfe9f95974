"""How fast: iterations to reach a gap, speed-ups, slopes, growth, and bootstrap intervals over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import scipy

from metanash import kernels
from metanash._inner.checks import integer
from metanash.typing import Floats

__all__ = [
    "FITS",
    "LEAST_POINTS",
    "MUCH_FASTER",
    "Growth",
    "Slope",
    "SpeedUp",
    "bootstrap_means",
    "compare_growth",
    "familywise",
    "fit_slope",
    "gap_ratio",
    "iterations_to_reach",
    "judge_growth",
    "judge_slopes",
    "percentile_interval",
    "power_law",
    "slope_on_window",
    "speed_up",
]


MUCH_FASTER = 2.0
"""A speed-up that counts as "much fewer iterations"."""


_WORTH_KEEPING = 4
"""Resamples over seeds from which on the kernel is faster: the chances that it keeps then come up often enough."""


def bootstrap_means(samples: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    """Means of resampled seeds.

    Parameters
    ----------
    samples : (seeds, ...) array
        Curves or numbers, one per seed.

    Returns
    -------
    (resamples, ...) array
    """
    integer("resamples", resamples, 1)
    seeds = len(samples)
    return np.asarray(np.tensordot(_counts(seeds, resamples, rng) / seeds, samples, axes=1))


def _counts(seeds: int, resamples: int, rng: np.random.Generator) -> npt.NDArray[Any]:
    """How often each seed is drawn, (resamples, seeds): as ``rng.multinomial`` draws, and leaves the generator."""
    if kernels.backend == "c" and resamples >= _WORTH_KEEPING * seeds:
        bits = rng.bit_generator
        before = bits.state
        uniform, counts = rng.random(resamples * (seeds - 1)), np.zeros((resamples, seeds))
        used = kernels.resample(uniform, counts, uniform.size, resamples, seeds)
        bits.state = before
        if used >= 0:
            if isinstance(bits, np.random.PCG64) and not before["has_uint32"]:  # it would forget half a number
                bits.advance(used)
            else:
                rng.random(used)
            return counts
    return rng.multinomial(seeds, np.full(seeds, 1.0 / seeds), size=resamples)


def percentile_interval(estimates: Floats, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap estimates, which may be infinite."""
    # between two infinities there is nothing to interpolate
    method: Literal["linear", "nearest"] = "linear" if np.isfinite(estimates).all() else "nearest"
    low, high = np.quantile(estimates, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], method=method)
    return float(low), float(high)


def familywise(intervals: int, level: float = 0.95) -> float:
    """Level of each of several intervals that together cover with ``level``, by Bonferroni's inequality."""
    integer("intervals", intervals, 1)
    return 1.0 - (1.0 - level) / intervals


def gap_ratio(gap: npt.ArrayLike, individual: npt.ArrayLike) -> Floats:
    """Gap over that of individual learning; 1 where both are exactly 0."""
    above, below = np.broadcast_arrays(np.asarray(gap, dtype=np.float64), np.asarray(individual, dtype=np.float64))
    return np.asarray(np.divide(above, below, out=np.where(above > 0.0, np.inf, 1.0), where=below > 0.0))


def iterations_to_reach(iterations: npt.ArrayLike, gap: npt.ArrayLike, level: float) -> Floats:
    """Iterations at which each curve first falls to ``level``, interpolated between checkpoints.

    The interpolation is linear in log iterations and log gap. A curve that starts at or below the level gets the
    first checkpoint, one that falls to exactly 0 the checkpoint where it does, and one that never gets there infinity.

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
    above, found = (np.take_along_axis(curve, i[..., np.newaxis], axis=-1)[..., 0] for i in (before, first))
    between = (first > 0) & (found > 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(between, np.log(above / level) / np.log(above / found), 1.0)
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


def fit_slope(iterations: npt.ArrayLike, curves: npt.ArrayLike) -> Floats:
    """Least-squares slope of log curve against log iterations.

    Parameters
    ----------
    iterations : (C,) array
        At least two.
    curves : (..., C) array
        Above 0.

    Returns
    -------
    (...) array

    Raises
    ------
    ValueError
        If there are fewer than two points or a curve is not above 0.
    """
    t, y = np.log(np.asarray(iterations, dtype=np.float64)), np.asarray(curves, dtype=np.float64)
    if t.size < 2:
        raise ValueError(f"a slope needs at least two points, got {t.size}")
    if not (y > 0.0).all():
        raise ValueError("a slope in log-log needs a curve above 0; end the window before the gap is 0")
    centred = t - t.mean()
    return np.asarray(np.log(y) @ centred / (centred @ centred))


def power_law(x: npt.ArrayLike, y: npt.ArrayLike, groups: Sequence[Any], level: float = 0.95) -> tuple[float, ...]:
    """Exponent p of y = c x^p with its interval, where every group of points has a constant c of its own.

    Least squares of log y against log x, with the interval of Student's t for independent errors of one size; it is
    (NaN, NaN) where no degree of freedom is left.

    Parameters
    ----------
    x, y : (n,) arrays
        Above 0.
    groups : sequence of n labels

    Returns
    -------
    (exponent, low, high)

    Raises
    ------
    ValueError
        If a number is not above 0, or x does not vary within any group.
    """
    u, v = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if not ((u > 0.0).all() and (v > 0.0).all()):
        raise ValueError("a power law is fitted to numbers above 0")
    member = np.array([[label == other for other in dict.fromkeys(groups)] for label in groups], dtype=np.float64)
    mean = member @ ((member.T @ np.stack([np.log(u), np.log(v)], axis=1)) / member.sum(axis=0)[:, np.newaxis])
    across, along = np.log(u) - mean[:, 0], np.log(v) - mean[:, 1]
    spread = float(across @ across)
    if spread <= 1e-12:
        raise ValueError("a power law needs two different x in some group")
    exponent = float(across @ along) / spread
    free = len(u) - member.shape[1] - 1
    if free < 1:
        return exponent, np.nan, np.nan
    rest = along - exponent * across
    half = float(scipy.special.stdtrit(free, 0.5 + level / 2.0)) * float(np.sqrt(rest @ rest / free / spread))
    return exponent, exponent - half, exponent + half


@dataclass(frozen=True)
class Slope:
    """Slope of a mean curve on a declared window, against that of a bound there.

    Attributes
    ----------
    start, end : float
        The window, in iterations.
    slope, low, high : float
        Of the mean curve, with its 95 % bootstrap interval over seeds.
    bound : float
        Slope of the bound on the same points: it differs from its nominal exponent through logarithms.
    """

    start: float
    end: float
    slope: float
    low: float
    high: float
    bound: float


def slope_on_window(
    iterations: npt.ArrayLike,
    gaps: Floats,
    bound: npt.ArrayLike,
    window: tuple[float, float],
    rng: np.random.Generator,
    resamples: int = 2000,
) -> Slope:
    """Fit the slope of the mean gap on a window, and that of a bound on the same points.

    Parameters
    ----------
    iterations : (C,) array
        Checkpoints.
    gaps : (seeds, C) array
        Gap curves.
    bound : (C,) array
        The bound at the checkpoints.
    window : (start, end)
        Both included.

    Raises
    ------
    ValueError
        As :func:`fit_slope` on the points of the window.
    """
    t = np.asarray(iterations, dtype=np.float64)
    inside = (t >= window[0]) & (t <= window[1])
    means = bootstrap_means(gaps[:, inside], resamples, rng)
    low, high = percentile_interval(fit_slope(t[inside], means))
    against = float(fit_slope(t[inside], np.asarray(bound)[inside]))
    slope = float(fit_slope(t[inside], gaps[:, inside].mean(axis=0)))
    return Slope(float(window[0]), float(window[1]), slope, low, high, against)


def judge_slopes(slopes: Sequence[Slope], margin: float) -> str:
    """Verdict on a claimed rate from slopes on successive windows, the last of which counts.

    A bound of the form C log T / T says nothing about the slope at any finite T, since a transient adds to it; so the
    slope may exceed that of the bound by a declared margin, and an excess that still shrinks refutes nothing.

    Returns
    -------
    str
        ``consistent`` if the interval on the last window ends at most ``margin`` above the slope of the bound;
        ``violated`` if it begins above that and is no nearer to it than on the window before; else ``inconclusive``.

    Raises
    ------
    ValueError
        If there are fewer than two windows.
    """
    if len(slopes) < 2:
        raise ValueError("a verdict needs at least two windows, to tell a transient from a rate")
    before, last = slopes[-2], slopes[-1]
    if last.high <= last.bound + margin:
        return "consistent"
    # an excess that is the same up to rounding does not shrink
    shrinking = last.slope - last.bound < before.slope - before.bound - 1e-9
    return "violated" if last.low > last.bound + margin and not shrinking else "inconclusive"


@dataclass(frozen=True)
class Growth:
    """How a mean curve y grows on a declared window: like a + b log T, or like c T^p.

    Attributes
    ----------
    start, end : float
        First and last T of the window.
    points : int
    increment, increment_low, increment_high : float
        b, what a factor e of T adds, with its 95 % bootstrap interval over seeds.
    power, power_low, power_high : float
        p.
    misfit_affine, misfit_power : float
        Root mean square of the relative residuals of each model.
    advantage, advantage_low, advantage_high : float
        log10 of the misfit of the power over that of the affine model: above 0 the affine one is nearer.
    rise, rise_high : float
        Last value over first, and the upper end of its interval.
    """

    start: float
    end: float
    points: int
    increment: float
    increment_low: float
    increment_high: float
    power: float
    power_low: float
    power_high: float
    misfit_affine: float
    misfit_power: float
    advantage: float
    advantage_low: float
    advantage_high: float
    rise: float
    rise_high: float


FITS = 0.01
"""A model of growth fits if the root mean square of its relative residuals is at most this."""
LEAST_POINTS = 4
"""Points below which two models of two numbers each cannot be told apart."""
_ROUNDING = 1e-14
"""Misfits are compared from here on."""


def _both_fits(t: Floats, curves: Floats) -> dict[str, Floats]:
    """Least squares of relative residuals of a + b log t, and of log residuals of c t^p; curves (..., C) above 0."""
    u = np.log(t)
    across = u - u.mean()
    power = np.log(curves) @ across / (across @ across)
    level = np.log(curves).mean(axis=-1)
    # relative residuals: rows weighted by 1 / y, so that both models are judged by the same measure
    weight = 1.0 / curves**2
    total, first = weight.sum(axis=-1), (weight * across).sum(axis=-1)
    second, right = (weight * across**2).sum(axis=-1), (1.0 / curves).sum(axis=-1)
    slanted = (across / curves).sum(axis=-1)
    determinant = total * second - first**2
    increment = (total * slanted - first * right) / determinant
    offset = (second * right - first * slanted) / determinant
    affine = offset[..., np.newaxis] + increment[..., np.newaxis] * across
    exponential = np.exp(level[..., np.newaxis] + power[..., np.newaxis] * across)
    misfits = [np.sqrt(((model / curves - 1.0) ** 2).mean(axis=-1)) for model in (affine, exponential)]
    advantage = np.log10((misfits[1] + _ROUNDING) / (misfits[0] + _ROUNDING))
    return {
        "increment": increment,
        "power": power,
        "misfit_affine": misfits[0],
        "misfit_power": misfits[1],
        "advantage": advantage,
        "rise": curves[..., -1] / curves[..., 0],
    }


def compare_growth(
    t: npt.ArrayLike,
    curves: Floats,
    window: tuple[float, float],
    rng: np.random.Generator,
    resamples: int = 2000,
) -> Growth:
    """Fit a + b log T and c T^p to the mean of curves on a window, and say which is nearer.

    Both models have two numbers to fit, and both are fitted to relative deviations. Algorithms 1 and 2 learn in stages
    whose ends are in geometric progression, so b also says what a stage adds.

    Parameters
    ----------
    t : (C,) array
        Such as the ends of the stages; checkpoints inside stages sample a staircase.
    curves : (seeds, C) array
        Such as T times the gap.
    window : (start, end)
        Both included.

    Raises
    ------
    ValueError
        If the window has fewer than four points, where two models of two numbers cannot be told apart; or if a mean
        there is not above 0.
    """
    points = np.asarray(t, dtype=np.float64)
    inside = (points >= window[0]) & (points <= window[1])
    if inside.sum() < LEAST_POINTS:
        raise ValueError(
            f"growth needs at least {LEAST_POINTS} points between {window[0]:g} and {window[1]:g}, got "
            f"{int(inside.sum())}; widen the window or run longer"
        )
    own = curves[:, inside]
    means = bootstrap_means(own, resamples, rng)
    if not ((means > 0.0).all() and (own.mean(axis=0) > 0.0).all()):
        raise ValueError("growth is compared of curves whose means are above 0")
    found, spread = _both_fits(points[inside], own.mean(axis=0)), _both_fits(points[inside], means)
    ends = {name: percentile_interval(spread[name]) for name in ("increment", "power", "advantage", "rise")}
    numbers = {name: float(value) for name, value in found.items()}
    for name in ("increment", "power", "advantage"):
        numbers[f"{name}_low"], numbers[f"{name}_high"] = ends[name]
    where = points[inside]
    return Growth(float(where[0]), float(where[-1]), len(where), **numbers, rise_high=ends["rise"][1])


def judge_growth(growth: Growth) -> str:
    """Verdict on the claim that a curve grows at most like log T.

    Returns
    -------
    str
        ``consistent`` if the affine model fits (:data:`FITS`) and is nearer than the power in 97.5 % of the resamples,
        or the curve does not grow at all; ``violated`` if the power fits, is nearer in as many, and its exponent is
        above 0; else ``inconclusive``.
    """
    if growth.rise_high <= 1.0 + 1e-9:
        return "consistent"
    if growth.misfit_affine <= FITS and growth.advantage_low > 0.0:
        return "consistent"
    apart = growth.misfit_power <= FITS and growth.advantage_high < 0.0 and growth.power_low > 0.0
    return "violated" if apart else "inconclusive"
