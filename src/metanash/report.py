"""Text made of measurements: every number in it comes from a table. Needs pandas (extra ``pipeline``)."""

from typing import Any

import pandas as pd

from metanash.plotting import ARM_LABELS, KIND_LABELS

__all__ = ["general_sum_summary", "potential_summary", "summary", "theory_summary"]


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
        rows.append([*map(str, cells), str(row["violations"]), str(row["unresolved"]), first])
    head = ["claim", "form", "setting", "largest left / right", "runs", "violated in", "unresolved", "informative from"]
    return _markdown(head, rows)


def _few(theory: pd.DataFrame) -> pd.DataFrame:
    """Rows of claims but those of single settings of the random games and of the sequences."""
    many = theory["setting"].str.match(r"random [a-z]+, (?!all)") | theory["setting"].str.startswith("sequences")
    return theory[~many]


def _slope(row: Any) -> list[str]:
    """Window and slope with its interval."""
    return [f"{row['start']:.0e} to {row['end']:.0e}", f"{row['slope']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"]


def _verdict(row: Any) -> str:
    return "" if pd.isna(row["verdict"]) else str(row["verdict"])


def _ratio(row: Any, name: str) -> str:
    return f"{row[name]:.2f} [{row[f'{name}_low']:.2f}, {row[f'{name}_high']:.2f}]"


def _effect(row: Any) -> str:
    """What the interval of a ratio of gaps says."""
    return "helps" if row["ratio_high"] < 1 else ("hurts" if row["ratio_low"] > 1 else "no clear effect")


def _slopes(slopes: pd.DataFrame) -> str:
    rows = [
        [
            KIND_LABELS[row["base_kind"]],
            str(row["horizon"]),
            *_slope(row),
            f"{row['slope_without_log']:.3f}",
            f"{row['bound_slope']:.3f}",
            _verdict(row),
        ]
        for _, row in slopes.iterrows()
    ]
    head = ["base games", "H", "window", "slope", "slope of gap / log T", "slope of (4)", "verdict"]
    return _markdown(head, rows)


