"""The report as one HTML file that needs nothing else: figures inside, mathematics as MathML, no script.

Needs Jinja2, latex2mathml, markdown-it-py and Pillow (extra ``pipeline``).
"""

import base64
import io
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from PIL import Image

from metanash_replication.ledger.cited import render
from metanash_replication.report.assembly import Report
from metanash_replication.report.content import LITERAL, words_part

__all__ = ["Document", "document_html", "image_html", "inline", "to_html"]

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
WIDTH, COLOURS = 1300, 96
"""Pixels and colours of an embedded figure."""
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


@cache
def _mathml(latex: str) -> Markup:
    return Markup(convert(latex))


def _quote(content: str, source: str) -> str:
    return f'<data value="{escape(content)}" title="{escape(source)}">{escape(content)}</data>'


def _prose(text: str) -> str:
    """Code, emphasis and citations of a piece without mathematics."""
    escaped = str(escape(text))
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped)
    marked = re.sub(r"(?<!\w)\*([^*]+)\*(?!\w)", r"<em>\1</em>", marked)
    return render(marked, lambda content, source: _quote(str(Markup(content).unescape()), source))


def inline(text: str) -> Markup:
    """HTML of a sentence or cell: LaTeX between dollar signs, code between backticks, citations with their source."""
    pieces = text.split("$")
    html = "".join(_mathml(piece) if k % 2 else _prose(piece) for k, piece in enumerate(pieces))
    return Markup(html.translate(_LITERAL))


def image_html(path: Path, caption: str) -> Markup:
    """An ``img`` with the figure inside, in a palette and at a width that suits a screen."""
    with Image.open(path) as figure:
        flat = figure.convert("RGB")
    if flat.width > WIDTH:
        flat = flat.resize((WIDTH, round(flat.height * WIDTH / flat.width)), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    flat.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(stream, "png", optimize=True)
    data = base64.b64encode(stream.getvalue()).decode()
    alternative = escape(caption.split(". ", maxsplit=1)[0].rstrip("."))
    size = f'width="{flat.width}" height="{flat.height}"'
    return Markup(f'<img src="data:image/png;base64,{data}" alt="{alternative}" {size}>')


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
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def document_html(document: Document, others: Sequence[Document], folder: str) -> Markup:
    """A page of the documentation as part of the report, its title as a heading of the third level.

    Links to ``others`` lead into the report, other relative links to files from ``folder``, where the documentation is.
    """
    return _shifted(document, {other.name: f"#{other.id}" for other in others}, folder)


def to_html(
    report: Report,
    images: Mapping[str, Path],
    folders: Mapping[str, str],
    documents: Sequence[Document],
    provenance: Mapping[str, Any],
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
        What ``provenance.json`` holds. Nothing else on the page depends on machine or time.
    """
    environment = Environment(
        loader=PackageLoader("metanash_replication.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["inline"] = inline
    page = environment.get_template("page.html.j2").render(
        report=report,
        badges=BADGES,
        words=words_part(),
        style=Markup(environment.get_template("page.css").render()),
        pictures={name: image_html(images[name], caption) for s in report.sections for name, caption in s.figures},
        folders=folders,
        documents=[(one.id, document_html(one, documents, folders["docs"])) for one in documents],
        provenance=provenance,
    )
    return page + "\n"
