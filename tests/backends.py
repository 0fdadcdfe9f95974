"""The two implementations of the kernels and their instruction sets, for tests that run on each."""

import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
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
    for name in set(twin.__all__) - {"CHUNK"}:
        monkeypatch.setattr(kernels, name, getattr(module, name))


def run_on(isa, script, *arguments):
    """Run a script of this folder with the kernels of an instruction set; skip where the processor lacks it."""
    command = [sys.executable, str(Path(__file__).parent / script), *arguments]
    done = subprocess.run(command, env={**os.environ, "METANASH_ISA": isa}, capture_output=True, text=True, check=False)
    if "is not an instruction set of this processor" in done.stderr:
        pytest.skip(f"this processor has no {isa}")
    return done


@cache
def results_on(isa, script):
    """Arrays that such a script writes, by name; ``isa`` among them is the set that was used. It is run once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.npz"
        done = run_on(isa, script, str(path))
        assert done.returncode == 0, done.stderr
        with np.load(path) as stored:
            results = dict(stored)
    assert results["isa"] == isa
    for array in results.values():
        array.flags.writeable = False  # tests share them
    return results
