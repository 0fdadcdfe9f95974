"""Small faults in the loops in C: one change of one token, a condition turned round, an assignment left out.

A header is compiled once for each instruction set, so a fault is in all of them, as if someone had written it. Each is
built in a copy of the checkout (optimised less than the real kernels, with the same fused operations) and meets the
tests of the kernels, which stop at the first that fails. What does not compile is no mutant.
"""

import difflib
import fnmatch
import json
import os
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.mutants.run import FOLDER, ROOT, MutantsError, Outcome, copy_checkout
from metanash.archive import write_text

__all__ = ["KERNELS", "Header", "Mutant", "headers", "mutants"]

KERNELS = Path("src/metanash/kernels")
TESTS = tuple(
    f"tests/library/kernels/test_{name}.py"
    for name in ("signatures", "kernels", "joint_mirror", "schedules", "trees", "threads")
)
"""Without budgets of instructions, which any change breaks, and without those that compile a kernel of their own."""
OPTIONS = ["-std=gnu11", "-O1", "-fexpensive-optimizations", "-ffp-contract=fast", "-fno-math-errno",
           "-fno-trapping-math", "-fPIC", "-pthread", "-w"]  # fmt: skip
"""As in setup.py, but -O1, which compiles in half the time; -fexpensive-optimizations fuses products and sums."""
LONGER = 5.0
"""A mutant has so many times what the tests take without one, and ten seconds."""
MOST_MEMORY = 8 << 30
NEWLINE = "\n"

_SILENT = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\])*\"|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.DOTALL | re.MULTILINE)
"""Comments, texts and lines of the preprocessor, which are left as they are."""
_OTHER = {
    "+": "-", "-": "+", "*": "+", "/": "*", "<": "<=", ">": ">=", "<=": "<", ">=": ">", "==": "!=", "!=": "==",
    "&&": "||", "||": "&&", "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "<<": ">>", ">>": "<<",
}  # fmt: skip
_OPERATOR = re.compile(r"(?<= )(?:[-+*/]=?|<<|>>|[<>]=?|[=!]=|&&|\|\|)(?= )")
"""Of two operands: these have blanks around them in these sources, pointers and signs have not."""
_NUMBER = re.compile(r"(?<![\w.])(?:\d+\.\d*(?:e[-+]?\d+)?|\d+)(?![\w.])")
_SWAPPED = re.compile(r"\b(?:larger|smaller|fmax|fmin)\b")
_CONDITION = re.compile(r"\bif (\()")
_ASSIGNED = re.compile(r"(?<=\n)[ \t]+[\w.\->\[\]*+() ]+ [-+*/]?= [^\n;{}]*;(?=\n)")
_DECLARED = re.compile(r"\s*(?:const |static |struct |double |int|uint|size_t|NAMED\(\w+\) |register |four |void )")
_SWAP = {"larger": "smaller", "smaller": "larger", "fmax": "fmin", "fmin": "fmax"}


@dataclass(frozen=True)
class Mutant:
    """A change of a header.

    Attributes
    ----------
    name : str
        As mutmut would call it: ``kernels/values.h__mutmut_120:17.1``, line, column, and which of several.
    begin, end : int
        Characters of the header that are replaced.
    text : str
        What stands there instead.
    """

    name: str
    begin: int
    end: int
    text: str

    def applied(self, source: str) -> str:
        """The header with this change."""
        return source[: self.begin] + self.text + source[self.end :]

    def difference(self, source: str) -> str:
        """The changed lines, as a unified difference without context."""
        lines = (text.splitlines() for text in (source, self.applied(source)))
        return "\n".join(difflib.unified_diff(*lines, "before", "after", n=0, lineterm=""))


def headers(root: Path = ROOT) -> list[str]:
    """Names of the headers with loops, in alphabetical order.

    ``arguments.h``, ``signatures.h`` and ``calls.h`` declare what is passed: a mistake there does not compile, or is
    the business of ``test_signatures.py``.
    """
    declared = {"arguments.h", "calls.h", "signatures.h"}
    return sorted(path.name for path in (root / KERNELS).glob("*.h") if path.name not in declared)


def mutants(source: str, name: str) -> list[Mutant]:
    """All changes of a header, in its order.

    Examples
    --------
    >>> [mutant.text for mutant in mutants("x = a + 2; /* + 3 */", "f.h")]
    ['-', '3']
    """
    bare = _SILENT.sub(lambda found: re.sub(r"[^\n]", "\0", found[0]), source)
    named: Counter[str] = Counter()
    found = []
    for begin, end, text in sorted(set(_changes(bare))):
        if "\0" in bare[begin:end]:
            continue
        before = bare[:begin]
        place = f"{before.count(NEWLINE) + 1}:{begin - before.rfind(NEWLINE)}"
        named[place] += 1
        found.append(Mutant(f"kernels/{name}__mutmut_{place}.{named[place]}", begin, end, text))
    return found


