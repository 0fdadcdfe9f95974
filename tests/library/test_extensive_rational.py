"""Trees solved in fractions, of payoffs that floats do not tell apart: games solved by hand, HiGHS where it can."""

from fractions import Fraction

import game_trees
import numpy as np
import pytest
from extensive_cases import read

import metanash as mn
from metanash.extensive import End, Move, build_tree, efg_text, exact, from_tree, read_tree, solve_constant_sum
from metanash.extensive.rational import MOST_ENTRIES, plans_in_fractions, size_in_fractions

BIG = 10**19


def diagonal(big, small=1, more=()):
    """Player 1 gets ``big`` or ``small`` where both choose the same, else nothing."""
    paid = {("a", "a"): big, ("b", "b"): small, **dict(more)}
    hidden = {a: Move(1, "Bob", {b: End([paid.get((a, b), 0), -paid.get((a, b), 0)]) for b in "ab"}) for a in "ab"}
    return build_tree("diagonal", ["Ann", "Bob"], Move(0, "Ann", hidden))


def entries(game):
    """Sequences of both players and payoffs of player 1 times chance."""
    return [*zip(*game.sequences.tolist(), map(Fraction, game.payoff[0].tolist()), strict=True)]


@pytest.mark.parametrize("big", [2, 10**6, BIG, 10**40])
def test_a_diagonal_game_by_hand(big):
    """Both equalise: the first action with chance 1 / (big + 1), which is worth big / (big + 1)."""
    found = mn.solve(diagonal(big))
    assert found.value == pytest.approx(float(Fraction(big, big + 1)), rel=1e-15)
    for policy in found.policies:
        assert policy[1:] == pytest.approx([1 / (big + 1), big / (big + 1)], rel=1e-15)
    assert found.gap <= 1e-15


def test_the_large_payoff_game_of_gambit(tmp_path):
    """Player 1 sees the draw, player 2 the move of player 1 only; the matrix of all 4 x 4 plans is below."""
    (tmp_path / "large.efg").write_text(f"""EFG 2 R "Large payoff game" {{ "1" "2" }}
c "" 1 "" {{ "L" 1/2 "R" 1/2 }} 0
p "" 1 1 "" {{ "A" "B" }} 0
p "" 2 1 "" {{ "X" "Y" }} 0
t "" 1 "" {{ {BIG} -{BIG} }}
t "" 2 "" {{ 1 -1 }}
p "" 2 2 "" {{ "X" "Y" }} 0
t "" 3 "" {{ -1 1 }}
t "" 4 "" {{ 0 0 }}
p "" 1 2 "" {{ "A" "B" }} 0
p "" 2 1 "" {{ "X" "Y" }} 0
t "" 3 "" {{ -1 1 }}
t "" 2 "" {{ 1 -1 }}
p "" 2 2 "" {{ "X" "Y" }} 0
t "" 4 "" {{ 0 0 }}
t "" 1 "" {{ {BIG} -{BIG} }}
""")
    tree = read_tree(tmp_path / "large.efg")
    found = mn.solve(tree)
    ways = [(a, b, x, y) for a in range(2) for b in range(2) for x in range(2) for y in range(2)]
    paid = np.array([_large(*way) for way in ways], dtype=object).reshape(4, 4)
    x, y = (_mixture(policy) for policy in found.policies)
    best, worst = max(paid @ y), min(x @ paid)
    assert best - worst <= Fraction(found.gap)
    assert found.gap < 1e-12
    assert abs(best - 1) < Fraction(1, 10**12)


def _large(a, b, x, y):
    """Payoff of player 1 where it plays a (left) and b (right), player 2 x and y."""
    left = [[BIG, 1], [-1, 0]][a][x if a == 0 else y]
    right = [[-1, 1], [0, BIG]][b][x if b == 0 else y]
    return Fraction(left + right, 2)


def _mixture(policy):
    """Strategies of a behaviour strategy at two sets that come about together."""
    one, two = ([*map(Fraction, policy[k : k + 2])] for k in (1, 3))
    return np.array([p * q / (sum(one) * sum(two)) for p in one for q in two], dtype=object)


@pytest.mark.parametrize("seed", range(12))
def test_fractions_and_floats_have_the_same_value(tmp_path, monkeypatch, seed):
    root = game_trees.constant_sum(game_trees.random_tree(np.random.default_rng(seed), 2, depth=4), 1)
    game = read(tmp_path, root, 2)
    assert size_in_fractions(*game.players) <= MOST_ENTRIES
    x, y = plans_in_fractions(*game.players, entries(game))
    for plex, plan in zip(game.players, (x, y), strict=True):
        assert min(plan) >= 0
        assert plan[0] == 1
        for parent, first, n in zip(plex.parent, plex.first, plex.n_actions, strict=True):
            assert sum(plan[first : first + n]) == plan[parent]
    monkeypatch.setattr(exact, "_SMALL", 0)
    monkeypatch.setattr(exact, "_APART", np.inf)
    by_highs = solve_constant_sum(game)
    value = sum(worth * x[s] * y[t] for s, t, worth in entries(game))
    assert float(value) == pytest.approx(by_highs.value, abs=1e-12)


def test_a_tree_is_judged_by_the_payoffs_of_its_file():
    """10^19 + 1 and 10^19 are one float, but 1 apart; the gap that is told is of the file."""
    tree = diagonal(BIG + 1, BIG, more={("a", "b"): BIG, ("b", "a"): BIG - 1}.items())
    found = mn.solve(tree)  # a is better than b by 1, whatever player 2 does, who then plays b
    assert found.policies[0].tolist() == [1.0, 1.0, 0.0]
    assert found.policies[1].tolist() == [1.0, 0.0, 1.0]
    assert found.gap == 0.0
    blurred = mn.solve(from_tree(tree))
    assert blurred.value == BIG


def test_a_game_that_is_too_large_for_fractions_is_left_to_floats(monkeypatch):
    monkeypatch.setattr("metanash.extensive.rational.MOST_ENTRIES", 3)
    game = from_tree(diagonal(3))
    assert plans_in_fractions(*game.players, []) is None
    assert solve_constant_sum(game).value == pytest.approx(3 / 4, abs=1e-12)


def test_steps_are_limited(monkeypatch):
    monkeypatch.setattr("metanash.extensive.rational.MOST_PIVOTS", 0)
    game = from_tree(diagonal(3))
    assert plans_in_fractions(*game.players, entries(game)) is None


def test_what_highs_does_not_tell_apart_is_solved_in_fractions(monkeypatch):
    monkeypatch.setattr(exact, "_SMALL", 0)
    assert "10000000000000000000" in efg_text(diagonal(BIG))
    found = mn.solve(diagonal(BIG))
    assert found.gap <= 1e-15
    assert found.value == 1.0
