"""Potential games: told from others by a check that is itself checked by enumeration, derivatives and hand.

The oracles share nothing with the library: values by loops over joint actions, existence of a potential of a
two-player normal form by double centring (V_1 - V_2 must split into a function of one plus a function of the other).
"""

import itertools
import math

import numpy as np
import pytest
from scipy import sparse

import metanash as mn
from metanash.games import DiscountedGame, GameBatch, MarkovGame, ZeroSumGame
from metanash.similarity import (
    POTENTIAL_TOLERANCE,
    distribution_mismatch,
    is_potential_game,
    largest_potential_drops,
    largest_potentials,
    potential_deviation,
    stage_potential_deviation,
)

ROUNDING = 1e-11
SIZES = [(3,), (1,), (2, 2), (2, 3), (4, 1), (2, 3, 2), (1, 2, 3)]


def random_kernel(rng, states, actions):
    return rng.dirichlet(np.ones(states), size=(states, *actions))


def still_kernel(rng, states, actions):
    """Transitions that no action moves."""
    chance = rng.dirichlet(np.ones(states), size=states)
    return np.broadcast_to(chance.reshape(states, *(1,) * len(actions), states), (states, *actions, states))


def team(rng, actions, states=3, discount=0.8):
    kernel = mn.Transition.shared(random_kernel(rng, states, actions))
    return DiscountedGame(rng.uniform(size=(1, states, *actions)), kernel, discount)


def action_independent(rng, actions, states=3, discount=0.8):
    """r_i = (phi + d_i) / 2, and d_i does not see the action of player i."""
    phi = rng.uniform(size=(states, *actions))
    rewards = []
    for i in range(len(actions)):
        others = rng.uniform(size=(states, *(1 if j == i else n for j, n in enumerate(actions))))
        rewards.append((phi + others) / 2)
    kernel = mn.Transition.shared(still_kernel(rng, states, actions))
    return DiscountedGame(np.array(rewards), kernel, discount, potential=phi / 2)


def identical_interest(rng, actions, states=3, horizon=3):
    reward = np.broadcast_to(rng.uniform(size=(horizon, states, *actions)), (len(actions), horizon, states, *actions))
    kernel = np.stack([random_kernel(rng, states, actions) for _ in range(horizon)])
    return MarkovGame(reward, mn.Transition.per_step(kernel))


def general(rng, actions, states=2, discount=0.7):
    kernel = mn.Transition.shared(random_kernel(rng, states, actions))
    return DiscountedGame(rng.uniform(size=(len(actions), states, *actions)), kernel, discount)


def normal_form(payoffs, discount=0.0):
    """A one-state game: values are payoffs / (1 - discount)."""
    payoffs = np.asarray(payoffs, dtype=float)
    actions = payoffs.shape[1:]
    return DiscountedGame(payoffs[:, np.newaxis], mn.Transition.shared(np.ones((1, *actions, 1))), discount)


# Oracles ------------------------------------------------------------------------------------------------


def loop_values(game, policies, player):
    """Values (S,) of a discounted game: loops over joint actions, then sweeps until discount^n < 1e-16."""
    states, reward = game.n_states, game.reward[player if len(game.reward) > 1 else 0]
    earned, chain = np.zeros(states), np.zeros((states, states))
    for s in range(states):
        for joint in itertools.product(*map(range, game.n_actions)):
            weight = math.prod(float(policies[j][s, a]) for j, a in enumerate(joint))
            earned[s] += weight * reward[(s, *joint)]
            for z in range(states):
                chain[s, z] += weight * game.transition.kernel[(0, s, *joint, z)]
    value = np.zeros(states)
    for _ in range(math.ceil(37 / -math.log(game.discount))):
        value = earned + game.discount * chain @ value
    return value


def finite_values(game, policies, player):
    """Values (H, S) of a finite-horizon game, by loops; ``policies[i][h][s]`` is the action played."""
    value = np.zeros((game.horizon + 1, game.n_states))
    for h in reversed(range(game.horizon)):
        for s in range(game.n_states):
            joint = tuple(policy[h][s] for policy in policies)
            onward = sum(
                game.transition.kernel[(h, s, *joint, z)] * value[h + 1, z] * (h + 1 < game.horizon)
                for z in range(game.n_states)
            )
            value[h, s] = game.reward[(player, h, s, *joint)] + onward
    return value[:-1]


def pure_policies(game, player):
    steps = itertools.product(range(game.n_actions[player]), repeat=game.n_states)
    return list(itertools.product(list(steps), repeat=game.horizon))


def largest_cycle(first, second):
    """Largest gain around a square of a two-player normal form: that of the difference of the payoffs."""
    d = first - second
    square = d[:, np.newaxis, :, np.newaxis] - d[np.newaxis, :, :, np.newaxis]
    return float(np.abs(square - (d[:, np.newaxis, np.newaxis, :] - d[np.newaxis, :, np.newaxis, :])).max())


