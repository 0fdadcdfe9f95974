"""The plumbing of ``./do mutants``: which tests are run, on what copy, and how mutants are counted."""

import hashlib
import json
import re
import shutil
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.mutants import __main__ as command
from benchmarks.mutants import headers, run, scores
from benchmarks.mutants.bearing import Imports
from benchmarks.mutants.run import COPIED, Copy, MutantsError, Outcome, Plan

ROOT = Path(__file__).parents[2]
DIFFERENCE = """# metanash.leaf.x_twice__mutmut_1: survived
--- src/metanash/leaf.py
+++ src/metanash/leaf.py
@@ -1,2 +1,2 @@
 def twice(x):
-    return 2 * x
+    return 3 * x
"""

# A tool of the same three commands, which remembers its calls, fails or is stopped as a file tells it to.
FAKE = """
import json, sys
from pathlib import Path

def cli():
    state = Path("mutants/state.json")
    known = json.loads(state.read_text()) if state.exists() else None
    command, *arguments = sys.argv[1:]
    if command == "run":
        names = arguments[2:]
        known = known or {f"metanash.leaf.x_twice__mutmut_{k}": "not checked" for k in range(1, 7)}
        stop = Path("../../stop")
        for count, name in enumerate(names):
            if stop.exists() and count == int(stop.read_text()):
                stop.unlink()
                break
            known[name] = {"2": "survived", "3": "timeout", "4": "no tests", "5": "segfault"}.get(name[-1], "killed")
        with Path("calls").open("a") as calls:
            print(len(names), file=calls)
        state.write_text(json.dumps(known))
    elif command == "results":
        print("\\n".join(f"    {name}: {status}" for name, status in known.items()))
    elif command == "show":
        print(DIFFERENCE)
"""
NAMING = """
from types import SimpleNamespace

def mutate_file_contents(path, code):
    assert "def twice" in code
    return SimpleNamespace(mutant_names=[f"x_twice__mutmut_{k}" for k in range(1, 7)])
"""


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def checkout(tmp_path):
    """leaf is used by middle, middle by parts and, through the package, by its own tests; replayed is in the other."""
    library, tests = tmp_path / "src" / "metanash", tmp_path / "tests"
    replication = tmp_path / "src" / "metanash_replication"
    write(library / "__init__.py", "from metanash.middle import thrice\n")
    write(library / "leaf.py", "def twice(x):\n    return 2 * x\n")
    write(library / "middle.py", "from metanash import leaf\nfrom metanash.leaf import twice as thrice\n")
    write(library / "parts" / "__init__.py", "from metanash.parts.one import first as renamed\n")
    write(library / "parts" / "one.py", "import metanash.middle\nfirst = 1\n")
    write(library / "alone.py", "from math import pi\n")
    write(replication / "__init__.py")
    write(replication / "replayed.py", "from metanash import alone\nreplay = alone.pi\n")
    write(replication / "parts" / "__init__.py")
    write(tests / "library" / "test_leaf.py", "def test():\n    from metanash.leaf import twice\n")
    write(tests / "library" / "test_middle.py", "import metanash.middle\n")
    write(tests / "library" / "deeper" / "test_passed.py", "from metanash import thrice\n")
    write(tests / "test_parts.py", "from metanash.parts import renamed\n")
    write(tests / "test_nothing.py", "import math\n")
    write(tests / "workflow" / "test_slow.py", "import metanash.leaf\n")
    write(tmp_path / "pyproject.toml", '[project]\nname = "metanash"\n')
    return tmp_path


def test_tests_that_bear_on_a_module_import_it_by_itself_or_through_a_package(checkout):
    imports = Imports(checkout)
    assert imports.bearing("metanash.leaf") == ["tests/library/deeper/test_passed.py", "tests/library/test_leaf.py"]
    assert imports.bearing("metanash.middle") == ["tests/library/test_middle.py"]
    assert imports.bearing("metanash.parts.one") == ["tests/test_parts.py"]


