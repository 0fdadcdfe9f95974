"""Gambit's files and payoff matrices: what is written comes back, OpenSpiel agrees, the rest is refused by line."""

import contextlib
import itertools
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import efg
import numpy as np
import pyspiel
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import random_tables, seeds, tables

from metanash import MarkovGame, Transition, ZeroSumGame, gambit, read_games, write_games
from metanash.archive import ArchiveError
from metanash.families import potential_sequence
from metanash.gambit.extensive import exact_distribution, tree_size
from metanash.gamefile import read_provenance
from metanash.gaps import GameBatch, best_response_values, ne_gains, ne_gap, values

in_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
slow_in_folder = settings(in_folder, max_examples=40, deadline=None)
sizes = st.lists(st.integers(1, 4), min_size=1, max_size=3)


def read_text(tmp_path, text, name="game.nfg", **options):
    path = tmp_path / name
    path.write_text(text)
    return (gambit.read_nfg if name.endswith("nfg") else gambit.read_efg)(path, **options)


def one_shot(rng, actions, zero_sum=False):
    """A game of one state and one step whose rewards have all their bits."""
    still = Transition.shared(np.ones((1, *actions, 1)))
    if zero_sum:
        return ZeroSumGame(rng.uniform(size=(1, 1, *actions)), still, name="one")
    return MarkovGame(rng.uniform(size=(len(actions), 1, 1, *actions)), still, name='say "one"\\')


# Strategic games ----------------------------------------------------------------------------------------


@in_folder
@given(sizes, seeds)
def test_every_bit_of_a_strategic_game_comes_back(tmp_path, actions, seed):
    game = one_shot(np.random.default_rng(seed), actions)
    gambit.write_nfg(tmp_path / "game.nfg", game)
    read, units = gambit.read_nfg(tmp_path / "game.nfg", zero_sum=False, scaled=False)
    assert type(read) is MarkovGame
    assert read.name == game.name
    np.testing.assert_array_equal(read.reward, game.reward)
    assert units == gambit.Units((0.0,) * len(actions), 1.0)


@in_folder
@given(st.tuples(st.integers(1, 4), st.integers(1, 4)), seeds)
def test_zero_sum_games_are_recognised(tmp_path, actions, seed):
    game = one_shot(np.random.default_rng(seed), actions, zero_sum=True)
    path = tmp_path / "game.nfg"
    gambit.write_nfg(path, game)
    read, units = gambit.read_nfg(path, scaled=False)
    assert type(read) is ZeroSumGame
    np.testing.assert_array_equal(read.reward, game.reward)
    assert units == gambit.Units((0.0, 0.0), 1.0)
    (read,) = read_games(path)
    assert type(read) is ZeroSumGame
    general, units = gambit.read_nfg(path, zero_sum=False)
    assert type(general) is MarkovGame
    policy = [np.full((1, 1, 1, n), 1 / n) for n in actions]
    for i in range(2):
        value = units.payoff(values(GameBatch.of(general), policy, i), i)
        np.testing.assert_allclose(value, values(GameBatch.of(game), policy, i), atol=1e-12)


@given(sizes, seeds)
def test_openspiel_reads_the_same_strategic_game(actions, seed):
    rng = np.random.default_rng(seed)
    actions = [*actions, 2] if len(actions) == 1 else actions  # it wants two players
    payoffs = rng.integers(-50, 50, size=(len(actions), *actions)) / 8
    game, units = gambit.from_payoffs(payoffs)
    other = pyspiel.load_nfg_game(gambit.nfg_text(game, units))
    for joint in itertools.product(*map(range, actions)):
        state = other.new_initial_state()
        state.apply_actions(list(joint))
        np.testing.assert_allclose(state.returns(), payoffs[(slice(None), *joint)], atol=1e-9)


# The first game of Gambit's own page on formats (Selten 1975, figure 2), in the shape of that page; payoffs of the
# profiles (1,1,1), (2,1,1), (1,2,1), ..., the strategy of player 1 fastest.
SELTEN = """NFG 1 R "Selten (IJGT, 75), Figure 2, normal form" { "Player 1" "Player 2" } { 3 2 }

1 1 0 2 0 2 1 1 0 3 2 0
"""
BY_OUTCOME = """NFG 1 R "the same" { "Player 1" "Player 2" }

{ { "1" "2" "3" }
{ "1" "2" }
}
"a comment"

{
{ "" 1, 1 }
{ "" 0, 2 }
{ "" 0, 2 }
{ "" 1, 1 }
{ "" 0, 3 }
{ "" 2, 0 }
}
1 2 3 4 5 6
"""


