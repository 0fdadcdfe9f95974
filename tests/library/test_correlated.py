"""Algorithm 2 against a listing in loops; its output, values and gaps by enumeration, linear programs, simulation."""

import dataclasses
import itertools
import math

import efg
import numpy as np
import oracles
import oracles_general
import pytest
from backends import BACKENDS, use
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from strategies import pure_starts, random_distributions, random_interior, random_tables, random_vertices, seeds, tables

from metanash import CorrelatedMirrorDescent, GameBatch, MarkovGame, OptimisticMirrorDescent, Transition, learn
from metanash.correlated import CorrelatedPolicy, cce_gains, cce_gap_bounds, cce_gaps, marginals
from metanash.families import general_sum_sequence, zero_sum_sequence
from metanash.learners.schedules import stage_count
from metanash.learners.stages import FinishedStages

TOLERANCE = 1e-10
"""As for Algorithm 1: at most 30 iterations at eta Q <= 3."""


@st.composite
def algorithm_2_cases(draw, max_choices=10**9, max_iterations=30, **limits):
    """Tables, learning rate, iterations and initial policies (stage, h, s, action)."""
    game = draw(tables("markov", max_choices=max_choices, **limits))
    eta, iterations = draw(st.sampled_from([0.05, 0.3, 1.0])), draw(st.integers(1, max_iterations))
    make = draw(st.sampled_from([random_distributions, random_interior, random_vertices]))
    rng = np.random.default_rng(draw(seeds))
    stages = 1 if draw(st.booleans()) else stage_count(iterations, game.horizon) + 1
    tilde = tuple(make(rng, stages, game.horizon, game.n_states, n) for n in game.actions)
    return game, eta, iterations, tilde


def traced(game, eta, iterations, tilde):
    """Stages of the listing."""
    plain = oracles.plain
    return oracles_general.algorithm_2(
        plain(game.reward), plain(game.kernel), eta, iterations, [plain(part) for part in tilde]
    )


def trained(game, eta, iterations, tilde, **options):
    learner, batch = CorrelatedMirrorDescent(eta, **options), GameBatch.of(game.game())
    start = learner.start(batch, None if tilde is None else tuple(part[np.newaxis] for part in tilde))
    return learner, batch, learner.advance(batch, start, iterations)


# The algorithm ------------------------------------------------------------------------------------------


@pure_starts
@settings(max_examples=120)
@given(algorithm_2_cases())
def test_stages_are_those_of_the_listing(case):
    game, _, iterations, tilde = case
    trace = traced(*case)
    learner, _, state = trained(*case)
    stages = learner.stages(state)
    assert [(s.index, s.iterations) for s in stages] == [(s.index, s.iterations) for s in trace]
    assert sum(stage.iterations for stage in stages) == iterations == state.iteration
    for stage, expected in zip(stages, trace, strict=True):
        np.testing.assert_allclose(stage.q[0], expected.q, atol=TOLERANCE, rtol=0)
        for h, s in np.ndindex(game.horizon, game.n_states):
            for action in oracles_general.all_joint(game.actions):
                got = stage.joint[(0, h, s, *action)]
                assert got == pytest.approx(expected.joint(h, s, action), abs=TOLERANCE)
            for i in range(game.n_players):
                initial = tilde[i][min(stage.index, len(tilde[i])) - 1]
                np.testing.assert_array_equal(stage.initial[i][0], initial)
                assert_statistics(stage, expected, i, h, s)
    for i, got in enumerate(learner.average(state)):
        for h, s in np.ndindex(game.horizon, game.n_states):
            parts = [np.array(stage.average(i, h, s)) * stage.iterations for stage in trace]
            np.testing.assert_allclose(got[0, h, s], np.sum(parts, axis=0) / iterations, atol=TOLERANCE, rtol=0)


