"""The kernel of Algorithm 1 beside what the processor can do at best: rates of ``peaks.c``, and the bound from them."""

import ctypes
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.kernels import Case, mirror_work
from metanash import kernels

CHAINS = 8  # of peaks.c
REPETITIONS = 50_000
WIDTHS = {"avx512": 8, "avx2": 4, "portable": 2}
OTHER = 10  # vector operations of an action beside products and exponential: logits, largest, scaling, sums
MOVED = 13  # doubles of an action that are read or written, beside Q
FLAGS = ["-std=gnu11", "-O2", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-pthread"]


def fastest(run: Callable[[], object], rounds: int) -> float:
    """Seconds of the fastest of some runs."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


@dataclass(frozen=True)
class Peaks:
    """Nanoseconds a double of each operation, and of reading one, by the bytes that are read again and again."""

    multiply_add: float
    exponential: float
    division: float
    library: ctypes.CDLL
    isa: str

    def read(self, size: int, rounds: int = 5) -> float:
        """Nanoseconds to read a double of ``size`` bytes that are read in turn."""
        count = max(size // 8, 64)
        room = np.zeros(count + 8)
        data = room[(-room.ctypes.data // 8) % 8 :]
        function = self.library[f"read_{self.isa}"]
        repetitions = max(1, 2**23 // count)
        arguments = ctypes.c_void_p(data.ctypes.data), ctypes.c_int64(count // WIDTHS[self.isa])
        seconds = fastest(lambda: function(*arguments, ctypes.c_int64(repetitions)), rounds)
        return seconds / (count * repetitions) * 1e9


def build(folder: Path) -> ctypes.CDLL:
    """Compile and load ``peaks.c``; it includes the kernels, to measure their own exponential."""
    target = folder / "peaks.so"
    source = Path(__file__).with_name("peaks.c")
    compiler, *options = sysconfig.get_config_var("CC").split()
    include = f"-I{sysconfig.get_path('include')}"
    command = [compiler, *options, "-shared", "-fPIC", *FLAGS, include, str(source), "-o", str(target)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(target))


def peaks(rounds: int) -> Peaks:
    """Rates of the instruction set in use."""
    isa = kernels.instruction_set
    with tempfile.TemporaryDirectory() as folder:
        library = build(Path(folder))
    found = {}
    for name in ("multiply_add", "exponential", "division"):
        function = library[f"{name}_{isa}"]
        function.restype = ctypes.c_double
        seconds = fastest(partial(function, ctypes.c_int64(REPETITIONS)), rounds)
        found[name] = seconds / (REPETITIONS * CHAINS * WIDTHS[isa]) * 1e9
    return Peaks(**found, library=library, isa=isa)


def operations(actions: int) -> dict[str, float]:
    """What an A x A game needs a lane and iteration: multiply-adds and the like, exponentials, divisions, bytes."""
    if actions == 2:  # one number per player, all in registers; see pair_step in lanes.h
        return {"multiply_add": 20, "exponential": 2, "division": 2, "bytes": 0}
    both, products = 2 * actions, 2 * actions**2
    moved = 8 * (actions**2 + MOVED * both)
    return {"multiply_add": products + OTHER * both, "exponential": both, "division": 2, "bytes": moved}


def bounds(actions: int, best: Peaks) -> tuple[float, float]:
    """Nanoseconds a lane and iteration that the operations take at least, and that moving its bytes does.

    Exponentials are multiply-adds and take their turn with the others; the divider works beside them.
    """
    work = operations(actions)
    products = work["multiply_add"] * best.multiply_add + work["exponential"] * best.exponential
    block = 8 * WIDTHS[best.isa] * (actions**2 + 12 * actions)  # Q, logits, policies, gradients and sums
    moving = work["bytes"] / 8 * best.read(block) if work["bytes"] else 0.0
    return max(products, work["division"] * best.division), moving


def measured(actions: int, rounds: int) -> float:
    """Nanoseconds a lane and iteration of the compiled kernel."""
    lanes = 64
    iterations = max(20, 400_000 // (lanes * actions**2))
    case = Case("", lanes, actions, actions, {"c": iterations, "twin": 1, "plain": 1}, {})
    return fastest(mirror_work(case)["c"], rounds) / (lanes * iterations) * 1e9
