"""Checks at the door: what passes, what comes out of them, and the first bad entry that a message names."""

from fractions import Fraction

import numpy as np
import pytest

from metanash._inner.checks import (
    SUM_TOLERANCE,
    all_integers,
    distributions,
    float_array,
    integer,
    name_entry,
    positive,
    within,
)


def message(call, *arguments):
    with pytest.raises(ValueError, match=r".") as caught:
        call(*arguments)
    return str(caught.value)


def test_each_of_some_integers_is_checked():
    found = all_integers("pieces", np.array([2, 3]), 2)
    assert found == (2, 3)
    assert set(map(type, found)) == {int}
    assert all_integers("pieces", iter([5]), 1) == (5,)
    for bad, told in [([3, 1], "got 1"), ([3, 2.0], "got 2.0"), ([True], "got True"), (["3"], "got '3'")]:
        assert message(all_integers, "pieces", bad, 2) == f"pieces: each must be an integer of at least 2, {told}"
    assert message(all_integers, "pieces", [], 2) == "pieces: there must be one at least"


# Names of entries ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("axes", "place", "name"),
    [
        ("(h, s, a)", (0, 1, 2), "(h, s, a) = (0, 1, 2)"),
        ("(h, s)", np.array([3, 4]), "(h, s) = (3, 4)"),
        ("s", (5,), "s = 5"),
        ("s", np.array([6]), "s = 6"),
    ],
)
def test_names_of_entries(axes, place, name):
    assert name_entry(axes, place) == name


# Arrays -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", [[[1, 2], [3, 4]], np.array([[1, 2], [3, 4]], np.uint8), np.array([[1, 2], [3, 4]], np.float32, order="F")]
)
def test_an_array_is_a_read_only_copy_of_doubles_in_c_order(given):
    array = float_array("x", given)
    assert array.dtype == np.float64
    assert array.flags.c_contiguous
    assert not array.flags.writeable
    assert array.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_the_copy_does_not_follow_the_original():
    original = np.array([1.0, 2.0])
    array = float_array("x", original)
    original[0] = 7.0
    assert array.tolist() == [1.0, 2.0]
    assert original.flags.writeable


def test_truth_counts_as_numbers():
    assert float_array("x", [True, False]).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([[1.0], [2.0, 3.0]], "x must be a rectangular array: "),
        (["a"], "x must hold real numbers"),
        ([1j], "x must hold real numbers"),
        (np.array([0], "datetime64[s]"), "x must hold real numbers"),
        ([[], []], r"x must not be empty, got shape (2, 0)"),
        ([[1.0, 2.0], [np.nan, np.inf]], r"x must be finite; at index (1, 0) there is nan"),
        ([[1.0, -np.inf], [np.nan, 2.0]], r"x must be finite; at index (0, 1) there is -inf"),
    ],
)
def test_what_is_no_array_of_finite_numbers_is_refused(given, said):
    assert message(float_array, "x", given).startswith(said)


# Ranges -------------------------------------------------------------------------------------------------


def test_both_ends_of_a_range_belong_to_it():
    array = np.array([[0.0, 1.0], [0.5, 0.0]])
    assert within("x", array, 0.0, 1.0, "(s, a)") is array


@pytest.mark.parametrize(("bad", "shown"), [(np.nextafter(0.0, -1.0), "-4.94066e-324"), (1.5, "1.5")])
def test_the_first_entry_beyond_a_range_is_named(bad, shown):
    array = np.array([[0.0, 1.0], [bad, 9.0]])
    wanted = f"x must lie in [0, 1]; at (s, a) = (1, 0) it is {shown}; rescale it first"
    assert message(within, "x", array, 0.0, 1.0, "(s, a)") == wanted


def test_one_ulp_above_the_end_is_beyond_it():
    assert "x must lie in [-2.5, 1]; at s = 0 it is 1;" in message(
        within, "x", np.array([np.nextafter(1.0, 2.0)]), -2.5, 1.0, "s"
    )


# Distributions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [0.0, 0.5 * SUM_TOLERANCE, -0.5 * SUM_TOLERANCE])
def test_distributions_pass_as_they_are(off):
    array = np.array([[[0.25, 0.75 + off], [1.0, 0.0]]])
    assert distributions("p", array, "(h, s)") is array


@pytest.mark.parametrize(("off", "mass"), [(1e-8, "1.00000001"), (-1e-8, "0.99999999"), (1.0, "2")])
def test_the_first_row_of_another_mass_is_named(off, mass):
    array = np.array([[[0.25, 0.75], [0.5, 0.5]], [[0.25, 0.75 + off], [0.5, 0.6]]])
    wanted = f"p rows must be distributions; at (h, s) = (1, 0) the mass is {mass}"
    assert message(distributions, "p", array, "(h, s)") == wanted


@pytest.mark.parametrize(("bad", "shown"), [(-0.001, "-0.001"), (np.nan, "nan")])
def test_the_first_entry_that_is_no_probability_is_named(bad, shown):
    """Though the mass of a row before it is wrong, and its own is right."""
    array = np.array([[0.5, 0.6, 0.0], [0.5, 0.5 - bad, bad], [bad, 0.0, 1.0 - bad]])
    wanted = f"p rows must be distributions; at s = 1 entry 2 is {shown}"
    if np.isnan(bad):
        array[1] = [0.5, 0.5, bad]
    assert message(distributions, "p", array, "s") == wanted


def test_distributions_need_not_be_contiguous():
    array = np.array([[0.25, 0.5], [0.75, 0.5]]).T
    assert distributions("p", array, "s") is array
    assert "s = 0 the mass is 0.75" in message(distributions, "p", np.array([[0.25, 0.5], [0.5, 0.5]]).T, "s")


# Numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), 17])
def test_integers_of_at_least_the_limit_come_back_as_int(value):
    found = integer("n", value, 3)
    assert type(found) is int
    assert found == value


@pytest.mark.parametrize("value", [2, True, 3.0, "3", None, np.float64(3), np.int64(2), Fraction(3)])
def test_other_numbers_are_no_integers_of_at_least_three(value):
    assert message(integer, "n", value, 3) == f"n must be an integer of at least 3, got {value!r}"


def test_positive_numbers_come_back_as_an_array():
    assert positive("eta", [[0.5], [5e-324]]).tolist() == [[0.5], [5e-324]]
    assert positive("eta", 2).shape == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (0, "eta must be above 0, got 0"),
        (-1.5, "eta must be above 0, got -1.5"),
        ([1.0, 2.0, 0.0, -1.0], "eta must be above 0; at index (2,) it is 0"),
        ([[1.0, -0.25]], "eta must be above 0; at index (0, 1) it is -0.25"),
        (np.inf, "eta must be finite, got inf"),
    ],
)
def test_what_is_not_above_zero_is_named(given, said):
    assert message(positive, "eta", given) == said
