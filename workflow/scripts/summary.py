"""Rule ``summary``: the measurements in a page of Markdown."""

from pathlib import Path

import pandas as pd

from metanash.archive import write_text
from metanash.report import summary


def main(figure1: Path, speed_up: Path, sensitivity: Path, target: Path) -> None:
    write_text(target, summary(pd.read_csv(figure1), pd.read_csv(speed_up), pd.read_csv(sensitivity)))


if __name__ == "__main__":
    main(
        Path(snakemake.input.figure1),
        Path(snakemake.input.speed_up),
        Path(snakemake.input.sensitivity),
        Path(snakemake.output.summary),
    )
