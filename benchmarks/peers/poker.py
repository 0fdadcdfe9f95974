"""Counterfactual regret minimisation on Kuhn and Leduc poker, here and in other packages.

``python -m benchmarks.peers.poker`` in an environment with OpenSpiel and LiteEFG (``.venv-peers`` of
``./do bench-peers``) writes ``benchmarks/results/poker.csv``. All have OpenSpiel's games (LiteEFG: written as .efg),
whose tree of Leduc poker tells suits apart: 5,520 terminals. They run in turns, in one process and on one thread; what
counts is processor time, for an iteration that of the fastest round. Gaps are worked out by
:func:`metanash.extensive.ne_gap`.
"""

import argparse
import contextlib
import csv
import importlib
import io
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from importlib.util import find_spec
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from benchmarks.peers.contest import Session
from benchmarks.peers.trees import set_number
from metanash import kernels
from metanash.extensive import DilatedMirrorDescent, ExtensiveGame, PredictiveCFR, ne_gap, read_extensive

RESULTS = Path(__file__).parents[1] / "results" / "poker.csv"
GAMES = {"kuhn_poker": 2.0, "leduc_poker": 2.0}
"""Antes of both players together: the pot."""
SHARE = 1e-3
"""Of the pot: the NE-gap that is waited for."""
REPEATS = 5
"""Runs until then, of which the median counts."""
LONGEST = 8.0
"""Seconds after which a contestant is waited for no longer."""


class Poker:
    """A game of OpenSpiel, and the same game here."""

    def __init__(self, name: str) -> None:
        import pyspiel

        self.peer, self.labels = pyspiel.load_game(name), dict[str, str]()  # by information states
        self.of = {1: 0, 2: 0}  # sets of a player so far
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "game.efg"
            self.text = self._written()
            path.write_text(self.text)
            self.game: ExtensiveGame = read_extensive(path)

    def _written(self) -> str:
        """The tree as an .efg file; information sets are labelled by player and number."""
        lines, count = ['EFG 2 R "game" { "1" "2" } ""'], 0

        def write(state: Any) -> None:
            nonlocal count
            count += 1
            if state.is_terminal():
                lines.append(f't "" {count} "" {{ {" ".join(str(Fraction(worth)) for worth in state.returns())} }}')
                return
            actions = state.legal_actions()
            if state.is_chance_node():
                drawn = " ".join(f'"{action}" 1/{len(actions)}' for action in actions)  # cards are as likely
                lines.append(f'c "" {count} "" {{ {drawn} }} 0')
            else:
                player, known = state.current_player() + 1, len(self.labels)
                label = self.labels.setdefault(state.information_state_string(), f"{player}:{self.of[player] + 1}")
                self.of[player] += len(self.labels) - known
                listed = " ".join(f'"{action}"' for action in actions)
                lines.append(f'p "" {player} {label[2:]} "{label}" {{ {listed} }} 0')
            for action in actions:
                write(state.child(action))

        write(self.peer.new_initial_state())
        return "\n".join([*lines, ""])

    def gap(self, laws: Mapping[str, Iterable[float]]) -> float:
        """NE-gap of probabilities by labels of information sets, in the order of actions."""
        strategies = []
        for plex in self.game.players:
            part = np.ones(plex.n_sequences)
            for label, first, n in zip(plex.labels, plex.first, plex.n_actions, strict=True):
                weights = np.array([*laws[label]])
                part[first : first + n] = weights / weights.sum()
            strategies.append(part)
        return float(ne_gap(self.game, strategies))


def metanash(learner: PredictiveCFR | DilatedMirrorDescent) -> Callable[[Poker], Session]:
    """A learner of this package; its average."""

    def start(poker: Poker) -> Session:
        game, state = poker.game, learner.start(poker.game)

        def advance(iterations: int) -> None:
            nonlocal state
            state = learner.advance(game, state, iterations)

        return Session(advance, lambda: float(ne_gap(game, learner.output(game, state))))

    return start


def open_spiel(poker: Poker) -> Session:
    """CFR+ in C++; its average."""
    import pyspiel

    solver = pyspiel.CFRPlusSolver(poker.peer)

    def advance(iterations: int) -> None:
        for _ in range(iterations):
            solver.evaluate_and_update_policy()

    def gap() -> float:
        policy = solver.average_policy()
        return poker.gap({
            label: [chance for _, chance in sorted(policy.action_probabilities(name).items())]
            for name, label in poker.labels.items()
        })  # fmt: skip

    return Session(advance, gap)


