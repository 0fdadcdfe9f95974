"""Small numbers that matter: tiny probabilities, payoffs that nearly tie, gains of 1e-10, kernels 1e-10 apart.

An absolute tolerance of 1e-12 sees none of these, so what is expected here is compared relatively.
"""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from backends import BACKENDS, use
from kernel_cases import ascent_arguments, mirror_arguments

import metanash as mn
from metanash import CorrelatedMirrorDescent, OptimisticMirrorDescent
from metanash.bounds import vertex_divergence
from metanash.families import general_sum_sequence
from metanash.games import GameBatch
from metanash.gaps import joint_optima, ne_gap, ne_gaps, optimal_values, potential_values, team_optima
from metanash.learners import SoftmaxGradient
from metanash.learners.base import learn
from metanash.similarity import largest_potential_drops, largest_potentials

TINY = [1e-13, 1e-40, 1e-100, 1e-200, 1e-300]


def alone(*actions):
    return mn.Transition.shared(np.ones((1, *actions, 1)))


# Tiny probabilities -------------------------------------------------------------------------------------


def softmax(logits):
    """In Python, each weight to a few roundings of its logit."""
    top = max(logits)
    weights = [math.exp(x - top) for x in logits]
    return [weight / math.fsum(weights) for weight in weights]


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (3, 2), (2, 3), (4, 4), (9, 5)])
@pytest.mark.parametrize("tiny", TINY)
def test_algorithm_1_keeps_tiny_probabilities(module, rows, columns, tiny):
    """Payoffs r(a) + c(b), so mu^t = softmax(x + eta (t + 1) r), as in test_kernels; logits reach 700: 1e-12."""
    rng = np.random.default_rng(4)
    r, c = rng.uniform(size=rows) / 2, rng.uniform(size=columns) / 2
    eta, iterations = 0.3, 5
    arguments = mirror_arguments(rng, 3, rows, columns, 0, iterations)
    arguments["q"][...], arguments["eta"][...] = r[:, np.newaxis] + c, eta
    starts = []
    for anchor, n in (("x", rows), ("y", columns)):
        policy = np.full(n, 1.0)
        policy[0] = tiny
        arguments[anchor][...] = np.log(policy)
        starts.append(np.log(policy).tolist())
    for total in ("sum_mu", "sum_nu", "sum_value"):
        arguments[total][...] = 0.0
    module.mirror(**arguments)
    for player, start, payoff, sign in (("mu", starts[0], r, 1), ("nu", starts[1], c, -1)):
        trace = [
            softmax([x + sign * eta * (t + 1) * g for x, g in zip(start, payoff, strict=True)])
            for t in range(1, iterations + 1)
        ]
        assert trace[-1][0] < 1e2 * tiny
        for lane in range(3):
            np.testing.assert_allclose(arguments[player][lane], trace[-1], rtol=1e-11, atol=0)
            total = arguments[f"sum_{player}"].sum(axis=0)[lane]
            np.testing.assert_allclose(total, np.sum(trace, axis=0), rtol=1e-11, atol=0)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("actions", [(2, 2), (3, 2), (2, 3, 2), (4, 4)])
@pytest.mark.parametrize("tiny", TINY)
def test_initial_probabilities_of_the_learners_stay(module, actions, tiny, monkeypatch):
    """Nothing is known in stage 1 (Q = 0), so its iterate and its average are the initial policy, to 1e-11 of it."""
    use(monkeypatch, module)
    start = []
    for n in actions:
        policy = np.full(n, (1.0 - tiny) / (n - 1))
        policy[0] = tiny
        start.append(np.broadcast_to(policy, (1, 1, 2, 1, n)))
    rewards = np.random.default_rng(0).uniform(size=(len(actions), 2, 1, *actions))
    games = [(CorrelatedMirrorDescent(0.3), mn.MarkovGame(rewards, alone(*actions)))]
    if len(actions) == 2:
        games.append((OptimisticMirrorDescent(0.3), mn.ZeroSumGame(rewards[0], alone(*actions))))
    for learner, game in games:
        run = learn(game, learner, 2, initial=tuple(start))
        for found, wanted in zip(run.state.iterate, start, strict=True):
            np.testing.assert_allclose(found[0, :, 0], wanted[0, 0, :, 0], rtol=1e-11, atol=0)
        for found, wanted in zip(learner.average(run.state), start, strict=True):
            np.testing.assert_allclose(found[0, :, 0], wanted[0, 0, :, 0], rtol=1e-11, atol=0)


