"""The contract of a meta-update, and of one that also changes the learner."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

from metanash.learners.base import Policies, Run
from metanash.learners.stages import StagedMirrorDescent

__all__ = ["AnyStaged", "MetaUpdate", "Target", "TunesLearner"]

AnyStaged = StagedMirrorDescent[Any, Any]
AnyLearner = TypeVar("AnyLearner")

Target = Callable[[AnyStaged, Run[Any]], Policies]
"""Policies (game, stage, h, s, action) that a finished game recommends, one array per player."""


class MetaUpdate(Protocol):
    """See :mod:`metanash.meta`.

    Examples
    --------
    >>> from metanash.meta import CarryOver, Individual
    >>> [callable(getattr(update, name)) for update in (Individual(), CarryOver()) for name in ("observe", "initial")]
    [True, True, True, True]
    """

    def observe(self, learner: Any, run: Run[Any]) -> "MetaUpdate":
        """Return the meta-update that has also seen this run on one more game."""

    def initial(self) -> Policies | None:
        """Return initial policies for the next game; None stands for the learner's default."""


@runtime_checkable
class TunesLearner(Protocol):
    """What a meta-update has besides if it changes the learner from game to game.

    Examples
    --------
    >>> from metanash.meta import Individual
    >>> from metanash.updates import LearnedRate
    >>> isinstance(LearnedRate(Individual()), TunesLearner), isinstance(Individual(), TunesLearner)
    (True, False)
    """

    def tuned(self, learner: AnyLearner) -> AnyLearner:
        """Return the learner for the next game, made of the one that the sequence was begun with."""
