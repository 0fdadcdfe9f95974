"""Meta-updates: the initial policies of the next game, from what was learned on the games before.

A meta-update is frozen; ``observe`` returns the one that has seen one more game, ``initial`` the policies to
start the next game from (None: the learner's default, uniform). Mao et al. 2023, equation (2). Those that average
serve Algorithms 1 and 2 alike, player by player; Theorem 6 takes ``best_response``.

========================= ==================================================================================
``individual``            no knowledge: every game starts uniform
``best_response``         equation (5): average of the best responses in hindsight, alpha-greedy, per stage
``shared_best_response``  the same with one best response to all iterations as target of every stage (our variant)
``stage_average``         the same with each stage's average policy as target (our variant)
``last_stage_average``    the same with the average policy of the last full stage as target of every stage (our variant)
``output_policy``         the same with the output policy as target of every stage (our variant)
``carry_over``            the last policies of the previous game (section 4.1)
========================= ==================================================================================
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np

from metanash._inner.reductions import summed
from metanash._inner.views import View, Viewed
from metanash.games import GameBatch, check_games
from metanash.learners.base import Learner, Policies, Probe, Run, learn, profiles_of
from metanash.learners.stages import best_response_to
from metanash.simplex import alpha_greedy
from metanash.typing import Floats, Integers
from metanash.updates.averages import AnnealedTarget, GeometricTarget, WindowTarget, krichevsky_trofimov, uniform_weight
from metanash.updates.base import AnyStaged, MetaUpdate, Target, TunesLearner
from metanash.updates.clusters import ClusterTarget
from metanash.updates.learned import LearnedTarget
from metanash.updates.rates import LearnedRate

__all__ = [
    "DEFAULT_UPDATE",
    "META_UPDATES",
    "TARGETS",
    "AverageTarget",
    "CarryOver",
    "Individual",
    "MetaUpdate",
    "Target",
    "learn_sequence",
    "prepared",
]

State = TypeVar("State")


@dataclass(frozen=True)
class Individual:
    """Every game from scratch.

    Examples
    --------
    >>> Individual().observe(None, None).initial() is None
    True
    """

    def observe(self, learner: Any, run: Run[Any]) -> "Individual":
        """Learn nothing."""
        del learner, run
        return self

    def initial(self) -> None:
        """Start from the learner's default."""


@dataclass(frozen=True)
class CarryOver:
    """Start from the last policies of the previous game: pi^{k,0} = pi^{k-1,T} (Mao et al. 2023, section 4.1).

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> run = mn.learn(mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still), mn.RegretMatching(), 10)
    >>> CarryOver().observe(None, run).initial() is run.policy
    True
    """

    last: Policies | None = None

    def observe(self, learner: Any, run: Run[Any]) -> "CarryOver":
        """Remember the policies that this run ended with."""
        del learner
        return CarryOver(run.policy)

    def initial(self) -> Policies | None:
        """Return the remembered policies."""
        return self.last


def _check_staged(learner: object) -> None:
    if not hasattr(learner, "stages"):
        raise ValueError(
            f"{type(learner).__name__} has no stages, of which this meta-update averages something; it learns with "
            "individual or carry_over, or with a target of your own"
        )


def best_response_target(learner: AnyStaged, run: Run[Any]) -> Policies:
    """mu^{tau, dagger} and nu^{tau, dagger}, or pi_i^{tau, dagger}, of each stage, ties split evenly."""
    _check_staged(learner)
    stages = learner.stages(run.state)
    players = range(len(run.state.initial))
    return tuple(best_response_to(np.stack([stage.payoff[i] for stage in stages], axis=1)) for i in players)


def stage_average_target(learner: AnyStaged, run: Run[Any]) -> Policies:
    """The average policy of each stage; of a joint, each player's part."""
    _check_staged(learner)
    stages = learner.stages(run.state)
    players = range(len(run.state.initial))
    return tuple(np.stack([stage.average[i] for stage in stages], axis=1) for i in players)


def shared_best_response_target(learner: AnyStaged, run: Run[Any]) -> Policies:
    """One best fixed policy in hindsight for all stages, ties split evenly.

    It is best against all iterations of the run, each by the estimates Q^tau of its stage: a maximiser of the sum over
    stages of n_tau times the stage's average payoff. A stage has a best response of its own in (5).
    """
    _check_staged(learner)
    stages = learner.stages(run.state)
    weight = np.array([stage.iterations / run.state.iteration for stage in stages])
    return tuple(
        best_response_to(np.tensordot(weight, np.stack([stage.payoff[i] for stage in stages]), axes=1))[:, np.newaxis]
        for i in range(len(run.state.initial))
    )


def last_stage_average_target(learner: AnyStaged, run: Run[Any]) -> Policies:
    """The average policy of the last stage that T has not cut, for every stage; of a joint, each player's part.

    Raises
    ------
    ValueError
        If T cuts the first stage.
    """
    _check_staged(learner)
    state = run.state
    full = learner.stages(state)[: state.stage if state.done == state.length else state.stage - 1]
    if not full:
        raise ValueError(
            f"no stage of this run is full: it ran {state.iteration} iterations, and the first stage has {state.length}"
        )
    return tuple(policy[:, np.newaxis] for policy in full[-1].average)


