"""Promises with a constant: both sides worked out again by loops, and the constants that are derived here."""

import itertools
import math

import numpy as np
import oracles
import oracles_successors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import seeds

from metanash import GameBatch, Transition, ZeroSumGame, families
from metanash_replication.topics.successors import promised
from metanash_replication.topics.successors.claims import CLAIMS
from metanash_replication.topics.successors.measure import promises
from metanash_replication.topics.successors.tables import linear_speed, make

SEEDS, ROOT_SEED, LAST, TAU = [0, 1], 5, 120, 0.05
ABOUT = {
    "plain": {"base_kind": "random", "n_states": 1, "n_actions": (2, 3), "horizon": 1},
    "stages": {"base_kind": "random", "n_states": 1, "n_actions": (2, 3), "horizon": 1},
    "gradient": {"base_kind": "mixed", "n_states": 1, "n_actions": (2, 2), "horizon": 1},
    "predictive": {"base_kind": "random", "n_states": 1, "n_actions": (2, 2), "horizon": 1},
    "entropy": {"base_kind": "random", "n_states": 1, "n_actions": (2, 2), "horizon": 1},
    "single": {"base_kind": "team", "n_states": 2, "n_actions": (3,), "discount": 0.6},
    "team": {"base_kind": "team", "n_states": 2, "n_actions": (2, 2), "discount": 0.5},
}


def games(name):
    about = ABOUT[name]
    for seed in SEEDS:
        yield families.FAMILIES[promised.PROMISED[name].family](
            about["base_kind"], ROOT_SEED, "promises", seed, n_games=1, perturbation=0.1,
            **{key: value for key, value in about.items() if key != "base_kind"},
        )[0]  # fmt: skip


@pytest.fixture(scope="module")
def measured():
    found = []
    for name, about in ABOUT.items():
        spec = about | {"promise": name, "perturbation": 0.1, "factors": [1.0], "iterations": LAST, "n_checkpoints": 16}
        found.append((spec, promises(seeds=SEEDS, root_seed=ROOT_SEED, **spec)))
    return found


@pytest.fixture(scope="module")
def tables(measured):
    return make({"successors": [], "promises": measured}, margin=0.03, resamples=50, root_seed=1)


# Loops: a promise's sides at every T of ``at``, from one game --------------------------------------------


def matrix_of(game):
    return oracles.plain(game.reward[0, 0])


def halves(*counts):
    return [[[[1 / n] * n]] for n in counts]


def gap_of(matrix, policies):
    (((mu,),), ((nu,),)) = policies
    return max(oracles.row_payoffs(matrix, nu)) - min(oracles.column_payoffs(matrix, mu))


def plain(game, at):
    """The bound by going through the stages, of lengths 1, 2, 4, ..."""
    matrix, (a, b) = matrix_of(game), game.n_actions
    for t in at:
        eta, paid, length, left = math.sqrt(8 * math.log(max(a, b)) / t), 1.0, 2, t - 1
        while left > 0:
            ran = min(length, left)
            paid += (math.log(a) + math.log(b)) / eta + 1 + 2 * eta * (ran + 1) / 8
            length, left = 2 * length, left - ran
        averages = oracles_successors.staged_descent([[matrix]], None, eta, t, halves(a, b), predicts=False)
        yield gap_of(matrix, averages), paid / t


def stages(game, at):
    """Theorem 1 for H = 1 from uniform policies: D is log(AB) a stage, and c that of step (6) of its proof."""
    matrix, (a, b) = matrix_of(game), game.n_actions
    x = 1 / 8
    factor = math.exp(x) + x**2 / 4 * (math.exp(2 * x) - 1) ** 2
    for t in at:
        begun = math.floor(math.log2(t)) + 1
        averages = oracles_successors.staged_descent([[matrix]], None, x, t, halves(a, b), predicts=True)
        yield gap_of(matrix, averages), (1 + factor * begun * math.log(a * b) / x) / t


def spectral(matrix):
    """The largest singular value of a 2 x 2 matrix, from the trace and determinant of its square."""
    (a, b), (c, d) = matrix
    trace, determinant = a * a + b * b + c * c + d * d, (a * d - b * c) ** 2
    return math.sqrt((trace + math.sqrt(trace**2 - 4 * determinant)) / 2)


def least_gain(matrix, points=20):
    """C by search: border and inside of the square of strategies, directions all around, over the distance."""
    (a, b), (c, d) = matrix
    whole = a - b - c + d
    x, y = (d - c) / whole, (d - b) / whole
    grid = [k / points for k in range(points + 1)]
    found = math.inf
    for p, q in itertools.product(grid, grid):
        u, v = p - x, q - y
        if math.hypot(u, v) < 1e-9:
            continue
        best = 0.0
        for k in range(360):
            e, f = math.cos(k * math.pi / 180), math.sin(k * math.pi / 180)
            inside = all((z > 0 or w > -1e-12) and (z < 1 or w < 1e-12) for z, w in ((p, e), (q, f)))
            if inside:
                best = max(best, whole * (v * e - u * f) / math.sqrt(2))
        found = min(found, best / (math.sqrt(2) * math.hypot(u, v)))
    return found, x, y


