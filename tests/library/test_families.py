"""Families: the kind of every stage game, pairing, potentials; equilibria by linear programming and by fractions."""

import itertools
import pickle

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import random_interior, random_vertices, seeds

from metanash import DiscountedGame, GameBatch, Transition, ZeroSumGame, exact, gaps
from metanash.families import FAMILIES, congestion_sequence, potential_sequence, zero_sum_sequence
from metanash.families.sequences import alike
from metanash.similarity import (
    is_potential_game,
    largest_potentials,
    potential_deviation,
    stage_potential_deviation,
)


def stage_games(game):
    """Matrices of a zero-sum game: of its rewards and of its Q*, at every step and state."""
    q = exact.shapley(game).q
    return [table[h, s] for table in (game.reward, q) for h, s in np.ndindex(game.horizon, game.n_states)]


def saddle_points(matrix):
    return [
        (a, b)
        for a, b in np.ndindex(*matrix.shape)
        if matrix[a, b] == matrix[:, b].max() and matrix[a, b] == matrix[a].min()
    ]


# Kinds --------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(seeds, st.integers(1, 3), st.integers(1, 3), st.sampled_from([(2, 2), (2, 3), (3, 1), (4, 3)]), st.booleans())
def test_every_stage_game_of_a_pure_base_game_has_a_saddle_point(seed, horizon, states, actions, stationary):
    (game,) = zero_sum_sequence(
        "pure", "test", seed, n_games=1, perturbation=0.0, horizon=horizon, n_states=states, n_actions=actions,
        stationary=stationary and horizon < 3,
    )  # fmt: skip
    assert game.reward.shape == (horizon, states, *actions)
    for matrix in stage_games(game):
        near = np.abs(matrix.min(axis=1).max() - matrix.max(axis=0).min())
        assert near <= 1e-9  # maximin and minimax in pure actions agree; Q* is known to the accuracy of the LP
    for h, s in np.ndindex(horizon, states):
        assert len(saddle_points(game.reward[h, s])) == 1


@settings(max_examples=40)
@given(seeds, st.integers(1, 3), st.integers(1, 3), st.integers(2, 3), st.booleans())
def test_every_stage_game_of_a_mixed_base_game_is_interior(seed, horizon, states, actions, stationary):
    (game,) = zero_sum_sequence(
        "mixed", "test", seed, n_games=1, perturbation=0.0, horizon=horizon, n_states=states,
        n_actions=(actions, actions), stationary=stationary,
    )  # fmt: skip
    for matrix in stage_games(game):
        value, mu, nu = oracles.matrix_value(oracles.exact(matrix))
        assert min(*mu, *nu) >= 9e-4
        assert matrix.min(axis=1).max() < float(value) < matrix.max(axis=0).min()


@pytest.mark.parametrize("seed", [0, 1, 2, 13])
def test_large_mixed_games_are_interior_too(seed):
    """One draw in eleven of an 8x8 stage game is not, and has to be thrown away; at seed 13 one of them is interior
    in Q* but not in its reward. Strategies that make the other player indifferent are optimal if they are strategies
    at all; here they are found in fractions."""
    (game,) = zero_sum_sequence(
        "mixed", seed, n_games=1, perturbation=0.0, horizon=2, n_states=3, n_actions=(8, 8), stationary=False
    )
    for matrix in stage_games(game):
        for rows in (matrix, matrix.T):
            strategy = oracles.solve(oracles.exact(rows), [oracles.Fraction(1)] * 8)
            assert min(weight / sum(strategy) for weight in strategy) >= 9e-4


def test_where_a_saddle_point_lies_is_drawn_fairly():
    """Uniform over the entries: 600 draws of 2x3, each place expected 100 times, six standard deviations are 55."""
    counts = np.zeros((2, 3), dtype=int)
    for seed in range(200):
        (game,) = zero_sum_sequence("pure", seed, n_games=1, perturbation=0.0, horizon=1, n_states=3, n_actions=(2, 3))
        for matrix in game.reward[0]:
            counts[saddle_points(matrix)[0]] += 1
    assert counts.sum() == 600
    assert (np.abs(counts - 100) < 55).all()


