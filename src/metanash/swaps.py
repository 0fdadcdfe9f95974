r"""How far a correlated policy is from a correlated equilibrium (CE): what swap deviations gain, exactly.

The deviator of the CCE-gaps (:mod:`metanash.correlated`) ignores what it is advised to play; a *swap* deviation is told
its own advice before it acts, and answers it. No quantity of Mao et al. (2023), whose section 5 is about CCE; Song, Mei
and Bai (2022) and Cai et al. (2024) are about CE of Markov games. For the correlated policy of Algorithm 2, of stages
tau = 1, 2, ... with joints m^tau:

- :func:`ce_gain_bounds`: the deviator is told the stage too,

  .. math:: V_{h,i}^{\phi,\tau}(s) = \sum_{a_i} \max_{a'} \sum_{a_{-i}} m_h^\tau(a \mid s)
            [ r_{h,i} + P_h V_{h+1,i}^{\phi,\tau-1} ](s, a', a_{-i});

- :func:`ce_gains`: it is not, and infers it from states, everybody's actions and its own advice. With w_tau = n_tau / T
  at first,

  .. math:: U_{h,i}(w, s) = \sum_{a_i} \max_{a'} \sum_{a_{-i}} \Big[ \sum_\tau w_\tau m_h^\tau(a \mid s)
            r_{h,i}(s, a', a_{-i}) + \sum_{s'} P_h(s' \mid s, a', a_{-i})
            U_{h+1,i}\big((w_\tau m_h^\tau(a \mid s))_\tau, s'\big) \Big],

  a tree that grows like (S A_1 ... A_N)^H, and is refused where that is too much.

A swap deviation can always ignore the advice, or follow it: CE-gaps are at least CCE-gaps, and at least 0.
"""

import numpy as np

from metanash._inner.checks import integer
from metanash._inner.reductions import largest
from metanash.correlated import MOST_PRODUCTS, CorrelatedPolicy, expected
from metanash.games import GameBatch, MarkovGame, check_batch
from metanash.typing import Floats

__all__ = ["ce_gain_bounds", "ce_gains", "ce_gap_bounds", "ce_gaps", "swap_regrets"]


def _own_first(table: Floats, players: int, player: int) -> Floats:
    """(..., A_1, ..., A_N) as (..., A_i, B), the others' actions in C order."""
    moved = np.moveaxis(table, player - players, -players)
    return moved.reshape(*moved.shape[: moved.ndim - players + 1], -1)


def _answers(joint: Floats, table: Floats, players: int, player: int) -> Floats:
    """(..., A_i, A_i): for each advice the payoff of each answer, not divided by the chance of the advice."""
    chance, paid = _own_first(joint, players, player), _own_first(table, players, player)
    return np.asarray((chance[..., :, np.newaxis, :] * paid[..., np.newaxis, :, :]).sum(axis=-1))


def _answered(joint: Floats, table: Floats, players: int, player: int) -> Floats:
    """What the best answers to the advice are worth, (...)."""
    best: Floats = largest(_answers(joint, table, players, player)).sum(axis=-1)
    return best


def swap_regrets(reward: Floats, joint: Floats) -> Floats:
    """Swap regrets of one-shot games: the most that a player gains by answering its advice.

    Parameters
    ----------
    reward : (N, A_1, ..., A_N) array
    joint : (A_1, ..., A_N) array
        A joint distribution.

    Returns
    -------
    (N,) array, in units of reward

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    Chicken with payoffs over 7, and the traffic light that is one of its correlated equilibria: nothing to gain. Where
    both dare half of the time and yield half of it, who answers dare by yielding and yield by daring gains 3/2 of 7.

    >>> chicken = np.array([[[0.0, 7.0], [2.0, 6.0]], [[0.0, 2.0], [7.0, 6.0]]]) / 7.0
    >>> bool(abs(swap_regrets(chicken, np.array([[0.0, 1.0], [1.0, 1.0]]) / 3.0)).max() < 1e-15)
    True
    >>> 7.0 * swap_regrets(chicken, np.array([[1.0, 0.0], [0.0, 1.0]]) / 2.0)
    array([1.5, 1.5])
    """
    reward, joint = np.asarray(reward, dtype=np.float64), np.asarray(joint, dtype=np.float64)
    if reward.shape != (joint.ndim, *joint.shape):
        raise ValueError(
            f"reward must have shape (N, A_1, ..., A_N) = {(joint.ndim, *joint.shape)}, got {reward.shape}"
        )
    players = joint.ndim
    return np.array([
        _answered(joint, reward[i], players, i) - expected(reward[i], joint, players) for i in range(players)
    ])  # fmt: skip


