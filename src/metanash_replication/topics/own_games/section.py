"""The user's own games as tables."""

import math
from typing import Any

import pandas as pd

from metanash_replication.labels import ARM_LABELS
from metanash_replication.report.content import Cells, Part
from metanash_replication.typing import Tables

__all__ = ["PARTS"]

_MOST_POLICIES = 24
"""A file with more of them shows none."""


def parts(tables: Tables) -> list[Part]:
    """Files that were refused, and final gaps and payoffs of the user's own games."""
    return [*_refused(tables["own_refused"]), *(_learned(tables) if len(tables["own_games"]) else [])]


def _refused(table: pd.DataFrame) -> list[Part]:
    cells = Cells("own_refused")
    rows = [tuple(cells.literal(row[name]) for name in ("own", "file", "reason")) for _, row in table.iterrows()]
    text = "Nothing below is about them. Correct the file, and run the pipeline again."
    return [Part("Refused files", text, ("name", "file", "reason"), tuple(rows))] if rows else []


def _learned(tables: Tables) -> list[Part]:
    """Final gaps, gains and payoffs of the user's own games, and what was said when their files were read."""
    cells, payoff_cells = Cells("own_games"), Cells("own_payoffs")
    gaps = tables["own_games"]
    last = gaps[gaps["iteration"] == gaps.groupby("own")["iteration"].transform("max")]
    payoffs = tables["own_payoffs"].set_index(["own", "arm", "game"]).sort_index()
    rows = []
    for place, part in last.sort_values("player", kind="stable").groupby(["own", "arm", "game"], sort=False):
        row = part.iloc[0]
        earned = payoffs.loc[[place]].sort_values("player")["payoff"]
        measure = str(row["measure"]).replace("_", "-").replace("cce", "CCE").replace("ne-", "NE-")
        rows.append(
            (
                cells.text(row["own"]),
                cells(row["game"], "d"),
                str(row["learner"]).replace("_", " "),
                ARM_LABELS[row["arm"]],
                cells(row["iteration"], "d"),
                f"{cells(row['gap'], '.3g')} ({measure})",
                ", ".join(cells(gain, ".3g") for gain in part["gain"]),
                ", ".join(cells(gain, ".3g") for gain in part["gain_in_payoffs"]),
                ", ".join(payoff_cells(value, ".4g") for value in earned),
            )
        )
    head = ("file", "game", "learner", "arm", "T", "gap at T", "gains of the players at T", "gains in payoffs",
            "payoffs of the players at T")  # fmt: skip
    text = (
        "Rewards of a file in payoffs are parts of each player's own range, so the gap is the share of its range that "
        "a player can gain; in payoffs each player has its own units. Policies at $T$ are in `own_policies.csv`, gaps "
        "at every checkpoint in `own_games.csv`."
    )
    own = Part("Your games", text, head, tuple(rows))
    return [own, *_solved(tables["own_payoffs"]), *_notes(tables["own_payoffs"]), *_policies(tables["own_policies"])]


def _solved(table: pd.DataFrame) -> list[Part]:
    """Payoffs of an equilibrium, of game trees that could be solved."""
    cells, rows = Cells("own_payoffs"), []
    for name, part in table[table["solved"].notna()].groupby("own", sort=False):
        payoffs = ", ".join(cells(value, ".6g") for value in part.sort_values("player")["solved"])
        row = part.iloc[0]
        rows.append((cells.text(name), payoffs, cells(row["solved_gap"], ".2g"), cells.text(row["solved_by"])))
    text = "An equilibrium of each game tree, and its NE-gap, in payoffs; `metanash solve FILE` prints its strategies."
    head = ("file", "payoffs of the players", "NE-gap", "by")
    return [Part("Your game trees, solved", text, head, tuple(rows))] if rows else []


def _notes(table: pd.DataFrame) -> list[Part]:
    """Warnings of reading, of files that had any."""
    cells = Cells("own_payoffs")
    said = table[["own", "note"]].drop_duplicates().dropna()
    rows = tuple((cells.text(own), cells.text(note)) for own, note in said.itertuples(index=False) if note)
    text = "What was noticed when they were read."
    return [Part("Notes on your files", text, ("file", "note"), rows)] if rows else []


def _policies(table: pd.DataFrame) -> list[Part]:
    """Policies of individual learning at T, of files that have few of them."""
    cells = Cells("own_policies")
    places = ["game", "player", "step", "state"]
    rows = []
    for name, own in table[table["arm"] == "individual"].groupby("own", sort=False):
        groups = own.groupby(places, dropna=False)
        if len(groups) <= _MOST_POLICIES:
            rows += [(cells.text(name), *_policy_cells(cells, place, part)) for place, part in groups]
    text = (
        "Individual learning; of a correlated output each player's part. States of a game tree are the information "
        "sets of the player."
    )
    head = ("file", *places, "probabilities of the actions")
    return [Part("Policies at $T$", text, head, tuple(rows))] if rows else []


def _policy_cells(cells: Cells, place: tuple[Any, ...], part: pd.DataFrame) -> tuple[str, ...]:
    """Where a policy is, and the probabilities of its actions; a tree has names of both, and no steps."""
    part = part.sort_values("action")
    chances = ", ".join(
        (f"{cells.text(what)} " if isinstance(what, str) else "") + cells(value, ".3f")
        for what, value in zip(part["action_name"], part["probability"], strict=True)
    )
    label = part["state_name"].iloc[0]
    where = ["" if math.isnan(number) else cells(int(number), "d") for number in place]
    where[-1] += f" ({cells.text(label)})" if isinstance(label, str) else ""
    return (*where, chances)


PARTS = {"own-games": parts}
