r"""Discounted zero-sum Markov games by policy iteration, and teams; which solver a discounted game has.

From values V the matrix games r(s, a, b) + gamma P V (Shapley 1953) have optimal strategies mu and nu. What mu is worth
against its best response is at most the value of the game, what nu is worth at least: so each round certifies itself.

The next V is what mu and nu are worth against each other as long as that halves the gap: Newton's method (M. A.
Pollatschek and B. Avi-Itzhak 1969), which ends in a few rounds or not at all. Else it is the largest of what all mu so
far are worth, state by state. From there mu is worth at least what Shapley's iteration has next, so that this step of
A. J. Hoffman and R. M. Karp (1966) comes to the value no more slowly than gamma^k.

A team, whose players share one reward, plays what is best for one who chooses all actions: nobody gains by leaving it.
"""

import numpy as np

from metanash.exact import matrix_equilibria
from metanash.gambit import Units
from metanash.games import DiscountedGame, GameBatch, check_game
from metanash.gaps import best_response_values, ne_gap, team_optima, values
from metanash.solution.result import Solution
from metanash.solution.stochastic import solve_general
from metanash.typing import Floats

__all__ = ["GAP", "discounted_equilibrium", "solve_discounted", "team_optimum"]

GAP = 1e-9
"""Largest NE-gap in any state, in parts of the range of what the players may be paid in all, range / (1 - discount)."""
_PATIENCE = 100
"""Rounds in which nothing gets better."""
_SUM_ROUNDING = 1e-12
METHOD = "policy iteration"


def solve_discounted(game: DiscountedGame, units: Units | None) -> Solution:
    """Solve a discounted game.

    A team by :func:`team_optimum`, two players whose rewards add up to a constant by :func:`discounted_equilibrium`,
    others by :func:`metanash.solution.stochastic.solve_general`.

    Takes a DiscountedGame; raises ValueError for anything else.

    Parameters
    ----------
    game : DiscountedGame
    units : Units or None
        In which values and gaps are told. None: in units of reward.

    Raises
    ------
    ValueError, ArithmeticError
        As :func:`discounted_equilibrium` and :func:`metanash.solution.stochastic.solve_general`.

    Examples
    --------
    The prisoners' dilemma for ever, in rewards; stationary Markov policies remember nothing.

    >>> import numpy as np
    >>> from metanash import DiscountedGame, Transition
    >>> dilemma = np.array([[[0.6, 0.0], [1.0, 0.2]], [[0.6, 1.0], [0.0, 0.2]]])
    >>> stay = Transition.shared(np.ones((1, 2, 2, 1)))
    >>> solve_discounted(DiscountedGame(dilemma[:, np.newaxis], stay, 0.5), None).value
    array([0.4, 0.4])
    """
    check_game("solve_discounted", game, DiscountedGame)
    found = _equilibrium(game)
    if units is None:
        return found
    if isinstance(found.value, float):
        value, gap = float(units.payoff(found.value, 0)), float(units.gain(found.gap, 0))
        return Solution(value, found.policies, gap, found.method)
    payoffs = np.array([units.payoff(value, i) for i, value in enumerate(found.value.tolist())])
    gap = max(float(units.gain(found.gap, i)) for i in range(game.n_players))
    return Solution(payoffs, found.policies, gap, found.method)


def _equilibrium(game: DiscountedGame) -> Solution:
    if game.is_team:
        return team_optimum(game)
    return discounted_equilibrium(game) if game.n_players == 2 and _constant(game) else solve_general(game)


def team_optimum(game: DiscountedGame) -> Solution:
    """Find the best that a team, or one player alone, can do: pure policies, and an equilibrium.

    Takes a DiscountedGame; raises ValueError for anything else.

    Returns
    -------
    Solution
        Policies (S, A_i); values (N,), all alike, from the initial distribution, in units of reward.

    Raises
    ------
    ValueError
        If the players do not share one reward.

    Examples
    --------
    Two players who want to be in the same place, the first of which pays more, at a discount of .5.

    >>> import numpy as np
    >>> from metanash import DiscountedGame, Transition
    >>> stay = Transition.shared(np.ones((1, 2, 2, 1)))
    >>> team_optimum(DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], stay, 0.5)).value
    array([2., 2.])
    """
    check_game("team_optimum", game, DiscountedGame)
    batch: GameBatch[DiscountedGame] = GameBatch((game,))
    value = team_optima(batch)[0]
    q = game.reward[0] + game.discount * game.transition.at(0) @ value
    best = q.reshape(game.n_states, -1).argmax(axis=1)
    places = np.unravel_index(best, game.n_actions)
    policies = tuple(np.eye(n)[place] for n, place in zip(game.n_actions, places, strict=True))
    gap = max(ne_gap(game, policies), 0.0)
    return Solution(np.full(game.n_players, float(game.initial @ value)), policies, gap, "the joint optimum of a team")


