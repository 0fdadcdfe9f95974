"""What is measured for Theorems 5 and 6: every number again by loops, by the listing or by the learner alone."""

import itertools
import math
from functools import partial
from types import SimpleNamespace

import numpy as np
import oracles
import oracles_general
import pytest

from metanash import CorrelatedMirrorDescent, GameBatch, correlated, learn
from metanash.families import general_sum_sequence
from metanash_replication.stages import STAGE_STARTS, nearest_stage_ends, stage_policies
from metanash_replication.topics.general_sum import measure as theory

TIE = 1e-12
BURN_IN = {1: 1, 2: 7, 3: 22, 4: 50}
"""C(H), by hand: stages of H = 3 have 3, 4, 5 iterations and miss 3, 2, 1 rewards."""


def spy_on(monkeypatch, name):
    """Record what a function that :mod:`metanash_replication.topics.general_sum.measure` uses is called with."""
    calls, function = [], getattr(theory, name)

    def spy(*args, **options):
        calls.append(SimpleNamespace(args=args, options=options))
        return function(*args, **options)

    monkeypatch.setattr(theory, name, spy)
    return calls


def near(value, rel=1e-9, **options):
    return pytest.approx(value, rel=rel, abs=1e-12, **options)


# One game alone -----------------------------------------------------------------------------------------


def alone(game, rate, iterations, start=None):
    """Stages and output of one run on one game, without probes and checkpoints."""
    learner, batch = CorrelatedMirrorDescent(float(rate)), GameBatch((game,))
    state = learner.advance(batch, learner.start(batch, start), iterations)
    stages, output = learner.stages(state), learner.output(state)
    told, exact = (float(gap(batch, output)[0]) for gap in (correlated.cce_gap_bounds, correlated.cce_gaps))
    return SimpleNamespace(stages=stages, output=output, gap=told, exact=exact)


def cell_divergence(payoff, initial, *, worst):
    """-log of the initial probability of a best response: the first of those tied, or the worst."""
    costs = [-math.log(p) for u, p in zip(payoff, initial, strict=True) if u >= max(payoff) - TIE]
    return max(costs) if worst else costs[0]


def divergence_by_loops(stages, *, worst, game=0):
    """Sum over stages and steps of the largest over players and states."""
    total = 0.0
    for stage in stages:
        _, horizon, states, _ = stage.payoff[0].shape
        for h in range(horizon):
            total += max(
                cell_divergence(payoff[game, h, s].tolist(), initial[game, h, s].tolist(), worst=worst)
                for payoff, initial in zip(stage.payoff, stage.initial, strict=True)
                for s in range(states)
            )
    return total


def both_divergences(stages, game=0):
    return [divergence_by_loops(stages, worst=worst, game=game) for worst in (False, True)]


def prescribed(horizon, iterations, players):
    return 1 / (horizon ** (2 / 3) * iterations ** (1 / 3) * (players - 1) ** (2 / 3))


def first_kernel(game):
    """Chances of step 1 in the order of their draws, whatever the numbers of actions."""
    return game.transition.at(0).reshape(-1, game.n_states)


def base(kind, actions, *address, **options):
    return general_sum_sequence(
        kind, *address, n_games=1, perturbation=0.0, n_actions=actions, stationary=False, **options
    )[0]


# Initial policies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("actions", [2, 3])
def test_stage_policies(actions):
    """Uniform; Dirichlet(0.3) of mean 1/n and variance (n - 1) / (n^2 (1 + 0.3 n)); within 1e-6 of a vertex."""
    rng, shape = np.random.default_rng(4), (5, 300, actions)
    uniform, random, vertex = (stage_policies(start, 4, shape, rng) for start in STAGE_STARTS)
    for policy in (uniform, random, vertex):
        assert policy.shape == (4, *shape)
        np.testing.assert_allclose(policy.sum(axis=-1), 1.0, atol=1e-12)
        assert policy.min() > 0.0
    assert (uniform == 1 / actions).all()
    np.testing.assert_allclose(random.mean(axis=(0, 1, 2)), 1 / actions, atol=0.03)
    variance = (actions - 1) / (actions**2 * (1 + 0.3 * actions))
    np.testing.assert_allclose(random.var(axis=(0, 1, 2)), variance, rtol=0.1)
    assert random.min() < 1e-6
    np.testing.assert_allclose(np.sort(vertex, axis=-1)[..., :-1], 1e-6 / actions, rtol=1e-9)
    np.testing.assert_allclose((vertex > 0.5).mean(axis=(0, 1, 2)), 1 / actions, atol=0.03)
    for policy in (random, vertex):  # anew for every stage, step and state
        assert (policy[0] != policy[1]).any()
        assert (policy[:, 0] != policy[:, 1]).any()
        assert (policy[:, :, 0] != policy[:, :, 1]).any()


def test_stage_policies_are_those_of_the_generator():
    for start in STAGE_STARTS:
        one, same, other = (stage_policies(start, 3, (2, 2, 3), np.random.default_rng(seed)) for seed in (5, 5, 6))
        np.testing.assert_array_equal(one, same)
        assert np.array_equal(one, other) == (start == "uniform")
    assert STAGE_STARTS == ("uniform", "random", "vertex")


