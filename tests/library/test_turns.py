"""Trees that are Markov games in another order of moves, against positions of nested tuples and plain recursion."""

import itertools
import math
import random
import re
from fractions import Fraction

import numpy as np
import pytest
from strategies import random_tables

import metanash as mn
from metanash import GameBatch, gaps
from metanash.archive import ArchiveError
from metanash.gambit import read_efg, write_efg

# A position is (movers, widths, hidden, outcomes): hidden are the chances of what chance does before the step, which
# nobody sees; outcomes has, for each joint action in the order of the movers, payoffs for each of the hidden moves, and
# a list of (chance, position); where these chances add up to less than one, the game may end.


def chances(rng, count):
    cut = sorted(rng.sample(range(1, 12), count - 1))
    return [Fraction(b - a, 12) for a, b in itertools.pairwise([0, *cut, 12])]


def position(rng, players, depth, *, zero_sum):
    movers = rng.sample(range(players), rng.randint(1, players))
    widths = [rng.randint(1, 3) for _ in movers]
    hidden = chances(rng, rng.choice([1, 1, 2]))
    outcomes = []
    for _ in range(math.prod(widths)):
        payoffs = []
        for _ in hidden:
            paid = [rng.randint(-9, 9) for _ in range(players)]
            payoffs.append([paid[0], -paid[0]] if zero_sum else paid)
        following = []
        if depth > 1 and rng.random() < 0.75:
            shares = chances(rng, rng.choice([1, 1, 2, 3]))
            following = [(share, position(rng, players, depth - 1, zero_sum=zero_sum)) for share in shares]
            if len(following) > 2:
                following = following[:-1]  # with this chance the game ends
        outcomes.append((payoffs, following))
    return movers, widths, hidden, outcomes


def text(root, players):
    """The position as an .efg, information sets counted as they come."""
    lines = ['EFG 2 R "turns" { ' + " ".join(f'"P{i}"' for i in range(players)) + " }", '""']
    count, sets = itertools.count(1), [itertools.count(1) for _ in range(players)]

    def outcome(payoffs):
        return f'{next(count)} "" {{ ' + " ".join(map(str, payoffs)) + " }"

    def chance(branches):
        names = " ".join(f'"{k}" {share}' for k, share in enumerate(branches))
        return f'c "" {next(count)} "" {{ {names} }} 0'

    def moves(node, numbers, k, depth, joint):
        movers, widths, _, outcomes = node
        if depth < len(movers):
            names = " ".join(f'"{a}"' for a in range(widths[depth]))
            lines.append(f'p "" {movers[depth] + 1} {numbers[depth]} "" {{ {names} }} 0')
            for a in range(widths[depth]):
                moves(node, numbers, k, depth + 1, joint * widths[depth] + a)
            return
        payoffs, following = outcomes[joint]
        if not following:
            lines.append(f't "" {outcome(payoffs[k])}')
            return
        rest = 1 - sum(share for share, _ in following)
        shares = [share for share, _ in following] + ([rest] if rest else [])
        names = " ".join(f'"{n}" {share}' for n, share in enumerate(shares))
        lines.append(f'c "" {next(count)} "" {{ {names} }} {outcome(payoffs[k])}')
        for _, after in following:
            if id(after) not in known:
                known[id(after)] = [next(sets[player]) for player in after[0]]
            position_again(after, known[id(after)])
        if rest:
            lines.append(f't "" {outcome([0] * players)}')

    known = {}

    def position_again(node, numbers):
        if len(node[2]) > 1:
            lines.append(chance(node[2]))
        for k in range(len(node[2])):
            moves(node, numbers, k, 0, 0)

    position_again(root, [next(sets[player]) for player in root[0]])
    return "\n".join(lines) + "\n"


def levels_of(root):
    """Positions by steps, in the order of parents, joint actions and moves of chance."""
    levels = [[root]]
    while following := [after for at in levels[-1] for _, paths in at[3] for _, after in paths]:
        levels.append(following)
    return levels


def random_policies(rng, root, players):
    """For each position and player a distribution, uneven; for those who do not move the one on one action."""
    found = {}
    for node in itertools.chain(*levels_of(root)):
        widths = dict(zip(node[0], node[1], strict=True))
        for player in range(players):
            weights = [rng.random() ** 2 + 0.01 for _ in range(widths.get(player, 1))]
            found[id(node), player] = [w / sum(weights) for w in weights]
    return found


