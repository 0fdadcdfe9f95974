"""Runs as tables and data sets, held against loops over games, checkpoints, players and actions."""

import importlib
import sys

import numpy as np
import pytest

import metanash as mn
from metanash.extensive import DilatedMirrorDescent, ExtensiveGame, PredictiveCFR, Treeplex, learn_extensive
from metanash.maml import Tasks, adapt, train
from metanash.river import RiverCFR, learn_river, river_endgame

pd = pytest.importorskip("pandas")
xr = pytest.importorskip("xarray", reason="xarray is not installed: ./do setup")


def zero_sum(n_games=3):
    """Games of two steps, two states, 2 x 3 actions."""
    draw = np.random.default_rng(7)
    rows = draw.dirichlet(np.ones(2), size=(2, 2, 3))
    return [mn.ZeroSumGame(draw.uniform(size=(2, 2, 2, 3)), mn.Transition.shared(rows)) for _ in range(n_games)]


def rows_of(table, names):
    return [tuple(row[name] for name in names) for row in table.to_dict("records")]


def test_a_table_has_a_row_for_each_game_and_checkpoint():
    run = mn.learn(zero_sum(), mn.RegretMatching(), 20, at=[1, 5, 20], probe=lambda *_: {"seven": np.full(3, 7.0)})
    table = run.to_pandas()
    assert isinstance(table, pd.DataFrame)
    assert table.columns.tolist() == ["game", "iteration", "ne_gap", "seven"]
    wanted = [(g, t, run.measures["ne_gap"][g][c], 7.0) for g in range(3) for c, t in enumerate((1, 5, 20))]
    assert rows_of(table, table.columns) == wanted


def test_a_data_set_has_named_axes_and_nan_where_a_player_has_no_action():
    run = mn.learn(zero_sum(), mn.RegretMatching(), 20, at=[1, 5, 20])
    found = run.to_xarray()
    assert isinstance(found, xr.Dataset)
    assert found.ne_gap.dims == ("game", "checkpoint")
    assert found.policy.dims == ("game", "player", "step", "state", "action")
    assert found.iteration.values.tolist() == [1, 5, 20]
    for g, i, h, s, a in np.ndindex(3, 2, 2, 2, 3):
        cell = found.policy.isel(game=g, player=i, step=h, state=s, action=a).item()
        if (i, a) == (0, 2):
            assert np.isnan(cell)
        else:
            assert cell == run.policy[i][g][h][s][a]
    for g, c in np.ndindex(3, 3):
        assert found.ne_gap.isel(game=g, checkpoint=c).item() == run.ne_gap[g][c]


def test_discounted_games_have_no_steps_and_correlated_policies_no_array():
    (team,) = mn.families.potential_sequence("team", 3, n_games=1, perturbation=0.0, discount=0.9, n_actions=(2, 3))
    found = mn.learn(team, mn.ProjectedQAscent(step_size=0.01), 5, at=[5]).to_xarray()
    assert found.policy.dims == ("game", "player", "state", "action")
    goods = mn.families.general_sum_sequence("public_goods", 3, n_games=1, perturbation=0.1, n_actions=(2, 2, 2))
    run = mn.learn(goods, mn.CorrelatedMirrorDescent(0.2), 5, at=[5])
    assert set(run.to_xarray()) == set(run.measures)


def test_a_sequence_has_sequences_and_games():
    games = zero_sum(4)
    pairs = [mn.GameBatch.of(games[:2]), mn.GameBatch.of(games[2:])]  # game k of two sequences
    run = mn.learn_sequence(pairs, mn.OptimisticMirrorDescent(0.2), mn.META_UPDATES["best_response"](2), 9, at=[4, 9])
    wanted = [(q, k, t, run.runs[k].ne_gap[q][c]) for q in range(2) for k in range(2) for c, t in enumerate((4, 9))]
    assert rows_of(run.to_pandas(), ["sequence", "game", "iteration", "ne_gap"]) == wanted
    found = run.to_xarray()
    assert found.policy.dims == ("sequence", "game", "player", "step", "state", "action")
    for q, k, i, h, s in np.ndindex(2, 2, 2, 2, 2):
        cells = found.policy.isel(sequence=q, game=k, player=i, step=h, state=s).dropna("action").values
        np.testing.assert_array_equal(cells, run.runs[k].policy[i][q, h, s])


def extensive(payoffs):
    """A move of the first player that the second, who has three, does not see."""
    first, second = Treeplex([0], [2]), Treeplex([0], [3])
    places = [[1, 1, 1, 2, 2, 2], [1, 2, 3, 1, 2, 3]]
    return ExtensiveGame((first, second), places, payoffs, np.ones(6))


