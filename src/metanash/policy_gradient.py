"""Objectives of softmax players on discounted games, their Hessians, and the ascent (Mao et al. 2023, section 4.2).

The formulas are in :mod:`metanash.kernels.points`. Logits are tuples with one (G, S, A_i) array per player.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from metanash import kernels
from metanash._inner.checks import float_array, integer, within_floats
from metanash._inner.frozen import Frozen, sealed
from metanash.games import DiscountedGame, GameBatch, check_batch
from metanash.gaps import stage_potentials
from metanash.kernels.points import Logits, Point, Tables
from metanash.typing import Floats, Integers

__all__ = ["Logits", "ValueModel", "ascend", "assembled_gradient", "assembled_hessian", "beside", "hessian", "parts_of"]


def beside(parts: Sequence[Floats]) -> Floats:
    """The players' (R, S, A_i) arrays side by side: (R, S, A_1 + ... + A_N), C-contiguous.

    Examples
    --------
    >>> beside([np.zeros((1, 2, 3)), np.ones((1, 2, 2))])[0, 0].tolist()
    [0.0, 0.0, 0.0, 1.0, 1.0]
    """
    return np.ascontiguousarray(np.concatenate(parts, axis=-1, dtype=np.float64))


def parts_of(together: Floats, n_actions: Sequence[int]) -> Logits:
    """The inverse of :func:`beside`.

    Examples
    --------
    >>> [part.shape for part in parts_of(np.zeros((1, 2, 5)), (3, 2))]
    [(1, 2, 3), (1, 2, 2)]
    """
    bounds = itertools.pairwise(itertools.accumulate(n_actions, initial=0))
    return tuple(np.ascontiguousarray(together[..., first:last]) for first, last in bounds)


@dataclass(frozen=True, eq=False)
class ValueModel(Frozen):
    """An objective of softmax players: the discounted value of one reward in each game of a batch. Frozen like a game.

    Attributes
    ----------
    reward : (G, S, A_1 ... A_N) array
    transition : (kinds, S, A_1 ... A_N, S') array
        Distinct kernels; game g has ``transition[kind[g]]``.
    kind : (G,) array of int64
    initial : (G, S) array
        rho.
    discount : float
        gamma.
    n_actions : tuple of int

    Examples
    --------
    >>> import metanash as mn
    >>> teams = mn.families.potential_sequence("team", 3, n_games=2, perturbation=0.1, discount=0.5, n_actions=(2, 3))
    >>> model = ValueModel.of(GameBatch.of(teams))
    >>> model.n_actions, model.discount, model.reward.shape[0]
    ((2, 3), 0.5, 2)
    """

    reward: Floats
    transition: Floats
    kind: Integers
    initial: Floats
    discount: float
    n_actions: tuple[int, ...]

    def __post_init__(self) -> None:
        arrays = {name: sealed(getattr(self, name)) for name in ("reward", "transition", "kind", "initial")}
        self.__dict__.update(arrays)

    @classmethod
    def of(
        cls, games: DiscountedGame | Sequence[DiscountedGame] | GameBatch[DiscountedGame], player: int | None = None
    ) -> "ValueModel":
        """Build from games, once for any number of evaluations.

        Parameters
        ----------
        games : DiscountedGame, list of them, or GameBatch
        player : int, optional
            Whose reward, from 0. Default: the stage potential.

        Raises
        ------
        ValueError
            If the games are not discounted, there is no such player, or a game has no stage potential.
        """
        batch = GameBatch.of(games)
        check_batch("ValueModel.of", batch, DiscountedGame)
        game = batch.game
        if player is None:
            reward = stage_potentials(batch)
        elif not 0 <= player < game.n_players:
            raise ValueError(f"player must lie in [0, {game.n_players - 1}], got {player}")
        else:
            reward = batch.reward[:, 0 if game.is_team else player]
        size = (-1, game.n_states, batch.joint_actions)
        return cls(
            reward.reshape(size),
            batch.transitions.dense(0).reshape(*size, game.n_states),
            batch.transitions.index,
            batch.initial,
            game.discount,
            game.n_actions,
        )

    def __len__(self) -> int:
        return len(self.reward)

    @property
    def n_states(self) -> int:
        """S."""
        return int(self.reward.shape[1])

    @cached_property
    def _tables(self) -> Tables:
        return Tables.of(self.reward, self.transition[self.kind], self.initial, self.discount, self.n_actions)

    def checked(self, logits: Sequence[Floats], count: int) -> Logits:
        """Logits of so many starts. Raises ValueError if a shape is wrong or a logit is no finite real number."""
        shapes = [(count, self.n_states, actions) for actions in self.n_actions]
        given = tuple(float_array(f"logits of player {i}", part) for i, part in enumerate(logits))
        if [part.shape for part in given] != shapes:
            raise ValueError(f"logits must have shapes {shapes}, got {[part.shape for part in given]}")
        return given

    def at(self, logits: Sequence[Floats]) -> Point:
        """Evaluate the policy of these logits, (G, S, A_i) each. Raises ValueError as :meth:`checked`."""
        return Point(self._tables, self.checked(logits, len(self)))


def ascend(model: ValueModel, logits: Sequence[Floats], step: float, steps: int) -> Logits:
    """theta^(steps) from theta^(0) = ``logits``: theta^(t+1) = theta^(t) + alpha grad Phi(theta^(t)).

    The operator zeta of Mao et al. 2023, section 4.2: T = ``steps`` times with ``step`` alpha, all players at once.
    Raises ValueError if the logits, (G, S, A_i) for each player, have the wrong shape or are not finite, the step lies
    outside [1e-100, 1e100], or ``steps`` is negative; ArithmeticError if the ascent leaves the range of floats.

    Examples
    --------
    >>> import metanash as mn
    >>> (team,) = mn.families.potential_sequence("team", 3, n_games=1, perturbation=0.1, discount=0.5)
    >>> theta = ascend(ValueModel.of(GameBatch.of(team)), [np.zeros((1, team.n_states,
    ...     n)) for n in team.n_actions], 0.5, 100)
    >>> mn.ne_gap(team, [mn.simplex.softmax(part[0]) for part in theta]) < 0.1
    True
    """
    within_floats("step", step), integer("steps", steps, 0)
    together, players = beside(model.checked(logits, len(model))), len(model.n_actions)
    games, states, joint = model.reward.shape
    with np.errstate(over="ignore", invalid="ignore"):  # said below
        kernels.ascent(
            reward=model.reward,
            transition=model.transition,
            index=model.kind,
            step=np.full(games, step),
            initial=model.initial,
            actions=np.array(model.n_actions, dtype=np.int64),
            policy=together,
            response=np.zeros((games, states, players)),
            sum_gap=np.zeros((2, games)),
            least=np.ones(games),
            discount=model.discount,
            lanes=games,
            players=players,
            states=states,
            joint=joint,
            reward_rows=1,
            columns=together.shape[-1],
            kinds=len(model.transition),
            softmax=1,
            natural=0,
            measure=0,
            done=0,
            iterations=steps,
        )
    if not (together < np.inf).all():  # NaN fails too; a logit of -inf is an action that is never played
        raise ArithmeticError(f"softmax ascent of step {step:g} leaves the range of floats; take a smaller step")
    return parts_of(together, model.n_actions)


def _flat(parts: Sequence[Floats]) -> Floats:
    """(G, D): players, states and actions in this order."""
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def hessian(point: Point) -> Floats:
    """Hessians (G, D, D), D = S (A_1 + ... + A_N), in order of player, state, action: by D products, for checks.

    Examples
    --------
    >>> import metanash as mn
    >>> (team,) = mn.families.potential_sequence("team", 3, n_games=1, perturbation=0.1, discount=0.5, n_actions=(2, 2))
    >>> start = [np.zeros((1, team.n_states, 2))] * 2
    >>> found = hessian(ValueModel.of(GameBatch.of(team)).at(start))
    >>> bool(np.allclose(found, assembled_hessian(GameBatch.of(team), start)))  # the value of a team is its potential
    True
    """
    shapes = [part.shape for part in point.logits]
    splits = np.cumsum([states * actions for _, states, actions in shapes])
    columns = []
    for unit in np.eye(splits[-1]):
        parts = zip(np.split(unit, splits[:-1]), shapes, strict=True)
        direction = [np.broadcast_to(part.reshape(shape[1:]), shape) for part, shape in parts]
        columns.append(_flat(point.hessian_product(direction)))
    return np.stack(columns, axis=-1)


def assembled_gradient(games: GameBatch[DiscountedGame], logits: Sequence[Floats]) -> Logits:
    """d_i V_i for each player i, which independent players ascend. In a potential game it is the gradient of Phi.

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(DiscountedGame([[[[1.0, 0.0], [0.0, 0.0]]]], still, 0.0))
    >>> [part.tolist() for part in assembled_gradient(games, [np.zeros((1, 1, 2))] * 2)]
    [[[[0.125, -0.125]]], [[[0.125, -0.125]]]]
    """
    check_batch("assembled_gradient", games, DiscountedGame)
    return tuple(ValueModel.of(games, i).at(logits).gradient[i] for i in range(games.game.n_players))


def assembled_hessian(games: GameBatch[DiscountedGame], logits: Sequence[Floats]) -> Floats:
    """Blocks d_i d_j V_i, (G, D, D): the derivative of :func:`assembled_gradient`.

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

    In a potential game it is the Hessian of Phi. Where it is not symmetric there is no potential.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(DiscountedGame([[[[1.0, 0.0], [0.0, 0.0]]]], still, 0.0))
    >>> found = assembled_hessian(games, [np.zeros((1, 1, 2))] * 2)
    >>> found.shape, bool(np.allclose(found, found.swapaxes(1, 2)))  # a team has a potential
    ((1, 4, 4), True)
    """
    check_batch("assembled_hessian", games, DiscountedGame)
    ends = np.cumsum([0, *(part.shape[1] * part.shape[2] for part in logits)])
    whole = [hessian(ValueModel.of(games, i).at(logits)) for i in range(games.game.n_players)]
    return np.concatenate([table[:, ends[i] : ends[i + 1]] for i, table in enumerate(whole)], axis=1)
