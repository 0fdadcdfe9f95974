"""Arguments for the kernels, and how far two implementations may differ on them.

Run as a script, this file stores what the compiled kernels in use make of every case:
``python kernel_cases.py results.npz``. The tests run it once for each instruction set.
"""

import itertools
import math
import sys

import numpy as np
from barrier_cases import BARRIER_WRITTEN, barrier_cases
from cautious_cases import CAUTIOUS_WRITTEN, cautious_cases
from sampling_cases import sampling_cases
from schedule_cases import schedule_cases
from smooth_cases import SMOOTH_WRITTEN, comparable, smooth_cases
from sparse_cases import sparse_cases
from tree_cases import tree_cases

CHUNK = 1024

# Case: (name, kernel, arguments, tolerance). Iterates of Algorithm 1 pass on a difference by a factor of about
# 1 + 2 eta an iteration at worst (the softmax is 1-Lipschitz and the payoffs lie in [0, 1]), but hardly grow it on
# average at the learning rates that the theorems allow. Tolerances on policies are therefore 1e-12 where
# eta <= 1/2 and the run is short, and otherwise are derived where the case is made.


def mirror_arguments(rng, lanes, rows, columns, done, iterations, eta=0.3, logit=None, holes=False,
                     predicts=1):  # fmt: skip
    """Consistent arguments in the middle of a stage; logits normalised policies, with gaps at -inf, or +-``logit``."""
    q = rng.uniform(size=(lanes, rows, columns))
    rates = eta * rng.uniform(0.5, 1.0, size=lanes)
    anchors, iterates, sums = [], [], []
    for n in (rows, columns):
        anchor = np.log(rng.dirichlet(np.ones(n), size=lanes))
        if logit is not None:
            anchor = rng.choice([-logit, 0.0, logit], size=(lanes, n))
        if holes:
            gaps = rng.uniform(size=(lanes, n)) < 0.5
            gaps[np.arange(lanes), rng.integers(n, size=lanes)] = False
            anchor[gaps] = -np.inf
        anchors.append(anchor)
        weights = np.exp(anchor - anchor.max(axis=1, keepdims=True))
        iterates.append(weights / weights.sum(axis=1, keepdims=True))
        counts = np.array([done - done % CHUNK, done % CHUNK], dtype=float)
        sums.append(counts[:, np.newaxis, np.newaxis] * rng.dirichlet(np.ones(n), size=(2, lanes)))
    value = rng.uniform(size=(2, lanes)) * np.array([[done - done % CHUNK], [done % CHUNK]])
    return {
        "q": q,
        "eta": rates,
        "x": anchors[0],
        "y": anchors[1],
        "mu": iterates[0],
        "nu": iterates[1],
        "sum_mu": sums[0],
        "sum_nu": sums[1],
        "sum_value": value,
        "lanes": lanes,
        "rows": rows,
        "columns": columns,
        "done": done,
        "iterations": iterations,
        "predicts": predicts,
    }


def ascent_arguments(
    rng, lanes, actions, states, reward_rows, kinds, iterations, discount=0.9, step=0.2, *,
    softmax=0, natural=0, measure=1, done=0, start="interior",
):  # fmt: skip
    """Consistent arguments in the middle of a run, from ``interior`` or ``pure`` policies, or with ``holes``."""
    parts = []
    for n in actions:
        part = rng.dirichlet(np.full(n, 0.5), size=(lanes, states))
        if start == "pure":
            part = np.eye(n)[rng.integers(n, size=(lanes, states))]
        if start == "holes":
            part[rng.uniform(size=part.shape) < 0.5] = 0.0
            part += np.eye(n)[rng.integers(n, size=(lanes, states))]
            part /= part.sum(axis=-1, keepdims=True)
        if softmax:
            with np.errstate(divide="ignore"):
                part = np.log(part) + rng.normal(scale=3.0, size=(lanes, states, 1))  # nothing normalises logits
        parts.append(part)
    joint = math.prod(actions)
    counts = np.array([[done - done % CHUNK], [done % CHUNK]])
    return {
        "reward": rng.uniform(size=(lanes, reward_rows, states, joint)),
        "transition": rng.dirichlet(np.full(states, 0.5), size=(kinds, states, joint)),
        "index": rng.integers(kinds, size=lanes),
        "step": step * rng.uniform(0.5, 1.0, size=lanes),
        "initial": rng.dirichlet(np.ones(states), size=lanes),
        "actions": np.array(actions, dtype=np.int64),
        "policy": np.concatenate(parts, axis=-1),
        "response": rng.integers(np.broadcast_to(actions, (lanes, states, len(actions)))).astype(float),
        "sum_gap": rng.uniform(size=(2, lanes)) * counts,
        "least": np.where(np.arange(lanes) % 2, rng.uniform(size=lanes), 1.0),
        "discount": discount,
        "lanes": lanes,
        "players": len(actions),
        "states": states,
        "joint": joint,
        "reward_rows": reward_rows,
        "columns": sum(actions),
        "kinds": kinds,
        "softmax": softmax,
        "natural": natural,
        "measure": measure,
        "done": done,
        "iterations": iterations,
    }


