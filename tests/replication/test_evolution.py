"""Evolution with responses: a puzzle that it solves, and its parts."""

import numpy as np
import pytest

from metanash_replication.falsification.evolution import evolved, seeds


def follow(units):
    """The second half of the coordinates follows the first."""
    units = units.copy()
    half = units.shape[1] // 2
    units[:, half:] = 1.0 - units[:, :half].round()
    return units


def puzzle(units):
    """Coordinates of the first half that are 1, if the second half has followed; else next to nothing."""
    half = units.shape[1] // 2
    right = (units[:, :half] == 1.0).sum(axis=1) + 1.0
    return np.where((units[:, half:] == 1.0 - units[:, :half].round()).all(axis=1), right, 1e-3)


def test_a_puzzle_whose_halves_belong_together():
    start = np.random.default_rng(0).random((40, 16))
    found = evolved(puzzle, start, 60, np.random.default_rng(1), follow)
    assert puzzle(found[:1])[0] == 9.0
    without = evolved(puzzle, start, 60, np.random.default_rng(1), lambda units: units)
    assert puzzle(without[:1])[0] < 9.0


def test_the_best_vector_is_first_and_never_lost():
    rng = np.random.default_rng(2)
    start = rng.random((20, 3))
    values = [float(-((start - 0.3) ** 2).sum(axis=1).min())]
    population = start
    for generation in range(5):
        population = evolved(
            lambda units: np.exp(-((units - 0.3) ** 2).sum(axis=1)), population, 3,
            np.random.default_rng(generation), lambda units: units,
        )  # fmt: skip
        assert population.shape == (20, 3)
        assert ((population >= 0.0) & (population <= 1.0)).all()
        distance = ((population - 0.3) ** 2).sum(axis=1)
        assert distance.argmin() == 0
        values.append(float(-distance[0]))
    assert values == sorted(values)
    assert values[-1] > -0.05


def test_it_is_the_same_whenever_it_is_run():
    start = np.random.default_rng(3).random((12, 4))
    first, again = (evolved(puzzle, start, 5, np.random.default_rng(4), follow) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, evolved(puzzle, start, 5, np.random.default_rng(5), follow))


def test_every_vector_is_evaluated_once_and_the_start_stays():
    seen = []
    start = np.random.default_rng(6).random((10, 4))
    kept = start.copy()
    evolved(lambda units: seen.append(len(units)) or puzzle(units), start, 7, np.random.default_rng(7), follow)
    assert seen == [10] * 8
    np.testing.assert_array_equal(start, kept)


@pytest.mark.parametrize("restarts", [1, 2, 3, 4, 8])
def test_all_restarts_get_seeds_of_all_kinds(restarts):
    """Plain or not, followed or not, among the vectors that a restart takes in its turns."""
    found = seeds(np.random.default_rng(8).random((400, 6)), follow)
    plain = np.isin(found[:, :3], [0.0, 0.5, 1.0]).all(axis=1)
    followed = (found[:, 3:] == 1.0 - found[:, :3].round()).all(axis=1)
    for restart in range(restarts):
        some = np.arange(400) % restarts == restart
        kinds = set(zip(plain[some].tolist(), followed[some].tolist(), strict=True))
        assert kinds == {(False, False), (False, True), (True, False), (True, True)}


def test_few_seeds_are_left_alone():
    units = np.random.default_rng(9).random((3, 4))
    np.testing.assert_array_equal(seeds(units, follow), units)
