"""Exact values, best responses and NE-gaps, by backward induction or policy iteration. Nothing is learned here.

A policy is a tuple with one array a player: (H, S, A_i) for finite horizon, (S, A_i) for discounted games,
each with the game as an extra first axis where a batch is meant.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash.checks import distributions
from metanash.games import DiscountedGame, Game, GameBatch, ZeroSumGame

__all__ = [
    "average_out",
    "backup",
    "best_response_values",
    "from_start",
    "joint_optima",
    "ne_gap",
    "ne_gaps",
    "optimal_values",
    "potential_rises",
    "potential_values",
    "rise_error",
    "stage_potential_values",
    "stage_potentials",
    "team_optima",
    "values",
]

Floats = npt.NDArray[np.float64]
Policy = Sequence[Floats]

_MOST_IMPROVEMENTS = 10_000
_IMPROVEMENT = 1e-13
"""Policy iteration changes an action only for more than this, relative to 1 / (1 - discount)."""


def average_out(table: Floats, policy: Policy, keep: int | None = None, trailing: int = 0) -> Floats:
    """Average joint-action axes over independent players.

    Parameters
    ----------
    table : (..., A_1, ..., A_N, trailing axes) array
    policy : sequence of (..., A_j) arrays
        ``policy[keep]`` is not read.
    keep : int, optional
        The player whose axis stays. Default: none does.
    trailing : int
        Axes after the actions.

    Returns
    -------
    (..., [A_keep,] trailing axes) array
    """
    for player in reversed(range(len(policy))):
        if player == keep:
            continue
        after = trailing + (keep is not None and keep > player)
        weight = policy[player].reshape(policy[player].shape[:-1] + (1,) * player + (-1,) + (1,) * after)
        table = (table * weight).sum(axis=-1 - after)
    return table


def backup(games: GameBatch[Any], reward: Floats, value: Floats) -> Floats:
    """Reward plus expected next value at every step: reward_h + P_h value_{h+1}, nothing after the last.

    Parameters
    ----------
    games : GameBatch
        Of finite horizon.
    reward : (G, H, S, A_1, ..., A_N) array
    value : (G, H, S) array
        ``value[:, 0]`` is not read.

    Returns
    -------
    (G, H, S, A_1, ..., A_N) array
    """
    return games.transitions.backup(reward, value)


def _step_reward(games: GameBatch[Any], player: int, h: int) -> Floats:
    """(G, S, A_1, ..., A_N) rewards of one player at a step of games of finite horizon."""
    if isinstance(games.game, ZeroSumGame):
        return games.reward[:, h] if player == 0 else -games.reward[:, h]
    return np.asarray(games.reward[:, player, h])


def _induction(games: GameBatch[Any], policy: Policy, player: int, respond: bool) -> Floats:
    """Values of one player, (G, H, S): of the policy, or of its best response to the others."""
    horizon, states = games.game.horizon, games.game.n_states
    value = np.zeros((len(games), horizon + 1, states))
    for h in reversed(range(horizon)):
        q = _step_reward(games, player, h)
        if h + 1 < horizon:
            q = q + games.transitions.expect(value[:, h + 1 : h + 2], h)[:, 0]
        at_step = [part[:, h] for part in policy]
        if respond:
            value[:, h] = average_out(q, at_step, keep=player).max(axis=-1)
        else:
            value[:, h] = average_out(q, at_step)
    return value[:, :horizon]


def _joint_transition(games: GameBatch[DiscountedGame]) -> Floats:
    """(G, S, A_1, ..., A_N, S)."""
    transition = games.transitions.dense(0)[games.transitions.index]
    return transition.reshape(len(games), games.game.n_states, *games.game.n_actions, games.game.n_states)


def _induced(games: GameBatch[DiscountedGame], policy: Policy, player: int) -> tuple[Floats, Floats]:
    """The decision problem that the others' policies leave to a player: (G, S, A_i) and (G, S, A_i, S)."""
    reward = games.reward[:, player if games.reward.shape[1] > 1 else 0]
    return (
        average_out(reward, policy, keep=player),
        average_out(_joint_transition(games), policy, keep=player, trailing=1),
    )


