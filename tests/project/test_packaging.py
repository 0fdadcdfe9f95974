"""What names a version, a package or a file twice says the same everywhere."""

import hashlib
import importlib
import os
import re
import runpy
import subprocess
import sys
import threading
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from browser import NAMES
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def lock_text():
    return (ROOT / "requirements.lock").read_text()


@pytest.fixture(scope="module")
def locked(lock_text):
    """Version of each package in the lock, whatever the platform."""
    entries = re.findall(r"^([\w.-]+)(?:\[[\w,.-]+\])?==(\S+)", lock_text, flags=re.MULTILINE)
    assert len(entries) == len(dict(entries)), "a package is pinned twice"
    return {canonicalize_name(name): Version(version) for name, version in entries}


@pytest.fixture(scope="module")
def environment():
    return yaml.safe_load((ROOT / "environment.yml").read_text())


def requirements(project):
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(line) for group in groups for line in group]


def test_lock_names_no_address(lock_text):
    assert "://" not in lock_text
    assert "index-url" not in lock_text


def test_lock_is_hashed(lock_text):
    entries = re.split(r"^(?=\w)", lock_text, flags=re.MULTILINE)[1:]
    assert entries
    for entry in entries:
        assert "--hash=sha256:" in entry, f"no hash: {entry.splitlines()[0]}"


def test_lock_satisfies_pyproject(project, locked):
    for requirement in requirements(project):
        pin = locked.get(canonicalize_name(requirement.name))
        assert pin is not None, f"./do lock: {requirement.name} is not in the lock"
        assert pin in requirement.specifier, f"./do lock: {requirement}, but the lock has {pin}"


def test_lock_holds_the_build_backend(locked):
    build_system = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]
    for requirement in map(Requirement, build_system["requires"]):
        assert locked[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.fixture(scope="module")
def entries(lock_text):
    """Each package of the lock: its requirement, extras and marker included, and its whole entry."""
    found = {}
    for entry in re.split(r"^(?=\w)", lock_text, flags=re.MULTILINE)[1:]:
        requirement = Requirement(entry.partition("\\")[0])
        found[canonicalize_name(requirement.name)] = (requirement, entry)
    return found


PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def wanted_by(name, extras, python):
    """What the installed package of a name asks for on a Python, here otherwise."""
    environment = {"python_version": python, "python_full_version": f"{python}.1"}
    for requirement in map(Requirement, metadata.requires(name) or []):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras)):
            yield requirement


def installed(entries):
    """Packages of the lock that this platform has, each with what it asks for on any supported Python."""
    names = {canonicalize_name(found.metadata["Name"]) for found in metadata.distributions()}
    for name in sorted(names & set(entries)):
        asked = {
            str(wanted): wanted for python in PYTHONS for wanted in wanted_by(name, entries[name][0].extras, python)
        }
        yield name, list(asked.values())


def test_lock_is_complete(entries):
    """``./do`` installs it with ``--no-deps``: nothing that a package asks for may be absent, or of another version."""
    checked = 0
    for name, asked in installed(entries):
        for wanted in asked:
            pin, _ = entries.get(canonicalize_name(wanted.name), (None, None))
            assert pin is not None, f"./do lock: {name} wants {wanted}, which is not in the lock"
            version = str(pin.specifier).removeprefix("==")
            assert version in wanted.specifier, f"./do lock: {name} wants {wanted}, but the lock has {version}"
            checked += 1
    assert checked > 100


def test_lock_names_the_extras_that_its_packages_ask_for(entries):
    """Before release 24, pip looks at the newest release first where an extra is asked for that no line of the lock
    names, and refuses it because it is not the pinned one. The lines come from ``--no-strip-extras``.
    """
    asked_for = set()
    for name, asked in installed(entries):
        for wanted in asked:
            missing = wanted.extras - entries[canonicalize_name(wanted.name)][0].extras
            assert not missing, f"./do lock: {name} wants {wanted}, and the lock has no {','.join(missing)}"
            asked_for |= {canonicalize_name(wanted.name)} if wanted.extras else set()
    assert asked_for == {name for name, (requirement, _) in entries.items() if requirement.extras}


