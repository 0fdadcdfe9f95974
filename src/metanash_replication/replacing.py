"""Replace a function of another package for as long as it is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["replaced"]


@contextmanager
def replaced(owner: Any, name: str, function: Any) -> Iterator[None]:
    """Have ``owner.name`` be another function inside the context.

    Raises
    ------
    AttributeError
        If there is none to replace.
    """
    before = getattr(owner, name)
    setattr(owner, name, function)
    try:
        yield
    finally:
        setattr(owner, name, before)
