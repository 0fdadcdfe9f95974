"""Meta-updates beside equation (5), on the same sequences of games. Arrays only."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from metanash.families import FAMILIES
from metanash.games import GameBatch
from metanash.learners import LEARNERS, OptimisticMirrorDescent
from metanash.learners.base import Run, learn
from metanash.meta import DEFAULT_UPDATE, META_UPDATES, SequenceRun, learn_sequence
from metanash.similarity import total_dissimilarity
from metanash.simplex import kl_divergence, uniform
from metanash.typing import Arrays, Floats

__all__ = ["crossover", "moving", "update_comparisons"]

_GAPS = {"optimistic_mirror_descent": "ne_gap", "correlated_mirror_descent": "cce_gap_bound"}


def _sequences(
    family: str, kind: str, address: tuple[int | str, ...], seeds: Sequence[int], n_games: int, **options: Any
) -> list[GameBatch[Any]]:
    """Game k of the sequences of all seeds side by side."""
    drawn = [FAMILIES[family](kind, *address, seed, n_games=n_games, **options) for seed in seeds]
    return [GameBatch(tuple(games)) for games in zip(*drawn, strict=True)]


def _last(runs: SequenceRun[Any], measure: str) -> Floats:
    """(seeds, K) gaps at T."""
    return runs.measured(measure)[:, :, -1]


def update_comparisons(
    phase: str,
    family: str,
    base_kinds: Sequence[str],
    learner: str,
    options: Mapping[str, Any],
    perturbations: Sequence[float],
    games: int,
    iterations: int,
    learning_rate: float,
    arms: Sequence[str],
    seeds: Sequence[int],
    root_seed: int,
) -> Arrays:
    """Gaps at T of meta-updates on the same sequences.

    Parameters
    ----------
    phase : {"choose", "verdict"}
        In the address of every draw: no game is in both.
    family, base_kinds, options, perturbations, games
        Of the sequences; ``games`` is K.
    learner, learning_rate, iterations
        Algorithm 1 or 2, eta and T.
    arms : list of str
        Keys of :data:`metanash.meta.META_UPDATES`.

    Returns
    -------
    dict of arrays
        ``seeds``; for each arm its gaps, (kinds, perturbations, seeds, K), in units of reward; ``dissimilarity``
        (kinds, perturbations, seeds), Delta of individual learning, in nats.
    """
    lead = (len(base_kinds), len(perturbations), len(seeds))
    found = {"dissimilarity": np.empty(lead), **{arm: np.empty((*lead, games)) for arm in arms}}
    own = LEARNERS[learner](learning_rate)
    for (i, kind), (j, size) in itertools.product(enumerate(base_kinds), enumerate(perturbations)):
        sequences = _sequences(
            family, kind, (root_seed, "meta-updates", phase), seeds, games, perturbation=size, **options
        )
        for arm in arms:
            runs = learn_sequence(sequences, own, arm, iterations, at=[iterations])
            found[arm][i, j] = _last(runs, _GAPS[learner])
            if arm == "individual":
                found["dissimilarity"][i, j] = _dissimilarity(own, runs.runs)
    return {"seeds": np.array(seeds), **found}


def _dissimilarity(learner: Any, runs: Sequence[Run[Any]]) -> Floats:
    """Delta_{mu,nu} or Delta_pi of the best responses in hindsight: (seeds,), in nats."""
    stages = [learner.stages(run.state) for run in runs]
    return total_dissimilarity(
        [
            np.stack([np.stack([stage.best_response(player) for stage in game], axis=1) for game in stages], axis=1)
            for player in range(len(runs[0].state.initial))
        ]
    )


def crossover(
    base_kind: str,
    perturbation: float,
    games: Sequence[int],
    iterations: int,
    learning_rate: float,
    seeds: Sequence[int],
    root_seed: int,
) -> Arrays:
    """Mean gaps over the first K games, for many K, of matrix games with two actions a side.

    Each K has runs of its own where the meta-update knows K (``best_response``); the others have one run, of which the
    first K games are taken.

    Returns
    -------
    dict of arrays
        ``seeds``; ``games`` (N,); for each of ``individual``, ``best_response``, ``annealed_best_response`` and
        :data:`metanash.meta.DEFAULT_UPDATE` the means, (seeds, N), in units of reward; ``dissimilarity`` (seeds, N),
        Delta of ``annealed_best_response`` with sums over states, in nats; ``stages``, their number.
    """
    most = max(games)
    sequences = _sequences(
        "zero_sum", base_kind, (root_seed, "updates", "crossover"), seeds, most, perturbation=perturbation,
        horizon=1, n_states=1, n_actions=(2, 2),
    )  # fmt: skip
    learner = OptimisticMirrorDescent(learning_rate)
    whole = {
        arm: learn_sequence(sequences, learner, arm, iterations, at=[iterations])
        for arm in ("annealed_best_response", DEFAULT_UPDATE)
    }
    gaps = {arm: _last(runs, "ne_gap") for arm, runs in whole.items()}
    alone = learn(
        GameBatch(tuple(game for batch in sequences for game in batch.games)), learner, iterations, at=[iterations]
    )
    gaps["individual"] = alone.ne_gap[:, -1].reshape(most, len(seeds)).T
    means = {arm: np.stack([gap[:, :k].mean(axis=1) for k in games], axis=1) for arm, gap in gaps.items()}
    means["best_response"] = np.stack(
        [
            _last(learn_sequence(sequences[:k], learner, "best_response", iterations, at=[iterations]), "ne_gap").mean(
                1
            )
            for k in games
        ],
        axis=1,
    )
    annealed = whole["annealed_best_response"].runs
    return {
        "seeds": np.array(seeds),
        "games": np.array(games),
        "stages": np.array(len(learner.stages(annealed[0].state))),
        "dissimilarity": np.stack([_dissimilarity(learner, annealed[:k]) for k in games], axis=1),
        **means,
    }


def moving(
    base_kind: str,
    kinds: Sequence[str],
    options: Mapping[str, Any],
    perturbation: float,
    games: int,
    iterations: int,
    learning_rate: float,
    arms: Sequence[str],
    seeds: Sequence[int],
    root_seed: int,
) -> Arrays:
    """Gaps at T of meta-updates on sequences that move, and what learned weights pay beside the best average.

    Returns
    -------
    dict of arrays
        ``seeds``; for each arm its gaps, (kinds, seeds, K), in units of reward; ``excess`` (kinds, seeds), of
        ``learned_by_row``: the largest over rows of its divergences from all targets less those of the best of its
        averages, in nats; ``averages``, their number, the uniform policy among them.
    """
    lead = (len(kinds), len(seeds))
    found = {"excess": np.empty(lead), **{arm: np.empty((*lead, games)) for arm in arms}}
    averages, learner = 0, OptimisticMirrorDescent(learning_rate)
    for i, kind in enumerate(kinds):
        sequences = _sequences(
            "moving", kind, (root_seed, "updates", "moving", base_kind), seeds, games, perturbation=perturbation,
            base_kind=base_kind, **options,
        )  # fmt: skip
        for arm in arms:
            found[arm][i] = _last(learn_sequence(sequences, learner, arm, iterations, at=[iterations]), "ne_gap")
        by_row = learn_sequence(sequences, learner, "learned_by_row", iterations, at=[iterations])
        found["excess"][i], averages = _excess(learner, by_row.runs)
    return {"seeds": np.array(seeds), "averages": np.array(averages), **found}


def _excess(learner: Any, runs: Sequence[Run[Any]]) -> tuple[Floats, int]:
    """Largest excess over rows of the mixture over its best average, (seeds,), and the number of averages."""
    update: Any = META_UPDATES["learned_by_row"](len(runs))
    count = len(update.experts) + 1
    paid: dict[tuple[int, int], Floats] = {}  # by player and start, 0 being the mixture
    for run in runs:
        targets = update.experts[0].target(learner, run)
        starts = [update.initial(), *(expert.initial() for expert in update.experts), None]
        for (j, start), (player, target) in itertools.product(enumerate(starts), enumerate(targets)):
            policy = uniform(*target.shape) if start is None else start[player]
            cost = kl_divergence(target, policy)
            paid[player, j] = paid[player, j] + cost if (player, j) in paid else cost
        update = update.observe(learner, run)
    worst = np.full(len(runs[0].state.eta), -math.inf)
    for player in range(len(runs[0].state.initial)):
        best = np.stack([paid[player, j + 1] for j in range(count)]).min(axis=0)
        worst = np.maximum(worst, (paid[player, 0] - best).max(axis=(1, 2, 3)))
    return worst, count
