"""What decides the claims on meta-updates beside (5), worked out again by loops: matrix games of two actions a side.

From the library come the games. Learning is the listing of Algorithm 1, starts are made of lists here. With three seeds
the upper end of a bootstrap interval is the largest ratio of a single seed, whose chance is 1/27.
"""

import math

import oracles
import pandas as pd
import pytest

from metanash import families
from metanash_replication.topics.updates.claims import CLAIMS
from metanash_replication.topics.updates.measure import crossover, moving, update_comparisons
from metanash_replication.topics.updates.tables import make

SEEDS, ROOT_SEED, LAST, ETA = [0, 1, 2], 3, 20, 0.8
HALF = [[0.5, 0.5], [0.5, 0.5]]
JUDGE = {claim.id: claim.judge for claim in CLAIMS}
ARMS = ["individual", "best_response", "tracking", "learned", "tuned_tracking"]
SIZES = {"horizon": 1, "n_states": 1, "n_actions": [2, 2]}
CASES = [
    ("choose", "zero_sum", "mixed", SIZES), ("choose", "moving", "abrupt", {"base_kind": "pure", **SIZES}),
    ("verdict", "zero_sum", "pure", SIZES), ("verdict", "zero_sum", "mixed", SIZES),
    ("verdict", "zero_sum", "random", SIZES), ("verdict", "moving", "drift", {"base_kind": "mixed", **SIZES}),
]  # fmt: skip
BOUNDS = {
    "horizons": [1, 2],
    "n_states": [1, 3],
    "n_actions": [[2, 2], [2, 5]],
    "iterations": [1000],
    "shares": [0.0, 0.5],
}
MOVES = {"kinds": ["still", "drift", "abrupt", "clusters"], "perturbation": 0.05, "games": 5, "options": SIZES}
CROSSED = {"base_kind": "pure", "perturbation": 0.1, "games": [2, 4], "iterations": LAST, "learning_rate": 0.125}


# Learning, in lists -------------------------------------------------------------------------------------


def play(matrix, eta, starts):
    """Trace of Algorithm 1 from starts[player][stage], one stage standing for all."""
    tilde = [[[[row]] for row in part] for part in starts]
    return oracles.algorithm_1([[matrix]], [[[[[1.0]] * 2] * 2]], eta, LAST, *tilde)


def gap(matrix, trace):
    mu, nu = trace.mu[0][0], trace.nu[0][0]
    return max(oracles.row_payoffs(matrix, nu)) - min(oracles.column_payoffs(matrix, mu))


def last_full(trace):
    """Average of each player in the last stage that T has not cut: lengths are 1, 2, 4, 8, ..."""
    full = [stage for k, stage in enumerate(trace.stages) if stage.iterations == 2**k]
    return [full[-1].average(i, 0, 0) for i in (0, 1)]


def best_responses(trace):
    """[player][stage]."""
    return [[oracles.best_response_with_ties(stage.payoff(i, 0, 0), 1e-12) for stage in trace.stages] for i in (0, 1)]


def divergence(p, q):
    return math.fsum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


class Mixture:
    """Averages with three weights of the uniform policy and some discounts, and the uniform policy, in lists."""

    def __init__(self, discounts, *, together, share=0.0):
        self.kinds = [(weight, g) for weight in (0, 2, 4) for g in discounts]
        self.together, self.share, self.seen = together, share, []
        self.weights = [[1.0] * (len(self.kinds) + 1) for _ in (0, 1)]

    def forecasts(self, player):
        found = []
        for power, g in self.kinds:
            counts = [g ** (len(self.seen) - 1 - k) for k in range(len(self.seen))]
            n = math.fsum(counts)
            if n == 0.0:
                found.append([0.5, 0.5])
                continue
            alpha = 1 / (n + 1) if power == 0 else (n + 1) ** -power  # two actions: (d / 2) / (n + d / 2)
            mean = [math.fsum(c * one[player][a] for c, one in zip(counts, self.seen, strict=True)) / n for a in (0, 1)]
            found.append([(1 - alpha) * x + alpha / 2 for x in mean])
        return [*found, [0.5, 0.5]]

    def start(self):
        if not self.seen:
            return HALF
        starts = []
        for player in (0, 1):
            parts, total = self.forecasts(player), math.fsum(self.weights[player])
            mixed = [math.fsum(w * q[a] for w, q in zip(self.weights[player], parts, strict=True)) for a in (0, 1)]
            starts.append([x / total for x in mixed])
        return starts

    def observe(self, target):
        paid = [[divergence(target[i], q) for q in self.forecasts(i)] for i in (0, 1)]
        if self.together:
            paid = [[a + b for a, b in zip(*paid, strict=True)]] * 2
        for i in (0, 1):
            left = [w * math.exp(-cost) for w, cost in zip(self.weights[i], paid[i], strict=True)]
            total = math.fsum(left)
            self.weights[i] = [(1 - self.share) * w / total + self.share / len(left) for w in left]
        self.seen.append(target)


