"""Kuhn and Leduc poker as game trees: the usual yardsticks for learning in games of imperfect information.

They are trees (:class:`metanash.extensive.Tree`), not Markov games, and no sequences, so they are not in ``FAMILIES``.
"""

import itertools
from dataclasses import dataclass, replace
from fractions import Fraction

from metanash._inner.checks import integer
from metanash.extensive.build import Draw, End, Move, TreeNode, build_tree
from metanash.extensive.trees import Tree

__all__ = ["kuhn_poker", "leduc_poker"]

_PLAYERS = ("player 1", "player 2")


def kuhn_poker(cards: int = 3) -> Tree:
    """Kuhn's poker: a card each, an ante of 1, one bet of 1; player 1 begins.

    Source: Kuhn (1950), "A simplified two-person poker". With three cards it is worth -1/18 to player 1. Information
    sets are named by the card, from 1, and what was done: ``2``, ``2p`` (after a pass), ``2b`` (a bet), ``2pb``.

    Parameters
    ----------
    cards : int
        At least 2.

    Raises
    ------
    ValueError
        If there are fewer cards.

    Examples
    --------
    >>> from metanash.extensive import from_tree, solve_constant_sum
    >>> round(solve_constant_sum(from_tree(kuhn_poker())).value * 18, 10)
    -1.0
    """
    integer("cards", cards, 2)

    def won(hands: tuple[int, int], stake: int) -> End:
        gain = stake if hands[0] > hands[1] else -stake
        return End([gain, -gain])

    def dealt(hands: tuple[int, int]) -> Move:
        mine, theirs = hands
        answer = Move(0, f"{mine}pb", {"p": End([-1, 1]), "b": won(hands, 2)})
        passed = Move(1, f"{theirs}p", {"p": won(hands, 1), "b": answer})
        return Move(0, f"{mine}", {"p": passed, "b": Move(1, f"{theirs}b", {"p": End([1, -1]), "b": won(hands, 2)})})

    deals = [*itertools.permutations(range(1, cards + 1), 2)]
    outcomes = {f"{a}-{b}": (Fraction(1, len(deals)), dealt((a, b))) for a, b in deals}
    return build_tree("Kuhn poker", _PLAYERS, Draw(outcomes))


@dataclass(frozen=True)
class _Hand:
    """Where a hand of Leduc poker stands; ``paid`` is what each player has put in, ``raises`` those of this round."""

    cards: tuple[int, int]
    public: int = 0
    history: str = ""
    paid: tuple[int, int] = (1, 1)
    raises: int = 0
    moved: int = 0
    player: int = 0


def leduc_poker(ranks: int = 3, suits: int = 2, raises: int = 2, bets: tuple[int, int] = (2, 4)) -> Tree:
    """Leduc poker: a private card each, a round of bets, a public card, another round; a pair wins, else the rank.

    Source: Southey et al. (2005), "Bayes' bluff: opponent modelling in poker". An ante of 1; player 1 begins each
    round. Suits do not matter and are not told apart, so there are 144 information sets of each player (OpenSpiel's
    tree, which tells them apart, has 468) and the same value, -0.0856064240 to player 1. Their names are the private
    card, the public one and the moves, such as ``2:3 kk/r``: k call or check, r raise, f fold.

    Parameters
    ----------
    ranks, suits : int
        Of the deck, at least 2 and 1; and three cards.
    raises : int
        In each round, the first bet among them; at least 0.
    bets : tuple of int
        Size of a raise in the first and second round.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> from metanash.extensive import from_tree
    >>> from_tree(leduc_poker()).n_sets
    (144, 144)
    """
    integer("ranks", ranks, 2)
    integer("suits", suits, 1)
    integer("raises", raises, 0)
    for bet in bets:
        integer("a bet", bet, 1)
    if ranks * suits < 3 or len(bets) != 2:
        raise ValueError(
            f"a deck needs 3 cards and two sizes of bets, got {ranks} x {suits} cards and {len(bets)} sizes"
        )

    def played(hand: _Hand) -> TreeNode:
        """The move of the player whose turn it is."""
        me, other = hand.player, 1 - hand.player
        behind = hand.paid[other] - hand.paid[me]
        label = f"{hand.cards[me]}:{hand.public or '-'} {hand.history}"
        bet = bets[1 if hand.public else 0]
        actions: dict[str, TreeNode] = {}
        if behind:
            actions["f"] = _paid(other, hand.paid[me])
        actions["k"] = called(_put(hand, behind, "k"))
        if hand.raises < raises:
            actions["r"] = played(replace(_put(hand, behind + bet, "r"), raises=hand.raises + 1))
        return Move(me, label, actions)

    def called(hand: _Hand) -> TreeNode:
        """After a call or check: the other's move, the public card or the showdown."""
        if hand.moved < 2:
            return played(hand)
        return showdown(hand) if hand.public else Draw(drawn(hand))

    def drawn(hand: _Hand) -> dict[str, tuple[Fraction, TreeNode]]:
        left = {rank: suits - hand.cards.count(rank) for rank in range(1, ranks + 1)}
        after = replace(hand, history=hand.history + "/", raises=0, moved=0, player=0)
        return {
            str(rank): (Fraction(count, ranks * suits - 2), played(replace(after, public=rank)))
            for rank, count in left.items()
            if count
        }

    def showdown(hand: _Hand) -> End:
        strength = [(card == hand.public, card) for card in hand.cards]
        if strength[0] == strength[1]:
            return End([0, 0])
        return _paid(0 if strength[0] > strength[1] else 1, hand.paid[0])

    deck = ranks * suits
    deals: dict[str, tuple[Fraction, TreeNode]] = {}
    for mine, theirs in itertools.product(range(1, ranks + 1), repeat=2):
        count = suits * (suits - (mine == theirs))
        if count:
            deals[f"{mine}-{theirs}"] = Fraction(count, deck * (deck - 1)), played(_Hand((mine, theirs)))
    return build_tree("Leduc poker", _PLAYERS, Draw(deals))


def _paid(winner: int, stake: int) -> End:
    """The winner gets what the other has put in."""
    return End([stake, -stake] if winner == 0 else [-stake, stake])


def _put(hand: _Hand, chips: int, action: str) -> _Hand:
    """The player puts chips in, and it is the other's turn."""
    me = hand.player
    paid = (hand.paid[0] + chips, hand.paid[1]) if me == 0 else (hand.paid[0], hand.paid[1] + chips)
    return replace(hand, history=hand.history + action, paid=paid, moved=hand.moved + 1, player=1 - me)
