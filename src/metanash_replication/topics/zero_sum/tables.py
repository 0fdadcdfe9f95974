"""Theorems 1 and 2 beside measurements: rows of ``theory.csv``, and tables of slopes, sequences and defects."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from metanash.bounds import zero_sum as bounds
from metanash.streams import stream
from metanash.typing import Floats
from metanash_replication.bound_rows import claim_row, claims_table, rows_of, total_rows
from metanash_replication.rates import (
    LEAST_POINTS,
    Slope,
    bootstrap_means,
    compare_growth,
    familywise,
    fit_slope,
    gap_ratio,
    judge_growth,
    judge_slopes,
    percentile_interval,
    slope_on_window,
)
from metanash_replication.typing import Measurement

__all__ = [
    "burn_in_rows",
    "chain_table",
    "curve_rows",
    "defect_table",
    "long_run_rows",
    "make",
    "random_game_rows",
    "regret_rows",
    "sequence_rows",
    "sequence_table",
    "similarity_steps",
    "slope_table",
    "small_step_rows",
    "stage_rate_table",
    "theorem_1_forms",
    "two_sided_rows",
    "uniform_forms",
    "value_growth_table",
]


def theorem_1_forms(
    setting: str,
    t: Floats,
    gap: Floats,
    first: Floats,
    worst: Floats,
    horizon: int,
    rate: npt.ArrayLike,
    rate_factor: float | None = None,
) -> list[dict[str, Any]]:
    """Rows of the data-dependent bound: as printed, with both repairs of the burn-in, and as proven."""
    repaired = np.broadcast_to(np.asarray(rate, dtype=np.float64)[..., np.newaxis], gap.shape)
    forms = {
        "printed": bounds.theorem_1(first, horizon, t),
        "repaired: worst best response": bounds.theorem_1(worst, horizon, t, repaired),
        "repaired: burn-in term": bounds.theorem_1(first, horizon, t, repaired) + bounds.two_sided_burn_in(horizon) / t,
        "proven: any best response": bounds.theorem_1_proven(first, horizon, t, repaired),
    }
    trivial = bounds.trivial_gap(horizon)
    return [
        claim_row("theorem 1", form, setting, t, gap, right, trivial, rate_factor=rate_factor)
        for form, right in forms.items()
    ]


def uniform_forms(
    setting: str,
    t: Floats,
    gap: Floats,
    horizon: int,
    n_actions: Sequence[int],
    rate: npt.ArrayLike,
    rate_factor: float | None = None,
) -> list[dict[str, Any]]:
    """Rows of equation (4), from T = 2 on: at T = 1 its right side is 0."""
    later = t >= 2
    pair = (int(n_actions[0]), int(n_actions[1]))
    rates = np.asarray(rate, dtype=np.float64)[..., np.newaxis]
    forms = {
        "printed": bounds.theorem_1_uniform(horizon, t[later], pair),
        "repaired: learning rate": bounds.theorem_1_uniform(horizon, t[later], pair, rates),
    }
    trivial = bounds.trivial_gap(horizon)
    return [
        claim_row("equation 4", form, setting, t[later], gap[:, later], right, trivial, rate_factor=rate_factor)
        for form, right in forms.items()
    ]


def regret_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Per-state regrets of the stages of long runs and random games, beside their bound: a setting for each file."""
    rows = []
    for spec, arrays in measured:
        setting = f"{'random games' if 'games_per_size' in spec else 'long runs'}, {spec['base_kind']}"
        ends = np.cumsum(arrays["stage_iterations"]).astype(np.float64)
        left, right = arrays["worst_regret"], arrays["worst_regret_bound"]
        where = f"{setting}, H={spec['horizon']}"
        trivial = bounds.trivial_gap(spec["horizon"])
        rows.append(claim_row("regret of a stage", "derived", where, ends, left, right, trivial))
    return rows


