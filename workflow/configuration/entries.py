"""Each entry by itself: a schema's verdict in words that name the entry, what is there and what would be right.

The messages of jsonschema print whole sections; here a value is shortened, and an unknown key names its neighbour.
An integer is written as one: 20.0 is none, although it is one to jsonschema.
"""

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

from workflow.configuration.mistake import Mistake, Place

__all__ = ["against_schema", "shortened"]

_LONGEST = 60
_RANK = ("type", "const", "enum", "pattern")
"""Of several verdicts on one entry the one that comes first here is told; of two lists of names, the shorter."""


def _is_integer(_: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_Validator = validators.extend(
    Draft202012Validator, type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
)


@cache
def _validator(schema: str) -> Any:
    return _Validator(_put_in(yaml.load(schema, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))))


def _put_in(schema: dict[str, Any]) -> Any:
    """The schema with each definition where it is referred to: to look it up anew for each entry takes half the time.

    Beside a reference stands nothing that the definition has too, but for a description, of which that of the
    definition is told.
    """

    @cache
    def definition(reference: str) -> Any:
        return of(schema["$defs"][reference.removeprefix("#/$defs/")])

    def of(part: Any) -> Any:
        if isinstance(part, list):
            return [of(entry) for entry in part]
        if not isinstance(part, dict):
            return part
        own = {key: of(value) for key, value in part.items() if key != "$ref"}
        return {**own, **definition(part["$ref"])} if "$ref" in part else own

    return {key: of(value) for key, value in schema.items() if key != "$defs"}


def against_schema(config: Any, schema: Path) -> list[Mistake]:
    """Mistakes of single entries, one for each entry."""
    odd_keys = [
        Mistake(path, f"a name must be text, {shortened(path[-1])} is none; quote it") for path in _odd_keys(config)
    ]
    if odd_keys:  # jsonschema matches keys against patterns
        return odd_keys
    told = {
        path: Mistake(path, f"must be a finite number, there is {shortened(value)}") for path, value in _odd(config)
    }
    ranks: dict[Place, tuple[int, int]] = {}
    for error in _validator(schema.read_text(encoding="utf-8")).iter_errors(config):
        place = _RANK.index(error.validator) if error.validator in _RANK else len(_RANK)
        rank = (place, len(str(error.validator_value)))
        for path, words in _told(error):
            if path not in told or (path in ranks and rank < ranks[path]):
                told[path], ranks[path] = Mistake(path, words), rank
    return list(told.values())


