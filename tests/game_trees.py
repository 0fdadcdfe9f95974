"""Game trees as nested nodes, their .efg texts, games that everybody knows, and random ones.

Nothing is imported from ``metanash``. Each player's information sets are named by keys; the number of a set in a file
is its place among the player's keys, and its label is the key.
"""

import itertools
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass
class Node:
    """A node: of a player (from 0) with its information set, of chance (-1), or an end (no children).

    ``children`` are (action, node), ``chances`` one number for each of them, ``payoffs`` what coming here is worth.
    """

    player: int = -1
    key: str = ""
    children: list = field(default_factory=list)
    chances: list = field(default_factory=list)
    payoffs: tuple | None = None


def end(*payoffs):
    return Node(payoffs=payoffs)


def move(player, key, payoffs=None, **children):
    return Node(player, key, list(children.items()), payoffs=payoffs)


def chance(*branches, payoffs=None):
    """Branches are (chance, node)."""
    return Node(-1, "", [(str(k), node) for k, (_, node) in enumerate(branches)], [p for p, _ in branches], payoffs)


def nodes(root):
    """All nodes in prefix order."""
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        todo += [child for _, child in reversed(node.children)]


def sets(root, players):
    """For each player, its keys in the order of prefix with their actions."""
    found = [{} for _ in range(players)]
    for node in nodes(root):
        if node.player >= 0:
            found[node.player].setdefault(node.key, [name for name, _ in node.children])
    return found


def efg(root, players, title="a game"):
    """Text of the file, one node a line."""
    known = [list(keys) for keys in sets(root, players)]
    names = " ".join(f'"P{i + 1}"' for i in range(players))
    lines, counts, outcomes = [f'EFG 2 R "{title}" {{ {names} }} ""'], itertools.count(1), itertools.count(1)
    for node in nodes(root):
        worth = "0"
        if node.payoffs is not None:
            worth = f'{next(outcomes)} "" {{ {" ".join(map(str, node.payoffs))} }}'
        if not node.children:
            lines.append(f't "" {worth}')
        elif node.player < 0:
            drawn = " ".join(f'"{name}" {p}' for (name, _), p in zip(node.children, node.chances, strict=True))
            lines.append(f'c "" {next(counts)} "" {{ {drawn} }} {worth}')
        else:
            listed = " ".join(f'"{name}"' for name, _ in node.children)
            number = 1 + known[node.player].index(node.key)
            lines.append(f'p "" {node.player + 1} {number} "{node.key}" {{ {listed} }} {worth}')
    return "\n".join([*lines, ""])


# Games ------------------------------------------------------------------------------------------------------


def pennies(stake=1):
    """Matching pennies for different stakes: heads against heads pays ``stake``, all else 1; the value is not 0."""
    pay = {("h", "h"): stake, ("t", "t"): 1, ("h", "t"): -1, ("t", "h"): -1}
    return move(0, "a", **{x: move(1, "b", **{y: end(pay[x, y], -pay[x, y]) for y in "ht"}) for x in "ht"})


def kuhn():
    """Kuhn (1950), "A simplified two-person poker": three cards, an ante of 1, a bet of 1. Value -1/18 to player 1."""

    def showdown(cards, stake):
        won = stake if cards[0] > cards[1] else -stake
        return end(won, -won)

    def deal(cards):
        mine, theirs = (str(card) for card in cards)
        answer = move(0, f"{mine}pb", p=end(-1, 1), b=showdown(cards, 2))
        passed = move(1, f"{theirs}p", p=showdown(cards, 1), b=answer)
        return move(0, mine, p=passed, b=move(1, f"{theirs}b", p=end(1, -1), b=showdown(cards, 2)))

    return chance(*((Fraction(1, 6), deal(cards)) for cards in itertools.permutations((1, 2, 3), 2)))


