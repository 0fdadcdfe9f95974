"""All claims and all sections of the report, topic by topic."""

from metanash_replication.report.assembly import Plan
from metanash_replication.topics.falsification import section as counterexamples
from metanash_replication.topics.general_sum import claims as general_sum_claims
from metanash_replication.topics.general_sum import section as general_sum
from metanash_replication.topics.larger_tasks import claims as larger_tasks_claims
from metanash_replication.topics.larger_tasks import section as larger_tasks
from metanash_replication.topics.potential import claims as potential_claims
from metanash_replication.topics.potential import section as potential
from metanash_replication.topics.simulations import claims as simulations_claims
from metanash_replication.topics.simulations import section as simulations
from metanash_replication.topics.zero_sum import claims as zero_sum_claims
from metanash_replication.topics.zero_sum import section as zero_sum

CLAIMS = [
    *zero_sum_claims.CLAIMS,
    *potential_claims.CLAIMS,
    *general_sum_claims.CLAIMS,
    *simulations_claims.CLAIMS,
    *larger_tasks_claims.CLAIMS,
]

HEADLINES = (
    "figure-1a-pure",
    "figure-1a-mixed",
    "figure-1b-team",
    "theorem-1",
    "proposition-1",
    "theorem-5",
    "best-responses",
    "larger-tasks-poker",
)
"""Claims whose results open the report."""


SECTIONS = (
    Plan(
        "figure-1",
        "Figure 1: simulations",
        ("figure1a", "figure1b", "figure1b_theory", "figure1c", "sensitivity_zero_sum", "sensitivity_potential"),
        simulations.parts,
    ),
    Plan(
        "theorem-1",
        "Theorem 1: one zero-sum game",
        ("theorem1_bounds", "theorem1_slopes", "theorem1_defects", "theorem1_chain"),
        zero_sum.theorem_1,
    ),
    Plan("theorem-2", "Theorem 2: sequences of zero-sum games", ("theorem2_benefit",), zero_sum.theorem_2),
    Plan(
        "proposition-1",
        "Proposition 1: one potential game",
        ("proposition1_rates", "proposition1_violations", "proposition1_steps"),
        potential.proposition_1,
    ),
    Plan("theorem-3", "Theorem 3: sequences of potential games", ("theorem3_benefit",), potential.theorem_3),
    Plan(
        "theorem-4",
        "Theorem 4: MAML in potential games",
        ("theorem4_norms", "maml_adaptation", "maml_inner_loop"),
        potential.theorem_4,
    ),
    Plan("theorem-5", "Theorem 5: one general-sum game", ("theorem5_bounds", "theorem5_slopes"), general_sum.theorem_5),
    Plan("theorem-6", "Theorem 6: sequences of general-sum games", ("theorem6_benefit",), general_sum.theorem_6),
    Plan(
        "larger-tasks",
        "Appendix F: larger tasks",
        ("appendix_poker", "appendix_tracking"),
        larger_tasks.parts,
        optional=("growth",),
    ),
    Plan("counterexamples", "Counterexamples", ("falsification", "worst_instances"), counterexamples.parts),
    Plan("own-games", "Your own games", ("own_games",), larger_tasks.own_parts, needs=("own_games",)),
)
