"""The loop that runs a learner of extensive games and measures it, and what the next game may start from."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy.typing as npt

from metanash._inner.runs import grid_of, measured_run, mixed_means
from metanash._inner.views import View, Viewed
from metanash.extensive.games import ExtensiveGame, check_extensive
from metanash.extensive.learners import ExtensiveLearner, ExtensiveState, goes_together
from metanash.typing import Floats, Integers, Policies

__all__ = ["ExtensiveRun", "learn_extensive", "mean_strategies"]

_ENTRIES_TOGETHER = 1 << 16
"""Probabilities, at most, that are kept of several checkpoints to be measured in one call."""


@dataclass(frozen=True, eq=False)
class ExtensiveRun(Viewed):
    """A finished run of a learner.

    Attributes
    ----------
    checkpoints : (C,) array of int64
        Iterations at which it was measured.
    measures : dict from str to (..., C) array
        Gaps there, in payoffs: ``ne_gap`` of the average strategies, ``last_ne_gap`` of the last ones, and ``cce_gap``
        of all that was played, where players move at once.
    average, last : tuple of (..., S_i) arrays
        Average and last behaviour strategies.
    state : ExtensiveState
        Final state of the learner.

    Examples
    --------
    >>> from metanash.extensive import PredictiveCFR, Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> run = learn_extensive(game, PredictiveCFR(), 100, at=[10, 100])
    >>> run.checkpoints.tolist(), run.average[0].shape, run.measures["ne_gap"].shape
    ([10, 100], (3,), (2,))
    """

    checkpoints: Integers
    measures: Mapping[str, Floats]
    average: Policies
    last: Policies
    state: ExtensiveState

    def _view(self) -> View:
        batch = next(iter(self.measures.values())).ndim - 1
        axes = ("game",) if batch < 2 else tuple(f"game_{k}" for k in range(batch))
        profiles = {"average": (("sequence",), self.average), "last": (("sequence",), self.last)}
        return View(axes, self.checkpoints, self.measures, profiles)


def learn_extensive(
    game: ExtensiveGame,
    learner: ExtensiveLearner,
    iterations: int,
    *,
    at: Sequence[int] | Integers | None = None,
    initial: Sequence[npt.ArrayLike] | None = None,
) -> ExtensiveRun:
    """Run a learner on a game, or on each game of a batch, and measure it at checkpoints.

    Parameters
    ----------
    game : ExtensiveGame
    learner : ExtensiveLearner
        :class:`~metanash.extensive.PredictiveCFR` or :class:`~metanash.extensive.DilatedMirrorDescent`.
    iterations : int
        T.
    at : increasing ints, optional
        Checkpoints, the last of which is T. Default: 60 log-spaced ones.
    initial : sequence of (S_i,) or (..., S_i) arrays, optional
        Initial behaviour strategies. Default: uniform.

    Raises
    ------
    ValueError
        If an argument is out of range, or an initial strategy is none.
    ArithmeticError
        If a gap is not finite.

    Examples
    --------
    >>> from metanash.extensive import PredictiveCFR, Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[2, 0, 0, 1], [1, 0, 0, 2]], np.ones(4))
    >>> run = learn_extensive(game, PredictiveCFR(alternating=False), 50, at=[1, 50])
    >>> sorted(run.measures), run.measures["ne_gap"].shape
    (['cce_gap', 'last_ne_gap', 'ne_gap'], (2,))
    """
    check_extensive("learn_extensive", game)
    grid, remedy = grid_of(iterations, at), "a smaller learning rate may help"
    entries = math.prod(game.batch_shape) * game.flat.arguments["columns"]
    together = max(1, _ENTRIES_TOGETHER // max(entries, 1)) if goes_together(learner) else None
    state, measures = measured_run(learner, game, learner.start(game, initial), grid, remedy, together)
    return ExtensiveRun(
        checkpoints=grid,
        measures=measures,
        average=learner.output(game, state),
        last=state.strategy,
        state=state,
    )


def mean_strategies(game: ExtensiveGame, strategies: Sequence[Sequence[npt.ArrayLike]], alpha: float = 0.0) -> Policies:
    """Strategies to start the next game from: at each information set the mean of those of the games before.

    The meta-update (5) of Mao et al. (2023) with information sets in the place of states: (1 - alpha) times the mean,
    plus alpha times the uniform strategy, which keeps all probabilities above 0. The games have one tree shape; what
    they recommend may be best responses (:func:`metanash.extensive.best_responses`) or averages.

    Parameters
    ----------
    game : ExtensiveGame
        Any of them.
    strategies : sequence of profiles
        For each game one (..., S_i) array for each player.
    alpha : float
        In [0, 1].

    Raises
    ------
    ValueError
        If there is no game, a strategy is none, or alpha is out of range.

    Examples
    --------
    >>> from metanash.extensive import Treeplex
    >>> game = ExtensiveGame((Treeplex([0], [2]),), [[1, 2]], [[0, 1]], [1, 1])
    >>> mean_strategies(game, [([1, 0, 1],), ([1, 0.5, 0.5],)], alpha=0.5)[0].tolist()
    [1.0, 0.375, 0.625]
    """
    check_extensive("mean_strategies", game)
    return mixed_means(game, strategies, [plex.uniform() for plex in game.players], alpha, "game")
