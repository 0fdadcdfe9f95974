"""River endgames as trees: names, and where the settings stand."""

from metanash_replication.plans import Figure, Measurement, Plan, Section, Table, Tabulation

__all__ = ["PLAN"]

PLAN = Plan(
    title="River endgames as trees",
    measurements=(
        Measurement(
            function="endgames",
            rule="river_endgames",
            section="river/endgames",
            over={"base_kind": "base_kinds"},
            file="river/{base_kind}",
            message="River endgames as trees: {base_kind} order",
        ),
    ),
    tables=(
        Table(
            "river",
            (
                "River endgames as trees: exploitability of each arm at the last iteration, and its ratio to that of "
                "individual learning, with intervals."
            ),
            judged=True,
        ),
        Table(
            "river_curves",
            "River endgames as trees: mean exploitability at every checkpoint.",
        ),
    ),
    tabulated=Tabulation(
        message="River endgames as trees",
        settings={"resamples": "speed_up/resamples", "root_seed": "root_seed"},
    ),
    figures=(
        Figure(
            "river",
            (
                "River endgames as trees, with whole ranges: exploitability in pots against iterations of predictive "
                "regret matching+, mean over the endgames after the first and over seeds, in three orders."
            ),
            ("river_curves",),
        ),
    ),
    drawn_by="larger_tasks",
    sections=(
        Section(
            id="river",
            title="Appendix F: river endgames as trees",
            claims=("river-trees",),
            figures=("river",),
        ),
    ),
)
