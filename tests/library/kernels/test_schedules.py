"""Kernels that go through whole runs: to the last bit what single calls of other kernels make one by one."""

import itertools
import pickle

import numpy as np
import pytest
from backends import BACKENDS, use
from kernel_cases import copied
from schedule_cases import PLAN, joint_run_arguments, mirror_run_arguments, regret_run_arguments

import metanash as mn
from metanash.learners import base, regret_matching
from metanash.learners.schedules import MOST_KEPT, next_stage_length, schedule

SIZES = [(1, 1, 1, 2, 2, 1), (3, 2, 2, 2, 2, 2), (2, 3, 2, 3, 2, 1), (9, 1, 2, 1, 4, 1), (2, 2, 1, 5, 9, 2)]


def backed_up(module, call, value):
    """Reward plus expected next values, a game and a step after the other."""
    shape = (call["games"], call["horizon"], call["states"])
    joint = call["rows"] * call["columns"]
    reward, values = call["reward"].reshape(*shape, joint), value.reshape(shape)
    q = np.empty(reward.shape)
    for h in range(call["horizon"]):
        module.backup(
            reward=reward.reshape(*shape[:2], -1), transition=call["transition"][min(h, call["steps"] - 1)],
            index=call["index"], values=values.copy(), out=q.reshape(*shape[:2], -1), games=shape[0], steps=shape[1],
            rows=shape[2] * joint, states=shape[2], kinds=call["kinds"], first=h, last=h + 1,
        )  # fmt: skip
    return q.reshape(-1, call["rows"], call["columns"])


def same(found, expected, name):
    np.testing.assert_array_equal(np.asarray(found).ravel(), np.asarray(expected).ravel(), err_msg=name)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(("keep", "predicts"), [(True, 1), (False, 1), (True, 0)])
@pytest.mark.parametrize("size", SIZES)
def test_stages_in_one_call_are_stages_one_by_one(module, size, keep, predicts):
    games, horizon, states, rows, columns, steps = size
    rng = np.random.default_rng([*size])
    whole = mirror_run_arguments(rng, *size[:5], steps=steps, given=2, keep=keep, predicts=predicts)
    single = copied(whole)
    module.mirror_run(**whole)
    names = ("eta", "x", "y", "mu", "nu", "sum_mu", "sum_nu", "sum_value")
    state, lanes = {name: single[name] for name in names}, games * horizon * states
    q, done, stage, ended, looked = single["q"][0], 0, 1, 0, 0
    for iterations, fresh, look in zip(*PLAN[horizon], strict=True):
        if fresh:
            value = state["sum_value"].sum(axis=0)
            if keep:
                same(whole["stage_value"][ended], value, "stage_value")
                for name in ("mu", "nu"):
                    same(whole[f"stage_{name}"][ended], state[f"sum_{name}"].sum(axis=0), f"stage_{name}")
            for name in ("mu", "nu"):
                module.fold(state[f"sum_{name}"], single[f"finished_{name}"], single[f"finished_{name}"].size)
            q, ended, stage = backed_up(module, single, value / done), ended + 1, stage + 1
            if keep:
                same(whole["q"][ended], q, "q")
            state["sum_value"][...], done = 0.0, 0
            for name in ("x", "y", "mu", "nu"):
                state[name][...] = single[f"start_{name}"][:, min(stage, 2) - 1].reshape(lanes, -1)
        sizes = {"lanes": lanes, "rows": rows, "columns": columns, "done": done, "iterations": iterations}
        module.mirror(q=q, **state, **sizes, predicts=predicts)
        done += iterations
        if look:
            for name in ("mu", "nu"):
                expected = single[f"finished_{name}"] + state[f"sum_{name}"].sum(axis=0)
                same(whole[f"seen_{name}"][looked], expected, f"seen_{name}")
            looked += 1
    assert (ended, looked) == (sum(PLAN[horizon][1]), sum(PLAN[horizon][2]))
    same(whole["q"][ended % whole["slots"]], q, "last q")
    for name in (*names, "finished_mu", "finished_nu"):
        same(whole[name], single[name], name)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("size", SIZES)
