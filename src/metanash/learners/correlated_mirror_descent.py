"""Algorithm 2: optimistic online mirror descent with stage-based value updates, for general-sum Markov games.

Mao et al. 2023, section 5; the listing is in their appendix, and what is here is Algorithm 1 carried over to N players
who all maximise (``docs/assumptions.md``). Player i takes as gradient the payoff of its actions, by its own estimates
Q_i^tau, against the product of the others' last iterates. The stages are those of :mod:`metanash.learners.stages`.
The output is a correlated policy (:mod:`metanash.correlated`), at any time.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from metanash import kernels
from metanash._inner.checks import all_integers
from metanash._inner.frozen import sealed
from metanash._inner.reductions import largest, summed
from metanash.correlated import (
    CorrelatedPolicy,
    StageValues,
    cce_gaps,
    external_regrets,
    marginals,
    payoffs,
    player_means,
    product_values,
    stage_values,
    values_after,
)
from metanash.games import GameBatch, MarkovGame, check_batch
from metanash.gaps import backup
from metanash.learners.base import Policies, step_by_step, watched_step_by_step
from metanash.learners.schedules import Place, Schedule
from metanash.learners.stages import (
    ColumnState,
    EndedStage,
    FinishedStages,
    StagedMirrorDescent,
    StagedState,
    StageStatistics,
    before_first,
    parts_of,
    restart,
)
from metanash.transitions import MOST_PLAYERS
from metanash.typing import Floats, Integers

__all__ = ["CorrelatedMirrorDescent", "JointStage", "JointState", "joint_state"]


@dataclass(frozen=True, eq=False)
class JointStage(StageStatistics):
    """The record of one stage of Algorithm 2.

    Attributes
    ----------
    index, iterations, initial, average, payoff
        As in :class:`metanash.learners.stages.StageStatistics`.
    joint : (G, H, S, A_1, ..., A_N)
        Average of the product of the iterates.
    value : (G, N, H, S)
        Average of Q_i^tau under it.
    q : (G, N, H, S, A_1, ..., A_N)
        The estimates Q^tau.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> stag_hunt = mn.MarkovGame([[[[[1, 0], [0.75, 0.5]]]], [[[[1, 0.75], [0, 0.5]]]]], still)
    >>> learner = CorrelatedMirrorDescent(0.2)
    >>> first, *_ = learner.stages(mn.learn(stag_hunt, learner, 10).state)
    >>> first.index, first.iterations, first.joint.shape, float(first.joint.sum().round(12))
    (1, 1, (1, 1, 1, 2, 2), 1.0)
    """

    joint: Floats
    value: Floats
    q: Floats

    def regret(self, player: int) -> Floats:
        """Per-state regret of a player, averaged over the iterations run, (G, H, S); it may be negative."""
        return np.asarray(largest(self.payoff[player]) - self.value[:, player])


@dataclass(eq=False)
class JointState(ColumnState):
    """State of Algorithm 2.

    Attributes
    ----------
    iteration, stage, length, done, eta, q, anchor, iterate, finished_sums, initial, initial_logits, stages
        As in :class:`metanash.learners.stages.StagedState`; q has axes (G, N, H, S, A_1, ..., A_N), anchor and
        iterate are views of ``columns``, and the finished sums are those of the product of the iterates.
    columns : ((G, H, S, sum of A_i), the same)
        Logits of the anchors and last iterates, the players' side by side, as the kernel takes them.
    lane_q : (G, H, S, N, A_1, ..., A_N)
        The estimates once more, likewise.
    joint_sums : (2, G, H, S, A_1, ..., A_N)
        Sums of the product of the iterates in the stage: totals and running chunk.
    joints : tuple of (G, H, S, A_1, ..., A_N)
        Averages of that product in the stages before this one.
    lengths : tuple of int
        Lengths of these stages.
    values : StageValues
        Values of what is played if t lies in the stage before this one.
    gains : (G, N)
        Sum over finished stages of n_tau times what a player gains who is told tau.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> stag_hunt = mn.MarkovGame([[[[[1, 0], [0.75, 0.5]]]], [[[[1, 0.75], [0, 0.5]]]]], still)
    >>> state = mn.learn(stag_hunt, CorrelatedMirrorDescent(0.2), 10).state
    >>> state.iteration, state.q.shape, len(state.iterate)
    (10, (1, 2, 1, 1, 2, 2), 2)
    """

    stages: FinishedStages[JointStage]
    lane_q: Floats
    joint_sums: Floats
    joints: tuple[Floats, ...]
    lengths: tuple[int, ...]
    values: StageValues
    gains: Floats


@dataclass(frozen=True)
class CorrelatedMirrorDescent(StagedMirrorDescent[JointState, JointStage]):
    """Algorithm 2 (Mao et al. 2023).

    Parameters
    ----------
    learning_rate, keep_stages
        As in :class:`metanash.learners.stages.StagedMirrorDescent`. Equation (11) takes
        :func:`metanash.bounds.cce_learning_rate`. The joints, which make the output, are kept either way.
    exact_gap : bool
        Whether the CCE-gap is measured for H > 1 too. Its cost grows with the stages, exponentially with H
        (:func:`metanash.correlated.cce_gaps`), and is paid at every checkpoint; too large games are refused there.

    Notes
    -----
    Initial policies have axes (game, stage, h, s, action), as there.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> stag_hunt = mn.MarkovGame([[[[[1, 0], [0.75, 0.5]]]], [[[[1, 0.75], [0, 0.5]]]]], still)
    >>> run = mn.learn(stag_hunt, CorrelatedMirrorDescent(learning_rate=0.2), 10_000)
    >>> bool(run.measures["cce_gap"][0, -1] < 0.01)
    True
    """

    exact_gap: bool = False
    _plays = MarkovGame

    def start(self, games: GameBatch[MarkovGame], initial: Policies | None = None) -> JointState:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.

        Raises
        ------
        ValueError
            If the games are of another class, the learning rate is out of range, or an initial policy is no policy.
        """
        check_batch("CorrelatedMirrorDescent", games, MarkovGame)
        return joint_state(games, before_first(games, self.learning_rate, initial))

    def _own(self, state: JointState) -> JointState:
        anchor, iterate = state.columns
        return replace(
            state,
            columns=(anchor.copy(), iterate.copy()),
            finished_sums=(state.finished_sums[0].copy(),),
            joint_sums=state.joint_sums.copy(),
        ).with_views()

    def _iterate(self, state: JointState, iterations: int) -> None:
        actions = np.array(state.lane_q.shape[4:], dtype=np.int64)
        anchor, iterate = state.columns
        kernels.joint_mirror(
            q=state.lane_q,
            eta=state.eta,
            x=anchor,
            policy=iterate,
            sum_joint=state.joint_sums,
            actions=actions,
            lanes=state.eta.size,
            players=len(actions),
            joint=math.prod(state.lane_q.shape[4:]),
            columns=anchor.shape[-1],
            done=state.done,
            iterations=iterations,
        )

    def _record(self, state: JointState) -> Callable[[], JointStage]:
        return partial(_statistics, state.stage, state.done, state.initial, state.q, _running_joint(state))

    def _leave(self, games: GameBatch[MarkovGame], state: JointState, spare: Floats | None) -> None:  # noqa: ARG002
        joint, players = _running_joint(state), len(state.iterate)
        value = _expected_values(state.lane_q, joint)
        state.values = stage_values(games, joint, state.values)
        state.gains = state.gains + state.done * state.values.gain(games)
        state.joints, state.lengths = (*state.joints, sealed(joint)), (*state.lengths, state.done)
        state.q = np.stack([backup(games, games.reward[:, i], value[:, i]) for i in range(players)], axis=1)
        state.lane_q = _by_lanes(state.q)
        (finished,) = state.finished_sums
        kernels.fold(state.joint_sums, finished, finished.size)

    def _policy_sums(self, state: JointState) -> Policies:
        (finished,) = state.finished_sums
        return marginals(finished + state.joint_sums.sum(axis=0), len(state.iterate))

    def output(self, state: JointState) -> CorrelatedPolicy:
        """Return the correlated policy; before the first iteration it plays the initial policies."""
        joints, lengths = _played(state)
        initial = tuple(sealed(policy) for policy in restart(state.initial, 1))
        return CorrelatedPolicy.unchecked(initial, tuple(sealed(joint) for joint in joints), lengths)

    def measure(self, games: GameBatch[MarkovGame], state: JointState) -> dict[str, Floats]:
        """Return ``cce_gap_bound`` (see :mod:`metanash.correlated`) and, for H = 1 or on request, ``cce_gap``.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.

        For the bound, stages before the running one are not gone through again.

        Raises
        ------
        ValueError
            If ``exact_gap`` is set and takes more than :data:`metanash.correlated.MOST_PRODUCTS` products.
        """
        check_batch("CorrelatedMirrorDescent.measure", games, MarkovGame)
        mean = state.values.gain(games)
        if state.iteration:
            running = stage_values(games, _running_joint(state), state.values)
            mean = (state.gains + state.done * running.gain(games)) / state.iteration
        found = {"cce_gap_bound": np.asarray(mean.max(axis=-1))}
        if games.game.horizon == 1 or self.exact_gap:
            policy = CorrelatedPolicy.unchecked(restart(state.initial, 1), *_played(state))
            found["cce_gap"] = cce_gaps(games, policy)
        return found

    def advance_and_measure(
        self, games: GameBatch[MarkovGame], state: JointState, pieces: Sequence[int]
    ) -> tuple[JointState, Mapping[str, Floats]]:
        """As ``advance_own`` by pieces and ``measure`` after each, (n, G); in one call of a kernel if games are dense.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else, for pieces below 1, and as ``advance`` and
        ``measure``.
        """
        check_batch("CorrelatedMirrorDescent.advance_and_measure", games, MarkovGame)
        pieces = all_integers("pieces", pieces, 1)
        found = self._in_one_call(games, state, pieces, is_watched=False)
        return (found[0][-1], found[1]) if found else step_by_step(self, games, state, pieces)

    def advance_and_watch(
        self, games: GameBatch[MarkovGame], state: JointState, pieces: Sequence[int]
    ) -> tuple[list[JointState], Mapping[str, Floats]]:
        """As ``advance`` by pieces and ``measure`` after each, (n, G), with all states; in one call if games are dense.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else, for pieces below 1, and as ``advance`` and
        ``measure``.
        """
        check_batch("CorrelatedMirrorDescent.advance_and_watch", games, MarkovGame)
        pieces = all_integers("pieces", pieces, 1)
        found = self._in_one_call(games, self._own(state), pieces, is_watched=True)
        return found or watched_step_by_step(self, games, state, pieces)

    def _in_one_call(
        self, games: GameBatch[MarkovGame], state: JointState, pieces: tuple[int, ...], *, is_watched: bool
    ) -> tuple[list[JointState], dict[str, Floats]] | None:
        """States at all looks, or the last alone, and measures; None if it takes more than a call of the kernel."""
        is_tree = self.exact_gap and games.game.horizon > 1
        is_wide = games.game.n_players == MOST_PLAYERS  # arrays have no room for an axis of stages
        plan, transition = self._plan(games, state, pieces), games.transitions.stacked
        if plan is None or transition is None or is_tree or is_wide:
            return None
        times = np.array([state.iteration + place.iterations for place in plan.places])
        seen, worth, gains, states = self._go_through(games, transition, state, plan, is_watched=is_watched)
        found = {"cce_gap_bound": _bounds_seen(games, seen, worth, plan, gains, times)}
        if games.game.horizon == 1:
            found["cce_gap"] = _gaps_seen(games, seen, states[-1], plan, times)
        return states, found

    def _go_through(
        self, games: GameBatch[MarkovGame], transition: Floats, state: JointState, plan: Schedule, *, is_watched: bool
    ) -> tuple[Floats, Floats, Floats, list[JointState]]:
        """Advance a state over a schedule.

        Returns
        -------
        (n, G, H, S, A_1, ..., A_N) array
            Average product of the iterates in the running stage, at the looks.
        (stages + 1, G, 2, N, H, S) array
            Values of the stage before the running one, and of those that end.
        (stages + 1, G, N) array
            Sums of the gains over finished stages.
        list of JointState
            At the looks; the last alone unless it is watched.
        """
        ends, looks, transitions = len(plan.ended), len(plan.since), games.transitions
        horizon, states, players = *state.eta.shape[1:], len(state.iterate)
        (anchor, iterate), (finished,), shape = state.columns, state.finished_sums, state.joint_sums.shape[1:]
        slots = 1 + (ends if self.keep_stages or is_watched else min(ends, 1))
        q, lane_q = np.empty((slots, *state.q.shape)), state.lane_q.copy()
        worth = np.empty((1 + ends, len(games), 2, players, horizon, states))
        joints, seen = np.empty((ends, *shape)), np.empty((looks, *shape))
        shapes = [part.shape for part in (anchor, iterate, state.joint_sums, finished)]
        watched = np.empty((looks if is_watched else 0, sum(map(math.prod, shapes))))
        q[0], worth[0, :, 0], worth[0, :, 1] = state.q, state.values.followed, state.values.deviated
        kernels.joint_run(
            reward=games.reward,
            transition=transition,
            index=transitions.index,
            actions=np.array(shape[3:], dtype=np.int64),
            eta=state.eta,
            start_x=np.concatenate(state.initial_logits, axis=-1),
            start_policy=np.concatenate(state.initial, axis=-1),
            x=anchor,
            policy=iterate,
            sum_joint=state.joint_sums,
            finished=finished,
            lane_q=lane_q,
            q=q,
            values=worth,
            stage_joint=joints,
            seen_joint=seen,
            states_seen=watched,
            pieces=plan.pieces,
            fresh=plan.fresh,
            looks=plan.looks,
            games=len(games),
            players=players,
            horizon=horizon,
            states=states,
            joint=games.joint_actions,
            columns=anchor.shape[-1],
            kinds=len(transitions.kinds),
            steps=transitions.steps,
            given=state.initial[0].shape[1],
            stage=state.stage,
            done=state.done,
            slots=slots,
            room=1 + ends,
            kept=ends,
            seen=looks,
            watched=len(watched),
            count=len(plan.pieces),
            longest=int(plan.pieces.max()),
        )
        more: tuple[EndedStage[JointStage], ...] = ()
        if self.keep_stages:
            more = EndedStage.of(partial(_ended, state.stage, plan.ended, state.initial, q, joints), ends, state.q.size)
        gains, averages = _gains_of_stages(games, worth, plan, state.gains), tuple(sealed(joints))

        def advanced(place: Place) -> dict[str, Any]:
            n = place.ended
            return {
                **state.counts_at(place),
                "q": q[n % slots],
                "lane_q": lane_q if n == ends else _by_lanes(q[n]),
                "joints": (*state.joints, *averages[:n]),
                "lengths": (*state.lengths, *plan.ended[:n]),
                "values": StageValues(worth[n, :, 0], worth[n, :, 1]),
                "gains": gains[n],
                "stages": state.stages.and_then(*more[:n]),
            }

        if not is_watched:
            vars(state).update(advanced(plan.places[-1]))
            return seen, worth, gains, [state]
        states = []
        for place, row in zip(plan.places, watched, strict=True):
            anchor, iterate, sums, finished = parts_of(row, shapes)
            own: dict[str, Any] = {"columns": (anchor, iterate), "joint_sums": sums, "finished_sums": (finished,)}
            states.append(replace(state, **advanced(place), **own).with_views())
        return seen, worth, gains, states