def splits(first, second):
    """Whether payoffs of two players have a potential: their difference is f(own) + g(other)."""
    d = first - second
    centred = d - d.mean(axis=0, keepdims=True) - d.mean(axis=1, keepdims=True) + d.mean()
    return bool(np.abs(centred).max() < 1e-12)


def exact_deviation(game):
    """Largest cycle of a two-player finite-horizon game over all deterministic Markov policies and all (h, s).

    It is the true deviation: around a square, the gain is affine in each player's distribution at each (h, s),
    so no random policy beats the deterministic ones.
    """
    choices = [pure_policies(game, i) for i in range(2)]
    tables = np.array(
        [[[finite_values(game, (one, two), i) for two in choices[1]] for one in choices[0]] for i in range(2)]
    )
    return max(
        largest_cycle(tables[(0, slice(None), slice(None), h, s)], tables[(1, slice(None), slice(None), h, s)])
        for h, s in np.ndindex(game.horizon, game.n_states)
    )


def mixed_derivative(game, policies, moves, player, step=1e-3):
    """d^2 V_player / d pi_0 d pi_1 along tangent directions, central differences: (S,)."""
    total = np.zeros(game.n_states)
    for sign_0, sign_1 in itertools.product((1, -1), repeat=2):
        moved = list(policies)
        moved[0] = policies[0] + sign_0 * step * moves[0]
        moved[1] = policies[1] + sign_1 * step * moves[1]
        total += sign_0 * sign_1 * loop_values(game, moved, player)
    return total / (4 * step**2)


def asymmetry(game, rng):
    """Largest difference of the players' mixed derivatives at a random interior policy, 0 if there is a potential."""
    policies = [rng.dirichlet(5 * np.ones(n), size=game.n_states) for n in game.n_actions]
    moves = []
    for n in game.n_actions:
        move = rng.normal(size=(game.n_states, n))
        moves.append(0.1 * (move - move.mean(axis=1, keepdims=True)))
    return float(np.abs(np.subtract(*(mixed_derivative(game, policies, moves, i) for i in range(2)))).max())


# Potential games ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("actions", SIZES)
@pytest.mark.parametrize("make", [team, action_independent, identical_interest])
def test_potential_games_have_no_deviation(make, actions):
    for number in range(3):
        game = make(np.random.default_rng([number, *actions]), actions)
        assert potential_deviation(game) <= ROUNDING
        assert is_potential_game(game)


@pytest.mark.parametrize("make", [team, action_independent])
@pytest.mark.parametrize("actions", SIZES)
def test_their_stage_potentials_are_right(make, actions):
    assert stage_potential_deviation(make(np.random.default_rng([*actions]), actions)) <= ROUNDING


@pytest.mark.parametrize("kind", ["team", "action_independent"])
@pytest.mark.parametrize("actions", [(2, 2), (2, 3, 4)])
def test_families_of_potential_games_are_what_they_say(kind, actions):
    for game in mn.families.potential_sequence(
        kind, 3, "similarity", n_games=3, perturbation=0.4, n_actions=actions, n_states=3, transition_mixing=0.3
    ):
        assert is_potential_game(game)


def test_congestion_games_have_a_potential():
    """Rosenthal 1973: two players, two roads, delays that grow with the load. Not of identical interest."""
    cost = {1: (0.1, 0.3), 2: (0.7, 0.4)}  # cost[load][road]
    payoffs = np.zeros((2, 2, 2))
    for a, b in itertools.product(range(2), repeat=2):
        payoffs[:, a, b] = [1 - cost[1 + (a == b)][a], 1 - cost[1 + (a == b)][b]]
    assert splits(*payoffs)
    assert (payoffs[0] != payoffs[1]).any()
    assert potential_deviation(normal_form(payoffs)) <= ROUNDING
    assert potential_deviation(normal_form(payoffs, 0.9)) <= ROUNDING


def test_one_player_always_has_a_potential():
    rng = np.random.default_rng(1)
    assert potential_deviation(general(rng, (3,))) == 0.0
    kernel = mn.Transition.shared(random_kernel(rng, 2, (3,)))
    assert is_potential_game(MarkovGame(rng.uniform(size=(1, 4, 2, 3)), kernel))


def test_rescaling_rewards_of_a_team_by_player_is_no_potential_game():
    """Weighted potential games are not meant: gains must be equal, not proportional."""
    payoff = np.array([[1.0, 0.0], [0.0, 0.5]])
    assert potential_deviation(normal_form([payoff, payoff / 2])) == pytest.approx(0.75)  # 1.5 - 0.75


def test_a_team_is_a_potential_game_at_any_discount():
    assert is_potential_game(team(np.random.default_rng(0), (2, 2), discount=0.9999))


# Games without a potential ------------------------------------------------------------------------------


@pytest.mark.parametrize("actions", [(2, 2), (2, 3), (3, 2, 2)])
def test_random_games_have_none(actions):
    for number in range(5):
        rng = np.random.default_rng([number, *actions])
        game = general(rng, actions)
        assert potential_deviation(game) > 0.05
        assert not is_potential_game(game)
        kernel = np.stack([random_kernel(rng, 2, actions) for _ in range(2)])
        finite = MarkovGame(rng.uniform(size=(len(actions), 2, 2, *actions)), mn.Transition.per_step(kernel))
        assert potential_deviation(finite) > 0.05
        assert not is_potential_game(finite)


