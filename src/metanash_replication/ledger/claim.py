"""A claim of the paper, or of what came after it; how it is tested, and what is behind its verdict."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from metanash_replication.ledger.rules import Judge, Verdict
from metanash_replication.ledger.words import KINDS, words_of

__all__ = ["AFTER", "Claim", "Runs", "deciding_runs", "runs_behind"]

AFTER = "After the paper"
"""How the place of a claim begins that the paper does not make: articles leave it out."""
Runs = Mapping[str, Mapping[str, Any]]
"""Files of measurements, relative to the folder of results, and what each is about: names to values."""


@dataclass(frozen=True)
class Claim:
    r"""One checkable claim.

    Attributes
    ----------
    id : str
        Letters, digits and hyphens; never changes, since pages and commands refer to it.
    kind : str
        One of :data:`metanash_replication.ledger.words.KINDS`, which decides the words that it can have.
    place : str
        Where the paper says so; :data:`AFTER` and another source, where another one does.
    statement, tested : str
        In our words; mathematics in LaTeX between dollar signs. No measured number: those are in the verdict.
    judge : callable
        Tables to a verdict, made by a rule of :mod:`metanash_replication.ledger.rules`.
    plain : mapping from str to str
        For each word that can be said of it a sentence in plain words, with facts of the verdict in braces.
    figures, tables : tuple of str
        Names without folder and ending.
    runs : tuple of str
        Patterns of the files of measurements behind it, relative to the folder of results.
    needs : tuple of str
        Tables, beside ``tables``, that not every configuration makes; without them the claim is not tested.
    section : str
        Section of the report that has its verdict, which the topic's plan knows.
    """

    id: str
    kind: str
    place: str
    statement: str
    tested: str
    judge: Judge
    plain: Mapping[str, str]
    figures: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    section: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.id):
            raise ValueError(f"claim id {self.id!r} must be lower-case letters and digits joined by hyphens")
        if self.kind not in KINDS:
            raise ValueError(f"claim {self.id}: kind {self.kind!r} is none of {', '.join(KINDS)}")
        unknown = [word for word in self.plain if word not in words_of(self.kind)]
        if unknown or not self.plain:
            raise ValueError(
                f"claim {self.id}: plain sentences are for words of a {self.kind}, {', '.join(words_of(self.kind))}; "
                f"found {', '.join(unknown) or 'none'}"
            )
        if self.statement.count("$") % 2 or self.tested.count("$") % 2:
            raise ValueError(f"claim {self.id}: a dollar sign has no partner")

    @property
    def of_the_paper(self) -> bool:
        """Whether the paper makes it."""
        return not self.place.startswith(AFTER)


def runs_behind(claim: Claim, runs: Runs) -> dict[str, Mapping[str, Any]]:
    """Those of the files that the patterns of a claim match, sorted, with what each is about."""
    return {run: runs[run] for run in sorted(runs) if any(fnmatch(run, pattern) for pattern in claim.runs)}


def deciding_runs(verdict: Verdict, behind: Runs) -> list[str]:
    """Of the files behind a claim, those that the deciding row of a table was made from.

    A row of ``theory.csv`` names them. For another table they are those that are about nothing else than the row: where
    a file and a column of the row are about the same thing, they agree.
    """
    if verdict.files:
        return [run for run in behind if run in verdict.files]
    place = {name: str(value) for name, value in verdict.place.items()}
    return [
        run for run, about in behind.items() if all(place.get(name, str(at)) == str(at) for name, at in about.items())
    ]
