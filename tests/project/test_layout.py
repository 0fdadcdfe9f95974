"""What stands where in the library: modules for users, inner ones, and the one that names types of arrays."""

import ast
import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import metanash

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "src" / "metanash"
PACKAGES = ["metanash", *(f"metanash.{path.parent.name}" for path in sorted(LIBRARY.glob("[!_]*/__init__.py")))]


def public(package):
    """Names of the modules right in a package that do not begin with an underscore."""
    folder = LIBRARY.joinpath(*package.split(".")[1:])
    found = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    return {name for name in found if not name.startswith("_")}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_docstring_of_a_package_names_its_public_modules(package):
    text = importlib.import_module(package).__doc__
    named = re.findall(rf":mod:`[~.]*(?:{package}\.)?(\w+)`", text)
    assert sorted(set(named) & public(package)) == sorted(public(package))


def test_every_module_of_the_overview_has_a_line_in_a_group():
    """A heading without a full stop, then lines that are further in; a line begins with what it is about."""
    overview = metanash.__doc__.partition("\n\nGames\n")[2].partition("\n\n")[0]
    lines = [line for line in overview.splitlines() if line.startswith(" ")]
    assert all(re.fullmatch(r"    :mod:`~metanash\.\w+`( and :mod:`~metanash\.\w+`)?: .+[^.]", line) for line in lines)
    named = [name for line in lines for name in re.findall(r":mod:`~metanash\.(\w+)`", line)]
    assert sorted(named) == sorted(public("metanash"))


def in_a_new_process(code):
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_all_names_of_the_library_are_there():
    """Each by itself, in a process that has loaded nothing yet; and they are what type checkers are told."""
    told = {}
    for node in ast.walk(ast.parse((LIBRARY / "__init__.py").read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("metanash"):
            told |= {alias.name: node.module for alias in node.names}
    assert sorted(told) == sorted(metanash.__all__)
    for name, home in told.items():
        assert getattr(metanash, name) is getattr(importlib.import_module(home), name)
    code = "import metanash as m; print(set(m.__all__) - set(dir(m)), *(hasattr(m, name) for name in m.__all__))"
    assert in_a_new_process(code).split() == ["set()", *["True"] * len(metanash.__all__)]
    assert (
        in_a_new_process("from metanash import *; print(learn.__name__, families.__name__)")
        == "learn metanash.families\n"
    )


def test_modules_are_there_without_an_import_of_their_own():
    assert in_a_new_process("import metanash; print(metanash.gaps.ne_gap is metanash.ne_gap)") == "True\n"


@pytest.mark.parametrize("name", ["nothing", "_inner_thing", "__wrapped__"])
def test_what_is_not_there_is_an_attribute_error(name):
    with pytest.raises(AttributeError, match=f"module 'metanash' has no attribute '{name}'"):
        getattr(metanash, name)
    with pytest.raises(ImportError, match=f"cannot import name '{name}'"):
        exec(f"from metanash import {name}")


def test_a_module_that_is_damaged_says_so(tmp_path):
    """What it fails to import is told, and not that there is no such module."""
    shutil.copytree(LIBRARY, tmp_path / "metanash", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "metanash" / "gaps.py").write_text("import nowhere_at_all\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import metanash; metanash.ne_gap"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError: No module named 'nowhere_at_all'" in done.stderr


def imports_of_inner_modules(code):
    """Names by which code imports what is inner: of the library, and of a module anywhere in it."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if re.match(r"metanash(\.\w+)*?\._(?!_)", name))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from metanash._inner.checks import integer", ["metanash._inner.checks", "metanash._inner.checks.integer"]),
        ("from metanash import _inner, games", ["metanash._inner"]),
        ("import metanash._inner.frozen as f", ["metanash._inner.frozen"]),
        ("from metanash.gaps import _finite, values", ["metanash.gaps._finite"]),
        ("from metanash import __version__", []),
        ("from metanash_replication._x import y", []),
        ("import _inner", []),
    ],
)
def test_imports_of_inner_modules_are_found(code, found):
    assert list(imports_of_inner_modules(code)) == found


def codes():
    """Code outside the two packages that users see or copy, by where it stands."""
    for folder in ("workflow", "benchmarks", "examples"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        yield path.relative_to(ROOT).as_posix(), "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        blocks = re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL)
        yield page.relative_to(ROOT).as_posix(), "\n".join(blocks)


@pytest.mark.parametrize(("place", "code"), list(codes()), ids=lambda value: value if "\n" not in value else "")
def test_nothing_inner_is_imported_outside_the_packages(place, code):
    assert list(imports_of_inner_modules(code)) == [], place


def test_workflow_rules_import_nothing_inner():
    """Rules are no Python, so their text is searched."""
    for path in [ROOT / "Snakefile", *(ROOT / "workflow").rglob("*.smk")]:
        assert "metanash._inner" not in path.read_text(), path


def aliases(path):
    """Names that a module gives to types of arrays of NumPy."""
    for node in ast.parse(path.read_text()).body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Subscript) and ast.unparse(value.value) == "npt.NDArray":
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            yield ast.unparse(target), ast.unparse(value.slice)


def test_types_of_arrays_are_named_in_one_module():
    """Elsewhere only those of other elements: integers of Python in `rational`."""
    replication = ROOT / "src" / "metanash_replication"
    shared = dict(aliases(LIBRARY / "typing.py"))
    wanted = {
        "Array": "Any",
        "Floats": "np.float64",
        "Integers": "np.int64",
        "Places": "np.int32",
        "Booleans": "np.bool_",
    }
    assert shared == wanted
    rest = [replication / f"{name}.py" for name in ("experiments", "rates", "records")]
    for path in [*LIBRARY.rglob("*.py"), *(replication / "falsification").rglob("*.py"), *rest]:
        if path.name != "typing.py":
            again = [name for name, of in aliases(path) if of in shared.values() or name in shared]
            assert not again, f"{path}: {again}"
