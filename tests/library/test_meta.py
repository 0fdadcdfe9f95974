"""Meta-updates: equation (5) in loops, and what each game starts from."""

import itertools
import math

import numpy as np
import oracles
import oracles_general
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import random_distributions, random_tables, seeds, storages

from metanash import (
    META_UPDATES,
    CorrelatedMirrorDescent,
    GameBatch,
    OptimisticMirrorDescent,
    ProjectedQAscent,
    learn,
    learn_sequence,
)
from metanash.families import general_sum_sequence, potential_sequence, zero_sum_sequence
from metanash.gaps import ne_gaps
from metanash.learners.schedules import stage_count
from metanash.meta import TARGETS, AverageTarget, best_response_target, last_stage_average_target

AVERAGES = tuple(TARGETS)


def traced_target(name, trace, player):
    """What a game recommends, [stage][h][s] -> distribution, from the trace of the listing."""
    output = (trace.mu, trace.nu)[player]
    return recommended(name, trace.stages, player, len(output), len(output[0]), lambda h, s: output[h][s])


def recommended(name, stages, player, steps, states, output):
    """Targets [stage][h][s] -> distribution, of Algorithm 1 or 2, from the stages of a listing."""
    # L_1 = H, L_2 = floor((1 + 1/H) L_1) and so on: the last stage may have run fewer
    lengths = [steps]
    for _ in stages[1:]:
        lengths.append(lengths[-1] + lengths[-1] // steps)
    full = [stage for stage, length in zip(stages, lengths, strict=True) if stage.iterations == length]

    def recommend(stage, h, s):
        return {
            "best_response": lambda: oracles.best_response_with_ties(stage.payoff(player, h, s), 1e-12),
            "shared_best_response": lambda: oracles.best_response_with_ties(payoff_of_all(stages, player, h, s), 1e-12),
            "stage_average": lambda: stage.average(player, h, s),
            "last_stage_average": lambda: full[-1].average(player, h, s),
            "output_policy": lambda: output(h, s),
        }[name]()

    return [[[recommend(stage, h, s) for s in range(states)] for h in range(steps)] for stage in stages]


def payoff_of_all(stages, player, h, s):
    """Mean payoff of each action over all iterations, by the estimates of each one's stage."""
    total = sum(stage.iterations for stage in stages)
    each = [[stage.iterations / total * p for p in stage.payoff(player, h, s)] for stage in stages]
    return [math.fsum(column) for column in zip(*each, strict=True)]


def traced_sequence(name, tables, eta, iterations, alpha):
    """Learn and update in loops; returns the initial policies of each game and its trace."""
    horizon, states, *actions = tables[0].reward.shape[1:]
    count = stage_count(iterations, horizon)
    initial = [[[[[1 / n] * n] * states] * horizon] * (count + 1) for n in actions]
    seen, starts, traces = [], [], []
    for game in tables:
        trace = oracles.algorithm_1(
            oracles.plain(game.reward[0]), oracles.plain(game.kernel), eta, iterations, *initial
        )
        starts.append(initial)
        traces.append(trace)
        seen.append([traced_target(name, trace, i) for i in (0, 1)])
        initial = [
            [
                [
                    [oracles.meta_update([target[i][tau][h][s] for target in seen], alpha) for s in range(states)]
                    for h in range(horizon)
                ]
                for tau in range(count)
            ]
            for i in (0, 1)
        ]
        for part in initial:  # the listing restarts after a stage that T ends, though nothing is played then
            part.append(part[-1])
    return starts, traces


@st.composite
def sequences(draw):
    horizon, states = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    actions = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(seeds))
    storage = draw(storages)
    return [
        random_tables(rng, "zero_sum", horizon, states, actions, storage=storage)
        for _ in range(draw(st.integers(1, 4)))
    ]


def ties_are_clear(traces):
    """No payoff is so near to the best that rounding decides whether it ties."""
    for trace in traces:
        for i, h, s in itertools.product((0, 1), range(len(trace.mu)), range(len(trace.mu[0]))):
            payoffs = [payoff_of_all(trace.stages, i, h, s), *(stage.payoff(i, h, s) for stage in trace.stages)]
            if any(1e-13 < max(payoff) - p < 1e-11 for payoff in payoffs for p in payoff):
                return False
    return True


def no_full_stage(name, games, learner, iterations):
    """Whether a target is asked for that the run does not have: then it is refused."""
    if name != "last_stage_average" or iterations >= games[0].horizon:
        return False
    words = f"no stage of this run is full: it ran {iterations} iterations, and the first stage has {games[0].horizon}"
    with pytest.raises(ValueError, match=words):
        learn_sequence(games, learner, META_UPDATES[name](len(games)), iterations)
    return True


