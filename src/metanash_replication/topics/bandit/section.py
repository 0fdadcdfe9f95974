"""Bandit feedback as tables of the report."""

from metanash_replication.labels import ARM_LABELS, LEARNER_LABELS
from metanash_replication.report.content import Cells, Heat, Part, interval
from metanash_replication.topics.bandit.tables import NO_PROMISE
from metanash_replication.typing import Tables

__all__ = ["PARTS"]


def parts(tables: Tables) -> list[Part]:
    """What each learner leaves after the last episode, and what meta-learning leaves of it."""
    return [_learning(tables), _meta(tables)]


def _learning(tables: Tables) -> Part:
    cells, rows = Cells("bandit"), []
    for _, row in tables["bandit"].iterrows():
        promised = row["promise"] != NO_PROMISE
        rows.append(
            (
                cells.text(row["case"]),
                LEARNER_LABELS[row["learner"]],
                cells(row["episodes"], "d"),
                cells(row["rate"], "g"),
                interval(cells, row, "gap", ".2e", "gap_low", "gap_high"),
                interval(cells, row, "slope", ".2f"),
                cells.text(row["promise"]),
                cells(row["promised_slope"], ".2f") if promised else "",
                cells.text(row["verdict"]) if promised else "",
            )
        )
    text = (
        "Learners that see states, their own actions and their own rewards, beside those with full information, which "
        "have done as many iterations as the sampled ones: exact gap after the last episode, mean over "
        f"{cells(tables['bandit'].iloc[0]['n_seeds'], 'd')} games with its interval, and its slope on the last decade "
        "of episodes. V-learning's gaps are those of its certified policies."
    )
    head = ("case", "learner", "episodes", "rate", "gap", "slope", "promised", "slope promised", "verdict")
    heat = Heat(rows=("case",), columns=("learner",), values=("gap",), scale="size")
    return Part("Learning with bandit feedback", text, head, tuple(rows), heat)


def _meta(tables: Tables) -> Part:
    cells, table = Cells("bandit_meta"), tables["bandit_meta"]
    rows = [
        (
            cells.text(row["case"]),
            cells.text(row["feedback"]),
            ARM_LABELS[row["arm"]],
            interval(cells, row, "gap", ".2e", "gap_low", "gap_high"),
            interval(cells, row, "ratio", ".3f", "ratio_low", "ratio_high"),
        )
        for _, row in table.iterrows()
    ]
    first = table.iloc[0]
    text = (
        f"Algorithm 1 on sequences of games, {cells(first['iterations'], 'd')} iterations a game, each on $n$ "
        f"sampled episodes or with full information: NE-gap at the end, mean over the "
        f"games after the first and {cells(first['n_seeds'], 'd')} seeds, and its ratio to that of individual "
        "learning with the same feedback."
    )
    head = ("sequence", "feedback", "initial policies", "gap", "over individual")
    good, bad = "less than individual learning", "more than individual learning"
    heat = Heat(
        rows=("sequence", "feedback"),
        columns=("initial policies",),
        values=("over individual",),
        good=good,
        bad=bad,
    )
    return Part("Meta-learning with bandit feedback", text, head, tuple(rows), heat)


PARTS = {"bandit": parts}
"""Parts of each section."""
