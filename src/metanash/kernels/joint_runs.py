"""Algorithm 2 over ends of stages in NumPy: the reference of ``schedules.h`` and of a part of ``values.h``.

Part of :mod:`metanash.kernels.twin`; pieces and looks are those of :mod:`~metanash.kernels.schedules`.
"""

import numpy as np

from metanash.kernels.iterates import expect, fold, joint_mirror
from metanash.kernels.schedules import back_up
from metanash.typing import Floats, Integers

__all__ = ["correlated_values", "joint_run"]


def correlated_values(
    *,
    reward: Floats,
    transition: Floats,
    index: Integers,
    weights: Floats,
    actions: Integers,
    before: Floats,
    after: Floats,
    games: int,
    players: int,
    horizon: int,
    states: int,
    joint: int,
    kinds: int,
    steps: int,
    step: int,
) -> None:
    """Values of what is played in a stage of Algorithm 2, from those of the stage before (:mod:`metanash.correlated`).

    Parameters
    ----------
    reward : (games, players, horizon, states, joint)
    transition, index, actions, step
        As in :func:`metanash.kernels.twin.finite_values`, with 2 ``players`` vectors where expected next values are
        given.
    weights : (games, horizon, states, joint)
        Joint distributions of the stage.
    before, after : (games, 2 players, horizon, states)
        Values of the stage before and of this one: if everybody follows, a row per player, then those of each player's
        best deviation. ``after`` is overwritten, with ``steps`` = 0 at ``step`` alone.

    Examples
    --------
    >>> after = np.zeros((1, 4, 1, 1))
    >>> reward = np.array([[[[[1.0, 0.0, 0.0, 1.0]]], [[[0.0, 1.0, 1.0, 0.0]]]]])
    >>> what = {"index": np.zeros(1, int), "weights": np.array([[[[1.0, 0.0, 0.0, 0.0]]]]), "actions": np.array([2, 2])}
    >>> sizes = dict(games=1, players=2, horizon=1, states=1, joint=4, kinds=1, steps=1, step=0)
    >>> correlated_values(reward=reward, transition=np.ones((1, 1, 1, 4, 1)), **what, before=np.zeros((1, 4, 1,
    ...     1)), after=after, **sizes)
    >>> after.ravel().tolist()  # who follows is paid 1 and 0, who deviates 1 and 1
    [1.0, 0.0, 1.0, 1.0]
    """
    sizes = [int(n) for n in actions]
    payoff = reward.reshape(games, players, horizon, states, *sizes)
    played = weights.reshape(games, horizon, states, *sizes)
    met, found = (array.reshape(games, 2, players, horizon, states) for array in (before, after))
    for h in range(horizon) if steps else [step]:
        onward = np.zeros((games, 2 * players, states, joint))
        if h < horizon - 1 and steps:
            chance = transition.reshape(steps, kinds, states * joint, states)[h if steps > 1 else 0]
            value = met[..., h + 1, :].reshape(games, 2 * players, states)
            expect(
                transition=chance,
                index=index,
                values=value,
                out=onward,
                games=games,
                rows=states * joint,
                states=states,
                vectors=2 * players,
                kinds=kinds,
            )
        elif h < horizon - 1:
            onward = transition
        onward = onward.reshape(games, 2, players, states, *sizes)
        joint_actions = tuple(range(2, 2 + players))
        for i in range(players):
            others = tuple(axis for axis in joint_actions if axis != 2 + i)
            found[:, 0, i, h] = ((payoff[:, i, h] + onward[:, 0, i]) * played[:, h]).sum(axis=joint_actions)
            rest = played[:, h].sum(axis=2 + i, keepdims=True)
            found[:, 1, i, h] = ((payoff[:, i, h] + onward[:, 1, i]) * rest).sum(axis=others).max(axis=-1)


