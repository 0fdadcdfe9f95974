"""Algorithm 1: optimistic online mirror descent with stage-based value updates, for zero-sum Markov games.

Mao et al. 2023, section 3.1. Stage tau runs L_tau iterations of optimistic multiplicative weights on fixed
estimates Q^tau, from the initial policies tilde mu^tau, tilde nu^tau; at its end the estimates become the
reward plus the average next value of the stage. L_1 = H, L_{tau+1} = floor((1 + 1/H) L_tau), Q^1 = 0. The output
is the average of all iterates, at any time: the schedule does not depend on T.

Where the paper is read, not copied:

- The min-player descends; lines 5 and 6 print a plus sign for both players.
- Line 10 restarts the next stage at tilde^{tau+1}; the iterate of the stage's last iteration still counts in
  the value update and in the output.
- The last stage may be cut by T. Its statistics are averages over the iterations it ran.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from metanash import kernels, simplex
from metanash.checks import integer
from metanash.games import GameBatch, ZeroSumGame
from metanash.gaps import ne_gaps
from metanash.learners.base import Policies, learning_rates, starting_policies

__all__ = ["MirrorState", "OptimisticMirrorDescent", "Stage", "next_stage_length", "stage_count"]

Floats = npt.NDArray[np.float64]

_TIE = 1e-12
"""Actions within this of the best payoff are tied best responses."""


def next_stage_length(length: int, horizon: int) -> int:
    """floor((1 + 1/H) L), exactly."""
    return length * (horizon + 1) // horizon


def stage_count(iterations: int, horizon: int) -> int:
    """Number of stages that a run of so many iterations begins, bar tau = tau(T)."""
    count, length, covered = 0, horizon, 0
    while covered < iterations:
        count, covered, length = count + 1, covered + length, next_stage_length(length, horizon)
    return count


@dataclass(frozen=True, eq=False)
class Stage:
    """What happened in one stage, for each game (first axis), step h and state s.

    Attributes
    ----------
    index : int
        tau, from 1.
    iterations : int
        Iterations run, n_tau: L_tau, or fewer if T cut the stage.
    initial : ((G, H, S, A), (G, H, S, B))
        Initial policies tilde mu^tau, tilde nu^tau.
    average : ((G, H, S, A), (G, H, S, B))
        Averages of the iterates.
    payoff : ((G, H, S, A), (G, H, S, B))
        Average payoff of each action against the other player's iterates: Q nu and -mu^T Q.
    value : (G, H, S)
        Average of mu^T Q nu.
    q : (G, H, S, A, B)
        The estimates Q^tau.
    """

    index: int
    iterations: int
    initial: Policies
    average: Policies
    payoff: Policies
    value: Floats
    q: Floats

    def best_response(self, player: int) -> Floats:
        """Best fixed policy in hindsight, (G, H, S, A_i); actions tied within 1e-12 share it evenly."""
        payoff = self.payoff[player]
        best = (payoff >= payoff.max(axis=-1, keepdims=True) - _TIE).astype(np.float64)
        return np.asarray(best / best.sum(axis=-1, keepdims=True))

    def regret(self, player: int) -> Floats:
        """Per-state regret (3), averaged over the iterations run, (G, H, S); it may be negative."""
        return np.asarray(self.payoff[player].max(axis=-1) - (self.value if player == 0 else -self.value))

    def kl_to_initial(self, player: int) -> Floats:
        """KL(best response in hindsight || initial policy), (G, H, S), in nats."""
        return simplex.kl_divergence(self.best_response(player), self.initial[player])


@dataclass(frozen=True, eq=False)
class MirrorState:
    """State of Algorithm 1; G games, H steps, S states.

    Attributes
    ----------
    iteration : int
        t, iterations done.
    stage, length, done : int
        tau, L_tau, and iterations done in it.
    eta : (G, H, S)
        Learning rates.
    q : (G, H, S, A, B)
        Estimates Q^tau.
    anchor : pair of (G, H, S, A_i)
        Logits of hat mu, hat nu.
    iterate : pair of (G, H, S, A_i)
        mu^t, nu^t.
    stage_sums : ((2, G, H, S, A), (2, G, H, S, B), (2, G, H, S))
        Sums of mu, nu, mu^T Q nu in the stage: totals and running chunk (see :mod:`metanash.kernels.twin`).
    finished_sums : pair of (G, H, S, A_i)
        Sums of mu, nu over finished stages.
    initial : pair of (G, stages or 1, H, S, A_i)
        Initial policies of every stage.
    stages : tuple of Stage
        Stages before this one.
    """

    iteration: int
    stage: int
    length: int
    done: int
    eta: Floats
    q: Floats
    anchor: Policies
    iterate: Policies
    stage_sums: tuple[Floats, Floats, Floats]
    finished_sums: Policies
    initial: Policies
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class OptimisticMirrorDescent:
    """Algorithm 1 (Mao et al. 2023).

    Parameters
    ----------
    learning_rate : float or (G,) array
        eta > 0. Theorem 1 asks for at most 1 / (8 H^2).
    keep_stages : bool
        Whether finished stages are kept; their Q-estimates are the largest part of the memory.

    Notes
    -----
    Initial policies have axes (game, stage, h, s, action), one array a player. A stage axis of length 1 stands
    for the same policy in every stage, a game axis of length 1 for the same in every game.
    """

    learning_rate: float | Floats
    keep_stages: bool = True

    def start(self, games: GameBatch[ZeroSumGame], initial: Policies | None = None) -> MirrorState:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Raises
        ------
        ValueError
            If the games are not zero-sum, the learning rate is not positive, or an initial policy is no policy.
        """
        if not isinstance(games.game, ZeroSumGame):
            raise ValueError(f"Algorithm 1 plays zero-sum games, got a {type(games.game).__name__}")
        count, (horizon, states, *actions) = len(games), games.game.reward.shape
        if initial is None:
            initial = tuple(simplex.uniform(1, 1, horizon, states, n) for n in actions)
        stages = {np.asarray(policy).shape[1] for policy in initial if np.ndim(policy) == 5}
        if len(stages) != 1:
            raise ValueError("initial policies must have axes (game, stage, h, s, action), as many stages for both")
        number = stages.pop()
        tilde = starting_policies(initial, [(count, number, horizon, states, n) for n in actions])
        rates = learning_rates(self.learning_rate, count)
        first = _restart(tilde, 1)
        return MirrorState(
            iteration=0,
            stage=1,
            length=horizon,
            done=0,
            eta=np.array(np.broadcast_to(rates[:, np.newaxis, np.newaxis], (count, horizon, states)), order="C"),
            q=np.zeros_like(games.reward),
            anchor=tuple(simplex.logits(policy) for policy in first),
            iterate=first,
            stage_sums=_no_sums(first),
            finished_sums=tuple(np.zeros_like(policy) for policy in first),
            initial=tilde,
            stages=(),
        )

    def advance(self, games: GameBatch[ZeroSumGame], state: MirrorState, iterations: int) -> MirrorState:
        """Return the state after more iterations.

        Raises
        ------
        ValueError
            If ``iterations`` is negative, or the run begins a stage for which there is no initial policy.
        """
        left = integer("iterations", iterations, 0)
        while left:
            if state.done == state.length:
                state = self._next_stage(games, state)
            now = min(left, state.length - state.done)
            state = _iterate(state, now)
            left -= now
        return state

    def _next_stage(self, games: GameBatch[ZeroSumGame], state: MirrorState) -> MirrorState:
        stage = _statistics(state)
        after = np.zeros_like(stage.value)
        after[:, :-1] = stage.value[:, 1:]
        q = games.reward.copy()
        q[:, :-1] += games.transitions.expect(after[:, :-1], 0)
        restart = _restart(state.initial, state.stage + 1)
        return replace(
            state,
            stage=state.stage + 1,
            length=next_stage_length(state.length, games.game.horizon),
            done=0,
            q=q,
            anchor=tuple(simplex.logits(policy) for policy in restart),
            iterate=restart,
            stage_sums=_no_sums(restart),
            finished_sums=_policy_sums(state),
            stages=(*state.stages, stage) if self.keep_stages else (),
        )

    def output(self, state: MirrorState) -> Policies:
        """Average of all iterates, line 11: ((G, H, S, A), (G, H, S, B)); uniform before the first."""
        if state.iteration == 0:
            return _restart(state.initial, 1)
        return tuple(total / total.sum(axis=-1, keepdims=True) for total in _policy_sums(state))

    def measure(self, games: GameBatch[ZeroSumGame], state: MirrorState) -> dict[str, Floats]:
        """Return ``ne_gap``, that of the output."""
        return {"ne_gap": ne_gaps(games, self.output(state))}

    def stages(self, state: MirrorState) -> tuple[Stage, ...]:
        """All stages that have begun, bar tau of them; the last may have been cut.

        Raises
        ------
        ValueError
            If stages were not kept.
        """
        if len(state.stages) < state.stage - 1:
            raise ValueError("the stages of this run were not kept; learn with keep_stages=True")
        return (*state.stages, _statistics(state)) if state.done else state.stages


