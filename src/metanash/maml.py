r"""Exact MAML for potential games with softmax policies (Mao et al. 2023, section 4.2, equations 9 and 10).

The distribution over games is finite, so the objective and its gradient are sums, without sampling error:

.. math::
    F_T(\theta) = \sum_j p_j \Phi(\theta^{(T)}_j; G^j), \qquad
    \nabla F_T(\theta) = \sum_j p_j \prod_{t=0}^{T-1} (I + \alpha \nabla^2 \Phi(\theta^{(t)}_j; G^j))
    \nabla \Phi(\theta^{(T)}_j; G^j)

where theta_j^(t) is theta after t inner steps on game j. The product is applied from the right, factor T - 1 first, by
Hessian-vector products along the stored inner iterates: ``kernels.maml`` does so for every game of every replication.
Replications (seeds), each with games and logits of its own, are trained side by side; theta has one (R, S, A_i) array
for each player.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from metanash import kernels
from metanash._inner.checks import distributions, float_array, integer, within_floats
from metanash._inner.frozen import Frozen, sealed
from metanash._inner.views import View, Viewed
from metanash.games import DiscountedGame, GameBatch, check_batch
from metanash.gaps import ne_gaps, potential_values
from metanash.learners.base import checkpoints
from metanash.policy_gradient import Logits, ValueModel, ascend, beside, parts_of
from metanash.simplex import softmax, uniform
from metanash.streams import uniforms
from metanash.typing import Floats, Integers

__all__ = ["Adaptation", "MetaTraining", "Minibatches", "Tasks", "adapt", "train"]
__all__ += ["meta_gradient", "meta_objective", "meta_value_and_gradient"]


@dataclass(frozen=True, eq=False)
class Tasks(Frozen):
    """A distribution over M games in each of R replications. Frozen like a game.

    Attributes
    ----------
    model : ValueModel
        Of all games.
    game : (R, M) array of int64
        Their numbers in ``model``.
    probability : (R, M) array
        p_j.

    Examples
    --------
    >>> import metanash as mn
    >>> teams = mn.families.potential_sequence("team", 3, n_games=4, perturbation=0.1, discount=0.5)
    >>> tasks = Tasks.of(teams, replications=2)
    >>> tasks.game.tolist(), tasks.probability.tolist()
    ([[0, 1], [2, 3]], [[0.5, 0.5], [0.5, 0.5]])
    """

    model: ValueModel
    game: Integers
    probability: Floats

    def __post_init__(self) -> None:
        self.__dict__.update(game=sealed(self.game), probability=sealed(self.probability))

    @classmethod
    def of(
        cls,
        games: Sequence[DiscountedGame] | GameBatch[DiscountedGame],
        replications: int = 1,
        probability: npt.ArrayLike | None = None,
    ) -> "Tasks":
        """Build from R M games: those of replication 0, then of replication 1, and so on.

        Takes a DiscountedGame, a list of them or a GameBatch; raises ValueError for anything else.

        ``probability``, (M,) or (R, M), is uniform by default.

        Raises
        ------
        ValueError
            If the games do not divide among the replications, have no stage potential, or the probabilities are none.
        """
        batch = GameBatch.of(games)
        check_batch("Tasks.of", batch, DiscountedGame)
        model = ValueModel.of(batch)
        count, rest = divmod(len(model), integer("replications", replications, 1))
        if rest:
            raise ValueError(f"{len(model)} games do not divide among {replications} replications")
        given = uniform(count) if probability is None else float_array("probability", probability)
        if given.shape not in {(count,), (replications, count)}:
            raise ValueError(f"probability must have shape {(replications, count)}, got {given.shape}")
        given = distributions("probability", np.atleast_2d(given), "replication")
        shape = (replications, count)
        return cls(model, np.arange(len(model)).reshape(shape), np.array(np.broadcast_to(given, shape), order="C"))

    def chosen(self, uniforms: Floats) -> Integers:
        """Numbers (..., R, B) of games in ``model`` that numbers (..., R, B) in [0, 1) draw from the distributions."""
        drawn = np.empty(uniforms.shape, dtype=np.int64)
        bounds = np.cumsum(self.probability, axis=1)
        bounds /= bounds[:, -1:]
        for r, bound in enumerate(bounds):
            drawn[..., r, :] = self.game[r][np.searchsorted(bound, uniforms[..., r, :], side="right")]
        return drawn

    def draw(self, uniforms: Floats) -> "Tasks":
        """Draw games with replacement, one for each of (R, B) numbers in [0, 1): B games of probability 1 / B.

        Objective and gradient of what is drawn have those of the whole as their expectations.
        """
        return Tasks(self.model, self.chosen(uniforms), uniform(*uniforms.shape))


@dataclass(frozen=True)
class Minibatches:
    """Games of each meta-iteration drawn from p: equation (10) is then estimated, without bias.

    Parameters
    ----------
    size : int
        B, games a meta-iteration.
    address : tuple of int or str
        Of the streams, one for each replication; what meta-iteration k draws depends on nothing else but ``size``.
    names : sequence of int or str, optional
        Of the replications, the last part of the address of each. Default: their numbers.

    Examples
    --------
    >>> drawn = Minibatches(size=2, address=("docs",)).uniforms(replications=3, iterations=4)
    >>> drawn.shape, bool(((0 <= drawn) & (drawn < 1)).all())
    ((4, 3, 2), True)
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
        return np.ascontiguousarray(np.moveaxis(uniforms((*self.address, "minibatch"), names, shape), 0, 1))


