"""The report before it is a page: sections with verdicts, captioned figures and tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from metanash_replication import plans
from metanash_replication.ledger import Entry
from metanash_replication.ledger.words import WORDS
from metanash_replication.report.content import Part, settings_part
from metanash_replication.report.opening import Opening
from metanash_replication.typing import Tables

__all__ = ["Outline", "Report", "Section", "assemble"]

Outline = tuple[plans.Section, Callable[[Tables], Sequence[Part]]]
"""A section's plan, and its tables of the report from those of the results."""


@dataclass(frozen=True)
class Section:
    """A section with its claims judged, its captioned figures and its tables."""

    id: str
    title: str
    entries: tuple[Entry, ...]
    figures: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Report:
    """Sections, what opens the pages, and all settings of claims that are bounds, by their id."""

    sections: tuple[Section, ...]
    opening: Opening | None = None
    settings: Mapping[str, Part] = field(default_factory=dict)

    @property
    def entries(self) -> list[Entry]:
        """All claims, in the order of the sections."""
        return [entry for section in self.sections for entry in section.entries]

    @property
    def counts(self) -> dict[str, int]:
        """How many claims each word is said of."""
        names = [entry.word for entry in self.entries]
        return {word.name: names.count(word.name) for word in WORDS}


def assemble(
    outlines: Sequence[Outline],
    entries: Sequence[Entry],
    tables: Tables,
    captions: Mapping[str, str],
    opening: Opening | None = None,
) -> Report:
    """Put claims, figures and tables together, section by section.

    Parameters
    ----------
    outlines : sequence of Outline
        In the order of the report.
    entries : sequence of Entry
        Claims with their verdicts.
    tables : mapping from str to DataFrame
        Tables by the names of their files.
    captions : mapping from str to str
        A caption for each figure.
    opening : Opening, optional

    Raises
    ------
    ValueError
        If a claim names a section that there is not, or a figure has no caption.
    """
    outlines = [outline for outline in outlines if all(name in tables for name in outline[0].needs)]
    missing = [name for plan, _ in outlines for name in plan.figures if name not in captions]
    if missing:
        raise ValueError(f"figures without a caption: {', '.join(missing)}")
    known = {plan.id for plan, _ in outlines}
    for entry in entries:
        if entry.claim.section not in known:
            raise ValueError(f"claim {entry.claim.id}: no section {entry.claim.section!r} in the report")
    return Report(
        tuple(
            Section(
                plan.id,
                plan.title,
                tuple(entry for entry in entries if entry.claim.section == plan.id),
                tuple((name, captions[name]) for name in (*plan.figures, *plan.optional) if name in captions),
                tuple(parts(tables)),
            )
            for plan, parts in outlines
        ),
        opening,
        {entry.claim.id: settings_part(tables["theory"], entry.verdict.row) for entry in entries if entry.verdict.row},
    )
