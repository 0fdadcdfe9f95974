"""Search for counterexamples: instances on which the left side of a claim exceeds the right one, or comes near.

:data:`FALSIFIABLE` has the claims; :func:`search` looks, :func:`replay` evaluates what was found again. See
``docs/falsification.md``.
"""

from metanash_replication.falsification.cube import Cube
from metanash_replication.falsification.falsifiable import Falsifiable, Sides, Size, as_claimed_but
from metanash_replication.falsification.registry import FALSIFIABLE
from metanash_replication.falsification.rounds import Settings
from metanash_replication.falsification.runs import Finding, Result, replay, search

__all__ = [
    "FALSIFIABLE",
    "Cube",
    "Falsifiable",
    "Finding",
    "Result",
    "Settings",
    "Sides",
    "Size",
    "as_claimed_but",
    "replay",
    "search",
]