def value_growth_table(measured: Iterable[Measurement], resamples: int, root_seed: int) -> pd.DataFrame:
    """Amplification of value errors over the steps, mean over seeds, by horizon and factor of the stages.

    Columns base_kind, horizon, factor (``1 + 1/H`` or the other), amplification; ``ratio``, over that of the smallest
    horizon, with a 95 % bootstrap interval over the seeds of both; ``linear``, what that is if amplification is
    proportional to H.
    """
    rows = []
    for spec, arrays in measured:
        horizons = arrays["horizons"].tolist()
        for j, factor in enumerate(("1 + 1/H", str(spec["factor"]))):
            values = arrays["amplification"][:, j]
            for i, horizon in enumerate(horizons):
                rng = stream(root_seed, "value growth", spec["base_kind"], factor, horizon)
                # games of two horizons are not the same: seeds are drawn apart
                means = [bootstrap_means(values[k], resamples, rng) for k in (i, 0)]
                low, high = percentile_interval(gap_ratio(*means)) if i else (1.0, 1.0)
                rows.append(
                    {
                        "base_kind": spec["base_kind"],
                        "horizon": horizon,
                        "factor": factor,
                        "amplification": values[i].mean(),
                        "ratio": values[i].mean() / values[0].mean(),
                        "ratio_low": low,
                        "ratio_high": high,
                        "linear": horizon / horizons[0],
                        "n_seeds": values.shape[1],
                    }
                )
    return pd.DataFrame(rows)


def long_run_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Theorem 1 and equation (4) on long runs at the largest learning rate."""
    rows = []
    for spec, arrays in measured:
        horizon, t = spec["horizon"], arrays["checkpoints"].astype(np.float64)
        setting = f"long runs, {spec['base_kind']}, H={horizon}"
        rate = np.full(len(arrays["ne_gap"]), bounds.largest_learning_rate(horizon))
        gap, first, worst = (arrays[name] for name in ("ne_gap", "divergence_first", "divergence_worst"))
        rows += theorem_1_forms(setting, t, gap, first, worst, horizon, rate, 1.0)
        rows += uniform_forms(setting, t, gap, horizon, spec["n_actions"], rate, 1.0)
    return rows


def random_game_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Theorem 1 on random games from all kinds of initial policies; equation (4) on those that start uniform."""
    rows = []
    for spec, arrays in measured:
        horizon, t = spec["horizon"], arrays["checkpoints"].astype(np.float64)
        setting = f"random games, {spec['base_kind']}, H={horizon}"
        gap, first, worst = (arrays[name] for name in ("ne_gap", "divergence_first", "divergence_worst"))
        rows += theorem_1_forms(setting, t, gap, first, worst, horizon, arrays["learning_rate"])
        sizes = np.unique(arrays["n_actions"], axis=0)
        # a game with one action a player has nothing to learn, and the bound is 0
        for pair in sizes[sizes.prod(axis=1) > 1]:
            some = arrays["uniform_start"] & (arrays["n_actions"] == pair).all(axis=1)
            where = f"{setting}, {pair[0]}x{pair[1]}"
            rows += uniform_forms(where, t, gap[some], horizon, pair, arrays["learning_rate"][some])
    return rows


def burn_in_rows(measured: Measurement) -> list[dict[str, Any]]:
    """Theorem 1 on the burn-in game, a setting for each horizon."""
    _, arrays = measured
    rows, t = [], arrays["checkpoints"].astype(np.float64)
    for i, horizon in enumerate(arrays["horizons"].tolist()):
        gap, first, worst = (arrays[name][i : i + 1] for name in ("ne_gap", "divergence_first", "divergence_worst"))
        rate = np.array([bounds.largest_learning_rate(horizon)])
        rows += theorem_1_forms(f"burn-in, H={horizon}", t, gap, first, worst, horizon, rate)
    return rows


def two_sided_rows(measured: Measurement) -> list[dict[str, Any]]:
    """Theorem 1 on the game that shows B(H) / T to be no repair: with it, with the two-sided term, and as proven."""
    _, arrays = measured
    t, horizon = arrays["checkpoints"].astype(np.float64), int(arrays["horizons"][0])
    printed = bounds.theorem_1(arrays["divergence_first"], horizon, t)
    forms = {
        "with B(H) / T, no repair": printed + bounds.burn_in(horizon) / t,
        "repaired: burn-in term": printed + bounds.two_sided_burn_in(horizon) / t,
        "proven: any best response": bounds.theorem_1_proven(
            arrays["divergence_first"], horizon, t, bounds.largest_learning_rate(horizon)
        ),
    }
    setting, trivial = f"two-sided burn-in, H={horizon}", bounds.trivial_gap(horizon)
    return [claim_row("theorem 1", form, setting, t, arrays["ne_gap"], right, trivial) for form, right in forms.items()]