def value(node, policies, player, best=False):
    """What a player gets from a position on; with ``best``, if it answers the others' policies as well as it can."""
    movers, widths, hidden, outcomes = node
    by_action = [0.0] * (widths[movers.index(player)] if player in movers else 1)
    for joint, actions in enumerate(itertools.product(*map(range, widths))):
        payoffs, following = outcomes[joint]
        worth = sum(float(share) * paid[player] for share, paid in zip(hidden, payoffs, strict=True))
        worth += sum(float(share) * value(after, policies, player, best) for share, after in following)
        others, own = 1.0, 0
        for mover, action in zip(movers, actions, strict=True):
            if mover == player:
                own = action
            else:
                others *= policies[id(node), mover][action]
        by_action[own] += others * worth
    if best:
        return max(by_action)
    return sum(p * v for p, v in zip(policies[id(node), player], by_action, strict=True))


def as_arrays(rng, game, root, policies, players):
    """The policies as arrays; the mass of a position's last action lies anyhow on its copies."""
    levels, arrays = levels_of(root), []
    for player in range(players):
        array = np.full((game.horizon, game.n_states, game.n_actions[player]), 1 / game.n_actions[player])
        for h, level in enumerate(levels):
            for s, node in enumerate(level):
                given = policies[id(node), player]
                weights = np.array([rng.random() for _ in range(game.n_actions[player] - len(given) + 1)])
                array[h, s, : len(given) - 1] = given[:-1]
                array[h, s, len(given) - 1 :] = given[-1] * weights / weights.sum()
        arrays.append(array)
    return arrays


@pytest.mark.parametrize("seed", range(60))
def test_values_and_gaps_are_those_of_the_positions(seed, tmp_path):
    rng = random.Random(seed)
    players = rng.choice([1, 2, 2, 3])
    zero_sum = players == 2 and rng.random() < 0.5
    root = position(rng, players, rng.choice([1, 2, 3]), zero_sum=zero_sum)
    path = tmp_path / "turns.efg"
    path.write_text(text(root, players))
    game, units = read_efg(path, any_order=True)
    assert game.horizon == len(levels_of(root))
    policies = random_policies(rng, root, players)
    arrays = as_arrays(rng, game, root, policies, players)
    batch, lifted = GameBatch.of(game), tuple(array[np.newaxis] for array in arrays)
    gains = []
    for player in range(players):
        plain = value(root, policies, player)
        best = value(root, policies, player, best=True)
        offset, scale = units.offset[player], units.scale[player]
        found = gaps.from_start(batch, gaps.values(batch, lifted, player))[0]
        responded = gaps.from_start(batch, gaps.best_response_values(batch, lifted, player))[0]
        assert offset + scale * found == pytest.approx(plain, abs=1e-11)
        assert offset + scale * responded == pytest.approx(best, abs=1e-11)
        gains.append((best - plain) / scale)
    gap = sum(gains) if isinstance(game, mn.ZeroSumGame) else max(gains)
    assert gaps.ne_gap(game, tuple(arrays)) == pytest.approx(gap, abs=1e-12)
    if zero_sum:
        assert isinstance(game, mn.ZeroSumGame)


@pytest.mark.parametrize("kind", ["zero_sum", "markov"])
def test_steps_in_the_usual_order_are_read_as_ever(kind, tmp_path):
    game = random_tables(np.random.default_rng(3), kind, 2, 2, (2, 3), storage="per_step").game()
    path = tmp_path / "usual.efg"
    write_efg(path, game)
    (one, units), (other, units_too) = read_efg(path), read_efg(path, any_order=True)
    assert type(one) is type(other)
    assert units == units_too
    np.testing.assert_array_equal(one.reward, other.reward)
    np.testing.assert_array_equal(one.initial, other.initial)
    stacks = [GameBatch.of(again).transitions.stacked for again in (one, other)]
    np.testing.assert_array_equal(*stacks)
    assert stacks[0] is not None


TURNS = """EFG 2 R "turns" { "Ann" "Bob" }
p "" 2 1 "" { "stop" "go" } 0
t "" 1 "" { 1 -1 }
p "" 1 1 "" { "a" "b" "c" } 0
t "" 2 "" { 3 -3 }
t "" 3 "" { -2 2 }
p "" 2 2 "" { "l" "r" } 0
t "" 4 "" { 4 -4 }
t "" 5 "" { 0 0 }
"""


