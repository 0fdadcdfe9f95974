"""NE-gaps against enumeration in fractions, against OpenSpiel, and as theorems; rises of potentials in fractions."""

import math

import numpy as np
import oracles
import pytest
from backends import BACKENDS, use
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import random_distributions, random_interior, random_tables, seeds, tables, tables_and_policy

import metanash
from metanash import GameBatch, exact, gaps, ne_gap

ROUNDING = 1e-12
"""Values are at most 16 and come from short sums, or from small systems with a condition of 32 at most."""


def exactly(game, policy):
    """Fractions of everything an oracle wants: rewards of all players, kernel, initial, policy."""
    return (
        oracles.exact(game.rewards_of_all()),
        oracles.exact(game.kernel),
        oracles.exact(game.initial),
        [oracles.exact(part) for part in policy],
    )


def batched(policy):
    return [part[np.newaxis] for part in policy]


# Finite horizon -----------------------------------------------------------------------------------------


@settings(max_examples=120)
@given(tables_and_policy("zero_sum", max_choices=100))
def test_zero_sum_gap_is_that_of_enumeration(case):
    game, policy = case
    rewards, kernel, initial, fractions = exactly(game, policy)
    expected = oracles.zero_sum_gap(rewards[0], kernel, initial, *fractions)
    assert ne_gap(game.game(), policy) == pytest.approx(float(expected), abs=ROUNDING)


@settings(max_examples=120)
@given(tables_and_policy("markov", max_choices=100))
def test_general_sum_gap_is_that_of_enumeration(case):
    """The largest gain of any player, not the sum."""
    game, policy = case
    gains = oracles.finite_gains(*exactly(game, policy))
    assert ne_gap(game.game(), policy) == pytest.approx(float(max(gains)), abs=ROUNDING)
    batch = GameBatch.of(game.game())
    for i, gain in enumerate(gains):
        best = gaps.best_response_values(batch, batched(policy), i)[0, 0]
        own = gaps.values(batch, batched(policy), i)[0, 0]
        assert game.initial @ (best - own) == pytest.approx(float(gain), abs=ROUNDING)


@given(tables_and_policy("zero_sum", max_choices=100))
def test_zero_sum_gap_is_the_sum_of_the_gains(case):
    game, policy = case
    as_markov = metanash.MarkovGame(
        np.stack([game.reward[0], 1.0 - game.reward[0]]), game.transition(), game.initial
    )  # adding H to the min-player's value changes no gain
    batch = GameBatch.of(as_markov)
    gains = [
        game.initial
        @ (gaps.best_response_values(batch, batched(policy), i) - gaps.values(batch, batched(policy), i))[0, 0]
        for i in (0, 1)
    ]
    assert ne_gap(game.game(), policy) == pytest.approx(sum(gains), abs=ROUNDING)
    assert ne_gap(as_markov, policy) == pytest.approx(max(gains), abs=ROUNDING)


def small_enough_for_a_tree(kind, rng):
    """Tables whose tree has at most some thousand nodes."""
    players = 2 if kind == "zero_sum" else int(rng.integers(1, 4))
    actions = tuple(int(n) for n in rng.integers(1, 4 if players < 3 else 3, size=players))
    horizon, states = int(rng.integers(1, 3 + (players == 1))), int(rng.integers(1, 4))
    flavour = ["fine", "coarse", "twins"][rng.integers(3)]
    return random_tables(rng, kind, horizon, states, actions, flavour=flavour)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", ["zero_sum", "markov"])
def test_gap_is_that_of_openspiel(kind, seed):
    efg = pytest.importorskip("efg", reason="open_spiel is not installed", exc_type=ImportError)
    rng = np.random.default_rng([seed, kind == "markov"])
    game = small_enough_for_a_tree(kind, rng)
    policy = game.random_policy(rng, ["interior", "boundary", "vertex"][seed % 3])
    gains = efg.gains(game.rewards_of_all(), game.kernel, game.initial, policy)
    expected = sum(gains) if kind == "zero_sum" else max(gains)
    assert ne_gap(game.game(), policy) == pytest.approx(expected, abs=1e-13)


@given(tables_and_policy("zero_sum", max_choices=10**6))
def test_an_equilibrium_has_no_gap_and_nothing_has_less(case):
    game, policy = case
    solution = exact.shapley(game.game())
    assert ne_gap(game.game(), (solution.mu, solution.nu)) == pytest.approx(0.0, abs=1e-9)
    assert ne_gap(game.game(), policy) >= -ROUNDING


