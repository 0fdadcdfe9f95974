"""How verdicts are reached: functions of tables, none of which knows a particular claim.

A rule returns a judge, which takes tables by name (``theory`` is ``theory.csv``) and returns a :class:`Verdict`. Where
cases can stand alone, it counts in how many it is as the claim says. How a verdict is told depends on the kind of claim
(:mod:`metanash_replication.ledger.words`).

``bound``
    0 violations of the printed form: *holds*, or *vacuous* if the bound is nowhere below the trivial range of what it
    bounds. Otherwise *violated as printed* if a repaired form has 0 violations on the same claim, else *violated*.
    *Inconclusive* if rounding decides nothing in any run, or there are no runs.
``never_exceeded``
    The same for bounds that have no trivial range: 0 violations *hold*.
``rate``
    Of the verdicts on slopes in a table: all consistent, *holds*; any violated, *violated*; else *inconclusive*.
``growth``
    Of the verdicts on growth in a table, T times a gap being affine in log T or a power of T: the same.
``effect``
    Of intervals of the ratio of a gap to that without meta-learning (or of the difference: then 0 in the place of 1),
    over settings: below 1 in all, *holds*; above 1 in any when all are to hold at once, *violated*, or with a repaired
    arm whose intervals are all below 1, *violated as printed*; else *inconclusive*.
``speed``
    "Much fewer iterations" is read as half as many: at all gaps the interval of the speed-up is above that, *holds*; at
    any it is below, *violated*; else *inconclusive*.
``comparison``
    A declared inequality between two columns that are worked out of a table, in every row: *holds* or *violated*;
    *inconclusive* if none fails and one is not a number.
``most``
    Of the share of cases that are as the claim says, with its exact 95 % interval (Clopper and Pearson): above one
    half, *holds*; below, *violated*; else *inconclusive*.
``never_falls``
    Of intervals of differences that hold together, in parts of the value: none reaches below minus a declared margin,
    *holds*; any lies below it, *violated*; else *inconclusive*.
``not_tested``
    With the reason.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import betaincinv, ndtri

from metanash_replication.labels import ARM_LABELS, KIND_LABELS
from metanash_replication.ledger.cited import cited, number
from metanash_replication.ledger.telling import (
    bound_facts,
    bound_marks,
    effect_facts,
    effect_marks,
    in_numbers,
    speed_facts,
    speed_marks,
)
from metanash_replication.ledger.verdict import (
    HOLDS,
    INCONCLUSIVE,
    NOT_TESTED,
    REPAIRED,
    VACUOUS,
    VERDICTS,
    VIOLATED,
    Mark,
    Verdict,
)
from metanash_replication.rates import MUCH_FASTER, familywise
from metanash_replication.typing import Tables

__all__ = [
    "HOLDS",
    "INCONCLUSIVE",
    "NOT_TESTED",
    "REPAIRED",
    "VACUOUS",
    "VERDICTS",
    "VIOLATED",
    "Judge",
    "Rows",
    "Verdict",
    "at_most",
    "bound",
    "comparison",
    "effect",
    "growth",
    "most",
    "never_exceeded",
    "never_falls",
    "not_tested",
    "rate",
    "similar",
    "speed",
]

_BARE = ("experiment", "base_kind", "arm")
_SYMBOLS = {
    "horizon": "H",
    "games": "K",
    "n_players": "N",
    "max_actions": "A",
    "iterations": "T",
    "inner_steps": "T",
    "learning_rate": "learning rate",
    "step_size": "step",
    "step_factor": "step / theory",
}
_LABELS = {**ARM_LABELS, "maml": "MAML", "first_order": "first-order MAML"}


Judge = Callable[[Tables], Verdict]
Rows = Callable[[pd.DataFrame], pd.DataFrame]


def _everything(table: pd.DataFrame) -> pd.DataFrame:
    return table


def _count(value: int, source: str, zero: str = "no") -> str:
    return number(value, "d", source) if value else zero


def _place(row: Any, keys: Sequence[str]) -> str:
    """The subject of a row, in the manner of the settings of ``theory.csv``."""
    values = {key: row[key] if isinstance(row[key], str) else f"{row[key]:.7g}" for key in keys}
    return ", ".join(value if key in _BARE else f"{_SYMBOLS.get(key, key)}={value}" for key, value in values.items())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _settings(theory: pd.DataFrame, claims: Sequence[str]) -> pd.DataFrame:
    """Rows of some claims, without the totals over settings, whose runs would count twice."""
    return theory[theory["claim"].isin(list(claims)) & ~theory["total"]]


def _instead(rows: pd.DataFrame, claim: str, better: str) -> pd.DataFrame:
    """One row for each form and setting: that of ``better`` if it is about all runs, otherwise that of ``claim``."""
    if not better:
        return rows
    keys = ["form", "setting"]
    whole, own = (rows[rows["claim"] == name] for name in (claim, better))
    place, known = (part.set_index(keys)["runs"] for part in (whole, own))
    known = known[known >= place.reindex(known.index).fillna(0)]
    return pd.concat([own[own.set_index(keys).index.isin(known.index)], whole[~place.index.isin(known.index)]])


def _worst(rows: pd.DataFrame) -> Any:
    return rows.iloc[int(rows["ratio"].to_numpy().argmax())]


def _form(rows: pd.DataFrame, name: str) -> str:
    worst, source = _worst(rows), "theory.csv"
    return (
        f"{name}: violated in {_count(int(rows['violations'].sum()), source, 'none')} of "
        f"{number(int(rows['runs'].sum()), 'd', source)} runs, largest left side over right side "
        f"{number(worst['ratio'], '.4g', source)}"
    )


def _bound_verdict(printed: pd.DataFrame, repairs: Sequence[pd.DataFrame]) -> str:
    if (printed["runs"] == printed["unresolved"]).all():
        return INCONCLUSIVE
    if printed["violations"].sum() == 0:
        return HOLDS if printed["first_informative"].notna().any() else VACUOUS
    mended = any(len(rows) > 0 and rows["violations"].sum() == 0 for rows in repairs)
    return REPAIRED if mended else VIOLATED


def bound(
    claim: str,
    printed: str = "printed",
    repaired: Sequence[str] = (),
    rows: Rows = _everything,
    better: str = "",
) -> Judge:
    """A bound by the rows of ``theory.csv`` with this claim and forms, all of them or a choice.

    ``better`` names a claim whose left sides are exact, where those of ``claim`` are at least as large. Its rows take
    the place of those of the same form and setting, unless they are about fewer runs. What only the larger left side
    exceeds is not violated, but undecided.
    """

    def judge(tables: Tables) -> Verdict:
        chosen = _instead(rows(_settings(tables["theory"], [claim, better])), claim, better)
        main = chosen[chosen["form"] == printed]
        if main.empty:
            return Verdict(INCONCLUSIVE, "No run of this configuration measures it.")
        others = {form: chosen[chosen["form"] == form] for form in repaired}
        others = {form: part for form, part in others.items() if len(part)}
        worst = _worst(main)
        where = f"{worst['setting']}, T={worst['iteration']}"
        informative = _count(int(main["first_informative"].notna().sum()), "theory.csv", "none")
        parts = [
            f"{_form(main, cited(_capital(printed), 'theory.csv'))} ({cited(where, 'theory.csv')}); "
            f"informative in {informative} of {number(len(main), 'd', 'theory.csv')} settings",
            *(_form(part, cited(_capital(form), "theory.csv")) for form, part in others.items()),
        ]
        name = _bound_verdict(main, list(others.values()))
        if better and name in {VIOLATED, REPAIRED} and not main.loc[main["claim"] == better, "violations"].any():
            name = INCONCLUSIVE
            parts.append("No exact left side exceeds the bound, only some that are known to be at least as large")
        return Verdict(
            name,
            ". ".join(parts) + ".",
            str(worst["setting"]),
            str(worst["claim"]),
            tuple(worst["file"].split()),
            facts=bound_facts(main, others),
            marks=bound_marks(main, others),
        )

    return judge


def never_exceeded(*claims: str) -> Judge:
    """Bounds without a trivial range, such as constants: violations among the rows of these claims."""

    def judge(tables: Tables) -> Verdict:
        rows = _settings(tables["theory"], claims)
        if rows.empty:
            return Verdict(INCONCLUSIVE, "No run of this configuration measures it.")
        parts = [_form(part, cited(_capital(str(name)), "theory.csv")) for name, part in rows.groupby("claim")]
        name, worst = VIOLATED if rows["violations"].sum() else HOLDS, _worst(rows)
        files = tuple(worst["file"].split())
        return Verdict(
            name,
            ". ".join(parts) + ".",
            str(worst["setting"]),
            str(worst["claim"]),
            files,
            facts=bound_facts(rows, {}),
            marks=bound_marks(rows, {}),
        )

    return judge


def rate(table: str, keys: Sequence[str], rows: Rows = _everything, against: str = "bound_slope") -> Judge:
    """Slopes whose table has a verdict on the last window; ``keys`` name what a row is about.

    ``against`` is the column of the slope that they are judged by: that of a bound, or the one that is claimed.
    """
    beside = "bound" if against == "bound_slope" else "claim"

    def judge(tables: Tables) -> Verdict:
        source = f"{table}.csv"
        judged = rows(tables[table])
        judged = judged[judged["verdict"].isin(["consistent", "violated", "inconclusive"])]
        if judged.empty:
            return Verdict(INCONCLUSIVE, "No slope of this configuration has a verdict.")
        counts = judged["verdict"].value_counts()
        name = VIOLATED if counts.get("violated", 0) else (HOLDS if counts.get("consistent", 0) == len(judged) else "")
        worst = judged.iloc[int((judged["slope"] - judged[against]).to_numpy().argmax())]
        where = _place(worst, keys)
        verdicts = ", ".join(f"{number(int(n), 'd', source)} {verdict}" for verdict, n in sorted(counts.items()))
        result = (
            f"Slopes on the last window, T from {number(worst['start'], 'g', source)} to "
            f"{number(worst['end'], 'g', source)}: {verdicts}. Farthest above the slope of the {beside}: "
            f"{number(worst['slope'], '.3f', source)} "
            f"[{number(worst['low'], '.3f', source)}, {number(worst['high'], '.3f', source)}] beside "
            f"{number(worst[against], '.3f', source)} ({cited(where, source)})."
        )
        fitting = int(counts.get("consistent", 0))
        ratio, *ends = (
            float(worst[against] / worst[end]) if worst[end] < 0 else np.inf for end in ("slope", "low", "high")
        )
        return Verdict(
            name or INCONCLUSIVE,
            result,
            where,
            place=worst.to_dict(),
            fitting=fitting,
            cases=len(judged),
            facts=in_numbers(
                source, slope=-worst["slope"], claimed=-worst[against], fitting=fitting, cases=len(judged)
            ),
            marks=(Mark("printed", "slope", ratio, min(ends), max(ends), "rate"),),
        )

    return judge


def growth(
    table: str, keys: Sequence[str], rows: Rows = _everything, curve: str = "T times the gap at stage ends"
) -> Judge:
    """A curve, affine in log T or a power of T, whose table has a verdict; ``keys`` name what a row is about."""

    def judge(tables: Tables) -> Verdict:
        source = f"{table}.csv"
        found = rows(tables[table])
        judged = found[found["verdict"].isin(["consistent", "violated", "inconclusive"])]
        if judged.empty:
            return Verdict(INCONCLUSIVE, "No window of this configuration has stage ends enough for a verdict.")
        counts = judged["verdict"].value_counts()
        name = VIOLATED if counts.get("violated", 0) else (HOLDS if counts.get("consistent", 0) == len(judged) else "")
        # of the rows that decide, the one where the power comes nearest
        deciding = judged[judged["verdict"] == ("violated" if name == VIOLATED else "inconclusive")]
        among = judged if deciding.empty else deciding
        worst = among.iloc[int(among["advantage_low"].to_numpy().argmin())]
        where = _place(worst, keys)
        verdicts = ", ".join(f"{number(int(n), 'd', source)} {verdict}" for verdict, n in sorted(counts.items()))
        result = (
            f"{curve}, T from {number(worst['start'], '.2g', source)} to "
            f"{number(worst['end'], '.2g', source)}: {verdicts}. Nearest to a power ({cited(where, source)}): "
            f"a + b log T is off by {number(100 * worst['misfit_affine'], '.2g', source)} %, with b = "
            f"{number(worst['increment'], '.4g', source)} [{number(worst['increment_low'], '.4g', source)}, "
            f"{number(worst['increment_high'], '.4g', source)}]; c T^p by "
            f"{number(100 * worst['misfit_power'], '.2g', source)} %, with p = {number(worst['power'], '.3f', source)} "
            f"[{number(worst['power_low'], '.3f', source)}, {number(worst['power_high'], '.3f', source)}]; misfit of "
            f"the power over that of the logarithm at least {number(10 ** worst['advantage_low'], '.3g', source)}."
        )
        fitting = int(counts.get("consistent", 0))
        return Verdict(
            name or INCONCLUSIVE,
            result,
            where,
            place=worst.to_dict(),
            fitting=fitting,
            cases=len(judged),
            facts=in_numbers(source, fitting=fitting, cases=len(judged), end=worst["end"]),
            marks=(Mark("printed", "misfit", float(10 ** -worst["advantage_low"]), scale="growth"),),
        )

    return judge


def similar(table: pd.DataFrame) -> pd.DataFrame:
    """Rows whose perturbation is at most that of the reference setting, the commonest one."""
    if table.empty:
        return table
    close: pd.DataFrame = table[table["perturbation"] <= table["perturbation"].mode().iloc[0]]
    return close


def _sides(rows: pd.DataFrame, ratio: str, neutral: float) -> tuple[int, int]:
    return int((rows[f"{ratio}_high"] < neutral).sum()), int((rows[f"{ratio}_low"] > neutral).sum())


def _hurts_together(rows: pd.DataFrame, ratio: str, neutral: float) -> bool:
    """Whether any interval is above the neutral value when all of them are to hold at once with 95 % (Bonferroni).

    Intervals (95 % each in a table) are widened as if estimates were normal, ratios on the scale of logarithms.
    """
    each, alone = ((1.0 - familywise(intervals)) / 2.0 for intervals in (len(rows), 1))
    wider = float(ndtri(each) / ndtri(alone))
    centre, low = rows[ratio].to_numpy(float), rows[f"{ratio}_low"].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        if neutral:
            centre, low = np.log(centre), np.log(low)
        # a ratio may be infinite: one interval stays as it is, and an interval without width too
        half = np.where((centre == low) | (wider == 1.0), 0.0, centre - low)
        return bool((low - (wider - 1.0) * half > 1e-12).any())


def _effect_sentence(rows: pd.DataFrame, ratio: str, neutral: float, label: str, source: str) -> str:
    helps, hurts = _sides(rows, ratio, neutral)
    values = rows[ratio]
    return (
        f"{_capital(label)}: helps in {_count(helps, source, 'none')}, hurts in {_count(hurts, source, 'none')} of "
        f"{number(len(rows), 'd', source)} settings, {'ratio' if neutral else 'difference'} of gaps from "
        f"{number(values.min(), '.2g', source)} to {number(values.max(), '.3g', source)}"
    )


def effect(
    table: str,
    arm: str,
    keys: Sequence[str],
    rows: Rows = _everything,
    repaired: Sequence[str] = (),
    ratio: str = "ratio",
    column: str = "arm",
    neutral: float = 1.0,
) -> Judge:
    """Gap of an arm over that without meta-learning, with an interval, in every setting of a table.

    ``ratio`` is the column of the effect, and ``neutral`` its value where there is none: 1 of a ratio, 0 of a
    difference.
    """

    def judge(tables: Tables) -> Verdict:
        source = f"{table}.csv"
        chosen = rows(tables[table])
        own = chosen[chosen[column] == arm]
        if own.empty:
            return Verdict(INCONCLUSIVE, "No run of this configuration measures it.")
        others = {name: chosen[chosen[column] == name] for name in repaired}
        others = {name: part for name, part in others.items() if len(part)}
        helps, hurts = _sides(own, ratio, neutral)
        together = hurts > 0 and _hurts_together(own, ratio, neutral)
        name = HOLDS if helps == len(own) else (VIOLATED if together else INCONCLUSIVE)
        if name == VIOLATED and any(_sides(part, ratio, neutral)[0] == len(part) for part in others.values()):
            name = REPAIRED
        worst = own.iloc[int(own[ratio].to_numpy().argmax())]
        where = _place(worst, keys)
        parts = [
            f"{_effect_sentence(own, ratio, neutral, _words(arm), source)} (largest: {cited(where, source)})",
            *(_effect_sentence(part, ratio, neutral, _words(other), source) for other, part in others.items()),
        ]
        place = worst.drop(column).to_dict()  # the ratio is of files of several arms
        return Verdict(
            name,
            ". ".join(parts) + ".",
            where,
            place=place,
            fitting=helps,
            cases=len(own),
            facts=effect_facts(own, others, ratio, neutral, source),
            marks=effect_marks(own, others, ratio, neutral),
        )

    return judge


def _words(arm: str) -> str:
    return _LABELS.get(arm, arm.replace("_", " "))


def _speed_ups(tables: Tables) -> pd.DataFrame:
    return tables["speed_up"]


def speed(
    figure: str,
    base_kind: str,
    arm: str,
    others: Sequence[str] = (),
    rows: Callable[[Tables], pd.DataFrame] = _speed_ups,
    source: str = "speed_up.csv",
) -> Judge:
    """Iterations to reach gaps, individual over meta-learning, by ``speed_up.csv`` or rows with its columns."""

    def sentence(part: pd.DataFrame, name: str) -> str:
        known = part.dropna(subset=["speed_up"])
        spans = [
            f"{'' if row.status == 'measured' else f'{row.status} '}{number(row.speed_up, '.3g', source)} "
            f"[{number(row.low, '.3g', source)}, {number(row.high, '.3g', source)}] at NE-gap "
            f"{number(row.ne_gap, 'g', source)}"
            for row in known.itertuples()
        ]
        missing = "" if len(known) == len(part) else "; neither side gets to the other gaps"
        return f"{_capital(_words(name))}: speed-up {', '.join(spans) or 'nowhere measured'}{missing}"

    def judge(tables: Tables) -> Verdict:
        table = rows(tables)
        chosen = table[(table["figure"] == figure) & (table["base_kind"] == base_kind)]
        own = chosen[chosen["arm"] == arm]
        if own.empty:
            return Verdict(INCONCLUSIVE, "No run of this configuration measures it.")
        known = own.dropna(subset=["speed_up"])
        if len(known) and (known["high"] < MUCH_FASTER).any():
            name = VIOLATED
        else:
            name = HOLDS if len(known) == len(own) and (known["low"] >= MUCH_FASTER).all() else INCONCLUSIVE
        arms = [arm, *(other for other in others if (chosen["arm"] == other).any())]
        parts = [sentence(chosen[chosen["arm"] == one], one) for one in arms]
        rest = {one: chosen[chosen["arm"] == one] for one in arms[1:]}
        return Verdict(
            name,
            ". ".join(parts) + ".",
            f"{base_kind}, {arm}",
            place={"figure": figure, "base_kind": base_kind, "arm": arm},
            fitting=int((known["low"] >= MUCH_FASTER).sum()),
            cases=len(own),
            facts=speed_facts(own, rest, source),
            marks=speed_marks(own, rest),
        )

    return judge


def comparison(
    table: str,
    rows: Callable[[Tables], pd.DataFrame],
    keys: Sequence[str],
    sentence: str,
    *,
    whole: bool = False,
) -> Judge:
    """``left`` at most ``right`` in every row of what ``rows`` makes of the tables.

    The rows are cases, unless together they make the claim (``whole``). Where either is not a number nothing is
    decided: if no other row fails, the verdict is *inconclusive*. ``sentence`` names ``{left}``, ``{right}`` and
    ``{where}`` of the row with the largest left over right.
    """

    def judge(tables: Tables) -> Verdict:
        source = f"{table}.csv"
        made = rows(tables)
        if made.empty:
            return Verdict(INCONCLUSIVE, "No run of this configuration measures it.")
        failing = int((made["left"] > made["right"]).sum())
        known = made[["left", "right"]].notna().all(axis=1)
        share = (made["left"] / made["right"].where(made["right"] > 0)).fillna(np.inf).where(known, -np.inf)
        worst = made.iloc[int(share.to_numpy().argmax())]
        where = _place(worst, keys)
        told = sentence.format(
            left=number(worst["left"], ".3g", source),
            right=number(worst["right"], ".3g", source),
            where=cited(where, source),
        )
        counted = f"{_count(failing, source, 'None')} of {number(len(made), 'd', source)} cases fail"
        name = VIOLATED if failing else (HOLDS if known.all() else INCONCLUSIVE)
        fitting = 0 if whole else int((made["left"] <= made["right"]).sum())
        cases = 0 if whole else len(made)
        left, right = float(worst["left"]), float(worst["right"])
        ratio = left / right if right > 0.0 else (np.inf if left > 0.0 else np.nan)
        facts = in_numbers(source, left=left, right=right, ratio=ratio, cases=len(made))
        facts |= {key: cited(KIND_LABELS.get(worst[key], worst[key]), source) for key in keys if key == "base_kind"}
        facts |= in_numbers(source, **{f"most_{key}": made[key].max() for key in keys if key == "games"})
        return Verdict(
            name,
            f"{counted}; worst: {told}.",
            where,
            place=worst.to_dict(),
            fitting=fitting,
            cases=cases,
            facts=facts | {"failing": _count(failing, source, "none")},
            marks=(Mark("printed", "comparison", ratio, scale="comparison"),),
        )

    return judge


def at_most(low: Any, high: Any, level: Any) -> str:
    """Verdict on numbers known by their intervals that are claimed to be at most a level, all of them.

    *Holds* if all intervals end there, *violated* if one begins above, else *inconclusive*.
    """
    if (low > level).any():
        return VIOLATED
    return HOLDS if (high <= level).all() else INCONCLUSIVE


def share_interval(successes: int, cases: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a share (Clopper and Pearson 1934)."""
    tail = (1.0 - level) / 2.0
    low = float(betaincinv(successes, cases - successes + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, cases - successes, 1.0 - tail)) if successes < cases else 1.0
    return low, high


