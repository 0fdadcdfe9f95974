"""Heat maps: which cell stands where, with which number and which colour."""

import pytest

from metanash_replication.ledger.cited import number, plain
from metanash_replication.report.content import Heat, Part
from metanash_replication.report.heat import heat_map

SIDES = {"good": "helps", "bad": "hurts"}
RATIOS = Heat(("K",), ("arm",), ("ratio",), **SIDES)


def cell(value, low=None, high=None, spec="g"):
    text = number(value, spec, "t.csv")
    return text if low is None else f"{text} [{number(low, spec, 't.csv')}, {number(high, spec, 't.csv')}]"


def part_of(rows, heat, header=("K", "arm", "ratio")):
    return Part("Title", "", header, tuple(rows), heat)


def tone(text, **options):
    heat = Heat(("K",), (), ("ratio",), **(SIDES | options))
    found = heat_map(part_of([("a", "x", text), ("b", "x", cell(-8 if heat.scale == "difference" else 1))], heat))
    return found.rows[0][1][0]


def test_cells_stand_where_the_table_says():
    rows = [(cell(k), arm, cell(10 * k + j)) for k in (1, 2) for j, arm in enumerate(("u", "v"))][:3]
    found = heat_map(part_of(rows, RATIOS))
    assert [name for name, _ in found.groups] == ["u", "v"]
    assert [(plain(name), [plain(one.text) for one in cells]) for name, cells in found.rows] == [
        ("K = 1", ["10", "11"]),
        ("K = 2", ["20", ""]),
    ]
    assert (found.corner, found.columns, found.common) == ("K", (), "")


def test_numbers_keep_their_citation_and_words_before_them():
    rows = [("a", "u", f"at most {cell(0.5, 0.4, 0.6)} pots"), ("b", "u", "neither gets there")]
    first, second = (cells[0] for _, cells in heat_map(part_of(rows, RATIOS)).rows)
    assert first.text == f"at most {cell(0.5)}"
    assert second.text == "neither gets there"
    assert not second.tone


def test_of_several_numbers_the_one_with_an_interval_counts():
    assert tone(f"{cell(0.2)}, {cell(3, 2, 4)}").text == cell(3)
    assert tone(f"{cell(0.2)}, {cell(3, 2, 4)}").tone == "bad3"
    assert tone(f"{cell(0.2)}, {cell(3)}").text == cell(0.2)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(1, ""), (1.001, "bad1"), (1.49, "bad1"), (1.5, "bad2"), (3, "bad3"), (10, "bad4"), (5208, "bad4"),
     (0.999, "good1"), (0.67, "good1"), (0.66, "good2"), (0.33, "good3"), (0.1, "good4"), (0, "good4"), (-1, "good4")],
)  # fmt: skip
def test_colours_of_ratios(value, wanted):
    assert tone(cell(value)).tone == wanted
    turned = {"g": "bad", "b": "good"}.get(wanted[:1], "") + wanted[-1:]
    assert tone(cell(value), more_is_better=True).tone == turned


@pytest.mark.parametrize("scale", ["ratio", "difference"])
@pytest.mark.parametrize(("low", "high", "unclear"), [(-0.1, 0.1, True), (0.0, 0.1, True), (0.01, 0.1, False)])
def test_an_interval_with_the_middle_in_it_has_no_colour(scale, low, high, unclear):
    middle = {"ratio": 1.0, "difference": 0.0}[scale]
    found = tone(cell(middle + 0.05, middle + low, middle + high), scale=scale)
    assert found.unclear == unclear
    assert found.tone == ("" if unclear else "bad1")


@pytest.mark.parametrize(("value", "wanted"), [(-8, "good4"), (-2.1, "good2"), (-2, "good1"), (0, ""), (4, "bad2")])
def test_colours_of_differences(value, wanted):
    """A quarter of the largest for each shade."""
    assert tone(cell(value), scale="difference").tone == wanted


def test_colours_from_the_smallest_to_the_largest():
    def tones(scale, values):
        heat = Heat(("K",), (), ("ratio",), scale)
        rows = [(str(k), "x", cell(value)) for k, value in enumerate(values)]
        return [cells[0].tone for _, cells in heat_map(part_of(rows, heat)).rows]

    assert tones("linear", (0, 25, 50, 75, 100)) == ["", "size1", "size2", "size3", "size4"]
    assert tones("size", (0.001, 0.01, 0.1, 1, 10)) == ["", "size1", "size2", "size3", "size4"]
    assert tones("size", (0, 1, 10)) == ["", "", "size4"]
    assert tones("linear", (5, 5)) == ["", ""]


def test_several_numbers_a_row_stand_in_groups_in_the_order_of_numbers():
    heat = Heat(("K",), ("arm",), ("ratio", "gap"), **SIDES)
    rows = [("a", cell(arm), cell(0.5), cell(0.25)) for arm in (0.2, 0.1)]
    found = heat_map(part_of(rows, heat, ("K", "arm", "ratio", "gap")))
    assert [(plain(name), wide) for name, wide in found.groups] == [("arm = 0.1", 2), ("arm = 0.2", 2)]
    assert found.columns == ("ratio", "gap", "ratio", "gap")


def test_what_all_rows_share_is_said_once():
    heat = Heat(("K", "arm"), (), ("ratio",), **SIDES)
    found = heat_map(part_of([(cell(k), "u", cell(0.5)) for k in (1, 2)], heat))
    assert (found.corner, found.common) == ("K", "u")
    assert heat_map(part_of([(cell(1), "u", cell(0.5))], heat)).corner == "K, arm"


def test_what_cannot_be_a_map():
    with pytest.raises(ValueError, match="two rows at 'a, u'"):
        heat_map(part_of([("a", "u", cell(1)), ("a", "u", cell(2))], RATIOS))
    with pytest.raises(ValueError, match="no column 'seed'"):
        heat_map(part_of([("a", "u", cell(1))], Heat(("seed",), (), ("ratio",), **SIDES)))
    for part in (part_of([("a", "u", cell(1))], None), part_of([], RATIOS)):
        with pytest.raises(ValueError, match="no heat map"):
            heat_map(part)
    with pytest.raises(ValueError, match="one of ratio, difference, size, linear, got 'log'"):
        Heat(("K",), (), ("ratio",), "log")
    with pytest.raises(ValueError, match="which side is good"):
        Heat(("K",), (), ("ratio",))
