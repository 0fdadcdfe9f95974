"""What verdicts tell beside their results: numbers for plain sentences, and marks of the map of claims.

Numbers are citations by name (``facts``), in a form for people: three digits, no powers of ten. A mark is a ratio that
is above 1 where it contradicts the claim.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from metanash_replication.labels import ARM_LABELS
from metanash_replication.ledger.cited import cited
from metanash_replication.ledger.verdict import SCALES, Mark
from metanash_replication.rates import MUCH_FASTER

__all__ = [
    "SCALES",
    "bound_facts",
    "bound_marks",
    "effect_facts",
    "effect_marks",
    "human",
    "in_numbers",
    "percent",
    "speed_facts",
    "speed_marks",
]


def human(value: float) -> str:
    """Three digits, thousands grouped, no power of ten unless below 1e-4."""
    if not math.isfinite(value):
        return "infinitely many" if value > 0 else "no number"
    if value == int(value):
        return f"{int(value):,}"
    rounded = float(f"{value:.3g}")
    if abs(rounded) >= 1000.0:
        return f"{rounded:,.0f}"
    return f"{rounded:g}"


def percent(share: float) -> str:
    """A part of something, in percent."""
    return f"{human(100.0 * float(share))} %"


def in_numbers(source: str, **values: Any) -> dict[str, str]:
    """Facts of numbers and texts of a table."""
    return {
        name: cited(value if isinstance(value, str) else human(float(value)), source) for name, value in values.items()
    }


def _count(value: int, source: str) -> str:
    return cited(human(value), source) if value else "none"


_ARMS = {
    "output_policy": "output policies as targets",
    "stage_average": "averages of stages as targets",
    "last_stage_average": "the average of the last full stage as target",
    "shared_best_response": "one best response for all stages as target",
    "first_order": "first-order MAML",
}
"""Arms in a sentence, where their labels are too short."""

# Bounds ------------------------------------------------------------------------------------------------------


def _best(forms: Mapping[str, pd.DataFrame]) -> str:
    """The form that is violated least, and among those the one that comes nearest to what is measured."""
    return min(forms, key=lambda name: (forms[name]["violations"].sum(), -forms[name]["ratio"].max()))


def bound_facts(main: pd.DataFrame, repairs: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """runs, violated, ratio, share and times of the printed form; of the repaired form that holds, ``repaired``."""
    source = "theory.csv"
    ratio = float(main["ratio"].max())
    worst = main.iloc[int(main["ratio"].to_numpy().argmax())]
    facts = in_numbers(source, runs=main["runs"].sum(), ratio=ratio, share=percent(ratio))
    facts["times"] = f"{facts['ratio']} times as large ($T$ = {cited(human(float(worst['iteration'])), source)})"
    facts["violated"] = _count(int(main["violations"].sum()), source)
    if repairs:
        facts |= in_numbers(source, repaired=repairs[_best(repairs)]["ratio"].max())
    return facts


def bound_marks(main: pd.DataFrame, repairs: Mapping[str, pd.DataFrame]) -> tuple[Mark, ...]:
    """Largest left over right side: as printed, and of the repaired form that holds."""
    marks = [Mark("printed", str(main["form"].iloc[0]), float(main["ratio"].max()), scale="bound")]
    if repairs:
        name = _best(repairs)
        marks.append(Mark("repaired", name, float(repairs[name]["ratio"].max()), scale="bound"))
    return tuple(marks)


# Effects -----------------------------------------------------------------------------------------------------


def _sides(rows: pd.DataFrame, ratio: str, neutral: float) -> tuple[int, int]:
    return int((rows[f"{ratio}_high"] < neutral).sum()), int((rows[f"{ratio}_low"] > neutral).sum())


def _instead(others: Mapping[str, pd.DataFrame], ratio: str, neutral: float) -> str:
    """The repaired arm that helps in all of its settings, or else in most, and in as many as there are."""

    def merit(name: str) -> tuple[float, int, float]:
        helps, _ = _sides(others[name], ratio, neutral)
        return helps / len(others[name]), len(others[name]), -float(others[name][ratio].max())

    return max(others, key=merit) if others else ""


def arm_in_words(arm: str) -> str:
    """An arm in a sentence."""
    return _ARMS.get(arm, ARM_LABELS.get(arm, arm.replace("_", " ")).removeprefix("meta: "))


def effect_facts(
    own: pd.DataFrame, others: Mapping[str, pd.DataFrame], ratio: str, neutral: float, source: str
) -> dict[str, str]:
    """helps, settings, least and most; clauses ``worse`` and ``instead``, empty where there is nothing to say.

    Of differences ``least`` and ``most`` are the reductions, the smallest one first.
    """
    helps, hurts = _sides(own, ratio, neutral)
    values = own[ratio] if neutral else -own[ratio]
    facts = {"settings": cited(human(len(own)), source), "helps": _count(helps, source)}
    form = percent if neutral else human
    facts |= in_numbers(source, least=form(values.min()), most=form(values.max()))
    times = f", up to {cited(human(values.max()), source)} times as large" if neutral else ""
    facts["worse"] = f" and a larger one in {_count(hurts, source)}{times}" if hurts else ""
    facts["instead"] = ""
    if name := _instead(others, ratio, neutral):
        better, _ = _sides(others[name], ratio, neutral)
        count = f"{_count(better, source)} of {cited(human(len(others[name])), source)}"
        facts["instead"] = f"; with {arm_in_words(name)} instead it is smaller in {count}"
    return facts


def effect_marks(own: pd.DataFrame, others: Mapping[str, pd.DataFrame], ratio: str, neutral: float) -> tuple[Mark, ...]:
    """The largest ratio of gaps with its interval: of the printed update and of the repaired one."""
    if not neutral:  # a difference is no ratio
        return ()

    def mark(form: str, name: str, rows: pd.DataFrame) -> Mark:
        worst = rows.iloc[int(rows[ratio].to_numpy().argmax())]
        value, low, high = (float(worst[f"{ratio}{end}"]) for end in ("", "_low", "_high"))
        return Mark(form, name, value, low, high, "gap")

    name = _instead(others, ratio, neutral)
    marks = [mark("printed", str(own.iloc[0].get("arm", "")), own)]
    return (*marks, mark("repaired", name, others[name])) if name else tuple(marks)


# Speed-ups ---------------------------------------------------------------------------------------------------


def _span(rows: pd.DataFrame, source: str) -> str:
    """How many times as fast: from the slowest gap to the fastest, "at least" where one side never gets there."""
    known = rows.dropna(subset=["speed_up"])
    if known.empty:
        return "unknown"
    spread = (float(known["speed_up"].min()), float(known["speed_up"].max()))
    ends = [cited(human(float(f"{value:.2g}") if value >= MUCH_FASTER else value), source) for value in spread]
    least = "at least " if (known["status"] == "at least").any() else ""
    return f"{least}{' to '.join(dict.fromkeys(ends))}"


def speed_facts(own: pd.DataFrame, others: Mapping[str, pd.DataFrame], source: str) -> dict[str, str]:
    """``span`` of the speed-ups, ``fitting`` of ``gaps``; a clause ``instead`` on the fastest other arm."""
    fitting = int((own["low"] >= MUCH_FASTER).sum())
    facts = in_numbers(source, gaps=len(own)) | {"span": _span(own, source), "fitting": _count(fitting, source)}
    facts["instead"] = ""
    measured = {name: rows["speed_up"].min() for name, rows in others.items() if rows["speed_up"].notna().any()}
    if measured:
        name = max(measured, key=measured.__getitem__)
        facts["instead"] = f"; with {arm_in_words(name)} instead it is {_span(others[name], source)} times"
    return facts


def speed_marks(own: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> tuple[Mark, ...]:
    """Twice as fast over the smallest speed-up: of the printed update, and of the fastest other one."""

    def mark(form: str, name: str, rows: pd.DataFrame) -> Mark:
        worst = rows.dropna(subset=["speed_up"]).sort_values("speed_up").iloc[0]
        value, low, high = (MUCH_FASTER / float(worst[end]) for end in ("speed_up", "high", "low"))
        return Mark(form, name, value, low, high, "speed")

    measured = {name: rows for name, rows in others.items() if rows["speed_up"].notna().any()}
    marks = [mark("printed", str(own.iloc[0]["arm"]), own)] if own["speed_up"].notna().any() else []
    if measured:
        name = max(measured, key=lambda one: measured[one]["speed_up"].min())
        marks.append(mark("repaired", name, measured[name]))
    return tuple(marks)