class _Ascent:
    """Meta-ascent of R replications on flat logits, (R, S, A_1 + ... + A_N), which calls advance."""

    def __init__(self, tasks: Tasks, theta: Sequence[Floats], inner_step: float, inner_steps: int) -> None:
        if not isinstance(tasks, Tasks):
            raise ValueError(f"MAML takes Tasks, got a {type(tasks).__name__}; Tasks.of makes them of discounted games")
        model, rows = tasks.model, len(tasks.game)
        within_floats("inner_step", inner_step), integer("inner_steps", inner_steps, 0)
        if len(theta[0]) != rows:
            raise ValueError(f"logits must be those of {rows} replications, got {len(theta[0])}")
        self._logits = beside(model.checked(theta, rows))
        self._gradient = np.empty_like(self._logits)
        self._model, self._inner_step, self._inner_steps = model, inner_step, inner_steps
        self._actions = model.n_actions

    def advance(
        self, game: Integers, probability: Floats, step: float, iterations: int, *, first_order: bool = False
    ) -> tuple[Floats, Floats, Floats]:
        """Take steps on games with numbers (R, M), or (iterations, R, M), and probabilities (R, M).

        Returns F_T and the norm of its gradient before the first step, and the smallest norm on the way: (R,) each.
        """
        rows, count = probability.shape
        model = self._model
        games, states, joint = model.reward.shape
        objective, norm, least = np.empty(rows), np.empty(rows), np.empty(rows)
        with np.errstate(over="ignore", invalid="ignore"):  # said below
            kernels.maml(
                reward=model.reward,
                transition=model.transition,
                kind=model.kind,
                initial=model.initial,
                actions=np.array(model.n_actions, dtype=np.int64),
                game=game,
                probability=probability,
                logits=self._logits,
                gradient=self._gradient,
                objective=objective,
                norm=norm,
                least=least,
                discount=model.discount,
                inner_step=self._inner_step,
                step=step,
                rows=rows,
                count=count,
                games=games,
                players=len(model.n_actions),
                states=states,
                joint=joint,
                columns=self._logits.shape[-1],
                kinds=len(model.transition),
                inner_steps=self._inner_steps,
                first_order=int(first_order),
                draws=1 if game.ndim == 2 else len(game),
                iterations=iterations,
            )
        for name, values in (("the meta-objective", objective), ("the meta-gradient", norm)):
            bad = ~np.isfinite(values)
            if bad.any():
                row = int(bad.argmax())
                raise ArithmeticError(
                    f"{name} of replication {row} is {values[row]}: products of its Hessians leave the range of floats "
                    f"with an inner step of {self._inner_step:g}; take a smaller one"
                )
        return objective, norm, least

    @property
    def logits(self) -> Logits:
        """Logits of now, (R, S, A_i) for each player."""
        return parts_of(self._logits, self._actions)

    @property
    def gradient(self) -> Logits:
        """Gradient that the last step has followed, of the same shapes."""
        return parts_of(self._gradient, self._actions)


