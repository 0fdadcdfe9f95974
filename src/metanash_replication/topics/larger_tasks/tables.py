"""The larger tasks of the appendix, river poker and tracking: meta-learning beside individual learning.

Gaps of poker are in fractions of the pot, those of tracking in units of reward. Needs pandas (extra ``pipeline``).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from metanash.bounds.zero_sum import largest_learning_rate, theorem_1_uniform, trivial_gap
from metanash.exact import matrix_equilibrium
from metanash.families.poker import pot_scale
from metanash.games import DiscountedGame, Game, GameBatch, ZeroSumGame
from metanash.gaps import from_start, ne_gaps, team_optima, values
from metanash.streams import stream
from metanash.typing import Floats
from metanash_replication.bound_rows import claim_row, claims_table
from metanash_replication.rates import bootstrap_means, gap_ratio, percentile_interval, speed_up
from metanash_replication.records import RunRecord

__all__ = ["TaskRun", "curve_rows", "equilibrium_rows", "final_rows", "game_rows", "tables", "task_claims"]

_CELL = ("learning_rate", "perturbation")
_WORTH = (
    "unit", "checked", "reference", "reference_gap", "error", "error_low", "error_high", "error_max", "excess",
)  # fmt: skip
"""Columns of :func:`equilibrium_rows` after those that say which run it is: they are there without rows too."""


class TaskRun(NamedTuple):
    """A run record, the experiment that it belongs to, the games that were learned, and the record's file."""

    experiment: str
    record: RunRecord
    games: Sequence[Game]
    file: str = ""

    @property
    def place(self) -> dict[str, Any]:
        """Columns that say which run it is, but for the cell of the grid."""
        first, axes = self.games[0], self.record.spec["games"]["axes"]
        return {
            "experiment": self.experiment,
            "family": self.record.spec["games"]["family"],
            "base_kind": self.record.spec["games"]["base_kind"],
            "n_states": first.n_states,
            "n_actions": "x".join(map(str, first.n_actions)),
            "games": axes["game"],
            "iterations": int(self.record["checkpoints"][-1]),
            "arm": self.record.spec["arm"],
        }

    @property
    def unit(self) -> str:
        """Unit of a gap."""
        return "pots" if self.record.spec["games"]["family"] == "river_poker" else "reward"

    @property
    def gap(self) -> Floats:
        """(rates, sizes, seeds, K, C) gaps in that unit."""
        if self.unit == "reward":
            return self.record.gap
        pots = np.array([pot_scale(game) for game in self.games if isinstance(game, ZeroSumGame)])
        return np.asarray(self.record.gap * pots.reshape(*self.record.gap.shape[1:4], 1))

    def cells(self) -> Iterable[tuple[dict[str, Any], tuple[int, int]]]:
        """Learning rates and perturbations, with their indices."""
        for r, rate in enumerate(self.record["learning_rates"].tolist()):
            for p, size in enumerate(self.record["perturbations"].tolist()):
                yield {"learning_rate": rate, "perturbation": size}, (r, p)


def tables(
    runs: Sequence[TaskRun], plan: Mapping[str, Mapping[str, Any]], resamples: int, root_seed: int
) -> dict[str, pd.DataFrame]:
    """All tables, by the name of their files.

    Parameters
    ----------
    plan : mapping
        For each experiment ``level``, the gap to reach; ``references``, on how many seeds an exact reference is worked
        out; ``learning_rate`` and ``perturbation``, the cell that figures show: columns ``rate_shown`` and
        ``perturbation_shown``.
    """
    levels, seeds = ({name: own[key] for name, own in plan.items()} for key in ("level", "references"))
    made = {
        "appendix": final_rows(runs, levels, resamples, root_seed),
        "appendix_curves": [row for run in runs for row in curve_rows(run)],
        "appendix_games": [row for run in runs for row in game_rows(run, resamples, root_seed)],
        "appendix_equilibria": equilibrium_rows(runs, seeds, resamples, root_seed),
    }
    found = {name: pd.DataFrame(rows) for name, rows in made.items()}
    if not made["appendix_equilibria"]:
        found["appendix_equilibria"] = pd.DataFrame(columns=[*runs[0].place, *_CELL, *_WORTH])
    for table in found.values():
        for column, key in (("rate_shown", "learning_rate"), ("perturbation_shown", "perturbation")):
            table[column] = table[key] == table["experiment"].map({name: own[key] for name, own in plan.items()})
    return found | {"claims": claims_table(task_claims(runs))}


def curve_rows(run: TaskRun) -> list[dict[str, Any]]:
    """Mean over the games, then mean and std over seeds, at every checkpoint."""
    rows, gap = [], run.gap.mean(axis=3)
    for cell, at in run.cells():
        spread = gap[at].std(axis=0, ddof=1)
        for c, t in enumerate(run.record["checkpoints"].tolist()):
            rows.append(
                {
                    **run.place,
                    **cell,
                    "iteration": t,
                    "mean": gap[at][:, c].mean(),
                    "std": spread[c],
                    "unit": run.unit,
                }
            )
    return rows