def assert_statistics(stage, expected, i, h, s):
    payoff = expected.payoff(i, h, s)
    assert stage.average[i][0, h, s] == pytest.approx(expected.average(i, h, s), abs=TOLERANCE)
    assert stage.payoff[i][0, h, s] == pytest.approx(payoff, abs=TOLERANCE)
    assert stage.value[0, i, h, s] == pytest.approx(expected.value(i, h, s), abs=TOLERANCE)
    assert stage.regret(i)[0, h, s] == pytest.approx(expected.regret(i, h, s), abs=TOLERANCE)
    if any(1e-13 < max(payoff) - p < 1e-11 for p in payoff):
        return  # tied or not: a matter of rounding
    best = oracles.best_response_with_ties(payoff, 1e-12)
    assert stage.best_response(i)[0, h, s].tolist() == best
    initial = stage.initial[i][0, h, s].tolist()
    assert stage.kl_to_initial(i)[0, h, s] == pytest.approx(oracles.kl(best, initial), abs=1e-12)


@given(seeds, st.integers(1, 3), st.integers(1, 3), st.sampled_from([(2, 2), (2, 3), (1, 3), (3, 4)]))
def test_a_zero_sum_game_is_learned_as_by_algorithm_1(seed, horizon, states, actions):
    game = random_tables(np.random.default_rng(seed), "zero_sum", horizon, states, actions).game()
    general = MarkovGame.from_zero_sum(game)
    np.testing.assert_array_equal(general.reward.sum(axis=0), 1.0)
    rng = np.random.default_rng(seed)
    tilde = tuple(random_interior(rng, 1, stage_count(60, horizon), horizon, states, n) for n in actions)
    one = learn(game, OptimisticMirrorDescent(0.3), 60, initial=tilde)
    other = learn(general, CorrelatedMirrorDescent(0.3), 60, initial=tilde)
    first = CorrelatedMirrorDescent(0.3).stages(other.state)
    for stage, expected in zip(first, OptimisticMirrorDescent(0.3).stages(one.state), strict=True):
        np.testing.assert_allclose(stage.q[:, 0], expected.q, atol=1e-11, rtol=0)
        for i in (0, 1):
            np.testing.assert_allclose(stage.average[i], expected.average[i], atol=1e-11, rtol=0)
            np.testing.assert_allclose(stage.regret(i), expected.regret(i), atol=1e-11, rtol=0)
    for got, expected in zip(other.state.iterate, one.state.iterate, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-11, rtol=0)
    for got, expected in zip(CorrelatedMirrorDescent(0.3).average(other.state), one.policy, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-11, rtol=0)


# The output ---------------------------------------------------------------------------------------------


@pure_starts
@settings(max_examples=80)
@given(algorithm_2_cases(max_choices=64, max_iterations=16))
def test_values_and_gap_are_those_of_iterations_drawn(case):
    """The oracle plays iterates, not averages, and tries every deterministic deviation."""
    game, *_, tilde = case
    trace = traced(*case)
    learner, batch, state = trained(*case)
    output = learner.output(state)
    assert output.iterations == tuple(stage.iterations for stage in trace)
    numbers = [oracles.plain(x) for x in (game.reward, game.kernel, game.initial)]
    start = [oracles.plain(part) for part in tilde]
    gains = []
    for i in range(game.n_players):
        followed, deviated = oracles_general.output_values(*numbers, trace, start, i)
        assert output.values(batch)[0, i] == pytest.approx(followed, abs=TOLERANCE)
        assert output.deviation_values(batch)[0, i] == pytest.approx(deviated, abs=TOLERANCE)
        gains.append(deviated - followed)
        unaware = oracles_general.markov_deviation(*numbers, trace, start, i)
        assert unaware <= deviated + 1e-12
        if game.horizon == 1:
            gains[-1] = (gains[-1], unaware - followed)
    measured = learner.measure(batch, state)
    bound = max(gain[0] if game.horizon == 1 else gain for gain in gains)
    assert measured["cce_gap_bound"][0] == pytest.approx(bound, abs=TOLERANCE)
    assert cce_gap_bounds(batch, output)[0] == pytest.approx(bound, abs=TOLERANCE)
    assert ("cce_gap" in measured) == (game.horizon == 1)
    if game.horizon == 1:
        exact = max(gain[1] for gain in gains)
        assert measured["cce_gap"][0] == pytest.approx(exact, abs=TOLERANCE)
        assert cce_gaps(batch, output)[0] <= cce_gap_bounds(batch, output)[0] + 1e-12


