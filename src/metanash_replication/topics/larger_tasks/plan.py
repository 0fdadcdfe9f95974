"""Appendix F: names. Games and runs are sections of ``experiments`` in the configuration."""

from metanash_replication.plans import Figure, Plan, Reads, Section, Table

__all__ = ["PLAN"]

PLAN = Plan(
    title="Larger tasks",
    tables=(
        Table("appendix", judged=True),
        Table("appendix_curves"),
        Table("appendix_games"),
        Table("appendix_equilibria", judged=True),
    ),
    bounds=True,
    figures=(
        Figure("appendix_poker", ("appendix", "appendix_curves", "appendix_games")),
        Figure("appendix_tracking", ("appendix", "appendix_curves", "appendix_equilibria")),
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
