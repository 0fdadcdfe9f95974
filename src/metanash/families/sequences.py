"""How the games of a sequence differ from its base game: the common part of the families."""

from typing import Literal

import numpy as np

from metanash._inner.checks import integer
from metanash.streams import stream
from metanash.transitions import Transition
from metanash.typing import Floats

__all__ = ["Noise", "check_sequence", "mixed_kernels", "perturbed"]

Noise = Literal["uniform", "normal"]
"""Law of a perturbation: uniform on [-1, 1], or standard normal."""


def perturbed(
    base: Floats, size: float, noise: Noise, shape: tuple[int, ...], address: tuple[int | str, ...], k: int
) -> Floats:
    """Rewards of game k: base + size Z^k, clipped to [0, 1]; Z^k has ``shape``.

    Examples
    --------
    >>> noisy = perturbed(np.full((2, 2), 0.5), 0.1, "uniform", (2, 2), (7,), 0)
    >>> bool((np.abs(noisy - 0.5) <= 0.1).all()), bool((noisy != 0.5).all())
    (True, True)
    """
    rng = stream(*address, "noise", k)
    z = rng.uniform(-1.0, 1.0, size=shape) if noise == "uniform" else rng.standard_normal(size=shape)
    return np.clip(base + size * z, 0.0, 1.0)


def mixed_kernels(
    base: Floats, mixing: float, address: tuple[int | str, ...], n_games: int, shape: tuple[int, ...]
) -> list[Transition]:
    """One kernel per game, broadcast to ``shape``; the same object for all where nothing is mixed in.

    Examples
    --------
    >>> kernels = mixed_kernels(np.full((1, 2, 1, 2), 0.5), 0.0, (7,), 3, (1, 2, 1, 2))
    >>> len(kernels), kernels[0] is kernels[2]  # nothing is mixed in
    (3, True)
    """
    if mixing == 0.0:
        return [Transition.per_step(np.broadcast_to(base, shape))] * n_games
    drawn = []
    for k in range(n_games):
        other = stream(*address, "transition noise", k).dirichlet(np.ones(base.shape[-1]), size=base.shape[:-1])
        drawn.append(Transition.per_step(np.broadcast_to((1.0 - mixing) * base + mixing * other, shape)))
    return drawn


def check_sequence(n_games: int, perturbation: float, noise: str, mixing: float) -> None:
    """Raise ValueError if what all sequences are described by is out of range.

    Examples
    --------
    >>> check_sequence(0, 0.1, "uniform", 0.0)
    Traceback (most recent call last):
    ValueError: n_games must be an integer of at least 1, got 0
    """
    integer("n_games", n_games, 1)
    if not perturbation >= 0.0 or not np.isfinite(perturbation):
        raise ValueError(f"perturbation must be a finite number of at least 0, got {perturbation}")
    if noise not in {"uniform", "normal"}:
        raise ValueError(f"noise must be uniform or normal, got {noise!r}")
    if not 0.0 <= mixing <= 1.0:
        raise ValueError(f"transition_mixing must lie in [0, 1], got {mixing}")
