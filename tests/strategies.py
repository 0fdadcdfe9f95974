"""Random games and policies for hypothesis.

A game is drawn as :class:`Tables`, plain dense arrays, which both the library (through :meth:`Tables.game`) and the
oracles read. All numbers are dyadic rationals with few bits: floats hold them exactly, distributions sum to exactly
one, ties and zeros are frequent, and the oracles may compute in fractions. Sizes and the seed of a generator are
what hypothesis draws and shrinks; the entries come from the generator, which is fast.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy import sparse

from metanash import DiscountedGame, MarkovGame, Transition, ZeroSumGame

STORAGES = ("per_step", "shared", "sparse", "sparse_shared")
GRAIN = 16
"""Probabilities are multiples of 1 / GRAIN."""


def random_distributions(rng, *shape, concentration=0.5):
    """Distributions along the last axis with entries in multiples of 1/16; many entries are 0."""
    weights = rng.dirichlet(np.full(shape[-1], concentration), size=shape[:-1])
    return rng.multinomial(GRAIN, weights) / GRAIN


def random_interior(rng, *shape):
    """Distributions along the last axis, multiples of 1/256, no entry 0."""
    n = shape[-1]
    return (1.0 + rng.multinomial(256 - n, np.full(n, 1.0 / n), size=shape[:-1])) / 256


def random_vertices(rng, *shape):
    """Deterministic choices along the last axis."""
    return np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])]


def random_rewards(rng, flavour, *shape):
    """Rewards in [0, 1]. ``coarse``: 0, 1/2 or 1, so that payoffs tie; else multiples of 1/64."""
    levels = 2 if flavour == "coarse" else 64
    return rng.integers(levels, size=shape, endpoint=True) / levels


@dataclass(frozen=True)
class Tables:
    """A game in dense arrays.

    reward: (N, H, S, A_1, ..., A_N), or without H for a discounted game; one row for a zero-sum game or a team.
    kernel: (H, S, A_1, ..., A_N, S), with H = 1 for a discounted game.
    """

    kind: str
    reward: np.ndarray
    kernel: np.ndarray
    initial: np.ndarray
    storage: str = "per_step"
    discount: float | None = None

    @property
    def horizon(self):
        return len(self.kernel)

    @property
    def n_states(self):
        return self.kernel.shape[-1]

    @property
    def actions(self):
        return self.kernel.shape[2:-1]

    @property
    def n_players(self):
        return len(self.actions)

    def rewards_of_all(self):
        """(N, ...): one reward a player, whatever the kind."""
        if self.kind == "zero_sum":
            return np.stack([self.reward[0], -self.reward[0]])
        return np.broadcast_to(self.reward, (self.n_players, *self.reward.shape[1:]))

    def transition(self):
        kernels = self.kernel if self.storage in {"per_step", "sparse"} else self.kernel[:1]
        if not self.storage.startswith("sparse"):
            return Transition.per_step(kernels) if self.storage == "per_step" else Transition.shared(kernels[0])
        rows = [sparse.csr_array(kernel.reshape(-1, self.n_states)) for kernel in kernels]
        return Transition.sparse(rows, self.actions)

    def game(self, transition=None):
        kernel = self.transition() if transition is None else transition
        if self.kind == "zero_sum":
            return ZeroSumGame(self.reward[0], kernel, self.initial)
        if self.kind == "markov":
            return MarkovGame(self.reward, kernel, self.initial)
        return DiscountedGame(self.reward, kernel, self.discount, self.initial)

    def policy_shape(self, player):
        lead = () if self.kind == "discounted" else (self.horizon,)
        return (*lead, self.n_states, self.actions[player])

    def random_policy(self, rng, flavour):
        make = {"interior": random_interior, "boundary": random_distributions, "vertex": random_vertices}[flavour]
        return tuple(make(rng, *self.policy_shape(i)) for i in range(self.n_players))


def random_tables(
    rng, kind, horizon, states, actions, *, storage="per_step", flavour="fine", discount=None, reward_rows=None
):
    """Tables of one size; ``flavour`` is ``fine``, ``coarse`` or ``twins`` (two actions of each player are equal)."""
    rows = reward_rows or (1 if kind == "zero_sum" else len(actions))
    steps = () if kind == "discounted" else (horizon,)
    reward = random_rewards(rng, flavour, rows, *steps, states, *actions)
    kernel = random_distributions(rng, horizon, states, *actions, states)
    if flavour == "twins":
        for axis in range(len(actions)):
            reward_axis, kernel_axis = reward.ndim - len(actions) + axis, 2 + axis
            reward = _copy_first(reward, reward_axis)
            kernel = _copy_first(kernel, kernel_axis)
    if storage.endswith("shared"):
        kernel = np.broadcast_to(kernel[:1], kernel.shape)
    initial = random_interior(rng, states) if kind == "discounted" else random_distributions(rng, states)
    return Tables(kind, reward, kernel, initial, storage, discount)


def _copy_first(table, axis):
    """Make the last action the twin of the first."""
    moved = np.moveaxis(table.copy(), axis, 0)
    moved[-1] = moved[0]
    return np.moveaxis(moved, 0, axis)


pure_starts = pytest.mark.filterwarnings("ignore::metanash.learners.base.PureStartWarning")
"""For tests that start from initial policies with zeros and mean it."""
seeds = st.integers(0, 2**32 - 1)
flavours = st.sampled_from(["fine", "coarse", "twins"])
storages = st.sampled_from(STORAGES)
policy_flavours = st.sampled_from(["interior", "boundary", "vertex"])


@st.composite
def tables(draw, kind, max_horizon=3, max_states=3, max_actions=3, max_players=3, max_choices=300):
    """Tables of a kind, small enough for enumeration: at most ``max_choices`` deterministic policies a player."""
    players = 2 if kind == "zero_sum" else draw(st.integers(1, max_players))
    actions = tuple(draw(st.integers(1, max_actions)) for _ in range(players))
    horizon = 1 if kind == "discounted" else draw(st.integers(1, max_horizon))
    states = draw(st.integers(1, max_states))
    while max(actions) ** (horizon * states) > max_choices:
        horizon, states = (horizon - 1, states) if horizon > states else (horizon, states - 1)
    storage = draw(storages)
    if kind == "discounted":  # its only kernel is a shared one
        storage = "sparse_shared" if storage.startswith("sparse") else "shared"
    discount = draw(st.sampled_from([0.0, 0.5, 0.75, 0.9375])) if kind == "discounted" else None
    rows = draw(st.sampled_from([1, players])) if kind == "discounted" else None
    rng = np.random.default_rng(draw(seeds))
    return random_tables(
        rng, kind, horizon, states, actions, storage=storage, flavour=draw(flavours), discount=discount,
        reward_rows=rows,
    )  # fmt: skip


@st.composite
def tables_and_policy(draw, kind, **limits):
    """Tables, and a product policy in them."""
    game = draw(tables(kind, **limits))
    return game, game.random_policy(np.random.default_rng(draw(seeds)), draw(policy_flavours))
