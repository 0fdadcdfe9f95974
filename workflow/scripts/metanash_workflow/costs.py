"""What a job has taken: processor time and memory, said in its log, from where ``./do costs`` reads them."""

import re
import resource
import sys
import time
from pathlib import Path

__all__ = ["spent"]

SERVER = Path(__file__).resolve().parents[2] / "running/server.py"


def spent() -> str:
    """Processor time of this process, its imports included, and of those that it has waited for; the most memory.

    What the kernel of the system says of a process begins anew with its program (VmHWM), while ``getrusage`` may tell
    the size of whoever has started it; of processes that have ended there is nothing else.
    """
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.process_time() + children.ru_utime + children.ru_stime
    memory = f"{_peak() + children.ru_maxrss / 1024:.0f} MB of memory at most"
    return f"cost: {seconds:.2f} s of processor time, {memory}" + ", with what was imported before" * _is_fork()


def _is_fork() -> bool:
    """Whether this process is a fork (``workflow.running.server``), whose imports have cost another one."""
    return sys.orig_argv[2:3] == [str(SERVER)]


def _peak() -> float:
    """Most memory of this process, in MB."""
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), flags=re.MULTILINE)
    except OSError:  # no Linux
        found = None
    return (int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024
