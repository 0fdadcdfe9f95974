"""Markov games, frozen and validated.

The model (Mao et al. 2023, section 2): N players, H steps, S states, A_i actions; rewards in [0, 1];
transitions P_h(s' | s, a); an initial distribution over states (the paper fixes one state, which is the
default here). Index order: player i, step h, state s, actions in player order, next state s'.

Three classes: :class:`ZeroSumGame` and :class:`MarkovGame` of finite horizon, :class:`DiscountedGame` of
infinite horizon. :class:`GameBatch` stacks games of one class and size, so that learners and gaps treat
one game and a thousand alike.

Frozen means: the fields cannot be assigned, and the arrays are copies that nobody can write to, not even with
``setflags``; nor can the arrays of a game that was copied, pickled, or sent to another process, where it is built and
checked anew (:mod:`metanash._inner.frozen`). ``copy`` and ``deepcopy`` return the game itself.
"""

import math
import numbers
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from metanash._inner.checks import distributions, float_array, within
from metanash._inner.frozen import Frozen, sealed, sealed_again, sealed_stack
from metanash.transitions import Transition, TransitionBatch, enough_axes
from metanash.typing import Floats

__all__ = [
    "DiscountedGame",
    "Game",
    "GameBatch",
    "MarkovGame",
    "ZeroSumGame",
    "check_batch",
    "check_game",
    "check_games",
]


def _initial(value: npt.ArrayLike | None, n_states: int) -> Floats:
    if value is None:
        return sealed(np.eye(1, n_states)[0])
    start = float_array("initial", value)
    if start.shape != (n_states,):
        raise ValueError(f"initial must be a distribution over {n_states} states, got shape {start.shape}")
    return sealed(distributions("initial", start[np.newaxis], "row")[0])


def _agree(transition: Transition, reward: Floats, states_axis: int, steps: int | None) -> None:
    if not isinstance(transition, Transition):
        raise ValueError(f"transition must be a Transition, got a {type(transition).__name__}")
    wanted = reward.shape[states_axis:]
    if (transition.n_states, *transition.n_actions) != wanted:
        raise ValueError(
            f"reward and transition must have the same states and actions: {wanted} and "
            f"{(transition.n_states, *transition.n_actions)}"
        )
    if transition.steps not in {1, steps}:
        raise ValueError(f"transition must have 1 step (shared) or {steps}, got {transition.steps}")


class _Sizes(Frozen):
    """Numbers of players, states and actions, read off the reward."""

    reward: Floats
    _state_axis: ClassVar[int]

    @property
    def n_players(self) -> int:
        """N."""
        return len(self.n_actions)

    @property
    def n_states(self) -> int:
        """S."""
        return int(self.reward.shape[self._state_axis])

    @property
    def n_actions(self) -> tuple[int, ...]:
        """(A_1, ..., A_N)."""
        return self.reward.shape[self._state_axis + 1 :]


class _FiniteHorizon(_Sizes):
    @property
    def horizon(self) -> int:
        """H."""
        return int(self.reward.shape[self._state_axis - 1])


@dataclass(frozen=True, eq=False)
class ZeroSumGame(_FiniteHorizon):
    """Two-player zero-sum Markov game: the min-player receives the negative of ``reward``.

    Parameters
    ----------
    reward : (H, S, A, B) array
        Reward of the max-player, in [0, 1].
    transition : Transition
        Kernels of H steps, or one shared by all.
    initial : (S,) array, optional
        Initial distribution. Default: state 0 with probability one.
    name : str
        For people and files.

    Raises
    ------
    ValueError
        If anything is out of range, not finite, no distribution or of the wrong shape.

    Examples
    --------
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> game = ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still, name="pennies")
    >>> game.horizon, game.n_states, game.n_actions, game.name
    (1, 1, (2, 2), 'pennies')
    >>> ZeroSumGame([[[[1.0, 0.0], [0.0, 2.0]]]], still)
    Traceback (most recent call last):
    ValueError: reward must lie in [0, 1]; at (h, s, a, b) = (0, 0, 1, 1) it is 2; rescale it first
    """

    reward: Floats
    transition: Transition
    initial: Floats = None  # type: ignore[assignment]  # an array after __post_init__
    _: KW_ONLY
    name: str = ""
    _state_axis: ClassVar[int] = 1

    def __post_init__(self) -> None:
        reward = float_array("reward", self.reward)
        if reward.ndim != 4:
            raise ValueError(f"reward of a zero-sum game must have axes (h, s, a, b), got shape {reward.shape}")
        object.__setattr__(self, "reward", within("reward", reward, 0.0, 1.0, "(h, s, a, b)"))
        _agree(self.transition, reward, 1, len(reward))
        object.__setattr__(self, "initial", _initial(self.initial, reward.shape[1]))


