"""Long tables as heat maps: the cells of a part put into rows and columns, with a shade for each number.

A map says nothing that its table does not: it shows the numbers of the cells with their citations. Colour is not all
there is: each cell has its number, those on the bad side are bold, and a tilde stands by those whose interval has both.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from metanash_replication.ledger.cited import cited, plain, render
from metanash_replication.report.content import Heat, Part

__all__ = ["HeatCell", "HeatMap", "heat_map"]

STEPS = (1.5, 3.0, 10.0)
"""Factors from 1 at which a ratio is a shade darker."""
SHADES = len(STEPS) + 1
"""Of each side of a scale; 0 has no colour."""

MIDDLE = {"ratio": 1.0, "difference": 0.0}
"""Where the good side of a scale ends and the bad one begins."""

_Place = tuple[tuple[str, ...], tuple[str, ...], int]
"""Values of the columns that name a row of a map and a column, and which of the columns with numbers it is."""
_MARK = "\0"
_INTERVAL = re.compile(f"{_MARK} \\[{_MARK}, {_MARK}\\]")
_NUMBER = re.compile(r"-?\d*\.?\d+(e[+-]?\d+)?")
"""A value that wants its name beside it."""


@dataclass(frozen=True)
class HeatCell:
    """What a cell shows, and its colour.

    Attributes
    ----------
    text : str
    tone : str
        ``good``, ``bad`` or, of a scale without a middle, ``size``, with the shade from 1 to 4; empty: no colour.
    unclear : bool
        Whether the middle is in its interval.
    """

    text: str
    tone: str = ""
    unclear: bool = False


@dataclass(frozen=True)
class HeatMap:
    """A part's table in rows and columns.

    Attributes
    ----------
    corner : str
        What labels of rows consist of.
    groups : tuple of (str, int)
        Labels of columns, and how many neighbours have each.
    columns : tuple of str
        Labels of the columns within the groups; empty where a group is one column.
    rows : tuple of (str, tuple of HeatCell)
        Labels and cells.
    common : str
        What all rows have in common.
    heat : Heat
        The scale and its words.
    """

    corner: str
    groups: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[HeatCell, ...]], ...]
    common: str
    heat: Heat


@dataclass(frozen=True)
class _Reading:
    """A number with its interval, and what to show of it."""

    text: str
    value: float
    low: float
    high: float


def _read(cell: str) -> _Reading | None:
    """The number of a cell: the one with an interval if there is one, else the first; None if it has none."""
    numbers: list[tuple[str, str]] = []

    def collect(content: str, source: str) -> str:
        numbers.append((content, source))
        return _MARK

    form = render(cell, collect)
    found = _INTERVAL.search(form)
    words = form[: found.start() if found else max(form.find(_MARK), 0)]  # "at least "
    k = words.count(_MARK)
    try:
        value, low, high = (float(content) for content, _ in (numbers[k : k + 3] if found else numbers[k : k + 1] * 3))
    except ValueError:  # no number, or a name that is quoted from a table
        return None
    return _Reading(("" if k else words) + cited(*numbers[k]), value, low, high)


def _tone(bad: bool, shade: int) -> str:
    return f"{'bad' if bad else 'good'}{shade}" if shade else ""


def _by_ratio(value: float, more_is_better: bool) -> str:
    factor = (value if value >= 1.0 else 1.0 / value) if value > 0.0 else math.inf
    return _tone((value > 1.0) != more_is_better, (factor > 1.0) + sum(factor >= step for step in STEPS))


def _by_difference(value: float, largest: float) -> str:
    return _tone(value > 0.0, math.ceil(SHADES * abs(value) / largest) if largest else 0)


def _by_size(value: float, sizes: Sequence[float], logarithmic: bool) -> str:
    """From no colour for the smallest to the darkest for the largest."""
    if logarithmic:
        if value <= 0.0:
            return ""
        value, sizes = math.log(value), [math.log(size) for size in sizes if size > 0.0]
    span = max(sizes) - min(sizes)
    shade = round(SHADES * (value - min(sizes)) / span) if span else 0
    return f"size{shade}" if shade else ""


def _coloured(read: _Reading, values: Sequence[float], heat: Heat) -> HeatCell:
    if heat.scale in MIDDLE:
        if read.low < read.high and read.low <= MIDDLE[heat.scale] <= read.high:
            return HeatCell(read.text, unclear=True)
        if heat.scale == "ratio":
            return HeatCell(read.text, _by_ratio(read.value, heat.more_is_better))
        return HeatCell(read.text, _by_difference(read.value, max(map(abs, values))))
    return HeatCell(read.text, _by_size(read.value, values, heat.scale == "size"))


def _shaded(cells: Mapping[_Place, str], heat: Heat) -> dict[_Place, HeatCell]:
    read = {place: found for place, cell in cells.items() if (found := _read(cell)) and math.isfinite(found.value)}
    values = [found.value for found in read.values()]
    return {
        place: _coloured(read[place], values, heat) if place in read else HeatCell(cell)
        for place, cell in cells.items()
    }


def _label(names: Iterable[str], values: Iterable[str]) -> str:
    """Names of columns with their values, where a value is a number; words stand alone."""
    pairs = [(name, value) for name, value in zip(names, values, strict=True) if value]
    return ", ".join(f"{name} = {value}" if _NUMBER.fullmatch(plain(value)) else value for name, value in pairs)


def _places(part: Part, names: Iterable[str]) -> list[int]:
    missing = [name for name in names if name not in part.header]
    if missing:
        raise ValueError(f"heat map of {part.title!r}: no column {missing[0]!r}")
    return [part.header.index(name) for name in names]


def _by_number(labels: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Columns by their number if they have one each, else as they come."""
    found = list(dict.fromkeys(labels))
    if all(len(label) == 1 and _NUMBER.fullmatch(plain(label[0])) for label in found):
        found.sort(key=lambda label: float(plain(label[0])))
    return found


