"""Find an equilibrium of a game, with the gap that certifies it, in the payoffs of the file.

Zero-sum games by linear programming, bimatrix games by pure strategies and the method of Lemke and
Howson, games of more players by pure strategies and paths of logit equilibria, Markov games by
backward induction, discounted zero-sum games by policy iteration, other discounted and stochastic
games by a path of logit responses to traced beliefs. Extensive games with perfect
recall by a linear program in sequence form (two players of constant sum), by backward induction
(where everybody sees everything), else by their strategic form.
"""

import argparse
import json
from typing import Any

from metanash.commands import stochastic, trees
from metanash.commands.inputs import SCHEMA, add_game, described, head, read
from metanash.solution.entry import solve_loaded
from metanash.solution.files import Loaded, LoadedStochastic, LoadedTree
from metanash.solution.result import Solution, shown

__all__ = ["add_arguments", "run"]

_EXAMPLES = """\
  metanash solve chicken.nfg
  metanash solve kuhn.efg
  metanash solve payoffs.csv             a matrix: zero-sum, payoffs of the row player
  metanash solve games.npz --game 3      the fourth game of several
  metanash solve game.gam --json | jq .games[0].gap
  echo '[[3, -1], [-1, 1]]' | metanash solve - --format json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the game, which one of several, and the form of the output.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["games.npz", "--game", "3", "--json"]).game
    3
    """
    add_game(parser, _EXAMPLES)
    parser.add_argument("--game", type=int, metavar="K", help="of a file with several games: this one, from 0")
    parser.add_argument("--json", action="store_true", help="print JSON (docs/command.md says what stands in it)")


def run(options: argparse.Namespace) -> int:
    r"""Print the equilibria; ValueError and ArithmeticError say why there are none.

    Examples
    --------
    >>> from pathlib import Path
    >>> from metanash.cli import main
    >>> _ = Path("game.csv").write_text("0,2\n3,1\n")
    >>> main(["solve", "game.csv"])
    game.csv: strategic, constant sum, 2 x 2 actions
    zero-sum game, value 1.5 to player 1, NE-gap 0
    player 1  0.5       0.5
    player 2  0.25      0.75
    by the simplex method
    0
    """
    loaded = read(options)
    if isinstance(loaded, LoadedTree):
        loaded.check_number(options.game)
        return _tree(options, loaded)
    if isinstance(loaded, LoadedStochastic):
        loaded.check_number(options.game)
        return stochastic.solve(options, loaded)
    wanted = range(len(loaded.games)) if options.game is None else [options.game]
    solutions = [(k, solve_loaded(loaded, k)) for k in wanted]
    if options.json:
        found = [_entry(loaded, k, solution) for k, solution in solutions]
        print(json.dumps({"schema": SCHEMA, "command": "solve", "file": str(loaded.path), "games": found}, indent=1))
    elif len(solutions) == 1:
        ((k, solution),) = solutions
        print(head(loaded, k), solution, sep="\n")
    else:
        _table(loaded, solutions)
    return 0


def _tree(options: argparse.Namespace, loaded: LoadedTree) -> int:
    solution = solve_loaded(loaded, zero_sum=options.zero_sum)
    if not options.json:
        print(trees.head(loaded), solution, sep="\n")
        return 0
    entry = {
        **trees.described(loaded),
        **_found(solution),
        "policies": trees.sets_in_json(loaded.game.players, solution.policies),
    }
    print(json.dumps({"schema": SCHEMA, "command": "solve", "file": str(loaded.path), "games": [entry]}, indent=1))
    return 0


def _found(solution: Solution) -> dict[str, Any]:
    return {
        "zero_sum": solution.is_zero_sum,
        "value": solution.value if isinstance(solution.value, float) else solution.value.tolist(),
        "gap": solution.gap,
        "method": solution.method,
    }


def _entry(loaded: Loaded, number: int, solution: Solution) -> dict[str, Any]:
    return {
        **described(loaded, number),
        **_found(solution),
        "policies": [policy.tolist() for policy in solution.policies],
    }


def _table(loaded: Loaded, solutions: list[tuple[int, Solution]]) -> None:
    """A line a game."""
    print(f"{loaded.path}: {len(solutions)} games; --game K prints the policies of one, --json those of all")
    print(f"{'game':>5s}  {'NE-gap':8s}  value")
    for k, solution in solutions:
        values = [solution.value] if isinstance(solution.value, float) else solution.value.tolist()
        name = f"  {loaded.games[k].name}" * bool(loaded.games[k].name)
        print(f"{k:5d}  {solution.gap:<8.2g}  {'  '.join(map(shown, values))}{name}")
