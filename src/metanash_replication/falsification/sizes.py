"""Which sizes of instances fit a claim."""

import math

from metanash.games import DiscountedGame, MarkovGame, ZeroSumGame
from metanash_replication.falsification.falsifiable import Falsifiable, Size

__all__ = ["check_informative", "check_size"]

MOST_NUMBERS = 10**8
"""In the rewards and transitions of one instance: a search evaluates many at a time."""
_LOOKED_AT = {
    "horizon": "horizon H",
    "games": "sequence of K games",
    "iterations": "number T of iterations",
    "inner_steps": "inner steps",
}
"""Parts of a size that a claim looks at if one of its own sizes sets them, and what they are called."""


def check_size(claim: Falsifiable, size: Size) -> None:
    """Raise ValueError if a size makes no game of the claim's class, or sets what the claim does not look at."""
    players = len(size.n_actions)
    if claim.game is ZeroSumGame and players != 2:
        raise ValueError(f"{claim.title} is about two players, the size {size.name} has {players}")
    if claim.game is MarkovGame and players < 2:
        raise ValueError(f"{claim.title} is about two players or more, the size {size.name} has one")
    if claim.game is not DiscountedGame and size.discount:
        raise ValueError(f"{claim.title} knows no discount, the size {size.name} has one")
    for name, words in _LOOKED_AT.items():
        default = getattr(Size, name)
        if getattr(size, name) != default and all(getattr(own, name) == default for own in claim.sizes):
            raise ValueError(f"{claim.title} knows no {words}, the size {size.name} has one")
    numbers = size.games * size.horizon * size.n_states * math.prod(size.n_actions) * (size.n_states + players)
    if numbers > MOST_NUMBERS:
        raise ValueError(f"an instance of the size {size.name} has {numbers:,} numbers; at most {MOST_NUMBERS:,}")


def check_informative(claim: Falsifiable, size: Size) -> None:
    """Raise ValueError if no instance of a size can violate a claim."""
    if max(claim.ceilings(size).values()) <= 1.0:
        raise ValueError(
            f"no instance of the size {size.name} can violate {claim.title}: every right side is above the largest "
            f"left side there; look at a larger T"
        )
