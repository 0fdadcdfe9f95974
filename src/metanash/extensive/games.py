r"""Extensive games with perfect recall in sequence form, frozen and validated.

The model: N players, each with a :class:`~metanash.extensive.treeplex.Treeplex`. A *terminal* l is a combination of the
players' sequences at which the game ends; chance is averaged out, and ends with the same sequences are one terminal.
With realisation plans r_1, ..., r_N the terminal is reached with probability c_l prod_j r_j[l_j], where c_l is the
chance of it when all players play towards it, and player i is worth

.. math:: u_i(r) = \sum_l u_{il} \prod_j r_j[l_j]

(von Stengel 1996; Koller, Megiddo and von Stengel 1996). Payoffs are in the user's own units, times c_l.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from metanash._inner.checks import float_array
from metanash._inner.frozen import Frozen, sealed
from metanash.extensive.flat import Flat, flatten
from metanash.extensive.treeplex import Treeplex, integers
from metanash.typing import Floats, Integers, Policies

__all__ = ["ExtensiveGame", "Scatter", "check_extensive", "stack_games"]

_TOTAL = 1e-9
"""How far the chances of all terminals may be from one."""
_LARGEST = 1e150
"""Payoffs beyond this are refused, lest their range or sums over time overflow."""


class Scatter(NamedTuple):
    """How entries of terminals are added up by the sequences of a player.

    Attributes
    ----------
    order : (L,) array
        Terminals by sequence.
    starts : (k,) array
        Where those of each sequence begin.
    sequences : (k,) array
        The sequences that end somewhere.

    Examples
    --------
    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> [part.tolist() for part in game.scatters[1]]
    [[0, 2, 1, 3], [0, 2], [1, 2]]
    """

    order: Integers
    starts: Integers
    sequences: Integers


@dataclass(frozen=True, eq=False)
class ExtensiveGame(Frozen):
    """Extensive game with perfect recall, or a batch of games of one tree shape.

    Parameters
    ----------
    players : tuple of Treeplex
        The decisions of each player.
    sequences : (N, L) array of int
        Last sequence of each player at each terminal.
    payoff : (N, L) or (..., N, L) array
        Payoffs at the terminals, times the chance of the terminal. Leading axes make a batch.
    chance : (L,) or (..., L) array
        Chance of each terminal when all players play towards it, above 0. Under any strategies the probabilities of
        all terminals sum to one; the uniform ones are looked at.
    name : str
        For people and files.

    Raises
    ------
    ValueError
        If shapes do not fit, a sequence does not exist, two terminals have the same sequences, an entry is not finite,
        chances are not above 0 or do not sum to one, or a payoff over its chance is beyond 1e150.

    Examples
    --------
    Matching pennies, where player 2 does not see what player 1 did:

    >>> once = Treeplex([0], [2])
    >>> game = ExtensiveGame((once, once), [[1, 1, 2, 2], [1, 2, 1, 2]], [[1, -1, -1, 1], [-1, 1, 1, -1]], np.ones(4))
    >>> game.n_players, game.n_sequences, game.n_terminals
    (2, (3, 3), 4)
    >>> game.spread
    array([2., 2.])
    """

    players: tuple[Treeplex, ...]
    sequences: Integers
    payoff: Floats
    chance: Floats
    _: KW_ONLY
    name: str = ""

    def __post_init__(self) -> None:
        players = tuple(self.players)
        if not players or not all(isinstance(plex, Treeplex) for plex in players):
            raise ValueError("an extensive game needs a Treeplex for each player, one at least")
        sequences = integers("sequences", self.sequences, 2)
        payoff, chance = float_array("payoff", self.payoff), float_array("chance", self.chance)
        shape = (len(players), sequences.shape[1])
        if sequences.shape[0] != len(players) or payoff.shape[-2:] != shape:
            raise ValueError(
                f"sequences and payoff must have axes (player, terminal), the same in both, for {len(players)} "
                f"players; got shapes {sequences.shape} and {payoff.shape}"
            )
        if chance.shape not in {shape[1:], (*payoff.shape[:-2], shape[1])}:
            raise ValueError(
                f"chance must have one entry for each of {shape[1]} terminals, for all games alike or for each; "
                f"got shape {chance.shape}"
            )
        _check_sequences(players, sequences)
        object.__setattr__(self, "players", players)
        for name, value in {"sequences": sequences, "payoff": payoff, "chance": chance}.items():
            object.__setattr__(self, name, value)
        self._check_chance()

    def _check_chance(self) -> None:
        if (self.chance <= 0.0).any():
            place = tuple(int(i) for i in np.argwhere(self.chance <= 0.0)[0])
            raise ValueError(
                f"chance must be above 0; at terminal {place[-1]} it is {self.chance[place]:.6g}; "
                "leave out what cannot be"
            )
        with np.errstate(over="ignore"):
            beyond = np.abs(self.payoff / self.chance[..., np.newaxis, :]) > _LARGEST
        if beyond.any():
            place = tuple(int(i) for i in np.argwhere(beyond)[0])
            raise ValueError(
                f"payoffs over chances must be at most {_LARGEST:g} in size; at (player, terminal) = {place[-2:]} the "
                f"payoff is {self.payoff[place]:.6g}; use another unit"
            )
        total = (self.chance * self.reach(self.uniform())).sum(axis=-1)
        if (np.abs(total - 1.0) > _TOTAL).any():
            worst = total.reshape(-1)[np.abs(total - 1.0).argmax()]
            raise ValueError(
                f"the probabilities of all terminals must sum to one; under uniform strategies they sum to {worst:.10g}"
            )

    # Sizes ----------------------------------------------------------------------------------------------

    @property
    def n_players(self) -> int:
        """N."""
        return len(self.players)

    @property
    def n_terminals(self) -> int:
        """L, the number of combinations of sequences at which the game may end."""
        return int(self.sequences.shape[1])

    @property
    def n_sets(self) -> tuple[int, ...]:
        """Number of information sets of each player."""
        return tuple(plex.n_sets for plex in self.players)

    @property
    def n_sequences(self) -> tuple[int, ...]:
        """Number of sequences of each player, the empty one among them."""
        return tuple(plex.n_sequences for plex in self.players)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Leading axes of the payoffs; () for one game."""
        return self.payoff.shape[:-2]

    @cached_property
    def spread(self) -> Floats:
        """(..., N) range of each player's payoffs at the terminals, chance averaged; 1 where it is 0."""
        mean = self.payoff / self.chance[..., np.newaxis, :]
        span = np.ptp(mean, axis=-1)
        return sealed(np.where(span > 0.0, span, 1.0))

    @cached_property
    def scatters(self) -> tuple[Scatter, ...]:
        """For each player, how terminals are added up by its sequences."""
        found = []
        for row in self.sequences:
            order = np.argsort(row, kind="stable")
            sequences, starts = np.unique(row[order], return_index=True)
            found.append(Scatter(sealed(order.astype(np.int64)), sealed(starts.astype(np.int64)), sealed(sequences)))
        return tuple(found)

    @cached_property
    def flat(self) -> Flat:
        """The game as the kernels take it."""
        return flatten(self.players, self.sequences, self.payoff, [scatter.order for scatter in self.scatters])

    # Strategies -----------------------------------------------------------------------------------------

    def uniform(self) -> Policies:
        """Behaviour strategies (S_i,) that play all actions alike."""
        return tuple(plex.uniform() for plex in self.players)

    def plans(self, strategies: Sequence[Floats]) -> Policies:
        """Realisation plans (..., S_i) of behaviour strategies (..., S_i), unchecked."""
        return tuple(plex.plan(part) for plex, part in zip(self.players, strategies, strict=True))

    def reach(self, strategies: Sequence[Floats]) -> Floats:
        """Product of the players' plans at each terminal (..., L), without chance."""
        reach = np.ones(self.n_terminals)
        for plan, row in zip(self.plans(strategies), self.sequences, strict=True):
            reach = reach * plan[..., row]
        return reach

    def checked(self, strategies: Sequence[npt.ArrayLike]) -> Policies:
        """Behaviour strategies as arrays (..., S_i), one for each player.

        Raises
        ------
        ValueError
            If there is not one for each player, or one is none
            (:meth:`metanash.extensive.treeplex.Treeplex.checked_behaviour`).
        """
        if len(strategies) != self.n_players:
            raise ValueError(f"a strategy for each player, {self.n_players} in all; got {len(strategies)}")
        return tuple(plex.checked_behaviour(part) for plex, part in zip(self.players, strategies, strict=True))


