"""Exact solutions of extensive games: linear programs on the strategic form, enumeration, games solved by hand."""

from fractions import Fraction

import game_trees
import numpy as np
import oracles_trees
import pytest
import scipy
from extensive_cases import OpenSpiel, by_key, random_behaviour, random_case, read, tree_of

from metanash.archive import ArchiveError
from metanash.extensive import (
    ExtensiveGame,
    Treeplex,
    backward_induction,
    certify,
    from_tree,
    gaps,
    read_extensive,
    solve_constant_sum,
    strategic_form,
    strategic_size,
)

SEEDS = range(15)


def matrix_value(matrix):
    """Value of a matrix game by a linear program of its own: max v with sum_a p_a M_ab >= v, sum p = 1."""
    rows, columns = matrix.shape
    found = scipy.optimize.linprog(
        np.append(np.zeros(rows), -1.0),
        A_ub=np.hstack([-matrix.T, np.ones((columns, 1))]),
        b_ub=np.zeros(columns),
        A_eq=[[1.0] * rows + [0.0]],
        b_eq=[1.0],
        bounds=[(0, None)] * rows + [(None, None)],
    )
    return -found.fun


# Constant sum -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("total", [0, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_values_are_those_of_the_strategic_form(tmp_path, seed, total):
    root = game_trees.constant_sum(game_trees.random_tree(np.random.default_rng(seed), 2, depth=5), total)
    game = read(tmp_path, root, 2)
    solution = solve_constant_sum(game)
    assert solution.low <= solution.value <= solution.high
    assert solution.gap <= 1e-12 * game.spread[0]
    assert solution.value == pytest.approx(matrix_value(strategic_form(game).payoff[0]), abs=1e-8)
    assert gaps.ne_gap(game, solution.strategies) <= solution.gap + 1e-13
    assert max(solution.gains) <= solution.gap * (1 + 1e-9) + 1e-15
    root_value = [float(v) for v in oracles_trees.values(root, by_key(game, solution.strategies), 2)]
    assert root_value == pytest.approx([solution.value, total - solution.value], abs=1e-9)


def test_kuhn_poker_is_worth_minus_one_eighteenth(tmp_path):
    """Kuhn (1950). Player 1's equilibria are a segment: with 1 it bets alpha in [0, 1/3], with 3 three times as often.

    Payoffs are a sixth of an integer; six times them floats hold exactly.
    """
    game = read(tmp_path, game_trees.kuhn(), 2)
    whole = ExtensiveGame(game.players, game.sequences, np.rint(6 * game.payoff), game.chance)
    six = solve_constant_sum(whole)
    assert Fraction(six.low) <= Fraction(-1, 3) <= Fraction(six.high)
    solution = solve_constant_sum(game)
    assert solution.value == pytest.approx(-1 / 18, abs=1e-16)
    assert solution.gap < 1e-15
    mine, theirs = by_key(game, solution.strategies)
    alpha = mine["1"][1]
    assert -1e-12 <= alpha <= 1 / 3 + 1e-12
    expected = {"1": alpha, "2": 0, "3": 3 * alpha, "1pb": 0, "2pb": alpha + 1 / 3, "3pb": 1}
    for key, bet in expected.items():
        if key != "3pb" or alpha < 1 / 3 - 1e-9:  # with 3 it always bets then, so never answers
            assert mine[key][1] == pytest.approx(bet, abs=1e-9), key
    for key, bet in {"1p": 1 / 3, "2p": 0, "3p": 1, "1b": 0, "2b": 1 / 3, "3b": 1}.items():
        assert theirs[key][1] == pytest.approx(bet, abs=1e-9), key


def test_leduc_poker_has_the_published_value(tmp_path):
    """-0.085606424078; and OpenSpiel finds nothing to gain."""
    openspiel = OpenSpiel(pytest.importorskip("pyspiel"), "leduc_poker")
    path = tmp_path / "leduc.efg"
    path.write_text(openspiel.text())
    game = read_extensive(path)
    assert game.n_sets == (468, 468)
    solution = solve_constant_sum(game)
    assert solution.value == pytest.approx(-0.085606424078, abs=1e-11)
    assert solution.gap < 1e-13
    np.testing.assert_allclose(openspiel.improvements(game, solution.strategies), 0, atol=1e-13)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_units_do_not_matter(tmp_path, scale):
    game = read(tmp_path, game_trees.kuhn(), 2)
    other = ExtensiveGame(game.players, game.sequences, scale * (game.payoff + 5 * game.chance), game.chance)
    solution = solve_constant_sum(other)
    assert solution.value == pytest.approx(scale * (5 - 1 / 18), rel=1e-12)
    assert solution.gap < 1e-13 * scale


def test_what_is_not_of_constant_sum_is_refused(tmp_path):
    with pytest.raises(ValueError, match="takes games of 2 players, this one has 3"):
        solve_constant_sum(read(tmp_path, game_trees.three(), 3))
    kuhn = read(tmp_path, game_trees.kuhn(), 2)
    for payoff, words in [(1e-6, "must sum to a constant; at terminal 3"), (1e-12, None)]:
        changed = kuhn.payoff.copy()
        changed[1, 3] += payoff
        game = ExtensiveGame(kuhn.players, kuhn.sequences, changed, kuhn.chance)
        if words is None:
            assert solve_constant_sum(game).gap < 1e-11
        else:
            with pytest.raises(ValueError, match=words):
                solve_constant_sum(game)
    batch = ExtensiveGame(kuhn.players, kuhn.sequences, kuhn.payoff[np.newaxis], kuhn.chance)
    for function in (solve_constant_sum, strategic_form):
        with pytest.raises(ValueError, match=r"takes one game, got a batch of shape \(1,\)"):
            function(batch)


def test_a_bad_solution_is_no_solution(tmp_path, monkeypatch):
    """Strategies are judged, whatever HiGHS says."""
    game = read(tmp_path, game_trees.kuhn(), 2)
    plans = tuple(game.players[i].plan(game.uniform()[i]) for i in range(2))
    monkeypatch.setattr("metanash.extensive.exact._linear_program", lambda _: plans)
    monkeypatch.setattr("metanash.extensive.exact._SMALL", 0)
    monkeypatch.setattr("metanash.extensive.exact.plans_in_fractions", lambda *_: None)
    with pytest.raises(ArithmeticError, match=r"strategies leave a gap of 0\.917, where payoffs have a range of 4"):
        solve_constant_sum(game)


