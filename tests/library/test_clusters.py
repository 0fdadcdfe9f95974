"""The meta-update that recognises clusters of games, and the hook by which learners choose initial policies anew."""

import numpy as np
import pytest

from metanash import GameBatch, MarkovGame, OptimisticMirrorDescent, Transition, ZeroSumGame, learn, learn_sequence
from metanash.families import moving_sequence, zero_sum_sequence
from metanash.learners import CorrelatedMirrorDescent, PlainMirrorDescent, StagedFTRL
from metanash.meta import TARGETS
from metanash.updates import ClusterTarget, LearnedRate, uniform_weight

LAST_STAGE = TARGETS["last_stage_average"]
FEWER = uniform_weight(2.0)
STILL = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
UP, DOWN = (ZeroSumGame([[table]], STILL) for table in ([[0.9, 0.6], [0.5, 0.3]], [[0.3, 0.5], [0.6, 0.9]]))


def pair(games):
    """Two sequences side by side, the second with the games in the reverse order."""
    return [GameBatch.of([a, b]) for a, b in zip(games, games[::-1], strict=True)]


def test_games_are_counted_where_they_belong_in_each_sequence_by_itself():
    update, learner = ClusterTarget(LAST_STAGE, FEWER), OptimisticMirrorDescent(0.2)
    for games in pair([UP, DOWN, DOWN, UP, UP]):
        run = learn(games, update.tuned(learner), 100)
        update = update.observe(learner, run)
    assert update.count.tolist() == [[3, 3], [2, 2]]  # the first cluster is that of the first game
    up, down = (np.mean([learn(game, learner, 100).state.stages[2].average[0] for _ in "1"], axis=0)
                for game in (UP, DOWN))  # fmt: skip
    means = update.seen[0] / update.count[:, :, np.newaxis, np.newaxis, np.newaxis]
    for k, wanted in ((0, up), (1, down)):
        for sequence in (0, 1):
            np.testing.assert_allclose(means[k, sequence], wanted[0], atol=1e-12)


def test_starts_are_averages_of_the_cluster_mixed_with_uniform_play():
    """By hand, of the last of three games of two kinds: one game of its kind before, so a quarter of uniform play."""
    learner = OptimisticMirrorDescent(0.2)
    run = learn_sequence([UP, DOWN, UP], learner, ClusterTarget(LAST_STAGE, FEWER), 100)
    before, last = run.runs[0], run.runs[-1]
    full = learner.stages(before.state)[-2].average  # lengths 1 to 32 are 63 iterations, and T cuts the next
    assert learner.stages(before.state)[-2].iterations == 32
    for stage in learner.stages(last.state):
        for own, mean in zip(stage.initial, full, strict=True):
            np.testing.assert_allclose(own, 0.5 if stage.index <= 3 else 0.75 * mean + 0.125, atol=1e-12)


def test_a_game_like_none_goes_on_from_uniform_play_and_one_more_cluster_is_made_of_it():
    learner, update = OptimisticMirrorDescent(0.2), ClusterTarget(LAST_STAGE, FEWER, most=3)
    other = ZeroSumGame([[[[0.1, 0.9], [0.9, 0.1]]]], STILL)  # nothing moves from uniform play
    for k, game in enumerate((UP, DOWN, other)):
        now = update.tuned(learner)
        run = learn(game, now, 100)
        alone = learn(game, learner, 100)
        np.testing.assert_array_equal(run.ne_gap, alone.ne_gap)
        update = update.observe(now, run)
        assert (update.count[:, 0] > 0).sum() == k + 1
    two = ClusterTarget(LAST_STAGE, FEWER, most=1)
    for game in (UP, DOWN):
        two = two.observe(learner, learn(game, learner, 100))
    assert two.count.tolist() == [[2]]  # no room: it joins the nearest


@pytest.mark.parametrize("base_kind", ["mixed", "pure"])
def test_between_two_clusters_it_is_better_than_what_cannot_tell_them(base_kind):
    games = moving_sequence("clusters", "known", base_kind, n_games=16, perturbation=0.05, base_kind=base_kind)
    gaps = {
        name: learn_sequence(games, OptimisticMirrorDescent(0.2), name, 400, at=[400]).ne_gap[0, 2:].mean()
        for name in ("individual", "best_response", "tracking", "recognised")
    }
    assert gaps["recognised"] < 0.8 * min(gaps["individual"], gaps["best_response"], gaps["tracking"])


def test_a_batch_is_learned_as_its_sequences_alone_and_a_cut_run_as_the_whole():
    games, learner = moving_sequence("clusters", "cut", n_games=5, perturbation=0.1), OptimisticMirrorDescent(0.3)
    together = learn_sequence(pair(games), learner, "recognised", 60)
    for k, own in enumerate((games, games[::-1])):
        alone = learn_sequence(own, learner, "recognised", 60)
        np.testing.assert_allclose(together.ne_gap[k], alone.ne_gap[0], rtol=1e-12)
    few = learn_sequence(games, learner, "recognised", 60, at=[60])
    np.testing.assert_array_equal(
        few.runs[-1].policy[0], learn_sequence(games, learner, "recognised", 60).runs[-1].policy[0]
    )


def test_general_sum_games_are_recognised_too():
    games = [MarkovGame.from_zero_sum(game) for game in (UP, DOWN, UP)]
    run = learn_sequence(games, CorrelatedMirrorDescent(0.2), "recognised", 100)
    assert (run.runs[-1].state.initial[0][:, 1] != 0.5).all()
    assert (run.runs[-1].policy.initial[0] == 0.5).all()  # what the first stage was begun with
    assert (run.runs[1].state.initial[0] == 0.5).all()


@pytest.mark.parametrize("make", [OptimisticMirrorDescent, CorrelatedMirrorDescent, PlainMirrorDescent, StagedFTRL])
def test_initial_policies_may_be_chosen_anew_at_any_stage(make):
    """Always the average of the stage before: the same as a run that is given these policies."""
    (game,) = zero_sum_sequence("mixed", "anew", n_games=1, perturbation=0.0)
    if make is CorrelatedMirrorDescent:
        game = MarkovGame.from_zero_sum(game)

    def from_last(stages):
        return tuple(policy[:, np.newaxis] for policy in stages[-1].average)

    anew = learn(game, make(0.3, reconsider=from_last), 31)
    stages = make(0.3).stages(anew.state)
    given = tuple(np.stack([stage.initial[i] for stage in stages], axis=1) for i in (0, 1))
    np.testing.assert_array_equal(given[0][:, 1:], np.stack([s.average[0] for s in stages[:-1]], axis=1))
    again = learn(game, make(0.3), 31, initial=given)
    for name, values in anew.measures.items():
        np.testing.assert_allclose(values, again.measures[name], atol=1e-13)


def test_a_learned_rate_and_clusters_go_together():
    games = moving_sequence("clusters", "both", n_games=8, perturbation=0.05)
    learner, update = OptimisticMirrorDescent(0.2), LearnedRate(ClusterTarget(LAST_STAGE, FEWER))
    runs = learn_sequence(games, learner, update, 100).runs
    assert runs[-1].state.initial[0].shape[1] == 2  # chosen anew
    assert runs[-1].state.eta.max() > 0.2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ClusterTarget(LAST_STAGE, FEWER, look=1), "look must be an integer of at least 2"),
        (lambda: ClusterTarget(LAST_STAGE, FEWER, most=0), "most must be an integer of at least 1"),
        (
            lambda: learn_sequence([UP, DOWN], OptimisticMirrorDescent(0.2), "recognised", 6),
            "recognised after stage 3, which a run of 6 iterations does not finish",
        ),
        (
            lambda: learn_sequence(
                [UP, UP], OptimisticMirrorDescent(0.2), ClusterTarget(LAST_STAGE, lambda *_: 2.0), 60
            ),
            r"alpha must lie in \(0, 1\], got 2.0 after 1 games of 2 actions",
        ),
        (
            lambda: learn(UP, OptimisticMirrorDescent(0.2, keep_stages=False, reconsider=lambda _: None), 9),
            "reconsider looks at finished stages; learn with keep_stages=True",
        ),
        (
            lambda: learn(UP, OptimisticMirrorDescent(0.2, reconsider=lambda _: [np.ones((1, 1, 1, 1, 2))] * 2), 9),
            "initial policy of player 0 rows must be distributions",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
