"""Rule ``provenance``: what made the results. With the report, which prints it, what no two runs have alike."""

from metanash_workflow import digests, job

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from metanash.archive import write_text
from metanash.commands.info import information


def commit() -> str:
    """Commit of the working tree, and whether it has changes; or that it is no git checkout."""
    commands = (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
    try:
        head, changes = (subprocess.run(["git", *c], capture_output=True, check=True, text=True) for c in commands)
    except (OSError, subprocess.CalledProcessError):
        return "not a git checkout"
    return head.stdout.strip() + (", with changes" if changes.stdout.strip() else "")


def main(
    config: dict[str, Any], arguments: list[str], benchmarks: list[Path], inputs: dict[str, str], target: Path
) -> None:
    times = {path: pd.read_csv(path, sep="\t")["s"].mean() for path in benchmarks if path.exists()}
    slowest = sorted(times, key=times.__getitem__, reverse=True)[:8]
    seeds = {name: section["seeds"] for name, section in config["experiments"].items()}
    run = {"commit": commit(), "root seed": config["root_seed"]} | {f"seeds of {k}": n for k, n in seeds.items()}
    run |= {"timed measurements": len(times), "their time, added up": f"{sum(times.values()):.0f} s"}
    run |= {"written": datetime.now(UTC).isoformat(timespec="seconds")}
    rows = [["/".join(path.with_suffix("").parts[-3:]), f"{times[path]:.1f}"] for path in slowest]
    found = {"software": information(), "run": run, "slowest": rows, "inputs": inputs}
    found |= {"configuration": yaml.safe_dump(config, sort_keys=False, default_flow_style=None, width=100)}
    found |= {"results": config["results"], "arguments": arguments}  # with which `metanash claims` says how to repeat
    write_text(target, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    given = snakemake.params
    files = [Path(given.config["results"], file) for file in given.benchmarks]
    with job(snakemake) as outputs:
        main(given.config, given.arguments, files, digests(snakemake, given.parameters), outputs["provenance"])
