"""Matrix games of hundreds of actions, whose pivots wait: against linear programs, and what is known of a game."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.optimize
from backends import compiled, needs_compiled

from metanash.exact import matrix_equilibrium

KINDS = {
    "uniform": lambda rng, a, b: rng.uniform(size=(a, b)),
    "far from 0": lambda rng, a, b: 1e6 + rng.normal(size=(a, b)),
    "rank 3": lambda rng, a, b: rng.normal(size=(a, 3)) @ rng.normal(size=(3, b)),
    "plus or minus 1": lambda rng, a, b: rng.choice([-1.0, 1.0], size=(a, b)),
    "mostly 0": lambda rng, a, b: rng.uniform(size=(a, b)) * (rng.uniform(size=(a, b)) < 0.1),
    "twins": lambda rng, a, b: np.repeat(np.repeat(rng.normal(size=((a + 1) // 2, (b + 1) // 2)), 2, 0), 2, 1)[:a, :b],
}


def value_of(matrix):
    """Value by a linear program of the row player."""
    rows, columns = matrix.shape
    found = scipy.optimize.linprog(
        np.concatenate([np.zeros(rows), [-1.0]]),
        A_ub=np.hstack([-matrix.T, np.ones((columns, 1))]), b_ub=np.zeros(columns),
        A_eq=np.concatenate([np.ones(rows), [0.0]])[np.newaxis], b_eq=[1.0],
        bounds=[(0.0, None)] * rows + [(None, None)], method="highs-ds",
    )  # fmt: skip
    return -found.fun


@pytest.mark.parametrize(("rows", "columns"), [(70, 840), (839, 66), (450, 451)])
@pytest.mark.parametrize("kind", KINDS)
def test_large_games_are_solved_to_a_gap_of_rounding(kind, rows, columns):
    """Any value of strategies that leave no gap is the value; beside that, strategies of a vertex."""
    matrix = KINDS[kind](np.random.default_rng([rows, columns]), rows, columns)
    found, width = matrix_equilibrium(matrix), float(np.ptp(matrix))
    assert min(found.mu.min(), found.nu.min()) >= 0.0
    assert abs(found.mu.sum() - 1.0) + abs(found.nu.sum() - 1.0) < 1e-12
    centred = matrix - matrix.mean()  # exact products would need no offset
    upper, lower = (centred @ found.nu).max(), (found.mu @ centred).min()
    assert upper - lower <= 1e-11 * width
    rounding = 1e-12 * width + 1e-15 * np.abs(matrix).max()
    assert lower - rounding <= found.value - matrix.mean() <= upper + rounding
    assert max((found.mu > 0.0).sum(), (found.nu > 0.0).sum()) <= min(rows, columns)


@pytest.mark.parametrize(("rows", "columns"), [(70, 840), (839, 66)])
@pytest.mark.parametrize("kind", ["uniform", "rank 3", "plus or minus 1"])
def test_values_of_large_games_are_those_of_a_linear_program(kind, rows, columns):
    matrix = KINDS[kind](np.random.default_rng([1, rows, columns]), rows, columns)
    assert matrix_equilibrium(matrix).value == pytest.approx(value_of(matrix), abs=1e-7 * np.ptp(matrix))


def test_a_large_skew_game_is_fair_and_a_hidden_small_game_is_found():
    rng = np.random.default_rng(2)
    half = np.triu(rng.normal(size=(460, 460)), 1)
    fair = matrix_equilibrium(half - half.T)
    assert abs(fair.value) < 1e-12
    hidden = np.full((500, 460), -5.0)  # rows below lose, columns to the right pay
    hidden[:3] = 7.0
    hidden[:3, :3] = [[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]
    order, places = rng.permutation(500), rng.permutation(460)
    found = matrix_equilibrium(hidden[order][:, places])
    assert found.value == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(np.sort(found.mu)[-3:], 1 / 3, atol=1e-12)
    np.testing.assert_allclose(np.sort(found.nu)[-3:], 1 / 3, atol=1e-12)


SOLVE = """
import hashlib, numpy as np
from metanash import kernels
from metanash.exact import matrix_equilibrium
found = matrix_equilibrium(np.random.default_rng(3).uniform(size=(451, 460)))
print(kernels.instruction_set, hashlib.sha256(found.mu.tobytes() + found.nu.tobytes()).hexdigest())
"""


@needs_compiled
@pytest.mark.skipif(compiled is not None and compiled.isa != "avx512", reason="two instruction sets are compared")
def test_both_instruction_sets_give_the_same_bits_of_a_large_game(monkeypatch):
    seen = set()
    for isa in ("avx512", "avx2"):
        monkeypatch.setenv("METANASH_ISA", isa)
        done = subprocess.run([sys.executable, "-c", SOLVE], capture_output=True, text=True, check=True)
        name, digest = done.stdout.split()
        assert name == isa
        seen.add(digest)
    assert len(seen) == 1
