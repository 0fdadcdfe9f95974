"""Right-hand sides of the theorems, with their constants, as printed and repaired. Pure functions, one per claim.

:mod:`~metanash.bounds.zero_sum` has Theorems 1 and 2, :mod:`~metanash.bounds.potential` Proposition 1 and Theorems 3
and 4, :mod:`~metanash.bounds.general_sum` Theorems 5 and 6, :mod:`~metanash.bounds.sequences`
Theorem 2 with another weight of the uniform policy.

Nothing here knows a learner: divergences and similarities come in as numbers, bounds go out. Natural logarithms.
"""

from metanash.bounds.general_sum import (
    cce_learning_rate,
    correlated_burn_in,
    meta_learning_rate,
    player_divergence,
    theorem_5,
    theorem_5_smooth,
    theorem_5_uniform,
    theorem_6_iterations,
)
from metanash.bounds.potential import (
    gradient_constants,
    largest_ascent_step,
    meta_smoothness,
    proposition_1,
    theorem_3,
    theorem_4,
)
from metanash.bounds.sequences import annealed_regret, theorem_2_annealed
from metanash.bounds.zero_sum import (
    burn_in,
    largest_learning_rate,
    theorem_1,
    theorem_1_factor,
    theorem_1_proven,
    theorem_1_uniform,
    theorem_2,
    trivial_gap,
    two_sided_burn_in,
    vertex_divergence,
)

__all__ = [
    "annealed_regret",
    "burn_in",
    "cce_learning_rate",
    "correlated_burn_in",
    "gradient_constants",
    "largest_ascent_step",
    "largest_learning_rate",
    "meta_learning_rate",
    "meta_smoothness",
    "player_divergence",
    "proposition_1",
    "theorem_1",
    "theorem_1_factor",
    "theorem_1_proven",
    "theorem_1_uniform",
    "theorem_2",
    "theorem_2_annealed",
    "theorem_3",
    "theorem_4",
    "theorem_5",
    "theorem_5_smooth",
    "theorem_5_uniform",
    "theorem_6_iterations",
    "trivial_gap",
    "two_sided_burn_in",
    "vertex_divergence",
]
