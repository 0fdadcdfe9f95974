"""Theorems 5 and 6, measured: Algorithm 2 on general-sum Markov games.

Arrays only; what follows from them is worked out in the module ``tables``. ``cce_gap`` is the exact CCE-gap, not a
number where that takes too much (:func:`metanash.correlated.cce_gains_or_bounds`); ``cce_gap_bound`` is the gap of a
deviator who is told the stage, which is no less. Learning rates are multiples of ``cce_learning_rate``, that of
equation (11), which depends on T.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash.bounds.general_sum import cce_learning_rate
from metanash.correlated import CorrelatedPolicy, cce_gains_or_bounds
from metanash.families.general_sum import general_sum_sequence
from metanash.games import GameBatch, MarkovGame
from metanash.learners import CorrelatedMirrorDescent, checkpoints, learn
from metanash.learners.correlated_mirror_descent import JointState
from metanash.learners.schedules import stage_count
from metanash.meta import META_UPDATES, learn_sequence
from metanash.similarity import total_dissimilarity
from metanash.streams import stream
from metanash.transitions import Transition
from metanash.typing import Arrays, Floats
from metanash_replication.stages import (
    STAGE_STARTS,
    PlayerDivergenceProbe,
    StagesTogether,
    joint_stage_divergence,
    nearest_stage_ends,
    stage_policies,
)

__all__ = ["burn_in_game", "burn_in_runs", "random_games", "schedule_runs", "sequence_runs"]


def exact_gaps(games: GameBatch[MarkovGame], policy: CorrelatedPolicy) -> Floats:
    """CCE-gap (G,), not a number where it takes too much."""
    found = cce_gains_or_bounds(games, policy)
    return np.where(found.gap_is_exact, found.gap, np.nan)


class _Probe:
    """Divergences of Theorem 5 and the exact CCE-gap, at the checkpoints of one run."""

    def __init__(self, games: MarkovGame | Sequence[MarkovGame]) -> None:
        self._games = GameBatch.of(games)
        self._divergence = PlayerDivergenceProbe()

    def __call__(self, learner: CorrelatedMirrorDescent, state: JointState) -> dict[str, Floats]:
        return {**self._divergence(learner, state), "cce_gap": exact_gaps(self._games, learner.output(state))}


# Random games -------------------------------------------------------------------------------------------


def random_games(
    base_kind: str,
    horizon: int,
    root_seed: int,
    *,
    states: Sequence[int],
    actions: Sequence[Sequence[int]],
    games_per_size: int,
    perturbation: float,
    iterations: int,
    n_checkpoints: int,
    rate_factors: Sequence[float],
) -> Arrays:
    """Algorithm 2 on many random games of all sizes, from all kinds of initial policies.

    Learning rates and kinds of initial policies (uniform, random, near a random vertex in every stage) cycle from game
    to game.

    Parameters
    ----------
    actions : sequence of sequences of int
        Numbers of actions; as many players as there are.
    rate_factors : sequence of positive float
        Learning rates over that of equation (11) at T = ``iterations``.

    Returns
    -------
    dict of arrays
        ``checkpoints`` (C,); per game ``n_players``, ``max_actions``, ``rate_factor``, ``learning_rate``,
        ``uniform_start``; ``cce_gap_bound``, ``cce_gap``, ``divergence_first``, ``divergence_worst`` (games, C).
    """
    grid, stages = checkpoints(iterations, n_checkpoints), stage_count(iterations, horizon)
    parts: list[Arrays] = []
    for n_states, n_actions in itertools.product(states, actions):
        games, starts, factors, initial = [], [], [], []
        cycle = itertools.cycle(itertools.product(STAGE_STARTS, rate_factors))
        for k, (start, factor) in zip(range(games_per_size), cycle, strict=False):
            address: tuple[int | str, ...] = (root_seed, "random general-sum", horizon, n_states, *n_actions, k)
            games += general_sum_sequence(
                base_kind, *address, n_games=1, perturbation=perturbation, horizon=horizon, n_states=n_states,
                n_actions=n_actions, stationary=False,
            )  # fmt: skip
            rng = stream(*address, "initial policies")
            initial.append([stage_policies(start, stages, (horizon, n_states, n), rng) for n in n_actions])
            starts.append(start == "uniform")
            factors.append(factor)
        policies = tuple(np.stack([own[i] for own in initial]) for i in range(len(n_actions)))
        rate = np.array(factors) * cce_learning_rate(horizon, iterations, len(n_actions))
        learner = CorrelatedMirrorDescent(rate)
        run = learn(games, learner, iterations, at=grid, initial=policies, probe=_Probe(games))
        count = len(games)
        parts.append(
            {
                "n_players": np.full(count, len(n_actions)),
                "max_actions": np.full(count, max(n_actions)),
                "rate_factor": np.array(factors),
                "learning_rate": rate,
                "uniform_start": np.array(starts),
                "cce_gap_bound": run.measures["cce_gap_bound"],
                **run.probes,
            }
        )
    return {"checkpoints": grid, **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]}}


# Burn-in ------------------------------------------------------------------------------------------------


def burn_in_game(horizon: int) -> MarkovGame:
    """One state, two players: at each step a player's second action pays it 1, whatever the other does."""
    reward = np.zeros((2, horizon, 1, 2, 2))
    reward[0, ..., 1, :] = 1.0
    reward[1, ..., 1] = 1.0
    return MarkovGame(reward, Transition.shared(np.ones((1, 2, 2, 1))), name=f"burn-in {horizon}")