PENNIES = np.array([[1.0, 0.0], [0.0, 1.0]])


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.9])
def test_matching_pennies(discount):
    """Around the square each of the four moves gains 1, once in each period: 4 / (1 - discount)."""
    game = normal_form([PENNIES, 1 - PENNIES], discount)
    assert potential_deviation(game) == pytest.approx(4 / (1 - discount))
    assert not splits(PENNIES, 1 - PENNIES)


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_any_two_players_are_enough(pair):
    """Two of three players play matching pennies, the third is paid nothing and moves nothing."""
    payoffs = np.zeros((3, 2, 2, 2))
    for joint in itertools.product(range(2), repeat=3):
        same = float(joint[pair[0]] == joint[pair[1]])
        payoffs[(pair[0], *joint)], payoffs[(pair[1], *joint)] = same, 1 - same
    assert potential_deviation(normal_form(payoffs)) == pytest.approx(4.0)


def test_any_state_is_enough():
    """Pennies in state 1, which the game never enters from state 0; the initial state is 0."""
    reward = np.zeros((2, 1, 2, 2, 2))
    reward[0, 0, 1], reward[1, 0, 1] = PENNIES, 1 - PENNIES
    kernel = np.zeros((2, 2, 2, 2))
    kernel[0, ..., 0], kernel[1, ..., 1] = 1.0, 1.0
    assert potential_deviation(MarkovGame(reward, mn.Transition.shared(kernel))) == pytest.approx(4.0)


def test_any_step_is_enough():
    reward = np.zeros((2, 3, 1, 2, 2))
    reward[0, 2, 0], reward[1, 2, 0] = PENNIES, 1 - PENNIES
    assert potential_deviation(MarkovGame(reward, mn.Transition.shared(np.ones((1, 2, 2, 1))))) == pytest.approx(4.0)


def meeting_game(discount):
    """Rewards that no action moves, so every stage game has a potential, yet no Markov potential game.

    In state 0 both players choose between 0 and 1; if both choose 1 the game goes to state 1, where player 0 is paid
    1 for ever, otherwise to state 2, where nothing is paid. State 0 pays nothing.
    """
    reward = np.zeros((2, 3, 2, 2))
    reward[0, 1] = 1.0
    kernel = np.zeros((3, 2, 2, 3))
    kernel[0, ..., 2] = 1.0
    kernel[0, 1, 1] = [0.0, 1.0, 0.0]
    kernel[1, ..., 1] = kernel[2, ..., 2] = 1.0
    return DiscountedGame(reward, mn.Transition.shared(kernel), discount)


@pytest.mark.parametrize("discount", [0.3, 0.9])
def test_potential_stage_games_do_not_make_a_potential_game(discount):
    """From (0, 0) around the square only one move gains: player 0 leaving (1, 1) loses discount / (1 - discount)."""
    game = meeting_game(discount)
    for s in range(3):
        assert splits(*game.reward[:, s])  # each stage game has a potential, the zero one
    table = np.zeros((2, 2, 2))
    for i, a, b in itertools.product(range(2), repeat=3):
        policies = [np.eye(2)[[action] * 3] for action in (a, b)]
        table[i, a, b] = loop_values(game, policies, i)[0]
    assert not splits(*table)
    assert largest_cycle(*table) == pytest.approx(discount / (1 - discount))
    assert potential_deviation(game) == pytest.approx(discount / (1 - discount))
    assert not is_potential_game(game)


def test_the_same_game_without_a_choice_of_state_is_one():
    game = meeting_game(0.9)
    kernel = np.broadcast_to(game.transition.kernel[0, :, :1, :1], game.transition.kernel.shape[1:])
    assert is_potential_game(DiscountedGame(game.reward, mn.Transition.shared(kernel), 0.9))


# Against the oracles ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_never_above_the_true_deviation(seed):
    """Two states, two steps: all 16 x 16 pairs of deterministic policies. Random cycles come near, never above."""
    rng = np.random.default_rng(seed)
    kernel = np.stack([random_kernel(rng, 2, (2, 2)) for _ in range(2)])
    game = MarkovGame(rng.uniform(size=(2, 2, 2, 2, 2)), mn.Transition.per_step(kernel))
    truth = exact_deviation(game)
    found = [potential_deviation(game, policies, seed=s) for policies in (1, 10, 100) for s in range(3)]
    assert max(found) <= truth + ROUNDING
    assert min(found) > 0.0
    assert potential_deviation(game, 5000) > 0.85 * truth


@pytest.mark.parametrize("actions", [(2, 2), (2, 3)])
def test_exact_for_normal_forms(actions):
    """With few deterministic cycles and many tries, all are tried, and one of them is the worst."""
    for seed in range(5):
        payoffs = np.random.default_rng([seed, *actions]).uniform(size=(2, *actions))
        assert potential_deviation(normal_form(payoffs), 2000) == pytest.approx(largest_cycle(*payoffs))