@pytest.mark.parametrize("name", AVERAGES)
@settings(max_examples=40)
@given(tables=sequences(), eta=st.sampled_from([0.1, 1.0]), iterations=st.integers(1, 20))
def test_sequences_are_those_of_loops(name, tables, eta, iterations):
    """Initial policies of every stage and game follow equation (5), with alpha = 1 / sqrt(K)."""
    n_games = len(tables)
    alpha = 1 / math.sqrt(max(n_games, 2))
    games = [game.game() for game in tables]
    if no_full_stage(name, games, OptimisticMirrorDescent(eta), iterations):
        return
    starts, traces = traced_sequence(name, tables, eta, iterations, alpha)
    if not ties_are_clear(traces):
        return
    run = learn_sequence(games, OptimisticMirrorDescent(eta), META_UPDATES[name](n_games), iterations)
    assert run.ne_gap.shape[:2] == (1, n_games)
    for k, (one, trace) in enumerate(zip(run.runs, traces, strict=True)):
        for i in (0, 1):
            stages = OptimisticMirrorDescent(eta).stages(one.state)
            for tau, stage in enumerate(stages):
                np.testing.assert_allclose(stage.initial[i][0], starts[k][i][tau], atol=1e-9, rtol=0)
            np.testing.assert_allclose(one.policy[i][0], (trace.mu, trace.nu)[i], atol=1e-9, rtol=0)


@pytest.mark.parametrize("name", AVERAGES)
@pytest.mark.parametrize("iterations", [1, 5, 8, 9, 20, 24])
def test_runs_that_cut_a_stage_or_end_with_it(name, iterations):
    """With H = 2 stages end at 2, 5, 9, 15, 24: as many targets as stages are enough for the next game."""
    rng = np.random.default_rng(3)
    tables = [random_tables(rng, "zero_sum", 2, 2, (2, 3)) for _ in range(3)]
    games = [game.game() for game in tables]
    if no_full_stage(name, games, OptimisticMirrorDescent(0.3), iterations):
        return
    _, traces = traced_sequence(name, tables, 0.3, iterations, 1 / math.sqrt(3))
    run = learn_sequence(games, OptimisticMirrorDescent(0.3), META_UPDATES[name](3), iterations)
    for one, trace in zip(run.runs, traces, strict=True):
        np.testing.assert_allclose(one.policy[0][0], trace.mu, atol=1e-9, rtol=0)


def test_the_last_full_stage_is_the_one_that_was_not_cut():
    """H = 2, stages end at 2, 5, 9, 15, 24: after 15 iterations the fourth, after 14 the third, after 16 the fourth."""
    rng = np.random.default_rng(5)
    game = random_tables(rng, "zero_sum", 2, 2, (2, 3)).game()
    learner = OptimisticMirrorDescent(0.3)
    for iterations, full in ((2, 1), (4, 1), (5, 2), (14, 3), (15, 4), (16, 4), (23, 4), (24, 5)):
        run = learn(game, learner, iterations)
        average = learner.stages(run.state)[full - 1].average
        for got, wanted in zip(last_stage_average_target(learner, run), average, strict=True):
            np.testing.assert_array_equal(got, wanted[:, np.newaxis])


@pytest.mark.parametrize("name", ["shared_best_response", "last_stage_average", "output_policy"])
def test_shared_targets_are_the_same_for_every_stage(name):
    games = zero_sum_sequence("mixed", "shared", n_games=2, perturbation=0.1)
    learner = OptimisticMirrorDescent(0.3)
    run = learn_sequence(games, learner, META_UPDATES[name](2), 30).runs[1]
    first, *others = learner.stages(run.state)
    assert len(others) == 5
    assert abs(first.initial[0] - 0.5).max() > 0.01
    for stage in others:
        np.testing.assert_array_equal(stage.initial[0], first.initial[0])


def test_per_stage_targets_start_the_first_stage_uniform():
    """Q^1 = 0: all actions are tied best responses there, and no iterate of stage 1 leaves the uniform start."""
    games = zero_sum_sequence("pure", "first stage", n_games=3, perturbation=0.1, n_actions=(2, 3))
    learner = OptimisticMirrorDescent(0.3)
    for name in ("best_response", "stage_average"):
        run = learn_sequence(games, learner, META_UPDATES[name](3), 30, at=[1, 30])
        alone = learn_sequence(games, learner, META_UPDATES["individual"](3), 30, at=[1, 30])
        for one in run.runs:
            for policy in learner.stages(one.state)[0].initial:
                np.testing.assert_allclose(policy, 1 / policy.shape[-1], rtol=1e-15)
        np.testing.assert_allclose(run.ne_gap[..., 0], alone.ne_gap[..., 0], rtol=1e-14)
        assert not np.allclose(run.ne_gap[:, 1:, 1], alone.ne_gap[:, 1:, 1])


