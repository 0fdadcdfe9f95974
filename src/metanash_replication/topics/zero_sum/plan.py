"""Theorems 1 and 2: names, and where the settings stand."""

from typing import Any

from metanash_replication.plans import Config, Figure, Measurement, Plan, Reads, Section, Table, Tabulation

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
            over={"part": "parts", "base_kind": "base_kinds", "arm": "arms"},
            file="theory/sequences/{part}-{base_kind}-{arm}",
            message="Sequences of games for Theorem 2: {part}, {base_kind}, {arm}",
        ),
        Measurement(
            function="sequence_runs",
            name="small_step_sequences",
            rule="small_step_sequences",
            section="theory/zero_sum/small_step_sequences",
            over={"base_kind": "base_kinds", "arm": "arms"},
            file="theory/small_step_sequences/{base_kind}-{arm}",
            message="Defect of Theorem 2: sequences at a small learning rate, {base_kind}, {arm}",
        ),
    ),
    tables=(
        Table(
            "slopes",
            "Slopes of the gap of Algorithm 1 on declared windows, with verdicts.",
            judged=True,
        ),
        Table(
            "stage_rates",
            "Long runs of Algorithm 1: T times the gap at stage ends, affine in log T or a power of T.",
            judged=True,
        ),
        Table(
            "sequences",
            "Sequences of zero-sum games: gaps, similarity and bounds of every meta-update.",
            judged=True,
        ),
        Table(
            "similarity_steps",
            (
                "Dissimilarity under update (5) from one perturbation to the next larger one, with "
                "intervals that hold together."
            ),
            judged=True,
        ),
        Table(
            "bound_curves",
            "Measured gap and bounds of Theorem 1 along long runs.",
        ),
        Table(
            "chain",
            "Per-state regrets and value errors by stage.",
            judged=True,
        ),
        Table(
            "value_growth",
            (
                "Errors of the value estimates at step 1 over the regrets behind them, by horizon and by "
                "the growth of the stages."
            ),
            judged=True,
        ),
        Table(
            "defects",
            "Instances of the two defects of Theorem 1.",
        ),
    ),
    tabulated=Tabulation(
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
        Figure(
            "theorem1_bounds",
            (
                "Measured NE-gap of Algorithm 1 beside Theorem 1 and equation (4). Long runs at the largest learning "
                "rate of the theorem, a panel for each horizon; mean, least and largest over seeds."
            ),
            ("bound_curves",),
        ),
        Figure(
            "theorem1_slopes",
            (
                "Local slope of the measured gap beside that of equation (4). The gap approaches the rate from "
                "above, as a constant plus a logarithm over the iterations does."
            ),
            ("bound_curves",),
        ),
        Figure(
            "theorem1_defects",
            (
                "Where Theorem 1 fails as printed. Small learning rates on the left, burn-in on the right; the "
                "repaired forms beside them. Above one the bound is violated."
            ),
            ("defects",),
        ),
        Figure(
            "theorem1_chain",
            (
                "What the proof of Theorem 1 controls: regrets and value errors. At the ends of stages, for each step "
                "h of the horizon, beside the gap that follows from them."
            ),
            ("chain", "bound_curves"),
        ),
        Figure(
            "theorem2_benefit",
            (
                "What meta-learning gains on sequences of zero-sum games. Mean NE-gap of the games after the first: "
                "on the left against similarity, a dot for each perturbation, on the right against the number of games."
            ),
            ("sequences",),
        ),
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
                "sharper-bound",
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
