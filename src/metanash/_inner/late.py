"""Packages that are imported when they are used: SciPy, a sixth of the time of a small command, and other packages."""

import importlib
from typing import Any

__all__ = ["module_of", "scipy"]


class _Late:
    """The package of a name; its parts load when they are asked for."""

    def __init__(self, package: str) -> None:
        self._package = package

    def __getattr__(self, part: str) -> Any:
        return getattr(importlib.import_module(self._package), part)


scipy: Any = _Late("scipy")


def module_of(name: str, package: str) -> Any:
    """A module of a package whose games are to be made. Raises ModuleNotFoundError that says how to install it.

    >>> module_of("json", "json").__name__
    'json'
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"{error}: to make its games, pip install {package}", name=error.name) from error
