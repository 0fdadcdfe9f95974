"""Cards, hands and ranges of hold'em on the river, where five cards lie on the board.

Cards are numbers from 0 to 51, in the order of ``DECK``: 2c, 2d, 2h, 2s, 3c, ..., As. A hand is a pair of them, the
lower one first.
"""

import itertools
import math
from collections.abc import Mapping

import numpy as np

from metanash.typing import Floats, Integers

__all__ = ["DECK", "RANKS", "SUITS", "Range", "all_hands", "hand_name", "parse_cards", "range_weights"]

RANKS, SUITS = "23456789TJQKA", "cdhs"
DECK = tuple(rank + suit for rank in RANKS for suit in SUITS)
_NUMBER = {card: number for number, card in enumerate(DECK)}

Range = Mapping[str, float]
"""Weight of each hand, such as ``{"AhAs": 1.0, "7c2d": 0.25}``. Hands left out are not held."""


def parse_cards(name: str, text: str, count: int) -> tuple[int, ...]:
    """Numbers of the cards of a text, in its order.

    Parameters
    ----------
    name : str
        What they are, for messages.
    text : str
        Such as ``AhTc``.
    count : int
        How many they must be.

    Raises
    ------
    ValueError
        If there is no such card, a card is there twice, or there are more or fewer.

    Examples
    --------
    >>> parse_cards("a hand", "2dAs", 2)
    (1, 51)
    """
    cards = tuple(text[i : i + 2] for i in range(0, len(text), 2))
    bad = [card for card in cards if card not in _NUMBER]
    if bad:
        raise ValueError(f"{name} must be written in cards such as Ah, Tc or 2d; in {text!r} there is {bad[0]!r}")
    if len(cards) != count or len(set(cards)) != count:
        raise ValueError(f"{name} must be {count} different cards, got {text!r}")
    return tuple(_NUMBER[card] for card in cards)


def all_hands(board: tuple[int, ...]) -> Integers:
    """All pairs of cards that are not on the board, in the order of the deck: (1081, 2).

    >>> all_hands(parse_cards("board", "Kh9s8d4c2h", 5)).shape
    (1081, 2)
    """
    left = [card for card in range(len(DECK)) if card not in board]
    return np.array(list(itertools.combinations(left, 2)), dtype=np.int64)


def hand_name(hand: Integers) -> str:
    """Name of a hand, such as ``2dAs``.

    Examples
    --------
    >>> hand_name(np.array([0, 51]))
    '2cAs'
    """
    return "".join(DECK[int(card)] for card in hand)


def range_weights(player: int, held: Range | None, board: tuple[int, ...]) -> Floats:
    """Weight of each of :func:`all_hands` in a player's range; hands that hold a card of the board count nothing.

    Parameters
    ----------
    player : int
        From 0, for messages.
    held : mapping of hand to weight, or None
        None: all hands alike.
    board : tuple of 5 ints

    Raises
    ------
    ValueError
        If a hand is no two cards, is named twice, or a weight is no finite number of at least 0.

    Examples
    --------
    >>> board = parse_cards("board", "Kh9s8d4c2h", 5)
    >>> range_weights(0, {"AsAh": 2.0, "2h3h": 1.0}, board).sum()
    np.float64(2.0)
    """
    hands = [tuple(hand) for hand in all_hands(board).tolist()]
    if held is None:
        return np.ones(len(hands))
    found, named, name = dict.fromkeys(hands, 0.0), set(), f"a hand in the range of player {player}"
    for text, weight in held.items():
        hand = tuple(sorted(parse_cards(name, text, 2)))
        if not (math.isfinite(weight) and weight >= 0.0):
            raise ValueError(f"weight of {name} must be a finite number of at least 0; {text} has {weight}")
        if hand in named:
            raise ValueError(f"{name} must be named once; {text} is there in both orders")
        named.add(hand)
        if hand in found:
            found[hand] = float(weight)
    return np.array(list(found.values()))
