"""Learners, one file each; :mod:`metanash.learners.base` says what a learner is."""

from collections.abc import Callable
from typing import Any

from metanash.learners.base import Learner, Policies, Run, checkpoints, learn
from metanash.learners.correlated_mirror_descent import CorrelatedMirrorDescent, JointStage, JointState
from metanash.learners.gradient_play import AscentState
from metanash.learners.mirror_descent import MirrorState, OptimisticMirrorDescent, Stage
from metanash.learners.q_ascent import ProjectedQAscent
from metanash.learners.regret_matching import RegretMatching, RegretState
from metanash.learners.softmax_gradient import SoftmaxGradient
from metanash.learners.stages import StagedMirrorDescent, StagedState, StageStatistics

__all__ = [
    "LEARNERS",
    "AscentState",
    "CorrelatedMirrorDescent",
    "JointStage",
    "JointState",
    "Learner",
    "MirrorState",
    "OptimisticMirrorDescent",
    "Policies",
    "ProjectedQAscent",
    "RegretMatching",
    "RegretState",
    "Run",
    "SoftmaxGradient",
    "Stage",
    "StageStatistics",
    "StagedMirrorDescent",
    "StagedState",
    "checkpoints",
    "learn",
]

LEARNERS: dict[str, Callable[[Any], Learner[Any]]] = {
    "optimistic_mirror_descent": OptimisticMirrorDescent,
    "correlated_mirror_descent": CorrelatedMirrorDescent,
    "projected_q_ascent": ProjectedQAscent,
    "softmax_gradient": SoftmaxGradient,
    "regret_matching": RegretMatching,
}
"""Learners by the name that a configuration uses: functions of the learning rate, one number or one a game."""
