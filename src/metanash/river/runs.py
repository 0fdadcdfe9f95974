"""The loop that runs the learner on an endgame and measures it, and what the next endgame may start from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy.typing as npt

from metanash._inner.runs import grid_of, measured_run, mixed_means
from metanash._inner.views import View, Viewed
from metanash.river.endgames import RiverEndgame, check_endgame
from metanash.river.gaps import best_responses
from metanash.river.learners import RiverCFR, RiverState
from metanash.typing import Floats, Integers, Policies

__all__ = ["TARGETS", "RiverRun", "learn_endgames", "learn_river", "mean_strategies"]


@dataclass(frozen=True, eq=False)
class RiverRun(Viewed):
    """A finished run of the learner.

    Attributes
    ----------
    checkpoints : (C,) array of int64
        Iterations at which it was measured.
    measures : dict from str to (C,) array
        Gaps there, by the names of :meth:`RiverCFR.measure`.
    average, last : tuple of (S_i, n_i) arrays
        Average and last strategies.
    state : RiverState
        Final state of the learner.

    Examples
    --------
    >>> from metanash.river import river_endgame
    >>> endgame = river_endgame("2c3d5h8s9c", [{"KhKd": 1}, {"AhAd": 1}], pot=10.0, stacks=(5, 5), sizes=(), raises=1)
    >>> run = learn_river(endgame, RiverCFR(), 20, at=[10, 20])
    >>> run.checkpoints.tolist(), sorted(run.measures)[:1], [part.shape for part in run.average]
    ([10, 20], ['exploitability'], [(5, 1), (5, 1)])
    """

    checkpoints: Integers
    measures: Mapping[str, Floats]
    average: Policies
    last: Policies
    state: RiverState

    def _view(self) -> View:
        axes = ("sequence", "hand")
        return View(
            ("game",), self.checkpoints, self.measures, {"average": (axes, self.average), "last": (axes, self.last)}
        )


def learn_river(
    endgame: RiverEndgame,
    learner: RiverCFR,
    iterations: int,
    *,
    at: Sequence[int] | Integers | None = None,
    initial: Sequence[npt.ArrayLike] | None = None,
) -> RiverRun:
    """Run the learner on an endgame, and measure it at checkpoints.

    Parameters
    ----------
    endgame : RiverEndgame
    learner : RiverCFR
    iterations : int
        T.
    at : increasing ints, optional
        Checkpoints, the last of which is T. Default: 60 log-spaced ones.
    initial : two (S_i, n_i) arrays, optional
        Initial strategies. Default: uniform.

    Raises
    ------
    ValueError
        If an argument is out of range, or an initial strategy is none.
    ArithmeticError
        If a gap is not finite.

    Examples
    --------
    >>> from metanash.river import river_endgame
    >>> endgame = river_endgame("Kh9s8d4c2h", [{"AsAc": 1, "7c6c": 1}, {"KsQs": 1, "QcQd": 2}])
    >>> run = learn_river(endgame, RiverCFR(), 200, at=[1, 200])
    >>> sorted(run.measures), bool(run.measures["exploitability"][-1] < 1e-3)
    (['exploitability', 'last_exploitability', 'last_ne_gap', 'ne_gap'], True)
    """
    check_endgame("learn_river", endgame)
    grid, remedy = grid_of(iterations, at), "weights may be too far apart"
    state, measures = measured_run(learner, endgame, learner.start(endgame, initial), grid, remedy)
    return RiverRun(
        checkpoints=grid,
        measures=measures,
        average=learner.output(endgame, state),
        last=state.strategy,
        state=state,
    )


def mean_strategies(
    endgame: RiverEndgame, strategies: Sequence[Sequence[npt.ArrayLike]], alpha: float = 0.0
) -> Policies:
    """Strategies to start the next endgame from: at each information set the mean of those of the endgames before.

    The meta-update (5) of Mao et al. (2023) with information sets in the place of states: (1 - alpha) times the mean,
    plus alpha times the uniform strategy.

    Parameters
    ----------
    endgame : RiverEndgame
        Any of them: their hands and the shape of their betting trees are the same.
    strategies : sequence of profiles
        For each endgame two (S_i, n_i) arrays.
    alpha : float
        In [0, 1].

    Raises
    ------
    ValueError
        If there is no endgame, a strategy is none, or alpha is out of range.

    Examples
    --------
    >>> from metanash.river import river_endgame
    >>> endgame = river_endgame("2c3d5h8s9c", [{"KhKd": 1}, {"AhAd": 1}], stacks=(5, 5), sizes=(), raises=1)
    >>> checks, bets = ([[1], [a], [1 - a], [1], [0]] for a in (1, 0))
    >>> calls = [[1], [1], [0], [0], [1]]
    >>> mean_strategies(endgame, [(checks, calls), (bets, calls)], alpha=0.5)[0].ravel().tolist()
    [1.0, 0.5, 0.5, 0.75, 0.25]
    """
    check_endgame("mean_strategies", endgame)
    return mixed_means(endgame, strategies, endgame.uniform(), alpha, "endgame")


TARGETS: dict[str, Callable[[RiverEndgame, RiverRun], Policies]] = {
    "best_response": lambda endgame, run: best_responses(endgame, run.average),
    "average": lambda _, run: run.average,
}
"""What a finished endgame recommends: best responses to the other's average strategy, or the average strategies."""


