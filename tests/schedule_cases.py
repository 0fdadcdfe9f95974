"""Arguments for the kernels that go through whole runs; their cases are among those of ``kernel_cases.py``."""

import math

import numpy as np

PLAN = {
    # H = 1: stages 1, 2, 4, ...; looks after 1, 2, 5, 6, 20 iterations
    1: ([1, 1, 1, 2, 1, 1, 8, 5], [0, 1, 0, 1, 0, 0, 1, 1], [1, 1, 0, 1, 1, 0, 0, 1]),
    # H = 2: stages 2, 3, 4, 6, ...; looks after 2, 3, 11 iterations
    2: ([2, 1, 2, 4, 2], [0, 1, 0, 1, 1], [1, 1, 0, 0, 1]),
    # H = 3: stages 3, 4, 5, 6, ...; looks after 1, 8 iterations
    3: ([1, 2, 4, 1], [0, 0, 1, 1], [1, 0, 0, 1]),
}
"""By horizon: pieces, which of them a stage (or a value update) separates, after which somebody looks."""


def of_games(rng, games, horizon, states, rows, columns, kinds, steps):
    """What both kernels take: games, their sizes, policies and sums before the first iteration."""
    lanes, joint = games * horizon * states, rows * columns
    policies = [rng.dirichlet(np.ones(n), size=lanes) for n in (rows, columns)]
    pieces, between, looks = (np.array(part, dtype=np.int64) for part in PLAN[horizon])
    return {
        "reward": rng.uniform(size=(lanes, rows, columns)),
        "transition": rng.dirichlet(np.ones(states), size=(steps, kinds, states * joint)),
        "index": rng.integers(kinds, size=games),
        "mu": policies[0],
        "nu": policies[1],
        "sum_mu": np.zeros((2, lanes, rows)),
        "sum_nu": np.zeros((2, lanes, columns)),
        "seen_mu": np.full((looks.sum(), lanes, rows), -1.0),
        "seen_nu": np.full((looks.sum(), lanes, columns), -1.0),
        "pieces": pieces,
        "looks": looks,
        "games": games,
        "horizon": horizon,
        "states": states,
        "rows": rows,
        "columns": columns,
        "kinds": kinds,
        "steps": steps,
        "done": 0,
        "seen": int(looks.sum()),
        "count": len(pieces),
        "longest": int(pieces.max()),
    }, between


def mirror_run_arguments(rng, games, horizon, states, rows, columns, kinds=2, steps=1, given=2, *, keep=True,
                         predicts=1):  # fmt: skip
    """Algorithm 1 from the start, with initial policies for the first stages."""
    shared, fresh = of_games(rng, games, horizon, states, rows, columns, kinds, steps)
    cells, ends = horizon * states, int(fresh.sum())
    lanes, slots, kept = games * cells, 1 + ends if keep else 2, ends if keep else 0
    starts = [rng.dirichlet(np.ones(n), size=(games, given, cells)) for n in (rows, columns)]
    first = [start[:, 0].reshape(lanes, start.shape[-1]) for start in starts]
    return {
        **shared,
        "eta": 0.3 * rng.uniform(0.5, 1.0, size=lanes),
        "start_x": np.log(starts[0]),
        "start_y": np.log(starts[1]),
        "start_mu": starts[0],
        "start_nu": starts[1],
        "x": np.log(first[0]),
        "y": np.log(first[1]),
        "mu": first[0].copy(),
        "nu": first[1].copy(),
        "sum_value": np.zeros((2, lanes)),
        "finished_mu": np.zeros((lanes, rows)),
        "finished_nu": np.zeros((lanes, columns)),
        "q": np.zeros((slots, lanes, rows, columns)),
        "stage_mu": np.full((kept, lanes, rows), -1.0),
        "stage_nu": np.full((kept, lanes, columns), -1.0),
        "stage_value": np.full((kept, lanes), -1.0),
        "states_seen": np.full((shared["seen"] if keep else 0, lanes * (5 * (rows + columns) + 2)), -1.0),
        "watched": shared["seen"] if keep else 0,
        "fresh": fresh,
        "given": given,
        "stage": 1,
        "slots": slots,
        "kept": kept,
        "predicts": predicts,
    }


def regret_run_arguments(rng, games, horizon, states, rows, columns, kinds=2, steps=1):
    """Regret matching from the start; values are updated where the schedule of Algorithm 1 would end a stage."""
    shared, between = of_games(rng, games, horizon, states, rows, columns, kinds, steps)
    lanes = games * horizon * states
    return {
        **shared,
        "q": shared["reward"].copy(),
        "x": shared["mu"] / 10.0,
        "y": shared["nu"] / 10.0,
        "value": np.full(lanes, -1.0),
        "updates": between,
    }


