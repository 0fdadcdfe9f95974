"""What a search runs on, so that one that was cut off is not resumed by another library."""

import ast
import hashlib
import inspect
import itertools
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from types import FunctionType

import numpy as np
import scipy

from metanash import kernels
from metanash_replication.falsification.falsifiable import Falsifiable

__all__ = ["library", "sources_digest"]

_SOURCES = Path(__file__).parents[2]
_PACKAGES = ("metanash", "metanash_replication")
_IMPORT = re.compile(
    r"(?:^|[;:])[ \t]*from[ \t]+((?:metanash|metanash_replication)\b[^\n(]*(?:\([^)]*\))?)", re.MULTILINE
)


def _file(part: str) -> Path | None:
    path = _SOURCES.joinpath(*part.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def _statements(text: str) -> Iterator[ast.ImportFrom]:
    """What is imported from this project: each statement is read by itself, which takes a tenth of reading the file.

    A line of a docstring that is such a statement counts too. Where one cannot be read by itself, the file is.
    """
    found = (ast.parse(match.expand(r"from \1")) for match in _IMPORT.finditer(text))
    try:
        trees = list(found)
    except SyntaxError:  # a statement with brackets in its comments, or one that goes on after a backslash
        trees = [ast.parse(text)]
    for node in itertools.chain.from_iterable(map(ast.walk, trees)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in _PACKAGES:
            yield node


def _imported(file: Path) -> Iterator[str]:
    """Modules of this project that a file imports, and what may be names in them."""
    for node in _statements(file.read_text(encoding="utf-8")):
        yield str(node.module)
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def sources_digest() -> str:
    """First 16 hexadecimal digits of the SHA-256 of this package and of all that it imports of this project.

    It depends on the names and contents of the files, not on where they are; the C kernels have a digest of their own.
    """
    found: dict[str, Path] = {}
    queue = ["metanash_replication.falsification"]
    for part in queue:
        file = _file(part) if part not in _PACKAGES else None
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


def _claim_digest(claim: Falsifiable) -> str:
    """Digest of a claim's functions, as far as they are no part of this project or were made with numbers."""
    texts = []
    for function in filter(inspect.isfunction, (getattr(claim, field.name) for field in fields(claim))):
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        texts.append(repr([value for value in cells if isinstance(value, (int, float, str))]))
        if not function.__module__.startswith(tuple(f"{package}." for package in _PACKAGES)):
            texts.append(_code(function))
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:16]


def library(claim: Falsifiable) -> dict[str, str]:
    """What decides about the numbers of a search, besides its settings."""
    return {
        "sources": sources_digest(),
        "functions of the claim": _claim_digest(claim),
        "kernels": f"{kernels.backend} {kernels.instruction_set} {kernels.source_digest()}",
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }
