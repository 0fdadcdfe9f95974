"""Slopes that decide the claims on learners after the paper, worked out again from the games by loops.

From the library come the games. Weights are closed forms for H = 1 where there are, learners and gaps are oracles, and
slopes are those of NumPy's polynomials.
"""

import math

import numpy as np
import oracles
import oracles_successors
import pytest

from metanash import families
from metanash_replication.topics.successors.claims import CLAIMS
from metanash_replication.topics.successors.measure import successors
from metanash_replication.topics.successors.tables import make

SEEDS, ROOT_SEED, LAST = [0, 1], 5, 200
HOW = {"n_states": 1, "perturbation": 0.1, "iterations": LAST, "n_checkpoints": 15, "horizon": 1}
ABOUT = {
    "average": ("zero_sum", "random", (2, 3), {"optimistic_ftrl": 0.7}),
    "cce": ("general_sum", "random", (2, 2), {"cautious_omwu": 0.5, "staged_cautious_omwu": 0.5}),
    "ce": ("general_sum", "random", (2, 2), {"log_barrier_ftrl": 0.8}),
}


def games(concept):
    family, kind, actions, _ = ABOUT[concept]
    for seed in SEEDS:
        yield families.FAMILIES[family](
            kind, ROOT_SEED, "successors", seed, n_games=1, perturbation=0.1, horizon=1, n_states=1, n_actions=actions
        )[0]


@pytest.fixture(scope="module")
def tables():
    measured = []
    for concept, (_, kind, actions, rates) in ABOUT.items():
        spec = HOW | {"concept": concept, "base_kind": kind, "n_actions": actions, "rates": rates}
        measured.append((spec, successors(seeds=SEEDS, root_seed=ROOT_SEED, **spec)))
    return make({"successors": measured, "promises": []}, margin=0.03, resamples=50, root_seed=1)


def leader_gaps(matrix, eta):
    """Optimistic FTRL for H = 1, where w_i = i: gaps of the averages with weights i, from T = 1 on."""
    rows, columns = len(matrix), len(matrix[0])
    sums, last, mean = [[0.0] * rows, [0.0] * columns], [[0.0] * rows, [0.0] * columns], [[0.0] * rows, [0.0] * columns]
    for t in range(1, LAST + 1):
        played = [
            oracles_successors.gibbs(
                [1.0] * len(total), [eta / t * (x + t * y) for x, y in zip(total, new, strict=True)]
            )
            for total, new in zip(sums, last, strict=True)
        ]
        last = [oracles.row_payoffs(matrix, played[1]), [-y for y in oracles.column_payoffs(matrix, played[0])]]
        sums = [[x + t * y for x, y in zip(*both, strict=True)] for both in zip(sums, last, strict=True)]
        mean = [[x + t * y for x, y in zip(*both, strict=True)] for both in zip(mean, played, strict=True)]
        mu, nu = ([x / sum(part) for x in part] for part in mean)
        yield max(oracles.row_payoffs(matrix, nu)) - min(oracles.column_payoffs(matrix, mu))


def regret(payoff, joint, player, *, swap=False):
    """Gain of the best fixed action, or of the best answers to the advice, against a joint distribution."""
    count = 1 + max(a[player] for a in joint)
    worth = [[0.0] * count for _ in range(count)]  # [advice][answer]
    for a, chance in joint.items():
        for answer in range(count):
            worth[a[player]][answer] += chance * oracles.at(payoff, (*a[:player], answer, *a[player + 1 :]))
    followed = sum(worth[a][a] for a in range(count))
    best = sum(map(max, worth)) if swap else max(sum(column) for column in zip(*worth, strict=True))
    return best - followed


def cautious_gaps(payoffs, eta):
    players = oracles_successors.CautiousPlayers(payoffs, [[0.5, 0.5]] * 2, eta, 70.0)
    for _ in range(LAST):
        players.play()
        joint = players.joint()
        yield max(regret(payoff, joint, i) for i, payoff in enumerate(payoffs))


