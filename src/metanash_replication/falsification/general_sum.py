"""Theorems 5 and 6 and equation (11) as claims to search: Algorithm 2 on general-sum games.

Theorem 5 holds for any learning rate; here from 1e-6 to 1 / H. Initial policies are as in
:mod:`metanash_replication.falsification.zero_sum`.
"""

import warnings
from decimal import Decimal
from typing import Any

import numpy as np

from metanash.bounds import general_sum as bounds
from metanash.games import GameBatch, MarkovGame
from metanash.learners import CorrelatedMirrorDescent, Policies, learn
from metanash.learners.base import PureStartWarning, Run
from metanash.meta import META_UPDATES, learn_sequence
from metanash.typing import Floats
from metanash_replication.falsification.batches import games_of
from metanash_replication.falsification.cube import Cube
from metanash_replication.falsification.falsifiable import Falsifiable, Instances, PreciseSides, Sides, Size
from metanash_replication.falsification.precise import stages as precise
from metanash_replication.falsification.precise.arithmetic import Decimals, decimals, normalised
from metanash_replication.falsification.zero_sum import (
    by_step,
    decoded_policies,
    every_stage,
    first_state,
    markov_chain,
    responding,
    told_apart,
)
from metanash_replication.stages import PlayerDivergenceProbe

__all__ = ["EQUATION_11", "THEOREM_5", "THEOREM_6"]


_SMALLEST_RATE = 1e-6
_CHECKPOINTS = 7


def _games(cube: Cube, size: Size) -> dict[str, Floats]:
    """K games with the same transitions."""
    kernel = markov_chain(cube, size)
    players = len(size.n_actions)
    return {
        "reward": np.stack(
            [
                np.stack([by_step(cube.extremes, size.horizon, size, *size.n_actions) for _ in range(players)], axis=1)
                for _ in range(size.games)
            ],
            axis=1,
        ),
        "transition": np.stack([kernel] * size.games, axis=1),
        "start": first_state(cube, size),
    }


def _with_rate(cube: Cube, size: Size) -> dict[str, Floats]:
    largest = 1.0 / size.horizon
    rate = {"learning_rate": cube.logarithmic(_SMALLEST_RATE, largest), "largest_rate": np.full(len(cube), largest)}
    return {**_games(cube, size), **rate}


def _with_policies(cube: Cube, size: Size) -> dict[str, Floats]:
    return {**_with_rate(cube, size), **decoded_policies(cube, size)}


def _respond(units: Floats, size: Size) -> Floats:
    instances, iterations = _with_policies(Cube(units), size), told_apart(size)
    learner = CorrelatedMirrorDescent(instances["learning_rate"])
    batch: GameBatch[MarkovGame] = games_of(MarkovGame, instances, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PureStartWarning)  # see decoded_policies
        run = learn(batch, learner, iterations, at=[iterations], initial=every_stage(instances, size, iterations))
    stages = learner.stages(run.state)
    return responding(units, [[stage.payoff[i] for stage in stages] for i in range(len(size.n_actions))], size)


def _precise_run(
    instance: Instances, size: Size, rate: Decimal, iterations: int, number: int = 0, initial: Any = None
) -> tuple[list[precise.PreciseStage], Decimal]:
    """Stages of Algorithm 2 on one game, and the gap of the output; default: uniform initial policies."""
    reward, kernel = decimals(instance["reward"][number]), normalised(decimals(instance["transition"][number]))
    if initial is None:
        shape = (1, size.horizon, size.n_states)
        initial = [np.full((*shape, n), Decimal(1) / n, dtype=object) for n in size.n_actions]
    found = precise.run(reward, kernel, initial, rate, iterations)
    return found, precise.cce_gap_bound(found, reward, kernel, decimals(instance["start"]), initial)


# Theorem 5 ----------------------------------------------------------------------------------------------


