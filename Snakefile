# metanash: snakemake --cores 8 reproduces everything. What holds in config/ is all there is to set.
import sys
from pathlib import Path

from snakemake.utils import min_version

sys.path.insert(0, str(Path(workflow.basedir, "src")))  # plans, and the form of records, are those of this checkout

from workflow.configuration import arguments_of, mistakes, sources_of, verdict
from workflow.running import Run, fork_jobs, longest_chains_first, only_when_a_job_ends

min_version("9.0")


configfile: "config/config.yaml"


refused = mistakes(config, Path(workflow.basedir, "workflow/schemas/config.schema.yaml"), sources_of(workflow))
if refused:
    raise WorkflowError(verdict(refused))

ARGUMENTS = arguments_of(workflow)
THIS_RUN = Run(config["results"], config["paper_figures"], logger)
THIS_RUN.parsed(sys.argv[1:], is_main=workflow.is_main_process)


PARTS = (
    "common games learn simulations larger_tasks topics own_games falsification theory notebooks jobs report".split()
)

for part in PARTS:

    include: f"workflow/rules/{part}.smk"


localrules:  # on a cluster: they take less than a submission, or all of them the same tables
    article,
    kernels,
    ledger,
    own_games_accepted,
    provenance,
    report,
    summary,
    theory,


rule all:
    default_target: True
    input:
        # Whatever is made, since Snakemake misses a file that a failed job has left behind only if it is named here.
        rules.kernels.output,
        outputs_of(MEASURING_JOBS),
        outputs_of(DRAWING_JOBS),
        rules.ledger.output,
        rules.provenance.output,
        rules.summary.output,
        rules.report.output,
        rules.article.output,
        rules.own_games_accepted.output if OWN_GAMES else [],
    message:
        "Everything is there"


longest_chains_first(workflow)


onstart:
    THIS_RUN.begin()
    only_when_a_job_ends(workflow)
    fork_jobs(logger)
    announce(log)


onsuccess:
    conclude(["Done.", *made()], log)
    THIS_RUN.end()


onerror:
    conclude(conclusion(log), log)
    THIS_RUN.end()