def maml_arguments(
    rng, rows, count, actions, states, inner_steps, iterations=2, discount=0.9, inner_step=0.05, *,
    first_order=0, redrawn=0, spread=1.0,
):  # fmt: skip
    """Rows of so many games drawn from five with two transition kernels, one probability 0; meta-steps of 0.1."""
    joint, columns, draws = math.prod(actions), sum(actions), iterations if redrawn else 1
    probability = rng.dirichlet(np.ones(count), size=(rows,))
    probability[0] = np.eye(count)[0]
    return {
        "reward": rng.uniform(size=(5, states, joint)),
        "transition": rng.dirichlet(np.full(states, 0.5), size=(2, states, joint)),
        "kind": rng.integers(2, size=5),
        "initial": rng.dirichlet(np.ones(states), size=5),
        "actions": np.array(actions, dtype=np.int64),
        "game": rng.integers(5, size=(draws, rows, count)),
        "probability": probability,
        "logits": spread * rng.normal(size=(rows, states, columns)),
        "gradient": np.full((rows, states, columns), -9.0),
        "objective": np.full(rows, -9.0),
        "norm": np.full(rows, -9.0),
        "least": np.full(rows, -9.0),
        "discount": discount,
        "inner_step": inner_step,
        "step": 0.1,
        "rows": rows,
        "count": count,
        "games": 5,
        "players": len(actions),
        "states": states,
        "joint": joint,
        "columns": columns,
        "kinds": 2,
        "inner_steps": inner_steps,
        "first_order": first_order,
        "draws": draws,
        "iterations": iterations,
    }


def expect_arguments(rng, games, rows, states, vectors, kinds):
    return {
        "transition": rng.dirichlet(np.ones(states), size=(kinds, rows)),
        "index": rng.integers(kinds, size=games),
        "values": rng.uniform(0.0, 5.0, size=(games, vectors, states)),
        "out": np.full((games, vectors, rows), -1.0),
        "games": games,
        "rows": rows,
        "states": states,
        "vectors": vectors,
        "kinds": kinds,
    }


def matrix_arguments(payoff):
    games, rows, columns = payoff.shape
    return {
        "payoff": payoff,
        "solution": np.full((games, 2 + rows + columns), -1.0),
        "games": games,
        "rows": rows,
        "columns": columns,
    }


def backup_arguments(rng, games, steps, rows, states, kinds, first=0, last=None):
    return {
        "reward": rng.uniform(size=(games, steps, rows)),
        "transition": rng.dirichlet(np.ones(states), size=(kinds, rows)),
        "index": rng.integers(kinds, size=games),
        "values": rng.uniform(0.0, 5.0, size=(games, steps, states)),
        "out": np.full((games, steps, rows), -1.0),
        "games": games,
        "steps": steps,
        "rows": rows,
        "states": states,
        "kinds": kinds,
        "first": first,
        "last": steps if last is None else last,
    }


def simplex_arguments(table):
    rows, columns = table.shape
    return {"array": table, "rows": rows, "columns": columns, "tolerance": 1e-9}


def resample_arguments(uniform, resamples, seeds):
    return {
        "uniform": np.asarray(uniform, dtype=float), "counts": np.zeros((resamples, seeds)), "numbers": len(uniform),
        "resamples": resamples, "seeds": seeds,
    }  # fmt: skip


def uniform_arguments(words, numbers):
    words = np.asarray(words, dtype=np.int64).reshape(-1, 8)
    return {
        "words": words, "out": np.full((len(words), numbers), -1.0), "streams": len(words), "numbers": numbers,
    }  # fmt: skip


def fold_arguments(rng, entries):
    return {
        "sums": rng.uniform(0.0, 1e3, size=(2, entries)),
        "total": rng.uniform(0.0, 1e6, size=entries),
        "entries": entries,
    }


