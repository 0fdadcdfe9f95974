"""Theorems 1 and 2 and equation (4) as claims to search: Algorithm 1 on zero-sum games.

Initial policies differ in the first stages and are the same from then on. Learning rates go from the largest of
Theorem 1 down by six powers of ten, and T is the best of log-spaced ones up to the largest of the size.
"""

from decimal import Decimal
from typing import Any

import numpy as np

from metanash.bounds import zero_sum as bounds
from metanash.games import GameBatch, ZeroSumGame
from metanash.learners import OptimisticMirrorDescent, Run, checkpoints, learn
from metanash.learners.stages import stage_count
from metanash.meta import META_UPDATES, learn_sequence
from metanash.similarity import total_dissimilarity
from metanash.typing import Floats, Integers
from metanash_replication.falsification.batches import games_of
from metanash_replication.falsification.cube import Cube
from metanash_replication.falsification.falsifiable import Falsifiable, Instances, PreciseSides, Sides, Size
from metanash_replication.falsification.precise import stages as precise
from metanash_replication.falsification.precise.arithmetic import Decimals, decimals, normalised
from metanash_replication.stages import DivergenceProbe

__all__ = ["EQUATION_4", "THEOREM_1", "THEOREM_2", "every_stage", "markov_chain"]


_SMALLEST_RATE = 1e-6
"""Over the largest learning rate of Theorem 1."""
_CHECKPOINTS = 10


def markov_chain(cube: Cube, size: Size) -> Floats:
    """Transitions (n, H, S, A_1, ..., A_N, S); after the last step to the first state."""
    shape = (size.n_states, *size.n_actions, size.n_states)
    kernel = np.zeros((len(cube), size.horizon, *shape))
    kernel[..., 0] = 1.0
    kernel[:, :-1] = cube.distributions(size.horizon - 1, *shape)
    return kernel


def first_state(cube: Cube, size: Size) -> Floats:
    """The first state for certain: (n, S)."""
    return np.tile(np.eye(size.n_states)[0], (len(cube), 1))


def stage_policies(cube: Cube, size: Size) -> dict[str, Floats]:
    """Initial policies of stages 1 to H and of all later ones, (n, H + 1, H, S, A_i) for each player."""
    lead = (size.horizon + 1, size.horizon, size.n_states)
    return {f"policy_{i}": cube.interior(*lead, n) for i, n in enumerate(size.n_actions)}


def every_stage(instances: Instances, size: Size) -> tuple[Floats, ...]:
    """Initial policies of every stage of a run, the last ones repeated."""
    count = stage_count(size.iterations, size.horizon)
    place = np.minimum(np.arange(count), size.horizon)
    return tuple(instances[f"policy_{i}"][:, place] for i in range(len(size.n_actions)))


def _games(cube: Cube, size: Size) -> dict[str, Floats]:
    """K zero-sum games with the same transitions, and a learning rate."""
    kernel = markov_chain(cube, size)
    largest = bounds.largest_learning_rate(size.horizon)
    return {
        "reward": cube.extremes(size.games, size.horizon, size.n_states, *size.n_actions),
        "transition": np.stack([kernel] * size.games, axis=1),
        "start": first_state(cube, size),
        "learning_rate": cube.logarithmic(_SMALLEST_RATE * largest, largest),
        "largest_rate": np.full(len(cube), largest),
    }


def _with_policies(cube: Cube, size: Size) -> dict[str, Floats]:
    return {**_games(cube, size), **stage_policies(cube, size)}


# Theorem 1 ----------------------------------------------------------------------------------------------


def _theorem_1_forms(first: Any, worst: Any, size: Size, t: Any, rate: Any) -> dict[str, Any]:
    h = size.horizon
    return {
        "printed": bounds.theorem_1(first, h, t),
        "printed, worst best response": bounds.theorem_1(worst, h, t),
        "printed, with the learning rate": bounds.theorem_1(first, h, t, rate),
        "repaired: worst best response": bounds.theorem_1(worst, h, t, rate),
        "repaired: burn-in term": bounds.theorem_1(first, h, t, rate) + bounds.two_sided_burn_in(h) / t,
    }


