"""Numbers that decide claims of zero-sum games, from the listing of Algorithm 1: loops, enumeration, fractions.

From games to the verdict: learners, measurements, bounds and tables are not used but to be compared with. See
``test_recalculations.py``.
"""

import itertools
import math

import numpy as np
import oracles
import pandas as pd
import pytest
import scipy
from oracles_games import (
    TIE,
    dissimilarity_of,
    farthest,
    gap_of,
    largest,
    learned_in_turn,
    lengths_of,
    numbers_of,
    played,
)

from metanash.families.zero_sum import zero_sum_sequence
from metanash_replication.topics.zero_sum import measure, tables
from metanash_replication.topics.zero_sum.claims import CLAIMS

JUDGES = {claim.id: claim.judge for claim in CLAIMS}

# Long runs ----------------------------------------------------------------------------------------------

SIZES = {"n_states": 2, "n_actions": [2, 2]}
T, H = 60, 2


@pytest.fixture(scope="module")
def long_run():
    """Measurement, and the same by the listing: gaps and divergences at checkpoints and stage ends, for two seeds."""
    how = {"iterations": T, "n_checkpoints": 6, **SIZES}
    found = measure.long_runs("mixed", H, [0, 1], 3, **how)
    games = [
        zero_sum_sequence("mixed", 3, "long run", H, seed, n_games=1, perturbation=0.0, horizon=H, stationary=False,
                          **SIZES)[0]
        for seed in (0, 1)
    ]  # fmt: skip
    ends = list(itertools.accumulate(lengths_of(H, T)))
    at = sorted({*found["checkpoints"].tolist(), *ends})
    traces = [{t: played(game, largest(H), t) for t in at} for game in games]
    gaps = [{t: gap_of(game, trace) for t, trace in one.items()} for game, one in zip(games, traces, strict=True)]
    spec = {"base_kind": "mixed", "horizon": H, "file": "theory/long_runs/mixed-H2.npz", **SIZES}
    return spec, found, games, traces, gaps, ends


def verdict_on(claim, rows):
    theory = pd.DataFrame([{"measurement": "long_runs", "file": "a.npz", **row} for row in rows])
    return JUDGES[claim]({"theory": theory})


@pytest.mark.recalculates("theorem-1", "equation-4", "iterations-theorem-1")
def test_ratios_of_bounds_from_the_listing(long_run):
    spec, found, games, traces, gaps, _ = long_run
    rows = tables.long_run_rows([(spec, found)])
    worst, least = {"theorem 1": 0.0, "equation 4": 0.0}, {"theorem 1": math.inf, "equation 4": math.inf}
    for game, one, gap in zip(games, traces, gaps, strict=True):
        for t in found["checkpoints"].tolist():
            theorem_1 = 192 * H**3 / t * farthest(game, one[t])
            worst["theorem 1"] = max(worst["theorem 1"], gap[t] / theorem_1)
            least["theorem 1"] = min(least["theorem 1"], theorem_1)
            if t > 1:
                equation_4 = 768 * H**5 * math.log(t) * math.log(4) / t
                least["equation 4"] = min(least["equation 4"], equation_4)
                worst["equation 4"] = max(worst["equation 4"], gap[t] / equation_4)
    for claim, ratio in worst.items():
        (row,) = (row for row in rows if (row["claim"], row["form"]) == (claim, "printed"))
        assert row["ratio"] == pytest.approx(ratio, rel=1e-9)
    names = {"theorem-1": "theorem 1", "equation-4": "equation 4", "iterations-theorem-1": "equation 4"}
    for claim, name in names.items():
        verdict = verdict_on(claim, rows)
        assert f"largest left side over right side \ue000theory.csv\ue001{worst[name]:.4g}" in verdict.result
        assert least[name] > H  # no gap is larger, so that the bound says nothing
        assert verdict.name == "vacuous"


