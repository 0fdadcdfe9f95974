"""Rule ``sensitivity_figure``: gap of each meta-update over individual learning, on the grid of a sweep."""

from pathlib import Path

import pandas as pd

from metanash import plotting


def main(table: Path, base_kinds: list[str], learner: str, width: float, pdf: Path, png: Path) -> None:
    plotting.use_style()
    figure = plotting.sensitivity_figure(pd.read_csv(table), base_kinds, learner, width)
    plotting.save(figure, {"pdf": pdf, "png": png})


if __name__ == "__main__":
    main(
        Path(snakemake.input.table),
        snakemake.params.base_kinds,
        snakemake.params.rate,
        snakemake.params.width,
        Path(snakemake.output.pdf),
        Path(snakemake.output.png),
    )
