"""Numbers that decide the claims on sentences of the text, worked out again: from the listings, by loops and fractions.

See ``test_recalculations.py``.
"""

import itertools
import math

import numpy as np
import oracles
import pytest
import scipy
from oracles_games import (
    ascended_in_turn,
    ascent_by_loops,
    dissimilarity_of,
    farthest,
    gap_by_loops,
    gap_of,
    kappa_by_loops,
    largest,
    lengths_of,
    numbers_of,
    played,
    potential_by_loops,
    pure_policies,
    theory_step,
    uniform_start,
)
from oracles_general import algorithm_2, one_shot_cce_gap

from metanash.families.general_sum import general_sum_sequence
from metanash.families.potential import potential_sequence
from metanash.families.zero_sum import zero_sum_sequence
from metanash.games import DiscountedGame, ZeroSumGame
from metanash.streams import stream
from metanash.transitions import Transition
from metanash_replication.stages import STAGE_STARTS, stage_policies
from metanash_replication.topics.potential import measure as potential
from metanash_replication.topics.remarks import measure, tables

# Algorithm 1 --------------------------------------------------------------------------------------------


@pytest.mark.recalculates("iterates-converge")
def test_gaps_of_iterates_by_the_listing():
    """H = 2: stages end after 2, 5, 9, 15, ... iterations, and the next iterate starts anew."""
    found = measure.restarts("mixed", [0, 3], 7, horizon=2, n_states=2, n_actions=[2, 2], iterations=[5, 15])
    assert found["iterations"].tolist() == [5, 15]
    for s, seed in enumerate((0, 3)):
        (game,) = zero_sum_sequence("mixed", 7, "restarts", 2, seed, n_games=1, perturbation=0.0, horizon=2,
                                    n_states=2, n_actions=(2, 2), stationary=False)  # fmt: skip
        for c, end in enumerate((5, 15)):
            before, after = (played(game, largest(2), t) for t in (end, end + 1))
            numbers = numbers_of(game)
            last, first = (oracles.zero_sum_gap(*numbers, one.stages[-1].mu[-1], one.stages[-1].nu[-1])
                           for one in (before, after))  # fmt: skip
            assert len(after.stages[-1].mu) == 1
            assert found["last"][s, c] == pytest.approx(last, abs=1e-12)
            assert found["first"][s, c] == pytest.approx(first, abs=1e-12)
            assert found["average"][s, c] == pytest.approx(gap_of(game, before), abs=1e-12)


@pytest.mark.recalculates("mirror-descent-or-leader")
def test_the_listing_is_what_maximises_the_regularised_payoff():
    """One action's probability p, by a numeric search at every iteration; the measurement compares closed forms."""
    payoff, eta, tilde = [[0.9, 0.2], [0.1, 0.7]], 0.11, ([0.3, 0.7], [0.6, 0.4])
    trace = oracles.algorithm_1([[payoff]], [[[[[1.0]] * 2] * 2]], eta, 15, *([[[list(part)]]] for part in tilde))
    stage = trace.stages[-1]  # of 8 iterations
    total, last = [[0.0, 0.0], [0.0, 0.0]], [list(part) for part in tilde]
    for mu, nu in zip(stage.mu, stage.nu, strict=True):
        gains = [oracles.row_payoffs(payoff, last[1]), [-x for x in oracles.column_payoffs(payoff, last[0])]]
        total = [[t + g for t, g in zip(*pair, strict=True)] for pair in zip(total, gains, strict=True)]
        last = [mu[0][0], nu[0][0]]
        for own, start, sums, gain in zip(last, tilde, total, gains, strict=True):

            def loss(p, start=start, sums=sums, gain=gain):
                x = [p, 1 - p]
                return oracles.kl(x, start) - eta * sum(a * (s + g) for a, s, g in zip(x, sums, gain, strict=True))

            best = scipy.optimize.minimize_scalar(loss, bounds=(1e-9, 1 - 1e-9), method="bounded",
                                                  options={"xatol": 1e-12}).x  # fmt: skip
            assert own[0] == pytest.approx(best, abs=1e-6)
    found = measure.leaders([0, 1, 2], 7, n_actions=[2, 3], iterations=40)
    assert (found["difference"] < 1e-12).all()