@given(tables_and_policy("markov", max_choices=10**6, max_players=4))
def test_general_sum_gap_is_not_negative(case):
    game, policy = case
    assert ne_gap(game.game(), policy) >= -ROUNDING


# Discounted ---------------------------------------------------------------------------------------------


@settings(max_examples=120)
@given(tables_and_policy("discounted", max_choices=100))
def test_discounted_gap_is_that_of_enumeration(case):
    game, policy = case
    rewards, (kernel,), initial, fractions = exactly(game, policy)
    discount = oracles.Fraction(game.discount)
    gains = oracles.discounted_gains(rewards, kernel, discount, initial, fractions)
    assert ne_gap(game.game(), policy) == pytest.approx(float(max(gains)), abs=ROUNDING)
    batch = GameBatch.of(game.game())
    for i in range(game.n_players):
        values = oracles.discounted_values(rewards[i], kernel, discount, fractions)
        best = oracles.discounted_best_values(rewards[i], kernel, discount, fractions, i)
        got = gaps.values(batch, batched(policy), i)[0], gaps.best_response_values(batch, batched(policy), i)[0]
        np.testing.assert_allclose(got[0], [float(v) for v in values], atol=ROUNDING, rtol=0)
        np.testing.assert_allclose(got[1], [float(v) for v in best], atol=ROUNDING, rtol=0)


@given(tables_and_policy("discounted", max_choices=10**6, max_actions=5, max_states=5))
def test_one_shot_gains_sandwich_the_gap(case):
    """In each state the gain is at least the one-shot gain; the largest is at most 1 / (1 - discount) times that."""
    game, policy = case
    batch = GameBatch.of(game.game())
    for i, reward in enumerate(game.rewards_of_all()):
        values = gaps.values(batch, batched(policy), i)[0]
        q = oracles.averaged_q(reward, game.kernel[0], game.discount, policy, i, values)
        one_shot = np.max(q, axis=1) - values
        gain = gaps.best_response_values(batch, batched(policy), i)[0] - values
        assert (one_shot <= gain + 1e-11).all()
        assert (gain.max() <= one_shot.max() / (1 - game.discount) + 1e-11).all()


