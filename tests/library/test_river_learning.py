"""Learning of river endgames: iterates of the tree, poker that is known, and sequences."""

import numpy as np
import pytest
from test_river import BOARD, RULES, SMALL, endgame_of, random_strategies

from metanash import extensive, river
from metanash.river.runs import TARGETS

# Iterates -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("averaging", ["uniform", "linear", "quadratic"])
@pytest.mark.parametrize("alternating", [True, False])
@pytest.mark.parametrize(("rate", "rules"), [(None, "two sizes"), (0.5, "least raise")])
def test_iterates_are_those_of_the_tree(averaging, alternating, rate, rules):
    """The learner of extensive games on the tree of all deals, from a random start."""
    endgame = endgame_of(RULES[rules])
    game, start = river.as_extensive(endgame), random_strategies(np.random.default_rng(1), endgame)
    learner = river.RiverCFR(averaging, alternating, rate)
    oracle = extensive.PredictiveCFR(averaging, alternating, rate)
    state, expected = learner.start(endgame, start), oracle.start(game, river.to_extensive(endgame, start))
    for mine, theirs in zip(state.memory, expected.memory, strict=True):
        np.testing.assert_allclose(mine[1:].T.ravel(), theirs[1:], rtol=1e-12)
        assert (mine[0] == 0.0).all()
    for _ in range(12):
        state, expected = learner.advance(endgame, state, 1), oracle.advance(game, expected, 1)
        for mine, theirs in zip(river.to_extensive(endgame, state.strategy), expected.strategy, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-8)
    for mine, theirs in zip(
        river.to_extensive(endgame, learner.output(endgame, state)), oracle.output(game, expected), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, atol=1e-8)
    for name, value in oracle.measure(game, expected).items():
        if name != "cce_gap":
            assert learner.measure(endgame, state)[name] == pytest.approx(float(value), abs=1e-7)


def test_the_last_strategies_need_not_be_measured():
    endgame = endgame_of(RULES["short"])
    both, average = (
        river.learn_river(endgame, river.RiverCFR(measure_last=last), 6, at=[2, 6]).measures for last in (True, False)
    )
    assert sorted(average) == ["exploitability", "ne_gap"]
    assert sorted(both) == ["exploitability", "last_exploitability", "last_ne_gap", "ne_gap"]
    for name, values in average.items():
        np.testing.assert_array_equal(values, both[name])


def test_steps_add_up_and_leave_the_state_before_untouched():
    endgame, learner = endgame_of(RULES["two sizes"]), river.RiverCFR()
    begun = learner.start(endgame)
    kept = [part.copy() for part in (*begun.memory, *begun.strategy, *begun.plan_sums)]
    at_once = learner.advance(endgame, begun, 7)
    in_steps = learner.advance(endgame, learner.advance(endgame, begun, 3), 4)
    for one, other in zip((*begun.memory, *begun.strategy, *begun.plan_sums), kept, strict=True):
        np.testing.assert_array_equal(one, other)
    assert at_once.iteration == in_steps.iteration == 7
    for name in ("memory", "strategy", "plan_sums"):
        for one, other in zip(getattr(at_once, name), getattr(in_steps, name), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-12)


def test_before_the_first_iteration_the_output_is_the_start():
    endgame = endgame_of(RULES["short"])
    start = random_strategies(np.random.default_rng(0), endgame)
    learner = river.RiverCFR()
    for mine, given in zip(learner.output(endgame, learner.start(endgame, start)), start, strict=True):
        np.testing.assert_array_equal(mine, given)


# Poker --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", [25, 100, 300])
def test_nuts_or_air_against_a_bluff_catcher(stack):
    """The textbook game (Chen and Ankenman 2006): bet b into P with nuts or air, half of each.

    The nuts always bet, bluffs are b / (P + b) as many, P / (P + b) of bets are called, and player 1 takes
    (1 + b / (P + b)) / 2 of the pot.
    """
    pot, ranges = 100, [{"KsKd": 1.0, "7c6c": 1.0}, {"AcAd": 1.0}]
    endgame = river.river_endgame(BOARD, ranges, pot=pot, stacks=(stack, 2 * stack), sizes=(), raises=1)
    run = river.learn_river(endgame, river.RiverCFR(), 500, at=[500])
    bets = dict(zip(endgame.hand_names[0], run.average[0][2], strict=True))
    assert bets["6c7c"] == pytest.approx(stack / (pot + stack), abs=1e-3)
    assert bets["KdKs"] == pytest.approx(1.0, abs=1e-3)
    second = endgame.betting.players[1]
    call = int(second.first[second.labels.index("all-in")]) + 1
    assert run.average[1][call, 0] == pytest.approx(pot / (pot + stack), abs=1e-3)
    taken = (1 + stack / (pot + stack)) / 2
    assert river.values(endgame, run.average)[0] / pot + 0.5 == pytest.approx(taken, abs=1e-4)


