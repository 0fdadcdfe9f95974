"""Settings of hypothesis: the same examples in every run, nothing written beside the code. Tests on several cores."""

import pytest
from hypothesis import settings

settings.register_profile("metanash", deadline=None, derandomize=True, max_examples=60, database=None)
settings.load_profile("metanash")

WORKFLOW = "tests/workflow/"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Where tests run in several processes, those of a file stay in one, since they share fixtures.

    Those of the workflow stay together: all of them share two runs of the pipeline. (Marks of groups would say the
    same, and do nothing with this pytest: findings/xdist_groups_are_no_groups.sh.)
    """
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            return WORKFLOW if file.startswith(WORKFLOW) else file

    return ByFile(config, log)


def pytest_collection_modifyitems(config, items):
    """In several processes the workflow begins, which takes longest."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(WORKFLOW))
