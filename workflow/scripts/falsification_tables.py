"""Rule ``falsification_tables``: the worst ratios of all claims, how they grew, and the instances to be drawn."""

from metanash_workflow import job

import json
from pathlib import Path

from metanash.archive import write_text
from metanash_replication.falsification.files import read_instance
from metanash_replication.topics.falsification import tables


def main(searches: list[Path], out: dict[str, Path]) -> None:
    found = [json.loads(path.read_text()) for path in searches]
    table = tables.falsification_table(found)
    drawn = tables.drawn_rows(table)
    # a file of the table is below the folder of results, two above that of a search
    results = searches[0].parents[2]
    instances = {file: read_instance(results / file) for file in drawn["file"]}
    made = {
        "falsification": table,
        "falsification_curves": tables.curve_table(found),
        "worst_instances": tables.instance_table(drawn, instances),
    }
    for name, rows in made.items():
        write_text(out[name], rows.to_csv(index=False))


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(list(map(Path, snakemake.input.searches)), outputs)
