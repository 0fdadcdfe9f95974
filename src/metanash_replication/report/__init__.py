"""The report: verdicts, figures and tables as one page, in HTML and in Markdown, from the same content.

:mod:`~metanash.report.plan` has the sections, :mod:`~metanash.report.content` what they are made of; a section is a
``Plan`` with the names of its figures and a function from tables to parts. Every number is a citation of a table
(:mod:`metanash.ledger.cited`).
"""

from metanash.report.html import Document, to_html
from metanash.report.markdown import to_markdown
from metanash.report.plan import SECTIONS, Plan, Report, Section, assemble

__all__ = ["SECTIONS", "Document", "Plan", "Report", "Section", "assemble", "to_html", "to_markdown"]