BUNDLED = {11: "22.3", 12: "23.2.1", 13: "24.2", 14: "25.2"}
"""The oldest pip that a release of each Python brings."""


@pytest.fixture(scope="module")
def oldest_pip(tmp_path_factory):
    """An environment with the oldest pip that may meet this Python; skipped where no index is in reach."""
    folder = tmp_path_factory.mktemp("oldest")
    base = getattr(sys, "_base_executable", sys.executable)
    if subprocess.run([base, "-m", "venv", folder], capture_output=True, check=False).returncode:
        pytest.skip("not checked: this Python makes no environment with pip (python3-venv?)")
    python = folder / "bin" / "python"
    pip_works = [python, "-m", "pip", "--disable-pip-version-check", "--retries", "1", "--timeout", "15"]
    if not reaches_an_index(pip_works, folder / "first"):
        pytest.skip("not checked: no package index in reach")
    version = BUNDLED[min(sys.version_info.minor, max(BUNDLED))]
    subprocess.run([*pip_works, "install", "--quiet", f"pip=={version}"], check=True)
    return pip_works


def reaches_an_index(pip, folder):
    """Whether a package with no bearing on the lock can be had, and not out of a cache."""
    asking = ["download", "--quiet", "--no-deps", "--no-cache-dir", "--dest", folder, f"pip=={BUNDLED[11]}"]
    return subprocess.run([*pip, *asking], capture_output=True, check=False).returncode == 0


def part_with_extras(entries):
    """Entries of the packages that ask for an extra, and of all that those need."""
    asked = dict(installed(entries))
    part, open_ends = set(), [name for name, wants in asked.items() if any(wanted.extras for wanted in wants)]
    while open_ends:
        name = open_ends.pop()
        if name not in part:
            part.add(name)
            open_ends += [canonicalize_name(wanted.name) for wanted in asked.get(name, [])]
    return "".join(entries[name][1] for name in sorted(part))


