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

import itertools
import math
from typing import NamedTuple

import numpy as np

from metanash.stochastic import StochasticGame
from metanash.typing import Booleans, Floats

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

    Examples
    --------
    Matching pennies once: the advantage of heads grows with the probability of heads of the other.

    >>> game = StochasticGame([[[[1, 0], [0, 1]], [[0, 1], [1, 0]]]], [np.ones((2, 2, 1))], 0.0)
    >>> found = Replies(game).pays(np.full(4, 0.5))
    >>> found.advantage.tolist(), found.slopes[0, 2:].tolist()
    ([0.0, 0.0, 0.0, 0.0], [0.5, -0.5])
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
        self.paid = np.moveaxis(self.reward, 0, -1)  # (S, A_1, ..., A_N, N)
        self.next = self.chance.reshape(self.states, -1, self.states)
        self.both = np.concatenate([self.chance, self.paid], axis=-1)
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
        means = _Means(self.both, policies)
        found = [means.of(frozenset({i})) for i in range(self.players)]
        return [(both[..., self.states + i], both[..., : self.states]) for i, both in enumerate(found)]

    def pays(self, played: Floats, prior: list[tuple[Floats, Floats]] | None = None, weight: float = 1.0) -> Pays:
        """Advantages and derivatives against policies (n,), or against a mixture with a prior (:meth:`against`)."""
        policies = self.policies(played)
        now = self.against(policies)
        size = int(self.parts[-1])
        advantage, by_weight, slopes = np.empty(size), np.zeros(size), np.empty((size, size))
        values, onward, rises = np.empty((self.players, self.states)), [], []
        for i, (reward, chance) in enumerate(now):
            rows, own = slice(self.parts[i], self.parts[i + 1]), policies[i]
            discount = float(self.discounts[i])
            change: tuple[Floats, Floats] | None = None
            if prior is not None:
                change = reward - prior[i][0], chance - prior[i][1]
                reward = prior[i][0] + weight * change[0]  # noqa: PLW2901  # from here on of the mixture
                chance = prior[i][1] + weight * change[1]  # noqa: PLW2901
            visits = np.linalg.inv(self.eye - discount * (own[:, np.newaxis] @ chance)[:, 0])
            values[i] = value = visits @ (own * reward).sum(axis=1)
            rises.append(reward + discount * (chance @ value))
            advantage[rows] = (rises[i] - value[:, np.newaxis]).ravel()
            onward.append(discount * (chance @ visits) - visits[:, np.newaxis])  # of 1 more in a state, less V's rise
            if change is not None:
                gained = change[0] + discount * (change[1] @ value)
                by_weight[rows] = (gained + onward[i] @ (own * gained).sum(axis=1)).ravel()
        later = (self.next @ (values * self.discounts[:, np.newaxis]).T).reshape(self.paid.shape)
        means = _Means(self.paid + later, policies)
        for i, j in itertools.combinations(range(self.players), 2):
            pair = weight * means.of(frozenset({i, j}))
            self._fill(slopes, onward[i], policies[i], i, j, pair[..., i])
            self._fill(slopes, onward[j], policies[j], j, i, pair[..., j].transpose(0, 2, 1))
        for i, rise in enumerate(rises):
            self._block(slopes, i, i)[:] = onward[i][..., np.newaxis] * rise
        if self.real is None:
            return Pays(advantage, slopes, by_weight)
        return Pays(advantage[self.real], slopes[np.ix_(self.real, self.real)], by_weight[self.real])

    def _block(self, slopes: Floats, i: int, j: int) -> Floats:
        """Derivatives of a player's advantages by the probabilities of another, a view (S, A_i, S, A_j)."""
        part = slopes[self.parts[i] : self.parts[i + 1], self.parts[j] : self.parts[j + 1]]
        return part.reshape(self.states, self.most[i], self.states, self.most[j])  # axes that are split need no copy

    def _fill(self, slopes: Floats, onward: Floats, own: Floats, i: int, j: int, pair: Floats) -> None:
        """Write a block, of what the actions of two players pay the first, (S, A_i, A_j)."""
        block = self._block(slopes, i, j)
        block[:] = onward[..., np.newaxis] * (own[:, np.newaxis] @ pair)[:, 0]
        block[self.diagonal, :, self.diagonal] += pair


class _Means:
    """Means of a table (S, A_1, ..., A_N, K) over the actions of all players but some, each worked out once."""

    def __init__(self, table: Floats, policies: tuple[Floats, ...]) -> None:
        self.policies = policies
        self.everybody = frozenset(range(len(policies)))
        self.found = {self.everybody: table}

    def of(self, keep: frozenset[int]) -> Floats:
        """Array (S, A_i for those who are kept, K)."""
        if keep not in self.found:
            j = min(self.everybody - keep)
            table = self.of(keep | {j})
            axis = 1 + sum(k < j for k in keep)
            shape = table.shape
            middle = table.reshape(shape[0], math.prod(shape[1:axis]), shape[axis], -1)
            mean = self.policies[j][:, np.newaxis, np.newaxis] @ middle
            self.found[keep] = mean.reshape(*shape[:axis], *shape[axis + 1 :])
        return self.found[keep]
