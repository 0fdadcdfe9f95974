r"""Values and gains of stationary policies, and bounds of the gains that are proven in exact arithmetic.

Let T_pi be the operator of a player under the policies, (T_pi V)(s) = r_pi(s) + gamma sum p_pi(s' | s) V(s'), and T the
one that takes the best own action in each state. Both are contractions by beta = gamma times the largest mass of
transitions. So for any vectors U and V

.. math::
    V^\dagger \le U + \frac{\max_s (T U - U)^+}{1 - \beta}, \qquad
    V^\pi \ge V - \frac{\max_s (V - T_\pi V)^+}{1 - \beta},

and U - V and both fractions bound the gain V^dagger - V^pi, since both operators are monotone (Puterman 1994, "Markov
decision processes", theorem 6.2.2). U and V come from :func:`metanash.gaps.optimal_values` and a linear system in
floats, improved by their residuals; T U and T_pi V are worked out in integers, from the floats of the game and the
policies as they are. Nothing is rounded but the bound, and that upwards.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from metanash._inner.rational import integers
from metanash.extensive.exact import rounded_up
from metanash.gaps import average_out, optimal_values
from metanash.stochastic.games import StochasticGame, check_policies
from metanash.typing import Floats

__all__ = ["Proof", "certify_policies", "induced", "policy_values"]

_REFINEMENTS = 3
Rational = list[Fraction]


class Proof(NamedTuple):
    """What policies are worth, and what nobody gains more than.

    Attributes
    ----------
    values : (N, S) array
        Of the policies from each state, in the units of the rewards; the nearest floats, up to the last digit.
    gains : (N, S) array
        Bounds from above of V_i^dagger - V_i^pi, proven; from the gains themselves they are no farther than rounding.

    Examples
    --------
    An action that pays 1 a step is worth 2 at a discount of one half; the other one pays twice as much.

    >>> proof = certify_policies(StochasticGame([[[1.0, 2.0]]], np.ones((1, 2, 1)), 0.5), [[[1.0, 0.0]]])
    >>> proof.values.tolist(), proof.gains.tolist()
    ([[2.0]], [[2.0]])
    """

    values: Floats
    gains: Floats


def induced(game: StochasticGame, policies: Sequence[Floats], player: int) -> tuple[Floats, Floats]:
    """Average the others out: rewards (S, A_i) and transitions (S, A_i, S) of one player's decision problem.

    Examples
    --------
    Matching pennies against an opponent who plays heads three times in four.

    >>> game = StochasticGame([[[[1, 0], [0, 1]], [[0, 1], [1, 0]]]], [np.ones((2, 2, 1))], 0.5)
    >>> reward, transition = induced(game, [np.array([[0.5, 0.5]]), np.array([[0.75, 0.25]])], 0)
    >>> reward.tolist(), transition.tolist()
    ([[0.75, 0.25]], [[[1.0], [1.0]]])
    """
    reward, transition, _ = game.padded
    own = average_out(reward[player], policies, keep=player)
    return own, average_out(transition, policies, keep=player, trailing=1)


def policy_values(game: StochasticGame, policies: Sequence[npt.ArrayLike]) -> Floats:
    """Values (N, S) of stationary policies, in the units of the rewards, up to rounding.

    Parameters
    ----------
    game : StochasticGame
    policies : sequence of N arrays (S, A_i)
        A_i is the most actions of the player in a state; those that a state does not have get 0.

    Raises
    ------
    ValueError
        As :func:`metanash.stochastic.games.check_policies`.

    Examples
    --------
    One a step, at a discount of .5: 2 if the game goes on for ever, 4/3 if it ends half of the time.

    >>> game = StochasticGame([[[1.0]], [[1.0]]], [[[1.0, 0.0]], [[0.0, 0.5]]], 0.5)
    >>> policy_values(game, [[[1.0], [1.0]]])
    array([[2.        , 1.33333333]])
    """
    checked = check_policies(game, policies)
    return np.stack([_value(game, checked, i) for i in range(game.n_players)])


def _value(game: StochasticGame, policies: Sequence[Floats], player: int) -> Floats:
    reward, transition = induced(game, policies, player)
    paid, chance = (policies[player] * reward).sum(axis=1), (policies[player][..., np.newaxis] * transition).sum(axis=1)
    return np.linalg.solve(np.eye(game.n_states) - game.discounts[player] * chance, paid)


def certify_policies(game: StochasticGame, policies: Sequence[npt.ArrayLike]) -> Proof:
    """Values of policies and proven bounds of the gain of each player's best response, from each state.

    Each row of a policy is divided by its sum, exactly.

    Parameters
    ----------
    game, policies
        As in :func:`policy_values`.

    Raises
    ------
    ValueError
        As :func:`policy_values`.

    Examples
    --------
    Cooperation in the repeated prisoners' dilemma without punishment: a player gains 2 a round, of which there are ten.

    >>> game = StochasticGame([[[[3, 0], [5, 1]], [[3, 5], [0, 1]]]], [np.ones((2, 2, 1))], 0.9)
    >>> certify_policies(game, [[[1.0, 0.0]], [[1.0, 0.0]]]).gains.round(9).tolist()
    [[20.0], [20.0]]
    """
    checked = check_policies(game, policies)
    exact = _Exact(game, checked)
    values, gains = [], []
    for i in range(game.n_players):
        reward, transition = induced(game, checked, i)
        best, answer = _best_response(game, i, reward, transition)
        above, over = exact.improved(i, best, transition[np.arange(game.n_states), answer], answer)
        chance = (checked[i][..., np.newaxis] * transition).sum(axis=1)
        below, under = exact.improved(i, _value(game, checked, i), chance, None)
        slack = over + under
        values.append([float(v) for v in below])
        gains.append([rounded_up(max(u - v + slack, Fraction(0))) for u, v in zip(above, below, strict=True)])
    return Proof(np.array(values), np.array(gains))


def _best_response(
    game: StochasticGame, player: int, reward: Floats, transition: Floats
) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Optimal values and actions (S,) of a decision problem, worked out with rewards of a range of 1 (see gaps)."""
    low, high = float(reward.min()), float(reward.max())
    if game.can_end:
        low, high = 0.0, float(np.abs(reward).max())
    scale = high - low if high > low else 1.0
    discount = float(game.discounts[player])
    plain = (reward - low) / scale
    value = optimal_values(plain[np.newaxis], transition[np.newaxis], discount)[0]
    return low / (1.0 - discount) + scale * value, (plain + discount * transition @ value).argmax(axis=1)


