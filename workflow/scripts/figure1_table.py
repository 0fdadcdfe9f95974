"""Rules ``figure1_table`` and ``own_table``: the NE-gaps of Figure 1, or of one experiment, in a table."""

from metanash_workflow import job

from pathlib import Path

import pandas as pd

from metanash.archive import write_text
from metanash_replication.records import read_record
from metanash_replication.topics.simulations.tables import curve_table


def main(records: dict[str, list[Path]], counted_at: dict[str, float], table: Path) -> None:
    parts = [
        curve_table([read_record(path) for path in paths], figure, counted_at.get(figure))
        for figure, paths in records.items()
    ]
    write_text(table, pd.concat(parts, ignore_index=True).to_csv(index=False))


if __name__ == "__main__":
    read, names = snakemake.input, snakemake.params.names
    with job(snakemake) as outputs:
        main(
            {figure: list(map(Path, read[name])) for name, figure in names.items()},
            dict(snakemake.params.get("counted_at", {})),
            outputs["table"],
        )
