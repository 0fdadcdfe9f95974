"""Shared by the measurements of Algorithms 1 and 2: initial policies of every stage, divergences at checkpoints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from metanash._inner.reductions import at_first, largest, smallest, summed
from metanash.bounds import vertex_divergence
from metanash.bounds.general_sum import player_divergence
from metanash.learners import JointStage, Policies, Stage
from metanash.learners.schedules import next_stage_length
from metanash.learners.stages import StagedMirrorDescent, StagedState, best_response_to
from metanash.typing import Floats, Integers

__all__ = [
    "STAGE_STARTS",
    "DivergenceProbe",
    "PlayerDivergenceProbe",
    "StageDivergenceProbe",
    "StagesTogether",
    "joint_stage_divergence",
    "nearest_stage_ends",
    "stage_divergence",
    "stage_ends",
    "stage_policies",
]


_TIE = 1e-12


def stage_ends(iterations: int, horizon: int) -> Integers:
    """Iterations at the ends of the stages of a run; T at the end of the last, which it may cut."""
    ends, length = [0], horizon
    while ends[-1] < iterations:
        ends.append(min(ends[-1] + length, iterations))
        length = next_stage_length(length, horizon)
    return np.array(ends[1:], dtype=np.int64)


def nearest_stage_ends(iterations: Sequence[int], horizon: int) -> Integers:
    """The ends of stages nearest to some T, each once: in ratio, the earlier of two that are as near.

    Between the ends of two stages a gap times T moves up and down, so growth is compared at ends only.
    """
    ends = stage_ends(4 * max(*iterations, horizon), horizon)[:-1]
    distance = np.abs(np.log(ends[:, np.newaxis] / np.asarray(iterations, dtype=np.float64)))
    return np.unique(ends[distance.argmin(axis=0)])


STAGE_STARTS = ("uniform", "random", "vertex")
"""Kinds of initial policies; see :func:`stage_policies`."""


def stage_policies(start: str, count: int, shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Initial policies (stages, H, S, A): uniform, Dirichlet(0.3), or within 1e-6 of a random vertex.

    Parameters
    ----------
    start : str
        One of :data:`STAGE_STARTS`.
    count : int
        Number of stages.
    shape : (H, S, A)

    Raises
    ------
    ValueError
        If the kind is unknown.
    """
    if start not in STAGE_STARTS:
        raise ValueError(f"start must be one of {list(STAGE_STARTS)}, got {start!r}")
    actions = shape[-1]
    full = (count, *shape)
    if start == "uniform":
        return np.full(full, 1.0 / actions)
    if start == "random":
        policy = rng.dirichlet(np.full(actions, 0.3), size=full[:-1])
        return np.asarray((policy + 1e-9) / (1.0 + 1e-9 * actions))
    vertex = np.eye(actions)[rng.integers(actions, size=full[:-1])]
    return np.asarray((1.0 - 1e-6) * vertex + 1e-6 / actions)


@dataclass(frozen=True, eq=False)
class StagesTogether:
    """All stages of K games that are learned one after another, side by side.

    Attributes
    ----------
    payoff, initial : tuple of (K, stages, G, H, S, A_i)
        As of a stage.
    """

    payoff: Policies
    initial: Policies

    @classmethod
    def of(cls, games: Sequence[Sequence[Stage] | Sequence[JointStage]]) -> "StagesTogether":
        """Those of games that have as many stages."""
        every = [stage for game in games for stage in game]

        def beside(parts: Sequence[Policies]) -> Policies:
            each = (np.stack(of_player) for of_player in zip(*parts, strict=True))
            return tuple(part.reshape(len(games), -1, *part.shape[1:]) for part in each)

        return cls(beside([stage.payoff for stage in every]), beside([stage.initial for stage in every]))

    def best_responses(self) -> Policies:
        """Of each player in hindsight, (G, K, stages, H, S, A_i)."""
        return tuple(np.ascontiguousarray(np.moveaxis(best_response_to(part), 2, 0)) for part in self.payoff)

    def total(self, term: Callable[..., Floats]) -> Floats:
        """Sum of a term of a stage, :func:`stage_divergence` or another, at the worst best responses, (G,)."""
        each = term(self, worst=True)
        return np.asarray(sum(each.reshape(-1, each.shape[-1])))


