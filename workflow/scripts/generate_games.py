"""Rule ``games``: the game sequences of one base kind for one block of seeds."""

from metanash_workflow import job

import logging
from pathlib import Path
from typing import Any

from metanash.gamefile import write_games
from metanash_replication.experiments import Sequences, generate_games


def main(spec: dict[str, Any], seeds: list[int], root_seed: int, games: Path) -> None:
    made, provenance = generate_games(Sequences.from_config(spec), seeds, root_seed)
    write_games(games, made, provenance)
    logging.info("%d games for seeds %s", len(made), seeds)


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(snakemake.params.spec, snakemake.params.seeds, snakemake.params.root_seed, outputs["games"])
