"""Equilibria in pure strategies of games with any number of players, by enumeration."""

import numpy as np

from metanash.typing import Floats

__all__ = ["pure_equilibrium"]


def pure_equilibrium(payoffs: Floats) -> tuple[Floats, ...] | None:
    """Find an equilibrium in pure strategies: of several the first, unless another pays nobody less and somebody more.

    Payoffs are compared as they are, without a tolerance.

    Parameters
    ----------
    payoffs : (N, A_1, ..., A_N) array

    Returns
    -------
    tuple of (A_i,) arrays, or None if there is none

    Examples
    --------
    The stag hunt: hunting together is better for both than hunting hares.

    >>> import numpy as np
    >>> pure_equilibrium(np.array([[[2.0, 2.0], [0.0, 3.0]], [[2.0, 0.0], [2.0, 3.0]]]))
    (array([0., 1.]), array([0., 1.]))
    """
    best = np.ones(payoffs.shape[1:], dtype=bool)
    for i, table in enumerate(payoffs):
        best &= table == table.max(axis=i, keepdims=True)
    places = np.argwhere(best)
    if not len(places):
        return None
    paid = payoffs[:, best]  # in the order of places
    chosen = 0
    while True:
        other = paid - paid[:, chosen, np.newaxis]
        better = np.flatnonzero((other >= 0.0).all(axis=0) & (other > 0.0).any(axis=0))
        if not better.size:
            place: list[int] = places[chosen].tolist()
            return tuple(np.eye(1, n, k)[0] for n, k in zip(payoffs.shape[1:], place, strict=True))
        chosen = int(better[0])
