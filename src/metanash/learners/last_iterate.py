r"""Learners whose last iterate converges, for zero-sum Markov games: optimistic gradient steps; entropy in the game.

None is an algorithm of Mao et al. (2023). With g = Q nu for the max-player and -mu^T Q for the min-player, at every
step and state:

:class:`OptimisticGradient`
    Optimistic gradient descent-ascent, anchors hat x first,

    .. math:: x^t = \Pi(\hat x^{t-1} + \eta g^{t-1}), \qquad \hat x^t = \Pi(\hat x^{t-1} + \eta g^t), \qquad g^0 = 0,

    Pi the Euclidean projection. For H = 1, Wei et al. (2021, "Linear last-iterate convergence in constrained
    saddle-point optimization"): the last iterate converges linearly, at a speed that depends on the game, for eta of at
    most 1/8 over the Lipschitz constant of the gradients, so of at most 1 / (8 sqrt(AB)) for payoffs in [0, 1]. Wei et
    al. (2021, "Last-iterate convergence of decentralized optimistic gradient descent/ascent in infinite-horizon
    competitive Markov games") learn values as in :mod:`metanash.learners.smooth`, of discounted games; the finite
    horizon is ours.
:class:`EntropyExtragradient` and :class:`EntropyOMWU`
    Cen, Wei and Chi (2021, "Fast policy extragradient methods for competitive games with entropy regularization"): the
    predictive update and optimistic multiplicative weights for the payoff mu^T Q nu + tau H(mu) - tau H(nu), H(.) being
    the entropy,

    .. math:: \bar x^t \propto (x^{t-1})^{1 - \eta\tau} e^{\eta p}, \qquad
              x^t \propto (x^{t-1})^{1 - \eta\tau} e^{\eta g^t},

    where g^t is met at bar x^t, and p at x^{t-1} (predictive update) or at bar x^{t-1} (OMWU). For H = 1 the divergence
    of x^t from the quantal response equilibrium is at most (1 - eta tau)^t times that of x^0, for the predictive update
    and eta of at most 1 / (tau + 2 max Q); OMWU has this rate for eta of at most 1 / (4 max Q), 1 / (2 tau + 2 max Q).
    Values follow Cen et al. (2022, "Faster last-iterate convergence of policy optimization in zero-sum Markov games"):
    V <- (1 - eta tau) V + eta tau (mu^T Q nu + tau H(mu) - tau H(nu)). The NE-gap of that equilibrium is at most
    H tau (log A + log B).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from metanash import simplex
from metanash._inner.checks import within_floats
from metanash._inner.reductions import largest, summed
from metanash.games import GameBatch, ZeroSumGame, check_batch
from metanash.gaps import from_start
from metanash.kernels.incremental import EXTRAGRADIENT, GRADIENT, OMWU
from metanash.learners.base import Policies
from metanash.learners.smooth import SmoothLearner, SmoothState, payoffs_of
from metanash.typing import Floats

__all__ = ["EntropyExtragradient", "EntropyOMWU", "Leaning", "OptimisticGradient", "regularized_gaps"]


class Leaning(NamedTuple):
    """What these learners remember: two pairs ((G, H, S, A), (G, H, S, B)).

    Attributes
    ----------
    anchor : tuple of arrays
        hat x^t, or the logits of x^t.
    last : tuple of arrays
        The payoffs that the next step is taken with.

    Notes
    -----
    Of payoffs and logits only differences between actions count: where both players have two, the compiled kernel
    keeps the payoffs of the first one over the second, and 0 for that.

    Examples
    --------
    Against uniform play the first row pays 1/2 more, so a step of 1/5 moves 1/20 to it.

    >>> import metanash as mn
    >>> still = mn.Transition.shared(np.ones((1, 2, 2, 1)))
    >>> game = mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 0.0]]]], still)
    >>> memory = mn.learn(game, OptimisticGradient(0.2), 1).state.memory
    >>> memory.last[0].ravel().tolist(), memory.anchor[0].ravel().round(12).tolist()
    ([0.5, 0.0], [0.55, 0.45])
    """

    anchor: Policies
    last: Policies


@dataclass(frozen=True)
class OptimisticGradient(SmoothLearner[Leaning]):
    """Optimistic gradient descent-ascent with incremental values (Wei et al. 2021); see the module.

    Parameters
    ----------
    learning_rate : float or (G,) array
        eta, in [1e-100, 1e100].

    Notes
    -----
    Initial policies have axes (game, h, s, action), one array per player; a game axis of length 1 stands for the same
    in every game. They may be pure. The output is the last iterate.

    Examples
    --------
    >>> import metanash as mn
    >>> from metanash.learners import OptimisticGradient
    >>> games = mn.families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.0, horizon=1)
    >>> run = mn.learn(games, OptimisticGradient(0.4), iterations=10000)
    >>> bool(run.ne_gap[0, -1] < 1e-9)
    True
    """

    _multiplies = False
    _rule = GRADIENT

    def _parts(self, memory: Leaning) -> tuple[Policies, None, Policies]:
        return memory.anchor, None, memory.last

    def _memory(self, anchor: Policies, sums: Policies, last: Policies) -> Leaning:  # noqa: ARG002
        return Leaning(anchor, last)

    def _begin(self, policies: Policies, payoffs: Policies, eta: Floats) -> Leaning:  # noqa: ARG002
        return Leaning(policies, tuple(np.zeros_like(part) for part in policies))

    def _play(self, memory: Leaning, eta: Floats) -> Policies:
        return _projected(memory.anchor, eta, memory.last)

    def _observe(self, memory: Leaning, eta: Floats, q: Floats, payoffs: Policies, less: float) -> Leaning:  # noqa: ARG002
        return Leaning(_projected(memory.anchor, eta, payoffs), payoffs)


def _projected(anchor: Policies, eta: Floats, payoffs: Policies) -> Policies:
    moved = [x + eta * g for x, g in zip(anchor, payoffs, strict=True)]
    return tuple(simplex.project(x - largest(x, keepdims=True)) for x in moved)  # far steps keep the mass of 1


# With entropy in the game -------------------------------------------------------------------------------


def _entropy(policy: Floats) -> Floats:
    """In nats."""
    return -summed(policy * np.log(np.where(policy > 0.0, policy, 1.0)))


@dataclass(frozen=True)
class EntropyExtragradient(SmoothLearner[Leaning]):
    """The predictive update for games with entropy (Cen et al. 2021); see the module.

    Parameters
    ----------
    learning_rate : float or (G,) array
        eta, in [1e-100, 1e100].
    temperature : float
        tau, in units of reward, with eta tau below 1.

    Notes
    -----
    Initial policies have axes (game, h, s, action), one array per player; a game axis of length 1 stands for the same
    in every game. An action of probability 0 is never played. The output is x^t, the last iterate.

    Examples
    --------
    >>> import metanash as mn
    >>> from metanash.learners import EntropyExtragradient
    >>> games = mn.families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.0, horizon=1)
    >>> run = mn.learn(games, EntropyExtragradient(0.3, temperature=0.05), iterations=3000)
    >>> bool(run.measures["qre_gap"][0, -1] < 1e-12 < run.ne_gap[0, -1])
    True
    """

    temperature: float = 0.01
    _rule = EXTRAGRADIENT

    def _parts(self, memory: Leaning) -> tuple[Policies, None, Policies]:
        return memory.anchor, None, memory.last

    def _memory(self, anchor: Policies, sums: Policies, last: Policies) -> Leaning:  # noqa: ARG002
        return Leaning(anchor, last)

    def _temperature(self) -> float:
        return float(self.temperature)

    def start(self, games: GameBatch[ZeroSumGame], initial: Policies | None = None) -> SmoothState[Leaning]:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.

        Raises
        ------
        ValueError
            As in :meth:`metanash.learners.SmoothLearner.start`, or if the temperature is out of range.
        """
        check_batch(type(self).__name__, games, ZeroSumGame)
        tau = within_floats("temperature", self.temperature)
        if tau.ndim:
            raise ValueError(f"temperature must be one number, got shape {tau.shape}")
        state = self._started(games, initial)
        pulled = float(largest(state.eta.ravel())) * float(tau)
        if pulled >= 1.0:
            raise ValueError(f"learning_rate times temperature must be below 1, got {pulled:g}; take a smaller rate")
        return state

    def _begin(self, policies: Policies, payoffs: Policies, eta: Floats) -> Leaning:  # noqa: ARG002
        return Leaning(tuple(simplex.logits(policy) for policy in policies), payoffs)

    def _pulled(self, anchor: Policies, eta: Floats, payoffs: Policies) -> Policies:
        """Logits of the multiplicative step."""
        return tuple((1.0 - eta * self.temperature) * x + eta * g for x, g in zip(anchor, payoffs, strict=True))

    def _play(self, memory: Leaning, eta: Floats) -> Policies:
        return tuple(simplex.softmax(logits) for logits in self._pulled(memory.anchor, eta, memory.last))

    def _observe(self, memory: Leaning, eta: Floats, q: Floats, payoffs: Policies, less: float) -> Leaning:  # noqa: ARG002
        anchor = self._pulled(memory.anchor, eta, payoffs)
        return Leaning(anchor, self._predicted(q, anchor, payoffs))

    def _predicted(self, q: Floats, anchor: Policies, payoffs: Policies) -> Policies:  # noqa: ARG002
        """Return the payoffs that the next prediction is taken with: those that x^t would meet."""
        return payoffs_of(q, tuple(simplex.softmax(logits) for logits in anchor))

    def _worth(self, policies: Policies, payoffs: Policies) -> Floats:
        mu, nu = policies
        return summed(mu * payoffs[0]) + self.temperature * (_entropy(mu) - _entropy(nu))

    def _rate(self, iteration: int, horizon: int, eta: Floats) -> float | Floats:  # noqa: ARG002
        return self.temperature * eta[:, :, 0, 0]

    def output(self, state: SmoothState[Leaning]) -> Policies:
        """Return x^t, ((G, H, S, A), (G, H, S, B)); bar x^t is the iterate of the state."""
        return tuple(simplex.softmax(logits) for logits in state.memory.anchor)

    def measure(self, games: GameBatch[ZeroSumGame], state: SmoothState[Leaning]) -> dict[str, Floats]:
        """Return ``ne_gap`` and ``qre_gap`` (:func:`regularized_gaps`) of the output, ``last_gap`` and ``average_gap``.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.
        """
        check_batch(f"{type(self).__name__}.measure", games, ZeroSumGame)
        regularized = regularized_gaps(games, self.output(state), self.temperature)
        return super().measure(games, state) | {"qre_gap": regularized}


