"""Types of the replication, beside those of :mod:`metanash.typing`."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import pandas as pd

from metanash.typing import Array

__all__ = ["Measured", "Measurement", "Tables"]

Measured: TypeAlias = Mapping[str, Array]
"""Arrays of a measurement, by name."""
Measurement: TypeAlias = tuple[Mapping[str, Any], Measured]
"""Arguments that a measurement was made with, with its ``file``, and its arrays."""
Tables: TypeAlias = Mapping[str, pd.DataFrame]
"""Tables of the results, by the names of their files."""