def gaps_of(arm, matrices):
    """Gaps of the games of a sequence; traces and starts besides."""
    mixture = Mixture([1.0], together=True)
    if "tracking" in arm:
        mixture = Mixture([1.0, 0.7, 0.0], together=True, share=0.01)
    seen, spent, found, alpha, eta = [], [0.0, 0.0], [], 1 / math.sqrt(len(matrices)), ETA
    for matrix in matrices:
        starts = [[part] for part in (HALF if arm == "individual" else mixture.start())]
        if arm == "best_response":
            starts = [
                [oracles.meta_update([one[i][tau] for one in seen], alpha) for tau in range(5)] if seen else [HALF[i]]
                for i in (0, 1)
            ]
        trace = play(matrix, eta, starts)
        found.append(gap(matrix, trace))
        seen.append(best_responses(trace))
        mixture.observe(last_full(trace))
        if arm == "tuned_tracking":
            off = math.fsum(divergence(seen[-1][i][k], starts[i][0]) for i in (0, 1) for k in range(len(trace.stages)))
            lost = math.fsum(stage.iterations * stage.regret(i, 0, 0) for stage in trace.stages for i in (0, 1))
            spent = [spent[0] + off, spent[1] + max(0.0, lost - off / eta) / eta]
            best = math.sqrt(spent[0] / spent[1]) if spent[1] else math.inf
            eta = min(max(best, 0.25 * ETA), 32 * ETA)
    return found


def recognised_gaps(matrices):
    """Two clusters, told apart by the averages of stage 3 (iterations 4 to 7) from uniform starts; n games are mixed
    with (n + 1)^-2 of the uniform policy."""
    clusters, found = [], []
    for matrix in matrices:
        first = play(matrix, ETA, [[part] for part in HALF]).stages[2]
        shown = [first.average(i, 0, 0) for i in (0, 1)]

        def off(cluster, shown=shown):
            means = [[sum(x[i][a] for x, _ in cluster) / len(cluster) for a in (0, 1)] for i in (0, 1)]
            return sum(divergence(shown[i], means[i]) for i in (0, 1))

        nearest = min(clusters, key=off, default=None)
        known = nearest is not None and off(nearest) < sum(divergence(part, [0.5, 0.5]) for part in shown)
        starts = [[part] for part in HALF]
        if known:
            count = len(nearest)
            means = [[sum(y[i][a] for _, y in nearest) / count for a in (0, 1)] for i in (0, 1)]
            starts = [[HALF[i]] * 3 + [oracles.mix_with_uniform(means[i], (count + 1) ** -2)] * 2 for i in (0, 1)]
        trace = play(matrix, ETA, starts)
        found.append(gap(matrix, trace))
        if not known and len(clusters) < 2:
            nearest = []
            clusters.append(nearest)
        nearest.append((shown, last_full(trace)))
    return found


def matrices_of(family, kind, address, options, **how):
    games = families.FAMILIES[family](kind, ROOT_SEED, *address, **how, **options)
    return [game.reward[0, 0].tolist() for game in games]


# Tables -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tables():
    compared = []
    for k, (phase, family, kind, options) in enumerate(CASES):
        spec = {
            "phase": phase, "family": family, "base_kinds": [kind], "options": options, "perturbations": [0.1],
            "learner": "optimistic_mirror_descent", "games": 4, "iterations": LAST, "learning_rate": ETA, "arms": ARMS,
            "seeds": SEEDS, "root_seed": ROOT_SEED,
        }  # fmt: skip
        compared.append((spec | {"file": f"updates/{phase}-{k}.npz"}, update_comparisons(**spec)))
    moves = MOVES | {
        "base_kind": "pure", "iterations": LAST, "learning_rate": ETA, "arms": [*ARMS, "recognised"],
        "seeds": SEEDS, "root_seed": ROOT_SEED,
    }  # fmt: skip
    crossed = CROSSED | {"seeds": SEEDS, "root_seed": ROOT_SEED}
    measured = {
        "update_comparisons": compared,
        "moving": [(moves | {"file": "updates/moving.npz"}, moving(**moves))],
        "crossover": [(crossed | {"file": "updates/crossover.npz"}, crossover(**crossed))],
    }
    return make(measured, BOUNDS, {"worse": 0.1, "margin": 0.02}, resamples=4000, root_seed=1)


