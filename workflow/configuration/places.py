"""Where entries of the configuration stand: file and line, and keys that a file has twice.

YAML and JSON keep the last of two equal keys without a word, so that has to be looked for in the files themselves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from workflow.configuration.bounds import beyond, text_of
from workflow.configuration.mistake import Mistake, Place

__all__ = ["Mistake", "Source", "entry", "line", "path_in_project"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where PyYAML has it
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class Source:
    """A file, or the command line: its tree of YAML nodes or of mappings, keys that stand there twice, and bounds."""

    name: str
    tree: Any
    duplicates: list[Mistake] = field(default_factory=list)
    beyond: list[Mistake] = field(default_factory=list)

    @classmethod
    def of_file(cls, path: Path) -> "Source":
        """Read a YAML file, or JSON, which is YAML; without places if it cannot be read or is beyond the bounds."""
        name = path_in_project(path)
        text, faults = text_of(path, name)
        faults = faults or beyond(text, name)
        if faults:
            return cls(name, None, beyond=faults)
        tree = yaml.compose(text, Loader=_LOADER)
        return cls(name, tree, list(_twice(name, tree)))

    @classmethod
    def of_command_line(cls, config: Mapping[str, Any], arguments: Sequence[str]) -> "Source":
        """What ``--config NAME=VALUE ...`` says; mappings are merged there, anything else is replaced."""
        parts = [str(text).partition("=") for text in arguments]
        names = [name for name, _, value in parts if not value.startswith("{")]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        return cls("--config", config, [Mistake((name,), "is given twice; leave one", "--config") for name in twice])

    def place_of(self, path: Place) -> str | None:
        """``file:line`` of an entry, or only the name where there are no lines; None if the entry is not here.

        What is missing from an item of a list is missing here if the list is here, since lists are not merged.
        """
        tree, number, in_list = self.tree, None, False
        for key in path:
            found = _child(tree, key)
            if found is None and in_list:
                break
            if found is None:
                return None
            in_list |= isinstance(tree, yaml.SequenceNode | list)
            number, tree = found
        return (f"{self.name}:{number}" if number else self.name) if path else None


def entry(path: Place) -> str:
    """As people write it: ``experiments/figure1_zero_sum/seeds``; items of lists count from 0, as in ``a[0]``."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f"/{key}" for key in path)
    return text.removeprefix("/") or "everything"


def line(mistake: Mistake, sources: Sequence[Source]) -> str:
    """A mistake in one line, with its place in the source that counts last."""
    places = [found for found in (source.place_of(mistake.path) for source in sources) if found]
    where = mistake.where or (places[-1] if places else "")
    parts = [where, entry(mistake.path) if mistake.path or not where else "", mistake.words]
    return ": ".join(filter(None, parts))


def path_in_project(path: Path) -> str:
    """Relative to the working directory if the file lies in it."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def _child(tree: Any, key: Any) -> tuple[int | None, Any] | None:
    """Line and value of a key of a mapping, or of an item of a list."""
    if isinstance(tree, yaml.MappingNode):
        pairs = [pair for pair in tree.value if pair[0].value == str(key)]
        return (pairs[-1][0].start_mark.line + 1, pairs[-1][1]) if pairs else None
    if isinstance(tree, yaml.SequenceNode):
        fits = isinstance(key, int) and key < len(tree.value)
        return (tree.value[key].start_mark.line + 1, tree.value[key]) if fits else None
    if isinstance(tree, Mapping):
        return (None, tree[key]) if key in tree else None
    return (None, tree[key]) if isinstance(tree, list) and isinstance(key, int) and key < len(tree) else None


def _twice(name: str, root: Any) -> Iterator[Mistake]:
    """Keys that a mapping has twice; one that is used twice (by an alias) is looked at once."""
    seen: set[int] = set()
    queue: list[tuple[Place, Any]] = [((), root)]
    while queue:
        path, node = queue.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            queue += [((*path, k), item) for k, item in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            lines: dict[tuple[str, str], int] = {}
            for key, value in node.value:
                label, number = (key.tag, str(key.value)), key.start_mark.line + 1
                if label in lines and key.tag != _MERGE:
                    words = f"stands in line {lines[label]} too, and the last one would count; leave one"
                    yield Mistake((*path, label[1]), words, f"{name}:{number}")
                lines[label] = number
                queue.append(((*path, label[1]), value))
