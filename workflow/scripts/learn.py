"""Rules ``learn_*``: all arms of an experiment on one block of seeds."""

from metanash_workflow import job

import logging
from pathlib import Path
from typing import Any

from metanash import kernels
from metanash.gamefile import read_games_and_provenance
from metanash_replication.experiments import Learning, run_arm
from metanash_replication.records import write_record


def main(spec: dict[str, Any], games: Path, threads: int, records: dict[str, Path]) -> None:
    kernels.use_threads(threads)
    read, provenance = read_games_and_provenance(games)
    for arm, record in records.items():
        result = run_arm(Learning.from_config({**spec, "arm": arm}), read, provenance)
        runs, mean = result.gap[..., -1].size, result.gap[..., -1].mean()
        logging.info("%s: %d runs of %d iterations: mean final gap %.4g", arm, runs, spec["iterations"], mean)
        write_record(record, result)


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(snakemake.params.spec, Path(snakemake.input.games), snakemake.threads, outputs)