@pytest.mark.parametrize("way", ["conda", "./do"])
def test_the_oldest_pip_resolves_the_lock(oldest_pip, entries, environment, tmp_path, way):
    """By the literal command of conda, which resolves, and by that of ``./do``, which does not.

    The part of the lock that old pips stumbled over; ``.ci/run`` installs the whole.
    """
    part = part_with_extras(entries)
    assert len(re.findall("^[a-z]", part, flags=re.MULTILINE)) > 20
    (tmp_path / "requirements.lock").write_text(part)
    if way == "conda":  # which writes the section of environment.yml to a file beside it
        (tmp_path / "condaenv.txt").write_text("\n".join(environment["dependencies"][-1]["pip"]) + "\n")
        options = ["--upgrade", "-r", "condaenv.txt", "--exists-action=b"]
    else:
        options = ["--require-hashes", "--no-deps", "--no-build-isolation", "-r", "requirements.lock"]
    command = [*oldest_pip, "install", "--dry-run", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    if done.returncode and not reaches_an_index(oldest_pip, tmp_path / "second"):
        pytest.skip("not checked: no package index in reach")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Would install" in done.stdout


def test_every_python_is_tried_by_what_a_stranger_does(project):
    """``.github/workflows/ci.yml``: a job for each Python, which does what ``.ci/run`` does."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    assert set(workflow[True]) >= {"push", "pull_request"}  # YAML reads the key `on` as a truth value
    (job,) = workflow["jobs"].values()
    assert job["strategy"]["matrix"]["python"] == PYTHONS
    assert all(python in SpecifierSet(project["requires-python"]) for python in PYTHONS)
    assert not job["strategy"]["fail-fast"]
    assert job["timeout-minutes"] <= 60
    checkout, python, run = job["steps"]
    for step in (checkout, python):
        assert re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"])
    assert python["with"]["python-version"] == "${{ matrix.python }}"
    assert run["run"] == "bash .ci/run"
    assert run["env"] == {"METANASH_PYTHON": "python${{ matrix.python }}"}


def test_ci_is_a_stranger():
    """No home, no uv, no environment of before; then the commands of the README. Only a browser is brought."""
    text = (ROOT / ".ci/run").read_text()
    lines = text.splitlines()
    commands = [line for line in lines if line.startswith("./do")]
    assert commands == ["./do setup", "./do lint", "./do smoke", "./do test"]
    taken = re.search(r'^TAKEN = "(\w+)"$', (ROOT / "tests/workflow/conftest.py").read_text(), flags=re.MULTILINE)[1]
    assert f"\n./do smoke\nexport {taken}=yes\n./do test\n" in text
    before = text[: text.index("./do setup")]
    assert re.search(r"^export HOME=\$stranger/home PATH=\$stranger/bin:", before, flags=re.MULTILINE)
    assert '>"$stranger/bin/uv"' in before
    assert re.search(r"^rm -rf \.venv .*compiled\*\.so$", before, flags=re.MULTILINE)
    assert not re.search(r"pip install|uv pip", text)
    assert re.findall(r"apt-get install (.*)", text) == ["-qq -y --no-install-recommends chromium"]
    assert f"command -v {' '.join(NAMES)} " in text
    assert "\nexport CI=true\n" in before


def test_conda_takes_every_package_from_the_lock(project, environment):
    *conda, pip = environment["dependencies"]
    assert pip == {"pip": ["--require-hashes", "-r requirements.lock"]}
    names = {re.split(r"[=<> ]", dependency)[0]: dependency for dependency in conda}
    assert set(names) == {"python", "c-compiler", "pip"}  # a package in both places could differ
    assert names["python"].removeprefix("python=") in SpecifierSet(project["requires-python"])


def test_packages_named_for_conda_users_are_those_asked_for(project):
    comment = " ".join(re.findall(r"^# (.*)$", (ROOT / "environment.yml").read_text(), flags=re.MULTILINE))
    named = re.search(r"Among them: ([\w, ]+)\.", comment)[1].split(", ")
    assert set(named) >= {"snakemake", "numpy", "scipy", "pandas", "seaborn", "jupyter", "pytest"}
    assert set(named) <= {requirement.name for requirement in requirements(project)}


@pytest.fixture
def setup_py(monkeypatch):
    monkeypatch.chdir(ROOT)
    return runpy.run_path("setup.py", run_name="setup")


def test_digest_is_that_of_the_sources(setup_py):
    digest = hashlib.sha256()
    kernels = ROOT / "src/metanash/kernels"
    for source in (*sorted(kernels.glob("*.c")), *sorted(kernels.glob("*.h"))):
        digest.update(source.read_bytes())
    assert digest.hexdigest().startswith(setup_py["DIGEST"])
    assert len(setup_py["DIGEST"]) == 16


def test_files_are_compiled_side_by_side_and_linked_in_their_order(setup_py, monkeypatch, tmp_path):
    """A compiler that waits until another one has begun would wait for ever if it were called once after the other."""
    both = threading.Barrier(2, timeout=20)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)

    def compile_files(sources, output_dir, macros):
        assert macros == [("A", "1")]
        both.wait()
        return [f"{output_dir}/{source}.o" for source in sources]

    names = setup_py["compile_side_by_side"](
        compile_files, ["b.c", "a.c"], output_dir=str(tmp_path), macros=[("A", "1")]
    )
    assert names == [f"{tmp_path}/b.c.o", f"{tmp_path}/a.c.o"]


def test_compiled_module_is_of_these_sources(setup_py):
    if not any((ROOT / "src/metanash/kernels").glob("compiled*.so")):
        pytest.skip("not compiled")
    compiled = importlib.import_module("metanash.kernels.compiled")
    assert compiled.source_digest == setup_py["DIGEST"], "stale build: ./do setup"


def test_citation_agrees(project):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"] == "MIT"
    assert citation["authors"] == project["authors"]
    (paper,) = citation["references"]
    assert paper["year"] == 2023
    assert [author["family-names"] for author in paper["authors"]] == [
        "Mao", "Qiu", "Wang", "Franke", "Kalbarczyk", "Iyer", "Başar",
    ]  # fmt: skip


def test_licence_is_mit():
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License\n")
    assert "The metanash developers" in text
    assert "Permission is hereby granted, free of charge" in " ".join(text.split())
