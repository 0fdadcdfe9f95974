"""Cards, hands and ranges of hold'em on the river, where five cards lie on the board.

Cards are numbers from 0 to 51, in the order of ``DECK``: 2c, 2d, 2h, 2s, 3c, ..., As. A hand is a pair of them, the
lower one first. :mod:`metanash.families.poker` reads them by the same functions.
"""

from metanash._inner import cards
from metanash._inner.cards import DECK, RANKS, SUITS, all_hands, hand_name, parse_cards, range_weights

__all__ = ["DECK", "RANKS", "SUITS", "Range", "all_hands", "hand_name", "parse_cards", "range_weights"]

Range = cards.Range
"""Weight of each hand, such as ``{"AhAs": 1.0, "7c2d": 0.25}``. Hands left out are not held."""
