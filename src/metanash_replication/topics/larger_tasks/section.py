"""The larger tasks, large games and the user's own games as tables."""

from typing import Any

import pandas as pd

from metanash_replication.labels import ARM_LABELS
from metanash_replication.ledger.rules import Tables
from metanash_replication.report.content import Cells, Part, claims_part, effect_of, interval, ratio_cell
from metanash_replication.topics.simulations.section import reached, speed_up_cell

__all__ = ["own_parts", "parts"]

_MOST_POLICIES = 24
"""A file with more of them shows none."""


def _task(cells: Cells, row: Any) -> list[str]:
    """Which task and cell: sizes, order, numbers of games and iterations, learning rate, perturbation."""
    order = f", {row['base_kind']} order" if row["family"] == "river_poker" else ""
    numbers = [cells(row[name]) for name in ("games", "iterations", "learning_rate", "perturbation")]
    return [f"{cells.text(row['experiment'])}, {cells.text(row['n_actions'])}{order}", *numbers]


def _gaps(table: pd.DataFrame) -> Part:
    cells = Cells("appendix")
    rows = [
        (
            *_task(cells, row),
            ARM_LABELS[row["arm"]],
            f"{interval(cells, row, 'gap', '.3g')} {row['unit']}",
            ratio_cell(cells, row, "ratio"),
            effect_of(row),
        )
        for _, row in table[table["arm"] != "individual"].iterrows()
    ]
    head = ("task, actions", "K", "T", "learning rate", "perturbation", "meta-update", "gap at T", "gap / individual")
    text = (
        r"Mean gap at $T$ of tasks $2$ to $K$, and its ratio to that of individual learning on the same seeds. Gaps of "
        "poker are in fractions of the pot."
    )
    return Part("Meta-learning on larger tasks", text, (*head, "effect"), tuple(rows))


def _iterations(table: pd.DataFrame) -> Part:
    cells = Cells("appendix")
    shown = table[table["rate_shown"] & table["perturbation_shown"] & (table["arm"] != "individual")]
    rows = [
        (
            *_task(cells, row),
            ARM_LABELS[row["arm"]],
            f"{cells(row['level'])} {row['unit']}",
            reached(cells, row["iterations_individual"]),
            reached(cells, row["iterations_meta"]),
            speed_up_cell(cells, row, "speed_up_low", "speed_up_high"),
        )
        for _, row in shown.iterrows()
    ]
    head = ("task, actions", "K", "T", "learning rate", "perturbation", "meta-update", "gap to reach")
    more = ("iterations, individual", "iterations, meta", "speed-up")
    return Part("Iterations to reach a gap on larger tasks", "", (*head, *more), tuple(rows))


def _references(table: pd.DataFrame) -> Part:
    cells = Cells("appendix_equilibria")
    rows = []
    for _, row in table[table["rate_shown"]].iterrows():
        poker = row["family"] == "river_poker"
        error = f"{interval(cells, row, 'error', '.2g', 'error_low', 'error_high')} {row['unit']}"
        excess = cells(row["excess"], ".2g") if poker else ""
        reference = cells(row["reference_gap"], ".1g") if poker else ""
        rows.append((*_task(cells, row), ARM_LABELS[row["arm"]], cells(row["checked"], "d"), error, excess, reference))
    head = ("task, actions", "K", "T", "learning rate", "perturbation", "arm", "tasks", "distance from the reference")
    text = (
        "Poker: how far the value of the learned policies is from that of the game, by linear programming; by how much "
        "that exceeds their gap at most (never, where negative); and the gap of the reference itself. Tracking: what "
        "the learned policies are worth less than the joint optimum."
    )
    return Part(
        "Values beside an exact reference", text, (*head, "largest excess over the gap", "gap of the reference"),
        tuple(rows),
    )  # fmt: skip


def _growth(tables: Tables) -> list[Part]:
    if "growth_exponents" not in tables:
        return []
    cells = Cells("growth_exponents")
    rows = [
        (
            cells.text(row["series"]),
            f"{row['quantity']} against {row['against']}".replace("_", " "),
            cells(row["points"], "d"),
            cells(row["exponent"], ".2f") if pd.isna(row["low"]) else interval(cells, row, "exponent", ".2f"),
            cells(row["expected"]),
        )
        for _, row in tables["growth_exponents"].iterrows()
    ]
    head = ("games", "growth of", "sizes", "exponent", "expected")
    return [Part("Growth with the size of a game", "Least squares in log-log over sizes.", head, tuple(rows))]


def parts(tables: Tables) -> list[Part]:
    """Gaps, iterations and references of the larger tasks, claims about them, and growth where it was measured."""
    claims = claims_part(
        tables["theory"], "scales to larger tasks", "Seeds on which meta-learning is worse", "Left side: the gap of a "
        "meta-update; right side: that of individual learning; a run is a seed, a violation one on which it is larger.",
    )  # fmt: skip
    return [
        _gaps(tables["appendix"]),
        _iterations(tables["appendix"]),
        _references(tables["appendix_equilibria"]),
        claims,
        *_growth(tables),
    ]


def own_parts(tables: Tables) -> list[Part]:
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
    return [own, *_own_notes(tables["own_payoffs"]), *_own_policies(tables["own_policies"])]


def _own_notes(table: pd.DataFrame) -> list[Part]:
    """Warnings of reading, of files that had any."""
    cells = Cells("own_payoffs")
    said = table[["own", "note"]].drop_duplicates().dropna()
    rows = tuple((cells.text(own), cells.text(note)) for own, note in said.itertuples(index=False) if note)
    text = "What was noticed when they were read."
    return [Part("Notes on your files", text, ("file", "note"), rows)] if rows else []


def _own_policies(table: pd.DataFrame) -> list[Part]:
    """Policies of individual learning at T, of files that have few of them."""
    cells = Cells("own_policies")
    places = ["game", "player", "step", "state"]
    rows = []
    for name, own in table[table["arm"] == "individual"].groupby("own", sort=False):
        groups = own.groupby(places)
        if len(groups) <= _MOST_POLICIES:
            for place, part in groups:
                probabilities = ", ".join(cells(value, ".3f") for value in part.sort_values("action")["probability"])
                rows.append((cells.text(name), *(cells(number, "d") for number in place), probabilities))
    text = "Individual learning; of a correlated output each player's part."
    head = ("file", *places, "probabilities of the actions")
    return [Part("Policies at $T$", text, head, tuple(rows))] if rows else []
