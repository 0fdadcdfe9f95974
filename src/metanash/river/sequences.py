"""Sequences of river endgames on one board, in the orders of :func:`metanash.families.river_poker_sequence`."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from metanash._inner.checks import integer
from metanash.river.betting import betting_tree
from metanash.river.cards import DECK, Range, all_hands, parse_cards, range_weights
from metanash.river.endgames import RiverEndgame
from metanash.streams import stream, uniforms
from metanash.typing import Floats, Integers

__all__ = ["Order", "Varied", "river_sequence"]

Order = Literal["random", "sorted", "alternating"]
Varied = Literal["chips", "ranges", "both"]


def river_sequence(
    kind: Order,
    *address: int | str,
    n_games: int,
    perturbation: float,
    n_hands: int = 200,
    board: str | None = None,
    ranges: Sequence[Range | None] | None = None,
    varied: Varied = "chips",
    pot: float = 100.0,
    stack: float = 250.0,
    sizes: Sequence[float] = (0.5,),
    raises: int = 2,
    all_in: bool = True,
) -> list[RiverEndgame]:
    """River endgames on one board with the same hands, whose pot and stack, or weights of hands, differ.

    Parameters
    ----------
    kind : {"random", "sorted", "alternating"}
        Order of the endgames, which are the same in all three: as they are drawn; with the ratio of stack to pot
        rising; or smallest ratio, largest, second smallest, second largest and so on.
    address : int or str
        Names of the sequence.
    n_games : int
        K.
    perturbation : float
        Pot and stack are those given, times 1 + ``perturbation`` times numbers uniform on [-1, 1]; the weight of a hand
        likewise. In [0, 1).
    n_hands : int
        Hands in each player's range, drawn alike from all 1081, with weights uniform on (0, 1]. Not read if ranges are
        given.
    board : str, optional
        Five cards. Default: drawn, the same at any perturbation and in any order.
    ranges : two mappings of hand to weight, optional
        As of :func:`metanash.river.river_endgame`. Default: drawn.
    varied : {"chips", "ranges", "both"}
        What differs from endgame to endgame: pot and stack, weights of hands, or both.
    pot, stack : float
        Chips in the middle, and those that each player has left.
    sizes, raises, all_in
        As of :func:`metanash.river.betting.betting_tree`.

    Raises
    ------
    ValueError
        If an argument is out of range, or betting trees differ in shape since a size reaches the stack in some
        endgames only.

    Examples
    --------
    >>> endgames = river_sequence("sorted", 0, "docs", n_games=3, perturbation=0.2, n_hands=20)
    >>> ratio = [endgame.betting.stack / endgame.pot for endgame in endgames]
    >>> ratio == sorted(ratio), endgames[0].n_hands
    (True, (20, 20))
    """
    _check(kind, varied, n_games, n_hands, perturbation)
    if board is None:
        board = "".join(DECK[i] for i in stream(*address, "board").choice(len(DECK), size=5, replace=False))
    cards = parse_cards("board", board, 5)
    if ranges is None:
        weights = np.stack([_drawn(stream(*address, "range", i), n_hands, len(all_hands(cards))) for i in (0, 1)])
    elif len(ranges) != 2:
        raise ValueError(f"ranges must be two, one for each player, got {len(ranges)}")
    else:
        weights = np.stack([range_weights(i, held, cards) for i, held in enumerate(ranges)])
    noise = uniforms((*address, "noise"), range(n_games), 2, -1.0, 1.0)
    chips = np.array([pot, stack]) * (1.0 + (0.0 if varied == "ranges" else perturbation) * noise)
    trees = [betting_tree(middle, left, sizes, raises=raises, all_in=all_in) for middle, left in chips.tolist()]
    for tree in trees:
        if not tree.same_shape(trees[0]):
            raise ValueError(
                f"betting trees of a sequence must have one shape; with pot {tree.pot:.6g} and stack {tree.stack:.6g} "
                f"other sizes reach the stack than with {trees[0].pot:.6g} and {trees[0].stack:.6g}. Take a deeper "
                "stack, other sizes, or a smaller perturbation"
            )
    found = []
    for place, k in enumerate(_ordered(kind, chips[:, 1] / chips[:, 0]).tolist()):
        own = weights
        if varied != "chips":
            moved = stream(*address, "weights", k).uniform(-1.0, 1.0, size=weights.shape)
            own = weights * (1.0 + perturbation * moved)
        name = f"{kind} {place}: {board}, pot {chips[k, 0]:.6g}, stack {chips[k, 1]:.6g}"
        found.append(RiverEndgame(board, own, trees[k], name=name))
    return found


def _drawn(rng: np.random.Generator, n_hands: int, n: int) -> Floats:
    """Weights of a random range."""
    weights = np.zeros(n)
    weights[rng.choice(n, size=n_hands, replace=False)] = 1.0 - rng.uniform(size=n_hands)
    return weights


def _ordered(kind: str, depth: Floats) -> Integers:
    """Numbers of the endgames in their order."""
    if kind == "random":
        return np.arange(len(depth))
    rising = np.argsort(depth, kind="stable")
    if kind == "sorted":
        return rising
    turns, half = np.empty_like(rising), (len(depth) + 1) // 2
    turns[::2], turns[1::2] = rising[:half], rising[half:][::-1]
    return turns


def _check(kind: str, varied: str, n_games: int, n_hands: int, perturbation: float) -> None:
    for name, value, allowed in (("kind", kind, get_args(Order)), ("varied", varied, get_args(Varied))):
        if value not in allowed:
            raise ValueError(f"{name} of a river sequence must be one of {list(allowed)}, got {value!r}")
    integer("n_games", n_games, 1)
    if integer("n_hands", n_hands, 1) > 1081:
        raise ValueError(f"n_hands must be at most 1081, all pairs of 47 cards; got {n_hands}")
    if not 0.0 <= perturbation < 1.0:
        raise ValueError(f"perturbation must lie in [0, 1), got {perturbation}")