@pytest.mark.parametrize("seed", range(6))
def test_agrees_with_mixed_derivatives(seed):
    """A smooth game on convex sets has a potential iff d^2 V_1 / d pi_1 d pi_2 = d^2 V_2 / d pi_1 d pi_2."""
    rng = np.random.default_rng(seed)
    for game in (team(rng, (2, 3), 2), action_independent(rng, (3, 2), 2)):
        assert asymmetry(game, rng) < 1e-6
        assert potential_deviation(game) <= ROUNDING
    for game in (general(rng, (2, 3)), meeting_game(0.7)):
        assert asymmetry(game, rng) > 1e-4
        assert potential_deviation(game) > 1e-2


def test_one_cycle_counts_whichever_way_round():
    """A gain around a square is a loss the other way round; neither is lost."""
    payoffs = np.random.default_rng(4).uniform(size=(2, 2, 2))
    found = [potential_deviation(normal_form(payoffs), 1, seed) for seed in range(20)]
    assert min(found) > 0.0


def test_is_deterministic():
    game = general(np.random.default_rng(5), (2, 3))
    assert potential_deviation(game) == potential_deviation(game) == potential_deviation(game, 100, 0)
    assert potential_deviation(game, 100, 1) != potential_deviation(game, 100, 0)


# The stage potential ------------------------------------------------------------------------------------


def with_potential(game, potential):
    return DiscountedGame(game.reward, game.transition, game.discount, potential=potential)


def test_a_common_constant_changes_nothing():
    """It adds c / (1 - discount) to Phi of every policy."""
    for make in (team, action_independent):
        game = make(np.random.default_rng(2), (2, 3))
        shifted = with_potential(game, game.potential + 0.7)
        assert stage_potential_deviation(shifted) <= ROUNDING
        assert is_potential_game(shifted)


def test_a_constant_for_each_state_is_right_only_where_actions_do_not_move_the_state():
    """It adds sum_t discount^t E[c(s_t)] to Phi, which depends on the policy as far as the visits do."""
    constants = np.array([0.0, 0.5, -1.0])[:, np.newaxis, np.newaxis]
    still = action_independent(np.random.default_rng(2), (2, 3))
    assert stage_potential_deviation(with_potential(still, still.potential + constants)) <= ROUNDING
    moving = team(np.random.default_rng(2), (2, 3))
    shifted = with_potential(moving, moving.potential + constants)
    assert stage_potential_deviation(shifted) > 0.1
    assert potential_deviation(shifted) <= ROUNDING  # the game has a potential, this is not it
    assert not is_potential_game(shifted)


@pytest.mark.parametrize("discount", [0.0, 0.5])
def test_size_of_a_wrong_potential(discount):
    """Player 1's gain from its action is 1, the potential tells 1/4: off by 3/4 in every period."""
    payoffs = np.zeros((2, 2, 3))
    payoffs[1, :, 2] = 1.0
    game = normal_form(payoffs, discount)
    wrong = with_potential(game, payoffs[1][np.newaxis] / 4)
    assert stage_potential_deviation(wrong) == pytest.approx(0.75 / (1 - discount))
    assert not is_potential_game(wrong)
    assert is_potential_game(with_potential(game, payoffs[1][np.newaxis]))
    assert is_potential_game(game)


def test_every_player_is_asked():
    """A potential that is right for all players but one."""
    for wronged in range(3):
        payoffs = np.zeros((3, 2, 2, 2))
        payoffs[wronged] = np.array([0.0, 1.0]).reshape([2 if j == wronged else 1 for j in range(3)])
        game = normal_form(payoffs)
        assert stage_potential_deviation(with_potential(game, np.zeros((1, 2, 2, 2)))) == pytest.approx(1.0)


def test_against_loops():
    """No violation among deterministic policies is missed, and none is larger than can be.

    A violation is W(there) - W(here), W the value of reward minus potential; W lies between the bounds of
    that difference over 1 - discount.
    """
    rng = np.random.default_rng(8)
    game = team(rng, (2, 2), states=2, discount=0.6)
    wrong = rng.uniform(size=game.potential.shape)
    phi = DiscountedGame(wrong[np.newaxis], game.transition, game.discount)
    worst = 0.0
    pure = [np.eye(2)[list(choice)] for choice in itertools.product(range(2), repeat=2)]
    for one, two, moved in itertools.product(pure, repeat=3):
        for here, there in (((one, two), (moved, two)), ((one, two), (one, moved))):
            gain, rise = (loop_values(g, there, 0) - loop_values(g, here, 0) for g in (game, phi))
            worst = max(worst, float(np.abs(gain - rise).max()))
    spread = float(np.ptp(game.potential - wrong)) / (1 - game.discount)
    assert worst - ROUNDING <= stage_potential_deviation(with_potential(game, wrong), 3000) <= spread


# Visits and potentials of joint policies ----------------------------------------------------------------

