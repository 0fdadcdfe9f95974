"""Iterations to reach a gap, and speed-ups with intervals, against values worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metanash_replication.rates import bootstrap_means, iterations_to_reach, percentile_interval, speed_up

GRID = np.array([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000])


def generator(*seed):
    return np.random.default_rng(seed)


# Iterations to reach ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [0.3, 1.0, 7.0])
@pytest.mark.parametrize("power", [0.25, 0.5, 1.0, 2.0])
def test_a_power_law_is_inverted_exactly(scale, power):
    """c t^-p is a straight line in log t and log gap, so the interpolation is right between any two checkpoints."""
    curve = scale * GRID**-power
    for when in (1.5, 7.0, 10.0, 333.0, 999.0):
        level = scale * when**-power
        assert iterations_to_reach(GRID, curve, level) == pytest.approx(when, rel=1e-12)


def by_hand(iterations, gap, level):
    """One curve, a loop, base-10 logarithms."""
    for c, (t, y) in enumerate(zip(iterations, gap, strict=True)):
        if y <= level:
            if c == 0:
                return float(t)
            t_before, y_before = iterations[c - 1], gap[c - 1]
            slope = (math.log10(y) - math.log10(y_before)) / (math.log10(t) - math.log10(t_before))
            return 10 ** (math.log10(t_before) + (math.log10(level) - math.log10(y_before)) / slope)
    return math.inf


@given(
    st.lists(st.floats(1e-6, 10.0), min_size=2, max_size=10),
    st.floats(1e-5, 5.0),
)
def test_against_a_loop(gap, level):
    found = iterations_to_reach(GRID[: len(gap)], gap, level)
    assert float(found) == pytest.approx(by_hand(GRID[: len(gap)].tolist(), gap, level), rel=1e-9)


def test_a_gap_of_0_is_reached_where_it_is_measured():
    """There is nothing to interpolate in logarithms: the checkpoint counts, not one close to the checkpoint before."""
    found = iterations_to_reach([1, 10, 100], [[1.0, 0.5, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]], 0.1)
    np.testing.assert_allclose(found, [100.0, 1.0, 10.0])


def test_worked_example():
    """From (10, 0.8) to (1000, 0.2): half the way in log gap (0.4) is half the way in log t (100)."""
    assert iterations_to_reach([10, 1000], [0.8, 0.2], 0.4) == pytest.approx(100.0)


@pytest.mark.parametrize("level", [0.5, 0.7])
def test_a_curve_that_starts_there_gets_the_first_checkpoint(level):
    assert iterations_to_reach([3, 10, 30], [0.5, 0.9, 0.1], level) == pytest.approx(3.0)


def test_a_curve_that_never_gets_there_gets_infinity():
    assert iterations_to_reach(GRID, np.full(10, 0.5), 0.4) == math.inf
    assert iterations_to_reach(GRID, np.full(10, 0.5), np.nextafter(0.5, 0.0)) == math.inf


@pytest.mark.parametrize("place", [1, 4, 9])
def test_a_curve_that_touches_the_level_gets_that_checkpoint(place):
    curve = np.full(10, 0.9)
    curve[place] = 0.25
    assert iterations_to_reach(GRID, curve, 0.25) == pytest.approx(GRID[place], rel=1e-12)


def test_the_first_time_counts():
    """Down to 0.4 between 2 and 5, up again, and down for good between 50 and 100."""
    curve = [0.9, 0.8, 0.2, 0.7, 0.8, 0.8, 0.1, 0.1, 0.1, 0.1]
    assert iterations_to_reach(GRID, curve, 0.4) == pytest.approx(2.0 * 2.5**0.5)


def test_any_number_of_leading_axes():
    curves = generator(1).uniform(0.05, 1.0, size=(2, 3, 4, len(GRID)))
    found = iterations_to_reach(GRID, curves, 0.3)
    assert found.shape == (2, 3, 4)
    for index in np.ndindex(found.shape):
        assert found[index] == pytest.approx(by_hand(GRID.tolist(), curves[index].tolist(), 0.3), rel=1e-9)


def test_one_checkpoint():
    assert iterations_to_reach([60], [[0.5], [0.3]], 0.4).tolist() == [math.inf, pytest.approx(60.0)]


def test_a_gap_of_zero_is_reached_between_its_checkpoints():
    found = float(iterations_to_reach([10, 100, 1000], [0.9, 0.5, 0.0], 0.3))
    assert 100.0 < found <= 1000.0


@given(st.lists(st.floats(0.01, 1.0), min_size=10, max_size=10), st.floats(0.01, 0.9), st.floats(1.0, 1.2))
def test_a_lower_level_is_never_reached_earlier(gap, level, factor):
    easy, hard = (float(iterations_to_reach(GRID, gap, x)) for x in (level * factor, level))
    assert easy <= hard * (1 + 1e-12)


@pytest.mark.parametrize("level", [0.0, -0.1, math.nan])
def test_level_must_be_above_zero(level):
    with pytest.raises(ValueError, match=f"must be above 0, got {level}"):
        iterations_to_reach(GRID, np.ones(10), level)
    with pytest.raises(ValueError, match="must be above 0"):
        speed_up(GRID, np.ones((2, 10)), np.ones((2, 10)), level, generator(0), 10)


# Bootstrap ----------------------------------------------------------------------------------------------


def test_bootstrap_is_deterministic_in_its_generator():
    samples = generator(2).normal(size=(7, 3))
    same = [bootstrap_means(samples, 50, generator(4)).tobytes() for _ in range(2)]
    assert same[0] == same[1] != bootstrap_means(samples, 50, generator(5)).tobytes()


def test_bootstrap_resamples_whole_seeds():
    """Whatever hangs on a seed moves together: arms, checkpoints, all of it. Pairing is this."""
    seed = np.arange(6.0)
    samples = np.stack([[seed, 10 * seed + 1], [seed**2, -seed]], axis=0).transpose(2, 0, 1)
    means = bootstrap_means(samples, 200, generator(1))
    assert means.shape == (200, 2, 2)
    np.testing.assert_allclose(means[:, 0, 1], 10 * means[:, 0, 0] + 1)
    np.testing.assert_allclose(means[:, 1, 1], -means[:, 0, 0])
    assert len(np.unique(means[:, 0, 0])) > 10


def test_bootstrap_draws_as_many_seeds_as_there_are_with_replacement():
    """With seeds marked by powers of a base above their number, a mean says how often each was drawn."""
    marks = 10.0 ** np.arange(6)
    totals = np.rint(6 * bootstrap_means(marks, 4000, generator(2))).astype(np.int64)
    counts = np.array([[total // 10**i % 10 for i in range(6)] for total in totals])
    assert (counts.sum(axis=1) == 6).all()
    assert counts.max() > 1
    assert counts.min() == 0
    # binomial(6, 1/6): mean 1, variance 5/6; 4000 draws make the errors 0.015 and 0.02, five of them are allowed
    np.testing.assert_allclose(counts.mean(axis=0), 1.0, atol=0.075)
    np.testing.assert_allclose(counts.var(axis=0), 5 / 6, atol=0.11)


def test_bootstrap_of_one_seed_is_that_seed():
    np.testing.assert_array_equal(bootstrap_means(np.array([[0.3, 0.7]]), 4, generator(0)), [[0.3, 0.7]] * 4)


@pytest.mark.parametrize("resamples", [0, -1, 2.5])
def test_resamples_must_be_positive(resamples):
    with pytest.raises(ValueError, match="resamples must be an integer of at least 1"):
        bootstrap_means(np.ones(3), resamples, generator(0))


def test_percentile_interval():
    """Of 0, 1, ..., 1000 the 2.5 % quantile is 25; a level of 1/2 lies between the quartiles."""
    estimates = generator(3).permutation(1001).astype(float)
    assert percentile_interval(estimates) == (pytest.approx(25.0), pytest.approx(975.0))
    assert percentile_interval(estimates, level=0.5) == (pytest.approx(250.0), pytest.approx(750.0))


# Speed-up -----------------------------------------------------------------------------------------------


def power_laws(seeds, individual, meta, power=0.5, rng=None, spread=0.0):
    """c t^-p with c near ``individual`` and ``meta``; both arms of a seed share half of the spread."""
    rng = rng or generator(0)
    common, own = rng.normal(scale=spread, size=(1, seeds)), rng.normal(scale=spread / 2, size=(2, seeds))
    factors = np.exp(common + own) * np.array([[individual], [meta]])
    return factors[:, :, np.newaxis] * GRID**-power


@pytest.mark.parametrize("ratio", [0.25, 1.0, 3.0, 10.0])
def test_speed_up_of_known_curves(ratio):
    """If meta(t) = individual(ratio t), it is ``ratio`` times faster, at any level, and no seed tells otherwise."""
    individual = np.tile(0.9 * GRID**-0.5, (5, 1))
    meta = np.tile(0.9 * (ratio * GRID) ** -0.5, (5, 1))
    when = 40.0
    level = 0.9 * (ratio * when) ** -0.5
    found = speed_up(GRID, individual, meta, level, generator(1), 100)
    assert found.level == level
    assert found.individual == pytest.approx(ratio * when)
    assert found.meta == pytest.approx(when)
    assert (found.ratio, found.low, found.high) == pytest.approx((ratio, ratio, ratio))
    assert (found.status, found.censored) == ("measured", 0.0)


def test_ratio_is_that_of_mean_curves():
    """Not the mean of the seeds' ratios: two seeds, meta four times faster on one and no faster on the other."""
    individual = np.array([0.4 * GRID**-0.5, 0.8 * GRID**-0.5])
    meta = np.array([0.2 * GRID**-0.5, 0.8 * GRID**-0.5])
    found = speed_up(GRID, individual, meta, 0.1, generator(1), 10)
    assert found.individual == pytest.approx(36.0)  # (0.6 / 0.1)^2
    assert found.meta == pytest.approx(25.0)  # (0.5 / 0.1)^2
    assert found.ratio == pytest.approx(1.44)


