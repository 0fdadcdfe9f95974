"""Algorithm 1 against its listing in loops, and what must hold of any run of it."""

import dataclasses
import itertools
import math

import numpy as np
import oracles
import pytest
from backends import BACKENDS, use
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import pure_starts, random_distributions, random_interior, random_tables, random_vertices, seeds, tables

import metanash
from metanash import CorrelatedMirrorDescent, GameBatch, OptimisticMirrorDescent, exact, gaps, learn
from metanash.families import zero_sum_sequence
from metanash.learners.schedules import next_stage_length, stage_count
from metanash.learners.stages import FinishedStages

TOLERANCE = 1e-10
"""A run of 45 iterations at eta Q <= 3: errors of 1e-16 have grown to 1e-12 in the worst of many thousand runs."""


def sizes(game):
    return game.horizon, game.n_states, *game.actions


@st.composite
def algorithm_1_cases(draw):
    """Tables, learning rate, iterations and initial policies (stage, h, s, action)."""
    game = draw(tables("zero_sum", max_actions=4, max_choices=10**9))
    eta = draw(st.sampled_from([0.05, 0.3, 1.0]))
    iterations = draw(st.integers(1, 45))
    make = draw(st.sampled_from([random_distributions, random_interior, random_vertices]))
    rng = np.random.default_rng(draw(seeds))
    horizon, states, *actions = sizes(game)
    stages = 1 if draw(st.booleans()) else stage_count(iterations, horizon) + 1
    tilde = tuple(make(rng, stages, horizon, states, n) for n in actions)
    return game, eta, iterations, tilde


def traced(game, eta, iterations, tilde):
    tables_of = oracles.plain
    return oracles.algorithm_1(
        tables_of(game.reward[0]), tables_of(game.kernel), eta, iterations, *(tables_of(part) for part in tilde)
    )


def trained(game, eta, iterations, tilde):
    """Learner, batch and state after a run on one game."""
    learner, batch = OptimisticMirrorDescent(eta), GameBatch.of(game.game())
    start = learner.start(batch, None if tilde is None else tuple(part[np.newaxis] for part in tilde))
    return learner, batch, learner.advance(batch, start, iterations)


@pure_starts
@settings(max_examples=200)
@given(algorithm_1_cases())
def test_output_and_stages_are_those_of_the_listing(case):
    game, eta, iterations, tilde = case
    trace = traced(*case)
    learner, _, state = trained(game, eta, iterations, tilde)
    for got, expected in zip(learner.output(state), (trace.mu, trace.nu), strict=True):
        np.testing.assert_allclose(got[0], expected, atol=TOLERANCE, rtol=0)
    stages = learner.stages(state)
    assert [(s.index, s.iterations) for s in stages] == [(s.index, s.iterations) for s in trace.stages]
    assert sum(stage.iterations for stage in stages) == iterations == state.iteration
    for stage, expected in zip(stages, trace.stages, strict=True):
        np.testing.assert_allclose(stage.q[0], expected.q, atol=TOLERANCE, rtol=0)
        for i in (0, 1):
            initial = tilde[i][min(stage.index, len(tilde[i])) - 1]
            np.testing.assert_array_equal(stage.initial[i][0], initial)
        for h, s in np.ndindex(game.horizon, game.n_states):
            assert_statistics(stage, expected, h, s)


def assert_statistics(stage, expected, h, s):
    """One step and state of a stage of the library against the trace."""
    assert stage.value[0, h, s] == pytest.approx(expected.value(h, s), abs=TOLERANCE)
    for i in (0, 1):
        payoff = expected.payoff(i, h, s)
        assert stage.average[i][0, h, s] == pytest.approx(expected.average(i, h, s), abs=TOLERANCE)
        assert stage.payoff[i][0, h, s] == pytest.approx(payoff, abs=TOLERANCE)
        assert stage.regret(i)[0, h, s] == pytest.approx(expected.regret(i, h, s), abs=TOLERANCE)
        distance = sorted(max(payoff) - p for p in payoff)
        if any(1e-13 < d < 1e-11 for d in distance):
            continue  # tied or not: a matter of rounding
        best = oracles.best_response_with_ties(payoff, 1e-12)
        assert stage.best_response(i)[0, h, s].tolist() == best
        initial = stage.initial[i][0, h, s].tolist()
        assert stage.kl_to_initial(i)[0, h, s] == pytest.approx(oracles.kl(best, initial), abs=1e-12)


