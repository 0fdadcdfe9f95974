# Paths and functions that the rules share. No rules here.
import csv
import hashlib
import itertools
import json
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

from snakemake.logging import logger

from metanash_replication.plans import read_plan, setting
from metanash_replication.topics import TOPICS
from workflow.planning.agreement import disagreements
from workflow.planning.sources import imported, keys_of, notebook_imports, sources

RESULTS = config["results"]
FIGURES = config["paper_figures"]
EXPERIMENTS = config["experiments"]
OWN = [name for name in EXPERIMENTS if name.startswith("own_")]
MEASURED = f"{RESULTS}/theory"
TOPIC = "metanash_replication.topics"
ALL_PLANS = {name: read_plan(name) for name in TOPICS}
if odd := disagreements(ALL_PLANS, config):
    raise WorkflowError("\n  ".join(["plans that do not agree with what is there, and nothing was run:", *odd]))
PLANS = {name: plan for name, plan in ALL_PLANS.items() if plan.is_present(config)}
CAPTIONS = {
    kind: {one.name: one.caption for plan in PLANS.values() for one in getattr(plan, kind)}
    for kind in ("tables", "figures")
}
C_SOURCES = [path.as_posix() for path in sorted(Path("src/metanash/kernels").glob("*.[ch]"))]
# What all scripts import: their logs, and the records of what was made from what.
SHARED = [path.as_posix() for path in sorted(Path("workflow/scripts/metanash_workflow").glob("*.py"))]
SHARED += sources("metanash_replication.seals")


wildcard_constraints:
    experiment="|".join(EXPERIMENTS),
    base_kind="[a-z_]+",
    arm="[a-z_]+",
    block="[0-9]+",


def code(script, *modules):
    """Inputs of whatever runs a script: sources of all that it imports, and of modules that it imports by name.

    With them those that all scripts share. The compiled kernels count through the file that the rule ``kernels`` writes.
    """
    files = sources(*imported(Path(f"workflow/scripts/{script}.py").read_text()), *modules)
    return files + [f"{RESULTS}/kernels.json"] * ("src/metanash/kernels/__init__.py" in files) + SHARED


def seeds_of_block(experiment, block):
    """Seeds of a block, from 0; the last block of an experiment may be shorter."""
    section, size = EXPERIMENTS[experiment], EXPERIMENTS[experiment]["seeds_per_block"]
    return list(range(block * size, min((block + 1) * size, section["seeds"])))