@pytest.mark.recalculates("no-regret")
def test_regrets_of_stages_from_the_listing(long_run):
    spec, found, games, traces, _, ends = long_run
    worst, eta = 0.0, largest(H)
    for one, stage, (h, s, i) in itertools.product(traces, range(len(ends)), itertools.product((0, 1), repeat=3)):
        own = one[T].stages[stage]
        both = 0.0
        for player in (0, 1):
            payoff = own.payoff(player, h, s)
            first = next(a for a in (0, 1) if payoff[a] >= max(payoff) - TIE)
            both -= math.log([0.5, 0.5][first])
        worst = max(worst, own.regret(i, h, s) * eta * own.iterations / (1.172 * both))
    (row,) = tables.regret_rows([(spec, found)])
    assert row["ratio"] == pytest.approx(worst, rel=1e-9)
    assert len(games) == row["runs"] == 2


@pytest.mark.recalculates("few-stages")
def test_stages_by_their_definition(long_run):
    spec, found, *_ = long_run
    place = JUDGES["few-stages"]({"chain": tables.chain_table([(spec, found)])}).place
    assert (place["left"], place["right"]) == (len(lengths_of(H, T)), pytest.approx(4 * H * math.log(T)))
    for horizon, iterations in ((1, 1000), (3, 1000), (5, 20_000)):
        assert np.diff(measure.stage_ends(iterations, horizon), prepend=0).tolist() == lengths_of(horizon, iterations)


@pytest.mark.recalculates("best-known-rate")
def test_growth_of_gaps_at_stage_ends_from_the_listing(long_run):
    """SciPy's fits to T times the mean gap at the ends of the stages that T does not cut."""
    spec, found, _, _, gaps, ends = long_run
    (row,) = tables.stage_rate_table([(spec, found)], [[2, 9], [9, T]], 50, 1).to_dict("records")
    t = [end for end in ends[:-1] if end >= 2]
    curve = [end * (gaps[0][end] + gaps[1][end]) / 2 for end in t]
    (a, b), _ = scipy.optimize.curve_fit(lambda x, a, b: a + b * np.log(x), t, curve, p0=(1.0, 0.1), sigma=curve)
    line = scipy.stats.linregress(np.log(t), np.log(curve))
    assert (row["start"], row["end"], row["points"]) == (t[0], t[-1], len(t))
    assert row["increment"] == pytest.approx(b, rel=1e-5)
    assert row["power"] == pytest.approx(line.slope, rel=1e-8)
    off = [(a + b * math.log(x)) / y - 1 for x, y in zip(t, curve, strict=True)]
    assert row["misfit_affine"] == pytest.approx(math.sqrt(sum(x * x for x in off) / len(t)), rel=1e-5)


# Value errors -------------------------------------------------------------------------------------------


def best_q(game):
    """Q* at step 1, from values in fractions: [s][a][b]."""
    reward, kernel, _ = numbers_of(game)
    exact, rational = oracles.exact(np.array(kernel)), oracles.exact(np.array(reward))
    onward = oracles.shapley_values(rational, exact)[1]
    return [
        [[float(rational[0][s][a][b] + sum(p * v for p, v in zip(exact[0][s][a][b], onward, strict=True)))
          for b in (0, 1)] for a in (0, 1)]
        for s in range(game.n_states)
    ]  # fmt: skip


