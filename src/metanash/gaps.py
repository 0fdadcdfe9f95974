"""Exact values, best responses and NE-gaps, by backward induction or policy iteration. Nothing is learned here.

A policy is a tuple with one array per player: (H, S, A_i) for finite horizon, (S, A_i) for discounted games,
each with the game as an extra first axis where a batch is meant.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from metanash import kernels, simplex
from metanash._inner.checks import distributions, policy_array
from metanash._inner.reductions import summed
from metanash.games import DiscountedGame, Game, GameBatch, MarkovGame, ZeroSumGame, check_batch, check_game
from metanash.typing import Floats, Integers, Policy

__all__ = [
    "all_values",
    "average_out",
    "backup",
    "best_response_values",
    "checked_policy",
    "from_start",
    "joint_optima",
    "ne_gains",
    "ne_gains_of",
    "ne_gap",
    "ne_gaps",
    "ne_gaps_of_stacks",
    "ne_gaps_of_sums",
    "optimal_values",
    "potential_rises",
    "potential_values",
    "rise_error",
    "stage_potential_values",
    "stage_potentials",
    "team_optima",
    "values",
]


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

    Examples
    --------
    >>> average_out(np.array([[3.0, 1.0], [0.0, 2.0]]), [np.array([0.5, 0.5]), np.array([1.0, 0.0])]).tolist()
    1.5
    >>> average_out(np.array([[3.0, 1.0], [0.0, 2.0]]), [np.array([0.5, 0.5]), np.array([1.0, 0.0])], keep=0).tolist()
    [3.0, 0.0]
    """
    for player in reversed(range(len(policy))):
        if player == keep:
            continue
        after = trailing + (keep is not None and keep > player)
        weight = policy[player].reshape(policy[player].shape[:-1] + (1,) * player + (-1,) + (1,) * after)
        table = (table * weight).sum(axis=-1 - after)
    return table


def backup(games: GameBatch[Any], reward: Floats, value: Floats, out: Floats | None = None) -> Floats:
    """Reward plus expected next value at every step: reward_h + P_h value_{h+1}, nothing after the last.

    Takes a GameBatch of ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Parameters
    ----------
    games : GameBatch
        Of finite horizon.
    reward : (G, H, S, A_1, ..., A_N) array
    value : (G, H, S) array
        ``value[:, 0]`` is not read.
    out : (G, H, S, A_1, ..., A_N) array, optional
        Where to put it. Default: a new array.

    Returns
    -------
    (G, H, S, A_1, ..., A_N) array

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]]]])
    >>> games = GameBatch.of(ZeroSumGame([[[[1.0, 0.0]]], [[[0.5, 0.25]]]], still))  # two steps
    >>> backup(games, games.reward, np.array([[[0.0], [0.25]]])).ravel().tolist()
    [1.25, 0.25, 0.5, 0.25]
    """
    check_batch("backup", games, ZeroSumGame, MarkovGame)
    return games.transitions.backup(reward, value, out)


@cache
def _numbers(*numbers: int) -> Integers:
    array = np.array(numbers, dtype=np.int64)
    array.setflags(write=False)
    return array