def _cells(part: Part, down: Sequence[int], across: Sequence[int], values: Sequence[int]) -> dict[_Place, str]:
    cells: dict[_Place, str] = {}
    for row in part.rows:
        for k in values:
            place = tuple(row[i] for i in down), tuple(row[i] for i in across), k
            if place in cells:
                raise ValueError(f"heat map of {part.title!r}: two rows at {plain(', '.join(place[0] + place[1]))!r}")
            cells[place] = row[k]
    return cells


def heat_map(part: Part) -> HeatMap:
    """The map of a part's table.

    Parameters
    ----------
    part : Part
        With ``heat``, and a row at least.

    Raises
    ------
    ValueError
        If the part has no heat map or no rows, it names a column that the table has not, or two rows would share a
        cell.
    """
    heat = part.heat
    if heat is None or not part.rows:
        raise ValueError(f"{part.title!r} has no heat map")
    down, across, values = (_places(part, names) for names in (heat.rows, heat.columns, heat.values))
    same = [k for k in down if len(part.rows) > 1 and len({row[k] for row in part.rows}) == 1]
    same = [] if same == down else same
    down = [k for k in down if k not in same]
    cells = _cells(part, down, across, values)
    head = part.header
    columns = _by_number(place[1] for place in cells)
    labels = {column: _label([head[k] for k in across], column) for column in columns}
    shaded = _shaded(cells, heat)
    rows = {
        row: tuple(shaded.get((row, column, k), HeatCell("")) for column in columns for k in values)
        for row in dict.fromkeys(place[0] for place in cells)
    }
    names = tuple(head[k] for k in values)
    single = [(name, 1) for name in names] if not across else [(labels[column], 1) for column in columns]
    grouped = bool(across) and len(values) > 1
    return HeatMap(
        corner=", ".join(head[k] for k in down),
        groups=tuple((labels[column], len(values)) for column in columns) if grouped else tuple(single),
        columns=names * len(columns) if grouped else (),
        rows=tuple((_label([head[k] for k in down], row), found) for row, found in rows.items()),
        common=_label([head[k] for k in same], [part.rows[0][k] for k in same]),
        heat=heat,
    )
