"""River poker by loops, words and fractions: hands, deals, buckets and the tree. Nothing from the library."""

import itertools
from collections import Counter
from fractions import Fraction

RANKS = "23456789TJQKA"
DECK = [rank + suit for rank in RANKS for suit in "cdhs"]


def five_cards(cards):
    """A tuple that is larger for the better of two five-card hands, and equal for equal ones."""
    ranks = sorted((RANKS.index(card[0]) for card in cards), reverse=True)
    groups = sorted(Counter(ranks).items(), key=lambda group: (group[1], group[0]), reverse=True)
    pattern, kickers = [count for _, count in groups], [rank for rank, _ in groups]
    if ranks == [12, 3, 2, 1, 0]:  # the ace is low
        kickers = ranks = [3, 2, 1, 0, -1]
    flush = len({card[1] for card in cards}) == 1
    straight = all(one - other == 1 for one, other in itertools.pairwise(ranks))
    if flush and straight:
        return (8, *kickers)
    orders = [[4, 1], [3, 2], [3, 1, 1], [2, 2, 1], [2, 1, 1, 1], [1, 1, 1, 1, 1]]
    kind = {0: 7, 1: 6, 2: 3, 3: 2, 4: 1, 5: 0}[orders.index(pattern)]
    return (max(kind, 5 * flush, 4 * straight), *kickers)


def strength(hand, board):
    return max(five_cards(cards) for cards in itertools.combinations(hand + board, 5))


def pairs(text):
    return tuple(text[i : i + 2] for i in range(0, len(text), 2))


def all_hands(board):
    return list(itertools.combinations([card for card in DECK if card not in board], 2))


def deals(board, ranges):
    """Probability of each deal of two hands; a range maps hands, tuples of two cards, to weights."""
    weight = {
        (one, other): Fraction(a) * Fraction(b)
        for one, a in ranges[0].items()
        for other, b in ranges[1].items()
        if len({*one, *other, *board}) == 9
    }
    total = sum(weight.values())
    return {hands: part / total for hands, part in weight.items() if part}


def bucket_shares(chance_of_strength, n):
    """Share of each strength in n buckets of equal mass, weakest first: how much of its interval lies in each."""
    shares, low = {}, Fraction(0)
    for rank in sorted(chance_of_strength):
        high = low + chance_of_strength[rank]
        inside = [max(min(high, Fraction(j + 1, n)) - max(low, Fraction(j, n)), 0) for j in range(n)]
        shares[rank] = [part / (high - low) for part in inside]
        low = high
    return shares


FIRST = ["check, fold", "check, call", "bet"]
SECOND = [(to_bet, to_check) for to_bet in ("fold", "call") for to_check in ("check", "bet")]


def play(first, second, shown, pot, bet):
    """Chips that player 1 wins; ``shown`` says who has the better hand: 1, 0 or -1."""
    if first == "bet":
        return Fraction(pot, 2) if second[0] == "fold" else shown * (Fraction(pot, 2) + bet)
    if second[1] == "check":
        return shown * Fraction(pot, 2)
    return -Fraction(pot, 2) if first == "check, fold" else shown * (Fraction(pot, 2) + bet)


def digits(number, base, n):
    return [number // base ** (n - 1 - j) % base for j in range(n)]


class Endgame:
    """All deals, grouped by the strengths of the two hands."""

    def __init__(self, board, ranges, n):
        self.n = n
        ranks = {hand: strength(hand, board) for held in ranges for hand in held if not {*hand} & {*board}}
        self.chance = Counter()
        for (one, other), part in deals(board, ranges).items():
            self.chance[ranks[one], ranks[other]] += part
        own = [Counter(), Counter()]
        for both, part in self.chance.items():
            for player in range(2):
                own[player][both[player]] += part
        self.shares = [bucket_shares(table, n) for table in own]

    def payoff(self, row, column, pot, bet):
        """Mean chips of player 1, by a loop over deals, buckets and the tree."""
        total = 0
        for (one, other), part in self.chance.items():
            shown = (one > other) - (one < other)
            for j, first in enumerate(digits(row, 3, self.n)):
                for k, second in enumerate(digits(column, 4, self.n)):
                    share = self.shares[0][one][j] * self.shares[1][other][k]
                    if share:
                        total += part * share * play(FIRST[first], SECOND[second], shown, pot, bet)
        return total


class UniformEndgame(Endgame):
    """Any two cards for both players: deals are counted before anything is divided, and shares are floats."""

    def __init__(self, board, n):
        self.n = n
        ranks = [(set(hand), strength(hand, board)) for hand in all_hands(board)]
        count, own = Counter(), Counter()
        for one, a in ranks:
            for other, b in ranks:
                if one.isdisjoint(other):
                    count[a, b] += 1
                    own[a] += 1
        self.n_deals = sum(count.values())
        self.chance = {both: number / self.n_deals for both, number in count.items()}
        shares = bucket_shares({rank: Fraction(number, self.n_deals) for rank, number in own.items()}, n)
        self.shares = [{rank: [float(x) for x in row] for rank, row in shares.items()}] * 2
