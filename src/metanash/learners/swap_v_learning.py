r"""V-learning for correlated equilibria: bandit feedback without swap regret, for general-sum games of finite horizon.

Jin, Liu, Wang and Yu (2021) and Song, Mei and Bai (2022) put a bandit with small *swap* regret in the place of that of
:mod:`metanash.learners.v_learning`; values, weights and draws are those of that module. Each action b of a player has
an expert of its own (Blum and Mansour 2007), follow the regularised leader with entropy and implicit exploration. At
the n-th visit of (h, s) the player plays the distribution mu that its experts q_b keep,

.. math:: \mu(a) = \sum_b \mu(b) q_b(a), \qquad
          q_b(a) \propto \tilde\mu(a) \exp\Big( -\frac{\eta_n}{w_n} \sum_{i \le n} w_i \mu_i(b) \hat l_i(a) \Big),
          \qquad \eta_n = \gamma_n = c \sqrt{\frac{H \log A}{n}},

so that expert b pays the share mu(b) of the estimated loss. The rate balances A log(A) / eta, the price of A experts,
and eta A n, since the sum over b of mu(b)^2 is at most 1. The output is the certified policy; its exact value and those
of deviators are kept beside the learning. Who deviates is told the visit before the next step, and answers each advice
at a step in one way, so the differences bound the CE-gap and the CCE-gap, and are these for H = 1.

The papers were not at hand but for their abstracts: a CE in H^6 S max A^2 / eps^2 episodes up to logarithms (Song, Mei
and Bai), so gaps of order 1 / sqrt(T). What is ours [choice]: the factor c, no bonus, priors tilde mu other than the
uniform policy, and that no chance is below 1e-100.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metanash import simplex
from metanash._inner.checks import integer
from metanash._inner.reductions import largest, summed
from metanash.correlated import product_values
from metanash.games import GameBatch, MarkovGame, check_batch
from metanash.kernels.sampling import numbers, pick, play
from metanash.learners.base import Policies, checked_policies, learning_rates
from metanash.learners.swap_ftrl import stationary
from metanash.simulation import draw_keys, play_tables
from metanash.typing import Floats, Integers

__all__ = ["SwapVLearning", "SwapVState"]

_LEAST, _DRAWN = 1e-100, 256
"""The smallest chance; episodes whose numbers are drawn together."""


@dataclass(frozen=True, eq=False)
class SwapVState:
    """State of V-learning for correlated equilibria; G games, N players.

    Attributes
    ----------
    iteration : int
        Episodes played.
    keys : (G,) array of int64
        Of the random numbers.
    rate : (G,)
        c.
    prior, policy, average : tuple of (G, H, S, A_i)
        Logits of the initial policies; what is played next; averages of what was played, with weights alpha_n^i.
    loss : tuple of (G, H, S, A_i, A_i)
        Of each expert, weighted sums of estimated losses over w_n.
    count : (G, H, S)
        Visits.
    value : (G, H, S, N)
        tilde V.
    followed : (G, H, S, N)
        Exact values of the certified policy.
    answers : tuple of (G, H, S, A_i, A_i)
        What each answer to each advice is worth, the advice's chance included.
    fixed : tuple of (G, H, S, A_i)
        What each action is worth to who hears no advice.
    swapped, replied : (G, H, S, N)
        Values of the best answers, and of the best actions.

    Examples
    --------
    >>> import metanash as mn
    >>> (game,) = mn.families.general_sum_sequence("random", 0, n_games=1, perturbation=0.1)
    >>> state = mn.learn(game, SwapVLearning(1.0), 100).state
    >>> state.iteration, state.count[0, 0].sum().item(), state.loss[0].shape
    (100, 100.0, (1, 2, 2, 2, 2))
    """

    iteration: int
    keys: Integers
    rate: Floats
    prior: Policies
    policy: Policies
    average: Policies
    loss: Policies
    count: Floats
    value: Floats
    followed: Floats
    answers: Policies
    fixed: Policies
    swapped: Floats
    replied: Floats


@dataclass(frozen=True)
class SwapVLearning:
    """V-learning for correlated equilibria; see the module. An iteration is an episode. A NumPy loop, without a kernel.

    Parameters
    ----------
    learning_rate : float or (G,) array
        c, in [1e-100, 1e100].
    seed : int or G ints
        Of the draws; see :mod:`metanash.simulation`.

    Notes
    -----
    Initial policies have axes (game, h, s, action), one array per player; none may have a probability of 0.

    Examples
    --------
    >>> import metanash as mn
    >>> (game,) = mn.families.general_sum_sequence(
    ...     "chicken", 0, n_games=1, perturbation=0.1, horizon=1, n_states=1, n_actions=(2, 2)
    ... )
    >>> run = mn.learn(game, SwapVLearning(1.0, seed=1), 3000, at=[30, 3000])
    >>> early, late = run.measures["ce_gap_bound"][0]
    >>> bool(late < early / 2)
    True
    """

    learning_rate: float | Floats
    seed: int | Sequence[int] | Integers = 0

    def start(self, games: GameBatch[MarkovGame], initial: Policies | None = None) -> SwapVState:
        """Return the state before the first episode; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.

        Raises
        ------
        ValueError
            If the games are of another class, a parameter is out of range, or an initial policy is no policy or has a
            probability of 0.
        """
        check_batch("SwapVLearning", games, MarkovGame)
        game, count = games.game, len(games)
        sizes = (count, game.horizon, game.n_states)
        if initial is None:
            initial = tuple(simplex.uniform(1, *sizes[1:], n) for n in game.n_actions)
        begun = checked_policies(initial, [(*sizes, n) for n in game.n_actions])
        for player, part in enumerate(begun):
            if not (part > 0.0).all():
                raise ValueError(
                    f"initial policy of player {player} has a probability of 0, which no expert may have; mix in a "
                    "little of the uniform policy (metanash.simplex.alpha_greedy)"
                )
        known = product_values(games, begun)
        replied = np.ascontiguousarray(np.moveaxis(known.deviated, 1, 3))
        square = tuple(np.zeros((*part.shape, part.shape[-1])) for part in begun)
        return SwapVState(
            iteration=0,
            keys=draw_keys(games, self.seed),
            rate=learning_rates(self.learning_rate, count),
            prior=tuple(simplex.logits(part) for part in begun),
            policy=begun,
            average=begun,
            loss=square,
            count=np.zeros(sizes),
            value=np.zeros((*sizes, game.n_players)),
            followed=np.ascontiguousarray(np.moveaxis(known.followed, 1, 3)),
            answers=square,  # not read before the first visit; nor are the next
            fixed=tuple(np.zeros_like(part) for part in begun),
            swapped=replied,  # of independent players: advice tells nothing
            replied=replied,
        )

    def advance(self, games: GameBatch[MarkovGame], state: SwapVState, iterations: int) -> SwapVState:
        """Return the state after more episodes. Raises ValueError if ``iterations`` is negative.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.
        """
        check_batch("SwapVLearning.advance", games, MarkovGame)
        end = state.iteration + integer("iterations", iterations, 0)
        own: dict[str, Any] = {
            name: tuple(part.copy() for part in value) if isinstance(value, tuple) else value.copy()
            for name, value in vars(state).items()
            if name not in {"iteration", "keys", "rate", "prior"}
        }
        now = replace(state, **own)
        tables, every = play_tables(games), np.arange(len(games))
        horizon, players = games.game.horizon, games.game.n_players
        pays = games.reward.reshape(len(games), players, horizon, games.game.n_states, -1)
        listed = tables["actions"].tolist()
        for episode in range(state.iteration, end):
            place = (episode - state.iteration) % _DRAWN
            if place == 0:
                ahead = np.arange(episode, min(episode + _DRAWN, end))
                drawn = [[numbers(int(key), ahead, h, players) for key in state.keys] for h in range(horizon)]
            s = np.zeros(len(games), dtype=np.int64)
            for h in range(horizon):
                u = np.stack([of_game[place] for of_game in drawn[h]])
                if h == 0:
                    s = pick(tables["start"][:, :-1], u[:, 0])
                at = (every, h, s)
                played = [part[at].copy() for part in now.policy]
                taken, j = play(np.concatenate(played, axis=-1), u, listed)
                step = h if len(tables["onward"]) > 1 else 0
                after = pick(tables["onward"][step, tables["index"], s, j, :-1], u[:, 1 + players])
                now.count[at] += 1.0
                alpha = _alphas(now, at, horizon)
                _certify(games, now, at, played, alpha)
                got = pays[every, :, h, s, j]
                if h + 1 < horizon:
                    got = got + np.minimum(now.value[every, h + 1, after], horizon - h - 1)
                _learn(now, at, played, taken, got, horizon, alpha)
                s = after
        return replace(now, iteration=end)

    def output(self, state: SwapVState) -> Policies:
        """Averages of what was played, weights alpha_n^i: (G, H, S, A_i), the certified policy's parts."""
        return state.average

    def measure(self, games: GameBatch[MarkovGame], state: SwapVState) -> dict[str, Floats]:
        """Return ``ce_gap_bound`` and ``cce_gap_bound`` of the certified policy, exact gaps for H = 1.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.
        """
        check_batch("SwapVLearning.measure", games, MarkovGame)
        start = games.initial[:, :, np.newaxis]
        swapped, replied, followed = (
            (start * part[:, 0]).sum(axis=1) for part in (state.swapped, state.replied, state.followed)
        )
        return {
            "ce_gap_bound": np.asarray((swapped - followed).max(axis=1)),
            "cce_gap_bound": np.asarray((replied - followed).max(axis=1)),
        }


