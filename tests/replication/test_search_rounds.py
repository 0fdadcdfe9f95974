"""The search for counterexamples, round by round: its plan by hand, its pools and curves on a known ratio."""

from types import SimpleNamespace

import numpy as np
import pytest

from metanash.streams import stream
from metanash_replication.falsification.falsifiable import Size
from metanash_replication.falsification.rounds import Round, Settings, Worst, advance, alone, rounds, simplified, start

SIZE = Size((2, 2))


def plan(budget, sizes=1, forms=("a",), **settings):
    return list(rounds(Settings(budget, 0, **settings), [SIZE] * sizes, forms))


# The plan -----------------------------------------------------------------------------------------------


def test_a_plan_by_hand():
    """Of 60,000 a fifth is random, in batches; 24,000 a form are 4 restarts of 6,000: 24 members, 250 generations."""
    found = plan(60_000, forms=("a", "b"))
    random = [turn for turn in found if turn.form is None]
    assert random == [Round(0, 1000, 24, 4, number=k) for k in range(12)] == found[:12]
    for index, (form, restart) in enumerate([(form, restart) for form in "ab" for restart in range(4)]):
        own = found[12 + 13 * index : 12 + 13 * (index + 1)]
        lengths = [20] * 12 + [10]
        assert own == [Round(0, n * 24, 24, 4, form, restart, k) for k, n in enumerate(lengths)]
    assert len(found) == 12 + 8 * 13
    assert sum(turn.evaluations for turn in found) == 60_000


@pytest.mark.parametrize(
    ("budget", "restarts", "members", "generations"),
    [
        (15_000, 2, 24, 250),  # 12,000 are two restarts of 6,000
        (14_999, 1, 24, 499),  # 11,999 are not
        (1_231, 1, 24, 41),  # the last of 41 generations would stand by itself
        (1_000, 1, 24, 33),  # 800 are 32 members of 25 evaluations each, 24 is the most
        (500, 1, 16, 25),  # 400 are 16 members
        (100, 1, 5, 16),  # 80 would be 3 members, 5 is the fewest
    ],
)
def test_a_small_budget_has_fewer_restarts_and_members(budget, restarts, members, generations):
    found = plan(budget)
    local = [turn for turn in found if turn.form]
    assert {turn.restart for turn in local} == set(range(restarts))
    assert {(turn.members, turn.restarts) for turn in found} == {(members, restarts)}
    planned = sum(turn.evaluations for turn in local if turn.restart == 0)
    # a last generation by itself would be the population itself
    assert planned == members * (generations - (generations % 20 == 1))


def test_settings_are_the_most_restarts_and_members():
    assert {turn.restarts for turn in plan(100_000, restarts=2)} == {2}
    assert {turn.members for turn in plan(100_000, population=7)} == {7}


def test_a_budget_is_spread_over_the_sizes():
    """10 over three sizes: 3, 3 and 4; too few for a generation, so all of them random."""
    assert plan(10, sizes=3) == [Round(0, 3, 5, 1), Round(1, 3, 5, 1), Round(2, 4, 5, 1)]
    assert plan(10) == [Round(0, 10, 5, 1)]  # a single generation would be the population itself
    assert [turn.size for turn in plan(6_000, sizes=2) if turn.form is None and turn.number == 0] == [0, 1]


@pytest.mark.parametrize(("name", "low"), [("budget", 1), ("restarts", 1), ("population", 5)])
def test_settings_below_their_least_are_refused(name, low):
    usual = {"budget": 10, "seed": 0}
    assert getattr(Settings(**(usual | {name: low})), name) == low
    with pytest.raises(ValueError, match=f"{name} must be an integer of at least {low}, got {low - 1}"):
        Settings(**(usual | {name: low - 1}))


# Rounds of random vectors -------------------------------------------------------------------------------


def height(units):
    """A ratio with one summit, at (0.25, 0.75, ...)."""
    summit = np.resize([0.25, 0.75], units.shape[1])
    return 2.0 - ((units - summit) ** 2).sum(axis=1)


def claim_of(function, dimension=2):
    """Left over right is ``function`` at T = 7 and half of that at T = 3; of the form ``half`` it is half as large."""

    def evaluate(instances, size):
        assert size is SIZE
        left = function(instances)[:, np.newaxis] * np.array([0.5, 1.0])
        one = np.ones_like(left)
        return SimpleNamespace(left=left, right={"a": one, "half": 2 * one}, iterations=np.array([3, 7]))

    return SimpleNamespace(
        evaluate=evaluate,
        instances=lambda units, _: units,
        dimension=lambda _: dimension,
        responsive=(),
        forms_at=lambda _, forms: list(forms),
    )


