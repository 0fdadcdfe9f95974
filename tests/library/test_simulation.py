"""Simulated play: known answers of the generator, frequencies, returns, and what decides a draw."""

import itertools

import numpy as np
import oracles_bandit as oracle
import pytest
import scipy

import metanash as mn
from metanash.kernels import use_threads
from metanash.kernels.sampling import numbers, philox
from metanash.simulation import cumulative, draw_keys, simulate

KNOWN = [  # Random123 1.14, tests/kat_vectors, philox4x32 10: counter, key, answer
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text):
    return [int(word, 16) for word in text.split()]


def random_game(seed, *, horizon=2, states=3, actions=(2, 3), kind=mn.MarkovGame, shared=False):
    rng = np.random.default_rng(seed)
    chance = rng.dirichlet(np.full(states, 0.5), size=(1 if shared else horizon, states, *actions))
    reward = rng.uniform(size=(len(actions), horizon, states, *actions))
    if kind is mn.ZeroSumGame:
        reward = reward[0]
    return kind(reward, mn.Transition.per_step(chance), rng.dirichlet(np.ones(states)))


def random_policies(seed, game, games=1):
    rng = np.random.default_rng(seed)
    lead = (games, game.n_states) if isinstance(game, mn.DiscountedGame) else (games, game.horizon, game.n_states)
    return tuple(rng.dirichlet(np.full(n, 0.7), size=lead) for n in game.n_actions)


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_the_generator_has_the_known_answers_of_random123(counter, key, answer):
    c, k, wanted = words(counter), words(key), words(answer)
    assert oracle.philox(c, k) == wanted
    block, episode = (np.uint64(c[n] | c[n + 1] << 32) for n in (0, 2))
    found = philox(k[0] | k[1] << 32, np.array(block), np.array(episode)).tolist()
    assert found == [wanted[0] | wanted[1] << 32, wanted[2] | wanted[3] << 32]


@pytest.mark.parametrize("players", [1, 2, 3, 4])
def test_numbers_are_those_of_a_generator_in_plain_python(players):
    for episode, step in [(0, 0), (2**40 + 5, 2**33 + 1), (7, 3)]:
        wanted = oracle.numbers(0x123456789ABC, episode, step, players)[: players + 2]
        assert numbers(0x123456789ABC, episode, step, players).tolist() == wanted


def test_trajectories_are_those_of_plain_python():
    game = random_game(1)
    policies = random_policies(2, game)
    found = simulate(game, policies, 300, seed=4, first=11, trajectories=True)
    (key,) = draw_keys(mn.GameBatch.of(game), 4).tolist()
    returns = np.zeros(2)
    for e, (states, actions) in enumerate(zip(found.states[0], found.actions[0], strict=True)):
        s = None
        for h in range(2):
            u = oracle.numbers(key, 11 + e, h, 2)
            s = oracle.draw(game.initial, u[0]) if h == 0 else s
            taken = [oracle.draw(policies[i][0, h, s], u[1 + i]) for i in (0, 1)]
            assert (s, taken) == (states[h], actions[h].tolist())
            returns += game.reward[:, h, s, taken[0], taken[1]]
            s = oracle.draw(game.transition.at(h)[s][tuple(taken)], u[3])
    np.testing.assert_allclose(found.sums[0], returns, rtol=1e-13)
    counted = np.zeros_like(found.visits[0])
    for states, actions in zip(found.states[0], found.actions[0], strict=True):
        for h in range(2):
            counted[(h, states[h], *actions[h])] += 1
    np.testing.assert_array_equal(found.visits[0], counted)


def chi_square(counts, chances):
    expected = counts.sum() * chances
    kept = expected > 0
    assert not counts[~kept].any()
    statistic = ((counts[kept] - expected[kept]) ** 2 / expected[kept]).sum()
    return scipy.stats.chi2.sf(statistic, kept.sum() - 1)


@pytest.mark.parametrize("kind", [mn.MarkovGame, mn.ZeroSumGame])
def test_frequencies_are_those_of_the_chances(kind):
    """All states and joint actions of a step at once, whose exact chances are sums over paths."""
    game = random_game(3, horizon=3, kind=kind)
    policies = random_policies(4, game)
    found = simulate(game, policies, 200_000, seed=5)
    reached, values = game.initial, []
    for h in range(3):
        joint = reached[:, None, None] * policies[0][0, h][:, :, None] * policies[1][0, h][:, None, :]
        values.append(chi_square(found.visits[0, h].ravel(), joint.ravel()))
        wrong = joint + 0.02 * (np.arange(joint.size) == joint.argmax()).reshape(joint.shape)
        assert chi_square(found.visits[0, h].ravel(), wrong.ravel() / wrong.sum()) < 1e-6  # the test can tell
        reached = np.einsum("sab,sabz->z", joint, game.transition.at(h))
    assert min(values) > 1e-3


def test_returns_of_discounted_games_have_the_discounted_value_as_mean():
    rng = np.random.default_rng(6)
    chance = rng.dirichlet(np.full(3, 0.5), size=(3, 2, 3))
    game = mn.DiscountedGame(rng.uniform(size=(2, 3, 2, 3)), mn.Transition.shared(chance), 0.9)
    policies = random_policies(7, game)
    found = simulate(game, policies, 100_000, seed=1)
    batch = mn.GameBatch.of(game)
    exact = [mn.gaps.from_start(batch, mn.gaps.values(batch, policies, i))[0] for i in (0, 1)]
    assert (np.abs(found.returns()[0] - exact) < 4 * found.standard_errors()[0]).all()
    assert (found.standard_errors() < 0.02).all()
    assert abs(found.steps[0] / 100_000 - 10) < 4 * np.sqrt(90 / 100_000)  # geometric, variance gamma / (1 - gamma)^2