@pytest.mark.recalculates("dynamic-rates")
@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_regrets_by_the_recursion_of_the_weights(horizon):
    """alpha_T^i = alpha_i prod_{j > i} (1 - alpha_j); each algorithm maximises its payoff less a divergence by hand."""
    eta, total = 0.3, 40
    found = measure.dynamic_rates(horizon=horizon, iterations=[total], learning_rate=eta)["regret"][:, 0]
    alpha = [(horizon + 1) / (horizon + t) for t in range(1, total + 1)]
    weight = [alpha[i] * math.prod(1 - a for a in alpha[i + 1 :]) for i in range(total)]
    assert sum(weight) == pytest.approx(1.0)
    payoff = [(1.0, 0.0) if t < total // 2 else (0.0, 1.0) for t in range(total)]

    def logistic(x):
        return 1 / (1 + math.exp(-x))

    def regret(shares, plays, some):
        earned = sum(w * (p * u[0] + (1 - p) * u[1]) for w, p, u in zip(shares, plays, some, strict=True))
        return max(sum(w * u[a] for w, u in zip(shares, some, strict=True)) for a in (0, 1)) - earned

    descent, x = [], 0.0
    for u in payoff:
        descent.append(logistic(x))
        x += eta * (u[0] - u[1])  # the rate eta / w times the payoff w u
    leader = [
        logistic(eta / weight[t] * sum(weight[i] * (payoff[i][0] - payoff[i][1]) for i in range(t)))
        for t in range(total)
    ]
    staged, start, length = 0.0, 0, horizon
    while start < total:
        end = min(start + length, total)
        plays, x = [], 0.0
        for u in payoff[start:end]:
            plays.append(logistic(x))
            x += eta * (u[0] - u[1])
        staged += (end - start) / total * regret([1 / (end - start)] * (end - start), plays, payoff[start:end])
        start, length = end, length * (horizon + 1) // horizon
    assert found == pytest.approx([regret(weight, descent, payoff), regret(weight, leader, payoff), staged], abs=1e-12)


@pytest.mark.recalculates("random-initial-states")
def test_gaps_and_divergences_from_random_initial_states_by_the_listing():
    plan = {"horizon": 2, "n_states": 2, "n_actions": [2, 2]}
    found = measure.initial_states("random", 7, **plan, games=4, iterations=20, n_checkpoints=3)
    assert found["uniform_start"].tolist() == [True, False, False, True]
    kinds, drawn = itertools.cycle(STAGE_STARTS), set()
    for k, start in zip(range(4), kinds, strict=False):
        address = (7, "initial states", 2, k)
        (base,) = zero_sum_sequence("random", *address, n_games=1, perturbation=0.0, stationary=False, **plan)
        rng = stream(*address, "initial")
        game = ZeroSumGame(base.reward, base.transition, rng.dirichlet(np.ones(2)))
        drawn.add(round(float(game.initial[0]), 6))
        count = len(lengths_of(2, 20))
        tilde = [stage_policies(start, count, (2, 2, n), rng).tolist() for n in (2, 2)]
        for c, t in enumerate(found["checkpoints"].tolist()):
            trace = played(game, largest(2), t, tilde)
            assert found["ne_gap"][k, c] == pytest.approx(gap_of(game, trace), abs=1e-10), (k, t)
            assert found["divergence_worst"][k, c] == pytest.approx(farthest(game, trace, tilde), rel=1e-6), (k, t)
    assert len(drawn) == 4


@pytest.mark.recalculates("several-equilibria")
def test_several_equilibria_by_the_listing():
    """Delta of what the listing leaves, and the range of its output; every action stands twice."""
    found = measure.several_equilibria([0, 2], 7, games=2, iterations=40)
    for s, seed in enumerate((0, 2)):
        address = (7, "several equilibria", seed)
        (base,) = zero_sum_sequence("pure", *address, n_games=1, perturbation=0.0, horizon=1, n_states=1)
        ((small,),) = base.reward.tolist()
        reward = np.array([[[[small[a // 2][b // 2] for b in range(4)] for a in range(4)]]])
        game = ZeroSumGame(reward, Transition.shared(np.ones((1, 4, 4, 1))))
        rng = stream(*address, "initial policies")
        drawn = [np.maximum(rng.dirichlet(np.ones(4), size=(2, 1, 1, 1)), 1e-3) for _ in range(2)]
        drawn = [(part / part.sum(axis=-1, keepdims=True)).tolist() for part in drawn]
        for k, starts in enumerate(([None, None], [[part[g] for part in drawn] for g in (0, 1)])):
            traces = [played(game, largest(1), 40, tilde) for tilde in starts]
            assert found["similarity"][k, s] == pytest.approx(dissimilarity_of([game] * 2, traces) / 2, abs=1e-9)
            pairs = itertools.product(("mu", "nu"), range(4))
            ranges = [abs(getattr(traces[0], n)[0][0][a] - getattr(traces[1], n)[0][0][a]) for n, a in pairs]
            assert found["distance"][k, s] == pytest.approx(max(ranges), abs=1e-12)
            assert found["ne_gap"][k, s] == pytest.approx(max(gap_of(game, one) for one in traces), abs=1e-12)
    assert (found["similarity"][0] == 0).all()


# Bounds -------------------------------------------------------------------------------------------------


@pytest.mark.recalculates("last-terms-negligible")
@pytest.mark.parametrize(("horizon", "actions", "t", "k"), [(1, (2, 2), 1000, 100), (3, (4, 5), 10**5, 10**6)])
def test_last_terms_by_the_printed_formulas(horizon, actions, t, k):
    setting = {"horizon": horizon, "n_actions": list(actions), "iterations": t}
    row = tables.last_terms([setting], [5, k]).iloc[1]
    a, b = actions
    six = 192 * horizon**5 / t * (
        10 * (a + b) * math.log(k) / (math.sqrt(k) * horizon**2) + 16 * math.log(t) * math.log(a * b * k) / math.sqrt(k)
    )  # fmt: skip
    four = 768 * horizon**5 * math.log(t) * math.log(a * b) / t
    assert (row["games"], row["ratio"]) == (k, pytest.approx(six / four, rel=1e-12))


@pytest.mark.recalculates("growth-of-bounds")
def test_sides_that_grow_by_the_listings():
    """Small runs; and the exponent by hand."""
    plan = {"horizons": [1, 2], "actions": [2, 3], "players": [2, 3], "discounts": [0.0, 0.5]}
    found = measure.growth_of_gaps([0, 1], 7, **plan, iterations=30, level=0.05)
    assert np.isnan(found["discount_side"]).any(axis=0).all()  # thirty iterations are too few for any
    for s, seed in enumerate((0, 1)):
        for name, numbers in (("horizon", plan["horizons"]), ("actions", plan["actions"])):
            for i, number in enumerate(numbers):
                horizon, count, kind = (number, 2, "mixed") if name == "horizon" else (1, number, "random")
                (game,) = zero_sum_sequence(kind, 7, "growth", horizon, count, seed, n_games=1, perturbation=0.0,
                                            horizon=horizon, n_states=2, n_actions=(count, count),
                                            stationary=False)  # fmt: skip
                end = {1: 31, 2: 37}[horizon]  # the nearest ends of stages to 30
                gap = gap_of(game, played(game, largest(horizon), end))
                assert found[f"{name}_side"][i, s] == pytest.approx(end * gap, abs=1e-10)
        for i, count in enumerate(plan["players"]):
            (game,) = general_sum_sequence("random", 7, "growth", count, seed, n_games=1, perturbation=0.0, horizon=1,
                                           n_states=1, n_actions=(2,) * count)  # fmt: skip
            assert found["players_side"][i, s] == pytest.approx(_positive_gap(game.reward[:, 0, 0], 31), abs=1e-10)
    row = tables.bound_growth_table(({}, found), 50, 1).set_index("number").loc["horizon"]
    first, second = found["horizon_side"].mean(axis=1)
    assert row["exponent"] == pytest.approx(math.log(second / first) / math.log(2**5))


def _positive_gap(reward, total):
    """CCE-gap of H = 1, at least 0: of the joint play over all iterations of the listing of Algorithm 2."""
    players, eta = len(reward), total ** (-1 / 3) * (len(reward) - 1) ** (-2 / 3)
    payoffs = [table.tolist() for table in reward]
    tildes = [[[[[0.5, 0.5]]]] for _ in range(players)]
    stages = algorithm_2([[[table]] for table in payoffs], [[None]], eta, total, tildes)
    iterates = [policies for stage in stages for policies in stage.iterates]
    assert len(iterates) == total
    joint = {
        actions: sum(math.prod(p[0][0][a] for p, a in zip(one, actions, strict=True)) for one in iterates) / total
        for actions in itertools.product((0, 1), repeat=players)
    }
    return max(0.0, one_shot_cce_gap(payoffs, joint))


@pytest.mark.recalculates("growth-of-bounds")
def test_iterations_to_a_gap_by_the_listing_of_projected_ascent():
    """Each game at the step 0.01 (1 - gamma), counted at that of Proposition 1."""
    plan = {"horizons": [1], "actions": [2], "players": [2], "discounts": [0.0, 0.5]}
    found = measure.growth_of_gaps([0, 1], 7, **plan, iterations=300, level=0.2)
    for i, discount in enumerate(plan["discounts"]):
        for s, seed in enumerate((0, 1)):
            (game,) = potential_sequence("team", 7, "growth", seed, n_games=1, perturbation=0.0, discount=discount)
            step, grid = 0.01 * (1 - discount), np.unique(np.geomspace(1, 300, 400).round().astype(int)).tolist()
            path = ascent_by_loops(game, uniform_start(game), step, grid[-1])
            reached = next((t for t in grid if gap_by_loops(game, path[t]) <= 0.2 / (1 - discount)), math.nan)
            theory = theory_step(game, kappa_by_loops(game))
            assert found["discount_side"][i, s] == pytest.approx(reached * step / theory, rel=1e-9, nan_ok=True)


# Potential games ----------------------------------------------------------------------------------------


@pytest.mark.recalculates("carried-policy", "potential-metric")
def test_carried_policies_and_the_dissimilarity_by_enumeration():
    """Gaps of the policies that the listing ends with, at the next game; Delta_Phi over all deterministic policies."""
    plan = {"n_states": 2, "n_actions": [2, 2], "discount": 0.5, "games": 3}
    found = measure.carried_policies("team", [0, 1], 7, **plan, perturbations=[0.1], learning_rate=0.2, iterations=8)
    for s, seed in enumerate((0, 1)):
        games = potential_sequence("team", 7, "carried", seed, n_games=3, perturbation=0.1, discount=0.5, n_states=2,
                                   n_actions=(2, 2))  # fmt: skip
        ends = [path[-1] for path in ascended_in_turn(games, 0.2, 8, "carry_over")]
        carried = [gap_by_loops(games[k + 1], ends[k]) for k in (0, 1)]
        uniform = [gap_by_loops(game, uniform_start(game)) for game in games[1:]]
        assert found["carried"][0, s] == pytest.approx(sum(carried) / 2, abs=1e-10)
        assert found["uniform"][0, s] == pytest.approx(sum(uniform) / 2, abs=1e-10)
        shifted = [
            DiscountedGame(0.5 * game.reward + k / 6, game.transition, 0.5, game.initial)
            for k, game in enumerate(games)
        ]
        for name, some in (("drop", games), ("shifted", shifted)):
            drops = [
                max(potential_by_loops(some[k], policy) - potential_by_loops(some[k + 1], policy)
                    for policy in pure_policies(games[0]))
                for k in (0, 1)
            ]  # fmt: skip
            assert found[name][0, s] == pytest.approx(sum(drops), abs=1e-9)
        for policy in itertools.islice(pure_policies(games[0]), 6):
            gaps = [gap_by_loops(game, policy) for game in (games[1], shifted[1])]
            assert gaps[1] == pytest.approx(gaps[0] / 2, abs=1e-12)  # the same game for the players


@pytest.mark.recalculates("finite-horizon-potential")
def test_finite_horizon_games_by_their_own_recursion():
    """Values and gaps from each step and state by backward induction, times a power of the discount."""
    horizon, discount, rng = 3, 0.6, np.random.default_rng(1)
    reward, chance = rng.uniform(size=(horizon, 2, 2, 2)), rng.dirichlet(np.ones(2), size=(horizon, 2, 2, 2))
    start = np.array([0.4, 0.3, 0.2, 0.1])
    game = potential.finite_horizon_game(horizon, reward, chance, discount, start)
    policy = [rng.dirichlet(np.ones(2), size=(horizon, 2)) for _ in range(2)]
    flat = tuple(np.concatenate([part.reshape(-1, 2), [[0.5, 0.5]]]) for part in policy)
    gains, value = [0.0, 0.0], 0.0
    for h, s in itertools.product(range(horizon), range(2)):
        left = [part[h:].tolist() for part in (*policy,)]
        at = [float(s == z) for z in range(2)]
        share = start[h] / 2 * discount ** (horizon - 1 - h)
        rewards = [reward[h:].tolist()] * 2
        own = oracles.finite_gains(rewards, chance[h:].tolist(), at, left)
        gains = [g + share * x for g, x in zip(gains, own, strict=True)]
        value += share * oracles.finite_value(reward[h:].tolist(), chance[h:].tolist(), at, left)
    assert gap_by_loops(game, flat) == pytest.approx(max(gains), abs=1e-12)
    assert potential_by_loops(game, flat) == pytest.approx(value, abs=1e-12)


@pytest.mark.recalculates("finite-horizon-potential")
def test_proposition_1_with_a_finite_horizon_by_loops():
    plan = {"horizons": [2], "n_states": 1, "n_actions": [2, 2], "iterations": 4, "n_checkpoints": 3}
    found = potential.finite_horizon([0, 1], 7, **plan, step_factors=[1.0])
    for k, (seed, start) in enumerate(zip((0, 1), potential.STARTS, strict=False)):
        rng = stream(7, "finite horizon", 2, seed)
        reward, chance = rng.uniform(size=(2, 1, 2, 2)), rng.dirichlet(np.ones(1), size=(2, 1, 2, 2))
        game = potential.finite_horizon_game(2, reward, chance, 0.5, np.full(3, 1 / 3))
        kappa = kappa_by_loops(game)
        assert found["mismatch"][k] == pytest.approx(kappa, rel=1e-9)
        path = ascent_by_loops(game, potential.policies_of_kind(start, game, rng), theory_step(game, kappa), 4)
        for c, t in enumerate(found["checkpoints"].tolist()):
            mean = sum(gap_by_loops(game, policy) for policy in path[:t]) / t
            rise = potential_by_loops(game, path[t]) - potential_by_loops(game, path[0])
            assert found["mean_gap"][k, c] == pytest.approx(mean, rel=1e-9)
            assert found["rise"][k, c] == pytest.approx(rise, rel=1e-4, abs=1e-14)
