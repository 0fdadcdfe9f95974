r"""What actions of a stochastic game pay against stationary policies, and how that changes with the policies.

The advantage of an action is

.. math::
    A_i(s, a_i) = Q_i(s, a_i) - V_i(s), \qquad Q_i = r_i^\pi + \gamma_i P_i^\pi V_i, \qquad
    V_i = (I - \gamma_i P^\pi)^{-1} r_i^\pi,

with values V_i that follow the policies, so that the unknowns are probabilities alone. With a weight t below one the
others are believed to play their policies with probability t and a fixed prior with 1 - t, as in Harsanyi's tracing
procedure: rewards and transitions of player i are averages of those against both (P. J.-J. Herings and R. J. A. P.
Peeters 2004, "Stationary equilibria in stochastic games: structure, selection, and computation").

Policies are one vector of the probabilities of all actions that there are: by player, by state, by action.
"""

from typing import NamedTuple

import numpy as np

from metanash.stochastic import StochasticGame
from metanash.typing import Array, Booleans, Floats

__all__ = ["Pays", "Replies"]


class Pays(NamedTuple):
    """Advantages at a point.

    Attributes
    ----------
    advantage : (n,) array
    slopes : (n, n) array
        Derivatives with respect to the probabilities, of which none is held to sums of one.
    by_weight : (n,) array
        Derivatives with respect to t.
    """

    advantage: Floats
    slopes: Floats
    by_weight: Floats