_At = tuple[Integers, int, Integers]
"""Games, a step, and the state of each game."""


def _alphas(state: SwapVState, at: _At, horizon: int) -> Floats:
    return np.asarray((horizon + 1) / (horizon + state.count[at]))  # value_rate of each game


def _learn(
    state: SwapVState,
    at: _At,
    played: Sequence[Floats],
    taken: Sequence[Integers],
    got: Floats,
    horizon: int,
    alpha: Floats,
) -> None:
    """Move values, averages, losses and policies at a visit where players took actions and got (G, N)."""
    every, n = at[0], state.count[at]
    state.value[at] += alpha[:, np.newaxis] * (got - state.value[at])
    for i, (law, action) in enumerate(zip(played, taken, strict=True)):
        size = law.shape[-1]
        state.average[i][at] += alpha[:, np.newaxis] * (law - state.average[i][at])
        step = state.rate * np.sqrt(horizon * (math.log(size) if size > 1 else 1.0) / n)
        own = state.loss[i][at] * ((n - 1) / (horizon + n - 1))[:, np.newaxis, np.newaxis]
        estimate = (horizon - got[:, i]) / horizon / (law[every, action] + step)
        own[every, :, action] += law * estimate[:, np.newaxis]
        state.loss[i][at] = own
        leader = simplex.softmax(state.prior[i][at][:, np.newaxis] - step[:, np.newaxis, np.newaxis] * own)
        leader = np.maximum(leader, _LEAST)
        state.policy[i][at] = stationary(leader / summed(leader, keepdims=True))


