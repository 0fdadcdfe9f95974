"""The configuration: every entry that is wrong is refused in a few words that name it, before any job."""

import copy
import json
import math
import time
from pathlib import Path

import pytest
import yaml
from conftest import OWN, ROOT

update_config = pytest.importorskip("snakemake.utils").update_config

from workflow.configuration import MOST, mistakes, verdict  # noqa: E402  # needs what the pipeline needs
from workflow.configuration.entries import against_schema, shortened  # noqa: E402
from workflow.configuration.library import names_of  # noqa: E402
from workflow.configuration.places import Source, entry  # noqa: E402

SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
LONGEST = 1500


def merged(*names):
    config = {}
    for name in names:
        update_config(config, yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()))
    return config


DEFAULT = merged("config")


def changed(path, value, config=DEFAULT):
    """The configuration with one entry changed; the rest is shared."""
    if not path:
        return value
    copied = copy.copy(config)
    copied[path[0]] = changed(path[1:], value, config[path[0]]) if len(path) > 1 else value
    return copied


def parts(value, path=()):
    """Every entry, section and list with its path; of equally formed items of a list, the first."""
    yield path, value
    if isinstance(value, dict):
        for key, part in value.items():
            yield from parts(part, (*path, key))
    elif isinstance(value, list) and value:
        yield from parts(value[0], (*path, 0))


@pytest.mark.parametrize("names", [("config",), ("config", "smoke"), ("config", "deep")])
def test_the_configurations_of_the_repository_pass(names):
    assert mistakes(merged(*names), SCHEMA) == []


# Every entry, with everything that might stand there -----------------------------------------------------

WRONG = [math.nan, math.inf, -math.inf, -1, 0, 1e20, 10**30, 20.0, "text", "20", "1e5", True, None, [], {}]

ZERO = {  # 0 means something there
    "root_seed", "theory/slopes/margin", "theory/potential/slopes/margin", "theory/general_sum/slopes/margin",
}  # fmt: skip
ZERO_NAMES = {"perturbation", "perturbations", "references", "discount", "discounts", "transition_mixing",
              "inner_steps"}  # fmt: skip
"""An unperturbed sequence, no exact reference, no future, no mixing, no inner step (an ascent of the mean)."""
REAL_NAMES = {"learning_rate", "learning_rates", "step_factors", "step", "step_size", "inner_step", "rate_factor", "levels",
              "rate_factors", "constants", "level", "projected_q_ascent", "optimistic_mirror_descent", "width",
              "correlated_mirror_descent", "pot", "stack", "bet", "perturbation", "perturbations"}  # fmt: skip
"""Any number above 0 may stand there, so 20.0 may."""
TEXT_NAMES = {"figure", "results", "paper_figures"}
EMPTY = {"sweeps", "kinds", "files", "budgets", "sizes", "options", "states", "actions", "positions"}
"""What may be left out altogether: sweeps, other kinds, own games, games of growing size, options with a default."""


def is_accepted_rightly(path, value):
    """The few changes of single entries that leave a configuration that runs."""
    names = [key for key in path if isinstance(key, str)]
    last, place = names[-1], entry(path)
    real = last in REAL_NAMES or "levels" in names or "windows" in names
    if value == {} or value == []:
        return bool(EMPTY & set(names[-2:])) and isinstance(value, type(part_at(path)))
    if value is True or value is None:
        return value is True and isinstance(part_at(path), bool)
    if isinstance(value, str):
        return value == value and isinstance(part_at(path), str) and last in TEXT_NAMES and _free(path)
    if value == 0 and isinstance(value, int):
        return place in ZERO or last in ZERO_NAMES
    return value == 20.0 and isinstance(value, float) and real and not place.endswith(("margin", "gap_level"))


def part_at(path):
    found = DEFAULT
    for key in path:
        found = found[key]
    return found


def _free(path):
    """Names of figures are free in the sweeps only."""
    return path[-1] != "figure" or path[1].startswith("sensitivity")
