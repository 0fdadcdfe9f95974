"""An equilibrium of whatever game somebody has: :func:`solve`.

Games
    :mod:`~metanash.solution.entry`: ``solve``, and the solver of each class of games
    :mod:`~metanash.solution.files`: games of files, tables and JSON texts too
    :mod:`~metanash.solution.result`: what solving gives
Methods
    :mod:`~metanash.solution.unscaled`: strategic games of payoffs too far apart for rewards, judged in fractions
    :mod:`~metanash.solution.matrix`: zero-sum matrix games
    :mod:`~metanash.solution.strategic`: payoffs of any number of players, and which method is for them
    :mod:`~metanash.solution.pure`: pure strategies
    :mod:`~metanash.solution.bimatrix`: two players, general-sum
    :mod:`~metanash.solution.several`: more players
    :mod:`~metanash.solution.markov`: finite horizon
    :mod:`~metanash.solution.discounted`: infinite horizon, zero-sum
    :mod:`~metanash.solution.stochastic`: infinite horizon, general-sum, any number of players
    :mod:`~metanash.solution.tracing`: the path that it follows, in what :mod:`~metanash.solution.replies` pay
    :mod:`~metanash.solution.trees`: extensive games with perfect recall
"""

from metanash.solution.entry import solve
from metanash.solution.files import load
from metanash.solution.result import Solution

__all__ = ["Solution", "load", "solve"]
