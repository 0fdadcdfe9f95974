"""Iterations of the learners after the paper beside those of the paper's, on the same games: part of ``./do bench``.

``./do bench-successors`` runs this part alone, and writes the table in ``docs/successors.md``.

A learner and the one it is held against run in turns, on one thread, by processor time; the fastest round counts.
"""

import itertools
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.marks import put
from metanash import families
from metanash.games import GameBatch
from metanash.learners import LEARNERS

MOST = 3.0
"""Times an iteration of the paper's learner, asked for."""
PAGE = Path(__file__).resolve().parents[1] / "docs/successors.md"
BEGIN, END = "<!-- ratios: written by ./do bench-successors -->", "<!-- end of ratios -->"
SECONDS = 0.02
"""Of a run, at least."""

ZERO_SUM, GENERAL, TEAMS = "optimistic_mirror_descent", "correlated_mirror_descent", "projected_q_ascent"
BESIDE = {
    ZERO_SUM: (
        "staged_ftrl", "plain_mirror_descent", "optimistic_ftrl", "optimistic_gradient", "entropy_omwu",
        "entropy_extragradient",
    ),
    GENERAL: ("cautious_omwu", "staged_cautious_omwu", "log_barrier_ftrl"),
    TEAMS: ("natural_gradient",),
}  # fmt: skip
"""The paper's learner of each class of games, and those that are held against it."""
RATES = {TEAMS: 1e-9}
"""At which play still moves after a billion iterations: where it has come to rest, iterations take no time."""
UNASKED = {"log_barrier_ftrl"}
"""Whose step is a problem of its own."""


def games_of(learner: str, count: int, actions: int, states: int, horizon: int) -> GameBatch[Any]:
    """So many games of two players for a learner of the paper."""
    sizes = {"n_games": count, "perturbation": 0.1, "n_states": states, "n_actions": (actions, actions)}
    if learner == TEAMS:
        return GameBatch.of(families.potential_sequence("team", 0, "bench", **sizes))
    family = families.zero_sum_sequence if learner == ZERO_SUM else families.general_sum_sequence
    return GameBatch.of(family("random", 0, "bench", horizon=horizon, **sizes))


def runner(name: str, games: GameBatch[Any]) -> tuple[Callable[[], None], int]:
    """A run of a learner from its 64th iteration on, and how many iterations it takes."""
    learner: Any = LEARNERS[name](RATES.get(name, 0.05))
    state = learner.advance(games, learner.start(games), 64)

    def run(count: int) -> None:
        learner.advance(games, state, count)

    count = 1
    while seconds_of(partial(run, count)) < SECONDS:
        count *= 2
    return partial(run, count), count


def seconds_of(run: Callable[[], None]) -> float:
    """Processor time of a run."""
    start = time.process_time()
    run()
    return time.process_time() - start


def measured(base: str, games: GameBatch[Any], horizon: int, rounds: int) -> dict[str, float]:
    """Seconds an iteration of the paper's learner and of those beside it."""
    names = [name for name in BESIDE[base] if name != "cautious_omwu" or horizon == 1]
    runs = {name: runner(name, games) for name in (base, *names)}
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, (run, count) in runs.items():
            best[name] = min(best[name], seconds_of(run) / count)
    return best


def ratios(rounds: int) -> Iterator[tuple[str, str, int, str, float, float]]:
    """Class's learner, learner, games, their sizes, seconds of the class's, and times that, for every size."""
    for base, count, actions, (states, horizon) in itertools.product(
        BESIDE, (1, 100), (2, 3, 10), ((2, 1), (2, 2), (10, 3))
    ):
        if base == TEAMS and (states, horizon) == (2, 2):  # no horizon there
            continue
        sizes = f"S{states} {actions}x{actions}" + ("" if base == TEAMS else f" H{horizon}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = measured(base, games_of(base, count, actions, states, horizon), horizon, rounds)
        for learner, seconds in found.items():
            if learner != base:
                yield base, learner, count, sizes, found[base], seconds / found[base]


def print_successors(rounds: int, found: Iterable[tuple[str, str, int, str, float, float]] | None = None) -> list[str]:
    """Print ratios for every size; return those that are above :data:`MOST`."""
    missed = []
    print(f"\nIterations of learners after the paper over those of the paper's (at most {MOST:g} asked for):")
    places = itertools.groupby(ratios(rounds) if found is None else found, key=lambda row: (row[0], *row[2:5]))
    for (base, count, sizes, seconds), rows in places:
        name = f"{count} game{'s' * (count > 1)} {sizes}"
        own = [(row[1], row[5]) for row in rows]
        parts = [f"{learner} {ratio:.2f}" for learner, ratio in own]
        print(f"{name:24s}  {base} {seconds * 1e6:.2f} us: {', '.join(parts)}", flush=True)
        missed += [
            f"{learner}, {name}: {ratio:.2f} times {base}"
            for learner, ratio in own
            if ratio > MOST and learner not in UNASKED
        ]
    return missed


def lines(rows: Iterable[tuple[str, str, int, str, float, float]]) -> list[str]:
    """The table of the page: least and largest ratio of each learner, and the sizes of a game above :data:`MOST`."""
    listed = list(rows)
    found = ["| learner | over | a game alone | a hundred games | above |", "|---|---|---:|---:|---|"]
    for base, learner in dict.fromkeys(row[:2] for row in listed):
        own = [row for row in listed if row[1] == learner]
        spans = [[row[5] for row in own if row[2] == count] for count in (1, 100)]
        above = [f"{row[2]} x {row[3]} ({row[5]:.1f})" for row in own if row[5] > MOST]
        told = "all" if len(above) == len(own) else ", ".join(above)
        cells = [f"`{learner}`", f"`{base}`", *(f"{min(span):.2g} to {max(span):.2g}" for span in spans), told]
        found.append(f"| {' | '.join(cells)} |")
    return found


def main() -> None:
    """Print ratios, and write the table into the page."""
    found = list(ratios(3))
    print("", *print_successors(3, found), sep="\n")
    PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), lines(found), BEGIN, END), encoding="utf-8")


if __name__ == "__main__":
    main()
