"""Proposition 1 and Theorem 3 beside measurements: rows of ``theory.csv``, and tables of what else was found."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from metanash.bounds.potential import FACTORS, REPAIRED, proposition_1, theorem_3
from metanash.streams import stream
from metanash.typing import Floats
from metanash_replication.bound_rows import claim_row, claims_table, rows_of, total_rows
from metanash_replication.rates import (
    Slope,
    bootstrap_means,
    gap_ratio,
    judge_slopes,
    percentile_interval,
    slope_on_window,
)
from metanash_replication.topics.potential.measure import OUTCOMES, STARTS
from metanash_replication.typing import Measurement

__all__ = [
    "agreement",
    "counterexample_rows",
    "curve_table",
    "far_step_table",
    "finite_horizon_rows",
    "long_run_rows",
    "make",
    "random_game_rows",
    "random_sequence_rows",
    "sequence_rows",
    "sequence_table",
    "slope_table",
    "step_scaling_table",
    "violation_table",
]


_RESOLVED = 1e4
"""A rise of the potential counts if it is this many times its rounding error: its root is then right to 5e-5."""


def _trivial(discount: float) -> float:
    """1 / (1 - gamma): no NE-gap is larger."""
    return 1.0 / (1.0 - discount)


def _forms(
    claim: str,
    setting: str,
    t: Floats,
    left: Floats,
    rise: Floats,
    error: Floats,
    kappa: Floats,
    step: Floats,
    g: float,
) -> list[dict[str, Any]]:
    """Rows of Proposition 1 in all its forms, for gaps and rises (runs, C); the rest is (runs,)."""
    rows, column = [], (slice(None), np.newaxis)
    for form, factor in FACTORS.items():
        low, right, high = (
            proposition_1(rise + sign * error[column], kappa[column], step[column], t, g, factor) for sign in (-1, 0, 1)
        )
        unresolved = (rise <= _RESOLVED * error[column]) | ((low < left) & (left <= high))
        rows.append(claim_row(claim, form, setting, t, left, right, _trivial(g), unresolved))
    return rows


def random_game_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Proposition 1 on random games."""
    rows = []
    for spec, arrays in measured:
        t = arrays["checkpoints"].astype(np.float64)
        for g, (start, name) in itertools.product(spec["discounts"], enumerate(STARTS)):
            some = (arrays["start"] == start) & (arrays["discount"] == g)
            if not some.any():
                continue
            error, kappa, step = (arrays[key][some] for key in ("rise_error", "mismatch", "step_size"))
            where = f"random games, {spec['base_kind']}, discount={g:g}, {name} start"
            gap, rise = arrays["mean_gap"][some], arrays["rise"][some]
            rows += _forms("proposition 1", where, t, gap, rise, error, kappa, step, g)
    return rows


def finite_horizon_rows(measured: Measurement) -> list[dict[str, Any]]:
    """Proposition 1 on teams with finite horizon, a setting for each horizon."""
    _, arrays = measured
    rows, t = [], arrays["checkpoints"].astype(np.float64)
    for horizon in np.unique(arrays["horizon"]).tolist():
        some = arrays["horizon"] == horizon
        gap, rise, error, kappa, step = (
            arrays[name][some] for name in ("mean_gap", "rise", "rise_error", "mismatch", "step_size")
        )
        discount = float(arrays["discount"][some][0])
        where = f"finite horizon, H={horizon:g}, discount={discount:.3g}"
        rows += _forms("proposition 1, finite horizon", where, t, gap, rise, error, kappa, step, discount)
    return rows


