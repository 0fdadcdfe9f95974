"""Both builds in turns, and the table: ``./do bench-against REV``.

Copies of both builds are made in a folder of their own and their kernels compiled. Then every measurement is made by
one and the other, round after round; processor time, so that what else runs on the machine counts little. Rows that
take minutes are measured on request, and kept in ``benchmarks/results/against.csv`` otherwise.
"""

import argparse
import csv
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.against import rows
from benchmarks.against.measure import CALLS

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks/results/against.csv"
PAGE = ROOT / "docs/performance.md"
PEERS = ROOT / "benchmarks/results/peers.csv"
SMALL = 'NFG 1 R "small" { "a" "b" } { 2 2 }\n\n3 1 0 2 1 2 2 0\n'
TIMED = "import time\nimport metanash as mn\nloaded = time.process_time()\n"
FIRST = (
    "import numpy as np\ngame = mn.ZeroSumGame([[[[.5, 0.], [0., 1.]]]], mn.Transition.shared(np.ones((1, 2, 2, 1))))\n"
    "mn.learn(game, mn.OptimisticMirrorDescent(0.1), 1000)\n"
)


SNAKEMAKE = [sys.executable, "-m", "snakemake", "--quiet", "all", "--cores", "2"]
OF_ALL_TOPICS = ("article", "claims", "claims_map", "theory")
"""Tables and figures, by name."""
STARTS = ("import", "first learn", "solve")
"""Rows of processes of their own."""


def environment(build: Path) -> dict[str, str]:
    """In which Python finds the package of a build, on one thread, and keeps what it compiles, as installations do."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **one, "PYTHONPATH": str(build / "src")}


def git(*arguments: str) -> str:
    """What git says in this repository."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench-against: git {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout


def copies(revision: str, folder: Path) -> tuple[Path, Path]:
    """A clone at the revision, and one with the files of the working tree, both without results."""
    commit = git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()
    before, now = folder / "before", folder / "now"
    for place, wanted in ((before, commit), (now, "HEAD")):
        git("clone", "--quiet", "--shared", "--no-checkout", str(ROOT), str(place))
        git("-C", str(place), "checkout", "--quiet", "--detach", git("rev-parse", wanted).strip())
    for name in git("ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")[:-1]:
        source, target = ROOT / name, now / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
        else:
            target.unlink(missing_ok=True)
    return before, now


class Spent(NamedTuple):
    """Of a command with all its children, in seconds: core time and wall clock; and its output."""

    core: float
    wall: float
    output: str