def test_faster_meta_learning_has_a_ratio_above_one():
    slow, fast = power_laws(4, 0.9, 0.3)
    assert speed_up(GRID, slow, fast, 0.1, generator(1), 10).ratio == pytest.approx(9.0)
    assert speed_up(GRID, fast, slow, 0.1, generator(1), 10).ratio == pytest.approx(1 / 9)


FLAT = np.full((3, len(GRID)), 0.9)
FALLING = np.tile(1.0 / GRID, (3, 1))


@pytest.mark.parametrize(
    ("individual", "meta", "status", "times", "ratio"),
    [
        (FALLING, FALLING, "measured", (20.0, 20.0), 1.0),
        (FLAT, FALLING, "at least", (math.inf, 20.0), 1000 / 20),
        (FALLING, FLAT, "at most", (20.0, math.inf), 20 / 1000),
        (FLAT, FLAT, "neither", (math.inf, math.inf), math.nan),
    ],
)
def test_status(individual, meta, status, times, ratio):
    """A side that does not get there counts as T = 1000, which makes the ratio a bound: see the word."""
    found = speed_up(GRID, individual, meta, 0.05, generator(1), 50)
    assert found.status == status
    assert (found.individual, found.meta) == pytest.approx(times)
    for number in (found.ratio, found.low, found.high):
        assert number == pytest.approx(ratio, nan_ok=True)
    assert found.censored == (0.0 if status == "measured" else 1.0)