def test_a_package_imported_as_a_whole_gives_what_it_passes_on(checkout):
    write(checkout / "tests" / "test_whole.py", "from metanash import parts\n")
    assert Imports(checkout).bearing("metanash.parts.one") == ["tests/test_parts.py", "tests/test_whole.py"]


def test_a_larger_reach_adds_tests_of_users_and_users_of_users(checkout):
    imports = Imports(checkout)
    two = [f"tests/library/{name}.py" for name in ("deeper/test_passed", "test_leaf", "test_middle")]
    assert imports.bearing("metanash.leaf", 2) == two
    assert imports.bearing("metanash.leaf", 3) == [*two, "tests/test_parts.py"]
    assert imports.bearing("metanash.leaf", 9) == imports.bearing("metanash.leaf", 3)


def test_where_no_test_imports_a_module_those_of_its_users_are_run(checkout):
    write(checkout / "tests" / "library" / "test_leaf.py")
    write(checkout / "tests" / "library" / "deeper" / "test_passed.py")
    imports = Imports(checkout)
    assert imports.bearing("metanash.leaf") == ["tests/library/test_middle.py"]
    assert imports.bearing("metanash.alone") == []


def test_a_test_of_the_replication_bears_on_the_library_where_no_other_does(checkout):
    write(checkout / "tests" / "replication" / "test_replayed.py", "from metanash_replication.replayed import replay\n")
    imports = Imports(checkout)
    assert imports.bearing("metanash_replication.replayed") == ["tests/replication/test_replayed.py"]
    assert imports.bearing("metanash.alone") == ["tests/replication/test_replayed.py"]


def test_what_an_entry_point_adds_is_used_by_the_module_that_names_its_group(checkout):
    """As the subcommands of the replication by ``metanash.cli``."""
    points = '[project.entry-points."metanash.spare"]\nparts = "metanash_replication.replayed:replay"\n'
    write(checkout / "pyproject.toml", f'[project]\nname = "metanash"\n{points}')
    assert Imports(checkout).bearing("metanash_replication.replayed") == []
    write(checkout / "src" / "metanash" / "alone.py", 'GROUP = "metanash.spare"\n')
    write(checkout / "tests" / "test_alone.py", "import metanash.alone\n")
    assert Imports(checkout).bearing("metanash_replication.replayed") == ["tests/test_alone.py"]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('f"metanash_replication.{name}.one"', ["tests/test_alone.py"]),
        ('f"{package}.parts.one"', []),  # it would be any file with a name of three parts
        ('f"metanash_replication.{name}"', []),  # parts, not what is in it
        ('f"{name}"', []),
        ('f"metanash_replication.{name}.on"', []),
    ],
)
def test_a_module_named_with_a_gap_is_used(checkout, code, found):
    write(checkout / "src" / "metanash_replication" / "parts" / "one.py", "def one(): pass\n")
    write(checkout / "src" / "metanash" / "alone.py", f"def load(package, name):\n    return {code}\n")
    write(checkout / "tests" / "test_alone.py", "import metanash.alone\n")
    assert Imports(checkout).bearing("metanash_replication.parts.one") == found


def test_a_test_of_the_pipeline_is_never_asked(checkout):
    imports = Imports(checkout)
    assert not [test for test in imports.tests if "test_slow" in test]
    assert len(imports.tests) == 5


@pytest.mark.parametrize(
    ("name", "module"),
    [
        *((name, "metanash.leaf") for name in ("leaf", "metanash.leaf", "src/metanash/leaf.py")),
        *((name, "metanash_replication.replayed") for name in ("replayed", "src/metanash_replication/replayed.py")),
        ("metanash.parts.one", "metanash.parts.one"),
    ],
)
def test_a_module_is_named_with_or_without_the_package_or_by_its_file(checkout, name, module):
    assert Imports(checkout).module(name) == [module]


def test_a_package_is_all_of_its_modules_and_a_wrong_name_is_refused(checkout):
    imports = Imports(checkout)
    assert imports.module("metanash.parts") == ["metanash.parts", "metanash.parts.one"]
    assert imports.module("src/metanash/parts/__init__.py") == ["metanash.parts", "metanash.parts.one"]
    assert imports.module("parts") == ["metanash.parts", "metanash.parts.one", "metanash_replication.parts"]
    whole = [f"metanash_replication{name}" for name in ("", ".parts", ".replayed")]
    assert imports.module("metanash_replication") == imports.module("src/metanash_replication/") == whole
    assert [name for name in imports.paths if name not in whole] == imports.module("metanash")
    with pytest.raises(ValueError, match=r"no module leav; near it: metanash\.leaf$"):
        imports.module("leav")
    with pytest.raises(ValueError, match=r"no module metanash\.leav; near it: metanash\.leaf$"):
        imports.module("metanash.leav")
    with pytest.raises(ValueError, match=r"no module metanash\.replayed; near it: metanash_replication\.replayed$"):
        imports.module("metanash.replayed")
    with pytest.raises(ValueError, match=r"no module qqqq; \./do mutants lists all"):
        imports.module("qqqq")


@pytest.fixture(scope="module")
def imports():
    """Of this repository."""
    return Imports(ROOT)


def test_modules_of_both_packages_have_tests_that_exist(imports):
    assert sorted(imports.paths.values()) == sorted((ROOT / "src").rglob("*.py"))
    for module, path in imports.paths.items():
        tests = imports.bearing(module)
        assert all((ROOT / test).is_file() for test in tests)
        # What only scripts and configurations of the workflow call is tested there.
        in_workflow = {
            "metanash_replication.topics.zero_sum.figures",
            "metanash_replication.rehearsal",
            "metanash_replication.report.article",
        }
        assert tests or "def " not in path.read_text() or module in in_workflow, module
    for module in ("gaps", "simplex", "exact", "similarity"):
        assert f"tests/library/test_{module}.py" in imports.bearing(f"metanash.{module}")
    assert "tests/library/kernels/test_kernels.py" in imports.bearing("metanash.kernels.twin")
    assert "tests/library/test_checks.py" in imports.bearing("metanash._inner.checks")
    assert "tests/library/test_bounds.py" in imports.bearing("metanash.bounds.zero_sum")
    assert "tests/library/test_mirror_descent.py" in imports.bearing("metanash.learners.mirror_descent")
    assert "tests/replication/test_cli.py" in imports.bearing("metanash.commands.show")
    assert "tests/replication/test_cli.py" in imports.bearing("metanash_replication.commands.claims")
    assert "tests/replication/test_rates.py" in imports.bearing("metanash_replication.rates")
    assert "tests/replication/test_ledger.py" in imports.bearing("metanash_replication.ledger.rules")


def test_names_of_test_files_are_told_apart_without_their_folder(imports):
    """``--tests gaps`` and the column of the results name them so."""
    assert len({command.short(test) for test in imports.tests}) == len(imports.tests)
    assert command.short("tests/library/kernels/test_gaps.py") == "gaps"


def test_all_that_is_copied_exists():
    assert all((ROOT / name).exists() for name in COPIED)


def test_what_pages_point_to_is_copied_with_them():
    """``test_docs.py`` bears on much of the library, and a test that fails without a mutant is an error of mutmut's."""
    for page in (*ROOT.glob("*.md"), *(ROOT / "config").glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            path = (page.parent / target).resolve()
            if path.exists():  # else it is code, or `test_docs.py` says so
                name = path.relative_to(ROOT).as_posix()
                assert any(f"{name}/".startswith(f"{copied}/") for copied in COPIED), f"{page.name}: {target}"


def test_pins_of_the_tool_are_exact_and_none_is_in_the_lock():
    """A package in both places would put another version before the tests than the one they run with."""
    lines = [line for line in run.REQUIREMENTS.read_text().splitlines() if line and not line.startswith("#")]
    pins = [Requirement(line) for line in lines]
    assert all(re.fullmatch(r"==[\w.]+", str(pin.specifier)) for pin in pins)
    locked = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)
    assert not {canonicalize_name(pin.name) for pin in pins} & set(map(canonicalize_name, locked))
    assert "mutmut" in {pin.name for pin in pins}


@pytest.fixture
def plan():
    return Plan("metanash.leaf", "src/metanash/leaf.py", ("tests/library/test_leaf.py",), None)


def test_a_sample_is_the_same_each_time_in_the_order_of_the_mutants():
    names = [f"m{k}" for k in range(100)]
    plan = Plan("metanash.leaf", "", (), 30)
    chosen = plan.chosen(names)
    assert len(set(chosen)) == 30
    assert chosen == sorted(chosen, key=names.index) == plan.chosen(names)
    assert chosen != Plan("metanash.leaf", "", (), 30, seed=1).chosen(names)
    assert chosen != Plan("metanash.middle", "", (), 30).chosen(names)
    assert Plan("metanash.leaf", "", (), 100).chosen(names) == Plan("", "", (), None).chosen(names) == names


def test_mutmut_is_told_the_module_the_tests_and_the_limits(plan):
    told = tomllib.loads((ROOT / "pyproject.toml").read_text() + plan.configuration())["tool"]["mutmut"]
    assert told["only_mutate"] == ["src/metanash/leaf.py"]
    assert told["pytest_add_cli_args_test_selection"] == ["tests/library/test_leaf.py"]
    assert {"src", "tests", "pyproject.toml", *told["also_copy"]} == {Path(name).parts[0] for name in COPIED}
    assert told["timeout_multiplier"] * told["timeout_constant"] == 10.0  # as run.py says
    (pattern,) = told["do_not_mutate_patterns"]
    assert re.search(pattern, '    raise ValueError("no")')
    assert not re.search(pattern, "    raised = 1")
    assert told["use_git_change_detection"] is False


@pytest.mark.parametrize("changed", ["src/metanash/middle.py", "tests/test_nothing.py", "pyproject.toml"])
def test_a_change_of_the_checkout_begins_a_run_anew(checkout, plan, changed):
    before = plan.digest(checkout)
    assert plan.digest(checkout) == before
    with (checkout / changed).open("a") as file:
        file.write("\n")
    assert plan.digest(checkout) != before


@pytest.fixture
def faked(checkout, monkeypatch):
    """The checkout with the tool of this page, and a tool that says how often it was called."""
    folder = checkout / "fake" / "mutmut"
    write(folder / "__init__.py")
    write(folder / "__main__.py", FAKE.replace("DIFFERENCE", repr(DIFFERENCE)))
    write(folder / "mutation" / "file_mutation.py", NAMING)
    write(
        folder / "utils" / "format_utils.py", 'def get_mutant_name(path, name):\n    return f"metanash.leaf.{name}"\n'
    )
    monkeypatch.setattr(run, "tool", lambda _: checkout / "fake")
    (checkout / ".mutants").mkdir()
    return checkout


def fingerprint(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_run_counts_each_mutant_and_leaves_the_checkout_as_it_was(faked, plan):
    before = fingerprint(faked)
    outcome = Copy(plan, faked).carry_out(1)
    assert fingerprint(faked) == before
    assert list((faked / ".mutants").iterdir()) == []
    assert outcome.mutants == 6
    found = {name[-1]: status for name, status in outcome.status.items()}
    assert found == {"1": "killed", "2": "survived", "3": "timeout", "4": "no tests", "5": "segfault", "6": "killed"}
    assert set(outcome.alive) == {f"metanash.leaf.x_twice__mutmut_{k}" for k in (2, 4)}


def test_an_interrupted_run_goes_on_with_what_is_left(faked, plan):
    write(faked / "stop", "4")
    with pytest.raises(MutantsError, match="the same command goes on"):
        Copy(plan, faked).carry_out(1)
    (folder,) = (faked / ".mutants").iterdir()
    whole = Copy(plan, faked).carry_out(1)
    assert len(whole.status) == 6
    assert not folder.exists()


def test_what_was_found_is_not_looked_for_again(faked, plan):
    write(faked / "stop", "4")
    copy = Copy(plan, faked)
    with pytest.raises(MutantsError):
        copy.carry_out(1)
    state = json.loads((copy.folder / "mutants" / "state.json").read_text())
    assert [status == "not checked" for status in state.values()] == [False] * 4 + [True] * 2
    write(faked / "stop", "0")  # stopped at once, after it was asked for the other two
    with pytest.raises(MutantsError):
        Copy(plan, faked).carry_out(1)
    assert (copy.folder / "calls").read_text().split() == ["6", "2"]


def test_a_state_that_an_interruption_has_damaged_is_begun_anew(faked, plan):
    write(faked / "stop", "4")
    copy = Copy(plan, faked)
    with pytest.raises(MutantsError):
        copy.carry_out(1)
    write(copy.folder / "mutants" / "state.json", '{"metanash.leaf')
    assert len(Copy(plan, faked).carry_out(1).status) == 6


def test_a_copy_of_code_that_has_changed_since_is_removed(faked, plan):
    write(faked / "stop", "4")
    with pytest.raises(MutantsError):
        Copy(plan, faked).carry_out(1)
    (old,) = (faked / ".mutants").iterdir()
    with (faked / "src" / "metanash" / "leaf.py").open("a") as file:
        file.write("\n")
    write(faked / "stop", "4")
    with pytest.raises(MutantsError):
        Copy(plan, faked).carry_out(1)
    (new,) = (faked / ".mutants").iterdir()
    assert new != old


def test_a_failure_of_the_tool_shows_what_it_said(faked, plan):
    write(faked / "fake" / "mutmut" / "__main__.py", 'def cli():\n    raise SystemExit("no tests were found")\n')
    with pytest.raises(MutantsError, match=r"no tests were found\nmutmut failed in .*log\.txt"):
        Copy(plan, faked).carry_out(1)


def test_mutmut_itself_counts_as_it_should(checkout, plan, monkeypatch):
    """A test of x = 0 sees a division and a condition turned round, not a factor 3; texts of errors are left."""
    if not run.tool_folder().exists():
        pytest.skip("mutmut is not installed: ./do mutants MODULE does it")
    monkeypatch.setattr(run, "tool", lambda _: run.tool_folder())
    code = 'def twice(x):\n    if x is None:\n        raise ValueError("no number")\n    return 2 * x\n'
    write(checkout / "src" / "metanash" / "leaf.py", code)
    write(
        checkout / "tests" / "library" / "test_leaf.py",
        "from metanash.leaf import twice\n\ndef test():\n    assert twice(0) == 0\n",
    )
    (checkout / ".mutants").mkdir()
    outcome = Copy(plan, checkout).carry_out(1)
    assert sorted(outcome.status.values()) == ["killed", "killed", "survived"]
    assert [scores.change(text) for text in outcome.alive.values()] == [(("return 2 * x",), ("return 3 * x",))]
    assert [scores.function_of(name) for name in outcome.alive] == ["metanash.leaf.twice"]


@pytest.fixture
def outcome():
    status = dict.fromkeys([f"metanash.leaf.x_twice__mutmut_{k}" for k in range(1, 5)], "killed")
    status["metanash.leaf.x_twice__mutmut_2"] = status["metanash.leaf.xǁBoxǁopen__mutmut_4"] = "survived"
    alive = {name: DIFFERENCE for name, found in status.items() if found == "survived"}
    return Outcome(9, status, alive, 1.0)


def test_an_equivalent_is_known_by_its_function_and_its_lines(outcome):
    one = scores.Equivalent("metanash.leaf.twice", ("return 2 * x",), ("return 3 * x",), "x is 0")
    assert scores.reasons(outcome, [one]) == {"metanash.leaf.x_twice__mutmut_2": "x is 0"}
    method = scores.Equivalent("metanash.leaf.Box.open", ("return 2 * x",), ("return 3 * x",), "x is 0")
    assert scores.reasons(outcome, [method]) == {"metanash.leaf.xǁBoxǁopen__mutmut_4": "x is 0"}
    both = scores.Equivalent("metanash.leaf.twice", (), (), "never called")
    assert scores.reasons(outcome, [both]) == {"metanash.leaf.x_twice__mutmut_2": "never called"}
    for wrong in (
        ("metanash.leaf.thrice", "return 3 * x"),
        ("leaf.twice", "return 3 * x"),
        ("metanash.leaf.twice", "return 4 * x"),
    ):
        assert scores.reasons(outcome, [scores.Equivalent(wrong[0], ("return 2 * x",), (wrong[1],), "")]) == {}


def row(module: str, **numbers: int) -> dict[str, str]:
    empty = dict.fromkeys(scores.COLUMNS, "0")
    return {
        **empty,
        "module": module,
        "tests": "one two",
        "commit": "abc",
        **{name: str(value) for name, value in numbers.items()},
    }


def test_score_by_hand():
    """Of 10 tested one is equivalent; 6 and 1 of the other 9 are found; one that no test reaches is not."""
    numbers = {"tested": 10, "killed": 6, "timeout": 1, "survived": 2, "no_tests": 1, "equivalent": 1}
    assert scores.score(row("metanash.leaf", **numbers)) == pytest.approx(7 / 9)
    assert scores.score(row("metanash.leaf")) == 1.0


def test_a_row_takes_the_place_of_the_last_one_of_its_module(tmp_path):
    write(tmp_path / scores.PAGE, f"before\n{scores.BEGIN}\nold\n{scores.END}\nafter\n")
    scores.keep(row("metanash.leaf", tested=4, killed=1), tmp_path)
    scores.keep(row("metanash.b", tested=2, killed=1), tmp_path)
    scores.keep(row("metanash.leaf", tested=4, killed=3), tmp_path)
    rows = scores.read_rows(tmp_path)
    assert list(rows) == ["metanash.b", "metanash.leaf"]
    assert rows["metanash.leaf"]["killed"] == "3"
    page = (tmp_path / scores.PAGE).read_text()
    assert page.startswith(f"before\n{scores.BEGIN}\n| module")
    assert page.endswith(f"{scores.END}\nafter\n")
    assert "| `metanash.leaf` | 2 | 0 | 4 | 3 | 0 | 0 | 0 | 0 | 75.0% | abc |" in page
    assert "old" not in page


def test_results_with_other_columns_are_refused(tmp_path):
    write(tmp_path / scores.RESULTS, "module,killed\nmetanash.leaf,3\n")
    with pytest.raises(ValueError, match=r"mutants\.csv: the columns are not module, tests"):
        scores.read_rows(tmp_path)


def test_a_page_without_its_marks_is_left_alone(tmp_path):
    write(tmp_path / scores.PAGE, "text")
    with pytest.raises(ValueError, match="the marks of the table are gone"):
        scores.renew_page(tmp_path)
    assert (tmp_path / scores.PAGE).read_text() == "text"


def test_the_page_says_what_the_file_of_results_says():
    rows = scores.read_rows()
    assert rows
    assert f"{scores.BEGIN}\n{scores.table(rows)}\n{scores.END}" in (ROOT / scores.PAGE).read_text()


def test_rows_add_up_and_name_modules_that_exist(imports):
    modules = imports.paths
    for module, found in scores.read_rows().items():
        assert module in modules
        counted = sum(int(found[name]) for name in ("killed", "timeout", "survived", "no_tests"))
        assert counted == int(found["tested"]) <= int(found["mutants"])
        assert int(found["equivalent"]) <= int(found["survived"]) + int(found["no_tests"])


def test_lines_of_known_equivalents_are_in_their_modules(imports):
    """An entry whose code has gone is to go too."""
    modules = imports.paths
    for entry in scores.equivalents():
        module = max((name for name in modules if entry.function.startswith(f"{name}.")), key=len)
        lines = {line.strip() for line in modules[module].read_text().splitlines()}
        assert set(entry.removed) <= lines, entry
        assert f"def {entry.function.rpartition('.')[2]}(" in modules[module].read_text(), entry
        assert len(entry.reason) > 10


def test_checks_of_every_change_do_not_run_it():
    for path in [*(ROOT / ".ci").glob("*"), *(ROOT / ".github").rglob("*.yml")]:
        assert "mutants" not in path.read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gasp"], "no module gasp; near it: metanash.gaps"),
        (["gaps", "--sample", "-1"], "--sample is 0 or more"),
        (["gaps", "--children", "0"], "--children 1 or more"),
    ],
)
def test_the_command_refuses_what_it_does_not_know(monkeypatch, capsys, imports, arguments, said):
    monkeypatch.setattr(command, "Imports", {ROOT: imports}.__getitem__)
    monkeypatch.setattr("sys.argv", ["mutants", *arguments])
    with pytest.raises(SystemExit) as caught:
        command.main()
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_tests_that_do_not_bear_on_the_module_are_refused(monkeypatch, imports):
    monkeypatch.setattr(command, "Imports", {ROOT: imports}.__getitem__)
    monkeypatch.setattr("sys.argv", ["mutants", "simplex", "--tests", "simplex,cli"])
    with pytest.raises(SystemExit, match=r"--tests simplex,cli: those of metanash\.simplex are .*simplex"):
        command.main()


