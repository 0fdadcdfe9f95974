"""Random generators by name."""

import hashlib
import itertools
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metanash import streams
from metanash.kernels import twin
from metanash.streams import stream, uniforms

names = st.one_of(st.integers(), st.text(max_size=5))


def first(*address):
    return stream(*address).integers(2**63)


@given(st.lists(names, min_size=1, max_size=4))
def test_equal_names_agree(address):
    assert first(*address) == first(*address)


@given(st.lists(names, min_size=1, max_size=4), st.lists(names, min_size=1, max_size=4))
def test_different_names_differ(one, other):
    """The chance that two different streams begin with the same 63 bits is nil."""
    assert (first(*one) == first(*other)) == (one == other)


def test_addresses_that_look_alike_differ():
    addresses = [
        ("ab",), ("a", "b"), ("b", "a"), ("a", "b", ""), ("", "ab"), ("", "a", "b"), ("a",), ("",), (1,), ("1",),
        ("int:1",), (1, 2), (12,), ("12",), (1, "2"), ("1", 2), (2, 1), (-1,), ("-1",), (0,), (2**64,), (2**64 + 1,),
        ("a", 1), ("a1",), ("str:a",), ("é",), ("e\u0301",),
    ]  # fmt: skip
    drawn = {first(*address) for address in addresses}
    assert len(drawn) == len(addresses)
    for one, other in itertools.combinations(addresses, 2):  # nor do they run in parallel
        assert abs(np.corrcoef(stream(*one).random(500), stream(*other).random(500))[0, 1]) < 0.25


def test_streams_are_the_same_in_another_process():
    code = "from metanash.streams import stream; print(stream('figure 1', 7, 'noise').integers(2**63))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == first("figure 1", 7, "noise")


def test_the_law_is_frozen():
    """Whoever changes these numbers changes every published game.

    The first two lines are the law, written down anew: SHA-256 of the typed names, each after its length in eight
    bytes, is the entropy of a PCG64. The numbers below follow from it (and from NumPy's promise to keep bit
    generators and ``integers`` as they are within a version of its generators).
    """
    text = b"".join(len(name).to_bytes(8, "big") + name for name in (b"str:games", b"int:-3"))
    words = struct.unpack(">8I", hashlib.sha256(text).digest())
    law = np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))
    assert law.integers(2**63) == first("games", -3)
    assert first("metanash") == 3812353746642826683
    assert first("experiment", 3, "noise", 0) == 8355360667449484383


@given(
    st.lists(names, max_size=3),
    st.lists(names, max_size=5),
    st.sampled_from([0, 1, 7, (), (1,), (2, 3), (2, 0, 3), (4, 1, 2)]),
    st.sampled_from([(0.0, 1.0), (-1.0, 1.0), (0.0, 3.0), (-0.3, 0.1), (2.0, 2.0)]),
)
def test_many_streams_at_once_have_the_numbers_of_each(address, last, shape, bounds):
    drawn = uniforms(address, last, shape, *bounds)
    assert drawn.shape == (len(last), *(shape if isinstance(shape, tuple) else (shape,)))
    for row, name in zip(drawn, last, strict=True):
        np.testing.assert_array_equal(row, stream(*address, name).uniform(*bounds, size=shape))


def test_many_streams_draw_on_both_kernels(monkeypatch):
    """The kernel and NumPy's own generators, of as many numbers as a large game has."""
    found = uniforms((7, "large"), ["a", 3], 100_000)
    assert len(np.unique(found)) == found.size
    monkeypatch.setattr(streams.kernels, "uniform", twin.uniform)
    np.testing.assert_array_equal(found, uniforms((7, "large"), ["a", 3], 100_000))


@pytest.mark.parametrize(("low", "high"), [(1.0, 0.5), (-1e308, 1e308), (0.0, float("nan"))])
def test_numbers_of_no_range_are_drawn_by_neither(low, high):
    with pytest.raises((ValueError, OverflowError)):
        stream("a").uniform(low, high)
    with pytest.raises(ValueError, match="high - low must be at least 0 and finite"):
        uniforms([], ["a"], 1, low, high)


@pytest.mark.parametrize("bad", [1.0, True, None, ("a",), b"a", np.float64(1)])
def test_only_ints_and_texts_are_names(bad):
    with pytest.raises(TypeError, match="addressed by int and str"):
        stream("a", bad)
    with pytest.raises(TypeError, match="addressed by int and str"):
        uniforms(["a", bad], [1], 2)
    with pytest.raises(TypeError, match="addressed by int and str"):
        uniforms(["a"], [1, bad], 2)


def test_an_address_needs_a_name():
    with pytest.raises(ValueError, match="needs a name"):
        stream()
