"""Rules ``*_figures``: the figures of a module of ``metanash.theory_figures``, measurements and bounds together."""

import importlib
from pathlib import Path

import pandas as pd

from metanash import plotting


def main(module: str, names: list[str], tables: list[Path], width: float, files: list[Path]) -> None:
    plotting.use_style()
    draw = importlib.import_module(f"metanash.theory_figures.{module}").FIGURES
    read = {path.stem: pd.read_csv(path) for path in tables}
    for name in names:
        own = {path.suffix.removeprefix("."): path for path in files if path.stem == name}
        plotting.save(draw[name](read, width), own)


if __name__ == "__main__":
    main(
        snakemake.params.module,
        snakemake.params.names,
        list(map(Path, snakemake.input.tables)),
        snakemake.params.width,
        list(map(Path, snakemake.output)),
    )
