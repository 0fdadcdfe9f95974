"""The sections of the report, in order, and what all pages are rendered from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from metanash.ledger import Entry, judge_all
from metanash.ledger.rules import VERDICTS, Tables
from metanash.report import counterexamples, general_sum, larger_tasks, potential, simulations, zero_sum
from metanash.report.content import Part

__all__ = ["HEADLINES", "SECTIONS", "Plan", "Report", "Section", "assemble"]

HEADLINES = (
    "figure-1a-pure",
    "figure-1a-mixed",
    "figure-1b-team",
    "theorem-1",
    "proposition-1",
    "theorem-5",
    "best-responses",
    "larger-tasks-poker",
)
"""Claims whose results open the report."""


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


SECTIONS = (
    Plan(
        "figure-1",
        "Figure 1: simulations",
        ("figure1a", "figure1b", "figure1b_theory", "figure1c", "sensitivity_zero_sum", "sensitivity_potential"),
        simulations.parts,
    ),
    Plan(
        "theorem-1",
        "Theorem 1: one zero-sum game",
        ("theorem1_bounds", "theorem1_slopes", "theorem1_defects", "theorem1_chain"),
        zero_sum.theorem_1,
    ),
    Plan("theorem-2", "Theorem 2: sequences of zero-sum games", ("theorem2_benefit",), zero_sum.theorem_2),
    Plan(
        "proposition-1",
        "Proposition 1: one potential game",
        ("proposition1_rates", "proposition1_violations", "proposition1_steps"),
        potential.proposition_1,
    ),
    Plan("theorem-3", "Theorem 3: sequences of potential games", ("theorem3_benefit",), potential.theorem_3),
    Plan(
        "theorem-4",
        "Theorem 4: MAML in potential games",
        ("theorem4_norms", "maml_adaptation", "maml_inner_loop"),
        potential.theorem_4,
    ),
    Plan("theorem-5", "Theorem 5: one general-sum game", ("theorem5_bounds", "theorem5_slopes"), general_sum.theorem_5),
    Plan("theorem-6", "Theorem 6: sequences of general-sum games", ("theorem6_benefit",), general_sum.theorem_6),
    Plan(
        "larger-tasks",
        "Appendix F: larger tasks",
        ("appendix_poker", "appendix_tracking"),
        larger_tasks.parts,
        optional=("growth",),
    ),
    Plan("counterexamples", "Counterexamples", ("falsification", "worst_instances"), counterexamples.parts),
    Plan("own-games", "Your own games", ("own_games",), larger_tasks.own_parts, needs=("own_games",)),
)


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