def test_value_updates_in_one_call_are_those_one_by_one(module, size):
    games, horizon, states, rows, columns, steps = size
    whole = regret_run_arguments(np.random.default_rng([*size]), *size[:5], steps=steps)
    single = copied(whole)
    module.regret_run(**whole)
    names = ("q", "x", "y", "mu", "nu", "sum_mu", "sum_nu", "value")
    state, done, looked = {name: single[name] for name in names}, 0, 0
    for iterations, update, look in zip(*PLAN[horizon], strict=True):
        sizes = {"lanes": games * horizon * states, "rows": rows, "columns": columns}
        module.regret_matching(**state, **sizes, done=done, iterations=iterations)
        done += iterations
        if update:
            state["q"] = backed_up(module, single, state["value"])
        if look:
            for name in ("mu", "nu"):
                same(whole[f"seen_{name}"][looked], state[f"sum_{name}"].sum(axis=0), f"seen_{name}")
            looked += 1
    for name in names:
        same(whole[name], state[name], name)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize(
    "size", [(1, 1, 1, (2, 2), 1), (3, 2, 2, (2, 2), 2), (2, 3, 2, (3, 2), 1), (2, 2, 1, (2, 2, 3), 2)]
)
def test_stages_of_the_second_algorithm_in_one_call_are_stages_one_by_one(module, size, keep):
    games, horizon, states, actions, steps = size
    rng = np.random.default_rng([*actions, *size[:3]])
    whole = joint_run_arguments(rng, games, horizon, states, actions, steps=steps, keep=keep)
    single = copied(whole)
    module.joint_run(**whole)
    cells, players, joint = horizon * states, len(actions), single["joint"]
    lanes, numbers = games * cells, {"actions": single["actions"], "players": players, "joint": joint}
    state = {name: single[name] for name in ("eta", "x", "policy", "sum_joint")}
    q, worth, done, stage, ended, looked = single["lane_q"], single["values"][0], 0, 1, 0, 0
    for iterations, fresh, look in zip(*PLAN[horizon], strict=True):
        if fresh:
            average = state["sum_joint"].sum(axis=0) / done
            same(whole["stage_joint"][ended], average, "stage_joint")
            mean = np.empty((lanes, 2 * players))
            module.correlated_values(
                reward=q, transition=np.empty(0), index=np.zeros(lanes, dtype=np.int64), weights=average,
                before=np.zeros_like(mean), after=mean, games=lanes, horizon=1, states=1, kinds=1, steps=0, step=0,
                **numbers,
            )  # fmt: skip
            before, worth = worth, np.empty((games, 2, players, cells))
            module.correlated_values(
                reward=single["reward"], transition=single["transition"], index=single["index"], weights=average,
                before=before, after=worth, games=games, horizon=horizon, states=states, kinds=2, steps=steps, step=0,
                **numbers,
            )  # fmt: skip
            ended, stage = ended + 1, stage + 1
            same(whole["values"][ended], worth, "values")
            by_player = []
            for i in range(players):
                call = {**single, "reward": single["reward"][:, i].copy(), "rows": joint, "columns": 1}
                by_player.append(backed_up(module, call, mean[:, i].copy()).reshape(games, cells, joint))
            q = np.stack(by_player, axis=2).reshape(lanes, players, joint)
            if keep:
                same(whole["q"][ended], np.stack(by_player, axis=1), "q")
            module.fold(state["sum_joint"], single["finished"], single["finished"].size)
            done = 0
            for name in ("x", "policy"):
                state[name][...] = single[f"start_{name}"][:, min(stage, 2) - 1].reshape(lanes, -1)
        sizes = {"lanes": lanes, "columns": single["columns"], "done": done, "iterations": iterations}
        module.joint_mirror(q=q, **state, **numbers, **sizes)
        done += iterations
        if look:
            same(whole["seen_joint"][looked], state["sum_joint"].sum(axis=0) / done, "seen_joint")
            looked += 1
    assert (ended, looked) == (sum(PLAN[horizon][1]), sum(PLAN[horizon][2]))
    same(whole["lane_q"], q, "lane_q")
    for name in ("x", "policy", "sum_joint", "finished"):
        same(whole[name], single[name], name)


