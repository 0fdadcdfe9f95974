"""Growth with the size of a game: names, and where the settings stand."""

from metanash_replication.plans import Figure, Measurement, Plan, Table, Tabulation
from metanash_replication.topics.scale.settings import sizes, sizes_for_times

__all__ = ["PLAN"]


PLAN = Plan(
    title="Larger tasks",
    measurements=(
        Measurement(
            function="learned",
            rule="scale_learned",
            section="theory/scale",
            over={"setting": sizes},
            only=("iterations",),
            file="theory/scale/{setting}",
            message="Large games: {setting}",
            alone=True,
        ),
        Measurement(
            function="costs",
            rule="scale_costs",
            section="theory/scale",
            over={"setting": sizes_for_times},
            only=("iterations",),
            file="benchmarks/scale/{setting}",
            message="Times and memory of large games: {setting}",
            alone=True,
        ),
    ),
    tables=(
        Table(
            "growth",
            (
                "Growth with the size of a game: time of an iteration, of the end of a stage and of a gap, memory; "
                "dashes are the growth that operations and possible transitions say."
            ),
        ),
        Table(
            "growth_exponents",
            "Large games: exponents of growth with intervals.",
            judged=True,
        ),
    ),
    tabulated=Tabulation(
        message="Growth with the size of a game", settings={"least": "theory/scale/least_transitions"}
    ),
    figures=(
        Figure(
            "growth",
            (
                "Growth with the size of a game: time of an iteration, of the end of a stage and of a gap, memory; "
                "dashes are the growth that operations and possible transitions say."
            ),
            ("growth", "growth_exponents"),
        ),
    ),
    drawn_by="larger_tasks",
    present=lambda config: bool(sizes(config)),
)
