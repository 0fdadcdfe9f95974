"""Figure 1 under other readings: names, and where the settings stand."""

from typing import Any

from metanash_replication.plans import Config, Figure, Measurement, Plan, Section, Table, Tabulation
from metanash_replication.topics.readings.settings import reading_settings

__all__ = ["PLAN"]


def _readings(family: str, panel: str) -> Measurement:
    def listed(config: Config, arguments: dict[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in arguments.items() if key not in {"reference", "grids"}}
        return kept | {"readings": reading_settings(config, family)}

    return Measurement(
        function=f"{family}_readings",
        section=f"readings/{family}",
        over={"base_kind": "base_kinds"},
        adjust=listed,
        file=f"readings/{family}/{{base_kind}}",
        message=f"{panel} under many readings: {{base_kind}}",
    )


PLAN = Plan(
    title="Figure 1",
    measurements=(_readings("zero_sum", "Figure 1(a)"), _readings("potential", "Figure 1(b)")),
    tables=(
        Table(
            "readings",
            (
                "Figure 1 under many readings of what the paper leaves open: speed-ups, and ratios of gaps at the "
                "first and last iteration, with intervals."
            ),
            judged=True,
        ),
    ),
    tabulated=Tabulation(
        message="Readings of Figure 1",
        settings={"levels": "readings/levels", "resamples": "speed_up/resamples", "root_seed": "root_seed"},
    ),
    figures=(
        Figure(
            "readings",
            (
                "Figure 1 under many readings. Iterations of individual learning to a share of its own first gap, over "
                "those of meta-learning, and ratio of the gaps at the first iteration, with intervals over seeds. A "
                "row changes one thing of the reference; squares: the meta-update that its row names. Right of the "
                "dashed line are much fewer iterations, left of it in the last column a better start."
            ),
            ("readings",),
        ),
    ),
    drawn_by="larger_tasks",
    sections=(
        Section(
            id="readings",
            title="Figure 1: which reading gives the picture",
            claims=("better-initialization-zero-sum", "better-initialization-potential"),
            figures=("readings",),
            opens=True,
        ),
    ),
)
