"""Run mutmut on one module in a copy of the checkout, so that no file of the user's is ever touched.

``.mutants/`` holds the tool and a copy for each run that is not at its end. A copy is named by the digest of everything
that results depend on: an interrupted run goes on where it was, and after a change of the code it begins anew.
"""

import contextlib
import fnmatch
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metanash.archive import write_text

ROOT = Path(__file__).parents[2]
FOLDER = ".mutants"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
# What tests read, or see whether it is there. Environments, other results of the pipeline and caches are not among it.
COPIED = (
    *("benchmarks", "config", "distribution", "docs", "examples", "findings", "notebooks", "paper_figures", "tests"),
    *("profiles", "workflow", "src"),
    *("CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in", "README.md", "Snakefile", "do"),
    *("environment.yml", "pyproject.toml", "requirements.lock", "results/summary.md", "setup.py", ".ci", ".github"),
)
LEFT = shutil.ignore_patterns("__pycache__", "*.egg-info", ".ipynb_checkpoints")
# A mutant has five times what its tests take, and ten seconds; the limit of processor time is twice that.
TIMEOUT = {"timeout_multiplier": 5.0, "timeout_constant": 2.0}
# Tests ask for a part of what an error says: the texts of errors are left as they are.
LEFT_ALONE = [r"^\s*raise \w+\("]
# Ctrl-C stops it in good order, in the background of a shell too, where it would be deaf to it.
START = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from mutmut.__main__ import cli
cli()
"""
COMMAND = [sys.executable, "-c", START]
# There is no command that names mutants and makes none.
NAMES = """
import sys
from pathlib import Path
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.utils.format_utils import get_mutant_name
for name in mutate_file_contents(sys.argv[1], Path(sys.argv[1]).read_text()).mutant_names:
    print(get_mutant_name(Path(sys.argv[1]), name))
"""
UNDECIDED = {"not checked", "check was interrupted by user"}
ALIVE = {"survived", "no tests"}


class MutantsError(Exception):
    """The tool is missing or failed; the message says what to do."""


def tool_folder(root: Path = ROOT) -> Path:
    """Where the tool is, or would be: pins and interpreter make the name."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    return root / FOLDER / f"tool-{digest}"


def tool(root: Path = ROOT) -> Path:
    """The folder of the tool, installed when it is missing or its pins have changed."""
    target, folder = tool_folder(root), root / FOLDER
    if target.exists():
        return target
    folder.mkdir(exist_ok=True)
    print(f"installing {REQUIREMENTS.relative_to(ROOT)} into {FOLDER}", flush=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".tool-") as temporary:
        fresh = Path(temporary, "tool")
        installers = [[sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]]
        if uv := shutil.which("uv"):  # an environment that it made has no pip
            installers.insert(0, [uv, "pip", "install", "--quiet", "--python", sys.executable])
        for installer in installers:
            place = ["--no-deps", "--target", str(fresh), "-r", str(REQUIREMENTS)]
            if subprocess.run([*installer, *place], check=False).returncode == 0:
                fresh.rename(target)
                return target
    raise MutantsError("mutmut could not be installed (see above); once a package index is in reach, try again")


def copy_checkout(root: Path, fresh: Path) -> None:
    """Copy what tests read into a new folder."""
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, fresh / name, ignore=LEFT)
        elif source.exists():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, fresh / name)


@dataclass(frozen=True)
class Plan:
    """A run: the module's file, the tests that it is for, and which of its mutants are made."""

    module: str
    path: str
    tests: tuple[str, ...]
    sample: int | None  # None: all
    seed: int = 0

    def digest(self, root: Path = ROOT) -> str:
        """Of everything that the result depends on."""
        found = hashlib.sha256(repr(self).encode() + REQUIREMENTS.read_bytes() + repr((TIMEOUT, LEFT_ALONE)).encode())
        for name in COPIED:
            top = root / name
            for file in sorted(top.rglob("*")) if top.is_dir() else [top]:
                if file.is_file() and "__pycache__" not in file.parts:
                    found.update(file.relative_to(root).as_posix().encode())
                    found.update(file.read_bytes())
        return found.hexdigest()[:12]

    def configuration(self) -> str:
        """What mutmut is told, as a table of pyproject.toml."""
        others = [name.partition("/")[0] for name in COPIED if name not in {"src", "tests", "pyproject.toml"}]
        settings = {
            "source_paths": ["src"],
            "only_mutate": [self.path],
            "do_not_mutate_patterns": LEFT_ALONE,
            "also_copy": others,
            "pytest_add_cli_args": ["-p", "no:cacheprovider"],
            "pytest_add_cli_args_test_selection": list(self.tests),
            "use_git_change_detection": False,
            **TIMEOUT,
        }
        # Strings, lists and numbers look the same in TOML as in JSON, truth too.
        return "\n[tool.mutmut]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())

    def chosen(self, mutants: Sequence[str]) -> list[str]:
        """The sample, the same for the same mutants and seed, in their order."""
        if self.sample is None or len(mutants) <= self.sample:
            return list(mutants)
        return sorted(random.Random(f"{self.module} {self.seed}").sample(mutants, self.sample), key=mutants.index)


