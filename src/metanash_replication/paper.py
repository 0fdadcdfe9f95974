"""All claims and the whole report, put together from the topics. Needs pandas (extra ``pipeline``)."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from metanash_replication.ledger import Entry, judge_all
from metanash_replication.ledger.claim import Claim, Runs
from metanash_replication.plans import Plan, read_plan
from metanash_replication.report import Outline, Report, Subjects, assemble, open_with
from metanash_replication.topics import TOPICS
from metanash_replication.typing import Tables

__all__ = ["CLAIMS", "OPENING", "OUTLINES", "SUBJECTS", "claims_of", "judged", "outlines_of", "report_of"]

TOPIC_PARTS = ("plan", "claims", "section")
"""Modules of each topic that are imported here by their names; an edit of one makes anew what imports this module."""

OPENING = {
    "theorem-1": "Theorem 1",
    "equation-6": "Theorem 2, equation (6)",
    "proposition-1": "Proposition 1",
    "theorem-5": "Theorem 5",
    "figure-1a-pure": "Figure 1(a), pure equilibria",
    "figure-1a-mixed": "Figure 1(a), mixed equilibria",
    "figure-1b-team": "Figure 1(b), Markov teams",
    "sharper-zero-sum-mixed": "smaller gap, mixed equilibria",
    "better-initialization-zero-sum": "better start, zero-sum games",
    "best-known-rate": "rate 1/T, up to a logarithm",
    "sharper-general-sum": "smaller gap, general-sum games",
    "larger-tasks-poker": "smaller gap, river poker",
    "simulations-potential": "smaller gap, potential games",
    "best-responses": "best responses near equilibria",
    "sharper-bound": "bound (6) below bound (4)",
    "equation-4": "Equation (4)",
    "theorem-3": "Theorem 3",
    "theorem-4": "Theorem 4",
    "equation-11": "Equation (11)",
    "theorem-6": "parts of Theorem 6",
    "potential-metric": "distance between potentials",
    "iterates-converge": "iterates converge",
    "figure-1b-action-independent": "Figure 1(b), other potential games",
    "figure-1c-pure": "Figure 1(c), pure equilibria",
    "simulations-zero-sum": "smaller gap, zero-sum, all rates",
    "sharper-potential": "smaller mean gap, potential games",
    "carry-over-start": "carried policy, a good start",
}
"""Claims that may stand on the first screen, those that matter most first: what is said of them decides the list.
Each with its name in the map of claims."""

SUBJECTS = Subjects(
    theorems=(
        ("theorem-1", "Theorem 1"),
        ("equation-6", "Theorem 2"),
        ("proposition-1", "Proposition 1"),
        ("theorem-3", "Theorem 3"),
        ("theorem-4", "Theorem 4"),
        ("theorem-5", "Theorem 5"),
        ("theorem-6", "the parts of Theorem 6"),
    ),
    speed_ups=(
        ("figure-1a-pure", "zero-sum games with pure equilibria"),
        ("figure-1a-mixed", "zero-sum games with mixed equilibria"),
        ("figure-1b-team", "Markov teams"),
        ("figure-1b-action-independent", "other potential games"),
    ),
    cause="best-responses",
    reasons={
        "partly replicated": (
            "; a weak point is update (5): in games with {base_kind} the best responses in hindsight that it starts "
            "from are far from equilibrium"
        ),
        "not replicated": (
            "; a weak point is update (5): the best responses in hindsight that it starts from are far from equilibrium"
        ),
    },
)
"""What the conclusions name."""


def claims_of(plan: Plan, claims: Sequence[Claim]) -> list[Claim]:
    """Claims of a topic in the order of its plan, each with its section.

    Raises
    ------
    ValueError
        If the plan names a claim that there is not, or a claim is not in the plan.
    """
    by_id = {claim.id: claim for claim in claims}
    for names, others, words in (
        (plan.claims, by_id, "is in the plan, and no claim of the module claims has this id"),
        (by_id, plan.claims, "is in the module claims, and no section of the plan names it"),
    ):
        missing = [name for name in names if name not in others]
        if missing:
            raise ValueError(f"claim {missing[0]!r} {words}")
    return [replace(by_id[name], section=section.id) for section in plan.sections for name in section.claims]


def outlines_of(plan: Plan, topic: str) -> list[Outline]:
    """Sections of a topic's plan, each with the function of its module ``section`` that makes its tables."""
    module = importlib.import_module(f"metanash_replication.topics.{topic}.section")
    return [(section, module.PARTS[section.id]) for section in plan.sections]


def _all() -> tuple[list[Claim], list[Outline]]:
    claims: list[Claim] = []
    outlines: list[Outline] = []
    for topic in TOPICS:
        plan = read_plan(topic)
        if plan.claims:
            module = importlib.import_module(f"metanash_replication.topics.{topic}.claims")
            claims += claims_of(plan, module.CLAIMS)
        if plan.sections:
            outlines += outlines_of(plan, topic)
    return claims, sorted(outlines, key=lambda outline: not outline[0].opens)


CLAIMS, OUTLINES = _all()
"""Claims in the order of the paper, and sections in that of the report."""


def judged(tables: Tables, runs: Runs) -> list[Entry]:
    """Verdicts on all claims: see :func:`metanash_replication.ledger.judge_all`."""
    return judge_all(tables, runs, CLAIMS)


def report_of(tables: Tables, runs: Runs, captions: Mapping[str, str]) -> Report:
    """The whole report: see :func:`metanash_replication.report.assemble`."""
    entries = judged(tables, runs)
    return assemble(OUTLINES, entries, tables, captions, open_with(entries, list(OPENING), SUBJECTS))
