"""What rounding leaves below 0 counts as 0 wherever a distribution is taken; what it does not explain is refused.

Solvers of linear programs return -1e-18 for a probability of 0. Expected numbers are those of the same distribution
with 0 there, to the bit where dividing by a mass of 1 is exact.
"""

import warnings

import numpy as np
import pytest
from scipy import sparse

import metanash as mn
from metanash._inner.checks import distributions
from metanash.bounds import vertex_divergence
from metanash.correlated import CorrelatedPolicy, cce_gap_bounds
from metanash.games import GameBatch
from metanash.gaps import (
    best_response_values,
    ne_gaps,
    potential_rises,
    potential_values,
    stage_potential_values,
    values,
)
from metanash.learners import SoftmaxGradient
from metanash.learners.base import PureStartWarning
from metanash.maml import Tasks
from metanash.similarity import total_dissimilarity

CLEAN = np.array([0.25, 0.75, 0.0])
TINY = [-5e-324, -1e-300, -1e-18, -2.7e-17, -1e-15]
"""Too small to move the mass of the rest."""
HALF = np.full((2, 3, 3, 2), 0.5)
RNG = np.random.default_rng(0)
ZERO_SUM = mn.ZeroSumGame(RNG.uniform(size=(2, 2, 3, 3)), mn.Transition.shared(HALF))
GENERAL = mn.MarkovGame(RNG.uniform(size=(2, 2, 2, 3, 3)), mn.Transition.shared(HALF))
TEAM = mn.DiscountedGame(RNG.uniform(size=(1, 2, 3, 3)), mn.Transition.shared(HALF), 0.5)


def rows(row, *lead):
    return np.array(np.broadcast_to(row, (*lead, 3)))


def spoilt(amount, *lead):
    """Policies of which the last row has a rounded zero."""
    policy = rows(CLEAN, *lead)
    policy[(-1,) * len(lead)] = [0.25, 0.75, amount]
    return policy


def test_good_distributions_are_not_touched():
    good = np.array([[0.1, 0.2, 0.7], [0.0, -0.0, 1.0], [1 / 3, 1 / 3, 1 / 3 + 9e-10]])
    assert distributions("x", good, "row") is good


@pytest.mark.parametrize("amount", [*TINY, -1e-13, -1e-12])
def test_a_row_is_mended_and_others_are_left_alone(amount):
    given = np.array([[1 / 3, 1 / 3, 1 / 3 + 9e-10], [0.25 - amount, amount, 0.75], [0.5 + 4e-10, 0.5, amount]])
    before = given.copy()
    found = distributions("x", given, "row")
    np.testing.assert_array_equal(given, before)
    np.testing.assert_array_equal(found[0], given[0])
    np.testing.assert_allclose(found[1], [0.25 - amount, 0.0, 0.75] / (1.0 - np.float64(amount)), rtol=1e-15)
    np.testing.assert_allclose(found[2], np.array([0.5 + 4e-10, 0.5, 0.0]) / (1.0 + 4e-10), rtol=1e-15)
    assert found[1][1] == found[2][2] == 0.0
    assert distributions("x", found, "row") is found


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0.5, 0.5, -1.01e-12], "entry 2 is -1.01e-12"),
        ([0.5, 0.5 + 1e-9, -1e-9], "entry 2 is -1e-09"),
        ([0.5, 0.5 + 2e-9, -1e-18], r"the mass is 1\.000000002"),
        ([0.5, np.nan, -1e-18], "entry 1 is nan"),
        ([-1e-18, -1e-18, 0.0], "the mass is 0"),
        ([-0.5, 1.5, 0.0], r"entry 0 is -0\.5"),
    ],
)
def test_what_rounding_does_not_explain_is_refused(row, message):
    with pytest.raises(ValueError, match=rf"x rows must be distributions; at row = 1 {message}"):
        distributions("x", np.array([CLEAN, row]), "row")


