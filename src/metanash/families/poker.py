"""River poker: the last betting round of hold'em, with a real board, real ranges and a real hand evaluator.

Mao et al. (2023) name "a simplified version of the Poker endgame" of Harris et al. (2022) and describe it in an
appendix that was not at hand, so the simplification is ours. A player knows no more of the own hand than its strength
bucket:

1. Player 1 checks or bets.
2. After a bet player 2 folds or calls. After a check player 2 checks, and the hands are shown, or bets.
3. After a check and a bet player 1 folds or calls.

The pot is there already: who wins it is up half of it, who loses it is down half of it, and a called bet goes the same
way. So each task is a zero-sum matrix game (H = S = 1) whose actions are the plans of the reduced normal form. For each
bucket player 1 plans 0 check and fold, 1 check and call, or 2 bet; player 2 plans 2 c + b, where c says whether a bet
is called (1) or folded to (0) and b whether a check is answered by a bet (1) or a check (0). A plan for all buckets is
the number that has these digits, in base 3 or 4, the weakest bucket's first: with three buckets player 1's action
5 = 012 checks and folds the weakest, checks and calls with the middle one and bets the strongest.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from metanash._inner.cards import DECK, Range, all_hands, parse_cards, range_weights
from metanash._inner.checks import integer
from metanash.games import ZeroSumGame, check_game
from metanash.streams import stream, uniforms
from metanash.transitions import Transition
from metanash.typing import Booleans, Floats, Integers

__all__ = ["RiverDeal", "pot_scale", "river_deal", "river_poker_sequence"]

_ORDERS = ("alternating", "random", "sorted")
_MOST_BUCKETS = 4
_PLANS = (3, 4)
"""Plans of the two players for one bucket."""

# Of two plans (3, 4): who takes the pot because the other folds (1 is player 1, -1 player 2)? Is a bet called?
_CALLS, _BETS, _NEVER = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.zeros(4, dtype=np.int64)
_FOLDED_TO: Integers = np.stack([-_BETS, _NEVER, 1 - _CALLS])
_CALLED: Integers = np.stack([_NEVER, _BETS, _CALLS])


# Deals --------------------------------------------------------------------------------------------------


def _no_common_card(board: tuple[int, ...]) -> Booleans:
    """Whether two of the hands have no card in common: (hands, hands)."""
    holds = (all_hands(board)[:, :, np.newaxis] == np.arange(len(DECK))).any(axis=1).astype(np.float64)
    return np.asarray(holds @ holds.T == 0.0)


@dataclass(frozen=True, eq=False)
class RiverDeal:
    """A deal once hands are known by their buckets only.

    Attributes
    ----------
    mass : (n, n) array
        Probability that player 1 holds a hand of bucket j and player 2 one of bucket k, 0 being the weakest.
    outcome : (n, n) array
        That probability times the mean showdown: 1 if player 1 wins, 0 if the pot is split, -1 if player 2 wins.

    Examples
    --------
    >>> deal = river_deal("Kh9s8d4c2h", 2)
    >>> float(deal.mass.sum().round(9)), bool(deal.outcome[1, 0] > 0)  # the stronger bucket wins
    (1.0, True)
    """

    mass: Floats
    outcome: Floats


def _memberships(strength: Integers, mass: Floats, n_buckets: int) -> Floats:
    """Share of each hand in each of the buckets, weakest first, which have equal mass: (hands, n).

    Where hands of the same strength lie across the border of two buckets, each of them is in both, in equal proportion.
    """
    place = np.unique(strength, return_inverse=True)[1]
    high = np.cumsum(np.bincount(place, weights=mass))[:, np.newaxis]
    low = np.vstack([[0.0], high[:-1]])
    edges = np.linspace(0.0, high[-1, 0], n_buckets + 1)
    overlap = np.clip(np.minimum(high, edges[1:]) - np.maximum(low, edges[:-1]), 0.0, None)
    total = overlap.sum(axis=1, keepdims=True)
    share = np.divide(overlap, total, out=np.zeros_like(overlap), where=total > 0.0)
    return np.asarray(share[place])


def river_deal(board: str, n_buckets: int, ranges: Sequence[Range | None] | None = None) -> RiverDeal:
    """Enumerate all deals of two hands that share no card, with each other or with the board.

    Parameters
    ----------
    board : str
        Five cards, such as ``Kh9s8d4c2h``.
    n_buckets : int
        n. A player is dealt each bucket with probability 1/n.
    ranges : two mappings of hand to weight, optional
        The probability of a deal is proportional to the product of its weights. None, for one player or both: all
        hands alike. Hands that hold a card of the board count nothing.

    Raises
    ------
    ValueError
        If a card, a hand or a weight is no such thing, or no deal is possible.

    Examples
    --------
    >>> river_deal("Kh9s8d4c2h", 2).mass.sum(axis=1).round(9).tolist()
    [0.5, 0.5]
    """
    from metanash.river.strength import river_strengths  # noqa: PLC0415  # slow, and needed by this family only

    shown, n = parse_cards("board", board, 5), integer("n_buckets", n_buckets, 1)
    if ranges is not None and len(ranges) != 2:
        raise ValueError(f"ranges must be two, one per player, got {len(ranges)}")
    first, second = (range_weights(i + 1, held, shown) for i, held in enumerate(ranges or (None, None)))
    joint = np.where(_no_common_card(shown), np.outer(first, second), 0.0)
    if not joint.sum() > 0.0:
        raise ValueError(f"ranges must leave a deal without a common card on {board}; these leave none")
    joint /= joint.sum()
    strength = river_strengths(shown)
    winner = np.sign(strength[:, np.newaxis] - strength)
    mine, theirs = (_memberships(strength, joint.sum(axis=axis), n) for axis in (1, 0))
    return RiverDeal(mine.T @ joint @ theirs, mine.T @ (joint * winner) @ theirs)


# Games --------------------------------------------------------------------------------------------------


def _strategic_form(table: Floats) -> Floats:
    """Sum of a table (3, 4, n, n) over the pairs of buckets, for all plans of both players: (3^n, 4^n)."""
    n = table.shape[-1]
    rows, columns = (np.stack(np.unravel_index(np.arange(size**n), (size,) * n)) for size in _PLANS)
    total = np.zeros([size**n for size in _PLANS])
    for j, k in np.ndindex(n, n):
        total += table[:, :, j, k][np.ix_(rows[j], columns[k])]
    return total


def _chips(deal: RiverDeal) -> tuple[Floats, Floats]:
    """Winnings of player 1, in halves of the pot and in bets: two matrices (3^n, 4^n)."""
    folded_to, called = (part[:, :, np.newaxis, np.newaxis] for part in (_FOLDED_TO, _CALLED))
    pot = folded_to * deal.mass + (1 - np.abs(folded_to)) * deal.outcome
    return _strategic_form(pot), _strategic_form(called * deal.outcome)


def _ordered(kind: str, depth: Floats) -> Integers:
    """Places of the tasks: as drawn; by depth; or shallowest, deepest, second shallowest, second deepest, ..."""
    if kind == "random":
        return np.arange(len(depth))
    rising = np.argsort(depth, kind="stable")
    if kind == "sorted":
        return rising
    turns = np.empty_like(rising)
    turns[::2], turns[1::2] = rising[: (len(depth) + 1) // 2], rising[: (len(depth) - 1) // 2 : -1]
    return turns


def _check(kind: str, n_buckets: int, perturbation: float, chips: Mapping[str, float]) -> None:
    if kind not in _ORDERS:
        raise ValueError(f"kind of a river poker sequence must be one of {list(_ORDERS)}, got {kind!r}")
    if integer("n_buckets", n_buckets, 1) > _MOST_BUCKETS:
        raise ValueError(f"n_buckets must be at most {_MOST_BUCKETS}, that is 81 x 256 plans; got {n_buckets}")
    if not 0.0 <= perturbation < 1.0:
        raise ValueError(f"perturbation must lie in [0, 1), got {perturbation}")
    for name, value in chips.items():
        if not (math.isfinite(value) and value > 0.0):
            raise ValueError(f"{name} must be a finite number above 0, got {value}")


def river_poker_sequence(
    kind: str,
    *address: int | str,
    n_games: int,
    perturbation: float,
    n_buckets: int = 3,
    board: str | None = None,
    ranges: Sequence[Range | None] | None = None,
    pot: float = 100.0,
    stack: float = 75.0,
    bet: float = 1.0,
) -> list[ZeroSumGame]:
    """River endgames on one board with the same ranges, whose pot and stack differ from task to task.

    Parameters
    ----------
    kind : {"random", "sorted", "alternating"}
        Order of the tasks, which are the same in all three: as they are drawn; with the ratio of stack to pot rising;
        or smallest ratio, largest, second smallest, second largest and so on.
    address : int or str
        Names of the sequence.
    n_games : int
        K.
    perturbation : float
        Pot and stack are those given, times 1 + ``perturbation`` times two numbers uniform on [-1, 1]. In [0, 1).
    n_buckets : int
        n, at most 4. Player 1 has 3^n actions and player 2 has 4^n.
    board : str, optional
        Five cards, such as ``Kh9s8d4c2h``. Default: drawn, the same at any perturbation and in any order.
    ranges : two mappings of hand to weight, optional
        As in :func:`river_deal`.
    pot, stack : float
        Chips in the middle, and those that each player has left.
    bet : float
        Size of a bet as a fraction of the pot. It is capped by the stack: all in.

    Returns
    -------
    list of K ZeroSumGame
        Rewards are the mean chips that player 1 wins, rescaled to [0, 1] from [-L, L], the same for all tasks.
        L = (1 + perturbation) (pot / 2 + min(bet pot, stack)) is the most that anyone could lose in any of them.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> games = river_poker_sequence("sorted", 7, n_games=2, perturbation=0.1)
    >>> len(games), games[0].n_actions
    (2, (27, 64))
    """
    integer("n_games", n_games, 1)
    _check(kind, n_buckets, perturbation, {"pot": pot, "stack": stack, "bet": bet})
    if board is None:
        board = "".join(DECK[i] for i in stream(*address, "board").choice(len(DECK), size=5, replace=False))
    in_pots, in_bets = _chips(river_deal(board, n_buckets, ranges))
    transition = Transition.shared(np.ones((1, *in_pots.shape, 1)))
    largest = (1.0 + perturbation) * (pot / 2.0 + min(bet * pot, stack))
    noise = uniforms((*address, "noise"), range(n_games), 2, -1.0, 1.0)
    tasks = np.array([pot, stack]) * (1.0 + perturbation * noise)
    games = []
    for k, (middle, left) in enumerate(tasks[_ordered(kind, tasks[:, 1] / tasks[:, 0])]):
        chips = middle / 2.0 * in_pots + min(bet * middle, left) * in_bets
        reward = np.clip(0.5 + chips / (2.0 * largest), 0.0, 1.0)
        name = f"{kind} {k}: {board}, pot {middle:.6g}, stack {left:.6g}"
        games.append(ZeroSumGame(reward[np.newaxis, np.newaxis], transition, name=name))
    return games


def pot_scale(game: ZeroSumGame) -> float:
    """Pots in a unit of reward: a gap of the game times this number is in fractions of its pot.

    Takes a ZeroSumGame; raises ValueError for anything else.

    It is read off the rewards: player 1 who always bets wins half the pot from player 2 who always folds.

    Raises
    ------
    ValueError
        If it is no game of :func:`river_poker_sequence`.

    Examples
    --------
    >>> (game,) = river_poker_sequence("random", 7, n_games=1, perturbation=0.0)
    >>> scale = pot_scale(game)
    >>> bool(scale > 1)
    True
    """
    check_game("pot_scale", game, ZeroSumGame)
    *lead, rows, columns = game.reward.shape
    sizes = [(3**n, 4**n) for n in range(1, _MOST_BUCKETS + 1)]
    pot = 2.0 * float(game.reward[0, 0, -1, 0]) - 1.0
    if lead != [1, 1] or (rows, columns) not in sizes or not pot > 0.0:
        raise ValueError(
            "a pot is known of games of river poker only: one step, one state, 3^n x 4^n actions and more than 1/2 for "
            f"a bet that is folded to; got a reward of shape {game.reward.shape} with {(1.0 + pot) / 2.0:g} there"
        )
    return 1.0 / pot
