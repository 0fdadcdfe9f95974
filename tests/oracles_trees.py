"""Slow references on nested trees (:mod:`game_trees`): recursion and enumeration of pure strategies.

Strategies are ``[{key: [probability of each action]}, ...]``, one dictionary for each player. Nothing is imported from
``metanash`` or NumPy; all functions work in fractions and in floats alike.
"""

import itertools

import game_trees


def values(root, strategies, players):
    """Expected payoffs, by recursion over the tree."""
    total = [0] * players

    def visit(node, share):
        if node.payoffs is not None:
            for i, payoff in enumerate(node.payoffs):
                total[i] += share * payoff
        law = node.chances if node.player < 0 else strategies[node.player][node.key]
        for (_, child), p in zip(node.children, law, strict=True):
            visit(child, share * p)

    visit(root, 1)
    return total


def pure_strategies(root, player, players):
    """All pure strategies of a player, as dictionaries of vertices; not reduced."""
    keys = game_trees.sets(root, players)[player]
    for choice in itertools.product(*(range(len(actions)) for actions in keys.values())):
        yield {
            key: [int(a == chosen) for a in range(len(actions))]
            for chosen, (key, actions) in zip(choice, keys.items(), strict=True)
        }


def best_response_value(root, strategies, player, players):
    """The most that a player gets against the others, by enumeration."""
    others = list(strategies)
    best = None
    for pure in pure_strategies(root, player, players):
        others[player] = pure
        worth = values(root, others, players)[player]
        best = worth if best is None else max(best, worth)
    return best


def gains(root, strategies, players):
    """What each player gains by its best response."""
    now = values(root, strategies, players)
    return [best_response_value(root, strategies, i, players) - now[i] for i in range(players)]


def perfect_information_value(root, players):
    """Payoffs of backward induction where everybody sees everything; of equal actions the first is taken."""

    def visit(node):
        own = node.payoffs or [0] * players
        if not node.children:
            return list(own)
        below = [visit(child) for _, child in node.children]
        if node.player < 0:
            worth = [sum(p * b[i] for p, b in zip(node.chances, below, strict=True)) for i in range(players)]
        else:
            worth = max(below, key=lambda b: b[node.player])
        return [a + b for a, b in zip(own, worth, strict=True)]

    return visit(root)


def reduced_strategies(root, player, players):
    """Pure strategies at the sets that their player may come to, as sets of (key, action); recall may be imperfect."""
    found = set()
    for pure in pure_strategies(root, player, players):
        met = set()

        def visit(node):
            children = node.children
            if node.player == player:
                chosen = pure[node.key].index(1)  # noqa: B023
                met.add((node.key, chosen))  # noqa: B023
                children = [children[chosen]]
            for _, child in children:
                visit(child)

        visit(root)
        found.add(frozenset(met))
    return found
