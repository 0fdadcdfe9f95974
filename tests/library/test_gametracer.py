"""GameTracer's .gam: the order of its numbers by hand, what is written comes back, errors name the line."""

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import seeds

from metanash import MarkovGame, Transition, ZeroSumGame, gambit, read_games, solve
from metanash.archive import ArchiveError
from metanash.gambit import gam_text, read_gam, to_payoffs, write_gam

in_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

THREE = "3\n2 1 3\n\n" + " ".join(str(k) for k in range(18)) + "\n"


def written(tmp_path, text):
    path = tmp_path / "game.gam"
    path.write_text(text)
    return path


def test_order_of_the_numbers_by_hand(tmp_path):
    """Player by player; of each, the action of player 1 runs fastest, then that of player 2, then 3."""
    payoffs = to_payoffs(*read_gam(written(tmp_path, THREE)))
    assert payoffs.shape == (3, 2, 1, 3)
    for i, a, c in np.ndindex(3, 2, 3):
        assert payoffs[i, a, 0, c] == 6 * i + a + 2 * c


@in_folder
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), seeds)
def test_every_bit_comes_back(tmp_path, actions, seed):
    rng = np.random.default_rng(seed)
    still = Transition.shared(np.ones((1, *actions, 1)))
    game = MarkovGame(rng.uniform(size=(len(actions), 1, 1, *actions)), still)
    write_gam(tmp_path / "game.gam", game)
    read, units = read_gam(tmp_path / "game.gam", zero_sum=False, scaled=False)
    np.testing.assert_array_equal(read.reward, game.reward)
    assert units == gambit.Units((0.0,) * len(actions), 1.0)


def test_fractions_decimals_and_comments(tmp_path):
    text = "# made by hand, 2 players\n2\n  # actions\n1 2\n1/3 -.5\n2/3 1.5e0\n"
    game, units = read_gam(written(tmp_path, text))
    assert type(game) is ZeroSumGame  # exactly, as fractions
    np.testing.assert_allclose(to_payoffs(game, units), [[[1 / 3, -0.5]], [[2 / 3, 1.5]]], atol=1e-15)
    (again,) = read_games(tmp_path / "game.gam")
    np.testing.assert_array_equal(again.reward, game.reward)


def test_quantecon_reads_and_writes_the_same(tmp_path):
    quantecon = pytest.importorskip("quantecon")
    payoffs = np.random.default_rng(1).integers(-9, 9, size=(3, 2, 3, 4)) / 4
    game, units = gambit.from_payoffs(payoffs)
    write_gam(tmp_path / "game.gam", game, units)
    other = quantecon.game_theory.from_gam(str(tmp_path / "game.gam"))
    np.testing.assert_allclose(np.moveaxis(other.payoff_profile_array, -1, 0), payoffs, atol=1e-12)
    quantecon.game_theory.to_gam(other, str(tmp_path / "theirs.gam"))
    np.testing.assert_allclose(to_payoffs(*read_gam(tmp_path / "theirs.gam")), payoffs, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "the number of players was expected, found the end of the file"),
        ("two 2 2", 1, "'two' is no number (the number of players); write an integer"),
        ("0", 1, "the number of players must be an integer of at least 1, found 0"),
        ("2\n2", 2, "the number of actions of player 2 was expected, found the end of the file"),
        ("2\n2 0\n", 2, "the number of actions of player 2 must be an integer of at least 1, found 0"),
        ("2\n2 2\n\n1 2 3 4\n5 6 7\n", 5, "a game of 2 x 2 actions has 4 payoffs of each player, 8 in all; found 7"),
        ("2\n2 2\n\n1 2 3 4\n5 6 7 8\n9\n", 6, "8 in all; found 9"),
        ("# a comment\n2\n2 2\n1 2 3 4\n5 6 x 8\n", 5, "'x' is no number (a payoff)"),
        ("70\n" + "1 " * 70, 1, "games have at most 60 players"),
    ],
)
def test_errors_name_the_line(tmp_path, text, line, words):
    path = written(tmp_path, text)
    with pytest.raises(ArchiveError, match=rf"^{re.escape(str(path))}:{line}: .*{re.escape(words)}"):
        read_gam(path)


def test_sums_that_are_said_to_be_constant(tmp_path):
    path = written(tmp_path, "2 1 2  1 2  3 1")
    with pytest.raises(ArchiveError, match=r"game\.gam: not zero-sum: payoffs at .* sum to 3, .* to 4"):
        read_gam(path, zero_sum=True)
    with pytest.raises(ArchiveError, match=r"gone\.gam: no such file"):
        solve(tmp_path / "gone.gam")


def test_games_with_states_are_no_strategic_games():
    game = ZeroSumGame(np.ones((2, 1, 2, 2)), Transition.shared(np.ones((1, 2, 2, 1))))
    with pytest.raises(ValueError, match="a strategic game has one state and one step"):
        gam_text(game)