def most(table: str, rows: Callable[[Tables], pd.DataFrame], keys: Sequence[str], sentence: str) -> Judge:
    """``left`` at most ``right`` in most rows of what ``rows`` makes of the tables, which are independent cases.

    ``sentence`` says of whose ``{share}``, and names the ``{median}`` and ``{largest}`` left side and ``{right}``.
    """

    def judge(tables: Tables) -> Verdict:
        source = f"{table}.csv"
        made = rows(tables)
        if made.empty:
            return Verdict(INCONCLUSIVE, "No run of this configuration measures it.")
        good = int((made["left"] <= made["right"]).sum())
        low, high = share_interval(good, len(made))
        name = HOLDS if low > 0.5 else (VIOLATED if high < 0.5 else INCONCLUSIVE)
        worst = made.iloc[int((made["left"] / made["right"]).to_numpy().argmax())]
        share = (
            f"{_count(good, source, 'none')} of {number(len(made), 'd', source)} (share "
            f"{number(good / len(made), '.2g', source)} [{number(low, '.2f', source)}, {number(high, '.2f', source)}])"
        )
        told = sentence.format(
            share=share,
            median=number(made["left"].median(), ".3g", source),
            largest=number(worst["left"], ".3g", source),
            right=number(worst["right"], ".3g", source),
        )
        ratio, least, most = (0.5 / part if part > 0.0 else np.inf for part in (good / len(made), high, low))
        facts = in_numbers(source, good=good, cases=len(made), median=made["left"].median(), largest=worst["left"])
        return Verdict(
            name,
            f"{told}.",
            _place(worst, keys),
            place=worst.to_dict(),
            facts=facts,
            marks=(Mark("printed", "share", ratio, least, most, "share"),),
        )

    return judge