def meta_objective(tasks: Tasks, theta: Sequence[Floats], step: float, inner_steps: int) -> Floats:
    """F_T(theta), equation (9): (R,), in units of value.

    ``theta`` has one (R, S, A_i) array per player, ``step`` is alpha and ``inner_steps`` T. Raises ValueError if the
    logits have the wrong shape or are not finite, the step lies outside [1e-100, 1e100], or ``inner_steps`` is
    negative; ArithmeticError if the gradient leaves the range of floats, as it does for very large steps.

    Examples
    --------
    >>> import metanash as mn
    >>> teams = mn.families.potential_sequence("team", 3, n_games=2, perturbation=0.1, discount=0.5)
    >>> start = [np.zeros((1, teams[0].n_states, n)) for n in teams[0].n_actions]
    >>> none, some = (meta_objective(Tasks.of(teams), start, 0.1, steps)[0] for steps in (0, 5))
    >>> bool(none < some)  # inner steps raise it
    True
    """
    return meta_value_and_gradient(tasks, theta, step, inner_steps, first_order=True)[0]


def meta_value_and_gradient(
    tasks: Tasks, theta: Sequence[Floats], step: float, inner_steps: int, *, first_order: bool = False
) -> tuple[Floats, Logits]:
    """F_T(theta) and its gradient, equation (10): (R,), and (R, S, A_i) for each player.

    ``first_order`` drops the Hessians: the gradient at the adapted logits. The rest is as in :func:`meta_objective`.

    Examples
    --------
    >>> import metanash as mn
    >>> teams = mn.families.potential_sequence("team", 3, n_games=2, perturbation=0.1, discount=0.5)
    >>> start = [np.zeros((1, teams[0].n_states, n)) for n in teams[0].n_actions]
    >>> value, gradient = meta_value_and_gradient(Tasks.of(teams), start, 0.1, 2)
    >>> uphill = [point + 0.1 * part for point, part in zip(start, gradient)]
    >>> bool(meta_objective(Tasks.of(teams), uphill, 0.1, 2)[0] > value[0])
    True
    """
    ascent = _Ascent(tasks, theta, step, inner_steps)
    value, *_ = ascent.advance(tasks.game, tasks.probability, 0.0, 1, first_order=first_order)
    return value, ascent.gradient


def meta_gradient(
    tasks: Tasks, theta: Sequence[Floats], step: float, inner_steps: int, *, first_order: bool = False
) -> Logits:
    """The gradient of :func:`meta_value_and_gradient` alone.

    Examples
    --------
    >>> import metanash as mn
    >>> teams = mn.families.potential_sequence("team", 3, n_games=2, perturbation=0.1, discount=0.5)
    >>> start = [np.zeros((1, teams[0].n_states, n)) for n in teams[0].n_actions]
    >>> [part.shape == point.shape for part, point in zip(meta_gradient(Tasks.of(teams), start, 0.1, 2), start)]
    [True, True]
    """
    return meta_value_and_gradient(tasks, theta, step, inner_steps, first_order=first_order)[1]


@dataclass(frozen=True, eq=False)
class MetaTraining(Viewed):
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

    Examples
    --------
    >>> import metanash as mn
    >>> teams = mn.families.potential_sequence("team", 3, n_games=2, perturbation=0.1, discount=0.5)
    >>> start = [np.zeros((1, teams[0].n_states, n)) for n in teams[0].n_actions]
    >>> found = train(Tasks.of(teams), start, step=0.1, iterations=5, inner_step=0.1, inner_steps=2, at=[0, 5])
    >>> found.iterations.tolist(), found.objective.shape, len(found.policy)
    ([0, 5], (1, 2), 2)
    """

    iterations: Integers
    objective: Floats
    gradient_norm: Floats
    smallest_gradient_norm: Floats
    logits: Logits

    @property
    def policy(self) -> Logits:
        """Softmax policies of the last theta."""
        return tuple(softmax(part) for part in self.logits)

    def _view(self) -> View:
        measures = {name: getattr(self, name) for name in ("objective", "gradient_norm", "smallest_gradient_norm")}
        return View(("run",), self.iterations, measures, {"policy": (("state", "action"), self.policy)})


def _grid(name: str, iterations: int, at: Sequence[int] | None) -> Integers:
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
    ArithmeticError
        If the objective or its gradient leaves the range of floats, as they do for very large inner steps.

    Examples
    --------
    >>> import metanash as mn
    >>> teams = mn.families.potential_sequence("team", 3, n_games=2, perturbation=0.1, discount=0.5)
    >>> start = [np.zeros((1, teams[0].n_states, n)) for n in teams[0].n_actions]
    >>> found = train(Tasks.of(teams), start, step=0.1, iterations=5, inner_step=0.1, inner_steps=2)
    >>> bool((np.diff(found.objective[0]) > 0).all())
    True
    """
    beta, alpha = float(within_floats("step", step)), float(within_floats("inner_step", inner_step))
    integer("inner_steps", inner_steps, 0)
    grid = _grid("iterations", iterations, at)
    ascent = _Ascent(tasks, [float_array(f"logits of player {i}", x) for i, x in enumerate(theta)], alpha, inner_steps)
    games, probability, exact = tasks.game, tasks.probability, minibatches is None and not first_order
    if minibatches is not None:
        uniforms = minibatches.uniforms(len(games), iterations)
        games, probability = tasks.chosen(uniforms), uniform(*uniforms.shape[1:])
    smallest = np.full(len(tasks.game), np.inf)
    rows: list[tuple[Floats, Floats, Floats]] = []
    recorded, starts = set(grid.tolist()), np.union1d(0, grid).tolist()
    for k, until in zip(starts, [*starts[1:], iterations], strict=True):
        if exact or k in recorded:
            plan = (beta, until - k) if exact and until > k else (0.0, 1)
            objective, norm, least = ascent.advance(tasks.game, tasks.probability, *plan)
            if k in recorded:
                rows.append((objective, norm, np.minimum(smallest, norm)))
            smallest = np.minimum(smallest, least)
        if not exact and until > k:
            drawn = games if minibatches is None else games[k:until]
            ascent.advance(drawn, probability, beta, until - k, first_order=first_order)
    objectives, norms, smallests = (np.stack(column, axis=1) for column in zip(*rows, strict=True))
    return MetaTraining(grid, objectives, norms, smallests, ascent.logits)


