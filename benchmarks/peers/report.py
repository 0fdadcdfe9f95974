"""Table and figure of what ``measure`` wrote: ``peers.md``, ``peers.pdf`` and ``peers.png``."""

import argparse
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from metanash.archive import write_text
from metanash_replication.plotting import save, use_style

MEASURES = {
    "seconds_per_iteration": "time per iteration",
    "seconds_to_0.01": "time to an NE-gap of 1e-2",
    "seconds_to_0.0001": "time to an NE-gap of 1e-4",
}
TITLES = {
    "Algorithm 1": "Algorithm 1, re-implemented",
    "Q-ascent": "Projected Q-ascent in Markov teams, re-implemented",
    "MAML": "Exact MAML in Markov teams, S2 2x2, re-implemented",
    "matrix": "Zero-sum matrix games",
    "Markov": "Zero-sum Markov games",
}
TARGETS = {"H2 S2 2x2, 1 game": 10, "H2 S2 2x2, 1,000 games": 5, "H5 S50 10x10, 1 game": 3}
"""Ratios to JAX that were asked for, Algorithm 1."""
COLOURS = {"metanash": "#d55e00", "LiteEFG": "#0072b2", "OpenSpiel": "#009e73", "QuantEcon": "#cc79a7",
           "Nashpy": "#e69f00", "Gambit": "#1b2a49"}  # fmt: skip
STYLES = ["-", (0, (1, 1)), (0, (4, 1.5))]


def duration(seconds: float) -> str:
    """With three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def summarised(table: pd.DataFrame) -> pd.DataFrame:
    """A row for each game, contestant and measure: medians over seeds of seconds and of ratios to metanash.

    A ratio is to the fastest of metanash's contestants of the same kind, learners or solvers; what was not reached
    counts as infinite.
    """
    keys = ["group", "kind", "game", "seed", "measure"]
    long = table.melt(
        id_vars=["group", "kind", "game", "seed", "contestant"], value_vars=list(MEASURES), var_name="measure",
        value_name="seconds",
    ).dropna(subset="seconds")  # fmt: skip
    long = long[~((long["measure"] == "seconds_per_iteration") & (long["kind"] == "solver"))]
    reference = long[long["contestant"].str.startswith("metanash")].groupby(keys)["seconds"].min()
    ours = reference.reindex(pd.MultiIndex.from_frame(long[keys])).to_numpy()
    with np.errstate(invalid="ignore"):
        long["ratio"] = long["seconds"].to_numpy() / ours
    long["ratio"] = long["ratio"].fillna(np.inf)  # neither reached it
    return (
        long.groupby(["group", "kind", "game", "contestant", "measure"], sort=False)[["seconds", "ratio"]]
        .median()
        .reset_index()
    )


def cell(found: pd.Series, best: float) -> str:
    """Time and ratio; the shortest time of a column is bold."""
    if not np.isfinite(found["seconds"]):
        return "not reached"
    text = duration(found["seconds"])
    text = f"**{text}**" if found["seconds"] == best else text
    ratio = found["ratio"]  # 0 where metanash did not reach it
    return f"{text} ({ratio:.3g})" if 0 < ratio < np.inf else text


def pivoted(summary: pd.DataFrame) -> str:
    """Contestants by games, as Markdown."""
    games, contestants = (list(dict.fromkeys(summary[name])) for name in ("game", "contestant"))
    lines = ["| | " + " | ".join(games) + " |", "|---|" + "---|" * len(games)]
    best = summary.groupby("game")["seconds"].min()
    for contestant in contestants:
        own = summary[summary["contestant"] == contestant].set_index("game")
        cells = [cell(own.loc[game], best[game]) if game in own.index else "" for game in games]
        lines.append(f"| {contestant} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def behind(summary: pd.DataFrame) -> list[str]:
    """Who is faster than metanash in what, one line a measure and contestant."""
    faster = summary[(summary["ratio"] < 1) & ~summary["contestant"].str.startswith("metanash")]
    return [
        f"- {MEASURES[measure]}, {contestant}: "
        + "; ".join(
            f"{game} ({f'{ratio:.2g}' if ratio else 'not reached by metanash'})"
            for game, ratio in zip(part["game"], part["ratio"], strict=True)
        )
        for (measure, contestant), part in faster.groupby(["measure", "contestant"], sort=False)
    ]


def targets(summary: pd.DataFrame) -> list[str]:
    """The goals against JAX, and what was found."""
    lines = ["| Algorithm 1 | JAX / metanash | goal | |", "|---|---|---|---|"]
    found = summary[summary["contestant"] == "JAX, Algorithm 1"].set_index("game")["ratio"]
    for game, goal in TARGETS.items():
        if game in found.index:
            lines.append(f"| {game} | {found[game]:.2f} | {goal} | {'met' if found[game] >= goal else 'missed'} |")
    return lines


def text(table: pd.DataFrame, summary: pd.DataFrame, machine: dict) -> str:
    """The whole page."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    parts = [
        "# metanash and other packages",
        "Written by `./do bench-peers`. What is measured, and how: "
        "[performance](../../docs/performance.md#other-packages).",
        f"{machine['processor']}, {machine['cores']} cores of which one is used, load {machine['load']} at the end; "
        f"{machine['system']}, Python {machine['python']}, {versions}; kernels of metanash: {machine['kernels']}. "
        f"Games of each size: {machine['seeds']}; fastest of {machine['rounds']} interleaved rounds. "
        f"Times are processor times. In brackets: ratio to the fastest row of metanash that is of the same kind, a "
        f"learner or a solver that ends with the exact solution; above 1, metanash is faster. Medians over games. "
        f"Not reached: in {machine['budget']:g} s, on most of the games.",
        "Not installed here: " + ("; ".join(f"{k} ({v})" for k, v in machine["absent"].items()) or "none") + ".",
    ]
    errors = table[table["error"].notna()][["contestant", "game", "error"]].drop_duplicates()
    parts += [f"Failed: {one.contestant} on {one.game}: {one.error}" for one in errors.itertuples()]
    for group, title in TITLES.items():
        own = summary[summary["group"] == group]
        if own.empty:
            continue
        parts.append(f"## {title}")
        for measure, name in MEASURES.items():
            part = own[own["measure"] == measure]
            if len(part):
                parts += [f"{name[0].upper()}{name[1:]}:", pivoted(part)]
        if group == "Algorithm 1":
            parts.append("\n".join(targets(own)))
    compiling = table[table["first_call"].notna() & table["contestant"].str.startswith("JAX")]["first_call"]
    if len(compiling):
        parts.append(
            f"Compiling by JAX, not counted above: {compiling.min():.2g} to {compiling.max():.2g} s for each size. "
            f"Largest difference of any re-implementation from metanash: {table['difference'].max():.1e}."
        )
    losses = behind(summary)
    parts += ["## Where metanash is not ahead", "\n".join(losses) or "Nowhere."]
    return "\n\n".join(parts) + "\n"


