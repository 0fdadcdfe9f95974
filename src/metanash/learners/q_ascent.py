"""Independent projected Q-ascent, equation (7), for discounted games.

Mao et al. 2023, section 4.1 (Ding et al. 2022, where it is called projected Q-descent): all players at once take
pi_i(.|s) <- Proj(pi_i(.|s) + alpha Qbar_i(s, .)), Qbar_i being the Q-function of player i under the joint policy,
averaged over the others. Nothing is averaged over time: the output is the last iterate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from metanash.games import DiscountedGame, GameBatch, check_batch
from metanash.learners import gradient_play
from metanash.learners.base import Policies
from metanash.learners.gradient_play import AscentState
from metanash.typing import Floats

__all__ = ["ProjectedQAscent"]


@dataclass(frozen=True)
class ProjectedQAscent:
    """Independent projected Q-ascent (Mao et al. 2023, equation 7).

    Parameters
    ----------
    step_size : float or (G,) array
        alpha, in [1e-100, 1e100]. Proposition 1 asks for at most (1 - gamma)^4 / (8 kappa^3 N A_max).
    every_gap : bool
        Whether to sum the exact NE-gaps of all iterates, which Proposition 1 is about; ``measure`` then has their mean
        ``mean_gap`` too.

    Notes
    -----
    Initial policies have axes (game, s, action), one array per player; a game axis of length 1 stands for the
    same in every game. They may be pure: a projected step leaves every vertex where another action is worth more.

    Examples
    --------
    >>> import metanash as mn
    >>> (team,) = mn.families.potential_sequence("team", 3, n_games=1, perturbation=0.1, discount=0.5)
    >>> early, late = mn.learn(team, ProjectedQAscent(step_size=0.1), 500, at=[5, 500]).ne_gap[0]
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
        check_batch("ProjectedQAscent", games, DiscountedGame)
        return gradient_play.starting_state(games, initial, self.step_size)

    def advance(self, games: GameBatch[DiscountedGame], state: AscentState, iterations: int) -> AscentState:
        """Return the state after more iterations. Raises ValueError if ``iterations`` is negative.

        Takes a GameBatch of DiscountedGame; raises ValueError for anything else.
        """
        check_batch("ProjectedQAscent.advance", games, DiscountedGame)
        return gradient_play.advance(games, state, iterations, softmax=False, every_gap=self.every_gap)

    def output(self, state: AscentState) -> Policies:
        """Return the last iterate: (G, S, A_i) for each player."""
        return state.parameters

    def measure(self, games: GameBatch[DiscountedGame], state: AscentState) -> dict[str, Floats]:
        """Return ``ne_gap`` of the last iterate and, on request, ``mean_gap`` of all before it.

        Takes a GameBatch of DiscountedGame; raises ValueError for anything else.
        """
        check_batch("ProjectedQAscent.measure", games, DiscountedGame)
        return gradient_play.measures(games, state, self.output(state), every_gap=self.every_gap)

    def advance_and_measure(
        self, games: GameBatch[DiscountedGame], state: AscentState, pieces: Sequence[int]
    ) -> tuple[AscentState, dict[str, Floats]]:
        """As ``advance`` by pieces and ``measure`` after each, (n, G).

        Takes a GameBatch of DiscountedGame; raises ValueError for anything else.
        """
        check_batch("ProjectedQAscent.advance_and_measure", games, DiscountedGame)
        return gradient_play.advance_and_measure(games, state, pieces, softmax=False, every_gap=self.every_gap)
