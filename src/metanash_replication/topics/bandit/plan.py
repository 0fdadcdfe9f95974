"""Bandit feedback: names, and where the settings stand."""

from metanash_replication.plans import Figure, Measurement, Plan, Section, Table, Tabulation

__all__ = ["PLAN"]

PLAN = Plan(
    title="Bandit feedback",
    measurements=(
        Measurement(
            function="bandit",
            section="bandit/learning",
            over={"setting": "settings"},
            file="bandit/{setting}",
            message="Learning with bandit feedback: {setting}",
        ),
        Measurement(
            function="bandit_sequences",
            section="bandit/sequences",
            over={"setting": "settings"},
            file="bandit_sequences/{setting}",
            message="Meta-learning with bandit feedback: {setting}",
        ),
    ),
    tables=(
        Table(
            "bandit",
            (
                "Bandit feedback: the gap of each learner after the last episode, and the slope on the last decade of "
                "episodes beside that of the promised rate."
            ),
            judged=True,
        ),
        Table("bandit_curves", "Bandit feedback: mean gap at every checkpoint."),
        Table(
            "bandit_meta",
            (
                "Meta-learning with bandit feedback: mean final gap of the games after the first, and its ratio to "
                "that of individual learning, with full information and on sampled episodes."
            ),
            judged=True,
        ),
        Table("bandit_meta_curves", "Meta-learning with bandit feedback: mean gap at every checkpoint."),
    ),
    tabulated=Tabulation(
        message="Bandit feedback",
        settings={"margin": "bandit/slopes/margin", "resamples": "speed_up/resamples", "root_seed": "root_seed"},
    ),
    figures=(
        Figure(
            "bandit_learning",
            (
                "Bandit feedback: exact gap of the output against episodes, mean over seeds; an iteration of learners "
                "with full information stands at the episodes that a sampled one takes."
            ),
            ("bandit_curves",),
        ),
        Figure(
            "bandit_meta",
            (
                "Meta-learning with bandit feedback: NE-gap of Algorithm 1, mean over seeds and the games after the "
                "first, on n sampled episodes an iteration (lines) and with full information (dots)."
            ),
            ("bandit_meta_curves",),
        ),
    ),
    drawn_by="larger_tasks",
    sections=(
        Section(
            id="bandit",
            title="Bandit feedback",
            claims=("bandit-v-learning", "bandit-swap", "bandit-meta"),
            figures=("bandit_learning", "bandit_meta"),
        ),
    ),
)
