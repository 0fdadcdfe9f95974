"""Stochastic games and policies that are drawn."""

import numpy as np

import metanash as mn


def drawn(seed, players=2, states=3, most=3, discounts=None, ends=0.0, low=1):
    """A game of unequal numbers of actions; each joint action ends it with a probability of up to ``ends``."""
    rng = np.random.default_rng(seed)
    sizes = [tuple(rng.integers(low, most + 1, players)) for _ in range(states)]
    transitions = [rng.dirichlet(np.ones(states), size=n) * (1.0 - ends * rng.uniform(size=(*n, 1))) for n in sizes]
    rewards = [rng.normal(size=(players, *n)) for n in sizes]
    given = rng.uniform(0.5, 0.95, players) if discounts is None else discounts
    return mn.StochasticGame(rewards, transitions, given)


def played(game, seed):
    """Interior policies of a game."""
    rng = np.random.default_rng(seed)
    found = [np.where(own, rng.exponential(size=own.shape), 0.0) for own in game.padded.own]
    return [policy / policy.sum(axis=1, keepdims=True) for policy in found]
