"""Rule ``potential_tables``: Proposition 1 and Theorem 3 with both sides, and what else the runs show."""

from metanash_workflow import job

from pathlib import Path
from typing import Any

import pandas as pd

from metanash.archive import write_text
from metanash_replication.bound_rows import total_rows
from metanash_replication.records import read_measurement
from metanash_replication.topics.potential import tables


def main(
    paths: dict[str, list[Path]], windows: list[list[float]], params: dict[str, Any], out: dict[str, Path]
) -> None:
    found = {name: [read_measurement(path) for path in files] for name, files in paths.items()}
    rows = tables.random_game_rows(found["random_games"])
    more = tables.random_sequence_rows(found["random_sequences"])
    claims = total_rows(rows, "random games, all") + total_rows(more, "random sequences, all")
    claims += tables.counterexample_rows(found["counterexamples"][0])
    claims += tables.long_run_rows(found["long_runs"]) + tables.sequence_rows(found["sequences"]) + rows + more
    resampling = {"resamples": params["resamples"], "root_seed": params["root_seed"]}
    made = {
        "claims": pd.DataFrame(claims).astype({"first_informative": "Int64"}),
        "violations": tables.violation_table(found["random_games"], found["counterexamples"][0]),
        "potential_curves": tables.curve_table(found["long_runs"]),
        "potential_slopes": tables.slope_table(found["long_runs"], windows, params["margin"], **resampling),
        "far_steps": tables.far_step_table(found["far_steps"]),
        "potential_sequences": tables.sequence_table(found["sequences"], **resampling),
    }
    for name, table in made.items():
        write_text(out[name], table.to_csv(index=False))


if __name__ == "__main__":
    names = ("random_games", "random_sequences", "long_runs", "far_steps", "sequences", "counterexamples")
    with job(snakemake) as outputs:
        main(
            {name: list(map(Path, getattr(snakemake.input, name))) for name in names},
            snakemake.params.windows,
            {name: getattr(snakemake.params, name) for name in ("margin", "resamples", "root_seed")},
            outputs,
        )
