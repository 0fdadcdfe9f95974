r"""Linear-quadratic tracking on a line: players who push towards a target together, a Markov team.

Mao et al. 2023, appendix F, names the task, with four cooperative players; everything below is our choice. Positions
are a grid of S points x from -1 to 1. Action a of player i is a push u_i = a - reach, so from -reach to reach, and

.. math:: x' = \text{clip}(x + b \sum_i u_i + d + w), \quad
    r = 1 - \frac{(x - t)^2 + c \sum_i u_i^2}{4 + c N \, \text{reach}^2}

with target t, drift d, cost of control c and a noise w of three points, -sqrt(3) sigma, 0 and sqrt(3) sigma with
chances 1/6, 2/3 and 1/6, which has the first five moments of a normal law. What falls between two grid points is drawn
to be one of them, so that the mean is kept; positions are rounded to 1e-9 of a cell, so that what should fall on a
point does.

Games of a sequence differ in target and drift: t_k = clip(t + perturbation Z_k), d_k = d + perturbation b Y_k, with Z_k
and Y_k uniform on [-1, 1].
"""

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import scipy

from metanash._inner.checks import integer
from metanash.games import DiscountedGame, MarkovGame
from metanash.streams import uniforms
from metanash.transitions import Transition
from metanash.typing import Floats

__all__ = ["tracking_positions_sequence", "tracking_sequence"]


_FARTHEST = 4.0
"""Largest squared distance of two positions."""


def _moves(n_states: int, pushes: Floats, drift: float, noise: float) -> Floats:
    """Chances (S, pushes, S) of the next position, for displacements before drift and noise."""
    points = [(0.0, 1.0)] if noise == 0.0 else [(-math.sqrt(3.0), 1 / 6), (0.0, 2 / 3), (math.sqrt(3.0), 1 / 6)]
    here = np.linspace(-1.0, 1.0, n_states)[:, np.newaxis]
    chance = np.zeros((n_states, len(pushes), n_states))
    rows, columns = np.indices((n_states, len(pushes)))
    for size, weight in points:
        there = np.clip(here + pushes + drift + size * noise, -1.0, 1.0)
        cell = np.round((there + 1.0) / 2.0 * (n_states - 1), 9)
        left = np.minimum(np.floor(cell).astype(np.int64), n_states - 2)
        np.add.at(chance, (rows, columns, left), weight * (1.0 - (cell - left)))
        np.add.at(chance, (rows, columns, left + 1), weight * (cell - left))
    return chance


def _check(kind: str, wanted: str, perturbation: float, numbers: dict[str, float], signed: dict[str, float]) -> None:
    if kind != wanted:
        raise ValueError(f"kind of a tracking game must be {wanted}, got {kind!r}")
    for name, value in {"perturbation": perturbation, **numbers}.items():
        if not (math.isfinite(value) and value >= 0.0):
            raise ValueError(f"{name} must be a finite number of at least 0, got {value}")
    for name, value in signed.items():
        if not -1.0 <= value <= 1.0:
            raise ValueError(f"{name} must lie in [-1, 1], the line, got {value}")


def _tasks(
    address: tuple[int | str, ...], n_games: int, perturbation: float, target: float, drift: float, push: float
) -> list[tuple[float, float]]:
    """Target and drift of each game."""
    tasks = []
    for z, y in uniforms((*address, "noise"), range(n_games), 2, -1.0, 1.0):
        tasks.append((float(np.clip(target + perturbation * z, -1.0, 1.0)), float(drift + perturbation * push * y)))
    return tasks


def _kernels(tasks: Sequence[tuple[float, float]], make: Callable[[float], Transition]) -> list[Transition]:
    """One kernel per game; games of one drift share theirs."""
    known: dict[float, Transition] = {}
    for _, drift in tasks:
        if drift not in known:
            known[drift] = make(drift)
    return [known[drift] for _, drift in tasks]


def _pushes(n_players: int, reach: int) -> Floats:
    """Push of each player under every joint action: (N, A_1, ..., A_N)."""
    return np.asarray(np.indices((2 * reach + 1,) * n_players) - float(reach), dtype=np.float64)


def tracking_sequence(
    kind: str,
    *address: int | str,
    n_games: int,
    perturbation: float,
    n_states: int = 21,
    n_players: int = 4,
    reach: int = 1,
    push: float = 0.1,
    target: float = 0.5,
    drift: float = 0.0,
    cost: float = 0.01,
    noise: float = 0.1,
    discount: float = 0.9,
) -> list[DiscountedGame]:
    """Teams that push one shared position towards a target.

    Parameters
    ----------
    kind : {"shared"}
    address : int or str
        Names of the sequence.
    n_games : int
        K.
    perturbation : float
        How far targets, and in units of ``push`` drifts, may be from those of the base game. The noise of game k does
        not depend on it.
    n_states : int
        S, at least 2.
    n_players : int
        N.
    reach : int
        Largest push; there are 2 reach + 1 actions.
    push : float
        b, how far a push of one moves the position.
    target, drift : float
        t and d of the base game, in [-1, 1].
    cost : float
        c.
    noise : float
        sigma, standard deviation of the noise before it is put on the grid.
    discount : float
        gamma, in [0, 1).

    Returns
    -------
    list of K DiscountedGame
        Teams, uniform initial distribution. :func:`metanash.gaps.team_optima` has the values of their joint optimum.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> (team,) = tracking_sequence("shared", 7, n_games=1, perturbation=0.1, n_players=2)
    >>> team.n_players, team.n_states, team.is_team
    (2, 21, True)
    """
    _check(
        kind, "shared", perturbation, {"push": push, "cost": cost, "noise": noise}, {"target": target, "drift": drift}
    )
    integer("n_games", n_games, 1), integer("n_states", n_states, 2)
    integer("n_players", n_players, 1), integer("reach", reach, 1)
    pushes = _pushes(n_players, reach)
    most = n_players * reach
    totals = np.arange(-most, most + 1, dtype=np.float64)
    which = pushes.sum(axis=0).astype(np.int64) + most

    def kernel(wind: float) -> Transition:
        return Transition.shared(_moves(n_states, push * totals, wind, noise)[:, which])

    tasks = _tasks(address, n_games, perturbation, target, drift, push)
    effort = cost * (pushes**2).sum(axis=0)
    here = np.linspace(-1.0, 1.0, n_states).reshape(-1, *[1] * n_players)
    games = []
    for k, ((aim, _), transition) in enumerate(zip(tasks, _kernels(tasks, kernel), strict=True)):
        reward = 1.0 - ((here - aim) ** 2 + effort) / (_FARTHEST + cost * most * reach)
        games.append(DiscountedGame(np.clip(reward, 0.0, 1.0)[np.newaxis], transition, discount, name=f"{kind} {k}"))
    return games


