"""Seeded families of games: sequences of similar games around a base game.

A sequence is addressed by names (:mod:`metanash.streams`): the same address gives the same games everywhere.
The noise of game k does not depend on the size of the perturbation, so sweeps over sizes are paired.

How the games of a sequence differ (Mao et al. 2023, section 6, says: random perturbations of the reward of a
base game; law and size are our choice): reward^k = clip(base + perturbation Z^k, 0, 1), with Z^k uniform on
[-1, 1] or standard normal, transitions shared or, where asked for, mixed with a random kernel.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metanash.checks import integer
from metanash.congestion import congestion_sequence
from metanash.games import DiscountedGame, MarkovGame, ZeroSumGame
from metanash.streams import stream
from metanash.transitions import Transition

__all__ = ["FAMILIES", "general_sum_sequence", "potential_sequence", "zero_sum_sequence"]

Floats = npt.NDArray[np.float64]
Noise = Literal["uniform", "normal"]

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


# General-sum stage games --------------------------------------------------------------------------------

_BIMATRIX: dict[str, tuple[list[list[float]], list[list[float]]]] = {
    # Shapley 1964: fictitious play cycles; the only equilibrium is uniform
    "shapley": ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]]),
    # cooperate or defect: to defect is dominant
    "prisoners_dilemma": ([[3, 0], [5, 1]], [[3, 5], [0, 1]]),
    # swerve or dare (Aumann 1974): there are correlated equilibria better than any Nash equilibrium
    "chicken": ([[6, 2], [7, 0]], [[6, 7], [2, 0]]),
}
_GENERAL_KINDS = ["chicken", "congestion", "prisoners_dilemma", "public_goods", "random", "shapley"]


def _bimatrix(kind: str) -> Floats:
    """(2, A, B) payoffs of a classic game, moved and scaled to fill [0, 1]."""
    table = np.array(_BIMATRIX[kind], dtype=np.float64)
    return np.asarray((table - table.min()) / np.ptp(table))


def _public_goods(actions: tuple[int, ...]) -> Floats:
    """Everybody keeps 1 - c_i and gets the share m / N of all that is given, m = (N + 1) / 2: to give is dominated.

    Action a of A_i gives c_i = a / (A_i - 1). Payoffs (N, A_1, ..., A_N), scaled to [0, 1].
    """
    players = len(actions)
    given = np.stack(np.meshgrid(*(np.linspace(0.0, 1.0, n) for n in actions), indexing="ij"))
    share = (players + 1) / (2 * players)
    table = 1.0 - given + share * given.sum(axis=0)
    return np.asarray((table - share) / (1.0 + share * (players - 1) - share))


def _congestion(rng: np.random.Generator, places: int, actions: tuple[int, ...]) -> Floats:
    """Players choose among facilities; a facility pays less the more choose it. (N, places, A_1, ..., A_N).

    What a facility pays to 1, ..., N users is a sorted uniform sample, drawn anew for each place.
    """
    players, facilities = len(actions), actions[0]
    pay = -np.sort(-rng.uniform(size=(places, facilities, players)), axis=-1)
    chosen = np.indices(actions)
    load = (chosen[:, np.newaxis] == chosen).sum(axis=0) - 1  # others at the facility of each player
    return np.asarray(np.moveaxis(pay[:, chosen, load], 0, 1))


def _check_general(kind: str, actions: tuple[int, ...]) -> None:
    if kind not in _GENERAL_KINDS:
        raise ValueError(f"kind of a general-sum base game must be one of {_GENERAL_KINDS}, got {kind!r}")
    if kind in _BIMATRIX and actions != _bimatrix(kind).shape[1:]:
        raise ValueError(f"{kind} is a game of {_bimatrix(kind).shape[1:]} actions, got {actions}")
    if kind == "congestion" and len(set(actions)) != 1:
        raise ValueError(f"in a congestion game all players have the same facilities, got {actions} actions")
    if kind == "public_goods" and (len(actions) < 2 or min(actions) < 2):
        raise ValueError(f"public goods need two players and a choice for each, got {actions} actions")


def _general_base(kind: str, rng: np.random.Generator, steps: int, states: int, actions: tuple[int, ...]) -> Floats:
    """Rewards (N, steps, S, A_1, ..., A_N) of a base game."""
    lead = (len(actions), steps, states)
    if kind == "random":
        return rng.uniform(size=(*lead, *actions))
    if kind == "congestion":
        return _congestion(rng, steps * states, actions).reshape(*lead, *actions)
    stage = _public_goods(actions) if kind == "public_goods" else _bimatrix(kind)
    stakes = rng.uniform(0.5, 1.0, size=(steps, states, *(1,) * len(actions)))
    stakes[0, 0] = 1.0
    return np.asarray(stakes * stage[:, np.newaxis, np.newaxis])


# Perturbation -------------------------------------------------------------------------------------------


def _perturbed(
    base: Floats, size: float, noise: Noise, shape: tuple[int, ...], address: tuple[int | str, ...], k: int
) -> Floats:
    rng = stream(*address, "noise", k)
    z = rng.uniform(-1.0, 1.0, size=shape) if noise == "uniform" else rng.standard_normal(size=shape)
    return np.clip(base + size * z, 0.0, 1.0)


def _kernels(
    base: Floats, mixing: float, address: tuple[int | str, ...], n_games: int, shape: tuple[int, ...]
) -> list[Transition]:
    """One kernel a game, broadcast to ``shape``; the same object for all where nothing is mixed in."""
    if mixing == 0.0:
        return [Transition.per_step(np.broadcast_to(base, shape))] * n_games
    drawn = []
    for k in range(n_games):
        other = stream(*address, "transition noise", k).dirichlet(np.ones(base.shape[-1]), size=base.shape[:-1])
        drawn.append(Transition.per_step(np.broadcast_to((1.0 - mixing) * base + mixing * other, shape)))
    return drawn


def _check_sequence(n_games: int, perturbation: float, noise: str, mixing: float) -> None:
    integer("n_games", n_games, 1)
    if not perturbation >= 0.0 or not np.isfinite(perturbation):
        raise ValueError(f"perturbation must be a finite number of at least 0, got {perturbation}")
    if noise not in {"uniform", "normal"}:
        raise ValueError(f"noise must be uniform or normal, got {noise!r}")
    if not 0.0 <= mixing <= 1.0:
        raise ValueError(f"transition_mixing must lie in [0, 1], got {mixing}")


# Families -----------------------------------------------------------------------------------------------


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
    """
    kinds = [*_KINDS, "random"]
    if kind not in kinds:
        raise ValueError(f"kind of a zero-sum base game must be one of {sorted(kinds)}, got {kind!r}")
    _check_sequence(n_games, perturbation, noise, transition_mixing)
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
    transitions = _kernels(chance, transition_mixing, address, n_games, chance.shape)
    shape = (steps, *base.shape[1:])
    return [
        ZeroSumGame(_perturbed(base, perturbation, noise, shape, address, k), transitions[k], name=f"{kind} {k}")
        for k in range(n_games)
    ]


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
        ``action_independent``: transitions that no action moves and rewards (phi(s, a) + d_i(s, a_-i)) / 2,
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
    """
    kinds = {"team", "action_independent", "separable"}
    if kind not in kinds:
        raise ValueError(f"kind of a potential base game must be one of {sorted(kinds)}, got {kind!r}")
    _check_sequence(n_games, perturbation, noise, transition_mixing)
    integer("n_states", n_states, 1)
    actions = tuple(integer("n_actions", n, 1) for n in n_actions)
    rng = stream(*address, "base", kind)
    base = rng.uniform(size=(n_states, *actions))
    moving = actions if kind == "team" else (1,) * len(actions)
    chance = rng.dirichlet(np.ones(n_states), size=(1, n_states, *moving))
    axes = range(len(actions))
    own_free = [tuple(1 if (j == i) != (kind == "separable") else actions[j] for j in axes) for i in axes]
    parts = [rng.uniform(size=(n_states, *shape)) for shape in own_free]
    games = []
    transitions = _kernels(chance, transition_mixing, address, n_games, (1, n_states, *actions, n_states))
    for k in range(n_games):
        if kind == "separable":
            own = [_perturbed(u, perturbation, noise, u.shape, (*address, i), k) for i, u in enumerate(parts)]
            reward = np.stack([np.broadcast_to(u, base.shape) for u in own])
            potential = reward.sum(axis=0)
        else:
            potential = _perturbed(base, perturbation, noise, base.shape, address, k)
            reward = potential[np.newaxis]
        if kind == "action_independent":
            reward, potential = np.stack([(potential + d) / 2.0 for d in parts]), potential / 2.0
        games.append(DiscountedGame(reward, transitions[k], discount, potential=potential, name=f"{kind} {k}"))
    return games


def general_sum_sequence(
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
) -> list[MarkovGame]:
    """General-sum Markov games around a base game.

    Parameters
    ----------
    kind : {"random", "congestion", "public_goods", "shapley", "prisoners_dilemma", "chicken"}
        ``random``: uniform rewards. ``congestion``: any number of players choose among the same facilities, which pay
        the less the more choose them; what they pay is drawn for each state. The others are classic games with payoffs
        scaled to [0, 1], the same in every state but for the stakes: a factor uniform on [1/2, 1] for each state, 1 in
        the first. ``public_goods`` has any number of players and degrees of giving, the three others are bimatrix games
        of 3x3, 2x2 and 2x2 actions.
    address, n_games, perturbation, noise, stationary, transition_mixing
        As in :func:`zero_sum_sequence`; each player's rewards are perturbed on their own.
    n_actions : sequence of int
        One number a player.

    Returns
    -------
    list of K MarkovGame

    Raises
    ------
    ValueError
        If an argument is out of range, or there is no game of the kind with these actions.
    """
    _check_sequence(n_games, perturbation, noise, transition_mixing)
    integer("horizon", horizon, 1), integer("n_states", n_states, 1)
    actions = tuple(integer("n_actions", n, 1) for n in n_actions)
    _check_general(kind, actions)
    rng = stream(*address, "base", kind)
    steps = 1 if stationary else horizon
    chance = rng.dirichlet(np.ones(n_states), size=(steps, n_states, *actions))
    base = _general_base(kind, rng, steps, n_states, actions)
    transitions = _kernels(chance, transition_mixing, address, n_games, chance.shape)
    full = (len(actions), horizon, n_states, *actions)
    games = []
    for k in range(n_games):
        reward = _perturbed(base, perturbation, noise, base.shape, address, k)
        games.append(MarkovGame(np.broadcast_to(reward, full), transitions[k], name=f"{kind} {k}"))
    return games


FAMILIES: dict[str, Callable[..., Sequence[Any]]] = {
    "zero_sum": zero_sum_sequence,
    "general_sum": general_sum_sequence,
    "potential": potential_sequence,
    "congestion": congestion_sequence,
}
"""Families by the name that a configuration uses. Each takes a kind, an address, ``n_games`` and
``perturbation``, and keyword arguments of its own, and returns a sequence of games of one size."""
