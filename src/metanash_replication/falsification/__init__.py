"""Search for counterexamples: instances on which the left side of a claim exceeds the right one, or comes near.

:data:`FALSIFIABLE` has the claims; :func:`search` looks, :func:`replay` evaluates what was found again. See
``docs/falsify.md``.
"""

from metanash.falsify.claims import Claim, Sides, Size, as_claimed_but
from metanash.falsify.cube import Cube
from metanash.falsify.registry import FALSIFIABLE
from metanash.falsify.rounds import Settings
from metanash.falsify.runs import Finding, Result, replay, search

__all__ = [
    "FALSIFIABLE",
    "Claim",
    "Cube",
    "Finding",
    "Result",
    "Settings",
    "Sides",
    "Size",
    "as_claimed_but",
    "replay",
    "search",
]
