"""Rule ``own_games``: learn the games of a file of the user's, or write down why they are refused."""

from metanash_workflow import job

import logging
import warnings
from pathlib import Path
from typing import Any

from metanash.solution.files import load
from metanash_replication.records import write_measurement
from metanash_replication.topics.own_games.measure import learn_own


def main(games: Path, zero_sum: bool | None, params: dict[str, Any], measured: Path) -> None:
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            read = load(games, zero_sum)
        spec, arrays = learn_own(read, zero_sum, **params)
    except Exception as error:  # whatever is wrong with a file is no reason to lose the others
        expected = isinstance(error, (ValueError, OSError, MemoryError))
        reason = str(error) or type(error).__name__
        logging.warning("refused: %s", reason, exc_info=None if expected else error)
        write_measurement(measured, {"file": games.as_posix(), "refused": reason}, {})
        return
    notes = [str(warning.message) for warning in said]
    for note in notes:
        logging.warning("%s: %s", games, note)
    write_measurement(measured, {**spec, "file": games.as_posix(), "notes": notes}, arrays)
    count, last = len(spec["names"]), arrays["gap"][..., -1].tolist()
    logging.info("%s: %d games, %s, final gaps %s", games, count, spec["learner"], last)


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(
            Path(snakemake.params.file),
            snakemake.params.zero_sum,
            {
                "learning_rates": snakemake.params.learning_rates,
                "iterations": snakemake.params.iterations,
                "n_checkpoints": snakemake.params.checkpoints,
            },
            outputs["measured"],
        )
