"""Independent policy gradient ascent with softmax policies, for discounted games.

Mao et al. 2023, section 4.2: pi_i(a|s) = exp theta_i(s, a) / sum, and all players at once take
theta_i <- theta_i + alpha dV_i/dtheta_i, in a potential game the gradient of the potential:

    dV_i(rho)/dtheta_i(s, a) = 1/(1 - gamma) d_rho^pi(s) pi_i(a|s) (Qbar_i(s, a) - V_i(s)).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from metanash import simplex
from metanash.games import DiscountedGame, GameBatch, check_batch
from metanash.learners import gradient_play
from metanash.learners.base import Policies, warn_of_zeros
from metanash.learners.gradient_play import AscentState
from metanash.typing import Floats

__all__ = ["SoftmaxGradient"]


@dataclass(frozen=True)
class SoftmaxGradient:
    """Independent policy gradient ascent with softmax policies; the parameters are those of projected Q-ascent.

    Parameters
    ----------
    step_size : float or (G,) array
        alpha, in [1e-100, 1e100].
    every_gap : bool
        Whether to follow the exact NE-gaps, and the probabilities of the best actions, of all iterates.

    Notes
    -----
    Initial *policies*, not logits, have axes (game, s, action); an action of probability 0 is never played,
    and pure policies are never left: a :class:`metanash.learners.base.PureStartWarning` says so.

    Examples
    --------
    >>> import metanash as mn
    >>> (team,) = mn.families.potential_sequence("team", 3, n_games=1, perturbation=0.1, discount=0.5)
    >>> early, late = mn.learn(team, SoftmaxGradient(step_size=0.5), 500, at=[5, 500]).ne_gap[0]
    >>> bool(late < early)
    True
    """

    step_size: float | Floats
    every_gap: bool = False

    def start(self, games: GameBatch[DiscountedGame], initial: Policies | None = None) -> AscentState:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

        Raises
        ------
        ValueError
            If the games are not discounted, the step size is out of range, or an initial policy is no policy.
        """
        check_batch("SoftmaxGradient", games, DiscountedGame)
        state = gradient_play.starting_state(games, initial, self.step_size)
        warn_of_zeros(state.parameters, "(game, s)", "softmax policy gradient", above=2)
        return replace(state, parameters=tuple(simplex.logits(policy) for policy in state.parameters))

    def advance(self, games: GameBatch[DiscountedGame], state: AscentState, iterations: int) -> AscentState:
        """Return the state after more iterations. Raises ValueError if ``iterations`` is negative.

        Takes a GameBatch of DiscountedGame; raises ValueError for anything else.
        """
        check_batch("SoftmaxGradient.advance", games, DiscountedGame)
        return gradient_play.advance(games, state, iterations, softmax=True, every_gap=self.every_gap)

    def output(self, state: AscentState) -> Policies:
        """Return the last iterate, as policies: (G, S, A_i) for each player."""
        return tuple(simplex.softmax(logits) for logits in state.parameters)

    def measure(self, games: GameBatch[DiscountedGame], state: AscentState) -> dict[str, Floats]:
        """Return ``ne_gap`` of the last iterate and, on request, ``mean_gap`` of all before it.

        Takes a GameBatch of DiscountedGame; raises ValueError for anything else.
        """
        check_batch("SoftmaxGradient.measure", games, DiscountedGame)
        return gradient_play.measures(games, state, self.output(state), every_gap=self.every_gap)

    def advance_and_measure(
        self, games: GameBatch[DiscountedGame], state: AscentState, pieces: Sequence[int]
    ) -> tuple[AscentState, dict[str, Floats]]:
        """As ``advance`` by pieces and ``measure`` after each, (n, G).

        Takes a GameBatch of DiscountedGame; raises ValueError for anything else.
        """
        check_batch("SoftmaxGradient.advance_and_measure", games, DiscountedGame)
        return gradient_play.advance_and_measure(games, state, pieces, softmax=True, every_gap=self.every_gap)