def policies_of(rng, actions, *lead):
    """One array a player, every second row with actions that are never played."""
    parts = [rng.dirichlet(np.full(n, 0.5), size=lead) for n in actions]
    for part, n in zip(parts, actions, strict=True):
        part[..., ::2, :] = np.eye(n)[rng.integers(n, size=part[..., ::2, 0].shape)]
    return tuple(parts)


def finite_arguments(rng, games, actions, states, horizon, steps, kinds=2, *, zero_sum=False, wanted=None, step=0):
    """Games of finite horizon; all that can be wanted unless told. Without ``steps``, one step with given values."""
    players, joint, rows = len(actions), math.prod(actions), 1 if zero_sum else len(actions)
    wanted = np.arange(2 * players) if wanted is None else np.array(wanted)
    vectors = len(wanted)
    value, given = np.full((games, vectors, horizon, states), -1.0), (games, vectors, states, joint)
    return {
        "reward": rng.uniform(size=(games, rows, horizon, states, joint)),
        "transition": rng.dirichlet(np.full(states, 0.5), size=(steps, kinds, states, joint))
        if steps
        else rng.uniform(-3.0, 3.0, size=given if step < horizon - 1 else 0),
        "index": rng.integers(kinds, size=games),
        "initial": rng.dirichlet(np.ones(states), size=games),
        "policy": policies_of(rng, actions, games, horizon, states),
        "actions": np.array(actions, dtype=np.int64),
        "wanted": wanted,
        "value": value,
        "start": np.full((games, vectors), -1.0),
        "games": games,
        "players": players,
        "horizon": horizon,
        "states": states,
        "joint": joint,
        "reward_rows": rows,
        "kinds": kinds,
        "steps": steps,
        "vectors": vectors,
        "step": step,
    }


def correlated_arguments(rng, games, actions, states, horizon, steps, kinds=2, *, step=0):
    """A stage of Algorithm 2; without ``steps``, one step with given expected values."""
    players, joint = len(actions), math.prod(actions)
    given = (games, 2 * players, states, joint)
    return {
        "reward": rng.uniform(size=(games, players, horizon, states, joint)),
        "transition": rng.dirichlet(np.full(states, 0.5), size=(steps, kinds, states, joint))
        if steps
        else rng.uniform(0.0, 3.0, size=given if step < horizon - 1 else 0),
        "index": rng.integers(kinds, size=games),
        "weights": rng.dirichlet(np.full(joint, 0.3), size=(games, horizon, states)),
        "actions": np.array(actions, dtype=np.int64),
        "before": rng.uniform(0.0, 3.0, size=(games, 2 * players, horizon, states)),
        "after": np.full((games, 2 * players, horizon, states), -1.0),
        "games": games,
        "players": players,
        "horizon": horizon,
        "states": states,
        "joint": joint,
        "kinds": kinds,
        "steps": steps,
        "step": step,
    }


def discounted_arguments(rng, games, actions, states, reward_rows, discount, kinds=2, *, wanted=None):
    """Discounted games; all that can be wanted unless told."""
    players, joint = len(actions), math.prod(actions)
    wanted = np.arange(2 * players) if wanted is None else np.array(wanted)
    return {
        "reward": rng.uniform(size=(games, reward_rows, states, joint)),
        "transition": rng.dirichlet(np.full(states, 0.5), size=(kinds, states, joint)),
        "index": rng.integers(kinds, size=games),
        "initial": rng.dirichlet(np.ones(states), size=games),
        "policy": policies_of(rng, actions, games, states),
        "actions": np.array(actions, dtype=np.int64),
        "wanted": wanted,
        "value": np.full((games, len(wanted), states), -1.0),
        "start": np.full((games, len(wanted)), -1.0),
        "discount": discount,
        "games": games,
        "players": players,
        "states": states,
        "joint": joint,
        "reward_rows": reward_rows,
        "kinds": kinds,
        "vectors": len(wanted),
    }


def copied(arguments):
    """The same arguments, with arrays of their own."""
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in arguments.items()}


def arrays_of(arguments):
    """Names of the arguments that are arrays."""
    return [name for name, value in arguments.items() if isinstance(value, np.ndarray)]


