"""The progress bar of ``metanash learn``: where it is, where it is not, what it costs, and that it changes nothing."""

import os
import pty
import re
import subprocess
import sys

import numpy as np
import pytest

import metanash as mn
from metanash.commands import progress
from metanash.commands.progress import Watched, watched
from metanash.extensive import ExtensiveGame, PredictiveCFR, Treeplex, learn_extensive

STILL = mn.Transition.shared([[[[1.0]] * 3] * 2])
GAME = mn.ZeroSumGame([[[[1.0, 0.0, 0.3], [0.2, 0.9, 0.4]]]], STILL)
ITERATIONS = 3_000_000
"""Some tenths of a second."""
BEFORE = 0.05
"""Seconds that the bar waits for here."""


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """``metanash learn`` of a game, by its words."""
    path = tmp_path_factory.mktemp("game") / "game.npz"
    mn.write_games(path, [GAME])
    code = (
        f"import sys; from metanash.commands import progress as p; p._BEFORE = {BEFORE}; from metanash.cli import main"
    )
    arguments = ["learn", str(path), "--iterations", str(ITERATIONS)]
    return [sys.executable, "-c", f"{code}; sys.exit(main({arguments} + sys.argv[1:]))"]


def on_terminal(command):
    """What a command prints, and what stands on the terminal that its stderr is."""
    ours, its = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=its, env={**os.environ, "TERM": "xterm"}) as process:
        os.close(its)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # so Linux says that nobody holds the other end any more
                break
            if not part:
                break
            shown += part
        printed = process.stdout.read()
    os.close(ours)
    assert process.returncode == 0, shown
    return printed.decode(), shown.decode()


def test_a_terminal_shows_how_far_it_is_and_prints_the_same(command):
    pytest.importorskip("rich", reason="not checked: rich is not installed")
    printed, shown = on_terminal(command)
    told = [int(number) for number in re.findall(rf"(\d+)/{ITERATIONS}", shown)]
    assert "regret_matching" in shown
    assert told == sorted(told)
    assert 0 < told[-1] <= ITERATIONS
    quiet, silence = on_terminal([*command, "--quiet"])
    assert silence == ""
    piped = subprocess.run(command, capture_output=True, text=True, check=True)
    assert piped.stderr == ""
    assert printed == quiet == piped.stdout


def test_without_rich_there_is_no_bar(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    learner = mn.RegretMatching()
    with watched(learner, "name", 10) as given:
        assert isinstance(given, Watched)
    monkeypatch.setattr(progress.importlib.util, "find_spec", lambda _: None)
    with watched(learner, "name", 10) as given:
        assert given is learner


class Clock:
    """Seconds that pass with the iterations of a learner only."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Slow:
    """A learner of which an iteration takes so many seconds, and a call one hundredth more."""

    def __init__(self, clock, seconds):
        self.clock, self.seconds, self.calls = clock, seconds, []

    def advance(self, games, state, iterations):
        del games
        self.clock.now += self.seconds * iterations + self.seconds / 100
        self.calls.append(iterations)
        return state + iterations


@pytest.mark.parametrize("seconds", [1e-7, 1e-5, 1e-3, 0.05, 0.3])
def test_calls_take_about_a_quarter_of_a_second(seconds):
    """Few more calls than that are made, and none is longer than half a second and an iteration."""
    clock, told = Clock(), []
    slow = Slow(clock, seconds)
    learner, total = Watched(slow, told.append, clock), int(10 / seconds)
    state = 0
    for iterations in (1, 1, total - 2):
        state = learner.advance(None, state, iterations)
    assert state == sum(slow.calls) == told[-1] == total
    assert told == np.cumsum(slow.calls).tolist()
    assert len(slow.calls) <= 10 / max(0.25, seconds) * 2 + 5
    assert max(slow.calls) * seconds <= 0.5 + seconds


def test_a_clock_that_stands_still_is_no_reason_to_hang():
    calls = Slow(Clock(), 0.0)
    assert Watched(calls, lambda _: None, lambda: 0.0).advance(None, 0, 10**9) == 10**9
    assert len(calls.calls) < 10


@pytest.mark.parametrize(
    "learner", [mn.RegretMatching(), mn.OptimisticMirrorDescent(0.2)], ids=lambda one: type(one).__name__
)
def test_what_is_learned_is_the_same_bit_for_bit(learner):
    plain = mn.learn(GAME, learner, 3000)
    watching = mn.learn(GAME, Watched(learner, lambda _: None), 3000)
    np.testing.assert_array_equal(plain.ne_gap, watching.ne_gap)
    for one, other in zip(plain.policy, watching.policy, strict=True):
        np.testing.assert_array_equal(one, other)


def test_trees_too():
    first, second = Treeplex([0], [2]), Treeplex([0], [2])
    game = ExtensiveGame((first, second), [[1, 1, 2, 2], [1, 2, 1, 2]], [[2, 0, 0, 1], [1, 0, 0, 2]], np.ones(4))
    plain, watching = (
        learn_extensive(game, one, 500) for one in (PredictiveCFR(), Watched(PredictiveCFR(), lambda _: None))
    )
    np.testing.assert_array_equal(plain.measures["ne_gap"], watching.measures["ne_gap"])
