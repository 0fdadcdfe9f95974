"""Growth at stage ends: two models against SciPy's fits, verdicts on both sides of each threshold, and the rule."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import scipy

from metanash_replication.ledger.cited import plain
from metanash_replication.ledger.rules import HOLDS, INCONCLUSIVE, VIOLATED
from metanash_replication.rates import FITS, Growth, compare_growth, judge_growth
from metanash_replication.topics.zero_sum import tables
from metanash_replication.topics.zero_sum.claims import CLAIMS

ENDS = np.array([10 * 2**k for k in range(20)], dtype=np.float64)
EVERYTHING = (1.0, 1e9)
FACTORS = np.array([[0.7], [1.0], [1.6]])


def generator(*seed):
    return np.random.default_rng(seed)


def compared(curves, window=EVERYTHING, resamples=200, t=ENDS):
    return compare_growth(t, np.asarray(curves, dtype=np.float64), window, generator(1), resamples)


# Fits ---------------------------------------------------------------------------------------------------


def test_an_affine_curve_is_found():
    """T gap = 2 + 3 log T: b = 3, without a misfit; seeds with other factors have other b."""
    found = compared([2.0 + 3.0 * np.log(ENDS)])
    assert (found.increment, found.misfit_affine) == (pytest.approx(3.0, rel=1e-10), pytest.approx(0.0, abs=1e-12))
    assert found.rise == pytest.approx((2 + 3 * math.log(ENDS[-1])) / (2 + 3 * math.log(10)))
    assert (found.start, found.end, found.points) == (10.0, ENDS[-1], 20)
    spread = compared(FACTORS * (2.0 + 3.0 * np.log(ENDS)))
    assert spread.increment == pytest.approx(3.3)
    assert 2.0999 < spread.increment_low < spread.increment < spread.increment_high < 4.8001
    assert spread.power_low == pytest.approx(spread.power_high)  # a common factor leaves the exponent


@pytest.mark.parametrize("power", [-0.5, 0.01, 0.3, 1.0])
def test_a_power_is_found(power):
    found = compared(FACTORS * ENDS**power)
    for name in ("power", "power_low", "power_high"):
        assert getattr(found, name) == pytest.approx(power, abs=1e-10)
    assert found.misfit_power == pytest.approx(0.0, abs=1e-12)
    assert found.misfit_affine > 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_against_scipy(seed):
    """Fits of the mean curve: curve_fit with sigma = y, and linregress of the logarithms."""
    t = np.sort(generator(2, seed).uniform(10, 1e6, size=9))
    curves = generator(3, seed).uniform(1, 4, size=(4, 9))
    mean = curves.mean(axis=0)
    found = compared(curves, t=t)
    (a, b), _ = scipy.optimize.curve_fit(lambda x, a, b: a + b * np.log(x), t, mean, p0=(1.0, 0.1), sigma=mean)
    assert found.increment == pytest.approx(b, rel=1e-6, abs=1e-7)
    off = [(a + b * math.log(x) - y) / y for x, y in zip(t, mean, strict=True)]
    assert found.misfit_affine == pytest.approx(math.sqrt(sum(v * v for v in off) / 9), rel=1e-6)
    line = scipy.stats.linregress(np.log(t), np.log(mean))
    assert found.power == pytest.approx(line.slope, abs=1e-12)
    off = [math.exp(line.intercept) * x**line.slope / y - 1 for x, y in zip(t, mean, strict=True)]
    assert found.misfit_power == pytest.approx(math.sqrt(sum(v * v for v in off) / 9), rel=1e-9)
    assert found.advantage == pytest.approx(math.log10(found.misfit_power / found.misfit_affine), rel=1e-9)


def test_the_window_has_both_ends_and_no_more():
    """A power before it, affine inside: T from 640 on is the seventh to the last stage end."""
    curve = np.where(ENDS < 640, ENDS**2, 5.0 + np.log(ENDS))
    found = compared([curve], window=(640.0, ENDS[-1]))
    assert (found.start, found.points, found.misfit_affine) == (640.0, 14, pytest.approx(0.0, abs=1e-12))
    assert compared([curve], window=(639.0, ENDS[-1] - 1)).points == 13
    assert compared([curve], window=(320.0, ENDS[-1])).misfit_affine > 0.1


def test_too_few_points_and_curves_at_zero():
    with pytest.raises(ValueError, match="at least 4 points between 10 and 50, got 3; widen the window or run longer"):
        compared([np.ones(20)], window=(10.0, 50.0))
    with pytest.raises(ValueError, match="whose means are above 0"):
        compared([np.where(ENDS == 40.0, 0.0, 1.0)])
    with pytest.raises(ValueError, match="whose means are above 0"):  # a quarter of the resamples is the first alone
        compared([np.where(ENDS == 40.0, 0.0, 1.0), np.ones(20)])


def test_the_same_seeds_give_the_same_numbers():
    curves = FACTORS * (2.0 + generator(4).uniform(1, 2, size=(3, 20)) * np.log(ENDS))
    assert compared(curves) == compared(curves)
    many = generator(5).uniform(1, 2, size=(20, 20)) * np.log(ENDS)
    unsaid = compare_growth(ENDS, many, EVERYTHING, generator(1))
    assert unsaid == compared(many, resamples=2000)
    assert unsaid != compared(many, resamples=2001)


# Verdicts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("curve", "verdict"),
    [
        (7.0 + 2.0 * np.log(ENDS), "consistent"),
        (np.log(ENDS), "consistent"),
        (np.full(20, 3.0), "consistent"),  # O(1/T), which both models fit
        (5.0 - 0.2 * np.log(ENDS), "consistent"),
        (ENDS**-0.5, "consistent"),  # the power is nearer, but it falls
        (ENDS**0.01, "violated"),
        (ENDS**0.25, "violated"),
        (np.exp(np.sin(ENDS)), "inconclusive"),  # neither fits
        (1.0 + np.log(ENDS) ** 4, "inconclusive"),
    ],
)
def test_verdicts(curve, verdict):
    assert judge_growth(compared(FACTORS * curve)) == verdict


def test_seeds_that_disagree_decide_nothing():
    """One seed grows like log T, one like a power: which one is nearer depends on the resample."""
    assert judge_growth(compared([2.0 + np.log(ENDS), 1e-2 * ENDS**0.4])) == "inconclusive"


BASE = Growth(1e5, 1e7, 10, 1.0, 0.9, 1.1, 0.1, 0.05, 0.15, FITS, FITS, 0.5, 0.1, 0.9, 1.5, 1.6)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "consistent"),
        ({"advantage_low": 0.0}, "inconclusive"),
        ({"misfit_affine": 1.001 * FITS}, "inconclusive"),
        ({"misfit_affine": 0.0101}, "inconclusive"),  # 1 %, in numbers
        ({"misfit_affine": 0.0099}, "consistent"),
        ({"misfit_affine": 1.001 * FITS, "rise_high": 1.0}, "consistent"),
        ({"misfit_affine": 1.001 * FITS, "rise": 0.9}, "inconclusive"),  # falls, but not in all resamples
        ({"advantage_low": -0.9, "advantage_high": -0.1}, "violated"),
        ({"advantage_low": -0.9, "advantage_high": 0.0}, "inconclusive"),
        ({"advantage_low": -0.9, "advantage_high": -0.1, "misfit_power": 1.001 * FITS}, "inconclusive"),
        ({"advantage_low": -0.9, "advantage_high": -0.1, "power_low": 0.0}, "inconclusive"),
        ({"advantage_low": -0.9, "advantage_high": -0.1, "rise_high": 1.001}, "violated"),
    ],
)
def test_corners_of_the_verdict(change, verdict):
    assert judge_growth(dataclasses.replace(BASE, **change)) == verdict


# Table and claim ----------------------------------------------------------------------------------------

LENGTHS = [2**k for k in range(24)]
STAGES = np.cumsum(LENGTHS)


def measurement(values, kind="mixed", horizon=1):
    """T times the gap at stage ends, per seed; what stands at T, inside the last stage, must not matter."""
    gap = np.atleast_2d(values) / STAGES
    gap[:, -1] = 1e3
    return {"base_kind": kind, "horizon": horizon}, {"stage_iterations": np.array(LENGTHS), "stage_gap": gap}


WINDOWS = [[1e2, 1e3], [1e4, 1e5], [1e5, 4e6]]


def rates(*measured, windows=WINDOWS):
    return tables.stage_rate_table(list(measured), windows, 100, 1)


def judged(*measured, **options):
    (claim,) = [claim for claim in CLAIMS if claim.id == "best-known-rate"]
    return claim.judge({"stage_rates": rates(*measured, **options)})


AFFINE, POWER = 3.0 + 2.0 * np.log(STAGES), STAGES**0.3
MIXTURE = [2.0 + np.log(STAGES), 1e-2 * STAGES**0.4]


def test_the_table_looks_at_the_last_two_windows():
    """2^14 - 1 = 16383 is the first stage end from 1e4 on, 2^21 - 1 the last up to 4e6."""
    early = np.where(STAGES < 1e4, STAGES**1.5, AFFINE)
    (row,) = rates(measurement(FACTORS * early)).to_dict("records")
    assert (row["start"], row["end"], row["points"]) == (16383.0, 2097151.0, 8)
    assert (row["verdict"], row["n_seeds"], row["increment"]) == ("consistent", 3, pytest.approx(2.2))
    late = np.where(STAGES < 1e5, AFFINE, AFFINE * (STAGES / 1e5) ** 0.3)
    assert rates(measurement(late))["verdict"].tolist() != ["consistent"]


def test_too_few_stages_have_no_verdict():
    table = rates(measurement(AFFINE), windows=[[1e2, 1e3], [1e3, 8e3]])
    assert table["verdict"].tolist() == ["consistent"]  # 127 to 4095
    assert rates(measurement(AFFINE), windows=[[1e3, 2e3], [2e3, 5e3]])["verdict"].tolist() == [""]
    verdict = judged(measurement(AFFINE), windows=[[1e3, 2e3], [2e3, 5e3]])
    assert (verdict.name, verdict.worst) == (INCONCLUSIVE, "")


@pytest.mark.parametrize(
    ("curves", "name", "worst"),
    [
        ([AFFINE, 2 * AFFINE], HOLDS, None),
        ([AFFINE, POWER], VIOLATED, "H=2"),
        ([POWER, AFFINE], VIOLATED, "H=1"),
        ([POWER, MIXTURE], VIOLATED, "H=1"),
        ([MIXTURE, AFFINE], INCONCLUSIVE, "H=1"),
        ([AFFINE, MIXTURE], INCONCLUSIVE, "H=2"),
    ],
)
def test_the_claim(curves, name, worst):
    verdict = judged(*(measurement(curve, horizon=h) for h, curve in enumerate(curves, start=1)))
    assert verdict.name == name
    assert worst is None or verdict.worst == f"mixed, {worst}"


def test_the_sentence_of_the_claim():
    verdict = judged(measurement(FACTORS * POWER, "pure", 2))
    text = plain(verdict.result)
    assert "T from 1.6e+04 to 2.1e+06: 1 violated. Nearest to a power (pure, H=2)" in text
    assert "with p = 0.300 [0.300, 0.300]" in text
    assert isinstance(rates(measurement(POWER)), pd.DataFrame)
