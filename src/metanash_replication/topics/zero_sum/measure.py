"""Left sides of the theorems, measured where their right sides can be evaluated too.

Each function runs learners on addressed games and returns named arrays: gaps, and the divergences, similarities and
regrets that bounds are made of. What follows from them is worked out in the module ``tables``; the bounds
themselves (:mod:`metanash.bounds`) share nothing with the learners.
"""

import itertools
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash.bounds import vertex_divergence
from metanash.bounds.zero_sum import largest_learning_rate
from metanash.exact import shapley_batch
from metanash.families.zero_sum import zero_sum_sequence
from metanash.games import GameBatch, ZeroSumGame
from metanash.learners import OptimisticMirrorDescent, Policies, Stage, checkpoints, learn
from metanash.learners.base import PureStartWarning
from metanash.learners.schedules import stage_count
from metanash.meta import META_UPDATES, learn_sequence
from metanash.similarity import total_dissimilarity
from metanash.streams import stream
from metanash.transitions import Transition
from metanash.typing import Arrays, Floats
from metanash_replication.stages import (
    STAGE_STARTS,
    DivergenceProbe,
    StagesTogether,
    stage_divergence,
    stage_ends,
    stage_policies,
)

__all__ = [
    "burn_in_game",
    "burn_in_runs",
    "long_runs",
    "random_games",
    "sequence_runs",
    "small_step_runs",
    "two_sided_runs",
    "value_growth_runs",
]


# Regrets ------------------------------------------------------------------------------------------------

REGRET = 1.172
"""n times the regret of a stage is at most this times the divergences of both players over eta (assumptions)."""


def worst_regrets(stages: Sequence[Stage], learning_rate: npt.ArrayLike) -> Arrays:
    """Regret of each stage and its bound, at the step, state and player where it comes nearest to it.

    Returns
    -------
    dict of arrays
        ``worst_regret``, ``worst_regret_bound`` (games, stages).
    """
    eta = np.asarray(learning_rate, dtype=np.float64)[..., np.newaxis, np.newaxis]
    found: list[tuple[Floats, Floats]] = []
    for stage in stages:
        parts = [vertex_divergence(stage.payoff[i], stage.initial[i], worst=False) for i in (0, 1)]
        bound = REGRET * (parts[0] + parts[1]) / (eta * stage.iterations)
        regret = np.stack([stage.regret(0), stage.regret(1)]).reshape(2, len(bound), -1)
        both = np.broadcast_to(bound.reshape(len(bound), -1), regret.shape)
        ratio = np.where(regret > _NO_REGRET, regret / np.maximum(both, np.finfo(float).tiny), 0.0)
        games, worst = np.arange(len(bound)), np.moveaxis(ratio, 1, 0).reshape(len(bound), -1).argmax(axis=1)
        found.append(tuple(np.moveaxis(part, 1, 0).reshape(len(bound), -1)[games, worst] for part in (regret, both)))
    return {
        "worst_regret": np.stack([regret for regret, _ in found], axis=1),
        "worst_regret_bound": np.stack([bound for _, bound in found], axis=1),
    }


_NO_REGRET = 1e-12
"""A regret of at most this is rounding."""


# Long runs ----------------------------------------------------------------------------------------------


def long_runs(
    base_kind: str,
    horizon: int,
    seeds: Sequence[int],
    root_seed: int,
    *,
    iterations: int,
    n_checkpoints: int,
    n_states: int,
    n_actions: Sequence[int],
) -> Arrays:
    """Algorithm 1 at the largest learning rate of Theorem 1, for long enough that the bounds say something.

    Returns
    -------
    dict of arrays
        ``checkpoints`` (C,); ``ne_gap``, ``divergence_first``, ``divergence_worst`` (seeds, C); and for every stage
        ``stage_iterations`` (stages,), ``stage_gap`` (seeds, stages), the gap at its end, ``regret`` (seeds, stages,
        H), the largest over states and players, ``value_error`` (seeds, stages, H), the largest of |Q^tau - Q*|, and
        ``worst_regret``, ``worst_regret_bound`` (seeds, stages), see :func:`worst_regrets`.
    """
    games = [
        zero_sum_sequence(
            base_kind, root_seed, "long run", horizon, seed, n_games=1, perturbation=0.0, horizon=horizon,
            n_states=n_states, n_actions=n_actions, stationary=False,
        )[0]
        for seed in seeds
    ]  # fmt: skip
    learner = OptimisticMirrorDescent(largest_learning_rate(horizon))
    grid, ends = checkpoints(iterations, n_checkpoints), stage_ends(iterations, horizon)
    run = learn(games, learner, iterations, at=np.union1d(grid, ends), probe=DivergenceProbe())
    stages = learner.stages(run.state)
    exact_q = shapley_batch(games).q
    drawn, ending = (np.searchsorted(run.checkpoints, at) for at in (grid, ends))
    return {
        "seeds": np.array(seeds, dtype=np.int64),
        "checkpoints": grid,
        "ne_gap": run.ne_gap[:, drawn],
        **{name: values[:, drawn] for name, values in run.probes.items()},
        "stage_gap": run.ne_gap[:, ending],
        "stage_iterations": np.array([stage.iterations for stage in stages], dtype=np.int64),
        "regret": np.stack([np.maximum(stage.regret(0), stage.regret(1)).max(axis=-1) for stage in stages], axis=1),
        "value_error": np.stack([np.abs(stage.q - exact_q).max(axis=(-3, -2, -1)) for stage in stages], axis=1),
        **worst_regrets(stages, largest_learning_rate(horizon)),
    }


# Random games -------------------------------------------------------------------------------------------


def random_games(
    base_kind: str,
    horizon: int,
    root_seed: int,
    *,
    states: Sequence[int],
    actions: Sequence[Sequence[int]],
    games_per_size: int,
    iterations: int,
    n_checkpoints: int,
    rate_factors: Sequence[float],
) -> Arrays:
    """Algorithm 1 on many random games of all sizes, from all kinds of initial policies.

    A game of each size is played with a learning rate and a kind of initial policies (uniform, random, near a random
    vertex in every stage) that cycle from game to game.

    Parameters
    ----------
    rate_factors : sequence of float
        Learning rates over 1 / (8 H^2), at most 1.

    Raises
    ------
    ValueError
        If a rate factor is not in (0, 1], or mixed games are asked for in sizes with A != B only.

    Returns
    -------
    dict of arrays
        ``checkpoints`` (C,); per game ``n_states``, ``n_actions`` (games, 2), ``learning_rate``, ``uniform_start``;
        ``ne_gap``, ``divergence_first``, ``divergence_worst`` (games, C); ``stage_iterations`` (stages,),
        ``worst_regret``, ``worst_regret_bound`` (games, stages), see :func:`worst_regrets`.
    """
    if not all(0.0 < factor <= 1.0 for factor in rate_factors):
        raise ValueError(f"rate factors must lie in (0, 1], where the theorem applies; got {list(rate_factors)}")
    if base_kind == "mixed" and all(a != b for a, b in actions):
        raise ValueError(f"mixed games need A = B; none of the sizes {list(actions)} has it")
    grid = checkpoints(iterations, n_checkpoints)
    ends = stage_ends(iterations, horizon)
    stages = len(ends)
    parts: list[Arrays] = []
    for n_states, n_actions in itertools.product(states, actions):
        a, b = n_actions
        if base_kind == "mixed" and a != b:
            continue
        games, rates, starts, initial = [], [], [], []
        for k, (start, factor) in zip(
            range(games_per_size), itertools.cycle(itertools.product(STAGE_STARTS, rate_factors)), strict=False
        ):
            address = (root_seed, "random games", horizon, n_states, a, b, k)
            games += zero_sum_sequence(
                base_kind, *address, n_games=1, perturbation=0.0, horizon=horizon, n_states=n_states,
                n_actions=n_actions, stationary=False,
            )  # fmt: skip
            rng = stream(*address, "initial policies")
            initial.append([stage_policies(start, stages, (horizon, n_states, n), rng) for n in n_actions])
            rates.append(factor * largest_learning_rate(horizon))
            starts.append(start == "uniform")
        policies: Policies = tuple(np.stack([pair[i] for pair in initial]) for i in (0, 1))
        learner = OptimisticMirrorDescent(np.array(rates))
        run = learn(games, learner, iterations, at=grid, initial=policies, probe=DivergenceProbe())
        sizes = {"n_states": np.full(len(games), n_states), "n_actions": np.tile(n_actions, (len(games), 1))}
        how = {"learning_rate": np.array(rates), "uniform_start": np.array(starts)}
        regrets = worst_regrets(learner.stages(run.state), learner.learning_rate)
        parts.append({**sizes, **how, "ne_gap": run.ne_gap, **run.probes, **regrets})
    together = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {"checkpoints": grid, "stage_iterations": np.diff(ends, prepend=0), **together}


# Growth of value errors over the steps ------------------------------------------------------------------


@dataclass(frozen=True)
class _OtherStages(OptimisticMirrorDescent):
    """Algorithm 1 with stages that grow by another factor than 1 + 1/H: what Lemma 9 says is the reason for it."""

    factor: Fraction = Fraction(2)

    def _next_stage(self, games: GameBatch[Any], state: Any, spare: Floats | None) -> None:
        length = state.length
        super()._next_stage(games, state, spare)
        state.length = max(int(length * self.factor), length + 1)


def value_growth_runs(
    base_kind: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    horizons: Sequence[int],
    factor: int,
    iterations: int,
    n_states: int,
    n_actions: Sequence[int],
) -> Arrays:
    """How much the errors of the value estimates at step 1 exceed the regrets that they are made of.

    An error at step 1 in stage tau is made of regrets of step 2 one stage before, of step 3 two stages before, and so
    on, and regrets are inversely proportional to the lengths of stages; so earlier ones weigh more, by a power of the
    factor by which stages grow. Amplification: the largest error at step 1 times the length of its stage, over the
    largest regret times the length of its own, in the later half of the stages, the one that T cuts left out.

    Parameters
    ----------
    factor : int
        Of the stages beside 1 + 1/H.

    Returns
    -------
    dict of arrays
        ``seeds``; ``horizons``; ``amplification`` (horizons, 2, seeds), with factor 1 + 1/H and with the other.
    """
    found = []
    for horizon in horizons:
        games = [
            zero_sum_sequence(
                base_kind, root_seed, "value growth", horizon, seed, n_games=1, perturbation=0.0, horizon=horizon,
                n_states=n_states, n_actions=n_actions, stationary=False,
            )[0]
            for seed in seeds
        ]  # fmt: skip
        exact_q = shapley_batch(games).q
        for own in (1 + Fraction(1, horizon), Fraction(factor)):
            learner = _OtherStages(largest_learning_rate(horizon), factor=own)
            stages = learner.stages(learn(games, learner, iterations, at=[iterations]).state)[:-1]
            late = stages[len(stages) // 2 :]
            error = [s.iterations * np.abs(s.q - exact_q)[:, 0].max(axis=(-3, -2, -1)) for s in late]
            regret = [s.iterations * np.maximum(s.regret(0), s.regret(1)).max(axis=(-2, -1)) for s in late]
            found.append(np.max(error, axis=0) / np.max(regret, axis=0))
    return {
        "seeds": np.array(seeds, dtype=np.int64),
        "horizons": np.array(horizons, dtype=np.int64),
        "amplification": np.stack(found).reshape(len(horizons), 2, -1),
    }


# Burn-in ------------------------------------------------------------------------------------------------


def burn_in_game(horizon: int) -> ZeroSumGame:
    """A game in which what step 1 does is rewarded at step H only.

    In state 1 (good) the max-player's second action stays, its first leads to state 2 (bad) for ever; only the good
    state at the last step pays, and there the second action only. So until the reward has travelled back, all actions
    look alike at the earlier steps.
    """
    good, bad = 0, 1
    chance = np.zeros((2, 2, 1, 2))
    chance[good, 0, 0, bad] = chance[good, 1, 0, good] = 1.0
    chance[bad, :, 0, bad] = 1.0
    reward = np.zeros((horizon, 2, 2, 1))
    reward[-1, good, 1] = 1.0
    return ZeroSumGame(reward, Transition.shared(chance), name=f"burn-in {horizon}")


def burn_in_runs(horizons: Sequence[int], *, iterations: int, n_checkpoints: int, margin: float) -> Arrays:
    """Theorem 1 on :func:`burn_in_game`, from initial policies that are wrong just while the divergence cannot see it.

    At step h the initial policy has probability ``margin`` on the good action in stages 1 to H - h + 1, in which both
    actions are best responses and the first one, which the policy plays, has divergence about ``margin``; later it is
    within ``margin`` of the good action. In the bad state, where nothing matters, it plays the first action.

    Returns
    -------
    dict of arrays
        ``horizons``, ``checkpoints``; ``ne_gap``, ``divergence_first``, ``divergence_worst`` (horizons, C).
    """
    grid = checkpoints(iterations, n_checkpoints)
    found: dict[str, list[Floats]] = {"ne_gap": [], "divergence_first": [], "divergence_worst": []}
    for horizon in horizons:
        second = np.full((1, stage_count(iterations, horizon), horizon, 2), margin)  # probability of action 2
        for h in range(horizon):
            second[:, horizon - h :, h, 0] = 1.0 - margin
        initial = (np.stack([1.0 - second, second], axis=-1), np.ones((*second.shape, 1)))
        learner = OptimisticMirrorDescent(largest_learning_rate(horizon))
        run = learn(burn_in_game(horizon), learner, iterations, at=grid, initial=initial, probe=DivergenceProbe())
        for name, value in (("ne_gap", run.ne_gap), *run.probes.items()):
            found[name].append(value[0])
    return {
        "horizons": np.array(horizons, dtype=np.int64),
        "checkpoints": grid,
        **{name: np.stack(values) for name, values in found.items()},
    }


def two_sided_game() -> ZeroSumGame:
    """H = 2, three states: after the burn-in, the players gain in different states.

    Step 1, state 1: rewards [[1, 1/2, 0], [1, 1, 0]]; the first row leads to state 2, the second to states 3, 2, 3.
    Step 2: in state 2 the first column pays 1 and the others nothing; in state 3 the second row pays 1 and the first
    nothing.
    """
    reward, chance = np.zeros((2, 3, 2, 3)), np.zeros((2, 3, 2, 3, 3))
    reward[0, 0] = [[1.0, 0.5, 0.0], [1.0, 1.0, 0.0]]
    reward[1, 1, :, 0] = 1.0
    reward[1, 2, 1] = 1.0
    chance[..., 0] = 1.0
    chance[0, 0] = np.eye(3)[[[1, 1, 1], [2, 1, 2]]]
    return ZeroSumGame(reward, Transition.per_step(chance), name="two-sided burn-in")


def two_sided_runs(*, iterations: int, n_checkpoints: int) -> Arrays:
    """Theorem 1 on :func:`two_sided_game` from vertices that answer each other, so that nothing ever moves.

    Every divergence is 0, and the gap is 11 / T - 20 / T^2 from T = 5 on: above B(2) / T = 9 / T. In stage 1 everybody
    plays its first action; in stage 2 the players of step 1 play the equilibrium of the reward alone (row 1, column 3),
    later that of Q* (row 2, column 2).

    Returns
    -------
    dict of arrays
        ``horizons`` (1,), ``checkpoints``; ``ne_gap``, ``divergence_first``, ``divergence_worst`` (1, C).
    """
    mu = np.zeros((1, stage_count(iterations, 2), 2, 3), dtype=np.int64)
    nu = np.zeros_like(mu)
    mu[:, 2:, 0, 0], nu[:, 1:2, 0, 0], nu[:, 2:, 0, 0] = 1, 2, 1
    nu[:, 1:, 1, 1], mu[:, 1:, 1, 2] = 1, 1
    learner = OptimisticMirrorDescent(largest_learning_rate(2))
    grid = checkpoints(iterations, n_checkpoints)
    initial = (np.eye(2)[mu], np.eye(3)[nu])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PureStartWarning)  # that nothing moves is the point
        run = learn(two_sided_game(), learner, iterations, at=grid, initial=initial, probe=DivergenceProbe())
    return {"horizons": np.array([2]), "checkpoints": grid, "ne_gap": run.ne_gap, **run.probes}