def burn_in_runs(horizons: Sequence[int], *, iterations: int, learning_rate: float, margin: float) -> Arrays:
    """Theorem 5 on :func:`burn_in_game`, from initial policies that are wrong in stage 1 only, where all actions tie.

    In stage 1 the initial policies are within ``margin`` of the first action, which is then as good a best response as
    the second; afterwards of the second. With a small learning rate they stay there.

    Returns
    -------
    dict of arrays
        ``horizons``; ``checkpoints`` (1,); ``cce_gap_bound``, ``cce_gap``, ``divergence_first``, ``divergence_worst``
        (horizons, 1).
    """
    names = ("cce_gap_bound", "cce_gap", "divergence_first", "divergence_worst")
    found: dict[str, list[Floats]] = {name: [] for name in names}
    for horizon in horizons:
        second = np.full((1, stage_count(iterations, horizon), horizon, 1), 1.0 - margin)
        second[:, 0] = margin
        policy = np.stack([1.0 - second, second], axis=-1)
        learner = CorrelatedMirrorDescent(learning_rate)
        game = burn_in_game(horizon)
        run = learn(game, learner, iterations, at=[iterations], initial=(policy, policy), probe=_Probe(game))
        for name, value in (("cce_gap_bound", run.measures["cce_gap_bound"]), *run.probes.items()):
            found[name].append(value[0])
    stacked = {name: np.stack(values) for name, values in found.items()}
    return {"horizons": np.array(horizons, dtype=np.int64), "checkpoints": np.array([iterations]), **stacked}


# Step-size schedules ------------------------------------------------------------------------------------


def schedule_names(constants: Sequence[float]) -> list[str]:
    """Names of the schedules, in the order of :func:`schedule_rates`."""
    return ["prescribed", "quarter", *(f"constant {rate}" for rate in constants)]


def schedule_rates(
    horizon: int, iterations: npt.ArrayLike, n_players: int, constants: Sequence[float]
) -> dict[str, Floats]:
    """Learning rates of each schedule, one for each T.

    ``prescribed`` is H^(-2/3) T^(-1/3) (N - 1)^(-2/3), as equation (11) has it; ``quarter`` is T^(-1/4) / H; the others
    are constants.
    """
    t = np.asarray(iterations, dtype=np.float64)
    rates = [cce_learning_rate(horizon, t, n_players), t**-0.25 / horizon, *(np.full(t.shape, c) for c in constants)]
    return dict(zip(schedule_names(constants), rates, strict=True))


