"""Parts of the report as a reader sees them."""

import contextlib
import html
import re

import pandas as pd

from metanash_replication.ledger.cited import plain, render


def rows_of(parts, title):
    """Header and rows of the table whose title begins so, without the marks of citations."""
    (part,) = [part for part in parts if part.title.startswith(title)]
    header, *rows = [[plain(cell) for cell in row] for row in (part.header, *part.rows)]
    assert {len(row) for row in rows} <= {len(header)}
    return header, rows


def theory_of(rows, measurements):
    """``theory.csv`` of rows up to ``first_informative``: totals are those of all, other columns follow from settings.

    ``measurements`` has the measurement of each setting, by what stands before the first comma.
    """
    columns = ["claim", "form", "setting", "iteration", "left", "right", "ratio", "runs", "violations", "unresolved"]
    table = pd.DataFrame(rows, columns=[*columns, "first_informative"])
    return table.assign(
        measurement=[measurements[setting.partition(",")[0]] for setting in table["setting"]],
        total=[setting.endswith(", all") or setting.startswith("all ") for setting in table["setting"]],
    )


def text_of(parts):
    """All that is in the parts."""
    cells = [cell for part in parts for row in (part.header, *part.rows) for cell in row]
    return "\n".join(map(plain, [*cells, *(part.title for part in parts), *(part.text for part in parts)]))


REFERENCE = (
    r"\b(?:Appendix|Sections?|Theorems?|Propositions?|Lemmas?|Figures?|[Ee]quations?|Algorithms?) "
    r"\(?\d+(?:\.\d+)?\)?(?:\([a-c]\))?|\(\d+\)"
)
"""References to the paper: Theorem 1, Section 3.1, Figure 1(a), equation (4), (11)."""


def typed_digits(page):
    """What is left of a page of HTML with digits in it that cite no table: numbers that somebody typed.

    Left out: citations of tables, mathematics, names of files, references to the paper, the documentation, and the
    section of provenance, which is no measurement.
    """
    text = re.sub(r'<section id="provenance".*?</section>', " ", page, flags=re.DOTALL)
    text = re.sub(r'<div class="document".*?\n</div>', " ", text, flags=re.DOTALL)
    for tag in ("style", "script", "math", "data", "code", "title"):
        text = re.sub(rf"<{tag}\b.*?</{tag}>", " ", text, flags=re.DOTALL)
    text = re.sub(r'<span class="reference">.*?</span>', " ", text)
    text = html.unescape(re.sub(r"<[^>]*>", "|", text))
    return re.findall(r".{0,40}\d.{0,20}", re.sub(REFERENCE, " ", text))


def citations_in(thing):
    """Text and source of every citation in strings, tuples of them, and objects that have them."""
    if isinstance(thing, str):
        found = []
        render(thing, lambda text, source: found.append((text, source)) or text)
        return found
    if isinstance(thing, tuple | list):
        return [one for part in thing for one in citations_in(part)]
    return [one for part in vars(thing).values() for one in citations_in(part)] if hasattr(thing, "__dict__") else []


def stands_in(text, table):
    """Whether a table has a number that is written so, to the digits shown; names are looked for as they are."""
    percent = text.endswith(" %")
    text = text.removesuffix(" %")
    try:
        value = float(text)
    except ValueError:
        return any(table[name].astype(str).str.contains(text, regex=False).any() for name in table)
    digits, _, exponent = text.lower().partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))
    numbers = table.select_dtypes("number").to_numpy(dtype=float) * (100.0 if percent else 1.0)
    return bool((abs(numbers - value) <= 0.5 * unit * (1 + 1e-9)).any())


def strangers(thing, tables):
    """Citations of numbers that their table has not, of three digits and a point: counts are worked out."""
    return sorted(
        {
            (text, source)
            for text, source in citations_in(thing)
            if re.fullmatch(r"-?\d*\.\d*(e[+-]\d+)?( %)?", text)
            and len(re.sub(r"e.*|[-.]| %", "", text).lstrip("0")) >= 3
            and not stands_in(text, tables[source.removesuffix(".csv")])
        }
    )


class AbsentError(Exception):
    """A table is read that is not there."""


class Watched(dict):
    """Tables by name that know which of them were read."""

    def __init__(self, tables):
        super().__init__(tables)
        self.read = set()

    def __getitem__(self, name):
        self.read.add(name)
        if name not in self:
            raise AbsentError(name)
        return super().__getitem__(name)

    def get(self, name, default=None):
        self.read.add(name)
        return super().get(name, default)


def tables_read(functions, tables):
    """Names of all tables that functions of tables read. Tables that are not here are read too, and end a function."""
    found = set()
    for function in functions:
        watched = Watched(tables)
        with contextlib.suppress(AbsentError):
            function(watched)
        found |= watched.read
    return found