def test_pure_games_are_uniform_games_with_a_saddle_point():
    """Against rejection from uniform 2x3 games: means of the value and of all entries agree to 0.03 (five sigma)."""
    rng = np.random.default_rng(0)
    wanted = [matrix for matrix in rng.uniform(size=(4000, 2, 3)) if saddle_points(matrix)]
    got = [
        matrix
        for seed in range(300)
        for matrix in zero_sum_sequence(
            "pure", seed, n_games=1, perturbation=0.0, horizon=1, n_states=4, n_actions=(2, 3)
        )[0].reward[0]
    ]
    for statistic in (
        lambda m: m.min(axis=1).max(), np.mean, np.std, lambda m: np.sort(m, axis=None)[0],
        lambda m: np.sort(m, axis=None)[2],
    ):  # fmt: skip
        assert np.mean([statistic(m) for m in got]) == pytest.approx(np.mean([statistic(m) for m in wanted]), abs=0.03)


def test_random_games_are_uniform():
    """600 entries: mean 1/2 and spread 1/sqrt(12), known to 0.05 and 0.03; equilibria of both kinds occur."""
    matrices = np.stack(
        [
            zero_sum_sequence("random", seed, n_games=1, perturbation=0.0, horizon=1, n_states=2, n_actions=(2, 3))[0]
            .reward[0]
            for seed in range(50)
        ]
    ).reshape(-1, 2, 3)  # fmt: skip
    assert np.mean(matrices) == pytest.approx(0.5, abs=0.05)
    assert np.std(matrices) == pytest.approx(12**-0.5, abs=0.03)
    assert 0 < sum(bool(saddle_points(matrix)) for matrix in matrices) < len(matrices)


# Perturbations ------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(
    seeds,
    st.sampled_from(["pure", "mixed", "team", "action_independent", "separable"]),
    st.floats(0.0, 2.0),
    st.sampled_from(["uniform", "normal"]),
    st.sampled_from([0.0, 0.3, 1.0]),
)
def test_games_stay_games(seed, kind, perturbation, noise, mixing):
    """Rewards in [0, 1] and rows of transitions are checked by the constructors; names and count here."""
    make = zero_sum_sequence if kind in {"pure", "mixed"} else potential_sequence
    games = make(kind, seed, n_games=3, perturbation=perturbation, noise=noise, transition_mixing=mixing)
    assert [game.name for game in games] == [f"{kind} {k}" for k in range(3)]
    for game in games:
        assert game.reward.min() >= 0.0
        assert game.reward.max() <= 1.0
        assert len(GameBatch.of(games)) == 3


SEQUENCES = [
    ("zero_sum", "pure", {"stationary": True}),
    ("zero_sum", "mixed", {"stationary": False}),
    ("zero_sum", "random", {"stationary": False, "n_actions": (3, 2), "horizon": 3}),
    ("potential", "team", {"n_actions": (2, 3)}),
    ("potential", "action_independent", {"n_actions": (2, 3, 2)}),
    ("potential", "separable", {"n_actions": (2, 3, 2)}),
]


@pytest.mark.parametrize(("family", "kind", "options"), SEQUENCES)
def test_addresses_name_games(family, kind, options):
    def make(*address, n_games=3):
        return FAMILIES[family](kind, *address, n_games=n_games, perturbation=0.1, **options)

    for one, other in zip(make("a", 1), make("a", 1), strict=True):
        np.testing.assert_array_equal(one.reward, other.reward)
        np.testing.assert_array_equal(one.transition.kernel, other.transition.kernel)
    for one, other in zip(make("a", 1, n_games=2), make("a", 1, n_games=5), strict=False):  # a longer sequence
        np.testing.assert_array_equal(one.reward, other.reward)
    different = [*make("a", 1), *make("a", 2), *make("b", 1), *make("a", "1")]
    assert len({game.reward.tobytes() for game in different}) == 12
    assert len({game.transition.kernel.tobytes() for game in different}) == 4


@pytest.mark.parametrize(("family", "kind", "options"), SEQUENCES)
@pytest.mark.parametrize("noise", ["uniform", "normal"])
def test_noise_is_paired_over_sizes(family, kind, options, noise):
    """Games at perturbation 0.02 lie twice as far from the base game as at 0.01, on the same side."""

    def rewards(size):
        games = FAMILIES[family](kind, "pairs", n_games=4, perturbation=size, noise=noise, **options)
        return np.stack([game.reward for game in games])

    base, near, far = rewards(0.0), rewards(0.01), rewards(0.02)
    assert (base == base[0]).all()
    if kind == "action_independent":  # the noise is that of the potential, the same for all players
        moved = near - base
        np.testing.assert_allclose(moved, np.broadcast_to(moved[:, :1], moved.shape), atol=0.02)
    inside = (near > 0) & (near < 1) & (far > 0) & (far < 1)
    assert inside.mean() > 0.8
    if kind != "action_independent":
        np.testing.assert_allclose((far - base)[inside], 2 * (near - base)[inside], atol=1e-15)
    assert np.std((near - base)[inside]) > 1e-3
    assert not np.allclose(near[0], near[1])


