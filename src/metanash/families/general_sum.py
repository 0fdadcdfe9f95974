"""General-sum families: random games, congestion games and the classic small games, as Markov games."""

from collections.abc import Sequence

import numpy as np

from metanash._inner.checks import integer
from metanash.families.sequences import Noise, alike, check_sequence, mixed_kernels, perturbed
from metanash.games import MarkovGame
from metanash.streams import stream
from metanash.typing import Floats

__all__ = ["general_sum_sequence"]


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
        One number per player.

    Returns
    -------
    list of K MarkovGame

    Raises
    ------
    ValueError
        If an argument is out of range, or there is no game of the kind with these actions.

    Examples
    --------
    >>> games = general_sum_sequence("public_goods", 7, n_games=2, perturbation=0.1, n_actions=(2, 2, 2))
    >>> len(games), games[0].n_players, games[0].horizon
    (2, 3, 2)
    """
    check_sequence(n_games, perturbation, noise, transition_mixing)
    integer("horizon", horizon, 1), integer("n_states", n_states, 1)
    actions = tuple(integer("n_actions", n, 1) for n in n_actions)
    _check_general(kind, actions)
    rng = stream(*address, "base", kind)
    steps = 1 if stationary else horizon
    chance = rng.dirichlet(np.ones(n_states), size=(steps, n_states, *actions))
    base = _general_base(kind, rng, steps, n_states, actions)
    transitions = mixed_kernels(chance, transition_mixing, address, n_games, chance.shape)
    full = (len(actions), horizon, n_states, *actions)
    reward = np.broadcast_to(perturbed(base, perturbation, noise, base.shape, address, n_games), (n_games, *full))
    return alike(MarkovGame(reward[0], transitions[0], name=f"{kind} 0"), kind, reward, transitions)
