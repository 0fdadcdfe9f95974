"""Rule ``learn``: one arm of an experiment on one block of seeds."""

import logging
from pathlib import Path
from typing import Any

from metanash import kernels
from metanash.experiments import Learning, run_arm
from metanash.gamefile import read_games, read_provenance
from metanash.records import write_record


def main(spec: dict[str, Any], games: Path, threads: int, record: Path, log: Path) -> None:
    logging.basicConfig(filename=log, filemode="w", level=logging.INFO)
    kernels.use_threads(threads)
    result = run_arm(Learning.from_config(spec), read_games(games), read_provenance(games))
    gap = result.gap
    logging.info(
        "%d runs of %d iterations: mean final gap %.4g", gap[..., -1].size, spec["iterations"], gap[..., -1].mean()
    )
    write_record(record, result)


if __name__ == "__main__":
    main(
        snakemake.params.spec,
        Path(snakemake.input.games),
        snakemake.threads,
        Path(snakemake.output.record),
        Path(snakemake.log[0]),
    )
