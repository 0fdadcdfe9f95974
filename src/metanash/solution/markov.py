"""Markov games of finite horizon by backward induction: subgame-perfect equilibria in Markov policies."""

import numpy as np

from metanash.exact import shapley
from metanash.gambit import Units, to_payoffs
from metanash.games import GameBatch, MarkovGame, ZeroSumGame, check_game
from metanash.gaps import ne_gains, ne_gap, values
from metanash.solution.bimatrix import TOLERANCE
from metanash.solution.matrix import solve_matrix
from metanash.solution.result import Solution
from metanash.solution.strategic import expected, solve_tensors, stage_equilibrium
from metanash.typing import Floats

__all__ = ["solve_markov", "solve_one_shot", "solve_zero_sum"]

INDUCTION = "backward induction with "


def solve_one_shot(game: ZeroSumGame | MarkovGame, units: Units | None) -> Solution:
    """Solve a game of one state and one step in its payoffs; policies are strategies (A_i,).

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else, or if there are more states or steps.

    Raises
    ------
    ArithmeticError
        As :func:`metanash.solution.strategic.solve_tensors`.

    Examples
    --------
    >>> from metanash.gambit import from_bimatrix
    >>> solve_one_shot(*from_bimatrix([[0, 2], [3, 1]])).policies
    (array([0.5, 0.5]), array([0.25, 0.75]))
    """
    payoffs = to_payoffs(game, units)
    return solve_matrix(payoffs[0]) if isinstance(game, ZeroSumGame) else solve_tensors(payoffs)


def solve_zero_sum(game: ZeroSumGame, units: Units | None) -> Solution:
    """Solve a zero-sum Markov game by backward induction (Shapley 1953): a matrix game in each state at each step.

    Takes a ZeroSumGame; raises ValueError for anything else.

    Parameters
    ----------
    game : ZeroSumGame
    units : Units or None
        In which values and gaps are told. None: in units of reward.

    Raises
    ------
    ArithmeticError
        As :func:`metanash.exact.shapley`.

    Examples
    --------
    Matching pennies three times, for 1 each time.

    >>> import numpy as np
    >>> from metanash import Transition, ZeroSumGame
    >>> pennies = np.tile(np.eye(2), (3, 1, 1, 1))
    >>> solve_zero_sum(ZeroSumGame(pennies, Transition.shared(np.ones((1, 2, 2, 1)))), None).value
    1.5
    """
    check_game("solve_zero_sum", game, ZeroSumGame)
    found = shapley(game)
    value, gap = float(game.initial @ found.value[0]), max(ne_gap(game, (found.mu, found.nu)), 0.0)
    if units is not None:
        value, gap = float(units.payoff(value, 0)), float(units.gain(gap, 0))
    return Solution(value, (found.mu, found.nu), gap, f"{INDUCTION}the simplex method")


def solve_markov(game: MarkovGame, units: Units | None) -> Solution:
    """Solve a general-sum Markov game by backward induction: an equilibrium of a stage game in each state at each step.

    The stage game of state s at step h pays r_i + P_h V_i, with V_i what the equilibria of the next step pay, so the
    policies are an equilibrium from every state on.

    Takes a MarkovGame; raises ValueError for anything else.

    Parameters
    ----------
    game : MarkovGame
    units : Units or None
        In which values and gaps are told. None: in units of reward.

    Raises
    ------
    ArithmeticError
        If a stage game is not solved, naming step and state, or a player gains more than the horizon times
        :data:`metanash.solution.bimatrix.TOLERANCE` rewards.

    Examples
    --------
    The prisoners' dilemma twice, in rewards: nobody can reward the other for the first time.

    >>> import numpy as np
    >>> from metanash import MarkovGame, Transition
    >>> dilemma = np.array([[[0.6, 0.0], [1.0, 0.2]], [[0.6, 1.0], [0.0, 0.2]]])
    >>> twice = np.tile(dilemma[:, None, None], (1, 2, 1, 1, 1))
    >>> solve_markov(MarkovGame(twice, Transition.shared(np.ones((1, 2, 2, 1)))), None).value
    array([0.4, 0.4])
    """
    check_game("solve_markov", game, MarkovGame)
    batch = GameBatch.of(game)
    value: Floats = np.zeros((game.n_players, game.n_states))
    policies = tuple(np.empty((game.horizon, game.n_states, n)) for n in game.n_actions)
    methods = list[str]()
    for h in reversed(range(game.horizon)):
        stage = game.reward[:, h]
        if h + 1 < game.horizon:
            stage = stage + batch.transitions.expect(value[np.newaxis], h)[0]
        value = np.empty_like(value)
        for s in range(game.n_states):
            try:
                found, method = stage_equilibrium(stage[:, s])
            except ArithmeticError as error:
                raise ArithmeticError(f"the stage game at (h, s) = ({h}, {s}) was not solved: {error}") from None
            value[:, s] = expected(stage[:, s], found)
            methods += [method] * (method not in methods)
            for policy, part in zip(policies, found, strict=True):
                policy[h, s] = part
    gains = np.maximum(ne_gains(game, policies), 0.0)
    if gains.max() > TOLERANCE * game.horizon:
        raise ArithmeticError(f"policies of backward induction leave a gain of {gains.max():.3g} rewards")
    paid = np.array([(game.initial * values(batch, _one(policies), i)[0, 0]).sum() for i in range(game.n_players)])
    if units is not None:
        paid = np.array([units.payoff(paid[i], i) for i in range(game.n_players)])
        gains = np.array([units.gain(gains[i], i) for i in range(game.n_players)])
    return Solution(paid, policies, float(gains.max()), INDUCTION + " and ".join(methods))


def _one(policies: tuple[Floats, ...]) -> tuple[Floats, ...]:
    return tuple(policy[np.newaxis] for policy in policies)
