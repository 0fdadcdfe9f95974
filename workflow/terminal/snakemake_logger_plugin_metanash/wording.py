"""Sentences of the display: no control characters, no width."""

SHOWN = 2  # jobs that are named; of more, their number


def duration(seconds):
    """A time that has passed: ``42 s``, ``7 min 12 s``, ``1 h 20 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def rough(seconds):
    """A time that is estimated, no finer than such times are known."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 55:
        return f"about {max(round(seconds / 10), 1) * 10} s"
    minutes = max(round(seconds / 60), 1)
    return f"about {minutes} min" if minutes < 60 else f"about {minutes // 60} h {minutes % 60} min"


def how_far(progress):
    """Share of the work, jobs and the time that is left."""
    jobs = f"{progress.done} of {progress.total} jobs"
    failed = f", {progress.failed} failed" if progress.failed else ""
    left = f", {rough(progress.left())} left" if progress.done < progress.total else ""
    return f"{progress.percent()} % ({jobs}{failed}){left}"


def what_is_done(progress):
    """Messages of the jobs that run, the longest running ones first."""
    words = [job.words for job in progress.running.values()]
    more = [f"and {len(words) - SHOWN} more"] if len(words) > SHOWN else []
    return "; ".join([*words[:SHOWN], *more]) or "between two jobs"
