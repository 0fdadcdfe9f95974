"""River endgames: time of an iteration against hands and betting nodes, and gaps against time (``./do bench-river``).

Writes ``benchmarks/results/river.csv`` and ``river.pdf``, ``river.png``. An iteration is one of predictive regret
matching+ in turns, both players; in processor time of one thread, in which other programs have no part but in the
caches, and the fastest of some rounds counts.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from threadpoolctl import threadpool_limits

from metanash import river
from metanash.streams import stream
from metanash_replication import plotting

RESULTS = Path(__file__).parent / "results"
BOARD = "Kh9s8d4c2h"
SIZES = (0.33, 0.75, 1.5)
Row = dict[str, str | float]


def endgame(n_hands: int = 1081, sizes: tuple[float, ...] = SIZES, raises: int = 2) -> river.RiverEndgame:
    """All hands of a board, or as many of them as are asked for, drawn for each player; ten pots behind."""
    full = river.river_endgame(BOARD, pot=100.0, stacks=(1000.0, 1000.0), sizes=sizes, raises=raises)
    if n_hands == 1081:
        return full
    weights = np.zeros((2, 1081))
    for i in (0, 1):
        weights[i, stream("bench", "river", i).choice(1081, size=n_hands, replace=False)] = 1.0
    return river.RiverEndgame(BOARD, weights, full.betting)


def iteration(game: river.RiverEndgame, rounds: int, iterations: int = 10) -> float:
    """Processor seconds of an iteration, after the first few."""
    learner = river.RiverCFR()
    state = learner.advance(game, learner.start(game), 3)
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        learner.advance(game, state, iterations)
        best = min(best, time.process_time() - start)
    return best / iterations


def timed(sweep: str, game: river.RiverEndgame, rounds: int) -> Row:
    nodes, ends = game.betting.n_sets, game.betting.n_ends
    seconds = iteration(game, rounds)
    return {"sweep": sweep, "hands": max(game.n_hands), "nodes": nodes, "ends": ends, "seconds": seconds}


def sweeps(rounds: int) -> Iterator[Row]:
    """A row a point."""
    for n_hands in (50, 100, 200, 400, 700, 1081):
        yield timed("hands", endgame(n_hands), rounds)
    for sizes, raises in (((1.0,), 1), ((0.5, 1.0), 2), (SIZES, 2), (SIZES, 3), ((0.25, 0.5, 1.0, 2.0), 3)):
        yield timed("nodes", endgame(sizes=sizes, raises=raises), rounds)


def gaps() -> Iterator[Row]:
    """Exploitability of the averages, in pots, of all hands against all hands."""
    game, learner = endgame(), river.RiverCFR()
    state, spent = learner.start(game), 0.0
    for t in (1, 3, 10, 30, 100, 300, 1000):
        start = time.process_time()
        state = learner.advance(game, state, t - state.iteration)
        spent += time.process_time() - start
        found = learner.measure(game, state)["exploitability"]
        yield {"sweep": "gap", "hands": 1081, "nodes": game.betting.n_sets, "ends": game.betting.n_ends,
               "iterations": t, "seconds": spent, "exploitability": found}  # fmt: skip


def panel(ax: Axes, rows: pd.DataFrame, sweep: str) -> None:
    """Times of a sweep, and the line through the last one along which they grow linearly."""
    own = rows[rows["sweep"] == sweep]
    last = own.iloc[-1]
    ax.plot(own[sweep], 1e3 * own["seconds"], marker="o", markersize=2.5, **plotting.ARM_STYLE["best_response"])
    ax.plot(own[sweep], 1e3 * last["seconds"] * own[sweep] / last[sweep], linestyle=(0, (4, 1.5)), color="0.5",
            linewidth=0.8)  # fmt: skip
    label = {"hands": f"hands a side, {last['nodes']} nodes", "nodes": "betting nodes, 1081 hands a side"}[sweep]
    ax.set(xscale="log", yscale="log", xlabel=label, ylabel="ms an iteration")


def draw(rows: pd.DataFrame, folder: Path) -> None:
    """The figure, as PDF and PNG."""
    plotting.use_style()
    figure, axes = plt.subplots(1, 3, figsize=(10, 2.8), layout="constrained")
    for ax, sweep in zip(axes, ("hands", "nodes"), strict=False):
        panel(ax, rows, sweep)
    own = rows[rows["sweep"] == "gap"]
    axes[2].plot(own["seconds"], own["exploitability"], marker="o", markersize=2.5,
                 **plotting.ARM_STYLE["best_response"])  # fmt: skip
    axes[2].set(
        xscale="log", yscale="log", xlabel="processor seconds, 1081 hands a side", ylabel="exploitability (pots)"
    )
    plotting.save(figure, {kind: folder / f"river.{kind}" for kind in ("pdf", "png")})


def main() -> None:
    """Measure, print, write and draw; with ``--draw``, only draw what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="repetitions, of which the fastest counts")
    parser.add_argument("--draw", action="store_true", help="draw the committed measurements")
    arguments = parser.parse_args()
    table = RESULTS / "river.csv"
    if not arguments.draw:
        rows = []
        with threadpool_limits(limits=1):
            for part in (sweeps(arguments.rounds), gaps()):
                for row in part:
                    rows.append(row)
                    print(
                        *(f"{value:.4g}" if isinstance(value, float) else value for value in row.values()), flush=True
                    )
        columns = ["sweep", "hands", "nodes", "ends", "iterations", "seconds", "exploitability"]
        frame = pd.DataFrame(rows, columns=columns).astype({"iterations": "Int64"})
        frame.to_csv(table, index=False, float_format="%.6g")
    draw(pd.read_csv(table), RESULTS)


if __name__ == "__main__":
    main()
