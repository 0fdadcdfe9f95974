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


def sides_part(tables: Tables) -> Part:
    """Measured beside promised."""
    cells, table = Cells("successors_promises"), tables["successors_promises"]
    rows = [
        (
            cells.text(row["case"]),
            LEARNER_LABELS[row["learner"]],
            cells(row["factor"], "g"),
            cells(row["rate"], ".3g"),
            cells(row["iteration"], "d"),
            cells(row["left"], ".3g"),
            cells(row["right"], ".3g"),
            cells(row["ratio"], ".3g"),
            cells(row["violations"], "d"),
            "judged" if row["within"] else "beyond the proof",
        )
        for _, row in table.iterrows()
    ]
    text = (
        "Promises that have a constant, at the learning rate of the proof and at a multiple of it: the checkpoint and "
        f"the game, of {cells(table.iloc[0]['n_seeds'], 'd')}, where the measured side is the largest part of the "
        "promised one, and the games in which it is more than that anywhere."
    )
    head = ("case", "learner", "rate / proof", "rate", "T", "measured", "promised", "ratio", "games above", "status")
    return Part(
        "Measured beside promised",
        text,
        head,
        tuple(rows),
        Heat(rows=("case",), columns=("rate / proof",), values=("ratio",), scale="linear"),
    )


def speed_part(tables: Tables) -> Part:
    """How fast both sides fall."""
    cells, table = Cells("successors_speeds"), tables["successors_speeds"]
    rows = [
        (
            cells.text(row["case"]),
            LEARNER_LABELS[row["learner"]],
            cells(row["factor"], "g"),
            cells.text(row["form"]),
            interval(cells, row, "slope", ".3g"),
            cells(row["promised_slope"], ".3g"),
            cells.text(row["verdict"]),
        )
        for _, row in table.iterrows()
    ]
    text = (
        "How fast the measured sides fall. Of linear promises it is the mean over games of the logarithm of the factor "
        "an iteration, of the others the power of T on its last decade."
    )
    head = ("case", "learner", "rate / proof", "promised", "speed", "speed promised", "verdict")
    heat = Heat(rows=("case",), columns=("rate / proof", "promised"), values=("speed",), scale="linear")
    return Part("How fast", text, head, tuple(rows), heat)


def promised_parts(tables: Tables) -> list[Part]:
    """Promises with a constant."""
    return [sides_part(tables), speed_part(tables)]


PARTS = {"successors": parts, "successors-promises": promised_parts}
"""Parts of each section."""
