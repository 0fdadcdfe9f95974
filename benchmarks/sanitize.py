"""The C kernels under AddressSanitizer and UndefinedBehaviorSanitizer, with their tests: ``./do sanitize``.

A copy of the package in ``.sanitized`` is compiled with both, and the tests of the kernels run on it. A read or write
outside of an array, of freed memory or past a stack, an overflow of a signed integer, a shift or a cast that C leaves
undefined ends the run, with the line. Leaks are not looked for: Python itself ends with memory that it has not freed.
How many tests ran, and how they ended, is written into docs/reliability.md.
"""

import importlib.machinery
import os
import runpy
import shlex
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from xml.etree import ElementTree

__all__ = ["build", "environment", "main", "sentence"]

ROOT = Path(__file__).parents[1]
WORK = ROOT / ".sanitized"
TESTS = [
    *(
        f"tests/library/kernels/test_{name}.py"
        for name in ("kernels", "schedules", "trees", "joint_mirror", "threads", "signatures")
    ),
    *(
        f"tests/library/test_{name}.py"
        for name in ("regret_matching", "exact_large", "simulation", "sparse_transitions")
    ),
]
"""Nearly all kernels by the cases of ``tests/kernel_cases.py``; the others for kernels and sizes that have none."""
PAGE = ROOT / "docs/reliability.md"
BEGIN, END = "<!-- sanitized: written by ./do sanitize -->", "<!-- end of sanitized -->"
TOLERANCES = "not test_probabilities_agree_relatively"
"""Of rounding in the last bit, which depends on how the compiler optimises: it is stated for kernels as they ship."""
OPTIONS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-g1", "-O1"]
KERNEL_OPTIONS = [
    "-std=gnu11",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-shared",
    "-fPIC",
    "-pthread",
]


def compiler() -> list[str]:
    """The compiler of this Python."""
    return shlex.split(sysconfig.get_config_var("CC") or "cc")


def build(folder: Path, options: list[str]) -> Path:
    """Compile the kernels in a folder, beside their sources.

    Raises
    ------
    CalledProcessError
        If the compiler fails.
    """
    digest = runpy.run_path(str(folder / "extension.py"))["source_digest"](folder)
    target = folder / f"compiled{importlib.machinery.EXTENSION_SUFFIXES[0]}"
    places = [f'-DSOURCE_DIGEST="{digest}"', f"-I{sysconfig.get_path('include')}"]
    units = sorted(map(str, folder.glob("*.c")))
    command = [*compiler(), *KERNEL_OPTIONS, *options, *places, *units, "-o", str(target)]
    subprocess.run(command, check=True)
    return target


def environment(source: Path) -> dict[str, str]:
    """Variables of a Python that loads what was compiled with sanitizers, from a copy of ``src``."""
    names = ("libasan.so", "libubsan.so")
    found = (
        subprocess.run([*compiler(), f"-print-file-name={name}"], capture_output=True, text=True, check=True)
        for name in names
    )
    return os.environ | {
        "LD_PRELOAD": " ".join(done.stdout.strip() for done in found),
        "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "PYTHONPATH": str(source),
        "METANASH_KERNELS": "c",
    }


def main(arguments: list[str]) -> int:
    """Build, unless the sources are those of the last build, and run the tests."""
    source = WORK / "src"
    kernels = source / "metanash/kernels"
    digest = runpy.run_path(str(ROOT / "src/metanash/kernels/extension.py"))["source_digest"]
    stamp, wanted = WORK / "built", f"{digest(ROOT / 'src/metanash/kernels')} {' '.join([*KERNEL_OPTIONS, *OPTIONS])}"
    compiled = kernels / f"compiled{importlib.machinery.EXTENSION_SUFFIXES[0]}"
    is_built = stamp.exists() and stamp.read_text() == wanted
    kept = compiled.read_bytes() if is_built else b""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__", "compiled*.so"))
    if is_built:
        compiled.write_bytes(kept)
    else:
        print("compiling with sanitizers: some minutes", flush=True)
        began = time.monotonic()
        build(kernels, OPTIONS)
        stamp.write_text(wanted)
        print(f"compiled in {time.monotonic() - began:.0f} s", flush=True)
    report, began = WORK / "tests.xml", time.monotonic()
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", TOLERANCES, f"--junitxml={report}"]
    code = subprocess.run([*command, *(arguments or TESTS)], cwd=ROOT, env=environment(source), check=False).returncode
    if not arguments:
        write(sentence(report, time.monotonic() - began))
    return code


def sentence(report: Path, seconds: float) -> str:
    """What came of the tests, for the page, by the report that pytest writes if it comes to its end."""
    if not report.exists():
        return "The last run was ended by a fault."
    suite = next(ElementTree.parse(report).getroot().iter("testsuite"))
    ran, failed, errors, skipped = (int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped"))
    return (
        f"The last run: {ran - failed - errors - skipped:,} tests passed, {failed + errors} failed, {skipped} skipped, "
        f"no fault found, in {seconds / 60:.0f} minutes."
    )


def write(text: str) -> None:
    """Put a sentence into the page."""
    before, mark, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    if not mark or END not in rest:
        raise ValueError(f"{PAGE} has no place for what came of it; it stands between {BEGIN} and {END}")
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
