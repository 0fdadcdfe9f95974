"""Which kernels are used, decided at import, each case in a process of its own; and how they get into their place."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from backends import needs_compiled

import metanash
from metanash.kernels.extension import load_error, source_digest

ROOT = Path(__file__).parents[3]
PACKAGE = Path(metanash.__file__).parent
SOURCES = sorted(path.name for path in (PACKAGE / "kernels").glob("*.[ch]"))
REPORT = "import metanash.kernels as k; print(k.__file__, k.backend, k.instruction_set, k.mirror.__module__)"


def run(code, *, path=PACKAGE.parent, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("METANASH_")}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**kept, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(path), **environment},  # no threads that only wait
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
    assert (module == "metanash.kernels.iterates") == (backend == "numpy")
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


@pytest.fixture(scope="module")
def current(tmp_path_factory):
    """A copy of the package whose kernels are those of its sources. To be left as it is."""
    copy = copy_of_package(tmp_path_factory.mktemp("current"))
    assert report(run(REPORT, path=copy), copy / "metanash")[0] == "c"
    return copy


@pytest.fixture
def stale(current, request):
    """The same after an edit of one of the sources."""
    path = current / "metanash" / "kernels" / request.param
    text = path.read_text()
    path.write_text(f"{text}\n")
    yield current
    path.write_text(text)


@needs_compiled
@pytest.mark.parametrize("stale", SOURCES, indirect=True)
def test_a_stale_build_is_refused(stale):
    done = run(REPORT, path=stale)
    assert done.returncode == 1
    assert re.search(r"ImportError: the compiled kernels are those of sources [0-9a-f]{16}.*rebuild", done.stderr)


@needs_compiled
@pytest.mark.parametrize("stale", ["compiled.c", "lanes.h"], indirect=True)
def test_a_stale_build_is_nothing_to_numpy(stale):
    assert report(run(REPORT, path=stale, METANASH_KERNELS="numpy"), stale / "metanash") == ("numpy", "numpy")


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


COMPILER = r"""#!/bin/sh
# Takes what stands for a compiled file where it links; makes an empty object otherwise.
echo "$*" >>"$FAKE/compiled"
while [ $# -gt 0 ]; do
    case $1 in -o) shift; output=$1 ;; esac
    shift
done
case $output in
    *.so)
        if [ -e "$FAKE/hang" ]; then
            head -c 1000 "$FAKE/linked" >"$output"
            echo $$ >"$FAKE/hangs.new"
            mv "$FAKE/hangs.new" "$FAKE/hangs"
            exec sleep 60
        fi
        exec cp "$FAKE/linked" "$output" ;;
    *) : >"$output" ;;
