"""Payoffs of 10^19 beside 1: files and games of other packages are solved as they are, and what is told is exact."""

import json
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

import metanash as mn
from metanash import ZeroSumGame, gambit
from metanash.cli import main
from metanash.gambit import from_payoffs
from metanash.gambit.scaling import keeping_payoffs
from metanash.solution import load
from metanash.solution.unscaled import solve_unscaled, values_and_gains

BIG = 10**19
TABLES = {
    "constant sum": [[[BIG, 0], [0, 1]], [[-BIG, 0], [0, -1]]],
    "general sum": [[[BIG, 0], [0, 1]], [[0, 1], [1, 0]]],
}


def written(folder, name, tables):
    """The same game in each strategic format, and as a tree of simultaneous moves."""
    (a, b), cells = tables, [(0, 0), (1, 0), (0, 1), (1, 1)]
    rows = "\n\n".join("\n".join(",".join(map(str, row)) for row in table) for table in tables)
    ends = [f't "" {1 + 2 * i + j} "" {{ {a[i][j]} {b[i][j]} }}' for i in range(2) for j in range(2)]
    move = 'p "" 2 1 "" { "l" "r" } 0'
    texts = {
        ".csv": rows + "\n",
        ".tsv": rows.replace(",", "\t") + "\n",
        ".json": json.dumps(tables),
        ".nfg": 'NFG 1 R "" { "1" "2" } { 2 2 }\n' + " ".join(f"{a[i][j]} {b[i][j]}" for i, j in cells),
        ".gam": "2 2 2 " + " ".join(str(table[i][j]) for table in tables for i, j in cells),
        ".efg": "\n".join(
            ['EFG 2 R "" { "1" "2" }', 'p "" 1 1 "" { "u" "d" } 0', move, *ends[:2], move, *ends[2:], ""]
        ),
    }
    path = folder / f"game{name}"
    path.write_text(texts[name])
    return path


def oracle(tables, policies):
    """Gains by loops over actions."""
    x, y = ([Fraction(p) for p in policy] for policy in policies)
    x, y = [p / sum(x) for p in x], [p / sum(y) for p in y]
    rows = [sum(Fraction(tables[0][i][j]) * y[j] for j in range(2)) for i in range(2)]
    columns = [sum(Fraction(tables[1][i][j]) * x[i] for i in range(2)) for j in range(2)]
    return [max(rows) - sum(p * v for p, v in zip(x, rows, strict=True)),
            max(columns) - sum(p * v for p, v in zip(y, columns, strict=True))]  # fmt: skip


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".nfg", ".gam", ".efg"])
def test_files_are_solved_in_their_payoffs(tmp_path, suffix, kind):
    """By hand: player 2 makes BIG y = 1 - y. Player 1 does likewise, or x = 1/2 against payoffs of 0 and 1."""
    tables = TABLES[kind]
    found = mn.solve(written(tmp_path, suffix, tables))
    one, two = (policy[-2:] for policy in found.policies)  # behaviour strategies begin with the empty sequence
    assert two == pytest.approx([1 / (BIG + 1), 1.0], rel=1e-12)
    assert one == pytest.approx(two if kind == "constant sum" else [0.5, 0.5], rel=1e-12)
    gains = oracle(tables, (one, two))
    gap = sum(gains) if kind == "constant sum" else max(gains)
    assert gap <= Fraction(found.gap) <= gap + Fraction(1, 10**15)
    assert found.is_zero_sum is (kind == "constant sum")


def test_a_gain_of_one_is_told(tmp_path):
    """Of player 1 at the pure profile (1, 2)."""
    path = written(tmp_path, ".nfg", TABLES["constant sum"])
    with pytest.warns(gambit.VanishingPayoffWarning):  # of games as such
        mn.read_games(path)
    table = load(path).vanished.payoffs[:, 0, 0]
    assert values_and_gains(table, (np.array([1.0, 0.0]), np.array([0.0, 1.0]))) == ([0, 0], [1, 0])


