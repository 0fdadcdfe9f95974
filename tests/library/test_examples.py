"""Examples in docstrings of the library print what they say that they do."""

import doctest
import importlib
import pkgutil

import pytest

import metanash.solution

MODULES = [
    *(f"metanash.solution.{found.name}" for found in pkgutil.iter_modules(metanash.solution.__path__)),
    "metanash.gambit.gametracer",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_say(name):
    done = doctest.testmod(importlib.import_module(name))
    assert done.failed == 0
    assert done.attempted > 0 or name == "metanash.solution.markov"
