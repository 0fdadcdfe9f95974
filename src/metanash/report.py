"""Text made of measurements: every number in it comes from a table. Needs pandas (extra ``pipeline``)."""

from typing import Any

import pandas as pd

from metanash.plotting import ARM_LABELS, KIND_LABELS

__all__ = ["summary", "theory_summary"]


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


def _claims(theory: pd.DataFrame) -> str:
    rows = []
    for _, row in theory.iterrows():
        first = "" if pd.isna(row["first_informative"]) else f"{int(row['first_informative'])}"
        cells = [row["claim"], row["form"], row["setting"], f"{row['ratio']:.3g}", str(row["runs"])]
        rows.append([*map(str, cells), str(row["violations"]), first])
    head = ["claim", "form", "setting", "largest gap / bound", "runs", "violated in", "informative from T"]
    return _markdown(head, rows)


def _slopes(slopes: pd.DataFrame) -> str:
    rows = [
        [
            KIND_LABELS[row["base_kind"]],
            str(row["horizon"]),
            f"{row['start']:.0e} to {row['end']:.0e}",
            f"{row['slope']:.3f} [{row['low']:.3f}, {row['high']:.3f}]",
            f"{row['slope_without_log']:.3f}",
            f"{row['bound_slope']:.3f}",
            "" if pd.isna(row["verdict"]) else str(row["verdict"]),
        ]
        for _, row in slopes.iterrows()
    ]
    head = ["base games", "H", "window", "slope", "slope of gap / log T", "slope of (4)", "verdict"]
    return _markdown(head, rows)


def _sequences(sequences: pd.DataFrame) -> str:
    rows = []
    for _, row in sequences[sequences["arm"] != "individual"].iterrows():
        effect = "helps" if row["ratio_high"] < 1 else ("hurts" if row["ratio_low"] > 1 else "no clear effect")
        rows.append(
            [
                KIND_LABELS[row["base_kind"]],
                ARM_LABELS[row["arm"]],
                f"{row['horizon']}, {row['games']}, {row['perturbation']:g}, {row['iterations']}",
                f"{row['similarity_per_game']:.1f}",
                f"{row['ratio']:.2f} [{row['ratio_low']:.2f}, {row['ratio_high']:.2f}]",
                effect,
                f"{row['later_gap']:.2g}",
                f"{row['bound']:.2g}" if row["within"] and row["arm"] == "best_response" else "",
            ]
        )
    head = [
        "base games",
        "meta-update",
        "H, K, perturbation, T",
        "Delta / K",
        "gap / individual",
        "effect",
        "gap",
        "(6)",
    ]
    return _markdown(head, rows)


def theory_summary(theory: pd.DataFrame, slopes: pd.DataFrame, sequences: pd.DataFrame) -> str:
    """Return the part of the page that sets Theorems 1 and 2 beside measurements.

    Parameters
    ----------
    theory, slopes, sequences : DataFrame
        As :mod:`metanash.theory_tables` makes them.
    """
    few = theory[
        ~theory["setting"].str.match(r"random games, (?!all)") & ~theory["setting"].str.startswith("sequences")
    ]
    sections = [
        "## Theorem 1: measured gap over bound",
        "At the worst run and iteration; a bound is informative where it is below the largest gap possible, H. All "
        "settings of the random games and of the sequences are in `theory.csv`.",
        _claims(few),
        "## Rate of Algorithm 1 at the largest learning rate of Theorem 1",
        "Slopes of the mean gap in log-log on declared windows. A transient may raise the last one by "
        f"{slopes['margin'].iloc[0]:g} and still count as consistent with (4).",
        _slopes(slopes),
        "## Theorem 2: what meta-learning gains on sequences of K games",
        "Mean gap of games 2 to K over that of individual learning on the same seeds. The bound (6) is about update "
        "(5), and given where the learning rate is one that the theorem admits.",
        _sequences(sequences),
    ]
    return "\n\n".join(sections) + "\n"
