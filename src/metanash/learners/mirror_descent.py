"""Algorithm 1: optimistic online mirror descent with stage-based value updates, for zero-sum Markov games.

Mao et al. 2023, section 3.1. The stages are those of :mod:`metanash.learners.stages`. The output is the average of
all iterates, at any time: the schedule does not depend on T.

Where the paper is read, not copied:

- The min-player descends; lines 5 and 6 print a plus sign for both players.
- Line 10 restarts the next stage at tilde^{tau+1}; the iterate of the stage's last iteration still counts in
  the value update and in the output.
- The last stage may be cut by T. Its statistics are averages over the iterations it ran.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from metanash import kernels
from metanash._inner.checks import all_integers
from metanash._inner.reductions import largest, summed
from metanash.games import GameBatch, ZeroSumGame, check_batch
from metanash.gaps import backup, ne_gaps, ne_gaps_of_stacks, ne_gaps_of_sums
from metanash.learners.base import Policies, step_by_step, watched_step_by_step
from metanash.learners.schedules import Schedule
from metanash.learners.stages import (
    EndedStage,
    FinishedStages,
    StagedMirrorDescent,
    StagedState,
    StageStatistics,
    before_first,
    parts_of,
    restart,
)
from metanash.typing import Floats

__all__ = ["MirrorState", "OptimisticMirrorDescent", "Stage"]


@dataclass(frozen=True, eq=False)
class Stage(StageStatistics):
    """The record of one stage of Algorithm 1; players are max (mu) and min (nu).

    Attributes
    ----------
    index, iterations, initial, average
        As in :class:`metanash.learners.stages.StageStatistics`.
    payoff : ((G, H, S, A), (G, H, S, B))
        Average payoff of each action against the other player's iterates: Q nu and -mu^T Q.
    value : (G, H, S)
        Average of mu^T Q nu.
    q : (G, H, S, A, B)
        The estimates Q^tau.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> learner = OptimisticMirrorDescent(0.125)
    >>> run = mn.learn(mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still), learner, 7)
    >>> [(stage.index, stage.iterations) for stage in learner.stages(run.state)]  # H = 1: lengths double
    [(1, 1), (2, 2), (3, 4)]
    """

    value: Floats
    q: Floats

    def regret(self, player: int) -> Floats:
        """Per-state regret (3), averaged over the iterations run, (G, H, S); it may be negative."""
        return np.asarray(largest(self.payoff[player]) - (self.value if player == 0 else -self.value))


@dataclass(eq=False)
class MirrorState(StagedState):
    """State of Algorithm 1.

    Attributes
    ----------
    iteration, stage, length, done, eta, q, anchor, iterate, finished_sums, initial, initial_logits, stages
        As in :class:`metanash.learners.stages.StagedState`; q has axes (G, H, S, A, B).
    stage_sums : ((2, G, H, S, A), (2, G, H, S, B), (2, G, H, S))
        Sums of mu, nu, mu^T Q nu in the stage: totals and running chunk (see :mod:`metanash.kernels.twin`).

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> state = mn.learn(mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still), OptimisticMirrorDescent(0.1), 10).state
    >>> state.iteration, state.stage, state.q.shape
    (10, 4, (1, 1, 1, 2, 2))
    """

    stages: FinishedStages[Stage]
    stage_sums: tuple[Floats, Floats, Floats]


@dataclass(frozen=True)
class OptimisticMirrorDescent(StagedMirrorDescent[MirrorState, Stage]):
    """Algorithm 1 (Mao et al. 2023).

    Parameters
    ----------
    learning_rate, keep_stages
        As in :class:`metanash.learners.stages.StagedMirrorDescent`. Theorem 1 asks for eta of at most 1 / (8 H^2).

    Notes
    -----
    Initial policies have axes (game, stage, h, s, action), as there.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> game = mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still)
    >>> early, late = mn.learn(game, OptimisticMirrorDescent(learning_rate=0.125), 4000, at=[40, 4000]).ne_gap[0]
    >>> bool(late < early)
    True
    """

    _plays = ZeroSumGame
    _predicts: ClassVar[bool] = True
    """Whether the last payoffs are taken as those of the next iteration (line 6)."""

    def start(self, games: GameBatch[ZeroSumGame], initial: Policies | None = None) -> MirrorState:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.

        Raises
        ------
        ValueError
            If the games are not zero-sum, the learning rate is out of range, or an initial policy is no policy.
        """
        check_batch(type(self).__name__, games, ZeroSumGame)
        begun = before_first(games, self.learning_rate, initial)
        mu, nu = begun.iterate
        return MirrorState(
            **vars(begun),
            stage_sums=(np.zeros((2, *mu.shape)), np.zeros((2, *nu.shape)), np.zeros((2, *begun.eta.shape))),
        )

    def _own(self, state: MirrorState) -> MirrorState:
        mu, nu, value = state.stage_sums
        return replace(
            state,
            anchor=tuple(logits.copy() for logits in state.anchor),
            iterate=tuple(policy.copy() for policy in state.iterate),
            finished_sums=tuple(total.copy() for total in state.finished_sums),
            stage_sums=(mu.copy(), nu.copy(), value.copy()),
        )

    def _iterate(self, state: MirrorState, iterations: int) -> None:
        (x, y), (mu, nu), (sum_mu, sum_nu, sum_value) = state.anchor, state.iterate, state.stage_sums
        *_, rows, columns = state.q.shape
        kernels.mirror(
            q=state.q,
            eta=state.eta,
            x=x,
            y=y,
            mu=mu,
            nu=nu,
            sum_mu=sum_mu,
            sum_nu=sum_nu,
            sum_value=sum_value,
            lanes=state.eta.size,
            rows=rows,
            columns=columns,
            done=state.done,
            iterations=iterations,
            predicts=int(self._predicts),
        )

    def _record(self, state: MirrorState) -> Callable[[], Stage]:
        sums = tuple(total + running for total, running in state.stage_sums)
        return partial(_statistics, state.stage, state.done, state.initial, state.q, sums)

    def _leave(self, games: GameBatch[ZeroSumGame], state: MirrorState, spare: Floats | None) -> None:
        *policies, values = state.stage_sums
        for running, finished in zip(policies, state.finished_sums, strict=True):
            kernels.fold(running, finished, finished.size)
        value = (values[0] + values[1]) / state.done
        values.fill(0.0)
        state.q = backup(games, games.reward, value, spare)

    def _policy_sums(self, state: MirrorState) -> Policies:
        pairs = zip(state.finished_sums, state.stage_sums[:2], strict=True)
        return tuple(finished + (total + running) for finished, (total, running) in pairs)

    def output(self, state: MirrorState) -> Policies:
        """Average of all iterates, line 11: ((G, H, S, A), (G, H, S, B)); the initial policies before the first."""
        return self.average(state)

    def measure(self, games: GameBatch[ZeroSumGame], state: MirrorState) -> dict[str, Floats]:
        """Return ``ne_gap``, that of the output.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.
        """
        check_batch("OptimisticMirrorDescent.measure", games, ZeroSumGame)
        return {"ne_gap": ne_gaps(games, self.output(state))}

    def set_aside(self, state: MirrorState) -> Policies:
        """Sums of the iterates, for :meth:`measure_together`; the state has run an iteration."""
        return self._policy_sums(state)

    def measure_together(self, games: GameBatch[ZeroSumGame], aside: Sequence[Policies]) -> dict[str, Floats]:
        """Return ``ne_gap`` of outputs whose sums were set aside, (n, G).

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.
        """
        check_batch("OptimisticMirrorDescent.measure_together", games, ZeroSumGame)
        return {"ne_gap": ne_gaps_of_sums(games, aside)}

    def advance_and_measure(
        self, games: GameBatch[ZeroSumGame], state: MirrorState, pieces: Sequence[int]
    ) -> tuple[MirrorState, Mapping[str, Floats]]:
        """As ``advance_own`` by pieces and ``measure`` after each, (n, G); in one call of a kernel if games are dense.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else, for pieces below 1, and as ``advance``.
        """
        check_batch("OptimisticMirrorDescent.advance_and_measure", games, ZeroSumGame)
        pieces = all_integers("pieces", pieces, 1)
        found = self._in_one_call(games, state, pieces, is_watched=False)
        return (found[0][-1], found[1]) if found else step_by_step(self, games, state, pieces)

    def advance_and_watch(
        self, games: GameBatch[ZeroSumGame], state: MirrorState, pieces: Sequence[int]
    ) -> tuple[list[MirrorState], Mapping[str, Floats]]:
        """As ``advance`` by pieces and ``measure`` after each, (n, G), with all states; in one call if games are dense.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else, for pieces below 1, and as ``advance``.
        """
        check_batch("OptimisticMirrorDescent.advance_and_watch", games, ZeroSumGame)
        pieces = all_integers("pieces", pieces, 1)
        found = self._in_one_call(games, self._own(state), pieces, is_watched=True)
        return found or watched_step_by_step(self, games, state, pieces)

    def _in_one_call(
        self, games: GameBatch[ZeroSumGame], state: MirrorState, pieces: tuple[int, ...], *, is_watched: bool
    ) -> tuple[list[MirrorState], dict[str, Floats]] | None:
        """States at all looks, or the last alone, and measures; None if it takes more than a call of the kernel."""
        plan, transition = self._plan(games, state, pieces), games.transitions.stacked
        if plan is None or transition is None:
            return None
        seen, states = self._go_through(games, transition, state, plan, is_watched=is_watched)
        return states, {"ne_gap": ne_gaps_of_stacks(games, seen)}

    def _go_through(
        self, games: GameBatch[ZeroSumGame], transition: Floats, state: MirrorState, plan: Schedule, *, is_watched: bool
    ) -> tuple[Policies, list[MirrorState]]:
        """Advance a state over a schedule; sums of the iterates at the looks, (n, G, H, S, A_i), and states."""
        looks = len(plan.since)
        (x, y), (mu, nu), (sum_mu, sum_nu, sum_value) = state.anchor, state.iterate, state.stage_sums
        (finished_mu, finished_nu), transitions = state.finished_sums, games.transitions
        (start_x, start_y), (start_mu, start_nu) = state.initial_logits, state.initial
        seen = tuple(np.empty((looks, *policy.shape)) for policy in state.iterate)
        ends = len(plan.ended)
        kept = ends if self.keep_stages else 0
        ended = tuple(np.empty((kept, *total.shape[1:])) for total in state.stage_sums)
        slots = 1 + (ends if self.keep_stages or is_watched else min(ends, 1))
        q = np.empty((slots, *state.q.shape))
        q[0] = state.q
        shapes = [part.shape for part in (x, y, mu, nu, sum_mu, sum_nu, sum_value, finished_mu, finished_nu)]
        watched = np.empty((looks if is_watched else 0, sum(map(math.prod, shapes))))
        _, horizon, states, rows, columns = state.q.shape
        kernels.mirror_run(
            reward=games.reward,
            transition=transition,
            index=transitions.index,
            eta=state.eta,
            start_x=start_x,
            start_y=start_y,
            start_mu=start_mu,
            start_nu=start_nu,
            x=x,
            y=y,
            mu=mu,
            nu=nu,
            sum_mu=sum_mu,
            sum_nu=sum_nu,
            sum_value=sum_value,
            finished_mu=finished_mu,
            finished_nu=finished_nu,
            q=q,
            seen_mu=seen[0],
            seen_nu=seen[1],
            stage_mu=ended[0],
            stage_nu=ended[1],
            stage_value=ended[2],
            states_seen=watched,
            pieces=plan.pieces,
            fresh=plan.fresh,
            looks=plan.looks,
            games=len(games),
            horizon=horizon,
            states=states,
            rows=rows,
            columns=columns,
            kinds=len(transitions.kinds),
            steps=transitions.steps,
            given=start_mu.shape[1],
            stage=state.stage,
            done=state.done,
            slots=slots,
            seen=looks,
            watched=len(watched),
            kept=kept,
            count=len(plan.pieces),
            longest=int(plan.pieces.max()),
            predicts=int(self._predicts),
        )
        more: tuple[EndedStage[Stage], ...] = ()
        if kept:
            more = EndedStage.of(partial(_ended, state.stage, plan.ended, state.initial, q, ended), kept, state.q.size)
        states = []
        for place, row in zip(plan.places, watched, strict=False):
            x, y, mu, nu, sum_mu, sum_nu, sum_value, finished_mu, finished_nu = parts_of(row, shapes)
            states.append(
                replace(
                    state,
                    **state.counts_at(place),
                    q=q[place.ended],
                    anchor=(x, y),
                    iterate=(mu, nu),
                    finished_sums=(finished_mu, finished_nu),
                    stage_sums=(sum_mu, sum_nu, sum_value),
                    stages=state.stages.and_then(*more[: place.ended]),
                )
            )
        if is_watched:
            return seen, states
        vars(state).update(state.counts_at(plan.places[-1]), q=q[ends % slots], stages=state.stages.and_then(*more))
        return seen, [state]


