"""Theorems 1 and 2 and equation (4) as claims to search: Algorithm 1 on zero-sum games.

Initial policies differ in the first stages and are the same from then on. Learning rates go from the largest of
Theorem 1 down by six powers of ten, and T is the best of log-spaced ones up to the largest of the size.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from metanash._inner.reductions import largest
from metanash.bounds import zero_sum as bounds
from metanash.games import GameBatch, ZeroSumGame
from metanash.learners import OptimisticMirrorDescent, Run, learn
from metanash.learners.base import PureStartWarning
from metanash.learners.schedules import next_stage_length, stage_count
from metanash.meta import META_UPDATES, learn_sequence
from metanash.similarity import total_dissimilarity
from metanash.typing import Floats, Integers
from metanash_replication.falsification.batches import games_of
from metanash_replication.falsification.cube import Cube, interior, with_pure
from metanash_replication.falsification.falsifiable import Emphasis, Falsifiable, Instances, PreciseSides, Sides, Size
from metanash_replication.falsification.precise import stages as precise
from metanash_replication.falsification.precise.arithmetic import Decimals, decimals, normalised
from metanash_replication.stages import DivergenceProbe

__all__ = ["EQUATION_4", "THEOREM_1", "THEOREM_2", "every_stage", "markov_chain"]


_SMALLEST_RATE = 1e-6
"""Over the largest learning rate of Theorem 1."""
_CHECKPOINTS = 10
_TIE = 1e-12
"""Payoffs as near as this are tied, as for the divergences."""


Draw = Callable[..., Floats]
"""Coordinates of a cube as numbers of a shape."""


def by_step(draw: Draw, steps: int, size: Size, *rest: int) -> Floats:
    """Numbers (n, steps, S, *rest) for the first steps, the same in all states of step 1.

    The game starts in the first state, so nothing depends on the others at step 1. But a divergence is that of the
    worst state, and a search would have to put each of them right.
    """
    first = draw(min(steps, 1), 1, *rest)
    alike = np.broadcast_to(first, (*first.shape[:2], size.n_states, *rest))
    return np.concatenate([alike, draw(max(steps - 1, 0), size.n_states, *rest)], axis=1)


def markov_chain(cube: Cube, size: Size) -> Floats:
    """Transitions (n, H, S, A_1, ..., A_N, S); after the last step to the first state."""
    shape = (*size.n_actions, size.n_states)
    kernel = np.zeros((len(cube), size.horizon, size.n_states, *shape))
    kernel[..., 0] = 1.0
    kernel[:, :-1] = by_step(cube.distributions, size.horizon - 1, size, *shape)
    return kernel


def first_state(cube: Cube, size: Size) -> Floats:
    """The first state for certain: (n, S)."""
    return np.tile(np.eye(size.n_states)[0], (len(cube), 1))


def decoded_policies(cube: Cube, size: Size) -> dict[str, Floats]:
    """Initial policies of stages 1 to H and of all later ones, (n, H + 1, H, S, A_i) for each player.

    They are interior, but where only late T are looked at: what counts then is left when the divergences vanish, and
    payoffs tie between pure policies that do not tie near them.
    """
    made = with_pure if size.first > 1 else interior
    return {f"policy_{i}": made(_each_stage(cube, size, n - 1)) for i, n in enumerate(size.n_actions)}


def _each_stage(cube: Cube, size: Size, numbers: int) -> Floats:
    """Coordinates (n, H + 1, H, S, numbers): stage by stage what :func:`by_step` takes, read at once."""
    stages, later = size.horizon + 1, size.horizon - 1
    units = cube.take(stages, (1 + later * size.n_states) * numbers)
    first = units[..., :numbers].reshape(len(units), stages, 1, 1, numbers)
    alike = np.broadcast_to(first, (len(units), stages, 1, size.n_states, numbers))
    rest = units[..., numbers:].reshape(len(units), stages, later, size.n_states, numbers)
    return np.concatenate([alike, rest], axis=2)


def told_apart(size: Size) -> int:
    """Iterations of the stages whose initial policies differ, H of them, and of one later stage."""
    length, covered = size.horizon, 0
    for _ in range(size.horizon + 1):
        covered, length = covered + length, next_stage_length(length, size.horizon)
    return min(covered, size.iterations)


def responding(units: Floats, payoffs: Sequence[Sequence[Floats]], size: Size) -> Floats:
    """Vectors whose last coordinates, those of :func:`decoded_policies`, make the best responses of each stage.

    Parameters
    ----------
    units : (n, d) array
    payoffs : for each player, for each of the first stages, (n, H, S, A_i) array
        Average payoff of each action; of tied actions the first is meant. Stages that were not reached are like the
        last one that was.
    """
    parts = []
    for own in payoffs:
        for stage in range(size.horizon + 1):
            payoff = own[min(stage, len(own) - 1)]
            first = (payoff >= largest(payoff, keepdims=True) - _TIE).argmax(axis=-1)
            vertex = np.eye(payoff.shape[-1])[first][..., 1:]  # the first action is all others at 0
            parts += [vertex[:, 0, 0].reshape(len(units), -1), vertex[:, 1:].reshape(len(units), -1)]
    policies = np.concatenate(parts, axis=1)
    return np.concatenate([units[:, : units.shape[1] - policies.shape[1]], policies], axis=1)


def every_stage(instances: Instances, size: Size, iterations: int | None = None) -> tuple[Floats, ...]:
    """Initial policies of every stage of a run (default: of all iterations of the size), the last ones repeated."""
    count = stage_count(iterations or size.iterations, size.horizon)
    place = np.minimum(np.arange(count), size.horizon)
    return tuple(instances[f"policy_{i}"][:, place] for i in range(len(size.n_actions)))


def _games(cube: Cube, size: Size) -> dict[str, Floats]:
    """K zero-sum games with the same transitions, and a learning rate."""
    kernel = markov_chain(cube, size)
    largest = bounds.largest_learning_rate(size.horizon)
    return {
        "reward": np.stack(
            [by_step(cube.extremes, size.horizon, size, *size.n_actions) for _ in range(size.games)], axis=1
        ),
        "transition": np.stack([kernel] * size.games, axis=1),
        "start": first_state(cube, size),
        "learning_rate": cube.logarithmic(_SMALLEST_RATE * largest, largest),
        "largest_rate": np.full(len(cube), largest),
    }


def _with_policies(cube: Cube, size: Size) -> dict[str, Floats]:
    return {**_games(cube, size), **decoded_policies(cube, size)}


# Theorem 1 ----------------------------------------------------------------------------------------------


def _theorem_1_forms(found: Mapping[str, Floats], size: Size, t: Any, rate: Any) -> dict[str, Any]:
    h, first, worst = size.horizon, found["divergence_first"], found["divergence_worst"]
    return {
        "printed": bounds.theorem_1(first, h, t),
        "printed, worst best response": bounds.theorem_1(worst, h, t),
        "printed, with the learning rate": bounds.theorem_1(first, h, t, rate),
        "repaired: worst best response": bounds.theorem_1(worst, h, t, rate),
        "repaired: burn-in term": bounds.theorem_1(first, h, t, rate) + bounds.two_sided_burn_in(h) / t,
        "proven: any best response": bounds.theorem_1_proven(found["divergence_nearest"], h, t, rate),
    }


def _run(instances: Instances, size: Size, grid: Integers, initial: tuple[Floats, ...] | None) -> Run[Any]:
    learner = OptimisticMirrorDescent(instances["learning_rate"])
    batch: GameBatch[ZeroSumGame] = games_of(ZeroSumGame, instances, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PureStartWarning)  # see decoded_policies
        return learn(batch, learner, size.iterations, at=grid, initial=initial, probe=DivergenceProbe(nearest=True))


def _theorem_1(instances: Instances, size: Size) -> Sides:
    grid = size.checkpoints(_CHECKPOINTS)
    run = _run(instances, size, grid, every_stage(instances, size))
    rate = instances["learning_rate"][:, np.newaxis]
    return Sides(grid, run.ne_gap, _theorem_1_forms(run.probes, size, grid, rate))


def _respond(units: Floats, size: Size) -> Floats:
    instances = _with_policies(Cube(units), size)
    learner = OptimisticMirrorDescent(instances["learning_rate"])
    batch: GameBatch[ZeroSumGame] = games_of(ZeroSumGame, instances, size)
    iterations = told_apart(size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PureStartWarning)
        run = learn(batch, learner, iterations, at=[iterations], initial=every_stage(instances, size, iterations))
    stages = learner.stages(run.state)
    return responding(units, [[stage.payoff[i] for stage in stages] for i in (0, 1)], size)


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


def _proven_factor(horizon: int, rate: Decimal) -> Decimal:
    """The factor c of docs/theorem1.md, its sum term by term."""
    x, growth = horizon * rate, 1 + 1 / Decimal(horizon)
    both = x.exp() + x**2 / 4 * ((2 * x).exp() - 1) ** 2
    single = both / (1 - 2 * x**2)
    if horizon == 1:
        return both
    return 2 * both + 2 * single * (2 * sum(growth**j for j in range(1, horizon - 1)) + growth ** (horizon - 1))


def _verify_theorem_1(instance: Instances, size: Size, iterations: int) -> PreciseSides:
    stages, gap = _precise_run(instance, iterations)
    first, worst = (precise.divergences(stages, worst=which, largest=False) for which in (False, True))
    nearest, rate = precise.nearest_divergence(stages), Decimal(float(instance["learning_rate"]))
    printed, repaired = _rate_factors(instance, size)
    missed = bounds.two_sided_burn_in(size.horizon)
    return gap, {
        "printed": printed * first / iterations,
        "printed, worst best response": printed * worst / iterations,
        "printed, with the learning rate": repaired * first / iterations,
        "repaired: worst best response": repaired * worst / iterations,
        "repaired: burn-in term": (repaired * first + missed) / iterations,
        "proven: any best response": (_proven_factor(size.horizon, rate) * nearest / rate + missed) / iterations,
    }


_BURN_IN = ("repaired: burn-in term", "proven: any best response")
_THEOREM_1_FORMS = (
    "printed",
    "printed, worst best response",
    "printed, with the learning rate",
    "repaired: worst best response",
    "repaired: burn-in term",
    "proven: any best response",
)


def _theorem_1_ceiling(size: Size) -> dict[str, float]:
    """The burn-in alone: no gap is above H, and T / (2 B(H) - C(H)) is largest at the end."""
    ratio = size.horizon * size.iterations / bounds.two_sided_burn_in(size.horizon)
    return dict.fromkeys(_BURN_IN, ratio)


_LATE = Size((2, 3), n_states=3, horizon=2, iterations=48, first=48)
"""The burn-in counts in full at a late T only, and takes states in which either player gains, and a third action."""

THEOREM_1 = Falsifiable(
    title="Theorem 1",
    forms=_THEOREM_1_FORMS,
    sizes=(
        Size((2, 2), iterations=8192),
        Size((2, 2), n_states=2, horizon=2, iterations=512),
        _LATE,
    ),
    game=ZeroSumGame,
    decode=_with_policies,
    evaluate=_theorem_1,
    verify=_verify_theorem_1,
    emphasis={_LATE: Emphasis(_BURN_IN, 8)},
    respond=_respond,
    responsive=tuple(form for form in _THEOREM_1_FORMS if "worst" not in form),
    ceiling=_theorem_1_ceiling,
)

# Equation 4 ---------------------------------------------------------------------------------------------


def _equation_4(instances: Instances, size: Size) -> Sides:
    grid = size.checkpoints(_CHECKPOINTS, least=2)  # at T = 1 the right side is 0
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


def _equation_4_ceiling(size: Size) -> dict[str, float]:
    grid, pair = size.checkpoints(_CHECKPOINTS, least=2), (size.n_actions[0], size.n_actions[1])
    right = bounds.theorem_1_uniform(size.horizon, grid, pair)  # at the largest rate the two forms are the same
    return dict.fromkeys(("printed", "repaired: learning rate"), float(size.horizon / right.min()))


_TWO_STEPS = Size((2, 1), horizon=2, iterations=262144)
"""The printed right side is below 1 from T = 2.1e5 on at the earliest, for two actions in all."""

EQUATION_4 = Falsifiable(
    title="equation (4)",
    forms=("printed", "repaired: learning rate"),
    sizes=(Size((2, 2), iterations=32768), _TWO_STEPS),
    game=ZeroSumGame,
    decode=_games,
    evaluate=_equation_4,
    verify=_verify_equation_4,
    emphasis={_TWO_STEPS: Emphasis(("printed",))},
    ceiling=_equation_4_ceiling,
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


def _theorem_2_ceiling(size: Size) -> dict[str, float]:
    pair = (size.n_actions[0], size.n_actions[1])
    right = bounds.theorem_2(0.0, size.games, size.horizon, np.array(size.iterations), pair)
    return dict.fromkeys(("printed", "repaired: learning rate"), float(size.horizon / right))


_INFORMATIVE = Size((2, 2), games=5, iterations=100000)
"""The right side is below 1 from T = 5e4 on at H = 1; below 2 from T = 1e6 on only at H = 2."""

THEOREM_2 = Falsifiable(
    title="Theorem 2",
    forms=("printed", "repaired: learning rate"),
    sizes=(_INFORMATIVE,),
    game=ZeroSumGame,
    decode=_games,
    evaluate=_theorem_2,
    verify=_verify_theorem_2,
    emphasis={_INFORMATIVE: Emphasis(second_look=0.5)},
    ceiling=_theorem_2_ceiling,
)
