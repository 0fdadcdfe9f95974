"""metanash: learning and meta-learning in tabular Markov games, and the replication of Mao et al. (2023).

"Multi-Agent Meta-Reinforcement Learning: Sharper Convergence Rates with Task Similarity", NeurIPS 2023.
Symbols in code are the paper's: mu and nu (policies of the max- and min-player), eta (learning rate), tau
(stage), ``discount`` for gamma. Index order: player, step h, state s, actions in player order, next state;
a batch of games comes before all of these.
"""

from metanash import families
from metanash.correlated import CorrelatedPolicy
from metanash.gamefile import read_games, write_games
from metanash.games import DiscountedGame, GameBatch, MarkovGame, ZeroSumGame
from metanash.gaps import ne_gains, ne_gap
from metanash.learners import CorrelatedMirrorDescent, OptimisticMirrorDescent, ProjectedQAscent, RegretMatching, learn
from metanash.meta import META_UPDATES, learn_sequence
from metanash.transitions import Transition

__all__ = [
    "META_UPDATES",
    "CorrelatedMirrorDescent",
    "CorrelatedPolicy",
    "DiscountedGame",
    "GameBatch",
    "MarkovGame",
    "OptimisticMirrorDescent",
    "ProjectedQAscent",
    "RegretMatching",
    "Transition",
    "ZeroSumGame",
    "families",
    "learn",
    "learn_sequence",
    "ne_gains",
    "ne_gap",
    "read_games",
    "write_games",
]
__version__ = "0.1.0"