def test_all_hands_are_learned():
    """1081 hands a side, two sizes and all-in; nobody folds a hand that never loses, nor calls with what never wins."""
    endgame = river.river_endgame(BOARD)
    run = river.learn_river(endgame, river.RiverCFR(), 150, at=[1, 150])
    first, last = run.measures["exploitability"]
    assert first > 0.15
    assert 0.0 <= last < 0.005
    nuts = endgame.strengths[1].argmax()
    air = endgame.strengths[1].argmin()
    second = endgame.betting.players[1]
    fold = int(second.first[second.labels.index("all-in")])
    assert run.average[1][fold, nuts] < 1e-3
    assert run.average[1][fold, air] > 0.999


def test_a_start_at_the_equilibrium_is_kept_with_a_small_rate_only():
    endgame = endgame_of(RULES["two sizes"])
    solved = river.learn_river(endgame, river.RiverCFR(), 3000, at=[3000]).average
    gap = {
        rate: river.learn_river(endgame, river.RiverCFR(learning_rate=rate), 1, at=[1], initial=solved).measures[
            "ne_gap"
        ]
        for rate in (0.01, None)
    }
    assert gap[0.01][0] < 1.0
    assert gap[None][0] > 5.0


# Means and sequences ------------------------------------------------------------------------------------


def test_means_are_taken_set_by_set():
    endgame = endgame_of(RULES["short"])
    rng = np.random.default_rng(0)
    told = [random_strategies(rng, endgame) for _ in range(3)]
    found = river.mean_strategies(endgame, told, alpha=0.25)
    for i, flat in enumerate(endgame.uniform()):
        expected = 0.75 * sum(profile[i] for profile in told) / 3 + 0.25 * flat
        np.testing.assert_allclose(found[i], expected, atol=1e-15)
    with pytest.raises(ValueError, match="at least one endgame"):
        river.mean_strategies(endgame, [])
    with pytest.raises(ValueError, match=r"alpha must lie in \[0, 1\], got 2"):
        river.mean_strategies(endgame, told, alpha=2)


def sequence(kind="random", *address, n_games=5, **options):
    options = {"perturbation": 0.2, "n_hands": 12, **options}
    return river.river_sequence(kind, *(address or ("tests",)), n_games=n_games, **options)


def chips(endgames):
    return [(endgame.pot, endgame.betting.stack) for endgame in endgames]


@pytest.mark.parametrize("n_games", [1, 2, 5, 6])
def test_orders_are_of_the_same_endgames(n_games):
    found = {kind: sequence(kind, n_games=n_games) for kind in ("random", "sorted", "alternating")}
    assert len({frozenset(chips(endgames)) for endgames in found.values()}) == 1
    depth = {kind: [stack / pot for pot, stack in chips(endgames)] for kind, endgames in found.items()}
    rising = sorted(depth["random"])
    assert depth["sorted"] == rising
    assert depth["alternating"] == [rising.pop(0 if k % 2 == 0 else -1) for k in range(n_games)]
    assert [endgame.name.split(":")[0] for endgame in found["sorted"]] == [f"sorted {k}" for k in range(n_games)]


def test_addresses_name_endgames():
    one, other = sequence("random", "a", 1), sequence("random", "a", 1)
    assert chips(one) == chips(other)
    np.testing.assert_array_equal(one[3].weights, other[3].weights)
    assert chips(sequence("random", "a", 1, n_games=2)) == chips(one)[:2]
    different = [sequence("random", *address) for address in (("a", 1), ("a", 2), ("a", "1"))]
    assert len({part[0].board for part in different}) == 3
    assert len({chips(part)[0] for part in different}) == 3


