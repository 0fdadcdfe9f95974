"""Dynamic learning rates: the inner problem, loops over all that was played, regrets, and where players slow down."""

import math

import numpy as np
import oracles
import oracles_successors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import pure_starts, random_distributions, random_interior, random_tables, seeds

from metanash import CorrelatedMirrorDescent, GameBatch, MarkovGame, Transition, ZeroSumGame, families, learn, simplex
from metanash.learners import LEARNERS, CautiousOMWU, StagedCautiousOMWU
from metanash.learners.cautious import cautious_rate, pace


@settings(max_examples=80)
@given(
    seed=seeds, count=st.integers(1, 6), shift=st.sampled_from([0.0, -3.0, -300.0]),
    scale=st.sampled_from([0.0, 1.0, 100.0]), caution=st.sampled_from([1.0, 70.0]), zeros=st.booleans(),
)  # fmt: skip
def test_the_pace_is_that_of_a_search_over_the_printed_objective(seed, count, shift, scale, caution, zeros):
    rng = np.random.default_rng(seed)
    prior = (random_distributions if zeros else random_interior)(rng, 3, count)
    regrets = shift + scale * rng.normal(size=(3, count))
    found = pace(regrets, simplex.logits(prior), caution)
    assert found.shape == (3, 1)
    for got, row, start in zip(found[:, 0], regrets, prior, strict=True):
        assert got == pytest.approx(oracles_successors.paced(row.tolist(), start.tolist(), caution), rel=2e-6, abs=1e-9)


@pytest.mark.parametrize("far", [1e3, 1e20, 1e90])
def test_the_pace_of_far_regrets_is_small_and_meets_its_condition(far):
    """alpha - 1 + lambda <x, r> = 0, where halving (0, 1] itself would end at 0."""
    regrets, prior = far * np.array([-1.0, -2.0, -5.0]), np.log(np.array([0.5, 0.25, 0.25]))
    (rate,) = pace(regrets, prior, 70.0)
    slack = 70 * math.log(4) ** 2 + 2 * math.log(4) + 1
    x = simplex.softmax(prior + rate * regrets)
    assert 0.0 < rate < 1.0
    assert rate * float(x @ regrets) == pytest.approx(-slack, rel=1e-9)


@settings(max_examples=60)
@given(seed=seeds, count=st.integers(2, 8), scale=st.sampled_from([1.0, 10.0, 1000.0]))
def test_the_objective_is_concave_so_that_the_pace_is_the_one_maximum(seed, count, scale):
    """Var_x(log x) <= 1 + log^2(d) / 4 for every distribution, and alpha - 1 is more, already for caution 1."""
    x = simplex.softmax(scale * np.random.default_rng(seed).normal(size=count))
    logs = np.log(np.maximum(x, 1e-300))
    variance = float((x * (logs - (x * logs).sum()) ** 2).sum())
    assert variance <= 1 + math.log(count) ** 2 / 4 <= math.log(count) ** 2 + 2 * math.log(count) + 1


@pure_starts
@settings(max_examples=30, deadline=None)
@given(
    seed=seeds, actions=st.sampled_from([(2, 2), (3, 2), (2, 2, 2), (1, 3)]), eta=st.sampled_from([0.02, 1.0, 300.0]),
    iterations=st.sampled_from([1, 2, 5, 9]), caution=st.sampled_from([1.0, 70.0]), zeros=st.booleans(),
)  # fmt: skip
def test_policies_are_those_of_the_loops(seed, actions, eta, iterations, caution, zeros):
    rng = np.random.default_rng(seed)
    game = random_tables(rng, "markov", 1, 2, actions)
    initial = tuple((random_distributions if zeros else random_interior)(rng, 1, 1, 2, n) for n in actions)
    learner, batch = CautiousOMWU(eta, caution), GameBatch.of(game.game())
    state = learner.advance(batch, learner.start(batch, initial), iterations)
    policy = learner.output(state)
    for s in range(2):
        players = oracles_successors.CautiousPlayers(
            [oracles.plain(table[0, s]) for table in game.reward],
            [oracles.plain(x[0, 0, s]) for x in initial],
            eta,
            caution,
        )
        for _ in range(iterations):
            players.play()
        for i in range(len(actions)):
            np.testing.assert_allclose(state.iterate[i][0, 0, s], players.played[-1][i], atol=2e-6, rtol=0)
        np.testing.assert_allclose(state.pace[0, 0, s], players.paces[-1], atol=2e-6)
        for joint, chance in players.joint().items():
            assert policy.joints[0][(0, 0, s, *joint)] == pytest.approx(chance, abs=2e-6)