@dataclass(frozen=True, eq=False)
class MarkovGame(_FiniteHorizon):
    """General-sum Markov game of finite horizon.

    Parameters
    ----------
    reward : (N, H, S, A_1, ..., A_N) array
        Rewards of the players, in [0, 1].
    transition, initial, name
        As in :class:`ZeroSumGame`.

    Raises
    ------
    ValueError
        As in :class:`ZeroSumGame`, or if there are more than 60 players: arrays have no axes for them.

    Examples
    --------
    >>> chicken = [[[[[6 / 7, 2 / 7], [1.0, 0.0]]]], [[[[6 / 7, 1.0], [2 / 7, 0.0]]]]]  # player, step, state, actions
    >>> game = MarkovGame(chicken, Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]]))
    >>> game.n_players, game.horizon, game.n_states, game.n_actions
    (2, 1, 1, (2, 2))
    """

    reward: Floats
    transition: Transition
    initial: Floats = None  # type: ignore[assignment]  # an array after __post_init__
    _: KW_ONLY
    name: str = ""
    _state_axis: ClassVar[int] = 2

    def __post_init__(self) -> None:
        reward = float_array("reward", self.reward)
        if reward.ndim < 4 or reward.ndim != 3 + reward.shape[0]:
            raise ValueError(
                "reward must have axes (player, h, s, action of each player), one action axis for each player; "
                f"got shape {reward.shape}"
            )
        enough_axes(len(reward))
        object.__setattr__(self, "reward", within("reward", reward, 0.0, 1.0, "(i, h, s, a)"))
        _agree(self.transition, reward, 2, reward.shape[1])
        object.__setattr__(self, "initial", _initial(self.initial, reward.shape[2]))

    @classmethod
    def from_zero_sum(cls, game: ZeroSumGame) -> "MarkovGame":
        """Make the same game with rewards r and 1 - r, which differ from r and -r by a constant a step.

        Raises
        ------
        ValueError
            If it is no ZeroSumGame.
        """
        check_game("MarkovGame.from_zero_sum", game, ZeroSumGame)
        return cls(np.stack([game.reward, 1.0 - game.reward]), game.transition, game.initial, name=game.name)


@dataclass(frozen=True, eq=False)
class DiscountedGame(_Sizes):
    """Markov game of infinite horizon with discounted rewards (Mao et al. 2023, section 4).

    Parameters
    ----------
    reward : (N, S, A_1, ..., A_N) or (1, S, A_1, ..., A_N) array
        Rewards in [0, 1]. A leading axis of length 1 is a reward common to all players (a Markov team).
    transition : Transition
        A shared kernel.
    discount : float
        gamma, in [0, 1).
    initial : (S,) array, optional
        Initial distribution rho, positive everywhere. Default: uniform.
    potential : (S, A_1, ..., A_N) array, optional
        Stage potential phi: the potential of a policy is the discounted value of phi. A team has
        ``reward[0]`` by default. Whether it is one is decided by :func:`metanash.similarity.potential_deviation`,
        not here.
    name : str
        For people and files.

    Raises
    ------
    ValueError
        If anything is out of range, not finite, no distribution or of the wrong shape, or there are more than 60
        players.

    Examples
    --------
    >>> team = DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]]), 0.9)
    >>> team.is_team, team.n_players, team.n_actions, team.n_states
    (True, 2, (2, 2), 1)
    """

    reward: Floats
    transition: Transition
    discount: float
    initial: Floats = None  # type: ignore[assignment]  # an array after __post_init__
    potential: Floats | None = None
    _: KW_ONLY
    name: str = ""
    _state_axis: ClassVar[int] = 1

    def __post_init__(self) -> None:
        reward = float_array("reward", self.reward)
        if reward.ndim < 3 or reward.shape[0] not in {1, reward.ndim - 2}:
            raise ValueError(
                "reward of a discounted game must have axes (player, s, action of each player), with one row "
                f"or one per player; got shape {reward.shape}"
            )
        enough_axes(reward.ndim - 2)
        object.__setattr__(self, "reward", within("reward", reward, 0.0, 1.0, "(i, s, a)"))
        _agree(self.transition, reward, 1, 1)
        discount: object = self.discount
        if isinstance(discount, bool) or not isinstance(discount, numbers.Real) or not 0.0 <= float(discount) < 1.0:
            raise ValueError(f"discount must lie in [0, 1), got {discount!r}")
        object.__setattr__(self, "discount", float(self.discount))
        given: Floats | None = self.initial
        start = _initial(np.full(self.n_states, 1.0 / self.n_states) if given is None else given, self.n_states)
        if (start <= 0.0).any():
            raise ValueError(f"initial must be positive everywhere; state {int(np.argmin(start))} has probability 0")
        object.__setattr__(self, "initial", start)
        if self.potential is not None:
            potential = float_array("potential", self.potential)
            if potential.shape != reward.shape[1:]:
                raise ValueError(f"potential must have axes (s, a) of shape {reward.shape[1:]}, got {potential.shape}")
            object.__setattr__(self, "potential", potential)
        elif reward.shape[0] == 1:
            object.__setattr__(self, "potential", reward[0])

    @property
    def is_team(self) -> bool:
        """Whether all players share one reward."""
        return len(self.reward) == 1


