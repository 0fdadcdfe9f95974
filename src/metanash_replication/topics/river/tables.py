"""River endgames as tables: what meta-learning leaves of the exploitability of individual learning."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from metanash.streams import stream
from metanash_replication.rates import bootstrap_means, gap_ratio, percentile_interval
from metanash_replication.topics.river.measure import ARMS
from metanash_replication.typing import Measurement

__all__ = ["make"]

_SETTING = ("base_kind", "games", "perturbation", "n_hands", "iterations")


def _place(spec: Mapping[str, Any], arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {name: spec[name] for name in _SETTING} | {"sets": int(arrays["sets"]), "n_seeds": len(arrays["seeds"])}


def final_rows(spec: Mapping[str, Any], arrays: Mapping[str, Any], resamples: int, root_seed: int) -> list[Any]:
    """A row an arm: means over endgames 2 to K of a seed, then over seeds, at the first and the last iteration.

    ``ratio`` and ``start`` are ratios to individual learning as published, at the last and the first iteration,
    ``at_rate`` is that to individual learning with the learning rate of the arm; intervals are 95 % bootstrap intervals
    over seeds, paired.
    """
    later = {arm: arrays[arm][:, 1:].mean(axis=1) for arm in ARMS}
    rows = []
    for arm, own in later.items():
        row = _place(spec, arrays) | {"arm": arm, "gap": own[:, -1].mean()}
        pairs = {"ratio": ("individual", -1), "at_rate": ("individual_at_rate", -1), "start": ("individual", 0)}
        for name, (base, c) in pairs.items():
            both = np.stack([own[:, c], later[base][:, c]], axis=1)
            means = bootstrap_means(both, resamples, stream(root_seed, "river", spec["base_kind"], arm, name))
            low, high = percentile_interval(gap_ratio(means[:, 0], means[:, 1]))
            ratio = float(gap_ratio(both[:, 0].mean(), both[:, 1].mean()))
            row |= {name: ratio, f"{name}_low": low, f"{name}_high": high}
            if name == "ratio":
                low, high = percentile_interval(means[:, 0])
                row |= {"low": low, "high": high}
        rows.append(row)
    return rows


def curve_rows(spec: Mapping[str, Any], arrays: Mapping[str, Any]) -> list[Any]:
    """Mean over endgames 2 to K of a seed, then mean and std over seeds, at every checkpoint."""
    rows = []
    for arm in ARMS:
        later = arrays[arm][:, 1:].mean(axis=1)
        for c, t in enumerate(arrays["checkpoints"].tolist()):
            found = {"iteration": t, "mean": later[:, c].mean(), "std": later[:, c].std(ddof=1)}
            rows.append(_place(spec, arrays) | {"arm": arm} | found)
    return rows


def make(measured: Mapping[str, Sequence[Measurement]], resamples: int, root_seed: int) -> dict[str, pd.DataFrame]:
    """All tables of the topic by name."""
    found = measured["endgames"]
    return {
        "river": pd.DataFrame([row for one in found for row in final_rows(*one, resamples, root_seed)]),
        "river_curves": pd.DataFrame([row for one in found for row in curve_rows(*one)]),
    }
