"""Trees built in Python, and the two poker games: against texts, published values and OpenSpiel."""

from decimal import Decimal
from fractions import Fraction

import game_trees
import numpy as np
import pytest
from extensive_cases import OpenSpiel, read, tree_of

from metanash.extensive import (
    Draw,
    End,
    Move,
    backward_induction,
    build_tree,
    efg_text,
    from_tree,
    gaps,
    read_extensive,
    read_tree,
    solve_constant_sum,
)
from metanash.families.small_poker import kuhn_poker, leduc_poker


def rebuilt(node):
    """The library's nodes of a nested tree."""
    if not node.children:
        return End(node.payoffs)
    if node.player < 0:
        drawn = {name: (p, rebuilt(child)) for (name, child), p in zip(node.children, node.chances, strict=True)}
        return Draw(drawn, node.payoffs)
    return Move(node.player, node.key, {name: rebuilt(child) for name, child in node.children}, node.payoffs)


@pytest.mark.parametrize("seed", range(10))
def test_a_built_tree_is_the_tree_of_its_text(tmp_path, seed):
    root = game_trees.random_tree(np.random.default_rng(seed), 3, depth=5)
    expected = tree_of(tmp_path, root, 3)
    built = build_tree(expected.title, expected.players, rebuilt(root))
    for name in ("title", "players", "moves", "parent", "action", "at", "payoffs", "lines"):
        assert getattr(built, name) == getattr(expected, name), name
    (tmp_path / "again.efg").write_text(efg_text(built))
    assert read_tree(tmp_path / "again.efg").lines == built.lines


def test_numbers_of_all_kinds_are_exact():
    ends = [End([1]), End([Decimal("0.1")]), End([Fraction(1, 3)]), End([np.float64(0.5)]), End([np.int64(-2)])]
    drawn = Draw({str(k): (0.2, end) for k, end in enumerate(ends)})
    tree = build_tree("numbers", ["Ann"], drawn)
    assert [tree.earned[k][0] for k in tree.ends] == [1, Fraction(1, 10), Fraction(1, 3), Fraction(1, 2), -2]
    assert tree.moves[0].chances == (Fraction(1, 5),) * 5  # five floats 0.2 divided by their sum


def test_deep_trees_do_not_overflow():
    node = End([3])
    for k in range(20_000):
        node = Move(0, str(k), {"on": node, "off": End([1])})
    game = from_tree(build_tree("deep", ["Ann"], node))
    assert gaps.ne_gap(game, game.uniform()) == 2  # who goes on to the end gets 3, who plays at random 1


@pytest.mark.parametrize(
    ("root", "words"),
    [
        (End([1]), r"at the root: payoffs must be one for each player, 2 in all; got 1"),
        (End([1, "2"]), "a payoff must be a finite number, got '2'"),
        (End([1, float("nan")]), "a payoff must be a finite number, got nan"),
        (Move(2, "a", {"x": End([0, 0])}), "player must be an integer from 0 to 1, got 2"),
        (Move(True, "a", {"x": End([0, 0])}), "got True"),
        (Move(0, "a", {}), "a move needs an action"),
        (Draw({}), r"sum to 0\.0"),
        (Move(0, "a", {"x": Move(1, "b", {"y": 3})}), r"tree 't', after 'x', 'y': a node is a Move, .* got a int"),
        (Draw({"h": (Fraction(1, 2), End([0, 0])), "t": (Fraction(1, 3), End([0, 0]))}), r"they are 1/2, 1/3 and sum"),
        (Draw({"h": (1.5, End([0, 0])), "t": (-0.5, End([0, 0]))}), "chances must be at least 0"),
        (
            Move(0, "a", {"x": Move(1, "b", {"l": End([0, 0])}), "y": Move(1, "b", {"r": End([0, 0])})}),
            r"after 'y': information set 'b' of player 1 has the actions \('r',\) here, \('l',\) elsewhere",
        ),
    ],
)
def test_bad_trees_are_refused(root, words):
    with pytest.raises(ValueError, match=words):
        build_tree("t", ["Ann", "Bob"], root)


def test_imperfect_recall_is_told_with_the_lines_of_the_text():
    tree = build_tree("driver", ["Ann"], rebuilt(game_trees.absent_minded()))
    with pytest.raises(ValueError, match=r"efg_text of 'driver':4: no perfect recall: .* lines 2 and 4"):
        from_tree(tree)
    assert efg_text(tree).splitlines()[3].startswith('p "" 1 1 "exit"')
    with pytest.raises(ValueError, match="a game needs a player"):
        build_tree("none", [], End([]))


# Poker --------------------------------------------------------------------------------------------------------


def test_kuhn_poker_is_the_game_of_the_tests(tmp_path):
    game, other = from_tree(kuhn_poker()), read(tmp_path, game_trees.kuhn(), 2)
    np.testing.assert_array_equal(game.payoff, other.payoff)
    np.testing.assert_array_equal(game.sequences, other.sequences)
    assert [plex.labels for plex in game.players] == [plex.labels for plex in other.players]
    assert from_tree(kuhn_poker(4)).n_terminals == 5 * 12
    with pytest.raises(ValueError, match="cards must be an integer of at least 2"):
        kuhn_poker(1)


def test_leduc_poker_has_the_published_value():
    tree = leduc_poker()
    game = from_tree(tree)
    assert game.n_sets == (144, 144)
    solution = solve_constant_sum(game)
    assert solution.value == pytest.approx(-0.085606424078, abs=1e-11)
    assert solution.gap < 1e-13


def test_suits_do_not_matter_to_openspiel(tmp_path):
    """Uniform play and its best responses: the same in the tree that tells suits apart."""
    openspiel = OpenSpiel(pytest.importorskip("pyspiel"), "leduc_poker")
    (tmp_path / "leduc.efg").write_text(openspiel.text())
    other, game = read_extensive(tmp_path / "leduc.efg"), from_tree(leduc_poker())
    np.testing.assert_allclose(gaps.values(game, game.uniform()), gaps.values(other, other.uniform()), atol=1e-13)
    np.testing.assert_allclose(gaps.ne_gains(game, game.uniform()), gaps.ne_gains(other, other.uniform()), atol=1e-13)


def test_sizes_of_leduc_poker():
    """Without raises both only check: the better hand wins an ante, and by symmetry the game is worth nothing."""
    checks = from_tree(leduc_poker(raises=0))
    assert checks.n_sets == (3 * 4, 3 * 4)  # cards, and those with the public one; of one action each
    np.testing.assert_allclose(gaps.values(checks, checks.uniform()), 0, atol=1e-16)
    assert backward_induction(build_tree("end", ["a"], End([1]))).value.tolist() == [1]
    large = from_tree(leduc_poker(ranks=4, suits=3, raises=1, bets=(1, 3)))
    assert solve_constant_sum(large).gap < 1e-12
    assert large.spread.tolist() == [10, 10]  # 1 + 1 + 3 won or lost
    for bad, words in [
        ({"ranks": 2, "suits": 1}, "a deck needs 3 cards"),
        ({"raises": -1}, "raises must be"),
        ({"bets": (2, 0)}, "a bet must be an integer of at least 1"),
    ]:
        with pytest.raises(ValueError, match=words):
            leduc_poker(**bad)
