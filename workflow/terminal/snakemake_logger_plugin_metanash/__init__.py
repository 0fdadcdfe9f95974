"""What ``./do reproduce`` says: how far, how long still, what is being done, and at the end what was found.

A logger plugin of Snakemake, which finds packages of this name on the path of Python; ``./do`` puts the folder above on
it. ``snakemake`` without ``--logger metanash`` is not touched. Whoever asks for more or less than this (a dry run,
``--verbose``, ``--quiet``, ``--printshellcmds``, ``--debug-dag``) gets the output of Snakemake itself. The full log of
Snakemake is a file in any case.
"""

import copy
import logging
import os
import re
import sys
import time
from pathlib import Path

from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter, get_event
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from .displays import display_for
from .progress import Progress
from .times import known_seconds, results_of
from .wording import duration

ENDING = re.compile(r"Terminating processes|Will exit")
"""Remarks of Snakemake that say why nothing new begins."""
LOG_ONLY = "METANASH_LOG_ONLY"
"""Set for the jobs: their warnings go to their logs only, from where they are said without harm to the display."""


class LogHandler(LogHandlerBase):
    """Turns the events of a run into a display."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self):
        asked = self.common_settings
        self._snakemake = _snakemake_output(asked) if _is_more_or_less(asked) else None
        self._display = display_for(sys.stderr)
        if not self._snakemake:
            os.environ[LOG_ONLY] = "1"
        self._progress = None
        self._held, self._cores, self._interrupted, self._concluded = [], 1, False, False
        self._began = time.monotonic()
        self.setFormatter(DefaultFormatter(show_failed_logs=True))
        self._events = {
            LogEvent.RUN_INFO: self._on_plan,
            LogEvent.RESOURCES_INFO: self._on_resources,
            LogEvent.JOB_INFO: self._on_start,
            LogEvent.JOB_FINISHED: self._on_finish,
            LogEvent.JOB_ERROR: self._on_failure,
            None: self._on_remark,
        }

    def emit(self, record):
        """Show a record, or remember what it says."""
        if self._snakemake:
            self._snakemake.handle(record)
            return
        if self._concluded:  # what comes is said already, but for the full log
            return
        try:
            act = self._events.get(get_event(record))
            if act:
                act(record)
            elif record.levelno >= logging.WARNING:
                self._tell(record)
        except Exception:  # as every handler does: an exception here would end the thread that shows
            self.handleError(record)

    def close(self):
        """Leave the terminal as it was; say what was held back if nothing ran (``--unlock``, nothing to be done)."""
        self._display.close()
        if self._progress is None:
            for record in self._held:
                self._display.say(self.format(record))
            self._held = []
        super().close()

    def _on_plan(self, record):
        counts = {rule: count for rule, count in record.stats.items() if rule != "total"}
        self._progress = Progress(counts, self._cores)
        self._display.show(self._progress)

    def _on_resources(self, record):
        self._cores = getattr(record, "cores", self._cores)

    def _on_start(self, record):
        if record.log and not self._progress.seconds:
            self._progress.seconds = known_seconds(results_of(record.log[0]))
        self._progress.start(record.jobid, record.rule_name, record.rule_msg or record.rule_name, record.log)
        self._display.update()

    def _on_finish(self, record):
        job = self._progress.finish(record.job_id)
        for warning in warnings_in(job.logs if job else ()):
            self._display.say(f"{job.words}: {warning}")
        self._display.update()

    def _on_failure(self, record):
        self._progress.fail(record.jobid)
        short = copy.copy(record)
        short.input = short.output = []  # up to hundreds of names; the full log has them
        self._tell(short)

    def _on_remark(self, record):
        if hasattr(record, "conclusion"):
            self._concluded = True
            took = f"  {'time':10s} {duration(time.monotonic() - self._began)}"
            self._display.conclude("\n".join([record.getMessage(), took, f"  {'full log':10s} {record.log}"]))
        elif record.levelno >= logging.WARNING or hasattr(record, "remark"):
            self._tell(record)
        elif self._progress is None:
            self._held.append(record)
        elif ENDING.match(record.getMessage()):
            self._interrupted |= record.getMessage().startswith("Terminating")
            self._tell(record)

    def _tell(self, record):
        """Say a record; no error of a job after Ctrl-C, since whoever has pressed it knows why the jobs ended."""
        if not self._interrupted or get_event(record) is None:
            self._display.say(self.format(record))


def warnings_in(logs):
    """Warnings of a job, each once, from its logs."""
    texts = [Path(log).read_text(errors="replace") for log in logs if Path(log).exists()]
    found = [line for text in texts for line in text.splitlines() if line.startswith("WARNING: ")]
    return list(dict.fromkeys(found))


def _is_more_or_less(asked):
    return asked.dryrun or asked.verbose or asked.debug_dag or asked.printshellcmds or bool(asked.quiet)


def _snakemake_output(asked):
    """The handler that Snakemake would have without a plugin."""
    handler = ColorizingTextHandler(nocolor=asked.nocolor, stream=sys.stdout if asked.stdout else sys.stderr)
    quiet = set(asked.quiet or ())
    handler.addFilter(DefaultFilter(quiet, asked.debug_dag, asked.verbose, asked.dryrun, asked.printshellcmds))
    handler.setFormatter(DefaultFormatter(quiet, asked.show_failed_logs))
    return handler
