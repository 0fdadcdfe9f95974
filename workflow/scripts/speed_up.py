"""Rule ``speed_up``: iterations to reach a gap, individual over meta, with bootstrap intervals."""

from metanash_workflow import job

from pathlib import Path

import pandas as pd

from metanash.archive import write_text
from metanash_replication.topics.simulations.tables import speed_up_table


def main(figure1: Path, levels: dict[str, list[float]], resamples: int, root_seed: int, table: Path) -> None:
    found = speed_up_table(pd.read_csv(figure1), levels, resamples, root_seed)
    write_text(table, found.to_csv(index=False))


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(
            Path(snakemake.input.table),
            snakemake.params.levels,
            snakemake.params.resamples,
            snakemake.params.root_seed,
            outputs["table"],
        )
