"""Games of other programs: Gambit's .nfg and .efg files, GameTracer's .gam, payoff matrices, OpenSpiel's matrix games.

Payoffs of other programs have any size, rewards lie in [0, 1]. So whatever reads returns a game *and* its
:class:`Units`, which turn values and gains back into payoffs; whatever writes takes them again. Units are each player's
own, since equilibria do not depend on them: learning does not either.

Strategic games (.nfg) are Markov games of one state and one step. Extensive games (.efg) are written from any game of
finite horizon, and read where they have that shape: steps at which all players move without seeing each other, chance
moves between them. Syntax: the section on file formats of Gambit's manual.

Payoffs
    :mod:`~metanash.gambit.units`: units in which values and gains are payoffs
    :mod:`~metanash.gambit.scaling`: payoffs of any size to rewards in [0, 1]
    :mod:`~metanash.gambit.exact` and :mod:`~metanash.gambit.pairs`: payoffs as exact numbers, rounded once
Games
    :mod:`~metanash.gambit.matrices`: payoff matrices, matrix games of other programs
    :mod:`~metanash.gambit.normal`: strategic games, .nfg
    :mod:`~metanash.gambit.gametracer`: strategic games of GameTracer, .gam
    :mod:`~metanash.gambit.extensive`: extensive games, .efg, from games of finite horizon
    :mod:`~metanash.gambit.trees`, :mod:`~metanash.gambit.staged`, :mod:`~metanash.gambit.turns` and
    :mod:`~metanash.gambit.steps`: trees of .efg files, and the games that they are
Text
    :mod:`~metanash.gambit.text` and :mod:`~metanash.gambit.bulk`: words and numbers of files, singly or by thousands
"""

from metanash.gambit.extensive import efg_text, write_efg
from metanash.gambit.gametracer import gam_text, read_gam, write_gam
from metanash.gambit.matrices import from_bimatrix, from_matrix_game, from_payoffs, to_bimatrix, to_payoffs
from metanash.gambit.normal import nfg_text, read_nfg, write_nfg
from metanash.gambit.scaling import NearlyZeroSumWarning, VanishingPayoffWarning
from metanash.gambit.steps import read_efg
from metanash.gambit.units import Units

__all__ = [
    "NearlyZeroSumWarning",
    "Units",
    "VanishingPayoffWarning",
    "efg_text",
    "from_bimatrix",
    "from_matrix_game",
    "from_payoffs",
    "gam_text",
    "nfg_text",
    "read_efg",
    "read_gam",
    "read_nfg",
    "to_bimatrix",
    "to_payoffs",
    "write_efg",
    "write_gam",
    "write_nfg",
]