@pytest.mark.parametrize("start", ["corner", "Vertex", ""])
def test_stage_policies_of_an_unknown_kind(start):
    """Not those of the last kind; and the generator is left as it was."""
    rng = np.random.default_rng(5)
    with pytest.raises(ValueError, match=rf"start must be one of .*'uniform', 'random', 'vertex'.*got '{start}'"):
        stage_policies(start, 3, (2, 2, 3), rng)
    assert rng.random() == np.random.default_rng(5).random()


# Divergence ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("actions", [(2, 2), (3, 2), (2, 3, 2)])
@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_divergence_at_checkpoints_is_that_of_a_run_until_there(horizon, actions):
    """Cut stages, finished ones, and checkpoints at the end of a stage (of length H) and right after it."""
    games = [base("random", actions, seed, horizon=horizon, n_states=2) for seed in range(3)]
    rng, at = np.random.default_rng(1), sorted({1, horizon, horizon + 1, 11, 40})
    start = tuple(rng.dirichlet(np.ones(n), size=(3, 40, horizon, 2)) for n in actions)
    run = learn(games, CorrelatedMirrorDescent(0.3), 40, at=at, initial=start, probe=theory.PlayerDivergenceProbe())
    assert set(run.probes) == {"divergence_first", "divergence_worst"}
    for g, (c, t) in itertools.product(range(3), enumerate(at)):
        first, worst = both_divergences(alone(games[g], 0.3, t, tuple(part[g : g + 1] for part in start)).stages)
        assert first <= worst
        assert run.probes["divergence_first"][g, c] == near(first)
        assert run.probes["divergence_worst"][g, c] == near(worst)
    assert (run.probes["divergence_first"] < run.probes["divergence_worst"]).any()


def test_a_probe_is_for_one_run():
    game, probe = base("random", (2, 2), 0), theory.PlayerDivergenceProbe()
    learn(game, CorrelatedMirrorDescent(0.3), 30, probe=probe)
    with pytest.raises(ValueError, match="for one run"):
        learn(game, CorrelatedMirrorDescent(0.3), 30, probe=probe)
    forgetful = CorrelatedMirrorDescent(0.3, keep_stages=False)
    with pytest.raises(ValueError, match="not kept"):
        learn(game, forgetful, 30, probe=theory.PlayerDivergenceProbe())


# Random games -------------------------------------------------------------------------------------------

RANDOM = {
    "states": [1, 2], "actions": [[2, 2], [3, 2], [2, 3, 2]], "games_per_size": 7, "perturbation": 0.3,
    "iterations": 40, "n_checkpoints": 4, "rate_factors": [1.0, 0.1],
}  # fmt: skip
PER_GAME = {
    "n_players", "max_actions", "rate_factor", "learning_rate", "uniform_start", "cce_gap_bound", "cce_gap",
    "divergence_first", "divergence_worst",
}  # fmt: skip


def places_of(options):
    return list(itertools.product(options["states"], options["actions"], range(options["games_per_size"])))


@pytest.mark.parametrize(("kind", "horizon"), [("random", 1), ("random", 2), ("public_goods", 3)])
def test_random_games_one_at_a_time(kind, horizon, monkeypatch):
    calls = spy_on(monkeypatch, "learn")
    found = theory.random_games(kind, horizon, 11, **RANDOM)
    t = found["checkpoints"].tolist()
    assert t == [1, 3, 12, 40]
    assert set(found) == PER_GAME | {"checkpoints"}
    assert {name: found[name].shape for name in PER_GAME} == {
        name: (42, 4) if name.startswith(("cce", "div")) else (42,) for name in PER_GAME
    }
    games = [game for call in calls for game in call.args[0]]
    starts = [tuple(part[k : k + 1] for part in call.options["initial"]) for call in calls for k in range(7)]
    assert len({game.reward.tobytes() for game in games}) == 42
    for n, (states, actions, k) in enumerate(places_of(RANDOM)):
        game, start, players = games[n], starts[n], len(actions)
        assert (game.horizon, game.n_states, game.n_actions) == (horizon, states, tuple(actions))
        if horizon > 1:  # rewards and chances of every step are its own
            assert (np.abs(game.reward[:, 0] - game.reward[:, 1]) < 1e-6).mean() < 0.5  # some are clipped
            assert game.transition.steps == horizon
        number = k // 2 % 3  # rates cycle within kinds of initial policies
        probabilities = np.concatenate([part.ravel() for part in start])
        near_vertex = probabilities.min() < 1e-6 and (abs(probabilities - 0.5) > 0.49).all()
        assert near_vertex == (number == 2)
        assert all((part == 1 / part.shape[-1]).all() for part in start) == (number == 0)
        assert found["uniform_start"][n] == (number == 0)
        rate = (1.0, 0.1)[k % 2] * prescribed(horizon, 40, players)
        row = {name: found[name][n] for name in ("n_players", "max_actions", "rate_factor", "learning_rate")}
        assert row == {
            "n_players": players, "max_actions": max(actions), "rate_factor": (1.0, 0.1)[k % 2],
            "learning_rate": near(rate),
        }  # fmt: skip
        for c, until in enumerate(t):
            run = alone(game, rate, until, start)
            assert found["cce_gap_bound"][n, c] == near(run.gap)
            assert found["cce_gap"][n, c] == near(run.exact)
            assert [found[f"divergence_{which}"][n, c] for which in ("first", "worst")] == near(
                both_divergences(run.stages)
            )
    # a deviator who is told the stage gains at least as much
    assert (found["cce_gap"] <= found["cce_gap_bound"] + 1e-12).all()
    assert (found["cce_gap"] < found["cce_gap_bound"] - 1e-6).any()
    stages = [start[0].shape[1] for start in starts]
    assert set(stages) == {{1: 6, 2: 7, 3: 7}[horizon]}  # stages that 40 iterations begin: 1, 2, 4, ...; 2, 3, 4, ...
    one, other = starts[2][:2]  # random, two players of as many actions
    assert not np.isclose(one, other).any()


