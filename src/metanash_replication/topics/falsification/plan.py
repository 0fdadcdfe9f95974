"""The search for counterexamples: names. The claims that are searched are in ``falsification/registry.py``."""

from metanash_replication.plans import Figure, Plan, Section, Table

__all__ = ["PLAN"]

PLAN = Plan(
    title="Counterexamples",
    tables=(
        Table(
            "falsification",
            (
                "Worst ratio of left side to right side that a search found, against the instances it has tried, by "
                "claim and form; above one the claim is violated."
            ),
            judged=True,
        ),
        Table(
            "falsification_curves",
            "Search for counterexamples: how the worst ratio grew.",
        ),
        Table(
            "worst_instances",
            (
                "The worst instances of the claims that are violated: payoffs, transitions and initial policies, "
                "with what they have in common."
            ),
        ),
    ),
    figures=(
        Figure(
            "falsification",
            (
                "Worst ratio of left side to right side that a search found, against the instances it has tried, by "
                "claim and form; above one the claim is violated."
            ),
            ("falsification_curves",),
        ),
        Figure(
            "worst_instances",
            (
                "The worst instances of the claims that are violated: payoffs, transitions and initial policies, "
                "with what they have in common."
            ),
            ("worst_instances",),
        ),
    ),
    drawn_by="falsification",
    sections=(Section(id="counterexamples", title="Counterexamples", figures=("falsification", "worst_instances")),),
)
