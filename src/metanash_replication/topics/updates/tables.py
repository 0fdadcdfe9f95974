"""Meta-updates beside equation (5) as tables: ratios of gaps with intervals, the choice, the bounds, what moves."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from metanash.bounds import annealed_regret, theorem_1_proven, theorem_1_uniform, theorem_2, theorem_2_annealed
from metanash.meta import DEFAULT_UPDATE
from metanash.streams import stream
from metanash.typing import Floats
from metanash_replication.rates import bootstrap_means, gap_ratio, percentile_interval
from metanash_replication.topics.updates.plan import PAPER, TWINS
from metanash_replication.typing import Measurement

__all__ = ["CANDIDATES", "first_below", "make"]

CANDIDATES = (
    "annealed_best_response",
    "output_policy",
    "annealed_output_policy",
    "geometric_output_policy",
    "annealed_last_stage",
    "learned_by_row",
    "learned",
    "tracking",
)
"""Meta-updates that one is chosen of: those that leave the learning rate alone."""
MOST_GAMES = 10**12
"""The largest K that is looked at."""

_SETTING = ("setting", "phase", "family", "learner", "learning_rate", "games", "iterations")


def _ratio(gap: Floats, beside: Floats, resamples: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """Ratio of means over seeds, with the interval of paired seeds; gaps and those beside are (seeds,)."""
    means = bootstrap_means(np.stack([gap, beside], axis=1), resamples, rng)
    low, high = percentile_interval(gap_ratio(means[:, 0], means[:, 1]))
    return float(gap_ratio(gap.mean(), beside.mean())), low, high


def comparison_rows(
    spec: Mapping[str, Any], arrays: Mapping[str, Any], margin: float, resamples: int, root_seed: int
) -> Iterator[dict[str, Any]]:
    """A row for each kind, perturbation, meta-update, and update beside it: (5), individual learning, and its twin.

    ``gap`` is the mean over the games after the first.
    """
    place = {key: spec[key] for key in _SETTING if key != "setting"}
    place["setting"] = spec["file"].removeprefix("updates/").removesuffix(".npz")
    place["horizon"] = int(spec["options"].get("horizon", 1))
    for (i, kind), (j, size) in itertools.product(enumerate(spec["base_kinds"]), enumerate(spec["perturbations"])):
        gaps = {arm: arrays[arm][i, j, :, 1:].mean(axis=1) for arm in spec["arms"]}
        for arm, own in gaps.items():
            for beside in dict.fromkeys((PAPER, "individual", TWINS.get(arm, PAPER))):
                if beside == arm:
                    continue
                source = (root_seed, "updates", place["setting"], kind, j, arm, beside)
                ratio, low, high = _ratio(own, gaps[beside], resamples, stream(*source))
                gap_low, gap_high = percentile_interval(bootstrap_means(own, resamples, stream(*source, "gap")))
                yield place | {
                    "base_kind": kind,
                    "perturbation": float(size),
                    "n_seeds": len(arrays["seeds"]),
                    "dissimilarity": arrays["dissimilarity"][i, j].mean(),
                    "arm": arm,
                    "beside": beside,
                    "gap": own.mean(),
                    "gap_low": gap_low,
                    "gap_high": gap_high,
                    "ratio": ratio,
                    "ratio_low": low,
                    "ratio_high": high,
                    "allowed": 1.0 + margin,
                }


def choice_rows(updates: pd.DataFrame, worse: float) -> Iterator[dict[str, Any]]:
    """A row for each candidate, by the cases of the phase ``choose``.

    It can be chosen if in every case the interval of its ratio to (5) ends below 1 and its ratio to individual learning
    is at most 1 + ``worse``. Chosen is, of those, the one whose ratios to (5) have the smallest geometric mean.
    """
    cases = updates[updates["phase"] == "choose"]
    rows = []
    for name in CANDIDATES:
        own = cases[cases["arm"] == name]
        paper, alone = (own[own["beside"] == beside] for beside in (PAPER, "individual"))
        if paper.empty:
            continue
        fits = bool((paper["ratio_high"] < 1.0).all() and (alone["ratio"] <= 1.0 + worse).all())
        rows.append(
            {
                "arm": name,
                "cases": len(paper),
                "mean_ratio": math.exp(np.log(paper["ratio"]).mean()),
                "largest_high": paper["ratio_high"].max(),
                "largest_to_individual": alone["ratio"].max(),
                "allowed_to_individual": 1.0 + worse,
                "can_be_chosen": fits,
            }
        )
    fitting = [row for row in rows if row["can_be_chosen"]]
    best = min(fitting, key=lambda row: row["mean_ratio"])["arm"] if fitting else ""
    for row in rows:
        yield row | {"chosen": row["arm"] == best, "default": row["arm"] == DEFAULT_UPDATE}


def first_below(right: Callable[[int], float], level: float, least: int) -> float:
    """The smallest K from ``least`` on after which a bound stays below a level, infinite beyond ``MOST_GAMES``.

    The bound must rise first, if at all, and then fall.

    >>> first_below(lambda k: 10.0 / k, 0.5, 2)
    21.0
    >>> first_below(lambda k: 1.0 + 1.0 / k, 1.0, 2)
    inf
    """
    high = least
    while right(high) >= level or right(2 * high) >= level:
        high *= 2
        if high > MOST_GAMES:
            return math.inf
    low = high // 2 if high > least else least - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if right(middle) < level else (middle, high)
    return float(high)


def bound_rows(sizes: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """From how many games on (6), and the bound with annealed weights, are below that of uniform starts.

    ``share`` is Delta over K, as a part of the divergence of best responses from uniform starts in that bound. Equation
    (6) as printed is beside (4) as printed; the annealed one, with Delta of sums over states, beside the proven bound
    that it is made of: neither stages nor the learning rate matter there.
    """
    for horizon, states, actions, t, share in itertools.product(
        *(sizes[name] for name in ("horizons", "n_states", "n_actions", "iterations", "shares"))
    ):
        pair = (int(actions[0]), int(actions[1]))
        alone = 4.0 * horizon**2 * math.log(t) * math.log(math.prod(pair))
        level = float(theorem_1_uniform(horizon, t, pair))

        def printed(
            k: int, horizon: int = horizon, t: int = t, pair: tuple[int, int] = pair, paid: float = share * alone
        ) -> float:
            return float(theorem_2(paid * k, k, horizon, t, pair))

        def annealed(k: int, states: int = states, pair: tuple[int, int] = pair, share: float = share) -> float:
            paid = states * sum(annealed_regret(k, d) for d in pair) / k
            return share + paid / math.log(math.prod(pair))

        yield {
            "horizon": horizon,
            "n_states": states,
            "max_actions": max(pair),
            "iterations": t,
            "share": share,
            "paper": first_below(printed, level, 5),
            "annealed": first_below(annealed, 1.0, 2),
        }


def crossover_rows(
    spec: Mapping[str, Any], arrays: Mapping[str, Any], resamples: int, root_seed: int
) -> Iterator[dict[str, Any]]:
    """A row for each K and meta-update, beside the proven bounds of uniform starts and of annealed weights."""
    rate, t, stages = spec["learning_rate"], spec["iterations"], int(arrays["stages"])
    alone = float(theorem_1_proven(stages * math.log(4.0), 1, t, rate))
    for n, k in enumerate(arrays["games"].tolist()):
        each = theorem_2_annealed(
            arrays["dissimilarity"][:, n], k, 1, t, (2, 2), rate, n_states=1, stages=stages
        )  # fmt: skip
        for arm in ("individual", PAPER, "annealed_best_response", DEFAULT_UPDATE):
            source = (root_seed, "updates", "crossover", spec["file"], arm, n)
            gap = arrays[arm][:, n]
            low, high = percentile_interval(bootstrap_means(gap, resamples, stream(*source, "gap")))
            ratio, ratio_low, ratio_high = _ratio(gap, arrays["individual"][:, n], resamples, stream(*source))
            yield {
                "base_kind": spec["base_kind"],
                "perturbation": float(spec["perturbation"]),
                "n_seeds": len(arrays["seeds"]),
                "iterations": t,
                "learning_rate": rate,
                "games": k,
                "arm": arm,
                "gap": gap.mean(),
                "gap_low": low,
                "gap_high": high,
                "ratio": ratio,
                "ratio_low": ratio_low,
                "ratio_high": ratio_high,
                "similarity": arrays["dissimilarity"][:, n].mean() / k,
                "bound_uniform": alone,
                "bound": each.mean(),
                "tightest": (gap / each).max() if arm == "annealed_best_response" else math.nan,
            }


def _of_moving(spec: Mapping[str, Any], arrays: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {
        "base_kind": spec["base_kind"],
        "kind": kind,
        "perturbation": spec["perturbation"],
        "games": spec["games"],
        "iterations": spec["iterations"],
        "learning_rate": spec["learning_rate"],
        "n_seeds": len(arrays["seeds"]),
    }


def moving_rows(
    spec: Mapping[str, Any], arrays: Mapping[str, Any], resamples: int, root_seed: int
) -> Iterator[dict[str, Any]]:
    """A row for each kind of sequence and meta-update: mean over the games after the first, beside (5)."""
    for i, kind in enumerate(spec["kinds"]):
        gaps = {arm: arrays[arm][i, :, 1:].mean(axis=1) for arm in spec["arms"]}
        for arm, own in gaps.items():
            rng = stream(root_seed, "updates", "moving", spec["base_kind"], kind, arm)
            ratio, low, high = _ratio(own, gaps[PAPER], resamples, rng)
            found = {"arm": arm, "gap": own.mean(), "ratio": ratio, "ratio_low": low, "ratio_high": high}
            yield _of_moving(spec, arrays, kind) | found


def curve_rows(spec: Mapping[str, Any], arrays: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Mean gap of every game of a sequence, and that over the mean of individual learning on the same game."""
    for (i, kind), arm, k in itertools.product(enumerate(spec["kinds"]), spec["arms"], range(spec["games"])):
        gap, alone = (arrays[name][i, :, k].mean() for name in (arm, "individual"))
        found = {"arm": arm, "game": k + 1, "gap": gap, "ratio": float(gap_ratio(gap, alone))}
        yield _of_moving(spec, arrays, kind) | found


