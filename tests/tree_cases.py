"""Arguments for the kernels of extensive games: random sequence forms, no chance and no payoffs of a real game needed.

Their terminals are any combinations of sequences. Payoffs are drawn, so that no two actions tie but those that lead
nowhere: else rounding would decide whether a regret is 0, and the versions would part.
"""

import itertools

import numpy as np

SHAPES = {  # numbers of actions of the information sets of each player
    "one decision each": [[2], [3]],
    "a player who never moves": [[2, 3, 2], []],
    "nobody moves": [[], []],
    "one player": [[2, 3, 1, 5]],
    "one action": [[1, 1, 1], [1, 2]],
    "two players": [[2, 3, 2, 2, 1, 3, 7, 2, 2], [3, 2, 2, 4, 2, 2, 9]],
    "three players": [[2, 3, 2, 2], [3, 2], [2, 2, 5, 2, 1]],
    "four players": [[2, 2], [3, 1], [2, 2, 2], [2]],
    "many actions": [[17, 33], [9, 8, 40]],
}


def tree_arguments(rng, games, sizes, *, terminals=60):
    """What both kernels take: arrays of the tree and behaviour strategies."""
    columns = [1 + sum(actions) for actions in sizes]
    seat, place = np.cumsum([0, *columns]), np.cumsum([0, *map(len, sizes)])
    parent, first, laws = [], [], np.ones((games, seat[-1]))
    for low, actions in zip(seat, sizes, strict=False):
        begin = int(low) + 1
        for n in actions:
            parent.append(int(rng.integers(low, begin)))
            first.append(begin)
            laws[:, begin : begin + n] = rng.dirichlet(np.ones(n), size=games)
            begin += n
    every = np.array(list(itertools.product(*(range(low, low + n) for low, n in zip(seat, columns, strict=False)))))
    chosen = every[rng.permutation(len(every))[:terminals]].T
    start, met = [np.zeros(1, dtype=np.int64)], []
    for i, row in enumerate(chosen):
        met.append(np.delete(chosen, i, axis=0)[:, np.argsort(row, kind="stable")].T)
        start.append(np.bincount(row - seat[i], minlength=columns[i]))
    begins, counts = (
        np.array(first, dtype=np.int64),
        np.array([n for actions in sizes for n in actions], dtype=np.int64),
    )
    return {
        "payoff": rng.normal(size=(games, *chosen.shape)),
        "start": np.cumsum(np.concatenate(start)),
        "met": np.ascontiguousarray(met),
        "parent": np.array(parent, dtype=np.int64),
        "first": begins,
        "last": begins + counts,
        "seat": seat,
        "place": place,
        "strategy": laws,
        "games": games,
        "players": len(sizes),
        "terminals": chosen.shape[1],
        "columns": int(seat[-1]),
        "sets": int(place[-1]),
    }


