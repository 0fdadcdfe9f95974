"""Theorems 5 and 6 beside measurements: rows of ``theory.csv``, and tables of schedules, slopes and sequences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from metanash.bounds.general_sum import (
    correlated_burn_in,
    theorem_5,
    theorem_5_smooth,
    theorem_5_uniform,
    theorem_6_iterations,
)
from metanash.bounds.zero_sum import trivial_gap
from metanash.streams import stream
from metanash.typing import Floats
from metanash_replication.bound_rows import claim_row, claims_table, rows_of, total_rows
from metanash_replication.rates import (
    LEAST_POINTS,
    bootstrap_means,
    compare_growth,
    judge_growth,
    percentile_interval,
    slope_on_window,
)
from metanash_replication.topics.general_sum.measure import schedule_names
from metanash_replication.typing import Measurement

__all__ = [
    "burn_in_rows",
    "make",
    "random_game_rows",
    "rate_growth",
    "schedule_rows",
    "schedule_slopes",
    "schedule_table",
    "sequence_rows",
    "sequence_table",
]


def _known(exact: Floats, bound: Floats) -> Floats:
    """The exact gap, or the bound where it is not known."""
    return np.where(np.isnan(exact), bound, exact)


def _both(
    where: str, t: Floats, own: Mapping[str, Any], rate: Floats, horizon: int, players: int
) -> list[dict[str, Any]]:
    """Rows of Theorem 5 for the gap of who is told the stage and, for runs where it is known, for the exact CCE-gap."""
    exact = ~np.isnan(own["cce_gap"]).any(axis=1)
    rows = []
    for name, some in (("cce_gap_bound", np.ones_like(exact)), ("cce_gap", exact)):
        if some.any():
            gap, first, worst = (own[key][some] for key in (name, "divergence_first", "divergence_worst"))
            claim = "theorem 5, exact CCE-gap" if name == "cce_gap" else "theorem 5"
            rows += [
                {**row, "claim": claim} for row in _forms(where, t, gap, first, worst, horizon, players, rate[some])
            ]
    return rows


def _forms(
    where: str, t: Floats, gap: Floats, first: Floats, worst: Floats, horizon: int, players: int, rate: Floats
) -> list[dict[str, Any]]:
    """Rows of Theorem 5, data-dependent, for gaps and divergences (runs, C); ``rate`` is (runs,)."""
    eta = rate[:, np.newaxis]
    printed = theorem_5(first, horizon, t, players, eta)
    forms = {
        "printed": printed,
        "repaired: worst best response": theorem_5(worst, horizon, t, players, eta),
        "repaired: burn-in term": printed + correlated_burn_in(horizon) / t,
        "proven: third power of eta": theorem_5_smooth(first, horizon, t, players, eta),
    }
    trivial = trivial_gap(horizon)
    return [claim_row("theorem 5", form, where, t, gap, right, trivial) for form, right in forms.items()]


def random_game_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Theorem 5 on random games; equation (11) at T on those that start uniform at its learning rate."""
    rows = []
    for spec, arrays in measured:
        horizon, t = spec["horizon"], arrays["checkpoints"].astype(np.float64)
        for players in np.unique(arrays["n_players"]).tolist():
            some = arrays["n_players"] == players
            own = {name: array[some] for name, array in arrays.items() if name != "checkpoints"}
            where = f"random games, {spec['base_kind']}, H={horizon}, N={players}"
            rows += _both(where, t, own, own["learning_rate"], horizon, players)
            gap = _known(own["cce_gap"], own["cce_gap_bound"])
            for most in np.unique(own["max_actions"]).tolist():
                at = own["uniform_start"] & (own["rate_factor"] == 1.0) & (own["max_actions"] == most)
                if at.any():
                    right = theorem_5_uniform(horizon, t[-1:], players, most)
                    place, left = f"{where}, A_max={most}", gap[at][:, -1:]
                    rows.append(claim_row("equation 11", "printed", place, t[-1:], left, right, trivial_gap(horizon)))
    return rows


