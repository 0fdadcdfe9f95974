"""Sequence form and reader of extensive games: against recursion over nested trees; what is wrong is refused."""

import copy
import pickle
import time
from fractions import Fraction

import game_trees
import numpy as np
import oracles_trees
import pytest
from extensive_cases import by_key, random_case, read, tree_of, written

from metanash import cli, gambit
from metanash.archive import ArchiveError
from metanash.extensive import (
    ExtensiveGame,
    Treeplex,
    efg_text,
    from_tree,
    read_extensive,
    read_tree,
    stack_games,
    write_efg,
)

SEEDS = range(12)


def worth(game, strategies):
    """Payoffs by the definition of the sequence form."""
    return (game.payoff * game.reach(strategies)).sum(axis=-1)


# The sequence form says what the tree says --------------------------------------------------------------------


@pytest.mark.parametrize("players", [1, 2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_payoffs_are_those_of_the_tree(tmp_path, seed, players):
    root, game, strategies = random_case(tmp_path, seed, players)
    expected = oracles_trees.values(root, by_key(game, strategies), players)
    np.testing.assert_allclose(worth(game, strategies), [float(v) for v in expected], atol=1e-12)
    total = (game.chance * game.reach(strategies)).sum()
    assert total == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_information_sets_are_ordered_and_named(tmp_path, seed):
    root, game, _ = random_case(tmp_path, seed, 2)
    for plex, keys in zip(game.players, game_trees.sets(root, 2), strict=True):
        assert dict(zip(plex.labels, map(list, plex.actions), strict=True)) == keys
        for j, label in enumerate(plex.labels):  # a key is what was done before, then a signal
            before, _, _ = label.rpartition("/")
            s = plex.parent[j]
            owner = plex.owner[s]
            assert before == ("" if owner < 0 else plex.labels[owner] + plex.actions[owner][s - plex.first[owner]])
        assert (np.diff(plex.parent) >= 0).all()  # sets of one depth stand together, so levels are slices
        assert all(isinstance(level.sequences, slice) for level in plex.levels)


def test_kuhn_poker(tmp_path):
    game = read(tmp_path, game_trees.kuhn(), 2)
    assert game.n_sets == (6, 6)
    assert game.n_sequences == (13, 13)
    assert game.n_terminals == 30
    assert [plex.name for plex in game.players] == ["P1", "P2"]
    np.testing.assert_allclose(game.chance, 1 / 6)
    np.testing.assert_array_equal(game.spread, [4, 4])


def test_sums_over_chance_are_exact(tmp_path):
    """Ten draws of 1/10 with 0.1 each: floats would sum to 0.09999999999999999."""
    draw = game_trees.chance(*((Fraction(1, 10), game_trees.end("0.1")) for _ in range(10)))
    game = read(tmp_path, draw, 1)
    assert sum([0.1 * 0.1] * 10) != 0.1
    assert game.payoff.tolist() == [[0.1]]
    assert game.chance.tolist() == [1.0]


def test_nobody_moves(tmp_path):
    game = read(tmp_path, game_trees.draw_only(), 1)
    assert (game.n_sets, game.n_sequences, game.n_terminals) == ((0,), (1,), 1)
    assert game.payoff[0, 0] == float(Fraction(2, 3) * 3 + Fraction(1, 3) * (-1 + Fraction(1, 2)))
    only = read(tmp_path, game_trees.end(2, -1, 7), 3)
    assert only.payoff.tolist() == [[2], [-1], [7]]
    assert [part.tolist() for part in only.uniform()] == [[1.0]] * 3


def test_payoffs_at_the_root_and_inside_add_up(tmp_path):
    game = read(tmp_path, game_trees.centipede(), 2)
    paid = {tuple(int(s) for s in game.sequences[:, k]): tuple(game.payoff[:, k]) for k in range(game.n_terminals)}
    plex = game.players[1]
    assert plex.labels == ("z", "c")
    # (sequence of 1, of 2): 2 stops; 1 stops; 1 goes on and 2 stops; 2 goes on
    assert paid == {(0, 1): (10, 22), (1, 2): (11.5, 20), (2, 3): (9.5, 24), (2, 4): (14.5, 21)}


# Plans and behaviour ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_plans_and_behaviour_are_inverse(tmp_path, seed):
    _, game, strategies = random_case(tmp_path, seed, 2, depth=6)
    for plex, behaviour in zip(game.players, strategies, strict=True):
        plan = plex.plan(behaviour)
        for s in range(plex.n_sequences):  # the product of the own moves, one by one
            expected, here = 1.0, s
            while here > 0:
                expected, here = expected * behaviour[here], plex.above[here]
            assert plan[s] == pytest.approx(expected, abs=1e-15)
        again = plex.behaviour(plan)
        reached = np.append(True, plan[plex.above[1:]] > 0)
        np.testing.assert_allclose(again[reached], behaviour[reached], atol=1e-15)
        np.testing.assert_array_equal(again[~reached], plex.uniform()[~reached])
        np.testing.assert_array_equal(plex.checked_plan(plan), plan)
        batch = np.stack([behaviour, plex.uniform(), behaviour])
        np.testing.assert_array_equal(plex.plan(batch)[[0, 2]], [plan, plan])
        np.testing.assert_array_equal(plex.behaviour(plex.plan(batch))[0], again)


def test_sets_in_any_topological_order_give_the_same():
    """Depth first: sequences of a level are no slice."""
    plex = Treeplex([0, 1, 3, 2, 0], [2, 2, 3, 2, 2])
    assert not all(isinstance(level.sequences, slice) for level in plex.levels)
    behaviour = np.array([1, 0.25, 0.75, 0.5, 0.5, 0.25, 0.25, 0.5, 0, 1, 0.125, 0.875])
    expected = [1, 0.25, 0.75, 0.125, 0.125, 1 / 32, 1 / 32, 1 / 16, 0, 0.75, 0.125, 0.875]
    np.testing.assert_array_equal(plex.plan(behaviour), expected)
    np.testing.assert_array_equal(plex.behaviour(plex.plan(behaviour)), behaviour)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda b: b[:-1], r"player 'P1' must have a last axis of 13 sequences, got \(12,\)"),
        (lambda b: np.append(0.5, b[1:]), "must have a 1 at the empty sequence"),
        (lambda b: b * np.where(np.arange(13) == 1, 1.5, 1), r"sum to 1 at information set 0 '1'; the sum is 1\.25"),
        (lambda b: b - np.where(np.arange(13) == 4, 0.75, 0), r"at information set 1 '2', action 'b' it is -0\.25"),
        (lambda b: np.where(np.arange(13) == 4, np.nan, b), "action 'b' it is nan"),
    ],
)
def test_bad_strategies_are_refused(tmp_path, spoil, words):
    game = read(tmp_path, game_trees.kuhn(), 2)
    mine, theirs = game.uniform()
    with pytest.raises(ValueError, match=words):
        game.checked((spoil(mine), theirs))