@pytest.mark.parametrize(("noise", "spread"), [("uniform", 1 / np.sqrt(3)), ("normal", 1.0)])
def test_laws_of_the_noise(noise, spread):
    """Deviations are small, so that hardly any is clipped; 4000 draws: the spread is known to five percent."""
    games = zero_sum_sequence("mixed", "law", n_games=500, perturbation=1e-3, noise=noise, horizon=1, n_actions=(2, 2))
    (base,) = zero_sum_sequence("mixed", "law", n_games=1, perturbation=0.0, horizon=1, n_actions=(2, 2))
    z = np.concatenate([((game.reward - base.reward) / 1e-3).ravel() for game in games])
    assert np.std(z) == pytest.approx(spread, rel=0.05)
    assert abs(np.mean(z)) < 0.1
    assert (np.abs(z).max() <= 1.0 + 1e-12) == (noise == "uniform")


@pytest.mark.parametrize("stationary", [True, False])
def test_stationary_games_repeat_themselves(stationary):
    games = [
        game
        for kind in ("mixed", "random")
        for game in zero_sum_sequence(
            kind, "steps", n_games=2, perturbation=0.1, horizon=3, stationary=stationary, transition_mixing=0.5
        )
    ]
    for game in games:
        assert (game.reward[0] == game.reward[1]).all() == stationary
        assert (game.reward[0] == game.reward[2]).all() == stationary
        assert game.transition.steps == (1 if stationary else 3)


@pytest.mark.parametrize(("family", "kind", "options"), SEQUENCES)
def test_games_share_a_transition_unless_it_is_mixed(family, kind, options):
    shared = FAMILIES[family](kind, "mix", n_games=3, perturbation=0.1, **options)
    assert all(game.transition is shared[0].transition for game in shared)
    assert len(GameBatch.of(shared).transitions.kinds) == 1
    mixed = FAMILIES[family](kind, "mix", n_games=3, perturbation=0.1, transition_mixing=0.25, **options)
    fresh = FAMILIES[family](kind, "mix", n_games=3, perturbation=0.1, transition_mixing=1.0, **options)
    kernel = np.asarray(shared[0].transition.kernel)
    for game, own in zip(mixed, fresh, strict=True):
        expected = 0.75 * kernel + 0.25 * np.asarray(own.transition.kernel)
        np.testing.assert_allclose(game.transition.kernel, expected, atol=1e-15)
    assert not np.allclose(mixed[0].transition.kernel, mixed[1].transition.kernel)
    for one, other in zip(shared, mixed, strict=True):  # rewards do not depend on it
        np.testing.assert_array_equal(one.reward, other.reward)


# Potentials ---------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    seeds,
    st.sampled_from(["team", "action_independent", "separable"]),
    st.sampled_from([(2,), (2, 2), (3, 1), (2, 3, 2)]),
)
def test_the_potential_is_one(seed, kind, actions):
    """The defining identity: whoever deviates, the potential moves as the deviator's value does, in every state."""
    (game,) = potential_sequence(
        kind, "identity", seed, n_games=1, perturbation=0.3, n_states=3, n_actions=actions, transition_mixing=0.2
    )
    rng = np.random.default_rng([seed, 1])
    policy = [random_interior(rng, 1, 3, n) for n in actions]
    for i, n in enumerate(actions):
        for make in (random_interior, random_vertices):
            deviated = [make(rng, 1, 3, n) if j == i else part for j, part in enumerate(policy)]
            for start in (None, *np.eye(3) * (1 - 3e-6) + 1e-6):  # from nearly each state alone
                batch = GameBatch.of(type(game)(game.reward, game.transition, game.discount, start, game.potential))
                gained = batch.initial[0] @ (gaps.values(batch, deviated, i) - gaps.values(batch, policy, i))[0]
                potential = gaps.potential_values(batch, deviated) - gaps.potential_values(batch, policy)
                assert gained == pytest.approx(potential[0], abs=1e-9)


