r"""Optimistic FTRL with the log barrier against swap deviations, for general-sum Markov games.

Cai, Luo, Wei and Zheng (2024, "Near-optimal policy optimization for correlated equilibrium in general-sum Markov
games"), for one step, state and player. Each action a has an expert (Blum and Mansour 2007), which is paid what the
player is paid while it plays a, and proposes what to play instead,

.. math:: X^t(a, \cdot) = \arg\max_{x \in \Delta} \frac{\eta}{w_t} \langle x, \sum_{j < t} w_j \pi^j(a) g^j
          + w_t \pi^{t-1}(a) g^{t-1} \rangle + \sum_b \log x(b), \qquad g^0 = 0,

g^j being the payoffs of the player's actions, by its estimates Q^j, against the others' policies; and pi^t is the
distribution that stays: pi^t X^t = pi^t. Weights w_j and values are those of :mod:`metanash.learners.smooth`, a value
for each player. Their theorem has a CE-gap of order log T / T, with powers of H, of the number of players and of the
actions; for H = 1 it is that of Anagnostides et al. (2022), whose rate is 1 / (128 N sqrt(A)).

The correlated policy that comes out (Jin et al., V-learning): at step 1 play like iteration j with the chance
alpha_T^j, at step 2 like iteration k with the chance alpha_j^k, and so on. Its values are those that are learned.
Deviators that are told j before step 2, k before step 3, ... earn, if t is drawn, by their answers to the advice

.. math:: V_h^{\phi,t}(s) = \sum_a \max_{a'} U_h^t(s, a, a'), \qquad U_h^t = (1 - \alpha_t) U_h^{t-1}
          + \alpha_t \pi_h^t(a \mid s) E_{a_{-i} \sim \pi_h^t} [ r_h + P_h V_{h+1}^{\phi,t} ](s, a', a_{-i}),

and by fixed actions the same without a. So exact values of both are kept beside the learning, and no iterate has to be:
upper bounds of the CE-gap and CCE-gap, and the gaps themselves for H = 1, where there is nothing to be told.
"""

from dataclasses import dataclass, replace

import numpy as np

from metanash import simplex
from metanash._inner.checks import integer, name_entry
from metanash._inner.reductions import largest, smallest, summed
from metanash.correlated import payoffs, product
from metanash.games import GameBatch, MarkovGame, check_batch
from metanash.learners.base import Policies, checked_policies, learning_rates
from metanash.learners.smooth import moved, shrink, value_rate
from metanash.typing import Floats

__all__ = ["LogBarrierFTRL", "SwapState", "barrier_leader", "stationary"]

_MOST_STEPS = 100
"""Of Newton's method, which takes about five."""


def barrier_leader(lean: Floats, prior: Floats) -> Floats:
    """Maximise <x, lean> + sum_b (log x(b) - x(b) / prior(b)) over distributions x: (..., A).

    x(b) = 1 / (z + 1 / prior(b) - lean(b)) for the one z at which that sums to 1. The inverse of the sum is concave and
    increasing in z, so Newton's method comes to the root from below; what no longer moves is left.

    Parameters
    ----------
    lean : (..., A) array
    prior : array of the same shape, or one to be broadcast
        Distributions without a zero: the maximiser where lean is constant. The uniform one is the log barrier alone.

    Examples
    --------
    >>> barrier_leader(np.array([0.0, 0.0, 0.0]), np.array([0.25, 0.25, 0.5]))
    array([0.25, 0.25, 0.5 ])
    >>> barrier_leader(np.array([1.5, 0.0]), np.array([0.5, 0.5])).round(6)  # 1 / x - 1 / (1 - x) = -1.5
    array([0.666667, 0.333333])
    """
    gap = 1.0 / prior - lean
    gap = gap - smallest(gap, keepdims=True)
    z = np.ones((*gap.shape[:-1], 1))  # the first term of the sum is 1 there
    for _ in range(_MOST_STEPS):
        x = 1.0 / (z + gap)
        total, steep = summed(x, keepdims=True), summed(x * x, keepdims=True)
        following = z + (total - 1.0) * total / steep
        if not (following > z).any():
            break
        z = np.maximum(z, following)
    x = 1.0 / (z + gap)
    return np.asarray(x / summed(x, keepdims=True))


