#!/usr/bin/env bash
# pytest-xdist 3.8.0 with pytest 9.2.0: `--dist loadgroup` spreads the tests of a group over the processes.
#
# Eight tests with the mark xdist_group("one") run in two processes. Expected, by the documentation of the option: all of
# them in one process, so that a fixture of the session that they share is made once. Seen: half of them in each, and the
# fixture is made twice; no warning, exit code 0. With pytest 8.4.2 they stay together. xdist keeps the group by an
# assignment to `item._nodeid`, an attribute that this pytest does not read any more.
# A scheduler of one's own (the hook pytest_xdist_make_scheduler, LoadScopeScheduling with another `_split_scope`) groups
# with both.
#
# Output seen (Python 3.11):
#   pytest 9.2.0, marks: 2 processes, shared fixture made 2 times
#   pytest 8.4.2, marks: 1 processes, shared fixture made 1 times
#   pytest 9.2.0, scheduler: 1 processes, shared fixture made 1 times
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/marks" "$folder/scheduler"
cat >"$folder/marks/test_group.py" <<'TEXT'
import os
import time

import pytest


@pytest.fixture(scope="session")
def shared():
    with open(os.environ["MADE"], "a") as file:
        file.write(f"{os.getpid()}\n")


@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(8))
def test_in_a_group(shared, number):
    with open(os.environ["RAN"], "a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(0.2)
TEXT
cp "$folder/marks/test_group.py" "$folder/scheduler"
cat >"$folder/scheduler/conftest.py" <<'TEXT'
from xdist.scheduler import LoadScopeScheduling


class Together(LoadScopeScheduling):
    def _split_scope(self, nodeid):
        return "one"


def pytest_xdist_make_scheduler(config, log):
    return Together(config, log)
TEXT

try() { # VERSION OF PYTEST, FOLDER
    if [ ! -e "$folder/venv-$1" ]; then
        "${PYTHON:-python3}" -m venv "$folder/venv-$1"
        "$folder/venv-$1/bin/python" -m pip install --quiet --disable-pip-version-check "pytest==$1" \
            pytest-xdist==3.8.0 execnet==2.1.2
    fi
    export RAN="$folder/$1-$2-ran" MADE="$folder/$1-$2-made"
    "$folder/venv-$1/bin/python" -m pytest -q -p no:cacheprovider -n 2 --dist loadgroup "$folder/$2" >"$folder/log"
    echo "pytest $1, $2: $(sort -u "$RAN" | wc -l) processes, shared fixture made $(wc -l <"$MADE") times"
}

{
    try 9.2.0 marks
    try 8.4.2 marks
    try 9.2.0 scheduler
} | tee "$folder/found"

cat >"$folder/seen" <<'TEXT'
pytest 9.2.0, marks: 2 processes, shared fixture made 2 times
pytest 8.4.2, marks: 1 processes, shared fixture made 1 times
pytest 9.2.0, scheduler: 1 processes, shared fixture made 1 times
TEXT
diff "$folder/seen" "$folder/found"
