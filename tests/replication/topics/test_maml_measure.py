"""What is measured for Theorem 4: derivatives by dual and complex numbers, arms and adaptation by their definitions."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import oracles
import oracles_gradient
import pytest

import metanash
from metanash import maml
from metanash.games import GameBatch
from metanash.learners import SoftmaxGradient
from metanash_replication.topics.maml import measure as theory

KINDS = ["team", "action_independent", "separable"]


def spy_on(monkeypatch, name):
    """Record what a function that :mod:`metanash_replication.topics.maml.measure` uses is called with and returns."""
    calls, function = [], getattr(theory, name)

    def spy(*args, **options):
        result = function(*args, **options)
        calls.append(SimpleNamespace(args=args, options=options, result=result))
        return result

    monkeypatch.setattr(theory, name, spy)
    return calls


def constants(kind, discount, players):
    """G, L and R of ``docs/constants.md``, written out."""
    g, scale = discount, 1.0 if kind == "team" else math.sqrt(players)
    return (
        scale * math.sqrt(1 + g) / (2 * math.sqrt(2) * (1 - g) ** 1.5),
        scale * (1 + g) / (2 * (1 - g) ** 2),
        scale * 1.04 * math.sqrt((1 + g) * (1 + 4 * g + g * g)) / (1 - g) ** 2.5,
    )


def meta_smoothness(kind, discount, players, alpha, steps):
    """L_F = L (1 + alpha L)^{2T} + (R G / L) (1 + alpha L)^{T-1} ((1 + alpha L)^T - 1)."""
    first, second, third = constants(kind, discount, players)
    grown = 1 + alpha * second
    return second * grown ** (2 * steps) + third * first / second * grown ** (steps - 1) * (grown**steps - 1)


def kernel_of(game):
    batch = GameBatch((game,))
    dense = batch.transitions.dense(0)[batch.transitions.index]
    return dense.reshape(game.n_states, *game.n_actions, game.n_states).tolist()


def problem_of(game):
    return oracles_gradient.Problem(game.potential.tolist(), kernel_of(game), game.discount, game.initial.tolist())


def nested(theta, row):
    """Logits of one game as the oracles take them."""
    return [part[row].tolist() for part in theta]


def flat(theta):
    return np.concatenate([part.reshape(len(part), -1) for part in theta], axis=1)


# Constants ----------------------------------------------------------------------------------------------

SMALL = {"discounts": [0.0, 0.5], "states": [1, 2], "actions": [[2], [3, 2]], "games_per_size": 3}


def change_along(problem, theta, direction):
    """Norm of the derivative of the Hessian along a direction: five points, oracle Hessians."""
    numbers, h = oracles_gradient.flat(theta), 2e-3

    def at(shift):
        moved = [x + shift * u for x, u in zip(numbers, direction, strict=True)]
        return np.array(problem.hessian(oracles_gradient.unflat(moved, theta)))

    slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
    return np.abs(np.linalg.eigvalsh((slope + slope.T) / 2)).max()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.recalculates("smoothness")
def test_constant_ratios_by_complex_steps(kind, monkeypatch):
    """Gradient and Hessian of each game, and the change of the Hessian along the two directions that were tried."""
    games, points = spy_on(monkeypatch, "potential_sequence"), spy_on(monkeypatch, "hessian")
    found = theory.constant_ratios(kind, 3, **SMALL)
    places = list(itertools.product([0.0, 0.5], [1, 2], [1, 2], range(3)))
    assert {name: values.shape for name, values in found.items()} == dict.fromkeys(
        ("discount", "n_players", "gradient", "hessian", "third"), (24,)
    )
    assert found["discount"].tolist() == [discount for discount, *_ in places]
    assert found["n_players"].tolist() == [players for *_, players, _ in places]
    assert len({call.result[0].potential.tobytes() for call in games}) == len(games) == 24
    assert len(points) == 8 * 5  # a point, and ahead and behind along two directions
    for n, (discount, states, players, k) in enumerate(places):
        game = games[n].result[0]
        assert (game.discount, game.n_states, game.n_players) == (discount, states, players)
        here, *around = [flat(call.args[0].logits)[k] for call in points[5 * (n // 3) : 5 * (n // 3) + 5]]
        theta = nested(points[5 * (n // 3)].args[0].logits, k)
        problem, bounds = problem_of(game), constants(kind, discount, players)
        gradient = np.linalg.norm(problem.gradient(theta)) / bounds[0]
        assert found["gradient"][n] == pytest.approx(gradient, rel=1e-9, abs=1e-14)
        curvature = np.array(problem.hessian(theta))
        values = np.linalg.eigvalsh((curvature + curvature.T) / 2)
        assert found["hessian"][n] == pytest.approx(np.abs(values).max() / bounds[1], rel=1e-8, abs=1e-14)
        directions = []
        for ahead, behind in (around[:2], around[2:]):
            direction = (ahead - behind) / np.linalg.norm(ahead - behind)
            np.testing.assert_allclose((ahead + behind) / 2, here, atol=1e-12)
            directions.append(direction)
        # the second one is the eigenvector of the eigenvalue of largest modulus
        stretched = curvature @ directions[1]
        assert abs(stretched @ directions[1]) == pytest.approx(np.abs(values).max(), rel=1e-5, abs=1e-9)
        changes = [change_along(problem, theta, direction) for direction in directions]
        assert found["third"][n] == pytest.approx(max(changes) / bounds[2], rel=1e-4, abs=1e-8)
    assert (found["third"] > 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_constants_are_never_exceeded(kind):
    sizes = {"discounts": [0.0, 0.5, 0.9], "states": [1, 2, 3], "actions": [[2], [2, 2], [3, 2], [2, 2, 2]]}
    found = theory.constant_ratios(kind, 2023, **sizes, games_per_size=20)
    for name in ("gradient", "hessian", "third"):
        assert found[name].max() <= 1.0
        assert found[name].max() > 0.03  # nor is the check empty
        assert (found[name] >= 0.0).all()


def test_constant_ratios_are_addressed_by_discount_and_size():
    many = theory.constant_ratios("team", 3, **SMALL)
    few = theory.constant_ratios("team", 3, **{**SMALL, "discounts": [0.5], "states": [2], "actions": [[3, 2]]})
    for name, values in few.items():
        np.testing.assert_array_equal(values, many[name][21:])
    assert len(set(many["gradient"].tolist())) == 24
    for other in (theory.constant_ratios("team", 4, **SMALL), theory.constant_ratios("separable", 3, **SMALL)):
        assert (other["gradient"] != many["gradient"]).all()


# Theorem 4 on random games ------------------------------------------------------------------------------

RANDOM = {
    "discounts": [0.5], "states": [2], "actions": [[2], [2, 2]], "tasks_per_size": 2, "games_per_task": 2,
    "inner_steps": [0, 2], "iterations": 4, "n_checkpoints": 3,
}  # fmt: skip


@pytest.mark.parametrize("kind", ["team", "separable"])
@pytest.mark.recalculates("theorem-4")
def test_random_games_by_complex_steps(kind, monkeypatch):
    """The meta-gradient by differentiating through the inner steps; step sizes 1 / L and 1 / L_F."""
    games, trained = spy_on(monkeypatch, "potential_sequence"), spy_on(monkeypatch, "train")
    found = theory.random_games(kind, 3, **RANDOM)
    assert found["checkpoints"].tolist() == [1, 2, 4]
    assert found["gradient_norm"].shape == (8, 3)
    places = list(itertools.product([1, 2], [0, 2], range(2)))
    assert found["n_players"].tolist() == [players for players, *_ in places]
    assert found["inner_steps"].tolist() == [steps for _, steps, _ in places]
    assert (set(found["discount"]), set(found["n_states"])) == ({0.5}, {2})
    assert len({call.result[0].potential.tobytes() for call in games}) == len(games) == 16
    for n, (players, steps, row) in enumerate(places):
        task = [problem_of(games[2 * n + j].result[0]) for j in (0, 1)]
        alpha = 1 / constants(kind, 0.5, players)[1]
        smoothness = meta_smoothness(kind, 0.5, players, alpha, steps)
        assert found["smoothness"][n] == pytest.approx(smoothness, rel=1e-12)
        theta, norms = nested(trained[n // 2].args[1], row), []
        for _ in range(4):
            gradient = oracles_gradient.meta_gradient(task, [0.5, 0.5], theta, alpha, steps)
            norms.append(np.linalg.norm(gradient))
            moved = [x + g / smoothness for x, g in zip(oracles_gradient.flat(theta), gradient, strict=True)]
            theta = oracles_gradient.unflat(moved, theta)
        expected = [min(norms[:1]), min(norms[:2]), min(norms)]
        assert found["gradient_norm"][n] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("kind", ["team", "separable"])
def test_theorem_4_holds(kind):
    """min |grad F|^2 <= 4 N L_F / ((1 - gamma) K), and half of that by the ascent lemma."""
    options = {**RANDOM, "discounts": [0.0, 0.5, 0.9], "states": [1, 3], "tasks_per_size": 5, "iterations": 20}
    found = theory.random_games(kind, 5, **options)
    n, g, smoothness = (found[name][:, np.newaxis] for name in ("n_players", "discount", "smoothness"))
    right = 4 * n * smoothness / ((1 - g) * found["checkpoints"])
    assert (found["gradient_norm"] ** 2 <= right / 2).all()
    assert (found["gradient_norm"] > 0).all()
    assert (np.diff(found["gradient_norm"], axis=1) <= 0).all()


def test_random_games_are_addressed_by_size_and_inner_steps():
    many = theory.random_games("team", 3, **{**RANDOM, "discounts": [0.0, 0.5], "states": [1, 2]})
    few = theory.random_games("team", 3, **{**RANDOM, "actions": [[2, 2]], "inner_steps": [2]})
    for name in ("gradient_norm", "smoothness"):
        np.testing.assert_array_equal(few[name], many[name][-2:])
    assert len(set(many["gradient_norm"][:, 0].tolist())) == 32
    other = theory.random_games("team", 4, **RANDOM)
    assert not np.isin(other["gradient_norm"], many["gradient_norm"]).any()


# Meta-training ------------------------------------------------------------------------------------------

TRAINING = {
    "n_states": 2, "n_actions": [2, 3], "games": 3, "held_out": 2, "perturbation": 0.4, "inner_step": 3.0,
    "inner_steps": 2, "step": 2.0, "batch_size": 2, "iterations": 6, "n_checkpoints": 4, "adaptation_steps": 5,
}  # fmt: skip
ORDER = ("scratch", "maml", "maml_theory", "maml_sampled", "first_order", "joint", "carry_over")
TRAINED = ("maml", "maml_theory", "maml_sampled", "first_order")


@pytest.fixture(scope="module", params=["team", "action_independent"])
def training(request):
    """A small meta-training, with the games that it drew: (seeds, games + held_out)."""
    with pytest.MonkeyPatch.context() as patch:
        drawn = spy_on(patch, "potential_sequence")
        found = theory.meta_training(request.param, 0.5, [4, 0, 7], 9, **TRAINING)
    return request.param, [call.result for call in drawn], found


def trained_by_definition(kind, games):
    """Each arm on the training games of one seed, alone: logits, objective, gradient norm and smallest."""
    _, second, _ = constants(kind, 0.5, 2)
    alpha, practical = 3.0 / second, 2.0 / second
    start = tuple(np.zeros((1, 2, n)) for n in (2, 3))
    tasks = maml.Tasks.of(games, 1)
    smoothness = meta_smoothness(kind, 0.5, 2, alpha, 2)
    plans = {
        "maml": (practical, {}),
        "maml_theory": (1 / smoothness, {}),
        "first_order": (practical, {"first_order": True}),
        "joint": (practical, {"inner_steps": 0}),
    }
    common = {"iterations": 5, "inner_step": alpha, "inner_steps": 2, "at": range(6)}
    return {name: maml.train(tasks, start, step=step, **(common | more)) for name, (step, more) in plans.items()}


def test_arrays_of_meta_training(training):
    kind, sequences, found = training
    assert theory.INITIALISATIONS == ORDER
    assert found["seeds"].tolist() == [4, 0, 7]
    assert found["checkpoints"].tolist() == [1, 2, 3, 6]
    assert found["steps"].tolist() == list(range(6))
    assert found["adapted_gap"].shape == found["adapted_potential"].shape == (7, 3, 2, 6)
    assert float(found["smoothness"]) == pytest.approx(
        meta_smoothness(kind, 0.5, 2, 3.0 / constants(kind, 0.5, 2)[1], 2), rel=1e-12
    )
    curves = {f"{curve}_{arm}" for curve in ("objective", "gradient_norm", "smallest") for arm in TRAINED}
    assert set(found) == curves | {"seeds", "checkpoints", "steps", "adapted_gap", "adapted_potential", "smoothness"}
    assert all(found[name].shape == (3, 4) for name in curves)
    assert [len(sequence) for sequence in sequences] == [5] * 3
    # no held-out game is a training game, and seeds share none
    assert len({game.potential.tobytes() for sequence in sequences for game in sequence}) == 15
    assert {game.discount for sequence in sequences for game in sequence} == {0.5}
    for sequence in sequences:
        assert np.ptp([game.potential for game in sequence], axis=0).max() <= 0.8
        assert all(kernel_of(game) == kernel_of(sequence[0]) for game in sequence)


def test_arms_of_meta_training(training):
    """Exact MAML, its theory's step and the first-order one, on the training games of each seed alone."""
    kind, sequences, found = training
    at = [0, 1, 2, 5]  # meta-gradients seen, less one
    for j, sequence in enumerate(sequences):
        plans = trained_by_definition(kind, sequence[:3])
        for name in ("maml", "maml_theory", "first_order"):
            run = plans[name]
            np.testing.assert_allclose(found[f"objective_{name}"][j], run.objective[0, at], rtol=1e-12)
            np.testing.assert_allclose(found[f"gradient_norm_{name}"][j], run.gradient_norm[0, at], rtol=1e-10)
            # what follows no exact gradient is looked at in the checkpoints only
            norms = run.gradient_norm[0]
            seen = [[k for k in range(last + 1) if name != "first_order" or k in at] for last in at]
            smallest = [norms[ks].min() for ks in seen]
            np.testing.assert_allclose(found[f"smallest_{name}"][j], smallest, rtol=1e-10)
    assert not np.isclose(found["objective_maml"][:, -1], found["objective_first_order"][:, -1], rtol=1e-9).any()
    assert (found["objective_maml"][:, -1] > found["objective_maml_theory"][:, -1]).all()


