"""The comparison with other packages: everybody plays the same games, and gaps are what the packages say they are.

Packages that are not installed here are skipped; nothing is timed.
"""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyspiel
import pytest

from benchmarks.peers import contest, exact, first_order, measure, poker, report, trees, twins
from metanash import (
    GameBatch,
    OptimisticMirrorDescent,
    ProjectedQAscent,
    Transition,
    ZeroSumGame,
    families,
    maml,
    simplex,
)

ROOT = Path(__file__).parents[2]
MATRIX, MARKOV = trees.matrix_game(4, 0), trees.markov_game(2, 2, 2, 0)


def started(contestant, tree):
    pytest.importorskip(contestant.package)
    return contestant.start(tree)


def named(contestants):
    return pytest.mark.parametrize("contestant", contestants, ids=[contestant.name for contestant in contestants])


@named(first_order.MATRICES)
def test_learners_of_matrix_games_come_near_an_equilibrium(contestant):
    session = started(contestant, MATRIX)
    session.advance(1)
    first = session.gap()
    session.advance(1999)
    assert 0 <= session.gap() < min(first, 0.05)


@named(first_order.TREES)
def test_learners_of_trees_come_near_an_equilibrium(contestant):
    session = started(contestant, MARKOV)
    session.advance(2000)
    assert 0 <= session.gap() < 0.02


@pytest.mark.parametrize("name", poker.CONTESTANTS)
def test_learners_of_poker_come_near_an_equilibrium(name):
    if name.startswith("LiteEFG"):
        pytest.importorskip("LiteEFG")
    session = poker.CONTESTANTS[name](poker.Poker("kuhn_poker"))
    session.advance(1)
    first = session.gap()
    session.advance(1999)
    assert 0 <= session.gap() < min(0.1 * first, 0.005)


def test_gaps_of_poker_are_what_openspiel_says():
    """After three iterations of its CFR+; here the largest gain, there the sum of both."""
    exploitability = pytest.importorskip("open_spiel.python.algorithms.exploitability")
    kuhn = poker.Poker("kuhn_poker")
    assert (kuhn.game.n_terminals, kuhn.game.n_sets) == (30, (6, 6))
    solver = pyspiel.CFRPlusSolver(kuhn.peer)
    session = poker.open_spiel(kuhn)
    session.advance(3)
    for _ in range(3):
        solver.evaluate_and_update_policy()
    said = exploitability.nash_conv(kuhn.peer, solver.average_policy(), return_only_nash_conv=False)
    assert session.gap() == pytest.approx(max(said.player_improvements), abs=1e-12)
    assert session.gap() > 1e-3


@named(exact.MATRICES)
def test_programs_of_matrix_games_are_exact(contestant):
    session = started(contestant, MATRIX)
    session.advance(1)
    assert abs(session.gap()) < 1e-6


@named(exact.TREES)
@pytest.mark.parametrize("size", [(2, 2, 2), (3, 2, 2)])
def test_programs_of_trees_are_exact(contestant, size):
    session = started(contestant, trees.markov_game(*size, 0))
    session.advance(1)
    assert abs(session.gap()) < 1e-6


@pytest.mark.parametrize("size", [(2, 2, 2), (2, 3, 3), (3, 2, 2)])
def test_gap_in_the_game_of_histories_is_that_of_openspiel(size):
    """The average policy of CFR depends on the history, so only the unrolled game can evaluate it."""
    tree = trees.markov_game(*size, 1)
    game = pyspiel.load_efg_game(tree.text)
    solver = pyspiel.CFRSolver(game)
    session = first_order.open_spiel("CFRSolver")(tree)
    for _ in range(7):
        solver.evaluate_and_update_policy()
    session.advance(7)
    assert session.gap() == pytest.approx(pyspiel.nash_conv(game, solver.average_policy(), True), abs=1e-12)


def test_histories_keep_the_gap_of_markov_policies():
    rng = np.random.default_rng(0)
    policy = [rng.dirichlet(np.ones(2), size=(2, 2)) for _ in range(2)]
    labels = re.findall(r'^p "" 1 (\d+) "(\d+):(\d+):', MARKOV.text, flags=re.M)
    tables = [{int(k): part[int(h), int(s)] for k, h, s in labels} for part in policy]
    assert MARKOV.tree_gap(tables) == pytest.approx(MARKOV.gap(policy), abs=1e-14)


def test_a_player_at_a_set_that_is_never_reached_may_be_left_out():
    tables = [{k: [1.0, 0.0] if k == 1 else [0.0, 0.0] for k in range(1, 10)} for _ in range(2)]
    filled = [{k: [1.0, 0.0] if k == 1 else [0.5, 0.5] for k in range(1, 10)} for _ in range(2)]
    assert MARKOV.tree_gap(tables) == MARKOV.tree_gap(filled)