def test_a_deviator_who_only_remembers_gains_less_than_one_who_is_told():
    """H = 2, one state: all deviations that depend on the joint action seen at step 1, in closed form."""
    game = random_tables(np.random.default_rng(3), "markov", 2, 1, (2, 2))
    learner, batch, state = trained(game, 0.5, 25, None)
    output = learner.output(state)
    shares = np.array(output.iterations) / 25
    tables_ = [[output.joint(tau, h)[0, 0] for h in (0, 1)] for tau in range(1, len(shares) + 1)]
    for i in (0, 1):
        reward = np.moveaxis(game.reward[i, :, 0], 1 + i, 1)  # own action first
        others = [[np.moveaxis(joint, i, 0).sum(axis=0) for joint in pair] for pair in tables_]
        best = -math.inf
        for own in (0, 1):
            first = sum(w * (pair[0] @ reward[0, own]) for w, pair in zip(shares, others, strict=True))
            # given what the other did, stages weigh by how likely they made it do that
            second = sum(
                (reward[1] @ sum(w * pair[0][seen] * pair[1] for w, pair in zip(shares, others, strict=True))).max()
                for seen in (0, 1)
            )
            best = max(best, first + second)
        told = output.deviation_values(batch)[0, i]
        unaware = oracles_general.markov_deviation(
            *(oracles.plain(x) for x in (game.reward, game.kernel, game.initial)),
            traced(game, 0.5, 25, [np.full((1, 2, 1, 2), 0.5)] * 2), [[[[[0.5, 0.5]]] * 2]] * 2, i,
        )  # fmt: skip
        assert unaware - 1e-12 <= best <= told + 1e-12
        assert cce_gains(batch, output)[0, i] == pytest.approx(best - output.values(batch)[0, i], abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("horizon", "states", "actions", "iterations"),
    [(1, 2, (2, 3), 11), (1, 1, (2, 2, 2), 7), (2, 1, (2, 2), 9), (2, 2, (2, 2), 5), (3, 1, (2, 2), 5)],
)
def test_openspiel_finds_the_same_values_and_gaps(seed, horizon, states, actions, iterations):
    """OpenSpiel is given every sequence of iterations that may be drawn, as product policies with probabilities.

    Its deviator remembers but is not told tau: its CCE-gap is ours for every H, and at most our bound.
    """
    rng = np.random.default_rng([seed, horizon])
    game = random_tables(rng, "markov", horizon, states, actions)
    tilde = tuple(random_interior(rng, 1, horizon, states, n) for n in actions)
    trace = traced(game, 1.0, iterations, tilde)
    learner, batch, state = trained(game, 1.0, iterations, tilde)
    device = []
    for stage in trace:
        plays = oracles_general.stage_play(trace, [oracles.plain(part) for part in tilde], stage.index)
        for drawn in itertools.product(*plays):  # [h][player][s]
            policies = [[drawn[h][i] for h in range(horizon)] for i in range(len(actions))]
            device.append((stage.iterations / iterations / math.prod(map(len, plays)), policies))
    values, gains = efg.correlated(game.reward, game.kernel, game.initial, device)
    output, measured = learner.output(state), learner.measure(batch, state)
    np.testing.assert_allclose(output.values(batch)[0], values, atol=1e-10, rtol=0)
    # OpenSpiel cuts incentives at 0
    np.testing.assert_allclose(np.maximum(cce_gains(batch, output)[0], 0.0), gains, atol=1e-10, rtol=0)
    if horizon == 1:
        assert max(measured["cce_gap"][0], 0.0) == pytest.approx(max(gains), abs=1e-10)
    assert max(gains) <= max(measured["cce_gap_bound"][0], 0.0) + 1e-10