WRITTEN = {
    "mirror": ("x", "y", "mu", "nu", "sum_mu", "sum_nu", "sum_value"),
    "ascent": ("policy", "sum_gap", "least"),  # which of several best responses it finds is not compared
    "maml": ("logits", "gradient", "objective", "norm", "least"),
    "cautious": CAUTIOUS_WRITTEN,
    "smooth": SMOOTH_WRITTEN,
    "swap_ftrl": BARRIER_WRITTEN,
    "fold": ("sums", "total"),
    "finite_values": ("value", "start"),
    "discounted_values": ("value", "start"),
    "correlated_values": ("after",),
    "equilibria": ("solution",),
    "expect": ("out",),
    "backup": ("out",),
    "sparse_expect": ("out",),
    "sparse_backup": ("out",),
    "sparse_values": ("value",),
    "off_simplex": (),
    "resample": ("counts",),
    "uniform": ("out",),
    "learn_trees": (
        "memory", "strategy", "plan_sum", "gradient", "gradient_sum", "value_sum", "seen_plan", "seen_strategy",
        "seen_gradient", "seen_value",
    ),
    "behaviours": ("strategy",),
    "gains_in_trees": ("gain",),
    "simulate": ("visits", "returns", "state", "action"),
    "v_learning": ("policy", "loss", "average", "count", "value", "followed", "deviated", "reply"),
    "sampled_mirror": (
        "x", "policy", "payoff", "baseline", "sum_joint", "sum_payoff", "sum_value", "met",
    ),
    "sampled_ascent": ("policy", "baseline", "played"),
    "mirror_run": (
        "x", "y", "mu", "nu", "sum_mu", "sum_nu", "sum_value", "finished_mu", "finished_nu", "q", "seen_mu", "seen_nu",
        "states_seen", "stage_mu", "stage_nu", "stage_value",
    ),
    "joint_run": (
        "x", "policy", "sum_joint", "finished", "lane_q", "q", "values", "stage_joint", "seen_joint", "states_seen",
    ),
    "regret_run": ("q", "x", "y", "mu", "nu", "sum_mu", "sum_nu", "value", "seen_mu", "seen_nu"),
}  # fmt: skip


def compared_states(states, lanes, players):
    """States at looks, whose first arrays are logits (lanes, all players' actions): their differences alone."""
    found, begin = states.copy(), 0
    for actions in players:
        logits = found[:, begin : begin + lanes * sum(actions)].reshape(len(states), lanes, sum(actions))
        parts = np.split(logits, np.cumsum(actions)[:-1], axis=2)
        relative = np.concatenate([part - part.max(axis=2, keepdims=True, initial=-np.inf) for part in parts], axis=2)
        end = begin + lanes * sum(actions)
        found[:, begin:end] = relative.reshape(len(states), end - begin)
        begin = end
    return found


def run(module, kernel, arguments):
    """Call a kernel on copies; return the arrays that it advances, by name."""
    arguments = copied(arguments)
    result = getattr(module, kernel)(**arguments)
    found = {name: arguments[name] for name in WRITTEN[kernel]}
    if kernel == "mirror_run":
        x, y = (found[name] for name in ("x", "y"))
        found["states_seen"] = compared_states(found["states_seen"], len(x), [[x.shape[1]], [y.shape[1]]])
    if kernel in {"mirror", "mirror_run"}:  # only differences of logits mean anything
        return found | {name: found[name] - found[name].max(axis=1, keepdims=True) for name in ("x", "y")}
    if kernel == "joint_run":
        ends = np.cumsum(arguments["actions"])[:-1]
        parts = np.split(found["x"], ends, axis=1)
        found["x"] = np.concatenate([part - part.max(axis=1, keepdims=True) for part in parts], axis=1)
        found["states_seen"] = compared_states(found["states_seen"], len(found["x"]), [arguments["actions"]])
    if kernel == "smooth":
        return comparable(arguments, found)
    if kernel == "equilibria":  # values in the unit of the payoffs
        found["solution"][:, 0] /= np.abs(arguments["payoff"]).max(initial=0.0, axis=(1, 2)) + 1e-320
    if kernel == "resample":
        found["used"] = np.array(result)
    return {"row": np.array(result)} if kernel == "off_simplex" else found


