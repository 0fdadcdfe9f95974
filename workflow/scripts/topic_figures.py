"""Rules ``*_figures``: the figures of topics from their tables, by ``FIGURES`` of their modules ``figures``."""

from metanash_workflow import job

import importlib
from pathlib import Path

import pandas as pd

from metanash_replication import plotting


def main(figures: dict[str, list[str]], tables: list[Path], width: float, files: list[Path]) -> None:
    plotting.use_style()
    read = {path.stem: pd.read_csv(path) for path in tables}
    for topic, names in figures.items():
        draw = importlib.import_module(f"metanash_replication.topics.{topic}.figures").FIGURES
        for name in names:
            targets = {path.suffix.removeprefix("."): path for path in files if path.stem == name}
            plotting.save(draw[name](read, width), targets)


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(
            snakemake.params.figures,
            list(map(Path, snakemake.input.tables)),
            snakemake.params.width,
            list(outputs.values()),
        )
