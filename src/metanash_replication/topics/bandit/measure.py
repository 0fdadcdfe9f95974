"""Learning with bandit feedback beside full information, one game at a time and in sequences. Arrays only."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from metanash import learners
from metanash.families import FAMILIES
from metanash.games import GameBatch
from metanash.learners import LEARNERS, checkpoints, learn
from metanash.meta import META_UPDATES, learn_sequence
from metanash.typing import Arrays

__all__ = ["CONCEPTS", "FEEDBACK", "bandit", "bandit_sequences"]

CONCEPTS: dict[str, tuple[str, dict[str, str]]] = {
    "nash": (
        "zero_sum",
        {"v_learning": "ne_gap_bound", "sampled_mirror_descent": "ne_gap", "optimistic_mirror_descent": "ne_gap"},
    ),
    "cce": (
        "general_sum",
        {
            "v_learning": "cce_gap_bound",
            "sampled_correlated_descent": "cce_gap_bound",
            "correlated_mirror_descent": "cce_gap_bound",
        },
    ),
    "ce": ("general_sum", {"swap_v_learning": "ce_gap_bound"}),
    "potential": ("potential", {"sampled_q_ascent": "ne_gap", "projected_q_ascent": "ne_gap"}),
}
"""Solution concepts: a family of games, and its learners with the measure that is about the concept."""
FEEDBACK = ("sampled", "full")
_EPISODIC: dict[str, Any] = {"v_learning": learners.VLearning, "swap_v_learning": learners.SwapVLearning}
"""Learners that learn in every episode."""


def _learner(name: str, rate: float, seeds: Sequence[int], batch: int, exploration: float) -> Any:
    if name in _EPISODIC:
        return _EPISODIC[name](rate, seed=seeds)
    kinds: dict[str, Any] = {
        "sampled_mirror_descent": learners.SampledMirrorDescent,
        "sampled_correlated_descent": learners.SampledCorrelatedDescent,
        "sampled_q_ascent": learners.SampledQAscent,
    }
    if name in kinds:
        return kinds[name](rate, batch=batch, exploration=exploration, seed=seeds)
    return LEARNERS[name](rate)


def bandit(
    concept: str,
    base_kind: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    n_actions: Sequence[int],
    n_states: int,
    perturbation: float,
    rates: Mapping[str, float],
    episodes: int,
    batch: int,
    exploration: float,
    n_checkpoints: int,
    **sizes: Any,
) -> Arrays:
    """Exact gaps of the learners of a solution concept, on one game a seed, against episodes.

    Parameters
    ----------
    concept : str
        Key of :data:`CONCEPTS`.
    base_kind, n_actions, n_states, perturbation
        Of the family; ``sizes`` are its others: ``horizon`` or ``discount``.
    rates : mapping from str to float
        Learners of the concept, with their learning rates.
    episodes, batch : int
        Episodes in all, and of an iteration; V-learning learns in every episode.
    exploration : float
        Of those that play ``batch`` episodes an iteration.

    Returns
    -------
    dict of arrays
        ``seeds``; ``episodes`` (C,), multiples of ``batch``; for each learner of ``rates`` its gaps, (seeds, C), in
        units of reward. A learner with full information has done episodes / ``batch`` iterations there.

    Raises
    ------
    ValueError
        If a learner is none of the concept, or there are not episodes enough for an iteration.
    """
    family, measures = CONCEPTS[concept]
    if unknown := sorted(set(rates) - set(measures)):
        raise ValueError(f"learners of the concept {concept} are {sorted(measures)}, got {unknown}")
    if episodes < batch:
        raise ValueError(f"episodes must be at least those of an iteration, {batch}; got {episodes}")
    games: list[Any] = []
    for seed in seeds:
        games += FAMILIES[family](
            base_kind, root_seed, "bandit", seed, n_games=1, perturbation=perturbation, n_states=n_states,
            n_actions=n_actions, **sizes,
        )  # fmt: skip
    grid = checkpoints(episodes // batch, n_checkpoints)
    found: Arrays = {}
    for name, rate in rates.items():
        at = grid * batch if name in _EPISODIC else grid
        run = learn(games, _learner(name, rate, seeds, batch, exploration), int(at[-1]), at=at)
        found[name] = run.measures[measures[name]]
    return {"seeds": np.array(seeds), "episodes": grid * batch, **found}


def bandit_sequences(
    base_kind: str,
    games: int,
    seeds: Sequence[int],
    root_seed: int,
    *,
    arms: Sequence[str],
    n_actions: Sequence[int],
    n_states: int,
    horizon: int,
    perturbation: float,
    learning_rate: float,
    iterations: int,
    batch: int,
    exploration: float,
    n_checkpoints: int,
) -> Arrays:
    """NE-gaps of Algorithm 1 on sequences of zero-sum games, on sampled episodes and with full information.

    Parameters
    ----------
    games : int
        K.
    arms : sequence of str
        Meta-updates, of :data:`metanash.meta.META_UPDATES`.
    batch, exploration
        Episodes of an iteration, and the chance of a uniform action, on sampled episodes.

    Returns
    -------
    dict of arrays
        ``seeds``; ``iterations`` (C,); ``sampled_ARM`` and ``full_ARM`` for each arm: (seeds, C), the mean over the
        games after the first.
    """
    drawn = [
        FAMILIES["zero_sum"](
            base_kind, root_seed, "bandit sequences", seed, n_games=games, perturbation=perturbation, n_states=n_states,
            n_actions=n_actions, horizon=horizon,
        )
        for seed in seeds
    ]  # fmt: skip
    batches = [GameBatch.of([sequence[k] for sequence in drawn]) for k in range(games)]
    grid = checkpoints(iterations, n_checkpoints)
    found: Arrays = {"seeds": np.array(seeds), "iterations": grid}
    of: dict[str, Any] = {
        "sampled": learners.SampledMirrorDescent(
            learning_rate, batch=batch, exploration=exploration, seed=np.array(seeds)
        ),
        "full": learners.OptimisticMirrorDescent(learning_rate),
    }
    for feedback in FEEDBACK:
        for arm in arms:
            run: Any = learn_sequence(batches, of[feedback], META_UPDATES[arm](games), iterations, at=grid)
            found[f"{feedback}_{arm}"] = run.ne_gap[:, 1:].mean(axis=1)
    return found