def test_extensive_games_one_and_a_batch():
    payoffs = np.random.default_rng(3).uniform(size=(5, 2, 6))
    one = learn_extensive(extensive(payoffs[0]), PredictiveCFR(), 8, at=[2, 8])
    assert rows_of(one.to_pandas(), ["game", "iteration", "ne_gap"]) == [
        (0, 2, one.measures["ne_gap"][0]),
        (0, 8, one.measures["ne_gap"][1]),
    ]
    several = learn_extensive(extensive(payoffs), DilatedMirrorDescent(1.0), 8, at=[2, 8])
    found = several.to_xarray()
    assert found.average.dims == found["last"].dims == ("game", "player", "sequence")
    assert dict(found.sizes) == {"game": 5, "checkpoint": 2, "player": 2, "sequence": 4}
    for g, i in np.ndindex(5, 2):
        for name, held in (("average", several.average), ("last", several.last)):
            cells = found[name].isel(game=g, player=i).dropna("sequence").values
            np.testing.assert_array_equal(cells, held[i][g])
    grid = learn_extensive(extensive(payoffs[:4].reshape(2, 2, 2, 6)), PredictiveCFR(), 4, at=[4])
    assert grid.to_xarray().ne_gap.dims == ("game_0", "game_1", "checkpoint")
    assert rows_of(grid.to_pandas(), ["game_0", "game_1", "ne_gap"]) == [
        (k, n, grid.measures["ne_gap"][k][n][0]) for k in range(2) for n in range(2)
    ]


def test_river_endgames():
    endgame = river_endgame("Kh9s8d4c2h", [{"AsAc": 1, "7c6c": 1}, {"KsQs": 1, "QcQd": 2, "JcJd": 1}])
    run = learn_river(endgame, RiverCFR(), 6, at=[3, 6])
    found = run.to_xarray()
    assert found.average.dims == ("game", "player", "sequence", "hand")
    for i, part in enumerate(run.average):
        for place, value in np.ndenumerate(part):
            assert found.average.isel(game=0, player=i, sequence=place[0], hand=place[1]).item() == value
    assert int(found.average.notnull().sum()) == sum(part.size for part in run.average)
    assert run.to_pandas()["exploitability"].tolist() == run.measures["exploitability"].tolist()


def test_meta_training_and_adaptation():
    games = mn.families.potential_sequence("team", 3, n_games=2, perturbation=0.1, discount=0.5)
    start = [np.zeros((1, team.n_states, n)) for team in games[:1] for n in team.n_actions]
    trained = train(Tasks.of(games), start, step=0.1, iterations=3, inner_step=0.1, inner_steps=2, at=[0, 3])
    assert rows_of(trained.to_pandas(), ["run", "iteration", "objective"]) == [
        (0, t, trained.objective[0][c]) for c, t in enumerate(trained.iterations.tolist())
    ]
    assert trained.to_xarray().policy.dims == ("run", "player", "state", "action")
    adapted = adapt(trained.logits, games, 0.1, 2)
    assert adapted.to_pandas()["potential"].tolist() == adapted.potential.ravel().tolist()
    assert set(adapted.to_xarray()) == {"ne_gap", "potential"}


def test_a_probe_under_the_name_of_a_measure_is_refused():
    run = mn.learn(zero_sum(), mn.RegretMatching(), 2, probe=lambda *_: {"ne_gap": np.zeros(3)})
    with pytest.raises(ValueError, match="one name, 'ne_gap'"):
        run.to_pandas()


def test_a_run_without_measures_is_refused():
    class Silent(mn.RegretMatching):
        def measure(self, games, state):
            del games, state
            return {}

    run = mn.learn(zero_sum(), Silent(), 2)
    for method in ("to_pandas", "to_xarray"):
        with pytest.raises(ValueError, match="measured nothing"):
            getattr(run, method)()


@pytest.mark.parametrize(("package", "method"), [("pandas", "to_pandas"), ("xarray", "to_xarray")])
def test_without_the_package_the_error_says_what_to_install(monkeypatch, package, method):
    run = mn.learn(zero_sum(), mn.RegretMatching(), 2)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match=rf"{method} needs {package}.*pip install 'metanash\[views\]'"):
        getattr(run, method)()


def test_a_damaged_package_is_no_missing_one(monkeypatch):
    run = mn.learn(zero_sum(), mn.RegretMatching(), 2)
    monkeypatch.delitem(sys.modules, "pandas")

    def broken(*_, **__):
        raise ModuleNotFoundError("No module named 'numexpr'", name="numexpr")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="numexpr"):
        run.to_pandas()
