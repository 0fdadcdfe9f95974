"""Strength of seven cards, all hands at once.

The best five of seven cards decide. Strengths are integers, larger for the better hand and equal for a split pot: the
category (0 high card, 1 pair, 2 two pairs, 3 three of a kind, 4 straight, 5 flush, 6 full house, 7 four of a kind,
8 straight flush) and then up to five ranks that break ties, as digits in base 13.
"""

import numpy as np

from metanash.river.cards import all_hands
from metanash.typing import Array, Booleans, Integers

__all__ = ["river_strengths", "seven_card_strengths"]

_N_RANKS, _N_SUITS, _TIE_BREAKERS = 13, 4, 5


def seven_card_strengths(cards: Integers) -> Integers:
    """Strength of each of many sets of seven cards.

    Parameters
    ----------
    cards : (n, 7) array of int
        Numbers of different cards (:mod:`metanash.river.cards`).

    Returns
    -------
    (n,) array of int

    Raises
    ------
    ValueError
        If they are no seven different cards each.

    Examples
    --------
    Four aces beat a full house:

    >>> four, full = [48, 49, 50, 51, 0, 4, 8], [48, 49, 50, 44, 45, 4, 8]
    >>> strength = seven_card_strengths(np.array([four, full]))
    >>> bool(strength[0] > strength[1])
    True
    """
    held = _held(cards)
    counts, suits = held.sum(axis=2), held.sum(axis=1)
    flushed = (held & (suits >= 5)[:, np.newaxis, :]).any(axis=2)  # ranks in the suit of the flush, if there is one
    several = [counts >= many for many in range(5)]
    flush, straight, straight_flush = flushed.any(axis=1), _straight(several[1]), _straight(flushed)
    four, three, pairs = (_highest(several[many]) for many in (4, 3, 2))
    second_pair = _highest(_without(several[2], pairs))
    under_three = _highest(_without(several[2], three))  # of two threes the lower one is the pair of a full house
    found = [
        (straight_flush >= 0, 8, [straight_flush]),
        (four >= 0, 7, [four, *_kickers(several[1], 1, four)]),
        ((three >= 0) & (under_three >= 0), 6, [three, under_three]),
        (flush, 5, _kickers(flushed, 5)),
        (straight >= 0, 4, [straight]),
        (three >= 0, 3, [three, *_kickers(several[1], 2, three)]),
        (second_pair >= 0, 2, [pairs, second_pair, *_kickers(several[1], 1, pairs, second_pair)]),
        (pairs >= 0, 1, [pairs, *_kickers(several[1], 3, pairs)]),
        (np.ones(len(counts), dtype=bool), 0, _kickers(several[1], 5)),
    ]
    numbers = [_number(category, ranks) for _, category, ranks in found]
    return np.asarray(np.select([where for where, _, _ in found], numbers))


def river_strengths(board: tuple[int, ...]) -> Integers:
    """Strength (1081,) of every hand (:func:`metanash.river.cards.all_hands`) with the five cards of a board.

    Examples
    --------
    >>> from metanash.river.cards import all_hands, hand_name, parse_cards
    >>> board = parse_cards("board", "Kh9s8d4c2h", 5)
    >>> strength = river_strengths(board)
    >>> hand_name(all_hands(board)[strength.argmax()])  # three kings
    'KcKd'
    """
    hands = all_hands(board)
    return seven_card_strengths(np.hstack([hands, np.broadcast_to(np.array(board), (len(hands), 5))]))


def _held(cards: Integers) -> Booleans:
    """Whether a card is there: (n, rank, suit)."""
    array: Array = np.asarray(cards)
    if array.ndim != 2 or array.shape[1] != 7 or array.dtype.kind not in "iu":
        raise ValueError(f"cards must be integers with axes (hand, 7 cards), got {array.dtype} of shape {array.shape}")
    if array.size and not (array.min() >= 0 and array.max() < _N_RANKS * _N_SUITS):
        raise ValueError(f"cards must be numbers from 0 to 51, got {array.min()} to {array.max()}")
    held = np.zeros((len(array), _N_RANKS * _N_SUITS), dtype=bool)
    held[np.arange(len(array))[:, np.newaxis], array] = True
    twice = held.sum(axis=1) < 7
    if twice.any():
        place = int(twice.argmax())
        raise ValueError(f"seven cards must differ; at place {place} they are {array[place].tolist()}")
    return held.reshape(-1, _N_RANKS, _N_SUITS)


def _highest(ranks: Booleans) -> Integers:
    """The highest rank that is there, -1 if there is none: (n,)."""
    return np.where(ranks.any(axis=1), _N_RANKS - 1 - ranks[:, ::-1].argmax(axis=1), -1)


def _without(ranks: Booleans, *removed: Integers) -> Booleans:
    places = np.arange(_N_RANKS)
    for rank in removed:
        ranks = ranks & (places != rank[:, np.newaxis])
    return ranks


def _kickers(ranks: Booleans, count: int, *used: Integers) -> list[Integers]:
    """The highest ranks beside those that are used, the best first."""
    left, found = _without(ranks, *used), list[Integers]()
    for _ in range(count):
        found.append(_highest(left))
        left = _without(left, found[-1])
    return found


def _straight(ranks: Booleans) -> Integers:
    """Highest rank of five in a row, the ace being high or low; -1 if there are none."""
    from_ace = np.hstack([ranks[:, -1:], ranks])
    runs: Booleans = np.stack([from_ace[:, low : low + 5].all(axis=1) for low in range(10)], axis=1)
    return np.where(runs.any(axis=1), 12 - runs[:, ::-1].argmax(axis=1), -1)


def _number(category: int, ranks: list[Integers]) -> Integers:
    """Digits in base 13; ranks that are not there (-1) are of other categories, which are not selected."""
    number: Integers = np.full(len(ranks[0]), category, dtype=np.int64)
    for rank in ranks:
        number = number * _N_RANKS + rank
    return np.asarray(number * _N_RANKS ** (_TIE_BREAKERS - len(ranks)))
