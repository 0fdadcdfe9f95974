"""How far learning is: a bar on standard error, where that is a terminal.

The bar is rich's, which the library does without (``pip install 'metanash[progress]'``); where it is not installed
there is none. It appears after two seconds of learning, so short runs pay nothing for it. Loading rich then takes a
twentieth of a second, and a drawing less than a thousandth, twice a second: below 1 % of six seconds and more. The
learner is called for as many iterations as take about a quarter of a second, which changes no bit of what it learns.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

__all__ = ["Watched", "watched"]

_PIECE = 0.25
"""Seconds that a call of the learner is to take."""
_BEFORE, _BETWEEN = 2.0, 0.5
"""Seconds before the bar appears, and between two drawings of it."""


class Watched:
    """A learner that says after each piece of work how many iterations are done; else the learner that it is given.

    Parameters
    ----------
    learner : learner
        Of :mod:`metanash.learners` or :mod:`metanash.extensive`.
    tell : function of an int
        Called with all iterations so far.
    clock : function
        Seconds.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> game = mn.ZeroSumGame([[[[0.9, 0.5], [0.4, 0.1]]]], still)
    >>> told = []
    >>> run = mn.learn(game, Watched(mn.RegretMatching(), told.append), 10, at=[4, 10])
    >>> told[-1], run.ne_gap.shape
    (10, (1, 2))
    """

    def __init__(self, learner: Any, tell: Callable[[int], None], clock: Callable[[], float] = monotonic) -> None:
        self._learner, self._tell, self._clock = learner, tell, clock
        self._done, self._piece = 0, 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._learner, name)

    def advance(self, games: Any, state: Any, iterations: int) -> Any:
        """Return the state after more iterations, which are done in pieces."""
        left = iterations
        while left:
            piece, begun = min(left, self._piece), self._clock()
            state = self._learner.advance(games, state, piece)
            taken = self._clock() - begun
            left, self._done = left - piece, self._done + piece
            self._piece = max(1, min(int(piece * _PIECE / taken), 1000 * piece)) if taken else 1000 * piece
            self._tell(self._done)
        return state


@contextmanager
def watched(learner: Any, name: str, iterations: int, *, quiet: bool = False) -> Iterator[Any]:
    """Give the learner, with a bar for as long as the block runs, where there is a terminal to draw it on.

    Parameters
    ----------
    learner : learner
    name : str
        What the bar is called.
    iterations : int
        T.
    quiet : bool
        No bar.

    Examples
    --------
    >>> import metanash as mn
    >>> with watched(mn.RegretMatching(), "regret_matching", 1000, quiet=True) as learner:
    ...     learner
    RegretMatching(learning_rate=10.0)
    """
    if quiet or not sys.stderr.isatty() or importlib.util.find_spec("rich") is None:
        yield learner
        return
    bar = _Bar(name, iterations)
    try:
        yield Watched(learner, bar.tell)
    finally:
        bar.stop()


class _Bar:
    def __init__(self, name: str, total: int) -> None:
        self._name, self._total, self._next = name, total, monotonic() + _BEFORE
        self._progress: Any = None

    def tell(self, done: int) -> None:
        now = monotonic()
        if now < self._next:
            return
        self._next = now + _BETWEEN
        if self._progress is None:
            self._progress = _progress()
            self._progress.start()
            self._task = self._progress.add_task(self._name, total=self._total)
        self._progress.update(self._task, completed=done, refresh=True)

    def stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()


def _progress() -> Any:
    """A bar that draws when it is told to: a thread of its own would take time from the learner."""
    progress, console = importlib.import_module("rich.progress"), importlib.import_module("rich.console")
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
    )
    return progress.Progress(*columns, console=console.Console(stderr=True), auto_refresh=False, transient=True)
