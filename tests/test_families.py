"""Families: the kind of every stage game, pairing, potentials; equilibria by linear programming and by fractions."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import random_interior, random_vertices, seeds

from metanash import GameBatch, exact, families, gaps
from metanash.families import FAMILIES, potential_sequence, zero_sum_sequence


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
    st.sampled_from(["pure", "mixed", "team", "action_independent"]),
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
@given(seeds, st.sampled_from(["team", "action_independent"]), st.sampled_from([(2,), (2, 2), (3, 1), (2, 3, 2)]))
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


def test_action_independent_transitions_are():
    games = potential_sequence(
        "action_independent", 3, n_games=2, perturbation=0.1, n_states=3, n_actions=(2, 3), transition_mixing=0.5
    )
    for game in games:
        kernel = game.transition.at(0)
        np.testing.assert_array_equal(kernel, np.broadcast_to(kernel[:, :1, :1], kernel.shape))
        assert not np.allclose(kernel[0], kernel[1])  # but the state matters
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
@pytest.mark.parametrize("make", FAMILIES)
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
        (lambda: potential_sequence("pure", n_games=1, perturbation=0.0), "team or action_independent, got 'pure'"),
        (lambda: potential_sequence("team", n_games=1, perturbation=0.0, discount=1.0), r"discount must lie in"),
        (lambda: potential_sequence("team", n_games=1, perturbation=0.0, n_actions=()), "action"),
    ],
)  # fmt: skip
def test_bad_arguments_of_one_family(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_no_game_of_the_kind_is_a_loud_failure(monkeypatch):
    monkeypatch.setattr(families, "_TRIES", 3)
    with pytest.raises(ValueError, match="no pure base game of horizon 4 found in 3 draws"):
        zero_sum_sequence("pure", "hard", n_games=1, perturbation=0.0, horizon=4, n_states=4, n_actions=(4, 4))
