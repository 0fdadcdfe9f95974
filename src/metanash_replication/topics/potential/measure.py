"""Proposition 1 and Theorem 3, measured: independent projected Q-ascent on Markov potential games.

Arrays only; what follows from them is worked out in the module ``tables``. Step sizes are multiples
of ``largest_ascent_step``, the largest that Proposition 1 admits, at the distribution mismatch of the game or, in a
sequence, at the largest of its games.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash.bounds.potential import largest_ascent_step
from metanash.families.congestion import congestion_sequence
from metanash.families.potential import potential_sequence
from metanash.games import DiscountedGame, GameBatch, check_game
from metanash.gaps import ne_gaps, potential_rises, rise_error
from metanash.learners import AscentState, Policies, ProjectedQAscent, checkpoints, learn
from metanash.meta import META_UPDATES, CarryOver, learn_sequence
from metanash.similarity import (
    distribution_mismatch,
    largest_potential_drops,
    largest_potentials,
    potential_deviation,
    stage_potential_deviation,
)
from metanash.streams import stream
from metanash.transitions import Transition
from metanash.typing import Arrays, Floats

__all__ = [
    "STARTS",
    "counterexamples",
    "coupled_game",
    "far_steps",
    "finite_horizon",
    "finite_horizon_game",
    "long_runs",
    "policies_of_kind",
    "random_games",
    "random_sequences",
    "sequence_runs",
    "step_scaling",
    "two_state_game",
]


STARTS = ("uniform", "random", "pure")
"""Kinds of initial policies: uniform, Dirichlet(1), deterministic."""


def policies_of_kind(start: str, game: DiscountedGame, rng: np.random.Generator) -> Policies:
    """Initial policies (S, A_i) of a kind. Raises ValueError if the kind is unknown.

    Takes a DiscountedGame; raises ValueError for anything else.
    """
    check_game("policies_of_kind", game, DiscountedGame)
    if start not in STARTS:
        raise ValueError(f"start must be one of {list(STARTS)}, got {start!r}")
    shapes = [(game.n_states, n) for n in game.n_actions]
    if start == "uniform":
        return tuple(np.full(shape, 1.0 / shape[1]) for shape in shapes)
    if start == "pure":
        return tuple(np.eye(n)[rng.integers(n, size=states)] for states, n in shapes)
    return tuple(rng.dirichlet(np.ones(n), size=states) for states, n in shapes)


def _theory_steps(batch: GameBatch[DiscountedGame], mismatch: Floats) -> Floats:
    """Largest step size of Proposition 1 for each game, (G,)."""
    game = batch.game
    return largest_ascent_step(game.discount, mismatch, game.n_players, max(game.n_actions))


def _constant(values: Mapping[str, float], count: int) -> Arrays:
    """The settings that all runs of a part share, once for each of them."""
    return {name: np.full(count, value) for name, value in values.items()}


def _together(parts: Sequence[Arrays]) -> Arrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class _RiseProbe:
    """How far the potential has risen since the start, at every checkpoint."""

    def __init__(self, batch: GameBatch[DiscountedGame], start: Policies) -> None:
        self._batch, self._start = batch, start

    def __call__(self, learner: ProjectedQAscent, state: AscentState) -> dict[str, Floats]:
        return {"rise": potential_rises(self._batch, learner.output(state), self._start)}


# Random games -------------------------------------------------------------------------------------------


def random_games(
    base_kind: str,
    root_seed: int,
    *,
    discounts: Sequence[float],
    states: Sequence[int],
    actions: Sequence[Sequence[int]],
    games_per_size: int,
    iterations: int,
    n_checkpoints: int,
    step_factors: Sequence[float],
) -> Arrays:
    """Proposition 1 on many random games of all sizes, from uniform, random and deterministic initial policies.

    Starts and step sizes cycle from game to game.

    Parameters
    ----------
    actions : sequence of sequences of int
        Numbers of actions; as many players as there are.
    step_factors : sequence of float
        Step sizes over the largest of Proposition 1, at most 1.

    Raises
    ------
    ValueError
        If a step factor is not in (0, 1].

    Returns
    -------
    dict of arrays
        ``checkpoints`` (C,); per game ``discount``, ``n_states``, ``n_players``, ``start`` (place in :data:`STARTS`),
        ``step_size``, ``mismatch``, ``rise_error``; ``mean_gap``, ``rise`` (games, C); and ``deviation`` (sizes,), how
        far the first game of each size is from having its stage potential for a potential.
    """
    if not all(0.0 < factor <= 1.0 for factor in step_factors):
        raise ValueError(f"step factors must lie in (0, 1], where the proposition applies; got {list(step_factors)}")
    grid, parts, deviations = checkpoints(iterations, n_checkpoints), [], []
    for discount, n_states, n_actions in itertools.product(discounts, states, actions):
        games, initial, factors, starts = [], [], [], []
        cycle = itertools.cycle(itertools.product(range(len(STARTS)), step_factors))
        for k, (start, factor) in zip(range(games_per_size), cycle, strict=False):
            address: tuple[int | str, ...] = (
                root_seed, "random potential games", str(discount), n_states, *n_actions, k
            )  # fmt: skip
            games += potential_sequence(
                base_kind, *address, n_games=1, perturbation=0.0, n_states=n_states, n_actions=n_actions,
                discount=discount,
            )  # fmt: skip
            initial.append(policies_of_kind(STARTS[start], games[-1], stream(*address, "initial policies")))
            factors.append(factor)
            starts.append(start)
        batch = GameBatch(tuple(games))
        policies = tuple(np.stack([policy[i] for policy in initial]) for i in range(len(n_actions)))
        mismatch = distribution_mismatch(batch)
        step = np.array(factors) * _theory_steps(batch, mismatch)
        learner = ProjectedQAscent(step, every_gap=True)
        run = learn(batch, learner, iterations, at=grid, initial=policies, probe=_RiseProbe(batch, policies))
        rows = _constant({"discount": discount, "n_states": n_states, "n_players": len(n_actions)}, len(games))
        rows["rise_error"] = np.array([rise_error(game) for game in games])
        rows |= {"start": np.array(starts), "step_size": step, "mismatch": mismatch}
        parts.append({**rows, "mean_gap": run.measures["mean_gap"], "rise": run.probes["rise"]})
        deviations.append(stage_potential_deviation(games[0], policies=20))
    return {"checkpoints": grid, "deviation": np.array(deviations), **_together(parts)}


# Finite horizons ----------------------------------------------------------------------------------------


def finite_horizon_game(
    horizon: int, reward: Floats, transition: Floats, discount: float, start: Floats
) -> DiscountedGame:
    """A team with finite horizon as a discounted game: the same policies, with the same gaps and potential.

    States are the pairs of a step and a state, in that order, and one where all is over, which leads to itself and pays
    nothing. A reward of step h counts ``discount`` to the power H - h, so what is earned from step h on is that power
    times the sum of the rewards of the finite horizon.

    Parameters
    ----------
    horizon : int
        H.
    reward : (H, S, A_1, ..., A_N) array
        In [0, 1].
    transition : (H, S, A_1, ..., A_N, S) array
        That of step H does not matter.
    start : (H + 1,) array
        Probabilities of the steps, whose states are then drawn evenly, and of the state where all is over.
    """
    states, actions = reward.shape[1], reward.shape[2:]
    count = horizon * states + 1
    own, chance = np.zeros((1, count, *actions)), np.zeros((count, *actions, count))
    for h in range(horizon):
        here, there = (slice(k * states, (k + 1) * states) for k in (h, h + 1))
        own[0, here] = reward[h] * discount ** (horizon - 1 - h)
        if h + 1 < horizon:
            chance[here][..., there] = transition[h]
        else:
            chance[here][..., -1] = 1.0
    chance[-1, ..., -1] = 1.0
    initial = np.r_[np.repeat(start[:-1] / states, states), start[-1]]
    return DiscountedGame(own, Transition.shared(chance), discount, initial)


def finite_horizon(
    seeds: Sequence[int],
    root_seed: int,
    *,
    horizons: Sequence[int],
    n_states: int,
    n_actions: Sequence[int],
    iterations: int,
    n_checkpoints: int,
    step_factors: Sequence[float],
) -> Arrays:
    """Proposition 1 on random teams with finite horizon, as discounted games with the discount 1 - 1 / H.

    The step, or the end, is drawn evenly; starts and step sizes cycle from game to game.

    Returns
    -------
    dict of arrays
        ``checkpoints`` (C,); per game ``horizon``, ``discount``, ``step_size``, ``mismatch``, ``rise_error``;
        ``mean_gap``, ``rise`` (games, C).
    """
    grid, parts = checkpoints(iterations, n_checkpoints), []
    for horizon in horizons:
        discount, games, initial, factors = 1.0 - 1.0 / horizon, [], [], []
        cycle = itertools.cycle(itertools.product(STARTS, step_factors))
        for seed, (start, factor) in zip(seeds, cycle, strict=False):
            rng = stream(root_seed, "finite horizon", horizon, seed)
            reward = rng.uniform(size=(horizon, n_states, *n_actions))
            chance = rng.dirichlet(np.ones(n_states), size=(horizon, n_states, *n_actions))
            even = np.full(horizon + 1, 1.0 / (horizon + 1))
            games.append(finite_horizon_game(horizon, reward, chance, discount, even))
            initial.append(policies_of_kind(start, games[-1], rng))
            factors.append(factor)
        batch = GameBatch(tuple(games))
        policies = tuple(np.stack([policy[i] for policy in initial]) for i in range(len(n_actions)))
        mismatch = distribution_mismatch(batch)
        step = np.array(factors) * _theory_steps(batch, mismatch)
        learner = ProjectedQAscent(step, every_gap=True)
        run = learn(batch, learner, iterations, at=grid, initial=policies, probe=_RiseProbe(batch, policies))
        rows = _constant({"horizon": horizon, "discount": discount}, len(games))
        rows["rise_error"] = np.array([rise_error(game) for game in games])
        rows |= {"step_size": step, "mismatch": mismatch}
        parts.append({**rows, "mean_gap": run.measures["mean_gap"], "rise": run.probes["rise"]})
    return {"checkpoints": grid, **_together(parts)}


# Counterexamples ----------------------------------------------------------------------------------------


def two_state_game(discount: float) -> DiscountedGame:
    """Two players with one reward; only the first player's actions matter.

    In the first state "stay" pays 1 and "leave" leads to the second, which pays nothing and which "return" leaves.
    """
    chance = np.zeros((2, 2, 2, 2))
    chance[0, 0, :, 0] = chance[0, 1, :, 1] = chance[1, 0, :, 0] = chance[1, 1, :, 1] = 1.0
    reward = np.zeros((1, 2, 2, 2))
    reward[0, 0, 0] = 1.0
    return DiscountedGame(reward, Transition.shared(chance), discount, name=f"two states, discount {discount:g}")


def coupled_game() -> DiscountedGame:
    """One state, no discount, one reward [[0, alpha / 4], [1, 0]]: from both second actions the players collide."""
    step = float(largest_ascent_step(0.0, 1.0, 2, 2))
    reward = np.array([[[[0.0, step / 4.0], [1.0, 0.0]]]])
    return DiscountedGame(reward, Transition.shared(np.ones((1, 2, 2, 1))), 0.0, name="coupled")


def counterexamples(discounts: Sequence[float], *, iterations: int, n_checkpoints: int) -> Arrays:
    """Instances on which Proposition 1 fails as printed, at any discount, and one on which 2 kappa is not enough.

    On :func:`two_state_game` the first player leaves and does not return: at T = 1 the gap over the printed bound is
    about sqrt(1 + gamma). On :func:`coupled_game`, from both second actions, it is about sqrt(2 / (1 - alpha^2 / 16))
    at alpha = 1/32.

    Returns
    -------
    dict of arrays
        ``checkpoints`` (C,); of the instances, the coupled one last: ``discounts``, ``mismatch``, ``step_size``,
        ``rise_error``; ``mean_gap``, ``rise`` (instances, C).
    """
    grid, found = checkpoints(iterations, n_checkpoints), []
    for game in [*(two_state_game(discount) for discount in discounts), coupled_game()]:
        batch = GameBatch((game,))
        start = tuple(np.eye(2)[np.ones((1, game.n_states), dtype=np.int64)] for _ in range(2))
        mismatch = distribution_mismatch(batch)
        step = _theory_steps(batch, mismatch)
        learner = ProjectedQAscent(step, every_gap=True)
        run = learn(batch, learner, iterations, at=grid, initial=start, probe=_RiseProbe(batch, start))
        rows = {"discounts": np.array([game.discount]), "mismatch": mismatch, "step_size": step}
        rows |= {"rise_error": np.array([rise_error(game)]), "rise": run.probes["rise"]}
        found.append(rows | {"mean_gap": run.measures["mean_gap"]})
    return {"checkpoints": grid, **_together(found)}


# Long runs ----------------------------------------------------------------------------------------------


def long_runs(
    base_kind: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    discounts: Sequence[float],
    step_factors: Sequence[float],
    n_states: int,
    n_actions: Sequence[int],
    iterations: int,
    n_checkpoints: int,
) -> Arrays:
    """Projected Q-ascent for as long as Proposition 1 takes to say something, from uniform policies.

    Returns
    -------
    dict of arrays
        ``checkpoints`` (C,); ``discounts``; ``seeds``; ``mismatch`` (discounts, seeds); ``step_size`` (discounts,
        factors, seeds); ``ne_gap`` (of the last iterate), ``mean_gap`` (of all before), ``rise`` (discounts, factors,
        seeds, C); ``rise_error`` (discounts,).
    """
    found, grid = [], checkpoints(iterations, n_checkpoints)
    for discount in discounts:
        games = [
            potential_sequence(
                base_kind, root_seed, "long run", str(discount), seed, n_games=1, perturbation=0.0, n_states=n_states,
                n_actions=n_actions, discount=discount,
            )[0]
            for seed in seeds
        ]  # fmt: skip
        batch = GameBatch(tuple(games) * len(step_factors))
        mismatch = distribution_mismatch(batch)
        step = np.repeat(step_factors, len(seeds)) * _theory_steps(batch, mismatch)
        start = tuple(np.full((len(batch), n_states, n), 1.0 / n) for n in n_actions)
        learner = ProjectedQAscent(step, every_gap=True)
        run = learn(batch, learner, iterations, at=grid, initial=start, probe=_RiseProbe(batch, start))
        shape = (len(step_factors), len(seeds))
        curves = {"ne_gap": run.ne_gap, "mean_gap": run.measures["mean_gap"], "rise": run.probes["rise"]}
        found.append(
            {
                "mismatch": mismatch[: len(seeds)],
                "step_size": step.reshape(shape),
                "rise_error": np.array(max(rise_error(game) for game in games)),
                **{name: curve.reshape(*shape, -1) for name, curve in curves.items()},
            }
        )
    stacked = {name: np.stack([part[name] for part in found]) for name in found[0]}
    return {"checkpoints": grid, "discounts": np.array(discounts), "seeds": np.array(seeds, dtype=np.int64), **stacked}


# Far beyond the theory's step size ----------------------------------------------------------------------

OUTCOMES = ("converged", "rising", "cycle", "irregular")
"""How a run ends: at an equilibrium (gap at most 1e-8); with a potential that still rises; in a cycle; otherwise."""
_EQUILIBRIUM = 1e-8
_RETURN = 1e-9


def _outcomes(
    batch: GameBatch[DiscountedGame], learner: ProjectedQAscent, state: AscentState, longest: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Place in :data:`OUTCOMES`, and the period of a cycle (0 for none), from ``longest`` more iterations."""
    here, last = learner.output(state), learner.output(state)
    period = np.zeros(len(batch), dtype=np.int64)
    slack = np.array([rise_error(game) for game in batch.games])
    moved, rising = np.zeros(len(batch), dtype=bool), np.ones(len(batch), dtype=bool)
    for p in range(1, longest + 1):
        state = learner.advance(batch, state, 1)
        policy = learner.output(state)
        away = np.max([np.abs(a - b).max(axis=(1, 2)) for a, b in zip(policy, here, strict=True)], axis=0)
        period = np.where((period == 0) & moved & (away <= _RETURN), p, period)
        moved |= away > 1e3 * _RETURN
        rising &= potential_rises(batch, policy, last) > -slack
        last = policy
    at_rest = ne_gaps(batch, here) <= _EQUILIBRIUM
    kinds = np.select([at_rest, period > 0, rising], [0, 2, 1], default=3)
    return kinds.astype(np.int64), np.where(kinds == 2, period, 0)