Game = ZeroSumGame | MarkovGame | DiscountedGame
AnyGame = TypeVar("AnyGame", bound=Game)
_GAMES_TOGETHER = 128
"""Games that are measured in one call, at most, where several checkpoints of them could be."""


@dataclass(frozen=True, eq=False)
class GameBatch(Frozen, Generic[AnyGame]):
    """Games of one class and size, side by side: every array has the game as its first axis.

    Raises
    ------
    ValueError
        If there is no game, something is no game, or classes or sizes differ.

    Examples
    --------
    >>> still = Transition.shared([[[[1.0], [1.0]]]])
    >>> batch = GameBatch.of([ZeroSumGame([[[[1.0, 0.0]]]], still), ZeroSumGame([[[[0.5, 0.5]]]], still)])
    >>> len(batch), batch.reward.shape  # game, step, state, actions
    (2, (2, 1, 1, 1, 2))
    """

    games: tuple[AnyGame, ...]
    reward: Floats = field(init=False, repr=False)
    initial: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.games, tuple | list):
            raise ValueError(
                f"a batch is made of a tuple of games, got {_named(self.games)}; GameBatch.of takes others"
            )
        if not self.games:
            raise ValueError("a batch needs at least one game")
        first = self.games[0]
        check_game("a batch", first)
        for k, game in enumerate(self.games):
            if type(game) is not type(first):
                raise ValueError(
                    f"a batch holds games of one class; game 0 is a {type(first).__name__}, "
                    f"game {k} a {type(game).__name__}"
                )
            if game.reward.shape != first.reward.shape:
                raise ValueError(
                    f"a batch holds games of one size; game 0 has a reward of shape {first.reward.shape}, "
                    f"game {k} of {game.reward.shape}"
                )
            if getattr(game, "discount", None) != getattr(first, "discount", None):
                raise ValueError(f"a batch holds games of one discount; game {k} has another than game 0")
        object.__setattr__(self, "reward", sealed_stack([game.reward for game in self.games]))
        object.__setattr__(self, "initial", sealed_stack([game.initial for game in self.games]))

    @classmethod
    def of(cls, games: "AnyGame | Sequence[AnyGame] | GameBatch[AnyGame]") -> "GameBatch[AnyGame]":
        """Make a batch of one game, of several, or leave a batch as it is. Raises ValueError as the class does."""
        if isinstance(games, GameBatch):
            return games
        return cls(tuple(games) if isinstance(games, Sequence) else (games,))

    @classmethod
    def trusted(
        cls, games: tuple[AnyGame, ...], reward: Floats, initial: Floats, transitions: TransitionBatch
    ) -> "GameBatch[AnyGame]":
        """Games whose arrays are the rows of sealed ones that were checked elsewhere."""
        made: GameBatch[AnyGame] = cls.__new__(cls)
        made.__dict__.update(games=games, reward=reward, initial=initial, transitions=transitions)
        return made

    def __len__(self) -> int:
        return len(self.games)

    def repeated(self, count: int) -> "GameBatch[AnyGame]":
        """These games so many times, one after the other; made once, and kept as long as they are."""
        known: dict[int, GameBatch[AnyGame]] = self.__dict__.setdefault("_repeated", {})
        if count not in known:
            again: GameBatch[AnyGame] = GameBatch.__new__(GameBatch)
            again.__dict__.update(
                games=self.games * count,
                reward=sealed_again(self.reward, count),
                initial=sealed_again(self.initial, count),
                transitions=self.transitions.repeated(count),
            )
            known[count] = again  # whole, for other threads too
        return known[count]

    def measured_together(self, looks: int) -> "Iterator[tuple[slice, GameBatch[AnyGame]]]":
        """Blocks of so many looks at all games, each with the games as often as it has looks.

        More than 128 games at once leave the caches, and to repeat them takes longer than what is saved.

        Examples
        --------
        >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
        >>> game = ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still)
        >>> [(block, len(again)) for block, again in GameBatch.of([game] * 50).measured_together(3)]
        [(slice(0, 2, None), 100), (slice(2, 3, None), 50)]
        """
        together = max(1, _GAMES_TOGETHER // max(len(self), 1))
        for first in range(0, looks, together):
            block = slice(first, min(looks, first + together))
            count = block.stop - first
            yield block, self if count == 1 else self.repeated(count)

    @property
    def game(self) -> AnyGame:
        """The first game, which knows all the sizes."""
        return self.games[0]

    @cached_property
    def transitions(self) -> TransitionBatch:
        """Their transition kernels."""
        return TransitionBatch(tuple(game.transition for game in self.games))

    @property
    def joint_actions(self) -> int:
        """A_1 ... A_N."""
        return math.prod(self.game.n_actions)


# Checks at the door of functions that take games --------------------------------------------------------


def check_game(by: str, game: object, *classes: type[Game]) -> None:
    """Raise ValueError unless it is a game of one of these classes; of any, if none is given.

    Parameters
    ----------
    by : str
        Who asks, for the message.

    Examples
    --------
    >>> check_game("my function", 7, ZeroSumGame)
    Traceback (most recent call last):
    ValueError: my function takes a ZeroSumGame, got a int; see metanash.games
    """
    if not isinstance(game, classes or _CLASSES):
        raise ValueError(f"{by} takes {_alternatives(classes)}, got {_named(game)}{_way(game, classes)}")


def check_batch(by: str, games: object, *classes: type[Game]) -> None:
    """Raise ValueError unless it is a :class:`GameBatch` of games of one of these classes; as :func:`check_game`.

    Examples
    --------
    >>> check_batch("my function", [], ZeroSumGame)
    Traceback (most recent call last):
    ValueError: my function takes a GameBatch, got a list; see metanash.games
    """
    if not isinstance(games, GameBatch):
        way = "; GameBatch.of makes one" if _are_games(games) else _way(games, classes)
        raise ValueError(f"{by} takes a GameBatch, got {_named(games)}{way}")
    if classes and not isinstance(games.games[0], classes):
        wanted = " or ".join(cls.__name__ for cls in classes)
        first = games.games[0]
        raise ValueError(f"{by} takes games of class {wanted}, got {_named(first)}{_way(first, classes)}")


def check_games(by: str, games: object, *classes: type[Game]) -> None:
    """Raise ValueError unless it is a list or tuple of games, one at least, of these classes; as :func:`check_game`.

    Examples
    --------
    >>> check_games("my function", [], ZeroSumGame)
    Traceback (most recent call last):
    ValueError: my function needs at least one game
    """
    if not isinstance(games, list | tuple):
        way = "; put it in a list" if isinstance(games, _CLASSES) else _way(games, classes)
        raise ValueError(f"{by} takes a list of games, got {_named(games)}{way}")
    if not games:
        raise ValueError(f"{by} needs at least one game")
    for k, game in enumerate(games):
        check_game(f"{by}, at place {k},", game, *classes)


_CLASSES = (ZeroSumGame, MarkovGame, DiscountedGame)


def _are_games(value: object) -> bool:
    listed = value if isinstance(value, list | tuple) else [value]
    return bool(listed) and all(isinstance(game, _CLASSES) for game in listed)


def _alternatives(classes: Sequence[type[Game]]) -> str:
    return "a " + " or a ".join(cls.__name__ for cls in classes) if classes else "a game"


def _named(value: object) -> str:
    if isinstance(value, GameBatch):
        return f"a GameBatch of {type(value.games[0]).__name__}"
    return "None" if value is None else f"a {type(value).__name__}"


def _way(value: object, classes: Sequence[type[Game]]) -> str:
    """The remedy, from the semicolon on."""
    if isinstance(value, GameBatch):
        return "; its games are in .games"
    if isinstance(value, ZeroSumGame) and MarkovGame in classes:
        return "; MarkovGame.from_zero_sum makes one of a zero-sum game"
    if isinstance(value, MarkovGame) and ZeroSumGame in classes:
        return (
            "; of two players whose rewards add up to 1, ZeroSumGame(game.reward[0], game.transition, game.initial) "
            "is the same game"
        )
    if isinstance(value, DiscountedGame):
        return "; a discounted game has no horizon: ProjectedQAscent learns it, gaps.ne_gap measures its policies"
    if isinstance(value, ZeroSumGame | MarkovGame):
        return "; a game of so many steps has no discount: learners.LEARNERS has learners for it"
    return "; take one game after the other" if _are_games(value) else "; see metanash.games"
