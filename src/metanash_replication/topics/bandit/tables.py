"""Bandit feedback as tables: gaps after so many episodes, how fast they fall, and what meta-learning leaves of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from metanash.streams import stream
from metanash.typing import Floats
from metanash_replication.rates import bootstrap_means, gap_ratio, judge_slopes, percentile_interval, slope_on_window
from metanash_replication.topics.bandit.measure import FEEDBACK
from metanash_replication.typing import Measurement

__all__ = ["NO_PROMISE", "PROMISES", "make"]

NO_PROMISE = "none at a fixed rate"
"""In the place of a promise and of a verdict on it."""
_FLOOR = 1e-12
"""Gaps at most this are rounding, in units of reward."""


def _root(t: Floats) -> Floats:
    return np.asarray(np.sqrt(np.log(t) / t))


PROMISES: dict[str, tuple[str, Callable[[Floats], Floats]]] = {
    "v_learning": ("sqrt(log T / T)", _root),
    "swap_v_learning": ("sqrt(log T / T)", _root),
}
"""What is promised of a learner after T episodes, by its own schedule of rates."""

_SETTING = ("case", "concept", "base_kind", "horizon", "n_players", "episodes", "n_seeds")


def _place(spec: Mapping[str, Any], arrays: Mapping[str, Any]) -> dict[str, Any]:
    horizon, players = int(spec.get("horizon", 0)), len(spec["n_actions"])
    case = f"{spec['concept']}, {spec['base_kind']}, N={players}" + f", H={horizon}" * (horizon > 0)
    values = (case, spec["concept"], spec["base_kind"], horizon, players, spec["episodes"], len(arrays["seeds"]))
    return dict(zip(_SETTING, values, strict=True))


def rate_rows(
    spec: Mapping[str, Any], arrays: Mapping[str, Any], margin: float, resamples: int, root_seed: int
) -> Iterator[dict[str, Any]]:
    """A row a learner: mean gap after the last episode with its interval, and the slope of the mean gap on two windows.

    The windows are the last decade of episodes and the one before; ``slope`` with ``low`` and ``high`` is of the last.
    """
    t, place = arrays["episodes"].astype(np.float64), _place(spec, arrays)
    windows = [(t[-1] / 100.0, t[-1] / 10.0), (t[-1] / 10.0, t[-1])]
    for name in spec["rates"]:
        gaps, source = np.maximum(arrays[name], _FLOOR), (root_seed, "bandit", place["case"], name)
        gap_low, gap_high = percentile_interval(bootstrap_means(gaps[:, -1], resamples, stream(*source, "gap")))
        promise, rate = PROMISES.get(name, (NO_PROMISE, _root))
        slopes = [
            slope_on_window(t, gaps, rate(t), window, stream(*source, k), resamples) for k, window in enumerate(windows)
        ]
        last = slopes[-1]
        yield place | {
            "learner": name,
            "rate": spec["rates"][name],
            "gap": gaps[:, -1].mean(),
            "gap_low": gap_low,
            "gap_high": gap_high,
            "promise": promise,
            "start": last.start,
            "end": last.end,
            "slope": last.slope,
            "low": last.low,
            "high": last.high,
            "promised_slope": last.bound,
            "verdict": NO_PROMISE if promise == NO_PROMISE else judge_slopes(slopes, margin),
        }


def curve_rows(spec: Mapping[str, Any], arrays: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Mean and standard deviation over seeds at every checkpoint; ``episode`` is the number played."""
    for name in spec["rates"]:
        for c, t in enumerate(arrays["episodes"].tolist()):
            own = arrays[name][:, c]
            yield _place(spec, arrays) | {"learner": name, "episode": t, "mean": own.mean(), "std": own.std(ddof=1)}


def _sequence(spec: Mapping[str, Any], arrays: Mapping[str, Any]) -> dict[str, Any]:
    sizes = {name: spec[name] for name in ("base_kind", "games", "horizon", "perturbation", "batch")}
    return {
        "case": f"{spec['base_kind']}, K={spec['games']}, n={spec['batch']}",
        **sizes,
        "n_seeds": len(arrays["seeds"]),
    }


def meta_rows(
    spec: Mapping[str, Any], arrays: Mapping[str, Any], resamples: int, root_seed: int
) -> Iterator[dict[str, Any]]:
    """A row for feedback and arm: mean gap at the last iteration, and its ratio to that of individual learning.

    Intervals are of bootstraps over seeds, paired for the ratio.
    """
    for feedback in FEEDBACK:
        alone = arrays[f"{feedback}_individual"][:, -1]
        for arm in spec["arms"]:
            gaps = np.stack([arrays[f"{feedback}_{arm}"][:, -1], alone], axis=1)
            source = stream(
                root_seed, "bandit sequences", spec["base_kind"], spec["games"], spec["batch"], feedback, arm
            )
            drawn = bootstrap_means(gaps, resamples, source)
            low, high = percentile_interval(drawn[:, 0])
            ratio_low, ratio_high = percentile_interval(gap_ratio(drawn[:, 0], drawn[:, 1]))
            mean = gaps.mean(axis=0)
            yield _sequence(spec, arrays) | {
                "feedback": feedback,
                "arm": arm,
                "iterations": int(arrays["iterations"][-1]),
                "gap": mean[0],
                "gap_low": low,
                "gap_high": high,
                "ratio": float(gap_ratio(mean[0], mean[1])),
                "ratio_low": ratio_low,
                "ratio_high": ratio_high,
            }


def meta_curve_rows(spec: Mapping[str, Any], arrays: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Mean and standard deviation over seeds at every checkpoint."""
    for feedback in FEEDBACK:
        for arm in spec["arms"]:
            for c, t in enumerate(arrays["iterations"].tolist()):
                own = arrays[f"{feedback}_{arm}"][:, c]
                found = {"feedback": feedback, "arm": arm, "episode": t * spec["batch"]}
                yield _sequence(spec, arrays) | found | {"mean": own.mean(), "std": own.std(ddof=1)}


def make(
    measured: Mapping[str, Sequence[Measurement]], margin: float, resamples: int, root_seed: int
) -> dict[str, pd.DataFrame]:
    """All tables of the topic by name."""
    alone, sequences = measured["bandit"], measured["bandit_sequences"]
    return {
        "bandit": pd.DataFrame([row for one in alone for row in rate_rows(*one, margin, resamples, root_seed)]),
        "bandit_curves": pd.DataFrame([row for one in alone for row in curve_rows(*one)]),
        "bandit_meta": pd.DataFrame([row for one in sequences for row in meta_rows(*one, resamples, root_seed)]),
        "bandit_meta_curves": pd.DataFrame([row for one in sequences for row in meta_curve_rows(*one)]),
    }
