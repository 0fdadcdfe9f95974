"""Checks of the configuration, all before the first job: what is refused is named by file, line and entry.

``bounds`` refuses what is too large to look at, before anything is expanded; ``places`` knows in which file an entry
stands, and finds keys that stand there twice; ``entries`` judges each entry by the schema; ``fitting`` judges what must
fit together; ``library`` asks metanash about what only it knows. The others import nothing of metanash, which would
make every start of Snakemake slower.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow.configuration.bounds import beyond, object_beyond, text_of
from workflow.configuration.entries import against_schema
from workflow.configuration.fitting import misfits
from workflow.configuration.library import of_the_library
from workflow.configuration.places import Source, line, path_in_project

__all__ = ["MOST", "arguments_of", "mistakes", "refused_files", "sources_of", "verdict"]

MOST = 10
"""Mistakes that are told at a time."""


def sources_of(workflow: Any) -> list[Source]:
    """Where Snakemake has the configuration from, what counts last at the end: its files, then ``--config``."""
    last = [Path(file).resolve() for file in workflow.overwrite_configfiles]  # which configfiles has too, and first
    files = [*(Path(file) for file in workflow.configfiles if Path(file).resolve() not in last), *last]
    settings = workflow.config_settings
    given = settings.config_args if isinstance(settings.config_args, list | tuple) else []
    return [*map(Source.of_file, files), Source.of_command_line(settings.config, given)]


def arguments_of(workflow: Any) -> list[str]:
    """What Snakemake was called with to have this configuration."""
    files = [path_in_project(Path(file)) for file in workflow.overwrite_configfiles]
    given = workflow.config_settings.config_args
    pairs = [str(pair) for pair in given] if isinstance(given, list | tuple) else []
    return [*(["--configfile", *files] if files else []), *(["--config", *pairs] if pairs else [])]


def mistakes(config: Mapping[str, Any], schema: Path, sources: Sequence[Source] = ()) -> list[str]:
    """All mistakes of a configuration, a line each: file and line if known, entry, what is there, what would be right.

    What must fit together is looked at only if every entry is right by itself.
    """
    too_much = [mistake for source in sources for mistake in source.beyond] or object_beyond(config)
    if too_much:
        return list(dict.fromkeys(line(mistake, sources) for mistake in too_much))
    twice = [mistake for source in sources for mistake in source.duplicates]
    found = against_schema(config, schema) or misfits(config) or of_the_library(config)
    return list(dict.fromkeys(line(mistake, sources) for mistake in [*twice, *found]))


def refused_files(paths: Iterable[Path]) -> list[str]:
    """Why files are not to be read as configurations, a line each; nothing of them has been expanded."""
    found: list[str] = []
    for path in paths:
        name = path_in_project(path)
        text, faults = text_of(path, name)
        found += [line(mistake, ()) for mistake in faults or beyond(text, name)]
    return found


def verdict(found: Sequence[str]) -> str:
    """The mistakes as one message."""
    count = "a mistake" if len(found) == 1 else f"{len(found)} mistakes"
    rest = [f"... and {len(found) - MOST} more"] if len(found) > MOST else []
    return "\n  ".join([f"config: {count}, and nothing was run", *found[:MOST], *rest])