def test_rounded_zeros_of_solvers_count_as_zeros():
    plex = Treeplex([0], [2])
    assert plex.checked_behaviour([1, 1, -1e-13]).tolist() == [1, 1, 0]
    assert plex.checked_plan([1, 1, -1e-13]).tolist() == [1, 1, 0]
    with pytest.raises(ValueError, match="at information set 0 '1', action '2' it is -1e-11"):
        plex.checked_plan([1, 1, -1e-11])


def test_bad_plans_and_numbers_of_strategies_are_refused(tmp_path):
    game = read(tmp_path, game_trees.kuhn(), 2)
    plan = game.players[0].plan(game.uniform()[0])
    plan[-1] += 0.125
    with pytest.raises(ValueError, match=r"must sum to 0\.5 at information set 5 '3pb'; the sum is 0\.625"):
        game.players[0].checked_plan(plan)
    with pytest.raises(ValueError, match="a strategy for each player, 2 in all; got 1"):
        game.checked(game.uniform()[:1])


# Games by hand ------------------------------------------------------------------------------------------------


ONCE = Treeplex([0], [2])
SEQUENCES = [[1, 1, 2, 2], [1, 2, 1, 2]]
PAYOFF = [[1, -1, -1, 1], [-1, 1, 1, -1]]


def test_games_are_frozen_and_pickled():
    game = ExtensiveGame((ONCE, ONCE), SEQUENCES, PAYOFF, np.ones(4), name="pennies")
    assert copy.deepcopy(game) is game
    again = pickle.loads(pickle.dumps(game))
    assert again.name == "pennies"
    np.testing.assert_array_equal(again.payoff, game.payoff)
    for array in (again.payoff, again.sequences, again.players[0].parent, again.chance):
        with pytest.raises(ValueError, match=r"read-only|assignment"):
            array[...] = 0
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.setflags(write=True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"players": ()}, "needs a Treeplex for each player"),
        ({"players": (ONCE, "two")}, "needs a Treeplex for each player"),
        ({"payoff": [PAYOFF[0]]}, r"got shapes \(2, 4\) and \(1, 4\)"),
        ({"payoff": [PAYOFF[0], [1, 2, np.inf, 0]]}, r"payoff must be finite; at index \(1, 2\)"),
        ({"sequences": [[1, 1, 2, 3], SEQUENCES[1]]}, r"\(player, terminal\) = \(0, 3\) there is 3, the player has 3"),
        ({"sequences": [[1, 1, 1, 2], [1, 2, 1, 2]]}, r"2 of them have \[1, 1\]; add up"),
        ({"sequences": [[1.0, 1, 2, 2], SEQUENCES[1]]}, "sequences must be an array of integers with 2 axes"),
        ({"chance": [1, 1, 1, 0]}, "at terminal 3 it is 0; leave out"),
        ({"chance": [1, 1, 1, 0.5]}, r"they sum to 0\.875"),
        ({"chance": np.ones(3)}, r"one entry for each of 4 terminals"),
        ({"payoff": [PAYOFF[0], [0, 0, -1e200, 0]]}, r"\(player, terminal\) = \(1, 2\) the payoff is -1e\+200; use"),
        ({"payoff": np.multiply(PAYOFF, 1e308)}, "use another unit"),
    ],
)
def test_bad_games_are_refused(changes, words):
    fields = {"players": (ONCE, ONCE), "sequences": SEQUENCES, "payoff": PAYOFF, "chance": np.ones(4)}
    with pytest.raises(ValueError, match=words):
        ExtensiveGame(**fields | changes)


