"""Rule ``summary``: the measurements in a page of Markdown."""

from pathlib import Path

import pandas as pd

from metanash.archive import write_text
from metanash.report import potential_summary, summary, theory_summary


def main(tables: dict[str, Path], potential: dict[str, Path], target: Path) -> None:
    read = {name: pd.read_csv(path) for name, path in (tables | potential).items()}
    sections = [
        summary(read["figure1"], read["speed_up"], read["sensitivity"]),
        theory_summary(read["theory"], read["slopes"], read["sequences"]),
        potential_summary(read["theory"], **{name: read[name] for name in potential}),
    ]
    write_text(target, "\n".join(sections))


if __name__ == "__main__":
    names = ("figure1", "speed_up", "sensitivity", "theory", "slopes", "sequences")
    main(
        {name: Path(getattr(snakemake.input, name)) for name in names},
        {name: Path(getattr(snakemake.input, name)) for name in snakemake.params.potential},
        Path(snakemake.output.summary),
    )
