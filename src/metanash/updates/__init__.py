"""Meta-updates beside equation (5): other averages, weights learned on line, forgetting, learned learning rates.

:mod:`metanash.meta` has the contract of a meta-update, the paper's own, and the registry ``META_UPDATES``. What is here
knows neither the number of games K nor how alike they are.

Averages (:mod:`~metanash.updates.averages`): :class:`AnnealedTarget` trusts itself more with every game, may forget;
:class:`GeometricTarget` is the centroid of the reversed divergence; :class:`WindowTarget` has the last few games only.
:class:`LearnedTarget` (:mod:`~metanash.updates.learned`) mixes averages by how well each has foretold the games so far.
:class:`LearnedRate` (:mod:`~metanash.updates.rates`) gives any meta-update a learning rate that is learned from game to
game. :class:`ClusterTarget` (:mod:`~metanash.updates.clusters`) has an average for each cluster of games, and
recognises a game by its first stages. The contract is in :mod:`~metanash.updates.base`.
"""

from metanash.updates.averages import AnnealedTarget, GeometricTarget, WindowTarget, uniform_weight
from metanash.updates.base import AnyStaged, MetaUpdate, Target, TunesLearner
from metanash.updates.clusters import ClusterTarget
from metanash.updates.learned import LearnedTarget
from metanash.updates.rates import LearnedRate, regret_and_divergence

__all__ = [
    "AnnealedTarget",
    "AnyStaged",
    "ClusterTarget",
    "GeometricTarget",
    "LearnedRate",
    "LearnedTarget",
    "MetaUpdate",
    "Target",
    "TunesLearner",
    "WindowTarget",
    "regret_and_divergence",
    "uniform_weight",
]
