"""Stationary equilibria of drawn stochastic games: how many are found, how good and in what time.

``./do bench-stochastic`` writes ``benchmarks/results/stochastic.csv``, a row a game, and prints counts and quantiles.
With ``--peer PYTHON``, an interpreter that can import sgamesolver 1.0.2 (NumPy below 2), its logarithmic tracing solves
the same games, and its policies are judged by the same certificate. Times are processor times on one thread.
"""

import argparse
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from metanash.solution.stochastic import stationary_equilibrium
from metanash.stochastic import StochasticGame, certify_policies, write_stochastic
from metanash.streams import stream

RESULTS = Path(__file__).parent / "results"
PEER = Path(__file__).parent / "peers" / "sgames.py"
GOOD, PEER_GOOD = 1e-12, 1e-5
"""Gaps that count as solved, in parts of the range of what a player may be paid: ours and the peer's."""
TYPICAL = 100
"""Games of 2 players, 5 states and 3 actions, by which the time is told."""
Row = dict[str, str | float]


def drawn_game(number: int) -> StochasticGame:
    """A game of 2 to 4 players, 1 to 10 states, discounts between .5 and .99 that differ between players.

    Most actions are 2 to 5. Every second game has that many in all states, the others 1 up to that many; every third
    may end after each joint action with a probability of up to a half.
    """
    draw = stream("bench", "stochastic", number)
    players, states, most = (int(draw.integers(low, high + 1)) for low, high in ((2, 4), (1, 10), (2, 5)))
    return _game(draw, players, states, most, even=number % 2 == 0, ends=number % 3 == 0)


def typical_game(number: int) -> StochasticGame:
    """A game of 2 players, 5 states and 3 actions, with discounts of .9."""
    game = _game(stream("bench", "stochastic", "typical", number), 2, 5, 3, even=True, ends=False)
    return StochasticGame(game.rewards, game.transitions, 0.9)


def _game(draw: np.random.Generator, players: int, states: int, most: int, *, even: bool, ends: bool) -> StochasticGame:
    counts = np.full((states, players), most) if even else draw.integers(1, most + 1, (states, players))
    rewards, transitions = [], []
    for sizes in counts.tolist():
        rewards.append(draw.uniform(size=(players, *sizes)))
        chance = draw.dirichlet(np.ones(states), size=tuple(sizes))
        transitions.append(chance * (1.0 - 0.5 * draw.uniform(size=(*sizes, 1)) * ends))
    return StochasticGame(rewards, transitions, draw.uniform(0.5, 0.99, players))


def relative_gap(game: StochasticGame, policies: list[np.ndarray]) -> float:
    """Largest proven gain, in parts of what each player may be paid in all."""
    ranges = np.where(game.ranges > 0.0, game.ranges, 1.0)  # 0 of a player who is always paid the same
    return float((certify_policies(game, policies).gains / ranges[:, np.newaxis]).max())


