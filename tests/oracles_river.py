"""River endgames as nested trees, deal by deal, in fractions. Nothing from the library."""

from fractions import Fraction

import oracles_poker as poker
from game_trees import Node, chance, end


def hand_name(hand):
    return "".join(sorted(hand, key=poker.DECK.index))


def put_in(history, pot, stack):
    """Chips that both players have bet after a history, and the size of the last raise, by playing it over."""
    bets, last, player = [Fraction(0), Fraction(0)], Fraction(0), 0
    for action in history:
        mine, theirs = bets[player], bets[1 - player]
        if action == "call":
            bets[player] = theirs
        elif action == "all-in":
            bets[player], last = stack, stack - theirs
        elif action.split()[0] in ("bet", "raise"):
            to_call = theirs - mine
            pot_after_call = pot + mine + theirs + to_call
            more = max(Fraction(action.split()[1]) * pot_after_call, last)
            bets[player], last = theirs + more, more
        player = 1 - player
    return bets, last


def legal(history, pot, stack, sizes, raises, all_in):
    """Actions in the order of the library; a size is left out where it is no bet of its own."""
    bets, last = put_in(history, pot, stack)
    me = len(history) % 2
    behind = bets[1 - me] - bets[me]
    actions = ["fold", "call"] if behind else ["check"]
    raised = sum(action.split()[0] in ("bet", "raise", "all-in") for action in history)
    if raised < raises and bets[1 - me] < stack:
        totals, word = [], "raise" if behind else "bet"
        for size in sizes:
            total = bets[1 - me] + max(Fraction(size) * (pot + 2 * bets[1 - me]), last)
            if total < stack and total not in totals:
                totals.append(total)
                actions.append(f"{word} {size}")
            all_in = all_in or total >= stack
        if all_in:
            actions.append("all-in")
    return actions


def ended(history):
    return history[-1:] in (("fold",), ("call",)) or history == ("check", "check")


def histories(*rules):
    """All histories, those that end and those that do not."""
    todo, found = [()], []
    while todo:
        history = todo.pop()
        found.append(history)
        if not ended(history):
            todo += [(*history, action) for action in reversed(legal(history, *rules))]
    return found


def payoff(history, shown, pot, stack):
    """Chips that player 0 wins; ``shown`` is 1, 0 or -1 as its hand is better, equal or worse."""
    bets, _ = put_in(history, pot, stack)
    if history[-1] == "fold":
        folds = (len(history) - 1) % 2
        lost = Fraction(pot) / 2 + bets[folds]
        return lost if folds == 1 else -lost
    assert bets[0] == bets[1]
    return shown * (Fraction(pot) / 2 + bets[0])


def tree(board, ranges, pot, stack, sizes, raises, all_in):
    """The endgame; ranges map hands, tuples of two cards, to weights; sizes are texts such as ``0.5``."""
    cards = poker.pairs(board)
    strength = {hand: poker.strength(hand, cards) for held in ranges for hand in held if not {*hand} & {*cards}}
    rules = (Fraction(pot), Fraction(stack), sizes, raises, all_in)

    def play(history, hands, shown):
        if history and ended(history):
            won = payoff(history, shown, *rules[:2])
            return end(won, -won)
        me = len(history) % 2
        children = [(action, play((*history, action), hands, shown)) for action in legal(history, *rules)]
        return Node(me, f"{hand_name(hands[me])}: {'/'.join(history)}", children)

    branches = []
    for hands, probability in poker.deals(cards, ranges).items():
        one, other = (strength[hand] for hand in hands)
        branches.append((probability, play((), hands, (one > other) - (one < other))))
    return chance(*branches)
