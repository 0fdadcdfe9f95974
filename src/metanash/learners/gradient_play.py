"""Independent gradient play in discounted games: the common part of projected Q-ascent and softmax policy gradient.

All players move at once, each along its own gradient under the current joint policy; the output is the last iterate.
On request the exact NE-gap of *every* iterate is summed, inside the kernel: Proposition 1 (Mao et al. 2023) is about
its mean over pi^0, ..., pi^{T-1}.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metanash import kernels, simplex
from metanash._inner.checks import all_integers, integer
from metanash.games import DiscountedGame, GameBatch, check_batch
from metanash.gaps import ne_gaps
from metanash.learners.base import Policies, checked_policies, learning_rates
from metanash.policy_gradient import beside, parts_of
from metanash.typing import Floats

__all__ = ["AscentState", "advance", "advance_and_measure", "measures", "starting_state"]


@dataclass(frozen=True, eq=False)
class AscentState:
    """State of independent gradient play.

    Attributes
    ----------
    iteration : int
        t.
    step : (G,)
        Step sizes.
    parameters : tuple of (G, S, A_i)
        What the gradient moves: the policies pi^t of projected Q-ascent, the logits theta^t of softmax policies.
    gap_sums : (2, G)
        Sum of the NE-gaps of the iterates 0, ..., t - 1, in whole chunks and the rest; zero where it is not asked for.
    least_best : (G,)
        The least probability, over those iterates, players and states, that a player puts on its best actions, those
        within 1e-12 of its largest averaged Q-value; 1 before the first iteration or where it is not asked for.
    responses : (G, S, N)
        Best responses to the last iterate, as numbers of actions: where the next policy iteration starts.

    Examples
    --------
    >>> import metanash as mn
    >>> (team,) = mn.families.potential_sequence("team", 3, n_games=1, perturbation=0.1, discount=0.5, n_actions=(2, 3))
    >>> state = mn.learn(team, mn.ProjectedQAscent(0.1), 5).state
    >>> state.iteration, state.step.tolist(), [part.shape[-1] for part in state.parameters]
    (5, [0.1], [2, 3])
    """

    iteration: int
    step: Floats
    parameters: Policies
    gap_sums: Floats
    least_best: Floats
    responses: Floats


def starting_state(
    games: GameBatch[DiscountedGame], initial: Policies | None, step_size: float | Floats
) -> AscentState:
    """State before the first iteration, its parameters being the initial policies.

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

    Raises
    ------
    ValueError
        If the games are not discounted, the step size is out of range, or an initial policy is no policy.

    Examples
    --------
    >>> import metanash as mn
    >>> teams = GameBatch.of(mn.families.potential_sequence("team", 3, n_games=1, perturbation=0.1, discount=0.5,
    ...     n_actions=(2, 4)))
    >>> [part[0, 0].tolist() for part in starting_state(teams, None, 0.1).parameters]
    [[0.5, 0.5], [0.25, 0.25, 0.25, 0.25]]
    """
    check_batch("starting_state", games, DiscountedGame)
    game, count = games.game, len(games)
    if initial is None:
        initial = tuple(simplex.uniform(1, game.n_states, n) for n in game.n_actions)
    policy = checked_policies(initial, [(count, game.n_states, n) for n in game.n_actions])
    rates = learning_rates(step_size, count, "step_size")
    responses = np.zeros((count, game.n_states, game.n_players))
    return AscentState(0, rates, policy, np.zeros((2, count)), np.ones(count), responses)


def advance(
    games: GameBatch[DiscountedGame],
    state: AscentState,
    iterations: int,
    *,
    softmax: bool,
    every_gap: bool,
    natural: bool = False,
) -> AscentState:
    """State after more iterations. Raises ValueError if ``iterations`` is negative.

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

    Examples
    --------
    >>> import metanash as mn
    >>> teams = GameBatch.of(mn.families.potential_sequence("team", 3, n_games=1, perturbation=0.1, discount=0.5))
    >>> begun = starting_state(teams, None, 0.1)
    >>> advance(teams, begun, 5, softmax=False, every_gap=False).iteration, begun.iteration
    (5, 0)
    """
    check_batch("advance", games, DiscountedGame)
    integer("iterations", iterations, 0)
    own = _copied(state)
    parameters = beside(own.parameters)
    call = _call(games, own, parameters, softmax, every_gap, natural=natural)
    kernels.ascent(**call, done=state.iteration, iterations=iterations)
    return replace(own, iteration=state.iteration + iterations, parameters=parts_of(parameters, games.game.n_actions))


def advance_and_measure(
    games: GameBatch[DiscountedGame], state: AscentState, pieces: Sequence[int], *, softmax: bool, every_gap: bool
) -> tuple[AscentState, dict[str, Floats]]:
    """State after pieces of so many iterations, and :func:`measures` after each, (n, G), in one call for all.

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else, or pieces that are not at least 1.

    Examples
    --------
    >>> import metanash as mn
    >>> teams = GameBatch.of(mn.families.potential_sequence("team", 3, n_games=1, perturbation=0.1, discount=0.5))
    >>> begun = starting_state(teams, None, 0.1)
    >>> state, found = advance_and_measure(teams, begun, [1, 4], softmax=False, every_gap=True)
    >>> state.iteration, found["ne_gap"].shape, found["mean_gap"].shape
    (5, (2, 1), (2, 1))
    """
    check_batch("advance_and_measure", games, DiscountedGame)
    own, done, means, pieces = _copied(state), state.iteration, [], all_integers("pieces", pieces, 1)
    parameters = beside(own.parameters)
    call = _call(games, own, parameters, softmax, every_gap)
    seen = np.empty((len(pieces), *parameters.shape))
    for k, iterations in enumerate(pieces):
        kernels.ascent(**call, done=done, iterations=iterations)
        done += iterations
        seen[k] = parameters
        if every_gap:
            means.append(own.gap_sums.sum(axis=0) / max(done, 1))
    gaps = np.empty((len(pieces), len(games)))
    for block, again in games.measured_together(len(pieces)):
        rows = parts_of(seen[block].reshape(-1, *parameters.shape[1:]), games.game.n_actions)
        policies = tuple(simplex.softmax(part) for part in rows) if softmax else rows
        gaps[block] = ne_gaps(again, policies).reshape(-1, len(games))
    found = {"ne_gap": gaps}
    if every_gap:
        found["mean_gap"] = np.stack(means)
    return replace(own, iteration=done, parameters=parts_of(parameters, games.game.n_actions)), found


def _copied(state: AscentState) -> AscentState:
    """A state whose sums and responses are its own."""
    return replace(
        state,
        gap_sums=state.gap_sums.copy(),
        least_best=state.least_best.copy(),
        responses=state.responses.copy(),
    )


def _call(
    games: GameBatch[DiscountedGame],
    state: AscentState,
    parameters: Floats,
    softmax: bool,
    every_gap: bool,
    *,
    natural: bool = False,
) -> dict[str, Any]:
    """Arguments of :func:`metanash.kernels.ascent` but for iterations, which advances arrays of the state."""
    game, transition = games.game, games.transitions.dense(0)
    return {
        "reward": games.reward,
        "transition": transition,
        "index": games.transitions.index,
        "step": state.step,
        "initial": games.initial,
        "actions": np.array(game.n_actions, dtype=np.int64),
        "policy": parameters,
        "response": state.responses,
        "sum_gap": state.gap_sums,
        "least": state.least_best,
        "discount": game.discount,
        "lanes": len(games),
        "players": game.n_players,
        "states": game.n_states,
        "joint": games.joint_actions,
        "reward_rows": games.reward.shape[1],
        "columns": parameters.shape[-1],
        "kinds": len(transition),
        "softmax": int(softmax),
        "natural": int(natural),
        "measure": int(every_gap),
    }


def measures(
    games: GameBatch[DiscountedGame], state: AscentState, policy: Policies, *, every_gap: bool
) -> dict[str, Floats]:
    """``ne_gap`` of the last iterate; with ``every_gap`` also ``mean_gap``, over the iterates 0, ..., t - 1.

    Takes a GameBatch of DiscountedGame; raises ValueError for anything else.

    Examples
    --------
    >>> import metanash as mn
    >>> teams = GameBatch.of(mn.families.potential_sequence("team", 3, n_games=1, perturbation=0.1, discount=0.5))
    >>> state = advance(teams, starting_state(teams, None, 0.1), 5, softmax=False, every_gap=True)
    >>> sorted(measures(teams, state, state.parameters, every_gap=True))
    ['mean_gap', 'ne_gap']
    """
    check_batch("measures", games, DiscountedGame)
    found = {"ne_gap": ne_gaps(games, policy)}
    if every_gap:
        found["mean_gap"] = state.gap_sums.sum(axis=0) / max(state.iteration, 1)
    return found
