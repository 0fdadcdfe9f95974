"""Strategic games of other packages, both ways: pygambit, OpenSpiel, Nashpy, QuantEcon.

Whatever comes from another package comes as a game and its :class:`~metanash.gambit.Units`, as from
:func:`metanash.gambit.from_payoffs`; whatever goes there takes both, and has the payoffs that the units tell, rounded
to 15 digits. A package is imported when something is made for it; what it has made is known by what it offers. For
tables of payoffs themselves there are :func:`metanash.gambit.from_payoffs` and :func:`~metanash.gambit.to_payoffs`,
for trees :mod:`metanash.extensive.packages`.

========== ==================================================== ==========================
package    its games                                            known by
========== ==================================================== ==========================
pygambit   ``pygambit.Game``; of a tree the reduced strategic   ``to_arrays``
           form, whose actions are strategies of the tree
OpenSpiel  ``pyspiel.MatrixGame``, ``pyspiel.TensorGame``       ``row_utilities``,
                                                                ``player_utilities``
Nashpy     ``nashpy.Game``                                      ``payoff_matrices``
QuantEcon  ``quantecon.game_theory.NormalFormGame``             ``payoff_profile_array``
========== ==================================================== ==========================
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from metanash._inner.late import module_of
from metanash.gambit import Units, from_matrix_game, from_payoffs, to_bimatrix, to_payoffs
from metanash.gambit.matrices import only_one_shot
from metanash.gambit.text import decimal
from metanash.gambit.units import written_payoffs
from metanash.games import MarkovGame, ZeroSumGame, check_game

__all__ = [
    "from_nashpy",
    "from_neighbour",
    "from_openspiel",
    "from_pygambit",
    "from_quantecon",
    "is_neighbour",
    "to_nashpy",
    "to_openspiel",
    "to_pygambit",
    "to_quantecon",
]

OneShot = ZeroSumGame | MarkovGame

_KNOWN = {
    "pygambit": ("to_arrays",),
    "OpenSpiel": ("row_utilities", "player_utilities"),
    "Nashpy": ("payoff_matrices",),
    "QuantEcon": ("payoff_profile_array",),
}


def is_neighbour(other: object) -> bool:
    """Whether an object is a strategic game of one of the packages.

    Examples
    --------
    >>> is_neighbour([[1, 2], [3, 4]])
    False
    """
    return any(_offers(other, names) for names in _KNOWN.values())


def _offers(other: object, names: Sequence[str]) -> bool:
    return any(hasattr(other, name) for name in names)


def from_neighbour(other: Any, *, zero_sum: bool | None = None, scaled: bool = True) -> tuple[OneShot, Units]:
    """Make a game of that of any of the packages.

    Parameters
    ----------
    other : object
    zero_sum, scaled
        As in :func:`metanash.gambit.read_nfg`.

    Returns
    -------
    game, units
        As :func:`metanash.gambit.from_payoffs`.

    Raises
    ------
    ValueError
        If it offers nothing that is known, or its payoffs are no game (:func:`metanash.gambit.from_payoffs`).

    Warns
    -----
    NearlyZeroSumWarning, VanishingPayoffWarning
        As :func:`metanash.gambit.read_nfg`.

    Examples
    --------
    >>> class Game:
    ...     payoff_matrices = ([[3, -1], [-1, 1]], [[-3, 1], [1, -1]])
    >>> game, units = from_neighbour(Game())
    >>> units.payoff(game.reward[0, 0], 0)
    array([[ 3., -1.],
           [-1.,  1.]])
    """
    if _offers(other, _KNOWN["QuantEcon"]):
        profiles = np.asarray(other.payoff_profile_array)  # (A_1, ..., A_N, N)
        return from_payoffs(np.moveaxis(profiles, -1, 0), zero_sum=zero_sum, scaled=scaled)
    if not is_neighbour(other):
        known = "; ".join(f"{package} has {' or '.join(names)}" for package, names in _KNOWN.items())
        raise ValueError(f"a {type(other).__name__} is no strategic game of a package that is known: {known}")
    game, units = from_matrix_game(other, zero_sum=zero_sum, scaled=scaled)
    title = getattr(other, "title", "")
    return (_named(game, title), units) if isinstance(title, str) and title else (game, units)


def _named(game: OneShot, name: str) -> OneShot:
    return type(game)(game.reward, game.transition, game.initial, name=name)


def _of(package: str, other: Any, zero_sum: bool | None, scaled: bool) -> tuple[OneShot, Units]:
    """As :func:`from_neighbour`; raises ValueError for what is of another package."""
    names = _KNOWN[package]
    if not _offers(other, names):
        raise ValueError(
            f"a strategic game of {package} has {' or '.join(names)}, this {type(other).__name__} has not; "
            "from_neighbour knows those of all packages"
        )
    return from_neighbour(other, zero_sum=zero_sum, scaled=scaled)


def from_pygambit(other: Any, *, zero_sum: bool | None = None, scaled: bool = True) -> tuple[OneShot, Units]:
    """Make a game of a ``pygambit.Game``; its payoffs are fractions, and taken exactly.

    Parameters, results and warnings are those of :func:`from_neighbour`.

    Raises
    ------
    ValueError
        As :func:`from_neighbour`, or if it is of another package.

    Examples
    --------
    >>> from_pygambit([[3, -1], [-1, 1]])
    Traceback (most recent call last):
    ValueError: a strategic game of pygambit has to_arrays, this list has not; from_neighbour knows those of ...
    """
    return _of("pygambit", other, zero_sum, scaled)


def from_openspiel(other: Any, *, zero_sum: bool | None = None, scaled: bool = True) -> tuple[OneShot, Units]:
    """Make a game of a ``pyspiel.MatrixGame`` or ``pyspiel.TensorGame``.

    Parameters, results and warnings are those of :func:`from_neighbour`.

    Raises
    ------
    ValueError
        As :func:`from_neighbour`, or if it is of another package.

    Examples
    --------
    >>> from_openspiel([[3, -1], [-1, 1]])
    Traceback (most recent call last):
    ValueError: a strategic game of OpenSpiel has row_utilities or player_utilities, this list has not; ...
    """
    return _of("OpenSpiel", other, zero_sum, scaled)


def from_nashpy(other: Any, *, zero_sum: bool | None = None, scaled: bool = True) -> tuple[OneShot, Units]:
    """Make a game of a ``nashpy.Game``.

    Parameters, results and warnings are those of :func:`from_neighbour`.

    Raises
    ------
    ValueError
        As :func:`from_neighbour`, or if it is of another package.

    Examples
    --------
    >>> class Game:
    ...     payoff_matrices = ([[3, 0], [0, 1]], [[0, 1], [1, 0]])
    >>> game, units = from_nashpy(Game())
    >>> units.scale
    (3.0, 1.0)
    """
    return _of("Nashpy", other, zero_sum, scaled)


def from_quantecon(other: Any, *, zero_sum: bool | None = None, scaled: bool = True) -> tuple[OneShot, Units]:
    """Make a game of a ``quantecon.game_theory.NormalFormGame``.

    Parameters, results and warnings are those of :func:`from_neighbour`.

    Raises
    ------
    ValueError
        As :func:`from_neighbour`, or if it is of another package.

    Examples
    --------
    >>> class Game:  # two players, whose payoffs stand side by side
    ...     payoff_profile_array = [[(3, 0), (0, 1)], [(0, 1), (1, 0)]]
    >>> game, units = from_quantecon(Game())
    >>> units.scale
    (3.0, 1.0)
    """
    return _of("QuantEcon", other, zero_sum, scaled)


def to_pygambit(game: OneShot, units: Units | None = None) -> Any:
    """Make a ``pygambit.Game``, a strategic one whose payoffs are exact decimals; its title is the name.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Parameters
    ----------
    game : ZeroSumGame or MarkovGame
        Of one state and one step.
    units : Units, optional
        As in :func:`metanash.gambit.to_payoffs`.

    Raises
    ------
    ValueError
        If the game has more states or steps, or the units are of another number of players.
    ModuleNotFoundError
        If pygambit is not installed.

    Examples
    --------
    >>> from metanash import Transition
    >>> twice = ZeroSumGame([[[[1.0, 0.0]]]] * 2, Transition.shared([[[[1.0], [1.0]]]]))
    >>> to_pygambit(twice)
    Traceback (most recent call last):
    ValueError: a strategic game has one state and one step, this one 1 states and 2 steps; write_efg writes ...
    """
    check_game("to_pygambit", game, ZeroSumGame, MarkovGame)
    only_one_shot(game)
    payoffs = written_payoffs(game, units)[:, 0, 0]
    exact = np.array([Fraction(decimal(payoff)) for payoff in payoffs.reshape(-1).tolist()] + [None], dtype=object)
    package = module_of("pygambit", "pygambit")
    made = getattr(package, "StrategicGame", package.Game)  # a class of its own from pygambit 17 on
    return made.from_arrays(*exact[:-1].reshape(payoffs.shape), title=game.name)


def to_openspiel(game: OneShot, units: Units | None = None) -> Any:
    """Make a ``pyspiel.MatrixGame`` of two players, a ``pyspiel.TensorGame`` of more; as :func:`to_pygambit`.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Raises
    ------
    ValueError
        As :func:`to_pygambit`, or of a single player, since OpenSpiel has no such strategic games.
    ModuleNotFoundError
        If OpenSpiel is not installed.

    Examples
    --------
    >>> from metanash import Transition
    >>> alone = MarkovGame([[[[1.0, 0.0]]]], Transition.shared([[[1.0], [1.0]]]))
    >>> to_openspiel(alone)
    Traceback (most recent call last):
    ValueError: OpenSpiel's strategic games have two players or more, this one has one
    """
    payoffs = to_payoffs(game, units)
    if len(payoffs) == 1:
        raise ValueError("OpenSpiel's strategic games have two players or more, this one has one")
    pyspiel = module_of("pyspiel", "open_spiel")
    if len(payoffs) == 2:
        return pyspiel.create_matrix_game(*payoffs.tolist())
    return pyspiel.create_tensor_game(list(payoffs.reshape(len(payoffs), -1).tolist()), list(payoffs.shape[1:]))


def to_nashpy(game: OneShot, units: Units | None = None) -> Any:
    """Make a ``nashpy.Game`` of two players; as :func:`to_pygambit`.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Raises
    ------
    ValueError
        As :func:`to_pygambit`, or if there are not two players.
    ModuleNotFoundError
        If Nashpy is not installed.

    Examples
    --------
    >>> from metanash import Transition
    >>> alone = MarkovGame([[[[1.0, 0.0]]]], Transition.shared([[[1.0], [1.0]]]))
    >>> to_nashpy(alone)
    Traceback (most recent call last):
    ValueError: a bimatrix game has 2 players, this one has 1; to_payoffs has them all
    """
    payoffs = to_bimatrix(game, units)
    return module_of("nashpy", "nashpy").Game(*payoffs)


def to_quantecon(game: OneShot, units: Units | None = None) -> Any:
    """Make a ``quantecon.game_theory.NormalFormGame``; as :func:`to_pygambit`.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Raises
    ------
    ValueError
        As :func:`to_pygambit`.
    ModuleNotFoundError
        If QuantEcon is not installed.

    Examples
    --------
    >>> from metanash import Transition
    >>> twice = ZeroSumGame([[[[1.0, 0.0]]]] * 2, Transition.shared([[[[1.0], [1.0]]]]))
    >>> to_quantecon(twice)
    Traceback (most recent call last):
    ValueError: a strategic game has one state and one step, this one 1 states and 2 steps; write_efg writes ...
    """
    payoffs = to_payoffs(game, units)
    theory = module_of("quantecon.game_theory", "quantecon")
    return theory.NormalFormGame(np.ascontiguousarray(np.moveaxis(payoffs, 0, -1)))