@pytest.mark.parametrize("text", [SELTEN, BY_OUTCOME, SELTEN.replace("\n", "\r\n"), "\ufeff" + SELTEN])
def test_both_payoff_formats(tmp_path, text):
    game, units = read_text(tmp_path, text)
    payoffs = gambit.to_payoffs(game, units)
    A, B = [[1, 1], [0, 0], [0, 2]], [[1, 1], [2, 3], [2, 0]]  # sums are not constant
    np.testing.assert_array_equal(payoffs, [A, B])
    assert units == gambit.Units((0.0, 0.0), (2.0, 3.0))
    assert type(game) is MarkovGame


def test_outcome_zero_is_worth_nothing_and_outcomes_may_be_used_twice(tmp_path):
    text = 'NFG 1 D "" { "a" "b" } { 2 2 } { { "x" -1/2, .5 } { "y" 1e-1 2 } } 1 0 1 2'
    game, units = read_text(tmp_path, text)
    np.testing.assert_allclose(gambit.to_payoffs(game, units), [[[-0.5, -0.5], [0, 0.1]], [[0.5, 0.5], [0, 2]]])
    assert units.scale == (float(Fraction(6, 10)), 2.0)


def test_numbers_are_exact(tmp_path):
    """Sums of thirds and tenths are constant as fractions, not as floats."""
    text = 'NFG 1 R "" { "a" "b" } { 1 3 } 1/3 2/3 0.1 0.9 -7/10 1.7'
    game, units = read_text(tmp_path, text)
    assert type(game) is ZeroSumGame
    low, scale = Fraction(-7, 10), Fraction(1, 3) + Fraction(7, 10)
    expected = [float((u - low) / scale) for u in (Fraction(1, 3), Fraction(1, 10), Fraction(-7, 10))]
    np.testing.assert_array_equal(game.reward[0, 0, 0], expected)
    assert units == gambit.Units((-0.7, 1.7), float(scale))
    back = gambit.to_payoffs(game, units)
    np.testing.assert_allclose(back[1], [[2 / 3, 0.9, 1.7]])


def test_zero_sum_when_asked(tmp_path):
    nearly = 'NFG 1 R "nearly" { "a" "b" } { 1 2 } 0.3333333333 0.6666666667 0.1 0.9000000000001'
    with pytest.warns(
        gambit.NearlyZeroSumWarning, match="nearly: .* by at most 1e-13.* zero_sum=True makes it zero-sum"
    ):
        assert type(read_text(tmp_path, nearly)[0]) is MarkovGame
    assert type(read_text(tmp_path, nearly, zero_sum=False)[0]) is MarkovGame
    assert type(read_text(tmp_path, nearly, zero_sum=True)[0]) is ZeroSumGame
    # profile (2, 2) of Selten's game is worth 0 + 3, all others sum to 2
    with pytest.raises(ArchiveError, match=r"not zero-sum: payoffs at \(h, s, a\) = \(0, 0, 1, 1\) sum to 3, .* to 2"):
        read_text(tmp_path, SELTEN, zero_sum=True)
    with pytest.raises(ArchiveError, match="has 2 players, this one has 1"):
        read_text(tmp_path, 'NFG 1 R "" { "a" } { 2 } 1 2', zero_sum=True)


