"""Seconds that a job of each rule takes: those of the last run here, and for rules that have not run the typical ones.

Snakemake keeps when each job began and ended, for every rule and not only for those with a benchmark file. The typical
times are those of a finished run on another machine; ``./do typical-times`` writes them anew from what has run here.
"""

import csv
import json
import sys
from collections import defaultdict
from pathlib import Path

TYPICAL = Path(__file__).with_name("typical.csv")
TOUCHED = 0.2  # seconds; more than giving the files of a job a new time takes (--touch)
DEFAULT, SMALL, DEEP = "results", "results/smoke", "results/deep"  # the runs of which there are typical times


def results_of(log):
    """Folder of results, from the log of a job in it."""
    return log.rpartition("/logs/")[0] if log.count("/logs/") == 1 else log.partition("/logs/")[0]


def recorded_seconds(results, metadata=Path(".snakemake/metadata"), least=TOUCHED):
    """Mean time of the jobs of each rule that have run here for a folder of results and took more than the least."""
    jobs = defaultdict(dict)
    for path in metadata.rglob("*"):
        try:
            record = json.loads(path.read_text()) if path.is_file() else {}
            seconds = (record.get("endtime") or 0) - (record.get("starttime") or 0)
            logs = record.get("log") or []
        except (OSError, ValueError, AttributeError):  # another version of Snakemake, or just being written
            continue
        if logs and results_of(logs[0]) == results and seconds > least:
            jobs[record["rule"]][logs[0]] = seconds  # a record per output
    return {rule: sum(found.values()) / len(found) for rule, found in sorted(jobs.items())}


def typical_seconds(results, table=TYPICAL):
    """Times of a run elsewhere: of the small one and the deep one for their folders, of the default one for all others.

    A rule that the deep run did not need takes as long as in the default one.
    """
    columns = {SMALL: [SMALL], DEEP: [DEFAULT, DEEP]}.get(results, [DEFAULT])
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["rule"]: float(row[column]) for column in columns for row in rows if row.get(column)}


def known_seconds(results):
    """Seconds of each rule, recorded here or else typical."""
    return typical_seconds(results) | recorded_seconds(results)


def main(table=TYPICAL):
    """Write the table of typical times from what has run here; 1 if nothing has.

    The times of a run that is not here stay as they were.
    """
    found = {results: recorded_seconds(results, least=0.0) for results in (DEFAULT, SMALL, DEEP)}
    if not any(found.values()):
        print("typical-times: nothing has run here; first ./do smoke, then ./do reproduce", file=sys.stderr)
        return 1
    if table.exists():
        with table.open(newline="") as file:
            before = list(csv.DictReader(file))
        for results in (results for results, seconds in found.items() if not seconds):
            found[results] = {row["rule"]: float(row[results]) for row in before if row.get(results)}
    with table.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["rule", *found])
        for rule in sorted(set().union(*found.values())):
            writer.writerow([rule, *(f"{seconds[rule]:.2f}" if rule in seconds else "" for seconds in found.values())])
    return 0
