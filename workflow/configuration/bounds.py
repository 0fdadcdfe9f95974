"""Bounds of configuration files, judged from the events of the YAML parser before anything is expanded or copied.

An alias stands for all that its anchor holds, so a few lines can say billions of entries; here each is counted for what
it stands for, and nothing is built. JSON is YAML.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from workflow.configuration.mistake import Mistake

__all__ = ["LONGEST", "MOST_BYTES", "MOST_DEEP", "MOST_ENTRIES", "beyond", "object_beyond", "text_of"]

MOST_BYTES = 10**6
MOST_ENTRIES = 10**5
"""Entries, sections, lists and keys, with what aliases stand for; the default configuration has 2,200."""
MOST_DEEP = 40
LONGEST = 4096
"""Characters of a single entry, as of a path."""
_PROGRAM = "__use_yte__"
"""The key that makes a configuration a program, which Snakemake runs as it reads it."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map", "timestamp")}


class _BeyondError(Exception):
    """What is wrong, and in which line from 1."""

    def __init__(self, words: str, mark: Any = None) -> None:
        super().__init__(words)
        self.line = mark.line + 1 if mark else None


def text_of(path: Path, name: str) -> tuple[str, list[Mistake]]:
    """Text of a configuration file, and why it is not to be read."""
    try:
        return _text(path), []
    except (OSError, ValueError) as error:
        words = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        return "", [Mistake((), f"cannot be read: {words}", name)]


def _text(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # of a pipe it would wait for ever
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("a folder, a pipe or a device, no file")
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"it is longer than {MOST_BYTES:,} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is no UTF-8; write it in UTF-8") from error


def beyond(text: str, name: str) -> list[Mistake]:
    """Why a text is not to be taken for a configuration: the first reason, or none."""
    try:
        _count(yaml.parse(text, Loader=_LOADER))
        yaml.load(text, Loader=_LOADER)  # numbers and dates that are none; of bounded size by now
    except _BeyondError as error:
        return [Mistake((), str(error), f"{name}:{error.line}" if error.line else name)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = f"is no YAML: {error.problem or error.context}"
        return [Mistake((), words[:200], f"{name}:{mark.line + 1}" if mark else name)]
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        return [Mistake((), f"is no YAML: {' '.join(str(error).split())[:200]}", name)]
    return []


def _count(events: Iterator[Any]) -> None:
    """Raise an error where a text goes beyond the bounds."""
    sizes: dict[str, int] = {}
    open_ones: list[tuple[str | None, int]] = []
    total = 0
    for event in events:
        if isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            open_ones.append((event.anchor, total))
            if len(open_ones) > MOST_DEEP:
                raise _BeyondError(f"sections and lists lie in each other more than {MOST_DEEP} deep", event.start_mark)
        if isinstance(event, yaml.NodeEvent):
            total += 1 if not isinstance(event, yaml.AliasEvent) else _stood_for(event, sizes, open_ones)
            _check(event)
        if isinstance(event, yaml.ScalarEvent) and event.anchor:
            sizes[event.anchor] = 1
        if isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            anchor, before = open_ones.pop()
            if anchor:
                sizes[anchor] = total - before
        if total > MOST_ENTRIES:
            words = f"it has more than {MOST_ENTRIES:,} entries, with what its aliases stand for"
            raise _BeyondError(words, event.start_mark)


def _stood_for(event: Any, sizes: Mapping[str, int], open_ones: list[tuple[str | None, int]]) -> int:
    if any(anchor == event.anchor for anchor, _ in open_ones):
        raise _BeyondError(f"*{event.anchor} stands inside of what it stands for", event.start_mark)
    return sizes.get(event.anchor, 1)  # of an anchor that is nowhere YAML itself complains


def _check(event: Any) -> None:
    tag = getattr(event, "tag", None)
    if tag and tag != "!" and tag not in _CORE:
        raise _BeyondError(f"the tag {str(tag)[:60]} is none of a configuration", event.start_mark)
    if isinstance(event, yaml.ScalarEvent):
        if len(event.value) > LONGEST:
            words = f"an entry has {len(event.value):,} characters, more than {LONGEST:,}: {event.value[:20]!r}..."
            raise _BeyondError(words, event.start_mark)
        if event.value == _PROGRAM:
            raise _BeyondError(f"a configuration is no program; leave out {_PROGRAM}", event.start_mark)


def object_beyond(config: Any) -> list[Mistake]:
    """Why a configuration that has been read is not to be expanded: the first reason, or none.

    Whatever it is from, also the command line. Each part is counted once, however often it is referred to.
    """
    try:
        size = _size(config, {}, 0)
    except _BeyondError as error:
        return [Mistake((), str(error))]
    if size > MOST_ENTRIES:
        return [Mistake((), f"there are more than {MOST_ENTRIES:,} entries, with what aliases stand for")]
    return []


def _size(value: Any, known: dict[int, int], depth: int) -> int:
    if depth > MOST_DEEP:
        raise _BeyondError(f"sections and lists lie in each other more than {MOST_DEEP} deep")
    if isinstance(value, str) and len(value) > LONGEST:
        raise _BeyondError(f"an entry has {len(value):,} characters, more than {LONGEST:,}: {value[:20]!r}...")
    if not isinstance(value, Mapping | list):
        return 1
    if id(value) not in known:
        inside = [part for pair in value.items() for part in pair] if isinstance(value, Mapping) else value
        known[id(value)] = 1 + sum(_size(part, known, depth + 1) for part in inside)
    return known[id(value)]
