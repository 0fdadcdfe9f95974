"""Predictive regret matching+: the kernel and the learner against the published pseudo-code, bits, convergence."""

import math
import subprocess
import sys
from fractions import Fraction

import numpy as np
import oracles
import oracles_regret
import pytest
from backends import BACKENDS, compiled, needs_compiled, results_on, use
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_cases import arrays_of, copied
from regret_cases import SIZES, WRITTEN, advanced, arguments_of, cases, lanes_with_other_bits
from strategies import random_tables, seeds, tables_and_policy

from metanash import (
    GameBatch,
    MarkovGame,
    RegretMatching,
    Transition,
    ZeroSumGame,
    exact,
    families,
    gaps,
    kernels,
    learn,
)
from metanash.kernels import twin
from metanash.learners import LEARNERS
from metanash_replication.experiments import Learning, Sequences, generate_games, run_arm

# The kernel against the pseudo-code, and against each other --------------------------------------------------


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("rows", "columns"), SIZES)
def test_iterates_are_those_of_the_published_pseudo_code(module, rows, columns):
    for lanes, iterations in [(1, 12), (6, 12)]:
        arguments = arguments_of(np.random.default_rng([rows, columns]), lanes, rows, columns, 0, iterations)
        before = copied(arguments)
        module.regret_matching(**arguments)
        for lane in range(lanes):
            game, x, y, mu, nu = (oracles.plain(before[name][lane]) for name in ("q", "x", "y", "mu", "nu"))
            table = oracles_regret.Table(game, (x, y), (mu, nu))
            for t in range(1, iterations + 1):
                table.play(t)
            for i, player in enumerate(table.players):
                np.testing.assert_allclose(arguments[("x", "y")[i]][lane], player.z, atol=1e-12, rtol=0)
                np.testing.assert_allclose(arguments[("mu", "nu")[i]][lane], player.x, atol=1e-12, rtol=0)
                np.testing.assert_allclose(
                    arguments[("sum_mu", "sum_nu")[i]].sum(axis=0)[lane], table.sums[i], atol=1e-10, rtol=0
                )
            assert arguments["value"][lane] == pytest.approx(table.value(), abs=1e-12)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (3, 2)])
def test_iterates_in_fractions(module, rows, columns):
    """Four iterations from regrets 0 and uniform policies, exactly; the game has no tie."""
    game = [[Fraction(3, 7), Fraction(5, 11)], [Fraction(6, 13), Fraction(2, 9)], [Fraction(1, 5), Fraction(4, 9)]]
    game = [row[:columns] for row in game[:rows]]
    policies = [[Fraction(1, n)] * n for n in (rows, columns)]
    table = oracles_regret.Table(game, [[Fraction(0)] * n for n in (rows, columns)], policies)
    for t in range(1, 5):
        table.play(t)
    arguments = arguments_of(np.random.default_rng(0), 1, rows, columns, 0, 4)
    arguments["q"][...] = [[[float(entry) for entry in row] for row in game]]
    for array, value in zip(
        (arguments[name] for name in ("x", "y", "mu", "nu")), (0.0, 0.0, 1 / rows, 1 / columns), strict=True
    ):
        array[...] = value
    module.regret_matching(**arguments)
    for i, expected in enumerate(table.averages()):
        np.testing.assert_allclose(
            arguments[("sum_mu", "sum_nu")[i]].sum(axis=0)[0] / 30, [float(p) for p in expected], atol=1e-13
        )
    assert arguments["value"][0] == pytest.approx(float(table.value()), abs=1e-13)


@pytest.fixture(scope="module")
def reference():
    return [(label, advanced(twin, arguments), tolerance) for label, arguments, tolerance in cases()]


def assert_close(got, expected, tolerance, where):
    for name, array in expected.items():
        assert np.isfinite(got[name]).all(), f"{where}: {name}"
        assert np.abs(got[name] - array).max() <= tolerance * max(1.0, np.abs(array).max()), f"{where}: {name}"