JOINT_SIZES = [(3,), (2, 2), (3, 2), (2, 1, 2)]
"""At three states, 3^3, 4^3, 6^3 and 4^3 deterministic joint policies."""


def start_of(rng, states):
    return (0.05 + 0.95 * rng.dirichlet(np.ones(states))) / (0.05 * states + 0.95)


def with_start(rng, actions, discount, *, states=3, make=team, kernel=None, concentration=None):
    """A potential game from a start that is not uniform; ``concentration`` < 1 makes transitions rugged."""
    game = make(rng, actions, states, 0.5)
    if concentration is not None:
        kernel = mn.Transition.shared(rng.dirichlet(np.full(states, concentration), size=(states, *actions)))
    return DiscountedGame(
        game.reward, kernel or game.transition, discount, start_of(rng, states), potential=game.potential
    )


def discounted_visits(game, chain):
    """Sum over t of discount^t Pr(s_t = .): term by term, until the rest is below 1e-17."""
    now, total = game.initial.copy(), np.zeros(game.n_states)
    for _ in range(1 + math.ceil(40 / -math.log(game.discount)) if game.discount else 1):
        total += now
        now = game.discount * now @ chain
    return total


def deterministic_joint_policies(game):
    """Every choice of a joint action in each state: (joint action of state 0, of state 1, ...)."""
    joint = list(itertools.product(*map(range, game.n_actions)))
    return itertools.product(joint, repeat=game.n_states)


def visits_of_choice(game, choice):
    kernel = game.transition.kernel[0]
    return discounted_visits(game, np.array([kernel[(s, *joint)] for s, joint in enumerate(choice)]))


def potential_of_choice(game, choice):
    earned = [game.potential[(s, *joint)] for s, joint in enumerate(choice)]
    return float(visits_of_choice(game, choice) @ earned)


def random_joint(rng, game):
    """A random policy of joint actions, a product of players or correlated: weights (S, A_1, ..., A_N)."""
    if rng.integers(2):
        return rng.dirichlet(np.full(math.prod(game.n_actions), 0.3), size=game.n_states).reshape(-1, *game.n_actions)
    rows = [rng.dirichlet(np.full(n, 0.5), size=game.n_states) for n in game.n_actions]
    weights = np.ones((game.n_states, *game.n_actions))
    for s, joint in itertools.product(range(game.n_states), np.ndindex(*game.n_actions)):
        weights[(s, *joint)] = math.prod(row[s, a] for row, a in zip(rows, joint, strict=True))
    return weights


def visits_of_joint(game, weights):
    states = game.n_states
    flat = weights.reshape(states, -1, 1) * game.transition.kernel[0].reshape(states, -1, states)
    return discounted_visits(game, flat.sum(axis=1))


def potential_of_joint(game, weights):
    states = game.n_states
    earned = (weights.reshape(states, -1) * game.potential.reshape(states, -1)).sum(axis=1)
    return float(visits_of_joint(game, weights) @ earned)


@pytest.mark.parametrize("discount", [0.3, 0.9])
@pytest.mark.parametrize("actions", JOINT_SIZES)
def test_mismatch_is_the_largest_over_all_deterministic_joint_policies(actions, discount):
    """And no random policy has more. kappa is (1 - discount) visits over the start, in the worst state."""
    for seed in range(2):
        rng = np.random.default_rng([seed, *actions])
        game = with_start(rng, actions, discount, concentration=0.3)
        ratios = [visits_of_choice(game, c) * (1 - discount) / game.initial for c in deterministic_joint_policies(game)]
        (kappa,) = distribution_mismatch(GameBatch.of(game))
        assert kappa == pytest.approx(np.max(ratios), rel=1e-11)
        assert kappa > 1.05  # else the floor of 1 would decide
        for _ in range(50):
            found = visits_of_joint(game, random_joint(rng, game)) * (1 - discount) / game.initial
            assert found.max() <= kappa + ROUNDING


def test_mismatch_by_hand():
    """Two states, start (1/5, 4/5). Any action from anywhere may lead to state 0 for ever: visits 1/5 + 4/5 discount.

    So kappa = (1 - 0.8 (1 - discount)) / (1/5): 3 at discount 1/2. State 1 has at most 1 / (4/5).
    """
    kernel = np.zeros((2, 2, 2))
    kernel[:, 0, 0] = kernel[:, 1, 1] = 1.0
    for discount, kappa in ((0.5, 3.0), (0.75, 4.0), (0.0, 1.0)):
        game = DiscountedGame(np.ones((1, 2, 2)), mn.Transition.shared(kernel), discount, [0.2, 0.8])
        assert distribution_mismatch(GameBatch.of(game))[0] == pytest.approx(kappa, rel=1e-12)


