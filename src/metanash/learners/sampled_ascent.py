r"""Projected Q-ascent with bandit feedback, for discounted games: Q-values are estimated on sampled episodes.

After Leonardos et al. (2022) and Ding et al. (2022), whose papers were at hand in abstracts only. In each iteration
``batch`` episodes are played under the policies with exploration, pi^ex = (1 - eps) pi + eps / A. An episode goes on
until it ends, after every step with chance 1 - gamma; from the state s and the actions of its last step on it is played
once more, to another such end. The rewards R_i of this second part have the expectation Q_i(s, a). From the n episodes
that came to s player i, who sees states, its own actions and its own rewards, estimates

.. math:: \hat Q_i(s, b) = \beta_i(s) + \frac1n \sum_{\text{episodes}} \frac{1\{a_i = b\}}{\pi_i^{ex}(b \mid s)}
          \big( R_i - \beta_i(s) \big), \qquad \pi_i(\cdot \mid s) \leftarrow
          \mathrm{Proj}\big( \pi_i(\cdot \mid s) + \alpha \hat Q_i(s, \cdot) \big).

Given that somebody came, the expectation is the averaged Q-value of equation (7) under pi^ex. The baseline beta is the
mean of R at the last visits [choice]; it moves neither an expectation nor, being the same for all actions, a
projection.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from metanash import kernels
from metanash._inner.checks import integer
from metanash.games import DiscountedGame, GameBatch, check_batch
from metanash.gaps import ne_gaps
from metanash.learners.base import Policies
from metanash.learners.gradient_play import starting_state
from metanash.policy_gradient import beside, parts_of
from metanash.simulation import draw_keys, play_tables
from metanash.typing import Floats, Integers

__all__ = ["SampledAscentState", "SampledQAscent"]


@dataclass(frozen=True, eq=False)
class SampledAscentState:
    """State of projected Q-ascent with bandit feedback.

    Attributes
    ----------
    iteration, episodes : int
        t, and the episodes that were played.
    keys : (G,) array of int64
        Of the random numbers.
    step : (G,)
        Step sizes.
    policies : tuple of (G, S, A_i)
        pi^t, without exploration.
    baseline : (G, S, N)
        beta.
    steps : (G,)
        Steps that were played.

    Examples
    --------
    >>> import metanash as mn
    >>> (team,) = mn.families.potential_sequence("team", 3, n_games=1, perturbation=0.1, discount=0.5)
    >>> state = mn.learn(team, SampledQAscent(0.1, batch=200), 10).state
    >>> state.episodes, bool(3.5 < state.steps[0] / state.episodes < 4.5)  # two ways of 1 / (1 - gamma) steps
    (2000, True)
    """

    iteration: int
    episodes: int
    keys: Integers
    step: Floats
    policies: Policies
    baseline: Floats
    steps: Floats


@dataclass(frozen=True)
class SampledQAscent:
    """Independent projected Q-ascent with bandit feedback; see the module.

    Parameters
    ----------
    step_size : float or (G,) array
        alpha, in [1e-100, 1e100].
    batch : int
        Episodes of an iteration.
    exploration : float
        eps, the chance with which a player takes a uniform action, in [0, 1].
    fading : float
        At least 0: in iteration t it takes one with the chance eps t^-fading. 0 keeps the chance as it is.
    seed : int or G ints
        Of the draws; see :mod:`metanash.simulation`.

    Notes
    -----
    Initial policies have axes (game, s, action), one array per player.

    Examples
    --------
    >>> import metanash as mn
    >>> (team,) = mn.families.potential_sequence("team", 3, n_games=1, perturbation=0.1, discount=0.5)
    >>> early, late = mn.learn(team, SampledQAscent(0.1, batch=200, seed=1), 100, at=[2, 100]).ne_gap[0]
    >>> bool(late < early)
    True
    """

    step_size: float | Floats
    batch: int = 100
    exploration: float = 0.05
    seed: int | Sequence[int] | Integers = 0
    fading: float = 0.0

    def start(self, games: GameBatch[DiscountedGame], initial: Policies | None = None) -> SampledAscentState:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

        Raises
        ------
        ValueError
            If the games are not discounted or too little so, a parameter is out of range, or an initial policy is no
            policy.
        """
        check_batch("SampledQAscent", games, DiscountedGame)
        integer("batch", self.batch, 1)
        if not 0.0 <= self.exploration <= 1.0:
            raise ValueError(f"exploration must lie in [0, 1], got {self.exploration}")
        if not 0.0 <= self.fading < np.inf:
            raise ValueError(f"fading must be a number of at least 0, got {self.fading}; 0 keeps the exploration")
        begun, game = starting_state(games, initial, self.step_size), games.game
        play_tables(games)  # a discount too large is refused here
        zero = np.zeros((len(games), game.n_states, game.n_players))
        keys = draw_keys(games, self.seed)
        return SampledAscentState(0, 0, keys, begun.step, begun.parameters, zero, np.zeros(len(games)))

    def advance(
        self, games: GameBatch[DiscountedGame], state: SampledAscentState, iterations: int
    ) -> SampledAscentState:
        """Return the state after more iterations. Raises ValueError if ``iterations`` is negative.

        Takes a GameBatch of DiscountedGame; raises ValueError for anything else.
        """
        check_batch("SampledQAscent.advance", games, DiscountedGame)
        integer("iterations", iterations, 0)
        tables, game = play_tables(games), games.game
        (onward,) = tables.pop("onward")
        policy, baseline, steps = beside(state.policies), state.baseline.copy(), state.steps.copy()
        pieces = [1] * iterations if self.fading else [iterations]  # of the same exploration
        for k, piece in enumerate(pieces):
            kernels.sampled_ascent(
                **tables,
                reward=games.reward,
                onward=onward,
                seed=state.keys,
                step=state.step,
                policy=policy,
                baseline=baseline,
                played=steps,
                exploration=float(self.exploration * (state.iteration + 1 + k) ** -self.fading),
                reward_rows=games.reward.shape[1],
                batch=self.batch,
                first=state.episodes + k * self.batch,
                iterations=piece,
            )
        return replace(
            state,
            iteration=state.iteration + iterations,
            episodes=state.episodes + iterations * self.batch,
            policies=parts_of(policy, game.n_actions),
            baseline=baseline,
            steps=steps,
        )

    def output(self, state: SampledAscentState) -> Policies:
        """Return the last iterate, without exploration: (G, S, A_i) for each player."""
        return state.policies

    def measure(self, games: GameBatch[DiscountedGame], state: SampledAscentState) -> dict[str, Floats]:
        """Return ``ne_gap`` of the last iterate, exact, and ``episodes`` and ``steps``, the numbers played.

        Takes a GameBatch of DiscountedGame; raises ValueError for anything else.
        """
        check_batch("SampledQAscent.measure", games, DiscountedGame)
        episodes = np.full(len(games), float(state.episodes))
        return {"ne_gap": ne_gaps(games, self.output(state)), "episodes": episodes, "steps": state.steps}
