"""Calls of the library that are timed, in a process of one build: a name comes in by a line, a time goes out.

It runs with the sources of either build and may import nothing that only one of them has, but inside of a call: one
that cannot be made is answered with ``null``, and the table has a dash.
"""

import json
import sys
import time
from collections.abc import Callable

import numpy as np

Call = Callable[[], object]
LEAST = 0.02
"""Seconds that a measurement takes at least; short calls are repeated."""
STAGES = 41
"""That 3,000 iterations begin at H = 10."""


def zero_sum(*shape: int, seed: int = 0) -> object:
    """A zero-sum game with uniform payoffs (H, S, A, B) and one transition kernel for all steps."""
    import metanash as mn  # noqa: PLC0415

    rng = np.random.default_rng([seed, *shape])
    chance = rng.dirichlet(np.ones(shape[1]), size=shape[1:])
    return mn.ZeroSumGame(rng.uniform(size=shape), mn.Transition.shared(chance))


def learned(kind: str, iterations: int, *shape: int, games: int = 1, **options: object) -> Call:
    """A call of ``learn``, from the games on."""
    import metanash as mn  # noqa: PLC0415

    made = [zero_sum(*shape, seed=seed) for seed in range(games)]
    keywords = {name: value for name, value in options.items() if name == "at"}
    if kind == "Algorithm 2":
        made = [mn.MarkovGame.from_zero_sum(game) for game in made]
        learner = mn.CorrelatedMirrorDescent(0.1)
    elif kind == "Q-ascent":
        made = [mn.DiscountedGame(game.reward, game.transition, 0.9) for game in made]
        learner = mn.ProjectedQAscent(0.01)
    elif kind == "Algorithm 1":
        learner = mn.OptimisticMirrorDescent(0.1, keep_stages=bool(options.get("keep_stages", True)))
    else:
        learner = mn.RegretMatching()
    batch = mn.GameBatch.of(made) if games > 1 else made[0]
    return lambda: mn.learn(batch, learner, iterations, **keywords)


def kuhn() -> Call:
    """Kuhn poker to a gap of a thousandth of the pot by PCFR+, looked at after 1, 2, 3, 4, 6, 8, 11, 16, 23, 32."""
    from metanash import extensive  # noqa: PLC0415
    from metanash.families.small_poker import kuhn_poker  # noqa: PLC0415

    game = extensive.from_tree(kuhn_poker())
    looks = [1, 2, 3, 4, 6, 8, 11, 16, 23, 32]
    return lambda: extensive.learn_extensive(game, extensive.PredictiveCFR(), looks[-1], at=looks)


def sparse(what: str, iterations: int = 50) -> Call:
    """A value update, an NE-gap or a short run of a sparse game: S = 10^4, 8x8, four next states, H = 2."""
    from metanash import GameBatch, OptimisticMirrorDescent, families, gaps, learn  # noqa: PLC0415

    games = GameBatch.of(
        families.sparse_zero_sum_sequence(
            "random", 0, "bench", n_games=1, perturbation=0.1, horizon=2, n_states=10_000, n_actions=(8, 8),
            branching=4, stationary=True,
        )
    )  # fmt: skip
    rng = np.random.default_rng(0)
    value = rng.uniform(size=(1, 2, 10_000))
    policy = [rng.dirichlet(np.ones(8), size=(1, 2, 10_000)) for _ in range(2)]
    learner = OptimisticMirrorDescent(0.1, keep_stages=False)
    return {
        "update": lambda: gaps.backup(games, games.reward, value),
        "gap": lambda: gaps.ne_gaps(games, policy),
        "learn": lambda: learn(games, learner, iterations, at=[iterations]),
    }[what]


def two_threads(call: Call) -> Call:
    """The same on two threads."""
    from metanash import kernels  # noqa: PLC0415

    def threaded() -> None:
        kernels.use_threads(2)
        try:
            call()
        finally:
            kernels.use_threads(1)

    return threaded


