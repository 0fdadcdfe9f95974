"""Rule ``sensitivity_table``: final gaps over learning rates and perturbation sizes."""

from metanash_workflow import job

from pathlib import Path

from metanash.archive import write_text
from metanash_replication.records import read_record
from metanash_replication.topics.simulations.tables import final_gap_table


def main(records: list[Path], resamples: int, root_seed: int, table: Path) -> None:
    gaps = final_gap_table(map(read_record, records), resamples, root_seed)
    write_text(table, gaps.to_csv(index=False))


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(
            list(map(Path, snakemake.input.records)),
            snakemake.params.resamples,
            snakemake.params.root_seed,
            outputs["table"],
        )
