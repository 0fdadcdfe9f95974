"""River endgames as trees: meta-initialised and individually initialised learning. Arrays only."""

from collections.abc import Sequence

import numpy as np

from metanash.learners import checkpoints
from metanash.river import RiverCFR, RiverEndgame, learn_endgames, river_sequence
from metanash.river.sequences import Order
from metanash.typing import Arrays, Floats

__all__ = ["ARMS", "endgames"]

ARMS = {"individual": None, "individual_at_rate": None, "best_response": "best_response", "output_policy": "average"}
"""Arms, and what a finished endgame recommends to the next. The first learns as published, the others with a rate."""


def endgames(
    base_kind: Order,
    seeds: Sequence[int],
    root_seed: int,
    *,
    games: int,
    perturbation: float,
    n_hands: int,
    pot: float,
    stack: float,
    sizes: Sequence[float],
    raises: int,
    rate_per_hand: float,
    alpha: float,
    iterations: int,
    n_checkpoints: int,
) -> Arrays:
    """Learn each endgame of a sequence by predictive regret matching+, from scratch and from the endgames before.

    Parameters
    ----------
    base_kind : {"random", "sorted", "alternating"}
        Order of the endgames, which are the same in all three.
    games, perturbation, n_hands, pot, stack, sizes, raises
        Of :func:`metanash.river.river_sequence`; ``games`` is its ``n_games``, K.
    rate_per_hand : float
        Learning rate over ``n_hands``, of all arms but ``individual``, whose regrets begin at 0.
    alpha : float
        Share of the uniform strategy in initial strategies.

    Returns
    -------
    dict of arrays
        ``seeds``; ``checkpoints`` (C,); ``sets``, the number of betting nodes; for each of :data:`ARMS` the
        exploitability of the average strategies in pots, (seeds, K, C).
    """
    grid = checkpoints(iterations, n_checkpoints)
    found: dict[str, list[Floats]] = {arm: [] for arm in ARMS}
    sets = 0
    for seed in seeds:
        sequence = river_sequence(
            base_kind, root_seed, "river trees", seed, n_games=games, perturbation=perturbation, n_hands=n_hands,
            pot=pot, stack=stack, sizes=sizes, raises=raises,
        )  # fmt: skip
        sets = sequence[0].betting.n_sets
        for arm in ARMS:
            rate = None if arm == "individual" else rate_per_hand * n_hands
            learner = RiverCFR(learning_rate=rate, measure_last=False)
            found[arm].append(_gaps(sequence, arm, learner, alpha, grid.tolist()))
    gaps = {arm: np.stack(parts) for arm, parts in found.items()}
    return {"seeds": np.array(seeds), "checkpoints": grid, "sets": np.array(sets), **gaps}


def _gaps(sequence: Sequence[RiverEndgame], arm: str, learner: RiverCFR, alpha: float, at: Sequence[int]) -> Floats:
    """Exploitability (K, C) of an arm."""
    runs = learn_endgames(sequence, learner, at[-1], target=ARMS[arm], alpha=alpha, at=at)
    return np.stack([run.measures["exploitability"] for run in runs])
