"""The report: verdicts, figures and tables as one page, in HTML and in Markdown, from the same content.

:mod:`~metanash_replication.report.assembly` puts the sections together, which are made of parts
(:mod:`~metanash_replication.report.content`); they open with conclusions
(:mod:`~metanash_replication.report.opening`). Every number is a citation of a table
(:mod:`metanash_replication.ledger.cited`).
"""

from metanash_replication.report.assembly import Outline, Report, Section, assemble
from metanash_replication.report.html import Document, to_html
from metanash_replication.report.markdown import to_markdown
from metanash_replication.report.opening import Line, Opening, Subjects, open_with
from metanash_replication.report.recalculations import recalculations_of

__all__ = [
    "Document",
    "Line",
    "Opening",
    "Outline",
    "Report",
    "Section",
    "Subjects",
    "assemble",
    "open_with",
    "recalculations_of",
    "to_html",
    "to_markdown",
]
