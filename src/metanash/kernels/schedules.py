"""Whole runs in NumPy, over stages or value updates: the reference of ``schedules.h``.

Part of :mod:`metanash.kernels.twin`.

A run is cut into *pieces*, so many iterations each. Stages end before some of them (or values are updated after some),
and after some somebody looks. A call is nothing but the calls that learners would make one by one, to the last bit.
"""

import numpy as np

from metanash.kernels.iterates import backup, fold, mirror, regret_matching
from metanash.typing import Floats, Integers

__all__ = ["back_up", "mirror_run", "regret_run"]


def mirror_run(
    *,
    reward: Floats,
    transition: Floats,
    index: Integers,
    eta: Floats,
    start_x: Floats,
    start_y: Floats,
    start_mu: Floats,
    start_nu: Floats,
    x: Floats,
    y: Floats,
    mu: Floats,
    nu: Floats,
    sum_mu: Floats,
    sum_nu: Floats,
    sum_value: Floats,
    finished_mu: Floats,
    finished_nu: Floats,
    q: Floats,
    seen_mu: Floats,
    seen_nu: Floats,
    stage_mu: Floats,
    stage_nu: Floats,
    stage_value: Floats,
    states_seen: Floats,
    pieces: Integers,
    fresh: Integers,
    looks: Integers,
    games: int,
    horizon: int,
    states: int,
    rows: int,
    columns: int,
    kinds: int,
    steps: int,
    given: int,
    stage: int,
    done: int,
    slots: int,
    seen: int,
    watched: int,
    kept: int,
    count: int,
    longest: int,  # noqa: ARG001
    predicts: int,
) -> None:
    """Advance Algorithm 1 over ends of stages (Mao et al. 2023): :func:`mirror`, and lines 7 to 10 between.

    Lanes are games, steps and states, in this order; ``cells`` are the steps and states of a game.

    Parameters
    ----------
    reward : (lanes, rows, columns)
    transition : (steps, kinds, states, rows, columns, states)
        Kernels of all steps (``steps`` is the horizon) or one for all (1).
    index : (games,) of int64
        Transition kernel of each game.
    eta : (lanes,)
        Learning rates.
    start_x, start_y : (games, given, cells, rows), (games, given, cells, columns)
        Logits of the initial policies of stages 1, 2, ..., the last of which is that of all later ones.
    start_mu, start_nu : (games, given, cells, rows), (games, given, cells, columns)
        These policies.
    x, y : (lanes, rows), (lanes, columns)
        As in :func:`mirror`, like the next two lines.
    mu, nu : (lanes, rows), (lanes, columns)
    sum_mu, sum_nu, sum_value : (2, lanes, rows), (2, lanes, columns), (2, lanes)
    finished_mu, finished_nu : (lanes, rows), (lanes, columns)
        Sums of the iterates of finished stages, advanced.
    q : (slots, lanes, rows, columns)
        Q-estimates: those of the running stage first; the k-th stage that begins here writes its own to the place k,
        taken modulo ``slots``.
    seen_mu, seen_nu : (seen, lanes, rows), (seen, lanes, columns)
        Overwritten with sums of all iterates, at each look.
    stage_mu, stage_nu, stage_value : (kept, lanes, rows), (kept, lanes, columns), (kept, lanes)
        Overwritten with sums over the stages that end here, as far as there is room.
    states_seen : (watched, lanes, width)
        Overwritten at each look, if ``watched`` is ``seen`` and not 0, with x, y, mu, nu, the totals and running chunks
        of the sums of mu, of nu and of the value, and the finished sums, each (lanes, ...), one after another: the
        width is 5 (rows + columns) + 2.
    pieces : (count,) of int64
        Iterations of each piece, up to ``longest``.
    fresh : (count,) of int64
        1 where a stage ends before the piece, else 0.
    looks : (count,) of int64
        1 where somebody looks after the piece, else 0.
    stage, done : int
        The stage that runs, from 1, and its iterations before this call.
    predicts : int
        As in :func:`mirror`.

    Examples
    --------
    >>> one, half, zero = np.ones((1, 2)), np.full((1, 2), 0.5), np.zeros((1, 2))
    >>> seen, q = np.empty((2, 1, 2)), np.zeros((2, 1, 2, 2))
    >>> mirror_run(reward=np.array([[[1.0, 0.0], [0.0, 1.0]]]), transition=np.ones((1, 1, 1, 2, 2, 1)),
    ...     index=np.zeros(1, int), eta=np.array([0.5]), start_x=zero, start_y=zero, start_mu=half, start_nu=half,
    ...     x=zero.copy(), y=zero.copy(), mu=half.copy(), nu=half.copy(), sum_mu=np.zeros((2, 1, 2)),
    ...     sum_nu=np.zeros((2, 1, 2)), sum_value=np.zeros((2, 1)), finished_mu=zero.copy(), finished_nu=zero.copy(),
    ...     q=q, seen_mu=seen, seen_nu=np.empty((2, 1, 2)), stage_mu=np.empty((0, 1, 2)), stage_nu=np.empty((0, 1, 2)),
    ...     stage_value=np.empty((0, 1)), states_seen=np.empty(0),
    ...     pieces=np.array([1, 2]), fresh=np.array([0, 1]), looks=np.array([1, 1]), games=1, horizon=1, states=1,
    ...     rows=2, columns=2, kinds=1, steps=1, given=1, stage=1, done=0, slots=2, seen=2, watched=0, kept=0, count=2,
    ...     longest=2, predicts=1)
    >>> seen.tolist(), q[1].tolist()
    ([[[0.5, 0.5]], [[1.5, 1.5]]], [[[1.0, 0.0], [0.0, 1.0]]])
    """
    cells = horizon * states
    lanes, starts = games * cells, (start_x, start_y, start_mu, start_nu)
    estimates, sums = q.reshape(slots, lanes, rows, columns), (sum_mu, sum_nu, sum_value)
    ended = looked = 0
    if not lanes:
        return
    plan = (part.reshape(count).tolist() for part in (pieces, fresh, looks))
    for iterations, is_fresh, is_look in zip(*plan, strict=True):
        if is_fresh:
            value = _level_sum(sum_value, lanes) / done
            if ended < kept:
                for kept_sums, running in zip((stage_mu, stage_nu, stage_value), sums, strict=True):
                    kept_sums.reshape(kept, -1)[ended] = _level_sum(running, -1)
            fold(sum_mu, finished_mu, lanes * rows)
            fold(sum_nu, finished_nu, lanes * columns)
            sum_value[...] = 0.0
            stage, done, ended = stage + 1, 0, ended + 1
            back_up(
                reward,
                transition,
                index,
                value,
                estimates[ended % slots],
                (games, horizon, states, rows * columns, kinds, steps),
            )
            for target, source in zip((x, y, mu, nu), starts, strict=True):
                own = source.reshape(games, given, -1)[:, min(stage, given) - 1]
                target.reshape(games, -1)[...] = own
        mirror(
            q=estimates[ended % slots],
            eta=eta,
            x=x,
            y=y,
            mu=mu,
            nu=nu,
            sum_mu=sum_mu,
            sum_nu=sum_nu,
            sum_value=sum_value,
            lanes=lanes,
            rows=rows,
            columns=columns,
            done=done,
            iterations=iterations,
            predicts=predicts,
        )
        done += iterations
        if is_look and looked < seen:
            for found, finished, running in ((seen_mu, finished_mu, sum_mu), (seen_nu, finished_nu, sum_nu)):
                found.reshape(seen, -1)[looked] = finished.ravel() + _level_sum(running, -1)
            if watched:
                parts = (x, y, mu, nu, *sums, finished_mu, finished_nu)
                states_seen.reshape(watched, -1)[looked] = np.concatenate([part.ravel() for part in parts])
            looked += 1