@pytest.mark.parametrize("actions", JOINT_SIZES)
def test_mismatch_is_one_where_nothing_can_be_missed(actions):
    """Discount 0: the visits are the start. One state: it has them all. Never below 1, by rounding either."""
    rng = np.random.default_rng([*actions])
    still = with_start(rng, actions, 0.0)
    assert distribution_mismatch(GameBatch.of(still)).tolist() == pytest.approx([1.0], abs=1e-14)
    alone = with_start(rng, actions, 0.9, states=1)
    assert distribution_mismatch(GameBatch.of(alone)).tolist() == pytest.approx([1.0], abs=1e-12)
    for game in (still, alone):
        assert distribution_mismatch(GameBatch.of(game))[0] >= 1.0


@pytest.mark.parametrize("seed", range(12))
def test_mismatch_of_a_start_that_no_action_moves_from(seed):
    """Transitions that no action moves, from their stationary distribution: kappa = 1, not less by rounding either."""
    rng = np.random.default_rng(seed)
    chain = rng.dirichlet(np.ones(3), size=3)
    start = np.linalg.matrix_power(chain, 2000)[0]
    kernel = mn.Transition.shared(np.broadcast_to(chain.reshape(3, 1, 1, 3), (3, 2, 2, 3)))
    game = DiscountedGame(np.ones((1, 3, 2, 2)), kernel, 0.95, start / start.sum())
    (kappa,) = distribution_mismatch(GameBatch.of(game))
    assert 1.0 <= kappa <= 1.0 + 1e-11


@pytest.mark.parametrize("discount", [0.0, 0.4, 0.9])
@pytest.mark.parametrize("make", [team, action_independent])
@pytest.mark.parametrize("actions", JOINT_SIZES)
def test_largest_potential_is_that_of_all_deterministic_joint_policies(make, actions, discount):
    rng = np.random.default_rng([*actions, make is team])
    game = with_start(rng, actions, discount, make=make)
    best = max(potential_of_choice(game, choice) for choice in deterministic_joint_policies(game))
    (found,) = largest_potentials(GameBatch.of(game))
    assert found == pytest.approx(best, rel=1e-12)
    for _ in range(50):
        assert potential_of_joint(game, random_joint(rng, game)) <= found + ROUNDING


def test_largest_potential_may_be_negative():
    game = with_start(np.random.default_rng(1), (2, 2), 0.5)
    low = with_potential(game, game.potential - 3.0)
    low = DiscountedGame(low.reward, low.transition, 0.5, game.initial, low.potential)
    batches = GameBatch.of(game), GameBatch.of(low)
    assert largest_potentials(batches[1])[0] == pytest.approx(largest_potentials(batches[0])[0] - 6.0)
    assert largest_potentials(batches[1])[0] < -3.0


def next_game(rng, game, *, mixing=0.0):
    """A game with another potential, and ``mixing`` of other transitions."""
    kernel = game.transition.kernel[0]
    other = (1 - mixing) * kernel + mixing * rng.dirichlet(np.full(game.n_states, 0.4), size=kernel.shape[:-1])
    transition = game.transition if mixing == 0.0 else mn.Transition.shared(other)
    potential = rng.uniform(size=game.potential.shape)
    return DiscountedGame(game.reward, transition, game.discount, game.initial, potential)


def drop_of(one, other):
    drop, exact = largest_potential_drops(GameBatch.of(one), GameBatch.of(other))
    assert drop.shape == exact.shape == (1,)
    return float(drop[0]), bool(exact[0])


def enumerated_drop(one, other):
    return max(potential_of_choice(one, c) - potential_of_choice(other, c) for c in deterministic_joint_policies(one))


@pytest.mark.parametrize("discount", [0.0, 0.4, 0.9])
@pytest.mark.parametrize("make", [team, action_independent])
@pytest.mark.parametrize("actions", JOINT_SIZES)
def test_drop_between_games_of_equal_transitions_is_exact(make, actions, discount):
    rng = np.random.default_rng([*actions, make is team, 7])
    one = with_start(rng, actions, discount, make=make)
    other = next_game(rng, one)
    drop, exact = drop_of(one, other)
    assert exact
    assert drop == pytest.approx(enumerated_drop(one, other), abs=1e-11)
    copy = DiscountedGame(
        other.reward, mn.Transition.shared(one.transition.kernel[0].copy()), discount, one.initial, other.potential
    )
    assert drop_of(one, copy) == (pytest.approx(drop, abs=1e-13), True)  # equal entries, not one object
    back, _ = drop_of(other, one)
    assert back == pytest.approx(enumerated_drop(other, one), abs=1e-11)
    assert drop + back > 1e-3  # not antisymmetric: each takes a policy of its own
    for _ in range(50):
        weights = random_joint(rng, one)
        difference = potential_of_joint(one, weights) - potential_of_joint(other, weights)
        assert -back - ROUNDING <= difference <= drop + ROUNDING