def small_step_rows(measured: Measurement) -> list[dict[str, Any]]:
    """Theorem 1 and equation (4) at small learning rates, a setting for each."""
    spec, arrays = measured
    rows, t, horizon = [], arrays["checkpoints"].astype(np.float64), spec["horizon"]
    for i, factor in enumerate(arrays["rate_factors"].tolist()):
        gap, first, worst = (arrays[name][i] for name in ("ne_gap", "divergence_first", "divergence_worst"))
        rate = np.full(len(gap), factor * bounds.largest_learning_rate(horizon))
        setting = f"learning rate {factor:g} / (8 H^2), H={horizon}"
        rows += theorem_1_forms(setting, t, gap, first, worst, horizon, rate, factor)
        rows += uniform_forms(setting, t, gap, horizon, spec["n_actions"], rate, factor)
    return rows


def defect_table(burn_in: Measurement, small_step: Measurement) -> pd.DataFrame:
    """Curves of the two defects: gap and bound, printed and repaired, at every checkpoint.

    Columns defect (``small step`` or ``burn-in``), setting (the multiple of the largest learning rate, or H),
    iteration, ne_gap, printed, repaired, and the gap over each bound; means over the seeds. Where a bound is 0 the
    ratio is empty.
    """
    rows = []

    def add(defect: str, setting: float, t: Floats, gap: Floats, printed: Floats, repaired: Floats) -> None:
        columns = zip(t, gap.mean(axis=0), printed.mean(axis=0), repaired.mean(axis=0), strict=True)
        for iteration, left, first, second in columns:
            rows.append(
                {
                    "defect": defect,
                    "setting": setting,
                    "iteration": int(iteration),
                    "ne_gap": left,
                    "printed": first,
                    "repaired": second,
                    "over_printed": left / first if first else None,
                    "over_repaired": left / second if second else None,
                }
            )

    spec, arrays = small_step
    t, horizon = arrays["checkpoints"].astype(np.float64), spec["horizon"]
    for i, factor in enumerate(arrays["rate_factors"].tolist()):
        rate = factor * bounds.largest_learning_rate(horizon)
        printed = bounds.theorem_1(arrays["divergence_first"][i], horizon, t)
        repaired = bounds.theorem_1(arrays["divergence_worst"][i], horizon, t, rate)
        add("small step", factor, t, arrays["ne_gap"][i], printed, repaired)
    _, arrays = burn_in
    t = arrays["checkpoints"].astype(np.float64)
    for i, horizon in enumerate(arrays["horizons"].tolist()):
        printed = bounds.theorem_1(arrays["divergence_first"][i : i + 1], horizon, t)
        repaired = printed + bounds.two_sided_burn_in(horizon) / t
        add("burn-in", horizon, t, arrays["ne_gap"][i : i + 1], printed, repaired)
    return pd.DataFrame(rows)