def joint_run(
    *,
    reward: Floats,
    transition: Floats,
    index: Integers,
    actions: Integers,
    eta: Floats,
    start_x: Floats,
    start_policy: Floats,
    x: Floats,
    policy: Floats,
    sum_joint: Floats,
    finished: Floats,
    lane_q: Floats,
    q: Floats,
    values: Floats,
    stage_joint: Floats,
    seen_joint: Floats,
    states_seen: Floats,
    pieces: Integers,
    fresh: Integers,
    looks: Integers,
    games: int,
    players: int,
    horizon: int,
    states: int,
    joint: int,
    columns: int,
    kinds: int,
    steps: int,
    given: int,
    stage: int,
    done: int,
    slots: int,
    room: int,
    kept: int,
    seen: int,
    watched: int,
    count: int,
    longest: int,  # noqa: ARG001
) -> None:
    """Advance Algorithm 2 over ends of stages (Mao et al. 2023, section 5): :func:`joint_mirror`, and ends between.

    Lanes are games, steps and states, in this order; ``cells`` are the steps and states of a game.

    Parameters
    ----------
    reward : (games, players, cells, joint)
    transition : (steps, kinds, states, joint, states)
        Kernels of all steps (``steps`` is the horizon) or one for all (1).
    index : (games,) of int64
        Transition kernel of each game.
    actions : (players,) of int64
        Numbers of actions: ``columns`` is their sum and ``joint`` their product.
    eta : (lanes,)
        Learning rates.
    start_x, start_policy : (games, given, cells, columns)
        Logits of the initial policies of stages 1, 2, ..., the last of which is that of all later ones; these policies.
    x, policy : (lanes, columns)
        As in :func:`joint_mirror`, advanced, like the next line.
    sum_joint : (2, lanes, joint)
    finished : (lanes, joint)
        Sums of the product of the iterates over finished stages, advanced.
    lane_q : (lanes, players, joint)
        Q-estimates of the running stage, advanced.
    q : (slots, games, players, cells, joint)
        The same in another order: those of the running stage first; the k-th stage that begins here writes its own to
        the place k, taken modulo ``slots``.
    values : (room, games, 2, players, cells)
        Values of the stage before the running one (:func:`correlated_values`); the k-th stage that ends here writes its
        own to the place k, taken modulo ``room``.
    stage_joint : (kept, lanes, joint)
        Overwritten with averages of the product of the iterates of the stages that end here, as far as there is room.
    seen_joint : (seen, lanes, joint)
        Overwritten with that average of the running stage, at each look.
    states_seen : (watched, lanes, width)
        Overwritten at each look, if ``watched`` is ``seen`` and not 0, with x, policy, totals and running chunks of the
        sums of the product, and the finished sums, each (lanes, ...), one after another: the width is
        2 columns + 3 joint.
    pieces : (count,) of int64
        Iterations of each piece, up to ``longest``.
    fresh : (count,) of int64
        1 where a stage ends before the piece, else 0.
    looks : (count,) of int64
        1 where somebody looks after the piece, else 0.
    stage, done : int
        The stage that runs, from 1, and its iterations before this call.

    Examples
    --------
    >>> half, zero, reward = np.full((1, 4), 0.5), np.zeros((1, 4)), np.array([[[[1.0, 0.0, 0.0, 1.0]]] * 2])
    >>> q, seen = np.zeros((2, 1, 2, 1, 4)), np.empty((2, 1, 4))
    >>> joint_run(reward=reward.reshape(1, 2, 1, 4), transition=np.ones((1, 1, 1, 4, 1)), index=np.zeros(1, int),
    ...     actions=np.array([2, 2]), eta=np.array([0.5]), start_x=zero, start_policy=half, x=zero.copy(),
    ...     policy=half.copy(), sum_joint=np.zeros((2, 1, 4)), finished=zero.copy(), lane_q=np.zeros((1, 2, 4)), q=q,
    ...     values=np.zeros((2, 1, 2, 2, 1)), stage_joint=np.empty((0, 1, 4)), seen_joint=seen, states_seen=np.empty(0),
    ...     pieces=np.array([1, 2]), fresh=np.array([0, 1]), looks=np.array([1, 1]), games=1, players=2, horizon=1,
    ...     states=1, joint=4, columns=4, kinds=1, steps=1, given=1, stage=1, done=0, slots=2, room=2,
    ...     kept=0, seen=2, watched=0, count=2, longest=2)
    >>> seen.tolist(), q[1].ravel().tolist()
    ([[[0.25, 0.25, 0.25, 0.25]], [[0.25, 0.25, 0.25, 0.25]]], [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0])
    """
    cells = horizon * states
    lanes, ended, looked = games * cells, 0, 0
    if not lanes:
        return
    estimates = q.reshape(slots, games, players, cells, joint)
    worth = values.reshape(room, games, 2 * players, horizon, states)
    plan = (part.reshape(count).tolist() for part in (pieces, fresh, looks))
    for iterations, is_fresh, is_look in zip(*plan, strict=True):
        if is_fresh:
            average = _average(sum_joint, done)
            if ended < kept:
                stage_joint.reshape(kept, -1)[ended] = average
            means = np.zeros((lanes, 2 * players))
            nothing, first = np.zeros_like(means), np.zeros(lanes, dtype=np.int64)
            correlated_values(
                reward=lane_q, transition=nothing, index=first, weights=average, actions=actions, before=nothing,
                after=means, games=lanes, players=players, horizon=1, states=1, joint=joint, kinds=1, steps=0, step=0,
            )  # fmt: skip
            correlated_values(
                reward=reward, transition=transition, index=index, weights=average, actions=actions,
                before=worth[ended % room], after=worth[(ended + 1) % room], games=games, players=players,
                horizon=horizon, states=states, joint=joint, kinds=kinds, steps=steps, step=0,
            )  # fmt: skip
            value = np.ascontiguousarray(means[:, :players].reshape(games, cells, players).swapaxes(1, 2))
            stage, done, ended = stage + 1, 0, ended + 1
            found = estimates[ended % slots]
            shape = (games * players, horizon, states, joint, kinds, steps)
            back_up(reward, transition, np.repeat(index, players), value, found, shape)
            lane_q.reshape(games, cells, players, joint)[...] = found.swapaxes(1, 2)
            fold(sum_joint, finished, finished.size)
            for target, source in ((x, start_x), (policy, start_policy)):
                own = source.reshape(games, given, -1)[:, min(stage, given) - 1]
                target.reshape(games, -1)[...] = own
        joint_mirror(
            q=lane_q,
            eta=eta,
            x=x,
            policy=policy,
            sum_joint=sum_joint,
            actions=actions,
            lanes=lanes,
            players=players,
            joint=joint,
            columns=columns,
            done=done,
            iterations=iterations,
        )
        done += iterations
        if is_look and looked < seen:
            seen_joint.reshape(seen, -1)[looked] = _average(sum_joint, done)
            if watched:
                parts = (x, policy, sum_joint, finished)
                states_seen.reshape(watched, -1)[looked] = np.concatenate([part.ravel() for part in parts])
            looked += 1


def _average(sums: Floats, done: int) -> Floats:
    """Two-level sums over the number of iterations, flat."""
    total, running = sums.reshape(2, -1)
    return np.asarray((total + running) / done)