def test_censored_is_the_share_of_resamples_that_do_not_get_there():
    """Two of three seeds reach 0.05. A resample does as well unless a bad seed is in it: (2/3)^3 = 8/27 are good."""
    individual = np.array([1.0 / GRID, 1.0 / GRID, np.full(len(GRID), 0.9)])
    found = speed_up(GRID, individual, FALLING, 0.05, generator(1), 20_000)
    assert found.censored == pytest.approx(1 - 8 / 27, abs=0.02)
    assert found.status == "at least"
    assert (found.low, found.high) == pytest.approx((1.0, 50.0))


def test_interval_is_that_of_the_resampled_ratios():
    individual, meta = power_laws(6, 0.9, 0.4, spread=0.5, rng=generator(9))
    found = speed_up(GRID, individual, meta, 0.1, generator(5), 300)
    draws = generator(5).multinomial(6, np.full(6, 1 / 6), size=300) / 6
    ratios = []
    for weights in draws:
        means = [sum(w * curve for w, curve in zip(weights, arm, strict=True)) for arm in (individual, meta)]
        times = [min(by_hand(GRID.tolist(), mean.tolist(), 0.1), 1000.0) for mean in means]
        ratios.append(times[0] / times[1])
    ratios.sort()
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(ratios, [0.025, 0.975])))
    assert found.low < found.ratio < found.high


