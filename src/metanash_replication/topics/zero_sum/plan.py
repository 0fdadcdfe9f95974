"""Theorems 1 and 2: names, and where the settings stand."""

from typing import Any

from metanash_replication.plans import Config, Figure, Measurement, Plan, Reads, Section, Table, Tables

__all__ = ["PLAN"]


def _iterations_of_the_horizon(config: Config, arguments: dict[str, Any]) -> dict[str, Any]:
    section = config["theory"]["zero_sum"]["random_games"]
    iterations = dict(zip(section["horizons"], section["iterations"], strict=True))
    return arguments | {"iterations": iterations[arguments["horizon"]]}


PLAN = Plan(
    title="Zero-sum games",
    measurements=(
        Measurement(
            function="long_runs",
            rule="long_run",
            section="theory/zero_sum/long_runs",
            over={"base_kind": "base_kinds", "horizon": "horizons"},
            file="theory/long_runs/{base_kind}-H{horizon}",
            message="Long runs of Algorithm 1: {base_kind}, H = {horizon}",
        ),
        Measurement(
            function="random_games",
            section="theory/zero_sum/random_games",
            over={"base_kind": "base_kinds", "horizon": "horizons"},
            adjust=_iterations_of_the_horizon,
            file="theory/random_games/{base_kind}-H{horizon}",
            message="Theorem 1 on random games: {base_kind}, H = {horizon}",
        ),
        Measurement(
            function="burn_in_runs",
            name="burn_in",
            rule="burn_in",
            section="theory/zero_sum/burn_in",
            random=False,
            file="theory/burn_in",
            message="Defects of Theorem 1: burn-in",
        ),
        Measurement(
            function="two_sided_runs",
            name="two_sided",
            rule="two_sided",
            section="theory/zero_sum/burn_in",
            only=("iterations", "checkpoints"),
            random=False,
            file="theory/two_sided",
            message="Defects of Theorem 1: why B(H) / T does not repair the burn-in",
        ),
        Measurement(
            function="small_step_runs",
            name="small_step",
            rule="small_step",
            section="theory/zero_sum/small_step",
            file="theory/small_step",
            message="Defects of Theorem 1: small learning rates",
        ),
        Measurement(
            function="value_growth_runs",
            name="value_growth",
            rule="value_growth",
            section="theory/zero_sum/value_growth",
            over={"base_kind": "base_kinds"},
            file="theory/value_growth/{base_kind}",
            message="Growth of value errors over the steps: {base_kind}",
        ),
        Measurement(
            function="sequence_runs",
            name="sequences",
            rule="sequences",
            section="theory/zero_sum/sequences",
            over={"base_kind": "base_kinds", "arm": "arms"},
            file="theory/sequences/{base_kind}-{arm}",
            message="Sequences of games for Theorem 2: {base_kind}, {arm}",
        ),
    ),
    tables=(
        Table("slopes", judged=True),
        Table("stage_rates", judged=True),
        Table("sequences", judged=True),
        Table("similarity_steps", judged=True),
        Table("bound_curves"),
        Table("chain", judged=True),
        Table("value_growth", judged=True),
        Table("defects"),
    ),
    tabulated=Tables(
        message="Theorems 1 and 2 beside the measurements",
        settings={
            "windows": "theory/zero_sum/slopes/windows",
            "margin": "theory/zero_sum/slopes/margin",
            "resamples": "speed_up/resamples",
            "root_seed": "root_seed",
        },
    ),
    bounds=True,
    figures=(
        Figure("theorem1_bounds", ("bound_curves",)),
        Figure("theorem1_slopes", ("bound_curves",)),
        Figure("theorem1_defects", ("defects",)),
        Figure("theorem1_chain", ("chain",)),
        Figure("theorem2_benefit", ("sequences",)),
    ),
    drawn_by="finite_horizon",
    sections=(
        Section(
            id="theorem-1",
            title="Theorem 1: one zero-sum game",
            claims=(
                "definitions",
                "theorem-1",
                "equation-4",
                "best-known-rate",
                "iterations-theorem-1",
                "no-regret",
                "value-errors",
                "few-stages",
            ),
            figures=("theorem1_bounds", "theorem1_slopes", "theorem1_defects", "theorem1_chain"),
        ),
        Section(
            id="theorem-2",
            title="Theorem 2: sequences of zero-sum games",
            claims=(
                "best-responses",
                "similarity-metric",
                "equation-6",
                "iterations-theorem-2",
                "theorem-1-over-games",
                "sharper-zero-sum-pure",
                "sharper-zero-sum-mixed",
                "bandit-feedback",
            ),
            figures=("theorem2_benefit",),
        ),
    ),
    notebooks={
        "zero_sum": Reads(tables=("bound_curves", "slopes", "defects", "sequences"), bounds=True),
        "findings": Reads(tables=("sequences",), bounds=True),
    },
)