@dataclass(frozen=True)
class Outcome:
    """Status of each chosen mutant, and the difference that each one makes that was not found."""

    mutants: int
    status: dict[str, str]
    alive: dict[str, str]
    seconds: float  # of processor time, in this call


class Copy:
    """The copy of a checkout in which a plan is carried out."""

    def __init__(self, plan: Plan, root: Path = ROOT):
        self.plan, self.root, self.tool = plan, root, tool(root)
        self.folder = root / FOLDER / f"{plan.module}-{plan.digest(root)}"
        self.log = self.folder / "log.txt"

    def make(self) -> None:
        """Copy the checkout, under its name only once it is whole."""
        for stale in self.folder.parent.glob(f"{self.plan.module}-*"):
            if stale != self.folder and fnmatch.fnmatch(stale.name, f"{self.plan.module}-????????????"):
                shutil.rmtree(stale)
        if self.folder.exists():
            return
        with tempfile.TemporaryDirectory(dir=self.folder.parent, prefix=".copy-") as temporary:
            fresh = Path(temporary, "copy")
            copy_checkout(self.root, fresh)
            with (fresh / "pyproject.toml").open("a") as project:
                project.write(self.plan.configuration())
            fresh.rename(self.folder)

    def call(self, command: Sequence[str]) -> str:
        """Run a command in the copy; its output, which is added to the log too."""
        # Python remembers that a folder of its path is missing: the installed library would be imported instead.
        (self.folder / "mutants" / "src").mkdir(parents=True, exist_ok=True)
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        paths = os.pathsep.join([str(self.tool), str(self.folder / "mutants" / "src")])
        environment = {**os.environ, **threads, "PYTHONPATH": paths, "PYTHONUTF8": "1", "MPLBACKEND": "Agg"}
        environment.pop("METANASH_KERNELS", None)
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        try:
            output, _ = process.communicate()
        except BaseException:  # mutmut stops its workers and keeps what they have found
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=20)
            raise
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what tests have left running
        output = output.replace("\r", "\n")
        with self.log.open("a") as log:
            log.write(output)
        if process.returncode:
            tail = "\n".join(output.splitlines()[-30:])
            raise MutantsError(f"{tail}\nmutmut failed in {self.folder}: see above, and log.txt there")
        return output

    def _begun(self) -> dict[str, list[str]]:
        """Names of all mutants and of the chosen ones, kept in the copy."""
        path = self.folder / "mutants.json"
        if not path.exists():
            everything = self.call([sys.executable, "-c", NAMES, self.plan.path]).split()
            write_text(path, json.dumps({"all": everything, "chosen": self.plan.chosen(everything)}))
        return json.loads(path.read_text())

    def _status(self) -> dict[str, str]:
        """Of each mutant by mutmut's account; none before its first run, or where an interruption has damaged it."""
        try:
            lines = self.call([*COMMAND, "results", "--all", "true"]).splitlines()
        except MutantsError:
            shutil.rmtree(self.folder / "mutants", ignore_errors=True)
            return {}
        return dict(line.strip().split(": ", 1) for line in lines)

    def carry_out(self, children: int) -> Outcome:
        """Make and test the mutants, or those that are left; the copy goes when all are done."""
        self.make()
        begun = self._begun()
        chosen, status = begun["chosen"], self._status() if begun["chosen"] else {}
        if left := [name for name in chosen if status.get(name, "not checked") in UNDECIDED]:
            print(f"{self.plan.module}: {len(left)} mutants", flush=True)
            self.call([*COMMAND, "run", "--max-children", str(children), *left])
            status = self._status()
        if any(status.get(name, "not checked") == "not checked" for name in chosen):
            raise MutantsError("stopped before its end; the same command goes on")
        # Decided, and yet "interrupted": pytest's code for tests that cannot even be collected, so a fault found.
        found = {name: "killed" if status[name] in UNDECIDED else status[name] for name in chosen}
        alive = [name for name in chosen if found[name] in ALIVE]
        differences = {name: self.call([*COMMAND, "show", name]) for name in alive}
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        shutil.rmtree(self.folder)
        return Outcome(len(begun["all"]), found, differences, used.ru_utime + used.ru_stime)
