"""Large sparse Markov games: kernels in C beside products of SciPy, ``./do bench-sparse``.

What is timed is processor time of one process, both versions in turns in the same rounds, the fastest round of each: the
value update at the end of a stage, an NE-gap, a whole call of ``learn``. Products of SciPy are what the library did before:
a product a step and vector, added to a copy of the rewards. With two threads wall time counts, of the same rounds.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np

from metanash import GameBatch, OptimisticMirrorDescent, families, gaps, kernels, learn
from metanash.transitions import TransitionBatch
