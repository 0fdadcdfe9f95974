"""Readings of Figure 1 as a table: speed-ups, and ratios of gaps at the first and the last iteration."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from metanash.streams import stream
from metanash.typing import Floats
from metanash_replication.rates import bootstrap_means, gap_ratio, percentile_interval, speed_up
from metanash_replication.typing import Measurement

__all__ = ["make", "reading_table"]

_SETTING = ("horizon", "discount", "games", "perturbation", "learning_rate", "arm", "alpha")
_EQUAL = 1e-9
"""Gaps are equal to rounding that differ by this share at most."""


def _setting(reading: Mapping[str, Any], arm: str) -> dict[str, Any]:
    """Columns that say what a reading is: NaN where it has no such thing, and alpha as a number."""
    row = {name: reading.get(name, np.nan) for name in _SETTING} | {"arm": reading.get("arm", arm)}
    of_theory = row["alpha"] == "theory"
    return row | {"alpha": reading["games"] ** -0.5 if of_theory else row["alpha"], "alpha_of_theory": of_theory}


def _varied(reading: Mapping[str, Any], reference: Mapping[str, Any]) -> str:
    """Names of what differs from the reference; empty for the reference itself."""
    return " ".join(name for name in reference if reading[name] != reference[name])


def _ratio(name: str, meta: Floats, individual: Floats, resampled: Floats) -> dict[str, float]:
    """Ratio of mean gaps over seeds with its interval; ``resampled`` (resamples, 2) are means of both."""
    low, high = percentile_interval(gap_ratio(resampled[:, 0], resampled[:, 1]))
    return {name: float(gap_ratio(meta.mean(), individual.mean())), f"{name}_low": low, f"{name}_high": high}


def _begins(meta: Floats, individual: Floats, ratio: Mapping[str, float]) -> str:
    """How the first gap compares: ``equal`` on every seed, or by the interval ``lower``, ``higher`` or ``unclear``."""
    if np.allclose(meta, individual, rtol=_EQUAL, atol=0.0):
        return "equal"
    if ratio["start_high"] < 1.0:
        return "lower"
    return "higher" if ratio["start_low"] > 1.0 else "unclear"


def reading_table(
    measured: Iterable[Measurement], family: str, arm: str, levels: Sequence[float], resamples: int, root_seed: int
) -> pd.DataFrame:
    """One row a reading, kind of games and gap to reach.

    Parameters
    ----------
    measured : iterable of measurements
        Of one family, a kind of games each; the first reading is the reference.
    family : str
        ``zero_sum`` or ``potential``.
    arm : str
        Meta-update of readings that name none.
    levels : sequence of float
        Gaps to reach, over the mean gap of individual learning at the first checkpoint.
    resamples, root_seed : int
        Of the bootstrap over seeds, paired.

    Returns
    -------
    DataFrame
        ``family``, ``base_kind``; ``varied``, names of what differs from the reference; the reading: ``horizon``,
        ``discount``, ``games``, ``perturbation``, ``learning_rate``, ``arm``, ``alpha``, ``alpha_of_theory``;
        ``start`` and ``end``, mean gap over that of individual learning at the first and last checkpoint, with
        intervals; ``begins``, how ``start`` compares with 1: lower, higher, unclear, or equal on every seed; ``level``
        and the ``ne_gap`` that it is; iterations to it, ``speed_up`` with its interval ``low`` and ``high``,
        ``status``, ``censored``, see :class:`metanash_replication.rates.SpeedUp`; ``n_seeds``.
    """
    rows = []
    for spec, arrays in measured:
        reference, iterations = spec["readings"][0], arrays["checkpoints"]
        for reading, individual, meta in zip(spec["readings"], arrays["individual"], arrays["meta"], strict=True):
            place: dict[str, Any] = {
                "family": family,
                "base_kind": spec["base_kind"],
                "varied": _varied(reading, reference),
            }
            place |= _setting(reading, arm)
            name = " ".join(str(value) for value in place.values())
            ends = np.stack([meta, individual], axis=1)[..., [0, -1]]
            means = bootstrap_means(ends, resamples, stream(root_seed, "reading", name, "ratio"))
            ratios = _ratio("start", meta[:, 0], individual[:, 0], means[..., 0])
            ratios |= _ratio("end", meta[:, -1], individual[:, -1], means[..., 1])
            begins = {"begins": _begins(meta[:, 0], individual[:, 0], ratios)}
            for level in levels:
                gap = level * float(individual[:, 0].mean())
                found = speed_up(
                    iterations, individual, meta, gap, stream(root_seed, "reading", name, str(level)), resamples
                )
                speed = {
                    "level": level,
                    "ne_gap": gap,
                    "iterations_individual": found.individual,
                    "iterations_meta": found.meta,
                    "speed_up": found.ratio,
                    "low": found.low,
                    "high": found.high,
                    "status": found.status,
                    "censored": found.censored,
                }
                rows.append({**place, **ratios, **begins, **speed, "n_seeds": len(meta)})
    return pd.DataFrame(rows)


def make(
    measured: Mapping[str, Sequence[Measurement]], levels: Sequence[float], resamples: int, root_seed: int
) -> dict[str, pd.DataFrame]:
    """All tables of the topic by name."""
    parts = [
        reading_table(measured[f"{family}_readings"], family, arm, levels, resamples, root_seed)
        for family, arm in (("zero_sum", "best_response"), ("potential", "carry_over"))
    ]
    return {"readings": pd.concat(parts, ignore_index=True)}
