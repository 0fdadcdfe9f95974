"""Tidy tables from run records, for figures, notebooks and readers. Needs pandas (extra ``pipeline``)."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from metanash.exact import matrix_equilibria, shapley_batch
from metanash.games import ZeroSumGame, check_games
from metanash.streams import stream
from metanash_replication.rates import bootstrap_means, gap_ratio, percentile_interval, speed_up
from metanash_replication.records import RunRecord

__all__ = [
    "PAYOFFS",
    "curve_table",
    "curves",
    "distinct_equilibria",
    "equilibrium_ranges",
    "final_gap_table",
    "speed_up_table",
    "stage_equilibria",
]


def curve_table(records: Iterable[RunRecord], figure: str, counted_at: float | None = None) -> pd.DataFrame:
    """NE-gaps of all runs, means over the games of a sequence: figure, base_kind, arm, seed, games, iteration, ne_gap.

    Seeds are those of the records; ``games`` is K. With ``counted_at``, a learning rate in the unit of the records,
    iterations are counted at that rate: a run at 1e4 times it stands for 1e4 times the iterations, as projected
    Q-ascent allows at small steps. Records must have one learning rate and one perturbation; ValueError otherwise.
    Of correlated policies ``ne_gap`` is the gap that a column ``measure`` more names, ``cce_gap`` or ``cce_gap_bound``.
    """
    frames = []
    for record in records:
        gap = record.gap
        if gap.shape[:2] != (1, 1):
            raise ValueError("a table of curves needs records with one learning rate and one perturbation")
        rate = float(record["learning_rates"][0])
        times = np.round(record["checkpoints"] * (rate / (counted_at or rate))).astype(np.int64)
        index = pd.MultiIndex.from_product([record["seeds"], times], names=["seed", "iteration"])
        frame = pd.DataFrame({"ne_gap": gap[0, 0].mean(axis=1).ravel()}, index=index).reset_index()
        frame.insert(1, "games", gap.shape[3])
        frame.insert(0, "arm", record.spec["arm"])
        frame.insert(0, "base_kind", record.spec["games"]["base_kind"])
        if record.measure != "ne_gap":
            frame["measure"] = record.measure
        frames.append(frame)
    table = pd.concat(frames, ignore_index=True)
    table.insert(0, "figure", figure)
    return table.sort_values(["base_kind", "arm", "seed", "iteration"], ignore_index=True)


def curves(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and std over seeds: figure, base_kind, arm, iteration, mean, std."""
    keys = ["figure", "base_kind", "arm", "iteration"]
    spread = table.groupby(keys, sort=True)["ne_gap"]
    return pd.DataFrame({"mean": spread.mean(), "std": spread.std(ddof=1).fillna(0.0)}).reset_index()


def speed_up_table(
    table: pd.DataFrame, levels: Mapping[str, Sequence[float]], resamples: int, root_seed: int
) -> pd.DataFrame:
    """Iterations to reach gaps, of individual learning and of every other arm, with bootstrap intervals.

    ``levels`` has the gaps to reach for each kind of base game; KeyError where a kind has none.

    The curves are means over the games of a sequence, and the bootstrap resamples seeds; see
    :func:`metanash_replication.rates.speed_up` for the columns.
    """
    rows = []
    for (figure, base_kind), group in table.groupby(["figure", "base_kind"], sort=True):
        by_arm = {
            str(arm): part.pivot(index="seed", columns="iteration", values="ne_gap")
            for arm, part in group.groupby("arm", sort=True)
        }
        individual = by_arm.pop("individual")
        for arm, meta in by_arm.items():
            if not meta.index.equals(individual.index):
                raise ValueError(f"arm {arm} of {base_kind} has other seeds than individual learning: no pairs")
            for level in levels[str(base_kind)]:
                rng = stream(root_seed, "speed-up", str(figure), str(base_kind), str(arm), str(level))
                result = speed_up(
                    individual.columns.to_numpy(), individual.to_numpy(), meta.to_numpy(), level, rng, resamples
                )
                rows.append(
                    {
                        "figure": figure,
                        "base_kind": base_kind,
                        "arm": arm,
                        "ne_gap": level,
                        "iterations_individual": result.individual,
                        "iterations_meta": result.meta,
                        "speed_up": result.ratio,
                        "low": result.low,
                        "high": result.high,
                        "status": result.status,
                        "censored": result.censored,
                        "n_seeds": len(individual),
                    }
                )
    return pd.DataFrame(rows)