def spent(command: Sequence[str], build: Path, fine: Container[int] = (0,)) -> Spent | None:
    """Of a command in a build; None, and a line on standard error, if it ends with a status that is not fine."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, cwd=build, env=environment(build), capture_output=True, text=True, check=False)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begun
    if done.returncode not in fine:
        print(f"{' '.join(command)} failed in {build.name}: {done.stderr.strip()[-120:]}", file=sys.stderr)
        return None
    return Spent(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall, done.stdout)


def compile_kernels(build: Path) -> Spent:
    """Compile in place."""
    place = build / "src/metanash/kernels"
    shutil.rmtree(build / "build", ignore_errors=True)
    for left in place.glob("compiled*.so"):
        left.unlink()
    found = spent([sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"], build)
    if found is None or not list(place.glob("compiled*.so")):
        raise SystemExit(f"bench-against: the kernels of the build {build.name} could not be compiled")
    return found


def alone(build: Path, code: str, prints: str) -> float | None:
    """A number that a new process prints; None if it fails."""
    command = [sys.executable, "-c", f"{code}print({prints})"]
    done = subprocess.run(command, cwd=build, env=environment(build), capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else None


@contextmanager
def process(build: Path) -> Iterator[Callable[[str], float | None]]:
    """A process of a build that answers names with processor times."""
    command = [sys.executable, str(Path(__file__).with_name("measure.py"))]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=build, env=environment(build), stdin=pipe, stdout=pipe, text=True) as running:

        def ask(name: str) -> float | None:
            print(name, file=running.stdin, flush=True)
            answer = running.stdout.readline()
            if not answer:
                raise SystemExit(f"bench-against: the process of {build.name} ended at {name!r}")
            return json.loads(answer)

        yield ask
        running.stdin.close()


def in_turns(rounds: int, measure: Callable[[Path], float | None], builds: Sequence[Path]) -> list[rows.Pair]:
    """Pairs of both builds; each begins every other round."""
    pairs = []
    for k in range(rounds):
        found = {build: measure(build) for build in (builds if k % 2 == 0 else builds[::-1])}
        pairs.append((found[builds[0]], found[builds[1]]))
    return pairs


def quick(builds: Sequence[Path], folder: Path, rounds: int, names: Sequence[str]) -> Iterator[rows.Record]:
    """Rows of processes of their own, and of calls."""
    small = folder / "small.nfg"
    small.write_text(SMALL)
    solve = ["-c", "import sys; from metanash.cli import main; sys.exit(main())", "solve", str(small)]
    cannot: set[Path] = set()

    def solved(build: Path) -> float | None:
        found = None if build in cannot else spent([sys.executable, *solve], build)
        if found is None:  # as was said once
            cannot.add(build)
        return found and found.core

    starts: dict[str, Callable[[Path], float | None]] = {
        "import": lambda build: alone(build, TIMED, "loaded"),
        "first learn": lambda build: alone(build, TIMED + FIRST, "time.process_time()"),
        "solve": solved,
    }
    for name, measure in starts.items():
        if name not in names:
            continue
        yield rows.summary(name, in_turns(rounds, measure, builds))
    with ExitStack() as stack:
        ask = {build: stack.enter_context(process(build)) for build in builds}
        for name in (name for name in names if name in CALLS):
            if [ask[build](name) for build in builds][-1] is None:  # made ready
                raise SystemExit(f"bench-against: this build cannot make the call {name!r}; mend measure.py")
            often = rounds if name not in {"exact 1000", "exact 2000"} else min(rounds, 3)
            yield rows.summary(name, in_turns(often, lambda build, name=name: ask[build](name), builds))


def highs(n: int = 2000) -> Spent | None:
    """The interior-point method of HiGHS on the game that the exact solver gets: a linear program for both players."""
    code = (
        "import numpy as np, scipy.optimize as so\n"
        f"m = np.random.default_rng([{n}, 0]).uniform(size=({n}, {n}))\n"
        "found = so.linprog([*np.zeros(len(m)), -1.0], np.c_[-m.T, np.ones(len(m))], np.zeros(len(m)),\n"
        "    [[1.0] * len(m) + [0.0]], [1.0], bounds=[(0, None)] * len(m) + [(None, None)], method='highs-ipm')\n"
        "assert found.status == 0\n"
    )
    return spent([sys.executable, "-c", code], ROOT)


def beside_others(records: Mapping[str, rows.Record], is_long: bool) -> Iterator[rows.Record]:
    """This build in the place of the newer one, and in that of the older one what it is compared with."""
    solved = records.get("exact 2000")
    if is_long and solved and (reference := highs()):
        yield rows.summary("HiGHS 2000", [(reference.core, float(solved["now"]))])
    found = {}
    with PEERS.open(newline="") as file:
        for record in csv.DictReader(file):
            if record["game"] == "H5 S50 10x10, 1 game" and record["seconds_per_iteration"]:
                found[record["contestant"]] = 1e6 * float(record["seconds_per_iteration"])
    for name in ("JAX", "NumPy"):
        yield rows.summary(f"{name} 10x10", [(found[f"{name}, Algorithm 1"], found["metanash, Algorithm 1"])])


def eight_cores() -> Iterator[rows.Record]:
    """What ``./do estimate`` works out for two cores and for eight, since there may be none."""
    from workflow.cluster.costs import read_costs  # noqa: PLC0415
    from workflow.cluster.estimate import expected, makespan  # noqa: PLC0415
    from workflow.cluster.planned import plan  # noqa: PLC0415
    from workflow.running.order import read_chains  # noqa: PLC0415

    jobs = plan(["all"], everything=True)
    seconds = [one.seconds for one in expected(jobs, read_costs())]
    two, eight = (makespan(jobs, seconds, cores, read_chains()) for cores in (2, 8))
    yield rows.summary("eight cores", [(two, eight)])


def memory(builds: Sequence[Path]) -> Iterator[rows.Record]:
    """Peak memory of processes that learn a large sparse game."""
    code = (
        f"import resource, sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\nimport measure\n"
        "measure.sparse('learn')()\n"
    )
    shown = "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024"
    yield rows.summary("sparse memory", [tuple(alone(build, code, shown) for build in builds)])


def both_kinds(name: str, found: Sequence[Spent | None]) -> Iterator[rows.Record]:
    """Rows of the core time and of the wall clock of both builds, those of them that the table has."""
    known = {row.name for row in rows.ROWS}
    for kind in ("core", "wall"):
        if f"{name} {kind}" in known:
            before, now = (getattr(one, kind, None) for one in found)
            yield rows.summary(f"{name} {kind}", [(before, now)])


def made_by_both(before: Path, now: Path) -> list[str]:
    """Tables and figures that the older build made too, without those that are made of all topics, new ones as well."""
    found = [*before.glob("results/*.csv"), *before.glob("paper_figures/*.pdf")]
    names = sorted(path.relative_to(before).as_posix() for path in found if path.stem not in OF_ALL_TOPICS)
    return [name for name in names if (now / name).is_file()]


def pipelines(builds: Sequence[Path]) -> Iterator[rows.Record]:
    """Both pipelines, and then of the default one what both builds have."""
    for name, more in (("pipeline", []), ("small pipeline", ["--configfile", "config/smoke.yaml"])):
        yield from both_kinds(name, [spent([*SNAKEMAKE, *more], build) for build in builds])
    shared = made_by_both(*builds)
    if not shared:  # a run has failed, as was said
        return
    for build in builds:
        for left in ("results", "paper_figures", ".snakemake"):
            shutil.rmtree(build / left, ignore_errors=True)
    yield from both_kinds("shared pipeline", [spent([*SNAKEMAKE, *shared], build) for build in builds])


def run_tests(build: Path) -> Spent | None:
    """As ``./do test`` does it in that build; of an older one some fail, with packages that are newer than it.

    On standard error: the last line, and each test that has failed or could not be run.
    """
    command = [sys.executable, "-m", "pytest", "-q"]
    if "--dist" in (build / "do").read_text():
        command += ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]
    found = spent(command, build, fine=(0, 1))
    if found:
        lines = found.output.strip().splitlines()
        broken = [line for line in lines if re.match(r"(FAILED|ERROR) \S+\.py\b", line)]
        print(f"{build.name}: {lines[-1]}", *broken, sep="\n  ", file=sys.stderr)
    return found


def test_rows(builds: Sequence[Path]) -> Iterator[rows.Record]:
    """The tests of both builds, and how many of them pass."""
    found = [run_tests(build) for build in builds]
    yield from both_kinds("tests", found)
    before, now = (one and float(re.findall(r"(\d+) passed", one.output)[-1]) for one in found)
    yield rows.summary("tests passed", [(before, now)])


def long_rows(builds: Sequence[Path], pipeline: bool, tests: bool) -> Iterator[rows.Record]:
    """Rows that take minutes, measured once."""
    if tests:  # which look at tracked results and figures too, so before these are made anew
        yield from test_rows(builds)
    if pipeline:
        yield from pipelines(builds)


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print, keep and write."""
    parser = argparse.ArgumentParser(prog="./do bench-against", description=__doc__.splitlines()[0])
    parser.add_argument("revision", help="commit of the older build")
    parser.add_argument("--rounds", type=int, default=9, help="measurements of each build")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[*STARTS, *CALLS], help="these alone")
    parser.add_argument(
        "--builds", nargs=2, type=Path, metavar=("OLD", "NEW"), help="folders with both, compiled: none is made then"
    )
    parser.add_argument("--long", action="store_true", help="the exact solution at n = 2,000 too, half a minute a call")
    parser.add_argument("--pipeline", action="store_true", help="both pipelines too: ten minutes and more")
    parser.add_argument("--tests", action="store_true", help="the tests too: half an hour and more")
    arguments = parser.parse_args(given)
    names = arguments.only or [name for name in (*STARTS, *CALLS) if arguments.long or name != "exact 2000"]
    records = rows.read(RESULTS)
    with tempfile.TemporaryDirectory(prefix="metanash-against-") as folder:
        builds, found = arguments.builds, []
        if not builds:
            builds = copies(arguments.revision, Path(folder))
            compiled = [compile_kernels(build) for build in builds]
            found = [*both_kinds("compile", compiled)]
        calls = quick(builds, Path(folder), arguments.rounds, names)
        more = () if arguments.only else (memory(builds), eight_cores(), beside_others(records, arguments.long))
        for part in (found, calls, *more, long_rows(builds, arguments.pipeline, arguments.tests)):
            for record in part:
                records[record["name"]] = record
                print(*record.values(), flush=True)
                rows.write(RESULTS, records)  # what was measured stays if the rest is interrupted
                PAGE.write_text(rows.put(PAGE.read_text(), rows.table(records, arguments.revision[:7])))


if __name__ == "__main__":
    main()
