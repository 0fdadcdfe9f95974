"""Arguments for the kernel of learners with incremental values, and how far two implementations may differ on them."""

import itertools

import numpy as np

RULES = (0, 1, 2, 3)
PARTS = ("x", "sum_x", "last_x", "mu", "mean_mu", "y", "sum_y", "last_y", "nu", "mean_nu")
SMOOTH_WRITTEN = (*PARTS, "value")


def smooth_arguments(
    rng, games, rows, columns, states, horizon, rule, iterations, *,
    kinds=1, steps=1, eta=0.3, done=7, holes=False, pure=False, temperature=0.2, logit=1.0,
):  # fmt: skip
    """Consistent arguments in the middle of a run."""
    lead, found = (games, horizon, states), {}
    for anchor, total, last, policy, mean, n in zip(
        ("x", "y"), ("sum_x", "sum_y"), ("last_x", "last_y"), ("mu", "nu"), ("mean_mu", "mean_nu"), (rows, columns),
        strict=True,
    ):  # fmt: skip
        prior = rng.dirichlet(np.ones(n), size=lead)
        if pure:
            prior = np.eye(n)[rng.integers(n, size=lead)]
        if rule != 1:
            prior = logit * np.log(prior, where=prior > 0.0, out=np.full_like(prior, -np.inf))
            if holes:
                gaps = rng.uniform(size=prior.shape) < 0.5
                np.put_along_axis(gaps, rng.integers(n, size=lead)[..., np.newaxis], values=False, axis=-1)
                prior[gaps] = -np.inf
        found |= {anchor: prior, total: rng.uniform(-1.0, 1.0, size=(*lead, n)), last: rng.uniform(size=(*lead, n))}
        found |= {policy: rng.dirichlet(np.ones(n), size=lead), mean: rng.dirichlet(np.ones(n), size=lead)}
    chances = rng.dirichlet(np.full(states, 0.5), size=(steps, kinds, states, rows, columns))
    return {
        "reward": rng.uniform(size=(*lead, rows, columns)),
        "transition": chances if horizon > 1 else np.empty(0),
        "index": rng.integers(kinds, size=games),
        "eta": eta * rng.uniform(0.5, 1.0, size=games),
        **found,
        "value": rng.uniform(size=lead),
        "temperature": temperature if rule > 1 else 0.0,
        "games": games,
        "horizon": horizon,
        "states": states,
        "rows": rows,
        "columns": columns,
        "kinds": kinds,
        "steps": steps,
        "rule": rule,
        "done": done,
        "iterations": iterations,
    }


def comparable(arguments, found):
    """Of logits, and where both players have two actions of payoffs too, only differences mean anything."""
    pair = (arguments["rows"], arguments["columns"]) == (2, 2)
    for name in ("x", "y"):
        if arguments["rule"] != 1:
            found[name] = found[name] - found[name].max(axis=-1, keepdims=True)
    for name in ("sum_x", "sum_y", "last_x", "last_y"):
        if pair:
            found[name] = found[name] - found[name][..., 1:]
    return found


def smooth_cases(rng):
    """Blocks of games and of one game, whose steps share vectors or not; all transitions; holes; far logits."""

    def case(tolerance, *sizes, **options):
        return f"smooth {sizes}, {options}", "smooth", smooth_arguments(rng, *sizes, **options), tolerance

    shapes = [(2, 2), (1, 1), (1, 2), (2, 3), (5, 1), (4, 4), (9, 8), (10, 10)]
    # values reach H, payoffs too; steps of eta pass roundings on hardly grown, as in Algorithm 1
    for (rows, columns), (states, horizon), rule in itertools.product(shapes, [(1, 1), (2, 2), (3, 3), (11, 2)], RULES):
        for games in (1, 3, 11) if rows * columns < 30 else (1, 9):
            yield case(1e-12, games, rows, columns, states, horizon, rule, 8)
    for (rows, columns), rule, kinds, games in itertools.product([(2, 2), (3, 2)], RULES, (1, 3), (1, 2, 10, 19)):
        for steps, horizon in ((1, 3), (3, 3), (1, 1)):
            yield case(1e-12, games, rows, columns, 2, horizon, rule, 12, kinds=kinds, steps=steps)
    for (rows, columns), rule in itertools.product([(2, 2), (3, 2)], RULES):
        yield case(1e-12, 9, rows, columns, 2, 2, rule, 12, holes=rule != 1, done=0)
        yield case(1e-12, 9, rows, columns, 2, 2, rule, 12, pure=True)
        # logits of 1000, rounded twelve times
        yield case(1e-11, 9, rows, columns, 2, 2, rule, 12, logit=300.0 if rule != 1 else 1.0, done=10**6)
        # far steps: policies at vertices, and payoffs of 2 at most whose roundings are multiplied by the rate
        yield case(1e-9, 9, rows, columns, 2, 2, rule, 2, eta=1e4, temperature=1e-5)
        yield case(0.0, 0, rows, columns, 2, 2, rule, 3)
        yield case(0.0, 3, rows, columns, 2, 2, rule, 0)