def mirror_games(count):
    rng = np.random.default_rng(3)
    kernel = Transition.shared(rng.dirichlet(np.ones(3), size=(3, 2, 4)))
    return GameBatch(tuple(ZeroSumGame(rng.uniform(size=(2, 3, 2, 4)), kernel) for _ in range(count)))


def ascent_games(count, actions):
    games = families.potential_sequence(
        "team", 5, "test", n_games=count, perturbation=0.2, n_actions=actions, n_states=3, discount=0.8
    )
    return GameBatch(tuple(games))


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("iterations", [1, 2, 41])
def test_algorithm_1_in_numpy_is_that_of_metanash(count, iterations):
    games, learner = mirror_games(count), OptimisticMirrorDescent(0.3)
    expected = learner.output(learner.advance(games, learner.start(games), iterations))
    found = twins.mirror_numpy(games, 0.3, iterations)
    assert contest.largest_difference([part.reshape(-1, part.shape[-1]).T for part in expected], found) < 1e-13


@pytest.mark.parametrize("actions", [(2, 2), (3, 2), (2, 3, 2)])
def test_q_ascent_in_numpy_is_that_of_metanash(actions):
    games, learner = ascent_games(2, actions), ProjectedQAscent(0.02)
    expected = learner.output(learner.advance(games, learner.start(games), 30))
    found = twins.ascent_numpy(games, 0.02, 30)
    assert contest.largest_difference([np.moveaxis(part, 0, -1) for part in expected], found) < 1e-13


def test_the_runs_in_jax_are_those_in_numpy():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    games = mirror_games(2)
    found = twins.mirror_jax()(*twins.mirror_arrays(games), 0.3, 41)
    assert contest.largest_difference(twins.mirror_numpy(games, 0.3, 41), found) < 1e-13
    games = ascent_games(2, (3, 2))
    found = twins.ascent_jax()(*twins.ascent_arrays(games), 0.8, 0.02, 30)
    assert contest.largest_difference(twins.ascent_numpy(games, 0.02, 30), found) < 1e-13


@pytest.mark.parametrize(("actions", "inner_steps"), [((2, 2), 0), ((3, 2), 2), ((2, 3, 2), 1)])
def test_exact_maml_in_jax_is_that_of_metanash(actions, inner_steps):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    games, start = ascent_games(3, actions), [np.zeros((1, 3, n)) for n in actions]
    expected = maml.train(
        maml.Tasks.of(games), start, step=0.3, iterations=20, inner_step=0.1, inner_steps=inner_steps
    ).logits
    found = twins.maml_jax()(*twins.maml_arrays(games), 0.8, 0.1, 0.3, 20, inner_steps)
    assert contest.largest_difference([np.moveaxis(part, 0, -1) for part in expected], found) < 1e-12


def test_projection_without_sorting():
    x = np.random.default_rng(1).normal(size=(50, 4, 3))
    x[:10, 1] = x[:10, 0]  # ties
    assert np.abs(twins.projected(np, x) - np.moveaxis(simplex.project(np.moveaxis(x, 1, -1)), -1, 1)).max() < 1e-14


def harmonic(advanced=None):
    """A contestant whose gap after n iterations is 1 / n."""

    def start(_):
        done = 0

        def advance(iterations):
            nonlocal done
            done += iterations
            if advanced is not None:
                advanced.append(iterations)

        return contest.Session(advance, lambda: 1 / done)

    return contest.Contestant("harmonic", "numpy", start)


def test_a_target_is_reached_where_the_gap_is_first_seen_there():
    calls: list[int] = []
    found = contest.look(harmonic(), None, np.inf)
    assert 100 <= found.needed(1e-2) < 116
    assert 10_000 <= found.needed(1e-4) == found.iterations[-1] < 11_600
    contest.clock(harmonic(calls), None, found)
    assert calls == [found.needed(1e-2), found.needed(1e-4) - found.needed(1e-2)]
    assert 0 < found.to_gap[1e-2] < found.to_gap[1e-4] < np.inf


def test_what_is_not_reached_is_infinite_and_who_fails_is_named():
    def broken(_):
        raise RuntimeError("no licence")

    found = contest.race(
        [contest.Contestant("broken", "numpy", broken), contest.Contestant("slow", "numpy", harmonic().start)],
        None, 1e-9, 2,
    )  # fmt: skip
    assert found["broken"].error == "RuntimeError: no licence"
    assert found["slow"].iterations == [1]
    assert set(found["slow"].to_gap.values()) == {np.inf}


