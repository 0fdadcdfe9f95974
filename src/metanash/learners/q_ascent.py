"""Independent projected Q-ascent, equation (7), for discounted games.

Mao et al. 2023, section 4.1 (Ding et al. 2022, where it is called projected Q-descent): all players at once take
pi_i(.|s) <- Proj(pi_i(.|s) + alpha Qbar_i(s, .)), Qbar_i being the Q-function of player i under the joint policy,
averaged over the others. Nothing is averaged over time: the output is the last iterate.
"""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from metanash import kernels, simplex
from metanash.checks import integer
from metanash.games import DiscountedGame, GameBatch
from metanash.gaps import ne_gaps
from metanash.learners.base import Policies, learning_rates, starting_policies

__all__ = ["AscentState", "ProjectedQAscent"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AscentState:
    """State of projected Q-ascent.

    Attributes
    ----------
    iteration : int
        t.
    step : (G,)
        Step sizes.
    policy : tuple of (G, S, A_i)
        pi^t.
    """

    iteration: int
    step: Floats
    policy: Policies


@dataclass(frozen=True)
class ProjectedQAscent:
    """Independent projected Q-ascent (Mao et al. 2023, equation 7).

    Parameters
    ----------
    step_size : float or (G,) array
        alpha > 0. Proposition 1 asks for at most (1 - gamma)^4 / (8 kappa^3 N A_max).

    Notes
    -----
    Initial policies have axes (game, s, action), one array a player; a game axis of length 1 stands for the
    same in every game.
    """

    step_size: float | Floats

    def start(self, games: GameBatch[DiscountedGame], initial: Policies | None = None) -> AscentState:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Raises
        ------
        ValueError
            If the games are not discounted, the step size is not positive, or an initial policy is no policy.
        """
        game = games.game
        if not isinstance(game, DiscountedGame):
            raise ValueError(f"projected Q-ascent plays discounted games, got a {type(game).__name__}")
        if initial is None:
            initial = tuple(simplex.uniform(1, game.n_states, n) for n in game.n_actions)
        policy = starting_policies(initial, [(len(games), game.n_states, n) for n in game.n_actions])
        rates = learning_rates(self.step_size, len(games), "step_size")
        return AscentState(0, rates, policy)

    def advance(self, games: GameBatch[DiscountedGame], state: AscentState, iterations: int) -> AscentState:
        """Return the state after more iterations. Raises ValueError if ``iterations`` is negative."""
        integer("iterations", iterations, 0)
        game, policy = games.game, np.ascontiguousarray(np.concatenate(state.policy, axis=-1))
        transition = games.transitions.dense(0)
        actions = np.array(game.n_actions, dtype=np.int64)
        offsets = np.cumsum(actions) - actions
        joint = np.array(list(itertools.product(*map(range, game.n_actions))), dtype=np.int64)
        kernels.ascent(
            games.reward,
            transition,
            games.transitions.index,
            state.step,
            actions,
            joint + offsets,
            policy,
            game.discount,
            len(games),
            game.n_players,
            game.n_states,
            len(joint),
            games.reward.shape[1],
            policy.shape[-1],
            len(transition),
            iterations,
        )
        parts = tuple(np.ascontiguousarray(part) for part in np.split(policy, offsets[1:], axis=-1))
        return replace(state, iteration=state.iteration + iterations, policy=parts)

    def output(self, state: AscentState) -> Policies:
        """Return the last iterate: (G, S, A_i) for each player."""
        return state.policy

    def measure(self, games: GameBatch[DiscountedGame], state: AscentState) -> dict[str, Floats]:
        """Return ``ne_gap``, that of the last iterate."""
        return {"ne_gap": ne_gaps(games, state.policy)}
