"""What every learner refuses when it is advanced, by the name of the argument."""

import numpy as np
import pytest
from strategies import random_tables

from metanash import GameBatch
from metanash.learners import LEARNERS

KINDS = ("zero_sum", "markov", "discounted")


def game_for(learner):
    """The first kind of game that a learner plays."""
    for kind in KINDS:
        rng = np.random.default_rng(1)
        shared = {"storage": "shared", "discount": 0.5} if kind == "discounted" else {}
        batch = GameBatch.of(random_tables(rng, kind, 1, 1, (2, 2), **shared).game())
        try:
            return batch, learner.start(batch)
        except ValueError:
            continue
    raise AssertionError("it plays none of them")


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize("iterations", [-1, 2.5, True])
def test_a_number_of_iterations_is_an_integer_of_at_least_zero(name, iterations):
    learner = LEARNERS[name](0.1) if name != "regret_matching" else LEARNERS[name]()
    batch, state = game_for(learner)
    with pytest.raises(ValueError, match=rf"^iterations must be an integer of at least 0, got {iterations}$"):
        learner.advance(batch, state, iterations)
