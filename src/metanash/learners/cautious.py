r"""Optimistic multiplicative weights whose learning rate is controlled by the regrets, for general-sum games.

Soleymani, Piliouras and Farina (2025, "Faster rates for no-regret learning in general games via cautious optimism",
DLRC-OMWU). A player of d actions keeps its regrets R^t, the sums of g^j - <g^j, x^j> 1 over j <= t, where g^j is what
its actions are worth against the others' policies. It predicts the next regrets by the last, and slows down while they
are very negative:

.. math:: r = R^{t-1} + (g^{t-1} - \langle g^{t-1}, x^{t-1} \rangle 1), \qquad
          \lambda^t = \arg\max_{\lambda \in (0, 1]} (\alpha - 1) \log \lambda
          + \log \sum_a e^{\eta \lambda r(a)}, \qquad x^t \propto e^{\eta \lambda^t r},

with alpha = beta log^2 d + 2 log d + 2. They prove regrets of order N log^2 d log T, and so a CCE-gap of that over T,
for beta of 70 or more and eta = 1 / (24 sqrt(2) N). It is FTRL over y = lambda x with the regulariser
-alpha log(sum y) + sum y log y / sum y. The objective is concave in lambda: its second derivative times lambda^2 is
Var_x(log x) - (alpha - 1), and the variance is at most 1 + log^2(d) / 4.

:class:`CautiousOMWU`
    the same for H = 1, in one go.
:class:`StagedCautiousOMWU`
    Yorulmaz and Basar (2026, "Near optimal convergence to coarse correlated equilibrium in general-sum Markov games",
    MG-DLRC-OMWU): inside the stages of Algorithm 2 (Mao et al. 2023) each player runs it on its estimates Q_i^tau,
    begun anew in each stage. They prove a CCE-gap of order log T / T, with powers of H. Of their paper the abstract was
    at hand: that the stages are those of Algorithm 2 is our reading, and eta = 1 / (24 sqrt(2) N H) is the rate above
    for payoffs up to H.

What is ours: initial policies as priors, e^{eta lambda r(a)} times the prior of a, where log d becomes the logarithm of
one over the smallest prior above 0.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from metanash import kernels, simplex
from metanash._inner.checks import integer, within_floats
from metanash.correlated import CorrelatedPolicy, cce_gaps
from metanash.games import GameBatch, MarkovGame, check_batch
from metanash.kernels.caution import pace
from metanash.learners.base import Policies, checked_policies, learning_rates, warn_of_zeros
from metanash.learners.correlated_mirror_descent import CorrelatedMirrorDescent, JointState, joint_state
from metanash.learners.stages import before_first
from metanash.swaps import ce_gaps
from metanash.typing import Floats

__all__ = ["CautiousOMWU", "CautiousState", "StagedCautiousOMWU", "StagedCautiousState", "cautious_rate", "pace"]


def cautious_rate(players: int, horizon: int = 1) -> float:
    """Eta = 1 / (24 sqrt(2) N H): the rate of the proof for H = 1, and divided by the range of payoffs otherwise.

    >>> round(cautious_rate(2), 6)
    0.014731
    """
    return 1.0 / (24.0 * math.sqrt(2.0) * integer("players", players, 1) * integer("horizon", horizon, 1))


def _advance(
    tables: Floats, eta: Floats, prior: Floats, kept: tuple[Floats, Floats, Floats, Floats, Floats], caution: float,
    done: int, iterations: int,
) -> None:  # fmt: skip
    """Advance regrets, last regrets and policies (..., all A_i), paces (..., N) and sums of products in place.

    Tables are (..., N, A_1, ..., A_N), in axes after those of the learning rates eta (...).
    """
    regrets, last, policies, paces, sums = kept
    actions = np.array(tables.shape[eta.ndim + 1 :], dtype=np.int64)
    kernels.cautious(
        q=tables,
        eta=eta,
        prior=prior,
        regret=regrets,
        last=last,
        policy=policies,
        paces=paces,
        sum_joint=sums,
        actions=actions,
        caution=caution,
        lanes=eta.size,
        players=len(actions),
        joint=math.prod(actions.tolist()),
        columns=prior.shape[-1],
        done=done,
        iterations=iterations,
    )


def _beside(parts: Policies) -> Floats:
    """All players' (..., A_i) arrays side by side, an array of its own."""
    return np.concatenate(parts, axis=-1)


def _apart(together: Floats, like: Policies) -> Policies:
    """The inverse of ``_beside``; views."""
    return tuple(np.split(together, np.cumsum([part.shape[-1] for part in like])[:-1], axis=-1))


def _checked_caution(value: float) -> float:
    caution = within_floats("caution", value)
    if caution.ndim or caution < 1.0:
        raise ValueError(f"caution must be one number of at least 1, where the rate is well defined; got {value!r}")
    return float(caution)