# Schedules ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [1, 2, 3, 7])
def test_schedules_are_what_counting_finds(horizon):
    """One iteration at a time: a stage ends when it is full and somebody wants more."""
    wanted = (1, 3, 2, 40, 1, 17)
    length, done, ends, seen = horizon, 0, [], []
    for k in range(1, sum(wanted) + 1):
        if done == length:
            ends.append((k - 1, length))
            length, done = next_stage_length(length, horizon), 0
        done += 1
        seen.append(k)
    found = schedule(horizon, 0, horizon, wanted)
    after = np.cumsum(found.pieces)
    assert [int(t - n) for t, n in zip(after[found.fresh == 1], found.pieces[found.fresh == 1], strict=True)] == [
        t for t, _ in ends
    ]
    assert found.ended == tuple(n for _, n in ends)
    assert after[found.looks == 1].tolist() == np.cumsum(wanted).tolist()
    assert (found.places[-1].length, found.places[-1].done) == (length, done)
    assert (found.pieces > 0).all()
    half = schedule(horizon, 0, horizon, wanted[:3])
    rest = schedule(half.places[-1].length, half.places[-1].done, horizon, wanted[3:])
    last, same = rest.places[-1], found.places[-1]
    assert (last.length, last.done, half.ended + rest.ended) == (same.length, same.done, found.ended)


# What comes of it in learners ---------------------------------------------------------------------------


def drawn(size, count=2, dense=True, steps=1):
    _, states, rows, columns = size
    rng = np.random.default_rng([*size])
    chance = rng.dirichlet(np.ones(states), size=(count, steps, states, rows, columns))
    kernels = [mn.Transition.per_step(list(part)) if steps > 1 else mn.Transition.shared(part[0]) for part in chance]
    if not dense:
        from scipy import sparse  # noqa: PLC0415

        kernels = [
            mn.Transition.sparse([sparse.csr_array(part[0].reshape(-1, states))], (rows, columns)) for part in chance
        ]
    return [mn.ZeroSumGame(rng.uniform(size=size), kernel) for kernel in kernels]


def plainly(games, learner, at, initial=None):
    """The run by ``advance`` and ``measure`` alone."""
    batch = mn.GameBatch.of(games)
    state, gaps = learner.start(batch, initial), []
    for before, after in itertools.pairwise([0, *at]):
        state = learner.advance(batch, state, after - before)
        gaps.append(learner.measure(batch, state)["ne_gap"])
    return state, np.stack(gaps, axis=1)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("size", [(1, 1, 2, 2), (2, 2, 2, 2), (3, 2, 3, 2), (2, 1, 9, 4)])
@pytest.mark.parametrize("steps", [1, 0])
@pytest.mark.parametrize("keep", [True, False, None])
def test_runs_in_one_call_have_the_bits_of_plain_runs(monkeypatch, module, size, steps, keep):
    use(monkeypatch, module)
    games = drawn(size, steps=1 if steps else size[0])
    learner = mn.RegretMatching() if keep is None else mn.OptimisticMirrorDescent(0.2, keep_stages=keep)
    at = [1, 2, 3, 7, 30, 31, 100]
    run = mn.learn(games, learner, 100, at=at)
    state, gaps = plainly(games, learner, at)
    np.testing.assert_array_equal(run.ne_gap, gaps)
    assert vars(run.state).keys() == vars(state).keys()
    for name, value in vars(state).items():
        found = vars(run.state)[name]
        if name != "stages":
            for one, other in zip(found, value, strict=True) if isinstance(value, tuple) else [(found, value)]:
                np.testing.assert_array_equal(one, other, err_msg=name)
    if keep is not None:
        pairs = list(zip(learner.stages(run.state), learner.stages(state), strict=True)) if keep else []
        assert len(pairs) > 4 * bool(keep) - 1
        for one, other in pairs:
            assert (one.index, one.iterations) == (other.index, other.iterations)
            for name in ("initial", "average", "payoff"):
                for found, expected in zip(getattr(one, name), getattr(other, name), strict=True):
                    np.testing.assert_array_equal(found, expected, err_msg=name)
            np.testing.assert_array_equal(one.value, other.value)
            np.testing.assert_array_equal(one.q, other.q)


def agree(one, other):
    """Arrays, numbers, and tuples of these, to the last bit."""
    if isinstance(one, tuple):
        for pair in zip(one, other, strict=True):
            agree(*pair)
    else:
        np.testing.assert_array_equal(one, other)


