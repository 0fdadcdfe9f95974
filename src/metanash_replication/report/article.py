"""The article, ``article.pdf``: what a journal would print, typeset by Typst from the same content as the report.

Its text is ``article.typ`` beside this module, its looks ``article_layout.typ``. They read one file of data, which is
made here: numbers by name, each a citation of its table (:mod:`~metanash_replication.report.article_numbers`), all
claims with verdicts, derivations from the documentation, and metadata from ``config/article.yaml``. Needs Typst (extra
``pipeline``).
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import typst
import yaml

from metanash_replication.ledger import Entry
from metanash_replication.ledger.cited import plain, render
from metanash_replication.report.article_numbers import numbers_of
from metanash_replication.report.assembly import Report
from metanash_replication.report.html import BADGES, Document
from metanash_replication.report.typst_markup import document, sentence
from metanash_replication.typing import Tables

__all__ = ["ASSERTED", "article_data", "metadata_yaml", "to_pdf"]

ASSERTED = {
    "holds": (
        *("best-known-rate", "theorem-3", "equation-10", "theorem-4", "theorem-6", "rate-equation-11"),
        "growth-of-bounds",
    ),
    "violated as printed": (
        *("theorem-1", "equation-4", "equation-6", "proposition-1", "theorem-5", "theorem-5-exact"),
    ),
    "replicated": (
        *("figure-1a-pure", "figure-1b-team", "figure-1b-action-independent", "figure-1b-team-theory-step"),
        *("figure-1b-action-independent-theory-step", "figure-1c-mixed", "better-initialization-potential"),
        *("rate-can-be-improved", "larger-tasks-poker", "larger-tasks-iterations-tracking"),
    ),
    "partly replicated": (
        *("simulations-zero-sum", "simulations-potential", "better-initialization-zero-sum", "sharper-zero-sum-mixed"),
    ),
    "not replicated": (
        *("figure-1a-mixed", "figure-1c-pure", "sharper-bound", "iterates-converge", "mirror-descent-or-leader"),
        "potential-metric",
    ),
}
"""Words that sentences of the article assert of claims. Where a run has another, the article's first page says so."""

_SOURCES = ("article.typ", "article_layout.typ", "references.bib")
_ABSENT = "(not measured here)"
_OTHER = "This copy is of a run with other settings than those that the text is about. "


def _abstract(numbers: Mapping[str, str]) -> str:
    def n(name: str) -> str:
        return numbers.get(name, _ABSENT)

    return (
        "Mao et al. (NeurIPS 2023) prove that meta-learning finds equilibria of similar Markov games in fewer "
        "iterations than learning each game alone, and illustrate it by simulations. From the main text alone we "
        "implemented all algorithms anew, computed every gap exactly, and evaluated both sides of every stated "
        "inequality, at random, on long runs, and by a search for counterexamples. "
        f"Of {n('theorems')} theorems and bounds {n('word/holds')} hold and {n('word/violated as printed')} are "
        f"violated as printed; of {n('told')} experiments and sentences {n('word/replicated')} are replicated, "
        f"{n('word/partly replicated')} partly and {n('word/not replicated')} not. In zero-sum games with pure "
        "equilibria and in potential games meta-learning needs several times fewer iterations, as claimed "
        f"({n('1a/pure/best_response/speed-up')} and {n('1b/team/carry_over/speed-up')} times at the smallest gap "
        "looked at). In zero-sum games with mixed equilibria the printed update gains nothing "
        f"({n('1a/mixed/best_response/speed-up')}), while averages of policies do. Theorems 1 and 2, equation (4), "
        "Proposition 1 and Theorem 5 are false as printed: a factor of the learning rate is lost, best responses are "
        "ambiguous before the first rewards are known, and a constant is too small. We give counterexamples, corrected "
        "statements and proofs. Article, figures and numbers are made by one command."
    )


def _alternative(caption: str) -> str:
    """What a screen reader says in place of a figure: its caption, without marks."""
    return re.sub(r"[$`*\\]", "", plain(caption))


def _run_of(entry: Entry) -> str:
    """The run that decided, or the first of them."""
    return entry.worst_runs[0] if entry.worst_runs else ""


def _row(entry: Entry) -> dict[str, str]:
    badge, sign = BADGES[entry.word]
    return {
        "id": entry.claim.id,
        "place": sentence(entry.claim.place),
        "badge": badge,
        "sign": sign,
        "word": entry.word,
        "result": sentence(entry.plain),
        "run": _run_of(entry),
    }


def _cited(texts: Iterable[str]) -> set[str]:
    """Files of all tables that texts cite."""
    found: list[str] = []

    def note(content: str, source: str) -> str:
        found.append(source)
        return content

    for text in texts:
        render(text, note)
    return set(found)


