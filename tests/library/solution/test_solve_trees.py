"""Extensive games solved by ``solve``: by hand, by enumeration of pure strategies, and against other methods."""

import numpy as np
import pytest

import metanash as mn
from metanash.extensive import (
    Draw,
    End,
    Move,
    build_tree,
    efg_text,
    from_tree,
    ne_gains,
    stack_games,
    strategic_form,
    values,
    write_efg,
)
from metanash.extensive.exact import is_constant_sum
from metanash.families.small_poker import kuhn_poker, leduc_poker
from metanash.solution.trees import MOST_STRATEGIES, solve_tree


def pennies(heads, tails, names=("Ann", "Bob")):
    """Ann hides a coin, Bob guesses; payoffs (2,) at (heads, heads), (heads, tails) and the other way round."""
    hidden = {
        "heads": Move(1, "guess", {"heads": End(heads), "tails": End(tails)}),
        "tails": Move(1, "guess", {"heads": End(tails), "tails": End(heads)}),
    }
    return build_tree("pennies", names, Move(0, "coin", hidden))


def entry_game():
    """The entrant stays out, or the incumbent fights (-1, -1) or shares (1, 1): it shares, so there is an entry."""
    after = Move(1, "entered", {"fight": End([-1, -1]), "share": End([1, 1])})
    return build_tree("entry", ["entrant", "incumbent"], Move(0, "market", {"out": End([0, 2]), "in": after}))


def signals():
    """A sender of two types and a receiver who sees the signal only: general sum, hidden moves."""

    def sent(kind):
        def reply(signal):
            good = 1 if kind == "strong" else -1
            return Move(1, signal, {
                "trust": End([2 - (signal == "loud") * (kind == "weak"), good]),
                "doubt": End([-(signal == "loud") * (kind == "weak"), 0]),
            })  # fmt: skip

        return Move(0, kind, {"loud": reply("loud"), "quiet": reply("quiet")})

    return build_tree(
        "signals", ["sender", "receiver"], Draw({"strong": (0.25, sent("strong")), "weak": (0.75, sent("weak"))})
    )


def three_matching(rewards):
    """Three players who choose at once, one after the other: a tree that hides all moves."""

    def third(a, b):
        return Move(2, "C", {str(c): End([float(x) for x in rewards[:, a, b, c]]) for c in range(2)})

    second = [Move(1, "B", {str(b): third(a, b) for b in range(2)}) for a in range(2)]
    return build_tree("three", ["A", "B", "C"], Move(0, "A", {"0": second[0], "1": second[1]}))


def is_equilibrium(tree, solution, tolerance=1e-9):
    """No pure strategy of the strategic form gains, by enumeration; payoffs are those that are told."""
    form = strategic_form(from_tree(tree))
    game = from_tree(tree)
    mixed = []
    for plex, strategy, choices in zip(game.players, solution.policies, form.choices, strict=True):
        chances = []
        for row in choices:
            chance = 1.0
            for j, action in enumerate(row):
                if action >= 0:
                    chance *= strategy[plex.first[j] + action]
            chances.append(chance)
        mixed.append(np.array(chances))
    for i, payoff in enumerate(form.payoff):
        alone = payoff
        for j in reversed(range(len(mixed))):
            if j != i:
                alone = np.tensordot(alone, mixed[j], axes=(j, 0)) if alone.ndim > j else alone
        told = solution.value if isinstance(solution.value, float) and i == 0 else None
        told = float(solution.value[i]) if not isinstance(solution.value, float) else told
        here = float(alone @ mixed[i])
        if told is not None:
            assert here == pytest.approx(told, abs=tolerance)
        assert alone.max() - here <= tolerance


# By hand ------------------------------------------------------------------------------------------------


def test_matching_pennies_whose_payoffs_sum_to_ten():
    """Matching pennies plus 5 for both: both mix evenly, and the sum of payoffs is 10 everywhere."""
    solution = mn.solve(pennies([4, 6], [6, 4]))
    assert solution.value == pytest.approx(5.0)
    assert solution.is_zero_sum
    assert solution.gap < 1e-12
    assert solution.at(0, "coin") == pytest.approx({"heads": 0.5, "tails": 0.5})
    assert solution.at(1, "guess") == pytest.approx({"heads": 0.5, "tails": 0.5})


