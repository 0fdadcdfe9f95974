"""Kernels of notebooks that are forks of the job that executes one, instead of new interpreters.

A job is itself a fork of a process that has imported what notebooks import (``workflow.running.server``), which takes
two seconds otherwise. A kernel is a process of its own nevertheless: it can be interrupted, killed and timed out, has
its own names, and shows warnings and errors as any other.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, NoReturn

from jupyter_client.provisioning import local_provisioner
from nbclient import NotebookClient

from metanash_replication.replacing import replaced

__all__ = ["ForkedKernel", "execute", "kernels_are_forks"]

QUIET = ["--log-level=ERROR"]
UNLESS = "METANASH_OWN_INTERPRETERS"
_LAUNCHER = "ipykernel_launcher"


def execute(notebook: Any, timeout: int = 600) -> None:
    """Execute a notebook, with outputs that have no times.

    Parameters
    ----------
    notebook : NotebookNode
        Its cells get outputs.
    timeout : int
        Seconds for a cell.

    Raises
    ------
    CellExecutionError, CellTimeoutError, DeadKernelError
        As of nbclient.
    """
    options: dict[str, Any] = {"kernel_name": "python3", "record_timing": False, "extra_arguments": QUIET}
    with kernels_are_forks():
        NotebookClient(notebook, timeout=timeout, **options).execute()


class ForkedKernel:
    """A kernel that was forked, with the part of ``subprocess.Popen`` that Jupyter needs of it.

    Attributes
    ----------
    pid : int
    returncode : int or None
        As of ``subprocess.Popen``; None until its end has been asked for.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """How it ended; None if it has not."""
        return self._ended(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int | None:
        """How it ended, when it has."""
        if timeout is not None:
            raise NotImplementedError("Jupyter asks again and again instead")
        return self._ended(0)

    def send_signal(self, number: int) -> None:
        """To it alone."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, options: int) -> int | None:
        if self.returncode is None:
            found, status = os.waitpid(self.pid, options)
            if found:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def _fork(cmd: Sequence[str], env: Mapping[str, str] | None = None, cwd: str | None = None, **_: Any) -> ForkedKernel:
    """In the place of ``jupyter_client.launcher.launch_kernel``."""
    if _LAUNCHER not in cmd:
        raise ValueError(f"not a kernel of Python: {' '.join(cmd)}")
    arguments, parent = [*cmd[cmd.index(_LAUNCHER) + 1 :]], os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if not process:
        _be_kernel(arguments, parent, env, cwd)
    with suppress(OSError):  # whichever comes first: Jupyter asks for the group at once, and sends signals to it
        os.setpgid(process, process)
    return ForkedKernel(process)


def _be_kernel(arguments: list[str], parent: int, env: Mapping[str, str] | None, cwd: str | None) -> NoReturn:
    """Be what an interpreter that has just begun would be, but for the modules that are there."""
    status = 1
    try:
        sys.argv = [_LAUNCHER, *arguments]
        os.setpgid(0, 0)  # signals reach it alone
        signal.set_wakeup_fd(-1)  # or what it is sent would wake the loop of the job, which would clean up twice
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if env is not None:
            os.environ.clear()
            os.environ.update(env)
        if cwd is not None:
            os.chdir(cwd)
        logging.captureWarnings(False)  # warnings and messages are the notebook's, not the job's
        logging.getLogger().handlers.clear()
        logging.getLogger().setLevel(logging.WARNING)
        sys.excepthook = sys.__excepthook__
        asyncio.set_event_loop(asyncio.new_event_loop())  # the other one goes on in the job
        _show_as_in_notebooks()
        from ipykernel.kernelapp import IPKernelApp  # noqa: PLC0415  # no job needs it but this process

        IPKernelApp.launch_instance([*arguments, f"--IPKernelApp.parent_handle={parent}"])
        status = 0
    except BaseException:
        sys.__excepthook__(*sys.exc_info())
    finally:
        os._exit(status)  # what is to be done at the end of the job is the job's


def _show_as_in_notebooks() -> None:
    """Settings of packages that ask, as they are imported, whether they are in a notebook, and have been imported."""
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    if "matplotlib" in sys.modules:
        import matplotlib as mpl  # noqa: PLC0415

        from metanash_replication.saving import measured_once  # noqa: PLC0415

        mpl.rc_file_defaults()  # styles and figures of the job are none of the notebook's
        mpl.rcParams["backend"] = os.environ["MPLBACKEND"]
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            pyplot.close("all")
            vars(pyplot)["_backend_mod"] = None  # one that the job has used: it is looked up anew by the first figure
        measured_once().__enter__()  # until the kernel ends
    if "pandas" in sys.modules:
        import pandas as pd  # noqa: PLC0415

        pd.options.display.max_columns = 20  # 0 on a terminal: as many as fit


def kernels_are_forks() -> AbstractContextManager[None]:
    """Context in which Jupyter begins kernels so; not where jobs are no forks either (``workflow.running.forks``)."""
    if sys.platform != "linux" or os.environ.get(UNLESS):
        return nullcontext()
    return replaced(local_provisioner, "launch_kernel", _fork)
