"""Extensive games that are no Markov games, in the commands: solve, gap, learn, convert, and how they are told."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from metanash.commands.inputs import SCHEMA
from metanash.commands.progress import watched
from metanash.extensive import (
    DilatedMirrorDescent,
    PredictiveCFR,
    Treeplex,
    certify,
    learn_extensive,
    strategic_form,
    write_efg,
)
from metanash.extensive.exact import is_constant_sum
from metanash.extensive.learners import ExtensiveLearner
from metanash.solution.files import LoadedTree
from metanash.solution.result import ROWS, at_sets, shown
from metanash.typing import Floats, Policies

__all__ = ["LEARNERS", "described", "gap", "head", "learned", "rows", "sets_in_json", "strategic", "write"]

LEARNERS = {"predictive_cfr": PredictiveCFR, "dilated_mirror_descent": DilatedMirrorDescent}
"""Learners of extensive games by name; the first is the default."""


def head(loaded: LoadedTree) -> str:
    """Title, players and sizes of a tree in a line."""
    game = loaded.game
    title = [game.name] * bool(game.name)
    sets = " + ".join(map(str, game.n_sets))
    parts = [*title, "extensive", f"{game.n_players} players", f"{sets} information sets", f"{game.n_terminals} ends"]
    return f"{loaded.path}: {', '.join(parts)}"


def described(loaded: LoadedTree) -> dict[str, Any]:
    """What ``--json`` says of a tree; entries of games with states are null."""
    game = loaded.game
    return {
        "game": 0, "name": game.name, "players": game.n_players, "actions": None, "states": None, "steps": None,
        "discount": None,
        "information_sets": list(game.n_sets), "terminals": game.n_terminals,
    }  # fmt: skip


def sets_in_json(players: tuple[Treeplex, ...], strategies: Policies) -> list[list[dict[str, Any]]]:
    """For each player a list of its information sets, each with the names and the probabilities of its actions."""
    return [
        [
            {"information_set": name, "actions": list(actions), "probabilities": row.tolist()}
            for name, actions, row in at_sets(plex, strategy)
        ]
        for plex, strategy in zip(players, strategies, strict=True)
    ]


def rows(players: tuple[Treeplex, ...], strategies: Policies) -> None:
    """Print strategies, a line for each information set; of many the first ones."""
    for i, (plex, strategy) in enumerate(zip(players, strategies, strict=True)):
        sets = [*at_sets(plex, strategy)]
        print(f"player {i + 1} {plex.name}".rstrip())
        for name, actions, row in sets[:ROWS]:
            print(f"  {name}  {'  '.join(f'{a} {shown(p)}' for a, p in zip(actions, row.tolist(), strict=True))}")
        if len(sets) > ROWS:
            print(f"  ... {len(sets) - ROWS} more information sets; --json has all")


def gap(options: argparse.Namespace, loaded: LoadedTree, given: list[Any]) -> int:
    """Print payoffs and gains of strategies; ValueError names what is wrong with them."""
    game = loaded.game
    if len(given) != game.n_players:
        raise ValueError(
            f"{options.policies}: there is one list for each player, {game.n_players} in all; found {len(given)}"
        )
    strategies = [_strategy(options.policies, i, *pair) for i, pair in enumerate(zip(game.players, given, strict=True))]
    try:
        proof = certify(game, strategies)
    except ValueError as error:
        raise ValueError(f"{options.policies}: {error}") from error
    gains, payoffs = [*map(float, proof.gains)], [*map(float, proof.values)]
    zero_sum = is_constant_sum(game)
    total = sum(gains) if zero_sum else max(gains)
    if options.json:
        found = {
            "schema": SCHEMA, "command": "gap", "file": str(loaded.path), "policies": str(options.policies),
            **described(loaded), "zero_sum": zero_sum, "payoffs": payoffs, "gains": gains, "gap": total,
        }  # fmt: skip
        print(json.dumps(found, indent=1))
        return 0
    print(head(loaded))
    print(f"{'':10s}{'payoff':14s}gain by a best response")
    for i, (payoff, gain) in enumerate(zip(payoffs, gains, strict=True)):
        print(f"{f'player {i + 1}':10s}{shown(payoff):14s}{gain:.6g}")
    print(f"NE-gap {total:.6g}, {'the sum of both' if zero_sum else 'the largest'}")
    return 0


def _strategy(path: Path, player: int, plex: Treeplex, given: Any) -> Floats:
    """Behaviour strategy (S,) of a list of information sets, in any order, or of probabilities by sequences."""
    who = f"{path}: the policy of player {player + 1}"
    if isinstance(given, list | np.ndarray) and not any(isinstance(part, dict) for part in given):
        try:
            flat = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{who} must be a list of information sets, or of numbers ({error})") from error
        if flat.shape != (plex.n_sequences - 1,):
            raise ValueError(
                f"{who} must have {plex.n_sequences - 1} probabilities, one for each action of its information sets"
            )
        return np.append(1.0, flat)
    if not isinstance(given, list) or len(given) != plex.n_sets:
        raise ValueError(f"{who} must have {plex.n_sets} information sets, as metanash solve --json prints them")
    strategy, left = plex.uniform(), [*enumerate(zip(plex.labels, plex.actions, strict=True))]
    for entry in given:
        name = entry.get("information_set") if isinstance(entry, dict) else None
        names, chances = (entry.get(key) for key in ("actions", "probabilities")) if name is not None else (None, None)
        place = next((k for k, (_, known) in enumerate(left) if known == (name, tuple(names or ()))), None)
        if place is None or not isinstance(chances, list) or len(chances) != len(names or ()):
            raise ValueError(
                f"{who}: there is no information set {name!r} with actions {names} and a probability for each"
            )
        j, _ = left.pop(place)
        try:
            strategy[plex.first[j] : plex.first[j] + len(chances)] = chances
        except (TypeError, ValueError) as error:
            raise ValueError(f"{who}: probabilities at {name!r} must be numbers ({error})") from error
    return strategy


def learned(
    loaded: LoadedTree, name: str, rate: float | None, iterations: int, *, quiet: bool = True
) -> tuple[Any, str]:
    """Learn a tree: the run, and how it was done in words; ValueError if the learner is none of trees."""
    if name not in LEARNERS:
        raise ValueError(f"{loaded.path} is an extensive game, which {' and '.join(LEARNERS)} learn, not {name}")
    if name == "predictive_cfr":
        if rate is not None:
            raise ValueError("predictive_cfr has no learning rate; leave --rate out")
        chosen: ExtensiveLearner = PredictiveCFR()
        how = name
    else:
        rate = 1.0 if rate is None else rate
        chosen = DilatedMirrorDescent(rate)
        how = f"{name}, rate {rate:g}"
    with watched(chosen, name, iterations, quiet=quiet) as learner:
        return learn_extensive(loaded.game, learner, iterations), how


def strategic(loaded: LoadedTree) -> Floats:
    """Payoffs (N, A_1, ..., A_N) of the reduced strategies, whose number is said first."""
    payoff = strategic_form(loaded.tree).payoff
    print(f"{loaded.path}: the strategic form has {' x '.join(f'{n:,}' for n in payoff.shape[1:])} reduced strategies")
    return payoff


def write(path: Path, loaded: LoadedTree) -> None:
    """Write the tree as .efg."""
    write_efg(path, loaded.tree)
