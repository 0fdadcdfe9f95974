"""After the paper: names, and where the settings stand."""

from metanash_replication.plans import Figure, Measurement, Plan, Section, Table, Tabulation

__all__ = ["PLAN"]

_ABOUT = "After the paper: gaps against iterations of learners that came beside and after it, mean over seeds; "

_ENDS = "lines end where the mean is no longer positive."

PLAN = Plan(
    title="After the paper",
    measurements=(
        Measurement(
            function="successors",
            section="successors/comparisons",
            over={"setting": "settings"},
            file="successors/{setting}",
            message="Learners after the paper: {setting}",
        ),
        Measurement(
            function="promises",
            section="successors/promises",
            over={"setting": "settings"},
            file="promises/{setting}",
            message="What is promised after the paper: {setting}",
        ),
    ),
    tables=(
        Table(
            "successors",
            (
                "Learners after the paper: the gap of each at the last iteration, T times it, and the slope on the "
                "last window beside that of the promised rate."
            ),
            judged=True,
        ),
        Table("successors_curves", "Learners after the paper: mean gap at every checkpoint."),
        Table(
            "successors_promises",
            "Promises after the paper with a constant: where the measured side is the largest part of the promised.",
            judged=True,
        ),
        Table(
            "successors_speeds",
            "The same promises: how fast the measured side falls on the last decade of T, beside what is promised.",
            judged=True,
        ),
        Table("successors_parts", "The same promises: measured over promised side at every checkpoint."),
    ),
    tabulated=Tabulation(
        message="Learners after the paper",
        settings={"margin": "successors/slopes/margin", "resamples": "speed_up/resamples", "root_seed": "root_seed"},
    ),
    figures=(
        Figure("successors_average", f"{_ABOUT}NE-gap of averages in zero-sum games.", ("successors_curves",)),
        Figure("successors_last", f"{_ABOUT}NE-gap of last iterates in zero-sum games.", ("successors_curves",)),
        Figure(
            "successors_cce",
            f"{_ABOUT}CCE-gap in general-sum games; {_ENDS}",
            ("successors_curves",),
        ),
        Figure("successors_ce", f"{_ABOUT}CE-gap in general-sum games.", ("successors_curves",)),
        Figure(
            "successors_potential",
            f"{_ABOUT}NE-gap of last iterates in Markov teams; {_ENDS}",
            ("successors_curves",),
        ),
        Figure(
            "successors_promises",
            (
                "Promises after the paper that have a constant: largest measured over promised side in all games, at "
                "the learning rate of the proof; lines end where rounding begins."
            ),
            ("successors_parts",),
        ),
    ),
    drawn_by="larger_tasks",
    sections=(
        Section(
            id="successors",
            title="After the paper",
            claims=("after-leader", "after-cautious", "after-barrier"),
            figures=(
                "successors_average",
                "successors_last",
                "successors_cce",
                "successors_ce",
                "successors_potential",
            ),
        ),
        Section(
            id="successors-promises",
            title="After the paper: promises with a constant",
            claims=(
                "after-plain",
                "after-plain-rate",
                "after-stages",
                "after-gradient",
                "after-predictive",
                "after-entropy",
                "after-natural",
                "after-natural-mean",
                "after-natural-rate",
                "after-natural-unique",
            ),
            figures=("successors_promises",),
        ),
    ),
)
