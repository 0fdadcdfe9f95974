"""Games of the library from nested trees, and strategies by the names of information sets."""

import numpy as np
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
