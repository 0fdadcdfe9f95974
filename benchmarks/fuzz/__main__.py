"""Fuzz one target, or all one after the other: ``./do fuzz [TARGET ...] [--seconds 60] [--seed 1]``.

Begins with the corpus in ``tests/corpus``, and adds to a copy in ``.fuzz``. An input that shows a fault is kept in
``.fuzz/faults``, and ends the run; ``--keep`` puts what is new into the corpus: as few inputs as have its coverage.
How many inputs were tried, and what came of it, is written into docs/reliability.md.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.fuzz import counts
from benchmarks.fuzz.counts import Row, inputs_of

ROOT = Path(__file__).parents[2]
WORK, CORPUS = ROOT / ".fuzz", ROOT / "tests/corpus"
TARGET = "METANASH_FUZZED"
"""In the environment of a process of the fuzzer, which starts others with its own arguments."""
MEGABYTES, SECONDS = 2048, 20
"""Memory of the process, and time of one input, beyond which there is a fault."""
LONGEST_INPUT = 8192
"""In bytes; an archive has several hundred for each of its entries."""


def fuzz(target: str) -> None:
    """Run libFuzzer on a target in this process, by the rest of its arguments; it does not return."""
    import atheris  # noqa: PLC0415  # only here: it changes how modules are imported

    with atheris.instrument_imports(include=["metanash", "workflow"]):
        from benchmarks.fuzz.targets import TARGETS  # noqa: PLC0415
    itself = f"{sys.executable} {__file__}"  # a merge starts it again, through a shell
    atheris.Setup([itself, *sys.argv[1:]], TARGETS[target])
    atheris.Fuzz()


def run(target: str, seconds: int, seed: int, keep: bool) -> Row:
    """Fuzz a target in a process of its own; what it did.

    Raises
    ------
    RuntimeError
        If the fuzzer does not run, or keeps nothing of the corpus.
    """
    found, faults = WORK / target, WORK / "faults"
    for folder in (found, faults, CORPUS / target):
        folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    inside = os.environ | {TARGET: target, "PYTHONPATH": paths}
    limits = [
        f"-rss_limit_mb={MEGABYTES}",
        f"-timeout={SECONDS}",
        f"-artifact_prefix={faults}/{target}-",
        "-verbosity=1",
    ]
    until = [f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={LONGEST_INPUT}", "-print_final_stats=1"]
    began, said, commit = time.monotonic(), "", _commit()
    process = subprocess.Popen(
        [*command, *limits, *until, str(found), str(CORPUS / target)],
        cwd=ROOT, env=inside, stderr=subprocess.PIPE, text=True, errors="replace",
    )  # fmt: skip
    for line in process.stderr or ():
        print(line, end="", file=sys.stderr, flush=True)
        said += line
    code, took = process.wait(), round(time.monotonic() - began)
    try:
        row = Row(inputs=inputs_of(said), seconds=took, faults=int(code != 0), commit=commit)
    except ValueError as error:
        raise RuntimeError(f"the fuzzer did not run on {target} (exit code {code}): {error}") from error
    if keep and not code:
        fewer = WORK / f"{target}-fewer"
        shutil.rmtree(fewer, ignore_errors=True)
        fewer.mkdir()
        merged = [*command, "-merge=1", *limits, str(fewer), str(CORPUS / target), str(found)]
        subprocess.run(merged, cwd=ROOT, env=inside, check=True)
        if not any(fewer.iterdir()):
            raise RuntimeError(f"no input of {target} was kept; the corpus is as it was")
        shutil.rmtree(CORPUS / target)
        shutil.copytree(fewer, CORPUS / target)
    return row


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "--", "src", "workflow", "benchmarks/fuzz")
    return git("rev-parse", "--short=10", "HEAD") + "+" * bool(changed)


def main() -> int:
    """Ask the arguments what to do."""
    if os.environ.get(TARGET):
        fuzz(os.environ[TARGET])
    targets = sorted(path.name for path in CORPUS.iterdir())
    parser = argparse.ArgumentParser(
        prog="./do fuzz", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("targets", nargs="*", choices=[[], *targets], help="without any: all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="put what is new into the corpus")
    asked = parser.parse_args()
    failed = []
    for name in asked.targets or targets:
        row = run(name, asked.seconds, asked.seed, asked.keep)
        counts.keep({name: row})
        failed += [name] * row["faults"]
    print("faults: " + ", ".join(failed) if failed else "no fault")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
