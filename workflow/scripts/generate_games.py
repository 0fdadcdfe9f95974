"""Rule ``games``: the game sequences of one base kind for one block of seeds."""

import logging
from pathlib import Path
from typing import Any

from metanash.experiments import Sequences, generate_games
from metanash.gamefile import write_games


def main(spec: dict[str, Any], seeds: list[int], root_seed: int, games: Path, log: Path) -> None:
    logging.basicConfig(filename=log, filemode="w", level=logging.INFO)
    made, provenance = generate_games(Sequences.from_config(spec), seeds, root_seed)
    write_games(games, made, provenance)
    logging.info("%d games for seeds %s", len(made), seeds)


if __name__ == "__main__":
    main(
        snakemake.params.spec,
        snakemake.params.seeds,
        snakemake.params.root_seed,
        Path(snakemake.output.games),
        Path(snakemake.log[0]),
    )
