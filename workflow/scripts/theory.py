"""Rule ``theory``: the rows of all claims as one table."""

from metanash_workflow import job

from pathlib import Path

import pandas as pd

from metanash.archive import write_text


def main(claims: list[Path], theory: Path) -> None:
    parts = [pd.read_csv(path, dtype={"first_informative": "Int64"}) for path in claims]
    write_text(theory, pd.concat(parts, ignore_index=True).to_csv(index=False))


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(list(map(Path, snakemake.input.claims)), outputs["theory"])
