"""Sentences of the text as tables, and rows of ``theory.csv`` for games whose initial state is drawn."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from metanash.bounds import zero_sum as bounds
from metanash.streams import stream
from metanash.typing import Floats
from metanash_replication.bound_rows import claims_table, rows_of
from metanash_replication.rates import bootstrap_means, familywise, fit_slope, gap_ratio, percentile_interval
from metanash_replication.topics.remarks.measure import ALGORITHMS
from metanash_replication.topics.zero_sum.tables import theorem_1_forms, uniform_forms
from metanash_replication.typing import Measurement

__all__ = [
    "bound_growth_table",
    "carried_table",
    "dynamic_rate_table",
    "equilibria_table",
    "initial_state_rows",
    "last_terms",
    "leader_table",
    "make",
    "restart_table",
]


def restart_table(measured: Iterable[Measurement], resamples: int, root_seed: int) -> pd.DataFrame:
    """Gaps of iterates of Algorithm 1, means over seeds, by kind, iterate and T.

    Columns base_kind, iterate (``last`` of a stage, ``first`` of the next, ``average`` of all), iteration, ne_gap, and
    ``ratio`` to that at the smallest T with a 95 % bootstrap interval.
    """
    rows = []
    for spec, arrays in measured:
        for name in ("last", "first", "average"):
            for c, iteration in enumerate(arrays["iterations"].tolist()):
                both = np.stack([arrays[name][:, c], arrays[name][:, 0]], axis=1)
                rng = stream(root_seed, "restarts", spec["base_kind"], name, iteration)
                means = bootstrap_means(both, resamples, rng)
                low, high = percentile_interval(gap_ratio(means[:, 0], means[:, 1]))
                rows.append(
                    {
                        "base_kind": spec["base_kind"],
                        "iterate": name,
                        "iteration": iteration,
                        "ne_gap": both[:, 0].mean(),
                        "ratio": float(gap_ratio(*both.mean(axis=0))),
                        "ratio_low": low,
                        "ratio_high": high,
                        "n_seeds": len(both),
                    }
                )
    return pd.DataFrame(rows)


def dynamic_rate_table(measured: Measurement) -> pd.DataFrame:
    """Regret by algorithm and T, and over that at the smallest T."""
    _, arrays = measured
    return pd.DataFrame(
        {"algorithm": name, "iteration": int(t), "regret": regret, "ratio": regret / row[0]}
        for name, row in zip(ALGORITHMS, arrays["regret"], strict=True)
        for t, regret in zip(arrays["iterations"], row, strict=True)
    )


def leader_table(measured: Measurement) -> pd.DataFrame:
    """Largest difference of the average policies of mirror descent and the regularised leader, by seed."""
    _, arrays = measured
    return pd.DataFrame({"seed": arrays["seeds"], "difference": arrays["difference"]})


def initial_state_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Theorem 1 in all its forms, and equation (4), on games whose initial state is drawn."""
    rows = []
    for spec, arrays in measured:
        horizon, t = spec["horizon"], arrays["checkpoints"].astype(np.float64)
        where = f"random initial states, {spec['base_kind']}, H={horizon}"
        gap, first, worst = (arrays[name] for name in ("ne_gap", "divergence_first", "divergence_worst"))
        rate, some = np.full(len(gap), bounds.largest_learning_rate(horizon)), arrays["uniform_start"]
        uniform = uniform_forms(where, t, gap[some], horizon, spec["n_actions"], rate[some])
        # at the largest learning rate both forms of (4) are the same
        rows += [*theorem_1_forms(where, t, gap, first, worst, horizon, rate), uniform[0]]
    return [{**row, "claim": f"{row['claim']}, random initial states"} for row in rows]


def last_terms(settings: Sequence[Mapping[str, Any]], numbers: Sequence[int]) -> pd.DataFrame:
    """Equation (6) without its first term, over equation (4): a row for each setting and K.

    ``settings`` have ``horizon``, ``n_actions`` and ``iterations``; ``numbers`` are K. Below 1 equation (6) can be the
    smaller of the two, when dissimilarity is small enough.
    """
    rows = []
    for setting in settings:
        horizon, t, pair = setting["horizon"], float(setting["iterations"]), tuple(setting["n_actions"])
        alone = float(bounds.theorem_1_uniform(horizon, t, (pair[0], pair[1])))
        for k in numbers:
            least = float(bounds.theorem_2(0.0, k, horizon, t, (pair[0], pair[1])))
            rows.append(
                {
                    "horizon": horizon,
                    "max_actions": max(pair),
                    "iterations": setting["iterations"],
                    "games": k,
                    "equation_6": least,
                    "equation_4": alone,
                    "ratio": least / alone,
                }
            )
    return pd.DataFrame(rows)