def test_the_command_gap_is_exact_and_what_takes_rewards_refuses(tmp_path, capsys):
    path = written(tmp_path, ".csv", TABLES["constant sum"])
    mine = tmp_path / "mine.json"
    mine.write_text("[[1, 0], [0, 1]]")
    assert main(["gap", str(path), str(mine), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["gap"], told["gains"], told["payoffs"]) == (1.0, [1.0, 0.0], [0.0, 0.0])
    for command in (["learn", str(path)], ["convert", str(path), str(tmp_path / "other.nfg")]):
        assert main(command) == 1
        assert "payoffs 0 and 1 of player 1 cannot be told apart as rewards" in capsys.readouterr().err
    assert not (tmp_path / "other.nfg").exists()


def test_the_command_gap_judges_a_tree_by_its_file(tmp_path, capsys):
    """10^19 + 1 and 10^19 are one float; player 1 gains 1 by the first action."""
    path, mine = tmp_path / "one.efg", tmp_path / "mine.json"
    path.write_text(
        f'EFG 2 R "" {{ "A" "B" }} p "" 1 1 "" {{ "u" "d" }} 0 t "" 1 "" {{ {BIG + 1} 0 }} p "" 2 1 "" {{ "l" "r" }} 0'
        f' t "" 2 "" {{ {BIG} 1 }} t "" 3 "" {{ 0 0 }}'
    )
    mine.write_text("[[0, 1], [1, 0]]")
    assert main(["gap", str(path), str(mine), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["gains"] == [1.0, 0.0]


def test_payoffs_that_rewards_hold_roughly_are_kept_and_learned(tmp_path, capsys):
    """0.1234567 is 1e-13 of the range: as a reward it has 3 digits."""
    path = tmp_path / "mid.csv"
    path.write_text("1000000000000,0\n0,0.1234567\n")
    found = mn.solve(path)
    assert found.value == pytest.approx(0.1234567, rel=1e-12)
    assert found.gap < 1e-15
    assert main(["learn", str(path), "-T", "10", "--quiet"]) == 0
    assert "NE-gap" not in capsys.readouterr().err


@pytest.mark.parametrize("kind", TABLES)
def test_games_of_other_packages_are_solved_in_their_payoffs(kind):
    tables = np.array(TABLES[kind], dtype=np.float64)
    found = mn.solve(SimpleNamespace(payoff_matrices=tuple(tables)))
    assert found.policies[1] == pytest.approx([1e-19, 1.0], rel=1e-12)
    assert max(oracle(TABLES[kind], found.policies)) <= Fraction(found.gap)


def test_three_players_and_a_tie():
    """Player 3 decides nothing; the others' pure equilibrium (2, 2) pays 1 more than what floats hold beside 2^60."""
    tables = np.zeros((3, 2, 2, 1), dtype=object)
    tables[0, :, :, 0] = [[2**60, 0], [2**60, 1]]
    tables[1, :, :, 0] = [[0, 1], [0, 1]]
    with keeping_payoffs() as kept:
        from_payoffs(tables)
    found = solve_unscaled(kept[0].payoffs[:, 0, 0], False)
    assert [policy.tolist() for policy in found.policies] == [[0.0, 1.0], [0.0, 1.0], [1.0]]
    assert found.gap == 0.0


def test_sums_are_constant_up_to_the_rounding_of_what_is_added():
    """Beside 10^19 a sum of 5 is no rounding: player 2 gets 5 where player 1 gets nothing."""
    a, b = [[1e19, 0.0], [0.0, 1.0]], [[-1e19, 0.0], [0.0, 5.0]]
    assert not mn.solve([a, b]).is_zero_sum
    assert mn.solve([[[0.1, 0.2]], [[0.3 - 0.1, 0.3 - 0.2]]]).is_zero_sum
    assert isinstance(gambit.from_bimatrix([[3, -1], [-1, 1]])[0], ZeroSumGame)


def test_integers_beyond_2_63_beside_others_are_exact():
    """NumPy makes floats of them: 10^19 + 1 would be 10^19."""
    with keeping_payoffs() as kept:
        gambit.from_bimatrix([[BIG + 1, 0], [0, 1]])
    assert kept[0].payoffs[0, 0, 0].tolist() == [[BIG + 1, 0], [0, 1]]
    assert kept[0].payoffs[1, 0, 0].tolist() == [[-BIG - 1, 0], [0, -1]]
    with keeping_payoffs() as kept:
        gambit.from_bimatrix([[1e19, 0.5], [0.0, 1.0]])
    assert all(isinstance(payoff, float) for payoff in kept[0].payoffs.reshape(-1))


def test_what_is_no_equilibrium_is_refused(monkeypatch):
    monkeypatch.setattr(
        "metanash.solution.unscaled.matrix_equilibrium", lambda _: (0.0, np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    )
    with pytest.raises(ArithmeticError, match=r"player 2 still gains 1e\+19 of a range of 1e\+19; use units"):
        solve_unscaled(np.array(TABLES["constant sum"], dtype=object), True)


def test_a_number_of_no_game_is_refused(tmp_path, capsys):
    path = written(tmp_path, ".efg", TABLES["constant sum"])
    (tmp_path / "mine.json").write_text("[[1, 0], [0, 1]]")
    rest = {"solve": [], "learn": [], "gap": [str(tmp_path / "mine.json")], "convert": [str(tmp_path / "x.efg")]}
    for command, more in rest.items():
        assert main([command, str(path), *more, "--game", "2"]) == 1
        assert "has no game 2; it holds one, game 0" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "said"), [("NaN", "NaN"), ("-Infinity", "-Infinity"), ("1e300", "1e300")])
def test_json_says_where_no_payoff_stands(tmp_path, text, said):
    path = tmp_path / "game.json"
    path.write_text(f"[[1, 2], [3, {text}]]")
    with pytest.raises(ValueError, match=rf"game.json: at index \[1, 1\] there is {said}; payoffs are finite numbers"):
        load(path)


def test_the_strategic_form_keeps_the_title(tmp_path, capsys):
    (tmp_path / "d.efg").write_text(
        'EFG 2 R "driver" { "D" } p "" 1 1 "" { "a" "b" } 0 t "" 1 "" { 1 } p "" 1 1 "" { "a" "b" } 0'
        ' t "" 2 "" { 2 } t "" 3 "" { 0 }'
    )
    assert main(["convert", str(tmp_path / "d.efg"), str(tmp_path / "d.nfg")]) == 0
    assert (tmp_path / "d.nfg").read_text().startswith('NFG 1 R "driver"')
    assert "reduced strategies" in capsys.readouterr().out
