"""One run at a time for a folder of results, and nothing left over of one that was killed.

Snakemake marks what a run reads and writes by files in ``.snakemake/locks``. After a kill they stay, and the next run
stops at them; and whichever run ends first deletes those of all others (Snakemake 9.27). So a run holds locks of the
operating system as well, which end with its process whatever ends it: one for each folder that it writes to. Who holds
them is the only run there, and may delete what a dead one has left.
"""

import os
import platform
import sys
from collections.abc import Sequence
from logging import Logger

from workflow.running.alone import AlreadyRunningError, Turn, only_looks, take_turn, tidy

__all__ = ["AlreadyRunningError", "Run", "Turn", "only_looks", "take_turn", "tidy"]

JOBS_OF = "METANASH_RUN"
"""In the environment of jobs: machine and process of their run, with which they end (``metanash_workflow.watch``)."""


class Run:
    """What the Snakefile asks of its run.

    Parameters
    ----------
    folders : sequence of str
        What the run writes to.
    logger : Logger
        Where it is said that a run before this one was killed.
    """

    def __init__(self, folders: Sequence[str], logger: Logger) -> None:
        self._folders, self._logger = folders, logger
        self._turn: Turn | None = None

    def parsed(self, arguments: Sequence[str], *, is_main: bool) -> None:
        """Take the turn before Snakemake looks for its own locks; not if it makes nothing, or one job of a run."""
        os.environ[JOBS_OF] = f"{platform.node()} {os.getpid()}"
        if is_main and only_looks(arguments):
            tidy()
        elif is_main:
            self.begin()

    def begin(self) -> None:
        """Be the only run that writes to the folders, or end this process."""
        if self._turn:
            return
        try:
            self._turn = take_turn(self._folders)
        except AlreadyRunningError as error:
            sys.exit(f"snakemake: {error}")
        if self._turn.removed:
            self._logger.info(
                "a run before this one was killed: its locks are deleted, and what it left unfinished is made anew",
                extra={"remark": True},
            )
