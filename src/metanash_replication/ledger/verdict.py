"""The verdict that tables give on a claim; how it is told depends on the kind of claim (:mod:`.words`)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "HOLDS",
    "INCONCLUSIVE",
    "NOT_TESTED",
    "REPAIRED",
    "SCALES",
    "VACUOUS",
    "VERDICTS",
    "VIOLATED",
    "Mark",
    "Verdict",
]

HOLDS = "holds"
VACUOUS = "vacuous"
REPAIRED = "violated as printed"
VIOLATED = "violated"
INCONCLUSIVE = "inconclusive"
NOT_TESTED = "not tested"
VERDICTS = (HOLDS, VACUOUS, REPAIRED, VIOLATED, INCONCLUSIVE, NOT_TESTED)


SCALES = {
    "bound": "left side / right side",
    "gap": "gap with / without meta-learning",
    "speed": "iterations with meta-learning / half of those without",
    "rate": "claimed rate / measured rate",
    "growth": "misfit of log T / misfit of a power of T",
    "comparison": "measured / allowed",
    "share": "one half / share of cases",
    "fall": "fall that is not excluded / allowed fall",
    "exponent": "measured growth / claimed growth",
    "half": "gap at the end / half of that at the start",
}
"""What each ratio of the map is of, by a short name."""


@dataclass(frozen=True)
class Mark:
    """A place of the map of claims: a ratio, above 1 where it contradicts the claim, with an interval if there is one.

    Attributes
    ----------
    form : str
        ``printed`` or ``repaired``.
    name : str
        The form of the bound, or the arm.
    value, low, high : float
        Ratio and ends of its interval, not a number where there is none.
    scale : str
        What it is of: a key of ``SCALES``.
    """

    form: str
    name: str
    value: float
    low: float = math.nan
    high: float = math.nan
    scale: str = "bound"

    def __post_init__(self) -> None:
        if self.form not in {"", "printed", "repaired"}:
            raise ValueError(f"form {self.form!r} of a mark is neither printed nor repaired")
        if self.scale and self.scale not in SCALES:
            raise ValueError(f"scale {self.scale!r} of a mark is none of {', '.join(SCALES)}")


@dataclass(frozen=True)
class Verdict:
    """The verdict that the tables give on a claim.

    Attributes
    ----------
    name : str
        One of ``VERDICTS``.
    result : str
        Sentences, the first of which may stand alone; their numbers are citations
        (:mod:`metanash_replication.ledger.cited`).
    worst : str
        The setting that decided, as its table names it; empty where there is none.
    row : str
        The name of the claim in ``theory.csv``, if that is where the setting is from.
    files : tuple of str
        Files of measurements that the setting was measured in, where the table knows them.
    place : mapping from str to value
        Columns of the deciding row, where the table does not.
    fitting, cases : int
        In how many cases it is clearly as the claim says, and of how many; 0 where cases are not counted.
    facts : mapping from str to str
        Numbers by name, as citations, for the claim's plain sentence.
    marks : tuple of Mark
        Of the map of claims.
    """

    name: str
    result: str
    worst: str = ""
    row: str = ""
    files: tuple[str, ...] = ()
    place: Mapping[Any, Any] = field(default_factory=dict)
    fitting: int = 0
    cases: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in VERDICTS:
            raise ValueError(f"verdict {self.name!r} is none of {', '.join(VERDICTS)}")
        if not 0 <= self.fitting <= self.cases:
            raise ValueError(f"{self.fitting} of {self.cases} cases fit")

    @property
    def headline(self) -> str:
        """The first sentence of the result."""
        return self.result.split(". ", maxsplit=1)[0].removesuffix(".") + "."
