"""Fuzz one target, or all one after the other: ``./do fuzz [TARGET ...] [--seconds 60] [--seed 1]``.

Begins with the corpus in ``tests/corpus``, and adds to a copy in ``.fuzz``. An input that shows a fault is kept in
``.fuzz/faults``, and ends the run; ``--keep`` puts what is new into the corpus: as few inputs as have its coverage.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORK, CORPUS = ROOT / ".fuzz", ROOT / "tests/corpus"
TARGET = "METANASH_FUZZED"
"""In the environment of a process of the fuzzer, which starts others with its own arguments."""
MEGABYTES, SECONDS = 2048, 20
"""Memory of the process, and time of one input, beyond which there is a fault."""


def fuzz(target: str) -> None:
    """Run libFuzzer on a target in this process, by the rest of its arguments; it does not return."""
    import atheris  # noqa: PLC0415  # only here: it changes how modules are imported

    with atheris.instrument_imports(include=["metanash", "workflow"]):
        from benchmarks.fuzz.targets import TARGETS  # noqa: PLC0415
    itself = f"{sys.executable} {__file__}"  # a merge starts it again, through a shell
    atheris.Setup([itself, *sys.argv[1:]], TARGETS[target])
    atheris.Fuzz()


def run(target: str, seconds: int, seed: int, keep: bool) -> int:
    """Fuzz a target in a process of its own."""
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
    time = [f"-max_total_time={seconds}", f"-seed={seed}", "-max_len=4096", "-print_final_stats=1"]
    done = subprocess.run(
        [*command, *limits, *time, str(found), str(CORPUS / target)], cwd=ROOT, env=inside, check=False
    )
    if keep and not done.returncode:
        fewer = WORK / f"{target}-fewer"
        shutil.rmtree(fewer, ignore_errors=True)
        fewer.mkdir()
        merged = [*command, "-merge=1", *limits, str(fewer), str(CORPUS / target), str(found)]
        subprocess.run(merged, cwd=ROOT, env=inside, check=True)
        if not any(fewer.iterdir()):
            raise RuntimeError(f"no input of {target} was kept; the corpus is as it was")
        shutil.rmtree(CORPUS / target)
        shutil.copytree(fewer, CORPUS / target)
    return done.returncode


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
    failed = [name for name in asked.targets or targets if run(name, asked.seconds, asked.seed, asked.keep)]
    print("faults: " + ", ".join(failed) if failed else "no fault")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
