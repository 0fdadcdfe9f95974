"""``./do bench-sparse`` and ``./do bench-matrices``: that they run, and what they compare with."""

import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks import matrices, roofline, sparse, sparse_roofline
from metanash.exact import matrix_equilibrium
from metanash.gaps import backup, ne_gaps


def test_the_products_that_kernels_are_compared_with_give_the_same():
    games = sparse.game(30, 3, 4, 4, stationary=False)
    rng = np.random.default_rng(0)
    value, policy = rng.uniform(size=(1, 4, 30)), [rng.dirichlet(np.ones(3), size=(1, 4, 30)) for _ in range(2)]
    now = backup(games, games.reward, value), ne_gaps(games, policy)
    with sparse.before():
        before = backup(games, games.reward, value), ne_gaps(games, policy)
    for mine, theirs in zip(now, before, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-13, rtol=0)


def test_the_roofline_of_sparse_games_is_below_what_was_measured(tmp_path):
    """Every byte moved once takes longer than nothing, and no kernel less; the committed table is what is drawn."""
    rows = pd.read_csv(sparse_roofline.RESULTS / "sparse.csv")
    assert list(rows) == sparse_roofline.COLUMNS
    for name in ("value update", "NE-gap"):
        assert rows.loc[rows["what"] == name, "states"].tolist() == [*sparse_roofline.STATES]
    assert (rows["entries"] == rows["states"] * sparse_roofline.ACTIONS**2 * sparse_roofline.BRANCHING).all()
    assert ((rows["least"] > 0) & (rows["least"] < rows[["scipy", "one"]].min(axis=1))).all()
    sparse_roofline.draw(rows, tmp_path)
    assert (tmp_path / "sparse.png").stat().st_size > 20_000


def test_the_least_time_is_that_of_all_bytes(monkeypatch):
    """A kernel of 12 bytes an entry and 4 a row, read once by a value update if all steps share it, and rewards."""
    games = sparse.game(30, 3, 4, 4, stationary=True)
    monkeypatch.setattr(roofline.Peaks, "read", lambda *_: 8.0)  # ns a double: one a byte
    least = sparse.least(games, roofline.Peaks(1, 1, 1, library=None, isa="avx2"))
    kernel, table = 30 * 9 * 4 * 12 + (30 * 9 + 1) * 4, 4 * 30 * 9 * 8
    assert least == pytest.approx({"value update": (kernel + 2 * table) * 1e-9, "NE-gap": (3 * kernel + table) * 1e-9})


@pytest.mark.parametrize("kind", matrices.KINDS)
def test_games_of_each_kind_are_solved_by_both_methods_of_highs(kind):
    matrix = matrices.KINDS[kind](np.random.default_rng(1), 20)
    assert matrix.shape == (20, 20)
    assert matrices.highs(matrix, "highs-ds", 10.0)
    assert matrices.highs(matrix, "highs-ipm", 10.0)
    if kind == "skew":
        assert abs(matrix_equilibrium(matrix).value) < 1e-14


def test_the_table_of_matrices_names_size_kind_gap_and_times(monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "argv", ["matrices", "12", "15", "--kinds", "uniform", "--rounds", "1", "--highs", "highs-ds"]
    )
    matrices.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["12 x 12 uniform", "15 x 15 uniform"]
    assert all("gap" in line and "metanash" in line and "highs-ds" in line for line in lines)
