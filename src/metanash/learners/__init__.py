"""Learners, one file each; :mod:`metanash.learners.base` says what a learner is."""

from collections.abc import Callable
from typing import Any

from metanash.learners.base import Learner, Policies, Run, checkpoints, learn
from metanash.learners.gradient_play import AscentState
from metanash.learners.mirror_descent import MirrorState, OptimisticMirrorDescent, Stage
from metanash.learners.q_ascent import ProjectedQAscent
from metanash.learners.softmax_gradient import SoftmaxGradient

__all__ = [
    "LEARNERS",
    "AscentState",
    "Learner",
    "MirrorState",
    "OptimisticMirrorDescent",
    "Policies",
    "ProjectedQAscent",
    "Run",
    "SoftmaxGradient",
    "Stage",
    "checkpoints",
    "learn",
]

LEARNERS: dict[str, Callable[[Any], Learner[Any]]] = {
    "optimistic_mirror_descent": OptimisticMirrorDescent,
    "projected_q_ascent": ProjectedQAscent,
    "softmax_gradient": SoftmaxGradient,
}
"""Learners by the name that a configuration uses: functions of the learning rate, one number or one a game."""