@pytest.mark.parametrize("kind", ["action_independent", "separable"])
def test_transitions_that_no_action_moves(kind):
    games = potential_sequence(
        kind, 3, n_games=2, perturbation=0.1, n_states=3, n_actions=(2, 3), transition_mixing=0.5
    )
    for game in games:
        kernel = game.transition.at(0)
        np.testing.assert_array_equal(kernel, np.broadcast_to(kernel[:, :1, :1], kernel.shape))
        assert not np.allclose(kernel[0], kernel[1])  # but the state matters


def test_action_independent_rewards_are_a_potential_and_what_others_do():
    for game in potential_sequence(
        "action_independent", 3, n_games=2, perturbation=0.1, n_states=3, n_actions=(2, 3), transition_mixing=0.5
    ):
        own = game.reward[0] - game.potential  # d_1(s, a_2) / 2: own action does not matter, the other's does
        np.testing.assert_allclose(own, np.broadcast_to(own[:, :1], own.shape), atol=1e-15)
        assert np.ptp(own, axis=2).min() > 1e-3
        assert not np.allclose(game.reward[0], game.reward[1])


def test_team_games_are_teams():
    (game,) = potential_sequence("team", 3, n_games=1, perturbation=0.1, n_actions=(2, 3))
    assert game.is_team
    np.testing.assert_array_equal(game.potential, game.reward[0])
    assert not np.allclose(game.transition.at(0)[:, 0], game.transition.at(0)[:, 1])


def test_sizes_and_discount_are_those_asked_for():
    (game,) = potential_sequence("team", 3, n_games=1, perturbation=0.0, n_states=3, n_actions=(2, 1, 3), discount=0.5)
    assert (game.n_states, game.n_actions, game.discount, game.n_players) == (3, (2, 1, 3), 0.5, 3)
    (game,) = zero_sum_sequence("pure", 3, n_games=1, perturbation=0.0, horizon=3, n_states=1, n_actions=(3, 2))
    assert (game.horizon, game.n_states, game.n_actions) == (3, 1, (3, 2))


@pytest.mark.parametrize("actions", [(3,), (2, 3), (3, 1, 2), (2, 2, 2, 2)])
def test_separable_rewards_see_the_own_action_only(actions):
    """Their sum is the potential; nothing is shared between players, states or games."""
    games = potential_sequence("separable", 5, n_games=3, perturbation=0.2, n_states=2, n_actions=actions)
    seen = set()
    for game in games:
        assert game.reward.shape == (len(actions), 2, *actions)
        for s, joint in itertools.product(range(2), np.ndindex(*actions)):
            alone = [
                game.reward[(i, s, *(a if j == i else 0 for j in range(len(actions))))] for i, a in enumerate(joint)
            ]
            assert [game.reward[(i, s, *joint)] for i in range(len(actions))] == alone
            assert game.potential[(s, *joint)] == pytest.approx(sum(alone), abs=1e-15)
            seen.update(alone)
        assert is_potential_game(game)
        assert potential_deviation(game) <= 1e-12
        assert stage_potential_deviation(game) <= 1e-12
    inside = [x for x in seen if 0.0 < x < 1.0]
    assert len(inside) > 0.75 * 3 * 2 * sum(actions)  # others were clipped to 0 or 1


def test_separable_noise_is_drawn_for_each_player():
    base, moved = (
        potential_sequence("separable", 5, n_games=1, perturbation=size, n_states=1, n_actions=(2, 2))[0]
        for size in (0.0, 1e-3)
    )
    z = [np.moveaxis((moved.reward - base.reward)[i, 0] / 1e-3, i, 0)[:, 0] for i in range(2)]
    assert len({round(x, 6) for row in z for x in row.tolist()}) == 4
    assert np.abs(z).max() <= 1.0 + 1e-12


@pytest.mark.parametrize("players", [1, 2, 3])
def test_separable_potentials_range_up_to_the_number_of_players(players):
    """Forty actions a player, uniform rewards: best and worst are within 0.2 of 1 and 0 but for (4/5)^40 = 1.3e-4."""
    (game,) = potential_sequence(
        "separable", 2, n_games=1, perturbation=0.0, n_states=2, n_actions=(40,) * players, discount=0.5
    )
    assert 0.0 <= game.potential.min() <= 0.2 * players
    assert 0.8 * players <= game.potential.max() <= players
    most = largest_potentials(GameBatch.of(game))[0]
    negative = DiscountedGame(game.reward, game.transition, game.discount, potential=-game.potential)
    spread = (most + largest_potentials(GameBatch.of(negative))[0]) * (1.0 - game.discount)
    assert 0.6 * players <= spread <= players
    for table in game.reward:
        assert table.max() <= 1.0


