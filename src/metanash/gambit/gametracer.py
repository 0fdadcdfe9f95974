"""GameTracer's strategic games, .gam: numbers of players and actions, then the payoffs, player by player.

The format of B. Blum, D. Koller and C. Shelton's GameTracer, which Gambit, GAMUT and QuantEcon write too: N, then
A_1 ... A_N, then all payoffs of player 1, all of player 2, and so on; of each, the action of player 1 runs fastest.
Lines that begin with # are comments.
"""

import math
import re
from pathlib import Path
from typing import NoReturn

import numpy as np

from metanash.archive import ArchiveError, write_text
from metanash.gambit.bulk import joined, read_numbers
from metanash.gambit.exact import Decimals
from metanash.gambit.matrices import one_shot, only_one_shot
from metanash.gambit.text import Reader, decimal
from metanash.gambit.units import Units, written_payoffs
from metanash.games import MarkovGame, ZeroSumGame, check_game
from metanash.transitions import enough_axes

__all__ = ["gam_text", "read_gam", "write_gam"]

_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)


def read_gam(
    path: Path | str, zero_sum: bool | None = None, *, scaled: bool = True
) -> tuple[ZeroSumGame | MarkovGame, Units]:
    """Read a strategic game of GameTracer's format.

    Parameters
    ----------
    path : path
    zero_sum, scaled
        As in :func:`metanash.gambit.read_nfg`.

    Returns
    -------
    game : ZeroSumGame or MarkovGame
        Of one state and one step; without a name.
    units : Units
        From values to payoffs.

    Raises
    ------
    ArchiveError
        As :func:`metanash.gambit.read_nfg`.

    Warns
    -----
    NearlyZeroSumWarning, VanishingPayoffWarning
        As :func:`metanash.gambit.read_nfg`.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "dilemma.gam")
    ...     _ = path.write_text("2 2 2  3 5 0 1  3 0 5 1")
    ...     game, units = read_gam(path)
    >>> units.payoff(game.reward[0, 0, 0], 0)
    array([[3., 0.],
           [5., 1.]])
    """
    reader = Reader(path)
    reader.text = _COMMENT.sub(lambda found: " " * len(found[0]), reader.text)  # lines stay where they are
    place = reader.peek.place
    players = reader.integer("the number of players", 1)
    try:
        enough_axes(players)
    except ValueError as error:
        reader.fail(place, str(error))
    actions = [reader.integer(f"the number of actions of player {i + 1}", 1) for i in range(players)]
    profiles = math.prod(actions)
    wanted, shape = players * profiles, " x ".join(map(str, actions))

    def wrong(found: int, at: int) -> NoReturn:
        reader.fail(
            at, f"a game of {shape} actions has {profiles} payoffs of each player, {wanted} in all; found {found}"
        )

    found = joined(read_numbers(reader, wanted, "a payoff", wrong), 1)
    payoffs = Decimals(
        found.mantissas.reshape(players, profiles),
        found.places.reshape(players, profiles),
        {divmod(k, profiles): value for (_, k), value in found.others.items()},
    )
    places = np.arange(profiles).reshape(*reversed(actions)).T
    try:
        return one_shot(payoffs, places, zero_sum=zero_sum, name="", scaled=scaled)
    except ValueError as error:
        raise ArchiveError(f"{path}: {error}") from error


def gam_text(game: ZeroSumGame | MarkovGame, units: Units | None = None) -> str:
    """Write a game as the text of a .gam file; see :func:`write_gam`.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash.gambit import from_bimatrix
    >>> print(gam_text(*from_bimatrix([[3, -1], [-1, 1]])))
    2
    2 2
    <BLANKLINE>
    3 -1 -1 1
    -3 1 1 -1
    <BLANKLINE>
    """
    check_game("gam_text", game, ZeroSumGame, MarkovGame)
    only_one_shot(game)
    payoffs = written_payoffs(game, units)[:, 0, 0]
    rows = [" ".join(map(decimal, table.T.reshape(-1))) for table in payoffs]
    return "\n".join([str(len(payoffs)), " ".join(map(str, payoffs.shape[1:])), "", *rows, ""])


def write_gam(path: Path | str, game: ZeroSumGame | MarkovGame, units: Units | None = None) -> None:
    """Write a game of one state and one step as a .gam file, which has no place for its name.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Parameters
    ----------
    path, game, units
        As in :func:`metanash.gambit.write_nfg`.

    Raises
    ------
    ValueError
        If the game has more than one state or step; :func:`metanash.gambit.write_efg` writes those.

    Examples
    --------
    >>> from metanash import MarkovGame, Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> chicken = MarkovGame([[[[[6 / 7, 2 / 7], [1, 0]]]], [[[[6 / 7, 1], [2 / 7, 0]]]]], still, name="Chicken")
    >>> units = Units((0.0, 0.0), (7.0, 7.0))
    >>> write_gam("chicken.gam", chicken, units)
    >>> Path("chicken.gam").read_text().split()
    ['2', '2', '2', '6', '7', '2', '0', '6', '2', '7', '0']
    """
    check_game("write_gam", game, ZeroSumGame, MarkovGame)
    write_text(path, gam_text(game, units))