def game_rows(run: TaskRun, resamples: int, root_seed: int) -> list[dict[str, Any]]:
    """Mean gap at T along the sequence, with an interval over seeds.

    A row is about games ``first`` to ``last``, counted from 1: one game, or of more than 20 at least 20 blocks of equal
    length, but for the last.
    """
    rows, gap = [], run.gap[..., -1]
    step = max(1, gap.shape[-1] // 20)
    for cell, at in run.cells():
        rng = stream(root_seed, "task games", run.experiment, str(run.place["base_kind"]), run.record.spec["arm"])
        starts = range(0, gap.shape[-1], step)
        blocks = np.stack([gap[at][:, k : k + step].mean(axis=1) for k in starts], axis=1)
        means = bootstrap_means(blocks, resamples, rng)
        for b, k in enumerate(starts):
            low, high = percentile_interval(means[:, b])
            where = {"first": k + 1, "last": min(k + step, gap.shape[-1])}
            rows.append({**run.place, **cell, **where, "gap": blocks[:, b].mean(), "low": low, "high": high})
    return rows


def final_rows(
    runs: Iterable[TaskRun], levels: Mapping[str, float], resamples: int, root_seed: int
) -> list[dict[str, Any]]:
    """Each arm beside individual learning: mean gap at T of games 2 to K, and iterations to reach a level.

    Intervals are 95 % bootstrap intervals over seeds; arms are paired. Iterations are those of the mean over all games;
    ``levels`` has the gap to reach for each experiment, in the unit of its gaps.

    Raises
    ------
    ValueError
        If an arm of one experiment and kind of games is there twice or met other seeds, or there is no individual one.
    """
    groups: dict[tuple[str, str], dict[str, TaskRun]] = {}
    for run in runs:
        arms, arm = groups.setdefault((run.experiment, run.place["base_kind"]), {}), run.record.spec["arm"]
        if arm in arms:
            raise ValueError(
                f"{run.experiment}, {run.place['base_kind']}: {arm} is there twice; seeds must be one block"
            )
        arms[arm] = run
    rows = []
    for (experiment, kind), arms in groups.items():
        if "individual" not in arms:
            raise ValueError(f"{experiment}, {kind}: no individual learning to compare with")
        base = arms["individual"]
        for arm, run in arms.items():
            if not np.array_equal(run.record["seeds"], base.record["seeds"]):
                raise ValueError(f"{experiment}, {kind}: {arm} has other seeds than individual learning: no pairs")
            for cell, at in run.cells():
                rng = stream(root_seed, "task", experiment, kind, arm, *map(str, cell.values()))
                later = np.stack([one.gap[at][:, 1:, -1].mean(axis=-1) for one in (run, base)], axis=1)
                rows.append({**run.place, **cell, "unit": run.unit, "n_seeds": len(later)})
                rows[-1] |= _comparison(later, resamples, rng)
                before, after = (one.gap[at].mean(axis=1) for one in (base, run))
                rows[-1] |= _speed(run.record["checkpoints"], before, after, levels[experiment], rng, resamples)
    return rows


def _comparison(pairs: Floats, resamples: int, rng: np.random.Generator) -> dict[str, float]:
    """Mean of the first column of (seeds, 2), its ratio to that of the second, with intervals."""
    means = bootstrap_means(pairs, resamples, rng)
    low, high = percentile_interval(means[:, 0])
    ratio_low, ratio_high = percentile_interval(gap_ratio(means[:, 0], means[:, 1]))
    ratio = float(gap_ratio(pairs[:, 0].mean(), pairs[:, 1].mean()))
    return {
        "gap": pairs[:, 0].mean(), "low": low, "high": high,
        "ratio": ratio, "ratio_low": ratio_low, "ratio_high": ratio_high,
    }  # fmt: skip


def _speed(
    t: npt.NDArray[Any], base: Floats, curve: Floats, level: float, rng: np.random.Generator, resamples: int
) -> dict[str, Any]:
    found = speed_up(t, base, curve, level, rng, resamples)
    return {
        "level": level, "iterations_individual": found.individual, "iterations_meta": found.meta,
        "speed_up": found.ratio, "speed_up_low": found.low, "speed_up_high": found.high, "status": found.status,
    }  # fmt: skip


def equilibrium_rows(
    runs: Iterable[TaskRun], seeds: Mapping[str, int], resamples: int, root_seed: int
) -> list[dict[str, Any]]:
    """Worth of the learned policies at T, beside an exact reference, on the first seeds of each experiment.

    ``seeds`` says for each how many, 0 for none. Poker: value and equilibrium of each game by linear programming.
    ``reference_gap`` is the largest NE-gap of these equilibria, which is rounding; ``error`` is how far the values of
    the learned policies are from those of the games, and ``excess`` the largest amount by which it exceeds the gap of
    the learned policies: at most rounding, if all is right. Tracking: the joint optimum by policy iteration. ``error``
    is by how much the learned policies are worth less; equilibria of a team may be.
    """
    rows = []
    references: dict[tuple[str, str], list[_Reference]] = {}  # arms share their games
    for run in runs:
        count, place = seeds[run.experiment], (run.experiment, run.place["base_kind"])
        if count == 0:
            continue
        if place not in references:
            references[place] = [_reference(games) for games in _by_size(run, count)]
        policies = [run.record[f"policy_{i}"][:, :, :count] for i in range(run.games[0].n_players)]
        for cell, (r, p) in run.cells():
            games, best, scale, reference_gap = references[place][p]
            learned = [policy[r, p].reshape(-1, *policy.shape[4:]) for policy in policies]
            worth = from_start(games, values(games, learned, 0))
            poker = isinstance(games.game, ZeroSumGame)
            error = np.abs(worth - best) if poker else best - worth
            excess = error - run.record.gap[r, p, :count, :, -1].ravel()
            by_seed = (error * scale).reshape(-1, run.place["games"]).mean(axis=1)
            rng = stream(root_seed, "task worth", *place, run.record.spec["arm"], *map(str, cell.values()))
            low, high = percentile_interval(bootstrap_means(by_seed, resamples, rng))
            rows.append(
                {
                    **run.place,
                    **cell,
                    "unit": run.unit,
                    "checked": len(games),
                    "reference": best.mean(),
                    "reference_gap": reference_gap,
                    "error": by_seed.mean(),
                    "error_low": low,
                    "error_high": high,
                    "error_max": (error * scale).max(),
                    "excess": (excess * scale).max() if poker else np.nan,
                }
            )
    return rows


def _by_size(run: TaskRun, seeds: int) -> list[GameBatch[Any]]:
    """The games of the first seeds for each perturbation."""
    sizes, count = len(run.record["perturbations"]), run.place["games"] * seeds
    step = len(run.games) // sizes
    return [GameBatch(tuple(run.games[p * step : p * step + count])) for p in range(sizes)]


_Reference = tuple[GameBatch[Any], Floats, Floats, float]
"""Games, their exact values, what a unit of reward is in the unit of the gap, and the largest gap of the equilibria."""


def _reference(games: GameBatch[Any]) -> _Reference:
    if isinstance(games.game, DiscountedGame):
        return games, from_start(games, team_optima(games)), np.ones(len(games)), np.nan
    found = [matrix_equilibrium(game.reward[0, 0]) for game in games.games]
    scale = np.array([pot_scale(game) for game in games.games])
    policies = [np.stack([getattr(one, name) for one in found])[:, np.newaxis, np.newaxis] for name in ("mu", "nu")]
    return games, np.array([one.value for one in found]), scale, float((ne_gaps(games, policies) * scale).max())


def task_claims(runs: Iterable[TaskRun]) -> list[dict[str, Any]]:
    """Rows of ``theory.csv``: equation (4) on poker, and "scales to larger tasks": meta beside individual learning.

    For the latter the left side is the gap at T of a meta-update, the mean over games 2 to K of a seed, and the right
    side that of individual learning; a seed on which meta-learning is worse is a violation.
    """
    measured: dict[tuple[str, int], dict[str, tuple[Floats, TaskRun]]] = {}
    rows = []
    for run in runs:
        arm, t, game = run.record.spec["arm"], run.record["checkpoints"].astype(np.float64), run.games[0]
        for cell, at in run.cells():
            numbers = f"learning rate {cell['learning_rate']:g}, perturbation {cell['perturbation']:g}"
            place = f"{run.experiment}, {run.place['base_kind']}, T={int(t[-1])}, {numbers}"
            gap = run.record.gap[at]
            measured.setdefault((place, int(t[-1])), {})[arm] = (gap[:, 1:, -1].mean(axis=-1)[:, np.newaxis], run)
            if arm == "individual" and isinstance(game, ZeroSumGame):
                own = _equation_4(place, game, cell["learning_rate"], t, gap.reshape(-1, len(t)))
                rows += [row | {"measurement": run.experiment, "file": run.file} for row in own]
    for (place, last), arms in measured.items():
        at_end = np.array([last], dtype=np.float64)
        right, alone = arms["individual"]
        for arm, (left, run) in arms.items():
            if arm != "individual":
                row = claim_row("scales to larger tasks", arm, place, at_end, left, right, -np.inf, kind="meta-update")
                rows.append(row | {"measurement": run.experiment, "file": f"{run.file} {alone.file}"})
    return rows


def _equation_4(place: str, game: ZeroSumGame, rate: float, t: Floats, gap: Floats) -> list[dict[str, Any]]:
    """Row of equation (4) for gaps (runs, C) from uniform policies, if it admits the learning rate."""
    if rate > largest_learning_rate(game.horizon):
        return []
    later, pair = t > 1, (game.n_actions[0], game.n_actions[1])
    bound = theorem_1_uniform(game.horizon, t[later], pair)
    return [claim_row("equation 4", "printed", place, t[later], gap[:, later], bound, trivial_gap(game.horizon))]