def test_random_games_by_the_listing(monkeypatch):
    """Gaps and divergences from nested lists, Algorithm 2 in loops and all deterministic deviations."""
    calls = spy_on(monkeypatch, "learn")
    options = {
        **RANDOM, "actions": [[3, 2]], "games_per_size": 6, "iterations": 9, "n_checkpoints": 1, "rate_factors": [2.0]
    }  # fmt: skip
    for horizon, states in ((1, 2), (2, 1)):
        del calls[:]
        found = theory.random_games("random", horizon, 3, **{**options, "states": [states]})
        for k, game in enumerate(calls[0].args[0]):
            rewards = game.reward.tolist()
            kernel = [game.transition.at(h).tolist() for h in range(horizon)]
            tildes = [part[k].tolist() for part in calls[0].options["initial"]]
            for c, t in enumerate(found["checkpoints"].tolist()):
                stages = oracles_general.algorithm_2(rewards, kernel, 2 * prescribed(horizon, 9, 2), t, tildes)
                start = game.initial.tolist()
                values = [oracles_general.output_values(rewards, kernel, start, stages, tildes, i) for i in (0, 1)]
                gap = max(deviated - followed for followed, deviated in values)
                assert found["cce_gap_bound"][k, c] == near(gap, rel=1e-8)
                for which in ("first", "worst"):
                    total = sum(
                        max(
                            cell_divergence(
                                stage.payoff(i, h, s), tildes[i][stage.index - 1][h][s], worst=which == "worst"
                            )
                            for i, s in itertools.product((0, 1), range(states))
                        )
                        for stage in stages
                        for h in range(horizon)
                    )
                    assert found[f"divergence_{which}"][k, c] == near(total, rel=1e-8)


def by_trying_everything(game, output):
    """CCE-gap: every deterministic deviation that depends on what was seen, played stage by stage."""
    numbers = [game.reward.tolist(), [game.transition.at(h).tolist() for h in range(game.horizon)]]
    numbers.append(game.initial.tolist())
    joints, initial = ([part[0].tolist() for part in parts] for parts in (output.joints, output.initial))
    tables = oracles_general.played_tables(joints, initial)
    shares = [n / sum(output.iterations) for n in output.iterations]
    return max(
        oracles_general.best_of_all_deviations(*numbers, shares, tables, i)
        - sum(
            share * oracles_general.value_of_play(*numbers, stage, i)
            for share, stage in zip(shares, tables, strict=True)
        )
        for i in range(game.n_players)
    )


@pytest.mark.recalculates("theorem-5", "theorem-5-exact", "rate-can-be-improved")
def test_exact_gaps_are_those_of_all_deviations(monkeypatch):
    """Two steps, one state, two actions: 2^3 deviations a player; sequences of Shapley's kind are the hard ones."""
    learned, sequences = spy_on(monkeypatch, "learn"), spy_on(monkeypatch, "learn_sequence")
    sizes = {"states": [1], "actions": [[2, 2]], "games_per_size": 4, "iterations": 20}
    found = theory.random_games("random", 2, 3, **{**RANDOM, **sizes})
    for k, game in enumerate(learned[0].args[0]):
        start = tuple(part[k : k + 1] for part in learned[0].options["initial"])
        for c, t in enumerate(found["checkpoints"].tolist()):
            output = alone(game, found["learning_rate"][k], t, start).output
            assert found["cce_gap"][k, c] == near(by_trying_everything(game, output))
    plan = {**SCHEDULE, "n_states": 1, "n_actions": [2, 2]}
    found = theory.schedule_runs("random", 2, [0], 7, **plan)
    (game,) = learned[1].args[0]
    for s, (c, t) in itertools.product(range(4), enumerate(plan["iterations"])):
        output = alone(game, schedule_rate(s, 2, t, 2), t).output
        assert found["cce_gap"][s, 0, c] == near(by_trying_everything(game, output))
    small = [setting(n_states=1, n_actions=[2, 2], games=3, iterations=30)]
    found = theory.sequence_runs("best_response", [0], 8, settings=small)
    games = [batch.games[0] for batch in sequences[0].args[0]]
    runs = sequence_alone("best_response", games, found["learning_rate"][0], 30)
    gaps = [by_trying_everything(game, run.output) for game, run in zip(games, runs, strict=True)]
    assert found["gap"][0, 0] == near(np.mean(gaps), rel=1e-8)
    assert found["later_gap"][0, 0] == near(np.mean(gaps[1:]), rel=1e-8)
    assert found["gap"][0, 0] < found["gap_bound"][0, 0] - 1e-6


def limit_products(monkeypatch, most):
    """Exact gaps up to so many products only."""
    allowed = partial(correlated.cce_gains_or_bounds, most_products=most)
    monkeypatch.setattr(theory, "cce_gains_or_bounds", allowed)


