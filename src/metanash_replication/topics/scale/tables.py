"""Growth with the size of a game: a row for each size, and the exponents of what grows.

Costs are those of one machine at one time: no two tables are equal. Gaps and bytes of arrays repeat exactly.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from metanash_replication.rates import power_law
from metanash_replication.typing import Measurement

__all__ = [
    "exponents_table",
    "growth_table",
    "make",
]

_SOFTMAX = 32
"""Vector operations of an action in an iteration: its exponential, about 22, logits and sums (docs/performance.md)."""
_SIZES = ("n_states", "horizon", "nonzeros")
_FITS = [
    ("iteration", "states_actions", (), 1.0),
    ("iteration", "operations", (), 1.0),
    ("iteration", "n_states", ("n_actions",), 1.0),
    ("iteration", "joint_actions", ("n_states",), 1.0),
    ("stage_end", "nonzeros", ("n_actions",), 1.0),
    ("gap_seconds", "nonzeros", ("n_actions",), 1.0),
    ("generation", "nonzeros", ("n_actions",), 1.0),
    ("memory", "nonzeros", ("n_actions",), 1.0),
    ("array_bytes", "nonzeros", ("n_actions",), 1.0),
]
"""What is fitted: quantity, against what, what has a constant of its own for each value, expected exponent."""


def _same(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Columns that both measurements of a game have alike."""
    return {key: value for key, value in spec.items() if key not in {"function", "repeats", "file"}}


def growth_table(learned: Iterable[Measurement], costs: Iterable[Measurement]) -> pd.DataFrame:
    """A row for each game; measurements of :mod:`metanash_replication.topics.scale.measure` in the same order.

    Columns: ``series``, the family; sizes, with ``operations`` of an iteration, about N J + 32 sum A_i for each step
    and state, and ``states_actions``, H S J; seconds ``generation``, ``iteration``, ``stage_end``, ``gap_seconds``, and
    ``run_first``, ``run_last`` up to the numbers of iterations ``first`` and ``last``; bytes of arrays ``game_bytes``,
    ``state_first``, ``state_last``; peak memory beyond that of the bare process, ``memory_first``, ``memory_last``;
    gaps ``gap_first``, ``gap_last``.

    Raises
    ------
    ValueError
        If the two are not of the same games.
    """
    rows = []
    for (spec, arrays), (other, cost) in zip(learned, costs, strict=True):
        if _same(spec) != _same(other):
            raise ValueError(f"gaps and costs must be of the same game, got {spec} and {other}")
        actions = arrays["n_actions"]
        sizes = {name: int(arrays[name]) for name in _SIZES} | {
            "n_actions": int(actions.max()),
            "joint_actions": int(actions.prod()),
        }
        each = len(actions) * sizes["joint_actions"] + _SOFTMAX * int(actions.sum())
        total = np.cumsum(cost["run"])
        ends: dict[str, float] = {}
        for k, when in enumerate(("first", "last")):
            ends[when] = int(arrays["iterations"][k])
            ends[f"gap_{when}"] = float(arrays["gap"][k])
            ends[f"run_{when}"] = float(total[k])
            ends[f"state_{when}"] = int(arrays["state_bytes"][k])
            ends[f"memory_{when}"] = int(cost["memory"][k] - cost["base_memory"])
        rows.append(
            {
                "series": spec["family"],
                **sizes,
                "states_actions": sizes["horizon"] * sizes["n_states"] * sizes["joint_actions"],
                "operations": sizes["horizon"] * sizes["n_states"] * each,
                **{name: float(cost[name]) for name in ("generation", "iteration", "stage_end")},
                "gap_seconds": float(cost["gap"]),
                "game_bytes": int(arrays["game_bytes"]),
                **ends,
            }
        )
    return pd.DataFrame(rows)


def exponents_table(growth: pd.DataFrame, least: int) -> pd.DataFrame:
    """Exponents of growth with their 95 % intervals, of games with at least so many possible transitions.

    Smaller games cost what a call costs. Peak memory counts from where it is seen: where it is at least that of the
    arrays. What does not vary is left out.
    """
    rows = []
    for series, part in growth[growth["nonzeros"] >= least].groupby("series", sort=False):
        arrays = part["game_bytes"] + part["state_last"]
        wide = part.assign(array_bytes=arrays, memory=part["memory_last"])
        for quantity, against, by, expected in _FITS:
            own = wide[wide["memory"] >= wide["array_bytes"]] if quantity == "memory" else wide
            if own.empty or (own.groupby(list(by))[against].nunique().max() if by else own[against].nunique()) < 2:
                continue
            groups = own[list(by)].apply(tuple, axis=1).tolist() if by else [()] * len(own)
            exponent, low, high = power_law(own[against], own[quantity], groups)
            rows.append((series, quantity, against, len(own), exponent, low, high, expected))
    return pd.DataFrame(
        rows, columns=["series", "quantity", "against", "points", "exponent", "low", "high", "expected"]
    )


def make(measured: Mapping[str, list[Measurement]], *, least: int) -> dict[str, pd.DataFrame]:
    """All tables by name. Measurements by the names of the plan."""
    growth = growth_table(measured["learned"], measured["costs"])
    return {"growth": growth, "growth_exponents": exponents_table(growth, least)}
