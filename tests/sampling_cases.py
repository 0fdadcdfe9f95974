"""Arguments for the kernels that sample (see ``kernel_cases``): simulated play, and learners with bandit feedback."""

import itertools
import math

import numpy as np

ACTIONS = [(3,), (2, 2), (3, 2), (1, 4), (2, 2, 2), (2, 1, 3, 2)]


def ends_of(chances):
    """Cumulative sums that end with exactly 1."""
    ends = np.cumsum(chances, axis=-1)
    ends[..., -1] = 1.0
    return ends


def side_by_side(rng, actions, *lead):
    return np.concatenate([rng.dirichlet(np.ones(n), size=lead) for n in actions], axis=-1)


def game_arguments(rng, games, actions, states, kinds, steps=None):
    """What all of them take: kernels of so many steps, or without that axis."""
    lead = (kinds,) if steps is None else (steps, kinds)
    joint = math.prod(actions)
    return {
        "onward": ends_of(rng.dirichlet(np.full(states, 0.7), size=(*lead, states, joint))),
        "index": rng.integers(kinds, size=games),
        "start": ends_of(rng.dirichlet(np.ones(states), size=games)),
        "actions": np.array(actions, dtype=np.int64),
        "seed": rng.integers(2**48, size=games),
        "games": games,
        "players": len(actions),
        "states": states,
        "joint": joint,
        "columns": sum(actions),
        "kinds": kinds,
    }


def in_order(arguments, names):
    return {name: arguments[name] for name in names.split()}


def simulate_arguments(
    rng, games, actions, states, horizon, episodes, *, kinds=2, parts=1, shared=False, ending=0.0, kept=1, rows=None,
    first=5,
):  # fmt: skip
    """Play of finite horizon, or with a chance of the end in every step."""
    found = game_arguments(rng, games, actions, states, kinds, 1 if shared or ending else horizon)
    steps, rows = 1 if ending else horizon, len(actions) if rows is None else rows
    law = np.concatenate([ends_of(rng.dirichlet(np.ones(n), size=(games, steps, states))) for n in actions], axis=-1)
    trail = games * episodes * horizon if kept else 0
    found["onward"] *= 1.0 - ending
    found |= {
        "reward": rng.uniform(size=(games, rows, steps, states, found["joint"])),
        "ends": law,
        "visits": rng.integers(9, size=(games, parts, steps, states, found["joint"])).astype(float),
        "returns": rng.uniform(size=(games, parts, 2, rows)),
        "state": np.full(trail, -1.0),
        "action": np.full(trail, -1.0),
        "parts": parts,
        "reward_rows": rows,
        "steps": steps,
        "onward_steps": len(found["onward"]),
        "horizon": horizon,
        "first": first,
        "episodes": episodes,
        "ending": int(ending > 0.0),
        "kept": kept,
    }
    return in_order(
        found,
        "reward onward index start ends actions seed visits returns state action games parts players states joint "
        "columns reward_rows kinds steps onward_steps horizon first episodes ending kept",
    )


def v_learning_arguments(
    rng, games, actions, states, horizon, episodes, *, kinds=2, shared=False, measure=1, bonus=0.1
):
    """V-learning in the middle of a run."""
    found = game_arguments(rng, games, actions, states, kinds, 1 if shared else horizon)
    sizes, players, columns = (games, horizon, states), len(actions), sum(actions)
    transition = np.diff(found["onward"], axis=-1, prepend=0.0)
    found |= {
        "reward": rng.uniform(size=(games, players, horizon, states, found["joint"])),
        "transition": transition,
        "rate": rng.uniform(0.5, 2.0, size=games),
        "prior": np.log(side_by_side(rng, actions, *sizes)),
        "policy": side_by_side(rng, actions, *sizes),
        "loss": rng.uniform(size=(*sizes, columns)),
        "average": side_by_side(rng, actions, *sizes),
        "count": rng.integers(4, size=sizes).astype(float),
        "value": rng.uniform(0.0, horizon, size=(*sizes, players)),
        "followed": rng.uniform(size=(*sizes, players)),
        "deviated": rng.uniform(size=(*sizes, columns)),
        "reply": rng.uniform(size=(*sizes, players)),
        "bonus": bonus,
        "horizon": horizon,
        "steps": len(transition),
        "first": 3,
        "episodes": episodes,
        "measure": measure,
    }
    return in_order(
        found,
        "reward transition onward index start actions seed rate prior policy loss average count value followed "
        "deviated reply bonus games players horizon states joint columns kinds steps first episodes measure",
    )