def _restart(initial: Policies, stage: int) -> Policies:
    """Initial policies of a stage, (G, H, S, A_i), C-contiguous copies."""
    number = initial[0].shape[1]
    if number > 1 and stage > number:
        raise ValueError(f"initial policies are given for {number} stages, the run begins stage {stage}")
    return tuple(policy[:, min(stage, number) - 1].copy() for policy in initial)


def _no_sums(policies: Sequence[Floats]) -> tuple[Floats, Floats, Floats]:
    mu, nu = policies
    return np.zeros((2, *mu.shape)), np.zeros((2, *nu.shape)), np.zeros((2, *mu.shape[:-1]))


def _policy_sums(state: MirrorState) -> Policies:
    """Sums of the iterates since the first, (G, H, S, A_i)."""
    return tuple(
        finished + stage.sum(axis=0) for finished, stage in zip(state.finished_sums, state.stage_sums[:2], strict=True)
    )


def _iterate(state: MirrorState, iterations: int) -> MirrorState:
    """Iterate inside one stage."""
    anchor, iterate = [a.copy() for a in state.anchor], [p.copy() for p in state.iterate]
    sums = (state.stage_sums[0].copy(), state.stage_sums[1].copy(), state.stage_sums[2].copy())
    lanes, rows, columns = state.eta.size, *state.q.shape[-2:]
    kernels.mirror(state.q, state.eta, *anchor, *iterate, *sums, lanes, rows, columns, state.done, iterations)
    return replace(
        state,
        iteration=state.iteration + iterations,
        done=state.done + iterations,
        anchor=tuple(anchor),
        iterate=tuple(iterate),
        stage_sums=sums,
    )


def _statistics(state: MirrorState) -> Stage:
    mu, nu, value = (total.sum(axis=0) / state.done for total in state.stage_sums)
    payoff = ((state.q * nu[..., np.newaxis, :]).sum(axis=-1), -(state.q * mu[..., np.newaxis]).sum(axis=-2))
    return Stage(
        index=state.stage,
        iterations=state.done,
        initial=_restart(state.initial, state.stage),
        average=(mu, nu),
        payoff=payoff,
        value=value,
        q=state.q,
    )
