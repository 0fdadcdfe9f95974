"""Subcommands of ``metanash`` that other packages add by entry points: the replication does, and so may anybody."""

import re
import subprocess
import sys

import pytest

import metanash
from metanash import cli

GREETING = '''"""Greet somebody."""

def add_arguments(parser):
    parser.add_argument("name")

def run(options):
    print("hello", options.name)
    return 3
'''


def listed(capsys):
    """Names of the subcommands in the help of the command, and what it says on stderr."""
    with pytest.raises(SystemExit) as left:
        cli.main(["--help"])
    assert left.value.code == 0
    out, err = capsys.readouterr()
    lines = out.partition("COMMAND\n")[2].partition("\n\n")[0].splitlines()
    return [line.split()[0] for line in lines if line.startswith("    ") and not line.startswith("     ")], err


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install a package of modules and entry points, as its files in a folder of the path."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name, points, **modules):
        folder = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"  # up to the first hyphen is its name
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = "\n".join(f"{point} = {value}" for point, value in points.items())
        (folder / "entry_points.txt").write_text(f"[metanash.commands]\n{lines}\n")
        for module, text in modules.items():
            (tmp_path / f"{module}.py").write_text(text)

    before = set(sys.modules)
    yield install
    for module in set(sys.modules) - before:
        if (tmp_path / f"{module}.py").exists():
            del sys.modules[module]


def greeter(package, name="greet", module="greeting"):
    code = f'COMMANDS = {{"{name}": ("{module}_command", "greets you")}}\n'
    package(f"the-{module}", {"any": f"{module}:COMMANDS"}, **{module: code, f"{module}_command": GREETING})


def test_the_replication_adds_its_own():
    """By the entry point of the installed project, in a process as a user starts it."""
    command = [sys.executable, "-m", "metanash.cli"]
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    for name, purpose in (("info", "versions"), ("show", "what"), ("claims", "the claims"), ("falsify", "search")):
        assert re.search(rf"^    {name} +{purpose}", done.stdout, flags=re.MULTILINE), "./do setup renews entry points"
    assert done.stderr == ""
    done = subprocess.run([*command, "falsify", "--list"], capture_output=True, text=True, check=True)
    assert "theorem_1" in done.stdout


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_subcommands_of_the_library_ask_no_other_package(monkeypatch, capsys, name):
    """Reading what is installed takes longer than they do."""

    def asked(*_):
        raise AssertionError("entry points are read")

    monkeypatch.setattr(cli, "entry_points", asked)
    with pytest.raises(SystemExit) as left:
        cli.main([name, "--help"])
    assert left.value.code == 0
    assert f"metanash {name}" in capsys.readouterr().out
    for others in (["--help"], ["claims"], []):
        with pytest.raises(AssertionError, match="entry points are read"):
            cli.main(others)


def test_a_package_adds_a_subcommand(package, capsys):
    greeter(package)
    names, err = listed(capsys)
    assert "greet" in names
    assert names == sorted(names)
    assert err == ""
    assert cli.main(["greet", "Ada"]) == 3
    assert capsys.readouterr().out == "hello Ada\n"


def test_the_module_of_a_subcommand_is_imported_only_when_it_is_asked_for(package, capsys):
    greeter(package, "lazily", "lazy")
    listed(capsys)
    assert "lazy_command" not in sys.modules
    assert cli.main(["lazily", "Ada"]) == 3
    assert "lazy_command" in sys.modules


@pytest.mark.parametrize(
    ("module", "code", "fault"),
    [
        ("lacking", "import nowhere\n", "ModuleNotFoundError: No module named 'nowhere'"),
        ("failing", "1 / 0\n", "ZeroDivisionError: division by zero"),
        ("empty", "", "AttributeError: module 'empty' has no attribute 'COMMANDS'"),
        ("number", "COMMANDS = 7\n", "AttributeError: 'int' object has no attribute 'items'"),
        ("half", 'COMMANDS = {"fine": ("a", "b"), "odd": 7}\n', "TypeError: cannot unpack non-iterable int object"),
    ],
)
def test_a_package_that_is_broken_is_left_out_loudly(package, capsys, module, code, fault):
    package("the-broken", {"any": f"{module}:COMMANDS"}, **{module: code})
    greeter(package, "still", "working")
    names, err = listed(capsys)
    assert {"info", "show", "still"} <= set(names)
    assert not {"fine", "odd"} & set(names)
    assert err == f"metanash: what the-broken adds ({module}:COMMANDS) is left out: {fault}\n"


@pytest.mark.parametrize("taken", ["info", "greet"])
def test_a_name_that_is_taken_is_not_given_away(package, capsys, taken):
    """Neither one of the library's, nor the one of the package whose name comes first."""
    greeter(package)
    greeter(package, taken, "second")
    names, err = listed(capsys)
    assert names.count(taken) == 1
    assert err == f"metanash: what the-second adds (second:COMMANDS) is left out: {taken} is there already\n"
    assert cli.main(["greet", "Ada"]) == 3


def test_the_module_is_the_command_and_says_its_version():
    for words in (["--version"], ["no-such"]):
        found = [
            subprocess.run([sys.executable, *start, *words], capture_output=True, text=True, check=False)
            for start in (["-m", "metanash"], ["-m", "metanash.cli"])
        ]
        assert (found[0].stdout, found[0].stderr, found[0].returncode) == (
            found[1].stdout, found[1].stderr, found[1].returncode,
        )  # fmt: skip
        assert found[0].returncode == (0 if words == ["--version"] else 2)
    answer = subprocess.run([sys.executable, "-m", "metanash", "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout == f"metanash {metanash.__version__}\n"