@settings(max_examples=25, deadline=None)
@given(
    seed=seeds, sizes=st.sampled_from([(1, 1, (2, 3)), (2, 2, (2, 2)), (3, 1, (2, 2)), (2, 1, (2, 2, 2))]),
    eta=st.sampled_from([0.02, 1.0]), iterations=st.sampled_from([1, 3, 8]),
)  # fmt: skip
def test_stages_are_those_of_the_loops(seed, sizes, eta, iterations):
    horizon, states, actions = sizes
    rng = np.random.default_rng(seed)
    game = random_tables(rng, "markov", horizon, states, actions)
    initial = tuple(random_interior(rng, 1, 1, horizon, states, n) for n in actions)
    last, joints = oracles_successors.staged_cautious(
        oracles.plain(game.reward),
        oracles.plain(game.kernel),
        eta,
        70.0,
        iterations,
        [oracles.plain(x[0, 0]) for x in initial],
    )
    run = learn(game.game(), StagedCautiousOMWU(eta), iterations, initial=initial)
    for i in range(len(actions)):
        np.testing.assert_allclose(run.state.iterate[i][0], last[i], atol=1e-9, rtol=0)
    assert len(run.policy.joints) == len(joints)
    for found, expected in zip(run.policy.joints, joints, strict=True):
        for (h, s), table in expected.items():
            for joint, chance in table.items():
                assert found[(0, h, s, *joint)] == pytest.approx(chance, abs=1e-9)


def shapley(horizon=1, count=2):
    return families.general_sum_sequence(
        "shapley", 1, n_games=count, perturbation=0.0, horizon=horizon, n_actions=(3, 3)
    )


def test_who_has_been_lucky_for_long_slows_down():
    """In Shapley's game regrets become negative: with little caution lambda falls below 1, by its condition."""
    (game,) = shapley(count=1)
    initial = tuple(np.broadcast_to(x, (1, 1, 2, 3)) for x in ([0.6, 0.3, 0.1], [0.2, 0.2, 0.6]))
    learner = CautiousOMWU(3.0, caution=1.0)
    run = learn(game, learner, 1000, initial=initial, at=[1, 1000])
    assert run.measures["slowest"][0, 0] == 1.0
    assert run.measures["slowest"][0, 1] < 0.8
    assert run.measures["cce_gap"][0, 1] < 0.0
    following = learner.advance(GameBatch.of(game), run.state, 1)
    slowed = 0
    for i in (0, 1):
        lean = 3.0 * (run.state.regrets[i] + run.state.last[i])[0, 0, 0]
        length = -math.log(min(initial[i][0, 0, 0]))
        rate, policy = following.pace[0, 0, 0, i], following.iterate[i][0, 0, 0]
        rises = length**2 + 2 * length + 1 + rate * float(policy @ lean)
        assert rises == pytest.approx(0.0, abs=1e-6) if rate < 1.0 else rises >= 0.0
        slowed += rate < 1.0
    assert slowed
    assert learn(game, CautiousOMWU(3.0), 1000, initial=initial).measures["slowest"].min() == 1.0  # 70 is very cautious


@pytest.mark.parametrize(("kind", "actions"), [("shapley", (3, 3)), ("random", (2, 3, 2)), ("chicken", (2, 2))])
def test_regrets_stay_below_the_order_that_is_proven(kind, actions):
    """N log^2 d log T at the rate of the proof, with 100 in front for the constant, which is not remembered.

    It tells from linear regret, and from the T^(1/2) of constant rates at larger T only.
    """
    games = families.general_sum_sequence(kind, 3, n_games=2, perturbation=0.1, horizon=1, n_actions=actions)
    players, most = len(actions), math.log(max(actions))
    run = learn(games, CautiousOMWU(cautious_rate(players)), 4000, at=[1000, 4000])
    regret = run.measures["cce_gap"] * run.checkpoints
    assert (regret <= 100 * players * most**2 * np.log(run.checkpoints)).all()
    assert run.measures["cce_gap"][:, 1].max() < 0.06


