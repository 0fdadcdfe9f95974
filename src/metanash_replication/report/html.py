"""The report as one HTML file that needs nothing else: figures inside, mathematics as MathML.

Its script finds and unfolds claims; without it all is there, and folds by itself.

Needs Jinja2, latex2mathml, markdown-it-py and Pillow (extra ``pipeline``).
"""

import csv
import io
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from metanash_replication.ledger import Entry
from metanash_replication.ledger.cited import plain, render
from metanash_replication.report.assembly import Report
from metanash_replication.report.content import LITERAL, Part, words_part
from metanash_replication.report.heat import heat_map
from metanash_replication.report.pictures import picture
from metanash_replication.report.recalculations import commands

__all__ = ["Document", "document_html", "inline", "to_html"]

BADGES = {
    "holds": ("holds", "✓"),
    "vacuous": ("vacuous", "○"),
    "violated as printed": ("repaired", "◐"),
    "violated": ("violated", "✕"),
    "replicated": ("replicated", "✔"),
    "partly replicated": ("partly", "◑"),
    "not replicated": ("not-replicated", "✗"),
    "open": ("open", "?"),
    "definition": ("definition", "–"),
}
"""Class and sign of each word: a badge has both, so colour is never all there is."""
FIRST = {"figure1a": "Figure 1(a): ", "figure1b": "Figure 1(b): ", "claims_map": ""}
"""Figures of the first screen, where there are some, and their names: Figure 1, and beside it the map of claims."""
_LITERAL = str.maketrans({mark: character for character, mark in LITERAL.items()})


@dataclass(frozen=True)
class Document:
    """A page of the documentation: name of its file, and its Markdown."""

    name: str
    text: str

    @property
    def id(self) -> str:
        """Where the report has it."""
        return f"document-{self.name.removesuffix('.md')}"

    @property
    def title(self) -> str:
        """Its first heading."""
        return self.text.split("\n", maxsplit=1)[0].lstrip("# ")


@cache
def _mathml(latex: str) -> Markup:
    """A letter alone is a variable of HTML, which every reader says."""
    return Markup(f"<var>{latex}</var>" if re.fullmatch("[A-Za-z]", latex) else convert(latex))


Quote = Callable[[str, str], str]
"""HTML of a citation, from its text, escaped, and its source."""


def _quote(content: str, source: str) -> str:
    return f'<data value="{content}" title="{escape(source)}">{content}</data>'


def _quote_in_table(content: str, _: str) -> str:
    """Of a table that names its source itself."""
    return f'<data value="{content}">{content}</data>'


def _prose(text: str, form: Quote) -> str:
    """Code, emphasis and citations of a piece without mathematics."""
    escaped = str(escape(text))
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped)
    marked = re.sub(r"(?<!\w)\*([^*]+)\*(?!\w)", r"<em>\1</em>", marked)
    return render(marked, form)


def inline(text: str, form: Quote = _quote) -> Markup:
    """HTML of a sentence: LaTeX between dollar signs, code between backticks, citations with their source."""
    pieces = text.split("$")
    html = "".join(_mathml(piece) if k % 2 else _prose(piece, form) for k, piece in enumerate(pieces))
    return Markup(html.translate(_LITERAL).replace(" %", "&nbsp;%"))  # no line begins with the sign


def _cell(text: str) -> Markup:
    """HTML of a cell in a table that says where its numbers are from."""
    return inline(text, _quote_in_table)


def _heading(text: str) -> Markup:
    """HTML of a heading cell; one that is mathematics alone says so, since not every reader sees text in it."""
    alone = re.fullmatch(r"\$[^$]+\$", text)
    return Markup('<span class="unseen">formula</span>' if alone else "") + _cell(text)


