"""Theorem 4 and the constants G, L, R behind it as claims to search: softmax policies on teams.

Logits are up to 4 in modulus. Directions are of length 1. Inner steps are 1 / L, meta-iterations 1 / L_F.
"""

from decimal import Decimal

import numpy as np

from metanash.bounds.potential import gradient_constants, meta_smoothness, theorem_4
from metanash.games import DiscountedGame
from metanash.maml import Tasks, meta_value_and_gradient
from metanash.policy_gradient import Logits, ValueModel
from metanash.typing import Floats
from metanash_replication.falsification.batches import games_of
from metanash_replication.falsification.cube import Cube
from metanash_replication.falsification.falsifiable import Falsifiable, Instances, PreciseSides, Sides, Size
from metanash_replication.falsification.potential import decode_team
from metanash_replication.falsification.precise import softmax as precise
from metanash_replication.falsification.precise.arithmetic import decimals

__all__ = ["GRADIENT", "HESSIAN", "THEOREM_4", "THIRD_DERIVATIVE"]


_LARGEST_LOGIT = 4.0
_DIFFERENCE = 1e-4


def _decode(cube: Cube, size: Size) -> dict[str, Floats]:
    team = decode_team(cube, size)
    kept = {name: team[name] for name in ("reward", "transition", "start")}
    logits = {
        f"logits_{i}": _LARGEST_LOGIT * (2.0 * cube.extremes(size.n_states, n) - 1.0)
        for i, n in enumerate(size.n_actions)
    }
    return {**kept, **logits}


def _with_direction(cube: Cube, size: Size) -> dict[str, Floats]:
    parts = [2.0 * cube.extremes(size.n_states, n) - 1.0 for n in size.n_actions]
    length = np.sqrt(sum((part**2).sum(axis=(1, 2), keepdims=True) for part in parts))
    directions = {f"direction_{i}": part / np.maximum(length, 1e-9) for i, part in enumerate(parts)}
    return {**_decode(cube, size), **directions}


def _parts(instances: Instances, size: Size, name: str) -> Logits:
    return tuple(instances[f"{name}_{i}"] for i in range(len(size.n_actions)))


def _model(instances: Instances, size: Size, number: int = 0) -> ValueModel:
    return ValueModel.of(games_of(DiscountedGame, instances, size, number))


def _inner(a: Logits, b: Logits) -> Floats:
    return np.asarray(sum((x * y).sum(axis=(1, 2)) for x, y in zip(a, b, strict=True)))


def _constant(left: Floats, bound: float) -> Sides:
    return Sides(np.array([1]), left[:, np.newaxis], {"derived": np.full((len(left), 1), bound)})


def _precise(instance: Instances, size: Size, number: int = 0) -> precise.SoftmaxTeam:
    reward, kernel = decimals(instance["reward"][number, 0]), decimals(instance["transition"][number, 0])
    return precise.SoftmaxTeam(reward, kernel, decimals(instance["start"]), Decimal(size.discount))


def _precise_parts(instance: Instances, size: Size, name: str) -> precise.Parts:
    return [decimals(instance[f"{name}_{i}"]) for i in range(len(size.n_actions))]


# Constants ----------------------------------------------------------------------------------------------


def _gradient(instances: Instances, size: Size) -> Sides:
    gradient = _model(instances, size).at(_parts(instances, size, "logits")).gradient
    return _constant(np.sqrt(_inner(gradient, gradient)), gradient_constants(size.discount).gradient)


def _verify_gradient(instance: Instances, size: Size, iterations: int) -> PreciseSides:
    del iterations
    gradient = _precise(instance, size).gradient(_precise_parts(instance, size, "logits"))
    return precise.norm(gradient), {"derived": precise.constants(Decimal(size.discount)).gradient}


def _hessian(instances: Instances, size: Size) -> Sides:
    direction = _parts(instances, size, "direction")
    curved = _model(instances, size).at(_parts(instances, size, "logits")).hessian_product(direction)
    return _constant(np.abs(_inner(curved, direction)), gradient_constants(size.discount).smoothness)


def _verify_hessian(instance: Instances, size: Size, iterations: int) -> PreciseSides:
    del iterations
    theta, direction = (_precise_parts(instance, size, name) for name in ("logits", "direction"))
    second = _precise(instance, size).derivative(theta, precise.unit(direction), order=2)
    return abs(second), {"derived": precise.constants(Decimal(size.discount)).smoothness}


def _third(instances: Instances, size: Size) -> Sides:
    model, theta, direction = _model(instances, size), *(_parts(instances, size, k) for k in ("logits", "direction"))
    curved = []
    for sign in (1.0, -1.0):
        moved = tuple(x + sign * _DIFFERENCE * u for x, u in zip(theta, direction, strict=True))
        curved.append(_inner(model.at(moved).hessian_product(direction), direction))
    change = np.abs(curved[0] - curved[1]) / (2.0 * _DIFFERENCE)
    return _constant(change, gradient_constants(size.discount).hessian_lipschitz)


def _verify_third(instance: Instances, size: Size, iterations: int) -> PreciseSides:
    del iterations
    theta, direction = (_precise_parts(instance, size, name) for name in ("logits", "direction"))
    third = _precise(instance, size).derivative(theta, precise.unit(direction), order=3)
    return abs(third), {"derived": precise.constants(Decimal(size.discount)).hessian_lipschitz}


_SIZES = (Size((2, 2)), Size((3, 2)), Size((2, 2), n_states=2, discount=0.5), Size((2,), n_states=2, discount=0.9))

GRADIENT = Falsifiable("gradient at most G", ("derived",), _SIZES, DiscountedGame, _decode, _gradient, _verify_gradient)
HESSIAN = Falsifiable(
    "Hessian at most L", ("derived",), _SIZES, DiscountedGame, _with_direction, _hessian, _verify_hessian
)
THIRD_DERIVATIVE = Falsifiable(
    "change of the Hessian at most R", ("derived",), _SIZES, DiscountedGame, _with_direction, _third, _verify_third
)

# Theorem 4 ----------------------------------------------------------------------------------------------


def _theorem_4(instances: Instances, size: Size) -> Sides:
    """Meta-gradient ascent on ``games`` games; the smallest norm so far, after each iteration."""
    constants = gradient_constants(size.discount)
    alpha = 1.0 / constants.smoothness
    smoothness = meta_smoothness(constants, alpha, size.inner_steps)
    k, count = size.games, len(instances["start"])
    games = [game for number in range(k) for game in games_of(DiscountedGame, instances, size, number).games]
    numbers = np.ascontiguousarray(np.arange(k * count).reshape(k, count).T)  # of the games of each task
    tasks, theta = Tasks(ValueModel.of(games), numbers, np.full((count, k), 1.0 / k)), _parts(instances, size, "logits")
    norms = []
    for _ in range(size.iterations):
        _, gradient = meta_value_and_gradient(tasks, theta, alpha, size.inner_steps)
        norms.append(np.sqrt(_inner(gradient, gradient)))
        theta = tuple(x + g / smoothness for x, g in zip(theta, gradient, strict=True))
    left, grid = np.minimum.accumulate(np.stack(norms, axis=1), axis=1), np.arange(1, size.iterations + 1)
    printed = np.broadcast_to(theorem_4(smoothness, grid, len(size.n_actions), size.discount), left.shape)
    return Sides(grid, left, {"printed": printed, "sharper: ascent lemma": printed / np.sqrt(2.0)})


def _verify_theorem_4(instance: Instances, size: Size, iterations: int) -> PreciseSides:
    constants = precise.constants(Decimal(size.discount))
    alpha = 1 / constants.smoothness
    smoothness = precise.meta_smoothness(constants, alpha, size.inner_steps)
    tasks = [_precise(instance, size, number) for number in range(size.games)]
    theta, norms = _precise_parts(instance, size, "logits"), []
    for _ in range(iterations):
        gradient = precise.meta_gradient(tasks, theta, alpha, size.inner_steps)
        norms.append(precise.norm(gradient))
        theta = [x + g / smoothness for x, g in zip(theta, gradient, strict=True)]
    inner = 4 * len(size.n_actions) * smoothness / ((1 - Decimal(size.discount)) * iterations)
    return min(norms), {"printed": inner.sqrt(), "sharper: ascent lemma": (inner / 2).sqrt()}


THEOREM_4 = Falsifiable(
    title="Theorem 4",
    forms=("printed", "sharper: ascent lemma"),
    sizes=(
        Size((2, 2), iterations=8),
        Size((2, 2), games=2, inner_steps=1, iterations=4),
        Size((2, 2), n_states=2, games=2, discount=0.5, inner_steps=1, iterations=4),
    ),
    game=DiscountedGame,
    decode=_decode,
    evaluate=_theorem_4,
    verify=_verify_theorem_4,
    proportional=True,
)