def test_the_overview_has_a_line_for_every_module(imports):
    first, *lines = command.overview(imports).splitlines()
    assert first.split() == ["module", "test", "files", "tested", "score", "CPU", "s"]
    listed = {line.split()[0] for line in lines if line and not line.startswith(("./do", "of its"))}
    assert listed == {*imports.paths, *(f"kernels/{name}" for name in headers.headers())}


# Headers ------------------------------------------------------------------------------------------------

LEAF = """/* Twice: 2 * x. */
#define FACTOR 2
static int twice(int x) {
    int y = 0;
    y = 2 * x;
    if (y < 0) return larger(y, 0.5); // never + or -
    return y;
}
"""
MODULE = """
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include "leaf.h"
static PyObject *call(PyObject *self, PyObject *x) { return PyLong_FromLong(twice((int)PyLong_AsLong(x))); }
static PyMethodDef methods[] = {{"twice", call, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "compiled", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_compiled(void) { return PyModule_Create(&module); }
"""


def changed_lines(mutant, source=LEAF):
    removed, added = scores.change(mutant.difference(source))
    assert len(removed) == len(added) == 1
    return removed[0], added[0]


def test_changes_of_a_header_are_those_of_code():
    """Comments, lines of the preprocessor and declarations stay."""
    found = headers.mutants(LEAF, "leaf.h")
    condition = "if (y < 0) return larger(y, 0.5); // never + or -"
    assert [changed_lines(mutant) for mutant in found] == [
        ("int y = 0;", "int y = 1;"),
        ("y = 2 * x;", ";"),
        ("y = 2 * x;", "y = 3 * x;"),
        ("y = 2 * x;", "y = 2 + x;"),
        (condition, condition.replace("(y <", "(!y <")),
        (condition, condition.replace("<", "<=")),
        (condition, condition.replace("< 0", "< 1")),
        (condition, condition.replace("larger", "smaller")),
        (condition, condition.replace("0.5", "(2 * 0.5)")),
    ]
    assert found[3].name == "kernels/leaf.h__mutmut_5:11.1"
    assert {scores.function_of(mutant.name) for mutant in found} == {"kernels/leaf.h"}
    assert len({mutant.name for mutant in found}) == len(found)


