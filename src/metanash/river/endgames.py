r"""River endgames of heads-up no-limit hold'em: a board, a range of hands for each player, and the betting.

Chance deals hands h and k without a common card with probability proportional to the product of their weights, and
then the players bet (:mod:`metanash.river.betting`). A strategy of player i is an array (S_i, n_i): a behaviour
strategy (:mod:`metanash.extensive.treeplex`) of the betting tree in each column, one for each of its n_i hands.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from metanash._inner.checks import float_array
from metanash._inner.frozen import Frozen, sealed
from metanash.river.betting import BettingTree, betting_tree
from metanash.river.blocks import Block, blocks
from metanash.river.cards import Range, all_hands, hand_name, parse_cards, range_weights
from metanash.river.matchup import Matchup, matchup
from metanash.river.strength import river_strengths
from metanash.typing import Floats, Integers, Policies

__all__ = ["RiverEndgame", "check_endgame", "river_endgame"]


@dataclass(frozen=True, eq=False)
class RiverEndgame(Frozen):
    """A river endgame between two players; :func:`river_endgame` makes one of cards and chips.

    Parameters
    ----------
    board : str
        Five cards, such as ``Kh9s8d4c2h``.
    weights : (2, 1081) array
        Weight of each pair of cards that are not on the board (:func:`metanash.river.cards.all_hands`) in the range of
        each player, at least 0.
    betting : BettingTree
    name : str
        For people.

    Notes
    -----
    Hands of weight 0, and those that have a card in common with every hand of the other, are not dealt: strategies have
    no column for them. ``hands`` are those that are.

    Raises
    ------
    ValueError
        If the board is no five cards, weights are not finite or below 0 or of another shape, or no deal is possible.

    Examples
    --------
    >>> from metanash.river import river_endgame
    >>> endgame = river_endgame("Kh9s8d4c2h", [{"AsAc": 1, "7c6c": 1}, {"KsQs": 1, "QcQd": 2}])
    >>> endgame.n_hands, endgame.hand_names[0]
    ((2, 2), ('6c7c', 'AcAs'))
    """

    board: str
    weights: Floats
    betting: BettingTree
    _: KW_ONLY
    name: str = ""

    def __post_init__(self) -> None:
        weights, every = float_array("weights", self.weights), self._every
        if weights.shape != (2, len(every)):
            raise ValueError(f"weights must be of shape (2, {len(every)}), a row for each player; got {weights.shape}")
        if (weights < 0.0).any():
            i, h = (int(place) for place in np.argwhere(weights < 0.0)[0])
            raise ValueError(f"weights must be at least 0; that of {hand_name(every[h])} of player {i} is not")
        object.__setattr__(self, "weights", weights)
        if not all(map(len, self.hands)):
            raise ValueError(
                f"ranges must leave a deal without a common card on {self.board}; these leave none. Give a player "
                "another hand"
            )

    # Deals ----------------------------------------------------------------------------------------------

    @cached_property
    def _places(self) -> tuple[Integers, ...]:
        """Places, among all pairs of cards, of the hands that each player may be dealt."""
        every, held = self._every, [np.flatnonzero(row > 0.0) for row in self.weights]
        nothing = [np.zeros(len(places), dtype=np.int64) for places in held]
        live = []
        for i in (0, 1):
            count = sum(matchup(every[held[i]], nothing[i], every[held[1 - i]], nothing[1 - i]).counts())
            live.append(sealed(held[i][count > 0]))
        return tuple(live)

    @cached_property
    def _every(self) -> Integers:
        return all_hands(parse_cards("board", self.board, 5))

    @cached_property
    def hands(self) -> tuple[Integers, ...]:
        """(n_i, 2) cards of the hands that each player may be dealt."""
        return tuple(sealed(self._every[places]) for places in self._places)

    @cached_property
    def strengths(self) -> tuple[Integers, ...]:
        """(n_i,) larger for the better hand, equal for a split pot."""
        found = river_strengths(parse_cards("board", self.board, 5))
        return tuple(sealed(found[places]) for places in self._places)

    @cached_property
    def matchups(self) -> tuple[Matchup, ...]:
        """For each player its hands against the other's."""
        hands, strengths = self.hands, self.strengths
        return tuple(matchup(hands[i], strengths[i], hands[1 - i], strengths[1 - i]) for i in (0, 1))

    @cached_property
    def factors(self) -> Policies:
        """(n_i,) arrays: hands h and k without a common card have chance ``factors[0][h] * factors[1][k]``."""
        parts = [row[places] / row.max() for row, places in zip(self.weights, self._places, strict=True)]
        total = float(parts[0] @ self.matchups[0].without_common_card(parts[1]))
        return tuple(sealed(part / np.sqrt(total)) for part in parts)

    @cached_property
    def blocks(self) -> tuple[tuple[Block, ...], ...]:
        """For each player the order of passes over its decisions."""
        return tuple(blocks(plex, n) for plex, n in zip(self.betting.players, self.n_hands, strict=True))

    # Sizes ----------------------------------------------------------------------------------------------

    @property
    def n_hands(self) -> tuple[int, int]:
        """n_0 and n_1."""
        return len(self.hands[0]), len(self.hands[1])

    @property
    def pot(self) -> float:
        """Chips in the middle."""
        return self.betting.pot

    @cached_property
    def hand_names(self) -> tuple[tuple[str, ...], ...]:
        """Names of the hands of each player, such as ``2dAs``."""
        return tuple(tuple(hand_name(hand) for hand in hands) for hands in self.hands)

    @cached_property
    def spread(self) -> float:
        """Range of a player's payoffs over all ends that a deal may come to; 1 where it is 0."""
        weaker, equal, stronger = self.matchups[0].counts()
        shown = [sign for sign, count in ((1.0, weaker), (0.0, equal), (-1.0, stronger)) if count.any()]
        tree = self.betting
        folded = np.where(tree.winner == 0, tree.stake, -tree.stake)[~tree.showdowns]
        payoffs = np.concatenate([folded, np.outer(tree.stake[tree.showdowns], shown).ravel()])
        return float(np.ptp(payoffs)) or 1.0

    # Strategies -----------------------------------------------------------------------------------------

    def uniform(self) -> Policies:
        """Strategies (S_i, n_i) that play all actions alike."""
        return tuple(
            np.repeat(plex.uniform()[:, np.newaxis], n, axis=1)
            for plex, n in zip(self.betting.players, self.n_hands, strict=True)
        )

    def checked(self, strategies: Sequence[npt.ArrayLike]) -> Policies:
        """Strategies as arrays (S_i, n_i).

        Raises
        ------
        ValueError
            If there are not two, one has another shape, or a column is no behaviour strategy.
        """
        if len(strategies) != 2:
            raise ValueError(f"a strategy for each of two players; got {len(strategies)}")
        found = []
        for i, (plex, n, part) in enumerate(zip(self.betting.players, self.n_hands, strategies, strict=True)):
            array = float_array(f"strategy of player {i}", part)
            if array.shape != (plex.n_sequences, n):
                raise ValueError(
                    f"the strategy of player {i} must have {plex.n_sequences} sequences x {n} hands, got {array.shape}"
                )
            found.append(np.ascontiguousarray(plex.checked_behaviour(array.T).T))
        return tuple(found)


