"""What the report opens with: three sentences of conclusion, and what is wrong, replicates and does not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from metanash_replication.ledger import Entry
from metanash_replication.ledger.cited import cited, number
from metanash_replication.ledger.words import EXPERIMENT, SENTENCE, THEOREM

__all__ = ["MOST", "Line", "Opening", "Subjects", "open_with"]

MOST = 5
"""Lines of each list, at the most."""


@dataclass(frozen=True)
class Line:
    """One sentence about a claim, whose numbers are citations (:mod:`metanash_replication.ledger.cited`)."""

    claim_id: str
    text: str


@dataclass(frozen=True)
class Opening:
    """The first screen.

    Attributes
    ----------
    conclusion : tuple of str
        Three plain sentences.
    wrong, replicates, does_not : tuple of Line
        What is wrong in the paper, what replicates, and what does not, or only in part.
    """

    conclusion: tuple[str, str, str]
    wrong: tuple[Line, ...]
    replicates: tuple[Line, ...]
    does_not: tuple[Line, ...]


@dataclass(frozen=True)
class Subjects:
    """What the conclusions name, which the paper decides: ids of claims, each with its name in a sentence.

    Attributes
    ----------
    theorems : sequence of (str, str)
        Main results.
    speed_ups : sequence of (str, str)
        Games in which the paper shows that meta-learning is faster.
    cause : str
        The claim that tells why some of it does not replicate.
    reasons : mapping from str to str
        By the word for that claim a clause on why, with facts of its verdict in braces.
    """

    theorems: Sequence[tuple[str, str]]
    speed_ups: Sequence[tuple[str, str]]
    cause: str
    reasons: Mapping[str, str]


def _list(names: Sequence[str]) -> str:
    """Names in a sentence: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _one_or_more(names: Sequence[str], one: str, more: str) -> str:
    return f"{_list(names)} {one if len(names) == 1 else more}"


def _named(entries: dict[str, Entry], subjects: Sequence[tuple[str, str]], words: set[str]) -> list[str]:
    return [cited(name, "claims.csv") for id_, name in subjects if id_ in entries and entries[id_].word in words]


def _theorems(entries: dict[str, Entry], subjects: Subjects) -> str:
    """What became of the main results."""

    def named(*words: str) -> list[str]:
        return _named(entries, subjects.theorems, set(words))

    parts = [
        _one_or_more(named(*words), one, more)
        for words, one, more in (
            (("holds",), "holds in every run", "hold in every run"),
            (("violated as printed",), "is false as printed, and holds in every run once repaired",
             "are false as printed, and hold in every run once repaired"),
            (("violated",), "is false", "are false"),
            (("vacuous",), "is too weak to say anything here", "are too weak to say anything here"),
            (("open",), "stays open", "stay open"),
        )
        if named(*words)
    ]  # fmt: skip
    return f"{'; '.join(parts)}."


def _speed_ups(entries: dict[str, Entry], subjects: Subjects) -> str:
    """Where meta-learning is faster than learning each game alone."""

    def named(*words: str) -> list[str]:
        return _named(entries, subjects.speed_ups, set(words))

    clauses = [
        f"{clause} in {_list(names)}"
        for word, clause in (
            ("replicated", "yes"),
            ("partly replicated", "only for some gaps"),
            ("not replicated", "no"),
            ("open", "not decided"),
        )
        if (names := named(word))
    ]
    told = "Whether meta-learning is at least twice as fast as learning each game alone, as Figure 1 shows it"
    return f"{told}: {'; '.join(clauses)}."


def _counts(entries: Sequence[Entry], cause: Entry, reasons: Mapping[str, str]) -> str:
    """How many of the experiments and sentences of the paper replicate, and why some do not."""
    told = [entry for entry in entries if entry.claim.of_the_paper and entry.claim.kind in {EXPERIMENT, SENTENCE}]

    def count(word: str) -> str:
        return number(sum(entry.word == word for entry in told), "d", "claims.csv")

    reason = reasons.get(cause.word, "").format_map(cause.verdict.facts)
    left = f", and {count('open')} stay open" if any(entry.word == "open" for entry in told) else ""
    whole = number(len(told), "d", "claims.csv")
    return (
        f"Of {whole} experiments and sentences of the text {count('replicated')} replicate, "
        f"{count('partly replicated')} do in part, {count('not replicated')} do not{left}{reason}."
    )


def open_with(entries: Sequence[Entry], order: Sequence[str], subjects: Subjects) -> Opening:
    """The first screen from verdicts.

    A false theorem, and a sentence of the text that does not replicate, is wrong; a theorem that holds, an experiment
    or sentence that replicates, replicates; an experiment that does not, or anything that does in part, does not.

    Parameters
    ----------
    entries : sequence of Entry
    order : sequence of str
        Ids of the claims that may stand on it, those that matter most first.
    subjects : Subjects

    Raises
    ------
    ValueError
        If the order names a claim that there is not.
    """
    by_id = {entry.claim.id: entry for entry in entries}
    unknown = [name for name in (*order, subjects.cause) if name not in by_id]
    if unknown:
        raise ValueError(f"the opening names a claim that there is not: {unknown[0]}")
    chosen = [by_id[name] for name in order]

    def lines(belongs: Callable[[Entry], bool]) -> tuple[Line, ...]:
        return tuple(Line(entry.claim.id, entry.plain) for entry in chosen if belongs(entry))[:MOST]

    counts = _counts(entries, by_id[subjects.cause], subjects.reasons)
    return Opening(
        (_theorems(by_id, subjects), _speed_ups(by_id, subjects), counts),
        lines(_is_wrong),
        lines(lambda entry: entry.word in {"holds", "replicated"}),
        lines(lambda entry: not _is_wrong(entry) and entry.word in {"partly replicated", "not replicated"}),
    )


def _is_wrong(entry: Entry) -> bool:
    if entry.claim.kind == THEOREM:
        return entry.word in {"violated", "violated as printed"}
    return entry.claim.kind == SENTENCE and entry.word == "not replicated"
