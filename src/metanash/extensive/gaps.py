r"""Values, best responses and gaps of extensive games, by the sequence form. Nothing is learned here.

Strategies are behaviour strategies (..., S_i), one for each player (:mod:`metanash.extensive.treeplex`); leading axes,
those of a batch of games or of the strategies, are broadcast. Payoffs and gaps are in the game's own units.

The *utility gradient* of player i is what each of its sequences is worth when the others play their plans,

.. math:: g_i[s] = \sum_{l : l_i = s} u_{il} \prod_{j \ne i} r_j[l_j], \qquad u_i(r) = g_i \cdot r_i,

and its best response the largest g_i . r_i of all plans, found set by set from the last ones to the first:

.. math:: v_s = g_i[s] + \sum_{j : \text{parent}(j) = s} \max_a v_{(j, a)}, \qquad \max_{r_i} g_i \cdot r_i = v_0.

Two gaps: the *NE-gap* of strategies that are played independently, and the *CCE-gap* of what was played on average,
whose product over the players is averaged (a correlated strategy, normal-form coarse correlated equilibrium:
the player who deviates does so before it is told anything).
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from metanash import kernels
from metanash._inner.checks import policy_array
from metanash.extensive.games import ExtensiveGame, check_extensive
from metanash.extensive.treeplex import Treeplex
from metanash.kernels.tree_steps import best_worths
from metanash.typing import Floats, Policies

__all__ = [
    "best_response",
    "best_responses",
    "best_value",
    "cce_gains",
    "cce_gap",
    "flat_gains",
    "gradients",
    "ne_gains",
    "ne_gap",
    "plan_gradient",
    "values",
]

_TIE = 1e-12
"""Actions whose worth is within this, times the largest worth of a sequence, of the best are tied."""


def plan_gradient(game: ExtensiveGame, plans: Sequence[Floats], player: int) -> Floats:
    """Utility gradient (..., S_player) against plans (..., S_j), unchecked; ``plans[player]`` is not read.

    Examples
    --------
    >>> from metanash.extensive import Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> plan_gradient(game, [np.zeros(3), np.array([1.0, 0.75, 0.25])], 0).tolist()
    [0.0, 0.5, -0.5]
    """
    worth = game.payoff[..., player, :]
    for j, plan in enumerate(plans):
        if j != player:
            worth = worth * plan[..., game.sequences[j]]
    scatter = game.scatters[player]
    gradient = np.zeros((*worth.shape[:-1], game.players[player].n_sequences))
    gradient[..., scatter.sequences] = np.add.reduceat(worth[..., scatter.order], scatter.starts, axis=-1)
    return gradient


def best_value(plex: Treeplex, gradient: Floats) -> Floats:
    """The most that a plan is worth against a gradient (..., S): (...) array.

    >>> float(best_value(Treeplex([0, 1], [2, 2]), np.array([1.0, 0.0, 3.0, 5.0, -1.0])))
    6.0
    """
    return best_worths(plex.levels, gradient)[..., 0]


def best_response(plex: Treeplex, gradient: Floats) -> Floats:
    """Behaviour strategy (..., S) that is worth most against a gradient (..., S).

    Actions tied within 1e-12 of the size of the gradient share it evenly, at sets that are not reached too.

    >>> best_response(Treeplex([0, 1], [2, 2]), np.array([1.0, 0.0, 5.0, 5.0, 5.0])).tolist()
    [1.0, 0.5, 0.5, 0.5, 0.5]
    """
    worth = best_worths(plex.levels, gradient)
    slack = _TIE * np.abs(worth).max(axis=-1, keepdims=True)
    response = np.ones(worth.shape)
    for level in plex.levels:
        here = worth[..., level.sequences]
        best = np.maximum.reduceat(here, level.starts, axis=-1)[..., level.of]
        tied = (here >= best - slack).astype(np.float64)
        response[..., level.sequences] = tied / np.add.reduceat(tied, level.starts, axis=-1)[..., level.of]
    return response


def gradients(game: ExtensiveGame, strategies: Sequence[npt.ArrayLike]) -> Policies:
    """Utility gradients (..., S_i), one for each player. Raises ValueError if strategies are none.

    Examples
    --------
    >>> from metanash.extensive import Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> [part.tolist() for part in gradients(game, [[1.0, 0.75, 0.25], [1.0, 0.75, 0.25]])]
    [[0.0, 0.5, -0.5], [0.0, -0.5, 0.5]]
    """
    check_extensive("gradients", game)
    plans = game.plans(game.checked(strategies))
    return tuple(plan_gradient(game, plans, i) for i in range(game.n_players))


def values(game: ExtensiveGame, strategies: Sequence[npt.ArrayLike]) -> Floats:
    """Expected payoffs of the players, (..., N). Raises ValueError if strategies are none.

    Examples
    --------
    >>> from metanash.extensive import Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> values(game, [[1.0, 0.75, 0.25], [1.0, 0.75, 0.25]]).tolist()
    [0.25, -0.25]
    """
    check_extensive("values", game)
    reach = game.reach(game.checked(strategies))
    return np.asarray((game.payoff * reach[..., np.newaxis, :]).sum(axis=-1))


def best_responses(game: ExtensiveGame, strategies: Sequence[npt.ArrayLike]) -> Policies:
    """Best responses (..., S_i) of each player to the others; see :func:`best_response`.

    Examples
    --------
    >>> from metanash.extensive import Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> [part.tolist() for part in best_responses(game, [[1.0, 0.75, 0.25], [1.0, 0.75, 0.25]])]
    [[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]]
    """
    return tuple(best_response(plex, g) for plex, g in zip(game.players, gradients(game, strategies), strict=True))


def ne_gains(game: ExtensiveGame, strategies: Sequence[npt.ArrayLike]) -> Floats:
    """What each player gains by its best response, (..., N), exact up to rounding.

    Raises
    ------
    ValueError
        If strategies are none (:meth:`metanash.extensive.games.ExtensiveGame.checked`).

    Examples
    --------
    Matching pennies, where player 1 always shows heads:

    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> ne_gains(game, ([1, 1, 0], [1, 0.5, 0.5])).tolist()
    [0.0, 1.0]
    """
    check_extensive("ne_gains", game)
    return flat_gains(game, game.flat.joined(game.checked(strategies)))


def flat_gains(game: ExtensiveGame, strategies: Floats) -> Floats:
    """Gains (..., N) of behaviour strategies (..., C) of all players side by side, unchecked.

    Examples
    --------
    >>> from metanash.extensive import Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> flat_gains(game, np.array([1.0, 0.75, 0.25, 1.0, 0.75, 0.25])).tolist()
    [0.25, 0.75]
    """
    kinds = math.prod(game.batch_shape)
    if game.batch_shape:
        lead = np.broadcast_shapes(game.batch_shape, strategies.shape[:-1])
        laws = np.ascontiguousarray(np.broadcast_to(strategies, (*lead, strategies.shape[-1])))
        index = np.ascontiguousarray(np.broadcast_to(np.arange(kinds).reshape(game.batch_shape), lead))
    else:
        lead, laws = strategies.shape[:-1], np.ascontiguousarray(strategies)
        index = np.zeros(lead, dtype=np.int64)
    gains = np.zeros((*lead, game.n_players))
    kernels.gains_in_trees(
        index=index,
        strategy=laws,
        gain=gains,
        games=math.prod(lead),
        kinds=kinds,
        **game.flat.arguments,
    )
    return gains


def ne_gap(game: ExtensiveGame, strategies: Sequence[npt.ArrayLike]) -> Floats:
    """The largest gain of a player, (...); see :func:`ne_gains`.

    Of a Markov game of two players with constant sum the library's NE-gap is the sum of both gains; here it is the
    largest one for any number of players.

    Examples
    --------
    >>> from metanash.extensive import Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> float(ne_gap(game, [[1.0, 0.75, 0.25], [1.0, 0.75, 0.25]]))
    0.75
    """
    return np.asarray(ne_gains(game, strategies).max(axis=-1))


def cce_gains(game: ExtensiveGame, mean_gradients: Sequence[npt.ArrayLike], mean_values: npt.ArrayLike) -> Floats:
    r"""What each player gains by leaving a correlated strategy before it is told anything, (..., N).

    Of the correlated strategy only two averages matter. If it plays plans r^t with weights w_t that sum to one,

    .. math:: \max_{r_i} \bar g_i \cdot r_i - \bar u_i, \qquad
        \bar g_i = \sum_t w_t \, g_i(r^t), \qquad \bar u_i = \sum_t w_t \, u_i(r^t).

    It is a normal-form coarse correlated equilibrium if and only if no gain is above 0 (Farina, Bianchi and Sandholm
    2020, "Coarse correlation in extensive-form games"). A gain may be negative.

    Parameters
    ----------
    game : ExtensiveGame
    mean_gradients : sequence of (..., S_i) arrays
        Averages of :func:`gradients`.
    mean_values : (..., N) array
        Averages of :func:`values`.

    Raises
    ------
    ValueError
        If shapes are wrong.

    Examples
    --------
    >>> from metanash.extensive import Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> profile = [[1.0, 0.75, 0.25], [1.0, 0.75, 0.25]]
    >>> cce_gains(game, gradients(game, profile), values(game, profile)).tolist()
    [0.25, 0.75]
    """
    check_extensive("cce_gains", game)
    if len(mean_gradients) != game.n_players:
        raise ValueError(f"a gradient for each player, {game.n_players} in all; got {len(mean_gradients)}")
    worth = policy_array("mean_values", mean_values)
    if worth.shape[-1:] != (game.n_players,):
        raise ValueError(f"mean_values must have a last axis of {game.n_players} players, got shape {worth.shape}")
    found = []
    for i, (plex, given) in enumerate(zip(game.players, mean_gradients, strict=True)):
        gradient = policy_array(f"mean gradient of player {i}", given)
        if gradient.shape[-1:] != (plex.n_sequences,):
            raise ValueError(
                f"the mean gradient of player {i} must have a last axis of {plex.n_sequences} sequences, "
                f"got {gradient.shape}"
            )
        found.append(best_value(plex, gradient) - worth[..., i])
    return np.stack(np.broadcast_arrays(*found), axis=-1)


def cce_gap(game: ExtensiveGame, mean_gradients: Sequence[npt.ArrayLike], mean_values: npt.ArrayLike) -> Floats:
    """The largest gain of a player, (...); see :func:`cce_gains`.

    Examples
    --------
    >>> from metanash.extensive import Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> profile = [[1.0, 0.75, 0.25], [1.0, 0.75, 0.25]]
    >>> float(cce_gap(game, gradients(game, profile), values(game, profile)))
    0.75
    """
    return np.asarray(cce_gains(game, mean_gradients, mean_values).max(axis=-1))
