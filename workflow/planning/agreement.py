"""Whether the plans of the topics agree with each other, with the configuration, and with the modules beside them.

Looked at before anything runs, since a name that is nowhere would otherwise be found out by the last job of a long run.
Modules are read and not imported, as in ``sources``.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from metanash_replication.plans import Config, Measurement, Plan, setting

__all__ = ["disagreements"]

ROOT = Path(__file__).resolve().parents[2]
_TOPICS = "src/metanash_replication/topics"
_OF_ALL = ("theory", "claims")
"""Tables that are of no topic."""


def disagreements(plans: Mapping[str, Plan], config: Config) -> list[str]:
    """Every disagreement in a line: file, name, what is missing, and the fix.

    Parameters
    ----------
    plans : mapping from str to Plan
        Of all topics, also of those that the configuration does not ask for.
    config : mapping
    """
    tables = {table.name for plan in plans.values() for table in plan.tables} | {*_OF_ALL}
    figures = {figure.name for plan in plans.values() for figure in plan.figures}
    found = list(_twice(plans))
    for topic, plan in plans.items():
        each = [
            *(_settings(plan, config) if plan.is_present(config) else ()),
            *_functions(topic, plan),
            *_sections(topic, plan, tables, figures),
            *_drawings(topic, plan, tables),
            *_notebooks(plan, tables, config),
        ]
        found += [f"{_TOPICS}/{topic}/plan.py: {one}" for one in each]
    return found


def _twice(plans: Mapping[str, Plan]) -> Iterator[str]:
    """Names that are said twice: one of the two would be lost."""
    kinds: dict[str, Callable[[Plan], list[str]]] = {
        "table": lambda plan: [table.name for table in plan.tables],
        "figure": lambda plan: [figure.name for figure in plan.figures],
        "section": lambda plan: [section.id for section in plan.sections],
        "claim": lambda plan: plan.claims,
        "rule": lambda plan: [one.rule for one in plan.measurements],
        "file of measurements": lambda plan: [one.file for one in plan.measurements],
    }
    for kind, names_of in kinds.items():
        counts = Counter(name for plan in plans.values() for name in names_of(plan))
        for name in (name for name, count in counts.items() if count > 1):
            where = [f"{_TOPICS}/{topic}/plan.py" for topic, plan in plans.items() if name in names_of(plan)]
            yield f"{' and '.join(where)}: {kind} {name!r} is there twice; give one another name"


def _settings(plan: Plan, config: Config) -> Iterator[str]:
    fix = "add it to config/config.yaml and workflow/schemas/config.schema.yaml"
    for one in plan.measurements:
        try:
            setting(config, one.section)
        except KeyError:
            yield f"measurement {one.name!r}: the configuration has no section {one.section}; {fix}"
            continue
        yield from _wildcards(one, config, fix)
    for name, path in plan.tabulated.settings.items() if plan.tabulated else ():
        try:
            setting(config, path)
        except KeyError:
            yield f"setting {name!r} of the tables: the configuration has no entry {path}; {fix}"


def _wildcards(one: Measurement, config: Config, fix: str) -> Iterator[str]:
    for wildcard in one.over:
        try:
            one.values(config, wildcard)
        except KeyError as error:
            yield f"measurement {one.name!r}, wildcard {wildcard!r}: the configuration has no entry {error}; {fix}"
    named = {*re.findall(r"\{(\w+)\}", one.file)}
    if named != {*one.over}:
        odd = ", ".join(sorted(named ^ {*one.over}))
        yield f"measurement {one.name!r}: {odd} must be both in the name of the file, {one.file}, and in over"


def _functions(topic: str, plan: Plan) -> Iterator[str]:
    for one in plan.measurements:
        if one.function not in _names(f"{_TOPICS}/{topic}/measure.py"):
            yield f"measurement {one.name!r}: measure.py has no function {one.function}; write it, or correct the name"
    if plan.tabulated and "make" not in _names(f"{_TOPICS}/{topic}/tables.py"):
        yield "tables: tables.py has no function make, which returns them by name; write it"


def _drawings(topic: str, plan: Plan, tables: set[str]) -> Iterator[str]:
    drawn = _keys(f"{_TOPICS}/{topic}/figures.py", "FIGURES")
    for figure in plan.figures:
        if plan.drawn_by and figure.name not in drawn:
            yield f"figure {figure.name!r}: FIGURES of figures.py does not have it; add its function there"
        for name in figure.tables:
            if name not in tables:
                yield f"figure {figure.name!r}: no plan has the table {name!r} that it is drawn of; correct the name"


def _sections(topic: str, plan: Plan, tables: set[str], figures: set[str]) -> Iterator[str]:
    parts, ids = _keys(f"{_TOPICS}/{topic}/section.py", "PARTS"), _ids(f"{_TOPICS}/{topic}/claims.py")
    for section in plan.sections:
        where = f"section {section.id!r}"
        if section.id not in parts:
            yield f"{where}: PARTS of section.py does not have it; add the function that makes its tables there"
        for name in (*section.figures, *section.optional):
            if name not in figures:
                yield f"{where}: no plan has the figure {name!r}; add it to figures, or correct the name"
        for name in section.needs:
            if name not in tables:
                yield f"{where}: no plan has the table {name!r} that it needs; correct the name"
        for claim in section.claims:
            if not any(re.fullmatch(pattern, claim) for pattern in ids):
                yield f"{where}: no claim of claims.py has the id {claim!r}; write it, or correct the id"
    for pattern in ids:
        if not any(re.fullmatch(pattern, claim) for claim in plan.claims):
            claim = re.sub(r"\\(.)", r"\1", pattern)
            yield f"claim {claim!r} of claims.py is in no section; add its id to the claims of one"


def _notebooks(plan: Plan, tables: set[str], config: Config) -> Iterator[str]:
    for notebook, reads in plan.notebooks.items():
        where = f"notebook {notebook!r}"
        if not (ROOT / f"notebooks/{notebook}.ipynb").is_file():
            yield f"{where}: there is no notebooks/{notebook}.ipynb; write it, or correct the name"
        for name in reads.tables:
            if name not in tables:
                yield f"{where}: no plan has the table {name!r} that it reads; correct the name"
        for name in reads.experiments:
            if name not in config["experiments"]:
                yield f"{where}: the configuration has no experiments/{name}; correct the name"
        if reads.bounds and not plan.bounds:
            yield f"{where}: it reads bounds, and the topic has none; leave them out, or say bounds=True in the plan"


@cache
def _tree(file: str) -> ast.Module:
    path = ROOT / file
    return ast.parse(path.read_text() if path.is_file() else "")


def _names(file: str) -> set[str]:
    """Names that a module defines or imports at its top level."""
    found: set[str] = set()
    for node in _tree(file).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found |= {alias.asname or alias.name for alias in node.names}
        else:
            found |= {_target(node)}
    return found


def _target(node: ast.stmt) -> str:
    target: Any = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return target.id if isinstance(target, ast.Name) else ""


def _keys(file: str, registry: str) -> list[str]:
    """Keys of a dictionary that a module spells out."""
    for node in _tree(file).body:
        value = getattr(node, "value", None)
        if _target(node) == registry and isinstance(value, ast.Dict):
            return [str(key.value) for key in value.keys if isinstance(key, ast.Constant)]
    return []


def _ids(file: str) -> list[str]:
    """Patterns of the ids of the claims of a module; those that are put together from parts match any."""
    found = []
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.keyword) and node.arg == "id":
            parts = node.value.values if isinstance(node.value, ast.JoinedStr) else [node.value]
            found.append(
                "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".*" for part in parts)
            )
    return found