def sequence_table(measured: Iterable[Measurement], resamples: int, root_seed: int) -> pd.DataFrame:
    """Theorem 2's setting: mean gaps, similarities and bounds of every setting, base kind and arm.

    ``within`` says whether the learning rate is one that the theorems admit; ``bound`` is equation (6) as printed and
    ``alone`` equation (4), that of learning each game alone,
    ``instantiated`` the mean over the games of Theorem 1 with the worst best responses (empty where it does not apply).
    ``later_gap`` is the mean gap of games 2 to K, and ``ratio`` that over individual learning's on the same seeds, with
    a 95 % bootstrap interval.
    """
    measured = list(measured)
    alone = {
        (spec["base_kind"], str(setting)): arrays["later_gap"][i]
        for spec, arrays in measured
        if spec["arm"] == "individual"
        for i, setting in enumerate(spec["settings"])
    }
    rows = []
    for spec, arrays in measured:
        for i, setting in enumerate(spec["settings"]):
            horizon, k, t = setting["horizon"], setting["games"], setting["iterations"]
            rate = setting["learning_rate"] * bounds.largest_learning_rate(horizon)
            pair = (spec["n_actions"][0], spec["n_actions"][1])
            right = bounds.theorem_2(arrays["similarity"][i], k, horizon, t, pair)
            own = bounds.theorem_1(arrays["divergence"][i], horizon, t, rate)
            rng = stream(root_seed, "sequence", spec["base_kind"], spec["arm"], str(setting))
            later, before = arrays["later_gap"][i], alone[spec["base_kind"], str(setting)]
            means = bootstrap_means(np.stack([later, before], axis=1), resamples, rng)
            low, high = percentile_interval(gap_ratio(means[:, 0], means[:, 1]))
            within = setting["learning_rate"] <= 1.0
            rows.append(
                {
                    "base_kind": spec["base_kind"],
                    "arm": spec["arm"],
                    "horizon": horizon,
                    "games": k,
                    "perturbation": setting["perturbation"],
                    "iterations": t,
                    "learning_rate": rate,
                    "within": within,
                    "ne_gap": arrays["ne_gap"][i].mean(),
                    "later_gap": later.mean(),
                    "ratio": float(gap_ratio(later.mean(), before.mean())),
                    "ratio_low": low,
                    "ratio_high": high,
                    "similarity": arrays["similarity"][i].mean(),
                    "similarity_per_game": arrays["similarity"][i].mean() / k,
                    "bound": right.mean(),
                    "alone": float(bounds.theorem_1_uniform(horizon, float(t), pair)),
                    "instantiated": own.mean() if within else None,
                    "n_seeds": len(later),
                }
            )
    return pd.DataFrame(rows).sort_values(
        ["base_kind", "arm", "horizon", "iterations", "games", "perturbation"], ignore_index=True
    )


def similarity_steps(measured: Iterable[Measurement], resamples: int, root_seed: int) -> pd.DataFrame:
    """Delta / K under update (5) from each perturbation to the next larger one, all else alike, on the same seeds.

    Columns base_kind, horizon, games, iterations, learning_rate, perturbation, next, value, next_value, difference, and
    ``low`` and ``high``: bootstrap intervals that cover all differences of the table at once with 95 % (Bonferroni).
    """
    keys = ("horizon", "games", "iterations", "learning_rate")
    pairs = []
    for spec, arrays in measured:
        if spec["arm"] != "best_response":
            continue
        order = sorted(range(len(spec["settings"])), key=lambda i: spec["settings"][i]["perturbation"])
        groups: dict[tuple[Any, ...], list[int]] = {}
        for i in order:
            groups.setdefault(tuple(spec["settings"][i][key] for key in keys), []).append(i)
        for place, some in groups.items():
            for i, j in itertools.pairwise(some):
                row = {"base_kind": spec["base_kind"], **dict(zip(keys, place, strict=True))}
                row |= {"perturbation": spec["settings"][i]["perturbation"]}
                row |= {"next": spec["settings"][j]["perturbation"]}
                pairs.append((row, *(arrays["similarity"][k] / row["games"] for k in (i, j))))
    rows = []
    for row, near, far in pairs:
        rng = stream(root_seed, "similarity", *map(str, row.values()))
        # tails this thin need more resamples
        means = bootstrap_means(far - near, resamples * len(pairs), rng)
        low, high = percentile_interval(means, familywise(len(pairs)))
        row |= {"value": near.mean(), "next_value": far.mean(), "difference": (far - near).mean()}
        rows.append(row | {"low": low, "high": high, "n_seeds": len(near)})
    columns = [
        "base_kind",
        *keys,
        "perturbation",
        "next",
        "value",
        "next_value",
        "difference",
        "low",
        "high",
        "n_seeds",
    ]
    return pd.DataFrame(rows, columns=columns)


