"""Rule ``meta_gradient_tables``: Theorem 4 with both sides, meta-training, adaptation and the inner loop."""

from metanash_workflow import job

from pathlib import Path

import pandas as pd

from metanash.archive import write_text
from metanash_replication.bound_rows import total_rows
from metanash_replication.records import read_measurement
from metanash_replication.topics.maml import tables


def main(paths: dict[str, list[Path]], level: float, resamples: int, root_seed: int, out: dict[str, Path]) -> None:
    found = {name: [read_measurement(path) for path in files] for name, files in paths.items()}
    constants, random = tables.constant_rows(found["constant_ratios"]), tables.random_game_rows(found["random_games"])
    claims = total_rows(constants, "random points, all") + total_rows(random, "random games, all")
    claims += tables.training_rows(found["meta_training"]) + constants + random
    inner_loop = tables.inner_loop_table(found["inner_loop"], level)
    made = {
        "claims": pd.DataFrame(claims).astype({"first_informative": "Int64"}),
        "meta_training": tables.training_table(found["meta_training"]),
        "adaptation": tables.adaptation_table(found["meta_training"], resamples, root_seed),
        "inner_loop": inner_loop,
        "inner_loop_slopes": tables.inner_loop_slopes(inner_loop, resamples, root_seed),
    }
    for name, table in made.items():
        write_text(out[name], table.to_csv(index=False))


if __name__ == "__main__":
    names = ("constant_ratios", "random_games", "meta_training", "inner_loop")
    with job(snakemake) as outputs:
        main(
            {name: list(map(Path, getattr(snakemake.input, name))) for name in names},
            snakemake.params.level,
            snakemake.params.resamples,
            snakemake.params.root_seed,
            outputs,
        )
