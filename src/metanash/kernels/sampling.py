"""Sampled play in NumPy: the reference of ``sampling.h`` and ``simulate.h``; part of :mod:`metanash.kernels.twin`.

Random numbers are those of Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1,
2, 3") at the address (seed, episode, step): nothing else decides what is drawn.
"""

import numpy as np
import numpy.typing as npt

from metanash.typing import Floats, Integers

__all__ = ["numbers", "philox", "pick", "pick_action", "play", "product", "simulate", "softmax"]

Words = npt.NDArray[np.uint64]
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_FACTORS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)


def philox(key: int, block: Words, episode: Words) -> Words:
    """Philox4x32-10 of the counters (block, episode): two words of 64 bits each, (..., 2).

    Parameters
    ----------
    key : int
        Of 64 bits.
    block, episode : arrays of uint64 of one shape
        The lower and the upper half of the counter.

    Examples
    --------
    >>> zero = np.zeros((), dtype=np.uint64)
    >>> [hex(word) for word in philox(0, zero, zero).tolist()]  # first known answer of Random123
    ['0xe169c58d6627e8d5', '0x9b00dbd8bc57ac4c']
    """
    c0, c1, c2, c3 = block & _LOW, block >> _HALF, episode & _LOW, episode >> _HALF
    low, high = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0, p1 = c0 * _FACTORS[0], c2 * _FACTORS[1]
        c0, c1 = (p1 >> _HALF) ^ c1 ^ np.uint64(low), p1 & _LOW
        c2, c3 = (p0 >> _HALF) ^ c3 ^ np.uint64(high), p0 & _LOW
        low, high = (low + _WEYL[0]) & 0xFFFFFFFF, (high + _WEYL[1]) & 0xFFFFFFFF
    return np.stack([c0 | (c1 << _HALF), c2 | (c3 << _HALF)], axis=-1)


def numbers(key: int, episode: npt.ArrayLike, step: npt.ArrayLike, players: int) -> Floats:
    """Numbers in [0, 1) of steps of episodes: for the initial state, the action of each player, and the next state.

    Returns
    -------
    (..., 2 + players) array
        Multiples of 2^-52; ``...`` is the shape of episodes and steps.

    Examples
    --------
    >>> both = numbers(7, [0, 1], [3, 3], players=2)
    >>> both.shape, bool((both[1] == numbers(7, 1, 3, players=2)).all())
    ((2, 4), True)
    """
    wide = (players + 3) // 2
    block = np.asarray(step, dtype=np.uint64)[..., np.newaxis] * np.uint64(wide) + np.arange(wide, dtype=np.uint64)
    each = np.asarray(episode, dtype=np.uint64)[..., np.newaxis]
    words = philox(key, *(np.asarray(one, dtype=np.uint64) for one in np.broadcast_arrays(block, each)))
    found = (words >> np.uint64(12)) * 2.0**-52
    return np.asarray(found.reshape(*found.shape[:-2], 2 * wide)[..., : 2 + players])


def pick(ends: Floats, u: Floats) -> Integers:
    """What u draws where ``ends`` (..., n) are cumulative chances: how many of them are at most u.

    Examples
    --------
    >>> pick(np.array([0.25, 0.5]), np.array([0.1, 0.25, 0.7])).tolist()
    [0, 1, 2]
    """
    return np.asarray((u[..., np.newaxis] >= ends).sum(axis=-1), dtype=np.int64)


def pick_action(chance: Floats, u: Floats) -> Integers:
    """The same of chances (..., A); one that is 0 is never drawn.

    Examples
    --------
    >>> pick_action(np.array([0.25, 0.75, 0.0]), np.array([0.1, 0.25, 1 - 2.0**-52])).tolist()
    [0, 1, 1]
    """
    found = pick(np.cumsum(chance[..., :-1], axis=-1), u)
    if (chance > 0.0).all():
        return found
    chances = np.broadcast_to(chance, (*found.shape, chance.shape[-1]))
    while True:
        wrong = (found > 0) & ~(np.take_along_axis(chances, found[..., np.newaxis], axis=-1)[..., 0] > 0.0)
        if not wrong.any():
            return found
        found = found - wrong


def softmax(logits: Floats) -> Floats:
    """Softmax over the last axis, whose sum is made in order, as in C.

    Examples
    --------
    >>> softmax(np.array([np.log(3.0), 0.0])).round(4).tolist()
    [0.75, 0.25]
    """
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / np.cumsum(raised, axis=-1)[..., -1:])


def play(chance: Floats, u: Floats, actions: list[int]) -> tuple[list[Integers], Integers]:
    """Actions that are drawn from chances (..., columns) side by side, and the joint action.

    ``u`` has the numbers of a step, see :func:`numbers`.

    Examples
    --------
    >>> taken, joint = play(np.array([0.5, 0.5, 0.25, 0.75]), np.array([[0.0, 0.7, 0.3, 0.0]]), [2, 2])
    >>> [part.tolist() for part in taken], joint.tolist()
    ([[1], [1]], [3])
    """
    ends = np.cumsum(actions)[:-1]
    taken = [pick_action(p, u[..., 1 + i]) for i, p in enumerate(np.split(chance, ends, axis=-1))]
    joint = np.zeros_like(taken[0])
    for n, a in zip(actions, taken, strict=True):
        joint = joint * n + a
    return taken, joint


