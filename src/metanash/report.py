"""Text made of measurements: every number in it comes from a table. Needs pandas (extra ``pipeline``)."""

from typing import Any

import pandas as pd

from metanash.plotting import ARM_LABELS, KIND_LABELS

__all__ = ["summary"]


def _markdown(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _gap(row: Any) -> str:
    return f"{row['ne_gap']:.4f} [{row['low']:.4f}, {row['high']:.4f}]"


def _variants(sensitivity: pd.DataFrame, rate: float) -> str:
    """Final gaps of all arms at one learning rate, kinds and perturbations by rows."""
    cells = sensitivity[sensitivity["learning_rate"] == rate]
    arms = [arm for arm in ARM_LABELS if arm in set(cells["arm"])]
    rows = []
    for (kind, size), group in cells.groupby(["base_kind", "perturbation"], sort=True):
        by_arm = group.set_index("arm")
        label = "identical games" if size == 0 else f"perturbation {size:g}"
        rows.append([f"{KIND_LABELS[str(kind)]}, {label}", *(_gap(by_arm.loc[arm]) for arm in arms)])
    return _markdown(["games", *(ARM_LABELS[arm] for arm in arms)], rows)


def _reached(iterations: float) -> str:
    return f"{iterations:.1f}" if iterations != float("inf") else "not reached"


def _speed_ups(table: pd.DataFrame) -> str:
    rows = []
    for _, row in table.iterrows():
        words = {"measured": "", "at least": "at least ", "at most": "at most ", "neither": "neither gets there"}
        ratio = f"{row['speed_up']:.2f} [{row['low']:.2f}, {row['high']:.2f}]" if row["status"] != "neither" else ""
        rows.append(
            [
                str(row["figure"]),
                KIND_LABELS[row["base_kind"]],
                ARM_LABELS[row["arm"]],
                f"{row['ne_gap']:g}",
                _reached(row["iterations_individual"]),
                _reached(row["iterations_meta"]),
                words[row["status"]] + ratio,
            ]
        )
    head = ["figure", "base games", "meta-update", "NE-gap", "iterations, individual", "iterations, meta", "speed-up"]
    return _markdown(head, rows)


def summary(figure1: pd.DataFrame, speed_up: pd.DataFrame, sensitivity: pd.DataFrame) -> str:
    """Return the page ``results/summary.md``.

    Parameters
    ----------
    figure1, speed_up, sensitivity : DataFrame
        As :func:`metanash.tables.curve_table`, :func:`~metanash.tables.speed_up_table` and
        :func:`~metanash.tables.final_gap_table` make them.
    """
    counts = figure1.groupby("figure")[["seed", "game"]].nunique()
    last = figure1.groupby("figure")["iteration"].max()
    sizes = "; ".join(
        f"Figure {figure}: {counts.loc[figure, 'seed']} seeds, K = {counts.loc[figure, 'game']}, T = {last[figure]}"
        for figure in counts.index
    )
    zero_sum = sensitivity[sensitivity["base_kind"].isin(["mixed", "pure"])]
    potential = sensitivity[~sensitivity["base_kind"].isin(["mixed", "pure"])]
    sections = [
        "# What was measured",
        "Written by the pipeline; every number comes from `figure1.csv`, `speed_up.csv` or `sensitivity.csv`. "
        "Intervals are 95 % bootstrap intervals over seeds.",
        sizes + ".",
        "## Iterations to reach a gap: individual learning over meta-learning",
        "Curves are means over the games of a sequence, the first included, as in Figure 1. "
        '"At least" and "at most": one side does not reach the gap within T and counts as T.',
        _speed_ups(speed_up),
    ]
    for title, part in (("Zero-sum games", zero_sum), ("Potential games", potential)):
        for rate in sorted(part["learning_rate"].unique()):
            sections += [
                f"## {title}: mean NE-gap at T of games 2 to K, learning rate {rate:g}",
                _variants(part, rate),
            ]
    return "\n\n".join(sections) + "\n"
