"""``./do sanitize`` ends with the line of a fault: here three are planted in a small C file, built with its options."""

import re
import shutil
import subprocess
import sys

import kernel_cases
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


def test_every_kernel_is_called_by_a_case():
    """Of ``kernel_cases``, which the first of the files goes through; two kernels have a file of their own."""
    table = (sanitize.ROOT / "src/metanash/kernels/signatures.h").read_text()
    own = {"joint_mirror": "kernels/test_joint_mirror.py", "regret_matching": "test_regret_matching.py"}
    called = {kernel for _, kernel, *_ in kernel_cases.cases()} | set(own)
    assert {*re.findall(r"^KERNEL\((\w+),", table, flags=re.MULTILINE)} <= called
    assert {f"tests/library/{name}" for name in (*own.values(), "test_exact_large.py")} <= set(sanitize.TESTS)


REPORT = '<testsuites><testsuite tests="12" failures="{}" errors="{}" skipped="2" /></testsuites>'


def test_what_came_of_it_is_told(tmp_path, monkeypatch):
    report, page = tmp_path / "tests.xml", tmp_path / "page.md"
    assert sanitize.sentence(report, 90) == "The last run was ended by a fault."
    report.write_text(REPORT.format(0, 0))
    assert sanitize.sentence(report, 170).startswith("The last run: 10 tests passed, 0 failed, 2 skipped, ")
    report.write_text(REPORT.format(3, 1))
    assert "6 tests passed, 4 failed" in sanitize.sentence(report, 170)
    monkeypatch.setattr(sanitize, "PAGE", page)
    page.write_text(f"before\n{sanitize.BEGIN}\nold\n{sanitize.END}\nafter\n")
    sanitize.write("new")
    assert page.read_text() == f"before\n{sanitize.BEGIN}\nnew\n{sanitize.END}\nafter\n"
    page.write_text("nothing")
    with pytest.raises(ValueError, match="no place for what came of it"):
        sanitize.write("new")


def test_the_page_tells_of_a_run_that_found_nothing():
    text = (sanitize.ROOT / "docs/reliability.md").read_text()
    told = text.partition(sanitize.BEGIN)[2].partition(sanitize.END)[0]
    assert re.search(r"^The last run: [\d,]+ tests passed, 0 failed", told, flags=re.MULTILINE)
