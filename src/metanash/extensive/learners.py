"""Learners of extensive games: predictive regret matching+ (PCFR+) and optimistic mirror descent with dilated entropy.

As the learners of Markov games (:mod:`metanash.learners.base`), each is frozen parameters, a state of named arrays and
a pure step; :func:`metanash.extensive.learn_extensive` runs them. In iteration t every player takes its last utility
gradient both as what it met and as the prediction of the next. Players move at once, or in turns (``alternating``):
then a player meets the strategies that those before it have just taken. The output is the average of the realisation
plans with weights 1, t or t^2; the initial strategies are not in it.

Payoffs have any units, so learning rates are for payoffs divided by the player's range of them
(:attr:`metanash.extensive.ExtensiveGame.spread`): payoffs in other units give the same strategies.
"""

import itertools
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt

from metanash import kernels
from metanash._inner.checks import all_integers, float_array, integer, within_floats
from metanash._inner.reductions import largest
from metanash._inner.runs import PureStartWarning
from metanash.extensive.games import ExtensiveGame, check_extensive
from metanash.extensive.gaps import cce_gap, flat_gains, plan_gradient
from metanash.simplex import logits
from metanash.typing import Floats, Policies

__all__ = ["Averaging", "DilatedMirrorDescent", "ExtensiveLearner", "ExtensiveState", "PredictiveCFR"]

Averaging = Literal["uniform", "linear", "quadratic"]
_POWERS = {"uniform": 0, "linear": 1, "quadratic": 2}


@dataclass(frozen=True, eq=False)
class ExtensiveState:
    """State of a learner; leading axes are those of the batch of games.

    Attributes
    ----------
    iteration : int
        t, iterations done.
    memory : tuple of (..., S_i)
        What the learner keeps: clipped regrets, or logarithms of the anchors.
    strategy : tuple of (..., S_i)
        Behaviour strategies of the last iteration, at first the initial ones.
    plan_sums : tuple of (..., S_i)
        Sums of w_t times the realisation plans of iteration t, w_t being 1, t or t^2.
    gradient : tuple of (..., S_i)
        Utility gradients at the last strategies; () if players move in turns.
    gradient_sums : tuple of (..., S_i)
        Sums of w_t times the gradients at the strategies of iteration t; () if players move in turns.
    value_sums : (..., N)
        Sums of w_t times the payoffs at these strategies; zeros if players move in turns.

    Examples
    --------
    >>> from metanash.extensive import Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> state = PredictiveCFR().start(game)
    >>> state.iteration, [part.tolist() for part in state.strategy]
    (0, [[1.0, 0.5, 0.5], [1.0, 0.5, 0.5]])
    """

    iteration: int
    memory: Policies
    strategy: Policies
    plan_sums: Policies
    gradient: Policies
    gradient_sums: Policies
    value_sums: Floats


class ExtensiveLearner(Protocol):
    """What :func:`metanash.extensive.learn_extensive` runs; both learners have it from one base.

    Examples
    --------
    >>> [callable(getattr(PredictiveCFR(), name)) for name in ("start", "advance", "output", "measure")]
    [True, True, True, True]
    """

    def start(self, game: ExtensiveGame, initial: Sequence[npt.ArrayLike] | None = None) -> ExtensiveState:
        """Return the state before the first iteration."""

    def advance(self, game: ExtensiveGame, state: ExtensiveState, iterations: int) -> ExtensiveState:
        """Return the state after more iterations."""

    def output(self, game: ExtensiveGame, state: ExtensiveState) -> Policies:
        """Return the average strategies."""

    def measure(self, game: ExtensiveGame, state: ExtensiveState) -> dict[str, Floats]:
        """Return gaps by name, (...) arrays."""


