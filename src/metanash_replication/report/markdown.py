"""The report as one page of Markdown, for terminals."""

from collections.abc import Iterable, Sequence

from metanash_replication.ledger.cited import number, plain
from metanash_replication.report.assembly import Report, Section
from metanash_replication.report.content import LITERAL, Part, words_part
from metanash_replication.report.opening import Opening

__all__ = ["to_markdown"]

_LITERAL = str.maketrans({mark: f"\\{character}" for character, mark in LITERAL.items()})


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _ledger(report: Report) -> str:
    rows = []
    for entry in report.entries:
        worst = ", ".join(f"`{run}`" for run in entry.worst_runs)
        rows.append([f"`{entry.claim.id}`", entry.claim.place, entry.word, entry.verdict.result, worst])
    return _table(["claim", "place in the paper", "verdict", "result", "worst run"], rows)


def _part(part: Part) -> list[str]:
    return [f"### {part.title}", *([part.text] if part.text else []), _table(part.header, part.rows)]


def _section(section: Section, figures: str) -> list[str]:
    drawn = [f"- [{name}]({figures}/{name}.png): {caption}" for name, caption in section.figures]
    blocks = [f"## {section.title}", *(["\n".join(drawn)] if drawn else [])]
    return blocks + [block for part in section.parts for block in _part(part)]


def _opening(opening: Opening) -> list[str]:
    """Conclusions, and the three lists with the claims that they are about."""
    blocks = ["\n".join(f"{k}. {sentence}" for k, sentence in enumerate(opening.conclusion, 1))]
    for title, lines in (
        ("What is wrong in the paper", opening.wrong),
        ("What replicates", opening.replicates),
        ("What does not, or only in part", opening.does_not),
    ):
        if lines:
            blocks += [f"## {title}", "\n".join(f"- {line.text} (`{line.claim_id}`)" for line in lines)]
    return blocks


def to_markdown(report: Report, figures: str) -> str:
    """The page ``summary.md``: conclusions, ledger, then a section each with its tables; figures are links.

    Parameters
    ----------
    report : Report
    figures : str
        Folder of the figures, relative to the page.
    """
    counts = ", ".join(f"{number(n, 'd', 'claims.csv')} {name}" for name, n in report.counts.items() if n)
    blocks = [
        "# What holds, and what was measured",
        "Written by the pipeline: every number comes from a table beside this file. `report.html` is the same with "
        "figures, statements, assumptions and provenance; `metanash claims ID` prints one claim.",
        *(_opening(report.opening) if report.opening else ()),
        "## All claims in numbers",
        f"Words: {counts}.",
        "## Claims",
        _ledger(report),
        *("## Words", *_part(words_part())[1:]),
        *(block for section in report.sections for block in _section(section, figures)),
    ]
    return plain("\n\n".join(blocks)).translate(_LITERAL) + "\n"
