"""Learn a game by play, and say how the gap of what is learned falls.

Zero-sum games by predictive regret matching+ or Algorithm 1 (optimistic_mirror_descent), general-sum
games by Algorithm 2 (correlated_mirror_descent), whose output is a correlated policy with a CCE-gap,
discounted games by projected Q-ascent, which is for potential games, extensive games by predictive
regret matching+ at every information set (predictive_cfr) or mirror descent. Gaps are exact; `metanash solve`
finds an equilibrium outright where it can.
"""

import argparse
import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from metanash.commands import stochastic, trees
from metanash.commands.inputs import SCHEMA, add_game, described, head, read
from metanash.commands.progress import watched
from metanash.games import DiscountedGame, Game, MarkovGame, ZeroSumGame
from metanash.learners import LEARNERS, checkpoints, learn
from metanash.solution.files import LoadedStochastic, LoadedTree
from metanash.solution.result import cells, policy_rows
from metanash.typing import Integers

__all__ = ["add_arguments", "run"]

_EXAMPLES = """\
  metanash learn pennies.nfg
  metanash learn chicken.nfg --iterations 10000 --rate 0.05
  metanash learn games.npz --game 2 --learner optimistic_mirror_descent --plot gap.png --json"""
_DEFAULT: dict[type[Game], str] = {
    ZeroSumGame: "regret_matching",
    MarkovGame: "correlated_mirror_descent",
    DiscountedGame: "projected_q_ascent",
}
_RATES = {
    "regret_matching": 10.0,
    "projected_q_ascent": 0.01,
    "softmax_gradient": 0.1,
    "v_learning": 1.0,
    "swap_v_learning": 1.0,
    "sampled_q_ascent": 0.001,
}
_RATE = 0.2
_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the game, learner, iterations, rate, and the forms of the output.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["game.csv", "-T", "50", "--learner", "regret_matching"]).iterations
    50
    """
    add_game(parser, _EXAMPLES)
    parser.add_argument("--game", type=int, default=0, metavar="K", help="which game of a file with several; default 0")
    parser.add_argument(
        "--learner", choices=sorted({**LEARNERS, **trees.LEARNERS}), help="default: the one for the class of the game"
    )
    parser.add_argument("--iterations", "-T", type=int, default=1000, metavar="T", help="default 1000")
    parser.add_argument("--rate", type=float, help="learning rate or step size; the default depends on the learner")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the gap against iterations (wants matplotlib)")
    parser.add_argument(
        "--quiet", "-q", action="store_true", help="no progress bar (there is one on a terminal, by the package rich)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON (docs/command.md says what stands in it)")


def run(options: argparse.Namespace) -> int:
    r"""Print the gap at checkpoints and the policy; ValueError says what is wrong with game or options.

    Examples
    --------
    >>> from metanash.cli import main
    >>> _ = Path("game.csv").write_text("2,0\n0,1\n")
    >>> main(["learn", "game.csv", "--iterations", "2"])
    game.csv: strategic, constant sum, 2 x 2 actions
    regret_matching, rate 10; NE-gap in payoffs
     iteration  gap
             1  1
             2  0.164
    player 1
                0.319149  0.680851
    player 2
                0.401157  0.598843
    0
    """
    loaded = read(options)
    if isinstance(loaded, LoadedTree):
        loaded.check_number(options.game)
        return _tree(options, loaded)
    if isinstance(loaded, LoadedStochastic):
        raise stochastic.refused(loaded, "learn")
    if options.learner in trees.LEARNERS:
        raise ValueError(f"{loaded.path} is no extensive game; {options.learner} learns those only")
    game = loaded.game(options.game)
    loaded.check_rewards("learning")
    name = options.learner or _DEFAULT[type(game)]
    rate = options.rate if options.rate is not None else _RATES.get(name, _RATE)
    with watched(LEARNERS[name](rate), name, options.iterations, quiet=options.quiet) as learner:
        done = learn(game, learner, options.iterations)
    concept = next(iter(done.measures)).partition("_")[0]  # what a learner is about comes first: ne, cce or ce
    measure = next(name for name in (f"{concept}_gap", f"{concept}_gap_bound") if name in done.measures)
    words = f"{concept.upper()}-gap" + ", an upper bound" * measure.endswith("_bound")
    scales = set(loaded.units.scale)
    unit, scale = ("payoffs", scales.pop()) if len(scales) == 1 else ("parts of each player's range of payoffs", 1.0)
    gap = np.maximum(scale * done.measures[measure][0], 0.0)
    policies = [part[0] for part in done.policy] if measure == "ne_gap" else None
    if loaded.strategic and policies is not None:
        policies = [part[0, 0] for part in policies]
    if options.plot is not None:
        _plot(options.plot, done.checkpoints, gap, f"{words} ({unit})", head(loaded, options.game))
    if options.json:
        found = {
            "schema": SCHEMA, "command": "learn", "file": str(loaded.path), **described(loaded, options.game),
            "learner": name, "learning_rate": rate, "iterations": options.iterations, "measure": measure, "unit": unit,
            "checkpoints": done.checkpoints.tolist(), "gaps": gap.tolist(), "gap": float(gap[-1]),
            "policies": None if policies is None else [part.tolist() for part in policies],
        }  # fmt: skip
        print(json.dumps(found, indent=1))
        return 0
    _table(head(loaded, options.game), done.checkpoints, gap, f"{name}, rate {rate:g}; {words} in {unit}")
    for i, policy in enumerate(policies or []):
        print(f"player {i + 1}")
        for label, row in policy_rows(policy):
            print(f"  {label:9s} {cells(row)}")
    return 0


def _tree(options: argparse.Namespace, loaded: LoadedTree) -> int:
    """Learn an extensive game."""
    name = options.learner or next(iter(trees.LEARNERS))
    done, how = trees.learned(loaded, name, options.rate, options.iterations, quiet=options.quiet)
    gap = np.maximum(done.measures["ne_gap"], 0.0)
    players, title = loaded.game.players, trees.head(loaded)
    if options.plot is not None:
        _plot(options.plot, done.checkpoints, gap, "NE-gap (payoffs)", title)
    if options.json:
        found = {
            "schema": SCHEMA, "command": "learn", "file": str(loaded.path), **trees.described(loaded),
            "learner": name, "learning_rate": options.rate, "iterations": options.iterations, "measure": "ne_gap",
            "unit": "payoffs", "checkpoints": done.checkpoints.tolist(), "gaps": gap.tolist(), "gap": float(gap[-1]),
            "policies": trees.sets_in_json(players, done.average),
        }  # fmt: skip
        print(json.dumps(found, indent=1))
        return 0
    _table(title, done.checkpoints, gap, f"{how}; NE-gap of the average strategies in payoffs")
    trees.rows(players, done.average)
    return 0


def _table(title: str, at: Integers, gap: Any, what: str) -> None:
    """The gap at some of the checkpoints."""
    print(title, what, f"{'iteration':>10s}  gap", sep="\n")
    kept = set(checkpoints(int(at[-1]), _SHOWN).tolist())
    near = {int(np.abs(at - t).argmin()) for t in kept}
    for k in sorted(near):
        print(f"{at[k]:10d}  {gap[k]:.3g}")


def _plot(path: Path, at: Integers, gap: Any, label: str, title: str) -> None:
    """Draw the gap on logarithmic axes."""
    try:
        pyplot = importlib.import_module(
            "matplotlib.pyplot"
        )  # the library does without it; who asks for a plot may not
    except ModuleNotFoundError as error:
        raise ValueError(
            f"--plot draws with matplotlib, which is not installed ({error}); pip install matplotlib"
        ) from error
    figure, axes = pyplot.subplots(figsize=(5, 3.2), layout="constrained")
    positive = gap > 0.0
    axes.loglog(at[positive], gap[positive], marker=".")
    axes.set(xlabel="iterations", ylabel=label, title=title)
    axes.title.set_fontsize(8)
    figure.savefig(path, dpi=200)
    pyplot.close(figure)
