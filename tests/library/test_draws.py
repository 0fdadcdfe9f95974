"""Draws of the correlated policy by hand: in proportion to weights that need not sum to one."""

from types import SimpleNamespace

import numpy as np
import pytest

from metanash.correlated import CorrelatedPolicy, _draw


@pytest.mark.parametrize(("chance", "index"), [(0.0, 1), (0.2, 1), (0.249, 1), (0.25, 3), (0.5, 3), (0.999, 3)])
def test_an_index_is_drawn_in_proportion_to_its_weight(chance, index):
    """Of weights 0, 2, 0, 6 and 0 a quarter of the chances go to the second, the rest to the fourth, none to a 0."""
    generator = SimpleNamespace(random=lambda: chance)
    assert _draw(generator, np.array([0.0, 2.0, 0.0, 6.0, 0.0])) == index


def test_joints_without_a_length_are_refused():
    joint, half = np.full((1, 1, 1, 2, 2), 0.25), np.full((1, 1, 1, 2), 0.5)
    with pytest.raises(ValueError, match="iterations must be one number per stage, 1 in all; got 2"):
        CorrelatedPolicy((half, half), (joint,), (1, 2))
