"""Sentences of the text beside the theorems, measured.

Arrays only; what follows from them is worked out in the module ``tables``.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from metanash.bounds.general_sum import cce_learning_rate
from metanash.bounds.potential import largest_ascent_step
from metanash.bounds.zero_sum import largest_learning_rate
from metanash.correlated import cce_gains_or_bounds
from metanash.families.general_sum import general_sum_sequence
from metanash.families.potential import potential_sequence
from metanash.families.zero_sum import zero_sum_sequence
from metanash.games import DiscountedGame, GameBatch, ZeroSumGame
from metanash.gaps import ne_gaps
from metanash.learners import (
    CorrelatedMirrorDescent,
    OptimisticMirrorDescent,
    Policies,
    ProjectedQAscent,
    checkpoints,
    learn,
)
from metanash.learners.mirror_descent import MirrorState
from metanash.learners.schedules import next_stage_length, stage_count
from metanash.meta import META_UPDATES, learn_sequence
from metanash.similarity import best_response_dissimilarity, distribution_mismatch, largest_potential_drops
from metanash.simplex import softmax, uniform
from metanash.streams import stream
from metanash.transitions import Transition
from metanash.typing import Arrays, Floats
from metanash_replication.stages import STAGE_STARTS, DivergenceProbe, nearest_stage_ends, stage_policies

__all__ = [
    "carried_policies",
    "dynamic_rates",
    "growth_of_gaps",
    "initial_states",
    "leaders",
    "restarts",
    "several_equilibria",
]


# Iterates -----------------------------------------------------------------------------------------------


class _IterateProbe:
    """NE-gaps of the iterates at the checkpoints of a run, ``iterate_gap`` (G,)."""

    def __init__(self, games: GameBatch[ZeroSumGame]) -> None:
        self._games = games

    def __call__(self, learner: OptimisticMirrorDescent, state: MirrorState) -> dict[str, Floats]:  # noqa: ARG002
        return {"iterate_gap": ne_gaps(self._games, state.iterate)}


def restarts(
    base_kind: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    horizon: int,
    n_states: int,
    n_actions: Sequence[int],
    iterations: Sequence[int],
) -> Arrays:
    """NE-gaps of iterates of Algorithm 1 at the ends of stages, and of the first iterates after them.

    Parameters
    ----------
    iterations : sequence of int
        T, each of which is moved to the nearest end of a stage.

    Returns
    -------
    dict of arrays
        ``iterations`` (Ts,); ``seeds``; ``last``, ``first`` and ``average`` (seeds, Ts): the gap of the last iterate of
        a stage, of the first of the next one, and of the average of all.
    """
    games = [
        zero_sum_sequence(
            base_kind, root_seed, "restarts", horizon, seed, n_games=1, perturbation=0.0, horizon=horizon,
            n_states=n_states, n_actions=n_actions, stationary=False,
        )[0]
        for seed in seeds
    ]  # fmt: skip
    ends = nearest_stage_ends(iterations, horizon)
    batch = GameBatch(tuple(games))
    learner = OptimisticMirrorDescent(largest_learning_rate(horizon), keep_stages=False)
    at = np.union1d(ends, ends + 1)
    run = learn(batch, learner, int(at[-1]), at=at, probe=_IterateProbe(batch))
    last, first = (np.searchsorted(at, place) for place in (ends, ends + 1))
    return {
        "iterations": ends,
        "seeds": np.array(seeds, dtype=np.int64),
        "last": run.probes["iterate_gap"][:, last],
        "first": run.probes["iterate_gap"][:, first],
        "average": run.ne_gap[:, last],
    }


# Updates ------------------------------------------------------------------------------------------------

ALGORITHMS = ("incremental, mirror descent", "incremental, regularised leader", "stages, mirror descent")
"""Of :func:`dynamic_rates`."""


def dynamic_rates(*, horizon: int, iterations: Sequence[int], learning_rate: float) -> Arrays:
    """Regret of entropic mirror descent with the weights of incremental updates, beside two other algorithms.

    Two actions; the first earns 1 and the second 0 for the first half of the run, and the other way round for the
    second. With the weights alpha_t^i of alpha_t = (H + 1) / (H + t) iteration i counts w_i / sum_j w_j, w growing
    like i^H. Mirror descent for the weighted regret has the rate eta / w_i at iteration i, so steps of eta in its
    logits; the regularised leader has logits eta / w_t sum_i w_i u_i. With stages of lengths that grow by 1 + 1/H every
    iteration of a stage counts alike, and each begins at the uniform policy with logits eta sum_i u_i.

    Returns
    -------
    dict of arrays
        ``iterations`` (Ts,); ``regret`` (:data:`ALGORITHMS`, Ts), weighted over the run, or of stages the mean over
        iterations of the regrets of their stages.
    """
    regrets = np.empty((len(ALGORITHMS), len(iterations)))
    for c, total in enumerate(iterations):
        payoff = np.zeros((total, 2))
        payoff[: total // 2, 0] = payoff[total // 2 :, 1] = 1.0
        # w_i / w_{i-1} = (H + i - 1) / (i - 1): alpha_t^i over alpha_t^{i-1}
        growth = np.r_[0.0, np.log((horizon + np.arange(1, total)) / np.arange(1, total))].cumsum()
        weight = np.exp(growth - growth[-1])
        before = np.r_[np.zeros((1, 2)), payoff.cumsum(axis=0)[:-1]]
        weighted = np.r_[np.zeros((1, 2)), (weight[:, np.newaxis] * payoff).cumsum(axis=0)[:-1]]
        leader = softmax(learning_rate * weighted / weight[:, np.newaxis])
        for a, policy in enumerate((softmax(learning_rate * before), leader)):
            regrets[a, c] = _regret(policy, payoff, weight)
        start, length, stages = 0, horizon, []
        while start < total:
            end = min(start + length, total)
            own = softmax(learning_rate * (before[start:end] - before[start]))
            stages.append((end - start) * _regret(own, payoff[start:end], np.ones(end - start)))
            start, length = end, next_stage_length(length, horizon)
        regrets[2, c] = sum(stages) / total
    return {"iterations": np.array(iterations, dtype=np.int64), "regret": regrets}


def _regret(policy: Floats, payoff: Floats, weight: Floats) -> float:
    share = weight / weight.sum()
    return float((share @ payoff).max() - share @ (policy * payoff).sum(axis=1))


def leaders(seeds: Sequence[int], root_seed: int, *, n_actions: Sequence[int], iterations: int) -> Arrays:
    """Algorithm 1 on matrix games beside optimistic follow the regularised leader, from random initial policies.

    The leader is regularised by the divergence from the initial policy of the stage, so its policy is that times the
    exponential of eta (the sum of all payoffs of the stage, the last one twice).

    Returns
    -------
    dict of arrays
        ``seeds``; ``difference`` (seeds,), the largest between the two average policies, over players and actions, at
        the ends of all stages.
    """
    eta, found = largest_learning_rate(1), []
    for seed in seeds:
        address = (root_seed, "leaders", seed)
        (game,) = zero_sum_sequence(
            "random", *address, n_games=1, perturbation=0.0, horizon=1, n_states=1, n_actions=n_actions
        )
        stages = stage_count(iterations, 1)
        initial = [
            stage_policies("random", stages, (1, 1, n), stream(*address, "initial policies", i))
            for i, n in enumerate(n_actions)
        ]
        ends = nearest_stage_ends([2**k - 1 for k in range(1, stages)], 1)
        learner = OptimisticMirrorDescent(eta)
        run = learn(
            game, learner, int(ends[-1]), at=ends, initial=tuple(part[np.newaxis] for part in initial),
            probe=lambda of, state: dict(zip(("mu", "nu"), of.average(state), strict=True)),
        )  # fmt: skip
        payoff, sums, worst, done, c = game.reward[0, 0], [np.zeros(n) for n in n_actions], 0.0, 0, 0
        for tau in range(stages - 1):
            start = [part[tau, 0, 0] for part in initial]
            played = list(start)  # what the prediction of the first iteration is made of
            total = [np.zeros(n) for n in n_actions]
            for _ in range(2**tau):
                # Q is 0 in stage 1
                gain = [payoff @ played[1], -(payoff.T @ played[0])] if tau else [np.zeros(n) for n in n_actions]
                logits = [np.log(s) + eta * (t + 2.0 * g) for s, t, g in zip(start, total, gain, strict=True)]
                total = [t + g for t, g in zip(total, gain, strict=True)]
                played = [softmax(x) for x in logits]
                sums = [s + p for s, p in zip(sums, played, strict=True)]
            done += 2**tau
            if c < len(ends) and done == ends[c]:
                for name, own in zip(("mu", "nu"), sums, strict=True):
                    worst = max(worst, float(np.abs(run.probes[name][0, c].ravel() - own / done).max()))
                c += 1
        found.append(worst)
    return {"seeds": np.array(seeds, dtype=np.int64), "difference": np.array(found)}


# Zero-sum games -----------------------------------------------------------------------------------------


def initial_states(
    base_kind: str,
    root_seed: int,
    *,
    horizon: int,
    n_states: int,
    n_actions: Sequence[int],
    games: int,
    iterations: int,
    n_checkpoints: int,
) -> Arrays:
    """Theorem 1 on games whose initial state is drawn, from all kinds of initial policies.

    Returns
    -------
    dict of arrays
        ``checkpoints`` (C,); per game ``uniform_start``; ``ne_gap``, ``divergence_first``, ``divergence_worst``
        (games, C).
    """
    stages, made, initial, starts = stage_count(iterations, horizon), [], [], []
    for k, start in zip(range(games), itertools.cycle(STAGE_STARTS), strict=False):
        address = (root_seed, "initial states", horizon, k)
        (game,) = zero_sum_sequence(
            base_kind, *address, n_games=1, perturbation=0.0, horizon=horizon, n_states=n_states, n_actions=n_actions,
            stationary=False,
        )  # fmt: skip
        rng = stream(*address, "initial")
        made.append(ZeroSumGame(game.reward, game.transition, rng.dirichlet(np.ones(n_states))))
        initial.append([stage_policies(start, stages, (horizon, n_states, n), rng) for n in n_actions])
        starts.append(start == "uniform")
    policies: Policies = tuple(np.stack([pair[i] for pair in initial]) for i in (0, 1))
    grid = checkpoints(iterations, n_checkpoints)
    learner = OptimisticMirrorDescent(largest_learning_rate(horizon))
    run = learn(made, learner, iterations, at=grid, initial=policies, probe=DivergenceProbe())
    return {"checkpoints": grid, "uniform_start": np.array(starts), "ne_gap": run.ne_gap, **run.probes}


def several_equilibria(seeds: Sequence[int], root_seed: int, *, games: int, iterations: int) -> Arrays:
    """Identical matrix games with several equilibria: each of two actions of both players stands twice.

    Played from the same initial policies in all games, and from random ones in each.

    Returns
    -------
    dict of arrays
        ``seeds``; ``similarity`` (2, seeds), Delta_{mu,nu} / K for the same and for random initial policies;
        ``distance`` (2, seeds), the largest range over the games of a probability of the output policies; ``ne_gap``
        (2, seeds), the largest over the games.
    """
    found: dict[str, list[list[float]]] = {"similarity": [[], []], "distance": [[], []], "ne_gap": [[], []]}
    learner = OptimisticMirrorDescent(largest_learning_rate(1))
    for seed in seeds:
        address = (root_seed, "several equilibria", seed)
        (base,) = zero_sum_sequence("pure", *address, n_games=1, perturbation=0.0, horizon=1, n_states=1)
        reward = base.reward.repeat(2, axis=2).repeat(2, axis=3)
        game = ZeroSumGame(reward, Transition.shared(np.ones((1, 4, 4, 1))), base.initial)
        rng, shape = stream(*address, "initial policies"), (games, 1, 1, 1, 4)
        drawn = tuple(np.maximum(rng.dirichlet(np.ones(4), size=shape[:-1]), 1e-3) for _ in range(2))
        drawn = tuple(part / part.sum(axis=-1, keepdims=True) for part in drawn)
        same = tuple(np.full(shape, 0.25) for _ in range(2))
        for k, start in enumerate((same, drawn)):
            run = learn([game] * games, learner, iterations, at=[iterations], initial=start)
            stages = learner.stages(run.state)
            responses = [np.stack([s.best_response(i) for s in stages], axis=1)[np.newaxis] for i in (0, 1)]
            found["similarity"][k].append(float(sum(best_response_dissimilarity(r)[0] for r in responses)) / games)
            found["distance"][k].append(max(float(np.ptp(part, axis=0).max()) for part in run.policy))
            found["ne_gap"][k].append(float(run.ne_gap[:, 0].max()))
    return {"seeds": np.array(seeds, dtype=np.int64), **{name: np.array(rows) for name, rows in found.items()}}


# Potential games ----------------------------------------------------------------------------------------


def carried_policies(
    base_kind: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    n_states: int,
    n_actions: Sequence[int],
    discount: float,
    games: int,
    perturbations: Sequence[float],
    learning_rate: float,
    iterations: int,
) -> Arrays:
    """The NE-gap that carried-over and uniform policies have at the next game, before anything is learned there.

    Returns
    -------
    dict of arrays
        ``perturbations`` (P,); ``seeds``; ``carried``, ``uniform`` (P, seeds), means over the games 2 to K; and
        ``drop``, ``shifted`` (P, seeds): Delta_Phi, and Delta_Phi of the same games with half of every reward and the
        part k / K of one half on top, which changes no policy's rank.
    """
    found: dict[str, list[Floats]] = {"carried": [], "uniform": [], "drop": [], "shifted": []}
    for size in perturbations:
        sequences = [
            potential_sequence(
                base_kind, root_seed, "carried", seed, n_games=games, perturbation=size, discount=discount,
                n_states=n_states, n_actions=n_actions,
            )
            for seed in seeds
        ]  # fmt: skip
        halves = [[_shifted(game, 0.5 * k / games) for k, game in enumerate(sequence)] for sequence in sequences]
        batches, shifted = (
            [GameBatch(some) for some in zip(*all_games, strict=True)] for all_games in (sequences, halves)
        )
        learner, update = ProjectedQAscent(learning_rate), META_UPDATES["carry_over"](games)
        runs = learn_sequence(batches, learner, update, iterations, at=[iterations]).runs
        following = batches[1:]
        even = tuple(uniform(len(seeds), n_states, n) for n in n_actions)
        carried = [ne_gaps(batch, run.policy) for batch, run in zip(following, runs, strict=False)]
        found["carried"].append(np.mean(carried, axis=0))
        found["uniform"].append(np.mean([ne_gaps(batch, even) for batch in following], axis=0))
        for name, some in (("drop", batches), ("shifted", shifted)):
            drops = [largest_potential_drops(here, there)[0] for here, there in itertools.pairwise(some)]
            found[name].append(np.sum(drops, axis=0))
    numbers = {"perturbations": np.array(perturbations, dtype=np.float64), "seeds": np.array(seeds, dtype=np.int64)}
    return {**numbers, **{name: np.stack(rows) for name, rows in found.items()}}


def _shifted(game: DiscountedGame, constant: float) -> DiscountedGame:
    """A game with half of every reward and a constant on top."""
    potential = None if game.potential is None else 0.5 * game.potential + constant
    return DiscountedGame(
        0.5 * game.reward + constant, game.transition, game.discount, game.initial, potential=potential, name=game.name
    )


# Growth of gaps -----------------------------------------------------------------------------------------


def growth_of_gaps(
    seeds: Sequence[int],
    root_seed: int,
    *,
    horizons: Sequence[int],
    actions: Sequence[int],
    players: Sequence[int],
    discounts: Sequence[float],
    iterations: int,
    level: float,
) -> Arrays:
    """Measured sides of four bounds while one number of the game grows, all else alike.

    ``horizon`` and ``actions``: T times the gap of Algorithm 1 from uniform policies at the largest learning rate of
    Theorem 1, on random games of two states, at the end of a stage near ``iterations``; with two actions, or H = 1.
    ``players``: the CCE-gap of Algorithm 2 at the learning rate of (11), two actions, H = 1; below 0 it counts as 0.
    ``discount``: iterations of
    projected Q-ascent at the step of Proposition 1, two states, players and actions, until the gap is ``level`` /
    (1 - discount), learned at a multiple of the step.

    Returns
    -------
    dict of arrays
        ``seeds``; for each of the four names ``NAME``, the numbers, and ``NAME_side`` (numbers, seeds).
    """

    def zero_sum(horizon: int, count: int, kind: str) -> Floats:
        games = [
            zero_sum_sequence(
                kind, root_seed, "growth", horizon, count, seed, n_games=1, perturbation=0.0, horizon=horizon,
                n_states=2, n_actions=(count, count), stationary=False,
            )[0]
            for seed in seeds
        ]  # fmt: skip
        (end,) = nearest_stage_ends([iterations], horizon)
        learner = OptimisticMirrorDescent(largest_learning_rate(horizon), keep_stages=False)
        return np.asarray(end * learn(games, learner, int(end), at=[end]).ne_gap[:, 0])

    def general(count: int) -> Floats:
        games = [
            general_sum_sequence(
                "random", root_seed, "growth", count, seed, n_games=1, perturbation=0.0, horizon=1, n_states=1,
                n_actions=(2,) * count,
            )[0]
            for seed in seeds
        ]  # fmt: skip
        (end,) = nearest_stage_ends([iterations], 1)
        learner = CorrelatedMirrorDescent(float(cce_learning_rate(1, float(end), count)))
        run = learn(games, learner, int(end), at=[end])
        return np.maximum(cce_gains_or_bounds(GameBatch(tuple(games)), learner.output(run.state)).gap, 0.0)

    def ascent(discount: float) -> Floats:
        games = [
            potential_sequence(
                "team", root_seed, "growth", seed, n_games=1, perturbation=0.0, discount=discount, n_states=2
            )[0]
            for seed in seeds
        ]
        batch = GameBatch(tuple(games))
        step = largest_ascent_step(discount, distribution_mismatch(batch), 2, 2)
        factor = 0.01 * (1.0 - discount) / step
        grid = checkpoints(iterations, 400)
        run = learn(batch, ProjectedQAscent(factor * step), int(grid[-1]), at=grid)
        reached = run.ne_gap <= level / (1.0 - discount)
        times = np.where(reached.any(axis=1), grid[reached.argmax(axis=1)], np.nan)
        return np.asarray(times * factor)

    parts = {
        "horizon": (horizons, [zero_sum(h, 2, "mixed") for h in horizons]),
        "actions": (actions, [zero_sum(1, count, "random") for count in actions]),
        "players": (players, [general(count) for count in players]),
        "discount": (discounts, [ascent(discount) for discount in discounts]),
    }
    found = {"seeds": np.array(seeds, dtype=np.int64)}
    for name, (numbers, sides) in parts.items():
        found |= {name: np.array(numbers, dtype=np.float64), f"{name}_side": np.stack(sides)}
    return found
