"""What a contestant is, and how time is taken."""

import importlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

TARGETS = (1e-2, 1e-4)
"""NE-gaps to reach, in units of reward."""
_GRID = 1.15
"""Ratio of successive numbers of iterations at which gaps are looked at."""
_TOGETHER = 1e-3
"""Seconds of a solver's calls that are timed together."""
_SHORT = 5e-3
"""Seconds to which shorter runs are repeated in each round."""


class Session(NamedTuple):
    """A learner at work on one game."""

    advance: Callable[[int], None]  # so many more iterations; the only thing that is timed
    gap: Callable[[], float]  # of what it would hand over now, evaluated by metanash


@dataclass(frozen=True)
class Contestant:
    """Somebody who learns or solves games of one group."""

    name: str
    package: str  # that must be importable
    start: Callable[..., Session]
    iterative: bool = True  # False: one call is a whole solution

    @property
    def kind(self) -> str:
        """``learner``, or ``solver`` of which one call is a whole solution."""
        return "learner" if self.iterative else "solver"


@dataclass
class Outcome:
    """What was found of one contestant on one game; seconds are infinite where a gap was not reached."""

    iterations: list[int] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    error: str = ""
    per_iteration: float = float("inf")
    to_gap: dict[float, float] = field(default_factory=lambda: dict.fromkeys(TARGETS, float("inf")))

    def needed(self, target: float) -> int | None:
        """Iterations until the gap is first seen at the target."""
        return next((n for n, gap in zip(self.iterations, self.gaps, strict=True) if gap <= target), None)


def absent(packages: Iterable[str]) -> dict[str, str]:
    """The packages that cannot be imported, with the reason."""
    reasons = {}
    for package in dict.fromkeys(packages):
        try:
            importlib.import_module(package)
        except Exception as error:  # whatever a foreign package raises is the reason
            reasons[package] = f"{type(error).__name__}: {error}"
    return reasons


def seconds(call: Callable[..., object], *arguments: object) -> float:
    """Processor time of a call, all threads together: on a core of one's own, its wall time; unlike that, it does not
    count what others do.
    """
    start = time.process_time()
    call(*arguments)
    return time.process_time() - start


def look(contestant: Contestant, game: object, budget: float) -> Outcome:
    """Gaps on a grid of iterations, until all targets are met or so many seconds were spent in ``advance``."""
    session, found, spent, done = contestant.start(game), Outcome(), 0.0, 0
    while spent < budget and (not found.gaps or found.gaps[-1] > min(TARGETS)):
        more = max(1, round(done * (_GRID - 1))) if contestant.iterative else 1
        spent, done = spent + seconds(session.advance, more), done + more
        found.iterations.append(done)
        found.gaps.append(session.gap())
        if not contestant.iterative:
            break
    found.per_iteration = spent / done
    return found


def clock(contestant: Contestant, game: object, found: Outcome) -> None:
    """Run once more from the start, without looking at gaps, and keep what is faster than before.

    Calls of a solver that take microseconds are timed many together: reading a clock takes as long.
    """
    session, done, spent = contestant.start(game), 0, 0.0
    if not contestant.iterative:
        calls = int(np.clip(_TOGETHER / found.per_iteration, 1, 1000))
        found.per_iteration = min(found.per_iteration, seconds(session.advance, calls) / calls)
        for target in TARGETS:
            if found.needed(target) is not None:
                found.to_gap[target] = found.per_iteration
        return
    for target in TARGETS:
        needed = found.needed(target)
        if needed is None:
            return
        if needed > done:
            spent, done = spent + seconds(session.advance, needed - done), needed
        found.to_gap[target] = min(found.to_gap[target], spent)
        found.per_iteration = min(found.per_iteration, spent / done)


def race(contestants: list[Contestant], game: object, budget: float, rounds: int) -> dict[str, Outcome]:
    """All contestants on one game, in turns; the fastest round of each counts. Who fails is kept, with the reason."""
    found = {}
    for contestant in contestants:
        try:
            found[contestant.name] = look(contestant, game, budget)
        except Exception as error:  # whatever a foreign package raises is the reason
            found[contestant.name] = Outcome(error=f"{type(error).__name__}: {error}")
    running = [contestant for contestant in contestants if not found[contestant.name].error]
    for turn in range(rounds):
        for contestant in running:
            outcome = found[contestant.name]
            if turn == 0 or outcome.per_iteration < budget:
                for _ in range(_repeats(outcome)):
                    clock(contestant, game, outcome)
    return found


def timed_curve(contestant: Contestant, game: object, found: Outcome, step: int = 3) -> list[tuple[int, float, float]]:
    """Iterations, seconds and gap at every third point that was looked at, and at the last.

    Seconds are iterations times the fastest seconds per iteration. That leaves out what a call costs, which shows where
    the loop is compiled: short runs of metanash are timed one by one, from the start.
    """
    points = []
    chosen = {*range(0, len(found.iterations), step), len(found.iterations) - 1}
    for k in sorted(chosen if found.iterations else ()):
        n, taken = found.iterations[k], found.iterations[k] * found.per_iteration
        if contestant.package == "metanash" and taken < 4 * _SHORT:
            taken = min(seconds(contestant.start(game).advance, n) for _ in range(3))
        points.append((n, taken, found.gaps[k]))
    return points


def _repeats(found: Outcome) -> int:
    """A run of microseconds is repeated, lest only its first meeting with cold caches be seen."""
    longest = max((taken for taken in found.to_gap.values() if np.isfinite(taken)), default=found.per_iteration)
    return int(np.clip(_SHORT / longest, 1, 10))


def interleaved(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Least seconds of each run, all taken in turns."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            best[name] = min(best[name], seconds(run))
    return best


def largest_difference(one: Iterable[np.ndarray], other: Iterable[np.ndarray]) -> float:
    """Between arrays of the same shapes."""
    return max(float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in zip(one, other, strict=True))