# Who is told the stage ----------------------------------------------------------------------------------


def ce_gain_bounds(games: GameBatch[MarkovGame], policy: CorrelatedPolicy) -> Floats:
    """Gain of each player that is told the stage tau and its advice, (G, N), in units of reward.

    Takes a GameBatch of MarkovGame; raises ValueError for anything else. Exact for H = 1 only if there is one stage:
    otherwise the stage says more than the advice.

    Examples
    --------
    Chicken with payoffs over 8: player 1 dares in the first stage and yields in the second, player 2 dares in both.
    Told the stage, each gains 2 by yielding in the first, half of the time. The advice of player 2 does not tell it:
    who always yields gains 2 in the first and loses 1 in the second.

    >>> import metanash as mn
    >>> chicken = np.array([[[[[0, 7], [2, 6]]]], [[[[0, 2], [7, 6]]]]]) / 8
    >>> games = mn.GameBatch.of([mn.MarkovGame(chicken, mn.Transition.shared(np.ones((1, 2, 2, 1))))])
    >>> stages = tuple(np.array([[[joint]]], dtype=float) for joint in ([[1, 0], [0, 0]], [[0, 0], [1, 0]]))
    >>> policy = CorrelatedPolicy((np.full((1, 1, 1, 2), 0.5),) * 2, stages, (1, 1))
    >>> 8 * ce_gain_bounds(games, policy), 8 * ce_gains(games, policy)
    (array([[1., 1.]]), array([[1. , 0.5]]))
    """
    check_batch("ce_gain_bounds", games, MarkovGame)
    followed = policy.values(games)  # checks the sizes
    horizon, players = games.game.horizon, games.game.n_players
    weights = policy.iterations or (1,)
    told = np.zeros_like(followed)
    before = np.zeros((len(games), players, horizon, games.game.n_states))
    for stage in range(len(policy.joints) + 1):
        passes = horizon if stage == 0 else 1  # of the initial policies each pass gets one more step right
        for _ in range(passes):
            before = _stage_answers(games, policy, stage, before)
        if stage or not policy.joints:
            share = weights[max(stage - 1, 0)] / sum(weights)
            told += share * (games.initial[:, np.newaxis] * before[:, :, 0]).sum(axis=-1)
    return told - followed


def _stage_answers(games: GameBatch[MarkovGame], policy: CorrelatedPolicy, stage: int, before: Floats) -> Floats:
    """Values (G, N, H, S) of the best swap deviation in a stage, from those of the stage before it."""
    horizon, players = games.game.horizon, games.game.n_players
    found = np.empty_like(before)
    for h in range(horizon):
        joint = policy.joints[stage - 1][:, h] if stage else policy.joint(0, h)
        paid = games.reward[:, :, h]
        if h < horizon - 1:
            paid = paid + games.transitions.expect(before[:, :, h + 1], h)
        for i in range(players):
            found[:, i, h] = _answered(joint, paid[:, i], players, i)
    return found


def ce_gap_bounds(games: GameBatch[MarkovGame], policy: CorrelatedPolicy) -> Floats:
    """Upper bound of the CE-gap: the most that a player gains who is told the stage. (G,), in units of reward.

    Takes a GameBatch of MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> import metanash as mn
    >>> games = mn.families.general_sum_sequence("shapley", 0, n_games=1, perturbation=0.0, n_actions=(3, 3))
    >>> run = mn.learn(games, mn.CorrelatedMirrorDescent(0.5), iterations=200)
    >>> batch = mn.GameBatch.of(games)
    >>> bool(ce_gaps(batch, run.policy)[0] <= ce_gap_bounds(batch, run.policy)[0])
    True
    """
    check_batch("ce_gap_bounds", games, MarkovGame)
    return np.asarray(ce_gain_bounds(games, policy).max(axis=-1))


# Who is not ---------------------------------------------------------------------------------------------