Terms = Callable[[Any], Mapping[str, Floats]]
"""A stage's terms in theorems, from its statistics: (G,) each."""


class StageDivergenceProbe:
    """Divergences of theorems at the checkpoints of one run, (G,) each.

    The sum over stages of each term, the running stage included. Finished stages are looked at once, all terms
    together, so use a new probe for every run.

    Parameters
    ----------
    terms : function
        Of the statistics of a stage, all terms by name, (G,) each.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._counted = 0
        self._finished: dict[str, Floats | float] = {}

    def __call__(self, learner: StagedMirrorDescent[Any, Any], state: StagedState) -> dict[str, Floats]:
        """Return the divergences at this state. Raises ValueError if the probe has seen a later one."""
        if len(state.stages) < self._counted:
            raise ValueError("a divergence probe is for one run; make a new one")
        for stage in state.stages[self._counted :]:
            self._finished = self._with(stage)
        self._counted = len(state.stages)
        total = self._finished
        for stage in learner.running_stage(state):
            total = self._with(stage)
        return {name: np.asarray(value) for name, value in total.items()}

    def _with(self, stage: Any) -> dict[str, Floats | float]:
        return {name: self._finished.get(name, 0.0) + term for name, term in self._terms(stage).items()}


def stage_divergence(stage: Stage | StagesTogether, *, worst: bool) -> Floats:
    """Sum over steps of the largest over states of KL_mu + KL_nu, (G,); (K, stages, G) of all together."""
    both = sum(vertex_divergence(stage.payoff[i], stage.initial[i], worst=worst) for i in (0, 1))
    return np.asarray(summed(largest(np.asarray(both))))


def _divergences(payoff: Floats, initial: Floats) -> Floats:
    """-log of the initial probability of a best response in hindsight, tied within 1e-12, (3, ...).

    Of the first one, of the least likely and of the likeliest: :func:`metanash.bounds.vertex_divergence` and more, in
    one pass and without its checks of the policies, which the learner has made. As there, below 0 by rounding is 0.
    """
    tied = payoff >= largest(payoff, keepdims=True) - _TIE
    least, most = smallest(np.where(tied, initial, np.inf)), largest(np.where(tied, initial, 0.0))
    probability = np.stack([at_first(tied, initial), least, most])
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(-np.log(probability), 0.0))


class DivergenceProbe(StageDivergenceProbe):
    """Divergence of Theorem 1 at the checkpoints of one run; see :class:`StageDivergenceProbe`.

    Parameters
    ----------
    nearest : bool
        Measure also the least divergence that Theorem 1 as proven may be taken at: ``divergence_nearest``, (G,).
    """

    def __init__(self, *, nearest: bool = False) -> None:
        kinds = ("first", "worst", "nearest") if nearest else ("first", "worst")

        def terms(stage: Stage) -> dict[str, Floats]:
            mu, nu = map(_divergences, stage.payoff, stage.initial)
            return {f"divergence_{kind}": term for kind, term in zip(kinds, summed(largest(mu + nu)), strict=False)}

        super().__init__(terms)


def joint_stage_divergence(stage: JointStage | StagesTogether, *, worst: bool) -> Floats:
    """Sum over steps and players of the largest over states of KL, (G,); (K, stages, G) of all together."""
    return player_divergence(stage.payoff, stage.initial, worst=worst)


class PlayerDivergenceProbe(StageDivergenceProbe):
    """Divergence of Theorem 5 at the checkpoints of one run; see :class:`StageDivergenceProbe`."""

    def __init__(self) -> None:
        super().__init__(self._of_players)

    @staticmethod
    def _of_players(stage: JointStage) -> dict[str, Floats]:
        each = [largest(_divergences(*pair)) for pair in zip(stage.payoff, stage.initial, strict=True)]
        first, worst, _ = summed(reduce(np.maximum, each))
        return {"divergence_first": first, "divergence_worst": worst}
