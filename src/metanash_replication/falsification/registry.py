"""The claims that can be searched. An entry here is all that it takes: command, pipeline, tests and tables read it."""

from metanash_replication.falsification import general_sum, maml, potential, zero_sum
from metanash_replication.falsification.falsifiable import Falsifiable

__all__ = ["FALSIFIABLE"]

FALSIFIABLE: dict[str, Falsifiable] = {
    "theorem_1": zero_sum.THEOREM_1,
    "equation_4": zero_sum.EQUATION_4,
    "theorem_2": zero_sum.THEOREM_2,
    "proposition_1": potential.PROPOSITION_1,
    "theorem_3": potential.THEOREM_3,
    "theorem_4": maml.THEOREM_4,
    "gradient": maml.GRADIENT,
    "hessian": maml.HESSIAN,
    "third_derivative": maml.THIRD_DERIVATIVE,
    "theorem_5": general_sum.THEOREM_5,
    "equation_11": general_sum.EQUATION_11,
    "theorem_6": general_sum.THEOREM_6,
}
"""Claims by the name that the command and the configuration use."""
