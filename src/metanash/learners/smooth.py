r"""Learners with incremental value updates at the rate (H + 1) / (H + t), of zero-sum games: the loop is written here.

Where Mao et al. (2023) update values in stages, Zhang et al. (2022), Yang and Ma (2022), Wei et al. (2021) and Cai et
al. (2024) do so in every iteration. With the rate of Jin et al. (2018)

.. math:: \alpha_t = \frac{H + 1}{H + t}, \qquad \alpha_t^i = \alpha_i \prod_{j = i + 1}^t (1 - \alpha_j), \qquad
          w_i = \alpha_t^i / \alpha_t^1,

what is moved by x <- (1 - alpha_t) x + alpha_t y_t is the sum of alpha_t^i y_i over i <= t. The ratios w_i do not
depend on t, and w_{t+1} / w_t = (H + t) / t: they grow like t^H, so sums of w_i g_i are kept divided by w_{t+1}.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Generic, TypeVar

import numpy as np

from metanash import kernels, simplex
from metanash._inner.checks import integer
from metanash._inner.reductions import summed
from metanash.games import GameBatch, ZeroSumGame, check_batch
from metanash.gaps import ne_gaps
from metanash.learners.base import Policies, checked_policies, learning_rates, warn_of_zeros
from metanash.typing import Floats

__all__ = ["SmoothLearner", "SmoothState", "moved", "payoffs_of", "shrink", "value_rate"]


def value_rate(iteration: int, horizon: int) -> float:
    """alpha_t = (H + 1) / (H + t), 1 in the first iteration.

    >>> [value_rate(t, 2) for t in (1, 2, 4)]
    [1.0, 0.75, 0.5]
    """
    return (horizon + 1) / (horizon + iteration)


def shrink(iteration: int, horizon: int) -> float:
    """w_t / w_{t+1} = t / (H + t), by which a sum over i <= t of w_i g_i / w_t is brought to the next iteration.

    Examples
    --------
    >>> [shrink(t, 2) for t in (2, 6)]
    [0.5, 0.75]
    """
    return iteration / (horizon + iteration)


def moved(average: Floats, new: Floats, rate: float) -> Floats:
    """(1 - rate) average + rate new, exactly ``new`` at the rate 1.

    Examples
    --------
    >>> moved(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 0.75)
    array([0.25, 0.75])
    """
    return np.asarray((1.0 - rate) * average + rate * new)


def payoffs_of(q: Floats, policies: Policies) -> Policies:
    """What each action is worth to its player: Q nu, (..., A), and -mu^T Q, (..., B), of matrices (..., A, B).

    Examples
    --------
    >>> payoffs_of(np.array([[4.0, 0.0], [0.0, 4.0]]), (np.array([0.5, 0.5]), np.array([0.75, 0.25])))
    (array([3., 1.]), array([-2., -2.]))
    """
    mu, nu = policies
    return summed(q * nu[..., np.newaxis, :]), -summed(q * mu[..., np.newaxis], -2)


Memory = TypeVar("Memory")


@dataclass(frozen=True, eq=False)
class SmoothState(Generic[Memory]):
    """State of a learner with incremental values; G games, H steps, S states.

    Attributes
    ----------
    iteration : int
        t, iterations done.
    eta : (G, 1, 1, 1)
        Learning rates.
    values : (G, H, S)
        V^t: averages of what a step and state was worth, with weights alpha_t^i.
    memory : Memory
        What the learner keeps of its payoffs.
    iterate : ((G, H, S, A), (G, H, S, B))
        mu^t and nu^t; at first the initial policies.
    average : ((G, H, S, A), (G, H, S, B))
        Averages of the iterates with weights alpha_t^i; at first the initial policies.

    Examples
    --------
    Matching pennies twice: 1/2 for the last step, and 1 for both.

    >>> import metanash as mn
    >>> still = mn.Transition.shared(np.ones((1, 2, 2, 1)))
    >>> pennies = mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]] * 2, still)
    >>> state = mn.learn(pennies, mn.learners.OptimisticFTRL(0.1), 5).state
    >>> state.iteration, state.values.ravel().tolist(), state.average[0].shape
    (5, [1.0, 0.5], (1, 2, 1, 2))
    """

    iteration: int
    eta: Floats
    values: Floats
    memory: Memory
    iterate: Policies
    average: Policies


@dataclass(frozen=True)
class SmoothLearner(Generic[Memory]):
    """The loop over iterations: play, update the values backwards, observe the payoffs.

    Those of the library run it in a kernel (:func:`metanash.kernels.smooth`); others, and all on sparse transitions of
    several steps, in NumPy.

    With V_{H+1} = 0, in iteration t and from the last step backwards (Yang and Ma 2022, Algorithm 1; they move Q, which
    is the same since alpha_1 = 1),

        Q_h = r_h + P_h V_{h+1},    V_h <- (1 - alpha_t) V_h + alpha_t mu_h^T Q_h nu_h.

    A learner says how it plays and what it remembers.

    Parameters
    ----------
    learning_rate : float or (G,) array
        eta, in [1e-100, 1e100].

    Notes
    -----
    Initial policies have axes (game, h, s, action), one array per player; a game axis of length 1 stands for the same
    in every game.

    Examples
    --------
    One that never learns: it remembers its initial policies, and plays them.

    >>> import metanash as mn
    >>> class Stubborn(SmoothLearner):
    ...     _begin = lambda self, policies, payoffs, eta: policies
    ...     _play = lambda self, memory, eta: memory
    ...     _observe = lambda self, memory, eta, q, payoffs, less: memory
    >>> game = mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 0.0]]]], mn.Transition.shared(np.ones((1, 2, 2, 1))))
    >>> mn.learn(game, Stubborn(1.0), 10).ne_gap[0, -1].tolist()  # the best row earns 1/2, the best column pays 0
    0.5
    """

    learning_rate: float | Floats
    _multiplies: ClassVar[bool] = True
    """Whether an action of probability 0 is never played."""
    _rule: ClassVar[int | None] = None
    """Number of the learner in :func:`metanash.kernels.smooth`; None for one that is not there."""

    def _parts(self, memory: Memory) -> tuple[Policies, Policies | None, Policies]:
        """Return anchors or priors, sums and last payoffs: what the kernel keeps of a memory; only with ``_rule``."""
        raise NotImplementedError

    def _memory(self, anchor: Policies, sums: Policies, last: Policies) -> Memory:
        """Return the memory of these parts; only with ``_rule``."""
        raise NotImplementedError

    def _temperature(self) -> float:
        """Return tau, 0 without entropy in the game."""
        return 0.0

    def _begin(self, policies: Policies, payoffs: Policies, eta: Floats) -> Memory:
        """Return the memory before the first iteration, of the initial policies and what they are worth in r alone."""
        raise NotImplementedError

    def _play(self, memory: Memory, eta: Floats) -> Policies:
        """Return the policies of the next iteration."""
        raise NotImplementedError

    def _observe(self, memory: Memory, eta: Floats, q: Floats, payoffs: Policies, less: float) -> Memory:
        """Return the memory after an iteration with estimates q and these payoffs; ``less`` is w_t / w_{t+1}."""
        raise NotImplementedError

    def _worth(self, policies: Policies, payoffs: Policies) -> Floats:
        """Return what a step and state is worth, (G, S), given what the max-player's actions are worth there."""
        return summed(policies[0] * payoffs[0])

    def _rate(self, iteration: int, horizon: int, eta: Floats) -> float | Floats:  # noqa: ARG002  # others need it
        """Return the rate of the value update, a number or (G, 1)."""
        return value_rate(iteration, horizon)

    def start(self, games: GameBatch[ZeroSumGame], initial: Policies | None = None) -> SmoothState[Memory]:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.

        Raises
        ------
        ValueError
            If the games are not zero-sum, the learning rate is out of range, or an initial policy is no policy.
        """
        check_batch(type(self).__name__, games, ZeroSumGame)
        return self._started(games, initial)

    def _started(self, games: GameBatch[ZeroSumGame], initial: Policies | None) -> SmoothState[Memory]:
        """Do what ``start`` does; called by it, so that a warning names who called :func:`metanash.learners.learn`."""
        game = games.game
        shapes = [(len(games), game.horizon, game.n_states, n) for n in game.n_actions]
        if initial is None:
            initial = tuple(simplex.uniform(1, *shape[1:]) for shape in shapes)
        policies = checked_policies(initial, shapes)
        if self._multiplies:
            warn_of_zeros(policies, "(game, h, s)", type(self).__name__, above=3)
        eta = learning_rates(self.learning_rate, len(games)).reshape(-1, 1, 1, 1)
        memory = self._begin(policies, payoffs_of(games.reward, policies), eta)
        return SmoothState(0, eta, np.zeros(shapes[0][:-1]), memory, policies, policies)

    def advance(
        self, games: GameBatch[ZeroSumGame], state: SmoothState[Memory], iterations: int
    ) -> SmoothState[Memory]:
        """Return the state after more iterations. Raises ValueError if ``iterations`` is negative.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.
        """
        check_batch(f"{type(self).__name__}.advance", games, ZeroSumGame)
        count = integer("iterations", iterations, 0)
        if self._rule is not None and (games.game.horizon == 1 or games.transitions.stacked is not None):
            return self._advanced(games, state, count, self._rule)
        return self._advanced_in_numpy(games, state, count)

    def _advanced(
        self, games: GameBatch[ZeroSumGame], state: SmoothState[Memory], iterations: int, rule: int
    ) -> SmoothState[Memory]:
        """Return the state after more iterations of the kernel."""
        anchor, sums, last = self._parts(state.memory)
        listed = (anchor, sums or tuple(map(np.zeros_like, anchor)), last, state.iterate, state.average)
        own = [tuple(np.array(part, order="C") for part in pair) for pair in listed]
        values, (transitions, horizon) = state.values.copy(), (games.transitions, games.game.horizon)
        dense = None if horizon == 1 else transitions.stacked  # a single step looks at no next value
        names = ("x", "y", "sum_x", "sum_y", "last_x", "last_y", "mu", "nu", "mean_mu", "mean_nu")
        rows, columns = games.game.n_actions
        kernels.smooth(
            reward=games.reward,
            transition=np.empty(0) if dense is None else dense,
            index=transitions.index,
            eta=state.eta,
            **dict(zip(names, (part for pair in own for part in pair), strict=True)),
            value=values,
            temperature=self._temperature(),
            games=len(games),
            horizon=horizon,
            states=games.game.n_states,
            rows=rows,
            columns=columns,
            kinds=len(transitions.kinds),
            steps=transitions.steps if horizon > 1 else 1,
            rule=rule,
            done=state.iteration,
            iterations=iterations,
        )
        anchor, sums, last, iterate, average = own
        return replace(
            state,
            iteration=state.iteration + iterations,
            values=values,
            memory=self._memory(anchor, sums, last),
            iterate=iterate,
            average=average,
        )

    def _advanced_in_numpy(
        self, games: GameBatch[ZeroSumGame], state: SmoothState[Memory], iterations: int
    ) -> SmoothState[Memory]:
        """Do the same as ``_advanced`` by the learner's own methods."""
        end, horizon, eta = state.iteration + iterations, games.game.horizon, state.eta
        values, memory, iterate, average = state.values, state.memory, state.iterate, state.average
        for t in range(state.iteration + 1, end + 1):
            iterate = self._play(memory, eta)
            q, values = self._updated(games, values, iterate, self._rate(t, horizon, eta))
            memory = self._observe(memory, eta, q, payoffs_of(q, iterate), shrink(t, horizon))
            rate = value_rate(t, horizon)
            average = tuple(moved(mean, policy, rate) for mean, policy in zip(average, iterate, strict=True))
        return replace(state, iteration=end, values=values, memory=memory, iterate=iterate, average=average)

    def _updated(
        self, games: GameBatch[ZeroSumGame], values: Floats, policies: Policies, rate: float | Floats
    ) -> tuple[Floats, Floats]:
        """Q and V after the value update of an iteration, from the last step backwards."""
        horizon = values.shape[1]
        if horizon == 1:  # nobody reads the values
            return games.reward, values
        q, found = games.reward.copy(), np.empty_like(values)
        for h in reversed(range(horizon)):
            if h < horizon - 1:
                q[:, h] += games.transitions.expect(found[:, np.newaxis, h + 1], h)[:, 0]
            here = (policies[0][:, h], policies[1][:, h])
            worth = self._worth(here, payoffs_of(q[:, h], here))
            found[:, h] = (1.0 - rate) * values[:, h] + rate * worth
        return q, found

    def last(self, state: SmoothState[Memory]) -> Policies:
        """Return the last iterate, ((G, H, S, A), (G, H, S, B))."""
        return state.iterate

    def averaged(self, state: SmoothState[Memory]) -> Policies:
        """Return the average of the iterates with weights alpha_T^t, ((G, H, S, A), (G, H, S, B))."""
        return tuple(policy / summed(policy, keepdims=True) for policy in state.average)

    def output(self, state: SmoothState[Memory]) -> Policies:
        """Return what the learner's theorem speaks of: for most of them :meth:`last`."""
        return self.last(state)

    def measure(self, games: GameBatch[ZeroSumGame], state: SmoothState[Memory]) -> dict[str, Floats]:
        """Return ``ne_gap`` of the output, ``last_gap`` of the last iterate and ``average_gap`` of the average.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.
        """
        check_batch(f"{type(self).__name__}.measure", games, ZeroSumGame)
        policies = {"ne_gap": self.output(state), "last_gap": self.last(state), "average_gap": self.averaged(state)}
        return {name: ne_gaps(games, policy) for name, policy in policies.items()}
