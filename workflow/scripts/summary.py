"""Rule ``summary``: the report as a page of Markdown."""

from metanash_workflow import job

from pathlib import Path

import pandas as pd

from metanash.archive import write_text
from metanash_replication.report import assemble, to_markdown


def main(tables: list[Path], captions: list[Path], runs: list[str], figures: str, target: Path) -> None:
    report = assemble(
        {path.stem: pd.read_csv(path) for path in tables},
        runs,
        {path.stem: " ".join(path.read_text().split()) for path in captions},
    )
    write_text(target, to_markdown(report, figures))


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(
            list(map(Path, snakemake.input.tables)),
            list(map(Path, snakemake.input.captions)),
            snakemake.params.runs,
            snakemake.params.figures,
            outputs["summary"],
        )
