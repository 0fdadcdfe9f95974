"""The pipeline run twice with the small configuration, in copies of the repository, once a session."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
import yaml

from workflow.running import forks

update_config = pytest.importorskip("snakemake.utils").update_config

ROOT = Path(__file__).parents[2]
TABLES = ["figure1.csv", "speed_up.csv", "sensitivity.csv", "equilibria.csv"]
FIGURES = ["figure1a", "figure1b", "figure1b_theory", "figure1c", "sensitivity_zero_sum", "sensitivity_potential"]
NOTEBOOKS = ["zero_sum", "potential", "general_sum", "larger_tasks", "findings", "own_game"]
PAGES = [f"notebooks/{name}.{kind}" for name in NOTEBOOKS for kind in ("ipynb", "html")]
OWN = {
    "own_family": {
        "games": {"family": "zero_sum", "options": {"n_states": 1}, "perturbations": [0.1], "count": 2},
        "base_kinds": ["pure", "mixed"],
        "learning": {
            "learner": "optimistic_mirror_descent", "learning_rates": [0.2], "rate_unit": "absolute", "iterations": 9,
            "checkpoints": 3, "keep_stages": False,
        },
        "arms": ["individual", "best_response", "stage_average"], "seeds": 3, "seeds_per_block": 2,
    }
}  # fmt: skip
"""An experiment of a user's own, as an entry of ``experiments``."""
MEASURED = [
    f"theory/{name}.npz"
    for name in ("random_games/mixed-H1", "potential/random_games/team", "potential/sequences/practical-carry_over",
                 "meta_gradient/meta_training/practical-team-0.5", "general_sum/schedules/H1-N2",
                 "general_sum/rates/H1-N2",
                 "scale/zero_sum-S10-A3")
] + ["own_games/rock_paper_scissors.npz", "runs/appendix_poker/sorted/best_response/block-0.npz"]  # fmt: skip
"""A measurement of each kind."""
SEARCHED = "falsify/proposition_1"
"""A search for counterexamples."""
FIGURE_FILES = [f"paper_figures/{name}.{kind}" for name in FIGURES for kind in ("pdf", "png")]
NEEDED = [
    "Snakefile",
    "config",
    "docs",
    "environment.yml",
    "notebooks",
    "pyproject.toml",
    "setup.py",
    "src",
    "profiles",
    "workflow",
]
OPTIONAL = ["LICENSE", "README.md"]  # pyproject.toml names them
START = Path(__file__).with_name("snakemake_start.py")
TAKEN = "METANASH_TAKE_SMOKE"
"""Set by ``.ci/run``: the run that ``./do smoke`` has just made in the repository is the first of the two."""


def outside():
    """The environment without what would change a start."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("METANASH_", "SNAKEMAKE_"))}
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH", "PYTHONWARNINGS"):
        kept.pop(name, None)
    return kept


@cache
def starts():
    """The process that forks for starts of Snakemake, until this one ends; a start takes a second less of a core so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forks, "SERVER", Path(__file__).with_name("snakemake_server.py"))
        patch.setattr(forks, "environment", lambda _: outside())
        return forks.Server()


@pytest.fixture(scope="session", autouse=True)
def starts_have_ended():
    """What starts took counts with this process."""
    yield
    if starts.cache_info().currsize:
        starts().end()


@dataclass(frozen=True)
class Answer:
    """What a command returned and said."""

    code: int
    text: str

    def jobs(self):
        """Rule -> number of jobs, of a dry run; empty if there is nothing to do."""
        if "Nothing to be done" in self.text:
            return {}
        table = self.text.split("Job stats:")[1].split("total")[0]
        return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)}

    def messages(self):
        """Messages of the jobs of a dry run."""
        return re.findall(r"^Job \d+: (.*)$", self.text, flags=re.MULTILINE)


