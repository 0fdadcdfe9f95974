"""River endgames of no-limit hold'em with whole ranges: 1081 hands a side, without a matrix of hands by hands.

:func:`river_endgame` makes an endgame of cards and chips, :func:`learn_river` learns it, and :func:`river_sequence`
makes endgames that differ in pot, stack or ranges, for :func:`learn_endgames`.

Games
    :mod:`~metanash.river.cards`: cards, hands, ranges
    :mod:`~metanash.river.strength`: the best five of seven cards
    :mod:`~metanash.river.betting`: the betting tree
    :mod:`~metanash.river.endgames`: board, ranges and betting together
    :mod:`~metanash.river.sequences`: sequences of endgames
    :mod:`~metanash.river.trees`: an endgame as an :class:`metanash.extensive.ExtensiveGame`
Evaluation
    :mod:`~metanash.river.matchup`: a hand against the vector of the other's hands, by prefix sums
    :mod:`~metanash.river.gaps`: values, best responses, gaps
Learning
    :mod:`~metanash.river.blocks`: passes over the decisions of a player, all hands at once
    :mod:`~metanash.river.learners`: predictive regret matching+ (PCFR+)
    :mod:`~metanash.river.runs`: the loop, and the mean of what earlier endgames recommend
"""

from metanash.river.betting import BettingTree, betting_tree
from metanash.river.endgames import RiverEndgame, river_endgame
from metanash.river.gaps import best_responses, exploitability, gradients, ne_gains, ne_gap, values
from metanash.river.learners import RiverCFR, RiverState
from metanash.river.runs import RiverRun, learn_endgames, learn_river, mean_strategies
from metanash.river.sequences import river_sequence
from metanash.river.strength import river_strengths, seven_card_strengths
from metanash.river.trees import as_extensive, to_extensive

__all__ = [
    "BettingTree",
    "RiverCFR",
    "RiverEndgame",
    "RiverRun",
    "RiverState",
    "as_extensive",
    "best_responses",
    "betting_tree",
    "exploitability",
    "gradients",
    "learn_endgames",
    "learn_river",
    "mean_strategies",
    "ne_gains",
    "ne_gap",
    "river_endgame",
    "river_sequence",
    "river_strengths",
    "seven_card_strengths",
    "to_extensive",
    "values",
]