def burn_in_rows(measured: Measurement) -> list[dict[str, Any]]:
    """Theorem 5 on the burn-in game, a setting for each horizon."""
    spec, arrays = measured
    rows, t, rate = [], arrays["checkpoints"].astype(np.float64), np.array([spec["learning_rate"]])
    for i, horizon in enumerate(arrays["horizons"].tolist()):
        names = ("cce_gap_bound", "cce_gap", "divergence_first", "divergence_worst")
        own = {name: arrays[name][i : i + 1] for name in names}
        rows += _both(f"burn-in, H={horizon}", t, own, rate, horizon, 2)
    return rows


# Schedules ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Schedule:
    """Runs of one schedule on one kind of games: gaps and bounds (seeds, Ts), learning rates and (11) (Ts,).

    ``gap`` is the exact CCE-gap where it is known, ``told`` that of a deviator who is told the stage.
    """

    place: dict[str, Any]
    schedule: str
    t: Floats
    rate: Floats
    gap: Floats
    told: Floats
    exact: bool
    smooth: Floats
    theorem_5: Floats
    equation_11: Floats


def _schedules(measured: Iterable[Measurement]) -> Iterator[_Schedule]:
    for spec, arrays in measured:
        horizon, players, t = spec["horizon"], len(spec["n_actions"]), arrays["iterations"].astype(np.float64)
        place = {"base_kind": spec["base_kind"], "horizon": horizon, "n_players": players}
        names = [name for name in schedule_names(spec["constants"]) if name in spec.get("schedules", [name])]
        for s, name in enumerate(names):
            divergence, rate = arrays["divergence_worst"][s], arrays["learning_rate"][s]
            yield _Schedule(
                place=place,
                schedule=name,
                t=t,
                rate=rate,
                gap=_known(arrays["cce_gap"][s], arrays["cce_gap_bound"][s]),
                told=arrays["cce_gap_bound"][s],
                exact=not np.isnan(arrays["cce_gap"][s]).any(),
                smooth=theorem_5_smooth(divergence, horizon, t, players, rate),
                theorem_5=theorem_5(divergence, horizon, t, players, rate),
                equation_11=theorem_5_uniform(horizon, t, players, max(spec["n_actions"])),
            )