def test_interval_contains_the_truth_nearly_as_often_as_it_says():
    """200 data sets of 20 seeds, c t^-1/2 with log-normal c: the true ratio is that of the squared mean factors.

    95 % are meant; a percentile interval of 20 seeds falls a little short (about 92 %). Two standard errors of 200
    draws are 4 %. Resampling the arms apart gives intervals of a factor 5 instead of 2, which always contain it.
    """
    truth, hits, widths = (0.9 / 0.4) ** 2, 0, []
    for number in range(200):
        rng = generator(number, 77)
        individual, meta = power_laws(20, 0.9, 0.4, rng=rng, spread=0.6)
        found = speed_up(GRID, individual, meta, 0.12, rng, 400)
        assert found.status == "measured"
        hits += found.low <= truth <= found.high
        widths.append(found.high / found.low)
    assert 0.86 <= hits / 200 <= 0.985
    assert np.median(widths) < 2.5


def test_seeds_are_paired():
    """Both arms equal on every seed, whatever the seed: the ratio is one in every resample."""
    individual, _ = power_laws(8, 0.9, 0.4, spread=0.8)
    found = speed_up(GRID, individual, individual.copy(), 0.2, generator(3), 500)
    assert (found.ratio, found.low, found.high) == (1.0, 1.0, 1.0)


def test_equal_generators_give_equal_results():
    individual, meta = power_laws(6, 0.9, 0.4, spread=0.5)
    one, two, other = (speed_up(GRID, individual, meta, 0.1, generator(seed), 100) for seed in (5, 5, 6))
    assert one == two
    assert (one.ratio, one.individual, one.meta) == (other.ratio, other.individual, other.meta)
    assert (one.low, one.high) != (other.low, other.high)


@pytest.mark.parametrize("shapes", [((3, 10), (4, 10)), ((3, 10), (3, 9)), ((10,), (10,)), ((1, 3, 10), (1, 3, 10))])
def test_shapes_must_agree(shapes):
    with pytest.raises(ValueError, match="seeds, checkpoints") as caught:
        speed_up(GRID, np.ones(shapes[0]), np.ones(shapes[1]), 0.1, generator(0), 10)
    assert str(shapes[0]) in str(caught.value)
    assert str(shapes[1]) in str(caught.value)


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937, np.random.Philox])
@pytest.mark.parametrize(
    ("seeds", "resamples"), [(1, 7), (2, 50), (3, 200), (20, 2000), (63, 2000), (400, 1600), (30, 9)]
)
def test_resamples_are_those_of_numpy_and_so_is_what_comes_after_them(bits, seeds, resamples):
    """With kept chances or, where there are few resamples, without: the same counts, and the generator left alike."""
    ours, numpys = (np.random.Generator(bits(11)) for _ in range(2))
    for _ in range(3):
        means = bootstrap_means(np.eye(seeds), resamples, ours)
        counts = numpys.multinomial(seeds, np.full(seeds, 1.0 / seeds), size=resamples)
        np.testing.assert_array_equal(np.rint(means * seeds), counts)
        assert ours.random() == numpys.random()
        for most in (2**62, 2**20):  # the second takes half of 64 bits and leaves the other half
            assert ours.integers(most) == numpys.integers(most)


def test_resamples_are_those_of_numpy_where_the_kernel_cannot_draw_them(monkeypatch):
    ours, numpys = generator(3), generator(3)
    monkeypatch.setattr("metanash.kernels.resample", lambda *_: -1)
    means = bootstrap_means(np.eye(5), 100, ours)
    np.testing.assert_array_equal(np.rint(5 * means), numpys.multinomial(5, np.full(5, 0.2), size=100))
    assert ours.random() == numpys.random()
