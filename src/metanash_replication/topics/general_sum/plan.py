"""Theorems 5 and 6: names, and where the settings stand."""

from typing import Any

from metanash_replication.plans import Config, Figure, Measurement, Plan, Reads, Section, Table, Tabulation
from metanash_replication.topics.general_sum.settings import sequence_settings

__all__ = ["PLAN"]


def _prescribed(config: Config, arguments: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as the others
    return arguments | {"constants": [], "schedules": ["prescribed"], "at_stage_ends": True}


def _others(config: Config, arguments: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as the others
    return arguments | {"schedules": ["quarter", *(f"constant {rate}" for rate in arguments["constants"])]}


def _all_settings(config: Config, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"arm": arguments["arm"], "settings": sequence_settings(config)}


PLAN = Plan(
    title="General-sum games",
    measurements=(
        Measurement(
            function="random_games",
            rule="general_sum_random_games",
            section="theory/general_sum/random_games",
            over={"base_kind": "base_kinds", "horizon": "horizons"},
            file="theory/general_sum/random_games/{base_kind}-H{horizon}",
            message="Theorem 5 on random games: {base_kind}, H = {horizon}",
        ),
        Measurement(
            function="schedule_runs",
            name="rates",
            rule="rates",
            section="theory/general_sum/rates",
            over={"setting": "settings"},
            adjust=_prescribed,
            file="theory/general_sum/rates/{setting}",
            message="Algorithm 2 at the learning rates of (11): {setting}",
        ),
        Measurement(
            function="schedule_runs",
            name="schedules",
            rule="schedules",
            section="theory/general_sum/schedules",
            over={"setting": "settings"},
            adjust=_others,
            file="theory/general_sum/schedules/{setting}",
            message="Algorithm 2 at other schedules of learning rates: {setting}",
        ),
        Measurement(
            function="sequence_runs",
            name="sequences",
            rule="general_sum_sequences",
            section="theory/general_sum/sequences",
            over={"arm": "arms"},
            adjust=_all_settings,
            file="theory/general_sum/sequences/{arm}",
            message="Sequences of general-sum games for Theorem 6: {arm}",
        ),
        Measurement(
            function="burn_in_runs",
            name="burn_in",
            rule="general_sum_burn_in",
            section="theory/general_sum/burn_in",
            random=False,
            file="theory/general_sum/burn_in",
            message="Defects of Theorem 5: burn-in",
        ),
    ),
    tables=(
        Table(
            "schedules",
            (
                "Gap and bounds of Algorithm 2 by schedule of the learning rate. The CCE-gap where exact is true, "
                "otherwise that of a deviator who is told the stage, which stands in told in any case."
            ),
        ),
        Table(
            "schedule_slopes",
            (
                "Slopes of the gap of Algorithm 2 by schedule. Of the CCE-gap where exact is true, "
                "otherwise of that of a deviator who is told the stage."
            ),
            judged=True,
        ),
        Table(
            "rate_growth",
            (
                "Algorithm 2 at the learning rates of (11): learning rate times T times the gap, affine in log T or a "
                "power of T. Of the CCE-gap where exact is true, otherwise of that of a deviator who is told the stage."
            ),
            judged=True,
        ),
        Table(
            "general_sequences",
            (
                "Sequences of general-sum games: gaps and similarity of every meta-update, and differences from "
                "individual learning with intervals. CCE-gaps where exact is true, otherwise those of a deviator who "
                "is told the stage, which stand in told and later_told in any case."
            ),
            judged=True,
        ),
    ),
    tabulated=Tabulation(
        message="Theorems 5 and 6 beside the measurements",
        settings={
            "windows": "theory/general_sum/slopes/windows",
            "resamples": "speed_up/resamples",
            "root_seed": "root_seed",
        },
    ),
    bounds=True,
    figures=(
        Figure(
            "theorem5_bounds",
            (
                "Measured gap of Algorithm 2 beside Theorem 5 and equation (11). One run for each number of "
                "iterations, at each schedule of learning rates: mean, least and largest over seeds. Gaps are exact "
                "where the axis says CCE-gap; otherwise some are those of a deviator who is told the stage. A gap "
                "that is not positive has no place on the axis."
            ),
            ("schedules",),
        ),
        Figure(
            "theorem5_slopes",
            (
                "Slopes of the measured gap of Algorithm 2 by schedule of the learning rate. Beside those of "
                "equation (11) and of the schedules."
            ),
            ("schedule_slopes",),
        ),
        Figure(
            "theorem6_benefit",
            (
                "What meta-learning gains on sequences of general-sum games. Mean CCE-gap of the games after the "
                "first minus that of individual learning, with intervals over seeds, against perturbation, "
                "number of games, size and kind; below zero meta-learning helps. Gaps are exact where the axis says "
                "CCE-gap; otherwise some are those of a deviator who is told the stage."
            ),
            ("general_sequences",),
        ),
    ),
    drawn_by="finite_horizon",
    sections=(
        Section(
            id="theorem-5",
            title="Theorem 5: one general-sum game",
            claims=("theorem-5", "theorem-5-exact", "equation-11", "rate-equation-11", "rate-can-be-improved"),
            figures=("theorem5_bounds", "theorem5_slopes"),
        ),
        Section(
            id="theorem-6",
            title="Theorem 6: sequences of general-sum games",
            claims=("theorem-6", "sharper-general-sum"),
            figures=("theorem6_benefit",),
        ),
    ),
    notebooks={
        "general_sum": Reads(
            tables=("schedules", "schedule_slopes", "rate_growth", "general_sequences"),
            bounds=True,
            files=("theory/general_sum/sequences/best_response.npz",),
        ),
        "findings": Reads(tables=("schedule_slopes",), bounds=True),
    },
)