def _csv(part: Part) -> str:
    """A link that holds the table of a part as a file."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([plain(cell).translate(_LITERAL) for cell in row] for row in (part.header, *part.rows))
    return f"data:text/csv;charset=utf-8,{quote(stream.getvalue(), safe=' ,;:()[]=+/$*^|{}')}"


def _sources(part: Part) -> list[str]:
    """Tables that the cells of a part cite."""
    found: dict[str, None] = {}
    for cell in (cell for row in part.rows for cell in row):
        render(cell, lambda _, source: str(found.setdefault(source)))
    return list(found)


def _beside(report: Report, entry: Entry) -> list[tuple[str, str]]:
    """Id and title of the tables in a claim's section that are made of the same files as its verdict."""
    own = {f"{name}.csv" for name in entry.tables}
    (section,) = (section for section in report.sections if section.id == entry.claim.section)
    return [
        (f"{section.id}-table-{k}", part.title)
        for k, part in enumerate(section.parts)
        if own & set(_sources(part)) and part.rows
    ]


def _shifted(document: Document, known: Mapping[str, str], folder: str) -> Markup:
    parser = MarkdownIt("commonmark").enable("table")
    tokens = parser.parse(document.text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{int(token.tag[1]) + 2}"
        for child in token.children or []:
            if child.type == "link_open":
                target = str(child.attrs["href"]).split("#", maxsplit=1)[0]
                child.attrs["href"] = known.get(target) or posixpath.normpath(posixpath.join(folder, target))
    html = parser.renderer.render(tokens, parser.options, {})
    for tag, name in (("pre", "code"), ("table", "table")):  # may be wider than a phone, and a keyboard scrolls too
        box = f'<div class="scroll" role="group" aria-label="{name}" tabindex="0"><{tag}>'
        html = html.replace(f"<{tag}>", box).replace(f"</{tag}>", f"</{tag}></div>")
    return Markup(html)


def document_html(document: Document, others: Sequence[Document], folder: str) -> Markup:
    """A page of the documentation as part of the report, its title as a heading of the third level.

    Links to ``others`` lead into the report, other relative links to files from ``folder``, where the documentation is.
    """
    return _shifted(document, {other.name: f"#{other.id}" for other in others}, folder)


def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("metanash_replication.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "inline": inline,
        "cell": _cell,
        "heading": _heading,
        "plain": plain,
        "heat": heat_map,
        "csv": _csv,
        "sources": _sources,
    }
    return found


def to_html(
    report: Report,
    images: Mapping[str, Path],
    folders: Mapping[str, str],
    documents: Sequence[Document],
    provenance: Mapping[str, Any],
    *,
    recalculations: Mapping[str, tuple[str, ...]] | None = None,
) -> str:
    """The page ``report.html``.

    Parameters
    ----------
    report : Report
    images : mapping from str to path
        PNG of each figure.
    folders : mapping
        ``figures`` and ``docs``: where these are, relative to the page.
    documents : sequence of Document
        Assumptions and derivations to print at the end.
    provenance : mapping
        What ``provenance.json`` holds. Nothing else on the page depends on machine or time; commands name the folder
        and the arguments that the pipeline was called with.
    recalculations : mapping, optional
        Tests that work out again what decides a claim, by its id
        (:func:`metanash_replication.report.recalculations.recalculations_of`).
    """
    environment = _environment()
    tests = recalculations or {}
    page = environment.get_template("page.html.j2").render(
        report=report,
        badges=BADGES,
        words=words_part(),
        style=Markup(environment.get_template("page.css").render()),
        script=Markup(environment.get_template("page.js").render()),
        pictures={name: picture(images[name], caption) for s in report.sections for name, caption in s.figures},
        first=[one for one in FIRST.items() if any(one[0] in dict(section.figures) for section in report.sections)],
        beside={entry.claim.id: _beside(report, entry) for entry in report.entries},
        commands={entry.claim.id: commands(entry, tests, provenance) for entry in report.entries},
        folders=folders,
        documents=[(one.id, one.title, document_html(one, documents, folders["docs"])) for one in documents],
        provenance=provenance,
    )
    return page + "\n"
