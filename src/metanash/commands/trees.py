"""Extensive games that are no Markov games, in the commands: solve, gap, learn, convert, and how they are told."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from metanash.commands.gains import tell
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
from metanash.extensive.recall import recalled
from metanash.solution.files import LoadedTree
from metanash.solution.result import ROWS, at_sets, shown
from metanash.typing import Floats, Policies

__all__ = ["LEARNERS", "described", "gap", "head", "learned", "rows", "sets_in_json", "strategic", "write"]

LEARNERS = {"predictive_cfr": PredictiveCFR, "dilated_mirror_descent": DilatedMirrorDescent}
"""Learners of extensive games by name; the first is the default."""


def head(loaded: LoadedTree) -> str:
    """Title, players and sizes of a tree in a line.

    Examples
    --------
    >>> from metanash.extensive import End, Move, build_tree
    >>> hidden = {"heads": {"heads": 1, "tails": -1}, "tails": {"heads": -1, "tails": 1}}
    >>> replies = {a: Move(1, "Bob", {b: End([x, -x]) for b, x in row.items()}) for a, row in hidden.items()}
    >>> loaded = LoadedTree(Path("pennies.efg"), build_tree("Pennies", ["Ann", "Bob"], Move(0, "Ann", replies)))
    >>> head(loaded)
    'pennies.efg: Pennies, extensive, 2 players, 1 + 1 information sets, 4 ends'
    """
    game = loaded.game
    title = [game.name] * bool(game.name)
    sets = " + ".join(map(str, game.n_sets))
    parts = [*title, "extensive", f"{game.n_players} players", f"{sets} information sets", f"{game.n_terminals} ends"]
    return f"{loaded.path}: {', '.join(parts)}"


def described(loaded: LoadedTree) -> dict[str, Any]:
    """What ``--json`` says of a tree; entries of games with states are null.

    Examples
    --------
    >>> from metanash.extensive import End, Move, build_tree
    >>> hidden = {"heads": {"heads": 1, "tails": -1}, "tails": {"heads": -1, "tails": 1}}
    >>> replies = {a: Move(1, "Bob", {b: End([x, -x]) for b, x in row.items()}) for a, row in hidden.items()}
    >>> loaded = LoadedTree(Path("pennies.efg"), build_tree("Pennies", ["Ann", "Bob"], Move(0, "Ann", replies)))
    >>> described(loaded)["information_sets"], described(loaded)["terminals"]
    ([1, 1], 4)
    """
    game = loaded.game
    return {
        "game": 0, "name": game.name, "players": game.n_players, "actions": None, "states": None, "steps": None,
        "discount": None,
        "information_sets": list(game.n_sets), "terminals": game.n_terminals,
    }  # fmt: skip


def sets_in_json(players: tuple[Treeplex, ...], strategies: Policies) -> list[list[dict[str, Any]]]:
    """For each player a list of its information sets, each with the names and the probabilities of its actions.

    Examples
    --------
    >>> from metanash.extensive import End, Move, build_tree
    >>> hidden = {"heads": {"heads": 1, "tails": -1}, "tails": {"heads": -1, "tails": 1}}
    >>> replies = {a: Move(1, "Bob", {b: End([x, -x]) for b, x in row.items()}) for a, row in hidden.items()}
    >>> loaded = LoadedTree(Path("pennies.efg"), build_tree("Pennies", ["Ann", "Bob"], Move(0, "Ann", replies)))
    >>> sets_in_json(loaded.game.players, [plex.uniform() for plex in loaded.game.players])[0]
    [{'information_set': 'Ann', 'actions': ['heads', 'tails'], 'probabilities': [0.5, 0.5]}]
    """
    return [
        [
            {"information_set": name, "actions": list(actions), "probabilities": row.tolist()}
            for name, actions, row in at_sets(plex, strategy)
        ]
        for plex, strategy in zip(players, strategies, strict=True)
    ]


def rows(players: tuple[Treeplex, ...], strategies: Policies) -> None:
    """Print strategies, a line for each information set; of many the first ones.

    Examples
    --------
    >>> from metanash.extensive import End, Move, build_tree
    >>> hidden = {"heads": {"heads": 1, "tails": -1}, "tails": {"heads": -1, "tails": 1}}
    >>> replies = {a: Move(1, "Bob", {b: End([x, -x]) for b, x in row.items()}) for a, row in hidden.items()}
    >>> loaded = LoadedTree(Path("pennies.efg"), build_tree("Pennies", ["Ann", "Bob"], Move(0, "Ann", replies)))
    >>> rows(loaded.game.players, [plex.uniform() for plex in loaded.game.players])
    player 1 Ann
      Ann  heads 0.5  tails 0.5
    player 2 Bob
      Bob  heads 0.5  tails 0.5
    """
    for i, (plex, strategy) in enumerate(zip(players, strategies, strict=True)):
        sets = [*at_sets(plex, strategy)]
        print(f"player {i + 1} {plex.name}".rstrip())
        for name, actions, row in sets[:ROWS]:
            print(f"  {name}  {'  '.join(f'{a} {shown(p)}' for a, p in zip(actions, row.tolist(), strict=True))}")
        if len(sets) > ROWS:
            print(f"  ... {len(sets) - ROWS} more information sets; --json has all")


def gap(options: argparse.Namespace, loaded: LoadedTree, given: list[Any]) -> int:
    """Print payoffs and gains of strategies; ValueError names what is wrong with them.

    Examples
    --------
    >>> from metanash.cli import main
    >>> from metanash.extensive import End, Move, build_tree
    >>> replies = {"left": Move(1, "Bob", {"in": End([1, -1]), "out": End([0, 0])}), "right": End([0, 0])}
    >>> write_efg("small.efg", build_tree("Small", ["Ann", "Bob"], Move(0, "Ann", replies)))
    >>> _ = Path("half.json").write_text("[[0.5, 0.5], [0.5, 0.5]]")
    >>> main(["gap", "small.efg", "half.json"])
    small.efg: Small, extensive, 2 players, 1 + 1 information sets, 3 ends
              payoff        gain by a best response
    player 1  0.25          0.25
    player 2  -0.25         0.25
    NE-gap 0.5, the sum of both
    0
    """
    game, _, exact = recalled(loaded.tree)
    if len(given) != game.n_players:
        raise ValueError(
            f"{options.policies}: there is one list for each player, {game.n_players} in all; found {len(given)}"
        )
    strategies = [_strategy(options.policies, i, *pair) for i, pair in enumerate(zip(game.players, given, strict=True))]
    try:
        proof = certify(game, strategies, exact)
    except ValueError as error:
        raise ValueError(f"{options.policies}: {error}") from error
    gains, payoffs = [*map(float, proof.gains)], [*map(float, proof.values)]
    tell(options, loaded.path, head(loaded), described(loaded), payoffs, gains, zero_sum=is_constant_sum(game))
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
    """Learn a tree: the run, and how it was done in words; ValueError if the learner is none of trees.

    Examples
    --------
    >>> from metanash.extensive import End, Move, build_tree
    >>> hidden = {"heads": {"heads": 1, "tails": -1}, "tails": {"heads": -1, "tails": 1}}
    >>> replies = {a: Move(1, "Bob", {b: End([x, -x]) for b, x in row.items()}) for a, row in hidden.items()}
    >>> loaded = LoadedTree(Path("pennies.efg"), build_tree("Pennies", ["Ann", "Bob"], Move(0, "Ann", replies)))
    >>> run, how = learned(loaded, "predictive_cfr", None, 10)
    >>> int(run.checkpoints[-1]), how
    (10, 'predictive_cfr')
    """
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
    """Payoffs (N, A_1, ..., A_N) of the reduced strategies, whose number is said first.

    Examples
    --------
    >>> from metanash.extensive import End, Move, build_tree
    >>> hidden = {"heads": {"heads": 1, "tails": -1}, "tails": {"heads": -1, "tails": 1}}
    >>> replies = {a: Move(1, "Bob", {b: End([x, -x]) for b, x in row.items()}) for a, row in hidden.items()}
    >>> loaded = LoadedTree(Path("pennies.efg"), build_tree("Pennies", ["Ann", "Bob"], Move(0, "Ann", replies)))
    >>> strategic(loaded)[0].tolist()
    pennies.efg: the strategic form has 2 x 2 reduced strategies
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    payoff = strategic_form(loaded.tree).payoff
    print(f"{loaded.path}: the strategic form has {' x '.join(f'{n:,}' for n in payoff.shape[1:])} reduced strategies")
    return payoff


def write(path: Path, loaded: LoadedTree) -> None:
    """Write the tree as .efg.

    Examples
    --------
    >>> from metanash.extensive import End, Move, build_tree
    >>> hidden = {"heads": {"heads": 1, "tails": -1}, "tails": {"heads": -1, "tails": 1}}
    >>> replies = {a: Move(1, "Bob", {b: End([x, -x]) for b, x in row.items()}) for a, row in hidden.items()}
    >>> loaded = LoadedTree(Path("pennies.efg"), build_tree("Pennies", ["Ann", "Bob"], Move(0, "Ann", replies)))
    >>> write(Path("pennies.efg"), loaded)
    >>> Path("pennies.efg").read_text().splitlines()[0]
    'EFG 2 R "Pennies" { "Ann" "Bob" } ""'
    """
    write_efg(path, loaded.tree)
