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

import math
from dataclasses import dataclass, replace

import numpy as np

from metanash import kernels, simplex
from metanash._inner.checks import integer, name_entry
from metanash._inner.reductions import largest, summed
from metanash.correlated import payoffs, product
from metanash.games import GameBatch, MarkovGame, check_batch
from metanash.kernels.barrier import barrier_leader, stationary
from metanash.learners.base import Policies, checked_policies, learning_rates
from metanash.learners.smooth import moved, shrink, value_rate
from metanash.typing import Floats

__all__ = ["LogBarrierFTRL", "SwapState", "barrier_leader", "stationary"]


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
        count = integer("iterations", iterations, 0)
        if games.game.horizon == 1 or games.transitions.stacked is not None:
            return _advanced(games, state, count)
        for _ in range(count):
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


def _advanced(games: GameBatch[MarkovGame], state: SwapState, iterations: int) -> SwapState:
    """The state after more iterations of the kernel, the old one untouched."""
    game, transitions = games.game, games.transitions
    counts, lead = game.n_actions, state.values.shape[:1] + state.values.shape[2:]
    dense = None if game.horizon == 1 else transitions.stacked  # a single step looks at no next value

    def together(parts: Policies) -> Floats:
        """The players' side by side, (G, H, S, ...), an array of its own."""
        return np.concatenate([part.reshape(*lead, -1) for part in parts], axis=-1)

    def apart(array: Floats, like: Policies) -> Policies:
        ends = np.cumsum([part[0, 0, 0].size for part in like])[:-1]
        return tuple(
            np.ascontiguousarray(part).reshape(whole.shape)
            for part, whole in zip(np.split(array, ends, axis=-1), like, strict=True)
        )

    kept = {name: together(getattr(state, name)) for name in ("sums", "last", "iterate", "answers", "fixed")}
    prior = [np.broadcast_to(part[..., 0, :], (*lead, n)) for part, n in zip(state.prior, counts, strict=True)]
    joint, values, deviated = np.array(state.joint, order="C"), state.values.copy(), state.deviated.copy()
    kernels.swap_ftrl(
        reward=games.reward,
        transition=np.empty(0) if dense is None else dense,
        index=transitions.index,
        eta=state.eta,
        prior=together(tuple(prior)),
        mean_joint=joint,
        value=values,
        deviated=deviated,
        **kept,
        actions=np.array(counts, dtype=np.int64),
        games=len(games),
        players=game.n_players,
        horizon=game.horizon,
        states=game.n_states,
        joint=math.prod(counts),
        columns=sum(counts),
        squares=sum(n * n for n in counts),
        kinds=len(transitions.kinds),
        steps=transitions.steps if game.horizon > 1 else 1,
        done=state.iteration,
        iterations=iterations,
    )
    return replace(
        state,
        iteration=state.iteration + iterations,
        values=values,
        sums=apart(kept["sums"], state.sums),
        last=apart(kept["last"], state.last),
        iterate=apart(kept["iterate"], state.iterate),
        joint=joint,
        answers=apart(kept["answers"], state.answers),
        fixed=apart(kept["fixed"], state.fixed),
        deviated=deviated,
    )


def _iterated(games: GameBatch[MarkovGame], state: SwapState) -> SwapState:
    """The state after one more iteration in NumPy, the old one untouched: for sparse transitions."""
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