@pytest.mark.recalculates("value-errors")
@pytest.mark.parametrize("iterations", [50, 12])
def test_amplification_from_the_listing(iterations):
    """In the later half of the stages, without the one that T cuts: of 2, 3, 4, 3 iterations the second and third."""
    how = {"horizons": [2, 3], "factor": 2, "iterations": iterations, "n_states": 1, "n_actions": [2, 2]}
    found = measure.value_growth_runs("mixed", [0, 1], 5, **how)
    own = {}
    for i, horizon in enumerate((2, 3)):
        for j, seed in enumerate((0, 1)):
            (game,) = zero_sum_sequence("mixed", 5, "value growth", horizon, seed, n_games=1, perturbation=0.0,
                                        horizon=horizon, n_states=1, n_actions=[2, 2], stationary=False)  # fmt: skip
            stages = played(game, largest(horizon), iterations).stages[:-1]
            late, exact = stages[len(stages) // 2 :], best_q(game)
            errors, regrets = [], []
            for stage in late:
                off = [abs(stage.q[0][0][a][b] - exact[0][a][b]) for a in (0, 1) for b in (0, 1)]
                errors.append(stage.iterations * max(off))
                regrets.append(stage.iterations * max(stage.regret(p, h, 0) for p in (0, 1) for h in range(horizon)))
            own[i, j] = max(errors) / max(regrets)
            assert found["amplification"][i, 0, j] == pytest.approx(own[i, j], rel=1e-9)
    table = tables.value_growth_table([({"base_kind": "mixed", "factor": 2}, found)], 200, 1)
    row = table[(table["factor"] == "1 + 1/H") & (table["horizon"] == 3)].iloc[0]
    assert row["ratio"] == pytest.approx((own[1, 0] + own[1, 1]) / (own[0, 0] + own[0, 1]))
    assert row["linear"] == 3 / 2
    # of resamples of two seeds a quarter have only one of them: of two horizons, a sixteenth
    ends = sorted(own[1, j] / own[0, k] for j in (0, 1) for k in (0, 1))
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx((ends[0], ends[-1]))


@pytest.mark.recalculates("value-errors")
def test_intervals_of_amplification_by_the_delta_method():
    """The log of a ratio of two independent means: its variance is the sum of squared relative standard errors."""
    rng = np.random.default_rng(4)
    values = np.exp(rng.normal(scale=[[0.3], [0.5]], size=(2, 400))) * [[1.0], [3.0]]
    arrays = {"horizons": np.array([2, 8]), "amplification": np.stack([values, values], axis=1)}
    row = tables.value_growth_table([({"base_kind": "mixed", "factor": 2}, arrays)], 2000, 1).iloc[1]
    mean, error = values.mean(axis=1), values.std(axis=1, ddof=1) / math.sqrt(400)
    half = 1.959964 * math.sqrt(sum((error / mean) ** 2))
    wanted = [mean[1] / mean[0] * math.exp(sign * half) for sign in (-1, 1)]
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx(wanted, rel=0.01)


# Sequences ----------------------------------------------------------------------------------------------

K = 5
SETTINGS = [
    {"horizon": 2, "games": K, "perturbation": size, "iterations": 9, "learning_rate": 1.0} for size in (0.0, 0.1, 0.3)
]
FEW = [{**SETTINGS[1], "learning_rate": factor} for factor in (1e-6, 2.0)]
"""A rate at which nothing moves, and one that the theorem does not admit."""
SEEDS = [0, 1, 2]


def sequence_by_the_listing(arm, games):
    """Mean gap, mean gap of the later games, Delta and the mean divergence."""
    found = learned_in_turn(games, largest(2), 9, arm)
    gaps = [gap_of(game, trace) for game, (trace, _) in zip(games, found, strict=True)]
    far = [farthest(game, *one) for game, one in zip(games, found, strict=True)]
    return np.mean(gaps), np.mean(gaps[1:]), dissimilarity_of(games, [trace for trace, _ in found]), np.mean(far)


@pytest.fixture(scope="module", params=["pure", "mixed"])
def sequences(request):
    """Measurements of both arms, and (setting, seed) arrays of what the listing says."""
    kind, sizes, measured, listed = request.param, {"n_states": 1, "n_actions": [2, 2]}, [], {}
    for arm in ("individual", "best_response"):
        found = measure.sequence_runs(kind, arm, SEEDS, 6, settings=SETTINGS, **sizes)
        measured.append(({"base_kind": kind, "arm": arm, "settings": SETTINGS, **sizes}, found))
        rows = []
        for setting, seed in itertools.product(SETTINGS, SEEDS):
            how = {"n_games": K, "perturbation": setting["perturbation"], "horizon": 2, "stationary": False}
            games = zero_sum_sequence(kind, 6, "sequence", 2, seed, **how, **sizes)
            rows.append(sequence_by_the_listing(arm, games))
        names = ("ne_gap", "later_gap", "similarity", "divergence")
        listed[arm] = dict(zip(names, np.array(rows).T.reshape(4, 3, 3), strict=True))
    return kind, measured, listed


@pytest.mark.recalculates("equation-6", "iterations-theorem-2", "theorem-1-over-games")
def test_bounds_of_sequences_from_the_listing(sequences):
    kind, measured, listed = sequences
    rows = tables.sequence_rows(measured)
    own, alone = listed["best_response"], listed["individual"]
    for i, setting in enumerate(SETTINGS):
        where = f"sequences, {kind}, best_response, H=2, K={K}, perturbation={setting['perturbation']:g}"
        bracket = (own["similarity"][i] / (K * 4) + 10 * 4 * math.log(K) / (math.sqrt(K) * 4)
                   + 16 * math.log(9) * math.log(4 * K) / math.sqrt(K))  # fmt: skip
        theorem_2 = own["ne_gap"][i] / (192 * 2**5 / 9 * bracket)
        (ratio,) = (
            r["ratio"] for r in rows if (r["claim"], r["form"], r["setting"]) == ("theorem 2", "printed", where)
        )
        assert ratio == pytest.approx(theorem_2.max(), rel=1e-9)
        for arm, one in (("best_response", own), ("individual", alone)):
            place = where.replace("best_response", arm)
            (ratio,) = (r["ratio"] for r in rows if r["setting"] == place and r["claim"].startswith("theorem 1"))
            mean = 24 * 2 / (largest(2) * 9) * one["divergence"][i]
            assert ratio == pytest.approx((one["ne_gap"][i] / mean).max(), rel=1e-9)


@pytest.mark.recalculates("equation-6", "iterations-theorem-2", "theorem-1-over-games")
def test_small_steps_from_the_listing():
    """The bound as printed knows no rate, the others do; of a rate above the largest there is no row."""
    sizes = {"n_states": 1, "n_actions": [2, 2]}
    found = measure.sequence_runs("mixed", "best_response", SEEDS, 6, settings=FEW, **sizes)
    spec = {"base_kind": "mixed", "arm": "best_response", "settings": FEW, **sizes}
    rows = {(row["claim"], row["form"]): row for row in tables.sequence_rows([(spec, found)])}
    assert len(rows) == 3
    listed = []
    for seed in SEEDS:
        how = {"n_games": K, "perturbation": 0.1, "horizon": 2, "stationary": False}
        games = zero_sum_sequence("mixed", 6, "sequence", 2, seed, **how, **sizes)
        learned = learned_in_turn(games, 1e-6 * largest(2), 9, "best_response")
        gap = np.mean([gap_of(game, trace) for game, (trace, _) in zip(games, learned, strict=True)])
        far = np.mean([farthest(game, *one) for game, one in zip(games, learned, strict=True)])
        delta = dissimilarity_of(games, [trace for trace, _ in learned])
        bracket = (delta / (K * 4) + 10 * 4 * math.log(K) / (math.sqrt(K) * 4)
                   + 16 * math.log(9) * math.log(4 * K) / math.sqrt(K))  # fmt: skip
        rate = 1e-6 * largest(2)
        listed.append([gap / (192 * 2**5 / 9 * bracket), gap / (24 * 2 / (rate * 9) * 4 * bracket),
                       gap / (24 * 2 / (rate * 9) * far)])  # fmt: skip
    printed, repaired, mean = np.max(listed, axis=0)
    assert rows["theorem 2", "printed"]["ratio"] == pytest.approx(printed, rel=1e-9)
    assert rows["theorem 2", "repaired: learning rate"]["ratio"] == pytest.approx(repaired, rel=1e-9)
    assert rows["theorem 1, mean over games", "repaired: worst best response"]["ratio"] == pytest.approx(mean, rel=1e-9)
    places = {row["setting"] for row in rows.values()}
    assert places == {"small step 1e-06 / (8 H^2), sequences, mixed, best_response, H=2, K=5, perturbation=0.1"}
    assert {row["rate_factor"] for row in rows.values()} == {1e-6}


@pytest.mark.recalculates("best-responses", "similarity-metric")
def test_similarities_from_the_listing(sequences):
    kind, measured, listed = sequences
    delta = listed["best_response"]["similarity"] / K
    table = tables.sequence_table(measured, 100, 1)
    place = JUDGES["best-responses"]({"sequences": table}).place
    assert (place["left"], place["right"]) == pytest.approx((delta[0].mean(), delta[2].mean() / 2))
    steps = tables.similarity_steps(measured, 200, 1)
    assert steps["base_kind"].tolist() == [kind] * 2
    for (_, row), near, far in zip(steps.iterrows(), delta[:-1], delta[1:], strict=True):
        assert row["difference"] == pytest.approx((far - near).mean(), abs=1e-12)
        # of 27 resamples of three seeds each has a single one thrice: with 97.5 % both are in the interval
        assert (row["low"], row["high"]) == pytest.approx(((far - near).min(), (far - near).max()), abs=1e-12)


@pytest.mark.recalculates("sharper-zero-sum-pure", "sharper-zero-sum-mixed")
def test_benefit_from_the_listing(sequences):
    kind, measured, listed = sequences
    table = tables.sequence_table(measured, 2000, 1)
    own = table[table["arm"] == "best_response"].sort_values("perturbation")
    later, alone = (listed[arm]["later_gap"] for arm in ("best_response", "individual"))
    np.testing.assert_allclose(own["ratio"], later.mean(axis=1) / alone.mean(axis=1), rtol=1e-9)
    # all 27 resamples of three seeds, of which each has a probability above 2.5 %
    draws = [list(draw) for draw in itertools.product(range(3), repeat=3)]
    ratios = np.array([later[:, draw].mean(axis=1) / alone[:, draw].mean(axis=1) for draw in draws])
    np.testing.assert_allclose(own["ratio_low"], ratios.min(axis=0), rtol=1e-9)
    np.testing.assert_allclose(own["ratio_high"], ratios.max(axis=0), rtol=1e-9)
    place = JUDGES[f"sharper-zero-sum-{kind}"]({"sequences": table[table["perturbation"] > 0.0]}).place
    assert place["perturbation"] == 0.1  # of perturbations that are as common the smallest is the reference
    assert place["ratio"] == pytest.approx(later[1].mean() / alone[1].mean())


@pytest.mark.recalculates("similarity-metric")
def test_steps_hold_together():
    """Six differences at once, by the normal distribution: at the level .05/6 half-widths are 2.638 errors."""
    sizes, rng = (0.0, 0.1, 0.2, 0.3), np.random.default_rng(2)
    settings = [{"horizon": 2, "games": 10, "iterations": 5, "learning_rate": 1.0, "perturbation": p} for p in sizes]
    seeds = 400
    measured = [
        ({"base_kind": kind, "arm": "best_response", "settings": settings},
         {"similarity": rng.normal(size=(4, seeds)).cumsum(axis=0) * 10.0})
        for kind in ("mixed", "pure")
    ]  # fmt: skip
    table = tables.similarity_steps(measured, 400, 1)
    assert len(table) == 6
    for (_, arrays), (_, part) in zip(measured, table.groupby("base_kind", sort=False), strict=True):
        differences = np.diff(arrays["similarity"], axis=0) / 10
        half = 2.638 * differences.std(axis=1, ddof=1) / math.sqrt(seeds)
        np.testing.assert_allclose(part["high"] - part["difference"], half, rtol=0.12)
        np.testing.assert_allclose(part["difference"] - part["low"], half, rtol=0.12)


@pytest.mark.recalculates("sharper-bound")
def test_equation_6_beside_equation_4_from_the_listing(sequences):
    """At the dissimilarity of the listing; of perturbations that are as common the smallest is the reference."""
    _, measured, listed = sequences
    table = tables.sequence_table(measured, 20, 1)
    root, log = math.sqrt(K), math.log(9)
    similarity = listed["best_response"]["similarity"][0].mean() / (K * 4)
    six = 192 * 2**5 / 9 * (similarity + 40 * math.log(K) / (root * 4) + 16 * log * math.log(4 * K) / root)
    place = JUDGES["sharper-bound"]({"sequences": table}).place
    assert place["left"] == pytest.approx(six, rel=1e-9)
    assert place["right"] == pytest.approx(768 * 2**5 * log * math.log(4) / 9, rel=1e-12)
