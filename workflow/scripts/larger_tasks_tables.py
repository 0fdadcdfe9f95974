"""Rule ``larger_tasks_tables``: the larger tasks, meta-learning beside individual learning and an exact reference."""

from metanash_workflow import job

from functools import lru_cache
from pathlib import Path
from typing import Any

from metanash.archive import write_text
from metanash.gamefile import read_games
from metanash_replication.records import read_record
from metanash_replication.topics.larger_tasks.tables import TaskRun, tables


def main(
    runs: list[tuple[str, Path, Path]],
    results: Path,
    plan: dict[str, Any],
    resampling: dict[str, int],
    out: dict[str, Path],
) -> None:
    read = lru_cache(read_games)
    found = [
        TaskRun(name, read_record(record), read(games), record.relative_to(results).as_posix())
        for name, record, games in runs
    ]
    for name, table in tables(found, plan, **resampling).items():
        write_text(out[name], table.to_csv(index=False))


if __name__ == "__main__":
    paths = (map(Path, files) for files in (snakemake.input.records, snakemake.input.games))
    with job(snakemake) as outputs:
        main(
            list(zip(snakemake.params.names, *paths, strict=True)),
            Path(snakemake.config["results"]),
            snakemake.params.plan,
            {"resamples": snakemake.params.resamples, "root_seed": snakemake.params.root_seed},
            outputs,
        )
