"""The cost model of the kernel, and what the committed measurements say."""

import pandas as pd
import pytest

from benchmarks import roofline, scaling
from metanash import kernels


@pytest.fixture
def rows():
    return pd.read_csv(scaling.RESULTS / "scaling.csv")


def test_operations_of_three_actions_by_hand():
    """Two passes of nine multiply-adds and ten operations for each of six actions; nine and 13 times six doubles."""
    assert roofline.operations(3) == {"multiply_add": 78, "exponential": 6, "division": 2, "bytes": 8 * 87}


@pytest.mark.skipif(kernels.backend != "c", reason="the compiled kernels were not built (no C compiler?)")
def test_the_peaks_are_a_program(tmp_path, monkeypatch):
    """Which holds the kernels of all instruction sets in one file, unlike the library: only read, not compiled."""
    monkeypatch.setattr(roofline, "FLAGS", [*roofline.FLAGS, "-fsyntax-only"])
    with pytest.raises(OSError, match=r"peaks\.so"):  # nothing was written
        roofline.build(tmp_path)


@pytest.mark.skipif(kernels.backend != "c", reason="the compiled kernels were not built (no C compiler?)")
def test_bounds_take_the_slower_unit(monkeypatch):
    monkeypatch.setattr(roofline.Peaks, "read", lambda _, size: 0.25 if size == 8 * 45 * 8 else None)
    best = roofline.Peaks(multiply_add=0.5, exponential=2.0, division=10.0, library=None, isa="avx512")
    assert roofline.bounds(3, best) == (78 * 0.5 + 6 * 2.0, 87 * 0.25)
    assert roofline.bounds(2, best) == (20.0, 0.0)  # the divider


def test_memory_does_not_grow_with_iterations(rows):
    memory = rows.loc[rows["sweep"] == "memory", "bytes"]
    assert len(memory) == 5
    assert memory.max() < 1.05 * memory.min()
    assert scaling.peak_memory(20_000) < 1.05 * scaling.peak_memory(20)


def test_the_kernel_is_where_the_model_says(rows):
    """Not faster than either bound, nor slower than both one after the other, but for a fifth."""
    roof = rows[rows["sweep"] == "roofline"]
    assert (roof["ns"] > 0.95 * roof[["arithmetic", "moving"]].max(axis=1)).all()
    assert (roof["ns"] < 1.2 * roof[["arithmetic", "moving"]].sum(axis=1)).all()


def test_what_was_asked_for_was_measured(rows):
    seconds = rows.set_index("sweep")["seconds"]
    assert seconds["check T"] < 10
    assert seconds["check batch, 2 threads"] < 30


def test_the_figure_is_drawn_from_the_table(rows, tmp_path):
    scaling.draw(rows, tmp_path)
    assert (tmp_path / "scaling.pdf").stat().st_size > 5_000
    assert (tmp_path / "scaling.png").stat().st_size > 50_000