def ce_gains(games: GameBatch[MarkovGame], policy: CorrelatedPolicy, most_products: int = MOST_PRODUCTS) -> Floats:
    """Gain of each player that answers its advice and is not told the stage; see the module. Swap regret if H = 1.

    Takes a GameBatch of MarkovGame; raises ValueError for anything else.

    Parameters
    ----------
    games : GameBatch of MarkovGame
    policy : CorrelatedPolicy
    most_products : int
        How many products may be taken for a game and a player. With K stages they are the sum over h of
        (S A_1 ... A_N)^h (K + A_i (1 + S)), the last S only before the last step; nothing is left out.

    Returns
    -------
    (G, N) array, in units of reward

    Raises
    ------
    ValueError
        If it takes more than ``most_products``: the message has how many. :func:`ce_gain_bounds` holds for any H.

    Examples
    --------
    Chicken with payoffs over 8, of which both dare half of the time and yield half of it: who answers dare
    by yielding gains 2, and yield by daring 1.

    >>> import metanash as mn
    >>> chicken = np.array([[[[[0, 7], [2, 6]]]], [[[[0, 2], [7, 6]]]]]) / 8
    >>> games = mn.GameBatch.of([mn.MarkovGame(chicken, mn.Transition.shared(np.ones((1, 2, 2, 1))))])
    >>> policy = CorrelatedPolicy((np.full((1, 1, 1, 2), 0.5),) * 2, (np.array([[[[[0.5, 0.0], [0.0, 0.5]]]]]),), (1,))
    >>> 8 * ce_gains(games, policy)
    array([[1.5, 1.5]])
    """
    check_batch("ce_gains", games, MarkovGame)
    integer("most_products", most_products, 0)
    followed = policy.values(games)
    game, players = games.game, games.game.n_players
    stages = len(policy.joints) or 1
    for i, own in enumerate(game.n_actions):
        nodes, count = game.n_states * games.joint_actions, 0
        for h in range(1, game.horizon + 1):
            count += nodes**h * (stages + own * (1 + game.n_states * (h < game.horizon)))
        if game.horizon > 1 and count > most_products:
            raise ValueError(
                f"the CE-gap of player {i} takes {count:.3g} products, above most_products = {most_products}; "
                "allow more, or take ce_gap_bounds"
            )
    iterations = np.array(policy.iterations or (1,), dtype=np.float64)
    found = np.empty_like(followed)
    for k in range(len(games)):
        for i in range(players):
            value = _inferred(games, policy, k, i, (iterations / iterations.sum())[np.newaxis], 0)[0]
            found[k, i] = (games.initial[k] * value).sum()
    return found - followed


def _inferred(
    games: GameBatch[MarkovGame], policy: CorrelatedPolicy, number: int, player: int, weights: Floats, step: int
) -> Floats:
    """U_h of one game and player, (n, S), for weights (n, K) of the stages."""
    players, stages = games.game.n_players, range(1, len(policy.joints) + 1) if policy.joints else range(1)
    chances = np.stack([_own_first(policy.joint(tau, step)[number], players, player) for tau in stages])
    paid = _own_first(games.reward[number, player, step], players, player)
    met = weights[:, :, np.newaxis, np.newaxis, np.newaxis] * chances  # (n, K, S, A, B)
    worth = np.einsum("nsab,scb->nsac", met.sum(axis=1), paid)
    if step < games.game.horizon - 1:
        nodes, count, *shape = met.shape
        onward = _inferred(games, policy, number, player, np.moveaxis(met, 1, -1).reshape(-1, count), step + 1).reshape(
            nodes, *shape, -1
        )
        every = games.games[number].transition.at(step)
        leads = np.moveaxis(_own_first(np.moveaxis(every, -1, 0), players, player), 0, -1)  # (S, A, B, Z)
        worth += np.einsum("nsabz,scbz->nsac", onward, leads)
    return np.asarray(largest(worth).sum(axis=-1))


def ce_gaps(games: GameBatch[MarkovGame], policy: CorrelatedPolicy, most_products: int = MOST_PRODUCTS) -> Floats:
    """CE-gap (G,), in units of reward: the largest of :func:`ce_gains`. Parameters and errors as there.

    Takes a GameBatch of MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> import metanash as mn
    >>> games = mn.families.general_sum_sequence("shapley", 0, n_games=1, perturbation=0.0, n_actions=(3, 3))
    >>> run = mn.learn(games, mn.CorrelatedMirrorDescent(0.5), iterations=200)
    >>> batch = mn.GameBatch.of(games)
    >>> bool(mn.correlated.cce_gaps(batch, run.policy)[0] <= ce_gaps(batch, run.policy)[0])
    True
    """
    check_batch("ce_gaps", games, MarkovGame)
    return np.asarray(ce_gains(games, policy, most_products).max(axis=-1))
