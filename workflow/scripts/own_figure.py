"""Rule ``own_figure``: gaps against iterations, a panel for each kind of base game."""

from metanash_workflow import job

from pathlib import Path

import pandas as pd

from metanash_replication import plotting
from metanash_replication.topics.simulations.tables import curves


def main(table: Path, width: float, pdf: Path, png: Path) -> None:
    plotting.use_style()
    read = pd.read_csv(table)
    figure = plotting.gap_figure(curves(read), width, scale="log")
    if "measure" in read:  # correlated policies, of which some may have a bound instead
        bounded = (read["measure"] == "cce_gap_bound").any()
        for axes in figure.axes:
            axes.set_ylabel(f"{'gap of an informed deviator' if bounded else 'CCE-gap'} (reward units)")
    plotting.save(figure, {"pdf": pdf, "png": png})


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(Path(snakemake.input.table), snakemake.params.width, outputs["pdf"], outputs["png"])
