r"""Stochastic games of infinite horizon, general-sum, with discounts of players, actions of states, and ends.

The model (Shapley 1953; Fink 1964): in state s each of N players chooses one of its A_i(s) actions; player i is paid
r_i(s, a); the next state is s' with probability p(s' | s, a), and what these lack of one is the probability that the
game ends. What player i is paid in all is

.. math:: V_i(s) = \mathbf{E} \sum_{t \ge 0} \gamma_i^t \, r_i(s_t, a_t)

up to the end. Index order: player, actions in player order, next state; one array for each state. All indices from 0.
"""

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from metanash._inner.checks import SUM_TOLERANCE, distributions, float_array, name_entry, within
from metanash._inner.frozen import Frozen, sealed
from metanash.games import DiscountedGame, check_game
from metanash.transitions import enough_axes
from metanash.typing import Booleans, Floats

__all__ = ["LARGEST", "Padded", "StochasticGame", "check_policies"]

LARGEST = 1e100
"""Rewards beyond this are refused, lest their sums overflow."""


class Padded(NamedTuple):
    """A game as arrays: states with fewer actions repeat their first, which changes no best response.

    Attributes
    ----------
    reward : (N, S, A_1, ..., A_N) array
    transition : (S, A_1, ..., A_N, S) array
        Rows sum to one or less.
    own : tuple of N (S, A_i) arrays
        Which actions a state has.

    Examples
    --------
    Of two states the second has one action, which is repeated.

    >>> game = StochasticGame([[[1.0, 2.0]], [[3.0]]], [[[0.5, 0.5], [0.0, 0.9]], [[1.0, 0.0]]], 0.9)
    >>> game.padded.reward.tolist(), game.padded.own[0].tolist()
    ([[[1.0, 2.0], [3.0, 3.0]]], [[True, True], [True, False]])
    """

    reward: Floats
    transition: Floats
    own: tuple[Booleans, ...]


