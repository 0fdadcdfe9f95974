"""Games of the user's own: the learner that plays them, with every meta-update that serves it.

====================== ==============================================
games                  learner
====================== ==============================================
``ZeroSumGame``        ``optimistic_mirror_descent`` (Algorithm 1)
``MarkovGame``         ``correlated_mirror_descent`` (Algorithm 2)
``DiscountedGame``     ``projected_q_ascent``
====================== ==============================================

A file of one game is learned individually; the games of a longer one are a sequence, for meta-learning.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash.gambit import Units
from metanash.games import DiscountedGame, Game, GameBatch, MarkovGame, ZeroSumGame
from metanash.gaps import from_start, values
from metanash.learners import LEARNERS, CorrelatedMirrorDescent, checkpoints
from metanash.meta import META_UPDATES, SequenceRun, learn_sequence
from metanash.records import GAPS

__all__ = ["LEARNER_OF", "learn_own_games"]

Floats = npt.NDArray[np.float64]

LEARNER_OF: dict[type[Game], str] = {
    ZeroSumGame: "optimistic_mirror_descent",
    MarkovGame: "correlated_mirror_descent",
    DiscountedGame: "projected_q_ascent",
}
"""Key of :data:`metanash.learners.LEARNERS` for each class of games."""

_STAGED = ("individual", "best_response", "stage_average", "output_policy")
_ARMS: dict[str, tuple[str, ...]] = {
    "optimistic_mirror_descent": _STAGED,
    "correlated_mirror_descent": _STAGED,
    "projected_q_ascent": ("individual", "carry_over"),
}


def learn_own_games(
    games: Sequence[Game], units: Units, *, learning_rates: Mapping[str, float], iterations: int, n_checkpoints: int
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Learn a sequence of K games, each at every checkpoint as near to an equilibrium as its gap says.

    Parameters
    ----------
    games : sequence of K games
        Of one class and size.
    units : Units
        How values are payoffs.
    learning_rates : mapping
        One for each learner of ``LEARNER_OF``.
    iterations, n_checkpoints : int
        T, and the number of log-spaced iterations at which the gap is measured.

    Returns
    -------
    spec : dict
        ``learner``, ``learning_rate``, ``measure`` (the name of the gap), ``arms``, ``names`` of the games, ``scale``
        of the units.
    arrays : dict
        ``checkpoints`` (C,); ``gap`` (arms, K, C) in units of reward; ``payoff`` (arms, K, N), the players' payoffs at
        T; ``policy_{i}`` (arms, K, ...), their policies at T, or parts of a correlated one; for correlated policies
        and H = 1 also ``joint`` (arms, K, S, A_1, ..., A_N).

    Raises
    ------
    ValueError
        If games are of different classes or sizes, or a number is out of range.
    """
    batches = [GameBatch((game,)) for game in GameBatch(tuple(games)).games]
    name = LEARNER_OF[type(games[0])]
    arms = _ARMS[name] if len(batches) > 1 else ("individual",)
    learner = LEARNERS[name](learning_rates[name])
    grid = checkpoints(iterations, n_checkpoints)
    found: dict[str, list[Any]] = {}
    for arm in arms:
        runs = learn_sequence(batches, learner, META_UPDATES[arm](len(batches)), iterations, at=grid)
        measure = (
            "cce_gap" if "cce_gap" in runs.runs[0].measures else next(g for g in GAPS if g in runs.runs[0].measures)
        )
        found.setdefault("gap", []).append(runs.measured(measure)[0])
        for key, array in _outcome(batches, learner, runs, units).items():
            found.setdefault(key, []).append(array)
    spec = {
        "learner": name,
        "learning_rate": learning_rates[name],
        "measure": measure,
        "arms": list(arms),
        "names": [game.name for game in games],
        "scale": units.scale,
    }
    return spec, {"checkpoints": grid, **{key: np.stack(arrays) for key, arrays in found.items()}}


def _outcome(
    batches: Sequence[GameBatch[Any]], learner: Any, runs: SequenceRun[Any], units: Units
) -> dict[str, npt.NDArray[Any]]:
    """Payoffs and policies at T, the games as first axis."""
    correlated = isinstance(learner, CorrelatedMirrorDescent)
    payoffs, policies, joints = [], [], []
    for games, run in zip(batches, runs.runs, strict=True):
        if correlated:
            worth = run.policy.values(games)[0]
            policies.append(learner.average(run.state))
            if games.game.horizon == 1:
                joints.append(run.policy.mixture()[0, 0])
        else:
            policies.append(run.policy)
            worth = [from_start(games, values(games, run.policy, i))[0] for i in range(games.game.n_players)]
        payoffs.append([units.payoff(value, i) for i, value in enumerate(worth)])
    players = range(batches[0].game.n_players)
    found = {f"policy_{i}": np.stack([policy[i][0] for policy in policies]) for i in players}
    return {"payoff": np.array(payoffs), **found} | ({"joint": np.stack(joints)} if joints else {})
