#!/usr/bin/env bash
# Snakemake 9.27.1 forgets that a parameter has changed when the job of that parameter fails.
#
# A workflow of two rules, finished with size=1, is run with size=2, and the job `measure` fails. Expected: the same
# command again, with nothing in its way now, runs `measure` with size=2. Seen: "Nothing to be done", exit code 0, and the
# report is that of size=1. The output of the failed job is deleted, its new parameters are recorded, and a missing file
# is no reason to run as long as what was made from it is there.
# With the flag update(), which gives the old output back after a failure, even asking for that output does not help: the
# old file has the new parameters on record.
#
# Output seen (Python 3.11):
#   plain: first 0, failed 1, again 0, report "measured with size = 1", named as target "2"
#   update: first 0, failed 1, again 0, report "measured with size = 1", named as target "1"
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check snakemake==9.27.1
cd "$folder"

run() { # Prints the exit code.
    code=0
    PATH="$folder/venv/bin:$PATH" snakemake --cores 1 "$@" >log 2>&1 || code=$?
    echo "$code"
}

try() { # NAME OUTPUT: the output of the first rule, with or without its flag.
    mkdir "$folder/$1"
    cd "$folder/$1"
    cat >Snakefile <<TEXT
rule all:
    input:
        "report.txt",

rule measure:
    output:
        $2,
    params:
        size=config["size"],
    shell:
        "[ ! -e fail ] && echo {params.size} > {output}"

rule report:
    input:
        "measured.txt",
    output:
        "report.txt",
    shell:
        "sed 's/^/measured with size = /' {input} > {output}"
TEXT
    first=$(run --config size=1)
    touch fail
    failed=$(run --config size=2)
    rm fail
    again=$(run --config size=2)
    grep -q "Nothing to be done" log
    report=$(cat report.txt)
    run --config size=2 -- measured.txt >/dev/null
    echo "$1: first $first, failed $failed, again $again, report \"$report\", named as target \"$(cat measured.txt)\""
}

found=$(try plain '"measured.txt"' && try update 'update("measured.txt")')
echo "$found"
[ "$found" = 'plain: first 0, failed 1, again 0, report "measured with size = 1", named as target "2"
update: first 0, failed 1, again 0, report "measured with size = 1", named as target "1"' ]