def test_what_varies():
    """Chips, weights or both; noise is paired over sizes; hands stay the same."""
    near, far = (np.array(chips(sequence(perturbation=size))) for size in (0.1, 0.2))
    base = np.array([100.0, 250.0])
    np.testing.assert_allclose(far - base, 2 * (near - base), atol=1e-10)
    assert np.abs(far / base - 1.0).max() <= 0.2
    for varied, by_chips, by_weights in (("chips", 5, 1), ("ranges", 1, 5), ("both", 5, 5)):
        endgames = sequence(varied=varied)
        assert len(set(chips(endgames))) == by_chips
        assert len({endgame.weights.tobytes() for endgame in endgames}) == by_weights
        assert len({endgame.hand_names for endgame in endgames}) == 1
    same, moved = sequence(varied="chips")[0].weights, sequence(varied="ranges", perturbation=0.5)[0].weights
    ratio = moved[same > 0] / same[same > 0]
    assert 0.5 <= ratio.min() < 0.7
    assert 1.3 < ratio.max() <= 1.5


def test_given_ranges_are_kept():
    held = [{"".join(hand): weight for hand, weight in part.items()} for part in SMALL]
    (endgame,) = sequence(n_games=1, board=BOARD, ranges=held)
    np.testing.assert_array_equal(endgame.weights, endgame_of(RULES["short"]).weights)


def test_bad_sequences_are_named():
    for match, options in (
        ("kind of a river sequence must be one of", {"kind": "shuffled"}),
        ("varied of a river sequence must be one of", {"varied": "boards"}),
        ("n_games must be an integer of at least 1", {"n_games": 0}),
        ("n_hands must be at most 1081", {"n_hands": 1082}),
        (r"perturbation must lie in \[0, 1\), got 1", {"perturbation": 1.0}),
        ("ranges must be two", {"ranges": [None]}),
        ("betting trees of a sequence must have one shape", {"stack": 150.0, "n_games": 20}),
    ):
        with pytest.raises(ValueError, match=match):
            sequence(options.pop("kind", "random"), **options)


@pytest.mark.parametrize("target", [None, *TARGETS])
def test_a_sequence_is_learned_one_by_one(target):
    """The initial strategies of each endgame, by hand from the runs before it."""
    endgames, learner = sequence(n_games=3), river.RiverCFR(learning_rate=0.3)
    runs = river.learn_endgames(endgames, learner, 20, target=target, alpha=0.2, at=[20])
    told = []
    for endgame, run in zip(endgames, runs, strict=True):
        initial = None
        if told:
            parts = zip(*told, strict=True)
            initial = [
                0.8 * np.mean(part, axis=0) + 0.2 * flat for part, flat in zip(parts, endgame.uniform(), strict=True)
            ]
        again = learner.advance(endgame, learner.start(endgame, initial), 20)
        for mine, theirs in zip(run.last, again.strategy, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-9)
        if target == "average":
            told.append(learner.output(endgame, again))
        elif target == "best_response":
            told.append(river.best_responses(endgame, learner.output(endgame, again)))


def test_what_was_learned_before_helps():
    """Both meta-updates, beside the same learner from uniform strategies and the one that keeps no start."""
    endgames = sequence(n_games=5, n_hands=60)

    def final(rate, target):
        learner = river.RiverCFR(learning_rate=rate)
        runs = river.learn_endgames(endgames, learner, 30, target=target, alpha=0.05, at=[30])
        return np.mean([run.measures["exploitability"][-1] for run in runs[1:]])

    alone = min(final(300.0, None), final(None, None))
    assert final(300.0, "average") < 0.8 * alone
    assert final(300.0, "best_response") < 0.8 * alone


def test_what_is_no_sequence_or_learner_is_named():
    endgames = [*sequence(n_games=1), *sequence("random", "other", n_games=1)]
    with pytest.raises(ValueError, match="endgame 1 differs from endgame 0"):
        river.learn_endgames(endgames, river.RiverCFR(), 3, target=None)
    with pytest.raises(ValueError, match="target must be None or one of best_response, average, got 'last'"):
        river.learn_endgames(endgames, river.RiverCFR(), 3, target="last")
    with pytest.raises(ValueError, match="averaging must be one of uniform, linear, quadratic, got 'cubic'"):
        river.learn_river(endgames[0], river.RiverCFR("cubic"), 3)
    with pytest.raises(ValueError, match="learning_rate must be above 0"):
        river.learn_river(endgames[0], river.RiverCFR(learning_rate=-1.0), 3)
    with pytest.raises(ValueError, match="checkpoints must be integers that increase to 3"):
        river.learn_river(endgames[0], river.RiverCFR(), 3, at=[2])
    with pytest.raises(ValueError, match="iterations must be an integer of at least 1, got 0"):
        river.learn_river(endgames[0], river.RiverCFR(), 0)
