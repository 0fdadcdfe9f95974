r"""All hands of a player against a vector of the other's hands, in time proportional to their number.

With r_k the weight of the other's hand k, and k ~ h where hands k and h share no card, each hand h needs

.. math:: F_h = \sum_{k \sim h} r_k, \qquad
    D_h = \sum_{k \sim h} r_k \, \text{sign}(\text{strength}_h - \text{strength}_k).

Two different hands share at most one card. So F_h is the sum of all r_k, less those that hold either card of h, plus
the weight of h itself, which was taken off twice; and D_h needs the sums of all weaker and all stronger hands, and of
those among them with either card of h: prefix sums in order of strength, over all hands and card by card (Johanson,
Waugh, Bowling and Zinkevich 2011, "Accelerating best response calculation in large extensive games").
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from metanash.river.cards import DECK
from metanash.typing import Floats, Integers

__all__ = ["Matchup", "matchup"]

_CACHED = 15_000
"""Numbers that are worked on at a time: 120 KB."""


class Matchup(NamedTuple):
    """Where the sums of the other's n hands are to be read for the m hands of a player.

    Attributes
    ----------
    order : (n,) array
        The other's hands from weak to strong.
    by_card : (2n,) array
        The same for each card that they hold, one card after the other.
    edges : (53,) array
        Where each card begins in ``by_card``, and its end.
    weaker, not_stronger : (m,) arrays
        How many hands, in ``order``, are weaker than the own hand, and weaker or equal.
    card_weaker, card_not_stronger : (2, m) arrays
        The same within each of the two cards of the own hand, as places in ``by_card``.
    cards : (2, m) array
        Cards of the own hand.
    same : (m,) array
        Number of the same hand at the other; n if it does not hold that.
    held, begins : (k,), (k,) arrays
        Cards that the other may hold, and where each begins in ``by_card``.

    Examples
    --------
    >>> found = matchup(np.array([[50, 51]]), np.array([9]), np.array([[0, 1], [2, 3]]), np.array([5, 3]))
    >>> found.order.tolist(), found.weaker.tolist()  # both are weaker than the own hand
    ([1, 0], [2])
    """

    order: Integers
    by_card: Integers
    edges: Integers
    weaker: Integers
    not_stronger: Integers
    card_weaker: Integers
    card_not_stronger: Integers
    cards: Integers
    same: Integers
    held: Integers
    begins: Integers

    def without_common_card(self, reach: Floats) -> Floats:
        """F of the module: (rows, m) of (rows, n), or (m,) of (n,)."""
        return self._in_pieces(self._without_common_card, reach)

    def weaker_less_stronger(self, reach: Floats) -> Floats:
        """D of the module: (rows, m) of (rows, n), or (m,) of (n,)."""
        return self._in_pieces(self._weaker_less_stronger, reach)

    def counts(self) -> tuple[Integers, Integers, Integers]:
        """How many hands (m,) without a common card are weaker, equal and stronger."""
        first, end = self.edges[self.cards], self.edges[self.cards + 1]
        everything = len(self.order) - (end - first).sum(axis=0) + (self.same < len(self.order))
        weaker = self.weaker - (self.card_weaker - first).sum(axis=0)
        stronger = len(self.order) - self.not_stronger - (end - self.card_not_stronger).sum(axis=0)
        return weaker, everything - weaker - stronger, stronger

    def _in_pieces(self, summed: Callable[[Floats], Floats], reach: Floats) -> Floats:
        """Some rows at a time, so that what is worked on stays in the cache."""
        rows = np.atleast_2d(reach)
        step = max(1, _CACHED // len(self.by_card))
        if len(rows) <= step:
            found = summed(rows)
        else:
            found = np.empty((len(rows), len(self.weaker)))
            for low in range(0, len(rows), step):
                found[low : low + step] = summed(rows[low : low + step])
        return found if reach.ndim == 2 else found[0]

    def _without_common_card(self, reach: Floats) -> Floats:
        sums = np.zeros((len(reach), len(DECK)))
        sums[:, self.held] = np.add.reduceat(reach.take(self.by_card, axis=1), self.begins, axis=1)
        found: Floats = reach.sum(axis=1, keepdims=True) - sums.take(self.cards[0], axis=1)
        found -= sums.take(self.cards[1], axis=1)
        with_none = np.zeros((len(reach), reach.shape[1] + 1))
        with_none[:, :-1] = reach
        found += with_none.take(self.same, axis=1)
        return found

    def _weaker_less_stronger(self, reach: Floats) -> Floats:
        every, by_card = _prefix_sums(reach, self.order), _prefix_sums(reach, self.by_card)
        sides = by_card.take(self.edges[:-1], axis=1) + by_card.take(self.edges[1:], axis=1)
        found = every.take(self.weaker, axis=1)  # weaker - (all - not stronger), less the same of either card
        found += every.take(self.not_stronger, axis=1)
        found -= every[:, -1:]
        for column in (0, 1):
            found -= by_card.take(self.card_weaker[column], axis=1)
            found -= by_card.take(self.card_not_stronger[column], axis=1)
            found += sides.take(self.cards[column], axis=1)
        return found


def _prefix_sums(reach: Floats, places: Integers) -> Floats:
    """Sums of the first 0, 1, 2, ... of these places."""
    sums = np.zeros((len(reach), len(places) + 1))
    reach.take(places, axis=1).cumsum(axis=1, out=sums[:, 1:])
    return sums


def matchup(hands: Integers, strength: Integers, others: Integers, other_strength: Integers) -> Matchup:
    """Sort once what :class:`Matchup` reads in every iteration.

    Parameters
    ----------
    hands, others : (m, 2), (n, 2) arrays
        Cards of the player's hands and of the other's; those of one player differ, the lower card comes first.
    strength, other_strength : (m,), (n,) arrays
        Larger for the better hand.

    Examples
    --------
    Aces with the ace of spades against three hands of weights 1, 2 and 4: a weaker one, one with the same ace, itself:

    >>> pair, other = np.array([[50, 51]]), np.array([[0, 1], [2, 51], [50, 51]])
    >>> found = matchup(pair, np.array([9]), other, np.array([3, 5, 9]))
    >>> found.without_common_card(np.array([1.0, 2.0, 4.0])), found.weaker_less_stronger(np.array([1.0, 2.0, 4.0]))
    (array([1.]), array([1.]))
    """
    order = np.argsort(other_strength, kind="stable")
    rising = other_strength[order]
    lists = [order[(others[order] == card).any(axis=1)] for card in range(len(DECK))]
    first = np.cumsum([0, *map(len, lists)])
    card_weaker, card_not_stronger = (np.empty((2, len(hands)), dtype=np.int64) for _ in range(2))
    for card, held in enumerate(lists):
        for column in (0, 1):
            mine = hands[:, column] == card
            where = (np.searchsorted(other_strength[held], strength[mine], side=side) for side in ("left", "right"))
            card_weaker[column, mine], card_not_stronger[column, mine] = (first[card] + found for found in where)
    held_cards = np.flatnonzero(np.diff(first))
    number = {tuple(hand): k for k, hand in enumerate(others.tolist())}
    return Matchup(
        order=order,
        by_card=np.concatenate(lists),
        edges=first,
        weaker=np.searchsorted(rising, strength, side="left"),
        not_stronger=np.searchsorted(rising, strength, side="right"),
        card_weaker=card_weaker,
        card_not_stronger=card_not_stronger,
        cards=np.ascontiguousarray(hands.T),
        same=np.array([number.get(tuple(hand), len(others)) for hand in hands.tolist()], dtype=np.int64),
        held=held_cards,
        begins=first[held_cards],
    )