@dataclass(frozen=True, eq=False)
class Adaptation(Viewed):
    """Gaps and potentials on each game after inner steps from given logits.

    Attributes
    ----------
    steps : (C,) array of int64
        Inner steps at the checkpoints.
    ne_gap, potential : (G, C) arrays
        Exact NE-gap and Phi there, in units of value.

    Examples
    --------
    >>> import metanash as mn
    >>> teams = mn.families.potential_sequence("team", 3, n_games=2, perturbation=0.1, discount=0.5)
    >>> found = adapt([np.zeros((1, teams[0].n_states, n)) for n in teams[0].n_actions], teams, step=0.1, steps=4,
    ...     at=[0, 4])
    >>> found.steps.tolist(), found.ne_gap.shape, bool((found.potential[:, 1] > found.potential[:, 0]).all())
    ([0, 4], (2, 2), True)
    """

    steps: Integers
    ne_gap: Floats
    potential: Floats

    def _view(self) -> View:
        return View(("game",), self.steps, {"ne_gap": self.ne_gap, "potential": self.potential})


def adapt(
    theta: Sequence[Floats],
    games: Sequence[DiscountedGame] | GameBatch[DiscountedGame],
    step: float,
    steps: int,
    at: Sequence[int] | None = None,
) -> Adaptation:
    """Ascend on games, held-out ones say, and measure on the way.

    Takes a DiscountedGame, a list of them or a GameBatch; raises ValueError for anything else.

    Row r of the logits starts games r G / R to (r + 1) G / R - 1. ``step`` and ``steps`` are those of the inner ascent;
    checkpoints and errors are as in :func:`train`.

    Examples
    --------
    >>> import metanash as mn
    >>> teams = mn.families.potential_sequence("team", 3, n_games=2, perturbation=0.1, discount=0.5)
    >>> start = [np.zeros((1, teams[0].n_states, n)) for n in teams[0].n_actions]
    >>> few, many = (adapt(start, teams, step=0.5, steps=steps).potential[:, -1] for steps in (1, 50))
    >>> bool((few < many).all())
    True
    """
    batch = GameBatch.of(games)
    check_batch("adapt", batch, DiscountedGame)
    grid, alpha = _grid("steps", steps, at), float(within_floats("step", step))
    start = [float_array(f"logits of player {i}", part) for i, part in enumerate(theta)]
    rows = len(start[0])
    if rows == 0 or len(batch) % rows:
        raise ValueError(f"{len(batch)} games do not divide among {rows} replications of the logits")
    model, logits = ValueModel.of(batch), tuple(np.repeat(part, len(batch) // rows, axis=0) for part in start)
    gaps, potentials = [], []
    for more in np.diff(grid, prepend=0).tolist():
        logits = ascend(model, logits, alpha, more)
        policy = tuple(softmax(part) for part in logits)
        gaps.append(ne_gaps(batch, policy))
        potentials.append(potential_values(batch, policy))
    return Adaptation(grid, np.stack(gaps, axis=1), np.stack(potentials, axis=1))