def _check_sequences(players: Sequence[Treeplex], sequences: Integers) -> None:
    for i, (plex, row) in enumerate(zip(players, sequences, strict=True)):
        bad = (row < 0) | (row >= plex.n_sequences)
        if bad.any():
            place = int(bad.argmax())
            raise ValueError(
                f"sequences must exist; at (player, terminal) = ({i}, {place}) there is {row[place]}, "
                f"the player has {plex.n_sequences}"
            )
    columns, counts = np.unique(sequences, axis=1, return_counts=True)
    if (counts > 1).any():
        raise ValueError(
            f"terminals must differ in a sequence; {counts.max()} of them have {columns[:, counts.argmax()].tolist()}; "
            "add up their payoffs and chances"
        )


def check_extensive(by: str, game: object) -> None:
    """Raise ValueError unless it is an ExtensiveGame.

    Parameters
    ----------
    by : str
        Who asks, for the message.

    Examples
    --------
    >>> check_extensive("my function", 7)
    Traceback (most recent call last):
    ValueError: my function takes an ExtensiveGame, got a int; metanash.extensive.read_extensive reads one
    """
    if not isinstance(game, ExtensiveGame):
        raise ValueError(
            f"{by} takes an ExtensiveGame, got a {type(game).__name__}; metanash.extensive.read_extensive reads one"
        )


