"""From the configuration to the readings of Figure 1. Nothing but the standard library."""

import itertools
from typing import Any

from metanash_replication.plans import Config

__all__ = ["reading_settings"]


def reading_settings(config: Config, family: str) -> list[dict[str, Any]]:
    """A reference, and all combinations of each grid in its place; each reading once, in the order of the grids."""
    section = config["readings"][family]
    found = [dict(section["reference"])]
    for grid in section["grids"]:
        for values in itertools.product(*grid.values()):
            reading = section["reference"] | dict(zip(grid, values, strict=True))
            found += [reading] * (reading not in found)
    return found
