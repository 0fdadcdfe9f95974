"""Figure 1 and the sweeps: names. Their games and runs are sections of ``experiments`` in the configuration."""

from metanash_replication.plans import Figure, Plan, Reads, Section, Table

__all__ = ["PLAN"]

PLAN = Plan(
    title="Figure 1",
    tables=(
        Table("figure1", judged=True),
        Table("speed_up", judged=True),
        Table("sensitivity", judged=True),
        Table("equilibria", judged=True),
    ),
    figures=(
        Figure("figure1a", ("figure1",)),
        Figure("figure1b", ("figure1",)),
        Figure("figure1b_theory", ("figure1",)),
        Figure("figure1c", ("equilibria",)),
        Figure("sensitivity_zero_sum", ("sensitivity",)),
        Figure("sensitivity_potential", ("sensitivity",)),
    ),
    sections=(
        Section(
            id="figure-1",
            title="Figure 1: simulations",
            claims=(
                "figure-1a-pure",
                "figure-1a-mixed",
                "figure-1b-team",
                "figure-1b-action-independent",
                "figure-1b-team-theory-step",
                "figure-1b-action-independent-theory-step",
                "figure-1c",
                "figure-1c-q-functions",
                "simulations-zero-sum",
                "simulations-potential",
            ),
            figures=(
                "figure1a",
                "figure1b",
                "figure1b_theory",
                "figure1c",
                "sensitivity_zero_sum",
                "sensitivity_potential",
            ),
            opens=True,
        ),
    ),
    notebooks={
        "zero_sum": Reads(
            tables=("figure1", "speed_up", "equilibria", "sensitivity"), experiments=("figure1_zero_sum",)
        ),
        "potential": Reads(tables=("figure1", "speed_up"), experiments=("figure1_potential",)),
    },
)