def test_the_first_objective_by_complex_numbers(training):
    """From uniform policies: equation (9) by loops, and the norm of its derivative."""
    kind, sequences, found = training
    alpha = 3.0 / constants(kind, 0.5, 2)[1]
    theta = [[[0.0] * n] * 2 for n in (2, 3)]
    for j, sequence in enumerate(sequences[:2]):
        task = [problem_of(game) for game in sequence[:3]]
        value = oracles_gradient.meta_objective(task, [1 / 3] * 3, theta, alpha, 2).real
        norm = np.linalg.norm(oracles_gradient.meta_gradient(task, [1 / 3] * 3, theta, alpha, 2))
        for name in TRAINED:
            assert found[f"objective_{name}"][j, 0] == pytest.approx(value, rel=1e-11)
            assert found[f"gradient_norm_{name}"][j, 0] == pytest.approx(norm, rel=1e-9)


def minibatches_of(kind):
    """Those of the meta-training above: root seed 9, discount 1/2, two inner steps, a stream for each seed."""
    return maml.Minibatches(2, (9, "meta-training", kind, "0.5", 2), [4, 0, 7])


def test_minibatches_of_meta_training(training):
    """Drawn from streams of the meta-training, two games each, seeds side by side."""
    kind, sequences, found = training
    _, second, _ = constants(kind, 0.5, 2)
    tasks = maml.Tasks.of([game for sequence in sequences for game in sequence[:3]], 3)
    start = tuple(np.zeros((3, 2, n)) for n in (2, 3))
    batches = minibatches_of(kind)
    run = maml.train(
        tasks, start, step=2.0 / second, iterations=5, inner_step=3.0 / second, inner_steps=2, minibatches=batches,
        at=[0, 1, 2, 5],
    )  # fmt: skip
    np.testing.assert_array_equal(found["objective_maml_sampled"], run.objective)
    np.testing.assert_array_equal(found["smallest_maml_sampled"], np.minimum.accumulate(run.gradient_norm, axis=1))
    assert not np.isclose(found["objective_maml_sampled"][:, 1:], found["objective_maml"][:, 1:], rtol=1e-9).any()


