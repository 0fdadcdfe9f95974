r"""What is promised of learners after the paper, with a constant: both sides of each inequality, at iterations.

Statements and their constants are as remembered, or derived here where it says so; ``docs/successors.md`` has them in
one table. Rates are those of the proofs times a factor: up to 1 (any, for the first of natural policy gradient) the
promise is about the run. Every function takes games, the factor and iterations, and returns a :class:`Sides`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from metanash import simplex
from metanash._inner.reductions import largest, smallest
from metanash.bounds import largest_learning_rate
from metanash.bounds.zero_sum import theorem_1_proven
from metanash.games import DiscountedGame, GameBatch
from metanash.gaps import all_values, average_out, ne_gaps
from metanash.learners import (
    EntropyExtragradient,
    EntropyOMWU,
    NaturalGradient,
    OptimisticGradient,
    PlainMirrorDescent,
    Policies,
    StagedFTRL,
    learn,
)
from metanash.learners.schedules import stage_count
from metanash.typing import Floats, Integers
from metanash_replication.stages import DivergenceProbe

__all__ = ["PROMISED", "TEMPERATURE", "Promised", "Sides", "hedge_bound", "natural_bound", "subregularity"]

TEMPERATURE = 0.05
"""tau of games with entropy, in units of reward."""


@dataclass(frozen=True)
class Sides:
    """Left and right side of a promise, (G, C), and the learning rates, (G,)."""

    left: Floats
    right: Floats
    rates: Floats


# Averages in zero-sum games -----------------------------------------------------------------------------


def hedge_bound(iterations: Integers, rates: Floats, n_actions: Sequence[int]) -> Floats:
    """What is proven of plain mirror descent in the stages of Algorithm 1 for H = 1; derived here.

    In a stage it plays Hedge, whose regret over n rounds with payoffs in [0, 1] is at most log(A) / eta + eta n / 8
    (Cesa-Bianchi and Lugosi 2006, Theorem 2.2). What the initial policies met counts as a round, whose regrets of both
    players may add up to -1, and the first stage of one iteration has no payoffs. With m stages the NE-gap is at most
    [1 + (m - 1) (log(AB) / eta + 1) + eta (T + m - 2) / 4] / T.

    >>> hedge_bound(np.array([3]), np.array([1.0]), (2, 2)).round(4)  # 1 + 1 + log 4 + 3 / 4, over 3
    array([1.3788])
    """
    stages = np.array([stage_count(int(t), 1) for t in iterations])
    told = (stages - 1) * (math.log(math.prod(n_actions)) / rates + 1.0)
    return np.asarray((1.0 + told + rates * (iterations + stages - 2) / 4.0) / iterations)


def plain_averages(games: Sequence[Any], factor: float, at: Integers) -> Sides:
    """Mirror descent at the rate sqrt(8 log(max A) / T), a run for each T."""
    actions = games[0].n_actions
    rates = factor * np.sqrt(8.0 * math.log(max(actions)) / at)
    run = learn([game for game in games for _ in at], PlainMirrorDescent(np.tile(rates, len(games))), at[-1], at=at)
    gaps = np.diagonal(run.ne_gap.reshape(len(games), len(at), len(at)), axis1=1, axis2=2)
    right = np.broadcast_to(hedge_bound(at, rates, actions), gaps.shape)
    return Sides(np.array(gaps), right, np.full(len(games), rates[-1]))


def staged_averages(games: Sequence[Any], factor: float, at: Integers) -> Sides:
    """FTRL in stages beside Theorem 1 as it is proven in ``docs/theorem1.md``, at the worst of tied best responses."""
    horizon = games[0].horizon
    rate = factor * largest_learning_rate(horizon)
    run = learn(games, StagedFTRL(rate), at[-1], at=at, probe=DivergenceProbe())
    right = theorem_1_proven(run.probes["divergence_worst"], horizon, at, rate)
    return Sides(run.ne_gap, right, np.full(len(games), rate))


# Last iterates in matrix games --------------------------------------------------------------------------


def _matrices(games: Sequence[Any]) -> Floats:
    return np.stack([game.reward[0, 0] for game in games])


def subregularity(matrices: Floats) -> tuple[Floats, Floats, Floats]:
    """Where the equilibria (x, 1 - x), (y, 1 - y) of 2 x 2 games are, and the constant C of Wei et al. (2021): (G,).

    C is the largest number such that from every z = (mu, nu) a direction of length 1 into the product of simplices
    gains at least C times the distance to the equilibrium. With D = a - b - c + d the gains are D times what the other
    player is off; inside, the best direction gains |D| / 2 times the distance, and at the border, where a player
    cannot go its way, what remains is least where the other player is farthest off; derived here.

    Raises
    ------
    ValueError
        If an equilibrium is not strictly inside.

    Examples
    --------
    >>> [float(found[0].round(4)) for found in subregularity(np.array([[[1.0, 0.0], [0.0, 1.0]]]))]  # 1 / sqrt 2
    [0.5, 0.5, 0.7071]
    """
    (a, b), (c, d) = np.moveaxis(matrices, 0, -1)
    whole = a - b - c + d
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y = (d - c) / whole, (d - b) / whole
    if not ((x > 0.0) & (x < 1.0) & (y > 0.0) & (y < 1.0)).all():
        raise ValueError("constants of 2 x 2 games are known where equilibria are inside; take mixed games")
    mirrored = np.where(whole > 0.0, x, 1.0 - x)  # with the actions of a player exchanged D has the other sign
    corners = [
        mirrored / np.hypot(mirrored, y),
        (1.0 - y) / np.hypot(mirrored, 1.0 - y),
        (1.0 - mirrored) / np.hypot(1.0 - mirrored, 1.0 - y),
        y / np.hypot(1.0 - mirrored, y),
    ]
    return x, y, np.asarray(np.abs(whole) / 2.0 * smallest(np.stack(corners, axis=-1)))


def gradient_last(games: Sequence[Any], factor: float, at: Integers) -> Sides:
    """Squared distance of the last iterate to the equilibrium: at most 64 d_0^2 (1 + min(16 eta^2 C^2 / 81, 1/2))^-t.

    Wei et al. (2021), for eta at most 1 / (8 L), L being the largest singular value of the payoffs.
    """
    matrices = _matrices(games)
    x, y, constant = subregularity(matrices)
    rates: Floats = np.asarray(factor / (8.0 * np.linalg.svd(matrices, compute_uv=False)[:, 0]), dtype=np.float64)
    batch, learner = GameBatch.of(list(games)), OptimisticGradient(rates)
    state, distances = learner.start(batch), []

    def distance(policies: Policies) -> Floats:
        mu, nu = (policy[:, 0, 0, 0] for policy in policies)
        return np.asarray(2.0 * ((mu - x) ** 2 + (nu - y) ** 2))

    first = distance(state.iterate)
    for t in at.tolist():
        state = learner.advance(batch, state, t - state.iteration)
        distances.append(distance(learner.output(state)))
    speed = np.minimum(16.0 * rates**2 * constant**2 / 81.0, 0.5)
    right = 64.0 * first[:, np.newaxis] * (1.0 + speed[:, np.newaxis]) ** -at.astype(np.float64)
    return Sides(np.stack(distances, axis=1), right, rates)


def quantal_responses(games: GameBatch[Any], temperature: float) -> Policies:
    """Equilibria with entropy: where a long run of the predictive update ends, made sure of by what defines them.

    Raises ArithmeticError unless each player's policy is within 1e-12 of softmax(payoffs / tau).
    """
    rate = 1.0 / (temperature + 2.0 * float(np.abs(games.reward).max()))
    learner = EntropyExtragradient(rate, temperature)
    state = learner.advance(games, learner.start(games), math.ceil(40.0 / (rate * temperature)))
    mu, nu = learner.output(state)
    wanted = (
        simplex.softmax(np.einsum("ghsab,ghsb->ghsa", games.reward, nu) / temperature),
        simplex.softmax(-np.einsum("ghsab,ghsa->ghsb", games.reward, mu) / temperature),
    )
    off = max(float(np.abs(one - other).max()) for one, other in zip((mu, nu), wanted, strict=True))
    if off > 1e-12:
        raise ArithmeticError(f"the equilibrium with entropy is known to {off:g} only, and 1e-12 is needed")
    return mu, nu


def entropic_last(
    games: Sequence[Any], factor: float, at: Integers, learner_of: Callable[..., EntropyExtragradient]
) -> Sides:
    """Divergence of the equilibrium with entropy from x^t: at most (1 - eta tau)^t times that from x^0.

    Cen, Wei and Chi (2021): for the predictive update and eta at most 1 / (tau + 2 max Q), for optimistic
    multiplicative weights and eta at most 1 / (2 tau + 2 max Q) and 1 / (4 max Q).
    """
    batch = GameBatch.of(list(games))
    most = np.abs(_matrices(games)).reshape(len(games), -1).max(axis=1)
    rates = 1.0 / (TEMPERATURE + 2.0 * most)
    if learner_of is EntropyOMWU:
        rates = np.minimum(1.0 / (2.0 * TEMPERATURE + 2.0 * most), 0.25 / most)
    rates = factor * rates
    wanted, learner = quantal_responses(batch, TEMPERATURE), learner_of(rates, TEMPERATURE)
    state, met = learner.start(batch), []

    def divergence(policies: Policies) -> Floats:
        both = [simplex.kl_divergence(x, z)[:, 0, 0] for x, z in zip(wanted, policies, strict=True)]
        return np.asarray(both[0] + both[1])

    first = divergence(learner.output(state))
    for t in at.tolist():
        state = learner.advance(batch, state, t - state.iteration)
        met.append(divergence(learner.output(state)))
    kept = (1.0 - rates * TEMPERATURE)[:, np.newaxis] ** at.astype(np.float64)
    return Sides(np.stack(met, axis=1), first[:, np.newaxis] * kept, rates)


# Natural policy gradient --------------------------------------------------------------------------------


def natural_single(games: Sequence[Any], factor: float, at: Integers) -> Sides:
    """V* - V^T of one player: at most log(A) / (eta T) + 1 / ((1 - gamma)^2 T), Agarwal et al. (2021), at any eta.

    The rate 1 is the one at which both terms are the same.
    """
    game: DiscountedGame = games[0]
    (actions,), rest = game.n_actions, 1.0 - game.discount
    rate = factor * rest**2 * math.log(actions)
    run = learn(list(games), NaturalGradient(rate), at[-1], at=at)
    right = (math.log(actions) / rate + 1.0 / rest**2) / at
    return Sides(run.ne_gap, np.broadcast_to(right, run.ne_gap.shape), np.full(len(games), rate))


def natural_bound(least: Floats, rate: float, iterations: Integers, *, discount: float, mismatch: float) -> Floats:
    r"""What is proven of the mean NE-gap of natural policy gradient in Markov teams, rewards in [0, 1]; derived here.

    Of the form of Zhang et al. (2022), 1 / sqrt(c T) with c the least probability of a best action in the run. Let
    eta be at most 2 (1 - gamma)^2 / (N - 1), delta_i = pi_i^{t+1} - pi_i^t, and E the mean over initial states.

    - eta / (1 - gamma) <delta_i, A_i> = KL + KL' >= |delta_i|^2, and what the others' changes move is at most
      (N - 1) / (4 (1 - gamma)) times the sum of |delta_i|^2. So V^{t+1} - V^t >= E sum_i <delta_i, A_i> / 2, and the
      sum of these means over t is at most 2 / (1 - gamma).
    - With A* the largest advantage, eta <delta_i, A_i> / (1 - gamma) >= log(1 + c x^2 / 2), x = eta A* / (1 - gamma):
      that is at least log(1 + U) / U times c x^2 / 2 for U = c eta^2 / (2 (1 - gamma)^4).
    - The NE-gap is at most the root of M E A*^2 over 1 - gamma, M one over the least initial probability.

    Together the mean over t < T is at most the root of 4 M U / ((1 - gamma)^2 c eta log(1 + U) T).

    Parameters
    ----------
    least : (..., C) array
        c over the iterations before T.
    rate : float
        eta; beyond the largest one nothing is proven, and the formula is as it stands.
    iterations : (C,) array
        T.
    discount, mismatch : float
        gamma and M.

    Examples
    --------
    >>> natural_bound(np.array([0.5]), 0.5, np.array([100]), discount=0.5, mismatch=2.0).round(4)
    array([1.3478])
    """
    rest = 1.0 - discount
    most = least * rate**2 / (2.0 * rest**4)
    return np.asarray(np.sqrt(4.0 * mismatch * most / (rest**2 * least * rate * np.log1p(most) * iterations)))


def natural_averages(games: Sequence[Any], factor: float, at: Integers) -> Sides:
    """Mean NE-gap over t < T in Markov teams, beside :func:`natural_bound`; the rate 1 is the largest of its proof."""
    game: DiscountedGame = games[0]
    players, rest = game.n_players, 1.0 - game.discount
    rate = factor * 2.0 * rest**2 / max(players - 1, 1)
    batch, learner = GameBatch.of(list(games)), NaturalGradient(rate)
    state, total, least = learner.start(batch), np.zeros(len(games)), np.ones(len(games))
    means, seen = {}, {}
    for t in range(1, int(at[-1]) + 1):
        policy = learner.output(state)
        total, least = total + ne_gaps(batch, policy), np.minimum(least, _best_probability(batch, policy))
        means[t], seen[t] = total / t, least
        state = learner.advance(batch, state, 1)
    left, met = (np.stack([found[t] for t in at.tolist()], axis=1) for found in (means, seen))
    mismatch = 1.0 / float(batch.initial.min())
    right = natural_bound(met, rate, at, discount=game.discount, mismatch=mismatch)
    return Sides(left, right, np.full(len(games), rate))


def _best_probability(games: GameBatch[Any], policy: Policies) -> Floats:
    """Smallest probability over players and states of what is best against the others, (G,)."""
    found = []
    value = all_values(games, policy)
    worth = games.reward + games.game.discount * games.transitions.expect(value, 0)
    for i, own in enumerate(policy):
        advantage = average_out(worth[:, i], policy, keep=i)
        best = advantage >= largest(advantage, keepdims=True)
        found.append(largest(np.where(best, own, 0.0)).min(axis=-1))
    return np.asarray(np.minimum.reduce(found))


# All of them --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Promised:
    """A promise.

    Attributes
    ----------
    learner, family : str
        Names of the learner, and of the family of its games.
    sides : callable
        Takes games, a factor and iterations.
    most : float
        The largest factor that it is about.
    """

    learner: str
    family: str
    sides: Callable[[Sequence[Any], float, Integers], Sides]
    most: float = 1.0


PROMISED: dict[str, Promised] = {
    "plain": Promised("plain_mirror_descent", "zero_sum", plain_averages),
    "stages": Promised("staged_ftrl", "zero_sum", staged_averages),
    "gradient": Promised("optimistic_gradient", "zero_sum", gradient_last),
    "predictive": Promised(
        "entropy_extragradient", "zero_sum", partial(entropic_last, learner_of=EntropyExtragradient)
    ),
    "entropy": Promised("entropy_omwu", "zero_sum", partial(entropic_last, learner_of=EntropyOMWU)),
    "single": Promised("natural_gradient", "potential", natural_single, most=math.inf),
    "team": Promised("natural_gradient", "potential", natural_averages),
}
"""Promises by the name that a configuration uses."""