@dataclass(frozen=True)
class EntropyOMWU(EntropyExtragradient):
    """Optimistic multiplicative weights for games with entropy (Cen et al. 2021); see the module.

    Parameters
    ----------
    learning_rate, temperature
        As in :class:`EntropyExtragradient`, and so are initial policies.

    Examples
    --------
    >>> import metanash as mn
    >>> games = mn.families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.0, horizon=1)
    >>> run = mn.learn(games, EntropyOMWU(0.2, temperature=0.05), iterations=3000)
    >>> bool(run.measures["qre_gap"][0, -1] < 1e-12 < run.ne_gap[0, -1])
    True
    """

    _rule = OMWU

    def _predicted(self, q: Floats, anchor: Policies, payoffs: Policies) -> Policies:  # noqa: ARG002
        return payoffs


def regularized_gaps(games: GameBatch[ZeroSumGame], policy: Policies, temperature: float) -> Floats:
    """Duality gap with entropy, exact: (G,), in units of reward; 0 at the quantal response equilibrium, positive else.

    Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.

    Payoffs of a step are r + tau H(mu) - tau H(nu). Against nu the best that the max-player gets in a state is
    tau log sum_a exp((Q nu)_a / tau) - tau H(nu), backwards from the last step, and the min-player likewise.

    Parameters
    ----------
    games : GameBatch of ZeroSumGame
    policy : ((G, H, S, A), (G, H, S, B))
    temperature : float
        tau, above 0.

    Examples
    --------
    In matching pennies uniform play is the equilibrium at any temperature; at low ones the gap is nearly the NE-gap.

    >>> import metanash as mn
    >>> still = mn.Transition.shared(np.ones((1, 2, 2, 1)))
    >>> games = mn.GameBatch.of([mn.ZeroSumGame([[[[1.0, 0.0], [0.0, 1.0]]]], still)])
    >>> uniform, heads = np.full((1, 1, 1, 2), 0.5), np.array([[[[1.0, 0.0]]]])
    >>> [float(abs(regularized_gaps(games, (policy, policy), 0.1)[0]).round(3)) for policy in (uniform, heads)]
    [0.0, 1.0]
    """
    check_batch("regularized_gaps", games, ZeroSumGame)
    tau, (mu, nu) = float(within_floats("temperature", temperature)), policy
    horizon = mu.shape[1]
    bounds = []
    for sign, own, other in ((1.0, 0, nu), (-1.0, 1, mu)):
        value = np.zeros(mu.shape[:-1])
        for h in reversed(range(horizon)):
            q = games.reward[:, h]
            if h < horizon - 1:
                q = q + games.transitions.expect(value[:, np.newaxis, h + 1], h)[:, 0]
            scaled = payoffs_of(q, (mu[:, h], nu[:, h]))[own] / tau
            most = largest(scaled)
            soft = most + np.log(summed(np.exp(scaled - most[..., np.newaxis])))
            value[:, h] = sign * tau * (soft - _entropy(other[:, h]))
        bounds.append(from_start(games, value))
    return np.asarray(bounds[0] - bounds[1])