def schedule_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Theorem 5 and equation (11) on the long runs, one for each T."""
    rows = []
    for run in _schedules(measured):
        kind, horizon, players = run.place.values()
        where, trivial = f"long runs, {kind}, H={horizon}, N={players}, {run.schedule} rate", trivial_gap(horizon)
        bounds = (("repaired: worst best response", run.theorem_5), ("proven: third power of eta", run.smooth))
        gaps = {"theorem 5": run.told} | ({"theorem 5, exact CCE-gap": run.gap} if run.exact else {})
        forms = [(claim, form, gap, right) for claim, gap in gaps.items() for form, right in bounds]
        if run.schedule == "prescribed":
            forms.append(("equation 11", "printed", run.gap, run.equation_11))
        rows += [claim_row(claim, form, where, run.t, gap, right, trivial) for claim, form, gap, right in forms]
    return rows


def schedule_table(measured: Iterable[Measurement]) -> pd.DataFrame:
    """Mean gap against T for each schedule, with the bounds: a row for each kind, H, N, schedule and T.

    Columns gap, low and high (least and largest over seeds), exact, told (the mean gap of a deviator who is told the
    stage), learning_rate, equation_11 (which is about the prescribed schedule), theorem_5 (worst best response) and
    smooth (the bound with a proof).
    """
    rows = []
    for run in _schedules(measured):
        theorem, smooth = run.theorem_5.mean(axis=0), run.smooth.mean(axis=0)
        for c, iteration in enumerate(run.t.astype(np.int64).tolist()):
            rows.append(
                {
                    **run.place,
                    "schedule": run.schedule,
                    "iteration": iteration,
                    "gap": run.gap[:, c].mean(),
                    "low": run.gap[:, c].min(),
                    "high": run.gap[:, c].max(),
                    "exact": run.exact,
                    "told": run.told[:, c].mean(),
                    "learning_rate": run.rate[c],
                    "equation_11": run.equation_11[c],
                    "theorem_5": theorem[c],
                    "smooth": smooth[c],
                }
            )
    return pd.DataFrame(rows)


def _positive(run: _Schedule) -> tuple[Floats, bool]:
    """The CCE-gap where it is known and above 0 in every run, else that of a deviator who is told the stage; which."""
    exact = run.exact and bool((run.gap > 0.0).all())
    return (run.gap if exact else run.told), exact


def schedule_slopes(
    measured: Iterable[Measurement], windows: Sequence[Sequence[float]], resamples: int, root_seed: int
) -> pd.DataFrame:
    """Slopes of the mean gap on declared windows of T, by schedule, where a schedule has two T in a window.

    ``bound_slope`` is that of equation (11) there and ``schedule_slope`` that of log T / (eta T), to which the gap is
    proportional once transients have gone. They illustrate; :func:`rate_growth` decides.

    Slopes are of the CCE-gap where it is known and above 0 in every run (column ``exact``), otherwise of the gap of a
    deviator who is told the stage.
    """
    rows = []
    for run in _schedules(measured):
        gap, exact = _positive(run)
        for start, end in windows:
            if ((run.t >= start) & (run.t <= end)).sum() < 2:
                continue
            place = (*map(str, run.place.values()), run.schedule, str(start), str(end))
            rng = stream(root_seed, "schedule slope", *place)
            found = slope_on_window(run.t, gap, run.equation_11, (start, end), rng, resamples)
            follows = slope_on_window(run.t, gap, np.log(run.t) / (run.rate * run.t), (start, end), rng, 1)
            rows.append(
                {
                    **run.place,
                    "schedule": run.schedule,
                    "start": start,
                    "end": end,
                    "slope": found.slope,
                    "low": found.low,
                    "high": found.high,
                    "bound_slope": found.bound,
                    "schedule_slope": follows.bound,
                    "exact": exact,
                    "n_seeds": len(gap),
                }
            )
    return pd.DataFrame(rows)


def rate_growth(
    measured: Iterable[Measurement], windows: Sequence[Sequence[float]], resamples: int, root_seed: int
) -> pd.DataFrame:
    """How eta T times the gap grows with T at the learning rates of (11): like log T, as (11) has it, or like a power.

    The window goes from the beginning of the first of the ``windows`` of slopes to the end of the last; T are ends of
    stages. Columns are those of :class:`metanash_replication.rates.Growth` and ``verdict``
    (:func:`metanash_replication.rates.judge_growth`), both empty where there are too few T; ``exact`` as in
    :func:`schedule_slopes`. A bound of the gap that grows too fast refutes nothing.
    """
    rows, window = [], (windows[0][0], windows[-1][1])
    for run in _schedules(measured):
        gap, exact = _positive(run)
        row = {**run.place, "exact": exact, "n_seeds": len(gap)}
        if ((run.t >= window[0]) & (run.t <= window[1])).sum() < LEAST_POINTS:
            rows.append(row | {"start": window[0], "end": window[1], "verdict": ""})
            continue
        rng = stream(root_seed, "rate growth", *map(str, run.place.values()))
        found = compare_growth(run.t, run.rate * run.t * gap, window, rng, resamples)
        verdict = judge_growth(found)
        told = "inconclusive" if verdict == "violated" and not exact else verdict
        rows.append(row | asdict(found) | {"verdict": told})
    return pd.DataFrame(rows)


# Sequences ----------------------------------------------------------------------------------------------


def _place(setting: Any) -> dict[str, Any]:
    keys = ("base_kind", "horizon", "n_states", "games", "perturbation", "iterations", "rate_factor")
    sizes = {"n_players": len(setting["n_actions"]), "max_actions": max(setting["n_actions"])}
    return {**{key: setting[key] for key in keys}, **sizes}


def sequence_table(measured: Iterable[Measurement], resamples: int, root_seed: int) -> pd.DataFrame:
    """Theorem 6's setting: gaps, similarities and bounds of every setting and arm, means over seeds.

    Gaps are exact CCE-gaps, or where they are not known for both arms on all seeds (column ``exact``), those of a
    deviator who is told the stage, which stand in ``told`` and ``later_told`` in any case. ``difference`` is the mean
    gap of games 2 to K minus individual learning's on the same seeds, with a 95 % bootstrap interval: an exact CCE-gap
    may be negative, so ratios say nothing. ``instantiated`` is Theorem 5 (worst best response), averaged over the
    games. ``scaling`` is the inside of Theorem 6's O-tilde at an accuracy of 1: only ratios between settings mean
    anything.
    """
    measured = list(measured)
    individual = {str(spec["settings"]): arrays for spec, arrays in measured if spec["arm"] == "individual"}
    rows = []
    for spec, arrays in measured:
        alone = individual[str(spec["settings"])]
        for i, setting in enumerate(spec["settings"]):
            place = _place(setting)
            horizon, players, rate = setting["horizon"], place["n_players"], arrays["learning_rate"][i]
            similarity = arrays["similarity"][i]
            exact = not (np.isnan(arrays["gap"][i]).any() or np.isnan(alone["gap"][i]).any())
            kind = "" if exact else "_bound"
            later, before = (found[f"later_gap{kind}"][i] for found in (arrays, alone))
            rng = stream(root_seed, "general-sum sequence", spec["arm"], str(setting))
            means = bootstrap_means(np.stack([later, before], axis=1), resamples, rng)
            low, high = percentile_interval(means[:, 0] - means[:, 1])
            own = theorem_5(arrays["divergence"][i], horizon, setting["iterations"], players, rate)
            scaling = theorem_6_iterations(1.0, similarity, setting["games"], horizon, players, place["max_actions"])
            rows.append(
                {
                    "arm": spec["arm"],
                    **place,
                    "learning_rate": rate,
                    "exact": exact,
                    "gap": arrays[f"gap{kind}"][i].mean(),
                    "told": arrays["gap_bound"][i].mean(),
                    "later_gap": later.mean(),
                    "later_told": arrays["later_gap_bound"][i].mean(),
                    "difference": later.mean() - before.mean(),
                    "difference_low": low,
                    "difference_high": high,
                    "similarity": similarity.mean(),
                    "similarity_per_game": similarity.mean() / setting["games"],
                    "instantiated": own.mean(),
                    "scaling": scaling.mean(),
                    "n_seeds": len(later),
                }
            )
    return pd.DataFrame(rows)


def sequence_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Theorem 6 as far as it can be checked: Theorem 5 averaged over the games of a sequence."""
    rows = []
    for spec, arrays in measured:
        for i, setting in enumerate(spec["settings"]):
            place, t = _place(setting), np.array([setting["iterations"]], dtype=np.float64)
            horizon, players, rate = setting["horizon"], place["n_players"], arrays["learning_rate"][i]
            where = (
                f"sequences, {setting['base_kind']}, {spec['arm']}, H={horizon}, N={players}, "
                f"A={place['max_actions']}, K={setting['games']}, perturbation={setting['perturbation']:g}"
            )
            left = _known(arrays["gap"][i], arrays["gap_bound"][i])[:, np.newaxis]
            divergence = arrays["divergence"][i][:, np.newaxis]
            forms = {
                "repaired: worst best response": theorem_5(divergence, horizon, t, players, rate),
                "proven: third power of eta": theorem_5_smooth(divergence, horizon, t, players, rate),
            }
            claim, trivial = "theorem 6: theorem 5, mean over games", trivial_gap(horizon)
            rows += [claim_row(claim, form, where, t, left, right, trivial) for form, right in forms.items()]
    return rows


def make(
    measured: Mapping[str, list[Measurement]],
    *,
    windows: Sequence[Sequence[float]],
    resamples: int,
    root_seed: int,
) -> dict[str, pd.DataFrame]:
    """All tables by name; ``claims`` are rows of ``theory.csv``. Measurements by the names of the plan."""
    schedules = [*measured["rates"], *measured["schedules"]]
    games = rows_of("random_games", measured, random_game_rows)
    sequences = rows_of("sequences", measured, sequence_rows)
    rows = [
        *total_rows(games, "random games, all"),
        *total_rows(sequences, "all sequences"),
        *rows_of("burn_in", measured, lambda some: burn_in_rows(*some)),
        *rows_of("rates", measured, schedule_rows),
        *rows_of("schedules", measured, schedule_rows),
        *sequences,
        *games,
    ]
    return {
        "claims": claims_table(rows),
        "schedules": schedule_table(schedules),
        "schedule_slopes": schedule_slopes(schedules, windows, resamples, root_seed),
        "rate_growth": rate_growth(measured["rates"], windows, resamples, root_seed),
        "general_sequences": sequence_table(measured["sequences"], resamples, root_seed),
    }
