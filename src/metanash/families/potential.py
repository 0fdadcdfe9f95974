"""Markov potential games by construction: teams, and games whose transitions no action moves."""

from collections.abc import Sequence

import numpy as np

from metanash._inner.checks import integer
from metanash.families.sequences import Noise, alike, check_sequence, mixed_kernels, perturbed
from metanash.games import DiscountedGame
from metanash.streams import stream

__all__ = ["potential_sequence"]


def potential_sequence(
    kind: str,
    *address: int | str,
    n_games: int,
    perturbation: float,
    n_states: int = 2,
    n_actions: Sequence[int] = (2, 2),
    discount: float = 0.9,
    noise: Noise = "uniform",
    transition_mixing: float = 0.0,
) -> list[DiscountedGame]:
    """Markov potential games around a base game.

    Parameters
    ----------
    kind : {"team", "action_independent", "separable"}
        ``team``: one reward common to all, uniform on [0, 1] before the perturbation, any transitions.
        ``action_independent``: transitions that no action moves and rewards ``(phi(s, a) + d_i(s, a_-i)) / 2``,
        with phi and d_i uniform on [0, 1]; only phi is perturbed. The stage potential is phi / 2.
        ``separable``: such transitions, and rewards u_i(s, a_i) that depend on the player's own action only, uniform
        on [0, 1] before the perturbation. The stage potential is their sum, the largest range that one can have.
    address, n_games, perturbation, noise, transition_mixing
        As in :func:`zero_sum_sequence`.
    discount : float
        gamma, in [0, 1).

    Returns
    -------
    list of K DiscountedGame

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> games = potential_sequence("team", 7, n_games=2, perturbation=0.1, discount=0.5)
    >>> len(games), games[0].is_team, games[0].discount
    (2, True, 0.5)
    """
    kinds = {"team", "action_independent", "separable"}
    if kind not in kinds:
        raise ValueError(f"kind of a potential base game must be one of {sorted(kinds)}, got {kind!r}")
    check_sequence(n_games, perturbation, noise, transition_mixing)
    integer("n_states", n_states, 1)
    actions = tuple(integer("n_actions", n, 1) for n in n_actions)
    rng = stream(*address, "base", kind)
    base = rng.uniform(size=(n_states, *actions))
    moving = actions if kind == "team" else (1,) * len(actions)
    chance = rng.dirichlet(np.ones(n_states), size=(1, n_states, *moving))
    axes = range(len(actions))
    own_free = [tuple(1 if (j == i) != (kind == "separable") else actions[j] for j in axes) for i in axes]
    parts = [rng.uniform(size=(n_states, *shape)) for shape in own_free]
    transitions = mixed_kernels(chance, transition_mixing, address, n_games, (1, n_states, *actions, n_states))
    all_games = (n_games, *base.shape)
    if kind == "separable":
        own = [perturbed(u, perturbation, noise, u.shape, (*address, i), n_games) for i, u in enumerate(parts)]
        reward = np.stack([np.broadcast_to(u, all_games) for u in own], axis=1)
        potential = np.stack([players.sum(axis=0) for players in reward])
    else:
        potential = perturbed(base, perturbation, noise, base.shape, address, n_games)
        reward = potential[:, np.newaxis]
    if kind == "action_independent":
        reward, potential = np.stack([(potential + d) / 2.0 for d in parts], axis=1), potential / 2.0
    first = DiscountedGame(reward[0], transitions[0], discount, potential=potential[0], name=f"{kind} 0")
    return alike(first, kind, reward, transitions, potential)