def blocks(experiment):
    """Numbers of the blocks of seeds of an experiment."""
    return range(-(-EXPERIMENTS[experiment]["seeds"] // EXPERIMENTS[experiment]["seeds_per_block"]))


def runs(*experiments):
    """Run records of all arms, kinds and blocks of experiments."""
    return [
        f"{RESULTS}/runs/{name}/{kind}/{arm}/block-{block}.npz"
        for name in experiments
        for kind in EXPERIMENTS[name]["base_kinds"]
        for arm in EXPERIMENTS[name]["arms"]
        for block in blocks(name)
    ]


def benchmark_of(measurement):
    """Benchmark of the job that wrote a measurement, both below the folder of results: arms share one."""
    parts = Path(measurement).with_suffix(".tsv").parts
    return Path("benchmarks", *parts[:3], *parts[4:] if parts[0] == "runs" else parts[3:]).as_posix()


def about_run(run):
    """Experiment of a run record, kind of games and arm."""
    *_, experiment, kind, arm, _ = run.split("/")
    return {"experiment": experiment, "base_kind": kind, "arm": arm}


def games_of(run):
    """Game file of a run record."""
    *_, experiment, kind, _, block = run.split("/")
    return f"{RESULTS}/games/{experiment}/{kind}/{block}"


def table_files(*names):
    """Files of tables."""
    return [f"{RESULTS}/{name}.csv" for name in names]


def read_by(notebook):
    """Results that a notebook reads."""
    found = []
    for topic, plan in PLANS.items():
        if notebook in plan.notebooks:
            reads = plan.notebooks[notebook]
            found += table_files(*reads.tables) + runs(*reads.experiments)
            found += [f"{MEASURED}/claims/{topic}.csv"] * reads.bounds + [f"{RESULTS}/{file}" for file in reads.files]
    return found


def figures(*names):
    """Both files of each figure."""
    return [f"{FIGURES}/{name}.{kind}" for name in names for kind in ("pdf", "png")]


def caption_of(kind, name):
    """Caption of one of the figures or tables as a file, which Snakemake's own report wants.

    It is of a plan, or for tables of no topic in workflow/report.
    """
    if name not in CAPTIONS[kind]:
        return f"../report/{name}.rst"
    file = Path(".snakemake/captions", kind, f"{name}.rst").absolute()
    if not file.exists() or file.read_text() != CAPTIONS[kind][name]:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(CAPTIONS[kind][name])
    return file.as_posix()


def drawn(category, *names):
    """Both files of each figure as outputs; Snakemake's report shows the PNG, with the figure's own caption."""
    found = []
    for name, pdf, png in zip(names, figures(*names)[::2], figures(*names)[1::2]):
        found += [pdf, report(png, caption=caption_of("figures", name), category=category, labels={"figure": name})]
    return found


def alternatives(measurement):
    """Constraints on the wildcards of a measurement: the values that they have."""
    return {name: "|".join(map(str, measurement.values(config, name))) or "none" for name in measurement.over}


def arguments_of_jobs(measurement):
    """From the wildcards of a job to the arguments of a measurement's function."""
    return lambda wildcards: measurement.arguments(
        config, {name: getattr(wildcards, name) for name in measurement.over}
    )


def in_words(measurement):
    """Message of a measurement's jobs, for Snakemake to fill in."""
    return re.sub(r"\{(\w+)\}", r"{wildcards.\1}", measurement.message)


def table(name):
    """A table as an output that Snakemake's report shows."""
    return report(
        f"{RESULTS}/{name}.csv", caption=caption_of("tables", name), category="Tables", labels={"table": name}
    )


def tables_of(topic):
    """Tables of a topic's plan as outputs, by name."""
    return {one.name: table(one.name) for one in ALL_PLANS[topic].tables}


def sequences_spec(wildcards):
    """Section ``games`` of an experiment for one base kind."""
    return {**EXPERIMENTS[wildcards.experiment]["games"], "base_kind": wildcards.base_kind}


def block_seeds(wildcards):
    """Seeds of the block that a job is about."""
    return seeds_of_block(wildcards.experiment, int(wildcards.block))


def made():
    """What there is to open, a line each, and how the claims fared."""
    lines = []
    ledger = Path(RESULTS, "claims.csv")
    if ledger.exists():
        with ledger.open(newline="") as rows:
            verdicts = [row["verdict"] for row in csv.DictReader(rows)]
        counts = ", ".join(f"{verdicts.count(name)} {name}" for name in dict.fromkeys(sorted(verdicts)))
        lines.append(f"claims     {ledger}: {counts}")
    pages = {"report": "report.html", "article": "article.pdf", "summary": "summary.md", "notebooks": "notebooks"}
    lines += [f"{name:10s} {RESULTS}/{page}" for name, page in pages.items() if Path(RESULTS, page).exists()]
    drawn = list(Path(FIGURES).glob("*.pdf"))
    return lines + ([f"figures    {FIGURES}/: {len(drawn)}, as PDF and PNG"] if drawn else [])


def given(rule, wildcards):
    """Parameters of a job."""
    found = SimpleNamespace(**wildcards)
    return {name: value(found) if callable(value) else value for name, value in rule.params.items()}


def parameters_digest(rule, wildcards):
    """Digest of the parameters of a job, as the job records it by metanash_workflow.made."""
    return hashlib.sha256(json.dumps(given(rule, wildcards), sort_keys=True, default=str).encode()).hexdigest()


def tell_plan_if_asked(jobs):
    """Write down what the jobs are given, for workflow.cluster; those that learn get what their games were given too.

    METANASH_PLAN names the file, if anybody asks.
    """
    path = os.environ.get("METANASH_PLAN")
    if path is None:
        return
    found = []
    for name, each in jobs.items():
        for wildcards in each:
            parameters = given(getattr(rules, name), wildcards)
            if name.startswith("learn_"):
                parameters["games"] = given(rules.games, {"experiment": name.removeprefix("learn_"), **wildcards})
            found.append({"rule": name, "wildcards": wildcards, "given": parameters})
    Path(path).write_text("".join(json.dumps(one, default=str) + "\n" for one in found))


def every(**values):
    """Wildcards of the jobs of a rule: all combinations of these values."""
    return [dict(zip(values, map(str, some))) for some in itertools.product(*values.values())]


def kinds_and_blocks(section):
    """Wildcards of the jobs that learn an experiment."""
    blocks = range(-(-section["seeds"] // section["seeds_per_block"]))
    return every(base_kind=section["base_kinds"], block=blocks)


def outputs_of(jobs):
    """All that these jobs make, with their records."""
    each = ((getattr(rules, name), wildcards) for name, found in jobs.items() for wildcards in found)
    return [str(output).format(**wildcards) for rule, wildcards in each for output in rule.output]


def parameters_of(jobs):
    """Record of each job and digest of its parameters."""
    each = ((getattr(rules, name), wildcards) for name, found in jobs.items() for wildcards in found)
    return {
        os.path.relpath(rule.output.made.format(**wildcards), RESULTS): parameters_digest(rule, wildcards)
        for rule, wildcards in each
    }


def outdated():
    """Files whose records say that they were made from results that are missing now: a job that makes these has failed.

    Snakemake itself holds files for up to date whose own sources are missing, if no target names the sources.
    """
    found = []
    for path in sorted(Path(RESULTS, "made").rglob("*.json")):
        try:
            record = json.loads(path.read_text())
            sources = [name for name in record["inputs"] if name.startswith("{results}")]
            outputs = [name.format(results=RESULTS, figures=FIGURES) for name in record["outputs"]]
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):  # the jobs say so
            continue
        if any(not Path(RESULTS, name.removeprefix("{results}/")).exists() for name in sources):
            found += outputs
    return found


def failures(logs):
    """Rules that failed in a run and the logs to read, from Snakemake's own logs.

    A job that a signal has ended could not say so in its log: it is added there.
    """
    text = "".join(Path(log).read_text() for log in logs)
    parts = re.findall(r"^Error in \w+ (\w+):\n((?:    .*\n)+)", text, flags=re.MULTILINE)
    signals = {*re.findall(r"died with <Signals.(\w+: \d+)>", text)}
    signals |= {f"signal {int(code) - 128}" for code in re.findall(r"exit status (1[3-9]\d)\.", text)}
    lines = []
    for rule, body in parts:
        found = re.search(r"^    log: (\S+)", body, flags=re.MULTILINE)
        log = Path(found[1]) if found else None
        words = log.read_text() if log and log.exists() else ""
        if log and signals and "ERROR: " not in words and "Traceback" not in words:
            reason = f"killed by {' or '.join(sorted(signals))}" + ", out of memory?" * ("SIGKILL" in str(signals))
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(f"{words}ERROR: {reason}\n")
            lines.append(f"{rule}: {reason}")
        else:
            lines.append(f"{rule}: read {log}" if log else rule)
    return lines


def conclusion(logs):
    """What to say at the end of a run that failed, a line each."""
    found = failures(logs)
    if found and all(line.startswith("own_games_accepted: ") for line in found):
        reasons = Path(f"{RESULTS}/logs/own_games_accepted.log").read_text().splitlines()[1:]
        return ["Done, but for files of own_games that were refused:", *map(str.strip, reasons), *made()]
    ended = "Interrupted" if any("on user request" in Path(file).read_text() for file in logs) else "Failed"
    return [f"{ended}. What is done is kept; the same command goes on from here.", *found]


def announce(logs):
    """Say at the beginning where the full log is, if a display is at work that shows little of it."""
    if workflow.logger_manager.get_log_handlers():
        logger.info(f"full log: {os.path.relpath(logs[0])}", extra={"remark": True})


def conclude(lines, logs):
    """Say the end of a run: through the log if a display is at work, which has to make room for it."""
    text = "\n  ".join(lines)
    if workflow.logger_manager.get_log_handlers():
        logger.info(text, extra={"conclusion": True, "log": os.path.relpath(logs[0])})
    else:
        print(text)