MALFORMED = [
    ('NFG 1 R "open { "a" } { 2 }\n1 2', 1, "never closed"),
    ('NFG 1 R "" { "a" "b } { 2 2 }\n1 2', 1, "never closed"),
    ('NFG 2 R "" { "a" } { 2 } 1 2', 1, "version 1 of the format was expected, found '2'"),
    ('EFG 2 R "" { "a" }', 1, "the word NFG"),
    ('NFG 1 X "" { "a" } { 2 } 1 2', 1, "R or D"),
    ('NFG 1 R { "a" } { 2 } 1 2', 1, "the title, in quotes"),
    ('NFG 1 R ""\n{ 2 2 }\n1 2', 2, "the next of the players"),
    ('NFG 1 R ""\n1 2', 2, "the list of players, in braces, was expected, found '1'"),
    ('NFG 1 R "" { } { }', 1, "a game needs a player"),
    ('NFG 1 R "" { "a" "b" }\n{ 2 }\n1 2 3 4', 2, "the list before names 2, this one has 1"),
    ('NFG 1 R "" { "a" "b" }\n{ 2 0 }', 2, "at least 1, found 0"),
    ('NFG 1 R "" { "a" "b" }\n{ 2 1.5 }', 2, "at least 1, found 3/2"),
    ('NFG 1 R "" { "a" "b" } { { "x" } { } }', 1, "player 2 has no strategy"),
    (
        'NFG 1 R "" { "a" "b" } { 2 2 }\n\n1 2 3 4\n5 6 7',
        4,
        "2 x 2 strategies has a payoff of each player for each profile, 8 in all; found 7",
    ),
    ('NFG 1 R "" { "a" "b" } { 1 1 }\n\n1 2\n3', 4, "2 in all; found 3"),
    ('NFG 1 R "" { "a" } { 2 }\n1\n2..5', 3, "'2..5' is no number"),
    ('NFG 1 R "" { "a" } { 2 }\n1\n1/0', 3, "'1/0' is no number"),
    ('NFG 1 R "" { "a" } { 2 }\nnan\n1', 2, "'nan' is no number"),
    ('NFG 1 R "" { "a" } { 2 }\n1e999999999 1', 2, "the exponent of '1e999999999' (a payoff) has more than 3 digits"),
    ('NFG 1 R "" { "a" } { 2 }\n1e101 1', 2, "beyond 1e100"),
    ('NFG 1 R "" { "a" } { 2 }\n1 "x"', 2, 'found the text "x"'),
    ('NFG 1 R "" { "a" "b" } { 1 1 }\n{ { "" 1 } }\n1', 2, "2 in all; found 1"),
    ('NFG 1 R "" { "a" "b" } { 1 1 }\n{ { "" 1 2 } }\n2', 3, "at least 0 and at most 1, found 2"),
    (
        'NFG 1 R "" { "a" "b" } { 1 2 }\n{ { "" 1 2 } }\n1',
        3,
        "the number of an outcome for each profile, 2 in all; found 1",
    ),
    ('NFG 1 R "" { "a" "b" } { 1 2', 1, "the end of the file"),
    ("", 1, "found the end of the file"),
]


@pytest.mark.parametrize(("text", "line", "reason"), MALFORMED)
def test_malformed_strategic_games_are_refused_by_line(tmp_path, text, line, reason):
    with pytest.raises(ArchiveError) as caught:
        read_text(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'game.nfg'}:{line}: ")
    assert reason in str(caught.value)


@pytest.mark.filterwarnings("ignore::metanash.gambit.VanishingPayoffWarning")
@pytest.mark.filterwarnings("ignore::metanash.gambit.NearlyZeroSumWarning")
@in_folder
@given(st.data())
def test_no_damage_is_anything_but_an_archive_error(tmp_path, data):
    """Cut, drop or swap: a file is read or refused, in no other way."""
    text = data.draw(st.sampled_from([SELTEN, BY_OUTCOME, SHAPE]))
    place = data.draw(st.integers(0, len(text) - 1))
    piece = data.draw(st.sampled_from(["", '"', "{", "}", "0", "-1", "x", "1/3", "9" * 30, "\x00"]))
    damaged = text[:place] + piece + text[place + data.draw(st.integers(0, 3)) :]
    name = "game.efg" if text is SHAPE else "game.nfg"
    with contextlib.suppress(ArchiveError):
        read_text(tmp_path, damaged, name)


def test_other_files_are_refused(tmp_path):
    for name in ("game.nfg", "game.efg"):
        with pytest.raises(ArchiveError, match="no such file"):
            read_games(tmp_path / name)
        (tmp_path / name).write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ArchiveError, match="save it as UTF-8"):
            read_games(tmp_path / name)


# Matrices -----------------------------------------------------------------------------------------------


