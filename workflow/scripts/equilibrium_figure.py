"""Rule ``equilibrium_figure``: Figure 1(c), a panel for each kind of base game, a colour for each state."""

from pathlib import Path

import pandas as pd

from metanash import plotting
from metanash.tables import distinct_equilibria


def main(table: Path, width: float, pdf: Path, png: Path) -> None:
    plotting.use_style()
    figure = plotting.equilibrium_figure(distinct_equilibria(pd.read_csv(table)), width)
    plotting.save(figure, {"pdf": pdf, "png": png})


if __name__ == "__main__":
    main(
        Path(snakemake.input.table),
        snakemake.params.width,
        Path(snakemake.output.pdf),
        Path(snakemake.output.png),
    )