def test_a_package_that_is_not_here_is_named_with_the_reason():
    assert contest.absent(["numpy"]) == {}
    assert contest.absent(["no_such_peer"]) == {"no_such_peer": "ModuleNotFoundError: No module named 'no_such_peer'"}


def test_re_implementations_that_differ_are_refused():
    runs = {"metanash": lambda n: [np.zeros(n)], "JAX": lambda n: [np.full(n, 1e-9)]}
    with pytest.raises(ArithmeticError, match=r"toy: JAX is 1e-09 from metanash"):
        measure.twin_rows("Algorithm 1", "toy", runs, 100, 1)


def rows(**seconds):
    table = [
        {"group": "matrix", "kind": "solver" if "program" in name else "learner", "game": "2 x 2", "seed": seed,
         "contestant": name, "seconds_per_iteration": 1e-6,
         "seconds_to_0.01": taken, "seconds_to_0.0001": np.inf, "iterations": 1, "gap": 0.0,
         "difference": np.nan, "first_call": np.nan, "error": np.nan}
        for name, times in seconds.items()
        for seed, taken in enumerate(times)
    ]  # fmt: skip
    return pd.DataFrame(table)


def test_ratios_are_medians_of_paired_ratios():
    found = report.summarised(rows(metanash=[1.0, 2.0, 4.0], peer=[3.0, 3.0, 2.0]))
    at = found[found["measure"] == "seconds_to_0.01"].set_index("contestant")["ratio"]
    assert at["metanash"] == 1
    assert at["peer"] == 1.5


def test_losses_are_listed_and_nothing_is_said_of_gaps_that_nobody_reached():
    found = report.summarised(rows(metanash=[2.0], peer=[1.0], lame=[np.inf]))
    assert report.behind(found) == ["- time to an NE-gap of 1e-2, peer: 2 x 2 (0.5)"]
    assert report.behind(report.summarised(rows(metanash=[np.inf], peer=[1.0]))) == [
        "- time to an NE-gap of 1e-2, peer: 2 x 2 (not reached by metanash)"
    ]


def test_learners_and_solvers_are_compared_with_the_best_of_metanash_of_their_kind():
    times = {"metanash, a": [4.0], "metanash, b": [2.0], "metanash, program": [0.5], "peer": [3.0], "program": [0.4]}
    found = report.summarised(rows(**times))
    at = found[found["measure"] == "seconds_to_0.01"].set_index("contestant")["ratio"]
    assert at.to_dict() == {"metanash, a": 2, "metanash, b": 1, "metanash, program": 1, "peer": 1.5, "program": 0.8}
    assert report.behind(found) == ["- time to an NE-gap of 1e-2, program: 2 x 2 (0.8)"]
    assert "program" not in set(found[found["measure"] == "seconds_per_iteration"]["contestant"])


def test_short_calls_of_a_solver_are_timed_together():
    calls: list[int] = []

    def start(_):
        return contest.Session(calls.append, lambda: 0.0)

    solver = contest.Contestant("solver", "numpy", start, iterative=False)
    found = contest.look(solver, None, 1.0)
    found.per_iteration = 1e-5
    contest.clock(solver, None, found)
    assert calls == [1, 100]
    assert set(found.to_gap.values()) == {found.per_iteration}


def test_pins_are_exact_and_name_no_index():
    lines = (ROOT / "benchmarks/peers-requirements.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9.-]+==[a-z0-9.]+( ; .+)?", pin) for pin in pins)
    assert {"liteefg", "open-spiel", "quantecon", "nashpy", "pygambit", "jax"} <= {pin.split("==")[0] for pin in pins}


def test_the_committed_page_is_that_of_the_committed_numbers():
    folder = ROOT / "benchmarks/results"
    table, machine = pd.read_csv(folder / "peers.csv"), json.loads((folder / "machine.json").read_text())
    assert (folder / "peers.md").read_text() == report.text(table, report.summarised(table), machine)
    everybody = [*first_order.MATRICES, *exact.MATRICES, *exact.TREES]
    present = {contestant.name for contestant in everybody if contestant.package not in machine["absent"]}
    assert present <= set(table["contestant"]), "a contestant has no row"


def test_tables_of_the_documentation_are_those_of_the_page():
    section = (ROOT / "docs/performance.md").read_text().split("## Other packages\n")[1].split("\n## ")[0]
    quoted = [line for line in section.splitlines() if line.startswith("|")]
    page = set((ROOT / "benchmarks/results/peers.md").read_text().splitlines())
    assert len(quoted) > 20
    assert [line for line in quoted if line not in page] == []