def test_kuhn_poker_is_worth_a_loss_of_an_eighteenth():
    solution = mn.solve(kuhn_poker())
    assert solution.value == pytest.approx(-1 / 18, abs=1e-12)
    assert solution.method == "a linear program in sequence form"


def test_leduc_poker():
    """The value that the literature has (Southey et al. 2005 and later): -.0856."""
    solution = mn.solve(from_tree(leduc_poker()))
    assert solution.value == pytest.approx(-0.085606424078, abs=1e-9)
    assert solution.gap < 1e-9


def test_the_entrant_enters_since_a_fight_is_no_threat():
    solution = mn.solve(entry_game())
    assert solution.method == "backward induction"
    assert solution.value.tolist() == [1.0, 1.0]
    assert solution.at(0, "market") == {"out": 0.0, "in": 1.0}
    assert solution.at(1, "entered") == {"fight": 0.0, "share": 1.0}
    assert solution.gap == 0.0


def test_weak_types_do_not_pay_for_a_signal_that_does_not_help():
    """Trusting pays 1/4 - 3/4 < 0 on average, so nobody is trusted where both types do the same."""
    tree = signals()
    solution = mn.solve(tree)
    is_equilibrium(tree, solution)
    assert "in the strategic form" in solution.method


# By enumeration -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_hidden_moves_of_three_players_are_those_of_the_tensor(seed):
    """The gap of what is found is worked out on the tensor itself."""
    rewards = np.random.default_rng(seed).integers(-9, 10, size=(3, 2, 2, 2)).astype(float)
    solution = mn.solve(three_matching(rewards))
    x, y, z = (policy[1:] for policy in solution.policies)
    for i, (alone, own) in enumerate(
        ((np.einsum("abc,b,c->a", rewards[0], y, z), x), (np.einsum("abc,a,c->b", rewards[1], x, z), y),
         (np.einsum("abc,a,b->c", rewards[2], x, y), z))
    ):  # fmt: skip
        assert alone.max() - alone @ own <= max(solution.gap, 1e-12) + 1e-12
        assert solution.value[i] == pytest.approx(alone @ own)
    assert solution.gap <= 1e-7 * 18


@pytest.mark.parametrize("seed", range(8))
def test_random_trees_of_general_sum(seed):
    """A draw that only player 1 sees, a move, an answer that sees the move only."""
    rng = np.random.default_rng(seed)

    def end():
        return End([int(x) for x in rng.integers(-5, 6, size=2)])

    def dealt(card):
        answers = {a: Move(1, f"after {a}", {b: end() for b in "xyz"}) for a in "lr"}
        return Move(0, card, answers)

    tree = build_tree("random", ["one", "two"], Draw({"low": (0.5, dealt("low")), "high": (0.5, dealt("high"))}))
    solution = mn.solve(tree)
    is_equilibrium(tree, solution, 1e-8)
    gains = ne_gains(from_tree(tree), solution.policies)
    assert gains.max() <= solution.gap + 1e-12
    assert values(from_tree(tree), solution.policies) == pytest.approx(solution.value)


# What is told -------------------------------------------------------------------------------------------


def test_a_file_is_solved_as_its_tree(tmp_path):
    path = tmp_path / "signals.efg"
    write_efg(path, signals())
    one, other = mn.solve(path), mn.solve(signals())
    assert repr(one) == repr(other)
    assert "sender    strong  loud " in repr(one)


def test_a_constant_sum_may_be_solved_as_a_general_one(tmp_path):
    path = tmp_path / "kuhn.efg"
    path.write_text(efg_text(kuhn_poker()))
    as_it_is, general = mn.solve(path), mn.solve(path, zero_sum=False)
    assert as_it_is.is_zero_sum
    assert not general.is_zero_sum
    assert general.value[0] == pytest.approx(-1 / 18)
    with pytest.raises(ValueError, match="payoffs must sum to a constant"):
        solve_tree(signals(), zero_sum=True)


