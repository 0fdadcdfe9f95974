"""The claims ledger: what the paper asserts, how it was tested, and the verdict that the tables give.

A claim is one entry of the list ``CLAIMS`` of the module ``claims`` of a topic
(:mod:`metanash_replication.topics`). Verdicts are computed by the rules of :mod:`~metanash_replication.ledger.rules`,
never typed, and told in the words of :mod:`~metanash_replication.ledger.words`. Needs pandas (extra ``pipeline``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.claim import Claim, Runs, deciding_runs, runs_behind
from metanash_replication.ledger.rules import INCONCLUSIVE, NOT_TESTED, Verdict, not_tested
from metanash_replication.ledger.words import word_of
from metanash_replication.typing import Tables

__all__ = ["Entry", "judge_all", "ledger_table"]

_ABSENT = (
    "This configuration does not measure it, since times differ from run to run and default results are the same bytes "
    "everywhere; the deep one does."
)


@dataclass(frozen=True)
class Entry:
    """A claim with its verdict and the files behind it, relative to the folder of results; worst ones apart."""

    claim: Claim
    verdict: Verdict
    runs: tuple[str, ...]
    worst_runs: tuple[str, ...]

    @property
    def word(self) -> str:
        """What is said of the claim: see :mod:`metanash_replication.ledger.words`."""
        return word_of(self.claim.kind, self.verdict)

    @property
    def plain(self) -> str:
        """The claim's plain sentence for its word, whose numbers are citations.

        Raises
        ------
        ValueError
            If the claim has none for this word, or one that names a fact which the verdict has not.
        """
        try:
            return self.claim.plain[self.word].format_map(self.verdict.facts)
        except KeyError as error:
            raise ValueError(f"claim {self.claim.id}: no plain sentence if it is {self.word!r}: {error}") from error

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables behind the verdict."""
        return self.claim.tables + (self.claim.needs if self.verdict.name != NOT_TESTED else ())


def judge_all(tables: Tables, runs: Runs, claims: Sequence[Claim]) -> list[Entry]:
    """Verdicts on claims.

    Parameters
    ----------
    tables : mapping from str to DataFrame
        Tables by the names of their files.
    runs : mapping from str to mapping
        Files of measurements there are, relative to the folder of results, and what each is about.

    Raises
    ------
    ValueError
        If two claims have the same id, or one has a verdict but none of the runs that it names.
    """
    ids = [claim.id for claim in claims]
    if len(set(ids)) < len(ids):
        raise ValueError(f"claim ids must differ; twice: {', '.join(sorted({i for i in ids if ids.count(i) > 1}))}")
    entries = []
    for claim in claims:
        own = runs_behind(claim, runs)
        missing = [name for name in claim.needs if name not in tables]
        verdict = not_tested(_ABSENT)(tables) if missing else claim.judge(tables)
        if claim.runs and not own and verdict.name != INCONCLUSIVE:
            raise ValueError(f"claim {claim.id}: no file of measurements matches {' or '.join(claim.runs)}")
        worst = deciding_runs(verdict, own) if verdict.worst else []
        entries.append(Entry(claim, verdict, tuple(own), tuple(worst)))
    return entries


def ledger_table(entries: Sequence[Entry], figures: str) -> pd.DataFrame:
    """``claims.csv``: a row for each claim; files relative to its folder, ``figures`` being that of the figures.

    Columns id, section, kind, place, statement, tested_by, result, verdict (the word for it), plain, worst, worst_row
    (its claim in ``theory.csv``), worst_runs, figures, tables, runs; lists are separated by blanks.
    """
    return pd.DataFrame(
        {
            "id": entry.claim.id,
            "section": entry.claim.section,
            "kind": entry.claim.kind,
            "place": entry.claim.place,
            "statement": entry.claim.statement,
            "tested_by": entry.claim.tested,
            "result": plain(entry.verdict.result),
            "verdict": entry.word,
            "plain": plain(entry.plain),
            "worst": entry.verdict.worst,
            "worst_row": entry.verdict.row,
            "worst_runs": " ".join(entry.worst_runs),
            "figures": " ".join(f"{figures}/{name}.png" for name in entry.claim.figures),
            "tables": " ".join(f"{name}.csv" for name in entry.tables),
            "runs": " ".join(entry.runs),
        }
        for entry in entries
    )