def small_step_runs(
    seeds: Sequence[int],
    root_seed: int,
    *,
    rate_factors: Sequence[float],
    horizon: int,
    n_states: int,
    n_actions: Sequence[int],
    iterations: int,
    n_checkpoints: int,
) -> Arrays:
    """Theorem 1 at ever smaller learning rates, on random games from uniform policies.

    Returns
    -------
    dict of arrays
        ``rate_factors``, over 1 / (8 H^2); ``seeds``; ``checkpoints``; ``ne_gap``, ``divergence_first``,
        ``divergence_worst`` (factors, seeds, C).
    """
    games = [
        zero_sum_sequence(
            "random", root_seed, "small step", seed, n_games=1, perturbation=0.0, horizon=horizon, n_states=n_states,
            n_actions=n_actions, stationary=False,
        )[0]
        for seed in seeds
    ]  # fmt: skip
    grid = checkpoints(iterations, n_checkpoints)
    rates = np.repeat(rate_factors, len(games)) * largest_learning_rate(horizon)
    learner = OptimisticMirrorDescent(rates)
    run = learn(games * len(rate_factors), learner, iterations, at=grid, probe=DivergenceProbe())
    shape = (len(rate_factors), len(games), len(grid))
    return {
        "rate_factors": np.array(rate_factors),
        "seeds": np.array(seeds, dtype=np.int64),
        "checkpoints": grid,
        "ne_gap": run.ne_gap.reshape(shape),
        **{name: value.reshape(shape) for name, value in run.probes.items()},
    }


