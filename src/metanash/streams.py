"""Random generators addressed by name, never by the order of calls.

``stream(7, "figure1", "noise", 3)`` is the same generator in every process and on every machine, and
independent of ``stream(7, "figure1", "noise", 4)``. Adding a draw anywhere moves no other draw.
"""

import hashlib

import numpy as np

__all__ = ["stream"]


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
        if isinstance(name, bool) or not isinstance(name, int | str):
            raise TypeError(f"a stream is addressed by int and str, not by {name!r}")
        text = f"{type(name).__name__}:{name}".encode()
        digest.update(len(text).to_bytes(8, "big") + text)
    words = np.frombuffer(digest.digest(), dtype=">u4").astype(np.uint32)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))
