"""Learners after the paper as tables: how small their gaps are, and how fast they fall beside what was promised."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from metanash.streams import stream
from metanash.typing import Floats
from metanash_replication.rates import bootstrap_means, judge_slopes, percentile_interval, slope_on_window
from metanash_replication.topics.successors.promised import PROMISED
from metanash_replication.typing import Measurement

__all__ = ["LINEAR", "NO_POWER", "PROMISES", "ROUNDED", "SPEEDS", "make"]

FLOOR = 1e-12
"""Gaps at most this are rounding, in units of reward."""
NO_POWER, ROUNDED = "no power of T", "no gap left"
"""Words in the place of a verdict: nothing of the form of a power is promised; the mean gap is below the floor."""


def _inverse(t: Floats) -> Floats:
    return 1.0 / t


def _logarithmic(t: Floats) -> Floats:
    return np.asarray(np.log(t) / t)


PROMISES: dict[tuple[str, str], tuple[str, Callable[[Floats], Floats]]] = {
    ("average", "optimistic_mirror_descent"): ("log T / T", _logarithmic),
    ("average", "optimistic_ftrl"): ("1 / T", _inverse),
    ("cce", "cautious_omwu"): ("log T / T", _logarithmic),
    ("cce", "staged_cautious_omwu"): ("log T / T", _logarithmic),
    ("ce", "log_barrier_ftrl"): ("log T / T", _logarithmic),
}
"""What is promised of a concept and a learner, at a rate of its own; the others have no power of T."""

_SETTING = ("case", "concept", "base_kind", "horizon", "n_players", "iterations", "n_seeds")


def _place(spec: Mapping[str, Any], arrays: Mapping[str, Any]) -> dict[str, Any]:
    horizon, players = int(spec.get("horizon", 0)), len(spec["n_actions"])
    case = f"{spec['concept']}, {spec['base_kind']}, N={players}" + f", H={horizon}" * (horizon > 0)
    values = (case, spec["concept"], spec["base_kind"], horizon, players, spec["iterations"], len(arrays["seeds"]))
    return dict(zip(_SETTING, values, strict=True))


def largest_from(gaps: Floats) -> Floats:
    """The largest gap at a checkpoint or after it, (seeds, C), at least the floor: a rate bounds gaps from above.

    >>> largest_from(np.array([[0.5, -0.1, 0.2, 0.0]])).tolist()
    [[0.5, 0.2, 0.2, 1e-12]]
    """
    return np.maximum(np.maximum.accumulate(gaps[:, ::-1], axis=1)[:, ::-1], FLOOR)


def rate_rows(
    spec: Mapping[str, Any], arrays: Mapping[str, Any], margin: float, resamples: int, root_seed: int
) -> Iterator[dict[str, Any]]:
    """A row a learner: mean gap at T with its interval, and the slope of what :func:`largest_from` has on two windows.

    The windows are the last decade of T and the one before; ``slope`` with ``low`` and ``high`` is that of the last.
    """
    t, place = arrays["checkpoints"].astype(np.float64), _place(spec, arrays)
    windows = [(t[-1] / 100.0, t[-1] / 10.0), (t[-1] / 10.0, t[-1])]
    for name in spec["rates"]:
        gaps, source = arrays[name], (root_seed, "successors", place["case"], name)
        gap_low, gap_high = percentile_interval(bootstrap_means(gaps[:, -1], resamples, stream(*source, "gap")))
        promise, rate = PROMISES.get((spec["concept"], name), (NO_POWER, _inverse))
        envelope = largest_from(gaps)
        slopes = [
            slope_on_window(t, envelope, rate(t), window, stream(*source, k), resamples)
            for k, window in enumerate(windows)
        ]
        verdict = NO_POWER if promise == NO_POWER else judge_slopes(slopes, margin)
        if envelope[:, -1].mean() <= FLOOR:
            verdict = ROUNDED
        last = slopes[-1]
        yield place | {
            "learner": name,
            "rate": spec["rates"][name],
            "gap": gaps[:, -1].mean(),
            "gap_low": gap_low,
            "gap_high": gap_high,
            "held": t[-1] * gaps[:, -1].mean(),
            "promise": promise,
            "start": last.start,
            "end": last.end,
            "slope": last.slope,
            "low": last.low,
            "high": last.high,
            "promised_slope": last.bound,
            "verdict": verdict,
        }


def curve_rows(spec: Mapping[str, Any], arrays: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Mean and standard deviation over seeds at every checkpoint."""
    for name in spec["rates"]:
        for c, t in enumerate(arrays["checkpoints"].tolist()):
            own = arrays[name][:, c]
            found = {"learner": name, "iteration": t, "mean": own.mean(), "std": own.std(ddof=1)}
            yield _place(spec, arrays) | found


# Promises with a constant ------------------------------------------------------------------------------

RESOLVED = 1e-10
"""Right sides below this are not compared: the left ones are rounding there."""
LINEAR = "linear"
"""The form of a promise that something falls by a factor in every iteration."""
_FALLEN = 1e-12
"""Left sides of linear promises are followed down to here."""


def _root(t: Floats) -> Floats:
    return np.asarray(1.0 / np.sqrt(t))


def _logarithmic_root(t: Floats) -> Floats:
    return np.asarray(np.log(t) / np.sqrt(t))


