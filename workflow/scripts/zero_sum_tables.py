"""Rule ``zero_sum_tables``: Theorems 1 and 2 with both sides, slopes, Theorem 2's sequences, curves and chains."""

from metanash_workflow import job

from pathlib import Path
from typing import Any

import pandas as pd

from metanash.archive import write_text
from metanash_replication.bound_rows import total_rows
from metanash_replication.records import read_measurement
from metanash_replication.topics.zero_sum import tables


def main(
    paths: dict[str, list[Path]], windows: list[list[float]], params: dict[str, Any], out: dict[str, Path]
) -> None:
    found = {name: [read_measurement(path) for path in files] for name, files in paths.items()}
    random_rows = tables.random_game_rows(found["random_games"])
    rows = total_rows(random_rows, "random games, all") + tables.long_run_rows(found["long_runs"])
    rows += tables.burn_in_rows(found["burn_in"][0]) + tables.small_step_rows(found["small_step"][0])
    rows += tables.two_sided_rows(found["two_sided"][0]) + tables.sequence_rows(found["sequences"]) + random_rows
    resampling = {"resamples": params["resamples"], "root_seed": params["root_seed"]}
    made = {
        "claims": pd.DataFrame(rows).astype({"first_informative": "Int64"}),
        "slopes": tables.slope_table(found["long_runs"], windows, params["margin"], **resampling),
        "sequences": tables.sequence_table(found["sequences"], **resampling),
        "curves": tables.curve_rows(found["long_runs"]),
        "chain": tables.chain_table(found["long_runs"]),
        "defects": tables.defect_table(found["burn_in"][0], found["small_step"][0]),
    }
    for name, table in made.items():
        write_text(out[name], table.to_csv(index=False))


if __name__ == "__main__":
    names = ("long_runs", "random_games", "sequences", "burn_in", "two_sided", "small_step")
    with job(snakemake) as outputs:
        main(
            {name: list(map(Path, getattr(snakemake.input, name))) for name in names},
            snakemake.params.windows,
            {name: getattr(snakemake.params, name) for name in ("margin", "resamples", "root_seed")},
            outputs,
        )
