"""The sections of the report, in order, and what all pages are rendered from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from metanash_replication.ledger import Entry, judge_all
from metanash_replication.ledger.rules import VERDICTS, Tables
from metanash_replication.report.content import Part

__all__ = ["Plan", "Report", "Section", "assemble"]


@dataclass(frozen=True)
class Plan:
    """A section: its claims are those that name it, ``parts`` makes its tables.

    It is left out where a table of ``needs`` is missing; a figure of ``optional`` where it has no caption.
    """

    id: str
    title: str
    figures: tuple[str, ...]
    parts: Callable[[Tables], Sequence[Part]]
    needs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


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
    """What pages are rendered from."""

    sections: tuple[Section, ...]

    @property
    def entries(self) -> list[Entry]:
        """All claims, in the order of the sections."""
        return [entry for section in self.sections for entry in section.entries]

    @property
    def counts(self) -> dict[str, int]:
        """How many claims have each verdict."""
        names = [entry.verdict.name for entry in self.entries]
        return {name: names.count(name) for name in VERDICTS}

    @property
    def headlines(self) -> list[Entry]:
        """The claims of ``HEADLINES``."""
        by_id = {entry.claim.id: entry for entry in self.entries}
        return [by_id[name] for name in HEADLINES]


def assemble(
    tables: Tables, runs: Sequence[str], captions: Mapping[str, str], plans: Sequence[Plan] = SECTIONS
) -> Report:
    """Judge all claims and make all tables.

    Parameters
    ----------
    tables : mapping from str to DataFrame
        Tables by the names of their files.
    runs : sequence of str
        Files of measurements, relative to the folder of results.
    captions : mapping from str to str
        A caption for each figure.

    Raises
    ------
    ValueError
        If a claim names a section that there is not, or a figure has no caption.
    """
    plans = [plan for plan in plans if all(name in tables for name in plan.needs)]
    missing = [name for plan in plans for name in plan.figures if name not in captions]
    if missing:
        raise ValueError(f"figures without a caption: {', '.join(missing)}")
    entries = judge_all(tables, runs)
    known = {plan.id for plan in plans}
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
                tuple(plan.parts(tables)),
            )
            for plan in plans
        )
    )
