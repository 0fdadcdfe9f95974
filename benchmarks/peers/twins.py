"""Algorithm 1, projected Q-ascent and exact MAML as one writes them for arrays: in NumPy, and compiled by JAX.

Each step is written once, for either array module; games, or lanes, are the last axis, along which both are
vectorised best. JAX gets whole runs as one compiled function with loops inside, in float64.
"""

from typing import Any

import numpy as np

from metanash.games import GameBatch
from metanash.learners.schedules import next_stage_length

Arrays = tuple[Any, ...]


# --- Algorithm 1, lines 5 and 6: lanes (game, h, s) last ---


def _softmax(xp: Any, x: Any) -> Any:
    weight = xp.exp(x - x.max(axis=0))
    return weight / weight.sum(axis=0)


def mirror_start(xp: Any, q: Any) -> Arrays:
    """Uniform policies and what is summed: x, y, Q nu, mu^T Q, and the sums of mu, nu and mu^T Q nu."""
    rows, columns, lanes = q.shape
    zeros = [xp.zeros((n, lanes)) for n in (rows, columns)]
    return (*zeros, q.mean(axis=1), q.mean(axis=0), *zeros, xp.zeros(lanes))


def mirror_step(xp: Any, q: Any, eta: float, state: Arrays) -> Arrays:
    """One iteration; Q nu serves the value and then the next gradient."""
    x, y, q_nu, mu_q, sum_mu, sum_nu, sum_value = state
    x, y = x + eta * q_nu, y - eta * mu_q
    mu, nu = _softmax(xp, x + eta * q_nu), _softmax(xp, y - eta * mu_q)
    q_nu, mu_q = (q * nu).sum(axis=1), (q * mu[:, None]).sum(axis=0)
    return x, y, q_nu, mu_q, sum_mu + mu, sum_nu + nu, sum_value + (mu * q_nu).sum(axis=0)


def backed_up(xp: Any, reward: Any, transition: Any, value: Any) -> Any:
    """(A, B, lanes) of rewards (G, H, S, A, B), transitions (S, A, B, S) and average values (G, H, S)."""
    onward = xp.tensordot(value[:, 1:], transition, axes=([2], [3]))
    q = reward + xp.concatenate([onward, xp.zeros((len(reward), 1, *reward.shape[2:]))], axis=1)
    return xp.moveaxis(q.reshape(-1, *reward.shape[3:]), 0, -1)


def mirror_arrays(games: GameBatch) -> Arrays:
    """Rewards and the transitions that all games and steps share."""
    return games.reward, games.transitions.dense(0)[0].reshape(*games.reward.shape[2:], games.game.n_states)


def mirror_numpy(games: GameBatch, eta: float, iterations: int) -> list[np.ndarray]:
    """Average policies (A_i, lanes) of Algorithm 1."""
    reward, transition = mirror_arrays(games)
    lanes, length = reward[..., 0, 0].size, games.game.horizon
    q, totals, left = np.zeros((*reward.shape[3:], lanes)), [0.0, 0.0], iterations
    while left:
        state, now = mirror_start(np, q), min(left, length)
        for _ in range(now):
            state = mirror_step(np, q, eta, state)
        totals = [total + part for total, part in zip(totals, state[4:6], strict=True)]
        q = backed_up(np, reward, transition, (state[6] / now).reshape(reward.shape[:3]))
        left, length = left - now, next_stage_length(length, games.game.horizon)
    return [np.asarray(total / iterations) for total in totals]


def mirror_jax() -> Any:
    """The same, compiled: a function of rewards, transitions, eta and iterations."""
    import jax
    import jax.numpy as jnp

    def run(reward: Any, transition: Any, eta: float, iterations: int) -> Arrays:
        horizon = reward.shape[1]

        def stage(carry: Arrays) -> Arrays:
            q, sum_mu, sum_nu, left, length = carry
            now = jnp.minimum(left, length)
            state = jax.lax.fori_loop(0, now, lambda _, s: mirror_step(jnp, q, eta, s), mirror_start(jnp, q))
            q = backed_up(jnp, reward, transition, (state[6] / now).reshape(reward.shape[:3]))
            return q, sum_mu + state[4], sum_nu + state[5], left - now, length * (horizon + 1) // horizon

        rows, columns = reward.shape[3:]
        lanes = reward[..., 0, 0].size
        first = (jnp.zeros((rows, columns, lanes)), jnp.zeros((rows, lanes)), jnp.zeros((columns, lanes)))
        last = jax.lax.while_loop(lambda carry: carry[3] > 0, stage, (*first, iterations, jnp.asarray(horizon)))
        return last[1] / iterations, last[2] / iterations

    return jax.jit(run)


# --- Projected Q-ascent (7), teams: games last ---


def projected(xp: Any, x: Any) -> Any:
    """Projection of axis 1 onto the simplex: the threshold is the largest over i of that of all x_j >= x_i."""
    above = x[:, :, None] >= x[:, None]
    candidates = ((above * x[:, :, None]).sum(axis=1) - 1.0) / above.sum(axis=1)
    return xp.maximum(x - candidates.max(axis=1)[:, None], 0.0)