def test_ties_are_split_among_twin_actions():
    """Actions 0 and 2 of each player are the same and best; Q^1 = 0 ties all."""
    reward = np.zeros((1, 1, 3, 3))
    reward[0, 0] = 0.25 + np.array([[0.25, 0.75, 0.25], [0.125, 0.5, 0.125], [0.25, 0.75, 0.25]]) / 2
    game = metanash.ZeroSumGame(reward, metanash.Transition.shared(np.ones((1, 3, 3, 1))))
    learner = OptimisticMirrorDescent(0.1)
    first, *later = learner.stages(learn(game, learner, 7).state)
    third = np.full(3, 1 / 3)
    for i in (0, 1):
        np.testing.assert_array_equal(first.best_response(i)[0, 0, 0], third)
        assert first.kl_to_initial(i)[0, 0, 0] == 0.0
        for stage in later:
            np.testing.assert_array_equal(stage.best_response(i)[0, 0, 0], [0.5, 0.0, 0.5])
            assert stage.kl_to_initial(i)[0, 0, 0] == pytest.approx(math.log(3 / 2), abs=1e-12)


def test_ties_are_split_although_sums_are_rounded():
    """A Latin square, from uniform: all actions tie, but 0.1 + 0.2 + 0.3 is not 0.3 + 0.1 + 0.2 in floats."""
    reward = np.array([[0.1, 0.2, 0.3], [0.3, 0.1, 0.2], [0.2, 0.3, 0.1]])[np.newaxis, np.newaxis]
    game = metanash.ZeroSumGame(reward, metanash.Transition.shared(np.ones((1, 3, 3, 1))))
    learner = OptimisticMirrorDescent(0.1)
    stages = learner.stages(learn(game, learner, 31).state)
    assert any(np.ptp(stage.payoff[i]) > 0 for stage in stages for i in (0, 1))
    for stage in stages:
        for i in (0, 1):
            np.testing.assert_array_equal(stage.best_response(i)[0, 0, 0], np.full(3, 1 / 3))


@pure_starts
def test_divergence_from_an_initial_policy_without_the_best_action_is_infinite():
    reward = np.array([[1.0, 1.0], [0.0, 0.0]])[np.newaxis, np.newaxis]
    game = metanash.ZeroSumGame(reward, metanash.Transition.shared(np.ones((1, 2, 2, 1))))
    learner = OptimisticMirrorDescent(0.1)
    tilde = np.array([0.0, 1.0]).reshape(1, 1, 1, 1, 2), np.array([0.5, 0.5]).reshape(1, 1, 1, 1, 2)
    run = learn(game, learner, 3, initial=tilde)
    np.testing.assert_array_equal(run.policy[0][0, 0, 0], [0.0, 1.0])  # what has probability 0 stays there
    assert learner.stages(run.state)[-1].kl_to_initial(0)[0, 0, 0] == math.inf
    assert run.ne_gap[0, -1] == 1.0


# Stages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("horizon", "lengths"),
    [(1, [1, 2, 4, 8, 16]), (2, [2, 3, 4, 6, 9, 13, 19]), (3, [3, 4, 5, 6, 8, 10, 13]), (5, [5, 6, 7, 8, 9, 10, 12])],
)
def test_stage_lengths(horizon, lengths):
    """By hand: L_1 = H, then floor((1 + 1/H) L)."""
    for length, following in itertools.pairwise(lengths):
        assert next_stage_length(length, horizon) == following
    covered = 0
    for count, length in enumerate(lengths, start=1):
        assert stage_count(covered + 1, horizon) == count
        covered += length
        assert stage_count(covered, horizon) == count