esac
"""


class Build:
    """A copy of what ``setup.py`` reads, and a compiler that gives what it is told to."""

    def __init__(self, folder):
        self.folder = folder / "sources"
        self.fake = folder / "fake"
        self.fake.mkdir()
        copy_of_package(self.folder / "src")
        for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "workflow/scripts/build_kernels.py"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.folder / name)
        (self.extension,) = (self.folder / "src/metanash/kernels").glob("compiled*.so")
        self.whole = self.extension.read_bytes()
        self.compiler = self.fake / "cc"
        self.compiler.write_text(COMPILER)
        self.compiler.chmod(0o755)
        self.links(self.whole)

    def links(self, content):
        (self.fake / "linked").write_bytes(content)

    def compilations(self):
        log = self.fake / "compiled"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def start(self, *command):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("METANASH_")}
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=self.folder,
            env={**kept, "CC": str(self.compiler), "FAKE": str(self.fake), "PYTHONPATH": "src"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command):
        process = self.start(*command)
        text, _ = process.communicate(timeout=120)
        return process.returncode, text

    def build(self):
        return self.run("setup.py", "--quiet", "build_ext", "--inplace")

    def rule(self):
        """What the rule ``kernels`` runs; its answer and what it wrote."""
        sources = sorted(map(str, (self.folder / "src/metanash/kernels").glob("*.[ch]")))
        code, text = self.run(
            "-c",
            "import runpy, sys; from pathlib import Path;"
            "main = runpy.run_path('workflow/scripts/build_kernels.py')['main'];"
            f"main(list(map(Path, {[*sources, 'setup.py']})), Path('kernels.json'), Path('log'))",
        )
        output = self.folder / "kernels.json"
        return code, text, json.loads(output.read_text()) if output.exists() else None

    def in_place(self):
        """Names beside the sources that begin as the compiled file does, hidden or not."""
        return {path.name for path in self.extension.parent.iterdir() if ".so" in path.name}


@pytest.fixture
def build(tmp_path):
    return Build(tmp_path)


@needs_compiled
@pytest.mark.parametrize("way", ["build", "rule"])
def test_a_damaged_extension_is_replaced(build, way):
    """It is newer than its sources, so that time stamps alone would keep it."""
    build.extension.write_bytes(build.whole[:100_000])
    later = time.time() + 1000
    os.utime(build.extension, (later, later))
    code, text, *_ = getattr(build, way)()
    assert code == 0, text
    assert build.extension.read_bytes() == build.whole
    assert build.in_place() == {build.extension.name}


@needs_compiled
def test_a_damaged_link_is_made_again(build):
    """What an interrupted link leaves in the folder of the build is newer than its sources, too."""
    build.links(build.whole[:1000])
    assert build.build()[0] == 0
    (product,) = build.folder.glob("build/lib*/metanash/kernels/compiled*.so")
    assert product.stat().st_size == 1000
    build.links(build.whole)
    assert build.build()[0] == 0
    assert product.read_bytes() == build.extension.read_bytes() == build.whole
    done = build.compilations()
    assert build.build()[0] == 0
    assert build.compilations() == done  # whole and of these sources: kept


@needs_compiled
@pytest.mark.parametrize("content", ["cut", "text", "of other sources"])
def test_what_does_not_load_is_not_put_in_place(build, content):
    digest = source_digest().encode()
    assert build.whole.count(digest) >= 1
    product, reason = {
        "cut": (build.whole[:100_000], "is cut short"),
        "text": (b"no compiled file" * 10, "cannot be loaded"),
        "of other sources": (build.whole.replace(digest, b"0123456789abcdef"), "is of sources 0123456789abcdef"),
    }[content]
    build.links(product)
    before = build.extension.stat().st_ino
    code, text = build.build()
    assert code == 0
    assert "the kernels were compiled, but" in text
    assert reason in text
    assert build.extension.read_bytes() == build.whole
    assert build.extension.stat().st_ino == before
    assert build.in_place() == {build.extension.name}


@needs_compiled
def test_an_interrupted_compilation_leaves_the_old_kernels(build):
    (build.fake / "hang").touch()
    process = build.start("setup.py", "--quiet", "build_ext", "--inplace")
    deadline = time.monotonic() + 60
    while not (build.fake / "hangs").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    os.kill(int((build.fake / "hangs").read_text()), signal.SIGKILL)
    process.stdout.close()
    process.wait()
    assert build.extension.read_bytes() == build.whole
    assert build.in_place() == {build.extension.name}
    (build.fake / "hang").unlink()
    assert build.build()[0] == 0
    assert build.extension.read_bytes() == build.whole


@needs_compiled
def test_what_a_killed_copy_left_is_taken_away(build):
    (build.extension.parent / f".{build.extension.name}.12345").write_bytes(build.whole[:100])
    assert build.build()[0] == 0
    assert build.in_place() == {build.extension.name}


@needs_compiled
def test_the_rule_refuses_kernels_that_it_cannot_mend(build):
    build.links(build.whole[:100_000])
    build.extension.write_bytes(build.whole[:100_000])
    code, text, written = build.rule()
    assert code == 1
    assert written is None
    assert "is cut short" in text
    assert "the kernels were compiled, but" in (build.folder / "log").read_text()


@needs_compiled
@pytest.mark.parametrize("size", [0, 1, 63, 64, 100, 4096, 0.5, -4096, -1])
def test_a_cut_extension_is_named_with_its_remedy(tmp_path, size):
    """In whichever part it is cut: to load it may end the process by a signal, so it is told before."""
    copy = copy_of_package(tmp_path)
    (extension,) = (copy / "metanash" / "kernels").glob("compiled*.so")
    whole = extension.read_bytes()
    extension.write_bytes(whole[: int(size * len(whole)) if isinstance(size, float) else size])
    for wanted in ("c", "auto"):
        done = run(REPORT, path=copy, METANASH_KERNELS=wanted)
        assert done.returncode == 1
        last = done.stderr.splitlines()[-1]
        assert last.startswith(
            f"ImportError: the compiled kernels are damaged: {extension} is cut short; rebuild them: "
        )
        assert "./do setup" in last
        assert "METANASH_KERNELS=numpy" in last
    assert report(run(REPORT, path=copy, METANASH_KERNELS="numpy"), copy / "metanash") == ("numpy", "numpy")


@needs_compiled
def test_an_extension_that_cannot_be_loaded_is_named_with_its_remedy(tmp_path):
    copy = copy_of_package(tmp_path)
    (extension,) = (copy / "metanash" / "kernels").glob("compiled*.so")
    extension.write_bytes(b"no compiled file" * 10)
    done = run(REPORT, path=copy)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: the compiled kernels cannot be loaded ({extension}: ")
    assert "rebuild them: ./do setup" in last


@needs_compiled
def test_the_check_of_a_build_tells_a_crash(tmp_path):
    """Zeros where the code was: of the right length, and to call it ends the process."""
    copy = copy_of_package(tmp_path) / "metanash" / "kernels"
    (extension,) = copy.glob("compiled*.so")
    digest = source_digest()
    assert load_error(extension, digest) == ""
    whole = extension.read_bytes()
    extension.write_bytes(whole[: len(whole) // 5] + bytes(len(whole) - len(whole) // 5 - 200_000) + whole[-200_000:])
    assert re.search(r"ends the process that loads it \(signal \d+\)|cannot be loaded", load_error(extension, digest))
    command = [sys.executable, "-I", "-S", str(copy / "extension.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert str(extension) in done.stderr
    extension.unlink()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "the compiled kernels were not built\n")
