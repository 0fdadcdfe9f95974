"""Say how far policies are from an equilibrium: what each player gains by its best response.

POLICIES is what `metanash solve --json` prints, or JSON of one array for each player: strategies of
A_i probabilities for a strategic game, arrays (H, S, A_i) for a Markov game, (S, A_i) for a discounted
or stochastic one, information sets with their actions and probabilities for an extensive one; or an .npz of NumPy
with such arrays in the order of the players.
"""

import argparse
import json
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from metanash.archive import ArchiveError, check_readable, check_size
from metanash.commands import stochastic, trees
from metanash.commands.gains import tell
from metanash.commands.inputs import add_game, described, head, read
from metanash.gambit.text import text_of
from metanash.games import DiscountedGame, GameBatch, ZeroSumGame
from metanash.gaps import from_start, ne_gains, values
from metanash.solution.files import Loaded, LoadedStochastic, LoadedTree
from metanash.solution.unscaled import values_and_gains
from metanash.typing import Floats

__all__ = ["add_arguments", "run"]

_EXAMPLES = """\
  metanash gap chicken.nfg mine.json     where mine.json is [[0.5, 0.5], [0.25, 0.75]]
  metanash solve game.gam --json > found.json && metanash gap game.gam found.json
  metanash gap games.npz learned.npz --game 3 --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the game, the policies, and the form of the output.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["game.csv", "found.json"]).policies.name
    'found.json'
    """
    add_game(parser, _EXAMPLES)
    parser.add_argument("policies", type=Path, help="a .json or .npz file")
    parser.add_argument("--game", type=int, default=0, metavar="K", help="which game of a file with several; default 0")
    parser.add_argument("--json", action="store_true", help="print JSON (docs/command.md says what stands in it)")


def run(options: argparse.Namespace) -> int:
    r"""Print gains and the NE-gap; ValueError names what is wrong with game or policies.

    Examples
    --------
    >>> from metanash.cli import main
    >>> _ = Path("game.csv").write_text("3,-1\n-1,1\n")
    >>> _ = Path("half.json").write_text("[[0.5, 0.5], [0.5, 0.5]]")
    >>> main(["gap", "game.csv", "half.json"])
    game.csv: strategic, constant sum, 2 x 2 actions
              payoff        gain by a best response
    player 1  0.5           0.5
    player 2  -0.5          0.5
    NE-gap 1, the sum of both
    0
    """
    loaded = read(options)
    if isinstance(loaded, LoadedTree):
        loaded.check_number(options.game)
        return trees.gap(options, loaded, _given(options.policies, 0))
    if isinstance(loaded, LoadedStochastic):
        loaded.check_number(options.game)
        return stochastic.gap(options, loaded, _given(options.policies, 0))
    game = loaded.game(options.game)
    policies = _policies(options.policies, loaded, options.game)
    units = loaded.units
    if loaded.vanished is not None:
        exact = values_and_gains(loaded.vanished.payoffs[:, 0, 0], [part[0, 0] for part in policies])
        payoffs, gains = ([*map(float, part)] for part in exact)
        return _told(options, loaded, payoffs, gains)
    try:
        rewards = ne_gains(game, policies)
        batch: GameBatch[Any] = GameBatch.of(game)
        paid = [from_start(batch, values(batch, [part[np.newaxis] for part in policies], i))[0]
                for i in range(game.n_players)]  # fmt: skip
    except ValueError as error:
        said = re.sub(r"(?<=player )\d+", lambda found: str(int(found[0]) + 1), str(error))  # who counts from 0
        raise ValueError(f"{options.policies}: {said}") from error
    gains = [max(0.0, float(units.gain(gain, i))) for i, gain in enumerate(rewards.tolist())]
    payoffs = [float(units.payoff(value, i)) for i, value in enumerate(paid)]
    return _told(options, loaded, payoffs, gains)


def _told(options: argparse.Namespace, loaded: Loaded, payoffs: list[float], gains: list[float]) -> int:
    tell(
        options, loaded.path, head(loaded, options.game), described(loaded, options.game), payoffs, gains,
        zero_sum=isinstance(loaded.game(options.game), ZeroSumGame),
    )  # fmt: skip
    return 0


def _policies(path: Path, loaded: Loaded, number: int) -> list[Floats]:
    """Policies of a file, in the shape that the game has."""
    given = _given(path, number)
    game = loaded.games[number]
    if len(given) != game.n_players:
        raise ValueError(f"{path}: there is one array for each player, {game.n_players} in all; found {len(given)}")
    policies = []
    for i, (part, actions) in enumerate(zip(given, game.n_actions, strict=True)):
        try:
            policy = np.asarray(part, dtype=np.float64)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"{path}: the policy of player {i + 1} must be an array of numbers, all rows equally long ({error})"
            ) from error
        if loaded.strategic and policy.ndim == 1:
            if len(policy) != actions:
                raise ValueError(f"{path}: player {i + 1} has {actions} actions, not {len(policy)} as in its strategy")
            policy = policy[np.newaxis, np.newaxis]
        wanted = (*([] if isinstance(game, DiscountedGame) else [game.horizon]), game.n_states, actions)
        if policy.shape != wanted:
            raise ValueError(f"{path}: the policy of player {i + 1} must have shape {wanted}, got {policy.shape}")
        policies.append(policy)
    return policies


def _given(path: Path, number: int) -> list[Any]:
    return _archive(path) if path.suffix.lower() == ".npz" else _json(path, number)


def _json(path: Path, number: int) -> list[Any]:
    try:
        found = json.loads(text_of(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}:{error.lineno}: no JSON ({error.msg}, column {error.colno})") from error
    if isinstance(found, dict) and isinstance(found.get("games"), list):
        games = [entry for entry in found["games"] if isinstance(entry, dict) and entry.get("game") == number]
        if not games:
            raise ValueError(f"{path}: no policies of game {number}; metanash solve --game {number} --json finds some")
        found = games[0]
    if isinstance(found, dict):
        found = found.get("policies")
    if not isinstance(found, list):
        raise ValueError(
            f"{path}: policies are a list of one array for each player, or what metanash solve --json prints"
        )
    return found


def _archive(path: Path) -> list[Any]:
    check_readable(path, ".npz of arrays")
    try:
        with zipfile.ZipFile(path) as file:
            check_size(path, file.infolist())
        with np.load(path, allow_pickle=False) as stored:
            return [stored[name] for name in stored.files]
    except ArchiveError:
        raise
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, EOFError, MemoryError) as error:
        raise ValueError(f"{path}: no .npz of arrays ({error}); numpy.savez writes one") from error