@pytest.mark.parametrize("tiny", TINY)
def test_softmax_policies_keep_tiny_probabilities(tiny):
    game = mn.DiscountedGame([[[0.25, 0.25, 0.25]]], alone(3), 0.0)
    start = (np.array([[[tiny, 0.5, 0.5 - tiny]]]),)
    run = learn(game, SoftmaxGradient(0.5), 3, initial=start)
    np.testing.assert_allclose(run.policy[0], start[0], rtol=1e-11, atol=0)  # all actions are worth the same


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("tiny", TINY[:4])
def test_the_gradient_of_a_tiny_probability_is_as_tiny(module, tiny):
    """One state, discount 0, one player: theta(a) moves by step pi(a) (r(a) - pi.r), whatever the size of pi(a)."""
    arguments = ascent_arguments(np.random.default_rng(1), 1, (3,), 1, 1, 1, 1, 0.0, 0.0, softmax=1, measure=0)
    arguments["reward"][...] = reward = np.array([1.0, 0.25, 0.5])
    arguments["step"][...], arguments["initial"][...] = 1.0 / tiny, 1.0
    arguments["policy"][...] = np.log([tiny, 0.25, 0.75])
    before = arguments["policy"].ravel()[0]
    module.ascent(**arguments)
    mean = 0.25 * 0.25 + 0.75 * 0.5
    assert arguments["policy"].ravel()[0] - before == pytest.approx(reward[0] - mean, rel=1e-9)


# Payoffs that nearly tie --------------------------------------------------------------------------------


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("less", "wanted"), [(1e-10, [1.0, 0.0]), (1e-11, [1.0, 0.0]), (1e-13, [0.5, 0.5])])
def test_actions_tie_within_1e_12_and_no_further(module, less, wanted, monkeypatch):
    """Rewards 1/2 and 1/2 less a little, T = 3: stage 2 has iterations 2 and 3 and knows the rewards."""
    use(monkeypatch, module)
    reward = np.array([[0.5], [0.5 - less]])
    zero_sum = mn.ZeroSumGame(reward[np.newaxis, np.newaxis], alone(2, 1))
    for learner, game in (
        (OptimisticMirrorDescent(0.1), zero_sum),
        (CorrelatedMirrorDescent(0.1), mn.MarkovGame.from_zero_sum(zero_sum)),
    ):
        run = learn(game, learner, 3)
        first, second = learner.stages(run.state)
        assert (first.iterations, second.iterations) == (1, 2)
        assert first.best_response(0).ravel().tolist() == [0.5, 0.5]  # nothing is known yet
        assert second.best_response(0).ravel().tolist() == wanted
        divergence = math.log(2.0) if wanted == [1.0, 0.0] else 0.0
        assert second.kl_to_initial(0).ravel()[0] == pytest.approx(divergence)
    initial = np.array([0.75, 0.25])
    first, worst = (float(vertex_divergence(reward[:, 0], initial, worst=worst)) for worst in (False, True))
    assert first == pytest.approx(-math.log(0.75))
    assert worst == pytest.approx(-math.log(0.75 if wanted == [1.0, 0.0] else 0.25))


# Small gains --------------------------------------------------------------------------------------------

SMALL = np.array([[1e-10, 0.0], [0.0, 4e-10]])
"""Rewards (state, action): beside staying in state 0 for 1e-10 there is a way to state 1, where action 1 pays 4e-10."""
WAYS = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]])
DISCOUNT = 0.9


def small_game(states, scale=1.0):
    """The two states, and further ones from which everything leads to state 0 and nothing is paid."""
    reward, kernel = np.zeros((states, 2)), np.zeros((states, 2, states))
    reward[:2], kernel[:2, :, :2], kernel[2:, :, 0] = scale * SMALL, WAYS, 1.0
    return reward, kernel