def averaged(table: Any, policies: Arrays, keep: int | None = None) -> Any:
    """A table (S, A_1, ..., A_N, ..., G) averaged over all players but one."""
    for player in reversed(range(len(policies))):
        if player != keep:
            extra = table.ndim - 2 - player - 1
            states, actions, games = policies[player].shape
            weight = policies[player].reshape(states, *[1] * player, actions, *[1] * extra, games)
            table = (table * weight).sum(axis=1 + player)
    return table


def solved(matrix: Any, right: Any) -> Any:
    """Solution (S, G) of systems (S, S, G), diagonally dominant: Gaussian elimination, written out."""
    size = len(right)
    rows, right = [[matrix[i, j] for j in range(size)] for i in range(size)], list(right)
    for k in range(size):
        for i in range(k + 1, size):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
            right[i] = right[i] - factor * right[k]
    value: list[Any] = [None] * size
    for i in reversed(range(size)):
        value[i] = (right[i] - sum(rows[i][j] * value[j] for j in range(i + 1, size))) / rows[i][i]
    return value


def ascent_step(xp: Any, reward: Any, transition: Any, discount: float, step: float, policies: Arrays) -> Arrays:
    """One iteration; rewards (S, A_1, ..., A_N, G), transitions (S, A_1, ..., A_N, S, 1)."""
    states = len(reward)
    chain = xp.eye(states)[:, :, None] - discount * averaged(transition, policies)
    value = solved(chain, averaged(reward, policies))
    q = reward + discount * sum(transition[..., z, :] * value[z] for z in range(states))
    return tuple(projected(xp, policy + step * averaged(q, policies, i)) for i, policy in enumerate(policies))


def ascent_arrays(games: GameBatch) -> Arrays:
    """Rewards, and the transitions that all games share, with games last; uniform policies."""
    game = games.game
    reward = np.ascontiguousarray(np.moveaxis(games.reward[:, 0], 0, -1))
    transition = games.transitions.dense(0)[0].reshape(game.n_states, *game.n_actions, game.n_states, 1)
    policies = tuple(np.full((game.n_states, n, len(games)), 1.0 / n) for n in game.n_actions)
    return reward, transition, policies


def ascent_numpy(games: GameBatch, step: float, iterations: int) -> Arrays:
    """Last iterates (S, A_i, G)."""
    reward, transition, policies = ascent_arrays(games)
    for _ in range(iterations):
        policies = ascent_step(np, reward, transition, games.game.discount, step, policies)
    return policies


def ascent_jax() -> Any:
    """The same, compiled: a function of rewards, transitions, policies, discount, step size and iterations."""
    import jax
    import jax.numpy as jnp

    def run(reward: Any, transition: Any, policies: Arrays, discount: float, step: float, iterations: int) -> Arrays:
        def body(_: int, now: Arrays) -> Arrays:
            return ascent_step(jnp, reward, transition, discount, step, now)

        return jax.lax.fori_loop(0, iterations, body, policies)

    return jax.jit(run)


# --- Exact MAML, teams: games last ---


def potential_value(xp: Any, reward: Any, transition: Any, initial: Any, discount: float, logits: Arrays) -> Any:
    """Values (G,) of softmax policies with logits (S, A_i, G) or (S, A_i, 1); initial distributions (S, G)."""
    policies = tuple(_softmax(xp, xp.moveaxis(part, 1, 0)).swapaxes(0, 1) for part in logits)
    chain = xp.eye(len(reward))[:, :, None] - discount * averaged(transition, policies)
    value = solved(chain, averaged(reward, policies))
    return sum(start * own for start, own in zip(initial, value, strict=True))


def maml_arrays(games: GameBatch) -> Arrays:
    """Rewards, transitions, initial distributions, and logits 0 that the games share."""
    reward, transition, _ = ascent_arrays(games)
    logits = tuple(np.zeros((games.game.n_states, n, 1)) for n in games.game.n_actions)
    return reward, transition, np.ascontiguousarray(games.initial.T), logits


def maml_jax() -> Any:
    """Meta-ascent whose gradients are JAX's own, through the inner ascent.

    A function of what ``maml_arrays`` makes, discount, inner and outer step size, iterations and (fixed when it is
    compiled) inner steps.
    """
    import jax
    import jax.numpy as jnp

    def objective(theta: Arrays, model: Arrays, discount: float, inner_step: float, inner_steps: int) -> Any:
        def total(own: Arrays) -> Any:
            return potential_value(jnp, *model, discount, own).sum()

        own = tuple(jnp.broadcast_to(part, (*part.shape[:2], model[0].shape[-1])) for part in theta)
        for _ in range(inner_steps):
            own = tuple(x + inner_step * g for x, g in zip(own, jax.grad(total)(own), strict=True))
        return potential_value(jnp, *model, discount, own).mean()

    def run(*arguments: Any) -> Arrays:
        *model, theta, discount, inner_step, step, iterations, inner_steps = arguments

        def body(_: int, now: Arrays) -> Arrays:
            gradient = jax.grad(objective)(now, tuple(model), discount, inner_step, inner_steps)
            return tuple(x + step * g for x, g in zip(now, gradient, strict=True))

        return jax.lax.fori_loop(0, iterations, body, theta)

    return jax.jit(run, static_argnums=8)
