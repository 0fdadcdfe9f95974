"""Rule ``equilibrium_figure``: Figure 1(c), a panel for each kind of base game, a colour for each state."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from metanash import plotting
from metanash.tables import distinct_equilibria


def main(table: Path, width: float, pdf: Path, png: Path) -> None:
    found = distinct_equilibria(pd.read_csv(table))
    plotting.use_style()
    kinds = sorted(found["base_kind"].unique(), key=list(plotting.KIND_LABELS).index)
    figure, axes = plt.subplots(1, len(kinds), figsize=(0.85 * width, 0.37 * width), squeeze=False)
    for ax, kind in zip(axes[0], kinds, strict=True):
        plotting.equilibrium_panel(ax, found[found["base_kind"] == kind])
        ax.set_title(plotting.KIND_LABELS[kind])
    axes[0, -1].legend(frameon=False, loc="center left", bbox_to_anchor=(1.02, 0.5))
    plotting.save(figure, {"pdf": pdf, "png": png})


if __name__ == "__main__":
    main(
        Path(snakemake.input.table),
        snakemake.params.width,
        Path(snakemake.output.pdf),
        Path(snakemake.output.png),
    )
