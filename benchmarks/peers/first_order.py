"""Learners of zero-sum games, iteration by iteration. Each imports its package when it starts."""

import contextlib
import importlib
import io
from collections.abc import Callable
from urllib.parse import unquote

import numpy as np

from benchmarks.peers.contest import Contestant, Session
from benchmarks.peers.trees import Tree, in_order, set_number
from metanash import OptimisticMirrorDescent, RegretMatching

ETA = {"average": 4.0, "last": 1.0}
"""Learning rates of optimistic mirror descent, here and in LiteEFG: the largest powers of two with which other games
of these sizes were learnt without exception.
"""


def metanash(kind: str) -> Callable[[Tree], Session]:
    """Algorithm 1: its output, the average, or its last iterate."""

    def start(tree: Tree) -> Session:
        learner = OptimisticMirrorDescent(ETA[kind], keep_stages=False)
        state = learner.start(tree.batch)

        def advance(iterations: int) -> None:
            nonlocal state
            state = learner.advance(tree.batch, state, iterations)

        def gap() -> float:
            policy = learner.output(state) if kind == "average" else state.iterate
            return tree.gap([part[0] for part in policy])

        return Session(advance, gap)

    return start


def regret_matching(tree: Tree) -> Session:
    """Predictive regret matching+, its output."""
    learner = RegretMatching()
    state = learner.start(tree.batch)

    def advance(iterations: int) -> None:
        nonlocal state
        state = learner.advance(tree.batch, state, iterations)

    return Session(advance, lambda: tree.gap([part[0] for part in learner.output(state)]))


def open_spiel(solver: str) -> Callable[[Tree], Session]:
    """Counterfactual regret minimisation in C++, average policy."""

    def start(tree: Tree) -> Session:
        import pyspiel
        from open_spiel.python.policy import TabularPolicy

        game = pyspiel.load_efg_game(tree.text)
        names = TabularPolicy(game).states_per_player
        learner = getattr(pyspiel, solver)(game)

        def advance(iterations: int) -> None:
            for _ in range(iterations):
                learner.evaluate_and_update_policy()

        def gap() -> float:
            policy = learner.average_policy()
            return tree.tree_gap(
                {set_number(name): in_order(policy.action_probabilities(name)) for name in own} for own in names
            )

        return Session(advance, gap)

    return start


def lite_efg(algorithm: str, output: str, **parameters: object) -> Callable[[Tree], Session]:
    """A baseline of LiteEFG on the tree that OpenSpiel loads."""

    def start(tree: Tree) -> Session:
        import LiteEFG
        import pyspiel

        LiteEFG.set_threads(1)
        with contextlib.redirect_stdout(io.StringIO()):
            environment = LiteEFG.OpenSpielEnv(pyspiel.load_efg_game(tree.text), regenerate=True)
            graph = importlib.import_module(f"LiteEFG.baselines.{algorithm}").graph(**parameters)
        environment.set_graph(graph)

        def advance(iterations: int) -> None:
            for _ in range(iterations):
                graph.update_graph(environment)
                environment.update_strategy(graph.current_strategy())

        def gap() -> float:
            native = super(LiteEFG.OpenSpielEnv, environment)
            found = [native.get_strategy(player, graph.current_strategy(), output) for player in (1, 2)]
            return tree.tree_gap({set_number(unquote(name)): row for name, row in rows} for rows in found)

        return Session(advance, gap)

    return start


def quantecon(tree: Tree) -> Session:
    """Fictitious play."""
    from quantecon.game_theory import FictitiousPlay, NormalFormGame, Player

    play = FictitiousPlay(NormalFormGame([Player(tree.matrix), Player(1.0 - tree.matrix.T)]))
    actions, done = tuple(np.full(n, 1.0 / n) for n in tree.matrix.shape), 0

    def advance(iterations: int) -> None:
        nonlocal actions, done
        actions = play.play(actions, num_reps=iterations, t_init=done)
        done += iterations

    return Session(advance, lambda: tree.matrix_gap(*actions))


def nashpy(tree: Tree) -> Session:
    """Fictitious play; ties are broken at random, by NumPy's global generator."""
    from nashpy.learning.fictitious_play import fictitious_play

    np.random.seed(0)  # noqa: NPY002 (the package draws from it)
    counts = [np.zeros(n, dtype=int) for n in tree.matrix.shape]

    def advance(iterations: int) -> None:
        nonlocal counts
        for counts in fictitious_play(tree.matrix, -tree.matrix, iterations, counts):  # noqa: B007, B020 (the last stays)
            pass

    return Session(advance, lambda: tree.matrix_gap(*(count / count.sum() for count in counts)))


REFERENCE = "metanash, Algorithm 1"
TREES = [
    Contestant(REFERENCE, "metanash", metanash("average")),
    Contestant("metanash, Algorithm 1, last iterate", "metanash", metanash("last")),
    Contestant("metanash, predictive regret matching+", "metanash", regret_matching),
    Contestant("LiteEFG, optimistic mirror descent", "LiteEFG", lite_efg(
        "DOMD", "avg-iterate", eta=ETA["average"], regularizer="Entropy")),
    Contestant("LiteEFG, CFR+", "LiteEFG", lite_efg("CFRplus", "linear-avg-iterate")),
    Contestant("LiteEFG, predictive CFR+", "LiteEFG", lite_efg("PCFR", "linear-avg-iterate")),
    Contestant("OpenSpiel, CFR", "pyspiel", open_spiel("CFRSolver")),
    Contestant("OpenSpiel, CFR+", "pyspiel", open_spiel("CFRPlusSolver")),
]  # fmt: skip
MATRICES = [
    *TREES,
    Contestant("QuantEcon, fictitious play", "quantecon", quantecon),
    Contestant("Nashpy, fictitious play", "nashpy", nashpy),
]
