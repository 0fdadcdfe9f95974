"""Theorem 4 beside measurements: rows of ``theory.csv``, and tables of meta-training, adaptation and the inner loop."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from metanash.bounds.potential import gradient_constants, theorem_4
from metanash.streams import stream
from metanash.typing import Floats
from metanash_replication.bound_rows import claim_row, claims_table, rows_of, total_rows
from metanash_replication.rates import bootstrap_means, fit_slope, gap_ratio, iterations_to_reach, percentile_interval
from metanash_replication.topics.maml.measure import INITIALISATIONS
from metanash_replication.typing import Measurement

__all__ = [
    "adaptation_table",
    "constant_rows",
    "gradient_check_table",
    "inner_loop_rates",
    "inner_loop_slopes",
    "inner_loop_table",
    "make",
    "random_game_rows",
    "training_rows",
    "training_table",
]


_CONSTANTS = {
    "gradient": "gradient at most G",
    "hessian": "Hessian at most L",
    "third": "change of the Hessian at most R",
}


def constant_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """The constants that L_F is made of: the measured norm over each, at random points."""
    rows = []
    for spec, arrays in measured:
        reward = "common reward" if spec["base_kind"] == "team" else f"sqrt N, {spec['base_kind']}"
        for g, (name, claim) in itertools.product(spec["discounts"], _CONSTANTS.items()):
            where = f"random points, {reward}, discount={g:g}"
            ratio = arrays[name][arrays["discount"] == g, np.newaxis]
            rows.append(claim_row(claim, "derived", where, np.ones(1), ratio, np.ones(1), 0.0))
    return rows


def _theorem_4_rows(
    where: str, t: Floats, norms: Floats, smoothness: float, n_players: int, g: float, trivial: float
) -> list[dict[str, Any]]:
    printed = theorem_4(smoothness, t, n_players, g)
    forms = {"printed": printed, "sharper: ascent lemma": printed / np.sqrt(2.0)}
    return [claim_row("theorem 4", form, where, t, norms, right, trivial) for form, right in forms.items()]


def random_game_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Theorem 4 on random distributions over games, with the theory's step sizes."""
    rows = []
    for spec, arrays in measured:
        t = arrays["checkpoints"].astype(np.float64)
        keys = [np.unique(arrays[name]).tolist() for name in ("inner_steps", "n_players")]
        for g, steps, players in itertools.product(spec["discounts"], *keys):
            some = (arrays["inner_steps"] == steps) & (arrays["n_players"] == players) & (arrays["discount"] == g)
            where = f"random games, {spec['base_kind']}, discount={g:g}, N={players}, T={steps}"
            # inner steps of 1 / L at most double a gradient each
            trivial = gradient_constants(g, 1 if spec["base_kind"] == "team" else players).gradient * 2.0**steps
            smoothness = float(arrays["smoothness"][some][0])
            rows += _theorem_4_rows(where, t, arrays["gradient_norm"][some], smoothness, players, g, trivial)
    return rows


def training_rows(measured: Iterable[Measurement]) -> list[dict[str, Any]]:
    """Theorem 4 on meta-training with the theory's step size."""
    rows = []
    for spec, arrays in measured:
        g, players = spec["discount"], len(spec["n_actions"])
        loop = f"T={spec['inner_steps']}, inner step {spec['inner_step']:g} / L"
        where = f"meta-training, {spec['base_kind']}, discount={g:g}, N={players}, {loop}"
        constants = gradient_constants(g, 1 if spec["base_kind"] == "team" else players)
        trivial = constants.gradient * (1.0 + spec["inner_step"]) ** spec["inner_steps"]
        t, norms = arrays["checkpoints"].astype(np.float64), arrays["smallest_maml_theory"]
        rows += _theorem_4_rows(where, t, norms, float(arrays["smoothness"]), players, g, trivial)
    return rows


