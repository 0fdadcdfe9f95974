"""Figure and section of the readings show the numbers of their table, and no others."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from drawings import WIDTH, drawn, in_style, ticks_of
from matplotlib.colors import to_hex
from pages import rows_of, text_of

from metanash.streams import stream
from metanash_replication.labels import ARM_LABELS, KIND_LABELS
from metanash_replication.ledger.cited import plain
from metanash_replication.rates import MUCH_FASTER
from metanash_replication.styles import KIND_STYLE
from metanash_replication.topics.readings import figures
from metanash_replication.topics.readings.section import parts
from metanash_replication.topics.readings.settings import reading_settings

style = pytest.fixture(autouse=True)(in_style)

LEVELS = [0.5, 0.25]
KINDS = {"zero_sum": ["mixed", "pure", "random"], "potential": ["team", "action_independent"]}
ARMS = ["best_response", "shared_best_response", "last_stage_average", "output_policy"]
CONFIG = {
    "readings": {
        "zero_sum": {
            "reference": {"horizon": 2, "games": 16, "perturbation": 0.1, "learning_rate": 0.2, "arm": ARMS[0],
                          "alpha": "theory"},
            "grids": [
                {"arm": ARMS, "alpha": ["theory", 0.01]},
                {"perturbation": [0.2, 0.02, 0.1], "arm": [ARMS[0], ARMS[2]]},
                {"games": [16, 100]},
            ],
        },
        "potential": {
            "reference": {"discount": 0.9, "games": 10, "perturbation": 0.1, "learning_rate": 0.01},
            "grids": [{"learning_rate": [0.001, 0.01]}, {"games": [10, 30], "perturbation": [0.1, 0.4]}],
        },
    }
}  # fmt: skip
ROWS = {
    "zero_sum": [
        ("best responses (5)", {"arm": ARMS[0]}),
        ("shared best responses", {"arm": ARMS[1]}),
        ("last full stages", {"arm": ARMS[2]}),
        ("output policies", {"arm": ARMS[3]}),
        (r"$\alpha$ = 0.01", {"alpha": 0.01}),
        (r"$\alpha$ = 1/$\sqrt{K}$", {"alpha": "theory"}),
        ("perturbation 0.02", {"perturbation": 0.02}),
        ("perturbation 0.1", {"perturbation": 0.1}),
        ("perturbation 0.2", {"perturbation": 0.2}),
        ("K = 16", {"games": 16}),
        ("K = 100", {"games": 100}),
    ],
    "potential": [
        ("perturbation 0.1", {"perturbation": 0.1}),
        ("perturbation 0.4", {"perturbation": 0.4}),
        ("K = 10", {"games": 10}),
        ("K = 30", {"games": 30}),
        (r"step $\alpha$ = 0.001", {"learning_rate": 0.001}),
        (r"step $\alpha$ = 0.01", {"learning_rate": 0.01}),
    ],
}
"""Labels of the rows, and what is changed in the reference there; pairs of changes are in the table only."""


def number(*labels):
    return 0.2 + 3.0 * float(stream("readings", *map(str, labels)).uniform())


@pytest.fixture(scope="module")
def table():
    """Every reading, kind and level with numbers of its own; as it is read from a file, without a name where nothing
    varies."""
    rows = []
    for family, kinds in KINDS.items():
        readings = reading_settings(CONFIG, family)
        for kind, one, level in itertools.product(kinds, readings, LEVELS):
            names = ("horizon", "discount", "games", "perturbation", "learning_rate")
            row = {"family": family, "base_kind": kind}
            row |= {"varied": " ".join(name for name in one if one[name] != readings[0][name]) or math.nan}
            row |= {name: one.get(name, math.nan) for name in names} | {"arm": one.get("arm", "carry_over")}
            theory = one.get("alpha") == "theory"
            row |= {"alpha": one["games"] ** -0.5 if theory else one.get("alpha", math.nan), "alpha_of_theory": theory}
            for name, keys in (("start", ()), ("end", ()), ("", (level,))):
                value = number(family, kind, *one.values(), name, *keys)
                row |= {f"{name}_low" if name else "low": 0.9 * value, f"{name}_high" if name else "high": 1.2 * value}
                row[name or "speed_up"] = value
            row |= {"begins": "lower", "level": level, "ne_gap": level, "status": "measured", "censored": 0.0}
            rows.append(row | {"n_seeds": 17})
    return pd.DataFrame(rows)


def part_of(table, **where):
    for name, value in where.items():
        table = table[table[name].isna() if value is None else table[name] == value]
    return table


def planned(table, family, change):
    """Rows of the table that a row of the figure shows: the change alone, and that with the other meta-update."""
    part = part_of(table, family=family)
    reference = CONFIG["readings"][family]["reference"]
    for name in reference:
        if name == "alpha":
            wanted = change.get(name, reference[name])
            part = part[part["alpha_of_theory"]] if wanted == "theory" else part_of(part, alpha=wanted)
        elif name == "arm":
            part = part[part["arm"].isin([change["arm"]] if "arm" in change else [ARMS[0], ARMS[2]])]
        else:
            part = part_of(part, **{name: change.get(name, reference[name])})
    return part


def panels(table):
    axes = drawn(figures.FIGURES["readings"]({"readings": table}, WIDTH))
    assert len(axes) == 6
    return {"zero_sum": axes[:3], "potential": axes[3:]}


def dots(ax):
    """Row, colour, marker, face, value and ends of each dot."""
    found = []
    for bars in ax.containers:
        line = bars.lines[0]
        (segments,) = bars.lines[2]
        ends = [segment[:, 0] for segment in segments.get_segments()]
        for x, y, (low, high) in zip(line.get_xdata(), line.get_ydata(), ends, strict=True):
            look = (to_hex(line.get_color()), line.get_marker(), to_hex(line.get_markerfacecolor()))
            found.append((round(float(y)), *look, float(x), round(low, 9), round(high, 9)))
    return sorted(found)


def look_of(row):
    colour = to_hex(KIND_STYLE[row.base_kind]["color"])
    marker = "o" if row.arm in {ARMS[0], ARMS[2], "carry_over"} else "s"
    return colour, marker, "#ffffff" if row.arm == ARMS[2] else colour


SPEED = ("speed_up", "low", "high")
SHOWN = [(SPEED, 0.5), (SPEED, 0.25), (("start", "start_low", "start_high"), 0.5)]
"""Numbers of each panel, and the gap to reach of the rows of the table that have them."""


def test_each_row_changes_one_thing(table):
    for family, axes in panels(table).items():
        assert ticks_of(axes[0].yaxis) == [label for label, _ in ROWS[family]]
        assert axes[0].yaxis.get_inverted()
        for ax, (names, level) in zip(axes, SHOWN, strict=True):
            wanted = [
                (y, *look_of(row), getattr(row, names[0]), *(round(getattr(row, name), 9) for name in names[1:]))
                for y, (_, change) in enumerate(ROWS[family])
                for row in part_of(planned(table, family, change), level=level).itertuples()
            ]
            assert len(wanted) >= 2 * len(ROWS[family])
            assert dots(ax) == sorted(wanted)


def test_axes_and_lines(table):
    """Speed-ups on a logarithmic axis with "much fewer" as a line, ratios on a linear one with 1."""
    for axes in panels(table).values():
        assert [ax.get_xscale() for ax in axes] == ["log", "log", "linear"]
        speeds = [f"speed-up to {share}\nthe first gap" for share in ("half", "a quarter of")]
        assert [ax.get_xlabel() for ax in axes] == [*speeds, "gap at t = 1,\nmeta / individual"]
        for ax, place in zip(axes, (MUCH_FASTER, MUCH_FASTER, 1.0), strict=True):
            upright = [line for line in ax.get_lines() if line.get_linestyle() == "--" and line.get_ydata() == [0, 1]]
            assert [line.get_xdata() for line in upright] == [[place, place]]
            assert ax.get_xlim()[0] <= place <= ax.get_xlim()[1]
        assert axes[2].get_xlim()[0] == 0


def test_titles_and_legends(table):
    figure = figures.FIGURES["readings"]({"readings": table}, WIDTH)
    above, below = figure.subfigs
    texts = [[text.get_text() for text in own.legends[0].get_texts()] for own in (above, below)]
    kinds = {family: [KIND_LABELS[kind] for kind in some] for family, some in KINDS.items()}
    marks = ["best responses (5)", "last full stages", "as its row says"]
    assert texts == [[*kinds["zero_sum"], *marks], kinds["potential"]]
    assert [line.get_marker() for line in above.legends[0].get_lines()[-3:]] == ["o", "o", "s"]
    assert [own.get_suptitle() for own in (above, below)] == [
        "Figure 1(a), zero-sum games", "Figure 1(b), potential games, carry-over"
    ]  # fmt: skip


def test_what_is_not_measured_is_not_drawn(table):
    """A gap that neither side reaches has no speed-up; the start is there all the same."""
    missing = (table["level"] == 0.25) & (table["base_kind"] == "pure")
    changed = table.copy()
    changed.loc[missing, ["speed_up", "low", "high"]] = math.nan
    before, after = panels(table)["zero_sum"], panels(changed)["zero_sum"]
    pink = to_hex(KIND_STYLE["pure"]["color"])
    assert dots(after[1]) == [dot for dot in dots(before[1]) if dot[1] != pink] != dots(before[1])
    for c in (0, 2):
        assert dots(after[c]) == dots(before[c])


def test_an_estimate_outside_its_interval_has_no_negative_bar(table):
    row = table.assign(low=1.5 * table["speed_up"], high=2.0 * table["speed_up"])
    for bars in panels(row)["potential"][0].containers:
        x, (segments,) = bars.lines[0].get_xdata(), bars.lines[2]
        for value, segment in zip(x, segments.get_segments(), strict=True):
            np.testing.assert_allclose(segment[:, 0], [value, 2.0 * value])


def test_fewer_readings_are_drawn(table):
    """A family alone, and groups in which nothing varies: no empty panels and rows."""
    few = part_of(table, family="zero_sum", games=16, perturbation=0.1)
    axes = drawn(figures.FIGURES["readings"]({"readings": few}, WIDTH))
    assert ticks_of(axes[0].yaxis) == [label for label, _ in ROWS["zero_sum"][:6]]
    assert len(axes) == 3


# The section --------------------------------------------------------------------------------------------


def judged(table, low, begins):
    """The table with these lower ends of speed-ups, by level, and starts, in readings that are named."""
    found = table.assign(low=0.5, speed_up=9.0, high=9.9, begins="unclear")
    for (kind, arm, alpha), ends in low.items():
        for level, end in zip(LEVELS, ends, strict=True):
            same = (found["base_kind"] == kind) & (found["arm"] == arm) & (found["alpha"] == alpha)
            found.loc[same & (found["level"] == level) & (found["games"] == 16), "low"] = end
    for (kind, arm, alpha), word in begins.items():
        same = (found["base_kind"] == kind) & (found["arm"] == arm) & (found["alpha"] == alpha)
        found.loc[same & (found["games"] == 16), "begins"] = word
    return found


def test_which_readings_show_the_picture(table):
    """All gaps with an interval from 2 on, and a lower start: both sides of either threshold."""
    own = part_of(table, perturbation=0.1)
    own = own[(own["family"] == "zero_sum") & (own["games"] == 16)]
    a, b, c, d = ARMS
    low = {
        ("pure", a, 0.25): (2.0, 2.0), ("pure", b, 0.25): (2.5, 1.999), ("pure", c, 0.25): (1.999, 2.5),
        ("pure", d, 0.25): (3.0, 3.0), ("mixed", a, 0.01): (1.9, 1.9), ("random", d, 0.01): (5.0, 6.0),
    }  # fmt: skip
    begins = {
        ("pure", a, 0.25): "equal", ("pure", b, 0.25): "lower", ("pure", c, 0.25): "higher",
        ("pure", d, 0.25): "lower", ("mixed", a, 0.01): "lower",
    }  # fmt: skip
    made = parts({"readings": judged(own, low, begins)})
    header, *_ = rows_of(made, "Figure 1(a), zero-sum games: gaps")[:1]
    assert header == ["reading", "meta-update", *(KIND_LABELS[kind] for kind in KINDS["zero_sum"])]
    _, rows = rows_of(made, "Figure 1(a), zero-sum games: gaps")
    words = {(row[0], row[1]): row[2:] for row in rows}
    none = "nowhere; no clear difference at the start"
    names = [ARM_LABELS[arm] for arm in ARMS]
    assert words == {
        ("the reference", names[0]): [none, "to 0.5 and 0.25; the same start", none],
        (r"$\alpha$ = 0.01", names[0]): ["nowhere; a lower start", none, none],
        ("the reference", names[1]): [none, "to 0.5; a lower start", none],
        (r"$\alpha$ = 0.01", names[1]): [none, none, none],
        ("the reference", names[2]): [none, "to 0.25; a higher start", none],
        (r"$\alpha$ = 0.01", names[2]): [none, none, none],
        ("the reference", names[3]): [none, "to 0.5 and 0.25; a lower start", none],
        (r"$\alpha$ = 0.01", names[3]): [none, none, "to 0.5 and 0.25; no clear difference at the start"],
    }
    text = plain(made[0].text)
    counted = "({} with much fewer iterations to all gaps, {} to one at least, {} with a lower start)"
    assert f"mixed equilibria: 0 of 8 {counted.format(0, 0, 1)}" in text
    assert f"pure equilibria: 1 of 8 {counted.format(2, 4, 2)}" in text
    assert f"random games: 0 of 8 {counted.format(1, 1, 0)}" in text
    assert "Gaps to reach: 0.5 and 0.25 of the first gap" in text


def test_numbers_of_the_section(table):
    """Every reading and kind, with the speed-up to each gap, and the ratios of the first and last."""
    made = parts({"readings": table})
    assert [plain(part.title).partition(":")[0] for part in made] == [
        *["Figure 1(a), zero-sum games"] * 2, *["Figure 1(b), potential games"] * 2
    ]  # fmt: skip
    titles = {"zero_sum": "Figure 1(a), zero-sum games: speed", "potential": "Figure 1(b), potential games: speed"}
    for family, title in titles.items():
        header, rows = rows_of(made, title)
        assert header == [
            "reading", "meta-update", "games", "speed-up to 0.5", "speed-up to 0.25", "gap at first iteration",
            "gap at $T$",
        ]  # fmt: skip
        part = part_of(table, family=family)
        firsts, seconds = part_of(part, level=0.5), part_of(part, level=0.25)
        assert len(rows) == len(firsts) == len(seconds)
        for row, first, second in zip(rows, firsts.itertuples(), seconds.itertuples(), strict=True):
            assert row[1:3] == [ARM_LABELS[first.arm], KIND_LABELS[first.base_kind]]
            assert row[3:] == [
                f"{first.speed_up:.2f} [{first.low:.2f}, {first.high:.2f}]",
                f"{second.speed_up:.2f} [{second.low:.2f}, {second.high:.2f}]",
                f"{first.start:.2f} [{first.start_low:.2f}, {first.start_high:.2f}]",
                f"{first.end:.2f} [{first.end_low:.2f}, {first.end_high:.2f}]",
            ]
    names = [row[0] for row in rows_of(made, "Figure 1(b), potential games: speed")[1]]
    each = ["the reference", "step = 0.001", "perturbation = 0.4", "$K$ = 30", "$K$ = 30, perturbation = 0.4"]
    assert names == each * 2
    text = text_of(made)
    assert r"Reference: $\gamma$ = 0.9, $K$ = 10, perturbation = 0.1, step = 0.01; 17 seeds." in text
    assert r"Reference: $H$ = 2, $K$ = 16, perturbation = 0.1, $\eta$ = 0.2, $\alpha$ = 0.25; 17 seeds." in text
