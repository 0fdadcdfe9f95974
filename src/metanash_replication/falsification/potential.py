"""Proposition 1 and Theorem 3 as claims to search: projected Q-ascent on teams.

Step sizes go from the largest of Proposition 1 down by two powers of ten; initial policies may be deterministic.
"""

import itertools
from decimal import Decimal
from typing import Any

import numpy as np

from metanash.bounds.potential import FACTORS, REPAIRED, largest_ascent_step, proposition_1, theorem_3
from metanash.games import DiscountedGame, GameBatch
from metanash.gaps import potential_rises, rise_error
from metanash.learners import Policies, ProjectedQAscent, checkpoints, learn
from metanash.meta import CarryOver, learn_sequence
from metanash.similarity import distribution_mismatch, largest_potential_drops, largest_potentials
from metanash.typing import Floats
from metanash_replication.falsification.batches import games_of
from metanash_replication.falsification.cube import Cube
from metanash_replication.falsification.falsifiable import Falsifiable, Instances, PreciseSides, Sides, Size
from metanash_replication.falsification.precise import teams
from metanash_replication.falsification.precise.arithmetic import decimals, normalised

__all__ = ["PROPOSITION_1", "THEOREM_3", "decode_team"]


_SMALLEST_STEP = 1e-2
"""Over the largest step size of Proposition 1."""
_CHECKPOINTS = 4
_RARE = 0.05
"""Least weight of a state at the start, before the weights are normalised."""


def decode_team(cube: Cube, size: Size) -> dict[str, Floats]:
    """K teams with the same transitions, and initial policies."""
    shape = (size.n_states, *size.n_actions)
    weight = _RARE + (1.0 - _RARE) * cube.extremes(size.n_states)
    kernel = cube.distributions(*shape, size.n_states)
    policies = {f"policy_{i}": cube.distributions(size.n_states, n) for i, n in enumerate(size.n_actions)}
    return {
        "reward": cube.extremes(size.games, 1, *shape),
        "transition": np.repeat(kernel[:, np.newaxis, np.newaxis], size.games, axis=1),
        "start": weight / weight.sum(axis=1, keepdims=True),
        "step_factor": cube.logarithmic(_SMALLEST_STEP, 1.0),
        **policies,
    }


def _policies(instances: Instances, size: Size) -> Policies:
    return tuple(np.ascontiguousarray(instances[f"policy_{i}"]) for i in range(len(size.n_actions)))


def _steps(instances: Instances, size: Size, mismatch: Floats) -> Floats:
    return instances["step_factor"] * largest_ascent_step(
        size.discount, mismatch, len(size.n_actions), max(size.n_actions)
    )


# Proposition 1 ------------------------------------------------------------------------------------------


def _proposition_1(instances: Instances, size: Size) -> Sides:
    batch: GameBatch[DiscountedGame] = games_of(DiscountedGame, instances, size)
    mismatch, start = distribution_mismatch(batch), _policies(instances, size)
    step, grid = _steps(instances, size, mismatch), checkpoints(size.iterations, _CHECKPOINTS)
    learner = ProjectedQAscent(step, every_gap=True)

    def rises(learner: ProjectedQAscent, state: Any) -> dict[str, Floats]:
        return {"rise": potential_rises(batch, learner.output(state), start)}

    run = learn(batch, learner, size.iterations, at=grid, initial=start, probe=rises)
    # with its rounding error added, which is the same for all rewards in [0, 1]: what exceeds 1 does so beyond rounding
    rise, column = np.maximum(run.probes["rise"], 0.0) + rise_error(batch.game), (slice(None), np.newaxis)
    forms = {
        form: proposition_1(rise, mismatch[column], step[column], grid, size.discount, factor)
        for form, factor in FACTORS.items()
    }
    return Sides(grid, run.measures["mean_gap"], forms)


def _precise_team(instance: Instances, size: Size, number: int = 0) -> teams.Team:
    parts = instance["reward"][number, 0], instance["transition"][number, 0], instance["start"]
    return teams.team(*parts, size.discount)


