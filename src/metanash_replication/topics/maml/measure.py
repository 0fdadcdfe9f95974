"""Theorem 4 and what stands behind it, measured: softmax policy gradients and exact MAML on Markov potential games.

Arrays only; :mod:`metanash_replication.topics.maml.tables` works out what follows from them.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from metanash.bounds.potential import gradient_constants, meta_smoothness
from metanash.families.potential import potential_sequence
from metanash.games import DiscountedGame, GameBatch
from metanash.learners import Policies, SoftmaxGradient, checkpoints, learn
from metanash.maml import Minibatches, Tasks, adapt, meta_gradient, meta_objective, train
from metanash.meta import META_UPDATES, learn_sequence
from metanash.policy_gradient import Logits, ValueModel, hessian
from metanash.simplex import logits
from metanash.streams import stream
from metanash.typing import Arrays, Floats

__all__ = ["constant_ratios", "gradient_checks", "inner_loop", "meta_training", "random_games"]


def _games(
    base_kind: str, discount: float, address: tuple[int | str, ...], count: int, n_states: int, n_actions: Sequence[int]
) -> list[DiscountedGame]:
    """Games of independent draws."""
    return [
        potential_sequence(
            base_kind, *address, str(discount), n_states, *n_actions, k, n_games=1, perturbation=0.0,
            n_states=n_states, n_actions=n_actions, discount=discount,
        )[0]
        for k in range(count)
    ]  # fmt: skip


def _random_logits(rng: np.random.Generator, count: int, n_states: int, n_actions: Sequence[int]) -> Logits:
    """Normal logits whose scale, from near-uniform to near-deterministic policies, differs from game to game."""
    scale = 10.0 ** rng.uniform(-1.0, 1.0, size=(count, 1, 1))
    return tuple(scale * rng.standard_normal((count, n_states, n)) for n in n_actions)


# Constants ----------------------------------------------------------------------------------------------

_DIFFERENCE = 1e-4


def _flat(parts: Logits) -> Floats:
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def _moved(theta: Logits, direction: Floats, distance: float) -> Logits:
    bounds = np.cumsum([part[0].size for part in theta])[:-1].tolist()
    steps = np.split(distance * direction, bounds, axis=1)
    return tuple(part + step.reshape(part.shape) for part, step in zip(theta, steps, strict=True))


def constant_ratios(
    base_kind: str,
    root_seed: int,
    *,
    discounts: Sequence[float],
    states: Sequence[int],
    actions: Sequence[Sequence[int]],
    games_per_size: int,
) -> Arrays:
    """How near the gradient, the Hessian and its change come to their bounds G, L and R, at random points.

    The Hessian's spectral norm is exact; its change is a central difference along two directions, a random one and
    that of the eigenvalue of largest modulus.

    Returns
    -------
    dict of arrays
        Per game: ``discount``, ``n_players``; ``gradient``, ``hessian``, ``third``, the ratios.
    """
    parts = []
    for discount, n_states, n_actions in itertools.product(discounts, states, actions):
        address = (root_seed, "gradient constants", base_kind)
        model = ValueModel.of(_games(base_kind, discount, address, games_per_size, n_states, n_actions))
        rng = stream(*address, "points", str(discount), n_states, *n_actions)
        theta = _random_logits(rng, games_per_size, n_states, n_actions)
        constants = gradient_constants(discount, 1 if base_kind == "team" else len(n_actions))
        values, vectors = np.linalg.eigh(hessian(model.at(theta)))
        chosen = np.abs(values).argmax(axis=1)
        random = rng.standard_normal(values.shape)
        third = np.zeros(games_per_size)
        for direction in (
            random / np.linalg.norm(random, axis=1, keepdims=True),
            np.take_along_axis(vectors, chosen[:, np.newaxis, np.newaxis], axis=2)[..., 0],
        ):
            ahead, behind = (hessian(model.at(_moved(theta, direction, sign * _DIFFERENCE))) for sign in (1.0, -1.0))
            change = np.linalg.norm((ahead - behind) / (2.0 * _DIFFERENCE), ord=2, axis=(1, 2))
            third = np.maximum(third, change)
        gradient = np.linalg.norm(_flat(model.at(theta).gradient), axis=1)
        parts.append(
            {
                "discount": np.full(games_per_size, discount),
                "n_players": np.full(games_per_size, len(n_actions)),
                "gradient": gradient / constants.gradient,
                "hessian": np.abs(values).max(axis=1) / constants.smoothness,
                "third": third / constants.hessian_lipschitz,
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


# Theorem 4 on random games ------------------------------------------------------------------------------


def random_games(
    base_kind: str,
    root_seed: int,
    *,
    discounts: Sequence[float],
    states: Sequence[int],
    actions: Sequence[Sequence[int]],
    tasks_per_size: int,
    games_per_task: int,
    inner_steps: Sequence[int],
    iterations: int,
    n_checkpoints: int,
) -> Arrays:
    """Exact MAML with the step sizes of the theory, 1 / L inside and 1 / L_F outside, on many random distributions.

    Returns
    -------
    dict of arrays
        ``checkpoints`` (C,), numbers of gradients seen; per distribution ``discount``, ``n_players``,
        ``n_states``, ``inner_steps``, ``smoothness`` (L_F); ``gradient_norm``, the smallest so far, (distributions, C).
    """
    grid, parts = checkpoints(iterations, n_checkpoints), []
    for discount, n_states, n_actions, t in itertools.product(discounts, states, actions, inner_steps):
        address = (root_seed, "meta games", base_kind, t)
        games = _games(base_kind, discount, address, tasks_per_size * games_per_task, n_states, n_actions)
        rng = stream(*address, "points", str(discount), n_states, *n_actions)
        theta = _random_logits(rng, tasks_per_size, n_states, n_actions)
        constants = gradient_constants(discount, 1 if base_kind == "team" else len(n_actions))
        step = 1.0 / constants.smoothness
        smoothness = meta_smoothness(constants, step, t)
        found = train(
            Tasks.of(games, tasks_per_size), theta, step=1.0 / smoothness, iterations=iterations - 1, inner_step=step,
            inner_steps=t, at=(grid - 1).tolist(),
        )  # fmt: skip
        sizes = {
            "discount": discount,
            "n_players": len(n_actions),
            "n_states": n_states,
            "inner_steps": t,
            "smoothness": smoothness,
        }
        rows = {name: np.full(tasks_per_size, value) for name, value in sizes.items()}
        parts.append({**rows, "gradient_norm": found.smallest_gradient_norm})
    return {"checkpoints": grid, **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]}}


# The meta-gradient --------------------------------------------------------------------------------------


def gradient_checks(
    base_kind: str,
    root_seed: int,
    *,
    discounts: Sequence[float],
    states: Sequence[int],
    actions: Sequence[Sequence[int]],
    tasks_per_size: int,
    games_per_task: int,
    inner_steps: Sequence[int],
    inner_step: float,
) -> Arrays:
    """Equation (10) beside differences of equation (9), along every logit.

    Differences are of four points and of fourth order. Logits are standard normal: near deterministic policies
    gradients are so small that the rounding of differences is larger.

    Parameters
    ----------
    inner_step : float
        alpha, over 1 / L.

    Returns
    -------
    dict of arrays
        Per distribution ``discount``, ``n_players``, ``n_states``, ``inner_steps``; ``difference``, the largest over
        the logits between the two, and ``norm``, the largest entry of the gradient.
    """
    parts = []
    for discount, n_states, n_actions, t in itertools.product(discounts, states, actions, inner_steps):
        address = (root_seed, "gradient checks", base_kind, t)
        games = _games(base_kind, discount, address, tasks_per_size * games_per_task, n_states, n_actions)
        rng = stream(*address, "points", str(discount), n_states, *n_actions)
        theta = tuple(rng.standard_normal((tasks_per_size, n_states, n)) for n in n_actions)
        tasks = Tasks.of(games, tasks_per_size)
        step = inner_step / gradient_constants(discount, 1 if base_kind == "team" else len(n_actions)).smoothness
        exact, found = _flat(meta_gradient(tasks, theta, step, t)), []
        for column, unit in enumerate(np.eye(exact.shape[1])):
            direction = np.broadcast_to(unit, exact.shape)
            values = [
                meta_objective(tasks, _moved(theta, direction, times * _STEP), step, t)
                for times in (-2.0, -1.0, 1.0, 2.0)
            ]
            slope = (values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]) / (12.0 * _STEP)
            found.append(np.abs(slope - exact[:, column]))
        sizes = {"discount": discount, "n_players": len(n_actions), "n_states": n_states, "inner_steps": t}
        rows = {name: np.full(tasks_per_size, value) for name, value in sizes.items()}
        norm = np.abs(exact).max(axis=1)
        parts.append({**rows, "difference": np.max(found, axis=0), "norm": norm})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


_STEP = 1e-3
"""Of the differences, in logits."""


# Meta-training and adaptation ---------------------------------------------------------------------------

INITIALISATIONS = ("scratch", "maml", "maml_theory", "maml_sampled", "first_order", "joint", "carry_over")
"""Where adaptation starts: uniform; MAML with a practical step, with the theory's, from minibatches; first-order MAML;
ascent of the mean potential (T = 0); the last policies after the training games one by one."""


def meta_training(
    base_kind: str,
    discount: float,
    seeds: Sequence[int],
    root_seed: int,
    *,
    n_states: int,
    n_actions: Sequence[int],
    games: int,
    held_out: int,
    perturbation: float,
    inner_step: float,
    inner_steps: int,
    step: float,
    batch_size: int,
    iterations: int,
    n_checkpoints: int,
    adaptation_steps: int,
) -> Arrays:
    """Meta-train on ``games`` games of a sequence, a seed each, and adapt to ``held_out`` further ones.

    Parameters
    ----------
    inner_step : float
        alpha over 1 / L.
    inner_steps : int
        T of the MAML objective.
    step : float
        The practical outer step size, over 1 / L; the theory's is 1 / L_F.
    batch_size : int
        Games of a minibatch.
    iterations : int
        Of meta-training.

    Returns
    -------
    dict of arrays
        ``checkpoints`` (C,), numbers of meta-gradients seen; ``objective_*``, ``gradient_norm_*``, ``smallest_*``
        (seeds, C) for each of maml, maml_theory, maml_sampled, first_order; ``steps`` (A,) and, in the order of
        :data:`INITIALISATIONS`, ``adapted_gap``, ``adapted_potential`` (initialisations, seeds, held_out, A);
        ``smoothness`` ().
    """
    constants = gradient_constants(discount, 1 if base_kind == "team" else len(n_actions))
    alpha = inner_step / constants.smoothness
    smoothness = meta_smoothness(constants, alpha, inner_steps)
    sequences = [
        potential_sequence(
            base_kind, root_seed, "meta-training", str(discount), seed, n_games=games + held_out,
            perturbation=perturbation, n_states=n_states, n_actions=n_actions, discount=discount,
        )
        for seed in seeds
    ]  # fmt: skip
    tasks = Tasks.of([game for sequence in sequences for game in sequence[:games]], len(seeds))
    start: Logits = tuple(np.zeros((len(seeds), n_states, n)) for n in n_actions)
    grid = checkpoints(iterations, n_checkpoints)
    practical = step / constants.smoothness
    address = (root_seed, "meta-training", base_kind, str(discount), inner_steps)
    minibatches = Minibatches(batch_size, address, [int(seed) for seed in seeds])
    options: dict[str, dict[str, Any]] = {
        "maml": {"step": practical},
        "maml_theory": {"step": 1.0 / smoothness},
        "maml_sampled": {"step": practical, "minibatches": minibatches},
        "first_order": {"step": practical, "first_order": True},
        "joint": {"step": practical, "inner_steps": 0},
    }
    common = {"iterations": iterations - 1, "inner_step": alpha, "inner_steps": inner_steps, "at": (grid - 1).tolist()}
    arrays: Arrays = {"seeds": np.array(seeds, dtype=np.int64), "checkpoints": grid, "smoothness": np.array(smoothness)}
    trained = {"scratch": start}
    for name, option in options.items():
        found = train(tasks, start, **(common | option))
        trained[name] = found.logits
        if name != "joint":  # its objective is another
            arrays[f"objective_{name}"] = found.objective
            arrays[f"gradient_norm_{name}"] = found.gradient_norm
            arrays[f"smallest_{name}"] = found.smallest_gradient_norm
    trained["carry_over"] = tuple(logits(part) for part in _carried_over(sequences, games, alpha, inner_steps))
    tests = [game for sequence in sequences for game in sequence[games:]]
    shape = (len(seeds), held_out, -1)
    every = range(adaptation_steps + 1)
    adapted = [adapt(trained[name], tests, alpha, adaptation_steps, at=every) for name in INITIALISATIONS]
    return {
        **arrays,
        "steps": adapted[0].steps,
        "adapted_gap": np.stack([found.ne_gap.reshape(shape) for found in adapted]),
        "adapted_potential": np.stack([found.potential.reshape(shape) for found in adapted]),
    }


def _carried_over(sequences: Sequence[Sequence[DiscountedGame]], games: int, step: float, steps: int) -> Policies:
    """The last policies after ``steps`` iterations on each training game, one after another: (seeds, S, A_i)."""
    batches = [GameBatch(tuple(sequence[k] for sequence in sequences)) for k in range(games)]
    update = META_UPDATES["carry_over"](games)
    return tuple(
        learn_sequence(batches, SoftmaxGradient(step), update, max(steps, 1), at=[max(steps, 1)]).runs[-1].policy
    )


# The inner loop -----------------------------------------------------------------------------------------


def inner_loop(
    base_kind: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    discounts: Sequence[float],
    probabilities: Sequence[float],
    n_states: int,
    n_actions: Sequence[int],
    iterations: int,
    n_checkpoints: int,
) -> Arrays:
    """Softmax policy gradient at the step 1 / L, from policies near a random vertex.

    "T = O(1 / epsilon^2)" for the inner loop hides c, the least probability that any player, in any state and
    iteration, puts on its best actions. Initial policies put ``probability`` on all but one action together.

    Returns
    -------
    dict of arrays
        ``checkpoints`` (C,); ``discounts``; ``probabilities``; ``seeds``; ``ne_gap`` (discounts, probabilities, seeds,
        C); ``least_best`` (discounts, probabilities, seeds), the constant c of the whole run; ``step_size``
        (discounts,).
    """
    grid, shape = checkpoints(iterations, n_checkpoints), (len(probabilities), len(seeds))
    gaps, least, steps = [], [], []
    for discount in discounts:
        games, vertices = [], []
        for seed in seeds:
            address = (root_seed, "inner loop", seed)
            games += _games(base_kind, discount, address, 1, n_states, n_actions)
            rng = stream(*address, "vertex", str(discount))
            vertices.append([np.eye(n)[rng.integers(n, size=n_states)] for n in n_actions])
        start = []
        for i, n in enumerate(n_actions):
            vertex = np.stack([parts[i] for parts in vertices])
            start.append(np.concatenate([(1.0 - p) * vertex + p * (1.0 - vertex) / (n - 1) for p in probabilities]))
        steps.append(1.0 / gradient_constants(discount, 1 if base_kind == "team" else len(n_actions)).smoothness)
        learner = SoftmaxGradient(steps[-1], every_gap=True)
        run = learn(games * len(probabilities), learner, iterations, at=grid, initial=tuple(start))
        gaps.append(run.ne_gap.reshape(*shape, -1))
        least.append(run.state.least_best.reshape(shape))
    return {
        "seeds": np.array(seeds, dtype=np.int64),
        "discounts": np.array(discounts),
        "probabilities": np.array(probabilities),
        "checkpoints": grid,
        "step_size": np.array(steps),
        "ne_gap": np.stack(gaps),
        "least_best": np.stack(least),
    }
