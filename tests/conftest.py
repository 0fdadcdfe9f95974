"""Settings of hypothesis: the same examples in every run, nothing written beside the code. Tests on several cores."""

import gc
import re
import signal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("metanash", deadline=None, derandomize=True, max_examples=60, database=None)
settings.load_profile("metanash")

ROOT = Path(__file__).parents[1]
WORKFLOW = "tests/workflow/"
RUNS = re.compile(r"\b(two_runs|finished|edited)\b")
"""Fixtures of ``tests/workflow`` for which the pipeline runs: once in each process that asks for one of them."""


def pytest_configure():
    """Signals that are ignored, as under nohup and behind ``&``, are ignored here only: tests end programs by them."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)  # which no program that is started inherits


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect no garbage while tests are collected, nor among them later: nothing of 15,000 tests is given up.

    To look for it there takes as long as all else of the collection, and a tenth of the time of tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@cache
def needs_runs(file):
    """Whether tests of a file need the runs of the pipeline, by its text."""
    return file.startswith(WORKFLOW) and bool(RUNS.search((ROOT / file).read_text()))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Where tests run in several processes, those of a file stay in one, since they share fixtures.

    Those that need the runs of the pipeline stay together: all of them share two. (Marks of groups would say the same,
    and do nothing with this pytest: findings/xdist_groups_are_no_groups.sh.)
    """
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            return WORKFLOW if needs_runs(file) else file

    return ByFile(config, log)


def pytest_collection_modifyitems(config, items):
    """In several processes what takes longest begins: the tests that need the runs, then others of the workflow."""
    if hasattr(config, "workerinput"):
        files = [item.nodeid.split("::")[0] for item in items]
        order = {file: (not needs_runs(file), not file.startswith(WORKFLOW)) for file in files}
        items.sort(key=lambda item: order[item.nodeid.split("::")[0]])
