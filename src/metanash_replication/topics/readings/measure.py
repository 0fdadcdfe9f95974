"""Curves of Figure 1 under many readings of what the paper leaves open: individual learning, and a meta-update.

Games have the addresses of the experiments (root seed, family, seed), so a reading with the numbers of an experiment
meets the same games. They are so small that a call of the learner costs more than they do: all readings of the same
games are learned in one batch, in parts that differ in learning rate and meta-update.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metanash import simplex
from metanash.families import potential_sequence, zero_sum_sequence
from metanash.games import Game, GameBatch
from metanash.learners import OptimisticMirrorDescent, ProjectedQAscent, checkpoints
from metanash.learners.base import Learner, Policies, Run
from metanash.meta import TARGETS, MetaUpdate, learn_sequence
from metanash.typing import Arrays, Floats

__all__ = ["potential_readings", "zero_sum_readings"]

Reading = Mapping[str, Any]


# Meta-updates of the parts of a batch -------------------------------------------------------------------


@dataclass(frozen=True)
class _Averages:
    """Of each part :class:`metanash.meta.AverageTarget`, or individual learning.

    Parameters
    ----------
    arms : tuple of str
        For each part a key of :data:`metanash.meta.TARGETS`, or ``individual``: uniform policies.
    alphas : tuple of float
        For each part the weight of the uniform policy.
    total : tuple of (games, stages, H, S, A_i) arrays
        Sums of the targets so far.
    """

    arms: tuple[str, ...]
    alphas: tuple[float, ...]
    total: Policies | None = None

    def observe(self, learner: Any, run: Run[Any]) -> "_Averages":
        """Add the targets of this run to the sums."""
        stages = len(learner.stages(run.state))
        targets = {arm: TARGETS[arm](learner, run) for arm in {*self.arms} - {"individual"}}
        sums = []
        for i, initial in enumerate(run.state.initial):
            games, _, *axes = initial.shape
            mixed = np.full((games, stages, *axes), 1.0 / axes[-1])
            for arm, alpha, part in zip(self.arms, self.alphas, _parts(games, len(self.arms)), strict=True):
                if arm != "individual":
                    mixed[part] = simplex.alpha_greedy(targets[arm][i][part], alpha)
            sums.append(mixed if self.total is None else self.total[i] + mixed)
        return replace(self, total=tuple(sums))

    def initial(self) -> Policies | None:
        """Return the averages so far."""
        return None if self.total is None else tuple(total / total.sum(axis=-1, keepdims=True) for total in self.total)


@dataclass(frozen=True)
class _Carried:
    """Of each part :class:`metanash.meta.CarryOver`, or individual learning.

    Parameters
    ----------
    arms : tuple of str
        For each part ``carry_over`` or ``individual``: uniform policies.
    last : tuple of (games, S, A_i) arrays
        With which the game before ended.
    """

    arms: tuple[str, ...]
    last: Policies | None = None

    def observe(self, learner: Any, run: Run[Any]) -> "_Carried":
        """Remember the policies that this run ended with."""
        del learner
        return replace(self, last=run.policy)

    def initial(self) -> Policies | None:
        """Return the remembered policies, and uniform ones."""
        if self.last is None:
            return None
        policies = tuple(policy.copy() for policy in self.last)
        for policy in policies:
            for arm, part in zip(self.arms, _parts(len(policy), len(self.arms)), strict=True):
                if arm == "individual":
                    policy[part] = 1.0 / policy.shape[-1]
        return policies


def _parts(games: int, count: int) -> list[slice]:
    """The parts of a batch of so many games, which follow one another."""
    size = games // count
    return [slice(start, start + size) for start in range(0, games, size)]


# Curves -------------------------------------------------------------------------------------------------


def _curves(
    readings: Sequence[Reading],
    games_by: Sequence[str],
    games_of: Callable[[Reading], Sequence[Sequence[Game]]],
    learner_of: Callable[[Floats], Learner[Any]],
    update_of: Callable[[Sequence[Reading]], MetaUpdate],
    grid: Any,
) -> Arrays:
    """Mean gap over the games of a sequence, without and with the meta-update of each reading: (readings, seeds, C).

    ``games_of`` makes a sequence for each seed, alike for readings that agree in ``games_by``.
    """
    together: dict[tuple[Any, ...], list[Reading]] = {}
    for reading in readings:
        together.setdefault(tuple(reading[name] for name in games_by), []).append(reading)
    found: list[tuple[Reading, Floats, Floats]] = []
    for group in together.values():
        sequences = games_of(group[0])
        rates = list(dict.fromkeys(reading["learning_rate"] for reading in group))
        parts = [*({"learning_rate": rate, "arm": "individual", "alpha": 0.0} for rate in rates), *group]
        batches = [GameBatch(tuple(games) * len(parts)) for games in zip(*sequences, strict=True)]
        learner = learner_of(np.repeat([part["learning_rate"] for part in parts], len(sequences)))
        gaps = learn_sequence(batches, learner, update_of(parts), int(grid[-1]), at=grid).ne_gap.mean(axis=1)
        curves = gaps.reshape(len(parts), len(sequences), -1)
        alone = dict(zip(rates, curves, strict=False))
        metas = curves[len(rates) :]
        found += [(one, alone[one["learning_rate"]], meta) for one, meta in zip(group, metas, strict=True)]
    ordered = [next(own for own in found if own[0] is reading) for reading in readings]
    return {
        "checkpoints": grid,
        "individual": np.stack([individual for _, individual, _ in ordered]),
        "meta": np.stack([meta for _, _, meta in ordered]),
    }


def zero_sum_readings(
    base_kind: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    readings: Sequence[Reading],
    n_states: int,
    n_actions: Sequence[int],
    iterations: int,
    n_checkpoints: int,
) -> Arrays:
    """Figure 1(a): Algorithm 1 on sequences of zero-sum games, under each reading.

    Parameters
    ----------
    readings : sequence of mappings
        Each with ``horizon``, ``games`` (K), ``perturbation``, ``learning_rate``, ``arm``, a key of
        :data:`metanash.meta.TARGETS`, and ``alpha``, the weight of the uniform policy, or ``theory`` for 1 / sqrt(K).

    Returns
    -------
    dict of arrays
        ``seeds``; ``checkpoints`` (C,); ``individual`` and ``meta`` (readings, seeds, C), mean NE-gaps over all games
        of a sequence, the first included, as in the figure.
    """

    def games_of(reading: Reading) -> list[list[Any]]:
        return [
            zero_sum_sequence(
                base_kind, root_seed, "zero_sum", seed, n_games=reading["games"], n_states=n_states,
                n_actions=n_actions, **{key: reading[key] for key in ("perturbation", "horizon")},
            )
            for seed in seeds
        ]  # fmt: skip

    def update_of(parts: Sequence[Reading]) -> _Averages:
        alphas = [part["games"] ** -0.5 if part["alpha"] == "theory" else part["alpha"] for part in parts]
        return _Averages(tuple(part["arm"] for part in parts), tuple(alphas))

    games_by = ("horizon", "games", "perturbation")
    grid = checkpoints(iterations, n_checkpoints)
    curves = _curves(readings, games_by, games_of, OptimisticMirrorDescent, update_of, grid)
    return {"seeds": np.array(seeds, dtype=np.int64), **curves}


def potential_readings(
    base_kind: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    readings: Sequence[Reading],
    n_states: int,
    n_actions: Sequence[int],
    iterations: int,
    n_checkpoints: int,
) -> Arrays:
    """Figure 1(b): projected Q-ascent on sequences of potential games, with carry-over, under each reading.

    Parameters
    ----------
    readings : sequence of mappings
        Each with ``discount``, ``games`` (K), ``perturbation`` and ``learning_rate``, the step size.

    Returns
    -------
    dict of arrays
        As :func:`zero_sum_readings`.
    """

    def games_of(reading: Reading) -> list[list[Any]]:
        return [
            potential_sequence(
                base_kind, root_seed, "potential", seed, n_games=reading["games"], n_states=n_states,
                n_actions=n_actions, **{key: reading[key] for key in ("perturbation", "discount")},
            )
            for seed in seeds
        ]  # fmt: skip

    def update_of(parts: Sequence[Reading]) -> _Carried:
        return _Carried(tuple(part.get("arm", "carry_over") for part in parts))

    games_by = ("discount", "games", "perturbation")
    grid = checkpoints(iterations, n_checkpoints)
    curves = _curves(readings, games_by, games_of, ProjectedQAscent, update_of, grid)
    return {"seeds": np.array(seeds, dtype=np.int64), **curves}
