"""Rule ``own_games_tables``: gaps, payoffs and policies of the user's games as tidy tables, and what was refused."""

from metanash_workflow import job

from pathlib import Path

import pandas as pd

from metanash.archive import write_text
from metanash_replication.records import read_measurement
from metanash_replication.topics.own_games import tables as own_tables

COLUMNS = {
    "own_games": "own learner learning_rate measure arm game iteration player gap gain gain_in_payoffs",
    "own_payoffs": "own arm game player payoff note solved solved_gap solved_by",
    "own_policies": "own arm game player step state action probability state_name action_name",
}
"""Of tables without a row."""


def main(names: list[str], measured: list[Path], out: dict[str, Path]) -> None:
    found = [(name, *read_measurement(path)) for name, path in zip(names, measured, strict=True)]
    learned = [one for one in found if "refused" not in one[1]]
    made = {
        name: pd.concat([make(*one) for one in learned] or [pd.DataFrame(columns=COLUMNS[name].split())])
        for name, make in own_tables.TABLES.items()
    }
    refused = [(name, spec["file"], spec["refused"]) for name, spec, _ in found if "refused" in spec]
    made["own_refused"] = pd.DataFrame(refused, columns=["own", "file", "reason"])
    for name, table in made.items():
        write_text(out[name], table.to_csv(index=False))


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(snakemake.params.names, list(map(Path, snakemake.input.measured)), outputs)
