"""A learner of one's own, Hedge, on zero-sum matrix games: four methods, and the library's loop and gaps serve it."""

from typing import NamedTuple

import numpy as np

import metanash as mn
from metanash.gaps import ne_gaps
from metanash.simplex import softmax


class State(NamedTuple):
    logits: tuple  # of each player: an array (game, h, s, action)
    sums: tuple  # of the policies so far


class Hedge(NamedTuple):
    rate: float

    def start(self, games, initial=None):
        begin = initial or [np.full((len(games), 1, 1, n), 1 / n) for n in games.game.n_actions]
        return State(tuple(map(np.log, begin)), tuple(map(np.zeros_like, begin)))

    def advance(self, games, state, iterations):
        (x, y), (mus, nus) = state
        for _ in range(iterations):
            mu, nu = softmax(x), softmax(y)
            mus, nus = mus + mu, nus + nu
            x = x + self.rate * np.einsum("ghsab,ghsb->ghsa", games.reward, nu)
            y = y - self.rate * np.einsum("ghsab,ghsa->ghsb", games.reward, mu)
        return State((x, y), (mus, nus))

    output = staticmethod(lambda state: tuple(sums / sums.sum(axis=-1, keepdims=True) for sums in state.sums))
    measure = staticmethod(lambda games, state: {"ne_gap": ne_gaps(games, Hedge.output(state))})


game = mn.ZeroSumGame([[[[1.0, 0.0, 0.3], [0.2, 0.9, 0.4]]]], mn.Transition.shared([[[[1.0]] * 3] * 2]))
for name, learner in (("Hedge", Hedge(rate=0.05)), ("regret matching", mn.RegretMatching())):
    print(f"{name}: NE-gap {mn.learn(game, learner, iterations=4000).ne_gap[0, -1]:.1e}")