def test_long_solutions_are_told_by_their_first_sets():
    lines = repr(mn.solve(from_tree(leduc_poker()))).splitlines()
    assert len(lines) == 1 + 2 * 13 + 1
    assert lines[13].strip() == "... 132 more information sets"


def test_a_player_who_never_moves():
    tree = build_tree("alone", ["one", "two"], Move(0, "now", {"a": End([1, 5]), "b": End([2, 0])}))
    solution = mn.solve(tree)
    assert solution.value.tolist() == [2.0, 0.0]
    assert "two       never moves" in repr(solution)


def test_what_is_refused(tmp_path):
    game = from_tree(pennies([1, -1], [-1, 1]))
    with pytest.raises(ValueError, match="payoffs of an extensive game are its own"):
        mn.solve(game, units=mn.gambit.Units.of_rewards(2))
    with pytest.raises(ValueError, match="one game at a time, got a batch"):
        mn.solve(stack_games([game, game]))
    with pytest.raises(ValueError, match="player 0 has no information sets 'guess'; there are 'coin'"):
        mn.solve(game).at(0, "guess")
    with pytest.raises(ValueError, match="only extensive games have information sets"):
        mn.solve([[1, 0], [0, 1]]).at(0, "coin")
    path = tmp_path / "forgets.efg"
    path.write_text('EFG 2 R "" { "A" } p "" 1 1 "x" { "l" "r" } 0 t "" 1 "" { 1 } p "" 1 1 "x" { "l" "r" } 0 '
                    't "" 2 "" { 2 } t "" 3 "" { 0 }')  # fmt: skip
    with pytest.raises(ValueError, match=r"forgets\.efg:1: no perfect recall: player 1, information set 1 'x'"):
        mn.solve(path)


def test_a_large_strategic_form_is_refused_with_its_size():
    """14 sets of two actions each that all are reached: 2^14 strategies."""

    def dealt(k):
        return Move(0, f"card {k}", {"a": End([k, 1]), "b": Move(1, "seen", {"a": End([1, k]), "b": End([0, -k])})})

    tree = build_tree("large", ["A", "B"], Draw({str(k): (1 / 14, dealt(k)) for k in range(14)}))
    with pytest.raises(ValueError, match=r"16,384 x 2 reduced strategies here; at most 10,000 profiles"):
        mn.solve(tree)
    assert MOST_STRATEGIES == 10_000


@pytest.mark.parametrize(("heads", "tails", "constant"), [([1, -1], [-1, 1], True), ([4, 6], [7, 3], True),
                                                           ([1, -1], [-1, 1.001], False)])  # fmt: skip
def test_sums_that_are_constant(heads, tails, constant):
    assert is_constant_sum(from_tree(pennies(heads, tails))) is constant


def test_three_players_are_never_of_constant_sum():
    assert not is_constant_sum(from_tree(three_matching(np.zeros((3, 2, 2, 2)))))


def test_what_is_seen_is_solved_from_its_ends():
    """Two moves each, by hand: player 2 takes its best answer to each, player 1 the better of both."""
    ends = np.random.default_rng(3).integers(-9, 10, size=(2, 2, 2))
    after = [Move(1, f"after {a}", {str(b): End([int(x) for x in ends[a, b]]) for b in range(2)}) for a in range(2)]
    solution = mn.solve(build_tree("seen", ["A", "B"], Move(0, "first", {"0": after[0], "1": after[1]})))
    answers = [int(np.argmax(ends[a, :, 1])) for a in range(2)]
    first = int(np.argmax([ends[a, answers[a], 0] for a in range(2)]))
    assert solution.method == "backward induction"
    assert solution.value.tolist() == ends[first, answers[first]].tolist()
    assert [solution.at(1, f"after {a}")[str(answers[a])] for a in range(2)] == [1.0, 1.0]