def sequence_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Theorem 2, and Theorem 1 averaged over the games, where the learning rate is one that they admit.

    Equation (6) is about the meta-update (5) only.
    """
    rows = []
    for spec, arrays in measured:
        pair = (spec["n_actions"][0], spec["n_actions"][1])
        for i, setting in enumerate(spec["settings"]):
            factor = setting["learning_rate"]
            if factor > 1.0:
                continue
            horizon, k, t = setting["horizon"], setting["games"], setting["iterations"]
            rate = factor * bounds.largest_learning_rate(horizon)
            where = (
                f"sequences, {spec['base_kind']}, {spec['arm']}, H={horizon}, K={k}, "
                f"perturbation={setting['perturbation']:g}"
            )
            where = f"small step {factor:g} / (8 H^2), {where}" if factor < 1.0 else where
            at, gap = np.array([t], dtype=np.float64), arrays["ne_gap"][i][:, np.newaxis]
            trivial = bounds.trivial_gap(horizon)
            own = bounds.theorem_1(arrays["divergence"][i], horizon, t, rate)[:, np.newaxis]
            forms = [("theorem 1, mean over games", "repaired: worst best response", own)]
            if spec["arm"] == "best_response":
                theorem_2 = partial(bounds.theorem_2, arrays["similarity"][i], k, horizon, t, pair)
                forms += [("theorem 2", "printed", theorem_2()[:, np.newaxis])]
                forms += [("theorem 2", "repaired: learning rate", theorem_2(rate)[:, np.newaxis])]
            rows += [
                claim_row(claim, form, where, at, gap, right, trivial, rate_factor=factor)
                for claim, form, right in forms
            ]
    return rows


# Rates --------------------------------------------------------------------------------------------------


def slope_table(
    measured: Iterable[Measurement], windows: Sequence[Sequence[float]], margin: float, resamples: int, root_seed: int
) -> pd.DataFrame:
    """Slopes of the mean gap of long runs on declared windows, against those of equation (4).

    ``slope`` is raw; ``slope_without_log`` that of the gap divided by log T. ``verdict`` is that of
    :func:`metanash_replication.rates.judge_slopes` on all windows, in the row of the last.
    """
    rows = []
    for spec, arrays in measured:
        horizon, t = spec["horizon"], arrays["checkpoints"].astype(np.float64)
        gap, pair = arrays["ne_gap"], (spec["n_actions"][0], spec["n_actions"][1])
        right = bounds.theorem_1_uniform(horizon, t, pair)
        found: list[Slope] = []
        for start, end in windows:
            inside = (t >= start) & (t <= end)
            rng = stream(root_seed, "slope", spec["base_kind"], horizon, str(start), str(end))
            found.append(slope_on_window(t, gap, right, (start, end), rng, resamples))
            without = float(fit_slope(t[inside], gap.mean(axis=0)[inside] / np.log(t[inside])))
            last = len(found) == len(windows)
            rows.append(
                {
                    "base_kind": spec["base_kind"],
                    "horizon": horizon,
                    "start": start,
                    "end": end,
                    "slope": found[-1].slope,
                    "low": found[-1].low,
                    "high": found[-1].high,
                    "slope_without_log": without,
                    "bound_slope": found[-1].bound,
                    "margin": margin,
                    "verdict": judge_slopes(found, margin) if last and len(found) > 1 else "",
                    "n_seeds": len(gap),
                }
            )
    return pd.DataFrame(rows)


def stage_rate_table(
    measured: Iterable[Measurement], windows: Sequence[Sequence[float]], resamples: int, root_seed: int
) -> pd.DataFrame:
    """How T times the gap grows at the ends of the stages of long runs: like log T, or like a power of T.

    The gap is the mean over seeds; the window goes from the beginning of the last but one of the ``windows`` of slopes
    to the end of the last. T cuts the last stage, which is left out. Columns are those of
    :class:`metanash_replication.rates.Growth`, ``verdict`` that of :func:`metanash_replication.rates.judge_growth`;
    both are empty where too few stages end in the window.
    """
    rows, window = [], (windows[-2:][0][0], windows[-1][1])
    for spec, arrays in measured:
        ends = np.cumsum(arrays["stage_iterations"])[:-1].astype(np.float64)
        row = {"base_kind": spec["base_kind"], "horizon": spec["horizon"], "n_seeds": len(arrays["stage_gap"])}
        if ((ends >= window[0]) & (ends <= window[1])).sum() < LEAST_POINTS:
            rows.append(row | {"start": window[0], "end": window[1], "verdict": ""})
            continue
        rng = stream(root_seed, "growth", spec["base_kind"], spec["horizon"])
        found = compare_growth(ends, ends * arrays["stage_gap"][:, :-1], window, rng, resamples)
        rows.append(row | asdict(found) | {"verdict": judge_growth(found)})
    return pd.DataFrame(rows)


def curve_rows(measured: Iterable[Measurement]) -> pd.DataFrame:
    """Mean gap and mean bounds of long runs at every checkpoint, for figures: a row each.

    ``local_slope`` is the slope of the mean gap over the decade around a checkpoint, ``bound_local_slope`` that of
    equation (4) there; empty near the ends.
    """
    rows = []
    for spec, arrays in measured:
        horizon, t = spec["horizon"], arrays["checkpoints"].astype(np.float64)
        pair = (spec["n_actions"][0], spec["n_actions"][1])
        gap = arrays["ne_gap"].mean(axis=0)
        uniform = bounds.theorem_1_uniform(horizon, t, pair)
        own = bounds.theorem_1(arrays["divergence_worst"], horizon, t).mean(axis=0)
        for c, iteration in enumerate(t):
            around = (t >= iteration / 10**0.5) & (t <= iteration * 10**0.5) & (t >= 2)
            whole = iteration / 10**0.5 >= 2 and iteration * 10**0.5 <= t[-1] * (1 + 1e-9)
            rows.append(
                {
                    "base_kind": spec["base_kind"],
                    "horizon": horizon,
                    "iteration": int(iteration),
                    "ne_gap": gap[c],
                    "low": arrays["ne_gap"][:, c].min(),
                    "high": arrays["ne_gap"][:, c].max(),
                    "equation_4": uniform[c],
                    "theorem_1": own[c],
                    "local_slope": float(fit_slope(t[around], gap[around])) if whole else None,
                    "bound_local_slope": float(fit_slope(t[around], uniform[around])) if whole else None,
                }
            )
    return pd.DataFrame(rows)


def chain_table(measured: Iterable[Measurement]) -> pd.DataFrame:
    """The chain from regret to gap, by stage: means over seeds of the largest regret and value error of each step.

    Columns base_kind, horizon, stage, iteration (at the end of the stage), step (from 1), quantity, value.
    """
    rows = []
    for spec, arrays in measured:
        ends = np.cumsum(arrays["stage_iterations"])
        for name, values in (("regret", arrays["regret"]), ("value_error", arrays["value_error"])):
            means = values.mean(axis=0)
            rows += [
                {
                    "base_kind": spec["base_kind"],
                    "horizon": spec["horizon"],
                    "stage": tau + 1,
                    "iteration": int(ends[tau]),
                    "step": h + 1,
                    "quantity": name,
                    "value": mean,
                }
                for (tau, h), mean in np.ndenumerate(means)
            ]
    return pd.DataFrame(rows)


def make(
    measured: Mapping[str, list[Measurement]],
    *,
    windows: Sequence[Sequence[float]],
    margin: float,
    resamples: int,
    root_seed: int,
) -> dict[str, pd.DataFrame]:
    """All tables by name; ``claims`` are rows of ``theory.csv``. Measurements by the names of the plan."""
    random_rows = rows_of("random_games", measured, random_game_rows)
    regrets = rows_of("random_games", measured, regret_rows)
    rows = [
        *total_rows(random_rows, "random games, all"),
        *total_rows(regrets, "random games, all"),
        *rows_of("long_runs", measured, long_run_rows),
        *rows_of("burn_in", measured, lambda some: burn_in_rows(*some)),
        *rows_of("small_step", measured, lambda some: small_step_rows(*some)),
        *rows_of("two_sided", measured, lambda some: two_sided_rows(*some)),
        *rows_of("sequences", measured, sequence_rows),
        *rows_of("small_step_sequences", measured, sequence_rows),
        *rows_of("long_runs", measured, regret_rows),
        *regrets,
        *random_rows,
    ]
    return {
        "claims": claims_table(rows),
        "slopes": slope_table(measured["long_runs"], windows, margin, resamples, root_seed),
        "stage_rates": stage_rate_table(measured["long_runs"], windows, resamples, root_seed),
        "sequences": sequence_table(measured["sequences"], resamples, root_seed),
        "similarity_steps": similarity_steps(measured["sequences"], resamples, root_seed),
        "bound_curves": curve_rows(measured["long_runs"]),
        "value_growth": value_growth_table(measured["value_growth"], resamples, root_seed),
        "chain": chain_table(measured["long_runs"]),
        "defects": defect_table(measured["burn_in"][0], measured["small_step"][0]),
    }