@pytest.mark.parametrize(("make", "horizon"), [(CautiousOMWU, 1), (StagedCautiousOMWU, 1), (StagedCautiousOMWU, 3)])
def test_a_cut_run_gives_the_bits_of_the_whole_and_games_do_not_mix(make, horizon):
    games = families.general_sum_sequence("random", 5, n_games=3, perturbation=0.3, horizon=horizon, n_actions=(3, 2))
    rates = np.array([0.1, 0.5, 2.0])
    learner, batch = make(rates), GameBatch.of(games)
    whole, state = learner.advance(batch, learner.start(batch), 31), learner.start(batch)
    for piece in (0, 1, 2, 20, 8):
        state = learner.advance(batch, state, piece)
    for got, expected in zip(learner.output(state).joints, learner.output(whole).joints, strict=True):
        np.testing.assert_array_equal(got, expected)
    for k, game in enumerate(games):
        alone = learn(game, make(rates[k]), 31).policy
        for got, expected in zip(alone.joints, learner.output(whole).joints, strict=True):
            np.testing.assert_allclose(got[0], expected[k], atol=1e-13, rtol=0)


def test_sums_go_in_chunks():
    games = families.general_sum_sequence("chicken", 5, n_games=1, perturbation=0.0, horizon=1)
    learner, batch = CautiousOMWU(0.1), GameBatch.of(games)
    state = learner.advance(batch, learner.start(batch), 1500)
    assert state.joint_sums[0].sum(axis=(-1, -2)) == pytest.approx(1024.0)
    assert state.joint_sums[1].sum(axis=(-1, -2)) == pytest.approx(476.0)


def test_what_does_not_fit_is_refused():
    game = ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], Transition.shared(np.ones((1, 2, 2, 1))))
    general = MarkovGame.from_zero_sum(game)
    for make in (CautiousOMWU, StagedCautiousOMWU):
        with pytest.raises(ValueError, match=f"{make.__name__} takes games of class MarkovGame, got a ZeroSumGame"):
            learn(game, make(0.1), 3)
        for caution in (0.0, 0.5, math.nan, [1.0, 2.0]):
            with pytest.raises(ValueError, match="caution must"):
                learn(general, make(0.1, caution=caution), 3)
        with pytest.raises(ValueError, match="learning_rate"):
            learn(general, make(-1.0), 3)
    with pytest.raises(
        ValueError, match="CautiousOMWU takes games of one step, got H = 2; StagedCautiousOMWU takes any"
    ):
        learn(shapley(horizon=2), CautiousOMWU(0.1), 3)
    batch = GameBatch.of(general)
    with pytest.raises(ValueError, match=r"advances what StagedCautiousOMWU.start makes, got a JointState"):
        StagedCautiousOMWU(0.1).advance(batch, CorrelatedMirrorDescent(0.1).start(batch), 1)


def test_pure_starts_are_warned_of():
    game = MarkovGame.from_zero_sum(ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], Transition.shared(np.ones((1, 2, 2, 1)))))
    pure = np.array([1.0, 0.0])
    for make, axes in ((CautiousOMWU, (1, 1, 1)), (StagedCautiousOMWU, (1, 1, 1, 1))):
        initial = tuple(np.broadcast_to(pure, (*axes, 2)) for _ in range(2))
        with pytest.warns(UserWarning, match="action 1 has probability 0") as found:
            run = learn(game, make(0.5), 20, initial=initial)
        assert found[0].filename == __file__
        np.testing.assert_array_equal(run.state.iterate[0][0, 0, 0], pure)


def test_they_are_registered():
    assert (LEARNERS["cautious_omwu"], LEARNERS["staged_cautious_omwu"]) == (CautiousOMWU, StagedCautiousOMWU)