def output_policy_target(learner: AnyStaged, run: Run[Any]) -> Policies:
    """The average of all iterates, for every stage: the output policy, or what is left of it without correlation."""
    _check_staged(learner)
    return tuple(policy[:, np.newaxis] for policy in learner.average(run.state))


@dataclass(frozen=True)
class AverageTarget:
    """tilde^{k+1} = (1/k) sum_{k' <= k} [target^{k'}]_alpha, per stage, step and state: equation (5).

    Parameters
    ----------
    target : function
        What a game recommends; the paper's is :func:`best_response_target`, others are in :data:`TARGETS`.
    alpha : float
        Weight of the uniform policy, in (0, 1); Theorem 2 takes 1 / sqrt(K).

    Examples
    --------
    The policies to start the second of two games from, with the last full stage as target and a weight that is not that
    of Theorem 2:

    >>> import metanash as mn
    >>> from metanash.meta import TARGETS, AverageTarget
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> game = mn.ZeroSumGame([[[[0.9, 0.5], [0.4, 0.1]]]], still)  # a saddle point: first row, second column
    >>> learner = mn.OptimisticMirrorDescent(0.5)
    >>> update = AverageTarget(TARGETS["last_stage_average"], alpha=0.1)
    >>> update = update.observe(learner, mn.learn(game, learner, 1000))
    >>> [policy[0, 0, 0, 0].round(2).tolist() for policy in update.initial()]
    [[0.94, 0.06], [0.06, 0.94]]
    """

    target: Target
    alpha: float
    total: Policies | None = None
    count: int = 0

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 1.0:
            raise ValueError(f"alpha must lie in (0, 1), got {self.alpha}; Theorem 2 takes 1 / sqrt(K)")

    def observe(self, learner: AnyStaged, run: Run[Any]) -> "AverageTarget":
        """Add the target of this run to the average."""
        mixed = tuple(alpha_greedy(policy, self.alpha) for policy in self.target(learner, run))
        total = mixed if self.total is None else tuple(a + b for a, b in zip(self.total, mixed, strict=True))
        return replace(self, total=total, count=self.count + 1)

    def initial(self) -> Policies | None:
        """Return the average of the targets so far."""
        if self.total is None:
            return None
        # the mean of distributions, normalised again so that no rounding accumulates
        return tuple(total / summed(total, keepdims=True) for total in self.total)


TARGETS: dict[str, Target] = {
    "best_response": best_response_target,
    "shared_best_response": shared_best_response_target,
    "stage_average": stage_average_target,
    "last_stage_average": last_stage_average_target,
    "output_policy": output_policy_target,
}
"""Targets by the name of the meta-update that averages them."""


def _root(n_games: int) -> float:
    # one game teaches nothing that is used, so alpha = 1 cannot matter for K = 1
    return 1.0 / math.sqrt(max(n_games, 2))


def _average(target: Target) -> Callable[[int], MetaUpdate]:
    return lambda n_games: AverageTarget(target, _root(n_games))


FORGETS = 0.7
"""Part of a game's count that is left after the next one, where an average forgets."""
SHARED = 0.01
"""Part of the weights that goes round after each game, where what is best may change."""
_SQUARE = uniform_weight(2.0)


def _learned(discounts: Sequence[float], *, together: bool = True, share: float = 0.0) -> LearnedTarget:
    """Averages of the last full stage: three weights of the uniform policy, and some discounts."""
    anneals = (krichevsky_trofimov, _SQUARE, uniform_weight(4.0))
    experts = [AnnealedTarget(last_stage_average_target, alpha, g) for alpha in anneals for g in discounts]
    return LearnedTarget(tuple(experts), together, share)


def _tracking() -> LearnedTarget:
    return _learned([1.0, FORGETS, 0.0], share=SHARED)


DEFAULT_UPDATE = "tracking"
"""The library's own choice beside the paper's ``best_response`` (page ``docs/meta-updates.md`` has the evidence)."""

