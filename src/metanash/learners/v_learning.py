r"""V-learning: bandit feedback, one visit of a state at a time, for zero-sum and general-sum games of finite horizon.

Jin, Liu, Wang and Yu (2021, "V-learning: a simple, efficient, decentralized algorithm for multiagent RL"), and with
other subroutines Song, Mei and Bai (2022) and Mao and Basar (2022). A player sees states, its own actions and its own
rewards. At its n-th visit of (h, s) it takes a drawn action a, gets r and goes on to s', and with alpha_n = (H + 1) /
(H + n)

.. math:: \tilde V_h(s) \leftarrow (1 - \alpha_n) \tilde V_h(s) + \alpha_n \big( r + V_{h+1}(s') + \beta_n \big),
          \qquad V_h = \min(\tilde V_h, H - h + 1),

and tells an adversarial bandit at (h, s), follow the regularised leader with entropy and implicit exploration, the loss
l = (H - r - V_{h+1}(s')) / H of a:

.. math:: \hat l(b) = \frac{1\{b = a\}\, l}{\mu(b) + \gamma_n}, \qquad
          \mu(b) \propto \tilde\mu(b) \exp\Big( -\frac{\eta_n}{w_n} \sum_{i \le n} w_i \hat l_i(b) \Big), \qquad
          \eta_n = \gamma_n = c \sqrt{\frac{H \log A}{A n}}.

The weights w_i / w_n are alpha_i (1 - alpha_{i+1}) ... (1 - alpha_n) / alpha_n. The output is the *certified policy*:
at each step a visit is drawn with weights alpha_n^i, and what comes after is that of the episode of the visit. It is
correlated. Its exact value, and that of a deviator who is told the visit before it acts, are kept beside the learning:
their difference bounds the CCE-gap, and is the CCE-gap for H = 1. In zero-sum games both deviators' values bound the
NE-gap of the two players' parts.

The papers were not at hand but for their abstracts: constants are as remembered. Ours are [choice]: the factor c, which
is 1 in the paper; bonuses beta_n = ``bonus`` sqrt(H^3 A / n), 0 unless asked for, where the paper has a constant and a
logarithm; and initial policies other than the uniform one as priors tilde mu.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metanash import kernels, simplex
from metanash._inner.checks import integer
from metanash.correlated import product_values
from metanash.games import GameBatch, MarkovGame, ZeroSumGame, check_batch
from metanash.gaps import ne_gaps
from metanash.learners.base import Policies, checked_policies, learning_rates, warn_of_zeros
from metanash.policy_gradient import beside, parts_of
from metanash.simulation import draw_keys, play_tables, player_rewards
from metanash.typing import Floats, Integers

__all__ = ["VLearning", "VState"]


@dataclass(frozen=True, eq=False)
class VState:
    """State of V-learning; the players' actions stand side by side in axes of length A_1 + ... + A_N.

    Attributes
    ----------
    iteration : int
        Episodes played.
    keys : (G,) array of int64
        Of the random numbers.
    rate : (G,)
        c.
    n_actions : tuple of int
        A_1, ..., A_N.
    prior, policy, loss, average : (G, H, S, sum of A_i)
        Logits of the initial policies; what is played next; weighted sums of estimated losses over w_n; averages of
        what was played, with weights alpha_n^i.
    count : (G, H, S)
        Visits.
    value : (G, H, S, N)
        tilde V.
    followed, reply : (G, H, S, N)
        Exact values of the certified policy, and of a deviator who is told the visit.
    deviated : (G, H, S, sum of A_i)
        Of its first actions.

    Examples
    --------
    >>> import metanash as mn
    >>> (game,) = mn.families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.1)
    >>> state = mn.learn(game, VLearning(1.0), 100).state
    >>> state.iteration, state.count[0, 0].sum().item(), state.policy.shape
    (100, 100.0, (1, 2, 2, 4))
    """

    iteration: int
    keys: Integers
    rate: Floats
    n_actions: tuple[int, ...]
    prior: Floats
    policy: Floats
    loss: Floats
    average: Floats
    count: Floats
    value: Floats
    followed: Floats
    deviated: Floats
    reply: Floats


@dataclass(frozen=True)
class VLearning:
    """V-learning (Jin et al. 2021). An iteration is an episode.

    Parameters
    ----------
    learning_rate : float or (G,) array
        c, in [1e-100, 1e100]; 1 in the paper.
    seed : int or G ints
        Of the draws; see :mod:`metanash.simulation`.
    bonus : float
        Factor of the bonus, at least 0.

    Notes
    -----
    Initial policies have axes (game, h, s, action), one array per player.

    Examples
    --------
    >>> import metanash as mn
    >>> (game,) = mn.families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.1)
    >>> run = mn.learn(game, VLearning(1.0, seed=1), 20_000, at=[100, 20_000])
    >>> early, late = run.measures["ne_gap_bound"][0]
    >>> bool(late < early / 2), bool(run.ne_gap[0, 1] <= late)
    (True, True)
    """

    learning_rate: float | Floats
    seed: int | Sequence[int] | Integers = 0
    bonus: float = 0.0

    def start(self, games: GameBatch[Any], initial: Policies | None = None) -> VState:
        """Return the state before the first episode; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of ZeroSumGame or MarkovGame; raises ValueError for anything else.

        Raises
        ------
        ValueError
            If the games are discounted, a parameter is out of range, or an initial policy is no policy.
        """
        check_batch("VLearning", games, ZeroSumGame, MarkovGame)
        if not 0.0 <= self.bonus < float("inf"):
            raise ValueError(f"bonus must be a number of at least 0, got {self.bonus}")
        game, count = games.game, len(games)
        sizes = (count, game.horizon, game.n_states)
        if initial is None:
            initial = tuple(simplex.uniform(1, *sizes[1:], n) for n in game.n_actions)
        begun = checked_policies(initial, [(*sizes, n) for n in game.n_actions])
        warn_of_zeros(begun, "(game, h, s)", "V-learning", above=2)
        known = product_values(_general_sum(games), begun)
        policy = beside(begun)
        return VState(
            iteration=0,
            keys=draw_keys(games, self.seed),
            rate=learning_rates(self.learning_rate, count),
            n_actions=game.n_actions,
            prior=simplex.logits(policy),
            policy=policy,
            loss=np.zeros_like(policy),
            average=policy.copy(),
            count=np.zeros(sizes),
            value=np.zeros((*sizes, game.n_players)),
            followed=np.ascontiguousarray(np.moveaxis(known.followed, 1, 3)),
            deviated=np.zeros_like(policy),  # not read before the first visit
            reply=np.ascontiguousarray(np.moveaxis(known.deviated, 1, 3)),
        )

    def advance(self, games: GameBatch[Any], state: VState, iterations: int) -> VState:
        """Return the state after more episodes. Raises ValueError if ``iterations`` is negative.

        Takes a GameBatch of ZeroSumGame or MarkovGame; raises ValueError for anything else.
        """
        check_batch("VLearning.advance", games, ZeroSumGame, MarkovGame)
        integer("iterations", iterations, 0)
        names = ("policy", "loss", "average", "count", "value", "followed", "deviated", "reply")
        moved: dict[str, Any] = {name: getattr(state, name).copy() for name in names}
        tables, transitions = play_tables(games), games.transitions
        kernels.v_learning(
            **tables,
            **moved,
            reward=np.ascontiguousarray(player_rewards(games)),
            transition=np.stack([transitions.dense(h) for h in range(transitions.steps)]),
            seed=state.keys,
            rate=state.rate,
            prior=state.prior,
            bonus=float(self.bonus),
            horizon=games.game.horizon,
            steps=transitions.steps,
            first=state.iteration,
            episodes=iterations,
            measure=1,
        )
        return replace(state, iteration=state.iteration + iterations, **moved)

    def output(self, state: VState) -> Policies:
        """Averages of what was played, weights alpha_n^i: (G, H, S, A_i) for each player.

        They are what the certified policy plays at a step, if what was drawn at other steps is not known.
        """
        return parts_of(state.average, state.n_actions)

    def measure(self, games: GameBatch[Any], state: VState) -> dict[str, Floats]:
        """Return ``cce_gap_bound`` of the certified policy; in zero-sum games ``ne_gap_bound`` and ``ne_gap``.

        Takes a GameBatch of ZeroSumGame or MarkovGame; raises ValueError for anything else.

        ``ne_gap`` is that of :meth:`output`, of which V-learning promises nothing for H > 1.
        """
        check_batch("VLearning.measure", games, ZeroSumGame, MarkovGame)
        start = games.initial[:, :, np.newaxis]
        best, got = ((start * values[:, 0]).sum(axis=1) for values in (state.reply, state.followed))
        if isinstance(games.game, MarkovGame):
            return {"cce_gap_bound": np.asarray((best - got).max(axis=1))}
        bound = best.sum(axis=1) - games.game.horizon  # of r and 1 - r
        return {"ne_gap_bound": np.asarray(bound), "ne_gap": ne_gaps(games, self.output(state))}


def _general_sum(games: GameBatch[Any]) -> GameBatch[MarkovGame]:
    if isinstance(games.game, MarkovGame):
        return games
    return GameBatch.of([MarkovGame.from_zero_sum(game) for game in games.games])
