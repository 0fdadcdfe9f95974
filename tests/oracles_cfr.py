"""Oracle of predictive counterfactual regret matching+: losses by recursion over nested trees, set by set.

A counterfactual loss of an action at an information set is minus what its player earns after it, summed over the nodes
of the set with the probability that all others, and chance, lead there. Nothing is imported from ``metanash``.
"""

import oracles_trees
from oracles_regret import PredictiveRegretMatchingPlus


def losses(root, player, key, strategies, players):
    """Counterfactual losses of the actions at one information set."""
    found = None

    def visit(node, reach):
        nonlocal found
        if node.player == player and node.key == key:
            worth = [reach * oracles_trees.values(child, strategies, players)[player] for _, child in node.children]
            found = worth if found is None else [a + b for a, b in zip(found, worth, strict=True)]
            return
        law = node.chances if node.player < 0 else strategies[node.player][node.key]
        for (_, child), p in zip(node.children, law, strict=True):
            visit(child, reach if node.player == player else reach * p)

    visit(root, 1)
    return [-entry for entry in found]


def own_reach(root, player, strategies):
    """For each information set of a player, the probability that it itself plays towards it."""
    found = {}

    def visit(node, reach):
        if node.player == player:
            found.setdefault(node.key, reach)
        law = strategies[player][node.key] if node.player == player else [1] * len(node.children)
        for (_, child), p in zip(node.children, law, strict=True):
            visit(child, reach * p)

    visit(root, 1)
    return found


class Learning:
    """All players on one tree; ``start`` are initial strategies, regrets begin at 0."""

    def __init__(self, root, players, start, power):
        self.root, self.players, self.power = root, players, power
        self.sets = [
            {key: PredictiveRegretMatchingPlus([0.0] * len(law), law) for key, law in part.items()} for part in start
        ]
        self.sums = [{key: [0.0] * len(law) for key, law in part.items()} for part in start]
        self.history = []

    def strategies(self):
        return [{key: list(here.x) for key, here in part.items()} for part in self.sets]

    def turn(self, player, met):
        """A player sees its losses against the strategies ``met``, and takes them as the prediction."""
        mine, now = self.sets[player], list(met)
        seen = {key: losses(self.root, player, key, met, self.players) for key in mine}
        for key, loss in seen.items():
            mine[key].observe_loss(loss)
        now[player] = dict(met[player])
        for key in reversed(list(mine)):  # those after a set come after it in prefix order
            now[player][key] = list(mine[key].next_strategy(losses(self.root, player, key, now, self.players)))

    def play(self, t, alternating):
        before = self.strategies()
        for i in range(self.players):
            self.turn(i, self.strategies() if alternating else before)
        now = self.strategies()
        self.history.append(now)
        for i in range(self.players):
            reach = own_reach(self.root, i, now)
            for key, law in now[i].items():
                for a, p in enumerate(law):
                    self.sums[i][key][a] += t**self.power * reach[key] * p

    def averages(self):
        """Behaviour strategies of the averaged plans; None at sets that were never played towards."""
        return [
            {key: [s / sum(law) for s in law] if sum(law) else None for key, law in part.items()} for part in self.sums
        ]