def regret_run(
    *,
    reward: Floats,
    transition: Floats,
    index: Integers,
    q: Floats,
    x: Floats,
    y: Floats,
    mu: Floats,
    nu: Floats,
    sum_mu: Floats,
    sum_nu: Floats,
    value: Floats,
    seen_mu: Floats,
    seen_nu: Floats,
    pieces: Integers,
    updates: Integers,
    looks: Integers,
    games: int,
    horizon: int,
    states: int,
    rows: int,
    columns: int,
    kinds: int,
    steps: int,
    done: int,
    seen: int,
    count: int,
    longest: int,  # noqa: ARG001
) -> None:
    """Advance predictive regret matching+ over value updates: :func:`regret_matching`, and :func:`backup` between.

    Lanes are games, steps and states, in this order.

    Parameters
    ----------
    reward : (lanes, rows, columns)
    transition : (steps, kinds, states, rows, columns, states)
        Kernels of all steps (``steps`` is the horizon) or one for all (1).
    index : (games,) of int64
        Transition kernel of each game.
    q : (lanes, rows, columns)
        Estimates, advanced.
    x, y : (lanes, rows), (lanes, columns)
        As in :func:`regret_matching`, like the next three lines.
    mu, nu : (lanes, rows), (lanes, columns)
    sum_mu, sum_nu : (2, lanes, rows), (2, lanes, columns)
    value : (lanes,)
    seen_mu, seen_nu : (seen, lanes, rows), (seen, lanes, columns)
        Overwritten with sums of t^2 mu^t and t^2 nu^t, at each look.
    pieces : (count,) of int64
        Iterations of each piece, up to ``longest``.
    updates : (count,) of int64
        1 where values are updated after the piece, else 0.
    looks : (count,) of int64
        1 where somebody looks after the piece, else 0.
    done : int
        Iterations of the run before this call.

    Examples
    --------
    >>> half, seen, game = np.full((1, 2), 0.5), np.empty((2, 1, 2)), np.array([[[1.0, 0.0], [0.0, 1.0]]])
    >>> regret_run(reward=game, transition=np.ones((1, 1, 1, 2, 2, 1)), index=np.zeros(1, int), q=game.copy(),
    ...     x=np.zeros((1, 2)), y=np.zeros((1, 2)), mu=half.copy(), nu=half.copy(), sum_mu=np.zeros((2, 1, 2)),
    ...     sum_nu=np.zeros((2, 1, 2)), value=np.empty(1), seen_mu=seen, seen_nu=np.empty((2, 1, 2)),
    ...     pieces=np.array([1, 2]), updates=np.array([0, 0]), looks=np.array([1, 1]), games=1, horizon=1, states=1,
    ...     rows=2, columns=2, kinds=1, steps=1, done=0, seen=2, count=2, longest=2)
    >>> seen.tolist()  # weights 1, 4, 9
    [[[0.5, 0.5]], [[7.0, 7.0]]]
    """
    lanes, looked = games * horizon * states, 0
    if not lanes:
        return
    plan = (part.reshape(count).tolist() for part in (pieces, updates, looks))
    for iterations, is_update, is_look in zip(*plan, strict=True):
        regret_matching(
            q=q,
            x=x,
            y=y,
            mu=mu,
            nu=nu,
            sum_mu=sum_mu,
            sum_nu=sum_nu,
            value=value,
            lanes=lanes,
            rows=rows,
            columns=columns,
            done=done,
            iterations=iterations,
        )
        done += iterations
        if is_update:
            back_up(reward, transition, index, value, q, (games, horizon, states, rows * columns, kinds, steps))
        if is_look and looked < seen:
            for found, running in ((seen_mu, sum_mu), (seen_nu, sum_nu)):
                found.reshape(seen, -1)[looked] = _level_sum(running, -1)
            looked += 1


