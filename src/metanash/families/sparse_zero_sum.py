"""Large random zero-sum games: each state and pair of actions leads to a few next states.

Memory and time are proportional to the number of possible transitions, S A B times ``branching``.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy

from metanash._inner.checks import integer
from metanash.families.sequences import Noise, alike, check_sequence, perturbed
from metanash.games import ZeroSumGame
from metanash.streams import stream
from metanash.transitions import Transition
from metanash.typing import Floats

__all__ = ["sparse_zero_sum_sequence"]


def _next_states(rng: np.random.Generator, rows: int, n_states: int, branching: int) -> npt.NDArray[np.integer]:
    """``branching`` distinct states per row, every set of them equally likely, in rising order: (rows, branching).

    Floyd's algorithm: the k-th draw is from the first S - branching + k + 1 states; one that the row has already
    becomes the last of these, which it cannot have yet.
    """
    small = max(rows * branching, n_states) <= np.iinfo(np.int32).max
    found = np.empty((branching, rows), dtype=np.int32 if small else np.int64)
    for k in range(branching):
        last = n_states - branching + k
        drawn = rng.integers(last + 1, size=rows, dtype=found.dtype)
        taken = np.zeros(rows, dtype=np.bool_)
        for before in found[:k]:
            taken |= before == drawn
        drawn[taken] = last
        found[k] = drawn
    listed = np.ascontiguousarray(found.T)
    listed.sort(axis=1)
    return listed


def _chances(rng: np.random.Generator, rows: int, branching: int) -> Floats:
    """Uniform distributions on the simplex, (rows, branching): Dirichlet(1, ..., 1)."""
    chance = rng.standard_exponential(size=(rows, branching))
    chance /= chance.sum(axis=1, keepdims=True)
    return chance


def sparse_zero_sum_sequence(
    kind: str,
    *address: int | str,
    n_games: int,
    perturbation: float,
    horizon: int = 2,
    n_states: int = 100,
    n_actions: Sequence[int] = (2, 2),
    branching: int = 4,
    noise: Noise = "uniform",
    stationary: bool = True,
    transition_mixing: float = 0.0,
) -> list[ZeroSumGame]:
    """Large zero-sum Markov games around a base game of uniform rewards and sparse random transitions.

    Parameters
    ----------
    kind : {"random"}
        Rewards of the base game are uniform on [0, 1].
    address : int or str
        Names of the sequence.
    n_games : int
        K.
    perturbation : float
        Size of the reward perturbation, in units of reward.
    horizon : int
        H.
    n_states : int
        S.
    n_actions : (A, B)
    branching : int
        Number of possible next states of each state and pair of actions, at most S.
    noise : {"uniform", "normal"}
        Law of Z: uniform on [-1, 1] or standard normal.
    stationary : bool
        Whether rewards, their perturbations and transitions are the same at every step.
    transition_mixing : float
        Weight of random chances of the *same* next states in each game's transitions, in [0, 1].

    Returns
    -------
    list of K ZeroSumGame
        All states are equally likely at first. Games share the list of possible next states and, where nothing is mixed
        in, the whole kernel.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> (game,) = sparse_zero_sum_sequence("random", 7, n_games=1, perturbation=0.1, n_states=50)
    >>> game.n_states, game.transition.is_sparse
    (50, True)
    """
    if kind != "random":
        raise ValueError(f"kind of a sparse zero-sum base game must be random, got {kind!r}")
    check_sequence(n_games, perturbation, noise, transition_mixing)
    integer("horizon", horizon, 1), integer("n_states", n_states, 1), integer("branching", branching, 1)
    actions = tuple(integer("n_actions", n, 1) for n in n_actions)
    if len(actions) != 2:
        raise ValueError(f"n_actions must be those of two players, got {actions}")
    if branching > n_states:
        raise ValueError(f"branching must be at most n_states = {n_states}, got {branching}")
    steps, rows = 1 if stationary else horizon, n_states * math.prod(actions)
    rng = stream(*address, "base", kind)
    places = [_next_states(rng, rows, n_states, branching) for _ in range(steps)]
    base = [_chances(rng, rows, branching) for _ in range(steps)]

    def kernel(chances: Sequence[Floats]) -> Transition:
        starts = np.arange(0, rows * branching + 1, branching, dtype=places[0].dtype)
        matrices = [
            scipy.sparse.csr_array((chance.reshape(-1), place.reshape(-1), starts), shape=(rows, n_states))
            for chance, place in zip(chances, places, strict=True)
        ]
        return Transition.sparse(matrices, actions, copy=False)

    def mixed(k: int) -> Transition:
        other = stream(*address, "transition noise", k)
        m = transition_mixing
        return kernel([(1.0 - m) * chance + m * _chances(other, rows, branching) for chance in base])

    transitions = [mixed(k) for k in range(n_games)] if transition_mixing else [kernel(base)] * n_games
    shape = (steps, n_states, *actions)
    reward = np.broadcast_to(rng.uniform(size=shape), (horizon, *shape[1:]))
    start = np.full(n_states, 1.0 / n_states)
    rewards = perturbed(reward, perturbation, noise, shape, address, n_games)
    return alike(ZeroSumGame(rewards[0], transitions[0], start, name=f"{kind} 0"), kind, rewards, transitions)
