"""The library in an environment that has NumPy and SciPy and nothing else: no other package, no replication.

The environment is made of links to the running one, so no network is needed. The compiled kernels are taken along if
there are any; without them the library serves as well. Nothing of metanash is imported here: what runs is the copy.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = ("numpy", "scipy")
EVERY_MODULE = """
import importlib, pkgutil, metanash
for found in pkgutil.walk_packages(metanash.__path__, "metanash."):
    importlib.import_module(found.name)
    print(found.name)
"""
IMPORTED = """
import sys
loaded = {name.partition(".")[0] for name, module in sys.modules.items() if getattr(module, "__file__", None)}
print(sorted(name for name in loaded - sys.stdlib_module_names if not name.startswith("_")))
"""


def links():
    """What an installer puts in place for the allowed packages: themselves, their libraries, their metadata."""
    for name in ALLOWED:
        place = Path(importlib.util.find_spec(name).origin).parents[1]
        yield from (
            path for path in place.glob(f"{name}*") if re.fullmatch(rf"{name}(\.libs|-.*\.dist-info)?", path.name)
        )


class Alone:
    """An environment with some packages of ``src``, and the allowed ones."""

    def __init__(self, folder, packages=("metanash",)):
        venv.create(folder / "venv", symlinks=True)
        self.folder, self.python = folder, folder / "venv" / "bin" / "python"
        (self.site,) = (folder / "venv").glob("lib/python*/site-packages")
        for path in links():
            (self.site / path.name).symlink_to(path)
        for package in packages:
            shutil.copytree(ROOT / "src" / package, self.site / package, ignore=shutil.ignore_patterns("__pycache__"))

    def run(self, *words, code=0):
        """What a command prints, in an empty folder."""
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        clean = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
        done = subprocess.run([self.python, *words], cwd=work, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return Alone(tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module")
def example():
    """The one block of Python of the README."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    return code


@pytest.fixture(scope="module")
def ran(alone, example):
    """The output of the example, whose file of a game stays in the folder."""
    return alone.run("-W", "error", "-c", example + IMPORTED)


def test_nothing_else_can_be_imported(alone):
    names = {path.name for path in alone.site.iterdir()} - {path.name for path in links()}
    assert names == {"metanash"}
    for name in ("metanash_replication", "pandas", "matplotlib", "pip", "setuptools", "pytest"):
        assert f"No module named '{name}'" in alone.run("-c", f"import {name}", code=1)
    assert str(alone.site) in alone.run("-c", "import metanash; print(metanash.__file__)")


def test_the_example_of_the_readme_runs(ran):
    *printed, imported = ran.splitlines()
    assert len(printed) == 7
    assert imported == "['metanash', 'numpy', 'scipy']"


def test_every_module_can_be_imported(alone):
    """By the example only a part of them is."""
    printed = alone.run("-W", "error", "-c", EVERY_MODULE + IMPORTED).splitlines()
    files = [path.relative_to(ROOT / "src") for path in (ROOT / "src" / "metanash").rglob("*.py")]
    modules = {".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in files} - {"metanash"}
    assert set(printed[:-1]) - {"metanash.kernels.compiled"} == modules
    assert printed[-1] == "['metanash', 'numpy', 'scipy']"


@pytest.mark.usefixtures("ran")
def test_the_command_says_what_is_there_and_shows_files(alone):
    told = dict(line.split(maxsplit=1) for line in alone.run("-m", "metanash", "info").splitlines())
    assert told["pandas"] == told["snakemake"] == "not installed"
    assert re.fullmatch(r"\d+\.\d+\.\d+", told["numpy"])
    assert "reward" in alone.run("-m", "metanash.cli", "show", "my-game.npz")
    offered = alone.run("-m", "metanash.cli", "claims", code=2)
    assert "invalid choice: 'claims'" in offered
    assert "falsify" not in offered


@pytest.mark.parametrize("stranger", ["pandas", "metanash_replication", "pytest"])
def test_an_import_of_something_else_would_be_found(tmp_path, example, stranger):
    planted = Alone(tmp_path)
    with (planted.site / "metanash" / "gaps.py").open("a") as module:
        module.write(f"import {stranger}\n")
    assert f"No module named '{stranger}'" in planted.run("-c", example, code=1)
    assert f"No module named '{stranger}'" in planted.run("-c", EVERY_MODULE, code=1)


def test_commands_of_the_replication_need_no_more(tmp_path):
    """Who installs the project without extras gets both packages, and verdicts and searches with them."""
    both = Alone(tmp_path, ("metanash", "metanash_replication"))
    metadata = both.site / "metanash-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: metanash\nVersion: 0\n")
    ((group, points),) = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"].items()
    lines = [f"{name} = {value}\n" for name, value in points.items()]
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{''.join(lines)}")
    offered = both.run("-m", "metanash.cli", "--help")
    assert re.findall(r"^    (\w+)", offered, flags=re.MULTILINE) == [
        "claims",
        "completion",
        "convert",
        "falsify",
        "gap",
        "info",
        "learn",
        "show",
        "solve",
    ]
    assert "theorem_1" in both.run("-m", "metanash.cli", "falsify", "--list")
    assert "claims.csv: no such file" in both.run("-m", "metanash.cli", "claims", code=1)