def _gains_of_stages(games: GameBatch[MarkovGame], worth: Floats, plan: Schedule, known: Floats) -> Floats:
    """Sums of the gains over finished stages, before each stage that runs in a schedule: (stages + 1, G, N)."""
    difference = worth[:, :, 1, :, 0] - worth[:, :, 0, :, 0]
    gain = summed(games.initial[:, np.newaxis] * difference)
    lengths = np.array(plan.ended, dtype=np.float64)[:, np.newaxis, np.newaxis]
    return np.cumsum(np.concatenate([known[np.newaxis], lengths * gain[1:]]), axis=0)  # one after the other


def _bounds_seen(
    games: GameBatch[MarkovGame], seen: Floats, worth: Floats, plan: Schedule, gains: Floats, times: Integers
) -> Floats:
    """``cce_gap_bound`` at the looks, (n, G)."""
    players, (horizon, states) = worth.shape[3], worth.shape[4:]
    gain = np.empty((len(seen), len(games), players))
    for block, again in games.measured_together(len(seen)):
        before = worth[plan.before[block]].reshape(len(again), 2 * players, horizon, states)
        running = values_after(again, seen[block].reshape(len(again), *seen.shape[2:]), before)
        gained = StageValues(running[:, :players], running[:, players:]).gain(again)
        gain[block] = gained.reshape(-1, *gain.shape[1:])
    done, t = (array[:, np.newaxis, np.newaxis] for array in (plan.since, times))
    return largest((gains[plan.before] + done * gain) / t)


