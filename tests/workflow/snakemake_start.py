"""What a fork of ``snakemake_server.py`` runs to be ``python -m snakemake``, as its environment says."""

import json
import os
import runpy
import sys

if __name__ == "__main__":
    given = json.loads(os.environ.pop("GIVEN"))
    os.chdir(given["folder"])
    output = os.open(given["output"], os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    sys.path[:1] = [given["folder"], *os.environ["PYTHONPATH"].split(os.pathsep)]  # instead of the folder of this file
    sys.argv[1:] = given["arguments"]
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
