"""A claim of the paper, how it is tested, and what is behind its verdict."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from metanash_replication.ledger.rules import Judge

__all__ = ["Claim", "closest_runs", "runs_behind"]

_ALIASES = {
    "counterexamples": ("two states", "coupled players"),
    "small step": ("learning rate",),
    "two sided": ("two sided burn in",),
    "schedules": ("long runs",),
    "constant ratios": ("random points",),
}
"""Names of measurements that settings call otherwise."""


@dataclass(frozen=True)
class Claim:
    r"""One checkable claim.

    Attributes
    ----------
    id : str
        Letters, digits and hyphens; never changes, since pages and commands refer to it.
    section : str
        Section of the report that has its verdict (:data:`metanash_replication.report.assembly.SECTIONS`).
    place : str
        Where the paper says so.
    statement, tested : str
        In our words; mathematics in LaTeX between dollar signs. No measured number: those are in the verdict.
    judge : callable
        Tables to a verdict, made by a rule of :mod:`metanash_replication.ledger.rules`.
    figures, tables : tuple of str
        Names without folder and ending.
    runs : tuple of str
        Patterns of the files of measurements behind it, relative to the folder of results.
    needs : tuple of str
        Tables, beside ``tables``, that not every configuration makes; without them the claim is not tested.
    """

    id: str
    section: str
    place: str
    statement: str
    tested: str
    judge: Judge
    figures: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.id):
            raise ValueError(f"claim id {self.id!r} must be lower-case letters and digits joined by hyphens")
        if self.statement.count("$") % 2 or self.tested.count("$") % 2:
            raise ValueError(f"claim {self.id}: a dollar sign has no partner")


def runs_behind(claim: Claim, runs: Iterable[str]) -> list[str]:
    """Those of the files that the patterns of a claim match, sorted."""
    return sorted(run for run in runs if any(fnmatch(run, pattern) for pattern in claim.runs))


def _words(text: str) -> str:
    return re.sub(r"[-_]", " ", re.sub(r"(?<=[A-Z])=", "", text)).lower()


def _likeness(setting: str, run: str) -> int:
    """How well the name of a file of measurements fits a setting: what was done, then on what."""
    head, *rest = [_words(part).strip() for part in setting.split(",")]
    *folders, file = run.removesuffix(".npz").split("/")
    names = [_words(name) for name in (*folders, file)]
    done = any(head.startswith(form) for name in names for form in (name, *_ALIASES.get(name, ())))
    parts = [_words(part) for part in (*folders, *file.split("-"))]
    return 100 * done + sum(part in rest or (not done and part == head) for part in parts)


def closest_runs(setting: str, runs: Sequence[str]) -> list[str]:
    """Of the files behind a claim, those whose names share most with a setting; all where none shares anything."""
    scores = {run: _likeness(setting, run) for run in runs}
    best = max(scores.values(), default=0)
    return [run for run in runs if scores[run] == best]
