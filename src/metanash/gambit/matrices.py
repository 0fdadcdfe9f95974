"""Games of one state and one step as payoff matrices, and from other programs' matrix games."""

from typing import Any

import numpy as np
import numpy.typing as npt

from metanash.checks import float_array
from metanash.gambit.units import Units, payoffs_of, scaled_game
from metanash.games import Game, MarkovGame, ZeroSumGame
from metanash.transitions import Transition

__all__ = ["from_bimatrix", "from_matrix_game", "from_payoffs", "to_bimatrix", "to_payoffs"]

Floats = npt.NDArray[np.float64]


def from_payoffs(
    payoffs: npt.ArrayLike, *, zero_sum: bool | None = None, name: str = ""
) -> tuple[ZeroSumGame | MarkovGame, Units]:
    """Make a game of one state and one step.

    Parameters
    ----------
    payoffs : (N, A_1, ..., A_N) array
        Of any size; fractions are taken exactly.
    zero_sum, name
        As in :func:`metanash.gambit.read_nfg`.

    Returns
    -------
    game : ZeroSumGame or MarkovGame
    units : Units
        From values to payoffs.

    Raises
    ------
    ValueError
        If the shape is wrong, a payoff is not finite or beyond 1e100, or the game is not zero-sum but should be.
    """
    table = np.asarray(payoffs)
    table = table if table.dtype == object else float_array("payoffs", table)
    if table.ndim < 2 or len(table) != table.ndim - 1:
        raise ValueError(f"payoffs must have axes (player, action of each player), got shape {table.shape}")
    still = Transition.shared(np.ones((1, *table.shape[1:], 1)))
    return scaled_game(table[:, np.newaxis, np.newaxis], still, np.ones(1), name, zero_sum)


def to_payoffs(game: Game, units: Units | None = None) -> Floats:
    """Payoffs (N, A_1, ..., A_N) of a game of one state and one step; the inverse of :func:`from_payoffs`.

    Raises
    ------
    ValueError
        If the game has more than one state or step, or the units are of another number of players.
    """
    if not isinstance(game, ZeroSumGame | MarkovGame) or (game.horizon, game.n_states) != (1, 1):
        size = "no horizon" if not isinstance(game, ZeroSumGame | MarkovGame) else f"{game.horizon} steps"
        raise ValueError(
            f"a strategic game has one state and one step, this one {game.n_states} states and {size}; "
            "write_efg writes games of finite horizon"
        )
    return payoffs_of(game, units)[:, 0, 0]


def from_bimatrix(
    A: npt.ArrayLike, B: npt.ArrayLike | None = None, *, zero_sum: bool | None = None, name: str = ""
) -> tuple[ZeroSumGame | MarkovGame, Units]:
    """Make a game of two players of one state and one step.

    Parameters
    ----------
    A : (A_1, A_2) array
        Payoffs of the row player.
    B : (A_1, A_2) array, optional
        Payoffs of the column player. Default: -A.
    zero_sum, name
        As in :func:`metanash.gambit.read_nfg`.

    Returns
    -------
    game, units
        As :func:`from_payoffs`.

    Raises
    ------
    ValueError
        If the matrices have different shapes, or as :func:`from_payoffs`.
    """
    rows = float_array("A", A)
    columns = -rows if B is None else float_array("B", B)
    if rows.ndim != 2 or rows.shape != columns.shape:
        raise ValueError(f"A and B must be matrices of one shape, got {rows.shape} and {columns.shape}")
    return from_payoffs(np.stack([rows, columns]), zero_sum=zero_sum, name=name)


def to_bimatrix(game: Game, units: Units | None = None) -> tuple[Floats, Floats]:
    """Payoff matrices of the two players. Raises ValueError as :func:`to_payoffs`, or if there are not two."""
    payoffs = to_payoffs(game, units)
    if len(payoffs) != 2:
        raise ValueError(f"a bimatrix game has 2 players, this one has {len(payoffs)}; to_payoffs has them all")
    return payoffs[0], payoffs[1]


def from_matrix_game(other: Any, *, zero_sum: bool | None = None) -> tuple[ZeroSumGame | MarkovGame, Units]:
    """Make a game from another program's matrix game, known by what it offers; nothing is imported.

    Parameters
    ----------
    other : object
        With ``row_utilities`` and ``col_utilities`` (OpenSpiel's MatrixGame), or ``player_utilities(i)``, ``shape`` and
        ``num_players`` (OpenSpiel's TensorGame), or ``payoff_matrices`` (nashpy). Each may be a method or an attribute.
    zero_sum : bool, optional
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
    """

    def get(attribute: str) -> Any:
        found = getattr(other, attribute)
        return found() if callable(found) else found

    if hasattr(other, "row_utilities") and hasattr(other, "col_utilities"):
        return from_bimatrix(get("row_utilities"), get("col_utilities"), zero_sum=zero_sum)
    if hasattr(other, "player_utilities") and hasattr(other, "shape") and hasattr(other, "num_players"):
        shape = tuple(get("shape"))
        tables = [np.asarray(other.player_utilities(i)).reshape(shape) for i in range(get("num_players"))]
        return from_payoffs(np.stack(tables), zero_sum=zero_sum)
    if hasattr(other, "payoff_matrices"):
        return from_bimatrix(*get("payoff_matrices"), zero_sum=zero_sum)
    raise TypeError(
        f"a {type(other).__name__} has neither row_utilities and col_utilities, nor player_utilities, nor "
        "payoff_matrices; from_payoffs takes arrays"
    )
