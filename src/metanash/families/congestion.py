"""State-dependent congestion games: a benchmark of the literature on Markov potential games that is not exactly one.

N agents choose facilities (Leonardos et al. 2021, section 5). In the *safe* state an agent is paid the weight of its
facility times the number of agents there; in the *distancing* state the same less a penalty. When more than half of the
agents share a facility the state becomes distancing, and safe again when no facility has more than a quarter of them.
Each state alone is a congestion game with an exact potential; where actions can move the state the Markov game has
none, so ``potential`` is left out; :func:`metanash.similarity.potential_deviation` says how far it is from having one.
"""

import math
from collections.abc import Sequence

import numpy as np

from metanash._inner.checks import integer
from metanash.games import DiscountedGame
from metanash.streams import uniforms
from metanash.transitions import Transition
from metanash.typing import Floats, Integers

__all__ = ["congestion_sequence"]

_SAFE, _DISTANCING = 0, 1


def _loads(n_players: int, facilities: int) -> Integers:
    """Agents at each facility for every joint action: (facilities, A_1, ..., A_N)."""
    shape = (facilities,) * n_players
    loads = np.zeros((facilities, *shape), dtype=np.int64)
    for player in range(n_players):
        choice = np.arange(facilities).reshape((1,) * player + (-1,) + (1,) * (n_players - player - 1))
        for facility in range(facilities):
            loads[facility] += choice == facility
    return loads


def _payments(loads: Integers, weights: Floats) -> Floats:
    """Weight times load of each player's facility: (N, A_1, ..., A_N)."""
    paid = loads * weights.reshape(-1, *[1] * (loads.ndim - 1))
    players = loads.ndim - 1
    chosen = [np.moveaxis(paid, 1 + player, 1) for player in range(players)]
    picked = [np.stack([table[a, a] for a in range(len(weights))]) for table in chosen]
    return np.stack([np.moveaxis(table, 0, player) for player, table in enumerate(picked)])


def congestion_sequence(
    kind: str,
    *address: int | str,
    n_games: int,
    perturbation: float,
    n_players: int = 8,
    weights: Sequence[float] = (1.0, 2.0, 4.0, 6.0),
    penalty: float = 100.0,
    discount: float = 0.9,
) -> list[DiscountedGame]:
    """Congestion games with two states whose facility weights differ from game to game.

    Parameters
    ----------
    kind : {"distancing"}
    address : int or str
        Names of the sequence.
    n_games : int
        K.
    perturbation : float
        The weight of a facility is multiplied by 1 + ``perturbation`` times a number uniform on [-1, 1], in each game.
    n_players : int
        N.
    weights : sequence of float
        Of the facilities, positive; as many actions.
    penalty : float
        Taken from every reward in the distancing state.
    discount : float
        gamma, in [0, 1).

    Returns
    -------
    list of K DiscountedGame
        Rewards are rescaled to [0, 1] from [-penalty, N (1 + perturbation) max weight], the same for all games.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> games = congestion_sequence("distancing", 7, n_games=2, perturbation=0.1, n_players=3)
    >>> len(games), games[0].n_players, games[0].n_states
    (2, 3, 2)
    """
    if kind != "distancing":
        raise ValueError(f"kind of a congestion game must be distancing, got {kind!r}")
    integer("n_games", n_games, 1), integer("n_players", n_players, 1)
    base = np.asarray(weights, dtype=np.float64)
    if base.ndim != 1 or base.size == 0 or not (np.isfinite(base) & (base > 0.0)).all():
        raise ValueError(f"weights must be positive numbers, one a facility; got {list(weights)}")
    if not (0.0 <= perturbation <= 1.0 and math.isfinite(penalty) and penalty >= 0.0):
        raise ValueError(f"perturbation must lie in [0, 1] and penalty be at least 0, got {perturbation} and {penalty}")
    loads = _loads(n_players, base.size)
    crowd = loads.max(axis=0)
    chance = np.zeros((2, *crowd.shape, 2))
    for state, next_state in ((_SAFE, 2 * crowd > n_players), (_DISTANCING, 4 * crowd > n_players)):
        chance[state, ..., _DISTANCING] = next_state
        chance[state, ..., _SAFE] = ~next_state
    transition, top = Transition.shared(chance), n_players * float(base.max()) * (1.0 + perturbation)
    games = []
    for k, noise in enumerate(uniforms((*address, "noise"), range(n_games), base.size, -1.0, 1.0)):
        paid = _payments(loads, base * (1.0 + perturbation * noise))
        reward = np.clip((np.stack([paid, paid - penalty], axis=1) + penalty) / (top + penalty), 0.0, 1.0)
        games.append(DiscountedGame(reward, transition, discount, name=f"{kind} {k}"))
    return games