class LateError(Exception):
    """A game takes longer than it may."""


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise LateError after so many seconds."""

    def late(*_: object) -> None:
        raise LateError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def described(kind: str, number: int, game: StochasticGame) -> Row:
    return {
        "kind": kind, "number": number, "players": game.n_players, "states": game.n_states,
        "actions": max(game.most_actions), "least_discount": float(game.discounts.min()),
        "largest_discount": float(game.discounts.max()), "may_end": float(game.can_end),
    }  # fmt: skip


def made(kind: str, number: int) -> StochasticGame:
    return typical_game(number) if kind == "typical" else drawn_game(number)


def measured(limit: int, named: tuple[str, int]) -> Row:
    """The row of a game."""
    game = made(*named)
    with threadpool_limits(limits=1):
        return described(*named, game) | solved(game, limit)


def solved(game: StochasticGame, limit: int) -> Row:
    """Time, gap and number of the path; an error instead of the gap if there is no solution."""
    start = time.process_time()
    try:
        with limited(limit):
            found = stationary_equilibrium(game)
    except (ArithmeticError, LateError) as error:
        return {"seconds": time.process_time() - start, "error": str(error)}
    seconds = time.process_time() - start
    path = re.search(r"path (\d+)$", found.method)
    return {"seconds": seconds, "gap": relative_gap(game, [*found.policies]), "path": int(path[1]) if path else 1}


def by_peer(python: Path, games: list[StochasticGame], limit: int) -> list[Row]:
    """What sgamesolver finds, in a process of its own."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for k, game in enumerate(games):
            write_stochastic(Path(folder, f"{k}.npz"), game)
        subprocess.run([python, PEER, folder, str(len(games)), str(limit)], check=True)
        for k, game in enumerate(games):
            with np.load(Path(folder, f"{k}-found.npz")) as found:
                row: Row = {"peer_seconds": float(found["seconds"]), "peer_error": str(found["error"])}
                if not row["peer_error"]:
                    row["peer_gap"] = relative_gap(game, [found[f"policy_{i}"] for i in range(game.n_players)])
            rows.append(row)
    return rows


def report(table: pd.DataFrame) -> str:
    """Counts and quantiles by kind and number of players, and on the games of the peer those of both."""
    lines = []
    for (kind, players), part in table.groupby(["kind", "players"]):
        lines.append(_line(f"{kind}, {players} players", part, "", GOOD))
        if "peer_seconds" in part:
            shared = part.dropna(subset="peer_seconds")
            lines += [_line("  of these", shared, "", GOOD), _line("  sgamesolver on them", shared, "peer_", PEER_GOOD)]
    tries = table["path"].value_counts().sort_index()
    lines.append("paths: " + ", ".join(f"{count} by number {int(path)}" for path, count in tries.items()))
    return "\n".join(lines)


def _line(name: str, part: pd.DataFrame, prefix: str, good: float) -> str:
    gaps, seconds = part[f"{prefix}gap"], part[f"{prefix}seconds"] * 1e3
    middle, high, most = (float(seconds.quantile(q)) for q in (0.5, 0.9, 1.0))
    return (
        f"{name:21s} {int((gaps <= good).sum()):3d} of {len(part):3d} to {good:g}, largest gap {gaps.max():.1e}; "
        f"ms: median {middle:.0f}, 90 % {high:.0f}, most {most:.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--games", type=int, default=600, help="drawn games of all sizes")
    parser.add_argument("--limit", type=int, default=300, help="seconds that a game may take")
    parser.add_argument("--processes", type=int, default=1, help="games that are solved at once")
    parser.add_argument("--peer", type=Path, metavar="PYTHON", help="an interpreter that has sgamesolver 1.0.2")
    parser.add_argument("--peer-games", type=int, default=150, help="how many of the drawn games the peer gets")
    parser.add_argument("--to", type=Path, default=RESULTS, help="folder for what is written")
    options = parser.parse_args()
    names = [("typical", k) for k in range(min(TYPICAL, options.games))]
    met = len(names) + options.peer_games
    names += [("drawn", k) for k in range(options.games)]
    with ThreadPoolExecutor(1) as aside, ProcessPoolExecutor(options.processes) as pool:
        peer = options.peer and aside.submit(by_peer, options.peer, [made(*n) for n in names[:met]], options.limit)
        rows = list(pool.map(partial(measured, options.limit), names))
        found = peer.result() if peer else []
    rows = [row | other for row, other in zip(rows, found + [{}] * (len(rows) - len(found)), strict=True)]
    for row in rows:
        if row.get("error"):
            print(f"{row['kind']} game {row['number']}: {row['error']}")
    table = pd.DataFrame(rows)
    options.to.mkdir(parents=True, exist_ok=True)
    table.to_csv(options.to / "stochastic.csv", index=False, float_format="%.4g")
    print(report(pd.read_csv(options.to / "stochastic.csv")))


if __name__ == "__main__":
    main()