@dataclass(frozen=True, eq=False)
class StochasticGame(Frozen):
    """Stochastic game of N players in S states, frozen and validated.

    Parameters
    ----------
    rewards : sequence of S arrays (N, A_1, ..., A_N)
        One for each state, whose numbers of actions may differ; any payoffs up to 1e100.
    transitions : sequence of S arrays (A_1, ..., A_N, S)
        Probabilities of the next state; the game ends with what they lack of one.
    discounts : float or (N,) array
        gamma of each player, or of all; in [0, 1).
    initial : (S,) array, optional
        Where the game begins: what the values of a solution are averaged with. Default: uniform.
    name : str
        For people and files.

    Raises
    ------
    ValueError
        If a shape is wrong, an entry not finite, below 0 or out of range, or probabilities sum to more than one; the
        message names the state and the entry.

    Examples
    --------
    The prisoners' dilemma with one state, in which it ends after each round with probability .1.

    >>> dilemma = [[[3, 0], [5, 1]], [[3, 5], [0, 1]]]
    >>> game = StochasticGame([dilemma], [[[[0.9], [0.9]], [[0.9], [0.9]]]], [0.95, 0.8])
    >>> game.n_players, game.n_states, game.n_actions, game.can_end
    (2, 1, ((2, 2),), True)
    """

    rewards: tuple[Floats, ...]
    transitions: tuple[Floats, ...]
    discounts: Floats
    initial: Floats = None  # type: ignore[assignment]  # an array after __post_init__
    _: KW_ONLY
    name: str = ""

    def __post_init__(self) -> None:
        rewards, transitions = _listed("rewards", self.rewards), _listed("transitions", self.transitions)
        states = len(rewards)
        if len(transitions) != states:
            raise ValueError(
                f"there are rewards of {states} states and transitions of {len(transitions)}; give one each"
            )
        players = rewards[0].ndim - 1
        enough_axes(players)
        checked = [_state(s, *pair, players, states) for s, pair in enumerate(zip(rewards, transitions, strict=True))]
        object.__setattr__(self, "rewards", tuple(reward for reward, _ in checked))
        object.__setattr__(self, "transitions", tuple(chance for _, chance in checked))
        object.__setattr__(self, "discounts", _discounts(self.discounts, players, self.largest_mass))
        given: npt.ArrayLike | None = self.initial
        start = float_array("initial", np.full(states, 1.0 / states) if given is None else given)
        if start.shape != (states,):
            raise ValueError(f"initial must be a distribution over {states} states, got shape {start.shape}")
        object.__setattr__(self, "initial", sealed(distributions("initial", start[np.newaxis], "row")[0]))
        if not isinstance(self.name, str):
            raise ValueError(f"name must be a text, got {self.name!r}")

    @classmethod
    def from_discounted(cls, game: DiscountedGame) -> "StochasticGame":
        """Make the same game, in units of reward; a team's players get one reward each.

        Takes a DiscountedGame; raises ValueError for anything else.

        Examples
        --------
        >>> from metanash import Transition
        >>> stay = Transition.shared(np.ones((1, 2, 3, 1)))
        >>> StochasticGame.from_discounted(DiscountedGame(np.zeros((2, 1, 2, 3)), stay, 0.5)).n_actions
        ((2, 3),)
        """
        check_game("StochasticGame.from_discounted", game, DiscountedGame)
        reward = np.broadcast_to(game.reward, (game.n_players, *game.reward.shape[1:]))
        discounts = np.full(game.n_players, game.discount)
        states = tuple(reward[:, s] for s in range(game.n_states))
        return cls(states, tuple(game.transition.at(0)), discounts, game.initial, name=game.name)

    @property
    def n_players(self) -> int:
        """N."""
        return len(self.rewards[0])

    @property
    def n_states(self) -> int:
        """S."""
        return len(self.rewards)

    @property
    def n_actions(self) -> tuple[tuple[int, ...], ...]:
        """(A_1, ..., A_N) of each state."""
        return tuple(reward.shape[1:] for reward in self.rewards)

    @property
    def most_actions(self) -> tuple[int, ...]:
        """The most actions that each player has in a state, (A_1, ..., A_N): policies are arrays (S, A_i)."""
        return tuple(max(sizes) for sizes in zip(*self.n_actions, strict=True))

    @cached_property
    def largest_mass(self) -> float:
        """The most that probabilities of next states sum to: 1 up to rounding, unless the game may end everywhere."""
        return max(float(chance.sum(axis=-1).max()) for chance in self.transitions)

    @cached_property
    def can_end(self) -> bool:
        """Whether the game ends with a probability above rounding, 1e-9, somewhere."""
        return min(float(chance.sum(axis=-1).min()) for chance in self.transitions) < 1.0 - SUM_TOLERANCE

    @cached_property
    def ranges(self) -> Floats:
        """What each player may be paid in all, most minus least, (N,): the range of its rewards over 1 - discount.

        A game that may end pays 0 from then on, which is in the range.
        """
        low = np.min([reward.reshape(self.n_players, -1).min(axis=1) for reward in self.rewards], axis=0)
        high = np.max([reward.reshape(self.n_players, -1).max(axis=1) for reward in self.rewards], axis=0)
        if self.can_end:
            low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
        return np.asarray((high - low) / (1.0 - self.discounts))

    @cached_property
    def padded(self) -> Padded:
        """The game as arrays."""
        most = self.most_actions
        places = [
            np.ix_(*[np.where(np.arange(m) < n, np.arange(m), 0) for n, m in zip(sizes, most, strict=True)])
            for sizes in self.n_actions
        ]
        paid = [np.stack([table[k] for table in r]) for r, k in zip(self.rewards, places, strict=True)]
        reward = np.stack(paid, axis=1)
        transition = np.stack([p[k] for p, k in zip(self.transitions, places, strict=True)])
        counts = np.array(self.n_actions)
        own = tuple(np.arange(m) < counts[:, i, np.newaxis] for i, m in enumerate(most))
        return Padded(sealed(reward), sealed(transition), own)