@pytest.mark.parametrize(
    ("parent", "sizes", "names", "words"),
    [
        ([0, 3], [2, 2], {}, "the parent of information set 1 must be a sequence of a set before it, 0 to 2; it is 3"),
        ([1], [2], {}, "0 to 0; it is 1"),
        ([-1], [2], {}, "it is -1"),
        ([0, 0], [2], {}, "got 2 parents, 1 numbers"),
        ([0, 0], [2, 0], {}, "n_actions must be at least 1; that of information set 1"),
        ([0], [2], {"labels": ("a", "b")}, "got 2 labels for 1 sets"),
        ([0], [2], {"actions": (("a",),)}, r"actions \[1\] for \[2\]"),
        ([[0]], [2], {}, "parent must be an array of integers with 1 axes"),
    ],
)
def test_bad_treeplexes_are_refused(parent, sizes, names, words):
    with pytest.raises(ValueError, match=words):
        Treeplex(parent, sizes, **names)


def test_a_batch_has_a_leading_axis():
    payoff = np.stack([PAYOFF, np.multiply(PAYOFF, 3)])
    game = ExtensiveGame((ONCE, ONCE), SEQUENCES, payoff, np.ones(4))
    assert game.batch_shape == (2,)
    np.testing.assert_array_equal(game.spread, [[2, 2], [6, 6]])