def stationary(chance: Floats) -> Floats:
    """Distributions (..., A) that stay under stochastic matrices (..., A, A) without a zero, without a subtraction.

    Grassmann, Taksar and Heyman (1985): states are left out one after another, from the last.

    Examples
    --------
    >>> stationary(np.array([[0.5, 0.5], [0.25, 0.75]])).round(6)
    array([0.333333, 0.666667])
    """
    work = np.array(chance)
    count = work.shape[-1]
    for k in reversed(range(1, count)):
        work[..., :k, k] /= work[..., k, :k].sum(axis=-1)[..., np.newaxis]
        work[..., :k, :k] += work[..., :k, k, np.newaxis] * work[..., k, np.newaxis, :k]
    found = np.ones(chance.shape[:-1])
    for k in range(1, count):
        found[..., k] = (found[..., :k] * work[..., :k, k]).sum(axis=-1)
    return np.asarray(found / summed(found, keepdims=True))


@dataclass(frozen=True, eq=False)
class SwapState:
    """State of optimistic FTRL against swap deviations; G games, N players, H steps, S states.

    Attributes
    ----------
    iteration : int
        t, iterations done.
    eta : (G, 1, 1, 1, 1)
        Learning rates.
    prior : tuple of (G, H, S, 1, A_i)
        Initial policies.
    values : (G, N, H, S)
        V^t, of the correlated policy that comes out.
    sums, last : tuple of (G, H, S, A_i, A_i)
        Sums of w_j pi^j(a) g^j over j <= t, divided by w_{t+1}, and pi^t(a) g^t.
    iterate : tuple of (G, H, S, A_i)
        pi_i^t; at first the initial policies.
    joint : (G, H, S, A_1, ..., A_N)
        Average of the products of the iterates with weights alpha_t^j; at first that of the initial policies.
    answers : tuple of (G, H, S, A_i, A_i)
        U^t: what each answer to each advice is worth.
    fixed : tuple of (G, H, S, A_i)
        What each fixed action is worth.
    deviated : (G, 2, N, S)
        From the first step, with the best answers and with the best fixed actions.

    Examples
    --------
    Against uniform play the first action pays 1/2, the second nothing; each is advised half of the time.

    >>> import metanash as mn
    >>> still = mn.Transition.shared(np.ones((1, 2, 2, 1)))
    >>> both = mn.MarkovGame(np.tile([[1.0, 0.0], [0.0, 0.0]], (2, 1, 1, 1, 1)), still)
    >>> state = mn.learn(both, LogBarrierFTRL(1.0), 1).state
    >>> state.answers[0].round(12).tolist(), state.fixed[0].round(12).tolist(), state.values[0, 0].round(12).tolist()
    ([[[[[0.25, 0.0], [0.25, 0.0]]]]], [[[[0.5, 0.0]]]], [[0.25]])
    """

    iteration: int
    eta: Floats
    prior: Policies
    values: Floats
    sums: Policies
    last: Policies
    iterate: Policies
    joint: Floats
    answers: Policies
    fixed: Policies
    deviated: Floats


