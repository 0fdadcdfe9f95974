"""Which kernels are used, decided at import; each case in a process of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from backends import needs_compiled

import metanash

PACKAGE = Path(metanash.__file__).parent
SOURCES = sorted(path.name for path in (PACKAGE / "kernels").glob("*.[ch]"))
REPORT = "import metanash.kernels as k; print(k.__file__, k.backend, k.instruction_set, k.mirror.__module__)"


def run(code, *, path=PACKAGE.parent, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("METANASH_")}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**kept, "PYTHONPATH": str(path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def copy_of_package(folder):
    shutil.copytree(PACKAGE, folder / "metanash", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def report(done, package=PACKAGE):
    """Backend and instruction set, once it is certain that the package asked for was imported."""
    assert done.returncode == 0, done.stderr
    file, backend, instruction_set, module = done.stdout.split()
    assert Path(file) == package / "kernels" / "__init__.py"
    assert (module == "metanash.kernels.twin") == (backend == "numpy")
    return backend, instruction_set


def test_numpy_on_demand():
    done = run(REPORT, METANASH_KERNELS="numpy")
    assert report(done) == ("numpy", "numpy")
    assert done.stderr == ""


@needs_compiled
@pytest.mark.parametrize("wanted", ["c", "auto", "", None])
def test_compiled_on_demand_and_by_default(wanted):
    done = run(REPORT, **({} if wanted is None else {"METANASH_KERNELS": wanted}))
    backend, instruction_set = report(done)
    assert backend == "c"
    assert instruction_set in {"avx512", "avx2", "portable"}
    assert done.stderr == ""


def test_nonsense_is_an_error():
    done = run(REPORT, METANASH_KERNELS="nonsense")
    assert done.returncode == 1
    assert "ImportError: METANASH_KERNELS=nonsense is unknown; use c, numpy or auto" in done.stderr


@needs_compiled
def test_an_instruction_set_can_be_named():
    assert report(run(REPORT, METANASH_ISA="portable")) == ("c", "portable")
    done = run(REPORT, METANASH_ISA="sse9")
    assert done.returncode == 1
    assert "METANASH_ISA=sse9 is not an instruction set of this processor" in done.stderr


@needs_compiled
@pytest.mark.parametrize("source", SOURCES)
def test_a_stale_build_is_refused(tmp_path, source):
    copy = copy_of_package(tmp_path)
    assert report(run(REPORT, path=copy), copy / "metanash")[0] == "c"
    with (copy / "metanash" / "kernels" / source).open("a") as file:
        file.write("\n")
    done = run(REPORT, path=copy)
    assert done.returncode == 1
    assert re.search(r"ImportError: the compiled kernels are those of sources [0-9a-f]{16}.*rebuild", done.stderr)
    assert report(run(REPORT, path=copy, METANASH_KERNELS="numpy"), copy / "metanash") == ("numpy", "numpy")


@needs_compiled
def test_an_installed_copy_without_sources_is_believed(tmp_path):
    copy = copy_of_package(tmp_path)
    for source in SOURCES:
        (copy / "metanash" / "kernels" / source).unlink()
    assert report(run(REPORT, path=copy), copy / "metanash")[0] == "c"


def test_a_missing_build_is_loud_in_one_line(tmp_path):
    copy = copy_of_package(tmp_path)
    for extension in (copy / "metanash" / "kernels").glob("compiled*.so"):
        extension.unlink()
    done = run(REPORT, path=copy)
    assert report(done, copy / "metanash") == ("numpy", "numpy")
    (line,) = done.stderr.splitlines()
    assert "compiled kernels not found" in line
    assert "slower" in line
    assert "C compiler" in line
    done = run(REPORT, path=copy, METANASH_KERNELS="c")
    assert done.returncode == 1
    assert "ImportError: METANASH_KERNELS=c, but the compiled kernels were not built" in done.stderr


@needs_compiled
def test_both_backends_give_the_same_run():
    """The whole library on each backend: NE-gaps agree to 1e-12 after 300 iterations."""
    code = (
        "import metanash as m; g = m.families.zero_sum_sequence('mixed', 5, n_games=2, perturbation=0.2, horizon=2,"
        "n_actions=(3, 3)); r = m.learn(g, m.OptimisticMirrorDescent(0.2), 300);"
        "p = m.families.potential_sequence('team', 5, n_games=2, perturbation=0.2, n_actions=(2, 3));"
        "q = m.learn(p, m.ProjectedQAscent(0.01), 50);"
        "print(*r.ne_gap.ravel().tolist(), *q.ne_gap.ravel().tolist())"
    )
    results = []
    for wanted in ("c", "numpy"):
        done = run(code, METANASH_KERNELS=wanted)
        assert done.returncode == 0, done.stderr
        results.append([float(gap) for gap in done.stdout.split()])
    assert min(results[0]) > 1e-6  # still learning, so that a difference would show
    assert len(results[0]) > 100
    assert results[0] == pytest.approx(results[1], abs=1e-12)
