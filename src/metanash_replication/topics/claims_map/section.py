"""The section of the report on the map of claims."""

from metanash_replication.ledger.telling import SCALES
from metanash_replication.report.content import Part
from metanash_replication.typing import Tables

__all__ = ["PARTS"]


def parts(_: Tables) -> list[Part]:
    """What the ratios of the map are of."""
    text = (
        "Each is above one where it contradicts the claim, of a rate by more than the margin of slopes. Claims "
        "without a ratio have none that could be told in one number."
    )
    return [Part("Ratios of the map", text, ("ratio",), tuple((scale,) for scale in SCALES.values()))]


PARTS = {"map-of-claims": parts}