META_UPDATES: dict[str, Callable[[int], MetaUpdate]] = {
    "individual": lambda n_games: Individual(),  # noqa: ARG005
    **{name: _average(target) for name, target in TARGETS.items()},
    "carry_over": lambda n_games: CarryOver(),  # noqa: ARG005
    "annealed_best_response": lambda n_games: AnnealedTarget(best_response_target, krichevsky_trofimov),  # noqa: ARG005
    "annealed_output_policy": lambda n_games: AnnealedTarget(output_policy_target, _SQUARE),  # noqa: ARG005
    "annealed_last_stage": lambda n_games: AnnealedTarget(last_stage_average_target, _SQUARE),  # noqa: ARG005
    "geometric_output_policy": lambda n_games: GeometricTarget(output_policy_target, _root(n_games)),
    "learned_by_row": lambda n_games: _learned([1.0], together=False),  # noqa: ARG005
    "learned": lambda n_games: _learned([1.0]),  # noqa: ARG005
    "discounted": lambda n_games: AnnealedTarget(last_stage_average_target, _SQUARE, FORGETS),  # noqa: ARG005
    "window": lambda n_games: WindowTarget(last_stage_average_target, _SQUARE, 3),  # noqa: ARG005
    "tracking": lambda n_games: _tracking(),  # noqa: ARG005
    "recognised": lambda n_games: ClusterTarget(last_stage_average_target, _SQUARE),  # noqa: ARG005
    "harris": lambda n_games: LearnedRate(AverageTarget(shared_best_response_target, _root(n_games))),
    "tuned_individual": lambda n_games: LearnedRate(Individual()),  # noqa: ARG005
    "tuned_best_response": lambda n_games: LearnedRate(AverageTarget(best_response_target, _root(n_games))),
    "tuned_tracking": lambda n_games: LearnedRate(_tracking()),  # noqa: ARG005
}
"""Meta-updates by name: functions of the number of games K, which most of them do without."""


def prepared(update: MetaUpdate, learner: Learner[State]) -> Learner[State]:
    """Return the learner of the next game: the given one, unless the meta-update changes it.

    Examples
    --------
    >>> import metanash as mn
    >>> learner = mn.OptimisticMirrorDescent(0.2)
    >>> prepared(Individual(), learner) is learner
    True
    """
    return update.tuned(learner) if isinstance(update, TunesLearner) else learner


@dataclass(frozen=True, eq=False)
class SequenceRun(Viewed, Generic[State]):
    """Runs on the games of a sequence, in order; ``runs[k]`` is that of game k."""

    runs: tuple[Run[State], ...]

    @property
    def ne_gap(self) -> Floats:
        """(sequences, K, C) NE-gaps."""
        return np.stack([run.ne_gap for run in self.runs], axis=1)

    def measured(self, name: str) -> Floats:
        """(sequences, K, C) measurements of the learner, by their name."""
        return np.stack([run.measures[name] for run in self.runs], axis=1)

    def _view(self) -> View:
        first, *_ = self.runs
        measures = {name: self.measured(name) for name in first.measures}
        profiles = {
            name: (axes, [np.stack(parts, axis=1) for parts in zip(*(run.policy for run in self.runs), strict=True)])
            for name, (axes, _) in profiles_of(first.policy).items()
        }
        return View(("sequence", "game"), first.checkpoints, measures, profiles)


def learn_sequence(
    sequences: Sequence[GameBatch[Any]],
    learner: Learner[State],
    update: MetaUpdate | str,
    iterations: int,
    *,
    at: Sequence[int] | Integers | None = None,
    probe: Callable[[GameBatch[Any]], Probe] | None = None,
) -> SequenceRun[State]:
    """Learn the games of a sequence one after another, each from what the meta-update makes of those before.

    Parameters
    ----------
    sequences : list of K GameBatch, or of K games
        ZeroSumGame, MarkovGame or DiscountedGame, as the learner takes them; see :func:`metanash.learners.learn`.
        ``sequences[k]`` holds game k of one or more independent sequences (seeds), side by side.
    learner : Learner
    update : MetaUpdate or str
        Before any game, or its name in :data:`META_UPDATES`: ``best_response`` is the paper's, :data:`DEFAULT_UPDATE`
        the library's.
    iterations : int
        T, for each game.
    at : increasing ints, optional
        Checkpoints, see :func:`metanash.learners.learn`.
    probe : function of GameBatch, optional
        Makes the probe of the run on these games, see :func:`metanash.learners.learn`.

    Returns
    -------
    SequenceRun

    Raises
    ------
    ValueError
        If an argument is out of range, there is no game or no meta-update of that name, or games are of another class
        than the learner takes.

    Examples
    --------
    >>> import metanash as mn
    >>> games = mn.families.zero_sum_sequence("pure", 2023, "docs", n_games=3, perturbation=0.1)
    >>> learner = mn.OptimisticMirrorDescent(0.2)
    >>> alone, paper, own = (learn_sequence(games, learner, name, 100) for name in ("individual", "best_response",
    ...     DEFAULT_UPDATE))
    >>> own.ne_gap.shape, [bool((run.ne_gap[0, 1:, -1] < alone.ne_gap[0, 1:, -1]).all()) for run in (paper, own)]
    ((1, 3, 39), [True, True])
    """
    given: object = sequences
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        check_games("learn_sequence", sequences)
    if not sequences:
        raise ValueError("a sequence needs at least one game")
    if isinstance(update, str):
        if update not in META_UPDATES:
            raise ValueError(f"there is no meta-update {update!r}; there are {', '.join(META_UPDATES)}")
        update = META_UPDATES[update](len(sequences))
    runs: list[Run[State]] = []
    for games in sequences:
        now = prepared(update, learner)
        own = None if probe is None else probe(GameBatch.of(games))
        runs.append(learn(games, now, iterations, at=at, initial=update.initial(), probe=own))
        update = update.observe(now, runs[-1])
    return SequenceRun(tuple(runs))
