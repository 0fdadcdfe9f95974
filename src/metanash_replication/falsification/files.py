"""Worst instances as game files, and searches that are cut off as archives.

The games of an instance are an ordinary game file (:mod:`metanash.gamefile`). Its provenance has the claim, the form,
the size, T and the instance's own arrays, so that the file alone replays: :func:`read_instance`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash.archive import ArchiveError, read_archive, write_archive
from metanash.gamefile import read_games_and_provenance, write_games
from metanash.games import DiscountedGame, Game
from metanash.transitions import Transition
from metanash.typing import Array
from metanash_replication.falsification.falsifiable import Falsifiable, Instances, Size
from metanash_replication.falsification.rounds import Progress, Worst

__all__ = ["Address", "SavedInstance", "read_instance", "read_state", "write_instance", "write_state"]


STATE_FORMAT, STATE_SCHEMA = "metanash-falsify-state", 1
_OF_GAMES = ("reward", "transition", "start")


@dataclass(frozen=True, eq=False)
class SavedInstance:
    """One instance, its arrays without the first axis, and what it is an instance of.

    ``game`` is the class of its games, known once they have been read from a file.
    """

    claim: str
    form: str
    size: Size
    iterations: int
    arrays: Instances
    game: type[Game] | None = None


def _games(cls: type[Game], arrays: Instances, size: Size) -> list[Game]:
    games = []
    for number, (reward, kernel) in enumerate(zip(arrays["reward"], arrays["transition"], strict=True)):
        common: dict[str, Any] = {"name": f"game {number + 1}"}
        if cls is DiscountedGame:
            common["discount"] = size.discount
        games.append(cls(reward, Transition.per_step(kernel), initial=arrays["start"], **common))
    return games


def write_instance(path: Path, claim: Falsifiable, instance: SavedInstance) -> None:
    """Write the games of an instance, with everything else that it needs."""
    own = {name: array.tolist() for name, array in instance.arrays.items() if name not in _OF_GAMES}
    provenance = {
        "falsify": {
            "claim": instance.claim,
            "form": instance.form,
            "size": instance.size.name,
            "iterations": instance.iterations,
            "arrays": own,
        }
    }
    write_games(path, _games(claim.game, instance.arrays, instance.size), provenance)


def read_instance(path: Path) -> SavedInstance:
    """Read what :func:`write_instance` wrote.

    Raises
    ------
    ArchiveError
        If the file is no game file, or no instance of a claim.
    """
    games, provenance = read_games_and_provenance(path)
    found = provenance.get("falsify")
    if not isinstance(found, Mapping):
        raise ArchiveError(f"{path}: a game file, but no instance of a claim that `metanash falsify` saved")
    if games[0].transition.is_sparse:
        raise ArchiveError(f"{path}: the games of an instance have dense transitions, these have sparse ones")
    try:
        claim, form, size = _text(found, "claim"), _text(found, "form"), Size.parse(_text(found, "size"))
        if getattr(games[0], "discount", 0.0) != size.discount:
            raise ValueError(f"the games have another discount than the size {size.name}")
        own = found["arrays"]
        if not isinstance(own, Mapping) or not isinstance(found["iterations"], int):
            raise ValueError("arrays must be named lists of numbers, and iterations an integer")
        arrays = {name: np.array(value, dtype=np.float64) for name, value in own.items()}
        arrays |= {
            "reward": np.stack([game.reward for game in games]),
            "transition": np.stack([np.asarray(game.transition.kernel) for game in games]),
            "start": games[0].initial,
        }
    except KeyError as error:
        raise ArchiveError(f"{path}: entry {error} of the instance is missing") from error
    except (ValueError, TypeError, OverflowError) as error:
        raise ArchiveError(f"{path}: no instance of a claim: {error}") from error
    return SavedInstance(claim, form, size, found["iterations"], arrays, type(games[0]))


def _text(found: Mapping[str, Any], key: str) -> str:
    if not isinstance(found[key], str):
        raise ValueError(f"{key} must be text, there is {found[key]!r}")
    return str(found[key])


# Searches that are cut off ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Address:
    """What a search is of and by: one that was cut off is resumed only where all of it is the same.

    Attributes
    ----------
    claim : str
    sizes, forms : list of str
    settings : dict
        Of :class:`Settings`.
    library : dict
        Of :func:`metanash_replication.falsification.sources.library`.
    """

    claim: str
    sizes: list[str]
    forms: list[str]
    settings: dict[str, int]
    library: dict[str, str]

    def differences(self, header: Mapping[str, Any]) -> list[str]:
        """In which entries a state differs, such as ``budget 300, not 100``."""
        plain = {name: getattr(self, name) for name in ("claim", "sizes", "forms")}
        found = [f"{key} {header.get(key)}, not {value}" for key, value in plain.items() if header.get(key) != value]
        for name in ("settings", "library"):
            mine, its = getattr(self, name), header.get(name)
            its = its if isinstance(its, Mapping) else {}
            found += [f"{key} {its.get(key)}, not {mine[key]}" for key in mine if its.get(key) != mine[key]]
        return found


def write_state(path: Path, address: Address, progress: Progress) -> None:
    """Write a search up to some round, atomically."""
    forms, sizes, restarts = address.forms, address.sizes, range(address.settings["restarts"])
    header: dict[str, Any] = asdict(address) | {"done": progress.done, "evaluations": progress.evaluations}
    arrays: dict[str, npt.ArrayLike] = {"population": progress.population}
    for f, form in enumerate(forms):
        arrays[f"curve_{f}"] = np.array(progress.curve[form], dtype=np.float64).reshape(-1, 2)
        for number in range(len(sizes)):
            if (form, number) in progress.worst:
                worst = progress.worst[form, number]
                arrays[f"worst_{f}_{number}"] = np.array([worst.ratio, worst.iterations, worst.found_at])
                arrays[f"vector_{f}_{number}"] = worst.vector
        for restart in restarts:
            if (form, restart) in progress.pools:
                arrays[f"pool_{f}_{restart}"], arrays[f"ratios_{f}_{restart}"] = progress.pools[form, restart]
    header["digest"] = _digest(header, arrays)
    write_archive(path, STATE_FORMAT, STATE_SCHEMA, header, arrays)


def _digest(header: Mapping[str, Any], arrays: Mapping[str, npt.ArrayLike]) -> str:
    """SHA-256 of a search up to some round: one that was changed by hand would end in errors far from the cause."""
    whole = hashlib.sha256(json.dumps([header["done"], header["evaluations"]]).encode())
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        whole.update(f"{name} {array.dtype} {array.shape}\n".encode() + array.tobytes())
    return whole.hexdigest()


def read_state(path: Path, address: Address) -> Progress:
    """Read what :func:`write_state` wrote.

    Raises
    ------
    ArchiveError
        If the file is no search, an incomplete or changed one, or one of another address; the message says in what it
        differs.
    """
    header, arrays = read_archive(path, STATE_FORMAT, STATE_SCHEMA)
    differences = address.differences(header)
    if differences:
        raise ArchiveError(f"{path}: an unfinished search with {'; '.join(differences)}")
    try:
        if header["digest"] != _digest(header, arrays):
            raise ArchiveError(f"{path}: an unfinished search that was changed since it was written")
        return _progress(header, arrays, address)
    except KeyError as error:
        raise ArchiveError(f"{path}: an unfinished search without its entry {error}") from error


def _progress(header: Mapping[str, Any], arrays: Mapping[str, Array], address: Address) -> Progress:
    forms, sizes = address.forms, address.sizes
    worst, curve, pools = {}, {}, {}
    for f, form in enumerate(forms):
        curve[form] = [(int(at), float(ratio)) for at, ratio in arrays[f"curve_{f}"]]
        for number in range(len(sizes)):
            if f"worst_{f}_{number}" in arrays:
                ratio, iterations, found_at = arrays[f"worst_{f}_{number}"]
                vector = arrays[f"vector_{f}_{number}"]
                worst[form, number] = Worst(float(ratio), vector, int(iterations), int(found_at))
        for restart in range(address.settings["restarts"]):
            if f"pool_{f}_{restart}" in arrays:
                pools[form, restart] = arrays[f"pool_{f}_{restart}"], arrays[f"ratios_{f}_{restart}"]
    return Progress(header["done"], header["evaluations"], worst, curve, pools, arrays["population"])
