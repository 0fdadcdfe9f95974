"""A process that has imported the packages of all scripts, and forks one for each job.

It is started by :mod:`workflow.running.forks` as a program of its own, with a socket: each message names a script and
its environment, and brings the end of a pipe, through which go the number of the process that runs the script and, in
the end, how it ended. The server ends when the other end of the socket is closed, whatever has closed it, and its jobs
have ended.

Of this project it imports all that jobs may need. Before each fork it looks at those files: where one has changed
since, it answers that it is of no use any more (``STALE``), and the run begins another server.
"""

import array
import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import threading
import time
import types
import warnings
from collections.abc import Iterable
from contextlib import suppress
from typing import NoReturn

FRAME = 8
"""Bytes before each message: its length."""
PACKAGES = (
    "snakemake.iocontainers",
    "snakemake.logging",
    "snakemake.script",
    "numpy",
    "scipy.optimize",
    "scipy.sparse",
    "scipy.special",
    "scipy.stats",
    "pandas",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf",
    "matplotlib.pyplot",
    "seaborn",
    "ipykernel.kernelapp",
    "nbclient",
    "nbconvert",
)
"""What jobs need longest to import."""
STALE = 0
"""Instead of the number of a process."""


def main(descriptor: int, project: str) -> None:
    """Fork for each message until there will be no more. Returns in none of the forks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the jobs themselves
    files = load(project)
    gc.collect()
    gc.freeze()  # no page is copied for the sake of a look at what was there before
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    asking, jobs = socket.socket(fileno=descriptor), {}
    looked_at = [asking, wake]
    while asking in looked_at or jobs:
        ready, _, _ = select.select(looked_at, [], [])
        if wake in ready:
            os.read(wake, 4096)
            _tell_ends(jobs)
        if asking in ready:
            message, answer = receive(asking)
            if message is None:
                looked_at.remove(asking)
            elif state(files) != files:
                os.write(answer, f"{STALE}\n".encode())
                os.close(answer)
            elif process := os.fork():
                jobs[process] = answer
                os.write(answer, f"{process}\n".encode())
            else:
                signal.set_wakeup_fd(-1)
                for other in (wake, woken, answer, *jobs.values()):
                    os.close(other)
                asking.close()
                _run(**json.loads(message))


def load(project: str) -> dict[str, tuple[int, int]]:
    """Import packages and all modules of one of this project; the state of its files, and of those that it imports.

    The first figure is drawn too, if the project has a module ``saving`` with a function ``prepare``.

    What cannot be imported, or warns, is left to the jobs that need it, which say why. A file that has changed
    meanwhile may have been read before or after: its state is none that it can have.
    """
    begun = time.time_ns()
    for name in PACKAGES:
        with suppress(ImportError):
            importlib.import_module(name)
    before = {*sys.modules}
    with suppress(Exception), warnings.catch_warnings(action="error"):
        package = importlib.import_module(project)
        for found in pkgutil.walk_packages(package.__path__, f"{project}.", onerror=lambda _: None):
            with suppress(Exception):
                importlib.import_module(found.name)
        if prepare := getattr(sys.modules.get(f"{project}.saving"), "prepare", None):
            prepare()  # what each job that draws would do first
    modules = (module for name, module in [*sys.modules.items()] if name not in before)
    found = state(str(file) for module in modules if (file := getattr(module, "__file__", None)))
    return {file: (-1, -1) if begun <= each[0] <= time.time_ns() else each for file, each in found.items()}


def state(files: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Time and size of each file, as they are now; of one that has gone none."""
    found = {}
    for file in files:
        with suppress(OSError):
            status = os.stat(file)
            found[file] = (status.st_mtime_ns, status.st_size)
    return found


def _tell_ends(jobs: dict[int, int]) -> None:
    """Tell how jobs ended, a line each: as subprocess.Popen.returncode."""
    while jobs:
        process, status = os.waitpid(-1, os.WNOHANG)
        if not process:
            return
        answer = jobs.pop(process)
        with suppress(BrokenPipeError):
            os.write(answer, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os.close(answer)


def receive(asking: socket.socket) -> tuple[bytes | None, int]:
    """Return the next message and the descriptor that came with it; None at the end."""
    head, ancillary, _, _ = asking.recvmsg(FRAME, socket.CMSG_SPACE(4))
    if not head:
        return None, -1
    descriptors = array.array("i")
    for _, _, content in ancillary:
        descriptors.frombytes(content)
    message = b""
    size = int.from_bytes(head + _exactly(asking, FRAME - len(head)), "big")
    message = _exactly(asking, size)
    return message, descriptors[0]


def _exactly(asking: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = asking.recv(min(size, 1 << 16))
        if not part:
            raise EOFError("the run has gone in mid-message")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _run(script: str, environment: dict[str, str]) -> NoReturn:
    """Be the program that this script is, from the first line to the end of the process."""
    for number in (signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = [script]
    sys.path.insert(0, os.path.dirname(script))
    _show_as(sys.executable, script)
    program = types.ModuleType("__main__")
    program.__file__ = script
    sys.modules["__main__"] = program
    status = 0
    try:
        with open(script, "rb") as file:
            content = file.read()
        exec(compile(content, script, "exec"), program.__dict__)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if not isinstance(end.code, int | None):
            print(end.code, file=sys.stderr)
    except BaseException as error:
        trace = error.__traceback__ and error.__traceback__.tb_next  # without the line above
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        status = -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    _end(status)


def _show_as(*words: str) -> None:
    """Have ps, top and whoever looks for jobs see them with the arguments that they would have by themselves."""
    with open("/proc/self/stat") as file:
        begin, end = map(int, file.read().rpartition(")")[2].split()[45:47])
    title = b"".join(word.encode() + b"\0" for word in words)
    if len(title) <= end - begin:  # of what the server was started with, which has room for this
        ctypes.memmove(begin, title.ljust(end - begin, b"\0"), end - begin)


def _end(status: int) -> NoReturn:
    """As an interpreter ends, but that nothing is taken apart, which would take longer than many a job."""
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        if status < 0:
            signal.signal(-status, signal.SIG_DFL)
            os.kill(os.getpid(), -status)
    finally:
        os._exit(status & 255)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])  # the rest is room for the names of scripts
