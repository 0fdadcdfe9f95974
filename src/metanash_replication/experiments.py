"""Experiments as data: from a configuration to games, from games and an arm to a run record.

An experiment is a family of game sequences, a learner, and arms that differ in the meta-update only. A grid of
learning rates and perturbation sizes is learned side by side, and so are the seeds of a block, through the batch of
the learner. Arms of an experiment meet the same games.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Any, TypeVar, overload

import numpy as np

from metanash import kernels
from metanash._inner.checks import integer, positive
from metanash.bounds.potential import largest_ascent_step
from metanash.bounds.zero_sum import largest_learning_rate
from metanash.correlated import CorrelatedPolicy, cce_gains_or_bounds, marginals
from metanash.families import FAMILIES
from metanash.games import DiscountedGame, Game, GameBatch, ZeroSumGame, check_games
from metanash.learners import (
    LEARNERS,
    CorrelatedMirrorDescent,
    MirrorState,
    OptimisticMirrorDescent,
    Run,
    checkpoints,
)
from metanash.meta import META_UPDATES, MetaUpdate, SequenceRun, learn_sequence
from metanash.similarity import distribution_mismatch
from metanash.typing import Arrays, Floats, Integers, Policies
from metanash_replication.records import GAPS, RunRecord

__all__ = ["Learning", "Sequences", "generate_games", "run_arm"]


Section = TypeVar("Section", "Sequences", "Learning")


def _read(cls: type[Section], section: Mapping[str, Any]) -> Section:
    """Build a spec from a section of the configuration, which must have its keys and no other."""
    known = {field.name for field in fields(cls)}
    for key in section:
        if key not in known:
            raise ValueError(f"unknown key {key!r}; known are {sorted(known)}")
    for key in sorted(known - section.keys()):
        raise ValueError(f"key {key!r} is missing")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in section.items()}
    return cls(**values)


@dataclass(frozen=True)
class Sequences:
    """Which games: section ``games`` of an experiment, for one kind of base game.

    Parameters
    ----------
    family : str
        Key of :data:`metanash.families.FAMILIES`.
    base_kind : str
        Kind of base game.
    options : dict
        Keyword arguments of the family.
    perturbations : tuple of float
        Sizes of the perturbation: a sequence for each.
    count : int
        K, games of a sequence.

    Raises
    ------
    ValueError
        If a name is unknown or a value out of range.
    """

    family: str
    base_kind: str
    options: Mapping[str, Any]
    perturbations: tuple[float, ...]
    count: int

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ValueError(f"family must be one of {sorted(FAMILIES)}, got {self.family!r}")
        integer("count", self.count, 1)

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "Sequences":
        """Read a section of the configuration. Raises ValueError naming an unknown or missing key."""
        return _read(cls, section)


@dataclass(frozen=True)
class Learning:
    """How they are learned: section ``learning`` of an experiment, for one arm.

    Parameters
    ----------
    arm : str
        Key of :data:`metanash.meta.META_UPDATES`.
    learner : str
        Key of :data:`metanash.learners.LEARNERS`.
    learning_rates : tuple of float
        Learned side by side.
    rate_unit : {"absolute", "theory"}
        Whether they are rates, or multiples of the largest rate that the learner's theorem admits: 1 / (8 H^2) of
        Theorem 1, or the step size of Proposition 1 at the largest mismatch among the games of a sequence.
    iterations : int
        T.
    checkpoints : int
        Number of log-spaced iterations at which the gap is measured.
    keep_stages : bool
        Whether per-stage statistics go into the record.

    Raises
    ------
    ValueError
        If a name is unknown or a value out of range.
    """

    arm: str
    learner: str
    learning_rates: tuple[float, ...]
    rate_unit: str
    iterations: int
    checkpoints: int
    keep_stages: bool

    def __post_init__(self) -> None:
        if self.arm not in META_UPDATES:
            raise ValueError(f"arm must be one of {sorted(META_UPDATES)}, got {self.arm!r}")
        if self.learner not in LEARNERS:
            raise ValueError(f"learner must be one of {sorted(LEARNERS)}, got {self.learner!r}")
        if self.rate_unit not in {"absolute", "theory"}:
            raise ValueError(f"rate_unit must be absolute or theory, got {self.rate_unit!r}")
        integer("iterations", self.iterations, 1)
        integer("checkpoints", self.checkpoints, 1)
        positive("learning_rates", self.learning_rates)

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "Learning":
        """Read a section of the configuration. Raises ValueError naming an unknown or missing key."""
        return _read(cls, section)


def generate_games(spec: Sequences, seeds: Sequence[int], root_seed: int) -> tuple[list[Game], dict[str, Any]]:
    """Games for some seeds, and their provenance.

    The address of a sequence is (root seed, family, seed): experiments of one family meet the same base games.

    Returns
    -------
    games : list
        In the order perturbation, seed, game; see ``axes`` of the provenance.
    provenance : dict
    """
    games: list[Game] = []
    for perturbation in spec.perturbations:
        for seed in seeds:
            address = (root_seed, spec.family, seed)
            games.extend(
                FAMILIES[spec.family](
                    spec.base_kind, *address, n_games=spec.count, perturbation=perturbation, **spec.options
                )
            )
    axes = {"perturbation": list(spec.perturbations), "seed": list(seeds), "game": spec.count}
    return games, {**asdict(spec), "root_seed": root_seed, "axes": axes}


class _SideBySide(Sequence[GameBatch[Any]]):
    """Game number n of every sequence of K side by side, once for each learning rate.

    A batch is made when it is asked for and goes with whoever asked: all at once would be the games a second time.
    """

    def __init__(self, games: Sequence[Game], k: int, rates: int) -> None:
        self._games, self._k, self._rates = games, k, rates

    def __len__(self) -> int:
        return self._k

    @overload
    def __getitem__(self, index: int) -> GameBatch[Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[GameBatch[Any]]: ...
    def __getitem__(self, index: int | slice) -> GameBatch[Any] | list[GameBatch[Any]]:
        if isinstance(index, slice):
            return [self[n] for n in range(self._k)[index]]
        return GameBatch(tuple(self._games[range(self._k)[index] :: self._k]) * self._rates)


def run_arm(spec: Learning, games: Sequence[Game], provenance: Mapping[str, Any]) -> RunRecord:
    """Learn all sequences of a game file with one meta-update.

    Takes a list of games of any class; raises ValueError for anything else.

    Parameters
    ----------
    spec : Learning
    games, provenance
        As :func:`generate_games` returns them.

    Raises
    ------
    ValueError
        If the games are not those that the provenance announces, or the learner cannot play them.
    """
    check_games("run_arm", games)
    axes = provenance["axes"]
    rates, sizes, seeds, k = spec.learning_rates, axes["perturbation"], axes["seed"], axes["game"]
    if len(games) != len(sizes) * len(seeds) * k:
        raise ValueError(f"{len(sizes)} x {len(seeds)} x {k} games were announced, there are {len(games)}")
    sequences = _SideBySide(games, k, len(rates))
    unit = _largest_rates(sequences) if spec.rate_unit == "theory" else 1.0
    learner = LEARNERS[spec.learner](np.repeat(rates, len(sizes) * len(seeds)) * unit)
    grid = checkpoints(spec.iterations, spec.checkpoints)
    update = META_UPDATES[spec.arm](k)
    first = sequences[0]
    if isinstance(learner.output(learner.advance(first, learner.start(first), 1)), CorrelatedPolicy):
        measure, gap, runs = _with_exact_gaps(sequences, learner, update, grid)
    else:
        runs = learn_sequence(sequences, learner, update, spec.iterations, at=grid)
        measure = next(name for name in GAPS if name in runs.runs[0].measures)
        gap = runs.measured(measure)
    lead = (len(rates), len(sizes), len(seeds))
    arrays = {
        "seeds": np.array(seeds, dtype=np.int64),
        "learning_rates": np.array(rates, dtype=np.float64),
        "perturbations": np.array(sizes, dtype=np.float64),
        "checkpoints": grid,
        measure: gap.reshape(*lead, k, -1),
        **_final_policies(runs, learner, lead),
    }
    if spec.keep_stages and isinstance(learner, OptimisticMirrorDescent):
        arrays |= _stage_arrays(runs, learner, lead)
    versions = {"numpy": np.__version__, "kernels": kernels.backend, "instruction_set": kernels.instruction_set}
    return RunRecord({**asdict(spec), "games": dict(provenance)}, versions, arrays)


def _with_exact_gaps(
    sequences: Sequence[GameBatch[Any]], learner: Any, update: MetaUpdate, grid: Integers
) -> tuple[str, Floats, SequenceRun[Any]]:
    """Learn as :func:`learn_sequence` does; name and values (sequences, K, C) of the gap, and the runs.

    The CCE-gap, if it is known everywhere; else, since gaps of one record are to be compared, that of deviators who are
    told the stage.
    """
    found = learn_sequence(
        sequences, learner, update, int(grid[-1]), at=grid, probe=lambda games: partial(_cce_gap, games)
    )
    if all(run.probes["exact"].all() for run in found.runs):
        return "cce_gap", np.stack([run.probes["cce_gap"] for run in found.runs], axis=1), found
    return "cce_gap_bound", found.measured("cce_gap_bound"), found


def _cce_gap(games: GameBatch[Any], learner: Any, state: Any) -> dict[str, Floats]:
    """CCE-gap (G,) of the learner's output, and whether nothing is told to any player of a game: 1 or 0."""
    found = cce_gains_or_bounds(games, learner.output(state))
    return {"cce_gap": found.gains.max(axis=1), "exact": found.exact.all(axis=1).astype(np.float64)}


