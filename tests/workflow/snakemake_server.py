"""A program that forks as the server of the jobs does, but has imported Snakemake instead of what jobs need.

It imports nothing of the project, since copies of it start Snakemake, each with its own.
"""

import importlib.util
import sys
from pathlib import Path

NEEDED = (
    "snakemake.cli",
    "snakemake.benchmark",
    "snakemake.linting.rules",
    "snakemake.report.html_reporter",
    "docutils.core",
    "jsonschema",
    "nbformat",
    "smart_open",
    "yte",
)

if __name__ == "__main__":
    file = Path(__file__).parents[2] / "workflow/running/server.py"
    specification = importlib.util.spec_from_file_location("server", file)
    server = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(server)
    server.PACKAGES = NEEDED
    server.main(int(sys.argv[1]), "no project")