@pytest.fixture(scope="module")
def by_hand():
    """Mean gap after the first game, [case][arm][seed]."""
    found = []
    for phase, family, kind, options in CASES:
        sequences = [
            matrices_of(family, kind, ("meta-updates", phase, seed), options, n_games=4, perturbation=0.1)
            for seed in SEEDS
        ]
        found.append({arm: [sum(gaps_of(arm, own)[1:]) / 3 for own in sequences] for arm in ARMS})
    return found


def upper(own, beside):
    return max(a / b for a, b in zip(own, beside, strict=True))


@pytest.mark.recalculates("updates-pure", "updates-mixed", "updates-others", "updates-rate")
def test_the_ratios_that_decide(tables, by_hand):
    cases = {"updates-pure": [2], "updates-mixed": [3], "updates-others": [4, 5], "updates-rate": [2, 3, 4, 5]}
    for claim, numbers in cases.items():
        arm, beside = ("tuned_tracking", "tracking") if claim == "updates-rate" else ("tracking", "best_response")
        worst = max(upper(by_hand[k][arm], by_hand[k][beside]) for k in numbers)
        found = JUDGE[claim](tables)
        assert found.place["ratio_high"] == pytest.approx(worst, rel=1e-6)
        assert found.cases == len(numbers)
    table = tables["updates"].set_index(["setting", "arm", "beside"])
    for k, (phase, *_) in enumerate(CASES):
        own = sum(by_hand[k]["learned"]) / sum(by_hand[k]["best_response"])
        assert table.loc[(f"{phase}-{k}", "learned", "best_response"), "ratio"] == pytest.approx(own, rel=1e-6)


@pytest.mark.recalculates("updates-choice")
def test_the_mean_that_decides(tables, by_hand):
    """Both candidates: geometric means over the two cases to choose on, and whether any is out of the question."""
    table, wanted = tables["updates_choice"].set_index("arm"), {}
    for arm in ("learned", "tracking"):
        ratios = [sum(by_hand[k][arm]) / sum(by_hand[k]["best_response"]) for k in (0, 1)]
        alone = [sum(by_hand[k][arm]) / sum(by_hand[k]["individual"]) for k in (0, 1)]
        highs = [upper(by_hand[k][arm], by_hand[k]["best_response"]) for k in (0, 1)]
        assert table.loc[arm, "mean_ratio"] == pytest.approx(math.sqrt(ratios[0] * ratios[1]), rel=1e-6)
        assert bool(table.loc[arm, "can_be_chosen"]) is (max(highs) < 1.0 and max(alone) <= 1.1)
        if max(highs) < 1.0 and max(alone) <= 1.1:
            wanted[arm] = table.loc[arm, "mean_ratio"]
    chosen = table.index[table["chosen"]].tolist()
    assert chosen == ([min(wanted, key=wanted.get)] if wanted else [])
    verdict = "inconclusive" if not wanted else "holds" if chosen == ["tracking"] else "violated"
    assert JUDGE["updates-choice"](tables).name == verdict


@pytest.mark.recalculates("updates-moving", "updates-clusters", "updates-regret")
def test_what_moves_and_what_the_weights_cost(tables):
    highs, excess = {}, {}
    for kind in MOVES["kinds"]:
        sequences = [
            matrices_of(
                "moving",
                kind,
                ("updates", "moving", "pure", seed),
                SIZES,
                base_kind="pure",
                n_games=5,
                perturbation=0.05,
            )
            for seed in SEEDS
        ]
        means = {arm: [sum(gaps_of(arm, own)[1:]) / 4 for own in sequences] for arm in ("tracking", "best_response")}
        highs[kind] = upper(means["tracking"], means["best_response"])
        if kind == "clusters":
            known = [sum(recognised_gaps(own)[1:]) / 4 for own in sequences]
            lowest = 1 / upper(means["best_response"], means["tracking"])
            place = JUDGE["updates-clusters"](tables).place
            assert place["left"] == pytest.approx(upper(known, means["best_response"]), rel=1e-6)
            assert place["right"] == pytest.approx(min(lowest, 1.0), rel=1e-6)
        excess[kind] = max(largest_excess(own) for own in sequences)
    assert JUDGE["updates-moving"](tables).place["ratio_high"] == pytest.approx(
        max(highs["drift"], highs["abrupt"], highs["clusters"]), rel=1e-6
    )
    found = JUDGE["updates-regret"](tables)
    assert found.place["left"] == pytest.approx(max(excess.values()), rel=1e-6)
    assert found.place["right"] == pytest.approx(math.log(4))