@pytest.mark.parametrize("discount", [0.99, 0.9999, 0.999999])
def test_long_horizons_with_ties_end(discount):
    """Policy iteration must not go round between actions that tie up to rounding."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        game = random_tables(rng, "discounted", 1, 3, (3, 2), storage="shared", flavour="coarse", discount=discount)
        gap = ne_gap(game.game(), game.random_policy(rng, "vertex"))
        assert gap >= -1e-9 / (1 - discount)


# Both implementations, at sizes with vectors along tables and along states -------------------------------


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(
    ("kind", "horizon", "states", "actions"),
    [
        ("zero_sum", 1, 1, (20, 33)),
        ("zero_sum", 2, 1, (3, 17)),
        ("zero_sum", 2, 2, (2, 3)),
        ("zero_sum", 3, 1, (1, 16)),
        ("markov", 1, 2, (2, 3, 16)),
        ("markov", 2, 1, (3, 2, 2)),
        ("markov", 1, 1, (2,) * 8),
        ("markov", 2, 2, (3,)),
    ],
)
@pytest.mark.parametrize("storage", ["per_step", "sparse_shared"])
def test_either_implementation_finds_gaps(monkeypatch, module, kind, horizon, states, actions, storage):
    """Those of enumeration."""
    use(monkeypatch, module)
    rng = np.random.default_rng([horizon, states, *actions])
    game = random_tables(rng, kind, horizon, states, actions, storage=storage)
    policy = game.random_policy(rng, "interior")
    rewards, parts = [oracles.plain(table) for table in game.rewards_of_all()], [oracles.plain(part) for part in policy]
    gains = oracles.finite_gains(rewards, oracles.plain(game.kernel), oracles.plain(game.initial), parts)
    expected = sum(gains) if kind == "zero_sum" else max(gains)
    assert ne_gap(game.game(), policy) == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("discount", [0.0, 0.75, 0.999])
@pytest.mark.parametrize(
    ("states", "actions"),
    [(1, (2, 2)), (2, (3, 2)), (3, (2, 1, 2)), (2, (2,) * 8), (7, (2, 2)), (8, (2, 1)), (9, (1, 2))],
)
def test_either_implementation_finds_discounted_values(monkeypatch, module, states, actions, discount):
    """Those of enumeration."""
    use(monkeypatch, module)
    rng = np.random.default_rng([states, *actions])
    for rows in (1, len(actions)):
        game = random_tables(
            rng, "discounted", 1, states, actions, storage="shared", discount=discount, reward_rows=rows
        )
        policy = game.random_policy(rng, "interior")
        batch, parts = GameBatch.of(game.game()), [oracles.plain(part) for part in policy]
        for i, reward in enumerate(game.rewards_of_all()):
            table, kernel = oracles.plain(reward), oracles.plain(game.kernel[0])
            own = oracles.discounted_values(table, kernel, discount, parts)
            best = oracles.discounted_best_values(table, kernel, discount, parts, i)
            np.testing.assert_allclose(gaps.values(batch, batched(policy), i)[0], own, rtol=1e-10)
            np.testing.assert_allclose(gaps.best_response_values(batch, batched(policy), i)[0], best, rtol=1e-10)


# Batches ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["zero_sum", "markov", "discounted"])
@pytest.mark.parametrize("storage", ["dense", "sparse"])
def test_gaps_of_a_batch_are_those_of_its_games(kind, storage):
    rng = np.random.default_rng(5)
    discount = 0.75 if kind == "discounted" else None
    storage = {"dense": "shared", "sparse": "sparse_shared"}[storage]
    games = [random_tables(rng, kind, 1, 3, (3, 9), storage=storage, discount=discount) for _ in range(4)]
    built = [game.game() for game in games]
    built.append(games[0].game(built[1].transition))  # one kernel in two games
    policies = [game.random_policy(rng, "boundary") for game in [*games, games[0]]]
    together = gaps.ne_gaps(GameBatch.of(built), [np.stack(parts) for parts in zip(*policies, strict=True)])
    alone = [ne_gap(game, policy) for game, policy in zip(built, policies, strict=True)]
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("kind", ["zero_sum", "markov", "discounted"])
def test_policies_may_lie_in_memory_in_any_way(kind):
    rng = np.random.default_rng(6)
    game = random_tables(rng, kind, 1, 3, (3, 2), storage="shared", discount=0.5 if kind == "discounted" else None)
    policy = game.random_policy(rng, "interior")
    odd = [np.asfortranarray(policy[0]), np.repeat(policy[1], 2, axis=-1)[..., ::2]]
    assert ne_gap(game.game(), odd) == ne_gap(game.game(), policy)
    whole = [part.astype(np.float32).round() for part in game.random_policy(rng, "vertex")]
    assert ne_gap(game.game(), whole) == ne_gap(game.game(), [part.astype(np.float64) for part in whole])


# Potential ----------------------------------------------------------------------------------------------


@given(tables_and_policy("discounted", max_choices=10**6))
def test_potential_values_are_values_of_the_potential(case):
    game, policy = case
    potential = np.random.default_rng(1).normal(size=game.reward.shape[1:])
    built = metanash.DiscountedGame(game.reward, game.transition(), game.discount, game.initial, potential)
    expected = oracles.discounted_values(potential.tolist(), oracles.plain(game.kernel[0]), game.discount, policy)
    got = gaps.potential_values(GameBatch.of(built), batched(policy))
    assert got.tolist() == pytest.approx([game.initial @ expected], abs=1e-11)


def test_a_team_is_its_own_potential_and_others_have_none():
    rng = np.random.default_rng(2)
    for rows in (1, 2):
        game = random_tables(rng, "discounted", 1, 2, (2, 3), storage="shared", discount=0.5, reward_rows=rows)
        policy, batch = batched(game.random_policy(rng, "interior")), GameBatch.of(game.game())
        if rows == 1:
            values = gaps.values(batch, policy, 1)
            assert gaps.potential_values(batch, policy)[0] == pytest.approx(game.initial @ values[0], abs=ROUNDING)
        else:
            with pytest.raises(ValueError, match="no stage potential"):
                gaps.potential_values(batch, policy)


EPSILON = float(np.finfo(np.float64).eps)
TINY = 2.0**-30
"""About 1e-9. Policies in multiples of 1/256 that change by this still sum to exactly one."""
PLAYERS = [(2,), (4,), (2, 3), (3, 1), (2, 3, 2), (1, 2, 3)]


def potential_tables(rng, actions, discount, states=3):
    """A game with an arbitrary stage potential in [0, 1]; nothing here needs it to be one."""
    game = random_tables(rng, "discounted", 1, states, actions, storage="shared", discount=discount)
    potential = rng.integers(64, size=(states, *actions), endpoint=True) / 64
    return game, metanash.DiscountedGame(game.reward, game.transition(), discount, game.initial, potential)


def nudged(rng, policy):
    """Every row with more than one action moves the probability TINY from one action to another."""
    moved = [part.copy() for part in policy]
    for part in moved:
        for row in part:
            if len(row) > 1:
                one, other = rng.choice(len(row), size=2, replace=False)
                row[one] -= TINY
                row[other] += TINY
    return moved


def exact_potential(dense, game, policy):
    """Phi in fractions, of the policies made exact distributions."""
    rows = [
        [[entry / sum(row) for entry in row] for row in oracles.exact(part)] for part in policy
    ]  # rows of floats may miss one by a rounding
    values = oracles.discounted_values(
        oracles.exact(game.potential), oracles.exact(dense.kernel[0]), oracles.Fraction(game.discount), rows
    )
    return sum(p * v for p, v in zip(oracles.exact(dense.initial), values, strict=True))


def rise_of(game, policy, start):
    (rise,) = gaps.potential_rises(GameBatch.of(game), batched(policy), batched(start))
    return float(rise)


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.9375])
@pytest.mark.parametrize("actions", PLAYERS)
def test_rises_of_tiny_changes_are_accurate(actions, discount):
    """Errors in proportion to the change, where the difference of two potentials has those of the potentials."""
    errors, naive, rises = [], [], []
    for seed in range(8):
        rng = np.random.default_rng([seed, *actions])
        dense, game = potential_tables(rng, actions, discount)
        start = [random_interior(rng, 3, n) for n in actions]
        policy = nudged(rng, start)
        true = exact_potential(dense, game, policy) - exact_potential(dense, game, start)
        errors.append(abs(float(oracles.Fraction(rise_of(game, policy, start)) - true)))
        after, before = (gaps.potential_values(GameBatch.of(game), batched(p))[0] for p in (policy, start))
        naive.append(abs(float(oracles.Fraction(after - before) - true)))
        rises.append(abs(float(true)))
    assert max(errors) <= 64 * EPSILON * TINY / (1.0 - discount) ** 2
    assert max(errors) <= gaps.rise_error(game)
    assert max(errors) < 1e-12 * np.median(rises)
    if discount > 0.0:  # else nothing is rounded here, with or without the difference
        assert np.median(naive) > 1e-9 * np.median(rises)  # what the difference would have told
        assert np.median(naive) > 1e4 * np.median(errors)


@settings(max_examples=80, deadline=None)
@given(
    seeds, st.sampled_from(PLAYERS), st.sampled_from([0.0, 0.5, 0.75, 0.9375]), st.sampled_from(["fine", "any", "far"])
)
def test_rises_are_differences_of_potentials(seed, actions, discount, change):
    """In fractions: within ``rise_error``, also of policies that are distributions up to rounding only."""
    rng = np.random.default_rng(seed)
    dense, game = potential_tables(rng, actions, discount)
    if change == "far":
        start, policy = ([random_distributions(rng, 3, n) for n in actions] for _ in range(2))
    else:
        start = [rng.dirichlet(np.ones(n), size=3) for n in actions]
        near = [rng.dirichlet(np.ones(n), size=3) for n in actions]
        size = 1e-9 if change == "fine" else float(rng.uniform())
        policy = [(1.0 - size) * p + size * q for p, q in zip(start, near, strict=True)]
    true = exact_potential(dense, game, policy) - exact_potential(dense, game, start)
    assert abs(float(oracles.Fraction(rise_of(game, policy, start)) - true)) <= gaps.rise_error(game)
    back = rise_of(game, start, policy)
    assert abs(float(oracles.Fraction(back) + true)) <= gaps.rise_error(game)


def test_no_change_is_no_rise():
    rng = np.random.default_rng(3)
    for actions in PLAYERS:
        _, game = potential_tables(rng, actions, 0.9375)
        policy = [rng.dirichlet(np.ones(n), size=3) for n in actions]
        assert rise_of(game, policy, policy) == 0.0


def test_rises_of_a_batch():
    """Each game with its own transitions, start and potential; policies of their own."""
    rng = np.random.default_rng(4)
    cases = [potential_tables(rng, (2, 3), 0.75) for _ in range(4)]
    games = [game for _, game in cases]
    policies, starts = ([[random_interior(rng, 3, n) for n in (2, 3)] for _ in games] for _ in range(2))
    together = gaps.potential_rises(
        GameBatch.of(games), *([np.stack(p) for p in zip(*q, strict=True)] for q in (policies, starts))
    )
    alone = [rise_of(*case) for case in zip(games, policies, starts, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=1e-13)
    for (dense, game), policy, start, rise in zip(cases, policies, starts, together, strict=True):
        true = exact_potential(dense, game, policy) - exact_potential(dense, game, start)
        assert rise == pytest.approx(float(true), abs=1e-13)
    assert len(set(alone)) == 4


@pytest.mark.parametrize(("players", "discount", "factor"), [(1, 0.0, 4), (2, 0.5, 32), (3, 0.75, 192)])
def test_rise_error_by_hand(players, discount, factor):
    """4 N epsilon / (1 - discount)^2, epsilon = 2^-52, for potentials of range 1 at most."""
    _, game = potential_tables(np.random.default_rng(0), (2,) * players, discount)
    assert np.ptp(game.potential) <= 1.0
    assert gaps.rise_error(game) == factor * 2.0**-52


def with_potential(game, potential):
    return metanash.DiscountedGame(game.reward, game.transition, game.discount, game.initial, potential)


@pytest.mark.parametrize(
    ("low", "high", "factor"), [(0, 1, 32), (0.25, 0.5, 32), (-3, 5, 256), (100, 104, 128), (-2, -2, 32), (0, 1.5, 48)]
)
def test_rise_error_is_that_of_the_range_of_the_potential(low, high, factor):
    """Two players, discount 1/2: 32 epsilon times the range, where that is above 1; constants do not count."""
    dense, game = potential_tables(np.random.default_rng(0), (2, 3), 0.5)
    potential = np.full(game.potential.shape, (low + high) / 2)
    potential[0, 0, 0], potential[2, 1, 2] = low, high
    assert gaps.rise_error(with_potential(game, potential)) == factor * 2.0**-52
    without = metanash.DiscountedGame(dense.reward, dense.transition(), 0.5, dense.initial)
    assert gaps.rise_error(without) == 32 * 2.0**-52


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.9375])
@pytest.mark.parametrize("actions", PLAYERS)
def test_rises_of_large_potentials(actions, discount):
    """Range 16: the error in fractions is a fifth of the estimate at most, from tiny changes to large ones."""
    for seed in range(8):
        rng = np.random.default_rng([seed, *actions])
        dense, game = potential_tables(rng, actions, discount)
        game = with_potential(game, 16 * game.potential - 5)
        start, near = ([rng.dirichlet(np.ones(n), size=3) for n in actions] for _ in range(2))
        size = (1e-9, 1e-3, 0.3, 1.0)[seed % 4]
        policy = [(1.0 - size) * p + size * q for p, q in zip(start, near, strict=True)]
        true = exact_potential(dense, game, policy) - exact_potential(dense, game, start)
        assert 5 * abs(float(oracles.Fraction(rise_of(game, policy, start)) - true)) <= gaps.rise_error(game)


def test_rises_are_refused_like_potentials():
    rng = np.random.default_rng(2)
    none = random_tables(rng, "discounted", 1, 2, (2, 3), storage="shared", discount=0.5, reward_rows=2)
    policy, batch = none.random_policy(rng, "interior"), GameBatch.of(none.game())
    with pytest.raises(ValueError, match="no stage potential"):
        gaps.potential_rises(batch, batched(policy), batched(policy))
    _, game = potential_tables(rng, (2, 3), 0.5, states=2)
    for pair in ((policy, policy[:1]), (policy[:1], policy)):
        with pytest.raises(ValueError, match="one array per player, 2 in all; got 1"):
            rise_of(game, *pair)
    for pair in ((policy, [0.5 * part for part in policy]), ([0.5 * part for part in policy], policy)):
        with pytest.raises(ValueError, match=r"the mass is 0\.5"):
            rise_of(game, *pair)


# Optimal values -----------------------------------------------------------------------------------------


def value_iteration(reward, chance, discount):
    """Sweeps by loops over states and actions, until discount^n < 1e-17."""
    value = [0.0] * len(reward)
    for _ in range(1 + (math.ceil(40 / -math.log(discount)) if discount else 0)):
        value = [
            max(
                earned + discount * math.fsum(p * v for p, v in zip(row, value, strict=True))
                for earned, row in zip(reward[s], chance[s], strict=True)
            )
            for s in range(len(reward))
        ]
    return value


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 5), st.integers(1, 4), st.sampled_from([0.0, 0.5, 0.9]), st.sampled_from([1, 2, 64]))
def test_optimal_values_are_those_of_value_iteration(seed, states, actions, discount, levels):
    """Several problems at once, rewards of either sign, ties where there are few levels."""
    rng = np.random.default_rng(seed)
    reward = rng.integers(-levels, levels, size=(3, states, actions), endpoint=True) / levels
    chance = random_distributions(rng, 3, states, actions, states)
    found = gaps.optimal_values(reward, chance, discount)
    assert found.shape == (3, states)
    for got, one, row in zip(found, reward.tolist(), chance.tolist(), strict=True):
        assert got.tolist() == pytest.approx(value_iteration(one, row, discount), abs=1e-11)


@pytest.mark.parametrize("discount", [0.99, 0.9999])
def test_optimal_values_near_discount_one(discount):
    """Against all deterministic policies, in fractions."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        reward = rng.integers(8, size=(1, 3, 3), endpoint=True) / 8
        chance = random_distributions(rng, 1, 3, 3, 3)
        best = oracles.discounted_best_values(
            oracles.exact(reward[0]), oracles.exact(chance[0]), oracles.Fraction(discount), [np.eye(3)[[0] * 3]], 0
        )
        found = gaps.optimal_values(reward, chance, discount)[0]
        np.testing.assert_allclose(found, [float(v) for v in best], rtol=1e-9)


