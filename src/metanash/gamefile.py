"""The game file format: a sequence of games of one class and size, with provenance.

Format ``metanash-games``, schema 1, an archive (:mod:`metanash.archive`) with

``header``
    ``kind`` (``zero_sum``, ``markov`` or ``discounted``), ``names`` (one per game), ``discount`` (discounted
    games only), ``transition`` (``dense`` or ``sparse``), ``n_actions``, ``provenance`` (free-form: who made the
    games, with which parameters and seed).
``reward``
    (G, ...): the games' rewards, axes as in :mod:`metanash.games`.
``initial``
    (G, S): initial distributions.
``potential``
    (G, S, A_1, ..., A_N): stage potentials, for discounted games that have them.
``transition_index``
    (G,): number of the transition kernel of each game; games may share one.
``transition``
    Dense: (kinds, steps, S, A_1, ..., A_N, S), with steps = H, or 1 where all steps share a kernel.
``transition_data``, ``transition_indices``, ``transition_indptr``, ``transition_bounds``
    Sparse: the parts of the CSR matrices (rows are state and joint action in C order) of every kind and step
    one after another; ``transition_bounds`` is (kinds, steps, 2): where data and indptr of each begin.

Gambit's .nfg and .efg files and GameTracer's .gam are read too (:mod:`metanash.gambit`). Docs: ``docs/game-file.md``.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from metanash._inner.checks import integer
from metanash._inner.compressed import Rows, matrix_of_parts
from metanash._inner.foreign import READABLE, kind_of
from metanash.archive import Archive, ArchiveError, Parts, check_readable, open_archive, write_archive
from metanash.gambit import Units, read_efg, read_gam, read_nfg
from metanash.games import DiscountedGame, Game, GameBatch, MarkovGame, ZeroSumGame, check_games
from metanash.transitions import Transition
from metanash.typing import Arrays

__all__ = [
    "FORMAT",
    "SCHEMA",
    "read_games",
    "read_games_and_provenance",
    "read_games_in_units",
    "read_provenance",
    "write_games",
]

FORMAT, SCHEMA = "metanash-games", 1
_KINDS: dict[str, type[Game]] = {"zero_sum": ZeroSumGame, "markov": MarkovGame, "discounted": DiscountedGame}

_GAMBIT = {".nfg": read_nfg, ".efg": read_efg, ".gam": read_gam}


def write_games(path: Path | str, games: Sequence[Game], provenance: Mapping[str, Any] | None = None) -> None:
    """Write games of one class and size to a file; see the module for the format.

    Takes a list of games of any class; raises ValueError for anything else.

    Raises
    ------
    ValueError
        If there is no game, classes or sizes differ, or some but not all have a potential.

    Examples
    --------
    >>> from metanash import Transition, ZeroSumGame
    >>> still = Transition.shared([[[[1.0], [1.0]]]])
    >>> write_games("two.npz", [ZeroSumGame([[[[1.0, 0.0]]]], still), ZeroSumGame([[[[0.5, 0.5]]]], still)])
    >>> len(read_games("two.npz"))
    2
    """
    check_games("write_games", games)
    games = tuple(games)
    first = _checked(games)
    kinds = list({id(game.transition): game.transition for game in games}.values())
    number = {id(kind): k for k, kind in enumerate(kinds)}
    header: dict[str, Any] = {
        "kind": next(kind for kind, cls in _KINDS.items() if type(first) is cls),
        "names": [game.name for game in games],
        "n_actions": list(first.n_actions),
        "transition": "sparse" if first.transition.is_sparse else "dense",
        "provenance": dict(provenance or {}),
    }
    arrays: dict[str, npt.ArrayLike | Parts] = {
        "reward": Parts.stacked([game.reward for game in games]),
        "initial": Parts.stacked([game.initial for game in games]),
        "transition_index": np.array([number[id(game.transition)] for game in games], dtype=np.int64),
        **_pack_transitions(kinds),
    }
    if isinstance(first, DiscountedGame):
        header["discount"] = first.discount
        potentials = [game.potential for game in games if isinstance(game, DiscountedGame)]
        known = [potential for potential in potentials if potential is not None]
        if known and len(known) < len(potentials):
            raise ValueError("either all games of a file have a potential or none has")
        if known:
            arrays["potential"] = Parts.stacked(known)
    write_archive(path, FORMAT, SCHEMA, header, arrays)


def _checked(games: Sequence[Game]) -> Game:
    """The first game, if they make a batch: checked pair by pair, since a batch of all would be a second copy."""
    first: Game = GameBatch[Any](tuple(games[:1])).game
    for game in games[1:]:
        try:
            GameBatch[Any]((first, game))
        except ValueError:
            GameBatch[Any](tuple(games))  # whose message numbers the game
            raise
    if any(
        (game.transition.steps, game.transition.is_sparse) != (first.transition.steps, first.transition.is_sparse)
        for game in games
    ):
        raise ValueError(
            "the games of a file must hold their transitions the same way: all one per step, all shared, or all sparse"
        )
    return first


def _pack_transitions(kinds: Sequence[Transition]) -> dict[str, npt.ArrayLike | Parts]:
    if not kinds[0].is_sparse:
        return {"transition": Parts.stacked([np.asarray(kind.kernel) for kind in kinds])}
    matrices = [[matrix for matrix in kind.kernel if not isinstance(matrix, np.ndarray)] for kind in kinds]
    flat = [matrix for steps in matrices for matrix in steps]
    data_starts = np.cumsum([0, *(matrix.nnz for matrix in flat)])[:-1]
    indptr_starts = np.cumsum([0, *(len(matrix.indptr) for matrix in flat)])[:-1]
    return {
        "transition_data": Parts.joined([matrix.data for matrix in flat], np.float64),
        "transition_indices": Parts.joined([matrix.indices for matrix in flat], np.int64),
        "transition_indptr": Parts.joined([matrix.indptr for matrix in flat], np.int64),
        "transition_bounds": np.stack([data_starts, indptr_starts], axis=-1).reshape(len(kinds), -1, 2),
    }


def _unpack_transitions(header: Mapping[str, Any], arrays: Arrays) -> list[Transition]:
    if header["transition"] == "dense":  # kernels come one by one
        return [Transition.per_step(kernel) for kernel in arrays["transition"]]
    if header["transition"] != "sparse":
        raise ValueError(f"transition must be dense or sparse, got {header['transition']!r}")
    actions = [integer("n_actions", n, 1) for n in header["n_actions"]]
    states = int(arrays["initial"].shape[-1])
    rows = states * math.prod(actions)
    data, indices, indptr, bounds = (arrays[f"transition_{part}"] for part in ("data", "indices", "indptr", "bounds"))
    if bounds.ndim != 3 or bounds.shape[2] != 2 or bounds.dtype.kind not in "iu":
        raise ValueError(
            f"transition_bounds must be integers (kinds, steps, 2), got {bounds.dtype} of shape {bounds.shape}"
        )
    if len(data) != len(indices):
        raise ValueError(f"{len(data)} transition_data for {len(indices)} transition_indices")
    kinds = []
    for kind, steps in enumerate(bounds.tolist()):
        matrices = []
        for step, (first, start) in enumerate(steps):
            name = f"transition kernel {kind}, step {step}"
            if not (0 <= start <= len(indptr) - rows - 1 and 0 <= first <= len(data)):
                raise ValueError(
                    f"{name}: transition_bounds {[first, start]} leave no room for {rows} rows in {len(data)} entries "
                    f"and {len(indptr)} row pointers"
                )
            own = indptr[start : start + rows + 1]
            part = slice(first, first + max(int(own[-1]), 0)) if own.dtype.kind in "iu" else slice(0)
            parts = Rows(data[part], indices[part], own)
            matrices.append(matrix_of_parts(name, parts, (rows, states)))
        kinds.append(Transition.sparse(matrices, actions))
    return kinds


def read_games(path: Path | str) -> list[Game]:
    """Read the games of a file, validated as if they were built by hand.

    A file that is called .nfg, .efg or .gam is read as Gambit's or GameTracer's and holds one game, zero-sum if its
    payoffs have a constant sum; :func:`metanash.gambit.read_nfg`, ``read_efg`` and ``read_gam`` beside it also say in
    which units. A tree may go by steps of any order (``any_order`` of ``read_efg``), such as turns.

    Raises
    ------
    ArchiveError
        If the file is missing, damaged, no game file, of an unknown schema, lacks an entry, or holds a game
        that is not valid; the message names the file and the entry.

    Examples
    --------
    >>> from metanash import Transition, ZeroSumGame
    >>> game = ZeroSumGame([[[[1.0, 0.0]]]], Transition.shared([[[[1.0], [1.0]]]]), name="a choice")
    >>> write_games("choice.npz", [game])
    >>> [again.name for again in read_games("choice.npz")]
    ['a choice']
    """
    return read_games_in_units(path, any_order=True)[0]


def read_games_in_units(
    path: Path | str, zero_sum: bool | None = None, *, any_order: bool = False
) -> tuple[list[Game], Units]:
    r"""Read as :func:`read_games` does, with the units in which values are payoffs; those of an archive are its own.

    ``zero_sum`` is that of :func:`metanash.gambit.read_nfg`; an archive says itself what its games are.
    ``any_order`` is that of :func:`metanash.gambit.read_efg`.

    Raises
    ------
    ArchiveError
        As :func:`read_games`, or if ``zero_sum`` is given for an archive.

    Examples
    --------
    >>> _ = Path("pennies.nfg").write_text('NFG 1 R "" { "Ann" "Bob" } { 2 2 }\n3 -3 -1 1 -1 1 1 -1\n')
    >>> (game,), units = read_games_in_units("pennies.nfg")
    >>> game.reward[0, 0].tolist(), units.offset, units.scale  # payoffs are offset + scale * value
    ([[1.0, 0.0], [0.0, 0.5]], (-1.0, 1.0), (4.0, 4.0))
    """
    if (suffix := Path(path).suffix.lower()) in _GAMBIT:
        check_readable(Path(path), "file of games")
        read = partial(read_efg, any_order=any_order) if suffix == ".efg" else _GAMBIT[suffix]
        game, units = read(path, zero_sum)
        return [game], units
    if zero_sum is not None:
        raise ArchiveError(
            f"{path}: zero_sum is for .nfg and .efg files, and .gam; this one says itself what its games are"
        )
    games, _ = _read_archive(Path(path))
    return games, Units.of_rewards(games[0].n_players)


def read_games_and_provenance(path: Path | str) -> tuple[list[Game], dict[str, Any]]:
    """Read games and who made them at one go; Gambit's files do not say. Errors as in :func:`read_games`.

    Examples
    --------
    >>> from metanash import Transition, ZeroSumGame
    >>> game = ZeroSumGame([[[[1.0, 0.0]]]], Transition.shared([[[[1.0], [1.0]]]]))
    >>> write_games("choice.npz", [game], {"by": "hand"})
    >>> games, provenance = read_games_and_provenance("choice.npz")
    >>> len(games), provenance
    (1, {'by': 'hand'})
    """
    if Path(path).suffix.lower() in _GAMBIT:
        return read_games(path), {}
    return _read_archive(Path(path))


def read_provenance(path: Path | str) -> dict[str, Any]:
    """Read who made the games of a file, and no game; Gambit's do not say.

    Raises
    ------
    ArchiveError
        As :func:`read_games`, but for what it says of the games.

    Examples
    --------
    >>> from metanash import Transition, ZeroSumGame
    >>> game = ZeroSumGame([[[[1.0, 0.0]]]], Transition.shared([[[[1.0], [1.0]]]]))
    >>> write_games("choice.npz", [game], {"by": "hand"})
    >>> read_provenance("choice.npz")
    {'by': 'hand'}
    """
    if Path(path).suffix.lower() in _GAMBIT:
        check_readable(Path(path), "file of games")
        return {}
    _known(Path(path))
    with open_archive(path, FORMAT, SCHEMA) as archive:
        return _provenance(Path(path), archive.header)


def _provenance(path: Path, header: Mapping[str, Any]) -> dict[str, Any]:
    found = header.get("provenance", {})
    if not isinstance(found, dict):
        raise ArchiveError(f"{path}: provenance must be named entries, there is a {type(found).__name__}")
    return found


def _known(path: Path) -> None:
    """Raise ArchiveError for a file of another kind, with what it is and what can be read."""
    check_readable(path, "file of games")
    found, remedy = kind_of(path)
    if found:
        raise ArchiveError(f"{path}: {found}, no {FORMAT} file; {remedy}{'; ' * bool(remedy)}{READABLE}")


def _read_archive(path: Path) -> tuple[list[Game], dict[str, Any]]:
    _known(path)
    with open_archive(path, FORMAT, SCHEMA) as archive:
        return _games(path, archive), _provenance(path, archive.header)


def _arrays(archive: Archive) -> Arrays:
    """All arrays; of dense transitions the kernels one by one, so that they are not in memory twice."""
    streamed = {"transition"} if archive.header.get("transition") == "dense" else set()
    found = {name: archive.array(name) for name in archive.names if name not in streamed}
    return found | {name: cast(Any, archive.parts(name)) for name in streamed & set(archive.names)}


def _games(path: Path, archive: Archive) -> list[Game]:
    header = archive.header
    arrays = _arrays(archive)
    try:
        cls = _KINDS[header["kind"]]
        kinds = _unpack_transitions(header, arrays)
        if len(header["names"]) != len(arrays["reward"]):
            raise ValueError(f"{len(header['names'])} names for {len(arrays['reward'])} games")
        if not header["names"]:
            raise ValueError("it holds no game")
        index = arrays["transition_index"]
        if index.shape != (len(header["names"]),) or index.dtype.kind not in "iu":
            raise ValueError(
                f"transition_index must be one integer for each game, got {index.dtype} of shape {index.shape}"
            )
        if not ((index >= 0) & (index < len(kinds))).all():
            raise ValueError(f"transition_index must number the {len(kinds)} kernels from 0, got {index.tolist()}")
        games: list[Game] = []
        for k, name in enumerate(header["names"]):
            if not isinstance(name, str):
                raise ValueError(f"names must be texts, there is {name!r}")
            common: dict[str, Any] = {
                "reward": arrays["reward"][k],
                "transition": kinds[index[k]],
                "initial": arrays["initial"][k],
                "name": name,
            }
            if cls is DiscountedGame:
                potential = arrays["potential"][k] if "potential" in arrays else None
                common |= {"discount": header["discount"], "potential": potential}
            games.append(cls(**common))
    except ArchiveError:
        raise
    except KeyError as error:
        raise ArchiveError(f"{path}: entry {error} is missing or unknown") from error
    except (ValueError, IndexError, TypeError, AttributeError, OverflowError, MemoryError) as error:
        raise ArchiveError(f"{path}: {error}") from error
    return games