class _Averaged:
    """The state, its sums and its measures. A learner says where it begins and how fast it learns."""

    averaging: Averaging
    alternating: bool
    _entropy: ClassVar[bool]
    """Whether the kernel is to do mirror descent."""

    def _check(self) -> None:
        if self.averaging not in _POWERS:
            raise ValueError(f"averaging must be one of {', '.join(_POWERS)}, got {self.averaging!r}")

    def _memory(self, game: ExtensiveGame, strategies: Policies) -> Policies:
        """Return what is kept before the first iteration."""
        raise NotImplementedError

    def _speeds(self, game: ExtensiveGame) -> tuple[Floats, Floats]:
        """Return learning rates (..., N), and weights of the information sets of all players, (I,)."""
        raise NotImplementedError

    def start(self, game: ExtensiveGame, initial: Sequence[npt.ArrayLike] | None = None) -> ExtensiveState:
        """Return the state before the first iteration, from initial behaviour strategies or from uniform ones.

        Parameters
        ----------
        game : ExtensiveGame
        initial : sequence of (S_i,) or (..., S_i) arrays, optional
            The same for all games of a batch, or one for each.

        Raises
        ------
        ValueError
            If a strategy is none or has other leading axes than the game, or a parameter does not fit.
        """
        check_extensive(type(self).__name__, game)
        flat, shape = game.flat, (*game.batch_shape, game.flat.arguments["columns"])
        given = () if initial is None else game.checked(initial)
        for i, part in enumerate(given):
            if part.shape[:-1] not in {(), game.batch_shape}:
                raise ValueError(
                    f"initial strategy of player {i} must have leading axes {game.batch_shape} as the game, or none; "
                    f"got shape {part.shape}"
                )
        begun = np.empty(shape)
        begun[...] = flat.joined(given) if given else flat.uniform
        strategies, zeros = flat.split(begun), flat.split(np.zeros(shape))
        return ExtensiveState(
            iteration=0,
            memory=self._memory(game, strategies),
            strategy=strategies,
            plan_sums=zeros,
            gradient=() if self.alternating else _gradients(game, game.plans(strategies)),
            gradient_sums=() if self.alternating else zeros,
            value_sums=np.zeros((*game.batch_shape, game.n_players)),
        )

    def advance(self, game: ExtensiveGame, state: ExtensiveState, iterations: int) -> ExtensiveState:
        """Return the state after more iterations, the old one untouched. ValueError if ``iterations`` is negative."""
        check_extensive(f"{type(self).__name__}.advance", game)
        if integer("iterations", iterations, 0) == 0:
            return state
        return self._advance(game, state, iterations, (), np.empty((2, 0, *game.batch_shape, 0)))[0]

    def advance_and_measure(
        self, game: ExtensiveGame, state: ExtensiveState, pieces: Sequence[int]
    ) -> tuple[ExtensiveState, dict[str, Floats]]:
        """As ``advance`` by pieces and ``measure`` after each, to the same bits: the last state, and (..., n) arrays.

        All pieces are one call of the kernel, and what is measured is measured in one call. Raises ValueError if there
        is no piece, or one is no integer of at least 1.
        """
        check_extensive(f"{type(self).__name__}.advance_and_measure", game)
        flat, looks = game.flat, [*itertools.accumulate(all_integers("pieces", pieces, 1))]
        seen = np.empty((3, len(looks), *game.batch_shape, flat.arguments["columns"]))
        begun = state.iteration
        state, gradients, worths = self._advance(game, state, looks[-1], looks, seen[1:])
        flat.behaviour(seen[2], out=seen[0])
        gaps = largest(flat_gains(game, seen[:2]))
        found = {"ne_gap": gaps[0], "last_ne_gap": gaps[1]}
        if not self.alternating:
            totals = np.array([self._total_weight(begun + look) for look in looks])
            totals = totals.reshape(-1, *(1,) * (worths.ndim - 1))
            found["cce_gap"] = cce_gap(game, flat.split(gradients / totals), worths / totals)
        if game.batch_shape:
            found = {name: np.moveaxis(values, 0, -1) for name, values in found.items()}
        return state, found

    def _advance(
        self, game: ExtensiveGame, state: ExtensiveState, iterations: int, looks: Sequence[int], seen: Floats
    ) -> tuple[ExtensiveState, Floats, Floats]:
        """The state after more iterations, and sums of gradients and of payoffs after those of ``looks``.

        Strategies and sums of plans after these are left in ``seen``, (2, looks, ..., C).
        """
        flat, lead, (rate, alpha) = game.flat, game.batch_shape, self._speeds(game)
        memory, strategy, plan_sums = map(flat.joined, (state.memory, state.strategy, state.plan_sums))
        moving = () if self.alternating else (flat.joined(state.gradient), flat.joined(state.gradient_sums))
        gradient, gradient_sums = moving or (np.zeros(0), np.zeros(0))
        value_sums = state.value_sums.copy()
        gradients, worths = np.empty((len(looks), *gradient.shape)), np.empty((len(looks), *value_sums.shape))
        kernels.learn_trees(
            rate=rate,
            alpha=alpha,
            memory=memory,
            strategy=strategy,
            plan_sum=plan_sums,
            gradient=gradient,
            gradient_sum=gradient_sums,
            value_sum=value_sums,
            looks=np.array(looks, dtype=np.int64),
            seen_plan=seen[1],
            seen_strategy=seen[0],
            seen_gradient=gradients,
            seen_value=worths,
            games=math.prod(lead),
            power=_POWERS[self.averaging],
            done=state.iteration,
            iterations=iterations,
            seen=len(looks),
            entropy=int(self._entropy),
            alternating=int(self.alternating),
            **flat.arguments,
        )
        advanced = ExtensiveState(
            iteration=state.iteration + iterations,
            memory=flat.split(memory),
            strategy=flat.split(strategy),
            plan_sums=flat.split(plan_sums),
            gradient=flat.split(gradient) if moving else (),
            gradient_sums=flat.split(gradient_sums) if moving else (),
            value_sums=value_sums,
        )
        return advanced, gradients, worths

    def _total_weight(self, iterations: int) -> float:
        """Sum of the weights, exactly and rounded once."""
        t = iterations
        return float({"uniform": t, "linear": t * (t + 1) // 2}.get(self.averaging, t * (t + 1) * (2 * t + 1) // 6))

    def output(self, game: ExtensiveGame, state: ExtensiveState) -> Policies:
        """Return behaviour strategies (..., S_i) of the averaged plans; the initial ones before the first iteration."""
        check_extensive(f"{type(self).__name__}.output", game)
        if state.iteration == 0:
            return state.strategy
        flat = game.flat
        return flat.split(flat.behaviour(flat.joined(state.plan_sums)))

    def measure(self, game: ExtensiveGame, state: ExtensiveState) -> dict[str, Floats]:
        """Return the gaps, (...) arrays, in payoffs.

        ``ne_gap`` is that of the average strategies, ``last_ne_gap`` of the last ones. Where players move at once there
        is ``cce_gap`` too: that of the correlated strategy that plays the profile of iteration t with probability
        proportional to w_t, which is a player's largest average regret.
        """
        joined = game.flat.joined
        average, last = (flat_gains(game, joined(of)) for of in (self.output(game, state), state.strategy))
        found = {"ne_gap": average.max(axis=-1), "last_ne_gap": last.max(axis=-1)}
        if not self.alternating and state.iteration:
            total = self._total_weight(state.iteration)
            found["cce_gap"] = cce_gap(game, [sums / total for sums in state.gradient_sums], state.value_sums / total)
        return found


def _gradients(game: ExtensiveGame, plans: Policies) -> Policies:
    return tuple(plan_gradient(game, plans, i) for i in range(game.n_players))


def _rates(game: ExtensiveGame, value: npt.ArrayLike) -> Floats:
    """Learning rates of payoffs as they are, (..., N), from one for all games or one for each."""
    rates = within_floats("learning_rate", value)
    if rates.shape not in {(), game.batch_shape}:
        raise ValueError(
            f"learning_rate must be one number, or one for each game (axes {game.batch_shape}); got shape {rates.shape}"
        )
    return np.asarray(rates[..., np.newaxis] / game.spread)


def goes_together(learner: ExtensiveLearner) -> bool:
    """Whether ``advance_and_measure`` says what ``advance`` and ``measure`` do; a class that redefines them means it.

    Examples
    --------
    >>> class Silent(PredictiveCFR):
    ...     def measure(self, game, state):
    ...         return {}
    >>> goes_together(PredictiveCFR()), goes_together(Silent())
    (True, False)
    """
    cls = type(learner)
    names = ("advance", "output", "measure", "_total_weight")
    return issubclass(cls, _Averaged) and all(getattr(cls, name) is getattr(_Averaged, name) for name in names)


@dataclass(frozen=True)
class PredictiveCFR(_Averaged):
    """Predictive regret matching+ at every information set (PCFR+).

    Farina, Kroer and Sandholm (2021), "Faster game solving via predictive Blackwell approachability": each set has a
    predictive regret matching+, which sees counterfactual worths (:mod:`metanash.kernels.tree_steps`). Defaults are
    those of their experiments: in turns, quadratic averages. In constant-sum games of two players that move at once the
    gap falls at least like 1 / sqrt(T); that it does in turns, and how much faster, is measured, not promised.

    Parameters
    ----------
    averaging : {"quadratic", "linear", "uniform"}
        Weights of the average.
    alternating : bool
        Whether players move in turns.
    learning_rate : float or (...) array, optional
        eta: regrets begin at the initial strategies, times the range of payoffs, divided by it, so that a good start is
        not left after one iteration. Default: they begin at 0, as published, and the initial strategies are only what
        the others meet first.

    Notes
    -----
    On a game of one decision for each player the iterates are those of :class:`metanash.RegretMatching` for one step
    and one state, whose prediction and turns are the same.

    Examples
    --------
    Matching pennies for different stakes, worth 1/3 to player 1, who shows heads with 1/3:

    >>> from metanash.extensive import Treeplex, learn_extensive
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[3, -1, -1, 1], [-3, 1, 1, -1]], np.ones(4))
    >>> run = learn_extensive(game, PredictiveCFR(), 300)
    >>> run.average[0].round(2).tolist(), bool(run.measures["ne_gap"][-1] < 1e-3)
    ([1.0, 0.33, 0.67], True)
    """

    averaging: Averaging = "quadratic"
    alternating: bool = True
    learning_rate: float | Floats | None = None
    _entropy: ClassVar[bool] = False

    def _memory(self, game: ExtensiveGame, strategies: Policies) -> Policies:
        self._check()
        if self.learning_rate is None:
            return game.flat.split(np.zeros((*game.batch_shape, game.flat.arguments["columns"])))
        rates = _rates(game, self.learning_rate)
        found = []
        for i, part in enumerate(strategies):
            regret = part / rates[..., i, np.newaxis]
            regret[..., 0] = 0.0
            found.append(regret)
        return tuple(found)

    def _speeds(self, game: ExtensiveGame) -> tuple[Floats, Floats]:
        return np.zeros((*game.batch_shape, game.n_players)), np.zeros(game.flat.arguments["sets"])  # not read


@dataclass(frozen=True)
class DilatedMirrorDescent(_Averaged):
    """Optimistic online mirror descent with dilated entropy.

    With D the divergence of the dilated entropy sum_j alpha_j r_parent(j) H(b_j) and g the last gradient,

        anchor <- argmax_r eta <g, r> - D(r, anchor),    strategy = argmax_r eta <g, r> - D(r, anchor)

    (Lee, Kroer and Luo 2021, "Last-iterate convergence in extensive-form games"). On a game of one decision for each
    player and alpha = 1 this is a stage of Algorithm 1 of Mao et al. (2023) for one step and one state,
    :class:`metanash.OptimisticMirrorDescent`, with the payoffs as Q.

    Parameters
    ----------
    learning_rate : float or (...) array
        eta, of payoffs divided by the player's range; in [1e-100, 1e100].
    averaging, alternating
        As of :class:`PredictiveCFR`.
    weights : sequence of (I_i,) arrays, optional
        alpha of the information sets of each player, above 0. Default: 1. Larger ones near the beginning of the tree
        make the entropy more strongly convex.

    Notes
    -----
    What has an initial probability of 0 is never played: a PureStartWarning says so.

    Examples
    --------
    >>> from metanash.extensive import learn_extensive
    >>> from metanash.extensive import Treeplex
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> start = [[1.0, 0.75, 0.25], [1.0, 0.75, 0.25]]
    >>> early, late = learn_extensive(game, DilatedMirrorDescent(0.5), 1000, at=[10, 1000],
    ...     initial=start).measures["ne_gap"]
    >>> bool(late < early)
    True
    """

    learning_rate: float | Floats
    averaging: Averaging = "uniform"
    alternating: bool = False
    weights: Sequence[npt.ArrayLike] | None = None
    _entropy: ClassVar[bool] = True

    def _memory(self, game: ExtensiveGame, strategies: Policies) -> Policies:
        self._check()
        _rates(game, self.learning_rate)
        for i in range(game.n_players):
            self._alpha(game, i)
        for i, (plex, part) in enumerate(zip(game.players, strategies, strict=True)):
            zero = np.argwhere(part == 0.0)
            if zero.size:
                j = int(plex.owner[zero[0][-1]])
                warnings.warn(
                    f"initial strategy of player {i}: at information set {j} {plex.labels[j]!r} an action has "
                    "probability 0, and mirror descent with entropy never raises a probability of 0, however well the "
                    "action pays; if that is not meant, mix in a little of the uniform strategy "
                    "(metanash.extensive.mean_strategies)",
                    PureStartWarning,
                    stacklevel=4,
                )
        return tuple(logits(part) for part in strategies)

    def _alpha(self, game: ExtensiveGame, player: int) -> Floats:
        """Weights of a player's information sets, (I,)."""
        plex = game.players[player]
        if self.weights is None or not plex.n_sets:
            return np.ones(plex.n_sets)
        if len(self.weights) != game.n_players:
            raise ValueError(f"weights: an array for each player, {game.n_players} in all; got {len(self.weights)}")
        given = float_array(f"weights of player {player}", self.weights[player])
        if given.shape != (plex.n_sets,) or (given <= 0.0).any():
            raise ValueError(
                f"weights of player {player} must be above 0, one for each of {plex.n_sets} information sets; "
                f"got {given.tolist()}"
            )
        return given

    def _speeds(self, game: ExtensiveGame) -> tuple[Floats, Floats]:
        alphas = [self._alpha(game, i) for i in range(game.n_players)]
        return _rates(game, self.learning_rate), np.concatenate(alphas)
