"""Rule ``own_games``: learn the games of a file of the user's."""

import logging
import sys
from pathlib import Path
from typing import Any

from metanash.gamefile import read_games_in_units
from metanash.own_games import learn_own_games
from metanash.records import write_measurement


def main(games: Path, params: dict[str, Any], measured: Path, log: Path) -> None:
    logging.basicConfig(filename=log, filemode="w", level=logging.INFO)
    try:
        read, units = read_games_in_units(games)
    except (ValueError, OSError) as error:
        logging.error("%s", error)
        sys.exit(f"This game file cannot be used. {error}")
    spec, arrays = learn_own_games(read, units, **params)
    write_measurement(measured, {**spec, "file": games.as_posix()}, arrays)
    logging.info("%s: %d games, %s, final gaps %s", games, len(read), spec["learner"], arrays["gap"][..., -1].tolist())


if __name__ == "__main__":
    main(
        Path(snakemake.input.games),
        {
            "learning_rates": snakemake.params.learning_rates,
            "iterations": snakemake.params.iterations,
            "n_checkpoints": snakemake.params.checkpoints,
        },
        Path(snakemake.output.measured),
        Path(snakemake.log[0]),
    )
