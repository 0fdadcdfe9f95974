"""Games of one state and one step as payoff matrices, and from other programs' matrix games."""

import numbers
import operator
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash._inner.checks import float_array, name_entry
from metanash.gambit.exact import Decimals, Doubles, Fractions, PayoffTable
from metanash.gambit.scaling import scaled_game
from metanash.gambit.units import LARGEST, Units, payoffs_of
from metanash.games import MarkovGame, ZeroSumGame, check_game
from metanash.transitions import Transition, enough_axes
from metanash.typing import Array, Floats, Integers

__all__ = [
    "from_bimatrix",
    "from_matrix_game",
    "from_payoffs",
    "one_shot",
    "only_one_shot",
    "to_bimatrix",
    "to_payoffs",
]


_MOST_DIGITS = 5000
"""Of a Decimal: as many as no file has, and few enough to compute with."""


def from_payoffs(
    payoffs: npt.ArrayLike, *, zero_sum: bool | None = None, name: str = "", scaled: bool = True
) -> tuple[ZeroSumGame | MarkovGame, Units]:
    """Make a game of one state and one step.

    Parameters
    ----------
    payoffs : (N, A_1, ..., A_N) array
        Of any size. Integers, Fractions and Decimals are taken exactly, also beside each other and beside floats in an
        array of objects; an array of floats is worked out in floats, and has constant sums where they are constant up
        to the rounding of the payoffs.
    zero_sum, name, scaled
        As in :func:`metanash.gambit.read_nfg`.

    Returns
    -------
    game : ZeroSumGame or MarkovGame
    units : Units
        From values to payoffs.

    Raises
    ------
    ValueError
        If the shape is wrong, an entry is no finite real number or beyond 1e100 (the message names it), there are more
        than 60 players, or the game is not zero-sum, or its payoffs no rewards, but should be.

    Warns
    -----
    NearlyZeroSumWarning, VanishingPayoffWarning
        As :func:`metanash.gambit.read_nfg`.

    Examples
    --------
    >>> game, units = from_payoffs([[[6, 2], [7, 0]], [[6, 7], [2, 0]]])
    >>> game.reward[0, 0, 0].round(4).tolist(), units.scale
    ([[0.8571, 0.2857], [1.0, 0.0]], (7.0, 7.0))
    """
    table = _numbers("payoffs", payoffs)
    if table.ndim < 2 or len(table) != table.ndim - 1:
        raise ValueError(f"payoffs must have axes (player, action of each player), got shape {table.shape}")
    enough_axes(len(table))
    places = np.arange(table[0].size).reshape(table.shape[1:])
    return one_shot(_table(table), places, zero_sum=zero_sum, name=name, scaled=scaled)


def one_shot(
    payoffs: PayoffTable, places: Integers, *, zero_sum: bool | None, name: str, scaled: bool
) -> tuple[ZeroSumGame | MarkovGame, Units]:
    """Game of one state and one step.

    Parameters
    ----------
    payoffs : PayoffTable
    places : (A_1, ..., A_N) array
        Which entry of the table a profile is.
    zero_sum, name, scaled
        As in :func:`metanash.gambit.read_nfg`.

    Examples
    --------
    >>> from metanash.gambit.exact import Doubles
    >>> game, units = one_shot(Doubles(np.array([[0.0, 4.0], [2.0, 1.0]])), np.array([[0, 1]]), zero_sum=None,
    ...     name="", scaled=True)
    >>> game.n_actions, units.scale
    ((1, 2), (4.0, 1.0))
    """
    still = Transition.shared(np.ones((1, *places.shape, 1)))
    return scaled_game(payoffs, places[None, None], still, np.ones(1), name, zero_sum=zero_sum, scaled=scaled)


def _numbers(name: str, value: npt.ArrayLike) -> Array:
    """A float64 or int64 array, or one of Fractions. Raises ValueError naming the first entry that is no number."""
    try:
        table = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} must be a rectangular array: {error}") from error
    if table.dtype.kind == "f" and not isinstance(value, np.ndarray) and np.abs(table).max(initial=0.0) >= 2.0**63:
        given: Array = np.asarray(value, dtype=object)  # NumPy makes floats of integers from 2^63 to 2^64 beside others
        table = given if any(isinstance(entry, int) for entry in given.reshape(-1).tolist()) else table
    if table.dtype.kind not in "fiubO":  # of texts or complex numbers, say: one entry is enough to make all of them so
        table = np.asarray(value, dtype=object)
    if table.dtype.kind in "iub" and table.size:
        small = max(int(table.max()), -int(table.min())) < Decimals.LARGEST
        table = table.astype(np.int64 if small else object)
    if table.dtype != object:
        table = table if table.dtype == np.int64 and table.size else float_array(name, table)
        beyond = np.abs(table) > LARGEST
        if beyond.any():
            place = tuple(int(i) for i in np.argwhere(beyond)[0])
            where = name_entry("index", place)
            raise ValueError(f"{name} must lie within 1e100; at {where} there is {table[place]}; use another unit")
        return table
    if not table.size:
        raise ValueError(f"{name} must not be empty, got shape {table.shape}")
    exact = np.empty(table.size, dtype=object)
    for k, entry in enumerate(table.reshape(-1).tolist()):
        try:
            exact[k] = _fraction(entry)
        except ValueError as error:
            place = tuple(int(i) for i in np.unravel_index(k, table.shape))
            raise ValueError(f"{name} at {name_entry('index', place)}: {error}") from error
    return exact.reshape(table.shape)