def schedule_runs(
    base_kind: str,
    horizon: int,
    seeds: Sequence[int],
    root_seed: int,
    *,
    n_states: int,
    n_actions: Sequence[int],
    iterations: Sequence[int],
    constants: Sequence[float],
    schedules: Sequence[str] | None = None,
    at_stage_ends: bool = False,
) -> Arrays:
    """Algorithm 2 from uniform policies, one run for each T: the learning rates of two schedules depend on it.

    Parameters
    ----------
    schedules : sequence of str, optional
        Those of :func:`schedule_names` that are run; by default all.
    at_stage_ends : bool
        Whether each T is moved to the nearest end of a stage.

    Returns
    -------
    dict of arrays
        ``iterations`` (Ts,); ``seeds``; ``learning_rate`` (schedules, Ts); ``cce_gap_bound``, ``cce_gap``,
        ``divergence_worst`` (schedules, seeds, Ts), in the order of :func:`schedule_names`.

    Raises
    ------
    ValueError
        If a schedule is unknown.
    """
    if unknown := set(schedules or ()) - set(schedule_names(constants)):
        raise ValueError(f"no schedule {', '.join(sorted(unknown))}; there are {', '.join(schedule_names(constants))}")
    if at_stage_ends:
        iterations = nearest_stage_ends(iterations, horizon).tolist()
    games = [
        general_sum_sequence(
            base_kind, root_seed, "schedule", horizon, *n_actions, seed, n_games=1, perturbation=0.0, horizon=horizon,
            n_states=n_states, n_actions=n_actions, stationary=False,
        )[0]
        for seed in seeds
    ]  # fmt: skip
    by_name = schedule_rates(horizon, iterations, len(n_actions), constants)
    rates = [rate for name, rate in by_name.items() if schedules is None or name in schedules]
    shape = (len(rates), len(seeds), len(iterations))
    found = {name: np.full(shape, np.nan) for name in ("cce_gap_bound", "cce_gap", "divergence_worst")}
    for s, rate in enumerate(rates):
        # a rate that does not depend on T: one run has the output for every T
        same = bool((rate == rate[0]).all())
        groups = [slice(None)] if same else [slice(c, c + 1) for c in range(len(iterations))]
        for group in groups:
            at = np.asarray(iterations, dtype=np.int64)[group]
            learner = CorrelatedMirrorDescent(float(rate[group][0]))
            run = learn(games, learner, int(at[-1]), at=at, probe=_Probe(games))
            measured = {"cce_gap_bound": run.measures["cce_gap_bound"], **run.probes}
            for name, values in found.items():
                values[s, :, group] = measured[name]
    return {
        "seeds": np.array(seeds, dtype=np.int64),
        "iterations": np.array(iterations, dtype=np.int64),
        "learning_rate": np.stack(rates),
        **found,
    }


# Sequences ----------------------------------------------------------------------------------------------


def sequence_runs(arm: str, seeds: Sequence[int], root_seed: int, *, settings: Sequence[Mapping[str, Any]]) -> Arrays:
    """Theorem 6: sequences of K similar general-sum games, for several settings.

    Parameters
    ----------
    arm : str
        Key of :data:`metanash.meta.META_UPDATES`.
    settings : sequence of mappings
        Each with ``base_kind``, ``horizon``, ``n_states``, ``n_actions``, ``games`` (K), ``perturbation``,
        ``iterations`` (T) and ``rate_factor``, the learning rate over that of equation (11).

    Returns
    -------
    dict of arrays
        (settings, seeds): ``gap`` and ``gap_bound``, the means of ``cce_gap`` and ``cce_gap_bound`` over all games at
        T; ``later_gap`` and ``later_gap_bound``, those of games 2 to K; ``similarity``, Delta_pi; ``divergence``, the
        mean over the games of Theorem 5's (worst best response); and (settings,) ``learning_rate``.
    """
    gaps = ("gap", "later_gap", "gap_bound", "later_gap_bound")
    found: dict[str, list[Any]] = {name: [] for name in (*gaps, "similarity", "divergence", "learning_rate")}
    for setting in settings:
        k, t, n_actions = setting["games"], setting["iterations"], setting["n_actions"]
        sequences = [
            general_sum_sequence(
                setting["base_kind"], root_seed, "general-sum sequence", setting["horizon"], *n_actions, seed,
                n_games=k, n_actions=n_actions, stationary=False,
                **{key: setting[key] for key in ("perturbation", "horizon", "n_states")},
            )
            for seed in seeds
        ]  # fmt: skip
        batches = [GameBatch(tuple(sequence[n] for sequence in sequences)) for n in range(k)]
        rate = setting["rate_factor"] * float(cce_learning_rate(setting["horizon"], t, len(n_actions)))
        learner = CorrelatedMirrorDescent(rate)
        runs = learn_sequence(batches, learner, META_UPDATES[arm](k), t, at=[t]).runs
        bound = np.stack([run.measures["cce_gap_bound"][:, 0] for run in runs])
        exact = np.stack(
            [exact_gaps(batch, learner.output(run.state)) for batch, run in zip(batches, runs, strict=True)]
        )
        stages = StagesTogether.of([learner.stages(run.state) for run in runs])
        found["gap"].append(exact.mean(axis=0))
        found["later_gap"].append(exact[1:].mean(axis=0))
        found["gap_bound"].append(bound.mean(axis=0))
        found["later_gap_bound"].append(bound[1:].mean(axis=0))
        found["similarity"].append(total_dissimilarity(stages.best_responses()) + np.zeros(len(seeds)))
        found["divergence"].append(stages.total(joint_stage_divergence) / k)
        found["learning_rate"].append(rate)
    return {"seeds": np.array(seeds, dtype=np.int64), **{name: np.stack(value) for name, value in found.items()}}
