"""Rows of ``theory.csv``: one claim in one form and setting.

At the worst run and iteration, ``left`` (measured), ``right`` (bound) and their ``ratio``; how many ``runs`` there were
and in how many of them the left side exceeds the right one anywhere (``violations``); how many are ``unresolved``
throughout, rounding being too large to tell; and the first iteration from which the bound is below the trivial range of
the left side (``first_informative``, of the mean bound over runs; empty where it never is). ``kind`` is that of the
form (``FORMS``); ``total`` says whether the row adds up others; ``rate_factor`` is the learning rate over the largest
one that the theorem admits, where all runs of a measurement have the same (empty elsewhere); ``measurement`` and
``file`` are the name in the topic's plan and the file, below the folder of results, of the measurement that the row is
from.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from metanash.typing import Booleans, Floats
from metanash_replication.typing import Measurement

__all__ = ["FORMS", "claim_row", "claim_summary", "claims_table", "kind_of", "rows_of", "total_rows"]


FORMS = {
    "printed": "printed",
    "derived": "derived",
    "repaired: worst best response": "repaired",
    "repaired: burn-in term": "repaired",
    "repaired: learning rate": "repaired",
    "repaired: 1920/959 kappa": "repaired",
    "proven: any best response": "proven",
    "proven: third power of eta": "proven",
    "sharper: ascent lemma": "sharper",
    "printed, worst best response": "partly repaired",
    "printed, with the learning rate": "partly repaired",
    "with B(H) / T, no repair": "refuted",
    "with 2 kappa": "refuted",
}
"""Kind of each form: as the paper prints it; derived here, where the paper's own was not at hand; repaired or proven,
with a proof; partly repaired, with one of two repairs that are needed; sharper than printed; refuted, a repair that was
tried and fails."""

_ZERO = 1e-12
"""A gap of at most this is rounding and exceeds no bound."""
_SLACK = 1e-9
"""A ratio counts as a violation from 1 plus this."""


def kind_of(form: str) -> str:
    """Kind of a form. Raises ValueError if it is none of ``FORMS``."""
    if form not in FORMS:
        raise ValueError(f"form {form!r} has no kind; add it to FORMS of src/metanash_replication/bound_rows.py")
    return FORMS[form]


def claim_row(
    claim: str,
    form: str,
    setting: str,
    t: Floats,
    left: Floats,
    right: Floats,
    trivial: float,
    unresolved: Booleans | bool = False,
    kind: str = "",
    rate_factor: float | None = None,
) -> dict[str, Any]:
    """One row from measurements and bounds (runs, C) at iterations (C,), of a form of ``FORMS`` or with its ``kind``.

    Where ``unresolved`` (runs, C) is set and there is anything to bound, rounding is too large for a comparison, and
    there is none.
    """
    left, right, skipped = np.broadcast_arrays(left, right, unresolved)
    skipped = skipped & (left > _ZERO)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((left <= _ZERO) | skipped, 0.0, left / right)
    worst = np.unravel_index(ratio.argmax(), ratio.shape)
    # a bound may dip below the trivial range at the first iterations and rise above it again
    vacuous = np.flatnonzero(~(right.mean(axis=0) < trivial))
    first = vacuous[-1] + 1 if vacuous.size else 0
    return {
        "claim": claim,
        "form": form,
        "setting": setting,
        "iteration": int(t[worst[1]]),
        "left": left[worst],
        "right": right[worst],
        "ratio": ratio[worst],
        "runs": len(ratio),
        "violations": int((ratio > 1.0 + _SLACK).any(axis=1).sum()),
        "unresolved": int(skipped.all(axis=1).sum()),
        "first_informative": int(t[first]) if first < len(t) else None,
        "kind": kind or kind_of(form),
        "total": False,
        "rate_factor": rate_factor,
    }


def rows_of(
    name: str,
    measured: Mapping[str, Sequence[Measurement]],
    rows: Callable[[list[Measurement]], Sequence[Mapping[str, Any]]],
) -> list[dict[str, Any]]:
    """Rows of all files of a measurement, each with the measurement's name and the file."""
    origins = [({"measurement": name, "file": one[0]["file"]}, one) for one in measured[name]]
    return [{**row, **origin} for origin, one in origins for row in rows([one])]


def total_rows(rows: Sequence[Mapping[str, Any]], setting: str) -> list[dict[str, Any]]:
    """One row for each claim and form over all settings: the worst of them, runs and violations added up."""
    totals = []
    table = pd.DataFrame(rows)
    for _, group in table.groupby(["claim", "form"], sort=False):
        worst: dict[Any, Any] = group.iloc[int(group["ratio"].to_numpy().argmax())].to_dict()
        worst |= {name: group[name].sum() for name in ("runs", "violations", "unresolved")}
        totals.append(worst | {"setting": setting, "first_informative": None, "total": True, "rate_factor": None})
    return totals


def claims_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of :func:`claim_row` and :func:`total_rows` as a table."""
    return pd.DataFrame(rows).astype({"first_informative": "Int64", "rate_factor": "float64"})


def claim_summary(table: pd.DataFrame, claims: Sequence[str]) -> pd.DataFrame:
    """One row for each form of some claims: settings, runs, violations, unresolved, worst_ratio and where it is.

    Rows that :func:`total_rows` made are left out, so that nothing counts twice.

    Parameters
    ----------
    table : DataFrame
        Rows of :func:`claim_row`.
    claims : sequence of str
        In the order of the result, whose index is (claim, form).

    Raises
    ------
    ValueError
        If the table has nothing about one of the claims.
    """
    single = table[~table["total"]]
    rows = []
    for claim in claims:
        own = single[single["claim"] == claim]
        if own.empty:
            raise ValueError(f"no row is about {claim!r}; there are {sorted(single['claim'].unique())}")
        for form, group in own.groupby("form", sort=False):
            worst: dict[Any, Any] = group.iloc[int(group["ratio"].to_numpy().argmax())].to_dict()
            sums = {name: int(group[name].sum()) for name in ("runs", "violations", "unresolved")}
            row = {"claim": claim, "form": form, "settings": len(group), **sums}
            rows.append(row | {"worst_ratio": worst["ratio"], "where": worst["setting"]})
    return pd.DataFrame(rows).set_index(["claim", "form"])
