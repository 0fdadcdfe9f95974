"""Games of the user's own: each class is learned by its learner, and what comes out belongs to the games given."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metanash import families
from metanash.archive import ArchiveError
from metanash.correlated import cce_gain_bounds, cce_gains, cce_gains_or_bounds, cce_gaps
from metanash.extensive import Draw, End, Move, build_tree, certify, from_tree, read_tree
from metanash.gambit import Units, from_bimatrix, from_payoffs
from metanash.gamefile import read_games_in_units, write_games
from metanash.games import DiscountedGame, GameBatch, MarkovGame, ZeroSumGame
from metanash.gaps import ne_gap
from metanash.learners import CorrelatedMirrorDescent, learn
from metanash.solution import load
from metanash.stochastic import StochasticGame, write_stochastic
from metanash.transitions import Transition
from metanash_replication.ledger.cited import plain
from metanash_replication.topics.own_games import tables as own_tables
from metanash_replication.topics.own_games.measure import LEARNER_OF, learn_own, learn_own_games, learn_own_tree
from metanash_replication.topics.own_games.section import PARTS

PLAN = {
    "learning_rates": {
        "optimistic_mirror_descent": 0.3, "correlated_mirror_descent": 0.2, "projected_q_ascent": 0.05,
    },
    "iterations": 50,
    "n_checkpoints": 8,
}  # fmt: skip
ONE = Units((0.0, 0.0), 1.0)
ZERO_SUM = families.zero_sum_sequence("mixed", 1, "own", n_games=3, perturbation=0.1, n_actions=(3, 3))
GENERAL = families.general_sum_sequence("random", 1, "own", n_games=2, perturbation=0.1, n_actions=(2, 3), horizon=2)
POTENTIAL = families.potential_sequence("team", 1, "own", n_games=2, perturbation=0.1, discount=0.5)


@pytest.mark.parametrize(
    ("games", "learner", "measure", "arms"),
    [
        (ZERO_SUM, "optimistic_mirror_descent", "ne_gap", 4),
        (GENERAL, "correlated_mirror_descent", "cce_gap", 4),
        (POTENTIAL, "projected_q_ascent", "ne_gap", 2),
        (ZERO_SUM[:1], "optimistic_mirror_descent", "ne_gap", 1),
    ],
    ids=["zero-sum", "general-sum", "potential", "one game"],
)
def test_each_class_has_its_learner_and_meta_updates(games, learner, measure, arms):
    spec, arrays = learn_own_games(games, ONE, **PLAN)
    assert (spec["learner"], spec["measure"], len(spec["arms"])) == (learner, measure, arms)
    assert spec["arms"][0] == "individual"
    assert arrays["gap"].shape == (arms, len(games), len(arrays["checkpoints"]))
    np.testing.assert_array_equal(arrays["gap"][:, 0], np.broadcast_to(arrays["gap"][0, 0], arrays["gap"][:, 0].shape))
    if arms > 1:
        assert (arrays["gap"][1:, 1:] != arrays["gap"][0, 1:]).any()
    for i in range(games[0].n_players):
        np.testing.assert_allclose(arrays[f"policy_{i}"].sum(axis=-1), 1.0, atol=1e-12)


def test_every_class_of_games_has_a_learner():
    assert set(LEARNER_OF) == {ZeroSumGame, MarkovGame, DiscountedGame}


@pytest.mark.parametrize("games", [ZERO_SUM, POTENTIAL], ids=["zero-sum", "potential"])
def test_policies_have_the_gap_and_the_payoffs_that_are_told(games):
    _, arrays = learn_own_games(games, ONE, **PLAN)
    for arm, k in np.ndindex(arrays["gap"].shape[:2]):
        policy = [arrays[f"policy_{i}"][arm, k] for i in range(2)]
        assert ne_gap(games[k], policy) == pytest.approx(arrays["gap"][arm, k, -1], abs=1e-12)
    if games is ZERO_SUM:
        np.testing.assert_allclose(arrays["payoff"].sum(axis=-1), 0.0, atol=1e-12)
    else:  # a team
        np.testing.assert_allclose(arrays["payoff"][..., 0], arrays["payoff"][..., 1], atol=1e-12)


def test_payoffs_are_in_the_units_of_the_file():
    matrix = np.array([[3.0, -1.0], [-1.0, 1.0]])
    game, units = from_bimatrix(matrix)
    spec, arrays = learn_own_games([game], units, **PLAN)
    mu, nu = (arrays[f"policy_{i}"][0, 0, 0, 0] for i in range(2))
    np.testing.assert_allclose(arrays["payoff"][0, 0], [mu @ matrix @ nu, -(mu @ matrix @ nu)], atol=1e-12)
    table = own_tables.TABLES["own_games"]("mine", spec, arrays)
    last = table[table["iteration"] == 50]
    value = mu @ matrix @ nu
    gains = [(matrix @ nu).max() - value, value - (mu @ matrix).min()]
    assert last["player"].tolist() == [1, 2]
    assert last["gain_in_payoffs"].tolist() == pytest.approx(gains, abs=1e-12)
    assert last["gain"].tolist() == pytest.approx(np.array(gains) / 4.0, abs=1e-12)
    assert last["gap"].tolist() == pytest.approx([sum(gains) / 4.0] * 2, abs=1e-12)


@pytest.mark.parametrize("horizon", [1, 2])
def test_a_player_in_other_units_changes_nothing_but_its_payoffs(horizon):
    """Gains in payoffs of both, worked out from the joint on the payoffs (H = 1); bit for bit the same learning."""
    A, B = np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 2.0]])
    runs = []
    for factor in (1.0, 2.0**20):
        game, units = from_payoffs([A, factor * B + 8.0])
        if horizon == 2:
            game = MarkovGame(np.repeat(game.reward, 2, axis=1), game.transition)
        runs.append(learn_own_games([game], units, **PLAN))
    (small, first), (large, second) = runs
    for key in first.keys() - {"payoff"}:
        np.testing.assert_array_equal(first[key], second[key])
    assert (small["scale"], large["scale"]) == ([2.0, 2.0], [2.0, 2.0 * 2.0**20])
    tables = [own_tables.TABLES["own_games"]("mine", spec, arrays) for spec, arrays in runs]
    np.testing.assert_array_equal(tables[1]["gap"], tables[0]["gap"])
    ratio = tables[1]["gain_in_payoffs"] / tables[0]["gain_in_payoffs"]
    np.testing.assert_array_equal(
        ratio[tables[0]["gain"] != 0], np.tile([1.0, 2.0**20], len(ratio) // 2)[tables[0]["gain"] != 0]
    )
    if horizon == 1:
        joint = second["joint"][0, 0, 0]
        regrets = [
            (A @ joint.sum(axis=0)).max() - (A * joint).sum(),
            2.0**20 * ((joint.sum(axis=1) @ B).max() - (B * joint).sum()),
        ]
        assert tables[1]["gain_in_payoffs"].tolist()[-2:] == pytest.approx(regrets, rel=1e-9)


@pytest.mark.parametrize("games", [ZERO_SUM, GENERAL, POTENTIAL], ids=["zero-sum", "general-sum", "potential"])
def test_the_gap_is_the_largest_gain_or_the_sum_of_both(games):
    _, arrays = learn_own_games(games, ONE, **PLAN)
    assert arrays["gain"].shape == (*arrays["gap"].shape, 2)
    whole = arrays["gain"].sum(axis=-1) if games is ZERO_SUM else arrays["gain"].max(axis=-1)
    np.testing.assert_allclose(arrays["gap"], whole, atol=1e-13)


def test_units_of_other_games_are_refused():
    with pytest.raises(ValueError, match="units must be those of 2 players, got 3"):
        learn_own_games(ZERO_SUM, Units((0.0,) * 3, 1.0), **PLAN)


def test_what_is_zero_sum_can_be_told(tmp_path):
    (tmp_path / "mine.nfg").write_text(
        'NFG 1 R "x" { "A" "B" } { 1 2 }\n0.3333333333 0.6666666667  0.1 0.9000000000001\n'
    )
    with pytest.warns(UserWarning, match="zero_sum=True"):
        assert isinstance(read_games_in_units(tmp_path / "mine.nfg")[0][0], MarkovGame)
    assert isinstance(read_games_in_units(tmp_path / "mine.nfg", zero_sum=True)[0][0], ZeroSumGame)
    write_games(tmp_path / "mine.npz", ZERO_SUM)
    with pytest.raises(ArchiveError, match=r"mine\.npz: zero_sum is for \.nfg and \.efg files"):
        read_games_in_units(tmp_path / "mine.npz", zero_sum=True)


def test_notes_of_reading_stand_beside_the_payoffs():
    spec, arrays = learn_own_games(ZERO_SUM, ONE, **PLAN)
    assert set(own_tables.TABLES["own_payoffs"]("mine", spec, arrays)["note"]) == {""}
    table = own_tables.TABLES["own_payoffs"]("mine", {**spec, "notes": ["one", "two"]}, arrays)
    assert set(table["note"]) == {"one; two"}


def test_correlated_output_of_one_step_is_kept():
    (game,) = families.general_sum_sequence(
        "shapley", 1, "own", n_games=1, perturbation=0.0, n_actions=(3, 3), horizon=1
    )
    spec, arrays = learn_own_games([game], ONE, **PLAN)
    assert spec["measure"] == "cce_gap"
    joint = arrays["joint"][0, 0, 0]
    assert joint.sum() == pytest.approx(1.0)
    regret = max(
        (game.reward[0, 0, 0] @ joint.sum(axis=0)).max() - (game.reward[0, 0, 0] * joint).sum(),
        (joint.sum(axis=1) @ game.reward[1, 0, 0]).max() - (game.reward[1, 0, 0] * joint).sum(),
    )
    run = learn(game, CorrelatedMirrorDescent(0.2), 50)
    assert regret == pytest.approx(float(cce_gaps(GameBatch((game,)), run.policy)[0]), abs=1e-12)
    assert regret == pytest.approx(arrays["gap"][0, 0, -1], abs=1e-12)
    np.testing.assert_allclose(arrays["policy_0"][0, 0, 0, 0], joint.sum(axis=1), atol=1e-12)


CYCLING = families.general_sum_sequence("random", 1, "own", n_games=2, perturbation=0.3, n_actions=(2, 3), horizon=2)
FAST = PLAN | {"learning_rates": PLAN["learning_rates"] | {"correlated_mirror_descent": 1.0}}
"""Games and a rate at which it pays to be told the stage: player 2 of the first, both of the second."""


def limit_products(monkeypatch, most):
    """Exact gains up to so many products only."""
    allowed = partial(cce_gains_or_bounds, most_products=most)
    monkeypatch.setattr("metanash_replication.topics.own_games.measure.cce_gains_or_bounds", allowed)


def gains_alone(game, gains, at):
    """Gains of each player, by one run to each checkpoint."""
    batch, learner = GameBatch((game,)), CorrelatedMirrorDescent(1.0)
    return [gains(batch, learn(game, learner, int(t)).policy)[0].tolist() for t in at]


def test_gains_are_those_of_players_who_are_not_told_the_stage():
    _, arrays = learn_own_games(CYCLING, ONE, **FAST)
    individual = arrays["gain"][0]
    for k, game in enumerate(CYCLING):
        np.testing.assert_allclose(individual[k], gains_alone(game, cce_gains, arrays["checkpoints"]), atol=1e-12)
        told = gains_alone(game, cce_gain_bounds, arrays["checkpoints"])
        assert (np.array(told)[-1] > individual[k, -1] + 1e-4).all() == (k == 1)
        assert (np.array(told)[-1] > individual[k, -1] + 1e-4).any()


def needs(games):
    """Products that each player of each game takes at the end, the same in all arms."""
    run = learn(list(games), CorrelatedMirrorDescent(1.0), PLAN["iterations"])
    return cce_gains_or_bounds(GameBatch(tuple(games)), run.policy).products


def test_one_player_at_one_checkpoint_that_takes_too_much_makes_all_gaps_bounds(monkeypatch):
    """Player 1, whose opponent has more actions, at the last checkpoint, which has the most stages."""
    products = needs(CYCLING)
    assert (products[:, 0] > products[:, 1]).all()
    exact_spec, exact = learn_own_games(CYCLING, ONE, **FAST)
    limit_products(monkeypatch, int(products.max()))
    spec, same = learn_own_games(CYCLING, ONE, **FAST)
    assert spec == exact_spec
    for key, array in exact.items():
        np.testing.assert_array_equal(same[key], array)
    limit_products(monkeypatch, int(products.max()) - 1)
    spec, arrays = learn_own_games(CYCLING, ONE, **FAST)
    assert spec == exact_spec | {"measure": "cce_gap_bound"}
    for k, game in enumerate(CYCLING):
        told = gains_alone(game, cce_gain_bounds, arrays["checkpoints"])
        np.testing.assert_allclose(arrays["gain"][0, k], told, atol=1e-12)
    np.testing.assert_array_equal(arrays["gap"], arrays["gain"].max(axis=-1))
    assert (arrays["gain"] >= exact["gain"] - 1e-12).all()
    assert (arrays["gain"][..., -1, 1] > exact["gain"][..., -1, 1] + 1e-4).any()  # of player 2 too, exact or not
    for key in exact.keys() - {"gain", "gap"}:  # what is played is the same
        np.testing.assert_array_equal(arrays[key], exact[key])
    table = own_tables.TABLES["own_games"]("mine", spec, arrays)
    assert set(table["measure"]) == {"cce_gap_bound"}


def test_one_game_of_a_sequence_that_takes_too_much_makes_all_gaps_bounds(monkeypatch):
    """A game whose second state cannot be reached takes less than the one beside it."""
    reward, kernel = CYCLING[0].reward, np.zeros((CYCLING[0].n_states, 2, 3, CYCLING[0].n_states))
    kernel[..., 0] = 1.0
    stays = MarkovGame(reward, Transition.shared(kernel), initial=[1.0] + [0.0] * (CYCLING[0].n_states - 1))
    less, more = needs([stays]).max(), needs(CYCLING).max()
    assert less < more
    limit_products(monkeypatch, int(less))
    assert learn_own_games([stays], ONE, **FAST)[0]["measure"] == "cce_gap"
    assert learn_own_games([stays, CYCLING[1]], ONE, **FAST)[0]["measure"] == "cce_gap_bound"
    assert learn_own_games([CYCLING[1], stays], ONE, **FAST)[0]["measure"] == "cce_gap_bound"


def test_games_of_different_sizes_are_refused():
    other = families.zero_sum_sequence("mixed", 1, "other", n_games=1, perturbation=0.1, n_actions=(2, 2))
    with pytest.raises(ValueError, match="batch"):
        learn_own_games([ZERO_SUM[0], other[0]], ONE, **PLAN)


def test_units_of_files(tmp_path):
    write_games(tmp_path / "mine.npz", ZERO_SUM)
    games, units = read_games_in_units(tmp_path / "mine.npz")
    assert (len(games), units) == (3, Units((0.0, 0.0), 1.0))
    (tmp_path / "mine.nfg").write_text('NFG 1 R "x" { "A" "B" } { 2 2 }\n4 0  0 4  0 4  2 2\n')
    (game,), units = read_games_in_units(tmp_path / "mine.nfg")
    assert isinstance(game, ZeroSumGame)
    assert units.scale == (4.0, 4.0)
    assert [float(units.payoff(v, i)) for i, v in enumerate((1.0, -1.0))] == [4.0, 0.0]


def test_tables_are_tidy():
    spec, arrays = learn_own_games(GENERAL, ONE, **PLAN)
    made = {name: make("mine", spec, arrays) for name, make in own_tables.TABLES.items()}
    assert {len(set(table["own"])) for table in made.values()} == {1}
    gaps, payoffs, policies = (made[name] for name in ("own_games", "own_payoffs", "own_policies"))
    row = gaps[(gaps["arm"] == "output_policy") & (gaps["game"] == 2)].iloc[-1]
    assert row["player"] == 2
    assert row["gain"] == row["gain_in_payoffs"] == arrays["gain"][spec["arms"].index("output_policy"), 1, -1, 1]
    assert row["gap"] == arrays["gap"][spec["arms"].index("output_policy"), 1, -1]
    assert (row["iteration"], row["measure"]) == (50, "cce_gap")
    row = payoffs.query("arm == 'best_response' and game == 1 and player == 2").iloc[0]
    assert row["payoff"] == arrays["payoff"][spec["arms"].index("best_response"), 0, 1]
    row = policies.query(
        "arm == 'individual' and player == 2 and game == 2 and step == 2 and state == 1 and action == 3"
    )
    assert row["probability"].tolist() == [arrays["policy_1"][0, 1, 1, 0, 2]]
    assert len(policies) == 4 * 2 * 2 * 2 * (2 + 3)
    flat = own_tables.TABLES["own_policies"]("mine", *learn_own_games(POTENTIAL, ONE, **PLAN))
    assert set(flat["step"]) == {1}
    assert isinstance(flat, pd.DataFrame)


# Game trees ---------------------------------------------------------------------------------------------

POKER = Path(__file__).parents[2] / "config/games/one_card_poker.efg"


@pytest.fixture
def poker():
    spec, arrays = learn_own_tree(read_tree(POKER), iterations=400, n_checkpoints=12)
    return json.loads(json.dumps(spec)), arrays  # as a file keeps it


def test_a_tree_is_learned_and_solved(poker):
    """By hand: she bets a third of her low cards, he calls two bets of three, and the game is worth 1/3 to her."""
    spec, arrays = poker
    assert (spec["learner"], spec["measure"], spec["arms"]) == ("predictive_cfr", "ne_gap", ["individual"])
    assert spec["scale"] == [4.0, 4.0]
    assert spec["solved"]["payoffs"] == pytest.approx([1 / 3, -1 / 3])
    assert spec["solved"]["gap"] < 1e-12
    gap, gain = arrays["gap"][0, 0], arrays["gain"][0, 0]
    assert gap.shape == arrays["checkpoints"].shape
    assert gap[-1] < 1e-6 < gap[0]
    np.testing.assert_array_equal(gain.max(axis=1), gap)
    np.testing.assert_allclose(arrays["payoff"][0, 0], [1 / 3, -1 / 3], atol=1e-5)
    np.testing.assert_allclose(arrays["policy_0"][0, 0], [1, 0, 1 / 3, 2 / 3], atol=1e-3)


def test_gains_of_a_tree_are_those_of_fractions(poker):
    """What the players gain at the end, from the strategies alone, in parts of the range of payoffs."""
    _, arrays = poker
    game = from_tree(read_tree(POKER))
    strategies = [np.append(1.0, arrays[f"policy_{i}"][0, 0]) for i in (0, 1)]
    exact = [float(gain) / 4.0 for gain in certify(game, strategies).gains]
    np.testing.assert_allclose(arrays["gain"][0, 0, -1], exact, atol=1e-15)


def test_tables_of_a_tree_name_its_information_sets(poker):
    policies = own_tables.policies("mine", *poker)
    assert list(policies.columns[:3]) == ["own", "arm", "game"]
    assert policies.groupby(["player", "state"])["probability"].sum().tolist() == pytest.approx([1.0] * 3)
    assert policies["state_name"].tolist() == ["high"] * 2 + ["low"] * 2 + ["bet seen"] * 2
    assert policies["action_name"].tolist() == ["bet", "give up"] * 2 + ["call", "give up"]
    payoffs = own_tables.payoffs("mine", *poker)
    assert payoffs["solved"].tolist() == pytest.approx([1 / 3, -1 / 3])
    assert payoffs["solved_by"].unique().tolist() == ["a linear program in sequence form"]
    assert payoffs["note"].unique().tolist() == [""]


def test_the_report_has_the_solution_and_the_policies_by_name(poker, tmp_path):
    pennies = learn_own_games([from_bimatrix([[1, -1], [-1, 1]])[0]], ONE, **PLAN)
    both = {name: (make("mine", *poker), make("other", *pennies)) for name, make in own_tables.TABLES.items()}
    tables = {name: pd.concat(parts) for name, parts in both.items()}
    tables["own_refused"] = pd.DataFrame(columns=["own", "file", "reason"])
    for name, table in tables.items():
        table.to_csv(tmp_path / name, index=False)
    parts = {part.title: part for part in PARTS["own-games"]({name: pd.read_csv(tmp_path / name) for name in tables})}
    solved = [plain(cell) for cell in parts["Your game trees, solved"].rows[0]]
    assert (solved[0], solved[1], solved[3]) == ("mine", "0.333333, -0.333333", "a linear program in sequence form")
    rows = [[plain(cell) for cell in row] for row in parts["Policies at $T$"].rows]
    assert [row[3:5] for row in rows[:3]] == [["", "1 (high)"], ["", "2 (low)"], ["", "1 (bet seen)"]]
    assert [row[:5] for row in rows[3:]] == [["other", "1", str(player), "1", "1"] for player in (1, 2)]
    assert rows[0][-1] == "bet 1.000, give up 0.000"


def test_a_tree_that_cannot_be_solved_is_learned_and_says_why():
    """Fourteen cards with two actions each: 2^14 reduced strategies."""

    def dealt(k):
        return Move(0, f"card {k}", {"a": End([k, 1]), "b": Move(1, "seen", {"a": End([1, k]), "b": End([0, -k])})})

    tree = build_tree("large", ["A", "B"], Draw({str(k): (1 / 14, dealt(k)) for k in range(14)}))
    spec, arrays = learn_own_tree(tree, iterations=50, n_checkpoints=4)
    assert "16,384 x 2 reduced strategies" in spec["solved"]["reason"]
    assert (arrays["gap"] >= 0.0).all()
    payoffs = own_tables.payoffs("mine", spec, arrays)
    assert payoffs["note"].str.startswith("not solved: ").all()
    assert payoffs["solved"].isna().all()


def test_a_stochastic_game_is_refused(tmp_path):
    write_stochastic(tmp_path / "game.npz", StochasticGame([[[1.0, 2.0]]], [[[1.0], [1.0]]], 0.9))
    with pytest.raises(ValueError, match=r"game\.npz is a stochastic game .* metanash solve does"):
        learn_own(load(tmp_path / "game.npz"), None, **PLAN)


def test_a_player_who_forgets_is_refused(tmp_path):
    text = 'EFG 2 R "" { "A" } p "" 1 1 "exit?" { "off" "on" } 0 t "" 1 "" { 0 } p "" 1 1 "exit?" { "off" "on" } 0 '
    (tmp_path / "driver.efg").write_text(text + 't "" 2 "" { 4 } t "" 3 "" { 1 }')
    with pytest.raises(ArchiveError, match=r"driver\.efg:1: no perfect recall"):
        learn_own_tree(read_tree(tmp_path / "driver.efg"), iterations=5, n_checkpoints=2)
