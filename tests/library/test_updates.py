"""Meta-updates beside equation (5): centroids by a solver, mixtures and rates in loops, what is promised of them."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from strategies import random_distributions, seeds

from metanash import META_UPDATES, GameBatch, OptimisticMirrorDescent, RegretMatching, learn, learn_sequence
from metanash.families import zero_sum_sequence
from metanash.learners import CorrelatedMirrorDescent
from metanash.meta import DEFAULT_UPDATE, AverageTarget, Individual, best_response_target, prepared
from metanash.updates import (
    AnnealedTarget,
    GeometricTarget,
    LearnedRate,
    LearnedTarget,
    TunesLearner,
    WindowTarget,
    regret_and_divergence,
    uniform_weight,
)
from metanash.updates.averages import krichevsky_trofimov


def as_is(learner, run):
    """The target of a run is the run: games are given as what they recommend."""
    del learner
    return run


def seen(update, targets):
    for target in targets:
        update = update.observe(None, target)
    return update


def rows(rng, games, actions=(2, 3), stages=2, states=2):
    """What some games recommend: of each player (game, stage, h, s, action), two sequences side by side."""
    return [tuple(random_distributions(rng, 2, stages, 1, states, n) for n in actions) for _ in range(games)]


def kl(p, q):
    return math.fsum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def greedy(p, alpha):
    return [(1 - alpha) * a + alpha / len(p) for a in p]


# Averages -----------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 5), st.sampled_from([0.05, 0.3, 0.9]))
def test_the_geometric_mean_is_the_centroid_of_the_reversed_divergence(seed, games, alpha):
    """By a solver over softmax coordinates: sum_k KL(p || [target^k]_alpha) has its minimum there, and that of (5)
    with the divergence the other way round at the arithmetic mean."""
    targets = rows(np.random.default_rng(seed), games)
    reversed_, forward = (seen(kind(as_is, alpha), targets).initial() for kind in (GeometricTarget, AverageTarget))
    for place in ((0, 0, 0, 1), (1, 1, 0, 0)):
        mixed = [greedy(target[1][place].tolist(), alpha) for target in targets]

        def cost(z, back, mixed=mixed):
            p = np.exp(z - z.max())
            p /= p.sum()
            return math.fsum(kl(p, q) if back else kl(q, p) for q in mixed)

        for got, back in ((reversed_, True), (forward, False)):
            found = minimize(cost, np.zeros(3), args=(back,), tol=1e-12)
            best = np.exp(found.x) / np.exp(found.x).sum()
            np.testing.assert_allclose(got[1][place], best, atol=2e-5)


@settings(max_examples=25)
@given(seeds, st.integers(1, 6), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.5, 1.0, 2.0]))
def test_annealed_averages_are_those_of_loops(seed, games, discount, power):
    targets = rows(np.random.default_rng(seed), games)
    got = seen(AnnealedTarget(as_is, uniform_weight(power), discount), targets).initial()
    weights = [discount ** (games - 1 - k) for k in range(games)]
    total = math.fsum(weights)
    for player, place in itertools.product((0, 1), ((0, 0, 0, 0), (1, 1, 0, 1))):
        mean = [
            math.fsum(w * target[player][place][a] for w, target in zip(weights, targets, strict=True)) / total
            for a in range(2 + player)
        ]
        np.testing.assert_allclose(got[player][place], greedy(mean, (total + 1) ** -power), atol=1e-14)


def test_equation_5_is_an_annealed_average_of_constant_weight():
    targets = rows(np.random.default_rng(5), 4)
    paper = seen(AverageTarget(as_is, 0.5), targets).initial()
    for got, wanted in zip(seen(AnnealedTarget(as_is, lambda n, d: 0.5), targets).initial(), paper, strict=True):  # noqa: ARG005
        np.testing.assert_allclose(got, wanted, atol=1e-15)


@pytest.mark.parametrize("window", [1, 3, 9])
def test_a_window_is_the_average_of_its_games(window):
    targets = rows(np.random.default_rng(window), 5)
    got = seen(WindowTarget(as_is, uniform_weight(1.0), window), targets).initial()
    wanted = seen(AnnealedTarget(as_is, uniform_weight(1.0)), targets[-window:]).initial()
    for part, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(part, other, atol=1e-15)


def excess(alpha, sequence, actions):
    """What predictions from counts lose to the best fixed policy, in loops."""
    total, lost = [0.0] * actions, 0.0
    for k, p in enumerate(sequence):
        mean = [x / k for x in total] if k else [1 / actions] * actions
        lost += kl(p, greedy(mean, alpha(k, actions)))
        total = [x + y for x, y in zip(total, p, strict=True)]
    best = [x / len(sequence) for x in total]
    return lost - math.fsum(kl(p, best) for p in sequence)


def regret_of_krichevsky_trofimov(games, actions):
    return (actions - 1) / 2 * math.log(games) + math.log(actions)


@pytest.mark.parametrize(("actions", "games"), [(2, 10), (3, 7)])
def test_krichevsky_and_trofimov_lose_a_logarithm_whatever_the_games(actions, games):
    """All sequences of vertices, and distributions between them. The bound is nearly met, and 1 / sqrt(K) breaks it."""
    vertices = [[float(a == b) for b in range(actions)] for a in range(actions)]
    bound = regret_of_krichevsky_trofimov(games, actions)
    lost = [excess(krichevsky_trofimov, run, actions) for run in itertools.product(vertices, repeat=games)]
    assert max(lost) <= bound
    assert max(lost) > 0.8 * bound
    root = [excess(lambda k, d: 1 / math.sqrt(games), [vertices[0]] * n, actions) for n in (400,)]  # noqa: ARG005
    assert max(root) > regret_of_krichevsky_trofimov(400, actions)
    rng = np.random.default_rng(actions)
    for _ in range(300):
        drawn = rng.dirichlet(np.full(actions, rng.choice([0.05, 1.0])), size=games).tolist()
        assert excess(krichevsky_trofimov, drawn, actions) <= bound


def test_the_library_predicts_as_krichevsky_and_trofimov():
    """Counts 2 and 1 of actions 0 and 2, and half a count for each of three."""
    targets = [(np.eye(3)[a].reshape(1, 1, 1, 1, 3),) for a in (0, 2, 0)]
    (got,) = seen(AnnealedTarget(as_is, krichevsky_trofimov), targets).initial()
    np.testing.assert_allclose(got.ravel(), np.array([2.5, 0.5, 1.5]) / 4.5, atol=1e-15)


# Weights learned on line --------------------------------------------------------------------------------


def mixture_in_loops(targets, powers, discount, together, share):
    """Initial policies after all games, {(player, place): [..]}, with weights kept as products."""
    players, places = range(len(targets[0])), list(np.ndindex(targets[0][0].shape[:-1]))
    keys = [(i, place) for i in players for place in places]
    weights = {key: [1.0] * (len(powers) + 1) for key in keys}

    def forecasts(k, key):
        i, place = key
        actions = targets[0][i].shape[-1]
        parts = []
        for power in powers:
            scale = [discount ** (k - 1 - j) for j in range(k)]
            total = math.fsum(scale)
            mean = [
                math.fsum(w * t[i][place][a] for w, t in zip(scale, targets[:k], strict=True)) / total if k else 1.0
                for a in range(actions)
            ]
            parts.append(greedy(mean, (total + 1) ** -power) if k else [1 / actions] * actions)
        return [*parts, [1 / actions] * actions]

    for k, target in enumerate(targets):
        cost = {key: [kl(target[key[0]][key[1]], q) for q in forecasts(k, key)] for key in keys}
        for key in keys:
            mates = [mate for mate in keys if mate[1][0] == key[1][0]] if together else [key]
            paid = [math.exp(-math.fsum(cost[mate][j] for mate in mates)) for j in range(len(powers) + 1)]
            weights[key] = [w * p for w, p in zip(weights[key], paid, strict=True)]
            total = math.fsum(weights[key])
            weights[key] = [(1 - share) * w / total + share / len(paid) for w in weights[key]]
    found = {}
    for key in keys:
        parts = forecasts(len(targets), key)
        found[key] = [
            math.fsum(w * part[a] for w, part in zip(weights[key], parts, strict=True)) for a in range(len(parts[0]))
        ]
    return found


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.1])
def test_learned_weights_are_those_of_loops(together, share):
    targets = rows(np.random.default_rng(7), 5)
    experts = tuple(AnnealedTarget(as_is, uniform_weight(power), 0.5) for power in (0.5, 2.0))
    got = seen(LearnedTarget(experts, together, share), targets).initial()
    for (player, place), wanted in mixture_in_loops(targets, (0.5, 2.0), 0.5, together, share).items():
        np.testing.assert_allclose(got[player][place], wanted, atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(seeds, st.sampled_from([0.02, 0.3, 5.0]), st.booleans())
def test_a_mixture_by_row_pays_at_most_the_logarithm_of_the_averages_more_than_the_best(seed, spread, moving):
    """In every row, for targets that agree, that differ, and that change half-way."""
    rng = np.random.default_rng(seed)
    centre = rng.dirichlet(np.ones(3), size=(1, 2, 1, 2))
    targets = []
    for k in range(12):
        if moving and k == 6:
            centre = rng.dirichlet(np.ones(3), size=(1, 2, 1, 2))
        targets.append((np.apply_along_axis(lambda c: rng.dirichlet(0.01 + c / spread), -1, centre),))
    experts = tuple(AnnealedTarget(as_is, uniform_weight(power), g) for power in (1.0, 4.0) for g in (1.0, 0.5))
    update, paid, each = LearnedTarget(experts), np.zeros((1, 2, 1, 2)), np.zeros((5, 1, 2, 1, 2))
    alone = list(experts)
    for (target,) in targets:
        starts = [update, *alone, Individual()]
        for j, start in enumerate(starts):
            policy = start.initial()
            for place in np.ndindex(1, 2, 1, 2):
                cost = kl(target[place], [1 / 3] * 3 if policy is None else policy[0][place])
                if j:
                    each[j - 1][place] += cost
                else:
                    paid[place] += cost
        update = update.observe(None, (target,))
        alone = [one.observe(None, (target,)) for one in alone]
    assert (paid <= each.min(axis=0) + math.log(5) + 1e-9).all()


def test_what_foretells_best_gets_the_weight():
    """Twenty games that recommend one action, and twenty that toss a coin: a small weight, then the uniform policy."""
    rng = np.random.default_rng(2)
    experts = (AnnealedTarget(as_is, uniform_weight(4.0)), AnnealedTarget(as_is, uniform_weight(0.5)))
    same = [(np.array([[[[[1.0, 0.0]]]]]),)] * 20
    coins = [(np.eye(2)[rng.integers(2)].reshape(1, 1, 1, 1, 2),) for _ in range(20)]
    for targets, best in ((same, 0), (coins, 2)):
        update = seen(LearnedTarget(experts), targets)
        assert update.weights[0].ravel().argmax() == best


# Learning rates -----------------------------------------------------------------------------------------


def test_the_learned_rate_minimises_what_the_games_so_far_would_have_cost():
    """sum_k B_k / eta + eta V_k over all rates of the range, by a bounded scalar search; B and V from the records."""
    games = zero_sum_sequence("mixed", "rates", n_games=4, perturbation=0.2, horizon=1, n_states=1, n_actions=(3, 3))
    own, low, high = 2.0, 0.5, 8.0
    learner, update = OptimisticMirrorDescent(own), LearnedRate(Individual(), low, high)
    known, interior = [], 0
    for game in games:
        now = prepared(update, learner)
        rate = float(np.broadcast_to(now.learning_rate, (1,))[0])
        if known:
            found = minimize_scalar(
                lambda log, known=tuple(known): sum(b * math.exp(-log) + math.exp(log) * v for b, v in known),
                bounds=(math.log(low * own), math.log(high * own)), method="bounded", options={"xatol": 1e-9},
            )  # fmt: skip
            assert rate == pytest.approx(math.exp(found.x), rel=1e-4)
            interior += low * own * 1.01 < rate < high * own * 0.99
        run = learn(game, now, 200, at=[200])
        regret = divergence = 0.0
        for stage in now.stages(run.state):
            for i in (0, 1):
                payoff, value = stage.payoff[i][0, 0, 0], stage.value[0, 0, 0] * (1 - 2 * i)
                regret += stage.iterations * (payoff.max() - value)
                divergence -= math.log(stage.initial[i][0, 0, 0][payoff.argmax()]) * (np.ptp(payoff) > 1e-12)
        known.append((divergence, max(0.0, regret - divergence / rate) / rate))
        update = update.observe(now, run)
    assert interior > 0  # in some game the rate is within its range


def test_the_learned_rate_is_the_root_of_a_ratio_however_small_and_its_own_where_nothing_is_known():
    """sqrt(D / V) of three games side by side: 1/2 of a divergence below one, the upper end without variation, own."""
    update = LearnedRate(
        Individual(), 0.25, 4.0, divergence=np.array([0.25, 0.25, 0.0]), variation=np.array([1.0, 0, 0])
    )
    rates = update.tuned(OptimisticMirrorDescent(1.0)).learning_rate
    np.testing.assert_allclose(rates, [0.5, 4.0, 1.0], rtol=1e-15)


def test_a_rate_that_is_too_large_comes_down_and_one_that_is_not_stays_up():
    for kind, top in (("pure", True), ("mixed", False)):
        games = zero_sum_sequence(kind, "rates", n_games=5, perturbation=0.0)
        run = learn_sequence(games, OptimisticMirrorDescent(0.5), LearnedRate(Individual(), high=32.0), 500, at=[500])
        rates = [one.state.eta[0, 0, 0] for one in run.runs]
        assert rates[0] == 0.5
        assert rates[1] == 16.0  # nothing speaks against it yet
        assert bool(rates[-1] == 16.0) is top


def test_sequences_side_by_side_have_rates_of_their_own():
    kinds = [zero_sum_sequence(kind, "rates", n_games=4, perturbation=0.0) for kind in ("pure", "mixed")]
    update, learner = META_UPDATES["tuned_tracking"](4), OptimisticMirrorDescent(0.5)
    together = learn_sequence([GameBatch(pair) for pair in zip(*kinds, strict=True)], learner, update, 200, at=[200])
    for k, games in enumerate(kinds):
        alone = learn_sequence(games, learner, update, 200, at=[200])
        np.testing.assert_allclose(together.ne_gap[k], alone.ne_gap[0], rtol=1e-12)


def test_the_learner_is_changed_only_by_those_that_say_so():
    learner = OptimisticMirrorDescent(0.2)
    for name, make in META_UPDATES.items():
        tunes = name.startswith("tuned_") or name in {"harris", "recognised"}
        assert isinstance(make(3), TunesLearner) is tunes
        assert prepared(make(3), learner) is learner  # before the first game


def test_regrets_and_divergences_are_summed_as_they_are_said_to_be():
    """By hand: two stages of three and two iterations, two states; the larger of both states counts, times n."""

    def stage(n, regrets, divergences):
        return SimpleNamespace(
            iterations=n, average=(None, None), regret=lambda i: np.array([[regrets[i]]]),
            kl_to_initial=lambda i: np.array([[divergences[i]]]),
        )  # fmt: skip

    stages = [
        stage(3, ([0.1, 0.2], [0.5, 0.0]), ([1.0, 2.0], [0.0, 0.5])),
        stage(2, ([0.3, 0], [0, 0]), ([0, 0], [4, 1])),
    ]
    learner = SimpleNamespace(stages=lambda state: stages)  # noqa: ARG005
    regret, divergence = regret_and_divergence(learner, SimpleNamespace(state=SimpleNamespace(eta=np.ones((1, 1, 2)))))
    assert regret.tolist() == pytest.approx([3 * (0.2 + 0.5) + 2 * 0.3])
    assert divergence.tolist() == pytest.approx([2.0 + 0.5 + 4.0])


# In sequences -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pure", "mixed"])
def test_the_default_beats_equation_5_on_games_that_are_alike(kind):
    games = zero_sum_sequence(kind, "default", n_games=6, perturbation=0.0)
    learner = OptimisticMirrorDescent(0.2)
    paper, own = (
        learn_sequence(games, learner, name, 500, at=[500]).ne_gap[0, 1:].mean()
        for name in ("best_response", DEFAULT_UPDATE)
    )
    assert own < 0.8 * paper


@pytest.mark.parametrize("name", sorted(META_UPDATES.keys() - {"carry_over"}))
def test_general_sum_games_are_started_in_the_same_way(name):
    """Three players of Algorithm 2: initial policies are distributions of the right shape, and none has a zero."""
    from metanash.families import general_sum_sequence  # noqa: PLC0415

    games = general_sum_sequence("random", "three", n_games=3, perturbation=0.1, n_actions=(2, 3, 2))
    run = learn_sequence(games, CorrelatedMirrorDescent(0.2), name, 30, at=[30])
    for one in run.runs:
        for part in one.state.initial:
            assert part.min() > 0.0
            np.testing.assert_allclose(part.sum(axis=-1), 1.0, atol=1e-12)


def test_a_name_is_the_meta_update_of_that_name():
    games = zero_sum_sequence("mixed", "names", n_games=4, perturbation=0.1)
    learner = OptimisticMirrorDescent(0.3)
    by_name, by_hand = (
        learn_sequence(games, learner, update, 30)
        for update in ("best_response", AverageTarget(best_response_target, 0.5))
    )
    np.testing.assert_array_equal(by_name.ne_gap, by_hand.ne_gap)
    with pytest.raises(ValueError, match=r"there is no meta-update 'best'; there are individual, best_response, "):
        learn_sequence(games, learner, "best", 30)


@pytest.mark.parametrize("name", sorted(META_UPDATES.keys() - {"individual", "carry_over"}))
def test_learners_without_stages_are_refused_by_name(name):
    games = zero_sum_sequence("mixed", "names", n_games=2, perturbation=0.1)
    words = (
        "not for RegretMatching" if name.startswith("tuned_") or name == "harris" else "RegretMatching has no stages"
    )
    words = "which RegretMatching has not" if name == "recognised" else words
    with pytest.raises(ValueError, match=words):
        learn_sequence(games, RegretMatching(), name, 10)


def test_meta_updates_stay_as_they_were():
    targets = rows(np.random.default_rng(3), 3)
    experts = (AnnealedTarget(as_is, krichevsky_trofimov),)
    for update in (
        LearnedTarget(experts),
        *experts,
        GeometricTarget(as_is, 0.5),
        WindowTarget(as_is, uniform_weight(1.0), 2),
    ):
        once = seen(update, targets[:2])
        before = [part.copy() for part in once.initial()]
        once.observe(None, targets[2])
        assert update.initial() is None
        for got, wanted in zip(once.initial(), before, strict=True):
            np.testing.assert_array_equal(got, wanted)


BAD = [
    (lambda: AnnealedTarget(as_is, krichevsky_trofimov, 1.5), "discount must lie in"),
    (lambda: AnnealedTarget(as_is, krichevsky_trofimov, math.nan), "discount must lie in"),
    (lambda: uniform_weight(0.0), "power of an annealed weight must be positive"),
    (lambda: GeometricTarget(as_is, 0.0), "alpha must lie in"),
    (lambda: WindowTarget(as_is, krichevsky_trofimov, 0), "window must be an integer of at least 1"),
    (lambda: LearnedTarget(()), "experts must have at least one average"),
    (
        lambda: LearnedTarget((AnnealedTarget(as_is, krichevsky_trofimov), AnnealedTarget(min, krichevsky_trofimov))),
        "averages of one target",
    ),
    (
        lambda: LearnedTarget((AnnealedTarget(as_is, krichevsky_trofimov).seen((np.ones((1, 1, 1, 1, 1)),)),)),
        "must have seen no game",
    ),
    (lambda: LearnedTarget((AnnealedTarget(as_is, krichevsky_trofimov),), share=1.0), "share must lie in"),
    (lambda: LearnedRate(Individual(), low=2.0), "factors must be 0 < low"),
    (lambda: LearnedRate(Individual(), high=math.inf), "factors must be 0 < low"),
    (lambda: LearnedRate(Individual()).tuned(RegretMatching()), "not for RegretMatching; take the meta-update alone"),
    (
        lambda: seen(AnnealedTarget(as_is, lambda n, d: 0.0), [(np.ones((1, 1, 1, 1, 2)) / 2,)]).initial(),  # noqa: ARG005
        r"alpha must lie in \(0, 1\], got 0.0 after 1 games of 2 actions",
    ),
]


@pytest.mark.parametrize(("make", "words"), BAD)
def test_what_is_out_of_range(make, words):
    with pytest.raises(ValueError, match=words):
        make()
