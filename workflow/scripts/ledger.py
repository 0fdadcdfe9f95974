"""Rule ``ledger``: a verdict on each claim of the paper, and the map of claims as a table."""

from metanash_workflow import job

from pathlib import Path
from typing import Any

import pandas as pd

from metanash.archive import write_text
from metanash_replication.ledger import ledger_table
from metanash_replication.ledger.claims_map import map_table
from metanash_replication.paper import OPENING, OUTLINES, judged


def main(tables: list[Path], runs: dict[str, dict[str, Any]], figures: str, claims: Path, claims_map: Path) -> None:
    entries = judged({path.stem: pd.read_csv(path) for path in tables}, runs)
    titles = {section.id: section.title for section, _ in OUTLINES}
    write_text(claims, ledger_table(entries, figures).to_csv(index=False))
    write_text(claims_map, map_table(entries, titles, OPENING).to_csv(index=False))


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(
            list(map(Path, snakemake.input.tables)),
            snakemake.params.runs,
            snakemake.params.figures,
            outputs["claims"],
            outputs["claims_map"],
        )