def never_falls(table: str, keys: Sequence[str], name: str, margin: float) -> Judge:
    """Differences from one setting to the next, with intervals that hold together.

    A fall counts from ``margin`` times the value on: no interval reaches below that, *holds*; any is below, *violated*;
    else *inconclusive*. Without a margin no number of seeds could show that nothing falls.
    """

    def judge(tables: Tables) -> Verdict:
        source = f"{table}.csv"
        rows = tables[table]
        if rows.empty:
            return Verdict(INCONCLUSIVE, "No run of this configuration measures it.")
        least = -margin * rows["value"].abs()
        falls, rises = int((rows["high"] < least).sum()), int((rows["low"] > 0).sum())
        kept = int((rows["low"] >= least).sum())
        verdict = VIOLATED if falls else (HOLDS if kept == len(rows) else INCONCLUSIVE)
        beyond = (rows["high"] if falls else rows["low"]) - least
        worst = rows.iloc[int((beyond / rows["value"].abs().where(rows["value"] != 0)).fillna(0.0).to_numpy().argmin())]
        where = _place(worst, keys)
        result = (
            f"Rises in {_count(rises, source, 'none')} and falls in {_count(falls, source, 'none')} of "
            f"{number(len(rows), 'd', source)} steps to a larger perturbation; lowest: from {name} = "
            f"{number(worst['value'], '.4g', source)} to {number(worst['next_value'], '.4g', source)}, by "
            f"{number(worst['difference'], '.2g', source)} [{number(worst['low'], '.2g', source)}, "
            f"{number(worst['high'], '.2g', source)}] ({cited(where, source)})."
        )
        allowed = (-rows["low"] / -least).where(least < 0).max()
        return Verdict(
            verdict,
            result,
            where,
            place=worst.to_dict(),
            fitting=kept,
            cases=len(rows),
            facts=in_numbers(source, cases=len(rows)) | {"falls": _count(falls, source, "none")},
            marks=(Mark("printed", "difference", float(allowed), scale="fall"),),
        )

    return judge


def not_tested(reason: str) -> Judge:
    """A claim that no run is about."""
    return lambda _: Verdict(NOT_TESTED, reason)