def stack_games(games: Sequence[ExtensiveGame], name: str = "") -> ExtensiveGame:
    """Make a batch of games of one tree shape, with a new first axis; names of sets and actions are those of the first.

    Parameters
    ----------
    games : sequence of ExtensiveGame
        With the same treeplexes, the same sequences at their terminals, and the same leading axes.
    name : str
        Of the batch.

    Raises
    ------
    ValueError
        If there is no game, or one has another shape than the first.

    Examples
    --------
    >>> once = Treeplex([0], [2])
    >>> games = [ExtensiveGame((once,), [[1, 2]], [[0, worth]], [1, 1]) for worth in (1, 2, 3)]
    >>> stack_games(games).payoff[:, 0, 1].tolist()
    [1.0, 2.0, 3.0]
    """
    if not games:
        raise ValueError("a batch needs at least one game")
    for k, game in enumerate(games):
        check_extensive(f"stack_games, at place {k},", game)
        if (differs := _difference(games[0], game)) is not None:
            raise ValueError(f"a batch holds games of one tree shape; game {k} has other {differs} than game 0")
    payoff = np.stack([game.payoff for game in games])
    shape = (*payoff.shape[:-2], payoff.shape[-1])
    chance = np.stack([np.broadcast_to(game.chance, shape[1:]) for game in games])
    return ExtensiveGame(games[0].players, games[0].sequences, payoff, chance, name=name)


def _difference(one: ExtensiveGame, other: ExtensiveGame) -> str | None:
    if one.n_players != other.n_players:
        return "players"
    for mine, theirs in zip(one.players, other.players, strict=True):
        if not (np.array_equal(mine.parent, theirs.parent) and np.array_equal(mine.n_actions, theirs.n_actions)):
            return "information sets"
    if not np.array_equal(one.sequences, other.sequences):
        return "terminals"
    return "leading axes" if one.batch_shape != other.batch_shape else None
