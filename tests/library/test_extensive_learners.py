"""Learners of extensive games: published pseudo-code on nested trees, optimality of steps, the library's learners."""

import itertools
import math

import game_trees
import numpy as np
import oracles_trees
import pytest
from extensive_cases import by_key, random_behaviour, read
from oracles_cfr import Learning

from metanash import GameBatch, OptimisticMirrorDescent, RegretMatching, Transition, ZeroSumGame
from metanash.extensive import (
    DilatedMirrorDescent,
    ExtensiveGame,
    PredictiveCFR,
    Treeplex,
    best_responses,
    gaps,
    learn_extensive,
    mean_strategies,
    ne_gap,
    runs,
    solve_constant_sum,
    stack_games,
)
from metanash.kernels.tree_steps import mirror_step
from metanash.learners.base import PureStartWarning

LEARNERS = [
    PredictiveCFR(),
    PredictiveCFR("linear", alternating=False, learning_rate=3.0),
    DilatedMirrorDescent(2.0),
    DilatedMirrorDescent(2.0, "quadratic", alternating=True),
]


def untied(rng, players, depth):
    """A random tree whose payoffs do not tie, lest rounding decide whether a regret is 0."""
    root = game_trees.random_tree(rng, players, depth)
    for node in game_trees.nodes(root):
        if node.payoffs is not None:
            node.payoffs = tuple(int(k) / 2**20 for k in rng.integers(-(2**20), 2**20, size=players))
    return root


def arrays(state):
    return [*state.memory, *state.strategy, *state.plan_sums, *state.gradient, *state.gradient_sums, state.value_sums]


