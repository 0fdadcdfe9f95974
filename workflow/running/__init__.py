"""One run at a time for a folder of results, nothing left over of one that was killed, and nothing damaged used.

Snakemake marks what a run reads and writes by files in ``.snakemake/locks``. After a kill they stay, and the next run
stops at them; and whichever run ends first deletes those of all others (Snakemake 9.27). So a run holds locks of the
operating system as well, which end with its process whatever ends it: one for each folder that it writes to. Who holds
them is the only run there, and may delete what a dead one has left, and set aside what is damaged.
"""

import os
import platform
import sys
from collections.abc import Sequence
from logging import Logger

from workflow.running.alone import AlreadyRunningError, Turn, is_dry, only_looks, take_turn, tidy
from workflow.running.damage import begin_list, damaged, end_list, in_words, set_aside
from workflow.running.forks import fork_jobs
from workflow.running.order import longest_chains_first
from workflow.running.passes import only_when_a_job_ends

__all__ = [
    "AlreadyRunningError",
    "Run",
    "Turn",
    "fork_jobs",
    "longest_chains_first",
    "only_looks",
    "only_when_a_job_ends",
    "take_turn",
    "tidy",
]

JOBS_OF = "METANASH_RUN"
"""In the environment of jobs: machine and process of their run, with which they end (``metanash_workflow.watch``)."""


class Run:
    """What the Snakefile asks of its run.

    Parameters
    ----------
    results, figures : str
        The folders that the run writes to.
    logger : Logger
        Where it is said what is left of runs before this one.
    """

    def __init__(self, results: str, figures: str, logger: Logger) -> None:
        self._results, self._figures, self._logger = results, figures, logger
        self._turn: Turn | None = None

    def parsed(self, arguments: Sequence[str], *, is_main: bool) -> None:
        """Take the turn before Snakemake looks for its own locks; not if it makes nothing, or one job of a run."""
        os.environ[JOBS_OF] = f"{platform.node()} {os.getpid()}"
        if not is_main:
            return
        if only_looks(arguments):
            tidy()
        else:
            self._take_turn()
        if self._turn or is_dry(arguments):
            self._look_for_damage()

    def begin(self) -> None:
        """Jobs are about to be run."""
        self._take_turn()
        begin_list(self._results)

    def end(self) -> None:
        """All jobs have ended, well or not."""
        end_list(self._results)

    def _look_for_damage(self) -> None:
        """Name files that are not as they were made; a run that makes something sets them aside."""
        found = damaged(self._results, self._figures)
        if not found:
            return
        self._say(in_words(found))
        if self._turn:
            set_aside(found)

    def _take_turn(self) -> None:
        """Be the only run that writes to the folders, or end this process."""
        if self._turn:
            return
        try:
            self._turn = take_turn([self._results, self._figures])
        except AlreadyRunningError as error:
            sys.exit(f"snakemake: {error}")
        if self._turn.removed:
            self._say(
                "a run before this one was killed: its locks are deleted, and what it left unfinished is made anew"
            )

    def _say(self, words: str) -> None:
        self._logger.info(words, extra={"remark": True})