# One step -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class CautiousState:
    """State for H = 1; G games, N players, S states, each of them a game of its own.

    Attributes
    ----------
    iteration : int
        t.
    eta : (G, 1, 1, 1)
        Learning rates.
    initial : tuple of (G, 1, S, A_i)
        Initial policies.
    regrets, last : tuple of (G, 1, S, A_i)
        R^t, and the regrets of iteration t alone.
    iterate : tuple of (G, 1, S, A_i)
        x_i^t; at first the initial policies.
    pace : (G, 1, S, N)
        lambda^t; 1 at first.
    joint_sums : (2, G, 1, S, A_1, ..., A_N)
        Sums of the products of the iterates, totals and running chunk.

    Examples
    --------
    Against uniform play the first action pays 1/2, the second nothing, and both on average 1/4.

    >>> import metanash as mn
    >>> still = mn.Transition.shared(np.ones((1, 2, 2, 1)))
    >>> both = mn.MarkovGame(np.tile([[1.0, 0.0], [0.0, 0.0]], (2, 1, 1, 1, 1)), still)
    >>> state = mn.learn(both, CautiousOMWU(0.1), 1).state
    >>> state.iterate[0].ravel().tolist(), state.regrets[0].ravel().tolist(), state.pace.ravel().tolist()
    ([0.5, 0.5], [0.25, -0.25], [1.0, 1.0])
    """

    iteration: int
    eta: Floats
    initial: Policies
    regrets: Policies
    last: Policies
    iterate: Policies
    pace: Floats
    joint_sums: Floats