def cases():
    rng = np.random.default_rng(20231)
    shapes = [(2, 2), (1, 1), (1, 2), (2, 1), (2, 3), (3, 2), (4, 4), (5, 1), (1, 9), (9, 1), (7, 4), (4, 7), (9, 8)]
    for rows, columns in shapes:
        for lanes in (1, 3, 17):
            arguments = mirror_arguments(rng, lanes, rows, columns, 0, 60)
            yield f"mirror {rows}x{columns}, {lanes} lanes", "mirror", arguments, 1e-12
    yield from cases_without_prediction()
    for rows, columns in [(2, 2), (3, 5)]:
        for done, iterations in [(1, 0), (1, 1), (1000, 23), (1000, 24), (1000, 25), (1023, 1), (1023, 2), (1024, 5),
                                 (1025, 1023), (2047, 30), (500, 2600)]:  # fmt: skip
            arguments = mirror_arguments(rng, 5, rows, columns, done, iterations, eta=0.1)
            # sums reach 3000, where one rounding is 4e-13
            yield f"mirror {rows}x{columns}, {iterations} after {done}", "mirror", arguments, 1e-10
        for lanes in (1, 2, 4, 7, 8, 9, 15, 16, 33):
            arguments = mirror_arguments(rng, lanes, rows, columns, 0, 40, holes=True)
            yield f"mirror {rows}x{columns}, -inf, {lanes} lanes", "mirror", arguments, 1e-12
        # logits of 1e6 are rounded to 1e-10 in each of ten iterations, for both players
        arguments = mirror_arguments(rng, 16, rows, columns, 0, 10, logit=1e6)
        yield f"mirror {rows}x{columns}, logits 1e6", "mirror", arguments, 5e-9
        arguments = mirror_arguments(rng, 16, rows, columns, 0, 10, logit=1e6, holes=True)
        yield f"mirror {rows}x{columns}, logits 1e6 and -inf", "mirror", arguments, 5e-9
        # two iterations at eta = 50 can turn a rounding of 50 into 50 * 100 roundings of a policy
        arguments = mirror_arguments(rng, 16, rows, columns, 0, 3, eta=50.0)
        yield f"mirror {rows}x{columns}, eta 50", "mirror", arguments, 1e-11
        # at 1e7 every softmax is a vertex (unless payoffs tie to 1e-6, which the seed excludes)
        arguments = mirror_arguments(rng, 16, rows, columns, 0, 4, eta=1e7)
        yield f"mirror {rows}x{columns}, eta 1e7", "mirror", arguments, 1e-7
        for logit in (600.0, 690.0, 699.999, 700.001, 708.0, 720.0, 745.0, 746.0):
            # around the bounds at which exponentials are cut; what is cut is below 1e-300
            arguments = mirror_arguments(rng, 8, rows, columns, 0, 2, eta=1e-3, logit=logit)
            yield f"mirror {rows}x{columns}, logits {logit}", "mirror", arguments, 1e-11
    for rows, columns in [(2, 2), (2, 3)]:
        # without payoffs one iteration is one softmax of given logits: both exponentials at their best
        arguments = mirror_arguments(rng, 4000, rows, columns, 0, 1)
        arguments["q"][...] = 0.0
        for name in ("x", "y"):
            anchor = arguments[name]
            anchor[...] = rng.uniform(-40.0, 40.0, size=anchor.shape)
        yield f"mirror {rows}x{columns}, one softmax", "mirror", arguments, 1e-15
    yield from ascent_cases(rng)
    yield from maml_cases(np.random.default_rng(20232))
    for games, rows, states, vectors, kinds in itertools.product(
        (1, 5), (1, 6), (1, 2, 3, 4, 8, 9, 17), (1, 3), (1, 2)
    ):
        arguments = expect_arguments(rng, games, rows, states, vectors, kinds)
        # 17 terms of at most 5, averaged: a few roundings
        yield f"expect {games} games, {rows}x{states}, {vectors} vectors, {kinds} kinds", "expect", arguments, 1e-14
    # one step, four of them, more than a multiple of four, with fewer and more rows than a block of eight
    for games, steps, rows, states, kinds in itertools.product(
        (1, 3), (1, 2, 3, 5, 6, 8), (1, 8, 19), (1, 2, 7, 17), (1, 2)
    ):
        arguments = backup_arguments(rng, games, steps, rows, states, kinds)
        yield f"backup {games} games, {steps} steps, {rows}x{states}, {kinds} kinds", "backup", arguments, 1e-14
    for first, last in [(0, 1), (2, 3), (6, 7), (1, 6), (3, 3), (5, 7)]:
        arguments = backup_arguments(rng, 3, 7, 10, 3, 2, first, last)
        yield f"backup steps {first} to {last} of 7", "backup", arguments, 1e-14
    for entries in (0, 1, 5, 64):
        yield f"fold {entries}", "fold", fold_arguments(rng, entries), 1e-9
    yield from finite_cases(rng)
    yield from correlated_cases(rng)
    yield from discounted_cases(rng)
    yield from simplex_cases(rng)
    yield "expect nothing", "expect", expect_arguments(rng, 4, 3, 2, 0, 2), 0.0
    yield from matrix_cases(rng)
    yield from tree_cases(np.random.default_rng(20233))
    yield from schedule_cases(np.random.default_rng(20236))
    yield from sampling_cases(np.random.default_rng(20234))
    yield from sparse_cases(np.random.default_rng(20234))
    yield from smooth_cases(np.random.default_rng(20236))
    yield from cautious_cases(np.random.default_rng(20237))
    yield from barrier_cases(np.random.default_rng(20238))