def draw(curves: pd.DataFrame, table: pd.DataFrame) -> plt.Figure:
    """NE-gap against time, a panel for each zero-sum game; exact solvers are crosses at the bottom."""
    use_style()
    games, shown = (list(dict.fromkeys(curves[name])) for name in ("game", "contestant"))
    rows = -(-len(games) // 3)
    figure, axes = plt.subplots(rows, 3, figsize=(7.0, 1.9 * rows + 1.0), squeeze=False, sharey=True)
    solved = table[table["seed"] == 0].set_index(["game", "contestant"])["seconds_to_0.0001"]
    solvers = set(table[table["kind"] == "solver"]["contestant"])
    handles = {}
    for ax, game in zip(axes.flat, games, strict=False):
        lines = {package: iter(STYLES) for package in COLOURS}
        for contestant in shown:
            package = contestant.partition(",")[0]
            part = curves[(curves["game"] == game) & (curves["contestant"] == contestant)]
            if contestant in solvers:
                x, y, style = [solved.get((game, contestant), np.nan)], [1e-4], {"linestyle": "", "marker": "x"}
            else:
                x, y, style = part["seconds"], part["gap"], {"linestyle": next(lines[package])}
            (handles[contestant],) = ax.plot(x, y, color=COLOURS[package], linewidth=1, markersize=4, **style)
        ax.set(xscale="log", yscale="log", ylim=(7e-5, 1), title=game.replace(" x ", " × "))
        sns.despine(ax=ax)
    for ax in axes[:, 0]:
        ax.set_ylabel("NE-gap (reward units)")
    for ax in axes[-1]:
        ax.set_xlabel("processor time (s)")
    for ax in list(axes.flat)[len(games) :]:
        ax.axis("off")
    figure.legend(handles.values(), handles, frameon=False, loc="outside lower center", ncols=3)
    return figure


def main() -> None:
    """Write page and figure beside the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=Path("benchmarks/results"), help="folder of the numbers")
    folder = parser.parse_known_args()[0].to
    table, curves = (pd.read_csv(folder / name) for name in ("peers.csv", "curves.csv"))
    machine = json.loads((folder / "machine.json").read_text())
    write_text(folder / "peers.md", text(table, summarised(table), machine))
    save(draw(curves, table), {kind: folder / f"peers.{kind}" for kind in ("pdf", "png")})
    print(f"table and figure: {folder / 'peers.md'}, {folder / 'peers.png'}")


if __name__ == "__main__":
    main()