# Predictive regret matching+ ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("averaging", "power"), [("uniform", 0), ("linear", 1), ("quadratic", 2)])
@pytest.mark.parametrize("alternating", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_iterates_are_those_of_the_published_pseudo_code(tmp_path, seed, alternating, averaging, power):
    players = 2 + seed % 2
    root = untied(np.random.default_rng(seed), players, depth=4)
    game = read(tmp_path, root, players)
    learner = PredictiveCFR(averaging, alternating)
    state = learner.start(game)
    oracle = Learning(root, players, by_key(game, game.uniform()), power)
    for t in range(1, 7):
        oracle.play(t, alternating)
        state = learner.advance(game, state, 1)
        for mine, theirs in zip(by_key(game, state.strategy), oracle.strategies(), strict=True):
            assert mine.keys() == theirs.keys()
            for key, law in mine.items():
                np.testing.assert_allclose(law, theirs[key], atol=1e-9)
    for mine, theirs in zip(by_key(game, learner.output(game, state)), oracle.averages(), strict=True):
        for key, law in mine.items():
            expected = theirs[key] or [1 / len(law)] * len(law)
            np.testing.assert_allclose(law, expected, atol=1e-9)


@pytest.mark.parametrize(("averaging", "power"), [("uniform", 0), ("linear", 1), ("quadratic", 2)])
def test_the_gap_to_a_coarse_correlated_equilibrium_is_that_of_all_that_was_played(tmp_path, averaging, power):
    """By enumeration of the deviations from the recorded profiles."""
    root = untied(np.random.default_rng(2), 3, depth=4)
    game, learner, iterations = read(tmp_path, root, 3), PredictiveCFR(averaging, alternating=False), 5
    run = learn_extensive(game, learner, iterations, at=[iterations])
    oracle = Learning(root, 3, by_key(game, game.uniform()), power)
    for t in range(1, iterations + 1):
        oracle.play(t, alternating=False)
    weights = np.arange(1.0, iterations + 1) ** power
    weights /= weights.sum()
    gains = []
    for i in range(3):
        worth = sum(w * oracles_trees.values(root, p, 3)[i] for w, p in zip(weights, oracle.history, strict=True))
        best = max(
            sum(
                w * oracles_trees.values(root, [*p[:i], pure, *p[i + 1 :]], 3)[i]
                for w, p in zip(weights, oracle.history, strict=True)
            )
            for pure in oracles_trees.pure_strategies(root, i, 3)
        )
        gains.append(best - worth)
    assert max(gains) > 1e-3
    assert run.measures["cce_gap"][-1] == pytest.approx(max(gains), abs=1e-12)


def test_kuhn_poker_is_solved(tmp_path):
    game = read(tmp_path, game_trees.kuhn(), 2)
    run = learn_extensive(game, PredictiveCFR(), 1000)
    assert run.measures["ne_gap"][-1] < 1e-6  # measured: 2e-8
    assert gaps.values(game, run.average)[0] == pytest.approx(-1 / 18, abs=1e-6)
    assert run.measures["ne_gap"][-1] == ne_gap(game, run.average)
    assert run.measures["last_ne_gap"][-1] == ne_gap(game, run.last)


def test_three_players_come_near_a_coarse_correlated_equilibrium(tmp_path):
    game = read(tmp_path, game_trees.three(), 3)
    for learner in (PredictiveCFR("linear", alternating=False), DilatedMirrorDescent(2.0)):
        gap = learn_extensive(game, learner, 400, at=[10, 400]).measures["cce_gap"]
        assert gap[-1] < min(0.02, 0.1 * gap[0])


def test_regrets_begin_at_the_start_over_the_rate(tmp_path):
    """So with a small rate a start is kept for long."""
    game = read(tmp_path, game_trees.kuhn(), 2)
    rng = np.random.default_rng(0)
    start = tuple(random_behaviour(rng, plex, zeros=0) for plex in game.players)
    kept = PredictiveCFR(learning_rate=1e-9)
    first = kept.advance(game, kept.start(game, start), 3)
    for mine, given in zip(first.strategy, start, strict=True):
        np.testing.assert_allclose(mine, given, atol=1e-7)
    for rate in (0.5, 1e12):
        memory = PredictiveCFR(learning_rate=rate).start(game, start).memory
        for regret, given in zip(memory, start, strict=True):  # payoffs range from -2 to 2
            np.testing.assert_allclose(regret, np.append(0.0, 4 * given[1:] / rate), rtol=1e-15)


def test_a_start_from_games_before_is_better(tmp_path):
    """Equation (5): the mean of what ten similar games recommend, mixed with a little of the uniform strategy."""
    kuhn = read(tmp_path, game_trees.kuhn(), 2)
    rng = np.random.default_rng(1)

    def similar():
        noise = 0.02 * rng.normal(size=kuhn.n_terminals) * kuhn.chance
        return ExtensiveGame(kuhn.players, kuhn.sequences, kuhn.payoff + np.stack([noise, -noise]), kuhn.chance)

    learner, games = PredictiveCFR(learning_rate=0.3), [similar() for _ in range(10)]
    start = mean_strategies(kuhn, [learn_extensive(game, learner, 300).average for game in games], alpha=0.01)
    new = similar()
    alone, helped = (learn_extensive(new, learner, 10, at=[1, 10], initial=of) for of in (None, start))
    assert (helped.measures["ne_gap"] < 0.5 * alone.measures["ne_gap"]).all()


# Mirror descent -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_steps_are_optimal(tmp_path, seed):
    """At an interior optimum the gradient of the objective is worth the same in all plans (it is concave).

    d/dr_s of eta g . r - sum_j alpha_j r_parent(j) KL(b_j || x_j) is
    eta g_s - alpha_j (log(b_s / x_s) + 1) + the sum of alpha_k over the sets that s leads to.
    """
    rng = np.random.default_rng(seed)
    game = read(tmp_path, game_trees.random_tree(rng, 2, depth=6), 2)
    for plex in game.players:
        start = np.ones(plex.n_sequences)
        for first, n in zip(plex.first, plex.n_actions, strict=True):
            start[first : first + n] = rng.dirichlet(np.ones(n))
        gradient, rate = rng.normal(size=plex.n_sequences), rng.uniform(0.1, 3)
        alpha = np.append(1.0, rng.uniform(0.5, 2, size=plex.n_sets)[plex.owner[1:]])
        after = np.exp(mirror_step(plex.levels, np.log(start), gradient, np.array([rate]), alpha))
        np.testing.assert_array_equal(plex.checked_behaviour(after), after)
        slope = rate * gradient - alpha * (np.log(after / start) + 1)
        for first, parent in zip(plex.first, plex.parent, strict=True):
            slope[parent] += alpha[first]
        worth = slope @ plex.plan(after)
        for _ in range(10):
            other = slope @ plex.plan(random_behaviour(rng, plex))
            assert other == pytest.approx(worth, abs=1e-10)


def one_decision(rng, rows, columns):
    """A matrix game with payoffs from 0 to 1 as a tree of one decision each, and as a Markov game."""
    matrix = rng.uniform(size=(rows, columns))
    matrix.flat[:2] = 0.0, 1.0
    a, b = (ends.reshape(-1) for ends in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))
    payoff = np.stack([matrix.reshape(-1), -matrix.reshape(-1)])
    tree = ExtensiveGame((Treeplex([0], [rows]), Treeplex([0], [columns])), [a + 1, b + 1], payoff, np.ones(a.size))
    still = Transition.shared(np.ones((1, rows, columns, 1)))
    return tree, GameBatch.of(ZeroSumGame(matrix[np.newaxis, np.newaxis], still))


