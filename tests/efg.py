"""Finite-horizon games as Gambit extensive-form files, and OpenSpiel's verdict on them.

The tree plays a step of the Markov game as moves of players 1, ..., N that do not see each other, then chance draws
the next state. Each player has one information set for each public history (states and joint actions so far), so
recall is perfect; the label says h and s, on which alone a Markov policy depends. OpenSpiel's best responses use the
whole history, which is worth nothing more against Markov policies.
"""

import itertools

import pyspiel
from open_spiel.python.algorithms import exploitability
from open_spiel.python.policy import TabularPolicy


def decimal(number):
    """Exact decimal of a dyadic rational; OpenSpiel wants chance probabilities that sum to exactly one."""
    text = f"{number:.20f}".rstrip("0").rstrip(".")
    assert float(text) == number, f"{number!r} has no short decimal"
    return text


class _Writer:
    """Collects the lines of the file and numbers nodes and information sets."""

    def __init__(self, rewards, kernel):
        self.rewards, self.kernel = rewards, kernel
        self.actions = kernel.shape[2:-1]
        self.lines = []
        self.chance, self.ends = itertools.count(1), itertools.count(1)
        self.sets = [itertools.count(1) for _ in self.actions]

    def draw(self, probabilities, follow):
        """A chance node; what cannot happen is left out, and so is a draw of one thing."""
        possible = [z for z, p in enumerate(probabilities) if p > 0]
        if len(possible) > 1:
            outcomes = " ".join(f'"{z}" {decimal(probabilities[z])}' for z in possible)
            self.lines.append(f'c "" {next(self.chance)} "" {{ {outcomes} }} 0')
        for z in possible:
            follow(z)

    def step(self, h, s, earned):
        self.move(h, s, earned, [next(numbers) for numbers in self.sets], ())

    def move(self, h, s, earned, information_sets, chosen):
        player = len(chosen)
        if player < len(self.actions):
            actions = " ".join(f'"{a}"' for a in range(self.actions[player]))
            number = information_sets[player]
            self.lines.append(f'p "" {player + 1} {number} "{h}:{s}" {{ {actions} }} 0')
            for a in range(self.actions[player]):
                self.move(h, s, earned, information_sets, (*chosen, a))
            return
        earned = [e + self.rewards[(i, h, s, *chosen)] for i, e in enumerate(earned)]
        if h + 1 < len(self.kernel):
            self.draw(self.kernel[(h, s, *chosen)], lambda z: self.step(h + 1, z, earned))
        else:
            self.lines.append(f't "" {next(self.ends)} "" {{ {" ".join(map(decimal, earned))} }}')


def gambit_text(rewards, kernel, initial):
    """The file; ``rewards`` (N, H, S, A_1, ..., A_N), ``kernel`` (H, S, A_1, ..., A_N, S), all dyadic."""
    writer = _Writer(rewards, kernel)
    writer.draw(initial, lambda s: writer.step(0, s, [0.0] * len(rewards)))
    names = " ".join(f'"{i + 1}"' for i in range(len(rewards)))
    return "\n".join([f'EFG 2 R "game" {{ {names} }} ""', *writer.lines, ""])


def gains(rewards, kernel, initial, policy):
    """What each player gains by a best response, by OpenSpiel."""
    game = pyspiel.load_efg_game(gambit_text(rewards, kernel, initial))
    tabular = TabularPolicy(game)
    for label, row in tabular.state_lookup.items():
        player, h, s = int(label.split("-")[0]), *map(int, label.split("-")[-1].split(":"))
        tabular.action_probability_array[row] = 0.0
        tabular.action_probability_array[row, : policy[player].shape[-1]] = policy[player][h, s]
    return exploitability.nash_conv(game, tabular, return_only_nash_conv=False).player_improvements


def correlated(rewards, kernel, initial, device):
    """Values of a correlated profile, and what each player gains who leaves it before advice is given, by OpenSpiel.

    ``device`` is a list of (probability, policies), policies being one array (H, S, A_i) per player. The deviator is
    not told which of them was drawn, but may learn from the public history.
    """
    game = pyspiel.load_efg_game(gambit_text(rewards, kernel, initial))
    labels = list(TabularPolicy(game).state_lookup)

    def tabular(policies):
        table = {}
        for label in labels:
            player, h, s = int(label.split("-")[0]), *map(int, label.split("-")[-1].split(":"))
            table[label] = list(enumerate(policies[player][h][s]))
        return pyspiel.TabularPolicy(table)

    found = pyspiel.cce_dist(game, [(share, tabular(policies)) for share, policies in device])
    return found.on_policy_values, found.deviation_incentives