def sampled_mirror_arguments(
    rng, games, actions, states, horizon, iterations, *, kinds=2, shared=False, batch=7, done=0, blind=0
):  # fmt: skip
    """A stage of Algorithm 1 or 2 with bandit feedback."""
    found = game_arguments(rng, games, actions, states, kinds, 1 if shared else horizon)
    sizes, players, columns = (games, horizon, states), len(actions), sum(actions)
    policy = side_by_side(rng, actions, *sizes)
    found |= {
        "reward": rng.uniform(size=(games, players, horizon, states, found["joint"])),
        "eta": rng.uniform(0.05, 0.2, size=games),
        "value": rng.uniform(0.0, horizon, size=(*sizes, players)),
        "x": np.log(policy),
        "policy": policy,
        "payoff": rng.normal(size=(*sizes, columns)),
        "baseline": rng.uniform(size=(*sizes, players)),
        "sum_joint": rng.uniform(size=(*sizes, found["joint"])),
        "sum_payoff": rng.uniform(size=(*sizes, columns)),
        "sum_value": rng.uniform(size=(*sizes, players)),
        "met": rng.integers(9, size=sizes).astype(float),
        "exploration": 0.1,
        "horizon": horizon,
        "steps": len(found["onward"]),
        "batch": batch,
        "done": done,
        "first": 3,
        "iterations": iterations,
        "blind": blind,
    }
    return in_order(
        found,
        "reward onward index start actions seed eta value x policy payoff baseline sum_joint sum_payoff sum_value met "
        "exploration games players horizon states joint columns kinds steps batch done first iterations blind",
    )


def sampled_ascent_arguments(rng, games, actions, states, iterations, *, kinds=2, rows=1, batch=7, discount=0.8):
    """Projected Q-ascent with bandit feedback."""
    found = game_arguments(rng, games, actions, states, kinds)
    found["onward"] *= discount
    found |= {
        "reward": rng.uniform(size=(games, rows, states, found["joint"])),
        "step": rng.uniform(0.01, 0.1, size=games),
        "policy": side_by_side(rng, actions, games, states),
        "baseline": rng.uniform(size=(games, states, len(actions))),
        "played": rng.integers(9, size=games).astype(float),
        "exploration": 0.1,
        "reward_rows": rows,
        "batch": batch,
        "first": 3,
        "iterations": iterations,
    }
    return in_order(
        found,
        "reward onward index start actions seed step policy baseline played exploration games players states joint "
        "columns kinds reward_rows batch first iterations",
    )


def sampling_cases(rng):
    """Yield cases as ``kernel_cases.cases``: the same draws, so the same play, and learning to rounding."""
    for actions, states, horizon in itertools.product(ACTIONS, (1, 2, 5, 40), (1, 3)):
        label = f"{actions}, {states} states, horizon {horizon}"
        if math.prod(actions) * states**2 <= 20_000:
            for shared, parts in ((False, 1), (True, 3)):
                arguments = simulate_arguments(rng, 2, actions, states, horizon, 17, shared=shared, parts=parts)
                yield f"simulate {label}, {parts} parts", "simulate", arguments, 0.0
        if states > 5:
            continue
        for games, shared in ((1, True), (3, False)):
            arguments = v_learning_arguments(rng, games, actions, states, horizon, 20, shared=shared)
            yield f"v_learning {label}, {games} games", "v_learning", arguments, 1e-11
            arguments = sampled_mirror_arguments(
                rng, games, actions, states, horizon, 6, shared=shared, done=3 * (games > 1)
            )
            yield f"sampled_mirror {label}, {games} games", "sampled_mirror", arguments, 1e-10
        if horizon == 1:
            arguments = sampled_ascent_arguments(rng, 2, actions, states, 6, rows=len(actions) if states > 1 else 1)
            yield f"sampled_ascent {label}", "sampled_ascent", arguments, 1e-11
    for ending in (0.05, 0.9):
        arguments = simulate_arguments(rng, 2, (2, 3), 3, 1 << 40, 40, ending=ending, kept=0, rows=1)
        yield f"simulate to an end of chance {ending}", "simulate", arguments, 0.0
    yield "simulate nothing", "simulate", simulate_arguments(rng, 0, (2, 2), 2, 2, 5), 0.0
    yield "simulate no episode", "simulate", simulate_arguments(rng, 2, (2, 2), 2, 2, 0, parts=2), 0.0
    yield "v_learning unmeasured", "v_learning", v_learning_arguments(rng, 2, (2, 3), 2, 2, 9, measure=0), 1e-11
    yield "v_learning of nothing", "v_learning", v_learning_arguments(rng, 0, (2, 2), 2, 2, 3), 0.0
    yield "sampled_mirror blind", "sampled_mirror", sampled_mirror_arguments(rng, 2, (2, 2), 2, 2, 4, blind=1), 1e-12
    yield "sampled_mirror of nothing", "sampled_mirror", sampled_mirror_arguments(rng, 0, (2, 2), 2, 2, 3), 0.0
    yield "sampled_ascent of nothing", "sampled_ascent", sampled_ascent_arguments(rng, 0, (2, 2), 2, 3), 0.0