def test_gaps_that_take_too_much_are_not_numbers(monkeypatch):
    """With K stages, one state and two actions 6 K + 16: 58 at T = 40. Three players take more, at T = 1 nothing.

    The others, and the bound, are what they are.
    """
    options = {**RANDOM, "states": [1], "actions": [[2, 2], [2, 3, 2]]}
    whole = theory.random_games("random", 2, 11, **options)
    limit_products(monkeypatch, 58)
    found = theory.random_games("random", 2, 11, **options)
    missing = np.isnan(found["cce_gap"])
    assert missing.tolist() == [[False] * 4] * 7 + [[False, True, True, True]] * 7
    np.testing.assert_array_equal(found["cce_gap"][~missing], whole["cce_gap"][~missing])
    np.testing.assert_array_equal(found["cce_gap_bound"], whole["cce_gap_bound"])
    limit_products(monkeypatch, 0)
    runs = theory.schedule_runs("random", 2, [0], 7, **SCHEDULE)
    assert np.isnan(runs["cce_gap"]).all()
    assert (runs["cce_gap_bound"] > 0).all()
    runs = theory.sequence_runs("individual", [0, 1], 8, settings=SETTINGS)
    for name in ("gap", "later_gap"):  # one step needs no products
        assert np.isnan(runs[name]).all(axis=1).tolist() == [True, False, True]
        assert np.isfinite(runs[f"{name}_bound"]).all()
    burnt = theory.burn_in_runs([1, 2], iterations=100, learning_rate=0.1, margin=0.25)
    assert (burnt["cce_gap_bound"] > 0).all()
    assert np.isnan(burnt["cce_gap"]).tolist() == [[False], [True]]


@pytest.mark.parametrize(("seed", "known"), [(4, True), (5, False), (9, True), (10, False)])
def test_one_player_that_is_not_exact_makes_a_gap_that_is_not(seed, known, monkeypatch):
    """Unless the other gains more than its bound. Seven stages: player 1 takes 66 products, player 2 114."""
    game = base("random", (3, 2), seed, horizon=2, n_states=1)
    output, batch = alone(game, 0.3, 40).output, GameBatch((game,))
    first, second = correlated.cce_gains(batch, output)[0]
    assert known == (first > second)  # player 2 has nothing to infer here: its bound is its gain
    for most, one, gap in ((114, True, max(first, second)), (113, known, first), (66, known, first), (65, False, 0)):
        limit_products(monkeypatch, most)
        assert theory.exact_gaps(batch, output).tolist() == ([gap] if one else [near(math.nan, nan_ok=True)]), most


@pytest.mark.parametrize("kind", ["random", "public_goods"])
def test_random_games_are_addressed_by_size(kind):
    """More sizes, games or checkpoints leave what was there as it was; other names have other games."""
    few = theory.random_games(kind, 2, 11, **{**RANDOM, "states": [2], "actions": [[3, 2]], "games_per_size": 5})
    more = {**RANDOM, "states": [3, 2], "actions": [[2, 2], [3, 2]], "games_per_size": 8}
    many = theory.random_games(kind, 2, 11, **more)
    assert few["cce_gap_bound"].shape == (5, 4)
    for name in PER_GAME:  # 8 games a size: two states and actions (3, 2) come fourth
        np.testing.assert_array_equal(few[name], many[name][24:29])
    dense = theory.random_games(kind, 2, 11, **{**more, "n_checkpoints": 1000})
    assert dense["checkpoints"].tolist() == list(range(1, 41))
    np.testing.assert_allclose(dense["cce_gap_bound"][:, [0, 2, 11, 39]], many["cce_gap_bound"], rtol=1e-9, atol=1e-12)
    for name, values in theory.random_games(kind, 2, 11, **more).items():
        np.testing.assert_array_equal(values, many[name])
    last = many["cce_gap_bound"][:, -1]
    assert len(set(last.tolist())) == len(last) == 32
    other = theory.random_games(kind, 2, 12, **more)
    assert not np.isin(other["cce_gap_bound"][:, -1], last).any()


def test_random_games_of_kinds_horizons_and_perturbations(monkeypatch):
    """A perturbation moves rewards by at most itself, all of them on their own."""
    calls = spy_on(monkeypatch, "learn")
    one_size = {**RANDOM, "states": [2], "actions": [[2, 2]]}
    for kind, horizon, size in (("random", 2, 0.3), ("random", 2, 0.0), ("random", 1, 0.3), ("public_goods", 2, 0.0)):
        theory.random_games(kind, horizon, 11, **{**one_size, "perturbation": size})
    moved, still, short, other = (np.stack([game.reward for game in call.args[0]]) for call in calls)
    assert 0.2 < np.abs(moved - still).max() <= 0.3
    assert not np.isclose(moved[:, :, :1], short).any()
    for two_steps, one_step in zip(calls[0].args[0], calls[2].args[0], strict=True):
        assert not np.isclose(first_kernel(two_steps), first_kernel(one_step)).any()
    theory.random_games("random", 2, 11, **{**one_size, "actions": [[3, 2], [2, 3]]})
    for one, turned in zip(calls[4].args[0], calls[5].args[0], strict=True):
        assert not np.isclose(first_kernel(one), first_kernel(turned)).any()
    assert not np.isclose(still, other).all(axis=(1, 2, 3, 4, 5)).any()
    for k, n in np.ndindex(7, 2):  # dominated to give, as public goods are
        assert (other[k, 0, n, :, 1] < other[k, 0, n, :, 0]).all()