def _listed(name: str, given: Sequence[npt.ArrayLike]) -> list[Floats]:
    if isinstance(given, str | bytes) or not hasattr(given, "__len__") or not len(given):
        raise ValueError(f"{name} must be a sequence with an array for each state, got {given!r:.60}")
    return [float_array(f"{name} of state {s}", part) for s, part in enumerate(given)]


def _state(s: int, reward: Floats, chance: Floats, players: int, states: int) -> tuple[Floats, Floats]:
    """Rewards and transitions of a state, checked and sealed."""
    if players < 1 or reward.ndim != players + 1 or len(reward) != players:
        raise ValueError(
            f"rewards of state {s} must have axes (player, action of each player), as many players as actions' axes "
            f"and the same number in all states; got shape {reward.shape}"
        )
    within(f"rewards of state {s}", reward, -LARGEST, LARGEST, "(i, a)")
    wanted = (*reward.shape[1:], states)
    if chance.shape != wanted:
        raise ValueError(
            f"transitions of state {s} must have axes (action of each player, next state), of shape {wanted} like its "
            f"rewards; got {chance.shape}"
        )
    bad = np.argwhere(chance < 0.0)
    if len(bad):
        place = tuple(bad[0])
        raise ValueError(
            f"transitions of state {s} are probabilities; at {name_entry('(a, next state)', place)} there is "
            f"{chance[place]:.6g}"
        )
    mass = chance.sum(axis=-1)
    bad = np.argwhere(mass > 1.0 + SUM_TOLERANCE)
    if len(bad):
        place = tuple(bad[0])
        raise ValueError(
            f"transitions of state {s} must sum to one, or less where the game may end; at {name_entry('a', place)} "
            f"the sum is {mass[place]:.10g}"
        )
    return sealed(reward), sealed(chance)


def _discounts(given: npt.ArrayLike, players: int, mass: float) -> Floats:
    discounts = float_array("discounts", given)
    if discounts.ndim == 0:
        discounts = np.full(players, float(discounts))
    if discounts.shape != (players,):
        raise ValueError(f"discounts must be one number, or one for each of {players} players; got {discounts.shape}")
    for i, discount in enumerate(discounts.tolist()):
        if not 0.0 <= discount < 1.0 or not discount * mass < 1.0 or not math.isfinite(1.0 / (1.0 - discount)):
            raise ValueError(
                f"discounts must lie in [0, 1); that of player {i} is {discount!r}. A game that ends with probability "
                "1 - d after each step is one with discount d"
            )
    return sealed(discounts)


def check_policies(game: StochasticGame, policies: Sequence[npt.ArrayLike]) -> tuple[Floats, ...]:
    """Policies of all players as arrays (S, A_i), A_i the most actions of the player in a state.

    Raises
    ------
    ValueError
        If there is not one for each player, a shape is wrong, a row is no distribution, or an action that a state does
        not have is played.

    Examples
    --------
    >>> game = StochasticGame([[[1.0, 2.0]], [[3.0]]], [[[0.5, 0.5], [0.0, 0.9]], [[1.0, 0.0]]], 0.9)
    >>> check_policies(game, [[[0.5, 0.5], [1, 0]]])[0].tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    >>> check_policies(game, [[[0.5, 0.5], [0, 1]]])
    Traceback (most recent call last):
        ...
    ValueError: policy of player 0 plays action 1 in state 1, which has 1 for this player
    """
    if len(policies) != game.n_players:
        raise ValueError(f"a policy has one array per player, {game.n_players} in all; got {len(policies)}")
    found = []
    for i, (policy, own) in enumerate(zip(policies, game.padded.own, strict=True)):
        name = f"policy of player {i}"
        array = float_array(name, policy)
        if array.shape != own.shape:
            raise ValueError(f"{name} must have shape {own.shape}, got {array.shape}")
        array = distributions(name, array, "s")
        bad = np.argwhere((array > 0.0) & ~own)
        if len(bad):
            s, a = bad[0].tolist()
            raise ValueError(f"{name} plays action {a} in state {s}, which has {int(own[s].sum())} for this player")
        found.append(array)
    return tuple(found)
