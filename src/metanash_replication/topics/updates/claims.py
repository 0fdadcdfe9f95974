"""What is claimed of the meta-updates beside equation (5). None is a claim of the paper."""

from collections.abc import Callable

import pandas as pd

from metanash.meta import DEFAULT_UPDATE
from metanash_replication.labels import UPDATE_LABELS
from metanash_replication.ledger.cited import number
from metanash_replication.ledger.claim import AFTER, Claim
from metanash_replication.ledger.plainly import of_two_sides, open_sentence
from metanash_replication.ledger.rules import INCONCLUSIVE, Verdict, comparison
from metanash_replication.ledger.words import SENTENCE, THEOREM
from metanash_replication.topics.updates.plan import PAPER, TWINS
from metanash_replication.typing import Tables

__all__ = ["CLAIMS"]

_PLACE = f"{AFTER}: meta-updates"
_KEYS = ("setting", "base_kind", "perturbation")
_DEFAULT = UPDATE_LABELS[DEFAULT_UPDATE]
_TESTED = (
    "Ratio of mean gaps at $T$ over the games after the first, with the interval of paired seeds, on games that were "
    "not used to choose; its upper end decides."
)
_RIGHT_FIGURE = ("updates_ratios",)


def _beside_paper(tables: Tables, kind: Callable[[pd.DataFrame], "pd.Series[bool]"]) -> pd.DataFrame:
    """Rows of the default beside (5) that were not used to choose."""
    table = tables["updates"]
    own = table[(table["phase"] == "verdict") & (table["arm"] == DEFAULT_UPDATE) & (table["beside"] == PAPER)]
    return own[kind(own)]


def _pure(tables: Tables) -> pd.DataFrame:
    rows = _beside_paper(tables, lambda own: own["base_kind"] == "pure")
    return rows.assign(left=rows["ratio_high"], right=rows["allowed"])


def _mixed(tables: Tables) -> pd.DataFrame:
    rows = _beside_paper(tables, lambda own: own["base_kind"] == "mixed")
    return rows.assign(left=rows["ratio_high"], right=1.0)


def _others(tables: Tables) -> pd.DataFrame:
    rows = _beside_paper(tables, lambda own: ~own["base_kind"].isin(["mixed", "pure"]))
    return rows.assign(left=rows["ratio_high"], right=rows["allowed"])


def _rates(tables: Tables) -> pd.DataFrame:
    """The default with a learned rate beside the default."""
    table = tables["updates"]
    tuned = next(name for name, twin in TWINS.items() if twin == DEFAULT_UPDATE)
    rows = table[(table["phase"] == "verdict") & (table["arm"] == tuned) & (table["beside"] == DEFAULT_UPDATE)]
    return rows.assign(left=rows["ratio_high"], right=1.0)


def _choice(tables: Tables) -> pd.DataFrame:
    """The default's mean ratio, infinite if it cannot be chosen, beside the least of those that can."""
    table = tables["updates_choice"]
    own = table[table["default"]]
    fitting = table.loc[table["can_be_chosen"], "mean_ratio"]
    left = own["mean_ratio"].where(own["can_be_chosen"], float("inf"))
    return own.assign(left=left, right=fitting.min() if len(fitting) else float("nan"))


_compared = comparison("updates_choice", _choice, ("arm",), "{left} beside {right} ({where})")


def _chosen(tables: Tables) -> Verdict:
    """Whether the default is chosen; nothing is decided where no candidate can be, and then it is said why not."""
    table, source = tables["updates_choice"], "updates_choice.csv"
    own = table[table["default"]]
    if own.empty or table["can_be_chosen"].any():
        return _compared(tables)
    (row,) = own.to_dict("records")
    high, alone, allowed = (
        number(row[name], ".3g", source) for name in ("largest_high", "largest_to_individual", "allowed_to_individual")
    )
    return Verdict(
        INCONCLUSIVE,
        "None of the candidates can be chosen. Of the default the interval of the ratio "
        f"to (5) ends at {high} where it ends last, and has to end below one; its ratio to individual learning is at "
        f"most {alone}, beside {allowed}.",
    )


def _sharper(tables: Tables) -> pd.DataFrame:
    """Largest gap over its bound among the seeds, for the weights that it is about."""
    table = tables["updates_crossover"]
    rows = table[table["arm"] == "annealed_best_response"]
    return rows.assign(left=rows["tightest"], right=1.0)


def _earlier(tables: Tables) -> pd.DataFrame:
    table = tables["updates_bounds"]
    return table.assign(left=table["annealed"], right=table["paper"])


def _regret(tables: Tables) -> pd.DataFrame:
    table = tables["updates_regret"]
    return table.assign(left=table["excess"], right=table["allowed"])