@pytest.mark.parametrize("name", AVERAGES)
@pytest.mark.parametrize("actions", [(2, 3), (2, 2, 2)])
def test_sequences_of_general_sum_games_are_those_of_loops(name, actions):
    """Theorem 6: equation (5) for each player; of a joint policy the other two take the players' parts."""
    iterations, n_games = 11, 3
    rng = np.random.default_rng(len(actions))
    tables = [random_tables(rng, "markov", 2, 2, actions) for _ in range(n_games)]
    count = stage_count(iterations, 2)
    initial = [[[[[1 / n] * n] * 2] * 2] * count for n in actions]
    seen, starts = [], []
    for game in tables:
        trace = oracles_general.algorithm_2(
            oracles.plain(game.reward), oracles.plain(game.kernel), 0.4, iterations, initial
        )
        starts.append(initial)
        seen.append([general_target(name, trace, i) for i in range(len(actions))])
        initial = [
            [[[oracles.meta_update([t[i][tau][h][s] for t in seen], 1 / math.sqrt(n_games)) for s in (0, 1)]
              for h in (0, 1)] for tau in range(count)]
            for i in range(len(actions))
        ]  # fmt: skip
    learner = CorrelatedMirrorDescent(0.4)
    run = learn_sequence([game.game() for game in tables], learner, META_UPDATES[name](n_games), iterations)
    for one, start in zip(run.runs, starts, strict=True):
        for tau, stage in enumerate(learner.stages(one.state)):
            for i in range(len(actions)):
                np.testing.assert_allclose(stage.initial[i][0], start[i][tau], atol=1e-9, rtol=0)


def general_target(name, trace, player):
    """[stage][h][s] -> distribution, from the trace of Algorithm 2."""
    total = sum(stage.iterations for stage in trace)

    def output(h, s):
        parts = [[stage.iterations / total * p for p in stage.average(player, h, s)] for stage in trace]
        return [sum(column) for column in zip(*parts, strict=True)]

    return recommended(name, trace, player, 2, 2, output)


def test_a_correlated_policy_cannot_be_carried_over():
    games = general_sum_sequence("random", "carry", n_games=2, perturbation=0.1)
    with pytest.raises(ValueError, match="initial policies must have axes"):
        learn_sequence(games, CorrelatedMirrorDescent(0.3), META_UPDATES["carry_over"](2), 5)


@pytest.mark.parametrize("name", sorted(META_UPDATES))
def test_the_first_game_starts_uniform(name):
    games = zero_sum_sequence("mixed", "first", n_games=2, perturbation=0.1)
    assert META_UPDATES[name](2).initial() is None
    if name != "carry_over":
        run = learn_sequence(games, OptimisticMirrorDescent(0.3), META_UPDATES[name](2), 20)
        np.testing.assert_array_equal(run.runs[0].ne_gap, learn(games[0], OptimisticMirrorDescent(0.3), 20).ne_gap)


def test_individual_learns_every_game_from_scratch():
    games = zero_sum_sequence("mixed", "alone", n_games=3, perturbation=0.3)
    run = learn_sequence(games, OptimisticMirrorDescent(0.3), META_UPDATES["individual"](3), 20)
    alone = learn(games, OptimisticMirrorDescent(0.3), 20)
    np.testing.assert_array_equal(run.ne_gap[0], alone.ne_gap)


def test_carry_over_starts_from_the_last_policies():
    """Learning games one after another with T iterations each is learning on, with the game changed under way."""
    games = potential_sequence("team", "carry", n_games=4, perturbation=0.2, n_actions=(2, 3))
    learner = ProjectedQAscent(0.01)
    run = learn_sequence(games, learner, META_UPDATES["carry_over"](4), 15)
    policy = None
    for k, game in enumerate(games):
        batch = GameBatch.of(game)
        state = learner.advance(batch, learner.start(batch, policy), 15)
        policy = learner.output(state)
        for got, expected in zip(run.runs[k].policy, policy, strict=True):
            np.testing.assert_array_equal(got, expected)
    assert run.ne_gap.shape[:2] == (1, 4)


def test_several_sequences_side_by_side_do_not_mix():
    sequences_ = [zero_sum_sequence("pure", seed, n_games=3, perturbation=0.2) for seed in range(4)]
    learner, update = OptimisticMirrorDescent(0.3), META_UPDATES["best_response"](3)
    together = learn_sequence(
        [GameBatch(games) for games in zip(*sequences_, strict=True)], learner, update, 30, at=[3, 30]
    )
    assert together.ne_gap.shape == (4, 3, 2)
    for k, games in enumerate(sequences_):
        alone = learn_sequence(games, learner, update, 30, at=[3, 30])
        np.testing.assert_array_equal(alone.ne_gap[0], together.ne_gap[k])


