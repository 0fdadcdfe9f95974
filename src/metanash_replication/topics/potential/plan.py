"""Proposition 1 and Theorem 3: names, and where the settings stand."""

from typing import Any

from metanash_replication.plans import Config, Figure, Measurement, Plan, Reads, Section, Table, Tabulation
from metanash_replication.topics.potential.settings import sequence_parts

__all__ = ["PLAN"]


def _of_each_kind(function: str) -> Measurement:
    return Measurement(
        function=function,
        rule=f"potential_{function}",
        section=f"theory/potential/{function}",
        over={"base_kind": "theory/potential/base_kinds"},
        file=f"theory/potential/{function}/{{base_kind}}",
        message=f"Potential games: {function}, {{base_kind}}",
    )


def _settings_only(_config: Config, arguments: dict[str, Any]) -> dict[str, Any]:
    """The settings have all else that their section says."""
    return {key: arguments[key] for key in ("settings", "seeds", "arm")}


PLAN = Plan(
    title="Potential games",
    measurements=(
        *map(_of_each_kind, ("random_games", "random_sequences", "long_runs", "far_steps", "step_scaling")),
        Measurement(
            function="sequence_runs",
            name="sequences",
            rule="potential_sequences",
            section="theory/potential/sequences",
            over={"part": sequence_parts, "arm": ("individual", "carry_over")},
            adjust=_settings_only,
            file="theory/potential/sequences/{part}-{arm}",
            message="Sequences of potential games for Theorem 3: {part}, {arm}",
        ),
        Measurement(
            function="finite_horizon",
            section="theory/potential/finite_horizon",
            file="theory/potential/finite_horizon",
            message="Proposition 1 with finite horizons",
        ),
        Measurement(
            function="counterexamples",
            section="theory/potential/counterexamples",
            random=False,
            file="theory/potential/counterexamples",
            message="Defects of Proposition 1",
        ),
    ),
    tables=(
        Table(
            "proposition1_violations",
            "Random games that violate Proposition 1 as printed.",
            judged=True,
        ),
        Table(
            "potential_curves",
            "Measured gap and bound of Proposition 1 along long runs.",
        ),
        Table(
            "potential_slopes",
            "Slopes of the mean gap of projected Q-ascent on declared windows, with verdicts.",
            judged=True,
        ),
        Table(
            "far_steps",
            "How runs end far beyond the step of the theory.",
            judged=True,
        ),
        Table(
            "step_scaling",
            (
                "Mean gaps of sequences at multiples of the step of Proposition 1, at the same step times iterations, "
                "and their relative differences."
            ),
            judged=True,
        ),
        Table(
            "potential_sequences",
            "Sequences of potential games: gaps, dissimilarity and bound.",
            judged=True,
        ),
    ),
    tabulated=Tabulation(
        message="Proposition 1 and Theorem 3 beside the measurements",
        settings={
            "windows": "theory/potential/slopes/windows",
            "margin": "theory/potential/slopes/margin",
            "resamples": "speed_up/resamples",
            "root_seed": "root_seed",
        },
    ),
    bounds=True,
    figures=(
        Figure(
            "proposition1_rates",
            (
                "Mean NE-gap of projected Q-ascent beside Proposition 1, repaired. Long runs at the largest step it "
                "admits and far beyond: mean, least and largest over seeds."
            ),
            ("potential_curves",),
        ),
        Figure(
            "proposition1_violations",
            (
                "Games that violate Proposition 1 as printed. On the left their share among random games, by start; on "
                "the right the largest gap over bound, printed and repaired, and printed on games made to violate it."
            ),
            ("proposition1_violations",),
        ),
        Figure(
            "proposition1_steps",
            (
                "How runs of projected Q-ascent end far beyond the step of the theory. Shares of runs at an "
                "equilibrium, still rising, in a cycle, or neither."
            ),
            ("far_steps",),
        ),
        Figure(
            "theorem3_benefit",
            (
                "What carry-over gains on sequences of potential games. Gap over that of individual learning, with "
                "intervals over seeds, against perturbation, number of games, players and discount."
            ),
            ("potential_sequences",),
        ),
    ),
    drawn_by="discounted",
    sections=(
        Section(
            id="proposition-1",
            title="Proposition 1: one potential game",
            claims=("proposition-1", "iterations-proposition-1"),
            figures=("proposition1_rates", "proposition1_violations", "proposition1_steps"),
        ),
        Section(
            id="theorem-3",
            title="Theorem 3: sequences of potential games",
            claims=("theorem-3", "sharper-potential", "carry-over-start", "finite-horizon-potential"),
            figures=("theorem3_benefit",),
        ),
    ),
    notebooks={
        "potential": Reads(
            tables=(
                "potential_curves",
                "proposition1_violations",
                "far_steps",
                "potential_sequences",
                "potential_slopes",
            ),
            bounds=True,
        ),
        "findings": Reads(bounds=True),
    },
)
