"""As many passes of Snakemake's scheduler as jobs that end.

At most 100 jobs a second are begun unless ``--max-jobs-per-timespan`` says otherwise, and to keep to that each pass
over the jobs that are ready starts a timer for another pass a second later (Snakemake 9.27). So each job that ends
leaves one more chain of passes behind: in a small run of 200 jobs there were 5,300 passes, each of which looks up the
sizes of all inputs of all jobs that are ready (``findings/snakemake_schedules_ever_more_often.sh``). On one machine, or
in few submissions, jobs need no such limit.
"""

from typing import Any

__all__ = ["only_when_a_job_ends"]

_DEFAULT = (100, 1)
"""Jobs and seconds, where no limit is asked for."""


def only_when_a_job_ends(workflow: Any) -> None:
    """Begin without that limit, unless it was asked for. Called by ``onstart``, when there is a scheduler.

    A Snakemake whose scheduler is made in another way keeps its limit, and its passes.
    """
    limit = getattr(getattr(workflow, "scheduling_settings", None), "max_jobs_per_timespan", None)
    scheduler = getattr(workflow, "scheduler", None)
    asked = (getattr(limit, "max_jobs", None), getattr(limit, "timespan", None))
    if asked == _DEFAULT and hasattr(scheduler, "job_rate_limiter"):
        scheduler.job_rate_limiter = None