@pytest.mark.parametrize("storage", ["per_step", "sparse"])
def test_episodes_have_the_values_that_are_computed(storage):
    """20000 plays: means of rewards by step, of states and of joint actions within five standard errors."""
    game = random_tables(np.random.default_rng(5), "markov", 3, 2, (2, 3), storage=storage)
    other = dataclasses.replace(game, reward=1.0 - game.reward)
    rng = np.random.default_rng(6)
    tilde = tuple(random_interior(rng, 2, 1, 3, 2, n) for n in (2, 3))
    batch, learner = GameBatch((other.game(), game.game())), CorrelatedMirrorDescent(1.0)
    state = learner.advance(batch, learner.start(batch, tilde), 16)
    output, plays = learner.output(state), 20_000
    episodes = [output.sample_episode(batch.games[1], rng, number=1) for _ in range(plays)]
    total = np.array([episode.rewards.sum(axis=0) for episode in episodes])
    error = total.std(axis=0) / math.sqrt(plays)
    assert (np.abs(total.mean(axis=0) - output.values(batch)[1]) < 5 * error).all()
    assert (np.abs(total.mean(axis=0) - output.values(batch)[0]) > 20 * error).all()  # not those of the other game
    counts = np.bincount([episode.stage for episode in episodes], minlength=len(output.iterations) + 1)[1:]
    share = np.array(output.iterations) / 16
    assert (np.abs(counts / plays - share) < 5 * np.sqrt(share / plays)).all()
    for stage in range(1, len(share) + 1):  # correlated within the stage: the joint, not the product of its parts
        for h, s in itertools.product(range(3), range(2)):
            here = [e.actions[h] for e in episodes if e.stage == stage and e.states[h] == s]
            if len(here) > 200:
                joint = output.joint(stage, h)[1, s]
                found = np.zeros((2, 3))
                np.add.at(found, tuple(np.array(here).T), 1.0 / len(here))
                assert (np.abs(found - joint) < 5 * np.sqrt(joint / len(here)) + 1e-9).all()
    one = episodes[0]
    for h in range(3):
        np.testing.assert_array_equal(one.rewards[h], game.reward[(slice(None), h, one.states[h], *one.actions[h])])


def test_a_policy_of_no_iterations_plays_the_initial_policies():
    game = random_tables(np.random.default_rng(5), "markov", 2, 2, (2, 3))
    tilde = tuple(random_interior(np.random.default_rng(1), 1, 2, 2, n) for n in (2, 3))
    learner, batch, state = trained(game, 0.1, 0, tilde)
    output = learner.output(state)
    assert output.sample_episode(game.game(), np.random.default_rng(0)).stage == 0
    numbers = [oracles.plain(x) for x in (game.reward, game.kernel, game.initial)]
    policies = [oracles.plain(part[0]) for part in tilde]
    gains = oracles.finite_gains(*numbers, policies)
    for i in (0, 1):
        value = oracles.finite_value(numbers[0][i], *numbers[1:], policies)
        assert output.values(batch)[0, i] == pytest.approx(value, abs=1e-13)
    assert cce_gap_bounds(batch, output)[0] == pytest.approx(max(gains), abs=1e-12)
    assert learner.measure(batch, state)["cce_gap_bound"][0] == pytest.approx(max(gains), abs=1e-12)


# Coarse correlated equilibria ---------------------------------------------------------------------------


def joint_policy(*joints):
    """A correlated policy for H = 1 and one state: one stage a table, one iteration each."""
    shape = joints[0].shape
    initial = tuple(np.full((1, 1, 1, n), 1 / n) for n in shape)
    return CorrelatedPolicy(
        initial, tuple(joint[np.newaxis, np.newaxis, np.newaxis] for joint in joints), (1,) * len(joints)
    )