def lite_efg(algorithm: str) -> Callable[[Poker], Session]:
    """A baseline of LiteEFG; its linear average."""

    def start(poker: Poker) -> Session:
        import LiteEFG
        import pyspiel

        LiteEFG.set_threads(1)
        with contextlib.redirect_stdout(io.StringIO()):
            environment = LiteEFG.OpenSpielEnv(pyspiel.load_efg_game(poker.text), regenerate=True)
            graph = importlib.import_module(f"LiteEFG.baselines.{algorithm}").graph()
        environment.set_graph(graph)

        def advance(iterations: int) -> None:
            for _ in range(iterations):
                graph.update_graph(environment)
                environment.update_strategy(graph.current_strategy())

        def gap() -> float:
            native = super(LiteEFG.OpenSpielEnv, environment)
            laws = {
                f"{player}:{set_number(unquote(name))}": row
                for player in (1, 2)
                for name, row in native.get_strategy(player, graph.current_strategy(), "linear-avg-iterate")
            }
            return poker.gap(laws)

        return Session(advance, gap)

    return start


CONTESTANTS: dict[str, Callable[[Poker], Session]] = {
    "metanash, PCFR+": metanash(PredictiveCFR()),
    "metanash, PCFR+, at once": metanash(PredictiveCFR(alternating=False)),
    "metanash, mirror descent": metanash(DilatedMirrorDescent(50.0, "quadratic")),
    "LiteEFG, CFR+": lite_efg("CFRplus"),
    "LiteEFG, predictive CFR+": lite_efg("PCFR"),
    "OpenSpiel, CFR+": open_spiel,
}


def per_iteration(poker: Poker, rounds: int, seconds: float) -> dict[str, float]:
    """Seconds of an iteration, by contestant: the least of rounds of so many seconds or of one iteration."""
    sessions = {name: start(poker) for name, start in CONTESTANTS.items()}
    share, best = dict.fromkeys(sessions, 1), dict.fromkeys(sessions, float("inf"))
    for _ in range(rounds):
        for name, session in sessions.items():
            begin = time.process_time()
            session.advance(share[name])
            best[name] = min(best[name], (time.process_time() - begin) / share[name])
            share[name] = max(1, int(seconds / best[name]))
    return best


def until(poker: Poker, name: str, target: float) -> tuple[int, float, float]:
    """Iterations, seconds that they took and the gap then, at the first of times 2^(k / 4) where it is small enough."""
    session, done, spent, gap = CONTESTANTS[name](poker), 0, 0.0, float("inf")
    for k in range(100):
        more = int(2 ** (k / 4)) - done
        if more:
            begin = time.process_time()
            session.advance(more)
            spent, done = spent + time.process_time() - begin, done + more
            gap = session.gap()
        if gap <= target or spent > LONGEST:
            break
    return done, spent, gap


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.05, help="of a contestant and a round")
    arguments = parser.parse_args()
    if missing := [name for name in ("pyspiel", "LiteEFG") if find_spec(name) is None]:
        print(f"poker: left out, since {' and '.join(missing)} could not be installed")
        return
    rows = []
    for name, pot in GAMES.items():
        poker = Poker(name)
        print(f"{name}: {poker.game.n_terminals} terminals, {sum(poker.game.n_sets)} information sets")
        times = per_iteration(poker, arguments.rounds, arguments.seconds)
        for contestant, seconds in times.items():
            runs = [until(poker, contestant, SHARE * pot) for _ in range(REPEATS)]
            done, spent, gap = sorted(runs, key=itemgetter(1))[REPEATS // 2]
            ratio = seconds / times["metanash, PCFR+"]
            rows.append(
                {
                    "game": name,
                    "contestant": contestant,
                    "microseconds": f"{1e6 * seconds:.4g}",
                    "ratio": f"{ratio:.4g}",
                    "iterations_to_gap": done if gap <= SHARE * pot else "",
                    "milliseconds_to_gap": f"{1e3 * spent:.4g}" if gap <= SHARE * pot else "",
                    "isa": kernels.instruction_set,
                }
            )
            reached = f"{done:7d} iterations, {1e3 * spent:9.2f} ms to a gap of {gap:.2e}"
            print(f"  {contestant:26s} {1e6 * seconds:10.3f} us  x {ratio:8.1f}  {reached}")
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