@dataclass(frozen=True)
class Project:
    """A copy of the repository with its results, of which nothing leads back to the original."""

    folder: Path
    results: str = "results/smoke"
    taken_from: Path | None = None

    @property
    def made_in(self):
        """Folder whose path results could have in them."""
        return self.taken_from or self.folder

    @classmethod
    def copied_from_repository(cls, folder, results="results/smoke"):
        for name in [*NEEDED, *(name for name in OPTIONAL if (ROOT / name).exists())]:
            source, target = ROOT / name, folder / name
            if source.is_dir():  # copies keep the times of files, so compiled kernels and bytecode stay up to date
                # *.pyc.*: another process is about to rename it
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.egg-info", "*.pyc.*"))
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        return cls(folder, results)

    def copied_to(self, folder):
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder, self.results)

    def path(self, name):
        return self.folder / self.results / name

    def edit(self, name, text="", old=None):
        """Append a line to a file, or replace a part of it."""
        path = self.folder / name
        content = path.read_text()
        assert old is None or content.count(old) == 1
        path.write_text(content + f"{text}\n" if old is None else content.replace(old, text))

    def environment(self):
        return outside() | {
            "PYTHONPATH": str(self.folder / "src"),  # before the editable installation of the repository
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        }

    def command(self, *arguments):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Answer(done.returncode, done.stdout)

    def start(self, *arguments):
        """``python -m snakemake`` with these arguments, in a fork of a process that has imported Snakemake."""
        with tempfile.NamedTemporaryFile("w+") as output:
            given = json.dumps({"folder": str(self.folder), "output": output.name, "arguments": arguments})
            status = starts().fork(str(START), {**self.environment(), "GIVEN": given}).wait()
            return Answer(status, output.read())

    def snakemake(self, *arguments, config=None, forked=True):
        """Run with the small configuration and, on top of it, ``config``."""
        files = ["config/smoke.yaml"]
        if self.results != "results/smoke" or config:
            places = {"results": self.results, "paper_figures": f"{self.results}/paper_figures"}
            (self.folder / "config" / "test.yaml").write_text(yaml.safe_dump({**places, **(config or {})}))
            files.append("config/test.yaml")
        arguments = (*arguments, "--configfile", *files)
        if forked and sys.platform.startswith("linux"):  # no other system forks
            return self.start(*arguments)
        return self.command("-m", "snakemake", *arguments)

    def dry_run(self, config=None, target=()):
        answer = self.snakemake("--dry-run", "--cores", "2", *target, config=config)
        assert answer.code == 0, answer.text
        return answer


def files_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def comparable(project):
    """Names that do not depend on the folder of results, without times of jobs."""
    kept = files_of(project.folder / project.results)
    return {name: project.path(name).read_bytes() for name in kept if not name.startswith(("logs/", "benchmarks/"))}


def side_by_side(function, cases):
    """Results of a function on cases, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(function, cases))


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """A copy with up-to-date kernels, in which nothing has run. To be left as it is.

    ``./do`` has compiled them and they come with the copy; only where they are missing or of other sources it is done
    here, which takes a minute of a core (setuptools would do it each time).
    """
    project = Project.copied_from_repository(tmp_path_factory.mktemp("bare") / "project")
    kernels = project.folder / "src/metanash/kernels"
    if project.command(str(kernels / "extension.py")).code == 0:  # built, whole, and of these sources
        for built in kernels.glob("compiled*.so"):
            built.touch()  # sources may have been checked out anew since
    else:
        answer = project.command("setup.py", "--quiet", "build_ext", "--inplace")
        assert answer.code == 0, answer.text
    if sys.platform.startswith("linux"):
        starts()  # before two threads ask for it
    return project


def take(project):
    """What ``./do smoke`` has made in the repository, with all that Snakemake knows of it. It must be up to date."""
    for name in (project.results, ".snakemake/metadata"):
        shutil.copytree(ROOT / name, project.folder / name)
    left = project.dry_run().jobs()
    assert left == {}, f"{TAKEN} is set, but the run is not up to date: ./do smoke, or unset it"


@pytest.fixture(scope="session")
def two_runs(bare, tmp_path_factory):
    """The small pipeline on two cores; elsewhere, under other names and with few measurements for the theorems, on one.

    To be left as they are.
    """
    places = [("two", "project", "results/smoke"), ("one", "elsewhere/project", "other/place")]
    projects = [
        replace(bare.copied_to(tmp_path_factory.mktemp(f"{cores}_cores") / folder), results=results)
        for cores, folder, results in places
    ]
    targets = [
        f"{projects[1].results}/{name}" for name in (*TABLES, *FIGURE_FILES, *MEASURED, f"{SEARCHED}/search.json")
    ]
    runs = list(zip(projects, [("--cores", "2"), ("--cores", "1", *targets)], strict=True))
    if os.environ.get(TAKEN):
        take(projects[0])
        projects[0] = replace(projects[0], taken_from=ROOT)
        del runs[0]
    for answer in side_by_side(lambda case: case[0].snakemake(*case[1], forked=False), runs):
        assert answer.code == 0, answer.text
    return projects


@pytest.fixture(scope="session")
def finished(two_runs):
    """The run on two cores. To be left as it is."""
    return two_runs[0]


@pytest.fixture(scope="session")
def config(bare):
    """The configuration of the small pipeline."""
    merged = {}
    for name in ("config.yaml", "smoke.yaml"):
        update_config(merged, yaml.safe_load((bare.folder / "config" / name).read_text()))
    return merged


@pytest.fixture
def edited(finished, tmp_path):
    """A copy of the finished run, to be edited."""
    return finished.copied_to(tmp_path / "project")
