"""Types of arrays in signatures; shapes, axes and units stand in the docstrings."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Arrays", "Booleans", "Floats", "Integers", "Logits", "Places", "Policies", "Policy"]

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Places: TypeAlias = npt.NDArray[np.int32]
"""Columns and row pointers of sparse kernels."""
Booleans: TypeAlias = npt.NDArray[np.bool_]

Arrays: TypeAlias = dict[str, Array]
"""Arrays by name, as files have them."""
Policy: TypeAlias = Sequence[Floats]
"""One (..., A_i) array of probabilities per player."""
Policies: TypeAlias = tuple[Floats, ...]
"""One (G, ..., A_i) array per player, of G games; the axes between depend on the learner."""
Logits: TypeAlias = tuple[Floats, ...]
"""One (G, S, A_i) array per player; gradients and directions have the same form."""
