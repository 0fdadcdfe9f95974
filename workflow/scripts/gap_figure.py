"""Rule ``gap_figure``: Figure 1(a) or 1(b), a panel for each kind of base game."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from metanash import plotting
from metanash.tables import curves


def main(table: Path, panel: str, scale: str, width: float, pdf: Path, png: Path) -> None:
    gaps = pd.read_csv(table)
    summary = curves(gaps[gaps["figure"] == panel])
    plotting.use_style()
    kinds = sorted(summary["base_kind"].unique(), key=list(plotting.KIND_LABELS).index)
    figure, axes = plt.subplots(1, len(kinds), figsize=(width, 0.45 * width), squeeze=False)
    for ax, kind in zip(axes[0], kinds, strict=True):
        plotting.curve_panel(ax, summary[summary["base_kind"] == kind], scale=scale)
        ax.set_title(plotting.KIND_LABELS[kind])
    figure.legend(*axes[0, 0].get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=4)
    plotting.save(figure, {"pdf": pdf, "png": png})


if __name__ == "__main__":
    main(
        Path(snakemake.input.table),
        snakemake.wildcards.panel,
        snakemake.params.scale,
        snakemake.params.width,
        Path(snakemake.output.pdf),
        Path(snakemake.output.png),
    )
