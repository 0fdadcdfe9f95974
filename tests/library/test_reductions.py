"""Reductions over a short last axis: those of NumPy, to the last bit."""

import numpy as np
import pytest

from metanash._inner.reductions import at_first, largest, smallest, summed

PAIRS = {"largest": (largest, np.max), "smallest": (smallest, np.min), "summed": (summed, np.sum)}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 9, 40])
@pytest.mark.parametrize("keepdims", [False, True])
def test_they_are_numpys(name, length, keepdims):
    """Numbers of very different size: another order of additions would show."""
    ours, numpys = PAIRS[name]
    rng = np.random.default_rng(length)
    values = rng.normal(size=(5, 1, 4, length)) * 10.0 ** rng.integers(-12, 12, size=(5, 1, 4, length))
    found = ours(values, keepdims=keepdims)
    np.testing.assert_array_equal(found, numpys(values, axis=-1, keepdims=keepdims), strict=True)


@pytest.mark.parametrize("axis", [-1, -2, -3])
@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 9, 40])
@pytest.mark.parametrize("others", [(1, 1), (4, 1), (1, 5), (5, 9)])
def test_sums_over_any_axis_are_numpys(others, length, axis):
    """Where other axes have one entry too, along which NumPy then adds as along the last one."""
    rng, shape = np.random.default_rng(length), list(others)
    shape.insert(len(shape) + 1 + axis, length)
    values = rng.normal(size=(2, *shape)) * 10.0 ** rng.integers(-12, 12, size=(2, *shape))
    for keepdims in (False, True):
        found = summed(values, axis, keepdims=keepdims)
        np.testing.assert_array_equal(found, np.sum(values, axis=axis, keepdims=keepdims), strict=True)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 8, 40])
def test_the_value_at_the_first_marked_place(length):
    rng = np.random.default_rng(length)
    values, marked = rng.normal(size=(50, 3, length)), rng.random((50, 3, length)) < 0.4
    marked[..., rng.integers(length)] = True
    wanted = [
        [row[np.flatnonzero(mask)[0]] for row, mask in zip(*pair, strict=True)]
        for pair in zip(values, marked, strict=True)
    ]
    np.testing.assert_array_equal(at_first(marked, values), np.array(wanted), strict=True)


@pytest.mark.parametrize("name", PAIRS)
def test_no_number_stays_none(name):
    ours, _ = PAIRS[name]
    assert np.isnan(ours(np.array([[1.0, np.nan, 2.0], [np.nan, 1.0, 0.0]]))).all()


@pytest.mark.parametrize("name", PAIRS)
def test_the_input_stays_as_it_is(name):
    ours, _ = PAIRS[name]
    values = np.array([[1.0, 2.0], [4.0, 3.0]])
    ours(values)[...] = 7.0
    assert values.tolist() == [[1.0, 2.0], [4.0, 3.0]]


@pytest.mark.parametrize("name", ["largest", "smallest"])
def test_nothing_has_no_extreme(name):
    ours, _ = PAIRS[name]
    with pytest.raises(ValueError, match="zero-size"):
        ours(np.empty((3, 0)))
    assert summed(np.empty((3, 0))).tolist() == [0.0, 0.0, 0.0]
