"""The examples in the docstrings of the modules below run."""

import doctest
import importlib

import numpy as np
import pytest

MODULES = {
    "extensive.build": 4,
    "extensive.exact": 6,
    "extensive.games": 4,
    "extensive.gaps": 5,
    "extensive.induction": 6,
    "extensive.learners": 5,
    "extensive.recall": 6,
    "extensive.runs": 8,
    "extensive.steps": 7,
    "extensive.strategic": 4,
    "extensive.treeplex": 3,
    "extensive.trees": 6,
    "families.small_poker": 4,
}
"""Modules, and how many examples each has at least."""


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = doctest.testmod(importlib.import_module(f"metanash.{name}"), extraglobs={"np": np})
    assert ran.failed == 0
    assert ran.attempted >= MODULES[name]