def test_what_pays_later():
    """Greedy choices are wrong: 0 now and 1 for ever after, against 1/2 once and nothing more."""
    reward = np.array([[[0.5, 0.0], [1.0, 1.0], [0.0, 0.0]]])
    chance = np.zeros((1, 3, 2, 3))
    chance[0, 0, 0, 2] = chance[0, 0, 1, 1] = 1.0
    chance[0, 1, :, 1] = chance[0, 2, :, 2] = 1.0
    np.testing.assert_allclose(gaps.optimal_values(reward, chance, 0.75), [[3.0, 4.0, 0.0]], rtol=1e-14)
    np.testing.assert_allclose(gaps.optimal_values(reward, chance, 0.25), [[0.5, 4 / 3, 0.0]], rtol=1e-14)


def test_policy_iteration_that_does_not_end_is_loud():
    """Payoffs of 1e12 are rounded to 1e-4: improvements beyond 1e-13 never end."""
    rng = np.random.default_rng(0)
    reward, chance = rng.uniform(size=(9, 3, 4)), random_distributions(rng, 9, 3, 4, 3)
    with pytest.raises(ArithmeticError, match="policy iteration has not ended after 10000 improvements"):
        gaps.optimal_values(1e12 * reward, chance, 0.9)
    assert np.isfinite(gaps.optimal_values(reward, chance, 0.9)).all()