def test_random_games_need_players_and_kinds():
    with pytest.raises(ValueError, match="at least 2 players, got 1"):
        theory.random_games("random", 2, 11, **{**RANDOM, "actions": [[2]]})
    with pytest.raises(ValueError, match="kind of a general-sum base game"):
        theory.random_games("mixed", 2, 11, **RANDOM)
    with pytest.raises(ValueError, match="learning_rate must be"):
        theory.random_games("random", 2, 11, **{**RANDOM, "rate_factors": [1.0, 0.0]})


# Burn-in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_burn_in_game(horizon):
    """A player's second action pays it 1, its first one 0; nothing else matters."""
    game = theory.burn_in_game(horizon)
    assert (game.horizon, game.n_states, game.n_actions) == (horizon, 1, (2, 2))
    for h, a, b in np.ndindex(horizon, 2, 2):
        assert game.reward[:, h, 0, a, b].tolist() == [a, b]
    assert game.name == f"burn-in {horizon}"


def test_burn_in_gap_is_what_the_first_stages_miss():
    """C(H) / T, whatever T; the divergence of the first best response is a rounding, that of the worst is not."""
    for iterations in (100, 1000):
        found = theory.burn_in_runs([3, 1, 2, 4], iterations=iterations, learning_rate=1e-5, margin=1e-9)
        assert found["horizons"].tolist() == [3, 1, 2, 4]
        assert found["checkpoints"].tolist() == [iterations]
        for i, horizon in enumerate((3, 1, 2, 4)):
            for name in ("cce_gap", "cce_gap_bound"):  # what is told is of no use
                assert found[name][i].tolist() == pytest.approx([BURN_IN[horizon] / iterations], rel=1e-5)
            assert 0 < found["divergence_first"][i, 0] < 1e-6
            # all actions tie in stage 1, at H steps
            assert found["divergence_worst"][i].tolist() == pytest.approx([horizon * math.log(1e9)], rel=1e-7)
    names = ("cce_gap", "cce_gap_bound", "divergence_first", "divergence_worst")
    assert set(found) == {*names, "horizons", "checkpoints"}
    assert {found[name].shape for name in names} == {(4, 1)}


@pytest.mark.parametrize("margin", [0.125, 0.25])
def test_burn_in_with_a_large_margin(margin):
    """At rate 0, nearly: an iteration loses 1 - margin at steps that play stage 1 or before, and margin at others.

    Divergences: -log(1 - margin) a step and stage, but -log(margin) for the worst in stage 1.
    """
    found = theory.burn_in_runs([1, 2, 3], iterations=100, learning_rate=1e-12, margin=margin)
    # stages that 100 iterations begin: 1, 2, 4, ..., 64; 2, 3, 4, 6, ..., 28, 42; 3, 4, 5, 6, 8, ..., 22, 29
    for i, (horizon, stages) in enumerate(((1, 7), (2, 9), (3, 10))):
        missed = BURN_IN[horizon] / 100
        assert found["cce_gap_bound"][i, 0] == near((1 - margin) * missed + margin * (horizon - missed), rel=1e-7)
        rest = -math.log(1 - margin)
        assert found["divergence_first"][i, 0] == near(stages * horizon * rest)
        assert found["divergence_worst"][i, 0] == near(((stages - 1) * rest - math.log(margin)) * horizon)


def test_burn_in_at_a_large_rate_is_learned():
    slow, fast = (
        theory.burn_in_runs([2], iterations=100, learning_rate=rate, margin=0.25)["cce_gap_bound"] for rate in (1e-9, 1)
    )
    assert fast < slow - 0.1


# Schedules ----------------------------------------------------------------------------------------------

SCHEDULE = {"n_states": 2, "n_actions": [3, 2], "iterations": [20, 50, 70], "constants": [0.2, 0.05]}


@pytest.mark.parametrize(("horizon", "players"), [(1, 2), (3, 2), (2, 4)])
def test_schedule_rates(horizon, players):
    t = [8, 1000, 81]
    expected = {
        "prescribed": [1 / (x ** (1 / 3) * (horizon * (players - 1)) ** (2 / 3)) for x in t],
        "quarter": [1 / (x**0.25 * horizon) for x in t],
        "constant 0.125": [0.125] * 3,
        "constant 0.03": [0.03] * 3,
    }
    found, single = (theory.schedule_rates(horizon, at, players, [0.125, 0.03]) for at in (t, 8))
    assert list(found) == list(single) == list(expected) == theory.schedule_names([0.125, 0.03])
    for schedule, rates in expected.items():
        assert found[schedule].tolist() == near(rates)
        assert float(single[schedule]) == near(rates[0])


def test_schedule_names():
    """Constants keep their order, and there may be none."""
    assert theory.schedule_names([0.3, 0.03, 1.0, 0.1000001, 0.1]) == [
        "prescribed", "quarter", "constant 0.3", "constant 0.03", "constant 1.0", "constant 0.1000001",
        "constant 0.1",
    ]  # fmt: skip
    assert theory.schedule_names([]) == list(theory.schedule_rates(2, [8, 9], 2, [])) == ["prescribed", "quarter"]