# Sequences ----------------------------------------------------------------------------------------------


def sequence_runs(
    base_kind: str,
    arm: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    settings: Sequence[Mapping[str, Any]],
    n_states: int,
    n_actions: Sequence[int],
) -> Arrays:
    """Theorem 2: sequences of K similar games, for several settings.

    Parameters
    ----------
    arm : str
        Key of :data:`metanash.meta.META_UPDATES`.
    settings : sequence of mappings
        Each with ``horizon``, ``games`` (K), ``perturbation``, ``iterations`` (T) and ``learning_rate`` (over
        1 / (8 H^2)).

    Returns
    -------
    dict of arrays
        (settings, seeds): ``ne_gap``, the mean over all K games at T; ``later_gap``, that of games 2 to K;
        ``similarity``, Delta_{mu,nu}; ``divergence``, the mean over the games of Theorem 1's (worst best response).
    """
    found: dict[str, list[Floats]] = {"ne_gap": [], "later_gap": [], "similarity": [], "divergence": []}
    for setting in settings:
        horizon, k, iterations = setting["horizon"], setting["games"], setting["iterations"]
        sequences = [
            zero_sum_sequence(
                base_kind, root_seed, "sequence", horizon, seed, n_games=k, perturbation=setting["perturbation"],
                horizon=horizon, n_states=n_states, n_actions=n_actions, stationary=False,
            )
            for seed in seeds
        ]  # fmt: skip
        batches = [GameBatch(tuple(sequence[n] for sequence in sequences)) for n in range(k)]
        learner = OptimisticMirrorDescent(setting["learning_rate"] * largest_learning_rate(horizon))
        runs = learn_sequence(batches, learner, META_UPDATES[arm](k), iterations, at=[iterations]).runs
        gaps = np.stack([run.ne_gap[:, 0] for run in runs])
        stages = StagesTogether.of([learner.stages(run.state) for run in runs])
        found["ne_gap"].append(gaps.mean(axis=0))
        found["later_gap"].append(gaps[1:].mean(axis=0))
        found["similarity"].append(total_dissimilarity(stages.best_responses()) + np.zeros(len(seeds)))
        found["divergence"].append(stages.total(stage_divergence) / k)
    return {"seeds": np.array(seeds, dtype=np.int64), **{name: np.stack(value) for name, value in found.items()}}