def _sequences(sequences: pd.DataFrame) -> str:
    rows = []
    for _, row in sequences[sequences["arm"] != "individual"].iterrows():
        rows.append(
            [
                KIND_LABELS[row["base_kind"]],
                ARM_LABELS[row["arm"]],
                f"{row['horizon']}, {row['games']}, {row['perturbation']:g}, {row['iterations']}",
                f"{row['similarity_per_game']:.1f}",
                _ratio(row, "ratio"),
                _effect(row),
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
    about = theory[theory["claim"].str.match(r"theorem [12]|equation [46]")]
    sections = [
        "## Theorem 1: measured gap over bound",
        "At the worst run and iteration; a bound is informative where it is below the largest gap possible, H. All "
        "settings of the random games and of the sequences are in `theory.csv`.",
        _claims(_few(about)),
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


def _share(part: pd.DataFrame, name: str) -> str:
    return f"{100.0 * part[name].sum() / part['runs'].sum():.0f} %"


def _violations(table: pd.DataFrame) -> str:
    """Where Proposition 1 fails as printed: by discount and start, at T = 1 and anywhere."""
    rows = []
    for (discount, start), part in table.groupby(["discount", "start"]):
        first = part[part["iteration"] == part["iteration"].min()].iloc[0]
        failing = part[part["violated"] > 0]
        last = f"{failing['iteration'].max()}" if len(failing) else "never"
        cells = [f"{discount:g}", str(start), str(first["games"]), f"{first['violated']}"]
        rows.append([*cells, last, f"{part['printed'].max():.4f}", f"{part['repaired'].max():.4f}"])
    head = ["discount", "start", "games", "violated at T = 1", "last T with a violation", "largest, printed"]
    return _markdown([*head, "largest, repaired"], rows)


def _potential_slopes(slopes: pd.DataFrame) -> str:
    rows = [
        [
            KIND_LABELS[row["base_kind"]],
            f"{row['discount']:g}",
            f"{row['step_factor']:g}",
            *_slope(row),
            f"{row['bound_slope']:.3f}",
            _verdict(row),
        ]
        for _, row in slopes.iterrows()
    ]
    return _markdown(["games", "discount", "step", "window", "slope", "slope of the bound", "verdict"], rows)


def _far_steps(table: pd.DataFrame) -> str:
    rows = []
    for (discount, factor), part in table.groupby(["discount", "step_factor"]):
        shares = [_share(part, name) for name in ("converged", "rising", "cycle", "irregular")]
        step = f"{part['step_size'].median():.2g}"
        rows.append([f"{discount:g}", f"{factor:g}", step, *shares, str(part["longest_period"].max())])
    head = ["discount", "step / theory", "step", "at an equilibrium", "potential rises", "cycle", "neither"]
    return _markdown([*head, "longest period"], rows)


def _potential_sequences(table: pd.DataFrame) -> str:
    rows = []
    for _, row in table[table["arm"] == "carry_over"].iterrows():
        potential = row["family"] == "potential"
        kind = KIND_LABELS[row["base_kind"]] if potential else f"congestion, deviation {row['deviation']:.2g}"
        rows.append(
            [
                kind,
                f"{row['discount']:g}, {row['n_players']}, {row['games']}, {row['perturbation']:g}",
                f"{row['step_size']:.2g}" + (" (theory)" if row["theory_step"] else ""),
                f"{row['dissimilarity']:.3g}" if potential else "",
                _ratio(row, "ratio"),
                _ratio(row, "last_ratio"),
                f"{row['mean_gap']:.2g}",
                "" if pd.isna(row["bound"]) else f"{row['bound']:.2g}",
            ]
        )
    head = ["games", "discount, N, K, perturbation", "step", "Delta_Phi", "mean gap / individual"]
    return _markdown([*head, "last gap / individual", "mean gap", "Theorem 3"], rows)


def _adaptation(table: pd.DataFrame) -> str:
    rows = []
    shown = [0, *sorted(table["step"].unique())[-1:]]
    middle = [step for step in sorted(table["step"].unique()) if 0 < step < shown[-1]]
    shown[1:1] = middle[len(middle) // 3 :: max(len(middle) // 3, 1)][:2]
    keys = ["base_kind", "discount", "inner_step", "inner_steps", "initialisation"]
    for (kind, discount, alpha, t, name), part in table.groupby(keys, sort=False):
        by_step = part.set_index("step")
        cells = [f"{by_step.loc[s, 'ne_gap']:.3g}, {_ratio(by_step.loc[s], 'ratio')}" for s in shown]
        place = [KIND_LABELS[str(kind)], f"{discount:g}", f"{t} of {alpha:g} / L", str(name).replace("_", " ")]
        rows.append([*place, *cells])
    return _markdown(
        ["games", "discount", "inner steps of MAML", "start", *(f"after {step} steps" for step in shown)], rows
    )


def _inner_loop(slopes: pd.DataFrame) -> str:
    rows = []
    for _, row in slopes.iterrows():
        slope = f"{row['slope']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
        runs = [str(row["runs"]), str(row["not_reached"])]
        rows.append([KIND_LABELS[row["base_kind"]], f"{row['discount']:g}", slope, *runs])
    return _markdown(["games", "discount", "slope of log T on log c", "runs", "not there in time"], rows)


def potential_summary(
    theory: pd.DataFrame,
    proposition1_violations: pd.DataFrame,
    potential_slopes: pd.DataFrame,
    far_steps: pd.DataFrame,
    potential_sequences: pd.DataFrame,
    adaptation: pd.DataFrame,
    inner_loop_slopes: pd.DataFrame,
) -> str:
    """Return the part of the page about Markov potential games.

    Parameters
    ----------
    theory, ... : DataFrame
        As :mod:`metanash.theory_tables` makes them, by the names of their files.
    """
    claims = theory[~theory["claim"].str.match(r"theorem [1256]|equation")]
    sections = [
        "## Proposition 1, Theorems 3 and 4: measured over bound",
        "At the worst run and iteration. *Unresolved*: what rounding leaves of the rise of the potential decides "
        "nothing. All settings of the random games and of the sequences are in `theory.csv`.",
        _claims(_few(claims)),
        "## Where Proposition 1 fails as printed",
        "Among the random games, those whose mean gap exceeds the bound, by discount and initial policy; the largest "
        "ratios over all T. Instances made for it violate it at every discount: two states, above.",
        _violations(proposition1_violations),
        "## Rate of projected Q-ascent",
        "Slope of the mean gap of all iterates in log-log, beside that of Proposition 1 with the measured rise of the "
        "potential. Steps are multiples of the largest that it admits.",
        _potential_slopes(potential_slopes),
        "## Projected Q-ascent far beyond the step size of the theory",
        "How runs from random policies end, both kinds of games and all sizes together; step: median.",
        _far_steps(far_steps),
        "## Theorem 3: what carry-over gains on sequences of K games",
        "Gaps of games 2 to K over those of individual learning on the same seeds: mean over all iterates, which the "
        "theorem is about, and of the last iterates. The bound is the repaired one.",
        _potential_sequences(potential_sequences),
        "## Adaptation to held-out games from each initialisation",
        "NE-gap, and its ratio to that from scratch, after inner steps on games that meta-training has not seen.",
        _adaptation(adaptation),
        "## The constant of the inner loop",
        "Iterations of softmax policy gradient to a small gap grow like a power of 1 / c, c being the least "
        "probability that a player ever puts on its best actions.",
        _inner_loop(inner_loop_slopes),
    ]
    return "\n\n".join(sections) + "\n"


def _schedule_slopes(slopes: pd.DataFrame) -> str:
    rows = [
        [
            f"{row['horizon']}, {row['n_players']}",
            str(row["schedule"]),
            *_slope(row),
            f"{row['schedule_slope']:.3f}",
            f"{row['bound_slope']:.3f}",
            _verdict(row),
        ]
        for _, row in slopes.iterrows()
    ]
    head = ["H, N", "learning rate", "window", "slope", "slope of log T / (eta T)", "slope of (11)", "verdict"]
    return _markdown(head, rows)


def _general_sequences(table: pd.DataFrame) -> str:
    rows = []
    for _, row in table[table["arm"] != "individual"].iterrows():
        sizes = f"{row['horizon']}, {row['n_players']}, {row['max_actions']}, {row['games']}, {row['perturbation']:g}"
        gaps = [f"{row['later_gap']:.2g}", f"{row['instantiated']:.2g}"]
        place = [KIND_LABELS[row["base_kind"]], ARM_LABELS[row["arm"]], sizes, f"{row['similarity_per_game']:.1f}"]
        rows.append([*place, _ratio(row, "ratio"), _effect(row), *gaps])
    head = ["games", "meta-update", "H, N, A, K, perturbation", "Delta_pi / K", "gap / individual", "effect", "gap"]
    return _markdown([*head, "Theorem 5"], rows)


def general_sum_summary(theory: pd.DataFrame, schedule_slopes: pd.DataFrame, general_sequences: pd.DataFrame) -> str:
    """Return the part of the page about general-sum games.

    Parameters
    ----------
    theory, schedule_slopes, general_sequences : DataFrame
        As :mod:`metanash.theory_tables` makes them, by the names of their files.
    """
    claims = theory[theory["claim"].str.match(r"theorem [56]|equation 11")]
    sections = [
        "## Theorems 5 and 6: measured over bound",
        "The gap is that of a deviator who is told the stage, an upper bound of the CCE-gap; exact where it says so. "
        "At the worst run and iteration; all settings of the random games and of the sequences are in `theory.csv`.",
        _claims(_few(claims)),
        "## Rate of Algorithm 2",
        "Slopes of the mean gap, one run for each T, by schedule of the learning rate. The verdict is about (11), "
        "which prescribes the first.",
        _schedule_slopes(schedule_slopes),
        "## Theorem 6: what meta-learning gains on sequences of K general-sum games",
        "Mean gap of games 2 to K over that of individual learning on the same seeds; Theorem 5 at the worst best "
        "response, mean over the games.",
        _general_sequences(general_sequences),
    ]
    return "\n\n".join(sections) + "\n"