def _gaps_seen(
    games: GameBatch[MarkovGame], seen: Floats, state: JointState, plan: Schedule, times: Integers
) -> Floats:
    """``cce_gap`` at the looks for H = 1, (n, G): of the average of all joints so far, those of the state included."""
    each = (slice(None), *[np.newaxis] * (seen.ndim - 1))
    begun = len(state.joints) - len(plan.ended) + plan.before
    shares = np.array(state.lengths, dtype=np.float64)[:, np.newaxis] / times
    shares[np.arange(len(shares))[:, np.newaxis] >= begun] = 0.0
    mixture = np.zeros_like(seen)
    if len(shares):  # one stage after the other, as CorrelatedPolicy.mixture
        joints = np.concatenate(state.joints).reshape(len(shares), *seen.shape[1:])
        for term in shares[(slice(None), *each)] * joints[:, np.newaxis]:
            mixture += term
    mixture += (plan.since / times)[each] * seen
    gaps = np.empty((len(seen), len(games)))
    for block, again in games.measured_together(len(seen)):
        regrets = external_regrets(again, mixture[block].reshape(len(again), *seen.shape[2:]))
        gaps[block] = largest(regrets).reshape(-1, len(games))
    return gaps


def _ended(
    first: int, lengths: tuple[int, ...], initial: Policies, q: Floats, joints: Floats, some: slice
) -> list[JointStage]:
    """Statistics of some stages that ended, from the arrays of all with a first axis of stages."""
    here, joint, players = q[some], joints[some], len(initial)
    average = marginals(joint, players)
    payoff = [payoffs(here[:, :, i], joint, players, i) for i in range(players)]
    value = np.moveaxis(player_means(np.moveaxis(here, 2, 4), joint, players), -1, 2)
    return [
        JointStage(
            index=index,
            iterations=lengths[index - first],
            initial=restart(initial, index),
            average=tuple(part[k] for part in average),
            payoff=tuple(part[k] for part in payoff),
            joint=joint[k],
            value=value[k],
            q=here[k],
        )
        for k, index in enumerate(range(first + some.start, first + some.stop))
    ]


