"""Exact MAML against complex steps through whole inner ascents."""

import itertools

import numpy as np
import oracles_gradient as oracle
import pytest
from test_policy_gradient import KINDS, flat, general_games, nested, potential_games, problem, random_logits

from metanash import DiscountedGame, GameBatch, Transition, gaps, policy_gradient
from metanash.maml import (
    Minibatches,
    Tasks,
    adapt,
    meta_gradient,
    meta_objective,
    meta_value_and_gradient,
    train,
)

PROBABILITY = np.array([[0.25, 0.25, 0.5], [0.5, 0.0, 0.5]])
"""Of two replications with three games each; multiples of 1/4."""


def two_replications(kind="team", states=2, actions=(2, 3), discount=0.5, seed=1, spread=1.0):
    rng = np.random.default_rng(seed)
    games = potential_games(rng, kind, 6, states, actions, discount)
    return games, Tasks.of(games, 2, PROBABILITY), random_logits(rng, 2, states, actions, spread)


def by_oracle(function, games, theta, step, steps):
    """One result a replication."""
    return [
        function([problem(game) for game in games[3 * r : 3 * r + 3]], PROBABILITY[r], nested(theta, r), step, steps)
        for r in range(2)
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("inner_steps", [0, 1, 5])
@pytest.mark.parametrize(
    ("states", "actions", "discount", "spread"),
    [
        (1, (3,), 0.0, 1.0),
        (2, (2, 2), 0.9, 1.0),
        (2, (2, 3), 0.5, 0.0),
        (3, (3, 1), 0.9, 1.0),
        (2, (2, 3), 0.5, 20.0),
        (2, (2, 1, 2), 0.5, 1.0),
    ],
)
def test_objective_and_gradient(kind, inner_steps, states, actions, discount, spread):
    """With steps so large that the curvature counts."""
    games, tasks, theta = two_replications(kind, states, actions, discount, spread=spread)
    step = 4.0 * (1.0 - discount) ** 2
    scale = 1.0 / (1.0 - discount) ** 2
    value, exact = meta_value_and_gradient(tasks, theta, step, inner_steps)
    expected = by_oracle(oracle.meta_objective, games, theta, step, inner_steps)
    np.testing.assert_allclose(value, np.real(expected), rtol=1e-10)
    np.testing.assert_array_equal(meta_objective(tasks, theta, step, inner_steps), value)
    first = meta_gradient(tasks, theta, step, inner_steps, first_order=True)
    wanted = by_oracle(oracle.meta_gradient, games, theta, step, inner_steps)
    wanted_first = by_oracle(oracle.first_order_gradient, games, theta, step, inner_steps)
    for r in range(2):
        np.testing.assert_allclose(flat(exact, r), wanted[r], atol=1e-10 * scale, rtol=0)
        np.testing.assert_allclose(flat(first, r), wanted_first[r], atol=1e-10 * scale, rtol=0)
    if spread <= 1.0:
        different = max(np.abs(flat(exact, r) - flat(first, r)).max() for r in range(2)) > 1e-6 * scale
        assert different == (inner_steps > 0)


def test_the_order_of_the_factors_matters_here():
    """Else no test above could tell equation (10) from the product turned round."""
    _, tasks, theta = two_replications()
    points = [tasks.model.at(tuple(np.repeat(part, 3, axis=0) for part in theta))]
    for _ in range(5):
        points.append(points[-1].moved(points[-1].gradient, 0.5))
    turned = points[-1].gradient
    for point in points[:-1]:
        turned = tuple(g + 0.5 * h for g, h in zip(turned, point.hessian_product(turned), strict=True))
    exact = meta_gradient(tasks, theta, 0.5, 5)
    wrong = [np.einsum("rm,rmsa->rsa", PROBABILITY, part.reshape(2, 3, *part.shape[1:])) for part in turned]
    assert max(np.abs(a - b).max() for a, b in zip(exact, wrong, strict=True)) > 1e-5


def test_minibatches_estimate_without_bias():
    """The average over all minibatches of two games, all equally likely, is equation (10)."""
    _, tasks, theta = two_replications()
    centres = (np.arange(4) + 0.5) / 4
    exact = meta_gradient(tasks, theta, 0.5, 2)
    total = [np.zeros_like(part) for part in exact]
    estimates = []
    for pair in itertools.product(centres, repeat=2):
        drawn = tasks.draw(np.array([pair, pair]))
        estimates.append(meta_gradient(drawn, theta, 0.5, 2))
        total = [sum_ + part / 16 for sum_, part in zip(total, estimates[-1], strict=True)]
    for got, wanted in zip(total, exact, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-14)
    assert np.ptp([estimate[0] for estimate in estimates], axis=0).max() > 0.01


def test_drawing_inverts_the_distribution():
    """A game is drawn by the numbers in [p_1 + ... + p_{j-1}, p_1 + ... + p_j), so one of probability 0 by none."""
    _, tasks, _ = two_replications()
    numbers = np.array([0.0, 0.2, 0.25, 0.49, 0.5, np.nextafter(1.0, 0.0)])
    drawn = tasks.draw(np.array([numbers, numbers]))
    assert drawn.model is tasks.model
    np.testing.assert_array_equal(drawn.game, [[0, 0, 1, 1, 2, 2], [3, 3, 3, 3, 5, 5]])
    np.testing.assert_array_equal(drawn.probability, np.full((2, 6), 1 / 6))


def test_rounding_draws_no_game_past_the_last():
    """Ten times 0.1 sums to less than the largest number below 1 can reach."""
    games, *_ = two_replications()
    top = np.nextafter(1.0, 0.0)
    assert np.cumsum(np.full(10, 0.1))[-1] <= top
    drawn = Tasks.of([*games, *games[:4]], 1, np.full(10, 0.1)).draw(np.array([[top]]))
    assert drawn.game.item() == 9


def test_minibatches_are_addressed():
    one, other = Minibatches(4, (7, "maml")), Minibatches(4, (8, "maml"))
    numbers = one.uniforms(3, 10)
    assert numbers.shape == (10, 3, 4)
    np.testing.assert_array_equal(one.uniforms(2, 5), numbers[:5, :2])  # no more runs, no longer run moves a draw
    assert (other.uniforms(3, 10) != numbers).all()
    assert len(np.unique(numbers)) == numbers.size


def test_minibatches_are_named():
    """A name is the last part of the address of a replication, wherever that stands; without names its number is."""
    address = (7, "maml")
    numbers = Minibatches(4, address, [5, 0, "last"]).uniforms(3, 10)
    assert len(np.unique(numbers)) == numbers.size
    turned = Minibatches(4, address, ["last", 5]).uniforms(2, 10)
    np.testing.assert_array_equal(turned, numbers[:, [2, 0]])
    plain = Minibatches(4, address).uniforms(6, 10)
    np.testing.assert_array_equal(plain[:, [5, 0]], numbers[:, :2])
    np.testing.assert_array_equal(Minibatches(4, address, range(6)).uniforms(6, 10), plain)


@pytest.mark.parametrize("names", [[], [0], [0, 1, 2]])
def test_minibatches_need_a_name_for_each_replication(names):
    with pytest.raises(ValueError, match=f"{len(names)} names do not fit 2 replications"):
        Minibatches(4, (7, "maml"), names).uniforms(2, 10)


def test_a_named_replication_trains_as_in_company():
    """The second of two, alone and under its name."""
    games, tasks, theta = two_replications()
    both = train(tasks, theta, **SETTINGS, iterations=6, minibatches=Minibatches(3, (3, "x"), [8, 2]))
    alone = train(
        Tasks.of(games[3:], 1, PROBABILITY[1]), tuple(part[1:] for part in theta), **SETTINGS, iterations=6,
        minibatches=Minibatches(3, (3, "x"), [2]),
    )  # fmt: skip
    np.testing.assert_allclose(alone.objective[0], both.objective[1], rtol=1e-12)
    for one, together in zip(alone.logits, both.logits, strict=True):
        np.testing.assert_allclose(one[0], together[1], atol=1e-12)


def test_memory_order_and_a_common_distribution_change_nothing():
    """Probabilities for all replications, and logits in Fortran order."""
    games, _, theta = two_replications()
    one, each = Tasks.of(games, 2, [0.25, 0.25, 0.5]), Tasks.of(games, 2, [[0.25, 0.25, 0.5]] * 2)
    value, gradient = meta_value_and_gradient(each, theta, 0.5, 2)
    turned = tuple(np.asfortranarray(part) for part in theta)
    for tasks, logits in [(one, theta), (one, turned), (each, turned)]:
        again, same = meta_value_and_gradient(tasks, logits, 0.5, 2)
        np.testing.assert_array_equal(again, value)
        for a, b in zip(same, gradient, strict=True):
            np.testing.assert_array_equal(a, b)


SETTINGS = {"step": 0.3, "inner_step": 0.5, "inner_steps": 2}


@pytest.mark.parametrize("first_order", [False, True])
@pytest.mark.parametrize("minibatches", [None, Minibatches(2, (3,))])
def test_training_is_ascent(first_order, minibatches):
    _, tasks, theta = two_replications()
    run = train(
        tasks, theta, **SETTINGS, iterations=4, first_order=first_order, minibatches=minibatches, at=[0, 1, 3, 4]
    )
    np.testing.assert_array_equal(run.iterations, [0, 1, 3, 4])
    norms = []
    for k in range(5):
        value, gradient = meta_value_and_gradient(tasks, theta, 0.5, 2)
        norm = np.linalg.norm([flat(gradient, r) for r in range(2)], axis=1)
        norms.append(norm)
        for column in np.flatnonzero(run.iterations == k):
            np.testing.assert_allclose(run.objective[:, column], value, rtol=1e-13)
            np.testing.assert_allclose(run.gradient_norm[:, column], norm, rtol=1e-11)
        if k == 4:
            break
        drawn = tasks if minibatches is None else tasks.draw(minibatches.uniforms(2, 4)[k])
        along = meta_gradient(drawn, theta, 0.5, 2, first_order=first_order)
        theta = tuple(x + 0.3 * g for x, g in zip(theta, along, strict=True))
    seen = norms if minibatches is None and not first_order else [norms[k] for k in (0, 1, 3, 4)]
    np.testing.assert_allclose(run.smallest_gradient_norm[:, -1], np.min(seen, axis=0), rtol=1e-11)
    for got, wanted, policy in zip(run.logits, theta, run.policy, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-12)
        np.testing.assert_allclose(policy, np.exp(wanted) / np.exp(wanted).sum(axis=-1, keepdims=True), atol=1e-12)


def test_the_smallest_gradient_may_lie_between_checkpoints():
    """Coordination, started beside the ridge that leads to the mixed equilibrium, where the gradient is 0."""
    transition = Transition.shared(np.ones((1, 2, 2, 1)))
    tasks = Tasks.of([DiscountedGame(np.eye(2)[np.newaxis, np.newaxis], transition, 0.0)])
    theta = np.array([[[2.0, 0.0]]]), np.array([[[-1.999, 0.0]]])
    everywhere, ends = (
        train(tasks, theta, step=1.0, inner_step=0.1, inner_steps=1, iterations=30, at=at)
        for at in (range(31), [0, 30])
    )
    norms = everywhere.gradient_norm
    np.testing.assert_array_equal(everywhere.smallest_gradient_norm, np.minimum.accumulate(norms, axis=1))
    assert ends.smallest_gradient_norm[0, -1] == norms.min() < 0.5 * ends.gradient_norm.min()
    # along another direction the exact gradient is known at the checkpoints only
    other = train(tasks, theta, step=1.0, inner_step=0.1, inner_steps=1, iterations=30, first_order=True, at=[0, 30])
    assert other.smallest_gradient_norm[0, -1] == other.gradient_norm.min()


@pytest.mark.parametrize("minibatches", [None, Minibatches(3, (3, "x"))])
def test_a_replication_alone_trains_as_in_company(minibatches):
    games, tasks, theta = two_replications()
    both = train(tasks, theta, **SETTINGS, iterations=6, minibatches=minibatches)
    again = train(tasks, theta, **SETTINGS, iterations=6, minibatches=minibatches)
    one = train(
        Tasks.of(games[:3], 1, PROBABILITY[0]),
        tuple(part[:1] for part in theta),
        **SETTINGS, iterations=6, minibatches=minibatches,
    )  # fmt: skip
    np.testing.assert_allclose(one.objective[0], both.objective[0], rtol=1e-12)
    for alone, together, repeated in zip(one.logits, both.logits, again.logits, strict=True):
        np.testing.assert_array_equal(together, repeated)
        np.testing.assert_allclose(alone[0], together[0], atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_theorem_4(kind):
    """With step 1 / L_F each iteration gains |grad F|^2 / (2 L_F), so the smallest of K gradients is bounded.

    L, R and G are those of a common reward in [0, 1] (the potential of the other family is the value of one): with T
    geometric of mean 1 / (1 - gamma), G = E[T^1.5] / sqrt 8 and L = E[T^2] / 2 (see the test of these two), and
    R = 1.04 E[T^2.5]. Values range over 1 / (1 - gamma).
    """
    discount, alpha, steps, iterations = 0.5, 0.2, 2, 60
    _, tasks, theta = two_replications(kind, discount=discount)
    mean = 1 / (1 - discount)
    square, cube = (1 + discount) * mean**2, (1 + 4 * discount + discount**2) * mean**3
    largest, smooth, lipschitz = np.sqrt(mean * square / 8), square / 2, 1.04 * np.sqrt(square * cube)
    growth = 1 + alpha * smooth
    meta_smooth = smooth * growth ** (2 * steps) + (
        lipschitz * largest / smooth * growth ** (steps - 1) * (growth**steps - 1)
    )
    run = train(
        tasks, theta, step=1 / meta_smooth, iterations=iterations, inner_step=alpha, inner_steps=steps,
        at=range(iterations + 1),
    )  # fmt: skip
    gained = np.diff(run.objective, axis=1)
    assert (gained >= run.gradient_norm[:, :-1] ** 2 / (2 * meta_smooth) - 1e-14).all()
    bound = 2 * meta_smooth / ((1 - discount) * np.arange(1, iterations + 1))
    assert (run.smallest_gradient_norm[:, :-1] ** 2 <= bound).all()


@pytest.mark.parametrize("kind", KINDS)
def test_adaptation(kind):
    rng = np.random.default_rng(4)
    games = potential_games(rng, kind, 4, 2, (2, 3), 0.5)
    theta = random_logits(rng, 2, 2, (2, 3), 1.0)
    adapted = adapt(theta, games, 0.8, 7, at=[0, 2, 7])
    np.testing.assert_array_equal(adapted.steps, [0, 2, 7])
    for k, game in enumerate(games):
        for column, t in enumerate(adapted.steps):
            logits = problem(game).adapted(nested(theta, k // 2), 0.8, int(t))
            policy = [np.real([oracle.softmax(row) for row in player]) for player in logits]
            assert adapted.ne_gap[k, column] == pytest.approx(gaps.ne_gap(game, policy), abs=1e-12)
            batch = GameBatch.of(game)
            expected = gaps.potential_values(batch, [part[np.newaxis] for part in policy])
            assert adapted.potential[k, column] == pytest.approx(expected[0], rel=1e-12)


def test_meta_training_helps_adaptation():
    """After T steps from the trained start the games of the distribution are worth more than from the uniform one."""
    games, tasks, _ = two_replications(discount=0.9)
    start = tuple(np.zeros((2, 2, n)) for n in (2, 3))
    run = train(tasks, start, step=0.05, inner_step=0.01, inner_steps=5, iterations=100)
    adapted = [adapt(theta, games, 0.01, 5).potential[:, -1].reshape(2, 3) for theta in (start, run.logits)]
    worth = [(PROBABILITY * each).sum(axis=1) for each in adapted]
    np.testing.assert_allclose(worth[1], run.objective[:, -1], rtol=1e-12)
    assert (worth[1] > worth[0] + 0.1).all()


@pytest.mark.parametrize(("first_order", "minibatches"), [(False, None), (True, None), (False, Minibatches(2, (3,)))])
def test_checkpoints_may_begin_later(first_order, minibatches):
    _, tasks, theta = two_replications()
    options = {**SETTINGS, "iterations": 5, "first_order": first_order, "minibatches": minibatches}
    whole, late = (train(tasks, theta, **options, at=at) for at in (range(6), [3, 5]))
    np.testing.assert_array_equal(late.iterations, [3, 5])
    for name in ("objective", "gradient_norm"):
        np.testing.assert_array_equal(getattr(late, name), getattr(whole, name)[:, [3, 5]])
    for one, other in zip(late.logits, whole.logits, strict=True):
        np.testing.assert_array_equal(one, other)
    if minibatches is None and not first_order:
        np.testing.assert_array_equal(late.smallest_gradient_norm, whole.smallest_gradient_norm[:, [3, 5]])


def test_without_meta_iterations_nothing_moves():
    _, tasks, theta = two_replications()
    run = train(tasks, theta, **SETTINGS, iterations=0)
    np.testing.assert_array_equal(run.iterations, [0])
    np.testing.assert_array_equal(run.logits[0], theta[0])


def test_what_is_refused():
    games, tasks, theta = two_replications()
    one = tuple(part[:1] for part in theta)

    def trained(logits=theta, iterations=3, **changed):
        return lambda: train(tasks, logits, **{**SETTINGS, **changed}, iterations=iterations)

    for match, call in {
        "6 games do not divide among 4 replications": lambda: Tasks.of(games, 4),
        r"probability must have shape \(2, 3\), got \(2,\)": lambda: Tasks.of(games, 2, [0.5, 0.5]),
        "replication = 1 the mass is 0.5": lambda: Tasks.of(games, 2, [[0.5, 0.5, 0], [0.5, 0, 0]]),
        "no stage potential": lambda: Tasks.of(general_games(np.random.default_rng(0), 2, 2, (2, 2), 0.5)),
        "logits must be those of 2 replications, got 1": lambda: meta_objective(tasks, one, 0.5, 1),
        "logits must have shapes": lambda: meta_objective(tasks, theta[:1], 0.5, 1),
        "5 games do not divide among 2 replications of the logits": lambda: adapt(theta, games[:5], 0.5, 1),
        "logits of player 0 must be finite": trained((theta[0] * np.nan, theta[1])),
        "^step must be above 0": trained(step=0.0),
        "inner_step must be above 0": trained(inner_step=-1.0),
        "inner_steps must be an integer": trained(inner_steps=-1),
        "iterations must be an integer": trained(iterations=-1),
        "size must be an integer": trained(minibatches=Minibatches(0, (1,))),
        r"checkpoints must increase to 3, got \[0, 2\]": trained(at=[0, 2]),
        r"checkpoints must increase to 3, got \[1, 1, 3\]": lambda: adapt(theta, games, 0.1, 3, at=[1, 1, 3]),
    }.items():
        with pytest.raises(ValueError, match=match):
            call()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda part: part * np.nan, "logits of player 1 must be finite"),
        (lambda part: np.full_like(part, np.inf), "logits of player 1 must be finite"),
        (lambda part: part + 0j, "logits of player 1 must hold real numbers, got an array of complex128"),
        (lambda part: part.astype(str), "logits of player 1 must hold real numbers"),
    ],
)
def test_logits_that_are_no_numbers_are_refused_wherever_they_are_taken(change, reason):
    """The exponential of a kernel takes NaN for its largest or least argument: the answer would be some number."""
    rng = np.random.default_rng(3)
    games = GameBatch.of(potential_games(rng, "team", 3, 2, (2, 3), 0.5))
    tasks, model = Tasks.of(games), policy_gradient.ValueModel.of(games)
    one, each = (random_logits(rng, count, 2, (2, 3), 1.0) for count in (1, 3))
    for call, (first, second) in (
        (lambda theta: meta_objective(tasks, theta, 0.5, 1), one),
        (lambda theta: meta_gradient(tasks, theta, 0.5, 1), one),
        (lambda theta: policy_gradient.ascend(model, theta, 0.5, 1), each),
        (model.at, each),
        (lambda theta: policy_gradient.assembled_gradient(games, theta), each),
    ):
        with pytest.raises(ValueError, match=reason):
            call((first, change(second)))
