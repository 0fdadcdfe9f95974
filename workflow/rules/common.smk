# Paths and functions that the rules share. No rules here.
import ast
from pathlib import Path

RESULTS = config["results"]
FIGURES = config["paper_figures"]
EXPERIMENTS = config["experiments"]
PACKAGE = Path("src/metanash")
C_SOURCES = [(PACKAGE / "kernels" / name).as_posix() for name in ("compiled.c", "lanes.h", "ascent.h")]


for name, experiment in EXPERIMENTS.items():
    if "mixed" in experiment["base_kinds"] and len(set(experiment["games"]["options"].get("n_actions", (2, 2)))) > 1:
        raise WorkflowError(f"config: experiments/{name}: mixed games need n_actions with A = B")


wildcard_constraints:
    experiment="|".join(EXPERIMENTS),
    base_kind="[a-z_]+",
    arm="[a-z_]+",
    block="[0-9]+",


def source_file(name):
    """File of a part of metanash, given as a dotted name without the package; None for anything else."""
    path = PACKAGE.joinpath(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.exists():
            return candidate
    return None


def imported(path):
    """Parts of metanash that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "metanash":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("metanash."):
            name = node.module.removeprefix("metanash.")
            found |= {name, *(f"{name}.{alias.name}" for alias in node.names)}
    return {name for name in found if source_file(name)}


def library(*names):
    """Source files of these parts of metanash and of all they import: what a rule's output depends on.

    The compiled kernels count through the file that the rule ``kernels`` writes.
    """
    seen, queue = set(), list(names)
    while queue:
        name = queue.pop()
        if name not in seen:
            seen.add(name)
            queue += imported(source_file(name))
    files = [source_file(name).as_posix() for name in sorted(seen)]
    return files + [f"{RESULTS}/kernels.json"] * ("kernels" in seen)


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


def figures(*names):
    """Both files of each figure."""
    return [f"{FIGURES}/{name}.{kind}" for name in names for kind in ("pdf", "png")]


def sequences_spec(wildcards):
    """Section ``games`` of an experiment for one base kind."""
    return {**EXPERIMENTS[wildcards.experiment]["games"], "base_kind": wildcards.base_kind}


def learning_spec(wildcards):
    """Section ``learning`` of an experiment for one arm."""
    return {**EXPERIMENTS[wildcards.experiment]["learning"], "arm": wildcards.arm}


def block_seeds(wildcards):
    """Seeds of the block that a job is about."""
    return seeds_of_block(wildcards.experiment, int(wildcards.block))
