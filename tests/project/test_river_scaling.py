"""Times of river endgames: what the committed measurements say, and that a new one agrees."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import river


@pytest.fixture
def rows():
    return pd.read_csv(river.RESULTS / "river.csv")


@pytest.mark.parametrize("sweep", ["hands", "nodes"])
def test_times_grow_linearly_at_most(rows, sweep):
    """From end to end; a square would take 20 times longer than the line in either sweep. Half again is for noise."""
    own = rows[rows["sweep"] == sweep]
    size, seconds = own[sweep].to_numpy(), own["seconds"].to_numpy()
    assert size[-1] / size[0] > 20
    assert seconds[-1] / seconds[0] < 2.0 * size[-1] / size[0]
    slope = np.polyfit(np.log(size[-4:]), np.log(seconds[-4:]), 1)[0]
    assert slope < 1.3


def test_an_iteration_of_all_hands_takes_milliseconds(rows):
    """Three sizes of bets, as the page says; a new measurement is below a matrix of hands by hands in plain loops."""
    own = rows[(rows["hands"] == 1081) & (rows["nodes"] == 34) & (rows["sweep"] != "gap")]
    assert len(own) == 2
    assert (own["seconds"] < 0.01).all()
    assert river.iteration(river.endgame(), rounds=3, iterations=2) < 0.1


def test_gaps_fall(rows):
    own = rows[rows["sweep"] == "gap"]
    assert (np.diff(own["exploitability"]) < 0).all()
    assert own["exploitability"].iloc[-1] < 1e-3
    assert own["iterations"].iloc[-1] == 1000


def test_the_benchmark_measures_what_it_says():
    small = river.endgame(50)
    assert small.n_hands == (50, 50)
    assert small.betting.same_shape(river.endgame().betting)
    row = river.timed("hands", small, rounds=1)
    assert (row["hands"], row["nodes"], row["ends"]) == (50, 34, 65)


def test_the_figure_is_drawn_from_the_table(rows, tmp_path):
    river.draw(rows, tmp_path)
    assert (tmp_path / "river.pdf").stat().st_size > 5_000
    assert (tmp_path / "river.png").stat().st_size > 20_000
