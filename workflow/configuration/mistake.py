"""A mistake of a configuration."""

from dataclasses import dataclass
from typing import Any

__all__ = ["Mistake", "Place"]

Place = tuple[Any, ...]


@dataclass(frozen=True)
class Mistake:
    """Keys that lead to an entry, what is wrong with it, and where it stands if that is known already."""

    path: Place
    words: str
    where: str = ""