def test_standard_errors_are_those_of_the_returns():
    game = random_game(8)
    found = simulate(game, random_policies(9, game), 50, seed=2, trajectories=True)
    paid = [
        sum(game.reward[(slice(None), h, s[h], *a[h])] for h in range(2))
        for s, a in zip(found.states[0], found.actions[0], strict=True)
    ]
    np.testing.assert_allclose(found.standard_errors()[0], np.std(paid, axis=0, ddof=1) / np.sqrt(50), rtol=1e-12)
    with pytest.raises(ValueError, match="at least two episodes"):
        simulate(game, random_policies(9, game), 1).standard_errors()


def test_a_chance_of_zero_is_never_drawn():
    """Also where rounding leaves the cumulative sum of the others below 1."""
    assert cumulative(np.array([0.1] * 10 + [0.0]))[-2:].tolist() == [1.0, 1.0]
    assert cumulative(np.array([0.0, 1.0, 0.0])).tolist() == [0.0, 1.0, 1.0]
    game = random_game(10, actions=(3, 2))
    policies = list(random_policies(11, game))
    policies[0] = np.broadcast_to([0.5, 0.0, 0.5], policies[0].shape)
    policies[1] = np.broadcast_to([1.0, 0.0], policies[1].shape)
    found = simulate(game, policies, 20_000)
    assert found.visits[..., 1, :].sum() == found.visits[..., 1].sum() == 0.0
    assert found.visits.sum() == 40_000


def test_play_can_be_continued_and_overlaps_agree():
    game = random_game(12)
    policies = random_policies(13, game)
    whole, first, second = (simulate(game, policies, n, first=at) for n, at in [(500, 0), (200, 0), (300, 200)])
    np.testing.assert_array_equal(whole.visits, first.visits + second.visits)
    np.testing.assert_allclose(whole.sums, first.sums + second.sums, rtol=1e-13)


def test_threads_change_no_bit():
    game = random_game(14)
    policies = random_policies(15, game)
    found = []
    for threads in (1, 2, 3):
        use_threads(threads)
        found.append(simulate(game, policies, 300_000, seed=3))
    use_threads(1)
    for one in found[1:]:
        for name in ("visits", "sums", "squares"):
            np.testing.assert_array_equal(getattr(one, name), getattr(found[0], name))


def test_equal_games_and_seeds_play_the_same_and_others_do_not():
    one, other = random_game(16), random_game(17)
    policies = tuple(np.full((1, 2, 3, n), 1 / n) for n in (2, 3))

    def played(games, seed):
        return simulate(games, policies, 400, seed=seed, trajectories=True).actions

    batch = played([one, other, one], 7)
    np.testing.assert_array_equal(batch[0], batch[2])
    np.testing.assert_array_equal(batch[0], played(one, 7)[0])
    np.testing.assert_array_equal(batch[1], played(other, [7])[0])
    for left, right in itertools.pairwise([batch[0], batch[1], played(one, 8)[0]]):
        assert abs((left == right).mean() - (1 / 2 + 1 / 3) / 2) < 0.05  # as independent ones


def test_sparse_and_dense_kernels_play_the_same():
    game = random_game(18, shared=True)
    rows = scipy.sparse.csr_array(game.transition.at(0).reshape(-1, 3))
    sparse = mn.MarkovGame(game.reward, mn.Transition.sparse([rows], (2, 3)), game.initial)
    policies = random_policies(19, game)
    np.testing.assert_array_equal(simulate(game, policies, 500).visits, simulate(sparse, policies, 500).visits)


def test_bad_arguments():
    game = random_game(20)
    policies = random_policies(21, game)
    for changed, message in [
        ({"episodes": 0}, "episodes must be an integer of at least 1, got 0"),
        ({"episodes": 2.5}, "episodes must be an integer of at least 1, got 2.5"),
        ({"first": -1}, "first must be an integer of at least 0, got -1"),
        ({"seed": -1}, "seed must be an integer of at least 0, got -1"),
        ({"seed": [1, 2]}, r"seed must be one integer or one per game \(1\), got shape \(2,\)"),
        ({"policies": policies[:1]}, "one array per player, 2 in all; got 1"),
        ({"policies": (policies[0], policies[1] * 0.9)}, "the mass is 0.9"),
        ({"games": 7}, "a batch takes a"),
    ]:
        given = {"games": game, "policies": policies, "episodes": 3} | changed
        with pytest.raises(ValueError, match=message):
            simulate(**given)
    still = mn.Transition.shared(np.ones((1, 2, 1)))
    endless = mn.DiscountedGame([[[1.0, 0.0]]], still, 1.0 - 1e-9)
    with pytest.raises(ValueError, match="episodes have 1e\\+09 steps on average"):
        simulate(endless, [np.full((1, 1, 2), 0.5)], 1)
    with pytest.raises(ValueError, match="of finite horizon only"):
        simulate(mn.DiscountedGame([[[1.0, 0.0]]], still, 0.5), [np.full((1, 1, 2), 0.5)], 1, trajectories=True)