def cases_without_prediction():
    for rows, columns, lanes in itertools.product((1, 2, 3, 9), (2, 5), (1, 19)):
        arguments = mirror_arguments(np.random.default_rng(20235), lanes, rows, columns, 1000, 60, predicts=0)
        yield f"mirror {rows}x{columns}, {lanes} lanes, without prediction", "mirror", arguments, 1e-12


def ascent_cases(rng):
    def case(tolerance, *sizes, **options):
        lanes, actions, states, rewards, *_ = sizes
        label = f"{actions}, {states} states, {rewards} rewards, {lanes} lanes, {options}"
        return f"ascent {label}", "ascent", ascent_arguments(rng, *sizes, **options), tolerance

    actions_of = [(1,), (3,), (9,), (2, 2), (3, 2), (1, 4), (5, 3), (2, 2, 2), (2, 3, 4), (3, 1, 2), (2, 3, 2, 2)]
    for actions, states, lanes, softmax in itertools.product(actions_of, (1, 2, 3, 5), (1, 9), (0, 1)):
        for rewards in sorted({1, len(actions)}):
            # Q-values reach 10 and projections never stretch: some hundred roundings of 1e-15 here
            yield case(1e-12, lanes, actions, states, rewards, min(3, lanes), 15, softmax=softmax)
    # sizes with a loop of their own, and their neighbours
    beside = [((2, 2), 1), ((2, 2), 2), ((2, 2), 4), ((2, 2, 2), 2), ((2, 2, 2), 1), ((2, 2, 2, 2), 2), ((3, 2), 2)]
    for (actions, states), softmax in itertools.product(beside, (0, 1)):
        for rewards in (1, len(actions)):
            for start in ("pure", "holes"):
                yield case(1e-12, 9, actions, states, rewards, 2, 15, softmax=softmax, start=start)
            yield case(1e-12, 9, actions, states, rewards, 2, 15, softmax=softmax, measure=0)
            for discount, step in [(0.0, 0.5), (0.99, 1e-3)]:
                # Q-values reach 100
                yield case(1e-11, 9, actions, states, rewards, 2, 15, discount, step, softmax=softmax)
            # sums reach 10000, where one rounding is 2e-12
            yield case(1e-10, 9, actions, states, rewards, 2, 9, softmax=softmax, done=1019)
    for done, iterations, softmax in itertools.product((1000, 1023, 1024, 1025), (0, 1, 23, 24, 25), (0, 1)):
        yield case(1e-10, 3, (3, 2), 3, 2, 2, iterations, softmax=softmax, done=done)
    for softmax in (0, 1):
        yield case(1e-10, 3, (3, 2), 2, 2, 2, 1040, softmax=softmax, done=1020)
    # 0.999: Q-values reach 1000. Steps of 100 and more throw projected policies to vertices at once
    for discount, step in [(0.0, 100.0), (0.999, 1e-4), (0.9, 1e-9), (0.5, 1e6)]:
        yield case(1e-9, 6, (3, 2), 4, 2, 2, 20, discount, step)
    # and softmax policies, whose logits reach 50 and 1e6; a rounding of them is then multiplied by the step
    for step, tolerance in [(50.0, 1e-10), (1e6, 1e-6)]:
        yield case(tolerance, 6, (3, 2), 4, 2, 2, 4, 0.5, step, softmax=1)
    for (actions, states), lanes in itertools.product([*beside, ((5, 3), 5), ((4,), 2)], (1, 9)):
        for rewards, measure in itertools.product(sorted({1, len(actions)}), (0, 1)):
            # advantages reach 10, and are multiplied by 10 steps
            yield case(1e-11, lanes, actions, states, rewards, 2 if lanes > 1 else 1, 15, softmax=1, natural=1,
                       measure=measure, start="holes")  # fmt: skip
    yield case(0.0, 0, (3, 2), 2, 2, 1, 3)


