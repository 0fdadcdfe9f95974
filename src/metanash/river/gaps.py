r"""Values, best responses and gaps of river endgames, in time proportional to hands times betting nodes.

With r_j the plans of player j (S_j, n_j) and q_j its ``factors``, the *utility gradient* of player i, in chips, is

.. math:: g_i[s, h] = q_i[h] \Big( \sum_{k \sim h} \sum_{s'} C_i[s, s'] \, q_j[k] \, r_j[s', k]
    + \sum_{k \sim h} \text{sign}(h, k) \sum_{s'} D_i[s, s'] \, q_j[k] \, r_j[s', k] \Big),

C_i being what folds pay (``fold_payoffs``) and D_i the stakes of showdowns (``showdown_stakes``), by sequences; k ~ h
if the hands share no card, and sign(h, k) says which is stronger. The sums over s' are taken first, those over hands by
prefix sums (:mod:`metanash.river.matchup`).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from metanash.river.blocks import best_response, best_values, plan
from metanash.river.endgames import RiverEndgame, check_endgame
from metanash.typing import Floats, Policies

__all__ = ["best_responses", "exploitability", "gradients", "ne_gains", "ne_gap", "plan_gradient", "values"]


def plan_gradient(endgame: RiverEndgame, player: int, other: Floats) -> Floats:
    """Utility gradient (S_i, n_i) of a player against the other's plans (S_j, n_j), unchecked; see the module.

    Examples
    --------
    >>> from metanash.river import river_endgame
    >>> endgame = river_endgame("2c3d5h8s9c", [{"KhKd": 1}, {"AhAd": 1}], pot=10.0, stacks=(5, 5), sizes=(), raises=1)
    >>> plan_gradient(endgame, 0, np.zeros((5, 1))).ravel().tolist()  # the other never comes anywhere
    [0.0, 0.0, 0.0, 0.0, 0.0]
    """
    tree, pairs = endgame.betting, endgame.matchups[player]
    weighted = endgame.factors[1 - player] * other
    found = np.zeros((tree.players[player].n_sequences, endgame.n_hands[player]))
    parts = (
        (tree.fold_payoffs[player], pairs.without_common_card),
        (tree.showdown_stakes[player], pairs.weaker_less_stronger),
    )
    for ends, summed in parts:
        found[ends.rows] += summed(ends.table @ weighted)
    found *= endgame.factors[player]
    return found


def _plans(endgame: RiverEndgame, strategies: Sequence[npt.ArrayLike]) -> Policies:
    checked = endgame.checked(strategies)
    return tuple(plan(parts, strategy) for parts, strategy in zip(endgame.blocks, checked, strict=True))


def gradients(endgame: RiverEndgame, strategies: Sequence[npt.ArrayLike]) -> Policies:
    """Utility gradients (S_i, n_i) in chips, one for each player. Raises ValueError if strategies are none.

    Examples
    --------
    >>> from metanash.river import river_endgame
    >>> endgame = river_endgame("2c3d5h8s9c", [{"KhKd": 1}, {"AhAd": 1}], pot=10.0, stacks=(5, 5), sizes=(), raises=1)
    >>> [part.shape for part in gradients(endgame, endgame.uniform())]
    [(5, 1), (5, 1)]
    """
    check_endgame("gradients", endgame)
    plans = _plans(endgame, strategies)
    return tuple(plan_gradient(endgame, i, plans[1 - i]) for i in (0, 1))


def values(endgame: RiverEndgame, strategies: Sequence[npt.ArrayLike]) -> Floats:
    """Chips that the players win on average, (2,): they sum to 0. Raises ValueError if strategies are none.

    >>> from metanash.river import river_endgame
    >>> endgame = river_endgame("2c3d5h8s9c", [{"KhKd": 1}, {"AhAd": 1}], pot=10.0, raises=0)
    >>> values(endgame, endgame.uniform()).tolist()
    [-5.0, 5.0]
    """
    check_endgame("values", endgame)
    plans = _plans(endgame, strategies)
    won = float((plan_gradient(endgame, 0, plans[1]) * plans[0]).sum())
    return np.array([won, -won])


def best_responses(endgame: RiverEndgame, strategies: Sequence[npt.ArrayLike]) -> Policies:
    """Best responses (S_i, n_i) of each player to the other; tied actions share evenly, at sets not reached too.

    Examples
    --------
    >>> from metanash.river import river_endgame
    >>> endgame = river_endgame("2c3d5h8s9c", [{"KhKd": 1}, {"AhAd": 1}], pot=10.0, stacks=(5, 5), sizes=(), raises=1)
    >>> [part.ravel().tolist() for part in best_responses(endgame, endgame.uniform())]
    [[1.0, 0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 1.0, 0.0, 1.0]]
    """
    found = gradients(endgame, strategies)
    return tuple(best_response(parts, gradient) for parts, gradient in zip(endgame.blocks, found, strict=True))


def ne_gains(endgame: RiverEndgame, strategies: Sequence[npt.ArrayLike]) -> Floats:
    """Chips that each player gains by its best response, (2,), exact up to rounding.

    Parameters
    ----------
    endgame : RiverEndgame
    strategies : two (S_i, n_i) arrays

    Raises
    ------
    ValueError
        If strategies are none (:meth:`RiverEndgame.checked`).

    Examples
    --------
    Kings against aces for a pot of 10, with 5 chips left. Checks lose 6.25 and bets 2.5, so the kings lose 4.375. They
    should bet. The aces should call, which pays 10, and bet after a check, which pays 7.5: 8.75 on average.

    >>> from metanash.river import river_endgame
    >>> endgame = river_endgame("2c3d5h8s9c", [{"KhKd": 1}, {"AhAd": 1}], pot=10.0, stacks=(5, 5), sizes=(), raises=1)
    >>> ne_gains(endgame, endgame.uniform()).tolist()
    [1.875, 4.375]
    """
    check_endgame("ne_gains", endgame)
    return plan_gains(endgame, _plans(endgame, strategies))


def plan_gains(endgame: RiverEndgame, plans: Policies) -> Floats:
    """Gains (2,) over the values of plans, unchecked."""
    gains = []
    for i, parts in enumerate(endgame.blocks):
        gradient = plan_gradient(endgame, i, plans[1 - i])
        gains.append(best_values(parts, gradient)[0].sum() - (gradient * plans[i]).sum())
    return np.array(gains)


def ne_gap(endgame: RiverEndgame, strategies: Sequence[npt.ArrayLike]) -> float:
    """The largest gain of a player in chips, as of trees (:func:`metanash.extensive.ne_gap`); see :func:`ne_gains`.

    Examples
    --------
    >>> from metanash.river import river_endgame
    >>> endgame = river_endgame("2c3d5h8s9c", [{"KhKd": 1}, {"AhAd": 1}], pot=10.0, stacks=(5, 5), sizes=(), raises=1)
    >>> ne_gap(endgame, endgame.uniform())
    4.375
    """
    return float(ne_gains(endgame, strategies).max())


def exploitability(endgame: RiverEndgame, strategies: Sequence[npt.ArrayLike]) -> float:
    """The mean of both gains in fractions of the pot, the usual measure in poker; see :func:`ne_gains`.

    It is 0 at an equilibrium only. Times the pot it is between half of :func:`ne_gap` and all of it.

    Examples
    --------
    >>> from metanash.river import river_endgame
    >>> endgame = river_endgame("2c3d5h8s9c", [{"KhKd": 1}, {"AhAd": 1}], pot=10.0, stacks=(5, 5), sizes=(), raises=1)
    >>> exploitability(endgame, endgame.uniform())
    0.3125
    """
    return float(ne_gains(endgame, strategies).mean()) / endgame.pot