def _product(single: Floats, n_players: int) -> "scipy.sparse.csr_array":
    """Kernel of players who move independently, (S^N A^N, S^N) with rows (states, actions), from (S, A, S)."""
    states, actions, _ = single.shape
    one = scipy.sparse.csr_array(single.reshape(states * actions, states))
    joint = one
    for _ in range(n_players - 1):
        joint = scipy.sparse.csr_array(scipy.sparse.kron(joint, one, format="csr"))
    # kron's rows are (s_1, a_1, s_2, a_2, ...)
    rows = np.arange(joint.shape[0]).reshape((states, actions) * n_players)
    order = rows.transpose(*range(0, 2 * n_players, 2), *range(1, 2 * n_players, 2)).reshape(-1)
    return scipy.sparse.csr_array(joint[order])


def tracking_positions_sequence(
    kind: str,
    *address: int | str,
    n_games: int,
    perturbation: float,
    horizon: int = 5,
    n_positions: int = 100,
    n_players: int = 2,
    reach: int = 1,
    push: float = 0.1,
    target: float = 0.5,
    drift: float = 0.0,
    cost: float = 0.01,
    noise: float = 0.0,
    spread: float = 0.25,
) -> list[MarkovGame]:
    r"""Teams whose players have a position each, S = n_positions^N joint ones, for games too large to be dense.

    Each position moves by its player's push alone, with a noise of its own. The common reward couples them:

    .. math:: r = 1 - \frac{(\bar x - t)^2 + \text{spread} \frac1N \sum_i (x_i - \bar x)^2 + c \frac1N \sum_i u_i^2}
        {4 + \text{spread} + c \, \text{reach}^2}

    (at spread = 1 every player would be on its own, at 0 only the mean position counts).

    Parameters
    ----------
    kind : {"own"}
    address, n_games, perturbation, n_players, reach, push, target, drift, cost
        As in :func:`tracking_sequence`.
    horizon : int
        H.
    n_positions : int
        Grid points of a player, at least 2. State s is the positions of the players as digits, player 0 first.
    noise : float
        sigma. Without noise a transition has at most 2^N possible next states, with noise at most 6^N.
    spread : float
        Weight of being apart.

    Returns
    -------
    list of K MarkovGame
        All players have the same rewards; sparse kernels of memory proportional to the possible transitions, shared by
        all steps. All positions are equally likely at first.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> (game,) = tracking_positions_sequence("own", 7, n_games=1, perturbation=0.1, n_positions=5)
    >>> game.n_players, game.horizon
    (2, 5)
    """
    numbers = {"push": push, "cost": cost, "noise": noise, "spread": spread}
    _check(kind, "own", perturbation, numbers, {"target": target, "drift": drift})
    integer("n_games", n_games, 1), integer("horizon", horizon, 1), integer("n_positions", n_positions, 2)
    integer("n_players", n_players, 1), integer("reach", reach, 1)
    pushes, actions = _pushes(n_players, reach), (2 * reach + 1,) * n_players
    single = push * np.arange(-reach, reach + 1, dtype=np.float64)

    def kernel(wind: float) -> Transition:
        return Transition.sparse([_product(_moves(n_positions, single, wind, noise), n_players)], actions)

    tasks = _tasks(address, n_games, perturbation, target, drift, push)
    line = np.linspace(-1.0, 1.0, n_positions)
    places = np.array(list(itertools.product(line, repeat=n_players)))  # (S, N)
    effort = cost * (pushes**2).mean(axis=0)
    worst = _FARTHEST + spread + cost * reach**2
    full = (n_players, horizon, len(places), *actions)
    start = np.full(len(places), 1.0 / len(places))
    games = []
    for k, ((aim, _), transition) in enumerate(zip(tasks, _kernels(tasks, kernel), strict=True)):
        loss = (places.mean(axis=1) - aim) ** 2 + spread * places.var(axis=1)
        reward = 1.0 - (loss.reshape(-1, *[1] * n_players) + effort) / worst
        reward = np.broadcast_to(np.clip(reward, 0.0, 1.0), full)
        games.append(MarkovGame(reward, transition, start, name=f"{kind} {k}"))
    return games