def _run(instances: Instances, size: Size, grid: Integers, initial: tuple[Floats, ...] | None) -> Run[Any]:
    learner = OptimisticMirrorDescent(instances["learning_rate"])
    batch: GameBatch[ZeroSumGame] = games_of(ZeroSumGame, instances, size)
    return learn(batch, learner, size.iterations, at=grid, initial=initial, probe=DivergenceProbe())


def _theorem_1(instances: Instances, size: Size) -> Sides:
    grid = checkpoints(size.iterations, _CHECKPOINTS)
    run = _run(instances, size, grid, every_stage(instances, size))
    first, worst = run.probes["divergence_first"], run.probes["divergence_worst"]
    rate = instances["learning_rate"][:, np.newaxis]
    return Sides(grid, run.ne_gap, _theorem_1_forms(first, worst, size, grid, rate))


def _precise_run(
    instance: Instances, iterations: int, number: int = 0, initial: list[Decimals] | None = None
) -> tuple[list[precise.PreciseStage], Decimal]:
    """Stages of Algorithm 1 on one game, and the NE-gap of the output; default: the instance's initial policies."""
    reward, kernel = decimals(instance["reward"][number]), normalised(decimals(instance["transition"][number]))
    if initial is None:
        initial = [normalised(decimals(instance[f"policy_{i}"])) for i in (0, 1)]
    rate = Decimal(float(instance["learning_rate"]))
    found = precise.run(np.stack([reward, -reward]), kernel, initial, rate, iterations)
    return found, precise.zero_sum_gap(found, reward, kernel, decimals(instance["start"]))


def _uniform(size: Size) -> list[Decimals]:
    shape = (1, size.horizon, size.n_states)
    return [np.full((*shape, n), Decimal(1) / n, dtype=object) for n in size.n_actions]


def _rate_factors(instance: Instances, size: Size) -> tuple[Decimal, Decimal]:
    """192 H^3 and 24 H / eta."""
    return Decimal(192 * size.horizon**3), 24 * size.horizon / Decimal(float(instance["learning_rate"]))


def _verify_theorem_1(instance: Instances, size: Size, iterations: int) -> PreciseSides:
    stages, gap = _precise_run(instance, iterations)
    first, worst = (precise.divergences(stages, worst=which, largest=False) for which in (False, True))
    printed, repaired = _rate_factors(instance, size)
    return gap, {
        "printed": printed * first / iterations,
        "printed, worst best response": printed * worst / iterations,
        "printed, with the learning rate": repaired * first / iterations,
        "repaired: worst best response": repaired * worst / iterations,
        "repaired: burn-in term": (repaired * first + bounds.two_sided_burn_in(size.horizon)) / iterations,
    }


THEOREM_1 = Falsifiable(
    title="Theorem 1",
    forms=(
        "printed",
        "printed, worst best response",
        "printed, with the learning rate",
        "repaired: worst best response",
        "repaired: burn-in term",
    ),
    sizes=(Size((2, 2), iterations=8192), Size((2, 2), n_states=2, horizon=2, iterations=512)),
    game=ZeroSumGame,
    decode=_with_policies,
    evaluate=_theorem_1,
    verify=_verify_theorem_1,
)

# Equation 4 ---------------------------------------------------------------------------------------------


def _equation_4(instances: Instances, size: Size) -> Sides:
    grid = np.unique(np.maximum(checkpoints(size.iterations, _CHECKPOINTS), 2))  # at T = 1 the right side is 0
    gap = _run(instances, size, grid, None).ne_gap
    rate, pair = instances["learning_rate"][:, np.newaxis], (size.n_actions[0], size.n_actions[1])
    repaired = bounds.theorem_1_uniform(size.horizon, grid, pair, rate)
    printed = bounds.theorem_1_uniform(size.horizon, grid, pair)
    return Sides(grid, gap, {"printed": np.broadcast_to(printed, gap.shape), "repaired: learning rate": repaired})