class Replies:
    """A game whose payoffs are divided by the range of what each player may be paid in all.

    Attributes
    ----------
    group : (n,) array
        The number of the player and state that each action belongs to, and ``first`` the first action of each.

    Examples
    --------
    Player 1 wants both to do the same, player 2 does not; against (3/4, 1/4) what player 1 does second pays more.

    >>> game = StochasticGame([[[[1, 0], [0, 1]], [[0, 1], [1, 0]]]], [np.ones((2, 2, 1))], 0.5)
    >>> replies = Replies(game)
    >>> replies.pays(np.array([0.5, 0.5, 0.25, 0.75])).advantage.round(12).tolist()
    [-0.125, 0.125, 0.0, 0.0]
    """

    def __init__(self, game: StochasticGame) -> None:
        reward, self.chance, own = game.padded
        self.discounts = game.discounts
        self.players, self.states, *self.most = reward.shape
        floor = (
            0.0 if game.can_end else reward.reshape(self.players, -1).min(axis=1)
        )  # a shift of what is paid for ever
        ranges = np.where(game.ranges > 0.0, game.ranges, 1.0)
        lone = (slice(None), *[np.newaxis] * (reward.ndim - 1))
        self.reward = (reward - np.broadcast_to(floor, self.players)[lone]) / ranges[lone]
        self.next = self.chance.reshape(self.states, -1, self.states)
        self.own = own
        self.parts = np.cumsum([0, *(self.states * n for n in self.most)])
        flat = np.concatenate([part.ravel() for part in own])
        self.real: Booleans | None = None if flat.all() else flat
        self.counts = np.concatenate([part.sum(axis=1) for part in own])
        self.group = np.repeat(np.arange(len(self.counts)), self.counts)
        self.first = np.cumsum([0, *self.counts[:-1]])
        self.total = len(self.group)
        self.eye = np.eye(self.states)
        self.diagonal = np.arange(self.states)

    def policies(self, played: Floats) -> tuple[Floats, ...]:
        """Policies (S, A_i) of a vector (n,); 0 for actions that a state does not have."""
        if self.real is not None:
            full = np.zeros(self.parts[-1])
            full[self.real] = played
            played = full
        pairs = zip(self.parts[:-1], self.parts[1:], self.most, strict=True)
        return tuple(played[start:end].reshape(self.states, n) for start, end, n in pairs)

    def vector(self, policies: tuple[Floats, ...]) -> Floats:
        """Vector (n,) of policies (S, A_i)."""
        return np.concatenate([policy[own] for policy, own in zip(policies, self.own, strict=True)])

    def sums(self, vector: Floats) -> Floats:
        """Sums over the actions of each player and state, along the last axis."""
        return np.asarray(np.add.reduceat(vector, self.first, axis=-1))

    def softmax(self, logits: Floats) -> Floats:
        """Probabilities of logits (n,)."""
        raised = np.exp(logits - np.maximum.reduceat(logits, self.first)[self.group])
        return np.asarray(raised / self.sums(raised)[self.group])

    def through_softmax(self, slopes: Floats, played: Floats) -> Floats:
        """Derivatives with respect to logits, of those with respect to probabilities (n, n)."""
        weighted = slopes * played
        return np.asarray(weighted - self.sums(weighted)[:, self.group] * played)

    def against(self, policies: tuple[Floats, ...]) -> list[tuple[Floats, Floats]]:
        """Rewards (S, A_i) and transitions (S, A_i, S) of each player when the others play so."""
        return [
            (self._mean(self.reward[i], policies, (i,)), self._mean(self.chance, policies, (i,)))
            for i in range(self.players)
        ]

    def pays(self, played: Floats, prior: list[tuple[Floats, Floats]] | None = None, weight: float = 1.0) -> Pays:
        """Advantages and derivatives against policies (n,), or against a mixture with a prior (:meth:`against`)."""
        policies = self.policies(played)
        now = self.against(policies)
        size = int(self.parts[-1])
        advantage, by_weight, slopes = np.empty(size), np.zeros(size), np.empty((size, size))
        for i, (reward, chance) in enumerate(now):
            rows = slice(self.parts[i], self.parts[i + 1])
            discount = float(self.discounts[i])
            change: tuple[Floats, Floats] | None = None
            if prior is not None:
                change = reward - prior[i][0], chance - prior[i][1]
                reward = prior[i][0] + weight * change[0]  # noqa: PLW2901  # from here on of the mixture
                chance = prior[i][1] + weight * change[1]  # noqa: PLW2901
            own = policies[i]
            visits = np.linalg.inv(self.eye - discount * (own[:, np.newaxis] @ chance)[:, 0])
            value = visits @ (own * reward).sum(axis=1)
            q = reward + discount * (chance @ value)
            advantage[rows] = (q - value[:, np.newaxis]).ravel()
            onward = discount * (chance @ visits) - visits[:, np.newaxis]  # of 1 more in a state, less what V rises
            if change is not None:
                gained = change[0] + discount * (change[1] @ value)
                by_weight[rows] = (gained + onward @ (own * gained).sum(axis=1)).ravel()
            table = (self.reward[i].reshape(self.states, -1) + discount * (self.next @ value)).reshape(-1, *self.most)
            for j in range(self.players):
                pair = None if j == i else weight * self._pair(table, policies, i, j)
                rise = q if pair is None else (own[:, np.newaxis] @ pair)[:, 0]
                block = onward[..., np.newaxis] * rise
                if pair is not None:
                    block[self.diagonal, :, self.diagonal] += pair
                slopes[rows, self.parts[j] : self.parts[j + 1]] = block.reshape(rows.stop - rows.start, -1)
        if self.real is None:
            return Pays(advantage, slopes, by_weight)
        return Pays(advantage[self.real], slopes[np.ix_(self.real, self.real)], by_weight[self.real])

    def _pair(self, table: Floats, policies: tuple[Floats, ...], i: int, j: int) -> Floats:
        """Mean over the actions of all but two players, (S, A_i, A_j)."""
        found = self._mean(table, policies, (i, j))
        return found if i < j else found.transpose(0, 2, 1)

    def _mean(self, table: Floats, policies: tuple[Floats, ...], keep: tuple[int, ...]) -> Floats:
        """Mean over the actions of all players but some, of (S, A_1, ..., A_N) and what comes after."""
        result: Array = table
        for j in reversed(range(self.players)):
            if j not in keep:
                shape = result.shape
                middle = result.reshape(self.states, int(np.prod(shape[1 : j + 1])), shape[j + 1], -1)
                result = (policies[j][:, np.newaxis, np.newaxis] @ middle).reshape(*shape[: j + 1], *shape[j + 2 :])
        return result
