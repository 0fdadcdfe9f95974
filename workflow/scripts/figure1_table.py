"""Rule ``figure1_table``: every measured NE-gap of Figure 1 as one tidy table."""

from pathlib import Path

import pandas as pd

from metanash.archive import write_text
from metanash.records import read_record
from metanash.tables import curve_table


def main(zero_sum: list[Path], potential: list[Path], names: list[str], table: Path) -> None:
    parts = [
        curve_table([read_record(path) for path in paths], name)
        for paths, name in zip((zero_sum, potential), names, strict=True)
    ]
    write_text(table, pd.concat(parts, ignore_index=True).to_csv(index=False))


if __name__ == "__main__":
    main(
        list(map(Path, snakemake.input.zero_sum)),
        list(map(Path, snakemake.input.potential)),
        snakemake.params.names,
        Path(snakemake.output.table),
    )