# Congestion ---------------------------------------------------------------------------------------------


def congestion(players, weights, *address, n_games=1, perturbation=0.0, **options):
    options = {"n_players": players, "weights": weights, **options}
    return congestion_sequence("distancing", *address, n_games=n_games, perturbation=perturbation, **options)


def users(joint, facility):
    return sum(1 for choice in joint if choice == facility)


CONGESTION = [
    (players, weights)
    for players in (2, 3, 4, 5)
    for weights in ((3.0,), (1.0, 2.5), (4.0, 1.0, 0.5), (1.0, 2.0, 4.0, 6.0))
]


@pytest.mark.parametrize(("players", "weights"), [(1, (1.0, 2.0)), *CONGESTION, (5, (1.0, 1.0, 2.0, 3.0, 5.0))])
def test_congestion_by_loops(players, weights):
    """Pay is weight times load, less the penalty in state 1, from [-penalty, N max weight] to [0, 1].

    More than N / 2 at one facility: distancing. From there to safety only if no facility has more than N / 4.
    """
    (game,) = congestion(players, weights, penalty=10.0, discount=0.7)
    top = players * max(weights)
    assert (game.n_states, game.n_actions, game.discount) == (2, (len(weights),) * players, 0.7)
    visited = set()
    for joint in itertools.product(range(len(weights)), repeat=players):
        load = [users(joint, facility) for facility in range(len(weights))]
        for i, facility in enumerate(joint):
            pay = weights[facility] * load[facility]
            assert game.reward[(i, 0, *joint)] == pytest.approx((pay + 10.0) / (top + 10.0), abs=1e-15)
            assert game.reward[(i, 1, *joint)] == pytest.approx((pay - 10.0 + 10.0) / (top + 10.0), abs=1e-15)
        crowded = any(n > players / 2 for n in load)
        recovers = all(n <= players / 4 for n in load)
        assert game.transition.at(0)[(0, *joint)].tolist() == ([0.0, 1.0] if crowded else [1.0, 0.0])
        assert game.transition.at(0)[(1, *joint)].tolist() == ([1.0, 0.0] if recovers else [0.0, 1.0])
        visited.add((crowded, recovers))
    if (players, len(weights)) == (4, 4):
        assert visited == {(True, False), (False, False), (False, True)}


def test_congestion_of_the_literature():
    """Eight agents, four facilities, weights 1, 2, 4, 6, penalty 100: by default. Loads by hand."""
    (game,) = congestion_sequence("distancing", n_games=1, perturbation=0.0)
    assert (game.n_players, game.n_states, game.discount) == (8, 2, 0.9)
    scale = 8 * 6 + 100
    rows = {  # joint action: (next state when safe, when distancing)
        (3,) * 8: (1, 1),
        (0, 0, 1, 1, 2, 2, 3, 3): (0, 0),  # two each: a quarter
        (0, 0, 0, 1, 2, 2, 3, 3): (0, 1),  # three are too many to recover
        (0, 0, 0, 0, 3, 3, 3, 3): (0, 1),  # half is not more than half
        (0, 0, 0, 0, 0, 3, 3, 3): (1, 1),
        (2, 3, 2, 2, 1, 2, 2, 0): (1, 1),
    }
    for joint, nexts in rows.items():
        for state in (0, 1):
            assert game.transition.at(0)[(state, *joint)].tolist() == np.eye(2)[nexts[state]].tolist()
            paid = [(1.0, 2.0, 4.0, 6.0)[a] * joint.count(a) + (100 if state == 0 else 0) for a in joint]
            np.testing.assert_allclose(game.reward[(slice(None), state, *joint)], np.array(paid) / scale, atol=1e-15)
    assert game.reward[0, 0].max() == 1.0  # all at the best facility