@given(st.tuples(st.integers(1, 4), st.integers(1, 4)), seeds, st.sampled_from([1.0, 1e-3, 1e6]))
def test_bimatrix_round_trip(actions, seed, size):
    rng = np.random.default_rng(seed)
    A, B = size * rng.normal(size=(2, *actions))
    game, units = gambit.from_bimatrix(A, B, zero_sum=False)
    varies = np.array([A.max() > A.min(), B.max() > B.min()], dtype=float)
    np.testing.assert_array_equal(game.reward.reshape(2, -1).min(axis=1), 0.0)
    np.testing.assert_array_equal(game.reward.reshape(2, -1).max(axis=1), varies)
    for got, expected in zip(gambit.to_bimatrix(game, units), (A, B), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-13 * size)


@given(seeds)
def test_gaps_convert_by_the_scale(seed):
    """Gains computed by hand on the payoffs."""
    rng = np.random.default_rng(seed)
    A, B = 7 * rng.normal(size=(2, 3, 2)) + 5
    mu, nu = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(2))
    policy = (mu[None, None], nu[None, None])
    game, units = gambit.from_bimatrix(A, B)
    wanted = (A @ nu).max() - mu @ A @ nu, (mu @ B).max() - mu @ B @ nu
    gains = ne_gains(game, policy)
    for i in range(2):
        assert units.gain(gains[i], i) == pytest.approx(wanted[i], abs=1e-12)
    assert ne_gap(game, policy) == gains.max()
    best = best_response_values(GameBatch.of(game), [part[None] for part in policy], 1)
    assert units.payoff(best, 1) == pytest.approx((mu @ B).max())
    zero_sum, units = gambit.from_bimatrix(A)
    assert isinstance(zero_sum, ZeroSumGame)
    assert units.gain(ne_gap(zero_sum, policy), 0) == pytest.approx((A @ nu).max() - (mu @ A).min(), abs=1e-12)
    for i, payoff in enumerate((mu @ A @ nu, -mu @ A @ nu)):
        value = values(GameBatch.of(zero_sum), [part[None] for part in policy], i)
        assert units.payoff(value, i) == pytest.approx(payoff, abs=1e-12)


def test_tiny():
    A = np.array([[1e-300, 2e-300], [0.0, 5e-300]])
    np.testing.assert_allclose(gambit.to_bimatrix(*gambit.from_bimatrix(-A))[0], -A, rtol=1e-12)


def test_integers_come_back_as_integers():
    """In units, payoffs are rounded to 15 digits, so no 0.30000000000000004 is left of the rescaling."""
    A, B = np.array([[3, -7, 11], [0, 1, 5]]), np.array([[2, 2, -9], [1, 0, 13]])
    game, units = gambit.from_bimatrix(A, B)
    np.testing.assert_array_equal(gambit.to_bimatrix(game, units), [A, B])
    assert gambit.nfg_text(game, units).splitlines()[2:] == ["3 2", "0 1", "-7 2", "1 0", "11 -9", "5 13"]


def test_games_that_never_pay_differently():
    game, units = gambit.from_bimatrix([[5.0, 5.0]], [[-1.0, -1.0]], zero_sum=False)
    assert (game.reward == 0.0).all()
    assert units == gambit.Units((5.0, -1.0), 1.0)


