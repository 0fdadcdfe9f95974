"""River endgames as a table of the report."""

from metanash_replication.labels import CURVE_LABELS
from metanash_replication.report.content import Cells, Part, effect_of, interval, ratio_cell
from metanash_replication.typing import Tables

__all__ = ["PARTS"]


def parts(tables: Tables) -> list[Part]:
    """What each arm leaves of the exploitability of individual learning."""
    cells, table = Cells("river"), tables["river"]
    first = table.iloc[0]
    rows = [
        (
            cells.text(row["base_kind"]),
            CURVE_LABELS[row["arm"]],
            interval(cells, row, "gap", ".3g"),
            ratio_cell(cells, row, "ratio"),
            ratio_cell(cells, row, "at_rate"),
            ratio_cell(cells, row, "start"),
            effect_of(row),
        )
        for _, row in table[table["arm"] != "individual"].iterrows()
    ]
    text = (
        f"Sequences of {cells(first['games'], 'd')} river endgames with {cells(first['n_hands'], 'd')} hands a side "
        f"and {cells(first['sets'], 'd')} betting nodes, that differ in pot and stack; "
        f"{cells(first['n_seeds'], 'd')} seeds, "
        rf"$T$ = {cells(first['iterations'], 'd')}. Exploitability of the average strategies in pots, mean of endgames "
        r"$2$ to $K$, and its ratio to that of individual learning: as published, where regrets begin at none, at $T$ "
        "and at the first iteration, and with the learning rate of the meta-updates, by which regrets begin at the "
        "initial strategies."
    )
    head = ("order", "arm", "exploitability at T", "over individual", "over individual, same rate", "at the first")
    return [Part("River endgames as trees", text, (*head, "effect"), tuple(rows))]


PARTS = {"river": parts}
"""Parts of each section."""
