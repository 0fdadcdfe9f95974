"""Rule ``speed_up``: iterations to reach a gap, individual over meta, with bootstrap intervals."""

from pathlib import Path

import pandas as pd

from metanash.archive import write_text
from metanash.tables import speed_up_table


def main(figure1: Path, levels: dict[str, list[float]], resamples: int, root_seed: int, table: Path) -> None:
    gaps = pd.read_csv(figure1)
    parts = [speed_up_table(gaps[gaps["figure"] == f], levels[f], resamples, root_seed) for f in sorted(levels)]
    write_text(table, pd.concat(parts, ignore_index=True).to_csv(index=False))


if __name__ == "__main__":
    main(
        Path(snakemake.input.table),
        snakemake.params.levels,
        snakemake.params.resamples,
        snakemake.params.root_seed,
        Path(snakemake.output.table),
    )