def _sources(entries: Sequence[Entry], cited: set[str]) -> list[dict[str, Any]]:
    """Tables in alphabetical order, and the patterns of the files of measurements behind them, with their folders."""
    names = {f"{table}.csv" for entry in entries for table in entry.tables} | cited
    found = []
    for name in sorted(names):
        patterns = {run for entry in entries if name.removesuffix(".csv") in entry.tables for run in entry.claim.runs}
        patterns |= {"falsify/*/search.json"} if name.startswith("falsification") else set()
        runs = [{"pattern": one, "folder": re.split(r"[*?\[]", one)[0].rpartition("/")[0]} for one in sorted(patterns)]
        found.append({"file": name, "runs": runs})
    return found


def _derivation(page: Document, labels: Mapping[str, str], docs: str) -> str:
    """A page of the documentation without its title; links lead into the article, or to the documentation."""
    _, _, text = page.text.partition("\n")
    return document(re.sub(r" ?\*\*\[derived\]\*\*", "", text), lambda target: labels.get(target) or f"{docs}/{target}")


def article_data(
    report: Report,
    tables: Tables,
    about: Mapping[str, Any],
    derivations: Sequence[Document],
    figures: Sequence[str],
    folders: Mapping[str, str],
) -> dict[str, Any]:
    """All that the article's text asks for.

    Parameters
    ----------
    report : Report
    tables : mapping from str to DataFrame
        Tables by the names of their files.
    about : mapping
        Metadata, as in ``config/article.yaml``.
    derivations : sequence of Document
        Pages whose proofs the article has.
    figures : sequence of str
        Names of its figures.
    folders : mapping
        ``figures`` and ``docs``: where these are, relative to the article.

    Raises
    ------
    ValueError
        If a text has mathematics or marks that the article cannot set; the message has the place.
    """
    numbers = numbers_of(report, tables)
    words = {entry.claim.id: entry.word for entry in report.entries}
    labels = {page.name: f"<{page.name.removesuffix('.md')}>" for page in derivations}
    captions = {name: caption for section in report.sections for name, caption in section.figures}
    differing = [claim for word, ids in ASSERTED.items() for claim in ids if words.get(claim) != word]
    abstract = _abstract(numbers)
    results = [entry.plain for entry in report.entries]
    return {
        "about": {**about, "short": str(about["title"]).partition(":")[0]},
        "abstract": sentence(abstract),
        "abstract_plain": (_OTHER if differing else "") + plain(abstract),
        "numbers": {name: sentence(text) for name, text in numbers.items()},
        "differing": differing,
        "other": _OTHER,
        "figures": {name: {"alt": _alternative(captions[name])} for name in figures},
        "sections": [
            {"title": sentence(section.title), "entries": [_row(entry) for entry in own]}
            for section in report.sections
            if (own := [entry for entry in section.entries if entry.claim.of_the_paper])
        ],
        "derivations": {
            page.name.removesuffix(".md"): _derivation(page, labels, folders["docs"]) for page in derivations
        },
        "sources": _sources(report.entries, _cited([*numbers.values(), *results])),
        "folders": dict(folders),
    }


def to_pdf(data: Mapping[str, Any], figures: Mapping[str, Path]) -> bytes:
    """The article. Equal data and figures are equal bytes: fonts are those of Typst, and there is no date.

    Parameters
    ----------
    data : mapping
        As :func:`article_data` makes it.
    figures : mapping from str to path
        PDF of each of its figures, which is set as it is.

    Raises
    ------
    typst.TypstError
        If the text asks for something that the data has not.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name in _SOURCES:
            source = resources.files("metanash_replication.report") / name
            Path(folder, name).write_bytes(source.read_bytes())
        for name, path in figures.items():
            shutil.copyfile(path, Path(folder, f"{name}.pdf"))
        Path(folder, "article.json").write_text(json.dumps(data))
        return typst.compile(str(Path(folder, "article.typ")), root=folder, ignore_system_fonts=True, timestamp=0)


def metadata_yaml(data: Mapping[str, Any]) -> str:
    """Metadata of the article in the form of ReScience C's ``metadata.yaml``; what an editor fills in is empty."""
    about = data["about"]

    def pairs(part: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [{name: value or None} for name, value in part.items()]

    content = {
        "title": about["title"],
        "authors": [{name: value or None for name, value in one.items()} for one in about["authors"]],
        "affiliations": [{name: value or None for name, value in one.items()} for one in about["affiliations"]],
        "keywords": ", ".join(about["keywords"]),
        "code": pairs(about["code"]),
        "data": pairs(about["data"]),
        "replication": pairs(about["replication"]),
        "abstract": data["abstract_plain"],
        "bibliography": "references.bib",
        "type": about["type"],
        "domain": about["domain"],
        "language": about["language"],
        "review": [{"url": None}],
        "contributors": [{"name": None, "orcid": None, "role": role} for role in ("editor", "reviewer", "reviewer")],
        "dates": [{"received": None}, {"accepted": None}, {"published": None}],
        "article": [{"number": None}, {"doi": None}, {"url": None}],
        "journal": [{"name": "ReScience C"}, {"issn": "2430-3658"}, {"volume": None}, {"issue": None}],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
