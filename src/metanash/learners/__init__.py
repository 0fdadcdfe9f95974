"""Learners, one file each; :mod:`metanash.learners.base` has the contract of a learner and the loop that runs it.

Finite horizon
    :mod:`~metanash.learners.mirror_descent`: Algorithm 1, zero-sum games
    :mod:`~metanash.learners.correlated_mirror_descent`: Algorithm 2, general-sum games
    :mod:`~metanash.learners.stages`, :mod:`~metanash.learners.schedules`: the stages that both share, when they end
    :mod:`~metanash.learners.regret_matching`: predictive regret matching+, zero-sum games; not in the paper
After the paper (``docs/successors.md``)
    :mod:`~metanash.learners.optimistic_ftrl`: optimistic FTRL, zero-sum games
    :mod:`~metanash.learners.staged_ftrl`: the same in the stages of Algorithm 1, which it then is; plain mirror descent
    :mod:`~metanash.learners.last_iterate`: optimistic gradient steps and games with entropy, zero-sum games
    :mod:`~metanash.learners.swap_ftrl`: optimistic FTRL with the log barrier against swap deviations, general-sum games
    :mod:`~metanash.learners.cautious`: multiplicative weights with dynamic learning rates, general-sum games
    :mod:`~metanash.learners.natural_gradient`: natural policy gradient ascent with softmax policies, discounted games
    :mod:`~metanash.learners.smooth`: the loop with incremental value updates that most of them share
Bandit feedback (``docs/bandit.md``)
    :mod:`~metanash.learners.v_learning`: V-learning, zero-sum and general-sum games
    :mod:`~metanash.learners.swap_v_learning`: V-learning for correlated equilibria, general-sum games
    :mod:`~metanash.learners.sampled_stages`: Algorithms 1 and 2 on sampled episodes
    :mod:`~metanash.learners.sampled_ascent`: projected Q-ascent on sampled episodes, discounted games
Discounted games
    :mod:`~metanash.learners.q_ascent`: projected Q-ascent, equation (7)
    :mod:`~metanash.learners.softmax_gradient`: policy gradient ascent with softmax policies
    :mod:`~metanash.learners.gradient_play`: the ascent that both of them share
"""

from collections.abc import Callable
from typing import Any

from metanash.learners.base import Learner, Policies, Run, checkpoints, learn
from metanash.learners.cautious import CautiousOMWU, CautiousState, StagedCautiousOMWU, StagedCautiousState
from metanash.learners.correlated_mirror_descent import CorrelatedMirrorDescent, JointStage, JointState
from metanash.learners.gradient_play import AscentState
from metanash.learners.last_iterate import EntropyExtragradient, EntropyOMWU, OptimisticGradient
from metanash.learners.mirror_descent import MirrorState, OptimisticMirrorDescent, Stage
from metanash.learners.natural_gradient import NaturalGradient, NaturalState
from metanash.learners.optimistic_ftrl import OptimisticFTRL
from metanash.learners.q_ascent import ProjectedQAscent
from metanash.learners.regret_matching import RegretMatching, RegretState
from metanash.learners.sampled_ascent import SampledAscentState, SampledQAscent
from metanash.learners.sampled_stages import SampledCorrelatedDescent, SampledMirrorDescent, SampledState
from metanash.learners.smooth import SmoothLearner, SmoothState
from metanash.learners.softmax_gradient import SoftmaxGradient
from metanash.learners.staged_ftrl import PlainMirrorDescent, StagedFTRL
from metanash.learners.stages import StagedMirrorDescent, StagedState, StageStatistics
from metanash.learners.swap_ftrl import LogBarrierFTRL, SwapState
from metanash.learners.swap_v_learning import SwapVLearning, SwapVState
from metanash.learners.v_learning import VLearning, VState

__all__ = [
    "LEARNERS",
    "AscentState",
    "CautiousOMWU",
    "CautiousState",
    "CorrelatedMirrorDescent",
    "EntropyExtragradient",
    "EntropyOMWU",
    "JointStage",
    "JointState",
    "Learner",
    "LogBarrierFTRL",
    "MirrorState",
    "NaturalGradient",
    "NaturalState",
    "OptimisticFTRL",
    "OptimisticGradient",
    "OptimisticMirrorDescent",
    "PlainMirrorDescent",
    "Policies",
    "ProjectedQAscent",
    "RegretMatching",
    "RegretState",
    "Run",
    "SampledAscentState",
    "SampledCorrelatedDescent",
    "SampledMirrorDescent",
    "SampledQAscent",
    "SampledState",
    "SmoothLearner",
    "SmoothState",
    "SoftmaxGradient",
    "Stage",
    "StageStatistics",
    "StagedCautiousOMWU",
    "StagedCautiousState",
    "StagedFTRL",
    "StagedMirrorDescent",
    "StagedState",
    "SwapState",
    "SwapVLearning",
    "SwapVState",
    "VLearning",
    "VState",
    "checkpoints",
    "learn",
]

LEARNERS: dict[str, Callable[[Any], Learner[Any]]] = {
    "optimistic_mirror_descent": OptimisticMirrorDescent,
    "correlated_mirror_descent": CorrelatedMirrorDescent,
    "projected_q_ascent": ProjectedQAscent,
    "softmax_gradient": SoftmaxGradient,
    "regret_matching": RegretMatching,
    "optimistic_ftrl": OptimisticFTRL,
    "staged_ftrl": StagedFTRL,
    "plain_mirror_descent": PlainMirrorDescent,
    "optimistic_gradient": OptimisticGradient,
    "entropy_extragradient": EntropyExtragradient,
    "entropy_omwu": EntropyOMWU,
    "log_barrier_ftrl": LogBarrierFTRL,
    "cautious_omwu": CautiousOMWU,
    "staged_cautious_omwu": StagedCautiousOMWU,
    "natural_gradient": NaturalGradient,
    "v_learning": VLearning,
    "swap_v_learning": SwapVLearning,
    "sampled_mirror_descent": SampledMirrorDescent,
    "sampled_correlated_descent": SampledCorrelatedDescent,
    "sampled_q_ascent": SampledQAscent,
}
"""Learners by the name that a configuration uses: functions of the learning rate, one number or one per game."""
