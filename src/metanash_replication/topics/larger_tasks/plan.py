"""Appendix F: names. Games and runs are sections of ``experiments`` in the configuration."""

from metanash_replication.plans import Figure, Plan, Reads, Section, Table

__all__ = ["PLAN"]

PLAN = Plan(
    title="Larger tasks",
    tables=(
        Table(
            "appendix",
            (
                "Larger tasks: final gap of each arm, its ratio to individual learning, iterations to reach a gap, "
                "with intervals."
            ),
            judged=True,
        ),
        Table(
            "appendix_curves",
            "Larger tasks: mean gap at every checkpoint.",
        ),
        Table(
            "appendix_games",
            "Larger tasks: final gap along the sequence.",
        ),
        Table(
            "appendix_equilibria",
            "Larger tasks: values of the learned policies beside linear programming and the joint optimum.",
            judged=True,
        ),
    ),
    bounds=True,
    figures=(
        Figure(
            "appendix_poker",
            (
                "River poker: NE-gap in pots against iterations on ten tasks, with small and with large reduced "
                "normal forms, and the ratio of final gaps over learning rates; below, the final gap of each block "
                "of tasks on long sequences, in three orders."
            ),
            ("appendix", "appendix_curves", "appendix_games"),
        ),
        Figure(
            "appendix_tracking",
            (
                "Linear-quadratic tracking, four players: NE-gap against iterations for two perturbations, and what "
                "the learned policies are worth less than the joint optimum."
            ),
            ("appendix", "appendix_curves", "appendix_equilibria"),
        ),
    ),
    drawn_by="larger_tasks",
    sections=(
        Section(
            id="larger-tasks",
            title="Appendix F: larger tasks",
            claims=(
                "larger-tasks-poker",
                "larger-tasks-iterations-poker",
                "larger-tasks-iterations-poker-large",
                "larger-tasks-iterations-poker-long",
                "larger-tasks-iterations-tracking",
                "larger-tasks-tracking",
                "larger-tasks-optimum",
                "larger-tasks-values",
                "larger-tasks-equation-4",
                "larger-tasks-growth",
            ),
            figures=("appendix_poker", "appendix_tracking"),
            optional=("growth",),
        ),
    ),
    notebooks={
        "larger_tasks": Reads(
            tables=("appendix", "appendix_curves", "appendix_games", "appendix_equilibria"),
            experiments=("appendix_tracking",),
        ),
    },
)
