r"""Independent natural policy gradient ascent with softmax policies, for discounted games.

No algorithm of Mao et al. (2023), whose section 4 has projected Q-ascent and the plain softmax gradient. All players at
once take the gradient of their own value in the geometry of the Fisher information, which divides the visits and the
policy out of it: with the averaged advantages A_i(s, a) = Qbar_i(s, a) - V_i(s),

.. math:: \theta_i \leftarrow \theta_i + \frac{\eta}{1 - \gamma} A_i, \qquad
          \pi_i(a \mid s) \leftarrow \pi_i(a \mid s) e^{\eta A_i(s, a) / (1 - \gamma)} / Z(s).

Fox et al. (2022, "Independent natural policy gradient always converges in Markov potential games"): the last iterate
converges for small constant eta. Zhang et al. (2022, "On the global convergence rates of decentralized softmax gradient
play in Markov potential games") and Sun et al. (2023, "Provably fast convergence of independent natural policy gradient
for Markov potential games") prove averages of the NE-gap of order 1 / sqrt(T) and, with a gap between the best actions,
1 / T. For one player Agarwal et al. (2021) prove V* - V^T of at most log(A) / (eta T) + 1 / ((1 - gamma)^2 T), for any
eta and the uniform start.
"""

from dataclasses import dataclass, replace

import numpy as np

from metanash import simplex
from metanash._inner.reductions import largest
from metanash.games import DiscountedGame, GameBatch, check_batch
from metanash.gaps import ne_gaps
from metanash.learners import gradient_play
from metanash.learners.base import Policies, checked_policies, learning_rates, warn_of_zeros
from metanash.learners.gradient_play import AscentState
from metanash.typing import Floats

__all__ = ["NaturalGradient", "NaturalState"]


@dataclass(frozen=True, eq=False)
class NaturalState:
    """State of natural policy gradient ascent.

    Attributes
    ----------
    iteration : int
        t.
    step : (G, 1, 1)
        eta.
    logits : tuple of (G, S, A_i)
        theta^t, moved so that the largest in a row is 0.

    Examples
    --------
    Uniform play is worth 1/2 a step, so actions that pay 1 and 0 have advantages 1/2 and -1/2, which are
    multiplied by 0.5 / (1 - 0.5).

    >>> import metanash as mn
    >>> choice = mn.DiscountedGame([[[1.0, 0.0]]], mn.Transition.shared([[[1.0], [1.0]]]), 0.5)
    >>> mn.learn(choice, NaturalGradient(0.5), 1).state.logits[0].round(12).tolist()
    [[[0.0, -1.0]]]
    """

    iteration: int
    step: Floats
    logits: Policies


@dataclass(frozen=True)
class NaturalGradient:
    """Independent natural policy gradient ascent with softmax policies; see the module.

    Parameters
    ----------
    step_size : float or (G,) array
        eta, in [1e-100, 1e100].

    Notes
    -----
    Initial *policies*, not logits, have axes (game, s, action), one array per player; a game axis of length 1 stands
    for the same in every game. An action of probability 0 is never played, and pure policies are never left: a
    :class:`metanash.learners.base.PureStartWarning` says so. The output is the last iterate.

    Examples
    --------
    >>> import metanash as mn
    >>> from metanash.learners import NaturalGradient
    >>> games = mn.families.potential_sequence("team", 0, n_games=1, perturbation=0.0, discount=0.9)
    >>> run = mn.learn(games, NaturalGradient(0.05), iterations=1000)
    >>> bool(run.ne_gap[0, -1] < 1e-3)
    True
    """

    step_size: float | Floats

    def start(self, games: GameBatch[DiscountedGame], initial: Policies | None = None) -> NaturalState:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

        Raises
        ------
        ValueError
            If the games are not discounted, the step size is out of range, or an initial policy is no policy.
        """
        check_batch("NaturalGradient", games, DiscountedGame)
        game, count = games.game, len(games)
        if initial is None:
            initial = tuple(simplex.uniform(1, game.n_states, n) for n in game.n_actions)
        policies = checked_policies(initial, [(count, game.n_states, n) for n in game.n_actions])
        warn_of_zeros(policies, "(game, s)", "natural policy gradient", above=2)
        rates = learning_rates(self.step_size, count, "step_size").reshape(-1, 1, 1)
        return NaturalState(0, rates, tuple(_lowered(simplex.logits(policy)) for policy in policies))

    def advance(self, games: GameBatch[DiscountedGame], state: NaturalState, iterations: int) -> NaturalState:
        """Return the state after more iterations. Raises ValueError if ``iterations`` is negative.

        Takes a GameBatch of DiscountedGame; raises ValueError for anything else.
        """
        check_batch("NaturalGradient.advance", games, DiscountedGame)
        count, states = len(games), games.game.n_states
        begun = AscentState(
            state.iteration,
            state.step.ravel(),
            state.logits,
            gap_sums=np.zeros((2, count)),
            least_best=np.ones(count),
            responses=np.zeros((count, states, games.game.n_players)),
        )
        ended = gradient_play.advance(games, begun, iterations, softmax=True, every_gap=False, natural=True)
        return replace(state, iteration=ended.iteration, logits=ended.parameters)

    def output(self, state: NaturalState) -> Policies:
        """Return the last iterate, as policies: (G, S, A_i) for each player."""
        return tuple(simplex.softmax(logits) for logits in state.logits)

    def measure(self, games: GameBatch[DiscountedGame], state: NaturalState) -> dict[str, Floats]:
        """Return ``ne_gap`` of the last iterate.

        Takes a GameBatch of DiscountedGame; raises ValueError for anything else.
        """
        check_batch("NaturalGradient.measure", games, DiscountedGame)
        return {"ne_gap": ne_gaps(games, self.output(state))}


def _lowered(logits: Floats) -> Floats:
    """The same policy by logits of at most 0: what is added does not count, and would leave the range of floats."""
    return logits - largest(logits, keepdims=True)