def _precise_start(instance: Instances, size: Size) -> teams.Policy:
    return [normalised(decimals(instance[f"policy_{i}"])) for i in range(len(size.n_actions))]


def _precise_factors() -> dict[str, Decimal]:
    return {form: Decimal(1920) / 959 if factor == REPAIRED else Decimal(factor) for form, factor in FACTORS.items()}


def _verify_proposition_1(instance: Instances, size: Size, iterations: int) -> PreciseSides:
    team, start = _precise_team(instance, size), _precise_start(instance, size)
    kappa = team.mismatch()
    step = Decimal(float(instance["step_factor"])) * teams.largest_step(team.discount, kappa, team.actions)
    gap, last = team.mean_gap(start, step, iterations)
    inner = kappa * (team.value(last) - team.value(start)) / (step * iterations * (1 - team.discount) ** 2)
    return gap, {form: (factor * inner).sqrt() for form, factor in _precise_factors().items()}


PROPOSITION_1 = Falsifiable(
    title="Proposition 1",
    forms=tuple(FACTORS),
    sizes=(
        Size((2, 2), iterations=32),
        Size((2, 2), n_states=2, discount=0.5, iterations=8),
        Size((2, 2), n_states=2, discount=0.9, iterations=8),
    ),
    game=DiscountedGame,
    decode=decode_team,
    evaluate=_proposition_1,
    verify=_verify_proposition_1,
    proportional=True,
)

# Theorem 3 ----------------------------------------------------------------------------------------------


def _theorem_3(instances: Instances, size: Size) -> Sides:
    k, t = size.games, size.iterations
    batches: list[GameBatch[DiscountedGame]] = [games_of(DiscountedGame, instances, size, n) for n in range(k)]
    mismatch = distribution_mismatch(batches[0])  # transitions are shared
    step = _steps(instances, size, mismatch)
    learner, start = ProjectedQAscent(step, every_gap=True), CarryOver(_policies(instances, size))
    runs = learn_sequence(batches, learner, start, t, at=[t]).runs
    gap = np.mean([run.measures["mean_gap"] for run in runs], axis=0)
    drops = [largest_potential_drops(a, b)[0] for a, b in itertools.pairwise(batches)]
    dissimilarity = np.sum(drops, axis=0) + np.zeros(len(step))
    largest = np.max([largest_potentials(batch) for batch in batches], axis=0)
    column = (slice(None), np.newaxis)
    forms = {
        form: theorem_3(
            largest[column], dissimilarity[column], k, mismatch[column], step[column], t, size.discount, factor
        )
        for form, factor in FACTORS.items()
    }
    return Sides(np.array([t]), gap, forms)


def _verify_theorem_3(instance: Instances, size: Size, iterations: int) -> PreciseSides:
    sequence = [_precise_team(instance, size, number) for number in range(size.games)]
    kappa = max(team.mismatch() for team in sequence)
    first = sequence[0]
    step = Decimal(float(instance["step_factor"])) * teams.largest_step(first.discount, kappa, first.actions)
    policy, gaps = _precise_start(instance, size), []
    for team in sequence:
        gap, policy = team.mean_gap(policy, step, iterations)
        gaps.append(gap)
    change = [a.largest(a.reward - b.reward) for a, b in itertools.pairwise(sequence)]
    total = max(team.largest(team.reward) for team in sequence) + sum(change, start=Decimal(0))
    inner = kappa * total / (size.games * step * iterations * (1 - first.discount) ** 2)
    gap = sum(gaps, start=Decimal(0)) / size.games
    return gap, {form: (factor * inner).sqrt() for form, factor in _precise_factors().items()}


THEOREM_3 = Falsifiable(
    title="Theorem 3",
    forms=tuple(FACTORS),
    sizes=(
        Size((2, 2), games=2, iterations=32),
        Size((2, 2), games=2, iterations=100),
        Size((2, 2), n_states=2, games=2, discount=0.5, iterations=32),
    ),
    game=DiscountedGame,
    decode=decode_team,
    evaluate=_theorem_3,
    verify=_verify_theorem_3,
    proportional=True,
)
