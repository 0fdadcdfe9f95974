"""The contents of the report, before it is a page: parts with a text and a table, whose numbers are citations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from metanash_replication.ledger.cited import cited, number
from metanash_replication.ledger.words import WORDS

__all__ = [
    "GROWTH_HEAD",
    "GROWTH_TEXT",
    "LITERAL",
    "MANY",
    "UNRESOLVED",
    "WORDS_TEXT",
    "Cells",
    "Part",
    "claims_part",
    "effect_of",
    "growth_cells",
    "interval",
    "ratio_cell",
    "slope_cells",
    "with_a_verdict",
    "words_part",
]


UNRESOLVED = (
    "At the worst run and iteration. *Unresolved*: what rounding leaves of the rise of the potential decides nothing. "
    "All settings of random games and sequences are in `theory.csv`."
)
"""Of measured sides whose difference is rounding."""

MANY = ("random_games", "random_sequences", "constant_ratios", "sequences")
"""Measurements with so many settings that pages show their totals only."""

LITERAL = {"$": "\ue010", "`": "\ue011", "*": "\ue012", "|": "\ue013"}
"""Stand-ins, until a page is written, for characters that would be marks in text of this project."""


@dataclass(frozen=True)
class Part:
    """A heading, a sentence or two, and a table.

    Text is prose with mathematics in LaTeX between dollar signs and code between backticks; cells are the same.
    """

    title: str
    text: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Cells:
    """Cells made of one table: ``cells(value, spec)`` is a number of it, ``cells.text(value)`` a name in it."""

    def __init__(self, table: str) -> None:
        self.source = f"{table}.csv"

    def __call__(self, value: Any, spec: str = "g") -> str:
        """Format a number."""
        return number(value, spec, self.source)

    def text(self, value: object) -> str:
        """Quote a name, which may hold digits."""
        return cited(value, self.source)

    def literal(self, value: object) -> str:
        """Quote text of any kind, on one line, in which nothing is a mark."""
        text = " ".join(str(value).split())
        for character, mark in LITERAL.items():
            text = text.replace(character, mark)
        return cited(text, self.source)


def interval(cells: Cells, row: Any, name: str, spec: str, low: str = "low", high: str = "high") -> str:
    """A value with its interval: ``0.12 [0.10, 0.14]``."""
    return f"{cells(row[name], spec)} [{cells(row[low], spec)}, {cells(row[high], spec)}]"


def ratio_cell(cells: Cells, row: Any, name: str) -> str:
    """A ratio with its interval."""
    return interval(cells, row, name, ".2f", f"{name}_low", f"{name}_high")


def slope_cells(cells: Cells, row: Any) -> list[str]:
    """Window and slope with its interval."""
    return [f"{cells(row['start'], '.0e')} to {cells(row['end'], '.0e')}", interval(cells, row, "slope", ".3f")]


def growth_cells(cells: Cells, row: Any) -> list[str]:
    """Window, number of points, both models with their misfits, which is nearer, and the verdict."""
    return [
        f"{cells(row['start'], '.1e')} to {cells(row['end'], '.1e')}",
        cells(row["points"], "g"),
        interval(cells, row, "increment", ".4g", "increment_low", "increment_high"),
        cells(row["misfit_affine"], ".1e"),
        interval(cells, row, "power", ".3f", "power_low", "power_high"),
        cells(row["misfit_power"], ".1e"),
        interval(cells, row, "advantage", ".2f", "advantage_low", "advantage_high"),
        row["verdict"],
    ]


GROWTH_HEAD = ("window", "stages", "$b$", "misfit", "$p$", "misfit", "advantage", "verdict")
"""Columns of :func:`growth_cells`."""
GROWTH_TEXT = (
    r"$a + b \log T$ against $c T^p$. Misfit: root mean square of the relative residuals. Advantage: $\log_{10}$ of "
    "the misfit of the power over that of the logarithm, with an interval over seeds; above zero the logarithm is "
    "nearer."
)


WORDS_TEXT = (
    "Of each claim one word is said, which the pipeline makes of tables, by the kind of claim. A theorem is a theorem, "
    "lemma, bound or rate; an experiment is a simulation of the paper; a sentence is one of its text."
)


def words_part() -> Part:
    """The words of replication with their rules."""
    rows = tuple((word.name, ", ".join(word.kinds), word.rule) for word in WORDS)
    return Part("Words", WORDS_TEXT, ("word", "said of", "rule"), rows)


def with_a_verdict(table: pd.DataFrame) -> pd.DataFrame:
    """Rows with points enough for a verdict."""
    return table[table["verdict"].isin(["consistent", "violated", "inconclusive"])]


def effect_of(row: Any, name: str = "ratio", neutral: float = 1.0) -> str:
    """Effect by the interval of a ratio of gaps, or of a difference, of which 0 is neutral."""
    if row[f"{name}_high"] < neutral:
        return "helps"
    return "hurts" if row[f"{name}_low"] > neutral else "no clear effect"


def claims_part(theory: pd.DataFrame, claims: Sequence[str], title: str, text: str) -> Part:
    """Rows of ``theory.csv`` about these claims, without single settings of the measurements ``MANY``."""
    cells = Cells("theory")
    many = theory["measurement"].isin(MANY) & ~theory["total"]
    rows = []
    for _, row in theory[theory["claim"].isin(list(claims)) & ~many].iterrows():
        first = "" if pd.isna(row["first_informative"]) else cells(int(row["first_informative"]), "d")
        names = [cells.text(row[name]) for name in ("claim", "form", "setting")]
        counts = [cells(row[name], "d") for name in ("runs", "violations", "unresolved")]
        rows.append((*names, cells(row["ratio"], ".3g"), *counts, first))
    head = ("claim", "form", "setting", "largest left / right", "runs", "violated in", "unresolved", "informative from")
    return Part(title, text, head, tuple(rows))
