"""Rule ``report``: all there is to read, in one file of HTML."""

from metanash_workflow import job

import json
from pathlib import Path
from typing import Any

import pandas as pd

from metanash.archive import write_text
from metanash_replication.paper import report_of
from metanash_replication.report import Document, recalculations_of, to_html


def main(
    files: dict[str, list[Path]],
    captions: dict[str, str],
    runs: dict[str, dict[str, Any]],
    folders: dict[str, str],
    target: Path,
) -> None:
    report = report_of({path.stem: pd.read_csv(path) for path in files["tables"]}, runs, captions)
    (provenance,), (reliability,) = files["provenance"], files["reliability"]
    page = to_html(
        report,
        {path.stem: path for path in files["images"]},
        folders,
        [Document(path.name, path.read_text()) for path in files["documents"]],
        json.loads(provenance.read_text()),
        recalculations=recalculations_of(reliability.read_text()),
    )
    write_text(target, page)


if __name__ == "__main__":
    lists = {name: snakemake.input[name] for name in ("tables", "images", "documents")}
    lists |= {name: [snakemake.input[name]] for name in ("provenance", "reliability")}
    with job(snakemake) as outputs:
        main(
            {name: list(map(Path, paths)) for name, paths in lists.items()},
            snakemake.params.captions,
            snakemake.params.runs,
            snakemake.params.folders,
            outputs["report"],
        )