def centipede():
    """Perfect information, two players, payoffs inside the tree: what is on the way is earned for good.

    By hand, from the end: 2 at "c" takes (0 + 4 against 0 + 1, both added to the way); so 1 at "b" compares 1 for
    stopping with -1 for going on; it stops; so 2 at "z" compares 2 (stop) with 0.
    """
    late = move(1, "c", payoffs=(-1, 0), stop=end(0, 4), go=end(5, 1))
    middle = move(0, "b", payoffs=(Fraction(1, 2), 0), stop=end(1, 0), go=late)
    return move(1, "z", payoffs=(10, 20), stop=end(0, 2), go=middle)


def three():
    """Three players; the third sees whether both others did the same, by chance 3/4 only, and nothing else."""

    def last(x, y, seen):
        key = ("same" if x == y else "other") if seen else "blind"
        pay = {"l": (x + 2 * y, 3 - x, x * y), "r": (2 - x, y, 1 + x - y), "m": (0, 1, 1)}
        return move(2, key, **{z: end(*worth) for z, worth in pay.items()})

    def drawn(x, y):
        return chance((Fraction(3, 4), last(x, y, True)), (Fraction(1, 4), last(x, y, False)))

    return move(0, "1", **{f"x{x}": move(1, "2", **{f"y{y}": drawn(x, y) for y in (0, 1, 2)}) for x in (0, 1)})


def forgetful():
    """Player 1 does not remember its first move."""
    again = {x: move(0, "later", up=end(int(x == "l")), down=end(int(x == "r"))) for x in "lr"}
    return move(0, "first", **again)


def absent_minded():
    """Piccione and Rubinstein (1997): a driver who cannot tell two exits apart."""
    return move(0, "exit", off=end(0), on=move(0, "exit", off=end(4), on=end(1)))


def draw_only():
    """Nobody moves: 2/3 x 3 + 1/3 x (-1/2) and what coming to the second costs."""
    inner = chance((Fraction(1, 2), end(0)), (Fraction(1, 2), end(1)), payoffs=(-1,))
    return chance((Fraction(2, 3), end(3)), (Fraction(1, 3), inner))


def random_tree(rng, players, depth=5, inside=True):
    """A tree with perfect recall: a set is what its player did before, and a signal.

    Chances are eighths, payoffs halves. Some subtrees have chance 0.
    """
    sizes = {}

    def payoffs():
        return tuple(Fraction(int(k), 2) for k in rng.integers(-6, 7, size=players))

    def grow(left, memory):
        here = payoffs() if inside and rng.random() < 0.3 else None
        if left == 0 or (left < depth - 1 and rng.random() < 0.12):
            return Node(payoffs=payoffs())
        if rng.random() < 0.25:
            cuts = sorted(int(k) for k in rng.integers(0, 9, size=rng.integers(1, 3)))
            chances = [Fraction(b - a, 8) for a, b in itertools.pairwise([0, *cuts, 8])]
            return chance(*((p, grow(left - 1, memory)) for p in chances), payoffs=here)
        player = int(rng.integers(players))
        key = f"{memory[player]}/{rng.integers(2)}"
        size = sizes.setdefault((player, key), int(rng.integers(1, 4)))
        after = [(*memory[:player], f"{key}{'abc'[a]}", *memory[player + 1 :]) for a in range(size)]
        children = {"abc"[a]: grow(left - 1, after[a]) for a in range(size)}
        return move(player, key, payoffs=here, **children)

    return grow(depth, ("",) * players)


def constant_sum(root, total):
    """The same tree for two players whose payoffs sum to ``total`` at every end."""
    for node in nodes(root):
        mine = node.payoffs[0] if node.payoffs is not None else None
        if mine is not None:
            node.payoffs = (mine, (0 if node.children else total) - mine)
    return root


def seen_by_all(root):
    """The same tree where each node is an information set of its own."""
    for k, node in enumerate(nodes(root)):
        if node.player >= 0:
            node.key = f"node {k}"
    return root
