"""``./do sanitize`` ends with the line of a fault: here three are planted in a small C file, built with its options."""

import shutil
import subprocess
import sys

import pytest

from benchmarks import sanitize

FAULTY = """
#include <stdlib.h>
int past(int n) { int *a = malloc(4 * sizeof(int)); int found = a[n]; free(a); return found; }
int freed(int n) { int *volatile a = malloc(4 * sizeof(int)); if (n) free(a); int found = a[0]; return found; }
int overflow(int n) { return n + 2147483647; }
"""
CALL = "import ctypes, sys; getattr(ctypes.CDLL(sys.argv[1]), sys.argv[2])(int(sys.argv[3])); print('returned')"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    if sys.platform != "linux" or shutil.which(sanitize.compiler()[0]) is None:
        pytest.skip("needs Linux and a C compiler")
    folder = tmp_path_factory.mktemp("sanitized")
    (folder / "a.c").write_text(FAULTY)
    command = [*sanitize.compiler(), *sanitize.KERNEL_OPTIONS, *sanitize.OPTIONS, "a.c", "-o", "a.so"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("the compiler has no sanitizers")
    return folder / "a.so"


@pytest.mark.parametrize(
    ("function", "number", "said"),
    [
        ("past", 3, "returned"), ("past", 4, "insufficient space for an object of type 'int'"),
        ("freed", 0, "returned"), ("freed", 1, "heap-use-after-free"),
        ("overflow", 0, "returned"), ("overflow", 1, "signed integer overflow"),
    ],
)  # fmt: skip
def test_a_planted_fault_ends_the_process(library, tmp_path, function, number, said):
    done = subprocess.run(
        [sys.executable, "-c", CALL, str(library), function, str(number)], capture_output=True, text=True, check=False,
        env=sanitize.environment(tmp_path),
    )  # fmt: skip
    assert (done.returncode == 0) == (said == "returned")
    assert said in done.stdout + done.stderr


def test_the_tests_that_are_run_exist():
    assert all((sanitize.ROOT / name).exists() for name in sanitize.TESTS)