@settings(max_examples=40, deadline=None)
@given(
    seeds,
    st.integers(1, 5),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    st.sampled_from([0.0, 1.0, 100.0]),
)
def test_congestion_rewards_stay_in_their_range_unclipped(seed, players, facilities, size, penalty):
    """From least weight alone in distress to all at the best: each reward, scaled back, is an exact payment."""
    rng = np.random.default_rng(seed)
    weights = tuple(rng.integers(1, 9, size=facilities).tolist())
    games = congestion(players, weights, seed, n_games=3, perturbation=size, penalty=penalty)
    top = players * max(weights) * (1.0 + size)
    for game in games:
        assert game.reward.min() >= 0.0
        assert game.reward.max() <= 1.0
        paid = game.reward * (top + penalty)
        np.testing.assert_allclose(paid[:, 0] - paid[:, 1], penalty, atol=1e-9)  # clipping would show here
        together = [paid[(0, 1, *(facility,) * players)] / players for facility in range(facilities)]
        ratio = np.array(together) / weights  # 1 + size Z
        assert (np.abs(ratio - 1.0) <= size + 1e-9).all()
        for joint in itertools.islice(itertools.product(range(facilities), repeat=players), 64):
            for i, facility in enumerate(joint):
                expected = together[facility] * users(joint, facility)
                assert paid[(i, 1, *joint)] == pytest.approx(expected, abs=1e-9)


def weights_of(game, players, base, size, penalty):
    top = players * max(base) * (1.0 + size) + penalty
    return [game.reward[(0, 1, *(f,) * players)] * top / players for f in range(len(base))]


def test_congestion_noise_is_paired_over_sizes():
    """Weight times 1 + size Z: twice the size moves it twice as far; the scale of the rewards is taken off."""
    base, found = (1.0, 2.0, 4.0), {}
    for size in (0.0, 0.25, 0.5, 1.0):
        games = congestion(3, base, "pairs", n_games=4, perturbation=size)
        found[size] = np.array([weights_of(game, 3, base, size, 100.0) for game in games])
    np.testing.assert_allclose(found[0.0], np.broadcast_to(base, (4, 3)), atol=1e-12)
    z = (found[1.0] - base) / base
    assert np.abs(z).max() <= 1.0
    assert len(np.unique(np.round(z, 9))) == 12  # of its own for each game and facility
    assert z.min() < 0.0 < z.max()
    for size in (0.25, 0.5):
        np.testing.assert_allclose(found[size], base * (1.0 + size * z), atol=1e-10)


def test_congestion_noise_is_uniform():
    weights = (0.5, 2.0, 8.0)  # a share of each weight, not an amount
    games = congestion(1, weights, "law", n_games=700, perturbation=1.0)
    shares = np.array([weights_of(game, 1, weights, 1.0, 100.0) for game in games]) / weights - 1.0
    np.testing.assert_allclose(np.std(shares, axis=0), 1 / np.sqrt(3), rtol=0.1)
    z = shares.ravel()
    assert np.std(z) == pytest.approx(1 / np.sqrt(3), rel=0.05)  # 2100 draws: two percent
    assert abs(np.mean(z)) < 0.06
    assert 0.99 < np.abs(z).max() <= 1.0 + 1e-9


def test_congestion_addresses_name_games():
    def make(*address, n_games=3):
        return congestion(3, (1.0, 2.0), *address, n_games=n_games, perturbation=0.3)

    for one, other in zip(make("a", 1, n_games=2), make("a", 1, n_games=5), strict=False):
        np.testing.assert_array_equal(one.reward, other.reward)
    different = [*make("a", 1), *make("a", 2), *make("b", 1), *make("a", "1")]
    assert len({game.reward.tobytes() for game in different}) == 12
    games = make("a")
    assert [game.name for game in games] == ["distancing 0", "distancing 1", "distancing 2"]
    assert all(game.transition is games[0].transition for game in games)
    assert len(GameBatch.of(games)) == 3
    np.testing.assert_array_equal(games[0].initial, [0.5, 0.5])


def rosenthal(players, weights, scale):
    """Rosenthal 1973: sum over facilities of what it pays to 1, 2, ..., load users, (A_1, ..., A_N)."""
    table = np.zeros((len(weights),) * players)
    for joint in np.ndindex(*table.shape):
        for facility, weight in enumerate(weights):
            table[joint] += sum(weight * n for n in range(1, users(joint, facility) + 1))
    return table / scale


def nothing_moves_the_state(players, facilities):
    """With one facility all share it, and with two more than half of an odd number always share one."""
    return facilities == 1 or (facilities == 2 and players % 2 == 1)


