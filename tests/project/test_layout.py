"""What stands where in the library: modules for users, inner ones, and the one that names types of arrays."""

import ast
import importlib
import re
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


def test_all_names_of_the_library_are_there():
    assert all(hasattr(metanash, name) for name in metanash.__all__)


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
    assert shared == {"Array": "Any", "Floats": "np.float64", "Integers": "np.int64", "Booleans": "np.bool_"}
    rest = [replication / f"{name}.py" for name in ("experiments", "rates", "records")]
    for path in [*LIBRARY.rglob("*.py"), *(replication / "falsification").rglob("*.py"), *rest]:
        if path.name != "typing.py":
            again = [name for name, of in aliases(path) if of in shared.values() or name in shared]
            assert not again, f"{path}: {again}"
