"""One-card poker: a tree of one's own, its equilibrium by a linear program, and learning that comes near it.

Ann's card is high or low, and she may bet 1; Bob, who has not seen it, folds or calls. By hand: Ann bets every high
card and a third of the low ones, Bob calls two thirds of the bets, and the game is worth 1/3 to Ann.
"""

import metanash as mn
from metanash.extensive import Draw, End, Move, PredictiveCFR, build_tree, learn_extensive, read_extensive, write_efg


def card(name, won):
    """What may happen when Ann holds a card; ``won`` is what she wins, 1 or -1, if the cards decide."""
    answer = Move(1, "bet", {"fold": End([1, -1]), "call": End([2 * won, -2 * won])})
    return Move(0, name, {"check": End([won, -won]), "bet": answer})


deal = Draw({"high": (0.5, card("high", 1)), "low": (0.5, card("low", -1))})
write_efg("one-card.efg", build_tree("One-card poker", ["Ann", "Bob"], deal))

solved = mn.solve("one-card.efg")
print(f"worth {solved.value:.4f} to Ann, NE-gap {solved.gap:.0e}")
print(f"Ann bets a high card with {solved.at(0, 'high')['bet']:.4f}, a low card with {solved.at(0, 'low')['bet']:.4f}")
print(f"Bob calls a bet with {solved.at(1, 'bet')['call']:.4f}")

run = learn_extensive(read_extensive("one-card.efg"), PredictiveCFR(), iterations=1000, at=[10, 100, 1000])
for iteration, gap in zip(run.checkpoints, run.measures["ne_gap"], strict=True):
    print(f"NE-gap after {iteration:4d} iterations of PCFR+: {gap:.1e}")
