"""Learners with bandit feedback in NumPy: the reference of ``bandit.h``; part of :mod:`metanash.kernels.twin`.

Draws are those of :mod:`~metanash.kernels.sampling`. Payoffs of actions are estimated by importance weights: what a
player got for the action that it took, less a baseline that it knew before, over the chance with which it took it.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from metanash import simplex
from metanash.kernels.sampling import numbers, pick, pick_action
from metanash.typing import Floats, Integers

__all__ = ["sampled_ascent", "sampled_mirror", "v_learning"]


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / np.cumsum(raised, axis=-1)[..., -1:])  # in order, as in C


def _play(chance: Floats, u: Floats, actions: list[int]) -> tuple[list[Integers], Integers]:
    """Actions that are drawn from chances (..., columns) side by side, and the joint action."""
    ends = np.cumsum(actions)[:-1]
    taken = [pick_action(p, u[..., 1 + i]) for i, p in enumerate(np.split(chance, ends, axis=-1))]
    joint = np.zeros_like(taken[0])
    for n, a in zip(actions, taken, strict=True):
        joint = joint * n + a
    return taken, joint


def _product(policy: Floats, actions: list[int]) -> Floats:
    """Chances (..., joint) of joint actions under policies (..., columns)."""
    found = np.ones((*policy.shape[:-1], 1))
    for p in np.split(policy, np.cumsum(actions)[:-1], axis=-1):
        found = (found[..., :, np.newaxis] * p[..., np.newaxis, :]).reshape(*policy.shape[:-1], -1)
    return found


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
            taken, j = _play(played, u, listed)
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
                law[every, h, s, begins[i] : begins[i + 1]] = _softmax(logits - step[:, np.newaxis] * own)
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


@dataclass(frozen=True, eq=False)
class _Estimates:
    """What a batch of episodes says at each of several pairs (h, s): sums that begin with 0."""

    played: Floats  # (pairs, columns): chances with exploration
    sums: Floats  # (pairs, columns): weighted payoffs less the baseline
    totals: Floats  # (pairs, players)
    met: Floats  # (pairs,)
    begins: Integers

    @classmethod
    def under(cls, policy: Floats, actions: list[int], exploration: float) -> "_Estimates":
        """Nothing noted yet of policies (pairs, columns)."""
        uniform = np.concatenate([np.full(n, exploration / n) for n in actions])
        played, zero = (1.0 - exploration) * policy + uniform, np.zeros_like(policy)
        totals = np.zeros((len(policy), len(actions)))
        return cls(played, zero, totals, np.zeros(len(policy)), np.cumsum([0, *actions]))

    def note(self, pairs: Integers, i: int, taken: Integers, target: Floats, baseline: Floats) -> None:
        """Player i got targets (episodes,) for actions at pairs; baselines are (pairs, players)."""
        place = self.begins[i] + taken
        np.add.at(self.sums, (pairs, place), (target - baseline[pairs, i]) / self.played[pairs, place])
        np.add.at(self.totals[:, i], pairs, target)


def sampled_mirror(
    *,
    reward: Floats,
    onward: Floats,
    index: Integers,
    start: Floats,
    actions: Integers,
    seed: Integers,
    eta: Floats,
    value: Floats,
    x: Floats,
    policy: Floats,
    payoff: Floats,
    baseline: Floats,
    sum_joint: Floats,
    sum_payoff: Floats,
    sum_value: Floats,
    met: Floats,
    exploration: float,
    games: int,
    players: int,
    horizon: int,
    states: int,
    joint: int,
    columns: int,
    kinds: int,
    steps: int,
    batch: int,
    done: int,
    first: int,
    iterations: int,
    blind: int,
) -> None:
    """Iterate Algorithms 1 and 2 inside one stage, payoffs being estimated on ``batch`` episodes an iteration.

    Each iteration moves the anchors and makes iterates of the last estimates, then plays the iterates for the next
    ones. A stage begins with a batch under its initial policies, which is not counted in the sums.

    Parameters
    ----------
    reward : (games, players, horizon, states, joint)
        Rewards.
    onward : (steps, kinds, states, joint, states)
        Cumulative chances of next states; steps is 1 or the horizon.
    index : (games,)
        Kernel of each game.
    start : (games, states)
        Cumulative chances of the initial state.
    actions : (players,)
        Numbers of actions.
    seed : (games,)
        Keys of the random numbers.
    eta : (games,)
        Learning rates.
    value : (games, horizon, states, players)
        Estimates of the values, of the stage before.
    x : (games, horizon, states, columns)
        Logits of the anchors, advanced.
    policy : (games, horizon, states, columns)
        Last iterates, advanced.
    payoff : (games, horizon, states, columns)
        Last estimates of the payoffs of actions, less the baseline, overwritten.
    baseline : (games, horizon, states, players)
        Mean of what was got at the last visits, advanced.
    sum_joint : (games, horizon, states, joint)
        Sums of the product of the iterates, advanced.
    sum_payoff : (games, horizon, states, columns)
        Sums of the estimates, with the baselines, advanced.
    sum_value : (games, horizon, states, players)
        Sums of the mean that was got in an iteration, advanced.
    met : (games, horizon, states)
        Iterations with a visit, advanced.
    exploration : float
        Chance with which a player takes a uniform action.
    batch : int
        Episodes of an iteration.
    done : int
        Iterations of this stage before the call.
    first : int
        Number of the first episode.
    blind : int
        Whether all that is got counts as 0.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = mn.GameBatch.of(mn.MarkovGame([[[[[1.0, 0.5], [0.5, 0.0]]]]] * 2, still))
    >>> policy, names = np.full((1, 1, 1, 4), 0.5), ("x", "payoff", "sum_payoff")
    >>> zeros = {name: np.zeros(4) for name in names} | {name: np.zeros(2) for name in ("value", "baseline")}
    >>> sampled_mirror(**mn.simulation.play_tables(games), **zeros, reward=games.reward, seed=np.array([7]),
    ...     eta=np.ones(1), policy=policy, sum_joint=np.zeros(4), sum_value=np.zeros(2), met=np.zeros(1),
    ...     exploration=0.1, horizon=1, steps=1, batch=20, done=0, first=0, iterations=30, blind=0)
    >>> bool((policy[..., [0, 2]] > 0.9).all())  # the first actions are worth more, whatever the other does
    True
    """
    sizes, listed = (games, horizon, states), actions.tolist()
    anchor, law, estimate = (a.reshape(*sizes, columns) for a in (x, policy, payoff))
    joints, pays = sum_joint.reshape(*sizes, joint), reward.reshape(games, players, horizon, states, joint)
    ends, ahead = onward.reshape(steps, kinds, states, joint, states), value.reshape(*sizes, players)
    pairs = horizon * states
    base, sums = baseline.reshape(games, pairs, players), sum_payoff.reshape(games, pairs, columns)
    totals, mets = sum_value.reshape(games, pairs, players), met.reshape(games, pairs)

    def sample(g: int, begin: int, *, counted: bool) -> None:
        noted, before = _Estimates.under(law[g].reshape(pairs, columns), listed, exploration), base[g].copy()
        episode, s = np.arange(begin, begin + batch), np.zeros(batch, dtype=np.int64)
        for h in range(horizon):
            u = numbers(int(seed[g]), episode, h, players)
            if h == 0:
                s = pick(start.reshape(games, states)[g, :-1], u[:, 0])
            at = h * states + s
            taken, j = _play(noted.played[at], u, listed)
            after = pick(ends[h if steps > 1 else 0, index[g], s, j, :-1], u[:, 1 + players])
            for i in range(players):
                target = np.zeros(batch)
                if not blind:
                    target = pays[g, i, h, s, j] + (ahead[g, h + 1, after, i] if h + 1 < horizon else 0.0)
                noted.note(at, i, taken[i], target, before)
            np.add.at(noted.met, at, 1.0)
            s = after
        seen = noted.met > 0.0
        number = np.maximum(noted.met, 1.0)[:, np.newaxis]
        found, mean = noted.sums / number, noted.totals / number
        estimate[g] = found.reshape(horizon, states, columns)
        base[g][seen] = mean[seen]
        if counted:
            sums[g][seen] += (found + np.repeat(before, listed, axis=-1))[seen]
            totals[g][seen] += mean[seen]
            mets[g] += seen

    for g in range(games):
        episode = first
        if done == 0 and iterations:
            sample(g, episode, counted=False)
            episode += batch
        for _ in range(iterations):
            anchor[g] += eta[g] * estimate[g]
            moved = np.split(anchor[g] + eta[g] * estimate[g], np.cumsum(listed)[:-1], axis=-1)
            law[g] = np.concatenate([_softmax(logits) for logits in moved], axis=-1)
            joints[g] += _product(law[g], listed)
            sample(g, episode, counted=True)
            episode += batch


def sampled_ascent(
    *,
    reward: Floats,
    onward: Floats,
    index: Integers,
    start: Floats,
    actions: Integers,
    seed: Integers,
    step: Floats,
    policy: Floats,
    baseline: Floats,
    played: Floats,
    exploration: float,
    games: int,
    players: int,
    states: int,
    joint: int,
    columns: int,
    kinds: int,
    reward_rows: int,
    batch: int,
    first: int,
    iterations: int,
) -> None:
    """Iterate projected Q-ascent, Q-values being estimated on ``batch`` episodes an iteration.

    An episode goes on to a pair of state and actions, where it ends by chance, and from there on once more, to an end
    whose rewards are what a player got.

    Parameters
    ----------
    reward : (games, reward_rows, states, joint)
        Rewards, of each player or common.
    onward : (kinds, states, joint, states)
        Cumulative chances of next states; what is left is the end.
    index : (games,)
        Kernel of each game.
    start : (games, states)
        Cumulative chances of the initial state.
    actions : (players,)
        Numbers of actions.
    seed : (games,)
        Keys of the random numbers.
    step : (games,)
        Step sizes.
    policy : (games, states, columns)
        Policies, advanced.
    baseline : (games, states, players)
        Mean of what was got at the last visits, advanced.
    played : (games,)
        Steps played, advanced.
    exploration : float
        Chance with which a player takes a uniform action.
    batch : int
        Episodes of an iteration.
    first : int
        Number of the first episode.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = mn.GameBatch.of(mn.DiscountedGame([[[[1.0, 0.5], [0.5, 0.0]]]], still, 0.5))
    >>> tables, policy = mn.simulation.play_tables(games), np.full((1, 1, 4), 0.5)
    >>> tables["onward"] = tables["onward"][0]
    >>> sampled_ascent(**tables, reward=games.reward, seed=np.array([7]), step=np.array([0.1]), policy=policy,
    ...     baseline=np.zeros(2), played=np.zeros(1), exploration=0.1, reward_rows=1, batch=20, first=0, iterations=50)
    >>> bool((policy[..., [0, 2]] > 0.9).all())
    True
    """
    law, base = policy.reshape(games, states, columns), baseline.reshape(games, states, players)
    pays, ends = reward.reshape(games, reward_rows, states, joint), onward.reshape(kinds, states, joint, states)
    listed = actions.tolist()
    begins = np.cumsum([0, *listed])

    def walk(g: int, episode: Integers, chance: Floats) -> tuple[Integers, list[Integers], Floats, Integers]:
        """Pairs where the first way ends: states and actions, what is got from there, and steps."""
        count = len(episode)
        met, acted = np.zeros(count, dtype=np.int64), [np.zeros(count, dtype=np.int64) for _ in listed]
        got, went, paid = np.zeros((count, players)), np.zeros(count, dtype=np.int64), np.zeros(count, dtype=bool)
        going, s, held, t = np.arange(count), np.zeros(count, dtype=np.int64), np.zeros(count, dtype=bool), 0
        while going.size:
            u = numbers(int(seed[g]), episode[going], t, players)
            if t == 0:
                s = pick(start.reshape(games, states)[g, :-1], u[:, 0])
            taken, j = _play(chance[s], u, listed)
            taken = [np.where(held, before[going], now) for before, now in zip(acted, taken, strict=True)]
            j = np.zeros_like(s)
            for n, a in zip(listed, taken, strict=True):
                j = j * n + a
            on = paid[going]
            got[going[on]] += np.broadcast_to(pays[g][:, s[on], j[on]].T, (int(on.sum()), players))
            z = pick(ends[index[g], s, j], u[:, 1 + players])
            over, t = z == states, t + 1
            went[going] = t
            turning = over & ~on
            met[going[turning]] = s[turning]
            for before, now in zip(acted, taken, strict=True):
                before[going[turning]] = now[turning]
            paid[going[turning]] = True
            left = ~(over & on)
            going, s, held = going[left], np.where(turning, s, z)[left], turning[left]
        return met, acted, got, went

    for g, t in itertools.product(range(games), range(iterations)):
        noted = _Estimates.under(law[g], listed, exploration)
        met, acted, got, went = walk(g, np.arange(first + t * batch, first + (t + 1) * batch), noted.played)
        played[g] += went.sum()
        for i in range(players):
            noted.note(met, i, acted[i], got[:, i], base[g])
        np.add.at(noted.met, met, 1.0)
        for s in np.flatnonzero(noted.met):
            base[g, s] = noted.totals[s] / noted.met[s]
            moved = law[g, s] + step[g] * (noted.sums[s] / noted.met[s])
            for i in range(players):
                own = moved[begins[i] : begins[i + 1]]
                law[g, s, begins[i] : begins[i + 1]] = simplex.project(own - own.max())  # however far the step was