def _finite(games: GameBatch[Any], policy: Policy, wanted: Integers) -> tuple[Floats, Floats]:
    """Wanted values (G, n, H, S), see :func:`metanash.kernels.finite_values`, and those from the start (G, n)."""
    game, transitions, count = games.game, games.transitions, len(games)
    horizon, states, actions = game.horizon, game.n_states, game.n_actions
    value, start = np.empty((count, len(wanted), horizon, states)), np.empty((count, len(wanted)))
    kinds, stacked = len(transitions.kinds), transitions.stacked
    narrow = stacked is None and all(kind.rows(h) for kind in transitions.kinds for h in range(kind.steps))
    if narrow:
        for number in range(count):
            _sparse_finite(games, number, [part[number] for part in policy], wanted, value[number])
        return value, np.asarray((games.initial[:, np.newaxis] * value[:, :, 0]).sum(axis=-1))

    def go_back(transition: Floats, kinds: int, steps: int, step: int) -> None:
        kernels.finite_values(
            reward=games.reward,
            transition=transition,
            index=transitions.index,
            initial=games.initial,
            policy=tuple(policy),
            actions=_numbers(*actions),
            wanted=wanted,
            value=value,
            start=start,
            games=count,
            players=len(actions),
            horizon=horizon,
            states=states,
            joint=games.joint_actions,
            reward_rows=_reward_rows(game),
            kinds=kinds,
            steps=steps,
            vectors=len(wanted),
            step=step,
        )

    if stacked is not None:
        go_back(stacked, kinds, len(stacked), 0)
        return value, start
    for h in reversed(range(horizon)):
        last = h == horizon - 1
        go_back(np.empty(0) if last else transitions.expect(value[:, :, h + 1], h), kinds, 0, h)
    return value, start


def _reward_rows(game: Any) -> int:
    return 1 if isinstance(game, ZeroSumGame) else len(game.n_actions)


def _sparse_finite(games: GameBatch[Any], number: int, policy: Policy, wanted: Integers, value: Floats) -> None:
    """Put wanted values (n, H, S) of one game with a sparse kernel into ``value``, step by step."""
    game, kind = games.game, games.transitions.transitions[number]
    for h in reversed(range(game.horizon)):
        rows: Any = kind.rows(min(h, kind.steps - 1))
        kernels.sparse_values(
            reward=games.reward[number],
            data=rows.data,
            places=rows.indices,
            starts=rows.indptr,
            policy=tuple(policy),
            actions=_numbers(*game.n_actions),
            wanted=wanted,
            value=value,
            players=len(policy),
            horizon=game.horizon,
            states=game.n_states,
            joint=games.joint_actions,
            reward_rows=_reward_rows(game),
            entries=len(rows.data),
            vectors=len(wanted),
            step=h,
        )


def _stationary(
    reward: Floats,
    transition: Floats,
    index: Integers,
    initial: Floats,
    policy: Policy,
    wanted: Integers,
    discount: float,
) -> tuple[Floats, Floats]:
    """Wanted values (G, n, S), see :func:`metanash.kernels.discounted_values`, and those from the start (G, n).

    Reward (G, rows, S, A_1, ..., A_N), transitions (kinds, S, A_1, ..., A_N, S), policy (G, S, A_i).
    """
    actions = reward.shape[3:]
    count, states = policy[0].shape[:2]
    value, start = np.empty((count, len(wanted), states)), np.empty((count, len(wanted)))
    kernels.discounted_values(
        reward=reward,
        transition=transition,
        index=index,
        initial=initial,
        policy=tuple(policy),
        actions=_numbers(*actions),
        wanted=wanted,
        value=value,
        start=start,
        discount=discount,
        games=count,
        players=len(actions),
        states=states,
        joint=math.prod(actions),
        reward_rows=reward.shape[1],
        kinds=len(transition),
        vectors=len(wanted),
    )
    return value, start


def _discounted(
    games: GameBatch[DiscountedGame], policy: Policy, wanted: Integers, reward: Floats | None = None
) -> tuple[Floats, Floats]:
    """:func:`_stationary` of games, with their own rewards or with others (G, rows, S, A_1, ..., A_N)."""
    transitions, paid = games.transitions, games.reward if reward is None else reward
    return _stationary(
        paid, transitions.dense(0), transitions.index, games.initial, policy, wanted, games.game.discount
    )