def staged_gaps(payoffs, eta):
    """Means over stages of what a player gains who is told the stage: lengths 1, 2, 4, ..., payoffs 0 in the first."""
    nothing = [[[0.0, 0.0]] * 2] * 2
    length, done, gains, stage = 1, 0, [0.0, 0.0], None
    ended = [0.0, 0.0]
    for t in range(1, LAST + 1):
        if done in (0, length):
            ended = [x + length * g for x, g in zip(ended, gains, strict=True)] if done else ended
            length = 2 * length if done else length
            stage = oracles_successors.CautiousPlayers(payoffs if done else nothing, [[0.5, 0.5]] * 2, eta, 70.0)
            done = 0
        stage.play()
        done += 1
        gains = [regret(payoff, stage.joint(), i) for i, payoff in enumerate(payoffs)]
        yield max((x + done * g) / t for x, g in zip(ended, gains, strict=True))


def barrier_gaps(payoffs, eta):
    """Swap regrets of the averages with weights 2 i / (T (T + 1))."""
    spread = [[[table]] for table in payoffs]
    players = oracles_successors.SwapPlayers(spread, [[[[[1.0]] * 2] * 2]], eta, [[[[0.5, 0.5]]]] * 2)
    players.run(LAST)
    for t in range(1, LAST + 1):
        joint = dict.fromkeys(oracles.joint_actions((2, 2)), 0.0)
        for i, now in enumerate(players.played[:t], 1):
            for a in joint:
                joint[a] += 2 * i / (t * (t + 1)) * math.prod(now[j][0][0][x] for j, x in enumerate(a))
        yield max(regret(payoff, joint, i, swap=True) for i, payoff in enumerate(payoffs))


def slope(curves, at):
    """Of the mean over seeds of what is the largest from then on, on the last decade, by NumPy's polynomials."""
    largest = [[max([1e-12, *(curve[u - 1] for u in at if u >= t)]) for t in at] for curve in curves]
    inside = [k for k, t in enumerate(at) if LAST / 10 <= t <= LAST]
    means = [sum(curve[k] for curve in largest) / len(curves) for k in inside]
    return np.polynomial.polynomial.polyfit(np.log([at[k] for k in inside]), np.log(means), 1)[1]


def promised(at, form):
    inside = np.array([t for t in at if LAST / 10 <= t <= LAST], dtype=np.float64)
    return np.polynomial.polynomial.polyfit(np.log(inside), np.log(form(inside)), 1)[1]


LEARNERS = {
    "optimistic_ftrl": ("average", leader_gaps, lambda t: 1 / t),
    "cautious_omwu": ("cce", cautious_gaps, lambda t: np.log(t) / t),
    "staged_cautious_omwu": ("cce", staged_gaps, lambda t: np.log(t) / t),
    "log_barrier_ftrl": ("ce", barrier_gaps, lambda t: np.log(t) / t),
}
OF = {
    "after-leader": ("optimistic_ftrl",),
    "after-cautious": ("cautious_omwu", "staged_cautious_omwu"),
    "after-barrier": ("log_barrier_ftrl",),
}


@pytest.mark.recalculates("after-leader", "after-cautious", "after-barrier")
def test_the_slopes_that_decide(tables):
    table, curves = tables["successors"].set_index("learner"), tables["successors_curves"]
    at = sorted(set(curves["iteration"]))
    for name, (concept, gaps_of, form) in LEARNERS.items():
        rate = ABOUT[concept][3][name]
        payoffs = [oracles.plain(game.reward[..., 0, 0, :, :]) for game in games(concept)]
        own = [list(gaps_of(payoff, rate)) for payoff in payoffs]
        mean = curves[curves["learner"] == name].set_index("iteration")["mean"]
        for t in at:
            assert mean[t] == pytest.approx(sum(curve[t - 1] for curve in own) / len(own), abs=1e-7), (name, t)
        assert table.loc[name, "gap"] == pytest.approx(mean[LAST])
        assert table.loc[name, "held"] == pytest.approx(LAST * mean[LAST])
        assert table.loc[name, "slope"] == pytest.approx(slope(own, at), abs=1e-4), name
        assert table.loc[name, "promised_slope"] == pytest.approx(promised(at, form)), name
    for claim in (one for one in CLAIMS if one.id in OF):  # that the worst of them is what is said
        found = claim.judge(tables)
        judged = table.loc[list(OF[claim.id])]
        worst = (judged["slope"] - judged["promised_slope"]).idxmax()
        assert found.place["case"] == table.loc[worst, "case"]
        assert found.place["slope"] == table.loc[worst, "slope"]
