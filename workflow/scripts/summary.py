"""Rule ``summary``: the measurements in a page of Markdown."""

from pathlib import Path

import pandas as pd

from metanash.archive import write_text
from metanash.report import summary, theory_summary


def main(tables: dict[str, Path], target: Path) -> None:
    read = {name: pd.read_csv(path) for name, path in tables.items()}
    figure1 = summary(read["figure1"], read["speed_up"], read["sensitivity"])
    write_text(target, figure1 + "\n" + theory_summary(read["theory"], read["slopes"], read["sequences"]))


if __name__ == "__main__":
    names = ("figure1", "speed_up", "sensitivity", "theory", "slopes", "sequences")
    main({name: Path(getattr(snakemake.input, name)) for name in names}, Path(snakemake.output.summary))