def discounted_equilibrium(game: DiscountedGame, *, gap: float = GAP) -> Solution:
    """Solve a discounted game of two players whose rewards add up to a constant.

    Takes a DiscountedGame; raises ValueError for anything else.

    Parameters
    ----------
    game : DiscountedGame
    gap : float
        Largest NE-gap in any state, relative as :data:`GAP` is; at least 2^-52 / (1 - discount), which rounding leaves.

    Returns
    -------
    Solution
        Policies (S, A) and (S, B); value and gap from the initial distribution, in units of reward.

    Raises
    ------
    ValueError
        If there are not two players, their rewards do not add up to a constant (to 1e-12), or ``gap`` is below what
        rounding leaves.
    ArithmeticError
        If the gap does not get that small; the message says how small it got.

    Examples
    --------
    One state: matching pennies for ever, for 1 and a half of it. At a discount of .5 that is twice the value of once.

    >>> import numpy as np
    >>> from metanash import DiscountedGame, Transition
    >>> pennies = np.array([[[1.0, 0.0], [0.0, 0.5]]])
    >>> stay = Transition.shared(np.ones((1, 2, 2, 1)))
    >>> found = discounted_equilibrium(DiscountedGame(np.stack([pennies, 1 - pennies]), stay, 0.5))
    >>> print(f"{found.value:.12f}")
    0.666666666667
    """
    check_game("discounted_equilibrium", game, DiscountedGame)
    total = _total(game)
    rounding = 2.0**-52 / (1.0 - game.discount)
    if not gap >= rounding:
        raise ValueError(
            f"at a discount of {game.discount} rounding leaves a gap of {rounding:.2g} of the range of payoffs; "
            f"discounted_equilibrium was asked for {gap:.2g}: give it a larger one"
        )
    reward, states = game.reward[0], game.n_states
    chance = game.transition.at(0).reshape(-1, states)
    batch: GameBatch[DiscountedGame] = GameBatch((game,))
    allowed = gap * max(float(reward.max() - reward.min()), 1e-300) / (1.0 - game.discount)
    value: Floats = np.full(states, float(reward.min()) / (1.0 - game.discount))
    assured = value
    best: tuple[float, float, float, tuple[Floats, ...]] = (np.inf, 0.0, 0.0, ())
    idle = 0
    while idle < _PATIENCE:
        stage = reward + (chance @ (game.discount * value)).reshape(reward.shape)
        found = matrix_equilibria(stage)
        policy = (found.mu[np.newaxis], found.nu[np.newaxis])
        low = total - best_response_values(batch, policy, 1)[0]  # what mu is sure of
        high = best_response_values(batch, policy, 0)[0]
        worst, before = float((high - low).max()), best[0]
        if worst < before:
            best = worst, float(game.initial @ (high - low)), float(game.initial @ low), (found.mu, found.nu)
        if worst <= allowed:
            break
        risen = np.maximum(assured, low)
        idle = 0 if worst < before or (risen - assured > rounding * np.abs(assured)).any() else idle + 1
        assured = risen
        value = values(batch, policy, 0)[0] if worst <= 0.5 * before else assured
    else:
        raise ArithmeticError(
            f"the gap gets no smaller than {best[0]:.3g} of the {allowed:.3g} rewards that were asked for; at a "
            f"discount of {game.discount} rounding may leave no less: ask for a larger gap"
        )
    _, start, least, policies = best
    return Solution(least + 0.5 * max(start, 0.0), policies, max(start, 0.0), METHOD)


def _sums(game: DiscountedGame) -> Floats:
    return np.asarray(game.reward[0] + game.reward[-1])


def _constant(game: DiscountedGame) -> bool:
    """Whether both players' rewards add up to a constant."""
    return float(np.ptp(_sums(game))) <= _SUM_ROUNDING


def _total(game: DiscountedGame) -> float:
    """What the values of both players add up to in every state. Raises ValueError if that depends on the policies."""
    if game.n_players != 2:
        raise ValueError(
            f"discounted_equilibrium takes games of two players whose rewards add up to a constant, this one has "
            f"{game.n_players} players; metanash.solve solves it"
        )
    sums = _sums(game)
    low, high = float(sums.min()), float(sums.max())
    if not _constant(game):
        place = tuple(int(k) for k in np.unravel_index(int(sums.argmax()), sums.shape))
        raise ValueError(
            f"rewards of this discounted game do not add up to a constant: at (s, a, b) = {place} the sum is "
            f"{high:.10g}, elsewhere {low:.10g}; metanash.solve solves it"
        )
    return 0.5 * (low + high) / (1.0 - game.discount)
