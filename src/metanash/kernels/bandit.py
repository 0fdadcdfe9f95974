"""Learners with bandit feedback in NumPy: the reference of ``bandit.h``; part of :mod:`metanash.kernels.twin`.

V-learning has a module of its own, :mod:`~metanash.kernels.episodes`. Draws are those of
:mod:`~metanash.kernels.sampling`. Payoffs of actions are estimated by importance weights: what a player got for the
action that it took, less a baseline that it knew before, over the chance with which it took it.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from metanash import simplex
from metanash.kernels.sampling import numbers, pick, play, product, softmax
from metanash.typing import Floats, Integers

__all__ = ["sampled_ascent", "sampled_mirror"]


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
            taken, j = play(noted.played[at], u, listed)
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
            law[g] = np.concatenate([softmax(logits) for logits in moved], axis=-1)
            joints[g] += product(law[g], listed)
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
            taken, j = play(chance[s], u, listed)
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