class _Exact:
    """Operators of the module in integers; a float is an integer times a power of two."""

    def __init__(self, game: StochasticGame, policies: Sequence[Floats]) -> None:
        self.game = game
        self.policies = [integers(policy)[0] for policy in policies]
        self.sums = [policy.sum(axis=1) for policy in self.policies]
        self.chance, self.chance_unit = integers(game.padded.transition)
        mass = max(int(row) for row in self.chance.sum(axis=-1).ravel()) * self.chance_unit
        self.left = [1 - Fraction(discount) * mass for discount in game.discounts.tolist()]

    def improved(
        self, player: int, value: Floats, chance: Floats, answer: npt.NDArray[np.intp] | None
    ) -> tuple[Rational, Fraction]:
        """A better value near another one, and how far it is on the wrong side of the true one at most.

        Without an answer the policy's own value is meant and bounded from below, else that of best responses and
        bounded from above; ``answer`` are the actions (S,) with which its residual is made small.
        """
        discount = float(self.game.discounts[player])
        near = [*map(Fraction, value.tolist())]
        system = np.eye(len(value)) - discount * chance
        for _ in range(_REFINEMENTS):
            paid = self._paid(player, near, answer is None)
            chosen = [row[0] if answer is None else row[answer[s]] for s, row in enumerate(paid)]
            off = np.array([float(now - before) for now, before in zip(chosen, near, strict=True)])
            near = [v + Fraction(d) for v, d in zip(near, np.linalg.solve(system, off).tolist(), strict=True)]
        paid = self._paid(player, near, answer is None)
        wrong = [max(row) - v if answer is not None else v - row[0] for row, v in zip(paid, near, strict=True)]
        return near, max(Fraction(0), *wrong) / self.left[player]

    def _paid(self, player: int, value: Rational, averaged: bool) -> list[Rational]:
        """What each own action pays in each state with ``value`` afterwards, or what all do on average."""
        common = max(v.denominator for v in value)  # powers of two
        whole = np.array([int(v * common) for v in value], dtype=object)
        reward, unit = integers(self.game.padded.reward[player])
        onward = Fraction(float(self.game.discounts[player])) * self.chance_unit / common
        scale = max(unit.denominator, onward.denominator)
        table: Any = reward * int(unit * scale) + self.chance @ whole * int(onward * scale)
        for j in reversed(range(self.game.n_players)):
            if j != player or averaged:
                lone = (len(value), *(1,) * j, -1, *(1,) * (table.ndim - 2 - j))
                table = (table * self.policies[j].reshape(lone)).sum(axis=1 + j)
        divisors = [scale] * len(value)
        for j, sums in enumerate(self.sums):
            if j != player or averaged:
                divisors = [d * int(total) for d, total in zip(divisors, sums, strict=True)]
        rows = table.reshape(len(value), -1)
        return [[Fraction(int(n), d) for n in row] for row, d in zip(rows, divisors, strict=True)]
