"""How the games of a sequence differ from its base game: the common part of the families."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from metanash._inner.checks import float_array, integer, within
from metanash.games import AnyGame
from metanash.streams import stream, uniforms
from metanash.transitions import Transition
from metanash.typing import Floats

__all__ = ["Noise", "alike", "check_sequence", "mixed_kernels", "perturbed"]

Noise = Literal["uniform", "normal"]
"""Law of a perturbation: uniform on [-1, 1], or standard normal."""


def perturbed(
    base: Floats, size: float, noise: Noise, shape: tuple[int, ...], address: tuple[int | str, ...], n_games: int
) -> Floats:
    """Rewards of all K games, with the game as their first axis: base + size Z^k, clipped to [0, 1].

    Z^k has ``shape``; the base is one for all, or has a first axis of games itself.

    Examples
    --------
    >>> noisy = perturbed(np.full((2, 2), 0.5), 0.1, "uniform", (2, 2), (7,), 3)
    >>> noisy.shape, bool((np.abs(noisy - 0.5) <= 0.1).all()), bool((noisy != 0.5).all())
    ((3, 2, 2), True, True)
    """
    place = (*address, "noise")
    if noise == "uniform":
        z = uniforms(place, range(n_games), shape, -1.0, 1.0)
    else:
        z = np.stack([stream(*place, k).standard_normal(size=shape) for k in range(n_games)])
    return np.clip(base + size * z, 0.0, 1.0)


def alike(
    first: AnyGame, kind: str, reward: Floats, transitions: Sequence[Transition], potential: Floats | None = None
) -> list[AnyGame]:
    """The first game and K - 1 more that differ from it in rewards, kernels and stage potentials, first axis K.

    Numbers are checked once for all of them, which takes a third of the time of making each by itself. Kernels must
    have the sizes of the first.

    Raises
    ------
    ValueError
        If a number is not finite, or a reward not in [0, 1].

    Examples
    --------
    >>> from metanash import Transition, ZeroSumGame
    >>> still = Transition.shared([[[[1.0], [1.0]]]])
    >>> rewards = np.array([[[[[0.5, 0.0]]]], [[[[0.25, 1.0]]]]])
    >>> games = alike(ZeroSumGame(rewards[0], still, name="pure 0"), "pure", rewards, [still, still])
    >>> [(game.name, game.reward.ravel().tolist()) for game in games]
    [('pure 0', [0.5, 0.0]), ('pure 1', [0.25, 1.0])]
    """
    if len(reward) == 1:
        return [first]
    each = {"reward": within("reward", float_array("reward", reward), 0.0, 1.0, "(game, ...)")}
    if potential is not None:
        each["potential"] = float_array("potential", potential)
    games = [first]
    for k in range(1, len(reward)):
        game: AnyGame = object.__new__(type(first))
        own = {name: rows[k] for name, rows in each.items()}
        game.__dict__.update({**vars(first), **own, "transition": transitions[k], "name": f"{kind} {k}"})
        games.append(game)
    return games


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