@needs_compiled
def test_compiled_agrees_with_numpy(reference):
    for (label, expected, tolerance), (_, arguments, _) in zip(reference, cases(), strict=True):
        assert_close(advanced(compiled, arguments), expected, tolerance, label)


@needs_compiled
@pytest.mark.parametrize("isa", ["avx512", "avx2", "portable"])
def test_each_instruction_set_agrees_with_numpy(isa, reference):
    """A lane alone gives the bits of the batch in each of them too: both layouts add in the same order."""
    stored = results_on(isa, "regret_cases.py")
    for number, (label, expected, tolerance) in enumerate(reference):
        assert_close({name: stored[f"{number} {name}"] for name in expected}, expected, tolerance, label)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("lanes", [1, 9])
@pytest.mark.parametrize("scale", [0.0, 1e-310, 1e-300])
def test_where_no_regret_is_predicted_play_is_uniform(module, scale, lanes):
    """Equal payoffs leave regrets as they are; they count as 0 where they sum to less than 1e-290."""
    for shape in [(2, 2), (3, 2), (9, 4)]:
        arguments = arguments_of(np.random.default_rng(1), lanes, *shape, 0, 3)
        arguments["q"][...] = 0.25
        for regret, policy, n in zip(
            (arguments["x"], arguments["y"]), (arguments["mu"], arguments["nu"]), shape, strict=True
        ):
            regret[...] = scale * np.arange(1, n + 1)
            policy[...] = np.eye(n)[0]  # what is met is then 0 without a rounding
        module.regret_matching(**arguments)
        for policy, total, n in zip(
            (arguments["mu"], arguments["nu"]), (arguments["sum_mu"], arguments["sum_nu"]), shape, strict=True
        ):
            np.testing.assert_allclose(policy, 1 / n, atol=1e-16)
            np.testing.assert_allclose(total[1], 14 / n, atol=1e-14)


# Sums and values ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(
    ("done", "iterations", "whole", "rest"),
    [
        (0, 3, (), (1, 4)),
        (1020, 4, (1021, 1025), ()),
        (1020, 7, (1021, 1025), (1025, 1028)),
        (0, 1025, (1, 1025), (1025, 1026)),
    ],
)
def test_sums_of_squares_move_to_the_total_in_chunks(module, done, iterations, whole, rest):
    """One action: its policy is 1, so the sums are those of t^2, exactly."""
    for lanes, shape in [(1, (1, 1)), (1, (1, 3)), (9, (1, 3))]:
        arguments = arguments_of(np.random.default_rng(0), lanes, *shape, done, iterations)
        arguments["sum_mu"][...] = 0.0
        module.regret_matching(**arguments)
        expected = [sum(t * t for t in range(*bounds)) if bounds else 0 for bounds in (whole, rest)]
        np.testing.assert_array_equal(arguments["sum_mu"][:, :, 0], np.repeat([expected], lanes, axis=0).T)


@needs_compiled
@pytest.mark.parametrize("shape", [(2, 2), (3, 2)])
def test_averages_of_long_runs_do_not_lose_digits(shape):
    """Equal payoffs leave every policy as it is: the sum is 0.7 times that of t^2, known exactly."""
    iterations = 1_000_000
    arguments = arguments_of(np.random.default_rng(0), 1, *shape, 0, iterations)
    arguments["q"][...] = 0.0
    for regret, policy in zip((arguments["x"], arguments["y"]), (arguments["mu"], arguments["nu"]), strict=True):
        policy[...] = [0.7, *np.full(policy.size - 1, 0.3 / (policy.size - 1))]
        regret[...] = policy
    compiled.regret_matching(**arguments)
    exactly = iterations * (iterations + 1) * (2 * iterations + 1) // 6
    for total, policy in zip(
        (arguments["sum_mu"], arguments["sum_nu"]), (arguments["mu"], arguments["nu"]), strict=True
    ):
        np.testing.assert_allclose(total.sum(axis=0) / exactly, policy, atol=1e-13, rtol=0)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("shape", [(2, 2), (3, 4), (9, 9)])
