"""Rule ``summary``: the report as a page of Markdown."""

from metanash_workflow import job

from pathlib import Path
from typing import Any

import pandas as pd

from metanash.archive import write_text
from metanash_replication.paper import report_of
from metanash_replication.report import to_markdown


def main(
    tables: list[Path], captions: dict[str, str], runs: dict[str, dict[str, Any]], figures: str, target: Path
) -> None:
    report = report_of({path.stem: pd.read_csv(path) for path in tables}, runs, captions)
    write_text(target, to_markdown(report, figures))


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(
            list(map(Path, snakemake.input.tables)),
            snakemake.params.captions,
            snakemake.params.runs,
            snakemake.params.figures,
            outputs["summary"],
        )
