"""The loop that runs learners: checkpoints, measured gaps, arguments."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import random_tables

from metanash import (
    CorrelatedMirrorDescent,
    GameBatch,
    OptimisticMirrorDescent,
    ProjectedQAscent,
    RegretMatching,
    gaps,
    learn,
)
from metanash._inner.runs import _spaced
from metanash.learners import base, checkpoints


def small_game(kind="zero_sum"):
    discount = 0.5 if kind == "discounted" else None
    storage = "shared" if kind == "discounted" else "per_step"
    horizon = 1 if kind == "discounted" else 2
    return random_tables(np.random.default_rng(0), kind, horizon, 2, (2, 3), storage=storage, discount=discount).game()


@given(st.integers(1, 10**9), st.integers(1, 80))
def test_checkpoints_grow_from_one_to_the_last(iterations, count):
    grid = checkpoints(iterations, count)
    assert grid.dtype == np.int64
    assert grid[-1] == iterations
    assert len(grid) <= count
    assert (np.diff(grid) > 0).all()
    if count > 1:
        assert grid[0] == 1


def test_grids_of_lengths_that_never_come_again_are_forgotten():
    for iterations in range(1, 2000):
        checkpoints(iterations, 3)
    assert _spaced.cache_info().currsize < 1000


def test_checkpoints_are_log_spaced():
    assert checkpoints(10_000, 5).tolist() == [1, 10, 100, 1000, 10_000]
    assert checkpoints(100, 4).tolist() == [1, 5, 22, 100]  # 100^(1/3) = 4.64, 100^(2/3) = 21.54
    assert checkpoints(5).tolist() == [1, 2, 3, 4, 5]
    assert checkpoints(1).tolist() == [1]
    grid = checkpoints(10**6)
    assert len(grid) > 45  # the first few of 60 fall together
    late = grid[grid > 1000].astype(float)
    assert np.ptp(np.diff(np.log(late))) < 1e-2


@pytest.mark.parametrize("bad", [0, -3, 2.0, True, None])
def test_bad_numbers_of_iterations(bad):
    with pytest.raises(ValueError, match="iterations must be an integer of at least 1"):
        checkpoints(bad)
    for at in (None, [1]):
        with pytest.raises(ValueError, match="iterations must be an integer"):
            learn(small_game(), OptimisticMirrorDescent(0.1), bad, at=at)
    with pytest.raises(ValueError, match="count must be an integer of at least 1"):
        checkpoints(5, 0)


@pytest.mark.parametrize("at", [[], [0, 5], [3, 2, 5], [2, 2, 5], [1, 4], [1, 6], [[1, 5]], [-1, 5], [1.5, 5]])
def test_bad_checkpoints(at):
    with pytest.raises(ValueError, match="checkpoints must be integers that increase to 5"):
        learn(small_game(), OptimisticMirrorDescent(0.1), 5, at=at)


def test_probes_see_every_checkpoint():
    """In order, with the state of that iteration; one column a checkpoint."""
    games = [small_game(), small_game()]

    def probe(learner, state):
        return {"t": np.full(2, state.iteration), "first": learner.output(state)[0][:, 0, 0, 0]}

    run = learn(games, OptimisticMirrorDescent(0.3), 9, at=[2, 3, 9], probe=probe)
    assert run.probes.keys() == {"t", "first"}
    np.testing.assert_array_equal(run.probes["t"], [[2, 3, 9], [2, 3, 9]])
    np.testing.assert_array_equal(run.probes["first"][:, -1], run.policy[0][:, 0, 0, 0])
    assert learn(games, OptimisticMirrorDescent(0.3), 9).probes == {}


@pytest.mark.parametrize(
    ("kind", "learner"), [("zero_sum", OptimisticMirrorDescent(0.3)), ("discounted", ProjectedQAscent(0.05))]
)
def test_gaps_are_those_of_the_output_at_the_checkpoint(kind, learner):
    game = small_game(kind)
    run = learn(game, learner, 20, at=[1, 7, 20])
    assert run.checkpoints.tolist() == [1, 7, 20]
    assert run.ne_gap.shape == (1, 3)
    batch = GameBatch.of(game)
    for column, t in enumerate([1, 7, 20]):
        state = learner.advance(batch, learner.start(batch), t)
        assert state.iteration == t
        assert run.ne_gap[0, column] == gaps.ne_gaps(batch, learner.output(state))[0]
    assert run.state.iteration == 20
    for part, other in zip(run.policy, learner.output(state), strict=True):
        np.testing.assert_array_equal(part, other)


def test_one_game_several_and_a_batch():
    games = [small_game(), small_game()]
    learner = OptimisticMirrorDescent(0.3)
    one, several, batch = learn(games[0], learner, 9), learn(games, learner, 9), learn(GameBatch.of(games), learner, 9)
    assert one.ne_gap.shape == (1, 9)
    np.testing.assert_array_equal(several.ne_gap, batch.ne_gap)
    np.testing.assert_array_equal(several.ne_gap, np.concatenate([one.ne_gap, one.ne_gap]))
    assert one.checkpoints.tolist() == list(range(1, 10))


@pytest.mark.parametrize("entries", [1, 60, 150, 10**6])  # rewards of two games have 48 entries: 0, 1, 3 or all at once
@pytest.mark.parametrize("learner", [OptimisticMirrorDescent(0.3), RegretMatching(), CorrelatedMirrorDescent(0.3)])
def test_a_run_that_nobody_watches_is_the_same(learner, entries, monkeypatch):
    """Then states are advanced in place and outputs measured together; a probe makes ``learn`` go the plain way."""
    kind = "markov" if isinstance(learner, CorrelatedMirrorDescent) else "zero_sum"
    games = [
        random_tables(np.random.default_rng(seed), kind, 2, 2, (2, 3), storage="per_step").game() for seed in (0, 1)
    ]
    states = []
    watched = learn(games, learner, 40, probe=lambda _, state: states.append(state) or {})
    monkeypatch.setattr(base, "_ENTRIES_TOGETHER", entries)
    monkeypatch.setattr(base, "_LEAST_TOGETHER", 1)
    alone = learn(games, learner, 40)
    assert watched.measures.keys() == alone.measures.keys()
    for name, values in watched.measures.items():
        np.testing.assert_array_equal(alone.measures[name], values)
        assert values.shape == (2, len(alone.checkpoints))
    for one, other in zip(watched.state.iterate, alone.state.iterate, strict=True):
        np.testing.assert_array_equal(one, other)
    assert [state.iteration for state in states] == alone.checkpoints.tolist()
    again = learner.advance(GameBatch.of(games), alone.state, 3)
    assert (again.iteration, alone.state.iteration) == (43, 40)  # what learn returns is nobody's to write to


def test_many_games_are_gone_through_at_once_and_measured_in_blocks(monkeypatch):
    """A batch of all of them, once for each checkpoint, would take longer to make than what is saved."""
    runs, sizes = [], []
    gone, measured = OptimisticMirrorDescent.advance_and_measure, gaps.ne_gaps
    monkeypatch.setattr(
        OptimisticMirrorDescent,
        "advance_and_measure",
        lambda self, games, state, pieces: runs.append(len(pieces)) or gone(self, games, state, pieces),
    )
    monkeypatch.setattr(gaps, "ne_gaps", lambda some, policy: sizes.append(len(some)) or measured(some, policy))
    for count in (1, 7, 64, 65, 200):
        learn([small_game()] * count, OptimisticMirrorDescent(0.1), 100)
    looks = len(base.checkpoints(100))
    assert runs == [looks] * 5
    assert max(sizes) == 200  # one checkpoint
    assert max(size for size in sizes if size != 200) <= 128
    assert sum(sizes) == looks * (1 + 7 + 64 + 65 + 200)


@pytest.mark.parametrize("learner", [OptimisticMirrorDescent(0.3), RegretMatching(), CorrelatedMirrorDescent(0.3)])
def test_gaps_of_many_games_are_those_of_each(learner):
    kind = "markov" if isinstance(learner, CorrelatedMirrorDescent) else "zero_sum"
    games = [random_tables(np.random.default_rng(seed), kind, 1, 2, (2, 2)).game() for seed in range(50)]
    together = learn(games, learner, 100).measures  # two checkpoints in a call, and one in the last
    for k in (0, 49):
        for name, values in learn(games[k], learner, 100).measures.items():
            np.testing.assert_array_equal(together[name][k], values[0])


def test_checkpoints_of_large_games_are_gone_through_together_if_many_fit(monkeypatch):
    pieces, measured = [], OptimisticMirrorDescent.advance_and_measure
    monkeypatch.setattr(
        OptimisticMirrorDescent,
        "advance_and_measure",
        lambda self, games, state, some: pieces.append(len(some)) or measured(self, games, state, some),
    )
    game, at = small_game(), [1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
    found = []
    for room in (base._LEAST_TOGETHER - 1, base._LEAST_TOGETHER):
        monkeypatch.setattr(base, "_ENTRIES_TOGETHER", room * game.reward.size)
        found.append(learn(game, OptimisticMirrorDescent(0.1), 89, at=at).ne_gap)
    assert pieces == [8, 2]  # of the second run
    np.testing.assert_array_equal(*found)


def test_stages_are_the_same_whether_they_are_looked_at_early_or_late():
    """Their statistics are worked out when they are looked at, of sums that nobody writes to any more."""
    learner, early = OptimisticMirrorDescent(0.3), {}
    late = learn(
        small_game(),
        learner,
        60,
        probe=lambda _, state: early.update({stage.index: stage for stage in state.stages}) or {},
    ).state.stages
    assert len(late) == len(early) > 5
    for stage in late:
        for name in ("initial", "average", "payoff"):
            for one, other in zip(getattr(stage, name), getattr(early[stage.index], name), strict=True):
                np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(stage.value, early[stage.index].value)
        assert stage.iterations == early[stage.index].iterations
    assert [stage.index for stage in late[1:3]] == [2, 3]


def test_a_measure_that_is_not_finite_is_named_at_its_checkpoint():
    class Broken(OptimisticMirrorDescent):
        def measure_together(self, games, aside):
            found = super().measure_together(games, aside)
            found["ne_gap"][2:, 1] = np.inf
            return found

    games = [small_game(), small_game()]
    with pytest.raises(ArithmeticError, match="ne_gap of game 1 is inf after 7 iterations"):
        learn(games, Broken(0.1), 20, at=[1, 5, 7, 20])


def test_a_subclass_is_taken_at_its_word():
    """One that redefines ``advance``, ``measure`` or ``output`` only does not inherit the quick ways around them."""

    class Counted(RegretMatching):
        def advance(self, games, state, iterations):
            called.append("advance")
            return super().advance(games, state, iterations)

    class Halved(OptimisticMirrorDescent):
        def measure(self, games, state):
            return {"half": super().measure(games, state)["ne_gap"] / 2}

    class Uniform(OptimisticMirrorDescent):
        def output(self, state):
            return tuple(np.full(part.shape, 1 / part.shape[-1]) for part in state.iterate)

    called = []
    learn(small_game(), Counted(), 20, at=[5, 20])
    assert called == ["advance", "advance"]
    plain = learn(small_game(), OptimisticMirrorDescent(0.1), 20)
    halved = learn(small_game(), Halved(0.1), 20)
    np.testing.assert_array_equal(halved.measures["half"], plain.ne_gap / 2)
    assert len(set(learn(small_game(), Uniform(0.1), 20).ne_gap[0].tolist())) == 1


@pytest.mark.parametrize("probe", [None, lambda _, state: {"seen": np.full(1, state.iteration)}])
def test_an_average_that_is_redefined_is_the_output_that_is_measured(probe):
    class Pure(OptimisticMirrorDescent):
        def average(self, state):
            return tuple(np.eye(part.shape[-1])[part.argmax(axis=-1)] for part in super().average(state))

    learner, batch = Pure(0.1), GameBatch.of(small_game())
    state = learner.advance(batch, learner.start(batch), 20)
    assert learner.measure(batch, state)["ne_gap"] != OptimisticMirrorDescent(0.1).measure(batch, state)["ne_gap"]
    run = learn(small_game(), learner, 20, probe=probe)
    assert run.ne_gap[0, -1] == learner.measure(batch, state)["ne_gap"][0]
