"""Rule ``summary``: the measurements in a page of Markdown."""

from pathlib import Path

import pandas as pd

from metanash.archive import write_text
from metanash.report import general_sum_summary, potential_summary, summary, theory_summary

GENERAL_SUM = ("schedule_slopes", "general_sequences")


def main(tables: dict[str, Path], potential: dict[str, Path], target: Path) -> None:
    read = {name: pd.read_csv(path) for name, path in (tables | potential).items()}
    sections = [
        summary(read["figure1"], read["speed_up"], read["sensitivity"]),
        theory_summary(read["theory"], read["slopes"], read["sequences"]),
        potential_summary(read["theory"], **{name: read[name] for name in potential if name not in GENERAL_SUM}),
        general_sum_summary(read["theory"], **{name: read[name] for name in GENERAL_SUM}),
    ]
    write_text(target, "\n".join(sections))


if __name__ == "__main__":
    names = ("figure1", "speed_up", "sensitivity", "theory", "slopes", "sequences")
    main(
        {name: Path(getattr(snakemake.input, name)) for name in names},
        {name: Path(getattr(snakemake.input, name)) for name in snakemake.params.potential},
        Path(snakemake.output.summary),
    )