def _evaluate(reward: Floats, transition: Floats, discount: float) -> Floats:
    """Discounted values (G, S) of a chain with rewards (G, S) and transitions (G, S, S)."""
    matrix = np.eye(reward.shape[-1]) - discount * transition
    return np.asarray(np.linalg.solve(matrix, reward[..., np.newaxis])[..., 0])


def optimal_values(reward: Floats, transition: Floats, discount: float) -> Floats:
    """Optimal values of discounted decision problems, by policy iteration.

    Parameters
    ----------
    reward : (G, S, A) array
    transition : (G, S, A, S) array
    discount : float
        In [0, 1).

    Returns
    -------
    (G, S) array

    Raises
    ------
    ArithmeticError
        If policy iteration has not ended after 10,000 improvements.
    """
    choice = reward.argmax(axis=-1)
    for _ in range(_MOST_IMPROVEMENTS):
        chosen = choice[..., np.newaxis]
        chain = np.take_along_axis(transition, chosen[..., np.newaxis], axis=-2)[..., 0, :]
        earned = np.take_along_axis(reward, chosen, axis=-1)[..., 0]
        value = _evaluate(earned, chain, discount)
        q = reward + discount * (transition @ value[:, np.newaxis, :, np.newaxis])[..., 0]
        better = q.max(axis=-1) > value + _IMPROVEMENT / (1.0 - discount)
        if not better.any():
            return value
        choice = np.where(better, q.argmax(axis=-1), choice)
    raise ArithmeticError(f"policy iteration has not ended after {_MOST_IMPROVEMENTS} improvements")


def joint_optima(games: GameBatch[DiscountedGame], stage: Floats) -> Floats:
    """Largest values (G, S) of a stage reward (G, S, A_1, ..., A_N) for one who chooses the actions of all players.

    An optimal policy is deterministic, so a product of policies: no product of policies is worth more either.
    """
    joint = (len(games), games.game.n_states, games.joint_actions)
    chance = _joint_transition(games).reshape(*joint, games.game.n_states)
    return optimal_values(stage.reshape(joint), chance, games.game.discount)


def team_optima(games: GameBatch[DiscountedGame]) -> Floats:
    """Values (G, S) of teams whose players choose their joint action together: the most that any policy is worth.

    Raises
    ------
    ValueError
        If the players of a game do not share one reward.
    """
    if not games.game.is_team:
        raise ValueError("a joint optimum is that of a team; these games have a reward for each player")
    return joint_optima(games, games.reward[:, 0])


def _checked(games: GameBatch[Any], policy: Policy) -> list[Floats]:
    game = games.game
    if len(policy) != game.n_players:
        raise ValueError(f"a policy has one array a player, {game.n_players} in all; got {len(policy)}")
    lead = (len(games), *([] if isinstance(game, DiscountedGame) else [game.horizon]), game.n_states)
    checked = []
    for player, (part, actions) in enumerate(zip(policy, game.n_actions, strict=True)):
        array = np.asarray(part, dtype=np.float64)
        if array.shape != (*lead, actions):
            raise ValueError(f"policy of player {player} must have shape {(*lead, actions)}, got {array.shape}")
        checked.append(distributions(f"policy of player {player}", array, "(game, ..., s)"))
    return checked


def values(games: GameBatch[Any], policy: Policy, player: int) -> Floats:
    """Values of a joint policy to a player: (G, H, S), or (G, S) for discounted games."""
    policy = _checked(games, policy)
    if isinstance(games.game, DiscountedGame):
        reward, transition = _induced(games, policy, player)
        own = [policy[player]]
        return _evaluate(average_out(reward, own), average_out(transition, own, trailing=1), games.game.discount)
    return _induction(games, policy, player, respond=False)


def best_response_values(games: GameBatch[Any], policy: Policy, player: int) -> Floats:
    """Values to a player of its best response to the others: (G, H, S), or (G, S) for discounted games."""
    policy = _checked(games, policy)
    if isinstance(games.game, DiscountedGame):
        return optimal_values(*_induced(games, policy, player), games.game.discount)
    return _induction(games, policy, player, respond=True)


def from_start(games: GameBatch[Any], value: Floats) -> Floats:
    """Values from the initial distribution, (G,), of values (G, H, S) or (G, S)."""
    first = value if value.ndim == 2 else value[:, 0]
    return np.asarray((games.initial * first).sum(axis=-1))


