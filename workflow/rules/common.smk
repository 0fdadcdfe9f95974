# Paths and functions that the rules share. No rules here.
import ast
import csv
import json
import re
from functools import cache
from pathlib import Path

RESULTS = config["results"]
FIGURES = config["paper_figures"]
EXPERIMENTS = config["experiments"]
OWN = [name for name in EXPERIMENTS if name.startswith("own_")]
PACKAGE = Path("src/metanash")
C_SOURCES = [path.as_posix() for path in sorted((PACKAGE / "kernels").glob("*.[ch]"))]


wildcard_constraints:
    experiment="|".join(EXPERIMENTS),
    base_kind="[a-z_]+",
    arm="[a-z_]+",
    block="[0-9]+",


@cache
def source_file(name):
    """File of a part of metanash, given as a dotted name without the package; None for anything else."""
    path = PACKAGE.joinpath(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.exists():
            return candidate
    return None


def imported(code):
    """Parts of metanash that a Python text imports; the package itself stands for all that it offers."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module == "metanash":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("metanash."):
            name = node.module.removeprefix("metanash.")
            found |= {name, *(f"{name}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import) and "metanash" in {alias.name for alias in node.names}:
            found |= imported((PACKAGE / "__init__.py").read_text())
    return {name for name in found if source_file(name)}


@cache
def imported_by(name):
    """Parts of metanash that a part of it imports."""
    return imported(source_file(name).read_text())


def library(*names):
    """Source files of these parts of metanash and of all they import: what a rule's output depends on.

    The compiled kernels count through the file that the rule ``kernels`` writes.
    """
    seen, queue = set(), list(names)
    while queue:
        name = queue.pop()
        if name not in seen:
            seen.add(name)
            queue += imported_by(name)
    files = [source_file(name).as_posix() for name in sorted(seen)]
    return files + [f"{RESULTS}/kernels.json"] * ("kernels" in seen)


def notebook_imports(name):
    """Parts of metanash that a notebook imports."""
    cells = json.loads(Path(f"notebooks/{name}.ipynb").read_text())["cells"]
    return imported("\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"))


def registered(name, registry):
    """Keys of a registry of metanash, a dictionary that the module spells out."""
    for node in ast.parse(source_file(name).read_text()).body:
        if isinstance(node, ast.AnnAssign) and node.target.id == registry:
            return [ast.literal_eval(key) for key in node.value.keys]
    raise WorkflowError(f"metanash.{name} has no {registry}")


def seeds_of_block(experiment, block):
    """Seeds of a block, from 0; the last block of an experiment may be shorter."""
    section, size = EXPERIMENTS[experiment], EXPERIMENTS[experiment]["seeds_per_block"]
    return list(range(block * size, min((block + 1) * size, section["seeds"])))


def runs(*experiments):
    """Run records of all arms, kinds and blocks of experiments."""
    return [
        f"{RESULTS}/runs/{name}/{kind}/{arm}/block-{block}.npz"
        for name in experiments
        for kind in EXPERIMENTS[name]["base_kinds"]
        for arm in EXPERIMENTS[name]["arms"]
        for block in range(-(-EXPERIMENTS[name]["seeds"] // EXPERIMENTS[name]["seeds_per_block"]))
    ]


def benchmark_of(measurement):
    """Benchmark of the job that wrote a measurement, both below the folder of results: arms share one."""
    parts = Path(measurement).with_suffix(".tsv").parts
    return Path("benchmarks", *parts[:3], *parts[4:] if parts[0] == "runs" else parts[3:]).as_posix()


def games_of(run):
    """Game file of a run record."""
    *_, experiment, kind, _, block = run.split("/")
    return f"{RESULTS}/games/{experiment}/{kind}/{block}"


def table_files(*names):
    """Files of tables."""
    return [f"{RESULTS}/{name}.csv" for name in names]


def figures(*names):
    """Both files of each figure."""
    return [f"{FIGURES}/{name}.{kind}" for name in names for kind in ("pdf", "png")]


def drawn(category, *names):
    """Both files of each figure as outputs; Snakemake's report shows the PNG, with the figure's own caption."""
    found = []
    for name, pdf, png in zip(names, figures(*names)[::2], figures(*names)[1::2]):
        found += [pdf, report(png, caption=f"../report/{name}.rst", category=category, labels={"figure": name})]
    return found


def table(name):
    """A table as an output that Snakemake's report shows."""
    return report(f"{RESULTS}/{name}.csv", caption=f"../report/{name}.rst", category="Tables", labels={"table": name})


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
    pages = {"report": "report.html", "summary": "summary.md", "notebooks": "notebooks"}
    lines += [f"{name:10s} {RESULTS}/{page}" for name, page in pages.items() if Path(RESULTS, page).exists()]
    drawn = list(Path(FIGURES).glob("*.pdf"))
    return lines + ([f"figures    {FIGURES}/: {len(drawn)}, as PDF and PNG"] if drawn else [])


def failures(logs):
    """Rules that failed in a run and the logs to read, from Snakemake's own logs."""
    text = "".join(Path(log).read_text() for log in logs)
    parts = re.findall(r"^Error in \w+ (\w+):\n((?:    .*\n)+)", text, flags=re.MULTILINE)
    read = [(rule, re.search(r"^    log: (\S+)", body, flags=re.MULTILINE)) for rule, body in parts]
    return [f"{rule}: read {found[1]}" if found else rule for rule, found in read]
