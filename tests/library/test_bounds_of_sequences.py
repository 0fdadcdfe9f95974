"""Theorem 2 with annealed weights: the formula by hand, and runs that it is to bound."""

import math

import numpy as np
import pytest

from metanash import OptimisticMirrorDescent, learn_sequence
from metanash.bounds import annealed_regret, theorem_1_factor, theorem_2, theorem_2_annealed, two_sided_burn_in
from metanash.families import zero_sum_sequence


def test_the_regret_by_hand():
    assert annealed_regret(16, 3) == pytest.approx(math.log(16) + math.log(3), rel=1e-15)
    assert annealed_regret(1, 4) == pytest.approx(math.log(4), rel=1e-15)
    with pytest.raises(ValueError, match="n_games must be an integer of at least 1"):
        annealed_regret(0, 2)


def test_the_bound_by_hand():
    """H = 2, S = 3, A = 2, B = 3, five stages, K = 4: 30 rows of each player."""
    rows = 5 * 2 * 3
    divergence = (1.5 + rows * (0.5 * math.log(4) + math.log(2) + math.log(4) + math.log(3))) / 4
    wanted = (two_sided_burn_in(2) + float(theorem_1_factor(2, 0.03)) * divergence / 0.03) / 500
    got = theorem_2_annealed(1.5, 4, 2, 500, (2, 3), 0.03, n_states=3, stages=5)
    assert float(got) == pytest.approx(wanted, rel=1e-13)


def similarity(runs, learner):
    """Delta in loops, with sums over states: best responses from payoffs, ties split."""
    total = 0.0
    records = [learner.stages(run.state) for run in runs]
    for tau in range(len(records[0])):
        for i, (h, s) in ((i, place) for i in (0, 1) for place in np.ndindex(records[0][0].payoff[0].shape[1:3])):
            responses = []
            for stages in records:
                payoff = stages[tau].payoff[i][0, h, s].tolist()
                best = [float(p >= max(payoff) - 1e-12) for p in payoff]
                responses.append([b / sum(best) for b in best])
            mean = [math.fsum(column) / len(responses) for column in zip(*responses, strict=True)]
            total += math.fsum(
                a * math.log(a / m) for row in responses for a, m in zip(row, mean, strict=True) if a > 0
            )
    return total


@pytest.mark.parametrize("kind", ["pure", "mixed"])
@pytest.mark.parametrize(("horizon", "states"), [(1, 1), (2, 2)])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_runs_stay_below_it(kind, horizon, states, noise):
    eta, iterations, k = 1 / (8 * horizon**2), 300, 12
    games = zero_sum_sequence(kind, "bound", n_games=k, perturbation=noise, horizon=horizon, n_states=states)
    learner = OptimisticMirrorDescent(eta)
    run = learn_sequence(games, learner, "annealed_best_response", iterations, at=[iterations])
    stages = len(learner.stages(run.runs[0].state))
    delta = similarity(run.runs, learner)
    right = theorem_2_annealed(delta, k, horizon, iterations, (2, 2), eta, n_states=states, stages=stages)
    assert run.ne_gap.mean() <= right
    # what is paid for the starts, game by game, is what the derivation says it is at most
    paid = sum(
        stage.kl_to_initial(i).max(axis=-1).sum()
        for one in run.runs
        for stage in learner.stages(one.state)
        for i in (0, 1)
    )
    assert paid <= delta + stages * horizon * states * 2 * annealed_regret(k, 2)
    assert paid > 0.2 * (delta + stages * horizon * states * 2 * annealed_regret(k, 2))


def test_it_needs_two_games_where_equation_6_needs_hundreds():
    """H = S = 1, two actions, T = 1000, games that are all one: the first K at which each is below uniform starts."""
    stages, eta, t = 10, 1 / 8, 1000
    alone = (two_sided_burn_in(1) + float(theorem_1_factor(1, eta)) * stages * math.log(4) / eta) / t
    sharp = next(
        k for k in range(1, 100) if theorem_2_annealed(0.0, k, 1, t, (2, 2), eta, n_states=1, stages=stages) < alone
    )
    printed = 768 * math.log(t) * math.log(4) / t
    paper = next(k for k in range(5, 5000) if theorem_2(0.0, k, 1, t, (2, 2)) < printed)
    assert sharp == 2
    assert 500 < paper < 2000
