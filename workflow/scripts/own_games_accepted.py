"""Rule ``own_games_accepted``: fails, when all else is made, if files of the user's were refused."""

from metanash_workflow import StoppedError, job

import csv
from pathlib import Path

from metanash.archive import write_text


def main(refused: Path, accepted: Path) -> None:
    with refused.open(newline="") as rows:
        found = [f"{row['own']}: {row['reason']}" for row in csv.DictReader(rows)]
    if found:
        raise StoppedError("\n  ".join(["All else is there, but these files of own_games were refused:", *found]))
    write_text(accepted, "Every file of own_games was read and learned.\n")


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(Path(snakemake.input.refused), outputs["accepted"])