SPEEDS: dict[str, dict[str, Callable[[Floats], Floats]]] = {
    "plain": {"log T / sqrt T": _logarithmic_root, "1 / sqrt T": _root},
    "stages": {"log T / T": _logarithmic},
    "single": {"1 / T": _inverse},
    "team": {"1 / sqrt T": _root, "1 / T": _inverse},
}
"""How fast the left sides are to fall, by promise and form; those of the other promises are linear."""


def _promise_place(spec: Mapping[str, Any], arrays: Mapping[str, Any], k: int) -> dict[str, Any]:
    promise, factor = spec["promise"], float(spec["factors"][k])
    case = _place({**spec, "concept": promise}, arrays)
    del case["concept"]
    own = PROMISED[promise]
    return case | {
        "promise": promise,
        "learner": own.learner,
        "factor": factor,
        "within": factor <= own.most,
        "rate": arrays["rates"][k].mean(),
    }


def promise_rows(spec: Mapping[str, Any], arrays: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row a factor: where the left side is the largest part of the right one, and in how many games it exceeds it."""
    t = arrays["checkpoints"]
    for k in range(len(spec["factors"])):
        left, right = arrays["left"][k], arrays["right"][k]
        ratio = np.where(right > RESOLVED, left / np.maximum(right, RESOLVED), 0.0)
        worst = np.unravel_index(ratio.argmax(), ratio.shape)
        yield _promise_place(spec, arrays, k) | {
            "iteration": int(t[worst[1]]),
            "left": left[worst],
            "right": right[worst],
            "ratio": ratio[worst],
            "violations": int((ratio > 1.0).any(axis=1).sum()),
            "ratio_end": (left[:, -1] / np.maximum(right[:, -1], RESOLVED)).max(),
        }


def linear_speed(t: Floats, left: Floats, right: Floats, rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    """Logarithm of the factor an iteration, mean over seeds, on the last decade of T before a left side has fallen.

    ``verdict`` compares each seed with its own promise: *consistent* if the interval of the differences ends at most at
    0, *violated* if it begins above.
    """
    above = (left > _FALLEN).all(axis=0)
    last = len(t) if above.all() else int(np.argmin(above))
    inside = np.flatnonzero((np.arange(len(t)) < last) & (t >= t[max(last - 1, 0)] / 10.0))
    centred = t[inside] - t[inside].mean()
    speed, promised = (np.log(side[:, inside]) @ centred / (centred @ centred) for side in (left, right))
    both = bootstrap_means(np.stack([speed, speed - promised], axis=1), resamples, rng)
    (low, high), (least, most) = (percentile_interval(both[:, j]) for j in (0, 1))
    return {
        "start": t[inside[0]],
        "end": t[inside[-1]],
        "slope": speed.mean(),
        "low": low,
        "high": high,
        "promised_slope": promised.mean(),
        "verdict": "consistent" if most <= 0.0 else ("violated" if least > 0.0 else "inconclusive"),
    }


def speed_rows(
    spec: Mapping[str, Any], arrays: Mapping[str, Any], margin: float, resamples: int, root_seed: int
) -> Iterator[dict[str, Any]]:
    """A row for each factor and form: how fast left sides fall on the last decade, beside what is promised."""
    t = arrays["checkpoints"].astype(np.float64)
    windows = [(t[-1] / 100.0, t[-1] / 10.0), (t[-1] / 10.0, t[-1])]
    for k in range(len(spec["factors"])):
        place, left = _promise_place(spec, arrays, k), arrays["left"][k]
        source = (root_seed, "promises", place["case"], f"{place['factor']:g}")
        if spec["promise"] not in SPEEDS:
            yield place | {"form": LINEAR} | linear_speed(t, left, arrays["right"][k], stream(*source), resamples)
            continue
        envelope = largest_from(left)
        for form, rate in SPEEDS[spec["promise"]].items():
            slopes = [
                slope_on_window(t, envelope, rate(t), window, stream(*source, form, j), resamples)
                for j, window in enumerate(windows)
            ]
            last = slopes[-1]
            yield place | {
                "form": form,
                "start": last.start,
                "end": last.end,
                "slope": last.slope,
                "low": last.low,
                "high": last.high,
                "promised_slope": last.bound,
                "verdict": judge_slopes(slopes, margin),
            }


def part_rows(spec: Mapping[str, Any], arrays: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Left over right side at every checkpoint where the right one is resolved: mean and largest over seeds."""
    for k in range(len(spec["factors"])):
        place = _promise_place(spec, arrays, k)
        for c, t in enumerate(arrays["checkpoints"].tolist()):
            left, right = arrays["left"][k, :, c], arrays["right"][k, :, c]
            if (right > RESOLVED).all():
                own = left / right
                yield place | {"iteration": t, "mean": own.mean(), "most": own.max()}


def make(
    measured: Mapping[str, Sequence[Measurement]], margin: float, resamples: int, root_seed: int
) -> dict[str, pd.DataFrame]:
    """All tables of the topic by name."""
    found, promised = measured["successors"], measured["promises"]
    how: dict[str, Any] = {"margin": margin, "resamples": resamples, "root_seed": root_seed}
    return {
        "successors": pd.DataFrame([row for one in found for row in rate_rows(*one, **how)]),
        "successors_curves": pd.DataFrame([row for one in found for row in curve_rows(*one)]),
        "successors_promises": pd.DataFrame([row for one in promised for row in promise_rows(*one)]),
        "successors_speeds": pd.DataFrame([row for one in promised for row in speed_rows(*one, **how)]),
        "successors_parts": pd.DataFrame([row for one in promised for row in part_rows(*one)]),
    }