@pytest.mark.parametrize(("players", "weights"), CONGESTION)
def test_states_of_a_congestion_game_have_a_potential_and_the_game_has_none(players, weights):
    """Rosenthal's potential in each state alone, and where actions do not move the state; not in the Markov game."""
    (game,) = congestion(players, weights, "potential", perturbation=0.2, penalty=5.0)
    assert game.potential is None
    scale = players * max(weights) * 1.2 + 5.0
    stage = rosenthal(players, weights_of(game, players, weights, 0.2, 5.0), scale)
    for state in (0, 1):
        chance = np.ones((1, *stage.shape, 1))
        alone = DiscountedGame(game.reward[:, [state]], Transition.shared(chance), 0.9, potential=stage[np.newaxis])
        assert is_potential_game(alone)
        assert potential_deviation(alone) <= 1e-11
    both = np.stack([stage, stage])
    fixed = Transition.shared(np.broadcast_to(np.full(2, 0.5), (2, *stage.shape, 2)))
    assert is_potential_game(DiscountedGame(game.reward, fixed, 0.9, potential=both))
    claimed = DiscountedGame(game.reward, game.transition, 0.9, potential=both)
    kernel = game.transition.at(0)
    still = bool((kernel == kernel[(slice(None), *[slice(1)] * players)]).all())
    assert still == nothing_moves_the_state(players, len(weights))
    assert is_potential_game(game) == is_potential_game(claimed) == still
    if not still:
        assert potential_deviation(game) > 1e-2
        assert stage_potential_deviation(claimed) > 1e-2


def test_one_facility_leaves_nothing_to_choose():
    """All crowd together: distancing for ever, and trivially a potential game."""
    (game,) = congestion(3, (2.0,), penalty=4.0, discount=0.5)
    np.testing.assert_allclose(game.reward[:, :, 0, 0, 0], [[1.0, 0.6]] * 3)  # (6 + 4) / 10 and 6 / 10
    value = gaps.values(GameBatch.of(game), [np.ones((1, 2, 1))] * 3, 1)[0]
    np.testing.assert_allclose(value, [1.0 + 0.5 * 1.2, 1.2])  # 0.6 / (1 - 1/2) = 1.2
    assert is_potential_game(game)


def test_crowding_is_worth_avoiding():
    """Four agents, four facilities, discount 0.9: together they are paid most and are safe but once in between."""
    (game,) = congestion(4, (1.0, 2.0, 4.0, 6.0))
    batch = GameBatch.of(game)
    crowd = [np.eye(4)[[[3, 3]]] for _ in range(4)]
    spread = [np.eye(4)[[[i, i]]] for i in range(4)]
    np.testing.assert_allclose(gaps.values(batch, crowd, 0)[0] * 124, [124 + 0.9 * 240, 240])  # 24 + 100, then 24 / 0.1
    np.testing.assert_allclose(gaps.values(batch, spread, 1)[0] * 124, [1020, 2 + 0.9 * 1020])  # 102 / 0.1


# Errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_games": 0}, "n_games must be an integer of at least 1"),
        ({"perturbation": -0.1}, "perturbation must be a finite number of at least 0, got -0.1"),
        ({"perturbation": float("nan")}, "perturbation must be a finite number"),
        ({"perturbation": float("inf")}, "perturbation must be a finite number"),
        ({"noise": "cauchy"}, "noise must be uniform or normal, got 'cauchy'"),
        ({"transition_mixing": 1.5}, r"transition_mixing must lie in \[0, 1\], got 1\.5"),
        ({"transition_mixing": float("nan")}, "transition_mixing"),
        ({"n_states": 0}, "n_states must be an integer of at least 1"),
        ({"n_actions": (2, 0)}, "n_actions must be an integer of at least 1"),
        ({"n_actions": (2.0, 2)}, "n_actions must be an integer"),
    ],
)
@pytest.mark.parametrize("make", ["zero_sum", "general_sum", "potential"])
def test_bad_arguments(make, change, message):
    kind = {"zero_sum": "pure", "potential": "team", "general_sum": "random"}[make]
    with pytest.raises(ValueError, match=message):
        FAMILIES[make](kind, "bad", **{"n_games": 2, "perturbation": 0.1, **change})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: zero_sum_sequence("fair", n_games=1, perturbation=0.0), r"one of \[.*\], got 'fair'"),
        (lambda: zero_sum_sequence("mixed", n_games=1, perturbation=0.0, n_actions=(2, 3)), "mixed needs A = B"),
        (lambda: zero_sum_sequence("pure", n_games=1, perturbation=0.0, n_actions=(2, 2, 2)), "is not defined"),
        (lambda: zero_sum_sequence("pure", n_games=1, perturbation=0.0, horizon=0), "horizon must be an integer"),
        (lambda: potential_sequence("pure", n_games=1, perturbation=0.0), r"_independent', 'separable', 'team'\], got"),
        (lambda: potential_sequence("team", n_games=1, perturbation=0.0, discount=1.0), r"discount must lie in"),
        (lambda: potential_sequence("team", n_games=1, perturbation=0.0, n_actions=()), "action"),
        (lambda: potential_sequence("separable", n_games=1, perturbation=0.0, discount=-0.1), r"discount must lie in"),
    ],
)  # fmt: skip
def test_bad_arguments_of_one_family(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_no_game_of_the_kind_is_a_loud_failure(monkeypatch):
    monkeypatch.setattr("metanash.families.zero_sum._TRIES", 3)
    with pytest.raises(ValueError, match="no pure base game of horizon 4 found in 3 draws"):
        zero_sum_sequence("pure", "hard", n_games=1, perturbation=0.0, horizon=4, n_states=4, n_actions=(4, 4))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "safe"}, "kind of a congestion game must be distancing, got 'safe'"),
        ({"n_games": 0}, "n_games must be an integer of at least 1"),
        ({"n_players": 0}, "n_players must be an integer of at least 1"),
        ({"n_players": 2.0}, "n_players must be an integer"),
        ({"perturbation": -0.1}, r"perturbation must lie in \[0, 1\] .*, got -0\.1 and"),
        ({"perturbation": 1.1}, r"perturbation must lie in \[0, 1\]"),
        ({"perturbation": float("nan")}, "perturbation must lie in"),
        ({"penalty": -1.0}, r"penalty be at least 0, got 0\.1 and -1\.0"),
        ({"penalty": float("inf")}, "penalty be at least 0"),
        ({"penalty": float("nan")}, "penalty be at least 0"),
        ({"weights": ()}, r"weights must be positive numbers, one a facility; got \[\]"),
        ({"weights": (1.0, 0.0)}, r"weights must be positive .*\[1\.0, 0\.0\]"),
        ({"weights": (1.0, -2.0)}, "weights must be positive"),
        ({"weights": (1.0, float("inf"))}, "weights must be positive"),
        ({"weights": (1.0, float("nan"))}, "weights must be positive"),
        ({"weights": ((1.0, 2.0), (3.0, 4.0))}, "weights must be positive"),
        ({"discount": 1.0}, r"discount must lie in \[0, 1\)"),
    ],
)
def test_bad_arguments_of_congestion(change, message):
    arguments = {"kind": "distancing", "n_games": 2, "perturbation": 0.1, "n_players": 2, "weights": (1.0, 2.0)}
    with pytest.raises(ValueError, match=message):
        FAMILIES["congestion"](**arguments | change)


@pytest.mark.parametrize("wrong", [1.5, -0.1, np.nan])
def test_numbers_of_all_games_of_a_sequence_are_checked(wrong):
    """Only the first is made by its class."""
    reward = np.full((3, 1, 1, 1, 2), 0.5)
    still = Transition.shared([[[[1.0], [1.0]]]])
    first = ZeroSumGame(reward[0], still, name="pure 0")
    assert [game.name for game in alike(first, "pure", reward, [still] * 3)] == ["pure 0", "pure 1", "pure 2"]
    reward[2, 0, 0, 0, 1] = wrong
    with pytest.raises(ValueError, match=r"reward must (lie|be finite)"):
        alike(first, "pure", reward, [still] * 3)


def test_games_of_a_sequence_are_frozen_and_pickled_like_any():
    game = zero_sum_sequence("mixed", 7, n_games=3, perturbation=0.1)[2]
    again = pickle.loads(pickle.dumps(game))
    np.testing.assert_array_equal(again.reward, game.reward)
    assert again.name == "mixed 2"
    with pytest.raises(ValueError, match="read-only"):
        game.reward[...] = 0.0
    with pytest.raises(ValueError, match="WRITEABLE"):
        game.reward.setflags(write=True)
