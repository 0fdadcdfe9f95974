"""Words of replication: what is said of a claim, by its kind and the verdict that the tables give.

A theorem can be true or false, an experiment can be repeated or not, so they have words of their own. The one table
``WORDS`` is what report, summary and glossary print.
"""

from dataclasses import dataclass

from metanash_replication.ledger.verdict import (
    HOLDS,
    INCONCLUSIVE,
    NOT_TESTED,
    REPAIRED,
    VACUOUS,
    VIOLATED,
    Verdict,
)

__all__ = ["DEFINITION", "EXPERIMENT", "KINDS", "PARTLY", "SENTENCE", "THEOREM", "WORDS", "Word", "word_of", "words_of"]

THEOREM, EXPERIMENT, SENTENCE, DEFINITION = "theorem", "experiment", "sentence", "definition"
KINDS = (THEOREM, EXPERIMENT, SENTENCE, DEFINITION)
"""A theorem, lemma, bound or rate; a simulation of the paper; a sentence of its text; what asserts nothing."""

PARTLY = 0.5
"""Part of the cases that must be as the paper says for *partly replicated*."""


@dataclass(frozen=True)
class Word:
    """A word, the kinds of claims that it is said of, and its rule."""

    name: str
    kinds: tuple[str, ...]
    rule: str


_TOLD = (EXPERIMENT, SENTENCE)
WORDS = (
    Word("holds", (THEOREM,), "no run violates it, and somewhere it says more than is trivially true"),
    Word("vacuous", (THEOREM,), "no run violates it, but nowhere does it say more than is trivially true"),
    Word("violated as printed", (THEOREM,), "some run violates it; a repaired form holds in every run"),
    Word("violated", (THEOREM,), "some run violates it, and every repaired form too, or there is none"),
    Word("replicated", _TOLD, "every case is as the paper says, with an interval where there is chance"),
    Word(
        "partly replicated",
        _TOLD,
        "not every case is, but at least half of them are; or the printed update fails and a repaired one does it",
    ),
    Word("not replicated", _TOLD, "some case clearly contradicts the paper, and fewer than half are as it says"),
    Word(
        "open",
        (THEOREM, EXPERIMENT, SENTENCE),
        "the runs neither show nor refute it, or no run is about it",
    ),
    Word("definition", (DEFINITION,), "asserts nothing that could be false; tests work it out by a second way"),
)
"""All words with their rules, in the order in which pages count them."""

_THEOREM = {HOLDS: "holds", VACUOUS: "vacuous", REPAIRED: "violated as printed", VIOLATED: "violated"}
_OPEN = {INCONCLUSIVE, NOT_TESTED, VACUOUS}


def _replicated(verdict: Verdict) -> str:
    if verdict.name == HOLDS:
        return "replicated"
    some = verdict.cases > 0 and verdict.fitting >= PARTLY * verdict.cases
    if verdict.name == REPAIRED or (some and verdict.name in {VIOLATED, INCONCLUSIVE}):
        return "partly replicated"
    return "open" if verdict.name in _OPEN else "not replicated"


def word_of(kind: str, verdict: Verdict) -> str:
    """The word for a claim of a kind with a verdict; a sentence judged by a bound that says nothing is open.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if kind == DEFINITION:
        return "definition"
    if kind == THEOREM:
        return _THEOREM.get(verdict.name, "open")
    if kind in _TOLD:
        return _replicated(verdict)
    raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")


def words_of(kind: str) -> list[str]:
    """Words that a claim of a kind can have."""
    return [word.name for word in WORDS if kind in word.kinds]