def matrix_game(payoff):
    """H = 1, one state."""
    actions = payoff.shape[1:]
    return MarkovGame(payoff[:, np.newaxis, np.newaxis], Transition.shared(np.ones((1, *actions, 1))))


def cce_by_linear_program(payoff, weights):
    """The coarse correlated equilibrium of a matrix game that is best for these weights of the payoffs."""
    actions = payoff.shape[1:]
    constraints = []
    for i, table in enumerate(payoff):
        for own in range(actions[i]):
            deviated = np.broadcast_to(np.take(table, [own], axis=i), actions)
            constraints.append((deviated - table).ravel())
    objective = -np.tensordot(weights, payoff, axes=1).ravel()
    solved = linprog(objective, A_ub=constraints, b_ub=np.zeros(len(constraints)), A_eq=np.ones((1, objective.size)),
                     b_eq=[1.0], method="highs")  # fmt: skip
    assert solved.status == 0
    return np.clip(solved.x, 0.0, None).reshape(actions)


@settings(max_examples=60)
@given(seeds, st.sampled_from([(2, 2), (2, 3), (3, 3), (2, 2, 2), (2, 3, 2)]))
def test_equilibria_of_a_linear_program_have_no_gap(seed, actions):
    rng = np.random.default_rng(seed)
    payoff = rng.uniform(size=(len(actions), *actions))
    joint = cce_by_linear_program(payoff, rng.uniform(size=len(actions)))
    batch = GameBatch.of(matrix_game(payoff))
    assert cce_gaps(batch, joint_policy(joint / joint.sum()))[0] <= 1e-8


@given(seeds, st.sampled_from([(2,), (2, 2), (2, 3), (3, 3), (2, 2, 2), (2, 3, 2)]), st.integers(1, 3))
def test_gaps_are_the_largest_violation_of_the_constraints(seed, actions, stages):
    rng = np.random.default_rng(seed)
    payoff = rng.uniform(size=(len(actions), *actions))
    joints = [rng.dirichlet(np.ones(math.prod(actions))).reshape(actions) for _ in range(stages)]
    mean = np.mean(joints, axis=0)
    expected = oracles_general.one_shot_cce_gap(payoff, {a: mean[a] for a in np.ndindex(*actions)})
    batch = GameBatch.of(matrix_game(payoff))
    assert cce_gaps(batch, joint_policy(*joints))[0] == pytest.approx(expected, abs=1e-12)
    told = [[_gain(payoff[i], joint, i) for joint in joints] for i in range(len(actions))]
    bound = max(sum(gains) / stages for gains in told)
    assert cce_gap_bounds(batch, joint_policy(*joints))[0] == pytest.approx(bound, abs=1e-12)


def _gain(table, joint, i):
    """What player i gains by its best fixed action against one joint."""
    best = max(
        sum(p * table[(*a[:i], own, *a[i + 1 :])] for a, p in np.ndenumerate(joint)) for own in range(table.shape[i])
    )
    return best - float((table * joint).sum())


def test_the_gap_may_be_negative():
    """Chicken, equal weight on all but (dare, dare): 5 for each; to dare always gives 14 / 3."""
    (game,) = general_sum_sequence("chicken", 0, n_games=1, perturbation=0.0, horizon=1, n_states=1)
    joint = np.array([[1, 1], [1, 0]]) / 3
    assert cce_gaps(GameBatch.of(game), joint_policy(joint))[0] == pytest.approx((14 / 3 - 5) / 7, abs=1e-12)


def test_gaps_fall_in_shapley_s_game():
    """The gap is below its bound, and from T = 3000 on below what eta = 0.1 costs at most: log 3 / (eta T)."""
    (game,) = general_sum_sequence(
        "shapley", 0, n_games=1, perturbation=0.2, horizon=1, n_states=1, n_actions=(3, 3)
    )  # fmt: skip
    run = learn(game, CorrelatedMirrorDescent(0.1), 30_000, at=[300, 3000, 30_000])
    assert (np.diff(run.measures["cce_gap"][0]) < 0).all()
    assert (run.measures["cce_gap"][0, 1:] <= math.log(3) / (0.1 * run.checkpoints[1:])).all()
    assert (run.measures["cce_gap"] <= run.measures["cce_gap_bound"] + 1e-12).all()


