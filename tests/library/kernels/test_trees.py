"""The kernels of extensive games on poker and on odd trees: both versions, threads, a rate, exact gaps."""

import game_trees
import numpy as np
import oracles_trees
import pytest
from backends import BACKENDS, compiled, needs_compiled, use
from extensive_cases import by_key, random_case, read
from tree_cases import SHAPES, gains_arguments, learning_arguments

from metanash import kernels
from metanash.extensive import (
    DilatedMirrorDescent,
    ExtensiveGame,
    PredictiveCFR,
    Treeplex,
    from_tree,
    learn_extensive,
    ne_gains,
    stack_games,
    values,
)
from metanash.families.small_poker import kuhn_poker, leduc_poker
from metanash.kernels import twin

LEARNERS = [
    PredictiveCFR(),
    PredictiveCFR("linear", alternating=False),
    DilatedMirrorDescent(2.0),
    DilatedMirrorDescent(2.0, "quadratic", alternating=True),
]
POT = 2.0
"""Antes of Leduc poker."""


def perturbed(game, seed, count):
    """A batch of such games, whose payoffs do not tie, lest rounding decide whether a regret is 0."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(count, *game.payoff.shape)) * game.chance
    return ExtensiveGame(game.players, game.sequences, game.payoff + 0.1 * noise, game.chance)


def states(monkeypatch, game, learner, iterations):
    """State after so many iterations, by either version."""
    found = []
    for module in (twin, compiled):
        use(monkeypatch, module)
        found.append(learner.advance(game, learner.start(game), iterations))
    return found


def assert_near(one, other, tolerance):
    for name in ("memory", "strategy", "plan_sums", "gradient", "gradient_sums"):
        for mine, theirs in zip(getattr(one, name), getattr(other, name), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=tolerance, rtol=tolerance, err_msg=name)
    np.testing.assert_allclose(one.value_sums, other.value_sums, atol=tolerance, rtol=tolerance)


@needs_compiled
@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("count", [1, 11])
@pytest.mark.parametrize("name", ["kuhn", "leduc", "three players"])
def test_both_versions_learn_the_same(monkeypatch, tmp_path, name, count, learner):
    """Rounding grows where regrets are nearly 0, by their reciprocal; sums reach 25^3."""
    trees = {"kuhn": kuhn_poker, "leduc": leduc_poker}
    one = from_tree(trees[name]()) if name in trees else read(tmp_path, game_trees.three(), 3)
    numpy, c = states(monkeypatch, perturbed(one, 0, count), learner, 25)
    assert_near(c, numpy, 1e-7)


def once(actions):
    return Treeplex([0], [actions])


ODD = {
    "a player who never moves": ExtensiveGame((once(2), Treeplex([], [])), [[1, 2], [0, 0]], [[1, 2], [3, 5]], [1, 1]),
    "only chance": ExtensiveGame((Treeplex([], []), Treeplex([], [])), [[0], [0]], [[1.5], [-2]], [1]),
    "one action": ExtensiveGame((Treeplex([0, 1], [1, 1]), once(1)), [[2], [1]], [[0.25], [4]], [1]),
    "one player": ExtensiveGame((Treeplex([0, 1], [2, 3]),), [[2, 3, 4, 5]], [[0, 7, 9, 8]], [1, 1, 1, 1]),
}


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("name", ODD)
def test_odd_trees_are_learned(monkeypatch, module, name, learner):
    """Whoever moves has a best action: 2 of 2, then the middle one of 3; all others are worth less."""
    use(monkeypatch, module)
    for count in (1, 3):
        game = stack_games([ODD[name]] * count)
        run = learn_extensive(game, learner, 400, at=[1, 400])
        assert run.measures["ne_gap"].shape == (count, 2)
        assert (run.measures["last_ne_gap"][:, -1] < 0.02).all()
        if name == "a player who never moves":
            assert (run.last[0][:, 2] > 0.99).all()
            np.testing.assert_allclose(values(game, run.last), [[2.0, 5.0]] * count, atol=0.02)
        elif name == "one player":
            assert (run.last[0][:, [1, 4]] > 0.99).all()
        else:
            np.testing.assert_array_equal(run.measures["ne_gap"], 0.0)
            np.testing.assert_array_equal(values(game, run.average), game.payoff[..., 0])


@pytest.mark.parametrize("module", BACKENDS)
def test_leduc_poker_is_solved_to_a_thousandth_of_the_pot(monkeypatch, module):
    use(monkeypatch, module)
    game = from_tree(leduc_poker())
    run = learn_extensive(game, PredictiveCFR(), 1000, at=[10, 100, 1000])
    assert (np.diff(run.measures["ne_gap"]) < 0).all()
    assert run.measures["ne_gap"][-1] < 1e-3 * POT  # measured: 3.8e-4
    # value: -0.0856 to player 1 (Lanctot 2013, "Monte Carlo sampling and regret minimization", and many after)
    assert values(game, run.average)[0] == pytest.approx(-0.0856, abs=1e-3)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("players", [2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_gains_are_those_of_enumerated_deviations(monkeypatch, tmp_path, module, seed, players):
    use(monkeypatch, module)
    root, game, strategies = random_case(tmp_path, seed, players, depth=4)
    laws = by_key(game, strategies)
    worth = oracles_trees.values(root, laws, players)
    for i, gain in enumerate(ne_gains(game, strategies)):
        best = max(
            oracles_trees.values(root, [*laws[:i], pure, *laws[i + 1 :]], players)[i]
            for pure in oracles_trees.pure_strategies(root, i, players)
        )
        assert gain == pytest.approx(best - worth[i], abs=1e-12)


@pytest.mark.parametrize("module", BACKENDS)
def test_gains_of_many_strategies_in_a_game_and_of_one_in_many_games(monkeypatch, module):
    use(monkeypatch, module)
    one = from_tree(kuhn_poker())
    batch, rng = perturbed(one, 1, 3), np.random.default_rng(2)
    many = [plex.behaviour(plex.plan(rng.uniform(size=(4, 3, plex.n_sequences)))) for plex in one.players]
    assert ne_gains(one, many).shape == ne_gains(batch, many).shape == (4, 3, 2)
    assert ne_gains(batch, one.uniform()).shape == (3, 2)
    mixed = ne_gains(batch, [many[0][:, :1], many[1][1]])  # a strategy for each row, and one for each game
    whole = [many[0][:, [0, 0, 0]], np.broadcast_to(many[1][1], many[1].shape)]
    np.testing.assert_array_equal(mixed, ne_gains(batch, whole))
    for k, game in enumerate(batch.payoff):
        alone = ExtensiveGame(one.players, one.sequences, game, one.chance)
        np.testing.assert_array_equal(ne_gains(batch, one.uniform())[k], ne_gains(alone, one.uniform()))
        for row in range(4):
            profile = [part[row, k] for part in many]
            np.testing.assert_array_equal(ne_gains(batch, many)[row, k], ne_gains(alone, profile))


@needs_compiled
@pytest.mark.parametrize("learner", LEARNERS)
def test_a_batch_learns_the_same_on_any_number_of_threads(monkeypatch, learner):
    use(monkeypatch, compiled)
    batch, found = perturbed(from_tree(kuhn_poker()), 3, 101), []
    for count in (1, 2, 5):
        kernels.use_threads(count)
        found.append(learner.advance(batch, learner.start(batch), 120))  # more than 400,000 numbers are read
    kernels.use_threads(1)
    for other in found[1:]:
        for mine, theirs in zip(found[0].strategy + found[0].plan_sums, other.strategy + other.plan_sums, strict=True):
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("alternating", [0, 1])
@pytest.mark.parametrize("entropy", [0, 1])
def test_a_cut_call_gives_the_bits_of_the_whole(module, entropy, alternating):
    """At its end, and whenever somebody looks: after 0, 10 and 20 iterations."""
    how = {"entropy": entropy, "alternating": alternating}
    whole = learning_arguments(np.random.default_rng(4), 9, SHAPES["three players"], 20, **how)
    cut = learning_arguments(np.random.default_rng(4), 9, SHAPES["three players"], 20, **how)
    parts = ("plan_sum", "strategy", "gradient_sum", "value_sum")
    unseen = {name: array[:0] for name, array in whole.items() if name.startswith("seen_")}
    unseen |= {"looks": np.zeros(0, dtype=np.int64), "seen": 0}
    assert whole["looks"].tolist() == [0, 10, 20]
    module.learn_trees(**whole)
    kept = {0: [cut[name].copy() for name in parts]}
    for done, iterations in [(0, 1), (1, 0), (1, 9), (10, 3), (13, 7)]:
        module.learn_trees(**cut | unseen | {"done": done, "iterations": iterations})
        kept[done + iterations] = [cut[name].copy() for name in parts]
    for name in ("memory", "gradient", *parts):
        np.testing.assert_array_equal(whole[name], cut[name])
    for look, after in enumerate((0, 10, 20)):
        for name, array in zip(parts, kept[after], strict=True):
            np.testing.assert_array_equal(whole[f"seen_{name.removesuffix('_sum')}"][look], array)


@pytest.mark.parametrize("module", BACKENDS)
def test_payoffs_of_a_kind_are_those_of_its_games(module):
    """Game g has ``payoff[index[g]]``: the same as payoffs of its own."""
    shared = gains_arguments(np.random.default_rng(5), 6, SHAPES["two players"], 3)
    own = dict(shared, payoff=shared["payoff"][shared["index"]], index=np.arange(6), kinds=6, gain=np.zeros((6, 2)))
    for arguments in (shared, own):
        module.gains_in_trees(**arguments)
    assert len(np.unique(shared["index"])) > 1
    np.testing.assert_array_equal(shared["gain"], own["gain"])
    assert (own["gain"] > 0.0).all()
