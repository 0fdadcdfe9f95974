"""The source files that a job runs, so that an edit makes anew what depends on it, and nothing else.

Snakemake compares the inputs of a job with those of before, so each rule names its sources as inputs. They follow from
the imports, which are read and not carried out: an import would take a second at every start of Snakemake, and needs
kernels that may be about to be built.
"""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

__all__ = ["PACKAGES", "imported", "keys_of", "notebook_imports", "source_file", "sources"]

PACKAGES = ("metanash", "metanash_replication")
ROOT = Path(__file__).resolve().parents[2]
TOPICS = "metanash_replication.topics"
BY_NAME = "TOPIC_PARTS"
"""In a module of the project: the modules of each topic that it imports by their names, where no import says so."""

_AT_A_LINE = re.compile(r"^[ \t]*((?:from|import)\b[^\n(]*(?:\([^)]*\))?)", re.MULTILINE)
_IN_A_LINE = re.compile(r"[:;][ \t]*(?:from|import)\b")


@cache
def source_file(name: str) -> Path | None:
    """File of a module of this project by its full name; None for anything else."""
    path = ROOT.joinpath("src", *name.split("."))
    if name.split(".", maxsplit=1)[0] not in PACKAGES:
        return None
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def imported(code: str) -> set[str]:
    """Modules of this project that a text imports.

    A package that is imported as a whole stands for all that it passes on. What is imported from one of ``PACKAGES``
    does not: else each module of the library would depend on all that ``metanash`` offers.
    """
    return {name for name in _named(_imports_of(code)) if source_file(name)}


def _imports_of(code: str) -> ast.Module:
    """The tree of the import statements of a text; of all of it where their lines are not told by how they begin.

    To parse all lines of all modules would be a fifth of each start of Snakemake.
    """
    found = [*_AT_A_LINE.finditer(code)]
    in_strings = any(code.count('"""', 0, one.start()) % 2 for one in found)
    if not (in_strings or "'''" in code or _IN_A_LINE.search(code)):
        try:
            return ast.parse("\n".join(one[1] for one in found))
        except SyntaxError:  # a sentence, or half a statement
            pass
    return ast.parse(code)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Statements below a node, however deep; their expressions, most of a tree, import nothing."""
    for block in ("body", "orelse", "finalbody", "handlers", "cases"):
        for one in getattr(node, block, ()):
            yield one
            yield from _statements(one)


def _named(tree: ast.Module) -> Iterator[str]:
    for node in _statements(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module not in PACKAGES:
                yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@cache
def _imported_by(name: str) -> set[str]:
    file = source_file(name)
    if not file:
        return set()
    text = file.read_text()
    return imported(text) | (_imported_by_name(ast.parse(text)) if BY_NAME in text else set())


def _imported_by_name(tree: ast.Module) -> set[str]:
    """Modules of all topics of which a module says that it imports them by their names."""
    said = [node.value for node in tree.body if isinstance(node, ast.Assign) and _name(node.targets[0]) == BY_NAME]
    parts = [part for value in said for part in ast.literal_eval(value)]
    files = (file for part in parts for file in (ROOT / "src" / TOPICS.replace(".", "/")).glob(f"*/{part}.py"))
    return {f"{TOPICS}.{file.parent.name}.{file.stem}" for file in files}


def _name(target: ast.expr) -> str:
    return target.id if isinstance(target, ast.Name) else ""


def sources(*names: str) -> list[str]:
    """Files of these modules and of all that they import, sorted."""
    seen: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name not in seen and source_file(name):
            seen.add(name)
            queue += _imported_by(name)
    return sorted(file.relative_to(ROOT).as_posix() for file in map(source_file, seen) if file)


def notebook_imports(name: str) -> set[str]:
    """Modules of this project that the cells of a notebook import."""
    cells = json.loads((ROOT / f"notebooks/{name}.ipynb").read_text())["cells"]
    return imported("\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"))


def keys_of(module: str, registry: str) -> list[str]:
    """Keys of a dictionary that a module spells out.

    Raises
    ------
    ValueError
        If there is none of this name.
    """
    file = source_file(module)
    for node in ast.parse(file.read_text() if file else "").body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == registry:
            return [ast.literal_eval(key) for key in getattr(node.value, "keys", [])]
    raise ValueError(f"{module} has no {registry}")
