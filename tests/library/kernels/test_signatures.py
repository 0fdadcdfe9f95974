"""The table of arguments of each kernel (``signatures.h``) against everything else that speaks of them.

An argument that was put in, taken out or moved in one place only is found here, not by memory that is overwritten.
"""

import ast
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from backends import BACKENDS, compiled, needs_compiled
from joint_cases import joint_arguments
from kernel_builds import build
from kernel_cases import WRITTEN, fold_arguments, mirror_arguments, run

from metanash import kernels
from metanash.kernels import twin
from metanash.typing import Places

pytestmark = needs_compiled
FOLDER = Path(kernels.__file__).parent
KERNELS = sorted(compiled.signatures) if compiled else []
ANNOTATIONS = {
    "float64": twin.Floats, "int64": twin.Integers, "int32": Places, "tuple": tuple[twin.Floats, ...],
    "int": int, "float": float,
}  # fmt: skip
MOST_POSITIONAL = 8  # the same number as in arguments.h
WITHOUT_SHAPE = {  # in docstrings: the shape is that of another kernel, or one of two
    ("discounted_values", "index"), ("discounted_values", "initial"), ("discounted_values", "actions"),
    ("discounted_values", "wanted"), ("correlated_values", "transition"), ("correlated_values", "index"),
    ("correlated_values", "actions"), ("finite_values", "transition"), ("smooth", "transition"),
    ("swap_ftrl", "transition"),
    ("fold", "sums"), ("fold", "total"), ("off_simplex", "array"),  # a sentence
}  # fmt: skip


def complaints(rows, function):
    """Where the parameters of a function are not the rows of its table."""
    found = inspect.signature(function).parameters
    if [row[0] for row in rows] != list(found):
        return [f"arguments {list(found)}, not {[row[0] for row in rows]}"]
    by_name = inspect.Parameter.KEYWORD_ONLY
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    wanted = by_name if len(rows) > MOST_POSITIONAL else either
    lines = [f"{name} is {value.kind.description}" for name, value in found.items() if value.kind is not wanted]
    return lines + [
        f"{name} is {found[name].annotation}, not {kind}"
        for name, kind, _, _ in rows
        if found[name].annotation != ANNOTATIONS[kind]
    ]


def documented(function):
    """Shapes in the "Parameters" of a docstring: "a, b : (n, 2 m), (k,) of int64" to {"a": "(n, 2, m)", "b": "(k)"}."""
    found = {}
    section = inspect.getdoc(function).partition("Parameters\n----------\n")[2].partition("\n\nReturns")[0]
    for names, kinds in re.findall(r"^(\w+(?:, \w+)*) : (.*)$", section, flags=re.MULTILINE):
        shapes = re.findall(r"\(([^()]*)\)", kinds)
        for name, shape in zip(names.split(", "), shapes * (1 if len(shapes) > 1 else 99), strict=False):
            axes = [
                axis
                for part in shape.split(",")
                if part.strip()
                for axis in re.sub(r"^\s*2 (\w)", r"2,\1", part).split(",")
            ]
            found[name] = f"({', '.join(axis.strip() for axis in axes if axis.strip() != 'A_i')})"
    return found


# The table and what speaks of it -----------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_numpy_version_takes_the_arguments_of_the_table(kernel):
    assert complaints(compiled.signatures[kernel], getattr(twin, kernel)) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda rows: (*rows, ("extra", "int", "read", "")), "arguments"),
        (lambda rows: (rows[1], rows[0], *rows[2:]), "arguments"),
        (lambda rows: rows[1:], "arguments"),
        (lambda rows: (("q", "int64", "read", rows[0][3]), *rows[1:]), "q is "),
    ],
)
def test_a_table_that_was_changed_alone_is_found(change, complaint):
    (line,) = complaints(change(compiled.signatures["mirror"]), twin.mirror)
    assert line.startswith(complaint)