def gradient(game, at):
    matrix = matrix_of(game)
    constant, x, y = least_gain(matrix)
    eta = 1 / (8 * spectral(matrix))
    factor = 1 + min(16 * eta**2 * constant**2 / 81, 0.5)
    pair = oracles_successors.GradientPair([[0.5, 0.5], [0.5, 0.5]], matrix, eta)

    def distance(mu, nu):
        return (mu[0] - x) ** 2 + (mu[1] - 1 + x) ** 2 + (nu[0] - y) ** 2 + (nu[1] - 1 + y) ** 2

    first = distance([0.5, 0.5], [0.5, 0.5])
    for t in range(1, LAST + 1):
        played = pair.play()
        pair.see(matrix, played, oracles_successors.payoffs_of(matrix, *played))
        if t in at:
            yield distance(*played), 64 * first / factor**t


def entropic(game, at, *, predictive):
    matrix = matrix_of(game)
    most = max(map(max, matrix))
    eta = 1 / (TAU + 2 * most) if predictive else min(1 / (2 * TAU + 2 * most), 1 / (4 * most))
    pair = oracles_successors.EntropyPair([[0.5, 0.5], [0.5, 0.5]], matrix, eta, TAU, predictive=predictive)
    wanted = oracles_successors.quantal_response(matrix, TAU)

    def divergence(policies):
        return sum(oracles.kl(x, z) for x, z in zip(wanted, policies, strict=True))

    first = divergence(pair.x)
    for t in range(1, LAST + 1):
        played = pair.play()
        pair.see(matrix, played, oracles_successors.payoffs_of(matrix, *played))
        if t in at:
            yield divergence(pair.x), (1 - eta * TAU) ** t * first


def natural(game, at, eta):
    """Policies and gains before each iteration, and after the last."""
    tables, kernel = [oracles.plain(game.reward[0])] * game.n_players, oracles.plain(game.transition.at(0))
    policies = [[[1 / n] * n for _ in range(2)] for n in game.n_actions]
    for _ in range(max(at) + 1):
        gains = oracles.discounted_gains(tables, kernel, game.discount, [0.5, 0.5], policies)
        least = 1.0
        for i, policy in enumerate(policies):
            values = oracles.discounted_values(tables[i], kernel, game.discount, policies)
            q = oracles.averaged_q(tables[i], kernel, game.discount, policies, i, values)
            least = min(least, *(row[worth.index(max(worth))] for row, worth in zip(policy, q, strict=True)))
        yield max(gains), least
        policies = oracles_successors.natural_gradient(tables, kernel, game.discount, policies, eta, 1)


def single(game, at):
    (a,), rest = game.n_actions, 1 - game.discount
    eta = rest**2 * math.log(a)
    for t, (gap, _) in enumerate(natural(game, at, eta)):
        if t in at:
            yield gap, math.log(a) / (eta * t) + 1 / (rest**2 * t)


def team(game, at):
    """N = 2 and two states that are as likely at first, so that M = 2 and eta = 2 (1 - gamma)^2."""
    rest = 1 - game.discount
    eta, total, c = 2 * rest**2, 0.0, 1.0
    for t, (gap, least) in enumerate(natural(game, at, eta)):
        if t in at:
            u = c * eta**2 / (2 * rest**4)
            sum_of_squares = (2 / rest) * 2 * u / math.log(1 + u) / (c * eta / rest)
            yield total / t, math.sqrt(2 / rest**2 * sum_of_squares / t)
        total, c = total + gap, min(c, least)


LOOPS = {
    "plain": plain, "stages": stages, "gradient": gradient, "single": single, "team": team,
    "predictive": lambda game, at: entropic(game, at, predictive=True),
    "entropy": lambda game, at: entropic(game, at, predictive=False),
}  # fmt: skip


@pytest.fixture(scope="module")
def recalculated(measured):
    return {
        spec["promise"]: np.array(
            [list(LOOPS[spec["promise"]](game, arrays["checkpoints"].tolist())) for game in games(spec["promise"])]
        )
        for spec, arrays in measured
    }


@pytest.mark.recalculates(
    "after-plain", "after-stages", "after-gradient", "after-predictive", "after-entropy", "after-natural",
    "after-natural-mean",
)  # fmt: skip
def test_both_sides_are_those_of_loops(measured, tables, recalculated):
    table = tables["successors_promises"].set_index("promise")
    for spec, arrays in measured:
        name, at = spec["promise"], arrays["checkpoints"]
        left, right = np.moveaxis(recalculated[name], -1, 0)
        np.testing.assert_allclose(arrays["left"][0], left, rtol=1e-7, atol=1e-13)
        np.testing.assert_allclose(arrays["right"][0], right, rtol=3e-5 if name == "gradient" else 1e-9)
        assert (left <= right).all()  # and the promise holds
        worst = np.unravel_index((left / right).argmax(), left.shape)
        assert table.loc[name, "left"] == pytest.approx(left[worst])
        assert table.loc[name, "ratio"] == pytest.approx(left[worst] / right[worst], rel=1e-4)
        assert table.loc[name, "iteration"] == at[worst[1]]
    named = {claim.id: claim for claim in CLAIMS}
    for claim, name in (("after-plain", "plain"), ("after-natural-mean", "team")):
        assert named[claim].judge(tables).place["ratio"] == table.loc[name, "ratio"]


