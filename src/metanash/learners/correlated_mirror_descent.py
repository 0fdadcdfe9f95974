"""Algorithm 2: optimistic online mirror descent with stage-based value updates, for general-sum Markov games.

Mao et al. 2023, section 5; the listing is in their appendix, and what is here is Algorithm 1 carried over to N players
who all maximise (``docs/assumptions.md``). Player i takes as gradient the payoff of its actions, by its own estimates
Q_i^tau, against the product of the others' last iterates. The stages are those of :mod:`metanash.learners.stages`.
The output is a correlated policy (:mod:`metanash.correlated`), at any time.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from metanash import kernels
from metanash._inner.frozen import sealed
from metanash._inner.reductions import largest
from metanash.correlated import (
    CorrelatedPolicy,
    StageValues,
    cce_gaps,
    marginals,
    payoffs,
    player_means,
    product_values,
    stage_values,
)
from metanash.games import GameBatch, MarkovGame, check_batch
from metanash.gaps import backup
from metanash.learners.base import Policies
from metanash.learners.stages import (
    FinishedStages,
    StagedMirrorDescent,
    StagedState,
    StageStatistics,
    before_first,
    restart,
)
from metanash.typing import Floats

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
class JointState(StagedState):
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
    columns: tuple[Floats, Floats]
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
        return _with_views(
            replace(
                state,
                columns=(anchor.copy(), iterate.copy()),
                finished_sums=(state.finished_sums[0].copy(),),
                joint_sums=state.joint_sums.copy(),
            )
        )

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
        return partial(
            _statistics, state.stage, state.done, state.initial, state.q, state.lane_q, _running_joint(state)
        )

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
        return CorrelatedPolicy(restart(state.initial, 1), *_played(state))

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
    return _with_views(
        JointState(
            **{**vars(begun), "finished_sums": (np.zeros(joint),)},
            columns=columns,
            lane_q=_by_lanes(begun.q),
            joint_sums=np.zeros((2, *joint)),
            joints=(),
            lengths=(),
            values=product_values(games, begun.iterate),
            gains=np.zeros((len(games), game.n_players)),
        )
    )


def _with_views(state: JointState) -> JointState:
    """The same state, its anchors and iterates being views of its columns."""
    ends = np.cumsum(state.lane_q.shape[4:])[:-1]
    anchor, iterate = (tuple(np.split(block, ends, axis=-1)) for block in state.columns)
    return replace(state, anchor=anchor, iterate=iterate)


def _by_lanes(q: Floats) -> Floats:
    """Estimates (G, N, H, S, ...) with the players after the states."""
    return np.ascontiguousarray(np.moveaxis(q, 1, 3))


def _expected_values(lane_q: Floats, joint: Floats) -> Floats:
    """Average of each Q_i^tau under the joint policy of the stage, (G, N, H, S)."""
    return np.moveaxis(player_means(lane_q, joint, lane_q.shape[3]), -1, 1)


def _statistics(index: int, iterations: int, initial: Policies, q: Floats, lane_q: Floats, joint: Floats) -> JointStage:
    players = len(initial)
    return JointStage(
        index=index,
        iterations=iterations,
        initial=restart(initial, index),
        average=marginals(joint, players),
        payoff=tuple(payoffs(q[:, i], joint, players, i) for i in range(players)),
        joint=joint,
        value=_expected_values(lane_q, joint),
        q=q,
    )


def _played(state: JointState) -> tuple[tuple[Floats, ...], tuple[int, ...]]:
    """Joints of the stages that have begun, and iterations run in each."""
    if not state.done:
        return state.joints, state.lengths
    return (*state.joints, _running_joint(state)), (*state.lengths, state.done)


def _running_joint(state: JointState) -> Floats:
    return np.asarray(state.joint_sums.sum(axis=0) / state.done)
