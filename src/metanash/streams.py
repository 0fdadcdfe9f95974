"""Random generators addressed by name, never by the order of calls.

``stream(7, "figure1", "noise", 3)`` is the same generator in every process and on every machine, and
independent of ``stream(7, "figure1", "noise", 4)``. Adding a draw anywhere moves no other draw.
"""

import hashlib
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from metanash import kernels
from metanash.typing import Floats

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["stream", "uniforms"]


def stream(*names: int | str) -> "np.random.Generator":
    """Return the generator with this address.

    Parameters
    ----------
    names : int or str
        At least one. ``1`` and ``"1"`` are different names, and so are ``("ab",)`` and ``("a", "b")``.

    Raises
    ------
    TypeError
        If a name is neither an int nor a str (a float or a bool would invite accidental equality).
    ValueError
        If there is no name.

    Examples
    --------
    >>> draws = stream(7, "noise", 3).uniform(size=2)
    >>> [bool((draws == stream(7, "noise", name).uniform(size=2)).all()) for name in (3, "3")]
    [True, False]
    """
    if not names:
        raise ValueError("a stream needs a name")
    digest = hashlib.sha256()
    for name in names:
        _add(digest, name)
    words = np.frombuffer(digest.digest(), dtype=">u4").astype(np.uint32)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))


def uniforms(
    address: Iterable[int | str],
    names: Iterable[int | str],
    shape: int | tuple[int, ...],
    low: float = 0.0,
    high: float = 1.0,
) -> Floats:
    """The first uniform numbers of many generators: of each ``stream(*address, name).uniform(low, high, shape)``.

    No generator is made for it: one kernel draws all numbers.

    Parameters
    ----------
    address, names : iterables of int or str
        What the addresses have in common, and the last name of each.

    Returns
    -------
    (n, ...) array
        One of ``shape`` for each name.

    Raises
    ------
    TypeError
        As :func:`stream`.
    ValueError
        If ``high`` is below ``low``, or their difference is not finite.

    Examples
    --------
    >>> draws = uniforms((7, "noise"), range(3), (2, 2), -1.0, 1.0)
    >>> draws.shape, bool((draws[1] == stream(7, "noise", 1).uniform(-1.0, 1.0, size=(2, 2))).all())
    ((3, 2, 2), True)
    """
    if not 0.0 <= high - low < math.inf:
        raise ValueError(f"high - low must be at least 0 and finite, got low = {low} and high = {high}")
    common = hashlib.sha256()
    for name in address:
        _add(common, name)
    digests = []
    for name in names:
        digest = common.copy()
        _add(digest, name)
        digests.append(digest.digest())
    words = np.frombuffer(b"".join(digests), dtype=">u4").astype(np.int64)
    drawn = np.empty((len(digests), *(shape if isinstance(shape, tuple) else (shape,))))
    kernels.uniform(words, drawn, len(digests), drawn[:1].size if digests else 0)
    drawn *= high - low
    drawn += low
    return drawn


def _add(digest: "_Hash", name: int | str) -> None:
    """Tell a digest the next name of an address."""
    if isinstance(name, bool) or not isinstance(name, int | str):
        raise TypeError(f"a stream is addressed by int and str, not by {name!r}")
    text = f"{type(name).__name__}:{name}".encode()
    digest.update(len(text).to_bytes(8, "big") + text)
