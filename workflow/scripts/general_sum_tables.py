"""Rule ``general_sum_tables``: Theorems 5 and 6 with both sides, schedules of learning rates, sequences."""

from metanash_workflow import job

from pathlib import Path
from typing import Any

import pandas as pd

from metanash.archive import write_text
from metanash_replication.bound_rows import total_rows
from metanash_replication.records import read_measurement
from metanash_replication.topics.general_sum import tables


def main(
    paths: dict[str, list[Path]], windows: list[list[float]], params: dict[str, Any], out: dict[str, Path]
) -> None:
    found = {name: [read_measurement(path) for path in files] for name, files in paths.items()}
    rows = tables.random_game_rows(found["random_games"])
    sequences = tables.sequence_rows(found["sequences"])
    claims = total_rows(rows, "random games, all") + total_rows(sequences, "all sequences")
    claims += tables.burn_in_rows(found["burn_in"][0]) + tables.schedule_rows(found["schedules"]) + sequences + rows
    resampling = {"resamples": params["resamples"], "root_seed": params["root_seed"]}
    made = {
        "claims": pd.DataFrame(claims).astype({"first_informative": "Int64"}),
        "schedules": tables.schedule_table(found["schedules"]),
        "schedule_slopes": tables.schedule_slopes(found["schedules"], windows, params["margin"], **resampling),
        "general_sequences": tables.sequence_table(found["sequences"], **resampling),
    }
    for name, table in made.items():
        write_text(out[name], table.to_csv(index=False))


if __name__ == "__main__":
    names = ("random_games", "schedules", "sequences", "burn_in")
    with job(snakemake) as outputs:
        main(
            {name: list(map(Path, getattr(snakemake.input, name))) for name in names},
            snakemake.params.windows,
            {name: getattr(snakemake.params, name) for name in ("margin", "resamples", "root_seed")},
            outputs,
        )