@pytest.mark.parametrize("shape", [(2, 2), (3, 5)])
def test_one_decision_is_a_stage_of_algorithm_1(shape):
    """With H = 1, Q^1 = 0 and Q = r from stage 2 on; stage tau has 2^(tau - 1) iterations and begins anew."""
    rng = np.random.default_rng(shape)
    tree, batch = one_decision(rng, *shape)
    start = [rng.dirichlet(np.ones(n)) for n in shape]
    theirs = OptimisticMirrorDescent(0.7)
    state = theirs.start(batch, tuple(part.reshape(1, 1, 1, 1, -1) for part in start))
    state = theirs.advance(batch, state, 63 + 50)
    assert (state.stage, state.done) == (7, 50)
    mine = DilatedMirrorDescent(0.7)
    begun = mine.start(tree, [np.append(1.0, part) for part in start])
    now = mine.advance(tree, begun, 50)
    average = mine.output(tree, now)
    for i in range(2):
        np.testing.assert_allclose(now.strategy[i][1:], state.iterate[i][0, 0, 0], atol=1e-13)
        np.testing.assert_allclose(average[i][1:], theirs.stages(state)[-1].average[i][0, 0, 0], atol=1e-13)


@pytest.mark.parametrize("shape", [(2, 2), (3, 5)])
def test_one_decision_is_regret_matching(shape):
    rng = np.random.default_rng(shape)
    tree, batch = one_decision(rng, *shape)
    start = [rng.dirichlet(np.ones(n)) for n in shape]
    theirs, mine = RegretMatching(4.0), PredictiveCFR(learning_rate=4.0)
    state = theirs.advance(batch, theirs.start(batch, tuple(part.reshape(1, 1, 1, -1) for part in start)), 60)
    now = mine.advance(tree, mine.start(tree, [np.append(1.0, part) for part in start]), 60)
    for i in range(2):
        np.testing.assert_allclose(now.memory[i][1:], state.regret[i][0, 0, 0], atol=1e-11)
        np.testing.assert_allclose(now.strategy[i][1:], state.iterate[i][0, 0, 0], atol=1e-11)
        np.testing.assert_allclose(mine.output(tree, now)[i][1:], theirs.output(state)[i][0, 0, 0], atol=1e-11)


def test_mirror_descent_solves_kuhn_poker(tmp_path):
    game = read(tmp_path, game_trees.kuhn(), 2)
    run = learn_extensive(game, DilatedMirrorDescent(5.0, "quadratic"), 1000)
    assert run.measures["ne_gap"][-1] < 5e-4  # measured: 4e-5
    assert run.measures["last_ne_gap"][-1] < 5e-3  # measured: 3e-4
    heavy = [np.where(plex.parent == 0, 4.0, 1.0) for plex in game.players]
    weighted = learn_extensive(game, DilatedMirrorDescent(5.0, "quadratic", weights=heavy), 1000)
    assert weighted.measures["ne_gap"][-1] < 0.05  # measured: 0.015
    assert (weighted.average[0] != run.average[0]).any()


def test_what_has_no_probability_stays_so(tmp_path):
    game = read(tmp_path, game_trees.kuhn(), 2)
    mine, theirs = game.uniform()
    mine[1:3] = 1.0, 0.0
    with pytest.warns(
        PureStartWarning, match="player 0: at information set 0 '1' an action has probability 0"
    ) as caught:
        run = learn_extensive(game, DilatedMirrorDescent(3.0), 20, initial=(mine, theirs))
    assert run.last[0][2] == run.average[0][2] == 0.0
    assert [warning.filename for warning in caught] == [__file__]


