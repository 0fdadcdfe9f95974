"""Rule ``notebook``: execute a notebook and save it with its outputs, without times, so that runs can be compared."""

import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from metanash.archive import write_text


def main(source: Path, tables: list[Path], target: Path) -> None:
    os.environ["METANASH_RESULTS"] = str(tables[0].parent.resolve())
    notebook = nbformat.read(source, as_version=4)
    NotebookClient(notebook, kernel_name="python3", record_timing=False, timeout=600).execute()
    write_text(target, nbformat.writes(notebook) + "\n")


if __name__ == "__main__":
    main(
        Path(snakemake.input.notebook),
        list(map(Path, snakemake.input.tables)),
        Path(snakemake.output.notebook),
    )