def joint_state(games: GameBatch[MarkovGame], begun: StagedState) -> JointState:
    """What :func:`metanash.learners.stages.before_first` has begun, as the state of Algorithm 2.

    Takes a GameBatch of MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared(np.ones((1, 2, 2, 1)))
    >>> both = mn.MarkovGame(np.tile([[1.0, 0.0], [0.0, 0.0]], (2, 1, 1, 1, 1)), still)
    >>> games = mn.GameBatch.of([both])
    >>> state = joint_state(games, before_first(games, 0.2, None))
    >>> state.iteration, state.joint_sums.shape, state.columns[1].ravel().tolist()  # policies side by side
    (0, (2, 1, 1, 1, 2, 2), [0.5, 0.5, 0.5, 0.5])
    """
    check_batch("joint_state", games, MarkovGame)
    game = games.game
    columns = (np.concatenate(begun.anchor, axis=-1), np.concatenate(begun.iterate, axis=-1))
    joint = (len(games), game.horizon, game.n_states, *game.n_actions)
    return JointState(
        **{**vars(begun), "finished_sums": (np.zeros(joint),)},
        columns=columns,
        lane_q=_by_lanes(begun.q),
        joint_sums=np.zeros((2, *joint)),
        joints=(),
        lengths=(),
        values=product_values(games, begun.iterate),
        gains=np.zeros((len(games), game.n_players)),
    ).with_views()


def _by_lanes(q: Floats) -> Floats:
    """Estimates (G, N, H, S, ...) with the players after the states."""
    return np.ascontiguousarray(q.transpose(0, 2, 3, 1, *range(4, q.ndim)))


def _expected_values(lane_q: Floats, joint: Floats) -> Floats:
    """Average of each Q_i^tau under the joint policy of the stage, (G, N, H, S)."""
    return np.moveaxis(player_means(lane_q, joint, lane_q.shape[3]), -1, 1)


def _statistics(index: int, iterations: int, initial: Policies, q: Floats, joint: Floats) -> JointStage:
    """Statistics of one stage, from its own arrays."""
    return _ended(index, (iterations,), initial, q[np.newaxis], joint[np.newaxis], slice(0, 1))[0]


def _played(state: JointState) -> tuple[tuple[Floats, ...], tuple[int, ...]]:
    """Joints of the stages that have begun, and iterations run in each."""
    if not state.done:
        return state.joints, state.lengths
    return (*state.joints, _running_joint(state)), (*state.lengths, state.done)


def _running_joint(state: JointState) -> Floats:
    return np.asarray(state.joint_sums.sum(axis=0) / state.done)