def _fraction(entry: object) -> Fraction:
    """Exact value of a number of any real class."""
    if isinstance(entry, Decimal):
        if not entry.is_finite():
            raise ValueError(f"payoffs must be finite, got {entry}")
        if entry and (abs(entry.adjusted()) > _MOST_DIGITS or len(entry.as_tuple().digits) > _MOST_DIGITS):
            raise ValueError(f"a Decimal of more than {_MOST_DIGITS:,} places; payoffs must lie within 1e100")
    if isinstance(entry, list | tuple | np.ndarray):
        raise ValueError(f"payoffs must be a rectangular array of numbers, got a {type(entry).__name__} as an entry")
    if not isinstance(entry, numbers.Real | Decimal):
        raise ValueError(f"payoffs must be real numbers, got {entry!r:.40} ({type(entry).__name__})")
    try:
        if isinstance(entry, numbers.Rational):
            value = Fraction(operator.index(entry.numerator), operator.index(entry.denominator))
        else:
            value = Fraction(*(entry if isinstance(entry, Decimal) else float(entry)).as_integer_ratio())
    except (ValueError, OverflowError) as error:
        raise ValueError(f"payoffs must be finite, got {entry}") from error
    if abs(value) > LARGEST:
        raise ValueError(f"payoffs must lie within 1e100, got {float(value):.6g}; use another unit")
    return value


def _table(payoffs: Array) -> PayoffTable:
    flat = payoffs.reshape(len(payoffs), -1)
    if flat.dtype == object:
        return Fractions(flat)
    if flat.dtype == np.int64:
        return Decimals(flat, np.zeros(flat.shape, dtype=np.int8))
    return Doubles(flat)


def to_payoffs(game: ZeroSumGame | MarkovGame, units: Units | None = None) -> Floats:
    """Payoffs (N, A_1, ..., A_N) of a game of one state and one step; the inverse of :func:`from_payoffs`.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Raises
    ------
    ValueError
        If the game has more than one state or step, or the units are of another number of players.

    Examples
    --------
    >>> game, units = from_payoffs([[[6, 2], [7, 0]], [[6, 7], [2, 0]]])
    >>> to_payoffs(game, units).tolist()
    [[[6.0, 2.0], [7.0, 0.0]], [[6.0, 7.0], [2.0, 0.0]]]
    """
    check_game("to_payoffs", game, ZeroSumGame, MarkovGame)
    only_one_shot(game)
    return payoffs_of(game, units)[:, 0, 0]


def only_one_shot(game: ZeroSumGame | MarkovGame) -> None:
    """Raise ValueError if a game has more than one state or step.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> twice = ZeroSumGame([[[[1.0, 0.0]]]] * 2, Transition.shared([[[[1.0], [1.0]]]]))
    >>> only_one_shot(twice)
    Traceback (most recent call last):
    ValueError: a strategic game has one state and one step, this one 1 states and 2 steps; write_efg writes ...
    """
    check_game("only_one_shot", game, ZeroSumGame, MarkovGame)
    if (game.horizon, game.n_states) != (1, 1):
        raise ValueError(
            f"a strategic game has one state and one step, this one {game.n_states} states and {game.horizon} steps; "
            "write_efg writes games of finite horizon"
        )


