"""Rules ``gap_figure`` and ``own_figure``: gaps against iterations, a panel for each kind of base game."""

from pathlib import Path

import pandas as pd

from metanash import plotting
from metanash.tables import curves


def main(table: Path, panel: str, scale: str, width: float, pdf: Path, png: Path) -> None:
    gaps = pd.read_csv(table)
    plotting.use_style()
    figure = plotting.gap_figure(curves(gaps[gaps["figure"] == panel]), width, scale=scale)
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