def test_stage_lengths_are_exact_where_floats_are_not():
    length = 3 * 10**17 + 1
    assert next_stage_length(length, 3) == 4 * 10**17 + 1


@given(st.integers(1, 400), st.integers(1, 6))
def test_stage_count_is_the_number_of_stages_that_begin(iterations, horizon):
    covered, length, count = 0, horizon, 0
    for _ in range(iterations):
        if covered == 0:
            count += 1
        covered += 1
        if covered >= length:
            covered, length = 0, length + length // horizon
    assert stage_count(iterations, horizon) == count


def test_first_estimates_are_zero_and_last_step_is_exact_from_the_second_stage():
    game = random_tables(np.random.default_rng(4), "zero_sum", 3, 2, (2, 3))
    learner, _, state = trained(game, 0.3, 20, None)
    first, *later = learner.stages(state)
    assert (first.q == 0.0).all()
    assert (first.value == 0.0).all()
    for stage in later:
        np.testing.assert_array_equal(stage.q[0, -1], game.reward[0, -1])


# Any time, any cut, any batch ---------------------------------------------------------------------------


def arrays_of(state):
    """All numbers of a learner's state, by name."""
    found = {}
    for field in dataclasses.fields(state):
        value = getattr(state, field.name)
        if field.name == "stages":
            for k, stage in enumerate(value):
                found |= {f"stages[{k}].{name}": array for name, array in arrays_of(stage).items()}
        elif isinstance(value, tuple | FinishedStages):
            found |= {f"{field.name}[{k}]": array for k, array in enumerate(value)}
        else:
            found[field.name] = value
    return found


def assert_same_bits(one, other):
    first, second = arrays_of(one), arrays_of(other)
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


def test_output_at_any_time_is_that_of_a_fresh_run():
    """The schedule does not depend on T: stages of H = 2 end at 2, 5, 9, 15, 24."""
    game = random_tables(np.random.default_rng(1), "zero_sum", 2, 3, (3, 2))
    tilde = tuple(random_interior(np.random.default_rng(2), 9, *game.policy_shape(i)) for i in (0, 1))
    learner, batch, state = trained(game, 0.4, 0, tilde)
    for t in range(1, 31):
        state = learner.advance(batch, state, 1)
        fresh = trained(game, 0.4, t, tilde)[2]
        assert_same_bits(state, fresh)
        trace = traced(game, 0.4, t, tilde)
        for got, expected in zip(learner.output(state), (trace.mu, trace.nu), strict=True):
            np.testing.assert_allclose(got[0], expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("horizon", "actions"), [(1, (2, 2)), (1, (3, 4)), (2, (2, 2)), (2, (3, 2))])
def test_a_run_cut_anywhere_gives_the_bits_of_the_whole(module, horizon, actions, monkeypatch):
    """With H = 1 stages end at 1023, 2047, 4095, and sums begin a new chunk 1024 iterations after that."""
    use(monkeypatch, module)
    iterations = 3200
    game = random_tables(np.random.default_rng(5), "zero_sum", horizon, 2, actions)
    learner, batch, start = trained(game, 0.1, 0, None)
    whole = learner.advance(batch, start, iterations)
    around = [1, 2, 3, 1022, 1023, 1024, 2046, 2047, 2048, 3070, 3071, 3072, 3199]
    for cuts in [around, [1023], [3071], [17, 2047, 3000], [0, 1500, 1500]]:
        state, done = start, 0
        for t in [*cuts, iterations]:
            state, done = learner.advance(batch, state, t - done), t
        assert_same_bits(state, whole)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(
    ("horizon", "states", "actions"), [(1, 1, (2, 2)), (1, 1, (4, 5)), (2, 3, (3, 2)), (3, 1, (2, 2))]
)
def test_a_game_alone_learns_the_bits_of_the_batch(module, horizon, states, actions, monkeypatch):
    use(monkeypatch, module)
    rng = np.random.default_rng([horizon, states])
    games = [random_tables(rng, "zero_sum", horizon, states, actions).game() for _ in range(5)]
    games.append(metanash.ZeroSumGame(games[0].reward, games[1].transition))
    rates = np.array([0.1, 0.2, 0.3, 0.1, 0.2, 0.05])
    together = learn(games, OptimisticMirrorDescent(rates), 40)
    for k, game in enumerate(games):
        alone = learn(game, OptimisticMirrorDescent(rates[k]), 40)
        np.testing.assert_array_equal(alone.ne_gap[0], together.ne_gap[k])
        for one, all_ in zip(alone.policy, together.policy, strict=True):
            np.testing.assert_array_equal(one[0], all_[k])
        for one, all_ in zip(alone.state.stages, together.state.stages, strict=True):
            np.testing.assert_array_equal(one.q[0], all_.q[k])
            np.testing.assert_array_equal(one.value[0], all_.value[k])