def regret_rows(spec: Mapping[str, Any], arrays: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The largest excess of ``learned_by_row`` over rows and seeds, beside the logarithm of the number of averages."""
    for i, kind in enumerate(spec["kinds"]):
        found = {"averages": int(arrays["averages"]), "excess": arrays["excess"][i].max()}
        yield _of_moving(spec, arrays, kind) | found | {"allowed": math.log(int(arrays["averages"]))}


def make(
    measured: Mapping[str, Sequence[Measurement]],
    bounds: Mapping[str, Any],
    choice: Mapping[str, float],
    resamples: int,
    root_seed: int,
) -> dict[str, pd.DataFrame]:
    """All tables of the topic by name."""
    compared, crossed, moved = (measured[name] for name in ("update_comparisons", "crossover", "moving"))
    updates = pd.DataFrame(
        [row for one in compared for row in comparison_rows(*one, choice["margin"], resamples, root_seed)]
    )
    return {
        "updates": updates,
        "updates_choice": pd.DataFrame(choice_rows(updates, choice["worse"])),
        "updates_bounds": pd.DataFrame(bound_rows(bounds)),
        "updates_crossover": pd.DataFrame(
            [row for one in crossed for row in crossover_rows(*one, resamples, root_seed)]
        ),
        "updates_moving": pd.DataFrame([row for one in moved for row in moving_rows(*one, resamples, root_seed)]),
        "updates_moving_curves": pd.DataFrame([row for one in moved for row in curve_rows(*one)]),
        "updates_regret": pd.DataFrame([row for one in moved for row in regret_rows(*one)]),
    }
