"""V-learning in NumPy: a part of the reference of ``bandit.h``, and of :mod:`metanash.kernels.twin`.

Draws are those of :mod:`~metanash.kernels.sampling`.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from metanash.kernels.sampling import numbers, pick, play, softmax
from metanash.typing import Floats, Integers

__all__ = ["v_learning"]


def v_learning(
    *,
    reward: Floats,
    transition: Floats,
    onward: Floats,
    index: Integers,
    start: Floats,
    actions: Integers,
    seed: Integers,
    rate: Floats,
    prior: Floats,
    policy: Floats,
    loss: Floats,
    average: Floats,
    count: Floats,
    value: Floats,
    followed: Floats,
    deviated: Floats,
    reply: Floats,
    bonus: float,
    games: int,
    players: int,
    horizon: int,
    states: int,
    joint: int,
    columns: int,
    kinds: int,
    steps: int,
    first: int,
    episodes: int,
    measure: int,
) -> None:
    """Iterate V-learning: see :class:`metanash.learners.v_learning.VLearning` for what a visit of a state does.

    Parameters
    ----------
    reward : (games, players, horizon, states, joint)
        Rewards.
    transition, onward : (steps, kinds, states, joint, states), (steps, kinds, states, joint, states)
        Chances of next states and their cumulative sums; steps is 1 or the horizon.
    index : (games,)
        Kernel of each game.
    start : (games, states)
        Cumulative chances of the initial state.
    actions : (players,)
        Numbers of actions.
    seed : (games,)
        Keys of the random numbers.
    rate : (games,)
        Factors of the learning rates.
    prior : (games, horizon, states, columns)
        Logits of the initial policies.
    policy : (games, horizon, states, columns)
        What is played next, advanced.
    loss : (games, horizon, states, columns)
        Weighted sums of estimated losses over the last weight, advanced.
    average : (games, horizon, states, columns)
        Averages of the policies with the weights of V-learning, advanced.
    count : (games, horizon, states)
        Visits, advanced.
    value : (games, horizon, states, players)
        Estimates of the values, before they are cut at what can be got, advanced.
    followed : (games, horizon, states, players)
        Values of the certified policy, advanced if ``measure``; so are the next two.
    deviated : (games, horizon, states, columns)
        Values of actions against it, and then of best replies.
    reply : (games, horizon, states, players)
        The largest of these.
    bonus : float
        Factor of the bonus.
    first : int
        Number of the first episode.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = mn.GameBatch.of(mn.MarkovGame([[[[[1.0, 0.0], [0.0, 0.5]]]]] * 2, still))
    >>> tables, half, pair = mn.simulation.play_tables(games), np.full((1, 1, 1, 4), 0.5), np.zeros((1, 1, 1, 2))
    >>> policy = half.copy()
    >>> v_learning(**tables, reward=games.reward, transition=tables["onward"], seed=np.array([7]), rate=np.ones(1),
    ...     prior=np.log(half), policy=policy, loss=np.zeros(4), average=half.copy(), count=np.zeros(1),
    ...     value=pair.copy(), followed=pair.copy(), deviated=np.zeros(4), reply=pair.copy(), bonus=0.0, horizon=1,
    ...     steps=1, first=0, episodes=5000, measure=1)
    >>> bool((policy[..., [0, 2]] > 0.9).all()) or bool((policy[..., [1, 3]] > 0.9).all())  # both the same
    True
    """
    sizes, listed = (games, horizon, states), actions.tolist()
    law, losses, means = (x.reshape(*sizes, columns) for x in (policy, loss, average))
    counts, values = count.reshape(sizes), value.reshape(*sizes, players)
    known = _Certified(
        pays=reward.reshape(games, players, horizon, states, joint),
        chances=transition.reshape(steps, kinds, states, joint, states),
        index=index,
        actions=listed,
        followed=followed.reshape(*sizes, players),
        deviated=deviated.reshape(*sizes, columns),
        reply=reply.reshape(*sizes, players),
    )
    ends = onward.reshape(steps, kinds, states, joint, states)
    begins, every = np.cumsum([0, *listed]), np.arange(games)
    for e in range(first, first + episodes):
        s = np.zeros(games, dtype=np.int64)
        for h in range(horizon if games else 0):
            u = np.stack([numbers(int(k), e, h, players) for k in seed])
            if h == 0:
                s = pick(start.reshape(games, states)[:, :-1], u[:, 0])
            played = law[every, h, s].copy()
            taken, j = play(played, u, listed)
            after = pick(ends[h if steps > 1 else 0, index, s, j, :-1], u[:, 1 + players])
            counts[every, h, s] += 1.0
            n = counts[every, h, s]
            alpha = (horizon + 1) / (horizon + n)
            if measure:
                known.visit(h, s, alpha, played)
            means[every, h, s] += alpha[:, np.newaxis] * (played - means[every, h, s])
            for i, size in enumerate(listed):
                target = known.pays[every, i, h, s, j]
                if h + 1 < horizon:
                    target = target + np.minimum(values[every, h + 1, after, i], horizon - h - 1)
                extra = bonus * np.sqrt(horizon**3 * size / n)
                values[every, h, s, i] += alpha * (target + extra - values[every, h, s, i])
                step = rate * np.sqrt(horizon * (math.log(size) if size > 1 else 1.0) / (size * n))
                own = losses[every, h, s, begins[i] : begins[i + 1]] * ((n - 1) / (horizon + n - 1))[:, np.newaxis]
                own[every, taken[i]] += (horizon - target) / horizon / (played[every, begins[i] + taken[i]] + step)
                losses[every, h, s, begins[i] : begins[i + 1]] = own
                logits = prior.reshape(*sizes, columns)[every, h, s, begins[i] : begins[i + 1]]
                law[every, h, s, begins[i] : begins[i + 1]] = softmax(logits - step[:, np.newaxis] * own)
            s = after


@dataclass(frozen=True, eq=False)
class _Certified:
    """Exact values of the certified policy of V-learning and of replies to it."""

    pays: Floats
    chances: Floats
    index: Integers
    actions: list[int]
    followed: Floats
    deviated: Floats
    reply: Floats

    def visit(self, h: int, s: Integers, alpha: Floats, played: Floats) -> None:
        """One more visit at states s (games,) of step h, at which these policies (games, columns) were played."""
        games, players, horizon, _, joint = self.pays.shape
        every, begins = np.arange(games), np.cumsum([0, *self.actions])
        move = self.chances[h if len(self.chances) > 1 else 0, self.index, s]
        for i in range(players):
            ahead = replied = np.zeros((games, joint))
            if h + 1 < horizon:
                ahead = np.einsum("gjz,gz->gj", move, self.followed[:, h + 1, :, i])
                replied = np.einsum("gjz,gz->gj", move, self.reply[:, h + 1, :, i])
            pay = self.pays[every, i, h, s]
            mean, against = np.zeros(games), np.zeros((games, self.actions[i]))
            for j, combination in enumerate(itertools.product(*map(range, self.actions))):
                chance = [played[:, begins[k] + a] for k, a in enumerate(combination)]
                others = np.asarray(math.prod(chance[:i] + chance[i + 1 :], start=np.ones(games)))
                mean += others * chance[i] * (pay[:, j] + ahead[:, j])
                against[:, combination[i]] += others * (pay[:, j] + replied[:, j])
            self.followed[every, h, s, i] += alpha * (mean - self.followed[every, h, s, i])
            old = self.deviated[every, h, s, begins[i] : begins[i + 1]]
            new = (1.0 - alpha[:, np.newaxis]) * old + alpha[:, np.newaxis] * against
            self.deviated[every, h, s, begins[i] : begins[i + 1]] = new
            self.reply[every, h, s, i] = new.max(axis=-1)