# Any time, any cut, any batch ---------------------------------------------------------------------------


def arrays_of(value, name="state"):
    """All numbers of a learner's state, by name."""
    if dataclasses.is_dataclass(value):
        parts = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    elif isinstance(value, tuple | FinishedStages):
        parts = dict(enumerate(value))
    else:
        return {name: value}
    return {k: v for key, part in parts.items() for k, v in arrays_of(part, f"{name}.{key}").items()}


def assert_same_bits(one, other):
    first, second = arrays_of(one), arrays_of(other)
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("horizon", "actions"), [(1, (2, 2)), (2, (3, 2)), (3, (2, 2, 2))])
def test_a_run_cut_anywhere_gives_the_bits_of_the_whole(module, horizon, actions, monkeypatch):
    use(monkeypatch, module)
    game = random_tables(np.random.default_rng(5), "markov", horizon, 2, actions)
    learner, batch, start = trained(game, 0.1, 0, None)
    whole = learner.advance(batch, start, 2200)
    for cuts in [[1, 2, 3, 1022, 1023, 1024, 2046, 2047, 2048], [17, 2047], [0, 1500, 1500]]:
        state, done = start, 0
        for t in [*cuts, 2200]:
            state, done = learner.advance(batch, state, t - done), t
        assert_same_bits(state, whole)
        assert_same_bits(learner.output(state), learner.output(whole))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(
    ("horizon", "states", "actions"), [(1, 1, (2, 2)), (1, 1, (4, 5)), (2, 3, (3, 2, 2)), (3, 1, (2, 2)), (2, 2, (3,))]
)
def test_a_game_alone_learns_the_bits_of_the_batch(module, horizon, states, actions, monkeypatch):
    use(monkeypatch, module)
    rng = np.random.default_rng([horizon, states])
    games = [random_tables(rng, "markov", horizon, states, actions).game() for _ in range(5)]
    games.append(MarkovGame(games[0].reward, games[1].transition))
    rates = np.array([0.1, 0.2, 0.3, 0.1, 0.2, 0.05])
    together = learn(games, CorrelatedMirrorDescent(rates), 40)
    for k, game in enumerate(games):
        alone = learn(game, CorrelatedMirrorDescent(rates[k]), 40)
        for name, measured in alone.measures.items():
            np.testing.assert_array_equal(measured[0], together.measures[name][k])
        for one, all_ in zip(alone.policy.joints, together.policy.joints, strict=True):
            np.testing.assert_array_equal(one[0], all_[k])
        for one, all_ in zip(alone.state.stages, together.state.stages, strict=True):
            np.testing.assert_array_equal(one.q[0], all_.q[k])
            np.testing.assert_array_equal(one.value[0], all_.value[k])


def test_output_and_measures_at_any_time_are_those_of_a_fresh_run():
    """Stages of H = 2 end at 2, 5, 9, 15: gaps are summed up stage by stage, and the running one is added."""
    game = random_tables(np.random.default_rng(1), "markov", 2, 3, (3, 2))
    tilde = tuple(random_interior(np.random.default_rng(2), 8, *game.policy_shape(i)) for i in (0, 1))
    learner, batch, state = trained(game, 0.4, 0, tilde)
    for t in range(1, 18):
        state = learner.advance(batch, state, 1)
        assert_same_bits(state, trained(game, 0.4, t, tilde)[2])
        whole = cce_gap_bounds(batch, learner.output(state))
        np.testing.assert_allclose(learner.measure(batch, state)["cce_gap_bound"], whole, atol=1e-13, rtol=0)