def largest_excess(matrices):
    """Of weights by row: what they pay less what the best average pays, in the worse row."""
    mixture = Mixture([1.0], together=False)
    paid, each = [0.0, 0.0], [[0.0] * 4 for _ in (0, 1)]
    for matrix in matrices:
        starts = mixture.start()
        target = last_full(play(matrix, ETA, [[part] for part in starts]))
        for i in (0, 1):
            paid[i] += divergence(target[i], starts[i])
            each[i] = [x + divergence(target[i], q) for x, q in zip(each[i], mixture.forecasts(i), strict=True)]
        mixture.observe(target)
    return max(own - min(others) for own, others in zip(paid, each, strict=True))


@pytest.mark.recalculates("updates-sharper")
def test_the_gap_over_the_bound_that_decides(tables):
    """c of Theorem 1 for H = 1 is e^x + (x^2 / 4)(e^(2x) - 1)^2 at x = eta; weights are 1 / (k + 1) for two actions."""
    eta = CROSSED["learning_rate"]
    factor = math.exp(eta) + eta**2 / 4 * math.expm1(2 * eta) ** 2
    worst = 0.0
    for seed in SEEDS:
        matrices = matrices_of("zero_sum", "pure", ("updates", "crossover", seed), SIZES, n_games=4, perturbation=0.1)
        seen, gaps = [], []
        for k, matrix in enumerate(matrices):
            starts = [[HALF[i]] for i in (0, 1)]
            if seen:
                means = [
                    [[sum(one[i][tau][a] for one in seen) / k for a in (0, 1)] for tau in range(5)] for i in (0, 1)
                ]
                starts = [[[(1 - 1 / (k + 1)) * x + 0.5 / (k + 1) for x in row] for row in part] for part in means]
            trace = play(matrix, eta, starts)
            gaps.append(gap(matrix, trace))
            seen.append(best_responses(trace))
        for games in CROSSED["games"]:
            delta = 0.0
            for i, tau in ((i, tau) for i in (0, 1) for tau in range(5)):
                own = [one[i][tau] for one in seen[:games]]
                mean = [sum(column) / games for column in zip(*own, strict=True)]
                delta += math.fsum(divergence(row, mean) for row in own)
            paid = delta + 2 * 5 * (0.5 * math.log(games) + math.log(2))
            bound = (1 + factor * paid / games / eta) / LAST
            worst = max(worst, sum(gaps[:games]) / games / bound)
    assert JUDGE["updates-sharper"](tables).place["left"] == pytest.approx(worst, rel=1e-6)


@pytest.mark.recalculates("updates-crossover")
def test_the_numbers_of_games_that_decide(tables):
    """By looking at every K up to 10,000, with the bounds written out."""
    rows = []
    for _, row in tables["updates_bounds"].iterrows():
        h, s, t, share = (row[name] for name in ("horizon", "n_states", "iterations", "share"))
        pair = (2, int(row["max_actions"]))
        product, level = math.prod(pair), 768 * h**5 * math.log(t) * math.log(math.prod(pair)) / t

        def printed(k, h=h, t=t, pair=pair, product=product, share=share):
            first = share * 4 * h**2 * math.log(t) * math.log(product) / h**2
            second = 10 * sum(pair) * math.log(k) / (math.sqrt(k) * h**2)
            return 192 * h**5 / t * (first + second + 16 * math.log(t) * math.log(product * k) / math.sqrt(k))

        def annealed(k, s=s, pair=pair, product=product, share=share):
            return share + s * sum((d - 1) / 2 * math.log(k) + math.log(d) for d in pair) / k / math.log(product)

        last = max((k for k in range(5, 10001) if printed(k) >= level), default=4)
        early = max((k for k in range(2, 10001) if annealed(k) >= 1.0), default=1)
        assert row["paper"] == last + 1
        assert row["annealed"] == early + 1
        rows.append({"left": early + 1, "right": last + 1})
    found = JUDGE["updates-crossover"](tables)
    assert found.place["left"] / found.place["right"] == pytest.approx(
        max(row["left"] / row["right"] for row in rows), rel=1e-12
    )
    assert len(pd.DataFrame(rows)) == found.cases
