"""Planted tables: rows by hand, just on each side of the threshold of a claim, and rows that it must not read.

A topic's tests have ``PLANTED``, for each claim and verdict the tables that give it, and ``IGNORED``, for each claim
rows that belong to something else and would turn its verdicts. Tables are lists of rows by name.
"""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from metanash_replication.bound_rows import FORMS, claim_row
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, REPAIRED, VACUOUS, VIOLATED

OVER, UNDER = 1.0 + 1e-6, 1.0 - 1e-6
"""Left sides just above and just below a right side of 1."""


def joined(*parts):
    """Tables with the rows of all parts, in that order."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: [row for part in parts for row in part.get(name, [])] for name in names}


def frames(tables):
    return {name: pd.DataFrame(rows) for name, rows in tables.items()}


def judges_of(claims):
    return {claim.id: claim.judge for claim in claims}


def each_planted(planted):
    """Parameters ``claim, verdict, tables``."""
    return [
        pytest.param(claim, verdict, tables, id=f"{claim}-{verdict}-{k}")
        for claim, verdicts in planted.items()
        for verdict, some in verdicts.items()
        for k, tables in enumerate(some)
    ]


def told(verdict):
    """All of a verdict that can be compared."""
    return verdict.name, verdict.result, verdict.worst, verdict.row, verdict.files


def turned(judge, cases, ignored):
    """What ignored rows turn, put before the first tables of each verdict and after the last: nothing is right."""
    both = [
        part for some in cases.values() for part in ((some[0], (ignored, some[0])), (some[-1], (some[-1], ignored)))
    ]
    pairs = [(told(judge(frames(own))), told(judge(frames(joined(*parts))))) for own, parts in both]
    return [pair for pair in pairs if pair[0] != pair[1]]


def without_rows(tables):
    """The same columns, and no row."""
    return {name: table.iloc[:0] for name, table in frames(tables).items()}


# Bounds -------------------------------------------------------------------------------------------------


def bound_row(claim, form, setting, left=0.5, *, right=1.0, trivial=2.0, unresolved=False, kind="", **columns):
    """Two runs at T = 10 and 1000 beside a right side; the second ends at ``left``. ``columns`` replace those made."""
    t, gaps = np.array([10.0, 1000.0]), np.array([[0.1, 0.2], [-0.3, left]])
    where = np.full((2, 2), unresolved)
    made = claim_row(claim, form, setting, t, gaps, np.full((2, 2), right), trivial, where, kind)
    place = {"file": f"theory/{setting.replace(' ', '_')}.npz", "measurement": setting.split(",")[0].replace(" ", "_")}
    return made | place | columns


class Bounds:
    """Rows of a bound in its forms, in three settings or more: at most half of the right side, unless planted."""

    def __init__(self, claim, printed="printed", repairs=(), settings=("first", "second", "third"), **columns):
        self.claim, self.printed, self.repairs, self.settings, self.columns = claim, printed, repairs, settings, columns

    def tables(self, over=(), under=(), informative=None, unresolved=(), without=()):
        """Planted: places (form, index of a setting) that are over the right side, just under it, or not resolved."""
        rows = []
        for (k, setting), form in itertools.product(enumerate(self.settings), (self.printed, *self.repairs)):
            place = (form, k)
            if form in without:
                continue
            left = OVER if place in over else UNDER if place in under else 0.5
            trivial = 2.0 if informative is None or k in informative else 0.5
            made = bound_row(self.claim, form, setting, left, trivial=trivial, unresolved=place in unresolved)
            if place in unresolved:
                made |= {"unresolved": 2}
            rows.append(made | self.columns)
        return {"theory": rows}

    def planted(self):
        """Tables by verdict: each setting decides in one of them."""
        every, printed = range(len(self.settings)), self.printed
        last = every[-1]
        all_repairs = [(form, last) for form in self.repairs]
        cases = {
            HOLDS: [
                self.tables(under=[(printed, k) for k in every]),
                *(self.tables(over=all_repairs, informative=[k]) for k in every),
                self.tables(unresolved=[(printed, k) for k in every[1:]]),
            ],
            VACUOUS: [self.tables(informative=[])],
            VIOLATED: [
                *(self.tables(over=[(printed, k), *all_repairs]) for k in every),
                joined(self.tables(over=[(printed, 0), *all_repairs]), {"theory": self._other_forms()}),
            ],
            INCONCLUSIVE: [self.tables(unresolved=[(printed, k) for k in every])],
        }
        if self.repairs:
            cases[VIOLATED].append(self.tables(over=[(printed, 0)], without=self.repairs))
            cases[REPAIRED] = [
                self.tables(over=[(printed, k), *(place for place in all_repairs if place[0] != form)])
                for form in self.repairs
                for k in every
            ]
        return cases

    def _other_forms(self):
        """Forms that are no repair of this claim: they mend nothing, even where they are never exceeded."""
        forms = [form for form in FORMS if form not in {self.printed, *self.repairs}]
        return [bound_row(self.claim, form, setting) | self.columns for form in forms for setting in self.settings]

    def ignored(self, *others):
        """What is over the right side, and of another claim or form, or adds up others; and other rows."""
        setting = self.settings[0]
        forms = ("with 2 kappa", "printed, worst best response", "derived")
        return {
            "theory": [
                *(bound_row(self.claim, form, setting, 9.0) | self.columns for form in forms if form != self.printed),
                bound_row("theorem 9", self.printed, setting, 9.0) | self.columns,
                *(bound_row(self.claim, form, "all", 9.0, total=True) | self.columns
                  for form in (self.printed, *self.repairs)),
                *others,
            ]
        }  # fmt: skip


# Effects ------------------------------------------------------------------------------------------------


def _first_below(settings):
    """By how much a half-width grows if so many intervals are to hold at once: normal quantiles by bisection."""

    def quantile(p):
        low, high = -10.0, 0.0
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if math.erfc(-middle / math.sqrt(2)) / 2 < p else (low, middle)
        return low

    return quantile(0.025 / settings) / quantile(0.025)


class Effects:
    """Intervals of a ratio in four settings; ``row(arm, k, low, centre, high)`` is that of the k-th.

    ``shift`` is 1 if the table has differences, whose neutral value is 0.
    """

    def __init__(self, table, row, arm, repairs=(), *, difference=False, settings=4):
        self.table, self.row, self.arm, self.repairs = table, row, arm, repairs
        self.difference, self.count = difference, settings
        wider = _first_below(settings)
        self.helps, self.hurts, self.nearly = (0.5, 0.7, 0.9), self._above(wider * 1.005), self._above(wider * 0.995)
        self.unclear, self.at, self.just = (0.9, 1.0, 1.1), (0.5, 0.75, 1.0), (0.5, 0.75, 1.0 - 1e-9)
        if difference:
            self.helps, self.unclear = (-0.5, -0.3, -0.1), (-0.1, 0.0, 0.1)
            self.at, self.just = (-0.5, -0.25, 0.0), (-0.5, -0.25, -1e-9)

    def _above(self, wider):
        """An interval that is above the neutral value even if its half-width is so many times larger, and no more."""
        if self.difference:
            return 1.0 - 1.0 / wider, 1.0, 2.0
        return 1.2 ** (1.0 - 1.0 / wider), 1.2, 1.5

    def tables(self, planted=(), repair=(), without=()):
        """``planted`` and ``repair``: intervals by index of the setting, of the arm and of each of the repairs."""
        own, repaired = dict(planted), {name: dict(some) for name, some in dict(repair).items()}
        rows = [self.row(self.arm, k, *own.get(k, self.helps)) for k in range(self.count) if self.arm not in without]
        rows += [self.row(name, k, *repaired.get(name, {}).get(k, self.helps))
                 for name in self.repairs for k in range(self.count) if name not in without]  # fmt: skip
        return {self.table: rows}

    def _two(self, last):
        """Effects in [.5, .9] and [1.1, 1.3], and repairs in [.2, .3] and another interval."""
        spans = {name: [(0.2, 0.25, 0.3), last] for name in self.repairs}
        spans[self.arm] = [(0.5, 0.7, 0.9), (1.1, 1.2, 1.3)]
        return {self.table: [self.row(arm, k, *span) for arm, both in spans.items() for k, span in enumerate(both)]}

    def planted(self):
        every = range(self.count)
        unmended = {name: {self.count - 1: self.unclear} for name in self.repairs}
        cases = {
            HOLDS: [self.tables(dict.fromkeys(every, self.just)),
                    self.tables(repair={name: dict.fromkeys(every, self.hurts) for name in self.repairs})],
            INCONCLUSIVE: [
                *(self.tables({k: span}) for k in every for span in (self.at, self.unclear)),
                *(self.tables({k: self.nearly}) for k in every),
                self.tables(dict.fromkeys(every, self.unclear)),
                joined(self.tables(without=[self.arm]), {self.table: [self.row("other", 0, *self.helps)]}),
            ],
            VIOLATED: [self.tables({k: self.hurts}, unmended) for k in every],
        }  # fmt: skip
        if self.repairs:
            cases[VIOLATED].append(self.tables({0: self.hurts}, without=self.repairs))
            part = {name: dict.fromkeys(every[1:], self.unclear) for name in self.repairs}
            cases[VIOLATED].append(self.tables({1: self.hurts}, part))
            cases[VIOLATED] += [] if self.difference else [self._two((0.9, 1.0, 1.1))]
            cases[REPAIRED] = [
                self.tables({k: self.hurts}, {other: some for other, some in unmended.items() if other != name})
                for name in self.repairs
                for k in every
            ]
            cases[REPAIRED] += [] if self.difference else [self._two((0.8, 0.85, 0.9))]
        return cases

    def ignored(self, *others, arms=("individual", "other")):
        """Other arms, which hurt everywhere, and other rows."""
        return {self.table: [*(self.row(arm, k, 5.0, 6.0, 7.0) for arm in arms for k in range(self.count)), *others]}


# Speed-ups ----------------------------------------------------------------------------------------------

SPEEDS = {
    HOLDS: [
        [(2.0, 2.0, 2.5, "measured"), (3.0, 4.0, 5.0, "measured"), (2.5, 9.0, 9.0, "at least")],
        [(2.0, 3.0, 9.0, "measured")],
    ],
    VIOLATED: [
        [(3.0, 4.0, 5.0, "measured"), (1.0, 1.5, 1.999, "measured"), (3.0, 4.0, 5.0, "measured")],
        [(1.0, 1.5, 1.999, "measured"), (3.0, 4.0, 5.0, "measured"), (math.nan,) * 3 + ("neither",)],
        [(3.0, 4.0, 5.0, "measured"), (3.0, 4.0, 5.0, "measured"), (0.1, 0.2, 0.3, "at most")],
    ],
    INCONCLUSIVE: [
        [(1.9, 3.0, 9.0, "measured")],
        [(3.0, 4.0, 5.0, "measured"), (1.9, 3.0, 9.0, "measured"), (3.0, 4.0, 5.0, "measured")],
        [(1.0, 1.5, 2.0, "measured")],
        [(3.0, 4.0, 5.0, "measured"), (math.nan,) * 3 + ("neither",)],
        [(math.nan,) * 3 + ("neither",)],
    ],
}
"""Intervals (low, speed-up, high, status) at one gap after the other; "much" is half as many iterations."""


def speed_planted(table, row):
    """``row(k, low, value, high, status)`` is that of the k-th gap."""
    return {
        verdict: [{table: [row(k, *span) for k, span in enumerate(spans)]} for spans in some]
        for verdict, some in SPEEDS.items()
    }
