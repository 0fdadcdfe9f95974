#!/usr/bin/env bash
# Snakemake 9.27.1 passes over its ready jobs more and more often, the longer a run is.
#
# A workflow of short jobs that all are ready at once, on eight cores. Expected: about as many passes of the scheduler as
# jobs that end, since nothing else changes which job may begin. Seen: each pass starts a timer for another pass a second
# later, on account of the default --max-jobs-per-timespan 100/1s, and each job that ends begins one more such chain. So
# passes grow with the square of the jobs: twice the jobs, about four times the passes. Where jobs have many inputs, whose
# sizes are looked up in each pass, Snakemake takes a whole core.
# Without a limit, which no option can say, passes are as many as jobs: scheduler.job_rate_limiter = None in onstart.
#
# Output seen (Python 3.11, two busy cores; the counts of passes with the limit vary by a third):
#   40 jobs: 69 passes, 34 without the limit
#   80 jobs: 370 passes, 74 without the limit
#   160 jobs: 1540 passes, 154 without the limit
# Fails if 160 jobs take fewer than three times their number of passes, or more than that number without the limit.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check snakemake==9.27.1
cd "$folder"
cat >Snakefile <<'TEXT'
passes = [0]

rule all:
    input:
        expand("out/{number}", number=range(config["jobs"])),

rule one:
    output:
        "out/{number}",
    shell:
        "sleep 1; touch {output}"

onstart:
    select = workflow.scheduler.job_selector

    def counted(jobs):
        passes[0] += 1
        return select(jobs)

    workflow.scheduler.job_selector = counted
    if not config["limit"]:
        workflow.scheduler.job_rate_limiter = None

onsuccess:
    Path("passes").write_text(str(passes[0]))
TEXT
sed -i '1i from pathlib import Path' Snakefile

passes() { # JOBS LIMIT
    rm -rf out passes
    PATH="$folder/venv/bin:$PATH" snakemake --cores 8 --scheduler greedy --config "jobs=$1" "limit=$2" >log 2>&1
    cat passes
}

for jobs in 40 80 160; do
    with=$(passes $jobs 1)
    without=$(passes $jobs 0)
    echo "$jobs jobs: $with passes, $without without the limit"
done
[ "$with" -gt 480 ] && [ "$without" -le 160 ]