def test_games_of_one_shape_are_stacked(tmp_path):
    one = read(tmp_path, game_trees.kuhn(), 2)
    two = ExtensiveGame(one.players, one.sequences, 2 * one.payoff, one.chance * (1 + 1e-12))
    batch = stack_games([one, two, one])
    np.testing.assert_array_equal(batch.payoff, [one.payoff, two.payoff, one.payoff])
    np.testing.assert_array_equal(batch.chance, [one.chance, two.chance, one.chance])
    assert batch.batch_shape == (3,)
    assert stack_games([batch, batch]).batch_shape == (2, 3)
    pennies = read(tmp_path, game_trees.pennies(), 2)
    three = read(tmp_path, game_trees.three(), 3)
    other = ExtensiveGame((ONCE, ONCE), [[1, 2], [0, 0]], np.zeros((2, 2)), [1, 1])
    for games, words in [
        ([], "at least one game"),
        ([one, "kuhn"], "stack_games, at place 1, takes an ExtensiveGame, got a str"),
        ([one, three], "game 1 has other players"),
        ([one, one, pennies], "game 2 has other information sets"),
        ([pennies, other], "game 1 has other terminals"),
        ([one, batch], "game 1 has other leading axes"),
    ]:
        with pytest.raises(ValueError, match=words):
            stack_games(games)


# The reader ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("root", "words"),
    [
        (
            game_trees.forgetful(),
            r"game\.efg:6: no perfect recall: player 1, information set 2 'later': reached after different moves of "
            r"player 1, lines 3 and 6 \(after 'l' at information set 1, and after 'r' at information set 1\)",
        ),
        (
            game_trees.absent_minded(),
            r"game\.efg:4: no perfect recall: player 1, information set 1 'exit': a path comes here twice, "
            r"lines 2 and 4, so player 1 is absent-minded",
        ),
        (
            game_trees.chance(
                (1, game_trees.move(0, "x", a=game_trees.end(0))),
                (0, game_trees.move(0, "y", b=game_trees.move(0, "x", a=game_trees.end(1)))),
            ),
            r"lines 3 and 6 \(after none, and after 'b' at information set 2\)",  # though chance never goes there
        ),
    ],
)
def test_imperfect_recall_is_refused(tmp_path, root, words):
    path = written(tmp_path, root, 1)
    with pytest.raises(ArchiveError, match=words):
        read_extensive(path)
    assert len(read_tree(path)) > 3


def test_what_chance_never_does_is_no_terminal_but_its_sets_are_there(tmp_path):
    never = game_trees.move(0, "never", a=game_trees.end(100), b=game_trees.end(-100))
    game = read(tmp_path, game_trees.chance((1, game_trees.end(3)), (0, never)), 1)
    assert game.n_sets == (1,)
    assert game.payoff.tolist() == [[3]]


def test_a_thousand_coins_leave_no_chance_that_floats_cannot_hold(tmp_path):
    """Tails is the end, heads goes on; the player only chooses at the very end, which never comes."""
    node = game_trees.move(0, "late", a=game_trees.end(10**6), b=game_trees.end(0))
    for k in range(1100):
        node = game_trees.chance((Fraction(1, 2), game_trees.end(k)), (Fraction(1, 2), node))
    tree = tree_of(tmp_path, node, 1)
    assert min(tree.weights) == Fraction(1, 2**1100)
    game = from_tree(tree)
    assert game.n_sets == (1,)
    assert game.payoff.tolist() == [[float(sum(Fraction(1099 - k, 2 ** (k + 1)) for k in range(1100)))]]


def chances(tmp_path, *words):
    ends = " ".join(f't "" {k} "" {{ {k} }}' for k in range(1, len(words) + 1))
    drawn = " ".join(f'"{k}" {word}' for k, word in enumerate(words))
    path = tmp_path / "chance.efg"
    path.write_text(f'EFG 2 R "" {{ "a" }}\nc "" 1 "" {{ {drawn} }} 0\n{ends}\n')
    return read_extensive(path)