def far_steps(
    base_kind: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    discounts: Sequence[float],
    actions: Sequence[Sequence[int]],
    step_factors: Sequence[float],
    n_states: int,
    iterations: int,
    longest_period: int,
) -> Arrays:
    """Projected Q-ascent at step sizes far beyond Proposition 1's, from random initial policies.

    Returns
    -------
    dict of arrays
        With a cell for each discount and size: ``discount``, ``n_players`` (cells,); (cells, factors, seeds):
        ``outcome`` (place in :data:`OUTCOMES`), ``period``, ``step_size``, ``ne_gap`` (of the last iterate) and
        ``mean_gap``; ``seeds``, ``step_factors``.
    """
    cells = []
    for discount, n_actions in itertools.product(discounts, actions):
        games, initial = [], []
        for seed in seeds:
            address: tuple[int | str, ...] = (root_seed, "far steps", str(discount), *n_actions, seed)
            games += potential_sequence(
                base_kind, *address, n_games=1, perturbation=0.0, n_states=n_states, n_actions=n_actions,
                discount=discount,
            )  # fmt: skip
            initial.append(policies_of_kind("random", games[-1], stream(*address, "initial policies")))
        count = len(step_factors)
        batch = GameBatch(tuple(games) * count)
        start = tuple(np.stack([policy[i] for policy in initial] * count) for i in range(len(n_actions)))
        step = np.repeat(step_factors, len(seeds)) * _theory_steps(batch, distribution_mismatch(batch))
        learner = ProjectedQAscent(step, every_gap=True)
        run = learn(batch, learner, iterations, at=[iterations], initial=start)
        outcome, period = _outcomes(batch, learner, run.state, longest_period)
        found = {"outcome": outcome, "period": period, "step_size": step, **run.measures}
        cells.append(
            {
                "discount": np.array(discount),
                "n_players": np.array(len(n_actions)),
                **{name: values.reshape(count, len(seeds)) for name, values in found.items()},
            }
        )
    return {
        "seeds": np.array(seeds, dtype=np.int64),
        "step_factors": np.array(step_factors, dtype=np.float64),
        **{name: np.stack([cell[name] for cell in cells]) for name in cells[0]},
    }


