"""Rules ``*_figures``: the figures of modules of ``metanash.theory_figures``, measurements and bounds together."""

from metanash_workflow import job

import importlib
from pathlib import Path

import pandas as pd

from metanash_replication import plotting


def main(names: dict[str, list[str]], tables: list[Path], width: float, files: list[Path]) -> None:
    plotting.use_style()
    read = {path.stem: pd.read_csv(path) for path in tables}
    for module, own in names.items():
        draw = importlib.import_module(f"metanash.theory_figures.{module}").FIGURES
        for name in own:
            targets = {path.suffix.removeprefix("."): path for path in files if path.stem == name}
            plotting.save(draw[name](read, width), targets)


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(
            snakemake.params.names,
            list(map(Path, snakemake.input.tables)),
            snakemake.params.width,
            list(outputs.values()),
        )