def _changes(bare: str) -> Iterator[tuple[int, int, str]]:
    for found in _OPERATOR.finditer(bare):
        yield *found.span(), _OTHER[found[0]]
    for found in _NUMBER.finditer(bare):
        number = found[0]
        other = str(int(number) + 1) if number.isdigit() else ("1.0" if float(number) == 0.0 else f"(2 * {number})")
        yield *found.span(), other
    for found in _SWAPPED.finditer(bare):
        yield *found.span(), _SWAP[found[0]]
    for found in _CONDITION.finditer(bare):
        yield *found.span(1), "(!"  # of the whole condition, or of its first operand
    for found in _ASSIGNED.finditer(bare):
        if not _DECLARED.match(found[0]):
            yield *found.span(), ";"


class Header:
    """Mutants of one header, in a copy of the checkout; what was found so far is kept in the copy."""

    def __init__(self, name: str, sample: int | None, seed: int = 0, root: Path = ROOT):
        if name not in headers(root):
            raise MutantsError(f"{name}: the headers with loops are {', '.join(headers(root))}")
        self.name, self.seed, self.root = name, seed, root
        self.source = (root / KERNELS / name).read_text()
        self.all = mutants(self.source, name)
        order = random.Random(f"{name} {seed}").sample(self.all, len(self.all))
        self.drawn, self.sample = order, len(order) if sample is None else min(sample, len(order))
        self.folder = root / FOLDER / f"kernels.{name}"

    def carry_out(self) -> Outcome:
        """Build and test mutants until enough have been tested; the copy goes when they have."""
        began = _used()
        status, limit = self._begun()
        for mutant in self.drawn:
            if len([one for one in status.values() if one != "not built"]) >= self.sample:
                break
            if mutant.name not in status:
                status[mutant.name] = self.tried(mutant.applied(self.source), limit)
                write_text(self.folder / "status.json", json.dumps({"limit": limit, "status": status}))
                print(f"{mutant.name}: {status[mutant.name]}", flush=True)
        tested = {name: one for name, one in status.items() if one != "not built"}
        alive = {
            mutant.name: mutant.difference(self.source)
            for mutant in self.drawn
            if tested.get(mutant.name) == "survived"
        }
        shutil.rmtree(self.folder)
        return Outcome(len(self.all), tested, alive, _used() - began)

    def _begun(self) -> tuple[dict[str, str], float]:
        """Findings of an interrupted run on the same sources, and the limit of time; else of tests without a fault."""
        digest = json.dumps([self.source, self.seed, OPTIONS, TESTS])
        kept = self.folder / "status.json"
        if kept.exists() and (self.folder / "digest.json").read_text() == digest:
            found = json.loads(kept.read_text())
            return found["status"], found["limit"]
        self._copy()
        write_text(self.folder / "digest.json", digest)
        since = time.monotonic()
        if self.tried(self.source, None) != "survived":
            raise MutantsError(
                f"{self.name}: the tests fail without a fault, or nothing compiles: {self.folder}/log.txt"
            )
        limit = LONGER * (time.monotonic() - since) + 10
        write_text(kept, json.dumps({"limit": limit, "status": {}}))
        return {}, limit

    def _copy(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder.parent, prefix=".copy-") as temporary:
            fresh = Path(temporary, "copy")
            copy_checkout(self.root, fresh)
            fresh.rename(self.folder)

    def tried(self, source: str, limit: float | None) -> str:
        """Build with this text as the header and run the tests: killed, survived, timeout or not built."""
        write_text(self.folder / KERNELS / self.name, source)
        if not self._built():
            return "not built"
        paths = os.pathsep.join(map(str, (self.folder / "src", self.folder)))
        call = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *TESTS]
        ended = self._call(call, limit, {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"})
        return "timeout" if ended is None else "survived" if ended == 0 else "killed"

    def _built(self) -> bool:
        """Compile all sources that exist and link them under the name that is imported."""
        folder = self.folder / KERNELS
        compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
        digest = subprocess.run(
            [sys.executable, "-c", "import runpy; print(runpy.run_path('extension.py')['source_digest']())"],
            cwd=folder, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
        options = [*OPTIONS, f'-DSOURCE_DIGEST="{digest}"', f"-I{sysconfig.get_path('include')}"]
        sources, product = sorted(path.name for path in folder.glob("*.c")), folder / "compiled.abi3.so"
        product.unlink(missing_ok=True)
        calls = [[*compiler, *options, "-c", name, "-o", f"{name}.o"] for name in sources]
        calls.append([*compiler, "-shared", "-pthread", *(f"{name}.o" for name in sources), "-o", product.name])
        return all(self._call(call, None, {}, folder) == 0 for call in calls)  # none after one that fails

    def _call(
        self, command: list[str], limit: float | None, more: Mapping[str, str], folder: Path | None = None
    ) -> int | None:
        """Status of a command; None if it took longer than the limit. Its output goes to the log."""
        environment = {key: value for key, value in os.environ.items() if not fnmatch.fnmatch(key, "METANASH_*")} | more
        with (self.folder / "log.txt").open("a") as log:
            process = subprocess.Popen(
                command, cwd=folder or self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            if hasattr(resource, "prlimit"):
                resource.prlimit(process.pid, resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
            try:
                return process.wait(limit)
            except subprocess.TimeoutExpired:
                return None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()


def _used() -> float:
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime
