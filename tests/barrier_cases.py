"""Arguments for the kernel of the log barrier against swap deviations, and how far two implementations may differ."""

import itertools
import math

import numpy as np

BARRIER_WRITTEN = ("sums", "last", "iterate", "mean_joint", "value", "answers", "fixed", "deviated")


def barrier_arguments(rng, games, actions, states, horizon, iterations, *, kinds=1, steps=1, eta=0.7, done=7):
    """Consistent arguments in the middle of a run."""
    lead, joint, squares = (games, horizon, states), math.prod(actions), sum(n * n for n in actions)
    chances = rng.dirichlet(np.full(states, 0.5), size=(steps, kinds, states, joint))

    def policies(least):
        parts = [least / n + (1.0 - least) * rng.dirichlet(np.ones(n), size=lead) for n in actions]
        return np.concatenate(parts, axis=-1)

    return {
        "reward": rng.uniform(size=(games, len(actions), horizon, states, joint)),
        "transition": chances if horizon > 1 else np.empty(0),
        "index": rng.integers(kinds, size=games),
        "eta": eta * rng.uniform(0.5, 1.0, size=games),
        "prior": policies(0.1),
        "sums": rng.uniform(-3.0, 3.0, size=(*lead, squares)),
        "last": rng.uniform(size=(*lead, squares)),
        "iterate": policies(0.0),
        "mean_joint": rng.dirichlet(np.ones(joint), size=lead),
        "value": rng.uniform(size=(games, len(actions), horizon, states)),
        "answers": rng.uniform(size=(*lead, squares)),
        "fixed": rng.uniform(size=(*lead, sum(actions))),
        "deviated": rng.uniform(size=(games, 2, len(actions), states)),
        "actions": np.array(actions, dtype=np.int64),
        "games": games,
        "players": len(actions),
        "horizon": horizon,
        "states": states,
        "joint": joint,
        "columns": sum(actions),
        "squares": squares,
        "kinds": kinds,
        "steps": steps,
        "done": done,
        "iterations": iterations,
    }


def barrier_cases(rng):
    """One to four players, one action and many; steps that share transitions or not; far rates."""

    def case(tolerance, *sizes, **options):
        return f"swap_ftrl {sizes}, {options}", "swap_ftrl", barrier_arguments(rng, *sizes, **options), tolerance

    actions_of = [(1,), (3,), (2, 2), (3, 2), (1, 4), (9, 8), (2, 2, 2), (2, 3, 4), (2, 3, 2, 2)]
    for actions, (states, horizon) in itertools.product(actions_of, [(1, 1), (2, 2), (3, 3)]):
        for games in (1, 9):
            yield case(1e-11, games, actions, states, horizon, 6)  # roots of Newton's method, to some roundings
    for actions, kinds, games in itertools.product([(2, 2), (3, 2, 2)], (1, 3), (1, 8, 19)):
        for steps, horizon in ((1, 3), (3, 3), (1, 1)):
            yield case(1e-11, games, actions, 2, horizon, 8, kinds=kinds, steps=steps)
    for actions in ((2, 2), (3, 4)):
        yield case(1e-11, 5, actions, 2, 2, 5, done=0)
        # far steps: roundings of payoffs are multiplied by the rate
        yield case(1e-8, 5, actions, 2, 2, 2, eta=1e4, done=10**6)
        yield case(0.0, 0, actions, 2, 2, 3)
        yield case(0.0, 3, actions, 2, 2, 0)
