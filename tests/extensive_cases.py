"""Games of the library from nested trees and from OpenSpiel, and strategies by the names of information sets."""

from fractions import Fraction

import numpy as np
import pytest
from game_trees import efg, random_tree

from metanash.extensive import read_extensive, read_tree


def written(folder, root, players):
    path = folder / "game.efg"
    path.write_text(efg(root, players, "a game"))
    return path


def read(folder, root, players):
    return read_extensive(written(folder, root, players))


def tree_of(folder, root, players):
    return read_tree(written(folder, root, players))


def random_behaviour(rng, plex, zeros=0.2):
    """A behaviour strategy (S,) in sixteenths, many of whose entries may be 0."""
    strategy = np.ones(plex.n_sequences)
    for first, n in zip(plex.first, plex.n_actions, strict=True):
        weights = rng.dirichlet(np.ones(n)) * (rng.random(n) > zeros)
        law = weights / weights.sum() if weights.sum() else np.full(n, 1 / n)
        strategy[first : first + n] = rng.multinomial(16, law) / 16
    return strategy


def by_key(game, strategies):
    """The same strategies as dictionaries from labels to lists, for the oracles."""
    return [
        {
            label: part[first : first + n].tolist()
            for label, first, n in zip(plex.labels, plex.first, plex.n_actions, strict=True)
        }
        for plex, part in zip(game.players, strategies, strict=True)
    ]


def random_case(folder, seed, players, depth=5):
    """A random tree, its game and random strategies."""
    rng = np.random.default_rng([seed, players])
    root = random_tree(rng, players, depth)
    game = read(folder, root, players)
    return root, game, tuple(random_behaviour(rng, plex) for plex in game.players)


class OpenSpiel:
    """A game of OpenSpiel as an .efg text whose information sets are labelled by its information states."""

    def __init__(self, pyspiel, name):
        self.game, self.numbers = pyspiel.load_game(name), {}

    def text(self):
        names = " ".join(f'"{i}"' for i in range(self.game.num_players()))
        lines, ends, chances = [f'EFG 2 R "game" {{ {names} }} ""'], [], []

        def write(state):
            if state.is_terminal():
                ends.append(state)
                lines.append(f't "" {len(ends)} "" {{ {" ".join(str(Fraction(r)) for r in state.returns())} }}')
                return
            if state.is_chance_node():
                actions = state.legal_actions()
                chances.append(state)
                drawn = " ".join(f'"{a}" 1/{len(actions)}' for a in actions)
                lines.append(f'c "" {len(chances)} "" {{ {drawn} }} 0')
            else:
                actions = state.legal_actions()
                number = self.numbers.setdefault(state.information_state_string(), len(self.numbers) + 1)
                listed = " ".join(f'"{a}"' for a in actions)
                lines.append(f'p "" {state.current_player() + 1} {number} "set {number}" {{ {listed} }} 0')
            for action in actions:
                write(state.child(action))

        write(self.game.new_initial_state())
        return "\n".join([*lines, ""])

    def improvements(self, game, strategies):
        exploitability = pytest.importorskip("open_spiel.python.algorithms.exploitability")
        policies = pytest.importorskip("open_spiel.python.policy")
        laws = {}
        for plex, part in zip(game.players, strategies, strict=True):
            for j, label in enumerate(plex.labels):
                chances = part[plex.first[j] : plex.first[j] + plex.n_actions[j]]
                laws[label] = list(zip(map(int, plex.actions[j]), chances.tolist(), strict=True))
        tabular = policies.TabularPolicy(self.game)
        for name, row in tabular.state_lookup.items():
            tabular.action_probability_array[row] = 0.0
            for action, chance in laws[f"set {self.numbers[name]}"]:
                tabular.action_probability_array[row, action] = chance
        return exploitability.nash_conv(self.game, tabular, return_only_nash_conv=False).player_improvements