def carried_over(games, alpha, steps):
    """Softmax ascent on one game after another, iteration by iteration."""
    policies = tuple(np.full((1, 2, n), 1 / n) for n in (2, 3))
    learner = SoftmaxGradient(alpha)
    for game in games:
        state = learner.start(GameBatch((game,)), policies)
        for _ in range(steps):
            state = learner.advance(GameBatch((game,)), state, 1)
        policies = learner.output(state)
    return tuple(np.log(part) for part in policies)


@pytest.mark.recalculates("maml-adapts")
def test_adaptation_to_held_out_games(training):
    """Each arm's last logits, and the learner's after the training games, ascend on games 4 and 5 of the sequence."""
    kind, sequences, found = training
    _, second, _ = constants(kind, 0.5, 2)
    for j, sequence in enumerate(sequences):
        arms = {name: run.logits for name, run in trained_by_definition(kind, sequence[:3]).items()}
        arms["scratch"] = tuple(np.zeros((1, 2, n)) for n in (2, 3))
        arms["carry_over"] = carried_over(sequence[:3], 3.0 / second, 2)
        for (name, theta), (k, game) in itertools.product(arms.items(), enumerate(sequence[3:])):
            place = (ORDER.index(name), j, k)
            problem, row = problem_of(game), nested(theta, 0)
            for step in range(6):
                policy = tuple(np.array([[x.real for x in oracles_gradient.softmax(r)] for r in part]) for part in row)
                assert found["adapted_gap"][(*place, step)] == pytest.approx(metanash.ne_gap(game, policy), abs=1e-9)
                value = problem.value(row).real
                assert found["adapted_potential"][(*place, step)] == pytest.approx(value, rel=1e-9)
                row = problem.adapted(row, 3.0 / second, 1)
                row = [[[float(np.real(x)) for x in r] for r in part] for part in row]
    # the sampled arm too starts adaptation elsewhere than the others
    starts = found["adapted_potential"][..., 0]
    for one, other in itertools.combinations(range(7), 2):
        assert not np.isclose(starts[one], starts[other], rtol=1e-10).all()


def test_sampled_logits_are_adapted(training):
    kind, sequences, found = training
    _, second, _ = constants(kind, 0.5, 2)
    tasks = maml.Tasks.of([game for sequence in sequences for game in sequence[:3]], 3)
    start = tuple(np.zeros((3, 2, n)) for n in (2, 3))
    batches = minibatches_of(kind)
    run = maml.train(
        tasks, start, step=2.0 / second, iterations=5, inner_step=3.0 / second, inner_steps=2, minibatches=batches
    )
    for j, k in np.ndindex(3, 2):
        value = problem_of(sequences[j][3 + k]).value(nested(run.logits, j)).real
        assert found["adapted_potential"][3, j, k, 0] == pytest.approx(value, rel=1e-10)


def test_meta_training_without_inner_steps_carries_over_one():
    """T = 0: MAML is the ascent of the mean potential, and each game still moves the carried policies once."""
    with pytest.MonkeyPatch.context() as patch:
        drawn = spy_on(patch, "potential_sequence")
        found = theory.meta_training("team", 0.5, [4], 9, **{**TRAINING, "inner_steps": 0})
    np.testing.assert_array_equal(found["adapted_gap"][1], found["adapted_gap"][5])
    theta = carried_over(drawn[0].result[:3], 3.0 / constants("team", 0.5, 2)[1], 1)
    value = problem_of(drawn[0].result[3]).value(nested(theta, 0)).real
    assert found["adapted_potential"][6, 0, 0, 0] == pytest.approx(value, rel=1e-10)


def test_a_further_seed_moves_no_other(training):
    kind, _, found = training
    more = theory.meta_training(kind, 0.5, [4, 0, 7, 1], 9, **TRAINING)
    for name, values in found.items():
        if name in {"checkpoints", "steps", "smoothness"}:
            np.testing.assert_array_equal(values, more[name])
        elif name.startswith("adapted"):
            np.testing.assert_allclose(values, more[name][:, :3], rtol=1e-12, atol=1e-15)
        else:
            np.testing.assert_allclose(values, more[name][:3], rtol=1e-12)


def test_a_seed_is_the_same_in_any_company(training):
    """Seed 7, third of three or alone."""
    kind, _, found = training
    alone = theory.meta_training(kind, 0.5, [7], 9, **TRAINING)
    for arm in TRAINED:
        np.testing.assert_allclose(alone[f"objective_{arm}"][0], found[f"objective_{arm}"][2], rtol=1e-12)
    other = theory.meta_training(kind, 0.5, [7], 10, **TRAINING)
    assert (other["objective_maml"] != alone["objective_maml"]).all()


def test_the_minibatches_of_a_seed_are_the_same_in_any_company(training):
    """Alone, and in another order."""
    kind, _, found = training
    alone = theory.meta_training(kind, 0.5, [7], 9, **TRAINING)
    turned = theory.meta_training(kind, 0.5, [7, 4], 9, **TRAINING)
    for name in ("objective_maml_sampled", "gradient_norm_maml_sampled", "smallest_maml_sampled"):
        np.testing.assert_allclose(alone[name][0], found[name][2], rtol=1e-10)
        np.testing.assert_allclose(turned[name], found[name][[2, 0]], rtol=1e-10)
    sampled = ORDER.index("maml_sampled")
    np.testing.assert_allclose(turned["adapted_gap"][sampled], found["adapted_gap"][sampled, [2, 0]], atol=1e-12)


def test_every_meta_training_has_minibatches_of_its_own(monkeypatch):
    """Of its root seed, kind, discount and number of inner steps, and of the seeds; not of the step sizes."""
    calls = spy_on(monkeypatch, "Minibatches")
    small = {**TRAINING, "iterations": 2, "n_checkpoints": 2, "adaptation_steps": 1}
    places = [("team", 0.5, 9, 2), ("action_independent", 0.5, 9, 2), ("team", 0.25, 9, 2), ("team", 0.5, 8, 2),
              ("team", 0.5, 9, 1)]  # fmt: skip
    for kind, discount, root_seed, inner_steps in places:
        theory.meta_training(kind, discount, [4, 7], root_seed, **{**small, "inner_steps": inner_steps})
    drawn = [call.result.uniforms(2, 3) for call in calls]
    assert len(drawn) == len(places)
    assert len(np.unique(drawn)) == np.size(drawn)
    for (kind, discount, root_seed, inner_steps), numbers in zip(places, drawn, strict=True):
        address = (root_seed, "meta-training", kind, str(discount), inner_steps)
        np.testing.assert_array_equal(maml.Minibatches(2, address, [4, 7]).uniforms(2, 3), numbers)
    theory.meta_training("team", 0.5, [4, 7], 9, **{**small, "step": 1.0, "inner_step": 1.0})
    np.testing.assert_array_equal(calls[-1].result.uniforms(2, 3), drawn[0])


# The inner loop -----------------------------------------------------------------------------------------

INNER = {"probabilities": [0.5, 0.01], "n_states": 2, "n_actions": [2, 3], "iterations": 30, "n_checkpoints": 4}


def least_best(game, policies):
    """Least probability on actions within 1e-12 of the best averaged Q-value, over players and states."""
    least, kernel, lists = 1.0, kernel_of(game), [part.tolist() for part in policies]
    for i in range(game.n_players):
        reward = game.reward[i if len(game.reward) > 1 else 0].tolist()
        values = oracles.discounted_values(reward, kernel, game.discount, lists)
        q = oracles.averaged_q(reward, kernel, game.discount, lists, i, values)
        for s in range(game.n_states):
            best = [a for a, x in enumerate(q[s]) if x >= max(q[s]) - 1e-12]
            least = min(least, sum(lists[i][s][a] for a in best))
    return least


@pytest.mark.parametrize("kind", ["team", "action_independent"])
@pytest.mark.recalculates("inner-loop")
def test_inner_loop_one_game_at_a_time(kind, monkeypatch):
    drawn, learned = spy_on(monkeypatch, "potential_sequence"), spy_on(monkeypatch, "learn")
    found = theory.inner_loop(kind, [3, 8, 1], 2, discounts=[0.25, 0.75], **INNER)
    assert found["checkpoints"].tolist() == [1, 3, 10, 30]
    assert found["ne_gap"].shape == (2, 2, 3, 4)
    assert found["least_best"].shape == (2, 2, 3)
    assert (found["seeds"].tolist(), found["discounts"].tolist()) == ([3, 8, 1], [0.25, 0.75])
    assert found["probabilities"].tolist() == [0.5, 0.01]
    steps = [1 / constants(kind, discount, 2)[1] for discount in (0.25, 0.75)]
    assert found["step_size"] == pytest.approx(steps, rel=1e-12)
    vertices = set()
    for d, i, j in np.ndindex(2, 2, 3):
        game = drawn[3 * d + j].result[0]
        assert (game.discount, game.n_states, game.n_actions) == ((0.25, 0.75)[d], 2, (2, 3))
        row = 3 * i + j
        policies = [tuple(part[row] for part in learned[d].options["initial"])]
        for part, n in zip(policies[0], (2, 3), strict=True):
            p = (0.5, 0.01)[i]
            np.testing.assert_allclose(np.sort(part, axis=1), [[*[p / (n - 1)] * (n - 1), 1 - p]] * 2, rtol=1e-12)
        vertices.add(np.concatenate(policies[0], axis=1).argsort(axis=1).tobytes())
        learner, batch = SoftmaxGradient(steps[d]), GameBatch((game,))
        state = learner.start(batch, tuple(part[np.newaxis] for part in policies[0]))
        for _ in range(30):
            state = learner.advance(batch, state, 1)
            policies.append(tuple(part[0] for part in learner.output(state)))
        gaps = [metanash.ne_gap(game, policies[t]) for t in (1, 3, 10, 30)]
        assert found["ne_gap"][d, i, j] == pytest.approx(gaps, rel=1e-9, abs=1e-12)
        least = min(least_best(game, policy) for policy in policies[:-1])
        assert found["least_best"][d, i, j] == pytest.approx(least, rel=1e-9)
    assert len(vertices) > 3
    assert len({call.result[0].reward.tobytes() for call in drawn}) == 6


def test_inner_loop_is_addressed_by_seed_and_discount():
    many = theory.inner_loop("team", [3, 8, 1], 2, discounts=[0.25, 0.75], **INNER)
    few = theory.inner_loop("team", [1], 2, discounts=[0.75], **{**INNER, "probabilities": [0.01]})
    np.testing.assert_array_equal(few["ne_gap"][0, 0, 0], many["ne_gap"][1, 1, 2])
    np.testing.assert_array_equal(few["least_best"][0, 0, 0], many["least_best"][1, 1, 2])
    assert len(set(many["ne_gap"][..., 0].ravel().tolist())) == 12
    other = theory.inner_loop("team", [1], 3, discounts=[0.75], **INNER)
    assert (other["ne_gap"][0, 1, 0] != few["ne_gap"][0, 0, 0]).all()


# The meta-gradient --------------------------------------------------------------------------------------


@pytest.mark.recalculates("equation-10")
def test_gradient_checks_find_a_wrong_gradient(monkeypatch):
    """Differences of (9) agree with its derivative, and not with that of first-order MAML."""
    sizes = {"discounts": [0.5], "states": [2], "actions": [[2, 2]], "tasks_per_size": 3, "games_per_task": 2}
    plan = {**sizes, "inner_steps": [0, 2], "inner_step": 5.0}
    found = theory.gradient_checks("team", 7, **plan)
    assert found["inner_steps"].tolist() == [0] * 3 + [2] * 3
    assert (found["difference"] < 1e-8 * found["norm"]).all()
    exact = theory.meta_gradient
    monkeypatch.setattr(theory, "meta_gradient", lambda *args: exact(*args, first_order=True))
    wrong = theory.gradient_checks("team", 7, **plan)
    relative = wrong["difference"] / wrong["norm"]
    assert (relative[:3] < 1e-8).all()  # without inner steps both are the same
    assert (relative[3:] > 1e-3).all()
