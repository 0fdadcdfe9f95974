"""Learners after the paper on the same kinds of games, a solution concept at a time. Arrays only."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from metanash.families import FAMILIES
from metanash.learners import LEARNERS, checkpoints, learn
from metanash.typing import Arrays
from metanash_replication.topics.successors.promised import PROMISED

__all__ = ["CONCEPTS", "promises", "successors"]

CONCEPTS: dict[str, tuple[str, dict[str, str]]] = {
    "average": (
        "zero_sum",
        {"optimistic_mirror_descent": "ne_gap", "optimistic_ftrl": "ne_gap", "plain_mirror_descent": "ne_gap"},
    ),
    "last": (
        "zero_sum",
        {"optimistic_ftrl": "last_gap", "optimistic_gradient": "ne_gap", "entropy_omwu": "ne_gap"},
    ),
    "cce": (
        "general_sum",
        {
            "correlated_mirror_descent": "cce_gap_bound",
            "cautious_omwu": "cce_gap",
            "staged_cautious_omwu": "cce_gap_bound",
        },
    ),
    "ce": ("general_sum", {"log_barrier_ftrl": "ce_gap_bound"}),
    "potential": (
        "potential",
        {"projected_q_ascent": "ne_gap", "softmax_gradient": "ne_gap", "natural_gradient": "ne_gap"},
    ),
}
"""Solution concepts: a family of games, and its learners with the measure that is about the concept.

Bounds of gaps are those of a deviator who is told the stage, or the iteration: what the theorems control, and the gaps
themselves for learners without stages and H = 1.
"""


def successors(
    concept: str,
    base_kind: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    n_actions: Sequence[int],
    n_states: int,
    perturbation: float,
    rates: Mapping[str, float],
    iterations: int,
    n_checkpoints: int,
    **sizes: Any,
) -> Arrays:
    """Gaps of the learners of a solution concept, on one game a seed.

    Parameters
    ----------
    concept : str
        Key of :data:`CONCEPTS`.
    base_kind, n_actions, n_states, perturbation
        Of the family; ``sizes`` are its others: ``horizon`` or ``discount``.
    rates : mapping from str to float
        Learners of the concept, with their learning rates.

    Returns
    -------
    dict of arrays
        ``seeds``; ``checkpoints`` (C,); for each learner of ``rates`` its gaps, (seeds, C), in units of reward.

    Raises
    ------
    ValueError
        If a learner is none of the concept.
    """
    family, measures = CONCEPTS[concept]
    if unknown := sorted(set(rates) - set(measures)):
        raise ValueError(f"learners of the concept {concept} are {sorted(measures)}, got {unknown}")
    games: list[Any] = []
    for seed in seeds:
        games += FAMILIES[family](
            base_kind, root_seed, "successors", seed, n_games=1, perturbation=perturbation, n_states=n_states,
            n_actions=n_actions, **sizes,
        )  # fmt: skip
    grid = checkpoints(iterations, n_checkpoints)
    found = {
        name: learn(games, LEARNERS[name](rate), iterations, at=grid).measures[measures[name]]
        for name, rate in rates.items()
    }
    return {"seeds": np.array(seeds), "checkpoints": grid, **found}


def promises(
    promise: str,
    base_kind: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    n_actions: Sequence[int],
    n_states: int,
    perturbation: float,
    factors: Sequence[float],
    iterations: int,
    n_checkpoints: int,
    **sizes: Any,
) -> Arrays:
    """Both sides of a promise that has a constant, on one game a seed.

    Parameters
    ----------
    promise : str
        Key of :data:`metanash_replication.topics.successors.promised.PROMISED`.
    base_kind, n_actions, n_states, perturbation
        Of the family; ``sizes`` are its others: ``horizon`` or ``discount``.
    factors : sequence of float
        Learning rates over that of the proof.

    Returns
    -------
    dict of arrays
        ``seeds``; ``checkpoints`` (C,); ``left`` and ``right`` (factors, seeds, C), in units of the promise; ``rates``
        (factors, seeds), the learning rates, of mirror descent that of the longest run.
    """
    one = PROMISED[promise]
    games: list[Any] = []
    for seed in seeds:
        games += FAMILIES[one.family](
            base_kind, root_seed, "promises", seed, n_games=1, perturbation=perturbation, n_states=n_states,
            n_actions=n_actions, **sizes,
        )  # fmt: skip
    grid = checkpoints(iterations, n_checkpoints)
    found = [one.sides(games, factor, grid) for factor in factors]
    return {
        "seeds": np.array(seeds),
        "checkpoints": grid,
        "left": np.stack([sides.left for sides in found]),
        "right": np.stack([sides.right for sides in found]),
        "rates": np.stack([sides.rates for sides in found]),
    }