def counterexample_rows(measured: Measurement) -> list[dict[str, Any]]:
    """Proposition 1 on the instances that were made to violate it: a setting for each discount, and the coupled one."""
    _, arrays = measured
    rows, t, last = [], arrays["checkpoints"].astype(np.float64), len(arrays["discounts"]) - 1
    for i, g in enumerate(arrays["discounts"].tolist()):
        where = "coupled players, discount=0" if i == last else f"two states, discount={g:g}"
        names = ("mean_gap", "rise", "rise_error", "mismatch", "step_size")
        gap, rise, error, kappa, step = (arrays[name][i : i + 1] for name in names)
        rows += _forms("proposition 1", where, t, gap, rise, error, kappa, step, g)
    return rows


def violation_table(measured: Iterable[Measurement], made: Measurement | None = None) -> pd.DataFrame:
    """How often Proposition 1 fails as printed, by discount, kind of start and T.

    Columns discount, start, iteration, games, resolved, violated (as printed), and the largest gap over bound as
    printed (``printed``) and repaired (``repaired``) among the resolved. With ``made``, the instances of
    :func:`.measure.counterexamples` on two states are rows whose start is ``made``.
    """
    rows, found = [], [arrays for _, arrays in measured]
    names = ("discount", "start", "mean_gap", "rise", "rise_error", "mismatch", "step_size")
    everything = {name: np.concatenate([arrays[name] for arrays in found]) for name in names}
    t = found[0]["checkpoints"].astype(np.float64)
    for discount in np.unique(everything["discount"]).tolist():
        joined = {name: array[everything["discount"] == discount] for name, array in everything.items()}
        for start, label in enumerate(STARTS):
            some = joined["start"] == start
            if some.any():
                own = {name: array[some] for name, array in joined.items()}
                rows += _violations({"discount": discount, "start": label}, t, own)
    if made:
        t = made[1]["checkpoints"].astype(np.float64)
        for i, discount in enumerate(made[1]["discounts"][:-1].tolist()):  # the last is the coupled one
            own = {name: made[1][name][i : i + 1] for name in names[2:]}
            rows += _violations({"discount": discount, "start": "made"}, t, own)
    return pd.DataFrame(rows)


def _violations(place: dict[str, Any], t: Floats, arrays: Mapping[str, Floats]) -> list[dict[str, Any]]:
    """Rows of :func:`violation_table` for some games, one for each T."""
    kappa, step = arrays["mismatch"][:, np.newaxis], arrays["step_size"][:, np.newaxis]
    resolved = (arrays["rise"] > _RESOLVED * arrays["rise_error"][:, np.newaxis]) & (arrays["mean_gap"] > 0.0)
    over = {}
    for name, factor in (("printed", 1.0), ("repaired", REPAIRED)):
        right = proposition_1(arrays["rise"], kappa, step, t, place["discount"], factor)
        over[name] = np.where(resolved, arrays["mean_gap"] / np.where(resolved, right, 1.0), 0.0)
    # the root of the rise is right to 5e-5
    violated = over["printed"] > 1.0 + 1.0 / _RESOLVED
    rows = []
    for c, iteration in enumerate(t):
        rows.append(
            {
                **place,
                "iteration": int(iteration),
                "games": len(resolved),
                "resolved": int(resolved[:, c].sum()),
                "violated": int(violated[:, c].sum()),
                **{name: ratio[:, c].max() for name, ratio in over.items()},
            }
        )
    return rows