def _parts(config: Any, path: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every entry with its path; a section that holds itself (by an alias) is not entered again."""
    queue: list[tuple[Place, Any, tuple[int, ...]]] = [(path, config, ())]
    while queue:
        path, value, above = queue.pop()
        yield path, value
        if id(value) in above:
            continue
        if isinstance(value, Mapping):
            queue += [((*path, key), part, (*above, id(value))) for key, part in value.items()]
        elif isinstance(value, list):
            queue += [((*path, k), part, (*above, id(value))) for k, part in enumerate(value)]


def _odd_keys(config: Any) -> Iterator[Place]:
    for path, value in _parts(config):
        if isinstance(value, Mapping):
            yield from ((*path, key) for key in value if not isinstance(key, str))


def _odd(config: Any) -> Iterator[tuple[Place, float]]:
    """Numbers that are none: NaN passes every minimum and maximum."""
    for path, value in _parts(config):
        if isinstance(value, float) and not math.isfinite(value):
            yield path, value


# Words --------------------------------------------------------------------------------------------------


def shortened(value: Any) -> str:
    """A value as YAML has it, but of no more than some words."""
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if isinstance(value, Mapping):
        return f"a section of {len(value)} entries" if value else "an empty section"
    if isinstance(value, list):
        text = "[" + ", ".join(map(shortened, value[:4])) + ", ..." * (len(value) > 4) + "]"
        return text if len(text) <= _LONGEST else f"a list of {len(value)}"
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number of more than 20 digits"
    text = f"'{value}'" if isinstance(value, str | date) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 20]}...{text[-5:]}"


def _told(error: ValidationError) -> Iterator[tuple[Place, str]]:
    """Paths and words of one verdict of the schema."""
    path, rule, value = tuple(error.absolute_path), error.validator_value, error.instance
    if error.validator == "additionalProperties":
        for key in value:
            if not _is_known(key, error.schema):
                yield (*path, key), _unknown(key, error.schema)
    elif error.validator == "required":
        for key in rule:
            if key not in value:
                yield (*path, key), "is missing"
    elif error.validator == "propertyNames":
        inner = tuple(error.relative_path)
        yield (*path, *inner), error.message
    else:
        yield path, _WORDS.get(str(error.validator), _any)(rule, value, error.schema)


def _is_known(key: str, schema: Mapping[str, Any]) -> bool:
    patterns = schema.get("patternProperties", {})
    return key in schema.get("properties", {}) or any(re.search(pattern, key) for pattern in patterns)


def _unknown(key: str, schema: Mapping[str, Any]) -> str:
    known = list(schema.get("properties", {}))
    near = difflib.get_close_matches(key, known, 1)
    if near:
        return f"there is no such entry; {near[0]} is the nearest"
    patterns = [f"names like {pattern}" for pattern in schema.get("patternProperties", {})]
    shown = [*known[:12], *["..."] * (len(known) > 12), *patterns]
    return f"there is no such entry; there are {', '.join(shown)}" if shown else "there must be no entries"


_TYPES = {
    "integer": "an integer", "number": "a number", "string": "text", "boolean": "true or false", "array": "a list",
    "object": "a section of entries", "null": "nothing",
}  # fmt: skip


def _type(rule: Any, value: Any, _: Any) -> str:
    wanted = " or ".join(_TYPES[name] for name in ([rule] if isinstance(rule, str) else rule))
    return f"must be {wanted}, there is {shortened(value)}{_advice(wanted, value)}"


def _advice(wanted: str, value: Any) -> str:
    """How a number is written, where something was meant as one."""
    if wanted not in {"an integer", "a number"}:
        return f"; write [{shortened(value)}]" if wanted == "a list" and isinstance(value, int | float | str) else ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"; write {int(value)}"
    try:
        number = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        return ""
    if not math.isfinite(number) or (wanted == "an integer" and not number.is_integer()) or abs(number) >= 1e15:
        return ""
    written = str(int(number)) if wanted == "an integer" else f"{number:.1e}" if "e" in value.lower() else repr(number)
    return f", which is text here; write {written} in a file (inside --config NAME={{...}} every number is text)"


def _bound(words: str) -> Any:
    return lambda rule, value, _: f"must be {words} {_plain(rule)}, there is {shortened(value)}"


def _plain(number: float) -> str:
    return f"{number:g}" if isinstance(number, float) else str(number)


def _names(rule: Any, value: Any, _: Any) -> str:
    near = (
        difflib.get_close_matches(value, [name for name in rule if isinstance(name, str)], 1)
        if isinstance(value, str)
        else []
    )
    return f"must be one of {', '.join(map(str, rule))}, there is {shortened(value)}" + (
        f"; {near[0]} is the nearest" if near else ""
    )


def _pattern(rule: str, value: Any, schema: Mapping[str, Any]) -> str:
    return f"must be {schema.get('description') or f'of the form {rule}'}, there is {shortened(value)}"


def _any(rule: Any, value: Any, schema: Mapping[str, Any]) -> str:
    del rule
    return f"does not fit ({schema.get('description', 'see workflow/schemas/config.schema.yaml')}): {shortened(value)}"


_WORDS: dict[str, Any] = {
    "type": _type,
    "minimum": _bound("at least"),
    "maximum": _bound("at most"),
    "exclusiveMinimum": _bound("above"),
    "exclusiveMaximum": _bound("below"),
    "enum": _names,
    "const": lambda rule, value, _: f"must be {shortened(rule)}, there is {shortened(value)}",
    "pattern": _pattern,
    "minItems": lambda rule, value, _: (
        f"must have at least {rule} {'item' if rule == 1 else 'items'}, there are {len(value)}"
    ),
    "maxItems": lambda rule, value, _: (
        f"must have at most {rule} {'item' if rule == 1 else 'items'}, there are {len(value)}: {shortened(value)}"
    ),
    "minProperties": lambda rule, value, _: (
        f"must have at least {rule} {'entry' if rule == 1 else 'entries'}, there are {len(value)}"
    ),
    "uniqueItems": lambda _, value, __: f"must have no item twice: {shortened(value)}",
    "contains": lambda rule, value, _: (
        f"must have {shortened(rule.get('const'))} among its items, there is {shortened(value)}"
    ),
}