def test_how_transitions_are_stored_does_not_matter():
    game = random_tables(np.random.default_rng(8), "markov", 3, 3, (2, 3), storage="shared")
    found = []
    for storage in ("per_step", "shared", "sparse", "sparse_shared"):
        learner, batch, state = trained(dataclasses.replace(game, storage=storage), 0.5, 25, None)
        found.append((learner.output(state).joints[-1], learner.measure(batch, state)["cce_gap_bound"]))
    for other in found[1:]:
        for got, expected in zip(other, found[0], strict=True):
            np.testing.assert_allclose(got, expected, atol=1e-12, rtol=0)


def test_advancing_and_measuring_leave_the_state_as_it_was():
    game = random_tables(np.random.default_rng(6), "markov", 2, 2, (2, 3))
    learner, batch, state = trained(game, 0.3, 7, None)
    before = {name: np.copy(array) for name, array in arrays_of(state).items()}
    learner.advance(batch, state, 30), learner.measure(batch, state), learner.output(state)
    for name, array in arrays_of(state).items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


def test_without_kept_stages_the_output_is_the_same():
    game = random_tables(np.random.default_rng(6), "markov", 2, 2, (2, 3)).game()
    kept = learn(game, CorrelatedMirrorDescent(0.3), 30)
    dropped = learn(game, CorrelatedMirrorDescent(0.3, keep_stages=False), 30)
    assert len(dropped.state.stages) == 0
    assert_same_bits(kept.policy, dropped.policy)
    np.testing.assert_array_equal(kept.measures["cce_gap_bound"], dropped.measures["cce_gap_bound"])
    with pytest.raises(ValueError, match="not kept"):
        CorrelatedMirrorDescent(0.3, keep_stages=False).stages(dropped.state)


# Errors -------------------------------------------------------------------------------------------------


def test_only_general_sum_games():
    (game,) = zero_sum_sequence("pure", 0, n_games=1, perturbation=0.0)
    with pytest.raises(ValueError, match=r"got a ZeroSumGame; MarkovGame.from_zero_sum makes one"):
        learn(game, CorrelatedMirrorDescent(0.1), 5)


def test_bad_arguments():
    game = random_tables(np.random.default_rng(6), "markov", 2, 2, (2, 3)).game()
    with pytest.raises(ValueError, match=r"learning_rate must be above 0"):
        learn(game, CorrelatedMirrorDescent(0.0), 5)
    uniform = np.full((1, 1, 2, 2, 2), 0.5)
    for initial, message in [
        ((uniform,), "one array per player"),
        ((uniform, uniform), r"player 1 must have shape \(1, 1, 2, 2, 3\)"),
        ((uniform, np.full((1, 2, 2, 2, 3), 1 / 3)), "as many stages for all players"),
        (learn(game, CorrelatedMirrorDescent(0.1), 5).policy, "initial policies must have axes"),
    ]:
        with pytest.raises(ValueError, match=message):
            learn(game, CorrelatedMirrorDescent(0.1), 5, initial=initial)
    tilde = tuple(np.full((1, 3, 2, 2, n), 1 / n) for n in (2, 3))
    with pytest.raises(ValueError, match=r"given for 3 stages, the run begins stage 4"):
        learn(game, CorrelatedMirrorDescent(0.1), 10, initial=tilde)


@pytest.mark.parametrize("iterations", [700, 3500])
def test_average_policies_are_the_parts_of_the_mixture_also_in_long_stages(iterations):
    """With H = 1 the run of 3500 ends 1453 iterations into a stage, one chunk of sums and part of another."""
    games = general_sum_sequence("random", 3, n_games=2, perturbation=0.2, horizon=1, n_states=2, n_actions=(2, 3))
    run = learn(games, CorrelatedMirrorDescent(0.3), iterations, at=[iterations])
    average = CorrelatedMirrorDescent(0.3).average(run.state)
    for part, expected in zip(average, marginals(run.policy.mixture(), 2), strict=True):
        np.testing.assert_allclose(part, expected, rtol=0, atol=1e-13)
