"""Arguments for the kernel of multiplicative weights with dynamic rates, and how far two implementations may differ."""

import itertools
import math

import numpy as np

CHUNK = 1024
CAUTIOUS_WRITTEN = ("regret", "last", "policy", "paces", "sum_joint")


def cautious_arguments(rng, lanes, actions, done, iterations, *, eta=0.3, caution=70.0, shift=0.0, holes=False):
    """Consistent arguments in the middle of a stage; regrets about a ``shift`` far below 0 slow players down."""
    joint, parts, regrets, policies = math.prod(actions), [], [], []
    for n in actions:
        prior = rng.dirichlet(np.ones(n), size=lanes)
        if holes:
            gaps = rng.uniform(size=prior.shape) < 0.5
            gaps[np.arange(lanes), rng.integers(n, size=lanes)] = False
            prior = np.where(gaps, 0.0, prior)
            prior /= prior.sum(axis=1, keepdims=True)
        parts.append(np.log(prior, where=prior > 0.0, out=np.full_like(prior, -np.inf)))
        regrets.append(shift * rng.uniform(0.5, 1.0, size=(lanes, 1)) + rng.normal(size=(lanes, n)))
        policies.append(prior)
    counts = np.array([done - done % CHUNK, done % CHUNK], dtype=float)
    return {
        "q": rng.uniform(size=(lanes, len(actions), joint)),
        "eta": eta * rng.uniform(0.5, 1.0, size=lanes),
        "prior": np.concatenate(parts, axis=1),
        "regret": np.concatenate(regrets, axis=1),
        "last": rng.uniform(-1.0, 1.0, size=(lanes, sum(actions))),
        "policy": np.concatenate(policies, axis=1),
        "paces": np.full((lanes, len(actions)), -1.0),
        "sum_joint": counts[:, np.newaxis, np.newaxis] * rng.dirichlet(np.ones(joint), size=(2, lanes)),
        "actions": np.array(actions, dtype=np.int64),
        "caution": caution,
        "lanes": lanes,
        "players": len(actions),
        "joint": joint,
        "columns": sum(actions),
        "done": done,
        "iterations": iterations,
    }


def cautious_cases(rng):
    """Rates that stay at 1 in all lanes, in some and in none."""

    def case(tolerance, *sizes, **options):
        return f"cautious {sizes}, {options}", "cautious", cautious_arguments(rng, *sizes, **options), tolerance

    actions_of = [(1,), (3,), (2, 2), (3, 2), (1, 4), (9, 8), (2, 2, 2), (2, 3, 4), (2, 3, 2, 2)]
    for actions, lanes in itertools.product(actions_of, (1, 9)):
        yield case(1e-12, lanes, actions, 0, 15)
        # a pace is known to some roundings of 1e-16, times regrets of 100, passed on by ten iterations
        for caution, shift in [(1.0, -20.0), (1.0, -60.0), (70.0, -900.0), (2.0, -1e5)]:
            yield case(1e-10, lanes, actions, 3, 10, caution=caution, shift=shift)
        yield case(1e-10, lanes, actions, 0, 12, caution=1.0, shift=-30.0, holes=True)
    for actions, (done, iterations) in itertools.product(
        [(2, 2), (3, 2)], [(1000, 25), (1023, 2), (1024, 0), (1020, 1100)]
    ):
        yield case(1e-10, 5, actions, done, iterations, eta=0.1)
    yield case(0.0, 0, (2, 3), 0, 4)