def _ended(
    first: int, lengths: tuple[int, ...], initial: Policies, q: Floats, sums: tuple[Floats, ...], some: slice
) -> list[Stage]:
    """Statistics of some stages that ended, from the arrays of all with a first axis of stages."""
    here, iterations = q[: len(lengths)][some], np.array(lengths[some], dtype=np.float64)
    mu, nu, value = (total[some] / iterations.reshape(-1, *(1,) * (total.ndim - 1)) for total in sums)
    payoff = _payoffs(here, mu, nu)
    return [
        Stage(
            index=index,
            iterations=lengths[index - first],
            initial=restart(initial, index),
            average=(mu[k], nu[k]),
            payoff=(payoff[0][k], payoff[1][k]),
            value=value[k],
            q=here[k],
        )
        for k, index in enumerate(range(first + some.start, first + some.stop))
    ]


def _payoffs(q: Floats, mu: Floats, nu: Floats) -> tuple[Floats, Floats]:
    """What each action of either player is worth against a policy of the other."""
    return summed(q * nu[..., np.newaxis, :]), -summed(q * mu[..., np.newaxis], -2)


def _statistics(index: int, iterations: int, initial: Policies, q: Floats, sums: tuple[Floats, ...]) -> Stage:
    """Statistics of one stage, from its own arrays."""
    own = tuple(total[np.newaxis] for total in sums)
    return _ended(index, (iterations,), initial, q[np.newaxis], own, slice(0, 1))[0]