def drawn(number, count, seed=0):
    return stream(seed, "falsify", "name", SIZE.name, "random", number).random((count, 2))


def test_random_vectors_go_to_the_restarts_in_turns_and_the_best_are_kept():
    """Loops: vector n of all batches belongs to restart n modulo 3, which keeps the best 4 of its own, best first."""
    claim, settings, progress = claim_of(height), Settings(10_000, 0), start(["a", "half"])
    for number, count in ((0, 1000), (1, 500)):
        progress = advance(claim, "name", [SIZE], settings, progress, Round(0, count, 4, 3, number=number))
    everything = np.concatenate([drawn(0, 1000), drawn(1, 500)])
    assert (progress.done, progress.evaluations) == (2, 1500)
    for restart in range(3):
        own = sorted((everything[n].tolist() for n in range(1500) if n % 3 == restart), key=lambda u: -by_hand(u))[:4]
        for form, factor in (("a", 1.0), ("half", 0.5)):
            vectors, found = progress.pools[form, restart]
            assert vectors.tolist() == own
            np.testing.assert_allclose(found, [factor * by_hand(u) for u in own], rtol=1e-12)


def by_hand(unit):
    return 2.0 - (unit[0] - 0.25) ** 2 - (unit[1] - 0.75) ** 2


def test_the_worst_is_remembered_with_its_vector_its_iterations_and_its_place():
    """A curve has a point whenever a batch finds more, at the number of the evaluation that did."""
    claim, settings, progress = claim_of(height), Settings(10_000, 0), start(["a", "half"])
    expected, best, before = [], 0.0, 0
    for number, count in ((0, 5), (1, 5), (2, 400)):
        progress = advance(claim, "name", [SIZE], settings, progress, Round(0, count, 4, 1, number=number))
        values = [by_hand(u) for u in drawn(number, count)]
        if max(values) > best:
            best = max(values)
            vector, place = drawn(number, count)[values.index(best)], before + values.index(best) + 1
            expected.append((place, best))
        before += count
    assert progress.curve["a"] == [(place, pytest.approx(value)) for place, value in expected]
    assert progress.curve["half"] == [(place, pytest.approx(value / 2)) for place, value in expected]
    worst = progress.worst["a", 0]
    assert (worst.ratio, worst.iterations, worst.found_at) == (pytest.approx(best), 7, expected[-1][0])
    np.testing.assert_array_equal(worst.vector, vector)


def test_each_size_has_a_worst_of_its_own_and_the_curve_is_of_all():
    claim, settings = claim_of(height), Settings(10_000, 0)
    sizes = [SIZE, SIZE]
    first = advance(claim, "name", sizes, settings, start(["a"]), Round(0, 400, 4, 1))
    second = advance(claim, "name", sizes, settings, first, Round(1, 3, 4, 1))
    values = [by_hand(u) for u in drawn(0, 3)]
    assert second.worst["a", 1].ratio == pytest.approx(max(values))
    assert second.worst["a", 0].ratio == first.worst["a", 0].ratio > second.worst["a", 1].ratio
    assert second.curve == first.curve
    assert len(second.pools["a", 0][0]) == 3  # vectors of another size are of no use
    assert first.done == 1  # what came before stays as it was


def test_local_rounds_start_from_the_pool_of_their_restart_and_find_the_summit():
    claim, settings = claim_of(height), Settings(10_000, 0)
    progress = advance(claim, "name", [SIZE], settings, start(["a"]), Round(0, 60, 8, 2))
    best = progress.pools["a", 1][1][0]
    for number in range(4):
        turn = Round(0, 20 * 8, 8, 2, "a", 1, number)
        later = advance(claim, "name", [SIZE], settings, progress, turn)
        spent = later.evaluations - progress.evaluations
        assert spent == turn.evaluations or (number > 1 and spent < turn.evaluations)  # it stops when all are alike
        assert later.population.shape == (8, 2)
        assert height(later.population).max() >= best  # a population never loses its best
        progress = later
    assert progress.worst["a", 0].ratio == pytest.approx(2.0, abs=1e-6)
    np.testing.assert_allclose(progress.worst["a", 0].vector, [0.25, 0.75], atol=1e-3)
    again = start(["a"])
    for turn in (Round(0, 60, 8, 2), *(Round(0, 160, 8, 2, "a", 1, n) for n in range(4))):
        again = advance(claim, "name", [SIZE], settings, again, turn)
    assert again.population.tobytes() == progress.population.tobytes()
    other = advance(claim, "name", [SIZE], settings, start(["a"]), Round(0, 60, 8, 2))
    other = advance(claim, "name", [SIZE], settings, other, Round(0, 160, 8, 2, "a", 0, 0))
    assert not np.array_equal(other.population, progress.population)