def _largest_rates(sequences: Sequence[GameBatch[Any]]) -> Floats | float:
    """Largest learning rate that the theory admits on all games of a sequence, for each of the sequences."""
    game = sequences[0].game
    if isinstance(game, ZeroSumGame):
        return largest_learning_rate(game.horizon)
    if not isinstance(game, DiscountedGame):
        raise ValueError(f"rate_unit: theory needs zero-sum or discounted games, got a {type(game).__name__}")
    mismatch = np.max([distribution_mismatch(batch) for batch in sequences], axis=0)
    return largest_ascent_step(game.discount, mismatch, game.n_players, max(game.n_actions))


def _final_policies(runs: SequenceRun[Any], learner: Any, lead: tuple[int, ...]) -> Arrays:
    """Output policies, one array per player; of a correlated one, each player's average."""
    policies = [_parts(learner, run) for run in runs.runs]
    arrays = {}
    for player in range(len(policies[0])):
        policy = np.stack([own[player] for own in policies], axis=1)
        arrays[f"policy_{player}"] = policy.reshape(*lead, *policy.shape[1:])
    return arrays


def _parts(learner: Any, run: Run[Any]) -> Policies:
    """What each player plays on average, (G, H, S, A_i) or (G, S, A_i), whatever the form of the output."""
    policy: Any = run.policy
    if isinstance(learner, CorrelatedMirrorDescent):
        return learner.average(run.state)
    if isinstance(policy, CorrelatedPolicy):
        return marginals(policy.mixture(), len(policy.initial))
    if isinstance(policy, np.ndarray):  # joint distributions (G, H, S, A_1, ..., A_N)
        return marginals(policy, policy.ndim - 3)
    return tuple(policy)


def _stage_arrays(runs: SequenceRun[MirrorState], learner: OptimisticMirrorDescent, lead: tuple[int, ...]) -> Arrays:
    """Per-stage statistics with axes (..., game, stage, h, s, ...)."""
    stages = [learner.stages(run.state) for run in runs.runs]
    arrays: Arrays = {"stage_iterations": np.array([stage.iterations for stage in stages[0]], dtype=np.int64)}

    def collect(name: str, read: Any) -> None:
        array = np.stack([np.stack([read(stage) for stage in game], axis=1) for game in stages], axis=1)
        arrays[name] = array.reshape(*lead, *array.shape[1:])

    for player, letter in enumerate(("mu", "nu")):
        collect(f"stage_best_response_{letter}", lambda stage, i=player: stage.best_response(i))
        collect(f"stage_average_{letter}", lambda stage, i=player: stage.average[i])
        collect(f"stage_initial_{letter}", lambda stage, i=player: stage.initial[i])
        collect(f"stage_regret_{letter}", lambda stage, i=player: stage.regret(i))
        collect(f"stage_kl_{letter}", lambda stage, i=player: stage.kl_to_initial(i))
    collect("stage_value", lambda stage: stage.value)
    collect("stage_q", lambda stage: stage.q)
    return arrays
