"""``solve`` of files: each format by one game, payoffs of tables and JSON as fractions, errors with line and entry."""

import re
from fractions import Fraction

import numpy as np
import pytest

import metanash as mn
from metanash import gambit
from metanash.gambit import from_bimatrix, from_payoffs
from metanash.gamefile import read_provenance
from metanash.solution import load

ONE, OTHER = np.array([[3.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])  # value .75 and .5, by hand
PENNIES = np.array([[2.0, -1.0], [-1.0, 1.0]])  # value 1/5
TEXTS = {
    ".nfg": 'NFG 1 R "hide" { "A" "B" } { 2 2 }\n3 0 0 1 0 1 1 0\n',
    ".gam": "2 2 2  3 0 0 1  0 1 1 0\n",
    ".csv": "3,0\n0, 1\n\n0,1\n1,0\n",
    ".tsv": "3\t0\r\n0\t1\r\n\r\n0\t1\r\n1\t0\r\n",
    ".json": "[[[3, 0.0], [0, 1]], [[0, 1], [1e0, 0]]]",
}


@pytest.mark.parametrize("suffix", TEXTS)
def test_strategic_files_have_strategies_and_their_own_payoffs(tmp_path, suffix):
    path = tmp_path / f"game{suffix}"
    path.write_text(TEXTS[suffix])
    for given in (path, str(path)):
        found = mn.solve(given)
        np.testing.assert_allclose(found.value, [0.75, 0.5], atol=1e-15)
        np.testing.assert_allclose(found.policies[0], [0.5, 0.5], atol=1e-15)
        np.testing.assert_allclose(found.policies[1], [0.25, 0.75], atol=1e-15)


@pytest.mark.parametrize("suffix", [".efg", ".npz"])
def test_files_of_markov_games_have_policies(tmp_path, suffix):
    game, units = from_bimatrix(PENNIES)
    path = tmp_path / f"game{suffix}"
    if suffix == ".efg":
        gambit.write_efg(path, game, units)
    else:
        mn.write_games(path, [game])
    found = mn.solve(path)
    assert [policy.shape for policy in found.policies] == [(1, 1, 2)] * 2
    assert found.value == pytest.approx(0.2 if suffix == ".efg" else (0.2 + 1.0) / 3.0)


def test_zero_sum_tables(tmp_path):
    (tmp_path / "a.csv").write_text("\ufeff2,-1\n-1,1\n\n")
    assert mn.solve(tmp_path / "a.csv").value == pytest.approx(0.2)
    (tmp_path / "b.json").write_text("[[2, -1], [-1, 1]]")
    assert mn.solve(tmp_path / "b.json").value == pytest.approx(0.2)
    (tmp_path / "c.json").write_text("[[[2, -1], [-1, 1]], [[5, 8], [8, 6]]]")  # sums of 7
    found = mn.solve(tmp_path / "c.json")
    assert found.is_zero_sum
    assert found.value == pytest.approx(0.2)


def test_numbers_of_tables_and_json_are_exact(tmp_path):
    """Thirds and tenths sum to exactly one only as fractions."""
    (tmp_path / "a.csv").write_text("1/3, 0.1\n-7/10, 1\n\n2/3, 0.9\n1.7, 0\n")
    loaded = load(tmp_path / "a.csv")
    assert isinstance(loaded.games[0], mn.ZeroSumGame)
    low, scale = Fraction(-7, 10), Fraction(17, 10)
    expected = [float((u - low) / scale) for u in (Fraction(1, 3), Fraction(1, 10), Fraction(-7, 10), Fraction(1))]
    np.testing.assert_array_equal(loaded.games[0].reward.reshape(-1), expected)
    (tmp_path / "a.json").write_text("[[[0.1, 0.7]], [[0.2, -0.4]]]")  # as floats, .1 + .2 > .3
    assert isinstance(load(tmp_path / "a.json").games[0], mn.ZeroSumGame)


def test_three_players_in_json(tmp_path):
    (tmp_path / "a.json").write_text(str((0.5 * np.indices((2, 2, 2)).sum(axis=0) - np.indices((2, 2, 2))).tolist()))
    found = mn.solve(tmp_path / "a.json")
    np.testing.assert_array_equal(found.policies, [[1, 0]] * 3)


def test_sums_that_a_file_leaves_open(tmp_path):
    path = tmp_path / "thirds.nfg"
    path.write_text('NFG 1 R "" { "a" "b" } { 1 2 } 0.3333333333 0.6666666667 0.1 0.9000000000001')
    assert mn.solve(path, zero_sum=True).is_zero_sum
    assert not mn.solve(path, zero_sum=False).is_zero_sum
    with pytest.warns(gambit.NearlyZeroSumWarning):
        assert not mn.solve(path).is_zero_sum


def test_several_games_of_a_file(tmp_path):
    games = mn.families.zero_sum_sequence("mixed", 1, n_games=3, perturbation=0.1)
    mn.write_games(tmp_path / "games.npz", games)
    with pytest.raises(ValueError, match=r"games\.npz holds 3 games, numbered from 0; one of them must be"):
        mn.solve(tmp_path / "games.npz")
    loaded = load(tmp_path / "games.npz")
    for number in (-1, 3):
        with pytest.raises(ValueError, match=f"has no game {number}; its games are numbered from 0 to 2"):
            loaded.game(number)
    assert loaded.game(2).name == games[2].name


def test_units_that_an_archive_remembers(tmp_path):
    game, units = from_payoffs([ONE * 10 - 5, OTHER * 4 + 2])
    provenance = {"units": {"offset": list(units.offset), "scale": list(units.scale)}}
    mn.write_games(tmp_path / "game.npz", [game], provenance)
    np.testing.assert_allclose(mn.solve(tmp_path / "game.npz").value, [2.5, 4.0])
    assert read_provenance(tmp_path / "game.npz") == provenance
    for odd, words in (
        ({"offset": [0.0]}, "units of its provenance cannot be read: 'scale'"),
        ({"offset": [0.0], "scale": [1.0]}, "are of 1 players, the games of 2"),
        ({"offset": [0.0, 0.0], "scale": [1.0, -1.0]}, "cannot be read: scale must be above 0"),
    ):
        mn.write_games(tmp_path / "odd.npz", [game], {"units": odd})
        with pytest.raises(ValueError, match=rf"odd\.npz: .*{words}"):
            mn.solve(tmp_path / "odd.npz")


@pytest.mark.parametrize(
    ("name", "text", "place", "words"),
    [
        ("a.csv", "", "", "empty; write a row of payoffs a line"),
        ("a.csv", "1,2\n3\n", ":2", "1 payoffs, the first row has 2; rows are equally long"),
        ("a.csv", "1,2\n3,four\n", ":2", "entry 2 is 'four', no number up to 1e100; write an integer"),
        ("a.csv", "left,right\n1,2\n", ":1", "entry 1 is 'left', no number .* no names of rows or columns"),
        ("a.csv", "1,1e200\n", ":1", "entry 2 is '1e200', no number up to 1e100"),
        ("a.csv", "1,\n", ":1", "entry 2 is '', no number"),
        ("a.csv", "1,2\n\n3,4\n5,6\n", ":3", "the matrix of player 2 has 2 rows, that of player 1 1"),
        ("a.csv", "1,2\n\n3,4\n\n\n5,6\n", ":6", "a third matrix begins here; a table holds one or two"),
        ("a.tsv", "1,2\n", ":1", "entry 1 is '1,2', no number"),
        ("a.json", "[[1, 2]", ":1", "no JSON .*, column 8"),
        ("a.json", '{"a": 1}', "", "payoffs in JSON are nested lists, .* found an object at the top"),
        ("a.json", "[[1, 2], [3]]", "", r"at index \[1\] there are payoffs of shape \(1,\), at index \[0\] of \(2,\)"),
        ("a.json", "[[1, null]]", "", r"at index \[0, 1\] there is null; payoffs are numbers"),
        ("a.json", '[[1, "2"]]', "", r"at index \[0, 1\] there is a text"),
        ("a.json", "[[1, true]]", "", r"at index \[0, 1\] there is a truth value"),
        ("a.json", "[[1, NaN]]", "", r"at index \[0, 1\] there is NaN; payoffs are finite numbers"),
        ("a.json", "[[1, 1.5e200]]", "", r"at index \[0, 1\] there is 1.5e200; .* up to 1e100; use another unit"),
        ("a.json", "[1, 2]", "", "one list of numbers is no game"),
        ("a.json", "[[]]", "", r"the list at index \[0\] is empty"),
        ("a.json", "[[[1]], [[2]], [[3]]]", "", r"payoffs must have axes \(player, action of each player\)"),
        ("a.txt", "1 2", "", "a text, no metanash-games file"),
    ],
)
def test_errors_name_the_place(tmp_path, name, text, place, words):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"^{re.escape(str(path))}{place}: .*{words}"):
        mn.solve(path)


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.nfg", "a.efg", "a.gam", "a.npz"])
def test_files_that_cannot_be_read(tmp_path, name):
    with pytest.raises(ValueError, match=rf"{name}: no such file; look at the name"):
        mn.solve(tmp_path / name)
    with pytest.raises(ValueError, match=rf"{name}: no such file; there is no folder"):
        mn.solve(tmp_path / "nowhere" / name)
    (tmp_path / "folder" / name).mkdir(parents=True)
    with pytest.raises(ValueError, match=rf"{name}: a folder, no .*; name a file in it"):
        mn.solve(tmp_path / "folder" / name)
    (tmp_path / name).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=name):
        mn.solve(tmp_path / name)