def product(policy: Floats, actions: list[int]) -> Floats:
    """Chances (..., joint) of joint actions under policies (..., columns).

    Examples
    --------
    >>> product(np.array([0.5, 0.5, 0.25, 0.75]), [2, 2]).tolist()
    [0.125, 0.375, 0.125, 0.375]
    """
    found = np.ones((*policy.shape[:-1], 1))
    for p in np.split(policy, np.cumsum(actions)[:-1], axis=-1):
        found = (found[..., :, np.newaxis] * p[..., np.newaxis, :]).reshape(*policy.shape[:-1], -1)
    return found


def simulate(
    *,
    reward: Floats,
    onward: Floats,
    index: Integers,
    start: Floats,
    ends: Floats,
    actions: Integers,
    seed: Integers,
    visits: Floats,
    returns: Floats,
    state: Floats,
    action: Floats,
    games: int,
    parts: int,
    players: int,
    states: int,
    joint: int,
    columns: int,
    reward_rows: int,
    kinds: int,
    steps: int,
    onward_steps: int,
    horizon: int,
    first: int,
    episodes: int,
    ending: int,
    kept: int,
) -> None:
    """Play fixed policies, a game in parts: part p plays the p-th share of the episodes.

    Parameters
    ----------
    reward : (games, reward_rows, steps, states, joint)
        Rewards that are added up.
    onward : (onward_steps, kinds, states, joint, states)
        Cumulative chances of next states; 1 at the last, or less where the episode may end.
    index : (games,)
        Kernel of each game.
    start : (games, states)
        Cumulative chances of the initial state.
    ends : (games, steps, states, columns)
        Cumulative chances of the actions, the players' side by side.
    actions : (players,)
        Numbers of actions.
    seed : (games,)
        Keys of the random numbers.
    visits : (games, parts, steps, states, joint)
        How often joint actions were played; added to.
    returns : (games, parts, 2, reward_rows)
        Sums over episodes of what they paid, and of its square; added to.
    state, action : (trail,), (trail,)
        States and joint actions (games, episodes, horizon), if ``kept``; overwritten where an episode comes.
    steps, onward_steps : int
        1, or the horizon.
    horizon : int
        Steps of an episode at most.
    first : int
        Number of the first episode.
    ending : int
        Whether an episode ends where u is above all chances of next states.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = mn.GameBatch.of(mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still))
    >>> none, visits, returns = np.zeros(0), np.zeros((1, 1, 1, 1, 4)), np.zeros((1, 1, 2, 1))
    >>> sizes = {"parts": 1, "reward_rows": 1, "steps": 1, "onward_steps": 1, "horizon": 1, "first": 0, "episodes": 100}
    >>> simulate(**mn.simulation.play_tables(games), **sizes, ending=0, kept=0, reward=games.reward, state=none,
    ...     action=none, ends=np.array([0.5, 1.0, 1.0, 1.0]), seed=np.array([7]), visits=visits, returns=returns)
    >>> bool(visits.sum() == 100.0), bool((visits[0, 0, 0, 0, [1, 3]] == 0.0).all())  # the second column is not played
    (True, True)
    """
    pays = reward.reshape(games, reward_rows, steps, states, joint)
    chances = onward.reshape(onward_steps, kinds, states, joint, states)
    law = ends.reshape(games, steps, states, columns)
    counts = visits.reshape(games, parts, steps, states, joint)
    paid_sums = returns.reshape(games, parts, 2, reward_rows)
    trails = [kept_one.reshape(games, episodes, horizon) for kept_one in (state, action)] if kept else []
    begins = np.cumsum([0, *actions])
    for g in range(games):
        for part, share in enumerate(np.array_split(np.arange(episodes), parts)):
            going, paid, s = share, np.zeros((len(share), reward_rows)), np.zeros(len(share), dtype=np.int64)
            for t in range(horizon):
                if not going.size:
                    break
                u = numbers(int(seed[g]), first + going, t, players)
                if t == 0:
                    s = pick(start.reshape(games, states)[g, :-1], u[:, 0])
                h = t if steps > 1 else 0
                j = np.zeros_like(s)
                for i, n in enumerate(actions.tolist()):
                    j = j * n + pick(law[g, h, s, begins[i] : begins[i + 1] - 1], u[:, 1 + i])
                np.add.at(counts[g, part, h], (s, j), 1.0)
                paid[going - share[0]] += pays[g, :, h, s, j]
                for trail, now in zip(trails, (s, j), strict=False):
                    trail[g, going, t] = now
                if t + 1 < horizon:
                    onto = chances[t if onward_steps > 1 else 0, index[g], s, j]
                    s = pick(onto if ending else onto[:, :-1], u[:, 1 + players])
                    going, s = going[s < states], s[s < states]
            for row, values in enumerate((paid, paid * paid)):  # in order, as in C
                paid_sums[g, part, row] = np.cumsum(np.vstack([paid_sums[g, part, row], values]), axis=0)[-1]