def _place(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {name: spec[name] for name in ("base_kind", "discount", "inner_step", "inner_steps")}


def training_table(measured: Iterable[Measurement]) -> pd.DataFrame:
    """Curves of meta-training, means over seeds: a row for each arm and checkpoint of each setting.

    Columns objective, gradient_norm, smallest (gradient norm so far) and, for the theory's step size, the bound of
    Theorem 4.
    """
    rows = []
    for spec, arrays in measured:
        t = arrays["checkpoints"].astype(np.float64)
        bound = theorem_4(float(arrays["smoothness"]), t, len(spec["n_actions"]), spec["discount"])
        for arm in ("maml", "maml_theory", "maml_sampled", "first_order"):
            curves = {name: arrays[f"{name}_{arm}"].mean(axis=0) for name in ("objective", "gradient_norm", "smallest")}
            for c, iteration in enumerate(arrays["checkpoints"].tolist()):
                rows.append(
                    {
                        **_place(spec),
                        "arm": arm,
                        "iteration": iteration,
                        **{name: curve[c] for name, curve in curves.items()},
                        "bound": bound[c] if arm == "maml_theory" else None,
                    }
                )
    return pd.DataFrame(rows)


def adaptation_table(measured: Iterable[Measurement], resamples: int, root_seed: int) -> pd.DataFrame:
    """Adaptation to held-out games: a row for each initialisation and inner step of each setting.

    ``ne_gap`` and ``potential`` are means over games and seeds, the gap with a 95 % bootstrap interval over seeds;
    ``ratio`` is the gap over that from scratch on the same games, with its interval.
    """
    rows = []
    for spec, arrays in measured:
        gaps, potentials = arrays["adapted_gap"].mean(axis=2), arrays["adapted_potential"].mean(axis=(1, 2))
        scratch = gaps[INITIALISATIONS.index("scratch")]
        for i, name in enumerate(INITIALISATIONS):
            rng = stream(root_seed, "adaptation", *map(str, _place(spec).values()), name)
            means = bootstrap_means(np.stack([gaps[i], scratch], axis=1), resamples, rng)
            for c, step in enumerate(arrays["steps"].tolist()):
                low, high = percentile_interval(means[:, 0, c])
                ratio_low, ratio_high = percentile_interval(gap_ratio(means[:, 0, c], means[:, 1, c]))
                rows.append(
                    {
                        **_place(spec),
                        "initialisation": name,
                        "step": step,
                        "ne_gap": gaps[i, :, c].mean(),
                        "low": low,
                        "high": high,
                        "ratio": float(gap_ratio(gaps[i, :, c].mean(), scratch[:, c].mean())),
                        "ratio_low": ratio_low,
                        "ratio_high": ratio_high,
                        "potential": potentials[i, c],
                        "n_seeds": gaps.shape[1],
                    }
                )
    return pd.DataFrame(rows)


def inner_loop_table(measured: Iterable[Measurement], level: float) -> pd.DataFrame:
    """Iterations of softmax policy gradient to a gap of ``level`` / (1 - discount), against the constant c.

    A row for each kind, discount, initial probability and seed: ``least_best`` is c, ``iterations`` infinite where the
    run does not get there. A run that is there at once says nothing, and is left out.
    """
    rows = []
    for spec, arrays in measured:
        for d, discount in enumerate(spec["discounts"]):
            reached = iterations_to_reach(arrays["checkpoints"], arrays["ne_gap"][d], level / (1.0 - discount))
            for i, k in np.argwhere(reached > 1.0).tolist():
                rows.append(
                    {
                        "base_kind": spec["base_kind"],
                        "discount": discount,
                        "probability": spec["probabilities"][i],
                        "seed": int(arrays["seeds"][k]),
                        "least_best": arrays["least_best"][d, i, k],
                        "iterations": reached[i, k],
                    }
                )
    return pd.DataFrame(rows)


def inner_loop_slopes(table: pd.DataFrame, resamples: int, root_seed: int) -> pd.DataFrame:
    """Slope of log iterations on log c, by kind and discount, with a 95 % bootstrap interval over runs that got there.

    -1: the iterations are inversely proportional to c.
    """
    rows = []
    for (kind, discount), group in table.groupby(["base_kind", "discount"]):
        part = group[np.isfinite(group["iterations"])]
        c, iterations = part["least_best"].to_numpy(), part["iterations"].to_numpy()
        rng = stream(root_seed, "inner loop slope", str(kind), str(discount))
        chosen = rng.integers(len(part), size=(resamples, len(part)))
        low, high = percentile_interval(np.array([float(fit_slope(c[some], iterations[some])) for some in chosen]))
        rows.append(
            {
                "base_kind": kind,
                "discount": discount,
                "slope": float(fit_slope(c, iterations)),
                "low": low,
                "high": high,
                "runs": len(part),
                "not_reached": len(group) - len(part),
            }
        )
    return pd.DataFrame(rows)


def inner_loop_rates(
    measured: Iterable[Measurement], levels: Sequence[float], resamples: int, root_seed: int
) -> pd.DataFrame:
    """Exponent of 1/epsilon in the iterations to a gap of epsilon, at fixed initial policies and so at fixed c.

    A row for each kind, discount and initial probability: ``exponent``, the mean over seeds of the slopes of log
    iterations on log 1/epsilon, with a 95 % bootstrap interval; ``least_best`` the smallest c of its runs; ``largest``
    and ``smallest``, the gaps at both ends. ``levels`` are gaps over 1 / (1 - discount), falling; a seed counts from
    the first that it is above at the start. ``not_reached``: seeds that do not get to the last one in time; they are
    left out.
    """
    rows = []
    for spec, arrays in measured:
        for (d, discount), (i, probability) in itertools.product(
            enumerate(spec["discounts"]), enumerate(spec["probabilities"])
        ):
            gaps = np.array(levels) / (1.0 - discount)
            curves = arrays["ne_gap"][d, i]
            times = np.stack([iterations_to_reach(arrays["checkpoints"], curves, gap) for gap in gaps], axis=1)
            there = np.isfinite(times[:, -1])
            some = [(own[own > 1.0], gaps[own > 1.0]) for own in times[there]]
            slopes = np.array([-float(fit_slope(gap, own)) for own, gap in some if len(own) > 2])
            row = {"base_kind": spec["base_kind"], "discount": discount, "probability": probability}
            row |= {"largest": gaps[0], "smallest": gaps[-1], "least_best": arrays["least_best"][d, i].min()}
            row |= {"runs": len(slopes), "not_reached": int((~there).sum())}
            if len(slopes):
                rng = stream(root_seed, "inner loop exponent", spec["base_kind"], str(discount), str(probability))
                low, high = percentile_interval(bootstrap_means(slopes, resamples, rng))
                row |= {"exponent": slopes.mean(), "low": low, "high": high}
            rows.append(row)
    columns = ["base_kind", "discount", "probability", "largest", "smallest", "least_best", "runs", "not_reached"]
    return pd.DataFrame(rows, columns=[*columns, "exponent", "low", "high"])


def gradient_check_table(measured: Iterable[Measurement]) -> pd.DataFrame:
    """Equation (10) beside differences of equation (9): the worst distribution by kind, discount and inner steps.

    Columns base_kind, discount, inner_steps, distributions, ``difference``, the largest over the logits in parts of the
    largest entry of the gradient.
    """
    rows = []
    for spec, arrays in measured:
        relative = arrays["difference"] / arrays["norm"]
        for discount, t in dict.fromkeys(zip(arrays["discount"].tolist(), arrays["inner_steps"].tolist(), strict=True)):
            own = relative[(arrays["discount"] == discount) & (arrays["inner_steps"] == t)]
            rows.append(
                {
                    "base_kind": spec["base_kind"],
                    "discount": discount,
                    "inner_steps": t,
                    "distributions": len(own),
                    "difference": own.max(),
                }
            )
    return pd.DataFrame(rows)


def make(
    measured: Mapping[str, list[Measurement]], *, level: float, levels: Sequence[float], resamples: int, root_seed: int
) -> dict[str, pd.DataFrame]:
    """All tables by name; ``claims`` are rows of ``theory.csv``. Measurements by the names of the plan."""
    constants = rows_of("constant_ratios", measured, constant_rows)
    games = rows_of("random_games", measured, random_game_rows)
    rows = [
        *total_rows(constants, "random points, all"),
        *total_rows(games, "random games, all"),
        *rows_of("meta_training", measured, training_rows),
        *constants,
        *games,
    ]
    inner_loop = inner_loop_table(measured["inner_loop"], level)
    return {
        "claims": claims_table(rows),
        "meta_training": training_table(measured["meta_training"]),
        "adaptation": adaptation_table(measured["meta_training"], resamples, root_seed),
        "gradient_checks": gradient_check_table(measured["gradient_checks"]),
        "inner_loop": inner_loop,
        "inner_loop_rates": inner_loop_rates(measured["inner_loop"], levels, resamples, root_seed),
        "inner_loop_slopes": inner_loop_slopes(inner_loop, resamples, root_seed),
    }
