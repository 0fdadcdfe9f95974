"""Learners after the paper as tables: how small their gaps are, and how fast they fall beside what was promised."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from metanash.streams import stream
from metanash.typing import Floats
from metanash_replication.rates import bootstrap_means, judge_slopes, percentile_interval, slope_on_window
from metanash_replication.typing import Measurement

__all__ = ["NO_POWER", "PROMISES", "ROUNDED", "make"]

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


def make(
    measured: Mapping[str, Sequence[Measurement]], margin: float, resamples: int, root_seed: int
) -> dict[str, pd.DataFrame]:
    """All tables of the topic by name."""
    found = measured["successors"]
    return {
        "successors": pd.DataFrame([row for one in found for row in rate_rows(*one, margin, resamples, root_seed)]),
        "successors_curves": pd.DataFrame([row for one in found for row in curve_rows(*one)]),
    }
