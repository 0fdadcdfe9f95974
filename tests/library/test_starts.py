"""Starts that learners cannot leave, and learning rates at the ends of the range of floats: said, never silent."""

import warnings
from fractions import Fraction

import numpy as np
import pytest

import metanash as mn
from metanash import CorrelatedMirrorDescent, OptimisticMirrorDescent, ProjectedQAscent, RegretMatching
from metanash.games import GameBatch
from metanash.learners import SoftmaxGradient
from metanash.learners.base import PureStartWarning, learn
from metanash.maml import Tasks, adapt, meta_gradient, train
from metanash.policy_gradient import ValueModel, ascend

ALONE = mn.Transition.shared(np.ones((1, 2, 2, 1)))
PENNIES = mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], ALONE)
GENERAL = mn.MarkovGame.from_zero_sum(PENNIES)
TEAM = mn.DiscountedGame([[[[0.0, 0.25], [0.5, 1.0]]]], ALONE, 0.0)
"""Both players' second action is dominant."""
LEARNERS = [
    (OptimisticMirrorDescent, PENNIES), (CorrelatedMirrorDescent, GENERAL), (RegretMatching, PENNIES),
    (ProjectedQAscent, TEAM), (SoftmaxGradient, TEAM),
]  # fmt: skip


def gap_of(run):
    return next(iter(run.measures.values()))


# Pure starts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("learner", "game", "axes", "row", "gap"),
    [
        (OptimisticMirrorDescent(0.5), PENNIES, (1, 1, 1, 1), "(game, stage, h, s) = (0, 0, 0, 0)", 1.0),
        (CorrelatedMirrorDescent(0.5), GENERAL, (1, 1, 1, 1), "(game, stage, h, s) = (0, 0, 0, 0)", 1.0),
        (SoftmaxGradient(0.5), TEAM, (1, 1), "(game, s) = (0, 0)", 0.5),
    ],
)  # fmt: skip
def test_who_never_leaves_a_pure_start_says_so(learner, game, axes, row, gap):
    """Matching pennies: whoever loses would win 1 by the other action. The team: 1/2 - 0 by the second action."""
    pure = tuple(np.broadcast_to([1.0, 0.0], (*axes, 2)) for _ in range(2))
    message = f"initial policy of player 0: at {row} action 1 has probability 0"
    with pytest.warns(PureStartWarning) as found:
        run = learn(game, learner, 10_000, at=[100, 10_000], initial=pure)
    assert len(found) == 1
    assert str(found[0].message).startswith(message)
    assert found[0].filename == __file__  # of whoever calls learn
    np.testing.assert_array_equal(gap_of(run), [[gap, gap]])


def test_the_warning_names_the_first_row_and_comes_once():
    states = mn.Transition.shared(np.full((2, 2, 2, 2), 0.5))
    game = mn.ZeroSumGame(np.zeros((2, 2, 2, 2)), states)
    policy = np.full((1, 2, 2, 2, 2), 0.5)
    other = policy.copy()
    other[0, 1, 0, 1] = other[0, 1, 1, 1] = [0.0, 1.0]
    with pytest.warns(PureStartWarning, match=r"player 1: at \(game, stage, h, s\) = \(0, 1, 0, 1\) action 0") as found:
        OptimisticMirrorDescent(0.1).start(GameBatch.of(game), (policy, other))
    assert len(found) == 1


@pytest.mark.parametrize(
    ("learner", "game", "axes"),
    [(RegretMatching(), PENNIES, (1, 1, 1)), (RegretMatching(0.3), PENNIES, (1, 1, 1)),
     (ProjectedQAscent(0.1), TEAM, (1, 1))],
)  # fmt: skip
def test_who_leaves_pure_starts_does_not_warn(learner, game, axes):
    pure = tuple(np.broadcast_to([1.0, 0.0], (*axes, 2)) for _ in range(2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = learn(game, learner, 10_000, initial=pure)
    assert gap_of(run)[0, -1] < 1e-3


@pytest.mark.parametrize(("make", "game"), LEARNERS)
def test_tiny_probabilities_are_no_zeros(make, game):
    axes = {OptimisticMirrorDescent: 4, CorrelatedMirrorDescent: 4, RegretMatching: 3}.get(make, 2)
    start = tuple(np.broadcast_to([1.0, 5e-324], (1,) * axes + (2,)) for _ in range(2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learn(game, make(0.5), 3, initial=start)
        learn(game, make(0.5), 3)


@pytest.mark.parametrize("kind", ["pure", "mixed"])
@pytest.mark.parametrize("name", ["individual", "best_response", "stage_average", "output_policy"])
@pytest.mark.parametrize("make", [OptimisticMirrorDescent, CorrelatedMirrorDescent])
def test_meta_updates_do_not_start_from_zeros(kind, name, make):
    """At a rate of 1e6 all iterates underflow to vertices, and what the updates make of them is mixed again."""
    games = mn.families.zero_sum_sequence(kind, 3, n_games=4, perturbation=0.1)
    if make is CorrelatedMirrorDescent:
        games = [mn.MarkovGame.from_zero_sum(game) for game in games]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = mn.learn_sequence(games, make(1e6), mn.META_UPDATES[name](4), 60)
    assert run.runs[0].state.iterate[0].min() == 0.0
    for one in run.runs:
        assert min(policy.min() for policy in one.state.initial) > 0.0


def test_a_probability_that_has_underflowed_is_carried_over_as_the_zero_that_it_is():
    games = [TEAM, TEAM]
    with pytest.warns(PureStartWarning, match=r"player 0: at \(game, s\) = \(0, 0\) action 0 has probability 0"):
        run = mn.learn_sequence(games, SoftmaxGradient(1e4), mn.META_UPDATES["carry_over"](2), 20)
    assert run.runs[1].policy[0][0, 0].tolist() == [0.0, 1.0]


# Learning rates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "game"), LEARNERS)
@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (1e308, r"must lie in \[1e-100, 1e\+100\], got 1e\+308"),
        (1.1e100, r"must lie in \[1e-100, 1e\+100\], got 1\.1e\+100"),
        (1e-320, r"must lie in \[1e-100, 1e\+100\], got 9\.99989e-321"),
        (0.0, "must be above 0, got 0"),
        (-1.0, "must be above 0, got -1"),
        (np.inf, "must be finite"),
        (np.nan, "must be finite"),
        ([0.1, 1e308], r"must lie in \[1e-100, 1e\+100\]; at index \(1,\) it is 1e\+308"),
        ([0.1, -0.1], r"must be above 0; at index \(1,\) it is -0\.1"),
        ([0.1, np.nan], r"must be finite; at index \(1,\) there is nan"),
        ([0.1, 0.1, 0.1], "must be one number or one per game"),
        ("fast", "must hold real numbers"),
        (None, "must hold real numbers"),
    ],
)  # fmt: skip
def test_rates_beyond_the_range_are_refused(make, game, rate, message):
    with pytest.raises(ValueError, match=f"(learning_rate|step_size) {message}"):
        learn([game, game], make(rate), 10)


@pytest.mark.parametrize(("make", "game"), LEARNERS)
def test_rates_within_the_range_give_gaps_and_policies(make, game):
    """All in one batch, each with its own; three actions too, where no payoffs tie, and a long stage."""
    rates = np.array([1e-100, 1e-50, 1e-8, 1.0, 1e6, 1e8, 1e12, 1e16, 1e50, 1e100])
    (mixed,) = mn.families.zero_sum_sequence("mixed", 5, n_games=1, perturbation=0.1, n_actions=(3, 3))
    (team,) = mn.families.potential_sequence("team", 5, n_games=1, perturbation=0.0, discount=0.9, n_actions=(3, 3, 3))
    larger = {PENNIES: mixed, GENERAL: mn.MarkovGame.from_zero_sum(mixed), TEAM: team}[game]
    for one in (game, larger):
        most = 1.0 / (1.0 - one.discount) if isinstance(one, mn.DiscountedGame) else one.horizon
        run = learn([one] * len(rates), make(rates), 3000, at=[1, 2, 3, 10, 100, 3000])
        gaps = gap_of(run)
        assert np.isfinite(gaps).all()
        assert (np.abs(gaps) <= most + 1e-9).all()
        policies = run.policy.joints if isinstance(run.policy, mn.CorrelatedPolicy) else run.policy
        axes = one.n_players if isinstance(run.policy, mn.CorrelatedPolicy) else 1
        for policy in policies:
            mass = policy.reshape(*policy.shape[: policy.ndim - axes], -1).sum(axis=-1)
            np.testing.assert_allclose(mass, 1.0, atol=1e-12)
        # alone as in company
        alone = gap_of(learn(one, make(float(rates[-1])), 3000, at=[1, 2, 3, 10, 100, 3000]))
        np.testing.assert_array_equal(alone[0], gaps[-1])


def projected(policy, payoff, step):
    """Projection of policy + step * payoff onto the simplex in fractions: try every number of positive entries."""
    moved = [Fraction(p) + Fraction(step) * Fraction(q) for p, q in zip(policy, payoff, strict=True)]
    down = sorted(moved, reverse=True)
    for k in range(len(moved), 0, -1):
        threshold = (sum(down[:k]) - 1) / k
        if down[k - 1] > threshold:
            return [float(max(x - threshold, 0)) for x in moved]
    raise AssertionError


@pytest.mark.parametrize("step", [0.5, 300.0, 1e4, 1e8, 1e15, 1e40])
def test_far_steps_of_projected_ascent_keep_policy_and_mass(step):
    """One player, so that Qbar is the reward: actions that tie keep the difference of their probabilities."""
    for reward, start in [
        ([0.75, 0.75, 0.75], [0.125, 0.5, 0.375]),
        ([0.75, 0.75, 0.25], [0.125, 0.5, 0.375]),
        ([0.5, 0.5], [0.125, 0.875]),
        ([1.0, 1.0, 1.0, 1.0, 0.0], [0.0, 0.25, 0.0, 0.25, 0.5]),
    ]:
        game = mn.DiscountedGame([[reward]], mn.Transition.shared(np.ones((1, len(reward), 1))), 0.0)
        run = learn(game, ProjectedQAscent(step), 1, initial=(np.array([[start]]),))
        # without what all actions earn from a thousand (two actions: a million) on, so nothing is lost
        kept = 1e-16 * min(step, 1e6 if len(reward) == 2 else 1e3)
        np.testing.assert_allclose(run.policy[0][0, 0], projected(start, reward, step), rtol=0.0, atol=1e-15 + kept)


class Broken(OptimisticMirrorDescent):
    """Its gaps are no numbers from some iteration on."""

    def measure(self, games, state):  # noqa: ARG002
        return {"ne_gap": np.where([False, state.iteration >= 4], np.nan, 0.5)}


def test_a_gap_that_is_no_number_is_no_result():
    assert learn([PENNIES, PENNIES], Broken(0.1), 3).ne_gap[0, 0] == 0.5
    with pytest.raises(ArithmeticError, match="ne_gap of game 1 is nan after 4 iterations; a smaller learning rate"):
        learn([PENNIES, PENNIES], Broken(0.1), 10, at=[2, 4, 10])


# Exact MAML ---------------------------------------------------------------------------------------------


def maml(step=0.1, inner_step=0.1):
    (game,) = mn.families.potential_sequence("team", 5, n_games=1, perturbation=0.0, discount=0.9)
    theta = tuple(np.zeros((1, game.n_states, n)) for n in game.n_actions)
    tasks = Tasks.of([game])
    return {
        "gradient": lambda: meta_gradient(tasks, theta, inner_step, 20),
        "training": lambda: train(tasks, theta, step=step, iterations=3, inner_step=inner_step, inner_steps=20),
        "adaptation": lambda: adapt(theta, [game], inner_step, 5),
        "ascent": lambda: ascend(ValueModel.of(game), theta, inner_step, 5),
    }


@pytest.mark.parametrize("call", ["gradient", "training", "adaptation", "ascent"])
@pytest.mark.parametrize("bad", [-1.0, 0.0, np.nan, np.inf, 1e308, 1e-320])
def test_steps_of_maml_that_are_none(call, bad):
    with pytest.raises(ValueError, match=r"step must (be above 0|be finite|lie in \[1e-100, 1e\+100\])"):
        maml(inner_step=bad)[call]()


@pytest.mark.parametrize(("place", "name"), [("objective", "objective"), ("norm", "gradient")])
def test_a_meta_gradient_that_is_no_number_is_no_result(monkeypatch, place, name):
    """No game was found that gets there with steps that are let in, so the kernel says so here."""

    def kernel(**arguments):
        for found in ("objective", "norm", "least"):
            arguments[found][...] = 1.0
        arguments[place][-1] = np.inf

    monkeypatch.setattr("metanash.maml.kernels.maml", kernel)
    for call in ("gradient", "training"):
        with pytest.raises(
            ArithmeticError, match=rf"the meta-{name} of replication 0 is inf: .* inner step of 0\.1; take"
        ):
            maml()[call]()


def test_the_largest_steps_of_maml_that_are_let_in():
    for call in maml(step=1e100, inner_step=1e100).values():
        call()