@pytest.mark.parametrize("kernel", KERNELS)
def test_shapes_in_docstrings_are_those_of_the_table(kernel):
    arrays = {name: shape for name, _, _, shape in compiled.signatures[kernel] if shape}
    in_words = documented(getattr(twin, kernel))
    if kernel == "equilibria":
        arrays["solution"] = "(games, 2 + rows + columns)"  # `numbers`, which signatures.h works out
    shapes = {name: shape for name, shape in arrays.items() if (kernel, name) not in WITHOUT_SHAPE}
    assert {name: in_words.get(name) for name in shapes} == shapes


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_table_says_which_arrays_are_written(kernel):
    """``WRITTEN`` is held against both versions by test_kernels_write_only_their_outputs and its like."""
    others = {"joint_mirror": ("x", "policy", "sum_joint")}
    others["regret_matching"] = ("x", "y", "mu", "nu", "sum_mu", "sum_nu", "value")
    wanted = {*(WRITTEN | others)[kernel], *(["response"] if kernel == "ascent" else [])}
    assert {name for name, _, access, _ in compiled.signatures[kernel] if access == "written"} == wanted


def test_every_kernel_is_in_both_versions_and_in_the_package():
    assert set(KERNELS) == set(twin.__all__) - {"CHUNK"}
    assert set(KERNELS) <= set(kernels.__all__)
    if kernels.backend == "c":
        assert all(getattr(kernels, name) is getattr(compiled, name) for name in KERNELS)
    assert all(getattr(compiled, name).__doc__.endswith(f"see metanash.kernels.twin.{name}.") for name in KERNELS)


def test_the_stub_repeats_no_signature():
    stub = ast.parse((FOLDER / "compiled.pyi").read_text())
    names = [
        (node.module, [name.name for name in node.names]) for node in stub.body if isinstance(node, ast.ImportFrom)
    ]
    assert names == [("metanash.kernels.twin", ["*"])]
    assert {node.name for node in stub.body if isinstance(node, ast.FunctionDef)} == {"set_threads"}


# Changes of the table alone, compiled ------------------------------------------------------------------------


