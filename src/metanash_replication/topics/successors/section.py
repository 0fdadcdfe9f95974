"""Learners after the paper as a table of the report."""

from metanash_replication.labels import LEARNER_LABELS
from metanash_replication.report.content import Cells, Heat, Part, interval
from metanash_replication.topics.successors.tables import ROUNDED
from metanash_replication.typing import Tables

__all__ = ["PARTS"]


def parts(tables: Tables) -> list[Part]:
    """What each learner leaves, and how fast it falls."""
    cells, table = Cells("successors"), tables["successors"]
    rows = []
    for _, row in table.iterrows():
        fallen = row["verdict"] == ROUNDED
        rows.append(
            (
                cells.text(row["case"]),
                LEARNER_LABELS[row["learner"]],
                cells(row["iterations"], "d"),
                cells(row["rate"], "g"),
                interval(cells, row, "gap", ".2e", "gap_low", "gap_high"),
                cells(row["held"], ".3g"),
                cells.text(row["promise"]),
                "" if fallen else interval(cells, row, "slope", ".2f"),
                "" if fallen else cells(row["promised_slope"], ".2f"),
                cells.text(row["verdict"]),
            )
        )
    text = (
        "Learners that came beside and after the paper, with promises of their own: gap at $T$, mean over "
        f"{cells(table.iloc[0]['n_seeds'], 'd')} games with its interval, and $T$ times it. Slopes on the last decade "
        "of $T$ are those of the largest mean gap from $T$ on, so that negative gaps and cycles do not count; where no "
        "power of $T$ is promised the slope beside is that of one over $T$, and nothing is judged."
    )
    head = (
        "case",
        "learner",
        "T",
        "rate",
        "gap at T",
        "T times gap",
        "promised",
        "slope",
        "slope promised",
        "verdict",
    )
    heat = Heat(rows=("case",), columns=("learner",), values=("T times gap",), scale="linear")
    return [Part("After the paper", text, head, tuple(rows), heat)]


PARTS = {"successors": parts}
"""Parts of each section."""
