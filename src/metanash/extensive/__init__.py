"""Extensive games with perfect recall, in sequence form: payoffs in the user's units, any number of players.

A third form of games beside matrices and Markov games. :func:`read_extensive` takes every .efg tree with perfect
recall, :func:`build_tree` makes one in Python, and :class:`ExtensiveGame` can be built of its parts by hand.

Games
    :mod:`~metanash.extensive.treeplex`: decisions of one player; behaviour strategies and realisation plans
    :mod:`~metanash.extensive.games`: games, and batches of one tree shape
    :mod:`~metanash.extensive.trees`: trees as files have them, with or without perfect recall
    :mod:`~metanash.extensive.build`: trees of nested nodes
    :mod:`~metanash.extensive.packages`: trees of OpenSpiel and pygambit, both ways
    :mod:`~metanash.extensive.recall`: from a tree to the sequence form
Evaluation
    :mod:`~metanash.extensive.gaps`: values, best responses, NE-gaps, CCE-gaps of averages
    :mod:`~metanash.extensive.exact`: equilibria of two players with constant sum, certified in fractions
    :mod:`~metanash.extensive.rational`: the same linear program in fractions, for small games
    :mod:`~metanash.extensive.induction`: backward induction where everybody sees everything
    :mod:`~metanash.extensive.strategic`: the strategic form, of trees without perfect recall too
Learning
    :mod:`~metanash.extensive.learners`: predictive regret matching+ (PCFR+), mirror descent with dilated entropy
    :mod:`~metanash.extensive.flat`: games as the kernels (:mod:`metanash.kernels.trees`) take them
    :mod:`~metanash.extensive.runs`: the loop, and the mean of what earlier games recommend
"""

from metanash.extensive.build import Draw, End, Move, build_tree
from metanash.extensive.exact import certify, solve_constant_sum
from metanash.extensive.games import ExtensiveGame, stack_games
from metanash.extensive.gaps import (
    best_responses,
    cce_gains,
    cce_gap,
    gradients,
    ne_gains,
    ne_gap,
    values,
)
from metanash.extensive.induction import backward_induction
from metanash.extensive.learners import DilatedMirrorDescent, ExtensiveState, PredictiveCFR
from metanash.extensive.recall import from_tree, read_extensive
from metanash.extensive.runs import ExtensiveRun, learn_extensive, mean_strategies
from metanash.extensive.strategic import strategic_form, strategic_size
from metanash.extensive.treeplex import Treeplex
from metanash.extensive.trees import Tree, efg_text, read_tree, write_efg

__all__ = [
    "DilatedMirrorDescent",
    "Draw",
    "End",
    "ExtensiveGame",
    "ExtensiveRun",
    "ExtensiveState",
    "Move",
    "PredictiveCFR",
    "Tree",
    "Treeplex",
    "backward_induction",
    "best_responses",
    "build_tree",
    "cce_gains",
    "cce_gap",
    "certify",
    "efg_text",
    "from_tree",
    "gradients",
    "learn_extensive",
    "mean_strategies",
    "ne_gains",
    "ne_gap",
    "read_extensive",
    "read_tree",
    "solve_constant_sum",
    "stack_games",
    "strategic_form",
    "strategic_size",
    "values",
    "write_efg",
]
