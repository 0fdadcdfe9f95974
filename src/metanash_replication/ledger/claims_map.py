"""The map of claims as a table: how near each claim comes to being contradicted, or by how much it is."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from metanash_replication.ledger import Entry
from metanash_replication.ledger.telling import SCALES
from metanash_replication.ledger.verdict import Mark

__all__ = ["map_table"]

_NONE = Mark("", "", math.nan, scale="")


def map_table(entries: Sequence[Entry], titles: Mapping[str, str], first: Mapping[str, str]) -> pd.DataFrame:
    """``claims_map.csv``: a row for each mark of each claim, in the order of the claims; one without if it has none.

    Parameters
    ----------
    entries : sequence of Entry
    titles : mapping from str to str
        Of the sections, by their ids.
    first : mapping from str to str
        Ids of the claims that the opening may name, those that matter most first, with their short names.

    Returns
    -------
    DataFrame
        Columns id, label (short name, or the id), kind, word, section, title; rank (of the claim in ``first``, from 1,
        or missing); form (printed or repaired), name (of the form or arm); ratio, low, high (above 1 where it
        contradicts the claim); scale (what the ratio is of).
    """
    rank = {name: k for k, name in enumerate(first, 1)}
    table = pd.DataFrame(
        {
            "id": entry.claim.id,
            "label": first.get(entry.claim.id, entry.claim.id),
            "kind": entry.claim.kind,
            "word": entry.word,
            "section": entry.claim.section,
            "title": titles[entry.claim.section],
            "rank": rank.get(entry.claim.id),
            "form": mark.form,
            "name": mark.name,
            "ratio": mark.value,
            "low": mark.low,
            "high": mark.high,
            "scale": SCALES.get(mark.scale, ""),
        }
        for entry in entries
        for mark in entry.verdict.marks or (_NONE,)
    )
    return table.astype({"rank": "Int64"})
