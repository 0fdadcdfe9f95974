r"""Exact MAML for potential games with softmax policies (Mao et al. 2023, section 4.2, equations 9 and 10).

The distribution over games is finite, so the objective and its gradient are sums, without sampling error:

.. math::
    F_T(\theta) = \sum_j p_j \Phi(\theta^{(T)}_j; G^j), \qquad
    \nabla F_T(\theta) = \sum_j p_j \prod_{t=0}^{T-1} (I + \alpha \nabla^2 \Phi(\theta^{(t)}_j; G^j))
    \nabla \Phi(\theta^{(T)}_j; G^j)

where theta_j^(t) is theta after t inner steps on game j. The product is applied from the right, factor T - 1 first, by
Hessian-vector products along the stored inner iterates. Replications (seeds), each with games and logits of its own,
are trained side by side; theta has one (R, S, A_i) array a player.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from metanash.checks import distributions, float_array, integer, positive
from metanash.games import DiscountedGame, GameBatch
from metanash.gaps import ne_gaps
from metanash.learners.base import checkpoints
from metanash.policy_gradient import Logits, Point, ValueModel, ascend
from metanash.simplex import softmax, uniform
from metanash.streams import stream

__all__ = ["Adaptation", "MetaTraining", "Minibatches", "Tasks", "adapt", "train"]
__all__ += ["meta_gradient", "meta_objective", "meta_value_and_gradient"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tasks:
    """A distribution over M games in each of R replications.

    Attributes
    ----------
    model : ValueModel
        Of R M games: those of replication 0, then of replication 1, and so on.
    probability : (R, M) array
        p_j.
    """

    model: ValueModel
    probability: Floats

    @classmethod
    def of(
        cls,
        games: Sequence[DiscountedGame] | GameBatch[DiscountedGame],
        replications: int = 1,
        probability: npt.ArrayLike | None = None,
    ) -> "Tasks":
        """Build from R M games in the order of ``model``; ``probability``, (M,) or (R, M), is uniform by default.

        Raises
        ------
        ValueError
            If the games do not divide among the replications, have no stage potential, or the probabilities are none.
        """
        model = ValueModel.of(games)
        count, rest = divmod(len(model), integer("replications", replications, 1))
        if rest:
            raise ValueError(f"{len(model)} games do not divide among {replications} replications")
        given = uniform(count) if probability is None else float_array("probability", probability)
        if given.shape not in {(count,), (replications, count)}:
            raise ValueError(f"probability must have shape {(replications, count)}, got {given.shape}")
        distributions("probability", np.atleast_2d(given), "replication")
        return cls(model, np.array(np.broadcast_to(given, (replications, count))))

    def draw(self, uniforms: Floats) -> "Tasks":
        """Draw games with replacement, one for each of (R, B) numbers in [0, 1): B games of probability 1 / B.

        Objective and gradient of what is drawn have those of the whole as their expectations.
        """
        replications, count = self.probability.shape
        bounds = np.cumsum(self.probability, axis=1)
        bounds /= bounds[:, -1:]
        chosen = (uniforms[:, :, np.newaxis] >= bounds[:, np.newaxis]).sum(axis=-1)
        chosen += count * np.arange(replications)[:, np.newaxis]
        return Tasks(self.model.take(chosen.ravel()), uniform(*uniforms.shape))

    def average(self, table: Floats) -> Floats:
        """Expectation over the games: (..., R M) to (..., R)."""
        return np.asarray((table.reshape(*table.shape[:-1], *self.probability.shape) * self.probability).sum(axis=-1))


@dataclass(frozen=True)
class Minibatches:
    """Games of each meta-iteration drawn from p: equation (10) is then estimated, without bias.

    Parameters
    ----------
    size : int
        B, games a meta-iteration.
    address : tuple of int or str
        Of the streams, one a replication; what meta-iteration k draws depends on nothing else but ``size``.
    names : sequence of int or str, optional
        Of the replications, the last part of the address of each. Default: their numbers.
    """

    size: int
    address: tuple[int | str, ...]
    names: Sequence[int | str] | None = None

    def uniforms(self, replications: int, iterations: int) -> Floats:
        """(iterations, R, B) numbers in [0, 1). Raises ValueError if ``size`` < 1 or names are missing."""
        shape = (iterations, integer("size", self.size, 1))
        names = range(replications) if self.names is None else self.names
        if len(names) != replications:
            raise ValueError(f"{len(names)} names do not fit {replications} replications")
        return np.stack([stream(*self.address, "minibatch", name).random(shape) for name in names], axis=1)


def _spread(theta: Sequence[Floats], games: int) -> Logits:
    """(R, S, A_i) logits to (G, S, A_i): each for G / R games in a row."""
    rows = len(theta[0])
    if rows == 0 or games % rows:
        raise ValueError(f"{games} games do not divide among {rows} replications of the logits")
    return tuple(np.repeat(part.transpose(1, 2, 0), games // rows, axis=-1).transpose(2, 0, 1) for part in theta)


def _inner(tasks: Tasks, theta: Sequence[Floats], step: float, inner_steps: int, keep: int | None) -> deque[Point]:
    """The last ``keep`` inner iterates."""
    if len(theta[0]) != len(tasks.probability):
        raise ValueError(f"logits must be those of {len(tasks.probability)} replications, got {len(theta[0])}")
    return deque(ascend(tasks.model, _spread(theta, len(tasks.model)), step, inner_steps), maxlen=keep)


def meta_objective(tasks: Tasks, theta: Sequence[Floats], step: float, inner_steps: int) -> Floats:
    """F_T(theta), equation (9): (R,), in units of value.

    ``theta`` has one (R, S, A_i) array a player, ``step`` is alpha and ``inner_steps`` T. Raises ValueError if the
    logits have the wrong shape.
    """
    return tasks.average(_inner(tasks, theta, step, inner_steps, keep=1)[-1].value)


def meta_value_and_gradient(
    tasks: Tasks, theta: Sequence[Floats], step: float, inner_steps: int, *, first_order: bool = False
) -> tuple[Floats, Logits]:
    """F_T(theta) and its gradient, equation (10): (R,), and (R, S, A_i) for each player.

    ``first_order`` drops the Hessians: the gradient at the adapted logits. The rest is as in :func:`meta_objective`.
    """
    *earlier, last = _inner(tasks, theta, step, inner_steps, keep=1 if first_order else None)
    gradient = last.gradient
    for point in reversed(earlier):
        curved = point.hessian_product(gradient)
        gradient = tuple(g + step * h for g, h in zip(gradient, curved, strict=True))
    averaged = (tasks.average(part.transpose(1, 2, 0)).transpose(2, 0, 1) for part in gradient)
    return tasks.average(last.value), tuple(averaged)


def meta_gradient(
    tasks: Tasks, theta: Sequence[Floats], step: float, inner_steps: int, *, first_order: bool = False
) -> Logits:
    """The gradient of :func:`meta_value_and_gradient` alone."""
    return meta_value_and_gradient(tasks, theta, step, inner_steps, first_order=first_order)[1]


def _norm(gradient: Sequence[Floats]) -> Floats:
    """Euclidean norm over players, states and actions: (R,)."""
    return np.asarray(np.sqrt(sum((part**2).sum(axis=(1, 2)) for part in gradient)))


@dataclass(frozen=True, eq=False)
class MetaTraining:
    """A finished meta-training.

    Attributes
    ----------
    iterations : (C,) array of int64
        k at the checkpoints; theta^0 is the start.
    objective : (R, C) array
        F_T(theta^k), exact, also where the training drew minibatches.
    gradient_norm : (R, C) array
        Euclidean norm of the exact gradient of F_T at theta^k.
    smallest_gradient_norm : (R, C) array
        The smallest so far: over all k where the training followed the exact gradient, over the checkpoints otherwise.
    logits : tuple of (R, S, A_i) arrays
        The last theta.
    """

    iterations: npt.NDArray[np.int64]
    objective: Floats
    gradient_norm: Floats
    smallest_gradient_norm: Floats
    logits: Logits

    @property
    def policy(self) -> Logits:
        """Softmax policies of the last theta."""
        return tuple(softmax(part) for part in self.logits)


def _grid(name: str, iterations: int, at: Sequence[int] | None) -> npt.NDArray[np.int64]:
    """Checkpoints from 0: those given, or 0 and log-spaced ones."""
    integer(name, iterations, 0)
    if at is None:
        return np.append(0, checkpoints(iterations) if iterations else []).astype(np.int64)
    grid = np.asarray([integer("checkpoint", k, 0) for k in at], dtype=np.int64)
    if grid.size == 0 or (np.diff(grid) <= 0).any() or grid[-1] != iterations:
        raise ValueError(f"checkpoints must increase to {iterations}, got {grid.tolist()}")
    return grid


def train(
    tasks: Tasks,
    theta: Sequence[npt.ArrayLike],
    *,
    step: float,
    iterations: int,
    inner_step: float,
    inner_steps: int,
    first_order: bool = False,
    minibatches: Minibatches | None = None,
    at: Sequence[int] | None = None,
) -> MetaTraining:
    """Gradient ascent on the meta-objective: theta^(k+1) = theta^k + beta grad F_T(theta^k).

    Parameters
    ----------
    tasks : Tasks
    theta : tuple of (R, S, A_i) arrays
        theta^0.
    step : float
        beta; Theorem 4 takes 1 / L_F.
    iterations : int
        K.
    inner_step, inner_steps : float, int
        alpha and T.
    first_order : bool
        Ascend along the gradient without Hessians.
    minibatches : Minibatches, optional
        Ascend along estimates. Default: the exact expectation over the games.
    at : increasing ints, optional
        Checkpoints from 0 on, the last of which is K. Default: 0 and 60 log-spaced ones.

    Raises
    ------
    ValueError
        If an argument is out of range or a shape is wrong.
    """
    beta, alpha = float(positive("step", step)), float(positive("inner_step", inner_step))
    integer("inner_steps", inner_steps, 0)
    grid = _grid("iterations", iterations, at)
    logits: Logits = tuple(float_array(f"logits of player {i}", part) for i, part in enumerate(theta))
    uniforms = None if minibatches is None else minibatches.uniforms(len(tasks.probability), iterations)
    exact_ascent = uniforms is None and not first_order
    smallest = np.full(len(tasks.probability), np.inf)
    rows: list[tuple[Floats, Floats, Floats]] = []
    recorded = set(grid.tolist())
    for k in range(iterations + 1):
        gradient: Logits = ()
        if exact_ascent or k in recorded:
            objective, gradient = meta_value_and_gradient(tasks, logits, alpha, inner_steps)
            norm = _norm(gradient)
            smallest = np.minimum(smallest, norm)
            if k in recorded:
                rows.append((objective, norm, smallest))
        if k == iterations:
            break
        if not exact_ascent:
            drawn = tasks if uniforms is None else tasks.draw(uniforms[k])
            gradient = meta_gradient(drawn, logits, alpha, inner_steps, first_order=first_order)
        logits = tuple(x + beta * g for x, g in zip(logits, gradient, strict=True))
    objectives, norms, smallests = (np.stack(column, axis=1) for column in zip(*rows, strict=True))
    return MetaTraining(grid, objectives, norms, smallests, logits)


@dataclass(frozen=True, eq=False)
class Adaptation:
    """What inner steps from given logits are worth on each game.

    Attributes
    ----------
    steps : (C,) array of int64
        Inner steps at the checkpoints.
    ne_gap, potential : (G, C) arrays
        Exact NE-gap and Phi there, in units of value.
    """

    steps: npt.NDArray[np.int64]
    ne_gap: Floats
    potential: Floats


def adapt(
    theta: Sequence[Floats],
    games: Sequence[DiscountedGame] | GameBatch[DiscountedGame],
    step: float,
    steps: int,
    at: Sequence[int] | None = None,
) -> Adaptation:
    """Ascend on games, held-out ones say, and measure on the way.

    Row r of the logits starts games r G / R to (r + 1) G / R - 1. ``step`` and ``steps`` are those of the inner ascent;
    checkpoints and errors are as in :func:`train`.
    """
    batch = GameBatch.of(games)
    grid, alpha = _grid("steps", steps, at), float(positive("step", step))
    recorded = set(grid.tolist())
    gaps, potentials = [], []
    start = [float_array(f"logits of player {i}", part) for i, part in enumerate(theta)]
    for t, point in enumerate(ascend(ValueModel.of(batch), _spread(start, len(batch)), alpha, steps)):
        if t in recorded:
            gaps.append(ne_gaps(batch, point.policy))
            potentials.append(point.value)
    return Adaptation(grid, np.stack(gaps, axis=1), np.stack(potentials, axis=1))