# Both ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_cut_run_gives_the_bits_of_the_whole(tmp_path, learner):
    game = read(tmp_path, game_trees.three(), 3)
    whole = learn_extensive(game, learner, 20, at=[20])
    cut = learn_extensive(game, learner, 20, at=[1, 2, 7, 19, 20])
    for one, other in zip(arrays(whole.state), arrays(cut.state), strict=True):
        np.testing.assert_array_equal(one, other)
    assert cut.measures["ne_gap"][-1] == whole.measures["ne_gap"][-1]


@pytest.mark.parametrize("learner", LEARNERS)
def test_checkpoints_measured_together_have_the_bits_of_plain_ones(tmp_path, learner, monkeypatch):
    game = read(tmp_path, game_trees.three(), 3)
    batch = stack_games([game, game])
    looks = [1, 2, 5, 6, 40]
    for kind in (game, batch):
        state, plain = learner.start(kind), []
        for before, after in itertools.pairwise([0, *looks]):
            state = learner.advance(kind, state, after - before)
            plain.append(learner.measure(kind, state))
        for most in (1 << 16, 3 * math.prod(kind.batch_shape) * sum(kind.n_sequences), 1):
            monkeypatch.setattr(runs, "_ENTRIES_TOGETHER", most)
            run = learn_extensive(kind, learner, 40, at=looks)
            assert run.measures.keys() == plain[0].keys()
            for name, values in run.measures.items():
                np.testing.assert_array_equal(values, np.stack([found[name] for found in plain], axis=-1), err_msg=name)
            for one, other in zip(arrays(run.state), arrays(state), strict=True):
                np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("learner", LEARNERS)
def test_the_old_state_stays_as_it_was(tmp_path, learner):
    game = read(tmp_path, game_trees.kuhn(), 2)
    old = learner.advance(game, learner.start(game), 3)
    kept = [array.copy() for array in arrays(old)]
    new = learner.advance(game, old, 2)
    for now, then in zip(arrays(old), kept, strict=True):
        np.testing.assert_array_equal(now, then)
    assert new.iteration == 5
    assert any((one != then).any() for one, then in zip(arrays(new), kept, strict=True))


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_game_alone_learns_the_bits_of_the_batch(tmp_path, learner):
    one = read(tmp_path, game_trees.kuhn(), 2)
    rng = np.random.default_rng(0)
    payoff = one.payoff + 0.1 * rng.normal(size=(5, *one.payoff.shape))
    batch = ExtensiveGame(one.players, one.sequences, payoff, one.chance)
    start = [np.stack([random_behaviour(rng, plex, zeros=0) + 1e-3 for _ in range(5)]) for plex in one.players]
    start = [plex.behaviour(plex.plan(part)) for plex, part in zip(one.players, start, strict=True)]
    together = learn_extensive(batch, learner, 30, initial=start)
    for k in range(5):
        game = ExtensiveGame(one.players, one.sequences, payoff[k], one.chance)
        alone = learn_extensive(game, learner, 30, initial=[part[k] for part in start])
        for name, found in alone.measures.items():
            np.testing.assert_array_equal(found, together.measures[name][k])
        for mine, all_ in zip(alone.average, together.average, strict=True):
            np.testing.assert_array_equal(mine, all_[k])


