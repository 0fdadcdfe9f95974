"""Simulated play: episodes of games under fixed policies, drawn at addresses, and what the kernels need for it.

A game's random numbers are those of Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011), whose key follows from a seed
and the game's rewards, and whose counter from the numbers of the episode and the step
(:mod:`metanash.kernels.sampling`). Equal games with equal seeds play the same episodes, alone and in any batch, on any
number of threads and with any instruction set; games that differ, or seeds that do, have draws of their own.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metanash import kernels
from metanash._inner.checks import integer
from metanash.games import DiscountedGame, Game, GameBatch, ZeroSumGame, check_batch
from metanash.gaps import checked_policy
from metanash.streams import stream
from metanash.typing import Floats, Integers, Policy

__all__ = ["LONGEST_DISCOUNT", "Simulation", "cumulative", "draw_keys", "play_tables", "player_rewards", "simulate"]

LONGEST_DISCOUNT = 1.0 - 1e-6
"""The largest discount that is simulated: an episode has 1 / (1 - gamma) steps on average."""
_NO_END = 1 << 40
_PART = 4096
"""Episodes of a part, which is what a thread plays, and from 64 parts on more."""


def cumulative(chances: Floats) -> Floats:
    """Cumulative sums over the last axis, exactly 1 from the last positive chance on: what has none is never drawn.

    Examples
    --------
    >>> cumulative(np.array([0.5, 0.5 - 1e-12, 0.0])).tolist()
    [0.5, 1.0, 1.0]
    """
    ends = np.cumsum(chances, axis=-1)
    possible = chances > 0.0
    behind: Integers = np.cumsum(possible[..., ::-1], axis=-1)[..., ::-1] - possible  # positive chances after it
    return np.asarray(np.where(behind == 0, 1.0, ends))


def draw_keys(games: GameBatch[Any], seed: int | Sequence[int] | Integers) -> Integers:
    """Keys of the random numbers of each game, (G,), from one seed for all or one a game.

    Takes a GameBatch of any class; raises ValueError for anything else.

    Raises
    ------
    ValueError
        If a seed is no integer of at least 0, or there are not as many as games.

    Examples
    --------
    >>> import metanash as mn
    >>> one, other = mn.families.zero_sum_sequence("mixed", 0, n_games=2, perturbation=0.1)
    >>> first, second, third = draw_keys(mn.GameBatch.of([one, other, one]), 7)
    >>> bool(first == third), bool(first == second), bool(first == draw_keys(mn.GameBatch.of(one), [8])[0])
    (True, False, False)
    """
    check_batch("draw_keys", games)
    several: Any = seed
    listed = several if isinstance(seed, Sequence | np.ndarray) else [several] * len(games)
    if np.ndim(several) > 1 or len(listed) != len(games):
        raise ValueError(f"seed must be one integer or one per game ({len(games)}), got shape {np.shape(several)}")
    names = [hashlib.sha256(game.reward.tobytes()).hexdigest() for game in games.games]
    drawn = [
        stream(integer("seed", one, 0), "sampled play", name).integers(1 << 48)
        for one, name in zip(listed, names, strict=True)
    ]
    return np.array(drawn, dtype=np.int64)


def player_rewards(games: GameBatch[Any]) -> Floats:
    """Rewards of every player, (G, N, ...): r and 1 - r in zero-sum games, those of the game otherwise.

    Takes a GameBatch of any class; raises ValueError for anything else.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]]]])
    >>> player_rewards(mn.GameBatch.of(mn.ZeroSumGame([[[[0.75, 0.0]]]], still))).ravel().tolist()
    [0.75, 0.0, 0.25, 1.0]
    """
    check_batch("player_rewards", games)
    if isinstance(games.game, ZeroSumGame):
        return np.stack([games.reward, 1.0 - games.reward], axis=1)
    return np.asarray(games.reward)


def play_tables(games: GameBatch[Any]) -> dict[str, Any]:
    """What every kernel that samples takes of the games, by its names: chances as cumulative sums.

    Takes a GameBatch of any class; raises ValueError for anything else.

    The chances of next states of discounted games are multiplied by the discount; what is left of 1 is the end.

    Raises
    ------
    ValueError
        If the discount is above :data:`LONGEST_DISCOUNT`.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[0.25, 0.75]], [[0.5, 0.5]]])
    >>> play_tables(mn.GameBatch.of(mn.DiscountedGame([[[1.0], [0.0]]], still, 0.5)))["onward"].tolist()
    [[[[[0.125, 0.5]], [[0.25, 0.5]]]]]
    """
    check_batch("play_tables", games)
    game, transitions = games.game, games.transitions
    onward = cumulative(np.stack([transitions.dense(h) for h in range(transitions.steps)]))
    if isinstance(game, DiscountedGame):
        if game.discount > LONGEST_DISCOUNT:
            raise ValueError(
                f"the discount is {game.discount:.9g}, and episodes have {1.0 / (1.0 - game.discount):.3g} steps on "
                f"average; play is simulated up to a discount of {LONGEST_DISCOUNT}"
            )
        onward *= game.discount
    return {
        "onward": onward.reshape(*onward.shape[:3], games.joint_actions, game.n_states),
        "index": transitions.index,
        "start": cumulative(games.initial),
        "actions": np.array(game.n_actions, dtype=np.int64),
        "games": len(games),
        "players": game.n_players,
        "states": game.n_states,
        "joint": games.joint_actions,
        "columns": sum(game.n_actions),
        "kinds": len(transitions.kinds),
    }


@dataclass(frozen=True, eq=False)
class Simulation:
    """What was seen in simulated episodes.

    Attributes
    ----------
    episodes : int
    visits : (G, H, S, A_1, ..., A_N) array, without H for discounted games
        How often each joint action was played.
    sums, squares : (G, N) arrays
        Sums over episodes of a player's return and of its square; of a zero-sum game (G, 1), the max-player's, and of a
        team (G, 1). Returns of discounted games are sums of rewards up to the end, whose mean is the discounted value.
    states, actions : (G, episodes, H) and (G, episodes, H, N) arrays of int64, or None
        Trajectories, if they were asked for.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> game = mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still)
    >>> found = simulate(game, [np.array([[[[1.0, 0.0]]]]), np.array([[[[0.5, 0.5]]]])], 10_000, seed=1)
    >>> found.steps.tolist(), bool(abs(found.returns()[0, 0] - 0.5) < 4 * found.standard_errors()[0, 0])
    ([10000.0], True)
    """

    episodes: int
    visits: Floats
    sums: Floats
    squares: Floats
    states: Integers | None = None
    actions: Integers | None = None

    @property
    def steps(self) -> Floats:
        """Steps played in each game, (G,)."""
        return np.asarray(self.visits.reshape(len(self.visits), -1).sum(axis=-1))

    def returns(self) -> Floats:
        """Mean return of an episode, (G, N): unbiased estimates of the values."""
        return self.sums / self.episodes

    def standard_errors(self) -> Floats:
        """Standard errors of :meth:`returns`, (G, N). Raises ValueError for a single episode."""
        if self.episodes < 2:
            raise ValueError("a standard error needs at least two episodes")
        spread = np.maximum(self.squares - self.sums**2 / self.episodes, 0.0)
        return np.asarray(np.sqrt(spread / (self.episodes - 1) / self.episodes))


def simulate(
    games: "Game | Sequence[Game] | GameBatch[Any]",
    policies: Policy,
    episodes: int,
    *,
    seed: int | Sequence[int] | Integers = 0,
    first: int = 0,
    trajectories: bool = False,
) -> Simulation:
    """Play games under fixed policies, and count.

    Takes a game of any class, a list or a GameBatch; raises ValueError for anything else.

    Memory does not grow with the number of episodes unless trajectories are asked for. Episodes from ``first`` on are
    played; so a simulation can be continued, and two that overlap share what they have in common.

    Parameters
    ----------
    games : game, list of games, or GameBatch
        Of any class. An episode of a discounted game ends after each step with chance 1 - gamma.
    policies : tuple of (G, H, S, A_i) arrays, or (G, S, A_i) for discounted games
        A game axis of length 1 stands for the same in every game. Outputs of :func:`metanash.learn` are such policies.
    episodes : int
        Of each game.
    seed : int or G ints
        At least 0; see the module for what equal seeds mean.
    first : int
        Number of the first episode, from 0.
    trajectories : bool
        Whether states and actions of every step are kept, for games of finite horizon.

    Raises
    ------
    ValueError
        If an argument is out of range, a policy is no policy of these games, the discount is above
        :data:`LONGEST_DISCOUNT`, or trajectories of a discounted game are asked for.

    Examples
    --------
    The mean return beside the exact value:

    >>> import metanash as mn
    >>> (game,) = mn.families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.1)
    >>> run = mn.learn(game, mn.OptimisticMirrorDescent(0.1), 100)
    >>> found = simulate(game, run.policy, 100_000, seed=3)
    >>> exact = mn.gaps.from_start(mn.GameBatch.of(game), mn.gaps.values(mn.GameBatch.of(game), run.policy, 0))
    >>> bool(abs(found.returns()[0, 0] - exact[0]) < 4 * found.standard_errors()[0, 0])
    True
    """
    batch: GameBatch[Any] = GameBatch.of(games)
    game, count = batch.game, len(batch)
    integer("episodes", episodes, 1)
    integer("first", first, 0)
    endless = isinstance(game, DiscountedGame)
    if trajectories and endless:
        raise ValueError("trajectories are kept of games of finite horizon only; simulate without them")
    wide = [np.broadcast_to(p, (count, *np.shape(p)[1:])) if np.shape(p)[:1] == (1,) else p for p in policies]
    policy = checked_policy(batch, wide)
    horizon = 1 if isinstance(game, DiscountedGame) else game.horizon
    sizes = (count, horizon, game.n_states)
    reward = batch.reward.reshape(count, -1, *sizes[1:], batch.joint_actions)
    tables, parts = play_tables(batch), max(1, min(64, episodes // _PART))
    visits = np.zeros((count, parts, horizon, game.n_states, batch.joint_actions))
    returns = np.zeros((count, parts, 2, reward.shape[1]))
    state, action = (np.empty(count * episodes * horizon if trajectories else 0) for _ in range(2))
    kernels.simulate(
        **tables,
        reward=reward,
        ends=np.concatenate([cumulative(part.reshape(*sizes, -1)) for part in policy], axis=-1),
        seed=draw_keys(batch, seed),
        visits=visits,
        returns=returns,
        state=state,
        action=action,
        parts=parts,
        reward_rows=reward.shape[1],
        steps=horizon,
        onward_steps=len(tables["onward"]),
        horizon=_NO_END if endless else horizon,
        first=first,
        episodes=episodes,
        ending=int(endless),
        kept=int(trajectories),
    )
    counted = visits.sum(axis=1).reshape(*(sizes[:1] + sizes[2:] if endless else sizes), *game.n_actions)
    sums = returns.sum(axis=1)
    if not trajectories:
        return Simulation(episodes, counted, sums[:, 0], sums[:, 1])
    met = (count, episodes, horizon)
    taken = np.stack(np.unravel_index(action.astype(np.int64).reshape(met), game.n_actions), axis=-1)
    return Simulation(episodes, counted, sums[:, 0], sums[:, 1], state.astype(np.int64).reshape(met), taken)
