"""Meta-updates beside equation (5): names, and where the settings stand."""

from metanash_replication.plans import Figure, Measurement, Plan, Section, Table, Tabulation

__all__ = ["PAPER", "PLAN", "TWINS"]

PAPER = "best_response"
"""Equation (5)."""
TWINS = {"tuned_individual": "individual", "tuned_best_response": PAPER, "tuned_tracking": "tracking"}
"""Meta-updates with a learned learning rate, and the same without."""

PLAN = Plan(
    title="Meta-updates beside (5)",
    measurements=(
        Measurement(
            function="update_comparisons",
            section="updates/comparisons",
            over={"setting": "settings"},
            file="updates/{setting}",
            message="Meta-updates on the same sequences: {setting}",
        ),
        Measurement(
            function="crossover",
            section="updates/crossover",
            over={"setting": "settings"},
            file="updates/crossover-{setting}",
            message="Meta-updates on up to a thousand games: {setting}",
        ),
        Measurement(
            function="moving",
            section="updates/moving",
            over={"base_kind": "base_kinds"},
            file="updates/moving-{base_kind}",
            message="Meta-updates on sequences that move: {base_kind}",
        ),
    ),
    tables=(
        Table(
            "updates",
            (
                "Meta-updates beside (5): mean gap at T of the games after the first, and its ratio to that of another "
                "update on the same games, with intervals over seeds."
            ),
            judged=True,
        ),
        Table(
            "updates_choice",
            "Which meta-update the rule chooses, of those that leave the learning rate alone.",
            judged=True,
        ),
        Table(
            "updates_bounds",
            "The smallest K from which on a bound for sequences is below that of uniform starts, (4).",
            judged=True,
        ),
        Table(
            "updates_crossover",
            (
                "Mean gap over the first K games of matrix games at the learning rate of Theorem 1, and the proven "
                "bounds with uniform starts and with annealed weights."
            ),
            judged=True,
        ),
        Table(
            "updates_moving",
            (
                "Meta-updates on sequences that move: mean gap after the first game and its ratio to that of (5), with "
                "intervals."
            ),
            judged=True,
        ),
        Table("updates_moving_curves", "Meta-updates on sequences that move: mean gap of every game."),
        Table(
            "updates_regret",
            (
                "What learned weights pay beside the best of their averages, in nats: the largest excess over rows, "
                "and the most that is proven."
            ),
            judged=True,
        ),
    ),
    tabulated=Tabulation(
        message="Meta-updates beside (5)",
        settings={
            "bounds": "updates/bounds",
            "choice": "updates/choice",
            "resamples": "speed_up/resamples",
            "root_seed": "root_seed",
        },
    ),
    figures=(
        Figure(
            "updates_ratios",
            (
                "Meta-updates beside (5): gap over that of (5), a dot for each setting that was not used to choose, "
                "above at a fixed learning rate and below at learned ones."
            ),
            ("updates",),
        ),
        Figure(
            "updates_crossover",
            (
                "How many games it takes: on the left those from which a bound is below (4), against similarity over "
                "that to uniform starts, on the right measured gaps beside those of individual learning."
            ),
            ("updates_bounds", "updates_crossover"),
        ),
        Figure(
            "updates_moving",
            "Sequences that move: mean gap of every game of a sequence, over that of individual learning.",
            ("updates_moving_curves",),
        ),
    ),
    drawn_by="larger_tasks",
    sections=(
        Section(
            id="updates",
            title="Meta-updates beside (5)",
            claims=(
                "updates-choice",
                "updates-pure",
                "updates-mixed",
                "updates-others",
                "updates-rate",
                "updates-sharper",
                "updates-crossover",
                "updates-regret",
                "updates-moving",
                "updates-clusters",
            ),
            figures=("updates_ratios", "updates_crossover", "updates_moving"),
        ),
    ),
)
