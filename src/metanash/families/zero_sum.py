"""Zero-sum families: base games whose stage games have saddle points, or mixed equilibria, or are random."""

from collections.abc import Callable, Sequence

import numpy as np

from metanash._inner.checks import integer
from metanash.families.sequences import Noise, alike, check_sequence, mixed_kernels, perturbed
from metanash.games import ZeroSumGame
from metanash.streams import stream
from metanash.typing import Floats

__all__ = ["zero_sum_sequence"]


_TRIES = 10_000
_INTERIOR = 1e-3
"""Smallest probability in an equilibrium that counts as interior."""


# Stage games of the two kinds ---------------------------------------------------------------------------


def _draw_pure(rng: np.random.Generator, rows: int, columns: int) -> Floats:
    """Uniform entries, given that there is a saddle point.

    The entry v at the saddle point is the largest of its column and the smallest of its row, so given its
    place its law is Beta(rows, columns), its column is uniform below v and its row uniform above.
    """
    matrix = rng.uniform(size=(rows, columns))
    a, b = int(rng.integers(rows)), int(rng.integers(columns))
    v = rng.beta(rows, columns)
    matrix[:, b] *= v
    matrix[a] = v + (1.0 - v) * rng.uniform(size=columns)
    matrix[a, b] = v
    return matrix


def _draw_mixed(rng: np.random.Generator, rows: int, columns: int) -> Floats:
    """High on the diagonal (0.6 to 1), low elsewhere (0 to 0.3): each player must hide its action."""
    matrix = rng.uniform(0.0, 0.3, size=(rows, columns))
    np.fill_diagonal(matrix, rng.uniform(0.6, 1.0, size=rows))
    return matrix


def _pure_value(matrix: Floats) -> float | None:
    """Value of a game with a saddle point, None for any other game."""
    low, high = float(matrix.min(axis=1).max()), float(matrix.max(axis=0).min())
    return low if low >= high else None


def _mixed_value(matrix: Floats) -> float | None:
    """Value of a square game with an interior equilibrium, None for any other game.

    There the players make each other indifferent: M nu = v 1 and M^T mu = v 1.
    """
    try:
        nu, mu = (
            np.linalg.solve(matrix, np.ones(len(matrix))),
            np.linalg.solve(matrix.T, np.ones(len(matrix))),
        )
    except np.linalg.LinAlgError:
        return None
    total = float(nu.sum())
    interior = min(float((nu / total).min()), float((mu / mu.sum()).min())) if total else 0.0
    return 1.0 / total if interior >= _INTERIOR else None


_KINDS: dict[str, tuple[Callable[[np.random.Generator, int, int], Floats], Callable[[Floats], float | None]]] = {
    "pure": (_draw_pure, _pure_value),
    "mixed": (_draw_mixed, _mixed_value),
}


def _stage_rewards(
    kind: str, rng: np.random.Generator, onward: Floats, fixed: Floats | None
) -> tuple[Floats, Floats] | None:
    """Rewards (S, A, B) of one step and the values (S,) of its stage games, or None if they are of another kind.

    ``onward`` (S, A, B) is what follows; ``fixed`` rewards are only checked, otherwise each state is drawn until
    both its reward and its stage game are of the kind.
    """
    draw, value_of = _KINDS[kind]
    reward, value = np.zeros_like(onward), np.zeros(len(onward))
    for s, after in enumerate(onward):
        for _ in range(_TRIES if fixed is None else 1):
            stage = draw(rng, *after.shape) if fixed is None else fixed[s]
            found = value_of(stage + after)
            if found is not None and value_of(stage) is not None:
                reward[s], value[s] = stage, found
                break
        else:
            return None
    return reward, value


def _base_reward(
    kind: str,
    rng: np.random.Generator,
    chance: Floats,
    horizon: int,
    stationary: bool,
) -> Floats:
    """Rewards (H, S, A, B) such that every stage game, of the rewards and of Q*, is of this kind.

    Drawn from the last step backwards; a stationary draw whose earlier steps are of another kind is thrown away.
    """
    states = chance.shape[1]
    for _ in range(_TRIES):
        steps: list[Floats] = []
        value: Floats = np.zeros(states)
        for h in reversed(range(horizon)):
            fixed = steps[0] if stationary and steps else None
            stage = _stage_rewards(kind, rng, chance[h % len(chance)] @ value, fixed)
            if stage is None:
                break
            steps.insert(0, stage[0])
            value = stage[1]
        else:
            return np.stack(steps)
    raise ValueError(
        f"no {kind} base game of horizon {horizon} found in {_TRIES} draws; use stationary=False or fewer steps"
    )


# The family ---------------------------------------------------------------------------------------------


def zero_sum_sequence(
    kind: str,
    *address: int | str,
    n_games: int,
    perturbation: float,
    horizon: int = 2,
    n_states: int = 2,
    n_actions: Sequence[int] = (2, 2),
    noise: Noise = "uniform",
    stationary: bool = True,
    transition_mixing: float = 0.0,
) -> list[ZeroSumGame]:
    """Zero-sum Markov games around a base game.

    Parameters
    ----------
    kind : {"pure", "mixed", "random"}
        Every stage game of the base game, of its rewards and of its Q*, has a saddle point (pure), or an
        equilibrium in which both players play every action (mixed; needs A = B). Random rewards are uniform.
    address : int or str
        Names of the sequence.
    n_games : int
        K.
    perturbation : float
        Size of the reward perturbation, in units of reward.
    noise : {"uniform", "normal"}
        Law of Z: uniform on [-1, 1] or standard normal.
    stationary : bool
        Whether rewards, their perturbations and transitions are the same at every step.
    transition_mixing : float
        Weight of a random kernel in each game's transitions, in [0, 1].

    Returns
    -------
    list of K ZeroSumGame

    Raises
    ------
    ValueError
        If an argument is out of range, or no base game of the kind is found.

    Examples
    --------
    >>> games = zero_sum_sequence("mixed", 2023, "docs", n_games=3, perturbation=0.1)
    >>> len(games), games[0].horizon, games[0].n_states, games[0].n_actions
    (3, 2, 2, (2, 2))
    >>> again = zero_sum_sequence("mixed", 2023, "docs", n_games=3, perturbation=0.1)
    >>> bool((games[2].reward == again[2].reward).all())  # equal names, equal games
    True
    """
    kinds = [*_KINDS, "random"]
    if kind not in kinds:
        raise ValueError(f"kind of a zero-sum base game must be one of {sorted(kinds)}, got {kind!r}")
    check_sequence(n_games, perturbation, noise, transition_mixing)
    integer("horizon", horizon, 1), integer("n_states", n_states, 1)
    actions = tuple(integer("n_actions", n, 1) for n in n_actions)
    if len(actions) != 2 or (kind == "mixed" and actions[0] != actions[1]):
        raise ValueError(f"a {kind} zero-sum game of {actions} actions is not defined; mixed needs A = B")
    rng = stream(*address, "base", kind)
    steps = 1 if stationary else horizon
    chance = rng.dirichlet(np.ones(n_states), size=(steps, n_states, *actions))
    if kind == "random":
        base = np.broadcast_to(rng.uniform(size=(steps, n_states, *actions)), (horizon, n_states, *actions))
    else:
        base = _base_reward(kind, rng, chance, horizon, stationary)
    transitions = mixed_kernels(chance, transition_mixing, address, n_games, chance.shape)
    shape = (steps, *base.shape[1:])
    reward = perturbed(base, perturbation, noise, shape, address, n_games)
    return alike(ZeroSumGame(reward[0], transitions[0], name=f"{kind} 0"), kind, reward, transitions)
