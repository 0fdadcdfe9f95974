"""How alike games are, and whether a game is a potential game: decided by a check, never assumed."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from metanash._inner.checks import distributions, float_array, integer
from metanash.games import DiscountedGame, GameBatch, MarkovGame, check_batch, check_game
from metanash.gaps import all_values, joint_optima, stage_potential_values, stage_potentials, values
from metanash.simplex import kl_divergence
from metanash.streams import stream
from metanash.typing import Booleans, Floats

__all__ = [
    "POTENTIAL_TOLERANCE",
    "best_response_dissimilarity",
    "distribution_mismatch",
    "is_potential_game",
    "largest_potential_drops",
    "largest_potentials",
    "potential_deviation",
    "stage_potential_deviation",
    "total_dissimilarity",
]


POTENTIAL_TOLERANCE = 1e-9
"""A game whose deviation is at most this, times the largest value possible, counts as a potential game."""


def best_response_dissimilarity(responses: Floats) -> Floats:
    """One player's part in Delta_{mu,nu} or Delta_pi (Mao et al. 2023, sections 3.2 and 5).

    sum over games k of KL(mu^{k,dagger} || mu*), mu* being the average of mu^{k,dagger} over the games. The divergence
    of two collections of policies is the sum over stages and steps of the largest over states, the reading that has
    the form of Theorem 1. Theorem 2 does not quite follow under it either: the second term of (6) lacks a factor for
    the number of stages and steps.

    Parameters
    ----------
    responses : (..., K, stages, H, S, A) array
        Best responses in hindsight.

    Returns
    -------
    (...) array, in nats

    Raises
    ------
    ValueError
        If an axis is missing, or a response is no distribution (:func:`metanash._inner.checks.distributions`).

    Examples
    --------
    >>> alike = np.broadcast_to([1.0, 0.0], (2, 1, 1, 1, 2))  # two games, stage, step, state, action
    >>> float(best_response_dissimilarity(alike))
    0.0
    >>> other = np.array([[1.0, 0.0], [0.0, 1.0]]).reshape(2, 1, 1, 1, 2)
    >>> float(best_response_dissimilarity(other).round(4))  # 2 log 2
    1.3863
    """
    responses = float_array("responses", responses)
    if responses.ndim < 5:
        raise ValueError(f"responses must have axes (..., k, stage, h, s, a), got shape {responses.shape}")
    responses = distributions("responses", responses, "(..., k, stage, h, s)")
    average = responses.mean(axis=-5, keepdims=True)
    return np.asarray(kl_divergence(responses, average).max(axis=-1).sum(axis=(-3, -2, -1)))


def total_dissimilarity(responses: Sequence[Floats]) -> Floats:
    """Delta_{mu,nu} or Delta_pi: the sum over the players of :func:`best_response_dissimilarity`.

    Parameters
    ----------
    responses : sequence of (..., K, stages, H, S, A_i) arrays
        Best responses in hindsight, one array per player.

    Returns
    -------
    (...) array, in nats

    Raises
    ------
    ValueError
        If a response is no distribution.

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [0.0, 1.0]]).reshape(2, 1, 1, 1, 2)
    >>> float(total_dissimilarity([rows, rows]).round(4))  # 2 log 2 for each player
    2.7726
    """
    return np.asarray(sum(best_response_dissimilarity(part) for part in responses))


def _random_policies(game: DiscountedGame | MarkovGame, count: int, address: tuple[int | str, ...]) -> list[Floats]:
    """``count`` random policies per player, half of them deterministic: (count, [H,] S, A_i)."""
    rng = stream(*address)
    lead = (count, *([game.horizon] if isinstance(game, MarkovGame) else []), game.n_states)
    policies = []
    for actions in game.n_actions:
        policy = rng.dirichlet(np.ones(actions), size=lead)
        pure = np.eye(actions)[rng.integers(actions, size=lead)]
        policy[1::2] = pure[1::2]
        policies.append(policy)
    return policies


_POLICIES_AT_ONCE = 8
"""As many as the vectors of a kernel have lanes: of a large game few are drawn, and no lane is to be empty."""


def potential_deviation(game: DiscountedGame | MarkovGame, policies: int = 100, seed: int = 0) -> float:
    """How far a game is from having any potential, in units of value.

    Takes a DiscountedGame or MarkovGame; raises ValueError for anything else.

    A game has a potential if and only if, for any two players, four unilateral moves that lead back to the start
    gain nothing in total (Monderer and Shapley 1996, theorem 2.8); here the strategies are Markov policies and the
    gains are values at each state. The largest gain found over random policies is returned: a lower bound of the
    true deviation, 0 up to rounding for a potential game.

    Parameters
    ----------
    game : DiscountedGame or MarkovGame
    policies : int
        Random cycles tried for each pair of players.
    seed : int
        Of the random policies.

    Raises
    ------
    ValueError
        If ``policies`` < 1.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> team = DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], still, 0.5)
    >>> pennies = DiscountedGame([[[[1.0, 0.0], [0.0, 1.0]]], [[[0.0, 1.0], [1.0, 0.0]]]], still, 0.5)
    >>> potential_deviation(team) < 1e-12, potential_deviation(pennies) > 1
    (True, True)
    """
    check_game("potential_deviation", game, DiscountedGame, MarkovGame)
    integer("policies", policies, 1)
    here, there = (_random_policies(game, policies, (seed, "potential", side)) for side in ("from", "to"))
    pairs = list(itertools.combinations(range(game.n_players), 2))
    # the players that have moved in each corner of each square, and values to all players there, (policies, N, ..., S)
    corners: list[tuple[int, ...]] = [(), *((k,) for k in range(game.n_players)), *pairs]
    together = max(1, _POLICIES_AT_ONCE // policies)
    found: dict[tuple[int, ...], Floats] = {}
    for first in range(0, len(corners), together):
        some = corners[first : first + together]
        policy = [np.concatenate([(here, there)[k in moved][k] for moved in some]) for k in range(game.n_players)]
        batch: GameBatch[Any] = GameBatch((game,) * (policies * len(some)))
        found |= zip(some, np.split(all_values(batch, policy), len(some)), strict=True)
    worst = 0.0
    for i, j in pairs:
        total = np.zeros(())
        # around the square: i moves, j moves, i moves back, j moves back; + for the end of a move, - for its start
        for moved, sign_i, sign_j in (((), -1, 1), ((i,), 1, -1), ((i, j), -1, 1), ((j,), 1, -1)):
            total = total + sign_i * found[moved][:, i] + sign_j * found[moved][:, j]
        worst = max(worst, float(np.abs(total).max()))
    return worst


def stage_potential_deviation(game: DiscountedGame, policies: int = 100, seed: int = 0) -> float:
    """How far the game's stage potential is from being one, in units of value.

    Takes a DiscountedGame; raises ValueError for anything else.

    The largest violation found of ``Phi_s(pi) - Phi_s(pi_i', pi_-i) = V_i(pi) - V_i(pi_i', pi_-i)`` (Mao et al. 2023,
    section 2) over random policies, players and states.

    Raises
    ------
    ValueError
        If the game has no stage potential, or ``policies`` < 1.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> team = DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], still, 0.5)
    >>> wrong = DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], still, 0.5, potential=[[[0.0, 0.0], [0.0, 0.5]]])
    >>> stage_potential_deviation(team) < 1e-12, stage_potential_deviation(wrong) > 0.5
    (True, True)
    """
    check_game("stage_potential_deviation", game, DiscountedGame)
    integer("policies", policies, 1)
    batch = GameBatch((game,) * policies)
    here, there = (_random_policies(game, policies, (seed, "potential", side)) for side in ("from", "to"))
    worst = 0.0
    for i in range(game.n_players):
        moved = [*here[:i], there[i], *here[i + 1 :]]
        gain = values(batch, moved, i) - values(batch, here, i)
        rise = stage_potential_values(batch, moved) - stage_potential_values(batch, here)
        worst = max(worst, float(np.abs(gain - rise).max()))
    return worst


def is_potential_game(game: DiscountedGame | MarkovGame) -> bool:
    """Whether :func:`potential_deviation`, and the stage potential if there is one, pass the check.

    Takes a DiscountedGame or MarkovGame; raises ValueError for anything else.

    To 1e-9 of the largest value possible, H or 1 / (1 - discount).

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> team = DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], still, 0.5)
    >>> pennies = DiscountedGame([[[[1.0, 0.0], [0.0, 1.0]]], [[[0.0, 1.0], [1.0, 0.0]]]], still, 0.5)
    >>> is_potential_game(team), is_potential_game(pennies)
    (True, False)
    """
    check_game("is_potential_game", game, DiscountedGame, MarkovGame)
    largest_value = game.horizon if isinstance(game, MarkovGame) else 1.0 / (1.0 - game.discount)
    if potential_deviation(game) > POTENTIAL_TOLERANCE * largest_value:
        return False
    if isinstance(game, MarkovGame) or game.potential is None:
        return True
    return stage_potential_deviation(game) <= POTENTIAL_TOLERANCE * largest_value


# Potential games ----------------------------------------------------------------------------------------


def distribution_mismatch(games: GameBatch[DiscountedGame]) -> Floats:
    """Distribution mismatch coefficient kappa, the supremum over policies of the largest d_rho^pi(s) / rho(s): (G,).

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

    Exact, and at least 1. d_rho^pi(s) = (1 - gamma) sum_t gamma^t Pr(s_t = s) (Mao et al. 2023, appendix C; Ding et
    al. 2022). For each state the largest d_rho^pi is the optimal value of a decision problem over joint actions, whose
    reward is 1 - gamma in that state; an optimal policy is deterministic, so a product of policies.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])  # one state
    >>> distribution_mismatch(GameBatch.of(DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], still, 0.5))).tolist()
    [1.0]
    """
    check_batch("distribution_mismatch", games, DiscountedGame)
    mismatch = np.ones(len(games))
    for target in range(games.game.n_states):
        there = np.zeros((len(games), games.game.n_states, *games.game.n_actions))
        there[:, target] = 1.0 - games.game.discount
        value = joint_optima(games, there)
        mismatch = np.maximum(mismatch, (games.initial * value).sum(axis=-1) / games.initial[:, target])
    return mismatch


def _largest_values(games: GameBatch[DiscountedGame], stage: Floats) -> Floats:
    """Maximum over policies of the value of a stage reward (G, S, A_1, ..., A_N) from the start: (G,)."""
    return np.asarray((games.initial * joint_optima(games, stage)).sum(axis=-1))


def largest_potentials(games: GameBatch[DiscountedGame]) -> Floats:
    """Maximum over policies of Phi, exactly: (G,). Raises ValueError if a game has no stage potential.

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> largest_potentials(GameBatch.of(DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], still, 0.5))).tolist()
    [2.0]
    """
    check_batch("largest_potentials", games, DiscountedGame)
    return _largest_values(games, stage_potentials(games))


def largest_potential_drops(
    games: GameBatch[DiscountedGame], following: GameBatch[DiscountedGame]
) -> tuple[Floats, Booleans]:
    """Terms of Delta_Phi: the maximum over policies of Phi(pi; game) - Phi(pi; following game).

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

    Mao et al. 2023, equation (8).

    With equal transitions the difference is the value of the difference of the stage potentials, whose maximum is that
    of a joint-action decision problem: exact. Otherwise it is the value, under the one transitions, of

        phi^k - phi^{k+1} + gamma (P^k - P^{k+1}) V_{k+1},

    and V_{k+1} lies between its least and its largest value in each state: a certified upper bound (the better of this
    one and the one with the games' roles exchanged), not an estimate; up to rounding and to what policy iteration
    leaves, 1e-13 / (1 - discount)^2.

    Returns
    -------
    drop : (G,) array
        Signed: it moves with a constant added to the potential of one game.
    exact : (G,) array of bool
        Whether it is exact; an upper bound otherwise.

    Raises
    ------
    ValueError
        If sizes, discounts or initial distributions differ, or a game has no stage potential.

    Examples
    --------
    >>> from metanash import Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> one, other = (GameBatch.of(DiscountedGame([[[[high, 0.0], [0.0, 0.5]]]], still, 0.5)) for high in (1.0, 0.75))
    >>> drops, exact = largest_potential_drops(one, other)
    >>> drops.tolist(), exact.tolist()  # a quarter over 1 - discount
    ([0.5], [True])
    """
    check_batch("largest_potential_drops", games, DiscountedGame)
    check_batch("largest_potential_drops", following, DiscountedGame)
    if games.game.potential is not None and following.game.potential is not None:
        same = games.game.potential.shape == following.game.potential.shape
        if not same or len(games) != len(following) or games.game.discount != following.game.discount:
            raise ValueError("potentials can be compared between games of one size and discount only")
    if not np.array_equal(games.initial, following.initial):
        raise ValueError("potentials can be compared from one initial distribution only")
    change = stage_potentials(games) - stage_potentials(following)
    here, there = (batch.transitions.dense(0)[batch.transitions.index] for batch in (games, following))
    moved = (here - there).reshape(len(games), games.game.n_states, games.joint_actions, games.game.n_states)
    # transitions of one state may differ by rounding
    exact = np.asarray((np.abs(moved) <= 1e-15).all(axis=(1, 2, 3)) | (games.game.discount == 0.0))
    bounds = []
    for frame, other in ((games, following), (following, games)):
        stage = stage_potentials(other)
        low, high = -joint_optima(other, -stage), joint_optima(other, stage)
        gain = np.maximum(moved, 0.0) @ high[:, np.newaxis, :, np.newaxis]
        loss = np.minimum(moved, 0.0) @ low[:, np.newaxis, :, np.newaxis]
        onward = (gain + loss)[..., 0].reshape(change.shape)
        bounds.append(_largest_values(frame, change + frame.game.discount * onward))
    return np.minimum(*bounds), exact
