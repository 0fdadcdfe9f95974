"""The search for counterexamples: names. The claims that are searched are in ``falsification/registry.py``."""

from metanash_replication.plans import Figure, Plan, Section, Table

__all__ = ["PLAN"]

PLAN = Plan(
    title="Counterexamples",
    tables=(Table("falsification", judged=True), Table("falsification_curves"), Table("worst_instances")),
    figures=(
        Figure("falsification", ("falsification_curves",)),
        Figure("worst_instances", ("worst_instances",)),
    ),
    drawn_by="falsification",
    sections=(Section(id="counterexamples", title="Counterexamples", figures=("falsification", "worst_instances")),),
)
