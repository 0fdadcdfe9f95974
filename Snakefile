# metanash: snakemake --cores 8 reproduces everything. What holds in config/ is all there is to set.
from pathlib import Path

from snakemake.utils import min_version

from workflow.configuration import arguments_of, mistakes, sources_of, verdict

min_version("9.0")


configfile: "config/config.yaml"


refused = mistakes(config, Path(workflow.basedir, "workflow/schemas/config.schema.yaml"), sources_of(workflow))
if refused:
    raise WorkflowError(verdict(refused))

ARGUMENTS = arguments_of(workflow)


LEARNED = "common settings games learn tables zero_sum potential general_sum appendix own_games scale falsify".split()
DRAWN = "theory figures notebooks report".split()

for part in LEARNED + DRAWN:

    include: f"workflow/rules/{part}.smk"


rule all:
    default_target: True
    input:
        figures(*REPORT_FIGURES, *OWN),
        table_files("claims", *(["own_policies"] if OWN_GAMES else [])),
        f"{RESULTS}/summary.md",
        f"{RESULTS}/report.html",
        expand(f"{RESULTS}/notebooks/{{name}}.{{kind}}", name=NOTEBOOKS, kind=["ipynb", "html"]),
    message:
        "Everything is there"


onsuccess:
    print("Done.", *made(), sep="\n  ")


onerror:
    print("Failed. What is done is kept; the same command goes on from here.", *failures(log), sep="\n  ")