def test_rounded_chances_are_read_as_what_they_mean(tmp_path):
    assert chances(tmp_path, *["0.3333333333333333"] * 3).payoff.tolist() == [[2.0]]
    assert chances(tmp_path, "0.25", "0.75").payoff.tolist() == [[1.75]]
    with pytest.raises(ArchiveError, match=r"chance\.efg:2: chances must sum to exactly one, .* 0\.01 too little"):
        chances(tmp_path, "0.33", "0.33", "0.33")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_written_tree_comes_back(tmp_path, seed):
    root, game, _ = random_case(tmp_path, seed, 3)
    tree = tree_of(tmp_path, root, 3)
    write_efg(tmp_path / "again.efg", tree)
    again = read_tree(tmp_path / "again.efg")
    for name in ("title", "players", "moves", "parent", "action", "at", "payoffs"):
        assert getattr(again, name) == getattr(tree, name)
    assert efg_text(again) == efg_text(tree)
    np.testing.assert_array_equal(from_tree(again).payoff, game.payoff)


def test_names_with_quotes_come_back(tmp_path):
    path = tmp_path / "quotes.efg"
    path.write_text('EFG 2 R "say \\"x\\"" { "A \\\\ B" } p "" 1 1 "\\"s\\"" { "\\"l\\"" } 0 t "" 1 "" { 1 }')
    game = read_extensive(path)
    assert (game.name, game.players[0].name) == ('say "x"', "A \\ B")
    assert (game.players[0].labels, game.players[0].actions) == (('"s"',), (('"l"',),))
    path.write_text(efg_text(read_tree(path)))
    assert read_extensive(path).players[0].actions == (('"l"',),)


def test_show_prints_trees_that_are_no_markov_games(tmp_path, capsys):
    path = written(tmp_path, game_trees.kuhn(), 2)
    with pytest.raises(ArchiveError, match=r"no Markov game: .*; metanash\.extensive\.read_extensive reads every tree"):
        gambit.read_efg(path)
    assert cli.main(["show", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Gambit    extensive game with perfect recall; no Markov game of steps and states",
        "title     a game",
        "player    1 'P1': 6 information sets, 13 sequences, payoffs in a range of 4",
        "player    2 'P2': 6 information sets, 13 sequences, payoffs in a range of 4",
        "terminals 30 combinations of sequences, chance averaged out",
        f"read it   metanash.extensive.read_extensive({str(path)!r})",
    ]
    for root, words in [(game_trees.absent_minded(), "absent-minded"), (game_trees.forgetful(), "no perfect recall")]:
        written(tmp_path, root, 1)
        assert cli.main(["show", str(path)]) == 1
        assert words in capsys.readouterr().err
    path.write_text('EFG 2 R "" { "a" } t "" 1 "" { x }')
    assert cli.main(["show", str(path)]) == 1
    assert "a payoff" in capsys.readouterr().err


def test_deep_and_wide_trees_are_read_in_seconds(tmp_path):
    """50,000 moves one after the other, where recursion would overflow; and a tree of 120,000 nodes."""
    deep = ['EFG 2 R "" { "a" "b" }']
    for k in range(50_000):
        actions = '{ "stop" "go" }'
        deep += [f'p "" {1 + k % 2} {1 + k} "" {actions} 0', f't "" {k + 1} "" {{ {k} 1 }}']
    path = tmp_path / "deep.efg"
    path.write_text("\n".join([*deep, 't "" 50001 "" { 0 0 }', ""]))
    start = time.perf_counter()
    game = read_extensive(path)
    assert game.n_sets == (25_000, 25_000)
    assert len(game.players[0].levels) == 25_000
    wide = ['EFG 2 R "" { "a" "b" }', f'p "" 1 1 "" {{ {" ".join(chr(34) + str(a) + chr(34) for a in range(300))} }} 0']
    for a in range(300):
        listed = " ".join(f'"{b}"' for b in range(400)) if not a else ""
        wide.append(f'p "" 2 1 "" {"{ " + listed + " }" if listed else ""} 0')
        wide += [f't "" {1 + 400 * a + b} "" {{ {a * b} {a - b} }}' for b in range(400)]
    path.write_text("\n".join([*wide, ""]))
    game = read_extensive(path)
    assert game.payoff.shape == (2, 120_000)
    assert game.payoff[0].sum() == sum(range(300)) * sum(range(400))
    assert time.perf_counter() - start < 30  # about 4 s on one core
