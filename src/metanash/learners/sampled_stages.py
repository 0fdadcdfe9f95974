r"""Algorithms 1 and 2 with bandit feedback: payoffs of actions are estimated on sampled episodes.

Mao et al. 2023 have full information and call the extension easy; what it is here is ours. In each iteration ``batch``
episodes are played; with chance ``exploration`` a player takes a uniform action, otherwise one of its iterate. It sees
states, its own actions and its own rewards. From the visits of (h, s), n of them, it estimates

.. math:: \hat g_h(s, a) = b_h(s) + \frac1n \sum_{\text{visits}} \frac{1\{a_h = a\}}{\pi^{ex}(a \mid s)}
          \big( r_h + V_{h+1}^\tau(s_{h+1}) - b_h(s) \big),

whose expectation, given that there is a visit, is the payoff [Q^tau nu](s, a) by the estimates V^tau of the stage
before, against the other players' policies with exploration. The baseline b is the mean of r + V^tau at the last
visits, known before the batch, and moves no expectation. Nothing is estimated and nothing moves where nobody came. At
the end of a stage V^{tau+1} is the mean of r + V^tau over the visits of an iteration, averaged over the iterations of
the stage that have any; in the first stage Q^1 = 0, as in the paper. Each stage begins with a batch under its initial
policies, since line 5 of Algorithm 1 looks back by one iterate.

With many episodes an iteration and no exploration this is Algorithm 1, and Algorithm 2. The output averages iterates
without exploration.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from metanash import kernels
from metanash._inner.checks import integer
from metanash._inner.frozen import sealed
from metanash.correlated import CorrelatedPolicy, cce_gap_bounds, cce_gaps, marginals
from metanash.games import GameBatch, MarkovGame, ZeroSumGame, check_batch
from metanash.gaps import ne_gaps
from metanash.learners.base import Policies
from metanash.learners.stages import (
    ColumnState,
    StagedMirrorDescent,
    StageStatistics,
    before_first,
    restart,
)
from metanash.policy_gradient import beside
from metanash.simulation import draw_keys, play_tables, player_rewards
from metanash.typing import Floats, Integers

__all__ = ["SampledCorrelatedDescent", "SampledMirrorDescent", "SampledState"]


@dataclass(eq=False)
class SampledState(ColumnState):
    """State of Algorithms 1 and 2 with bandit feedback.

    Attributes
    ----------
    iteration, stage, length, done, eta, anchor, iterate, initial, initial_logits, stages
        As in :class:`metanash.learners.stages.StagedState`; anchor and iterate are views of ``columns``.
    q : (G, H, S, N)
        V^tau, the estimates of the values of the stage before: of Q^tau nobody knows more.
    finished_sums : tuple of one (G, H, S, A_1, ..., A_N)
        Sums over finished stages of the product of the iterates.
    keys : (G,) array of int64
        Of the random numbers.
    episodes : int
        Episodes played.
    columns : ((G, H, S, sum of A_i), the same)
        Logits of the anchors and last iterates, the players' side by side.
    payoff : (G, H, S, sum of A_i)
        Last estimates, less their baselines.
    baseline : (G, H, S, N)
        Baselines of the next estimates.
    sums : dict of arrays
        Of the stage: ``sum_joint``, ``sum_payoff``, ``sum_value`` and ``met``, as the kernel takes them.
    joints, lengths : tuples
        Averages of the product of the iterates in the stages before this one, and their lengths.
    tables : dict
        What the kernel takes of the games.

    Examples
    --------
    >>> import metanash as mn
    >>> (game,) = mn.families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.1)
    >>> state = mn.learn(game, SampledMirrorDescent(0.1, batch=50), 10).state
    >>> state.iteration, state.stage, state.episodes  # a batch more in each stage
    (10, 4, 700)
    """

    keys: Integers
    episodes: int
    payoff: Floats
    baseline: Floats
    sums: dict[str, Floats]
    joints: tuple[Floats, ...]
    lengths: tuple[int, ...]
    tables: dict[str, Any]


@dataclass(frozen=True)
class _Sampled(StagedMirrorDescent[SampledState, StageStatistics]):
    """What both algorithms share."""

    batch: int = 100
    exploration: float = 0.05
    seed: int | Sequence[int] | Integers = 0

    def start(self, games: GameBatch[Any], initial: Policies | None = None) -> SampledState:
        """Return the state before the first iteration; see :class:`metanash.learners.Learner`.

        Takes a GameBatch of the class of the algorithm; raises ValueError for anything else.

        Raises
        ------
        ValueError
            If the games are of another class, a parameter is out of range, or an initial policy is no policy.
        """
        check_batch(type(self).__name__, games, self._plays)
        integer("batch", self.batch, 1)
        if not 0.0 <= self.exploration <= 1.0:
            raise ValueError(f"exploration must lie in [0, 1], got {self.exploration}")
        begun = before_first(games, self.learning_rate, initial)
        game = games.game
        joint = (*begun.eta.shape, *game.n_actions)
        columns = (beside(begun.anchor), beside(begun.iterate))
        values = np.zeros((*begun.eta.shape, game.n_players))
        tables = play_tables(games) | {
            "reward": np.ascontiguousarray(player_rewards(games)),
            "horizon": game.horizon,
            "steps": games.transitions.steps,
        }
        return SampledState(
            **{**vars(begun), "q": values, "finished_sums": (np.zeros(joint),)},
            keys=draw_keys(games, self.seed),
            episodes=0,
            columns=columns,
            payoff=np.zeros_like(columns[0]),
            baseline=np.zeros_like(values),
            sums=_no_sums(joint, columns[0], values),
            joints=(),
            lengths=(),
            tables=tables,
        ).with_views()

    def _own(self, state: SampledState) -> SampledState:
        anchor, iterate = state.columns
        return replace(
            state,
            columns=(anchor.copy(), iterate.copy()),
            payoff=state.payoff.copy(),
            baseline=state.baseline.copy(),
            sums={name: total.copy() for name, total in state.sums.items()},
        ).with_views()

    def _iterate(self, state: SampledState, iterations: int) -> None:
        anchor, iterate = state.columns
        everything: dict[str, Any] = state.tables | state.sums
        kernels.sampled_mirror(
            **everything,
            seed=state.keys,
            eta=np.ascontiguousarray(state.eta[:, 0, 0]),
            value=state.q,
            x=anchor,
            policy=iterate,
            payoff=state.payoff,
            baseline=state.baseline,
            exploration=float(self.exploration),
            batch=self.batch,
            done=state.done,
            first=state.episodes,
            iterations=iterations,
            blind=int(state.stage == 1),
        )
        state.episodes += (iterations + (state.done == 0)) * self.batch

    def _record(self, state: SampledState) -> Callable[[], StageStatistics]:
        return partial(_statistics, state.stage, state.done, state.initial, dict(state.sums))

    def _leave(self, games: GameBatch[Any], state: SampledState, spare: Floats | None) -> None:
        del games, spare  # a player learns nothing that was not seen in play
        met = state.sums["met"][..., np.newaxis]
        state.q = np.where(met > 0.0, state.sums["sum_value"] / np.maximum(met, 1.0), state.q)
        joint = state.sums["sum_joint"]
        state.joints = (*state.joints, sealed(joint / state.done))
        state.lengths = (*state.lengths, state.done)
        state.finished_sums = (state.finished_sums[0] + joint,)
        state.sums = _no_sums(joint.shape, state.payoff, state.baseline)

    def _policy_sums(self, state: SampledState) -> Policies:
        return marginals(state.finished_sums[0] + state.sums["sum_joint"], len(state.iterate))

    def _episodes(self, games: GameBatch[Any], state: SampledState) -> Floats:
        return np.full(len(games), float(state.episodes))


def _statistics(index: int, iterations: int, initial: Policies, sums: Mapping[str, Floats]) -> StageStatistics:
    payoff = sums["sum_payoff"] / np.maximum(sums["met"], 1.0)[..., np.newaxis]
    ends = np.cumsum(sums["sum_joint"].shape[3:])[:-1]
    return StageStatistics(
        index=index,
        iterations=iterations,
        initial=restart(initial, index),
        average=marginals(sums["sum_joint"] / iterations, len(initial)),
        payoff=tuple(np.split(payoff, ends, axis=-1)),
    )


@dataclass(frozen=True)
class SampledMirrorDescent(_Sampled):
    """Algorithm 1 with bandit feedback, for zero-sum games; see the module.

    Parameters
    ----------
    learning_rate, keep_stages
        As in :class:`metanash.learners.stages.StagedMirrorDescent`.
    batch : int
        Episodes of an iteration.
    exploration : float
        Chance with which a player takes a uniform action, in [0, 1]. At 0 estimates have a variance without bound.
    seed : int or G ints
        Of the draws; see :mod:`metanash.simulation`.

    Notes
    -----
    Initial policies have axes (game, stage, h, s, action), as there.

    Examples
    --------
    >>> import metanash as mn
    >>> (game,) = mn.families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.1)
    >>> run = mn.learn(game, SampledMirrorDescent(0.5, batch=100, seed=1), 1000, at=[10, 1000])
    >>> early, late = run.ne_gap[0]
    >>> bool(late < early / 5), run.measures["episodes"][0].tolist()
    (True, [1400.0, 101500.0])
    """

    _plays = ZeroSumGame

    def output(self, state: SampledState) -> Policies:
        """Average of all iterates, line 11: ((G, H, S, A), (G, H, S, B)); the initial policies before the first."""
        return self.average(state)

    def measure(self, games: GameBatch[ZeroSumGame], state: SampledState) -> dict[str, Floats]:
        """Return ``ne_gap``, that of the output, exact, and ``episodes``, the number played.

        Takes a GameBatch of ZeroSumGame; raises ValueError for anything else.
        """
        check_batch("SampledMirrorDescent.measure", games, ZeroSumGame)
        return {"ne_gap": ne_gaps(games, self.output(state)), "episodes": self._episodes(games, state)}


@dataclass(frozen=True)
class SampledCorrelatedDescent(_Sampled):
    """Algorithm 2 with bandit feedback, for general-sum games; see the module.

    Parameters
    ----------
    learning_rate, keep_stages, batch, exploration, seed
        As in :class:`SampledMirrorDescent`.

    Notes
    -----
    Initial policies have axes (game, stage, h, s, action), as there.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> stag_hunt = mn.MarkovGame([[[[[1, 0], [0.75, 0.5]]]], [[[[1, 0.75], [0, 0.5]]]]], still)
    >>> run = mn.learn(stag_hunt, SampledCorrelatedDescent(0.5, batch=20, seed=1), 1000)
    >>> bool(run.measures["cce_gap"][0, -1] < 0.02)
    True
    """

    _plays = MarkovGame

    def output(self, state: SampledState) -> CorrelatedPolicy:
        """Return the correlated policy; before the first iteration it plays the initial policies."""
        joints, iterations = state.joints, state.lengths
        if state.done:
            joints, iterations = (*joints, state.sums["sum_joint"] / state.done), (*iterations, state.done)
        return CorrelatedPolicy(restart(state.initial, 1), joints, iterations)

    def measure(self, games: GameBatch[MarkovGame], state: SampledState) -> dict[str, Floats]:
        """Return ``cce_gap_bound`` (see :mod:`metanash.correlated`), for H = 1 also ``cce_gap``, and ``episodes``.

        Takes a GameBatch of MarkovGame; raises ValueError for anything else.
        """
        check_batch("SampledCorrelatedDescent.measure", games, MarkovGame)
        policy = self.output(state)
        found = {"cce_gap_bound": cce_gap_bounds(games, policy), "episodes": self._episodes(games, state)}
        if games.game.horizon == 1:
            found["cce_gap"] = cce_gaps(games, policy)
        return found


def _no_sums(joint: tuple[int, ...], columns: Floats, values: Floats) -> dict[str, Floats]:
    return {
        "sum_joint": np.zeros(joint),
        "sum_payoff": np.zeros_like(columns),
        "sum_value": np.zeros_like(values),
        "met": np.zeros(values.shape[:-1]),
    }
