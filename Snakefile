# metanash: snakemake --cores 8 reproduces everything. What holds in config/ is all there is to set.
from snakemake.utils import min_version, validate

min_version("9.0")


configfile: "config/config.yaml"


validate(config, "workflow/schemas/config.schema.yaml")


include: "workflow/rules/common.smk"
include: "workflow/rules/settings.smk"
include: "workflow/rules/games.smk"
include: "workflow/rules/learn.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/zero_sum.smk"
include: "workflow/rules/potential.smk"
include: "workflow/rules/general_sum.smk"
include: "workflow/rules/appendix.smk"
include: "workflow/rules/own_games.smk"
include: "workflow/rules/scale.smk"
include: "workflow/rules/falsify.smk"
include: "workflow/rules/theory.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/notebooks.smk"
include: "workflow/rules/report.smk"


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
