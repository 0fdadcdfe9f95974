"""Rule ``scale_tables``: gaps, times and memory of games of growing size, and the exponents of growth."""

from metanash_workflow import job

from pathlib import Path

from metanash.archive import write_text
from metanash_replication.records import read_measurement
from metanash_replication.topics.scale.tables import exponents_table, growth_table


def main(learned: list[Path], costs: list[Path], least: int, growth: Path, exponents: Path) -> None:
    table = growth_table(map(read_measurement, learned), map(read_measurement, costs))
    write_text(growth, table.to_csv(index=False))
    write_text(exponents, exponents_table(table, least).to_csv(index=False))


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(
            list(map(Path, snakemake.input.learned)),
            list(map(Path, snakemake.input.costs)),
            snakemake.params.least,
            outputs["growth"],
            outputs["growth_exponents"],
        )