def test_units_are_for_games():
    with pytest.raises(ValueError, match="units is for games of this library; a file has its own; leave it out"):
        mn.solve("game.nfg", units=gambit.Units.of_rewards(2))


def test_an_unsolved_game_of_a_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("metanash.solution.several.PRIORS", 0)
    ring = np.stack([np.repeat(np.eye(2)[..., None], 2, 2), np.repeat(np.eye(2)[None], 2, 0),
                     np.repeat(1 - np.eye(2)[:, None], 2, 1)])  # fmt: skip
    gambit.write_gam(tmp_path / "ring.gam", *from_payoffs(ring))
    with pytest.raises(ArithmeticError, match=r"ring\.gam: none of 0 paths"):
        mn.solve(tmp_path / "ring.gam")


@pytest.mark.parametrize(("name", "text"), [("a.nfg", 'NFG 1 R "" { "I" } { 3 } 2 5 3'), ("a.gam", "1 3  2 5 3")])
def test_one_player_takes_what_pays_most(tmp_path, name, text):
    """Not a matrix of one row, in which player 2 would choose."""
    (tmp_path / name).write_text(text)
    found = mn.solve(tmp_path / name)
    np.testing.assert_array_equal(found.value, [5.0])
    np.testing.assert_array_equal(found.policies, [[0, 1, 0]])
    assert found.gap == 0.0
