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
    "Heat",
    "Part",
    "claims_part",
    "effect_of",
    "growth_cells",
    "interval",
    "ratio_cell",
    "settings_part",
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

SCALES = ("ratio", "difference", "size", "linear")
"""Of heat maps; the first two have a middle, with a good side and a bad one."""

LITERAL = {"$": "\ue010", "`": "\ue011", "*": "\ue012", "|": "\ue013"}
"""Stand-ins, until a page is written, for characters that would be marks in text of this project."""


@dataclass(frozen=True)
class Heat:
    """How a long table is drawn as a map of coloured numbers: which of its columns are what, by their headings.

    Attributes
    ----------
    rows : tuple of str
        Columns that together name a row of the map.
    columns : tuple of str
        Columns that together name a column of the map.
    values : tuple of str
        Columns with the numbers; of several, each is a column of the map.
    scale : str
        ``ratio``: colours on either side of 1; ``difference``: of 0; ``size`` and ``linear``: from the smallest number
        to the largest, in the logarithm or not.
    good, bad : str
        Of a scale with two sides: what numbers below its middle, and above it, mean.
    more_is_better : bool
        Whether above the middle is the good side.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[str, ...]
    scale: str = "ratio"
    good: str = ""
    bad: str = ""
    more_is_better: bool = False

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise ValueError(f"scale of a heat map must be one of {', '.join(SCALES)}, got {self.scale!r}")
        if self.scale in SCALES[:2] and not (self.good and self.bad):
            raise ValueError(f"a heat map of the scale {self.scale!r} must say which side is good and which is bad")


@dataclass(frozen=True)
class Part:
    """A heading, a sentence or two, and a table, with a map of it if it is long.

    Text is prose with mathematics in LaTeX between dollar signs and code between backticks; cells are the same.
    """

    title: str
    text: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    heat: Heat | None = None


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


BOUND_HEAD = (
    "claim",
    "form",
    "setting",
    "largest left / right",
    "runs",
    "violated in",
    "unresolved",
    "informative from",
)
"""Columns of tables of bounds."""
BOUND_HEAT = Heat(
    ("claim", "setting"), ("form",), ("largest left / right",), good="within the bound", bad="beyond the bound"
)
"""Bounds by setting and form."""


def _bound_rows(rows: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    cells, found = Cells("theory"), []
    for _, row in rows.iterrows():
        first = "" if pd.isna(row["first_informative"]) else cells(int(row["first_informative"]), "d")
        names = [cells.text(row[name]) for name in ("claim", "form", "setting")]
        counts = [cells(row[name], "d") for name in ("runs", "violations", "unresolved")]
        found.append((*names, cells(row["ratio"], ".3g"), *counts, first))
    return tuple(found)


def claims_part(theory: pd.DataFrame, claims: Sequence[str], title: str, text: str) -> Part:
    """Rows of ``theory.csv`` about these claims, without single settings of the measurements ``MANY``."""
    many = theory["measurement"].isin(MANY) & ~theory["total"]
    rows = _bound_rows(theory[theory["claim"].isin(list(claims)) & ~many])
    return Part(title, text, BOUND_HEAD, rows, BOUND_HEAT)


def settings_part(theory: pd.DataFrame, claim: str) -> Part:
    """Every setting of one claim in ``theory.csv``, with its largest ratio: rows may differ in T alone."""
    cells = Cells("theory")
    own = theory[theory["claim"] == claim].sort_values("ratio", ascending=False, kind="stable")
    worst = own.drop_duplicates(["setting", "form"]).sort_index()
    rows = [(*map(cells.text, row[:2]), cells(row[2], ".3g")) for row in worst[["setting", "form", "ratio"]].to_numpy()]
    heat = Heat(("setting",), ("form",), ("largest left / right",), good=BOUND_HEAT.good, bad=BOUND_HEAT.bad)
    return Part("All settings", "", ("setting", "form", "largest left / right"), tuple(rows), heat)