def test_schedules_and_iterations_are_chosen():
    """Some schedules only, as they are among all; T at the nearest ends of stages, in ratio."""
    plan = {**SCHEDULE, "iterations": [30, 101], "constants": [0.3]}
    every = theory.schedule_runs("random", 2, [0, 1], 7, **plan)
    some = theory.schedule_runs("random", 2, [0, 1], 7, **plan, schedules=["constant 0.3", "prescribed"])
    for name in ("learning_rate", "cce_gap", "cce_gap_bound", "divergence_worst"):
        np.testing.assert_array_equal(some[name], every[name][[0, 2]])
    # H = 2: stages of 2, 3, 4, 6, 9, 13, 19, 28, 42, 63
    ended = theory.schedule_runs("random", 2, [0, 1], 7, **plan, at_stage_ends=True)
    assert ended["iterations"].tolist() == [37, 84]
    same = theory.schedule_runs("random", 2, [0, 1], 7, **{**plan, "iterations": [37, 84]})
    np.testing.assert_array_equal(ended["cce_gap"], same["cce_gap"])
    with pytest.raises(ValueError, match=r"no schedule constant 0.1; there are prescribed, quarter, constant 0.3"):
        theory.schedule_runs("random", 2, [0], 7, **plan, schedules=["constant 0.1"])


@pytest.mark.parametrize("horizon", [1, 2, 3, 5])
def test_nearest_stage_ends(horizon):
    """By trying all ends, of stages counted one after another; two T with the same end count once."""
    ends, length, t = [], horizon, 0
    while t < 10**5:
        t, length = t + length, length * (horizon + 1) // horizon
        ends.append(t)
    asked = [1, 5, 17, 100, 101, 1000, 20000]
    nearest = sorted({min(ends, key=lambda end: abs(math.log(end / t))) for t in asked})
    assert nearest_stage_ends(asked, horizon).tolist() == nearest
    assert nearest_stage_ends([ends[4]], horizon).tolist() == [ends[4]]


def test_schedule_rates_need_players():
    with pytest.raises(ValueError, match="at least 2 players"):
        theory.schedule_rates(1, [1], 1, [0.1])


def schedule_rate(schedule, horizon, t, players):
    return [prescribed(horizon, t, players), 1 / (t**0.25 * horizon), 0.2, 0.05][schedule]


@pytest.mark.parametrize(("horizon", "actions"), [(1, [2, 2]), (2, [3, 2]), (3, [2, 2, 2])])
@pytest.mark.recalculates("equation-11", "rate-equation-11")
def test_schedule_runs_one_at_a_time(horizon, actions, monkeypatch):
    """A run for each T at the rate of that T, from uniform policies; one run for each of the constants."""
    calls = spy_on(monkeypatch, "learn")
    found = theory.schedule_runs("random", horizon, [5, 0, 3], 7, **{**SCHEDULE, "n_actions": actions})
    assert (found["seeds"].tolist(), found["iterations"].tolist()) == ([5, 0, 3], [20, 50, 70])
    lengths = [20, 50, 70]
    assert [call.args[2] for call in calls] == [*lengths, *lengths, 70, 70]
    assert [list(call.options["at"]) for call in calls] == [*([t] for t in lengths * 2), lengths, lengths]
    assert all("initial" not in call.options for call in calls)
    assert {name: found[name].shape for name in ("cce_gap_bound", "cce_gap", "divergence_worst")} == dict.fromkeys(
        ("cce_gap_bound", "cce_gap", "divergence_worst"), (4, 3, 3)
    )
    assert found["learning_rate"].shape == (4, 3)
    for s, (j, seed), (c, t) in itertools.product(range(4), enumerate((5, 0, 3)), enumerate(lengths)):
        game = calls[0].args[0][j]
        assert all(call.args[0][j] is game for call in calls)
        assert (game.horizon, game.n_states, game.n_actions) == (horizon, 2, tuple(actions))
        rate = schedule_rate(s, horizon, t, len(actions))
        assert found["learning_rate"][s, c] == near(rate)
        run = alone(game, rate, t)
        assert found["cce_gap_bound"][s, j, c] == near(run.gap), (s, seed, t)
        assert found["cce_gap"][s, j, c] == near(run.exact)
        assert found["divergence_worst"][s, j, c] == near(divergence_by_loops(run.stages, worst=True))
    for s, constant in ((2, 0.2), (3, 0.05)):
        single = learn(calls[0].args[0], CorrelatedMirrorDescent(constant), 70, at=lengths)
        np.testing.assert_array_equal(found["cce_gap_bound"][s], single.measures["cce_gap_bound"])
    assert len(set(found["cce_gap_bound"].ravel().tolist())) == 36
    if horizon > 1:
        assert not np.isclose(game.reward[:, 0], game.reward[:, 1]).any()
        assert game.transition.steps == horizon