def _wanted_values(games: GameBatch[Any], policy: Policy, *wanted: int) -> tuple[Floats, Floats]:
    solve = _discounted if isinstance(games.game, DiscountedGame) else _finite
    return solve(games, policy, _numbers(*wanted))


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

    Examples
    --------
    >>> reward = np.array([[[0.0, 1.0], [1.0, 0.0]]])  # two states, two actions
    >>> transition = np.array([[[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]]])
    >>> optimal_values(reward, transition, 0.5).tolist()
    [[2.0, 2.0]]
    """
    return _optimal(reward, transition, np.arange(len(reward)), discount)


def _optimal(reward: Floats, transition: Floats, index: Integers, discount: float) -> Floats:
    """:func:`optimal_values` where problem g has transition ``index[g]``: those of one player, from uniform play."""
    reward, transition = np.ascontiguousarray(reward, dtype=np.float64), np.ascontiguousarray(transition)
    initial, policy = np.zeros(reward.shape[:2]), simplex.uniform(*reward.shape)
    value, _ = _stationary(reward[:, np.newaxis], transition, index, initial, [policy], _numbers(1), discount)
    return value[:, 0]


def joint_optima(games: GameBatch[DiscountedGame], stage: Floats) -> Floats:
    """Largest values (G, S) of a stage reward (G, S, A_1, ..., A_N) for one who chooses the actions of all players.

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

    An optimal policy is deterministic, so a product of policies: no product of policies is worth more either.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], still, 0.5))
    >>> joint_optima(games, games.reward[:, 0]).tolist()  # 1 over 1 - discount
    [[2.0]]
    """
    check_batch("joint_optima", games, DiscountedGame)
    transitions, states, joint = games.transitions, games.game.n_states, games.joint_actions
    chance = transitions.dense(0).reshape(-1, states, joint, states)
    return _optimal(stage.reshape(len(games), states, joint), chance, transitions.index, games.game.discount)


def team_optima(games: GameBatch[DiscountedGame]) -> Floats:
    """Values (G, S) of teams whose players choose their joint action together: the most that any policy is worth.

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

    Raises
    ------
    ValueError
        If the players of a game do not share one reward.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> team_optima(GameBatch.of(DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], still, 0.5))).tolist()
    [[2.0]]
    """
    check_batch("team_optima", games, DiscountedGame)
    if not games.game.is_team:
        raise ValueError("a joint optimum is that of a team; these games have a reward for each player")
    return joint_optima(games, games.reward[:, 0])


def checked_policy(games: GameBatch[Any], policy: Policy) -> list[Floats]:
    """One validated array (G, H, S, A_i), or (G, S, A_i), per player. ValueError for what is no policy of these games.

    Takes a GameBatch of any class; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import Transition
    >>> games = GameBatch.of(ZeroSumGame([[[[1.0, 0.0]]]], Transition.shared([[[[1.0], [1.0]]]])))
    >>> checked_policy(games, (np.ones((1, 1, 1, 1)), np.array([[[0.5, 0.5]]])))
    Traceback (most recent call last):
    ValueError: policy of player 1 must have shape (1, 1, 1, 2), got (1, 1, 2)
    """
    check_batch("checked_policy", games)
    game = games.game
    if len(policy) != game.n_players:
        raise ValueError(f"a policy has one array per player, {game.n_players} in all; got {len(policy)}")
    lead = (len(games), *([] if isinstance(game, DiscountedGame) else [game.horizon]), game.n_states)
    checked = []
    for player, (part, actions) in enumerate(zip(policy, game.n_actions, strict=True)):
        array = policy_array(f"policy of player {player}", part)
        if array.shape != (*lead, actions):
            raise ValueError(f"policy of player {player} must have shape {(*lead, actions)}, got {array.shape}")
        checked.append(distributions(f"policy of player {player}", array, "(game, ..., s)"))
    return checked


def values(games: GameBatch[Any], policy: Policy, player: int) -> Floats:
    """Values of a joint policy to a player: (G, H, S), or (G, S) for discounted games.

    Takes a GameBatch of any class; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still))
    >>> policy = np.array([[[[1.0, 0.0]]]]), np.array([[[[0.75, 0.25]]]])
    >>> [values(games, policy, player).ravel().tolist() for player in (0, 1)]
    [[0.75], [-0.75]]
    """
    check_batch("values", games)
    return _wanted_values(games, checked_policy(games, policy), player)[0][:, 0]


def all_values(games: GameBatch[Any], policy: Policy) -> Floats:
    """Values of a joint policy to all players in one go: (G, N, H, S), or (G, N, S) for discounted games.

    Takes a GameBatch of any class; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still))
    >>> policy = np.array([[[[1.0, 0.0]]]]), np.array([[[[0.75, 0.25]]]])
    >>> all_values(games, policy).ravel().tolist()
    [0.75, -0.75]
    """
    check_batch("all_values", games)
    return _wanted_values(games, checked_policy(games, policy), *range(games.game.n_players))[0]


def best_response_values(games: GameBatch[Any], policy: Policy, player: int) -> Floats:
    """Values to a player of its best response to the others: (G, H, S), or (G, S) for discounted games.

    Takes a GameBatch of any class; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still))
    >>> policy = np.array([[[[0.5, 0.5]]]]), np.array([[[[0.75, 0.25]]]])
    >>> best_response_values(games, policy, 0).ravel().tolist()
    [0.75]
    """
    check_batch("best_response_values", games)
    return _wanted_values(games, checked_policy(games, policy), games.game.n_players + player)[0][:, 0]


def from_start(games: GameBatch[Any], value: Floats) -> Floats:
    """Values from the initial distribution, (G,), of values (G, H, S) or (G, S).

    Takes a GameBatch of any class; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import Transition
    >>> games = GameBatch.of(ZeroSumGame([[[[1.0]], [[0.0]]]], Transition.shared(np.full((2, 1, 1, 2), 0.5)),
    ...     [0.75, 0.25]))
    >>> from_start(games, np.array([[[1.0, 0.0]]])).tolist()
    [0.75]
    """
    check_batch("from_start", games)
    first = value if value.ndim == 2 else value[:, 0]
    return np.asarray((games.initial * first).sum(axis=-1))


def ne_gaps(games: GameBatch[Any], policy: Policy) -> Floats:
    """NE-gap of a product policy in each game of a batch, exact up to rounding.

    Takes a GameBatch of any class; raises ValueError for anything else.

    Zero-sum: V_1^{dagger, nu} - V_1^{mu, dagger} (Mao et al. 2023, section 3.1), the sum of both players' gains.
    Otherwise: the largest gain of any player, ``max_i V_i^{dagger, pi_-i} - V_i^pi``. Values are those of the
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
        If the policy has the wrong shape or a row is no distribution; entries that are below 0 by no more than rounding
        count as 0 (:func:`metanash._inner.checks.distributions`).

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of([ZeroSumGame([[[[high, 0.0], [0.0, high]]]], still) for high in (1.0, 0.5)])
    >>> ne_gaps(games, (np.full((2, 1, 1, 2), 0.5), np.broadcast_to([0.75, 0.25], (2, 1, 1, 2)))).tolist()
    [0.25, 0.125]
    """
    check_batch("ne_gaps", games)
    policy, players = checked_policy(games, policy), games.game.n_players
    if isinstance(games.game, ZeroSumGame):
        _, best = _wanted_values(games, policy, 2, 3)
        return np.asarray(best[:, 0] + best[:, 1])
    _, found = _wanted_values(games, policy, *range(2 * players))
    return np.asarray((found[:, players:] - found[:, :players]).max(axis=1))


def ne_gaps_of_sums(games: GameBatch[Any], sums: Sequence[Policy]) -> Floats:
    """NE-gaps of several product policies in each game, (n, G), in one call: the same bits as of :func:`ne_gaps`.

    Takes a GameBatch of any class; raises ValueError for anything else.

    Parameters
    ----------
    games : GameBatch
    sums : list of policies
        As :func:`ne_gaps` takes them, but their rows may add up to any positive number.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still))
    >>> even, pure = np.full((1, 1, 1, 2), 5.0), np.array([[[[2.0, 0.0]]]])
    >>> ne_gaps_of_sums(games, [(even, even), (pure, even), (pure, pure)]).tolist()
    [[0.0], [0.5], [1.0]]
    """
    check_batch("ne_gaps_of_sums", games)
    return ne_gaps_of_stacks(games, [np.stack(parts) for parts in zip(*sums, strict=True)])


def ne_gaps_of_stacks(games: GameBatch[Any], sums: Policy) -> Floats:
    """:func:`ne_gaps_of_sums` of sums that lie in one array (n, G, ...) for each player.

    Takes a GameBatch of any class; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still))
    >>> both = np.array([[[[[5.0, 5.0]]]], [[[[2.0, 0.0]]]]])
    >>> ne_gaps_of_stacks(games, (both, both)).tolist()
    [[0.0], [1.0]]
    """
    check_batch("ne_gaps_of_stacks", games)
    found = np.empty((len(sums[0]), len(games)))
    for block, again in games.measured_together(len(found)):
        rows = [total[block].reshape(-1, *total.shape[2:]) for total in sums]
        policy = tuple(total / summed(total, keepdims=True) for total in rows)
        found[block] = ne_gaps(again, policy).reshape(-1, len(games))
    return found


def ne_gains(game: Game, policy: Policy) -> Floats:
    """Each player's gain from a best response in one game, ``V_i^{dagger, pi_-i} - V_i^pi``, (N,), in units of reward.

    The NE-gap is their maximum; their sum in a zero-sum game. Errors as in :func:`ne_gaps`.

    Takes a game of any class; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> pennies = ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still)
    >>> ne_gains(pennies, ([[[0.5, 0.5]]], [[[0.75, 0.25]]])).tolist()  # the first player can use it
    [0.25, 0.0]
    """
    check_game("ne_gains", game)
    return np.asarray(ne_gains_of(GameBatch.of(game), [np.asarray(part)[np.newaxis] for part in policy])[0])


def ne_gains_of(games: GameBatch[Any], policy: Policy) -> Floats:
    """Gains (G, N) in each game of a batch, see :func:`ne_gains`; policies as in :func:`ne_gaps`.

    Takes a GameBatch of games of any class; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of([ZeroSumGame([[[[high, 0.0], [0.0, high]]]], still) for high in (1.0, 0.5)])
    >>> ne_gains_of(games, (np.full((2, 1, 1, 2), 0.5), np.broadcast_to([0.75, 0.25], (2, 1, 1, 2)))).tolist()
    [[0.25, 0.0], [0.125, 0.0]]
    """
    check_batch("ne_gains_of", games)
    players = games.game.n_players
    _, found = _wanted_values(games, checked_policy(games, policy), *range(2 * players))
    return np.asarray(found[:, players:] - found[:, :players])


def ne_gap(game: Game, policy: Policy) -> float:
    """NE-gap of a product policy in one game; see :func:`ne_gaps`, without the axis of the games.

    Takes a game of any class; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> pennies = ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still)
    >>> ne_gap(pennies, ([[[0.5, 0.5]]], [[[0.75, 0.25]]])), ne_gap(pennies, ([[[0.5, 0.5]]], [[[0.5, 0.5]]]))
    (0.25, 0.0)
    """
    check_game("ne_gap", game)
    return float(ne_gaps(GameBatch.of(game), [np.asarray(part)[np.newaxis] for part in policy])[0])


def stage_potentials(games: GameBatch[DiscountedGame]) -> Floats:
    """Stage potentials (G, S, A_1, ..., A_N). Raises ValueError if a game has none.

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> # a team's is its reward
    >>> stage_potentials(GameBatch.of(DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], still, 0.5))).tolist()
    [[[[1.0, 0.0], [0.0, 0.5]]]]
    """
    check_batch("stage_potentials", games, DiscountedGame)
    stage = [game.potential for game in games.games if game.potential is not None]
    if len(stage) < len(games):
        raise ValueError("a game of the batch has no stage potential")
    return np.stack(stage)


def stage_potential_values(games: GameBatch[DiscountedGame], policy: Policy) -> Floats:
    """Discounted value of the stage potential from each state, Phi_s(pi): (G, S).

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

    Raises
    ------
    ValueError
        If a game has no stage potential, or as in :func:`ne_gaps`.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], still, 0.5))
    >>> stage_potential_values(games, [np.array([[[1.0, 0.0]]])] * 2).tolist()
    [[2.0]]
    """
    check_batch("stage_potential_values", games, DiscountedGame)
    stage, policy = stage_potentials(games), checked_policy(games, policy)
    return _discounted(games, policy, _numbers(0), stage[:, np.newaxis])[0][:, 0]


def potential_values(games: GameBatch[DiscountedGame], policy: Policy) -> Floats:
    """Potential Phi(pi) from the initial distribution: (G,). Errors as in :func:`stage_potential_values`.

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], still, 0.5))
    >>> potential_values(games, [np.full((1, 1, 2), 0.5)] * 2).tolist()
    [0.75]
    """
    check_batch("potential_values", games, DiscountedGame)
    return from_start(games, stage_potential_values(games, policy))


def potential_rises(games: GameBatch[DiscountedGame], policy: Policy, start: Policy) -> Floats:
    """Phi(policy) - Phi(start), (G,), from the change of the policy: no difference of two large numbers.

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

    The performance difference lemma: the visits under ``policy`` times the change of the joint policy, player by
    player, times the advantages under ``start``. The absolute error is about that of :func:`rise_error`. Errors as in
    :func:`stage_potential_values`.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], still, 0.5))
    >>> uniform, first = [np.full((1, 1, 2), 0.5)] * 2, [np.array([[[1.0, 0.0]]])] * 2
    >>> potential_rises(games, first, uniform).tolist()  # from 0.375 to 1, each over 1 - discount
    [1.25]
    """
    check_batch("potential_rises", games, DiscountedGame)
    stage, policy, start = stage_potentials(games), checked_policy(games, policy), checked_policy(games, start)
    value, _ = _discounted(games, start, _numbers(0), stage[:, np.newaxis])
    onward = games.game.discount * games.transitions.expect(value, 0)[:, 0]
    alone = (..., *[np.newaxis] * (stage.ndim - 2))
    advantage = stage + onward - value[:, 0][alone]
    gain = np.zeros_like(value[:, 0])
    for i, (after, before) in enumerate(zip(policy, start, strict=True)):
        gain += average_out(advantage, [*policy[:i], after - before, *start[i + 1 :]])
    everywhere = np.ascontiguousarray(np.broadcast_to(gain[alone], stage.shape))
    return _discounted(games, policy, _numbers(0), everywhere[:, np.newaxis])[1][:, 0]


def rise_error(game: DiscountedGame) -> float:
    """Estimate of the rounding error of :func:`potential_rises`, for the range R of the game's stage potential.

    Takes a DiscountedGame; raises ValueError for anything else.

    4 N max(R, 1) machine epsilons over (1 - discount)^2: what rounding leaves of the change of a policy, one epsilon an
    entry, meets advantages of at most R / (1 - discount) and total visits of 1 / (1 - discount). Not proven, since sums
    and solutions round too, but at least five times the largest error that was found against extended precision.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> rise_error(DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], still, 0.5)) == 4 * 2 * 2**-52 / 0.25
    True
    """
    check_game("rise_error", game, DiscountedGame)
    spread = 1.0 if game.potential is None else max(float(np.ptp(game.potential)), 1.0)
    return 4.0 * game.n_players * spread * float(np.finfo(np.float64).eps) / (1.0 - game.discount) ** 2
