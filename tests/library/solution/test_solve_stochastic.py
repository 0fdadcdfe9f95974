"""Stationary equilibria of stochastic games: known games, oracles in loops, pure equilibria, static games."""

import itertools

import numpy as np
import pytest
from oracles_stochastic import gains_of, one_player, pure_equilibria, values_of
from stochastic_cases import drawn, played

import metanash as mn
from metanash.gambit import Units
from metanash.solution import stochastic
from metanash.solution.replies import Replies
from metanash.solution.stochastic import TOLERANCE, stationary_equilibrium
from metanash.stochastic import certify_policies

LOOPS = 1e-10
"""What values by iteration in floats leave, in parts of the range."""


def check(game, found):
    """An equilibrium, by loops; the gap that is told is a bound."""
    gains = gains_of(game, found.policies)
    scale = np.maximum(game.ranges, 1e-300)
    assert (gains / scale[:, np.newaxis]).max() <= LOOPS
    assert found.gap <= TOLERANCE * scale.max() * 1.5
    worth = np.array([values_of(game, found.policies, i) @ game.initial for i in range(game.n_players)])
    np.testing.assert_allclose(found.value, worth, atol=LOOPS * scale.max())


@pytest.mark.parametrize(
    ("seed", "players", "states", "most", "ends"),
    [
        (1, 1, 3, 3, 0.0), (2, 2, 1, 4, 0.0), (3, 2, 4, 3, 0.0), (4, 2, 3, 3, 0.8), (5, 3, 2, 3, 0.0),
        (6, 3, 3, 2, 0.5), (7, 4, 2, 2, 0.0), (8, 2, 6, 2, 0.3), (9, 2, 5, 4, 0.0), (10, 3, 1, 3, 0.2),
    ],
)  # fmt: skip
def test_drawn_games_are_solved(seed, players, states, most, ends):
    game = drawn(seed, players, states, most, ends=ends)
    check(game, mn.solve(game))


@pytest.mark.parametrize("seed", range(4))
def test_games_with_high_discounts_are_solved(seed):
    game = drawn(20 + seed, 2, 3, 3, discounts=[0.99, 0.5] if seed % 2 else 0.99, low=2)
    check(game, mn.solve(game))


def dilemma(discounts, go_on):
    payoffs = [[[3.0, 0.0], [5.0, 1.0]], [[3.0, 5.0], [0.0, 1.0]]]
    return mn.StochasticGame([payoffs], [np.full((2, 2, 1), go_on)], discounts)


@pytest.mark.parametrize(("discounts", "go_on"), [([0.9, 0.5], 1.0), ([0.5, 0.99], 0.7), ([0.0, 0.9], 1.0)])
def test_the_dilemma_without_memory_is_defected(discounts, go_on):
    """1 a round: 1 / (1 - discount times the probability to go on) in all, by the geometric series."""
    found = mn.solve(dilemma(discounts, go_on))
    assert [p.tolist() for p in found.policies] == [[[0.0, 1.0]]] * 2
    np.testing.assert_allclose(found.value, [1.0 / (1.0 - d * go_on) for d in discounts], rtol=1e-14)


