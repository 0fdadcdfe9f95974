"""Stochastic games in ``metanash solve``, ``gap``, ``learn`` and ``convert``, and what the page and benchmark say."""

import json
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracles_stochastic import gains_of, values_of

import metanash as mn
from benchmarks import stochastic as bench
from metanash import cli
from metanash.archive import write_archive
from metanash.stochastic import write_stochastic

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The dilemma that ends with probability .1 a round, and a state in which player 1 has nothing to decide."""
    monkeypatch.chdir(tmp_path)
    dilemma, lone = [[[3, 0], [5, 1]], [[3, 5], [0, 1]]], [[[0, 0]], [[2, 0]]]
    go_on = [np.full((2, 2, 2), 0.45), np.full((1, 2, 2), 0.5)]
    write_stochastic("game.npz", mn.StochasticGame([dilemma, lone], go_on, [0.9, 0.5], name="dilemma"))
    return tmp_path


@pytest.fixture
def told(capsys):
    def run(*words, code=0):
        assert cli.main(list(words)) == code
        out, err = capsys.readouterr()
        return out if code == 0 else err

    return run


@pytest.mark.usefixtures("folder")
def test_solve_prints_a_game(told):
    first, second, *rows, method = told("solve", "game.npz").splitlines()
    assert first == (
        "game.npz: dilemma, stochastic, general sum, discounts 0.9, 0.5, may end, 2 states, at most 2 x 2 actions"
    )
    assert second.startswith("general-sum game, payoffs ")
    assert [" ".join(row.split()) for row in rows] == ["player 1 s=0 0 1", "s=1 1 0", "player 2 s=0 0 1", "s=1 1 0"]
    assert method == "by a path of logit responses and Newton's method"


def test_json_is_what_gap_takes(folder, told):
    text = told("solve", "game.npz", "--json")
    (folder / "found.json").write_text(text)
    (entry,) = json.loads(text)["games"]
    assert (entry["discount"], entry["may_end"], entry["steps"]) == ([0.9, 0.5], True, None)
    assert (entry["actions"], entry["actions_by_state"]) == ([2, 2], [[2, 2], [1, 2]])
    found = json.loads(told("gap", "game.npz", "found.json", "--json"))
    assert found["gap"] == entry["gap"] <= 1e-14
    assert found["payoffs"] == pytest.approx(entry["value"])
    table = told("gap", "game.npz", "found.json")
    assert table.splitlines()[0] == told("solve", "game.npz").splitlines()[0]
    assert re.search(r"NE-gap \S+, the largest", table)


def test_gains_of_others_policies_are_those_of_loops(folder, told):
    policies = [[[1.0, 0.0], [1.0, 0.0]], [[0.5, 0.5], [0.25, 0.75]]]
    (folder / "mine.json").write_text(json.dumps(policies))
    gains = gains_of(mn.stochastic.read_stochastic("game.npz"), [np.array(p) for p in policies])
    found = json.loads(told("gap", "game.npz", "mine.json", "--json"))
    np.testing.assert_allclose(found["gains"], gains.max(axis=1), rtol=1e-12)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("solve", "game.npz", "--game", "1"), "game.npz has no game 1; it holds one, game 0"),
        (("solve", "game.npz", "--zero-sum"), "game.npz: zero_sum is for games whose sums of payoffs are in doubt"),
        (("learn", "game.npz"), "which metanash learn does not take; metanash solve and metanash gap do"),
        (("convert", "game.npz", "game.nfg"), "which metanash convert does not take"),
        (("gap", "game.npz", "wrong.json"), r"wrong.json: policy of player 0 must have shape \(2, 2\), got \(1, 2\)"),
        (("gap", "game.npz", "extra.json"), "extra.json: policy of player 0 plays action 1 in state 1, which has 1"),
        (("solve", "bad.npz"), "bad.npz: transitions of state 0 must sum to one, or less"),
    ],
)
def test_what_is_wrong_is_told(folder, told, words, said):
    (folder / "wrong.json").write_text("[[[0.5, 0.5]], [[0.5, 0.5]]]")
    (folder / "extra.json").write_text("[[[0.5, 0.5], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]]]")
    arrays = {"discounts": [0.5], "initial": [1.0], "reward_0": [[1.0]], "transition_0": [[1.5]]}
    write_archive(folder / "bad.npz", "metanash-stochastic", 1, {"name": "", "states": 1, "provenance": {}}, arrays)
    assert re.search(said, told(*words, code=1))


def test_the_page_runs(tmp_path, monkeypatch, capsys):
    """To spare the fish for ever is an equilibrium too, worth 3 a round while the season goes on: V = 3 + .9 d V."""
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "stochastic.md").read_text(), flags=re.DOTALL)
    exec(compile(code, "documentation", "exec"), {"__name__": "example"})
    printed = capsys.readouterr().out.splitlines()
    assert "by a path of logit responses and Newton's method" in printed
    spared = [3 / (1 - 0.9 * d) for d in (0.95, 0.8)]
    assert [float(x) for x in re.findall(r"[\d.]+", printed[-2])] == pytest.approx(spared, abs=1e-4)
    game = mn.stochastic.read_stochastic("fishers.npz")
    half = [np.array([[0.5, 0.5], [1.0, 0.0]])] * 2
    worth = [values_of(game, half, i)[0] for i in (0, 1)]
    said = [float(x) for x in re.findall(r"\d[\d.]*", printed[-1])]
    assert said == pytest.approx([*worth, *gains_of(game, half)[:, 0]], abs=1e-3)
    assert (tmp_path / "fishers.npz").exists()


@pytest.fixture
def rows():
    return pd.read_csv(bench.RESULTS / "stochastic.csv")


def test_the_page_has_the_counts_of_the_table(rows):
    assert f"```\n{bench.report(rows)}\n```" in (ROOT / "docs" / "stochastic.md").read_text()


def test_all_drawn_games_were_solved_and_are_as_different_as_the_page_says(rows):
    drawn = rows[rows["kind"] == "drawn"]
    assert len(drawn) >= 500
    assert (drawn["gap"] <= bench.GOOD).all()
    assert set(drawn["players"]) == {2, 3, 4}
    assert set(drawn["states"]) == {*range(1, 11)}
    assert drawn["actions"].max() == 5
    assert drawn["largest_discount"].max() > 0.98
    assert 0.25 < drawn["may_end"].mean() < 0.4
    assert rows[rows["kind"] == "typical"]["seconds"].median() <= 0.05


@pytest.mark.parametrize("number", [0, 1, 3, 8])
def test_the_benchmark_measures_what_it_says(number, rows):
    row = bench.measured(60, ("drawn", number))
    assert row["gap"] <= bench.GOOD
    assert row["may_end"] == (number % 3 == 0)
    committed = rows[(rows["kind"] == "drawn") & (rows["number"] == number)].iloc[0]
    for name in ("players", "states", "actions"):
        assert row[name] == committed[name]
    for name in ("least_discount", "largest_discount"):
        assert row[name] == pytest.approx(committed[name], rel=1e-3)


def test_a_game_that_takes_too_long_is_told(monkeypatch):
    monkeypatch.setattr(bench, "stationary_equilibrium", lambda _: time.sleep(5))
    assert bench.solved(bench.typical_game(0), 1)["error"] == "more than 1 s"