def small_values(states, scale):
    """Best values in fractions: 4e-10 / (1 - g) in state 1, one step later in state 0, two steps in the others."""
    discount, pay = Fraction(DISCOUNT), Fraction(scale) * Fraction(4e-10)
    last = pay / (1 - discount)
    return [discount * last, last, *[discount**2 * last] * (states - 2)]


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("states", [2, 3, 7, 8, 12])
@pytest.mark.parametrize(("count", "scale"), [(1, 1.0), (9, 1.0), (9, 0.125)])
def test_policy_iteration_does_not_stop_at_gains_of_1e_9(module, states, count, scale, monkeypatch):
    """The policy that takes action 0 everywhere is worth 1e-9 in state 0 and nothing in state 1: gap 3.3e-9 from both.

    With few states lanes are games, with 8 and more they are states: two implementations in C.
    """
    use(monkeypatch, module)
    reward, kernel = small_game(states, scale)
    start = np.full(states, 1.0 / states)
    game = mn.DiscountedGame(reward[np.newaxis], mn.Transition.shared(kernel), DISCOUNT, start)
    best = small_values(states, scale)
    stay = Fraction(scale) * Fraction(1e-10) / (1 - Fraction(DISCOUNT))
    own = [stay, 0, *[Fraction(DISCOUNT) * stay] * (states - 2)]
    wanted = float(sum(best) - sum(own)) / states
    if states == 2 and scale == 1.0:
        assert wanted == pytest.approx(3.3e-9, rel=1e-6)
    policy = np.broadcast_to([1.0, 0.0], (count, states, 2))
    np.testing.assert_allclose(ne_gaps(GameBatch.of([game] * count), [policy]), wanted, rtol=1e-6)
    values = [float(value) for value in best]
    batch = GameBatch.of([game] * count)
    for found in (
        optimal_values(np.stack([reward] * count), np.stack([kernel] * count), DISCOUNT),
        team_optima(batch),
        joint_optima(batch, batch.reward[:, 0]),
    ):
        np.testing.assert_allclose(found, np.stack([values] * count), rtol=1e-6)
    np.testing.assert_allclose(largest_potentials(batch), float(sum(best)) / states, rtol=1e-6)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("states", [2, 3])
def test_gaps_of_every_iterate_see_gains_of_1e_9(module, states, monkeypatch):
    """A step of 1e-100 moves nothing, so the mean gap is that of the start."""
    use(monkeypatch, module)
    reward, kernel = small_game(states)
    game = mn.DiscountedGame(reward[np.newaxis], mn.Transition.shared(kernel), DISCOUNT)
    pure = np.broadcast_to([1.0, 0.0], (1, states, 2))
    run = learn(game, mn.ProjectedQAscent(1e-100, every_gap=True), 4, initial=(pure,))
    wanted = ne_gap(game, [pure[0]])
    np.testing.assert_allclose(run.measures["mean_gap"], wanted, rtol=1e-6)
    assert wanted > 1e-9


# Kernels that differ a little ---------------------------------------------------------------------------


@pytest.mark.parametrize("less", [1e-10, 1e-13])
def test_drops_between_nearly_equal_kernels_are_no_exact_ones(less):
    """What is called exact is the largest drop over all deterministic policies; the bound is above it by about that."""
    reward = np.array([[[0.0, 1.0], [0.25, 0.75]]])
    kernels = [np.full((2, 2, 2), 0.5) for _ in range(2)]
    kernels[1][0, 1] = [0.5 + less, 0.5 - less]
    games = [
        mn.DiscountedGame(reward * w, mn.Transition.shared(k), 0.9) for w, k in zip((1.0, 0.5), kernels, strict=True)
    ]
    (one, other), (same, _) = [GameBatch.of(game) for game in games], [GameBatch.of(g) for g in (
        mn.DiscountedGame(reward * 0.5, mn.Transition.shared(kernels[0]), 0.9), games[0])]  # fmt: skip
    drop, exact = largest_potential_drops(one, other)
    assert exact.tolist() == [False]
    policies = [np.eye(2)[list(actions)][np.newaxis] for actions in itertools.product(range(2), repeat=2)]
    largest = max(float(potential_values(one, [pi])[0] - potential_values(other, [pi])[0]) for pi in policies)
    assert largest - 1e-13 <= drop[0] <= largest + 100.0 * less + 1e-13
    drop, exact = largest_potential_drops(one, same)
    assert exact.tolist() == [True]
    largest = max(float(potential_values(one, [pi])[0] - potential_values(same, [pi])[0]) for pi in policies)
    assert drop[0] == pytest.approx(largest, rel=1e-12)


