"""The end of a job whose run has gone: killed, or its terminal closed. Nobody would look at what it makes."""

import logging
import os
import platform
import signal
import threading
import time
from pathlib import Path

__all__ = ["watch"]

RUN = "METANASH_RUN"
"""In the environment of a job: machine and process of its run, which the Snakefile sets."""
_EVERY, _PATIENCE = 0.5, 5.0
"""Seconds from look to look, and until a job that does not stop by itself is ended."""


def _fields(process: int) -> list[str]:
    """State, ..., ticks at which a process began (field 19) and more; empty where nothing tells."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _began(process: int) -> str:
    return "".join(_fields(process)[19:20])


def _is_gone(process: int, when: str) -> bool:
    """Whether there is no such process, it has ended and nobody asked how (Z), or its number is another one's now."""
    try:
        os.kill(process, 0)
    except OSError:
        return True
    fields = _fields(process)
    return bool(fields) and (fields[0] == "Z" or _began(process) != when)


def _look(process: int, when: str) -> None:
    while not _is_gone(process, when):
        time.sleep(_EVERY)
    logging.error("the run that began this job has gone: the job ends")
    if main := threading.main_thread().ident:
        signal.pthread_kill(main, signal.SIGINT)  # as Ctrl-C, so that it deletes what is half-written
    time.sleep(_PATIENCE)
    os._exit(1)


def watch() -> None:
    """End this job soon after its run; nothing if no run has begun it on this machine."""
    machine, _, process = os.environ.get(RUN, "").rpartition(" ")
    if machine == platform.node() and process.isdigit():
        threading.Thread(target=_look, args=(int(process), _began(int(process))), daemon=True).start()
