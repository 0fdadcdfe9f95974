"""Stochastic games in the commands: solve and gap, and how they are told; learn and convert refuse them."""

import argparse
import json
from typing import Any

import numpy as np

from metanash.commands.gains import tell
from metanash.commands.inputs import SCHEMA
from metanash.solution.entry import solve_loaded
from metanash.solution.files import LoadedStochastic
from metanash.stochastic import certify_policies

__all__ = ["described", "gap", "head", "refused", "solve"]


def head(loaded: LoadedStochastic) -> str:
    """Title, discounts and sizes of a game in a line.

    Examples
    --------
    >>> from pathlib import Path
    >>> from metanash import StochasticGame
    >>> head(LoadedStochastic(Path("game.npz"), StochasticGame([[[1.0, 2.0]]], [[[0.5], [1.0]]], 0.9)))
    'game.npz: stochastic, general sum, discount 0.9, may end, 1 state, 2 actions'
    """
    game = loaded.game
    discounts = sorted(set(game.discounts.tolist()))
    several = "discounts " if len(discounts) > 1 else "discount "
    parts = [game.name] * bool(game.name) + ["stochastic", "general sum"]
    parts.append(several + ", ".join(f"{d:g}" for d in (game.discounts.tolist() if len(discounts) > 1 else discounts)))
    parts += ["may end"] * game.can_end
    parts.append(f"{game.n_states} state{'s' * (game.n_states > 1)}")
    same = len(set(game.n_actions)) == 1
    parts.append(("" if same else "at most ") + " x ".join(map(str, game.most_actions)) + " actions")
    return f"{loaded.path}: {', '.join(parts)}"


def described(loaded: LoadedStochastic) -> dict[str, Any]:
    """What ``--json`` says of a game: ``discount`` is a list, and so are the actions of each state.

    Examples
    --------
    >>> from pathlib import Path
    >>> from metanash import StochasticGame
    >>> game = StochasticGame([[[1.0, 2.0]], [[0.0]]], [[[0.5, 0.0], [0.0, 1.0]], [[0.0, 1.0]]], 0.9)
    >>> said = described(LoadedStochastic(Path("game.npz"), game))
    >>> said["actions"], said["actions_by_state"], said["discount"], said["may_end"]
    ([2], [[2], [1]], [0.9], True)
    """
    game = loaded.game
    return {
        "game": 0, "name": game.name, "players": game.n_players, "actions": list(game.most_actions),
        "states": game.n_states, "steps": None, "discount": game.discounts.tolist(),
        "actions_by_state": [list(sizes) for sizes in game.n_actions], "may_end": game.can_end,
    }  # fmt: skip


def solve(options: argparse.Namespace, loaded: LoadedStochastic) -> int:
    """Print an equilibrium; ArithmeticError says why there is none.

    Examples
    --------
    The better action pays 2 a step, which are 4 in all at a discount of one half.

    >>> from pathlib import Path
    >>> from metanash import StochasticGame
    >>> loaded = LoadedStochastic(Path("game.npz"), StochasticGame([[[1.0, 2.0]]], np.ones((1, 2, 1)), 0.5))
    >>> _ = solve(argparse.Namespace(game=None, json=False), loaded)
    game.npz: stochastic, general sum, discount 0.5, 1 state, 2 actions
    general-sum game, payoffs 4, NE-gap 0
    player 1  s=0  0         1
    by a path of logit responses and Newton's method
    """
    if options.game not in {None, 0}:
        raise ValueError(f"{loaded.path} has no game {options.game}; it holds one, game 0")
    solution = solve_loaded(loaded)
    if not options.json:
        print(head(loaded), solution, sep="\n")
        return 0
    entry = {
        **described(loaded), "zero_sum": False, "value": np.asarray(solution.value).tolist(), "gap": solution.gap,
        "method": solution.method, "policies": [policy.tolist() for policy in solution.policies],
    }  # fmt: skip
    print(json.dumps({"schema": SCHEMA, "command": "solve", "file": str(loaded.path), "games": [entry]}, indent=1))
    return 0


def gap(options: argparse.Namespace, loaded: LoadedStochastic, given: list[Any]) -> int:
    """Print payoffs from the initial distribution and proven gains; ValueError names what is wrong with policies.

    Examples
    --------
    At a discount of one half the worse action, of 1 a step, is worth 2 in all, and the better one 4.

    >>> from pathlib import Path
    >>> from metanash import StochasticGame
    >>> loaded = LoadedStochastic(Path("game.npz"), StochasticGame([[[1.0, 2.0]]], np.ones((1, 2, 1)), 0.5))
    >>> _ = gap(argparse.Namespace(policies="policies.json", json=False), loaded, [[[1.0, 0.0]]])
    game.npz: stochastic, general sum, discount 0.5, 1 state, 2 actions
              payoff        gain by a best response, from the state where it is largest
    player 1  2             2
    NE-gap 2, the largest
    """
    try:
        proof = certify_policies(loaded.game, given)
    except ValueError as error:
        raise ValueError(f"{options.policies}: {error}; players, states and actions are numbered from 0") from error
    payoffs, gains = (proof.values @ loaded.game.initial).tolist(), proof.gains.max(axis=1).tolist()
    tell(
        options, loaded.path, head(loaded), described(loaded), payoffs, gains,
        zero_sum=False, where=", from the state where it is largest",
    )  # fmt: skip
    return 0


def refused(loaded: LoadedStochastic, by: str) -> ValueError:
    """What a command says that does not take stochastic games.

    Examples
    --------
    >>> from pathlib import Path
    >>> from metanash import StochasticGame
    >>> game = StochasticGame([[[1.0, 2.0]]], np.ones((1, 2, 1)), 0.5)
    >>> print(refused(LoadedStochastic(Path("game.npz"), game), "learn"))
    game.npz is a stochastic game of general sum, which metanash learn does not take; ...
    """
    return ValueError(
        f"{loaded.path} is a stochastic game of general sum, which metanash {by} does not take; metanash solve and "
        "metanash gap do"
    )