def check_endgame(by: str, endgame: object) -> None:
    """Raise ValueError unless it is a RiverEndgame; ``by`` is who asks, for the message.

    Examples
    --------
    >>> check_endgame("my function", 7)
    Traceback (most recent call last):
    ValueError: my function takes a RiverEndgame, got a int; metanash.river.river_endgame makes one
    """
    if not isinstance(endgame, RiverEndgame):
        raise ValueError(
            f"{by} takes a RiverEndgame, got a {type(endgame).__name__}; metanash.river.river_endgame makes one"
        )


def river_endgame(
    board: str,
    ranges: Sequence[Range | None] = (None, None),
    *,
    pot: float = 100.0,
    stacks: tuple[float, float] = (250.0, 250.0),
    sizes: Sequence[float] = (0.5, 1.0),
    raises: int = 2,
    all_in: bool = True,
    name: str = "",
) -> RiverEndgame:
    """Make an endgame of cards and chips.

    Parameters
    ----------
    board : str
        Five cards, such as ``Kh9s8d4c2h``.
    ranges : two mappings of hand to weight
        Such as ``{"AhAs": 1.0, "7c2d": 0.25}``; None is all hands alike. Hands that hold a card of the board count
        nothing.
    pot : float
        Chips in the middle.
    stacks : pair of float
        Chips that the players have left. The shorter one counts, since no bet above it can be called.
    sizes, raises, all_in
        As of :func:`metanash.river.betting.betting_tree`.
    name : str
        For people.

    Raises
    ------
    ValueError
        If a card, a hand, a weight or a number of chips is no such thing, or no deal is possible.

    Examples
    --------
    >>> endgame = river_endgame("Kh9s8d4c2h")
    >>> endgame.n_hands, endgame.betting.n_sets, endgame.betting.n_ends
    ((1081, 1081), 14, 25)
    """
    cards = parse_cards("board", board, 5)
    for what, pair in {"ranges": ranges, "stacks": stacks}.items():
        if len(pair) != 2:
            raise ValueError(f"{what} must be two, one for each player, got {len(pair)}")
    for i, stack in enumerate(stacks):
        if not stack > 0.0:
            raise ValueError(f"stacks must be above 0; that of player {i} is {stack}")
    weights = np.stack([range_weights(i, held, cards) for i, held in enumerate(ranges)])
    tree = betting_tree(pot, min(stacks), sizes, raises=raises, all_in=all_in)
    return RiverEndgame(board, weights, tree, name=name)