def test_every_header_with_loops_has_changes():
    names = {path.name for path in (ROOT / headers.KERNELS).glob("*.h")}
    assert names - set(headers.headers()) == {"arguments.h", "calls.h", "signatures.h"}
    for name in headers.headers():
        assert len(headers.mutants((ROOT / headers.KERNELS / name).read_text(), name)) > 10
    with pytest.raises(MutantsError, match=r"none.h: the headers with loops are ascent.h, "):
        headers.Header("none.h", 1)


@pytest.fixture
def compiled(checkout):
    """A checkout with a kernel of one function, and a test that sees what it makes of 0."""
    write(checkout / headers.KERNELS / "leaf.h", LEAF.replace("larger(y, 0.5)", "-1"))
    write(checkout / headers.KERNELS / "compiled.c", MODULE)
    write(checkout / headers.KERNELS / "__init__.py")
    write(checkout / headers.KERNELS / "extension.py", "def source_digest():\n    return 'x'\n")
    test = "from metanash.kernels.compiled import twice\n\ndef test():\n    assert twice(0) == 0\n"
    write(checkout / headers.TESTS[0], test)
    return checkout


def only_the_first(monkeypatch):
    monkeypatch.setattr(headers, "TESTS", headers.TESTS[:1])


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_faults_in_c_are_built_and_meet_the_tests(compiled, monkeypatch):
    """A test of 0 sees a sum and bounds, but not a factor 3, nor a y that stays 0."""
    only_the_first(monkeypatch)
    outcome = headers.Header("leaf.h", None, root=compiled).carry_out()
    alive = [scores.change(text)[1][0] for text in outcome.alive.values()]
    unseen = {"int y = 1;", ";", "y = 3 * x;", "if (!y < 0) return -1; // never + or -",
              "if (y < 0) return -2; // never + or -"}  # fmt: skip
    assert set(alive) == unseen
    assert outcome.mutants == len(outcome.status) == 8
    assert not (compiled / ".mutants" / "kernels.leaf.h").exists()
    assert (
        (compiled / headers.KERNELS / "leaf.h").read_text().startswith("/* Twice")
    )  # of the user's nothing is touched


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_tests_that_fail_without_a_fault_are_no_tests(compiled, monkeypatch):
    only_the_first(monkeypatch)
    write(compiled / headers.TESTS[0], "def test():\n    assert False\n")
    with pytest.raises(MutantsError, match=r"leaf.h: the tests fail without a fault, .*log.txt"):
        headers.Header("leaf.h", None, root=compiled).carry_out()