@pytest.mark.parametrize("numbers", [1, 100, 10**6])
@pytest.mark.parametrize("kind", [OptimisticMirrorDescent, CorrelatedMirrorDescent])
@pytest.mark.parametrize("actions", [(2, 2), (3, 2), (9, 1)])
def test_stages_that_are_looked_at_together_are_those_that_are_looked_at_alone(kind, actions, numbers, monkeypatch):
    monkeypatch.setattr(metanash.learners.stages, "_TOGETHER", numbers)  # 100: two stages or three at a time
    family = "zero_sum" if kind is OptimisticMirrorDescent else "markov"
    games = [random_tables(np.random.default_rng(k), family, 2, 1, actions).game() for k in range(3)]
    learner = kind(0.1)
    state = learn(games, learner, 40, at=[9, 40]).state  # stages of two calls of the kernel
    together = list(state.stages)
    assert [stage.index for stage in together] == list(range(1, len(together) + 1))
    assert len(together) > 5
    for k, stage in enumerate(together):
        assert_same_bits(stage, state.stages[k])
    for some in (slice(2, -1), slice(None, None, 2), slice(1, -1, 3), slice(None, None, -1), slice(5, 0, -2)):
        for stage, of_slice in zip(together[some], state.stages[some], strict=True):
            assert_same_bits(stage, of_slice)


@given(seeds, st.integers(1, 3), st.integers(1, 3))
def test_how_transitions_are_stored_does_not_matter(seed, horizon, states):
    game = random_tables(np.random.default_rng(seed), "zero_sum", horizon, states, (2, 3), storage="shared")
    outputs = []
    for storage in ("per_step", "shared", "sparse", "sparse_shared"):
        learner, _, state = trained(dataclasses.replace(game, storage=storage), 0.5, 25, None)
        outputs.append(learner.output(state))
    for other in outputs[1:]:
        for got, expected in zip(other, outputs[0], strict=True):
            np.testing.assert_allclose(got, expected, atol=1e-12, rtol=0)


def test_advancing_leaves_the_old_state_as_it_was():
    game = random_tables(np.random.default_rng(6), "zero_sum", 2, 2, (2, 3))
    learner, batch, state = trained(game, 0.3, 7, None)
    before = {name: np.copy(array) for name, array in arrays_of(state).items()}
    learner.advance(batch, state, 30)
    for name, array in arrays_of(state).items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


def test_without_kept_stages_the_policies_are_the_same():
    game = random_tables(np.random.default_rng(6), "zero_sum", 2, 2, (2, 3)).game()
    kept = learn(game, OptimisticMirrorDescent(0.3), 30)
    dropped = learn(game, OptimisticMirrorDescent(0.3, keep_stages=False), 30)
    assert len(kept.state.stages) == 5
    assert len(dropped.state.stages) == 0
    for one, other in zip(kept.policy, dropped.policy, strict=True):
        np.testing.assert_array_equal(one, other)