def test_a_game_of_turns_by_hand(tmp_path):
    """Ann would take a for 3, Bob stops for -1; three steps, three positions and the end."""
    path = tmp_path / "turns.efg"
    path.write_text(TURNS)
    (game,) = mn.read_games(path)
    assert (game.horizon, game.n_states, game.n_actions) == (3, 2, (3, 2))
    solution = mn.solve(game)
    _, units = read_efg(path, any_order=True)
    assert units.offset[0] + units.scale[0] * solution.value == pytest.approx(1.0, abs=1e-12)
    assert solution.gap < 1e-12
    early, late = mn.learn(game, mn.OptimisticMirrorDescent(1 / 72), 40_000, at=[400, 40_000]).ne_gap[0]
    assert late < early / 5  # Algorithm 1 plays it
    with pytest.raises(ArchiveError, match=r"turns\.efg:2: no Markov game: player 2 moves where player 1 should move"):
        read_efg(path)


UNSEEN = """EFG 2 R "who dealt" { "Ann" "Bob" }
c "" 1 "" { "red" 1/2 "black" 1/2 } 0
p "" 1 1 "" { "a" "b" } 0
p "" 2 1 "" { "l" "r" } 0
t "" 1 "" { 1 -1 }
t "" 2 "" { -1 1 }
t "" 3 "" { 0 0 }
p "" 1 2 "" { "a" "b" } 0
p "" 2 1 "" { "l" "r" } 0
t "" 4 "" { -1 1 }
t "" 5 "" { 1 -1 }
t "" 6 "" { 0 0 }
"""


def test_a_position_that_is_not_known_to_all_is_refused(tmp_path):
    path = tmp_path / "unseen.efg"
    path.write_text(UNSEEN)
    reason = r"unseen\.efg:9: no Markov game: player 2 cannot tell it from the position of line 4"
    with pytest.raises(ArchiveError, match=reason):
        read_efg(path, any_order=True)


def test_actions_of_one_position_that_would_blow_up_all_are_refused(tmp_path):
    """Fifteen players in turn, three actions each: the tree is a chain, the game has 3^15 joint actions a state."""
    players = 15
    lines = ['EFG 2 R "chain" { ' + " ".join(f'"{i}"' for i in range(players)) + " }", '""']
    for i in range(players):
        lines.append(f'p "" {i + 1} 1 "" {{ "x" "y" "z" }} 0')
        lines += [f't "" {2 * i + k + 1} "" {{ {" ".join(["0"] * players)} }}' for k in range(2)]
    lines.append(f't "" 99 "" {{ {" ".join(["1"] * players)} }}')
    path = tmp_path / "chain.efg"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ArchiveError, match="as a Markov game it would have 15 steps, 2 states"):
        read_efg(path, any_order=True)


def test_a_constant_sum_is_found_whenever_the_game_ends(tmp_path):
    """Both share 10 at all ends, which are at different steps; with 9 at one of them it is a general-sum game."""
    path = tmp_path / "shared.efg"
    shared = re.sub(r"\{ (-?\d) (-?\d) \}", lambda found: f"{{ {int(found[1]) + 4} {6 - int(found[1])} }}", TURNS)
    assert "{ 5 5 }" in shared
    path.write_text(shared)
    game, units = read_efg(path, any_order=True)
    assert isinstance(game, mn.ZeroSumGame)
    solution = mn.solve(game, units=units)
    assert solution.value == pytest.approx(5.0, abs=1e-12)
    assert [units.offset[1] + units.scale[1] * -mn.solve(game).value] == pytest.approx([5.0], abs=1e-12)
    assert type(read_efg(path, zero_sum=False, any_order=True)[0]) is mn.MarkovGame
    path.write_text(shared.replace("{ 5 5 }", "{ 5 4 }"))
    assert type(read_efg(path, any_order=True)[0]) is mn.MarkovGame


def test_who_forgets_its_own_move_is_refused(tmp_path):
    """Ann moves twice and does not know her first move at the second: that is no step of two movers."""
    path = tmp_path / "forgets.efg"
    path.write_text(
        'EFG 2 R "forgets" { "Ann" }\np "" 1 1 "" { "a" "b" } 0\np "" 1 2 "" { "l" "r" } 0\nt "" 1 "" { 1 }\n'
        't "" 2 "" { 0 }\np "" 1 2 "" { "l" "r" } 0\nt "" 3 "" { 0 }\nt "" 4 "" { 1 }\n'
    )
    with pytest.raises(
        ArchiveError, match=r"efg:6: no Markov game: player 1 cannot tell it from the position of line 3"
    ):
        read_efg(path, any_order=True)