def test_an_interrupted_run_of_a_header_goes_on_and_counts_what_was_built(compiled, monkeypatch):
    tried = []

    def outcome(self, source, limit):
        assert (limit is None) == (source == self.source)
        if len(tried) == 4:
            tried.append("")
            raise KeyboardInterrupt
        tried.append(source)
        return "survived" if source == self.source else "not built" if "!" in source else "killed"

    monkeypatch.setattr(headers.Header, "tried", outcome)
    with pytest.raises(KeyboardInterrupt):
        headers.Header("leaf.h", 6, root=compiled).carry_out()
    found = headers.Header("leaf.h", 6, root=compiled).carry_out()
    assert len(found.status) == 6
    assert set(found.status.values()) == {"killed"}
    assert len(set(tried)) == len(tried)  # nothing twice, the tests without a fault either


def test_rows_of_headers_are_kept_with_the_others(monkeypatch, capsys):
    found = Outcome(8, {"kernels/leaf.h__mutmut_1:1.1": "killed"}, {}, 2.4)
    kept = []
    monkeypatch.setattr(command, "keep", kept.append)
    monkeypatch.setattr(command, "commit", lambda: "abc")
    monkeypatch.setattr(command, "Header", lambda *_: SimpleNamespace(carry_out=lambda: found))
    command.run_header("leaf.h", SimpleNamespace(sample=1, seed=3))
    (kept,) = kept
    assert set(kept) == set(scores.COLUMNS)
    assert (kept["module"], kept["killed"], kept["seed"], kept["seconds"]) == ("kernels/leaf.h", "1", "3", "2")
    assert kept["tests"].split()[:2] == ["signatures", "kernels"]
    assert "kernels/leaf.h: score 100.0% (mutants 8, tested 1, killed 1" in capsys.readouterr().out
