"""Time against T, S, A, batch and N, memory against T, and the roofline: ``./do bench-scaling``.

Writes ``benchmarks/results/scaling.csv`` and ``scaling.pdf``, ``scaling.png``. Runs are whole calls of ``learn`` on one
thread, stage ends and one NE-gap included; the fastest of some counts.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from threadpoolctl import threadpool_limits

from benchmarks import roofline
from metanash import CorrelatedMirrorDescent, GameBatch, OptimisticMirrorDescent, families, kernels, learn
from metanash_replication import plotting

RESULTS = Path(__file__).parent / "results"
Row = dict[str, str | float]
MEMORY = """
import re, sys
from metanash import OptimisticMirrorDescent, families, learn
games = families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.1, horizon=2)
learn(games, OptimisticMirrorDescent(0.2), int(sys.argv[1]), at=[int(sys.argv[1])])
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def seconds(batch: GameBatch, iterations: int, rounds: int, *, general: bool = False) -> float:
    """Time of a run, measured once at its end."""
    learner = CorrelatedMirrorDescent(0.1) if general else OptimisticMirrorDescent(0.1)
    return roofline.fastest(lambda: learn(batch, learner, iterations, at=[iterations]), rounds)


def zero_sum(count: int = 1, n_states: int = 2, n_actions: int = 2) -> GameBatch:
    """Random games of two steps, with dense transitions shared by them."""
    sizes = {"horizon": 2, "n_states": n_states, "n_actions": (n_actions, n_actions)}
    return GameBatch(tuple(families.zero_sum_sequence("random", 0, "bench", n_games=count, perturbation=0.1, **sizes)))


def peak_memory(iterations: int) -> float:
    """Bytes of a process that makes one run."""
    done = subprocess.run([sys.executable, "-c", MEMORY, str(iterations)], capture_output=True, text=True, check=True)
    return 1024.0 * float(done.stdout)


def sweeps(rounds: int) -> Iterator[Row]:
    """A row a point."""
    for power in range(3, 8):
        yield {"sweep": "T", "size": 10**power, "seconds": seconds(zero_sum(), 10**power, rounds)}
    for states in (2, 8, 32, 128, 512):
        yield {"sweep": "S", "size": states, "seconds": seconds(zero_sum(n_states=states), 1000, rounds)}
    for actions in (2, 3, 4, 8, 16, 32, 64):
        yield {"sweep": "A", "size": actions, "seconds": seconds(zero_sum(n_actions=actions), 1000, rounds)}
    for count in (1, 4, 16, 64, 256, 1024, 4096):
        yield {"sweep": "batch", "size": count, "seconds": seconds(zero_sum(count), 1000, rounds)}
    for players in range(2, 9):
        games = families.general_sum_sequence(
            "random", 0, "bench", n_games=1, perturbation=0.1, horizon=2, n_states=2, n_actions=(2,) * players
        )
        found = seconds(GameBatch(tuple(games)), 1000, rounds, general=True)
        yield {"sweep": "N", "size": players, "seconds": found}
    for power in range(3, 8):
        yield {"sweep": "memory", "size": 10**power, "bytes": peak_memory(10**power)}


def roof(rounds: int) -> Iterator[Row]:
    """Rates, and for each A = B the kernel beside its bounds."""
    best = roofline.peaks(rounds)
    for name in ("multiply_add", "exponential", "division"):
        yield {"sweep": f"peak {name}", "size": 1, "ns": getattr(best, name)}
    for size in (2**14, 2**18, 2**28):
        yield {"sweep": "peak read", "size": size, "ns": best.read(size)}
    for actions in (2, 3, 4, 6, 8, 10, 16, 20, 32, 48, 64):
        arithmetic, moving = roofline.bounds(actions, best)
        found = roofline.measured(actions, 3 * rounds)
        yield {"sweep": "roofline", "size": actions, "ns": found, "arithmetic": arithmetic, "moving": moving}