def equilibrium(n: int) -> Call:
    """The exact solution of an n x n game of uniform payoffs."""
    from metanash.exact import matrix_equilibrium  # noqa: PLC0415

    matrix = np.random.default_rng([n, 0]).uniform(size=(n, n))
    return lambda: matrix_equilibrium(matrix)


CALLS: dict[str, tuple[Callable[[], Call], float]] = {
    "2x2 Algorithm 1": (lambda: learned("Algorithm 1", 1000, 1, 1, 2, 2), 1e3),
    "2x2 regret matching": (lambda: learned("regret matching", 1000, 1, 1, 2, 2), 1e3),
    "2x2 Algorithm 2": (lambda: learned("Algorithm 2", 1000, 1, 1, 2, 2), 1e3),
    "2x2 Q-ascent": (lambda: learned("Q-ascent", 1000, 1, 1, 2, 2), 1e3),
    "Markov Algorithm 1": (lambda: learned("Algorithm 1", 1000, 2, 2, 2, 2), 1e3),
    "Markov regret matching": (lambda: learned("regret matching", 1000, 2, 2, 2, 2), 1e3),
    "Markov Algorithm 2": (lambda: learned("Algorithm 2", 1000, 2, 2, 2, 2), 1e3),
    "1000 Algorithm 1": (lambda: learned("Algorithm 1", 1000, 1, 1, 2, 2, games=1000), 1e3),
    "1000 regret matching": (lambda: learned("regret matching", 1000, 1, 1, 2, 2, games=1000), 1e3),
    "1000 Algorithm 2": (lambda: learned("Algorithm 2", 1000, 1, 1, 2, 2, games=1000), 1e3),
    "stages Algorithm 1": (lambda: learned("Algorithm 1", 3000, 10, 2, 2, 2, at=[3000]), 1e6 / STAGES),
    "stages Algorithm 2": (lambda: learned("Algorithm 2", 3000, 10, 2, 2, 2, at=[3000]), 1e6 / STAGES),
    "Kuhn": (kuhn, 1e3),
    "10x10 matrix": (lambda: learned("Algorithm 1", 10_000, 1, 1, 10, 10, at=[10_000]), 1e9 / 10_000),
    "10x10 Markov": (lambda: learned("Algorithm 1", 2000, 5, 50, 10, 10, at=[2000]), 1e6 / 2000),
    "sparse update": (lambda: sparse("update"), 1e3),
    "sparse update, two threads": (lambda: two_threads(sparse("update")), 0.5e3),
    "sparse gap": (lambda: sparse("gap"), 1e3),
    "sparse gap, two threads": (lambda: two_threads(sparse("gap")), 0.5e3),
    "sparse learn": (lambda: sparse("learn"), 1e3),
    "sparse learn, two threads": (lambda: two_threads(sparse("learn")), 0.5e3),
    "exact 200": (lambda: equilibrium(200), 1e3),
    "exact 500": (lambda: equilibrium(500), 1e3),
    "exact 1000": (lambda: equilibrium(1000), 1e3),
    "exact 2000": (lambda: equilibrium(2000), 1.0),
}
"""By name: what makes the call, and what its seconds are multiplied by."""


class Timer:
    """Processor times of calls, each made ready once."""

    def __init__(self) -> None:
        self._ready: dict[str, tuple[Call, int]] = {}

    def __call__(self, name: str) -> float | None:
        """Processor time of a call in its unit; None if this build cannot make it."""
        make, factor = CALLS[name]
        if name not in self._ready:
            try:
                call = make()
                call()
            except (ImportError, AttributeError, TypeError):  # newer than this build
                return None
            begun = time.process_time()
            call()
            self._ready[name] = call, max(1, int(LEAST / max(time.process_time() - begun, 1e-9)))
        call, repeats = self._ready[name]
        begun = time.process_time()
        for _ in range(repeats):
            call()
        return factor * (time.process_time() - begun) / repeats


def main() -> None:
    """Answer each line."""
    timer = Timer()
    for line in sys.stdin:
        print(json.dumps(timer(line.strip())), flush=True)


if __name__ == "__main__":
    main()