@pytest.mark.parametrize("players", [1, 2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_certificates_are_exact(tmp_path, seed, players):
    """Payoffs and chances are dyadic, so floats hold them, and the oracle is exact too."""
    root, game, strategies = random_case(tmp_path, seed, players, depth=3 + (players > 1))
    named = [{key: [*map(Fraction, law)] for key, law in part.items()} for part in by_key(game, strategies)]
    found = certify(game, strategies)
    assert list(found.values) == oracles_trees.values(root, named, players)
    assert list(found.gains) == oracles_trees.gains(root, named, players)


def test_certificates_divide_by_the_sum_of_each_set():
    plex = Treeplex([0, 1], [3, 2])
    game = ExtensiveGame((plex,), [[2, 3, 4, 5]], [[0, 0, 4, 6]], np.ones(4))
    third = Fraction(1 / 3)
    off = certify(game, ([1, 1 / 3, 1 / 3, 1 / 3, 0.5, 0.5],))
    assert off.values == (5 * third / (3 * third),)
    assert off.gains == (6 - Fraction(5, 3),)


def test_nobody_moves(tmp_path):
    root = game_trees.chance((Fraction(1, 4), game_trees.end(3, -1)), (Fraction(3, 4), game_trees.end(-2, 4)))
    solution = solve_constant_sum(read(tmp_path, root, 2))
    assert (solution.value, solution.gap, solution.gains) == (-0.75, 0, (0, 0))


# Backward induction -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("players", [1, 2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_backward_induction_is_subgame_perfect(tmp_path, seed, players):
    root = game_trees.seen_by_all(game_trees.random_tree(np.random.default_rng([seed, players]), players, depth=5))
    tree = tree_of(tmp_path, root, players)
    game, solution = from_tree(tree), backward_induction(tree)
    assert solution.value.tolist() == [float(v) for v in oracles_trees.perfect_information_value(root, players)]
    np.testing.assert_allclose(gaps.values(game, solution.strategies), solution.value, atol=1e-12)
    assert gaps.ne_gap(game, solution.strategies) == pytest.approx(0, abs=1e-12)
    named = by_key(game, solution.strategies)
    for node in game_trees.nodes(root):  # no single change pays anywhere, reached or not
        if node.player >= 0:
            worth = [oracles_trees.values(child, named, players)[node.player] for _, child in node.children]
            assert worth[named[node.player][node.key].index(1)] == max(worth)


def test_the_centipede_by_hand(tmp_path):
    solution = backward_induction(tree_of(tmp_path, game_trees.centipede(), 2))
    assert solution.value.tolist() == [10, 22]
    assert [part.tolist() for part in solution.strategies] == [[1, 1, 0], [1, 1, 0, 1, 0]]
    assert solution.unique
    tied = game_trees.move(0, "a", l=game_trees.end(1, 5), r=game_trees.end(1, 7))
    found = backward_induction(tree_of(tmp_path, tied, 2))
    assert (found.value.tolist(), found.unique) == ([1, 5], False)
    above = game_trees.move(1, "b", x=game_trees.end(0, 9), y=tied)  # the tie is not on the way
    assert not backward_induction(tree_of(tmp_path, above, 2)).unique


def test_hidden_moves_are_refused(tmp_path):
    words = r"game\.efg:6: no perfect information: player 2, information set 1 'b' has two nodes, lines 3 and 6"
    with pytest.raises(ArchiveError, match=words):
        backward_induction(tree_of(tmp_path, game_trees.pennies(), 2))


# The strategic form -------------------------------------------------------------------------------------------


def completed(tree_sets, row, keys):
    """A full pure strategy of a row of choices, anything where it never comes."""
    chosen = dict(zip(keys, row.tolist(), strict=True))
    return {key: [int(a == max(chosen[key], 0)) for a in range(len(acts))] for key, acts in tree_sets.items()}


def assert_is_the_strategic_form(form, root, players, keys):
    named = game_trees.sets(root, players)
    for i in range(players):
        reduced = {
            frozenset((key, a) for key, a in zip(keys[i], row.tolist(), strict=True) if a >= 0)
            for row in form.choices[i]
        }
        assert reduced == oracles_trees.reduced_strategies(root, i, players)
        assert len(reduced) == len(form.choices[i]) == form.payoff.shape[1 + i]
    rng = np.random.default_rng(0)
    for _ in range(min(200, form.payoff[0].size)):
        profile = tuple(int(rng.integers(n)) for n in form.payoff.shape[1:])
        pure = [completed(named[i], form.choices[i][profile[i]], keys[i]) for i in range(players)]
        expected = [float(v) for v in oracles_trees.values(root, pure, players)]
        np.testing.assert_allclose(form.payoff[(slice(None), *profile)], expected, atol=1e-12)


@pytest.mark.parametrize("players", [1, 2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_strategic_forms_of_games_and_trees(tmp_path, seed, players):
    root = game_trees.random_tree(np.random.default_rng([seed, players]), players, depth=3 + (players > 1))
    tree = tree_of(tmp_path, root, players)
    game = from_tree(tree)
    form = strategic_form(game)
    assert form.payoff.shape[1:] == strategic_size(game)
    assert_is_the_strategic_form(form, root, players, [plex.labels for plex in game.players])
    keys = [[m.label for m in tree.moves if m.player == i] for i in range(players)]
    assert_is_the_strategic_form(strategic_form(tree), root, players, keys)


@pytest.mark.parametrize(
    ("root", "payoff"),
    [
        (game_trees.forgetful(), [1, 0, 0, 1]),  # (l, up), (l, down), (r, up), (r, down)
        (game_trees.absent_minded(), [0, 1]),  # off; on, twice: never off after on
    ],
)
def test_trees_without_perfect_recall_have_a_strategic_form(tmp_path, root, payoff):
    tree = tree_of(tmp_path, root, 1)
    form = strategic_form(tree)
    assert form.payoff.tolist() == [payoff]
    assert_is_the_strategic_form(form, root, 1, [[m.label for m in tree.moves]])


def test_large_strategic_forms_are_refused_with_their_size(tmp_path):
    game = read(tmp_path, game_trees.kuhn(), 2)
    assert strategic_size(game) == (27, 64)
    assert strategic_form(game, most=27 * 64).payoff.shape == (2, 27, 64)
    with pytest.raises(ValueError, match=r"27 x 64 reduced strategies and 30 terminals; at most 1,727 profiles"):
        strategic_form(game, most=27 * 64 - 1)
    tree = tree_of(tmp_path, game_trees.kuhn(), 2)
    with pytest.raises(ValueError, match=r"more than 26 reduced strategies of player 1 alone"):
        strategic_form(tree, most=26)
    many = Treeplex([0] * 100, [2] * 100)
    sequences = np.array([2 * np.arange(100) + 1]), np.array([2 * np.arange(100) + 2])
    game = ExtensiveGame((many,), np.hstack(sequences), np.ones((1, 200)), np.full(200, 0.01))
    assert strategic_size(game) == (2**100,)
    with pytest.raises(ValueError, match=r"would have 1\.27e\+30 reduced strategies"):
        strategic_form(game)


def test_uniform_play_of_the_strategic_form_is_no_behaviour_of_the_tree(tmp_path):
    """Mixed strategies of the strategic form: their plan is the mean of the plans, and payoffs agree (Kuhn 1953)."""
    _, game, _ = random_case(tmp_path, 3, 2, depth=5)
    form, rng = strategic_form(game), np.random.default_rng(0)
    mixed = [rng.dirichlet(np.ones(n)) for n in form.payoff.shape[1:]]
    plans = []
    for plex, choices, law in zip(game.players, form.choices, mixed, strict=True):
        rows = np.zeros((len(choices), plex.n_sequences))
        for row, chosen in zip(rows, choices, strict=True):
            row[[0, *(plex.first[j] + a for j, a in enumerate(chosen) if a >= 0)]] = 1.0
        plans.append(plex.checked_plan(law @ rows))
    behaviour = [plex.behaviour(plan) for plex, plan in zip(game.players, plans, strict=True)]
    expected = np.einsum("iab,a,b->i", form.payoff, *mixed)
    np.testing.assert_allclose(gaps.values(game, behaviour), expected, atol=1e-12)
    assert random_behaviour(rng, game.players[0]).shape == behaviour[0].shape
