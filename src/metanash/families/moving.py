"""Zero-sum sequences that move: between two base games, slowly, all at once, or to and fro."""

from collections.abc import Callable, Sequence

import numpy as np

from metanash.families.sequences import Noise, alike, check_sequence, perturbed
from metanash.families.zero_sum import zero_sum_sequence
from metanash.games import ZeroSumGame
from metanash.streams import stream
from metanash.typing import Floats

__all__ = ["moving_sequence"]


def _drift(n_games: int, address: tuple[int | str, ...]) -> Floats:
    del address
    return np.linspace(0.0, 1.0, n_games)


def _abrupt(n_games: int, address: tuple[int | str, ...]) -> Floats:
    del address
    return (2 * np.arange(n_games) >= n_games).astype(np.float64)


def _clusters(n_games: int, address: tuple[int | str, ...]) -> Floats:
    return stream(*address, "cluster").integers(2, size=n_games).astype(np.float64)


_KINDS: dict[str, Callable[[int, tuple[int | str, ...]], Floats]] = {
    "drift": _drift,
    "abrupt": _abrupt,
    "clusters": _clusters,
    "still": lambda n_games, address: np.zeros(n_games),  # noqa: ARG005
}


def moving_sequence(
    kind: str,
    *address: int | str,
    n_games: int,
    perturbation: float,
    base_kind: str = "pure",
    horizon: int = 2,
    n_states: int = 2,
    n_actions: Sequence[int] = (2, 2),
    noise: Noise = "uniform",
    stationary: bool = True,
) -> list[ZeroSumGame]:
    """Zero-sum Markov games whose rewards go from one base game to another.

    Rewards of game k are clip((1 - w_k) base_0 + w_k base_1 + perturbation Z^k, 0, 1); transitions are those of base_0
    for all games. On the way of a drift the games are of no kind: what is between two games with saddle points may have
    none. So are, for H > 1, those of base_1 at steps before the last, since what follows there depends on transitions.

    Parameters
    ----------
    kind : {"drift", "abrupt", "clusters", "still"}
        w_k goes evenly from 0 to 1 (drift); it is 0 in the first half of the games and 1 in the second (abrupt); it is
        0 or 1 by a coin for each game (clusters); it is 0 (still).
    address : int or str
        Names of the sequence.
    n_games, perturbation, horizon, n_states, n_actions, noise, stationary
        As in :func:`metanash.families.zero_sum_sequence`.
    base_kind : {"pure", "mixed", "random"}
        Kind of both base games.

    Returns
    -------
    list of K ZeroSumGame

    Raises
    ------
    ValueError
        If an argument is out of range, or no base game of the kind is found.

    Examples
    --------
    >>> still, moved = (moving_sequence(kind, 7, n_games=4, perturbation=0.0) for kind in ("still", "abrupt"))
    >>> [bool((a.reward == b.reward).all()) for a, b in zip(still, moved, strict=True)]
    [True, True, False, False]
    """
    if kind not in _KINDS:
        raise ValueError(f"kind of a moving sequence must be one of {sorted(_KINDS)}, got {kind!r}")
    check_sequence(n_games, perturbation, noise, 0.0)
    first, second = (
        zero_sum_sequence(
            base_kind,
            *address,
            "end",
            end,
            n_games=1,
            perturbation=0.0,
            horizon=horizon,
            n_states=n_states,
            n_actions=n_actions,
            stationary=stationary,
        )[0]
        for end in (0, 1)
    )
    shape = (1 if stationary else horizon, *first.reward.shape[1:])
    w = _KINDS[kind](n_games, address)[:, np.newaxis, np.newaxis, np.newaxis, np.newaxis]
    reward = perturbed((1.0 - w) * first.reward + w * second.reward, perturbation, noise, shape, address, n_games)
    moved = ZeroSumGame(reward[0], first.transition, name=f"{kind} 0")
    return alike(moved, kind, reward, [first.transition] * n_games)
