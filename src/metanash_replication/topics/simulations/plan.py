"""Figure 1 and the sweeps: names. Their games and runs are sections of ``experiments`` in the configuration."""

from metanash_replication.plans import Figure, Plan, Reads, Section, Table

__all__ = ["PLAN"]

PLAN = Plan(
    title="Figure 1",
    tables=(
        Table(
            "figure1",
            "NE-gaps behind Figure 1, means over the games of a sequence, by panel, kind, arm, seed and iteration.",
            judged=True,
        ),
        Table(
            "speed_up",
            "Iterations to reach a gap, individual learning over meta-learning, with bootstrap intervals.",
            judged=True,
        ),
        Table(
            "sensitivity",
            "Final gaps over learning rates and perturbations, with bootstrap intervals.",
            judged=True,
        ),
        Table(
            "equilibria",
            "Equilibria of the stage games of every sequence, in rewards and in Q-functions.",
            judged=True,
        ),
    ),
    figures=(
        Figure(
            "figure1a",
            (
                "NE-gap against iterations in zero-sum games. Mean over the games of a sequence, bands one standard "
                "deviation over seeds; base games with mixed equilibria on the left, with pure ones on the right."
            ),
            ("figure1",),
        ),
        Figure(
            "figure1b",
            (
                "NE-gap against iterations in potential games at a practical step. Mean over the games of a "
                "sequence, bands one standard deviation over seeds."
            ),
            ("figure1",),
        ),
        Figure(
            "figure1b_theory",
            (
                "NE-gap against iterations in potential games at the largest step of Proposition 1. Learned at a "
                "multiple of it, where the curves are the same. Mean over the games of a sequence, bands one standard "
                "deviation over seeds."
            ),
            ("figure1",),
        ),
        Figure(
            "figure1c",
            (
                "Equilibria of the stage games. Probabilities of the players' first actions in the reward matrices of "
                "one sequence, that of the first seed; and of all sequences the widest range of such a probability "
                "over the games and states, in rewards and in the Q-functions of the whole game."
            ),
            ("equilibria",),
        ),
        Figure(
            "sensitivity_zero_sum",
            (
                "Sensitivity in zero-sum games. Final gap over that of individual learning, over learning rates and "
                "perturbations; grey where the interval over seeds contains one."
            ),
            ("sensitivity",),
        ),
        Figure(
            "sensitivity_potential",
            (
                "Sensitivity in potential games. Final gap over that of individual learning, over steps and "
                "perturbations; grey where the interval over seeds contains one."
            ),
            ("sensitivity",),
        ),
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
                "figure-1c-mixed",
                "figure-1c-pure",
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