def bound_by_enumeration(frame, one, other, values_of):
    """The bound of the documentation under the transitions of ``frame``, by loops and enumeration.

    phi_1 - phi_2 + discount (P_1 - P_2) V, V between the least and the largest value of ``values_of``.
    """
    states, choices = frame.n_states, list(deterministic_joint_policies(frame))
    low, high = np.full(states, np.inf), np.full(states, -np.inf)
    for choice in choices:
        kernel = np.array([values_of.transition.kernel[(0, s, *joint)] for s, joint in enumerate(choice)])
        earned = np.array([values_of.potential[(s, *joint)] for s, joint in enumerate(choice)])
        value = np.zeros(states)
        for _ in range(math.ceil(40 / -math.log(values_of.discount))):
            value = earned + values_of.discount * kernel @ value
        low, high = np.minimum(low, value), np.maximum(high, value)
    table = np.zeros(one.potential.shape)
    for s, joint in itertools.product(range(states), np.ndindex(*one.n_actions)):
        onward = 0.0
        for z in range(states):
            moved = one.transition.kernel[(0, s, *joint, z)] - other.transition.kernel[(0, s, *joint, z)]
            onward += moved * (high[z] if moved > 0 else low[z])
        table[(s, *joint)] = one.potential[(s, *joint)] - other.potential[(s, *joint)] + one.discount * onward
    changed = DiscountedGame(frame.reward, frame.transition, frame.discount, frame.initial, table)
    return max(potential_of_choice(changed, choice) for choice in choices)


@pytest.mark.parametrize("mixing", [0.05, 0.5, 1.0])
@pytest.mark.parametrize(("actions", "discount"), [((3,), 0.9), ((2, 2), 0.4), ((2, 2), 0.9), ((2, 1, 2), 0.6)])
def test_drop_between_games_of_different_transitions_is_a_bound(actions, discount, mixing):
    """Never undercut by a policy, deterministic, random or correlated; and the better one of two written-out bounds."""
    rng = np.random.default_rng([*actions, int(100 * mixing)])
    better = set()
    for _ in range(2):
        one = with_start(rng, actions, discount, concentration=0.5)
        other = next_game(rng, one, mixing=mixing)
        for a, b in ((one, other), (other, one)):
            bound, exact = drop_of(a, b)
            assert not exact
            assert bound >= enumerated_drop(a, b) - ROUNDING
            for _ in range(30):
                weights = random_joint(rng, a)
                assert potential_of_joint(a, weights) - potential_of_joint(b, weights) <= bound + ROUNDING
            written = bound_by_enumeration(a, a, b, b), bound_by_enumeration(b, a, b, a)
            assert bound == pytest.approx(min(written), abs=1e-11)
            better.add(written[0] < written[1])
    assert better == {True, False}


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_of_a_drop_closes_as_the_transitions_meet(seed):
    """It is off by at most 2 discount / (1 - discount)^2 times the change of the transitions."""
    rng = np.random.default_rng(seed)
    one = with_start(rng, (2, 2), 0.6)
    for mixing in (1e-2, 1e-4, 1e-6):
        other = next_game(rng, one, mixing=mixing)
        bound, _ = drop_of(one, other)
        assert 0.0 <= bound - enumerated_drop(one, other) + ROUNDING <= 2 * 0.6 / 0.16 * 2 * mixing


def test_without_a_future_any_transitions_will_do():
    """Discount 0: what comes after does not count, so the drop is exact whatever the transitions are."""
    rng = np.random.default_rng(4)
    one = with_start(rng, (2, 3), 0.0)
    other = next_game(rng, one, mixing=1.0)
    drop, exact = drop_of(one, other)
    assert exact
    best = one.initial @ (one.potential - other.potential).reshape(3, -1).max(axis=1)
    assert drop == pytest.approx(best, abs=1e-13)


@pytest.mark.parametrize("mixing", [0.0, 0.5])
def test_drops_move_with_constants(mixing):
    """A constant c on the stage potential is c / (1 - discount) on Phi, and is signed."""
    rng = np.random.default_rng(5)
    one = with_start(rng, (2, 2), 0.75)
    other = next_game(rng, one, mixing=mixing)
    drop, exact = drop_of(one, other)
    assert exact == (mixing == 0.0)
    for c in (0.5, -2.0):
        raised = [DiscountedGame(g.reward, g.transition, g.discount, g.initial, g.potential + c) for g in (one, other)]
        assert drop_of(raised[0], other)[0] == pytest.approx(drop + 4 * c, abs=1e-11)
        assert drop_of(one, raised[1])[0] == pytest.approx(drop - 4 * c, abs=1e-11)
        assert drop_of(*raised)[0] == pytest.approx(drop, abs=1e-11)


def test_drops_are_antisymmetric_where_the_potentials_differ_by_a_constant():
    game = with_start(np.random.default_rng(6), (2, 3), 0.5)
    assert drop_of(game, game) == (0.0, True)
    lower = DiscountedGame(game.reward, game.transition, 0.5, game.initial, game.potential - 0.25)
    assert drop_of(game, lower) == (pytest.approx(0.5, abs=1e-12), True)
    assert drop_of(lower, game) == (pytest.approx(-0.5, abs=1e-12), True)