@pytest.mark.parametrize("learner", LEARNERS)
def test_units_do_not_matter(tmp_path, learner):
    game = read(tmp_path, game_trees.kuhn(), 2)
    other = ExtensiveGame(game.players, game.sequences, 2.0**40 * game.payoff, game.chance)
    one, same = (learn_extensive(of, learner, 25) for of in (game, other))
    for mine, theirs in zip(one.average, same.average, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(2.0**40 * one.measures["ne_gap"], same.measures["ne_gap"])


@pytest.mark.parametrize("learner", LEARNERS)
def test_before_the_first_iteration_the_output_is_the_start(tmp_path, learner):
    game = read(tmp_path, game_trees.kuhn(), 2)
    rng = np.random.default_rng(3)
    start = [plex.behaviour(plex.plan(random_behaviour(rng, plex, zeros=0) + 1e-3)) for plex in game.players]
    state = learner.start(game, start)
    for given, found in zip(start, learner.output(game, state), strict=True):
        np.testing.assert_array_equal(found, given)
    assert learner.measure(game, state).keys() == {"ne_gap", "last_ne_gap"}


def test_a_gap_that_is_no_number_is_an_error(tmp_path):
    class Broken(PredictiveCFR):
        def measure(self, game, state):
            return super().measure(game, state) | {"odd": np.array(np.nan if state.iteration > 2 else 1.0)}

    with pytest.raises(ArithmeticError, match="odd is not finite after 4 iterations"):
        learn_extensive(read(tmp_path, game_trees.kuhn(), 2), Broken(), 4, at=[2, 4])


def test_rates_of_a_batch_are_those_of_its_games(tmp_path):
    one = read(tmp_path, game_trees.kuhn(), 2)
    batch = ExtensiveGame(one.players, one.sequences, np.stack([one.payoff] * 2), one.chance)
    for make in (DilatedMirrorDescent, lambda rate: PredictiveCFR(learning_rate=rate)):
        together = learn_extensive(batch, make(np.array([0.5, 2.0])), 10)
        for k, rate in enumerate([0.5, 2.0]):
            alone = learn_extensive(one, make(rate), 10)
            np.testing.assert_array_equal(together.average[0][k], alone.average[0])


@pytest.mark.parametrize("learner", LEARNERS)
def test_nobody_has_anything_to_learn_where_nobody_moves(tmp_path, learner):
    run = learn_extensive(read(tmp_path, game_trees.draw_only(), 1), learner, 5)
    assert all((found == 0).all() for found in run.measures.values())
    assert run.average[0].tolist() == [1.0]


def test_the_mean_of_best_responses_is_a_start(tmp_path):
    game = read(tmp_path, game_trees.kuhn(), 2)
    solution = solve_constant_sum(game)
    targets = [best_responses(game, game.uniform()), solution.strategies]
    start = game.checked(mean_strategies(game, targets, alpha=0.1))
    for i, plex in enumerate(game.players):
        expected = 0.45 * (targets[0][i] + targets[1][i]) + 0.1 * plex.uniform()
        np.testing.assert_allclose(start[i], expected, atol=1e-15)
        assert (start[i] > 0).all()


@pytest.mark.parametrize("pieces", [[], [3, -2, 4], [0], [2, 0], [2.0], [True]])
def test_pieces_of_no_iterations_are_refused(tmp_path, pieces):
    game, learner = read(tmp_path, game_trees.kuhn(), 2), PredictiveCFR()
    with pytest.raises(ValueError, match="pieces: "):
        learner.advance_and_measure(game, learner.start(game), pieces)


def test_bad_arguments_are_refused(tmp_path):
    game = read(tmp_path, game_trees.kuhn(), 2)
    batch = ExtensiveGame(game.players, game.sequences, np.stack([game.payoff] * 3), game.chance)
    for make, words in [
        (lambda: learn_extensive("kuhn", PredictiveCFR(), 5), "takes an ExtensiveGame, got a str"),
        (lambda: learn_extensive(game, PredictiveCFR(), 0), "iterations must be an integer of at least 1"),
        (lambda: learn_extensive(game, PredictiveCFR(), 5, at=[3, 2, 5]), "must be integers that increase to 5"),
        (
            lambda: learn_extensive(game, PredictiveCFR("cubic"), 5),
            "must be one of uniform, linear, quadratic, got 'cub",
        ),
        (lambda: learn_extensive(game, PredictiveCFR(learning_rate=0.0), 5), "learning_rate must be above 0"),
        (lambda: learn_extensive(game, DilatedMirrorDescent(-1.0), 5), "learning_rate must be above 0"),
        (lambda: learn_extensive(batch, DilatedMirrorDescent(np.ones(2)), 5), r"axes \(3,\)\); got shape \(2,\)"),
        (lambda: learn_extensive(game, DilatedMirrorDescent(1.0, weights=[np.ones(6)]), 5), "an array for each player"),
        (
            lambda: learn_extensive(game, DilatedMirrorDescent(1.0, weights=[np.ones(6), np.zeros(6)]), 5),
            "weights of player 1 must be above 0, one for each of 6",
        ),
        (lambda: learn_extensive(game, PredictiveCFR(), 5, initial=game.uniform()[:1]), "2 in all; got 1"),
        (
            lambda: learn_extensive(
                game, PredictiveCFR(), 5, initial=[np.stack([part] * 2) for part in game.uniform()]
            ),
            r"must have leading axes \(\) as the game, or none; got shape \(2, 13\)",
        ),
        (lambda: mean_strategies(game, []), "at least one game"),
        (lambda: mean_strategies(game, [game.uniform()], alpha=1.5), r"alpha must lie in \[0, 1\], got 1\.5"),
    ]:
        with pytest.raises(ValueError, match=words):
            make()