def followed(value):
    """All that a state holds, but for stages, which are looked at one by one."""
    parts = {name: part for name, part in vars(value).items() if name != "stages"}
    return parts | ({"values": (value.values.followed, value.values.deviated)} if "values" in parts else {})


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("begun", [0, 1, 47])
@pytest.mark.parametrize("size", [(1, 1, 2, 2), (2, 2, 2, 2), (2, 1, 2, 3), (3, 4, 2, 2), (4, 3, 1, 2)])
@pytest.mark.parametrize("is_second", [False, True])
def test_the_last_step_goes_once_through_stages_that_begin_alike(monkeypatch, module, size, begun, keep, is_second):
    """So many games that it takes fewer vectors; stages cut short, looked at early, and begun before the call."""
    use(monkeypatch, module)
    kind = mn.CorrelatedMirrorDescent if is_second else mn.OptimisticMirrorDescent
    learner = kind(np.linspace(0.1, 0.2, 12), keep_stages=keep)
    games = mn.GameBatch.of(general(size, 12) if is_second else drawn(size, 12))
    rng = np.random.default_rng([*size, begun])
    initial = tuple(rng.dirichlet(np.ones(n), size=(12, 1, *size[:2])) for n in size[2:])
    start = learner.advance(games, learner.start(games, initial), begun)
    pieces = [1, 2, 40, 5, 150, 1, 700, 33, 1200, 6]
    state, found = learner.advance_and_measure(games, learner._own(start), pieces)
    plain, measured = base.step_by_step(learner, games, learner._own(start), pieces)
    for name, values in measured.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    for one, other in zip(followed(state).items(), followed(plain).items(), strict=True):
        assert one[0] == other[0]
        agree(one[1], other[1])
    states, watched = learner.advance_and_watch(games, start, pieces)
    one_by_one, _ = base.watched_step_by_step(learner, games, start, pieces)
    assert start.iteration == begun
    for name, values in measured.items():
        np.testing.assert_array_equal(watched[name], values, err_msg=name)
    for pair in zip(states, one_by_one, strict=True):
        for one, other in zip(*(followed(part).items() for part in pair), strict=True):
            assert one[0] == other[0]
            agree(one[1], other[1])
        if keep:
            for one, other in zip(*(learner.stages(part)[-2:] for part in pair), strict=True):
                agree(tuple(vars(one).values()), tuple(vars(other).values()))
    if keep:
        pairs = list(zip(learner.stages(state), learner.stages(plain), strict=True))
        assert len(pairs) > 8
        for one, other in pairs:
            agree(tuple(vars(one).values()), tuple(vars(other).values()))


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("is_second", [False, True])
def test_stages_with_initial_policies_of_their_own_do_not_repeat(monkeypatch, module, is_second):
    use(monkeypatch, module)
    learner = (mn.CorrelatedMirrorDescent if is_second else mn.OptimisticMirrorDescent)(0.2)
    games = mn.GameBatch.of(general((2, 2, 2, 2), 12) if is_second else drawn((2, 2, 2, 2), 12))
    initial = tuple(np.random.default_rng(3).dirichlet(np.ones(2), size=(12, 30, 2, 2)) for _ in range(2))
    pieces = [40, 300, 900]
    state, found = learner.advance_and_measure(games, learner.start(games, initial), pieces)
    plain, measured = base.step_by_step(learner, games, learner.start(games, initial), pieces)
    for name, values in measured.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    for one, other in zip(followed(state).values(), followed(plain).values(), strict=True):
        agree(one, other)