def test_matrix_games_of_other_programs():
    A, B = [[3.0, 0.0, 1.0], [5.0, 1.0, 1.0]], [[3.0, 5.0, 2.0], [0.0, 1.0, 2.0]]
    rows, columns = ["a", "b"], ["x", "y", "z"]
    matrix = pyspiel.MatrixGame(
        pyspiel.load_game("matrix_pd").get_type(), {}, rows, columns, A, B
    )  # fmt: skip
    nashpy = SimpleNamespace(payoff_matrices=(np.array(A), np.array(B)))
    for other in (matrix, nashpy):
        got = gambit.to_bimatrix(*gambit.from_matrix_game(other))
        np.testing.assert_allclose(got, (A, B))
    three = pyspiel.load_nfg_game('NFG 1 R "" { "a" "b" "c" } { 2 1 2 } 1 2 3 4 5 6 7 8 9 10 11 12\n')
    got = gambit.to_payoffs(*gambit.from_matrix_game(three))
    np.testing.assert_allclose(got[:, :, 0, :], [[[1, 7], [4, 10]], [[2, 8], [5, 11]], [[3, 9], [6, 12]]])
    with pytest.raises(TypeError, match="a list has neither row_utilities"):
        gambit.from_matrix_game(A)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gambit.from_bimatrix([[1.0]], [[1.0, 2.0]]), "of one shape, got"),
        (lambda: gambit.from_bimatrix([1.0]), "must be matrices"),
        (lambda: gambit.from_bimatrix([[np.nan]]), "A must be finite"),
        (lambda: gambit.from_bimatrix([[1e101]]), "within 1e100; at index"),
        (lambda: gambit.from_payoffs(np.ones((3, 2, 2))), "must have axes"),
        (lambda: gambit.to_bimatrix(one_shot(np.random.default_rng(0), (2, 2, 2))), "has 3; to_payoffs"),
        (lambda: gambit.to_payoffs(random_tables(np.random.default_rng(0), "markov", 2, 3, (2, 2)).game()), "2 steps"),
        (lambda: gambit.nfg_text(potential_sequence("team", 1, n_games=1, perturbation=0)[0]), "no horizon"),
        (lambda: gambit.efg_text(potential_sequence("team", 1, n_games=1, perturbation=0)[0]), "no horizon"),
        (lambda: gambit.nfg_text(one_shot(np.random.default_rng(0), (2,)), gambit.Units((0.0, 1.0), 1.0)), "got 2"),
        (lambda: gambit.efg_text(one_shot(np.random.default_rng(0), (2,)), when="never"), "got 'never'"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Extensive games ----------------------------------------------------------------------------------------


def reachable(table):
    """States that can be met at each step, by a walk over the arrays."""
    now = set(np.flatnonzero(table.initial))
    for h in range(table.horizon):
        yield h, sorted(now)
        now = {z for s in now for z in np.flatnonzero(table.kernel[h, s].reshape(-1, table.n_states).sum(axis=0))}


small = {"max_horizon": 3, "max_states": 2, "max_actions": 2, "max_choices": 64}


@slow_in_folder
@given(st.sampled_from(["markov", "zero_sum"]).flatmap(lambda kind: tables(kind, **small)))
def test_extensive_games_come_back(tmp_path, table):
    """Dyadic chances: not a bit is lost wherever the game can be."""
    game = table.game()
    gambit.write_efg(tmp_path / "game.efg", game)
    read, units = gambit.read_efg(
        tmp_path / "game.efg", zero_sum=None if table.kind == "zero_sum" else False, scaled=False
    )
    assert type(read) is type(game)
    assert units == gambit.Units((0.0,) * table.n_players, 1.0)
    last = 0
    for h, states in reachable(table):
        last = max(last, *states)
        for s in states:
            steps = (h, s) if table.kind == "zero_sum" else (slice(None), h, s)
            np.testing.assert_array_equal(read.reward[steps], game.reward[steps])
            if h + 1 < table.horizon:
                padded = np.zeros((*table.actions, table.n_states))
                padded[..., : read.n_states] = read.transition.at(h)[s]
                np.testing.assert_array_equal(padded, table.kernel[h, s])
    assert read.n_states == last + 1
    np.testing.assert_array_equal(read.initial, table.initial[: last + 1])
    assert len((tmp_path / "game.efg").read_text().splitlines()) == 1 + tree_size(game)


@slow_in_folder
@given(seeds, st.sampled_from([(2,), (2, 2), (1, 3), (2, 1, 2)]), st.integers(1, 2))
def test_histories_are_states_when_all_is_paid_at_the_end(tmp_path, seed, actions, states):
    """The same best-response and policy values in payoffs, by OpenSpiel's file of the test's own writer."""
    rng = np.random.default_rng(seed)
    table = random_tables(rng, "markov", 2, states, actions)
    game = table.game()
    (tmp_path / "game.efg").write_text(efg.gambit_text(table.reward, table.kernel, table.initial))
    read, units = gambit.read_efg(tmp_path / "game.efg", zero_sum=False)
    uniform = [[np.full((1, g.horizon, g.n_states, n), 1 / n) for n in actions] for g in (game, read)]
    for i in range(len(actions)):
        for measure in (values, best_response_values):
            expected = (table.initial * measure(GameBatch.of(game), uniform[0], i)[0, 0]).sum()
            got = (read.initial * measure(GameBatch.of(read), uniform[1], i)[0, 0]).sum()
            assert units.payoff(got, i) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(seeds, st.sampled_from([(2, 2), (1, 3), (2, 1, 2)]), st.integers(1, 2), st.sampled_from(["markov", "zero_sum"]))
def test_openspiel_reads_the_same_extensive_game(seed, actions, horizon, kind):
    """With payoffs at the end, against the test's own writer; dyadic chances, which OpenSpiel sums in floats."""
    actions = actions[:2] if kind == "zero_sum" else actions
    table = random_tables(np.random.default_rng(seed), kind, horizon, 2, actions)
    texts = (
        gambit.efg_text(table.game(), when="end"),
        efg.gambit_text(table.rewards_of_all(), table.kernel, table.initial),
    )
    todo = [tuple(pyspiel.load_efg_game(text).new_initial_state() for text in texts)]
    while todo:
        pair = todo.pop()
        assert pair[0].is_terminal() == pair[1].is_terminal()
        if pair[0].is_terminal():
            assert pair[0].returns() == pair[1].returns()
            continue
        assert pair[0].current_player() == pair[1].current_player()
        if pair[0].is_chance_node():
            assert pair[0].chance_outcomes() == pair[1].chance_outcomes()
        else:
            ours, theirs = (state.information_state_string().split("-") for state in pair)
            assert ours[-1].rpartition(":")[0] == theirs[-1]  # the number of the information set follows
            assert ours[0] == theirs[0]
        todo += [(pair[0].child(a), pair[1].child(a)) for a in pair[0].legal_actions()]


@given(seeds, st.integers(1, 30), st.sampled_from([1e-3, 1.0]))
def test_chances_sum_to_exactly_one(seed, states, concentration):
    row = np.random.default_rng(seed).dirichlet(np.full(states, concentration))
    row = row if np.isfinite(row).all() else np.full(states, 1 / states)
    exact = exact_distribution(row)
    assert sum(map(Fraction, exact.values())) == 1
    assert set(exact) == set(np.flatnonzero(row))
    np.testing.assert_allclose([float(exact[z]) for z in exact], row[list(exact)], atol=1e-9)
    assert sum(Decimal(repr(float(row[z]))) != share for z, share in exact.items()) <= 1


def test_units_go_back_into_extensive_games(tmp_path):
    table = random_tables(np.random.default_rng(3), "markov", 3, 2, (2, 2))
    units = gambit.Units((-6.0, 3.0), 4.0)
    gambit.write_efg(tmp_path / "game.efg", table.game(), units)
    read, found = gambit.read_efg(tmp_path / "game.efg")
    uniform = [np.full((1, 3, 2, 2), 0.5)] * 2
    for i in range(2):
        expected = units.payoff((table.initial * values(GameBatch.of(table.game()), uniform, i)[0, 0]).sum(), i)
        got = found.payoff((read.initial * values(GameBatch.of(read), uniform, i)[0, 0]).sum(), i)
        assert got == pytest.approx(expected, abs=1e-12)


def test_long_games_of_one_line(tmp_path):
    """A thousand steps without a choice: neither writing nor reading is recursive in the horizon."""
    table = random_tables(np.random.default_rng(3), "markov", 1000, 1, (1, 1))
    gambit.write_efg(tmp_path / "game.efg", table.game())
    read, _ = gambit.read_efg(tmp_path / "game.efg", zero_sum=False, scaled=False)
    np.testing.assert_array_equal(read.reward, table.reward)


def test_large_trees_are_not_written():
    table = random_tables(np.random.default_rng(3), "markov", 30, 2, (3, 3))
    with pytest.raises(ValueError, match=r"would have .* nodes, at most 1,000,000"):
        gambit.efg_text(table.game())


# Two steps of matching pennies with a coin between, in another hand than ours: outcomes met again without payoffs,
# action lists left out, payoffs on a chance node, on a first mover and on a second mover, labels that say no state.
SHAPE = """EFG 2 R "pennies" { "Eve" "Odd" }
p "" 1 1 "start" { "h" "t" } 0
p "" 2 1 "start" { "h" "t" } 0
c "" 1 "coin" { "l" 1/4 "r" 3/4 } 1 "even" { 2, -2 }
p "" 1 2 "left" { "h" "t" } 0
p "" 2 2 "left" { "h" "t" } 0
t "" 1
t "" 2 "odd" { -2 2 }
p "" 2 2 0
t "" 2
t "" 1
p "" 1 3 "right" { "h" "t" } 2
p "" 2 3 "right" { "h" "t" } 0
t "" 1
t "" 2
p "" 2 3 1
t "" 2
t "" 0
p "" 1 4 { "h" "t" } 2
p "" 2 4 { "h" "t" } 0
t "" 0
t "" 0
p "" 2 4 0
t "" 0
t "" 1
p "" 2 1 0
p "" 1 5 { "h" "t" } 2
p "" 2 5 { "h" "t" } 0
t "" 0
t "" 0
p "" 2 5 0
t "" 0
t "" 1
p "" 1 6 { "h" "t" } 1
p "" 2 6 { "h" "t" } 0
t "" 0
t "" 0
p "" 2 6 0
t "" 0
t "" 1
"""


def test_sums_may_differ_from_step_to_step(tmp_path):
    """Step 1 is worth (1, 0), step 2 (3 - a, a): sums 1 and 3. With a = 1/2 on average, (3.5, 0.5) in all."""
    lines = [
        'EFG 2 R "" { "a" "b" }',
        'p "" 1 1 "" { "x" } 0', 'p "" 2 1 "" { "x" } 0',
        'p "" 1 2 "" { "x" } 1 "" { 1 0 }', 'p "" 2 2 "" { "y" "z" } 0',
        't "" 2 "" { 3 0 }', 't "" 3 "" { 2 1 }',
    ]  # fmt: skip
    lines[2] = 'p "" 2 1 "" { "x" "w" } 0'
    again = [line.replace('1 2 ""', '1 3 ""').replace('2 2 ""', '2 3 ""') for line in lines[3:]]
    game, units = read_text(tmp_path, "\n".join(lines + again), "game.efg")
    assert type(game) is ZeroSumGame
    policy = [np.ones((1, 2, 2, 1)), np.full((1, 2, 2, 2), 0.5)]
    got = [units.payoff(values(GameBatch.of(game), policy, i)[0, 0, 0], i) for i in range(2)]
    np.testing.assert_allclose(got, [3.5, 0.5])
    np.testing.assert_array_equal(game.transition.at(1)[:, 0, 0], np.eye(2))  # at the last step every state stays
    np.testing.assert_array_equal(game.transition.at(0)[1], game.transition.at(0)[0])  # cannot be reached at first


@pytest.mark.parametrize(("excess", "size", "fine"), [
    (0.5e-9, 1.0, True), (2e-9, 1.0, False), (0.5e-6, 1000.0, True), (2e-6, 1000.0, False), (0.5e-9, 1e-3, False),
    (0.5e-12, 1e-3, True),
])  # fmt: skip
def test_what_counts_as_rounding_of_zero_sums(excess, size, fine):
    A = size * np.array([[0.25, -1.0]])
    with contextlib.nullcontext() if fine else pytest.raises(ValueError, match="not zero-sum"):
        gambit.from_bimatrix(A, -A + [[0.0, excess]], zero_sum=True)


def test_trees_of_another_hand(tmp_path):
    game, units = read_text(tmp_path, SHAPE, "game.efg")
    assert type(game) is ZeroSumGame
    assert (game.horizon, game.n_states, game.n_actions) == (2, 5, (2, 2))
    assert units == gambit.Units((-4.0, 4.0), 4.0)
    step = 4 * game.reward - 2
    np.testing.assert_allclose(step[0, 0], [[2 - 0.75 * 2, -2], [-2, 2]])
    np.testing.assert_allclose(step[1, :3], [[[2, -2], [-2, 2]], [[2, -2], [0, 2]], [[0, 0], [0, 2]]])
    np.testing.assert_allclose(game.transition.at(0)[0, 0, 0], [0.25, 0.75, 0, 0, 0])
    assert (game.transition.at(0)[0, 0, 1], game.transition.at(0)[0, 1, 0])[0][2] == 1.0
    (again,) = read_games(tmp_path / "game.efg")
    write_games(tmp_path / "game.npz", [again])
    assert read_provenance(tmp_path / "game.efg") == {}
    np.testing.assert_array_equal(read_games(tmp_path / "game.npz")[0].reward, game.reward)


REFUSED = [
    (SHAPE.replace('p "" 2 1 0', 'p "" 2 9 "" { "h" "t" } 0'), 26, "player 2 sees what others do in the same step"),
    (SHAPE.replace('p "" 1 3 "right"', 'p "" 1 2 "right"'), 13, "or what chance did"),
    (SHAPE.replace('p "" 1 4 { "h" "t" } 2', 'p "" 1 2 2'), 19, "player 1 cannot tell it from the position of line 5"),
    (SHAPE.replace('c "" 1 "coin" { "l" 1/4 "r" 3/4 }', 'c "" 1 "coin" { "l" 1/4 "r" 2/4 }'), 4, "exactly one"),
    (SHAPE.replace('2 "odd" { -2 2 }', '2 "odd" { -2 }'), 8, "2 in all; found 1"),
    (SHAPE.replace('2 "odd" { -2 2 }', "7"), 8, "outcome 7 has no payoffs"),
    (SHAPE.replace('1 "even" { 2, -2 }', '1 "even" { 2, -2 }', 1).replace("t \"\" 1\n", 't "" 1 "" { 3 3 }\n', 1), 7,
     "outcome 1 had other payoffs"),
    (SHAPE + 't "" 0\n', 41, "since the tree is complete"),
    ("\n".join(SHAPE.splitlines()[:-1]), 39, "the tree is not complete: the node of line 38 has 2 actions, 1"),
    (SHAPE.replace("p \"\" 2 1 0", 'p "" 3 1 0'), 26, "at most 2, found 3"),
    (SHAPE.replace("p \"\" 2 1 0", 'q "" 2 1 0'), 26, "begins with p, c or t, found 'q'"),
    (SHAPE.replace('p "" 2 4 0', 'p "" 2 8 0'), 23, "lacks the list of its actions"),
    (SHAPE.replace('p "" 2 4 0', 'p "" 2 4 "" { "x" "y" } 0'), 23, "had other actions"),
    ('EFG 2 R "" { "a" }\nt "" 1 "" { 1 }', 2, "ends before anybody moves"),
    ('EFG 2 R "" { "a" "b" }\np "" 2 1 "" { "x" } 0\nt "" 1 "" { 1 1 }', 2, "player 2 moves where player 1 should"),
    ('EFG 2 R "" { "a" "b" }\np "" 1 1 "" { "x" } 0\nt "" 1 "" { 1 1 }', 3, "the game ends where player 2 should"),
    ('EFG 2 R "" { "a" }\np "" 1 1 "" { "x" "y" } 0\nt "" 1 "" { 1 }\np "" 1 2 "" { "x" "y" } 0\nt "" 0\nt "" 0', 3,
     "ends here, and goes on elsewhere"),
    ('EFG 2 R "" { "a" }\np "" 1 1 "" { "x" } 0\np "" 1 2 "" { "x" "y" } 0\nt "" 0\nt "" 0', 3,
     "there are (2,) actions"),
    ('EFG 2 R "" { "a" }\np "" 1 1 "" { } 0', 2, "a move needs an action"),
    ('EFG 1 R "" { "a" }\nt "" 0', 1, "version 2"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "reason"), REFUSED)
def test_other_trees_are_refused_by_line(tmp_path, text, line, reason):
    with pytest.raises(ArchiveError) as caught:
        read_text(tmp_path, text, "game.efg")
    assert str(caught.value).startswith(f"{tmp_path / 'game.efg'}:{line}: ")
    assert reason in str(caught.value)


def test_deep_chance_is_read(tmp_path):
    chain = [f'c "" {k + 1} "" {{ "x" 1 }} 0' for k in range(5000)]
    text = "\n".join(['EFG 2 R "" { "a" }', *chain, 'p "" 1 1 "" { "x" "y" } 0', 't "" 1 "" { 1 }', 't "" 0'])
    game, units = read_text(tmp_path, text, "game.efg")
    np.testing.assert_array_equal(gambit.to_payoffs(game, units), [[1, 0]])