def changed(folder, old, new):
    """The kernels with a change of ``signatures.h``."""
    copy = shutil.copytree(FOLDER, folder / "kernels", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    table = (copy / "signatures.h").read_text()
    assert old in table
    (copy / "signatures.h").write_text(table.replace(old, new, 1))  # that of mirror comes first
    return build(copy, one_set=True)


CALL = """
import importlib.machinery, importlib.util, sys
import numpy as np
sys.path.insert(0, sys.argv[2])
from kernel_cases import mirror_arguments
loader = importlib.machinery.ExtensionFileLoader("compiled", sys.argv[1])
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compiled", loader))
loader.exec_module(module)
arguments = mirror_arguments(np.random.default_rng(0), 3, 2, 2, 0, 5)
before = arguments["q"].copy()
try:
    module.mirror(**arguments)
except (TypeError, ValueError) as error:
    print(type(error).__name__, error, sep=": ")
assert (arguments["q"] == before).all()
print([row[0] for row in module.signatures["mirror"]][:3])
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "READ(q, (lanes, rows, columns))\n    READ(eta, (lanes))\n    WRITE(x, (lanes, rows)) /* logits",
            "READ(q, (lanes, rows, columns))\n    WRITE(more, (2, lanes))\n    READ(eta, (lanes))\n"
            "    WRITE(x, (lanes, rows)) /* logits",
            "TypeError: mirror needs the argument more\n['q', 'more', 'eta']\n",
        ),
        (
            "WRITE(sum_value, (2, lanes))",
            "WRITE(sum_value, (3, lanes))",
            "ValueError: mirror: sum_value must have 9 entries, not 6; its shape is (3, lanes) = (3, 3)\n"
            "['q', 'eta', 'x']\n",
        ),
        (
            "WRITE(sum_value, (2, lanes))",
            "WRITE(sum_value, (2, lines))",
            "signatures.h, mirror: the shape (2, lines) of sum_value is not one of sizes of this kernel",
        ),
        (
            "WRITE(sum_value, (2, lanes))",
            "POLICIES(sum_value, (2, lanes))",
            "signatures.h, mirror: ACTIONS stands there once and needs the sizes joint and columns, and POLICIES, once",
        ),
        (
            "SIZE(done, 0) /* iterations of this stage before the call */",
            "DERIVED(doubled, 2 * c->lanes)\n    SIZE(done, 0)",
            "signatures.h, mirror: done stands behind a derived size",
        ),
    ],
)
def test_a_change_of_the_table_alone_is_an_error_and_no_overwritten_memory(tmp_path, old, new, said):
    built = changed(tmp_path, old, new)
    done = subprocess.run(
        [sys.executable, "-c", CALL, str(built), str(Path(__file__).parents[2])],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said in done.stdout + done.stderr
    assert done.returncode in {0, 1}  # no signal


# Names and places of arguments -------------------------------------------------------------------------------


def mirror():
    return mirror_arguments(np.random.default_rng(0), 3, 2, 3, 0, 5)


@pytest.mark.parametrize("module", BACKENDS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_of_many_arguments_take_none_by_place(module, kernel):
    rows = compiled.signatures[kernel]
    if len(rows) > MOST_POSITIONAL:
        with pytest.raises(
            TypeError, match=rf"{kernel}( takes {len(rows)} arguments, all by name, got 1|\(\) takes 0 pos)"
        ):
            getattr(module, kernel)(None)


@pytest.mark.parametrize("module", BACKENDS)
def test_the_order_of_names_does_not_matter(module):
    arguments = joint_arguments(np.random.default_rng(1), 3, (2, 3), 0, 4)
    other = {name: value.copy() if hasattr(value, "copy") else value for name, value in reversed(arguments.items())}
    module.joint_mirror(**arguments)
    module.joint_mirror(**other)
    np.testing.assert_array_equal(arguments["policy"], other["policy"])


def test_names_that_are_not_interned_are_found():
    arguments = mirror()
    expected = run(compiled, "mirror", arguments)["mu"]
    compiled.mirror(**{"".join(list(name)): value for name, value in arguments.items()})
    np.testing.assert_array_equal(arguments["mu"], expected)


@pytest.mark.parametrize("module", BACKENDS)
def test_few_arguments_come_by_place_or_by_name(module):
    wanted = fold_arguments(np.random.default_rng(2), 5)
    totals = []
    for split in range(4):
        arguments = {name: value.copy() if hasattr(value, "copy") else value for name, value in wanted.items()}
        named = dict(list(arguments.items())[split:])
        module.fold(*list(arguments.values())[:split], **named)
        totals.append(arguments["total"])
    assert all((total == totals[0]).all() and (total != wanted["total"]).any() for total in totals)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: compiled.mirror(**{}), "mirror needs the argument q"),
        (lambda: compiled.mirror(**mirror(), extra=1), "mirror has no argument 'extra'"),
        (lambda: compiled.mirror(**{k: v for k, v in mirror().items() if k != "nu"}), "mirror needs the argument nu"),
        (lambda: compiled.fold(np.zeros(2), np.zeros(1), 1, 1), "fold takes 3 arguments, got 4"),
        (lambda: compiled.fold(np.zeros(2), np.zeros(1), 1, sums=1), "fold got the argument 'sums' twice"),
        (lambda: compiled.fold(np.zeros(2), np.zeros(1)), "fold needs the argument entries"),
        (
            lambda: compiled.mirror(**mirror() | {"rows": 2.0}),
            "mirror, rows: 'float' object cannot be interpreted as an",
        ),
        (lambda: compiled.mirror(**mirror() | {"q": [1.0]}), "mirror, q: a bytes-like object is required, not 'list'"),
        (lambda: compiled.off_simplex(np.ones(2), 1, 2, "1"), "off_simplex, tolerance: must be real number, not str"),
    ],
)
def test_errors_about_arguments_name_kernel_and_argument(call, said):
    with pytest.raises(TypeError, match=f"^{re.escape(said)}"):
        call()


@pytest.mark.parametrize(
    ("kernel", "sizes", "said"),
    [
        (
            "finite_values",
            {"step": 3},
            "finite_values: step must be below horizon, got games = 0, players = 1, horizon = 1,",
        ),
        (
            "backup",
            {"first": 2, "last": 1},
            "backup: first must be at most last, and last at most steps, got games = 0, ",
        ),
        (
            "ascent",
            {"reward_rows": 2},
            "ascent: reward_rows must be 1, for a common reward, or players, got lanes = 0, ",
        ),
    ],
)
def test_rules_about_sizes_say_all_sizes(kernel, sizes, said):
    arguments = {
        name: (0 if name in {"games", "lanes", "step", "first", "last", "done"} else 1)
        if kind == "int"
        else 0.5
        if kind == "float"
        else np.empty(0)
        for name, kind, _, _ in compiled.signatures[kernel]
    }
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        getattr(compiled, kernel)(**arguments | sizes)
