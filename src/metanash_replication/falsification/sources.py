"""What a search runs on, so that one that was cut off is not resumed by another library."""

import ast
import hashlib
import inspect
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from types import FunctionType

import numpy as np
import scipy

from metanash import kernels
from metanash.falsify.claims import Claim

__all__ = ["library", "sources_digest"]

_PACKAGE = Path(__file__).parents[1]


def _file(part: str) -> Path | None:
    path = _PACKAGE.joinpath(*part.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def _imported(file: Path) -> Iterator[str]:
    """Parts of metanash, without the package's name, that a file imports."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "metanash":
            inside = (node.module or "").split(".")[1:]
            yield ".".join(inside)
            yield from (".".join([*inside, alias.name]) for alias in node.names)


@cache
def sources_digest() -> str:
    """First 16 hexadecimal digits of the SHA-256 of ``metanash.falsify`` and of all of metanash that it imports.

    It depends on the names and contents of the files, not on where they are; the C kernels have a digest of their own.
    """
    found: dict[str, Path] = {}
    queue = ["falsify"]
    for part in queue:
        file = _file(part) if part else None
        if file and part not in found:
            found[part] = file
            queue += _imported(file)
    whole = hashlib.sha256()
    for part in sorted(found):
        whole.update(f"{part} {hashlib.sha256(found[part].read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()[:16]


def _code(function: FunctionType) -> str:
    try:
        return inspect.getsource(function)
    except OSError:  # typed at a prompt
        code = function.__code__
        return repr((code.co_code, code.co_names, [value for value in code.co_consts if not inspect.iscode(value)]))


def _claim_digest(claim: Claim) -> str:
    """Digest of a claim's functions, as far as they are no part of metanash or were made with numbers."""
    texts = []
    for function in filter(inspect.isfunction, (getattr(claim, field.name) for field in fields(claim))):
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        texts.append(repr([value for value in cells if isinstance(value, (int, float, str))]))
        if not function.__module__.startswith("metanash."):
            texts.append(_code(function))
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:16]


def library(claim: Claim) -> dict[str, str]:
    """What decides about the numbers of a search, besides its settings."""
    return {
        "sources": sources_digest(),
        "functions of the claim": _claim_digest(claim),
        "kernels": f"{kernels.backend} {kernels.instruction_set} {kernels.source_digest()}",
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }
