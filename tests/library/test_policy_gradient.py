"""Values, gradients and Hessians of softmax policies against complex steps and dual numbers."""

import math
from dataclasses import dataclass

import numpy as np
import oracles_gradient as oracle
import pytest
from backends import BACKENDS, use
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import random_interior, random_tables, seeds

from metanash import DiscountedGame, GameBatch, Transition, gaps, simplex
from metanash.families import potential_sequence
from metanash.policy_gradient import ValueModel, ascend, assembled_gradient, assembled_hessian, hessian

KINDS = ("team", "action_independent")
ACCURACY = 1e-10
"""Largest error of a derivative, relative to the largest that it can have: a power of 1 / (1 - discount)."""


def general_games(rng, count, states, actions, discount):
    """Each player a reward of its own, each game a kernel of its own; no potential but by chance."""
    return [
        random_tables(rng, "discounted", 1, states, actions, discount=discount, storage="shared").game()
        for _ in range(count)
    ]


def potential_games(rng, kind, count, states, actions, discount):
    """Games of one of the two families, each with a kernel and an initial distribution of its own."""
    games = []
    for k in range(count):
        (game,) = potential_sequence(
            kind, int(rng.integers(2**32)), k, n_games=1, perturbation=0.2, n_states=states, n_actions=actions,
            discount=discount,
        )  # fmt: skip
        initial = random_interior(rng, states)
        games.append(DiscountedGame(game.reward, game.transition, discount, initial, game.potential))
    return games


def random_logits(rng, count, states, actions, spread):
    return tuple(spread * rng.normal(size=(count, states, n)) for n in actions)


def problem(game, reward=None):
    """A game as the oracle reads it; by default its value is the potential."""
    table = game.potential if reward is None else reward
    return oracle.Problem(table.tolist(), game.transition.at(0).tolist(), game.discount, game.initial.tolist())


def nested(logits, k):
    return [part[k].tolist() for part in logits]


def flat(parts, k):
    return np.concatenate([part[k].ravel() for part in parts])


@dataclass(frozen=True)
class Case:
    kind: str
    states: int
    actions: tuple[int, ...]
    discount: float
    spread: float
    seed: int

    def draw(self, count=2):
        rng = np.random.default_rng(self.seed)
        make = general_games if self.kind == "general" else lambda r, *rest: potential_games(r, self.kind, *rest)
        games = make(rng, count, self.states, self.actions, self.discount)
        return games, random_logits(rng, count, self.states, self.actions, self.spread)

    def tolerance(self, order):
        """For a derivative of this order."""
        return ACCURACY / (1.0 - self.discount) ** (1 + order)


def cases(*kinds):
    return st.builds(
        Case,
        st.sampled_from(kinds),
        st.integers(1, 3),
        st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple),
        st.sampled_from([0.0, 0.5, 0.9]),
        st.sampled_from([0.0, 1.0, 4.0, 40.0]),  # uniform policies to near-vertices
        seeds,
    )


@settings(max_examples=40, deadline=None)
@given(cases(*KINDS))
def test_value_gradient_and_hessian_of_the_potential(case):
    games, logits = case.draw()
    point = ValueModel.of(games).at(logits)
    matrix = hessian(point)
    for k, game in enumerate(games):
        slow, theta = problem(game), nested(logits, k)
        assert point.value[k] == pytest.approx(slow.value(theta).real, abs=case.tolerance(0))
        np.testing.assert_allclose(flat(point.gradient, k), slow.gradient(theta), atol=case.tolerance(1), rtol=0)
        np.testing.assert_allclose(matrix[k], slow.hessian(theta), atol=case.tolerance(2), rtol=0)


@settings(max_examples=40, deadline=None)
@given(cases("team", "general"))
def test_hessian_products_are_those_of_the_matrix(case):
    """Along directions that differ from game to game, for the reward of the last player."""
    games, logits = case.draw()
    player = len(case.actions) - 1
    direction = random_logits(np.random.default_rng(case.seed + 1), 2, case.states, case.actions, 1.0)
    product = ValueModel.of(games, player=player).at(logits).hessian_product(direction)
    for k, game in enumerate(games):
        matrix = problem(game, game.reward[-1]).hessian(nested(logits, k))
        np.testing.assert_allclose(
            flat(product, k), np.array(matrix) @ flat(direction, k), atol=10 * case.tolerance(2), rtol=0
        )


@settings(max_examples=20, deadline=None)
@given(cases("general"))
def test_assembled_derivatives_take_each_block_from_its_player(case):
    games, logits = case.draw()
    batch = GameBatch.of(games)
    gradient, matrix = assembled_gradient(batch, logits), assembled_hessian(batch, logits)
    ends = np.cumsum([case.states * n for n in case.actions])
    for k, game in enumerate(games):
        for player, (end, actions) in enumerate(zip(ends, case.actions, strict=True)):
            own = slice(end - case.states * actions, end)
            reward = game.reward[0 if game.is_team else player]
            slow, theta = problem(game, reward), nested(logits, k)
            np.testing.assert_allclose(
                flat(gradient, k)[own], slow.gradient(theta)[own], atol=case.tolerance(1), rtol=0
            )
            np.testing.assert_allclose(matrix[k, own], slow.hessian(theta)[own], atol=case.tolerance(2), rtol=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("states", "actions"), [(1, (2, 2)), (2, (2, 3)), (3, (2, 3, 2))])
def test_players_rewards_have_the_derivatives_of_the_potential(kind, states, actions):
    """d_i Phi = d_i V_i, so block (i, j) of the Hessian of Phi is d_i d_j V_i; the V_i themselves differ."""
    case = Case(kind, states, actions, 0.9, 1.0, 3)
    games, logits = case.draw()
    batch, point = GameBatch.of(games), ValueModel.of(games).at(logits)
    for own, whole in zip(assembled_gradient(batch, logits), point.gradient, strict=True):
        np.testing.assert_allclose(own, whole, atol=case.tolerance(1), rtol=0)
    np.testing.assert_allclose(assembled_hessian(batch, logits), hessian(point), atol=case.tolerance(2), rtol=0)
    if kind == "action_independent":
        other = ValueModel.of(games, player=0).at(logits)
        assert np.abs(other.gradient[1] - point.gradient[1]).max() > 0.01


def test_without_a_potential_the_assembled_hessian_is_not_symmetric():
    games, logits = Case("general", 2, (2, 3), 0.5, 1.0, 3).draw()
    matrix = assembled_hessian(GameBatch.of(games), logits)
    assert np.abs(matrix - matrix.transpose(0, 2, 1)).max() > 0.01


def test_by_hand():
    """One state, discount 1/2, common reward [[1, 0], [0, 0]], uniform: Phi = 2 p q with p = q = 1/2.

    dp = (1/4, -1/4) and d^2 p = 0 along the two logits of a player, so the gradient is 2 q dp = (1/4, -1/4), the own
    block of the Hessian 0, and the mixed one 2 dp dq^T.
    """
    (game,) = general_games(np.random.default_rng(0), 1, 1, (2, 2), 0.5)
    game = DiscountedGame(np.array([[[[1.0, 0.0], [0.0, 0.0]]]]), game.transition, 0.5)
    point = ValueModel.of(game).at((np.zeros((1, 1, 2)), np.zeros((1, 1, 2))))
    np.testing.assert_allclose(point.value, [0.5])
    for part in point.gradient:
        np.testing.assert_allclose(part, [[[0.25, -0.25]]], atol=1e-15)
    mixed = np.array([[1.0, -1.0], [-1.0, 1.0]]) / 8
    np.testing.assert_allclose(hessian(point)[0], np.block([[0 * mixed, mixed], [mixed, 0 * mixed]]), atol=1e-15)


def test_values_are_those_of_the_gaps():
    games, logits = Case("team", 3, (2, 3), 0.9, 1.0, 5).draw(4)
    value = ValueModel.of(games).at(logits).value
    policy = [simplex.softmax(part) for part in logits]
    np.testing.assert_allclose(value, gaps.potential_values(GameBatch.of(games), policy), rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(cases("team"))
def test_smoothness_constants(case):
    """Common reward in [0, 1]: bounds of gradient and Hessian, which are attained, or half so, at discount 0.

    With T geometric, P(T > t) = gamma^t, the value is the expected reward R_T of T steps. Its derivatives along a
    direction of norm 1 are E[R_T W] with W = M, the sum of T scores, and W = M^2 - A, A the sum of their conditional
    variances. These are at most 1/2 (the ranges of a direction have squares of sum at most 2; Popoviciu), the scores
    are a martingale's, and W has mean 0, so that half of the range T of R_T counts:
    |grad| <= E[T sqrt(T / 2)] / 2 and |Hessian| <= E[T 2 (T / 2)] / 2.
    """
    games, logits = case.draw()
    point = ValueModel.of(games).at(logits)
    gradient = np.stack([flat(point.gradient, k) for k in range(len(games))])
    mean, square = 1.0 / (1.0 - case.discount), (1.0 + case.discount) / (1.0 - case.discount) ** 2
    largest = math.sqrt(mean * square / 8)  # E[T^1.5]^2 <= E[T] E[T^2]
    assert (np.linalg.norm(gradient, axis=1) <= largest + case.tolerance(1)).all()
    assert (np.linalg.norm(hessian(point), ord=2, axis=(1, 2)) <= square / 2 + case.tolerance(2)).all()


@pytest.mark.parametrize(
    ("reward", "order", "attained"), [([1.0, 0.0], 1, 1 / math.sqrt(8)), ([[1.0, 0.0], [0.0, 1.0]], 2, 1 / 4)]
)
def test_smoothness_constants_are_of_the_right_size(reward, order, attained):
    """Discount 0, uniform. One player: Phi = p, and |grad| = |(1/4, -1/4)| is the bound.

    Two players: Phi = p q + (1 - p)(1 - q) has the mixed block 2 dp dq^T of norm 2 / 8, half of the bound.
    """
    table = np.array(reward)[np.newaxis]
    game = DiscountedGame(table[np.newaxis], Transition.shared(np.ones((*table.shape, 1))), 0.0)
    point = ValueModel.of(game).at(tuple(np.zeros((1, 1, 2)) for _ in range(order)))
    size = np.linalg.norm(flat(point.gradient, 0)) if order == 1 else np.linalg.norm(hessian(point)[0], ord=2)
    assert size == pytest.approx(attained, rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_game_alone_and_in_a_batch(kind):
    """To rounding; in whatever order of memory the logits come."""
    games, logits = Case(kind, 2, (2, 3), 0.9, 1.0, 7).draw(5)
    model = ValueModel.of(games)
    together = model.at(tuple(np.asfortranarray(part) for part in logits))
    product = together.hessian_product(logits)
    for k, game in enumerate(games):
        own = tuple(part[k : k + 1] for part in logits)
        alone = ValueModel.of(game).at(own)
        np.testing.assert_allclose(alone.value[0], together.value[k], rtol=1e-13)
        np.testing.assert_allclose(flat(alone.gradient, 0), flat(together.gradient, k), atol=1e-12)
        np.testing.assert_allclose(flat(alone.hessian_product(own), 0), flat(product, k), atol=1e-11)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_ascent(kind, module, monkeypatch):
    use(monkeypatch, module)
    case = Case(kind, 2, (2, 3), 0.5, 1.0, 9)
    games, logits = case.draw()
    model, values = ValueModel.of(games), []
    for t in range(6):
        moved = ascend(model, logits, 0.7, t)
        for k, game in enumerate(games):
            expected = oracle.flat(problem(game).adapted(nested(logits, k), 0.7, t))
            np.testing.assert_allclose(flat(moved, k), np.real(expected), atol=1e-12, rtol=0)
        values.append(model.at(moved).value)
    assert (np.diff(values, axis=0) > 0.0).all()


def test_what_is_refused():
    rng = np.random.default_rng(0)
    games = general_games(rng, 2, 2, (2, 3), 0.5)
    with pytest.raises(ValueError, match="a game of the batch has no stage potential"):
        ValueModel.of(games)
    for player in (-1, 2):
        with pytest.raises(ValueError, match=rf"player must lie in \[0, 1\], got {player}"):
            ValueModel.of(games, player=player)
    for bad in (random_logits(rng, 1, 2, (2, 3), 1.0), random_logits(rng, 2, 2, (2,), 1.0)):
        with pytest.raises(ValueError, match=r"logits must have shapes \[\(2, 2, 2\), \(2, 2, 3\)\], got \["):
            ValueModel.of(games, player=0).at(bad)
    finite = random_tables(rng, "markov", 2, 2, (2, 2)).game()
    with pytest.raises(ValueError, match=r"ValueModel.of takes games of class DiscountedGame, got a MarkovGame"):
        ValueModel.of(finite)
