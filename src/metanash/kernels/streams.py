"""Uniform numbers of many random generators: one object of NumPy each, which the compiled version does without."""

import numpy as np

from metanash.typing import Floats, Integers

__all__ = ["uniform"]


def uniform(words: Integers, out: Floats, streams: int, numbers: int) -> None:
    """Fill each row with the first numbers of a generator of its own, uniform on [0, 1).

    Parameters
    ----------
    words : (streams, 8) array
        Entropy of the generators, from 0 on below 2^32.
    out : (streams, numbers) array
        Overwritten.

    Examples
    --------
    >>> words, out = np.arange(8), np.empty((1, 3))
    >>> uniform(words, out, streams=1, numbers=3)
    >>> bool((out == np.random.default_rng(words.astype(np.uint32)).random(3)).all())
    True
    """
    rows = out.reshape(streams, numbers)
    for row, own in zip(rows, words.reshape(streams, 8).astype(np.uint32), strict=True):
        np.random.Generator(np.random.PCG64(np.random.SeedSequence(own))).random(out=row)
