"""Learners, one file each; :mod:`metanash.learners.base` says what a learner is."""

from collections.abc import Callable
from typing import Any

from metanash.learners.base import Learner, Policies, Run, checkpoints, learn
from metanash.learners.mirror_descent import MirrorState, OptimisticMirrorDescent, Stage
from metanash.learners.q_ascent import AscentState, ProjectedQAscent

__all__ = [
    "LEARNERS",
    "AscentState",
    "Learner",
    "MirrorState",
    "OptimisticMirrorDescent",
    "Policies",
    "ProjectedQAscent",
    "Run",
    "Stage",
    "checkpoints",
    "learn",
]

LEARNERS: dict[str, Callable[[Any], Learner[Any]]] = {
    "optimistic_mirror_descent": OptimisticMirrorDescent,
    "projected_q_ascent": ProjectedQAscent,
}
"""Learners by the name that a configuration uses: functions of the learning rate, one number or one a game."""