def test_schedule_runs_are_addressed_by_seed_horizon_and_actions(monkeypatch):
    """More seeds and iterations leave what was there; other kinds, horizons, actions and root seeds do not."""
    names = ("cce_gap_bound", "divergence_worst")
    many = theory.schedule_runs("random", 2, [5, 0, 3], 7, **SCHEDULE)
    few = theory.schedule_runs("random", 2, [3], 7, **{**SCHEDULE, "iterations": [20, 70]})
    for name in names:
        np.testing.assert_array_equal(few[name][:2, 0], many[name][:2, 2][:, [0, 2]])
        np.testing.assert_allclose(few[name][2:, 0], many[name][2:, 2][:, [0, 2]], rtol=1e-12)
    constants = theory.schedule_runs("random", 2, [5, 0, 3], 7, **{**SCHEDULE, "constants": [0.05, 0.7, 0.2]})
    none = theory.schedule_runs("random", 2, [5, 0, 3], 7, **{**SCHEDULE, "constants": []})
    for name in (*names, "learning_rate"):  # a constant is where it is among the constants, and nothing else
        np.testing.assert_array_equal(constants[name][[0, 1, 4, 2]], many[name])
        np.testing.assert_array_equal(none[name], many[name][:2])
    again = theory.schedule_runs("random", 2, [5, 0, 3], 7, **SCHEDULE)
    for name, values in again.items():
        np.testing.assert_array_equal(values, many[name])
    calls = spy_on(monkeypatch, "learn")
    theory.schedule_runs("random", 2, [5, 0, 3], 7, **SCHEDULE)
    for other in (
        theory.schedule_runs("random", 2, [5, 0, 3], 8, **SCHEDULE),
        theory.schedule_runs("public_goods", 2, [5, 0, 3], 7, **SCHEDULE),
        theory.schedule_runs("random", 1, [5, 0, 3], 7, **SCHEDULE),
        theory.schedule_runs("random", 2, [5, 0, 3], 7, **{**SCHEDULE, "n_actions": [2, 3]}),
    ):
        assert not np.isclose(other["cce_gap_bound"], many["cce_gap_bound"]).any()
    kernels = [first_kernel(game) for call in calls[::8] for game in call.args[0]]  # a result is eight runs
    assert len(kernels) == 15
    assert not any(np.isclose(a[:8], b[:8]).any() for a, b in itertools.combinations(kernels, 2))


def test_schedule_games_are_the_base_games(monkeypatch):
    """No noise: payoffs of Shapley's game are 0 or the stakes of their step and state."""
    calls = spy_on(monkeypatch, "learn")
    theory.schedule_runs("shapley", 2, [0, 1], 7, **{**SCHEDULE, "n_actions": [3, 3], "iterations": [10]})
    assert len(calls) == 4  # one T: a schedule is one run
    for game in calls[0].args[0]:
        assert (np.sort(np.unique(game.reward[0]))[0], len(np.unique(game.reward[0]))) == (0.0, 5)


# Sequences ----------------------------------------------------------------------------------------------


def setting(**changes):
    return {
        "base_kind": "random", "horizon": 2, "n_states": 2, "n_actions": [3, 2], "games": 4, "perturbation": 0.3,
        "iterations": 14, "rate_factor": 3.0, **changes,
    }  # fmt: skip


SETTINGS = [
    setting(),
    setting(base_kind="shapley", horizon=1, n_states=1, n_actions=[3, 3], games=2, iterations=7, rate_factor=0.5),
    setting(base_kind="congestion", n_states=1, n_actions=[2, 2, 2], games=3, perturbation=0.05),
]
ARMS = ["individual", "best_response", "stage_average", "output_policy"]


def rows_of(shape, row):
    """(1, stages, H, S, A) from a function of (stage, h, s)."""
    count, horizon, states = shape
    return np.array([[[[row(tau, h, s) for s in range(states)] for h in range(horizon)] for tau in range(count)]])


def targets_of(arm, stages, player):
    """What a game recommends: lists [stage][h][s][action]."""
    shape = (len(stages), *stages[0].payoff[player].shape[1:3])
    total = sum(stage.iterations for stage in stages)

    def row(tau, h, s):
        if arm == "best_response":
            return oracles.best_response_with_ties(stages[tau].payoff[player][0, h, s].tolist(), TIE)
        if arm == "stage_average":
            return stages[tau].average[player][0, h, s].tolist()
        return sum(stage.iterations * stage.average[player][0, h, s] for stage in stages) / total

    return rows_of(shape, row)


def sequence_alone(arm, games, rate, iterations):
    """Runs on the games, each from equation (5) in loops."""
    alpha, runs, seen = 1 / math.sqrt(len(games)), [], [[] for _ in games[0].n_actions]
    for game in games:
        start = None
        if arm != "individual" and runs:
            start = tuple(
                rows_of(
                    own[0].shape[1:4],
                    lambda tau, h, s, own=own: oracles.meta_update([x[0, tau, h, s].tolist() for x in own], alpha),
                )
                for own in seen
            )
        runs.append(alone(game, rate, iterations, start))
        for player, own in enumerate(seen):
            own.append(targets_of(arm, runs[-1].stages, player))
    return runs


