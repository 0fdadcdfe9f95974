"""Examples in docstrings of the library print what they say that they do."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import metanash.solution

MODULES = [
    *(f"metanash.solution.{found.name}" for found in pkgutil.iter_modules(metanash.solution.__path__)),
    "metanash.gambit.gametracer",
    "metanash.neighbours",
    "metanash.commands.inputs",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_say(name):
    done = doctest.testmod(importlib.import_module(name))
    assert done.failed == 0
    assert done.attempted > 0


def test_the_readme_shows_what_solve_prints():
    """The blocks of the kind ``pycon``, which other tests do not run."""
    text = (Path(__file__).parents[2] / "README.md").read_text()
    shown = "".join(part.partition("```")[0] for part in text.split("```pycon\n")[1:])
    case = doctest.DocTestParser().get_doctest(shown, {}, "README.md", None, 0)
    assert doctest.DocTestRunner().run(case) == (0, len(case.examples))
    assert case.examples
