"""Learners, one file each; :mod:`metanash.learners.base` says what a learner is."""

from metanash.learners.base import Learner, Policies, Run, checkpoints, learn
from metanash.learners.mirror_descent import MirrorState, OptimisticMirrorDescent, Stage
from metanash.learners.q_ascent import AscentState, ProjectedQAscent

__all__ = [
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
