"""Rule ``theory_figure``: one figure of ``metanash.theory_figures``, measurements and bounds on the same axes."""

import importlib
from pathlib import Path

import pandas as pd

from metanash import plotting


def main(module: str, name: str, tables: list[Path], width: float, pdf: Path, png: Path) -> None:
    plotting.use_style()
    draw = importlib.import_module(f"metanash.theory_figures.{module}").FIGURES[name]
    plotting.save(draw({path.stem: pd.read_csv(path) for path in tables}, width), {"pdf": pdf, "png": png})


if __name__ == "__main__":
    main(
        snakemake.params.module,
        snakemake.wildcards.name,
        list(map(Path, snakemake.input.tables)),
        snakemake.params.width,
        Path(snakemake.output.pdf),
        Path(snakemake.output.png),
    )