def test_similar_pure_games_are_learned_faster():
    """Identical games with pure equilibria, where best responses in hindsight are the equilibrium: the literal (5)
    helps most (checked independently of this package: about a quarter of the gap at T = 1000)."""
    games = zero_sum_sequence("pure", "help", n_games=9, perturbation=0.0)
    learner = OptimisticMirrorDescent(0.2)
    gap = {
        name: learn_sequence(games, learner, META_UPDATES[name](9), 1000, at=[1000]).ne_gap[0, 1:, -1].mean()
        for name in ("individual", "best_response")
    }
    assert gap["best_response"] < 0.6 * gap["individual"]


@given(seeds, st.integers(1, 5), st.sampled_from([0.1, 1 / 3, 0.9]))
def test_averages_of_distributions_are_distributions(seed, count, alpha):
    rng = np.random.default_rng(seed)
    targets = [tuple(random_distributions(rng, 2, 3, 1, 2, n) for n in (2, 3)) for _ in range(count)]
    update = AverageTarget(lambda learner, run: run, alpha)  # noqa: ARG005
    for target in targets:
        update = update.observe(None, target)
    for i, n in enumerate((2, 3)):
        got = update.initial()[i]
        np.testing.assert_allclose(got.sum(axis=-1), 1.0, atol=1e-15)
        assert got.min() >= alpha / n - 1e-15
        for place in np.ndindex(2, 3, 1, 2):
            expected = oracles.meta_update([target[i][place].tolist() for target in targets], alpha)
            np.testing.assert_allclose(got[place], expected, atol=1e-15)


def test_meta_updates_are_frozen():
    """What one more game teaches is in the new meta-update, not in the old."""
    target = (np.array([[[[[1.0, 0.0]]]]]), np.array([[[[[0.0, 1.0]]]]]))
    none = AverageTarget(lambda learner, run: run, 0.5)  # noqa: ARG005
    one = none.observe(None, target)
    before = [part.copy() for part in one.initial()]
    one.observe(None, target[::-1])
    assert none.initial() is None
    for got, expected in zip(one.initial(), before, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("n_games", [2, 4, 10])
def test_alpha_is_that_of_theorem_2(n_games):
    for name in AVERAGES:
        assert META_UPDATES[name](n_games).alpha == pytest.approx(1 / math.sqrt(n_games), rel=1e-15)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 2.0, math.nan])
def test_bad_alphas(alpha):
    with pytest.raises(ValueError, match=r"alpha must lie in \(0, 1\), got"):
        AverageTarget(best_response_target, alpha)


def test_best_responses_of_dropped_stages_are_not_made_up():
    """Without the stages there is nothing to average: an error, never the last stage in the place of all."""
    games = zero_sum_sequence("mixed", "dropped", n_games=2, perturbation=0.1)
    learner = OptimisticMirrorDescent(0.3, keep_stages=False)
    for name in set(AVERAGES) - {"output_policy"}:
        with pytest.raises(ValueError, match="not kept"):
            learn_sequence(games, learner, META_UPDATES[name](2), 20)
    learn_sequence(games, learner, META_UPDATES["output_policy"](2), 20)


def test_bad_sequences():
    with pytest.raises(ValueError, match="a sequence needs at least one game"):
        learn_sequence([], OptimisticMirrorDescent(0.3), META_UPDATES["individual"](1), 5)
    games = zero_sum_sequence("mixed", "first", n_games=2, perturbation=0.1)
    with pytest.raises(ValueError, match="iterations must be"):
        learn_sequence(games, OptimisticMirrorDescent(0.3), META_UPDATES["individual"](2), 0)


def test_each_game_of_a_sequence_has_a_probe_of_its_own():
    """The probe knows the games it looks at: the gaps that it works out are those that are measured."""
    games = zero_sum_sequence("mixed", 5, n_games=3, perturbation=0.2)
    learner, seen = OptimisticMirrorDescent(0.2), []

    def probe(batch):
        seen.append(batch.games)
        return lambda learner, state: {"gap": ne_gaps(batch, learner.output(state))}

    watched = learn_sequence(games, learner, "best_response", 50, probe=probe)
    plain = learn_sequence(games, learner, "best_response", 50)
    assert seen == [(game,) for game in games]
    for run in watched.runs:
        np.testing.assert_array_equal(run.probes["gap"], run.ne_gap)
    np.testing.assert_array_equal(watched.ne_gap, plain.ne_gap)
