"""The two implementations of the kernels, for tests that run on each."""

import pytest

from metanash import kernels
from metanash.kernels import twin

try:
    from metanash.kernels import compiled
except ModuleNotFoundError:
    compiled = None

needs_compiled = pytest.mark.skipif(compiled is None, reason="the compiled kernels were not built (no C compiler?)")
BACKENDS = [pytest.param(twin, id="numpy"), pytest.param(compiled, id="c", marks=needs_compiled)]


def use(monkeypatch, module):
    """Make the library call the kernels of this module."""
    for name in ("mirror", "joint_mirror", "ascent", "maml", "expect"):
        monkeypatch.setattr(kernels, name, getattr(module, name))
