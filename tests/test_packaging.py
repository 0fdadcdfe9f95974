"""What names a version, a package or a file twice says the same everywhere."""

import hashlib
import importlib
import re
import runpy
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def lock_text():
    return (ROOT / "requirements.lock").read_text()


@pytest.fixture(scope="module")
def locked(lock_text):
    """Version of each package in the lock, whatever the platform."""
    entries = re.findall(r"^([\w.-]+)==(\S+)", lock_text, flags=re.MULTILINE)
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
    for source in (kernels / "compiled.c", *sorted(kernels.glob("*.h"))):
        digest.update(source.read_bytes())
    assert digest.hexdigest().startswith(setup_py["DIGEST"])
    assert len(setup_py["DIGEST"]) == 16


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