# Initial policies ---------------------------------------------------------------------------------------


def test_default_start_is_uniform():
    game = random_tables(np.random.default_rng(6), "zero_sum", 2, 2, (2, 3))
    uniform = tuple(np.full((1, 1, *game.policy_shape(i)), 1 / n) for i, n in enumerate(game.actions))
    default = learn(game.game(), OptimisticMirrorDescent(0.3), 12)
    given_ = learn(game.game(), OptimisticMirrorDescent(0.3), 12, initial=uniform)
    assert_same_bits(default.state, given_.state)
    learner = OptimisticMirrorDescent(0.3)
    for got, expected in zip(learner.output(learner.start(GameBatch.of(game.game()))), uniform, strict=True):
        np.testing.assert_array_equal(got, expected[0])


def test_initial_policies_with_one_game_or_stage_stand_for_all():
    rng = np.random.default_rng(6)
    games = [random_tables(rng, "zero_sum", 2, 2, (2, 3)).game() for _ in range(3)]
    short = tuple(random_interior(rng, 1, 1, 2, 2, n) for n in (2, 3))
    long = tuple(np.broadcast_to(part, (3, 6, *part.shape[2:])) for part in short)
    runs = [learn(games, OptimisticMirrorDescent(0.3), 30, initial=initial) for initial in (short, long)]
    for one, other in zip(runs[0].policy, runs[1].policy, strict=True):
        np.testing.assert_array_equal(one, other)


def test_initial_policies_of_each_game_are_its_own():
    rng = np.random.default_rng(6)
    games = [random_tables(rng, "zero_sum", 2, 2, (2, 3)).game() for _ in range(3)]
    initial = tuple(random_interior(rng, 3, 6, 2, 2, n) for n in (2, 3))
    together = learn(games, OptimisticMirrorDescent(0.3), 30, initial=initial)
    for k, game in enumerate(games):
        alone = learn(game, OptimisticMirrorDescent(0.3), 30, initial=tuple(part[k : k + 1] for part in initial))
        np.testing.assert_array_equal(alone.ne_gap[0], together.ne_gap[k])


@pytest.mark.parametrize("iterations", [1, 2, 3, 4, 5, 9, 10, 15, 24])
def test_as_many_initial_policies_as_stages_are_enough(iterations):
    """A run of T iterations has stage_count(T) stages; the last may end exactly at T."""
    game = random_tables(np.random.default_rng(6), "zero_sum", 2, 2, (2, 3))
    enough = stage_count(iterations, 2)
    initial = tuple(random_interior(np.random.default_rng(7), 1, enough, *game.policy_shape(i)) for i in (0, 1))
    run = learn(game.game(), OptimisticMirrorDescent(0.3), iterations, initial=initial)
    trace = traced(game, 0.3, iterations, tuple(np.concatenate([part[0], part[0][:1]]) for part in initial))
    for got, expected in zip(run.policy, (trace.mu, trace.nu), strict=True):
        np.testing.assert_allclose(got[0], expected, atol=TOLERANCE, rtol=0)


def test_too_few_initial_policies_are_an_error():
    game = random_tables(np.random.default_rng(6), "zero_sum", 2, 2, (2, 3))
    initial = tuple(random_interior(np.random.default_rng(7), 1, 3, *game.policy_shape(i)) for i in (0, 1))
    with pytest.raises(ValueError, match=r"given for 3 stages, the run begins stage 4"):
        learn(game.game(), OptimisticMirrorDescent(0.3), 10, initial=initial)


# Convergence --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pure", "mixed"])
def test_outputs_approach_equilibrium(kind):
    """The gap falls, and the value of the output is as near to the value of the game as the gap says."""
    games = zero_sum_sequence(kind, "approach", n_games=4, perturbation=0.1, horizon=2, n_states=2, n_actions=(3, 3))
    run = learn(games, OptimisticMirrorDescent(0.2), 100_000, at=[100, 1000, 10_000, 100_000])
    assert (np.diff(run.ne_gap, axis=1) < 0).all()
    assert (run.ne_gap[:, -1] < 1e-2).all()
    batch = GameBatch.of(games)
    reached = gaps.values(batch, run.policy, 0)[:, 0]
    for k, game in enumerate(games):
        solution = exact.shapley(game)
        off = abs(game.initial @ (reached[k] - solution.value[0]))
        assert off <= run.ne_gap[k, -1]
        last = run.state.stages[-1]
        np.testing.assert_allclose(last.q[k], solution.q, atol=2e-2)


# Errors -------------------------------------------------------------------------------------------------


def test_only_zero_sum_games():
    game = random_tables(np.random.default_rng(6), "markov", 2, 2, (2, 3)).game()
    with pytest.raises(ValueError, match="OptimisticMirrorDescent takes games of class ZeroSumGame, got a MarkovGame"):
        learn(game, OptimisticMirrorDescent(0.1), 5)


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (0.0, r"learning_rate must be above 0, got 0"),
        (-1.0, r"learning_rate must be above 0, got -1"),
        (math.nan, "learning_rate must be finite"),
        (math.inf, "learning_rate must be finite"),
        (np.array([0.1, 0.0]), r"learning_rate must be above 0; at index \(1,\) it is 0"),
        (np.array([0.1, 0.1, 0.1]), r"one number or one per game \(2\), got shape \(3,\)"),
        ("fast", "learning_rate must hold real numbers"),
    ],
)
def test_bad_learning_rates(rate, message):
    rng = np.random.default_rng(6)
    games = [random_tables(rng, "zero_sum", 1, 1, (2, 2)).game() for _ in range(2)]
    with pytest.raises(ValueError, match=message):
        learn(games, OptimisticMirrorDescent(rate), 5)


@pytest.mark.parametrize(
    ("initial", "message"),
    [
        ((np.full((2, 2, 2), 0.5), np.full((2, 2, 3), 1 / 3)), "axes"),
        ((np.full((1, 1, 2, 2, 2), 0.5), np.full((1, 2, 2, 2, 3), 1 / 3)), "as many stages for all players"),
        ((np.full((1, 1, 2, 2, 2), 0.5), np.full((1, 1, 2, 2, 2), 0.5)), r"player 1 must have shape \(1, 1, 2, 2, 3\)"),
        ((np.full((2, 1, 2, 2, 2), 0.5), np.full((1, 1, 2, 2, 3), 1 / 3)), r"player 0 must have shape"),
        ((np.full((1, 1, 2, 2, 2), 0.5),), "one array per player"),
        ((np.full((1, 1, 2, 2, 2), 0.4), np.full((1, 1, 2, 2, 3), 1 / 3)), r"player 0 rows .* mass is 0\.8"),
        (
            (np.full((1, 1, 2, 2, 2), 0.5), np.tile([1.5, -0.5, 0.0], (1, 1, 2, 2, 1))),
            r"player 1 rows .*\(0, 0, 0, 0\) entry 1 is -0\.5",
        ),
        ((np.full((1, 1, 2, 2, 2), math.nan), np.full((1, 1, 2, 2, 3), 1 / 3)), r"player 0 rows .* entry 0 is nan"),
    ],
)
def test_bad_initial_policies(initial, message):
    game = random_tables(np.random.default_rng(6), "zero_sum", 2, 2, (2, 3)).game()
    with pytest.raises(ValueError, match=message):
        learn(game, OptimisticMirrorDescent(0.1), 5, initial=initial)


def test_iterations_must_be_a_count():
    learner, batch, state = trained(random_tables(np.random.default_rng(6), "zero_sum", 2, 2, (2, 3)), 0.1, 3, None)
    for bad in (-1, 1.5, True):
        with pytest.raises(ValueError, match="iterations must be an integer of at least 0"):
            learner.advance(batch, state, bad)
    assert_same_bits(learner.advance(batch, state, 0), state)
