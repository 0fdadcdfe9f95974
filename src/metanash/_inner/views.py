"""Finished runs as tables of pandas and data sets of xarray, which the library itself does without."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from metanash.typing import Floats, Integers

__all__ = ["View", "Viewed"]


class View(NamedTuple):
    """What a run holds, by the names of its axes.

    Attributes
    ----------
    axes : tuple of str
        Names of the axes before that of the checkpoints.
    iterations : (C,) array of int64
    measures : dict from str to (..., C) array
        With these axes; one without any stands for a single game.
    profiles : dict from str to (names of axes, sequence of arrays)
        One (..., ...) array for each player; the names are those of its axes after the leading ones.
    """

    axes: tuple[str, ...]
    iterations: Integers
    measures: Mapping[str, Floats]
    profiles: Mapping[str, tuple[tuple[str, ...], Sequence[Floats]]] = {}


class Viewed:
    """A run that can be had as a table or a data set: a class below says by ``_view`` what it holds."""

    def _view(self) -> View:
        raise NotImplementedError

    def to_pandas(self) -> Any:
        """Return the measurements as a table of pandas, one row for each game and checkpoint.

        Returns
        -------
        pandas.DataFrame
            Columns ``game`` (from 0; of sequences, ``sequence`` comes before it; of meta-training, ``run`` instead),
            ``iteration``, and one for each
            measure and probe, in their units.

        Raises
        ------
        ModuleNotFoundError
            If pandas is not installed.

        Examples
        --------
        >>> import metanash as mn
        >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
        >>> games = [mn.ZeroSumGame([[[[0.5, 0.0], [0.0, high]]]], still) for high in (1.0, 0.5)]
        >>> mn.learn(games, mn.RegretMatching(), 100, at=[1, 100]).to_pandas().round(3)
           game  iteration  ne_gap
        0     0          1     0.5
        1     0        100     0.0
        2     1          1     0.0
        3     1        100     0.0
        """
        pandas = _optional("pandas", "to_pandas")
        view = self._view()
        lead = _lead(view)
        number = np.indices((*lead, len(view.iterations)))
        columns = {axis: number[k].ravel() for k, axis in enumerate(view.axes)}
        columns["iteration"] = view.iterations[number[-1].ravel()]
        measures = {name: np.reshape(values, -1) for name, values in view.measures.items()}
        return pandas.DataFrame(columns | measures)

    def to_xarray(self) -> Any:
        """Return measurements and final policies as a data set of xarray, with names for the axes.

        Returns
        -------
        xarray.Dataset
            Measures and probes have the dimensions ``game`` (of sequences, ``sequence`` before it) and
            ``checkpoint``, whose iterations are the coordinate ``iteration``. ``policy`` has ``game``, ``player``,
            ``step`` (of finite horizon), ``state`` and ``action``; ``average`` and ``last`` of extensive games
            have ``game``, ``player`` and ``sequence``, of river endgames ``hand`` besides. What a player with fewer
            actions does not have is NaN. A correlated policy is left out: it is no array for each player.

        Raises
        ------
        ModuleNotFoundError
            If xarray is not installed.

        Examples
        --------
        >>> import metanash as mn
        >>> still = mn.Transition.shared([[[[1.0]] * 3] * 2])
        >>> game = mn.ZeroSumGame([[[[0.9, 0.5, 0.5], [0.4, 0.1, 0.2]]]], still)
        >>> found = mn.learn(game, mn.RegretMatching(), 10, at=[1, 10]).to_xarray()
        >>> dict(found.sizes)
        {'game': 1, 'checkpoint': 2, 'player': 2, 'step': 1, 'state': 1, 'action': 3}
        >>> found.ne_gap.swap_dims(checkpoint="iteration").sel(game=0, iteration=10).item()
        0.0
        """
        xarray = _optional("xarray", "to_xarray")
        view = self._view()
        lead = _lead(view)
        whole = (*lead, len(view.iterations))
        held: dict[str, Any] = {
            name: ((*view.axes, "checkpoint"), np.reshape(values, whole)) for name, values in view.measures.items()
        }
        for name, (axes, parts) in view.profiles.items():
            shaped = [np.reshape(part, (*lead, *part.shape[part.ndim - len(axes) :])) for part in parts]
            held[name] = ((*view.axes, "player", *axes), _stacked(shaped, len(lead)))
        return xarray.Dataset(held, coords={"iteration": ("checkpoint", view.iterations)})


def _lead(view: View) -> tuple[int, ...]:
    """Sizes of the axes before that of the checkpoints."""
    if not view.measures:
        raise ValueError("the learner of this run has measured nothing, so there is nothing to show")
    values = next(iter(view.measures.values()))
    return values.shape[:-1] or (1,)


def _stacked(parts: Sequence[Floats], lead: int) -> Floats:
    """Arrays of the players as one, with an axis of players after the leading ones; what is missing is NaN."""
    most = np.max([part.shape[lead:] for part in parts], axis=0)
    whole = np.full((*parts[0].shape[:lead], len(parts), *most), np.nan)
    for player, part in enumerate(parts):
        there: tuple[Any, ...] = (*[slice(None)] * lead, player, *map(slice, part.shape[lead:]))
        whole[there] = part
    return whole


def _optional(package: str, method: str) -> Any:
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ModuleNotFoundError(
            f"{method} needs {package}, which is not installed: pip install 'metanash[views]', or {package} alone",
            name=package,
        ) from error
