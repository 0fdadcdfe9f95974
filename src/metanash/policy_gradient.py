r"""Softmax policies on discounted games: value, gradient, Hessian and gradient ascent, in closed form.

Mao et al. 2023, section 4.2; the appendix with their formulas was not at hand, these are derived. With
pi_i(a | s) proportional to exp(theta_i(s, a)), pi the product, r a reward (the stage potential of a potential game,
or that of a player), M = (I - gamma P_pi)^-1, V = M r_pi, A = r + gamma P V - V and d = rho M:

.. math::
    \partial \Phi / \partial \theta_i(s, b) = \sum_{a : a_i = b} g(s, a), \qquad g(s, a) = d(s) \pi(a | s) A(s, a)

Along a direction u the policy moves as pi' = pi xi, xi(s, a) = sum_i (u_i(s, a_i) - E u_i(s, .)). With
V' = M sum_a pi' A and d' = gamma d P_{pi'} M,

.. math:: g' = \pi (d' A + d (\xi A + \gamma P V' - V'))

has H u as its marginals, at the cost of a gradient.

Logits are tuples with one (G, S, A_i) array a player. All games of a batch move at once. Inside, the game is the last
axis, since NumPy is fast where the last axis is long; results are views with that order in memory, and go in again
without a copy.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import numpy.typing as npt

from metanash.games import DiscountedGame, GameBatch
from metanash.simplex import softmax

__all__ = ["Logits", "Point", "ValueModel", "ascend", "assembled_gradient", "assembled_hessian", "hessian"]

Floats = npt.NDArray[np.float64]
Logits = tuple[Floats, ...]
"""One (G, S, A_i) array a player; gradients and directions have the same form."""


def _games_last(parts: Sequence[Floats]) -> list[Floats]:
    """(G, S, A_i) to contiguous (S, A_i, G)."""
    return [np.ascontiguousarray(part.transpose(1, 2, 0)) for part in parts]


def _games_first(parts: Sequence[Floats]) -> Logits:
    return tuple(part.transpose(2, 0, 1) for part in parts)


def _joint(operation: np.ufunc, parts: Sequence[Floats]) -> Floats:
    """Combine one (S, A_i, G) array a player to (S, A_1 ... A_N, G)."""

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
class ValueModel:
    """What softmax players ascend: the discounted value of one reward in each game of a batch.

    Attributes
    ----------
    reward : (S, A_1 ... A_N, G) array
    onward : (S', S, A_1 ... A_N, G) array
        gamma P(s' | s, a), next state first.
    initial : (S, G) array
        rho.
    n_actions : tuple of int
    """

    reward: Floats
    onward: Floats
    initial: Floats
    n_actions: tuple[int, ...]

    @classmethod
    def of(
        cls, games: DiscountedGame | Sequence[DiscountedGame] | GameBatch[DiscountedGame], player: int | None = None
    ) -> "ValueModel":
        """Build from games, once for any number of evaluations.

        Parameters
        ----------
        games : one game, several, or a batch
        player : int, optional
            Whose reward, from 0. Default: the stage potential.

        Raises
        ------
        ValueError
            If the games are not discounted, there is no such player, or a game has no stage potential.
        """
        batch = GameBatch.of(games)
        game = batch.game
        if not isinstance(game, DiscountedGame):
            raise ValueError(f"softmax ascent plays discounted games, got a {type(game).__name__}")
        if player is None:
            stage = [one.potential for one in batch.games if one.potential is not None]
            if len(stage) < len(batch):
                raise ValueError("a game of the batch has no stage potential")
            reward = np.stack(stage)
        elif not 0 <= player < game.n_players:
            raise ValueError(f"player must lie in [0, {game.n_players - 1}], got {player}")
        else:
            reward = batch.reward[:, 0 if game.is_team else player]
        rows, joint = (game.n_states, batch.joint_actions), batch.joint_actions
        chance = batch.transitions.dense(0)[batch.transitions.index].reshape(-1, *rows, game.n_states)
        return cls(
            np.ascontiguousarray(reward.reshape(-1, game.n_states, joint).transpose(1, 2, 0)),
            np.ascontiguousarray(game.discount * chance.transpose(3, 1, 2, 0)),
            np.ascontiguousarray(batch.initial.T),
            game.n_actions,
        )

    def __len__(self) -> int:
        return int(self.reward.shape[-1])

    def take(self, chosen: npt.NDArray[np.int64]) -> "ValueModel":
        """Return the model of the games with these numbers, which may repeat."""
        reward, onward, initial = (np.take(t, chosen, axis=-1) for t in (self.reward, self.onward, self.initial))
        return ValueModel(reward, onward, initial, self.n_actions)

    def at(self, logits: Sequence[Floats]) -> "Point":
        """Evaluate the policy of these logits. Raises ValueError if a shape is wrong."""
        shapes = [(len(self), len(self.reward), actions) for actions in self.n_actions]
        if [part.shape for part in logits] != shapes:
            raise ValueError(f"logits must have shapes {shapes}, got {[part.shape for part in logits]}")
        return Point(self, tuple(logits))


@dataclass(frozen=True, eq=False)
class Point:
    """A softmax policy in a :class:`ValueModel`; everything is computed when first asked for, and once."""

    model: ValueModel
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
        chain = np.einsum("zsjg,sjg->szg", self.model.onward, self._policy)
        return _inverse(np.eye(len(chain))[:, :, np.newaxis] - chain)

    @cached_property
    def _visits(self) -> Floats:
        """Expected discounted visits d, (S, G); their sum over the states is 1 / (1 - gamma)."""
        return np.asarray(np.einsum("sg,szg->zg", self.model.initial, self._inverse))

    @cached_property
    def _earned(self) -> Floats:
        return np.asarray(np.einsum("sjg,sjg->sg", self._policy, self.model.reward))

    @cached_property
    def _advantage(self) -> Floats:
        """A, (S, A_1 ... A_N, G)."""
        value = np.einsum("szg,zg->sg", self._inverse, self._earned)
        q = self.model.reward + np.einsum("zsjg,zg->sjg", self.model.onward, value)
        return np.asarray(q - value[:, np.newaxis])

    @property
    def policy(self) -> Logits:
        """pi_i, a (G, S, A_i) array a player."""
        return _games_first(self._marginals)

    @cached_property
    def value(self) -> Floats:
        """Phi, (G,)."""
        return np.asarray((self._visits * self._earned).sum(axis=0))

    def _marginalise(self, joint: Floats) -> Logits:
        """Sum a (S, A_1 ... A_N, G) table over the actions of the others, for each player."""
        table = joint.reshape(len(joint), *self.model.n_actions, -1)
        axes = range(1, 1 + len(self.model.n_actions))
        return _games_first([table.sum(axis=tuple(k for k in axes if k != own)) for own in axes])

    @cached_property
    def gradient(self) -> Logits:
        """Derivatives of Phi, a (G, S, A_i) array a player."""
        return self._marginalise(self._visits[:, np.newaxis] * self._policy * self._advantage)

    def hessian_product(self, direction: Sequence[Floats]) -> Logits:
        """H u for a direction u of the form of the logits, without the matrix H."""
        policy, inverse, advantage, onward = self._policy, self._inverse, self._advantage, self.model.onward
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


def ascend(model: ValueModel, logits: Sequence[Floats], step: float, steps: int) -> Iterator[Point]:
    """Yield theta^(0), ..., theta^(steps): theta^(t+1) = theta^(t) + alpha grad Phi(theta^(t)).

    The operator zeta of Mao et al. 2023, section 4.2: T = ``steps`` times with ``step`` alpha, all players at once.
    Raises ValueError if the logits, (G, S, A_i) for each player, have the wrong shape.
    """
    point = model.at(logits)
    yield point
    for _ in range(steps):
        point = model.at(tuple(x + step * g for x, g in zip(point.logits, point.gradient, strict=True)))
        yield point


def _flat(parts: Sequence[Floats]) -> Floats:
    """(G, D): players, states and actions in this order."""
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def hessian(point: Point) -> Floats:
    """Hessians (G, D, D), D = S (A_1 + ... + A_N), in order of player, state, action: by D products, for checks."""
    shapes = [part.shape for part in point.logits]
    splits = np.cumsum([states * actions for _, states, actions in shapes])
    columns = []
    for unit in np.eye(splits[-1]):
        parts = zip(np.split(unit, splits[:-1]), shapes, strict=True)
        direction = [np.broadcast_to(part.reshape(shape[1:]), shape) for part, shape in parts]
        columns.append(_flat(point.hessian_product(direction)))
    return np.stack(columns, axis=-1)


def assembled_gradient(games: GameBatch[DiscountedGame], logits: Sequence[Floats]) -> Logits:
    """d_i V_i for each player i: what independent players ascend. In a potential game it is the gradient of Phi."""
    return tuple(ValueModel.of(games, i).at(logits).gradient[i] for i in range(games.game.n_players))


def assembled_hessian(games: GameBatch[DiscountedGame], logits: Sequence[Floats]) -> Floats:
    """Blocks d_i d_j V_i, (G, D, D): the derivative of :func:`assembled_gradient`.

    In a potential game it is the Hessian of Phi. Where it is not symmetric there is no potential.
    """
    ends = np.cumsum([0, *(part.shape[1] * part.shape[2] for part in logits)])
    whole = [hessian(ValueModel.of(games, i).at(logits)) for i in range(games.game.n_players)]
    return np.concatenate([table[:, ends[i] : ends[i + 1]] for i, table in enumerate(whole)], axis=1)
