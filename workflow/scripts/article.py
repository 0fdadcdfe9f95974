"""Rule ``article``: the replication as an article, with the metadata that a journal asks for."""

from metanash_workflow import job

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from metanash.archive import write_text
from metanash_replication.paper import report_of
from metanash_replication.report import Document
from metanash_replication.report.article import article_data, metadata_yaml, to_pdf


def main(
    files: dict[str, list[Path]],
    captions: dict[str, str],
    runs: dict[str, dict[str, Any]],
    folders: dict[str, str],
    targets: dict[str, Path],
) -> None:
    tables = {path.stem: pd.read_csv(path) for path in files["tables"]}
    derivations = [Document(path.name, path.read_text()) for path in files["derivations"]]
    figures = {path.stem: path for path in files["figures"]}
    about = yaml.safe_load(files["about"][0].read_text())
    data = article_data(report_of(tables, runs, captions), tables, about, derivations, list(figures), folders)
    targets["article"].write_bytes(to_pdf(data, figures))
    write_text(targets["metadata"], metadata_yaml(data))
    shutil.copyfile(next(path for path in files["text"] if path.suffix == ".bib"), targets["bibliography"])


if __name__ == "__main__":
    lists = {name: snakemake.input[name] for name in ("tables", "figures", "derivations", "text")}
    lists["about"] = [snakemake.input.about]
    with job(snakemake) as outputs:
        main(
            {name: list(map(Path, paths)) for name, paths in lists.items()},
            snakemake.params.captions,
            snakemake.params.runs,
            snakemake.params.folders,
            outputs,
        )
