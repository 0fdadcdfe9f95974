"""Rule ``equilibria``: equilibria of the stage games of all sequences of Figure 1, for Figure 1(c)."""

from metanash_workflow import job

from pathlib import Path

import pandas as pd

from metanash.archive import write_text
from metanash.gamefile import read_games_and_provenance
from metanash_replication.topics.simulations.tables import stage_equilibria


def main(files: list[Path], table: Path) -> None:
    parts = []
    for path in files:
        games, provenance = read_games_and_provenance(path)
        count = provenance["axes"]["game"]
        for i, seed in enumerate(provenance["axes"]["seed"]):
            parts.append(stage_equilibria(games[i * count : (i + 1) * count], provenance["base_kind"], seed))
    write_text(table, pd.concat(parts, ignore_index=True).to_csv(index=False))


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(list(map(Path, snakemake.input.games)), outputs["table"])