# Averaging, and errors ----------------------------------------------------------------------------------


@given(tables("markov"), seeds)
def test_average_out_is_a_weighted_sum(game, seed):
    rng = np.random.default_rng(seed)
    rows = [rng.dirichlet(np.ones(n)) for n in game.actions]
    table = rng.normal(size=(*game.actions, 2))
    for keep in [None, *range(game.n_players)]:
        expected = np.zeros(((1 if keep is None else game.actions[keep]), 2))
        for joint in np.ndindex(*game.actions):
            weight = np.prod([rows[j][a] for j, a in enumerate(joint) if j != keep])
            expected[0 if keep is None else joint[keep]] += weight * table[joint]
        got = gaps.average_out(table, rows, keep, trailing=1)
        np.testing.assert_allclose(got, expected[0] if keep is None else expected, atol=ROUNDING)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: p[:1], "one array per player, 2 in all; got 1"),
        (lambda p: (p[0], p[1][:1]), r"player 1 must have shape \(1, 2, 2, 3\), got \(1, 1, 2, 3\)"),
        (lambda p: (p[1], p[0]), r"player 0 must have shape"),
        (lambda p: (p[0] * 0.5, p[1]), r"player 0 rows must be distributions; at .*\(0, 0, 0\) the mass is 0\.5"),
        (lambda p: (p[0], p[1] * np.nan), r"player 1 rows must be distributions; at .*\(0, 0, 0\) entry 0 is nan"),
    ],
)
def test_bad_policies(spoil, message):
    game = random_tables(np.random.default_rng(0), "zero_sum", 2, 2, (2, 3))
    policy = game.random_policy(np.random.default_rng(0), "interior")
    with pytest.raises(ValueError, match=message):
        ne_gap(game.game(), spoil(policy))