def long_run_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Proposition 1 on long runs; the step sizes beyond its range are named as such."""
    rows = []
    for run in _long_runs(measured):
        where = f"long runs, {run.base_kind}, discount={run.discount:g}, step {run.factor:g} times the theory's"
        claim = "proposition 1" if run.factor <= 1.0 else "proposition 1, beyond its step size"
        rows += _forms(claim, where, run.t, run.mean_gap, run.rise, run.error, run.kappa, run.step, run.discount)
    return rows


@dataclass(frozen=True)
class _LongRun:
    """Long runs of one kind, discount and step size: curves (seeds, C), the rest (seeds,)."""

    base_kind: str
    discount: float
    factor: float
    t: Floats
    mean_gap: Floats
    ne_gap: Floats
    rise: Floats
    kappa: Floats
    step: Floats
    error: Floats

    def bound(self, factor: float) -> Floats:
        """Proposition 1, mean over seeds: (C,)."""
        kappa, step = self.kappa[:, np.newaxis], self.step[:, np.newaxis]
        return np.asarray(proposition_1(self.rise, kappa, step, self.t, self.discount, factor).mean(axis=0))


def _long_runs(measured: Iterable[Measurement]) -> Iterator[_LongRun]:
    for spec, arrays in measured:
        t = arrays["checkpoints"].astype(np.float64)
        for d, i in itertools.product(range(len(spec["discounts"])), range(len(spec["step_factors"]))):
            yield _LongRun(
                base_kind=spec["base_kind"],
                discount=spec["discounts"][d],
                factor=spec["step_factors"][i],
                t=t,
                mean_gap=arrays["mean_gap"][d, i],
                ne_gap=arrays["ne_gap"][d, i],
                rise=arrays["rise"][d, i],
                kappa=arrays["mismatch"][d],
                step=arrays["step_size"][d, i],
                error=np.full(len(arrays["seeds"]), arrays["rise_error"][d]),
            )


def curve_table(measured: Iterable[Measurement]) -> pd.DataFrame:
    """Curves of long runs, means over seeds: a row for each kind, discount, step factor and checkpoint.

    Columns mean_gap (with its least and largest, low and high), ne_gap (of the last iterate), printed, repaired.
    """
    rows = []
    for run in _long_runs(measured):
        bounds, last = {"printed": run.bound(1.0), "repaired": run.bound(REPAIRED)}, run.ne_gap.mean(axis=0)
        for c, iteration in enumerate(run.t.astype(np.int64).tolist()):
            rows.append(
                {
                    "base_kind": run.base_kind,
                    "discount": run.discount,
                    "step_factor": run.factor,
                    "iteration": iteration,
                    "mean_gap": run.mean_gap[:, c].mean(),
                    "ne_gap": last[c],
                    "low": run.mean_gap[:, c].min(),
                    "high": run.mean_gap[:, c].max(),
                    **{name: curve[c] for name, curve in bounds.items()},
                }
            )
    return pd.DataFrame(rows)


def slope_table(
    measured: Iterable[Measurement], windows: Sequence[Sequence[float]], margin: float, resamples: int, root_seed: int
) -> pd.DataFrame:
    """Slopes of the mean gap of long runs on declared windows, against the -1/2 that the paper claims.

    ``bound_slope`` is that of Proposition 1 with the measured rise of the potential: -1/2 only once the potential has
    stopped rising, so no verdict is made of it. ``longer`` is how many times more iterations a row stands for: at
    small steps curves depend on step times iterations alone, so that after the windows of the smallest step factor come
    those of the largest, a multiple of it, as windows of that many times the iterations, where the two agree
    (:func:`agreement`). ``verdict`` is in the row of the last window of each step factor.
    """
    runs, rows = list(_long_runs(measured)), []
    for run in runs:
        same = [other for other in runs if (other.base_kind, other.discount) == (run.base_kind, run.discount)]
        large = max(same, key=lambda one: one.factor)
        parts = [(run, 1.0, window) for window in windows]
        if run.factor < large.factor and run.factor == min(one.factor for one in same):
            longer = large.factor / run.factor
            if agreement(run, large) <= SAME_CURVE:
                parts += [(large, longer, window) for window in windows if window[0] * longer >= windows[-1][1]]
        found: list[Slope] = []
        for one, longer, (start, end) in parts:
            place = (one.base_kind, str(one.discount), str(one.factor), str(start), str(end))
            rng = stream(root_seed, "potential slope", *place)
            found.append(slope_on_window(one.t, one.mean_gap, one.bound(REPAIRED), (start, end), rng, resamples))
            claimed = [replace(slope, bound=CLAIMED) for slope in found]
            rows.append(
                {
                    "base_kind": run.base_kind,
                    "discount": run.discount,
                    "step_factor": run.factor,
                    "longer": longer,
                    "start": start * longer,
                    "end": end * longer,
                    "slope": found[-1].slope,
                    "low": found[-1].low,
                    "high": found[-1].high,
                    "bound_slope": found[-1].bound,
                    "claimed": CLAIMED,
                    "margin": margin,
                    "verdict": judge_slopes(claimed, margin) if len(found) == len(parts) > 1 else "",
                    "n_seeds": len(run.kappa),
                }
            )
    return pd.DataFrame(rows)


CLAIMED = -0.5
"""Slope of the mean gap that "T = O(1 / epsilon^2)" stands for."""
SAME_CURVE = 0.01
"""Curves of two step sizes are one curve in step times iterations if they differ by at most this."""


def agreement(run: _LongRun, large: _LongRun) -> float:
    """Largest relative difference of the mean gaps of two step sizes at the same step times iterations.

    Where the larger step has done ten iterations or more, interpolated in log-log; infinite where they do not overlap.
    """
    longer = large.factor / run.factor
    both = (run.t >= 10.0 * longer) & (run.t <= large.t[-1] * longer)
    if not both.any():
        return float("inf")
    means = [one.mean_gap.mean(axis=0) for one in (run, large)]
    there = np.exp(np.interp(np.log(run.t[both] / longer), np.log(large.t), np.log(means[1])))
    return float(np.abs(there / means[0][both] - 1.0).max())


def far_step_table(measured: Iterable[Measurement]) -> pd.DataFrame:
    """How runs end at step sizes far beyond the theory's: a row for each kind, discount, number of players and factor.

    Columns step_size (median), runs, the number of runs with each outcome, longest_period, ne_gap (mean over runs).
    """
    rows = []
    for spec, arrays in measured:
        cells = itertools.product(range(len(arrays["discount"])), enumerate(arrays["step_factors"].tolist()))
        for cell, (i, factor) in cells:
            own = {name: arrays[name][cell, i] for name in ("step_size", "outcome", "period", "ne_gap")}
            rows.append(
                {
                    "base_kind": spec["base_kind"],
                    "discount": float(arrays["discount"][cell]),
                    "n_players": int(arrays["n_players"][cell]),
                    "step_factor": factor,
                    "step_size": float(np.median(own["step_size"])),
                    "iterations": spec["iterations"],
                    "runs": len(own["outcome"]),
                    **{name: int((own["outcome"] == k).sum()) for k, name in enumerate(OUTCOMES)},
                    "longest_period": int(own["period"].max()),
                    "ne_gap": own["ne_gap"].mean(),
                }
            )
    return pd.DataFrame(rows).sort_values(["base_kind", "discount", "n_players", "step_factor"], ignore_index=True)


def step_scaling_table(measured: Iterable[Measurement]) -> pd.DataFrame:
    """Mean gaps of sequences at step sizes that are multiples of the theory's, at the same step times iterations.

    Columns base_kind, arm, total (iterations of the run, counted at the theory's step), iteration (of the row, counted
    alike), step_factor, ne_gap; ``difference``, relative, from the smallest factor of the comparison; n_seeds.
    """
    rows = []
    for spec, arrays in measured:
        for total, shorter, carried in dict.fromkeys(
            zip(*(arrays[name].tolist() for name in ("iterations", "shorter", "carried")), strict=True)
        ):
            some = (
                (arrays["iterations"] == total) & (arrays["shorter"] == shorter) & (arrays["carried"] == carried)
            ).nonzero()[0]
            some = some[arrays["factors"][some].argsort()]
            gaps = arrays["ne_gap"][some].mean(axis=1)
            for i, gap in zip(some, gaps, strict=True):
                rows.append(
                    {
                        "base_kind": spec["base_kind"],
                        "arm": "carry_over" if carried else "individual",
                        "total": total,
                        "iteration": total // shorter,
                        "step_factor": arrays["factors"][i],
                        "ne_gap": gap,
                        "difference": gap / gaps[0] - 1.0,
                        "n_seeds": arrays["ne_gap"].shape[1],
                    }
                )
    return pd.DataFrame(rows).sort_values(["base_kind", "arm", "total", "iteration", "step_factor"], ignore_index=True)


# Sequences ----------------------------------------------------------------------------------------------


def _place(setting: Any) -> dict[str, Any]:
    n_actions = setting["options"].get("n_actions")
    players = len(n_actions) if n_actions else setting["options"]["n_players"]
    keys = ("family", "base_kind", "discount", "games", "perturbation", "iterations", "theory_step")
    return {**{key: setting[key] for key in keys}, "n_players": players}


def _theorem_3(arrays: Any, i: int, setting: Any, factor: float) -> Floats:
    """Right side of Theorem 3 for a setting, (seeds,)."""
    names = ("largest_potential", "dissimilarity", "mismatch", "step_size")
    top, total, kappa, step = (arrays[name][i] for name in names)
    return theorem_3(top, total, setting["games"], kappa, step, setting["iterations"], setting["discount"], factor)


def sequence_table(measured: Iterable[Measurement], resamples: int, root_seed: int) -> pd.DataFrame:
    """Theorem 3's setting: gaps, dissimilarities and bounds of every setting and arm, means over seeds.

    ``mean_gap`` averages all iterates of all games, as the theorem does. ``later_mean_gap`` is that of games 2 to K and
    ``ratio`` that over individual learning's on the same seeds, with a 95 % bootstrap interval; ``later_gap`` and
    ``last_ratio`` the same for the last iterates. ``bound`` is Theorem 3 repaired, where the game has a
    potential and the step size is one that the theorem admits; ``exact`` whether Delta_Phi in it is exact.
    """
    measured = list(measured)
    individual = {str(spec["settings"]): arrays for spec, arrays in measured if spec["arm"] == "individual"}
    rows = []
    for spec, arrays in measured:
        alone = individual[str(spec["settings"])]
        for i, setting in enumerate(spec["settings"]):
            some = slice(0, setting["seeds"])
            ratios = {}
            for name, ratio in (("later_mean_gap", "ratio"), ("later_gap", "last_ratio")):
                own, other = arrays[name][i, some], alone[name][i, some]
                rng = stream(root_seed, "potential sequence", spec["arm"], name, str(setting))
                means = bootstrap_means(np.stack([own, other], axis=1), resamples, rng)
                low, high = percentile_interval(gap_ratio(means[:, 0], means[:, 1]))
                ratios[name] = own.mean()
                ratios[ratio] = float(gap_ratio(own.mean(), other.mean()))
                ratios[f"{ratio}_low"] = low
                ratios[f"{ratio}_high"] = high
            inside = _admitted(setting)
            rows.append(
                {
                    "arm": spec["arm"],
                    **_place(setting),
                    "step_size": arrays["step_size"][i, some].mean(),
                    "mean_gap": arrays["mean_gap"][i, some].mean(),
                    "deviation": arrays["deviation"][i],
                    **ratios,
                    "dissimilarity": arrays["dissimilarity"][i, some].mean(),
                    "exact": arrays["exact"][i, some].mean(),
                    "bound": _theorem_3(arrays, i, setting, REPAIRED)[some].mean() if inside else None,
                    "n_seeds": setting["seeds"],
                }
            )
    return pd.DataFrame(rows)


def _admitted(setting: Any) -> bool:
    """Whether Theorem 3 applies: an exact potential game, at a step size that the theory admits."""
    return bool(setting["theory_step"] and setting["step_size"] <= 1.0 and setting["family"] == "potential")


def sequence_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Theorem 3 with carry-over where it applies."""
    rows = []
    for spec, arrays in measured:
        for i, setting in enumerate(spec["settings"]):
            if spec["arm"] != "carry_over" or not _admitted(setting):
                continue
            some = slice(0, setting["seeds"])
            place = _place(setting)
            where = (
                f"sequences, {setting['base_kind']}, discount={setting['discount']:g}, N={place['n_players']}, "
                f"K={setting['games']}, perturbation={setting['perturbation']:g}"
            )
            at, left = np.array([setting["iterations"]], dtype=np.float64), arrays["mean_gap"][i, some, np.newaxis]
            for form, factor in FACTORS.items():
                right = _theorem_3(arrays, i, setting, factor)[some, np.newaxis]
                rows.append(claim_row("theorem 3", form, where, at, left, right, _trivial(setting["discount"])))
    return rows