def joint_run_arguments(rng, games, horizon, states, actions, kinds=2, steps=1, given=2, *, keep=True):
    """Algorithm 2 from the start, with initial policies for the first stages."""
    joint, players, cells = math.prod(actions), len(actions), horizon * states
    pieces, fresh, looks = (np.array(part, dtype=np.int64) for part in PLAN[horizon])
    lanes, ends, columns = games * cells, int(fresh.sum()), sum(actions)
    start = np.concatenate([rng.dirichlet(np.ones(n), size=(games, given, cells)) for n in actions], axis=-1)
    slots = 1 + ends if keep else 2
    return {
        "reward": rng.uniform(size=(games, players, cells, joint)),
        "transition": rng.dirichlet(np.ones(states), size=(steps, kinds, states * joint)),
        "index": rng.integers(kinds, size=games),
        "actions": np.array(actions, dtype=np.int64),
        "eta": 0.3 * rng.uniform(0.5, 1.0, size=lanes),
        "start_x": np.log(start),
        "start_policy": start,
        "x": np.log(start[:, 0]).reshape(lanes, columns),
        "policy": start[:, 0].reshape(lanes, columns).copy(),
        "sum_joint": np.zeros((2, lanes, joint)),
        "finished": np.zeros((lanes, joint)),
        "lane_q": np.zeros((lanes, players, joint)),
        "q": np.zeros((slots, games, players, cells, joint)),
        "values": np.concatenate(
            [rng.uniform(size=(1, games, 2, players, cells)), np.zeros((ends, games, 2, players, cells))]
        ),
        "stage_joint": np.full((ends, lanes, joint), -1.0),
        "seen_joint": np.full((looks.sum(), lanes, joint), -1.0),
        "states_seen": np.full((looks.sum() if keep else 0, lanes * (2 * columns + 3 * joint)), -1.0),
        "watched": int(looks.sum()) if keep else 0,
        "pieces": pieces,
        "fresh": fresh,
        "looks": looks,
        "games": games,
        "players": players,
        "horizon": horizon,
        "states": states,
        "joint": joint,
        "columns": columns,
        "kinds": kinds,
        "steps": steps,
        "given": given,
        "stage": 1,
        "done": 0,
        "slots": slots,
        "room": 1 + ends,
        "kept": ends,
        "seen": int(looks.sum()),
        "count": len(pieces),
        "longest": int(pieces.max()),
    }


def schedule_cases(rng):
    """Some sizes on each way through the loops, every kernel of a step its own or one for all."""
    for rows, columns in [(2, 2), (3, 2), (1, 4), (5, 9)]:
        for games, horizon, states in [(1, 1, 1), (3, 1, 2), (2, 2, 3), (9, 3, 1)]:
            for steps in sorted({1, horizon}):
                label = f"{rows}x{columns}, {games} games, H = {horizon}, {states} states, {steps} kernels"
                for keep in (True, False):
                    arguments = mirror_run_arguments(
                        rng, games, horizon, states, rows, columns, steps=steps, given=1 + 2 * keep, keep=keep
                    )
                    # iterates pass on a difference by 1 + 2 eta at worst, eta at most 0.3, over 8 iterations of a stage
                    yield f"mirror_run {label}, kept: {keep}", "mirror_run", arguments, 1e-12
                arguments = regret_run_arguments(rng, games, horizon, states, rows, columns, steps=steps)
                arguments["reward"] *= 0.1  # a best action a player, so that policies settle and pass no rounding on
                arguments["reward"][:, 0] += 0.5
                arguments["reward"][:, :, -1] -= 0.3
                arguments["q"][...] = arguments["reward"]
                yield f"regret_run {label}", "regret_run", arguments, 1e-10
    for actions in [(2, 2), (3, 2), (2, 2, 2), (4,), (2, 3, 2)]:
        for games, horizon, states in [(1, 1, 1), (3, 1, 2), (2, 2, 3), (9, 3, 1)]:
            for steps in sorted({1, horizon}):
                label = f"{actions}, {games} games, H = {horizon}, {states} states, {steps} kernels"
                arguments = joint_run_arguments(rng, games, horizon, states, actions, steps=steps, keep=steps == 1)
                yield f"joint_run {label}", "joint_run", arguments, 1e-12
    yield "joint_run of nothing", "joint_run", joint_run_arguments(rng, 0, 2, 2, (2, 3)), 0.0
    yield "mirror_run of nothing", "mirror_run", mirror_run_arguments(rng, 0, 2, 2, 2, 3), 0.0
    yield "regret_run of nothing", "regret_run", regret_run_arguments(rng, 0, 2, 2, 2, 3), 0.0
