"""Stochastic games with discounts of players, actions of states, and ends; values and gains that are proven.

:mod:`~metanash.stochastic.games`
    the class :class:`StochasticGame`
:mod:`~metanash.stochastic.gains`
    values, best responses, and bounds of what players gain, proven in exact arithmetic
:mod:`~metanash.stochastic.files`
    their files

:func:`metanash.solve` finds an equilibrium (:mod:`metanash.solution.stochastic`). Page: ``docs/stochastic.md``.
"""

from metanash.stochastic.files import read_stochastic, write_stochastic
from metanash.stochastic.gains import Proof, certify_policies, policy_values
from metanash.stochastic.games import StochasticGame

__all__ = ["Proof", "StochasticGame", "certify_policies", "policy_values", "read_stochastic", "write_stochastic"]
