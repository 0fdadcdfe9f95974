"""What the scripts of all rules share: their logs, and records of what was made from what.

A script imports this before anything else, so that its log has whatever fails, an import too. Its last lines are
``with job(snakemake) as outputs: main(...)``.
"""

from metanash_workflow.logs import StoppedError, begin
from metanash_workflow.made import digests, job
from metanash_workflow.watch import watch

import sys

__all__ = ["StoppedError", "digests", "job"]

_snakemake = getattr(sys.modules["__main__"], "snakemake", None)
if type(_snakemake).__name__ == "Snakemake":  # a script rule; not the Snakefile, and no test
    begin(_snakemake.log[0])
    watch()