def test_values_are_within_half_of_the_gap(module, shape):
    arguments = arguments_of(np.random.default_rng(shape), 5, *shape, 0, 30)
    module.regret_matching(**arguments)
    for lane in range(5):
        game = arguments["q"][lane]
        mu, nu = (
            total.sum(axis=0)[lane] / total.sum(axis=0)[lane].sum()
            for total in (arguments["sum_mu"], arguments["sum_nu"])
        )
        gap = (game @ nu).max() - (mu @ game).min()
        assert 1e-6 < gap < 0.2
        assert abs(arguments["value"][lane] - exact.matrix_equilibrium(game).value) <= gap / 2 + 1e-12


# Bits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("rows", "columns"), [*SIZES, (50, 40), (100, 3)])
def test_a_lane_alone_gives_the_bits_of_the_batch(module, rows, columns):
    assert list(lanes_with_other_bits(module, rows, columns)) == []


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("lanes", [1, 3, 9])
@pytest.mark.parametrize("shape", [(2, 2), (3, 4), (9, 10)])
def test_a_cut_run_gives_the_bits_of_the_whole(module, shape, lanes):
    rng = np.random.default_rng(7)
    for done, pieces in [(0, [1, 2, 3]), (1000, [23, 1, 1, 30]), (1022, [1, 1, 1]), (0, [1023, 1, 5]), (5, [0, 4])]:
        whole = arguments_of(rng, lanes, *shape, done, sum(pieces))
        cut = copied(whole)
        module.regret_matching(**whole)
        for piece in pieces:
            module.regret_matching(**cut | {"done": done, "iterations": piece})
            done += piece  # noqa: PLW2901
        for name in WRITTEN:
            np.testing.assert_array_equal(cut[name], whole[name])


@needs_compiled
@pytest.mark.parametrize("shape", [(2, 2), (3, 4), (10, 10)])
def test_the_number_of_threads_changes_no_bit(shape):
    found = []
    try:
        for count in (1, 2, 3, 7):
            kernels.use_threads(count)
            arguments = arguments_of(np.random.default_rng(5), 101, *shape, 0, 1100)
            compiled.regret_matching(**arguments)
            found.append([arguments[name] for name in WRITTEN])
    finally:
        kernels.use_threads(1)
    for other in found[1:]:
        for one, same in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize("module", BACKENDS)
def test_only_the_outputs_are_written(module):
    arguments = arguments_of(np.random.default_rng(9), 3, 2, 3, 0, 5)
    before = copied(arguments)
    module.regret_matching(**arguments)
    for name in arrays_of(arguments):
        assert np.array_equal(arguments[name], before[name]) == (name == "q"), name


# Bad arguments -----------------------------------------------------------------------------------------------


@needs_compiled
def test_bad_arrays_are_refused():
    arguments = arguments_of(np.random.default_rng(1), 3, 2, 3, 0, 2)
    for name in arrays_of(arguments):
        for spoil in (
            lambda a: a.astype(np.float32), lambda a: a.ravel()[:-1].copy(), lambda a: np.append(a.ravel(), 1),
            lambda a: np.repeat(a.ravel(), 2)[::2], lambda a: a.tolist(), lambda a: None,  # noqa: ARG005
        ):  # fmt: skip
            bad = copied(arguments) | {name: spoil(arguments[name])}
            with pytest.raises((TypeError, ValueError, BufferError), match=rf"^regret_matching[:,] {name}[: ]"):
                compiled.regret_matching(**bad)
        frozen = copied(arguments)
        frozen[name].setflags(write=False)
        if name in WRITTEN:
            with pytest.raises((ValueError, BufferError), match=f"^regret_matching, {name}: "):
                compiled.regret_matching(**frozen)
        else:
            compiled.regret_matching(**frozen)


@needs_compiled
@pytest.mark.parametrize("name", ["lanes", "rows", "columns", "done", "iterations"])
@pytest.mark.parametrize("bad", [-1, 2**63, 1.5, None])
def test_bad_sizes_are_refused(name, bad):
    arguments = arguments_of(np.random.default_rng(1), 3, 2, 3, 0, 2)
    with pytest.raises((ValueError, TypeError, OverflowError), match=rf"^regret_matching[:,] {name}"):
        compiled.regret_matching(**arguments | {name: bad})