# Sequences ----------------------------------------------------------------------------------------------


def _dissimilarity(batches: Sequence[GameBatch[DiscountedGame]]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Delta_Phi of each sequence (sequences,), and whether it is exact."""
    drops = [largest_potential_drops(a, b) for a, b in itertools.pairwise(batches)]
    total = np.sum([drop for drop, _ in drops], axis=0) + np.zeros(len(batches[0]))
    return total, np.all([exact for _, exact in drops], axis=0) & np.ones(len(batches[0]), dtype=bool)


def sequence_runs(
    arm: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    settings: Sequence[Mapping[str, Any]],
) -> Arrays:
    """Theorem 3: sequences of K similar games learned one after another, for several settings.

    Parameters
    ----------
    arm : str
        Key of :data:`metanash.meta.META_UPDATES`.
    settings : sequence of mappings
        Each with ``family`` and ``base_kind``, ``options`` of the family, ``discount``, ``games`` (K),
        ``perturbation``, ``iterations`` (T), ``step_size`` and ``seeds``, how many of the seeds to use. A step size is
        absolute, or with ``theory_step`` a multiple of the largest of Proposition 1.

    Returns
    -------
    dict of arrays
        (settings, seeds), not a number where a setting has fewer seeds: ``mean_gap``, the mean over all games of the
        mean gap of all iterates; ``later_mean_gap`` and ``later_gap``, those and the gaps of the last iterates over
        games 2 to K; ``dissimilarity``, Delta_Phi; ``exact``; ``largest_potential``; ``mismatch``; ``step_size``.
        Where the game has no potential, the last ones but ``step_size`` are not a number. (settings,): ``deviation``,
        how far the first game is from being a potential game.
    """
    names = ("mean_gap", "later_mean_gap", "later_gap", "dissimilarity", "exact", "largest_potential", "mismatch")
    found = {name: np.full((len(settings), len(seeds)), np.nan) for name in (*names, "step_size")}
    deviations = []
    for n, setting in enumerate(settings):
        some = list(seeds)[: setting["seeds"]]
        batches = _sequence_batches(setting, some, root_seed)
        mismatch = np.max([distribution_mismatch(batch) for batch in batches], axis=0)
        step = np.full(len(some), float(setting["step_size"]))
        if setting["theory_step"]:
            step = step * _theory_steps(batches[0], mismatch)
        learner, t = ProjectedQAscent(step, every_gap=True), setting["iterations"]
        runs = learn_sequence(batches, learner, META_UPDATES[arm](setting["games"]), t, at=[t]).runs
        mean, last = (np.stack([run.measures[name][:, 0] for run in runs]) for name in ("mean_gap", "ne_gap"))
        values = {"mean_gap": mean.mean(axis=0), "mismatch": mismatch, "step_size": step}
        values |= {"later_mean_gap": mean[1:].mean(axis=0), "later_gap": last[1:].mean(axis=0)}
        if batches[0].game.potential is not None:
            values["dissimilarity"], exact = _dissimilarity(batches)
            values["exact"] = exact.astype(np.float64)
            values["largest_potential"] = np.max([largest_potentials(batch) for batch in batches], axis=0)
        for name, value in values.items():
            found[name][n, : len(some)] = value
        deviations.append(_deviation(batches[0].game))
    return {"seeds": np.array(seeds, dtype=np.int64), "deviation": np.array(deviations), **found}


SEQUENCES: dict[str, Callable[..., list[DiscountedGame]]] = {
    "potential": potential_sequence,
    "congestion": congestion_sequence,
}
"""Families that the sequences are drawn from."""


def _sequence_batches(
    setting: Mapping[str, Any], seeds: Sequence[int], root_seed: int
) -> list[GameBatch[DiscountedGame]]:
    """Game k of all sequences of a setting, for each k."""
    sequences = [
        SEQUENCES[setting["family"]](
            setting["base_kind"], root_seed, "potential sequence", seed, n_games=setting["games"],
            perturbation=setting["perturbation"], discount=setting["discount"], **setting["options"],
        )
        for seed in seeds
    ]  # fmt: skip
    return [GameBatch(tuple(sequence[k] for sequence in sequences)) for k in range(setting["games"])]


_CYCLES_FOR_SIZE = 2**20


def _deviation(game: DiscountedGame) -> float:
    """Deviation from any potential, with as many random cycles as the size of the game allows, 2 to 100."""
    cells = game.n_players**2 * game.reward[0].size * game.n_states
    return potential_deviation(game, policies=int(np.clip(_CYCLES_FOR_SIZE // cells, 2, 100)))


def random_sequences(
    base_kind: str,
    root_seed: int,
    *,
    discounts: Sequence[float],
    states: Sequence[int],
    actions: Sequence[Sequence[int]],
    sequences_per_size: int,
    n_games: int,
    perturbations: Sequence[float],
    transition_mixing: Sequence[float],
    iterations: Sequence[int],
) -> Arrays:
    """Theorem 3 on many random sequences of all sizes, with carry-over at the largest step size of Proposition 1.

    Perturbations, mixing of the transitions and numbers of iterations cycle from sequence to sequence, and so do the
    initial policies of the first game: uniform, random and deterministic.

    Returns
    -------
    dict of arrays
        (sequences,): ``discount``, ``start`` (place in :data:`STARTS`), ``mean_gap``, ``dissimilarity``, ``exact``,
        ``largest_potential``, ``mismatch``, ``step_size``, ``iterations``, ``rise_error``; and of the games, for
        Proposition 1, (sequences, K): ``game_mean_gap``, ``game_mismatch``, ``game_rise``.
    """
    parts: list[Arrays] = []
    cases = list(itertools.product(perturbations, transition_mixing, iterations))
    for discount, n_states, n_actions in itertools.product(discounts, states, actions):
        for c, (perturbation, mixing, t) in enumerate(cases):
            places: list[tuple[int | str, ...]] = [
                (root_seed, "random sequences", str(discount), n_states, *n_actions, c, k)
                for k in range(len(range(c, sequences_per_size, len(cases))))
            ]
            made = [
                potential_sequence(
                    base_kind, *place, n_games=n_games, perturbation=perturbation, n_states=n_states,
                    n_actions=n_actions, discount=discount, transition_mixing=mixing,
                )
                for place in places
            ]  # fmt: skip
            if made:
                kinds = np.arange(c, c + len(made)) % len(STARTS)
                first = [
                    policies_of_kind(STARTS[kind], sequence[0], stream(*place, "initial policies"))
                    for kind, sequence, place in zip(kinds, made, places, strict=True)
                ]
                start = tuple(np.stack([policy[i] for policy in first]) for i in range(len(n_actions)))
                batches = [GameBatch(tuple(s[k] for s in made)) for k in range(n_games)]
                parts.append({"start": kinds, **_one_case(batches, start, t)})
    return _together(parts)


def _one_case(batches: Sequence[GameBatch[DiscountedGame]], start: Policies, iterations: int) -> Arrays:
    count = len(batches[0])
    each = np.stack([distribution_mismatch(batch) for batch in batches], axis=1)
    mismatch = each.max(axis=1)
    step = _theory_steps(batches[0], mismatch)
    learner = ProjectedQAscent(step, every_gap=True)
    runs = learn_sequence(batches, learner, CarryOver(start), iterations, at=[iterations]).runs
    gaps = np.stack([run.measures["mean_gap"][:, 0] for run in runs], axis=1)
    starts = [start, *(run.policy for run in runs[:-1])]
    rises = [potential_rises(b, run.policy, s) for b, run, s in zip(batches, runs, starts, strict=True)]
    total, exact = _dissimilarity(batches)
    return {
        **_constant({"discount": batches[0].game.discount, "iterations": iterations}, count),
        "rise_error": np.max([[rise_error(game) for game in batch.games] for batch in batches], axis=0),
        "mean_gap": gaps.mean(axis=1),
        "dissimilarity": total,
        "exact": exact,
        "largest_potential": np.max([largest_potentials(batch) for batch in batches], axis=0),
        "mismatch": mismatch,
        "step_size": step,
        "game_mean_gap": gaps,
        "game_mismatch": each,
        "game_rise": np.stack(rises, axis=1),
    }


# Step sizes ---------------------------------------------------------------------------------------------


def step_scaling(
    base_kind: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    n_states: int,
    n_actions: Sequence[int],
    discount: float,
    games: int,
    perturbation: float,
    comparisons: Sequence[Mapping[str, Any]],
) -> Arrays:
    """Sequences at several step sizes, each for as many iterations as make the same step times iterations.

    Parameters
    ----------
    games : int
        K of a sequence, learned alone and with carry-over.
    comparisons : sequence of mappings
        Each with ``factors``, step sizes over the largest that Proposition 1 admits, and ``iterations``, those at that
        step; multiples of the factors.

    Returns
    -------
    dict of arrays
        ``factors``, ``shorter`` and ``iterations`` (n,), a row for each factor of each comparison, point in time and
        arm: the point is ``iterations`` / ``shorter`` steps of the theory's size; ``carried`` (n,), whether policies
        are carried over; ``ne_gap`` (n, seeds), of the iterate at that point, mean over the games.

    Raises
    ------
    ValueError
        If a number of iterations is no multiple of a factor.
    """
    sequences = [
        potential_sequence(
            base_kind, root_seed, "step scaling", seed, n_games=games, perturbation=perturbation, discount=discount,
            n_states=n_states, n_actions=n_actions,
        )
        for seed in seeds
    ]  # fmt: skip
    batches = [GameBatch(some) for some in zip(*sequences, strict=True)]
    largest = _theory_steps(batches[0], np.max([distribution_mismatch(batch) for batch in batches], axis=0))
    rows: list[tuple[float, int, int, bool, Floats]] = []
    for comparison in comparisons:
        total = comparison["iterations"]
        for factor, arm in itertools.product(comparison["factors"], ("individual", "carry_over")):
            length, rest = divmod(total, factor)
            if rest:
                raise ValueError(f"{total} iterations are no multiple of the factor {factor}")
            shorter = [part for part in (100, 10, 1) if length % part == 0]
            at = np.array([length // part for part in shorter], dtype=np.int64)
            if arm == "individual":  # no game waits for another: all at once
                every: GameBatch[DiscountedGame] = GameBatch(tuple(game for batch in batches for game in batch.games))
                run = learn(every, ProjectedQAscent(np.tile(factor * largest, games)), length, at=at)
                found = np.stack(np.split(run.ne_gap, games), axis=1)
            else:
                steps = ProjectedQAscent(factor * largest)
                found = learn_sequence(batches, steps, META_UPDATES[arm](games), length, at=at).measured("ne_gap")
            gap = found.mean(axis=1)
            rows += [(factor, part, total, arm == "carry_over", gap[:, c]) for c, part in enumerate(shorter)]
    factors, parts, totals, carried, gaps = zip(*rows, strict=True)
    return {
        "seeds": np.array(seeds, dtype=np.int64),
        "factors": np.array(factors, dtype=np.float64),
        "shorter": np.array(parts, dtype=np.int64),
        "iterations": np.array(totals, dtype=np.int64),
        "carried": np.array(carried),
        "ne_gap": np.stack(gaps),
    }
