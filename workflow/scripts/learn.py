"""Rule ``learn``: one arm of an experiment on one block of seeds."""

import logging
from pathlib import Path
from typing import Any

from metanash.experiments import Learning, run_arm
from metanash.gamefile import read_games, read_provenance
from metanash.records import write_record


def main(spec: dict[str, Any], games: Path, record: Path, log: Path) -> None:
    logging.basicConfig(filename=log, filemode="w", level=logging.INFO)
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
        Path(snakemake.output.record),
        Path(snakemake.log[0]),
    )
