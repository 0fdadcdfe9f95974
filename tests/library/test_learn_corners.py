"""What holds of every learner when it is advanced: refusals, by the name of the argument, and copies of states."""

import copy
import pickle
from collections.abc import Sequence

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


def numbers_in(value):
    """All arrays and numbers in a state, in order."""
    if isinstance(value, np.ndarray | int | float):
        yield value
    elif isinstance(value, dict):
        yield from numbers_in(tuple(value.values()))
    elif isinstance(value, tuple | Sequence):
        for part in value:
            yield from numbers_in(part)
    elif hasattr(value, "__dict__"):
        yield from numbers_in(vars(value))


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda state: pickle.loads(pickle.dumps(state))])
def test_a_copy_of_a_state_goes_on_as_the_state_does(name, copied):
    """In place too: what lies in another array of the state lies there in the copy."""
    learner = LEARNERS[name](0.1) if name != "regret_matching" else LEARNERS[name]()
    batch, begun = game_for(learner)
    state = learner.advance(batch, begun, 5)
    expected = list(numbers_in(learner.advance(batch, state, 20)))
    assert expected
    ways = {"advance": lambda through: through(batch, copied(state), 20)}
    ways["advance_own"] = ways["advance"]
    ways["advance_and_measure"] = lambda through: through(batch, copied(state), [3, 17])[0]
    ways["advance_and_watch"] = lambda through: through(batch, copied(state), [3, 17])[0][-1]
    for way, call in ways.items():
        if hasattr(learner, way):
            found = list(numbers_in(call(getattr(learner, way))))
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_array_equal(one, other, err_msg=way)
