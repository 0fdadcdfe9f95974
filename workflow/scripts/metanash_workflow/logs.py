"""The log of a job: its messages and warnings, and the traceback of what ended it."""

import faulthandler
import logging
import os
import sys
from pathlib import Path
from types import TracebackType

__all__ = ["StoppedError", "begin"]


class StoppedError(Exception):
    """A job that cannot go on for a reason which its message says in full; a traceback would add nothing."""


class _OneLine(logging.Formatter):
    """Messages without tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        bare = logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None, "stack_info": None})
        return super().format(bare)


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, StoppedError):
        logging.error("%s", error)
    else:
        logging.error("%s: %s", kind.__name__, error, exc_info=(kind, error, trace))


def begin(log: str) -> None:
    """Send everything to the log; to the terminal also, from warnings up, without tracebacks.

    Snakemake shows the log of a job that failed, by ``show-failed-logs`` of the profile. The display of ``./do
    reproduce`` reads the logs, and asks by METANASH_LOG_ONLY for nothing on the terminal.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    stream = open(log, "w")  # noqa: SIM115  # until the process ends
    whole, terminal = logging.StreamHandler(stream), logging.StreamHandler(sys.stderr)
    whole.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    terminal.setFormatter(_OneLine("%(levelname)s: %(message)s"))
    terminal.setLevel(logging.CRITICAL + 1 if os.environ.get("METANASH_LOG_ONLY") else logging.WARNING)
    logging.basicConfig(level=logging.INFO, handlers=[whole, terminal], force=True)
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # tells of each table of each font of each figure
    logging.captureWarnings(True)
    faulthandler.enable(stream)  # a crash in C too
    sys.excepthook = _ended