def from_bimatrix(
    A: npt.ArrayLike,
    B: npt.ArrayLike | None = None,
    *,
    zero_sum: bool | None = None,
    name: str = "",
    scaled: bool = True,
) -> tuple[ZeroSumGame | MarkovGame, Units]:
    """Make a game of two players of one state and one step.

    Parameters
    ----------
    A : (A_1, A_2) array
        Payoffs of the row player, of numbers as in :func:`from_payoffs`.
    B : (A_1, A_2) array, optional
        Payoffs of the column player. Default: -A.
    zero_sum, name, scaled
        As in :func:`metanash.gambit.read_nfg`.

    Returns
    -------
    game, units
        As :func:`from_payoffs`.

    Raises
    ------
    ValueError
        If the matrices have different shapes, or as :func:`from_payoffs`.

    Warns
    -----
    NearlyZeroSumWarning, VanishingPayoffWarning
        As :func:`metanash.gambit.read_nfg`.

    Examples
    --------
    >>> game, units = from_bimatrix([[6, 2], [7, 0]], [[6, 7], [2, 0]], name="Chicken")
    >>> type(game).__name__, units.scale
    ('MarkovGame', (7.0, 7.0))
    >>> game, units = from_bimatrix([[3, -1], [-1, 1]])
    >>> type(game).__name__, units.offset, units.scale
    ('ZeroSumGame', (-1.0, 1.0), (4.0, 4.0))
    """
    rows = _numbers("A", A)
    columns = -rows if B is None else _numbers("B", B)
    if rows.ndim != 2 or rows.shape != columns.shape:
        raise ValueError(f"A and B must be matrices of one shape, got {rows.shape} and {columns.shape}")
    return from_payoffs(_stacked([rows, columns]), zero_sum=zero_sum, name=name, scaled=scaled)


def _stacked(tables: Sequence[Array]) -> Array:
    """Tables of one shape, side by side; all of Fractions where one is."""
    if any(table.dtype == object for table in tables):
        tables = [np.vectorize(_fraction, otypes=[object])(table.astype(object)) for table in tables]
    return np.stack(tables)


def to_bimatrix(game: ZeroSumGame | MarkovGame, units: Units | None = None) -> tuple[Floats, Floats]:
    """Payoff matrices of the two players. Raises ValueError as :func:`to_payoffs`, or if there are not two.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> game, units = from_bimatrix([[6, 2], [7, 0]], [[6, 7], [2, 0]])
    >>> [matrix.tolist() for matrix in to_bimatrix(game, units)]
    [[[6.0, 2.0], [7.0, 0.0]], [[6.0, 7.0], [2.0, 0.0]]]
    """
    check_game("to_bimatrix", game, ZeroSumGame, MarkovGame)
    payoffs = to_payoffs(game, units)
    if len(payoffs) != 2:
        raise ValueError(f"a bimatrix game has 2 players, this one has {len(payoffs)}; to_payoffs has them all")
    return payoffs[0], payoffs[1]


def from_matrix_game(
    other: Any, *, zero_sum: bool | None = None, scaled: bool = True
) -> tuple[ZeroSumGame | MarkovGame, Units]:
    """Make a game from another program's matrix game, known by what it offers; nothing is imported.

    Parameters
    ----------
    other : object
        With ``row_utilities`` and ``col_utilities`` (OpenSpiel's MatrixGame), or ``player_utilities(i)``, ``shape`` and
        ``num_players`` (OpenSpiel's TensorGame), or ``payoff_matrices`` (nashpy), or ``to_arrays`` (pygambit). Each may
        be a method or an attribute.
    zero_sum, scaled
        As in :func:`metanash.gambit.read_nfg`.

    Returns
    -------
    game, units
        As :func:`from_payoffs`.

    Raises
    ------
    TypeError
        If the object offers none of these.
    ValueError
        As :func:`from_payoffs`.

    Warns
    -----
    NearlyZeroSumWarning, VanishingPayoffWarning
        As :func:`metanash.gambit.read_nfg`.

    Examples
    --------
    >>> class Theirs:  # as Nashpy's games are
    ...     payoff_matrices = np.array([[6, 2], [7, 0]]), np.array([[6, 7], [2, 0]])
    >>> game, units = from_matrix_game(Theirs())
    >>> game.n_actions, units.scale
    ((2, 2), (7.0, 7.0))
    """

    def get(attribute: str) -> Any:
        found = getattr(other, attribute)
        return found() if callable(found) else found

    if hasattr(other, "row_utilities") and hasattr(other, "col_utilities"):
        return from_bimatrix(get("row_utilities"), get("col_utilities"), zero_sum=zero_sum, scaled=scaled)
    if hasattr(other, "player_utilities") and hasattr(other, "shape") and hasattr(other, "num_players"):
        shape = tuple(get("shape"))
        tables = [np.asarray(other.player_utilities(i)).reshape(shape) for i in range(get("num_players"))]
    elif hasattr(other, "payoff_matrices"):
        tables = list(get("payoff_matrices"))
    elif hasattr(other, "to_arrays"):
        tables = list(get("to_arrays"))
    else:
        raise TypeError(
            f"a {type(other).__name__} has neither row_utilities and col_utilities, nor player_utilities, nor "
            "payoff_matrices, nor to_arrays; from_payoffs takes arrays"
        )
    found = [_numbers(f"payoffs of player {i + 1}", table) for i, table in enumerate(tables)]
    if len({table.shape for table in found}) != 1:
        raise ValueError(f"payoffs of all players must have one shape, got {[table.shape for table in found]}")
    return from_payoffs(_stacked(found), zero_sum=zero_sum, scaled=scaled)