def learn_endgames(
    endgames: Sequence[RiverEndgame],
    learner: RiverCFR,
    iterations: int,
    *,
    target: str | None,
    alpha: float = 0.1,
    at: Sequence[int] | Integers | None = None,
) -> list[RiverRun]:
    """Learn endgames one after the other, each from what those before it recommend.

    Parameters
    ----------
    endgames : sequence of RiverEndgame
        With the same hands and one shape of betting tree.
    learner : RiverCFR
        A ``learning_rate`` lets initial strategies count for more than the first iteration.
    iterations : int
        T, in each.
    target : {"best_response", "average"} or None
        Of which :func:`mean_strategies` are taken (:data:`TARGETS`). None: every endgame starts uniform.
    alpha : float
        Share of the uniform strategy in initial strategies.
    at : increasing ints, optional
        As of :func:`learn_river`.

    Raises
    ------
    ValueError
        If an argument is out of range, or an endgame differs from the first in hands or in the shape of its tree.

    Examples
    --------
    >>> from metanash.river import river_sequence
    >>> endgames = river_sequence("sorted", 0, "docs", n_games=2, perturbation=0.1, n_hands=10)
    >>> runs = learn_endgames(endgames, RiverCFR(), 50, target="average")
    >>> len(runs), runs[1].measures["ne_gap"].shape
    (2, (33,))
    """
    if target is not None and target not in TARGETS:
        raise ValueError(f"target must be None or one of {', '.join(TARGETS)}, got {target!r}")
    for k, endgame in enumerate(endgames):
        check_endgame(f"learn_endgames, at place {k},", endgame)
        if not _alike(endgames[0], endgame):
            raise ValueError(
                f"endgames of a sequence must have the same hands and one shape of betting tree; endgame {k} differs "
                "from endgame 0: with deeper stacks, or sizes of bets further apart, the same sizes reach the stack"
            )
    runs: list[RiverRun] = []
    total: Policies = ()
    for k, endgame in enumerate(endgames):
        initial = mean_strategies(endgame, [[part / k for part in total]], alpha) if total else None
        runs.append(learn_river(endgame, learner, iterations, at=at, initial=initial))
        if target is not None:
            told = TARGETS[target](endgame, runs[-1])
            total = tuple(sums + part for sums, part in zip(total, told, strict=True)) if total else told
    return runs


def _alike(one: RiverEndgame, other: RiverEndgame) -> bool:
    return one.betting.same_shape(other.betting) and one.hand_names == other.hand_names
