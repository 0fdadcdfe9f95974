"""Value updates and NE-gaps of sparse games against their size, and the least time: ``./do bench-sparse --draw``.

Writes ``benchmarks/results/sparse.csv``, ``sparse.pdf``, ``sparse.png``: nanoseconds an entry of the kernel and step,
by products of SciPy, by the kernels on one thread and on two (half of what both take), and what it takes to move every
byte once, at the rate at which ``benchmarks/peaks.c`` reads as many (:func:`benchmarks.sparse.least`).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from benchmarks import roofline, sparse
from metanash import gaps
from metanash_replication import plotting

__all__ = ["COLUMNS", "RESULTS", "draw", "measure"]

RESULTS = Path(__file__).with_name("results")
COLUMNS = ["what", "states", "entries", "scipy", "one", "two", "least"]
STATES = (100, 300, 1_000, 3_000, 10_000, 30_000)
ACTIONS, HORIZON, BRANCHING = 8, 5, 4
_LINES = {
    "scipy": ("products of SciPy", "individual", {"marker": "o"}),
    "one": ("kernels, one thread", "best_response", {"marker": "o"}),
    "two": ("kernels, two threads", "best_response", {"marker": "o", "linestyle": "--", "markerfacecolor": "white"}),
    "least": ("every byte moved once", "output_policy", {}),
}


def measure(states: Sequence[int] = STATES, rounds: int = 5) -> Iterator[dict[str, object]]:
    """Nanoseconds an entry and step, a row for each size and what is worked out."""
    peaks = roofline.peaks(3)
    for size in states:
        games = sparse.game(size, ACTIONS, HORIZON, BRANCHING, stationary=True)
        rng = np.random.default_rng(0)
        policy = [rng.dirichlet(np.ones(ACTIONS), size=(1, HORIZON, size)) for _ in range(2)]
        value, q = rng.uniform(size=(1, HORIZON, size)), np.empty_like(games.reward)
        entries = size * ACTIONS**2 * BRANCHING
        least = sparse.least(games, peaks)
        calls = {
            "value update": lambda g=games, v=value, q=q: g.transitions.backup(g.reward, v, q),
            "NE-gap": lambda g=games, p=policy: gaps.ne_gaps(g, p),
        }
        for name, call in calls.items():
            again = max(1, int(2e6) // entries)  # what takes microseconds is timed by the hundred
            found = sparse.in_turns(lambda call=call, again=again: [call() for _ in range(again)], rounds)
            each = [found[key] / again for key in ("before", "now", "two threads")] + [least[name]]
            ns = [1e9 * seconds / (entries * (HORIZON - 1)) for seconds in each]
            yield dict(zip(COLUMNS, [name, size, entries, *ns], strict=True))


def draw(rows: pd.DataFrame, folder: Path) -> None:
    """The figure, as PDF and PNG."""
    plotting.use_style()
    figure, axes = plt.subplots(1, 2, figsize=(6.5, 2.6), sharey=True, layout="constrained")
    for ax, (name, own) in zip(axes, rows.groupby("what", sort=False), strict=True):
        for column, (label, arm, own_style) in _LINES.items():
            ax.plot(own["states"], own[column], label=label, markersize=3, **plotting.ARM_STYLE[arm] | own_style)
        ax.set(xlabel="states", xscale="log", yscale="log", title=name)
    axes[0].set_ylabel("ns an entry and step")
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False, fontsize="small"
    )
    plotting.save(figure, {kind: folder / f"sparse.{kind}" for kind in ("pdf", "png")})
