"""Stationary Markov equilibria of stochastic games, general-sum, whose gap is proven in exact arithmetic."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from metanash.gambit import Units
from metanash.games import DiscountedGame, check_game
from metanash.solution.replies import Replies
from metanash.solution.result import Solution
from metanash.solution.tracing import PATHS, candidates
from metanash.stochastic import StochasticGame, certify_policies
from metanash.stochastic.games import check_policies
from metanash.typing import Floats

__all__ = ["TOLERANCE", "solve_general", "solve_stochastic", "stationary_equilibrium"]

TOLERANCE = 1e-12
"""Largest gain of a player from any state, in parts of :attr:`metanash.stochastic.StochasticGame.ranges`."""
_ROUNDING = 16 * float(np.finfo(np.float64).eps)


def solve_stochastic(game: StochasticGame, units: Units | None = None) -> Solution:
    """Solve a stochastic game in its payoffs: :func:`stationary_equilibrium`.

    Raises
    ------
    ValueError
        If there are units: payoffs of a stochastic game are its own.
    ArithmeticError
        As :func:`stationary_equilibrium`.

    Examples
    --------
    Matching pennies for 1 and for 3 in two states, each of which leads to the other; in the second player 2 has a third
    action, to pay 9, which is never played.

    >>> once, thrice = [[[1, 0], [0, 1]], [[0, 1], [1, 0]]], [[[3, 0, 9], [0, 3, 9]], [[0, 3, -9], [3, 0, -9]]]
    >>> to = np.eye(2)
    >>> game = StochasticGame([once, thrice], [np.tile(to[1], (2, 2, 1)), np.tile(to[0], (2, 3, 1))], [0.5, 0.9])
    >>> solve_stochastic(game).policies[1].round(9).tolist()
    [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]
    """
    if units is not None:
        raise ValueError("units are for games of this library in [0, 1]; payoffs of a stochastic game are its own")
    return stationary_equilibrium(game)


def solve_general(game: DiscountedGame) -> Solution:
    """Solve a discounted game of any number of players and any rewards, as a stochastic game.

    Takes a DiscountedGame; raises ValueError for anything else.

    Raises
    ------
    ArithmeticError
        As :func:`stationary_equilibrium`.

    Examples
    --------
    The prisoners' dilemma for ever: both defect, for 1/5 a round and twice that in all.

    >>> from metanash import Transition
    >>> reward = [[[[0.6, 0.0], [1.0, 0.2]]], [[[0.6, 1.0], [0.0, 0.2]]]]
    >>> found = solve_general(DiscountedGame(reward, Transition.shared(np.ones((1, 2, 2, 1))), 0.5))
    >>> found.value.round(9).tolist(), found.policies[0].tolist()
    ([0.4, 0.4], [[0.0, 1.0]])
    """
    check_game("solve_general", game, DiscountedGame)
    return stationary_equilibrium(StochasticGame.from_discounted(game))


def stationary_equilibrium(
    game: StochasticGame, *, tolerance: float = TOLERANCE, prior: Sequence[npt.ArrayLike] | None = None
) -> Solution:
    """Find an equilibrium in stationary Markov policies, from which nobody gains by leaving it in any state.

    Parameters
    ----------
    game : StochasticGame
    tolerance : float
        Largest gain, relative as :data:`TOLERANCE` is; what rounding leaves, 16 machine epsilons over 1 - discount, is
        allowed too.
    prior : sequence of N arrays (S, A_i), optional
        Policies that the others are believed to play where the first path begins: of several equilibria it is often one
        near to the answers to them. Probabilities of 0 are raised to 1e-3 before. Default: uniform.

    Returns
    -------
    Solution
        Policies (S, A_i), A_i the most actions of the player in a state, with 0 for those that a state does not have;
        values (N,) from the initial distribution; ``gap`` is the largest gain of a player from any state, a bound
        proven by :func:`metanash.stochastic.certify_policies`.

    Raises
    ------
    ValueError
        If it is no StochasticGame, the tolerance is not above 0, or the prior is no policy of the game.
    ArithmeticError
        If no path ends in policies that are good enough; the message says how good the best were.

    Examples
    --------
    The prisoners' dilemma repeated without memory, which ends after each round with probability .1.

    >>> game = StochasticGame([[[[3, 0], [5, 1]], [[3, 5], [0, 1]]]], [np.full((2, 2, 1), 0.9)], [0.9, 0.5])
    >>> found = stationary_equilibrium(game)
    >>> found.value.round(6).tolist(), found.gap < 1e-15
    ([5.263158, 1.818182], True)
    >>> found.policies
    (array([[0., 1.]]), array([[0., 1.]]))
    """
    if not isinstance(game, StochasticGame):
        raise ValueError(f"stationary_equilibrium takes a StochasticGame, got a {type(game).__name__}")
    if not tolerance > 0.0:
        raise ValueError(f"tolerance must be above 0, got {tolerance!r}")
    replies = Replies(game)
    ranges = np.where(game.ranges > 0.0, game.ranges, _largest(game))  # who is always paid the same gains nothing
    allowed = np.maximum(tolerance, _ROUNDING / (1.0 - game.discounts))
    spared = (4.0 * allowed * (1.0 - game.discounts)).repeat([part.sum() for part in replies.own])
    best = np.inf
    given = None if prior is None else replies.vector(check_policies(game, prior))
    for played, method in candidates(replies, given):
        advantage = replies.pays(played).advantage
        best = min(best, float((advantage / spared * 4.0).max() * tolerance))
        if (advantage > spared).any():
            continue
        policies = replies.policies(played)
        proof = certify_policies(game, policies)
        if (proof.gains <= (allowed * ranges)[:, np.newaxis]).all():
            return Solution(proof.values @ game.initial, policies, float(proof.gains.max()), method)
    nearest = f"the least was about {best:.3g}" if np.isfinite(best) else "none came near"
    raise ArithmeticError(
        f"none of {len(PATHS)} paths of this game of {game.n_players} players in {game.n_states} states led to "
        f"stationary policies that leave a gain of at most {tolerance:g} of the range of what a player may be paid; "
        f"{nearest}. A larger tolerance of metanash.solution.stochastic.stationary_equilibrium, "
        "smaller discounts, or leaving out actions that are never better than another one may help"
    )


def _largest(game: StochasticGame) -> Floats:
    """The most that each player is paid in all, without its sign, (N,); 1 if that is nothing."""
    paid = np.max([np.abs(reward).reshape(game.n_players, -1).max(axis=1) for reward in game.rewards], axis=0)
    return np.asarray(np.where(paid > 0.0, paid / (1.0 - game.discounts), 1.0))