@dataclass(frozen=True)
class LogBarrierFTRL:
    """Optimistic FTRL with the log barrier against swap deviations (Cai et al. 2024); see the module.

    Parameters
    ----------
    learning_rate : float or (G,) array
        eta, in [1e-100, 1e100].

    Notes
    -----
    Initial policies have axes (game, h, s, action), one array per player, and no zero: the barrier is infinite there. A
    game axis of length 1 stands for the same in every game.

    Examples
    --------
    >>> import metanash as mn
    >>> from metanash.learners import LogBarrierFTRL
    >>> games = mn.families.general_sum_sequence(
    ...     "shapley", 0, n_games=1, perturbation=0.2, horizon=1, n_actions=(3, 3)
    ... )
    >>> run = mn.learn(games, LogBarrierFTRL(3.0), iterations=2000)
    >>> bool(run.measures["cce_gap"][0, -1] <= run.measures["ce_gap"][0, -1] < 0.01)
    True
    """

    learning_rate: float | Floats

    def start(self, games: GameBatch[MarkovGame], initial: Policies | None = None) -> SwapState:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.

        Raises
        ------
        ValueError
            If the games are of another class, the learning rate is out of range, or an initial policy is no policy or
            has a zero.
        """
        check_batch("LogBarrierFTRL", games, MarkovGame)
        game = games.game
        lead = (len(games), game.horizon, game.n_states)
        if initial is None:
            initial = tuple(simplex.uniform(1, *lead[1:], n) for n in game.n_actions)
        policies = checked_policies(initial, [(*lead, n) for n in game.n_actions])
        for player, policy in enumerate(policies):
            if (policy <= 0.0).any():
                *row, action = np.argwhere(policy <= 0.0)[0]
                raise ValueError(
                    f"initial policy of player {player}: at {name_entry('(game, h, s)', row)} action {action} has "
                    "probability 0, where the log barrier is infinite; mix in a little of the uniform policy "
                    "(metanash.simplex.alpha_greedy)"
                )
        squares = tuple(np.zeros((*lead, n, n)) for n in game.n_actions)
        players = game.n_players
        return SwapState(
            iteration=0,
            eta=learning_rates(self.learning_rate, len(games)).reshape(-1, 1, 1, 1, 1),
            prior=tuple(policy[..., np.newaxis, :] for policy in policies),
            values=np.zeros((lead[0], players, *lead[1:])),
            sums=squares,
            last=squares,
            iterate=policies,
            joint=product(policies),
            answers=squares,
            fixed=tuple(np.zeros((*lead, n)) for n in game.n_actions),
            deviated=np.zeros((lead[0], 2, players, lead[2])),
        )

    def advance(self, games: GameBatch[MarkovGame], state: SwapState, iterations: int) -> SwapState:
        """Return the state after more iterations. Raises ValueError if ``iterations`` is negative.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.
        """
        check_batch("LogBarrierFTRL.advance", games, MarkovGame)
        for _ in range(integer("iterations", iterations, 0)):
            state = _iterated(games, state)
        return state

    def output(self, state: SwapState) -> Floats:
        """Return the average of the products of the iterates with weights alpha_T^j, (G, H, S, A_1, ..., A_N).

        For H = 1 it is the correlated policy. For H > 1 it is what the policy of the module plays at the first step;
        later ones depend on what was drawn before, and take all iterates, which are not kept.
        """
        return state.joint

    def measure(self, games: GameBatch[MarkovGame], state: SwapState) -> dict[str, Floats]:
        """Return ``ce_gap_bound`` and ``cce_gap_bound``, see the module, and for H = 1 ``ce_gap`` and ``cce_gap``.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else. Before the first iteration they are 0,
        since nothing has come out.
        """
        check_batch("LogBarrierFTRL.measure", games, MarkovGame)
        gains = ((state.deviated - state.values[:, np.newaxis, :, 0]) * games.initial[:, np.newaxis, np.newaxis]).sum(
            -1
        )
        found = {"ce_gap_bound": gains[:, 0].max(axis=-1), "cce_gap_bound": gains[:, 1].max(axis=-1)}
        if games.game.horizon == 1:
            found |= {"ce_gap": found["ce_gap_bound"], "cce_gap": found["cce_gap_bound"]}
        return found


def _iterated(games: GameBatch[MarkovGame], state: SwapState) -> SwapState:
    """The state after one more iteration, the old one untouched."""
    game, t = games.game, state.iteration + 1
    rate, less = value_rate(t, game.horizon), shrink(t, game.horizon)
    iterate = tuple(
        stationary(barrier_leader(state.eta * (total + last), prior))
        for total, last, prior in zip(state.sums, state.last, state.prior, strict=True)
    )
    joint = product(iterate)
    values, answers, fixed = state.values.copy(), [x.copy() for x in state.answers], [x.copy() for x in state.fixed]
    deviated, last = np.empty_like(state.deviated), [np.empty_like(x) for x in state.last]
    players = game.n_players
    for h in reversed(range(game.horizon)):
        paid = np.broadcast_to(games.reward[:, np.newaxis, :, h], (len(games), 3, *games.reward[:, :, h].shape[1:]))
        if h < game.horizon - 1:
            later = np.concatenate([values[:, np.newaxis, :, h + 1], deviated], axis=1)  # followed, answered, fixed
            onward = games.transitions.expect(later.reshape(len(games), 3 * players, -1), h)
            paid = paid + onward.reshape(paid.shape)
        for i in range(players):
            policy = iterate[i][:, h]
            own, swap, same = (payoffs(paid[:, k, i], joint[:, h], players, i) for k in range(3))
            values[:, i, h] = moved(values[:, i, h], summed(policy * own), rate)
            last[i][:, h] = policy[..., np.newaxis] * own[..., np.newaxis, :]
            answers[i][:, h] = moved(answers[i][:, h], policy[..., np.newaxis] * swap[..., np.newaxis, :], rate)
            fixed[i][:, h] = moved(fixed[i][:, h], same, rate)
            deviated[:, 0, i] = summed(largest(answers[i][:, h]))
            deviated[:, 1, i] = largest(fixed[i][:, h])
    return replace(
        state,
        iteration=t,
        values=values,
        sums=tuple(less * (total + new) for total, new in zip(state.sums, last, strict=True)),
        last=tuple(last),
        iterate=iterate,
        joint=moved(state.joint, joint, rate),
        answers=tuple(answers),
        fixed=tuple(fixed),
        deviated=deviated,
    )