def final_gap_table(records: Iterable[RunRecord], resamples: int, root_seed: int) -> pd.DataFrame:
    """Mean NE-gap at the last iteration of games 2 to K, for each cell of a grid of experiments.

    Game 1 is left out since all arms start it alike. ``low`` and ``high`` are a 95 % bootstrap interval over seeds,
    and ``ratio`` with its interval is the mean gap over that of individual learning on the same seeds.
    """
    gaps: dict[tuple[str, float, float], dict[str, list[tuple[int, float]]]] = {}
    for record in records:
        if record.gap.shape[3] < 2:
            raise ValueError("final gaps are means over games 2 to K, so sequences need at least two games")
        final = record.gap[..., 1:, -1].mean(axis=-1)
        for r, rate in enumerate(record["learning_rates"].tolist()):
            for p, size in enumerate(record["perturbations"].tolist()):
                cell = gaps.setdefault((record.spec["games"]["base_kind"], rate, size), {})
                pairs = zip(record["seeds"].tolist(), final[r, p].tolist(), strict=True)
                cell.setdefault(record.spec["arm"], []).extend(pairs)
    rows = []
    for (base_kind, rate, size), arms in sorted(gaps.items()):
        if len({tuple(sorted(seed for seed, _ in pairs)) for pairs in arms.values()}) > 1:
            raise ValueError(f"the arms of {base_kind} have different seeds: no pairs")
        by_arm = {arm: np.array([gap for _, gap in sorted(pairs)]) for arm, pairs in arms.items()}
        individual = by_arm["individual"]
        for arm, sample in sorted(by_arm.items()):
            rng = stream(root_seed, "final gap", base_kind, arm, str(rate), str(size))
            means = bootstrap_means(np.stack([sample, individual], axis=1), resamples, rng)
            low, high = percentile_interval(means[:, 0])
            ratio_low, ratio_high = percentile_interval(gap_ratio(means[:, 0], means[:, 1]))
            rows.append(
                {
                    "base_kind": base_kind,
                    "learning_rate": rate,
                    "perturbation": size,
                    "arm": arm,
                    "ne_gap": sample.mean(),
                    "low": low,
                    "high": high,
                    "std": sample.std(ddof=1),
                    "ratio": float(gap_ratio(sample.mean(), individual.mean())),
                    "ratio_low": ratio_low,
                    "ratio_high": ratio_high,
                    "n_seeds": len(sample),
                }
            )
    return pd.DataFrame(rows)


PAYOFFS = ("rewards", "Q-functions")
"""Of the stage games at step 1: what is earned there, and with the value of the steps to come."""


def stage_equilibria(games: Sequence[ZeroSumGame], base_kind: str, seed: int) -> pd.DataFrame:
    """Equilibria of the stage games at step 1 of a sequence (Figure 1c).

    Takes a list of ZeroSumGame; raises ValueError for anything else.

    Columns base_kind, seed, payoffs (:data:`PAYOFFS`), game, state (both from 1), mu_a1 and nu_b1, the probabilities of
    the players' first actions, and value.
    """
    check_games("stage_equilibria", games, ZeroSumGame)
    places = list(itertools.product(range(1, len(games) + 1), range(1, games[0].n_states + 1)))
    rewards = matrix_equilibria(np.concatenate([game.reward[0] for game in games]))
    whole = shapley_batch(games)
    found = {
        PAYOFFS[0]: (rewards.mu, rewards.nu, rewards.value),
        PAYOFFS[1]: (
            *(part[:, 0].reshape(len(places), -1) for part in (whole.mu, whole.nu)),
            whole.value[:, 0].ravel(),
        ),
    }
    return pd.DataFrame(
        {
            "base_kind": base_kind,
            "seed": seed,
            "payoffs": payoffs,
            "game": game,
            "state": state,
            "mu_a1": mu[i, 0],
            "nu_b1": nu[i, 0],
            "value": value[i],
        }
        for payoffs, (mu, nu, value) in found.items()
        for i, (game, state) in enumerate(places)
    )


def distinct_equilibria(table: pd.DataFrame) -> pd.DataFrame:
    """Equilibria in rewards of one sequence, that of the first seed: those that agree to six digits as one row.

    Columns base_kind, state, mu_a1, nu_b1 and the number of ``games``.
    """
    keys = ["base_kind", "state", "mu_a1", "nu_b1"]
    own = table[(table["payoffs"] == PAYOFFS[0]) & (table["seed"] == table["seed"].min())]
    counted: pd.DataFrame = own.round({"mu_a1": 6, "nu_b1": 6}).groupby(keys).size().rename("games").reset_index()
    return counted


def equilibrium_ranges(table: pd.DataFrame) -> pd.DataFrame:
    """How far the equilibria of a sequence's games are apart: base_kind, payoffs, seed, state, range.

    ``range`` is the largest over states of the range over games of either probability; ``state`` is where.
    """
    keys = ["base_kind", "payoffs", "seed"]
    groups = table.groupby([*keys, "state"], sort=True)[["mu_a1", "nu_b1"]]
    by_state = (groups.max() - groups.min()).max(axis=1).rename("range").reset_index()
    return by_state.loc[by_state.groupby(keys, sort=True)["range"].idxmax()].reset_index(drop=True)
