"""The common part of Algorithms 1 and 2: optimistic mirror descent in stages of growing length (Mao et al. 2023).

Stage tau runs L_tau iterations on fixed estimates Q^tau, from initial policies tilde^tau of its own; at its end the
estimates become the reward plus the average next value of the stage. L_1 = H, L_{tau+1} = floor((1 + 1/H) L_tau),
Q^1 = 0. The last stage may be cut by T; its statistics are averages over the iterations it ran.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

import numpy as np
import numpy.typing as npt

from metanash import simplex
from metanash._inner.checks import integer
from metanash._inner.reductions import largest, summed
from metanash.games import Game, GameBatch, MarkovGame, ZeroSumGame, check_batch
from metanash.learners.base import Policies, checked_policies, has_quick, learning_rates, warn_of_zeros
from metanash.learners.schedules import MOST_KEPT, Place, Schedule, next_stage_length, schedule
from metanash.typing import Floats

__all__ = [
    "ColumnState",
    "EndedStage",
    "FinishedStages",
    "StageStatistics",
    "StagedMirrorDescent",
    "StagedState",
    "before_first",
    "best_response_to",
    "parts_of",
    "restart",
]


_TIE = 1e-12
"""Actions within this of the best payoff are tied best responses."""
_TOGETHER = 2**16
"""Numbers in the estimates of stages whose statistics are worked out together; of small games these are many stages."""


def parts_of(row: Floats, shapes: Sequence[tuple[int, ...]]) -> list[Floats]:
    """Arrays that lie one after another in one axis; views.

    Examples
    --------
    >>> [part.tolist() for part in parts_of(np.arange(5.0), [(2, 1), (3,)])]
    [[[0.0], [1.0]], [2.0, 3.0, 4.0]]
    """
    ends = [*itertools.accumulate(map(math.prod, shapes), initial=0)]
    return [row[i:j].reshape(shape) for (i, j), shape in zip(itertools.pairwise(ends), shapes, strict=True)]


def best_response_to(payoff: Floats) -> Floats:
    """Policies (..., A) that play what pays most; actions tied within 1e-12 share it evenly.

    Examples
    --------
    >>> best_response_to(np.array([[0.5, 1.0, 1.0], [2.0, 1.0, 0.0]])).tolist()
    [[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]
    """
    best = (payoff >= largest(payoff, keepdims=True) - _TIE).astype(np.float64)
    return np.asarray(best / summed(best, keepdims=True))


@dataclass(frozen=True, eq=False)
class StageStatistics:
    """The record of one stage, for each game (first axis), step h and state s.

    Attributes
    ----------
    index : int
        tau, from 1.
    iterations : int
        Iterations run, n_tau: L_tau, or fewer if T cut the stage.
    initial : tuple of (G, H, S, A_i)
        Initial policies tilde^tau.
    average : tuple of (G, H, S, A_i)
        Averages of the iterates.
    payoff : tuple of (G, H, S, A_i)
        Average payoff of each action against the others' iterates, by the estimates Q^tau.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> learner = mn.OptimisticMirrorDescent(0.125)
    >>> run = mn.learn(mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 0.0]]]], still), learner, 3)
    >>> [stage.best_response(0).ravel().tolist() for stage in learner.stages(run.state)]  # at first Q = 0: a tie
    [[0.5, 0.5], [1.0, 0.0]]
    """

    index: int
    iterations: int
    initial: Policies
    average: Policies
    payoff: Policies

    def best_response(self, player: int) -> Floats:
        """Best fixed policy in hindsight, (G, H, S, A_i); actions tied within 1e-12 share it evenly."""
        return best_response_to(self.payoff[player])

    def kl_to_initial(self, player: int) -> Floats:
        """KL(best response in hindsight || initial policy), (G, H, S), in nats."""
        return simplex.kl_divergence(self.best_response(player), self.initial[player])


AnyStage = TypeVar("AnyStage", bound=StageStatistics)


@dataclass(frozen=True, eq=False)
class EndedStage(Generic[AnyStage]):
    """One of the stages that have ended in a call of a kernel, to be made when it is called.

    Attributes
    ----------
    some : function
        Statistics of the stages of a slice of these, together.
    place, end : int
        Its place among them, and that after the last one which is made together with it.

    Examples
    --------
    >>> made = EndedStage.of(lambda some: ["first", "second"][some], 2, size=4)  # strings in the place of statistics
    >>> made[1](), list(FinishedStages(made))
    ('second', ['first', 'second'])
    """

    some: Callable[[slice], Sequence[AnyStage]]
    place: int
    end: int

    @classmethod
    def of(
        cls, some: Callable[[slice], Sequence[AnyStage]], count: int, size: int
    ) -> "tuple[EndedStage[AnyStage], ...]":
        """All of so many stages, each with estimates of ``size`` numbers: as many together as need little memory."""
        block = max(1, _TOGETHER // size)
        return tuple(cls(some, k, min(count, k - k % block + block)) for k in range(count))

    def __call__(self) -> AnyStage:
        """Return its statistics, alone."""
        return self.some(slice(self.place, self.place + 1))[0]


def _each(made: Sequence[Callable[[], AnyStage]]) -> Iterator[AnyStage]:
    """All stages in order, those that have ended in one call together."""
    place = 0
    while place < len(made):
        make = made[place]
        if isinstance(make, EndedStage):
            now = min(make.end - make.place, len(made) - place)
            yield from make.some(slice(make.place, make.place + now))
            place += now
        else:
            yield make()
            place += 1


class FinishedStages(Sequence[AnyStage]):
    """Statistics of finished stages. Sums are kept; what follows from them is worked out when a stage is looked at.

    Parameters
    ----------
    made : tuple of functions without arguments
        Each returns the statistics of a stage. Where all :class:`EndedStage` of a call are asked for, one after
        another, they are worked out together.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> run = mn.learn(mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still), mn.OptimisticMirrorDescent(0.125), 8)
    >>> [stage.iterations for stage in run.state.stages], run.state.stages[-1].index  # the fourth has run once
    ([1, 2, 4], 3)
    """

    __slots__ = ("_made",)

    def __init__(self, made: tuple[Callable[[], AnyStage], ...] = ()) -> None:
        self._made = made

    def and_then(self, *more: Callable[[], AnyStage]) -> "FinishedStages[AnyStage]":
        """These and some more stages."""
        return FinishedStages((*self._made, *more))

    def __len__(self) -> int:
        return len(self._made)

    def __iter__(self) -> Iterator[AnyStage]:
        return _each(self._made)

    @overload
    def __getitem__(self, index: int) -> AnyStage: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[AnyStage, ...]: ...

    def __getitem__(self, index: int | slice) -> AnyStage | tuple[AnyStage, ...]:
        if isinstance(index, slice):
            some = self._made[index]
            return tuple(_each(some) if index.step in {None, 1} else (make() for make in some))
        return self._made[index]()


@dataclass(eq=False)
class StagedState:
    """State of either algorithm; G games, H steps, S states.

    ``advance`` works in place on a copy of its own: a state that it was given or has returned stays as it is.

    Attributes
    ----------
    iteration : int
        t, iterations done.
    stage, length, done : int
        tau, L_tau, and iterations done in it.
    eta : (G, H, S)
        Learning rates.
    q : array
        Estimates Q^tau; axes as those of the games' rewards.
    anchor : tuple of (G, H, S, A_i)
        Logits of the anchors hat pi_i.
    iterate : tuple of (G, H, S, A_i)
        pi_i^t.
    finished_sums : tuple of (G, H, S, ...)
        Sums of the iterates over finished stages, (G, H, S, A_i) each, or of their product.
    initial, initial_logits : tuple of (G, stages or 1, H, S, A_i)
        Initial policies of every stage, and their logits.
    stages : FinishedStages
        Statistics of the stages before this one.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = mn.GameBatch.of(mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still))
    >>> learner = mn.OptimisticMirrorDescent(0.125)
    >>> begun = learner.start(games)
    >>> learner.advance(games, begun, 5).iteration, begun.iteration  # the old state stays as it is
    (5, 0)
    """

    iteration: int
    stage: int
    length: int
    done: int
    eta: Floats
    q: Floats
    anchor: Policies
    iterate: Policies
    finished_sums: Policies
    initial: Policies
    initial_logits: Policies
    stages: FinishedStages[Any]

    def counts_at(self, place: Place) -> dict[str, Any]:
        """Counts, by name, of the state that this one becomes at a place of its schedule."""
        return {
            "iteration": self.iteration + place.iterations,
            "stage": self.stage + place.ended,
            "length": place.length,
            "done": place.done,
        }


@dataclass(eq=False)
class ColumnState(StagedState):
    """State whose players lie side by side, as kernels for any number of them take it.

    Attributes
    ----------
    iteration, stage, length, done, eta, q, anchor, iterate, finished_sums, initial, initial_logits, stages
        As in :class:`StagedState`; anchor and iterate are views of ``columns``.
    columns : ((G, H, S, sum of A_i), the same)
        Logits of the anchors and last iterates.

    Examples
    --------
    >>> import copy
    >>> import metanash as mn
    >>> (game,) = mn.families.general_sum_sequence("random", 0, n_games=1, perturbation=0.1)
    >>> state = copy.deepcopy(mn.learn(game, mn.CorrelatedMirrorDescent(0.2), 10).state)
    >>> [np.shares_memory(part, state.columns[1]) for part in state.iterate]
    [True, True]
    """

    columns: tuple[Floats, Floats]

    def with_views(self) -> Self:
        """The same new state, its anchors and iterates being views of its columns."""
        ends = [*itertools.accumulate((policy.shape[-1] for policy in self.initial), initial=0)]
        self.anchor, self.iterate = (
            tuple(block[..., begin:end] for begin, end in itertools.pairwise(ends)) for block in self.columns
        )
        return self

    def __setstate__(self, values: dict[str, Any]) -> None:
        """Set what a copy or a pickle has, and tie it together again."""
        vars(self).update(values)
        self.with_views()


def _of_stage(initial: Policies, stage: int) -> Policies:
    """Initial policies of a stage, (G, H, S, A_i), or their logits; views."""
    return tuple(policy[:, min(stage, policy.shape[1]) - 1] for policy in initial)


def restart(initial: Policies, stage: int) -> Policies:
    """Initial policies of a stage, (G, H, S, A_i), or their logits; C-contiguous copies.

    Examples
    --------
    >>> restart((np.array([[[[[1.0, 0.0]]], [[[0.5, 0.5]]]]]),), 2)[0].tolist()  # stage 2
    [[[[0.5, 0.5]]]]
    """
    return tuple(policy.copy() for policy in _of_stage(initial, stage))


def _stages_of(initial: Any) -> int:
    """The number of stages that initial policies are given for."""
    listed = initial if isinstance(initial, Sequence) else ()  # the correlated output of a learner is no initial policy
    stages = {np.shape(policy)[1] for policy in listed if np.ndim(policy) == 5}
    if len(stages) != 1:
        raise ValueError("initial policies must have axes (game, stage, h, s, action), as many stages for all players")
    return int(stages.pop())


def before_first(games: GameBatch[Any], learning_rate: npt.ArrayLike, initial: Policies | None) -> StagedState:
    """State before the first iteration: Q^1 = 0, at the initial policies of stage 1 (default: uniform).

    Takes a GameBatch of ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Raises
    ------
    ValueError
        If a learning rate is out of range, or an initial policy is no policy.

    Warns
    -----
    PureStartWarning
        If an initial probability is 0: it stays so.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> state = before_first(mn.GameBatch.of(mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still)), 0.1, None)
    >>> state.iteration, state.q.tolist(), state.eta.tolist()
    (0, [[[[[0.0, 0.0], [0.0, 0.0]]]]], [[[0.1]]])
    """
    check_batch("before_first", games, ZeroSumGame, MarkovGame)
    game = games.game
    count, sizes = len(games), (game.horizon, game.n_states)
    if initial is None:
        tilde = tuple(simplex.uniform(count, 1, *sizes, n) for n in game.n_actions)
    else:
        tilde = checked_policies(initial, [(count, _stages_of(initial), *sizes, n) for n in game.n_actions])
        warn_of_zeros(tilde, "(game, stage, h, s)", "mirror descent with entropy", above=3)
    eta = np.empty((count, *sizes))
    eta[...] = learning_rates(learning_rate, count)[:, np.newaxis, np.newaxis]
    logits = tuple(simplex.logits(policy) for policy in tilde)
    return StagedState(
        iteration=0,
        stage=1,
        length=game.horizon,
        done=0,
        eta=eta,
        q=np.zeros(games.reward.shape),
        anchor=restart(logits, 1),
        iterate=restart(tilde, 1),
        finished_sums=tuple(np.zeros((count, *sizes, n)) for n in game.n_actions),
        initial=tilde,
        initial_logits=logits,
        stages=FinishedStages(),
    )


State = TypeVar("State", bound=StagedState)


@dataclass(frozen=True)
class StagedMirrorDescent(Generic[State, AnyStage]):
    """The loop over stages. An algorithm says how to iterate inside one, and what a stage leaves behind.

    Parameters
    ----------
    learning_rate : float or (G,) array
        eta, in [1e-100, 1e100].
    keep_stages : bool
        Whether finished stages are kept; their Q-estimates are the largest part of the memory.
    reconsider : function, optional
        Called with the finished stages when another one begins; returns initial policies of that stage and all after
        it, (G, 1, H, S, A_i) for each player, or None, which leaves them as they are. Theorems 1 and 5 allow for it:
        initial policies of a stage may depend on what came before. With it policies that are given for a number of
        stages stand for the stages after these too, the last of them.

    Notes
    -----
    Initial policies have axes (game, stage, h, s, action), one array per player. A stage axis of length 1 stands
    for the same policy in every stage, a game axis of length 1 for the same in every game. Iterates are initial
    policies times exponentials, so an action of probability 0 is never played, and pure policies are never left: a
    :class:`metanash.learners.base.PureStartWarning` says so.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> game = mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still)
    >>> with_stages, without = (mn.OptimisticMirrorDescent(0.125, keep_stages=keep) for keep in (True, False))
    >>> bool((mn.learn(game, with_stages, 50).ne_gap == mn.learn(game, without, 50).ne_gap).all())
    True
    """

    learning_rate: float | Floats
    keep_stages: bool = True
    reconsider: Callable[[FinishedStages[Any]], Policies | None] | None = field(default=None, kw_only=True)
    _plays: ClassVar[type[Game]]
    """Class of the games that the algorithm learns."""

    def _own(self, state: State) -> State:
        """Return a copy of which everything that ``_iterate`` and ``_leave`` write to is its own."""
        raise NotImplementedError

    def _iterate(self, state: State, iterations: int) -> None:
        """Advance the state in place by iterations inside the stage."""
        raise NotImplementedError

    def _record(self, state: State) -> Callable[[], AnyStage]:
        """Return a function that makes the statistics of the running stage, which has run, as it is now."""
        raise NotImplementedError

    def _leave(self, games: GameBatch[Any], state: State, spare: Floats | None) -> None:
        """Put the estimates of the next stage in new arrays or a spare one, add the sums of the stage to finished ones.

        ``spare`` are the estimates of the stage that ends, if nobody else has them.
        """
        raise NotImplementedError

    def _policy_sums(self, state: State) -> Policies:
        """Return the sums of the iterates since the first, (G, H, S, A_i)."""
        raise NotImplementedError

    def advance(self, games: GameBatch[Any], state: State, iterations: int) -> State:
        """Return the state after more iterations.

        Takes a GameBatch of ZeroSumGame (Algorithm 1) or of MarkovGame (Algorithm 2), as ``start`` does.

        Raises
        ------
        ValueError
            If the games are no such batch, ``iterations`` is negative, or the run begins a stage for which there is no
            initial policy.
        """
        check_batch(f"{type(self).__name__}.advance", games, self._plays)
        if not integer("iterations", iterations, 0):
            return state
        return self.advance_own(games, self._own(state), iterations)

    def advance_own(self, games: GameBatch[Any], state: State, iterations: int) -> State:
        """As ``advance``, in place: the state is nobody else's.

        Takes a GameBatch of ZeroSumGame (Algorithm 1) or of MarkovGame (Algorithm 2); raises ValueError as ``advance``.
        """
        check_batch(f"{type(self).__name__}.advance_own", games, self._plays)
        left = integer("iterations", iterations, 0)
        given = state.q  # perhaps of another state too
        while left:
            if state.done == state.length:
                self._next_stage(games, state, None if self.keep_stages or state.q is given else state.q)
            now = min(left, state.length - state.done)
            self._iterate(state, now)
            state.iteration, state.done, left = state.iteration + now, state.done + now, left - now
        return state

    def _plan(self, games: GameBatch[Any], state: State, pieces: tuple[int, ...]) -> Schedule | None:
        """The schedule of some pieces; None if ``_in_one_call`` cannot go over it as ``advance`` does."""
        if self.reconsider is not None or games.transitions.stacked is None:
            return None
        if not has_quick(self, "_in_one_call", "_next_stage", "_iterate", "_record", "_leave", "_policy_sums"):
            return None
        make = schedule if len(pieces) <= MOST_KEPT else schedule.__wrapped__
        plan = make(state.length, state.done, games.game.horizon, pieces)
        given, last = state.initial[0].shape[1], state.stage + len(plan.ended)
        return None if 1 < given < last else plan  # where initial policies end, ``advance`` says so

    def _next_stage(self, games: GameBatch[Any], state: State, spare: Floats | None) -> None:
        number, stage = state.initial[0].shape[1], state.stage + 1
        if self.reconsider is not None and not self.keep_stages:
            raise ValueError("reconsider looks at finished stages; learn with keep_stages=True")
        if number > 1 and stage > number and self.reconsider is None:
            raise ValueError(f"initial policies are given for {number} stages, the run begins stage {stage}")
        if self.keep_stages:
            state.stages = state.stages.and_then(self._record(state))
        self._leave(games, state, spare)
        state.stage, state.length, state.done = stage, next_stage_length(state.length, games.game.horizon), 0
        chosen = self.reconsider(state.stages) if self.reconsider is not None else None
        if chosen is not None:  # records of stages have the tuple from before
            later = checked_policies(chosen, [(part.shape[0], 1, *part.shape[2:]) for part in state.initial])
            pairs = zip(state.initial, later, strict=True)
            state.initial = tuple(np.concatenate([old[:, :1], new], axis=1) for old, new in pairs)
            state.initial_logits = tuple(simplex.logits(part) for part in state.initial)
        for targets, sources in ((state.anchor, state.initial_logits), (state.iterate, state.initial)):
            for target, source in zip(targets, _of_stage(sources, stage), strict=True):
                target[...] = source

    def average(self, state: State) -> Policies:
        """Average of all iterates, one array (G, H, S, A_i) per player; the initial policies before the first."""
        if state.iteration == 0:
            return restart(state.initial, 1)
        return tuple(total / summed(total, keepdims=True) for total in self._policy_sums(state))

    def stages(self, state: State) -> tuple[AnyStage, ...]:
        """All stages that have begun, bar tau of them; the last may have been cut.

        Raises
        ------
        ValueError
            If stages were not kept.
        """
        self._must_have_kept(state)
        return (*state.stages, *self.running_stage(state))

    def running_stage(self, state: State) -> tuple[AnyStage, ...]:
        """The last of :meth:`stages`, alone: that of the running stage, as it is now; none before its first iteration.

        Raises
        ------
        ValueError
            If stages were not kept.
        """
        self._must_have_kept(state)
        return (self._record(state)(),) if state.done else ()

    def _must_have_kept(self, state: State) -> None:
        if len(state.stages) < state.stage - 1:
            raise ValueError("the stages of this run were not kept; learn with keep_stages=True")
