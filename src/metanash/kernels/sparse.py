"""Sparse transition kernels in NumPy: the reference of ``sparse.h``; part of :mod:`metanash.kernels.twin`.

A kernel is in compressed rows (CSR), a row for each state and joint action: row r has the probabilities
``data[starts[r]]``, ..., ``data[starts[r + 1] - 1]`` of the next states ``places``. Neither places nor starts are
believed.
"""

import numpy as np

from metanash.typing import Floats, Integers, Places

__all__ = ["sparse_backup", "sparse_expect", "sparse_values"]

POINTS_OUTSIDE = (
    "a sparse kernel points outside: starts must not fall and lie in [0, entries], places in [0, states); "
    "metanash.Transition.sparse says which do not"
)


def _check(places: Places, starts: Places, states: int) -> None:
    falls, begin, end = (np.diff(starts) < 0).any(), int(starts[0]), int(starts[-1])
    if falls or begin < 0 or end > len(places) or ((places[begin:end] < 0) | (places[begin:end] >= states)).any():
        raise ValueError(POINTS_OUTSIDE)


def _product(data: Floats, places: Places, starts: Places, value: Floats) -> Floats:
    """Rows times a vector, each sum in the order of its row."""
    part = slice(int(starts[0]), int(starts[-1]))
    row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    return np.asarray(np.bincount(row, data[part] * value[places[part]], len(starts) - 1), np.float64)


def sparse_expect(
    *,
    data: Floats,
    places: Places,
    starts: Places,
    values: Floats,
    out: Floats,
    rows: int,
    states: int,
    vectors: int,
    entries: int,
) -> None:
    """Average next-state values: ``out[v] = P values[v]`` of a sparse kernel P.

    Parameters
    ----------
    data : (entries,)
        Probabilities of all rows, one row (a state and a joint action) after another.
    places : (entries,) of int32
        Next state of each entry.
    starts : (edges,) of int32
        Where each row begins, ``rows`` + 1 numbers: row r ends where row r + 1 begins.
    values : (vectors, states)
        Values to average.
    out : (vectors, rows)
        Overwritten.

    Raises
    ------
    ValueError
        If a place is no state or a row begins or ends outside.

    Examples
    --------
    >>> out, places, starts = np.zeros((1, 2)), np.array([0, 1, 0], np.int32), np.array([0, 2, 3], np.int32)
    >>> sparse_expect(data=np.array([0.5, 0.5, 1.0]), places=places, starts=starts, values=np.array([[1.0, 3.0]]),
    ...     out=out, rows=2, states=2, vectors=1, entries=3)
    >>> out.tolist()
    [[2.0, 1.0]]
    """
    if vectors:
        _check(places.reshape(entries), starts, states)
    target = out.reshape(vectors, rows)
    for v, value in enumerate(values.reshape(vectors, states)):
        target[v] = _product(data, places, starts, value)


def sparse_backup(
    *,
    reward: Floats,
    data: Floats,
    places: Places,
    starts: Places,
    values: Floats,
    out: Floats,
    steps: int,
    rows: int,
    states: int,
    entries: int,
    first: int,
    last: int,
) -> None:
    """Reward plus expected next value of one game: ``out[h] = reward[h] + P values[h + 1]``.

    Parameters
    ----------
    reward : (steps, rows)
    data, places, starts : (entries,), (entries,) of int32, (edges,) of int32
        The kernel of these steps, as in :func:`sparse_expect`.
    values : (steps, states)
        Values at each step; nothing comes after the last.
    out : (steps, rows)
        Overwritten at steps ``first``, ..., ``last - 1``.

    Raises
    ------
    ValueError
        As in :func:`sparse_expect`.

    Examples
    --------
    >>> out, places, starts = np.zeros((2, 2)), np.zeros(2, np.int32), np.array([0, 1, 2], np.int32)
    >>> sparse_backup(reward=np.array([[1.0, 0.0], [0.5, 0.25]]), data=np.ones(2), places=places, starts=starts,
    ...     values=np.array([[0.0], [0.25]]), out=out, steps=2, rows=2, states=1, entries=2, first=0, last=2)
    >>> out.tolist()
    [[1.25, 0.25], [0.5, 0.25]]
    """
    earned, target = reward.reshape(steps, rows), out.reshape(steps, rows)
    value, ahead = values.reshape(steps, states), min(last, steps - 1)
    if ahead > first:
        _check(places.reshape(entries), starts, states)
    for h in range(first, last):
        target[h] = earned[h]
        if h < ahead:
            target[h] += _product(data, places, starts, value[h + 1])


def sparse_values(
    *,
    reward: Floats,
    data: Floats,
    places: Places,
    starts: Places,
    policy: tuple[Floats, ...],
    actions: Integers,
    wanted: Integers,
    value: Floats,
    players: int,
    horizon: int,
    states: int,
    joint: int,
    reward_rows: int,
    entries: int,
    vectors: int,
    step: int,
) -> None:
    """A step of the backward induction of :func:`metanash.kernels.twin.finite_values` for one game.

    Parameters
    ----------
    reward : (reward_rows, horizon, states, joint)
        One row per player; or a single one for two players, the second of whom receives its negative.
    data, places, starts : (entries,), (entries,) of int32, (edges,) of int32
        The kernel of this step, as in :func:`sparse_expect`; not read at the last step.
    policy : tuple of (horizon, states, A_i)
        One array per player.
    actions : (players,) of int64
        Numbers of actions.
    wanted : (vectors,) of int64
        What to work out: i is the value to player i of the policy, ``players`` + i of its best response to the others.
    value : (vectors, horizon, states)
        Read at ``step + 1`` and overwritten at ``step``.

    Raises
    ------
    ValueError
        As in :func:`sparse_expect`.

    Examples
    --------
    >>> value, starts = np.zeros((1, 2, 1)), np.arange(5, dtype=np.int32)
    >>> value[0, 1] = 10.0  # at the last step
    >>> sparse_values(reward=np.array([1.0, 0.0, 0.0, 1.0] * 2), data=np.ones(4), places=np.zeros(4, np.int32),
    ...     starts=starts, policy=(np.full((2, 1, 2), 0.5), np.full((2, 1, 2), 0.5)), actions=np.array([2, 2]),
    ...     wanted=np.array([2]), value=value, players=2, horizon=2, states=1, joint=4, reward_rows=1, entries=4,
    ...     vectors=1, step=0)
    >>> value.ravel().tolist()
    [10.5, 10.0]
    """
    sizes = [int(n) for n in actions]
    found = value.reshape(vectors, horizon, states)
    paid = reward.reshape(reward_rows, horizon, states, joint)[:, step].reshape(reward_rows, states, *sizes)
    parts = [part.reshape(horizon, states, n)[step] for part, n in zip(policy, sizes, strict=True)]
    if step < horizon - 1:
        _check(places.reshape(entries), starts, states)
    for v, code in enumerate(wanted.tolist()):
        player, respond = code % players, code >= players
        q = paid[player] if reward_rows > 1 or player == 0 else -paid[0]
        if step < horizon - 1:
            q = q + _product(data, places, starts, found[v, step + 1]).reshape(states, *sizes)
        for other in range(players):  # the axis of the first player that is left
            if other < player:
                q = np.einsum("sa...,sa->s...", q, parts[other])
        for other in reversed(range(player + 1, players)):
            q = np.einsum("s...a,sa->s...", q, parts[other])
        found[v, step] = q.max(axis=-1) if respond else (q * parts[player]).sum(axis=-1)
