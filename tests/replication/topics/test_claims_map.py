"""The map of claims: its table has every claim, its figures every ratio where it belongs."""

import math
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from metanash_replication import plotting
from metanash_replication.ledger import Entry
from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.claims_map import map_table
from metanash_replication.ledger.rules import not_tested
from metanash_replication.ledger.telling import SCALES
from metanash_replication.ledger.verdict import HOLDS, REPAIRED, VIOLATED, Mark, Verdict
from metanash_replication.ledger.words import WORDS
from metanash_replication.topics.claims_map.figures import FIGURES, LIMITS, MAIN, STYLES

WIDTH = 5.5


def entry(name, verdict, *marks, kind="theorem", section="first"):
    claim = Claim(name, kind, "p", "s", "t", not_tested(""), {"open": "No."}, section=section)
    return Entry(claim, Verdict(verdict, "R.", marks=marks), (), ())


ENTRIES = [
    entry("mended", REPAIRED, Mark("printed", "printed", 5000.0), Mark("repaired", "with a term", 0.5)),
    entry("true", HOLDS, Mark("printed", "printed", 0.001)),
    entry("untold", HOLDS),
    entry("hurt", VIOLATED, Mark("printed", "arm", 3.0, 2.0, 20.0, "gap"), kind="experiment", section="second"),
    entry("far", VIOLATED, Mark("printed", "arm", 1e9), kind="sentence", section="second"),
]
TITLES = {"first": "Theorem 9", "second": "Others"}


@pytest.fixture
def table(tmp_path):
    """As the figures get it: from the file."""
    made = map_table(ENTRIES, TITLES, {"hurt": "Pain", "untold": "Silence", "mended": "Theorem 7"})
    made.to_csv(tmp_path / "t.csv", index=False)
    return pd.read_csv(tmp_path / "t.csv")


def test_the_table_has_a_row_for_each_mark_and_one_for_a_claim_without(table):
    rows = table.set_index(["id", "form"])
    assert list(table["label"]) == ["Theorem 7", "Theorem 7", "true", "Silence", "Pain", "far"]
    assert list(table["id"]) == ["mended", "mended", "true", "untold", "hurt", "far"]
    assert rows.loc[("mended", "repaired"), ["name", "ratio"]].tolist() == ["with a term", 0.5]
    assert rows.loc[("hurt", "printed"), ["ratio", "low", "high"]].tolist() == [3.0, 2.0, 20.0]
    assert rows.loc[("hurt", "printed"), ["scale", "word"]].tolist() == [SCALES["gap"], "not replicated"]
    assert table.groupby("id")["rank"].first().dropna().to_dict() == {"hurt": 1.0, "untold": 2.0, "mended": 3.0}
    assert table["title"].tolist() == ["Theorem 9"] * 4 + ["Others"] * 2
    assert math.isnan(table.set_index("id").loc["untold", "ratio"])


def test_a_scale_is_one_of_the_known():
    with pytest.raises(ValueError, match="scale"):
        Mark("printed", "x", 1.0, scale="miles")
    with pytest.raises(ValueError, match="form"):
        Mark("sharpened", "x", 1.0)


@pytest.fixture
def drawn(table):
    plotting.use_style()
    figures = {name: draw({"claims_map": table}, WIDTH) for name, draw in FIGURES.items()}
    yield figures
    plt.close("all")


def texts(figure):
    found = [*figure.texts, *(text for ax in figure.axes for text in ax.texts)]
    return found + [label for ax in figure.axes for label in [*ax.get_xticklabels(), ax.xaxis.label]]


def marks(figure):
    """Places of marks that are no intervals, lines or keys: (ratio, marker, full)."""
    lines = [line for line in figure.axes[0].lines if line.get_linestyle() == "None"]
    return sorted(
        (float(line.get_xdata()[0]), line.get_marker(), line.get_markerfacecolor() != "white") for line in lines
    )


def test_every_ratio_is_a_mark_and_what_is_beyond_an_arrow(drawn):
    assert marks(drawn["claims_map_all"]) == [
        (0.001, "o", True),
        (0.5, "D", False),
        (3.0, "X", True),
        (5000.0, "D", True),
        (LIMITS[1], ">", True),
    ]


def test_the_small_map_has_the_first_claims_that_have_a_ratio(drawn, table):
    assert marks(drawn["claims_map"]) == [(0.5, "D", False), (3.0, "X", True), (5000.0, "D", True)]
    assert "untold" not in [text.get_text() for text in texts(drawn["claims_map"])]  # it has no ratio
    many = pd.concat([table[table["id"] == "true"].assign(id=f"c{k}", rank=k + 1.0) for k in range(MAIN + 4)])
    assert len(marks(FIGURES["claims_map"]({"claims_map": many}, WIDTH))) == MAIN


def test_names_words_and_numbers_stand_beside_the_marks(drawn):
    said = [text.get_text() for text in texts(drawn["claims_map_all"])]
    wanted = {"Theorem 9", "Others", "mended", "violated as printed", "not replicated", "no ratio", "5,000", "3"}
    assert wanted <= {*said}
    assert said.count("no ratio") == 1
    assert "0.001" not in said  # what does not contradict has no number


@pytest.mark.parametrize("name", list(FIGURES))
def test_letters_are_seven_points_at_least_and_inside(drawn, name):
    figure = drawn[name]
    figure.canvas.draw()
    box = figure.bbox
    for text in texts(figure):
        if text.get_text():
            assert text.get_fontsize() >= 7, text.get_text()
            place = text.get_window_extent()
            assert box.x0 - 1 <= place.x0 <= place.x1 <= box.x1 + 1, text.get_text()


def test_the_small_map_names_claims_in_words_and_the_large_one_by_id(drawn):
    small, large = ([text.get_text() for text in texts(drawn[name])] for name in ("claims_map", "claims_map_all"))
    assert {"Pain", "Theorem 7"} <= {*small}
    assert not {"hurt", "mended", "Silence"} & {*small}
    assert {"hurt", "mended", "true"} <= {*large}


def test_every_word_has_a_style_told_apart_without_colour():
    assert set(STYLES) == {word.name for word in WORDS}
    good, part, bad = STYLES["holds"], STYLES["violated as printed"], STYLES["violated"]
    assert len({style["marker"] for style in (good, part, bad)}) == 3
    assert STYLES["replicated"] == good
    assert STYLES["partly replicated"] == part
    assert STYLES["not replicated"] == bad


def test_all_ratios_may_be_missing():
    """Where a configuration decides nothing there is still a map."""
    bare = map_table([replace(ENTRIES[2])], TITLES, {"untold": "Silence"})
    for draw in FIGURES.values():
        assert np.isfinite(draw({"claims_map": bare}, WIDTH).get_size_inches()).all()
    plt.close("all")
