"""Payoffs that went through rewards and back: the same decimals, and no minus before a zero."""

from fractions import Fraction

import numpy as np
import pytest

from metanash import Transition, ZeroSumGame, gambit

STILL = Transition.shared(np.ones((1, 2, 2, 1)))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("places", [0, 1, 3])
def test_decimals_come_back_as_they_were(seed, places):
    """Of numbers of at most six digits not one may change, though rewards are their shares of a range."""
    payoffs = np.random.default_rng(seed).integers(-999_999, 999_999, size=(2, 2, 3)) / 10**places
    np.testing.assert_array_equal(gambit.to_payoffs(*gambit.from_payoffs(payoffs)), payoffs)


def test_payoffs_as_fractions_become_floats():
    """By hand: of 1/3, 1 and 5/3 the range is 4/3, so rewards are 0, 1/2 and 1."""
    third, one, most = Fraction(1, 3), Fraction(1), Fraction(5, 3)
    game, units = gambit.from_payoffs(np.array([[[third, one], [most, third]], [[one, most], [third, third]]], object))
    assert game.reward.dtype == np.float64
    np.testing.assert_array_equal(game.reward.reshape(2, 2, 2), [[[0, 0.5], [1, 0]], [[0.5, 1], [0, 0]]])
    back = gambit.to_payoffs(game, units)
    assert back.dtype == np.float64
    np.testing.assert_allclose(back, [[[1 / 3, 1], [5 / 3, 1 / 3]], [[1, 5 / 3], [1 / 3, 1 / 3]]], rtol=1e-14)


def test_no_zero_has_a_sign():
    """The loser's payoff of a zero-sum game is minus the winner's: of 0 that would be -0, and be written so."""
    winner = np.array([[0.0, 4.0], [1.0, 0.0]])
    game, units = gambit.from_payoffs(np.array([winner, -winner]))
    assert type(game) is ZeroSumGame
    rewards = ZeroSumGame(winner[np.newaxis, np.newaxis] / 4, STILL, np.ones(1))
    for payoffs in (gambit.to_payoffs(game, units), gambit.to_payoffs(rewards)):
        assert not np.signbit(payoffs[payoffs == 0.0]).any()
        assert (payoffs == 0.0).sum() == 4
    assert "-0 " not in gambit.nfg_text(game, units).replace("\n", " ") + " "


@pytest.mark.parametrize("size", [1e-250, 1e-200, 1e-190, 1e-3, 1e90])
def test_payoffs_of_any_size_come_back(size):
    payoffs = np.array([[[1.0, -2.0], [3.0, 0.5]], [[-1.0, 2.0], [0.0, 1.0]]]) * size
    back = gambit.to_payoffs(*gambit.from_payoffs(payoffs))
    np.testing.assert_allclose(back, payoffs, rtol=1e-14)


def test_a_zero_that_comes_back_from_a_rounding_below_it_has_no_sign():
    """Of 200 games with a payoff of 0 some reach -1e-17 before they are rounded."""
    rng = np.random.default_rng(2)
    for _ in range(200):
        payoffs = rng.integers(-99, 99, size=(2, 2, 3)) / 10
        payoffs[:, 0, 0] = 0.0
        back = gambit.to_payoffs(*gambit.from_payoffs(payoffs))
        np.testing.assert_array_equal(back, payoffs)
        assert not np.signbit(back[back == 0.0]).any()


@pytest.mark.parametrize("total", [0.0, 0.3, 1.0, -7.77, 100.0, 12345.678, 1e9])
def test_constant_sums_come_back_constant(tmp_path, total):
    """Each player's payoffs rounded alone would sum to other numbers in the last digits, hence a general-sum game."""
    rng = np.random.default_rng(5)
    for _ in range(10):
        ours = rng.random((3, 2)) * 10 ** rng.uniform(-3, 3)
        game, units = gambit.from_bimatrix(ours, total - ours)
        assert type(game) is ZeroSumGame
        gambit.write_nfg(tmp_path / "game.nfg", game, units)
        gambit.write_efg(tmp_path / "game.efg", game, units)
        again = [
            gambit.from_bimatrix(*gambit.to_bimatrix(game, units)),
            gambit.read_nfg(tmp_path / "game.nfg"),
            gambit.read_efg(tmp_path / "game.efg"),
        ]
        for other, back in again:
            assert type(other) is ZeroSumGame
            np.testing.assert_allclose(other.reward, game.reward, rtol=0, atol=1e-13)
            np.testing.assert_allclose(sum(back.offset), total, rtol=1e-14, atol=1e-14)
            np.testing.assert_allclose(back.scale, units.scale, rtol=1e-13)


def test_what_a_constant_sum_leaves_has_no_digits_of_its_own():
    """0.3 - 0.1 is 0.2, not the 0.19999999999999998 of floats."""
    ours = np.array([[0.1, 0.3], [0.2, 0.0]])
    game, units = gambit.from_bimatrix(ours, 0.3 - ours)
    np.testing.assert_array_equal(gambit.to_bimatrix(game, units)[1], [[0.2, 0.0], [0.1, 0.3]])
    assert "0.1 0.2" in gambit.nfg_text(game, units)


@pytest.mark.parametrize("when", ["steps", "end"])
def test_sums_of_steps_come_back_constant(tmp_path, when):
    """Payoffs of three steps, each with a third of a sum that has no end: at the end too they are the sum, exactly."""
    rng = np.random.default_rng(8)
    rewards = rng.random((3, 1, 2, 2))
    game = ZeroSumGame(rewards, STILL, np.ones(1))
    units = gambit.Units((-0.1, 1.1), (100 / 3, 100 / 3))
    path = tmp_path / "game.efg"
    gambit.write_efg(path, game, units, when=when)
    if when == "end":
        ends = [line.split("{")[1].strip(" }").split() for line in path.read_text().splitlines() if line[0] == "t"]
        sums = {Fraction(one) + Fraction(other) for one, other in ends}
        assert len(sums) == 1
        assert abs(sums.pop() - 1) < Fraction(1, 10**14)
        return
    again, back = gambit.read_efg(path)
    assert type(again) is ZeroSumGame
    np.testing.assert_allclose(sum(back.offset), 1.0, rtol=1e-14)
    low = rewards.min()
    np.testing.assert_allclose(again.reward[:, 0] * np.ptp(rewards) + low, rewards[:, 0], rtol=0, atol=1e-13)


def test_units_of_unlike_scales_are_written_as_they_are():
    """A zero-sum game of which player 2 counts in halves: its sums are not constant, and nobody said they were."""
    game = ZeroSumGame(np.array([[[[1.0, 0.5], [0.0, 0.25]]]]), STILL, np.ones(1))
    payoffs = gambit.to_payoffs(game, gambit.Units((0.0, 1.0), (1.0, 2.0)))
    np.testing.assert_array_equal(payoffs, [[[1, 0.5], [0, 0.25]], [[-1, 0], [1, 0.5]]])
