r"""The correlated policy that Algorithm 2 puts out, its exact values, and how far it is from a CCE.

Mao et al. 2023, section 5; the policy itself is in their appendix and worked out from Jin et al. (V-learning), see
``docs/assumptions.md``. A run of T iterations plays: draw t uniformly in [T]; let tau be the stage of t; at step h play
like an iteration drawn uniformly in stage tau - h + 1, or, where there is no such stage, the initial policies of
stage 1. Given tau this is a Markov policy whose joint actions at (h, s) follow the average over the stage of the
product of the iterates: the *joint* of the stage, the only thing that has to be kept of it. With V_{H+1} = 0 and V^0
that of the initial policies,

.. math:: V_{h,i}^\tau(s) = E_{a \sim \text{joint of stage } \tau} [ r_{h,i} + P_h V_{h+1,i}^{\tau-1} ](s, a)
.. math:: V_{h,i}^{\dagger,\tau}(s) = \max_{a_i} E_{a_{-i}} [ r_{h,i} + P_h V_{h+1,i}^{\dagger,\tau-1} ](s, a_i, a_{-i})

Two quantities, two names:

- :func:`cce_gap_bounds` averages V^{dagger,tau} - V^tau over tau: what a deviator gains that is *told* tau. That is
  what the proof of Theorem 5 controls, and an upper bound of the CCE-gap, whose deviator is not told;
- :func:`cce_gaps` is the CCE-gap itself. Its deviator sees states and everybody's actions and infers from them what tau
  may be: with w_tau = n_tau / T at first and m_h^tau the others' part of the joint that stage tau plays at step h,

.. math:: U_{h,i}(w, s) = \max_{a_i} \sum_{a_{-i}} \Big[ \sum_\tau w_\tau m_h^\tau(a_{-i} \mid s) r_{h,i}(s, a)
          + \sum_{s'} P_h(s' \mid s, a) U_{h+1,i}\big((w_\tau m_h^\tau(a_{-i} \mid s))_\tau, s'\big) \Big],

  which takes a tree that grows exponentially with H (:mod:`metanash._inner.histories`). Where that is more than is
  allowed, :func:`cce_gaps` says so in an error, and :func:`cce_gains_or_bounds` has the bound with a flag.

Either may be negative: following the correlated advice can be better than any deviation that ignores it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from metanash import kernels
from metanash._inner import histories
from metanash._inner.checks import distributions, float_array, integer
from metanash._inner.frozen import Frozen, sealed
from metanash._inner.reductions import largest, summed
from metanash.games import GameBatch, MarkovGame, check_batch, check_game
from metanash.typing import Booleans, Floats, Integers

__all__ = [
    "MOST_PRODUCTS",
    "CCEGains",
    "CorrelatedPolicy",
    "Episode",
    "StageValues",
    "cce_gain_bounds",
    "cce_gains",
    "cce_gains_or_bounds",
    "cce_gap_bounds",
    "cce_gaps",
    "expected",
    "marginals",
    "payoffs",
    "player_means",
    "product_values",
    "stage_values",
    "values_after",
]


# Joint distributions ------------------------------------------------------------------------------------


def _total(table: Floats, players: int, keep: int | None = None) -> Floats:
    """Sum over the action axes, the last ``players`` ones, of all players but ``keep``; one axis after another."""
    for player in reversed(range(players)):
        if player != keep:
            table = summed(table, -1 - (keep is not None and keep > player))
    return table


def marginals(joint: Floats, players: int) -> tuple[Floats, ...]:
    """Each player's part (..., A_i) in joint distributions (..., A_1, ..., A_N).

    Examples
    --------
    >>> [part.tolist() for part in marginals(np.array([[0.5, 0.25], [0.0, 0.25]]), players=2)]
    [[0.75, 0.25], [0.5, 0.5]]
    """
    return tuple(_total(joint, players, player) for player in range(players))


def expected(table: Floats, joint: Floats, players: int) -> Floats:
    """Mean (...) of a table (..., A_1, ..., A_N) under joint distributions.

    Examples
    --------
    >>> signal = np.array([[0.5, 0.0], [0.0, 0.5]])  # both the first action, or both the second
    >>> expected(np.array([[3.0, 0.0], [0.0, 1.0]]), signal, players=2).tolist()
    2.0
    """
    return _total(table * joint, players)


def payoffs(table: Floats, joint: Floats, players: int, player: int) -> Floats:
    """Payoff of each own action while the others follow the joint without it: (..., A_i).

    Parameters
    ----------
    table, joint : (..., A_1, ..., A_N) array
        Payoffs to the player; joint distributions.

    Examples
    --------
    >>> payoffs(np.array([[3.0, 0.0], [0.0, 1.0]]), np.array([[0.5, 0.0], [0.0, 0.5]]), players=2, player=0).tolist()
    [1.5, 0.5]
    """
    others = summed(joint, player - players, keepdims=True)
    return _total(table * others, players, player)


def player_means(tables: Floats, joint: Floats, players: int) -> Floats:
    """Mean (..., N) of every player's table (..., N, A_1, ..., A_N) under joint distributions (..., A_1, ..., A_N).

    Examples
    --------
    >>> tables = np.array([[[3.0, 0.0], [0.0, 1.0]], [[0.0, 2.0], [4.0, 0.0]]])
    >>> player_means(tables, np.array([[0.5, 0.0], [0.0, 0.5]]), players=2).tolist()
    [2.0, 0.0]
    """
    lead, actions = joint.shape[:-players], np.array(joint.shape[-players:], dtype=np.int64)
    lanes, size = math.prod(lead), math.prod(joint.shape[-players:])
    nothing, found = np.zeros((lanes, 2 * players)), np.empty((lanes, 2 * players))
    kernels.correlated_values(  # games of one step and state
        reward=np.ascontiguousarray(tables),
        transition=np.empty(0),
        index=np.zeros(lanes, dtype=np.int64),
        weights=np.ascontiguousarray(joint),
        actions=actions,
        before=nothing,
        after=found,
        games=lanes,
        players=players,
        horizon=1,
        states=1,
        joint=size,
        kinds=1,
        steps=0,
        step=0,
    )
    return found[:, :players].reshape(*lead, players)


@dataclass(frozen=True, eq=False)
class StageValues:
    """Values of the policies that are played if t lies in one stage, for each player: two arrays (G, N, H, S).

    Attributes
    ----------
    followed : array
        V_{h,i}^tau: everybody follows.
    deviated : array
        V_{h,i}^{dagger,tau}: player i, who knows tau, deviates at its best.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(MarkovGame.from_zero_sum(mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still)))
    >>> found = product_values(games, [np.full((1, 1, 1, 2), 0.5), np.array([[[[1.0, 0.0]]]])])
    >>> found.followed.ravel().tolist(), found.deviated.ravel().tolist()
    ([0.5, 0.5], [1.0, 0.5])
    """

    followed: Floats
    deviated: Floats

    def gain(self, games: GameBatch[MarkovGame]) -> Floats:
        """Gains of a deviation, from the initial distribution, (G, N).

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.
        """
        check_batch("StageValues.gain", games, MarkovGame)
        difference = self.deviated[:, :, 0] - self.followed[:, :, 0]
        return summed(games.initial[:, np.newaxis] * difference)


def stage_values(games: GameBatch[MarkovGame], joint: Floats, before: StageValues) -> StageValues:
    """Values of a stage from its joint (G, H, S, A_1, ..., A_N) and the values of the stage before it.

    Takes a GameBatch of MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(MarkovGame.from_zero_sum(mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still)))
    >>> before = product_values(games, [np.full((1, 1, 1, 2), 0.5)] * 2)
    >>> joint = np.array([[[[[0.5, 0.0], [0.0, 0.5]]]]])
    >>> stage_values(games, joint, before).followed.ravel().tolist()
    [1.0, 0.0]
    """
    check_batch("stage_values", games, MarkovGame)
    found = values_after(games, joint, np.concatenate([before.followed, before.deviated], axis=1))
    players = games.game.n_players
    return StageValues(found[:, :players], found[:, players:])


def values_after(games: GameBatch[MarkovGame], joint: Floats, known: Floats) -> Floats:
    """As :func:`stage_values`, with both kinds of values side by side: (G, 2 N, H, S) before and after.

    Takes a GameBatch of MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(MarkovGame.from_zero_sum(mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still)))
    >>> values_after(games, np.array([[[[[0.5, 0.0], [0.0, 0.5]]]]]), np.zeros((1, 4, 1, 1))).ravel().tolist()
    [1.0, 0.0, 0.5, 0.5]
    """
    check_batch("values_after", games, MarkovGame)
    game, transitions, count = games.game, games.transitions, len(games)
    (horizon, states), actions = (game.horizon, game.n_states), np.array(game.n_actions, dtype=np.int64)
    joint, known = np.ascontiguousarray(joint), np.ascontiguousarray(known)
    found = np.empty(known.shape)

    def work_out(transition: Floats, steps: int, step: int) -> None:
        kernels.correlated_values(
            reward=games.reward,
            transition=transition,
            index=transitions.index,
            weights=joint,
            actions=actions,
            before=known,
            after=found,
            games=count,
            players=len(actions),
            horizon=horizon,
            states=states,
            joint=games.joint_actions,
            kinds=len(transitions.kinds),
            steps=steps,
            step=step,
        )

    if transitions.stacked is not None:
        work_out(transitions.stacked, transitions.steps, 0)
    else:
        for h in range(horizon):
            work_out(np.empty(0) if h == horizon - 1 else transitions.expect(known[:, :, h + 1], h), 0, h)
    return found


def product_values(games: GameBatch[MarkovGame], policies: Sequence[Floats]) -> StageValues:
    """Values of a product policy, one array (G, H, S, A_i) per player, played at every step: V^0 of the module.

    Takes a GameBatch of MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(MarkovGame.from_zero_sum(mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still)))
    >>> product_values(games, [np.array([[[[1.0, 0.0]]]]), np.array([[[[1.0, 0.0]]]])]).gain(games).tolist()
    [[0.0, 1.0]]
    """
    check_batch("product_values", games, MarkovGame)
    players, (horizon, states) = games.game.n_players, (games.game.horizon, games.game.n_states)
    values, joint = np.zeros((len(games), 2 * players, horizon, states)), product(policies)
    for _ in range(horizon):  # each pass gets one more step right, from the last backwards
        values = values_after(games, joint, values)
    return StageValues(values[:, :players], values[:, players:])


def product(policies: Sequence[Floats]) -> Floats:
    """Joint distributions (..., A_1, ..., A_N) of independent players."""
    players = len(policies)
    lifted = [
        policy.reshape(policy.shape[:-1] + (1,) * i + (-1,) + (1,) * (players - 1 - i))
        for i, policy in enumerate(policies)
    ]
    return np.asarray(math.prod(lifted[1:], start=lifted[0]))


def _distributions(name: str, value: npt.ArrayLike, axes: int) -> Floats:
    """Sealed distributions over the last axes."""
    array = float_array(name, value)
    if array.ndim < axes:
        raise ValueError(f"{name} must have {axes} axes of actions, got shape {array.shape}")
    lead = array.shape[: array.ndim - axes]
    rows = distributions(name, array.reshape(*lead, -1), "(game, h, s)")
    return sealed(rows.reshape(array.shape))


# The policy ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Episode:
    """One play of a game: the stage drawn, and for each step the state, the joint action and the rewards.

    Attributes
    ----------
    stage : int
        tau, from 1; 0 for a policy of no iterations.
    states : (H,) array of int64
    actions : (H, N) array of int64
    rewards : (H, N) array

    Examples
    --------
    >>> Episode(1, np.array([0, 2]), np.array([[0, 1], [1, 1]]), np.array([[1.0, 0.0], [0.5,
    ...     0.5]])).rewards.sum(axis=0).tolist()
    [1.5, 0.5]
    """

    stage: int
    states: Integers
    actions: Integers
    rewards: Floats


@dataclass(frozen=True, eq=False)
class CorrelatedPolicy(Frozen):
    """Output of Algorithm 2, for a batch of games; see the module. Frozen like a game.

    Attributes
    ----------
    initial : tuple of (G, H, S, A_i)
        Initial policies of stage 1.
    joints : tuple of (G, H, S, A_1, ..., A_N)
        Average over each stage of the product of the iterates; the last stage may have been cut.
    iterations : tuple of int
        Iterations run in each stage, n_tau.

    Raises
    ------
    ValueError
        If a row of a policy, or a joint, is no distribution, or sizes differ.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> chicken = mn.MarkovGame([[[[[6 / 7, 2 / 7], [1, 0]]]], [[[[6 / 7, 1], [2 / 7, 0]]]]], still)
    >>> run = mn.learn(chicken, mn.CorrelatedMirrorDescent(0.2), 100)
    >>> len(run.policy.joints), sum(run.policy.iterations), run.policy.joints[0].shape
    (7, 100, (1, 1, 1, 2, 2))
    """

    initial: tuple[Floats, ...]
    joints: tuple[Floats, ...]
    iterations: tuple[int, ...]

    def __post_init__(self) -> None:
        initial = tuple(_distributions(f"initial policy of player {i}", x, 1) for i, x in enumerate(self.initial))
        if not initial or any(part.ndim != 4 or part.shape[:3] != initial[0].shape[:3] for part in initial):
            raise ValueError(
                "initial policies must have axes (game, h, s, action), one array per player; "
                f"got shapes {[part.shape for part in initial]}"
            )
        wanted = (*initial[0].shape[:3], *(part.shape[3] for part in initial))
        joints = []
        for tau, joint in enumerate(self.joints, 1):
            if np.shape(joint) != wanted:
                raise ValueError(f"joint of stage {tau} must have shape {wanted}, got {np.shape(joint)}")
            joints.append(_distributions(f"joint of stage {tau}", joint, len(initial)))
        if len(self.iterations) != len(joints):
            raise ValueError(
                f"iterations must be one number per stage, {len(joints)} in all; got {len(self.iterations)}"
            )
        iterations = tuple(integer("iterations of a stage", n, 1) for n in self.iterations)
        self.__dict__.update(initial=initial, joints=tuple(joints), iterations=iterations)

    @classmethod
    def unchecked(
        cls, initial: tuple[Floats, ...], joints: tuple[Floats, ...], iterations: tuple[int, ...]
    ) -> "CorrelatedPolicy":
        """The policy of sealed distributions of the right sizes, as learners have them: nothing is looked at."""
        policy = cls.__new__(cls)
        policy.__dict__.update(initial=initial, joints=joints, iterations=iterations)
        return policy

    def stage_values(self, games: GameBatch[MarkovGame]) -> tuple[StageValues, ...]:
        """Values of the stages, from that of the initial policies (tau = 0) to the last.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.
        """
        check_batch("CorrelatedPolicy.stage_values", games, MarkovGame)
        _check_sizes(games, self)
        values = [product_values(games, self.initial)]
        for joint in self.joints:
            values.append(stage_values(games, joint, values[-1]))
        return tuple(values)

    def values(self, games: GameBatch[MarkovGame]) -> Floats:
        """Values from the initial distribution, (G, N).

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.
        """
        check_batch("CorrelatedPolicy.values", games, MarkovGame)
        return self._mean(games, [values.followed for values in self.stage_values(games)])

    def deviation_values(self, games: GameBatch[MarkovGame]) -> Floats:
        """Values of each player's best deviation if it is told tau, (G, N).

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.
        """
        check_batch("CorrelatedPolicy.deviation_values", games, MarkovGame)
        return self._mean(games, [values.deviated for values in self.stage_values(games)])

    def _mean(self, games: GameBatch[MarkovGame], values: Sequence[Floats]) -> Floats:
        """Mean over t of values (G, N, H, S) of stages 0, 1, ... from the initial distribution."""
        weights, counted = (self.iterations, values[1:]) if self.joints else ((1,), values)
        total = sum(n * value[:, :, 0] for n, value in zip(weights, counted, strict=True))
        return np.asarray((games.initial[:, np.newaxis] * total).sum(axis=-1) / sum(weights))

    def mixture(self) -> Floats:
        """Joint distributions (G, H, S, A_1, ..., A_N), averaged over all iterations: what is played if H = 1."""
        shares = [n / sum(self.iterations) for n in self.iterations]
        terms = [share * joint for share, joint in zip(shares, self.joints, strict=True)]
        return np.asarray(sum(terms[1:], start=terms[0])) if terms else product(self.initial)

    def joint(self, stage: int, step: int) -> Floats:
        """Joint distributions (G, S, A_1, ..., A_N) that are played at a step (from 0) if t lies in a stage."""
        played = stage - step
        if played < 1:
            return product([policy[:, step] for policy in self.initial])
        return self.joints[played - 1][:, step]

    def sample_episode(self, game: MarkovGame, rng: np.random.Generator, number: int = 0) -> Episode:
        """Play a game once.

        Takes a MarkovGame; raises ValueError for anything else.

        Parameters
        ----------
        game : MarkovGame
        rng : numpy.random.Generator
        number : int
            Place of the game in the batch.
        """
        check_game("CorrelatedPolicy.sample_episode", game, MarkovGame)
        integer("number", number, 0)
        ends = np.cumsum(self.iterations)
        stage = int(np.searchsorted(ends, rng.integers(ends[-1]), side="right")) + 1 if self.joints else 0
        states, actions, rewards = [], [], []
        state = _draw(rng, game.initial)
        for h in range(game.horizon):
            joint = self.joint(stage, h)[number, state]
            place = _draw(rng, joint.ravel())
            states.append(state)
            actions.append(np.unravel_index(place, joint.shape))
            rewards.append(game.reward[:, h, state].reshape(game.n_players, -1)[:, place])
            state = _draw(rng, game.transition.at(h)[state].reshape(-1, game.n_states)[place])
        return Episode(stage, np.array(states), np.array(actions), np.array(rewards))


def _check_sizes(games: GameBatch[MarkovGame], policy: CorrelatedPolicy) -> None:
    game = games.game
    wanted = [(len(games), game.horizon, game.n_states, n) for n in game.n_actions]
    if (shapes := [part.shape for part in policy.initial]) != wanted:
        raise ValueError(f"the policy has shapes {shapes}, these games need {wanted}")


def _draw(rng: np.random.Generator, weights: Floats) -> int:
    """An index, with probability proportional to its weight; one of weight 0 never."""
    ends = np.cumsum(weights)
    return int(np.searchsorted(ends, rng.random() * ends[-1], side="right"))


# Gaps ---------------------------------------------------------------------------------------------------

MOST_PRODUCTS = 10_000_000
"""Products that the CCE-gap of a game may take for each player, unless more are asked for."""


@dataclass(frozen=True, eq=False)
class CCEGains:
    """What players gain by leaving a correlated policy: of some exactly, of others only a bound is known.

    Attributes
    ----------
    gains : (G, N) array, in units of reward
        Where ``exact``, the gain of a player that is not told the stage, otherwise of one that is told: no less.
    exact : (G, N) array of bool
    products : (G, N) array
        How many the exact gain takes; 0 if no tree is needed.

    Examples
    --------
    >>> found = CCEGains(np.array([[0.25, 0.5]]), np.array([[True, False]]), np.array([[0.0, 1e9]]))
    >>> found.gap.tolist(), found.gap_is_exact.tolist()
    ([0.5], [False])
    """

    gains: Floats
    exact: Booleans
    products: Floats

    @property
    def gap(self) -> Floats:
        """The largest gain, (G,): the CCE-gap where ``gap_is_exact``, otherwise an upper bound of it."""
        return np.asarray(self.gains.max(axis=-1))

    @property
    def gap_is_exact(self) -> Booleans:
        """Whether no bound exceeds the exact gains, (G,)."""
        return np.asarray(np.where(self.exact, self.gains, -np.inf).max(axis=-1) >= self.gap)


def cce_gain_bounds(games: GameBatch[MarkovGame], policy: CorrelatedPolicy) -> Floats:
    """Gain of each player that is told the stage tau, (G, N), in units of reward; the largest bounds the CCE-gap.

    Takes a GameBatch of MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(MarkovGame.from_zero_sum(mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still)))
    >>> run = mn.learn(games, mn.CorrelatedMirrorDescent(0.2), 100)
    >>> bool((cce_gain_bounds(games, run.policy) >= cce_gains(games, run.policy) - 1e-12).all())
    True
    """
    check_batch("cce_gain_bounds", games, MarkovGame)
    return np.asarray(policy.deviation_values(games) - policy.values(games))


def cce_gap_bounds(games: GameBatch[MarkovGame], policy: CorrelatedPolicy) -> Floats:
    """Upper bound of the CCE-gap: the most that a player gains who is told the stage tau. (G,), in units of reward.

    Takes a GameBatch of MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(MarkovGame.from_zero_sum(mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still)))
    >>> first = tuple(np.array([[[[1.0, 0.0]]]]) for _ in range(2))
    >>> cce_gap_bounds(games, CorrelatedPolicy(first, (np.array([[[[[1.0, 0.0], [0.0, 0.0]]]]]),), (1,))).tolist()
    [1.0]
    """
    check_batch("cce_gap_bounds", games, MarkovGame)
    return np.asarray(cce_gain_bounds(games, policy).max(axis=-1))


def cce_gains(games: GameBatch[MarkovGame], policy: CorrelatedPolicy, most_products: int = MOST_PRODUCTS) -> Floats:
    """Gain of each player that leaves the policy and is not told the stage; see the module. External regret if H = 1.

    Takes a GameBatch of MarkovGame; raises ValueError for anything else.

    Parameters
    ----------
    games : GameBatch of MarkovGame
    policy : CorrelatedPolicy
    most_products : int
        As in :func:`cce_gains_or_bounds`.

    Returns
    -------
    (G, N) array, in units of reward

    Raises
    ------
    ValueError
        If it takes more than ``most_products``: the message has how many. :func:`cce_gain_bounds` holds for any H.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = GameBatch.of(MarkovGame.from_zero_sum(mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still)))
    >>> first = tuple(np.array([[[[1.0, 0.0]]]]) for _ in range(2))
    >>> # both always play the first action
    >>> policy = CorrelatedPolicy(first, (np.array([[[[[1.0, 0.0], [0.0, 0.0]]]]]),), (1,))
    >>> cce_gains(games, policy).tolist()
    [[0.0, 1.0]]
    """
    check_batch("cce_gains", games, MarkovGame)
    return _all_exact(cce_gains_or_bounds(games, policy, most_products), most_products).gains


def cce_gaps(games: GameBatch[MarkovGame], policy: CorrelatedPolicy, most_products: int = MOST_PRODUCTS) -> Floats:
    """CCE-gap (G,), in units of reward: the largest of :func:`cce_gains`. Parameters and errors as there.

    Takes a GameBatch of MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> import metanash as mn
    >>> from metanash.correlated import cce_gap_bounds, cce_gaps
    >>> (game,) = mn.families.general_sum_sequence(
    ...     "shapley", 0, n_games=1, perturbation=0.0, horizon=2, n_states=2, n_actions=(3, 3)
    ... )
    >>> run = mn.learn(game, mn.CorrelatedMirrorDescent(1.0), iterations=1000)
    >>> games = mn.GameBatch.of(game)
    >>> bool(cce_gaps(games, run.policy)[0] < cce_gap_bounds(games, run.policy)[0])
    True
    """
    check_batch("cce_gaps", games, MarkovGame)
    return np.asarray(cce_gains(games, policy, most_products).max(axis=-1))


def cce_gains_or_bounds(
    games: GameBatch[MarkovGame], policy: CorrelatedPolicy, most_products: int = MOST_PRODUCTS
) -> CCEGains:
    """Gains of players who are not told the stage, and where that takes too much, of players who are, with a flag.

    Takes a GameBatch of MarkovGame; raises ValueError for anything else.

    Parameters
    ----------
    games : GameBatch of MarkovGame
    policy : CorrelatedPolicy
    most_products : int
        How many products may be taken for a game and a player. With K stages, E_h pairs of a state and the others'
        actions that can be met at step h (S A_{-i}, less where states cannot be reached or no stage plays the actions)
        and Z_h states at the step after it, 0 at the last, they are the sum over h of
        E_1 ... E_h (K + A_i (1 + Z_h)), with about as many sums. The default, 10^7, takes some hundredths of a second
        for a game and a player; memory is some megabytes beside copies of the inputs, whatever the tree. Nothing is
        counted where no tree is needed: H = 1, or all stages play alike, as one alone does. Beyond 200 steps any
        other tree counts as infinite.

    Returns
    -------
    CCEGains
        A game has the bits and the flags that it has in any other batch.

    Raises
    ------
    ValueError
        If the policy is of another size, or ``most_products`` is no integer of at least 0.

    Examples
    --------
    >>> import metanash as mn
    >>> from metanash.correlated import cce_gains_or_bounds
    >>> games = mn.families.general_sum_sequence(
    ...     "random", 0, n_games=1, perturbation=0.0, horizon=3, n_states=2, n_actions=(2, 2)
    ... )
    >>> run = mn.learn(games, mn.CorrelatedMirrorDescent(0.1), iterations=100)
    >>> batch = mn.GameBatch.of(games)
    >>> cce_gains_or_bounds(batch, run.policy).exact
    array([[ True,  True]])
    >>> cce_gains_or_bounds(batch, run.policy, most_products=100).exact
    array([[False, False]])
    """
    check_batch("cce_gains_or_bounds", games, MarkovGame)
    integer("most_products", most_products, 0)
    _check_sizes(games, policy)
    shape = (len(games), games.game.n_players)
    if games.game.horizon == 1:
        return CCEGains(external_regrets(games, policy.mixture()), np.ones(shape, dtype=bool), np.zeros(shape))
    if not policy.joints:  # there is nothing to be told
        return CCEGains(cce_gain_bounds(games, policy), np.ones(shape, dtype=bool), np.zeros(shape))
    shares = [n / sum(policy.iterations) for n in policy.iterations]
    values, products = histories.best_values(games, shares, partial(_others, policy), most_products)
    exact = products <= most_products
    inferred = ~np.isnan(values)
    told = values if inferred.all() else policy.deviation_values(games)
    return CCEGains(np.where(inferred, values, told) - policy.values(games), exact, products)


def _all_exact(found: CCEGains, most_products: int) -> CCEGains:
    if not found.exact.all():
        game, player = (int(k) for k in np.argwhere(~found.exact)[0])
        raise ValueError(
            f"the CCE-gap of game {game}, player {player}, takes {found.products[game, player]:.3g} products, above "
            f"most_products = {most_products}; allow more, or take cce_gains_or_bounds or cce_gap_bounds"
        )
    return found


def external_regrets(games: GameBatch[MarkovGame], joint: Floats) -> Floats:
    """Gains (G, N) for H = 1 under joint distributions: max_{a_i(.)} E[ r_i(s, a_i(s), a_-i) - r_i(s, a) ]."""
    players, worth = games.game.n_players, expected(games.reward, joint[:, np.newaxis], games.game.n_players)
    best = np.empty(worth.shape)
    for i in range(players):
        best[:, i] = largest(payoffs(games.reward[:, i], joint, players, i))
    return summed(games.initial[:, np.newaxis] * (best - worth)[:, :, 0])


def _others(policy: CorrelatedPolicy, player: int, step: int) -> Floats:
    """What the other players play at a step if t lies in stage 1, 2, ...: (K, G, S, A_-i), their actions in C order."""
    joints = [policy.joint(stage, step) for stage in range(1, len(policy.joints) + 1)]
    parts = [summed(joint, 2 + player - joint.ndim) for joint in joints]
    return np.stack([part.reshape(*part.shape[:2], -1) for part in parts])
