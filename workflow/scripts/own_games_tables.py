"""Rule ``own_games_tables``: gaps, payoffs and policies of the user's games as tidy tables."""

from pathlib import Path

import pandas as pd

from metanash import own_tables
from metanash.archive import write_text
from metanash.records import read_measurement


def main(names: list[str], measured: list[Path], out: dict[str, Path]) -> None:
    found = [(name, *read_measurement(path)) for name, path in zip(names, measured, strict=True)]
    for name, make in own_tables.TABLES.items():
        table = pd.concat([make(*one) for one in found], ignore_index=True)
        write_text(out[name], table.to_csv(index=False))


if __name__ == "__main__":
    main(
        snakemake.params.names,
        list(map(Path, snakemake.input.measured)),
        {name: Path(path) for name, path in snakemake.output.items()},
    )