def learning_arguments(rng, games, sizes, iterations, *, entropy=0, alternating=0, power=2, done=0, pure=False):
    """Arguments of ``learn_trees`` in the middle of a run; mirror descent from ``pure`` strategies if told."""
    found = tree_arguments(rng, games, sizes)
    columns, kept = found["columns"], 0 if alternating else found["columns"]
    if pure:
        for first, last in zip(found["first"], found["last"], strict=True):
            found["strategy"][:, first:last] = np.eye(last - first)[rng.integers(last - first, size=games)]
    with np.errstate(divide="ignore"):
        memory = np.log(found["strategy"]) if entropy else rng.uniform(size=(games, columns))
    memory[:, found["seat"][:-1]] = 0.0  # the empty sequences
    looks = np.unique([0, iterations // 2, iterations])
    seen = {"seen_plan": columns, "seen_strategy": columns, "seen_gradient": kept, "seen_value": found["players"]}
    found |= {name: np.full((len(looks), games, size), -9.0) for name, size in seen.items()}
    return found | {
        "rate": rng.uniform(0.1, 0.5, size=(games, found["players"])),
        "alpha": rng.uniform(0.5, 2.0, size=found["sets"]),
        "memory": memory,
        "plan_sum": rng.uniform(size=(games, columns)),
        "gradient": rng.normal(size=(games, kept)),
        "gradient_sum": rng.normal(size=(games, kept)),
        "value_sum": rng.normal(size=(games, found["players"])),
        "power": power,
        "looks": looks,
        "done": done,
        "iterations": iterations,
        "seen": len(looks),
        "entropy": entropy,
        "alternating": alternating,
    }


def gains_arguments(rng, games, sizes, kinds):
    """Arguments of ``gains_in_trees``: ``kinds`` payoffs for so many strategies."""
    found = tree_arguments(rng, games, sizes)
    found["payoff"] = rng.normal(size=(kinds, *found["payoff"].shape[1:]))
    index, gain = rng.integers(kinds, size=games), np.full((games, found["players"]), -9.0)
    return found | {"index": index, "gain": gain, "kinds": kinds}


def plan_arguments(rng, rows, sizes):
    """Arguments of ``behaviours``; some plans, and all of some sets, are 0."""
    found = tree_arguments(rng, rows, sizes)
    plan = np.where(rng.uniform(size=(rows, found["columns"])) < 0.7, rng.uniform(size=(rows, found["columns"])), 0.0)
    for first, last in zip(found["first"], found["last"], strict=True):
        plan[rng.uniform(size=rows) < 0.2, first:last] = 0.0
    sizes_of_call = {name: found[name] for name in ("first", "last", "columns", "sets")}
    return {"plan": plan, "strategy": np.full(plan.shape, -9.0), "rows": rows, **sizes_of_call}


def tree_cases(rng):
    """Yield cases as ``kernel_cases.cases``."""
    for (label, sizes), entropy, alternating in itertools.product(SHAPES.items(), (0, 1), (0, 1)):
        how = f"{label}, {'mirror' if entropy else 'regret'}, {'in turns' if alternating else 'at once'}"
        for games, power in ((1, 2), (2, 0), (9, 1), (19, 2)):
            arguments = learning_arguments(
                rng, games, sizes, 12, entropy=entropy, alternating=alternating, power=power, done=3
            )
            # sums reach 15^3, where a rounding is 5e-13; a step turns one of a worth into one of a probability over
            # the sum of the regrets, which is 1e-3 at least in nearly all sets here
            yield f"learn_trees {how}, {games} games", "learn_trees", arguments, 1e-9
    for games in (1, 5):
        arguments = learning_arguments(rng, games, SHAPES["two players"], 8, entropy=1, pure=True)
        yield f"learn_trees from pure strategies, {games} games", "learn_trees", arguments, 1e-11
        arguments = learning_arguments(rng, games, SHAPES["two players"], 0)
        yield f"learn_trees, no iteration, {games} games", "learn_trees", arguments, 0.0
    yield "learn_trees of nothing", "learn_trees", learning_arguments(rng, 0, SHAPES["two players"], 3), 0.0
    for (label, sizes), games in itertools.product(SHAPES.items(), (1, 7)):
        yield f"gains_in_trees {label}, {games} games", "gains_in_trees", gains_arguments(rng, games, sizes, 3), 1e-12
    for (label, sizes), rows in itertools.product(SHAPES.items(), (1, 7)):
        yield f"behaviours {label}, {rows} rows", "behaviours", plan_arguments(rng, rows, sizes), 0.0
    yield "behaviours, hundreds of actions", "behaviours", plan_arguments(rng, 5, [[129, 300], [8, 9, 10, 1000]]), 0.0
    yield "behaviours of nothing", "behaviours", plan_arguments(rng, 0, SHAPES["two players"]), 0.0
    yield "gains_in_trees of nothing", "gains_in_trees", gains_arguments(rng, 0, SHAPES["two players"], 2), 0.0