def _level_sum(sums: Floats, entries: int) -> Floats:
    """Totals plus running chunk of two-level sums, flat."""
    total, running = sums.reshape(2, entries)
    return np.asarray(total + running)


def back_up(
    reward: Floats,
    transition: Floats,
    index: Integers,
    value: Floats,
    out: Floats,
    sizes: tuple[int, ...],
) -> None:
    """:func:`backup` at every step; the sizes are games, horizon, states, joint, kinds, steps.

    Examples
    --------
    >>> out = np.empty((1, 2, 1))  # a game of two steps, one state and one joint action
    >>> back_up(np.ones((1, 2, 1)), np.ones((1, 1, 1, 1)), np.zeros(1, int), np.array([[[0.0], [5.0]]]), out,
    ...     (1, 2, 1, 1, 1, 1))
    >>> out.ravel().tolist()  # 1 + 5, and nothing after the last step
    [6.0, 1.0]
    """
    games, horizon, states, joint, kinds, steps = sizes
    runs = [(0, horizon)] if steps == 1 else [(h, h + 1) for h in range(horizon)]
    for (first, last), chance in zip(runs, transition.reshape(steps, -1), strict=True):
        backup(
            reward=reward,
            transition=chance,
            index=index,
            values=value,
            out=out,
            games=games,
            steps=horizon,
            rows=states * joint,
            states=states,
            kinds=kinds,
            first=first,
            last=last,
        )
