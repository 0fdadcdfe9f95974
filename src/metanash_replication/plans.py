"""The form of a topic's plan: names of all that is made, and where its settings stand in the configuration.

The workflow reads plans before anything runs, so this module and the modules ``plan`` import nothing but the standard
library.
"""

import importlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Config",
    "Figure",
    "Measurement",
    "Plan",
    "Reads",
    "Section",
    "Table",
    "Tabulation",
    "read_plan",
    "setting",
]

Config = Mapping[str, Any]
Settings = Mapping[str, Any]
_RENAMED = {"checkpoints": "n_checkpoints"}


def setting(config: Config, path: str) -> Any:
    """An entry of the configuration by its path, such as ``theory/zero_sum/long_runs``.

    Raises
    ------
    KeyError
        If there is none, with the whole path.
    """
    found: Any = config
    for key in path.split("/"):
        if not isinstance(found, Mapping) or key not in found:
            raise KeyError(path)
        found = found[key]
    return found


def _check_names(owner: str, **fields: Any) -> None:
    """Names are in tuples: a text alone would be taken for the names of its letters."""
    for name, names in fields.items():
        if isinstance(names, str):
            raise ValueError(f"{owner}: {name} must be a tuple of names; write ({names!r},)")


@dataclass(frozen=True)
class Measurement:
    """Jobs that call one function of the topic's module ``measure``, each for a file of arrays.

    Attributes
    ----------
    function : str
        Its name, which is that of the rule too, unless ``rule`` is given.
    section : str
        Path of its section in the configuration.
    file : str
        File below the folder of results, without ending; wildcards in braces.
    message : str
        Of the job, in the words that are shown while it runs; wildcards in braces.
    over : mapping from str to str, tuple or callable
        Wildcards with their values. A key of the section, or a path with slashes: the values of a list are arguments
        of the function by the wildcard's name; those of a mapping are mappings of arguments, by the wildcard's value.
        A tuple: the values. A callable takes the configuration and returns a list or mapping.
    only : tuple of str
        Keys of the section that are arguments; by default all but ``seeds`` and those named in ``over``.
    random : bool
        Whether the function draws: it gets ``root_seed``.
    name : str
        The name by which the module ``tables`` knows it; by default the function's.
    rule : str
    adjust : callable, optional
        From the configuration and the arguments so far to the arguments.
    alone : bool
        Whether no two jobs run at a time, since one takes most of the memory.
    """

    function: str
    section: str
    file: str
    message: str
    over: Mapping[str, Any] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    random: bool = True
    name: str = ""
    rule: str = ""
    adjust: Callable[[Config, dict[str, Any]], dict[str, Any]] | None = None
    alone: bool = False

    def __post_init__(self) -> None:
        _check_names(f"measurement of {self.function!r}", only=self.only)
        object.__setattr__(self, "over", dict(self.over))
        object.__setattr__(self, "name", self.name or self.function)
        object.__setattr__(self, "rule", self.rule or self.function)

    def values(self, config: Config, wildcard: str) -> Sequence[Any] | Mapping[str, Any]:
        """Values of a wildcard, with the arguments that they stand for if that is a mapping."""
        listed = self.over[wildcard]
        if isinstance(listed, str):
            listed = setting(config, listed if "/" in listed else f"{self.section}/{listed}")
        found: Sequence[Any] | Mapping[str, Any] = listed(config) if callable(listed) else listed
        return found

    def jobs(self, config: Config) -> list[dict[str, str]]:
        """Wildcards of each job."""
        texts = [[str(value) for value in self.values(config, wildcard)] for wildcard in self.over]
        return [dict(zip(self.over, some, strict=True)) for some in itertools.product(*texts)]

    def files(self, config: Config) -> dict[str, dict[str, Any]]:
        """Files of all jobs, below the folder of results, and what each is about: wildcards, numbers and names."""
        return {f"{self.file.format(**job)}.npz": self._about(config, job) for job in self.jobs(config)}

    def _about(self, config: Config, job: Mapping[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = dict(job)
        for wildcard in self.over:
            values, text = self.values(config, wildcard), job[wildcard]
            single = values[text] if isinstance(values, Mapping) else {}
            found |= {key: value for key, value in single.items() if isinstance(value, (int, float, str))}
            if "n_actions" in single:
                found["n_players"] = len(single["n_actions"])
        return found

    def arguments(self, config: Config, wildcards: Mapping[str, str]) -> dict[str, Any]:
        """Arguments of the function in a job.

        Raises
        ------
        KeyError
            If a wildcard has a value that the configuration does not list.
        """
        section = setting(config, self.section)
        skipped = {"seeds", *(key for key in self.over.values() if isinstance(key, str))}
        keys = self.only or [key for key in section if key not in skipped]
        found = {_RENAMED.get(key, key): section[key] for key in keys}
        for wildcard in self.over:
            values, text = self.values(config, wildcard), wildcards[wildcard]
            if isinstance(values, Mapping):
                found |= values[text]
            else:
                found[wildcard] = {str(value): value for value in values}[text]
        if self.adjust:
            found = self.adjust(config, found)
        if "seeds" in section and "seeds" not in found and not self.only:
            found["seeds"] = section["seeds"]
        if isinstance(found.get("seeds"), int):  # a number of them, of the section or of a wildcard's value
            found["seeds"] = list(range(found["seeds"]))
        return found | ({"root_seed": config["root_seed"]} if self.random else {})


def _check_caption(kind: str, name: str, caption: object) -> None:
    if not (isinstance(caption, str) and caption.strip()):
        raise ValueError(f"{kind} {name}: its caption is {caption!r}; say in a sentence or two what it shows")


@dataclass(frozen=True)
class Table:
    """A table ``NAME.csv`` in the folder of results.

    Attributes
    ----------
    name, caption : str
        The caption stands in Snakemake's own report.
    judged : bool
        Whether verdicts and sections of the report are made of it.
    """

    name: str
    caption: str
    judged: bool = False

    def __post_init__(self) -> None:
        _check_caption("table", self.name, self.caption)


@dataclass(frozen=True)
class Tabulation:
    """The job that makes the tables of all measurements of a topic, by ``make`` of its module ``tables``.

    Attributes
    ----------
    message : str
    settings : mapping from str to str
        Arguments of ``make``, beside the measurements: paths in the configuration.
    """

    message: str
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Figure:
    """A figure, its caption in both reports, and the tables that it is drawn of."""

    name: str
    caption: str
    tables: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_caption("figure", self.name, self.caption)
        _check_names(f"figure {self.name!r}", tables=self.tables)


@dataclass(frozen=True)
class Section:
    """A section of the report.

    Attributes
    ----------
    id, title : str
    claims : tuple of str
        Ids of its claims (module ``claims``), in order.
    figures : tuple of str
        Names of its figures, in order.
    optional : tuple of str
        Figures that not every configuration draws.
    needs : tuple of str
        Tables that not every configuration makes; without them the section is left out.
    opens : bool
        Whether it comes before those of the theorems, in the order of the topics.
    """

    id: str
    title: str
    claims: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    opens: bool = False

    def __post_init__(self) -> None:
        _check_names(
            f"section {self.id!r}",
            claims=self.claims,
            figures=self.figures,
            optional=self.optional,
            needs=self.needs,
        )


@dataclass(frozen=True)
class Reads:
    """Results of a topic that a notebook reads.

    ``experiments`` stand for all their run records; ``bounds`` for the topic's rows of ``theory.csv``; ``files`` are
    below the folder of results.
    """

    tables: tuple[str, ...] = ()
    bounds: bool = False
    experiments: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_names(
            "results that a notebook reads", tables=self.tables, experiments=self.experiments, files=self.files
        )


@dataclass(frozen=True)
class Plan:
    """All that a topic makes.

    Attributes
    ----------
    title : str
        Of its figures in Snakemake's report.
    measurements : tuple of Measurement
    tables : tuple of Table
    tabulated : Tabulation, optional
        The job that makes the tables; without it the topic has rules of its own for them.
    bounds : bool
        Whether it has rows of ``theory.csv``: ``make`` returns them under the name ``claims``.
    figures : tuple of Figure
    drawn_by : str
        The job that draws the figures, by the module ``figures``; topics with the same one share it, since importing
        seaborn takes as long as drawing three figures. Without it the topic has a rule of its own.
    sections : tuple of Section
    notebooks : mapping from str to Reads
        Of each notebook that reads results of the topic: which.
    present : callable, optional
        From the configuration to whether it asks for the topic at all.
    recorded_as : str
        The topic's name in headers of measurements, where it is another.
    """

    title: str
    measurements: tuple[Measurement, ...] = ()
    tables: tuple[Table, ...] = ()
    tabulated: Tabulation | None = None
    bounds: bool = False
    figures: tuple[Figure, ...] = ()
    drawn_by: str = ""
    sections: tuple[Section, ...] = ()
    notebooks: Mapping[str, Reads] = field(default_factory=dict)
    present: Callable[[Config], bool] | None = None
    recorded_as: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "notebooks", dict(self.notebooks))

    def is_present(self, config: Config) -> bool:
        """Whether the configuration asks for the topic."""
        return self.present is None or self.present(config)

    @property
    def judged(self) -> list[str]:
        """Tables that verdicts and sections are made of."""
        return [table.name for table in self.tables if table.judged]

    @property
    def claims(self) -> list[str]:
        """Ids of its claims."""
        return [claim for section in self.sections for claim in section.claims]

    @property
    def drawn_of(self) -> list[str]:
        """Tables that its figures are drawn of."""
        return list(dict.fromkeys(table for figure in self.figures for table in figure.tables))

    def functions(self) -> Iterator[str]:
        """Functions of the module ``measure`` that are called."""
        return (measurement.function for measurement in self.measurements)


def read_plan(topic: str) -> Plan:
    """The plan of a topic, by the name of its folder.

    Raises
    ------
    ValueError
        If there is none, or it is not as it should be: the message names the file.
    """
    module = f"metanash_replication.topics.{topic}.plan"
    file = f"src/{module.replace('.', '/')}.py"
    try:
        plan: Plan = importlib.import_module(module).PLAN
    except ModuleNotFoundError as error:
        if error.name and module.startswith(error.name):
            raise ValueError(f"{file}: no such file, though topics/__init__.py names the topic {topic!r}") from error
        raise
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{file}: {error}") from error
    return plan