def random_sequence_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Theorem 3 on random sequences, and Proposition 1 on their games, which start where the one before ended."""
    rows = []
    for spec, arrays in measured:
        for g, t in itertools.product(spec["discounts"], np.unique(arrays["iterations"]).tolist()):
            some = (arrays["iterations"] == t) & (arrays["discount"] == g)
            same = {name: array[some] for name, array in arrays.items()}
            where = f"random sequences, {spec['base_kind']}, discount={g:g}"
            rows += _random_sequences(where, np.array([float(t)]), same, g, spec["n_games"])
    return rows


def _random_sequences(where: str, t: Floats, arrays: Any, g: float, n_games: int) -> list[dict[str, Any]]:
    rows, exact = [], arrays["exact"].astype(bool)
    names = ("largest_potential", "dissimilarity", "mismatch", "step_size")
    top, total, kappa, step = (arrays[name] for name in names)
    for form, factor in FACTORS.items():
        right = theorem_3(top, total, n_games, kappa, step, t[0], g, factor)
        for kind, some in (("Delta_Phi exact", exact), ("Delta_Phi bounded", ~exact)):
            if some.any():
                left, bound = arrays["mean_gap"][some, np.newaxis], right[some, np.newaxis]
                rows.append(claim_row("theorem 3", form, f"{where}, {kind}", t, left, bound, _trivial(g)))
    error, steps = np.repeat(arrays["rise_error"], n_games), np.repeat(step, n_games)
    gap, rise, own = (arrays[name].reshape(-1, 1) for name in ("game_mean_gap", "game_rise", "game_mismatch"))
    return rows + _forms("proposition 1", f"{where}, carry-over", t, gap, rise, error, own[:, 0], steps, g)


def make(
    measured: Mapping[str, list[Measurement]],
    *,
    windows: Sequence[Sequence[float]],
    margin: float,
    resamples: int,
    root_seed: int,
) -> dict[str, pd.DataFrame]:
    """All tables by name; ``claims`` are rows of ``theory.csv``. Measurements by the names of the plan."""
    games = rows_of("random_games", measured, random_game_rows)
    sequences = rows_of("random_sequences", measured, random_sequence_rows)
    rows = [
        *total_rows(games, "random games, all"),
        *total_rows(sequences, "random sequences, all"),
        *rows_of("counterexamples", measured, lambda some: counterexample_rows(*some)),
        *rows_of("finite_horizon", measured, lambda some: finite_horizon_rows(*some)),
        *rows_of("long_runs", measured, long_run_rows),
        *rows_of("sequences", measured, sequence_rows),
        *games,
        *sequences,
    ]
    return {
        "claims": claims_table(rows),
        "proposition1_violations": violation_table(measured["random_games"], measured["counterexamples"][0]),
        "potential_curves": curve_table(measured["long_runs"]),
        "potential_slopes": slope_table(measured["long_runs"], windows, margin, resamples, root_seed),
        "far_steps": far_step_table(measured["far_steps"]),
        "step_scaling": step_scaling_table(measured["step_scaling"]),
        "potential_sequences": sequence_table(measured["sequences"], resamples, root_seed),
    }
