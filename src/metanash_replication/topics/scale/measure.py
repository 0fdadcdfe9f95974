"""How learning grows with the size of a game: gaps and memory, which repeat exactly, and costs, which do not.

One game a call. Sizes are meant to grow from call to call, each in a process of its own: the peak memory of a process
is that of the largest game it has held. Arrays only; the module ``tables`` works out what follows.
"""

import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash._inner.checks import integer
from metanash.families import FAMILIES
from metanash.games import GameBatch
from metanash.learners import LEARNERS, learn
from metanash.transitions import Transition
from metanash.typing import Arrays

__all__ = ["costs", "learned", "nonzeros", "stored_bytes"]


_STAGED = ("optimistic_mirror_descent", "correlated_mirror_descent")


def nonzeros(transition: Transition) -> int:
    """Numbers that a transition kernel stores: the possible transitions if it is sparse."""
    return sum(int(matrix.nnz if transition.is_sparse else matrix.size) for matrix in transition.kernel)


def stored_bytes(thing: Any) -> int:
    """Bytes of the distinct arrays in a transition, or in a state of named arrays, tuples and nested states."""
    seen: dict[int, int] = {}

    def visit(part: Any) -> None:
        if isinstance(part, np.ndarray):
            whole = part
            while isinstance(whole.base, np.ndarray):  # views count as what they are views of
                whole = whole.base
            seen[id(whole)] = whole.nbytes
        elif isinstance(part, tuple | list):
            for one in part:
                visit(one)
        elif hasattr(part, "__dict__"):
            for one in vars(part).values():
                visit(one)

    visit(thing)
    return sum(seen.values())


def _task(
    root_seed: int, family: str, base_kind: str, options: Mapping[str, Any], learner: str, learning_rate: float
) -> tuple[GameBatch[Any], Any]:
    """One game of a family, alone, and a learner that keeps no statistics of stages."""
    if learner not in _STAGED:
        raise ValueError(f"learner must be one of {sorted(_STAGED)}, which learn in stages; got {learner!r}")
    made: Any = LEARNERS[learner]
    (game,) = FAMILIES[family](base_kind, root_seed, "scale", n_games=1, perturbation=0.0, **options)
    return GameBatch.of(game), made(learning_rate, keep_stages=False)


def _sizes(games: GameBatch[Any]) -> Arrays:
    game = games.game
    return {
        "n_states": np.array(game.n_states),
        "horizon": np.array(game.horizon),
        "n_actions": np.array(game.n_actions),
        "nonzeros": np.array(nonzeros(game.transition)),
    }


def _checked(iterations: Sequence[int]) -> list[int]:
    first, last = (integer("iterations", t, 1) for t in iterations)
    if first >= last:
        raise ValueError(f"iterations must be two rising numbers, got {[first, last]}")
    return [first, last]


def learned(
    root_seed: int,
    *,
    family: str,
    base_kind: str,
    options: Mapping[str, Any],
    learner: str,
    learning_rate: float,
    iterations: Sequence[int],
) -> Arrays:
    """Gap and memory of the arrays after two numbers of iterations, on one game.

    Parameters
    ----------
    family, base_kind, options
        The game: a name in :data:`metanash.families.FAMILIES`, its kind and its arguments.
    learner : {"optimistic_mirror_descent", "correlated_mirror_descent"}
    iterations : two ints, rising

    Returns
    -------
    dict of arrays
        ``n_states``, ``horizon``, ``n_actions`` (N,), ``nonzeros``; ``iterations`` (2,); ``gap`` (2,), the NE-gap, or
        the bound on the CCE-gap for Algorithm 2; ``game_bytes``; ``state_bytes`` (2,), that of the learner.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    grid = _checked(iterations)
    games, rule = _task(root_seed, family, base_kind, options, learner, learning_rate)

    def size(_: Any, state: Any) -> dict[str, npt.NDArray[np.float64]]:
        return {"bytes": np.array([float(stored_bytes(state))])}

    run = learn(games, rule, grid[-1], at=grid, probe=size)
    gap = run.measures["cce_gap_bound" if "cce_gap_bound" in run.measures else "ne_gap"]
    return _sizes(games) | {
        "iterations": run.checkpoints,
        "gap": gap[0],
        "game_bytes": np.array(stored_bytes(games.game)),
        "state_bytes": run.probes["bytes"][0].astype(np.int64),
    }


def _peak_memory() -> int:
    """Most memory that this process has held so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _seconds(call: Callable[[], object], repeats: int) -> float:
    """Least of so many measurements of processor time, in which other programs have no part."""
    found = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def costs(
    root_seed: int,
    *,
    family: str,
    base_kind: str,
    options: Mapping[str, Any],
    learner: str,
    learning_rate: float,
    iterations: Sequence[int],
    repeats: int,
) -> Arrays:
    """Processor seconds and peak memory of learning on one game; no two calls return the same.

    Parameters
    ----------
    family, base_kind, options, learner, iterations
        As in :func:`learned`.
    repeats : int
        Measurements of each time but the first, of which the least counts.

    Returns
    -------
    dict of arrays
        ``generation``, ``gap``, ``stage_end``, ``iteration``: seconds to make the game, to measure the output, to end a
        stage (value update, and the first iteration of the next stage), and of one iteration inside a stage, all of the
        next stage but its first over their number. ``run`` (2,): seconds of the two parts of a whole run, stage ends
        included. ``base_memory``, ``game_memory``, ``memory`` (2,): peak memory of the process in bytes before and
        after making the game, and after the numbers of iterations.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    first, last = _checked(iterations)
    integer("repeats", repeats, 1)
    base, begun = _peak_memory(), time.process_time()
    games, rule = _task(root_seed, family, base_kind, options, learner, learning_rate)
    generation, made = time.process_time() - begun, _peak_memory()
    state, seconds, memory = rule.start(games), [], []
    for more in (first, last - first):
        begun = time.process_time()
        state = rule.advance(games, state, more)
        seconds.append(time.process_time() - begun)
        rule.measure(games, state)
        memory.append(_peak_memory())
    end = rule.advance(games, state, state.length - state.done)
    inside = rule.advance(games, end, 1)
    left = inside.length - 1
    return {
        "iterations": np.array([first, last]),
        "generation": np.array(generation),
        "run": np.array(seconds),
        "gap": np.array(_seconds(lambda: rule.measure(games, end), repeats)),
        "stage_end": np.array(_seconds(lambda: rule.advance(games, end, 1), repeats)),
        "iteration": np.array(_seconds(lambda: rule.advance(games, inside, left), repeats) / left),
        "base_memory": np.array(base),
        "game_memory": np.array(made),
        "memory": np.array(memory),
    }
