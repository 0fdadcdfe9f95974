"""What a dry run would do, for ``workflow.cluster``: a line of JSON a job, in the file that METANASH_PLAN names."""

import json
import os
from pathlib import Path

from snakemake.logging import get_event
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent


class LogHandler(LogHandlerBase):
    """Writes jobs down, and errors on the terminal."""

    writes_to_stream = False
    writes_to_file = True
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self):
        self.baseFilename = os.environ["METANASH_PLAN"]  # Snakemake asks for it

    def emit(self, record):
        """Write the line of a job."""
        if get_event(record) != LogEvent.JOB_INFO:
            return
        job = {
            "rule": record.rule_name,
            "wildcards": dict(record.wildcards or {}),
            "inputs": list(record.input or ()),
            "outputs": list(record.output or ()),
            "log": next(iter(record.log or ()), ""),
            "threads": record.threads,
            "priority": record.priority,
        }
        with Path(self.baseFilename).open("a") as file:
            file.write(json.dumps(job) + "\n")