# A measure below 0 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", BACKENDS)
def test_the_measure_of_algorithm_2_may_be_below_0(module, monkeypatch):
    """Following correlated advice can be better than any deviation that ignores it; a measure clamped at 0 hides it.

    Shapley's game: the number is that of the planted-bug report, from a run of the unclamped measure. Here it is also
    worked out by loops: of each stage from the joints, backwards over the two steps.
    """
    use(monkeypatch, module)
    (game,) = general_sum_sequence("shapley", 0, n_games=1, perturbation=0.2, horizon=2, n_states=1, n_actions=(3, 3))
    run = learn(game, CorrelatedMirrorDescent(2.0), 740, at=[740])
    bound = run.measures["cce_gap_bound"][0, 0]
    assert bound == pytest.approx(-0.0162808, abs=5e-8)
    uniform, gains = np.full((3, 3), 1 / 9), np.zeros(2)  # uniform is played at step 2 of the first stage
    for number, (joint, n) in enumerate(zip(run.policy.joints, run.policy.iterations, strict=True)):
        later = run.policy.joints[number - 1][0, 1, 0] if number else uniform
        for i in range(2):
            followed = deviated = 0.0
            for h, played in ((1, later), (0, joint[0, 0, 0])):
                pay = [[float(game.reward[i, h, 0, a, b]) for b in range(3)] for a in range(3)]
                others = [sum(played[a, b] for a in range(3)) if i == 0 else sum(played[b, a] for a in range(3))
                          for b in range(3)]  # fmt: skip
                followed += sum(played[a, b] * pay[a][b] for a in range(3) for b in range(3))
                own = [sum(others[b] * (pay[a][b] if i == 0 else pay[b][a]) for b in range(3)) for a in range(3)]
                deviated += max(own)
            gains[i] += n * (deviated - followed) / 740
    assert bound == pytest.approx(gains.max(), abs=1e-12)


# Sums of long stages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("actions", [(2, 2), (3, 2)])
def test_the_value_update_has_all_chunks_of_a_long_stage(module, actions, monkeypatch):
    """Stages of more than 1,024 iterations: means of mu^T Q nu, iterate by iterate, go into the next estimates.

    The policies drift over the stage, so neither the first chunk nor the rest alone has its mean.
    """
    use(monkeypatch, module)
    reward = np.random.default_rng(2).uniform(size=(2, 1, *actions))
    game = mn.ZeroSumGame(reward, alone(*actions))
    batch, learner = GameBatch.of(game), OptimisticMirrorDescent(0.002)
    state = learner.start(batch)
    lengths = [2]
    while lengths[-1] <= 1100:
        lengths.append(lengths[-1] * 3 // 2)
    state = learner.advance(batch, state, sum(lengths[:-1]))
    values, chunk = [], 1024
    for _ in range(lengths[-1]):
        state = learner.advance(batch, state, 1)
        (mu, nu), q = (policy[0, 1, 0] for policy in state.iterate), state.q[0, 1, 0]
        values.append(math.fsum(mu[a] * q[a, b] * nu[b] for a in range(actions[0]) for b in range(actions[1])))
    assert state.done == state.length == lengths[-1] > chunk
    mean = math.fsum(values) / len(values)
    ends = [math.fsum(part) / len(part) for part in (values[:chunk], values[chunk:])]
    assert min(abs(end - mean) for end in ends) > 1e-6
    state = learner.advance(batch, state, 1)
    np.testing.assert_allclose(state.q[0, 0, 0], reward[0, 0] + mean, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(state.q[0, 1, 0], reward[1, 0])
