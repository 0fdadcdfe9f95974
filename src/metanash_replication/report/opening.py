"""What the report opens with: three sentences of conclusion, and what is wrong, replicates and does not."""

from dataclasses import dataclass

__all__ = ["Line", "Opening"]


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
        What is wrong in the paper, what replicates, and what does not.
    """

    conclusion: tuple[str, str, str]
    wrong: tuple[Line, ...]
    replicates: tuple[Line, ...]
    does_not: tuple[Line, ...]
