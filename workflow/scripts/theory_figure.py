"""Rule ``theory_figure``: one figure of ``metanash.theory_figures``, measurements and bounds on the same axes."""

from pathlib import Path

import pandas as pd

from metanash import plotting
from metanash.theory_figures import zero_sum as theory_figures


def main(name: str, tables: dict[str, Path], width: float, pdf: Path, png: Path) -> None:
    plotting.use_style()
    figure = theory_figures.FIGURES[name]({key: pd.read_csv(path) for key, path in tables.items()}, width)
    plotting.save(figure, {"pdf": pdf, "png": png})


if __name__ == "__main__":
    main(
        snakemake.wildcards.name,
        {name: Path(getattr(snakemake.input, name)) for name in ("sequences", "curves", "chain", "defects")},
        snakemake.params.width,
        Path(snakemake.output.pdf),
        Path(snakemake.output.png),
    )
