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
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash.correlated import CorrelatedPolicy, cce_gain_bounds, cce_gains
from metanash.gambit import Units
from metanash.games import DiscountedGame, Game, GameBatch, MarkovGame, ZeroSumGame, check_games
from metanash.gaps import from_start, ne_gains_of, values
from metanash.learners import LEARNERS, checkpoints, learn
from metanash.learners.base import Run
from metanash.meta import META_UPDATES
from metanash.typing import Floats
from metanash_replication.records import GAPS

__all__ = ["LEARNER_OF", "learn_own_games"]


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

    Takes a list of games of any class; raises ValueError for anything else.

    Parameters
    ----------
    games : sequence of K games
        Of one class and size.
    units : Units
        How values are payoffs, for each player.
    learning_rates : mapping
        One for each learner of ``LEARNER_OF``.
    iterations, n_checkpoints : int
        T, and the number of log-spaced iterations at which the gap is measured.

    Returns
    -------
    spec : dict
        ``learner``, ``learning_rate``, ``measure`` (the name of the gap), ``arms``, ``names`` of the games, ``scale``
        of the units, one for each player.
    arrays : dict
        ``checkpoints`` (C,); ``gap`` (arms, K, C) in units of reward; ``gain`` (arms, K, C, N), what each player can
        gain, in units of its rewards (the gap is the largest, or the sum of the two in a zero-sum game); ``payoff``
        (arms, K, N), the players' payoffs at T; ``policy_{i}`` (arms, K, ...), their policies at T, or parts of a
        correlated one; for correlated policies and H = 1 also ``joint`` (arms, K, S, A_1, ..., A_N).

    Raises
    ------
    ValueError
        If games are of different classes or sizes, the units are of another number of players, or a number is out of
        range.
    """
    check_games("learn_own_games", games)
    batches = [GameBatch((game,)) for game in GameBatch(tuple(games)).games]
    if len(units.scale) != games[0].n_players:
        raise ValueError(f"units must be those of {games[0].n_players} players, got {len(units.scale)}")
    name = LEARNER_OF[type(games[0])]
    arms = _ARMS[name] if len(batches) > 1 else ("individual",)
    learner = LEARNERS[name](learning_rates[name])
    grid = checkpoints(iterations, n_checkpoints)
    found: dict[str, list[Any]] = {}
    for arm in arms:
        update, runs = META_UPDATES[arm](len(batches)), list[Run[Any]]()
        for batch in batches:
            follow = partial(_gains, batch)
            runs.append(learn(batch, learner, iterations, at=grid, initial=update.initial(), probe=follow))
            update = update.observe(learner, runs[-1])
        measure = "cce_gap" if "cce_gap" in runs[0].measures else next(g for g in GAPS if g in runs[0].measures)
        found.setdefault("gap", []).append(np.stack([run.measures[measure][0] for run in runs]))
        gain = [[run.probes[str(i)][0] for i in range(batches[0].game.n_players)] for run in runs]
        found.setdefault("gain", []).append(np.moveaxis(np.array(gain), 1, 2))
        for key, array in _outcome(batches, learner, runs, units).items():
            found.setdefault(key, []).append(array)
    spec = {
        "learner": name,
        "learning_rate": learning_rates[name],
        "measure": measure,
        "arms": list(arms),
        "names": [game.name for game in games],
        "scale": list(units.scale),
    }
    return spec, {"checkpoints": grid, **{key: np.stack(arrays) for key, arrays in found.items()}}


def _gains(games: GameBatch[Any], learner: Any, state: Any) -> dict[str, Floats]:
    """Gains of each player by leaving the learner's output, by its number."""
    policy = learner.output(state)
    if isinstance(policy, CorrelatedPolicy):
        gains = (cce_gains if games.game.horizon == 1 else cce_gain_bounds)(games, policy)
    else:
        gains = ne_gains_of(games, policy)
    return {str(i): gain for i, gain in enumerate(gains.T)}


def _outcome(
    batches: Sequence[GameBatch[Any]], learner: Any, runs: Sequence[Run[Any]], units: Units
) -> dict[str, npt.NDArray[Any]]:
    """Payoffs and policies at T, the games as first axis."""
    payoffs, policies, joints = [], [], []
    for games, run in zip(batches, runs, strict=True):
        if isinstance(run.policy, CorrelatedPolicy):
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