def ne_gaps(games: GameBatch[Any], policy: Policy) -> Floats:
    """NE-gap of a product policy in each game of a batch, exact up to rounding.

    Zero-sum: V_1^{dagger, nu} - V_1^{mu, dagger} (Mao et al. 2023, section 3.1), the sum of both players' gains.
    Otherwise: the largest gain of any player, max_i V_i^{dagger, pi_-i} - V_i^pi. Values are those of the
    initial distribution.

    Parameters
    ----------
    games : GameBatch
    policy : tuple of (G, H, S, A_i) arrays, or (G, S, A_i) for discounted games

    Returns
    -------
    (G,) array, in units of reward

    Raises
    ------
    ValueError
        If the policy has the wrong shape or a row is no distribution.
    """
    best = [from_start(games, best_response_values(games, policy, i)) for i in range(games.game.n_players)]
    if isinstance(games.game, ZeroSumGame):
        return best[0] + best[1]
    gains = [b - from_start(games, values(games, policy, i)) for i, b in enumerate(best)]
    return np.asarray(np.max(gains, axis=0))


def ne_gap(game: Game, policy: Policy) -> float:
    """NE-gap of a product policy in one game; see :func:`ne_gaps`, without the axis of the games."""
    return float(ne_gaps(GameBatch.of(game), [np.asarray(part)[np.newaxis] for part in policy])[0])


def stage_potentials(games: GameBatch[DiscountedGame]) -> Floats:
    """Stage potentials (G, S, A_1, ..., A_N). Raises ValueError if a game has none."""
    stage = [game.potential for game in games.games if game.potential is not None]
    if len(stage) < len(games):
        raise ValueError("a game of the batch has no stage potential")
    return np.stack(stage)


def stage_potential_values(games: GameBatch[DiscountedGame], policy: Policy) -> Floats:
    """Discounted value of the stage potential from each state, Phi_s(pi): (G, S).

    Raises
    ------
    ValueError
        If a game has no stage potential, or as in :func:`ne_gaps`.
    """
    stage, policy = stage_potentials(games), _checked(games, policy)
    chain = average_out(_joint_transition(games), policy, trailing=1)
    return _evaluate(average_out(stage, policy), chain, games.game.discount)


def potential_values(games: GameBatch[DiscountedGame], policy: Policy) -> Floats:
    """Potential Phi(pi) from the initial distribution: (G,). Errors as in :func:`stage_potential_values`."""
    return from_start(games, stage_potential_values(games, policy))


def potential_rises(games: GameBatch[DiscountedGame], policy: Policy, start: Policy) -> Floats:
    """Phi(policy) - Phi(start), (G,), from the change of the policy: no difference of two large numbers.

    The performance difference lemma: the visits under ``policy`` times the change of the joint policy, player by
    player, times the advantages under ``start``. The absolute error is about that of :func:`rise_error`. Errors as in
    :func:`stage_potential_values`.
    """
    stage, policy, start = stage_potentials(games), _checked(games, policy), _checked(games, start)
    chance, discount = _joint_transition(games), games.game.discount
    value = _evaluate(average_out(stage, start), average_out(chance, start, trailing=1), discount)
    states = (slice(None), *[np.newaxis] * (games.game.n_players + 1))
    advantage = (
        stage + discount * (chance * value[states]).sum(axis=-1) - value[(..., *[np.newaxis] * (stage.ndim - 2))]
    )
    gain = np.zeros_like(value)
    for i, (after, before) in enumerate(zip(policy, start, strict=True)):
        gain += average_out(advantage, [*policy[:i], after - before, *start[i + 1 :]])
    return from_start(games, _evaluate(gain, average_out(chance, policy, trailing=1), discount))


def rise_error(game: DiscountedGame) -> float:
    """Estimate of the rounding error of :func:`potential_rises`, for the range R of the game's stage potential.

    4 N max(R, 1) machine epsilons over (1 - discount)^2: what rounding leaves of the change of a policy, one epsilon an
    entry, meets advantages of at most R / (1 - discount) and total visits of 1 / (1 - discount). Not proven, since sums
    and solutions round too, but at least five times the largest error that was found against extended precision.
    """
    spread = 1.0 if game.potential is None else max(float(np.ptp(game.potential)), 1.0)
    return 4.0 * game.n_players * spread * float(np.finfo(np.float64).eps) / (1.0 - game.discount) ** 2
