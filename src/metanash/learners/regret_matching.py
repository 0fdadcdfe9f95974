"""Predictive regret matching+ for zero-sum Markov games. No algorithm of the paper: the fast way to small gaps.

At every step and state the two players run predictive regret matching+ (Farina, Kroer and Sandholm 2021, "Faster game
solving via predictive Blackwell approachability") on the matrix Q_h(s, ., .), as their experiments do: each takes its
last regrets as the prediction of the next, the players move in turns, the max-player first, and the output is the
average of the iterates with weights t^2. In iteration t, with g = Q nu and r = g - mu^T g,

    x <- max(x + r, 0),    mu proportional to max(x + r, 0), uniform where that is 0 everywhere,

and then the same for the min-player with g = -Q^T mu. For H = 1 this is the published algorithm, and Q the payoffs.

What is ours (``docs/assumptions.md``):

- Values. Q = r at first. At t = 4, 8, 16, ... Q becomes r_h + P_h v_{h+1}, where v is the mean of what a best response
  to the average nu earns in Q and of what a best response to the average mu leaves. Regrets and sums go on: beginning
  them anew at every value update was measured to lose all that is gained.
- Initial policies. Regrets begin at the initial policy divided by the learning rate, not at 0, so that a good policy is
  not left after one iteration, and rounding decides nothing where the first payoffs tie and new regrets are 0. Only
  ratios of regrets matter, so the rate does at the beginning only: 10 is fast from uniform policies; a start
  near an equilibrium is soon left with it, and pays at a rate of about 0.3. The initial policy itself is not averaged.

What is known. The regret of either player against the payoffs that it met, weights t^2, falls like 1 / sqrt(T) (Farina
et al.; weights that do not fall only use that clipped regrets bound those of every late interval). Where players move
in turns it takes one thing more for the gap to follow: that no step of the max-player loses against the last nu. That
is so for regret matching+ (Burch, Moravcik and Schmid 2019) but not proven for the predictive kind. So convergence
is measured, not promised, for H = 1 as for H > 1; the gap of an output is exact in any case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from metanash import kernels
from metanash._inner.checks import all_integers, integer
from metanash._inner.frozen import sealed
from metanash._inner.reductions import summed
from metanash.games import GameBatch, ZeroSumGame, check_batch
from metanash.gaps import backup, ne_gaps, ne_gaps_of_stacks, ne_gaps_of_sums
from metanash.learners.base import Policies, checked_policies, learning_rates, step_by_step
from metanash.learners.schedules import MOST_KEPT
from metanash.simplex import uniform
from metanash.typing import Floats, Integers

__all__ = ["RegretMatching", "RegretState"]

FIRST_UPDATE = 4
"""Iteration of the first value update, a power of 2; the others are at its doubles."""


@dataclass(frozen=True, eq=False)
class RegretState:
    """State of predictive regret matching+; G games, H steps, S states.

    Attributes
    ----------
    iteration : int
        t, iterations done.
    q : (G, H, S, A, B)
        Estimates Q.
    regret : ((G, H, S, A), (G, H, S, B))
        Clipped regrets of both players.
    iterate : ((G, H, S, A), (G, H, S, B))
        mu^t and nu^t.
    sums : ((2, G, H, S, A), (2, G, H, S, B))
        Sums of t^2 mu^t and t^2 nu^t: totals and running chunk (see :mod:`metanash.kernels.twin`).

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> state = mn.learn(mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still), RegretMatching(), 10).state
    >>> state.iteration, bool((state.regret[0] >= 0).all()), state.iterate[0].shape
    (10, True, (1, 1, 1, 2))
    """

    iteration: int
    q: Floats
    regret: Policies
    iterate: Policies
    sums: Policies


@dataclass(frozen=True)
class RegretMatching:
    """Predictive regret matching+ in turns with quadratic averages; see the module.

    Parameters
    ----------
    learning_rate : float or (G,) array
        eta, in [1e-100, 1e100]: the regrets begin at the initial policies divided by it.

    Notes
    -----
    Initial policies have axes (game, h, s, action), one array per player; a game axis of length 1 stands for the same
    in every game. An action of probability 0 is played as soon as it has a positive regret.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> run = mn.learn(mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still), RegretMatching(), 1000)
    >>> bool(run.ne_gap[0, -1] < 1e-4), [part.round(2).ravel().tolist() for part in run.policy]
    (True, [[0.67, 0.33], [0.67, 0.33]])
    """

    learning_rate: float | Floats = 10.0

    def start(self, games: GameBatch[ZeroSumGame], initial: Policies | None = None) -> RegretState:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.

        Raises
        ------
        ValueError
            If the games are not zero-sum, the learning rate is out of range, or an initial policy is no policy.
        """
        check_batch("RegretMatching", games, ZeroSumGame)
        game = games.game
        shapes = [(len(games), game.horizon, game.n_states, n) for n in game.n_actions]
        if initial is None:
            initial = tuple(uniform(1, *shape[1:]) for shape in shapes)
        policies = checked_policies(initial, shapes)
        rate = learning_rates(self.learning_rate, len(games)).reshape(-1, 1, 1, 1)
        return RegretState(
            iteration=0,
            q=games.reward,
            regret=tuple(policy / rate for policy in policies),
            iterate=policies,
            sums=tuple(np.zeros((2, *shape)) for shape in shapes),
        )

    def advance(self, games: GameBatch[ZeroSumGame], state: RegretState, iterations: int) -> RegretState:
        """Return the state after more iterations. Raises ValueError if ``iterations`` is negative.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.
        """
        check_batch("RegretMatching.advance", games, ZeroSumGame)
        own = replace(
            state,
            regret=tuple(regret.copy() for regret in state.regret),
            iterate=tuple(policy.copy() for policy in state.iterate),
            sums=tuple(total.copy() for total in state.sums),
        )
        return self.advance_own(games, own, iterations)

    def advance_own(self, games: GameBatch[ZeroSumGame], state: RegretState, iterations: int) -> RegretState:
        """As ``advance``, in place: the state is nobody else's.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.
        """
        check_batch("RegretMatching.advance_own", games, ZeroSumGame)
        done, end = state.iteration, state.iteration + integer("iterations", iterations, 0)
        (x, y), (mu, nu), (sum_mu, sum_nu) = state.regret, state.iterate, state.sums
        q, value = state.q, np.empty(state.q.shape[:3])
        _, horizon, _, rows, columns = q.shape
        while done < end:
            update = max(FIRST_UPDATE, 1 << done.bit_length())
            stop = end if horizon == 1 else min(end, update)
            kernels.regret_matching(
                q=q,
                x=x,
                y=y,
                mu=mu,
                nu=nu,
                sum_mu=sum_mu,
                sum_nu=sum_nu,
                value=value,
                lanes=value.size,
                rows=rows,
                columns=columns,
                done=done,
                iterations=stop - done,
            )
            done = stop
            if horizon > 1 and done == update:
                q = backup(games, games.reward, value)
        return RegretState(done, q, (x, y), (mu, nu), (sum_mu, sum_nu))

    def output(self, state: RegretState) -> Policies:
        """Return the average of the iterates with weights t^2, (G, H, S, A_i) each; at first the initial policies."""
        if state.iteration == 0:
            return state.iterate
        totals = [total.sum(axis=0) for total in state.sums]
        return tuple(total / summed(total, keepdims=True) for total in totals)

    def measure(self, games: GameBatch[ZeroSumGame], state: RegretState) -> dict[str, Floats]:
        """Return ``ne_gap``, that of the output.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.
        """
        check_batch("RegretMatching.measure", games, ZeroSumGame)
        return {"ne_gap": ne_gaps(games, self.output(state))}

    def set_aside(self, state: RegretState) -> Policies:
        """Sums of the iterates, for :meth:`measure_together`; the state has run an iteration."""
        mu, nu = state.sums
        return mu[0] + mu[1], nu[0] + nu[1]

    def measure_together(self, games: GameBatch[ZeroSumGame], aside: Sequence[Policies]) -> dict[str, Floats]:
        """Return ``ne_gap`` of outputs whose sums were set aside, (n, G).

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.
        """
        check_batch("RegretMatching.measure_together", games, ZeroSumGame)
        return {"ne_gap": ne_gaps_of_sums(games, aside)}

    def advance_and_measure(
        self, games: GameBatch[ZeroSumGame], state: RegretState, pieces: Sequence[int]
    ) -> tuple[RegretState, Mapping[str, Floats]]:
        """As ``advance_own`` by pieces and ``measure`` after each, (n, G); in one call of a kernel if games are dense.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else, or pieces that are not at least 1.
        """
        check_batch("RegretMatching.advance_and_measure", games, ZeroSumGame)
        pieces, transitions = all_integers("pieces", pieces, 1), games.transitions
        if transitions.stacked is None:
            return step_by_step(self, games, state, pieces)
        (x, y), (mu, nu), (sum_mu, sum_nu) = state.regret, state.iterate, state.sums
        _, horizon, states, rows, columns = state.q.shape
        make = _plan if len(pieces) <= MOST_KEPT else _plan.__wrapped__
        plan, updates, looks = make(state.iteration, horizon > 1, pieces)
        seen = tuple(np.empty((len(pieces), *policy.shape)) for policy in state.iterate)
        q = state.q.copy()  # perhaps of another state too
        kernels.regret_run(
            reward=games.reward,
            transition=transitions.stacked,
            index=transitions.index,
            q=q,
            x=x,
            y=y,
            mu=mu,
            nu=nu,
            sum_mu=sum_mu,
            sum_nu=sum_nu,
            value=np.empty(q.shape[:3]),
            seen_mu=seen[0],
            seen_nu=seen[1],
            pieces=plan,
            updates=updates,
            looks=looks,
            games=len(games),
            horizon=horizon,
            states=states,
            rows=rows,
            columns=columns,
            kinds=len(transitions.kinds),
            steps=transitions.steps,
            done=state.iteration,
            seen=len(pieces),
            count=len(plan),
            longest=int(plan.max()),
        )
        state = RegretState(state.iteration + sum(pieces), q, (x, y), (mu, nu), (sum_mu, sum_nu))
        return state, {"ne_gap": ne_gaps_of_stacks(games, seen)}


@lru_cache(maxsize=256)
def _plan(done: int, is_updated: bool, wanted: tuple[int, ...]) -> tuple[Integers, Integers, Integers]:
    """Pieces of a run from ``done`` on by wanted numbers of iterations; where values are updated, where one looks."""
    found = []
    for left in wanted:
        end = done + left
        while done < end:
            update = max(FIRST_UPDATE, 1 << done.bit_length())
            stop = min(end, update) if is_updated else end
            found.append((stop - done, is_updated and stop == update, stop == end))
            done = stop
    pieces, updates, looks = (sealed(column) for column in np.array(found, dtype=np.int64).T)
    return pieces, updates, looks
