"""Predictive regret matching+ (PCFR+) on river endgames, all hands of a player at once.

The iterates are those of :class:`metanash.extensive.PredictiveCFR` on the tree of the endgame
(:func:`metanash.river.as_extensive`) with the same parameters; here an iteration takes time proportional to hands times
betting nodes, there to pairs of hands times betting nodes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from metanash._inner.checks import integer, within_floats
from metanash.extensive.learners import Averaging
from metanash.river.blocks import average, observed, plan, predicted
from metanash.river.endgames import RiverEndgame, check_endgame
from metanash.river.gaps import plan_gains, plan_gradient
from metanash.typing import Policies

__all__ = ["RiverCFR", "RiverState"]

_POWERS = {"uniform": 0, "linear": 1, "quadratic": 2}


@dataclass(frozen=True, eq=False)
class RiverState:
    """State of the learner.

    Attributes
    ----------
    iteration : int
        t, iterations done.
    memory : tuple of (S_i, n_i)
        Clipped regrets, in chips times the factor of the hand.
    strategy : tuple of (S_i, n_i)
        Behaviour strategies of the last iteration, at first the initial ones.
    plan_sums : tuple of (S_i, n_i)
        Sums of w_t times the realisation plans of iteration t, w_t being 1, t or t^2.

    Examples
    --------
    >>> from metanash.river import river_endgame
    >>> endgame = river_endgame("2c3d5h8s9c", [{"KhKd": 1}, {"AhAd": 1}], pot=10.0, stacks=(5, 5), sizes=(), raises=1)
    >>> state = RiverCFR().start(endgame)
    >>> state.iteration, state.strategy[0].shape
    (0, (5, 1))
    """

    iteration: int
    memory: Policies
    strategy: Policies
    plan_sums: Policies


@dataclass(frozen=True)
class RiverCFR:
    """Predictive regret matching+ at every information set (PCFR+).

    Farina, Kroer and Sandholm (2021), "Faster game solving via predictive Blackwell approachability". In iteration t
    every player takes its last utility gradient both as what it met and as the prediction of the next. The output is
    the average of the realisation plans; the initial strategies are not in it.

    Parameters
    ----------
    averaging : {"quadratic", "linear", "uniform"}
        Weights of the average: t^2, t or 1.
    alternating : bool
        Whether players move in turns: then a player meets the strategy that the one before it has just taken.
    learning_rate : float, optional
        eta: regrets begin at the initial strategies, times the range of payoffs, divided by it, so that a good start is
        not left after one iteration. Regrets count the chance of the hand, so of n hands a rate of about n forgets its
        start in a few iterations. Default: regrets begin at 0, as published, and the initial strategies are only what
        the others meet first.
    measure_last : bool
        Whether the last strategies are measured too, which takes as long as the average ones.

    Examples
    --------
    Nuts or air against a bluff-catcher, all in for the pot: half as many bluffs as bets for value (Chen and Ankenman
    2006, "The mathematics of poker").

    >>> from metanash.river import learn_river, river_endgame
    >>> ranges = [{"KsKd": 1, "7c6c": 1}, {"AcAd": 1}]
    >>> endgame = river_endgame("Kh9s8d4c2h", ranges, pot=100, stacks=(100, 100), sizes=(), raises=1)
    >>> run = learn_river(endgame, RiverCFR(), 300)
    >>> names = endgame.hand_names[0]
    >>> bets = run.average[0][2]
    >>> [f"{name} {bets[h]:.2f}" for h, name in enumerate(names)]
    ['6c7c 0.50', 'KdKs 1.00']
    """

    averaging: Averaging = "quadratic"
    alternating: bool = True
    learning_rate: float | None = None
    measure_last: bool = True

    def start(self, endgame: RiverEndgame, initial: Sequence[npt.ArrayLike] | None = None) -> RiverState:
        """Return the state before the first iteration, from initial strategies (S_i, n_i) or from uniform ones.

        Raises
        ------
        ValueError
            If a strategy is none, or a parameter does not fit.
        """
        check_endgame("RiverCFR", endgame)
        if self.averaging not in _POWERS:
            raise ValueError(f"averaging must be one of {', '.join(_POWERS)}, got {self.averaging!r}")
        begun = endgame.uniform() if initial is None else endgame.checked(initial)
        zeros = tuple(np.zeros(part.shape) for part in begun)
        return RiverState(0, zeros if self.learning_rate is None else self._regrets(endgame, begun), begun, zeros)

    def _regrets(self, endgame: RiverEndgame, strategies: Policies) -> Policies:
        """Regrets at which the initial strategies are played on."""
        rate = within_floats("learning_rate", 1.0 if self.learning_rate is None else self.learning_rate)
        if rate.ndim:
            raise ValueError(f"learning_rate must be one number, got shape {rate.shape}")
        found = tuple(part / (rate / endgame.spread) for part in strategies)
        for part in found:
            part[0] = 0.0
        return found

    def advance(self, endgame: RiverEndgame, state: RiverState, iterations: int) -> RiverState:
        """Return the state after more iterations, the old one untouched. ValueError if ``iterations`` is negative."""
        check_endgame("RiverCFR.advance", endgame)
        integer("iterations", iterations, 0)
        plans, sums = _plans(endgame, state.strategy), state.plan_sums
        for _ in range(iterations):
            state, plans = self._iteration(endgame, state, plans)
            weight = float(state.iteration) ** _POWERS[self.averaging]
            sums = tuple(total + weight * term for total, term in zip(sums, plans, strict=True))
        return replace(state, plan_sums=sums)

    def _iteration(self, endgame: RiverEndgame, state: RiverState, plans: Policies) -> tuple[RiverState, Policies]:
        memory, strategy, met = [*state.memory], [*state.strategy], [*plans]
        following = [*plans]
        for i, parts in enumerate(endgame.blocks):
            gradient = plan_gradient(endgame, i, met[1 - i])
            memory[i] = observed(parts, memory[i], strategy[i], gradient)
            strategy[i] = predicted(parts, memory[i], strategy[i], gradient)
            following[i] = plan(parts, strategy[i])
            if self.alternating:
                met[i] = following[i]
        after = replace(state, iteration=state.iteration + 1, memory=tuple(memory), strategy=tuple(strategy))
        return after, tuple(following)

    def output(self, endgame: RiverEndgame, state: RiverState) -> Policies:
        """Return strategies (S_i, n_i) of the averaged plans; the initial ones before the first iteration."""
        check_endgame("RiverCFR.output", endgame)
        if state.iteration == 0:
            return state.strategy
        return tuple(average(parts, total) for parts, total in zip(endgame.blocks, state.plan_sums, strict=True))

    def measure(self, endgame: RiverEndgame, state: RiverState) -> dict[str, float]:
        """Return gaps by name.

        ``ne_gap`` is that of the average strategies in chips, ``exploitability`` the mean of both players' gains in
        fractions of the pot; ``last_ne_gap`` and ``last_exploitability``, unless they are left out, are those of the
        last strategies.
        """
        found = {}
        measured = {"": self.output(endgame, state)} | ({"last_": state.strategy} if self.measure_last else {})
        for prefix, strategies in measured.items():
            gains = plan_gains(endgame, _plans(endgame, strategies))
            found[f"{prefix}ne_gap"] = float(gains.max())
            found[f"{prefix}exploitability"] = float(gains.mean()) / endgame.pot
        return found


def _plans(endgame: RiverEndgame, strategies: Policies) -> Policies:
    return tuple(plan(parts, strategy) for parts, strategy in zip(endgame.blocks, strategies, strict=True))