@pytest.mark.parametrize("amount", TINY)
def test_gaps_and_values_are_those_of_the_clean_policy(amount):
    for game, lead in [(ZERO_SUM, (2, 2)), (GENERAL, (2, 2)), (TEAM, (2,))]:
        clean, given = (tuple(make(*lead) for _ in range(2)) for make in (
            lambda *axes: rows(CLEAN, *axes), lambda *axes: spoilt(amount, *axes)
        ))  # fmt: skip
        assert mn.ne_gap(game, given) == mn.ne_gap(game, clean) > 0.0
        batch = GameBatch.of([game, game])
        both = [tuple(np.stack([part, part]) for part in policy) for policy in (given, clean)]
        functions = [ne_gaps, lambda *call: values(*call, 1), lambda *call: best_response_values(*call, 0)]
        if game is TEAM:
            start = tuple(np.full_like(part, 1 / 3) for part in both[0])
            functions += [
                potential_values,
                stage_potential_values,
                lambda *call, start=start: potential_rises(*call, start),
                lambda games, policy, start=start: potential_rises(games, start, policy),
            ]
        for function in functions:
            np.testing.assert_array_equal(*(function(batch, policy) for policy in both))


@pytest.mark.parametrize("amount", TINY)
def test_learners_start_from_the_clean_policy(amount):
    for learner, game, lead in [
        (mn.OptimisticMirrorDescent(0.3), ZERO_SUM, (1, 1, 2, 2)),
        (mn.CorrelatedMirrorDescent(0.3), GENERAL, (1, 1, 2, 2)),
        (mn.RegretMatching(0.3), ZERO_SUM, (1, 2, 2)),
        (mn.ProjectedQAscent(0.1), TEAM, (1, 2)),
        (SoftmaxGradient(0.1), TEAM, (1, 2)),
    ]:
        gaps = []
        for start in (rows(CLEAN, *lead), spoilt(amount, *lead)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PureStartWarning)  # as it should: 0 is a pure start
                run = mn.learn(game, learner, 20, initial=(start, start))
            gaps.append(next(iter(run.measures.values())))
        np.testing.assert_array_equal(*gaps)


@pytest.mark.parametrize("amount", TINY)
def test_games_are_made_of_the_clean_distributions(amount):
    kernel = np.zeros((3, 1, 3))
    kernel[:] = CLEAN
    given = kernel.copy()
    given[1, 0] = [0.25, 0.75, amount]
    np.testing.assert_array_equal(mn.Transition.shared(given).at(0), kernel)
    for form in (sparse.csr_array, sparse.coo_array, sparse.csc_array):
        matrix = form(given.reshape(3, 3))
        np.testing.assert_array_equal(mn.Transition.sparse([matrix], (1,)).at(0), kernel)
        assert matrix.toarray()[1, 2] == amount
    transition = mn.Transition.shared(kernel)
    alone = mn.Transition.shared(kernel.reshape(3, 1, 1, 3))
    game = mn.ZeroSumGame(np.zeros((1, 3, 1, 1)), alone, [0.25, 0.75, amount])
    assert game.initial.tolist() == CLEAN.tolist()
    with pytest.raises(ValueError, match="initial must be positive everywhere; state 2 has probability 0"):
        mn.DiscountedGame(np.zeros((1, 3, 1)), transition, 0.5, [0.25, 0.75, amount])
    probability = Tasks.of([TEAM] * 3, probability=[0.25, 0.75, amount]).probability
    assert probability.tolist() == [CLEAN.tolist()]


def test_rows_of_a_sparse_matrix_are_mended_one_by_one():
    given = np.array([[0.25 + 1e-12, -1e-12, 0.75], [0.5, 0.5 + 9e-10, 0.0], [0.0, -1e-13, 1.0]])
    found = mn.Transition.sparse([sparse.csr_array(given)], (1,)).at(0)[:, 0]
    np.testing.assert_allclose(found[0], np.array([0.25 + 1e-12, 0.0, 0.75]) / (1.0 + 1e-12), rtol=1e-15)
    np.testing.assert_array_equal(found[1], given[1])
    np.testing.assert_array_equal(found[2], [0.0, 0.0, 1.0])
    with pytest.raises(ValueError, match=r"at \(h, s, a\) = \(0, 0, 0\) entry 1 is -1\.1e-12"):
        mn.Transition.sparse([sparse.csr_array(given - [[0, 1e-13, 0]] * 3)], (1,))