def equilibria_table(measured: Measurement) -> pd.DataFrame:
    """Identical games with several equilibria, by seed and initial policies (``same``, ``random``).

    Columns seed, start, similarity_per_game, distance (largest range over the games of a probability of the output),
    ne_gap (the largest).
    """
    _, arrays = measured
    return pd.DataFrame(
        {
            "seed": int(seed),
            "start": start,
            "similarity_per_game": arrays["similarity"][k, s],
            "distance": arrays["distance"][k, s],
            "ne_gap": arrays["ne_gap"][k, s],
        }
        for k, start in enumerate(("same", "random"))
        for s, seed in enumerate(arrays["seeds"])
    )


def carried_table(measured: Iterable[Measurement], resamples: int, root_seed: int) -> pd.DataFrame:
    """Gap of carried-over policies at the next game over that of uniform ones, and Delta_Phi, means over seeds.

    Columns base_kind, perturbation, carried, uniform, ``ratio`` with a 95 % bootstrap interval, ``drop`` (Delta_Phi),
    ``shifted`` (that of the same games with half of every reward and constants on top), n_seeds.
    """
    rows = []
    for spec, arrays in measured:
        for p, size in enumerate(arrays["perturbations"].tolist()):
            both = np.stack([arrays["carried"][p], arrays["uniform"][p]], axis=1)
            means = bootstrap_means(both, resamples, stream(root_seed, "carried", spec["base_kind"], str(size)))
            low, high = percentile_interval(gap_ratio(means[:, 0], means[:, 1]))
            rows.append(
                {
                    "base_kind": spec["base_kind"],
                    "perturbation": size,
                    "carried": both[:, 0].mean(),
                    "uniform": both[:, 1].mean(),
                    "ratio": float(gap_ratio(*both.mean(axis=0))),
                    "ratio_low": low,
                    "ratio_high": high,
                    "drop": arrays["drop"][p].mean(),
                    "shifted": arrays["shifted"][p].mean(),
                    "n_seeds": len(both),
                }
            )
    return pd.DataFrame(rows)


FACTORS: dict[str, tuple[str, Callable[[Floats], Floats]]] = {
    "horizon": ("equation (4)", lambda h: h**5),
    "actions": ("equation (4)", lambda a: np.log(a**2)),
    "players": ("equation (11)", lambda n: (n - 1) ** (2 / 3)),
    "discount": ("Proposition 1", lambda g: (1 - g) ** -6.0),
}
"""What each number of the game does to a bound: which, and the factor. That of the number of players is that of the
learning rate of (11), which (11) rounds to N^(2/3)."""


def bound_growth_table(measured: Measurement, resamples: int, root_seed: int) -> pd.DataFrame:
    """How measured sides grow with what multiplies their bounds: a row for each number of the game.

    Columns number (:data:`FACTORS`), bound, least, most, factor (by which the bound grows from the least to the most),
    side (by which the measured side does), ``exponent`` p of side ~ factor^p with an interval over seeds that covers
    all of the table at once with 95 % (Bonferroni): at most 1 if the side grows no faster than the bound; n_seeds.
    """
    _, arrays = measured
    rows = []
    for name, (bound, factor) in FACTORS.items():
        numbers, sides = arrays[name], arrays[f"{name}_side"]
        known = sides[:, ~np.isnan(sides).any(axis=0)]
        x = np.asarray(factor(numbers), dtype=np.float64)
        rng = stream(root_seed, "growth of bounds", name)
        # games of two numbers are not the same: seeds are drawn apart
        exponent, low, high, mean = np.nan, np.nan, np.nan, np.full(len(x), np.nan)
        if known.size:  # no run may have got there
            means = np.stack([bootstrap_means(row, resamples * len(FACTORS), rng) for row in known], axis=1)
            mean = known.mean(axis=1)
            exponent = float(fit_slope(x, mean))
            low, high = percentile_interval(fit_slope(x, means), familywise(len(FACTORS)))
        rows.append(
            {
                "number": name,
                "bound": bound,
                "least": numbers[0],
                "most": numbers[-1],
                "factor": x[-1] / x[0],
                "side": mean[-1] / mean[0],
                "exponent": exponent,
                "low": low,
                "high": high,
                "n_seeds": known.shape[1],
            }
        )
    return pd.DataFrame(rows)


def make(
    measured: Mapping[str, list[Measurement]],
    *,
    settings: Sequence[Mapping[str, Any]],
    numbers: Sequence[int],
    resamples: int,
    root_seed: int,
) -> dict[str, pd.DataFrame]:
    """All tables by name; ``claims`` are rows of ``theory.csv``. Measurements by the names of the plan."""
    return {
        "claims": claims_table(rows_of("initial_states", measured, initial_state_rows)),
        "restarts": restart_table(measured["restarts"], resamples, root_seed),
        "dynamic_rates": dynamic_rate_table(measured["dynamic_rates"][0]),
        "leaders": leader_table(measured["leaders"][0]),
        "last_terms": last_terms(settings, numbers),
        "several_equilibria": equilibria_table(measured["several_equilibria"][0]),
        "carried_policies": carried_table(measured["carried_policies"], resamples, root_seed),
        "bound_growth": bound_growth_table(measured["growth_of_gaps"][0], resamples, root_seed),
    }
