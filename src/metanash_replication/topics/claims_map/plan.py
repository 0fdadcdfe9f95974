"""The map of claims: names. The job that judges the claims writes the table."""

from metanash_replication.plans import Figure, Plan, Section, Table

__all__ = ["PLAN"]

_MARKS = (
    "The largest ratio of each on a logarithmic axis: of a theorem what was measured over its bound, of an effect the "
    "gap with meta-learning over that without, of other claims what the table names. Right of the line it contradicts "
    "the paper, rates by more than a margin, since a transient adds to their slopes. Full marks: as printed, with an "
    "interval where there is chance; open marks: the repaired form, or the best other update. Colour and "
    "shape: the word for the claim. Arrows: beyond the axis."
)

PLAN = Plan(
    title="Map of claims",
    tables=(
        Table(
            "claims_map",
            "How near each claim comes to being contradicted: the ratios of its printed and its repaired form.",
        ),
    ),
    figures=(
        Figure("claims_map", f"Map of the main claims. {_MARKS}", ("claims_map",)),
        Figure("claims_map_all", f"Map of all claims, section by section. {_MARKS}", ("claims_map",)),
    ),
    drawn_by="claims_map",
    sections=(
        Section(
            id="map-of-claims",
            title="Map of claims",
            figures=("claims_map", "claims_map_all"),
            opens=True,
        ),
    ),
)
"""All claims in one figure."""