@needs_compiled
@pytest.mark.parametrize(
    ("name", "bad"), [("lanes", 2), ("lanes", 4), ("rows", 0), ("rows", 3), ("columns", 0), ("columns", 2)]
)
def test_sizes_that_do_not_fit_are_refused(name, bad):
    arguments = arguments_of(np.random.default_rng(1), 3, 2, 3, 0, 2)
    with pytest.raises(ValueError, match=r"must be at least 1, got 0|must have \d+ entries, not"):
        compiled.regret_matching(**arguments | {name: bad})


@needs_compiled
@pytest.mark.parametrize("sizes", ["2**61, 2, 2", "2**31, 2**30, 1", "1, 2**61, 1", "1, 2**31, 2**31"])
def test_sizes_whose_product_overflows_are_refused(sizes):
    code = (
        "import numpy as np; from metanash.kernels import compiled\n"
        "names = [row[0] for row in compiled.signatures['regret_matching']]\n"
        f"values = [*[np.empty(0)] * 8, {sizes}, 0, 1]\n"
        "try: compiled.regret_matching(**dict(zip(names, values, strict=True)))\n"
        "except ValueError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "refused\n", f"exit status {done.returncode} {done.stderr}"


@needs_compiled
def test_no_lanes_need_no_memory():
    arguments = arguments_of(np.random.default_rng(1), 0, 2, 3, 0, 1)
    compiled.regret_matching(**arguments | {"rows": 2**30, "columns": 2**29})


# The learner -------------------------------------------------------------------------------------------------


def zero_sum(reward):
    """A matrix game."""
    payoff = np.asarray(reward, dtype=np.float64)
    return ZeroSumGame(payoff[np.newaxis, np.newaxis], Transition.shared(np.ones((1, *payoff.shape, 1))))


@st.composite
def short_runs(draw):
    game, policy = draw(tables_and_policy("zero_sum", max_horizon=4, max_actions=4))
    return game, policy, draw(st.sampled_from([0.3, 10.0])), draw(st.sampled_from([0, 1, 3, 4, 5, 8, 9, 17]))


@pytest.mark.parametrize("module", BACKENDS)
@settings(max_examples=60)
@given(case=short_runs())
def test_policies_are_those_of_the_loops(module, case):
    """With the value updates at 4, 8 and 16, from any initial policies."""
    game, policy, rate, iterations = case
    mu, nu = (oracles.plain(part) for part in policy)
    tables = oracles_regret.markov_averages(
        oracles.plain(game.reward[0]), oracles.plain(game.kernel), rate, iterations, mu, nu
    )
    learner, batch = RegretMatching(rate), GameBatch.of(game.game())
    with pytest.MonkeyPatch.context() as patch:
        use(patch, module)
        start = learner.start(batch, tuple(part[np.newaxis] for part in policy))
        state = learner.advance(batch, start, iterations)
    assert state.iteration == iterations
    for i, (part, average) in enumerate(zip(policy, learner.output(state), strict=True)):
        for (h, s), _ in np.ndenumerate(part[..., 0]):
            table = tables[h][s]
            # where payoffs tie, rounding decides whether an action has a regret of 0 or of 1e-17
            np.testing.assert_allclose(average[0, h, s], table.averages()[i] if iterations else part[h, s], atol=1e-9)
            np.testing.assert_allclose(state.regret[i][0, h, s], table.players[i].z, atol=1e-9)
            np.testing.assert_allclose(state.q[0, h, s], table.payoff, atol=1e-9)


def test_uniform_is_the_default_start():
    game = random_tables(np.random.default_rng(2), "zero_sum", 2, 3, (2, 3)).game()
    uniform = (np.full((1, 2, 3, 2), 1 / 2), np.full((1, 2, 3, 3), 1 / 3))
    one, other = learn(game, RegretMatching(), 9), learn(game, RegretMatching(10.0), 9, initial=uniform)
    np.testing.assert_array_equal(one.ne_gap, other.ne_gap)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("size", [(1, 1, (9, 8)), (2, 2, (2, 2)), (3, 2, (3, 2))])
def test_a_game_alone_learns_the_bits_of_the_batch(module, size, monkeypatch):
    use(monkeypatch, module)
    rng = np.random.default_rng(0)
    games = [random_tables(rng, "zero_sum", *size).game() for _ in range(7)]
    rates = np.linspace(1.0, 20.0, 7)
    together = learn(games, RegretMatching(rates), 40)
    for k, game in enumerate(games):
        alone = learn(game, RegretMatching(rates[k]), 40)
        np.testing.assert_array_equal(alone.ne_gap[0], together.ne_gap[k])
        for one, all_ in zip(alone.policy, together.policy, strict=True):
            np.testing.assert_array_equal(one[0], all_[k])


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("size", [(1, 1, (3, 2)), (3, 2, (2, 2))])
def test_a_run_cut_anywhere_gives_the_bits_of_the_whole(module, size, monkeypatch):
    use(monkeypatch, module)
    game, learner, iterations = (
        random_tables(np.random.default_rng(3), "zero_sum", *size).game(),
        RegretMatching(),
        1030,
    )
    whole = learn(game, learner, iterations, at=[iterations])
    for cuts in [[1], [3, 4, 5], [8, 1023, 1024], [1, 2, 3, 20, 1025], range(1, 40)]:
        cut = learn(game, learner, iterations, at=[*cuts, iterations])
        for name in ("regret", "iterate", "sums"):
            for one, other in zip(getattr(cut.state, name), getattr(whole.state, name), strict=True):
                np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(cut.state.q, whole.state.q)
        assert cut.ne_gap[0, -1] == whole.ne_gap[0, -1]


@pytest.mark.parametrize("before", [0, 5])
def test_the_old_state_stays_as_it_was(before):
    game = random_tables(np.random.default_rng(3), "zero_sum", 2, 3, (3, 2)).game()
    learner, batch = RegretMatching(), GameBatch.of(game)
    reward = batch.reward.copy()
    old = learner.advance(batch, learner.start(batch), before)

    def arrays(state):
        return [state.q, *state.regret, *state.iterate, *state.sums]

    kept = [array.copy() for array in arrays(old)]
    first, second, none = (learner.advance(batch, old, iterations) for iterations in (7, 7, 0))
    assert (first.iteration, none.iteration) == (before + 7, before)
    for now, then, one, other, same in zip(arrays(old), kept, arrays(first), arrays(second), arrays(none), strict=True):
        np.testing.assert_array_equal(now, then)
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(same, then)
        assert (one != then).any()
    np.testing.assert_array_equal(batch.reward, reward)
    with pytest.raises(ValueError, match="iterations"):
        learner.advance(batch, old, -1)


DEGENERATE = {
    "pure": [[0.9, 1.0, 1.0], [0.2, 0.1, 0.3], [0.0, 0.3, 0.0]],
    "all equal": [[0.5, 0.5], [0.5, 0.5]],
    "one action": [[0.2, 0.7, 0.4]],
    "equal rows": [[0.3, 0.8], [0.3, 0.8], [0.6, 0.1]],
    "rock, paper, scissors": [[0.5, 0.0, 1.0], [1.0, 0.5, 0.0], [0.0, 1.0, 0.5]],
    "a rare action": [[1.0, 0.001], [0.0, 1.0]],
    # Farina, Grand-Clement, Kroer, Lee and Luo (2023), a matrix on which regret matching+ is unstable
    "unstable": ((np.array([[3.0, 0.0, -3.0], [0.0, 3.0, -4.0], [0.0, 0.0, 1.0]]) + 4.0) / 7.0).tolist(),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_matrix_games_are_solved(name):
    for game in (DEGENERATE[name], 1.0 - np.transpose(DEGENERATE[name])):
        run = learn(zero_sum(game), RegretMatching(), 20_000, at=[100, 20_000])
        assert run.ne_gap[0, 0] < 0.03
        assert run.ne_gap[0, 1] < 1e-7
        value = gaps.best_response_values(GameBatch.of(zero_sum(game)), run.policy, 0)[0, 0, 0]
        assert value == pytest.approx(exact.matrix_equilibrium(game).value, abs=1e-7)


@pytest.mark.parametrize("kind", ["mixed", "pure", "random"])
def test_markov_games_are_solved(kind):
    sizes = {"horizon": 3, "n_states": 3, "n_actions": (2, 2)}
    games = families.zero_sum_sequence(kind, 0, "regret", n_games=20, perturbation=0.3, **sizes)
    run = learn(games, RegretMatching(), 10_000, at=[30, 1_000, 10_000])
    assert run.ne_gap[:, 0].max() < 0.3
    assert np.median(run.ne_gap[:, 0]) < 0.02
    assert run.ne_gap[:, 1].max() < 5e-3
    assert run.ne_gap[:, 2].max() < 1e-4
    assert (run.ne_gap > -1e-12).all()


@settings(max_examples=25)
@given(seed=seeds)
def test_the_gap_is_that_of_enumeration(seed):
    rng = np.random.default_rng(seed)
    tables = random_tables(rng, "zero_sum", 2, 2, (2, 2))
    run = learn(tables.game(), RegretMatching(), 6)
    mu, nu = (oracles.plain(part[0]) for part in run.policy)
    expected = oracles.zero_sum_gap(
        oracles.plain(tables.reward[0]), oracles.plain(tables.kernel), tables.initial.tolist(), mu, nu
    )
    assert run.ne_gap[0, -1] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n", [4, 9])
def test_a_start_at_an_equilibrium_stays_there_at_a_small_rate(n):
    """At a large one it does not: small regrets follow every rounding, which grows a hundredfold an iteration."""
    game = np.random.default_rng(8).uniform(size=(n, n))
    solved = exact.matrix_equilibrium(game)
    assert 0.05 < max(solved.mu) < 0.95
    initial = tuple(part[np.newaxis, np.newaxis, np.newaxis] for part in (solved.mu, solved.nu))
    runs = {rate: learn(zero_sum(game), RegretMatching(rate), 40, initial=initial) for rate in (0.3, 10.0)}
    assert runs[0.3].ne_gap.max() < 1e-9
    assert runs[10.0].ne_gap.max() > 1e-3
    assert learn(zero_sum(game), RegretMatching(0.3), 40).ne_gap.min() > 1e-3


def test_games_and_parameters_that_do_not_fit_are_refused():
    game = random_tables(np.random.default_rng(2), "zero_sum", 2, 3, (2, 3)).game()
    general = MarkovGame.from_zero_sum(game)
    with pytest.raises(ValueError, match="RegretMatching takes games of class ZeroSumGame, got a MarkovGame"):
        learn(general, RegretMatching(), 3)
    for rate in (0.0, -1.0, math.nan, [1.0, 2.0]):
        with pytest.raises(ValueError, match="learning_rate"):
            learn(game, RegretMatching(rate), 3)
    with pytest.raises(ValueError, match="initial policy of player 1 must have shape"):
        learn(game, RegretMatching(), 3, initial=(np.full((1, 2, 3, 2), 0.5), np.full((1, 2, 3, 2), 0.5)))
    with pytest.raises(ValueError, match="initial policy of player 0"):
        learn(game, RegretMatching(), 3, initial=(np.full((1, 2, 3, 2), 0.6), np.full((1, 2, 3, 3), 1 / 3)))


def test_an_experiment_can_name_it():
    options = {"horizon": 2, "n_states": 2, "n_actions": [2, 2]}
    spec = Sequences("zero_sum", "mixed", options, (0.2,), 3)
    games, provenance = generate_games(spec, [0, 1], 7)
    assert LEARNERS["regret_matching"] is RegretMatching
    for arm in ("individual", "carry_over"):
        learning = Learning(arm, "regret_matching", (10.0,), "absolute", 50, 5, keep_stages=False)
        record = run_arm(learning, games, provenance)
        assert record["ne_gap"].shape == (1, 1, 2, 3, 5)
        assert record["ne_gap"][..., -1].max() < 0.01
