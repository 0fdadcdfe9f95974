r"""Softmax policies on discounted games in vectorised NumPy: values, gradients, Hessian products and exact MAML.

Mao et al. 2023, section 4.2; the appendix with their formulas was not at hand, these are derived. With
pi_i(a | s) proportional to exp(theta_i(s, a)), pi the product, r a reward (the stage potential of a potential game,
or that of a player), M = (I - gamma P_pi)^-1, V = M r_pi, A = r + gamma P V - V and d = rho M:

.. math::
    \partial \Phi / \partial \theta_i(s, b) = \sum_{a : a_i = b} g(s, a), \qquad g(s, a) = d(s) \pi(a | s) A(s, a)

Along a direction u the policy moves as pi' = pi xi, xi(s, a) = sum_i (u_i(s, a_i) - E u_i(s, .)). With
V' = M sum_a pi' A and d' = gamma d P_{pi'} M,

.. math:: g' = \pi (d' A + d (\xi A + \gamma P V' - V'))

has H u as its marginals, at the cost of a gradient.

Logits are tuples with one (G, S, A_i) array per player. All games of a batch move at once. Inside, the game is the last
axis, since NumPy is fast where the last axis is long; results are views with that order in memory, and go in again
without a copy. :func:`maml` is the twin of the compiled kernel of that name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np

from metanash.simplex import softmax
from metanash.typing import Floats, Integers, Logits

__all__ = ["Logits", "Point", "Tables", "maml"]


def _games_last(parts: Sequence[Floats]) -> list[Floats]:
    """(G, S, A_i) to contiguous (S, A_i, G)."""
    return [np.ascontiguousarray(part.transpose(1, 2, 0)) for part in parts]


def _games_first(parts: Sequence[Floats]) -> Logits:
    return tuple(part.transpose(2, 0, 1) for part in parts)


def _joint(operation: np.ufunc, parts: Sequence[Floats]) -> Floats:
    """Combine one (S, A_i, G) array per player to (S, A_1 ... A_N, G)."""

    def combine(left: Floats, right: Floats) -> Floats:
        table = operation(left[:, :, np.newaxis], right[:, np.newaxis])
        return np.asarray(table.reshape(len(left), -1, left.shape[-1]))

    return reduce(combine, parts)


def _inverse(matrix: Floats) -> Floats:
    """Inverses of strictly diagonally dominant (S, S, G) matrices: Gauss-Jordan, which needs no pivots there."""
    out = matrix.copy()
    for k in range(len(out)):
        row = out[k] / out[k, k]
        row[k] = 1.0 / out[k, k]
        column = out[:, k].copy()
        column[k] = 0.0
        out[:, k] = 0.0
        out -= column[:, np.newaxis] * row
        out[k] = row
    return out


@dataclass(frozen=True, eq=False)
class Tables:
    """A reward in each game of a batch, whose discounted value is meant.

    Attributes
    ----------
    reward : (S, A_1 ... A_N, G) array
    onward : (S', S, A_1 ... A_N, G) array
        gamma P(s' | s, a), next state first.
    initial : (S, G) array
        rho.
    n_actions : tuple of int

    Examples
    --------
    >>> tables = Tables.of(np.array([[[1.0, 0.0]]]), np.ones((1, 1, 2, 1)), np.ones((1, 1)), 0.5, (2,))
    >>> tables.onward.ravel().tolist()
    [0.5, 0.5]
    """

    reward: Floats
    onward: Floats
    initial: Floats
    n_actions: tuple[int, ...]

    @classmethod
    def of(
        cls, reward: Floats, chance: Floats, initial: Floats, discount: float, n_actions: tuple[int, ...]
    ) -> "Tables":
        """Build from (G, S, A_1 ... A_N), (G, S, A_1 ... A_N, S') and (G, S) arrays."""
        return cls(
            np.ascontiguousarray(reward.transpose(1, 2, 0)),
            np.ascontiguousarray(discount * chance.transpose(3, 1, 2, 0)),
            np.ascontiguousarray(initial.T),
            n_actions,
        )


@dataclass(frozen=True, eq=False)
class Point:
    """A softmax policy on :class:`Tables`; everything is computed when first asked for, and once.

    Examples
    --------
    >>> tables = Tables.of(np.array([[[1.0, 0.0]]]), np.ones((1, 1, 2, 1)), np.ones((1, 1)), 0.5, (2,))
    >>> Point(tables, (np.zeros((1, 1, 2)),)).tables is tables
    True
    """

    tables: Tables
    logits: Logits

    @cached_property
    def _marginals(self) -> list[Floats]:
        return [softmax(part, axis=1) for part in _games_last(self.logits)]

    @cached_property
    def _policy(self) -> Floats:
        """pi(a | s), (S, A_1 ... A_N, G)."""
        return _joint(np.multiply, self._marginals)

    @cached_property
    def _inverse(self) -> Floats:
        """M, (S, S, G)."""
        chain = np.einsum("zsjg,sjg->szg", self.tables.onward, self._policy)
        return _inverse(np.eye(len(chain))[:, :, np.newaxis] - chain)

    @cached_property
    def _visits(self) -> Floats:
        """Expected discounted visits d, (S, G); their sum over the states is 1 / (1 - gamma)."""
        return np.asarray(np.einsum("sg,szg->zg", self.tables.initial, self._inverse))

    @cached_property
    def _earned(self) -> Floats:
        return np.asarray(np.einsum("sjg,sjg->sg", self._policy, self.tables.reward))

    @cached_property
    def _advantage(self) -> Floats:
        """A, (S, A_1 ... A_N, G)."""
        value = np.einsum("szg,zg->sg", self._inverse, self._earned)
        q = self.tables.reward + np.einsum("zsjg,zg->sjg", self.tables.onward, value)
        return np.asarray(q - value[:, np.newaxis])

    @cached_property
    def value(self) -> Floats:
        """Phi, (G,)."""
        return np.asarray((self._visits * self._earned).sum(axis=0))

    def _marginalise(self, joint: Floats) -> Logits:
        """Sum a (S, A_1 ... A_N, G) table over the actions of the others, for each player."""
        table = joint.reshape(len(joint), *self.tables.n_actions, -1)
        axes = range(1, 1 + len(self.tables.n_actions))
        return _games_first([table.sum(axis=tuple(k for k in axes if k != own)) for own in axes])

    @cached_property
    def gradient(self) -> Logits:
        """Derivatives of Phi, a (G, S, A_i) array per player."""
        return self._marginalise(self._visits[:, np.newaxis] * self._policy * self._advantage)

    def hessian_product(self, direction: Sequence[Floats]) -> Logits:
        """H u for a direction u of the form of the logits, without the matrix H."""
        policy, inverse, advantage, onward = self._policy, self._inverse, self._advantage, self.tables.onward
        centred = [
            part - (own * part).sum(axis=1, keepdims=True)
            for own, part in zip(self._marginals, _games_last(direction), strict=True)
        ]
        score = _joint(np.add, centred)
        tilt = policy * score
        # sum_a pi' Q = sum_a pi' A, since the mass of pi' is 0; A keeps more digits than Q
        value = np.einsum("szg,zg->sg", inverse, np.einsum("sjg,sjg->sg", tilt, advantage))
        moved = np.einsum("zsg,sg->zg", np.einsum("zsjg,sjg->zsg", onward, tilt), self._visits)
        visits = np.einsum("sg,szg->zg", moved, inverse)
        later = np.einsum("zsjg,zg->sjg", onward, value) - value[:, np.newaxis]
        change = visits[:, np.newaxis] * advantage + self._visits[:, np.newaxis] * (score * advantage + later)
        return self._marginalise(policy * change)

    def moved(self, direction: Sequence[Floats], step: float) -> "Point":
        """The point at logits theta + step u."""
        return Point(self.tables, tuple(x + step * u for x, u in zip(self.logits, direction, strict=True)))


def maml(
    *,
    reward: Floats,
    transition: Floats,
    kind: Integers,
    initial: Floats,
    actions: Integers,
    game: Integers,
    probability: Floats,
    logits: Floats,
    gradient: Floats,
    objective: Floats,
    norm: Floats,
    least: Floats,
    discount: float,
    inner_step: float,
    step: float,
    rows: int,
    count: int,
    games: int,
    players: int,
    states: int,
    joint: int,
    columns: int,
    kinds: int,
    inner_steps: int,
    first_order: int,
    draws: int,
    iterations: int,
) -> None:
    """Iterate exact MAML (Mao et al. 2023, section 4.2): ``logits += step gradient`` in each row.

    The gradient is that of the expectation of Phi after ``inner_steps`` steps theta += inner_step grad Phi(theta) of
    all players at once on a game, equations (9) and (10): for each game the gradient at the last logits, multiplied
    by I + inner_step Hessian at every logits before, the last but one first.

    Parameters
    ----------
    reward : (games, states, joint)
        What is ascended: the stage potential; joint actions in C order.
    transition : (kinds, states, joint, states)
        Distinct transition kernels; game g has ``transition[kind[g]]``.
    kind : (games,) of int64
    initial : (games, states)
        Initial distributions.
    actions : (players,) of int64
        Numbers of actions: ``columns`` is their sum and ``joint`` their product.
    game : (draws, rows, count) of int64
        Games of each row; ``draws`` is 1, or ``iterations`` if every iteration has games of its own.
    probability : (rows, count)
        Of the games of a row.
    logits : (rows, states, columns)
        The players' logits side by side, finite; advanced.
    gradient : (rows, states, columns)
        Of the last iteration, before its step; overwritten.
    objective, norm : (rows,)
        Of the first iteration, before its step: the expectation and the Euclidean norm of its gradient; overwritten.
    least : (rows,)
        Smallest norm over the iterations; overwritten.
    discount : float
        Discount factor, in [0, 1).
    first_order : int
        Whether the Hessians are left out: the gradient at the last logits.

    Examples
    --------
    >>> logits, gradient = np.zeros((1, 1, 4)), np.zeros((1, 1, 4))
    >>> objective, norm, least = np.zeros(1), np.zeros(1), np.full(1, np.inf)
    >>> game = {"reward": np.array([[[1.0, 0.0, 0.0, 0.0]]]), "transition": np.ones((1, 1, 4, 1)),
    ...     "initial": np.ones((1, 1))}
    >>> what = {"kind": np.zeros(1, int), "actions": np.array([2, 2]), "game": np.zeros((1, 1, 1), int)}
    >>> told = {"logits": logits, "gradient": gradient, "objective": objective, "norm": norm, "least": least}
    >>> rates = dict(probability=np.ones((1, 1)), discount=0.0, inner_step=0.1, step=0.0)
    >>> sizes = dict(rows=1, count=1, games=1, players=2, states=1, joint=4, columns=4, kinds=1)
    >>> maml(**game, **what, **told, **rates, **sizes, inner_steps=0, first_order=0, draws=1, iterations=1)
    >>> float(objective[0]), gradient.ravel().tolist()
    (0.25, [0.125, -0.125, 0.125, -0.125])
    """
    bounds = np.cumsum(actions)[: players - 1].tolist()
    theta, target, weight = (
        logits.reshape(rows, states, columns),
        gradient.reshape(rows, -1),
        probability.reshape(rows, -1),
    )
    lanes = np.arange(max(rows * count, 2)) % (
        rows * count
    )  # einsum adds in another order where there is one lane only
    for k in range(iterations):
        if k == 0 or draws > 1:
            own = game.reshape(draws, -1)[k][lanes]
            tables = Tables.of(
                reward.reshape(games, states, joint)[own],
                transition.reshape(kinds, states, joint, states)[kind[own]],
                initial.reshape(games, states)[own],
                discount,
                tuple(int(n) for n in actions),
            )
        first = Point(tables, tuple(np.split(theta[lanes // count], bounds, axis=-1)))
        value, slope = _through_ascent(first, inner_step, inner_steps, hessians=not first_order)
        value, slope = value[: rows * count].reshape(rows, count), slope[: rows * count].reshape(rows, count, -1)
        target[...] = np.einsum("rm,rmd->rd", weight, slope)
        size = np.sqrt((target**2).sum(axis=1))
        if k == 0:
            objective[...], norm[...], least[...] = (weight * value).sum(axis=1), size, size
        np.minimum(least, size, out=least)
        theta += step * target.reshape(theta.shape)


def _through_ascent(point: Point, step: float, steps: int, *, hessians: bool) -> tuple[Floats, Floats]:
    """Phi after some steps of ascent, (G,), and its gradient with respect to the first logits, (G, S, columns)."""
    points = [point]
    for _ in range(steps):
        moved = points[-1].moved(points[-1].gradient, step)
        points = [*points, moved] if hessians else [moved]
    slope = points[-1].gradient
    for earlier in reversed(points[:-1]):
        slope = tuple(u + step * h for u, h in zip(slope, earlier.hessian_product(slope), strict=True))
    return points[-1].value, np.concatenate(slope, axis=-1)