def test_a_reason_to_cooperate_that_depends_on_the_discount():
    """Mutual cooperation keeps a good state, defection leads to a bad one for ever.

    Who defects gains 1 now and loses 2 a round from the next on: cooperation in state 0 is an equilibrium exactly if
    1 <= 2 d / (1 - d), so if d >= 1/3 for both; defection is one in any case, as the other one destroys the state.
    """
    good = [[[3.0, 0.0], [4.0, 1.0]], [[3.0, 4.0], [0.0, 1.0]]]
    bad = [[[0.0, 0.0], [1.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]]
    stay, fall = [1.0, 0.0], [0.0, 1.0]
    transitions = [[[stay, fall], [fall, fall]], [[fall, fall], [fall, fall]]]
    for discount, both in ((0.3, 1), (0.4, 2)):
        game = mn.StochasticGame([good, bad], transitions, discount)
        assert len(pure_equilibria(game)) == both
        check(game, mn.solve(game))
        kind = [np.array([[1.0, 0.0], [0.5, 0.5]])] * 2
        found = stationary_equilibrium(game, prior=kind)
        check(game, found)
        assert all(policy[0, 0] == both - 1 for policy in found.policies)  # from that belief it is found if it is one


@pytest.mark.parametrize("seed", range(8))
def test_pure_solutions_are_among_all_pure_equilibria(seed):
    """Enumeration by loops; and where there is none, the solution is mixed."""
    game = drawn(40 + seed, 2, 2, 2, discounts=[0.8, 0.6], low=2)
    pure = pure_equilibria(game)
    found = mn.solve(game)
    chosen = tuple(tuple(p.argmax(axis=1).tolist()) for p in found.policies)
    if all(set(p.ravel().tolist()) == {0.0, 1.0} for p in found.policies):
        assert chosen in pure
    else:
        assert any(((p > 0.0) & (p < 1.0)).any() for p in found.policies)
    if not pure:
        assert any(((p > 0.01) & (p < 0.99)).any() for p in found.policies)


def test_enumeration_finds_games_of_both_kinds():
    """The test above saw games with and without pure equilibria."""
    counts = [len(pure_equilibria(drawn(40 + seed, 2, 2, 2, discounts=[0.8, 0.6], low=2))) for seed in range(8)]
    assert min(counts) == 0
    assert max(counts) > 0


@pytest.mark.parametrize("seed", range(4))
def test_one_state_is_the_static_game(seed):
    """Nobody gains in the stage game; loops over joint actions."""
    rng = np.random.default_rng(seed)
    sizes = (3, 2, 3)[: 2 + seed % 2]
    payoffs = rng.normal(size=(len(sizes), *sizes))
    found = mn.solve(mn.StochasticGame([payoffs], [np.ones((*sizes, 1))], rng.uniform(0.3, 0.95, len(sizes))))
    strategies = [policy[0] for policy in found.policies]
    for i, own in enumerate(strategies):
        pays = np.zeros(sizes[i])
        for actions in itertools.product(*map(range, sizes)):
            weight = np.prod([strategies[j][a] for j, a in enumerate(actions) if j != i])
            pays[actions[i]] += weight * payoffs[(i, *actions)]
        assert pays.max() - own @ pays <= 1e-13


@pytest.mark.parametrize("seed", range(4))
def test_zero_sum_games_have_the_value_of_policy_iteration(seed):
    rng = np.random.default_rng(seed)
    reward = rng.uniform(size=(1, 3, 3, 2))
    kernel = mn.Transition.shared(rng.dirichlet(np.ones(3), size=(3, 3, 2)))
    game = mn.DiscountedGame(np.concatenate([reward, 1.0 - reward]), kernel, 0.9)
    wanted = mn.solve(game)
    assert wanted.method == "policy iteration"
    found = stationary_equilibrium(mn.StochasticGame.from_discounted(game))
    np.testing.assert_allclose(found.value, [wanted.value, 10.0 - wanted.value], atol=1e-8)


def test_teams_get_an_equilibrium_no_better_than_their_optimum():
    rng = np.random.default_rng(2)
    kernel = mn.Transition.shared(rng.dirichlet(np.ones(3), size=(3, 2, 2, 2)))
    game = mn.DiscountedGame(rng.uniform(size=(1, 3, 2, 2, 2)), kernel, 0.8)
    same = mn.StochasticGame.from_discounted(game)
    found = mn.solve(same)
    check(same, found)
    assert found.value.max() <= mn.solve(game).value.max() + 1e-12


def test_discounted_games_of_general_sum_are_told_in_units():
    rng = np.random.default_rng(5)
    kernel = mn.Transition.shared(rng.dirichlet(np.ones(2), size=(2, 2, 3)))
    game = mn.DiscountedGame(rng.uniform(size=(2, 2, 2, 3)), kernel, 0.9)
    found = mn.solve(game)
    assert mn.ne_gap(game, found.policies) <= 1e-11
    told = mn.solve(game, units=Units((1.0, 2.0), (10.0, 3.0)))
    np.testing.assert_allclose(told.value, [1.0 + 10.0 * found.value[0], 2.0 + 3.0 * found.value[1]])
    with pytest.raises(ValueError, match="payoffs of a stochastic game are its own"):
        mn.solve(mn.StochasticGame.from_discounted(game), units=Units((0.0, 0.0), 1.0))


def test_equal_games_have_equal_answers():
    first, second = (mn.solve(drawn(9, 2, 5, 4)) for _ in range(2))
    assert all((a == b).all() for a, b in zip(first.policies, second.policies, strict=True))


@pytest.mark.parametrize("ends", [0.0, 0.5])
@pytest.mark.parametrize("weight", [None, 0.3])
def test_derivatives_are_differences(ends, weight):
    game = drawn(6, 3, 2, 3, ends=ends)
    replies = Replies(game)
    flat = [np.concatenate([p[o] for p, o in zip(played(game, k), game.padded.own, strict=True)]) for k in (0, 1)]
    prior = None if weight is None else replies.against(replies.policies(flat[1]))
    t = 1.0 if weight is None else weight
    paid, step = replies.pays(flat[0], prior, t), 1e-6
    for k, direction in enumerate(np.eye(len(flat[0])) * step):
        up, down = (replies.pays(flat[0] + sign * direction, prior, t).advantage for sign in (1, -1))
        np.testing.assert_allclose(paid.slopes[:, k], (up - down) / (2 * step), atol=1e-7)
    if prior is not None:
        up, down = (replies.pays(flat[0], prior, t + sign * step).advantage for sign in (1, -1))
        np.testing.assert_allclose(paid.by_weight, (up - down) / (2 * step), atol=1e-7)
        assert np.abs(paid.by_weight).max() > 1e-3


def test_advantages_are_those_of_loops():
    game = drawn(7, 3, 2, 3, ends=0.4)
    policies = played(game, 0)
    replies = Replies(game)
    flat = np.concatenate([p[o] for p, o in zip(policies, game.padded.own, strict=True)])
    wanted = []
    for i in range(3):
        value = values_of(game, policies, i)
        for s, rows in enumerate(one_player(game, policies, i)):
            pays = [paid + game.discounts[i] * chance @ value for paid, chance in rows]
            wanted += [(q - value[s]) / game.ranges[i] for q in pays]
    np.testing.assert_allclose(replies.pays(flat).advantage, wanted, atol=1e-12)


def test_where_no_path_helps_the_best_gap_is_told(monkeypatch):
    game = drawn(3, 2, 4, 3)
    uniform = np.concatenate([np.full(n, 1.0 / n) for n in Replies(game).counts])
    monkeypatch.setattr(stochastic, "candidates", lambda *_: iter([(uniform, "nothing")]))
    with pytest.raises(
        ArithmeticError, match=r"none of 12 paths .* 2 players in 4 states .* the least was about 0\.\d+"
    ):
        mn.solve(game)


def test_policies_that_only_look_right_are_refused(monkeypatch):
    """What is certified decides, not what the path says."""
    game = dilemma(0.9, 1.0)
    monkeypatch.setattr(stochastic, "candidates", lambda *_: iter([(np.array([1.0, 0.0, 1.0, 0.0]), "cooperation")]))
    with pytest.raises(ArithmeticError, match="the least was about"):
        mn.solve(game)


def test_the_certificate_decides(monkeypatch):
    """Of a game that is solved: with a proof of larger gains no candidate is taken."""
    game = dilemma(0.9, 1.0)
    worse = certify_policies(game, [np.array([[0.0, 1.0]])] * 2)._replace(gains=np.full((2, 1), 1e-9))
    monkeypatch.setattr(stochastic, "PATHS", stochastic.PATHS[:1])
    monkeypatch.setattr("metanash.solution.tracing.PATHS", stochastic.PATHS)
    monkeypatch.setattr(stochastic, "certify_policies", lambda *_: worse)
    with pytest.raises(ArithmeticError, match="none of 1 paths"):
        mn.solve(game)


@pytest.mark.parametrize("given", [0.0, -1.0, float("nan")])
def test_a_tolerance_must_be_above_0(given):
    with pytest.raises(ValueError, match="tolerance must be above 0"):
        stationary_equilibrium(dilemma(0.5, 1.0), tolerance=given)
    with pytest.raises(ValueError, match="takes a StochasticGame, got a str"):
        stationary_equilibrium("dilemma")


def test_payoffs_of_any_size_and_constant_ones():
    """Scaled and shifted rewards change no equilibrium of a game that does not end; nothing is paid is one too."""
    game = drawn(3, 2, 3, 3)
    moved = mn.StochasticGame([1e6 + 1e-3 * r for r in game.rewards], game.transitions, game.discounts)
    plain, found = mn.solve(game), mn.solve(moved)
    for a, b in zip(plain.policies, found.policies, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    same = mn.StochasticGame([[[[1e90, 1e90]], [[-3.0, -2.0]]]], [np.ones((1, 2, 1))], 0.9)
    assert mn.solve(same).policies[1].tolist() == [[0.0, 1.0]]
    nothing = mn.StochasticGame([0.0 * r for r in game.rewards], game.transitions, game.discounts)
    assert mn.solve(nothing).gap == 0.0


def test_a_discount_that_rounding_forbids_is_told():
    game = drawn(3, 2, 3, 3)
    with pytest.raises(ArithmeticError, match=r"none of 12 paths .* smaller discounts"):
        mn.solve(mn.StochasticGame(game.rewards, game.transitions, 1.0 - 2.0**-44))


def test_several_games_are_taken_one_at_a_time():
    with pytest.raises(ValueError, match="it takes one game at a time"):
        mn.solve([drawn(0), drawn(1)])


def test_a_gap_is_that_of_its_policies():
    game = drawn(11, 2, 3, 3)
    found = mn.solve(game)
    assert found.gap == certify_policies(game, found.policies).gains.max()
