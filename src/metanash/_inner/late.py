"""SciPy, imported when the first of its parts is used: a sixth of the time that a small command takes."""

import importlib
from typing import Any

__all__ = ["scipy"]


class _Late:
    """The package of a name; its parts load when they are asked for."""

    def __init__(self, package: str) -> None:
        self._package = package

    def __getattr__(self, part: str) -> Any:
        return getattr(importlib.import_module(self._package), part)


scipy: Any = _Late("scipy")