@pytest.mark.parametrize("amount", TINY)
def test_correlated_policies_are_mended_over_the_whole_joint(amount):
    clean = np.zeros((1, 2, 2, 3, 3))
    clean[..., 0, 1], clean[..., 2, 0] = 0.25, 0.75
    joint = clean.copy()
    joint[0, 1, 1, 1, 1] = amount
    uniform = np.full((1, 2, 2, 3), 1 / 3)
    games = GameBatch.of(GENERAL)
    policies = [CorrelatedPolicy((uniform, uniform), (table, table), (2, 3)) for table in (joint, clean)]
    np.testing.assert_array_equal(policies[0].joints[1], clean)
    np.testing.assert_array_equal(*(cce_gap_bounds(games, policy) for policy in policies))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda u, j: CorrelatedPolicy((u, u), (j * 2,), (1,)),
         r"joint of stage 1 rows .* \(game, h, s\) = \(0, 0, 0\) the mass"),
        (lambda u, j: CorrelatedPolicy((u, u), (j, j * np.nan), (1, 1)), "joint of stage 2 must be finite"),
        (lambda u, j: CorrelatedPolicy((u, u - 1), (j,), (1,)), "initial policy of player 1 rows"),
        (lambda u, j: CorrelatedPolicy((u, u[0]), (j,), (1,)), r"axes \(game, h, s, action\)"),
        (lambda _, j: CorrelatedPolicy((), (j,), (1,)), "one array per player"),
        (lambda u, j: CorrelatedPolicy((u, u), (j[..., :2],), (1,)),
         r"joint of stage 1 must have shape \(1, 2, 2, 3, 3\)"),
        (lambda u, j: CorrelatedPolicy((u, u), (j,), (1, 2)), "one number per stage, 1 in all; got 2"),
        (lambda u, j: CorrelatedPolicy((u, u), (j,), (0,)), "iterations of a stage must be an integer of at least 1"),
        (lambda u, j: CorrelatedPolicy((u, u), (j,), (1.5,)), "iterations of a stage must be an integer"),
        (lambda u, j: cce_gap_bounds(GameBatch.of([GENERAL] * 2), CorrelatedPolicy((u, u), (j,), (1,))),
         r"these games need \[\(2, 2, 2, 3\), \(2, 2, 2, 3\)\]"),
    ],
)  # fmt: skip
def test_correlated_policies_that_are_none(make, message):
    with pytest.raises(ValueError, match=message):
        make(np.full((1, 2, 2, 3), 1 / 3), np.full((1, 2, 2, 3, 3), 1 / 9))


@pytest.mark.parametrize("amount", TINY)
def test_divergences_are_those_of_the_clean_policy(amount):
    payoff = np.array([1.0, 0.0, 1.0])
    for worst in (True, False):
        found = [vertex_divergence(payoff, np.array([0.25, 0.75, x]), worst=worst) for x in (0.0, amount)]
        np.testing.assert_array_equal(*found)
    responses = rows(CLEAN, 2, 1, 1, 1)
    given = responses.copy()
    given[0, 0, 0, 0] = [0.25, 0.75, amount]
    assert total_dissimilarity([given]) == total_dissimilarity([responses]) == 0.0
    for bad, fault, place in (
        (np.nan, "must be finite", r"index \(1, 0, 0, 0, 2\) there is nan"),
        (-0.5, "rows must be distributions", r".* = \(1, 0, 0, 0\)"),
        (3.0, "rows must be distributions", r".* = \(1, 0, 0, 0\)"),
    ):
        given[1, 0, 0, 0] = [0.25, 0.75, bad]
        with pytest.raises(ValueError, match=f"^responses {fault}; at {place}"):
            total_dissimilarity([given])
        with pytest.raises(ValueError, match=r"^initial policy rows must be distributions"):
            vertex_divergence(payoff, given[1, 0, 0, 0], worst=True)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ([[0.5j, 0.5, 0.5]], "policy of player 0 must hold real numbers, got an array of complex128"),
        ([["a", "b", "c"]], "policy of player 0 must hold real numbers"),
        ([[1.0], [0.5, 0.5]], "policy of player 0 must be a rectangular array|must have shape"),
    ],
)
def test_policies_that_are_no_numbers(policy, message):
    game = mn.DiscountedGame(np.zeros((1, 1, 3)), mn.Transition.shared(np.ones((1, 3, 1))), 0.5)
    with pytest.raises(ValueError, match=message):
        ne_gaps(GameBatch.of(game), [policy])