def test_a_batch_is_its_games():
    """Each with transitions and a start of its own; the last pair shares its transitions, and only that is exact."""
    rng = np.random.default_rng(9)
    ones = [with_start(rng, (2, 2), 0.8) for _ in range(3)]
    others = [next_game(rng, game, mixing=mixing) for game, mixing in zip(ones, (0.3, 1.0, 0.0), strict=True)]
    batches = GameBatch.of(ones), GameBatch.of(others)
    drops, exact = largest_potential_drops(*batches)
    assert exact.tolist() == [False, False, True]
    np.testing.assert_allclose(drops, [drop_of(a, b)[0] for a, b in zip(ones, others, strict=True)], rtol=1e-13)
    for measure in (distribution_mismatch, largest_potentials):
        alone = [float(measure(GameBatch.of(game))[0]) for game in ones]
        np.testing.assert_allclose(measure(batches[0]), alone, rtol=1e-13)
        assert len(set(alone)) == 3


def test_measures_of_sparse_transitions():
    rng = np.random.default_rng(10)
    game = with_start(rng, (2, 3), 0.8)
    rows = sparse.csr_array(game.transition.kernel[0].reshape(-1, 3))
    thin = DiscountedGame(game.reward, mn.Transition.sparse([rows], (2, 3)), 0.8, game.initial)
    for measure in (distribution_mismatch, largest_potentials):
        assert measure(GameBatch.of(thin))[0] == pytest.approx(measure(GameBatch.of(game))[0], rel=1e-14)
    assert drop_of(game, thin) == (pytest.approx(0.0, abs=1e-14), True)


# Errors -------------------------------------------------------------------------------------------------


def test_potentials_that_cannot_be_compared():
    rng = np.random.default_rng(0)
    game = with_start(rng, (2, 2), 0.5)

    def changed(**change):
        parts = {"reward": game.reward, "transition": game.transition, "discount": 0.5, "initial": game.initial}
        return DiscountedGame(**parts | change)

    batch = GameBatch.of(game)
    for following in ([changed(discount=0.6)], [game, game], [team(rng, (2, 3))], [team(rng, (2, 2), 2)]):
        with pytest.raises(ValueError, match="between games of one size and discount only"):
            largest_potential_drops(batch, GameBatch.of(following))
    for initial in (None, game.initial[::-1]):
        with pytest.raises(ValueError, match="from one initial distribution only"):
            largest_potential_drops(batch, GameBatch.of(changed(initial=initial)))
    without = GameBatch.of(changed(reward=rng.uniform(size=(2, 3, 2, 2))))
    for pair in ((batch, without), (without, batch), (without, without)):
        with pytest.raises(ValueError, match="no stage potential"):
            largest_potential_drops(*pair)
    with pytest.raises(ValueError, match="no stage potential"):
        largest_potentials(without)
    assert distribution_mismatch(without)[0] > 1.0  # needs none


@pytest.mark.parametrize("policies", [0, -5, 1.5])
def test_policies_must_be_positive(policies):
    game = team(np.random.default_rng(0), (2, 2))
    for measure in (potential_deviation, stage_potential_deviation):
        with pytest.raises(ValueError, match="policies must be an integer of at least 1"):
            measure(game, policies)


def test_no_stage_potential_no_deviation():
    with pytest.raises(ValueError, match="no stage potential"):
        stage_potential_deviation(general(np.random.default_rng(0), (2, 2)))


def test_tolerance_is_the_documented_one():
    """Just above it a game is none, just below it is one."""
    assert POTENTIAL_TOLERANCE == 1e-9
    for size, verdict in ((0.9e-9 / 4, True), (1.1e-9 / 4, False)):
        assert is_potential_game(normal_form([0.5 + size * PENNIES, 0.5 - size * PENNIES])) is verdict


def test_zero_sum_class_is_told_apart():
    """A ZeroSumGame has no place here; it must not be taken for something else in silence."""
    game = ZeroSumGame(PENNIES[np.newaxis, np.newaxis], mn.Transition.shared(np.ones((1, 2, 2, 1))))
    with pytest.raises((ValueError, TypeError, AttributeError)):
        potential_deviation(game)


@pytest.mark.parametrize(
    ("responses", "reason"),
    [
        (np.full((2, 1, 1, 1, 2), 0.5 + 0j), "responses must hold real numbers, got an array of complex128"),
        (np.full((2, 1, 1, 1, 2), np.nan), "responses must be finite"),
        (
            np.full((1, 1, 1, 2), 0.5),
            r"responses must have axes \(\.\.\., k, stage, h, s, a\), got shape \(1, 1, 1, 2\)",
        ),
        (None, "responses must hold real numbers"),
    ],
)
def test_odd_responses_are_refused(responses, reason):
    with pytest.raises(ValueError, match=reason):
        mn.similarity.best_response_dissimilarity(responses)


def test_responses_may_be_a_list():
    """By hand: two games whose responses are the two actions; each is at log 2 from their average."""
    responses = np.array([[1.0, 0.0], [0.0, 1.0]]).reshape(2, 1, 1, 1, 2).tolist()
    found = mn.similarity.best_response_dissimilarity(responses)
    assert found == pytest.approx(2 * np.log(2), rel=1e-14)