def similarity_by_loops(runs, players):
    """Sum over players, games, stages and steps of the largest KL over states to the mean best response."""
    total = 0.0
    for i in range(players):
        responses = [targets_of("best_response", run.stages, i)[0] for run in runs]
        mean = sum(responses) / len(responses)
        for response in responses:
            for tau, h in np.ndindex(response.shape[:2]):
                pairs = zip(response[tau, h].tolist(), mean[tau, h].tolist(), strict=True)
                total += max(oracles.kl(p, q) for p, q in pairs)
    return total


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.recalculates("theorem-6", "sharper-general-sum")
def test_sequence_runs_one_game_at_a_time(arm, monkeypatch):
    calls = spy_on(monkeypatch, "learn_sequence")
    found = theory.sequence_runs(arm, [6, 2], 8, settings=SETTINGS)
    names = ("gap", "later_gap", "gap_bound", "later_gap_bound", "similarity", "divergence")
    assert set(found) == {*names, "seeds", "learning_rate"}
    assert found["seeds"].tolist() == [6, 2]
    assert {found[name].shape for name in names} == {(3, 2)}
    assert found["learning_rate"].shape == (3,)
    for i, one in enumerate(SETTINGS):
        batches, players = calls[i].args[0], len(one["n_actions"])
        assert [len(batch) for batch in batches] == [2] * one["games"]
        rate = one["rate_factor"] * prescribed(one["horizon"], one["iterations"], players)
        assert found["learning_rate"][i] == near(rate)
        for j in range(2):
            games = [batch.games[j] for batch in batches]
            for game in games:
                sizes = (game.horizon, game.n_states, list(game.n_actions))
                assert sizes == (one["horizon"], one["n_states"], one["n_actions"])
                assert game.transition.steps == one["horizon"]
            runs = sequence_alone(arm, games, rate, one["iterations"])
            told, exact = ([getattr(run, which) for run in runs] for which in ("gap", "exact"))
            here = {name: found[name][i, j] for name in names}
            assert here["gap"] == near(np.mean(exact), rel=1e-8)
            assert here["later_gap"] == near(np.mean(exact[1:]), rel=1e-8)
            assert here["gap_bound"] == near(np.mean(told), rel=1e-8)
            assert here["later_gap_bound"] == near(np.mean(told[1:]), rel=1e-8)
            assert here["similarity"] == near(similarity_by_loops(runs, players), rel=1e-8)
            total = sum(divergence_by_loops(run.stages, worst=True) for run in runs)
            assert here["divergence"] == near(total / one["games"], rel=1e-8)


def test_games_of_sequences(monkeypatch):
    """Arms, rates and numbers of games share them; noise is as large as told; sizes, seeds and kinds differ."""
    calls = spy_on(monkeypatch, "learn_sequence")
    settings = [
        setting(),
        setting(games=2, rate_factor=1.0),
        setting(perturbation=0.0),
        setting(n_actions=[2, 3]),
        setting(horizon=1),
        setting(base_kind="public_goods", perturbation=0.0),
    ]
    results = {arm: theory.sequence_runs(arm, [6, 2], 8, settings=settings) for arm in ("individual", "best_response")}
    rewards = [np.stack([batch.reward for batch in call.args[0]]) for call in calls]
    for k in range(len(settings)):
        np.testing.assert_array_equal(rewards[k], rewards[k + len(settings)])
    usual, fewer, still, turned, short, goods_still = rewards[: len(settings)]
    np.testing.assert_array_equal(usual[:2], fewer)
    assert (still == still[0]).all()
    assert 0.2 < np.abs(usual - still).max() <= 0.3
    assert (np.abs(usual[:, 0] - usual[:, 1]) < 1e-6).mean() < 0.05  # all but those clipped to 0 or 1
    assert not np.isclose(still[0], turned[0].swapaxes(-1, -2)).any()
    assert not np.isclose(still[:, :, :, :1], short).any()
    kernels = [first_kernel(calls[k].args[0][0].games[0]) for k in (0, 3, 4)]
    assert not any(np.isclose(a, b).any() for a, b in itertools.combinations(kernels, 2))
    for h, s in np.ndindex(2, 2):  # of public goods, the payoffs of all steps and states are stakes times a table
        pair = goods_still[0, 0, 0, [h, 0], [s, 0]].reshape(2, -1)
        np.testing.assert_allclose(pair[0] * pair[1].max(), pair[1] * pair[0].max(), atol=1e-12)
    for h, s in np.ndindex(2, 2):
        assert not np.isclose(still[0, 0, :, h, s], still[0, 1, :, h, s]).any()
    alone_, meta = results["individual"], results["best_response"]
    np.testing.assert_array_equal(alone_["similarity"][2], 0.0)  # equal games, equal starts
    assert (alone_["similarity"][[0, 3]] > 0).all()
    assert (alone_["later_gap"] != meta["later_gap"]).all()
    np.testing.assert_allclose(alone_["later_gap"][2], alone_["gap"][2], rtol=1e-12)


def test_sequence_runs_are_addressed_by_seed_and_setting():
    names = ("gap", "later_gap", "similarity", "divergence")
    many = theory.sequence_runs("best_response", [6, 2, 4], 8, settings=SETTINGS)
    few = theory.sequence_runs("best_response", [4], 8, settings=SETTINGS[2:])
    other = theory.sequence_runs("best_response", [4], 9, settings=SETTINGS[2:])
    again = theory.sequence_runs("best_response", [6, 2, 4], 8, settings=SETTINGS)
    for name in names:
        assert few[name][0, 0] == many[name][2, 2]
    assert other["gap"][0, 0] != few["gap"][0, 0]
    assert len(set(many["gap"].ravel().tolist())) == 9
    for name, values in again.items():
        np.testing.assert_array_equal(values, many[name])


def test_sequence_runs_need_a_known_arm_that_restarts():
    with pytest.raises(KeyError, match="carry"):
        theory.sequence_runs("carry", [0], 8, settings=[setting()])
    with pytest.raises(ValueError, match="initial policies must have axes"):
        theory.sequence_runs("carry_over", [0], 8, settings=[setting()])
    with pytest.raises(ValueError, match="kind of a general-sum base game"):
        theory.sequence_runs("individual", [0], 8, settings=[setting(base_kind="team")])
    with pytest.raises(ValueError, match="at least 2 players"):
        theory.sequence_runs("individual", [0], 8, settings=[setting(n_actions=[3])])