def maml_cases(rng):
    def case(tolerance, *sizes, **options):
        return f"maml {sizes}, {options}", "maml", maml_arguments(rng, *sizes, **options), tolerance

    # values reach 10 and gradients 5, and the product of the factors I + step Hessian stays below 10: some hundred
    # roundings of 1e-15
    actions_of = [(1,), (3,), (2, 2), (3, 2), (1, 4), (2, 2, 2), (2, 3, 4), (3, 1, 2), (2, 3, 2, 2)]
    for actions, states, inner_steps in itertools.product(actions_of, (1, 2, 3), (0, 1, 20)):
        for first_order in (0, 1):
            yield case(1e-12, 3, 3, actions, states, inner_steps, first_order=first_order)
    # lanes of a row in one vector and in several, and vectors with lanes of several rows
    for rows, count, redrawn in itertools.product((1, 2, 9), (1, 4, 19), (0, 1)):
        yield case(1e-12, rows, count, (2, 2), 2, 2, 3, redrawn=redrawn)
    for actions, states, spread in itertools.product([(2, 2), (3, 2), (2, 2, 2)], (1, 2), (0.0, 40.0, 1000.0)):
        yield case(1e-12, 2, 5, actions, states, 5, spread=spread)
        yield case(1e-12, 2, 5, actions, states, 5, discount=0.0, spread=spread)
    for actions, states in itertools.product([(2, 2), (3, 2)], (1, 2, 5)):
        # values reach 100, gradients 1000
        yield case(1e-9, 2, 5, actions, states, 20, 2, 0.99, 1e-4)
    yield case(0.0, 2, 3, (2, 2), 2, 3, 0)


def matrix_cases(rng):
    """Every shape around the widths of vectors; integers tie nearly everywhere, and still have one solution."""
    shapes = [
        (1, 1),
        (1, 9),
        (9, 1),
        (2, 2),
        (2, 3),
        (3, 2),
        (3, 3),
        (4, 5),
        (2, 17),
        (17, 2),
        (7, 8),
        (8, 9),
        (16, 17),
    ]
    for rows, columns in [*shapes, (12, 34), (34, 12), (66, 65)]:
        count = 40 if rows * columns < 400 else 4
        payoff = rng.uniform(size=(count, rows, columns))
        # a basis of 65 actions turns roundings of 1e-16 into 1e-11 at worst here
        yield f"equilibria {rows}x{columns}", "equilibria", matrix_arguments(payoff), 1e-10
        for levels in (1, 2, 5):
            payoff = rng.integers(-levels, levels, size=(count, rows, columns), endpoint=True).astype(float)
            yield f"equilibria {rows}x{columns}, {levels} levels", "equilibria", matrix_arguments(payoff), 1e-10
    for scale in (1e-310, 1e-200, 1e200, 1e307):
        payoff = rng.integers(-9, 9, size=(20, 5, 4), endpoint=True) * scale
        yield f"equilibria, payoffs {scale}", "equilibria", matrix_arguments(payoff), 1e-10
    yield "equilibria of nothing", "equilibria", matrix_arguments(np.empty((0, 3, 2))), 0.0


SHAPES = [(1,), (3,), (16,), (2, 2), (3, 2), (1, 4), (5, 3), (2, 16), (17, 3), (3, 19), (20, 33), (4, 1)]
SHAPES += [(2, 2, 2), (2, 3, 4), (3, 1, 2), (2, 3, 17), (2, 3, 2, 2), (2,) * 8, (8, 16, 65)]


def finite_cases(rng):
    """Every layout of lanes: few and many states, few and many actions of the last player."""
    for actions, states, horizon, games in itertools.product(SHAPES, (1, 2, 9), (1, 3), (1, 9)):
        if math.prod(actions) * states * games > 10_000:
            continue
        for zero_sum in (False, True)[: 1 + (len(actions) == 2)]:
            for steps in sorted({1, horizon}):
                arguments = finite_arguments(rng, games, actions, states, horizon, steps, zero_sum=zero_sum)
                # values of at most 3, each a few sums
                label = f"{actions}, {states} states, {horizon} steps, {games} games, {steps} kernels, {zero_sum}"
                yield f"finite_values {label}", "finite_values", arguments, 1e-13
        for step in range(horizon):
            arguments = finite_arguments(rng, games, actions, states, horizon, 0, step=step)
            yield f"finite_values {actions}, {states} states, step {step}", "finite_values", arguments, 1e-13
    for states in (17, 50):
        arguments = finite_arguments(rng, 3, (3, 2), states, 3, 3, zero_sum=True, wanted=[2, 3])
        yield f"finite_values gap, {states} states", "finite_values", arguments, 1e-13
    arguments = finite_arguments(rng, 2, (2, 3, 2), 3, 2, 1, wanted=[4])
    yield "finite_values of one best response", "finite_values", arguments, 1e-13
    yield "finite_values of nothing", "finite_values", finite_arguments(rng, 0, (2, 2), 2, 2, 1), 0.0