def general(size, count, steps=1):
    """General-sum games (H, S, A_1, ..., A_N)."""
    rng, players = np.random.default_rng([*size]), len(size) - 2
    games = []
    for _ in range(count):
        chance = rng.dirichlet(np.ones(size[1]), size=(steps, *size[1:]))
        kernel = mn.Transition.per_step(chance) if steps > 1 else mn.Transition.shared(chance[0])
        games.append(mn.MarkovGame(rng.uniform(size=(players, *size)), kernel))
    return games


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize(
    "size", [(1, 1, 2, 2), (2, 2, 2, 2), (1, 3, 3, 2), (3, 2, 2, 3), (2, 1, 2, 2, 3), (1, 1, 9, 4)]
)
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("at", [[1, 2, 3, 7, 30, 31, 100], [4, 100]])
def test_runs_of_the_second_algorithm_in_one_call_have_the_bits_of_plain_runs(monkeypatch, module, size, keep, at):
    use(monkeypatch, module)
    games, learner = general(size, 2, steps=size[0] if len(at) == 2 else 1), mn.CorrelatedMirrorDescent(0.2, keep)
    run, batch, measures = mn.learn(games, learner, 100, at=at), mn.GameBatch.of(games), []
    state = learner.start(batch)
    for before, after in itertools.pairwise([0, *at]):
        state = learner.advance(batch, state, after - before)
        measures.append(learner.measure(batch, state))
    assert run.measures.keys() == measures[0].keys() == {"cce_gap_bound", *(["cce_gap"] if size[0] == 1 else [])}
    for name, values in run.measures.items():
        np.testing.assert_array_equal(values, np.stack([found[name] for found in measures], axis=1), err_msg=name)
    assert (run.state.iteration, run.state.stage, run.state.length, run.state.done) == (
        state.iteration, state.stage, state.length, state.done,
    )  # fmt: skip
    assert run.state.lengths == state.lengths
    for name in ("q", "lane_q", "joint_sums", "gains", "eta"):
        np.testing.assert_array_equal(getattr(run.state, name), getattr(state, name), err_msg=name)
    for name in ("columns", "iterate", "anchor", "finished_sums", "joints"):
        for one, other in zip(getattr(run.state, name), getattr(state, name), strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)
    for name in ("followed", "deviated"):
        np.testing.assert_array_equal(getattr(run.state.values, name), getattr(state.values, name), err_msg=name)
    pairs = zip(learner.stages(run.state), learner.stages(state), strict=True) if keep else []
    for one, other in pairs:
        assert (one.index, one.iterations) == (other.index, other.iterations)
        for name in ("joint", "value", "q"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
        for name in ("initial", "average", "payoff"):
            for found, expected in zip(getattr(one, name), getattr(other, name), strict=True):
                np.testing.assert_array_equal(found, expected, err_msg=name)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("cls", [mn.ProjectedQAscent, mn.learners.SoftmaxGradient])
@pytest.mark.parametrize("every_gap", [True, False])
@pytest.mark.parametrize(("states", "actions", "team"), [(1, (2, 2), True), (3, (3, 2), False), (2, (2, 2, 9), False)])
def test_runs_of_gradient_play_have_the_bits_of_plain_runs(monkeypatch, module, cls, every_gap, states, actions, team):
    use(monkeypatch, module)
    rng, size = np.random.default_rng([*actions, states]), (states, *actions)
    games = [
        mn.DiscountedGame(
            rng.uniform(size=(1 if team else len(actions), *size)),
            mn.Transition.shared(rng.dirichlet(np.ones(states), size=size)), 0.8,
        )
        for _ in range(3)
    ]  # fmt: skip
    learner, at, batch = cls(0.05, every_gap=every_gap), [1, 2, 7, 30], mn.GameBatch.of(games)
    run, state, measures = mn.learn(games, learner, 30, at=at), learner.start(batch), []
    for before, after in itertools.pairwise([0, *at]):
        state = learner.advance(batch, state, after - before)
        measures.append(learner.measure(batch, state))
    assert run.measures.keys() == measures[0].keys() == {"ne_gap", *(["mean_gap"] if every_gap else [])}
    for name, values in run.measures.items():
        np.testing.assert_array_equal(values, np.stack([found[name] for found in measures], axis=1), err_msg=name)
    assert run.state.iteration == state.iteration
    for name in ("gap_sums", "least_best", "responses"):
        np.testing.assert_array_equal(getattr(run.state, name), getattr(state, name), err_msg=name)
    for one, other in zip(run.state.parameters, state.parameters, strict=True):
        np.testing.assert_array_equal(one, other)


def test_gaps_that_take_a_tree_go_step_by_step():
    games, learner = general((2, 2, 2, 2), 2), mn.CorrelatedMirrorDescent(0.2, exact_gap=True)
    run = mn.learn(games, learner, 20, at=[3, 20])
    assert run.measures.keys() == {"cce_gap_bound", "cce_gap"}
    plain = mn.learn(games, mn.CorrelatedMirrorDescent(0.2), 20, at=[3, 20])
    np.testing.assert_array_equal(run.measures["cce_gap_bound"], plain.measures["cce_gap_bound"])


@pytest.mark.parametrize("learner", [mn.RegretMatching(), mn.OptimisticMirrorDescent(0.2)])
def test_the_kernel_is_what_runs(monkeypatch, learner):
    """Of small dense games nothing goes step by step; of sparse ones all does."""
    monkeypatch.setattr(type(learner), "advance_own", None)
    mn.learn(drawn((2, 2, 2, 2)), learner, 100)
    with pytest.raises(TypeError, match="not callable"):
        mn.learn(drawn((2, 2, 2, 2), dense=False), learner, 100)


def test_initial_policies_of_stages_are_taken_up_and_run_out():
    games, rng = drawn((1, 1, 2, 3), count=1), np.random.default_rng(1)
    initial = tuple(rng.dirichlet(np.ones(n), size=(1, 4, 1, 1)) for n in (2, 3))
    learner = mn.OptimisticMirrorDescent(0.3)
    run = mn.learn(games, learner, 15, at=[2, 9, 15], initial=initial)  # stages 1, 2, 4, 8
    state, gaps = plainly(games, learner, [2, 9, 15], initial)
    np.testing.assert_array_equal(run.ne_gap, gaps)
    for found, expected in zip(run.state.iterate, state.iterate, strict=True):
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(ValueError, match="given for 4 stages, the run begins stage 5"):
        mn.learn(games, learner, 16, initial=initial)


def test_long_runs_are_cut_into_calls_that_can_be_interrupted():
    def blocks(times, together, count=1):
        return [*base._blocks(mn.GameBatch.of(drawn((1, 1, 2, 2)) * count), np.array(times, dtype=np.int64), together)]

    most = 2**24  # of few rewards
    found = blocks([1, 10, most - 1, most, most + 1, 3 * most, 3 * most + 1, 6 * most], 4)
    assert [times for times, _ in found] == [
        [1, 10, most - 1, most], [most + 1], [3 * most], [3 * most + 1], [6 * most],
    ]  # fmt: skip
    assert [pieces for _, pieces in found[:3]] == [[1, 9, most - 11, 1], [1], [2 * most - 1]]
    assert [times for times, _ in blocks([1, 2, 3, 4, 5], 2)] == [[1, 2], [3, 4], [5]]
    assert blocks([3, 4], 0) == [([3], [3]), ([4], [1])]
    assert blocks([], 3) == []
    assert len(blocks([1, most // 2], 4, count=100)) == 2  # 800 rewards
    assert len(blocks([1, most // 2], 4, count=64)) == 1


def test_a_state_that_was_passed_on_stays_as_it_is():
    games = mn.GameBatch.of(drawn((2, 2, 2, 2)))
    for learner in (mn.RegretMatching(), mn.OptimisticMirrorDescent(0.2)):
        kept = learner.advance(games, learner.start(games), 20)
        before = kept.q.copy()
        learner.advance_and_measure(games, learner.advance(games, kept, 1), [50])
        np.testing.assert_array_equal(kept.q, before)
    games, learner = mn.GameBatch.of(general((2, 2, 2, 2), 2)), mn.CorrelatedMirrorDescent(0.2)
    kept = learner.advance(games, learner.start(games), 20)
    before = kept.q.copy(), kept.lane_q.copy(), kept.gains.copy()
    learner.advance_and_measure(games, learner.advance(games, kept, 1), [50])
    for one, other in zip((kept.q, kept.lane_q, kept.gains), before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("pieces", [[], [0], [0, 5], [5, 0, 3], [3, -2, 4], [2.0], [True], ["2"]])
@pytest.mark.parametrize("learner", [
    mn.OptimisticMirrorDescent(0.2), mn.CorrelatedMirrorDescent(0.2), mn.RegretMatching(), mn.ProjectedQAscent(0.1),
    mn.learners.SoftmaxGradient(0.1),
])  # fmt: skip
def test_pieces_of_no_iterations_are_refused(learner, pieces):
    """Nothing looks after a piece without an iteration: what would be measured there is no number of the run."""
    if isinstance(learner, mn.ProjectedQAscent | mn.learners.SoftmaxGradient):
        games = mn.families.potential_sequence("team", 1, n_games=2, perturbation=0.1)
    else:
        games = general((2, 2, 2, 2), 2) if isinstance(learner, mn.CorrelatedMirrorDescent) else drawn((2, 2, 2, 2))
    batch = mn.GameBatch.of(games)
    state = learner.advance(batch, learner.start(batch), 7)
    before = pickle.dumps(followed(state))
    for through in ("advance_and_measure", "advance_and_watch"):
        if hasattr(learner, through):
            with pytest.raises(ValueError, match="pieces: "):
                getattr(learner, through)(batch, state, pieces)
    assert pickle.dumps(followed(state)) == before
    whole, _ = learner.advance_and_measure(batch, learner.advance(batch, state, 1), np.array([2, 3]))
    assert whole.iteration == 13
    assert type(whole.iteration) is int


def test_schedules_of_many_looks_are_not_kept():
    """A run that is measured at each iteration has a plan as long as it is, which no other run may ever need."""
    for learner, kept in ((mn.OptimisticMirrorDescent(0.2), schedule), (mn.RegretMatching(), regret_matching._plan)):
        for iterations, more in [(MOST_KEPT + 1, 0), (MOST_KEPT, 1)]:
            kept.cache_clear()
            mn.learn(drawn((2, 1, 2, 2)), learner, iterations, at=range(1, iterations + 1))
            assert kept.cache_info().currsize == more


def case_of(rng):
    """Games, a learner of theirs, initial policies or none, and pieces: small, and unlike each other."""
    is_second, horizon, states = bool(rng.integers(2)), int(rng.integers(1, 6)), int(rng.integers(1, 4))
    actions = tuple(int(n) for n in rng.integers(1, 6, size=rng.integers(1, 5) if is_second else 2))
    count, steps, kinds = int(rng.choice([1, 2, 9])), int(rng.choice([1, horizon])), int(rng.integers(1, 3))
    sparse = np.eye(states) if rng.uniform() < 0.3 else rng.dirichlet(np.full(states, 0.5), size=states)
    chance = sparse[rng.integers(states, size=(kinds, steps, states, *actions))]
    kernels = [mn.Transition.per_step(part) if steps > 1 else mn.Transition.shared(part[0]) for part in chance]
    reward = rng.uniform(size=(count, *(len(actions),) * is_second, horizon, states, *actions))
    reward = np.where(rng.uniform(size=reward.shape) < 0.3, rng.integers(2, size=reward.shape), reward)
    cls, kind = (
        (mn.MarkovGame, mn.CorrelatedMirrorDescent) if is_second else (mn.ZeroSumGame, mn.OptimisticMirrorDescent)
    )
    games = mn.GameBatch.of([cls(part, kernels[k % kinds]) for k, part in enumerate(reward)])
    rates = rng.choice([1e-100, 1e-3, 0.2, 7.0, 1e100]) * np.ones(count if rng.uniform() < 0.5 else ())
    learner = kind(rates if rates.ndim else float(rates), keep_stages=bool(rng.integers(2)))
    initial = None
    if rng.uniform() < 0.6:
        stages, own = int(rng.choice([1, 40])), int(rng.choice([1, count]))
        initial = tuple(rng.dirichlet(np.full(n, 0.3), size=(own, stages, horizon, states)) for n in actions)
        initial = tuple(np.where(part < 1e-3, 0.0, part) for part in initial)  # some are never played
        initial = tuple(part / part.sum(axis=-1, keepdims=True) for part in initial)
    return games, learner, initial, [int(n) for n in rng.integers(1, 30, size=rng.integers(1, 7))]


@pytest.mark.filterwarnings("ignore::metanash.learners.base.PureStartWarning")
@pytest.mark.parametrize("seed", range(40))
def test_states_that_are_watched_are_those_of_single_iterations_and_share_nothing_that_is_written_to(seed):
    games, learner, initial, pieces = case_of(np.random.default_rng(seed))
    state, plain = learner.start(games, initial), []
    for iterations in pieces:
        for _ in range(iterations):
            state = learner.advance(games, state, 1)
        plain.append(state)
    states, measures = learner.advance_and_watch(games, learner.start(games, initial), pieces)
    for found, expected in zip(states, plain, strict=True):
        for one, other in zip(followed(found).items(), followed(expected).items(), strict=True):
            assert one[0] == other[0]
            agree(one[1], other[1])
        for one, other in zip(found.stages[::-2], expected.stages[::-2], strict=True):
            agree(tuple(vars(one).values()), tuple(vars(other).values()))
    for name, values in measures.items():
        agree(values, np.stack([learner.measure(games, one)[name] for one in plain]))
    kept = [pickle.dumps(followed(one)) for one in states]
    for k, one in enumerate(states):  # the last comes where all others have been
        left = sum(pieces[k + 1 :])
        if left:
            end = learner.advance_own(games, one, left) if k % 2 else learner.advance(games, one, left)
            agree(*(tuple(followed(part).values()) for part in (end, plain[-1])))
        assert [pickle.dumps(followed(other)) for other in states[k + 1 :]] == kept[k + 1 :]