def _theorem_5(instances: Instances, size: Size) -> Sides:
    grid, rate = size.checkpoints(_CHECKPOINTS), instances["learning_rate"]
    batch: GameBatch[MarkovGame] = games_of(MarkovGame, instances, size)
    initial: Policies = every_stage(instances, size)
    learner = CorrelatedMirrorDescent(rate)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PureStartWarning)
        run = learn(batch, learner, size.iterations, at=grid, initial=initial, probe=PlayerDivergenceProbe())
    first, worst = run.probes["divergence_first"], run.probes["divergence_worst"]
    h, n, eta = size.horizon, len(size.n_actions), rate[:, np.newaxis]
    printed = bounds.theorem_5(first, h, grid, n, eta)
    forms = {
        "printed": printed,
        "repaired: worst best response": bounds.theorem_5(worst, h, grid, n, eta),
        "repaired: burn-in term": printed + bounds.correlated_burn_in(h) / grid,
        "proven: third power of eta": bounds.theorem_5_smooth(first, h, grid, n, eta),
    }
    return Sides(grid, run.measures["cce_gap_bound"], forms)


def _right_sides(divergence: Decimal, size: Size, iterations: int, rate: Decimal) -> tuple[Decimal, Decimal]:
    """Theorem 5 as printed, and with the third power of eta, at a divergence."""
    h, n = Decimal(size.horizon), len(size.n_actions)
    printed = 3 * divergence / (rate * iterations) + 36 * n**2 * rate**2 * h**4
    growth = (rate * h).exp() * (1 + 1 / h) ** (size.horizon - 1)
    unstable = Decimal(9) / 32 * (n - 1) ** 2 * rate**3 * h**5
    burn_in = Decimal(bounds.correlated_burn_in(size.horizon)) / iterations
    return printed, growth * divergence / (rate * iterations) + unstable + burn_in


def _verify_theorem_5(instance: Instances, size: Size, iterations: int) -> PreciseSides:
    initial = [normalised(decimals(instance[f"policy_{i}"])) for i in range(len(size.n_actions))]
    rate = Decimal(float(instance["learning_rate"]))
    stages, gap = _precise_run(instance, size, rate, iterations, initial=initial)
    first, worst = (precise.divergences(stages, worst=which, largest=True) for which in (False, True))
    printed, smooth = _right_sides(first, size, iterations, rate)
    return gap, {
        "printed": printed,
        "repaired: worst best response": _right_sides(worst, size, iterations, rate)[0],
        "repaired: burn-in term": printed + Decimal(bounds.correlated_burn_in(size.horizon)) / iterations,
        "proven: third power of eta": smooth,
    }


_THEOREM_5_FORMS = (
    "printed",
    "repaired: worst best response",
    "repaired: burn-in term",
    "proven: third power of eta",
)


def _theorem_5_ceiling(size: Size) -> dict[str, float]:
    ratio = size.horizon * size.iterations / bounds.correlated_burn_in(size.horizon)
    return {"repaired: burn-in term": ratio, "proven: third power of eta": ratio}


THEOREM_5 = Falsifiable(
    title="Theorem 5",
    forms=_THEOREM_5_FORMS,
    sizes=(
        Size((2, 2), iterations=4096),
        Size((2, 2), n_states=2, horizon=2, iterations=128),
        Size((2, 2, 2), iterations=128),
    ),
    game=MarkovGame,
    decode=_with_policies,
    evaluate=_theorem_5,
    verify=_verify_theorem_5,
    respond=_respond,
    responsive=tuple(form for form in _THEOREM_5_FORMS if "worst" not in form),
    ceiling=_theorem_5_ceiling,
)

# Equation 11 --------------------------------------------------------------------------------------------


def _equation_11(instances: Instances, size: Size) -> Sides:
    """The learning rate depends on T, so there is a run for each T."""
    grid = size.checkpoints(_CHECKPOINTS, least=2)  # at T = 1 the right side is 0
    batch: GameBatch[MarkovGame] = games_of(MarkovGame, instances, size)
    players = len(size.n_actions)
    gaps = []
    for t in grid.tolist():
        learner = CorrelatedMirrorDescent(float(bounds.cce_learning_rate(size.horizon, t, players)), keep_stages=False)
        run: Run[Any] = learn(batch, learner, t, at=[t])
        gaps.append(run.measures["cce_gap_bound"][:, 0])
    gap = np.stack(gaps, axis=1)
    right = bounds.theorem_5_uniform(size.horizon, grid, players, max(size.n_actions))
    return Sides(grid, gap, {"printed": np.broadcast_to(right, gap.shape)})


def _root(value: Decimal, power: Decimal) -> Decimal:
    return (value.ln() * power).exp()


def _verify_equation_11(instance: Instances, size: Size, iterations: int) -> PreciseSides:
    n, h, t, third = len(size.n_actions), Decimal(size.horizon), Decimal(iterations), Decimal(1) / 3
    rate = 1 / (_root(h * (n - 1), 2 * third) * _root(t, third))
    _, gap = _precise_run(instance, size, rate, iterations)
    factor = 12 * _root(Decimal(n), 2 * third) * _root(h, 8 * third) * t.ln() * precise.log(max(size.n_actions))
    return gap, {"printed": factor / _root(t, 2 * third)}


def _equation_11_ceiling(size: Size) -> dict[str, float]:
    grid = size.checkpoints(_CHECKPOINTS, least=2)
    right = bounds.theorem_5_uniform(size.horizon, grid, len(size.n_actions), max(size.n_actions))
    return {"printed": float(size.horizon / right.min())}


EQUATION_11 = Falsifiable(
    title="equation (11)",
    forms=("printed",),
    # the right side is below H from T = 1e3 on at H = 1, and from T = 1e4 on at H = 2
    sizes=(
        Size((2, 2), iterations=2048),
        Size((2, 2), n_states=2, horizon=2, iterations=16384),
        Size((2, 2, 2), iterations=2048),
    ),
    game=MarkovGame,
    decode=_games,
    evaluate=_equation_11,
    verify=_verify_equation_11,
    ceiling=_equation_11_ceiling,
)

# Theorem 6 ----------------------------------------------------------------------------------------------


def _theorem_6(instances: Instances, size: Size) -> Sides:
    k, players, rate = size.games, len(size.n_actions), instances["learning_rate"]
    batches: list[GameBatch[MarkovGame]] = [games_of(MarkovGame, instances, size, n) for n in range(k)]
    grid, learner = np.array([size.iterations]), CorrelatedMirrorDescent(rate)
    runs = learn_sequence(batches, learner, META_UPDATES["best_response"](k), size.iterations, at=grid).runs
    divergences = [PlayerDivergenceProbe()(learner, run.state) for run in runs]
    first, worst = (
        np.mean([found[f"divergence_{which}"] for found in divergences], axis=0) for which in ("first", "worst")
    )
    h, eta = size.horizon, rate[:, np.newaxis]
    forms = {
        "repaired: worst best response": bounds.theorem_5(worst[:, np.newaxis], h, grid, players, eta),
        "proven: third power of eta": bounds.theorem_5_smooth(first[:, np.newaxis], h, grid, players, eta),
    }
    return Sides(grid, np.mean([run.measures["cce_gap_bound"] for run in runs], axis=0), forms)


def _verify_theorem_6(instance: Instances, size: Size, iterations: int) -> PreciseSides:
    k, rate = size.games, Decimal(float(instance["learning_rate"]))
    alpha = 1 / Decimal(k).sqrt()
    initial: list[Decimals] | None = None
    gaps, first, worst = [], Decimal(0), Decimal(0)
    seen: list[list[Decimals]] = [[] for _ in size.n_actions]
    for number in range(k):
        stages, gap = _precise_run(instance, size, rate, iterations, number, initial)
        gaps.append(gap)
        first += precise.divergences(stages, worst=False, largest=True) / k
        worst += precise.divergences(stages, worst=True, largest=True) / k
        for i, own in enumerate(seen):
            own.append(np.stack([precise.shared_response(stage.payoff[i]) for stage in stages]))
        initial = [np.asarray(sum(precise.greedy(game, alpha) for game in own) / Decimal(len(own))) for own in seen]
    return sum(gaps, start=Decimal(0)) / k, {
        "repaired: worst best response": _right_sides(worst, size, iterations, rate)[0],
        "proven: third power of eta": _right_sides(first, size, iterations, rate)[1],
    }


THEOREM_6 = Falsifiable(
    title="Theorem 6 (mean of Theorem 5)",
    forms=("repaired: worst best response", "proven: third power of eta"),
    sizes=(Size((2, 2), games=2, iterations=128), Size((2, 2), n_states=2, horizon=2, games=3, iterations=32)),
    game=MarkovGame,
    decode=_with_rate,
    evaluate=_theorem_6,
    verify=_verify_theorem_6,
)