@dataclass(frozen=True)
class CautiousOMWU:
    """Optimistic multiplicative weights with dynamic learning rates (Soleymani et al. 2025), for H = 1; see the module.

    Parameters
    ----------
    learning_rate : float or (G,) array
        eta, in [1e-100, 1e100]; :func:`cautious_rate` is that of the proof.
    caution : float
        beta, at least 1; the proof asks for 70.

    Notes
    -----
    Initial policies have axes (game, h, s, action), one array per player; a game axis of length 1 stands for the same
    in every game. An action of probability 0 is never played.

    Examples
    --------
    >>> import metanash as mn
    >>> from metanash.learners import CautiousOMWU
    >>> games = mn.families.general_sum_sequence(
    ...     "shapley", 0, n_games=1, perturbation=0.0, horizon=1, n_actions=(3, 3)
    ... )
    >>> run = mn.learn(games, CautiousOMWU(0.3), iterations=2000)
    >>> bool(run.measures["cce_gap"][0, -1] < 0.01)
    True
    """

    learning_rate: float | Floats
    caution: float = 70.0

    def start(self, games: GameBatch[MarkovGame], initial: Policies | None = None) -> CautiousState:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.

        Raises
        ------
        ValueError
            If the games are of another class or have more than one step, a parameter is out of range, or an initial
            policy is no policy.
        """
        check_batch("CautiousOMWU", games, MarkovGame)
        game = games.game
        if game.horizon > 1:
            raise ValueError(
                f"CautiousOMWU takes games of one step, got H = {game.horizon}; StagedCautiousOMWU takes any"
            )
        _checked_caution(self.caution)
        lead = (len(games), 1, game.n_states)
        if initial is None:
            initial = tuple(simplex.uniform(1, *lead[1:], n) for n in game.n_actions)
        policies = checked_policies(initial, [(*lead, n) for n in game.n_actions])
        warn_of_zeros(policies, "(game, h, s)", "CautiousOMWU", above=2)
        nothing = tuple(np.zeros_like(policy) for policy in policies)
        return CautiousState(
            iteration=0,
            eta=learning_rates(self.learning_rate, len(games)).reshape(-1, 1, 1, 1),
            initial=policies,
            regrets=nothing,
            last=nothing,
            iterate=policies,
            pace=np.ones((*lead, game.n_players)),
            joint_sums=np.zeros((2, *lead, *game.n_actions)),
        )

    def advance(self, games: GameBatch[MarkovGame], state: CautiousState, iterations: int) -> CautiousState:
        """Return the state after more iterations. Raises ValueError if ``iterations`` is negative.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.
        """
        check_batch("CautiousOMWU.advance", games, MarkovGame)
        count, lead = integer("iterations", iterations, 0), state.pace.shape[:-1]
        kept = (_beside(state.regrets), _beside(state.last), _beside(state.iterate))
        paces, sums = state.pace.copy(), state.joint_sums.copy()
        _advance(
            np.ascontiguousarray(np.moveaxis(games.reward, 1, 3)),
            np.broadcast_to(state.eta[..., 0], lead).copy(),
            _beside(tuple(map(simplex.logits, state.initial))),
            (*kept, paces, sums),
            self.caution,
            state.iteration,
            count,
        )
        regrets, last, iterate = (_apart(together, state.iterate) for together in kept)
        return replace(
            state,
            iteration=state.iteration + count,
            regrets=regrets,
            last=last,
            iterate=iterate,
            pace=paces,
            joint_sums=sums,
        )

    def output(self, state: CautiousState) -> CorrelatedPolicy:
        """Return the average of the products of the iterates; before the first iteration the initial policies."""
        joints = (state.joint_sums.sum(axis=0) / state.iteration,) if state.iteration else ()
        return CorrelatedPolicy(state.initial, joints, (state.iteration,) * len(joints))

    def measure(self, games: GameBatch[MarkovGame], state: CautiousState) -> dict[str, Floats]:
        """Return ``cce_gap`` and ``ce_gap`` of the output, and ``slowest``, the smallest lambda of the last iteration.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.
        """
        check_batch("CautiousOMWU.measure", games, MarkovGame)
        policy = self.output(state)
        slowest = state.pace.reshape(len(games), -1).min(axis=-1)
        return {"cce_gap": cce_gaps(games, policy), "ce_gap": ce_gaps(games, policy), "slowest": slowest}


# In stages ----------------------------------------------------------------------------------------------


@dataclass(eq=False)
class StagedCautiousState(JointState):
    """State in stages.

    Attributes
    ----------
    iteration, stage, length, done, eta, q, anchor, iterate, finished_sums, initial, initial_logits, stages
        As in :class:`metanash.learners.stages.StagedState`; the anchors stay at the logits of the priors.
    columns, lane_q, joint_sums, joints, lengths, values, gains
        As in :class:`metanash.learners.JointState`.
    regrets, last : tuple of (G, H, S, A_i)
        Regrets in the stage, and those of its last iteration alone.
    pace : (G, H, S, N)
        lambda of the last iteration; 1 at first.

    Examples
    --------
    Stage 1 is one iteration with estimates of 0; in stage 2 the first action pays 1/2, and both on average 1/4.

    >>> import metanash as mn
    >>> still = mn.Transition.shared(np.ones((1, 2, 2, 1)))
    >>> both = mn.MarkovGame(np.tile([[1.0, 0.0], [0.0, 0.0]], (2, 1, 1, 1, 1)), still)
    >>> state = mn.learn(both, StagedCautiousOMWU(0.1), 2).state
    >>> state.stage, state.done, state.regrets[0].ravel().tolist(), state.pace.ravel().tolist()
    (2, 1, [0.25, -0.25], [1.0, 1.0])
    """

    regrets: Policies
    last: Policies
    pace: Floats


@dataclass(frozen=True)
class StagedCautiousOMWU(CorrelatedMirrorDescent):
    """Optimistic multiplicative weights with dynamic learning rates in the stages of Algorithm 2; see the module.

    Parameters
    ----------
    learning_rate, keep_stages, exact_gap
        As in :class:`metanash.learners.CorrelatedMirrorDescent`, and so are initial policies and the output.
        :func:`cautious_rate` is the rate of the proof.
    caution : float
        beta, at least 1; the proof asks for 70.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared(np.ones((1, 2, 2, 1)))
    >>> stag_hunt = mn.MarkovGame([[[[[1, 0], [0.75, 0.5]]]], [[[[1, 0.75], [0, 0.5]]]]], still)
    >>> run = mn.learn(stag_hunt, StagedCautiousOMWU(0.5), 2000)
    >>> bool(run.measures["cce_gap"][0, -1] < 0.01)
    True
    """

    caution: float = 70.0

    def start(self, games: GameBatch[MarkovGame], initial: Policies | None = None) -> StagedCautiousState:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.

        Raises
        ------
        ValueError
            If the games are of another class, a parameter is out of range, or an initial policy is no policy.
        """
        check_batch("StagedCautiousOMWU", games, MarkovGame)
        _checked_caution(self.caution)
        begun = joint_state(games, before_first(games, self.learning_rate, initial))
        nothing = tuple(np.zeros_like(part) for part in begun.iterate)
        factors = np.ones((*begun.eta.shape, len(nothing)))
        return StagedCautiousState(**vars(begun), regrets=nothing, last=nothing, pace=factors)

    def _iterate(self, state: JointState, iterations: int) -> None:
        if not isinstance(state, StagedCautiousState):
            raise ValueError(
                f"StagedCautiousOMWU advances what StagedCautiousOMWU.start makes, got a {type(state).__name__}"
            )
        prior, policies = state.columns
        regrets, last = (
            _beside(parts) if state.done else np.zeros_like(prior) for parts in (state.regrets, state.last)
        )
        paces = np.ones_like(state.pace)
        kept = (regrets, last, policies, paces, state.joint_sums)
        _advance(state.lane_q, state.eta, prior, kept, self.caution, state.done, iterations)
        state.regrets, state.last = (_apart(together, state.iterate) for together in (regrets, last))
        state.pace = paces