def checks() -> Iterator[Row]:
    """What was asked for: T = 1e8 in seconds; 1,000 games for T = 1e5 on one thread and on two."""
    yield {"sweep": "check T", "size": 10**8, "seconds": seconds(zero_sum(), 10**8, 1)}
    batch = zero_sum(1000)
    for threads in (1, 2):
        kernels.use_threads(threads)
        yield {"sweep": f"check batch, {threads} thread{'s' * (threads > 1)}", "size": 1000,
               "seconds": seconds(batch, 10**5, 1)}  # fmt: skip
    kernels.use_threads(1)


LABELS = {
    "T": ("iterations T", "seconds"),
    "S": ("states S", "seconds, T = 1000"),
    "A": ("actions A = B", "seconds, T = 1000"),
    "batch": ("games in a batch", "seconds, T = 1000"),
    "N": ("players N, two actions each", "seconds, T = 1000"),
    "memory": ("iterations T", "peak memory (MB)"),
}


def name_sizes(ax: Axes, sizes: Sequence[int]) -> None:
    """Ticks at these sizes, as they are."""
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.set_xticks([], minor=True)


def panel(ax: Axes, rows: pd.DataFrame, sweep: str) -> None:
    """One sweep."""
    own = rows[rows["sweep"] == sweep]
    x, y = LABELS[sweep]
    values = own["bytes"] / 1e6 if sweep == "memory" else own["seconds"]
    ax.plot(own["size"], values, marker="o", markersize=2.5, **plotting.ARM_STYLE["best_response"])
    ax.set(xlabel=x, ylabel=y, xscale="linear" if sweep == "N" else "log", yscale="log")
    if sweep in {"A", "S"}:
        name_sizes(ax, (2, 8, 32, 128, 512)[: 3 if sweep == "A" else 5])
    if sweep == "memory":
        ax.set(yscale="linear", ylim=(0, 1.3 * values.max()))


def roofline_panel(ax: Axes, rows: pd.DataFrame) -> None:
    """The kernel and what bounds it."""
    own = rows[rows["sweep"] == "roofline"]
    styles = {"ns": "best_response", "arithmetic": "individual", "moving": "output_policy"}
    names = {"ns": "kernel, measured", "arithmetic": "bound: operations", "moving": "bound: loads and stores"}
    for column, arm in styles.items():
        shown = own[own[column] > 0]
        marker = "o" if column == "ns" else None
        ax.plot(
            shown["size"], shown[column], label=names[column], marker=marker, markersize=2.5, **plotting.ARM_STYLE[arm]
        )
    ax.set(xlabel="actions A = B", ylabel="ns per lane and iteration", xscale="log", yscale="log")
    name_sizes(ax, (2, 4, 8, 16, 32, 64))
    ax.legend(frameon=False)


def draw(rows: pd.DataFrame, folder: Path) -> None:
    """The figure, as PDF and PNG."""
    plotting.use_style()
    figure, axes = plt.subplot_mosaic([["T", "S", "A", "roof"], ["batch", "N", "memory", "roof"]], figsize=(10, 4.2),
                                      width_ratios=[1, 1, 1, 1.7], layout="constrained")  # fmt: skip
    for sweep in LABELS:
        panel(axes[sweep], rows, sweep)
    roofline_panel(axes["roof"], rows)
    plotting.save(figure, {kind: folder / f"scaling.{kind}" for kind in ("pdf", "png")})


def main() -> None:
    """Measure, print, write and draw; with ``--draw``, only draw what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="repetitions, of which the fastest counts")
    parser.add_argument("--draw", action="store_true", help="draw the committed measurements")
    arguments = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    table = RESULTS / "scaling.csv"
    if not arguments.draw:
        rows = []
        with threadpool_limits(limits=1):
            for part in (sweeps(arguments.rounds), roof(arguments.rounds), checks()):
                for row in part:
                    rows.append(row)
                    print(
                        *(f"{value:.4g}" if isinstance(value, float) else value for value in row.values()), flush=True
                    )
        frame = pd.DataFrame(rows, columns=["sweep", "size", "seconds", "bytes", "ns", "arithmetic", "moving"])
        frame.insert(0, "isa", kernels.instruction_set)
        frame.to_csv(table, index=False, float_format="%.6g")
    draw(pd.read_csv(table), RESULTS)


if __name__ == "__main__":
    main()
