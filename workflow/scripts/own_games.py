"""Rule ``own_games``: learn the games of a file of the user's."""

import logging
import sys
import warnings
from pathlib import Path
from typing import Any

from metanash.gamefile import read_games_in_units
from metanash.own_games import learn_own_games
from metanash.records import write_measurement


def main(games: Path, zero_sum: bool | None, params: dict[str, Any], measured: Path, log: Path) -> None:
    logging.basicConfig(filename=log, filemode="w", level=logging.INFO)
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            read, units = read_games_in_units(games, zero_sum)
    except (ValueError, OSError) as error:
        logging.error("%s", error)
        sys.exit(f"This game file cannot be used. {error}")
    notes = [str(warning.message) for warning in said]
    for note in notes:
        logging.warning("%s: %s", games, note)
    spec, arrays = learn_own_games(read, units, **params)
    write_measurement(measured, {**spec, "file": games.as_posix(), "notes": notes}, arrays)
    logging.info("%s: %d games, %s, final gaps %s", games, len(read), spec["learner"], arrays["gap"][..., -1].tolist())


if __name__ == "__main__":
    main(
        Path(snakemake.input.games),
        snakemake.params.zero_sum,
        {
            "learning_rates": snakemake.params.learning_rates,
            "iterations": snakemake.params.iterations,
            "n_checkpoints": snakemake.params.checkpoints,
        },
        Path(snakemake.output.measured),
        Path(snakemake.log[0]),
    )
