"""Files of stochastic games, of one game each: format ``metanash-stochastic``, schema 1, see :mod:`metanash.archive`.

``header``
    ``name``, ``states`` (their number) and ``provenance`` (free-form: who made it).
``discounts``, ``initial``
    (N,) and (S,).
``reward_0``, ``transition_0``, ...
    (N, A_1, ..., A_N) and (A_1, ..., A_N, S) of each state, as in :class:`metanash.stochastic.StochasticGame`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from metanash._inner.checks import integer
from metanash.archive import ArchiveError, open_archive, read_archive, write_archive
from metanash.stochastic.games import StochasticGame

__all__ = ["FORMAT", "SCHEMA", "is_stochastic", "read_stochastic", "write_stochastic"]

FORMAT, SCHEMA = "metanash-stochastic", 1


def write_stochastic(path: Path | str, game: StochasticGame, provenance: Mapping[str, Any] | None = None) -> None:
    """Write a game to an .npz file; see the module for the format.

    Raises
    ------
    ValueError
        If it is no StochasticGame.

    Examples
    --------
    >>> import tempfile
    >>> game = StochasticGame([[[1.0, 2.0]], [[0.0]]], [[[0.5, 0.5], [0.0, 0.9]], [[1.0, 0.0]]], 0.9, name="two states")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_stochastic(Path(folder, "game.npz"), game)
    ...     read_stochastic(Path(folder, "game.npz")).n_actions
    ((2,), (1,))
    """
    if not isinstance(game, StochasticGame):
        raise ValueError(f"write_stochastic takes a StochasticGame, got a {type(game).__name__}")
    arrays: dict[str, npt.ArrayLike] = {"discounts": game.discounts, "initial": game.initial}
    for s, (reward, transition) in enumerate(zip(game.rewards, game.transitions, strict=True)):
        arrays |= {f"reward_{s}": reward, f"transition_{s}": transition}
    header = {"name": game.name, "states": game.n_states, "provenance": dict(provenance or {})}
    write_archive(path, FORMAT, SCHEMA, header, arrays)


def is_stochastic(path: Path | str) -> bool:
    """Whether an .npz says that it is a file of this format. Raises ArchiveError if it is no archive.

    Examples
    --------
    >>> write_stochastic("game.npz", StochasticGame([[[1.0, 2.0]]], [[[0.5], [1.0]]], 0.9))
    >>> write_archive("numbers.npz", "numbers", 1, {}, {"a": [1, 2, 3]})
    >>> is_stochastic("game.npz"), is_stochastic("numbers.npz")
    (True, False)
    """
    with open_archive(path, "metanash-games", None) as archive:
        return isinstance(archive.header, dict) and archive.header.get("format") == FORMAT


def read_stochastic(path: Path | str) -> StochasticGame:
    """Read a game, validated as if it was built by hand.

    Raises
    ------
    ArchiveError
        If the file is missing, damaged, of another format or schema, lacks an entry, or holds a game that is not
        valid; the message names the file and the entry.

    Examples
    --------
    >>> write_stochastic("game.npz", StochasticGame([[[1.0, 2.0]]], [[[0.5], [1.0]]], 0.9, name="stop or go"))
    >>> game = read_stochastic("game.npz")
    >>> game.name, game.rewards[0].tolist(), game.discounts.tolist()
    ('stop or go', [[1.0, 2.0]], [0.9])
    """
    header, arrays = read_archive(path, FORMAT, SCHEMA)
    try:
        states = range(integer("states", header["states"], 1))
        rewards, transitions = ([arrays[f"{kind}_{s}"] for s in states] for kind in ("reward", "transition"))
        return StochasticGame(
            tuple(rewards), tuple(transitions), arrays["discounts"], arrays["initial"], name=header["name"]
        )
    except KeyError as error:
        raise ArchiveError(f"{path}: entry {error} is missing; write_stochastic writes all") from error
    except ValueError as error:
        raise ArchiveError(f"{path}: {error}") from error
