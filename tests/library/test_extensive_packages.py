"""Trees of OpenSpiel and pygambit, both ways: nodes, values and files; what is no tree is refused."""

from fractions import Fraction

import numpy as np
import pytest

import metanash as mn
from metanash.extensive import Draw, End, Move, Tree, build_tree, efg_text, from_tree, read_tree
from metanash.extensive.packages import (
    is_tree_of_a_package,
    tree_from_openspiel,
    tree_from_package,
    tree_from_pygambit,
    tree_to_openspiel,
    tree_to_pygambit,
)

pyspiel = pytest.importorskip("pyspiel")

# Values from elsewhere: Kuhn (1950); Leduc as OpenSpiel's own sequence-form program has it; symmetric games.
KNOWN = {
    "kuhn_poker": -1 / 18,
    "matching_pennies_3p": None,
    "goofspiel(num_cards=3)": 0.0,
    "oshi_zumo(coins=3,size=1,horizon=2)": 0.0,
    "liars_dice(numdice=1,dice_sides=3)": 1 / 9,
}


def ultimatum():
    answer = Move(1, "answer", {"take": End([3, 1]), "leave": End([0, 0])})
    return build_tree("ultimatum", ["Ann", "Bob"], Move(0, "offer", {"fair": End([2, 2]), "greedy": answer}))


def counted(state):
    """Nodes of a game of OpenSpiel by plain recursion; players who move at once are nodes one after the other."""
    if state.is_terminal():
        return 1
    if not state.is_simultaneous_node():
        return 1 + sum(counted(state.child(action)) for action in state.legal_actions())
    widths = [len(state.legal_actions(i)) for i in range(state.get_game().num_players())]
    own = sum(int(np.prod(widths[:i])) for i in range(len(widths)))
    ends = 0
    for joint in np.ndindex(*widths):
        after = state.clone()
        after.apply_actions([state.legal_actions(i)[a] for i, a in enumerate(joint)])
        ends += counted(after)
    return own + ends


@pytest.mark.parametrize("name", KNOWN)
def test_games_of_openspiel_have_their_nodes_and_values(name):
    game = pyspiel.load_game(name)
    assert is_tree_of_a_package(game)
    tree = tree_from_package(game)
    assert len(tree) == counted(game.new_initial_state())
    found = mn.solve(game)
    assert found.gap < 1e-9
    if KNOWN[name] is not None:
        assert found.value == pytest.approx(KNOWN[name], abs=1e-9)


def test_uniform_play_is_worth_what_openspiel_says():
    """Values of uniform strategies, by OpenSpiel's own walk over its game."""
    policy_value = pytest.importorskip("open_spiel.python.algorithms.expected_game_score").policy_value
    uniform = pytest.importorskip("open_spiel.python.policy").UniformRandomPolicy
    for name, at_once in (("kuhn_poker(players=3)", False), ("goofspiel(num_cards=3,imp_info=True)", True)):
        game = pyspiel.load_game(name)
        both = uniform(game) if at_once else [uniform(game)] * game.num_players()  # as it wants them
        converted = from_tree(tree_from_openspiel(game))
        expected = policy_value(game.new_initial_state(), both)
        np.testing.assert_allclose(mn.extensive.values(converted, converted.uniform()), expected, atol=1e-12)


def test_trees_come_back_from_openspiel():
    """Its reader of .efg keeps shapes, sets and payoffs; names it may change."""
    tree = build_tree(
        "draw",
        ["Ann", "Bob"],
        Draw({"h": (Fraction(1, 3), ultimatum_node(1)), "t": (Fraction(2, 3), ultimatum_node(2))}),
    )
    back = tree_from_openspiel(tree_to_openspiel(tree))
    assert (back.parent, back.payoffs[2:4]) == (tree.parent, tree.payoffs[2:4])
    assert [float(c) for c in back.moves[0].chances] == pytest.approx([1 / 3, 2 / 3])
    assert mn.solve(tree_to_openspiel(tree)).value == pytest.approx(mn.solve(tree).value)


def ultimatum_node(scale):
    answer = Move(1, f"answer {scale}", {"take": End([3 * scale, scale]), "leave": End([0, 0])})
    return Move(0, "offer", {"fair": End([2 * scale, 2 * scale]), "greedy": answer})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("chess", "too deep"),
        ("mfg_crowd_modelling", "no tree has"),
        ("matrix_rps", "is no tree of OpenSpiel"),
    ],
)
def test_what_is_no_tree_is_refused(name, message):
    with pytest.raises(ValueError, match=message):
        tree_from_openspiel(pyspiel.load_game(name))


def test_large_games_are_refused_before_memory_ends(monkeypatch):
    monkeypatch.setattr("metanash.extensive.packages.MOST_NODES", 50)
    with pytest.raises(ValueError, match="more than 50 nodes"):
        tree_from_openspiel(pyspiel.load_game("kuhn_poker"))


def test_matrix_games_go_on_being_solved_as_matrices():
    game = pyspiel.load_game("matrix_rps")
    assert not is_tree_of_a_package(game)
    np.testing.assert_allclose(mn.solve(game).policies[0], 1 / 3)


class ExtensiveGame:
    """As a tree of pygambit 17 offers itself."""

    def __init__(self, text):
        self.text = text

    def to_efg(self):
        return self.text


def test_trees_of_pygambit_are_read_as_they_are_written(tmp_path):
    text = efg_text(ultimatum())
    (tmp_path / "u.efg").write_text(text)
    found = tree_from_pygambit(ExtensiveGame(text))
    assert isinstance(found, Tree)
    assert efg_text(found) == efg_text(read_tree(tmp_path / "u.efg"))
    assert mn.solve(ExtensiveGame(text)).value.tolist() == [3.0, 1.0]


def test_a_strategic_game_of_pygambit_is_no_tree():
    class Game:
        is_tree = False

        def to_efg(self):
            raise AssertionError

    assert not is_tree_of_a_package(Game())
    with pytest.raises(ValueError, match="is no tree of pygambit"):
        tree_from_pygambit(Game())


def test_pygambit_itself():
    """Runs where pygambit is installed: its wheels need other versions than those of this project."""
    pygambit = pytest.importorskip("pygambit")
    game = tree_to_pygambit(ultimatum())
    assert efg_text(tree_from_package(game)) == efg_text(ultimatum())
    assert mn.solve(game).value.tolist() == [3.0, 1.0]
    strategic = getattr(pygambit, "StrategicGame", pygambit.Game).from_arrays([[1, 0], [0, 1]], [[1, 0], [0, 1]])
    assert not is_tree_of_a_package(strategic)


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyspiel", None)
    with pytest.raises(ModuleNotFoundError, match="pip install open_spiel"):
        tree_to_openspiel(ultimatum())
