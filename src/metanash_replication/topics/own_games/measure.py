"""Games of the user's own: the learner that plays them, with every meta-update that serves it.

====================== ==============================================
games                  learner
====================== ==============================================
``ZeroSumGame``        ``optimistic_mirror_descent`` (Algorithm 1)
``MarkovGame``         ``correlated_mirror_descent`` (Algorithm 2)
``DiscountedGame``     ``projected_q_ascent``
====================== ==============================================

A file of one game is learned individually; the games of a longer one are a sequence, for meta-learning. An extensive
game that is no Markov game is learned by predictive regret matching+ (PCFR+) on its tree.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash.correlated import CorrelatedPolicy, cce_gain_bounds, cce_gains_or_bounds
from metanash.extensive import PredictiveCFR, Tree, from_tree
from metanash.extensive import ne_gains as tree_gains
from metanash.extensive import values as tree_values
from metanash.gambit import Units
from metanash.games import DiscountedGame, Game, GameBatch, MarkovGame, ZeroSumGame, check_games
from metanash.gaps import from_start, ne_gains_of, values
from metanash.learners import LEARNERS, checkpoints
from metanash.learners.base import Run
from metanash.meta import learn_sequence
from metanash.solution.files import Loaded, LoadedStochastic, LoadedTree
from metanash.solution.result import at_sets
from metanash.solution.trees import solve_tree
from metanash.typing import Floats
from metanash_replication.records import GAPS

__all__ = ["LEARNER_OF", "learn_own", "learn_own_games", "learn_own_tree"]


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
    played = []
    for arm in arms:
        sequence = learn_sequence(
            batches, learner, arm, iterations, at=grid, probe=lambda batch: partial(_gains, batch)
        )
        played.append(sequence.runs)
    measure = _measure([run for runs in played for run in runs])
    found: dict[str, list[Any]] = {}
    for runs in played:
        gain = np.stack([run.probes["told" if measure == "cce_gap_bound" else "gain"][0] for run in runs])
        correlated = measure.startswith("cce")
        gap = gain.max(axis=-1) if correlated else np.stack([run.measures[measure][0] for run in runs])
        for key, array in {"gap": gap, "gain": gain, **_outcome(batches, learner, runs, units)}.items():
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


def learn_own(
    read: Loaded | LoadedTree | LoadedStochastic, zero_sum: bool | None, **how: Any
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """:func:`learn_own_games` or :func:`learn_own_tree` of what a file holds, by the arguments of the first.

    Raises
    ------
    ValueError
        As these, or if it is a stochastic game, which is not learned, or rewards do not tell its payoffs apart.
    """
    if isinstance(read, Loaded):
        read.check_rewards("learning")
        return learn_own_games(read.games, read.units, **how)
    if isinstance(read, LoadedStochastic):
        raise ValueError(f"{read.path} is a stochastic game of general sum, which is not learned; metanash solve does")
    del how["learning_rates"]  # which PCFR+ has none of
    return learn_own_tree(read.tree, zero_sum=zero_sum, **how)


def learn_own_tree(
    tree: Tree, *, iterations: int, n_checkpoints: int, zero_sum: bool | None = None
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Learn an extensive game with perfect recall by PCFR+, and solve it where that can be done.

    Parameters
    ----------
    tree : Tree
    iterations, n_checkpoints : int
        As in :func:`learn_own_games`.
    zero_sum : bool, optional
        As in :func:`metanash.solution.trees.solve_tree`.

    Returns
    -------
    spec : dict
        As :func:`learn_own_games` has it, without a learning rate and with the range of each player's payoffs as
        ``scale``; ``sets``, for each player a list of its information sets, each with the names of its actions;
        ``solved``, payoffs of an equilibrium, its gap and the method, or the reason why there is none.
    arrays : dict
        As there, with ``policy_{i}`` (1, 1, S_i - 1), the average strategies by sequences.

    Raises
    ------
    ValueError
        If a player forgets what it has done, or a number is out of range.
    """
    game, learner = from_tree(tree), PredictiveCFR()
    grid, state = checkpoints(iterations, n_checkpoints), learner.start(game)
    gains = []
    for t in grid.tolist():
        state = learner.advance(game, state, t - state.iteration)
        gains.append(tree_gains(game, learner.output(game, state)))
    average = learner.output(game, state)
    gain = np.maximum(np.stack(gains), 0.0) / game.spread
    spec = {
        "learner": "predictive_cfr",
        "learning_rate": None,
        "measure": "ne_gap",
        "arms": ["individual"],
        "names": [game.name],
        "scale": game.spread.tolist(),
        "sets": [
            [[name, *actions] for name, actions, _ in at_sets(*of)] for of in zip(game.players, average, strict=True)
        ],
        "solved": _solved(tree, zero_sum),
    }
    arrays = {
        "checkpoints": grid,
        "gap": gain.max(axis=-1)[np.newaxis, np.newaxis],
        "gain": gain[np.newaxis, np.newaxis],
        "payoff": tree_values(game, average)[np.newaxis, np.newaxis],
    }
    return spec, arrays | {f"policy_{i}": part[np.newaxis, np.newaxis, 1:] for i, part in enumerate(average)}


def _solved(tree: Tree, zero_sum: bool | None) -> dict[str, Any]:
    """Payoffs of an equilibrium, its gap and how it was found; or why there is none."""
    try:
        found = solve_tree(tree, zero_sum=zero_sum)
    except (ValueError, ArithmeticError) as error:
        return {"reason": str(error)}
    payoffs = tree_values(from_tree(tree), found.policies)
    return {"payoffs": payoffs.tolist(), "gap": found.gap, "method": found.method}


def _gains(games: GameBatch[Any], learner: Any, state: Any) -> dict[str, Floats]:
    """Gain of each player that leaves the learner's output, (G, N); of a correlated one also if it is told the stage.

    Of a correlated output ``exact`` is the number of players in whose ``gain`` nothing is told.
    """
    policy = learner.output(state)
    if not isinstance(policy, CorrelatedPolicy):
        return {"gain": ne_gains_of(games, policy)}
    found = cce_gains_or_bounds(games, policy)
    return {"gain": found.gains, "told": cce_gain_bounds(games, policy), "exact": found.exact.sum(axis=1)}


def _measure(runs: Sequence[Run[Any]]) -> str:
    """Name of the gap: that of a deviator who is told the stage only where the CCE-gap takes too much somewhere."""
    if "exact" not in runs[0].probes:
        return next(name for name in GAPS if name in runs[0].measures)
    exact = all((run.probes["exact"] == run.probes["gain"].shape[-1]).all() for run in runs)
    return "cce_gap" if exact else "cce_gap_bound"


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