def _certify(games: GameBatch[Any], state: SwapVState, at: _At, played: Sequence[Floats], rate: Floats) -> None:
    """Exact values of one more visit at which these policies, (G, A_i), were played: as in LogBarrierFTRL."""
    every, h, s = at
    horizon, players = games.game.horizon, len(played)
    alpha, paid = rate[:, np.newaxis], games.reward[every, :, h, s][np.newaxis]  # alike for all three at the last step
    if h + 1 < horizon:
        ahead = np.stack([part[:, h + 1] for part in (state.followed, state.swapped, state.replied)])  # (3, G, S, N)
        onward = games.transitions.expect(np.moveaxis(ahead, (0, 3), (1, 2)).reshape(len(every), 3 * players, -1), h)
        picked = onward[every, :, s].reshape(len(every), 3, players, *games.game.n_actions)
        paid = paid + np.moveaxis(picked, 1, 0)
    for i, law in enumerate(played):
        worth = [_against(table[:, i], played, i) for table in paid]
        own, swap, same = worth if len(worth) == 3 else worth * 3
        state.followed[(*at, i)] += alpha[:, 0] * (summed(law * own) - state.followed[(*at, i)])
        advised = law[:, :, np.newaxis] * swap[:, np.newaxis]
        state.answers[i][at] = _moved(state.answers[i][at], advised, alpha[..., np.newaxis])
        state.fixed[i][at] = _moved(state.fixed[i][at], same, alpha)
        state.swapped[(*at, i)] = summed(largest(state.answers[i][at]))
        state.replied[(*at, i)] = largest(state.fixed[i][at])


def _moved(old: Floats, new: Floats, rate: Floats) -> Floats:
    return np.asarray((1.0 - rate) * old + rate * new)


def _against(table: Floats, played: Sequence[Floats], player: int) -> Floats:
    """What each action of a player is worth, (G, A_i), payoffs being (G, A_1, ..., A_N)."""
    for j in reversed(range(len(played))):
        if j != player:
            moved = np.moveaxis(table, j + 1, -1)
            others = played[j].reshape(len(table), *(1,) * (moved.ndim - 2), -1)
            table = summed(moved * others)
    return table