def _moving(tables: Tables) -> pd.DataFrame:
    table = tables["updates_moving"]
    rows = table[(table["arm"] == DEFAULT_UPDATE) & (table["kind"] != "still")]
    return rows.assign(left=rows["ratio_high"], right=1.0)


def _clusters(tables: Tables) -> pd.DataFrame:
    """Upper ends of the ratio of what knows clusters beside the lower ends of that of the default."""
    table = tables["updates_moving"]
    table = table[table["kind"] == "clusters"].set_index("base_kind")
    own, default = (table[table["arm"] == arm] for arm in ("recognised", DEFAULT_UPDATE))
    rows = own.assign(left=own["ratio_high"], right=default["ratio_low"].clip(upper=1.0).reindex(own.index))
    return rows.reset_index()


def _theorem(subject: str, good: str, bad: str) -> dict[str, str]:
    return {"holds": good, "violated": bad, "open": open_sentence(subject)}


CLAIMS = [
    Claim(
        id="updates-choice",
        kind=SENTENCE,
        place=_PLACE,
        statement=f"The rule of choice gives the library's default, {_DEFAULT}.",
        tested=(
            "Geometric mean of the ratios to (5) on the games to choose on, of those that are below (5) in each case "
            "and hardly above individual learning in any."
        ),
        judge=_chosen,
        plain=of_two_sides(
            "The library's default meta-update",
            good="The library's default meta-update is the one that the rule chooses: {left} times the gap of (5).",
            some="The library's default meta-update is not the one that the rule chooses.",
            bad="The library's default meta-update is not the one that the rule chooses: {left} beside {right}.",
        ),
        tables=("updates_choice",),
        runs=("updates/choose-*",),
    ),
    Claim(
        id="updates-pure",
        kind=SENTENCE,
        place=_PLACE,
        statement="On games with saddle points the library's default is at least as good as (5).",
        tested=_TESTED,
        judge=comparison("updates", _pure, _KEYS, "upper end {left} beside {right} ({where})"),
        plain=of_two_sides(
            "The default meta-update beside (5) on games with saddle points",
            good="On games with saddle points the default meta-update is at least as good as (5) in {cases} cases.",
            some="On games with saddle points the default meta-update may be worse than (5) in {failing} of {cases} "
            "cases, up to {left} times the gap.",
            bad="On games with saddle points the default meta-update is not as good as (5).",
        ),
        figures=_RIGHT_FIGURE,
        tables=("updates",),
        runs=("updates/verdict-*",),
    ),
    Claim(
        id="updates-mixed",
        kind=SENTENCE,
        place=_PLACE,
        statement="On games with mixed equilibria the library's default is better than (5).",
        tested=_TESTED,
        judge=comparison("updates", _mixed, _KEYS, "upper end {left} beside {right} ({where})"),
        plain=of_two_sides(
            "The default meta-update beside (5) on games with mixed equilibria",
            good="On games with mixed equilibria the default meta-update is better than (5) in {cases} cases.",
            some="On games with mixed equilibria the default meta-update is not clearly better than (5) in {failing} "
            "of {cases} cases.",
            bad="On games with mixed equilibria the default meta-update is not better than (5).",
        ),
        figures=_RIGHT_FIGURE,
        tables=("updates",),
        runs=("updates/verdict-*",),
    ),
    Claim(
        id="updates-others",
        kind=SENTENCE,
        place=_PLACE,
        statement="In families that were not looked at before, the library's default is at least as good as (5).",
        tested=_TESTED,
        judge=comparison("updates", _others, _KEYS, "upper end {left} beside {right} ({where})"),
        plain=of_two_sides(
            "The default meta-update beside (5) in other families",
            good="In other families the default meta-update is at least as good as (5) in {cases} cases.",
            some="In other families the default meta-update may be worse than (5) in {failing} of {cases} cases, up to "
            "{left} times the gap.",
            bad="In other families the default meta-update is not as good as (5).",
        ),
        figures=_RIGHT_FIGURE,
        tables=("updates",),
        runs=("updates/verdict-*",),
    ),
    Claim(
        id="updates-rate",
        kind=SENTENCE,
        place=_PLACE,
        statement="A learning rate that is learned from game to game makes the gap of the default smaller.",
        tested=_TESTED,
        judge=comparison("updates", _rates, _KEYS, "upper end {left} beside {right} ({where})"),
        plain=of_two_sides(
            "A learned learning rate",
            good="A learned learning rate makes the gap of the default smaller in {cases} cases.",
            some="A learned learning rate does not clearly make the gap of the default smaller in {failing} of {cases} "
            "cases.",
            bad="A learned learning rate does not make the gap of the default smaller.",
        ),
        figures=_RIGHT_FIGURE,
        tables=("updates",),
        runs=("updates/verdict-*",),
    ),
    Claim(
        id="updates-sharper",
        kind=THEOREM,
        place=_PLACE,
        statement=(
            r"With the weights $(A / 2) / (k + A / 2)$ in (5) what $K$ games pay for their starts is at most "
            r"$\Delta_{\mu,\nu} + \sum ((A - 1) / 2 \log K + \log A)$ over rows, so the mean gap is at most what "
            "is proven of Theorem 1 with a part in $K$ of that."
        ),
        tested="Mean gap over the first $K$ games beside the bound, in every sequence.",
        judge=comparison(
            "updates_crossover", _sharper, ("base_kind", "games"), "{left} of the bound, {right} is allowed ({where})"
        ),
        plain=_theorem(
            "Theorem 2 with annealed weights",
            "Theorem 2 with annealed weights holds: the gap comes to at most {left} of it.",
            "Theorem 2 with annealed weights is false: {left} times the bound.",
        ),
        figures=("updates_crossover",),
        tables=("updates_crossover",),
        runs=("updates/crossover-*",),
    ),
    Claim(
        id="updates-crossover",
        kind=SENTENCE,
        place=_PLACE,
        statement="With annealed weights Theorem 2 is below (4) after fewer games than (6).",
        tested="Smallest $K$ from which on each bound is below that of uniform starts, by computation.",
        judge=comparison(
            "updates_bounds",
            _earlier,
            ("horizon", "n_states", "max_actions", "iterations", "share"),
            "{left} games beside {right} ({where})",
        ),
        plain=of_two_sides(
            "When Theorem 2 becomes sharper than learning each game alone",
            good="With annealed weights Theorem 2 becomes sharper than learning each game alone after fewer games than "
            "as printed, in all {cases} sizes: at worst after {left} games, where (6) needs {right}.",
            some="With annealed weights Theorem 2 becomes sharper later than as printed in {failing} of {cases} sizes.",
            bad="With annealed weights Theorem 2 becomes sharper no earlier than as printed.",
        ),
        figures=("updates_crossover",),
        tables=("updates_bounds",),
        runs=("updates/crossover-*",),
    ),
    Claim(
        id="updates-regret",
        kind=THEOREM,
        place=_PLACE,
        statement=(
            r"Weights learned in each row pay at most $\log(N + 1)$ more than the best of $N$ averages and the uniform "
            "policy, whatever the games."
        ),
        tested="Largest excess over rows, in sequences that stay and that move.",
        judge=comparison("updates_regret", _regret, ("base_kind", "kind"), "{left} beside {right} nats ({where})"),
        plain=_theorem(
            "The bound on what learned weights pay",
            "The bound on what learned weights pay holds: at most {left} nats, where {right} are allowed.",
            "The bound on what learned weights pay is false: {left} nats, where {right} are allowed.",
        ),
        tables=("updates_regret",),
        runs=("updates/moving-*",),
    ),
    Claim(
        id="updates-moving",
        kind=SENTENCE,
        place=_PLACE,
        statement="Where sequences move, the library's default, which can forget, is better than (5).",
        tested="Ratio of mean gaps at $T$ over the games after the first; the upper end of its interval decides.",
        judge=comparison("updates_moving", _moving, ("base_kind", "kind"), "upper end {left} beside {right} ({where})"),
        plain=of_two_sides(
            "The default meta-update where sequences move",
            good="Where sequences move the default meta-update is better than (5) in all {cases} cases.",
            some="Where sequences move the default meta-update is not clearly better than (5) in {failing} of {cases} "
            "cases.",
            bad="Where sequences move the default meta-update is not better than (5).",
        ),
        figures=("updates_moving",),
        tables=("updates_moving",),
        runs=("updates/moving-*",),
    ),
    Claim(
        id="updates-clusters",
        kind=SENTENCE,
        place=_PLACE,
        statement=(
            "Where the games are of two clusters and no game tells which the next is of, the update that recognises a "
            "game by its first stages is better than the default and than (5)."
        ),
        tested=(
            "Ratios of mean gaps at $T$ to those of (5): the upper end of its interval is to be below the lower end of "
            "that of the default, and below one."
        ),
        judge=comparison("updates_moving", _clusters, ("base_kind",), "upper end {left} beside {right} ({where})"),
        plain=of_two_sides(
            "Recognising clusters of games",
            good="Recognising the cluster of a game by its first stages leaves less than the default meta-update and "
            "(5), in all {cases} cases.",
            some="Recognising the cluster of a game is not clearly better than the default in {failing} of {cases} "
            "cases.",
            bad="Recognising the cluster of a game is not better than the default meta-update.",
        ),
        figures=("updates_moving",),
        tables=("updates_moving",),
        runs=("updates/moving-*",),
    ),
]