def test_rounds_of_one_restart_draw_anew():
    """From one population, rounds of unequal numbers end with unequal ones; of equal numbers, with equal ones."""
    claim, settings = claim_of(height), Settings(10_000, 0)
    progress = advance(claim, "name", [SIZE], settings, start(["a"]), Round(0, 60, 8, 1))
    progress = advance(claim, "name", [SIZE], settings, progress, Round(0, 16, 8, 1, "a", 0, 0))
    ends = [
        advance(claim, "name", [SIZE], settings, progress, Round(0, 16, 8, 1, "a", 0, number)).population.tobytes()
        for number in (1, 2, 1)
    ]
    assert ends[0] == ends[2] != ends[1]


def test_an_infinite_ratio_does_not_stop_the_search():
    claim = claim_of(lambda units: np.where(units[:, 0] > 0.5, np.inf, height(units)))
    progress = advance(claim, "name", [SIZE], Settings(10_000, 0), start(["a"]), Round(0, 60, 8, 1))
    progress = advance(claim, "name", [SIZE], Settings(10_000, 0), progress, Round(0, 40, 8, 1, "a", 0, 0))
    assert progress.worst["a", 0].ratio == np.inf


# The worst instance made plain --------------------------------------------------------------------------


def test_what_does_not_matter_becomes_plain():
    """One coordinate matters and has its summit at 0.3; one may be 0 or 1 but not 1/2; the third does not matter."""

    def function(units):
        return 2.0 - (units[:, 0] - 0.3) ** 2 - np.where(units[:, 1] == 0.5, 1.0, 0.0)

    plain = simplified(claim_of(function, 3), SIZE, "a", Worst(2.0, np.array([0.3, 0.8, 0.123]), 7, 5))
    assert plain.vector.tolist() == [0.3, 0.0, 0.5]
    assert (plain.ratio, plain.iterations, plain.found_at) == (2.0, 7, 5)


def test_a_plain_coordinate_may_raise_the_ratio_but_not_lower_it():
    rising = simplified(claim_of(lambda units: 1.0 + units[:, 0]), SIZE, "a", Worst(1.25, np.array([0.25, 0.1]), 7, 1))
    assert rising.vector[0] == 0.5  # the first that loses nothing
    assert rising.ratio == 1.5
    kept = simplified(claim_of(height), SIZE, "a", Worst(2.0, np.array([0.25, 0.75]), 7, 1))
    assert kept.vector.tolist() == [0.25, 0.75]
    slight = claim_of(lambda units: 1.0 - 1e-8 * (units[:, 0] != 0.3))
    assert simplified(slight, SIZE, "a", Worst(1.0, np.array([0.3, 0.1]), 7, 1)).vector.tolist() == [0.3, 0.5]


def test_where_nothing_was_found_everything_becomes_plain():
    nothing = claim_of(lambda units: 0.0 * units[:, 0])
    assert simplified(nothing, SIZE, "a", Worst(0.0, np.array([0.3, 0.8]), 0, 0)).vector.tolist() == [0.5, 0.5]


def test_later_coordinates_are_measured_against_what_was_gained():
    """After the first has risen to 3/2 at 1/2, the second may not give any of that back."""
    both = claim_of(lambda units: 1.0 + units[:, 0] - np.where(units[:, 1] == 0.1, 0.0, 0.2))
    assert simplified(both, SIZE, "a", Worst(1.25, np.array([0.25, 0.1]), 7, 1)).vector.tolist() == [0.5, 0.1]


def test_an_instance_alone_is_evaluated_anew():
    found = alone(claim_of(height), SIZE, "half", Worst(9.0, np.array([0.25, 0.25]), 1, 4))
    assert (found.ratio, found.iterations, found.found_at) == (pytest.approx(0.875), 7, 4)