def _verify_equation_4(instance: Instances, size: Size, iterations: int) -> PreciseSides:
    _, gap = _precise_run(instance, iterations, initial=_uniform(size))
    inner = 4 * size.horizon**2 * precise.log(iterations) * precise.log(size.n_actions[0] * size.n_actions[1])
    printed, repaired = (factor * inner / iterations for factor in _rate_factors(instance, size))
    return gap, {"printed": printed, "repaired: learning rate": repaired}


EQUATION_4 = Falsifiable(
    title="equation (4)",
    forms=("printed", "repaired: learning rate"),
    sizes=(Size((2, 2), iterations=32768), Size((2, 2), n_states=2, horizon=2, iterations=512)),
    game=ZeroSumGame,
    decode=_games,
    evaluate=_equation_4,
    verify=_verify_equation_4,
)

# Theorem 2 ----------------------------------------------------------------------------------------------


def _theorem_2(instances: Instances, size: Size) -> Sides:
    k, learner = size.games, OptimisticMirrorDescent(instances["learning_rate"])
    batches: list[GameBatch[ZeroSumGame]] = [games_of(ZeroSumGame, instances, size, n) for n in range(k)]
    grid = np.array([size.iterations])
    runs = learn_sequence(batches, learner, META_UPDATES["best_response"](k), size.iterations, at=grid).runs
    stages = [learner.stages(run.state) for run in runs]
    responses = [
        np.stack([np.stack([s.best_response(i) for s in game], axis=1) for game in stages], axis=1) for i in (0, 1)
    ]
    similarity, pair = total_dissimilarity(responses)[:, np.newaxis], (size.n_actions[0], size.n_actions[1])
    rate = instances["learning_rate"][:, np.newaxis]
    forms = {
        "printed": bounds.theorem_2(similarity, k, size.horizon, grid, pair),
        "repaired: learning rate": bounds.theorem_2(similarity, k, size.horizon, grid, pair, rate),
    }
    return Sides(grid, np.mean([run.ne_gap for run in runs], axis=0), forms)


def _dissimilarity(responses: Decimals) -> Decimal:
    """Sum over games, stages and steps of the largest over states of KL(response || mean response)."""
    mean, total = responses.sum(axis=0) / Decimal(len(responses)), Decimal(0)
    for game in responses:
        for place in np.ndindex(*game.shape[:2]):
            states = []
            for s in range(game.shape[2]):
                p, q = game[(*place, s)], mean[(*place, s)]
                states.append(sum((x * (x / y).ln() for x, y in zip(p, q, strict=True) if x), start=Decimal(0)))
            total += max(states)
    return total


def _verify_theorem_2(instance: Instances, size: Size, iterations: int) -> PreciseSides:
    k, alpha = size.games, 1 / Decimal(size.games).sqrt()
    initial, gaps = _uniform(size), []
    seen: list[list[Decimals]] = [[], []]
    for number in range(k):
        stages, gap = _precise_run(instance, iterations, number, initial)
        gaps.append(gap)
        for i in (0, 1):
            seen[i].append(np.stack([precise.shared_response(stage.payoff[i]) for stage in stages]))
        initial = [np.asarray(sum(precise.greedy(game, alpha) for game in own) / Decimal(len(own))) for own in seen]
    similarity = sum((_dissimilarity(np.stack(own)) for own in seen), start=Decimal(0))
    a, b = size.n_actions
    inner = similarity / k + 10 * (a + b) * precise.log(k) / Decimal(k).sqrt()
    inner += 16 * size.horizon**2 * precise.log(iterations) * precise.log(a * b * k) / Decimal(k).sqrt()
    printed, repaired = (factor * inner / iterations for factor in _rate_factors(instance, size))
    return sum(gaps, start=Decimal(0)) / k, {"printed": printed, "repaired: learning rate": repaired}


THEOREM_2 = Falsifiable(
    title="Theorem 2",
    forms=("printed", "repaired: learning rate"),
    sizes=(Size((2, 2), games=5, iterations=256), Size((2, 2), n_states=2, horizon=2, games=5, iterations=64)),
    game=ZeroSumGame,
    decode=_games,
    evaluate=_theorem_2,
    verify=_verify_theorem_2,
)