def correlated_cases(rng):
    for actions, states, horizon, games in itertools.product(SHAPES, (1, 2, 9), (1, 3), (1, 9)):
        if math.prod(actions) * states * games > 10_000:
            continue
        for steps in sorted({1, horizon}):
            arguments = correlated_arguments(rng, games, actions, states, horizon, steps)
            label = f"{actions}, {states} states, {horizon} steps, {games} games, {steps} kernels"
            yield f"correlated_values {label}", "correlated_values", arguments, 1e-13
        for step in range(horizon):
            arguments = correlated_arguments(rng, games, actions, states, horizon, 0, step=step)
            yield f"correlated_values {actions}, {states} states, step {step}", "correlated_values", arguments, 1e-13
    yield "correlated_values of nothing", "correlated_values", correlated_arguments(rng, 0, (2, 2), 2, 2, 1), 0.0


def discounted_cases(rng):
    """Few states, where lanes are games, and many."""
    for actions, states, games in itertools.product(SHAPES, (1, 2, 3, 7, 8, 9, 20), (1, 9)):
        if math.prod(actions) * states**2 * games > 20_000:
            continue
        for rows in sorted({1, len(actions)}):
            # values of at most 1 / (1 - discount), solutions of systems with a condition of twice that
            for discount, tolerance in [(0.0, 1e-14), (0.9, 1e-12), (0.999, 1e-9)]:
                arguments = discounted_arguments(rng, games, actions, states, rows, discount)
                label = f"{actions}, {states} states, {rows} rewards, {games} games, discount {discount}"
                yield f"discounted_values {label}", "discounted_values", arguments, tolerance
    for states in (2, 8):
        arguments = discounted_arguments(rng, 3, (2, 3), states, 2, 0.9, wanted=[3])
        yield f"discounted_values of one best response, {states} states", "discounted_values", arguments, 1e-12
        arguments = discounted_arguments(rng, 0, (2, 2), states, 1, 0.9)
        yield f"discounted_values of nothing, {states} states", "discounted_values", arguments, 0.0


def simplex_cases(rng):
    """Distributions, rows with one bad entry, and masses about the tolerance."""
    for columns, rows in itertools.product((1, 2, 3, 4, 7, 8, 9, 17, 64), (1, 6)):
        good = rng.dirichlet(np.ones(columns), size=rows)
        spoiled = [good.copy() for _ in range(4)]
        for table, bad in zip(spoiled[1:], (-1e-300, np.nan, np.inf), strict=True):
            row, place = rng.integers(rows), rng.integers(columns)
            table[row] = np.eye(columns)[(place + 1) % columns]  # the mass stays one
            table[row, place] = bad
        spoiled += [good * (1.0 + size) for size in (-1e-8, -9e-10, 9e-10, 1e-8)]
        for number, table in enumerate(spoiled):
            yield f"off_simplex {rows}x{columns}, {number}", "off_simplex", simplex_arguments(table), 0.0
    for resamples, seeds in [(0, 3), (40, 1), (40, 2), (40, 3), (30, 5), (30, 32), (20, 64)]:
        uniform = rng.random(resamples * (seeds - 1))
        for name, numbers in {"all": uniform, "few": uniform[:-1], "none": uniform[:0]}.items():
            yield (
                f"resample {resamples}x{seeds}, {name}",
                "resample",
                resample_arguments(numbers, resamples, seeds),
                0.0,
            )
    yield "resample zeros", "resample", resample_arguments(np.zeros(63), 1, 64), 0.0  # 32 draws expected at the end
    ones = np.repeat([np.nextafter(1.0, 0.0), 0.3], 30)  # the first is beyond each bound: begin again
    yield "resample beyond", "resample", resample_arguments(ones, 3, 9), 0.0
    for streams, numbers in [(0, 3), (3, 0), (1, 1), (5, 4), (40, 33), (2, 2000)]:
        words = rng.integers(2**32, size=(streams, 8))
        words[::3, ::2], words[1::3, 1::2] = 0, 2**32 - 1
        yield f"uniform {streams}x{numbers}", "uniform", uniform_arguments(words, numbers), 0.0
    yield "off_simplex nothing", "off_simplex", simplex_arguments(np.empty((0, 3))), 0.0


if __name__ == "__main__":
    from metanash.kernels import compiled

    stored = {
        f"{number} {name}": array
        for number, (_, kernel, arguments, _) in enumerate(cases())
        for name, array in run(compiled, kernel, arguments).items()
    }
    np.savez(sys.argv[1], isa=compiled.isa, **stored)