@pytest.mark.recalculates("after-plain-rate", "after-natural-rate", "after-natural-unique")
def test_how_fast_they_fall_is_what_polynomials_say(measured, tables, recalculated):
    table = tables["successors_speeds"].set_index(["promise", "form"])
    forms = {
        ("plain", "log T / sqrt T"): lambda t: np.log(t) / np.sqrt(t), ("plain", "1 / sqrt T"): lambda t: t**-0.5,
        ("team", "1 / sqrt T"): lambda t: t**-0.5, ("team", "1 / T"): lambda t: 1 / t,
    }  # fmt: skip
    at = {spec["promise"]: arrays["checkpoints"] for spec, arrays in measured}
    for (name, form), curve in forms.items():
        t, left = at[name], recalculated[name][..., 0]
        largest = [[max(curve[k:]) for k in range(len(t))] for curve in left.tolist()]
        mean = np.mean(largest, axis=0)
        inside = t >= LAST / 10
        for wanted, column in ((mean, "slope"), (curve(t.astype(float)), "promised_slope")):
            slope = np.polynomial.polynomial.polyfit(np.log(t[inside]), np.log(wanted[inside]), 1)[1]
            assert table.loc[(name, form), column] == pytest.approx(slope, abs=1e-6), (name, form, column)


def test_linear_promises_fall_by_a_factor(tables):
    table = tables["successors_speeds"]
    table = table[table["form"] == "linear"].set_index("promise")
    assert set(table.index) == {"gradient", "predictive", "entropy"}
    assert (table["verdict"] == "consistent").all()
    assert (table["slope"] < table["promised_slope"]).all()


@pytest.mark.parametrize(("slower", "verdict"), [(0.0, "consistent"), (-1e-3, "consistent"), (1e-3, "violated")])
def test_the_speed_of_exact_powers(slower, verdict):
    """Left sides that fall by 0.9 and 0.8 an iteration, promises that are a little quicker or slower."""
    t = np.array([1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
    pace = np.log([[0.9], [0.8]])
    found = linear_speed(t, np.exp(pace * t), np.exp((pace - slower) * t), np.random.default_rng(0), 50)
    assert found["slope"] == pytest.approx(pace.mean())
    assert found["promised_slope"] == pytest.approx(pace.mean() - slower)
    assert (found["end"], found["start"]) == (100.0, 10.0)  # 0.8^300 is below what is followed
    assert found["verdict"] == verdict or abs(slower) < 1e-9


# Constants that are derived here -------------------------------------------------------------------------


@settings(max_examples=12, deadline=None)
@given(seed=seeds)
def test_the_constant_of_2_by_2_games_is_the_least_gain(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.1, 0.9, size=2)
    whole = rng.choice([-1, 1]) * rng.uniform(0.3, 1.5)
    d = rng.uniform()
    matrix = [[whole - 0 + (d - whole * y) + (d - whole * x) - d, d - whole * y], [d - whole * x, d]]
    wanted, x_of, y_of = least_gain(matrix, points=20)
    found = promised.subregularity(np.array([matrix]))
    assert (found[0][0], found[1][0]) == (pytest.approx(x_of), pytest.approx(y_of))
    assert found[2][0] == pytest.approx(wanted, rel=1e-3)
    assert found[2][0] <= wanted + 1e-12


def test_equilibria_on_the_border_are_refused():
    with pytest.raises(ValueError, match=r"2 x 2 games are known where equilibria are inside; take mixed games"):
        promised.subregularity(np.array([[[1.0, 0.5], [0.25, 0.0]]]))


def test_an_equilibrium_that_is_not_reached_is_refused(monkeypatch):
    monkeypatch.setattr(promised.math, "ceil", lambda _: 3)
    game = ZeroSumGame([[[[1.0, 0.0], [0.0, 0.5]]]], Transition.shared(np.ones((1, 2, 2, 1))))
    with pytest.raises(ArithmeticError, match=r"equilibrium with entropy is known to 0\.\d+ only, and 1e-12 is needed"):
        promised.quantal_responses(GameBatch.of([game]), 0.05)


@settings(max_examples=15, deadline=None)
@given(seed=seeds, actions=st.sampled_from([(2, 2), (2, 3), (2, 2, 2)]), factor=st.sampled_from([1.0, 0.2]))
def test_what_is_derived_of_teams_holds(seed, actions, factor):
    """In random teams, and step by step: the value rises by half of what the players gain at least."""
    found = families.potential_sequence(
        "team", seed % 10**6, n_games=1, perturbation=0.0, n_states=3, n_actions=actions, discount=0.7
    )
    sides = promised.natural_averages(found, factor, np.array([1, 2, 5, 20, 60]))
    assert (sides.left <= sides.right).all()
    assert sides.rates[0] == pytest.approx(factor * 2 * 0.3**2 / (len(actions) - 1))
